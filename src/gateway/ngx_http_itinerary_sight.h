
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * A sight: what a known supplier is shown of a trip by a GET of its details.
 * The registry is told, so that an update may send it back unchanged.  The
 * trip's "rev" is looked up before the request is forwarded, since the answer
 * shows at least what was written until then; nothing of the answer waits for
 * anything.  Whatever goes wrong, the supplier is shown the trip all the same,
 * and the registry learns nothing.
 */


#ifndef _NGX_HTTP_ITINERARY_SIGHT_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SIGHT_H_INCLUDED_


#include "ngx_http_itinerary_transaction.h"


typedef struct ngx_http_itinerary_sight_s  ngx_http_itinerary_sight_t;


/*
 * Begins a sight where the request is such a GET: NULL, if it is not, or if
 * it cannot be told who asks.  "authorization" is that header, or NULL.
 * "wake" is called once, from the event loop, when the look-up has ended.
 */

ngx_http_itinerary_sight_t *ngx_http_itinerary_sight_create(
    ngx_http_request_t *r, ngx_http_itinerary_loc_conf_t *ilcf,
    itinerary_str_t *trip, ngx_str_t *authorization,
    void (*wake)(ngx_http_request_t *r));

/* whether the look-up is still to be waited for */

ngx_uint_t ngx_http_itinerary_sight_is_waiting(
    ngx_http_itinerary_sight_t *sight);

/* the answer: its header, and pieces of its body, which stay as they are */

void ngx_http_itinerary_sight_header(ngx_http_request_t *r,
    ngx_http_itinerary_sight_t *sight);
void ngx_http_itinerary_sight_body(ngx_http_itinerary_sight_t *sight,
    ngx_chain_t *in);

/* the request is gone; the sight frees itself when Redis has been told */

void ngx_http_itinerary_sight_leave(ngx_http_itinerary_sight_t *sight);


#endif /* _NGX_HTTP_ITINERARY_SIGHT_H_INCLUDED_ */
