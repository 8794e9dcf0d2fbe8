
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_redis_conn.h"


static ngx_int_t ngx_http_itinerary_redis_init(
    ngx_http_itinerary_redis_t *redis);
static ngx_http_itinerary_redis_conn_t *ngx_http_itinerary_redis_conn(
    ngx_http_itinerary_redis_t *redis);


void
ngx_http_itinerary_redis_send(ngx_http_itinerary_redis_t *redis,
    ngx_http_itinerary_redis_call_t *call)
{
    ngx_http_itinerary_redis_conn_t  *conn;

    call->failure = NULL;
    call->started = ngx_current_msec;
    call->deadline = ngx_current_msec + redis->timeout;
    call->pending = 0;

    if (call->commands.nelts == 0) {
        ngx_http_itinerary_redis_call_fail(call, NULL);
        return;
    }

    if (redis->conns == NULL
        && ngx_http_itinerary_redis_init(redis) != NGX_OK)
    {
        ngx_http_itinerary_redis_call_fail(call, "has no memory here");
        return;
    }

    conn = ngx_http_itinerary_redis_conn(redis);

    ngx_http_itinerary_redis_conn_send(conn, call);
}


void
ngx_http_itinerary_redis_distrust(ngx_http_itinerary_redis_t *redis)
{
    ngx_uint_t  i;

    for (i = 0; redis->conns && i < redis->nconns; i++) {
        redis->conns[i].distrusted = 1;
    }
}


void
ngx_http_itinerary_redis_close(ngx_http_itinerary_redis_t *redis)
{
    ngx_uint_t  i;

    if (redis->conns == NULL) {
        return;
    }

    for (i = 0; i < redis->nconns; i++) {
        ngx_http_itinerary_redis_conn_close(&redis->conns[i]);
    }

    ngx_free(redis->conns);
    redis->conns = NULL;
}


static ngx_int_t
ngx_http_itinerary_redis_init(ngx_http_itinerary_redis_t *redis)
{
    ngx_uint_t  i;

    redis->conns = ngx_calloc(redis->nconns
                              * sizeof(ngx_http_itinerary_redis_conn_t),
                              ngx_cycle->log);
    if (redis->conns == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < redis->nconns; i++) {
        ngx_http_itinerary_redis_conn_init(&redis->conns[i], redis);
    }

    return NGX_OK;
}


/*
 * Of the ready connections the one with the least to do; without any, one
 * that is being opened, or can be.  While all that are ready have something
 * to do, another one is opened, for those who come later: nobody waits for a
 * connection where one is ready.
 */

static ngx_http_itinerary_redis_conn_t *
ngx_http_itinerary_redis_conn(ngx_http_itinerary_redis_t *redis)
{
    ngx_uint_t                        i;
    ngx_http_itinerary_redis_conn_t  *conn, *ready, *opening, *closed;

    ready = NULL;
    opening = NULL;
    closed = NULL;

    for (i = 0; i < redis->nconns; i++) {

        conn = &redis->conns[i];

        switch (conn->state) {

        case ngx_http_itinerary_redis_ready:

            if (ready == NULL || conn->count < ready->count) {
                ready = conn;
            }

            break;

        case ngx_http_itinerary_redis_closed:

            if (closed == NULL
                && (ngx_msec_int_t) (conn->retry_at - ngx_current_msec) <= 0)
            {
                closed = conn;
            }

            break;

        default:

            opening = conn;
            break;
        }
    }

    if (ready == NULL) {
        return opening ? opening : closed ? closed : &redis->conns[0];
    }

    if (ready->count && opening == NULL && closed && !ngx_exiting) {
        ngx_http_itinerary_redis_conn_open(closed);
    }

    return ready;
}
