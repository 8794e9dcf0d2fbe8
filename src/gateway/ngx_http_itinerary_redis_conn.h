
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * A connection to a Redis server: how it is opened and greeted, until when it
 * must have answered, and what becomes of those who wait on it when it fails.
 */


#ifndef _NGX_HTTP_ITINERARY_REDIS_CONN_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_REDIS_CONN_H_INCLUDED_


#include "ngx_http_itinerary_redis_reply.h"


typedef enum {
    ngx_http_itinerary_redis_closed = 0,
    ngx_http_itinerary_redis_connecting,
    ngx_http_itinerary_redis_greeting,
    ngx_http_itinerary_redis_ready
} ngx_http_itinerary_redis_state_e;


typedef struct {
    ngx_http_itinerary_redis_call_t     *call;
    ngx_uint_t                           index;
} ngx_http_itinerary_redis_slot_t;


typedef struct ngx_http_itinerary_redis_conn_s {
    ngx_http_itinerary_redis_t          *redis;
    ngx_http_itinerary_redis_state_e     state;
    ngx_uint_t                           opened;    /* how often, so far */
    ngx_uint_t                           addr;      /* to be tried next */
    ngx_peer_connection_t                peer;
    ngx_pool_t                          *pool;      /* while it is open */
    ngx_http_itinerary_redis_call_t      greeting;
    ngx_uint_t                           greeted;   /* commands sent of it */

    redisReader                         *reader;
    ngx_http_itinerary_redis_reply_t     reply;     /* being read */
    size_t                               received;  /* bytes of this reply */

    ngx_queue_t                          waiting;   /* calls not sent */
    ngx_queue_t                          calls;     /* calls sent, by age */

    ngx_http_itinerary_redis_slot_t     *slots;     /* a ring */
    ngx_uint_t                           nslots;    /* a power of two */
    ngx_uint_t                           head;
    ngx_uint_t                           count;

    ngx_uint_t                           scripts;   /* bits of those sent */

    u_char                              *out;       /* what waits to be sent */
    size_t                               size;
    size_t                               pos;
    size_t                               last;

    ngx_event_t                          timer;
    ngx_event_t                          flush;
    ngx_msec_t                           connect_until;
    ngx_msec_t                           retry_at;
    ngx_msec_t                           backoff;
    unsigned                             distrusted:1; /* to be greeted anew */
} ngx_http_itinerary_redis_conn_t;


/* prepares a connection that is all zero */

void ngx_http_itinerary_redis_conn_init(ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_t *redis);

/*
 * Sends the call on the connection, which is opened where it is closed and its
 * server was not just found to be away.
 */

void ngx_http_itinerary_redis_conn_send(ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_call_t *call);

/* opens a closed connection; where that fails, so do all that wait on it */

void ngx_http_itinerary_redis_conn_open(
    ngx_http_itinerary_redis_conn_t *conn);

/*
 * Closes the connection and fails all that wait on it.  A server that was
 * ready is tried at once again, another one after a while.
 */

void ngx_http_itinerary_redis_conn_fail(ngx_http_itinerary_redis_conn_t *conn,
    const char *reason);

/* closes it and frees what it has; nobody is told */

void ngx_http_itinerary_redis_conn_close(
    ngx_http_itinerary_redis_conn_t *conn);


#endif /* _NGX_HTTP_ITINERARY_REDIS_CONN_H_INCLUDED_ */
