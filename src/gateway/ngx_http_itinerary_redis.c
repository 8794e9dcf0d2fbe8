
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_redis_reply.h"
#include <ngx_event_connect.h>
#include <ngx_sha1.h>


/*
 * Bytes of one reply, whatever a server sends: above them the connection is
 * lost to all, so they are enough for a trip of any size.
 */

#define NGX_HTTP_ITINERARY_REDIS_REPLY        (32 * 1024 * 1024)

/* bounds of what waits to be sent, and of commands without a reply yet */

#define NGX_HTTP_ITINERARY_REDIS_OUT          (16 * 1024 * 1024)
#define NGX_HTTP_ITINERARY_REDIS_SLOTS        65536

/* bytes that are read at once, and that an idle connection keeps at most */

#define NGX_HTTP_ITINERARY_REDIS_BUFFER       16384
#define NGX_HTTP_ITINERARY_REDIS_KEEP         65536

/* ms; a server that is away is tried after a random part of these */

#define NGX_HTTP_ITINERARY_REDIS_BACKOFF_MIN  50
#define NGX_HTTP_ITINERARY_REDIS_BACKOFF_MAX  1000


typedef enum {
    ngx_http_itinerary_redis_closed = 0,
    ngx_http_itinerary_redis_connecting,
    ngx_http_itinerary_redis_greeting,
    ngx_http_itinerary_redis_ready
} ngx_http_itinerary_redis_state_e;


typedef struct {
    ngx_http_itinerary_redis_call_t     *call;
    ngx_uint_t                           index;
} ngx_http_itinerary_redis_slot_t;


typedef struct ngx_http_itinerary_redis_conn_s {
    ngx_http_itinerary_redis_t          *redis;
    ngx_http_itinerary_redis_state_e     state;
    ngx_uint_t                           opened;    /* how often, so far */
    ngx_uint_t                           addr;      /* to be tried next */
    ngx_peer_connection_t                peer;
    ngx_pool_t                          *pool;      /* while it is open */
    ngx_http_itinerary_redis_call_t      greeting;
    ngx_uint_t                           greeted;   /* commands sent of it */

    redisReader                         *reader;
    ngx_http_itinerary_redis_reply_t     reply;     /* being read */
    size_t                               received;  /* bytes of this reply */

    ngx_queue_t                          waiting;   /* calls not sent */
    ngx_queue_t                          calls;     /* calls sent, by age */

    ngx_http_itinerary_redis_slot_t     *slots;     /* a ring */
    ngx_uint_t                           nslots;    /* a power of two */
    ngx_uint_t                           head;
    ngx_uint_t                           count;

    u_char                              *out;       /* what waits to be sent */
    size_t                               size;
    size_t                               pos;
    size_t                               last;

    ngx_event_t                          timer;
    ngx_event_t                          flush;
    ngx_msec_t                           connect_until;
    ngx_msec_t                           retry_at;
    ngx_msec_t                           backoff;
    unsigned                             distrusted:1; /* to be greeted anew */
} ngx_http_itinerary_redis_conn_t;


static ngx_int_t ngx_http_itinerary_redis_init(
    ngx_http_itinerary_redis_t *redis);
static ngx_http_itinerary_redis_conn_t *ngx_http_itinerary_redis_conn(
    ngx_http_itinerary_redis_t *redis);
static ngx_int_t ngx_http_itinerary_redis_connect(
    ngx_http_itinerary_redis_conn_t *conn);
static void ngx_http_itinerary_redis_greet(
    ngx_http_itinerary_redis_conn_t *conn);
static void ngx_http_itinerary_redis_greeted(
    ngx_http_itinerary_redis_call_t *call);
static ngx_int_t ngx_http_itinerary_redis_push(
    ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_call_t *call, ngx_uint_t first);
static ngx_int_t ngx_http_itinerary_redis_format(
    ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_command_t *command);
static ngx_int_t ngx_http_itinerary_redis_append(
    ngx_http_itinerary_redis_conn_t *conn, u_char *data, size_t len);
static ngx_int_t ngx_http_itinerary_redis_slot(
    ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_call_t *call, ngx_uint_t index);
