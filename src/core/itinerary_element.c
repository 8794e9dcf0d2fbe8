
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_char.h"
#include "itinerary_element.h"


static u_char itinerary_element_letter(const u_char *p, size_t *len);


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
    size_t         len;
    u_char         c, differs;
    const u_char  *p, *q, *row;

    *exact = 0;

    c = itinerary_element_letter(name, &len);

    if (c == '\0') {
        return ITINERARY_EL_OTHER;
    }

    for (row = itinerary_element_letters[c - 'a']; *row; row++) {
        p = name;
        q = itinerary_elements[*row].name.data;
        differs = 0;

        for ( /* void */ ; *q; p += len, q++) {

            if (((*p ^ *q) & ~0x20) == 0) {
                differs |= *p ^ *q;
                len = 1;

            } else if (*p > 0x7f
                       && itinerary_element_letter(p, &len)
                          == itinerary_lower(*q))
            {
                differs = 1;

            } else {
                break;
            }
        }

        if (*q == '\0' && *p == '\0') {
            *exact = (differs == 0);
            return *row;
        }
    }

    return ITINERARY_EL_OTHER;
}


/*
 * The lower case of a letter, '\0' where it is none.  Four letters that are not
 * ASCII have an ASCII letter for their other case, and who compares without
 * case takes the one for the other: the dotted capital I, the dotless i, the
 * long s and the Kelvin sign.
 */

static u_char
itinerary_element_letter(const u_char *p, size_t *len)
{
    u_char  c;

    *len = 1;

    c = itinerary_lower(p[0]);

    if (c >= 'a' && c <= 'z') {
        return c;
    }

    if ((p[0] == 0xc4 && (p[1] == 0xb0 || p[1] == 0xb1))
        || (p[0] == 0xc5 && p[1] == 0xbf))
    {
        *len = 2;
        return (p[0] == 0xc4) ? 'i' : 's';
    }

    if (p[0] == 0xe2 && p[1] == 0x84 && p[2] == 0xaa) {
        *len = 3;
        return 'k';
    }

    return '\0';
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
