
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * A request to the sandbox and the answer to it.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_REQUEST_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_REQUEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_itinerary_sandbox_form.h"


typedef struct {
    ngx_shm_zone_t                     *shm_zone;
    ngx_http_itinerary_sandbox_form_t   form;
} ngx_http_itinerary_sandbox_loc_conf_t;


ngx_int_t ngx_http_itinerary_sandbox_handler(ngx_http_request_t *r);


extern ngx_module_t  ngx_http_itinerary_sandbox_module;


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_REQUEST_H_INCLUDED_ */
