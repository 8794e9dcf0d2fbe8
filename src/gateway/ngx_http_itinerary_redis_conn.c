
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_redis_pipeline.h"
#include <ngx_event_connect.h>


/* bytes that are read at once */

#define NGX_HTTP_ITINERARY_REDIS_BUFFER       16384

/* ms; a server that is away is tried after a random part of these */

#define NGX_HTTP_ITINERARY_REDIS_BACKOFF_MIN  50
#define NGX_HTTP_ITINERARY_REDIS_BACKOFF_MAX  1000


static ngx_int_t ngx_http_itinerary_redis_connect(
    ngx_http_itinerary_redis_conn_t *conn);
static void ngx_http_itinerary_redis_greet(
    ngx_http_itinerary_redis_conn_t *conn);
static void ngx_http_itinerary_redis_greeted(
    ngx_http_itinerary_redis_call_t *call);
static ngx_uint_t ngx_http_itinerary_redis_deadline(
    ngx_http_itinerary_redis_conn_t *conn, ngx_msec_t *until);
static void ngx_http_itinerary_redis_arm(
    ngx_http_itinerary_redis_conn_t *conn);
static void ngx_http_itinerary_redis_shut(
    ngx_http_itinerary_redis_conn_t *conn);
static void ngx_http_itinerary_redis_flush_handler(ngx_event_t *ev);
static void ngx_http_itinerary_redis_timer_handler(ngx_event_t *ev);
static void ngx_http_itinerary_redis_expire(
    ngx_http_itinerary_redis_conn_t *conn);
static void ngx_http_itinerary_redis_write_handler(ngx_event_t *wev);
static void ngx_http_itinerary_redis_read_handler(ngx_event_t *rev);


void
ngx_http_itinerary_redis_conn_init(ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_t *redis)
{
    conn->redis = redis;

    ngx_queue_init(&conn->waiting);
    ngx_queue_init(&conn->calls);

    conn->timer.handler = ngx_http_itinerary_redis_timer_handler;
    conn->timer.data = conn;
    conn->timer.log = ngx_cycle->log;

    conn->flush.handler = ngx_http_itinerary_redis_flush_handler;
    conn->flush.data = conn;
    conn->flush.log = ngx_cycle->log;

    conn->retry_at = ngx_current_msec;
    conn->backoff = NGX_HTTP_ITINERARY_REDIS_BACKOFF_MIN;
}


void
ngx_http_itinerary_redis_conn_send(ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_call_t *call)
{
    switch (conn->state) {

    case ngx_http_itinerary_redis_closed:

        if ((ngx_msec_int_t) (conn->retry_at - ngx_current_msec) > 0) {
            ngx_http_itinerary_redis_call_fail(call, "is away");
            return;
        }

        ngx_queue_insert_tail(&conn->waiting, &call->queue);

        ngx_http_itinerary_redis_conn_open(conn);
        return;

    case ngx_http_itinerary_redis_connecting:
    case ngx_http_itinerary_redis_greeting:

        ngx_queue_insert_tail(&conn->waiting, &call->queue);
        break;

    case ngx_http_itinerary_redis_ready:

        if (ngx_http_itinerary_redis_push(conn, call, 0) != NGX_OK) {
            ngx_http_itinerary_redis_call_fail(call, "has too much to do");
            return;
        }

        break;
    }

    ngx_http_itinerary_redis_arm(conn);
}


void
ngx_http_itinerary_redis_conn_open(ngx_http_itinerary_redis_conn_t *conn)
{
    if (ngx_http_itinerary_redis_connect(conn) != NGX_OK) {
        ngx_http_itinerary_redis_conn_fail(conn, "cannot be connected to");
        return;
    }

    ngx_http_itinerary_redis_arm(conn);
}


void
ngx_http_itinerary_redis_conn_close(ngx_http_itinerary_redis_conn_t *conn)
{
    if (conn->state != ngx_http_itinerary_redis_closed) {
        ngx_http_itinerary_redis_shut(conn);
    }

    if (conn->slots) {
        ngx_free(conn->slots);
    }
}


