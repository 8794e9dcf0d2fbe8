
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The verdict: one pure function from what is asked, who asks, what is posted
 * and what the registry knows, to what may happen.  It is the table of
 * effects and rights; nothing else in the product decides about a right.
 */


#ifndef _ITINERARY_VERDICT_H_INCLUDED_
#define _ITINERARY_VERDICT_H_INCLUDED_


#include "itinerary.h"
#include "itinerary_operation.h"
#include "itinerary_reader.h"


typedef enum {
    ITINERARY_UNKNOWN_TRIP_DENY = 0,
    ITINERARY_UNKNOWN_TRIP_ADOPT,
    ITINERARY_UNKNOWN_TRIP_ALLOW
} itinerary_unknown_trip_e;

typedef struct {
    itinerary_unknown_trip_e  unknown_trip;
    unsigned                  replace:1;         /* a missing booking is
                                                    removed */
    unsigned                  cancel_foreign:1;  /* a creator's cancel may
                                                    reach others' bookings */
} itinerary_policy_t;


typedef enum {
    ITINERARY_STATE_NONE = 0,   /* not in the registry, or not asked */
    ITINERARY_STATE_PENDING,
    ITINERARY_STATE_ACTIVE,
    ITINERARY_STATE_CANCELLED,
    ITINERARY_STATE_SEEN        /* known from an answer, nobody's on record */
} itinerary_state_e;

/* what the registry knows of a booking */

typedef struct {
    itinerary_str_t        name;      /* as in keys */
    itinerary_str_t        owner;     /* empty: none on record */
    itinerary_state_e      state;
} itinerary_record_t;

/*
 * What the registry knows of the trip; all zero: nothing.  "bookings" are
 * those on record as active, pending or seen in it; a state that was not
 * asked for is NONE.
 */

typedef struct {
    itinerary_str_t        id;        /* after aliases */
    itinerary_str_t        owner;     /* empty: no creator on record */
    unsigned               nbookings;
    itinerary_record_t    *bookings;
    unsigned               known:1;
    unsigned               busy:1;    /* another write is under way */
} itinerary_trip_t;

typedef struct {
    itinerary_operation_e        operation;
    itinerary_str_t              supplier;
    itinerary_policy_t           policy;
    itinerary_trip_t             trip;
    unsigned                     nids;     /* of ids[] */
    itinerary_str_t              ids[3];   /* trips that the ids in the body
                                              stand for, after aliases */
    const itinerary_document_t  *document; /* NULL: none, or not read yet */
    const itinerary_record_t    *records;  /* of the document's bookings, in
                                              its order */
} itinerary_case_t;


typedef enum {
    ITINERARY_ALLOW = 0,
    ITINERARY_PARTIAL,
    ITINERARY_DENY
} itinerary_verdict_e;

typedef enum {
    ITINERARY_ADDED = 0,
    ITINERARY_CHANGED,
    ITINERARY_REMOVED,
    ITINERARY_CANCELLED
} itinerary_effect_e;

typedef struct {
    itinerary_str_t        source;
    itinerary_str_t        locator;
    itinerary_str_t        name;
    itinerary_effect_e     effect;
    unsigned               allowed:1;
    unsigned               claim:1;  /* to be claimed before it is forwarded */
    unsigned               take:1;   /* the supplier's, once it is answered */
} itinerary_booking_effect_t;

typedef struct {
    itinerary_verdict_e          verdict;
    itinerary_error_t            error;     /* reason and details of DENY */
    unsigned                     neffects;
    itinerary_booking_effect_t  *effects;   /* of bookings */
    unsigned                     create:1;  /* once answered, the supplier is
                                               the creator of the trip, unless
                                               it has one; never by adopting
                                               what is denied */
    unsigned                     record:1;  /* what happens in the trip goes
                                               to the trip's record */
    unsigned                     cancel:1;  /* the whole trip is cancelled */
} itinerary_judgement_t;


/*
 * Fills the judgement; all it points to is in the pool, or belongs to the
 * case.  ITINERARY_REFUSED is DENY.  With no document, an UPDATE is judged by
 * the trip alone: what is refused then is refused whatever is posted.
 * Reasons, the first of which is named: ambiguous_body (a trip id in the body
 * that is not the query's trip), trip_not_owned, booking_not_owned,
 * trip_busy.
 */

itinerary_result_e itinerary_judge(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);

/* "allow", "partial", "deny" */

const itinerary_str_t *itinerary_verdict_name(itinerary_verdict_e verdict);

/* "added", "changed", "removed", "cancelled" */

const itinerary_str_t *itinerary_effect_name(itinerary_effect_e effect);

/* the state of that name in the registry; NONE where there is no such */

itinerary_state_e itinerary_state(const itinerary_str_t *name);


#endif /* _ITINERARY_VERDICT_H_INCLUDED_ */
