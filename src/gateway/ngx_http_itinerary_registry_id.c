
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_registry_id.h"
#include "ngx_http_itinerary_registry.h"

#include <openssl/rand.h>


#define NGX_HTTP_ITINERARY_ID_MAX  64


/* the commands of a greeting, from the end of what the connection says */

enum {
    ngx_http_itinerary_id_role = 0,
    ngx_http_itinerary_id_policy,
    ngx_http_itinerary_id_get,
    ngx_http_itinerary_id_set,
    ngx_http_itinerary_id_get_again
};


typedef struct {
    ngx_http_itinerary_redis_t          *redis;
    ngx_str_t                            key;
    ngx_str_t                            file;
    ngx_uint_t                           first;  /* of the commands above */
    u_char                               text[NGX_HTTP_ITINERARY_ID_MAX];
    unsigned                             warned:1;
} ngx_http_itinerary_id_t;


static ngx_int_t ngx_http_itinerary_id_greet(
    ngx_http_itinerary_redis_call_t *call, void *data);
static ngx_int_t ngx_http_itinerary_id_admit(
    ngx_http_itinerary_redis_call_t *call, void *data);
static ngx_int_t ngx_http_itinerary_id_check_role(
    ngx_http_itinerary_redis_call_t *call,
    ngx_http_itinerary_redis_command_t *command);
static void ngx_http_itinerary_id_check_policy(
    ngx_http_itinerary_redis_call_t *call, ngx_http_itinerary_id_t *id,
    ngx_http_itinerary_redis_command_t *command);
static ngx_int_t ngx_http_itinerary_id_ask(
    ngx_http_itinerary_redis_call_t *call, ngx_http_itinerary_id_t *id);
static ngx_int_t ngx_http_itinerary_id_make(
    ngx_http_itinerary_redis_call_t *call, ngx_http_itinerary_id_t *id);
static ngx_int_t ngx_http_itinerary_id_remembered(
    ngx_http_itinerary_id_t *id, ngx_str_t *text, ngx_log_t *log);
static ngx_int_t ngx_http_itinerary_id_remember(ngx_http_itinerary_id_t *id,
    ngx_str_t *text, ngx_log_t *log);


static ngx_http_itinerary_redis_greeter_t  ngx_http_itinerary_id_greeter = {
    ngx_http_itinerary_id_greet,
    ngx_http_itinerary_id_admit
};


