
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The query: the arguments that decide what a write touches, and what would
 * override its method or path.  Servers differ in how they take a query
 * apart; what two of them could read in two ways is refused.
 */


#ifndef _ITINERARY_QUERY_H_INCLUDED_
#define _ITINERARY_QUERY_H_INCLUDED_


#include "itinerary.h"


/* the guarded arguments */

typedef enum {
    ITINERARY_ARG_TRIP = 0,       /* tripId */
    ITINERARY_ARG_SOURCE,         /* bookingSource */
    ITINERARY_ARG_CONFIRMATION,   /* confirmationNumber */
    ITINERARY_ARG_USER_TYPE,      /* userid_type */
    ITINERARY_ARG_USER,           /* userid_value */
    ITINERARY_ARG_NONE
} itinerary_arg_e;


/*
 * Reads the arguments of a write.  "values", of ITINERARY_ARG_NONE elements,
 * is set to the decoded values, in the pool; one that was not given is empty.
 * ITINERARY_REFUSED with the reason ambiguous_query: a guarded argument is
 * given once, with a value and by a name that nobody reads otherwise.  Any
 * other argument passes, if its name is ASCII, is well encoded and resembles
 * no guarded one.  Whether a trip id is one is not looked at.
 */

itinerary_result_e itinerary_query(itinerary_pool_t *pool,
    const itinerary_str_t *args, itinerary_str_t *values,
    itinerary_error_t *error);

/*
 * ITINERARY_REFUSED with the reason method_override where an argument, in any
 * reading of its name, would override method or path.
 */

itinerary_result_e itinerary_query_override(itinerary_pool_t *pool,
    const itinerary_str_t *args, itinerary_error_t *error);

/*
 * Whether a request header of that name would override method or path;
 * only its letters and digits count, so that "_" is like "-".
 */

int itinerary_is_override(const itinerary_str_t *header);

/*
 * Whether CGI, and what is made after it, takes a request header of that name
 * for another one that says who sends a request or how it is to be read: in
 * its variables "_" and "-" are the same.
 */

int itinerary_is_disguised(const itinerary_str_t *header);

/*
 * Whether a Cookie header has a cookie that resembles a guarded argument or
 * an override: where there is no such argument, some servers take the cookie.
 */

int itinerary_is_cookie_argument(const itinerary_str_t *cookies);


#endif /* _ITINERARY_QUERY_H_INCLUDED_ */
