
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The registry is known by its id.  The key "registry" holds
 * "<data model version>:<random id>", and a file in the spool directory
 * remembers it.  A server that has another id, or none although one is
 * remembered, was wiped or swapped: every trip would look unknown and every
 * booking free, so it is not used until an operator has restored it, or has
 * accepted it by removing the file.
 */


#ifndef _NGX_HTTP_ITINERARY_REGISTRY_ID_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_REGISTRY_ID_H_INCLUDED_


#include "ngx_http_itinerary_redis.h"


/*
 * Has every connection ask for the server's role, its eviction policy and the
 * registry's id.  "directory" holds the file; the text is borrowed.  Sets
 * redis->registry.
 */

ngx_int_t ngx_http_itinerary_registry_id_init(ngx_pool_t *pool,
    ngx_http_itinerary_redis_t *redis, ngx_str_t *directory);


#endif /* _NGX_HTTP_ITINERARY_REGISTRY_ID_H_INCLUDED_ */
