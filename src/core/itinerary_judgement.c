
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <stdio.h>
#include <string.h>

#include "itinerary_judgement.h"
#include "itinerary_name.h"


static const itinerary_str_t  itinerary_verdict_names[] = {
    itinerary_string("allow"),
    itinerary_string("partial"),
    itinerary_string("deny")
};

static const itinerary_str_t  itinerary_effect_names[] = {
    itinerary_string("added"),
    itinerary_string("changed"),
    itinerary_string("echoed"),
    itinerary_string("removed"),
    itinerary_string("cancelled")
};


static itinerary_result_e itinerary_judgement_others(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);


itinerary_result_e
itinerary_judgement_init(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    size_t              n;
    itinerary_result_e  rc;

    memset(j, 0, sizeof(itinerary_judgement_t));

    n = (size_t) c->trip.nbookings + c->nmeant;

    if (c->document && c->document->nbookings) {
        n += c->document->nbookings;

        rc = itinerary_index(pool, &j->posted, &c->document->bookings[0].name,
                             sizeof(itinerary_booking_t),
                             c->trip.nbookings ? c->document->nbookings : 0);

        if (rc != ITINERARY_OK) {
            return rc;
        }
    }

    if (n == 0) {
        return ITINERARY_OK;
    }

    rc = itinerary_judgement_others(pool, c, j);

    if (rc != ITINERARY_OK) {
        return rc;
    }

    j->effects = pool->alloc(pool->data,
                             n * sizeof(itinerary_booking_effect_t));

    return j->effects ? ITINERARY_OK : ITINERARY_NOMEM;
}


static itinerary_result_e
itinerary_judgement_others(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    unsigned             i, n;
    itinerary_str_t     *locators;
    itinerary_record_t  *records;

    if (c->policy.unknown_trip == ITINERARY_UNKNOWN_TRIP_DENY
        || c->trip.nbookings == 0)
    {
        return ITINERARY_OK;
    }

    locators = pool->alloc(pool->data,
                           c->trip.nbookings * sizeof(itinerary_str_t));
    if (locators == NULL) {
        return ITINERARY_NOMEM;
    }

    records = c->trip.bookings;

    for (i = 0, n = 0; i < c->trip.nbookings; i++) {
        if (records[i].owner.len && !itinerary_owns(c, &records[i].owner)) {
            locators[n++] = itinerary_booking_locator(&records[i].name);
        }
    }

    return itinerary_index(pool, &j->others, locators,
                           sizeof(itinerary_str_t), n);
}


int
itinerary_is_free(const itinerary_case_t *c, const itinerary_judgement_t *j,
    const itinerary_str_t *name, const itinerary_str_t *owner)
{
    itinerary_str_t  locator;

    if (!itinerary_is_nobodys(c, owner)) {
        return 0;
    }

    locator = itinerary_booking_locator(name);

    return itinerary_index_first(&j->others, &locator)
           == ITINERARY_INDEX_NONE;
}


int
itinerary_is_posted(const itinerary_judgement_t *j,
    const itinerary_str_t *name)
{
    return itinerary_index_first(&j->posted, name) != ITINERARY_INDEX_NONE;
}


itinerary_booking_effect_t *
itinerary_effect(itinerary_judgement_t *j, const itinerary_str_t *name,
    itinerary_effect_e effect)
{
    itinerary_booking_effect_t  *e;

    e = &j->effects[j->neffects++];

    memset(e, 0, sizeof(itinerary_booking_effect_t));

    e->name = *name;
    e->effect = effect;
    e->allowed = 1;

    return e;
}


itinerary_booking_effect_t *
itinerary_effect_recorded(itinerary_pool_t *pool, itinerary_judgement_t *j,
    const itinerary_record_t *record, itinerary_effect_e effect)
{
    itinerary_booking_effect_t  *e;

    e = itinerary_effect(j, &record->name, effect);

    if (itinerary_booking_parts(pool, &e->name, &e->source, &e->locator)
        == ITINERARY_NOMEM)
    {
        return NULL;
    }

    return e;
}


void
itinerary_effect_withhold(itinerary_booking_effect_t *effect)
{
    effect->allowed = 0;
    effect->claim = 0;
    effect->bind = 0;
    effect->take = 0;
}


void
itinerary_deny(itinerary_pool_t *pool, itinerary_judgement_t *j,
    itinerary_reason_e reason, const char *text)
{
    (void) itinerary_refuse(pool, &j->error, reason, 0, "", "%s", text);
}


void
itinerary_deny_booking(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j,
    itinerary_reason_e reason, unsigned i, const char *text)
{
    char  path[ITINERARY_PATH_MAX];

    if (c->operation == ITINERARY_OP_BOOK) {
        (void) snprintf(path, sizeof(path), "/Booking");

    } else {
        (void) snprintf(path, sizeof(path), "/Itinerary/Bookings/Booking[%u]",
                        i + 1);
    }

    (void) itinerary_refuse(pool, &j->error, reason,
                            c->document->bookings[i].line, path, "%s", text);
}


const itinerary_str_t *
itinerary_verdict_name(itinerary_verdict_e verdict)
{
    return &itinerary_verdict_names[verdict];
}


const itinerary_str_t *
itinerary_effect_name(itinerary_effect_e effect)
{
    return &itinerary_effect_names[effect];
}
