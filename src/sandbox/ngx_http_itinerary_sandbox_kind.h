
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The kind of a booking is that of its first segment.  An API that renames
 * booking sources does so by kind, as in the reference's answer to a cancel:
 *
 *     Air     ConcurAir        Event    ConcurEvent      Rail    ConcurRail
 *     Car     ConcurCars       Hotel    ConcurHotel      Ride    ConcurRide
 *     Dining  ConcurDining     Parking  ConcurParking    Travel  ConcurTravel
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_KIND_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_KIND_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>


/* 0 where the first segment is of none of them, or there is none */

ngx_uint_t ngx_http_itinerary_sandbox_kind(xmlNodePtr booking);

/* the source that is shown of a booking of that kind, which is not 0 */

ngx_str_t *ngx_http_itinerary_sandbox_kind_source(ngx_uint_t kind);

/* whether that is the source of some kind */

ngx_uint_t ngx_http_itinerary_sandbox_kind_is_source(ngx_str_t *source);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_KIND_H_INCLUDED_ */
