
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "case.h"


#define CREATE  ITINERARY_OP_CREATE
#define UPDATE  ITINERARY_OP_UPDATE
#define CANCEL  ITINERARY_OP_CANCEL
#define BOOK    ITINERARY_OP_BOOK
#define UNBOOK  ITINERARY_OP_CANCEL_BOOKING


/* a case in the words of case.h, and what is expected of it in those of show */

typedef struct {
    case_row_t   row;
    const char  *verdict;  /* "allow", "partial", or the reason of "deny" */
    const char  *effects;
    const char  *flags;
} row_t;

typedef struct {
    char         verdict[64];
    char         effects[512];
    char         flags[64];
} show_t;


/* { operation, policy, trip, held, posted, status, ids }, expected */

static const row_t  rows[] = {

    /* trip created: always */

    { { CREATE, "", NULL, NULL, "", NULL, NULL },
      "allow", "", "create record" },
    { { CREATE, "adopt", NULL, NULL, "", NULL, NULL },
      "allow", "", "create record" },
    { { CREATE, "", NULL, NULL, "+1", "2", NULL },
      "allow", "added 1 claim bind take", "create record" },

    /* booking added: always */

    { { CREATE, "", NULL, NULL, "+1 +x1 +2", NULL, NULL },
      "allow",
      "added 1 claim bind take, added x1 claim bind take, "
      "added 2 claim bind take",
      "create record" },
    { { UPDATE, "", "A", "A1", "A1a +2", NULL, NULL },
      "allow", "changed 1 take, added 2 claim bind take", "record" },

    /* booking changed: the supplier created it, whichever trip it is in */

    { { CREATE, "", NULL, NULL, "A1a A2p A3c", NULL, NULL },
      "allow",
      "changed 1 take, changed 2 claim bind take, changed 3 claim bind take",
      "create record" },
    { { CREATE, "", NULL, NULL, "B1a", NULL, NULL },
      "booking_not_owned", "changed 1 denied", "create record" },
    { { CREATE, "allow", NULL, NULL, "B1p", NULL, NULL },
      "booking_not_owned", "changed 1 denied", "create record" },
    { { CREATE, "adopt", NULL, NULL, "B1c", NULL, NULL },
      "booking_not_owned", "changed 1 denied", "create record" },
    { { UPDATE, "", "A", "", "A1a", NULL, NULL },
      "allow", "changed 1 take", "record" },
    { { UPDATE, "", "A", "A1 B2", "A1a B2a", NULL, NULL },
      "booking_not_owned", "changed 1 take, changed 2 denied", "record" },
    { { UPDATE, "", "A", "", "B1c", NULL, NULL },
      "booking_not_owned", "changed 1 denied", "record" },

    /* a booking that was only seen: as an unknown trip */

    { { CREATE, "", NULL, NULL, "-1s", NULL, NULL },
      "booking_not_owned", "changed 1 denied", "create record" },
    { { CREATE, "adopt", NULL, NULL, "-1s", NULL, NULL },
      "allow", "changed 1 take", "create record" },
    { { CREATE, "allow", NULL, NULL, "-1s", NULL, NULL },
      "allow", "changed 1", "create record" },
    { { UPDATE, "", "A", "-1", "-1s", NULL, NULL },
      "booking_not_owned", "changed 1 denied", "record" },
    { { UPDATE, "adopt", "A", "-1", "-1s", NULL, NULL },
      "allow", "changed 1 take", "record" },
    { { UPDATE, "allow", "A", "-1", "-1c", NULL, NULL },
      "allow", "changed 1", "record" },

    /* one that may be another's, under a source that the API has given it */

    { { UPDATE, "adopt", "A", "B1 -x1", "B1a= -x1s#", NULL, NULL },
      "booking_not_owned", "changed 1 denied, changed x1 denied", "record" },
    { { UPDATE, "allow", "Av", "B1a -x1s", "-x1s#", NULL, NULL },
      "booking_not_owned", "changed x1 denied", "record" },
    { { UPDATE, "allow", "Av", "B1a -x1s#", "", NULL, NULL },
      "booking_not_owned", "removed x1 denied", "record" },
    { { UPDATE, "allow", "Av", "B1a -x1s", "-x1s=", NULL, NULL },
      "allow", "echoed x1", "record" },
    { { UPDATE, "adopt", "A", "A1 -x1", "A1a -x1s", NULL, NULL },
      "allow", "changed 1 take, changed x1 take", "record" },
    { { UPDATE, "adopt", "A", "-1 -x1", "-1s -x1s", NULL, NULL },
      "allow", "changed 1 take, changed x1 take", "record" },
    { { UPDATE, "adopt", "A", "B1 -x2", "B1a -x2s", NULL, NULL },
      "booking_not_owned", "changed 1 denied, changed x2", "record" },
    { { UPDATE, "keep allow", "A", "B1 -x1", "", NULL, NULL },
      "allow", "", "record" },
    { { BOOK, "allow", "-", "B1 -x1", "-x1s", NULL, NULL },
      "booking_not_owned", "changed x1 denied", "record" },

    /* trip fields changed: the supplier created the trip */

    { { UPDATE, "", "A", "", "", NULL, NULL },       "allow", "", "record" },
    { { UPDATE, "", "A", "", NULL, NULL, NULL },     "allow", "", "record" },
    { { UPDATE, "", "B", "", "", NULL, NULL },
      "trip_not_owned", "", "record" },
    { { UPDATE, "", "B", "", NULL, NULL, NULL },
      "trip_not_owned", "", "record" },
    { { UPDATE, "adopt", "B", "", "", NULL, NULL },
      "trip_not_owned", "", "record" },
    { { UPDATE, "allow", "B", "", "", NULL, NULL },
      "trip_not_owned", "", "record" },
    { { UPDATE, "", "B", "A1", "A1a +2", NULL, NULL },
      "trip_not_owned", "changed 1 take, added 2 claim bind take", "record" },

    /* a trip without a creator on record, and one that is not known */

    { { UPDATE, "", "-", "", "", NULL, NULL },
      "trip_not_owned", "", "record" },
    { { UPDATE, "", "?", "", "", NULL, NULL },
      "trip_not_owned", "", "" },
    { { UPDATE, "", "?", "", NULL, NULL, NULL },
      "trip_not_owned", "", "" },
    { { UPDATE, "adopt", "-", "", "", NULL, NULL },
      "allow", "", "create record" },
    { { UPDATE, "adopt", "?", "", "", NULL, NULL },
      "allow", "", "create record" },
    { { UPDATE, "adopt", "?", "", NULL, NULL, NULL },
      "allow", "", "create record" },
    { { UPDATE, "allow", "-", "", "", NULL, NULL },  "allow", "", "record" },
    { { UPDATE, "allow", "?", "", "", NULL, NULL },  "allow", "", "" },
    { { UPDATE, "adopt", "?", "", "+1 A2a -3s", NULL, NULL },
      "allow", "added 1 claim bind take, changed 2 take, changed 3 take",
      "create record" },
    { { UPDATE, "allow", "?", "", "+1 A2a -3s", NULL, NULL },
      "allow", "added 1 claim bind take, changed 2 take, changed 3", "" },

    /* what is denied adopts nothing */

    { { UPDATE, "adopt", "?", "", "+1 -2s B3a", NULL, NULL },
      "booking_not_owned",
      "added 1 claim bind take, changed 2, changed 3 denied",
      "" },
    { { UPDATE, "adopt", "-", "B1", "+2", NULL, NULL },
      "booking_not_owned", "added 2 claim bind take, removed 1 denied",
      "record" },
    { { CREATE, "adopt", NULL, NULL, "-1s B2a", NULL, NULL },
      "booking_not_owned", "changed 1, changed 2 denied", "create record" },

    /* booking removed: the supplier created it */

    { { UPDATE, "", "A", "A1 A2p", "", NULL, NULL },
      "allow", "removed 1, removed 2", "record" },
    { { UPDATE, "", "A", "A1 Ax1", "A1a", NULL, NULL },
      "allow", "changed 1 take, removed x1", "record" },
    { { UPDATE, "", "A", "A1 B2", "A1a", NULL, NULL },
      "booking_not_owned", "changed 1 take, removed 2 denied", "record" },
    { { UPDATE, "", "A", "-1", "", NULL, NULL },
      "booking_not_owned", "removed 1 denied", "record" },
    { { UPDATE, "adopt", "A", "-1", "", NULL, NULL },
      "allow", "removed 1", "record" },
    { { UPDATE, "allow", "A", "-1 B2p", "", NULL, NULL },
      "booking_not_owned", "removed 1, removed 2 denied", "record" },
    { { UPDATE, "allow", "A", "-x1 B1", "", NULL, NULL },
      "booking_not_owned", "removed x1 denied, removed 1 denied", "record" },

    /* itinerary_replace off */

    { { UPDATE, "keep", "A", "A1 B2 -3", "+4", NULL, NULL },
      "allow", "added 4 claim bind take", "record" },
    { { UPDATE, "keep", "A", "B1", "B1a", NULL, NULL },
      "booking_not_owned", "changed 1 denied", "record" },

    /* trip cancelled: the supplier created the trip */

    { { CANCEL, "", "A", "", NULL, NULL, NULL },
      "allow", "", "record cancel" },
    { { CANCEL, "", "A", "A1 B2 -3", NULL, NULL, NULL },
      "allow", "cancelled 1, cancelled 2, cancelled 3", "record cancel" },
    { { CANCEL, "", "B", "", NULL, NULL, NULL },
      "trip_not_owned", "", "record" },
    { { CANCEL, "adopt", "B", "-1", NULL, NULL, NULL },
      "trip_not_owned", "", "record" },
    { { CANCEL, "", "-", "-1", NULL, NULL, NULL },
      "trip_not_owned", "", "record" },
    { { CANCEL, "", "?", "", NULL, NULL, NULL },
      "trip_not_owned", "", "" },
    { { CANCEL, "adopt", "-", "-1", NULL, NULL, NULL },
      "allow", "cancelled 1", "create record cancel" },
    { { CANCEL, "allow", "-", "-1 A2p", NULL, NULL, NULL },
      "allow", "cancelled 1, cancelled 2", "record cancel" },
    { { CANCEL, "adopt", "?", "", NULL, NULL, NULL },
      "allow", "", "create record cancel" },
    { { CANCEL, "allow", "?", "", NULL, NULL, NULL },
      "allow", "", "cancel" },
    { { CANCEL, "adopt", "-", "B1 -2", NULL, NULL, NULL },
      "booking_not_owned", "cancelled 1 denied, cancelled 2",
      "record cancel" },
    { { CANCEL, "adopt", "-", "B1 -x1", NULL, NULL, NULL },
      "booking_not_owned", "cancelled 1 denied, cancelled x1 denied",
      "record cancel" },

    /* itinerary_cancel_foreign off: while nobody else has a booking in it */

    { { CANCEL, "own", "A", "A1 A2p", NULL, NULL, NULL },
      "allow", "cancelled 1, cancelled 2", "record cancel" },
    { { CANCEL, "own", "A", "A1 B2", NULL, NULL, NULL },
      "booking_not_owned", "cancelled 1, cancelled 2 denied",
      "record cancel" },
    { { CANCEL, "own", "A", "-1", NULL, NULL, NULL },
      "booking_not_owned", "cancelled 1 denied", "record cancel" },
    { { CANCEL, "own adopt", "A", "-1", NULL, NULL, NULL },
      "allow", "cancelled 1", "record cancel" },
    { { CANCEL, "own allow", "A", "-1 B2p", NULL, NULL, NULL },
      "booking_not_owned", "cancelled 1, cancelled 2 denied",
      "record cancel" },

    /* trip cancelled by an update that sets TripStatus to 2 */

    { { UPDATE, "", "A", "A1", "A1a", "2", NULL },
      "allow", "changed 1 take", "record cancel" },
    { { UPDATE, "", "A", "A1", "+2", "2", NULL },
      "allow", "added 2 claim bind take, removed 1", "record cancel" },
    { { UPDATE, "", "A", "B1", "", "2", NULL },
      "booking_not_owned", "removed 1 denied", "record cancel" },
    { { UPDATE, "keep", "A", "A1 B2 -3", "A1a", "2", NULL },
      "allow", "changed 1 take, cancelled 2, cancelled 3", "record cancel" },
    { { UPDATE, "keep own", "A", "A1 A2", "A1a", "2", NULL },
      "allow", "changed 1 take, cancelled 2", "record cancel" },
    { { UPDATE, "keep own", "A", "B1 -2", "+3", "2", NULL },
      "booking_not_owned",
      "added 3 claim bind take, cancelled 1 denied, cancelled 2 denied",
      "record cancel" },
    { { UPDATE, "keep own allow", "A", "-1", "", "2", NULL },
      "allow", "cancelled 1", "record cancel" },
    { { UPDATE, "own", "A", "B1", "B1a", "2", NULL },
      "booking_not_owned", "changed 1 denied", "record cancel" },
    { { UPDATE, "keep adopt", "-", "B1", "+2", "2", NULL },
      "booking_not_owned", "added 2 claim bind take, cancelled 1 denied",
      "record cancel" },
    { { UPDATE, "keep allow", "-", "-1 A2", "", "2", NULL },
      "allow", "cancelled 1, cancelled 2", "record cancel" },
    { { UPDATE, "", "B", "", "", "2", NULL },
      "trip_not_owned", "", "record cancel" },

    { { UPDATE, "", "A", "", "", "02", NULL },  "allow", "", "record cancel" },
    { { UPDATE, "", "A", "", "", "+2", NULL },  "allow", "", "record cancel" },
    { { UPDATE, "", "A", "", "", "+002", NULL },
      "allow", "", "record cancel" },
    { { UPDATE, "", "A", "", "", "0", NULL },   "allow", "", "record" },
    { { UPDATE, "", "A", "", "", "+", NULL },   "allow", "", "record" },
    { { UPDATE, "", "A", "", "", "1", NULL },   "allow", "", "record" },
    { { UPDATE, "", "A", "", "", "20", NULL },  "allow", "", "record" },
    { { UPDATE, "", "A", "", "", "12", NULL },  "allow", "", "record" },
    { { UPDATE, "", "A", "", "", "-2", NULL },  "allow", "", "record" },
    { { UPDATE, "", "A", "", "", "HK", NULL },  "allow", "", "record" },

    /* own segments cancelled: an active booking in another's trip */

    { { CANCEL, "", "B", "A1a B2 -3", NULL, NULL, NULL },
      "partial", "cancelled 1", "record" },
    { { CANCEL, "own", "B", "B1 A2p A3a", NULL, NULL, NULL },
      "partial", "cancelled 2, cancelled 3", "record" },
    { { CANCEL, "", "B", "A1p", NULL, NULL, NULL },
      "trip_not_owned", "", "record" },
    { { CANCEL, "", "B", "A1c", NULL, NULL, NULL },
      "trip_not_owned", "", "record" },
    { { CANCEL, "", "B", "B1a", NULL, NULL, NULL },
      "trip_not_owned", "", "record" },
    { { CANCEL, "", "-", "A1a -2", NULL, NULL, NULL },
      "partial", "cancelled 1", "record" },
    { { CANCEL, "adopt", "-", "A1a -2", NULL, NULL, NULL },
      "partial", "cancelled 1", "record" },

    /* trip fields sent back as they were shown: no change, while fresh */

    { { UPDATE, "", "Bv=", "", "", NULL, NULL },
      "allow", "", "record echo" },
    { { UPDATE, "", "Bv~=", "", "", NULL, NULL },
      "stale_view", "", "record" },
    { { UPDATE, "", "Bv#", "", "", NULL, NULL },
      "trip_not_owned", "", "record" },
    { { UPDATE, "", "Bv~#", "", "", NULL, NULL },
      "trip_not_owned", "", "record" },
    { { UPDATE, "", "Bv", "", "", NULL, NULL },
      "trip_not_owned", "", "record" },
    { { UPDATE, "", "B=", "", "", NULL, NULL },
      "trip_not_owned", "", "record" },
    { { UPDATE, "", "Av=", "", "", NULL, NULL },
      "allow", "", "record echo" },
    { { UPDATE, "", "Av~=", "", "", NULL, NULL },    "allow", "", "record" },
    { { UPDATE, "", "Av#", "", "", NULL, NULL },     "allow", "", "record" },
    { { UPDATE, "", "-v=", "", "", NULL, NULL },
      "allow", "", "record echo" },
    { { UPDATE, "", "-v~=", "", "", NULL, NULL },
      "stale_view", "", "record" },
    { { UPDATE, "", "-v#", "", "", NULL, NULL },
      "trip_not_owned", "", "record" },
    { { UPDATE, "adopt", "-v#", "", "", NULL, NULL },
      "allow", "", "create record" },
    { { UPDATE, "allow", "-v#", "", "", NULL, NULL }, "allow", "", "record" },
    { { UPDATE, "adopt", "-v~#", "", "", NULL, NULL },
      "allow", "", "create record" },
    { { UPDATE, "adopt", "-v=", "", "", NULL, NULL },
      "allow", "", "create record echo" },
    { { UPDATE, "allow", "-v=", "", "", NULL, NULL },
      "allow", "", "record echo" },
    { { UPDATE, "adopt", "-v~=", "", "", NULL, NULL },
      "stale_view", "", "record" },
    { { UPDATE, "allow", "-v~=", "", "", NULL, NULL },
      "stale_view", "", "record" },
    { { UPDATE, "", "?v=", "", "", NULL, NULL },     "allow", "", "echo" },

    /* before the document is known, anything that was shown may come back */

    { { UPDATE, "", "Bv", "", NULL, NULL, NULL },
      "allow", "", "record echo" },
    { { UPDATE, "", "Bv~", "", NULL, NULL, NULL },
      "allow", "", "record echo" },
    { { UPDATE, "", "-v", "", NULL, NULL, NULL },
      "allow", "", "record echo" },
    { { UPDATE, "", "Bv!", "", NULL, NULL, NULL },
      "trip_busy", "", "record echo" },

    /* nothing but an update sends back what was shown */

    { { CANCEL, "", "Bv=", "B1a=", NULL, NULL, NULL },
      "trip_not_owned", "", "record" },
    { { CREATE, "", "Av=", NULL, "B1a=", NULL, NULL },
      "booking_not_owned", "changed 1 denied", "create record" },
    { { BOOK, "", "Av=", NULL, "B1a=", NULL, NULL },
      "booking_not_owned", "changed 1 denied", "record" },
    { { BOOK, "", "Av=", NULL, "A1a=", NULL, NULL },
      "allow", "changed 1 take", "record" },

    /* a booking sent back as it was shown: no change, whoever created it */

    { { UPDATE, "", "Bv=", "A1 B2", "A1a# B2a=", NULL, NULL },
      "allow", "changed 1 take, echoed 2", "record echo" },
    { { UPDATE, "", "Av#", "A1 B2 -3", "A1a= B2a= -3s= A4c= B5c= B6p=", NULL,
        NULL },
      "allow", "echoed 1, echoed 2, echoed 3, echoed 4, echoed 5, echoed 6",
      "record" },
    { { UPDATE, "adopt", "Av#", "-3", "-3s=", NULL, NULL },
      "allow", "echoed 3", "record" },
    { { UPDATE, "", "Av#", "A1 B2 -3", "A1a# B2a# -3s#", NULL, NULL },
      "booking_not_owned",
      "changed 1 take, changed 2 denied, changed 3 denied", "record" },
    { { UPDATE, "adopt", "Av#", "-3", "-3s#", NULL, NULL },
      "allow", "changed 3 take", "record" },
    { { UPDATE, "allow", "Av#", "-3", "-3s#", NULL, NULL },
      "allow", "changed 3", "record" },
    { { UPDATE, "", "A", "A1 B2", "A1a= B2a=", NULL, NULL },
      "booking_not_owned", "changed 1 take, changed 2 denied", "record" },
    { { UPDATE, "keep", "Bv=", "A1 B2", "B2a= +3", NULL, NULL },
      "allow", "echoed 2, added 3 claim bind take", "record echo" },
    { { UPDATE, "", "Bv#", "B2", "B2a=", NULL, NULL },
      "trip_not_owned", "echoed 2", "record" },

    /* what is in doubt is claimed again */

    { { UPDATE, "", "Av#", "A1", "A1p=", NULL, NULL },
      "allow", "changed 1 claim bind take", "record" },
    { { UPDATE, "", "Av~#", "A1", "A1p=", NULL, NULL },
      "allow", "changed 1 claim bind take", "record" },

    /* but somebody has written to the trip since */

    { { UPDATE, "", "Av~#", "A1", "A1a= A2c=", NULL, NULL },
      "allow", "changed 1 take, changed 2 claim bind take", "record" },
    { { UPDATE, "", "Av~#", "B2", "B2a=", NULL, NULL },
      "stale_view", "changed 2 denied", "record" },
    { { UPDATE, "", "Av~#", "-3", "-3s=", NULL, NULL },
      "stale_view", "changed 3 denied", "record" },
    { { UPDATE, "", "Av~#", "B2", "B2a#", NULL, NULL },
      "booking_not_owned", "changed 2 denied", "record" },
    { { UPDATE, "", "Bv~=", "B2", "B2a=", NULL, NULL },
      "stale_view", "changed 2 denied", "record" },
    { { UPDATE, "adopt", "Av~#", "-3", "-3s= -4s#", NULL, NULL },
      "stale_view", "changed 3 denied, changed 4", "record" },
    { { UPDATE, "allow", "Av~#", "-3", "-3s=", NULL, NULL },
      "stale_view", "changed 3 denied", "record" },

    /* what was shown is known, even if it has lost its record */

    { { UPDATE, "", "Av#", "", "+1=", NULL, NULL },
      "allow", "echoed 1", "record" },
    { { UPDATE, "", "Av#", "", "+1#", NULL, NULL },
      "booking_not_owned", "changed 1 denied", "record" },
    { { UPDATE, "adopt", "Av#", "", "+1#", NULL, NULL },
      "allow", "changed 1 take", "record" },
    { { UPDATE, "allow", "Av#", "", "+1#", NULL, NULL },
      "allow", "changed 1", "record" },
    { { UPDATE, "", "Av~#", "", "+1=", NULL, NULL },
      "stale_view", "changed 1 denied", "record" },

    /* a missing booking that was not shown is not in the trip any more */

    { { UPDATE, "", "Av#", "B1a -2s B3c", "", NULL, NULL },
      "allow", "", "record" },
    { { UPDATE, "", "Bv=", "B1a", "", NULL, NULL },
      "allow", "", "record echo" },
    { { UPDATE, "", "Av#", "B1a=", "", NULL, NULL },
      "booking_not_owned", "removed 1 denied", "record" },
    { { UPDATE, "", "Av#", "B1a#", "", NULL, NULL },
      "booking_not_owned", "removed 1 denied", "record" },
    { { UPDATE, "", "Av#", "-1s=", "", NULL, NULL },
      "booking_not_owned", "removed 1 denied", "record" },
    { { UPDATE, "", "Av#", "B1p", "", NULL, NULL },
      "booking_not_owned", "removed 1 denied", "record" },
    { { UPDATE, "", "Av#", "B1", "", NULL, NULL },
      "booking_not_owned", "removed 1 denied", "record" },
    { { UPDATE, "", "Av~#", "B1a", "", NULL, NULL },
      "booking_not_owned", "removed 1 denied", "record" },
    { { UPDATE, "", "A", "B1a", "", NULL, NULL },
      "booking_not_owned", "removed 1 denied", "record" },
    { { UPDATE, "", "Av#", "A1a A2a= A3p", "", NULL, NULL },
      "allow", "removed 1, removed 2, removed 3", "record" },
    { { UPDATE, "adopt", "Av#", "-1s -2s=", "", NULL, NULL },
      "allow", "removed 2", "record" },

    /* the status of a cancelled trip that is sent back sets nothing */

    { { UPDATE, "", "Bv=", "A1", "A1a#", "2", NULL },
      "allow", "changed 1 take", "record echo" },
    { { UPDATE, "own", "Av=", "B2", "B2a= +3", "2", NULL },
      "booking_not_owned", "echoed 2, added 3 claim bind take",
      "record cancel echo" },
    { { UPDATE, "", "Av=", "A1", "A1a=", "2", NULL },
      "allow", "echoed 1", "record cancel echo" },
    { { UPDATE, "", "Bv#", "", "", "2", NULL },
      "trip_not_owned", "", "record cancel" },
    { { UPDATE, "", "Bv~=", "", "", "2", NULL },
      "stale_view", "", "record" },
    { { UPDATE, "own", "Bv~=", "B2", "B2a=", "2", NULL },
      "stale_view", "changed 2 denied", "record" },
    { { UPDATE, "", "Av#", "", "", "2", NULL }, "allow", "", "record cancel" },
    { { UPDATE, "", "Av~=", "", "", "2", NULL },
      "allow", "", "record cancel" },
    { { UPDATE, "own", "Av#", "B1a -2s A3a", "", "2", NULL },
      "allow", "removed 3", "record cancel" },
    { { UPDATE, "own keep", "Av#", "B1a -2s A3a", "", "2", NULL },
      "allow", "cancelled 3", "record cancel" },
    { { UPDATE, "own keep", "Av#", "B1a=", "", "2", NULL },
      "booking_not_owned", "cancelled 1 denied", "record cancel" },
    { { CANCEL, "own", "Av#", "B1a", NULL, NULL, NULL },
      "booking_not_owned", "cancelled 1 denied", "record cancel" },
    { { UPDATE, "own", "Av#", "B2", "B2a=", "2", NULL },
      "booking_not_owned", "echoed 2", "record cancel" },

    /* booking sources, claim: that of another supplier is out of bounds */

    { { CREATE, "", NULL, NULL, "+1>A", NULL, NULL },
      "allow", "added 1 claim bind take", "create record" },
    { { CREATE, "", NULL, NULL, "A1a>A A2p>A", NULL, NULL },
      "allow", "changed 1 take, changed 2 claim bind take", "create record" },
    { { UPDATE, "", "Av#", "B2", "B2a=>B", NULL, NULL },
      "allow", "echoed 2", "record" },

    { { CREATE, "", NULL, NULL, "+1>B", NULL, NULL },
      "booking_source_not_owned", "added 1 denied", "create record" },
    { { CREATE, "", NULL, NULL, "+1>B +2 +3>B", NULL, NULL },
      "booking_source_not_owned",
      "added 1 denied, added 2 claim bind take, added 3 denied",
      "create record" },
    { { CREATE, "", NULL, NULL, "A1a>B A2p>B", NULL, NULL },
      "booking_source_not_owned", "changed 1 denied, changed 2 denied",
      "create record" },
    { { UPDATE, "adopt", "A", "-1", "-1s>B", NULL, NULL },
      "booking_source_not_owned", "changed 1 denied", "record" },
    { { BOOK, "", NULL, NULL, "+1>B", NULL, NULL },
      "booking_source_not_owned", "added 1 denied", "record" },
    { { UPDATE, "", "A", "", "+1>B", NULL, NULL },
      "booking_source_not_owned", "added 1 denied", "record" },

    /* registered: must be bound to the supplier */

    { { CREATE, "registered", NULL, NULL, "+1 A2a", NULL, NULL },
      "booking_source_not_owned", "added 1 denied, changed 2 denied",
      "create record" },
    { { BOOK, "registered", NULL, NULL, "+1>B", NULL, NULL },
      "booking_source_not_owned", "added 1 denied", "record" },

    { { CREATE, "registered", NULL, NULL, "+1>A A2a>A", NULL, NULL },
      "allow", "added 1 claim take, changed 2 take", "create record" },
    { { UPDATE, "registered", "Av#", "B2 -3", "B2a=>B -3s=", NULL, NULL },
      "allow", "echoed 2, echoed 3", "record" },

    /* any: not looked at */

    { { CREATE, "any", NULL, NULL, "+1>B A2a>B +3", NULL, NULL },
      "allow", "added 1 claim take, changed 2 take, added 3 claim take",
      "create record" },
    { { BOOK, "any", NULL, NULL, "+1>B", NULL, NULL },
      "allow", "added 1 claim take", "record" },

    /* book: a booking added or changed, whosever the trip */

    { { BOOK, "", NULL, NULL, "+1", NULL, NULL },
      "allow", "added 1 claim bind take", "record" },
    { { BOOK, "", "Bg", "A2 B3", "+1", NULL, NULL },
      "allow", "added 1 claim bind take", "record" },
    { { BOOK, "", "?g", "", "+1", NULL, NULL },
      "allow", "added 1 claim bind take", "record" },
    { { BOOK, "adopt", "-g", "", "+1", NULL, NULL },
      "allow", "added 1 claim bind take", "record" },
    { { BOOK, "", "B", "A1", "A1a", NULL, NULL },
      "allow", "changed 1 take", "record" },
    { { BOOK, "", NULL, NULL, "A1p", NULL, NULL },
      "allow", "changed 1 claim bind take", "record" },
    { { BOOK, "", "A", "B1", "B1a", NULL, NULL },
      "booking_not_owned", "changed 1 denied", "record" },
    { { BOOK, "", "A", "-1", "-1s", NULL, NULL },
      "booking_not_owned", "changed 1 denied", "record" },
    { { BOOK, "adopt", "A", "-1", "-1s", NULL, NULL },
      "allow", "changed 1 take", "record" },
    { { BOOK, "allow", "A", "-1", "-1s", NULL, NULL },
      "allow", "changed 1", "record" },
    { { BOOK, "", NULL, NULL, NULL, NULL, NULL }, "allow", "", "record" },

    /* booking cancelled: the supplier created all that the number may mean */

    { { UNBOOK, "", NULL, NULL, "A1a", NULL, NULL },
      "allow", "cancelled 1", "" },
    { { UNBOOK, "", "B", "A1", "A1a", NULL, NULL },
      "allow", "cancelled 1", "record" },
    { { UNBOOK, "", "A", "", "A1p A2c A3a", NULL, NULL },
      "allow", "cancelled 1, cancelled 2, cancelled 3", "record" },
    { { UNBOOK, "", "A", "", "B1a", NULL, NULL },
      "booking_not_owned", "cancelled 1 denied", "record" },
    { { UNBOOK, "adopt", "A", "", "A1a B2c", NULL, NULL },
      "booking_not_owned", "cancelled 1, cancelled 2 denied", "record" },
    { { UNBOOK, "", "A", "", "-1s", NULL, NULL },
      "booking_not_owned", "cancelled 1 denied", "record" },
    { { UNBOOK, "adopt", "-", "", "-1s", NULL, NULL },
      "allow", "cancelled 1", "record" },
    { { UNBOOK, "allow", "-", "", "-1s", NULL, NULL },
      "allow", "cancelled 1", "record" },
    { { UNBOOK, "allow", "-", "Bx1 -1", "-1s", NULL, NULL },
      "booking_not_owned", "cancelled 1 denied", "record" },
    { { UNBOOK, "allow", "-", "Ax1 -1", "-1s", NULL, NULL },
      "allow", "cancelled 1", "record" },
    { { UNBOOK, "", "A", "", "+1 A2a", NULL, NULL },
      "allow", "cancelled 2", "record" },

    /* a number that is not known: as an unknown trip */

    { { UNBOOK, "", NULL, NULL, "+1", NULL, NULL },
      "booking_not_owned", "", "" },
    { { UNBOOK, "", NULL, NULL, "+1>A", NULL, NULL },
      "booking_not_owned", "", "" },
    { { UNBOOK, "adopt", NULL, NULL, "+1", NULL, NULL }, "allow", "", "" },
    { { UNBOOK, "allow", NULL, NULL, "+1>A", NULL, NULL }, "allow", "", "" },
    { { UNBOOK, "adopt", NULL, NULL, "+1>B", NULL, NULL },
      "booking_not_owned", "", "" },
    { { UNBOOK, "registered allow", NULL, NULL, "+1>B", NULL, NULL },
      "booking_not_owned", "", "" },
    { { UNBOOK, "any allow", NULL, NULL, "+1>B", NULL, NULL },
      "allow", "", "" },
    { { UNBOOK, "vague", "A", "", "A1a", NULL, NULL },
      "booking_not_owned", "cancelled 1", "record" },
    { { UNBOOK, "vague adopt", NULL, NULL, "+1", NULL, NULL },
      "booking_not_owned", "", "" },
    { { UNBOOK, "allow", NULL, NULL, "", NULL, NULL },
      "allow", "", "" },
    { { UNBOOK, "", NULL, NULL, "", NULL, NULL },
      "booking_not_owned", "", "" },

    /* what breaks a rule, unless it is sent back as it was shown */

    { { CREATE, "", "A%1", NULL, "", NULL, NULL },
      "invalid_document", "", "create record" },
    { { CREATE, "", NULL, NULL, "+1%2", NULL, NULL },
      "invalid_document", "added 1 claim bind take", "create record" },
    { { BOOK, "", NULL, NULL, "+1%1", NULL, NULL },
      "invalid_document", "added 1 claim bind take", "record" },
    { { UPDATE, "", "A%1", "", "", NULL, NULL },
      "invalid_document", "", "record" },
    { { UPDATE, "", "Av=%2", "", "", NULL, NULL },
      "allow", "", "record echo" },
    { { UPDATE, "", "Av#%2", "", "", NULL, NULL },
      "invalid_document", "", "record" },
    { { UPDATE, "", "Av~=%2", "", "", NULL, NULL },
      "invalid_document", "", "record" },
    { { UPDATE, "", "Av#", "B2", "+1 B2a=%3", NULL, NULL },
      "allow", "added 1 claim bind take, echoed 2", "record" },
    { { UPDATE, "", "Av#", "B2", "B2a=%3 +1%1", NULL, NULL },
      "invalid_document", "echoed 2, added 1 claim bind take", "record" },
    { { UPDATE, "", "Av=%1", "", "A1a#%1", NULL, NULL },
      "invalid_document", "changed 1 take", "record echo" },
    { { UPDATE, "", "Av#%1", "", "A1a=%1", NULL, NULL },
      "invalid_document", "echoed 1", "record" },
    { { UPDATE, "", "Av#", "", "A1p=%1", NULL, NULL },
      "allow", "changed 1 claim bind take", "record" },
    { { UPDATE, "", "Bv=%2", "B1", "B1a=%1", NULL, NULL },
      "allow", "echoed 1", "record echo" },

    /* several reasons: the first is named */

    { { UPDATE, "", "A%1", "", "", NULL, "U" },
      "ambiguous_body", "", "record" },
    { { CREATE, "", "A%1", NULL, "B1a", NULL, NULL },
      "invalid_document", "changed 1 denied", "create record" },
    { { UPDATE, "", "B%1", "", "", NULL, NULL },
      "invalid_document", "", "record" },
    { { UPDATE, "", "Av~#%1", "", "B1a=", NULL, NULL },
      "invalid_document", "changed 1 denied", "record" },
    { { UPDATE, "", "Bv#", "", "B1a#", NULL, NULL },
      "trip_not_owned", "changed 1 denied", "record" },
    { { UPDATE, "", "Bv~#", "", "B1a=", NULL, NULL },
      "trip_not_owned", "changed 1 denied", "record" },
    { { UPDATE, "", "Bv~=", "", "B1a# B2a=", NULL, NULL },
      "booking_not_owned", "changed 1 denied, changed 2 denied", "record" },
    { { CREATE, "", NULL, NULL, "+1>B B2a", NULL, NULL },
      "booking_not_owned", "added 1 denied, changed 2 denied",
      "create record" },
    { { UPDATE, "", "Av~#", "", "B1a=>B +2>B", NULL, NULL },
      "booking_source_not_owned", "changed 1 denied, added 2 denied",
      "record" },
    { { UPDATE, "", "Av~#", "", "B1a=>B", NULL, NULL },
      "stale_view", "changed 1 denied", "record" },
    { { UPDATE, "", "A!", "", "+1>B", NULL, NULL },
      "booking_source_not_owned", "added 1 denied", "record" },
    { { UPDATE, "", "Av~!#", "", "B1a=", NULL, NULL },
      "stale_view", "changed 1 denied", "record" },
    { { BOOK, "", "A!", "", "B1a", NULL, NULL },
      "booking_not_owned", "changed 1 denied", "record" },
    { { BOOK, "", "A!", "", "A1a", NULL, NULL },
      "trip_busy", "changed 1 take", "record" },
    { { UNBOOK, "", "A!", "", "B1a", NULL, NULL },
      "booking_not_owned", "cancelled 1 denied", "record" },
    { { UNBOOK, "", "A!", "", "A1a", NULL, NULL },
      "trip_busy", "cancelled 1", "record" },

    /* a trip id in the body is the query's trip, and comes with one */

    { { UPDATE, "", "A", "", "", NULL, "" },    "allow", "", "record" },
    { { UPDATE, "", "A", "", "", NULL, "U" },
      "ambiguous_body", "", "record" },
    { { UPDATE, "", "A", "", "", NULL, "t" },
      "ambiguous_body", "", "record" },
    { { CREATE, "", NULL, NULL, "", NULL, "" },
      "ambiguous_body", "", "record" },
    { { UPDATE, "adopt", "?", "", "+1", NULL, "U" },
      "ambiguous_body", "added 1 claim bind take", "" },
    { { UPDATE, "", "B!", "B1", "B1a", NULL, "U" },
      "ambiguous_body", "changed 1 denied", "record" },

    /* one write at a time; it is named last */

    { { UPDATE, "", "A!", "", "", NULL, NULL },    "trip_busy", "", "record" },
    { { UPDATE, "", "A!", "", NULL, NULL, NULL },  "trip_busy", "", "record" },
    { { CANCEL, "", "A!", "B1", NULL, NULL, NULL },
      "trip_busy", "cancelled 1", "record cancel" },
    { { CANCEL, "", "B!", "A1a", NULL, NULL, NULL },
      "trip_busy", "cancelled 1", "record" },
    { { UPDATE, "adopt", "?!", "", "-1s", NULL, NULL },
      "trip_busy", "changed 1", "" },
    { { UPDATE, "", "A!", "", "B1a", NULL, NULL },
      "booking_not_owned", "changed 1 denied", "record" },
    { { UPDATE, "", "B!", "", "B1a", NULL, NULL },
      "trip_not_owned", "changed 1 denied", "record" },
    { { CREATE, "", "A!", NULL, "", NULL, NULL },
      "allow", "", "create record" }
};


