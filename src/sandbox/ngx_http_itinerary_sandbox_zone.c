
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_itinerary_sandbox_id.h"
#include "ngx_http_itinerary_sandbox_zone.h"


static ngx_shm_zone_t *ngx_http_itinerary_sandbox_zone_add_own(
    ngx_conf_t *cf, ngx_str_t *location, void *tag);
static ngx_int_t ngx_http_itinerary_sandbox_zone_init(
    ngx_shm_zone_t *shm_zone, void *data);
static ngx_http_itinerary_sandbox_trip_t *
    ngx_http_itinerary_sandbox_zone_new_trip(
    ngx_http_itinerary_sandbox_zone_t *zone,
    ngx_http_itinerary_sandbox_trip_t *next, ngx_log_t *log);
static ngx_int_t ngx_http_itinerary_sandbox_zone_book(
    ngx_http_itinerary_sandbox_zone_t *zone, ngx_array_t *array,
    ngx_http_itinerary_sandbox_digest_t *poster, ngx_log_t *log);
static void ngx_http_itinerary_sandbox_zone_unbook(
    ngx_http_itinerary_sandbox_zone_t *zone, ngx_array_t *array);
static void ngx_http_itinerary_sandbox_zone_move(
    ngx_http_itinerary_sandbox_trip_t *trip, ngx_array_t *array);
static void *ngx_http_itinerary_sandbox_zone_alloc(
    ngx_http_itinerary_sandbox_zone_t *zone, size_t size, ngx_log_t *log);


ngx_shm_zone_t *
ngx_http_itinerary_sandbox_zone_add(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *location, size_t size, void *tag)
{
    ngx_shm_zone_t                     *shm_zone;
    ngx_http_itinerary_sandbox_zone_t  *zone;

    if (name->len) {
        shm_zone = ngx_shared_memory_add(cf, name, size, tag);

    } else {
        shm_zone = ngx_http_itinerary_sandbox_zone_add_own(cf, location, tag);
    }

    if (shm_zone == NULL || shm_zone->data) {
        return shm_zone;
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_http_itinerary_sandbox_zone_t));
    if (zone == NULL) {
        return NULL;
    }

    zone->name = shm_zone->shm.name;

    shm_zone->shm.size = size;
    shm_zone->init = ngx_http_itinerary_sandbox_zone_init;
    shm_zone->data = zone;

    return shm_zone;
}


static ngx_shm_zone_t *
ngx_http_itinerary_sandbox_zone_add_own(ngx_conf_t *cf, ngx_str_t *location,
    void *tag)
{
    u_char          *p;
    ngx_str_t        name;
    ngx_uint_t       n;
    ngx_shm_zone_t  *shm_zone;

    for (n = 1; /* void */ ; n++) {

        p = ngx_pnalloc(cf->pool, sizeof("itinerary_sandbox:#") - 1
                                  + location->len + NGX_INT_T_LEN);
        if (p == NULL) {
            return NULL;
        }

        name.data = p;
        p = ngx_sprintf(p, "itinerary_sandbox:%V", location);

        if (n > 1) {
            p = ngx_sprintf(p, "#%ui", n);
        }

        name.len = p - name.data;

        /* without a size: the zone of that name, or a new one */

        shm_zone = ngx_shared_memory_add(cf, &name, 0, tag);

        if (shm_zone == NULL || shm_zone->data == NULL) {
            return shm_zone;
        }
    }
}


static ngx_int_t
ngx_http_itinerary_sandbox_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_itinerary_sandbox_zone_t *old = data;

    size_t                               len;
    ngx_slab_pool_t                     *shpool;
    ngx_http_itinerary_sandbox_zone_t   *zone;
    ngx_http_itinerary_sandbox_shctx_t  *sh;

    zone = shm_zone->data;

    if (old) {
        zone->sh = old->sh;
        zone->shpool = old->shpool;

        return NGX_OK;
    }

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    zone->shpool = shpool;

    if (shm_zone->shm.exists) {
        zone->sh = shpool->data;

        return NGX_OK;
    }

    sh = ngx_slab_alloc(shpool, sizeof(ngx_http_itinerary_sandbox_shctx_t));
    if (sh == NULL) {
        return NGX_ERROR;
    }

    ngx_rbtree_init(&sh->trips, &sh->trips_sentinel, ngx_rbtree_insert_value);
    ngx_http_itinerary_sandbox_name_init(&sh->bookings,
                                         &sh->bookings_sentinel);
    ngx_queue_init(&sh->queue);

    /*
     * Numbers go on from the time, so that a sandbox that has forgotten its
     * trips does not give their ids to others, which a registry would take
     * for the old ones.
     */

    sh->last = ngx_time();

    zone->sh = sh;
    shpool->data = sh;

    len = sizeof(" in itinerary sandbox zone \"\"") + zone->name.len;

    shpool->log_ctx = ngx_slab_alloc(shpool, len);
    if (shpool->log_ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(shpool->log_ctx, " in itinerary sandbox zone \"%V\"%Z",
                &zone->name);

    /* a full zone is logged with the request that has filled it */

    shpool->log_nomem = 0;

    return NGX_OK;
}


