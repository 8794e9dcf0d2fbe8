
/*
 * Copyright (C) Itinerary gateway authors
 */


#ifndef _NGX_HTTP_ITINERARY_POOL_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_POOL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "itinerary.h"


/* the core's hook to a pool of nginx, which must live as long */

void ngx_http_itinerary_core_pool(itinerary_pool_t *core, ngx_pool_t *pool);


#endif /* _NGX_HTTP_ITINERARY_POOL_H_INCLUDED_ */
