
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The case: what is asked, who asks, what is posted, what the registry knows
 * of it and what the operator wants; and the questions that a verdict puts to
 * it, whose answers are no decisions.
 */


#ifndef _ITINERARY_CASE_H_INCLUDED_
#define _ITINERARY_CASE_H_INCLUDED_


#include <stdint.h>

#include "itinerary.h"
#include "itinerary_operation.h"
#include "itinerary_reader.h"


typedef enum {
    ITINERARY_UNKNOWN_TRIP_DENY = 0,
    ITINERARY_UNKNOWN_TRIP_ADOPT,
    ITINERARY_UNKNOWN_TRIP_ALLOW
} itinerary_unknown_trip_e;

typedef enum {
    ITINERARY_BOOKING_SOURCE_CLAIM = 0,   /* is bound to who claims it first */
    ITINERARY_BOOKING_SOURCE_REGISTERED,  /* must be bound */
    ITINERARY_BOOKING_SOURCE_ANY
} itinerary_booking_source_e;

typedef struct {
    itinerary_unknown_trip_e    unknown_trip;
    itinerary_booking_source_e  booking_source;
    unsigned                    replace:1;         /* a missing booking is
                                                      removed */
    unsigned                    cancel_foreign:1;  /* a creator's cancel may
                                                      reach others' bookings */
} itinerary_policy_t;


typedef enum {
    ITINERARY_STATE_NONE = 0,   /* not in the registry, or not asked */
    ITINERARY_STATE_PENDING,
    ITINERARY_STATE_ACTIVE,
    ITINERARY_STATE_CANCELLED,
    ITINERARY_STATE_SEEN        /* known from an answer, nobody's on record */
} itinerary_state_e;

/* what the registry knows of a booking; text is empty where it was not asked */

typedef struct {
    itinerary_str_t        name;      /* as in keys */
    itinerary_str_t        owner;     /* empty: none on record */
    itinerary_str_t        trip;      /* in which it was last seen */
    itinerary_str_t        bound;     /* to whom its source is bound */
    itinerary_str_t        shown;     /* its digest in the supplier's view of
                                         the trip; empty: it is not in it */
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
    int64_t                rev;       /* counts the writes to the trip */
    unsigned               nbookings;
    itinerary_record_t    *bookings;
    unsigned               known:1;
    unsigned               busy:1;    /* another write is under way */
} itinerary_trip_t;

/*
 * What the supplier was last shown of the trip; all zero: nothing.  What it
 * was shown of the bookings stands in their records.
 */

typedef struct {
    int64_t                rev;       /* the trip's, as it was shown */
    itinerary_str_t        digest;    /* of the trip's own fields */
    unsigned               known:1;
} itinerary_view_t;

typedef struct {
    itinerary_operation_e        operation;
    itinerary_str_t              supplier;
    itinerary_policy_t           policy;
    itinerary_trip_t             trip;
    itinerary_view_t             view;
    unsigned                     nids;     /* of ids[] */
    itinerary_str_t              ids[3];   /* trips that the ids in the body
                                              stand for, after aliases */
    const itinerary_document_t  *document; /* NULL: none, or not read yet */
    const itinerary_record_t    *records;  /* of the document's bookings, in
                                              its order */
    unsigned                     nmeant;
    const itinerary_record_t    *meant;    /* the bookings that the number of
                                              a CANCEL_BOOKING may mean, known
                                              or not */
    unsigned                     vague:1;  /* it may mean others, too */
    unsigned                     given:1;  /* the client has named the trip */
} itinerary_case_t;


/* how what is posted compares with what the supplier was last shown of it */

typedef enum {
    ITINERARY_NO_ECHO = 0,
    ITINERARY_ECHO,
    ITINERARY_STALE_ECHO    /* the same, but the trip was written to since */
} itinerary_echo_e;


/* whether that owner, of a trip, a booking or a source, is the supplier */

int itinerary_owns(const itinerary_case_t *c, const itinerary_str_t *owner);

/* whether there is no owner, and the operator lets that through */

int itinerary_is_nobodys(const itinerary_case_t *c,
    const itinerary_str_t *owner);

/*
 * Of the trip's own fields, and of the i-th posted booking.  Only an update
 * sends back what its supplier was shown.
 */

itinerary_echo_e itinerary_echo_fields(const itinerary_case_t *c);
itinerary_echo_e itinerary_echo_booking(const itinerary_case_t *c, unsigned i);

/* whether such an echo would undo what others have written since */

int itinerary_is_stale(const itinerary_case_t *c, const itinerary_str_t *owner,
    itinerary_echo_e echo);

/*
 * Whether another supplier's booking of the trip is not in it any more: the
 * API has shown the trip without it, and nobody has written to it since.
 */

int itinerary_is_gone(const itinerary_case_t *c,
    const itinerary_record_t *record);

/* whether the update sets the status that cancels the whole trip */

int itinerary_is_cancelling(const itinerary_case_t *c);

/* the state of that name in the registry; NONE where there is no such */

itinerary_state_e itinerary_state(const itinerary_str_t *name);


#endif /* _ITINERARY_CASE_H_INCLUDED_ */
