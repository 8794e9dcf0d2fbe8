
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * hiredis' protocol reader with functions of ours: what it parses goes at
 * once to the command that it answers, within bounds, and no tree of objects
 * is made.
 */


#ifndef _NGX_HTTP_ITINERARY_REDIS_REPLY_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_REDIS_REPLY_H_INCLUDED_


#include "ngx_http_itinerary_redis.h"

#include <hiredis/hiredis.h>


/* where the next reply goes, and the pool for its texts */

typedef struct {
    ngx_pool_t                          *pool;
    ngx_http_itinerary_redis_command_t  *command;
} ngx_http_itinerary_redis_reply_t;


/*
 * A reader for a connection; "reply" must outlive it, and be set before each
 * call of redisReaderGetReply().  That fails with REDIS_ERR_OOM where a reply
 * is beyond the bounds or of a type that no command has.  NULL: no memory.
 */

redisReader *ngx_http_itinerary_redis_reader(
    ngx_http_itinerary_redis_reply_t *reply);


#endif /* _NGX_HTTP_ITINERARY_REDIS_REPLY_H_INCLUDED_ */
