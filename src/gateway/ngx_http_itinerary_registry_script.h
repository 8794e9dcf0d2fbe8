
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The registry's scripts.  Each touches one key, KEYS[1]; what else it is
 * given stands above its text.
 */


#ifndef _NGX_HTTP_ITINERARY_REGISTRY_SCRIPT_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_REGISTRY_SCRIPT_H_INCLUDED_


#include "ngx_http_itinerary_redis.h"


extern ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_lease;
extern ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_hold;
extern ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_claim;
extern ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_bind;
extern ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_unbind;
extern ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_booking;
extern ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_trip;
extern ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_number;
extern ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_view;


#endif /* _NGX_HTTP_ITINERARY_REGISTRY_SCRIPT_H_INCLUDED_ */
