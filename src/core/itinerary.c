
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "itinerary.h"


/* in the order of itinerary_reason_e */

static const itinerary_reason_t  itinerary_reasons[] = {

    { 0,   itinerary_string(""),
           itinerary_string("") },
    { 400, itinerary_string("malformed_body"),
           itinerary_string("The body is not one well-formed XML document.") },
    { 400, itinerary_string("doctype_forbidden"),
           itinerary_string("The body must not hold a document type or "
                            "entity declaration.") },
    { 400, itinerary_string("ambiguous_path"),
           itinerary_string("The path can be read in more than one way.") },
    { 400, itinerary_string("ambiguous_header"),
           itinerary_string("A header can be read in more than one way.") },
    { 400, itinerary_string("ambiguous_query"),
           itinerary_string("The query can be read in more than one way.") },
    { 400, itinerary_string("ambiguous_body"),
           itinerary_string("The body can be read in more than one way.") },
    { 400, itinerary_string("bad_trip_id"),
           itinerary_string("The trip id must be 1 to 128 characters of "
                            "A-Z, a-z, 0-9, \".\", \"_\", \"~\", \"$\", "
                            "\"=\" and \"-\".") },
    { 400, itinerary_string("unexpected_body"),
           itinerary_string("A cancellation has no body.") },
    { 400, itinerary_string("method_override"),
           itinerary_string("The method and the path must not be overridden "
                            "by a header or an argument.") },
    { 401, itinerary_string("unknown_supplier"),
           itinerary_string("The request does not come from a known "
                            "supplier.") },
    { 403, itinerary_string("trip_not_owned"),
           itinerary_string("The trip was not created by this supplier.") },
    { 403, itinerary_string("booking_not_owned"),
           itinerary_string("A booking was not created by this supplier.") },
    { 403, itinerary_string("booking_source_not_owned"),
           itinerary_string("A booking source does not belong to this "
                            "supplier.") },
    { 404, itinerary_string("unknown_operation"),
           itinerary_string("The path is not an operation of the itinerary "
                            "API.") },
    { 405, itinerary_string("method_not_allowed"),
           itinerary_string("Only GET, HEAD and POST are allowed.") },
    { 409, itinerary_string("stale_view"),
           itinerary_string("The trip was written to since it was shown to "
                            "this supplier.") },
    { 409, itinerary_string("trip_busy"),
           itinerary_string("Another write to the trip is under way.") },
    { 413, itinerary_string("body_too_large"),
           itinerary_string("The body is too large.") },
    { 415, itinerary_string("unsupported_media_type"),
           itinerary_string("The body must be application/xml, text/xml or "
                            "a +xml type.") },
    { 415, itinerary_string("unsupported_encoding"),
           itinerary_string("The body must be XML 1.0 in UTF-8 or US-ASCII, "
                            "without a content coding.") },
    { 422, itinerary_string("invalid_document"),
           itinerary_string("The document is not what the operation "
                            "requires.") },
    { 503, itinerary_string("registry_unavailable"),
           itinerary_string("The registry of trips and bookings cannot be "
                            "asked now.") },
    { 503, itinerary_string("audit_unavailable"),
           itinerary_string("The audit trail cannot be written now.") }
};


const itinerary_reason_t *
itinerary_reason(itinerary_reason_e reason)
{
    if ((unsigned) reason >= ITINERARY_REASON_MAX) {
        reason = ITINERARY_REASON_NONE;
    }

    return &itinerary_reasons[reason];
}


void
itinerary_printable(char *text)
{
    for ( /* void */ ; *text; text++) {
        if ((u_char) *text < 0x20 || (u_char) *text > 0x7e) {
            *text = '?';
        }
    }
}


itinerary_result_e
itinerary_refuse(itinerary_pool_t *pool, itinerary_error_t *error,
    itinerary_reason_e reason, unsigned line, const char *path,
    const char *format, ...)
{
    va_list              args;
    itinerary_detail_t  *detail;

    if (error->reason == ITINERARY_REASON_NONE) {
        error->reason = reason;
    }

    if (error->ndetails == ITINERARY_DETAILS_MAX) {
        return ITINERARY_REFUSED;
    }

    detail = pool->alloc(pool->data, sizeof(itinerary_detail_t));
    if (detail == NULL) {
        return ITINERARY_REFUSED;
    }

    detail->next = NULL;
    detail->line = line;

    (void) snprintf(detail->path, sizeof(detail->path), "%s", path);

    va_start(args, format);
    (void) vsnprintf(detail->text, sizeof(detail->text), format, args);
    va_end(args);

    itinerary_printable(detail->path);
    itinerary_printable(detail->text);

    if (error->last) {
        error->last->next = detail;

    } else {
        error->details = detail;
    }

    error->last = detail;
    error->ndetails++;

    return ITINERARY_REFUSED;
}


itinerary_result_e
itinerary_copy(itinerary_pool_t *pool, itinerary_str_t *dst,
    const u_char *data, size_t len)
{
    u_char  *p;

    p = pool->alloc(pool->data, len + 1);
    if (p == NULL) {
        return ITINERARY_NOMEM;
    }

    if (len) {
        memcpy(p, data, len);
    }

    p[len] = '\0';

    dst->data = p;
    dst->len = len;

    return ITINERARY_OK;
}


int
itinerary_equal(const itinerary_str_t *a, const itinerary_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}
