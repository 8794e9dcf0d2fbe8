
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "itinerary_verdict.h"


#define ITINERARY_ON(operation)  (1u << (operation))

#define ITINERARY_ON_CREATE      ITINERARY_ON(ITINERARY_OP_CREATE)
#define ITINERARY_ON_UPDATE      ITINERARY_ON(ITINERARY_OP_UPDATE)
#define ITINERARY_ON_CANCEL      ITINERARY_ON(ITINERARY_OP_CANCEL)
#define ITINERARY_ON_BOOK        ITINERARY_ON(ITINERARY_OP_BOOK)
#define ITINERARY_ON_UNBOOK      ITINERARY_ON(ITINERARY_OP_CANCEL_BOOKING)

#define ITINERARY_ON_POST        (ITINERARY_ON_CREATE|ITINERARY_ON_UPDATE    \
                                  |ITINERARY_ON_BOOK)


typedef itinerary_result_e (*itinerary_rule_pt)(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);

typedef struct {
    unsigned               operations;
    itinerary_rule_pt      rule;
} itinerary_rule_t;


static itinerary_result_e itinerary_judge_ids(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);
static itinerary_result_e itinerary_judge_violations(itinerary_pool_t *pool,
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
static itinerary_result_e itinerary_judge_meant(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);
static itinerary_result_e itinerary_judge_sources(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);
static int itinerary_may_use(const itinerary_case_t *c,
    const itinerary_str_t *bound);
static itinerary_result_e itinerary_judge_stale(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);
static itinerary_result_e itinerary_judge_busy(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);
static itinerary_result_e itinerary_judge_adopted(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);
static itinerary_result_e itinerary_cancel_segments(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j, unsigned all);


/*
 * The table of effects, in the order in which reasons are named: the trip's
 * first, then those of bookings, of their sources, and of what was shown.
 * What is adopted is known when nothing has been refused.
 */

static const itinerary_rule_t  itinerary_rules[] = {

    { ITINERARY_ON_CREATE|ITINERARY_ON_UPDATE,  itinerary_judge_ids },
    { ITINERARY_ON_POST,                        itinerary_judge_violations },

    { ITINERARY_ON_CREATE|ITINERARY_ON_BOOK,    itinerary_judge_created },
    { ITINERARY_ON_UPDATE,                      itinerary_judge_fields },
    { ITINERARY_ON_CANCEL,                      itinerary_judge_cancelled },
    { ITINERARY_ON_POST,                        itinerary_judge_posted },
    { ITINERARY_ON_UPDATE,                      itinerary_judge_removed },
    { ITINERARY_ON_UPDATE,                      itinerary_judge_status },
    { ITINERARY_ON_UNBOOK,                      itinerary_judge_meant },
    { ITINERARY_ON_POST,                        itinerary_judge_sources },
    { ITINERARY_ON_UPDATE,                      itinerary_judge_stale },

    { ITINERARY_ON_UPDATE|ITINERARY_ON_CANCEL
      |ITINERARY_ON_BOOK|ITINERARY_ON_UNBOOK,   itinerary_judge_busy },
    { ITINERARY_ON_POST|ITINERARY_ON_CANCEL,    itinerary_judge_adopted }
};


itinerary_result_e
itinerary_judge(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    unsigned            i;
    itinerary_result_e  rc;

    rc = itinerary_judgement_init(pool, c, j);
    if (rc != ITINERARY_OK) {
        return rc;
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
            itinerary_deny(pool, j, ITINERARY_AMBIGUOUS_BODY,
                           "a trip id stands in the body, but the query has "
                           "no tripId");

        } else if (!itinerary_equal(&c->ids[i], &c->trip.id)) {
            itinerary_deny(pool, j, ITINERARY_AMBIGUOUS_BODY,
                           "the trip id in the body is not the query's trip");
        }
    }

    return ITINERARY_OK;
}


/*
 * the document breaks a rule; what the supplier was shown so may come back so,
 * since answers lack what posts require
 */

