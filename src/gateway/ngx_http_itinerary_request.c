
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_request.h"
#include "ngx_http_itinerary_audit.h"
#include "ngx_http_itinerary_error.h"
#include "ngx_http_itinerary_supplier.h"
#include "itinerary_media.h"
#include "itinerary_name.h"


#define NGX_HTTP_ITINERARY_FILE_BUFFER  16384

/* bookings in a trip, well below what a reply of Redis may hold */

#define NGX_HTTP_ITINERARY_TRIP_MAX     16384


/* the headers that the judgement reads, each as often as it occurs */

typedef struct {
    ngx_str_t             *authorization;
    ngx_str_t             *content_type;
    ngx_uint_t             authorizations;
    ngx_uint_t             content_types;
    ngx_uint_t             content_encodings;
    ngx_str_t             *override;
} ngx_http_itinerary_headers_t;


static ngx_uint_t ngx_http_itinerary_request_is_read(ngx_http_request_t *r);
static void *ngx_http_itinerary_request_alloc(void *data, size_t size);
static ngx_int_t ngx_http_itinerary_request_begin(ngx_http_request_t *r,
    ngx_http_itinerary_loc_conf_t *ilcf);
static ngx_int_t ngx_http_itinerary_request_again(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx);
static ngx_int_t ngx_http_itinerary_request_target(ngx_http_request_t *r,
    itinerary_pool_t *pool, itinerary_target_t *target,
    itinerary_error_t *error);
static void ngx_http_itinerary_request_headers(ngx_http_request_t *r,
    ngx_http_itinerary_headers_t *headers);
static ngx_int_t ngx_http_itinerary_request_check(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn,
    ngx_http_itinerary_headers_t *headers);
static ngx_int_t ngx_http_itinerary_request_check_body(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn,
    ngx_http_itinerary_headers_t *headers);

static ngx_int_t ngx_http_itinerary_request_advance(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn);
static ngx_uint_t ngx_http_itinerary_request_has_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_itinerary_request_read(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn);
static ngx_int_t ngx_http_itinerary_request_was_read(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn);
static void ngx_http_itinerary_request_looked_up(
    ngx_http_itinerary_transaction_t *txn);
static void ngx_http_itinerary_request_case(
    ngx_http_itinerary_transaction_t *txn);
static ngx_int_t ngx_http_itinerary_request_judge(
    ngx_http_itinerary_transaction_t *txn);
static ngx_int_t ngx_http_itinerary_request_fail_open(
    ngx_http_itinerary_transaction_t *txn);
static ngx_int_t ngx_http_itinerary_request_forward(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn);
static ngx_int_t ngx_http_itinerary_request_deny(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn);
static ngx_int_t ngx_http_itinerary_request_refuse(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn);
static ngx_int_t ngx_http_itinerary_request_wait(ngx_http_request_t *r);
static void ngx_http_itinerary_request_wake(ngx_http_request_t *r);
static ngx_int_t ngx_http_itinerary_request_early(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn);
static void ngx_http_itinerary_request_body_handler(ngx_http_request_t *r);

static ngx_int_t ngx_http_itinerary_request_feed(
    ngx_http_itinerary_transaction_t *txn, u_char *data, size_t len);
static ngx_int_t ngx_http_itinerary_request_feed_file(
    ngx_http_itinerary_transaction_t *txn, ngx_buf_t *b);
static ngx_int_t ngx_http_itinerary_request_end(
    ngx_http_itinerary_transaction_t *txn);


ngx_int_t
ngx_http_itinerary_request_handler(ngx_http_request_t *r)
{
    ngx_uint_t                      redirected;
    ngx_http_itinerary_ctx_t       *ctx;
    ngx_http_itinerary_loc_conf_t  *ilcf;

    ilcf = ngx_http_get_module_loc_conf(r, ngx_http_itinerary_module);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "itinerary handler mode:%ui \"%V\"", ilcf->mode, &r->uri);

    if (r != r->main) {

        if (ilcf->mode != NGX_HTTP_ITINERARY_ENFORCE
            || ngx_http_itinerary_request_is_read(r))
        {
            return NGX_DECLINED;
        }

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "itinerary: subrequest \"%V\" refused, it is not a read",
                      &r->uri);

        return NGX_HTTP_NOT_FOUND;
    }

    ctx = ngx_http_itinerary_ctx_find(r, &redirected);

    if (ctx == NULL) {

        if (ilcf->mode == NGX_HTTP_ITINERARY_OFF) {
            return NGX_DECLINED;
        }

        return ngx_http_itinerary_request_begin(r, ilcf);
    }

    if (redirected) {
        return ngx_http_itinerary_request_again(r, ctx);
    }

    if (ctx->txn == NULL) {
        return NGX_DECLINED;
    }

    return ngx_http_itinerary_request_advance(r, ctx->txn);
}


