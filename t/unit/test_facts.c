
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
#include "itinerary_facts.h"


#define CREATE  ITINERARY_OP_CREATE
#define UPDATE  ITINERARY_OP_UPDATE
#define CANCEL  ITINERARY_OP_CANCEL
#define BOOK    ITINERARY_OP_BOOK
#define UNBOOK  ITINERARY_OP_CANCEL_BOOKING

#define S8      "12345678"
#define S64     S8 S8 S8 S8 S8 S8 S8 S8
#define S128    S64 S64


/*
 * A case in the words of case.h, the bookings of the answer to it, and what it
 * teaches.  In an answer, "-" after a booking means no segments, "'7" that it
 * has that confirmation number, and "?" is a booking without a usable name;
 * "B:" and "S:" stand for the roots Booking and that of a segment.  In facts,
 * "-" is the same, and "(1)" the fact that says what it was renamed from.
 */

typedef struct {
    case_row_t   row;
    const char  *answer;
    const char  *facts;
    const char  *flags;
} row_t;


/* { operation, policy, trip, held, posted, status, ids }, answer, expected */

static const row_t  rows[] = {

    /* what was posted is the supplier's */

    { { CREATE, "", NULL, NULL, "+1 A2a", NULL, NULL }, "1 2",
      "own 1, own 2", "" },
    { { CREATE, "", NULL, NULL, "+1", NULL, NULL }, "",
      "own 1", "" },
    { { CREATE, "", NULL, NULL, "+1", NULL, NULL }, "1-",
      "own 1", "" },
    { { CREATE, "", NULL, NULL, "", NULL, NULL }, "",
      "", "" },
    { { UPDATE, "", "A", "A1", "A1a +2", NULL, NULL }, "1 2",
      "own 1, own 2", "" },

    /* a create was merged into a trip that was there */

    { { CREATE, "", NULL, NULL, "+1", NULL, NULL }, "1 2",
      "own 1, seen 2", "merged" },
    { { CREATE, "", NULL, NULL, "+1", NULL, NULL }, "1 ?",
      "own 1", "merged" },
    { { CREATE, "", NULL, NULL, "", NULL, NULL }, "2-",
      "seen 2-", "merged" },

    /*
     * The API renames a source: both names are the supplier's, and the trip
     * shows the second.
     */

    { { CREATE, "", NULL, NULL, "+1", NULL, NULL }, "x1",
      "renamed 1, own x1 (1)", "" },
    { { CREATE, "", NULL, NULL, "+1", NULL, NULL }, "x1-",
      "renamed 1, own x1- (1)", "" },
    { { CREATE, "", NULL, NULL, "+1 +2", NULL, NULL }, "x2 1",
      "own 1, renamed 2, own x2 (2)", "" },
    { { UPDATE, "", "A", "A1 Ax2", "A1a", NULL, NULL }, "y1 x2-",
      "renamed 1, removed x2, own y1 (1)", "" },

    { { UPDATE, "", "A", "A1", "A1a'7 +2", NULL, NULL }, "x1'8 2'9",
      "renamed 1, own 2, own x1 (1)", "" },

    /* not where the locator is another's, too */

    { { CREATE, "", NULL, NULL, "+1 +x1", NULL, NULL }, "1 x1",
      "own 1, own x1", "" },
    { { CREATE, "", NULL, NULL, "+1 +x1", NULL, NULL }, "y1",
      "own 1, own x1, seen y1", "merged" },
    { { CREATE, "", NULL, NULL, "+1", NULL, NULL }, "x1 y1",
      "own 1, seen x1, seen y1", "merged" },
    { { CREATE, "", NULL, NULL, "+1", NULL, NULL }, "1 x1",
      "own 1, seen x1", "merged" },
    { { CREATE, "", NULL, NULL, "+1", NULL, NULL }, "x1 x1",
      "own 1, seen x1, seen x1", "merged" },

    /* nor by what an update left out */

    { { UPDATE, "", "A", "A1", "+2", NULL, NULL }, "x1 2",
      "own 2, removed 1, seen x1", "" },
    { { UPDATE, "", "A", "A1", "+x1", NULL, NULL }, "y1",
      "renamed x1, removed 1, own y1 (1)", "" },
    { { UPDATE, "keep", "A", "A1", "+x1", "2", NULL }, "y1",
      "renamed x1, cancelled x1, cancelled 1, own y1 (1), cancelled y1 (1)",
      "" },

    /* the answer's other bookings were there already */

    { { UPDATE, "", "A", "", "+1", NULL, NULL }, "1 2 3- ?",
      "own 1, seen 2, seen 3-", "" },
    { { UPDATE, "keep", "A", "A1 B2", "+3", NULL, NULL }, "1 2 3",
      "own 3", "" },

    /* removed, unless the answer shows it as it was */

    { { UPDATE, "", "A", "A1 A2", "A2a", NULL, NULL }, "2",
      "own 2, removed 1", "" },
    { { UPDATE, "", "A", "A1", "", NULL, NULL }, "1-",
      "removed 1", "" },
    { { UPDATE, "", "A", "A1", "", NULL, NULL }, "1",
      "", "" },
    { { UPDATE, "", "A", "A1 Ax1", "A1a", NULL, NULL }, "x1",
      "own 1", "" },

    /* cancelled, unless the answer shows it as it was */

    { { CANCEL, "", "A", "A1 B2 -3", NULL, NULL, NULL }, "1- 2- 3-",
      "cancelled 1, cancelled 2, cancelled 3", "" },
    { { CANCEL, "", "A", "A1 B2 -3", NULL, NULL, NULL }, "",
      "cancelled 1, cancelled 2, cancelled 3", "" },
    { { CANCEL, "", "A", "A1 B2", NULL, NULL, NULL }, "1- 2",
      "cancelled 1", "" },
    { { CANCEL, "", "A", "A1", NULL, NULL, NULL }, "1- 1",
      "", "" },
    { { CANCEL, "", "A", "A1", NULL, NULL, NULL }, "1 1-",
      "", "" },
    { { CANCEL, "", "A", "A1", NULL, NULL, NULL }, "x1-",
      "cancelled 1, cancelled x1", "" },
    { { CANCEL, "", "A", "A1", NULL, NULL, NULL }, "x1",
      "cancelled 1", "" },
    { { CANCEL, "", "A", "A1", NULL, NULL, NULL }, "4- 5 ?-",
      "cancelled 1, seen 4-, seen 5", "" },
    { { CANCEL, "allow", "?", "", NULL, NULL, NULL }, "1- 2",
      "seen 1-, seen 2", "" },

    /* another's under another source, where only one has the locator */

    { { CANCEL, "", "B", "A1a B2", NULL, NULL, NULL }, "1- x2-",
      "cancelled 1, seen x2-, cancelled 2", "overreached" },
    { { CANCEL, "", "B", "A1a B2", NULL, NULL, NULL }, "1- x2",
      "cancelled 1, seen x2", "" },
    { { CANCEL, "", "B", "A1a B2 By2", NULL, NULL, NULL }, "1- x2-",
      "cancelled 1, seen x2-", "" },
    { { CANCEL, "", "B", "A1a B2", NULL, NULL, NULL }, "1- x2- y2",
      "cancelled 1, seen x2-, seen y2", "" },

    /* by TripStatus, whatever is shown */

    { { UPDATE, "", "A", "A1", "A1a", "2", NULL }, "1",
      "own 1, cancelled 1", "" },
    { { UPDATE, "", "A", "A1", "+2", "02", NULL }, "x2 1",
      "renamed 2, cancelled 2, cancelled 1, own x2 (1), cancelled x2 (1)", "" },
    { { UPDATE, "keep", "A", "A1 B2 -3", "A1a", "2", NULL }, "1 2 3",
      "own 1, cancelled 1, cancelled 2, cancelled 3", "" },
    { { CREATE, "", NULL, NULL, "+1", "2", NULL }, "1",
      "own 1", "" },

    /* own segments cancelled, and no others */

    { { CANCEL, "", "B", "A1a B2 -3", NULL, NULL, NULL }, "1- 2 3",
      "cancelled 1", "" },
    { { CANCEL, "", "B", "A1a B2", NULL, NULL, NULL }, "1 2",
      "", "" },
    { { CANCEL, "", "B", "A1a A2a", NULL, NULL, NULL }, "1- 2-",
      "cancelled 1, cancelled 2", "" },
    { { CANCEL, "", "B", "A1a B2 -3", NULL, NULL, NULL }, "1- 2- 3",
      "cancelled 1, cancelled 2", "overreached" },
    { { CANCEL, "", "B", "A1a B2 -3", NULL, NULL, NULL }, "1- 2 3-",
      "cancelled 1, cancelled 3", "overreached" },
    { { CANCEL, "", "B", "A1a Bx1", NULL, NULL, NULL }, "x1-",
      "cancelled 1, cancelled x1", "overreached" },
    { { UPDATE, "keep", "A", "Bx1", "+1", NULL, NULL }, "x1",
      "own 1", "" },
    { { UPDATE, "keep", "A", "Ax1", "+1", NULL, NULL }, "x1",
      "renamed 1, own x1 (1)", "" },
    { { CANCEL, "", "B", "A1a B2", NULL, NULL, NULL }, "1- 4- ?-",
      "cancelled 1, seen 4-", "" },

    /* what was sent back as it was shown is no news */

    { { UPDATE, "", "Bv=", "A1 B2", "A1a# B2a=", NULL, NULL }, "1 2",
      "own 1", "" },
    { { UPDATE, "", "Av#", "A1 B2 -3", "A1a= B2a= -3s=", NULL, NULL },
      "1 2 3", "", "" },
    { { UPDATE, "", "Av#", "A1", "A1a=", NULL, NULL }, "",
      "", "" },
    { { UPDATE, "", "Av#", "A1", "A1p=", NULL, NULL }, "1",
      "own 1", "" },
    { { UPDATE, "", "Av#", "B2", "B2a=", NULL, NULL }, "x2",
      "seen x2", "" },

    /* unless it is alive again */

    { { UPDATE, "", "Av#", "", "A1c= B2c= -3c=", NULL, NULL }, "1 2 3-",
      "seen 1, seen 2", "" },
    { { UPDATE, "allow", "Av#", "", "-1c#", NULL, NULL }, "1",
      "seen 1", "" },
    { { UPDATE, "allow", "Av#", "", "-1s#", NULL, NULL }, "1",
      "", "" },
    { { UPDATE, "", "Av#", "", "A1c#", NULL, NULL }, "1",
      "own 1", "" },
    { { UPDATE, "", "Av#", "B2", "B2a= B3c=", "2", NULL }, "2 3",
      "cancelled 2, cancelled 3", "" },

    /* or has lost its record */

    { { UPDATE, "", "Av#", "", "+1= +2=", NULL, NULL }, "1 2-",
      "seen 1, seen 2-", "" },
    { { UPDATE, "allow", "Av#", "", "+1#", NULL, NULL }, "1",
      "seen 1", "" },
    { { UPDATE, "adopt", "Av#", "", "+1#", NULL, NULL }, "1",
      "own 1", "" },
    { { UPDATE, "", "Av#", "", "+1=", "2", NULL }, "1",
      "cancelled 1", "" },

    /* the booking resource: one booking, whatever the answer's root */

    { { BOOK, "", NULL, NULL, "+1", NULL, NULL }, "1 2",
      "own 1, seen 2", "" },
    { { BOOK, "", NULL, NULL, "+1", NULL, NULL }, "B:1",
      "own 1", "" },
    { { BOOK, "", NULL, NULL, "A1a", NULL, NULL }, "B:x1",
      "renamed 1, own x1 (1)", "" },
    { { BOOK, "", NULL, NULL, "+1", NULL, NULL }, "S:",
      "own 1", "" },
    { { BOOK, "", "B", "A2 B3", "+1", NULL, NULL }, "1 2 3",
      "own 1", "" },
    { { BOOK, "adopt", NULL, NULL, "-1s", NULL, NULL }, "B:1",
      "own 1", "" },
    { { BOOK, "allow", NULL, NULL, "-1s", NULL, NULL }, "B:1",
      "", "" },
    { { BOOK, "", NULL, NULL, "B1a", NULL, NULL }, "B:1",
      "", "" },
    { { BOOK, "", NULL, NULL, "+1>B", NULL, NULL }, "B:1",
      "", "" },

    /* of the bookings that a number may mean, one is cancelled */

    { { UNBOOK, "", "A", "A1", "A1a", NULL, NULL }, "1-",
      "cancelled 1", "" },
    { { UNBOOK, "", "A", "A1", "A1a", NULL, NULL }, "1",
      "", "" },
    { { UNBOOK, "", "A", "A1", "A1a", NULL, NULL }, "",
      "cancelled 1", "" },
    { { UNBOOK, "", "A", "A1", "A1a", NULL, NULL }, "S:",
      "cancelled 1", "" },
    { { UNBOOK, "", "A", "A1", "A1a", NULL, NULL }, "B:1-",
      "cancelled 1", "" },
    { { UNBOOK, "", "A", "Ax1", "A1a", NULL, NULL }, "x1-",
      "cancelled 1, cancelled x1", "" },
    { { UNBOOK, "", "A", "A1 A2", "A1a A2a", NULL, NULL }, "1- 2",
      "cancelled 1", "" },
    { { UNBOOK, "", "A", "A1 A2", "A1a A2a", NULL, NULL }, "1 2-",
      "cancelled 2", "" },
    { { UNBOOK, "", "A", "A1 A2", "A1a A2a", NULL, NULL }, "",
      "", "" },
    { { UNBOOK, "", "A", "A1 A2", "A1a", NULL, NULL }, "1- 2-",
      "cancelled 1", "" },
    { { UNBOOK, "", "A", "A1", "A1a", NULL, NULL }, "1- 3 4-",
      "cancelled 1, seen 3, seen 4-", "" },
    { { UNBOOK, "allow", "A", "", "-1s", NULL, NULL }, "B:1-",
      "cancelled 1", "" },
    { { UNBOOK, "", "B", "B1", "B1a", NULL, NULL }, "1-",
      "cancelled 1", "" },

    /* what a GET shows was there */

    { { ITINERARY_OP_READ, "", "B", "B1 -2", NULL, NULL, NULL }, "1 2 3 4- ?",
      "seen 3, seen 4-", "" },

    /* what nobody has on record */

    { { UPDATE, "adopt", "?", "", "+1 -2s", NULL, NULL }, "1 2",
      "own 1, own 2", "" },
    { { UPDATE, "allow", "?", "", "+1 -2s", NULL, NULL }, "1 2",
      "own 1", "" },
    { { UPDATE, "allow", "A", "-1 -2", "-1s", NULL, NULL }, "1",
      "removed 2", "" },
    { { UPDATE, "allow", "A", "", "-1s", "2", NULL }, "1",
      "cancelled 1", "" },

    /*
     * What was not allowed is forwarded in audit mode all the same: what was
     * new is the supplier's, nothing else is, and what is gone is gone.
     */

    { { CREATE, "", NULL, NULL, "+1 B2a -3s", NULL, NULL }, "1 2 3",
      "own 1", "" },
    { { CREATE, "", NULL, NULL, "B1a", NULL, NULL }, "x1",
      "", "" },
    { { CREATE, "adopt", NULL, NULL, "-1s B2a", NULL, NULL }, "1 2",
      "", "" },
    { { UPDATE, "", "B", "B1", "B1a +2 A3a", NULL, NULL }, "1 2 3",
      "own 2, own 3", "" },
    { { UPDATE, "adopt", "-", "B1", "-2s", NULL, NULL }, "2",
      "removed 1", "" },
    { { UPDATE, "", "B", "B1 -2 B3", "", NULL, NULL }, "1- 3",
      "removed 1, removed 2", "" },
    { { UPDATE, "", "B", "B1 A2", "B1a A2a", "2", NULL }, "1 2",
      "cancelled 1, own 2, cancelled 2", "" },
    { { UPDATE, "", "B", "B1", "", "2", NULL }, "1",
      "cancelled 1", "" },
    { { UPDATE, "", "A", "A1", "", "2", NULL }, "",
      "cancelled 1", "" },
    { { UPDATE, "keep own", "A", "B1", "", "2", NULL }, "1",
      "cancelled 1", "" },
    { { CANCEL, "own", "A", "A1 B2", NULL, NULL, NULL }, "1- 2-",
      "cancelled 1, cancelled 2", "" },
    { { CANCEL, "", "B", "A1p B2 -3", NULL, NULL, NULL }, "1- 2- 3",
      "cancelled 1, cancelled 2", "" },
    { { CANCEL, "adopt", "-", "B1 -2", NULL, NULL, NULL }, "1 2-",
      "cancelled 2", "" }
};


