
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <stdio.h>
#include <string.h>

#include "itinerary_verdict.h"
#include "itinerary_name.h"


#define ITINERARY_ON(operation)  (1u << (operation))


typedef itinerary_result_e (*itinerary_rule_pt)(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);

typedef struct {
    unsigned               operations;
    itinerary_rule_pt      rule;
} itinerary_rule_t;


static itinerary_result_e itinerary_judge_ids(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);
static itinerary_result_e itinerary_judge_created(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);
static itinerary_result_e itinerary_judge_fields(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);
static itinerary_result_e itinerary_judge_cancelled(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);
static itinerary_result_e itinerary_judge_posted(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);
static itinerary_result_e itinerary_judge_removed(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);
static itinerary_result_e itinerary_judge_status(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);
static itinerary_result_e itinerary_judge_busy(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);
static itinerary_result_e itinerary_judge_adopted(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);

static int itinerary_owns(const itinerary_case_t *c,
    const itinerary_str_t *owner);
static int itinerary_is_nobodys(const itinerary_case_t *c,
    const itinerary_str_t *owner);
static void itinerary_deny(itinerary_pool_t *pool, itinerary_judgement_t *j,
    itinerary_reason_e reason, unsigned index, unsigned line,
    const char *text);
static itinerary_booking_effect_t *itinerary_effect(
    itinerary_judgement_t *j, const itinerary_str_t *name,
    itinerary_effect_e effect);
static itinerary_result_e itinerary_cancel_segments(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j, unsigned all);
static int itinerary_is_posted(const itinerary_document_t *document,
    const itinerary_str_t *name);


/*
 * The table of effects, in the order in which reasons are named: the trip's
 * first, then those of bookings.  Echoed views and booking sources take their
 * rows between "removed" and "busy".  What is adopted is known when nothing
 * has been refused.
 */

static const itinerary_rule_t  itinerary_rules[] = {

    { ITINERARY_ON(ITINERARY_OP_CREATE) | ITINERARY_ON(ITINERARY_OP_UPDATE),
      itinerary_judge_ids },

    { ITINERARY_ON(ITINERARY_OP_CREATE),
      itinerary_judge_created },

    { ITINERARY_ON(ITINERARY_OP_UPDATE),
      itinerary_judge_fields },

    { ITINERARY_ON(ITINERARY_OP_CANCEL),
      itinerary_judge_cancelled },

    { ITINERARY_ON(ITINERARY_OP_CREATE) | ITINERARY_ON(ITINERARY_OP_UPDATE),
      itinerary_judge_posted },

    { ITINERARY_ON(ITINERARY_OP_UPDATE),
      itinerary_judge_removed },

    { ITINERARY_ON(ITINERARY_OP_UPDATE),
      itinerary_judge_status },

    { ITINERARY_ON(ITINERARY_OP_UPDATE) | ITINERARY_ON(ITINERARY_OP_CANCEL),
      itinerary_judge_busy },

    { ITINERARY_ON(ITINERARY_OP_CREATE) | ITINERARY_ON(ITINERARY_OP_UPDATE)
      | ITINERARY_ON(ITINERARY_OP_CANCEL),
      itinerary_judge_adopted }
};


static const itinerary_str_t  itinerary_verdict_names[] = {
    itinerary_string("allow"),
    itinerary_string("partial"),
    itinerary_string("deny")
};

static const itinerary_str_t  itinerary_effect_names[] = {
    itinerary_string("added"),
    itinerary_string("changed"),
    itinerary_string("removed"),
    itinerary_string("cancelled")
};

static const itinerary_str_t  itinerary_state_names[] = {
    itinerary_string(""),
    itinerary_string("pending"),
    itinerary_string("active"),
    itinerary_string("cancelled"),
    itinerary_string("seen")
};


itinerary_result_e
itinerary_judge(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    size_t              n;
    unsigned            i;
    itinerary_result_e  rc;

    memset(j, 0, sizeof(itinerary_judgement_t));

    n = c->trip.nbookings;

    if (c->document) {
        n += c->document->nbookings;
    }

    if (n) {
        j->effects = pool->alloc(pool->data,
                                 n * sizeof(itinerary_booking_effect_t));
        if (j->effects == NULL) {
            return ITINERARY_NOMEM;
        }
    }

    for (i = 0; i < sizeof(itinerary_rules) / sizeof(itinerary_rules[0]); i++)
    {
        if (!(itinerary_rules[i].operations & ITINERARY_ON(c->operation))) {
            continue;
        }

        rc = itinerary_rules[i].rule(pool, c, j);

        if (rc != ITINERARY_OK) {
            return rc;
        }
    }

    if (j->error.reason != ITINERARY_REASON_NONE) {
        j->verdict = ITINERARY_DENY;
        return ITINERARY_REFUSED;
    }

    return ITINERARY_OK;
}


/* a trip id in the body names the query's trip, and none comes without one */

