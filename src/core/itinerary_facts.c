
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_facts.h"


static void itinerary_learn_ids(const itinerary_document_t *answer,
    itinerary_facts_t *facts);
static void itinerary_learn_merge(const itinerary_case_t *c,
    const itinerary_document_t *answer, itinerary_facts_t *facts);
static void itinerary_learn_effects(const itinerary_case_t *c,
    const itinerary_judgement_t *j, const itinerary_document_t *answer,
    itinerary_facts_t *facts);
static void itinerary_learn_answer(const itinerary_case_t *c,
    const itinerary_judgement_t *j, const itinerary_document_t *answer,
    itinerary_facts_t *facts);

static int itinerary_is_void(const itinerary_case_t *c,
    const itinerary_judgement_t *j);
static int itinerary_has_segments(const itinerary_document_t *answer,
    const itinerary_str_t *name);
static int itinerary_is_foreign(const itinerary_case_t *c,
    const itinerary_str_t *name);
static const itinerary_booking_effect_t *itinerary_posted(
    const itinerary_case_t *c, const itinerary_judgement_t *j,
    const itinerary_document_t *answer, const itinerary_booking_t *booking);
static void itinerary_fact(itinerary_facts_t *facts,
    const itinerary_str_t *name, itinerary_fact_e fact);


itinerary_result_e
itinerary_learn(itinerary_pool_t *pool, const itinerary_case_t *c,
    const itinerary_judgement_t *j, const itinerary_document_t *answer,
    itinerary_facts_t *facts)
{
    size_t  n;

    memset(facts, 0, sizeof(itinerary_facts_t));

    itinerary_learn_ids(answer, facts);

    if (facts->nids == 0) {
        return ITINERARY_REFUSED;
    }

    /* at most two of each: that it is the supplier's, and is cancelled */

    n = ((size_t) j->neffects + answer->nbookings) * 2;

    if (n) {
        facts->bookings = pool->alloc(pool->data,
                                      n * sizeof(itinerary_booking_fact_t));
        if (facts->bookings == NULL) {
            return ITINERARY_NOMEM;
        }
    }

    if (c->operation == ITINERARY_OP_CREATE) {
        itinerary_learn_merge(c, answer, facts);
    }

    itinerary_learn_effects(c, j, answer, facts);
    itinerary_learn_answer(c, j, answer, facts);

    return ITINERARY_OK;
}


static void
itinerary_learn_ids(const itinerary_document_t *answer,
    itinerary_facts_t *facts)
{
    unsigned                i, k;
    const itinerary_str_t  *id[3];

    id[0] = &answer->itin_locator;
    id[1] = &answer->trip_id;
    id[2] = &answer->id;

    for (i = 0; i < 3; i++) {

        if (!itinerary_is_trip_id(id[i])) {
            continue;
        }

        for (k = 0; k < facts->nids; k++) {
            if (itinerary_equal(&facts->ids[k], id[i])) {
                break;
            }
        }

        if (k == facts->nids) {
            facts->ids[facts->nids++] = *id[i];
        }
    }
}


/* another name or other dates than were posted: the trip was there already */

static void
itinerary_learn_merge(const itinerary_case_t *c,
    const itinerary_document_t *answer, itinerary_facts_t *facts)
{
    const itinerary_document_t  *posted;

    posted = c->document;

    if (posted == NULL) {

        /* nothing shows that it is a new one */

        facts->merged = 1;
        return;
    }

    facts->merged = !itinerary_equal(&posted->trip_name, &answer->trip_name)
                    || (posted->start.len
                        && !itinerary_equal(&posted->start, &answer->start))
                    || (posted->end.len
                        && !itinerary_equal(&posted->end, &answer->end));
}


/*
 * What was forwarded has happened, even what was not allowed (audit mode):
 * then bookings are removed or cancelled all the same, but nothing becomes the
 * supplier's.  What the answer shows with segments was left as it is; only
 * a TripStatus cancels without emptying them.
 */

static void
itinerary_learn_effects(const itinerary_case_t *c,
    const itinerary_judgement_t *j, const itinerary_document_t *answer,
    itinerary_facts_t *facts)
{
    unsigned                           i, is_void;
    const itinerary_booking_effect_t  *effect;

    is_void = itinerary_is_void(c, j);

    for (i = 0; i < j->neffects; i++) {

        effect = &j->effects[i];

        if (effect->take) {
            itinerary_fact(facts, &effect->name, ITINERARY_FACT_OWN);
        }

        if (is_void) {
            itinerary_fact(facts, &effect->name, ITINERARY_FACT_CANCELLED);
            continue;
        }

        switch (effect->effect) {

        case ITINERARY_ADDED:
        case ITINERARY_CHANGED:
            break;

        case ITINERARY_REMOVED:

            if (!itinerary_has_segments(answer, &effect->name)) {
                itinerary_fact(facts, &effect->name, ITINERARY_FACT_REMOVED);
            }

            break;

        case ITINERARY_CANCELLED:

            if (!itinerary_has_segments(answer, &effect->name)) {
                itinerary_fact(facts, &effect->name, ITINERARY_FACT_CANCELLED);
            }

            break;
        }
    }
}


