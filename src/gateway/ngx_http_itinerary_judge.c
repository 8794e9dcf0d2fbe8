
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_judge.h"
#include "itinerary_name.h"


/* bookings in a trip, well below what a reply of Redis may hold */

#define NGX_HTTP_ITINERARY_TRIP_MAX     16384


static void ngx_http_itinerary_judge_failure(
    ngx_http_itinerary_transaction_t *txn);
static ngx_uint_t ngx_http_itinerary_judge_is_late(
    ngx_http_itinerary_transaction_t *txn);
static void ngx_http_itinerary_judge_late(
    ngx_http_itinerary_transaction_t *txn);
static void ngx_http_itinerary_judge_case(
    ngx_http_itinerary_transaction_t *txn);


void
ngx_http_itinerary_judge_lookup(ngx_http_itinerary_transaction_t *txn)
{
    itinerary_str_t        supplier;
    itinerary_judgement_t  judgement;

    if (txn->registry.failure) {
        ngx_http_itinerary_judge_failure(txn);
        return;
    }

    supplier = ngx_http_itinerary_core_text(&txn->registry.supplier);

    if (!itinerary_is_supplier(&supplier)) {
        ngx_str_set(&txn->registry.supplier, "");
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_UNKNOWN_SUPPLIER, 0, "",
                                "the token is nobody's");
        return;
    }

    if (ngx_http_itinerary_judge_is_late(txn)) {

        /* whoever fails open does so with the whole request */

        if (!txn->conf->fail_open) {
            ngx_http_itinerary_judge_late(txn);
        }

        return;
    }

    if (txn->target.operation != ITINERARY_OP_UPDATE
        || txn->conf->mode != NGX_HTTP_ITINERARY_ENFORCE)
    {
        return;
    }

    /* by the trip alone */

    ngx_http_itinerary_judge_case(txn);
    txn->asked.document = NULL;

    if (itinerary_judge(&txn->core, &txn->asked, &judgement)
        == ITINERARY_REFUSED)
    {
        txn->error = judgement.error;
    }
}


static void
ngx_http_itinerary_judge_failure(ngx_http_itinerary_transaction_t *txn)
{
    (void) itinerary_refuse(&txn->core, &txn->error,
                            ITINERARY_REGISTRY_UNAVAILABLE, 0, "",
                            "try again later");
}


/*
 * The registry has answered, but has not been told yet whose is what earlier
 * writes have created, or what they have put into a trip.
 */

static ngx_uint_t
ngx_http_itinerary_judge_is_late(ngx_http_itinerary_transaction_t *txn)
{
    return txn->conf->mode == NGX_HTTP_ITINERARY_ENFORCE
           && ngx_http_itinerary_spool_depth(txn->spool) != 0;
}


static void
ngx_http_itinerary_judge_late(ngx_http_itinerary_transaction_t *txn)
{
    (void) itinerary_refuse(&txn->core, &txn->error,
                            ITINERARY_REGISTRY_UNAVAILABLE, 0, "",
                            "earlier writes are still to be recorded, try "
                            "again later");
}


static void
ngx_http_itinerary_judge_case(ngx_http_itinerary_transaction_t *txn)
{
    ngx_uint_t         i;
    itinerary_case_t  *c;

    c = &txn->asked;

    c->operation = txn->target.operation;
    c->supplier = ngx_http_itinerary_core_text(&txn->registry.supplier);
    c->policy.unknown_trip = txn->conf->unknown_trip;
    c->policy.booking_source = txn->conf->booking_source;
    c->policy.replace = txn->conf->replace;
    c->policy.cancel_foreign = txn->conf->cancel_foreign;
    c->given = txn->target.trip.len != 0;
    c->trip = txn->registry.trip;
    c->view = txn->registry.view;
    c->nmeant = txn->registry.nmeant;
    c->meant = txn->registry.meant;
    c->vague = txn->registry.vague;
    c->document = txn->document;
    c->records = txn->registry.records;
    c->nids = txn->registry.nids;

    for (i = 0; i < c->nids; i++) {
        c->ids[i] = txn->registry.ids[i];
    }
}


