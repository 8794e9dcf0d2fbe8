
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_request.h"
#include "ngx_http_itinerary_audit.h"
#include "ngx_http_itinerary_body.h"
#include "ngx_http_itinerary_error.h"
#include "ngx_http_itinerary_headers.h"
#include "ngx_http_itinerary_judge.h"
#include "ngx_http_itinerary_pool.h"
#include "ngx_http_itinerary_sight.h"
#include "ngx_http_itinerary_supplier.h"


static ngx_uint_t ngx_http_itinerary_request_is_read(ngx_http_request_t *r);
static ngx_int_t ngx_http_itinerary_request_begin(ngx_http_request_t *r,
    ngx_http_itinerary_loc_conf_t *ilcf);
static ngx_int_t ngx_http_itinerary_request_show(ngx_http_request_t *r,
    ngx_http_itinerary_loc_conf_t *ilcf, ngx_http_itinerary_ctx_t *ctx,
    ngx_http_itinerary_headers_t *headers);
static ngx_int_t ngx_http_itinerary_request_look(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx);
static ngx_int_t ngx_http_itinerary_request_again(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx);
static ngx_int_t ngx_http_itinerary_request_advance(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn);
static ngx_int_t ngx_http_itinerary_request_viewed(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn);
static ngx_uint_t ngx_http_itinerary_request_has_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_itinerary_request_read(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn);
static void ngx_http_itinerary_request_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_itinerary_request_early(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn);
static ngx_int_t ngx_http_itinerary_request_deny(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn);
static ngx_int_t ngx_http_itinerary_request_refuse(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn);
static ngx_int_t ngx_http_itinerary_request_forward(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn);
static ngx_int_t ngx_http_itinerary_request_wait(ngx_http_request_t *r);
static void ngx_http_itinerary_request_wake(ngx_http_request_t *r);


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
        return ngx_http_itinerary_request_look(r, ctx);
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

    ngx_http_itinerary_headers_read(r, &headers);

    if (headers.override || headers.disguised) {
        return 0;
    }

    ngx_http_itinerary_core_pool(&pool, r->pool);

    ngx_memzero(&error, sizeof(itinerary_error_t));

    return ngx_http_itinerary_headers_target(r, &pool, &target, &error)
           == NGX_OK
           && target.operation == ITINERARY_OP_READ;
}


static ngx_int_t
ngx_http_itinerary_request_begin(ngx_http_request_t *r,
    ngx_http_itinerary_loc_conf_t *ilcf)
{
    ngx_int_t                          rc;
    ngx_http_itinerary_ctx_t          *ctx;
    ngx_http_itinerary_headers_t       headers;
    ngx_http_itinerary_transaction_t  *txn;

    ctx = ngx_http_itinerary_ctx_create(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_http_itinerary_headers_read(r, &headers);

    /* most reads need nothing but this */

    if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD) && r->args.len == 0
        && headers.override == NULL && headers.disguised == NULL
        && ngx_strlchr(r->unparsed_uri.data,
                       r->unparsed_uri.data + r->unparsed_uri.len, '#')
           == NULL)
    {
        ctx->operation = ITINERARY_OP_READ;
        return ngx_http_itinerary_request_show(r, ilcf, ctx, &headers);
    }

    txn = ngx_http_itinerary_transaction_create(r, ilcf,
                                             ngx_http_itinerary_request_wake);
    if (txn == NULL) {
        return NGX_ERROR;
    }

    ctx->txn = txn;

    rc = ngx_http_itinerary_headers_check(r, txn, &headers);

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
        return ngx_http_itinerary_request_show(r, ilcf, ctx, &headers);
    }

    return ngx_http_itinerary_request_advance(r, txn);
}


/* what a supplier is shown of a trip is learnt; the read passes anyway */

static ngx_int_t
ngx_http_itinerary_request_show(ngx_http_request_t *r,
    ngx_http_itinerary_loc_conf_t *ilcf, ngx_http_itinerary_ctx_t *ctx,
    ngx_http_itinerary_headers_t *headers)
{
    itinerary_str_t   trip;
    itinerary_pool_t  pool;

    if (r->method != NGX_HTTP_GET || headers->authorizations > 1) {
        return NGX_DECLINED;
    }

    ngx_http_itinerary_core_pool(&pool, r->pool);

    if (ngx_http_itinerary_headers_details(r, &pool, &trip) != NGX_OK) {
        return NGX_DECLINED;
    }

    ctx->sight = ngx_http_itinerary_sight_create(r, ilcf, &trip,
                                             headers->authorization,
                                             ngx_http_itinerary_request_wake);

    return ctx->sight ? ngx_http_itinerary_request_look(r, ctx)
                      : NGX_DECLINED;
}


