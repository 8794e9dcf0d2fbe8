
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Names of bookings and components of the registry's keys.
 *
 * A booking's name is the pair (BookingSource, RecordLocator), both trimmed
 * of XML white space, with ASCII letters in upper case.
 */


#ifndef _ITINERARY_NAME_H_INCLUDED_
#define _ITINERARY_NAME_H_INCLUDED_


#include "itinerary.h"


#define ITINERARY_LOCATOR_MAX   50    /* characters */
#define ITINERARY_SOURCE_MAX    32
#define ITINERARY_SUPPLIER_MAX  128


typedef enum {
    ITINERARY_NAME_OK = 0,
    ITINERARY_NAME_EMPTY,         /* nothing but white space */
    ITINERARY_NAME_TOO_LONG,
    ITINERARY_NAME_BAD_CHARACTER, /* outside printable ASCII, or a space that
                                     may not be there */
    ITINERARY_NAME_NOMEM
} itinerary_name_e;


/*
 * The canonical form of what a document says, in the pool.  A locator is
 * printable ASCII without spaces, a source may hold single inner spaces.
 */

itinerary_name_e itinerary_locator(itinerary_pool_t *pool,
    const itinerary_str_t *text, itinerary_str_t *locator);
itinerary_name_e itinerary_source(itinerary_pool_t *pool,
    const itinerary_str_t *text, itinerary_str_t *source);

/*
 * Percent-encodes a component of a key outside [A-Za-z0-9._~-], with
 * upper-case hexadecimal (RFC 3986, 2.1 and 2.3), into the pool.
 */

itinerary_result_e itinerary_key(itinerary_pool_t *pool,
    const itinerary_str_t *text, itinerary_str_t *key);

/* "<source>|<locator>", both encoded: the name as it stands in keys */

itinerary_result_e itinerary_booking_name(itinerary_pool_t *pool,
    const itinerary_str_t *source, const itinerary_str_t *locator,
    itinerary_str_t *name);

/*
 * The reverse; ITINERARY_REFUSED where "name" is not what
 * itinerary_booking_name() makes (the registry holds foreign data).
 */

itinerary_result_e itinerary_booking_parts(itinerary_pool_t *pool,
    const itinerary_str_t *name, itinerary_str_t *source,
    itinerary_str_t *locator);

/*
 * The locator in such a name, still encoded, and borrowed from it; where there
 * is no "|", all of it.
 */

itinerary_str_t itinerary_booking_locator(const itinerary_str_t *name);

/* whether text is a supplier's name: 1 to 128 printable ASCII characters */

int itinerary_is_supplier(const itinerary_str_t *text);


#endif /* _ITINERARY_NAME_H_INCLUDED_ */
