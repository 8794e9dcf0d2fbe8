
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The pipeline of a connection: the commands that wait to be sent, formatted,
 * and the slots in which their replies are awaited, in the same order.
 */


#ifndef _NGX_HTTP_ITINERARY_REDIS_PIPELINE_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_REDIS_PIPELINE_H_INCLUDED_


#include "ngx_http_itinerary_redis_conn.h"


/*
 * The call's commands from the first one on go out with this turn's.  Where
 * there is no room for all of them, none is sent, and the others' are:
 * NGX_ERROR.
 */

ngx_int_t ngx_http_itinerary_redis_push(ngx_http_itinerary_redis_conn_t *conn,
    ngx_http_itinerary_redis_call_t *call, ngx_uint_t first);

/* writes what the connection takes; NGX_ERROR: it was closed */

ngx_int_t ngx_http_itinerary_redis_flush(
    ngx_http_itinerary_redis_conn_t *conn);

/*
 * What the server has sent: the calls that are complete by it end.  NGX_ERROR:
 * the connection was closed, by what it was fed or by a call's handler.
 */

ngx_int_t ngx_http_itinerary_redis_feed(ngx_http_itinerary_redis_conn_t *conn,
    u_char *data, size_t len);


#endif /* _NGX_HTTP_ITINERARY_REDIS_PIPELINE_H_INCLUDED_ */
