
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
#include "ngx_http_itinerary_sandbox_dates.h"
#include "ngx_http_itinerary_sandbox_zone.h"
#include "ngx_http_itinerary_sandbox_trip.h"
#include "ngx_http_itinerary_sandbox_search.h"
#include "ngx_http_itinerary_sandbox_answer.h"
#include "ngx_http_itinerary_sandbox_trips.h"
#include "ngx_http_itinerary_sandbox_bookings.h"


static ngx_http_itinerary_sandbox_result_e
    ngx_http_itinerary_sandbox_book_read(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *body,
    xmlDocPtr *posted);
static ngx_int_t ngx_http_itinerary_sandbox_book_trip(
    ngx_http_itinerary_sandbox_call_t *call, xmlDocPtr posted,
    ngx_http_itinerary_sandbox_trip_t **trip);
static ngx_int_t ngx_http_itinerary_sandbox_book_fields(
    ngx_http_itinerary_sandbox_call_t *call, xmlDocPtr posted);
static ngx_int_t ngx_http_itinerary_sandbox_book_name(
    ngx_http_itinerary_sandbox_call_t *call, xmlNodePtr booking,
    ngx_str_t *text);
static ngx_int_t ngx_http_itinerary_sandbox_book_stamp(
    ngx_http_itinerary_sandbox_call_t *call, xmlDocPtr posted,
    xmlNodePtr old);
static ngx_int_t ngx_http_itinerary_sandbox_book_answer(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr doc, xmlNodePtr node);


/* a new trip, but for what is told from the booking */

