
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The document as it comes together while the reader walks through it.  The
 * reader says which known element begins and ends; the draft keeps its text
 * and makes of it what itinerary_document_t holds.
 */


#ifndef _ITINERARY_DRAFT_H_INCLUDED_
#define _ITINERARY_DRAFT_H_INCLUDED_


#include "itinerary.h"
#include "itinerary_element.h"
#include "itinerary_reader.h"
#include "itinerary_violations.h"


#define ITINERARY_DRAFT_TEXT_MAX  1024    /* bytes kept of one element */


typedef struct {
    itinerary_reason_e              reason;      /* of a refusal */
    const char                     *text;        /* a few words about it */

    itinerary_pool_t               *pool;
    const itinerary_reader_conf_t  *conf;
    itinerary_document_t            document;
    itinerary_violations_t          violations;

    unsigned                        allocated;   /* bookings and hashes */
    unsigned                       *hashes;      /* of the bookings' names */
    unsigned                        passengers;  /* in this booking */
    unsigned                        seen;        /* bits of the elements that
                                                    began in those open */

    unsigned                        line;        /* of the text's element */
    size_t                          len;
    u_char                          buf[ITINERARY_DRAFT_TEXT_MAX];

    unsigned                        cut:1;       /* there was more text */
    unsigned                        booking:1;   /* one is open */
    unsigned                        invalid:1;   /* the judgement lacks what it
                                                    needs */
} itinerary_draft_t;


/* the number of the booking that is open, from 1, or 0 */

#define itinerary_draft_open_booking(draft)                                  \
    ((draft)->booking ? (draft)->document.nbookings : 0)


void itinerary_draft_init(itinerary_draft_t *draft, itinerary_pool_t *pool,
    const itinerary_reader_conf_t *conf);

/* whether the element has begun before in its parent */

int itinerary_draft_has(const itinerary_draft_t *draft,
    itinerary_element_e element);

/*
 * A known element begins or ends at its place, "line" being where the parser
 * is.  ITINERARY_REFUSED: "reason" and "text" say why.
 */

itinerary_result_e itinerary_draft_begin(itinerary_draft_t *draft,
    itinerary_element_e element, unsigned line);
itinerary_result_e itinerary_draft_end(itinerary_draft_t *draft,
    itinerary_element_e element);

/* a piece of the text of the element that began last */

void itinerary_draft_text(itinerary_draft_t *draft, const u_char *data,
    size_t len);

/*
 * The path of a known element, as "/Itinerary/Bookings/Booking[2]", and of
 * its child "name" unless that is NULL.
 */

void itinerary_draft_path(const itinerary_draft_t *draft,
    itinerary_element_e element, const char *name, char *path, size_t size);


#endif /* _ITINERARY_DRAFT_H_INCLUDED_ */
