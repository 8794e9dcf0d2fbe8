
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What the gateway makes of a transaction with what the registry has said so
 * far.  A reason to refuse it is left in txn->error.
 */


#ifndef _NGX_HTTP_ITINERARY_JUDGE_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_JUDGE_H_INCLUDED_


#include "ngx_http_itinerary_transaction.h"


/* after the look-ups: what they decide, whatever the body says */

void ngx_http_itinerary_judge_lookup(ngx_http_itinerary_transaction_t *txn);

/* whether the trip is leased to a supplier that has nothing in it on record */

ngx_uint_t ngx_http_itinerary_judge_may_lease(
    ngx_http_itinerary_transaction_t *txn);

/*
 * After the view: fills txn->asked and txn->judgement, and sets
 * txn->judgeable; not where the registry has failed.  NGX_ERROR: no memory.
 */

ngx_int_t ngx_http_itinerary_judge(ngx_http_itinerary_transaction_t *txn);

/* after the claims: what others have got meanwhile */

void ngx_http_itinerary_judge_claims(ngx_http_itinerary_transaction_t *txn);

/*
 * The registry could not be asked, and the operator wants the API to be
 * reached all the same: sets txn->fail_open, and judges as if nothing were on
 * record, so that what can be learnt later is what nobody has claimed.
 * txn->error stays.  NGX_ERROR: no memory.
 */

ngx_int_t ngx_http_itinerary_judge_fail_open(
    ngx_http_itinerary_transaction_t *txn);


#endif /* _NGX_HTTP_ITINERARY_JUDGE_H_INCLUDED_ */