static void
answer_bookings(arena_t *arena, const char *p, itinerary_document_t *answer)
{
    itinerary_booking_t  *b;

    answer->root = ITINERARY_ROOT_ITINERARY;

    if (p[0] && p[1] == ':') {
        answer->root = (*p == 'B') ? ITINERARY_ROOT_BOOKING
                                   : ITINERARY_ROOT_SEGMENT;
        p += 2;

    } else {
        answer->itin_locator = case_text(arena, "T");
    }

    answer->bookings = arena_alloc(arena, CASE_BOOKINGS
                                          * sizeof(itinerary_booking_t));

    while (*p) {

        if (answer->nbookings == CASE_BOOKINGS) {
            abort();
        }

        b = &answer->bookings[answer->nbookings++];

        memset(b, 0, sizeof(itinerary_booking_t));

        if (*p == '?') {
            p++;

        } else {
            p = case_name(arena, p, &b->source, &b->locator, &b->name);
        }

        b->segments = (*p != '-');
        p += (*p == '-');

        for ( /* void */ ; *p == '\''; p += 2) {
            case_confirm(arena, b, p[1]);
        }

        while (*p == ' ') {
            p++;
        }
    }
}


static void
show(const itinerary_facts_t *facts, char *buf, size_t size, char *flags,
    size_t flags_size)
{
    char                            *p, *last, name[8];
    unsigned                         i;
    const itinerary_booking_fact_t  *f;

    static const char  *names[] = {
        "own", "renamed", "seen", "cancelled", "removed"
    };

    p = buf;
    last = buf + size;
    *p = '\0';

    for (i = 0; i < facts->nbookings; i++) {
        f = &facts->bookings[i];

        case_show_name(&f->name, name, sizeof(name));

        p += snprintf(p, last - p, "%s%s %s", i ? ", " : "",
                      names[f->fact], name);

        if (f->fact == ITINERARY_FACT_SEEN || f->renamed) {
            p += snprintf(p, last - p, "%s", f->alive ? "" : "-");

        } else if (f->alive) {
            p += snprintf(p, last - p, "!");
        }

        if (f->renamed) {
            p += snprintf(p, last - p, " (%u)", f->renamed);
        }
    }

    (void) snprintf(flags, flags_size, "%s%s", facts->merged ? "merged" : "",
                    facts->overreached ? "overreached" : "");
}


