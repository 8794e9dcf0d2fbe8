
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Redis over nginx's own connections: replies are parsed by hiredis,
 * everything else is nginx's and ours.  A worker has one pipelined connection
 * (or "connections=" of them) to each server that the configuration names; it
 * is opened when the first command needs it.
 *
 * A call is a batch of commands that leave in one write and come back
 * together.  Replies are matched by order: when a deadline is missed, or a
 * reply is not what the protocol allows, the connection is closed and every
 * call that waits on it fails, once.
 */


#ifndef _NGX_HTTP_ITINERARY_REDIS_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


typedef struct ngx_http_itinerary_redis_s       ngx_http_itinerary_redis_t;
typedef struct ngx_http_itinerary_redis_call_s  ngx_http_itinerary_redis_call_t;


/* a Lua script; "sha" and "bit" are filled when a worker first sends it */

typedef struct {
    ngx_str_t                          text;
    u_char                             sha[41];
    ngx_uint_t                         bit;      /* in a connection's scripts */
} ngx_http_itinerary_redis_script_t;


typedef enum {
    NGX_HTTP_ITINERARY_REDIS_NONE = 0,  /* no reply yet */
    NGX_HTTP_ITINERARY_REDIS_NIL,
    NGX_HTTP_ITINERARY_REDIS_STATUS,
    NGX_HTTP_ITINERARY_REDIS_ERROR,
    NGX_HTTP_ITINERARY_REDIS_STRING,
    NGX_HTTP_ITINERARY_REDIS_INTEGER,
    NGX_HTTP_ITINERARY_REDIS_ARRAY
} ngx_http_itinerary_redis_type_e;

typedef struct {
    ngx_http_itinerary_redis_type_e    type;
    ngx_str_t                          text;     /* of status, error, string */
    int64_t                            integer;
} ngx_http_itinerary_redis_value_t;

/* elements of an array that are arrays themselves are of type ARRAY, empty */

typedef struct {
    ngx_http_itinerary_redis_script_t *script;   /* NULL: argv is the command */
    ngx_uint_t                         argc;
    ngx_str_t                         *argv;     /* of a script: key, args */
    ngx_http_itinerary_redis_value_t   reply;
    ngx_uint_t                         nelts;    /* of an array */
    ngx_http_itinerary_redis_value_t  *elts;
    unsigned                           resent:1;
} ngx_http_itinerary_redis_command_t;


typedef void (*ngx_http_itinerary_redis_handler_pt)(
    ngx_http_itinerary_redis_call_t *call);

struct ngx_http_itinerary_redis_call_s {
    ngx_pool_t                          *pool;      /* outlives the call */
    ngx_log_t                           *log;
    ngx_array_t                          commands;  /* of .._command_t */
    ngx_http_itinerary_redis_handler_pt  handler;
    void                                *data;
    const char                          *failure;   /* NULL: all replies are
                                                       in; else the reason */
    ngx_msec_t                           elapsed;   /* ms, when done */

    /* the connection's */

    ngx_queue_t                          queue;
    ngx_event_t                          event;
    ngx_msec_t                           started;
    ngx_msec_t                           deadline;
    ngx_uint_t                           pending;   /* replies to come */
    unsigned                             handshake:1;
};


/*
 * What a connection says first, and whether its answers are good.  "greet"
 * adds commands to the call; "admit" reads their replies and returns NGX_OK,
 * NGX_AGAIN after it has added further commands, or NGX_ERROR with a reason
 * in call->failure.
 */

typedef struct {
    ngx_int_t                        (*greet)(ngx_http_itinerary_redis_call_t
                                              *call, void *data);
    ngx_int_t                        (*admit)(ngx_http_itinerary_redis_call_t
                                              *call, void *data);
} ngx_http_itinerary_redis_greeter_t;


struct ngx_http_itinerary_redis_s {
    ngx_array_t                          args;      /* of ngx_str_t */
    ngx_addr_t                          *addrs;     /* tried in turn */
    ngx_uint_t                           naddrs;
    ngx_str_t                            name;      /* as in the logs */
    ngx_str_t                            user;
    ngx_str_t                            password;
    ngx_str_t                            prefix;
    ngx_uint_t                           db;
    ngx_msec_t                           timeout;
    ngx_msec_t                           connect_timeout;
    ngx_uint_t                           nconns;
    ngx_http_itinerary_redis_greeter_t  *greeter;
    void                                *greeter_data;
    uint32_t                             registry;  /* that of servers with one
                                                       name, database and
                                                       prefix */

    /* the worker's */

    ngx_str_t                            id;        /* of the data, as the
                                                       greeter learnt it */
    struct ngx_http_itinerary_redis_conn_s  *conns;
};


/*
 * Parses "itinerary_redis"; "servers" is an array of pointers, in which a
 * directive of equal text finds its server.  Returns NULL after it has logged
 * what is wrong and what is allowed.
 */

ngx_http_itinerary_redis_t *ngx_http_itinerary_redis_conf(ngx_conf_t *cf,
    ngx_array_t *servers);

/* prepares a call; "n" is how many commands are expected */

ngx_int_t ngx_http_itinerary_redis_call_init(
    ngx_http_itinerary_redis_call_t *call, ngx_pool_t *pool, ngx_log_t *log,
    ngx_uint_t n);

/*
 * Adds a command of "argc" arguments (for a script: its key and arguments);
 * the texts are borrowed until the call is done.  Returns NULL where memory
 * ran out.
 */

ngx_http_itinerary_redis_command_t *ngx_http_itinerary_redis_add(
    ngx_http_itinerary_redis_call_t *call,
    ngx_http_itinerary_redis_script_t *script, ngx_uint_t argc, ...);

/* the same with room for "argc" arguments that the caller fills */

ngx_http_itinerary_redis_command_t *ngx_http_itinerary_redis_add_argv(
    ngx_http_itinerary_redis_call_t *call,
    ngx_http_itinerary_redis_script_t *script, ngx_uint_t argc);

/*
 * Sends the call.  Its handler is called once, never before this function has
 * returned: with failure == NULL and a reply of the right form for every
 * command (which may be an error of Redis), or with a reason.
 */

void ngx_http_itinerary_redis_send(ngx_http_itinerary_redis_t *redis,
    ngx_http_itinerary_redis_call_t *call);

/*
 * Fails a call that was not sent, or has lost its connection: its handler is
 * called from the event loop, not from within the caller.
 */

void ngx_http_itinerary_redis_call_fail(
    ngx_http_itinerary_redis_call_t *call, const char *reason);

/*
 * The server is not what its greeter took it for: every connection greets it
 * anew before it sends another call.
 */

void ngx_http_itinerary_redis_distrust(ngx_http_itinerary_redis_t *redis);

/* closes the worker's connections */

void ngx_http_itinerary_redis_close(ngx_http_itinerary_redis_t *redis);


#endif /* _NGX_HTTP_ITINERARY_REDIS_H_INCLUDED_ */
