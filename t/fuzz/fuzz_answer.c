
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * An answer of the API, whatever it is: read whole and in random pieces, with
 * the same result; and what it teaches gives nobody what is somebody else's,
 * and speaks of nothing but what was asked and answered.
 *
 * The input is a case, see words.h; a line that says, by its first bytes, which
 * roots are allowed and how the answer is cut into pieces; and the answer.
 */


#include "document.h"
#include "itinerary_facts.h"
#include "itinerary_name.h"
#include "words.h"


static const itinerary_booking_effect_t *
effect_of(const itinerary_judgement_t *j, const itinerary_str_t *name)
{
    unsigned  i;

    for (i = 0; i < j->neffects; i++) {
        if (itinerary_equal(&j->effects[i].name, name)) {
            return &j->effects[i];
        }
    }

    return NULL;
}


static const itinerary_record_t *
record_of(const itinerary_case_t *c, const itinerary_str_t *name)
{
    unsigned  i;

    for (i = 0; i < c->trip.nbookings; i++) {
        if (itinerary_equal(&c->trip.bookings[i].name, name)) {
            return &c->trip.bookings[i];
        }
    }

    return NULL;
}


/* in an answer, a name may be there twice */

static int
is_seen(const itinerary_document_t *answer,
    const itinerary_booking_fact_t *fact)
{
    unsigned                    i;
    const itinerary_booking_t  *booking;

    for (i = 0; i < answer->nbookings; i++) {
        booking = &answer->bookings[i];

        if (itinerary_equal(&booking->name, &fact->name)
            && (booking->segments != 0) == fact->alive)
        {
            return 1;
        }
    }

    return 0;
}


static const itinerary_booking_t *
answered(const itinerary_document_t *answer, const itinerary_str_t *name)
{
    unsigned  i;

    for (i = 0; i < answer->nbookings; i++) {
        if (itinerary_equal(&answer->bookings[i].name, name)) {
            return &answer->bookings[i];
        }
    }

    return NULL;
}


/* by another name: the same locator, which nobody else has by that name */

static void
check_renamed(const itinerary_case_t *c, const itinerary_judgement_t *j,
    const itinerary_document_t *answer, const itinerary_facts_t *facts,
    const itinerary_booking_fact_t *fact)
{
    itinerary_str_t                    a, b;
    const itinerary_record_t          *record;
    const itinerary_booking_fact_t    *first;
    const itinerary_booking_effect_t  *effect;

    fuzz_check(fact->renamed <= facts->nbookings
               && &facts->bookings[fact->renamed - 1] < fact, "%u",
               fact->renamed);

    first = &facts->bookings[fact->renamed - 1];
    effect = effect_of(j, &first->name);

    fuzz_check(first->fact == ITINERARY_FACT_RENAMED && effect && effect->take,
               "\"%.*s\" was \"%.*s\"", fuzz_quote(&fact->name),
               fuzz_quote(&first->name));
    fuzz_check(answered(answer, &fact->name)
               && answered(answer, &fact->name)->locator.len,
               "\"%.*s\" is not in the answer", fuzz_quote(&fact->name));

    a = itinerary_booking_locator(&first->name);
    b = itinerary_booking_locator(&fact->name);

    fuzz_check(itinerary_equal(&a, &b), "\"%.*s\" was \"%.*s\"",
               fuzz_quote(&fact->name), fuzz_quote(&first->name));

    record = record_of(c, &fact->name);

    fuzz_check(record == NULL || itinerary_owns(c, &record->owner),
               "\"%.*s\" is somebody else's", fuzz_quote(&fact->name));
    fuzz_check(effect_of(j, &fact->name) == NULL,
               "\"%.*s\" is another booking", fuzz_quote(&fact->name));
}


