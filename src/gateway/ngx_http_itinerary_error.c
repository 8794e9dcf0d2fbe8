
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_error.h"
#include "itinerary_escape.h"


#define NGX_HTTP_ITINERARY_RETRY_AFTER  "1"   /* seconds */


static ngx_int_t ngx_http_itinerary_error_header(ngx_http_request_t *r,
    char *name, size_t len, char *value);
static ngx_uint_t ngx_http_itinerary_error_is_json(ngx_http_request_t *r);
static ngx_uint_t ngx_http_itinerary_error_quality(u_char *p, u_char *last);
static u_char *ngx_http_itinerary_error_json(u_char *p, u_char *last,
    ngx_str_t *request_id, itinerary_error_t *error);
static u_char *ngx_http_itinerary_error_xml(u_char *p, u_char *last,
    ngx_str_t *request_id, itinerary_error_t *error);


/* the titles of the statuses, RFC 9110, 15 */

static const struct {
    unsigned               status;
    const char            *title;
} ngx_http_itinerary_titles[] = {
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 409, "Conflict" },
    { 413, "Content Too Large" },
    { 415, "Unsupported Media Type" },
    { 422, "Unprocessable Content" },
    { 503, "Service Unavailable" },
    { 0, "" }
};


ngx_int_t
ngx_http_itinerary_error_headers(ngx_http_request_t *r,
    itinerary_reason_e reason)
{
    switch (reason) {

    case ITINERARY_METHOD_NOT_ALLOWED:
        return ngx_http_itinerary_error_header(r, "Allow", 5,
                                               "GET, HEAD, POST");

    case ITINERARY_UNKNOWN_SUPPLIER:
        return ngx_http_itinerary_error_header(r, "WWW-Authenticate", 16,
                                               "Bearer realm=\"itinerary\"");

    case ITINERARY_TRIP_BUSY:
    case ITINERARY_REGISTRY_UNAVAILABLE:
    case ITINERARY_AUDIT_UNAVAILABLE:
        return ngx_http_itinerary_error_header(r, "Retry-After", 11,
                                               NGX_HTTP_ITINERARY_RETRY_AFTER);

    default:
        return NGX_OK;
    }
}


static ngx_int_t
ngx_http_itinerary_error_header(ngx_http_request_t *r, char *name, size_t len,
    char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    h->key.len = len;
    h->key.data = (u_char *) name;
    h->value.len = ngx_strlen(value);
    h->value.data = (u_char *) value;

    return NGX_OK;
}


ngx_buf_t *
ngx_http_itinerary_error_body(ngx_http_request_t *r, ngx_str_t *request_id,
    itinerary_error_t *error, ngx_str_t *type)
{
    size_t      size;
    ngx_buf_t  *b;

    size = 2048 + request_id->len * ITINERARY_ESCAPE_MAX
           + error->ndetails
             * (128 + (ITINERARY_PATH_MAX + ITINERARY_TEXT_MAX)
                      * ITINERARY_ESCAPE_MAX);

    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NULL;
    }

    if (ngx_http_itinerary_error_is_json(r)) {
        ngx_str_set(type, "application/problem+json");
        b->last = ngx_http_itinerary_error_json(b->last, b->end, request_id,
                                                error);

    } else {
        ngx_str_set(type, "application/xml");
        b->last = ngx_http_itinerary_error_xml(b->last, b->end, request_id,
                                               error);
    }

    return b;
}


/*
 * Whether a JSON type has a higher weight than any XML type in Accept
 * (RFC 9110, 12.5.1); an equal one counts where it stands first.
 */

static ngx_uint_t
ngx_http_itinerary_error_is_json(ngx_http_request_t *r)
{
    u_char           *p, *last, *next, *end;
    size_t            len;
    ngx_uint_t        i, q, json, xml, first;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    json = 0;
    xml = 0;
    first = 0;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len != 6
            || ngx_strncasecmp(h[i].key.data, (u_char *) "Accept", 6) != 0)
        {
            continue;
        }

        last = h[i].value.data + h[i].value.len;

        for (p = h[i].value.data; p < last; p = next + 1) {

            next = ngx_strlchr(p, last, ',');

            if (next == NULL) {
                next = last;
            }

            while (p < next && (*p == ' ' || *p == '\t')) {
                p++;
            }

            end = ngx_strlchr(p, next, ';');
            end = end ? end : next;

            while (end > p && (end[-1] == ' ' || end[-1] == '\t')) {
                end--;
            }

            len = end - p;
            q = ngx_http_itinerary_error_quality(end, next);

            if (len >= 4
                && ngx_strncasecmp(end - 4, (u_char *) "json", 4) == 0)
            {
                if (q > json) {
                    json = q;
                    first = first ? first : 1;
                }

            } else if ((len >= 3
                        && ngx_strncasecmp(end - 3, (u_char *) "xml", 3) == 0)
                       || (len >= 2 && end[-1] == '*' && end[-2] == '/'))
            {
                if (q > xml) {
                    xml = q;
                    first = first ? first : 2;
                }
            }
        }
    }

    return json > xml || (json && json == xml && first == 1);
}


