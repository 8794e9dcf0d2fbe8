
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The way of an answer: it passes as it comes, but for its last byte, which
 * waits until the registry knows what the answer taught.  If the answer's
 * length is known, a short last buffer waits with it.
 */


#ifndef _NGX_HTTP_ITINERARY_ANSWER_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_ANSWER_H_INCLUDED_


#include "ngx_http_itinerary_ctx.h"


/* installs the header and the body filter, and the handler of the log phase */

ngx_int_t ngx_http_itinerary_answer_init(ngx_conf_t *cf);


#endif /* _NGX_HTTP_ITINERARY_ANSWER_H_INCLUDED_ */
