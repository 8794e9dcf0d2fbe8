
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The answer to a refused request, as XML or as problem details (RFC 9457).
 *
 * A refusal returns its status to nginx, which finalizes the request as any
 * other (so "error_page" works); the filters put this body in the place of
 * nginx's own page.
 */


#ifndef _NGX_HTTP_ITINERARY_ERROR_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_ERROR_H_INCLUDED_


#include "ngx_http_itinerary_transaction.h"


/*
 * Adds the headers that belong to the reason, for the answer to come: Allow,
 * WWW-Authenticate or Retry-After.
 */

ngx_int_t ngx_http_itinerary_error_headers(ngx_http_request_t *r,
    itinerary_reason_e reason);

/* the body, in the form that the client's Accept prefers; NULL: no memory */

ngx_buf_t *ngx_http_itinerary_error_body(ngx_http_request_t *r,
    ngx_str_t *request_id, itinerary_error_t *error, ngx_str_t *type);


#endif /* _NGX_HTTP_ITINERARY_ERROR_H_INCLUDED_ */
