
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_redis.h"
#include <ngx_event_connect.h>
#include <ngx_sha1.h>

#include <hiredis/hiredis.h>


/* bounds of what one reply may be, whatever a server sends */

#define NGX_HTTP_ITINERARY_REDIS_ELEMENTS     8192
#define NGX_HTTP_ITINERARY_REDIS_TEXT         (64 * 1024)     /* bytes */
#define NGX_HTTP_ITINERARY_REDIS_DEPTH        4
#define NGX_HTTP_ITINERARY_REDIS_REPLY        (4 * 1024 * 1024)

/* bounds of what waits to be sent, and of commands without a reply yet */

#define NGX_HTTP_ITINERARY_REDIS_OUT          (16 * 1024 * 1024)
#define NGX_HTTP_ITINERARY_REDIS_SLOTS        65536

#define NGX_HTTP_ITINERARY_REDIS_BUFFER       16384

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
    ngx_peer_connection_t                peer;
    ngx_pool_t                          *pool;      /* while it is open */
    ngx_http_itinerary_redis_call_t      greeting;
    ngx_uint_t                           greeted;   /* commands sent of it */

    redisReader                         *reader;
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
} ngx_http_itinerary_redis_conn_t;


static ngx_int_t ngx_http_itinerary_redis_address(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *value);
static ngx_int_t ngx_http_itinerary_redis_url(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *value, ngx_str_t *host);
static ngx_int_t ngx_http_itinerary_redis_param(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *value);
static ngx_int_t ngx_http_itinerary_redis_password(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *file);

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

static ngx_http_itinerary_redis_value_t *ngx_http_itinerary_redis_value(
    const redisReadTask *task);
static void *ngx_http_itinerary_redis_create_string(
    const redisReadTask *task, char *text, size_t len);
#if (HIREDIS_MAJOR >= 1)
static void *ngx_http_itinerary_redis_create_array(
    const redisReadTask *task, size_t n);
#else
static void *ngx_http_itinerary_redis_create_array(
    const redisReadTask *task, int n);
#endif
static void *ngx_http_itinerary_redis_create_integer(
    const redisReadTask *task, long long integer);
static void *ngx_http_itinerary_redis_create_nil(const redisReadTask *task);
static void ngx_http_itinerary_redis_free_object(void *object);


/* hiredis keeps nothing of ours: an object is but a sign that it was taken */

static u_char  ngx_http_itinerary_redis_object;

static redisReplyObjectFunctions  ngx_http_itinerary_redis_functions = {
    .createString = ngx_http_itinerary_redis_create_string,
    .createArray = ngx_http_itinerary_redis_create_array,
    .createInteger = ngx_http_itinerary_redis_create_integer,
    .createNil = ngx_http_itinerary_redis_create_nil,
    .freeObject = ngx_http_itinerary_redis_free_object
};


ngx_http_itinerary_redis_t *
ngx_http_itinerary_redis_conf(ngx_conf_t *cf, ngx_array_t *servers)
{
    ngx_str_t                    *value, *arg;
    ngx_uint_t                    i, k;
    ngx_http_itinerary_redis_t   *redis, **server;

    value = cf->args->elts;
    server = servers->elts;

    for (i = 0; i < servers->nelts; i++) {

        if (server[i]->args.nelts != cf->args->nelts) {
            continue;
        }

        arg = server[i]->args.elts;

        for (k = 1; k < cf->args->nelts; k++) {
            if (value[k].len != arg[k].len
                || ngx_strncmp(value[k].data, arg[k].data, arg[k].len) != 0)
            {
                break;
            }
        }

        if (k == cf->args->nelts) {
            return server[i];
        }
    }

    redis = ngx_pcalloc(cf->pool, sizeof(ngx_http_itinerary_redis_t));
    if (redis == NULL) {
        return NULL;
    }

    redis->args = *cf->args;
    redis->args.elts = ngx_palloc(cf->pool,
                                  cf->args->nelts * sizeof(ngx_str_t));
    if (redis->args.elts == NULL) {
        return NULL;
    }

    ngx_memcpy(redis->args.elts, value, cf->args->nelts * sizeof(ngx_str_t));

    ngx_str_set(&redis->prefix, "itinerary:");
    redis->timeout = 500;
    redis->connect_timeout = 500;
    redis->nconns = 1;

    if (ngx_http_itinerary_redis_address(cf, redis, &value[1]) != NGX_OK) {
        return NULL;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_itinerary_redis_param(cf, redis, &value[i]) != NGX_OK) {
            return NULL;
        }
    }

    if (redis->user.len && redis->password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"user=\" of \"itinerary_redis\" needs "
                           "\"password=\" or \"password_file=\"");
        return NULL;
    }

    server = ngx_array_push(servers);
    if (server == NULL) {
        return NULL;
    }

    *server = redis;

    return redis;
}


