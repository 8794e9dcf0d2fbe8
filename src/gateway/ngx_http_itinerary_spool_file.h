
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The files of a spool, one for each write, in the directory of
 * "itinerary_spool": "facts-<registry>-<unix ms>-<pid>-<n>" wait, in the order
 * of their names; "aside-..." cannot be recorded, and are an operator's.  How
 * many wait is in shared memory, which the workers change together with the
 * directory.
 */


#ifndef _NGX_HTTP_ITINERARY_SPOOL_FILE_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SPOOL_FILE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


typedef struct {
    ngx_str_t                         directory;
    uint32_t                          registry;  /* tells its files */
    ngx_shm_zone_t                   *zone;
    ngx_atomic_t                     *depth;     /* in the zone */
    ngx_fd_t                          lock;      /* the worker's, or
                                                    NGX_INVALID_FILE */
    ngx_uint_t                        n;         /* files it has written */
} ngx_http_itinerary_spool_file_t;


/* the directory's name is borrowed; adds the zone */

ngx_int_t ngx_http_itinerary_spool_file_init(ngx_conf_t *cf,
    ngx_http_itinerary_spool_file_t *files, ngx_str_t *directory,
    uint32_t registry);

/* a new file, the last in order; NGX_OK: it is on disk */

ngx_int_t ngx_http_itinerary_spool_file_write(
    ngx_http_itinerary_spool_file_t *files, ngx_str_t *text, ngx_log_t *log);

/*
 * Only one process at a time may read, remove and set aside; NGX_DECLINED:
 * another does.  The lock ends with the process at the latest.
 */

ngx_int_t ngx_http_itinerary_spool_file_lock(
    ngx_http_itinerary_spool_file_t *files, ngx_log_t *log);
void ngx_http_itinerary_spool_file_unlock(
    ngx_http_itinerary_spool_file_t *files, ngx_log_t *log);

/*
 * The first file in order: its name, with the directory and a final NUL, and
 * what is in it, both in the pool.  NGX_DECLINED: there is none.
 */

ngx_int_t ngx_http_itinerary_spool_file_first(
    ngx_http_itinerary_spool_file_t *files, ngx_pool_t *pool, ngx_str_t *name,
    ngx_str_t *text, ngx_log_t *log);

/* the file waits no longer: it is removed, or (its name changes) set aside */

ngx_int_t ngx_http_itinerary_spool_file_remove(
    ngx_http_itinerary_spool_file_t *files, ngx_str_t *name, ngx_log_t *log);
ngx_int_t ngx_http_itinerary_spool_file_set_aside(
    ngx_http_itinerary_spool_file_t *files, ngx_str_t *name, ngx_log_t *log);


#endif /* _NGX_HTTP_ITINERARY_SPOOL_FILE_H_INCLUDED_ */
