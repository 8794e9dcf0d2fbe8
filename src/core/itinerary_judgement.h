
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The judgement: what a verdict decides, and how it is put down.
 */


#ifndef _ITINERARY_JUDGEMENT_H_INCLUDED_
#define _ITINERARY_JUDGEMENT_H_INCLUDED_


#include "itinerary_case.h"
#include "itinerary_index.h"


typedef enum {
    ITINERARY_ALLOW = 0,
    ITINERARY_PARTIAL,
    ITINERARY_DENY
} itinerary_verdict_e;

typedef enum {
    ITINERARY_ADDED = 0,
    ITINERARY_CHANGED,
    ITINERARY_ECHOED,           /* as the supplier was shown it: no change */
    ITINERARY_REMOVED,
    ITINERARY_CANCELLED
} itinerary_effect_e;

typedef struct {
    itinerary_str_t        source;
    itinerary_str_t        locator;
    itinerary_str_t        name;
    itinerary_str_t        trip;     /* that it was in, or empty */
    itinerary_effect_e     effect;
    unsigned               allowed:1;
    unsigned               claim:1;  /* to be claimed before it is forwarded */
    unsigned               bind:1;   /* its source, too */
    unsigned               take:1;   /* the supplier's, once it is answered */
} itinerary_booking_effect_t;

typedef struct {
    itinerary_verdict_e          verdict;
    itinerary_error_t            error;     /* reason and details of DENY */
    unsigned                     neffects;
    itinerary_booking_effect_t  *effects;   /* of bookings */
    itinerary_index_t            posted;    /* their names, if the trip has
                                               any on record */
    itinerary_index_t            others;    /* locators of other suppliers' in
                                               the trip, if what is nobody's
                                               may be changed */
    unsigned                     create:1;  /* once answered, the supplier is
                                               the creator of the trip, unless
                                               it has one; never by adopting
                                               what is denied */
    unsigned                     record:1;  /* what happens in the trip goes
                                               to the trip's record */
    unsigned                     cancel:1;  /* the whole trip is cancelled */
    unsigned                     echo:1;    /* the trip's own fields are as the
                                               supplier was shown them */
} itinerary_judgement_t;


/*
 * All zero, with room for every effect that the case can have: one for each
 * booking that is posted, on record in the trip, or meant.
 */

itinerary_result_e itinerary_judgement_init(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);

/* whether a booking of that name, on record in the trip, is posted */

int itinerary_is_posted(const itinerary_judgement_t *j,
    const itinerary_str_t *name);

/*
 * Whether a booking of that name has no owner, and the operator lets that
 * through.  One that has the record locator of another supplier's booking in
 * the trip may be that, under a source that the API has given it: it is not
 * nobody's.
 */

int itinerary_is_free(const itinerary_case_t *c,
    const itinerary_judgement_t *j, const itinerary_str_t *name,
    const itinerary_str_t *owner);

/* the next effect, allowed so far */

itinerary_booking_effect_t *itinerary_effect(itinerary_judgement_t *j,
    const itinerary_str_t *name, itinerary_effect_e effect);

/*
 * The same, with source and locator from a name that the registry holds; one
 * that it should not hold leaves them empty.  NULL: memory ran out.
 */

itinerary_booking_effect_t *itinerary_effect_recorded(
    itinerary_pool_t *pool, itinerary_judgement_t *j,
    const itinerary_record_t *record, itinerary_effect_e effect);

/* what is not allowed gives the supplier nothing, even if it is forwarded */

void itinerary_effect_withhold(itinerary_booking_effect_t *effect);

/* a reason, and a detail; of the i-th posted booking */

void itinerary_deny(itinerary_pool_t *pool, itinerary_judgement_t *j,
    itinerary_reason_e reason, const char *text);
void itinerary_deny_booking(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j,
    itinerary_reason_e reason, unsigned i, const char *text);

/* "allow", "partial", "deny" */

const itinerary_str_t *itinerary_verdict_name(itinerary_verdict_e verdict);

/* "added", "changed", "echoed", "removed", "cancelled" */

const itinerary_str_t *itinerary_effect_name(itinerary_effect_e effect);


#endif /* _ITINERARY_JUDGEMENT_H_INCLUDED_ */