static ngx_int_t
ngx_http_itinerary_redis_address(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *value)
{
    ngx_url_t  u;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = *value;
    u.default_port = 6379;

    if (ngx_strncmp(value->data, "redis://", 8) == 0) {

        if (ngx_http_itinerary_redis_url(cf, redis, value, &u.url) != NGX_OK) {
            return NGX_ERROR;
        }

    } else if (ngx_strstr(value->data, "://")) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid address \"%V\" in \"itinerary_redis\", "
                           "it must be \"host:port\", \"unix:path\" or "
                           "\"redis://[user:password@]host[:port][/db]\"",
                           value);
        return NGX_ERROR;
    }

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"%V\" of \"itinerary_redis\", "
                           "it must be \"host:port\", \"unix:path\" or "
                           "\"redis://[user:password@]host[:port][/db]\"",
                           u.err ? u.err : "invalid address", &u.url);
        return NGX_ERROR;
    }

    if (u.naddrs == 0 || u.uri.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid address \"%V\" in \"itinerary_redis\", "
                           "it must be \"host:port\", \"unix:path\" or "
                           "\"redis://[user:password@]host[:port][/db]\"",
                           &u.url);
        return NGX_ERROR;
    }

    redis->addr = u.addrs[0];
    redis->name = u.url;

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_redis_url(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *value, ngx_str_t *host)
{
    u_char     *p, *at, *slash, *colon;
    ngx_int_t   db;

    p = value->data + 8;

    host->data = p;
    host->len = value->data + value->len - p;

    at = NULL;

    for (slash = p; slash < host->data + host->len; slash++) {
        if (*slash == '@') {
            at = slash;
        }
    }

    if (at) {
        colon = ngx_strlchr(p, at, ':');

        if (colon == NULL || at - colon == 1) {
            goto invalid;
        }

        redis->user.data = p;
        redis->user.len = colon - p;
        redis->password.data = colon + 1;
        redis->password.len = at - colon - 1;

        host->len -= at + 1 - p;
        host->data = at + 1;
    }

    slash = ngx_strlchr(host->data, host->data + host->len, '/');

    if (slash) {
        db = ngx_atoi(slash + 1, host->data + host->len - slash - 1);

        if (db == NGX_ERROR && slash + 1 != host->data + host->len) {
            goto invalid;
        }

        redis->db = db == NGX_ERROR ? 0 : db;
        host->len = slash - host->data;
    }

    if (host->len) {
        return NGX_OK;
    }

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid URL in \"itinerary_redis\", it must be "
                       "\"redis://[user:password@]host[:port][/db]\"");

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_itinerary_redis_param(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *value)
{
    u_char     *p;
    ngx_int_t   n;
    ngx_str_t   s;
    ngx_msec_t  ms;

    p = ngx_strlchr(value->data, value->data + value->len, '=');

    if (p == NULL) {
        goto invalid;
    }

    p++;
    s.data = p;
    s.len = value->data + value->len - p;

#define ngx_http_itinerary_is_param(name)                                     \
    ((size_t) (p - value->data) == sizeof(name) - 1                           \
     && ngx_strncmp(value->data, name, sizeof(name) - 1) == 0)

    if (ngx_http_itinerary_is_param("user=")) {
        redis->user = s;
        return s.len ? NGX_OK : NGX_ERROR;
    }

    if (ngx_http_itinerary_is_param("password=")) {
        redis->password = s;
        return NGX_OK;
    }

    if (ngx_http_itinerary_is_param("password_file=")) {
        return ngx_http_itinerary_redis_password(cf, redis, &s);
    }

    if (ngx_http_itinerary_is_param("prefix=")) {
        redis->prefix = s;
        return NGX_OK;
    }

    if (ngx_http_itinerary_is_param("db=")) {
        n = ngx_atoi(s.data, s.len);

        if (n == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\", \"db=\" must be a "
                               "number of a database", value);
            return NGX_ERROR;
        }

        redis->db = n;
        return NGX_OK;
    }

    if (ngx_http_itinerary_is_param("connections=")) {
        n = ngx_atoi(s.data, s.len);

        if (n < 1 || n > 64) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\", \"connections=\" must "
                               "be between 1 and 64", value);
            return NGX_ERROR;
        }

        redis->nconns = n;
        return NGX_OK;
    }

    if (ngx_http_itinerary_is_param("timeout=")
        || ngx_http_itinerary_is_param("connect_timeout="))
    {
        ms = ngx_parse_time(&s, 0);

        if (ms == (ngx_msec_t) NGX_ERROR || ms == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\", it must be a time "
                               "such as \"200ms\" or \"1s\"", value);
            return NGX_ERROR;
        }

        if (value->data[0] == 't') {
            redis->timeout = ms;

        } else {
            redis->connect_timeout = ms;
        }

        return NGX_OK;
    }

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" of \"itinerary_redis\", "
                       "it must be one of \"user=\", \"password=\", "
                       "\"password_file=\", \"db=\", \"prefix=\", "
                       "\"timeout=\", \"connect_timeout=\" and "
                       "\"connections=\"", value);

    return NGX_ERROR;
}


