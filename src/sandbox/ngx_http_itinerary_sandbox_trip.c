
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
#include "ngx_http_itinerary_sandbox_dates.h"
#include "ngx_http_itinerary_sandbox_zone.h"
#include "ngx_http_itinerary_sandbox_answer.h"
#include "ngx_http_itinerary_sandbox_trip.h"


#define NGX_HTTP_ITINERARY_SANDBOX_BOOKED_VIA  "EveryGDS"


static ngx_int_t ngx_http_itinerary_sandbox_complete(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *next, xmlDocPtr doc);
static ngx_int_t ngx_http_itinerary_sandbox_names(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *user, xmlDocPtr doc,
    ngx_array_t *posted);


ngx_int_t
ngx_http_itinerary_sandbox_trip_booking(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *user, xmlNodePtr node,
    ngx_http_itinerary_sandbox_booking_t **booking)
{
    ngx_http_itinerary_sandbox_digest_t  name;

    if (ngx_http_itinerary_sandbox_name(call->pool, user, node, &name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    *booking = (ngx_http_itinerary_sandbox_booking_t *)
                   ngx_http_itinerary_sandbox_name_lookup(
                                            &call->zone->sh->bookings, &name);

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_sandbox_trip_places(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *user, xmlDocPtr doc,
    ngx_rbtree_t *tree)
{
    xmlNodePtr                           node;
    ngx_http_itinerary_sandbox_place_t  *place;
    ngx_http_itinerary_sandbox_digest_t  name;

    node = NULL;

    for ( ;; ) {
        node = ngx_http_itinerary_sandbox_document_booking(doc, node);
        if (node == NULL) {
            return NGX_OK;
        }

        if (ngx_http_itinerary_sandbox_name(call->pool, user, node, &name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        /* of several bookings of one name the last one counts */

        place = (ngx_http_itinerary_sandbox_place_t *)
                    ngx_http_itinerary_sandbox_name_lookup(tree, &name);

        if (place == NULL) {
            place = ngx_palloc(call->pool,
                               sizeof(ngx_http_itinerary_sandbox_place_t));
            if (place == NULL) {
                return NGX_ERROR;
            }

            ngx_http_itinerary_sandbox_name_insert(tree, &place->name, &name);
        }

        place->node = node;
    }
}


ngx_int_t
ngx_http_itinerary_sandbox_trip_node(ngx_http_itinerary_sandbox_call_t *call,
    ngx_str_t *user, xmlDocPtr doc, ngx_http_itinerary_sandbox_digest_t *name,
    xmlNodePtr *node)
{
    ngx_http_itinerary_sandbox_digest_t  other;

    *node = NULL;

    for ( ;; ) {
        *node = ngx_http_itinerary_sandbox_document_booking(doc, *node);
        if (*node == NULL) {
            return NGX_OK;
        }

        if (ngx_http_itinerary_sandbox_name(call->pool, user, *node, &other)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (ngx_memcmp(&other, name, sizeof(other)) == 0) {
            return NGX_OK;
        }
    }
}


/* "Send the value for an existing booking to update an existing trip." */

ngx_int_t
ngx_http_itinerary_sandbox_trip_by_booking(
    ngx_http_itinerary_sandbox_call_t *call, xmlDocPtr doc,
    ngx_http_itinerary_sandbox_trip_t **found)
{
    xmlNodePtr                             node;
    ngx_http_itinerary_sandbox_booking_t  *booking;

    *found = NULL;
    node = NULL;

    for ( ;; ) {
        node = ngx_http_itinerary_sandbox_document_booking(doc, node);
        if (node == NULL) {
            return NGX_OK;
        }

        if (ngx_http_itinerary_sandbox_trip_booking(call, &call->user, node,
                                                    &booking)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (booking && booking->trip && !booking->trip->cancelled) {
            *found = booking->trip;
            return NGX_OK;
        }
    }
}


/* "A new trip will be created if the trip dates span no existing trip." */

ngx_http_itinerary_sandbox_trip_t *
ngx_http_itinerary_sandbox_trip_by_dates(
    ngx_http_itinerary_sandbox_call_t *call, int64_t start, int64_t end,
    ngx_uint_t whole)
{
    ngx_queue_t                        *q, *queue;
    ngx_http_itinerary_sandbox_trip_t  *trip;

    if (start == 0) {
        return NULL;
    }

    queue = &call->zone->sh->queue;

    for (q = ngx_queue_head(queue);
         q != ngx_queue_sentinel(queue);
         q = ngx_queue_next(q))
    {
        trip = ngx_queue_data(q, ngx_http_itinerary_sandbox_trip_t, queue);

        if (trip->start == 0
            || trip->cancelled
            || trip->user.len != call->user.len
            || ngx_memcmp(trip->user.data, call->user.data, call->user.len)
               != 0)
        {
            continue;
        }

        if (whole ? trip->start <= start && end <= trip->end
                  : trip->start <= end && start <= trip->end)
        {
            return trip;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_itinerary_sandbox_trip_merge(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr doc,
    xmlDocPtr posted)
{
    xmlNodePtr                           node;
    ngx_rbtree_t                         tree;
    ngx_rbtree_node_t                    sentinel;
    ngx_http_itinerary_sandbox_place_t  *place;
    ngx_http_itinerary_sandbox_digest_t  name;

    ngx_http_itinerary_sandbox_name_init(&tree, &sentinel);

    if (ngx_http_itinerary_sandbox_trip_places(call, &trip->user, doc, &tree)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    node = NULL;

    for ( ;; ) {
        node = ngx_http_itinerary_sandbox_document_booking(posted, node);
        if (node == NULL) {
            return NGX_OK;
        }

        if (ngx_http_itinerary_sandbox_name(call->pool, &trip->user, node,
                                            &name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        place = (ngx_http_itinerary_sandbox_place_t *)
                    ngx_http_itinerary_sandbox_name_lookup(&tree, &name);

        if (place == NULL) {
            place = ngx_palloc(call->pool,
                               sizeof(ngx_http_itinerary_sandbox_place_t));
            if (place == NULL) {
                return NGX_ERROR;
            }

            place->node = NULL;

            ngx_http_itinerary_sandbox_name_insert(&tree, &place->name, &name);
        }

        place->node = ngx_http_itinerary_sandbox_document_put(doc, node,
                                                              place->node);
        if (place->node == NULL) {
            return NGX_ERROR;
        }
    }
}


ngx_int_t
ngx_http_itinerary_sandbox_trip_widen(ngx_http_itinerary_sandbox_call_t *call,
    xmlDocPtr doc, xmlDocPtr posted)
{
    int64_t     own, other;
    ngx_str_t   text, wider;
    ngx_uint_t  i;

    static struct {
        const char  *name;
        const char  *complete;
        ngx_uint_t   later;
    } dates[] = {
        { "StartDateLocal", NGX_HTTP_ITINERARY_SANDBOX_DAY_START, 0 },
        { "EndDateLocal", NGX_HTTP_ITINERARY_SANDBOX_DAY_END, 1 },
        { NULL, NULL, 0 }
    };

    for (i = 0; dates[i].name; i++) {

        if (ngx_http_itinerary_sandbox_document_text(call->pool,
                                                     xmlDocGetRootElement(doc),
                                                     dates[i].name, &text)
            != NGX_OK
            || ngx_http_itinerary_sandbox_document_text(call->pool,
                                                  xmlDocGetRootElement(posted),
                                                  dates[i].name, &wider)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        own = ngx_http_itinerary_sandbox_date(&text, dates[i].complete);
        other = ngx_http_itinerary_sandbox_date(&wider, dates[i].complete);

        if (other == 0
            || (own && (dates[i].later ? other <= own : other >= own)))
        {
            continue;
        }

        if (ngx_http_itinerary_sandbox_document_set(doc, dates[i].name,
                                                    (char *) wider.data)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_trip_read(ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr *doc)
{
    return (ngx_http_itinerary_sandbox_document_read(&trip->document,
                                                     "Itinerary", call->log,
                                                     doc)
            == NGX_HTTP_ITINERARY_SANDBOX_OK)
           ? NGX_HTTP_ITINERARY_SANDBOX_OK : NGX_HTTP_ITINERARY_SANDBOX_FAILED;
}


ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_trip_store(ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t **trip, xmlDocPtr doc,
    ngx_http_itinerary_sandbox_digest_t *creator)
{
    ngx_int_t                          rc;
    ngx_array_t                        posted;
    xmlOutputBufferPtr                 out;
    ngx_http_itinerary_sandbox_trip_t  next;

    if (*trip) {
        next = **trip;

    } else {
        ngx_memzero(&next, sizeof(ngx_http_itinerary_sandbox_trip_t));

        next.number = call->zone->sh->last + 1;
        next.user = call->user;

        if (creator) {
            next.creator = *creator;
        }
    }

    if (ngx_http_itinerary_sandbox_complete(call, &next, doc) != NGX_OK
        || ngx_http_itinerary_sandbox_answer_summary(call->pool, doc, &next)
           != NGX_OK
        || ngx_http_itinerary_sandbox_names(call, &next.user, doc, &posted)
           != NGX_OK)
    {
        return NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

    out = ngx_http_itinerary_sandbox_document_write(doc);
    if (out == NULL) {
        return NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

    next.document.data = (u_char *) xmlOutputBufferGetContent(out);
    next.document.len = xmlOutputBufferGetSize(out);

    rc = ngx_http_itinerary_sandbox_zone_store(call->zone, trip, &next,
                                               &posted, &call->poster,
                                               call->log);

    (void) xmlOutputBufferClose(out);

    return (rc == NGX_OK) ? NGX_HTTP_ITINERARY_SANDBOX_OK
                          : NGX_HTTP_ITINERARY_SANDBOX_FULL;
}


/* what the API adds to a post, what it does not take from it, what it means */

static ngx_int_t
ngx_http_itinerary_sandbox_complete(ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *next, xmlDocPtr doc)
{
    u_char       now[NGX_HTTP_ITINERARY_SANDBOX_DATE_LEN + 1];
    ngx_str_t    status;
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    *ngx_http_itinerary_sandbox_time(now, tp->sec) = '\0';

    if (next->booked[0] == '\0') {
        *ngx_http_itinerary_sandbox_time(next->booked,
                                         tp->sec + tp->gmtoff * 60) = '\0';
    }

    ngx_http_itinerary_sandbox_document_unset(doc, "id");
    ngx_http_itinerary_sandbox_document_unset(doc, "ItinLocator");
    ngx_http_itinerary_sandbox_document_unset(doc, "TripId");

    if (ngx_http_itinerary_sandbox_document_set(doc, "DateModifiedUtc",
                                                (char *) now)
        != NGX_OK
        || ngx_http_itinerary_sandbox_document_default(doc, "BookedVia",
                                         NGX_HTTP_ITINERARY_SANDBOX_BOOKED_VIA)
           != NGX_OK
        || ngx_http_itinerary_sandbox_document_default(doc, "DateBookedLocal",
                                              (char *) next->booked)
           != NGX_OK
        || ngx_http_itinerary_sandbox_span(call->pool, doc, &next->start,
                                           &next->end)
           != NGX_OK
        || ngx_http_itinerary_sandbox_document_text(call->pool,
                                                    xmlDocGetRootElement(doc),
                                                    "TripStatus", &status)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* posts have a status, only a cancelled trip has none */

    next->cancelled = status.len == 0
                      || (status.len == 1 && status.data[0] == '2');

    return NGX_OK;
}


/* the names and kinds of the document's bookings, in its order */

static ngx_int_t
ngx_http_itinerary_sandbox_names(ngx_http_itinerary_sandbox_call_t *call,
    ngx_str_t *user, xmlDocPtr doc, ngx_array_t *posted)
{
    xmlNodePtr                            node;
    ngx_http_itinerary_sandbox_posted_t  *p;

    if (ngx_array_init(posted, call->pool, 8,
                       sizeof(ngx_http_itinerary_sandbox_posted_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    node = NULL;

    for ( ;; ) {
        node = ngx_http_itinerary_sandbox_document_booking(doc, node);
        if (node == NULL) {
            return NGX_OK;
        }

        p = ngx_array_push(posted);
        if (p == NULL) {
            return NGX_ERROR;
        }

        p->kind = ngx_http_itinerary_sandbox_kind(node);

        if (ngx_http_itinerary_sandbox_name(call->pool, user, node, &p->digest)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }
}