static itinerary_result_e
itinerary_judge_violations(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    unsigned                      i, n, nbookings;
    const itinerary_violation_t  *v;

    if (c->document == NULL || c->document->nviolations == 0) {
        return ITINERARY_OK;
    }

    n = 0;
    nbookings = 0;

    for (i = 0; i < c->document->nbookings; i++) {
        nbookings += c->document->bookings[i].nviolations;

        if (itinerary_echo_booking(c, i) != ITINERARY_ECHO) {
            n += c->document->bookings[i].nviolations;
        }
    }

    if (itinerary_echo_fields(c) != ITINERARY_ECHO) {
        n += c->document->nviolations - nbookings;
    }

    if (n == 0) {
        return ITINERARY_OK;
    }

    for (v = c->document->violations; v && n; v = v->next) {

        if ((v->booking ? itinerary_echo_booking(c, v->booking - 1)
                        : itinerary_echo_fields(c))
            == ITINERARY_ECHO)
        {
            continue;
        }

        /* the last detail says what is left out */

        if (n > 1 && j->error.ndetails >= ITINERARY_DETAILS_MAX - 1) {
            break;
        }

        (void) itinerary_refuse(pool, &j->error, ITINERARY_INVALID_DOCUMENT,
                                v->line, v->path, "%s", v->text);
        n--;
    }

    if (n) {
        (void) itinerary_refuse(pool, &j->error, ITINERARY_INVALID_DOCUMENT,
                                0, "", "%u more are not listed", n);
    }

    return ITINERARY_OK;
}


/*
 * trip created: always allowed; the answer shows whether it is a new one,
 * unless the post names a trip that was there (audit mode).  A trip that is
 * made for a booking cannot be told from an old one.
 */

static itinerary_result_e
itinerary_judge_created(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    (void) pool;

    j->create = c->operation == ITINERARY_OP_CREATE && c->nids == 0;
    j->record = 1;

    return ITINERARY_OK;
}


/*
 * trip fields changed, unless they are what the supplier was last shown: the
 * supplier created the trip
 */

static itinerary_result_e
itinerary_judge_fields(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    itinerary_echo_e  echo;

    j->record = c->trip.known;

    if (c->document) {
        echo = itinerary_echo_fields(c);

    } else {

        /* anything that was shown may come back */

        echo = c->view.known ? ITINERARY_ECHO : ITINERARY_NO_ECHO;
    }

    j->echo = echo == ITINERARY_ECHO;

    if (echo != ITINERARY_NO_ECHO         /* a stale one is refused below */
        || itinerary_owns(c, &c->trip.owner)
        || itinerary_is_nobodys(c, &c->trip.owner))
    {
        return ITINERARY_OK;
    }

    itinerary_deny(pool, j, ITINERARY_TRIP_NOT_OWNED,
                   "only the supplier that created the trip may change its "
                   "fields; another sends them back as it was shown them");

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

    itinerary_deny(pool, j, ITINERARY_TRIP_NOT_OWNED,
                   "only the supplier that created the trip, or one that has "
                   "an active booking in it, may cancel it");

    return ITINERARY_OK;
}


/*
 * booking added: always; booking changed, unless it is what the supplier was
 * last shown of it: the supplier created it
 */

