
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Who asks, and for what: what is looked up while the request is read.
 */


#include "ngx_http_itinerary_registry_step.h"
#include "itinerary_name.h"


/* bookings of one source that may have the same confirmation number */

#define NGX_HTTP_ITINERARY_MEANT_MAX  64


/* the batches of a look-up, in reg->step */

typedef enum {
    ngx_http_itinerary_lookup_begun = 0,
    ngx_http_itinerary_lookup_alias,    /* the trip that an alias stands for */
    ngx_http_itinerary_lookup_shown,    /* was the supplier shown the trip? */
    ngx_http_itinerary_lookup_meant     /* the bookings of a number */
} ngx_http_itinerary_lookup_e;


static ngx_int_t ngx_http_itinerary_registry_looked_up(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_trip_found(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_add_booking_of(
    ngx_http_itinerary_registry_t *reg, const itinerary_target_t *target);
static ngx_int_t ngx_http_itinerary_registry_number_found(
    ngx_http_itinerary_registry_t *reg, ngx_str_t *locators);
static ngx_int_t ngx_http_itinerary_registry_meant_found(
    ngx_http_itinerary_registry_t *reg);


void
ngx_http_itinerary_registry_lookup(ngx_http_itinerary_registry_t *reg,
    ngx_str_t *token, const itinerary_target_t *target, ngx_uint_t lease)
{
    ngx_int_t        rc;
    itinerary_str_t  id;

    ngx_http_itinerary_registry_begin(reg, 4,
                                      ngx_http_itinerary_registry_looked_up);

    reg->operation = target->operation;
    reg->source = target->source;

    rc = ngx_http_itinerary_registry_add_id(reg);

    if (token && rc == NGX_OK) {
        id = ngx_http_itinerary_core_text(token);

        rc = ngx_http_itinerary_registry_add_get(reg, "token:", &id);
    }

    if (target->trip.len && rc == NGX_OK) {
        reg->trip.id = target->trip;

        rc = ngx_http_itinerary_registry_add_get(reg, "alias:",
                                                 &reg->trip.id);

        if (rc == NGX_OK) {
            rc = ngx_http_itinerary_registry_add_trip(reg, lease,
                                                      &reg->supplier);
        }

    } else if (target->operation == ITINERARY_OP_CANCEL_BOOKING
               && rc == NGX_OK)
    {
        rc = ngx_http_itinerary_registry_add_booking_of(reg, target);
    }

    ngx_http_itinerary_registry_send(reg, rc);
}


static ngx_int_t
ngx_http_itinerary_registry_looked_up(ngx_http_itinerary_registry_t *reg)
{
    ngx_str_t                      text;
    ngx_uint_t                     lease;
    ngx_http_itinerary_command_t  *command, *last;

    command = reg->call.commands.elts;
    last = command + reg->call.commands.nelts;

    switch (reg->step) {

    case ngx_http_itinerary_lookup_alias:

        return ngx_http_itinerary_registry_trip_found(reg);

    case ngx_http_itinerary_lookup_shown:

        return ngx_http_itinerary_registry_read_shown(reg, command);

    case ngx_http_itinerary_lookup_meant:

        return ngx_http_itinerary_registry_meant_found(reg);

    default:

        break;
    }

    if (ngx_http_itinerary_registry_read_id(reg, command++) != NGX_OK) {
        return NGX_ERROR;
    }

    if (reg->supplier.data == NULL) {

        if (ngx_http_itinerary_registry_read_text(reg, command++,
                                                  &reg->supplier)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (reg->supplier.data == NULL) {
            ngx_str_set(&reg->supplier, "");
        }
    }

    if (command == last) {
        return NGX_OK;
    }

    if (reg->operation == ITINERARY_OP_CANCEL_BOOKING) {

        if (ngx_http_itinerary_registry_read_record(reg, &command[0],
                                                    &reg->meant[0])
            != NGX_OK
            || ngx_http_itinerary_registry_read_text(reg, &command[1], &text)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        reg->meant[0].bound = ngx_http_itinerary_core_text(&text);

        if (ngx_http_itinerary_registry_read_text(reg, &command[2], &text)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        return ngx_http_itinerary_registry_number_found(reg, &text);
    }

    if (ngx_http_itinerary_registry_read_text(reg, command, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    if (text.data == NULL) {
        return ngx_http_itinerary_registry_trip_found(reg);
    }

    /* another id of a trip: that is the one to look at */

    lease = last[-1].script != NULL;

    if (lease
        && ngx_http_itinerary_registry_read_trip(reg, &last[-1], 1) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memzero(&reg->trip, sizeof(itinerary_trip_t));
    reg->trip.id = ngx_http_itinerary_core_text(&text);

    if (ngx_http_itinerary_registry_again(reg,
                                          ngx_http_itinerary_lookup_alias, 2)
        != NGX_OK
        || (lease && ngx_http_itinerary_registry_settle_lease(reg,
                                               ngx_http_itinerary_count_none)
                     != NGX_OK)
        || ngx_http_itinerary_registry_add_trip(reg, lease, &reg->supplier)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


/* an update of another's trip is refused early, if nothing of it was shown */

static ngx_int_t
ngx_http_itinerary_registry_trip_found(ngx_http_itinerary_registry_t *reg)
{
    ngx_http_itinerary_command_t  *command;

    command = reg->call.commands.elts;
    command += reg->call.commands.nelts - 1;

    if (ngx_http_itinerary_registry_read_trip(reg, command,
                                              command->script != NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (reg->operation != ITINERARY_OP_UPDATE || !reg->trip.known
        || reg->supplier.len == 0
        || ngx_http_itinerary_registry_is_own(reg, &reg->trip.owner))
    {
        return NGX_OK;
    }

    if (ngx_http_itinerary_registry_again(reg,
                                          ngx_http_itinerary_lookup_shown, 1)
        != NGX_OK
        || ngx_http_itinerary_registry_add_shown(reg, 0) == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


/* a number may be a record locator, and a confirmation number of others */

static ngx_int_t
ngx_http_itinerary_registry_add_booking_of(ngx_http_itinerary_registry_t *reg,
    const itinerary_target_t *target)
{
    itinerary_record_t  *record;

    reg->nmeant = 1;
    reg->meant = ngx_pcalloc(reg->pool, NGX_HTTP_ITINERARY_MEANT_MAX
                                        * sizeof(itinerary_record_t));
    if (reg->meant == NULL) {
        return NGX_ERROR;
    }

    record = &reg->meant[0];

    if (itinerary_booking_name(reg->core, &target->source,
                               &target->confirmation, &record->name)
        != ITINERARY_OK
        || ngx_http_itinerary_registry_add_record(reg, &record->name) != NGX_OK
        || ngx_http_itinerary_registry_add_get(reg, "source:", &reg->source)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_registry_add_number(reg, &target->source,
                                                  &target->confirmation, NULL);
}


static ngx_int_t
ngx_http_itinerary_registry_number_found(ngx_http_itinerary_registry_t *reg,
    ngx_str_t *locators)
{
    u_char              *p, *last;
    itinerary_str_t      locator;
    itinerary_record_t  *record;

    if (ngx_http_itinerary_registry_again(reg,
                                          ngx_http_itinerary_lookup_meant, 4)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* too many to be told */

    reg->vague = locators->data != NULL && locators->len == 0;

    p = locators->data;
    last = p + locators->len;

    while (p < last) {
        locator.data = p;

        while (p < last && *p != ' ') {
            p++;
        }

        locator.len = p++ - locator.data;

        if (reg->nmeant == NGX_HTTP_ITINERARY_MEANT_MAX) {
            reg->vague = 1;
            break;
        }

        record = &reg->meant[reg->nmeant++];

        if (itinerary_booking_name(reg->core, &reg->source, &locator,
                                   &record->name)
            != ITINERARY_OK
            || ngx_http_itinerary_registry_add_record(reg, &record->name)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return reg->nmeant > 1 ? NGX_AGAIN
                           : ngx_http_itinerary_registry_meant_found(reg);
}


/* one write is to one trip: bookings of several trips are too many */

static ngx_int_t
ngx_http_itinerary_registry_meant_found(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                     i;
    itinerary_record_t            *record;
    ngx_http_itinerary_command_t  *command;

    command = reg->call.commands.elts;

    for (i = 0; i < reg->nmeant; i++) {

        record = &reg->meant[i];

        if (i && ngx_http_itinerary_registry_read_record(reg, &command[i - 1],
                                                         record)
                 != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (record->trip.len == 0) {
            continue;
        }

        if (reg->trip.id.len
            && !itinerary_equal(&reg->trip.id, &record->trip))
        {
            reg->vague = 1;
        }

        reg->trip.id = record->trip;
    }

    return NGX_OK;
}
