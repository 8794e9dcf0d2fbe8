
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The streaming reader: libxml2's push parser with SAX2 handlers of our own,
 * no tree, no DTD, no entities, no network.  It reads a document as it
 * arrives and keeps only what the judgement needs.
 */


#ifndef _ITINERARY_READER_H_INCLUDED_
#define _ITINERARY_READER_H_INCLUDED_


#include "itinerary.h"


typedef enum {
    ITINERARY_READ_POST = 0,   /* a supplier's: what could be read in two ways
                                  is refused */
    ITINERARY_READ_ANSWER      /* the API's: read as it occurs */
} itinerary_reading_e;

typedef enum {
    ITINERARY_CHARSET_NONE = 0,
    ITINERARY_CHARSET_UTF_8,
    ITINERARY_CHARSET_US_ASCII
} itinerary_charset_e;

typedef struct {
    itinerary_reading_e    reading;
    itinerary_charset_e    charset;       /* of the Content-Type */
    unsigned               max_bookings;  /* more: body_too_large */
} itinerary_reader_conf_t;


/* limits that hold before libxml2 sees a byte: more is body_too_large */

#define ITINERARY_TAG_MAX         (16 * 1024)   /* bytes in a start tag */
#define ITINERARY_ATTRIBUTES_MAX  64            /* in a start tag */
#define ITINERARY_DEPTH_MAX       64


typedef struct {
    itinerary_str_t        source;    /* canonical, see itinerary_name.h */
    itinerary_str_t        locator;
    itinerary_str_t        name;      /* as in keys; empty in an answer whose
                                         booking has no usable name */
    unsigned               line;      /* of the start tag */
    unsigned               segments;  /* elements in Segments */
} itinerary_booking_t;

/* text of the trip is as written, trimmed of white space; empty: absent */

typedef struct {
    itinerary_str_t        id;            /* in an answer: last segment of the
                                             URI, as in a post */
    itinerary_str_t        itin_locator;
    itinerary_str_t        trip_id;
    itinerary_str_t        trip_name;     /* cut at 255 bytes */
    itinerary_str_t        trip_status;   /* cut at 255 bytes */
    itinerary_str_t        start;         /* StartDateLocal */
    itinerary_str_t        end;           /* EndDateLocal */
    unsigned               nbookings;
    itinerary_booking_t   *bookings;      /* in the order of the document */
} itinerary_document_t;


typedef struct itinerary_reader_s  itinerary_reader_t;


/*
 * Returns NULL where memory ran out.  The reader and all it returns live in
 * the pool; what libxml2 allocates is freed by itinerary_reader_destroy(),
 * which may be called at any time, once.
 */

itinerary_reader_t *itinerary_reader_create(itinerary_pool_t *pool,
    const itinerary_reader_conf_t *conf);
void itinerary_reader_destroy(itinerary_reader_t *reader);

/*
 * Reads the next piece, of any length; the bytes are not kept.  After a
 * result other than ITINERARY_OK every call returns that result again.
 * Reasons: malformed_body, doctype_forbidden, ambiguous_body, body_too_large,
 * unsupported_encoding, invalid_document (a root other than Itinerary, or a
 * booking without a usable RecordLocator or BookingSource; the latter are
 * collected and refused by itinerary_reader_finish()).
 */

itinerary_result_e itinerary_reader_feed(itinerary_reader_t *reader,
    const u_char *data, size_t len);

/*
 * Ends the document.  ITINERARY_OK is a positive fact: every byte was parsed,
 * the document is well-formed and namespace-well-formed, its root is closed.
 */

itinerary_result_e itinerary_reader_finish(itinerary_reader_t *reader);

/* valid after itinerary_reader_finish() returned ITINERARY_OK; else NULL */

itinerary_document_t *itinerary_reader_document(itinerary_reader_t *reader);

/* never NULL */

itinerary_error_t *itinerary_reader_error(itinerary_reader_t *reader);


#endif /* _ITINERARY_READER_H_INCLUDED_ */
