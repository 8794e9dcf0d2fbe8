
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

#include "arena.h"
#include "itinerary_note.h"


#define nelts(a)  (sizeof(a) / sizeof((a)[0]))


static itinerary_str_t  touched[] = {
    itinerary_string("T2"), itinerary_string("T3")
};

static itinerary_str_t  bound[] = { itinerary_string("ACME AIR") };

static itinerary_booking_fact_t  bookings[] = {
    { itinerary_string("ACME|A1"), ITINERARY_FACT_RENAMED, 0, 0 },
    { itinerary_string("CONCUR|A1"), ITINERARY_FACT_OWN, 1, 1 },
    { itinerary_string("ACME|A2"), ITINERARY_FACT_REMOVED, 0, 0 }
};

static itinerary_number_t  numbers[] = {
    { &numbers[1], itinerary_string("ACME"), itinerary_string("77"),
      itinerary_string("A1") },
    { NULL, itinerary_string("ACME"), itinerary_string(""),
      itinerary_string("9:9,") }
};


/* every field is another than that of a note that is all zero */

static void
note_init(itinerary_note_t *note)
{
    memset(note, 0, sizeof(itinerary_note_t));

    note->request = (itinerary_str_t) itinerary_string("0123456789abcdef");
    note->supplier = (itinerary_str_t) itinerary_string("CN=Acme, O=\xc3\xa9,");
    note->at = (itinerary_str_t) itinerary_string("2026-11-25T08:00:00.000Z");
    note->since = (itinerary_str_t) itinerary_string("since");
    note->lease = (itinerary_str_t) itinerary_string("T1");
    note->ntouched = nelts(touched);
    note->touched = touched;
    note->nbound = nelts(bound);
    note->bound = bound;

    note->c.operation = ITINERARY_OP_BOOK;
    note->c.given = 1;
    note->c.trip.id = (itinerary_str_t) itinerary_string("T1");
    note->c.trip.rev = INT64_MAX;

    note->j.verdict = ITINERARY_DENY;
    note->j.error.reason = ITINERARY_AMBIGUOUS_BODY;
    note->j.create = 1;
    note->j.record = 1;
    note->j.cancel = 1;
    note->j.echo = 1;

    note->facts.nids = 3;
    note->facts.ids[0] = (itinerary_str_t) itinerary_string("T1");
    note->facts.ids[1] = (itinerary_str_t) itinerary_string("gWu9dRi$p");
    note->facts.ids[2] = (itinerary_str_t) itinerary_string("x");
    note->facts.nbookings = nelts(bookings);
    note->facts.bookings = bookings;
    note->facts.nnumbers = nelts(numbers);
    note->facts.numbers = numbers;
    note->facts.merged = 1;
    note->facts.overreached = 1;
}


static void
check_text(const itinerary_str_t *a, const itinerary_str_t *b)
{
    assert_true(itinerary_equal(a, b));
}


static void
check_texts(unsigned n, const itinerary_str_t *a, unsigned m,
    const itinerary_str_t *b)
{
    unsigned  i;

    assert_int_equal(n, m);

    for (i = 0; i < n; i++) {
        check_text(&a[i], &b[i]);
    }
}


static void
check_facts(const itinerary_facts_t *a, const itinerary_facts_t *b)
{
    unsigned                   i;
    const itinerary_number_t  *m, *n;

    check_texts(a->nids, a->ids, b->nids, b->ids);
    assert_int_equal(a->nbookings, b->nbookings);

    for (i = 0; i < a->nbookings; i++) {
        check_text(&a->bookings[i].name, &b->bookings[i].name);
        assert_int_equal(a->bookings[i].fact, b->bookings[i].fact);
        assert_int_equal(a->bookings[i].renamed, b->bookings[i].renamed);
        assert_int_equal(a->bookings[i].alive, b->bookings[i].alive);
    }

    assert_int_equal(a->nnumbers, b->nnumbers);

    for (m = a->numbers, n = b->numbers; m && n; m = m->next, n = n->next) {
        check_text(&m->source, &n->source);
        check_text(&m->number, &n->number);
        check_text(&m->locator, &n->locator);
    }

    assert_true(m == NULL && n == NULL);
    assert_int_equal(a->merged, b->merged);
    assert_int_equal(a->overreached, b->overreached);
    assert_null(b->shown);
}


