
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The violations of a document, in its order: the draft, the rules and the
 * schema add theirs while the reader walks through it.
 */


#ifndef _ITINERARY_VIOLATIONS_H_INCLUDED_
#define _ITINERARY_VIOLATIONS_H_INCLUDED_


#include "itinerary.h"
#include "itinerary_reader.h"


typedef struct {
    itinerary_pool_t       *pool;
    itinerary_document_t   *document;
    itinerary_violation_t  *last;
    unsigned                stored;
} itinerary_violations_t;


void itinerary_violations_init(itinerary_violations_t *violations,
    itinerary_pool_t *pool, itinerary_document_t *document);

/*
 * Adds a violation in the booking of this number, from 1, or in none: at the
 * end where "after" is NULL, else behind *after, which is then the new one.
 * *after is what "last" was once, NULL before all of them; those that were
 * added since must have been added at the end, or behind a later one.
 *
 * Where no more can be stored, the last one gives way; it is counted still.
 * ITINERARY_NOMEM: no memory.
 */

itinerary_result_e itinerary_violate(itinerary_violations_t *violations,
    itinerary_violation_t **after, unsigned booking, unsigned line,
    const char *path, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* refuses the document for all of them; returns ITINERARY_REFUSED */

itinerary_result_e itinerary_violations_refuse(
    const itinerary_violations_t *violations, itinerary_error_t *error);


#endif /* _ITINERARY_VIOLATIONS_H_INCLUDED_ */
