
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_redis.h"


static ngx_int_t ngx_http_itinerary_redis_address(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *value);
static ngx_int_t ngx_http_itinerary_redis_url(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *value, ngx_str_t *host);
static ngx_int_t ngx_http_itinerary_redis_param(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *value);
static ngx_int_t ngx_http_itinerary_redis_password(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *file);


ngx_http_itinerary_redis_t *
ngx_http_itinerary_redis_conf(ngx_conf_t *cf, ngx_array_t *servers)
{
    ngx_str_t                    name, *value, *arg;
    ngx_uint_t                   i, k;
    ngx_http_itinerary_redis_t  *redis, **server;

    value = cf->args->elts;
    server = servers->elts;

    for (i = 0; i < servers->nelts; i++) {

        if (server[i]->args.nelts != cf->args->nelts) {
            continue;
        }

        arg = server[i]->args.elts;

        for (k = 1; k < cf->args->nelts; k++) {
            if (value[k].len != arg[k].len
                || ngx_strncmp(value[k].data, arg[k].data, arg[k].len) != 0)
            {
                break;
            }
        }

        if (k == cf->args->nelts) {
            return server[i];
        }
    }

    redis = ngx_pcalloc(cf->pool, sizeof(ngx_http_itinerary_redis_t));
    if (redis == NULL) {
        return NULL;
    }

    redis->args = *cf->args;
    redis->args.elts = ngx_palloc(cf->pool,
                                  cf->args->nelts * sizeof(ngx_str_t));
    if (redis->args.elts == NULL) {
        return NULL;
    }

    ngx_memcpy(redis->args.elts, value, cf->args->nelts * sizeof(ngx_str_t));

    ngx_str_set(&redis->prefix, "itinerary:");
    redis->timeout = 500;
    redis->connect_timeout = 500;
    redis->nconns = 1;

    if (ngx_http_itinerary_redis_address(cf, redis, &value[1]) != NGX_OK) {
        return NULL;
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_http_itinerary_redis_param(cf, redis, &value[i]) != NGX_OK) {
            return NULL;
        }

        name = value[i];
        name.len = ngx_strlchr(name.data, name.data + name.len, '=') + 1
                   - name.data;

        for (k = 2; k < i; k++) {

            if (value[k].len >= name.len
                && ngx_strncmp(value[k].data, name.data, name.len) == 0)
            {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "\"%V\" of \"itinerary_redis\" is "
                                   "duplicate", &name);
                return NULL;
            }
        }
    }

    if (redis->user.len && redis->password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"user=\" of \"itinerary_redis\" needs "
                           "\"password=\" or \"password_file=\"");
        return NULL;
    }

    server = ngx_array_push(servers);
    if (server == NULL) {
        return NULL;
    }

    *server = redis;

    return redis;
}


