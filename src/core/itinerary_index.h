
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * An index of texts that stand in an array: which of its elements have a given
 * text.  A trip, a document and an answer may each have many thousands of
 * bookings, and to compare each with each would hold up a worker.
 */


#ifndef _ITINERARY_INDEX_H_INCLUDED_
#define _ITINERARY_INDEX_H_INCLUDED_


#include "itinerary.h"


#define ITINERARY_INDEX_NONE  ((unsigned) -1)


/* all zero: an index of nothing */

typedef struct {
    const u_char          *texts;   /* that of the first element */
    size_t                 size;    /* of an element */
    unsigned               mask;
    unsigned              *slots;   /* the first element of each chain */
    unsigned              *next;    /* of each element in its chain */
} itinerary_index_t;


/*
 * Indexes "n" elements of that size; "text" is the first one's.  The array is
 * borrowed, and must not change.
 */

itinerary_result_e itinerary_index(itinerary_pool_t *pool,
    itinerary_index_t *index, const itinerary_str_t *text, size_t size,
    unsigned n);

/*
 * The first element with that text, and the next one with the text of that
 * element, in the order of the array; or ITINERARY_INDEX_NONE.
 */

unsigned itinerary_index_first(const itinerary_index_t *index,
    const itinerary_str_t *text);
unsigned itinerary_index_next(const itinerary_index_t *index, unsigned i);


#endif /* _ITINERARY_INDEX_H_INCLUDED_ */
