
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The byte guard: a small lexer that sees every byte before libxml2 does.
 * It refuses what libxml2 would read but nobody should have to (document
 * types, other encodings than UTF-8), and what costs libxml2 quadratic time.
 * It does not check that a document is well-formed: whatever it takes for
 * markup in another place than libxml2, libxml2 refuses.
 */


#ifndef _ITINERARY_GUARD_H_INCLUDED_
#define _ITINERARY_GUARD_H_INCLUDED_


#include "itinerary.h"
#include "itinerary_opening.h"
#include "itinerary_reader.h"


#define ITINERARY_SECTION_MAX  (64 * 1024)    /* bytes in a comment, a CDATA
                                                 section or a PI */


typedef enum {
    ITINERARY_GUARD_OPENING = 0,
    ITINERARY_GUARD_TEXT,
    ITINERARY_GUARD_OPEN,          /* after "<" */
    ITINERARY_GUARD_BANG,          /* after "<!" */
    ITINERARY_GUARD_START_TAG,
    ITINERARY_GUARD_VALUE,         /* in a quoted value of a start tag */
    ITINERARY_GUARD_END_TAG,
    ITINERARY_GUARD_COMMENT,
    ITINERARY_GUARD_CDATA,
    ITINERARY_GUARD_PI
} itinerary_guard_state_e;

typedef struct {
    itinerary_reason_e       reason;      /* of the refusal */
    const char              *text;        /* a few words about it */

    itinerary_guard_state_e  state;
    unsigned                 depth;       /* elements that are open */
    unsigned                 attributes;  /* of this tag */
    size_t                   size;        /* of this markup, so far */
    unsigned                 matched;     /* bytes of "-->", "]]>", "?>",
                                             "<!--" or "<![CDATA[" */
    u_char                   quote;       /* around this value */
    u_char                   last;        /* the tag's byte before this one */

    itinerary_opening_t      opening;
} itinerary_guard_t;


void itinerary_guard_init(itinerary_guard_t *guard,
    itinerary_charset_e charset);

/*
 * Returns how many bytes of the piece libxml2 may see; when not all of them,
 * "reason" and "text" say why, and the guard must not be fed again.
 */

size_t itinerary_guard_feed(itinerary_guard_t *guard, const u_char *data,
    size_t len);

/* ends the document; returns "reason" */

itinerary_reason_e itinerary_guard_finish(itinerary_guard_t *guard);


#endif /* _ITINERARY_GUARD_H_INCLUDED_ */
