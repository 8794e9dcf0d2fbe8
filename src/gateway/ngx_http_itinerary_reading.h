
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The reading of an answer, plain or compressed, as it streams through.  A
 * reading that fails is over; nobody else notices.
 */


#ifndef _NGX_HTTP_ITINERARY_READING_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_READING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "itinerary_reader.h"


typedef struct ngx_http_itinerary_reading_s  ngx_http_itinerary_reading_t;


/*
 * For the answer whose header is known; "digests" of what it shows are for a
 * view.  NULL: it cannot be read, since memory ran out, or, which is logged, it
 * has a Content-Encoding other than gzip.  The reading lives in the pool, what
 * libraries allocate until it is destroyed.
 */

ngx_http_itinerary_reading_t *ngx_http_itinerary_reading_create(
    ngx_http_request_t *r, itinerary_pool_t *pool, unsigned roots,
    ngx_uint_t digests);

void ngx_http_itinerary_reading_feed(ngx_http_itinerary_reading_t *reading,
    u_char *data, size_t len);

/* the document, or NULL */

itinerary_document_t *ngx_http_itinerary_reading_finish(
    ngx_http_itinerary_reading_t *reading);

void ngx_http_itinerary_reading_destroy(ngx_http_itinerary_reading_t *reading);


#endif /* _NGX_HTTP_ITINERARY_READING_H_INCLUDED_ */
