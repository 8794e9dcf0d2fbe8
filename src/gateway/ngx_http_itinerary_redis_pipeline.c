
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_redis_pipeline.h"
#include <ngx_sha1.h>


/*
 * Bytes of one reply, whatever a server sends: above them the connection is
 * lost to all, so they are enough for a trip of any size.
 */

#define NGX_HTTP_ITINERARY_REDIS_REPLY  (32 * 1024 * 1024)

/* bounds of what waits to be sent, and of commands without a reply yet */

#define NGX_HTTP_ITINERARY_REDIS_OUT    (16 * 1024 * 1024)
#define NGX_HTTP_ITINERARY_REDIS_SLOTS  65536

/* bytes that the buffer for them has at first, and keeps at most when empty */

#define NGX_HTTP_ITINERARY_REDIS_FIRST  16384
#define NGX_HTTP_ITINERARY_REDIS_KEEP   65536

/* a length as it is sent: its type, digits, CRLF */

#define NGX_HTTP_ITINERARY_REDIS_LENGTH                                       \
    (1 + NGX_SIZE_T_LEN + sizeof(CRLF) - 1)


static ngx_int_t ngx_http_itinerary_redis_slot(
    ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_call_t *call, ngx_uint_t index);
static ngx_int_t ngx_http_itinerary_redis_format(
    ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_command_t *command);
static size_t ngx_http_itinerary_redis_size(ngx_str_t *text);
static u_char *ngx_http_itinerary_redis_bulk(u_char *p, ngx_str_t *text);
static u_char *ngx_http_itinerary_redis_length(u_char *p, u_char type,
    size_t n);
static void ngx_http_itinerary_redis_script(
    ngx_http_itinerary_redis_script_t *script);
static ngx_int_t ngx_http_itinerary_redis_reserve(
    ngx_http_itinerary_redis_conn_t *conn, size_t len);
static void ngx_http_itinerary_redis_misread(
    ngx_http_itinerary_redis_conn_t *conn);
static ngx_int_t ngx_http_itinerary_redis_replied(
    ngx_http_itinerary_redis_conn_t *conn);
static ngx_int_t ngx_http_itinerary_redis_resend(
    ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_call_t *call, ngx_uint_t index);