/* a subrequest has the client's headers, and its own method and arguments */

static ngx_uint_t
ngx_http_itinerary_request_is_read(ngx_http_request_t *r)
{
    itinerary_pool_t              pool;
    itinerary_error_t             error;
    itinerary_target_t            target;
    ngx_http_itinerary_headers_t  headers;

    ngx_http_itinerary_request_headers(r, &headers);

    if (headers.override) {
        return 0;
    }

    pool.alloc = ngx_http_itinerary_request_alloc;
    pool.data = r->pool;

    ngx_memzero(&error, sizeof(itinerary_error_t));

    return ngx_http_itinerary_request_target(r, &pool, &target, &error)
           == NGX_OK
           && target.operation == ITINERARY_OP_READ;
}


static void *
ngx_http_itinerary_request_alloc(void *data, size_t size)
{
    return ngx_palloc(data, size);
}


static ngx_int_t
ngx_http_itinerary_request_begin(ngx_http_request_t *r,
    ngx_http_itinerary_loc_conf_t *ilcf)
{
    ngx_int_t                          rc;
    ngx_http_itinerary_ctx_t          *ctx;
    ngx_http_itinerary_headers_t       headers;
    ngx_http_itinerary_main_conf_t    *imcf;
    ngx_http_itinerary_transaction_t  *txn;

    ctx = ngx_http_itinerary_ctx_create(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_http_itinerary_request_headers(r, &headers);

    /* most reads need nothing but this */

    if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD) && r->args.len == 0
        && headers.override == NULL
        && ngx_strlchr(r->unparsed_uri.data,
                       r->unparsed_uri.data + r->unparsed_uri.len, '#')
           == NULL)
    {
        ctx->operation = ITINERARY_OP_READ;
        return NGX_DECLINED;
    }

    imcf = ngx_http_get_module_main_conf(r, ngx_http_itinerary_module);

    txn = ngx_http_itinerary_transaction_create(r, imcf, ilcf,
                                             ngx_http_itinerary_request_wake);
    if (txn == NULL) {
        return NGX_ERROR;
    }

    ctx->txn = txn;

    rc = ngx_http_itinerary_request_check(r, txn, &headers);

    ctx->operation = txn->target.operation;

    if (rc != NGX_OK) {
        return rc;
    }

    if (txn->error.reason != ITINERARY_REASON_NONE) {
        return ngx_http_itinerary_request_deny(r, txn);
    }

    if (ctx->operation == ITINERARY_OP_READ) {
        ctx->txn = NULL;
        ngx_http_itinerary_transaction_leave(txn);
        return NGX_DECLINED;
    }

    return ngx_http_itinerary_request_advance(r, txn);
}


/*
 * After an internal redirect or for an "error_page": the verdict is the
 * request's, wherever it goes now.  What was refused stays refused, what was
 * judged may go to another upstream as what it was judged as, with a record
 * of its own; a GET cannot write.
 */

