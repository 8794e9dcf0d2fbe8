
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What a reader has made of a document, as the unit tests compare it.
 */


#ifndef _READER_H_INCLUDED_
#define _READER_H_INCLUDED_


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "itinerary_reader.h"


/* what became of the document, in one line; static: until the next call */

static inline const char *
reader_show(itinerary_reader_t *reader)
{
    char                   *p;
    unsigned                i;
    itinerary_detail_t     *detail;
    itinerary_document_t   *document;
    itinerary_violation_t  *v;
    static char             buf[65536];

    p = buf;
    document = itinerary_reader_document(reader);
    detail = itinerary_reader_error(reader)->details;

    if (document == NULL) {

        for ( /* void */ ; detail; detail = detail->next) {
            p += sprintf(p, "%u %s: %s; ", detail->line, detail->path,
                         detail->text);
        }

        p[p > buf ? -2 : 0] = '\0';
        return buf;
    }

    assert_null(detail);

    for (v = document->violations; v; v = v->next) {
        p += sprintf(p, "%u %u %s: %s; ", v->booking, v->line, v->path,
                     v->text);
    }

    *p = '\0';

    if (document->nviolations) {
        p += sprintf(p, "%u in", document->nviolations);

        for (i = 0; i < document->nbookings; i++) {
            p += sprintf(p, " %u", document->bookings[i].nviolations);
        }
    }

    return buf;
}


#endif /* _READER_H_INCLUDED_ */
