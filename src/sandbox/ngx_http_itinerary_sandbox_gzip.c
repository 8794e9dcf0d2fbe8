
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <zlib.h>

#include "ngx_http_itinerary_sandbox_gzip.h"


/* with a header and a trailer of gzip */

#define NGX_HTTP_ITINERARY_SANDBOX_GZIP_BITS  (MAX_WBITS + 16)


ngx_int_t
ngx_http_itinerary_sandbox_gzip(ngx_pool_t *pool, ngx_str_t *text,
    ngx_str_t *gzipped)
{
    int       rc;
    uLong     size;
    z_stream  stream;

    if (text->len > NGX_MAX_INT32_VALUE) {
        return NGX_ERROR;
    }

    ngx_memzero(&stream, sizeof(z_stream));

    rc = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                      NGX_HTTP_ITINERARY_SANDBOX_GZIP_BITS, MAX_MEM_LEVEL - 1,
                      Z_DEFAULT_STRATEGY);

    if (rc != Z_OK) {
        ngx_log_error(NGX_LOG_ALERT, pool->log, 0,
                      "itinerary sandbox: deflateInit2() failed: %d", rc);
        return NGX_ERROR;
    }

    size = deflateBound(&stream, text->len);

    gzipped->data = ngx_pnalloc(pool, size);
    if (gzipped->data == NULL) {
        (void) deflateEnd(&stream);
        return NGX_ERROR;
    }

    stream.next_in = text->data;
    stream.avail_in = (uInt) text->len;
    stream.next_out = gzipped->data;
    stream.avail_out = (uInt) size;

    rc = deflate(&stream, Z_FINISH);

    gzipped->len = stream.total_out;

    (void) deflateEnd(&stream);

    if (rc != Z_STREAM_END) {
        ngx_log_error(NGX_LOG_ALERT, pool->log, 0,
                      "itinerary sandbox: deflate() failed: %d", rc);
        return NGX_ERROR;
    }

    return NGX_OK;
}
