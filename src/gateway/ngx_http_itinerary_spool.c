
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_spool.h"
#include "ngx_http_itinerary_pool.h"


/* ms: how often a worker looks whether something waits, and tries again */

#define NGX_HTTP_ITINERARY_SPOOL_IDLE       1000
#define NGX_HTTP_ITINERARY_SPOOL_DELAY_MIN  20
#define NGX_HTTP_ITINERARY_SPOOL_DELAY_MAX  500


static void ngx_http_itinerary_spool_handler(ngx_event_t *ev);
static void ngx_http_itinerary_spool_advance(
    ngx_http_itinerary_spool_t *spool);
static ngx_int_t ngx_http_itinerary_spool_next(
    ngx_http_itinerary_spool_t *spool);
static ngx_int_t ngx_http_itinerary_spool_begin(
    ngx_http_itinerary_spool_t *spool);
static void ngx_http_itinerary_spool_recalled(void *data);
static void ngx_http_itinerary_spool_recorded(void *data);
static void ngx_http_itinerary_spool_failed(
    ngx_http_itinerary_spool_t *spool);
static void ngx_http_itinerary_spool_retry(
    ngx_http_itinerary_spool_t *spool);
static void ngx_http_itinerary_spool_end(ngx_http_itinerary_spool_t *spool);
static void ngx_http_itinerary_spool_wait(ngx_http_itinerary_spool_t *spool,
    ngx_msec_t ms);


