
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


#define NGX_HTTP_ITINERARY_VIEW_TTL     "2592000000"    /* ms: 30 days */
#define NGX_HTTP_ITINERARY_BINDING_TTL  "315360000000"  /* ms: ten years */


/*
 * Whether a trip was or may have been written to; one that is not known, too,
 * since it may become known by a GET that is under way.  Where a GET finds a
 * booking in it, it was, by a write that did not name the trip.
 */

typedef enum {
    ngx_http_itinerary_count_none = 0,
    ngx_http_itinerary_count_write,
    ngx_http_itinerary_count_found    /* if a booking is new in it */
} ngx_http_itinerary_count_e;


/* the trip's hash; with "lease", the lease too, if "who" has something in it */

ngx_int_t ngx_http_itinerary_registry_add_trip(
    ngx_http_itinerary_registry_t *reg, ngx_uint_t lease, ngx_str_t *who);

/* the hash of any trip */

ngx_int_t ngx_http_itinerary_registry_add_hash(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *trip);

/* the lease of another trip, even if the supplier has nothing in it */

ngx_int_t ngx_http_itinerary_registry_add_hold(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *trip);

/* the registry's id, before anything that it decides about */

ngx_int_t ngx_http_itinerary_registry_add_id(
    ngx_http_itinerary_registry_t *reg);

/* NGX_ERROR: it is not the registry that was admitted */

ngx_int_t ngx_http_itinerary_registry_read_id(
    ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command);

/* the text at a key */

ngx_int_t ngx_http_itinerary_registry_add_get(
    ngx_http_itinerary_registry_t *reg, char *kind, const itinerary_str_t *id);

/* what became of a booking: a fact, or "release" */

ngx_int_t ngx_http_itinerary_registry_add_booking(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *name,
    ngx_str_t *what);

/* a booking that was in the trip "from" is in reg->trip: that is the same */

ngx_int_t ngx_http_itinerary_registry_add_moved(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *name,
    const itinerary_str_t *from);

/* claims a booking */

ngx_int_t ngx_http_itinerary_registry_add_claim(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *name);

/* a booking's owner, state and trip */

ngx_int_t ngx_http_itinerary_registry_add_record(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *name);

/*
 * The supplier's view of the trip, with room for the names of bookings from
 * argv[4] on; a new view, with room for fields and values from there; and that
 * there is none.
 */

ngx_http_itinerary_command_t *ngx_http_itinerary_registry_add_shown(
    ngx_http_itinerary_registry_t *reg, ngx_uint_t nbookings);
ngx_http_itinerary_command_t *ngx_http_itinerary_registry_add_view(
    ngx_http_itinerary_registry_t *reg, int64_t rev, ngx_uint_t nfields);
ngx_int_t ngx_http_itinerary_registry_add_blind(
    ngx_http_itinerary_registry_t *reg);

/* binds a booking source; then keeps the binding, or gives it back */

ngx_int_t ngx_http_itinerary_registry_add_bind(
    ngx_http_itinerary_registry_t *reg, itinerary_str_t *source);
ngx_int_t ngx_http_itinerary_registry_add_bound(
    ngx_http_itinerary_registry_t *reg, itinerary_str_t *source,
    ngx_uint_t keep);

/* a confirmation number stands for that booking, or, with NULL: for which? */

ngx_int_t ngx_http_itinerary_registry_add_number(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *source,
    const itinerary_str_t *number, const itinerary_str_t *locator);

/*
 * A trip's script with room for bookings; no creator, no state.  It gives back
 * the lease, unless argv[1] is emptied.  The second function fills the n-th
 * place.
 */

ngx_http_itinerary_command_t *ngx_http_itinerary_registry_add_settle(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *trip,
    ngx_uint_t nbookings, ngx_http_itinerary_count_e count);
void ngx_http_itinerary_registry_settle_booking(
    ngx_http_itinerary_command_t *command, ngx_uint_t n, ngx_str_t *fact,
    const itinerary_str_t *name, const itinerary_str_t *owner);

/*
 * Gives back the lease, if that was not done by the trip's script: where the
 * answer has shown the lease's trip to be another, which "count" is for, and
 * where the trip has new aliases.
 */

ngx_int_t ngx_http_itinerary_registry_settle_lease(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_count_e count);

/* a trip's hash, behind the lease's result where it was asked for */

ngx_int_t ngx_http_itinerary_registry_read_trip(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command,
    ngx_uint_t leased);

/* the hash of any trip, but for its id; it begins at the element "from" */

ngx_int_t ngx_http_itinerary_registry_read_hash(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command,
    ngx_uint_t from, itinerary_trip_t *trip);

/* an unknown booking leaves the record as it is */

ngx_int_t ngx_http_itinerary_registry_read_record(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command,
    itinerary_record_t *record);

/* sets reg->view; the digests of bookings are those from command->elts[2] on */

ngx_int_t ngx_http_itinerary_registry_read_shown(
    ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command);

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

/* appends a text to a list of "n" that has room; 0: it was there already */

ngx_uint_t ngx_http_itinerary_registry_once(itinerary_str_t *list,
    ngx_uint_t *n, const itinerary_str_t *text);

/* whether that owner, which may be empty, is the supplier */

ngx_uint_t ngx_http_itinerary_registry_is_own(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *owner);


#endif /* _NGX_HTTP_ITINERARY_REGISTRY_COMMAND_H_INCLUDED_ */
