
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_registry_name.h"


static ngx_int_t ngx_http_itinerary_registry_add_name(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *id);
static ngx_int_t ngx_http_itinerary_registry_read_names(
    ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t **command);
static void ngx_http_itinerary_registry_find_aliases(
    ngx_http_itinerary_registry_t *reg);
static ngx_uint_t ngx_http_itinerary_registry_is_alias(
    ngx_http_itinerary_registry_t *reg, ngx_uint_t i);
static ngx_int_t ngx_http_itinerary_registry_add_dropped(
    ngx_http_itinerary_registry_t *reg, const itinerary_trip_t *alias);


ngx_int_t
ngx_http_itinerary_registry_add_names(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t  i;

    reg->nnames = 0;
    reg->asked = NULL;

    for (i = 0; i < reg->facts->nids; i++) {
        if (ngx_http_itinerary_registry_add_name(reg, &reg->facts->ids[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (reg->asked || reg->trip.id.len == 0) {
        return NGX_OK;
    }

    return ngx_http_itinerary_registry_add_name(reg, &reg->trip.id);
}


/*
 * Nothing is asked of a trip that is known.  One that was not may be by now,
 * or have been given another name.
 */

static ngx_int_t
ngx_http_itinerary_registry_add_name(ngx_http_itinerary_registry_t *reg,
    const itinerary_str_t *id)
{
    ngx_http_itinerary_name_t  *name;

    name = &reg->names[reg->nnames++];

    ngx_memzero(name, sizeof(ngx_http_itinerary_name_t));

    name->trip.id = *id;

    if (itinerary_equal(id, &reg->trip.id)) {

        reg->asked = name;

        if (reg->trip.known) {
            name->of = *id;
            return NGX_OK;
        }
    }

    if (ngx_http_itinerary_registry_add_get(reg, "alias:", id) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_registry_add_hash(reg, id);
}


/*
 * The trip that was asked for, if it is known; else the first known of the
 * answer's ids names the trip.  The others become aliases, but an id that is
 * already a trip never does: if it is another one, the answer is strange.
 */

ngx_int_t
ngx_http_itinerary_registry_name(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t **command)
{
    ngx_uint_t                  i;
    itinerary_str_t             trip;
    ngx_http_itinerary_name_t  *asked;

    if (ngx_http_itinerary_registry_read_names(reg, command) != NGX_OK) {
        return NGX_ERROR;
    }

    trip.len = 0;
    reg->strange = 0;

    asked = reg->c->given ? reg->asked : NULL;

    if (asked) {
        trip = asked->of;
    }

    for (i = 0; i < reg->facts->nids; i++) {

        if (reg->names[i].of.len == 0) {
            continue;
        }

        if (trip.len == 0) {
            trip = reg->names[i].of;

        } else if (!itinerary_equal(&trip, &reg->names[i].of)) {
            reg->strange = 1;
        }
    }

    reg->fresh = trip.len == 0;

    if (reg->fresh) {

        /*
         * By whichever id it is asked for, the trip has one name, even if two
         * answers show it at a time.
         */

        if (reg->facts->nids) {
            trip = reg->facts->ids[0];

        } else if (reg->asked) {
            trip = reg->asked->of.len ? reg->asked->of : reg->asked->trip.id;
        }

    } else if (asked && reg->c->operation != ITINERARY_OP_READ
               && !itinerary_equal(&trip, &asked->trip.id))
    {
        ngx_log_error(NGX_LOG_ERR, reg->log, 0,
                      "itinerary: request \"%V\" wrote to the trip "
                      "\"%*s\" by its unknown id \"%*s\"", &reg->request,
                      trip.len, trip.data, asked->trip.id.len,
                      asked->trip.id.data);
    }

    reg->trip.id = trip;

    ngx_http_itinerary_registry_find_aliases(reg);

    return NGX_OK;
}


/* an alias is no trip, even if a write by it has left something under it */

static ngx_int_t
ngx_http_itinerary_registry_read_names(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t **command)
{
    ngx_str_t                   alias;
    ngx_uint_t                  i;
    ngx_http_itinerary_name_t  *name;

    for (i = 0; i < reg->nnames; i++) {

        name = &reg->names[i];

        if (name->of.len) {
            continue;
        }

        if (ngx_http_itinerary_registry_read_text(reg, (*command)++, &alias)
            != NGX_OK
            || ngx_http_itinerary_registry_read_hash(reg, (*command)++, 0,
                                                     &name->trip)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (alias.data) {
            name->of = ngx_http_itinerary_core_text(&alias);

        } else if (name->trip.known) {
            name->of = name->trip.id;
        }
    }

    return NGX_OK;
}


/*
 * Those of an unknown trip, too: what is listed of it is found by any id.  What
 * was written by one of them, without the lease, may be newer than the answer.
 */

static void
ngx_http_itinerary_registry_find_aliases(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t         i;
    itinerary_trip_t  *alias;

    reg->naliases = 0;
    reg->ncarried = 0;
    reg->overtaken = 0;
    reg->keeps = 0;

    if (reg->j->error.reason == ITINERARY_AMBIGUOUS_BODY
        || (reg->j->verdict == ITINERARY_DENY && !reg->j->record))
    {
        /* in audit mode: it may be of two trips, or is not to be recorded */

        return;
    }

    for (i = 0; i < reg->nnames; i++) {

        if (!ngx_http_itinerary_registry_is_alias(reg, i)) {
            continue;
        }

        alias = &reg->names[i].trip;

        reg->aliases[reg->naliases++] = alias;
        reg->ncarried += alias->nbookings;

        if (!reg->leased || !itinerary_equal(&alias->id, &reg->lease_id)) {
            reg->overtaken |= alias->rev || alias->nbookings;
        }
    }

    reg->keeps = reg->naliases && (reg->leased || reg->ntouched);
}


/*
 * The id that was asked for stands for the answer's trip; but a booking the
 * API may have found elsewhere, by its name.
 */

static ngx_uint_t
ngx_http_itinerary_registry_is_alias(ngx_http_itinerary_registry_t *reg,
    ngx_uint_t i)
{
    ngx_http_itinerary_name_t  *name;

    name = &reg->names[i];

    if (itinerary_equal(&name->trip.id, &reg->trip.id)) {
        return 0;
    }

    if (name->of.len) {

        /* it has become one while the write was under way */

        return name == reg->asked && itinerary_equal(&name->of, &reg->trip.id);
    }

    return i < reg->facts->nids
           || (reg->c->given && reg->c->operation != ITINERARY_OP_BOOK
               && reg->c->operation != ITINERARY_OP_CANCEL_BOOKING);
}


ngx_uint_t
ngx_http_itinerary_registry_settle_carried(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command, ngx_uint_t n)
{
    ngx_uint_t                 i, k;
    const itinerary_record_t  *record;

    static ngx_str_t  seen = ngx_string("seen");

    for (i = 0; i < reg->naliases; i++) {

        for (k = 0; k < reg->aliases[i]->nbookings; k++) {
            record = &reg->aliases[i]->bookings[k];

            ngx_http_itinerary_registry_settle_booking(command, n++, &seen,
                                                       &record->name,
                                                       &record->owner);
        }
    }

    return n;
}


ngx_int_t
ngx_http_itinerary_registry_add_aliases(ngx_http_itinerary_registry_t *reg)
{
    ngx_str_t   key, trip;
    ngx_uint_t  i;

    static ngx_str_t  set = ngx_string("SET");
    static ngx_str_t  nx = ngx_string("NX");

    trip = ngx_http_itinerary_text(&reg->trip.id);

    for (i = 0; i < reg->naliases; i++) {

        if (ngx_http_itinerary_registry_key(reg, &key, "alias:",
                                            &reg->aliases[i]->id, 0)
            != NGX_OK
            || ngx_http_itinerary_redis_add(&reg->call, NULL, 4, &set, &key,
                                            &trip, &nx)
               == NULL
            || ngx_http_itinerary_registry_add_dropped(reg, reg->aliases[i])
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* what was listed under an alias is in the trip's own list now */

static ngx_int_t
ngx_http_itinerary_registry_add_dropped(ngx_http_itinerary_registry_t *reg,
    const itinerary_trip_t *alias)
{
    ngx_uint_t                     i;
    const itinerary_str_t         *name;
    ngx_http_itinerary_command_t  *command;

    static ngx_str_t  dropped = ngx_string("cancelled");

    if (alias->nbookings == 0) {
        return NGX_OK;
    }

    for (i = 0; i < alias->nbookings; i++) {
        if (ngx_http_itinerary_registry_add_moved(reg,
                                                  &alias->bookings[i].name,
                                                  &alias->id)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    command = ngx_http_itinerary_registry_add_settle(reg, &alias->id,
                                              alias->nbookings,
                                              ngx_http_itinerary_count_none);
    if (command == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&command->argv[1], "");              /* keeps the lease */

    for (i = 0; i < alias->nbookings; i++) {
        name = &alias->bookings[i].name;

        ngx_http_itinerary_registry_settle_booking(command, i, &dropped, name,
                                                   &alias->bookings[i].owner);
    }

    return NGX_OK;
}
