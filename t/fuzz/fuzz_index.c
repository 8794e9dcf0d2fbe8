
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The index of texts, against a search from the first to the last.
 *
 * The input is the texts, a line each.
 */


#include "fuzz.h"
#include "itinerary_index.h"


#define TEXTS_MAX  64


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena_t             arena;
    unsigned            i, k, n, found;
    fuzz_input_t        in;
    itinerary_str_t    *texts, text;
    itinerary_index_t   index;

    in.p = data;
    in.last = data + size;

    arena_init(&arena, 0);

    texts = arena_alloc(&arena, TEXTS_MAX * sizeof(itinerary_str_t));

    for (n = 0; n < TEXTS_MAX && in.p < in.last; n++) {
        text = fuzz_line(&in);
        texts[n] = fuzz_copy(&arena, &text);
    }

    memset(&index, 0, sizeof(itinerary_index_t));

    /* the second half may be in it, or not */

    if (n) {
        fuzz_check(itinerary_index(&arena.pool, &index, texts,
                                   sizeof(itinerary_str_t), (n + 1) / 2)
                   == ITINERARY_OK, "no memory");
    }

    for (i = 0; i < n; i++) {

        found = itinerary_index_first(&index, &texts[i]);

        for (k = 0; k < (n + 1) / 2; k++) {

            if (!itinerary_equal(&texts[k], &texts[i])) {
                continue;
            }

            fuzz_check(found == k, "%u, not %u", found, k);
            found = itinerary_index_next(&index, k);
        }

        fuzz_check(found == ITINERARY_INDEX_NONE, "%u", found);
    }

    arena_free(&arena);

    return 0;
}
