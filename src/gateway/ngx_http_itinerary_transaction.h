
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * A transaction is one write on its way through the gateway.  It has a pool
 * of its own: what was forwarded is settled and audited even if the client,
 * and with it the request, is gone.
 */


#ifndef _NGX_HTTP_ITINERARY_TRANSACTION_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_TRANSACTION_H_INCLUDED_


#include "ngx_http_itinerary_reading.h"
#include "ngx_http_itinerary_spool.h"

#include <openssl/evp.h>


#define NGX_HTTP_ITINERARY_OFF      0
#define NGX_HTTP_ITINERARY_AUDIT    1
#define NGX_HTTP_ITINERARY_ENFORCE  2


extern ngx_module_t  ngx_http_itinerary_module;


typedef struct {
    ngx_array_t                  servers;   /* of .._redis_t * */
    ngx_path_t                  *spool;
    ngx_array_t                  spools;    /* of .._spool_t, one for each
                                               registry */
    ngx_int_t                    request_id;         /* variable's index */
} ngx_http_itinerary_main_conf_t;

typedef struct {
    ngx_uint_t                   mode;
    ngx_http_itinerary_redis_t  *redis;
    ngx_http_complex_value_t    *supplier;
    ngx_array_t                 *audit;     /* of .._audit_t *, or NULL */
    ngx_uint_t                   unknown_trip;
    ngx_uint_t                   booking_source;
    ngx_flag_t                   replace;
    ngx_flag_t                   cancel_foreign;
    ngx_flag_t                   validate;
    itinerary_schema_t          *schema;
    ngx_int_t                    max_bookings;
    ngx_flag_t                   fail_open;
    ngx_msec_t                   lease;
} ngx_http_itinerary_loc_conf_t;


/* where a transaction stands, in this order */

typedef enum {
    ngx_http_itinerary_begun = 0,
    ngx_http_itinerary_reading,     /* the body, while Redis is asked */
    ngx_http_itinerary_viewing,     /* Redis tells what the judgement needs */
    ngx_http_itinerary_claiming,
    ngx_http_itinerary_releasing,   /* refused: claims and leases go back */
    ngx_http_itinerary_refused,
    ngx_http_itinerary_judged,      /* to be forwarded */
    ngx_http_itinerary_forwarded,
    ngx_http_itinerary_settling,    /* Redis is told what the API did */
    ngx_http_itinerary_settled
} ngx_http_itinerary_state_e;

typedef enum {
    ngx_http_itinerary_no_outcome = 0,
    ngx_http_itinerary_recorded,
    ngx_http_itinerary_released,
    ngx_http_itinerary_in_doubt,
    ngx_http_itinerary_spooled,
    ngx_http_itinerary_overreached
} ngx_http_itinerary_outcome_e;


typedef struct {
    ngx_pool_t                     *pool;
    ngx_log_t                      *log;       /* the cycle's */
    ngx_http_request_t             *request;   /* NULL once it is gone */
    void                          (*wake)(ngx_http_request_t *r);
    ngx_http_itinerary_loc_conf_t  *conf;
    ngx_http_itinerary_spool_t     *spool;
    itinerary_pool_t                core;

    ngx_http_itinerary_state_e      state;
    ngx_http_itinerary_outcome_e    outcome;
    ngx_msec_t                      started;   /* ms */

    ngx_str_t                       request_id;
    ngx_str_t                       client;
    itinerary_target_t              target;
    ngx_str_t                       token;     /* SHA-256, hexadecimal */
    itinerary_error_t               error;     /* why it is refused, or, in
                                                  audit mode, would be */

    itinerary_reader_t             *reader;
    itinerary_document_t           *document;
    EVP_MD_CTX                     *sha256;
    off_t                           body_bytes;
    u_char                          body_sha256[64];

    ngx_http_itinerary_registry_t   registry;
    itinerary_case_t                asked;     /* the case */
    itinerary_judgement_t           judgement;

    ngx_http_itinerary_reading_t   *answer;
    itinerary_facts_t               facts;
    ngx_uint_t                      status;
    ngx_uint_t                      upstream_status;

    unsigned                        feeding:1;     /* the body is read now */
    unsigned                        body_seen:1;   /* to its end */
    unsigned                        judgeable:1;   /* it came to a judgement */
    unsigned                        fail_open:1;
    unsigned                        answered:1;    /* with a header */
    unsigned                        complete:1;    /* the answer's end came */
    unsigned                        doubtful:1;    /* it was forwarded before,
                                                      and not refused */
    unsigned                        undone:1;      /* release was tried */
    unsigned                        audited:1;     /* the last record is
                                                      written */
} ngx_http_itinerary_transaction_t;


/*
 * Begins a transaction for the request.  "wake" is called, from the event
 * loop, when a step of the registry has ended and the request is still there.
 */

ngx_http_itinerary_transaction_t *ngx_http_itinerary_transaction_create(
    ngx_http_request_t *r, ngx_http_itinerary_loc_conf_t *ilcf,
    void (*wake)(ngx_http_request_t *r));

/*
 * Tells the registry what became of a forwarded write, and then writes the
 * record "completed".  "facts": the answer was a success; else "refused": the
 * API refused it; else it is in doubt.
 */

void ngx_http_itinerary_transaction_settle(
    ngx_http_itinerary_transaction_t *txn, itinerary_facts_t *facts,
    ngx_uint_t refused);

/*
 * The request is gone: what was forwarded is settled, what was claimed for
 * nothing is given back; then the transaction frees itself.
 */

void ngx_http_itinerary_transaction_leave(
    ngx_http_itinerary_transaction_t *txn);

/* $request_id, copied to the pool; NGX_ERROR: there is none, or no memory */

ngx_int_t ngx_http_itinerary_request_id(ngx_http_request_t *r,
    ngx_pool_t *pool, ngx_str_t *id);

/* the verdict as the variables and the audit trail show it, or empty */

ngx_str_t ngx_http_itinerary_transaction_verdict(
    ngx_http_itinerary_transaction_t *txn);

ngx_str_t *ngx_http_itinerary_outcome_name(
    ngx_http_itinerary_outcome_e outcome);


#endif /* _NGX_HTTP_ITINERARY_TRANSACTION_H_INCLUDED_ */
