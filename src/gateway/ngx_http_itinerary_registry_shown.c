
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_registry_shown.h"
#include "itinerary_index.h"


static ngx_uint_t ngx_http_itinerary_registry_is_whole(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_fill_view(
    ngx_http_itinerary_registry_t *reg, ngx_str_t *argv);


ngx_int_t
ngx_http_itinerary_registry_show(ngx_http_itinerary_registry_t *reg)
{
    int64_t                        rev;
    ngx_str_t                     *argv;
    ngx_uint_t                     n;
    const itinerary_document_t    *shown;
    ngx_http_itinerary_command_t  *command;

    static ngx_str_t  field = ngx_string("trip");

    shown = reg->facts->shown;

    if (shown == NULL || !reg->j->record || reg->facts->merged
        || reg->c->operation == ITINERARY_OP_BOOK
        || reg->c->operation == ITINERARY_OP_CANCEL_BOOKING)
    {
        return NGX_OK;
    }

    /* what was written by another id may have come between */

    if (reg->overtaken) {
        return NGX_OK;
    }

    if (reg->c->operation == ITINERARY_OP_READ) {

        if (!itinerary_equal(&reg->c->trip.id, &reg->trip.id)) {
            return NGX_OK;
        }

        rev = reg->trip.rev + reg->found;

    } else if (reg->leased && itinerary_equal(&reg->lease_id, &reg->trip.id)) {
        rev = reg->trip.rev + 1;

    } else if (reg->fresh) {
        rev = 1;

    } else {
        return NGX_OK;
    }

    if (reg->strange || !ngx_http_itinerary_registry_is_whole(reg)) {
        return reg->c->operation == ITINERARY_OP_READ
               ? ngx_http_itinerary_registry_add_blind(reg) : NGX_OK;
    }

    n = shown->nbookings + (shown->digest.len != 0);

    command = ngx_http_itinerary_registry_add_view(reg, rev, n);
    if (command == NULL) {
        return NGX_ERROR;
    }

    argv = &command->argv[4];

    if (shown->digest.len) {
        *argv++ = field;
        *argv++ = ngx_http_itinerary_text(&shown->digest);
    }

    return ngx_http_itinerary_registry_fill_view(reg, argv);
}


/*
 * Whoever leaves out what is not shown removes nothing.  Therefore all must be
 * shown, with names; and an answer to a write may be of the trip's fields only.
 */

static ngx_uint_t
ngx_http_itinerary_registry_is_whole(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                   i;
    const itinerary_document_t  *shown;

    shown = reg->facts->shown;

    for (i = 0; i < shown->nbookings; i++) {
        if (shown->bookings[i].name.len == 0) {
            return 0;
        }
    }

    return i || reg->c->operation == ITINERARY_OP_READ;
}


/*
 * The digests of the bookings.  Where one cannot be told, or two bookings have
 * one name, the view says that it was shown, but nothing is an echo of it.
 */

static ngx_int_t
ngx_http_itinerary_registry_fill_view(ngx_http_itinerary_registry_t *reg,
    ngx_str_t *argv)
{
    unsigned                     k;
    ngx_uint_t                   i;
    itinerary_index_t            names;
    const itinerary_booking_t   *booking;
    const itinerary_document_t  *shown;

    static ngx_str_t  untold = ngx_string("-");

    shown = reg->facts->shown;

    if (shown->nbookings == 0) {
        return NGX_OK;
    }

    if (itinerary_index(reg->core, &names, &shown->bookings[0].name,
                        sizeof(itinerary_booking_t), shown->nbookings)
        != ITINERARY_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < shown->nbookings; i++) {

        booking = &shown->bookings[i];

        *argv++ = ngx_http_itinerary_text(&booking->name);

        k = itinerary_index_first(&names, &booking->name);

        if (booking->digest.len == 0
            || itinerary_index_next(&names, k) != ITINERARY_INDEX_NONE)
        {
            *argv++ = untold;
            continue;
        }

        *argv++ = ngx_http_itinerary_text(&booking->digest);
    }

    return NGX_OK;
}
