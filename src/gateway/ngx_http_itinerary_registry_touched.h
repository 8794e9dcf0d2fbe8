
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The other trips that a write changes: those in which its bookings were.
 * Their leases are taken with the claims, so that nobody sends back what was
 * shown of them while the write is under way.
 */


#ifndef _NGX_HTTP_ITINERARY_REGISTRY_TOUCHED_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_REGISTRY_TOUCHED_H_INCLUDED_


#include "ngx_http_itinerary_registry_command.h"


/* whether the booking changes, and was in another trip than reg->trip */

ngx_uint_t ngx_http_itinerary_registry_is_touched(
    const ngx_http_itinerary_registry_t *reg,
    const itinerary_booking_effect_t *effect);

/* fills reg->touched by the judgement; NGX_ERROR: no memory */

ngx_int_t ngx_http_itinerary_registry_find_touched(
    ngx_http_itinerary_registry_t *reg);

/* adds the commands that take their leases, one for each */

ngx_int_t ngx_http_itinerary_registry_hold_touched(
    ngx_http_itinerary_registry_t *reg);

/* reads the replies, from "command" on; sets reg->contested if one is busy */

ngx_int_t ngx_http_itinerary_registry_read_touched(
    ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command);

/* adds the commands that give them back and, by "count", count the write */

ngx_int_t ngx_http_itinerary_registry_settle_touched(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_count_e count);


#endif /* _NGX_HTTP_ITINERARY_REGISTRY_TOUCHED_H_INCLUDED_ */
