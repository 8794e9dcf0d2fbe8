
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_registry_name.h"


static ngx_int_t ngx_http_itinerary_registry_add_trip_id(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *id);
static ngx_int_t ngx_http_itinerary_registry_read_trip_ids(
    ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t **command);
static ngx_uint_t ngx_http_itinerary_registry_is_leased(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command);
static ngx_uint_t ngx_http_itinerary_registry_is_elsewhere(
    ngx_http_itinerary_registry_t *reg);
static void ngx_http_itinerary_registry_find_aliases(
    ngx_http_itinerary_registry_t *reg);
static ngx_uint_t ngx_http_itinerary_registry_is_alias(
    ngx_http_itinerary_registry_t *reg, ngx_uint_t i);
static ngx_int_t ngx_http_itinerary_registry_add_dropped(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_trip_id_t *alias);


ngx_int_t
ngx_http_itinerary_registry_add_trip_ids(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t  i;

    reg->ntrip_ids = 0;
    reg->asked = NULL;

    for (i = 0; i < reg->facts->nids; i++) {
        if (ngx_http_itinerary_registry_add_trip_id(reg, &reg->facts->ids[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (reg->asked || reg->trip.id.len == 0) {
        return NGX_OK;
    }

    return ngx_http_itinerary_registry_add_trip_id(reg, &reg->trip.id);
}


/*
 * Nothing is asked of a trip that is known.  One that was not may be by now,
 * or have been given another name.
 */

static ngx_int_t
ngx_http_itinerary_registry_add_trip_id(ngx_http_itinerary_registry_t *reg,
    const itinerary_str_t *id)
{
    ngx_http_itinerary_trip_id_t  *trip_id;

    trip_id = &reg->trip_ids[reg->ntrip_ids++];

    ngx_memzero(trip_id, sizeof(ngx_http_itinerary_trip_id_t));

    trip_id->trip.id = *id;

    if (itinerary_equal(id, &reg->trip.id)) {

        reg->asked = trip_id;

        if (reg->trip.known) {
            trip_id->name = *id;
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
    ngx_uint_t                     i;
    itinerary_str_t                trip;
    ngx_http_itinerary_trip_id_t  *asked;

    if (ngx_http_itinerary_registry_read_trip_ids(reg, command) != NGX_OK) {
        return NGX_ERROR;
    }

    trip.len = 0;
    reg->strange = 0;

    asked = reg->c->given && !ngx_http_itinerary_registry_is_elsewhere(reg)
            ? reg->asked : NULL;

    if (asked) {
        trip = asked->name;
    }

    for (i = 0; i < reg->facts->nids; i++) {

        if (reg->trip_ids[i].name.len == 0) {
            continue;
        }

        if (trip.len == 0) {
            trip = reg->trip_ids[i].name;

        } else if (!itinerary_equal(&trip, &reg->trip_ids[i].name)) {
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
            trip = reg->asked->name.len ? reg->asked->name
                                        : reg->asked->trip.id;
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


/*
 * A booking the API may have found elsewhere, by its name: then the answer's
 * ids are those of a known trip, and not of the one that was asked for.
 */

static ngx_uint_t
ngx_http_itinerary_registry_is_elsewhere(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t              i, elsewhere;
    const itinerary_str_t  *name;

    if (reg->c->operation != ITINERARY_OP_BOOK) {
        return 0;
    }

    elsewhere = 0;

    for (i = 0; i < reg->facts->nids; i++) {

        name = &reg->trip_ids[i].name;

        if (&reg->trip_ids[i] == reg->asked
            || (name->len && itinerary_equal(name, &reg->asked->name)))
        {
            return 0;
        }

        elsewhere |= name->len != 0;
    }

    return elsewhere;
}


/* an alias is no trip, even if a write by it has left something under it */

static ngx_int_t
ngx_http_itinerary_registry_read_trip_ids(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t **command)
{
    ngx_str_t                      alias;
    ngx_uint_t                     i;
    ngx_http_itinerary_trip_id_t  *trip_id;

    for (i = 0; i < reg->ntrip_ids; i++) {

        trip_id = &reg->trip_ids[i];

        if (trip_id->name.len) {
            continue;
        }

        if (ngx_http_itinerary_registry_read_text(reg, (*command)++, &alias)
            != NGX_OK
            || ngx_http_itinerary_registry_read_hash(reg, *command, 0,
                                                     &trip_id->trip)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        trip_id->leased = ngx_http_itinerary_registry_is_leased(reg,
                                                                (*command)++);

        if (alias.data) {
            trip_id->name = ngx_http_itinerary_core_text(&alias);

        } else if (trip_id->trip.known) {
            trip_id->name = trip_id->trip.id;
        }
    }

    return NGX_OK;
}


/* whether another request has the lease, or has lost it */

static ngx_uint_t
ngx_http_itinerary_registry_is_leased(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command)
{
    ngx_str_t                   *field, *writer;
    ngx_uint_t                   i;
    ngx_http_itinerary_value_t  *value;

    value = command->elts;

    for (i = 0; i < command->nelts; i += 2) {

        field = &value[i].text;
        writer = &value[i + 1].text;

        if (field->len == 6 && ngx_strncmp(field->data, "writer", 6) == 0) {
            return writer->len != reg->request.len
                   || ngx_strncmp(writer->data, reg->request.data, writer->len)
                      != 0;
        }
    }

    return 0;
}


/*
 * Those of an unknown trip, too: what is listed of it is found by any id.  What
 * was or is being written by one of them, without the lease, may be newer than
 * the answer.
 */

static void
ngx_http_itinerary_registry_find_aliases(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                     i;
    ngx_http_itinerary_trip_id_t  *alias;

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

    for (i = 0; i < reg->ntrip_ids; i++) {

        if (!ngx_http_itinerary_registry_is_alias(reg, i)) {
            continue;
        }

        alias = &reg->trip_ids[i];

        reg->aliases[reg->naliases++] = alias;
        reg->ncarried += alias->trip.nbookings;

        if (!reg->leased
            || !itinerary_equal(&alias->trip.id, &reg->lease_id))
        {
            reg->overtaken |= alias->trip.rev || alias->trip.nbookings
                              || alias->leased;
        }
    }

    /* one of the other trips whose leases we have may be this one */

    reg->keeps = reg->naliases && (reg->leased || reg->ntouched);
}


/* the id that was asked for stands for the answer's trip, but not elsewhere */

static ngx_uint_t
ngx_http_itinerary_registry_is_alias(ngx_http_itinerary_registry_t *reg,
    ngx_uint_t i)
{
    ngx_http_itinerary_trip_id_t  *trip_id;

    trip_id = &reg->trip_ids[i];

    if (itinerary_equal(&trip_id->trip.id, &reg->trip.id)) {
        return 0;
    }

    if (trip_id->name.len) {

        /* it has become one while the write was under way */

        return trip_id == reg->asked
               && itinerary_equal(&trip_id->name, &reg->trip.id);
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

    static ngx_str_t  own = ngx_string("own");
    static ngx_str_t  seen = ngx_string("seen");

    for (i = 0; i < reg->naliases; i++) {

        for (k = 0; k < reg->aliases[i]->trip.nbookings; k++) {
            record = &reg->aliases[i]->trip.bookings[k];

            ngx_http_itinerary_registry_settle_booking(command, n++,
                                                       record->owner.len
                                                       ? &own : &seen,
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
                                            &reg->aliases[i]->trip.id, 0)
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
    ngx_http_itinerary_trip_id_t *alias)
{
    ngx_uint_t                     i;
    const itinerary_trip_t        *trip;
    const itinerary_record_t      *record;
    ngx_http_itinerary_command_t  *command;

    static ngx_str_t  dropped = ngx_string("cancelled");

    trip = &alias->trip;

    if (trip->nbookings == 0) {
        return NGX_OK;
    }

    alias->moving = reg->call.commands.nelts + 1;

    for (i = 0; i < trip->nbookings; i++) {
        if (ngx_http_itinerary_registry_add_moved(reg, &trip->bookings[i].name,
                                                  &trip->id)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    command = ngx_http_itinerary_registry_add_settle(reg, &trip->id,
                                              trip->nbookings,
                                              ngx_http_itinerary_count_none);
    if (command == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&command->argv[1], "");              /* keeps the lease */

    for (i = 0; i < trip->nbookings; i++) {
        record = &trip->bookings[i];

        ngx_http_itinerary_registry_settle_booking(command, i, &dropped,
                                                   &record->name,
                                                   &record->owner);
    }

    return NGX_OK;
}


/*
 * A claim may have been given back while its place in the list was on its way:
 * then it has no record, and nobody else takes it off the list.
 */

ngx_int_t
ngx_http_itinerary_registry_find_given_back(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                     i, k;
    ngx_http_itinerary_command_t  *command;
    ngx_http_itinerary_trip_id_t  *alias;

    reg->ngiven_back = 0;

    if (reg->ncarried == 0) {
        return NGX_OK;
    }

    reg->given_back = ngx_palloc(reg->pool, reg->ncarried
                                            * sizeof(itinerary_record_t *));
    if (reg->given_back == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < reg->naliases; i++) {

        alias = reg->aliases[i];

        for (k = 0; k < alias->trip.nbookings; k++) {

            command = reg->call.commands.elts;
            command += alias->moving - 1 + k;

            if (command->reply.type != NGX_HTTP_ITINERARY_REDIS_INTEGER) {
                return ngx_http_itinerary_registry_surprise(reg, command);
            }

            if (command->reply.integer == 0) {
                reg->given_back[reg->ngiven_back++] = &alias->trip.bookings[k];
            }
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_registry_add_given_back(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                     i;
    ngx_http_itinerary_command_t  *command;

    static ngx_str_t  release = ngx_string("release");

    if (reg->ngiven_back == 0) {
        return NGX_OK;
    }

    command = ngx_http_itinerary_registry_add_settle(reg, &reg->trip.id,
                                              reg->ngiven_back,
                                              ngx_http_itinerary_count_none);
    if (command == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < reg->ngiven_back; i++) {
        ngx_http_itinerary_registry_settle_booking(command, i, &release,
                                                   &reg->given_back[i]->name,
                                                   &reg->given_back[i]->owner);
    }

    return NGX_OK;
}
