
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Names and keys: two names are never one key, a key is decoded to what it was
 * made of, and what is no name in the registry is not taken for one.
 *
 * The input is two sources and two locators, a line each, and what may stand
 * in the registry.
 */


#include "fuzz.h"
#include "itinerary_name.h"


typedef struct {
    itinerary_str_t        source;
    itinerary_str_t        locator;
    itinerary_str_t        name;
    int                    good;
} named_t;


static int
is_space(u_char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}


/* what the contract says of a name; "canonical" has room for the text */

static int
canonical_is(const itinerary_str_t *text, size_t max, int spaces,
    u_char *canonical, size_t *len)
{
    size_t  i, first, last;

    first = 0;
    last = text->len;

    while (first < last && is_space(text->data[first])) {
        first++;
    }

    while (last > first && is_space(text->data[last - 1])) {
        last--;
    }

    *len = last - first;

    for (i = 0; i < *len; i++) {
        canonical[i] = text->data[first + i];

        if (canonical[i] < ' ' || canonical[i] > '~'
            || (canonical[i] == ' ' && (!spaces || canonical[i - 1] == ' ')))
        {
            return 0;
        }

        if (canonical[i] >= 'a' && canonical[i] <= 'z') {
            canonical[i] -= 'a' - 'A';
        }
    }

    return *len > 0 && *len <= max;
}


static int
check_canonical(arena_t *arena, const itinerary_str_t *text, int is_source,
    itinerary_str_t *got)
{
    int                good;
    itinerary_str_t    copy, expected;
    itinerary_name_e   rc;

    copy = fuzz_copy(arena, text);

    expected.data = arena_alloc(arena, text->len + 1);

    good = canonical_is(text, is_source ? ITINERARY_SOURCE_MAX
                                        : ITINERARY_LOCATOR_MAX,
                        is_source, expected.data, &expected.len);

    rc = is_source ? itinerary_source(&arena->pool, &copy, got)
                   : itinerary_locator(&arena->pool, &copy, got);

    fuzz_check((rc == ITINERARY_NAME_OK) == good, "%d, \"%.*s\"", rc,
               fuzz_quote(text));

    if (good) {
        fuzz_check(itinerary_equal(got, &expected), "\"%.*s\"",
                   fuzz_quote(got));
    }

    return good;
}


static void
check_name(arena_t *arena, named_t *n)
{
    itinerary_str_t     source, locator, part;
    itinerary_result_e  rc;

    rc = itinerary_booking_name(&arena->pool, &n->source, &n->locator,
                                &n->name);
    fuzz_check(rc == ITINERARY_OK, "%d", rc);

    rc = itinerary_booking_parts(&arena->pool, &n->name, &source, &locator);
    fuzz_check(rc == ITINERARY_OK, "%d", rc);

    fuzz_check(itinerary_equal(&source, &n->source)
               && itinerary_equal(&locator, &n->locator), "\"%.*s\"",
               fuzz_quote(&n->name));

    part = itinerary_booking_locator(&n->name);
    rc = itinerary_key(&arena->pool, &n->locator, &locator);

    fuzz_check(rc == ITINERARY_OK && itinerary_equal(&part, &locator),
               "\"%.*s\"", fuzz_quote(&part));
}


/* a key says in the characters of a key what it was made of, and no more */

static void
check_key(arena_t *arena, const itinerary_str_t *text)
{
    char                 hex[4];
    size_t               i, n;
    itinerary_str_t      copy, key;
    itinerary_result_e   rc;

    static const char  plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789._~-";

    copy = fuzz_copy(arena, text);

    rc = itinerary_key(&arena->pool, &copy, &key);
    fuzz_check(rc == ITINERARY_OK, "%d", rc);

    n = 0;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] && strchr(plain, text->data[i])) {
            fuzz_check(n < key.len && key.data[n] == text->data[i], "%zu", n);
            n++;
            continue;
        }

        (void) snprintf(hex, sizeof(hex), "%%%02X", text->data[i]);

        fuzz_check(n + 3 <= key.len && memcmp(key.data + n, hex, 3) == 0,
                   "%zu", n);
        n += 3;
    }

    fuzz_check(n == key.len && key.data[n] == '\0', "%zu", n);
}


/* what may stand in the registry is a name only as it is made of its parts */

static void
check_parts(arena_t *arena, const itinerary_str_t *text)
{
    itinerary_str_t     name, source, locator, again;
    itinerary_result_e  rc;

    name = fuzz_copy(arena, text);

    rc = itinerary_booking_parts(&arena->pool, &name, &source, &locator);

    if (rc != ITINERARY_OK) {
        fuzz_check(rc == ITINERARY_REFUSED, "%d", rc);
        return;
    }

    rc = itinerary_booking_name(&arena->pool, &source, &locator, &again);

    fuzz_check(rc == ITINERARY_OK && itinerary_equal(&name, &again),
               "\"%.*s\"", fuzz_quote(&again));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int               same;
    named_t           n[2];
    arena_t           arena;
    unsigned          i;
    fuzz_input_t      in;
    itinerary_str_t   line;

    in.p = data;
    in.last = data + size;

    arena_init(&arena, 0);

    for (i = 0; i < 2; i++) {
        line = fuzz_line(&in);
        check_key(&arena, &line);
        n[i].good = check_canonical(&arena, &line, 1, &n[i].source);
    }

    for (i = 0; i < 2; i++) {
        line = fuzz_line(&in);
        check_key(&arena, &line);
        n[i].good &= check_canonical(&arena, &line, 0, &n[i].locator);

        if (n[i].good) {
            check_name(&arena, &n[i]);
        }
    }

    if (n[0].good && n[1].good) {
        same = itinerary_equal(&n[0].source, &n[1].source)
               && itinerary_equal(&n[0].locator, &n[1].locator);

        fuzz_check(same == itinerary_equal(&n[0].name, &n[1].name),
                   "\"%.*s\"", fuzz_quote(&n[0].name));
    }

    line = fuzz_rest(&in);
    check_parts(&arena, &line);
    (void) itinerary_is_supplier(&line);

    arena_free(&arena);

    return 0;
}
