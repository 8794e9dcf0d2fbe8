
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_sight.h"
#include "ngx_http_itinerary_pool.h"
#include "ngx_http_itinerary_reading.h"
#include "ngx_http_itinerary_supplier.h"
#include "itinerary_name.h"


/* how long a GET waits for Redis at most, ms */

#define NGX_HTTP_ITINERARY_SIGHT_WAIT  50


struct ngx_http_itinerary_sight_s {
    ngx_pool_t                      *pool;
    ngx_http_request_t              *request;   /* NULL once it is gone */
    void                           (*wake)(ngx_http_request_t *r);
    itinerary_pool_t                 core;
    ngx_event_t                      timer;

    ngx_http_itinerary_registry_t    registry;
    ngx_http_itinerary_reading_t    *reading;
    itinerary_case_t                 asked;
    itinerary_judgement_t            judgement;
    itinerary_facts_t                facts;

    unsigned                         waiting:1; /* for the look-up */
    unsigned                         blind:1;   /* nothing is learnt */
};


static ngx_int_t ngx_http_itinerary_sight_init(
    ngx_http_itinerary_sight_t *sight, ngx_http_itinerary_loc_conf_t *ilcf);
static void ngx_http_itinerary_sight_looked_up(void *data);
static void ngx_http_itinerary_sight_timeout(ngx_event_t *ev);
static void ngx_http_itinerary_sight_go(ngx_http_itinerary_sight_t *sight);
static ngx_uint_t ngx_http_itinerary_sight_is_fresh(ngx_http_request_t *r);
static void ngx_http_itinerary_sight_learn(ngx_http_itinerary_sight_t *sight);
static void ngx_http_itinerary_sight_destroy(
    ngx_http_itinerary_sight_t *sight);


ngx_http_itinerary_sight_t *
ngx_http_itinerary_sight_create(ngx_http_request_t *r,
    ngx_http_itinerary_loc_conf_t *ilcf, itinerary_str_t *trip,
    ngx_str_t *authorization, void (*wake)(ngx_http_request_t *r))
{
    ngx_str_t                    token;
    ngx_pool_t                  *pool;
    itinerary_target_t           target;
    ngx_http_itinerary_sight_t  *sight;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    sight = ngx_pcalloc(pool, sizeof(ngx_http_itinerary_sight_t));
    if (sight == NULL) {
        goto failed;
    }

    sight->pool = pool;
    sight->request = r;
    sight->wake = wake;

    ngx_str_null(&token);
    ngx_memzero(&target, sizeof(itinerary_target_t));

    if (ngx_http_itinerary_sight_init(sight, ilcf) != NGX_OK
        || ngx_http_itinerary_supplier(r, pool, ilcf, authorization,
                                       &sight->registry.supplier, &token)
           != NGX_OK
        || itinerary_copy(&sight->core, &target.trip, trip->data, trip->len)
           != ITINERARY_OK)
    {
        goto failed;
    }

    target.operation = ITINERARY_OP_READ;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "itinerary sight of trip of %uz bytes", trip->len);

    sight->waiting = 1;
    ngx_add_timer(&sight->timer, NGX_HTTP_ITINERARY_SIGHT_WAIT);

    ngx_http_itinerary_registry_lookup(&sight->registry,
                                       token.len ? &token : NULL, &target, 0);

    return sight;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


static ngx_int_t
ngx_http_itinerary_sight_init(ngx_http_itinerary_sight_t *sight,
    ngx_http_itinerary_loc_conf_t *ilcf)
{
    ngx_http_itinerary_registry_t  *reg;

    ngx_http_itinerary_core_pool(&sight->core, sight->pool);

    sight->asked.policy.booking_source = ilcf->booking_source;

    sight->timer.handler = ngx_http_itinerary_sight_timeout;
    sight->timer.data = sight;
    sight->timer.log = ngx_cycle->log;

    reg = &sight->registry;

    reg->pool = sight->pool;
    reg->log = ngx_cycle->log;
    reg->core = &sight->core;
    reg->redis = ilcf->redis;
    reg->handler = ngx_http_itinerary_sight_looked_up;
    reg->data = sight;

    return ngx_http_itinerary_request_id(sight->request, sight->pool,
                                         &reg->request);
}


ngx_uint_t
ngx_http_itinerary_sight_is_waiting(ngx_http_itinerary_sight_t *sight)
{
    return sight->waiting;
}


/* a step of the registry has ended: the look-up, or the record */

