
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_match.h"
#include "itinerary_name.h"


static itinerary_result_e itinerary_match_answer(itinerary_pool_t *pool,
    itinerary_match_t *match);
static itinerary_result_e itinerary_match_request(itinerary_pool_t *pool,
    itinerary_match_t *match);
static itinerary_result_e itinerary_match_places(itinerary_pool_t *pool,
    itinerary_match_t *match);
static const itinerary_booking_effect_t *itinerary_match_effect(
    const itinerary_match_t *match, const itinerary_booking_t *booking);
static int itinerary_match_by_locator(const itinerary_match_t *match,
    const itinerary_booking_effect_t *effect);


itinerary_result_e
itinerary_match(itinerary_pool_t *pool, const itinerary_case_t *c,
    const itinerary_judgement_t *j, const itinerary_document_t *answer,
    itinerary_match_t *match)
{
    unsigned                    i;
    const itinerary_booking_t  *booking;

    memset(match, 0, sizeof(itinerary_match_t));

    match->c = c;
    match->j = j;
    match->answer = answer;

    if (answer->nbookings == 0) {
        return ITINERARY_OK;
    }

    if (itinerary_match_answer(pool, match) != ITINERARY_OK
        || itinerary_match_request(pool, match) != ITINERARY_OK)
    {
        return ITINERARY_NOMEM;
    }

    for (i = 0; i < answer->nbookings; i++) {
        booking = &answer->bookings[i];
        match->effects[i] = booking->name.len
                            ? itinerary_match_effect(match, booking) : NULL;
    }

    return ITINERARY_OK;
}


static itinerary_result_e
itinerary_match_answer(itinerary_pool_t *pool, itinerary_match_t *match)
{
    unsigned                    n;
    const itinerary_booking_t  *bookings;

    n = match->answer->nbookings;
    bookings = match->answer->bookings;

    match->effects = pool->alloc(pool->data,
                                 n * sizeof(itinerary_booking_effect_t *));

    if (match->effects == NULL
        || itinerary_index(pool, &match->shown, &bookings[0].name,
                           sizeof(itinerary_booking_t), n)
           != ITINERARY_OK)
    {
        return ITINERARY_NOMEM;
    }

    return itinerary_index(pool, &match->answered, &bookings[0].locator,
                           sizeof(itinerary_booking_t), n);
}


static itinerary_result_e
itinerary_match_request(itinerary_pool_t *pool, itinerary_match_t *match)
{
    unsigned                           n;
    const itinerary_record_t          *records;
    const itinerary_booking_effect_t  *effects;

    n = match->j->neffects;
    effects = match->j->effects;

    if (n && (itinerary_index(pool, &match->named, &effects[0].name,
                              sizeof(itinerary_booking_effect_t), n)
              != ITINERARY_OK
              || itinerary_index(pool, &match->located, &effects[0].locator,
                                 sizeof(itinerary_booking_effect_t), n)
                 != ITINERARY_OK))
    {
        return ITINERARY_NOMEM;
    }

    n = match->c->trip.nbookings;
    records = match->c->trip.bookings;

    if (n == 0) {
        return ITINERARY_OK;
    }

    if (itinerary_index(pool, &match->listed, &records[0].name,
                        sizeof(itinerary_record_t), n)
        != ITINERARY_OK)
    {
        return ITINERARY_NOMEM;
    }

    return (match->c->operation == ITINERARY_OP_CANCEL)
           ? itinerary_match_places(pool, match) : ITINERARY_OK;
}


static itinerary_result_e
itinerary_match_places(itinerary_pool_t *pool, itinerary_match_t *match)
{
    unsigned             i, n;
    itinerary_str_t     *locators;
    itinerary_record_t  *records;

    n = match->c->trip.nbookings;
    records = match->c->trip.bookings;

    locators = pool->alloc(pool->data, n * sizeof(itinerary_str_t));
    if (locators == NULL) {
        return ITINERARY_NOMEM;
    }

    for (i = 0; i < n; i++) {
        locators[i] = itinerary_booking_locator(&records[i].name);
    }

    return itinerary_index(pool, &match->placed, locators,
                           sizeof(itinerary_str_t), n);
}


static const itinerary_booking_effect_t *
itinerary_match_effect(const itinerary_match_t *match,
    const itinerary_booking_t *booking)
{
    unsigned                           i;
    const itinerary_record_t          *listed;
    const itinerary_booking_effect_t  *found, *effects;

    found = NULL;
    effects = match->j->effects;

    i = itinerary_index_first(&match->named, &booking->name);

    if (i != ITINERARY_INDEX_NONE) {
        return &effects[i];
    }

    /* another's that is known by this name is not renamed */

    listed = itinerary_match_listed(match, &booking->name);

    if (listed && !itinerary_equal(&listed->owner, &match->c->supplier)) {
        return NULL;
    }

    for (i = itinerary_index_first(&match->located, &booking->locator);
         i != ITINERARY_INDEX_NONE;
         i = itinerary_index_next(&match->located, i))
    {
        if (!itinerary_match_by_locator(match, &effects[i])) {
            continue;
        }

        if (found) {
            return NULL;
        }

        found = &effects[i];
    }

    i = itinerary_index_first(&match->answered, &booking->locator);

    return (itinerary_index_next(&match->answered, i) == ITINERARY_INDEX_NONE)
           ? found : NULL;
}


/* what an update leaves out, or sends back, is no booking of the request */

static int
itinerary_match_by_locator(const itinerary_match_t *match,
    const itinerary_booking_effect_t *effect)
{
    return effect->effect == ITINERARY_ADDED
           || effect->effect == ITINERARY_CHANGED
           || match->c->operation == ITINERARY_OP_CANCEL
           || match->c->operation == ITINERARY_OP_CANCEL_BOOKING;
}


const itinerary_booking_t *
itinerary_match_shown(const itinerary_match_t *match,
    const itinerary_str_t *name)
{
    unsigned                    i;
    const itinerary_booking_t  *found;

    found = NULL;

    for (i = itinerary_index_first(&match->shown, name);
         i != ITINERARY_INDEX_NONE;
         i = itinerary_index_next(&match->shown, i))
    {
        found = &match->answer->bookings[i];

        if (found->segments) {
            break;
        }
    }

    return found;
}


const itinerary_record_t *
itinerary_match_listed(const itinerary_match_t *match,
    const itinerary_str_t *name)
{
    unsigned  i;

    i = itinerary_index_first(&match->listed, name);

    return (i == ITINERARY_INDEX_NONE) ? NULL : &match->c->trip.bookings[i];
}


const itinerary_record_t *
itinerary_match_renamed(const itinerary_match_t *match,
    const itinerary_booking_t *booking)
{
    unsigned         i;
    itinerary_str_t  place;

    place = itinerary_booking_locator(&booking->name);

    i = itinerary_index_first(&match->answered, &booking->locator);

    if (itinerary_index_next(&match->answered, i) != ITINERARY_INDEX_NONE) {
        return NULL;
    }

    i = itinerary_index_first(&match->placed, &place);

    if (i == ITINERARY_INDEX_NONE
        || itinerary_index_next(&match->placed, i) != ITINERARY_INDEX_NONE)
    {
        return NULL;
    }

    return &match->c->trip.bookings[i];
}