static ngx_uint_t ngx_http_itinerary_redis_deadline(
    ngx_http_itinerary_redis_conn_t *conn, ngx_msec_t *until);
static void ngx_http_itinerary_redis_arm(
    ngx_http_itinerary_redis_conn_t *conn);
static void ngx_http_itinerary_redis_expire(
    ngx_http_itinerary_redis_conn_t *conn);
static void ngx_http_itinerary_redis_fail(
    ngx_http_itinerary_redis_conn_t *conn, const char *reason);
static void ngx_http_itinerary_redis_fail_call(
    ngx_http_itinerary_redis_call_t *call, const char *reason);
static void ngx_http_itinerary_redis_shut(
    ngx_http_itinerary_redis_conn_t *conn);

static void ngx_http_itinerary_redis_flush_handler(ngx_event_t *ev);
static void ngx_http_itinerary_redis_timer_handler(ngx_event_t *ev);
static void ngx_http_itinerary_redis_call_handler(ngx_event_t *ev);
static void ngx_http_itinerary_redis_write_handler(ngx_event_t *wev);
static void ngx_http_itinerary_redis_read_handler(ngx_event_t *rev);
static ngx_int_t ngx_http_itinerary_redis_feed(
    ngx_http_itinerary_redis_conn_t *conn, u_char *data, size_t len);
static ngx_int_t ngx_http_itinerary_redis_replied(
    ngx_http_itinerary_redis_conn_t *conn);


ngx_int_t
ngx_http_itinerary_redis_call_init(ngx_http_itinerary_redis_call_t *call,
    ngx_pool_t *pool, ngx_log_t *log, ngx_uint_t n)
{
    ngx_memzero(call, sizeof(ngx_http_itinerary_redis_call_t));

    call->pool = pool;
    call->log = log;

    if (ngx_array_init(&call->commands, pool, n,
                       sizeof(ngx_http_itinerary_redis_command_t))
        != NGX_OK)
    {
        /* an array to which nothing can be added */

        ngx_memzero(&call->commands, sizeof(ngx_array_t));
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_http_itinerary_redis_command_t *
ngx_http_itinerary_redis_add_argv(ngx_http_itinerary_redis_call_t *call,
    ngx_http_itinerary_redis_script_t *script, ngx_uint_t argc)
{
    ngx_http_itinerary_redis_command_t  *command;

    if (call->commands.pool == NULL) {
        return NULL;
    }

    command = ngx_array_push(&call->commands);
    if (command == NULL) {
        return NULL;
    }

    ngx_memzero(command, sizeof(ngx_http_itinerary_redis_command_t));

    command->script = script;
    command->argc = argc;
    command->argv = ngx_pcalloc(call->pool, argc * sizeof(ngx_str_t));

    return command->argv ? command : NULL;
}


ngx_http_itinerary_redis_command_t *
ngx_http_itinerary_redis_add(ngx_http_itinerary_redis_call_t *call,
    ngx_http_itinerary_redis_script_t *script, ngx_uint_t argc, ...)
{
    va_list                              args;
    ngx_uint_t                           i;
    ngx_http_itinerary_redis_command_t  *command;

    command = ngx_http_itinerary_redis_add_argv(call, script, argc);
    if (command == NULL) {
        return NULL;
    }

    va_start(args, argc);

    for (i = 0; i < argc; i++) {
        command->argv[i] = *va_arg(args, ngx_str_t *);
    }

    va_end(args);

    return command;
}


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
        ngx_http_itinerary_redis_fail_call(call, NULL);
        return;
    }

    if (redis->conns == NULL
        && ngx_http_itinerary_redis_init(redis) != NGX_OK)
    {
        ngx_http_itinerary_redis_fail_call(call, "has no memory here");
        return;
    }

    conn = ngx_http_itinerary_redis_conn(redis);

    switch (conn->state) {

    case ngx_http_itinerary_redis_closed:

        if ((ngx_msec_int_t) (conn->retry_at - ngx_current_msec) > 0) {
            ngx_http_itinerary_redis_fail_call(call, "is away");
            return;
        }

        ngx_queue_insert_tail(&conn->waiting, &call->queue);

        if (ngx_http_itinerary_redis_connect(conn) != NGX_OK) {
            ngx_http_itinerary_redis_fail(conn, "cannot be connected to");
            return;
        }

        break;

    case ngx_http_itinerary_redis_connecting:
    case ngx_http_itinerary_redis_greeting:

        ngx_queue_insert_tail(&conn->waiting, &call->queue);
        break;

    case ngx_http_itinerary_redis_ready:

        if (ngx_http_itinerary_redis_push(conn, call, 0) != NGX_OK) {
            ngx_http_itinerary_redis_fail_call(call, "has too much to do");
            return;
        }

        break;
    }

    ngx_http_itinerary_redis_arm(conn);
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

        if (redis->conns[i].state != ngx_http_itinerary_redis_closed) {
            ngx_http_itinerary_redis_shut(&redis->conns[i]);
        }

        if (redis->conns[i].slots) {
            ngx_free(redis->conns[i].slots);
        }
    }

    ngx_free(redis->conns);
    redis->conns = NULL;
}