static ngx_int_t
ngx_http_itinerary_request_again(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx)
{
    itinerary_error_t                  error;
    itinerary_target_t                 target;
    ngx_http_upstream_t               *u;
    ngx_http_itinerary_transaction_t  *txn;

    txn = ctx->txn;

    if (txn == NULL) {

        /* it was a read */

        return r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)
               || ngx_http_itinerary_request_is_read(r)
               ? NGX_DECLINED : NGX_HTTP_NOT_FOUND;
    }

    ctx->diverted = 1;

    if (txn->state == ngx_http_itinerary_forwarded && r->upstream) {
        txn->upstream_status = r->upstream->headers_in.status_n;
    }

    if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
        return NGX_DECLINED;
    }

    if (txn->state != ngx_http_itinerary_forwarded) {

        return txn->error.reason == ITINERARY_REASON_NONE
               ? NGX_HTTP_BAD_REQUEST
               : (ngx_int_t) itinerary_reason(txn->error.reason)->status;
    }

    ngx_memzero(&error, sizeof(itinerary_error_t));
    ngx_memzero(&target, sizeof(itinerary_target_t));

    if (ngx_http_itinerary_request_target(r, &txn->core, &target, &error)
        != NGX_OK
        || target.operation != txn->target.operation
        || !itinerary_equal(&target.trip, &txn->target.trip))
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "itinerary: \"%V\" refused, it is not what was judged",
                      &r->uri);
        return NGX_HTTP_NOT_FOUND;
    }

    if (txn->registry.leased
        && ngx_current_msec - txn->started >= txn->conf->lease)
    {
        /* another write to the trip may be under way */

        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    u = r->upstream;

    /* without an upstream, nobody has got it yet: "try_files" comes later */

    if (u
        && ngx_http_itinerary_audit(txn, ngx_http_itinerary_event_forwarded)
           != NGX_OK
        && txn->conf->mode == NGX_HTTP_ITINERARY_ENFORCE)
    {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    if (u && u->request_sent
        && (u->headers_in.status_n < 400 || u->headers_in.status_n >= 500))
    {
        txn->doubtful = 1;
    }

    ctx->diverted = 0;
    txn->upstream_status = 0;

    ngx_http_set_ctx(r, ctx, ngx_http_itinerary_module);

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_itinerary_request_target(ngx_http_request_t *r,
    itinerary_pool_t *pool, itinerary_target_t *target,
    itinerary_error_t *error)
{
    u_char               *p;
    itinerary_result_e    rc;
    itinerary_request_t   request;

    ngx_memzero(&request, sizeof(itinerary_request_t));

    request.method.len = r->method_name.len;
    request.method.data = r->method_name.data;
    request.uri.len = r->uri.len;
    request.uri.data = r->uri.data;
    request.args.len = r->args.len;
    request.args.data = r->args.data;

    if (r->valid_unparsed_uri) {

        /* proxy_pass without a URI forwards this */

        request.raw.len = r->unparsed_uri.len;
        request.raw.data = r->unparsed_uri.data;

        p = ngx_strlchr(request.raw.data, request.raw.data + request.raw.len,
                        '?');
        if (p) {

            /* r->args ends at "#", what is forwarded does not */

            request.args.len = request.raw.data + request.raw.len - p - 1;
            request.args.data = p + 1;
            request.raw.len = p - request.raw.data;
        }
    }

    rc = itinerary_operation(pool, &request, target, error);

    return rc == ITINERARY_NOMEM ? NGX_ERROR
                                 : rc == ITINERARY_OK ? NGX_OK : NGX_DECLINED;
}


static void
ngx_http_itinerary_request_headers(ngx_http_request_t *r,
    ngx_http_itinerary_headers_t *headers)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;
    itinerary_str_t   name;

    ngx_memzero(headers, sizeof(ngx_http_itinerary_headers_t));

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

        name.len = h[i].key.len;
        name.data = h[i].lowcase_key;

        switch (name.len) {

        case 12:
            if (ngx_strncmp(name.data, "content-type", 12) == 0) {
                headers->content_type = &h[i].value;
                headers->content_types++;
            }
            break;

        case 13:
            if (ngx_strncmp(name.data, "authorization", 13) == 0) {
                headers->authorization = &h[i].value;
                headers->authorizations++;
            }
            break;

        case 16:
            if (ngx_strncmp(name.data, "content-encoding", 16) == 0) {
                headers->content_encodings++;
            }
            break;
        }

        if (name.len && name.data[0] == 'x' && itinerary_is_override(&name)) {
            headers->override = &h[i].key;
        }
    }
}


/* everything that can be decided from the headers is, before the body is */

