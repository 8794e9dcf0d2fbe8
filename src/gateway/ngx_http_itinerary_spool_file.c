
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_spool_file.h"


#define NGX_HTTP_ITINERARY_SPOOL_WAITS  "facts-"
#define NGX_HTTP_ITINERARY_SPOOL_ASIDE  "aside-"
#define NGX_HTTP_ITINERARY_SPOOL_BEGUN  "begun-"

/* of an answer with all its bookings and numbers; no note is longer */

#define NGX_HTTP_ITINERARY_SPOOL_MAX    (64 * 1024 * 1024)


extern ngx_module_t  ngx_http_itinerary_module;


static ngx_int_t ngx_http_itinerary_spool_file_init_zone(
    ngx_shm_zone_t *zone, void *data);
static ngx_int_t ngx_http_itinerary_spool_file_scan(
    ngx_http_itinerary_spool_file_t *files, u_char *first, ngx_log_t *log);
static ngx_int_t ngx_http_itinerary_spool_file_fill(u_char *name,
    ngx_str_t *text, ngx_log_t *log);
static ngx_int_t ngx_http_itinerary_spool_file_move(
    ngx_http_itinerary_spool_file_t *files, u_char *from, u_char *to,
    ngx_int_t more, ngx_log_t *log);
static ngx_int_t ngx_http_itinerary_spool_file_rename(u_char *from, u_char *to,
    ngx_log_t *log);
static ngx_int_t ngx_http_itinerary_spool_file_sync(
    ngx_http_itinerary_spool_file_t *files, ngx_log_t *log);
static ngx_int_t ngx_http_itinerary_spool_file_read(
    ngx_pool_t *pool, ngx_str_t *name, ngx_str_t *text, ngx_log_t *log);
static ngx_shmtx_t *ngx_http_itinerary_spool_file_mutex(
    ngx_http_itinerary_spool_file_t *files);
static void ngx_http_itinerary_spool_file_close(ngx_fd_t fd, u_char *name,
    ngx_log_t *log);


ngx_int_t
ngx_http_itinerary_spool_file_init(ngx_conf_t *cf,
    ngx_http_itinerary_spool_file_t *files, ngx_str_t *directory,
    uint32_t registry)
{
    ngx_str_t  name;

    files->directory = *directory;
    files->registry = registry;
    files->lock = NGX_INVALID_FILE;

    name.data = ngx_pnalloc(cf->pool, sizeof("itinerary_spool-") - 1 + 8);
    if (name.data == NULL) {
        return NGX_ERROR;
    }

    name.len = ngx_sprintf(name.data, "itinerary_spool-%08xD", registry)
               - name.data;

    /* the least that nginx's own mutex and pool need */

    files->zone = ngx_shared_memory_add(cf, &name, 8 * ngx_pagesize,
                                        &ngx_http_itinerary_module);
    if (files->zone == NULL) {
        return NGX_ERROR;
    }

    files->zone->init = ngx_http_itinerary_spool_file_init_zone;
    files->zone->data = files;

    return NGX_OK;
}


/* what the processes before have left waits, too */

static ngx_int_t
ngx_http_itinerary_spool_file_init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_http_itinerary_spool_file_t *before = data;

    ngx_slab_pool_t                  *shpool;
    ngx_http_itinerary_spool_file_t  *files;

    files = zone->data;
    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    if (before) {
        files->depth = before->depth;
        return NGX_OK;
    }

    if (zone->shm.exists) {
        files->depth = shpool->data;
        return NGX_OK;
    }

    files->depth = ngx_slab_calloc(shpool, sizeof(ngx_atomic_t));
    if (files->depth == NULL) {
        return NGX_ERROR;
    }

    shpool->data = (void *) files->depth;

    /* without workers, nobody writes */

    return ngx_http_itinerary_spool_file_scan(files, NULL, zone->shm.log)
           == NGX_ERROR
           ? NGX_ERROR : NGX_OK;
}