ngx_http_itinerary_sandbox_trip_t *
ngx_http_itinerary_sandbox_zone_trip(ngx_http_itinerary_sandbox_zone_t *zone,
    ngx_str_t *id)
{
    uint64_t                            number;
    ngx_rbtree_key_t                    key;
    ngx_rbtree_node_t                  *node, *sentinel;
    ngx_http_itinerary_sandbox_trip_t  *trip;

    if (ngx_http_itinerary_sandbox_id_number(id, &number) != NGX_OK) {
        return NULL;
    }

    key = (ngx_rbtree_key_t) number;

    node = zone->sh->trips.root;
    sentinel = zone->sh->trips.sentinel;

    while (node != sentinel) {

        if (key == node->key) {
            trip = (ngx_http_itinerary_sandbox_trip_t *) node;

            return (trip->number == number) ? trip : NULL;
        }

        node = (key < node->key) ? node->left : node->right;
    }

    return NULL;
}


ngx_int_t
ngx_http_itinerary_sandbox_zone_store(ngx_http_itinerary_sandbox_zone_t *zone,
    ngx_http_itinerary_sandbox_trip_t **stored,
    ngx_http_itinerary_sandbox_trip_t *next, ngx_array_t *posted,
    ngx_http_itinerary_sandbox_digest_t *poster, ngx_log_t *log)
{
    u_char                             *text;
    ngx_http_itinerary_sandbox_trip_t  *trip;

    trip = *stored;
    text = NULL;

    if (ngx_http_itinerary_sandbox_zone_book(zone, posted, poster, log)
        != NGX_OK)
    {
        goto failed;
    }

    text = ngx_http_itinerary_sandbox_zone_alloc(zone,
                                      next->summary.len + next->document.len,
                                      log);
    if (text == NULL) {
        goto failed;
    }

    if (trip == NULL) {
        trip = ngx_http_itinerary_sandbox_zone_new_trip(zone, next, log);
        if (trip == NULL) {
            goto failed;
        }

    } else {
        ngx_slab_free_locked(zone->shpool, trip->summary.data);
    }

    trip->summary.data = text;
    trip->summary.len = next->summary.len;

    text = ngx_cpymem(text, next->summary.data, next->summary.len);

    trip->document.data = text;
    trip->document.len = next->document.len;

    ngx_memcpy(text, next->document.data, next->document.len);

    trip->start = next->start;
    trip->end = next->end;
    trip->cancelled = next->cancelled;

    ngx_http_itinerary_sandbox_zone_move(trip, posted);

    *stored = trip;

    return NGX_OK;

failed:

    if (text) {
        ngx_slab_free_locked(zone->shpool, text);
    }

    ngx_http_itinerary_sandbox_zone_unbook(zone, posted);

    return NGX_ERROR;
}


static ngx_http_itinerary_sandbox_trip_t *
ngx_http_itinerary_sandbox_zone_new_trip(
    ngx_http_itinerary_sandbox_zone_t *zone,
    ngx_http_itinerary_sandbox_trip_t *next, ngx_log_t *log)
{
    ngx_http_itinerary_sandbox_trip_t  *trip;

    trip = ngx_http_itinerary_sandbox_zone_alloc(zone,
                                     sizeof(ngx_http_itinerary_sandbox_trip_t)
                                     + next->user.len, log);
    if (trip == NULL) {
        return NULL;
    }

    trip->number = next->number;
    trip->creator = next->creator;

    trip->user.len = next->user.len;
    trip->user.data = (u_char *) (trip + 1);

    ngx_memcpy(trip->user.data, next->user.data, next->user.len);
    ngx_memcpy(trip->booked, next->booked, sizeof(trip->booked));

    ngx_queue_init(&trip->bookings);
    ngx_queue_insert_tail(&zone->sh->queue, &trip->queue);

    trip->node.key = (ngx_rbtree_key_t) trip->number;
    ngx_rbtree_insert(&zone->sh->trips, &trip->node);

    zone->sh->last = trip->number;

    return trip;
}