/* the first line of a file, so that the configuration holds no secret */

static ngx_int_t
ngx_http_itinerary_redis_password(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *name)
{
    u_char      buf[1024];
    ssize_t     n;
    ngx_fd_t    fd;
    ngx_str_t   file;

    file = *name;

    if (file.len == 0
        || ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"password_file=\" needs the name of a file");
        return NGX_ERROR;
    }

    fd = ngx_open_file(file.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", &file);
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, buf, sizeof(buf));

    (void) ngx_close_file(fd);

    if (n == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_read_fd_n " \"%V\" failed", &file);
        return NGX_ERROR;
    }

    redis->password.len = 0;

    while ((ssize_t) redis->password.len < n
           && buf[redis->password.len] != LF
           && buf[redis->password.len] != CR)
    {
        redis->password.len++;
    }

    if (redis->password.len == 0 || redis->password.len == sizeof(buf)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the first line of \"%V\" must be a password of "
                           "1 to 1023 bytes", &file);
        ngx_memzero(buf, sizeof(buf));
        return NGX_ERROR;
    }

    redis->password.data = ngx_pnalloc(cf->pool, redis->password.len);
    if (redis->password.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(redis->password.data, buf, redis->password.len);
    ngx_memzero(buf, sizeof(buf));

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_redis_call_init(ngx_http_itinerary_redis_call_t *call,
    ngx_pool_t *pool, ngx_log_t *log, ngx_uint_t n)
{
    ngx_memzero(call, sizeof(ngx_http_itinerary_redis_call_t));

    call->pool = pool;
    call->log = log;

    return ngx_array_init(&call->commands, pool, n,
                          sizeof(ngx_http_itinerary_redis_command_t));
}


ngx_http_itinerary_redis_command_t *
ngx_http_itinerary_redis_add_argv(ngx_http_itinerary_redis_call_t *call,
    ngx_http_itinerary_redis_script_t *script, ngx_uint_t argc)
{
    ngx_http_itinerary_redis_command_t  *command;

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
    call->pending = 0;

    conn = ngx_http_itinerary_redis_conn(redis);

    if (conn == NULL) {
        ngx_http_itinerary_redis_fail_call(call, "out of memory");
        return;
    }

    if (call->commands.nelts == 0) {
        ngx_http_itinerary_redis_fail_call(call, NULL);
        return;
    }

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
            ngx_http_itinerary_redis_fail(conn, "has too much to do");
            return;
        }

        break;
    }

    ngx_http_itinerary_redis_arm(conn);
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


/* the connection with the least to do; an open one before a closed one */

