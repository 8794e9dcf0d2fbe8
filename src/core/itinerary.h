
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The words of the core: text, memory, results, and the reasons for which
 * a request is refused.  The core knows neither nginx nor Redis; it has no
 * clock, no I/O and no globals.
 */


#ifndef _ITINERARY_H_INCLUDED_
#define _ITINERARY_H_INCLUDED_


#include <stddef.h>
#include <sys/types.h>


/* text is pointer and length; the layout is that of ngx_str_t */

typedef struct {
    size_t                 len;
    u_char                *data;
} itinerary_str_t;

#define itinerary_string(s)  { sizeof(s) - 1, (u_char *) s }


/*
 * The hook through which the core allocates.  "alloc" returns "size" bytes
 * aligned for any type, or NULL.  The core never frees what it got here: the
 * caller throws the whole away (a pool of nginx, an arena of a test).
 */

typedef void *(*itinerary_alloc_pt)(void *data, size_t size);

typedef struct {
    itinerary_alloc_pt     alloc;
    void                  *data;
} itinerary_pool_t;


typedef enum {
    ITINERARY_OK = 0,
    ITINERARY_REFUSED,     /* the error record says why */
    ITINERARY_NOMEM        /* an allocation failed; nothing was decided */
} itinerary_result_e;


/* the reasons of a refusal; the answers and the audit trail show their code */

typedef enum {
    ITINERARY_REASON_NONE = 0,
    ITINERARY_MALFORMED_BODY,
    ITINERARY_DOCTYPE_FORBIDDEN,
    ITINERARY_AMBIGUOUS_PATH,
    ITINERARY_AMBIGUOUS_HEADER,
    ITINERARY_AMBIGUOUS_QUERY,
    ITINERARY_AMBIGUOUS_BODY,
    ITINERARY_BAD_TRIP_ID,
    ITINERARY_UNEXPECTED_BODY,
    ITINERARY_METHOD_OVERRIDE,
    ITINERARY_UNKNOWN_SUPPLIER,
    ITINERARY_TRIP_NOT_OWNED,
    ITINERARY_BOOKING_NOT_OWNED,
    ITINERARY_BOOKING_SOURCE_NOT_OWNED,
    ITINERARY_UNKNOWN_OPERATION,
    ITINERARY_METHOD_NOT_ALLOWED,
    ITINERARY_STALE_VIEW,
    ITINERARY_TRIP_BUSY,
    ITINERARY_BODY_TOO_LARGE,
    ITINERARY_UNSUPPORTED_MEDIA_TYPE,
    ITINERARY_UNSUPPORTED_ENCODING,
    ITINERARY_INVALID_DOCUMENT,
    ITINERARY_REGISTRY_UNAVAILABLE,
    ITINERARY_AUDIT_UNAVAILABLE,
    ITINERARY_REASON_MAX
} itinerary_reason_e;

typedef struct {
    unsigned               status;    /* HTTP status of the answer */
    itinerary_str_t        code;      /* as in the answer and the audit trail */
    itinerary_str_t        message;   /* one sentence for the client */
} itinerary_reason_t;


/*
 * One place where something is wrong.  "path" names the element, as
 * "/Itinerary/Bookings/Booking[2]", or is empty; "line" is 0 where there
 * is none.  All text is printable ASCII; what a document said is cut.
 */

#define ITINERARY_PATH_MAX     192
#define ITINERARY_TEXT_MAX     192
#define ITINERARY_DETAILS_MAX  64

typedef struct itinerary_detail_s  itinerary_detail_t;

struct itinerary_detail_s {
    itinerary_detail_t    *next;
    unsigned               line;
    char                   path[ITINERARY_PATH_MAX];
    char                   text[ITINERARY_TEXT_MAX];
};

/* all zero: nothing is wrong */

typedef struct {
    itinerary_reason_e     reason;
    unsigned               ndetails;  /* at most ITINERARY_DETAILS_MAX */
    itinerary_detail_t    *details;   /* in the order they were found */
    itinerary_detail_t    *last;
} itinerary_error_t;


/* the row of a reason; never NULL, "reason" out of range is NONE */

const itinerary_reason_t *itinerary_reason(itinerary_reason_e reason);

/*
 * Records a detail and, where "error" has no reason yet, the reason.  "path"
 * and "format" as for snprintf(); bytes outside printable ASCII become '?'.
 * What does not fit is cut; details beyond the limit and those for which no
 * memory is left are dropped, the reason never is.  Returns
 * ITINERARY_REFUSED, so that "return itinerary_refuse(...)" reads well.
 */

itinerary_result_e itinerary_refuse(itinerary_pool_t *pool,
    itinerary_error_t *error, itinerary_reason_e reason, unsigned line,
    const char *path, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* makes bytes outside printable ASCII '?' */

void itinerary_printable(char *text);

/* copies to the pool; a copy is NUL-terminated beyond its length */

itinerary_result_e itinerary_copy(itinerary_pool_t *pool,
    itinerary_str_t *dst, const u_char *data, size_t len);

int itinerary_equal(const itinerary_str_t *a, const itinerary_str_t *b);


#endif /* _ITINERARY_H_INCLUDED_ */
