
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Cases from inputs, in the words of case.h.  An input has them on lines of
 * its own; whatever else stands there is left out, and so is what a gateway
 * never asks about, so that a fuzzer may change a line as it likes:
 *
 *     operation (as in the audit trail, or its first letters) and policy
 *     the trip
 *     its bookings on record
 *     what is posted, or "." for nothing
 *     TripStatus
 *     an id in the body, "=" for the trip's, or nothing
 */


#ifndef _WORDS_H_INCLUDED_
#define _WORDS_H_INCLUDED_


#include "case.h"
#include "fuzz.h"


#define WORDS_MAX  512

typedef struct {
    char                   policy[WORDS_MAX];
    char                   trip[WORDS_MAX];
    char                   held[WORDS_MAX];
    char                   posted[WORDS_MAX];
    char                   status[WORDS_MAX];
    char                   ids[WORDS_MAX];
    case_row_t             row;
} words_t;


static inline void
words_string(fuzz_input_t *in, char *buf)
{
    size_t            i, n;
    itinerary_str_t   line;

    line = fuzz_line(in);

    for (i = 0, n = 0; i < line.len && n < WORDS_MAX - 1; i++) {
        if (line.data[i]) {
            buf[n++] = line.data[i];
        }
    }

    buf[n] = '\0';
}


static inline itinerary_operation_e
words_operation(const char *text)
{
    unsigned  i;

    for (i = ITINERARY_OP_MAX; i > ITINERARY_OP_READ; i--) {
        if (strncmp(text, (char *) itinerary_operation_name(i)->data, 4) == 0
            && (i != ITINERARY_OP_CANCEL_BOOKING || strchr(text, '_')))
        {
            return i;
        }
    }

    return ITINERARY_OP_UPDATE;
}


/* "A", "B", "-" or "?", and marks */

static inline void
words_trip(const char *p, char *dst, int given)
{
    int  viewed;

    *dst = *p && strchr("AB-?", *p) ? *p++ : '-';
    dst++;

    viewed = 0;

    for ( /* void */ ; *p; p++) {

        switch (*p) {

        case 'v':

            if (!viewed) {
                *dst++ = 'v';
                viewed = 1;
            }

            break;

        case '%':

            if (p[1] >= '0' && p[1] <= '9') {
                *dst++ = *p++;
                *dst++ = *p;
            }

            break;

        case 'g':

            if (given) {
                *dst++ = 'g';
            }

            break;

        case '~':
        case '=':
        case '#':

            if (viewed) {
                *dst++ = *p;
            }

            break;

        case '!':
            *dst++ = '!';
        }
    }

    *dst = '\0';
}


/* what follows a booking's name; returns what follows that */

static inline const char *
words_booking(const char *p, char **dst, int held)
{
    for ( /* void */ ; *p && *p != ' '; p++) {

        switch (*p) {

        case 'c':

            /* what is cancelled is not listed as being in the trip */

            if (held) {
                break;
            }

            /* fall through */

        case 'p':
        case 'a':
        case 's':
        case '=':
        case '#':
            *(*dst)++ = *p;
            break;

        case '>':

            if (p[1] == 'A' || p[1] == 'B') {
                *(*dst)++ = *p++;
                *(*dst)++ = *p;
            }

            break;

        case '%':
        case '\'':

            if (p[1] >= '0' && p[1] <= '9') {
                *(*dst)++ = *p++;
                *(*dst)++ = *p;
            }

            break;

        case '^':

            if (p[1] > ' ' && p[1] <= '~') {
                *(*dst)++ = *p++;
                *(*dst)++ = *p;
            }
        }
    }

    return p;
}


/* each booking once, as in a post and in a trip's record */

static inline void
words_bookings(const char *p, char *buf, unsigned max, int held)
{
    char      *dst, owner, source, digit;
    unsigned   i, n;
    char       names[CASE_BOOKINGS][2];

    dst = buf;
    n = 0;

    while (*p && n < max) {

        if (strchr("AB-+", *p) == NULL) {
            p++;
            continue;
        }

        owner = *p++;
        source = (*p == 'x' || *p == 'y') ? *p++ : '.';
        digit = *p;

        if (digit < '0' || digit > '9') {
            continue;
        }

        p++;

        for (i = 0; i < n; i++) {
            if (names[i][0] == source && names[i][1] == digit) {
                break;
            }
        }

        if (i < n) {
            continue;
        }

        names[n][0] = source;
        names[n++][1] = digit;

        if (dst > buf) {
            *dst++ = ' ';
        }

        *dst++ = owner;

        if (source != '.') {
            *dst++ = source;
        }

        *dst++ = digit;

        p = words_booking(p, &dst, held);
    }

    *dst = '\0';
}


/* "words" must outlive the row */

static inline void
words_read(fuzz_input_t *in, words_t *words)
{
    char         line[WORDS_MAX];
    case_row_t  *row;

    row = &words->row;
    memset(row, 0, sizeof(case_row_t));

    words_string(in, words->policy);

    row->operation = words_operation(words->policy);
    row->policy = words->policy;

    words_string(in, line);
    words_trip(line, words->trip, row->operation == ITINERARY_OP_BOOK
                                  || row->operation
                                     == ITINERARY_OP_CANCEL_BOOKING);
    words_string(in, line);
    words_bookings(line, words->held, CASE_BOOKINGS, 1);

    /* nothing is on record of what is created */

    if (row->operation != ITINERARY_OP_CREATE) {
        row->trip = words->trip;
        row->held = words->held;
    }

    words_string(in, line);
    words_bookings(line, words->posted,
                   row->operation == ITINERARY_OP_BOOK ? 1 : CASE_BOOKINGS, 0);

    /* a cancel has no body, and an update may be judged before it has come */

    if (row->operation != ITINERARY_OP_CANCEL
        && (row->operation != ITINERARY_OP_UPDATE || line[0] != '.'))
    {
        row->posted = words->posted;
    }

    if (row->operation == ITINERARY_OP_BOOK && words->posted[0] == '\0') {
        row->posted = "+1";
    }

    words_string(in, words->status);
    words_string(in, words->ids);

    if (row->posted && words->status[0]
        && row->operation == ITINERARY_OP_UPDATE)
    {
        row->status = words->status;
    }

    if (row->posted && words->ids[0]) {
        row->ids = words->ids[0] == '=' ? "" : words->ids;
    }
}


#endif /* _WORDS_H_INCLUDED_ */
