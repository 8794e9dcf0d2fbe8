
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What a request's headers say: its operation, who posts, and whether its body
 * is one that can be read.  Whatever can be decided from them is decided
 * before the body is read.
 */


#ifndef _NGX_HTTP_ITINERARY_HEADERS_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_HEADERS_H_INCLUDED_


#include "ngx_http_itinerary_ctx.h"


/* the headers that the judgement reads, each as often as it occurs */

typedef struct {
    ngx_str_t             *authorization;
    ngx_str_t             *content_type;
    ngx_uint_t             authorizations;
    ngx_uint_t             content_types;
    ngx_uint_t             content_encodings;
    ngx_str_t             *override;
    ngx_str_t             *disguised;
    ngx_str_t             *cookie;       /* taken for an argument */
} ngx_http_itinerary_headers_t;


void ngx_http_itinerary_headers_read(ngx_http_request_t *r,
    ngx_http_itinerary_headers_t *headers);

/*
 * The operation, by itinerary_operation(): NGX_OK, NGX_DECLINED where it is
 * refused and "error" says why, NGX_ERROR where memory ran out.
 */

ngx_int_t ngx_http_itinerary_headers_target(ngx_http_request_t *r,
    itinerary_pool_t *pool, itinerary_target_t *target,
    itinerary_error_t *error);

/* the trip whose details a GET asks for, by itinerary_details(); alike */

ngx_int_t ngx_http_itinerary_headers_details(ngx_http_request_t *r,
    itinerary_pool_t *pool, itinerary_str_t *trip);

/*
 * Fills the transaction's target and supplier, or its token, and makes the
 * reader of its body; or sets its error.  NGX_ERROR: memory ran out.
 */

ngx_int_t ngx_http_itinerary_headers_check(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn,
    ngx_http_itinerary_headers_t *headers);

/*
 * The answer to a write must be readable: what is forwarded asks for no
 * content coding.  nginx's own coding of the answer is still the client's to
 * ask for.
 */

ngx_int_t ngx_http_itinerary_headers_identity(ngx_http_request_t *r);


#endif /* _NGX_HTTP_ITINERARY_HEADERS_H_INCLUDED_ */
