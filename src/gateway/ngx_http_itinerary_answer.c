
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_answer.h"
#include "ngx_http_itinerary_audit.h"
#include "ngx_http_itinerary_error.h"


/* a bit of c->buffered that no filter of nginx's own uses for such answers */

#define NGX_HTTP_ITINERARY_BUFFERED  0x08

/* so many bytes of an answer's end are held back at most */

#define NGX_HTTP_ITINERARY_HELD_MAX  8192


static ngx_int_t ngx_http_itinerary_answer_header_filter(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_itinerary_answer_too_large(ngx_http_request_t *r);
static ngx_int_t ngx_http_itinerary_answer_page(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx);
static ngx_int_t ngx_http_itinerary_answer_begin(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx);
static unsigned ngx_http_itinerary_answer_roots(
    ngx_http_itinerary_transaction_t *txn);
static ngx_int_t ngx_http_itinerary_answer_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_itinerary_answer_hold(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx, ngx_chain_t *in, ngx_chain_t **out);
static size_t ngx_http_itinerary_answer_keep(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx, ngx_buf_t *last);
static ngx_int_t ngx_http_itinerary_answer_release(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx, ngx_chain_t ***ll);
static ngx_uint_t ngx_http_itinerary_answer_is_unread(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx);
static void ngx_http_itinerary_answer_drop(ngx_chain_t *out);
static void ngx_http_itinerary_answer_end(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx);
static ngx_int_t ngx_http_itinerary_answer_last(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx, ngx_chain_t **out);
static void ngx_http_itinerary_answer_wake(ngx_http_request_t *r);
static ngx_int_t ngx_http_itinerary_answer_log_handler(ngx_http_request_t *r);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


ngx_int_t
ngx_http_itinerary_answer_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_LOG_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_itinerary_answer_log_handler;

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_itinerary_answer_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_itinerary_answer_body_filter;

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_answer_header_filter(ngx_http_request_t *r)
{
    ngx_int_t                          rc;
    ngx_uint_t                         redirected;
    ngx_http_itinerary_ctx_t          *ctx;
    ngx_http_itinerary_transaction_t  *txn;

    if (r != r->main) {
        return ngx_http_next_header_filter(r);
    }

    if (r->headers_out.status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE
        && !r->error_page
        && ngx_http_itinerary_answer_too_large(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx = ngx_http_itinerary_ctx_find(r, &redirected);

    if (ctx == NULL || ctx->txn == NULL) {

        if (ctx && ctx->sight && !redirected) {
            ngx_http_itinerary_sight_header(r, ctx->sight);
        }

        return ngx_http_next_header_filter(r);
    }

    txn = ctx->txn;
    rc = NGX_OK;

    if (redirected) {
        ctx->diverted = 1;
        ngx_http_set_ctx(r, ctx, ngx_http_itinerary_module);
    }

    if (txn->state == ngx_http_itinerary_refused) {

        if (r->headers_out.status
            == itinerary_reason(txn->error.reason)->status
            && !redirected)
        {
            rc = ngx_http_itinerary_answer_page(r, ctx);
        }

    } else if (txn->state == ngx_http_itinerary_forwarded && !txn->answered) {
        rc = ngx_http_itinerary_answer_begin(r, ctx);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_next_header_filter(r);

    return rc == NGX_ERROR && ngx_http_itinerary_answer_is_unread(r, ctx)
           ? NGX_OK : rc;
}


/* a body over client_max_body_size is refused by nginx itself */

static ngx_int_t
ngx_http_itinerary_answer_too_large(ngx_http_request_t *r)
{
    ngx_http_itinerary_ctx_t       *ctx;
    ngx_http_itinerary_loc_conf_t  *ilcf;

    ilcf = ngx_http_get_module_loc_conf(r, ngx_http_itinerary_module);

    if (ilcf->mode == NGX_HTTP_ITINERARY_OFF || r->method != NGX_HTTP_POST) {
        return NGX_OK;
    }

    ctx = ngx_http_itinerary_ctx_find(r, NULL);

    if (ctx == NULL) {
        ctx = ngx_http_itinerary_ctx_create(r);
        if (ctx == NULL) {
            return NGX_ERROR;
        }

        ctx->txn = ngx_http_itinerary_transaction_create(r, ilcf,
                                              ngx_http_itinerary_answer_wake);
        if (ctx->txn == NULL) {
            return NGX_ERROR;
        }

    } else if (ctx->txn == NULL
               || ctx->txn->state > ngx_http_itinerary_reading)
    {
        return NGX_OK;
    }

    ctx->txn->feeding = 0;
    ctx->txn->state = ngx_http_itinerary_refused;

    ngx_memzero(&ctx->txn->error, sizeof(itinerary_error_t));
    (void) itinerary_refuse(&ctx->txn->core, &ctx->txn->error,
                            ITINERARY_BODY_TOO_LARGE, 0, "",
                            "it is larger than client_max_body_size");

    return NGX_OK;
}


/* an error document in the place of nginx's own page */

static ngx_int_t
ngx_http_itinerary_answer_page(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx)
{
    ngx_str_t  type;

    ctx->page = ngx_http_itinerary_error_body(r, &ctx->txn->request_id,
                                              &ctx->txn->error, &type);
    if (ctx->page == NULL) {
        return NGX_ERROR;
    }

    r->headers_out.content_type = type;
    r->headers_out.content_type_len = type.len;
    r->headers_out.content_type_lowcase = NULL;

    ngx_http_clear_content_length(r);
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);

    r->headers_out.content_length_n = ctx->page->last - ctx->page->pos;

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_answer_begin(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx)
{
    unsigned                           roots;
    ngx_http_itinerary_transaction_t  *txn;

    txn = ctx->txn;

    txn->answered = 1;
    txn->status = r->headers_out.status;

    if (txn->upstream_status == 0) {
        txn->upstream_status = r->upstream
                               ? r->upstream->headers_in.status_n
                               : r->headers_out.status;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "itinerary answer status:%ui upstream:%ui",
                   txn->status, txn->upstream_status);

    if (r->header_only) {
        return NGX_OK;
    }

    ctx->holding = 1;
    r->filter_need_in_memory = 1;

    if (txn->upstream_status < 200 || txn->upstream_status >= 300
        || ctx->diverted || !txn->judgeable)
    {
        return NGX_OK;
    }

    /*
     * Without a reading the outcome is in doubt; the answer passes.  What the
     * booking resource answers is no view of the trip.
     */

    roots = ngx_http_itinerary_answer_roots(txn);

    txn->answer = ngx_http_itinerary_reading_create(r, &txn->core, roots,
                                           roots == ITINERARY_ROOT_ITINERARY);

    return NGX_OK;
}


static unsigned
ngx_http_itinerary_answer_roots(ngx_http_itinerary_transaction_t *txn)
{
    switch (txn->target.operation) {

    case ITINERARY_OP_BOOK:
    case ITINERARY_OP_CANCEL_BOOKING:

        return ITINERARY_ROOT_ITINERARY|ITINERARY_ROOT_BOOKING
               |ITINERARY_ROOT_SEGMENT;

    default:

        return ITINERARY_ROOT_ITINERARY;
    }
}


static ngx_int_t
ngx_http_itinerary_answer_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t                  rc;
    ngx_chain_t               *cl, *out;
    ngx_http_itinerary_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_itinerary_module);

    if (ctx == NULL || r != r->main) {
        return ngx_http_next_body_filter(r, in);
    }

    if (ctx->page) {

        for (cl = in; cl; cl = cl->next) {
            cl->buf->pos = cl->buf->last;
        }

        if (ctx->sent || r->header_only) {
            return ngx_http_next_body_filter(r, NULL);
        }

        ctx->sent = 1;

        cl = ngx_alloc_chain_link(r->pool);
        if (cl == NULL) {
            return NGX_ERROR;
        }

        ctx->page->last_buf = 1;
        ctx->page->last_in_chain = 1;

        cl->buf = ctx->page;
        cl->next = NULL;

        return ngx_http_next_body_filter(r, cl);
    }

    if (ctx->sight) {
        ngx_http_itinerary_sight_body(ctx->sight, in);
    }

    if (!ctx->holding || ctx->sent) {
        return ngx_http_next_body_filter(r, in);
    }

    if (ngx_http_itinerary_answer_hold(r, ctx, in, &out) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->txn->complete
        && ctx->txn->state == ngx_http_itinerary_forwarded)
    {
        ngx_http_itinerary_answer_end(r, ctx);
    }

    if (ctx->txn->state == ngx_http_itinerary_settled) {

        if (ngx_http_itinerary_answer_last(r, ctx, &out) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (out == NULL && in) {
        return NGX_OK;
    }

    rc = ngx_http_next_body_filter(r, out);

    if (rc == NGX_ERROR && ngx_http_itinerary_answer_is_unread(r, ctx)) {

        ngx_http_itinerary_answer_drop(r->out);
        ngx_http_itinerary_answer_drop(out);

        r->out = NULL;
        rc = NGX_OK;
    }

    ngx_chain_update_chains(r->pool, &ctx->free, &ctx->busy, &out,
                       (ngx_buf_tag_t) &ngx_http_itinerary_answer_init);

    return rc;
}


/*
 * Has the client left in the middle of the answer?  The error would end it at
 * the API, too; it is read to its end, to learn what has become of the write.
 */

static ngx_uint_t
ngx_http_itinerary_answer_is_unread(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx)
{
    return r->connection->error && ctx->holding
           && ctx->txn->state == ngx_http_itinerary_forwarded;
}


static void
ngx_http_itinerary_answer_drop(ngx_chain_t *out)
{
    ngx_buf_t  *b;

    for ( /* void */ ; out; out = out->next) {
        b = out->buf;

        b->pos = b->last;
        b->file_pos = b->file_last;
    }
}


/*
 * Passes on what has come but for what is held back; a buffer is only
 * shortened, so that its owner finds it consumed.
 */

static ngx_int_t
ngx_http_itinerary_answer_hold(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx, ngx_chain_t *in, ngx_chain_t **out)
{
    size_t        n;
    ngx_buf_t    *b, *last;
    ngx_chain_t  *cl, *tl, **ll;

    *out = NULL;
    ll = out;
    last = NULL;

    for (cl = in; cl; cl = cl->next) {

        b = cl->buf;

        if (ngx_buf_in_memory(b) && b->last > b->pos) {
            last = b;
            ctx->seen += b->last - b->pos;

            if (ctx->txn->answer) {
                ngx_http_itinerary_reading_feed(ctx->txn->answer, b->pos,
                                                b->last - b->pos);
            }
        }
    }

    if (last) {

        if (ngx_http_itinerary_answer_release(r, ctx, &ll) != NGX_OK) {
            return NGX_ERROR;
        }

        n = ngx_http_itinerary_answer_keep(r, ctx, last);

        ctx->held.data = (n == 1) ? &ctx->byte : ngx_pnalloc(r->pool, n);
        if (ctx->held.data == NULL) {
            return NGX_ERROR;
        }

        last->last -= n;
        ctx->held.len = n;
        ngx_memcpy(ctx->held.data, last->last, n);

        if (last->in_file) {

            /* in memory and in a temporary file, from which it is sent */

            last->file_last -= n;
        }
    }

    for (cl = in; cl; cl = cl->next) {

        b = cl->buf;

        if (b->last_buf) {
            b->last_buf = 0;
            b->last_in_chain = 0;
            ctx->txn->complete = 1;
        }

        if (ngx_buf_size(b) == 0 && !ngx_buf_special(b)) {
            continue;
        }

        tl = ngx_alloc_chain_link(r->pool);
        if (tl == NULL) {
            return NGX_ERROR;
        }

        tl->buf = b;
        tl->next = NULL;

        *ll = tl;
        ll = &tl->next;
    }

    return NGX_OK;
}


/*
 * How much of the last buffer is held back: its last byte, or all of a short
 * one that ends the answer, as its length says; one call to the system less.
 */

static size_t
ngx_http_itinerary_answer_keep(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx, ngx_buf_t *last)
{
    size_t  n;

    n = last->last - last->pos;

    return (ctx->seen == r->headers_out.content_length_n
            && n <= NGX_HTTP_ITINERARY_HELD_MAX)
           ? n : 1;
}


/* what was held back goes on */

static ngx_int_t
ngx_http_itinerary_answer_release(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx, ngx_chain_t ***ll)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (ctx->held.len == 0) {
        return NGX_OK;
    }

    cl = ngx_chain_get_free_buf(r->pool, &ctx->free);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    b = cl->buf;

    if (ctx->held.len > 1) {
        b->start = ctx->held.data;

    } else {

        if (b->start == NULL) {
            b->start = ngx_pnalloc(r->pool, 1);
            if (b->start == NULL) {
                return NGX_ERROR;
            }
        }

        *b->start = ctx->byte;
    }

    b->pos = b->start;
    b->last = b->start + ctx->held.len;
    b->end = b->last;
    b->temporary = 1;
    b->tag = (ngx_buf_tag_t) &ngx_http_itinerary_answer_init;

    ctx->held.len = 0;

    **ll = cl;
    *ll = &cl->next;

    return NGX_OK;
}


/* the whole answer is here: what does it teach? */

static void
ngx_http_itinerary_answer_end(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx)
{
    itinerary_facts_t                 *facts;
    itinerary_document_t              *document;
    ngx_http_itinerary_transaction_t  *txn;

    txn = ctx->txn;
    facts = NULL;

    document = txn->answer ? ngx_http_itinerary_reading_finish(txn->answer)
                           : NULL;

    if (document
        && itinerary_learn(&txn->core, &txn->asked, &txn->judgement, document,
                           &txn->facts)
           == ITINERARY_OK)
    {
        facts = &txn->facts;
    }

    if (facts == NULL && txn->judgeable && txn->upstream_status >= 200
        && txn->upstream_status < 300)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "itinerary: the answer is not a trip, so that its "
                      "outcome is in doubt");
    }

    r->connection->buffered |= NGX_HTTP_ITINERARY_BUFFERED;

    txn->wake = ngx_http_itinerary_answer_wake;

    ngx_http_itinerary_transaction_settle(txn, facts,
                                          txn->upstream_status >= 400
                                          && txn->upstream_status < 500
                                          && !txn->doubtful);
}


/* the registry knows: what was held back, and the end, may go */

static ngx_int_t
ngx_http_itinerary_answer_last(ngx_http_request_t *r,
    ngx_http_itinerary_ctx_t *ctx, ngx_chain_t **out)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl, **ll;

    for (ll = out; *ll; ll = &(*ll)->next) { /* void */ }

    if (ngx_http_itinerary_answer_release(r, ctx, &ll) != NGX_OK) {
        return NGX_ERROR;
    }

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    b->last_buf = 1;
    b->last_in_chain = 1;

    cl->buf = b;
    cl->next = NULL;
    *ll = cl;

    ctx->sent = 1;
    r->connection->buffered &= ~NGX_HTTP_ITINERARY_BUFFERED;

    return NGX_OK;
}


/* nothing is allocated: the answer would be held for want of memory */

static void
ngx_http_itinerary_answer_wake(ngx_http_request_t *r)
{
    ngx_http_itinerary_ctx_t  *ctx;

    ctx = ngx_http_itinerary_ctx_find(r, NULL);

    (void) ngx_http_post_request(r, &ctx->posted);
}


/* every transaction that has a verdict leaves its last record */

static ngx_int_t
ngx_http_itinerary_answer_log_handler(ngx_http_request_t *r)
{
    ngx_http_itinerary_ctx_t          *ctx;
    ngx_http_itinerary_transaction_t  *txn;

    ctx = ngx_http_itinerary_ctx_find(r, NULL);

    if (ctx == NULL || ctx->txn == NULL) {
        return NGX_OK;
    }

    txn = ctx->txn;

    if (txn->status == 0) {
        txn->status = r->err_status ? r->err_status : r->headers_out.status;
    }

    if (txn->state == ngx_http_itinerary_refused && !txn->audited) {
        txn->audited = 1;

        (void) ngx_http_itinerary_audit(txn,
                                        ngx_http_itinerary_event_rejected);
    }

    return NGX_OK;
}