static void
check_row(const row_t *t, const itinerary_facts_t *facts)
{
    char  buf[512], flags[64];

    show(facts, buf, sizeof(buf), flags, sizeof(flags));

    if (strcmp(buf, t->facts) || strcmp(flags, t->flags)) {
        print_error("operation %d \"%s\", trip \"%s\" with \"%s\", posted "
                    "\"%s\", answered \"%s\":\n"
                    "  \"%s\", \"%s\" instead of \"%s\", \"%s\"\n",
                    t->row.operation, t->row.policy,
                    t->row.trip ? t->row.trip : "",
                    t->row.held ? t->row.held : "",
                    t->row.posted ? t->row.posted : "",
                    t->answer, buf, flags, t->facts, t->flags);
        fail();
    }
}


/* the judgement first, as it is; then what the answer teaches */

static itinerary_result_e
learn(arena_t *arena, const row_t *row, unsigned fail,
    itinerary_judgement_t *j, itinerary_facts_t *facts)
{
    case_t                t;
    itinerary_document_t  answer;

    arena_init(arena, 0);
    case_make(arena, &row->row, &t);

    memset(&answer, 0, sizeof(itinerary_document_t));
    memset(facts, 0xa5, sizeof(itinerary_facts_t));

    answer_bookings(arena, row->answer, &answer);

    (void) itinerary_judge(&arena->pool, &t.c, j);

    arena->count = 0;
    arena->fail = fail;

    return itinerary_learn(&arena->pool, &t.c, j, &answer, facts);
}


