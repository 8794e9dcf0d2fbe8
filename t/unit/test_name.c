
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
#include "itinerary_name.h"


#define S10       "ABCDEFGHIJ"
#define S32       S10 S10 S10 "KL"
#define S50       S10 S10 S10 S10 S10
#define S128      S50 S50 S10 S10 "ABCDEFGH"

#define nelts(a)  (sizeof(a) / sizeof((a)[0]))


typedef itinerary_name_e (*canonical_pt)(itinerary_pool_t *pool,
    const itinerary_str_t *text, itinerary_str_t *name);


typedef struct {
    itinerary_str_t    text;
    itinerary_name_e   rc;
    itinerary_str_t    name;
} row_t;


/* copies to a block of exactly that size, so that an overread is seen */

static itinerary_str_t
text(arena_t *arena, const itinerary_str_t *src)
{
    itinerary_str_t  str;

    str.len = src->len;
    str.data = src->len ? arena_alloc(arena, src->len) : NULL;

    if (src->len) {
        memcpy(str.data, src->data, src->len);
    }

    return str;
}


static void
check_equal(const itinerary_str_t *got, const itinerary_str_t *expected)
{
    if (!itinerary_equal(got, expected)) {
        print_error("\"%.*s\" instead of \"%.*s\"\n", (int) got->len,
                    (char *) got->data, (int) expected->len,
                    (char *) expected->data);
        fail();
    }
}


static void
check_canonical(canonical_pt canonical, const row_t *row, size_t n)
{
    size_t             i;
    arena_t            arena;
    itinerary_str_t    src, name;
    itinerary_name_e   rc;

    for (i = 0; i < n; i++) {
        arena_init(&arena, 0);

        src = text(&arena, &row[i].text);
        rc = canonical(&arena.pool, &src, &name);

        if (rc != row[i].rc) {
            print_error("\"%.*s\": %d\n", (int) src.len, (char *) src.data,
                        rc);
            fail();
        }

        if (rc == ITINERARY_NAME_OK) {
            check_equal(&name, &row[i].name);

            arena_free(&arena);
            arena_init(&arena, 1);

            rc = canonical(&arena.pool, &row[i].text, &name);
            assert_int_equal(rc, ITINERARY_NAME_NOMEM);
        }

        arena_free(&arena);
    }
}


static void
test_locators(void **state)
{
    static const row_t  t[] = {
        { itinerary_string("ABC123"), ITINERARY_NAME_OK,
          itinerary_string("ABC123") },
        { itinerary_string("abcXYZ"), ITINERARY_NAME_OK,
          itinerary_string("ABCXYZ") },
        { itinerary_string("\t\r\n a \n"), ITINERARY_NAME_OK,
          itinerary_string("A") },
        { itinerary_string("a|b%,~!@[`{"), ITINERARY_NAME_OK,
          itinerary_string("A|B%,~!@[`{") },
        { itinerary_string(S50), ITINERARY_NAME_OK, itinerary_string(S50) },
        { itinerary_string(" " S50 " "), ITINERARY_NAME_OK,
          itinerary_string(S50) },
        { itinerary_string(S50 "A"), ITINERARY_NAME_TOO_LONG, { 0, NULL } },
        { { 0, NULL },               ITINERARY_NAME_EMPTY, { 0, NULL } },
        { itinerary_string(" "),     ITINERARY_NAME_EMPTY, { 0, NULL } },
        { itinerary_string("\t\r\n "), ITINERARY_NAME_EMPTY, { 0, NULL } },
        { itinerary_string("a b"),   ITINERARY_NAME_BAD_CHARACTER,
          { 0, NULL } },
        { itinerary_string("a\tb"),  ITINERARY_NAME_BAD_CHARACTER,
          { 0, NULL } },
        { itinerary_string("a\0b"),  ITINERARY_NAME_BAD_CHARACTER,
          { 0, NULL } },
        { itinerary_string("\0"),    ITINERARY_NAME_BAD_CHARACTER,
          { 0, NULL } },
        { itinerary_string("\v"),    ITINERARY_NAME_BAD_CHARACTER,
          { 0, NULL } },
        { itinerary_string("\x1f"),  ITINERARY_NAME_BAD_CHARACTER,
          { 0, NULL } },
        { itinerary_string("a\x7f"), ITINERARY_NAME_BAD_CHARACTER,
          { 0, NULL } },
        { itinerary_string("\xc3\xa9"), ITINERARY_NAME_BAD_CHARACTER,
          { 0, NULL } },
        { itinerary_string("a\xc2\xa0"), ITINERARY_NAME_BAD_CHARACTER,
          { 0, NULL } },
        { itinerary_string(S50 "\xc3\xa9"), ITINERARY_NAME_BAD_CHARACTER,
          { 0, NULL } }
    };

    (void) state;

    check_canonical(itinerary_locator, t, nelts(t));
}


