
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What a request asks for, as its path and its arguments tell it.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_PATH_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_PATH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


typedef enum {
    NGX_HTTP_ITINERARY_SANDBOX_TRIPS = 0,
    NGX_HTTP_ITINERARY_SANDBOX_TRIP,
    NGX_HTTP_ITINERARY_SANDBOX_CANCEL,
    NGX_HTTP_ITINERARY_SANDBOX_GET_TRIPS,
    NGX_HTTP_ITINERARY_SANDBOX_BOOKINGS,
    NGX_HTTP_ITINERARY_SANDBOX_CANCEL_BOOKING,
    NGX_HTTP_ITINERARY_SANDBOX_NOTHING
} ngx_http_itinerary_sandbox_path_e;


/*
 * The last ".../trip/v<N>" or ".../booking/v<N>" of the path that ends there,
 * or before one more segment.  Letter case is ignored, as some servers do, so
 * that a gateway that thought otherwise is found out.
 */

ngx_http_itinerary_sandbox_path_e ngx_http_itinerary_sandbox_path(
    ngx_http_request_t *r, ngx_str_t *resource, ngx_str_t *id);

/*
 * The first argument of that name, which is in lower case: other than with
 * ngx_http_arg(), names may be escaped, too.  Empty where there is none.
 */

ngx_int_t ngx_http_itinerary_sandbox_arg(ngx_http_request_t *r,
    ngx_str_t *name, ngx_str_t *value);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_PATH_H_INCLUDED_ */
