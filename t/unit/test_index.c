
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
#include "itinerary_index.h"


#define nelts(a)  (sizeof(a) / sizeof((a)[0]))


/* the text stands somewhere in an element */

typedef struct {
    int              before;
    itinerary_str_t  text;
    int              after;
} element_t;


static itinerary_str_t
str(const char *s)
{
    itinerary_str_t  text;

    text.len = strlen(s);
    text.data = (u_char *) s;

    return text;
}


static void
test_find(void **state)
{
    size_t              i, n;
    arena_t             arena;
    unsigned            k;
    element_t          *elements;
    itinerary_str_t     text;
    itinerary_index_t   index;

    static const char  *texts[] = {
        "a", "b", "a", "", "ab", "a", "A", "b", "", "c"
    };

    static const struct {
        const char  *text;
        unsigned     found[4];

    } t[] = {
        { "a",  { 0, 2, 5, ITINERARY_INDEX_NONE } },
        { "b",  { 1, 7, ITINERARY_INDEX_NONE, 0 } },
        { "",   { 3, 8, ITINERARY_INDEX_NONE, 0 } },
        { "ab", { 4, ITINERARY_INDEX_NONE, 0, 0 } },
        { "A",  { 6, ITINERARY_INDEX_NONE, 0, 0 } },
        { "c",  { 9, ITINERARY_INDEX_NONE, 0, 0 } },
        { "d",  { ITINERARY_INDEX_NONE, 0, 0, 0 } },
        { "ba", { ITINERARY_INDEX_NONE, 0, 0, 0 } }
    };

    (void) state;

    /* of all, and of ever fewer */

    for (n = nelts(texts); n > 0; n--) {
        arena_init(&arena, 0);

        elements = arena_alloc(&arena, n * sizeof(element_t));

        for (i = 0; i < n; i++) {
            elements[i].text = str(texts[i]);
        }

        assert_int_equal(itinerary_index(&arena.pool, &index,
                                         &elements[0].text, sizeof(element_t),
                                         n),
                         ITINERARY_OK);

        for (i = 0; i < nelts(t); i++) {
            text = str(t[i].text);

            for (k = 0; t[i].found[k] < n; k++) {
                assert_int_equal(k ? itinerary_index_next(&index,
                                                          t[i].found[k - 1])
                                   : itinerary_index_first(&index, &text),
                                 t[i].found[k]);
            }

            assert_int_equal(k ? itinerary_index_next(&index,
                                                      t[i].found[k - 1])
                               : itinerary_index_first(&index, &text),
                             ITINERARY_INDEX_NONE);
        }

        arena_free(&arena);
    }
}


static void
test_many(void **state)
{
    char               *names;
    arena_t             arena;
    unsigned            i;
    itinerary_str_t    *texts;
    itinerary_index_t   index;

    (void) state;

    arena_init(&arena, 0);

    texts = arena_alloc(&arena, 5000 * sizeof(itinerary_str_t));
    names = arena_alloc(&arena, 5000 * 8);

    for (i = 0; i < 5000; i++) {
        (void) sprintf(names + 8 * i, "N%u", i / 2);
        texts[i] = str(names + 8 * i);
    }

    assert_int_equal(itinerary_index(&arena.pool, &index, texts,
                                     sizeof(itinerary_str_t), 5000),
                     ITINERARY_OK);

    for (i = 0; i < 5000; i += 2) {
        assert_int_equal(itinerary_index_first(&index, &texts[i]), i);
        assert_int_equal(itinerary_index_next(&index, i), i + 1);
        assert_int_equal(itinerary_index_next(&index, i + 1),
                         ITINERARY_INDEX_NONE);
    }

    arena_free(&arena);
}


static void
test_nothing(void **state)
{
    arena_t            arena;
    itinerary_str_t    text;
    itinerary_index_t  index;

    (void) state;

    text = str("");

    arena_init(&arena, 1);

    memset(&index, 0xa5, sizeof(itinerary_index_t));

    assert_int_equal(itinerary_index(&arena.pool, &index, NULL, 16, 0),
                     ITINERARY_OK);
    assert_int_equal(itinerary_index_first(&index, &text),
                     ITINERARY_INDEX_NONE);

    memset(&index, 0xa5, sizeof(itinerary_index_t));

    assert_int_equal(itinerary_index(&arena.pool, &index, &text,
                                     sizeof(itinerary_str_t), 1),
                     ITINERARY_NOMEM);
    assert_int_equal(itinerary_index_first(&index, &text),
                     ITINERARY_INDEX_NONE);

    arena_free(&arena);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        { "all elements of a text are found, in their order",
          test_find, NULL, NULL, NULL },
        { "among many",
          test_many, NULL, NULL, NULL },
        { "nothing is found in nothing, or without memory",
          test_nothing, NULL, NULL, NULL }
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
