
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The form of a location's answers: the ways in which the API itself is known
 * to answer differently, as parameters of the directive.  What is 0 is as in
 * the reference's examples.  Locations that share a zone may differ in form.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_FORM_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_FORM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


#define NGX_HTTP_ITINERARY_SANDBOX_FORM_HTTP       1
#define NGX_HTTP_ITINERARY_SANDBOX_FORM_HTTPS      2
#define NGX_HTTP_ITINERARY_SANDBOX_FORM_NONE       3

#define NGX_HTTP_ITINERARY_SANDBOX_FORM_WRAPPED    1
#define NGX_HTTP_ITINERARY_SANDBOX_FORM_DIRECT     2

#define NGX_HTTP_ITINERARY_SANDBOX_FORM_BOOKING    1
#define NGX_HTTP_ITINERARY_SANDBOX_FORM_SEGMENT    2

#define NGX_HTTP_ITINERARY_SANDBOX_FORM_MESSAGE    1
#define NGX_HTTP_ITINERARY_SANDBOX_FORM_EMPTY      2
#define NGX_HTTP_ITINERARY_SANDBOX_FORM_TRUNCATED  3


typedef struct {
    ngx_uint_t  opaque;      /* the id is not the ItinLocator */
    ngx_uint_t  xmlns;
    ngx_uint_t  bookings;
    ngx_uint_t  booking;     /* what the booking resource answers with */
    ngx_uint_t  renamed;     /* booking sources are shown by kind */
    ngx_uint_t  amounts;     /* shown to everybody */
    ngx_uint_t  overreach;   /* a cancel empties what others booked */
    ngx_uint_t  gzip;
    ngx_uint_t  answer;

    ngx_uint_t  given;       /* a bit for each parameter */
} ngx_http_itinerary_sandbox_form_t;


/*
 * Reads a parameter of the directive other than "zone=".  NGX_ERROR: it was
 * logged what is wrong, and what is allowed.
 */

ngx_int_t ngx_http_itinerary_sandbox_form_parse(ngx_conf_t *cf,
    ngx_str_t *value, ngx_http_itinerary_sandbox_form_t *form);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_FORM_H_INCLUDED_ */