static itinerary_result_e
itinerary_judge_ids(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    unsigned  i;

    for (i = 0; i < c->nids; i++) {

        if (c->operation == ITINERARY_OP_CREATE) {
            itinerary_deny(pool, j, ITINERARY_AMBIGUOUS_BODY, 0, 0,
                           "a trip id stands in the body, but the query has "
                           "no tripId");

        } else if (!itinerary_equal(&c->ids[i], &c->trip.id)) {
            itinerary_deny(pool, j, ITINERARY_AMBIGUOUS_BODY, 0, 0,
                           "the trip id in the body is not the query's trip");
        }
    }

    return ITINERARY_OK;
}


/*
 * trip created: always allowed; the answer shows whether it is a new one,
 * unless the post names a trip that was there (audit mode)
 */

static itinerary_result_e
itinerary_judge_created(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    (void) pool;

    j->create = c->nids == 0;
    j->record = 1;

    return ITINERARY_OK;
}


/* trip fields changed: the supplier created the trip */

static itinerary_result_e
itinerary_judge_fields(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    j->record = c->trip.known;

    if (itinerary_owns(c, &c->trip.owner)
        || itinerary_is_nobodys(c, &c->trip.owner))
    {
        return ITINERARY_OK;
    }

    itinerary_deny(pool, j, ITINERARY_TRIP_NOT_OWNED, 0, 0,
                   "only the supplier that created the trip may update it");

    return ITINERARY_OK;
}


/*
 * trip cancelled: the supplier created the trip;
 * own segments cancelled: it has an active booking in it
 */

static itinerary_result_e
itinerary_judge_cancelled(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    unsigned  i;

    j->record = c->trip.known;

    if (itinerary_owns(c, &c->trip.owner)) {
        return itinerary_cancel_segments(pool, c, j, 1);
    }

    for (i = 0; i < c->trip.nbookings; i++) {

        if (c->trip.bookings[i].state == ITINERARY_STATE_ACTIVE
            && itinerary_owns(c, &c->trip.bookings[i].owner))
        {
            j->verdict = ITINERARY_PARTIAL;
            return itinerary_cancel_segments(pool, c, j, 0);
        }
    }

    if (itinerary_is_nobodys(c, &c->trip.owner)) {
        return itinerary_cancel_segments(pool, c, j, 1);
    }

    itinerary_deny(pool, j, ITINERARY_TRIP_NOT_OWNED, 0, 0,
                   "only the supplier that created the trip, or one that has "
                   "an active booking in it, may cancel it");

    return ITINERARY_OK;
}


/* booking added: always; booking changed: the supplier created it */

static itinerary_result_e
itinerary_judge_posted(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    unsigned                     i;
    const itinerary_record_t    *record;
    const itinerary_booking_t   *booking;
    itinerary_booking_effect_t  *effect;

    if (c->document == NULL) {
        return ITINERARY_OK;
    }

    for (i = 0; i < c->document->nbookings; i++) {

        booking = &c->document->bookings[i];
        record = &c->records[i];

        effect = itinerary_effect(j, &booking->name, ITINERARY_CHANGED);
        effect->source = booking->source;
        effect->locator = booking->locator;

        if (record->state == ITINERARY_STATE_NONE) {
            effect->effect = ITINERARY_ADDED;
            effect->claim = 1;
            effect->take = 1;
            continue;
        }

        if (itinerary_owns(c, &record->owner)) {

            /* what is in doubt is claimed again, by this request */

            effect->claim = record->state == ITINERARY_STATE_PENDING;
            effect->take = 1;
            continue;
        }

        if (itinerary_is_nobodys(c, &record->owner)) {
            continue;
        }

        effect->allowed = 0;

        itinerary_deny(pool, j, ITINERARY_BOOKING_NOT_OWNED, i + 1,
                       booking->line,
                       "only the supplier that created the booking may "
                       "change it");
    }

    return ITINERARY_OK;
}


/* booking removed, since the document replaces the trip */

static itinerary_result_e
itinerary_judge_removed(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    unsigned                     i;
    itinerary_result_e           rc;
    const itinerary_record_t    *record;
    itinerary_booking_effect_t  *effect;

    if (c->document == NULL || !c->policy.replace) {
        return ITINERARY_OK;
    }

    for (i = 0; i < c->trip.nbookings; i++) {

        record = &c->trip.bookings[i];

        if (itinerary_is_posted(c->document, &record->name)) {
            continue;
        }

        effect = itinerary_effect(j, &record->name, ITINERARY_REMOVED);

        rc = itinerary_booking_parts(pool, &record->name, &effect->source,
                                     &effect->locator);
        if (rc == ITINERARY_NOMEM) {
            return rc;
        }

        if (itinerary_owns(c, &record->owner)
            || itinerary_is_nobodys(c, &record->owner))
        {
            continue;
        }

        effect->allowed = 0;

        itinerary_deny(pool, j, ITINERARY_BOOKING_NOT_OWNED, 0, 0,
                       "a booking of another supplier is missing: the "
                       "document replaces the trip and would remove it");
    }

    return ITINERARY_OK;
}


/* trip cancelled, by an update that sets TripStatus to 2 */

