
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Views: what a supplier was last shown of a trip, as the registry keeps it.
 */


#ifndef _NGX_HTTP_ITINERARY_REGISTRY_SHOWN_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_REGISTRY_SHOWN_H_INCLUDED_


#include "ngx_http_itinerary_registry_command.h"


/*
 * Adds the command that records what the supplier sees of reg->trip now, or
 * that it sees nothing, or none.  A view is of use only if it is known which
 * writes it shows: none has come between, since the trip is new, or was leased,
 * or was looked at before it was asked for; and reg->found was counted since.
 * NGX_ERROR: no memory.
 */

ngx_int_t ngx_http_itinerary_registry_show(
    ngx_http_itinerary_registry_t *reg);


#endif /* _NGX_HTTP_ITINERARY_REGISTRY_SHOWN_H_INCLUDED_ */
