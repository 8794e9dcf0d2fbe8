
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/xmlstring.h>

#include "ngx_http_itinerary_sandbox_form.h"
#include "ngx_http_itinerary_sandbox_gzip.h"
#include "ngx_http_itinerary_sandbox_path.h"
#include "ngx_http_itinerary_sandbox_document.h"
#include "ngx_http_itinerary_sandbox_zone.h"
#include "ngx_http_itinerary_sandbox_call.h"
#include "ngx_http_itinerary_sandbox_trips.h"
#include "ngx_http_itinerary_sandbox_bookings.h"
#include "ngx_http_itinerary_sandbox_request.h"


/* the traveler of those who name none */

#define NGX_HTTP_ITINERARY_SANDBOX_TRAVELER  "traveler@example.com"


typedef struct {
    ngx_uint_t                 status;
    ngx_str_t                  code;
    ngx_str_t                  message;
} ngx_http_itinerary_sandbox_error_t;


static void ngx_http_itinerary_sandbox_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_itinerary_sandbox_run(ngx_http_request_t *r);
static ngx_http_itinerary_sandbox_result_e
    ngx_http_itinerary_sandbox_run_cancel_booking(ngx_http_request_t *r,
    ngx_http_itinerary_sandbox_call_t *call);
static void ngx_http_itinerary_sandbox_spoil(
    ngx_http_itinerary_sandbox_form_t *form, ngx_str_t *answer);
static ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_call(
    ngx_http_request_t *r, ngx_http_itinerary_sandbox_call_t *call);
static ngx_int_t ngx_http_itinerary_sandbox_resource(ngx_http_request_t *r,
    ngx_str_t *path, ngx_http_itinerary_sandbox_call_t *call);
static ngx_int_t ngx_http_itinerary_sandbox_body(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_itinerary_sandbox_error(ngx_http_request_t *r,
    ngx_http_itinerary_sandbox_result_e result);
static ngx_table_elt_t *ngx_http_itinerary_sandbox_header(
    ngx_http_request_t *r, ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_itinerary_sandbox_send(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *text);


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
      ngx_string("POST") },                            /* GetTrips */
    { NGX_HTTP_POST,
      ngx_string("POST") },                            /* bookings */
    { NGX_HTTP_POST,
      ngx_string("POST") }                             /* cancel of one */
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
      ngx_string("The document's root is not the resource's.") },

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
      ngx_string("missing_booking_source"),
      ngx_string("The argument bookingSource says whose booking to cancel.") },

    { NGX_HTTP_BAD_REQUEST,
      ngx_string("missing_confirmation_number"),
      ngx_string("The argument confirmationNumber says which booking to "
                 "cancel.") },

    { NGX_HTTP_BAD_REQUEST,
      ngx_string("bad_user"),
      ngx_string("The argument userid_value is not text.") },

    { NGX_HTTP_NOT_FOUND,
      ngx_string("unknown_trip"),
      ngx_string("There is no such trip.") },

    { NGX_HTTP_NOT_FOUND,
      ngx_string("NotFound"),
      ngx_null_string },                               /* the API's own form */

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
static ngx_str_t  ngx_http_itinerary_sandbox_source =
                                                 ngx_string("bookingsource");
static ngx_str_t  ngx_http_itinerary_sandbox_number =
                                            ngx_string("confirmationnumber");
static ngx_str_t  ngx_http_itinerary_sandbox_user =
                                                  ngx_string("userid_value");

static ngx_str_t  ngx_http_itinerary_sandbox_allow = ngx_string("Allow");
static ngx_str_t  ngx_http_itinerary_sandbox_content_encoding =
                                              ngx_string("Content-Encoding");
static ngx_str_t  ngx_http_itinerary_sandbox_gzipped = ngx_string("gzip");


