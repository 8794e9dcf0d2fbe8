
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


ngx_int_t
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


ngx_int_t
ngx_http_itinerary_sandbox_span_booking(ngx_pool_t *pool, xmlNodePtr booking,
    int64_t *start, int64_t *end, ngx_str_t *first, ngx_str_t *last)
{
    int64_t     date;
    ngx_str_t   text[2];
    ngx_uint_t  i;
    xmlNodePtr  segment;

    *start = 0;
    *end = 0;

    segment = NULL;

    for ( ;; ) {
        segment = ngx_http_itinerary_sandbox_document_segment(booking,
                                                              segment);
        if (segment == NULL) {
            return NGX_OK;
        }

        if (ngx_http_itinerary_sandbox_document_text(pool, segment,
                                                     "StartDateLocal",
                                                     &text[0])
            != NGX_OK
            || ngx_http_itinerary_sandbox_document_text(pool, segment,
                                                        "EndDateLocal",
                                                        &text[1])
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        /* either of them may be missing, or be before the other */

        for (i = 0; i < 2; i++) {

            date = ngx_http_itinerary_sandbox_date(&text[i],
                                        NGX_HTTP_ITINERARY_SANDBOX_DAY_START);

            if (date && (*start == 0 || date < *start)) {
                *start = date;
                *first = text[i];
            }

            date = ngx_http_itinerary_sandbox_date(&text[i],
                                          NGX_HTTP_ITINERARY_SANDBOX_DAY_END);

            if (date > *end) {
                *end = date;
                *last = text[i];
            }
        }
    }
}


int64_t
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


u_char *
ngx_http_itinerary_sandbox_time(u_char *p, time_t sec)
{
    ngx_tm_t  tm;

    ngx_gmtime(sec, &tm);

    return ngx_sprintf(p, "%4d-%02d-%02dT%02d:%02d:%02d",
                       tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                       tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec);
}
