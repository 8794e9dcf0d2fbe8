
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What the sandbox answers, made of what it keeps of a trip.  The resource is
 * the URI of the trip resource, ready to be written into XML; all results
 * live in the pool.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_ANSWER_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_ANSWER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_itinerary_sandbox_document.h"
#include "ngx_http_itinerary_sandbox_zone.h"


/*
 * The trip.  The answer to a post has the ids; details and the answer to a
 * cancel ("full") have the locators of client and source as well, as in the
 * reference's examples.
 */

ngx_int_t ngx_http_itinerary_sandbox_answer_trip(ngx_pool_t *pool,
    ngx_http_itinerary_sandbox_trip_t *trip, ngx_str_t *resource,
    ngx_uint_t full, ngx_str_t *answer);

/* the trips of a traveler, oldest first */

ngx_int_t ngx_http_itinerary_sandbox_answer_trips(ngx_pool_t *pool,
    ngx_http_itinerary_sandbox_zone_t *zone, ngx_str_t *user,
    ngx_str_t *resource, ngx_str_t *answer);

/* the fields of the trip's summary, made when the trip is stored */

ngx_int_t ngx_http_itinerary_sandbox_answer_summary(ngx_pool_t *pool,
    xmlDocPtr doc, ngx_http_itinerary_sandbox_trip_t *trip);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_ANSWER_H_INCLUDED_ */