static void
show(const itinerary_judgement_t *j, show_t *s)
{
    char                              *p, *last, name[8];
    unsigned                           i;
    const itinerary_booking_effect_t  *e;

    memset(s, 0, sizeof(show_t));

    (void) snprintf(s->verdict, sizeof(s->verdict), "%s",
                    j->verdict == ITINERARY_DENY
                    ? (char *) itinerary_reason(j->error.reason)->code.data
                    : (char *) itinerary_verdict_name(j->verdict)->data);

    p = s->effects;
    last = p + sizeof(s->effects);

    for (i = 0; i < j->neffects; i++) {

        e = &j->effects[i];

        case_show_name(&e->name, name, sizeof(name));

        p += snprintf(p, last - p, "%s%s %s%s%s%s%s", i ? ", " : "",
                      (char *) itinerary_effect_name(e->effect)->data, name,
                      e->allowed ? "" : " denied", e->claim ? " claim" : "",
                      e->bind ? " bind" : "", e->take ? " take" : "");
    }

    (void) snprintf(s->flags, sizeof(s->flags), "%s%s%s%s",
                    j->create ? " create" : "", j->record ? " record" : "",
                    j->cancel ? " cancel" : "", j->echo ? " echo" : "");

    memmove(s->flags, s->flags + (s->flags[0] != '\0'),
            sizeof(s->flags) - 1);
}


