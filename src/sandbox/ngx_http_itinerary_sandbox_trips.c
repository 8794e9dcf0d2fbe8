
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <openssl/evp.h>

#include "ngx_http_itinerary_sandbox_document.h"
#include "ngx_http_itinerary_sandbox_zone.h"
#include "ngx_http_itinerary_sandbox_answer.h"
#include "ngx_http_itinerary_sandbox_trips.h"


#define NGX_HTTP_ITINERARY_SANDBOX_BOOKED_VIA  "EveryGDS"

/* the time of a date that has none */

#define NGX_HTTP_ITINERARY_SANDBOX_DAY_START   "0000-00-00T00:00:00"
#define NGX_HTTP_ITINERARY_SANDBOX_DAY_END     "0000-00-00T23:59:59"


/* where a booking of the trip stands in its document */

typedef struct {
    ngx_http_itinerary_sandbox_name_t   name;
    xmlNodePtr                          node;
} ngx_http_itinerary_sandbox_place_t;


static ngx_int_t ngx_http_itinerary_sandbox_match(
    ngx_http_itinerary_sandbox_zone_t *zone,
    ngx_http_itinerary_sandbox_call_t *call, xmlDocPtr doc,
    ngx_http_itinerary_sandbox_trip_t **found);
static ngx_int_t ngx_http_itinerary_sandbox_merge(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr doc,
    xmlDocPtr posted);
static ngx_int_t ngx_http_itinerary_sandbox_widen(
    ngx_http_itinerary_sandbox_call_t *call, xmlDocPtr doc, xmlDocPtr posted);
static ngx_int_t ngx_http_itinerary_sandbox_empty(
    ngx_http_itinerary_sandbox_zone_t *zone,
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr doc,
    ngx_http_itinerary_sandbox_digest_t *poster);
static ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_store(
    ngx_http_itinerary_sandbox_zone_t *zone,
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t **trip, xmlDocPtr doc,
    ngx_http_itinerary_sandbox_digest_t *poster);
static ngx_int_t ngx_http_itinerary_sandbox_complete(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *next, xmlDocPtr doc);
static ngx_int_t ngx_http_itinerary_sandbox_default(xmlDocPtr doc,
    const char *name, const char *value);
static ngx_int_t ngx_http_itinerary_sandbox_names(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *user, xmlDocPtr doc,
    ngx_array_t *posted);
static ngx_int_t ngx_http_itinerary_sandbox_name(ngx_pool_t *pool,
    ngx_str_t *user, xmlNodePtr booking,
    ngx_http_itinerary_sandbox_digest_t *name);
static u_char *ngx_http_itinerary_sandbox_fold(u_char *p, ngx_str_t *text);
static ngx_int_t ngx_http_itinerary_sandbox_digest(u_char *data, size_t len,
    ngx_http_itinerary_sandbox_digest_t *digest);
static ngx_int_t ngx_http_itinerary_sandbox_span(ngx_pool_t *pool,
    xmlDocPtr doc, int64_t *start, int64_t *end);
static int64_t ngx_http_itinerary_sandbox_date(ngx_str_t *text,
    const char *complete);