static void
check_note(const itinerary_note_t *a, const itinerary_note_t *b)
{
    check_text(&a->request, &b->request);
    check_text(&a->supplier, &b->supplier);
    check_text(&a->at, &b->at);
    check_text(&a->since, &b->since);
    check_text(&a->lease, &b->lease);
    check_texts(a->ntouched, a->touched, b->ntouched, b->touched);
    check_texts(a->nbound, a->bound, b->nbound, b->bound);

    assert_int_equal(a->c.operation, b->c.operation);
    assert_int_equal(a->c.given, b->c.given);
    check_text(&a->c.trip.id, &b->c.trip.id);
    assert_true(a->c.trip.rev == b->c.trip.rev);

    assert_int_equal(a->j.verdict, b->j.verdict);
    assert_int_equal(a->j.error.reason, b->j.error.reason);
    assert_int_equal(a->j.create, b->j.create);
    assert_int_equal(a->j.record, b->j.record);
    assert_int_equal(a->j.cancel, b->j.cancel);
    assert_int_equal(a->j.echo, b->j.echo);

    check_facts(&a->facts, &b->facts);
}


static void
check_round_trip(itinerary_note_t *note)
{
    arena_t           arena;
    itinerary_str_t   text;
    itinerary_note_t  again;

    arena_init(&arena, 0);

    assert_int_equal(itinerary_note_write(&arena.pool, note, &text),
                     ITINERARY_OK);
    assert_int_equal(itinerary_note_read(&arena.pool, &text, &again),
                     ITINERARY_OK);

    check_note(note, &again);

    arena_free(&arena);
}


static void
test_round_trip(void **state)
{
    unsigned          i;
    itinerary_note_t  note;

    (void) state;

    for (i = 0; i < 2; i++) {

        if (i) {
            note_init(&note);

        } else {
            memset(&note, 0, sizeof(itinerary_note_t));
        }

        check_round_trip(&note);
    }
}


/* a flag of one note is no other's: each field by itself */

static void
test_fields(void **state)
{
    unsigned          i;
    itinerary_note_t  note;

    (void) state;

    for (i = 0; i < 8; i++) {

        memset(&note, 0, sizeof(itinerary_note_t));

        note.c.given = i == 0;
        note.j.create = i == 1;
        note.j.record = i == 2;
        note.j.cancel = i == 3;
        note.j.echo = i == 4;
        note.facts.merged = i == 5;
        note.facts.overreached = i == 6;
        note.c.trip.rev = (i == 7) * 1234567890123;

        check_round_trip(&note);
    }
}


/* a part of a note is none, and neither is one with something behind it */

static void
test_cut(void **state)
{
    size_t            n;
    u_char           *copy;
    arena_t           arena;
    itinerary_str_t   text, part;
    itinerary_note_t  note, again;

    (void) state;

    arena_init(&arena, 0);
    note_init(&note);

    assert_int_equal(itinerary_note_write(&arena.pool, &note, &text),
                     ITINERARY_OK);

    for (n = 0; n < text.len; n++) {

        /* a block of its own, so that reading on is noticed */

        copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, text.data, n);

        part.data = copy;
        part.len = n;

        assert_int_equal(itinerary_note_read(&arena.pool, &part, &again),
                         ITINERARY_REFUSED);
        free(copy);
    }

    part.len = text.len + 3;
    part.data = arena.pool.alloc(arena.pool.data, part.len);
    memcpy(part.data, text.data, text.len);
    memcpy(part.data + text.len, "0:,", 3);

    assert_int_equal(itinerary_note_read(&arena.pool, &part, &again),
                     ITINERARY_REFUSED);

    arena_free(&arena);
}


