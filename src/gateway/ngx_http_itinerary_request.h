
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The way of a request to its verdict.
 *
 *   headers --> operation --> supplier --+
 *   body -----> reader --> document -----+--> verdict --> refused, or
 *   Redis ----> registry's view ---------+    claims --> audit --> forwarded
 */


#ifndef _NGX_HTTP_ITINERARY_REQUEST_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_REQUEST_H_INCLUDED_


#include "ngx_http_itinerary_ctx.h"


/* the handler of the precontent phase */

ngx_int_t ngx_http_itinerary_request_handler(ngx_http_request_t *r);

/*
 * What the request body filter does with a piece, before it passes it on
 * untouched: NGX_OK, or a status that ends the reading.
 */

ngx_int_t ngx_http_itinerary_request_body(ngx_http_request_t *r,
    ngx_chain_t *in);


#endif /* _NGX_HTTP_ITINERARY_REQUEST_H_INCLUDED_ */