static itinerary_result_e
itinerary_judge_posted(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    unsigned                     i, own;
    itinerary_echo_e             echo;
    const itinerary_record_t    *record;
    const itinerary_booking_t   *booking;
    itinerary_booking_effect_t  *effect;

    if (c->document == NULL) {
        return ITINERARY_OK;
    }

    for (i = 0; i < c->document->nbookings; i++) {

        booking = &c->document->bookings[i];
        record = &c->records[i];
        own = itinerary_owns(c, &record->owner);
        echo = itinerary_echo_booking(c, i);

        effect = itinerary_effect(j, &booking->name, ITINERARY_CHANGED);
        effect->source = booking->source;
        effect->locator = booking->locator;
        effect->trip = record->trip;

        /* what was shown was there, even if it has lost its record */

        if (record->state == ITINERARY_STATE_NONE && record->shown.len == 0) {
            effect->effect = ITINERARY_ADDED;
            effect->claim = 1;
            effect->take = 1;
            continue;
        }

        /*
         * What is in doubt is claimed again, by this request; what was
         * cancelled may be there again, whatever becomes of this request.
         */

        effect->claim = own
                        && (record->state == ITINERARY_STATE_PENDING
                            || (record->state == ITINERARY_STATE_CANCELLED
                                && echo != ITINERARY_ECHO));

        if (echo == ITINERARY_ECHO && !effect->claim) {
            effect->effect = ITINERARY_ECHOED;
            continue;
        }

        if (own) {
            effect->take = 1;
            continue;
        }

        /* refused below, even where nobody's may be changed */

        if (itinerary_is_stale(c, &record->owner, echo)) {
            effect->allowed = 0;
            continue;
        }

        if (itinerary_is_free(c, j, &booking->name, &record->owner)) {
            continue;
        }

        effect->allowed = 0;

        itinerary_deny_booking(pool, c, j, ITINERARY_BOOKING_NOT_OWNED, i,
                               "only the supplier that created the booking "
                               "may change it");
    }

    return ITINERARY_OK;
}


/* booking removed, since the document replaces the trip */

