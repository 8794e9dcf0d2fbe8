
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * How a document begins: the byte order mark and the XML declaration, which
 * settle the version and the encoding.  They are gathered and judged as a
 * whole before libxml2 sees any of it.
 */


#ifndef _ITINERARY_OPENING_H_INCLUDED_
#define _ITINERARY_OPENING_H_INCLUDED_


#include "itinerary.h"
#include "itinerary_reader.h"


#define ITINERARY_OPENING_MAX  256    /* bytes */


typedef enum {
    ITINERARY_OPENING_DONE = 0,
    ITINERARY_OPENING_AGAIN,
    ITINERARY_OPENING_REFUSED
} itinerary_opening_e;

typedef struct {
    itinerary_reason_e     reason;    /* of a refusal */
    const char            *text;      /* a few words about it */

    itinerary_charset_e    charset;   /* of the Content-Type */
    size_t                 len;
    u_char                 data[ITINERARY_OPENING_MAX];

    unsigned               ascii:1;   /* US-ASCII was declared, there or in the
                                         document */
} itinerary_opening_t;


void itinerary_opening_init(itinerary_opening_t *opening,
    itinerary_charset_e charset);

/*
 * Takes bytes of the piece as long as it needs them.  AGAIN: the piece has
 * ended before the opening; REFUSED: "reason" and "text" say why.
 */

itinerary_opening_e itinerary_opening_feed(itinerary_opening_t *opening,
    const u_char *data, size_t len, size_t *taken);

/* the document ended before its opening was complete: always a refusal */

void itinerary_opening_finish(itinerary_opening_t *opening);


#endif /* _ITINERARY_OPENING_H_INCLUDED_ */
