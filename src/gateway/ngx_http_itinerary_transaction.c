
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_transaction.h"
#include "ngx_http_itinerary_audit.h"
#include "ngx_http_itinerary_pool.h"


static void ngx_http_itinerary_transaction_wake(void *data);
static void ngx_http_itinerary_transaction_settled(
    ngx_http_itinerary_transaction_t *txn);
static void ngx_http_itinerary_transaction_failed(
    ngx_http_itinerary_transaction_t *txn);
static void ngx_http_itinerary_transaction_destroy(
    ngx_http_itinerary_transaction_t *txn);


/* in the order of ngx_http_itinerary_outcome_e */

static ngx_str_t  ngx_http_itinerary_outcomes[] = {
    ngx_string(""),
    ngx_string("recorded"),
    ngx_string("released"),
    ngx_string("in_doubt"),
    ngx_string("spooled"),
    ngx_string("overreached")
};


ngx_http_itinerary_transaction_t *
ngx_http_itinerary_transaction_create(ngx_http_request_t *r,
    ngx_http_itinerary_loc_conf_t *ilcf, void (*wake)(ngx_http_request_t *r))
{
    ngx_pool_t                        *pool;
    ngx_http_itinerary_main_conf_t    *imcf;
    ngx_http_itinerary_transaction_t  *txn;

    pool = ngx_create_pool(8192, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    txn = ngx_pcalloc(pool, sizeof(ngx_http_itinerary_transaction_t));
    if (txn == NULL) {
        goto failed;
    }

    txn->pool = pool;
    txn->log = ngx_cycle->log;
    txn->request = r;
    txn->wake = wake;
    txn->conf = ilcf;
    txn->started = ngx_current_msec;

    imcf = ngx_http_get_module_main_conf(r, ngx_http_itinerary_module);

    txn->spool = ngx_http_itinerary_spool_of(&imcf->spools, ilcf->redis);

    ngx_http_itinerary_core_pool(&txn->core, pool);

    if (ngx_http_itinerary_request_id(r, pool, &txn->request_id) != NGX_OK) {
        goto failed;
    }

    txn->client.len = r->connection->addr_text.len;
    txn->client.data = ngx_pstrdup(pool, &r->connection->addr_text);

    if (txn->client.data == NULL) {
        goto failed;
    }

    txn->registry.pool = pool;
    txn->registry.log = txn->log;
    txn->registry.core = &txn->core;
    txn->registry.redis = ilcf->redis;
    txn->registry.request = txn->request_id;
    txn->registry.lease = ilcf->lease;
    txn->registry.handler = ngx_http_itinerary_transaction_wake;
    txn->registry.data = txn;

    return txn;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


ngx_int_t
ngx_http_itinerary_request_id(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_str_t *id)
{
    ngx_http_variable_value_t       *vv;
    ngx_http_itinerary_main_conf_t  *imcf;

    imcf = ngx_http_get_module_main_conf(r, ngx_http_itinerary_module);

    vv = ngx_http_get_indexed_variable(r, imcf->request_id);

    if (vv == NULL || vv->not_found) {
        return NGX_ERROR;
    }

    id->len = vv->len;
    id->data = ngx_pnalloc(pool, vv->len);

    if (id->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(id->data, vv->data, vv->len);

    return NGX_OK;
}


/* a step of the registry has ended */

static void
ngx_http_itinerary_transaction_wake(void *data)
{
    ngx_http_itinerary_transaction_t *txn = data;

    ngx_connection_t  *c;

    if (txn->state == ngx_http_itinerary_settling) {
        ngx_http_itinerary_transaction_settled(txn);
    }

    if (txn->request == NULL) {
        ngx_http_itinerary_transaction_leave(txn);
        return;
    }

    c = txn->request->connection;

    ngx_http_set_log_request(c->log, txn->request);

    txn->wake(txn->request);

    ngx_http_run_posted_requests(c);
}


void
ngx_http_itinerary_transaction_settle(ngx_http_itinerary_transaction_t *txn,
    itinerary_facts_t *facts, ngx_uint_t refused)
{
    txn->state = ngx_http_itinerary_settling;

    if (facts && txn->registry.supplier.len && txn->judgeable) {
        txn->outcome = facts->overreached ? ngx_http_itinerary_overreached
                                          : ngx_http_itinerary_recorded;
        ngx_http_itinerary_registry_record(&txn->registry, &txn->asked,
                                           &txn->judgement, facts);
        return;
    }

    if (refused) {
        txn->outcome = ngx_http_itinerary_released;
        ngx_http_itinerary_registry_release(&txn->registry);
        return;
    }

    txn->outcome = ngx_http_itinerary_in_doubt;

    if (txn->judgeable) {

        /* without memory, as many numbers as there are */

        (void) itinerary_learn_doubt(&txn->core, &txn->asked, &txn->judgement,
                                     &txn->facts);
    }

    ngx_http_itinerary_registry_doubt(&txn->registry, &txn->asked,
                                      &txn->judgement, &txn->facts);
}


static void
ngx_http_itinerary_transaction_settled(ngx_http_itinerary_transaction_t *txn)
{
    txn->state = ngx_http_itinerary_settled;

    if (txn->registry.failure) {
        ngx_http_itinerary_transaction_failed(txn);
    }

    if (txn->outcome == ngx_http_itinerary_overreached) {
        ngx_log_error(NGX_LOG_ERR, txn->log, 0,
                      "itinerary: the cancel of request \"%V\" reached "
                      "another supplier's booking", &txn->request_id);
    }

    txn->audited = 1;

    (void) ngx_http_itinerary_audit(txn, ngx_http_itinerary_event_completed);
}


/*
 * The API has carried the write out: what the answer taught must not be lost
 * for that the registry cannot be told.
 */

static void
ngx_http_itinerary_transaction_failed(ngx_http_itinerary_transaction_t *txn)
{
    ngx_log_error(NGX_LOG_ERR, txn->log, 0,
                  "itinerary: what became of request \"%V\" is not in the "
                  "registry: redis \"%V\" %s", &txn->request_id,
                  &txn->conf->redis->name, txn->registry.failure);

    switch (txn->outcome) {

    case ngx_http_itinerary_recorded:
    case ngx_http_itinerary_overreached:

        if (ngx_http_itinerary_spool_put(txn->spool, &txn->registry)
            != NGX_OK)
        {
            txn->outcome = ngx_http_itinerary_in_doubt;

        } else if (txn->outcome == ngx_http_itinerary_recorded) {
            txn->outcome = ngx_http_itinerary_spooled;
        }

        /* whoever looks into it needs to know which trip it is */

        if (txn->registry.trip.id.len == 0 && txn->facts.nids) {
            txn->registry.trip.id = txn->facts.ids[0];
        }

        break;

    default:
        break;
    }
}


void
ngx_http_itinerary_transaction_leave(ngx_http_itinerary_transaction_t *txn)
{
    txn->request = NULL;

    if (txn->registry.busy) {
        return;
    }

    if (txn->state == ngx_http_itinerary_forwarded) {
        ngx_http_itinerary_transaction_settle(txn, NULL, 0);
        return;
    }

    if (txn->state < ngx_http_itinerary_forwarded && !txn->undone
        && (txn->registry.leased || txn->registry.claimed))
    {
        txn->undone = 1;
        ngx_http_itinerary_registry_release(&txn->registry);
        return;
    }

    ngx_http_itinerary_transaction_destroy(txn);
}


static void
ngx_http_itinerary_transaction_destroy(ngx_http_itinerary_transaction_t *txn)
{
    if (txn->reader) {
        itinerary_reader_destroy(txn->reader);
    }

    if (txn->answer) {
        ngx_http_itinerary_reading_destroy(txn->answer);
    }

    if (txn->sha256) {
        EVP_MD_CTX_free(txn->sha256);
    }

    ngx_destroy_pool(txn->pool);
}


ngx_str_t
ngx_http_itinerary_transaction_verdict(ngx_http_itinerary_transaction_t *txn)
{
    ngx_str_t               verdict;
    itinerary_verdict_e     v;
    const itinerary_str_t  *name;

    v = txn->judgement.verdict;

    if (txn->error.reason != ITINERARY_REASON_NONE && !txn->fail_open) {
        v = ITINERARY_DENY;
    }

    name = itinerary_verdict_name(v);

    verdict = ngx_http_itinerary_text(name);

    if (txn->state < ngx_http_itinerary_releasing) {
        ngx_str_set(&verdict, "");
    }

    return verdict;
}


ngx_str_t *
ngx_http_itinerary_outcome_name(ngx_http_itinerary_outcome_e outcome)
{
    return &ngx_http_itinerary_outcomes[outcome];
}
