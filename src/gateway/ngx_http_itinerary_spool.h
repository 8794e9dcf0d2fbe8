
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The spool of a registry: what it could not be told when the API had answered
 * waits on disk, and is recorded, in order and by one worker at a time, as soon
 * as the registry takes it.
 */


#ifndef _NGX_HTTP_ITINERARY_SPOOL_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SPOOL_H_INCLUDED_


#include "ngx_http_itinerary_registry.h"
#include "ngx_http_itinerary_spool_file.h"


typedef struct {
    ngx_http_itinerary_spool_file_t   files;
    ngx_http_itinerary_redis_t       *redis;

    /* the worker's */

    ngx_event_t                       timer;
    ngx_msec_t                        delay;     /* ms, until it tries again */
    ngx_str_t                         name;      /* of the file it records */
    ngx_pool_t                       *pool;      /* for that; NULL: none */
    itinerary_pool_t                  core;
    ngx_http_itinerary_registry_t     registry;
    itinerary_note_t                  note;
    unsigned                          looked:1;  /* into the directory */
} ngx_http_itinerary_spool_t;


/*
 * Adds the spool of a server's registry to the array, unless it is there, with
 * a shared memory zone.  The array must not grow beyond its first size; the
 * directory's name is borrowed.
 */

ngx_int_t ngx_http_itinerary_spool_add(ngx_conf_t *cf, ngx_array_t *spools,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *directory);

/* the spool of that server's registry; NULL: it was not added */

ngx_http_itinerary_spool_t *ngx_http_itinerary_spool_of(ngx_array_t *spools,
    ngx_http_itinerary_redis_t *redis);

/* has the worker look after the spool */

void ngx_http_itinerary_spool_start(ngx_http_itinerary_spool_t *spool,
    ngx_log_t *log);

/*
 * How many writes wait in it, of all workers.  While there are any, the
 * registry does not know what is owned.
 */

ngx_uint_t ngx_http_itinerary_spool_depth(ngx_http_itinerary_spool_t *spool);

/*
 * Puts what reg could not record into the spool.  NGX_OK: it is on disk, and
 * outlasts every process.  NGX_ERROR: it is not, as the log says.
 */

ngx_int_t ngx_http_itinerary_spool_put(ngx_http_itinerary_spool_t *spool,
    ngx_http_itinerary_registry_t *reg);


#endif /* _NGX_HTTP_ITINERARY_SPOOL_H_INCLUDED_ */
