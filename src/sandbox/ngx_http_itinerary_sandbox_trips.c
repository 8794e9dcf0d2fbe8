
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "ngx_http_itinerary_sandbox_document.h"
#include "ngx_http_itinerary_sandbox_dates.h"
#include "ngx_http_itinerary_sandbox_zone.h"
#include "ngx_http_itinerary_sandbox_trip.h"
#include "ngx_http_itinerary_sandbox_amounts.h"
#include "ngx_http_itinerary_sandbox_search.h"
#include "ngx_http_itinerary_sandbox_answer.h"
#include "ngx_http_itinerary_sandbox_trips.h"


static ngx_int_t ngx_http_itinerary_sandbox_empty(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr doc);


ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_post(ngx_http_itinerary_sandbox_call_t *call,
    ngx_str_t *id, ngx_str_t *body)
{
    int64_t                              start, end;
    xmlDocPtr                            posted, merged;
    ngx_http_itinerary_sandbox_trip_t   *trip;
    ngx_http_itinerary_sandbox_result_e  rc;

    rc = ngx_http_itinerary_sandbox_document_read(body, "Itinerary",
                                                  call->log, &posted);
    if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        return rc;
    }

    rc = ngx_http_itinerary_sandbox_document_check(posted, 1);
    if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        xmlFreeDoc(posted);
        return rc;
    }

    merged = NULL;

    ngx_shmtx_lock(&call->zone->shpool->mutex);

    rc = ngx_http_itinerary_sandbox_posted(call, id, posted, &trip);
    if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        goto done;
    }

    rc = NGX_HTTP_ITINERARY_SANDBOX_FAILED;

    if (trip == NULL) {

        if (ngx_http_itinerary_sandbox_trip_by_booking(call, posted, &trip)
            != NGX_OK
            || ngx_http_itinerary_sandbox_span(call->pool, posted, &start,
                                               &end)
               != NGX_OK)
        {
            goto done;
        }

        if (trip == NULL) {
            trip = ngx_http_itinerary_sandbox_trip_by_dates(call, start, end,
                                                            0);
        }

        if (trip
            && (ngx_http_itinerary_sandbox_trip_read(call, trip, &merged)
                != NGX_HTTP_ITINERARY_SANDBOX_OK
                || ngx_http_itinerary_sandbox_trip_merge(call, trip, merged,
                                                         posted)
                   != NGX_OK
                || ngx_http_itinerary_sandbox_trip_widen(call, merged, posted)
                   != NGX_OK))
        {
            goto done;
        }
    }

    rc = ngx_http_itinerary_sandbox_trip_store(call, &trip,
                                               merged ? merged : posted,
                                               &call->poster);

    if (rc == NGX_HTTP_ITINERARY_SANDBOX_OK
        && ngx_http_itinerary_sandbox_answer_trip(call, trip,
                                                  merged ? merged : posted, 0)
           != NGX_OK)
    {
        rc = NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

done:

    ngx_shmtx_unlock(&call->zone->shpool->mutex);

    if (merged) {
        xmlFreeDoc(merged);
    }

    xmlFreeDoc(posted);

    return rc;
}


ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_posted(ngx_http_itinerary_sandbox_call_t *call,
    ngx_str_t *id, xmlDocPtr posted, ngx_http_itinerary_sandbox_trip_t **trip)
{
    ngx_str_t  *user;

    *trip = NULL;

    if (id->len) {
        *trip = ngx_http_itinerary_sandbox_zone_trip(call->zone, id);
        if (*trip == NULL) {
            return NGX_HTTP_ITINERARY_SANDBOX_UNKNOWN_TRIP;
        }
    }

    user = *trip ? &(*trip)->user : &call->user;

    if (ngx_http_itinerary_sandbox_search_shown(call, user, *trip, posted)
        != NGX_OK
        || ngx_http_itinerary_sandbox_amounts_keep(call, user, *trip, posted)
           != NGX_OK)
    {
        return NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

    return NGX_HTTP_ITINERARY_SANDBOX_OK;
}


ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_cancel(ngx_http_itinerary_sandbox_call_t *call,
    ngx_str_t *id)
{
    xmlDocPtr                            doc;
    ngx_http_itinerary_sandbox_trip_t   *trip;
    ngx_http_itinerary_sandbox_result_e  rc;

    doc = NULL;

    ngx_shmtx_lock(&call->zone->shpool->mutex);

    trip = ngx_http_itinerary_sandbox_zone_trip(call->zone, id);
    if (trip == NULL) {
        rc = NGX_HTTP_ITINERARY_SANDBOX_UNKNOWN_TRIP;
        goto done;
    }

    rc = ngx_http_itinerary_sandbox_trip_read(call, trip, &doc);
    if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        goto done;
    }

    switch (ngx_http_itinerary_sandbox_empty(call, trip, doc)) {

    case NGX_OK:
        rc = ngx_http_itinerary_sandbox_trip_store(call, &trip, doc,
                                                   &call->poster);
        if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
            goto done;
        }

        break;

    case NGX_DECLINED:
        break;

    default: /* NGX_ERROR */
        rc = NGX_HTTP_ITINERARY_SANDBOX_FAILED;
        goto done;
    }

    if (ngx_http_itinerary_sandbox_answer_trip(call, trip, doc, 1) != NGX_OK) {
        rc = NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

done:

    ngx_shmtx_unlock(&call->zone->shpool->mutex);

    if (doc) {
        xmlFreeDoc(doc);
    }

    return rc;
}


ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_details(ngx_http_itinerary_sandbox_call_t *call,
    ngx_str_t *id)
{
    xmlDocPtr                            doc;
    ngx_http_itinerary_sandbox_trip_t   *trip;
    ngx_http_itinerary_sandbox_result_e  rc;

    doc = NULL;

    ngx_shmtx_lock(&call->zone->shpool->mutex);

    trip = ngx_http_itinerary_sandbox_zone_trip(call->zone, id);
    if (trip == NULL) {
        rc = NGX_HTTP_ITINERARY_SANDBOX_UNKNOWN_TRIP;
        goto done;
    }

    rc = ngx_http_itinerary_sandbox_trip_read(call, trip, &doc);

    if (rc == NGX_HTTP_ITINERARY_SANDBOX_OK
        && ngx_http_itinerary_sandbox_answer_trip(call, trip, doc, 1)
           != NGX_OK)
    {
        rc = NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

done:

    ngx_shmtx_unlock(&call->zone->shpool->mutex);

    if (doc) {
        xmlFreeDoc(doc);
    }

    return rc;
}


ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_summaries(ngx_http_itinerary_sandbox_call_t *call)
{
    ngx_int_t  rc;

    ngx_shmtx_lock(&call->zone->shpool->mutex);

    rc = ngx_http_itinerary_sandbox_answer_trips(call);

    ngx_shmtx_unlock(&call->zone->shpool->mutex);

    return (rc == NGX_OK) ? NGX_HTTP_ITINERARY_SANDBOX_OK
                          : NGX_HTTP_ITINERARY_SANDBOX_FAILED;
}


/*
 * The only ownership rule that the API itself is documented to know: the
 * creator cancels the trip, everybody else the segments of his bookings.
 * NGX_DECLINED: there are none.
 */

static ngx_int_t
ngx_http_itinerary_sandbox_empty(ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr doc)
{
    xmlNodePtr                             node;
    ngx_uint_t                             creator, changed;
    ngx_http_itinerary_sandbox_booking_t  *booking;

    creator = (ngx_memcmp(&trip->creator, &call->poster,
                          sizeof(trip->creator))
               == 0);
    changed = creator;

    if (creator) {

        /* the status goes with the segments, as in the reference */

        ngx_http_itinerary_sandbox_document_unset(doc, "TripStatus");
    }

    node = NULL;

    for ( ;; ) {
        node = ngx_http_itinerary_sandbox_document_booking(doc, node);
        if (node == NULL) {
            return changed ? NGX_OK : NGX_DECLINED;
        }

        if (!creator && !call->form->overreach) {

            if (ngx_http_itinerary_sandbox_trip_booking(call, &trip->user,
                                                        node, &booking)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            if (booking == NULL
                || ngx_memcmp(&booking->poster, &call->poster,
                              sizeof(booking->poster))
                   != 0)
            {
                continue;
            }
        }

        if (ngx_http_itinerary_sandbox_document_cancel(doc, node) != NGX_OK) {
            return NGX_ERROR;
        }

        changed = 1;
    }
}