static void
test_bookings(void **state)
{
    int                    named;
    size_t                 i;
    arena_t                arena;
    itinerary_facts_t      facts;
    itinerary_judgement_t  j;

    (void) state;

    for (i = 0; i < nelts(rows); i++) {
        assert_int_equal(learn(&arena, &rows[i], 0, &j, &facts),
                         ITINERARY_OK);

        check_row(&rows[i], &facts);

        named = rows[i].answer[0] == '\0' || rows[i].answer[1] != ':';

        assert_int_equal(facts.nids, named);
        assert_int_equal(facts.shown != NULL, named);
        arena_free(&arena);
    }
}


static void
test_no_memory(void **state)
{
    size_t                 i;
    arena_t                arena;
    unsigned               n, done;
    itinerary_facts_t      facts;
    itinerary_result_e     rc;
    itinerary_judgement_t  j;

    (void) state;

    for (i = 0; i < nelts(rows); i++) {

        for (n = 1, done = 0; !done; n++) {
            rc = learn(&arena, &rows[i], n, &j, &facts);
            done = arena.count < n;

            if (done) {
                assert_int_equal(rc, ITINERARY_OK);
                check_row(&rows[i], &facts);

            } else {
                assert_int_equal(rc, ITINERARY_NOMEM);
                assert_int_equal(facts.nbookings, 0);
            }

            arena_free(&arena);
        }
    }
}