static ngx_int_t
ngx_http_itinerary_request_check(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn,
    ngx_http_itinerary_headers_t *headers)
{
    ngx_int_t           rc;
    itinerary_pool_t   *pool;
    itinerary_error_t  *error;

    pool = &txn->core;
    error = &txn->error;

    rc = ngx_http_itinerary_request_target(r, pool, &txn->target, error);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (headers->override && error->reason != ITINERARY_METHOD_OVERRIDE) {
        ngx_memzero(error, sizeof(itinerary_error_t));
        (void) itinerary_refuse(pool, error, ITINERARY_METHOD_OVERRIDE, 0, "",
                                "the header \"%.*s\" is not allowed",
                                (int) ngx_min(headers->override->len, 64),
                                headers->override->data);
    }

    if (error->reason != ITINERARY_REASON_NONE
        || txn->target.operation == ITINERARY_OP_READ)
    {
        return NGX_OK;
    }

    if (headers->authorizations > 1 || headers->content_types > 1) {
        (void) itinerary_refuse(pool, error, ITINERARY_AMBIGUOUS_HEADER, 0, "",
                                "the header \"%s\" occurs twice",
                                headers->authorizations > 1 ? "Authorization"
                                                            : "Content-Type");
        return NGX_OK;
    }

    rc = ngx_http_itinerary_supplier(r, txn, headers->authorization);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        (void) itinerary_refuse(pool, error, ITINERARY_UNKNOWN_SUPPLIER, 0, "",
                                "%s", txn->conf->supplier
                                ? "nobody is authenticated"
                                : "send \"Authorization: OAuth <token>\" or "
                                  "\"Bearer <token>\"");
        return NGX_OK;
    }

    return ngx_http_itinerary_request_check_body(r, txn, headers);
}


