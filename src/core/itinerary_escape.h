
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Text for the answers and the audit trail.  Both functions append to a
 * buffer and return its new end; "last" is the buffer's end.  What does not
 * fit is left out at a character's boundary.  Bytes that are no UTF-8
 * (RFC 3629) become U+FFFD, so that the output is valid whatever the input.
 */


#ifndef _ITINERARY_ESCAPE_H_INCLUDED_
#define _ITINERARY_ESCAPE_H_INCLUDED_


#include "itinerary.h"


/* for one input byte, the longest output */

#define ITINERARY_ESCAPE_MAX  6


/*
 * A JSON string's inside (RFC 8259, 7): quotation mark, reverse solidus,
 * controls, DEL, U+2028 and U+2029 are escaped.
 */

u_char *itinerary_escape_json(u_char *p, u_char *last,
    const itinerary_str_t *text);

/*
 * XML character data or an attribute's value: & < > " ' are escaped, what
 * XML 1.0 has no character for becomes U+FFFD.
 */

u_char *itinerary_escape_xml(u_char *p, u_char *last,
    const itinerary_str_t *text);


#endif /* _ITINERARY_ESCAPE_H_INCLUDED_ */