static void
check_row(const row_t *t, itinerary_result_e rc,
    const itinerary_judgement_t *j)
{
    int                  deny;
    show_t               s;
    itinerary_detail_t  *d;

    show(j, &s);

    deny = strcmp(t->verdict, "allow") && strcmp(t->verdict, "partial");

    if (strcmp(s.verdict, t->verdict)
        || strcmp(s.effects, t->effects)
        || strcmp(s.flags, t->flags)
        || rc != (deny ? ITINERARY_REFUSED : ITINERARY_OK)
        || (j->error.reason != ITINERARY_REASON_NONE) != deny)
    {
        print_error("operation %d \"%s\", trip \"%s\" with \"%s\", posted "
                    "\"%s\" \"%s\" \"%s\":\n  rc %d\n"
                    "  \"%s\", \"%s\", \"%s\" instead of\n"
                    "  \"%s\", \"%s\", \"%s\"\n",
                    t->row.operation, t->row.policy,
                    t->row.trip ? t->row.trip : "",
                    t->row.held ? t->row.held : "",
                    t->row.posted ? t->row.posted : "no document",
                    t->row.status ? t->row.status : "",
                    t->row.ids ? t->row.ids : "", rc,
                    s.verdict, s.effects, s.flags,
                    t->verdict, t->effects, t->flags);
        fail();
    }

    /* the other supplier is never named */

    for (d = j->error.details; d; d = d->next) {
        assert_null(strstr(d->text, "alpha"));
        assert_null(strstr(d->path, "alpha"));
    }
}