static void
ngx_http_itinerary_sight_looked_up(void *data)
{
    ngx_http_itinerary_sight_t *sight = data;

    itinerary_str_t  supplier;

    supplier = ngx_http_itinerary_core_text(&sight->registry.supplier);

    if (sight->registry.failure || !itinerary_is_supplier(&supplier)) {
        sight->blind = 1;
    }

    if (sight->request == NULL) {
        ngx_http_itinerary_sight_destroy(sight);
        return;
    }

    ngx_http_itinerary_sight_go(sight);
}


static void
ngx_http_itinerary_sight_timeout(ngx_event_t *ev)
{
    ngx_http_itinerary_sight_t  *sight;

    sight = ev->data;

    /* what comes later may be newer than what is shown */

    sight->blind = 1;

    ngx_http_itinerary_sight_go(sight);
}


static void
ngx_http_itinerary_sight_go(ngx_http_itinerary_sight_t *sight)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    if (!sight->waiting) {
        return;
    }

    sight->waiting = 0;

    if (sight->timer.timer_set) {
        ngx_del_timer(&sight->timer);
    }

    r = sight->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    sight->wake(r);

    ngx_http_run_posted_requests(c);
}


void
ngx_http_itinerary_sight_header(ngx_http_request_t *r,
    ngx_http_itinerary_sight_t *sight)
{
    if (sight->blind || sight->reading || sight->registry.busy
        || r->headers_out.status != NGX_HTTP_OK || r->header_only
        || r->headers_in.range
        || !ngx_http_itinerary_sight_is_fresh(r))
    {
        sight->blind = 1;
        return;
    }

    sight->reading = ngx_http_itinerary_reading_create(r, &sight->core,
                                                 ITINERARY_ROOT_ITINERARY, 1);

    if (sight->reading == NULL) {
        sight->blind = 1;
        return;
    }

    r->filter_need_in_memory = 1;
}


/* what a cache shows may be older than the registry */

static ngx_uint_t
ngx_http_itinerary_sight_is_fresh(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    if (r->upstream == NULL || r->cached) {
        return 0;
    }

    part = &r->upstream->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == 3
            && ngx_strncasecmp(h[i].key.data, (u_char *) "Age", 3) == 0
            && (h[i].value.len != 1 || h[i].value.data[0] != '0'))
        {
            return 0;
        }
    }

    return 1;
}


void
ngx_http_itinerary_sight_body(ngx_http_itinerary_sight_t *sight,
    ngx_chain_t *in)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (sight->blind || sight->reading == NULL) {
        return;
    }

    for (cl = in; cl; cl = cl->next) {

        b = cl->buf;

        if (!ngx_buf_in_memory(b) && ngx_buf_size(b)) {

            /* nothing that could be read without a copy */

            sight->blind = 1;
            return;
        }

        ngx_http_itinerary_reading_feed(sight->reading, b->pos,
                                        b->last - b->pos);

        if (b->last_buf) {
            ngx_http_itinerary_sight_learn(sight);
            return;
        }
    }
}


static void
ngx_http_itinerary_sight_learn(ngx_http_itinerary_sight_t *sight)
{
    itinerary_case_t      *c;
    itinerary_document_t  *document;

    sight->blind = 1;                                          /* from now on */

    document = ngx_http_itinerary_reading_finish(sight->reading);
    if (document == NULL) {
        return;
    }

    c = &sight->asked;

    c->operation = ITINERARY_OP_READ;
    c->given = 1;
    c->supplier = ngx_http_itinerary_core_text(&sight->registry.supplier);
    c->trip = sight->registry.trip;

    sight->judgement.record = 1;

    if (itinerary_learn(&sight->core, c, &sight->judgement, document,
                        &sight->facts)
        == ITINERARY_OK)
    {
        ngx_http_itinerary_registry_record(&sight->registry, c,
                                           &sight->judgement, &sight->facts);
    }
}


void
ngx_http_itinerary_sight_leave(ngx_http_itinerary_sight_t *sight)
{
    sight->request = NULL;
    sight->waiting = 0;

    if (sight->timer.timer_set) {
        ngx_del_timer(&sight->timer);
    }

    if (!sight->registry.busy) {
        ngx_http_itinerary_sight_destroy(sight);
    }
}


static void
ngx_http_itinerary_sight_destroy(ngx_http_itinerary_sight_t *sight)
{
    if (sight->reading) {
        ngx_http_itinerary_reading_destroy(sight->reading);
    }

    ngx_destroy_pool(sight->pool);
}