static ngx_int_t
ngx_http_itinerary_request_check_body(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn,
    ngx_http_itinerary_headers_t *headers)
{
    itinerary_str_t           type;
    itinerary_reader_conf_t   conf;

    if (txn->target.operation == ITINERARY_OP_CANCEL) {

        if (r->headers_in.content_length_n > 0) {
            (void) itinerary_refuse(&txn->core, &txn->error,
                                    ITINERARY_UNEXPECTED_BODY, 0, "",
                                    "send no body");
        }

        return NGX_OK;
    }

    if (headers->content_encodings) {
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_UNSUPPORTED_ENCODING, 0, "",
                                "a Content-Encoding is not allowed");
        return NGX_OK;
    }

    if (r->headers_in.content_length_n == 0
        || (r->headers_in.content_length_n < 0 && !r->headers_in.chunked
            && r->http_version < NGX_HTTP_VERSION_20))
    {
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_MALFORMED_BODY, 0, "",
                                "the body is empty");
        return NGX_OK;
    }

    if (headers->content_type == NULL) {
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_UNSUPPORTED_MEDIA_TYPE, 0, "",
                                "the header \"Content-Type\" is missing");
        return NGX_OK;
    }

    type.len = headers->content_type->len;
    type.data = headers->content_type->data;

    if (itinerary_media(&txn->core, &type, &txn->charset, &txn->error)
        != ITINERARY_OK)
    {
        return NGX_OK;
    }

    conf.reading = ITINERARY_READ_POST;
    conf.charset = txn->charset;
    conf.max_bookings = txn->conf->max_bookings;

    txn->reader = itinerary_reader_create(&txn->core, &conf);

    return txn->reader ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_itinerary_request_advance(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    if (txn->registry.busy) {
        return ngx_http_itinerary_request_wait(r);
    }

    switch (txn->state) {

    case ngx_http_itinerary_begun:

        return ngx_http_itinerary_request_read(r, txn);

    case ngx_http_itinerary_reading:

        rc = ngx_http_itinerary_request_was_read(r, txn);

        if (rc != NGX_OK) {
            return rc;
        }

        if (txn->error.reason == ITINERARY_REASON_NONE) {
            ngx_http_itinerary_request_looked_up(txn);
        }

        if (txn->error.reason != ITINERARY_REASON_NONE) {
            return ngx_http_itinerary_request_deny(r, txn);
        }

        txn->state = ngx_http_itinerary_viewing;

        ngx_http_itinerary_registry_view(&txn->registry,
                                         txn->target.operation, txn->document,
                                         txn->target.operation
                                         == ITINERARY_OP_UPDATE
                                         || (txn->registry.trip.owner.len == 0
                                             && txn->conf->unknown_trip
                                              != ITINERARY_UNKNOWN_TRIP_DENY));

        return ngx_http_itinerary_request_wait(r);

    case ngx_http_itinerary_viewing:

        if (txn->registry.failure) {
            (void) itinerary_refuse(&txn->core, &txn->error,
                                    ITINERARY_REGISTRY_UNAVAILABLE, 0, "",
                                    "try again later");
            return ngx_http_itinerary_request_deny(r, txn);
        }

        if (ngx_http_itinerary_request_judge(txn) != NGX_OK) {
            return NGX_ERROR;
        }

        if (txn->error.reason != ITINERARY_REASON_NONE
            && txn->conf->mode == NGX_HTTP_ITINERARY_ENFORCE)
        {
            return ngx_http_itinerary_request_deny(r, txn);
        }

        for (i = 0; i < txn->judgement.neffects; i++) {

            if (txn->judgement.effects[i].claim) {
                txn->state = ngx_http_itinerary_claiming;
                ngx_http_itinerary_registry_claim(&txn->registry, &txn->asked,
                                                  &txn->judgement);
                return ngx_http_itinerary_request_wait(r);
            }
        }

        return ngx_http_itinerary_request_forward(r, txn);

    case ngx_http_itinerary_claiming:

        if (txn->registry.failure) {
            (void) itinerary_refuse(&txn->core, &txn->error,
                                    ITINERARY_REGISTRY_UNAVAILABLE, 0, "",
                                    "try again later");
            return ngx_http_itinerary_request_deny(r, txn);
        }

        if (txn->registry.lost) {
            (void) itinerary_refuse(&txn->core, &txn->error,
                                    ITINERARY_BOOKING_NOT_OWNED, 0, "",
                                    "another supplier has just added a "
                                    "booking of that name");
            return ngx_http_itinerary_request_deny(r, txn);
        }

        return ngx_http_itinerary_request_forward(r, txn);

    case ngx_http_itinerary_releasing:

        return ngx_http_itinerary_request_refuse(r, txn);

    case ngx_http_itinerary_judged:

        return ngx_http_itinerary_request_forward(r, txn);

    case ngx_http_itinerary_forwarded:

        return NGX_DECLINED;

    default:

        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}


/*
 * Whether something may still come: a lease that is taken with the headers
 * must not wait for a body whose end the client decides about.
 */

static ngx_uint_t
ngx_http_itinerary_request_has_body(ngx_http_request_t *r)
{
#if (NGX_HTTP_V2)

    if (r->stream) {
        return !r->stream->in_closed;
    }

#endif

    return r->headers_in.content_length_n > 0 || r->headers_in.chunked
           || r->http_version > NGX_HTTP_VERSION_20;
}


/* the look-ups and the body are under way at the same time */

static ngx_int_t
ngx_http_itinerary_request_read(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn)
{
    ngx_int_t         rc;
    ngx_str_t        *token;
    itinerary_str_t  *trip;

    txn->state = ngx_http_itinerary_reading;

    token = txn->token.len ? &txn->token : NULL;
    trip = txn->target.trip.len ? &txn->target.trip : NULL;

    if (token || trip) {
        ngx_http_itinerary_registry_lookup(&txn->registry, token, trip,
                          !token
                          && txn->target.operation == ITINERARY_OP_CANCEL
                          && !ngx_http_itinerary_request_has_body(r));
    }

    if (txn->conf->audit) {
        txn->sha256 = EVP_MD_CTX_new();

        if (txn->sha256 == NULL
            || EVP_DigestInit_ex(txn->sha256, ngx_http_itinerary_sha256(),
                                 NULL)
               != 1)
        {
            return NGX_ERROR;
        }
    }

    txn->feeding = 1;

    rc = ngx_http_read_client_request_body(r,
                                     ngx_http_itinerary_request_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


static void
ngx_http_itinerary_request_body_handler(ngx_http_request_t *r)
{
    ngx_http_itinerary_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_itinerary_module);

    ctx->txn->feeding = 0;

    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);
}


ngx_int_t
ngx_http_itinerary_request_body(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t                          rc;
    ngx_buf_t                         *b;
    ngx_chain_t                       *cl;
    ngx_http_itinerary_ctx_t          *ctx;
    ngx_http_itinerary_transaction_t  *txn;

    ctx = ngx_http_get_module_ctx(r, ngx_http_itinerary_module);

    if (ctx == NULL || ctx->txn == NULL || !ctx->txn->feeding) {
        return NGX_OK;
    }

    txn = ctx->txn;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "itinerary request body:%p", in);

    for (cl = in; cl; cl = cl->next) {

        b = cl->buf;

        rc = ngx_http_itinerary_request_feed(txn, b->pos, b->last - b->pos);

        if (rc != NGX_OK) {
            return rc;
        }

        if (b->last_buf) {
            txn->body_seen = 1;
        }
    }

    return in == NULL ? NGX_OK : ngx_http_itinerary_request_early(r, txn);
}


