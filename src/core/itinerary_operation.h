
/*
 * Copyright (C) Itinerary gateway authors
 */


#ifndef _ITINERARY_OPERATION_H_INCLUDED_
#define _ITINERARY_OPERATION_H_INCLUDED_


#include "itinerary.h"
#include "itinerary_query.h"


typedef enum {
    ITINERARY_OP_NONE = 0,
    ITINERARY_OP_READ,
    ITINERARY_OP_CREATE,
    ITINERARY_OP_UPDATE,
    ITINERARY_OP_CANCEL,
    ITINERARY_OP_BOOK,
    ITINERARY_OP_CANCEL_BOOKING
} itinerary_operation_e;

#define ITINERARY_OP_MAX  ITINERARY_OP_CANCEL_BOOKING


/* what the client asked; nothing is kept beyond the call */

typedef struct {
    itinerary_str_t        method;    /* as on the request line */
    itinerary_str_t        uri;       /* path, decoded and normalised */
    itinerary_str_t        raw;       /* path as the client wrote it, up to
                                         "?"; empty: the server rewrote it,
                                         so that "uri" is what is forwarded */
    itinerary_str_t        args;      /* all that is forwarded after the first
                                         "?", as it is forwarded: with "#" */
} itinerary_request_t;


/* what it means; all text is in the pool */

typedef struct {
    itinerary_operation_e  operation;
    itinerary_str_t        trip;          /* decoded tripId, or empty */
    itinerary_str_t        source;        /* of a CANCEL_BOOKING, canonical */
    itinerary_str_t        confirmation;  /* as a locator is */
    itinerary_str_t        on_behalf_of;  /* decoded userid_value, or empty */
} itinerary_target_t;


/*
 * Tells the operation from method, path and arguments.  ITINERARY_REFUSED
 * with the reason ambiguous_path, ambiguous_query, bad_trip_id,
 * method_override, unknown_operation or method_not_allowed; a READ is refused
 * only for method_override.  "target->operation" is set as far as it is known
 * even then, so that the audit record can name it: a CREATE is told from an
 * UPDATE once the arguments are understood, and is NONE before.
 */

itinerary_result_e itinerary_operation(itinerary_pool_t *pool,
    const itinerary_request_t *request, itinerary_target_t *target,
    itinerary_error_t *error);

/*
 * Whether a GET asks for the details of one trip, ".../trip/v<N>/<id>" or
 * ".../trip/v<N>[/]?tripId=<id>", which is then set.  ITINERARY_REFUSED: it
 * does not, or not without doubt; nothing is wrong with it for that.
 */

itinerary_result_e itinerary_details(itinerary_pool_t *pool,
    const itinerary_request_t *request, itinerary_str_t *trip);

/* whether text is a trip id: [A-Za-z0-9._~$=-]{1,128} */

int itinerary_is_trip_id(const itinerary_str_t *text);

/* "create", "update", "cancel", "book", "cancel_booking", "read" or "" */

const itinerary_str_t *itinerary_operation_name(
    itinerary_operation_e operation);


#endif /* _ITINERARY_OPERATION_H_INCLUDED_ */
