
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The sandbox makes a location be the documented trip and booking resources,
 * so that the gateway can be tried, and a supplier's client written, without
 * the API.  On purpose it guards nothing: whatever reaches it, happens.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_itinerary_sandbox_form.h"
#include "ngx_http_itinerary_sandbox_zone.h"
#include "ngx_http_itinerary_sandbox_request.h"


#define NGX_HTTP_ITINERARY_SANDBOX_PAGES  8


static void *ngx_http_itinerary_sandbox_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_itinerary_sandbox_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_http_itinerary_sandbox(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_itinerary_sandbox_commands[] = {

    /*
     * Syntax:   itinerary_sandbox <zone size> [zone=name] [parameters];
     * Default:  none
     * Context:  location
     *
     * The location becomes the trip and the booking resource of the itinerary
     * API.  Any prefix does ("/api/", "/api/travel/trip/v1.1"): the operation
     * is told from the path's last segments, "trip/v<N>" or "booking/v<N>" and
     * what follows.
     *
     *     location /api/travel/ {
     *         itinerary_sandbox 1m;
     *     }
     *
     * The trips live in a shared memory zone of that size, at least 8 pages
     * (32k where a page has 4k).  It is the location's own, and named after
     * it; locations with the same "zone=name", which then have the same size,
     * share their trips.  The zone survives a reload, and is emptied by a
     * restart or by another size; a megabyte holds some 200 trips as large as
     * the reference's example.  A full zone answers 507, and says so in the
     * log.
     *
     * All callers share one traveler; the argument "userid_value" names
     * another.  The "Authorization" header, whatever it is, tells callers
     * apart; only its digest is kept.  "client_max_body_size" applies.
     *
     * The other parameters choose the form of the location's answers:
     *
     *     id=locator|opaque      the id is the ItinLocator, or another one;
     *                            requests may have either
     *     xmlns=http|https|none  the namespace; by default http, https from
     *                            the booking resource, none for a part
     *     bookings=wrapped|direct
     *                            Booking is in Bookings (unless it was posted
     *                            without), or directly in Itinerary, as by
     *                            default from the booking resource
     *     booking=itinerary|booking|segment
     *                            what the booking resource answers with
     *     sources=posted|renamed BookingSource as posted, or by the kind of the
     *                            segment, "ConcurCars" or so; requests may
     *                            have either
     *     amounts=own|all        amounts are shown to who posted the booking,
     *                            or to everybody: the trip as it is stored
     *     cancel=own|all         the cancel of a trip by who did not create it
     *                            reaches his own bookings, or all
     *     gzip=off|on            with "Content-Encoding: gzip", whatever the
     *                            client accepts
     *     answer=document|message|empty|truncated
     *                            what is answered under 200: the document, a
     *                            Message, nothing, or half of the document
     */

    { ngx_string("itinerary_sandbox"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_itinerary_sandbox,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_itinerary_sandbox_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_itinerary_sandbox_create_loc_conf, /* create location
                                                   configuration */
    ngx_http_itinerary_sandbox_merge_loc_conf   /* merge location
                                                   configuration */
};


ngx_module_t  ngx_http_itinerary_sandbox_module = {
    NGX_MODULE_V1,
    &ngx_http_itinerary_sandbox_module_ctx, /* module context */
    ngx_http_itinerary_sandbox_commands,   /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_itinerary_sandbox_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_itinerary_sandbox_loc_conf_t  *slcf;

    slcf = ngx_pcalloc(cf->pool,
                       sizeof(ngx_http_itinerary_sandbox_loc_conf_t));
    if (slcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     slcf->shm_zone = NULL;
     *     slcf->form = { 0 };
     */

    return slcf;
}


/* as with any content handler, only "if" and "limit_except" inherit it */

static char *
ngx_http_itinerary_sandbox_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_http_itinerary_sandbox_loc_conf_t *prev = parent;
    ngx_http_itinerary_sandbox_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname && conf->shm_zone == NULL && prev->shm_zone) {
        conf->shm_zone = prev->shm_zone;
        conf->form = prev->form;

        if (clcf->handler == NULL) {
            clcf->handler = ngx_http_itinerary_sandbox_handler;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_itinerary_sandbox(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_itinerary_sandbox_loc_conf_t *slcf = conf;

    ssize_t                    size;
    ngx_str_t                 *value, name;
    ngx_uint_t                 i;
    ngx_http_core_loc_conf_t  *clcf;

    if (slcf->shm_zone) {
        return "is duplicate";
    }

    value = cf->args->elts;

    size = ngx_parse_size(&value[1]);

    if (size == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone size \"%V\", it must be a number of "
                           "bytes, or of \"k\" or \"m\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (size < (ssize_t) (NGX_HTTP_ITINERARY_SANDBOX_PAGES * ngx_pagesize)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone size \"%V\" is too small, it must be at "
                           "least %uzk", &value[1],
                           NGX_HTTP_ITINERARY_SANDBOX_PAGES * ngx_pagesize
                           / 1024);
        return NGX_CONF_ERROR;
    }

    ngx_str_null(&name);

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "zone=", 5) == 0) {

            if (name.len) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "\"zone=\" of \"itinerary_sandbox\" is "
                                   "duplicate");
                return NGX_CONF_ERROR;
            }

            name.data = value[i].data + 5;
            name.len = value[i].len - 5;

            if (name.len == 0) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "invalid value \"\" of \"zone=\" in "
                                   "\"itinerary_sandbox\", it must be the "
                                   "name of a zone");
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_http_itinerary_sandbox_form_parse(cf, &value[i], &slcf->form)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    slcf->shm_zone = ngx_http_itinerary_sandbox_zone_add(cf, &name,
                                          &clcf->name, size,
                                          &ngx_http_itinerary_sandbox_module);
    if (slcf->shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->handler = ngx_http_itinerary_sandbox_handler;

    return NGX_CONF_OK;
}