ngx_int_t
ngx_http_itinerary_spool_add(ngx_conf_t *cf, ngx_array_t *spools,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *directory)
{
    ngx_http_itinerary_spool_t  *spool;

    if (ngx_http_itinerary_spool_of(spools, redis)) {
        return NGX_OK;
    }

    spool = ngx_array_push(spools);
    if (spool == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(spool, sizeof(ngx_http_itinerary_spool_t));

    spool->redis = redis;

    return ngx_http_itinerary_spool_file_init(cf, &spool->files, directory,
                                              redis->registry);
}


ngx_http_itinerary_spool_t *
ngx_http_itinerary_spool_of(ngx_array_t *spools,
    ngx_http_itinerary_redis_t *redis)
{
    ngx_uint_t                   i;
    ngx_http_itinerary_spool_t  *spool;

    spool = spools->elts;

    for (i = 0; i < spools->nelts; i++) {
        if (spool[i].files.registry == redis->registry) {
            return &spool[i];
        }
    }

    return NULL;
}


void
ngx_http_itinerary_spool_start(ngx_http_itinerary_spool_t *spool,
    ngx_log_t *log)
{
    spool->timer.handler = ngx_http_itinerary_spool_handler;
    spool->timer.data = spool;
    spool->timer.log = log;
    spool->timer.cancelable = 1;

    spool->delay = NGX_HTTP_ITINERARY_SPOOL_DELAY_MIN;

    ngx_http_itinerary_spool_wait(spool, 1);
}


ngx_uint_t
ngx_http_itinerary_spool_depth(ngx_http_itinerary_spool_t *spool)
{
    return *spool->files.depth;
}


ngx_int_t
ngx_http_itinerary_spool_put(ngx_http_itinerary_spool_t *spool,
    ngx_http_itinerary_registry_t *reg)
{
    ngx_str_t  text;

    if (ngx_http_itinerary_registry_note(reg, &text) != NGX_OK
        || ngx_http_itinerary_spool_file_write(&spool->files, &text, reg->log)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* unless it is at it, or waits for Redis */

    if (spool->pool == NULL
        && spool->delay == NGX_HTTP_ITINERARY_SPOOL_DELAY_MIN)
    {
        ngx_http_itinerary_spool_wait(spool, spool->delay);
    }

    return NGX_OK;
}


/* one round: what waits is recorded, one after the other */

static void
ngx_http_itinerary_spool_handler(ngx_event_t *ev)
{
    ngx_int_t                    rc;
    ngx_http_itinerary_spool_t  *spool;

    spool = ev->data;

    /* an operator may have put something back before a reload */

    if (*spool->files.depth == 0 && spool->looked) {
        ngx_http_itinerary_spool_wait(spool, NGX_HTTP_ITINERARY_SPOOL_IDLE);
        return;
    }

    rc = ngx_http_itinerary_spool_file_lock(&spool->files, ev->log);

    if (rc != NGX_OK) {
        ngx_http_itinerary_spool_wait(spool, NGX_HTTP_ITINERARY_SPOOL_IDLE);
        return;
    }

    spool->looked = 1;

    ngx_http_itinerary_spool_advance(spool);
}


static void
ngx_http_itinerary_spool_advance(ngx_http_itinerary_spool_t *spool)
{
    ngx_int_t  rc;

    do {
        rc = ngx_http_itinerary_spool_next(spool);
    } while (rc == NGX_DECLINED);

    if (rc == NGX_AGAIN) {
        return;
    }

    ngx_http_itinerary_spool_file_unlock(&spool->files, spool->timer.log);

    if (rc == NGX_OK) {
        spool->delay = NGX_HTTP_ITINERARY_SPOOL_DELAY_MIN;
        ngx_http_itinerary_spool_wait(spool, NGX_HTTP_ITINERARY_SPOOL_IDLE);
        return;
    }

    ngx_http_itinerary_spool_retry(spool);
}


/*
 * NGX_AGAIN: the first that waits is on its way; NGX_DECLINED: it could not
 * be read as a note, and waits no longer; NGX_OK: nothing waits; NGX_ERROR.
 */

static ngx_int_t
ngx_http_itinerary_spool_next(ngx_http_itinerary_spool_t *spool)
{
    ngx_int_t  rc;

    if (ngx_exiting || ngx_terminate) {
        return NGX_OK;
    }

    spool->pool = ngx_create_pool(8192, spool->timer.log);
    if (spool->pool == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_http_itinerary_spool_begin(spool);

    switch (rc) {

    case NGX_AGAIN:
        return NGX_AGAIN;

    case NGX_DECLINED:

        ngx_log_error(NGX_LOG_CRIT, spool->timer.log, 0,
                      "itinerary: \"%V\" is not what became of a write",
                      &spool->name);

        if (ngx_http_itinerary_spool_file_set_aside(&spool->files,
                                                    &spool->name,
                                                    spool->timer.log)
            != NGX_OK)
        {
            rc = NGX_ERROR;
        }
    }

    ngx_http_itinerary_spool_end(spool);

    return rc;
}


static ngx_int_t
ngx_http_itinerary_spool_begin(ngx_http_itinerary_spool_t *spool)
{
    ngx_int_t                       rc;
    ngx_str_t                       text;
    itinerary_str_t                 str;
    ngx_http_itinerary_registry_t  *reg;

    rc = ngx_http_itinerary_spool_file_first(&spool->files, spool->pool,
                                             &spool->name, &text,
                                             spool->timer.log);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : NGX_ERROR;
    }

    ngx_http_itinerary_core_pool(&spool->core, spool->pool);

    str = ngx_http_itinerary_core_text(&text);

    switch (itinerary_note_read(&spool->core, &str, &spool->note)) {

    case ITINERARY_OK:
        break;

    case ITINERARY_REFUSED:
        return NGX_DECLINED;

    default:
        return NGX_ERROR;
    }

    reg = &spool->registry;

    ngx_memzero(reg, sizeof(ngx_http_itinerary_registry_t));

    reg->pool = spool->pool;
    reg->log = spool->timer.log;
    reg->core = &spool->core;
    reg->redis = spool->redis;
    reg->handler = ngx_http_itinerary_spool_recalled;
    reg->data = spool;

    ngx_http_itinerary_registry_recall(reg, &spool->note);

    return NGX_AGAIN;
}


static void
ngx_http_itinerary_spool_recalled(void *data)
{
    ngx_http_itinerary_spool_t *spool = data;

    ngx_http_itinerary_registry_t  *reg;

    reg = &spool->registry;

    if (reg->failure) {
        ngx_http_itinerary_spool_failed(spool);
        return;
    }

    reg->handler = ngx_http_itinerary_spool_recorded;

    ngx_http_itinerary_registry_record(reg, &spool->note.c, &spool->note.j,
                                       &spool->note.facts);
}


static void
ngx_http_itinerary_spool_recorded(void *data)
{
    ngx_http_itinerary_spool_t *spool = data;

    if (spool->registry.failure) {
        ngx_http_itinerary_spool_failed(spool);
        return;
    }

    if (ngx_http_itinerary_spool_file_remove(&spool->files, &spool->name,
                                             spool->timer.log)
        != NGX_OK)
    {
        ngx_http_itinerary_spool_failed(spool);
        return;
    }

    spool->delay = NGX_HTTP_ITINERARY_SPOOL_DELAY_MIN;

    ngx_log_error(NGX_LOG_NOTICE, spool->timer.log, 0,
                  "itinerary: what became of request \"%V\" is in the registry "
                  "now, %uA more wait", &spool->registry.request,
                  *spool->files.depth);

    ngx_http_itinerary_spool_end(spool);
    ngx_http_itinerary_spool_advance(spool);
}


/*
 * Redis is away, or takes no writes: all that waits goes on waiting.  What it
 * cannot take since a key holds something else does not hold up the rest: all
 * but that key was told, and who needs the key is refused.
 */

static void
ngx_http_itinerary_spool_failed(ngx_http_itinerary_spool_t *spool)
{
    ngx_http_itinerary_registry_t  *reg;

    reg = &spool->registry;

    if (reg->suspect
        && ngx_http_itinerary_spool_file_set_aside(&spool->files, &spool->name,
                                                   spool->timer.log)
           == NGX_OK)
    {
        ngx_log_error(NGX_LOG_CRIT, spool->timer.log, 0,
                      "itinerary: what became of request \"%V\" cannot be "
                      "recorded, redis \"%V\" %s: it is set aside in \"%V\"",
                      &reg->request, &spool->redis->name, reg->failure,
                      &spool->name);

        ngx_http_itinerary_spool_end(spool);
        ngx_http_itinerary_spool_advance(spool);
        return;
    }

    ngx_http_itinerary_spool_end(spool);
    ngx_http_itinerary_spool_file_unlock(&spool->files, spool->timer.log);

    ngx_http_itinerary_spool_retry(spool);
}


static void
ngx_http_itinerary_spool_retry(ngx_http_itinerary_spool_t *spool)
{
    ngx_http_itinerary_spool_wait(spool, spool->delay);

    spool->delay = ngx_min(spool->delay * 2,
                           NGX_HTTP_ITINERARY_SPOOL_DELAY_MAX);
}


static void
ngx_http_itinerary_spool_end(ngx_http_itinerary_spool_t *spool)
{
    ngx_destroy_pool(spool->pool);
    spool->pool = NULL;
}


static void
ngx_http_itinerary_spool_wait(ngx_http_itinerary_spool_t *spool, ngx_msec_t ms)
{
    if (ngx_exiting || ngx_terminate) {
        return;
    }

    if (spool->timer.timer_set) {
        ngx_del_timer(&spool->timer);
    }

    ngx_add_timer(&spool->timer, ms);
}
