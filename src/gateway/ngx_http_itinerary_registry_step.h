
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * A step of the registry: a batch of commands to Redis, and what is made of
 * their replies, which may take further batches.
 */


#ifndef _NGX_HTTP_ITINERARY_REGISTRY_STEP_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_REGISTRY_STEP_H_INCLUDED_


#include "ngx_http_itinerary_registry_command.h"


/*
 * Called when the replies are in: NGX_OK ends the step, NGX_AGAIN after
 * registry_again() and further commands, NGX_ERROR fails it (without a reason
 * in reg->failure: memory ran out).
 */

typedef ngx_int_t (*ngx_http_itinerary_registry_next_pt)(
    ngx_http_itinerary_registry_t *reg);


/* begins a step of about "n" commands */

void ngx_http_itinerary_registry_begin(ngx_http_itinerary_registry_t *reg,
    ngx_uint_t n, ngx_http_itinerary_registry_next_pt next);

/* the next batch of the step; reg->step tells it from those before */

ngx_int_t ngx_http_itinerary_registry_again(
    ngx_http_itinerary_registry_t *reg, ngx_uint_t step, ngx_uint_t n);

/* sends the first batch; rc is what became of adding its commands */

void ngx_http_itinerary_registry_send(ngx_http_itinerary_registry_t *reg,
    ngx_int_t rc);

/* a "next" that asks for no more than that nothing has met an error */

ngx_int_t ngx_http_itinerary_registry_check(
    ngx_http_itinerary_registry_t *reg);


#endif /* _NGX_HTTP_ITINERARY_REGISTRY_STEP_H_INCLUDED_ */
