
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_facts.h"
#include "itinerary_match.h"


/* a document may hold many thousands of numbers */

#define ITINERARY_NUMBERS_COMPARED  64

/* what is learnt from, and what */

typedef struct {
    itinerary_pool_t             *pool;
    const itinerary_case_t       *c;
    const itinerary_judgement_t  *j;
    const itinerary_document_t   *answer;
    itinerary_match_t             match;
    unsigned                     *renamed;   /* of the effects: the fact that
                                                says so, from 1 */
    itinerary_facts_t            *facts;
} itinerary_lesson_t;


static void itinerary_learn_ids(const itinerary_document_t *answer,
    itinerary_facts_t *facts);
static itinerary_result_e itinerary_learn_renamed(itinerary_lesson_t *lesson);
static void itinerary_learn_merge(const itinerary_case_t *c,
    const itinerary_document_t *answer, itinerary_facts_t *facts);
static void itinerary_learn_effects(itinerary_lesson_t *lesson);
static int itinerary_learn_cancelled(const itinerary_lesson_t *lesson,
    const itinerary_booking_effect_t *effect);
static void itinerary_learn_answer(itinerary_lesson_t *lesson);
static void itinerary_learn_name(itinerary_lesson_t *lesson,
    const itinerary_booking_t *booking,
    const itinerary_booking_effect_t *effect, itinerary_fact_e what);
static void itinerary_learn_kept(itinerary_lesson_t *lesson,
    const itinerary_booking_t *booking, const itinerary_record_t *record);
static void itinerary_learn_other(itinerary_lesson_t *lesson,
    const itinerary_booking_t *booking);
static itinerary_result_e itinerary_learn_numbers(itinerary_lesson_t *lesson);
static itinerary_result_e itinerary_learn_posted(itinerary_lesson_t *lesson);
static itinerary_result_e itinerary_learn_number(itinerary_lesson_t *lesson,
    const itinerary_str_t *source, const itinerary_str_t *locator,
    const itinerary_booking_t *booking);

static int itinerary_is_void(const itinerary_case_t *c,
    const itinerary_judgement_t *j);
static void itinerary_fact(itinerary_facts_t *facts,
    const itinerary_str_t *name, itinerary_fact_e fact);