static void
test_ids(void **state)
{
    size_t                 i;
    case_t                 t;
    arena_t                arena;
    unsigned               k, n;
    const char            *const *id;
    itinerary_facts_t      facts;
    itinerary_result_e     rc;
    itinerary_document_t   answer;
    itinerary_judgement_t  j;

    static const case_row_t  row = {
        CREATE, "", NULL, NULL, "", NULL, NULL
    };

    /* ItinLocator, TripId, id; what is left of them */

    static const struct {
        const char  *given[3];
        const char  *ids[4];

    } tests[] = {
        { { "T", NULL, NULL },        { "T", NULL } },
        { { NULL, "T", NULL },        { "T", NULL } },
        { { NULL, NULL, "T" },        { "T", NULL } },
        { { "C", "B", "A" },          { "C", "B", "A", NULL } },
        { { "A", "B", "C" },          { "A", "B", "C", NULL } },
        { { "T", "T", "T" },          { "T", NULL } },
        { { "A", "B", "A" },          { "A", "B", NULL } },
        { { "A", "B", "B" },          { "A", "B", NULL } },
        { { "A", "A", "B" },          { "A", "B", NULL } },
        { { "T", "t", "TT" },         { "T", "t", "TT", NULL } },
        { { "a b", "T", "" },         { "T", NULL } },
        { { "T", "T/", "T?" },        { "T", NULL } },
        { { S128, S128 "9", "T" },    { S128, "T", NULL } },
        { { NULL, NULL, NULL },       { NULL } },
        { { "a b", "\xc3\xa9", "/" }, { NULL } }
    };

    (void) state;

    for (i = 0; i < nelts(tests); i++) {
        arena_init(&arena, 0);
        case_make(&arena, &row, &t);

        memset(&answer, 0, sizeof(itinerary_document_t));

        answer.root = ITINERARY_ROOT_ITINERARY;
        answer.itin_locator = case_text(&arena, tests[i].given[0]);
        answer.trip_id = case_text(&arena, tests[i].given[1]);
        answer.id = case_text(&arena, tests[i].given[2]);

        (void) itinerary_judge(&arena.pool, &t.c, &j);

        rc = itinerary_learn(&arena.pool, &t.c, &j, &answer, &facts);

        for (n = 0, id = tests[i].ids; id[n]; n++) { /* void */ }

        assert_int_equal(rc, n ? ITINERARY_OK : ITINERARY_REFUSED);
        assert_int_equal(facts.nids, n);
        assert_int_equal(facts.nbookings, 0);

        for (k = 0; k < n; k++) {
            assert_int_equal(facts.ids[k].len, strlen(id[k]));
            assert_memory_equal(facts.ids[k].data, id[k], strlen(id[k]));
        }

        arena_free(&arena);
    }
}


/* "7=1": the number L7 stands for the booking L1; the last one first */

static void
check_numbers(const char *expected, const itinerary_facts_t *facts)
{
    char                       buf[128], source[8], *p;
    unsigned                   n;
    const itinerary_number_t  *number;

    p = buf;
    n = 0;
    *p = '\0';

    for (number = facts->numbers; number; number = number->next) {
        case_show_name(&number->source, source, sizeof(source));
        source[1] = '\0';

        p += sprintf(p, "%s%s%c=%c", n++ ? " " : "",
                     number->source.len == 1 ? source : "",
                     number->number.data[1], number->locator.data[1]);
    }

    assert_string_equal(buf, expected);
    assert_int_equal(facts->nnumbers, n);
}