static ngx_int_t
ngx_http_itinerary_request_look(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx)
{
    if (ctx->sight == NULL) {
        return NGX_DECLINED;
    }

    if (ngx_http_itinerary_sight_is_waiting(ctx->sight)) {
        return ngx_http_itinerary_request_wait(r);
    }

    /* as before: "proxy_ignore_client_abort" says what it does to leave */

    r->read_event_handler = ngx_http_block_reading;

    return NGX_DECLINED;
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

    if (ngx_http_itinerary_headers_target(r, &txn->core, &target, &error)
        != NGX_OK
        || target.operation != txn->target.operation
        || !itinerary_equal(&target.trip, &txn->target.trip))
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "itinerary: \"%V\" refused, it is not what was judged",
                      &r->uri);
        return NGX_HTTP_NOT_FOUND;
    }

    if ((txn->registry.leased || txn->registry.ntouched)
        && ngx_current_msec - txn->started >= txn->conf->lease)
    {
        /* another write to one of the trips may be under way */

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
ngx_http_itinerary_request_advance(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn)
{
    ngx_int_t   rc;

    if (txn->registry.busy) {
        return ngx_http_itinerary_request_wait(r);
    }

    switch (txn->state) {

    case ngx_http_itinerary_begun:

        return ngx_http_itinerary_request_read(r, txn);

    case ngx_http_itinerary_reading:

        rc = ngx_http_itinerary_body_finish(r, txn);

        if (rc != NGX_OK) {
            return rc;
        }

        if (txn->error.reason == ITINERARY_REASON_NONE) {
            ngx_http_itinerary_judge_lookup(txn);
        }

        if (txn->error.reason != ITINERARY_REASON_NONE) {
            return ngx_http_itinerary_request_deny(r, txn);
        }

        txn->state = ngx_http_itinerary_viewing;

        ngx_http_itinerary_registry_view(&txn->registry,
                                  txn->target.operation, txn->document,
                                  ngx_http_itinerary_judge_may_lease(txn),
                                  txn->conf->booking_source
                                  == ITINERARY_BOOKING_SOURCE_ANY);

        return ngx_http_itinerary_request_wait(r);

    case ngx_http_itinerary_viewing:

        return ngx_http_itinerary_request_viewed(r, txn);

    case ngx_http_itinerary_claiming:

        ngx_http_itinerary_judge_claims(txn);

        if (txn->error.reason != ITINERARY_REASON_NONE) {
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


/* the registry has told all that the judgement needs */

static ngx_int_t
ngx_http_itinerary_request_viewed(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn)
{
    if (ngx_http_itinerary_judge(txn) != NGX_OK) {
        return NGX_ERROR;
    }

    if (txn->error.reason != ITINERARY_REASON_NONE
        && (txn->registry.failure
            || txn->conf->mode == NGX_HTTP_ITINERARY_ENFORCE))
    {
        return ngx_http_itinerary_request_deny(r, txn);
    }

    if (ngx_http_itinerary_registry_is_claim(&txn->registry, &txn->judgement))
    {
        txn->state = ngx_http_itinerary_claiming;

        ngx_http_itinerary_registry_claim(&txn->registry, &txn->asked,
                                          &txn->judgement);

        return ngx_http_itinerary_request_wait(r);
    }

    return ngx_http_itinerary_request_forward(r, txn);
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
    ngx_int_t   rc;
    ngx_str_t  *token;

    txn->state = ngx_http_itinerary_reading;

    token = txn->token.len ? &txn->token : NULL;

    if (token || txn->target.trip.len || txn->target.source.len) {
        ngx_http_itinerary_registry_lookup(&txn->registry, token, &txn->target,
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

        rc = ngx_http_itinerary_body_feed(txn, b->pos, b->last - b->pos);

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
        ngx_http_itinerary_judge_lookup(txn);
    }

    if (txn->error.reason == ITINERARY_REASON_NONE || txn->registry.leased) {
        return NGX_OK;
    }

    return ngx_http_itinerary_request_refuse(r, txn);
}


/* the request may not pass: refuse it, or only say so */

static ngx_int_t
ngx_http_itinerary_request_deny(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn)
{
    if (txn->error.reason == ITINERARY_REGISTRY_UNAVAILABLE
        && txn->conf->fail_open && !txn->registry.suspect)
    {
        if (ngx_http_itinerary_judge_fail_open(txn) != NGX_OK) {
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
    const char                *text;
    ngx_uint_t                 level;
    itinerary_detail_t        *detail;
    const itinerary_reason_t  *reason;

    txn->state = ngx_http_itinerary_refused;

    reason = itinerary_reason(txn->error.reason);
    detail = txn->error.details;
    text = detail ? detail->text : "";

    /* what a schema says quotes the document, which is not to be logged */

    if (detail && txn->error.reason == ITINERARY_INVALID_DOCUMENT) {
        text = detail->path;
    }

    /* malformed is the client's fault, overreaching is to be known */

    level = reason->status == 403 || reason->status >= 500 ? NGX_LOG_ERR
                                                           : NGX_LOG_INFO;

    ngx_log_error(level, r->connection->log, 0,
                  "itinerary: refused, %*s: \"%s\"", reason->code.len,
                  reason->code.data, text);

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

    if (txn->target.operation == ITINERARY_OP_CREATE
        && ngx_http_itinerary_registry_forward(&txn->registry) != NGX_OK)
    {
        return NGX_ERROR;
    }

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

    if (ngx_http_itinerary_headers_identity(r) != NGX_OK) {
        return NGX_ERROR;
    }

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

    if (ctx == NULL) {
        return;
    }

    txn = ctx->txn;

    if (txn == NULL) {
        ngx_http_core_run_phases(r);
        return;
    }

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
