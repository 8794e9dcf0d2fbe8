
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The two ids of a trip, both made of its number: the ItinLocator, and an
 * opaque one.  The opaque ids of trips in a row differ in letter case only, so
 * that whoever ignores case is found out.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_ID_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_ID_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


#define NGX_HTTP_ITINERARY_SANDBOX_ID_LEN                                     \
    (sizeof("I2uwiJJw8r7Owbbbbbbbbbb") - 1)


/* writes up to ID_LEN bytes, and returns their end */

u_char *ngx_http_itinerary_sandbox_id(u_char *p, uint64_t number,
    ngx_uint_t opaque);

/* NGX_DECLINED: this is neither of them */

ngx_int_t ngx_http_itinerary_sandbox_id_number(ngx_str_t *id,
    uint64_t *number);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_ID_H_INCLUDED_ */