static void
test_numbers(void **state)
{
    size_t                 i;
    arena_t                arena;
    itinerary_facts_t      facts;
    itinerary_judgement_t  j;

    static const row_t  tests[] = {

        /* of what is posted and becomes the supplier's */

        { { CREATE, "", NULL, NULL, "+1'7'8 +2", NULL, NULL }, "",
          "8=1 7=1", "" },
        { { CREATE, "", NULL, NULL, "A1a'7 +2'7", NULL, NULL }, "",
          "7=2 7=1", "" },
        { { BOOK, "", NULL, NULL, "+1'7", NULL, NULL }, "S:",
          "7=1", "" },
        { { CREATE, "", NULL, NULL, "B1a'7 -2s'8 +3>B'9", NULL, NULL },
          "1'4 2'5 3'6", "", "" },
        { { UPDATE, "", "Av#", "B1", "B1a='7", NULL, NULL }, "1'8",
          "", "" },
        { { UPDATE, "adopt", "A", "-1", "-1s'7", NULL, NULL }, "1'8",
          "8=1 7=1", "" },

        /* each once, and no locator for itself */

        { { CREATE, "", NULL, NULL, "+1'1", NULL, NULL }, "1'1",
          "", "" },
        { { CREATE, "", NULL, NULL, "+1'7'7", NULL, NULL }, "1'7",
          "7=1", "" },
        { { CREATE, "", NULL, NULL, "+1'7 +x1'7", NULL, NULL }, "",
          "x7=1 7=1", "" },

        /* of what the answer shows of it */

        { { CREATE, "", NULL, NULL, "+1'7", NULL, NULL }, "1'8",
          "8=1 7=1", "" },
        { { CREATE, "", NULL, NULL, "+1", NULL, NULL }, "x1'7",
          "7=1 x7=1", "" },
        { { CREATE, "", NULL, NULL, "+1'7", NULL, NULL }, "x1",
          "x7=1 7=1", "" },
        { { CREATE, "", NULL, NULL, "+1 +2", NULL, NULL }, "x1'7 x2'8",
          "8=2 x8=2 7=1 x7=1", "" },
        { { BOOK, "", NULL, NULL, "A1a'7", NULL, NULL }, "B:x1'8",
          "x7=1 8=1 x8=1 7=1", "" },

        /* and of what is new, or the supplier's already */

        { { CREATE, "", NULL, NULL, "", NULL, NULL }, "1'7 ?'8",
          "7=1", "" },
        { { UPDATE, "keep", "A", "A1 B2 -3", "", NULL, NULL },
          "1'7 2'8 3'9 4'6", "6=4 7=1", "" },
        { { ITINERARY_OP_READ, "", "A", "A1 B2 -3", NULL, NULL, NULL },
          "1'7 2'8 3'9 4'6", "6=4 7=1", "" },
        { { CANCEL, "", "A", "B1", NULL, NULL, NULL }, "1-'7",
          "", "" },

        /* of others' bookings, where they may be under the same source */

        { { UPDATE, "keep any", "A", "A1 B2 -3", "", NULL, NULL },
          "1'7 2'8 3'9 4'6", "6=4 9=3 8=2 7=1", "" },
        { { ITINERARY_OP_READ, "any", "A", "A1 B2 -3", NULL, NULL, NULL },
          "1'7 2'8 3'9 4'6", "6=4 9=3 8=2 7=1", "" },
        { { UPDATE, "any", "Av#", "B1", "B1a='7", NULL, NULL }, "1'8",
          "8=1", "" },
        { { UPDATE, "any", "Av#", "B1", "B1a='7", NULL, NULL }, "x1'8",
          "x8=1", "" },
        { { CANCEL, "any", "A", "B1", NULL, NULL, NULL }, "1-'7",
          "7=1", "" }
    };

    (void) state;

    for (i = 0; i < nelts(tests); i++) {
        assert_int_equal(learn(&arena, &tests[i], 0, &j, &facts),
                         ITINERARY_OK);

        check_numbers(tests[i].facts, &facts);

        arena_free(&arena);
    }
}


/* what nobody has answered for has the numbers that were posted, if any */

static void
test_doubt(void **state)
{
    size_t                 i;
    case_t                 t;
    arena_t                arena;
    unsigned               n;
    itinerary_facts_t      facts;
    itinerary_judgement_t  j;

    static const struct {
        case_row_t             row;
        const char            *numbers;
    } tests[] = {

        { { CREATE, "", NULL, NULL, "+1'7'8 +2 +x3'9", NULL, NULL },
          "x9=3 8=1 7=1" },
        { { UPDATE, "", "Av#", "A1 B2", "A1a'7 B2a='8 +3'9", NULL, NULL },
          "9=3 7=1" },
        { { CANCEL, "", "A", "A1", NULL, NULL, NULL }, "" }
    };

    (void) state;

    for (i = 0; i < nelts(tests); i++) {
        arena_init(&arena, 0);
        case_make(&arena, &tests[i].row, &t);

        memset(&facts, 0xa5, sizeof(itinerary_facts_t));

        (void) itinerary_judge(&arena.pool, &t.c, &j);

        assert_int_equal(itinerary_learn_doubt(&arena.pool, &t.c, &j, &facts),
                         ITINERARY_OK);

        check_numbers(tests[i].numbers, &facts);

        assert_int_equal(facts.nids, 0);
        assert_int_equal(facts.nbookings, 0);
        assert_null(facts.shown);

        n = facts.nnumbers;

        if (n) {
            arena.count = 0;
            arena.fail = n;

            assert_int_equal(itinerary_learn_doubt(&arena.pool, &t.c, &j,
                                                   &facts),
                             ITINERARY_NOMEM);
            assert_int_equal(facts.nnumbers, n - 1);
        }

        arena_free(&arena);
    }
}


/* each is compared with the last 64 only: time must not be quadratic */