ngx_int_t
ngx_http_itinerary_redis_push(ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_call_t *call, ngx_uint_t first)
{
    size_t                               unsent;
    ngx_uint_t                           i, count, scripts;
    ngx_http_itinerary_redis_command_t  *command;

    unsent = conn->last - conn->pos;
    count = conn->count;
    scripts = conn->scripts;

    command = call->commands.elts;

    for (i = first; i < call->commands.nelts; i++) {

        if (ngx_http_itinerary_redis_slot(conn, call, i) != NGX_OK
            || ngx_http_itinerary_redis_format(conn, &command[i]) != NGX_OK)
        {
            conn->last = conn->pos + unsent;
            conn->count = count;
            conn->scripts = scripts;
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
 * An array of bulk strings (RESP2), written where it is sent from.  A
 * connection sends a script in full once, and then by its SHA-1.  So a server
 * that does not have it yet carries out the commands of a call in their order;
 * were all sent by SHA-1, and those that it does not know once more, then a
 * lease would be given back before what it was taken for is recorded.
 */

static ngx_int_t
ngx_http_itinerary_redis_format(ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_command_t *command)
{
    u_char                             *p;
    size_t                              len;
    ngx_str_t                           name, text;
    ngx_uint_t                          i;
    ngx_http_itinerary_redis_script_t  *script;

    static ngx_str_t  one = ngx_string("1");                    /* key */

    script = command->script;
    len = NGX_HTTP_ITINERARY_REDIS_LENGTH;

    if (script) {

        if (script->sha[0] == '\0') {
            ngx_http_itinerary_redis_script(script);
        }

        if (command->resent || !(conn->scripts & script->bit)) {
            ngx_str_set(&name, "EVAL");
            text = script->text;
            conn->scripts |= script->bit;

        } else {
            ngx_str_set(&name, "EVALSHA");
            text.data = script->sha;
            text.len = 40;
        }

        len += ngx_http_itinerary_redis_size(&name)
               + ngx_http_itinerary_redis_size(&text)
               + ngx_http_itinerary_redis_size(&one);
    }

    for (i = 0; i < command->argc; i++) {
        len += ngx_http_itinerary_redis_size(&command->argv[i]);
    }

    if (ngx_http_itinerary_redis_reserve(conn, len) != NGX_OK) {
        return NGX_ERROR;
    }

    p = conn->out + conn->last;

    p = ngx_http_itinerary_redis_length(p, '*',
                                        command->argc + (script ? 3 : 0));

    if (script) {
        p = ngx_http_itinerary_redis_bulk(p, &name);
        p = ngx_http_itinerary_redis_bulk(p, &text);
        p = ngx_http_itinerary_redis_bulk(p, &one);
    }

    for (i = 0; i < command->argc; i++) {
        p = ngx_http_itinerary_redis_bulk(p, &command->argv[i]);
    }

    conn->last = p - conn->out;

    return NGX_OK;
}


/* bytes that a bulk string takes at most */

static size_t
ngx_http_itinerary_redis_size(ngx_str_t *text)
{
    return NGX_HTTP_ITINERARY_REDIS_LENGTH + text->len + sizeof(CRLF) - 1;
}


/* these write at p, and return where it ends */

static u_char *
ngx_http_itinerary_redis_bulk(u_char *p, ngx_str_t *text)
{
    p = ngx_http_itinerary_redis_length(p, '$', text->len);

    if (text->len) {
        p = ngx_cpymem(p, text->data, text->len);
    }

    *p++ = CR; *p++ = LF;

    return p;
}


static u_char *
ngx_http_itinerary_redis_length(u_char *p, u_char type, size_t n)
{
    u_char  digits[NGX_SIZE_T_LEN], *d;

    *p++ = type;

    d = digits + sizeof(digits);

    do {
        *--d = (u_char) ('0' + n % 10);
        n /= 10;
    } while (n);

    p = ngx_cpymem(p, d, digits + sizeof(digits) - d);

    *p++ = CR; *p++ = LF;

    return p;
}


/* what a script is known by: to the server, and to our connections */

static void
ngx_http_itinerary_redis_script(ngx_http_itinerary_redis_script_t *script)
{
    u_char      digest[20];
    ngx_sha1_t  sha1;

    static ngx_uint_t  bit = 1;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, script->text.data, script->text.len);
    ngx_sha1_final(digest, &sha1);

    (void) ngx_hex_dump(script->sha, digest, 20);

    /* a script without a bit, were there so many, is always sent in full */

    script->bit = bit;
    bit <<= 1;
}


/* room for so many bytes more at conn->last */

static ngx_int_t
ngx_http_itinerary_redis_reserve(ngx_http_itinerary_redis_conn_t *conn,
    size_t len)
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
            size = ngx_max(2 * size, NGX_HTTP_ITINERARY_REDIS_FIRST);
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

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_redis_flush(ngx_http_itinerary_redis_conn_t *conn)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = conn->peer.connection;

    while (conn->pos < conn->last) {

        n = c->send(c, conn->out + conn->pos, conn->last - conn->pos);

        if (n == NGX_AGAIN || n == 0) {
            break;
        }

        if (n == NGX_ERROR) {
            return NGX_ERROR;
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

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_redis_feed(ngx_http_itinerary_redis_conn_t *conn,
    u_char *data, size_t len)
{
    void                             *reply;
    ngx_uint_t                        opened;
    ngx_http_itinerary_redis_slot_t  *slot;

    opened = conn->opened;

    conn->received += len;

    if (conn->received > NGX_HTTP_ITINERARY_REDIS_REPLY) {
        ngx_http_itinerary_redis_conn_fail(conn, "sent too large a reply");
        return NGX_ERROR;
    }

    if (redisReaderFeed(conn->reader, (char *) data, len) != REDIS_OK) {
        ngx_http_itinerary_redis_conn_fail(conn, "could not be read");
        return NGX_ERROR;
    }

    for ( ;; ) {

        reply = NULL;

        if (conn->count == 0 && conn->reader->pos != conn->reader->len) {
            ngx_http_itinerary_redis_conn_fail(conn,
                                               "said what it was not asked");
            return NGX_ERROR;
        }

        if (conn->count) {
            slot = &conn->slots[conn->head];

            conn->reply.pool = slot->call->pool;
            conn->reply.command = slot->call->commands.elts;
            conn->reply.command += slot->index;
        }

        if (redisReaderGetReply(conn->reader, &reply) != REDIS_OK) {
            ngx_http_itinerary_redis_misread(conn);
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


static void
ngx_http_itinerary_redis_misread(ngx_http_itinerary_redis_conn_t *conn)
{
    if (conn->reader->err == REDIS_ERR_OOM) {

        /* "out of memory" is what our functions did not take */

        ngx_http_itinerary_redis_conn_fail(conn,
                                           "sent what no command asks for");
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "itinerary: redisReaderGetReply() failed: \"%s\"",
                  conn->reader->errstr);
    ngx_http_itinerary_redis_conn_fail(conn, "broke the protocol");
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

        ngx_http_itinerary_redis_conn_fail(conn,
                                           "sent what no command asks for");
        return NGX_ERROR;
    }

    if (command->reply.type == NGX_HTTP_ITINERARY_REDIS_ERROR
        && ngx_strncmp(command->reply.text.data, "READONLY", 8) == 0)
    {
        conn->distrusted = 1;
    }

    if (command->script
        && command->reply.type == NGX_HTTP_ITINERARY_REDIS_ERROR)
    {
        /* one that was refused may not have been kept */

        conn->scripts &= ~command->script->bit;

        if (!command->resent
            && ngx_strncmp(command->reply.text.data, "NOSCRIPT", 8) == 0)
        {
            return ngx_http_itinerary_redis_resend(conn, call, slot.index);
        }
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
 * The server has not the script that was sent: its scripts were flushed, or
 * evicted to make room, or the command that held it in full was refused when
 * this one was on its way already.  From here on every script is sent in full
 * again, first by the command that missed it.  What follows that in its call
 * may be carried out already, which is not undone.
 */

static ngx_int_t
ngx_http_itinerary_redis_resend(ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_call_t *call, ngx_uint_t index)
{
    ngx_http_itinerary_redis_command_t  *command;

    command = call->commands.elts;
    command += index;

    command->resent = 1;
    conn->scripts = 0;
    ngx_memzero(&command->reply, sizeof(ngx_http_itinerary_redis_value_t));

    if (ngx_http_itinerary_redis_slot(conn, call, index) != NGX_OK
        || ngx_http_itinerary_redis_format(conn, command) != NGX_OK)
    {
        ngx_http_itinerary_redis_conn_fail(conn, "has too much to do");
        return NGX_ERROR;
    }

    ngx_post_event(&conn->flush, &ngx_posted_events);

    return NGX_OK;
}
