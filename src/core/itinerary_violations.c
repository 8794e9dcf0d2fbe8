
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <stdarg.h>
#include <stdio.h>

#include "itinerary_violations.h"


static itinerary_violation_t *itinerary_violations_cut(
    itinerary_violations_t *violations);


void
itinerary_violations_init(itinerary_violations_t *violations,
    itinerary_pool_t *pool, itinerary_document_t *document)
{
    violations->pool = pool;
    violations->document = document;
    violations->last = NULL;
    violations->stored = 0;
}


itinerary_result_e
itinerary_violate(itinerary_violations_t *violations,
    itinerary_violation_t **after, unsigned booking, unsigned line,
    const char *path, const char *format, ...)
{
    va_list                  args;
    itinerary_pool_t        *pool;
    itinerary_document_t    *document;
    itinerary_violation_t   *v, *previous, **next;

    pool = violations->pool;
    document = violations->document;
    previous = after ? *after : violations->last;

    document->nviolations++;

    if (booking) {
        document->bookings[booking - 1].nviolations++;
    }

    if (violations->stored < ITINERARY_VIOLATIONS_MAX) {

        v = pool->alloc(pool->data, sizeof(itinerary_violation_t));
        if (v == NULL) {
            return ITINERARY_NOMEM;
        }

        violations->stored++;

    } else if (previous == violations->last) {
        return ITINERARY_OK;

    } else {
        v = itinerary_violations_cut(violations);
    }

    v->booking = booking;
    v->line = line;

    (void) snprintf(v->path, sizeof(v->path), "%s", path);

    va_start(args, format);
    (void) vsnprintf(v->text, sizeof(v->text), format, args);
    va_end(args);

    itinerary_printable(v->path);
    itinerary_printable(v->text);

    next = previous ? &previous->next : &document->violations;

    v->next = *next;
    *next = v;

    if (v->next == NULL) {
        violations->last = v;
    }

    if (after) {
        *after = v;
    }

    return ITINERARY_OK;
}


itinerary_result_e
itinerary_violations_refuse(const itinerary_violations_t *violations,
    itinerary_error_t *error)
{
    unsigned                      n;
    const itinerary_violation_t  *v;

    n = violations->document->nviolations - violations->stored;

    for (v = violations->document->violations; v; v = v->next) {
        (void) itinerary_refuse(violations->pool, error,
                                ITINERARY_INVALID_DOCUMENT, v->line, v->path,
                                "%s", v->text);
    }

    if (n) {
        (void) itinerary_refuse(violations->pool, error,
                                ITINERARY_INVALID_DOCUMENT, 0, "",
                                "%u more are not listed", n);
    }

    return ITINERARY_REFUSED;
}


/* takes the last one out of the list; there is one before it */

static itinerary_violation_t *
itinerary_violations_cut(itinerary_violations_t *violations)
{
    itinerary_violation_t  *v, *last;

    last = violations->last;

    for (v = violations->document->violations; v->next != last; v = v->next) {
        /* void */
    }

    v->next = NULL;
    violations->last = v;

    return last;
}
