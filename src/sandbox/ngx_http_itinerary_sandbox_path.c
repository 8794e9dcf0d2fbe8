
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_itinerary_sandbox_path.h"


static u_char *ngx_http_itinerary_sandbox_version(u_char *p, u_char *last);
static ngx_int_t ngx_http_itinerary_sandbox_unescape(ngx_pool_t *pool,
    u_char *start, u_char *end, ngx_str_t *text);


/* what a path means, by what follows the resource */

static struct {
    ngx_str_t                           resource;
    ngx_http_itinerary_sandbox_path_e   alone;
    ngx_http_itinerary_sandbox_path_e   other;
    ngx_http_itinerary_sandbox_path_e   cancel;
    ngx_http_itinerary_sandbox_path_e   get_trips;
} ngx_http_itinerary_sandbox_resources[] = {

    { ngx_string("/trip/v"),
      NGX_HTTP_ITINERARY_SANDBOX_TRIPS,
      NGX_HTTP_ITINERARY_SANDBOX_TRIP,
      NGX_HTTP_ITINERARY_SANDBOX_CANCEL,
      NGX_HTTP_ITINERARY_SANDBOX_GET_TRIPS },

    { ngx_string("/booking/v"),
      NGX_HTTP_ITINERARY_SANDBOX_BOOKINGS,
      NGX_HTTP_ITINERARY_SANDBOX_NOTHING,
      NGX_HTTP_ITINERARY_SANDBOX_CANCEL_BOOKING,
      NGX_HTTP_ITINERARY_SANDBOX_NOTHING },

    { ngx_null_string, 0, 0, 0, 0 }
};


ngx_http_itinerary_sandbox_path_e
ngx_http_itinerary_sandbox_path(ngx_http_request_t *r, ngx_str_t *resource,
    ngx_str_t *id)
{
    u_char      *p, *last, *end;
    ngx_str_t   *name;
    ngx_uint_t   i;

    static const char  cancel[] = "cancel";
    static const char  get_trips[] = "GetTrips";

    ngx_str_null(id);

    end = r->uri.data + r->uri.len;

    for (p = end; p > r->uri.data; /* void */ ) {

        p--;

        for (i = 0; /* void */ ; i++) {

            name = &ngx_http_itinerary_sandbox_resources[i].resource;

            if (name->len == 0) {
                break;
            }

            if ((size_t) (end - p) <= name->len
                || ngx_strncasecmp(p, name->data, name->len) != 0)
            {
                continue;
            }

            last = ngx_http_itinerary_sandbox_version(p + name->len, end);

            if (last) {
                goto found;
            }
        }
    }

    return NGX_HTTP_ITINERARY_SANDBOX_NOTHING;

found:

    resource->data = r->uri.data;
    resource->len = last - r->uri.data;

    if (last < end) {
        last++;
    }

    id->data = last;
    id->len = end - last;

    if (id->len == 0) {
        return ngx_http_itinerary_sandbox_resources[i].alone;
    }

    if (ngx_strlchr(last, end, '/')) {
        return NGX_HTTP_ITINERARY_SANDBOX_NOTHING;
    }

    if (id->len == sizeof(cancel) - 1
        && ngx_strncasecmp(id->data, (u_char *) cancel, id->len) == 0)
    {
        return ngx_http_itinerary_sandbox_resources[i].cancel;
    }

    if (id->len == sizeof(get_trips) - 1
        && ngx_strncasecmp(id->data, (u_char *) get_trips, id->len) == 0)
    {
        return ngx_http_itinerary_sandbox_resources[i].get_trips;
    }

    return ngx_http_itinerary_sandbox_resources[i].other;
}


/* digits, optionally with a period and digits, as a whole segment */

static u_char *
ngx_http_itinerary_sandbox_version(u_char *p, u_char *last)
{
    u_char      *start;
    ngx_uint_t   parts;

    for (parts = 0; parts < 2; parts++) {

        start = p;

        while (p < last && *p >= '0' && *p <= '9') {
            p++;
        }

        if (p == start) {
            return NULL;
        }

        if (p == last || *p == '/') {
            return p;
        }

        if (*p++ != '.') {
            return NULL;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_itinerary_sandbox_arg(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value)
{
    u_char     *p, *last, *end, *equals;
    ngx_str_t   text;

    ngx_str_null(value);

    p = r->args.data;
    last = p + r->args.len;

    while (p < last) {

        end = ngx_strlchr(p, last, '&');
        if (end == NULL) {
            end = last;
        }

        equals = ngx_strlchr(p, end, '=');

        if (equals) {

            if (ngx_http_itinerary_sandbox_unescape(r->pool, p, equals, &text)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            if (text.len == name->len
                && ngx_strncasecmp(text.data, name->data, name->len) == 0)
            {
                return ngx_http_itinerary_sandbox_unescape(r->pool, equals + 1,
                                                           end, value);
            }
        }

        p = end + 1;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_sandbox_unescape(ngx_pool_t *pool, u_char *start,
    u_char *end, ngx_str_t *text)
{
    u_char  *dst, *src;

    text->data = ngx_pnalloc(pool, end - start + 1);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    dst = text->data;
    src = start;

    ngx_unescape_uri(&dst, &src, end - start, 0);

    *dst = '\0';
    text->len = dst - text->data;

    return NGX_OK;
}
