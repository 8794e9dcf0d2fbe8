
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <limits.h>
#include <string.h>

#include "itinerary_note.h"


/* digits of a length or of a number */

#define ITINERARY_NOTE_DIGITS  20


typedef enum {
    ITINERARY_NOTE_MEASURE = 0,
    ITINERARY_NOTE_WRITE,
    ITINERARY_NOTE_READ
} itinerary_note_way_e;

/* one order of fields serves to measure, to write and to read a note */

typedef struct {
    itinerary_note_way_e   way;
    itinerary_result_e     rc;
    itinerary_pool_t      *pool;
    size_t                 size;      /* measured */
    u_char                *last;      /* of what is written */
    itinerary_str_t        rest;      /* to be read */
} itinerary_note_stream_t;


static void itinerary_note_fields(itinerary_note_stream_t *s,
    itinerary_note_t *note);
static void itinerary_note_facts(itinerary_note_stream_t *s,
    itinerary_facts_t *facts);
static void itinerary_note_texts(itinerary_note_stream_t *s, unsigned *n,
    itinerary_str_t **texts);
static void itinerary_note_bookings(itinerary_note_stream_t *s,
    itinerary_facts_t *facts);
static void itinerary_note_numbers(itinerary_note_stream_t *s,
    itinerary_facts_t *facts);
static void *itinerary_note_elements(itinerary_note_stream_t *s, size_t n,
    size_t size);
static int64_t itinerary_note_number(itinerary_note_stream_t *s, int64_t n,
    int64_t max);
static void itinerary_note_text(itinerary_note_stream_t *s,
    itinerary_str_t *text);
static int itinerary_note_next(itinerary_str_t *rest, itinerary_str_t *text);
static size_t itinerary_note_digits(u_char *digits, uint64_t n);


static const itinerary_str_t  itinerary_note_format =
    itinerary_string("itinerary note 1");


itinerary_result_e
itinerary_note_write(itinerary_pool_t *pool, itinerary_note_t *note,
    itinerary_str_t *text)
{
    itinerary_note_stream_t  s;

    memset(&s, 0, sizeof(itinerary_note_stream_t));

    itinerary_note_fields(&s, note);

    text->data = pool->alloc(pool->data, s.size);
    if (text->data == NULL) {
        return ITINERARY_NOMEM;
    }

    text->len = s.size;

    s.way = ITINERARY_NOTE_WRITE;
    s.last = text->data;

    itinerary_note_fields(&s, note);

    return ITINERARY_OK;
}


itinerary_result_e
itinerary_note_read(itinerary_pool_t *pool, const itinerary_str_t *text,
    itinerary_note_t *note)
{
    itinerary_note_stream_t  s;

    memset(note, 0, sizeof(itinerary_note_t));
    memset(&s, 0, sizeof(itinerary_note_stream_t));

    s.way = ITINERARY_NOTE_READ;
    s.pool = pool;
    s.rest = *text;

    itinerary_note_fields(&s, note);

    if (s.rc == ITINERARY_OK && s.rest.len) {
        return ITINERARY_REFUSED;
    }

    return s.rc;
}


static void
itinerary_note_fields(itinerary_note_stream_t *s, itinerary_note_t *note)
{
    itinerary_str_t         format;
    itinerary_case_t       *c;
    itinerary_judgement_t  *j;

    format = itinerary_note_format;

    itinerary_note_text(s, &format);

    if (s->rc == ITINERARY_OK
        && !itinerary_equal(&format, &itinerary_note_format))
    {
        s->rc = ITINERARY_REFUSED;
    }

    itinerary_note_text(s, &note->request);
    itinerary_note_text(s, &note->supplier);
    itinerary_note_text(s, &note->at);
    itinerary_note_text(s, &note->since);
    itinerary_note_text(s, &note->lease);
    itinerary_note_texts(s, &note->ntouched, &note->touched);
    itinerary_note_texts(s, &note->nbound, &note->bound);

    c = &note->c;

    c->operation = itinerary_note_number(s, c->operation, ITINERARY_OP_MAX);
    c->given = itinerary_note_number(s, c->given, 1);
    itinerary_note_text(s, &c->trip.id);
    c->trip.rev = itinerary_note_number(s, c->trip.rev, INT64_MAX);

    j = &note->j;

    j->verdict = itinerary_note_number(s, j->verdict, ITINERARY_DENY);
    j->error.reason = itinerary_note_number(s, j->error.reason,
                                            ITINERARY_REASON_MAX - 1);
    j->create = itinerary_note_number(s, j->create, 1);
    j->record = itinerary_note_number(s, j->record, 1);
    j->cancel = itinerary_note_number(s, j->cancel, 1);
    j->echo = itinerary_note_number(s, j->echo, 1);

    itinerary_note_facts(s, &note->facts);
}


static void
itinerary_note_facts(itinerary_note_stream_t *s, itinerary_facts_t *facts)
{
    unsigned  i;

    facts->nids = itinerary_note_number(s, facts->nids,
                                        sizeof(facts->ids)
                                        / sizeof(facts->ids[0]));

    for (i = 0; i < facts->nids; i++) {
        itinerary_note_text(s, &facts->ids[i]);
    }

    itinerary_note_bookings(s, facts);
    itinerary_note_numbers(s, facts);

    facts->merged = itinerary_note_number(s, facts->merged, 1);
    facts->overreached = itinerary_note_number(s, facts->overreached, 1);
}