/* the weight in thousandths; 1000 where there is none */

static ngx_uint_t
ngx_http_itinerary_error_quality(u_char *p, u_char *last)
{
    ngx_uint_t  q, unit;

    for ( /* void */ ; last - p > 2; p++) {

        if ((p[0] != 'q' && p[0] != 'Q') || p[1] != '='
            || (p[-1] != ';' && p[-1] != ' '))
        {
            continue;
        }

        p += 2;

        q = *p == '1' ? 1000 : 0;
        unit = 100;

        for (p++; p < last && unit && q < 1000; p++) {

            if (*p >= '0' && *p <= '9') {
                q += (*p - '0') * unit;
                unit /= 10;
            }
        }

        return q;
    }

    return 1000;
}


static u_char *
ngx_http_itinerary_error_json(u_char *p, u_char *last, ngx_str_t *request_id,
    itinerary_error_t *error)
{
    ngx_uint_t                 i;
    itinerary_str_t            text;
    itinerary_detail_t        *detail;
    const itinerary_reason_t  *reason;

    reason = itinerary_reason(error->reason);

    for (i = 0; ngx_http_itinerary_titles[i].status; i++) {
        if (ngx_http_itinerary_titles[i].status == reason->status) {
            break;
        }
    }

    p = ngx_slprintf(p, last, "{\"type\":\"about:blank\",\"title\":\"%s\","
                     "\"status\":%ui,\"detail\":\"",
                     ngx_http_itinerary_titles[i].title,
                     (ngx_uint_t) reason->status);
    p = itinerary_escape_json(p, last, &reason->message);
    p = ngx_slprintf(p, last, "\",\"code\":\"%*s\",\"request_id\":\"",
                     reason->code.len, reason->code.data);

    text = ngx_http_itinerary_core_text(request_id);
    p = itinerary_escape_json(p, last, &text);

    p = ngx_slprintf(p, last, "\",\"details\":[");

    for (detail = error->details; detail; detail = detail->next) {

        p = ngx_slprintf(p, last, "%s{",
                         detail == error->details ? "" : ",");

        if (detail->path[0]) {
            text.data = (u_char *) detail->path;
            text.len = ngx_strlen(detail->path);

            p = ngx_slprintf(p, last, "\"path\":\"");
            p = itinerary_escape_json(p, last, &text);
            p = ngx_slprintf(p, last, "\",");
        }

        if (detail->line) {
            p = ngx_slprintf(p, last, "\"line\":%ui,",
                             (ngx_uint_t) detail->line);
        }

        text.data = (u_char *) detail->text;
        text.len = ngx_strlen(detail->text);

        p = ngx_slprintf(p, last, "\"detail\":\"");
        p = itinerary_escape_json(p, last, &text);
        p = ngx_slprintf(p, last, "\"}");
    }

    return ngx_slprintf(p, last, "]}\n");
}


static u_char *
ngx_http_itinerary_error_xml(u_char *p, u_char *last, ngx_str_t *request_id,
    itinerary_error_t *error)
{
    itinerary_str_t            text;
    itinerary_detail_t        *detail;
    const itinerary_reason_t  *reason;

    reason = itinerary_reason(error->reason);

    p = ngx_slprintf(p, last, "<Error><Code>%*s</Code><Message>",
                     reason->code.len, reason->code.data);
    p = itinerary_escape_xml(p, last, &reason->message);
    p = ngx_slprintf(p, last, "</Message><RequestId>");

    text = ngx_http_itinerary_core_text(request_id);
    p = itinerary_escape_xml(p, last, &text);

    p = ngx_slprintf(p, last, "</RequestId><Details>");

    for (detail = error->details; detail; detail = detail->next) {

        p = ngx_slprintf(p, last, "<Detail");

        if (detail->path[0]) {
            text.data = (u_char *) detail->path;
            text.len = ngx_strlen(detail->path);

            p = ngx_slprintf(p, last, " path=\"");
            p = itinerary_escape_xml(p, last, &text);
            p = ngx_slprintf(p, last, "\"");
        }

        if (detail->line) {
            p = ngx_slprintf(p, last, " line=\"%ui\"",
                             (ngx_uint_t) detail->line);
        }

        text.data = (u_char *) detail->text;
        text.len = ngx_strlen(detail->text);

        p = ngx_slprintf(p, last, ">");
        p = itinerary_escape_xml(p, last, &text);
        p = ngx_slprintf(p, last, "</Detail>");
    }

    return ngx_slprintf(p, last, "</Details></Error>\n");
}
