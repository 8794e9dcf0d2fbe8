
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Who calls, and what comes back.  The resource is the URI of the trip
 * resource.  The poster is known by his "Authorization" header, of which only
 * a digest is kept.  The answer, set on success, lives in the pool.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_CALL_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_CALL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_itinerary_sandbox_form.h"
#include "ngx_http_itinerary_sandbox_name.h"
#include "ngx_http_itinerary_sandbox_zone.h"


typedef struct {
    ngx_http_itinerary_sandbox_zone_t    *zone;
    ngx_http_itinerary_sandbox_form_t    *form;
    ngx_http_itinerary_sandbox_digest_t   poster;
    ngx_str_t                             user;
    ngx_str_t                             resource;
    ngx_str_t                             answer;
    ngx_pool_t                           *pool;
    ngx_log_t                            *log;

    unsigned                              booking:1;  /* resource */
} ngx_http_itinerary_sandbox_call_t;


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_CALL_H_INCLUDED_ */
