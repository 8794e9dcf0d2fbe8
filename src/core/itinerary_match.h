
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The match: which booking of the request, and which on record in its trip,
 * a booking of the API's answer is.
 */


#ifndef _ITINERARY_MATCH_H_INCLUDED_
#define _ITINERARY_MATCH_H_INCLUDED_


#include "itinerary_judgement.h"
#include "itinerary_index.h"


typedef struct {
    const itinerary_case_t             *c;
    const itinerary_judgement_t        *j;
    const itinerary_document_t         *answer;
    const itinerary_booking_effect_t  **effects;   /* of the answer's bookings;
                                                      NULL: none of the
                                                      request is it */
    itinerary_index_t                   listed;    /* names in the trip, */
    itinerary_index_t                   placed;    /* locators of them, for
                                                      a cancel, */
    itinerary_index_t                   named;     /* of the effects, */
    itinerary_index_t                   located;   /* locators of them, */
    itinerary_index_t                   shown;     /* names in the answer, */
    itinerary_index_t                   answered;  /* and locators */
} itinerary_match_t;


/*
 * A booking of the answer is that of the request which has its name, else that
 * which has its locator, where only one on each side has it: the API may
 * rename sources.  ITINERARY_NOMEM, or ITINERARY_OK.
 */

itinerary_result_e itinerary_match(itinerary_pool_t *pool,
    const itinerary_case_t *c, const itinerary_judgement_t *j,
    const itinerary_document_t *answer, itinerary_match_t *match);

/* the booking of that name in the answer, one with segments first; or NULL */

const itinerary_booking_t *itinerary_match_shown(
    const itinerary_match_t *match, const itinerary_str_t *name);

/* the booking of that name on record in the trip, or NULL */

const itinerary_record_t *itinerary_match_listed(
    const itinerary_match_t *match, const itinerary_str_t *name);

/*
 * After a cancel: the booking on record in the trip that the answer shows under
 * another source, by its locator, where only one on each side has it; or NULL.
 */

const itinerary_record_t *itinerary_match_renamed(
    const itinerary_match_t *match, const itinerary_booking_t *booking);


#endif /* _ITINERARY_MATCH_H_INCLUDED_ */
