
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "ngx_http_itinerary_sandbox_document.h"
#include "ngx_http_itinerary_sandbox_name.h"
#include "ngx_http_itinerary_sandbox_kind.h"
#include "ngx_http_itinerary_sandbox_trip.h"
#include "ngx_http_itinerary_sandbox_search.h"


/* how well a booking fits */

#define NGX_HTTP_ITINERARY_SANDBOX_SEARCH_NOT      0
#define NGX_HTTP_ITINERARY_SANDBOX_SEARCH_SEGMENT  1
#define NGX_HTTP_ITINERARY_SANDBOX_SEARCH_LOCATOR  2


static ngx_int_t ngx_http_itinerary_sandbox_search_trip(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_search_t *search,
    ngx_http_itinerary_sandbox_trip_t *trip, ngx_uint_t *fit);
static ngx_int_t ngx_http_itinerary_sandbox_search_node(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_search_t *search,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlNodePtr node,
    ngx_http_itinerary_sandbox_booking_t **found, ngx_uint_t *fit);
static ngx_uint_t ngx_http_itinerary_sandbox_search_is_source(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_search_t *search,
    ngx_http_itinerary_sandbox_booking_t *booking, ngx_str_t *source);
static ngx_int_t ngx_http_itinerary_sandbox_search_own(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *user,
    ngx_http_itinerary_sandbox_trip_t *first, xmlNodePtr node,
    ngx_array_t *names, ngx_http_itinerary_sandbox_digest_t *name);


