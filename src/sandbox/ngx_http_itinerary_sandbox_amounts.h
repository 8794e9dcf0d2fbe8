
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Amounts are shown only to the poster of the booking.  They are elements of
 * these names, wherever they stand in a booking, and all that is in them:
 *
 *     AddCollectAmount  BestGdsPrice       RailCharges          TaxRate
 *     AirlineCharges    BestInternetPrice  Rate                 Taxes
 *     AllowanceAmount   Charges            SelectedOtherAmount  TotalAdjustment
 *     Amount            ComparisonFare     TariffPrice          TotalAmount
 *     BaseFare          DailyRate          Tax                  TotalFare
 *     BaseFareNuc       QuotedPrice        TaxAmount            TotalRate
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_AMOUNTS_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_AMOUNTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "ngx_http_itinerary_sandbox_call.h"


/* takes the amounts out of a booking, or of a part of it */

void ngx_http_itinerary_sandbox_amounts_hide(xmlNodePtr node);

/*
 * A post sends back what its poster was shown of the bookings of others:
 * such a booking gets its amounts again where nothing else in it differs from
 * what it is in "trip", or, if that is NULL or does not have it, in the trip
 * that it was last posted to.
 */

ngx_int_t ngx_http_itinerary_sandbox_amounts_keep(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *user,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr posted);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_AMOUNTS_H_INCLUDED_ */