static ngx_int_t
ngx_http_itinerary_redis_connect(ngx_http_itinerary_redis_conn_t *conn)
{
    int                          tcp_nodelay;
    ngx_int_t                    rc;
    ngx_addr_t                  *addr;
    ngx_connection_t            *c;
    ngx_http_itinerary_redis_t  *redis;

    redis = conn->redis;
    addr = &redis->addrs[conn->addr % redis->naddrs];

    conn->opened++;
    conn->scripts = 0;

    conn->pool = ngx_create_pool(4096, ngx_cycle->log);
    if (conn->pool == NULL) {
        return NGX_ERROR;
    }

    conn->reader = ngx_http_itinerary_redis_reader(&conn->reply);
    if (conn->reader == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&conn->peer, sizeof(ngx_peer_connection_t));

    conn->peer.sockaddr = addr->sockaddr;
    conn->peer.socklen = addr->socklen;
    conn->peer.name = &addr->name;
    conn->peer.get = ngx_event_get_peer;
    conn->peer.log = ngx_cycle->log;
    conn->peer.log_error = NGX_ERROR_ERR;
    conn->peer.so_keepalive = 1;

    conn->distrusted = 0;
    conn->state = ngx_http_itinerary_redis_connecting;
    conn->connect_until = ngx_current_msec + redis->connect_timeout;

    rc = ngx_event_connect_peer(&conn->peer);

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        return NGX_ERROR;
    }

    c = conn->peer.connection;

    c->data = conn;
    c->pool = conn->pool;
    c->log = ngx_cycle->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->handler = ngx_http_itinerary_redis_read_handler;
    c->write->handler = ngx_http_itinerary_redis_write_handler;

    if (addr->sockaddr->sa_family != AF_UNIX) {
        tcp_nodelay = 1;

        if (setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY,
                       (const void *) &tcp_nodelay, sizeof(int))
            == -1)
        {
            ngx_log_error(NGX_LOG_WARN, c->log, ngx_socket_errno,
                          "setsockopt(TCP_NODELAY) failed");
        }
    }

    if (rc == NGX_OK) {
        ngx_http_itinerary_redis_greet(conn);
    }

    return NGX_OK;
}


static void
ngx_http_itinerary_redis_greet(ngx_http_itinerary_redis_conn_t *conn)
{
    u_char                              *p;
    ngx_str_t                            db;
    ngx_http_itinerary_redis_t          *redis;
    ngx_http_itinerary_redis_call_t     *call;
    ngx_http_itinerary_redis_command_t  *command;

    static ngx_str_t  auth = ngx_string("AUTH");
    static ngx_str_t  select = ngx_string("SELECT");

    redis = conn->redis;
    call = &conn->greeting;

    conn->state = ngx_http_itinerary_redis_greeting;

    if (ngx_http_itinerary_redis_call_init(call, conn->pool, ngx_cycle->log, 8)
        != NGX_OK)
    {
        goto failed;
    }

    call->handshake = 1;
    call->handler = ngx_http_itinerary_redis_greeted;
    call->data = conn;
    call->started = ngx_current_msec;

    if (redis->password.len) {

        if (redis->user.len) {
            command = ngx_http_itinerary_redis_add(call, NULL, 3, &auth,
                                                   &redis->user,
                                                   &redis->password);

        } else {
            command = ngx_http_itinerary_redis_add(call, NULL, 2, &auth,
                                                   &redis->password);
        }

        if (command == NULL) {
            goto failed;
        }
    }

    if (redis->db) {

        p = ngx_pnalloc(conn->pool, NGX_INT_T_LEN);
        if (p == NULL) {
            goto failed;
        }

        db.data = p;
        db.len = ngx_sprintf(p, "%ui", redis->db) - p;

        if (ngx_http_itinerary_redis_add(call, NULL, 2, &select, &db)
            == NULL)
        {
            goto failed;
        }
    }

    conn->greeted = call->commands.nelts;

    if (redis->greeter->greet(call, redis->greeter_data) != NGX_OK) {
        goto failed;
    }

    if (ngx_http_itinerary_redis_push(conn, call, 0) != NGX_OK) {
        goto failed;
    }

    ngx_http_itinerary_redis_arm(conn);

    return;

failed:

    ngx_http_itinerary_redis_conn_fail(conn, "cannot be greeted");
}


