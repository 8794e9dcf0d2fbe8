
/*
 * Copyright (C) Itinerary gateway authors
 */


#ifndef _NGX_HTTP_ITINERARY_SUPPLIER_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SUPPLIER_H_INCLUDED_


#include "ngx_http_itinerary_transaction.h"


/*
 * Who asks: with "itinerary_supplier", fills "supplier"; else hashes the token
 * of "authorization", which may be NULL, to "token" for the registry, in the
 * pool.  NGX_DECLINED: nobody known; NGX_ERROR: no memory.
 */

ngx_int_t ngx_http_itinerary_supplier(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_http_itinerary_loc_conf_t *conf, ngx_str_t *authorization,
    ngx_str_t *supplier, ngx_str_t *token);

/* a fetched SHA-256: fetching it for every digest costs more than a token's */

const EVP_MD *ngx_http_itinerary_sha256(void);


#endif /* _NGX_HTTP_ITINERARY_SUPPLIER_H_INCLUDED_ */
