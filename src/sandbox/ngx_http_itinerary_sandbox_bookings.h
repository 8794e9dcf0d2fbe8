
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What the booking resource does.  Each call is one step under the mutex of
 * the zone.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_BOOKINGS_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_BOOKINGS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_itinerary_sandbox_call.h"
#include "ngx_http_itinerary_sandbox_document.h"


/*
 * A booking goes into the trip of that id.  Without an id it replaces the one
 * of its name where that is, or goes into the traveler's first trip that spans
 * all its dates, or into a new trip.  The fields of a trip remain as they are.
 */

ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_book(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *id, ngx_str_t *body);

/* the number is a record locator, or a segment's confirmation number */

ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_cancel_booking(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *source,
    ngx_str_t *number);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_BOOKINGS_H_INCLUDED_ */