static void
itinerary_note_texts(itinerary_note_stream_t *s, unsigned *n,
    itinerary_str_t **texts)
{
    unsigned          i;
    itinerary_str_t  *text;

    *n = itinerary_note_number(s, *n, UINT_MAX);

    if (s->way == ITINERARY_NOTE_READ) {
        *texts = itinerary_note_elements(s, *n, sizeof(itinerary_str_t));
    }

    text = *texts;

    for (i = 0; i < *n && s->rc == ITINERARY_OK; i++) {
        itinerary_note_text(s, &text[i]);
    }
}


static void
itinerary_note_bookings(itinerary_note_stream_t *s, itinerary_facts_t *facts)
{
    unsigned                   i, n;
    itinerary_booking_fact_t  *fact;

    n = itinerary_note_number(s, facts->nbookings, UINT_MAX);
    facts->nbookings = n;

    if (s->way == ITINERARY_NOTE_READ) {
        facts->bookings = itinerary_note_elements(s, n,
                                            sizeof(itinerary_booking_fact_t));
    }

    for (i = 0; i < n && s->rc == ITINERARY_OK; i++) {

        fact = &facts->bookings[i];

        itinerary_note_text(s, &fact->name);
        fact->fact = itinerary_note_number(s, fact->fact,
                                           ITINERARY_FACT_REMOVED);
        fact->renamed = itinerary_note_number(s, fact->renamed, n);
        fact->alive = itinerary_note_number(s, fact->alive, 1);
    }
}


static void
itinerary_note_numbers(itinerary_note_stream_t *s, itinerary_facts_t *facts)
{
    unsigned              i, n;
    itinerary_number_t  **last;

    n = itinerary_note_number(s, facts->nnumbers, UINT_MAX);
    facts->nnumbers = n;

    last = &facts->numbers;

    for (i = 0; i < n; i++) {

        if (s->way == ITINERARY_NOTE_READ) {
            *last = itinerary_note_elements(s, 1, sizeof(itinerary_number_t));
        }

        if (s->rc != ITINERARY_OK) {
            return;
        }

        itinerary_note_text(s, &(*last)->source);
        itinerary_note_text(s, &(*last)->number);
        itinerary_note_text(s, &(*last)->locator);

        last = &(*last)->next;
    }
}


/* all zero; of a text no more elements can come than it has bytes */

static void *
itinerary_note_elements(itinerary_note_stream_t *s, size_t n, size_t size)
{
    void  *elements;

    if (s->rc == ITINERARY_OK && n > s->rest.len) {
        s->rc = ITINERARY_REFUSED;
    }

    if (s->rc != ITINERARY_OK || n == 0) {
        return NULL;
    }

    elements = s->pool->alloc(s->pool->data, n * size);

    if (elements == NULL) {
        s->rc = ITINERARY_NOMEM;
        return NULL;
    }

    memset(elements, 0, n * size);

    return elements;
}


/* returns the number; one that is read is 0 once something was wrong */

static int64_t
itinerary_note_number(itinerary_note_stream_t *s, int64_t n, int64_t max)
{
    size_t           i;
    u_char           digits[ITINERARY_NOTE_DIGITS];
    int64_t          digit;
    itinerary_str_t  text;

    text.data = digits;
    text.len = itinerary_note_digits(digits, n);

    itinerary_note_text(s, &text);

    if (s->way != ITINERARY_NOTE_READ) {
        return n;
    }

    n = 0;

    if (s->rc == ITINERARY_OK && text.len == 0) {
        s->rc = ITINERARY_REFUSED;
    }

    for (i = 0; s->rc == ITINERARY_OK && i < text.len; i++) {

        digit = text.data[i] - '0';

        if (digit < 0 || digit > 9 || digit > max || n > (max - digit) / 10) {
            s->rc = ITINERARY_REFUSED;
            break;
        }

        n = n * 10 + digit;
    }

    return s->rc == ITINERARY_OK ? n : 0;
}


static void
itinerary_note_text(itinerary_note_stream_t *s, itinerary_str_t *text)
{
    u_char  digits[ITINERARY_NOTE_DIGITS];
    size_t  n;

    if (s->way == ITINERARY_NOTE_READ) {

        if (s->rc == ITINERARY_OK && !itinerary_note_next(&s->rest, text)) {
            s->rc = ITINERARY_REFUSED;
        }

        return;
    }

    n = itinerary_note_digits(digits, text->len);

    if (s->way == ITINERARY_NOTE_MEASURE) {
        s->size += n + 1 + text->len + 1;
        return;
    }

    memcpy(s->last, digits, n);
    s->last += n;
    *s->last++ = ':';

    if (text->len) {
        memcpy(s->last, text->data, text->len);
        s->last += text->len;
    }

    *s->last++ = ',';
}


/* takes a netstring off the rest; 0: there is none */

static int
itinerary_note_next(itinerary_str_t *rest, itinerary_str_t *text)
{
    size_t   len;
    u_char  *p, *last;

    last = rest->data + rest->len;
    len = 0;

    for (p = rest->data; p < last && *p >= '0' && *p <= '9'; p++) {

        /* more than there is cannot come */

        if (len > rest->len) {
            return 0;
        }

        len = len * 10 + (*p - '0');
    }

    if (p == rest->data || p == last || *p++ != ':'
        || len >= (size_t) (last - p) || p[len] != ',')
    {
        return 0;
    }

    text->data = p;
    text->len = len;

    rest->data = p + len + 1;
    rest->len = last - rest->data;

    return 1;
}


static size_t
itinerary_note_digits(u_char *digits, uint64_t n)
{
    size_t  i, len;
    u_char  reverse[ITINERARY_NOTE_DIGITS];

    len = 0;

    do {
        reverse[len++] = '0' + n % 10;
        n /= 10;
    } while (n);

    for (i = 0; i < len; i++) {
        digits[i] = reverse[len - 1 - i];
    }

    return len;
}