/* an early refusal does not wait for the rest of the body */

static ngx_int_t
ngx_http_itinerary_request_early(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn)
{
    if (txn->body_seen || txn->conf->mode != NGX_HTTP_ITINERARY_ENFORCE) {
        return NGX_OK;
    }

    if (txn->error.reason == ITINERARY_REASON_NONE && !txn->registry.busy
        && !(txn->registry.failure && txn->conf->fail_open))
    {
        ngx_http_itinerary_request_looked_up(txn);
    }

    if (txn->error.reason == ITINERARY_REASON_NONE || txn->registry.leased) {
        return NGX_OK;
    }

    return ngx_http_itinerary_request_refuse(r, txn);
}


/* a body that another module has read is read again from where it is */

static ngx_int_t
ngx_http_itinerary_request_was_read(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (!txn->body_seen) {

        if (txn->body_bytes) {

            /* a part of it only: nothing that could be judged */

            return NGX_HTTP_BAD_REQUEST;
        }

        cl = r->request_body ? r->request_body->bufs : NULL;

        for ( /* void */ ; cl; cl = cl->next) {

            b = cl->buf;

            rc = ngx_buf_in_memory(b)
                 ? ngx_http_itinerary_request_feed(txn, b->pos,
                                                   b->last - b->pos)
                 : b->in_file ? ngx_http_itinerary_request_feed_file(txn, b)
                              : NGX_OK;

            if (rc != NGX_OK) {
                return rc;
            }
        }

        txn->body_seen = 1;
    }

    return ngx_http_itinerary_request_end(txn);
}


