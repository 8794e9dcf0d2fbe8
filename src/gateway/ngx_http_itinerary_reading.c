
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_reading.h"
#include "itinerary_gunzip.h"


#define NGX_HTTP_ITINERARY_ANSWER_MAX    16384   /* bookings in an answer */

/* plain bytes of a compressed answer */

#define NGX_HTTP_ITINERARY_INFLATED_MAX  (64 * 1024 * 1024)


struct ngx_http_itinerary_reading_s {
    itinerary_reader_t      *reader;
    itinerary_gunzip_t      *gunzip;   /* NULL: the answer is plain */
    unsigned                 failed:1;
};


static ngx_int_t ngx_http_itinerary_reading_coding(ngx_http_request_t *r,
    ngx_uint_t *gzip);
static itinerary_result_e ngx_http_itinerary_reading_inflated(void *data,
    const u_char *p, size_t len);


ngx_http_itinerary_reading_t *
ngx_http_itinerary_reading_create(ngx_http_request_t *r,
    itinerary_pool_t *pool, unsigned roots, ngx_uint_t digests)
{
    ngx_uint_t                     gzip;
    itinerary_reader_conf_t        conf;
    ngx_http_itinerary_reading_t  *reading;

    if (ngx_http_itinerary_reading_coding(r, &gzip) != NGX_OK) {
        return NULL;
    }

    reading = pool->alloc(pool->data, sizeof(ngx_http_itinerary_reading_t));
    if (reading == NULL) {
        return NULL;
    }

    ngx_memzero(reading, sizeof(ngx_http_itinerary_reading_t));
    ngx_memzero(&conf, sizeof(itinerary_reader_conf_t));

    if (gzip) {
        reading->gunzip = itinerary_gunzip_create(pool,
                                          NGX_HTTP_ITINERARY_INFLATED_MAX,
                                          ngx_http_itinerary_reading_inflated,
                                          reading);
        if (reading->gunzip == NULL) {
            return NULL;
        }
    }

    conf.reading = ITINERARY_READ_ANSWER;
    conf.charset = ITINERARY_CHARSET_NONE;
    conf.roots = roots;
    conf.max_bookings = NGX_HTTP_ITINERARY_ANSWER_MAX;
    conf.digests = digests;

    reading->reader = itinerary_reader_create(pool, &conf);

    return reading->reader ? reading : NULL;
}


static ngx_int_t
ngx_http_itinerary_reading_coding(ngx_http_request_t *r, ngx_uint_t *gzip)
{
    ngx_str_t  *coding;

    *gzip = 0;

    if (r->headers_out.content_encoding == NULL
        || r->headers_out.content_encoding->value.len == 0)
    {
        return NGX_OK;
    }

    coding = &r->headers_out.content_encoding->value;

    /* RFC 9110, 8.4.1.3: "x-gzip" is the same; codings have no case */

    if ((coding->len == 4
         && ngx_strncasecmp(coding->data, (u_char *) "gzip", 4) == 0)
        || (coding->len == 6
            && ngx_strncasecmp(coding->data, (u_char *) "x-gzip", 6) == 0))
    {
        *gzip = 1;
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "itinerary: the answer has the Content-Encoding \"%V\" "
                  "and cannot be read", coding);

    return NGX_DECLINED;
}


void
ngx_http_itinerary_reading_feed(ngx_http_itinerary_reading_t *reading,
    u_char *data, size_t len)
{
    itinerary_result_e  rc;

    if (reading->failed || len == 0) {
        return;
    }

    rc = reading->gunzip ? itinerary_gunzip_feed(reading->gunzip, data, len)
                         : itinerary_reader_feed(reading->reader, data, len);

    reading->failed = rc != ITINERARY_OK;
}


static itinerary_result_e
ngx_http_itinerary_reading_inflated(void *data, const u_char *p, size_t len)
{
    ngx_http_itinerary_reading_t *reading = data;

    return itinerary_reader_feed(reading->reader, p, len);
}


itinerary_document_t *
ngx_http_itinerary_reading_finish(ngx_http_itinerary_reading_t *reading)
{
    if (reading->failed
        || (reading->gunzip
            && itinerary_gunzip_finish(reading->gunzip) != ITINERARY_OK)
        || itinerary_reader_finish(reading->reader) != ITINERARY_OK)
    {
        return NULL;
    }

    return itinerary_reader_document(reading->reader);
}


void
ngx_http_itinerary_reading_destroy(ngx_http_itinerary_reading_t *reading)
{
    itinerary_reader_destroy(reading->reader);
}
