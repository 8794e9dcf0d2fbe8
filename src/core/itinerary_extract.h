
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The extract of a document while the reader walks through it: the digests of
 * its bookings, and of the trip's own fields, which is everything else but the
 * ids.  What stands among the bookings and is none has no place in either: the
 * digest of the fields cannot be told then.
 */


#ifndef _ITINERARY_EXTRACT_H_INCLUDED_
#define _ITINERARY_EXTRACT_H_INCLUDED_


#include "itinerary.h"
#include "itinerary_digest.h"
#include "itinerary_element.h"
#include "itinerary_reader.h"
#include "itinerary_tag.h"


/* all zero: nothing was read yet */

typedef struct {
    itinerary_digest_t     trip;
    itinerary_digest_t     booking;
    unsigned               skipped;     /* elements that are open in an id */
    unsigned               booked;      /* elements that are open in a booking,
                                           itself included */
} itinerary_extract_t;


void itinerary_extract_destroy(itinerary_extract_t *extract);

/*
 * An element begins or ends, below "parent".  Ending sets the digests of the
 * document; ITINERARY_NOMEM: no memory.
 */

void itinerary_extract_start(itinerary_extract_t *extract,
    itinerary_element_e parent, itinerary_element_e element,
    const itinerary_tag_t *tag);
itinerary_result_e itinerary_extract_end(itinerary_extract_t *extract,
    itinerary_element_e parent, itinerary_element_e element,
    itinerary_pool_t *pool, itinerary_document_t *document);

/* a piece of text in the element */

void itinerary_extract_text(itinerary_extract_t *extract,
    itinerary_element_e element, const u_char *data, size_t len);


#endif /* _ITINERARY_EXTRACT_H_INCLUDED_ */
