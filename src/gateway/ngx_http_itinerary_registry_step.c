
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_registry_step.h"


static void ngx_http_itinerary_registry_done(
    ngx_http_itinerary_redis_call_t *call);


void
ngx_http_itinerary_registry_begin(ngx_http_itinerary_registry_t *reg,
    ngx_uint_t n, ngx_http_itinerary_registry_next_pt next)
{
    reg->busy = 1;
    reg->failure = NULL;
    reg->next = next;

    if (ngx_http_itinerary_registry_again(reg, 0, n) != NGX_OK) {

        /* the step fails: nothing can be added to the call */

        reg->failure = "out of memory";
    }
}


ngx_int_t
ngx_http_itinerary_registry_again(ngx_http_itinerary_registry_t *reg,
    ngx_uint_t step, ngx_uint_t n)
{
    reg->step = step;

    return ngx_http_itinerary_redis_call_init(&reg->call, reg->pool, reg->log,
                                              n ? n : 1);
}


void
ngx_http_itinerary_registry_send(ngx_http_itinerary_registry_t *reg,
    ngx_int_t rc)
{
    reg->call.handler = ngx_http_itinerary_registry_done;
    reg->call.data = reg;

    if (rc != NGX_OK) {

        /* an empty call ends from the event loop, as any other */

        reg->failure = "out of memory";
        reg->call.commands.nelts = 0;
    }

    ngx_http_itinerary_redis_send(reg->redis, &reg->call);
}


static void
ngx_http_itinerary_registry_done(ngx_http_itinerary_redis_call_t *call)
{
    ngx_int_t                       rc;
    ngx_http_itinerary_registry_t  *reg;

    reg = call->data;

    reg->elapsed += call->elapsed;

    if (reg->failure == NULL) {
        reg->failure = call->failure;
    }

    if (reg->failure == NULL) {

        rc = reg->next(reg);

        if (rc == NGX_AGAIN) {
            ngx_http_itinerary_registry_send(reg, NGX_OK);
            return;
        }

        if (rc != NGX_OK && reg->failure == NULL) {
            reg->failure = "out of memory";
        }
    }

    reg->busy = 0;

    reg->handler(reg->data);
}


ngx_int_t
ngx_http_itinerary_registry_check(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                     i;
    ngx_http_itinerary_command_t  *command;

    command = reg->call.commands.elts;

    for (i = 0; i < reg->call.commands.nelts; i++) {

        if (command[i].reply.type == NGX_HTTP_ITINERARY_REDIS_ERROR) {
            return ngx_http_itinerary_registry_surprise(reg, &command[i]);
        }
    }

    return NGX_OK;
}