/*
 * Counts what waits; "first", if it is not NULL, gets the name of the first.
 * NGX_DECLINED: nothing waits.
 */

static ngx_int_t
ngx_http_itinerary_spool_file_scan(ngx_http_itinerary_spool_file_t *files,
    u_char *first, ngx_log_t *log)
{
    u_char      prefix[sizeof(NGX_HTTP_ITINERARY_SPOOL_WAITS "00000000-")];
    size_t      len;
    u_char     *name;
    ngx_dir_t   dir;
    ngx_err_t   err;
    ngx_uint_t  n;

    if (ngx_open_dir(&files->directory, &dir) == NGX_ERROR) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      ngx_open_dir_n " \"%V\" failed", &files->directory);
        return NGX_ERROR;
    }

    len = ngx_sprintf(prefix, NGX_HTTP_ITINERARY_SPOOL_WAITS "%08xD-",
                      files->registry)
          - prefix;
    n = 0;

    for ( ;; ) {
        ngx_set_errno(0);

        if (ngx_read_dir(&dir) == NGX_ERROR) {
            err = ngx_errno;
            break;
        }

        name = ngx_de_name(&dir);

        if (ngx_strncmp(name, prefix, len) != 0) {
            continue;
        }

        if (first && (n == 0 || ngx_strcmp(name, first) < 0)) {
            (void) ngx_cpystrn(first, name, NGX_MAX_PATH);
        }

        n++;
    }

    if (ngx_close_dir(&dir) == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      ngx_close_dir_n " \"%V\" failed", &files->directory);
    }

    if (err != 0 && err != NGX_ENOMOREFILES) {
        ngx_log_error(NGX_LOG_CRIT, log, err,
                      ngx_read_dir_n " \"%V\" failed", &files->directory);
        return NGX_ERROR;
    }

    /* exact, whatever became of those who counted */

    *files->depth = n;

    return n ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_http_itinerary_spool_file_write(ngx_http_itinerary_spool_file_t *files,
    ngx_str_t *text, ngx_log_t *log)
{
    u_char          begun[NGX_MAX_PATH], name[NGX_MAX_PATH];
    struct timeval  tv;

    if (text->len > NGX_HTTP_ITINERARY_SPOOL_MAX) {
        ngx_log_error(NGX_LOG_CRIT, log, 0,
                      "itinerary: %uz bytes are too many for the spool",
                      text->len);
        return NGX_ERROR;
    }

    (void) ngx_snprintf(begun, NGX_MAX_PATH,
                        "%V/" NGX_HTTP_ITINERARY_SPOOL_BEGUN "%08xD-%P%Z",
                        &files->directory, files->registry, ngx_pid);

    ngx_gettimeofday(&tv);

    (void) ngx_snprintf(name, NGX_MAX_PATH,
                        "%V/" NGX_HTTP_ITINERARY_SPOOL_WAITS
                        "%08xD-%010T%03M-%P-%06ui%Z",
                        &files->directory, files->registry, tv.tv_sec,
                        (ngx_msec_t) tv.tv_usec / 1000, ngx_pid, files->n++);

    if (ngx_http_itinerary_spool_file_fill(begun, text, log) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_itinerary_spool_file_move(files, begun, name, 1, log)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_spool_file_sync(files, log);
}


/* a file that is not whole is none */

static ngx_int_t
ngx_http_itinerary_spool_file_fill(u_char *name, ngx_str_t *text,
    ngx_log_t *log)
{
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_int_t  rc;

    fd = ngx_open_file(name, NGX_FILE_WRONLY, NGX_FILE_TRUNCATE,
                       NGX_FILE_OWNER_ACCESS);

    if (fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      ngx_open_file_n " \"%s\" failed", name);
        return NGX_ERROR;
    }

    rc = NGX_OK;
    n = ngx_write_fd(fd, text->data, text->len);

    if (n != (ssize_t) text->len) {
        ngx_log_error(NGX_LOG_CRIT, log, n == -1 ? ngx_errno : 0,
                      ngx_write_fd_n " to \"%s\" returned %z, not %uz", name,
                      n, text->len);
        rc = NGX_ERROR;

    } else if (fsync(fd) == -1) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      "fsync() \"%s\" failed", name);
        rc = NGX_ERROR;
    }

    ngx_http_itinerary_spool_file_close(fd, name, log);

    if (rc != NGX_OK && ngx_delete_file(name) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      ngx_delete_file_n " \"%s\" failed", name);
    }

    return rc;
}