static itinerary_result_e
itinerary_judge_status(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    size_t   len;
    u_char  *p;

    if (c->document == NULL) {
        return ITINERARY_OK;
    }

    /* a number for most readers: "02" and "+2" are 2 as well */

    p = c->document->trip_status.data;
    len = c->document->trip_status.len;

    while (len > 1 && (*p == '0' || *p == '+')) {
        p++;
        len--;
    }

    if (len != 1 || *p != '2') {
        return ITINERARY_OK;
    }

    /* that the trip is the supplier's has been judged with its fields */

    return itinerary_cancel_segments(pool, c, j, 1);
}


/* two writes to one trip never overlap */

static itinerary_result_e
itinerary_judge_busy(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    if (c->trip.busy) {
        itinerary_deny(pool, j, ITINERARY_TRIP_BUSY, 0, 0,
                       "try again when the other write has been answered");
    }

    return ITINERARY_OK;
}


/*
 * What has no owner becomes the supplier's by a write that is allowed to it,
 * never by one that is only let through (audit mode).  A partial cancel is no
 * cancel of an unknown trip.
 */

static itinerary_result_e
itinerary_judge_adopted(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    unsigned  i;

    (void) pool;

    if (c->policy.unknown_trip != ITINERARY_UNKNOWN_TRIP_ADOPT
        || j->error.reason != ITINERARY_REASON_NONE
        || j->verdict == ITINERARY_PARTIAL)
    {
        return ITINERARY_OK;
    }

    if (c->operation != ITINERARY_OP_CREATE && c->trip.owner.len == 0) {
        j->create = 1;
        j->record = 1;
    }

    /* what was posted and allowed is the supplier's, or nobody's */

    for (i = 0; i < j->neffects; i++) {
        if (j->effects[i].effect == ITINERARY_CHANGED) {
            j->effects[i].take = 1;
        }
    }

    return ITINERARY_OK;
}


/*
 * The bookings that a cancel reaches: all of the trip, or the supplier's own.
 * Reaching others' is a right of the trip's creator alone, which an operator
 * may withhold; what nobody has on record goes with the unknown trips.  What
 * an update posts or removes has an effect already.
 */

static itinerary_result_e
itinerary_cancel_segments(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j, unsigned all)
{
    unsigned                     i, own, foreign, allowed;
    itinerary_result_e           rc;
    const itinerary_record_t    *record;
    itinerary_booking_effect_t  *effect;

    foreign = c->policy.cancel_foreign && itinerary_owns(c, &c->trip.owner);

    j->cancel = all;

    for (i = 0; i < c->trip.nbookings; i++) {

        record = &c->trip.bookings[i];
        own = itinerary_owns(c, &record->owner);

        if (!all && !own) {
            continue;
        }

        allowed = own || foreign || itinerary_is_nobodys(c, &record->owner);

        if (c->operation == ITINERARY_OP_CANCEL
            || (!c->policy.replace
                && !itinerary_is_posted(c->document, &record->name)))
        {
            effect = itinerary_effect(j, &record->name, ITINERARY_CANCELLED);
            effect->allowed = allowed;

            rc = itinerary_booking_parts(pool, &record->name,
                                         &effect->source, &effect->locator);
            if (rc == ITINERARY_NOMEM) {
                return rc;
            }
        }

        if (!allowed) {
            itinerary_deny(pool, j, ITINERARY_BOOKING_NOT_OWNED, 0, 0,
                           "another supplier has a booking in the trip");
        }
    }

    return ITINERARY_OK;
}


static int
itinerary_owns(const itinerary_case_t *c, const itinerary_str_t *owner)
{
    return owner->len != 0 && itinerary_equal(owner, &c->supplier);
}


/* a trip or a booking without an owner, where the operator lets them through */

static int
itinerary_is_nobodys(const itinerary_case_t *c, const itinerary_str_t *owner)
{
    return owner->len == 0
           && c->policy.unknown_trip != ITINERARY_UNKNOWN_TRIP_DENY;
}


/* "index" is the posted booking's, from 1; 0: none */

static void
itinerary_deny(itinerary_pool_t *pool, itinerary_judgement_t *j,
    itinerary_reason_e reason, unsigned index, unsigned line,
    const char *text)
{
    char  path[ITINERARY_PATH_MAX];

    path[0] = '\0';

    if (index) {
        (void) snprintf(path, sizeof(path), "/Itinerary/Bookings/Booking[%u]",
                        index);
    }

    (void) itinerary_refuse(pool, &j->error, reason, line, path, "%s", text);
}


static itinerary_booking_effect_t *
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


static int
itinerary_is_posted(const itinerary_document_t *document,
    const itinerary_str_t *name)
{
    unsigned  i;

    for (i = 0; i < document->nbookings; i++) {
        if (itinerary_equal(&document->bookings[i].name, name)) {
            return 1;
        }
    }

    return 0;
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


itinerary_state_e
itinerary_state(const itinerary_str_t *name)
{
    unsigned  i;

    for (i = 1; i <= ITINERARY_STATE_SEEN; i++) {
        if (itinerary_equal(&itinerary_state_names[i], name)) {
            return i;
        }
    }

    return ITINERARY_STATE_NONE;
}
