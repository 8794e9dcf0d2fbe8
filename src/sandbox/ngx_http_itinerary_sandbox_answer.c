
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "ngx_http_itinerary_sandbox_namespace.h"
#include "ngx_http_itinerary_sandbox_id.h"
#include "ngx_http_itinerary_sandbox_kind.h"
#include "ngx_http_itinerary_sandbox_document.h"
#include "ngx_http_itinerary_sandbox_trip.h"
#include "ngx_http_itinerary_sandbox_amounts.h"
#include "ngx_http_itinerary_sandbox_answer.h"


#define NGX_HTTP_ITINERARY_SANDBOX_SOURCE  "TravelSupplier"

#define NGX_HTTP_ITINERARY_SANDBOX_LOCATOR_LEN                                \
    (sizeof("KK-CNQ-1M1P6-5HJ") - 1)

#define ngx_http_itinerary_sandbox_answer_is_user(trip, name)                 \
    ((trip)->user.len == (name)->len                                          \
     && ngx_memcmp((trip)->user.data, (name)->data, (name)->len) == 0)


static ngx_int_t ngx_http_itinerary_sandbox_answer_bookings(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr doc);
static ngx_int_t ngx_http_itinerary_sandbox_answer_view(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlNodePtr node);
static xmlDocPtr ngx_http_itinerary_sandbox_answer_part(xmlNodePtr node);
static ngx_int_t ngx_http_itinerary_sandbox_answer_root(
    ngx_http_itinerary_sandbox_call_t *call, xmlDocPtr doc);
static ngx_int_t ngx_http_itinerary_sandbox_answer_write(
    ngx_http_itinerary_sandbox_call_t *call, xmlDocPtr doc);
static u_char *ngx_http_itinerary_sandbox_answer_locator(u_char *p,
    uint64_t number);


/* by the form's "xmlns" */

static const char  *ngx_http_itinerary_sandbox_answer_xmlns[] = {
    NGX_HTTP_ITINERARY_SANDBOX_XMLNS,
    NGX_HTTP_ITINERARY_SANDBOX_XMLNS,
    NGX_HTTP_ITINERARY_SANDBOX_XMLNS_HTTPS,
    NULL
};