/*
 * Renames, or removes where "to" is NULL, and counts one more or less that
 * waits.  Who does not find it must not find it counted; a process that is
 * killed in between has counted one too many, until the next scan.
 */

static ngx_int_t
ngx_http_itinerary_spool_file_move(ngx_http_itinerary_spool_file_t *files,
    u_char *from, u_char *to, ngx_int_t more, ngx_log_t *log)
{
    ngx_int_t     rc;
    ngx_shmtx_t  *mutex;

    mutex = ngx_http_itinerary_spool_file_mutex(files);

    ngx_shmtx_lock(mutex);

    *files->depth += more;

    rc = ngx_http_itinerary_spool_file_rename(from, to, log);

    if (rc != NGX_OK) {
        *files->depth -= more;
    }

    ngx_shmtx_unlock(mutex);

    return rc;
}


static ngx_int_t
ngx_http_itinerary_spool_file_rename(u_char *from, u_char *to, ngx_log_t *log)
{
    if (to == NULL) {

        if (ngx_delete_file(from) == NGX_FILE_ERROR) {
            ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                          ngx_delete_file_n " \"%s\" failed", from);
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    if (ngx_rename_file(from, to) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      ngx_rename_file_n " \"%s\" to \"%s\" failed", from, to);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* the name of a new file is on disk when the directory is */

static ngx_int_t
ngx_http_itinerary_spool_file_sync(ngx_http_itinerary_spool_file_t *files,
    ngx_log_t *log)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;

    fd = ngx_open_file(files->directory.data, NGX_FILE_RDONLY, NGX_FILE_OPEN,
                       0);

    if (fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      ngx_open_file_n " \"%V\" failed", &files->directory);
        return NGX_ERROR;
    }

    rc = NGX_OK;

    if (fsync(fd) == -1) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      "fsync() \"%V\" failed", &files->directory);
        rc = NGX_ERROR;
    }

    ngx_http_itinerary_spool_file_close(fd, files->directory.data, log);

    return rc;
}


ngx_int_t
ngx_http_itinerary_spool_file_lock(ngx_http_itinerary_spool_file_t *files,
    ngx_log_t *log)
{
    u_char     name[NGX_MAX_PATH];
    ngx_fd_t   fd;
    ngx_err_t  err;

    if (files->lock != NGX_INVALID_FILE) {
        return NGX_OK;
    }

    (void) ngx_snprintf(name, NGX_MAX_PATH, "%V/lock-%08xD%Z",
                        &files->directory, files->registry);

    fd = ngx_open_file(name, NGX_FILE_RDWR, NGX_FILE_CREATE_OR_OPEN,
                       NGX_FILE_OWNER_ACCESS);

    if (fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      ngx_open_file_n " \"%s\" failed", name);
        return NGX_ERROR;
    }

    err = ngx_trylock_fd(fd);

    if (err == 0) {
        files->lock = fd;
        return NGX_OK;
    }

    ngx_http_itinerary_spool_file_close(fd, name, log);

    /* which of the two says that another process has it, POSIX leaves open */

    if (err == NGX_EAGAIN || err == NGX_EACCES) {
        return NGX_DECLINED;
    }

    ngx_log_error(NGX_LOG_CRIT, log, err, ngx_trylock_fd_n " \"%s\" failed",
                  name);

    return NGX_ERROR;
}