ngx_int_t
ngx_http_itinerary_registry_id_init(ngx_pool_t *pool,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *directory)
{
    uint32_t                  crc;
    ngx_http_itinerary_id_t  *id;

    id = ngx_pcalloc(pool, sizeof(ngx_http_itinerary_id_t));
    if (id == NULL) {
        return NGX_ERROR;
    }

    id->redis = redis;

    id->key.len = redis->prefix.len + sizeof("registry") - 1;
    id->key.data = ngx_pnalloc(pool, id->key.len);
    if (id->key.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(id->key.data, "%Vregistry", &redis->prefix);

    ngx_crc32_init(crc);
    ngx_crc32_update(&crc, redis->name.data, redis->name.len);
    ngx_crc32_update(&crc, (u_char *) &redis->db, sizeof(ngx_uint_t));
    ngx_crc32_update(&crc, redis->prefix.data, redis->prefix.len);
    ngx_crc32_final(crc);

    redis->registry = crc;

    id->file.len = directory->len + sizeof("/registry-") - 1 + 8;
    id->file.data = ngx_pnalloc(pool, id->file.len + 1);
    if (id->file.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(id->file.data, "%V/registry-%08xD%Z", directory,
                       redis->registry);

    redis->greeter = &ngx_http_itinerary_id_greeter;
    redis->greeter_data = id;

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_id_greet(ngx_http_itinerary_redis_call_t *call, void *data)
{
    ngx_http_itinerary_id_t *id = data;

    static ngx_str_t  role = ngx_string("ROLE");
    static ngx_str_t  config = ngx_string("CONFIG");
    static ngx_str_t  get = ngx_string("GET");
    static ngx_str_t  policy = ngx_string("maxmemory-policy");

    id->first = call->commands.nelts;

    if (ngx_http_itinerary_redis_add(call, NULL, 1, &role) == NULL
        || ngx_http_itinerary_redis_add(call, NULL, 3, &config, &get, &policy)
           == NULL
        || ngx_http_itinerary_redis_add(call, NULL, 2, &get, &id->key) == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_id_admit(ngx_http_itinerary_redis_call_t *call, void *data)
{
    ngx_http_itinerary_id_t *id = data;

    u_char                               buf[NGX_HTTP_ITINERARY_ID_MAX];
    ngx_int_t                            rc;
    ngx_str_t                            was;
    ngx_uint_t                           n;
    ngx_http_itinerary_redis_command_t  *command;

    command = (ngx_http_itinerary_redis_command_t *) call->commands.elts
              + id->first;
    n = call->commands.nelts - id->first;

    if (ngx_http_itinerary_id_check_role(call, command) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_itinerary_id_check_policy(call, id,
                                       &command[ngx_http_itinerary_id_policy]);

    was.data = buf;
    was.len = 0;
    rc = ngx_http_itinerary_id_remembered(id, &was, call->log);

    if (rc == NGX_ERROR) {
        call->failure = "has a registry whose id cannot be remembered";
        return NGX_ERROR;
    }

    command = &command[n > ngx_http_itinerary_id_get_again
                       ? ngx_http_itinerary_id_get_again
                       : ngx_http_itinerary_id_get];

    switch (command->reply.type) {

    case NGX_HTTP_ITINERARY_REDIS_STRING:
        break;

    case NGX_HTTP_ITINERARY_REDIS_NIL:

        if (n <= ngx_http_itinerary_id_get_again) {

            /* another worker may just have named it: then it is there now */

            return rc == NGX_DECLINED ? ngx_http_itinerary_id_make(call, id)
                                      : ngx_http_itinerary_id_ask(call, id);
        }

        if (rc == NGX_DECLINED) {
            ngx_log_error(NGX_LOG_ERR, call->log, 0,
                          "itinerary: redis \"%V\" did not take a new "
                          "registry's id: \"%V\"", &id->redis->name,
                          &command[-1].reply.text);
            call->failure = "did not take a new registry's id";
            return NGX_ERROR;
        }

        ngx_log_error(NGX_LOG_ERR, call->log, 0,
                      "itinerary: redis \"%V\" has no registry, \"%V\" "
                      "remembers \"%V\": restore it, or remove the file to "
                      "accept an empty registry", &id->redis->name, &id->file,
                      &was);
        call->failure = "is not the registry it was";
        return NGX_ERROR;

    default:

        ngx_log_error(NGX_LOG_ERR, call->log, 0,
                      "itinerary: redis \"%V\" did not tell the registry's "
                      "id: \"%V\"", &id->redis->name, &command->reply.text);
        call->failure = "did not tell the registry's id";
        return NGX_ERROR;
    }

    if (command->reply.text.len < sizeof(NGX_HTTP_ITINERARY_REGISTRY_VERSION)
        || command->reply.text.len > NGX_HTTP_ITINERARY_ID_MAX
        || ngx_strncmp(command->reply.text.data,
                       NGX_HTTP_ITINERARY_REGISTRY_VERSION ":",
                       sizeof(NGX_HTTP_ITINERARY_REGISTRY_VERSION ":") - 1)
           != 0)
    {
        ngx_log_error(NGX_LOG_ERR, call->log, 0,
                      "itinerary: redis \"%V\" has the registry \"%V\", this "
                      "module reads version "
                      NGX_HTTP_ITINERARY_REGISTRY_VERSION, &id->redis->name,
                      &command->reply.text);
        call->failure = "has a registry of another version";
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {

        rc = ngx_http_itinerary_id_remember(id, &command->reply.text,
                                            call->log);
        if (rc != NGX_OK) {
            return rc;
        }

        was = command->reply.text;
    }

    if (was.len != command->reply.text.len
        || ngx_memcmp(was.data, command->reply.text.data, was.len) != 0)
    {
        ngx_log_error(NGX_LOG_ERR, call->log, 0,
                      "itinerary: redis \"%V\" has the registry \"%V\", "
                      "\"%V\" remembers \"%V\": restore it, or remove the "
                      "file to accept the other one", &id->redis->name,
                      &command->reply.text, &id->file, &was);
        call->failure = "is not the registry it was";
        return NGX_ERROR;
    }

    /* what the registry compares its look-ups with */

    ngx_memcpy(id->text, command->reply.text.data, command->reply.text.len);

    id->redis->id.len = command->reply.text.len;
    id->redis->id.data = id->text;

    return NGX_OK;
}


/* ROLE of a master begins with "master"; a replica's view is stale */

static ngx_int_t
ngx_http_itinerary_id_check_role(ngx_http_itinerary_redis_call_t *call,
    ngx_http_itinerary_redis_command_t *command)
{
    if (command->reply.type == NGX_HTTP_ITINERARY_REDIS_ARRAY
        && command->nelts
        && command->elts[0].type == NGX_HTTP_ITINERARY_REDIS_STRING
        && command->elts[0].text.len == 6
        && ngx_strncmp(command->elts[0].text.data, "master", 6) == 0)
    {
        return NGX_OK;
    }

    if (command->reply.type == NGX_HTTP_ITINERARY_REDIS_ERROR) {
        ngx_log_error(NGX_LOG_ERR, call->log, 0,
                      "itinerary: redis refused ROLE: \"%V\"",
                      &command->reply.text);
    }

    call->failure = "is not a master";

    return NGX_ERROR;
}


static void
ngx_http_itinerary_id_check_policy(ngx_http_itinerary_redis_call_t *call,
    ngx_http_itinerary_id_t *id, ngx_http_itinerary_redis_command_t *command)
{
    ngx_str_t  policy;

    if (id->warned) {
        return;
    }

    id->warned = 1;

    if (command->reply.type != NGX_HTTP_ITINERARY_REDIS_ARRAY
        || command->nelts != 2)
    {
        ngx_log_error(NGX_LOG_NOTICE, call->log, 0,
                      "itinerary: redis \"%V\" does not tell its "
                      "\"maxmemory-policy\", it must be \"noeviction\"",
                      &id->redis->name);
        return;
    }

    policy = command->elts[1].text;

    if (policy.len != 10 || ngx_strncmp(policy.data, "noeviction", 10) != 0) {
        ngx_log_error(NGX_LOG_WARN, call->log, 0,
                      "itinerary: redis \"%V\" has the \"maxmemory-policy\" "
                      "\"%V\": only with \"noeviction\" it forgets no owner",
                      &id->redis->name, &policy);
    }
}


/* asks again; the first of the two stands where id_make() sets it */

static ngx_int_t
ngx_http_itinerary_id_ask(ngx_http_itinerary_redis_call_t *call,
    ngx_http_itinerary_id_t *id)
{
    static ngx_str_t  get = ngx_string("GET");

    if (ngx_http_itinerary_redis_add(call, NULL, 2, &get, &id->key) == NULL
        || ngx_http_itinerary_redis_add(call, NULL, 2, &get, &id->key) == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


/* nobody remembers anything: the first gateway names the registry */

static ngx_int_t
ngx_http_itinerary_id_make(ngx_http_itinerary_redis_call_t *call,
    ngx_http_itinerary_id_t *id)
{
    u_char     random[16], *p;
    ngx_str_t  value;

    static ngx_str_t  set = ngx_string("SET");
    static ngx_str_t  nx = ngx_string("NX");
    static ngx_str_t  get = ngx_string("GET");

    if (RAND_bytes(random, sizeof(random)) != 1) {
        call->failure = "could not be given an id: RAND_bytes() failed";
        return NGX_ERROR;
    }

    value.len = sizeof(NGX_HTTP_ITINERARY_REGISTRY_VERSION ":") - 1
                + 2 * sizeof(random);
    value.data = ngx_pnalloc(call->pool, value.len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(value.data, NGX_HTTP_ITINERARY_REGISTRY_VERSION ":",
                   sizeof(NGX_HTTP_ITINERARY_REGISTRY_VERSION ":") - 1);
    (void) ngx_hex_dump(p, random, sizeof(random));

    if (ngx_http_itinerary_redis_add(call, NULL, 4, &set, &id->key, &value,
                                     &nx)
        == NULL
        || ngx_http_itinerary_redis_add(call, NULL, 2, &get, &id->key) == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


/* NGX_DECLINED: there is no file; text->data is the caller's buffer */

static ngx_int_t
ngx_http_itinerary_id_remembered(ngx_http_itinerary_id_t *id, ngx_str_t *text,
    ngx_log_t *log)
{
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_err_t  err;

    fd = ngx_open_file(id->file.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        err = ngx_errno;

        if (err == NGX_ENOENT) {
            return NGX_DECLINED;
        }

        ngx_log_error(NGX_LOG_CRIT, log, err,
                      ngx_open_file_n " \"%V\" failed", &id->file);
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, text->data, NGX_HTTP_ITINERARY_ID_MAX);

    if (n <= 0) {
        ngx_log_error(NGX_LOG_CRIT, log, n ? ngx_errno : 0,
                      ngx_read_fd_n " \"%V\" returned %z", &id->file, n);
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", &id->file);
    }

    if (n <= 0) {
        return NGX_ERROR;
    }

    text->len = n;

    if (text->data[n - 1] == LF) {
        text->len--;
    }

    return NGX_OK;
}


/* the file appears whole or not at all, and never replaces another */

static ngx_int_t
ngx_http_itinerary_id_remember(ngx_http_itinerary_id_t *id, ngx_str_t *text,
    ngx_log_t *log)
{
    u_char     temp[NGX_MAX_PATH], line[NGX_HTTP_ITINERARY_ID_MAX + 1], *p;
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_err_t  err;
    ngx_int_t  rc;
    ngx_str_t  was;

    (void) ngx_snprintf(temp, NGX_MAX_PATH - 1, "%V.%P%Z", &id->file, ngx_pid);

    fd = ngx_open_file(temp, NGX_FILE_WRONLY, NGX_FILE_TRUNCATE,
                       NGX_FILE_DEFAULT_ACCESS);

    if (fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      ngx_open_file_n " \"%s\" failed", temp);
        return NGX_ERROR;
    }

    p = ngx_cpymem(line, text->data, text->len);
    *p++ = LF;

    rc = NGX_OK;
    n = ngx_write_fd(fd, line, p - line);

    if (n != p - line || fsync(fd) == -1) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      ngx_write_fd_n " to \"%s\" failed", temp);
        rc = NGX_ERROR;
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      ngx_close_file_n " \"%s\" failed", temp);
        rc = NGX_ERROR;
    }

    if (rc == NGX_OK && link((char *) temp, (char *) id->file.data) == -1) {

        err = ngx_errno;

        if (err == NGX_EEXIST) {

            /* another worker was faster, and saw the same registry */

            was.data = line;
            rc = NGX_ERROR;

            if (ngx_http_itinerary_id_remembered(id, &was, log) == NGX_OK
                && was.len == text->len
                && ngx_memcmp(was.data, text->data, was.len) == 0)
            {
                rc = NGX_OK;
            }

        } else {
            ngx_log_error(NGX_LOG_CRIT, log, err,
                          "link() \"%s\" to \"%V\" failed", temp, &id->file);
            rc = NGX_ERROR;
        }
    }

    if (ngx_delete_file(temp) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      ngx_delete_file_n " \"%s\" failed", temp);
    }

    if (rc == NGX_OK) {
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "itinerary: redis \"%V\" has the registry \"%V\", "
                      "\"%V\" remembers it", &id->redis->name, text,
                      &id->file);
    }

    return rc;
}