static void
check_fact(arena_t *arena, const itinerary_case_t *c,
    const itinerary_judgement_t *j, const itinerary_document_t *answer,
    const itinerary_facts_t *facts, const itinerary_booking_fact_t *fact)
{
    itinerary_str_t                    source, locator;
    const itinerary_booking_t         *booking;
    const itinerary_booking_effect_t  *effect;

    fuzz_check(itinerary_booking_parts(&arena->pool, &fact->name, &source,
                                       &locator)
               == ITINERARY_OK, "\"%.*s\"", fuzz_quote(&fact->name));

    effect = effect_of(j, &fact->name);
    booking = answered(answer, &fact->name);

    if (fact->renamed) {
        fuzz_check(fact->fact == ITINERARY_FACT_OWN
                   || fact->fact == ITINERARY_FACT_CANCELLED, "%d",
                   fact->fact);
        check_renamed(c, j, answer, facts, fact);
        return;
    }

    switch (fact->fact) {

    case ITINERARY_FACT_OWN:
    case ITINERARY_FACT_RENAMED:
        fuzz_check(effect && effect->take && effect->allowed,
                   "\"%.*s\" becomes the supplier's",
                   fuzz_quote(&fact->name));
        break;

    case ITINERARY_FACT_SEEN:
        fuzz_check(is_seen(answer, fact), "\"%.*s\" was not seen",
                   fuzz_quote(&fact->name));
        break;

    case ITINERARY_FACT_CANCELLED:
        fuzz_check(effect || booking || record_of(c, &fact->name),
                   "\"%.*s\" is cancelled", fuzz_quote(&fact->name));
        break;

    case ITINERARY_FACT_REMOVED:
        fuzz_check(effect && effect->effect == ITINERARY_REMOVED,
                   "\"%.*s\" is removed", fuzz_quote(&fact->name));
    }
}


static void
check_facts(const itinerary_case_t *c, const itinerary_document_t *answer)
{
    unsigned                i, k;
    arena_t                 arena;
    itinerary_facts_t       facts;
    itinerary_result_e      rc;
    itinerary_judgement_t   j;

    arena_init(&arena, 0);

    (void) itinerary_judge(&arena.pool, c, &j);

    for (i = 0; i < j.neffects; i++) {
        fuzz_check(j.effects[i].allowed || (!j.effects[i].take
                                            && !j.effects[i].claim
                                            && !j.effects[i].bind),
                   "\"%.*s\" is not allowed", fuzz_quote(&j.effects[i].name));
    }

    rc = itinerary_learn(&arena.pool, c, &j, answer, &facts);

    fuzz_check(rc == (answer->root == ITINERARY_ROOT_ITINERARY
                      && facts.nids == 0 ? ITINERARY_REFUSED : ITINERARY_OK),
               "%d", rc);

    for (i = 0; i < facts.nids; i++) {
        fuzz_check(itinerary_is_trip_id(&facts.ids[i]), "\"%.*s\"",
                   fuzz_quote(&facts.ids[i]));

        for (k = 0; k < i; k++) {
            fuzz_check(!itinerary_equal(&facts.ids[i], &facts.ids[k]),
                       "\"%.*s\" twice", fuzz_quote(&facts.ids[i]));
        }
    }

    for (i = 0; i < facts.nbookings; i++) {
        check_fact(&arena, c, &j, answer, &facts, &facts.bookings[i]);
    }

    fuzz_check(!facts.merged || c->operation == ITINERARY_OP_CREATE, "merged");
    fuzz_check(!facts.overreached || j.verdict == ITINERARY_PARTIAL,
               "overreached");

    rc = itinerary_learn_doubt(&arena.pool, c, &j, &facts);

    fuzz_check(rc == ITINERARY_OK && facts.nbookings == 0, "%d", rc);

    arena_free(&arena);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                    kind, pieces;
    case_t                    t;
    arena_t                   arena;
    words_t                   words;
    document_t                d;
    fuzz_input_t              in;
    itinerary_str_t           text;
    itinerary_reader_conf_t   conf;

    in.p = data;
    in.last = data + size;

    arena_init(&arena, 0);

    words_read(&in, &words);
    case_make(&arena, &words.row, &t);

    kind = fuzz_byte(&in);
    pieces = fuzz_byte(&in);
    (void) fuzz_line(&in);

    text = fuzz_rest(&in);

    memset(&conf, 0, sizeof(itinerary_reader_conf_t));

    conf.reading = ITINERARY_READ_ANSWER;
    conf.roots = ITINERARY_ROOT_ITINERARY;
    conf.max_bookings = DOCUMENT_BOOKINGS;
    conf.digests = 1;

    if (kind & 1) {
        conf.roots |= ITINERARY_ROOT_BOOKING|ITINERARY_ROOT_SEGMENT;
    }

    document_read(&d, &conf, &text, 0);
    document_check_pieces(&d, &conf, &text, pieces);

    if (d.document) {
        check_facts(&t.c, d.document);
    }

    document_free(&d);
    arena_free(&arena);

    return 0;
}