static void
test_sources(void **state)
{
    static const row_t  t[] = {
        { itinerary_string(" Travel Bookings.com "), ITINERARY_NAME_OK,
          itinerary_string("TRAVEL BOOKINGS.COM") },
        { itinerary_string("a b c"), ITINERARY_NAME_OK,
          itinerary_string("A B C") },
        { itinerary_string(S32), ITINERARY_NAME_OK, itinerary_string(S32) },
        { itinerary_string(S32 "A"), ITINERARY_NAME_TOO_LONG, { 0, NULL } },
        { itinerary_string("  "),    ITINERARY_NAME_EMPTY, { 0, NULL } },
        { itinerary_string("a  b"),  ITINERARY_NAME_BAD_CHARACTER,
          { 0, NULL } },
        { itinerary_string("a\tb"),  ITINERARY_NAME_BAD_CHARACTER,
          { 0, NULL } },
        { itinerary_string("a \nb"), ITINERARY_NAME_BAD_CHARACTER,
          { 0, NULL } },
        { itinerary_string("a\x80"), ITINERARY_NAME_BAD_CHARACTER,
          { 0, NULL } }
    };

    (void) state;

    check_canonical(itinerary_source, t, nelts(t));
}


static void
test_keys(void **state)
{
    int              ch;
    u_char           c;
    size_t           i;
    char             buf[4];
    arena_t          arena;
    itinerary_str_t  src, key, expected;

    static const struct {
        itinerary_str_t   text;
        itinerary_str_t   key;

    } t[] = {
        { { 0, NULL },                itinerary_string("") },
        { itinerary_string("a.b_c~d-e"), itinerary_string("a.b_c~d-e") },
        { itinerary_string("a b"),    itinerary_string("a%20b") },
        { itinerary_string("a:b|c%"), itinerary_string("a%3Ab%7Cc%25") },
        { itinerary_string("{x}"),    itinerary_string("%7Bx%7D") },
        { itinerary_string("\0\xff"), itinerary_string("%00%FF") }
    };

    static const char  plain[] = "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789._~-";

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        arena_init(&arena, 0);
        src = text(&arena, &t[i].text);

        assert_int_equal(itinerary_key(&arena.pool, &src, &key),
                         ITINERARY_OK);
        check_equal(&key, &t[i].key);

        arena_free(&arena);
    }

    for (ch = 0; ch < 256; ch++) {
        c = (u_char) ch;
        src.data = &c;
        src.len = 1;

        if (memchr(plain, ch, sizeof(plain) - 1)) {
            (void) snprintf(buf, sizeof(buf), "%c", ch);

        } else {
            (void) snprintf(buf, sizeof(buf), "%%%02X", ch);
        }

        expected.data = (u_char *) buf;
        expected.len = strlen(buf);

        arena_init(&arena, 0);
        assert_int_equal(itinerary_key(&arena.pool, &src, &key),
                         ITINERARY_OK);
        check_equal(&key, &expected);
        arena_free(&arena);

        arena_init(&arena, 1);
        assert_int_equal(itinerary_key(&arena.pool, &src, &key),
                         ITINERARY_NOMEM);
        arena_free(&arena);
    }
}


static void
test_huge_keys(void **state)
{
    arena_t          arena;
    itinerary_str_t  huge, key;

    (void) state;

    arena_init(&arena, 0);

    huge.data = (u_char *) "";
    huge.len = SIZE_MAX / 3 + 1;

    assert_int_equal(itinerary_key(&arena.pool, &huge, &key),
                     ITINERARY_NOMEM);
    assert_int_equal(itinerary_booking_name(&arena.pool, &huge, &huge, &key),
                     ITINERARY_NOMEM);

    huge.len = SIZE_MAX;

    assert_int_equal(itinerary_key(&arena.pool, &huge, &key),
                     ITINERARY_NOMEM);

    assert_int_equal(arena.count, 0);
}