ngx_uint_t
ngx_http_itinerary_judge_may_lease(ngx_http_itinerary_transaction_t *txn)
{
    ngx_uint_t                      i, deny;
    itinerary_str_t                 supplier;
    itinerary_record_t             *record;
    ngx_http_itinerary_registry_t  *reg;

    reg = &txn->registry;
    deny = txn->conf->unknown_trip == ITINERARY_UNKNOWN_TRIP_DENY;

    switch (txn->target.operation) {

    case ITINERARY_OP_CANCEL:
        return reg->trip.owner.len == 0 && !deny;

    case ITINERARY_OP_CANCEL_BOOKING:

        supplier = ngx_http_itinerary_core_text(&reg->supplier);

        for (i = 0; i < reg->nmeant; i++) {

            record = &reg->meant[i];

            if (record->owner.len == 0 ? !deny
                : itinerary_equal(&record->owner, &supplier))
            {
                return 1;
            }
        }

        return 0;

    default:
        return 1;
    }
}


ngx_int_t
ngx_http_itinerary_judge(ngx_http_itinerary_transaction_t *txn)
{
    if (txn->registry.failure) {
        ngx_http_itinerary_judge_failure(txn);
        return NGX_OK;
    }

    if (ngx_http_itinerary_judge_is_late(txn)) {
        ngx_http_itinerary_judge_late(txn);
        return NGX_OK;
    }

    ngx_http_itinerary_judge_case(txn);

    switch (itinerary_judge(&txn->core, &txn->asked, &txn->judgement)) {

    case ITINERARY_NOMEM:
        return NGX_ERROR;

    case ITINERARY_REFUSED:
        txn->error = txn->judgement.error;
        break;

    case ITINERARY_OK:
        break;
    }

    txn->judgeable = 1;

    if (txn->error.reason == ITINERARY_REASON_NONE
        && txn->registry.trip.nbookings + txn->judgement.neffects
           > NGX_HTTP_ITINERARY_TRIP_MAX)
    {
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_BODY_TOO_LARGE, 0, "",
                                "the trip has too many bookings");
    }

    return NGX_OK;
}


void
ngx_http_itinerary_judge_claims(ngx_http_itinerary_transaction_t *txn)
{
    if (txn->registry.failure) {
        ngx_http_itinerary_judge_failure(txn);

    } else if (txn->registry.lost) {
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_BOOKING_NOT_OWNED, 0, "",
                                "another supplier has just added a booking of "
                                "that name");

    } else if (txn->registry.contested) {
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_TRIP_BUSY, 0, "",
                                "a booking is in another trip: try again when "
                                "the write to that has been answered");

    } else if (txn->registry.outbid) {
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_BOOKING_SOURCE_NOT_OWNED, 0, "",
                                "another supplier has just posted under that "
                                "booking source");
    }
}


ngx_int_t
ngx_http_itinerary_judge_fail_open(ngx_http_itinerary_transaction_t *txn)
{
    itinerary_error_t   error;
    itinerary_result_e  rc;

    txn->fail_open = 1;

    if (txn->registry.supplier.len == 0
        || (txn->document == NULL
            && txn->target.operation != ITINERARY_OP_CANCEL))
    {
        return NGX_OK;
    }

    ngx_memzero(&txn->registry.trip, sizeof(itinerary_trip_t));
    txn->registry.trip.id = txn->target.trip;
    txn->registry.nids = 0;
    txn->registry.records = NULL;
    ngx_memzero(&txn->registry.view, sizeof(itinerary_view_t));

    if (txn->document && txn->document->nbookings) {
        txn->registry.records = ngx_pcalloc(txn->pool,
                                            txn->document->nbookings
                                            * sizeof(itinerary_record_t));
        if (txn->registry.records == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_http_itinerary_judge_case(txn);
    txn->asked.policy.unknown_trip = ITINERARY_UNKNOWN_TRIP_ALLOW;
    txn->asked.policy.booking_source = ITINERARY_BOOKING_SOURCE_ANY;

    error = txn->error;
    rc = itinerary_judge(&txn->core, &txn->asked, &txn->judgement);
    txn->error = error;

    if (rc == ITINERARY_NOMEM) {
        return NGX_ERROR;
    }

    txn->judgeable = rc == ITINERARY_OK;

    return NGX_OK;
}
