
/*
 * Copyright (C) Itinerary gateway authors
 */


#ifndef _ITINERARY_MEDIA_H_INCLUDED_
#define _ITINERARY_MEDIA_H_INCLUDED_


#include "itinerary_reader.h"


/*
 * Reads a Content-Type (RFC 9110, 8.3).  ITINERARY_OK and the charset where
 * it is application/xml, text/xml or a +xml type (RFC 7303) in UTF-8 or
 * US-ASCII; else ITINERARY_REFUSED with the reason unsupported_media_type,
 * unsupported_encoding (another charset) or ambiguous_header (two charsets).
 */

itinerary_result_e itinerary_media(itinerary_pool_t *pool,
    const itinerary_str_t *text, itinerary_charset_e *charset,
    itinerary_error_t *error);


#endif /* _ITINERARY_MEDIA_H_INCLUDED_ */
