
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * A trip: which one a post belongs to, and its document, from a tree into the
 * zone and back.  The caller holds the mutex of the zone.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_TRIP_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_TRIP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "ngx_http_itinerary_sandbox_call.h"
#include "ngx_http_itinerary_sandbox_document.h"


/* where a booking stands in a document */

typedef struct {
    ngx_http_itinerary_sandbox_name_t      name;
    xmlNodePtr                             node;
} ngx_http_itinerary_sandbox_place_t;


/* what is remembered of a booking of that traveler, NULL where nothing is */

ngx_int_t ngx_http_itinerary_sandbox_trip_booking(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *user, xmlNodePtr node,
    ngx_http_itinerary_sandbox_booking_t **booking);

/* the bookings of a document by their names, as an initialized tree */

ngx_int_t ngx_http_itinerary_sandbox_trip_places(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *user, xmlDocPtr doc,
    ngx_rbtree_t *tree);

/* the booking of that name in a document, or NULL */

ngx_int_t ngx_http_itinerary_sandbox_trip_node(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *user, xmlDocPtr doc,
    ngx_http_itinerary_sandbox_digest_t *name, xmlNodePtr *node);

/*
 * The trip that a post without an id belongs to, or NULL: the one that has one
 * of its bookings, or the traveler's first one that spans its dates: where
 * "whole" all of them, or else some.
 */

ngx_int_t ngx_http_itinerary_sandbox_trip_by_booking(
    ngx_http_itinerary_sandbox_call_t *call, xmlDocPtr doc,
    ngx_http_itinerary_sandbox_trip_t **found);
ngx_http_itinerary_sandbox_trip_t *ngx_http_itinerary_sandbox_trip_by_dates(
    ngx_http_itinerary_sandbox_call_t *call, int64_t start, int64_t end,
    ngx_uint_t whole);

/* adds the bookings of the posted document to the trip's, in "doc" */

ngx_int_t ngx_http_itinerary_sandbox_trip_merge(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr doc,
    xmlDocPtr posted);

/* makes the dates of the trip span those of the posted one */

ngx_int_t ngx_http_itinerary_sandbox_trip_widen(
    ngx_http_itinerary_sandbox_call_t *call, xmlDocPtr doc, xmlDocPtr posted);

/* the trip's document as a tree, which the caller frees */

ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_trip_read(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr *doc);

/*
 * Completes the document as the API does, and keeps it as that of the trip,
 * or of a new one if that is NULL: then "creator" may cancel it as a whole, or
 * nobody, if that is NULL.
 */

ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_trip_store(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t **trip, xmlDocPtr doc,
    ngx_http_itinerary_sandbox_digest_t *creator);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_TRIP_H_INCLUDED_ */