static ngx_http_itinerary_redis_conn_t *
ngx_http_itinerary_redis_conn(ngx_http_itinerary_redis_t *redis)
{
    ngx_uint_t                        i;
    ngx_http_itinerary_redis_conn_t  *conn, *best;

    if (redis->conns == NULL) {

        redis->conns = ngx_calloc(redis->nconns
                                  * sizeof(ngx_http_itinerary_redis_conn_t),
                                  ngx_cycle->log);
        if (redis->conns == NULL) {
            return NULL;
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
    }

    best = &redis->conns[0];

    for (i = 1; i < redis->nconns; i++) {

        conn = &redis->conns[i];

        if (conn->count < best->count
            && (conn->state == ngx_http_itinerary_redis_ready
                || best->state == ngx_http_itinerary_redis_ready))
        {
            best = conn;
        }
    }

    return best;
}


static ngx_int_t
ngx_http_itinerary_redis_connect(ngx_http_itinerary_redis_conn_t *conn)
{
    int                          tcp_nodelay;
    ngx_int_t                    rc;
    ngx_connection_t            *c;
    ngx_http_itinerary_redis_t  *redis;

    redis = conn->redis;

    conn->pool = ngx_create_pool(4096, ngx_cycle->log);
    if (conn->pool == NULL) {
        return NGX_ERROR;
    }

    conn->reader = redisReaderCreateWithFunctions(
                                        &ngx_http_itinerary_redis_functions);
    if (conn->reader == NULL) {
        return NGX_ERROR;
    }

    conn->reader->privdata = conn;

    ngx_memzero(&conn->peer, sizeof(ngx_peer_connection_t));

    conn->peer.sockaddr = redis->addr.sockaddr;
    conn->peer.socklen = redis->addr.socklen;
    conn->peer.name = &redis->addr.name;
    conn->peer.get = ngx_event_get_peer;
    conn->peer.log = ngx_cycle->log;
    conn->peer.log_error = NGX_ERROR_ERR;

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

    if (redis->addr.sockaddr->sa_family != AF_UNIX) {
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
            ngx_http_itinerary_redis_fail(conn, "has too much to do");
            return;
        }
    }
}


/* the call's commands from the first one on go out with this turn's */

