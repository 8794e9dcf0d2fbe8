
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What the module knows of a request.  The context belongs to the request,
 * not to the location: it is found again after an internal redirect, which
 * clears r->ctx.
 */


#ifndef _NGX_HTTP_ITINERARY_CTX_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_CTX_H_INCLUDED_


#include "ngx_http_itinerary_sight.h"


typedef struct {
    itinerary_operation_e              operation;
    ngx_http_itinerary_transaction_t  *txn;      /* NULL: a read */
    ngx_http_itinerary_sight_t        *sight;    /* NULL, or a read's */

    /* of the answer */

    ngx_buf_t                         *page;     /* instead of nginx's */
    ngx_chain_t                       *free;
    ngx_chain_t                       *busy;
    ngx_http_posted_request_t          posted;   /* once the registry knows */
    off_t                              seen;     /* bytes of its body */
    ngx_str_t                          held;     /* its end, held back */
    u_char                             byte;     /* "held", if it is one */

    unsigned                           diverted:1; /* since it was forwarded */
    unsigned                           holding:1;
    unsigned                           sent:1;   /* the end, or the page */
} ngx_http_itinerary_ctx_t;


/* NULL: no memory */

ngx_http_itinerary_ctx_t *ngx_http_itinerary_ctx_create(
    ngx_http_request_t *r);

/*
 * NULL: the request has not come to a guarded location.  "redirected", unless
 * NULL, tells whether r->ctx was cleared since.
 */

ngx_http_itinerary_ctx_t *ngx_http_itinerary_ctx_find(ngx_http_request_t *r,
    ngx_uint_t *redirected);


#endif /* _NGX_HTTP_ITINERARY_CTX_H_INCLUDED_ */
