
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Finding a booking of a traveler by what callers know of it.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_SEARCH_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_SEARCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "ngx_http_itinerary_sandbox_call.h"


typedef struct {
    ngx_str_t                           *user;
    ngx_str_t                           *source;
    ngx_str_t                           *number;
    ngx_http_itinerary_sandbox_trip_t   *first;    /* looked at before others */
    ngx_uint_t                           only;     /* and not the others */
    ngx_array_t                         *others;   /* digests of what it is
                                                      not, or NULL */
    /* what was found; the caller frees the document */

    ngx_http_itinerary_sandbox_trip_t   *trip;
    xmlDocPtr                            doc;
    xmlNodePtr                           node;
    ngx_http_itinerary_sandbox_booking_t
                                        *booking;
} ngx_http_itinerary_sandbox_search_t;


/*
 * The booking of that source, posted or shown, whose locator is that number, or
 * else the first that has it as the confirmation number of a segment.  A
 * booking is where it was last posted.  NGX_DECLINED: there is none.
 */

ngx_int_t ngx_http_itinerary_sandbox_search(
    ngx_http_itinerary_sandbox_call_t *call,
    ngx_http_itinerary_sandbox_search_t *search);

/*
 * Bookings that are posted under the sources that are shown of them get their
 * own again; those of the trip that is updated, if it is, come first.
 */

ngx_int_t ngx_http_itinerary_sandbox_search_shown(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *user,
    ngx_http_itinerary_sandbox_trip_t *first, xmlDocPtr posted);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_SEARCH_H_INCLUDED_ */
