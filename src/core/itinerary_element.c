
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_char.h"
#include "itinerary_element.h"


#define GUARDED  ITINERARY_EL_GUARDED
#define INNER    ITINERARY_EL_INNER
#define ONCE     ITINERARY_EL_ONCE
#define TEXT     ITINERARY_EL_TEXT

const itinerary_element_t  itinerary_elements[ITINERARY_EL_MAX] = {

    { itinerary_string("*"),
          ITINERARY_EL_OTHER,     0 },
    { itinerary_string(""),
          ITINERARY_EL_OTHER,     0 },
    { itinerary_string("*"),
          ITINERARY_EL_SEGMENTS,  0 },

    { itinerary_string("Itinerary"),
          ITINERARY_EL_DOCUMENT,  GUARDED|ONCE },
    { itinerary_string("Bookings"),
          ITINERARY_EL_ITINERARY, GUARDED|ONCE },
    { itinerary_string("Booking"),
          ITINERARY_EL_BOOKINGS,  GUARDED },
    { itinerary_string("Segments"),
          ITINERARY_EL_BOOKING,   GUARDED|ONCE },
    { itinerary_string("Passengers"),
          ITINERARY_EL_BOOKING,   0 },
    { itinerary_string("Passenger"),
          ITINERARY_EL_PASSENGERS, 0 },
    { itinerary_string("RecordLocator"),
          ITINERARY_EL_BOOKING,   GUARDED|ONCE|TEXT|INNER },
    { itinerary_string("BookingSource"),
          ITINERARY_EL_BOOKING,   GUARDED|ONCE|TEXT },
    { itinerary_string("ConfirmationNumber"),
          ITINERARY_EL_SEGMENT,   GUARDED|ONCE|TEXT|INNER },
    { itinerary_string("TripStatus"),
          ITINERARY_EL_ITINERARY, GUARDED|ONCE|TEXT },
    { itinerary_string("TripId"),
          ITINERARY_EL_ITINERARY, GUARDED|ONCE|TEXT },
    { itinerary_string("ItinLocator"),
          ITINERARY_EL_ITINERARY, GUARDED|ONCE|TEXT },
    { itinerary_string("id"),
          ITINERARY_EL_ITINERARY, GUARDED|ONCE|TEXT },
    { itinerary_string("TripName"),
          ITINERARY_EL_ITINERARY, ONCE|TEXT },
    { itinerary_string("StartDateLocal"),
          ITINERARY_EL_ITINERARY, ONCE|TEXT },
    { itinerary_string("EndDateLocal"),
          ITINERARY_EL_ITINERARY, ONCE|TEXT }
};

#undef GUARDED
#undef INNER
#undef ONCE
#undef TEXT


/* the elements whose names begin with this letter, ended by OTHER */

static const u_char  itinerary_element_letters['z' - 'a' + 1][4] = {

    ['b' - 'a'] = { ITINERARY_EL_BOOKING,
                    ITINERARY_EL_BOOKINGS,
                    ITINERARY_EL_BOOKING_SOURCE },

    ['c' - 'a'] = { ITINERARY_EL_CONFIRMATION },

    ['e' - 'a'] = { ITINERARY_EL_END },

    ['i' - 'a'] = { ITINERARY_EL_ITINERARY,
                    ITINERARY_EL_ITIN_LOCATOR,
                    ITINERARY_EL_ID },

    ['p' - 'a'] = { ITINERARY_EL_PASSENGERS,
                    ITINERARY_EL_PASSENGER },

    ['r' - 'a'] = { ITINERARY_EL_RECORD_LOCATOR },

    ['s' - 'a'] = { ITINERARY_EL_SEGMENTS,
                    ITINERARY_EL_START },

    ['t' - 'a'] = { ITINERARY_EL_TRIP_STATUS,
                    ITINERARY_EL_TRIP_ID,
                    ITINERARY_EL_TRIP_NAME }
};


/* the reference's, and Travel, which other pages have */

static const char *const  itinerary_segments[] = {
    "Air", "Car", "Hotel", "Dining", "Ride", "Rail", "Parking", "Event",
    "Travel"
};


/*
 * A row's name is letters, which differ from the other case in one bit.  Most
 * names differ from the row's within a few letters.
 */

itinerary_element_e
itinerary_element_find(const u_char *name, int *exact)
{
    u_char         c, differs;
    const u_char  *p, *q, *row;

    *exact = 0;

    c = itinerary_lower(name[0]);

    if (c < 'a' || c > 'z') {
        return ITINERARY_EL_OTHER;
    }

    for (row = itinerary_element_letters[c - 'a']; *row; row++) {
        p = name;
        q = itinerary_elements[*row].name.data;
        differs = 0;

        while (*q && ((*p ^ *q) & ~0x20) == 0) {
            differs |= *p++ ^ *q++;
        }

        if (*q == '\0' && *p == '\0') {
            *exact = (differs == 0);
            return *row;
        }
    }

    return ITINERARY_EL_OTHER;
}


int
itinerary_is_segment(const u_char *name)
{
    size_t  i;

    for (i = 0; i < sizeof(itinerary_segments) / sizeof(char *); i++) {
        if (strcmp((const char *) name, itinerary_segments[i]) == 0) {
            return 1;
        }
    }

    return 0;
}
