
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Documents for the fuzz targets: how one is read, and what was made of it,
 * in words that can be compared.
 */


#ifndef _DOCUMENT_H_INCLUDED_
#define _DOCUMENT_H_INCLUDED_


#include "fuzz.h"
#include "itinerary_reader.h"

#include <libxml/parser.h>
#include <libxml/tree.h>


#define DOCUMENT_BOOKINGS  8    /* at most, in one */

typedef struct {
    arena_t                arena;
    itinerary_reader_t    *reader;
    itinerary_result_e     result;
    itinerary_document_t  *document;    /* NULL where it was refused */
} document_t;


static void
document_silent(void *data, const char *format, ...)
{
    (void) data;
    (void) format;
}


/* "seed" says how it is cut into pieces; 0: not at all */

static inline void
document_read(document_t *d, const itinerary_reader_conf_t *conf,
    const itinerary_str_t *text, uint32_t seed)
{
    size_t               i, n;
    arena_t              pieces;
    itinerary_str_t      piece;
    itinerary_result_e   rc;

    static const uint32_t  sizes[] = { 1, 4, 64, 1500, 5000 };

    arena_init(&d->arena, 0);
    arena_init(&pieces, 0);

    xmlSetGenericErrorFunc(NULL, document_silent);

    d->reader = itinerary_reader_create(&d->arena.pool, conf);
    fuzz_check(d->reader, "no reader");

    for (i = 0; i < text->len; i += n) {

        n = seed ? 1 + fuzz_random(&seed, sizes[fuzz_random(&seed,
                                                            nelts(sizes))])
                 : text->len;

        if (n > text->len - i) {
            n = text->len - i;
        }

        piece.data = text->data + i;
        piece.len = n;
        piece = fuzz_copy(&pieces, &piece);

        rc = itinerary_reader_feed(d->reader, piece.data, piece.len);
        arena_free(&pieces);

        if (rc != ITINERARY_OK) {
            break;
        }
    }

    d->result = itinerary_reader_finish(d->reader);
    d->document = itinerary_reader_document(d->reader);

    fuzz_check(d->result != ITINERARY_NOMEM, "no memory");
    fuzz_check((d->document != NULL) == (d->result == ITINERARY_OK), "%d",
               d->result);
    fuzz_check((d->result == ITINERARY_REFUSED)
               == (itinerary_reader_error(d->reader)->reason
                   != ITINERARY_REASON_NONE), "%d", d->result);
}


static inline void
document_free(document_t *d)
{
    itinerary_reader_destroy(d->reader);
    arena_free(&d->arena);
}


static inline void
document_show_booking(FILE *out, const itinerary_booking_t *booking)
{
    const itinerary_confirmation_t  *cn;

    fprintf(out, "booking %.*s = %.*s, %.*s: line %u, %u segments, "
            "%u violations, %.*s\n", fuzz_quote(&booking->name),
            fuzz_quote(&booking->source), fuzz_quote(&booking->locator),
            booking->line, booking->segments, booking->nviolations,
            fuzz_quote(&booking->digest));

    for (cn = booking->confirmations; cn; cn = cn->next) {
        fprintf(out, "number %.*s\n", fuzz_quote(&cn->number));
    }
}


/*
 * Whether it was refused by the guard or by libxml2.  How far libxml2 has come
 * when the guard refuses depends on the pieces that it gets: so it does which
 * of them is the first to refuse, and where.
 */

static inline int
document_is_broken(const document_t *d)
{
    switch (itinerary_reader_error(d->reader)->reason) {

    case ITINERARY_MALFORMED_BODY:
    case ITINERARY_DOCTYPE_FORBIDDEN:
    case ITINERARY_BODY_TOO_LARGE:
    case ITINERARY_UNSUPPORTED_ENCODING:
        return 1;

    default:
        return 0;
    }
}


/* all that was made of it; to be freed */

static inline char *
document_show(const document_t *d)
{
    FILE                          *out;
    char                          *text;
    size_t                         size;
    unsigned                       i;
    const itinerary_error_t       *error;
    const itinerary_detail_t      *detail;
    const itinerary_document_t    *document;
    const itinerary_violation_t   *v;

    out = open_memstream(&text, &size);
    fuzz_check(out, "no memory");

    document = d->document;
    error = itinerary_reader_error(d->reader);

    fprintf(out, "%d, %s\n", d->result,
            (char *) itinerary_reason(error->reason)->code.data);

    for (detail = error->details; detail; detail = detail->next) {
        fprintf(out, "%u %s: %s\n", detail->line, detail->path, detail->text);
    }

    if (document) {
        fprintf(out, "root %u, %u violations, digest %.*s, id %.*s, %.*s, "
                "%.*s, name %.*s, status %.*s, %.*s to %.*s\n",
                document->root, document->nviolations,
                fuzz_quote(&document->digest), fuzz_quote(&document->id),
                fuzz_quote(&document->itin_locator),
                fuzz_quote(&document->trip_id),
                fuzz_quote(&document->trip_name),
                fuzz_quote(&document->trip_status),
                fuzz_quote(&document->start), fuzz_quote(&document->end));

        for (i = 0; i < document->nbookings; i++) {
            document_show_booking(out, &document->bookings[i]);
        }

        for (v = document->violations; v; v = v->next) {
            fprintf(out, "%u %u %s: %s\n", v->booking, v->line, v->path,
                    v->text);
        }
    }

    fclose(out);

    return text;
}


/* reads it in pieces, too, which must make no difference */

static inline void
document_check_pieces(const document_t *whole,
    const itinerary_reader_conf_t *conf, const itinerary_str_t *text,
    uint32_t seed)
{
    char        *a, *b;
    document_t   d;

    document_read(&d, conf, text, seed + 1);

    if (whole->result == ITINERARY_REFUSED && d.result == ITINERARY_REFUSED
        && (document_is_broken(whole) || document_is_broken(&d)))
    {
        document_free(&d);
        return;
    }

    a = document_show(whole);
    b = document_show(&d);

    fuzz_check(strcmp(a, b) == 0, "whole:\n%sin pieces:\n%s", a, b);

    free(a);
    free(b);

    document_free(&d);
}


/* as a program reads it that builds a tree; NULL where it does not */

static inline xmlDocPtr
document_tree(const itinerary_str_t *text)
{
    xmlSetGenericErrorFunc(NULL, document_silent);

    return xmlReadMemory((char *) text->data, (int) text->len, NULL, NULL,
                         XML_PARSE_NONET|XML_PARSE_NOERROR
                         |XML_PARSE_NOWARNING);
}


#endif /* _DOCUMENT_H_INCLUDED_ */