static ngx_int_t
ngx_http_itinerary_redis_init(ngx_http_itinerary_redis_t *redis)
{
    ngx_uint_t                        i;
    ngx_http_itinerary_redis_conn_t  *conn;

    redis->conns = ngx_calloc(redis->nconns
                              * sizeof(ngx_http_itinerary_redis_conn_t),
                              ngx_cycle->log);
    if (redis->conns == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < redis->nconns; i++) {

        conn = &redis->conns[i];

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

        if (ngx_http_itinerary_redis_connect(closed) != NGX_OK) {
            ngx_http_itinerary_redis_fail(closed, "cannot be connected to");

        } else {
            ngx_http_itinerary_redis_arm(closed);
        }
    }

    return ready;
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

    ngx_http_itinerary_redis_fail(conn, "cannot be greeted");
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
            ngx_http_itinerary_redis_fail(conn, "refused to serve");
            return;
        }
    }

    n = call->commands.nelts;

    rc = conn->redis->greeter->admit(call, conn->redis->greeter_data);

    if (rc == NGX_AGAIN) {

        if (ngx_http_itinerary_redis_push(conn, call, n) != NGX_OK) {
            ngx_http_itinerary_redis_fail(conn, "cannot be greeted");
        }

        return;
    }

    if (rc != NGX_OK) {
        ngx_http_itinerary_redis_fail(conn, call->failure ? call->failure
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
            ngx_http_itinerary_redis_fail_call(waiting, "has too much to do");
        }
    }
}


/*
 * The call's commands from the first one on go out with this turn's.  Where
 * there is no room for all of them, none is sent, and the others' are.
 */