static ngx_int_t
ngx_http_itinerary_redis_address(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *value)
{
    ngx_url_t  u;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = *value;
    u.default_port = 6379;

    if (ngx_strncmp(value->data, "redis://", 8) == 0) {

        if (ngx_http_itinerary_redis_url(cf, redis, value, &u.url) != NGX_OK) {
            return NGX_ERROR;
        }

    } else if (ngx_strstr(value->data, "://")) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid address \"%V\" in \"itinerary_redis\", "
                           "it must be \"host:port\", \"unix:path\" or "
                           "\"redis://[user:password@]host[:port][/db]\"",
                           value);
        return NGX_ERROR;
    }

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"%V\" of \"itinerary_redis\", "
                           "it must be \"host:port\", \"unix:path\" or "
                           "\"redis://[user:password@]host[:port][/db]\"",
                           u.err ? u.err : "invalid address", &u.url);
        return NGX_ERROR;
    }

    if (u.naddrs == 0 || u.uri.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid address \"%V\" in \"itinerary_redis\", "
                           "it must be \"host:port\", \"unix:path\" or "
                           "\"redis://[user:password@]host[:port][/db]\"",
                           &u.url);
        return NGX_ERROR;
    }

    redis->addrs = u.addrs;
    redis->naddrs = u.naddrs;
    redis->name = u.url;

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_redis_url(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *value, ngx_str_t *host)
{
    u_char     *p, *at, *slash, *colon;
    ngx_int_t   db;

    p = value->data + 8;

    host->data = p;
    host->len = value->data + value->len - p;

    at = NULL;

    for (slash = p; slash < host->data + host->len; slash++) {
        if (*slash == '@') {
            at = slash;
        }
    }

    if (at) {
        colon = ngx_strlchr(p, at, ':');

        if (colon == NULL || at - colon == 1) {
            goto invalid;
        }

        redis->user.data = p;
        redis->user.len = colon - p;
        redis->password.data = colon + 1;
        redis->password.len = at - colon - 1;

        host->len -= at + 1 - p;
        host->data = at + 1;
    }

    slash = ngx_strlchr(host->data, host->data + host->len, '/');

    if (slash) {
        db = ngx_atoi(slash + 1, host->data + host->len - slash - 1);

        if (db == NGX_ERROR && slash + 1 != host->data + host->len) {
            goto invalid;
        }

        redis->db = db == NGX_ERROR ? 0 : db;
        host->len = slash - host->data;
    }

    if (host->len) {
        return NGX_OK;
    }

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid URL in \"itinerary_redis\", it must be "
                       "\"redis://[user:password@]host[:port][/db]\"");

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_itinerary_redis_param(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *value)
{
    u_char     *p;
    ngx_int_t   n;
    ngx_str_t   s;
    ngx_msec_t  ms;

    p = ngx_strlchr(value->data, value->data + value->len, '=');

    if (p == NULL) {
        goto invalid;
    }

    p++;
    s.data = p;
    s.len = value->data + value->len - p;

#define ngx_http_itinerary_is_param(name)                                     \
    ((size_t) (p - value->data) == sizeof(name) - 1                           \
     && ngx_strncmp(value->data, name, sizeof(name) - 1) == 0)

    if (ngx_http_itinerary_is_param("user=")) {

        if (s.len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\", \"user=\" must be "
                               "the name of a user", value);
            return NGX_ERROR;
        }

        redis->user = s;
        return NGX_OK;
    }

    if (ngx_http_itinerary_is_param("password=")) {

        if (s.len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\", \"password=\" must not "
                               "be empty", value);
            return NGX_ERROR;
        }

        redis->password = s;
        return NGX_OK;
    }

    if (ngx_http_itinerary_is_param("password_file=")) {
        return ngx_http_itinerary_redis_password(cf, redis, &s);
    }

    if (ngx_http_itinerary_is_param("prefix=")) {
        redis->prefix = s;
        return NGX_OK;
    }

    if (ngx_http_itinerary_is_param("db=")) {
        n = ngx_atoi(s.data, s.len);

        if (n == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\", \"db=\" must be a "
                               "number of a database", value);
            return NGX_ERROR;
        }

        redis->db = n;
        return NGX_OK;
    }

    if (ngx_http_itinerary_is_param("connections=")) {
        n = ngx_atoi(s.data, s.len);

        if (n < 1 || n > 64) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\", \"connections=\" must "
                               "be between 1 and 64", value);
            return NGX_ERROR;
        }

        redis->nconns = n;
        return NGX_OK;
    }

    if (ngx_http_itinerary_is_param("timeout=")
        || ngx_http_itinerary_is_param("connect_timeout="))
    {
        ms = ngx_parse_time(&s, 0);

        if (ms == (ngx_msec_t) NGX_ERROR || ms == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\", it must be a time "
                               "such as \"200ms\" or \"1s\"", value);
            return NGX_ERROR;
        }

        if (value->data[0] == 't') {
            redis->timeout = ms;

        } else {
            redis->connect_timeout = ms;
        }

        return NGX_OK;
    }

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" of \"itinerary_redis\", "
                       "it must be one of \"user=\", \"password=\", "
                       "\"password_file=\", \"db=\", \"prefix=\", "
                       "\"timeout=\", \"connect_timeout=\" and "
                       "\"connections=\"", value);

    return NGX_ERROR;
}


/* the first line of a file, so that the configuration holds no secret */

static ngx_int_t
ngx_http_itinerary_redis_password(ngx_conf_t *cf,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *name)
{
    u_char     buf[1024];
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_str_t  file;

    file = *name;

    if (file.len == 0
        || ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"password_file=\" needs the name of a file");
        return NGX_ERROR;
    }

    fd = ngx_open_file(file.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", &file);
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, buf, sizeof(buf));

    (void) ngx_close_file(fd);

    if (n == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_read_fd_n " \"%V\" failed", &file);
        return NGX_ERROR;
    }

    redis->password.len = 0;

    while ((ssize_t) redis->password.len < n
           && buf[redis->password.len] != LF
           && buf[redis->password.len] != CR)
    {
        redis->password.len++;
    }

    if (redis->password.len == 0 || redis->password.len == sizeof(buf)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the first line of \"%V\" must be a password of "
                           "1 to 1023 bytes", &file);
        ngx_memzero(buf, sizeof(buf));
        return NGX_ERROR;
    }

    redis->password.data = ngx_pnalloc(cf->pool, redis->password.len);
    if (redis->password.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(redis->password.data, buf, redis->password.len);
    ngx_memzero(buf, sizeof(buf));

    return NGX_OK;
}