itinerary_result_e
itinerary_learn(itinerary_pool_t *pool, const itinerary_case_t *c,
    const itinerary_judgement_t *j, const itinerary_document_t *answer,
    itinerary_facts_t *facts)
{
    size_t              n;
    itinerary_result_e  rc;
    itinerary_lesson_t  lesson;

    memset(facts, 0, sizeof(itinerary_facts_t));

    itinerary_learn_ids(answer, facts);

    if (answer->root == ITINERARY_ROOT_ITINERARY) {
        facts->shown = answer;

        if (facts->nids == 0) {
            return ITINERARY_REFUSED;
        }
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

    memset(&lesson, 0, sizeof(itinerary_lesson_t));

    lesson.pool = pool;
    lesson.c = c;
    lesson.j = j;
    lesson.answer = answer;
    lesson.facts = facts;

    if (itinerary_match(pool, c, j, answer, &lesson.match) != ITINERARY_OK
        || itinerary_learn_renamed(&lesson) != ITINERARY_OK)
    {
        return ITINERARY_NOMEM;
    }

    /* the last that may fail */

    rc = itinerary_learn_numbers(&lesson);
    if (rc != ITINERARY_OK) {
        return rc;
    }

    if (c->operation == ITINERARY_OP_CREATE) {
        itinerary_learn_merge(c, answer, facts);
    }

    itinerary_learn_effects(&lesson);
    itinerary_learn_answer(&lesson);

    return ITINERARY_OK;
}


itinerary_result_e
itinerary_learn_doubt(itinerary_pool_t *pool, const itinerary_case_t *c,
    const itinerary_judgement_t *j, itinerary_facts_t *facts)
{
    itinerary_lesson_t  lesson;

    memset(facts, 0, sizeof(itinerary_facts_t));
    memset(&lesson, 0, sizeof(itinerary_lesson_t));

    lesson.pool = pool;
    lesson.c = c;
    lesson.j = j;
    lesson.facts = facts;

    return itinerary_learn_posted(&lesson);
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


static itinerary_result_e
itinerary_learn_renamed(itinerary_lesson_t *lesson)
{
    size_t                             size;
    unsigned                           i;
    const itinerary_booking_effect_t  *effect;

    if (lesson->j->neffects == 0) {
        lesson->renamed = NULL;
        return ITINERARY_OK;
    }

    size = lesson->j->neffects * sizeof(unsigned);

    lesson->renamed = lesson->pool->alloc(lesson->pool->data, size);
    if (lesson->renamed == NULL) {
        return ITINERARY_NOMEM;
    }

    memset(lesson->renamed, 0, size);

    for (i = 0; i < lesson->answer->nbookings; i++) {

        effect = lesson->match.effects[i];

        if (effect && !itinerary_equal(&effect->name,
                                       &lesson->answer->bookings[i].name))
        {
            lesson->renamed[effect - lesson->j->effects] = 1;
        }
    }

    return ITINERARY_OK;
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
itinerary_learn_effects(itinerary_lesson_t *lesson)
{
    unsigned                           i, is_void;
    itinerary_facts_t                 *facts;
    const itinerary_booking_t         *shown;
    const itinerary_booking_effect_t  *effect;

    facts = lesson->facts;
    is_void = itinerary_is_void(lesson->c, lesson->j);

    for (i = 0; i < lesson->j->neffects; i++) {

        effect = &lesson->j->effects[i];

        if (effect->take) {
            itinerary_fact(facts, &effect->name,
                           lesson->renamed[i] ? ITINERARY_FACT_RENAMED
                                              : ITINERARY_FACT_OWN);

            if (lesson->renamed[i]) {
                lesson->renamed[i] = facts->nbookings;
            }
        }

        if (is_void) {
            itinerary_fact(facts, &effect->name, ITINERARY_FACT_CANCELLED);
            continue;
        }

        switch (effect->effect) {

        case ITINERARY_ADDED:
        case ITINERARY_CHANGED:
        case ITINERARY_ECHOED:
            break;

        case ITINERARY_REMOVED:

            shown = itinerary_match_shown(&lesson->match, &effect->name);

            if (shown == NULL || shown->segments == 0) {
                itinerary_fact(facts, &effect->name, ITINERARY_FACT_REMOVED);
            }

            break;

        case ITINERARY_CANCELLED:

            if (itinerary_learn_cancelled(lesson, effect)) {
                itinerary_fact(facts, &effect->name, ITINERARY_FACT_CANCELLED);
            }

            break;
        }
    }
}


/*
 * Of several bookings that a number may mean, the API cancels one: that which
 * the answer shows so.
 */

static int
itinerary_learn_cancelled(const itinerary_lesson_t *lesson,
    const itinerary_booking_effect_t *effect)
{
    const itinerary_booking_t  *shown;

    shown = itinerary_match_shown(&lesson->match, &effect->name);

    if (shown) {
        return shown->segments == 0;
    }

    return lesson->c->operation == ITINERARY_OP_CANCEL
           || lesson->j->neffects == 1;
}


static void
itinerary_learn_answer(itinerary_lesson_t *lesson)
{
    unsigned                           i;
    itinerary_facts_t                 *facts;
    const itinerary_case_t            *c;
    const itinerary_booking_t         *booking;
    const itinerary_booking_effect_t  *effect;

    c = lesson->c;
    facts = lesson->facts;

    for (i = 0; i < lesson->answer->nbookings; i++) {

        booking = &lesson->answer->bookings[i];
        effect = lesson->match.effects[i];

        if (booking->name.len == 0) {

            /* whose it is cannot be told, so it was not the supplier's */

            facts->merged |= c->operation == ITINERARY_OP_CREATE;
            continue;
        }

        if (effect == NULL) {
            itinerary_learn_other(lesson, booking);
            continue;
        }

        /* cancelled under another name: so is that */

        if (effect->effect == ITINERARY_CANCELLED && booking->segments == 0
            && !itinerary_equal(&effect->name, &booking->name))
        {
            itinerary_fact(facts, &booking->name, ITINERARY_FACT_CANCELLED);
        }

        /* the API renamed the source: both names are the supplier's */

        if (effect->take && !itinerary_equal(&effect->name, &booking->name)) {

            itinerary_learn_name(lesson, booking, effect, ITINERARY_FACT_OWN);

            if (itinerary_is_void(c, lesson->j)) {
                itinerary_learn_name(lesson, booking, effect,
                                     ITINERARY_FACT_CANCELLED);
            }
        }

        if (!effect->take && !itinerary_is_void(c, lesson->j)
            && (effect->effect == ITINERARY_ECHOED
                || effect->effect == ITINERARY_CHANGED))
        {
            itinerary_learn_kept(lesson, booking,
                                 &c->records[effect - lesson->j->effects]);
        }
    }
}


/* a fact of the other name of a booking, unless that is somebody else's */

static void
itinerary_learn_name(itinerary_lesson_t *lesson,
    const itinerary_booking_t *booking,
    const itinerary_booking_effect_t *effect, itinerary_fact_e what)
{
    itinerary_booking_fact_t  *fact;

    itinerary_fact(lesson->facts, &booking->name, what);

    fact = &lesson->facts->bookings[lesson->facts->nbookings - 1];

    fact->renamed = lesson->renamed[effect - lesson->j->effects];
    fact->alive = booking->segments != 0;
}


/*
 * A booking that was posted, but does not become the supplier's: it may have
 * lost its record, or been cancelled and be in the trip again.
 */

static void
itinerary_learn_kept(itinerary_lesson_t *lesson,
    const itinerary_booking_t *booking, const itinerary_record_t *record)
{
    itinerary_facts_t  *facts;

    facts = lesson->facts;

    if (record->state == ITINERARY_STATE_NONE
        || (record->state == ITINERARY_STATE_CANCELLED && booking->segments))
    {
        itinerary_fact(facts, &booking->name, ITINERARY_FACT_SEEN);
        facts->bookings[facts->nbookings - 1].alive = booking->segments != 0;
    }
}


/* a booking of the answer that was there already */

static void
itinerary_learn_other(itinerary_lesson_t *lesson,
    const itinerary_booking_t *booking)
{
    itinerary_facts_t         *facts;
    const itinerary_case_t    *c;
    const itinerary_record_t  *listed;

    c = lesson->c;
    facts = lesson->facts;

    facts->merged |= c->operation == ITINERARY_OP_CREATE;

    listed = itinerary_match_listed(&lesson->match, &booking->name);

    if (listed == NULL) {
        itinerary_fact(facts, &booking->name, ITINERARY_FACT_SEEN);
        facts->bookings[facts->nbookings - 1].alive = booking->segments != 0;
    }

    if (c->operation != ITINERARY_OP_CANCEL || booking->segments) {
        return;
    }

    /* a cancel reached what it left without segments */

    if (listed == NULL) {
        listed = itinerary_match_renamed(&lesson->match, booking);
    }

    if (listed == NULL) {
        return;
    }

    itinerary_fact(facts, &listed->name, ITINERARY_FACT_CANCELLED);

    facts->overreached |= lesson->j->verdict == ITINERARY_PARTIAL
                          && !itinerary_equal(&listed->owner, &c->supplier);
}


/*
 * The numbers that bookings may be cancelled by: of those that are the
 * supplier's, under all of their names, and of those that are new to the
 * registry.  Others' are learnt where suppliers share sources: then a number
 * may mean their bookings, too.
 */

static itinerary_result_e
itinerary_learn_numbers(itinerary_lesson_t *lesson)
{
    unsigned                           i;
    itinerary_result_e                 rc;
    const itinerary_case_t            *c;
    const itinerary_record_t          *listed;
    const itinerary_booking_t         *booking, *posted;
    const itinerary_booking_effect_t  *effect;

    c = lesson->c;

    rc = itinerary_learn_posted(lesson);
    if (rc != ITINERARY_OK) {
        return rc;
    }

    for (i = 0; i < lesson->answer->nbookings; i++) {

        booking = &lesson->answer->bookings[i];

        if (booking->name.len == 0) {
            continue;
        }

        effect = lesson->match.effects[i];
        listed = itinerary_match_listed(&lesson->match, &booking->name);

        if (c->policy.booking_source != ITINERARY_BOOKING_SOURCE_ANY
            && (effect ? !effect->take
                       : listed && !itinerary_owns(c, &listed->owner)))
        {
            continue;
        }

        rc = itinerary_learn_number(lesson, &booking->source,
                                    &booking->locator, booking);

        if (rc != ITINERARY_OK) {
            return rc;
        }

        if (effect == NULL || !effect->take
            || itinerary_equal(&effect->name, &booking->name))
        {
            continue;
        }

        /* renamed: what either document has stands for both names */

        posted = &c->document->bookings[effect - lesson->j->effects];

        rc = itinerary_learn_number(lesson, &posted->source, &posted->locator,
                                    booking);

        if (rc == ITINERARY_OK) {
            rc = itinerary_learn_number(lesson, &booking->source,
                                        &booking->locator, posted);
        }

        if (rc != ITINERARY_OK) {
            return rc;
        }
    }

    return ITINERARY_OK;
}


/* of the posted bookings, whose effects stand in the document's order */

static itinerary_result_e
itinerary_learn_posted(itinerary_lesson_t *lesson)
{
    unsigned                     i;
    itinerary_result_e           rc;
    const itinerary_booking_t   *booking;
    const itinerary_document_t  *posted;

    posted = lesson->c->document;

    for (i = 0; posted && i < posted->nbookings; i++) {

        booking = &posted->bookings[i];

        if (!lesson->j->effects[i].take) {
            continue;
        }

        rc = itinerary_learn_number(lesson, &booking->source,
                                    &booking->locator, booking);
        if (rc != ITINERARY_OK) {
            return rc;
        }
    }

    return ITINERARY_OK;
}


/*
 * A number that is the locator itself is left out, and one that was noted just
 * before, as posts and answers have the same.
 */

static itinerary_result_e
itinerary_learn_number(itinerary_lesson_t *lesson,
    const itinerary_str_t *source, const itinerary_str_t *locator,
    const itinerary_booking_t *booking)
{
    unsigned                         n;
    itinerary_facts_t               *facts;
    itinerary_number_t              *number;
    const itinerary_confirmation_t  *cn;

    facts = lesson->facts;

    for (cn = booking->confirmations; cn; cn = cn->next) {

        if (itinerary_equal(&cn->number, locator)) {
            continue;
        }

        n = 0;

        for (number = facts->numbers; number; number = number->next) {

            if (n++ == ITINERARY_NUMBERS_COMPARED) {
                number = NULL;
                break;
            }

            if (itinerary_equal(&number->number, &cn->number)
                && itinerary_equal(&number->locator, locator)
                && itinerary_equal(&number->source, source))
            {
                break;
            }
        }

        if (number) {
            continue;
        }

        number = lesson->pool->alloc(lesson->pool->data,
                                     sizeof(itinerary_number_t));
        if (number == NULL) {
            return ITINERARY_NOMEM;
        }

        number->source = *source;
        number->number = cn->number;
        number->locator = *locator;
        number->next = facts->numbers;

        facts->numbers = number;
        facts->nnumbers++;
    }

    return ITINERARY_OK;
}


/* whether an update set the status that cancels the whole trip */

static int
itinerary_is_void(const itinerary_case_t *c, const itinerary_judgement_t *j)
{
    return c->operation == ITINERARY_OP_UPDATE && j->cancel;
}


static void
itinerary_fact(itinerary_facts_t *facts, const itinerary_str_t *name,
    itinerary_fact_e fact)
{
    itinerary_booking_fact_t  *f;

    f = &facts->bookings[facts->nbookings++];

    f->name = *name;
    f->fact = fact;
    f->renamed = 0;
    f->alive = 0;
}