static ngx_int_t
ngx_http_itinerary_redis_push(ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_call_t *call, ngx_uint_t first)
{
    size_t                               unsent;
    ngx_uint_t                           i, count;
    ngx_http_itinerary_redis_command_t  *command;

    unsent = conn->last - conn->pos;
    count = conn->count;

    command = call->commands.elts;

    for (i = first; i < call->commands.nelts; i++) {

        if (ngx_http_itinerary_redis_slot(conn, call, i) != NGX_OK
            || ngx_http_itinerary_redis_format(conn, &command[i]) != NGX_OK)
        {
            conn->last = conn->pos + unsent;
            conn->count = count;
            return NGX_ERROR;
        }
    }

    /* a server that was just connected to has its full time to answer */

    call->deadline = ngx_current_msec + conn->redis->timeout;
    call->pending = call->commands.nelts - first;

    ngx_queue_insert_tail(&conn->calls, &call->queue);

    conn->peer.connection->idle = 0;

    ngx_post_event(&conn->flush, &ngx_posted_events);

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_redis_slot(ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_call_t *call, ngx_uint_t index)
{
    ngx_uint_t                        i, n;
    ngx_http_itinerary_redis_slot_t  *slots;

    if (conn->count == conn->nslots) {

        n = conn->nslots ? conn->nslots * 2 : 64;

        if (n > NGX_HTTP_ITINERARY_REDIS_SLOTS) {
            return NGX_ERROR;
        }

        slots = ngx_alloc(n * sizeof(ngx_http_itinerary_redis_slot_t),
                          ngx_cycle->log);
        if (slots == NULL) {
            return NGX_ERROR;
        }

        for (i = 0; i < conn->count; i++) {
            slots[i] = conn->slots[(conn->head + i) & (conn->nslots - 1)];
        }

        if (conn->slots) {
            ngx_free(conn->slots);
        }

        conn->slots = slots;
        conn->nslots = n;
        conn->head = 0;
    }

    i = (conn->head + conn->count) & (conn->nslots - 1);

    conn->slots[i].call = call;
    conn->slots[i].index = index;
    conn->count++;

    return NGX_OK;
}


/*
 * A script is sent by its SHA-1; where the server does not have it (it was
 * restarted, or its scripts were flushed), it is sent again in full.
 */

static ngx_int_t
ngx_http_itinerary_redis_format(ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_command_t *command)
{
    int                                 len;
    char                               *formatted;
    size_t                             *size, sizes[16];
    u_char                              digest[20];
    ngx_int_t                           rc;
    ngx_sha1_t                          sha1;
    const char                        **argv, *texts[16];
    ngx_uint_t                          i, n;
    ngx_http_itinerary_redis_script_t  *script;

    n = command->argc + (command->script ? 3 : 0);

    ngx_memzero(sizes, sizeof(sizes));

    argv = texts;
    size = sizes;

    if (n > 16) {
        argv = ngx_alloc(n * (sizeof(char *) + sizeof(size_t)),
                         ngx_cycle->log);
        if (argv == NULL) {
            return NGX_ERROR;
        }

        size = (size_t *) (argv + n);
    }

    n = 0;
    script = command->script;

    if (script) {

        if (script->sha[0] == '\0') {
            ngx_sha1_init(&sha1);
            ngx_sha1_update(&sha1, script->text.data, script->text.len);
            ngx_sha1_final(digest, &sha1);
            (void) ngx_hex_dump(script->sha, digest, 20);
        }

        if (command->resent) {
            argv[0] = "EVAL";
            size[0] = 4;
            argv[1] = (char *) script->text.data;
            size[1] = script->text.len;

        } else {
            argv[0] = "EVALSHA";
            size[0] = 7;
            argv[1] = (char *) script->sha;
            size[1] = 40;
        }

        argv[2] = "1";
        size[2] = 1;
        n = 3;
    }

    for (i = 0; i < command->argc; i++) {
        argv[n] = (char *) command->argv[i].data;
        size[n++] = command->argv[i].len;
    }

    len = redisFormatCommandArgv(&formatted, n, argv, size);

    if (argv != texts) {
        ngx_free(argv);
    }

    if (len < 0) {
        return NGX_ERROR;
    }

    rc = ngx_http_itinerary_redis_append(conn, (u_char *) formatted, len);

    redisFreeCommand(formatted);

    return rc;
}


static ngx_int_t
ngx_http_itinerary_redis_append(ngx_http_itinerary_redis_conn_t *conn,
    u_char *data, size_t len)
{
    size_t   size, unsent;
    u_char  *out;

    if (conn->size - conn->last < len) {

        unsent = conn->last - conn->pos;

        if (len > NGX_HTTP_ITINERARY_REDIS_OUT - unsent) {
            return NGX_ERROR;
        }

        size = conn->size;

        if (unsent + len > size / 2) {
            size = ngx_max(2 * size, NGX_HTTP_ITINERARY_REDIS_BUFFER);
            size = ngx_max(size, unsent + len);
            size = ngx_min(size, NGX_HTTP_ITINERARY_REDIS_OUT);
        }

        out = ngx_alloc(size, ngx_cycle->log);
        if (out == NULL) {
            return NGX_ERROR;
        }

        if (conn->out) {
            ngx_memcpy(out, conn->out + conn->pos, unsent);
            ngx_free(conn->out);
        }

        conn->pos = 0;
        conn->last = unsent;
        conn->out = out;
        conn->size = size;
    }

    ngx_memcpy(conn->out + conn->last, data, len);
    conn->last += len;

    return NGX_OK;
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


/*
 * Closes the connection and fails all that wait on it.  A server that was
 * ready is tried at once again, another one after a while.
 */

static void
ngx_http_itinerary_redis_fail(ngx_http_itinerary_redis_conn_t *conn,
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
        ngx_queue_remove(q);

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
        ngx_http_itinerary_redis_fail_call(call, reason);
    }
}


/* the handler is called from the event loop, not from within the caller */

static void
ngx_http_itinerary_redis_fail_call(ngx_http_itinerary_redis_call_t *call,
    const char *reason)
{
    call->failure = reason;
    call->pending = 0;
    call->elapsed = ngx_current_msec - call->started;

    ngx_memzero(&call->event, sizeof(ngx_event_t));

    call->event.handler = ngx_http_itinerary_redis_call_handler;
    call->event.data = call;
    call->event.log = ngx_cycle->log;

    ngx_post_event(&call->event, &ngx_posted_events);
}


static void
ngx_http_itinerary_redis_call_handler(ngx_event_t *ev)
{
    ngx_http_itinerary_redis_call_t  *call = ev->data;

    call->handler(call);
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
    ngx_http_itinerary_redis_conn_t  *conn = ev->data;

    ngx_http_itinerary_redis_write_handler(conn->peer.connection->write);
}


static void
ngx_http_itinerary_redis_timer_handler(ngx_event_t *ev)
{
    ngx_http_itinerary_redis_conn_t  *conn = ev->data;

    ngx_msec_t  until;

    until = ngx_current_msec;

    if (!ngx_http_itinerary_redis_deadline(conn, &until)
        || (ngx_msec_int_t) (until - ngx_current_msec) > 0)
    {
        ngx_http_itinerary_redis_arm(conn);
        return;
    }

    if (conn->state == ngx_http_itinerary_redis_ready) {
        ngx_http_itinerary_redis_fail(conn, "did not answer in time");
        return;
    }

    if ((ngx_msec_int_t) (conn->connect_until - ngx_current_msec) <= 0) {
        ngx_http_itinerary_redis_fail(conn,
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
        ngx_http_itinerary_redis_fail_call(call,
                                         "was not connected to in time");
    }

    ngx_http_itinerary_redis_arm(conn);
}


static void
ngx_http_itinerary_redis_write_handler(ngx_event_t *wev)
{
    int                               err;
    ssize_t                           n;
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
            ngx_http_itinerary_redis_fail(conn, "cannot be connected to");
            return;
        }

        ngx_http_itinerary_redis_greet(conn);
        return;
    }

    while (conn->pos < conn->last) {

        n = c->send(c, conn->out + conn->pos, conn->last - conn->pos);

        if (n == NGX_AGAIN || n == 0) {
            break;
        }

        if (n == NGX_ERROR) {
            ngx_http_itinerary_redis_fail(conn, "closed the connection");
            return;
        }

        conn->pos += n;
    }

    if (conn->pos == conn->last) {

        conn->pos = 0;
        conn->last = 0;

        if (conn->size > NGX_HTTP_ITINERARY_REDIS_KEEP) {
            ngx_free(conn->out);
            conn->out = NULL;
            conn->size = 0;
        }
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_http_itinerary_redis_fail(conn, "cannot be written to");
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

        ngx_http_itinerary_redis_fail(conn, "is not needed any more");
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
            ngx_http_itinerary_redis_fail(conn, "closed the connection");
            return;
        }

        if (ngx_http_itinerary_redis_feed(conn, buf, n) != NGX_OK) {
            return;
        }

        if (conn->distrusted) {

            /* its role and its data are asked for by the next connection */

            ngx_http_itinerary_redis_fail(conn, "is not what it was");
            return;
        }
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_itinerary_redis_fail(conn, "cannot be read from");
        return;
    }

    if (conn->count || conn->state != ngx_http_itinerary_redis_ready) {
        ngx_http_itinerary_redis_arm(conn);
        return;
    }

    if (ngx_exiting) {
        ngx_http_itinerary_redis_fail(conn, "is not needed any more");
        return;
    }

    c->idle = 1;

    ngx_http_itinerary_redis_arm(conn);
}