static void
ngx_http_itinerary_redis_greeted(ngx_http_itinerary_redis_call_t *call)
{
    ngx_int_t                            rc;
    ngx_uint_t                           i, n;
    ngx_queue_t                         *q;
    ngx_http_itinerary_redis_conn_t     *conn;
    ngx_http_itinerary_redis_call_t     *waiting;
    ngx_http_itinerary_redis_command_t  *command;

    conn = call->data;
    command = call->commands.elts;

    for (i = 0; i < conn->greeted; i++) {

        if (command[i].reply.type == NGX_HTTP_ITINERARY_REDIS_ERROR) {
            ngx_log_error(NGX_LOG_ERR, call->log, 0,
                          "itinerary: redis \"%V\" refused %V: \"%V\"",
                          &conn->redis->name, &command[i].argv[0],
                          &command[i].reply.text);
            ngx_http_itinerary_redis_conn_fail(conn, "refused to serve");
            return;
        }
    }

    n = call->commands.nelts;

    rc = conn->redis->greeter->admit(call, conn->redis->greeter_data);

    if (rc == NGX_AGAIN) {

        if (ngx_http_itinerary_redis_push(conn, call, n) != NGX_OK) {
            ngx_http_itinerary_redis_conn_fail(conn, "cannot be greeted");
        }

        return;
    }

    if (rc != NGX_OK) {
        ngx_http_itinerary_redis_conn_fail(conn,
                                           call->failure ? call->failure
                                           : "cannot be greeted");
        return;
    }

    conn->state = ngx_http_itinerary_redis_ready;
    conn->backoff = NGX_HTTP_ITINERARY_REDIS_BACKOFF_MIN;

    while (!ngx_queue_empty(&conn->waiting)) {

        q = ngx_queue_head(&conn->waiting);
        ngx_queue_remove(q);

        waiting = ngx_queue_data(q, ngx_http_itinerary_redis_call_t, queue);

        if (ngx_http_itinerary_redis_push(conn, waiting, 0) != NGX_OK) {
            ngx_http_itinerary_redis_call_fail(waiting, "has too much to do");
        }
    }
}


/*
 * The time until which the server must have answered: that of the oldest call,
 * since all wait equally long.  Returns 0 where nothing is waited for.
 */

static ngx_uint_t
ngx_http_itinerary_redis_deadline(ngx_http_itinerary_redis_conn_t *conn,
    ngx_msec_t *until)
{
    ngx_queue_t                      *calls;
    ngx_http_itinerary_redis_call_t  *call;

    calls = &conn->waiting;

    if (conn->state == ngx_http_itinerary_redis_ready) {
        calls = &conn->calls;

    } else {
        *until = conn->connect_until;
    }

    if (ngx_queue_empty(calls)) {
        return conn->state != ngx_http_itinerary_redis_ready;
    }

    call = ngx_queue_data(ngx_queue_head(calls),
                          ngx_http_itinerary_redis_call_t, queue);

    if (conn->state == ngx_http_itinerary_redis_ready
        || (ngx_msec_int_t) (call->deadline - *until) < 0)
    {
        *until = call->deadline;
    }

    return 1;
}


/*
 * The timer may go off early, but never late: ngx_add_timer() leaves a timer
 * where it is when the change is small, so a later one is deleted first.
 */