static void
test_table(void **state)
{
    size_t                 i;
    case_t                 t;
    arena_t                arena;
    itinerary_result_e     rc;
    itinerary_judgement_t  j;

    (void) state;

    for (i = 0; i < nelts(rows); i++) {
        arena_init(&arena, 0);
        case_make(&arena, &rows[i].row, &t);

        memset(&j, 0xa5, sizeof(itinerary_judgement_t));

        rc = itinerary_judge(&arena.pool, &t.c, &j);

        check_row(&rows[i], rc, &j);
        arena_free(&arena);
    }
}


/* a failed allocation decides nothing, or loses nothing but a detail */

static void
test_no_memory(void **state)
{
    size_t                 i;
    case_t                 t;
    arena_t                arena;
    unsigned               k, n, done;
    itinerary_result_e     rc;
    itinerary_judgement_t  j;

    (void) state;

    for (i = 0; i < nelts(rows); i++) {

        for (n = 1, done = 0; !done; n++) {
            arena_init(&arena, 0);
            case_make(&arena, &rows[i].row, &t);

            arena.count = 0;
            arena.fail = n;

            rc = itinerary_judge(&arena.pool, &t.c, &j);
            done = arena.count < n;

            if (rc == ITINERARY_NOMEM) {
                assert_false(done);

            } else {
                check_row(&rows[i], rc, &j);

                for (k = 0; k < j.neffects; k++) {
                    assert_int_not_equal(j.effects[k].source.len, 0);
                    assert_int_not_equal(j.effects[k].locator.len, 0);
                }
            }

            arena_free(&arena);
        }
    }
}


