
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * A note: what the answer to a write has taught, as text, with all else that
 * the registry must be told where it cannot be told now.
 */


#ifndef _ITINERARY_NOTE_H_INCLUDED_
#define _ITINERARY_NOTE_H_INCLUDED_


#include "itinerary_facts.h"


typedef struct {
    itinerary_str_t        request;   /* its id */
    itinerary_str_t        supplier;
    itinerary_str_t        at;        /* when it was answered: RFC 3339, UTC,
                                         with ms */
    itinerary_str_t        since;     /* of a CREATE: alike, when it was
                                         forwarded; else empty */
    itinerary_str_t        lease;     /* the trip whose lease it has, or
                                         empty */
    unsigned               ntouched;
    itinerary_str_t       *touched;   /* the other trips that it changes */
    unsigned               nbound;
    itinerary_str_t       *bound;     /* the sources that it has bound */
    itinerary_case_t       c;         /* of it operation, given, and the
                                         trip's id and rev */
    itinerary_judgement_t  j;         /* verdict, reason, and what becomes of
                                         the trip */
    itinerary_facts_t      facts;     /* all but what is shown */
} itinerary_note_t;


/*
 * Writes the note down: netstrings ("<length>:<bytes>,"), of which the first
 * names the format.  The text is in the pool.  ITINERARY_NOMEM.
 */

itinerary_result_e itinerary_note_write(itinerary_pool_t *pool,
    itinerary_note_t *note, itinerary_str_t *text);

/*
 * Reads it again; what is not written down is all zero.  The note's text is
 * part of "text", which must stay.  ITINERARY_REFUSED: it is no such note, or
 * not the whole of one; ITINERARY_NOMEM.
 */

itinerary_result_e itinerary_note_read(itinerary_pool_t *pool,
    const itinerary_str_t *text, itinerary_note_t *note);


#endif /* _ITINERARY_NOTE_H_INCLUDED_ */
