
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <stdint.h>
#include <string.h>

#include "itinerary_index.h"


#define itinerary_index_text(index, i)                                       \
    ((const itinerary_str_t *) ((index)->texts + (i) * (index)->size))


static unsigned itinerary_index_find(const itinerary_index_t *index,
    unsigned i, const itinerary_str_t *text);
static unsigned itinerary_index_hash(const itinerary_str_t *text);


itinerary_result_e
itinerary_index(itinerary_pool_t *pool, itinerary_index_t *index,
    const itinerary_str_t *text, size_t size, unsigned n)
{
    size_t     nslots;
    unsigned   i, *slot;

    memset(index, 0, sizeof(itinerary_index_t));

    if (n == 0) {
        return ITINERARY_OK;
    }

    for (nslots = 1; nslots < n; nslots *= 2) { /* void */ }

    index->slots = pool->alloc(pool->data, (nslots + n) * sizeof(unsigned));
    if (index->slots == NULL) {
        return ITINERARY_NOMEM;
    }

    index->texts = (const u_char *) text;
    index->size = size;
    index->mask = nslots - 1;
    index->next = index->slots + nslots;

    for (i = 0; i < nslots; i++) {
        index->slots[i] = ITINERARY_INDEX_NONE;
    }

    /* from the last, so that the first comes first in its chain */

    for (i = n; i-- > 0; /* void */ ) {
        slot = &index->slots[itinerary_index_hash(itinerary_index_text(index,
                                                                       i))
                             & index->mask];

        index->next[i] = *slot;
        *slot = i;
    }

    return ITINERARY_OK;
}


unsigned
itinerary_index_first(const itinerary_index_t *index,
    const itinerary_str_t *text)
{
    if (index->slots == NULL) {
        return ITINERARY_INDEX_NONE;
    }

    return itinerary_index_find(index,
                                index->slots[itinerary_index_hash(text)
                                             & index->mask],
                                text);
}


unsigned
itinerary_index_next(const itinerary_index_t *index, unsigned i)
{
    return itinerary_index_find(index, index->next[i],
                                itinerary_index_text(index, i));
}


static unsigned
itinerary_index_find(const itinerary_index_t *index, unsigned i,
    const itinerary_str_t *text)
{
    while (i != ITINERARY_INDEX_NONE
           && !itinerary_equal(itinerary_index_text(index, i), text))
    {
        i = index->next[i];
    }

    return i;
}


/*
 * FNV-1a.  Whoever posts names that meet in one chain gains the time of
 * a comparison without an index.
 */

static unsigned
itinerary_index_hash(const itinerary_str_t *text)
{
    size_t    i;
    uint32_t  hash;

    hash = 2166136261u;

    for (i = 0; i < text->len; i++) {
        hash = (hash ^ text->data[i]) * 16777619u;
    }

    return hash;
}