/* the n-th netstring of a note is replaced */

static const struct {
    unsigned     n;
    const char  *text;

} wrong[] = {
    { 0, "16:itinerary note 2," },
    { 0, "15:itinerary note ," },
    { 1, "16;0123456789abcdef," },
    { 1, "16:0123456789abcdef;" },
    { 1, "-1:0123456789abcdef," },
    { 1, "17:0123456789abcdef," },
    { 1, "99999999999999999999999:0123456789abcdef," },
    { 1, "18446744073709551632:0123456789abcdef," },
    { 1, ":0123456789abcdef," },
    { 6, "0:," },                          /* touched */
    { 6, "1:-," },
    { 6, "2:-1," },
    { 6, "2:2 ," },
    { 6, "4:1000," },
    { 6, "10:4294967295," },
    { 6, "10:4294967296," },
    { 11, "1:7," },                        /* operation */
    { 12, "1:2," },                        /* given */
    { 12, "2:11," },
    { 14, "19:9223372036854775808," },     /* rev */
    { 15, "1:3," },                        /* verdict */
    { 16, "2:99," },                       /* reason */
    { 21, "1:4," },                        /* ids */
    { 25, "4:9999," },                     /* bookings */
    { 27, "1:5," },                        /* a fact */
    { 28, "1:4," },                        /* renamed */
    { 38, "4:9999," }                      /* numbers */
};


static void
test_wrong(void **state)
{
    char              buf[1024], *p;
    size_t            i;
    arena_t           arena;
    unsigned          n, len;
    const char       *s, *next;
    itinerary_str_t   text, changed;
    itinerary_note_t  note, again;

    (void) state;

    arena_init(&arena, 0);
    note_init(&note);

    assert_int_equal(itinerary_note_write(&arena.pool, &note, &text),
                     ITINERARY_OK);

    for (i = 0; i < nelts(wrong); i++) {

        p = buf;
        n = 0;

        for (s = (char *) text.data; s < (char *) text.data + text.len;
             s = next)
        {
            len = atoi(s);
            next = strchr(s, ':') + 1 + len + 1;

            if (n++ == wrong[i].n) {
                p = stpcpy(p, wrong[i].text);

            } else {
                memcpy(p, s, next - s);
                p += next - s;
            }
        }

        changed.data = (u_char *) buf;
        changed.len = p - buf;

        if (itinerary_note_read(&arena.pool, &changed, &again)
            != ITINERARY_REFUSED)
        {
            fail_msg("\"%s\" is read", wrong[i].text);
        }
    }

    arena_free(&arena);
}


static void
test_starved(void **state)
{
    int                 done;
    arena_t             arena;
    unsigned            n;
    itinerary_str_t     text;
    itinerary_note_t    note, again;
    itinerary_result_e  rc;

    (void) state;

    for (n = 1, done = 0; !done; n++) {

        arena_init(&arena, n);
        note_init(&note);

        rc = itinerary_note_write(&arena.pool, &note, &text);

        if (rc == ITINERARY_OK) {
            rc = itinerary_note_read(&arena.pool, &text, &again);
        }

        done = arena.count < n;

        assert_int_equal(rc, done ? ITINERARY_OK : ITINERARY_NOMEM);

        arena_free(&arena);
    }

    assert_int_equal(n, 8);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        { "a note is read as it was written",
          test_round_trip, NULL, NULL, NULL },
        { "each of its fields is one by itself",
          test_fields, NULL, NULL, NULL },
        { "a part of a note is refused, and more than one",
          test_cut, NULL, NULL, NULL },
        { "what is no note is refused",
          test_wrong, NULL, NULL, NULL },
        { "without memory nothing is read",
          test_starved, NULL, NULL, NULL }
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("note", tests, NULL, NULL);
}