static void
test_many_numbers(void **state)
{
    char                       buf[8];
    case_t                     t;
    arena_t                    arena;
    unsigned                   i, n;
    itinerary_facts_t          facts;
    itinerary_document_t       answer;
    itinerary_judgement_t      j;
    itinerary_confirmation_t  *cn;

    static const case_row_t  row = {
        CREATE, "", NULL, NULL, "+1", NULL, NULL
    };

    (void) state;

    for (n = 63; n <= 66; n++) {
        arena_init(&arena, 0);
        case_make(&arena, &row, &t);

        /* 0 comes first and last */

        for (i = 0; i <= n + 1; i++) {
            (void) snprintf(buf, sizeof(buf), "N%u", i == n + 1 ? 0 : i);

            cn = arena_alloc(&arena, sizeof(itinerary_confirmation_t));

            cn->number = case_text(&arena, buf);
            cn->next = t.document.bookings[0].confirmations;

            t.document.bookings[0].confirmations = cn;
        }

        memset(&answer, 0, sizeof(itinerary_document_t));
        answer_bookings(&arena, "", &answer);

        (void) itinerary_judge(&arena.pool, &t.c, &j);

        assert_int_equal(itinerary_learn(&arena.pool, &t.c, &j, &answer,
                                         &facts),
                         ITINERARY_OK);
        assert_int_equal(facts.nnumbers, n < 64 ? n + 1 : n + 2);

        arena_free(&arena);
    }
}


/* a booking or a segment alone names no trip; an itinerary has to */

static void
test_roots(void **state)
{
    size_t                 i;
    case_t                 t;
    arena_t                arena;
    itinerary_facts_t      facts;
    itinerary_document_t   answer;
    itinerary_judgement_t  j;

    static const case_row_t  row = {
        BOOK, "", NULL, NULL, "+1", NULL, NULL
    };

    static const unsigned  roots[] = {
        ITINERARY_ROOT_ITINERARY, ITINERARY_ROOT_BOOKING,
        ITINERARY_ROOT_SEGMENT
    };

    (void) state;

    for (i = 0; i < nelts(roots); i++) {
        arena_init(&arena, 0);
        case_make(&arena, &row, &t);

        memset(&answer, 0, sizeof(itinerary_document_t));
        answer.root = roots[i];

        (void) itinerary_judge(&arena.pool, &t.c, &j);

        assert_int_equal(itinerary_learn(&arena.pool, &t.c, &j, &answer,
                                         &facts),
                         i ? ITINERARY_OK : ITINERARY_REFUSED);
        assert_int_equal(facts.nbookings, i != 0);
        assert_int_equal(facts.nids, 0);

        arena_free(&arena);
    }
}


/* TripName, StartDateLocal, EndDateLocal */

static void
set_fields(arena_t *arena, const char *const *fields,
    itinerary_document_t *document)
{
    document->trip_name = case_text(arena, fields[0]);
    document->start = case_text(arena, fields[1]);
    document->end = case_text(arena, fields[2]);
}


static void
test_merge(void **state)
{
    size_t                 i, k;
    case_t                 t;
    arena_t                arena;
    case_row_t             row;
    itinerary_facts_t      facts;
    itinerary_document_t   answer;
    itinerary_judgement_t  j;

    static const itinerary_operation_e  operations[] = {
        CREATE, UPDATE, CANCEL
    };

    static const struct {
        const char  *posted[3];
        const char  *answered[3];
        unsigned     merged;

    } tests[] = {
        { { "Trip", "1", "2" },     { "Trip", "1", "2" },     0 },
        { { "Trip", "", "" },       { "Trip", "1", "2" },     0 },
        { { "Trip", "1", "" },      { "Trip", "1", "2" },     0 },
        { { "Trip", "", "2" },      { "Trip", "1", "2" },     0 },
        { { "Trip", "1", "2" },     { "trip", "1", "2" },     1 },
        { { "Trip", "1", "2" },     { "Trip 2", "1", "2" },   1 },
        { { "Trip", "1", "2" },     { "", "1", "2" },         1 },
        { { "", "1", "2" },         { "Trip", "1", "2" },     1 },
        { { "Trip", "1", "2" },     { "Trip", "0", "2" },     1 },
        { { "Trip", "1", "2" },     { "Trip", "1", "3" },     1 },
        { { "Trip", "1", "2" },     { "Trip", "", "2" },      1 },
        { { "Trip", "1", "2" },     { "Trip", "1", "" },      1 }
    };

    (void) state;

    for (k = 0; k < nelts(operations); k++) {

        for (i = 0; i < nelts(tests); i++) {
            arena_init(&arena, 0);

            memset(&row, 0, sizeof(case_row_t));

            row.operation = operations[k];
            row.policy = "";
            row.trip = "A";
            row.posted = (row.operation == CANCEL) ? NULL : "";

            case_make(&arena, &row, &t);
            set_fields(&arena, tests[i].posted, &t.document);

            memset(&answer, 0, sizeof(itinerary_document_t));

            answer.root = ITINERARY_ROOT_ITINERARY;
            answer.id = case_text(&arena, "T");
            set_fields(&arena, tests[i].answered, &answer);

            (void) itinerary_judge(&arena.pool, &t.c, &j);

            assert_int_equal(itinerary_learn(&arena.pool, &t.c, &j, &answer,
                                             &facts),
                             ITINERARY_OK);
            assert_int_equal(facts.merged, row.operation == CREATE
                                           ? tests[i].merged : 0);

            /* without a document nothing shows that the trip is new */

            t.c.document = NULL;

            assert_int_equal(itinerary_learn(&arena.pool, &t.c, &j, &answer,
                                             &facts),
                             ITINERARY_OK);
            assert_int_equal(facts.merged, row.operation == CREATE);

            arena_free(&arena);
        }
    }
}


