
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What the trip resource does.  Each call is one step under the mutex of the
 * zone, an ngx_http_itinerary_sandbox_zone_t.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_TRIPS_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_TRIPS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_itinerary_sandbox_document.h"


/*
 * Who calls, and what comes back.  The resource is the URI of the trip
 * resource, ready to be written into XML.  The poster is known by his
 * "Authorization" header, of which only a digest is kept.  The answer, set on
 * OK, lives in the pool.
 */

typedef struct {
    ngx_str_t        user;
    ngx_str_t        poster;
    ngx_str_t        resource;
    ngx_str_t        answer;
    ngx_pool_t      *pool;
    ngx_log_t       *log;
} ngx_http_itinerary_sandbox_call_t;


/*
 * The operations.  A post without an id creates a trip, or is merged into the
 * trip that has one of its bookings or that its dates touch; a post with an
 * id replaces that trip.
 */

ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_post(
    ngx_shm_zone_t *shm_zone, ngx_http_itinerary_sandbox_call_t *call,
    ngx_str_t *id, ngx_str_t *body);
ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_cancel(
    ngx_shm_zone_t *shm_zone, ngx_http_itinerary_sandbox_call_t *call,
    ngx_str_t *id);
ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_details(
    ngx_shm_zone_t *shm_zone, ngx_http_itinerary_sandbox_call_t *call,
    ngx_str_t *id);
ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_summaries(
    ngx_shm_zone_t *shm_zone, ngx_http_itinerary_sandbox_call_t *call);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_TRIPS_H_INCLUDED_ */
