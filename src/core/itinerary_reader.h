
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
#include "itinerary_schema.h"


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

/* the roots that a document may have */

#define ITINERARY_ROOT_ITINERARY  0x01
#define ITINERARY_ROOT_BOOKING    0x02
#define ITINERARY_ROOT_SEGMENT    0x04    /* Air, Car, Hotel and so on; the
                                             answer of the booking resource */

typedef struct {
    itinerary_reading_e          reading;
    itinerary_charset_e          charset;       /* of the Content-Type */
    unsigned                     roots;         /* others: invalid_document */
    unsigned                     max_bookings;  /* more: body_too_large */
    const itinerary_schema_t    *schema;        /* NULL: none; borrowed, must
                                                   outlive the reader */
    unsigned                     digests:1;     /* are wanted */
    unsigned                     validate:1;    /* by the reference's rules */
} itinerary_reader_conf_t;


/* limits that hold before libxml2 sees a byte: more is body_too_large */

#define ITINERARY_TAG_MAX         (16 * 1024)   /* bytes in a start tag */
#define ITINERARY_ATTRIBUTES_MAX  64            /* in a start tag */
#define ITINERARY_DEPTH_MAX       64

/*
 * Different names in a document, of elements, attributes, prefixes and
 * namespaces: libxml2 keeps them all, and its time is quadratic in them.  More
 * is body_too_large.
 */

#define ITINERARY_NAMES_MAX       (16 * 1024)


/* a confirmation number of a segment, in canonical form as a locator is */

typedef struct itinerary_confirmation_s  itinerary_confirmation_t;

struct itinerary_confirmation_s {
    itinerary_confirmation_t  *next;
    itinerary_str_t            number;
};

typedef struct {
    itinerary_str_t            source;    /* canonical, see itinerary_name.h */
    itinerary_str_t            locator;
    itinerary_str_t            name;      /* as in keys; empty in an answer
                                             whose booking has no usable
                                             name */
    itinerary_str_t            digest;    /* see itinerary_digest.h; empty
                                             where it cannot be told */
    itinerary_confirmation_t  *confirmations;   /* those that are usable */
    unsigned                   line;      /* of the start tag */
    unsigned                   segments;  /* elements in Segments */
    unsigned                   nviolations;
} itinerary_booking_t;

/* where the document breaks a rule of the reference or of the schema */

typedef struct itinerary_violation_s  itinerary_violation_t;

struct itinerary_violation_s {
    itinerary_violation_t  *next;
    unsigned                booking;  /* in which it is, from 1; 0: none */
    unsigned                line;
    char                    path[ITINERARY_PATH_MAX];
    char                    text[ITINERARY_TEXT_MAX];
};

/* text of the trip is as written, trimmed of white space; empty: absent */

typedef struct {
    unsigned               root;          /* ITINERARY_ROOT_* */
    itinerary_str_t        digest;        /* of all outside the bookings and
                                             the ids; empty as above */
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
    unsigned               nviolations;   /* of a post, those in bookings
                                             included; more than
                                             ITINERARY_VIOLATIONS_MAX are only
                                             counted */
    itinerary_violation_t *violations;    /* in the order of the document */
} itinerary_document_t;

/* the last detail of a refusal tells how many more there are */

#define ITINERARY_VIOLATIONS_MAX  (ITINERARY_DETAILS_MAX - 1)


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
 * unsupported_encoding, invalid_document (a root that is not one of "roots",
 * or what the judgement needs and cannot have, as a booking without a usable
 * RecordLocator or BookingSource; the latter are collected and refused by
 * itinerary_reader_finish()).
 */

itinerary_result_e itinerary_reader_feed(itinerary_reader_t *reader,
    const u_char *data, size_t len);

/*
 * Ends the document.  ITINERARY_OK is a positive fact: every byte was parsed,
 * the document is well-formed and namespace-well-formed, its root is closed,
 * and each violation of the rules and of the schema is in the document.  Where
 * it refuses violations, the details list all of them.
 */

itinerary_result_e itinerary_reader_finish(itinerary_reader_t *reader);

/* valid after itinerary_reader_finish() returned ITINERARY_OK; else NULL */

itinerary_document_t *itinerary_reader_document(itinerary_reader_t *reader);

/* never NULL */

itinerary_error_t *itinerary_reader_error(itinerary_reader_t *reader);


#endif /* _ITINERARY_READER_H_INCLUDED_ */