static void
itinerary_learn_answer(const itinerary_case_t *c,
    const itinerary_judgement_t *j, const itinerary_document_t *answer,
    itinerary_facts_t *facts)
{
    unsigned                           i;
    const itinerary_booking_t         *booking;
    const itinerary_booking_effect_t  *effect;

    for (i = 0; i < answer->nbookings; i++) {

        booking = &answer->bookings[i];

        if (booking->name.len == 0) {

            /* whose it is cannot be told, so it was not the supplier's */

            facts->merged |= c->operation == ITINERARY_OP_CREATE;
            continue;
        }

        if (j->verdict == ITINERARY_PARTIAL
            && booking->segments == 0
            && itinerary_is_foreign(c, &booking->name))
        {
            facts->overreached = 1;
        }

        effect = itinerary_posted(c, j, answer, booking);

        if (effect == NULL) {

            facts->merged |= c->operation == ITINERARY_OP_CREATE;

            /* a cancel reached what it left without segments */

            itinerary_fact(facts, &booking->name,
                           c->operation == ITINERARY_OP_CANCEL
                           && booking->segments == 0
                           ? ITINERARY_FACT_CANCELLED : ITINERARY_FACT_SEEN);
            continue;
        }

        /* the API renamed the source: both names are the supplier's */

        if (effect->take && !itinerary_equal(&effect->name, &booking->name)) {

            itinerary_fact(facts, &booking->name, ITINERARY_FACT_OWN);

            if (itinerary_is_void(c, j)) {
                itinerary_fact(facts, &booking->name,
                               ITINERARY_FACT_CANCELLED);
            }
        }
    }
}


/* whether an update set the status that cancels the whole trip */

static int
itinerary_is_void(const itinerary_case_t *c, const itinerary_judgement_t *j)
{
    return c->operation == ITINERARY_OP_UPDATE && j->cancel;
}


static int
itinerary_has_segments(const itinerary_document_t *answer,
    const itinerary_str_t *name)
{
    unsigned  i;

    for (i = 0; i < answer->nbookings; i++) {

        if (answer->bookings[i].segments
            && itinerary_equal(&answer->bookings[i].name, name))
        {
            return 1;
        }
    }

    return 0;
}


/* whether a booking is on record in the trip, and not as the supplier's */

static int
itinerary_is_foreign(const itinerary_case_t *c, const itinerary_str_t *name)
{
    unsigned  i;

    for (i = 0; i < c->trip.nbookings; i++) {

        if (itinerary_equal(&c->trip.bookings[i].name, name)) {
            return !itinerary_equal(&c->trip.bookings[i].owner, &c->supplier);
        }
    }

    return 0;
}


/*
 * The booking of the request that a booking of the answer is: that of the same
 * name, else that of the same locator, where only one on each side has it.
 * What an update leaves out is no booking of the request.
 */

static const itinerary_booking_effect_t *
itinerary_posted(const itinerary_case_t *c, const itinerary_judgement_t *j,
    const itinerary_document_t *answer, const itinerary_booking_t *booking)
{
    unsigned                           i, n;
    const itinerary_booking_effect_t  *found, *effect;

    n = 0;
    found = NULL;

    for (i = 0; i < j->neffects; i++) {

        effect = &j->effects[i];

        if (itinerary_equal(&effect->name, &booking->name)) {
            return effect;
        }

        if ((effect->effect == ITINERARY_ADDED
             || effect->effect == ITINERARY_CHANGED
             || c->operation == ITINERARY_OP_CANCEL)
            && itinerary_equal(&effect->locator, &booking->locator))
        {
            found = effect;
            n++;
        }
    }

    if (n != 1) {
        return NULL;
    }

    for (i = 0; i < answer->nbookings; i++) {

        if (&answer->bookings[i] != booking
            && itinerary_equal(&answer->bookings[i].locator,
                               &booking->locator))
        {
            return NULL;
        }
    }

    return found;
}


static void
itinerary_fact(itinerary_facts_t *facts, const itinerary_str_t *name,
    itinerary_fact_e fact)
{
    itinerary_booking_fact_t  *f;

    f = &facts->bookings[facts->nbookings++];

    f->name = *name;
    f->fact = fact;
}