static void
test_details(void **state)
{
    size_t                 i, n;
    case_t                 t;
    arena_t                arena;
    unsigned               k;
    itinerary_result_e     rc;
    itinerary_detail_t    *d;
    itinerary_judgement_t  j;

    static const struct {
        const char  *path;
        unsigned     line;
        const char  *text;

    } details[] = {
        { "", 0, "the trip id in the body is not the query's trip" },
        { "/0/1", 1, "1 of 0%s" },
        { "/1/1", 101, "1 of 1%s" },
        { "", 0, "only the supplier that created the trip may change its "
                 "fields; another sends them back as it was shown them" },
        { "/Itinerary/Bookings/Booking[2]", 11,
          "only the supplier that created the booking may change it" },
        { "/Itinerary/Bookings/Booking[3]", 12,
          "only the supplier that created the booking may change it" },
        { "", 0, "a booking of another supplier is missing: the document "
                 "replaces the trip and would remove it" },
        { "", 0, "another supplier has a booking in the trip" },
        { "/Itinerary/Bookings/Booking[1]", 10,
          "only the supplier that the booking source belongs to may post "
          "under it" },
        { "/Itinerary/Bookings/Booking[2]", 11,
          "only the supplier that the booking source belongs to may post "
          "under it" },
        { "/Itinerary/Bookings/Booking[4]", 13,
          "get the trip again, and send back the booking as it is then" },
        { "", 0, "try again when the other write has been answered" }
    };

    static const struct {
        case_row_t   row;
        const char  *path;
        unsigned     line;
        const char  *text;

    } single[] = {
        { { CREATE, "", NULL, NULL, "", NULL, "" }, "", 0,
          "a trip id stands in the body, but the query has no tripId" },
        { { CANCEL, "", "B", "A1p B2", NULL, NULL, NULL }, "", 0,
          "only the supplier that created the trip, or one that has an "
          "active booking in it, may cancel it" },
        { { CANCEL, "own", "A", "B1", NULL, NULL, NULL }, "", 0,
          "another supplier has a booking in the trip" },
        { { UPDATE, "", "Bv~=", "", "", NULL, NULL }, "", 0,
          "get the trip again, and send back its fields as they are then" },
        { { BOOK, "", NULL, NULL, "B1a", NULL, NULL }, "/Booking", 10,
          "only the supplier that created the booking may change it" },
        { { BOOK, "", NULL, NULL, "+1>B", NULL, NULL }, "/Booking", 10,
          "only the supplier that the booking source belongs to may post "
          "under it" },
        { { UNBOOK, "", NULL, NULL, "+1", NULL, NULL }, "", 0,
          "only the supplier that created the booking may cancel it" },
        { { UNBOOK, "", NULL, NULL, "A1a B2a", NULL, NULL }, "", 0,
          "only the supplier that created the booking may cancel it" },
        { { UNBOOK, "vague", NULL, NULL, "A1a", NULL, NULL }, "", 0,
          "the number may mean too many bookings: name the booking's record "
          "locator" }
    };

    static const case_row_t  row = {
        UPDATE, "own", "B!%1v~#", "B1a=", "+2>B%1 B3a#>B -4s B5a=>B", "2", "U"
    };

    (void) state;

    arena_init(&arena, 0);
    case_make(&arena, &row, &t);

    assert_int_equal(itinerary_judge(&arena.pool, &t.c, &j),
                     ITINERARY_REFUSED);
    assert_int_equal(j.error.reason, ITINERARY_AMBIGUOUS_BODY);
    assert_int_equal(j.error.ndetails, nelts(details));

    for (d = j.error.details, i = 0; d; d = d->next, i++) {
        assert_string_equal(d->path, details[i].path);
        assert_int_equal(d->line, details[i].line);
        assert_string_equal(d->text, details[i].text);
    }

    arena_free(&arena);

    for (i = 0; i < nelts(single); i++) {
        arena_init(&arena, 0);
        case_make(&arena, &single[i].row, &t);

        rc = itinerary_judge(&arena.pool, &t.c, &j);

        assert_int_equal(rc, ITINERARY_REFUSED);

        n = (i == 0) ? 3 : 1;
        assert_int_equal(j.error.ndetails, n);

        for (d = j.error.details, k = 0; d; d = d->next, k++) {
            assert_string_equal(d->path, single[i].path);
            assert_int_equal(d->line, single[i].line);
            assert_string_equal(d->text, single[i].text);
        }

        arena_free(&arena);
    }
}


/* a trip that is another's is refused like one that is not known */

static void
test_no_secret(void **state)
{
    size_t                 i;
    case_t                 a, b;
    arena_t                arena;
    case_row_t             row;
    itinerary_detail_t    *d, *e;
    itinerary_judgement_t  j, k;

    static const itinerary_operation_e  operations[] = { UPDATE, CANCEL };

    (void) state;

    for (i = 0; i < nelts(operations); i++) {
        arena_init(&arena, 0);

        memset(&row, 0, sizeof(case_row_t));

        row.operation = operations[i];
        row.policy = "";
        row.posted = (operations[i] == UPDATE) ? "+1" : NULL;

        row.trip = "B";
        case_make(&arena, &row, &a);

        row.trip = "?";
        case_make(&arena, &row, &b);

        (void) itinerary_judge(&arena.pool, &a.c, &j);
        (void) itinerary_judge(&arena.pool, &b.c, &k);

        assert_int_equal(j.error.reason, ITINERARY_TRIP_NOT_OWNED);
        assert_int_equal(k.error.reason, ITINERARY_TRIP_NOT_OWNED);
        assert_int_equal(j.error.ndetails, k.error.ndetails);

        for (d = j.error.details, e = k.error.details; d; d = d->next) {
            assert_string_equal(d->text, e->text);
            e = e->next;
        }

        arena_free(&arena);
    }
}


/* sources and locators, for the audit trail, come from the registry's names */

