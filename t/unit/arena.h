
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The pool of the unit tests.  Every allocation is a block of its own from
 * malloc(), of exactly the size that was asked for and full of garbage, so
 * that AddressSanitizer sees an overrun and a test what was left unset.
 * One allocation can be made to fail:
 *
 *     for (n = 1; n < 1000; n++) {
 *         arena_init(&arena, n);
 *         rc = itinerary_...(&arena.pool, ...);
 *         done = arena.count < n;
 *         arena_free(&arena);
 *
 *         if (done) {
 *             break;
 *         }
 *     }
 *
 * runs once for each allocation, and a last time without a failure.
 */


#ifndef _ARENA_H_INCLUDED_
#define _ARENA_H_INCLUDED_


#include <stdlib.h>
#include <string.h>

#include "itinerary.h"


typedef struct arena_block_s  arena_block_t;

struct arena_block_s {
    arena_block_t     *next;
    void              *data;
};

typedef struct {
    itinerary_pool_t   pool;     /* what the core is given */
    arena_block_t     *blocks;
    unsigned           count;    /* of allocations, failed ones included */
    unsigned           fail;     /* the allocation to fail, from 1; 0: none */
} arena_t;


static inline void *
arena_alloc(void *data, size_t size)
{
    arena_t        *arena = data;
    arena_block_t  *block;

    if (++arena->count == arena->fail) {
        return NULL;
    }

    block = malloc(sizeof(arena_block_t));
    if (block == NULL) {
        abort();
    }

    block->data = malloc(size);
    if (block->data == NULL) {
        abort();
    }

    memset(block->data, 0xa5, size);

    block->next = arena->blocks;
    arena->blocks = block;

    return block->data;
}


static inline void
arena_init(arena_t *arena, unsigned fail)
{
    arena->pool.alloc = arena_alloc;
    arena->pool.data = arena;
    arena->blocks = NULL;
    arena->count = 0;
    arena->fail = fail;
}


static inline void
arena_free(arena_t *arena)
{
    arena_block_t  *block, *next;

    for (block = arena->blocks; block; block = next) {
        next = block->next;
        free(block->data);
        free(block);
    }

    arena->blocks = NULL;
}


#endif /* _ARENA_H_INCLUDED_ */
