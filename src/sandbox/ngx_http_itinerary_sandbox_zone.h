
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What a sandbox keeps in shared memory: trips, and the bookings that were
 * ever posted.  All workers see it, and a reload leaves it as it is.  Whoever
 * looks at it holds the mutex of the slab pool.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_ZONE_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_ZONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_itinerary_sandbox_name.h"
#include "ngx_http_itinerary_sandbox_dates.h"


typedef struct ngx_http_itinerary_sandbox_trip_s
    ngx_http_itinerary_sandbox_trip_t;


/*
 * A booking is remembered forever, because who posted it first remains its
 * poster.  The trip is the one that it was last posted to, NULL if it has
 * gone from there.
 */

typedef struct {
    ngx_http_itinerary_sandbox_name_t    name;
    ngx_queue_t                          queue;
    ngx_http_itinerary_sandbox_trip_t   *trip;
    ngx_http_itinerary_sandbox_digest_t  poster;
    ngx_uint_t                           kind;    /* 0: it never had one */
} ngx_http_itinerary_sandbox_booking_t;


/*
 * The document is kept as it was posted and completed, without the trip's
 * ids.  The summary's fields stand in front of it in the same memory.
 */

struct ngx_http_itinerary_sandbox_trip_s {
    ngx_rbtree_node_t                    node;
    ngx_queue_t                          queue;
    ngx_queue_t                          bookings;

    uint64_t                             number;
    ngx_http_itinerary_sandbox_digest_t  creator;
    ngx_str_t                            user;
    u_char                               booked
                                     [NGX_HTTP_ITINERARY_SANDBOX_DATE_LEN + 1];

    /* what a post replaces */

    int64_t                              start;    /* 0: none */
    int64_t                              end;
    ngx_str_t                            summary;
    ngx_str_t                            document;

    unsigned                             cancelled:1;
};


typedef struct {
    ngx_rbtree_t                         trips;
    ngx_rbtree_node_t                    trips_sentinel;
    ngx_rbtree_t                         bookings;
    ngx_rbtree_node_t                    bookings_sentinel;
    ngx_queue_t                          queue;    /* trips, oldest first */
    uint64_t                             last;     /* number of a trip */
} ngx_http_itinerary_sandbox_shctx_t;


typedef struct {
    ngx_http_itinerary_sandbox_shctx_t  *sh;
    ngx_slab_pool_t                     *shpool;
    ngx_str_t                            name;
} ngx_http_itinerary_sandbox_zone_t;


/* a booking of a document that is to be stored */

typedef struct {
    ngx_http_itinerary_sandbox_digest_t    digest;
    ngx_http_itinerary_sandbox_booking_t  *booking;
    ngx_uint_t                             kind;
    unsigned                               fresh:1;
} ngx_http_itinerary_sandbox_posted_t;


/*
 * Adds a zone to the configuration, or finds the one that another location has
 * added by that name and with that size.  By its name a reload finds the trips
 * again.  Where "name" is empty it is the location's own, and named after it:
 * "itinerary_sandbox:<location>", with "#2" and so on where the configuration
 * has more sandboxes in locations of the same name.
 */

ngx_shm_zone_t *ngx_http_itinerary_sandbox_zone_add(ngx_conf_t *cf,
    ngx_str_t *name, ngx_str_t *location, size_t size, void *tag);

/* the trip that has that id as one of its two, or NULL */

ngx_http_itinerary_sandbox_trip_t *ngx_http_itinerary_sandbox_zone_trip(
    ngx_http_itinerary_sandbox_zone_t *zone, ngx_str_t *id);

/*
 * Stores "next" as the new state of "*trip", or as a new trip where that is
 * NULL, with the bookings "posted", an array of posted_t of which digests and
 * kinds are set.  "next" may lie anywhere, what it points to is copied.
 * Everything is allocated before anything is changed: NGX_ERROR means that the
 * zone is full, which is logged, and as it was.
 */

ngx_int_t ngx_http_itinerary_sandbox_zone_store(
    ngx_http_itinerary_sandbox_zone_t *zone,
    ngx_http_itinerary_sandbox_trip_t **trip,
    ngx_http_itinerary_sandbox_trip_t *next, ngx_array_t *posted,
    ngx_http_itinerary_sandbox_digest_t *poster, ngx_log_t *log);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_ZONE_H_INCLUDED_ */
