
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_redis_reply.h"


/*
 * Bounds of what one reply may be: above them the connection is lost to all,
 * so they are wide enough for a trip of any size.
 */

#define NGX_HTTP_ITINERARY_REDIS_ELEMENTS  (128 * 1024)
#define NGX_HTTP_ITINERARY_REDIS_TEXT      (64 * 1024)     /* bytes */
#define NGX_HTTP_ITINERARY_REDIS_DEPTH     4


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


redisReader *
ngx_http_itinerary_redis_reader(ngx_http_itinerary_redis_reply_t *reply)
{
    redisReader  *reader;

    reader = redisReaderCreateWithFunctions(
                                        &ngx_http_itinerary_redis_functions);
    if (reader) {
        reader->privdata = reply;
    }

    return reader;
}


/*
 * The place for what is being read: of the oldest command without a reply,
 * the reply itself or an element of its array.  NULL for what lies deeper.
 */

static ngx_http_itinerary_redis_value_t *
ngx_http_itinerary_redis_value(const redisReadTask *task)
{
    ngx_http_itinerary_redis_reply_t    *reply;
    ngx_http_itinerary_redis_command_t  *command;

    reply = task->privdata;
    command = reply->command;

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
    ngx_http_itinerary_redis_reply_t  *reply;
    ngx_http_itinerary_redis_value_t  *value;

    if (len > NGX_HTTP_ITINERARY_REDIS_TEXT) {
        return NULL;
    }

    value = ngx_http_itinerary_redis_value(task);

    if (value == NULL) {
        return &ngx_http_itinerary_redis_object;
    }

    reply = task->privdata;

    value->text.data = ngx_pnalloc(reply->pool, len + 1);
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
    ngx_http_itinerary_redis_reply_t    *reply;
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

    if (task->parent == NULL) {

        reply = task->privdata;
        command = reply->command;

        command->elts = ngx_pcalloc(reply->pool,
                              ((size_t) n + 1)
                              * sizeof(ngx_http_itinerary_redis_value_t));
        if (command->elts == NULL) {
            return NULL;
        }

        command->nelts = n;
    }

    value = ngx_http_itinerary_redis_value(task);

    if (value) {
        value->type = NGX_HTTP_ITINERARY_REDIS_ARRAY;
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
