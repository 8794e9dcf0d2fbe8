
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Digests: what tells bookings, and those who post them, apart; and trees of
 * the names of bookings.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_NAME_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_NAME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>


/* SHA-256 */

typedef struct {
    u_char                               bytes[32];
} ngx_http_itinerary_sandbox_digest_t;


/* a booking's name is the digest of traveler, source and record locator */

typedef struct {
    ngx_rbtree_node_t                    node;
    ngx_http_itinerary_sandbox_digest_t  digest;
} ngx_http_itinerary_sandbox_name_t;


ngx_int_t ngx_http_itinerary_sandbox_digest(u_char *data, size_t len,
    ngx_http_itinerary_sandbox_digest_t *digest);

/*
 * Source and locator are compared without case, and with any white space as a
 * single space: the sandbox takes for one booking whatever an API might.
 */

ngx_int_t ngx_http_itinerary_sandbox_name(ngx_pool_t *pool, ngx_str_t *user,
    xmlNodePtr booking, ngx_http_itinerary_sandbox_digest_t *name);

/* whether two texts are the same to the same eyes */

ngx_uint_t ngx_http_itinerary_sandbox_same(ngx_str_t *a, ngx_str_t *b);

/* those of the zone, and others */

void ngx_http_itinerary_sandbox_name_init(ngx_rbtree_t *tree,
    ngx_rbtree_node_t *sentinel);
void ngx_http_itinerary_sandbox_name_insert(ngx_rbtree_t *tree,
    ngx_http_itinerary_sandbox_name_t *name,
    ngx_http_itinerary_sandbox_digest_t *digest);
ngx_http_itinerary_sandbox_name_t *ngx_http_itinerary_sandbox_name_lookup(
    ngx_rbtree_t *tree, ngx_http_itinerary_sandbox_digest_t *digest);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_NAME_H_INCLUDED_ */
