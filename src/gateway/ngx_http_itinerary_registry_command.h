
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The registry's commands: how each is asked, and what its reply says.  All
 * of them belong to the step that is under way; those that add a command
 * return NGX_ERROR where memory ran out, those that read a reply where it is
 * not the registry's (and then reg->failure says so).
 */


#ifndef _NGX_HTTP_ITINERARY_REGISTRY_COMMAND_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_REGISTRY_COMMAND_H_INCLUDED_


#include "ngx_http_itinerary_registry.h"


typedef ngx_http_itinerary_redis_command_t  ngx_http_itinerary_command_t;
typedef ngx_http_itinerary_redis_value_t    ngx_http_itinerary_value_t;


/* the trip's hash; with "lease", the lease too, if "who" has something in it */

ngx_int_t ngx_http_itinerary_registry_add_trip(
    ngx_http_itinerary_registry_t *reg, ngx_uint_t lease, ngx_str_t *who);

/* the registry's id, before anything that it decides about */

ngx_int_t ngx_http_itinerary_registry_add_id(
    ngx_http_itinerary_registry_t *reg);

/* NGX_ERROR: it is not the registry that was admitted */

ngx_int_t ngx_http_itinerary_registry_read_id(
    ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command);

/* the text at a key; of a trip, its state, which every known trip has */

ngx_int_t ngx_http_itinerary_registry_add_get(
    ngx_http_itinerary_registry_t *reg, char *kind, itinerary_str_t *id);

/* what became of a booking: a fact, or "release" */

ngx_int_t ngx_http_itinerary_registry_add_booking(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *name,
    ngx_str_t *what);

/* claims a booking */

ngx_int_t ngx_http_itinerary_registry_add_claim(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *name);

/* a booking's owner and state */

ngx_int_t ngx_http_itinerary_registry_add_state(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *name);

/* the trip's script with room for bookings; no creator, no state */

ngx_http_itinerary_command_t *ngx_http_itinerary_registry_add_settle(
    ngx_http_itinerary_registry_t *reg, ngx_uint_t nbookings,
    ngx_uint_t bump);

/* a trip's hash, behind the lease's result where it was asked for */

ngx_int_t ngx_http_itinerary_registry_read_trip(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command,
    ngx_uint_t leased);

/* an unknown booking leaves the record as it is */

ngx_int_t ngx_http_itinerary_registry_read_state(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command,
    itinerary_record_t *record);

/* text->data is NULL where there is nothing at the key */

ngx_int_t ngx_http_itinerary_registry_read_text(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command,
    ngx_str_t *text);

/* an error of Redis, or data that is not the registry's; NGX_ERROR */

ngx_int_t ngx_http_itinerary_registry_surprise(
    ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command);

/* a key: "kind" and a component, which is "encoded" already or not */

ngx_int_t ngx_http_itinerary_registry_key(
    ngx_http_itinerary_registry_t *reg, ngx_str_t *key, char *kind,
    const itinerary_str_t *id, ngx_uint_t encoded);

/* sets reg->at, RFC 3339 in UTC with ms */

ngx_int_t ngx_http_itinerary_registry_now(
    ngx_http_itinerary_registry_t *reg);


#endif /* _NGX_HTTP_ITINERARY_REGISTRY_COMMAND_H_INCLUDED_ */