static itinerary_result_e
itinerary_judge_removed(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    unsigned                     i;
    const itinerary_record_t    *record;
    itinerary_booking_effect_t  *effect;

    if (c->document == NULL || !c->policy.replace) {
        return ITINERARY_OK;
    }

    for (i = 0; i < c->trip.nbookings; i++) {

        record = &c->trip.bookings[i];

        if (itinerary_is_posted(j, &record->name)
            || itinerary_is_gone(c, record))
        {
            continue;
        }

        effect = itinerary_effect_recorded(pool, j, record,
                                           ITINERARY_REMOVED);
        if (effect == NULL) {
            return ITINERARY_NOMEM;
        }

        if (itinerary_owns(c, &record->owner)
            || itinerary_is_free(c, j, &record->name, &record->owner))
        {
            continue;
        }

        effect->allowed = 0;

        itinerary_deny(pool, j, ITINERARY_BOOKING_NOT_OWNED,
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
    if (c->document == NULL || !itinerary_is_cancelling(c)) {
        return ITINERARY_OK;
    }

    /* that the trip is the supplier's has been judged with its fields */

    return itinerary_cancel_segments(pool, c, j, 1);
}


/* booking cancelled: the supplier created all that the number may mean */

static itinerary_result_e
itinerary_judge_meant(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    unsigned                     i;
    itinerary_str_t              nobody;
    const itinerary_record_t    *record;
    itinerary_booking_effect_t  *effect;

    j->record = c->trip.known;

    for (i = 0; i < c->nmeant; i++) {

        record = &c->meant[i];

        if (record->state == ITINERARY_STATE_NONE) {
            continue;
        }

        effect = itinerary_effect_recorded(pool, j, record,
                                           ITINERARY_CANCELLED);
        if (effect == NULL) {
            return ITINERARY_NOMEM;
        }

        effect->trip = record->trip;
        effect->allowed = itinerary_owns(c, &record->owner)
                          || itinerary_is_free(c, j, &record->name,
                                               &record->owner);

        if (!effect->allowed) {
            itinerary_deny(pool, j, ITINERARY_BOOKING_NOT_OWNED,
                           "only the supplier that created the booking may "
                           "cancel it");
        }
    }

    nobody.len = 0;

    /* a number that is not known is not that of another's source */

    if (c->vague
        || (j->neffects == 0
            && (!itinerary_is_nobodys(c, &nobody)
                || (c->nmeant
                    && !itinerary_may_use(c, &c->meant[0].bound)))))
    {
        itinerary_deny(pool, j, ITINERARY_BOOKING_NOT_OWNED,
                       c->vague ? "the number may mean too many bookings: "
                                  "name the booking's record locator"
                                : "only the supplier that created the "
                                  "booking may cancel it");
    }

    return ITINERARY_OK;
}


/* booking sources: nobody posts under that of another supplier */

static itinerary_result_e
itinerary_judge_sources(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    unsigned                     i;
    const itinerary_str_t       *bound;
    itinerary_booking_effect_t  *effect;

    if (c->document == NULL
        || c->policy.booking_source == ITINERARY_BOOKING_SOURCE_ANY)
    {
        return ITINERARY_OK;
    }

    /* the effects of what is posted come first, in the document's order */

    for (i = 0; i < c->document->nbookings; i++) {

        effect = &j->effects[i];
        bound = &c->records[i].bound;

        if (effect->effect == ITINERARY_ECHOED
            || itinerary_is_stale(c, &c->records[i].owner,
                                  itinerary_echo_booking(c, i)))
        {
            continue;
        }

        if (c->policy.booking_source == ITINERARY_BOOKING_SOURCE_CLAIM
            && (bound->len == 0 || itinerary_owns(c, bound)))
        {
            /* one that is the supplier's may be so for another post only */

            effect->bind = effect->claim;
            continue;
        }

        if (itinerary_owns(c, bound)) {
            continue;
        }

        itinerary_effect_withhold(effect);

        itinerary_deny_booking(pool, c, j, ITINERARY_BOOKING_SOURCE_NOT_OWNED,
                               i, "only the supplier that the booking source "
                               "belongs to may post under it");
    }

    return ITINERARY_OK;
}


/* a source that is another supplier's is out of bounds, unless none is */

static int
itinerary_may_use(const itinerary_case_t *c, const itinerary_str_t *bound)
{
    return bound->len == 0 || itinerary_owns(c, bound)
           || c->policy.booking_source == ITINERARY_BOOKING_SOURCE_ANY;
}


/* what is sent back unchanged would undo what others have written since */

static itinerary_result_e
itinerary_judge_stale(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    unsigned  i;

    if (c->document == NULL) {
        return ITINERARY_OK;
    }

    if (itinerary_is_stale(c, &c->trip.owner, itinerary_echo_fields(c))) {
        itinerary_deny(pool, j, ITINERARY_STALE_VIEW,
                       "get the trip again, and send back its fields as they "
                       "are then");
    }

    for (i = 0; i < c->document->nbookings; i++) {

        if (itinerary_is_stale(c, &c->records[i].owner,
                               itinerary_echo_booking(c, i)))
        {
            itinerary_deny_booking(pool, c, j, ITINERARY_STALE_VIEW, i,
                                   "get the trip again, and send back the "
                                   "booking as it is then");
        }
    }

    return ITINERARY_OK;
}


/* two writes to one trip never overlap */

static itinerary_result_e
itinerary_judge_busy(itinerary_pool_t *pool, const itinerary_case_t *c,
    itinerary_judgement_t *j)
{
    if (c->trip.busy) {
        itinerary_deny(pool, j, ITINERARY_TRIP_BUSY,
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

    if ((ITINERARY_ON(c->operation)
         & (ITINERARY_ON_UPDATE|ITINERARY_ON_CANCEL))
        && c->trip.owner.len == 0)
    {
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
    const itinerary_record_t    *record;
    itinerary_booking_effect_t  *effect;

    foreign = c->policy.cancel_foreign && itinerary_owns(c, &c->trip.owner);

    j->cancel = all;

    for (i = 0; i < c->trip.nbookings; i++) {

        record = &c->trip.bookings[i];
        own = itinerary_owns(c, &record->owner);

        if ((!all && !own) || itinerary_is_gone(c, record)) {
            continue;
        }

        allowed = own || foreign
                  || itinerary_is_free(c, j, &record->name, &record->owner);

        if (c->operation == ITINERARY_OP_CANCEL
            || (!c->policy.replace
                && !itinerary_is_posted(j, &record->name)))
        {
            effect = itinerary_effect_recorded(pool, j, record,
                                               ITINERARY_CANCELLED);
            if (effect == NULL) {
                return ITINERARY_NOMEM;
            }

            effect->allowed = allowed;
        }

        if (!allowed) {
            itinerary_deny(pool, j, ITINERARY_BOOKING_NOT_OWNED,
                           "another supplier has a booking in the trip");
        }
    }

    return ITINERARY_OK;
}