static void
ngx_http_itinerary_redis_arm(ngx_http_itinerary_redis_conn_t *conn)
{
    ngx_msec_t      until;
    ngx_uint_t      waiting;
    ngx_msec_int_t  left;

    if (conn->state == ngx_http_itinerary_redis_closed) {
        return;
    }

    until = 0;
    waiting = ngx_http_itinerary_redis_deadline(conn, &until);

    if (conn->timer.timer_set) {

        left = conn->timer.timer.key - until;

        if (waiting && left <= 0) {
            return;
        }

        ngx_del_timer(&conn->timer);
    }

    if (waiting) {
        left = until - ngx_current_msec;
        ngx_add_timer(&conn->timer, (ngx_msec_t) ngx_max(left, 1));
    }
}


void
ngx_http_itinerary_redis_conn_fail(ngx_http_itinerary_redis_conn_t *conn,
    const char *reason)
{
    ngx_queue_t                      *q, failed;
    ngx_http_itinerary_redis_call_t  *call;

    if (!ngx_queue_empty(&conn->calls) || !ngx_queue_empty(&conn->waiting)) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "itinerary: redis \"%V\" %s", &conn->redis->name,
                      reason);
    }

    if (conn->state == ngx_http_itinerary_redis_ready) {
        conn->retry_at = ngx_current_msec;

    } else {
        conn->retry_at = ngx_current_msec + conn->backoff / 2
                         + ngx_random() % (conn->backoff / 2);
        conn->backoff = ngx_min(conn->backoff * 2,
                                NGX_HTTP_ITINERARY_REDIS_BACKOFF_MAX);
        conn->addr++;
    }

    ngx_queue_init(&failed);

    while (!ngx_queue_empty(&conn->calls)) {
        q = ngx_queue_head(&conn->calls);
        ngx_queue_remove(q);    /* NOLINT(*.NullDereference): it is a ring */

        call = ngx_queue_data(q, ngx_http_itinerary_redis_call_t, queue);

        if (!call->handshake) {
            ngx_queue_insert_tail(&failed, q);
        }
    }

    while (!ngx_queue_empty(&conn->waiting)) {
        q = ngx_queue_head(&conn->waiting);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&failed, q);
    }

    ngx_http_itinerary_redis_shut(conn);

    while (!ngx_queue_empty(&failed)) {
        q = ngx_queue_head(&failed);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_http_itinerary_redis_call_t, queue);
        ngx_http_itinerary_redis_call_fail(call, reason);
    }
}


static void
ngx_http_itinerary_redis_shut(ngx_http_itinerary_redis_conn_t *conn)
{
    if (conn->timer.timer_set) {
        ngx_del_timer(&conn->timer);
    }

    if (conn->flush.posted) {
        ngx_delete_posted_event(&conn->flush);
    }

    if (conn->peer.connection) {
        ngx_close_connection(conn->peer.connection);
        conn->peer.connection = NULL;
    }

    if (conn->reader) {
        redisReaderFree(conn->reader);
        conn->reader = NULL;
    }

    if (conn->out) {
        ngx_free(conn->out);
        conn->out = NULL;
    }

    if (conn->pool) {
        ngx_destroy_pool(conn->pool);
        conn->pool = NULL;
    }

    conn->size = 0;
    conn->pos = 0;
    conn->last = 0;
    conn->head = 0;
    conn->count = 0;
    conn->received = 0;
    conn->distrusted = 0;
    conn->state = ngx_http_itinerary_redis_closed;
}


static void
ngx_http_itinerary_redis_flush_handler(ngx_event_t *ev)
{
    ngx_http_itinerary_redis_conn_t  *conn;

    conn = ev->data;

    ngx_http_itinerary_redis_write_handler(conn->peer.connection->write);
}


