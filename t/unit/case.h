
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Cases in words, for the tests of the verdict and of the facts.
 *
 * The supplier that asks is A ("Alpha"); there is also B ("alpha", since names
 * are compared byte by byte).  Bookings are lists such as
 *
 *     "A1 B2p -3s +4"    of A; of B, pending; of nobody, seen; not on record
 *
 * with the states p, a, c and s, or none where the registry is not asked.  An
 * "x" or "y" before the number is another source with the same locator: "+x1".
 *
 * A policy is a list of: adopt, allow (else deny), keep (replace off), own
 * (cancel_foreign off).  A trip is its creator: "A", "B", "-" (none on record)
 * or "?" (the registry does not know the trip); "!" after it: busy.
 */


#ifndef _CASE_H_INCLUDED_
#define _CASE_H_INCLUDED_


#include <stdio.h>

#include "arena.h"
#include "itinerary_verdict.h"


#define CASE_BOOKINGS  16

#define nelts(a)  (sizeof(a) / sizeof((a)[0]))


typedef struct {
    itinerary_operation_e   operation;
    const char             *policy;
    const char             *trip;
    const char             *held;     /* the trip's bookings on record */
    const char             *posted;   /* NULL: no document */
    const char             *status;   /* TripStatus posted, or NULL */
    const char             *ids;      /* in the body, "" is the trip; or NULL */
} case_row_t;

typedef struct {
    itinerary_case_t        c;
    itinerary_document_t    document;
} case_t;


/* copies to a block of exactly that size, so that an overread is seen */

static inline itinerary_str_t
case_text(arena_t *arena, const char *s)
{
    itinerary_str_t  text;

    text.len = s ? strlen(s) : 0;
    text.data = text.len ? arena_alloc(arena, text.len) : NULL;

    if (text.len) {
        memcpy(text.data, s, text.len);
    }

    return text;
}


/* "1" or "x1" to source, locator and name; returns what follows it */

static inline const char *
case_name(arena_t *arena, const char *p, itinerary_str_t *source,
    itinerary_str_t *locator, itinerary_str_t *name)
{
    char         buf[32];
    const char  *s;

    s = "SOURCE";

    if (*p == 'x' || *p == 'y') {
        s = (*p == 'x') ? "X" : "Y";
        p++;
    }

    *source = case_text(arena, s);

    (void) snprintf(buf, sizeof(buf), "L%c", *p);
    *locator = case_text(arena, buf);

    (void) snprintf(buf, sizeof(buf), "%s|L%c", s, *p);
    *name = case_text(arena, buf);

    return p + 1;
}


static inline void
case_show_name(const itinerary_str_t *name, char *buf, size_t size)
{
    (void) snprintf(buf, size, "%s%c",
                    name->data[0] == 'X' ? "x"
                    : name->data[0] == 'Y' ? "y" : "",
                    name->data[name->len - 1]);
}


/* a list of bookings; returns how many */

static inline unsigned
case_bookings(arena_t *arena, const char *p, itinerary_record_t *records,
    itinerary_booking_t *bookings)
{
    unsigned              n;
    const char           *state;
    itinerary_booking_t   booking;

    static const char  states[] = "pacs";

    for (n = 0; *p; n++) {

        if (n == CASE_BOOKINGS) {
            abort();
        }

        memset(&booking, 0, sizeof(itinerary_booking_t));
        memset(&records[n], 0, sizeof(itinerary_record_t));

        switch (*p++) {

        case 'A':
            records[n].owner = case_text(arena, "Alpha");
            break;

        case 'B':
            records[n].owner = case_text(arena, "alpha");
            break;

        case '-':
        case '+':
            break;

        default:
            abort();
        }

        p = case_name(arena, p, &booking.source, &booking.locator,
                      &booking.name);

        booking.line = n + 10;
        booking.segments = 1;

        if (*p && *p != ' ') {
            state = strchr(states, *p++);
            if (state == NULL) {
                abort();
            }

            records[n].state = ITINERARY_STATE_PENDING + (state - states);
        }

        records[n].name = booking.name;

        if (bookings) {
            bookings[n] = booking;
        }

        while (*p == ' ') {
            p++;
        }
    }

    return n;
}


static inline void
case_make(arena_t *arena, const case_row_t *row, case_t *t)
{
    itinerary_case_t    *c;
    itinerary_record_t  *records;

    memset(t, 0, sizeof(case_t));

    c = &t->c;

    c->operation = row->operation;
    c->supplier = case_text(arena, "Alpha");

    c->policy.unknown_trip = strstr(row->policy, "adopt")
                             ? ITINERARY_UNKNOWN_TRIP_ADOPT
                             : strstr(row->policy, "allow")
                               ? ITINERARY_UNKNOWN_TRIP_ALLOW
                               : ITINERARY_UNKNOWN_TRIP_DENY;
    c->policy.replace = strstr(row->policy, "keep") == NULL;
    c->policy.cancel_foreign = strstr(row->policy, "own") == NULL;

    if (row->operation != ITINERARY_OP_CREATE) {
        c->trip.id = case_text(arena, "T");
    }

    if (row->trip) {
        c->trip.known = row->trip[0] != '?';
        c->trip.busy = strchr(row->trip, '!') != NULL;
        c->trip.owner = case_text(arena, row->trip[0] == 'A' ? "Alpha"
                                         : row->trip[0] == 'B' ? "alpha"
                                         : "");
    }

    if (row->held) {
        c->trip.bookings = arena_alloc(arena, CASE_BOOKINGS
                                              * sizeof(itinerary_record_t));
        c->trip.nbookings = case_bookings(arena, row->held, c->trip.bookings,
                                          NULL);
    }

    if (row->posted) {
        records = arena_alloc(arena,
                              CASE_BOOKINGS * sizeof(itinerary_record_t));

        t->document.bookings = arena_alloc(arena,
                               CASE_BOOKINGS * sizeof(itinerary_booking_t));
        t->document.nbookings = case_bookings(arena, row->posted, records,
                                              t->document.bookings);
        t->document.trip_status = case_text(arena, row->status);

        c->document = &t->document;
        c->records = records;
    }

    if (row->ids) {
        c->nids = 3;
        c->ids[0] = case_text(arena, "T");
        c->ids[1] = case_text(arena, row->ids[0] ? row->ids : "T");
        c->ids[2] = case_text(arena, "T");
    }
}


#endif /* _CASE_H_INCLUDED_ */