ngx_int_t
ngx_http_itinerary_sandbox_search(ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_search_t *search)
{
    ngx_uint_t                          fit;
    ngx_queue_t                        *q, *queue;
    ngx_http_itinerary_sandbox_trip_t  *trip;

    search->doc = NULL;
    search->node = NULL;

    fit = NGX_HTTP_ITINERARY_SANDBOX_SEARCH_NOT;
    queue = &call->zone->sh->queue;

    if (search->first
        && ngx_http_itinerary_sandbox_search_trip(call, search, search->first,
                                                  &fit)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (q = ngx_queue_head(queue);
         q != ngx_queue_sentinel(queue) && !search->only;
         q = ngx_queue_next(q))
    {
        if (fit == NGX_HTTP_ITINERARY_SANDBOX_SEARCH_LOCATOR) {
            break;
        }

        trip = ngx_queue_data(q, ngx_http_itinerary_sandbox_trip_t, queue);

        if (trip == search->first
            || trip->user.len != search->user->len
            || ngx_memcmp(trip->user.data, search->user->data, trip->user.len)
               != 0)
        {
            continue;
        }

        if (ngx_http_itinerary_sandbox_search_trip(call, search, trip, &fit)
            != NGX_OK)
        {
            if (search->doc) {
                xmlFreeDoc(search->doc);
            }

            return NGX_ERROR;
        }
    }

    return search->node ? NGX_OK : NGX_DECLINED;
}


/* keeps the trip's document if it has a better one than was found before */

static ngx_int_t
ngx_http_itinerary_sandbox_search_trip(ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_search_t *search,
    ngx_http_itinerary_sandbox_trip_t *trip, ngx_uint_t *fit)
{
    xmlDocPtr                              doc;
    xmlNodePtr                             node, found;
    ngx_uint_t                             other;
    ngx_http_itinerary_sandbox_booking_t  *booking;

    if (ngx_http_itinerary_sandbox_trip_read(call, trip, &doc)
        != NGX_HTTP_ITINERARY_SANDBOX_OK)
    {
        return NGX_ERROR;
    }

    node = NULL;
    found = NULL;

    while (*fit != NGX_HTTP_ITINERARY_SANDBOX_SEARCH_LOCATOR) {

        node = ngx_http_itinerary_sandbox_document_booking(doc, node);
        if (node == NULL) {
            break;
        }

        if (ngx_http_itinerary_sandbox_search_node(call, search, trip, node,
                                                   &booking, &other)
            != NGX_OK)
        {
            xmlFreeDoc(doc);
            return NGX_ERROR;
        }

        if (other > *fit) {
            *fit = other;
            found = node;
            search->booking = booking;
        }
    }

    if (found == NULL) {
        xmlFreeDoc(doc);
        return NGX_OK;
    }

    if (search->doc) {
        xmlFreeDoc(search->doc);
    }

    search->trip = trip;
    search->doc = doc;
    search->node = found;

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_sandbox_search_node(ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_search_t *search,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlNodePtr node,
    ngx_http_itinerary_sandbox_booking_t **found, ngx_uint_t *fit)
{
    ngx_str_t                              text;
    xmlNodePtr                             segment;
    ngx_http_itinerary_sandbox_booking_t  *booking;

    *fit = NGX_HTTP_ITINERARY_SANDBOX_SEARCH_NOT;

    if (ngx_http_itinerary_sandbox_trip_booking(call, &trip->user, node,
                                                &booking)
        != NGX_OK
        || ngx_http_itinerary_sandbox_document_text(call->pool, node,
                                                    "BookingSource", &text)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    *found = booking;

    /* of a booking that is sent back, the trip has a copy of its own */

    if (booking == NULL
        || (booking->trip != trip && !(search->others && trip == search->first))
        || !ngx_http_itinerary_sandbox_search_is_source(call, search, booking,
                                                        &text))
    {
        return NGX_OK;
    }

    if (ngx_http_itinerary_sandbox_document_text(call->pool, node,
                                                 "RecordLocator", &text)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_itinerary_sandbox_same(&text, search->number)) {
        *fit = NGX_HTTP_ITINERARY_SANDBOX_SEARCH_LOCATOR;
        return NGX_OK;
    }

    if (search->others) {
        return NGX_OK;
    }

    segment = NULL;

    for ( ;; ) {
        segment = ngx_http_itinerary_sandbox_document_segment(node, segment);
        if (segment == NULL) {
            return NGX_OK;
        }

        if (ngx_http_itinerary_sandbox_document_text(call->pool, segment,
                                                     "ConfirmationNumber",
                                                     &text)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (ngx_http_itinerary_sandbox_same(&text, search->number)) {
            *fit = NGX_HTTP_ITINERARY_SANDBOX_SEARCH_SEGMENT;
            return NGX_OK;
        }
    }
}


static ngx_uint_t
ngx_http_itinerary_sandbox_search_is_source(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_search_t *search,
    ngx_http_itinerary_sandbox_booking_t *booking, ngx_str_t *source)
{
    ngx_str_t                            *shown;
    ngx_uint_t                            i;
    ngx_http_itinerary_sandbox_digest_t  *other;

    if (search->others) {

        other = search->others->elts;

        for (i = 0; i < search->others->nelts; i++) {
            if (ngx_memcmp(&other[i], &booking->name.digest, sizeof(other[i]))
                == 0)
            {
                return 0;
            }
        }
    }

    if (ngx_http_itinerary_sandbox_same(source, search->source)) {
        return 1;
    }

    if (!call->form->renamed || booking->kind == 0) {
        return 0;
    }

    shown = ngx_http_itinerary_sandbox_kind_source(booking->kind);

    return ngx_http_itinerary_sandbox_same(shown, search->source);
}


ngx_int_t
ngx_http_itinerary_sandbox_search_shown(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *user,
    ngx_http_itinerary_sandbox_trip_t *first, xmlDocPtr posted)
{
    ngx_int_t                             rc;
    xmlNodePtr                            node;
    ngx_uint_t                            i;
    ngx_array_t                           names;
    ngx_http_itinerary_sandbox_digest_t  *name;

    if (!call->form->renamed) {
        return NGX_OK;
    }

    if (ngx_array_init(&names, call->pool, 8,
                       sizeof(ngx_http_itinerary_sandbox_digest_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    node = NULL;

    for ( ;; ) {
        node = ngx_http_itinerary_sandbox_document_booking(posted, node);
        if (node == NULL) {
            break;
        }

        name = ngx_array_push(&names);

        if (name == NULL
            || ngx_http_itinerary_sandbox_name(call->pool, user, node, name)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    name = names.elts;

    for (i = 0; i < names.nelts; i++) {
        node = ngx_http_itinerary_sandbox_document_booking(posted, node);

        rc = ngx_http_itinerary_sandbox_search_own(call, user, first, node,
                                                   &names, &name[i]);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* the names that are posted, too, are not those of others */

static ngx_int_t
ngx_http_itinerary_sandbox_search_own(ngx_http_itinerary_sandbox_call_t *call,
    ngx_str_t *user, ngx_http_itinerary_sandbox_trip_t *first, xmlNodePtr node,
    ngx_array_t *names, ngx_http_itinerary_sandbox_digest_t *name)
{
    ngx_int_t                              rc;
    ngx_str_t                              source, locator;
    ngx_http_itinerary_sandbox_search_t    search;
    ngx_http_itinerary_sandbox_booking_t  *booking;

    if (ngx_http_itinerary_sandbox_document_text(call->pool, node,
                                                 "BookingSource", &source)
        != NGX_OK
        || ngx_http_itinerary_sandbox_document_text(call->pool, node,
                                                    "RecordLocator", &locator)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    booking = (ngx_http_itinerary_sandbox_booking_t *)
                  ngx_http_itinerary_sandbox_name_lookup(
                                             &call->zone->sh->bookings, name);

    if (!ngx_http_itinerary_sandbox_kind_is_source(&source)) {
        return NGX_OK;
    }

    /* there may be one that was posted under it, but not in this trip */

    search.only = booking && booking->trip;

    if (search.only && (first == NULL || booking->trip == first)) {
        return NGX_OK;
    }

    search.user = user;
    search.source = &source;
    search.number = &locator;
    search.first = first;
    search.others = names;

    rc = ngx_http_itinerary_sandbox_search(call, &search);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    rc = ngx_http_itinerary_sandbox_document_text(call->pool, search.node,
                                                  "BookingSource", &source);
    xmlFreeDoc(search.doc);

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    *name = search.booking->name.digest;

    return ngx_http_itinerary_sandbox_document_set_booking(node->doc, node,
                                                      "BookingSource",
                                                      (char *) source.data);
}