static void
ngx_http_itinerary_redis_timer_handler(ngx_event_t *ev)
{
    ngx_msec_t                        until;
    ngx_http_itinerary_redis_conn_t  *conn;

    conn = ev->data;
    until = ngx_current_msec;

    if (!ngx_http_itinerary_redis_deadline(conn, &until)
        || (ngx_msec_int_t) (until - ngx_current_msec) > 0)
    {
        ngx_http_itinerary_redis_arm(conn);
        return;
    }

    if (conn->state == ngx_http_itinerary_redis_ready) {
        ngx_http_itinerary_redis_conn_fail(conn, "did not answer in time");
        return;
    }

    if ((ngx_msec_int_t) (conn->connect_until - ngx_current_msec) <= 0) {
        ngx_http_itinerary_redis_conn_fail(conn,
                                         "could not be connected to in time");
        return;
    }

    ngx_http_itinerary_redis_expire(conn);
}


/* the connection may still come about, but not in time for these */

static void
ngx_http_itinerary_redis_expire(ngx_http_itinerary_redis_conn_t *conn)
{
    ngx_queue_t                      *q;
    ngx_http_itinerary_redis_call_t  *call;

    while (!ngx_queue_empty(&conn->waiting)) {

        q = ngx_queue_head(&conn->waiting);
        call = ngx_queue_data(q, ngx_http_itinerary_redis_call_t, queue);

        if ((ngx_msec_int_t) (call->deadline - ngx_current_msec) > 0) {
            break;
        }

        ngx_queue_remove(q);
        ngx_http_itinerary_redis_call_fail(call,
                                           "was not connected to in time");
    }

    ngx_http_itinerary_redis_arm(conn);
}


static void
ngx_http_itinerary_redis_write_handler(ngx_event_t *wev)
{
    int                               err;
    socklen_t                         len;
    ngx_connection_t                 *c;
    ngx_http_itinerary_redis_conn_t  *conn;

    c = wev->data;
    conn = c->data;

    if (conn->state == ngx_http_itinerary_redis_connecting) {

        err = 0;
        len = sizeof(int);

        if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len)
            == -1)
        {
            err = ngx_socket_errno;
        }

        if (err) {
            ngx_log_error(NGX_LOG_ERR, c->log, err,
                          "itinerary: connect() to redis \"%V\" failed",
                          &conn->redis->name);
            ngx_http_itinerary_redis_conn_fail(conn, "cannot be connected to");
            return;
        }

        ngx_http_itinerary_redis_greet(conn);
        return;
    }

    if (ngx_http_itinerary_redis_flush(conn) != NGX_OK) {
        ngx_http_itinerary_redis_conn_fail(conn, "closed the connection");
        return;
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_http_itinerary_redis_conn_fail(conn, "cannot be written to");
    }
}


static void
ngx_http_itinerary_redis_read_handler(ngx_event_t *rev)
{
    u_char                            buf[NGX_HTTP_ITINERARY_REDIS_BUFFER];
    ssize_t                           n;
    ngx_connection_t                 *c;
    ngx_http_itinerary_redis_conn_t  *conn;

    c = rev->data;
    conn = c->data;

    if (c->close) {

        /* idle, and the worker is leaving or needs connections */

        ngx_http_itinerary_redis_conn_fail(conn, "is not needed any more");
        return;
    }

    if (conn->state == ngx_http_itinerary_redis_connecting) {
        return;
    }

    for ( ;; ) {

        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == 0 || n == NGX_ERROR) {
            ngx_http_itinerary_redis_conn_fail(conn, "closed the connection");
            return;
        }

        if (ngx_http_itinerary_redis_feed(conn, buf, n) != NGX_OK) {
            return;
        }

        if (conn->distrusted) {

            /* its role and its data are asked for by the next connection */

            ngx_http_itinerary_redis_conn_fail(conn, "is not what it was");
            return;
        }
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_itinerary_redis_conn_fail(conn, "cannot be read from");
        return;
    }

    if (conn->count || conn->state != ngx_http_itinerary_redis_ready) {
        ngx_http_itinerary_redis_arm(conn);
        return;
    }

    if (ngx_exiting) {
        ngx_http_itinerary_redis_conn_fail(conn, "is not needed any more");
        return;
    }

    c->idle = 1;

    ngx_http_itinerary_redis_arm(conn);
}
