
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What the sandbox answers, made for the caller of what it keeps of a trip.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_ANSWER_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_ANSWER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "ngx_http_itinerary_sandbox_call.h"


/*
 * The trip.  The document is a tree of what is stored, which becomes that of
 * the answer.  The answer to a post has the ids; details and the answer to a
 * cancel ("full") have the locators of client and source as well, as in the
 * reference's examples.
 */

ngx_int_t ngx_http_itinerary_sandbox_answer_trip(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr doc, ngx_uint_t full);

/*
 * A booking of the trip, or its first segment, as the form says.  "node" is
 * where it stands in a tree of what is, or was, stored, which stays as it is.
 */

ngx_int_t ngx_http_itinerary_sandbox_answer_booking(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlNodePtr node);

/* the trips of the traveler, oldest first */

ngx_int_t ngx_http_itinerary_sandbox_answer_trips(
    ngx_http_itinerary_sandbox_call_t *call);

/* the fields of the trip's summary, made when the trip is stored */

ngx_int_t ngx_http_itinerary_sandbox_answer_summary(ngx_pool_t *pool,
    xmlDocPtr doc, ngx_http_itinerary_sandbox_trip_t *trip);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_ANSWER_H_INCLUDED_ */