/* NGX_ERROR: the connection is closed */

static ngx_int_t
ngx_http_itinerary_redis_feed(ngx_http_itinerary_redis_conn_t *conn,
    u_char *data, size_t len)
{
    void                             *reply;
    ngx_uint_t                        opened;
    ngx_http_itinerary_redis_slot_t  *slot;

    opened = conn->opened;

    conn->received += len;

    if (conn->received > NGX_HTTP_ITINERARY_REDIS_REPLY) {
        ngx_http_itinerary_redis_fail(conn, "sent too large a reply");
        return NGX_ERROR;
    }

    if (redisReaderFeed(conn->reader, (char *) data, len) != REDIS_OK) {
        ngx_http_itinerary_redis_fail(conn, "could not be read");
        return NGX_ERROR;
    }

    for ( ;; ) {

        reply = NULL;

        if (conn->count == 0 && conn->reader->pos != conn->reader->len) {
            ngx_http_itinerary_redis_fail(conn, "said what it was not asked");
            return NGX_ERROR;
        }

        if (conn->count) {
            slot = &conn->slots[conn->head];

            conn->reply.pool = slot->call->pool;
            conn->reply.command = slot->call->commands.elts;
            conn->reply.command += slot->index;
        }

        if (redisReaderGetReply(conn->reader, &reply) != REDIS_OK) {

            /* "out of memory" is what our functions did not take */

            if (conn->reader->err == REDIS_ERR_OOM) {
                ngx_http_itinerary_redis_fail(conn,
                                              "sent what no command asks for");
                return NGX_ERROR;
            }

            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "itinerary: redisReaderGetReply() failed: \"%s\"",
                          conn->reader->errstr);
            ngx_http_itinerary_redis_fail(conn, "broke the protocol");
            return NGX_ERROR;
        }

        if (reply == NULL) {
            return NGX_OK;
        }

        conn->received = 0;

        if (ngx_http_itinerary_redis_replied(conn) != NGX_OK) {
            return NGX_ERROR;
        }

        /* a handler may have closed it, and even opened it again */

        if (conn->state == ngx_http_itinerary_redis_closed
            || conn->opened != opened)
        {
            return NGX_ERROR;
        }
    }
}