/* nothing is taken from another supplier, whatever is posted and answered */

static unsigned
random_next(unsigned *seed, unsigned n)
{
    *seed = *seed * 1103515245 + 12345;

    return (*seed >> 16) % n;
}


static void
random_list(unsigned *seed, char *p, const char *const *kinds, unsigned n)
{
    unsigned  i, kind;

    *p = '\0';

    for (i = 1; i <= 4; i++) {

        kind = random_next(seed, n + 2);

        if (kind >= n) {
            continue;
        }

        /* "A*a" is "A1a" */

        p += sprintf(p, kinds[kind], (int) i);
    }
}


static void
test_random(void **state)
{
    char                               held[64], posted[64], answer[64];
    row_t                              row;
    arena_t                            arena;
    unsigned                           i, k, n, seed, deny;
    const char                        *name;
    itinerary_facts_t                  facts;
    itinerary_judgement_t              j;
    const itinerary_booking_effect_t  *e;

    static const char  *const policies[] = {
        "", "adopt", "allow", "keep", "keep adopt", "keep allow", "own",
        "own adopt", "keep own allow", "registered", "any", "any adopt"
    };
    static const char  *const trips[] = {
        "A", "B", "-", "?", "B!", "Bv=", "Av#", "-v=", "Bv~=", "Av~="
    };
    static const char  *const helds[] = {
        "A%d ", "B%d ", "-%d ", "Ax%d ", "B%da ", "B%da= "
    };
    static const char  *const actives[] = { "A%da ", "B%d ", "-%d ", "A%dp " };
    static const char  *const posts[] = {
        "+%d ", "A%da ", "B%da ", "-%ds ", "+x%d ", "B%dp ", "B%da= ",
        "-%dc= ", "A%dp= ", "+%d= ", "+%d>B ", "+%d>A ", "A%da>B ", "-%ds# "
    };
    static const char  *const answers[] = {
        "%d ", "%d- ", "x%d ", "x%d- ", "y%d ", "%1$d x%1$d "
    };
    static const char  *const statuses[] = { NULL, "HK", "2" };

    (void) state;

    seed = 1;

    for (i = 0; i < 20000; i++) {

        memset(&row, 0, sizeof(row_t));

        row.row.operation = CREATE + random_next(&seed, 4);
        row.row.policy = policies[random_next(&seed, nelts(policies))];
        row.row.trip = trips[random_next(&seed, nelts(trips))];

        if (row.row.operation != CREATE) {
            random_list(&seed, held,
                        row.row.operation == CANCEL ? actives : helds,
                        row.row.operation == CANCEL ? nelts(actives)
                                                    : nelts(helds));
            row.row.held = held;

        } else {
            row.row.trip = NULL;
        }

        if (row.row.operation != CANCEL) {
            random_list(&seed, posted, posts, nelts(posts));
            row.row.posted = posted;
            row.row.status = statuses[random_next(&seed, nelts(statuses))];
        }

        random_list(&seed, answer, answers, nelts(answers));
        row.answer = answer;

        assert_int_equal(learn(&arena, &row, 0, &j, &facts), ITINERARY_OK);

        deny = j.verdict == ITINERARY_DENY;

        for (n = 0; n < facts.nbookings; n++) {

            if (facts.bookings[n].fact != ITINERARY_FACT_OWN) {
                continue;
            }

            /* a booking of that locator was posted, and may be taken */

            name = (char *) facts.bookings[n].name.data;

            for (k = 0; k < j.neffects; k++) {

                e = &j.effects[k];

                if (e->take && e->locator.len == 2
                    && e->locator.data[1]
                       == name[facts.bookings[n].name.len - 1])
                {
                    break;
                }
            }

            assert_int_not_equal(k, j.neffects);
            assert_true(j.effects[k].allowed);
            assert_true(j.effects[k].effect == ITINERARY_ADDED
                        || j.effects[k].effect == ITINERARY_CHANGED);
        }

        for (k = 0; deny && k < j.neffects; k++) {

            e = &j.effects[k];

            if (e->effect != ITINERARY_CHANGED || !e->take) {
                continue;
            }

            /* it was A's before: the list says so */

            name = strchr(posted, (char) e->locator.data[1]);
            assert_int_equal(name[-1], 'A');
            assert_true(e->allowed);
        }

        if (facts.overreached) {
            assert_int_equal(j.verdict, ITINERARY_PARTIAL);
        }

        if (facts.merged) {
            assert_int_equal(row.row.operation, CREATE);
        }

        arena_free(&arena);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        { "an answer teaches what became of bookings",
          test_bookings, NULL, NULL, NULL },
        { "without memory nothing is learnt",
          test_no_memory, NULL, NULL, NULL },
        { "the trip's ids are ItinLocator, TripId and id, each once",
          test_ids, NULL, NULL, NULL },
        { "numbers stand for the supplier's bookings, and for new ones",
          test_numbers, NULL, NULL, NULL },
        { "numbers of what is in doubt",
          test_doubt, NULL, NULL, NULL },
        { "a number is compared with a few",
          test_many_numbers, NULL, NULL, NULL },
        { "an itinerary names its trip, a booking or segment does not",
          test_roots, NULL, NULL, NULL },
        { "another name or other dates show that a create was merged",
          test_merge, NULL, NULL, NULL },
        { "random answers take nothing from anybody",
          test_random, NULL, NULL, NULL }
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
