
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_itinerary_sandbox_answer.h"


#define NGX_HTTP_ITINERARY_SANDBOX_SOURCE  "TravelSupplier"

#define NGX_HTTP_ITINERARY_SANDBOX_LOCATOR_LEN                                \
    (sizeof("KK-CNQ-1M1P6-5HJ") - 1)

#define ngx_http_itinerary_sandbox_answer_is_user(trip, name)                 \
    ((trip)->user.len == (name)->len                                          \
     && ngx_memcmp((trip)->user.data, (name)->data, (name)->len) == 0)


static u_char *ngx_http_itinerary_sandbox_answer_locator(u_char *p,
    uint64_t number);


ngx_int_t
ngx_http_itinerary_sandbox_answer_trip(ngx_pool_t *pool,
    ngx_http_itinerary_sandbox_trip_t *trip, ngx_str_t *resource,
    ngx_uint_t full, ngx_str_t *answer)
{
    size_t      len, rest;
    u_char     *p, *mark;
    ngx_str_t   indent;

    mark = trip->document.data + trip->mark;

    indent.data = mark;
    indent.len = 0;

    while (indent.data[-1] != '>') {
        indent.data--;
        indent.len++;
    }

    rest = trip->document.len - trip->mark
           - (sizeof(NGX_HTTP_ITINERARY_SANDBOX_MARK) - 1);

    len = trip->document.len
          + sizeof("<id>/</id>" "<ItinLocator></ItinLocator>"
                   "<ClientLocator></ClientLocator>"
                   "<ItinSourceName></ItinSourceName>\n"
                   NGX_HTTP_ITINERARY_SANDBOX_SOURCE)
          + resource->len
          + 2 * NGX_HTTP_ITINERARY_SANDBOX_ID_LEN
          + NGX_HTTP_ITINERARY_SANDBOX_LOCATOR_LEN
          + 3 * indent.len;

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    answer->data = p;

    p = ngx_cpymem(p, trip->document.data, trip->mark);
    p = ngx_sprintf(p, "<id>%V/" NGX_HTTP_ITINERARY_SANDBOX_ID "</id>%V"
                       "<ItinLocator>" NGX_HTTP_ITINERARY_SANDBOX_ID
                       "</ItinLocator>",
                    resource, trip->number, &indent, trip->number);

    if (full && !trip->client_locator) {
        p = ngx_sprintf(p, "%V<ClientLocator>", &indent);
        p = ngx_http_itinerary_sandbox_answer_locator(p, trip->number);
        p = ngx_sprintf(p, "</ClientLocator>");
    }

    if (full && !trip->source_name) {
        p = ngx_sprintf(p, "%V<ItinSourceName>"
                           NGX_HTTP_ITINERARY_SANDBOX_SOURCE
                           "</ItinSourceName>", &indent);
    }

    p = ngx_cpymem(p, mark + sizeof(NGX_HTTP_ITINERARY_SANDBOX_MARK) - 1,
                   rest);
    *p++ = LF;

    answer->len = p - answer->data;

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_sandbox_answer_trips(ngx_pool_t *pool,
    ngx_http_itinerary_sandbox_zone_t *zone, ngx_str_t *user,
    ngx_str_t *resource, ngx_str_t *answer)
{
    size_t                               len;
    u_char                              *p;
    ngx_queue_t                         *q;
    ngx_http_itinerary_sandbox_trip_t   *trip;
    ngx_http_itinerary_sandbox_shctx_t  *sh;

    static const char  start[] =
        "<ItineraryInfoList xmlns=\"" NGX_HTTP_ITINERARY_SANDBOX_XMLNS "\""
        " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
        " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\n";
    static const char  end[] =
        "</ItineraryInfoList>\n";
    static const char  form[] =
        "    <ItineraryInfo>\n"
        "%V"
        "        <id>%V/" NGX_HTTP_ITINERARY_SANDBOX_ID "</id>\n"
        "    </ItineraryInfo>\n";

    sh = zone->sh;

    len = sizeof(start) - 1 + sizeof(end) - 1;

    for (q = ngx_queue_head(&sh->queue);
         q != ngx_queue_sentinel(&sh->queue);
         q = ngx_queue_next(q))
    {
        trip = ngx_queue_data(q, ngx_http_itinerary_sandbox_trip_t, queue);

        if (ngx_http_itinerary_sandbox_answer_is_user(trip, user)) {
            len += sizeof(form) + trip->summary.len + resource->len
                   + NGX_HTTP_ITINERARY_SANDBOX_ID_LEN;
        }
    }

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    answer->data = p;

    p = ngx_cpymem(p, start, sizeof(start) - 1);

    for (q = ngx_queue_head(&sh->queue);
         q != ngx_queue_sentinel(&sh->queue);
         q = ngx_queue_next(q))
    {
        trip = ngx_queue_data(q, ngx_http_itinerary_sandbox_trip_t, queue);

        if (ngx_http_itinerary_sandbox_answer_is_user(trip, user)) {
            p = ngx_sprintf(p, form, &trip->summary, resource, trip->number);
        }
    }

    p = ngx_cpymem(p, end, sizeof(end) - 1);

    answer->len = p - answer->data;

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_sandbox_answer_summary(ngx_pool_t *pool, xmlDocPtr doc,
    ngx_http_itinerary_sandbox_trip_t *trip)
{
    size_t        len;
    u_char       *p;
    ngx_str_t     text[5];
    ngx_uint_t    i;
    xmlNodePtr    root;

    static const char  *names[] = {
        "TripName",
        "StartDateLocal",
        "EndDateLocal",
        "UserLoginId",
        "DateModifiedUtc"
    };

    static const ngx_uint_t  user = 3;

    root = xmlDocGetRootElement(doc);

    len = sizeof("        <TripId></TripId>\n") - 1
          + NGX_HTTP_ITINERARY_SANDBOX_ID_LEN;

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

    p = ngx_sprintf(p, "        <TripId>" NGX_HTTP_ITINERARY_SANDBOX_ID
                       "</TripId>\n", trip->number);

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
