
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_registry_touched.h"


ngx_uint_t
ngx_http_itinerary_registry_is_touched(
    const ngx_http_itinerary_registry_t *reg,
    const itinerary_booking_effect_t *effect)
{
    return effect->trip.len
           && effect->effect != ITINERARY_ECHOED
           && !itinerary_equal(&reg->trip.id, &effect->trip);
}


ngx_int_t
ngx_http_itinerary_registry_find_touched(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                         i;
    const itinerary_booking_effect_t  *effects;

    effects = reg->j->effects;
    reg->ntouched = 0;

    for (i = 0; i < reg->j->neffects; i++) {

        if (!ngx_http_itinerary_registry_is_touched(reg, &effects[i])) {
            continue;
        }

        if (reg->ntouched == 0) {
            reg->touched = ngx_palloc(reg->pool,
                                      (reg->j->neffects - i)
                                      * sizeof(itinerary_str_t));
            if (reg->touched == NULL) {
                return NGX_ERROR;
            }
        }

        (void) ngx_http_itinerary_registry_once(reg->touched, &reg->ntouched,
                                                &effects[i].trip);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_registry_hold_touched(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t  i;

    for (i = 0; i < reg->ntouched; i++) {
        if (ngx_http_itinerary_registry_add_hold(reg, &reg->touched[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_registry_read_touched(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command)
{
    ngx_uint_t  i;

    for (i = 0; i < reg->ntouched; i++) {

        if (command[i].reply.type != NGX_HTTP_ITINERARY_REDIS_INTEGER
            || command[i].reply.integer < 0 || command[i].reply.integer > 1)
        {
            return ngx_http_itinerary_registry_surprise(reg, &command[i]);
        }

        reg->contested |= command[i].reply.integer == 0;
    }

    return NGX_OK;
}


/* the answer may have shown that one of them is the trip itself */

ngx_int_t
ngx_http_itinerary_registry_settle_touched(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_count_e count)
{
    ngx_uint_t  i;

    for (i = 0; i < reg->ntouched; i++) {

        if (itinerary_equal(&reg->touched[i], &reg->trip.id)) {
            continue;
        }

        if (ngx_http_itinerary_registry_add_settle(reg, &reg->touched[i], 0,
                                                   count)
            == NULL)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