void
ngx_http_itinerary_spool_file_unlock(ngx_http_itinerary_spool_file_t *files,
    ngx_log_t *log)
{
    if (files->lock != NGX_INVALID_FILE) {
        ngx_http_itinerary_spool_file_close(files->lock, (u_char *) "lock",
                                            log);
        files->lock = NGX_INVALID_FILE;
    }
}


ngx_int_t
ngx_http_itinerary_spool_file_first(ngx_http_itinerary_spool_file_t *files,
    ngx_pool_t *pool, ngx_str_t *name, ngx_str_t *text, ngx_log_t *log)
{
    u_char        first[NGX_MAX_PATH];
    ngx_int_t     rc;
    ngx_shmtx_t  *mutex;

    mutex = ngx_http_itinerary_spool_file_mutex(files);

    ngx_shmtx_lock(mutex);

    rc = ngx_http_itinerary_spool_file_scan(files, first, log);

    ngx_shmtx_unlock(mutex);

    if (rc != NGX_OK) {
        return rc;
    }

    name->len = files->directory.len + 1 + ngx_strlen(first);
    name->data = ngx_pnalloc(pool, name->len + 1);
    if (name->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(name->data, "%V/%s%Z", &files->directory, first);

    return ngx_http_itinerary_spool_file_read(pool, name, text, log);
}


static ngx_int_t
ngx_http_itinerary_spool_file_read(ngx_pool_t *pool, ngx_str_t *name,
    ngx_str_t *text, ngx_log_t *log)
{
    ssize_t          n;
    ngx_fd_t         fd;
    ngx_int_t        rc;
    ngx_file_info_t  fi;

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      ngx_open_file_n " \"%V\" failed", name);
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      ngx_fd_info_n " \"%V\" failed", name);
        goto done;
    }

    /* what is longer is no note, its beginning will do to tell */

    text->len = ngx_min(ngx_file_size(&fi), NGX_HTTP_ITINERARY_SPOOL_MAX);
    text->data = ngx_pnalloc(pool, text->len + 1);
    if (text->data == NULL) {
        goto done;
    }

    n = ngx_read_fd(fd, text->data, text->len);

    if (n != (ssize_t) text->len) {
        ngx_log_error(NGX_LOG_CRIT, log, n == -1 ? ngx_errno : 0,
                      ngx_read_fd_n " \"%V\" returned %z, not %uz", name, n,
                      text->len);
        goto done;
    }

    rc = NGX_OK;

done:

    ngx_http_itinerary_spool_file_close(fd, name->data, log);

    return rc;
}


ngx_int_t
ngx_http_itinerary_spool_file_remove(ngx_http_itinerary_spool_file_t *files,
    ngx_str_t *name, ngx_log_t *log)
{
    return ngx_http_itinerary_spool_file_move(files, name->data, NULL, -1,
                                              log);
}


ngx_int_t
ngx_http_itinerary_spool_file_set_aside(ngx_http_itinerary_spool_file_t *files,
    ngx_str_t *name, ngx_log_t *log)
{
    u_char  from[NGX_MAX_PATH];

    (void) ngx_cpystrn(from, name->data, NGX_MAX_PATH);

    /* the two beginnings are of one length */

    ngx_memcpy(name->data + files->directory.len + 1,
               NGX_HTTP_ITINERARY_SPOOL_ASIDE,
               sizeof(NGX_HTTP_ITINERARY_SPOOL_ASIDE) - 1);

    return ngx_http_itinerary_spool_file_move(files, from, name->data, -1,
                                              log);
}


/* the master gives back what a worker held when it was killed */

static ngx_shmtx_t *
ngx_http_itinerary_spool_file_mutex(ngx_http_itinerary_spool_file_t *files)
{
    return &((ngx_slab_pool_t *) files->zone->shm.addr)->mutex;
}


static void
ngx_http_itinerary_spool_file_close(ngx_fd_t fd, u_char *name, ngx_log_t *log)
{
    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      ngx_close_file_n " \"%s\" failed", name);
    }
}
