
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_redis.h"


static void ngx_http_itinerary_redis_call_handler(ngx_event_t *ev);


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
ngx_http_itinerary_redis_call_fail(ngx_http_itinerary_redis_call_t *call,
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
    ngx_http_itinerary_redis_call_t  *call;

    call = ev->data;

    call->handler(call);
}
