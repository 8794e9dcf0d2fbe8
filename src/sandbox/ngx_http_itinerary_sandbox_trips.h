
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What the trip resource does.  Each call is one step under the mutex of the
 * zone.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_TRIPS_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_TRIPS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "ngx_http_itinerary_sandbox_call.h"
#include "ngx_http_itinerary_sandbox_document.h"


/*
 * A post without an id creates a trip, or is merged into the trip that has one
 * of its bookings or that its dates touch; a post with an id replaces that
 * trip.
 */

ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_post(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *id, ngx_str_t *body);

/*
 * What every post begins with, under the zone's lock: the trip of that id, or
 * NULL where the id is empty; and in the posted document, what its poster was
 * not shown of it.
 */

ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_posted(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *id, xmlDocPtr posted,
    ngx_http_itinerary_sandbox_trip_t **trip);

ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_cancel(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *id);
ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_details(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *id);
ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_summaries(
    ngx_http_itinerary_sandbox_call_t *call);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_TRIPS_H_INCLUDED_ */