static void
test_booking_names(void **state)
{
    size_t           i;
    arena_t          arena;
    itinerary_str_t  source, locator, name;

    static const struct {
        itinerary_str_t   source;
        itinerary_str_t   locator;
        itinerary_str_t   name;

    } t[] = {
        { itinerary_string("ACME"), itinerary_string("X1"),
          itinerary_string("ACME|X1") },
        { itinerary_string("A B"), itinerary_string("C,D"),
          itinerary_string("A%20B|C%2CD") },
        { itinerary_string("A|B"), itinerary_string("C"),
          itinerary_string("A%7CB|C") },
        { itinerary_string("A"), itinerary_string("B|C"),
          itinerary_string("A|B%7CC") },
        { itinerary_string("%7C"), itinerary_string("|"),
          itinerary_string("%257C|%7C") },
        { itinerary_string(S32), itinerary_string(S50),
          itinerary_string(S32 "|" S50) }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        arena_init(&arena, 0);

        assert_int_equal(itinerary_booking_name(&arena.pool, &t[i].source,
                                                &t[i].locator, &name),
                         ITINERARY_OK);
        check_equal(&name, &t[i].name);

        name = text(&arena, &name);

        assert_int_equal(itinerary_booking_parts(&arena.pool, &name, &source,
                                                 &locator),
                         ITINERARY_OK);
        check_equal(&source, &t[i].source);
        check_equal(&locator, &t[i].locator);

        arena_free(&arena);
    }
}


static void
test_foreign_names(void **state)
{
    size_t           i;
    arena_t          arena;
    itinerary_str_t  name, source, locator;

    static const itinerary_str_t  t[] = {
        { 0, NULL },
        itinerary_string("|"),
        itinerary_string("A"),
        itinerary_string("A|"),
        itinerary_string("|A"),
        itinerary_string("A|B|C"),
        itinerary_string("a|B"),
        itinerary_string("A|b"),
        itinerary_string(" A|B"),
        itinerary_string("A B|C"),
        itinerary_string("A%20|C"),
        itinerary_string("%20A|C"),
        itinerary_string("A%20%20B|C"),
        itinerary_string("A|B%20C"),
        itinerary_string("A%7cB|C"),
        itinerary_string("%41|B"),
        itinerary_string("A|%2D"),
        itinerary_string("A,B|C"),
        itinerary_string("A%|B"),
        itinerary_string("A%7|C"),
        itinerary_string("A|%"),
        itinerary_string("A|%7"),
        itinerary_string("A|%zz"),
        itinerary_string("A|%00"),
        itinerary_string("A|B\0"),
        itinerary_string("A|%C3%A9"),
        itinerary_string("A|\xc3\xa9"),
        itinerary_string(S32 "A|B"),
        itinerary_string("A|" S50 "A")
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        arena_init(&arena, 0);
        name = text(&arena, &t[i]);

        if (itinerary_booking_parts(&arena.pool, &name, &source, &locator)
            != ITINERARY_REFUSED)
        {
            print_error("\"%.*s\"\n", (int) name.len, (char *) name.data);
            fail();
        }

        arena_free(&arena);
    }
}


static void
test_suppliers(void **state)
{
    int              ch;
    u_char           c;
    size_t           i;
    itinerary_str_t  supplier;

    static const struct {
        itinerary_str_t   text;
        int               good;

    } t[] = {
        { { 0, NULL },                              0 },
        { itinerary_string("x"),                    1 },
        { itinerary_string("CN=Acme Travel,O=Ac"),  1 },
        { itinerary_string(S128),                   1 },
        { itinerary_string(S128 "A"),               0 },
        { itinerary_string("a\0b"),                 0 },
        { itinerary_string("a\n"),                  0 },
        { itinerary_string("\xc3\xa9"),             0 }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        assert_int_equal(itinerary_is_supplier(&t[i].text), t[i].good);
    }

    for (ch = 0; ch < 256; ch++) {
        c = (u_char) ch;
        supplier.data = &c;
        supplier.len = 1;

        assert_int_equal(itinerary_is_supplier(&supplier),
                         ch >= ' ' && ch <= '~');
    }
}


