
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_pool.h"


static void *ngx_http_itinerary_core_alloc(void *data, size_t size);


void
ngx_http_itinerary_core_pool(itinerary_pool_t *core, ngx_pool_t *pool)
{
    core->alloc = ngx_http_itinerary_core_alloc;
    core->data = pool;
}


static void *
ngx_http_itinerary_core_alloc(void *data, size_t size)
{
    ngx_pool_t *pool = data;

    return ngx_palloc(pool, size);
}
