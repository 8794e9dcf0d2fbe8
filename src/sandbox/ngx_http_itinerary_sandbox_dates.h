
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Dates, and the days that a trip spans.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_DATES_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_DATES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>


#define NGX_HTTP_ITINERARY_SANDBOX_DATE_LEN                                   \
    (sizeof("1970-09-28T12:00:00") - 1)

/* the time of a date that has none */

#define NGX_HTTP_ITINERARY_SANDBOX_DAY_START   "0000-00-00T00:00:00"
#define NGX_HTTP_ITINERARY_SANDBOX_DAY_END     "0000-00-00T23:59:59"


/*
 * A date as a decimal number that sorts as dates do, 0 if it is none.  What
 * is missing of the time of day is taken from "complete"; fractions and zones
 * are ignored.
 */

int64_t ngx_http_itinerary_sandbox_date(ngx_str_t *text,
    const char *complete);

/* the dates of a trip, both 0 where there are none that can be read */

ngx_int_t ngx_http_itinerary_sandbox_span(ngx_pool_t *pool, xmlDocPtr doc,
    int64_t *start, int64_t *end);

/*
 * Those of a booking, from its earliest segment's start to the latest one's
 * end, also as they are written there.
 */

ngx_int_t ngx_http_itinerary_sandbox_span_booking(ngx_pool_t *pool,
    xmlNodePtr booking, int64_t *start, int64_t *end, ngx_str_t *first,
    ngx_str_t *last);

/* writes DATE_LEN bytes */

u_char *ngx_http_itinerary_sandbox_time(u_char *p, time_t sec);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_DATES_H_INCLUDED_ */