static ngx_str_t  ngx_http_itinerary_sandbox_book_form = ngx_string(
    "<Itinerary>\n"
    "    <TripStatus>HK</TripStatus>\n"
    "    <Comments/>\n"
    "    <Bookings>\n"
    "    </Bookings>\n"
    "</Itinerary>"
);


ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_book(ngx_http_itinerary_sandbox_call_t *call,
    ngx_str_t *id, ngx_str_t *body)
{
    xmlDocPtr                            posted, merged, doc;
    ngx_str_t                           *user;
    xmlNodePtr                           node;
    ngx_http_itinerary_sandbox_trip_t   *trip;
    ngx_http_itinerary_sandbox_digest_t  name;
    ngx_http_itinerary_sandbox_result_e  rc;

    rc = ngx_http_itinerary_sandbox_book_read(call, body, &posted);
    if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        return rc;
    }

    merged = NULL;

    ngx_shmtx_lock(&call->zone->shpool->mutex);

    rc = ngx_http_itinerary_sandbox_posted(call, id, posted, &trip);
    if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        goto done;
    }

    rc = NGX_HTTP_ITINERARY_SANDBOX_FAILED;

    user = trip ? &trip->user : &call->user;

    if (trip == NULL
        && ngx_http_itinerary_sandbox_book_trip(call, posted, &trip) != NGX_OK)
    {
        goto done;
    }

    node = ngx_http_itinerary_sandbox_document_booking(posted, NULL);

    if (ngx_http_itinerary_sandbox_name(call->pool, user, node, &name)
        != NGX_OK)
    {
        goto done;
    }

    if (trip) {

        if (ngx_http_itinerary_sandbox_trip_read(call, trip, &merged)
            != NGX_HTTP_ITINERARY_SANDBOX_OK
            || ngx_http_itinerary_sandbox_trip_node(call, user, merged, &name,
                                                    &node)
               != NGX_OK
            || ngx_http_itinerary_sandbox_book_stamp(call, posted, node)
               != NGX_OK
            || ngx_http_itinerary_sandbox_trip_merge(call, trip, merged,
                                                     posted)
               != NGX_OK)
        {
            goto done;
        }

    } else if (ngx_http_itinerary_sandbox_book_stamp(call, posted, NULL)
               != NGX_OK
               || ngx_http_itinerary_sandbox_book_fields(call, posted)
                  != NGX_OK)
    {
        goto done;
    }

    doc = merged ? merged : posted;

    if (ngx_http_itinerary_sandbox_trip_node(call, user, doc, &name, &node)
        != NGX_OK)
    {
        goto done;
    }

    rc = ngx_http_itinerary_sandbox_trip_store(call, &trip, doc, NULL);

    if (rc == NGX_HTTP_ITINERARY_SANDBOX_OK
        && ngx_http_itinerary_sandbox_book_answer(call, trip, doc, node)
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
ngx_http_itinerary_sandbox_cancel_booking(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *source,
    ngx_str_t *number)
{
    ngx_http_itinerary_sandbox_result_e  rc;
    ngx_http_itinerary_sandbox_search_t  search;

    search.user = &call->user;
    search.source = source;
    search.number = number;
    search.first = NULL;
    search.only = 0;
    search.others = NULL;

    ngx_shmtx_lock(&call->zone->shpool->mutex);

    switch (ngx_http_itinerary_sandbox_search(call, &search)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        rc = NGX_HTTP_ITINERARY_SANDBOX_UNKNOWN_BOOKING;
        goto done;

    default: /* NGX_ERROR */
        rc = NGX_HTTP_ITINERARY_SANDBOX_FAILED;
        goto done;
    }

    rc = NGX_HTTP_ITINERARY_SANDBOX_FAILED;

    /* a segment is shown as it was */

    if (call->form->booking == NGX_HTTP_ITINERARY_SANDBOX_FORM_SEGMENT
        && ngx_http_itinerary_sandbox_answer_booking(call, search.trip,
                                                     search.node)
           != NGX_OK)
    {
        goto failed;
    }

    if (ngx_http_itinerary_sandbox_document_cancel(search.doc, search.node)
        != NGX_OK)
    {
        goto failed;
    }

    rc = ngx_http_itinerary_sandbox_trip_store(call, &search.trip, search.doc,
                                               NULL);

    if (rc == NGX_HTTP_ITINERARY_SANDBOX_OK
        && call->form->booking != NGX_HTTP_ITINERARY_SANDBOX_FORM_SEGMENT
        && ngx_http_itinerary_sandbox_book_answer(call, search.trip,
                                                  search.doc, search.node)
           != NGX_OK)
    {
        rc = NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

failed:

    xmlFreeDoc(search.doc);

done:

    ngx_shmtx_unlock(&call->zone->shpool->mutex);

    return rc;
}


/* the posted booking, in the document of a trip of its own */

static ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_book_read(ngx_http_itinerary_sandbox_call_t *call,
    ngx_str_t *body, xmlDocPtr *posted)
{
    xmlDocPtr                            doc;
    ngx_http_itinerary_sandbox_result_e  rc;

    rc = ngx_http_itinerary_sandbox_document_read(body, "Booking", call->log,
                                                  &doc);
    if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        return rc;
    }

    rc = ngx_http_itinerary_sandbox_document_read(
                                  &ngx_http_itinerary_sandbox_book_form,
                                  "Itinerary", call->log, posted);

    if (rc == NGX_HTTP_ITINERARY_SANDBOX_OK) {

        if (ngx_http_itinerary_sandbox_document_put(*posted,
                                                    xmlDocGetRootElement(doc),
                                                    NULL)
            == NULL)
        {
            rc = NGX_HTTP_ITINERARY_SANDBOX_FAILED;

        } else {
            rc = ngx_http_itinerary_sandbox_document_check(*posted, 0);
        }

        if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
            xmlFreeDoc(*posted);
        }
    }

    xmlFreeDoc(doc);

    return rc;
}