static void
test_parts(void **state)
{
    size_t                 i;
    case_t                 t;
    arena_t                arena;
    itinerary_judgement_t  j;

    static const case_row_t  tests[] = {
        { UPDATE, "", "A", "A1 A2", "A1a", NULL, NULL },
        { CANCEL, "", "A", "A1 A2", NULL, NULL, NULL },
        { UPDATE, "keep", "A", "A1 A2", "A1a", "2", NULL }
    };

    (void) state;

    for (i = 0; i < nelts(tests); i++) {
        arena_init(&arena, 0);
        case_make(&arena, &tests[i], &t);

        (void) itinerary_judge(&arena.pool, &t.c, &j);

        assert_int_equal(j.neffects, 2);
        assert_int_equal(j.effects[0].source.len, 6);
        assert_memory_equal(j.effects[0].source.data, "SOURCE", 6);
        assert_memory_equal(j.effects[0].locator.data, "L1", 2);
        assert_int_equal(j.effects[1].source.len, 6);
        assert_memory_equal(j.effects[1].source.data, "SOURCE", 6);
        assert_int_equal(j.effects[1].locator.len, 2);
        assert_memory_equal(j.effects[1].locator.data, "L2", 2);

        /* what the registry holds by mistake is judged all the same */

        t.c.trip.bookings[1].name = case_text(&arena, "SOURCE2");
        t.c.trip.bookings[1].owner.len = 0;
        t.c.policy.cancel_foreign = 0;

        assert_int_equal(itinerary_judge(&arena.pool, &t.c, &j),
                         ITINERARY_REFUSED);
        assert_int_equal(j.error.reason, ITINERARY_BOOKING_NOT_OWNED);
        assert_int_equal(j.neffects, 2);
        assert_int_equal(j.effects[1].allowed, 0);
        assert_int_equal(j.effects[1].locator.len, 0);

        arena_free(&arena);
    }
}


/* what is posted, and what a number means, may be in another trip */

static void
test_trips(void **state)
{
    size_t                 i;
    case_t                 t;
    arena_t                arena;
    itinerary_judgement_t  j;

    static const case_row_t  tests[] = {
        { CREATE, "", NULL, NULL, "A1a^U", NULL, NULL },
        { UPDATE, "", "Av#", "", "A1a^U", NULL, NULL },
        { UPDATE, "", "Av#", "", "B1a=^U", NULL, NULL },
        { BOOK, "", NULL, NULL, "A1a^U", NULL, NULL },
        { UNBOOK, "", NULL, NULL, "A1a^U", NULL, NULL }
    };

    (void) state;

    for (i = 0; i < nelts(tests); i++) {
        arena_init(&arena, 0);
        case_make(&arena, &tests[i], &t);

        assert_int_equal(itinerary_judge(&arena.pool, &t.c, &j),
                         ITINERARY_OK);
        assert_int_equal(j.neffects, 1);
        assert_int_equal(j.effects[0].source.len, 6);
        assert_memory_equal(j.effects[0].source.data, "SOURCE", 6);
        assert_int_equal(j.effects[0].locator.len, 2);
        assert_memory_equal(j.effects[0].locator.data, "L1", 2);
        assert_int_equal(j.effects[0].trip.len, 1);
        assert_memory_equal(j.effects[0].trip.data, "U", 1);

        arena_free(&arena);
    }
}


/* those that are not listed are counted, of what is not an echo */

static void
test_many_violations(void **state)
{
    size_t                 i;
    case_t                 t;
    arena_t                arena;
    itinerary_judgement_t  j;

    static const struct {
        case_row_t   row;
        unsigned     ndetails;
        const char  *last;

    } tests[] = {
        { { UPDATE, "", "A%1", "", "+1%9 +2%9 +3%9 +4%9 +5%9 +6%9 +7%9",
            NULL, NULL },
          64, "1 more are not listed" },
        { { UPDATE, "", "A%2", "", "+1%9 +2%9 +3%9 +4%9 +5%9 +6%9 +7%9",
            NULL, NULL },
          64, "2 more are not listed" },
        { { UPDATE, "", "A%9", "", "+1%9 +2%9 +3%9 +4%9 +5%9 +6%9 +7%9",
            NULL, NULL },
          64, "9 more are not listed" },
        { { UPDATE, "", "Av=%9", "", "+1%9 +2%9 +3%9 +4%9 +5%9 +6%9 +7%9",
            NULL, NULL },
          55, "9 more are not listed" },
        { { UPDATE, "", "Av=", "",
            "B1a=%9 B2a=%9 B3a=%9 B4a=%9 B5a=%9 B6a=%9 B7a=%9 B8a=%9 +9%4",
            NULL, NULL },
          1, "4 more are not listed" },
        { { UPDATE, "", "A%1", "", "+1%9 +2%9 +3%9 +4%9 +5%9 +6%9 +7%9",
            NULL, "U" },
          64, "2 more are not listed" }
    };

    (void) state;

    for (i = 0; i < nelts(tests); i++) {
        arena_init(&arena, 0);
        case_make(&arena, &tests[i].row, &t);

        assert_int_equal(itinerary_judge(&arena.pool, &t.c, &j),
                         ITINERARY_REFUSED);
        assert_int_equal(j.error.ndetails, tests[i].ndetails);
        assert_string_equal(j.error.last->text, tests[i].last);

        arena_free(&arena);
    }
}


/* no creator on record is not a supplier without a name */

static void
test_no_supplier(void **state)
{
    size_t                 i;
    case_t                 t;
    arena_t                arena;
    itinerary_judgement_t  j;

    static const case_row_t  tests[] = {
        { UPDATE, "", "-", "", "", NULL, NULL },
        { CANCEL, "", "-", "-1a", NULL, NULL, NULL },
        { CREATE, "", NULL, NULL, "-1s", NULL, NULL },
        { CANCEL, "", "A", "A1a", NULL, NULL, NULL }
    };

    (void) state;

    for (i = 0; i < nelts(tests); i++) {
        arena_init(&arena, 0);
        case_make(&arena, &tests[i], &t);

        t.c.supplier.len = 0;

        assert_int_equal(itinerary_judge(&arena.pool, &t.c, &j),
                         ITINERARY_REFUSED);
        assert_int_equal(j.verdict, ITINERARY_DENY);

        arena_free(&arena);
    }
}


static void
test_others(void **state)
{
    size_t                 i;
    case_t                 t;
    arena_t                arena;
    itinerary_judgement_t  j;

    static const case_row_t  row = {
        ITINERARY_OP_READ, "", "B!", "B1", NULL, NULL, "U"
    };

    (void) state;

    for (i = 0; i < 2; i++) {
        arena_init(&arena, 0);
        case_make(&arena, &row, &t);

        t.c.operation = i ? ITINERARY_OP_READ : ITINERARY_OP_NONE;

        assert_int_equal(itinerary_judge(&arena.pool, &t.c, &j),
                         ITINERARY_OK);
        assert_int_equal(j.verdict, ITINERARY_ALLOW);
        assert_int_equal(j.neffects, 0);
        assert_int_equal(j.create + j.record + j.cancel, 0);

        arena_free(&arena);
    }
}


static void
test_names(void **state)
{
    size_t           i;
    itinerary_str_t  text;

    static const struct {
        const char         *name;
        itinerary_state_e   state;

    } states[] = {
        { "",           ITINERARY_STATE_NONE },
        { "pending",    ITINERARY_STATE_PENDING },
        { "active",     ITINERARY_STATE_ACTIVE },
        { "cancelled",  ITINERARY_STATE_CANCELLED },
        { "seen",       ITINERARY_STATE_SEEN },
        { "Active",     ITINERARY_STATE_NONE },
        { "activ",      ITINERARY_STATE_NONE },
        { "active ",    ITINERARY_STATE_NONE },
        { "canceled",   ITINERARY_STATE_NONE }
    };

    static const char  *verdicts[] = { "allow", "partial", "deny" };
    static const char  *effects[] = {
        "added", "changed", "echoed", "removed", "cancelled"
    };

    (void) state;

    for (i = 0; i < nelts(states); i++) {
        text.data = (u_char *) states[i].name;
        text.len = strlen(states[i].name);

        assert_int_equal(itinerary_state(&text), states[i].state);
    }

    for (i = 0; i < nelts(verdicts); i++) {
        assert_string_equal((char *) itinerary_verdict_name(i)->data,
                            verdicts[i]);
    }

    for (i = 0; i < nelts(effects); i++) {
        assert_string_equal((char *) itinerary_effect_name(i)->data,
                            effects[i]);
    }
}


/*
 * A model of the rules, written from their description alone, and all small
 * cases: two suppliers, three bookings in every state, in the trip or not,
 * posted or not.
 */

enum { NOBODY = 0, ME, OTHER };              /* owners */
enum { DENY_IT = 0, ADOPT_IT, ALLOW_IT };    /* itinerary_unknown_trip */

#define MODEL_BOOKINGS  3

typedef struct {
    int          owner;
    int          state;
    int          inside;   /* the trip */
    int          posted;
    int          shown;    /* 0 not, 1 as it is posted, 2 otherwise */
    int          bound;    /* to whom its source is */
} model_booking_t;

typedef struct {
    int               operation;
    int               unknown_trip;
    int               replace;
    int               cancel_foreign;
    int               known;
    int               creator;
    int               busy;
    int               ids;       /* in the body: 0 none, 1 same, 2 another */
    int               status2;
    int               view;      /* 0 none, 1 fresh, 2 stale */
    int               fields;    /* in it: as "shown" */
    int               source;    /* itinerary_booking_source */
    model_booking_t   b[MODEL_BOOKINGS];
} model_t;

/* what a request does to a booking, if it is forwarded */

typedef struct {
    int          added, changed, echoed, removed, cancelled;
    int          reached;    /* by the cancel of the whole trip */
    int          denied;     /* its source, or a stale echo */
} touch_t;

typedef struct {
    int          verdict;
    int          reason;
    int          create, record, cancel, echo;
    touch_t      touch[MODEL_BOOKINGS];
} answer_t;


/* whether the creator's, or nobody's and the operator lets it through */

static int
model_may(const model_t *m, int owner)
{
    return owner == ME || (owner == NOBODY && m->unknown_trip != DENY_IT);
}


static int
model_may_cancel(const model_t *m, int owner)
{
    return model_may(m, owner) || (m->creator == ME && m->cancel_foreign);
}


/* how a view compares: 0 not an echo, 1 a fresh one, 2 a stale one */