static u_char *ngx_http_itinerary_sandbox_time(u_char *p, time_t sec);


ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_post(ngx_shm_zone_t *shm_zone,
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *id, ngx_str_t *body)
{
    xmlDocPtr                            posted, merged;
    ngx_http_itinerary_sandbox_trip_t   *trip;
    ngx_http_itinerary_sandbox_zone_t   *zone;
    ngx_http_itinerary_sandbox_digest_t  poster;
    ngx_http_itinerary_sandbox_result_e  rc;

    zone = shm_zone->data;

    if (ngx_http_itinerary_sandbox_digest(call->poster.data, call->poster.len,
                                          &poster)
        != NGX_OK)
    {
        return NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

    rc = ngx_http_itinerary_sandbox_document_read(body, call->log, &posted);
    if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        return rc;
    }

    rc = ngx_http_itinerary_sandbox_document_check(posted);
    if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        xmlFreeDoc(posted);
        return rc;
    }

    merged = NULL;

    ngx_shmtx_lock(&zone->shpool->mutex);

    if (id->len) {
        trip = ngx_http_itinerary_sandbox_zone_trip(zone, id);
        if (trip == NULL) {
            rc = NGX_HTTP_ITINERARY_SANDBOX_UNKNOWN_TRIP;
            goto done;
        }

    } else {
        rc = NGX_HTTP_ITINERARY_SANDBOX_FAILED;

        if (ngx_http_itinerary_sandbox_match(zone, call, posted, &trip)
            != NGX_OK)
        {
            goto done;
        }

        if (trip
            && (ngx_http_itinerary_sandbox_document_read(&trip->document,
                                                         call->log, &merged)
                != NGX_HTTP_ITINERARY_SANDBOX_OK
                || ngx_http_itinerary_sandbox_merge(call, trip, merged, posted)
                   != NGX_OK))
        {
            goto done;
        }
    }

    rc = ngx_http_itinerary_sandbox_store(zone, call, &trip,
                                          merged ? merged : posted, &poster);

    if (rc == NGX_HTTP_ITINERARY_SANDBOX_OK
        && ngx_http_itinerary_sandbox_answer_trip(call->pool, trip,
                                                  &call->resource, 0,
                                                  &call->answer)
           != NGX_OK)
    {
        rc = NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

done:

    ngx_shmtx_unlock(&zone->shpool->mutex);

    if (merged) {
        xmlFreeDoc(merged);
    }

    xmlFreeDoc(posted);

    return rc;
}


ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_cancel(ngx_shm_zone_t *shm_zone,
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *id)
{
    xmlDocPtr                            doc;
    ngx_http_itinerary_sandbox_trip_t   *trip;
    ngx_http_itinerary_sandbox_zone_t   *zone;
    ngx_http_itinerary_sandbox_digest_t  poster;
    ngx_http_itinerary_sandbox_result_e  rc;

    zone = shm_zone->data;
    doc = NULL;

    if (ngx_http_itinerary_sandbox_digest(call->poster.data, call->poster.len,
                                          &poster)
        != NGX_OK)
    {
        return NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

    ngx_shmtx_lock(&zone->shpool->mutex);

    trip = ngx_http_itinerary_sandbox_zone_trip(zone, id);
    if (trip == NULL) {
        rc = NGX_HTTP_ITINERARY_SANDBOX_UNKNOWN_TRIP;
        goto done;
    }

    rc = NGX_HTTP_ITINERARY_SANDBOX_FAILED;

    if (ngx_http_itinerary_sandbox_document_read(&trip->document, call->log,
                                                 &doc)
        != NGX_HTTP_ITINERARY_SANDBOX_OK)
    {
        goto done;
    }

    switch (ngx_http_itinerary_sandbox_empty(zone, call, trip, doc, &poster)) {

    case NGX_OK:
        rc = ngx_http_itinerary_sandbox_store(zone, call, &trip, doc, &poster);
        if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
            goto done;
        }

        break;

    case NGX_DECLINED:
        break;

    default: /* NGX_ERROR */
        goto done;
    }

    rc = (ngx_http_itinerary_sandbox_answer_trip(call->pool, trip,
                                                 &call->resource, 1,
                                                 &call->answer)
          == NGX_OK)
         ? NGX_HTTP_ITINERARY_SANDBOX_OK : NGX_HTTP_ITINERARY_SANDBOX_FAILED;

done:

    ngx_shmtx_unlock(&zone->shpool->mutex);

    if (doc) {
        xmlFreeDoc(doc);
    }

    return rc;
}


ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_details(ngx_shm_zone_t *shm_zone,
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *id)
{
    ngx_int_t                           rc;
    ngx_http_itinerary_sandbox_trip_t  *trip;
    ngx_http_itinerary_sandbox_zone_t  *zone;

    zone = shm_zone->data;
    rc = NGX_OK;

    ngx_shmtx_lock(&zone->shpool->mutex);

    trip = ngx_http_itinerary_sandbox_zone_trip(zone, id);

    if (trip) {
        rc = ngx_http_itinerary_sandbox_answer_trip(call->pool, trip,
                                                    &call->resource, 1,
                                                    &call->answer);
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    if (trip == NULL) {
        return NGX_HTTP_ITINERARY_SANDBOX_UNKNOWN_TRIP;
    }

    return (rc == NGX_OK) ? NGX_HTTP_ITINERARY_SANDBOX_OK
                          : NGX_HTTP_ITINERARY_SANDBOX_FAILED;
}


ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_summaries(ngx_shm_zone_t *shm_zone,
    ngx_http_itinerary_sandbox_call_t *call)
{
    ngx_int_t                           rc;
    ngx_http_itinerary_sandbox_zone_t  *zone;

    zone = shm_zone->data;

    ngx_shmtx_lock(&zone->shpool->mutex);

    rc = ngx_http_itinerary_sandbox_answer_trips(call->pool, zone, &call->user,
                                                 &call->resource,
                                                 &call->answer);

    ngx_shmtx_unlock(&zone->shpool->mutex);

    return (rc == NGX_OK) ? NGX_HTTP_ITINERARY_SANDBOX_OK
                          : NGX_HTTP_ITINERARY_SANDBOX_FAILED;
}


/*
 * "Send the value for an existing booking to update an existing trip", and "a
 * new trip will be created if the trip dates span no existing trip".
 */

static ngx_int_t
ngx_http_itinerary_sandbox_match(ngx_http_itinerary_sandbox_zone_t *zone,
    ngx_http_itinerary_sandbox_call_t *call, xmlDocPtr doc,
    ngx_http_itinerary_sandbox_trip_t **found)
{
    int64_t                                start, end;
    ngx_uint_t                             i;
    ngx_queue_t                           *q;
    ngx_array_t                            names;
    ngx_http_itinerary_sandbox_trip_t     *trip;
    ngx_http_itinerary_sandbox_posted_t   *posted;
    ngx_http_itinerary_sandbox_booking_t  *booking;

    *found = NULL;

    if (ngx_http_itinerary_sandbox_names(call, &call->user, doc, &names)
        != NGX_OK
        || ngx_http_itinerary_sandbox_span(call->pool, doc, &start, &end)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    posted = names.elts;

    for (i = 0; i < names.nelts; i++) {

        booking = (ngx_http_itinerary_sandbox_booking_t *)
                      ngx_http_itinerary_sandbox_name_lookup(
                                                          &zone->sh->bookings,
                                                          &posted[i].digest);

        if (booking && booking->trip && !booking->trip->cancelled) {
            *found = booking->trip;
            return NGX_OK;
        }
    }

    if (start == 0) {
        return NGX_OK;
    }

    for (q = ngx_queue_head(&zone->sh->queue);
         q != ngx_queue_sentinel(&zone->sh->queue);
         q = ngx_queue_next(q))
    {
        trip = ngx_queue_data(q, ngx_http_itinerary_sandbox_trip_t, queue);

        if (trip->start
            && trip->start <= end
            && start <= trip->end
            && !trip->cancelled
            && trip->user.len == call->user.len
            && ngx_memcmp(trip->user.data, call->user.data, call->user.len)
               == 0)
        {
            *found = trip;
            return NGX_OK;
        }
    }

    return NGX_OK;
}


/* adds to the trip's document the bookings of the posted one */

static ngx_int_t
ngx_http_itinerary_sandbox_merge(ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr doc, xmlDocPtr posted)
{
    xmlDocPtr                            docs[2];
    xmlNodePtr                           node;
    ngx_uint_t                           i;
    ngx_rbtree_t                         tree;
    ngx_rbtree_node_t                    sentinel;
    ngx_http_itinerary_sandbox_place_t  *place;
    ngx_http_itinerary_sandbox_digest_t  name;

    ngx_http_itinerary_sandbox_name_init(&tree, &sentinel);

    docs[0] = doc;
    docs[1] = posted;

    node = NULL;

    for (i = 0; i < 2; /* void */ ) {

        node = ngx_http_itinerary_sandbox_document_booking(docs[i], node);
        if (node == NULL) {
            i++;
            continue;
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

        if (docs[i] == doc) {
            place->node = node;
            continue;
        }

        place->node = ngx_http_itinerary_sandbox_document_put(doc, node,
                                                              place->node);
        if (place->node == NULL) {
            return NGX_ERROR;
        }
    }

    return ngx_http_itinerary_sandbox_widen(call, doc, posted);
}


static ngx_int_t
ngx_http_itinerary_sandbox_widen(ngx_http_itinerary_sandbox_call_t *call,
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


/*
 * The only ownership rule that the API itself is documented to know: the
 * creator cancels the trip, everybody else the segments of his bookings.
 * NGX_DECLINED: there are none.
 */

static ngx_int_t
ngx_http_itinerary_sandbox_empty(ngx_http_itinerary_sandbox_zone_t *zone,
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr doc,
    ngx_http_itinerary_sandbox_digest_t *poster)
{
    xmlNodePtr                             node;
    ngx_uint_t                             creator, changed;
    ngx_http_itinerary_sandbox_digest_t    name;
    ngx_http_itinerary_sandbox_booking_t  *booking;

    creator = (ngx_memcmp(&trip->creator, poster, sizeof(trip->creator)) == 0);
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

        if (!creator) {

            if (ngx_http_itinerary_sandbox_name(call->pool, &trip->user, node,
                                                &name)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            booking = (ngx_http_itinerary_sandbox_booking_t *)
                          ngx_http_itinerary_sandbox_name_lookup(
                                                  &zone->sh->bookings, &name);

            if (booking == NULL
                || ngx_memcmp(&booking->poster, poster,
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


/* keeps the document as that of the trip, or of a new one if that is NULL */

static ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_store(ngx_http_itinerary_sandbox_zone_t *zone,
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t **trip, xmlDocPtr doc,
    ngx_http_itinerary_sandbox_digest_t *poster)
{
    ngx_int_t                           rc;
    ngx_array_t                         posted;
    xmlOutputBufferPtr                  out;
    ngx_http_itinerary_sandbox_trip_t   next;

    if (*trip) {
        next = **trip;

    } else {
        ngx_memzero(&next, sizeof(ngx_http_itinerary_sandbox_trip_t));

        next.number = zone->sh->last + 1;
        next.creator = *poster;
        next.user = call->user;
    }

    if (ngx_http_itinerary_sandbox_complete(call, &next, doc) != NGX_OK
        || ngx_http_itinerary_sandbox_answer_summary(call->pool, doc, &next)
           != NGX_OK
        || ngx_http_itinerary_sandbox_names(call, &next.user, doc, &posted)
           != NGX_OK)
    {
        return NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

    out = ngx_http_itinerary_sandbox_document_write(doc, &next.mark);
    if (out == NULL) {
        return NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

    next.document.data = (u_char *) xmlOutputBufferGetContent(out);
    next.document.len = xmlOutputBufferGetSize(out);

    rc = ngx_http_itinerary_sandbox_zone_store(zone, trip, &next, &posted,
                                               poster, call->log);

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

    ngx_http_itinerary_sandbox_document_unset(doc, "ItinLocator");
    ngx_http_itinerary_sandbox_document_unset(doc, "TripId");

    if (ngx_http_itinerary_sandbox_document_set(doc, "DateModifiedUtc",
                                                (char *) now)
        != NGX_OK
        || ngx_http_itinerary_sandbox_default(doc, "BookedVia",
                                         NGX_HTTP_ITINERARY_SANDBOX_BOOKED_VIA)
           != NGX_OK
        || ngx_http_itinerary_sandbox_default(doc, "DateBookedLocal",
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

    next->client_locator = ngx_http_itinerary_sandbox_document_field(doc,
                                                     "ClientLocator") != NULL;
    next->source_name = ngx_http_itinerary_sandbox_document_field(doc,
                                                    "ItinSourceName") != NULL;

    /* posts have a status, only a cancelled trip has none */

    next->cancelled = status.len == 0
                      || (status.len == 1 && status.data[0] == '2');

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_sandbox_default(xmlDocPtr doc, const char *name,
    const char *value)
{
    if (ngx_http_itinerary_sandbox_document_field(doc, name)) {
        return NGX_OK;
    }

    return ngx_http_itinerary_sandbox_document_set(doc, name, value);
}


/* the names of the document's bookings, in its order */

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

        if (ngx_http_itinerary_sandbox_name(call->pool, user, node, &p->digest)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }
}


/*
 * Source and locator are compared without case, and with any white space as a
 * single space: the sandbox takes for one booking whatever an API might.
 */

static ngx_int_t
ngx_http_itinerary_sandbox_name(ngx_pool_t *pool, ngx_str_t *user,
    xmlNodePtr booking, ngx_http_itinerary_sandbox_digest_t *name)
{
    u_char     *p, *data;
    ngx_str_t   source, locator;

    if (ngx_http_itinerary_sandbox_document_text(pool, booking,
                                                 "BookingSource", &source)
        != NGX_OK
        || ngx_http_itinerary_sandbox_document_text(pool, booking,
                                                    "RecordLocator", &locator)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    data = ngx_pnalloc(pool, user->len + 1 + source.len + 1 + locator.len);
    if (data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(data, user->data, user->len);
    *p++ = '\0';
    p = ngx_http_itinerary_sandbox_fold(p, &source);
    *p++ = '\0';
    p = ngx_http_itinerary_sandbox_fold(p, &locator);

    return ngx_http_itinerary_sandbox_digest(data, p - data, name);
}


static u_char *
ngx_http_itinerary_sandbox_fold(u_char *p, ngx_str_t *text)
{
    u_char  c;
    size_t  i;

    for (i = 0; i < text->len; i++) {
        c = text->data[i];

        if (c == ' ' || c == '\t' || c == CR || c == LF) {

            if (p[-1] != ' ') {
                *p++ = ' ';
            }

            continue;
        }

        *p++ = ngx_toupper(c);
    }

    return p;
}


static ngx_int_t
ngx_http_itinerary_sandbox_digest(u_char *data, size_t len,
    ngx_http_itinerary_sandbox_digest_t *digest)
{
    if (EVP_Digest(data, len, digest->bytes, NULL, EVP_sha256(), NULL) != 1) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* the dates of a trip, both 0 where there are none that can be read */

static ngx_int_t
ngx_http_itinerary_sandbox_span(ngx_pool_t *pool, xmlDocPtr doc,
    int64_t *start, int64_t *end)
{
    int64_t     swap;
    ngx_str_t   text;
    xmlNodePtr  root;

    root = xmlDocGetRootElement(doc);

    if (ngx_http_itinerary_sandbox_document_text(pool, root, "StartDateLocal",
                                                 &text)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    *start = ngx_http_itinerary_sandbox_date(&text,
                                        NGX_HTTP_ITINERARY_SANDBOX_DAY_START);

    if (ngx_http_itinerary_sandbox_document_text(pool, root, "EndDateLocal",
                                                 &text)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    *end = ngx_http_itinerary_sandbox_date(&text,
                                          NGX_HTTP_ITINERARY_SANDBOX_DAY_END);

    if (*start == 0) {
        *start = *end;
    }

    if (*end == 0) {
        *end = *start;
    }

    if (*end < *start) {
        swap = *start;
        *start = *end;
        *end = swap;
    }

    return NGX_OK;
}


/*
 * A date as a decimal number that sorts as dates do, 0 if it is none.  What
 * is missing of the time of day is taken from "complete"; fractions and zones
 * are ignored.
 */

static int64_t
ngx_http_itinerary_sandbox_date(ngx_str_t *text, const char *complete)
{
    u_char   c;
    size_t   i;
    int64_t  value;

    if (text->len < sizeof("1970-09-28") - 1) {
        return 0;
    }

    value = 0;

    for (i = 0; complete[i]; i++) {
        c = (i < text->len) ? text->data[i] : (u_char) complete[i];

        if (complete[i] < '0' || complete[i] > '9') {

            if (c != (u_char) complete[i]) {
                return 0;
            }

            continue;
        }

        if (c < '0' || c > '9') {
            return 0;
        }

        value = value * 10 + (c - '0');
    }

    return value;
}


static u_char *
ngx_http_itinerary_sandbox_time(u_char *p, time_t sec)
{
    ngx_tm_t  tm;

    ngx_gmtime(sec, &tm);

    return ngx_sprintf(p, "%4d-%02d-%02dT%02d:%02d:%02d",
                       tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                       tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec);
}
