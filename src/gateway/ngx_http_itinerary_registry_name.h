
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The name of a trip: of several ids that the API has for it, the one that its
 * records are under.  The others are aliases, and bring along what was listed
 * under them while they were not known to be of the same trip.
 */


#ifndef _NGX_HTTP_ITINERARY_REGISTRY_NAME_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_REGISTRY_NAME_H_INCLUDED_


#include "ngx_http_itinerary_registry_command.h"


/* asks what is on record under reg->facts' ids, and under the trip's own */

ngx_int_t ngx_http_itinerary_registry_add_trip_ids(
    ngx_http_itinerary_registry_t *reg);

/*
 * Reads the replies, from "*command" on, and moves that behind them.  Sets
 * reg->trip.id, reg->fresh, reg->strange, reg->aliases, reg->ncarried,
 * reg->overtaken and reg->keeps.  NGX_ERROR: no memory, or a reply is not the
 * registry's.
 */

ngx_int_t ngx_http_itinerary_registry_name(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t **command);

/*
 * What the aliases bring along: fills the places of the trip's script from the
 * n-th on; returns the next one.
 */

ngx_uint_t ngx_http_itinerary_registry_settle_carried(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command,
    ngx_uint_t n);

/*
 * Records the aliases.  What the trip's script, which goes before, has taken
 * along leaves their lists, and its records name the trip.
 */

ngx_int_t ngx_http_itinerary_registry_add_aliases(
    ngx_http_itinerary_registry_t *reg);

/*
 * Which of the bookings that came along have lost their record meanwhile, by
 * the replies to that; and takes them off the trip's list, in the next batch.
 */

ngx_int_t ngx_http_itinerary_registry_find_given_back(
    ngx_http_itinerary_registry_t *reg);
ngx_int_t ngx_http_itinerary_registry_add_given_back(
    ngx_http_itinerary_registry_t *reg);


#endif /* _NGX_HTTP_ITINERARY_REGISTRY_NAME_H_INCLUDED_ */