static ngx_int_t
ngx_http_itinerary_sandbox_book_trip(ngx_http_itinerary_sandbox_call_t *call,
    xmlDocPtr posted, ngx_http_itinerary_sandbox_trip_t **trip)
{
    int64_t     start, end;
    ngx_str_t   first, last;
    xmlNodePtr  booking;

    if (ngx_http_itinerary_sandbox_trip_by_booking(call, posted, trip)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (*trip) {
        return NGX_OK;
    }

    booking = ngx_http_itinerary_sandbox_document_booking(posted, NULL);

    if (ngx_http_itinerary_sandbox_span_booking(call->pool, booking, &start,
                                                &end, &first, &last)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    *trip = ngx_http_itinerary_sandbox_trip_by_dates(call, start, end, 1);

    return NGX_OK;
}


/* the fields of a new trip */

static ngx_int_t
ngx_http_itinerary_sandbox_book_fields(ngx_http_itinerary_sandbox_call_t *call,
    xmlDocPtr posted)
{
    int64_t     start, end;
    ngx_str_t   text, first, last;
    ngx_uint_t  i;
    xmlNodePtr  booking, passenger;

    static struct {
        const char  *trip;
        const char  *passenger;
    } names[] = {
        { "BookedByFirstName", "NameFirst" },
        { "BookedByLastName", "NameLast" },
        { NULL, NULL }
    };

    booking = ngx_http_itinerary_sandbox_document_booking(posted, NULL);

    if (ngx_http_itinerary_sandbox_book_name(call, booking, &text) != NGX_OK
        || ngx_http_itinerary_sandbox_document_set(posted, "TripName",
                                                   (char *) text.data)
           != NGX_OK
        || ngx_http_itinerary_sandbox_span_booking(call->pool, booking, &start,
                                                   &end, &first, &last)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (start
        && (ngx_http_itinerary_sandbox_document_set(posted, "StartDateLocal",
                                                    (char *) first.data)
            != NGX_OK
            || ngx_http_itinerary_sandbox_document_set(posted, "EndDateLocal",
                                                       (char *) last.data)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    passenger = ngx_http_itinerary_sandbox_document_child(booking,
                                                          "Passengers");
    if (passenger) {
        passenger = ngx_http_itinerary_sandbox_document_child(passenger,
                                                              "Passenger");
    }

    for (i = 0; passenger && names[i].trip; i++) {

        if (ngx_http_itinerary_sandbox_document_text(call->pool, passenger,
                                                     names[i].passenger, &text)
            != NGX_OK
            || (text.len
                && ngx_http_itinerary_sandbox_document_set(posted,
                                                           names[i].trip,
                                                           (char *) text.data)
                   != NGX_OK))
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* "Trip to Seattle", or where else the first segment leads to */

static ngx_int_t
ngx_http_itinerary_sandbox_book_name(ngx_http_itinerary_sandbox_call_t *call,
    xmlNodePtr booking, ngx_str_t *text)
{
    u_char      *p;
    ngx_str_t    place;
    ngx_uint_t   i;
    xmlNodePtr   segment;

    static const char  *places[] = {
        "EndCity",
        "EndCityCode",
        "StartCity",
        "StartCityCode",
        NULL
    };

    ngx_str_set(text, "Trip");

    segment = ngx_http_itinerary_sandbox_document_segment(booking, NULL);

    for (i = 0; segment && places[i]; i++) {

        if (ngx_http_itinerary_sandbox_document_text(call->pool, segment,
                                                     places[i], &place)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (place.len == 0) {
            continue;
        }

        p = ngx_pnalloc(call->pool, sizeof("Trip to ") + place.len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        text->data = p;
        text->len = ngx_sprintf(p, "Trip to %V%Z", &place) - p - 1;

        return NGX_OK;
    }

    return NGX_OK;
}


/* when it was created, which remains, and modified */

static ngx_int_t
ngx_http_itinerary_sandbox_book_stamp(ngx_http_itinerary_sandbox_call_t *call,
    xmlDocPtr posted, xmlNodePtr old)
{
    u_char      now[NGX_HTTP_ITINERARY_SANDBOX_DATE_LEN + 1];
    ngx_str_t   created;
    xmlNodePtr  node;

    *ngx_http_itinerary_sandbox_time(now, ngx_time()) = '\0';

    node = ngx_http_itinerary_sandbox_document_booking(posted, NULL);

    if (ngx_http_itinerary_sandbox_document_text(call->pool, node,
                                                 "DateCreatedUtc", &created)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (created.len == 0
        && old
        && ngx_http_itinerary_sandbox_document_text(call->pool, old,
                                                    "DateCreatedUtc", &created)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (created.len == 0) {
        created.data = now;
    }

    if (ngx_http_itinerary_sandbox_document_set_booking(posted, node,
                                                        "DateCreatedUtc",
                                                        (char *) created.data)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_sandbox_document_set_booking(posted, node,
                                                           "DateModifiedUtc",
                                                           (char *) now);
}


static ngx_int_t
ngx_http_itinerary_sandbox_book_answer(ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr doc, xmlNodePtr node)
{
    if (call->form->booking) {
        return ngx_http_itinerary_sandbox_answer_booking(call, trip, node);
    }

    return ngx_http_itinerary_sandbox_answer_trip(call, trip, doc, 1);
}