static ngx_int_t
ngx_http_itinerary_request_feed(ngx_http_itinerary_transaction_t *txn,
    u_char *data, size_t len)
{
    itinerary_result_e  rc;

    if (len == 0) {
        return NGX_OK;
    }

    txn->body_bytes += len;

    if (txn->sha256
        && EVP_DigestUpdate(txn->sha256, data, len) != 1)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (txn->error.reason != ITINERARY_REASON_NONE) {
        return NGX_OK;
    }

    if (txn->reader == NULL) {
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_UNEXPECTED_BODY, 0, "",
                                "send no body");
        return NGX_OK;
    }

    rc = itinerary_reader_feed(txn->reader, data, len);

    if (rc == ITINERARY_NOMEM) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == ITINERARY_REFUSED) {
        txn->error = *itinerary_reader_error(txn->reader);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_request_feed_file(ngx_http_itinerary_transaction_t *txn,
    ngx_buf_t *b)
{
    off_t      offset;
    size_t     size;
    u_char    *buf;
    ssize_t    n;
    ngx_int_t  rc;

    buf = ngx_palloc(txn->pool, NGX_HTTP_ITINERARY_FILE_BUFFER);
    if (buf == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (offset = b->file_pos; offset < b->file_last; offset += n) {

        size = ngx_min(b->file_last - offset, NGX_HTTP_ITINERARY_FILE_BUFFER);

        n = ngx_read_file(b->file, buf, size, offset);

        if (n == NGX_ERROR || n == 0) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        rc = ngx_http_itinerary_request_feed(txn, buf, n);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_request_end(ngx_http_itinerary_transaction_t *txn)
{
    u_char              digest[EVP_MAX_MD_SIZE];
    unsigned int        len;
    itinerary_result_e  rc;

    if (txn->sha256) {

        if (EVP_DigestFinal_ex(txn->sha256, digest, &len) != 1) {
            return NGX_ERROR;
        }

        (void) ngx_hex_dump(txn->body_sha256, digest, len);

        EVP_MD_CTX_free(txn->sha256);
        txn->sha256 = NULL;
    }

    if (txn->reader == NULL || txn->error.reason != ITINERARY_REASON_NONE) {
        return NGX_OK;
    }

    rc = itinerary_reader_finish(txn->reader);

    if (rc == ITINERARY_NOMEM) {
        return NGX_ERROR;
    }

    if (rc == ITINERARY_REFUSED) {
        txn->error = *itinerary_reader_error(txn->reader);
        return NGX_OK;
    }

    txn->document = itinerary_reader_document(txn->reader);

    return NGX_OK;
}


/* what the look-ups decide, whatever the body says */

static void
ngx_http_itinerary_request_looked_up(ngx_http_itinerary_transaction_t *txn)
{
    itinerary_str_t        supplier;
    itinerary_judgement_t  judgement;

    if (txn->registry.failure) {
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_REGISTRY_UNAVAILABLE, 0, "",
                                "try again later");
        return;
    }

    supplier.len = txn->registry.supplier.len;
    supplier.data = txn->registry.supplier.data;

    if (!itinerary_is_supplier(&supplier)) {
        ngx_str_set(&txn->registry.supplier, "");
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_UNKNOWN_SUPPLIER, 0, "",
                                "the token is nobody's");
        return;
    }

    if (txn->target.operation != ITINERARY_OP_UPDATE
        || txn->conf->mode != NGX_HTTP_ITINERARY_ENFORCE)
    {
        return;
    }

    /* by the trip alone */

    ngx_http_itinerary_request_case(txn);
    txn->asked.document = NULL;

    if (itinerary_judge(&txn->core, &txn->asked, &judgement)
        == ITINERARY_REFUSED)
    {
        txn->error = judgement.error;
    }
}


static void
ngx_http_itinerary_request_case(ngx_http_itinerary_transaction_t *txn)
{
    ngx_uint_t         i;
    itinerary_case_t  *c;

    c = &txn->asked;

    c->operation = txn->target.operation;
    c->supplier.len = txn->registry.supplier.len;
    c->supplier.data = txn->registry.supplier.data;
    c->policy.unknown_trip = txn->conf->unknown_trip;
    c->policy.replace = txn->conf->replace;
    c->policy.cancel_foreign = txn->conf->cancel_foreign;
    c->trip = txn->registry.trip;
    c->document = txn->document;
    c->records = txn->registry.records;
    c->nids = txn->registry.nids;

    for (i = 0; i < c->nids; i++) {
        c->ids[i] = txn->registry.ids[i];
    }
}


static ngx_int_t
ngx_http_itinerary_request_judge(ngx_http_itinerary_transaction_t *txn)
{
    ngx_http_itinerary_request_case(txn);

    switch (itinerary_judge(&txn->core, &txn->asked, &txn->judgement)) {

    case ITINERARY_NOMEM:
        return NGX_ERROR;

    case ITINERARY_REFUSED:
        txn->error = txn->judgement.error;
        break;

    case ITINERARY_OK:
        break;
    }

    txn->judgeable = 1;

    if (txn->error.reason == ITINERARY_REASON_NONE
        && txn->registry.trip.nbookings + txn->judgement.neffects
           > NGX_HTTP_ITINERARY_TRIP_MAX)
    {
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_BODY_TOO_LARGE, 0, "",
                                "the trip has too many bookings");
    }

    return NGX_OK;
}


/*
 * The registry could not be asked, and the operator wants the API to be
 * reached all the same: what can be learnt later is what nobody has claimed.
 */

static ngx_int_t
ngx_http_itinerary_request_fail_open(ngx_http_itinerary_transaction_t *txn)
{
    itinerary_error_t   error;
    itinerary_result_e  rc;

    txn->fail_open = 1;

    if (txn->registry.supplier.len == 0
        || (txn->document == NULL
            && txn->target.operation != ITINERARY_OP_CANCEL))
    {
        return NGX_OK;
    }

    ngx_memzero(&txn->registry.trip, sizeof(itinerary_trip_t));
    txn->registry.trip.id = txn->target.trip;
    txn->registry.nids = 0;
    txn->registry.records = NULL;

    if (txn->document && txn->document->nbookings) {
        txn->registry.records = ngx_pcalloc(txn->pool,
                                            txn->document->nbookings
                                            * sizeof(itinerary_record_t));
        if (txn->registry.records == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_http_itinerary_request_case(txn);
    txn->asked.policy.unknown_trip = ITINERARY_UNKNOWN_TRIP_ALLOW;

    error = txn->error;
    rc = itinerary_judge(&txn->core, &txn->asked, &txn->judgement);
    txn->error = error;

    if (rc == ITINERARY_NOMEM) {
        return NGX_ERROR;
    }

    txn->judgeable = rc == ITINERARY_OK;

    return NGX_OK;
}


/* the request may not pass: refuse it, or only say so */

static ngx_int_t
ngx_http_itinerary_request_deny(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn)
{
    if (txn->error.reason == ITINERARY_REGISTRY_UNAVAILABLE
        && txn->conf->fail_open && !txn->registry.suspect)
    {
        if (ngx_http_itinerary_request_fail_open(txn) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_http_itinerary_request_forward(r, txn);
    }

    if (txn->conf->mode != NGX_HTTP_ITINERARY_ENFORCE
        && txn->error.reason != ITINERARY_AUDIT_UNAVAILABLE)
    {
        return ngx_http_itinerary_request_forward(r, txn);
    }

    if (!txn->undone && txn->registry.failure == NULL
        && (txn->registry.leased || txn->registry.claimed))
    {
        /* so that a retry finds neither */

        txn->undone = 1;
        txn->state = ngx_http_itinerary_releasing;

        ngx_http_itinerary_registry_release(&txn->registry);

        return ngx_http_itinerary_request_wait(r);
    }

    return ngx_http_itinerary_request_refuse(r, txn);
}


static ngx_int_t
ngx_http_itinerary_request_refuse(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn)
{
    ngx_uint_t                 level;
    const itinerary_reason_t  *reason;

    txn->state = ngx_http_itinerary_refused;

    reason = itinerary_reason(txn->error.reason);

    /* malformed is the client's fault, overreaching is to be known */

    level = reason->status == 403 || reason->status >= 500 ? NGX_LOG_ERR
                                                           : NGX_LOG_INFO;

    ngx_log_error(level, r->connection->log, 0,
                  "itinerary: refused, %*s: \"%s\"", reason->code.len,
                  reason->code.data,
                  txn->error.details ? txn->error.details->text : "");

    if (txn->feeding && !txn->body_seen) {

        /* what is left of the body must not be read as the next request */

        r->keepalive = 0;
        r->lingering_close = 1;
    }

    if (ngx_http_itinerary_error_headers(r, txn->error.reason) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return reason->status;
}


static ngx_int_t
ngx_http_itinerary_request_forward(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn)
{
    txn->state = ngx_http_itinerary_judged;

    if (ngx_http_itinerary_audit(txn, ngx_http_itinerary_event_forwarded)
        != NGX_OK
        && txn->conf->mode == NGX_HTTP_ITINERARY_ENFORCE)
    {
        ngx_memzero(&txn->error, sizeof(itinerary_error_t));
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_AUDIT_UNAVAILABLE, 0, "",
                                "nothing unrecorded is forwarded");
        return ngx_http_itinerary_request_deny(r, txn);
    }

    txn->state = ngx_http_itinerary_forwarded;

    /* from now on "proxy_ignore_client_abort" says what it does to leave */

    r->read_event_handler = ngx_http_block_reading;

    /* the answer to a write must be seen whole */

    r->headers_in.range = NULL;
    r->headers_in.if_range = NULL;
    r->headers_in.if_match = NULL;
    r->headers_in.if_none_match = NULL;
    r->headers_in.if_modified_since = NULL;
    r->headers_in.if_unmodified_since = NULL;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "itinerary forward verdict:%d", txn->judgement.verdict);

    return NGX_DECLINED;
}


/* a client that leaves meanwhile takes its request with it */

static ngx_int_t
ngx_http_itinerary_request_wait(ngx_http_request_t *r)
{
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    return NGX_AGAIN;
}


static void
ngx_http_itinerary_request_wake(ngx_http_request_t *r)
{
    ngx_int_t                          rc;
    ngx_http_itinerary_ctx_t          *ctx;
    ngx_http_itinerary_transaction_t  *txn;

    ctx = ngx_http_itinerary_ctx_find(r, NULL);

    if (ctx == NULL || ctx->txn == NULL) {
        return;
    }

    txn = ctx->txn;

    /* nginx may refuse the body during a look-up */

    if (txn->state == ngx_http_itinerary_refused) {
        return;
    }

    if (!txn->feeding) {
        ngx_http_core_run_phases(r);
        return;
    }

    if (r->err_status) {
        return;
    }

    /* the body handler goes on, unless there is no need to wait for it */

    rc = ngx_http_itinerary_request_early(r, txn);

    if (rc == NGX_OK) {
        return;
    }

    txn->feeding = 0;

#if (NGX_HTTP_V2)
    if (r->stream) {
        r->stream->skip_data = 1;
    }
#endif

    ngx_http_finalize_request(r, rc);
}
