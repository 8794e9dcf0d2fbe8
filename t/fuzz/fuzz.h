
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What the fuzz targets share.  A target is one function, which a fuzzer, or
 * replay.c, calls with inputs: it makes a call of the core of each, and ends
 * the program where something that must hold of the result does not.
 */


#ifndef _FUZZ_H_INCLUDED_
#define _FUZZ_H_INCLUDED_


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "itinerary.h"


#define nelts(a)  (sizeof(a) / sizeof((a)[0]))

/* for "%.*s" */

#define fuzz_quote(s)  (int) (s)->len, (char *) (s)->data

#define fuzz_check(condition, ...)                                           \
    do {                                                                     \
        if (!(condition)) {                                                  \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);  \
            fprintf(stderr, __VA_ARGS__);                                    \
            fprintf(stderr, "\n");                                           \
            abort();                                                         \
        }                                                                    \
    } while (0)


typedef struct {
    const u_char          *p;
    const u_char          *last;
} fuzz_input_t;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* the next byte, or 0 */

static inline u_char
fuzz_byte(fuzz_input_t *in)
{
    return (in->p < in->last) ? *in->p++ : 0;
}


/* the next line, without its line feed; all that is left where there is none */

static inline itinerary_str_t
fuzz_line(fuzz_input_t *in)
{
    const u_char     *p;
    itinerary_str_t   line;

    p = in->p < in->last ? memchr(in->p, '\n', in->last - in->p) : NULL;

    line.data = (u_char *) in->p;
    line.len = (p ? p : in->last) - in->p;

    in->p = p ? p + 1 : in->last;

    return line;
}


static inline itinerary_str_t
fuzz_rest(fuzz_input_t *in)
{
    itinerary_str_t  rest;

    rest.data = (u_char *) in->p;
    rest.len = in->last - in->p;

    in->p = in->last;

    return rest;
}


/* in a block of exactly that size, so that an overread is seen */

static inline itinerary_str_t
fuzz_copy(arena_t *arena, const itinerary_str_t *src)
{
    itinerary_str_t  text;

    text.len = src->len;
    text.data = arena_alloc(arena, src->len ? src->len : 1);

    if (src->len) {
        memcpy(text.data, src->data, src->len);
    }

    return text;
}


static inline int
fuzz_is(const itinerary_str_t *text, const char *s)
{
    return text->len == strlen(s)
           && (text->len == 0 || memcmp(text->data, s, text->len) == 0);
}


/* numbers that are the same whenever the input is */

static inline uint32_t
fuzz_random(uint32_t *state, uint32_t n)
{
    *state = *state * 1664525 + 1013904223;

    return (*state >> 8) % n;
}


#endif /* _FUZZ_H_INCLUDED_ */
