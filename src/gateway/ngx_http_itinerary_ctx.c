
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_ctx.h"


static void ngx_http_itinerary_ctx_cleanup(void *data);


ngx_http_itinerary_ctx_t *
ngx_http_itinerary_ctx_create(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_itinerary_ctx_t  *ctx;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_itinerary_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_itinerary_ctx_t));

    cln->handler = ngx_http_itinerary_ctx_cleanup;

    ngx_http_set_ctx(r, ctx, ngx_http_itinerary_module);

    return ctx;
}


ngx_http_itinerary_ctx_t *
ngx_http_itinerary_ctx_find(ngx_http_request_t *r, ngx_uint_t *redirected)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_itinerary_ctx_t  *ctx;

    if (redirected) {
        *redirected = 0;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_itinerary_module);

    if (ctx || !r->internal) {
        return ctx;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler == ngx_http_itinerary_ctx_cleanup) {

            if (redirected) {
                *redirected = 1;
            }

            return cln->data;
        }
    }

    return NULL;
}


static void
ngx_http_itinerary_ctx_cleanup(void *data)
{
    ngx_http_itinerary_ctx_t *ctx = data;

    if (ctx->txn) {
        ngx_http_itinerary_transaction_leave(ctx->txn);
    }

    if (ctx->sight) {
        ngx_http_itinerary_sight_leave(ctx->sight);
    }
}