/* finds the bookings, or remembers them as the poster's */

static ngx_int_t
ngx_http_itinerary_sandbox_zone_book(ngx_http_itinerary_sandbox_zone_t *zone,
    ngx_array_t *array, ngx_http_itinerary_sandbox_digest_t *poster,
    ngx_log_t *log)
{
    ngx_uint_t                             i;
    ngx_http_itinerary_sandbox_name_t     *name;
    ngx_http_itinerary_sandbox_posted_t   *posted;
    ngx_http_itinerary_sandbox_booking_t  *booking;

    posted = array->elts;

    for (i = 0; i < array->nelts; i++) {
        posted[i].fresh = 0;
    }

    for (i = 0; i < array->nelts; i++) {

        name = ngx_http_itinerary_sandbox_name_lookup(&zone->sh->bookings,
                                                      &posted[i].digest);
        if (name) {
            posted[i].booking = (ngx_http_itinerary_sandbox_booking_t *) name;
            continue;
        }

        booking = ngx_http_itinerary_sandbox_zone_alloc(zone,
                                 sizeof(ngx_http_itinerary_sandbox_booking_t),
                                 log);
        if (booking == NULL) {
            return NGX_ERROR;
        }

        booking->trip = NULL;
        booking->poster = *poster;
        booking->kind = 0;

        ngx_http_itinerary_sandbox_name_insert(&zone->sh->bookings,
                                               &booking->name,
                                               &posted[i].digest);
        posted[i].booking = booking;
        posted[i].fresh = 1;
    }

    return NGX_OK;
}


static void
ngx_http_itinerary_sandbox_zone_unbook(ngx_http_itinerary_sandbox_zone_t *zone,
    ngx_array_t *array)
{
    ngx_uint_t                            i;
    ngx_http_itinerary_sandbox_posted_t  *posted;

    posted = array->elts;

    for (i = 0; i < array->nelts; i++) {

        if (posted[i].fresh) {
            ngx_rbtree_delete(&zone->sh->bookings,
                              &posted[i].booking->name.node);
            ngx_slab_free_locked(zone->shpool, posted[i].booking);
        }
    }
}


static void
ngx_http_itinerary_sandbox_zone_move(ngx_http_itinerary_sandbox_trip_t *trip,
    ngx_array_t *array)
{
    ngx_uint_t                             i;
    ngx_queue_t                           *q;
    ngx_http_itinerary_sandbox_posted_t   *posted;
    ngx_http_itinerary_sandbox_booking_t  *booking;

    while (!ngx_queue_empty(&trip->bookings)) {

        q = ngx_queue_head(&trip->bookings);
        booking = ngx_queue_data(q, ngx_http_itinerary_sandbox_booking_t,
                                 queue);

        ngx_queue_remove(q);    /* NOLINT(*.NullDereference): it is a ring */
        booking->trip = NULL;
    }

    posted = array->elts;

    for (i = 0; i < array->nelts; i++) {

        booking = posted[i].booking;

        if (booking->trip) {
            ngx_queue_remove(&booking->queue);
        }

        ngx_queue_insert_tail(&trip->bookings, &booking->queue);
        booking->trip = trip;

        /* a cancelled booking has no segments, but is what it was */

        if (posted[i].kind) {
            booking->kind = posted[i].kind;
        }
    }
}


static void *
ngx_http_itinerary_sandbox_zone_alloc(ngx_http_itinerary_sandbox_zone_t *zone,
    size_t size, ngx_log_t *log)
{
    void  *p;

    p = ngx_slab_alloc_locked(zone->shpool, size);

    if (p == NULL) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "itinerary sandbox: zone too small: no room for %uz "
                      "bytes in \"%V\"", size, &zone->name);
    }

    return p;
}
