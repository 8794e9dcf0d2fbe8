
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


#include "itinerary_judgement.h"


/*
 * Fills the judgement; all it points to is in the pool, or belongs to the
 * case.  ITINERARY_REFUSED is DENY.  With no document, an UPDATE is judged by
 * the trip alone: what is refused then is refused whatever is posted.
 * Reasons, the first of which is named: ambiguous_body (a trip id in the body
 * that is not the query's trip), invalid_document, trip_not_owned,
 * booking_not_owned, booking_source_not_owned, stale_view, trip_busy.
 */

itinerary_result_e itinerary_judge(itinerary_pool_t *pool,
    const itinerary_case_t *c, itinerary_judgement_t *j);


#endif /* _ITINERARY_VERDICT_H_INCLUDED_ */