static int
model_echo(const model_t *m, int shown)
{
    return (m->operation == UPDATE && shown == 1) ? m->view : 0;
}


/* whether another's booking was not in the trip when that was shown last */

static int
model_gone(const model_t *m, const model_booking_t *b)
{
    return m->operation == UPDATE && m->view == 1 && !b->posted && !b->shown
           && b->owner != ME && b->state != ITINERARY_STATE_PENDING;
}


/* booking added, changed or echoed; returns whether that is its right */

static int
model_post(const model_t *m, const model_booking_t *b, touch_t *t, int *stale,
    int *source)
{
    int  echo, bound, right;

    echo = model_echo(m, b->shown);
    right = 1;

    if (b->state == ITINERARY_STATE_NONE && !b->shown) {
        t->added = 1;

    } else if (echo == 1
               && (b->owner != ME || b->state != ITINERARY_STATE_PENDING))
    {
        t->echoed = 1;
        return 1;

    } else if (echo == 2 && b->owner != ME) {
        t->changed = 1;
        t->denied = 1;
        *stale = 1;
        return 1;

    } else {
        t->changed = 1;
        right = model_may(m, b->owner);
    }

    bound = b->bound == ME
            || (b->bound == NOBODY
                && m->source == ITINERARY_BOOKING_SOURCE_CLAIM);

    if (m->source != ITINERARY_BOOKING_SOURCE_ANY && !bound) {
        t->denied = 1;
        *source = 1;
    }

    return right;
}


static void
model_judge(const model_t *m, answer_t *a)
{
    int                     i, trip, booking, active, adopts, stale, source;
    const model_booking_t  *b;

    memset(a, 0, sizeof(answer_t));

    trip = 1;
    booking = 1;
    active = 0;
    stale = 0;
    source = 0;

    for (i = 0; i < MODEL_BOOKINGS; i++) {
        b = &m->b[i];
        active |= b->inside && b->owner == ME
                  && b->state == ITINERARY_STATE_ACTIVE;
    }

    if (m->operation == UPDATE) {
        trip = model_may(m, m->creator) || model_echo(m, m->fields);
        stale = model_echo(m, m->fields) == 2 && m->creator != ME;
        a->echo = model_echo(m, m->fields) == 1;
        a->cancel = m->status2
                    && (m->creator == ME || !model_echo(m, m->fields));
    }

    if (m->operation == CANCEL) {

        if (m->creator == ME) {
            a->cancel = 1;

        } else if (active) {
            a->verdict = ITINERARY_PARTIAL;

        } else if (model_may(m, m->creator)) {
            a->cancel = 1;

        } else {
            trip = 0;
        }
    }

    for (i = 0; i < MODEL_BOOKINGS; i++) {
        b = &m->b[i];

        if (m->operation != CANCEL && b->posted) {
            booking &= model_post(m, b, &a->touch[i], &stale, &source);
        }

        if (!b->inside || m->operation == BOOK || model_gone(m, b)) {
            continue;
        }

        if (m->operation == UPDATE && !b->posted && m->replace) {
            a->touch[i].removed = 1;
            booking &= model_may(m, b->owner);
        }

        if (a->cancel) {
            a->touch[i].reached = 1;
            booking &= model_may_cancel(m, b->owner);
        }

        a->touch[i].cancelled = !a->touch[i].removed
                         && (m->operation == CANCEL || !b->posted)
                         && (a->cancel || (a->verdict == ITINERARY_PARTIAL
                                           && b->owner == ME));
    }

    if (m->operation != CANCEL && m->operation != BOOK
        && (m->ids == 2 || (m->ids == 1 && m->operation == CREATE)))
    {
        a->reason = ITINERARY_AMBIGUOUS_BODY;

    } else if (!trip) {
        a->reason = ITINERARY_TRIP_NOT_OWNED;

    } else if (!booking) {
        a->reason = ITINERARY_BOOKING_NOT_OWNED;

    } else if (source) {
        a->reason = ITINERARY_BOOKING_SOURCE_NOT_OWNED;

    } else if (stale) {
        a->reason = ITINERARY_STALE_VIEW;

    } else if (m->busy && m->operation != CREATE) {
        a->reason = ITINERARY_TRIP_BUSY;
    }

    adopts = m->operation != CREATE && m->operation != BOOK
             && m->unknown_trip == ADOPT_IT
             && m->creator == NOBODY && a->reason == 0
             && a->verdict != ITINERARY_PARTIAL;

    if (a->reason) {
        a->verdict = ITINERARY_DENY;
    }

    a->create = adopts || (m->operation == CREATE && m->ids == 0);
    a->record = adopts || m->operation == CREATE || m->operation == BOOK
                || m->known;
}


/* the same case for the code under test, in static memory */

static u_char  bump_memory[64 * 1024];
static size_t  bump_used;


static void *
bump_alloc(void *data, size_t size)
{
    void  *p;

    (void) data;

    size = (size + 15) & ~(size_t) 15;

    if (size > sizeof(bump_memory) - bump_used) {
        return NULL;
    }

    p = bump_memory + bump_used;
    bump_used += size;

    return p;
}


static const itinerary_str_t  model_owners[] = {
    itinerary_string(""), itinerary_string("me"), itinerary_string("Me")
};

static const itinerary_str_t  model_digests[] = {
    itinerary_string(""), itinerary_string("same"), itinerary_string("other")
};

static const itinerary_str_t  model_names[] = {
    itinerary_string("S|1"), itinerary_string("S|2"), itinerary_string("S|3")
};


typedef struct {
    itinerary_case_t      c;
    itinerary_document_t  document;
    itinerary_record_t    held[MODEL_BOOKINGS];
    itinerary_record_t    records[MODEL_BOOKINGS];
    itinerary_booking_t   bookings[MODEL_BOOKINGS];
} model_case_t;


static void
model_make(const model_t *m, model_case_t *t)
{
    int                     i;
    itinerary_record_t     *record;
    const model_booking_t  *b;

    static const itinerary_str_t  ids[] = {
        itinerary_string(""), itinerary_string("T"), itinerary_string("U")
    };
    static const itinerary_str_t  two = itinerary_string("2");

    memset(t, 0, sizeof(model_case_t));

    t->c.operation = m->operation;
    t->c.supplier = model_owners[ME];
    t->c.policy.unknown_trip = m->unknown_trip;
    t->c.policy.replace = m->replace;
    t->c.policy.cancel_foreign = m->cancel_foreign;
    t->c.policy.booking_source = m->source;
    t->c.trip.bookings = t->held;
    t->c.trip.rev = 3;
    t->c.view.rev = (m->view == 2) ? 2 : 3;
    t->c.view.known = m->view != 0;
    t->c.view.digest = model_digests[m->fields];
    t->document.digest = model_digests[1];

    if (m->operation != CREATE) {
        t->c.trip.id = ids[1];
        t->c.trip.owner = model_owners[m->creator];
        t->c.trip.known = m->known;
        t->c.trip.busy = m->busy;
    }

    for (i = 0; i < MODEL_BOOKINGS; i++) {
        b = &m->b[i];

        if (b->inside && m->operation != CREATE) {
            record = &t->held[t->c.trip.nbookings++];

            record->name = model_names[i];
            record->owner = model_owners[b->owner];

            /* the registry is asked for these alone */

            if (m->operation == CANCEL && m->creator != ME && b->owner == ME) {
                record->state = b->state;
            }

            if (m->operation == UPDATE && !b->posted) {
                record->state = b->state;
                record->shown = model_digests[b->shown];
            }
        }

        if (b->posted && m->operation != CANCEL) {
            record = &t->records[t->document.nbookings];

            record->name = model_names[i];
            record->owner = model_owners[b->owner];
            record->state = b->state;
            record->bound = model_owners[b->bound];
            record->shown = model_digests[b->shown];

            t->bookings[t->document.nbookings].digest = model_digests[1];
            t->bookings[t->document.nbookings++].name = model_names[i];
        }
    }

    if (m->operation != CANCEL) {
        t->document.bookings = t->bookings;
        t->c.document = &t->document;
        t->c.records = t->records;

        if (m->status2) {
            t->document.trip_status = two;
        }

        if (m->ids) {
            t->c.nids = 1;
            t->c.ids[0] = ids[m->ids];
        }
    }
}


static void
model_fail(const model_t *m, const itinerary_judgement_t *j,
    const answer_t *a, const char *what)
{
    int     i;
    show_t  s;

    show(j, &s);

    print_error("%s: operation %d, unknown_trip %d, replace %d, "
                "cancel_foreign %d, known %d, creator %d, busy %d, ids %d, "
                "status2 %d, view %d, fields %d, source %d\n", what,
                m->operation, m->unknown_trip, m->replace, m->cancel_foreign,
                m->known, m->creator, m->busy, m->ids, m->status2, m->view,
                m->fields, m->source);

    for (i = 0; i < MODEL_BOOKINGS; i++) {
        print_error("  booking %d: owner %d, state %d, inside %d, posted %d, "
                    "shown %d, bound %d\n",
                    i + 1, m->b[i].owner, m->b[i].state, m->b[i].inside,
                    m->b[i].posted, m->b[i].shown, m->b[i].bound);
    }

    print_error("  \"%s\", \"%s\", \"%s\"\n", s.verdict, s.effects, s.flags);
    print_error("  instead of %d %d, create %d, record %d, cancel %d\n",
                a->verdict, a->reason, a->create, a->record, a->cancel);
    fail();
}


/* the first promise, in terms of what would be forwarded */

static void
model_promise(const model_t *m, const itinerary_judgement_t *j,
    const answer_t *a)
{
    int             i, creator;
    const touch_t  *t;

    creator = m->creator == ME && m->operation != CREATE;

    if ((m->operation == UPDATE || j->cancel)
        && !model_may(m, m->creator)
        && !(m->view == 1 && m->fields == 1 && !j->cancel))
    {
        model_fail(m, j, a, "another's trip is changed");
    }

    for (i = 0; i < MODEL_BOOKINGS; i++) {

        t = &a->touch[i];

        if (j->verdict == ITINERARY_PARTIAL && m->b[i].owner != ME) {
            continue;
        }

        if ((t->changed || t->removed) && !model_may(m, m->b[i].owner)) {
            model_fail(m, j, a, "another's booking is changed");
        }

        if ((t->reached || t->cancelled) && !model_may(m, m->b[i].owner)
            && !(creator && m->cancel_foreign))
        {
            model_fail(m, j, a, "another's booking is cancelled");
        }
    }
}