ngx_int_t
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

        if (ngx_http_itinerary_sandbox_header(r,
                              &ngx_http_itinerary_sandbox_allow,
                              &ngx_http_itinerary_sandbox_methods[path].allow)
            == NULL)
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
    ngx_str_t                            body, resource, id;
    ngx_http_itinerary_sandbox_call_t    call;
    ngx_http_itinerary_sandbox_path_e    path;
    ngx_http_itinerary_sandbox_result_e  result;

    path = ngx_http_itinerary_sandbox_path(r, &resource, &id);

    if (path != NGX_HTTP_ITINERARY_SANDBOX_TRIP
        && ngx_http_itinerary_sandbox_arg(r,
                                      &ngx_http_itinerary_sandbox_trip_id, &id)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    result = ngx_http_itinerary_sandbox_call(r, &call);

    if (result != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        return ngx_http_itinerary_sandbox_error(r, result);
    }

    call.booking = (path == NGX_HTTP_ITINERARY_SANDBOX_BOOKINGS
                    || path == NGX_HTTP_ITINERARY_SANDBOX_CANCEL_BOOKING);

    if (ngx_http_itinerary_sandbox_resource(r, &resource, &call) != NGX_OK
        || ngx_http_itinerary_sandbox_body(r, &body) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (path) {

    case NGX_HTTP_ITINERARY_SANDBOX_CANCEL:
        result = id.len ? ngx_http_itinerary_sandbox_cancel(&call, &id)
                        : NGX_HTTP_ITINERARY_SANDBOX_TRIP_ID;
        break;

    case NGX_HTTP_ITINERARY_SANDBOX_BOOKINGS:
        result = ngx_http_itinerary_sandbox_book(&call, &id, &body);
        break;

    case NGX_HTTP_ITINERARY_SANDBOX_CANCEL_BOOKING:
        result = ngx_http_itinerary_sandbox_run_cancel_booking(r, &call);
        break;

    case NGX_HTTP_ITINERARY_SANDBOX_GET_TRIPS:
        result = ngx_http_itinerary_sandbox_summaries(&call);
        break;

    default: /* TRIPS, TRIP */

        if (r->method == NGX_HTTP_POST) {
            result = ngx_http_itinerary_sandbox_post(&call, &id, &body);

        } else if (id.len) {
            result = ngx_http_itinerary_sandbox_details(&call, &id);

        } else {
            result = ngx_http_itinerary_sandbox_summaries(&call);
        }
    }

    if (result != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        return ngx_http_itinerary_sandbox_error(r, result);
    }

    ngx_http_itinerary_sandbox_spoil(call.form, &call.answer);

    return ngx_http_itinerary_sandbox_send(r, NGX_HTTP_OK, &call.answer);
}


static ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_run_cancel_booking(ngx_http_request_t *r,
    ngx_http_itinerary_sandbox_call_t *call)
{
    ngx_str_t  source, number;

    if (ngx_http_itinerary_sandbox_arg(r, &ngx_http_itinerary_sandbox_source,
                                       &source)
        != NGX_OK
        || ngx_http_itinerary_sandbox_arg(r,
                                          &ngx_http_itinerary_sandbox_number,
                                          &number)
           != NGX_OK)
    {
        return NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

    if (source.len == 0) {
        return NGX_HTTP_ITINERARY_SANDBOX_SOURCE_ARG;
    }

    if (number.len == 0) {
        return NGX_HTTP_ITINERARY_SANDBOX_NUMBER_ARG;
    }

    return ngx_http_itinerary_sandbox_cancel_booking(call, &source, &number);
}


/* makes an answer under 200 something else than what it was */

static void
ngx_http_itinerary_sandbox_spoil(ngx_http_itinerary_sandbox_form_t *form,
    ngx_str_t *answer)
{
    switch (form->answer) {

    case NGX_HTTP_ITINERARY_SANDBOX_FORM_MESSAGE:
        ngx_str_set(answer, "<Message>Accepted</Message>\n");
        break;

    case NGX_HTTP_ITINERARY_SANDBOX_FORM_EMPTY:
        ngx_str_null(answer);
        break;

    case NGX_HTTP_ITINERARY_SANDBOX_FORM_TRUNCATED:
        answer->len /= 2;
        break;
    }
}


static ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_call(ngx_http_request_t *r,
    ngx_http_itinerary_sandbox_call_t *call)
{
    size_t                                  i;
    u_char                                 *user;
    ngx_str_t                               poster;
    ngx_http_itinerary_sandbox_loc_conf_t  *slcf;

    ngx_memzero(call, sizeof(ngx_http_itinerary_sandbox_call_t));

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_itinerary_sandbox_module);

    call->zone = slcf->shm_zone->data;
    call->form = &slcf->form;
    call->pool = r->pool;
    call->log = r->connection->log;

    ngx_str_null(&poster);

    if (r->headers_in.authorization) {
        poster = r->headers_in.authorization->value;
    }

    if (ngx_http_itinerary_sandbox_digest(poster.data, poster.len,
                                          &call->poster)
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
    ngx_http_itinerary_sandbox_call_t *call)
{
    u_char                    *p, *name, *rest, *last;
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

    p = ngx_pnalloc(r->pool, scheme.len + sizeof("://trip") - 1
                             + 3 * (host.len + path->len));
    if (p == NULL) {
        return NGX_ERROR;
    }

    call->resource.data = p;

    p = ngx_sprintf(p, "%V://", &scheme);
    p = (u_char *) ngx_escape_uri(p, host.data, host.len, NGX_ESCAPE_URI);

    rest = path->data;
    last = path->data + path->len;

    if (call->booking) {

        /* ".../booking/v<N>" */

        rest = last;

        do {
            rest--;
        } while (*rest != '/');

        name = rest;

        do {
            name--;
        } while (*name != '/');

        name++;

        p = (u_char *) ngx_escape_uri(p, path->data, name - path->data,
                                      NGX_ESCAPE_URI);
        p = ngx_cpymem(p, "trip", sizeof("trip") - 1);
    }

    p = (u_char *) ngx_escape_uri(p, rest, last - rest, NGX_ESCAPE_URI);

    call->resource.len = p - call->resource.data;

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
    static const char  status[] = "<Status>%V</Status>\n";

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
    text.len = ngx_sprintf(p, error->message.len ? form : status,
                           &error->code, &error->message)
               - p;

    return ngx_http_itinerary_sandbox_send(r, error->status, &text);
}


static ngx_table_elt_t *
ngx_http_itinerary_sandbox_header(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    h->key = *name;
    h->value = *value;

    return h;
}


static ngx_int_t
ngx_http_itinerary_sandbox_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *text)
{
    ngx_int_t                               rc;
    ngx_buf_t                              *b;
    ngx_str_t                               body;
    ngx_chain_t                             out;
    ngx_http_itinerary_sandbox_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_itinerary_sandbox_module);

    body = *text;

    if (slcf->form.gzip) {

        if (ngx_http_itinerary_sandbox_gzip(r->pool, text, &body) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        r->headers_out.content_encoding = ngx_http_itinerary_sandbox_header(r,
                                 &ngx_http_itinerary_sandbox_content_encoding,
                                 &ngx_http_itinerary_sandbox_gzipped);

        if (r->headers_out.content_encoding == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    r->headers_out.status = status;
    r->headers_out.content_length_n = body.len;

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

    b->pos = body.data;
    b->last = body.data + body.len;
    b->memory = body.len ? 1 : 0;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->sync = (b->last_buf || b->memory) ? 0 : 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}
