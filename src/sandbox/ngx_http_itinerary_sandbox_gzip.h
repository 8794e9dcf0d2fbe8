
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The gzip format.  nginx's own filter gzips only what its client accepts.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_GZIP_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_GZIP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


ngx_int_t ngx_http_itinerary_sandbox_gzip(ngx_pool_t *pool, ngx_str_t *text,
    ngx_str_t *gzipped);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_GZIP_H_INCLUDED_ */