static void
model_check(const model_t *m)
{
    int                                i, kind, own, allowed, claim;
    answer_t                           a;
    unsigned                           n, k;
    itinerary_pool_t                   pool;
    itinerary_result_e                 rc;
    static model_case_t                t;
    itinerary_judgement_t              j;
    const itinerary_booking_effect_t  *e;

    model_make(m, &t);
    model_judge(m, &a);

    bump_used = 0;
    pool.alloc = bump_alloc;
    pool.data = NULL;

    rc = itinerary_judge(&pool, &t.c, &j);

    if (rc != (a.reason ? ITINERARY_REFUSED : ITINERARY_OK)
        || j.verdict != (itinerary_verdict_e) a.verdict
        || j.error.reason != (itinerary_reason_e) a.reason
        || j.create != (unsigned) a.create
        || j.record != (unsigned) a.record
        || j.cancel != (unsigned) a.cancel
        || j.echo != (unsigned) a.echo)
    {
        model_fail(m, &j, &a, "not as the model");
    }

    if (rc == ITINERARY_OK) {
        model_promise(m, &j, &a);
    }

    n = 0;

    for (i = 0; i < MODEL_BOOKINGS; i++) {

        kind = a.touch[i].added ? ITINERARY_ADDED
               : a.touch[i].changed ? ITINERARY_CHANGED
               : a.touch[i].echoed ? ITINERARY_ECHOED
               : a.touch[i].removed ? ITINERARY_REMOVED
               : a.touch[i].cancelled ? ITINERARY_CANCELLED : -1;

        if (kind == -1) {
            continue;
        }

        n++;

        for (k = 0; k < j.neffects; k++) {
            if (itinerary_equal(&j.effects[k].name, &model_names[i])) {
                break;
            }
        }

        if (k == j.neffects) {
            model_fail(m, &j, &a, "an effect is missing");
        }

        e = &j.effects[k];
        own = m->b[i].owner == ME;

        allowed = kind == ITINERARY_ADDED || kind == ITINERARY_ECHOED
                  || (kind == ITINERARY_CANCELLED
                      ? model_may_cancel(m, m->b[i].owner)
                      : model_may(m, m->b[i].owner));

        allowed = allowed && !a.touch[i].denied;

        claim = allowed
                && (kind == ITINERARY_ADDED
                    || (kind == ITINERARY_CHANGED && own
                        && (m->b[i].state == ITINERARY_STATE_PENDING
                            || m->b[i].state == ITINERARY_STATE_CANCELLED)));

        if (e->effect != (itinerary_effect_e) kind
            || e->allowed != (unsigned) allowed
            || e->claim != (unsigned) claim
            || e->bind != (claim && m->source
                                    == ITINERARY_BOOKING_SOURCE_CLAIM)
            || e->take != (allowed
                           && (kind == ITINERARY_ADDED
                               || (kind == ITINERARY_CHANGED
                                   && (own || (m->unknown_trip == ADOPT_IT
                                               && !a.reason))))))
        {
            model_fail(m, &j, &a, "an effect is not as the model's");
        }
    }

    if (j.neffects != n) {
        model_fail(m, &j, &a, "an effect too many");
    }
}


static void
model_policies(model_t *m, unsigned deep)
{
    unsigned  i, n;

    n = deep ? 3 * 2 * 2 * 2 * 2 * 3 : 3 * 2 * 2 * 2;

    for (i = 0; i < n; i++) {
        m->unknown_trip = i % 3;
        m->replace = i / 3 % 2;
        m->cancel_foreign = i / 6 % 2;
        m->status2 = i / 12 % 2;
        m->busy = i / 24 % 2;
        m->ids = i / 48;

        if (m->operation == BOOK
            && (m->replace || m->cancel_foreign || m->status2))
        {
            continue;
        }

        if (m->operation == CREATE
            && (m->replace || m->cancel_foreign || m->status2))
        {
            continue;
        }

        if (m->operation == CANCEL
            && (m->replace || m->status2 || m->ids))
        {
            continue;
        }

        model_check(m);
    }
}


/* what a booking can be */

static unsigned
model_options(model_booking_t *options)
{
    int               owner, state, inside, posted;
    unsigned          n;
    model_booking_t  *o;

    n = 0;

    for (state = ITINERARY_STATE_NONE; state <= ITINERARY_STATE_SEEN; state++)
    {
        for (owner = NOBODY; owner <= OTHER; owner++) {

            if ((owner == NOBODY) != (state == ITINERARY_STATE_NONE
                                      || state == ITINERARY_STATE_SEEN))
            {
                continue;
            }

            for (inside = 0; inside < 2; inside++) {

                if (inside && (state == ITINERARY_STATE_NONE
                               || state == ITINERARY_STATE_CANCELLED))
                {
                    continue;
                }

                for (posted = 0; posted < 2; posted++) {
                    o = &options[n++];

                    memset(o, 0, sizeof(model_booking_t));

                    o->owner = owner;
                    o->state = state;
                    o->inside = inside;
                    o->posted = posted;
                }
            }
        }
    }

    assert_int_equal(n, 26);

    return n;
}


/* the trip, in 4 ways: not known, nobody's, the supplier's, another's */

static void
model_trip(model_t *m, int trip)
{
    m->known = m->operation != CREATE && trip != 0;
    m->creator = m->known ? trip - 1 : NOBODY;
}


static void
model_all(unsigned nbookings, unsigned deep)
{
    int              trip;
    unsigned         i, k, l, noptions, last;
    model_t          m;
    model_booking_t  options[26];

    static const int  operations[] = { CREATE, UPDATE, CANCEL };

    noptions = model_options(options);

    memset(&m, 0, sizeof(model_t));

    for (i = 0; i < noptions; i++) {
        for (k = 0; k <= i; k++) {

            /* the first is nothing at all: not on record, not posted */

            last = (nbookings == 3) ? k : 0;

            for (l = 0; l <= last; l++) {
                m.b[0] = options[l];
                m.b[1] = options[i];
                m.b[2] = options[k];

                for (trip = 0; trip < 3 * 4; trip++) {
                    m.operation = operations[trip % 3];

                    if (m.operation == CREATE && trip / 3) {
                        continue;
                    }

                    model_trip(&m, trip / 3);
                    model_policies(&m, deep);
                }
            }
        }
    }
}


static void
test_model_views(void **state)
{
    int              shown, trip;
    unsigned         i, k, noptions;
    model_t          m;
    model_booking_t  options[26];

    (void) state;

    noptions = model_options(options);

    memset(&m, 0, sizeof(model_t));

    m.operation = UPDATE;

    for (i = 0; i < noptions; i++) {
        for (k = 0; k <= i; k++) {
            for (shown = 0; shown < 3 * 3 * 3; shown++) {

                m.b[1] = options[i];
                m.b[2] = options[k];

                m.fields = shown % 3;
                m.b[1].shown = shown / 3 % 3;
                m.b[2].shown = shown / 9;

                for (trip = 0; trip < 2 * 4; trip++) {
                    m.view = 1 + trip % 2;

                    model_trip(&m, trip / 2);
                    model_policies(&m, 0);
                }
            }
        }
    }
}


static void
test_model_sources(void **state)
{
    unsigned         i, k, n, noptions;
    model_t          m;
    model_booking_t  options[26];

    static const int  operations[] = { CREATE, UPDATE, BOOK };

    (void) state;

    noptions = model_options(options);

    memset(&m, 0, sizeof(model_t));

    for (i = 0; i < noptions; i++) {
        for (k = 0; k < noptions; k++) {
            for (n = 0; n < 3 * 3 * 3 * 3 * 3; n++) {

                m.b[1] = options[i];
                m.b[2] = options[k];

                m.operation = operations[n % 3];
                m.source = n / 3 % 3;
                m.b[1].bound = n / 9 % 3;
                m.b[2].bound = n / 27 % 3;
                m.view = n / 81;
                m.b[1].shown = m.view && m.operation == UPDATE;

                model_trip(&m, 2);
                model_policies(&m, 0);
            }
        }
    }
}


static void
test_model_three(void **state)
{
    (void) state;

    model_all(3, 0);
}


static void
test_model_two(void **state)
{
    (void) state;

    model_all(2, 1);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        { "every row of the table of effects and rights",
          test_table, NULL, NULL, NULL },
        { "a failed allocation decides nothing",
          test_no_memory, NULL, NULL, NULL },
        { "the first reason is named, and all details are listed",
          test_details, NULL, NULL, NULL },
        { "an unknown trip and another's are refused alike",
          test_no_secret, NULL, NULL, NULL },
        { "an effect names source and locator",
          test_parts, NULL, NULL, NULL },
        { "an effect names the trip that its booking was in",
          test_trips, NULL, NULL, NULL },
        { "violations that are not listed are counted",
          test_many_violations, NULL, NULL, NULL },
        { "without a supplier nothing is owned",
          test_no_supplier, NULL, NULL, NULL },
        { "what is no write has no effects",
          test_others, NULL, NULL, NULL },
        { "verdicts, effects and states have names",
          test_names, NULL, NULL, NULL },
        { "all cases of three bookings are judged as the model does",
          test_model_three, NULL, NULL, NULL },
        { "all cases of two bookings, busy trips and ids in the body too",
          test_model_two, NULL, NULL, NULL },
        { "all cases of two bookings and what was shown of them",
          test_model_views, NULL, NULL, NULL },
        { "all cases of two bookings and to whom their sources are bound",
          test_model_sources, NULL, NULL, NULL }
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