ngx_int_t
ngx_http_itinerary_sandbox_answer_trip(ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr doc, ngx_uint_t full)
{
    u_char       locator[NGX_HTTP_ITINERARY_SANDBOX_LOCATOR_LEN + 1];
    u_char       id[NGX_HTTP_ITINERARY_SANDBOX_ID_LEN + 1];
    u_char      *p, *uri;
    ngx_uint_t   bookings;
    const char  *xmlns;

    uri = ngx_pnalloc(call->pool, call->resource.len + sizeof("/")
                                  + NGX_HTTP_ITINERARY_SANDBOX_ID_LEN);
    if (uri == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(uri, "%V/", &call->resource);
    p = ngx_http_itinerary_sandbox_id(p, trip->number, call->form->opaque);
    *p = '\0';

    *ngx_http_itinerary_sandbox_id(id, trip->number, 0) = '\0';

    if (ngx_http_itinerary_sandbox_document_set(doc, "id", (char *) uri)
        != NGX_OK
        || ngx_http_itinerary_sandbox_document_set(doc, "ItinLocator",
                                                   (char *) id)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (full) {
        *ngx_http_itinerary_sandbox_answer_locator(locator, trip->number)
            = '\0';

        if (ngx_http_itinerary_sandbox_document_default(doc, "ClientLocator",
                                                        (char *) locator)
            != NGX_OK
            || ngx_http_itinerary_sandbox_document_default(doc,
                                             "ItinSourceName",
                                             NGX_HTTP_ITINERARY_SANDBOX_SOURCE)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_http_itinerary_sandbox_answer_bookings(call, trip, doc)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    bookings = call->form->bookings;

    if (bookings == 0 && call->booking) {
        bookings = NGX_HTTP_ITINERARY_SANDBOX_FORM_DIRECT;
    }

    if (bookings == NGX_HTTP_ITINERARY_SANDBOX_FORM_DIRECT
        && ngx_http_itinerary_sandbox_document_unwrap(doc) != NGX_OK)
    {
        return NGX_ERROR;
    }

    xmlns = ngx_http_itinerary_sandbox_answer_xmlns[call->form->xmlns];

    if (call->form->xmlns == 0 && call->booking) {
        xmlns = NGX_HTTP_ITINERARY_SANDBOX_XMLNS_HTTPS;
    }

    if (ngx_http_itinerary_sandbox_rename_ns(xmlDocGetRootElement(doc), xmlns)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_sandbox_answer_write(call, doc);
}


static ngx_int_t
ngx_http_itinerary_sandbox_answer_bookings(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr doc)
{
    xmlNodePtr  node;

    node = NULL;

    for ( ;; ) {
        node = ngx_http_itinerary_sandbox_document_booking(doc, node);
        if (node == NULL) {
            return NGX_OK;
        }

        if (ngx_http_itinerary_sandbox_answer_view(call, trip, node)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }
}


/* leaves of a booking what the caller is shown */

static ngx_int_t
ngx_http_itinerary_sandbox_answer_view(ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlNodePtr node)
{
    ngx_str_t                             *source;
    ngx_http_itinerary_sandbox_booking_t  *booking;

    if (ngx_http_itinerary_sandbox_trip_booking(call, &trip->user, node,
                                                &booking)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!call->form->amounts
        && (booking == NULL
            || ngx_memcmp(&booking->poster, &call->poster,
                          sizeof(booking->poster))
               != 0))
    {
        ngx_http_itinerary_sandbox_amounts_hide(node);
    }

    if (call->form->renamed && booking && booking->kind) {
        source = ngx_http_itinerary_sandbox_kind_source(booking->kind);

        return ngx_http_itinerary_sandbox_document_set_booking(node->doc, node,
                                                     "BookingSource",
                                                     (char *) source->data);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_sandbox_answer_booking(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlNodePtr node)
{
    xmlDocPtr   doc, part;
    ngx_int_t   rc;
    xmlNodePtr  segment;

    rc = NGX_ERROR;
    part = NULL;

    doc = ngx_http_itinerary_sandbox_answer_part(node);

    if (doc == NULL
        || ngx_http_itinerary_sandbox_answer_view(call, trip,
                                                  xmlDocGetRootElement(doc))
           != NGX_OK)
    {
        goto done;
    }

    segment = ngx_http_itinerary_sandbox_document_segment(
                                              xmlDocGetRootElement(doc), NULL);

    if (call->form->booking == NGX_HTTP_ITINERARY_SANDBOX_FORM_SEGMENT
        && segment
        && ngx_http_itinerary_sandbox_is_ours(segment->ns))
    {
        part = ngx_http_itinerary_sandbox_answer_part(segment);
        if (part == NULL) {
            goto done;
        }
    }

    rc = ngx_http_itinerary_sandbox_answer_root(call, part ? part : doc);

done:

    if (part) {
        xmlFreeDoc(part);
    }

    if (doc) {
        xmlFreeDoc(doc);
    }

    return rc;
}


/* a document with a copy of the node as its root */

static xmlDocPtr
ngx_http_itinerary_sandbox_answer_part(xmlNodePtr node)
{
    xmlDocPtr   doc;
    xmlNodePtr  root;

    doc = xmlNewDoc((const xmlChar *) "1.0");
    if (doc == NULL) {
        return NULL;
    }

    root = xmlDocCopyNode(node, doc, 1);

    if (root) {
        (void) xmlDocSetRootElement(doc, root);
    }

    if (root == NULL || ngx_http_itinerary_sandbox_adopt_root(root) != NGX_OK) {
        xmlFreeDoc(doc);
        return NULL;
    }

    return doc;
}


static ngx_int_t
ngx_http_itinerary_sandbox_answer_root(ngx_http_itinerary_sandbox_call_t *call,
    xmlDocPtr doc)
{
    ngx_uint_t   i;
    xmlNodePtr   root;
    const char  *xmlns;

    static struct {
        const char  *prefix;
        const char  *uri;
    } declared[] = {
        { "xsi", "http://www.w3.org/2001/XMLSchema-instance" },
        { "xsd", "http://www.w3.org/2001/XMLSchema" },
        { NULL, NULL }
    };

    root = xmlDocGetRootElement(doc);

    for (i = 0; declared[i].prefix; i++) {

        if (xmlSearchNs(doc, root, (const xmlChar *) declared[i].prefix)) {
            continue;
        }

        if (xmlNewNs(root, (const xmlChar *) declared[i].uri,
                     (const xmlChar *) declared[i].prefix)
            == NULL)
        {
            return NGX_ERROR;
        }
    }

    xmlns = ngx_http_itinerary_sandbox_answer_xmlns[call->form->xmlns];

    if (call->form->xmlns == 0) {
        xmlns = NULL;
    }

    if (ngx_http_itinerary_sandbox_rename_ns(root, xmlns) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_sandbox_answer_write(call, doc);
}


static ngx_int_t
ngx_http_itinerary_sandbox_answer_write(
    ngx_http_itinerary_sandbox_call_t *call, xmlDocPtr doc)
{
    u_char              *p;
    size_t               len;
    xmlOutputBufferPtr   out;

    out = ngx_http_itinerary_sandbox_document_write(doc);
    if (out == NULL) {
        return NGX_ERROR;
    }

    len = xmlOutputBufferGetSize(out);

    p = ngx_pnalloc(call->pool, len + 1);

    if (p) {
        call->answer.data = p;
        call->answer.len = len + 1;

        p = ngx_cpymem(p, xmlOutputBufferGetContent(out), len);
        *p = LF;
    }

    (void) xmlOutputBufferClose(out);

    return p ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_itinerary_sandbox_answer_trips(
    ngx_http_itinerary_sandbox_call_t *call)
{
    size_t                               len;
    u_char                              *p;
    u_char                               text
                                        [NGX_HTTP_ITINERARY_SANDBOX_ID_LEN];
    ngx_str_t                            uri, id;
    const char                          *xmlns;
    ngx_queue_t                         *q;
    ngx_http_itinerary_sandbox_trip_t   *trip;
    ngx_http_itinerary_sandbox_shctx_t  *sh;

    static const char  start[] =
        "<ItineraryInfoList%s%s%s"
        " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
        " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\n";
    static const char  end[] =
        "</ItineraryInfoList>\n";
    static const char  form[] =
        "    <ItineraryInfo>\n"
        "        <TripId>%V</TripId>\n"
        "%V"
        "        <id>%V/%V</id>\n"
        "    </ItineraryInfo>\n";

    uri.len = call->resource.len
              + ngx_escape_html(NULL, call->resource.data,
                                call->resource.len);

    uri.data = ngx_pnalloc(call->pool, uri.len);
    if (uri.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_escape_html(uri.data, call->resource.data, call->resource.len);

    id.data = text;
    sh = call->zone->sh;

    xmlns = ngx_http_itinerary_sandbox_answer_xmlns[call->form->xmlns];

    len = sizeof(start) + sizeof(" xmlns=\"\"")
          + sizeof(NGX_HTTP_ITINERARY_SANDBOX_XMLNS_HTTPS) + sizeof(end);

    for (q = ngx_queue_head(&sh->queue);
         q != ngx_queue_sentinel(&sh->queue);
         q = ngx_queue_next(q))
    {
        trip = ngx_queue_data(q, ngx_http_itinerary_sandbox_trip_t, queue);

        if (ngx_http_itinerary_sandbox_answer_is_user(trip, &call->user)) {
            len += sizeof(form) + trip->summary.len + uri.len
                   + 2 * NGX_HTTP_ITINERARY_SANDBOX_ID_LEN;
        }
    }

    p = ngx_pnalloc(call->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    call->answer.data = p;

    p = ngx_sprintf(p, start, xmlns ? " xmlns=\"" : "", xmlns ? xmlns : "",
                    xmlns ? "\"" : "");

    for (q = ngx_queue_head(&sh->queue);
         q != ngx_queue_sentinel(&sh->queue);
         q = ngx_queue_next(q))
    {
        trip = ngx_queue_data(q, ngx_http_itinerary_sandbox_trip_t, queue);

        if (ngx_http_itinerary_sandbox_answer_is_user(trip, &call->user)) {
            id.len = ngx_http_itinerary_sandbox_id(id.data, trip->number,
                                                   call->form->opaque)
                     - id.data;

            p = ngx_sprintf(p, form, &id, &trip->summary, &uri, &id);
        }
    }

    p = ngx_cpymem(p, end, sizeof(end) - 1);

    call->answer.len = p - call->answer.data;

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_sandbox_answer_summary(ngx_pool_t *pool, xmlDocPtr doc,
    ngx_http_itinerary_sandbox_trip_t *trip)
{
    size_t       len;
    u_char      *p;
    ngx_str_t    text[5];
    ngx_uint_t   i;
    xmlNodePtr   root;

    static const char  *names[] = {
        "TripName",
        "StartDateLocal",
        "EndDateLocal",
        "UserLoginId",
        "DateModifiedUtc"
    };

    static const ngx_uint_t  user = 3;

    root = xmlDocGetRootElement(doc);

    len = 0;

    for (i = 0; i < 5; i++) {

        if (i == user) {
            text[i] = trip->user;

        } else if (ngx_http_itinerary_sandbox_document_text(pool, root,
                                                            names[i],
                                                            &text[i])
                   != NGX_OK)
        {
            return NGX_ERROR;
        }

        len += sizeof("        <></>\n") - 1 + 2 * ngx_strlen(names[i])
               + text[i].len
               + ngx_escape_html(NULL, text[i].data, text[i].len);
    }

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    trip->summary.data = p;

    for (i = 0; i < 5; i++) {

        if (text[i].len == 0) {
            continue;
        }

        p = ngx_sprintf(p, "        <%s>", names[i]);
        p = (u_char *) ngx_escape_html(p, text[i].data, text[i].len);
        p = ngx_sprintf(p, "</%s>\n", names[i]);
    }

    trip->summary.len = p - trip->summary.data;

    return NGX_OK;
}


/* the number in base 36, dressed as the reference's "KK-CNQ-1M1P6-5HJ" */

static u_char *
ngx_http_itinerary_sandbox_answer_locator(u_char *p, uint64_t number)
{
    u_char  *last;

    static const char   digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char   form[] = "KK-CNQ-00000-000";
    static const size_t fixed = sizeof("KK-CNQ-") - 1;

    ngx_memcpy(p, form, sizeof(form) - 1);

    last = p + sizeof(form) - 1;

    for (p = last - 1; p >= last - (sizeof(form) - 1 - fixed); p--) {
        if (*p == '0') {
            *p = digits[number % 36];
            number /= 36;
        }
    }

    return last;
}
