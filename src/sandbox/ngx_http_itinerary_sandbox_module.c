
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The sandbox makes a location be the documented trip resource, so that the
 * gateway can be tried, and a supplier's client written, without the API.  On
 * purpose it guards nothing: whatever reaches it, happens.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/xmlstring.h>

#include "ngx_http_itinerary_sandbox_document.h"
#include "ngx_http_itinerary_sandbox_zone.h"
#include "ngx_http_itinerary_sandbox_trips.h"


#define NGX_HTTP_ITINERARY_SANDBOX_PAGES  8

/* the traveler of those who name none */

#define NGX_HTTP_ITINERARY_SANDBOX_TRAVELER  "traveler@example.com"


typedef struct {
    ngx_shm_zone_t            *shm_zone;
} ngx_http_itinerary_sandbox_loc_conf_t;


typedef enum {
    NGX_HTTP_ITINERARY_SANDBOX_TRIPS = 0,
    NGX_HTTP_ITINERARY_SANDBOX_TRIP,
    NGX_HTTP_ITINERARY_SANDBOX_CANCEL,
    NGX_HTTP_ITINERARY_SANDBOX_GET_TRIPS,
    NGX_HTTP_ITINERARY_SANDBOX_NOTHING
} ngx_http_itinerary_sandbox_path_e;


typedef struct {
    ngx_uint_t                 status;
    ngx_str_t                  code;
    ngx_str_t                  message;
} ngx_http_itinerary_sandbox_error_t;


static ngx_int_t ngx_http_itinerary_sandbox_handler(ngx_http_request_t *r);
static void ngx_http_itinerary_sandbox_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_itinerary_sandbox_run(ngx_http_request_t *r);
static ngx_http_itinerary_sandbox_path_e ngx_http_itinerary_sandbox_path(
    ngx_http_request_t *r, ngx_str_t *resource, ngx_str_t *id);
static u_char *ngx_http_itinerary_sandbox_version(u_char *p, u_char *last);
static ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_call(
    ngx_http_request_t *r, ngx_str_t *path,
    ngx_http_itinerary_sandbox_call_t *call);
static ngx_int_t ngx_http_itinerary_sandbox_resource(ngx_http_request_t *r,
    ngx_str_t *path, ngx_str_t *resource);
