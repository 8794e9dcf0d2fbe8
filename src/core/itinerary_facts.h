
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The facts: what the API's answer teaches, as a pure function of the case,
 * its judgement and the answer.
 */


#ifndef _ITINERARY_FACTS_H_INCLUDED_
#define _ITINERARY_FACTS_H_INCLUDED_


#include "itinerary_verdict.h"


typedef enum {
    ITINERARY_FACT_OWN = 0,   /* is the supplier's, active */
    ITINERARY_FACT_RENAMED,   /* the same, but the trip shows another name */
    ITINERARY_FACT_SEEN,      /* is in the trip, whoever created it */
    ITINERARY_FACT_CANCELLED, /* has no segments any more */
    ITINERARY_FACT_REMOVED    /* is not in the trip any more */
} itinerary_fact_e;

/*
 * A booking that is shown under another name is OWN by that one, and CANCELLED
 * with its trip, if that name is nobody else's on record: "renamed" is then the
 * RENAMED fact, from 1.
 */

typedef struct {
    itinerary_str_t        name;
    itinerary_fact_e       fact;
    unsigned               renamed;
    unsigned               alive:1;  /* it has segments */
} itinerary_booking_fact_t;

/* a confirmation number that stands for a booking, under its source */

typedef struct itinerary_number_s  itinerary_number_t;

struct itinerary_number_s {
    itinerary_number_t    *next;
    itinerary_str_t        source;
    itinerary_str_t        number;
    itinerary_str_t        locator;
};

typedef struct {
    unsigned                   nids;
    itinerary_str_t            ids[3];  /* ids of the trip, each once: of
                                           ItinLocator, TripId and id, those
                                           that are trip ids */
    unsigned                   nbookings;
    itinerary_booking_fact_t  *bookings;
    unsigned                   nnumbers;
    itinerary_number_t        *numbers;
    const itinerary_document_t
                              *shown;   /* the trip as the supplier sees it
                                           now, or NULL */
    unsigned                   merged:1;      /* a create went into a trip that
                                                 was there */
    unsigned                   overreached:1; /* a partial cancel took another
                                                 supplier's booking */
} itinerary_facts_t;


/*
 * Facts come in order: a booking that becomes the supplier's in a trip that is
 * cancelled is OWN, and then CANCELLED.  What was forwarded without being
 * allowed (audit mode) gives nobody a booking, but cancels and removes.
 *
 * ITINERARY_REFUSED: the answer names no trip, so that nothing can be learnt
 * of it (the outcome is in doubt); the booking resource may answer with a
 * booking or a segment alone.  "answer" is what the reader made of a 2xx
 * answer; to a READ, whose judgement is all zero, of one with the details of
 * the trip.  ITINERARY_NOMEM: of bookings nothing was learnt.  Everything is in
 * the pool, or belongs to the arguments.
 */

itinerary_result_e itinerary_learn(itinerary_pool_t *pool,
    const itinerary_case_t *c, const itinerary_judgement_t *j,
    const itinerary_document_t *answer, itinerary_facts_t *facts);

/*
 * The same where nobody knows what became of the write: the numbers that were
 * posted with the supplier's bookings, and nothing else.  ITINERARY_NOMEM:
 * some are missing; those that are there may be used.
 */

itinerary_result_e itinerary_learn_doubt(itinerary_pool_t *pool,
    const itinerary_case_t *c, const itinerary_judgement_t *j,
    itinerary_facts_t *facts);


#endif /* _ITINERARY_FACTS_H_INCLUDED_ */