static ngx_int_t
ngx_http_itinerary_redis_replied(ngx_http_itinerary_redis_conn_t *conn)
{
    ngx_http_itinerary_redis_slot_t      slot;
    ngx_http_itinerary_redis_call_t     *call;
    ngx_http_itinerary_redis_command_t  *command;

    slot = conn->slots[conn->head];

    conn->head = (conn->head + 1) & (conn->nslots - 1);
    conn->count--;

    call = slot.call;
    command = call->commands.elts;
    command += slot.index;

    if (command->reply.type == NGX_HTTP_ITINERARY_REDIS_NONE) {

        /* a type of RESP3 that has no function of ours */

        ngx_http_itinerary_redis_fail(conn, "sent what no command asks for");
        return NGX_ERROR;
    }

    if (command->reply.type == NGX_HTTP_ITINERARY_REDIS_ERROR
        && ngx_strncmp(command->reply.text.data, "READONLY", 8) == 0)
    {
        conn->distrusted = 1;
    }

    if (command->script && !command->resent
        && command->reply.type == NGX_HTTP_ITINERARY_REDIS_ERROR
        && ngx_strncmp(command->reply.text.data, "NOSCRIPT", 8) == 0)
    {
        command->resent = 1;
        ngx_memzero(&command->reply, sizeof(ngx_http_itinerary_redis_value_t));

        if (ngx_http_itinerary_redis_slot(conn, call, slot.index) != NGX_OK
            || ngx_http_itinerary_redis_format(conn, command) != NGX_OK)
        {
            ngx_http_itinerary_redis_fail(conn, "has too much to do");
            return NGX_ERROR;
        }

        ngx_post_event(&conn->flush, &ngx_posted_events);

        return NGX_OK;
    }

    if (--call->pending) {
        return NGX_OK;
    }

    ngx_queue_remove(&call->queue);

    call->elapsed = ngx_current_msec - call->started;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, call->log, 0,
                   "itinerary redis replies:%ui in:%Mms",
                   call->commands.nelts, call->elapsed);

    call->handler(call);

    return NGX_OK;
}