static ngx_int_t ngx_http_itinerary_sandbox_arg(ngx_http_request_t *r,
    ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_itinerary_sandbox_unescape(ngx_pool_t *pool,
    u_char *start, u_char *end, ngx_str_t *text);
static ngx_int_t ngx_http_itinerary_sandbox_body(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_itinerary_sandbox_error(ngx_http_request_t *r,
    ngx_http_itinerary_sandbox_result_e result);
static ngx_int_t ngx_http_itinerary_sandbox_allow(ngx_http_request_t *r,
    ngx_str_t *allow);
static ngx_int_t ngx_http_itinerary_sandbox_send(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *text);
static void *ngx_http_itinerary_sandbox_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_itinerary_sandbox_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_http_itinerary_sandbox(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_itinerary_sandbox_commands[] = {

    /*
     * Syntax:   itinerary_sandbox <zone size>;
     * Default:  none
     * Context:  location
     *
     * The location becomes the trip resource of the itinerary API.  Any
     * prefix does ("/api/", "/api/travel/trip/v1.1"): the operation is told
     * from the path's last segments, "trip/v<N>" and what follows.
     *
     *     location /api/travel/ {
     *         itinerary_sandbox 1m;
     *     }
     *
     * The trips live in a shared memory zone of that size, at least 8 pages
     * (32k where a page has 4k).  It is the location's own, is named after
     * the location, survives a reload, and is emptied by a restart or by
     * another size; a megabyte holds some 200 trips as large as the
     * reference's example.  A full zone answers 507, and says so in the log.
     *
     * All callers share one traveler; the argument "userid_value" names
     * another.  The "Authorization" header, whatever it is, tells callers
     * apart; only its digest is kept.  "client_max_body_size" applies.
     */

    { ngx_string("itinerary_sandbox"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_itinerary_sandbox,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_itinerary_sandbox_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_itinerary_sandbox_create_loc_conf, /* create location
                                                   configuration */
    ngx_http_itinerary_sandbox_merge_loc_conf   /* merge location
                                                   configuration */
};


ngx_module_t  ngx_http_itinerary_sandbox_module = {
    NGX_MODULE_V1,
    &ngx_http_itinerary_sandbox_module_ctx, /* module context */
    ngx_http_itinerary_sandbox_commands,   /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* by path: what it can be asked, and how that is told who asks otherwise */

static struct {
    ngx_uint_t                 methods;
    ngx_str_t                  allow;
} ngx_http_itinerary_sandbox_methods[] = {
    { NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST,
      ngx_string("GET, HEAD, POST") },                 /* trips */
    { NGX_HTTP_GET|NGX_HTTP_HEAD,
      ngx_string("GET, HEAD") },                       /* trip */
    { NGX_HTTP_POST,
      ngx_string("POST") },                            /* cancel */
    { NGX_HTTP_POST,
      ngx_string("POST") }                             /* GetTrips */
};


/* in the order of ngx_http_itinerary_sandbox_result_e */

static ngx_http_itinerary_sandbox_error_t
    ngx_http_itinerary_sandbox_errors[] =
{
    { NGX_HTTP_OK, ngx_null_string, ngx_null_string },

    { NGX_HTTP_INTERNAL_SERVER_ERROR,
      ngx_string("failed"),
      ngx_string("The sandbox failed.") },

    { NGX_HTTP_BAD_REQUEST,
      ngx_string("malformed_body"),
      ngx_string("The body is not a well-formed XML document.") },

    { NGX_HTTP_BAD_REQUEST,
      ngx_string("doctype_forbidden"),
      ngx_string("The document has a DOCTYPE.") },

    { NGX_HTTP_BAD_REQUEST,
      ngx_string("invalid_document"),
      ngx_string("The document is not an Itinerary.") },

    { NGX_HTTP_BAD_REQUEST,
      ngx_string("invalid_document"),
      ngx_string("The document has a namespace that cannot be kept.") },

    { NGX_HTTP_BAD_REQUEST,
      ngx_string("missing_trip_name"),
      ngx_string("The trip has no TripName.") },

    { NGX_HTTP_BAD_REQUEST,
      ngx_string("missing_trip_status"),
      ngx_string("The trip has no TripStatus.") },

    { NGX_HTTP_BAD_REQUEST,
      ngx_string("missing_booking_source"),
      ngx_string("A booking has no BookingSource.") },

    { NGX_HTTP_BAD_REQUEST,
      ngx_string("missing_record_locator"),
      ngx_string("A booking has no RecordLocator.") },

    { NGX_HTTP_BAD_REQUEST,
      ngx_string("missing_trip_id"),
      ngx_string("The argument tripId says which trip to cancel.") },

    { NGX_HTTP_BAD_REQUEST,
      ngx_string("bad_user"),
      ngx_string("The argument userid_value is not text.") },

    { NGX_HTTP_NOT_FOUND,
      ngx_string("unknown_trip"),
      ngx_string("There is no such trip.") },

    { NGX_HTTP_NOT_FOUND,
      ngx_string("unknown_path"),
      ngx_string("There is no such resource.") },

    { NGX_HTTP_NOT_ALLOWED,
      ngx_string("method_not_allowed"),
      ngx_string("The resource does not have this method.") },

    { NGX_HTTP_INSUFFICIENT_STORAGE,
      ngx_string("zone_full"),
      ngx_string("The sandbox is full.") }
};


static ngx_str_t  ngx_http_itinerary_sandbox_trip_id = ngx_string("tripid");
static ngx_str_t  ngx_http_itinerary_sandbox_user =
                                                  ngx_string("userid_value");


static ngx_int_t
ngx_http_itinerary_sandbox_handler(ngx_http_request_t *r)
{
    ngx_int_t                            rc;
    ngx_str_t                            resource, id;
    ngx_http_itinerary_sandbox_path_e    path;
    ngx_http_itinerary_sandbox_result_e  result;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "itinerary sandbox handler: \"%V\"", &r->uri);

    path = ngx_http_itinerary_sandbox_path(r, &resource, &id);

    result = NGX_HTTP_ITINERARY_SANDBOX_OK;

    if (path == NGX_HTTP_ITINERARY_SANDBOX_NOTHING) {
        result = NGX_HTTP_ITINERARY_SANDBOX_UNKNOWN_PATH;

    } else if (!(r->method
                 & ngx_http_itinerary_sandbox_methods[path].methods))
    {
        result = NGX_HTTP_ITINERARY_SANDBOX_METHOD;

        if (ngx_http_itinerary_sandbox_allow(r,
                              &ngx_http_itinerary_sandbox_methods[path].allow)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

    } else if (r->method == NGX_HTTP_POST) {

        rc = ngx_http_read_client_request_body(r,
                                     ngx_http_itinerary_sandbox_body_handler);

        return (rc >= NGX_HTTP_SPECIAL_RESPONSE) ? rc : NGX_DONE;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (result != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        return ngx_http_itinerary_sandbox_error(r, result);
    }

    return ngx_http_itinerary_sandbox_run(r);
}


static void
ngx_http_itinerary_sandbox_body_handler(ngx_http_request_t *r)
{
    ngx_http_finalize_request(r, ngx_http_itinerary_sandbox_run(r));
}


static ngx_int_t
ngx_http_itinerary_sandbox_run(ngx_http_request_t *r)
{
    ngx_str_t                               body, resource, id;
    ngx_shm_zone_t                         *shm_zone;
    ngx_http_itinerary_sandbox_call_t       call;
    ngx_http_itinerary_sandbox_path_e       path;
    ngx_http_itinerary_sandbox_result_e     result;
    ngx_http_itinerary_sandbox_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_itinerary_sandbox_module);
    shm_zone = slcf->shm_zone;

    path = ngx_http_itinerary_sandbox_path(r, &resource, &id);

    if (path != NGX_HTTP_ITINERARY_SANDBOX_TRIP
        && ngx_http_itinerary_sandbox_arg(r,
                                      &ngx_http_itinerary_sandbox_trip_id, &id)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    result = ngx_http_itinerary_sandbox_call(r, &resource, &call);

    if (result != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        return ngx_http_itinerary_sandbox_error(r, result);
    }

    if (path == NGX_HTTP_ITINERARY_SANDBOX_CANCEL) {

        result = NGX_HTTP_ITINERARY_SANDBOX_TRIP_ID;

        if (id.len) {
            result = ngx_http_itinerary_sandbox_cancel(shm_zone, &call, &id);
        }

    } else if (path == NGX_HTTP_ITINERARY_SANDBOX_TRIPS
               && r->method == NGX_HTTP_POST)
    {
        if (ngx_http_itinerary_sandbox_body(r, &body) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        result = ngx_http_itinerary_sandbox_post(shm_zone, &call, &id, &body);

    } else if (path == NGX_HTTP_ITINERARY_SANDBOX_GET_TRIPS || id.len == 0) {
        result = ngx_http_itinerary_sandbox_summaries(shm_zone, &call);

    } else {
        result = ngx_http_itinerary_sandbox_details(shm_zone, &call, &id);
    }

    if (result != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        return ngx_http_itinerary_sandbox_error(r, result);
    }

    return ngx_http_itinerary_sandbox_send(r, NGX_HTTP_OK, &call.answer);
}


/*
 * The last ".../trip/v<N>" of the path that ends there, or before one more
 * segment.  Letter case is ignored, as some servers do, so that a gateway
 * that thought otherwise is found out.
 */

static ngx_http_itinerary_sandbox_path_e
ngx_http_itinerary_sandbox_path(ngx_http_request_t *r, ngx_str_t *resource,
    ngx_str_t *id)
{
    u_char  *p, *last, *end;

    static const char  trip[] = "/trip/v";
    static const char  cancel[] = "cancel";
    static const char  get_trips[] = "GetTrips";

    ngx_str_null(id);

    end = r->uri.data + r->uri.len;
    last = NULL;

    if (r->uri.len < sizeof(trip) - 1) {
        return NGX_HTTP_ITINERARY_SANDBOX_NOTHING;
    }

    for (p = end - (sizeof(trip) - 1); p >= r->uri.data; p--) {

        if (ngx_strncasecmp(p, (u_char *) trip, sizeof(trip) - 1) == 0) {
            last = ngx_http_itinerary_sandbox_version(p + sizeof(trip) - 1,
                                                      end);
            if (last) {
                break;
            }
        }
    }

    if (last == NULL) {
        return NGX_HTTP_ITINERARY_SANDBOX_NOTHING;
    }

    resource->data = r->uri.data;
    resource->len = last - r->uri.data;

    if (last < end) {
        last++;
    }

    id->data = last;
    id->len = end - last;

    if (id->len == 0) {
        return NGX_HTTP_ITINERARY_SANDBOX_TRIPS;
    }

    if (ngx_strlchr(last, end, '/')) {
        return NGX_HTTP_ITINERARY_SANDBOX_NOTHING;
    }

    if (id->len == sizeof(cancel) - 1
        && ngx_strncasecmp(id->data, (u_char *) cancel, id->len) == 0)
    {
        return NGX_HTTP_ITINERARY_SANDBOX_CANCEL;
    }

    if (id->len == sizeof(get_trips) - 1
        && ngx_strncasecmp(id->data, (u_char *) get_trips, id->len) == 0)
    {
        return NGX_HTTP_ITINERARY_SANDBOX_GET_TRIPS;
    }

    return NGX_HTTP_ITINERARY_SANDBOX_TRIP;
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


static ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_call(ngx_http_request_t *r, ngx_str_t *path,
    ngx_http_itinerary_sandbox_call_t *call)
{
    size_t   i;
    u_char  *user;

    ngx_memzero(call, sizeof(ngx_http_itinerary_sandbox_call_t));

    call->pool = r->pool;
    call->log = r->connection->log;

    if (r->headers_in.authorization) {
        call->poster = r->headers_in.authorization->value;
    }

    if (ngx_http_itinerary_sandbox_resource(r, path, &call->resource)
        != NGX_OK
        || ngx_http_itinerary_sandbox_arg(r, &ngx_http_itinerary_sandbox_user,
                                          &call->user)
           != NGX_OK)
    {
        return NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

    if (call->user.len == 0) {
        ngx_str_set(&call->user, NGX_HTTP_ITINERARY_SANDBOX_TRAVELER);
        return NGX_HTTP_ITINERARY_SANDBOX_OK;
    }

    /* the name is shown in the summaries */

    user = call->user.data;

    for (i = 0; i < call->user.len; i++) {
        if (user[i] < 0x20) {
            return NGX_HTTP_ITINERARY_SANDBOX_USER;
        }
    }

    return xmlCheckUTF8(user) ? NGX_HTTP_ITINERARY_SANDBOX_OK
                              : NGX_HTTP_ITINERARY_SANDBOX_USER;
}


static ngx_int_t
ngx_http_itinerary_sandbox_resource(ngx_http_request_t *r, ngx_str_t *path,
    ngx_str_t *resource)
{
    size_t                     len;
    u_char                    *p, *uri;
    ngx_str_t                  host, scheme;
    ngx_http_core_srv_conf_t  *cscf;

    ngx_str_set(&scheme, "http");

#if (NGX_HTTP_SSL)

    if (r->connection->ssl) {
        ngx_str_set(&scheme, "https");
    }

#endif

    if (r->headers_in.host) {
        host = r->headers_in.host->value;

    } else if (r->headers_in.server.len) {
        host = r->headers_in.server;

    } else {
        cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
        host = cscf->server_name;
    }

    /* first the escapes of a URI, then those of XML */

    uri = ngx_pnalloc(r->pool, scheme.len + 3 + 3 * (host.len + path->len));
    if (uri == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(uri, "%V://", &scheme);
    p = (u_char *) ngx_escape_uri(p, host.data, host.len, NGX_ESCAPE_URI);
    p = (u_char *) ngx_escape_uri(p, path->data, path->len, NGX_ESCAPE_URI);

    len = p - uri;

    resource->len = len + ngx_escape_html(NULL, uri, len);
    resource->data = ngx_pnalloc(r->pool, resource->len);
    if (resource->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_escape_html(resource->data, uri, len);

    return NGX_OK;
}


/*
 * The first argument of that name, which is in lower case: other than with
 * ngx_http_arg(), names may be escaped, too.  Empty where there is none.
 */

static ngx_int_t
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


static ngx_int_t
ngx_http_itinerary_sandbox_body(ngx_http_request_t *r, ngx_str_t *body)
{
    off_t         len;
    u_char       *p;
    size_t        size;
    ssize_t       n;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    ngx_str_null(body);

    if (r->request_body == NULL) {
        return NGX_OK;
    }

    len = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
    }

    if (len == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, (size_t) len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;
    body->len = (size_t) len;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {

        b = cl->buf;
        size = (size_t) ngx_buf_size(b);

        if (ngx_buf_in_memory(b)) {
            p = ngx_cpymem(p, b->pos, size);
            continue;
        }

        if (!b->in_file) {
            continue;
        }

        n = ngx_read_file(b->file, p, size, b->file_pos);

        if (n != (ssize_t) size) {
            ngx_log_error(NGX_LOG_CRIT, r->connection->log, 0,
                          "itinerary sandbox: only %z of %uz bytes read from "
                          "\"%V\"", n, size, &b->file->name);
            return NGX_ERROR;
        }

        p += size;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_sandbox_error(ngx_http_request_t *r,
    ngx_http_itinerary_sandbox_result_e result)
{
    u_char                              *p;
    ngx_str_t                            text;
    ngx_http_itinerary_sandbox_error_t  *error;

    static const char  form[] = "<Error>\n"
                                "    <Code>%V</Code>\n"
                                "    <Message>%V</Message>\n"
                                "</Error>\n";

    error = &ngx_http_itinerary_sandbox_errors[result];

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "itinerary sandbox error: %ui \"%V\"",
                   error->status, &error->code);

    p = ngx_pnalloc(r->pool,
                    sizeof(form) + error->code.len + error->message.len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text.data = p;
    text.len = ngx_sprintf(p, form, &error->code, &error->message) - p;

    return ngx_http_itinerary_sandbox_send(r, error->status, &text);
}


static ngx_int_t
ngx_http_itinerary_sandbox_allow(ngx_http_request_t *r, ngx_str_t *allow)
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
    ngx_str_set(&h->key, "Allow");
    h->value = *allow;

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_sandbox_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *text)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    r->headers_out.status = status;
    r->headers_out.content_length_n = text->len;

    ngx_str_set(&r->headers_out.content_type, "application/xml");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = text->data;
    b->last = text->data + text->len;
    b->memory = 1;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static void *
ngx_http_itinerary_sandbox_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_itinerary_sandbox_loc_conf_t  *slcf;

    slcf = ngx_pcalloc(cf->pool,
                       sizeof(ngx_http_itinerary_sandbox_loc_conf_t));
    if (slcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     slcf->shm_zone = NULL;
     */

    return slcf;
}


/* as with any content handler, only "if" and "limit_except" inherit it */

static char *
ngx_http_itinerary_sandbox_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_http_itinerary_sandbox_loc_conf_t  *prev = parent;
    ngx_http_itinerary_sandbox_loc_conf_t  *conf = child;

    ngx_http_core_loc_conf_t               *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname && conf->shm_zone == NULL && prev->shm_zone) {
        conf->shm_zone = prev->shm_zone;

        if (clcf->handler == NULL) {
            clcf->handler = ngx_http_itinerary_sandbox_handler;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_itinerary_sandbox(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_itinerary_sandbox_loc_conf_t  *slcf = conf;

    ssize_t                                 size;
    ngx_str_t                              *value;
    ngx_http_core_loc_conf_t               *clcf;

    if (slcf->shm_zone) {
        return "is duplicate";
    }

    value = cf->args->elts;

    size = ngx_parse_size(&value[1]);

    if (size == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone size \"%V\", it must be a number of "
                           "bytes, or of \"k\" or \"m\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (size < (ssize_t) (NGX_HTTP_ITINERARY_SANDBOX_PAGES * ngx_pagesize)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone size \"%V\" is too small, it must be at "
                           "least %uzk", &value[1],
                           NGX_HTTP_ITINERARY_SANDBOX_PAGES * ngx_pagesize
                           / 1024);
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    slcf->shm_zone = ngx_http_itinerary_sandbox_zone_add(cf, &clcf->name, size,
                                          &ngx_http_itinerary_sandbox_module);
    if (slcf->shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->handler = ngx_http_itinerary_sandbox_handler;

    return NGX_CONF_OK;
}
