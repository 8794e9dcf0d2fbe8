
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
 * After it:
 *
 *     =  shown to A in its view of the trip, and posted the same
 *     #  shown to A, and posted otherwise
 *     >  to whom its source is bound: ">A", ">B"
 *     %  how many violations it has: "%2"
 *     '  a confirmation number that it has: "'7", "'8'9"
 *     ^  the trip that it is on record in: "^U"
 *
 * A policy is a list of: adopt, allow (else deny), keep (replace off), own
 * (cancel_foreign off), registered, any (else claim); and of what is asked of
 * a number: vague.  A trip is its creator: "A", "B", "-" (none on record) or
 * "?" (the registry does not know the trip); and after it:
 *
 *     !  busy
 *     v  A has a view of it; stale with "~"
 *     =  its fields are in the view, and posted the same
 *     #  they are, and posted otherwise
 *     %  how many violations there are outside the bookings
 *     g  the client has named it (so it has in an UPDATE and a CANCEL)
 *
 * What is posted by a CANCEL_BOOKING is the bookings that are meant.
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


/* in digests of what is posted, and of what was shown otherwise */

#define CASE_OTHERWISE  "otherwise"

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


static inline void
case_confirm(arena_t *arena, itinerary_booking_t *booking, char digit)
{
    char                       buf[4];
    itinerary_confirmation_t  *cn, **last;

    for (last = &booking->confirmations; *last; last = &(*last)->next) {
        /* void */
    }

    (void) snprintf(buf, sizeof(buf), "L%c", digit);

    cn = arena_alloc(arena, sizeof(itinerary_confirmation_t));

    cn->next = NULL;
    cn->number = case_text(arena, buf);

    *last = cn;
}


/* what follows a booking's name; returns what follows that */

static inline const char *
case_rest(arena_t *arena, const char *p, itinerary_record_t *record,
    itinerary_booking_t *booking)
{
    char         buf[2];
    const char  *state;

    static const char  states[] = "pacs";

    for ( /* void */ ; *p && *p != ' '; p++) {

        switch (*p) {

        case '=':
            record->shown = booking->digest;
            break;

        case '#':
            record->shown = case_text(arena, CASE_OTHERWISE);
            break;

        case '>':
            record->bound = case_text(arena, *++p == 'A' ? "Alpha" : "alpha");
            break;

        case '%':
            booking->nviolations = *++p - '0';
            break;

        case '\'':
            case_confirm(arena, booking, *++p);
            break;

        case '^':
            buf[0] = *++p;
            buf[1] = '\0';
            record->trip = case_text(arena, buf);
            break;

        default:

            state = strchr(states, *p);
            if (state == NULL) {
                abort();
            }

            record->state = ITINERARY_STATE_PENDING + (state - states);
        }
    }

    return p;
}


/* a list of bookings; returns how many */

static inline unsigned
case_bookings(arena_t *arena, const char *p, itinerary_record_t *records,
    itinerary_booking_t *bookings)
{
    char                 digest[8];
    unsigned             n;
    itinerary_booking_t  booking;

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

        case_show_name(&booking.name, digest, sizeof(digest));
        booking.digest = case_text(arena, digest);

        p = case_rest(arena, p, &records[n], &booking);

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
case_trip(arena_t *arena, const case_row_t *row, case_t *t)
{
    const char        *p;
    itinerary_case_t  *c;

    c = &t->c;

    c->trip.known = row->trip[0] != '?';
    c->trip.owner = case_text(arena, row->trip[0] == 'A' ? "Alpha"
                                     : row->trip[0] == 'B' ? "alpha" : "");

    for (p = row->trip + 1; *p; p++) {

        switch (*p) {

        case '!':
            c->trip.busy = 1;
            break;

        case 'g':
            c->given = 1;
            break;

        case '%':
            t->document.nviolations = *++p - '0';
            break;

        case '=':
            c->view.digest = case_text(arena, "T");
            break;

        case '#':
            c->view.digest = case_text(arena, CASE_OTHERWISE);
            break;

        case '~':
            c->view.rev = 7;
            break;

        case 'v':
            c->view.known = 1;
            c->view.rev = 8;
            c->trip.rev = 8;
            break;

        default:
            abort();
        }
    }
}


/* as the reader: stored up to a limit, and counted */

static inline void
case_violations(arena_t *arena, itinerary_document_t *document)
{
    unsigned                 i, k, n, stored;
    itinerary_violation_t   *v, **last;

    stored = 0;
    last = &document->violations;

    for (i = 0; i <= document->nbookings; i++) {

        n = i ? document->bookings[i - 1].nviolations : document->nviolations;

        for (k = 1; k <= n && stored < ITINERARY_VIOLATIONS_MAX; k++) {

            v = arena_alloc(arena, sizeof(itinerary_violation_t));

            v->next = NULL;
            v->booking = i;
            v->line = 100 * i + k;

            (void) snprintf(v->path, sizeof(v->path), "/%u/%u", i, k);
            (void) snprintf(v->text, sizeof(v->text), "%u of %u%%s", k, i);

            *last = v;
            last = &v->next;
            stored++;
        }
    }

    for (i = 0; i < document->nbookings; i++) {
        document->nviolations += document->bookings[i].nviolations;
    }
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
    c->policy.booking_source = strstr(row->policy, "registered")
                               ? ITINERARY_BOOKING_SOURCE_REGISTERED
                               : strstr(row->policy, "any")
                                 ? ITINERARY_BOOKING_SOURCE_ANY
                                 : ITINERARY_BOOKING_SOURCE_CLAIM;

    c->vague = strstr(row->policy, "vague") != NULL;
    c->given = row->operation == ITINERARY_OP_UPDATE
               || row->operation == ITINERARY_OP_CANCEL;

    if (row->operation != ITINERARY_OP_CREATE) {
        c->trip.id = case_text(arena, "T");
    }

    if (row->trip) {
        case_trip(arena, row, t);
    }

    if (row->held) {
        c->trip.bookings = arena_alloc(arena, CASE_BOOKINGS
                                              * sizeof(itinerary_record_t));
        c->trip.nbookings = case_bookings(arena, row->held, c->trip.bookings,
                                          NULL);
    }

    if (row->posted && row->operation == ITINERARY_OP_CANCEL_BOOKING) {
        records = arena_alloc(arena,
                              CASE_BOOKINGS * sizeof(itinerary_record_t));

        c->nmeant = case_bookings(arena, row->posted, records, NULL);
        c->meant = records;

    } else if (row->posted) {
        records = arena_alloc(arena,
                              CASE_BOOKINGS * sizeof(itinerary_record_t));

        t->document.bookings = arena_alloc(arena,
                               CASE_BOOKINGS * sizeof(itinerary_booking_t));
        t->document.nbookings = case_bookings(arena, row->posted, records,
                                              t->document.bookings);
        t->document.trip_status = case_text(arena, row->status);
        t->document.digest = case_text(arena, "T");

        case_violations(arena, &t->document);

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
