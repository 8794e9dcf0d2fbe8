
/*
 * Copyright (C) Itinerary gateway authors
 */


/* the elements that the reader knows, and the places where they belong */


#ifndef _ITINERARY_ELEMENT_H_INCLUDED_
#define _ITINERARY_ELEMENT_H_INCLUDED_


#include "itinerary.h"


typedef enum {
    ITINERARY_EL_OTHER = 0,        /* one that the reader does not know */
    ITINERARY_EL_DOCUMENT,         /* the place of the root */
    ITINERARY_EL_SEGMENT,          /* any child of Segments */
    ITINERARY_EL_ITINERARY,
    ITINERARY_EL_BOOKINGS,
    ITINERARY_EL_BOOKING,
    ITINERARY_EL_SEGMENTS,
    ITINERARY_EL_PASSENGERS,
    ITINERARY_EL_PASSENGER,
    ITINERARY_EL_RECORD_LOCATOR,
    ITINERARY_EL_BOOKING_SOURCE,
    ITINERARY_EL_CONFIRMATION,     /* a segment's ConfirmationNumber */
    ITINERARY_EL_TRIP_STATUS,
    ITINERARY_EL_TRIP_ID,
    ITINERARY_EL_ITIN_LOCATOR,
    ITINERARY_EL_ID,
    ITINERARY_EL_TRIP_NAME,
    ITINERARY_EL_START,
    ITINERARY_EL_END,
    ITINERARY_EL_MAX
} itinerary_element_e;


#define ITINERARY_EL_GUARDED  0x01   /* nowhere but at its place, in a post */
#define ITINERARY_EL_INNER    0x02   /* but others may have one of their own */
#define ITINERARY_EL_ONCE     0x04   /* in its parent */
#define ITINERARY_EL_TEXT     0x08   /* its text is what matters */

typedef struct {
    itinerary_str_t        name;
    itinerary_element_e    parent;
    unsigned               flags;
} itinerary_element_t;


/* in the order of itinerary_element_e */

extern const itinerary_element_t  itinerary_elements[ITINERARY_EL_MAX];

/*
 * The element of this name, whatever its letter case (also where an ASCII
 * letter has one that is not ASCII), or ITINERARY_EL_OTHER.
 * "exact" tells whether it is an element and the case is right.
 */

itinerary_element_e itinerary_element_find(const u_char *name, int *exact);

/* whether it is the name of a segment: Air, Car, Hotel and so on */

int itinerary_is_segment(const u_char *name);


#endif /* _ITINERARY_ELEMENT_H_INCLUDED_ */
