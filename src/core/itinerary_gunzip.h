
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Inflates a gzip body (Content-Encoding gzip or x-gzip) while it streams.
 * Success is a positive fact: one member, all of it, with a trailer that
 * agrees with what was inflated, and nothing behind it.
 */


#ifndef _ITINERARY_GUNZIP_H_INCLUDED_
#define _ITINERARY_GUNZIP_H_INCLUDED_


#include "itinerary.h"


#define ITINERARY_GUNZIP_PIECE  (16 * 1024)


typedef struct itinerary_gunzip_s  itinerary_gunzip_t;

/*
 * Takes a piece of the plain body: 1 to ITINERARY_GUNZIP_PIECE bytes, which
 * are valid only while it is called.  Another result than ITINERARY_OK ends
 * the inflating.
 */

typedef itinerary_result_e (*itinerary_gunzip_pt)(void *data,
    const u_char *piece, size_t len);


/*
 * Returns NULL where memory ran out.  The handler gets at most "max" bytes in
 * all, a body that has more is refused.  What zlib allocates lives in the
 * pool, too, so there is nothing to destroy.
 */

itinerary_gunzip_t *itinerary_gunzip_create(itinerary_pool_t *pool,
    size_t max, itinerary_gunzip_pt handler, void *data);

/*
 * Reads the next bytes, of any length; they are not kept.  All that can be
 * inflated of them is with the handler when this returns.  ITINERARY_REFUSED:
 * the body is no gzip, damaged, too large, or has something behind its end.
 * After a result other than ITINERARY_OK, the handler's results included,
 * every call returns that result again.
 */

itinerary_result_e itinerary_gunzip_feed(itinerary_gunzip_t *gunzip,
    const u_char *bytes, size_t len);

/*
 * Ends the body.  What the handler was given before ITINERARY_OK is returned
 * here may be damaged, or not all.
 */

itinerary_result_e itinerary_gunzip_finish(itinerary_gunzip_t *gunzip);


#endif /* _ITINERARY_GUNZIP_H_INCLUDED_ */
