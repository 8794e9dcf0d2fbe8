
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The body of a write: read as it comes, or from where another module left it.
 */


#ifndef _NGX_HTTP_ITINERARY_BODY_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_BODY_H_INCLUDED_


#include "ngx_http_itinerary_ctx.h"


/*
 * A piece of the body, for the digest and the reader; what is wrong with it
 * goes to the transaction's error.  NGX_OK, or a status.
 */

ngx_int_t ngx_http_itinerary_body_feed(ngx_http_itinerary_transaction_t *txn,
    u_char *data, size_t len);

/*
 * The body is complete: if its filter has not seen it, since another module
 * had read it before, it is read from its buffers and its temporary file.
 * Fills the transaction's document, or sets its error.  NGX_OK, a status, or
 * NGX_ERROR.
 */

ngx_int_t ngx_http_itinerary_body_finish(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn);


#endif /* _NGX_HTTP_ITINERARY_BODY_H_INCLUDED_ */