static void
test_no_memory(void **state)
{
    unsigned            n;
    arena_t             arena;
    itinerary_str_t     name, source, locator;
    itinerary_result_e  rc;

    (void) state;

    source = (itinerary_str_t) itinerary_string("A");
    locator = (itinerary_str_t) itinerary_string("B");

    arena_init(&arena, 1);
    rc = itinerary_booking_name(&arena.pool, &source, &locator, &name);
    assert_int_equal(rc, ITINERARY_NOMEM);
    arena_free(&arena);

    name = (itinerary_str_t) itinerary_string("A%20B|C");

    for (n = 1; n < 100; n++) {
        arena_init(&arena, n);
        rc = itinerary_booking_parts(&arena.pool, &name, &source, &locator);
        arena_free(&arena);

        if (arena.count < n) {
            break;
        }

        assert_int_equal(rc, ITINERARY_NOMEM);
    }

    assert_int_equal(rc, ITINERARY_OK);
    assert_true(n > 1);
}


/* two pairs have one name only where they are equal, and come back */

static void
test_random_names(void **state)
{
    u_char              buf[2][64];
    size_t              i;
    arena_t             arena;
    unsigned            n, seed;
    itinerary_str_t     raw[2], part[2], back[2], name;
    itinerary_result_e  rc;

    (void) state;

    seed = 1;

    for (n = 0; n < 50000; n++) {
        arena_init(&arena, 0);

        for (i = 0; i < 2 * 64; i++) {
            seed = seed * 1103515245 + 12345;
            buf[i / 64][i % 64] = (seed >> 16) % ((n & 1) ? 256 : 128);
        }

        for (i = 0; i < 2; i++) {
            seed = seed * 1103515245 + 12345;
            raw[i].len = (seed >> 16) % ((n & 2) ? 65 : 4);
            raw[i].data = buf[i];
            raw[i] = text(&arena, &raw[i]);
        }

        /* noise is refused or is a name, of nothing but itself */

        rc = itinerary_booking_parts(&arena.pool, &raw[0], &back[0],
                                     &back[1]);

        if (rc == ITINERARY_OK) {
            rc = itinerary_booking_name(&arena.pool, &back[0], &back[1],
                                        &name);
            assert_int_equal(rc, ITINERARY_OK);
            check_equal(&name, &raw[0]);
        }

        if (itinerary_source(&arena.pool, &raw[0], &part[0])
            == ITINERARY_NAME_OK
            && itinerary_locator(&arena.pool, &raw[1], &part[1])
            == ITINERARY_NAME_OK)
        {
            rc = itinerary_booking_name(&arena.pool, &part[0], &part[1],
                                        &name);
            assert_int_equal(rc, ITINERARY_OK);

            rc = itinerary_booking_parts(&arena.pool, &name, &back[0],
                                         &back[1]);
            assert_int_equal(rc, ITINERARY_OK);

            check_equal(&back[0], &part[0]);
            check_equal(&back[1], &part[1]);
        }

        arena_free(&arena);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        { "a locator is trimmed, in upper case and has no space",
          test_locators, NULL, NULL, NULL },
        { "a source is trimmed, in upper case and has single spaces at most",
          test_sources, NULL, NULL, NULL },
        { "a key's component is encoded outside unreserved characters",
          test_keys, NULL, NULL, NULL },
        { "a component too large to encode is like one without memory",
          test_huge_keys, NULL, NULL, NULL },
        { "a booking's name comes apart into what it was made of",
          test_booking_names, NULL, NULL, NULL },
        { "a booking's name that is not ours is refused",
          test_foreign_names, NULL, NULL, NULL },
        { "a supplier's name is 1 to 128 printable ASCII characters",
          test_suppliers, NULL, NULL, NULL },
        { "without memory no name is made or read",
          test_no_memory, NULL, NULL, NULL },
        { "random names are refused or come back as they were",
          test_random_names, NULL, NULL, NULL }
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