static ngx_int_t
ngx_http_itinerary_redis_push(ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_call_t *call, ngx_uint_t first)
{
    ngx_uint_t                           i;
    ngx_http_itinerary_redis_command_t  *command;

    ngx_queue_insert_tail(&conn->calls, &call->queue);

    command = call->commands.elts;

    for (i = first; i < call->commands.nelts; i++) {

        if (ngx_http_itinerary_redis_slot(conn, call, i) != NGX_OK
            || ngx_http_itinerary_redis_format(conn, &command[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }

        call->pending++;
    }

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
    size_t   size;
    u_char  *out;

    if (conn->size - conn->last < len) {

        size = ngx_max(2 * conn->size, NGX_HTTP_ITINERARY_REDIS_BUFFER);
        size = ngx_max(size, conn->last + len);

        if (size > NGX_HTTP_ITINERARY_REDIS_OUT) {
            return NGX_ERROR;
        }

        out = ngx_alloc(size, ngx_cycle->log);
        if (out == NULL) {
            return NGX_ERROR;
        }

        if (conn->out) {
            ngx_memcpy(out, conn->out + conn->pos, conn->last - conn->pos);
            ngx_free(conn->out);
        }

        conn->last -= conn->pos;
        conn->pos = 0;
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
    ngx_msec_t                        deadline;
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

    deadline = call->started + conn->redis->timeout;

    if (conn->state == ngx_http_itinerary_redis_ready
        || (ngx_msec_int_t) (deadline - *until) < 0)
    {
        *until = deadline;
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

    if (conn->count || !ngx_queue_empty(&conn->waiting)) {
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

    ngx_http_itinerary_redis_fail(conn,
                          conn->state == ngx_http_itinerary_redis_ready
                          ? "did not answer in time"
                          : "could not be connected to in time");
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

        if (n == NGX_AGAIN) {
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
    void              *reply;
    ngx_connection_t  *c;

    c = conn->peer.connection;

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

        if (redisReaderGetReply(conn->reader, &reply) != REDIS_OK) {
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

        if (conn->peer.connection != c) {
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

    if (command->script && !command->resent
        && command->reply.type == NGX_HTTP_ITINERARY_REDIS_ERROR
        && command->reply.text.len >= 8
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


/*
 * The place for what is being read: of the oldest command without a reply,
 * the reply itself or an element of its array.  NULL for what lies deeper.
 */

static ngx_http_itinerary_redis_value_t *
ngx_http_itinerary_redis_value(const redisReadTask *task)
{
    ngx_http_itinerary_redis_conn_t     *conn;
    ngx_http_itinerary_redis_slot_t     *slot;
    ngx_http_itinerary_redis_command_t  *command;

    conn = task->privdata;
    slot = &conn->slots[conn->head];
    command = slot->call->commands.elts;
    command += slot->index;

    if (task->parent == NULL) {
        return &command->reply;
    }

    if (task->parent->parent == NULL
        && (ngx_uint_t) task->idx < command->nelts)
    {
        return &command->elts[task->idx];
    }

    return NULL;
}


static void *
ngx_http_itinerary_redis_create_string(const redisReadTask *task, char *text,
    size_t len)
{
    ngx_http_itinerary_redis_conn_t   *conn;
    ngx_http_itinerary_redis_value_t  *value;

    if (len > NGX_HTTP_ITINERARY_REDIS_TEXT) {
        return NULL;
    }

    value = ngx_http_itinerary_redis_value(task);

    if (value == NULL) {
        return &ngx_http_itinerary_redis_object;
    }

    conn = task->privdata;

    value->text.data = ngx_pnalloc(conn->slots[conn->head].call->pool,
                                   len + 1);
    if (value->text.data == NULL) {
        return NULL;
    }

    ngx_memcpy(value->text.data, text, len);
    value->text.data[len] = '\0';
    value->text.len = len;

    switch (task->type) {

    case REDIS_REPLY_ERROR:
        value->type = NGX_HTTP_ITINERARY_REDIS_ERROR;
        break;

    case REDIS_REPLY_STATUS:
        value->type = NGX_HTTP_ITINERARY_REDIS_STATUS;
        break;

    case REDIS_REPLY_STRING:
        value->type = NGX_HTTP_ITINERARY_REDIS_STRING;
        break;

    default:                              /* RESP3, which was not asked for */
        return NULL;
    }

    return &ngx_http_itinerary_redis_object;
}


static void *
#if (HIREDIS_MAJOR >= 1)
ngx_http_itinerary_redis_create_array(const redisReadTask *task, size_t n)
#else
ngx_http_itinerary_redis_create_array(const redisReadTask *task, int n)
#endif
{
    ngx_uint_t                           depth;
    const redisReadTask                 *parent;
    ngx_http_itinerary_redis_conn_t     *conn;
    ngx_http_itinerary_redis_slot_t     *slot;
    ngx_http_itinerary_redis_value_t    *value;
    ngx_http_itinerary_redis_command_t  *command;

    depth = 0;

    for (parent = task->parent; parent; parent = parent->parent) {
        depth++;
    }

    if (task->type != REDIS_REPLY_ARRAY
        || (size_t) n > NGX_HTTP_ITINERARY_REDIS_ELEMENTS
        || depth >= NGX_HTTP_ITINERARY_REDIS_DEPTH)
    {
        return NULL;
    }

    value = ngx_http_itinerary_redis_value(task);

    if (value) {
        value->type = NGX_HTTP_ITINERARY_REDIS_ARRAY;
    }

    if (task->parent == NULL) {

        conn = task->privdata;
        slot = &conn->slots[conn->head];
        command = slot->call->commands.elts;
        command += slot->index;

        command->elts = ngx_pcalloc(slot->call->pool,
                              ((size_t) n + 1)
                              * sizeof(ngx_http_itinerary_redis_value_t));
        if (command->elts == NULL) {
            return NULL;
        }

        command->nelts = n;
    }

    return &ngx_http_itinerary_redis_object;
}


static void *
ngx_http_itinerary_redis_create_integer(const redisReadTask *task,
    long long integer)
{
    ngx_http_itinerary_redis_value_t  *value;

    value = ngx_http_itinerary_redis_value(task);

    if (value) {
        value->type = NGX_HTTP_ITINERARY_REDIS_INTEGER;
        value->integer = integer;
    }

    return &ngx_http_itinerary_redis_object;
}


static void *
ngx_http_itinerary_redis_create_nil(const redisReadTask *task)
{
    ngx_http_itinerary_redis_value_t  *value;

    value = ngx_http_itinerary_redis_value(task);

    if (value) {
        value->type = NGX_HTTP_ITINERARY_REDIS_NIL;
    }

    return &ngx_http_itinerary_redis_object;
}


static void
ngx_http_itinerary_redis_free_object(void *object)
{
    (void) object;
}
