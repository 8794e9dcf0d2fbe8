
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The registry: who created which trip and booking, in Redis.
 *
 *   token:<sha256 hex>          string   supplier
 *   registry                    string   "<data model version>:<random id>"
 *   trip:<id>                   hash     owner, state, created, rev,
 *                                        booking:<source>|<locator> -> owner,
 *                                        writer, writer_until (unix ms)
 *   alias:<id>                  string   trip id
 *   booking:<source>|<locator>  hash     owner, state, trip, request, at
 *
 * Every command and every script touches one key.
 */


#ifndef _NGX_HTTP_ITINERARY_REGISTRY_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_REGISTRY_H_INCLUDED_


#include "ngx_http_itinerary_redis.h"
#include "itinerary_facts.h"


#define NGX_HTTP_ITINERARY_REGISTRY_VERSION  "1"


typedef struct ngx_http_itinerary_registry_s  ngx_http_itinerary_registry_t;

/*
 * One request's dealings with the registry.  The fields above the line are
 * the caller's; each function below starts one step, whose end the handler
 * tells, once and never from within the function.  Then "failure" is NULL, or
 * says why the registry could not answer.
 */

struct ngx_http_itinerary_registry_s {
    ngx_pool_t                       *pool;      /* outlives every step */
    ngx_log_t                        *log;
    itinerary_pool_t                 *core;      /* the same pool, for the
                                                    core */
    ngx_http_itinerary_redis_t       *redis;
    ngx_str_t                         request;   /* $request_id */
    ngx_msec_t                        lease;     /* ms */
    void                            (*handler)(void *data);
    void                             *data;

    /* ---- */

    const char                       *failure;
    ngx_msec_t                        elapsed;   /* ms, of all steps */
    ngx_str_t                         supplier;  /* empty: the token is not
                                                    known */
    itinerary_trip_t                  trip;
    itinerary_record_t               *records;   /* of the posted bookings */
    unsigned                          nids;
    itinerary_str_t                   ids[3];    /* of the body, after
                                                    aliases */
    unsigned                          lost;      /* claims that others won */

    unsigned                          known:1;   /* it is the registry that
                                                    was admitted */
    unsigned                          suspect:1; /* it holds what is not
                                                    its own */
    unsigned                          busy:1;    /* a step is under way */
    unsigned                          leased:1;  /* the trip's lease is ours */
    unsigned                          claimed:1; /* claims may be on record */

    /* the registry's own */

    ngx_http_itinerary_redis_call_t   call;
    ngx_int_t                       (*next)(
                                        ngx_http_itinerary_registry_t *reg);
    ngx_uint_t                        step;      /* of the call's commands */
    const itinerary_case_t           *c;
    const itinerary_judgement_t      *j;
    itinerary_judgement_t            *claims;
    const itinerary_facts_t          *facts;
    ngx_str_t                         at;        /* RFC 3339 */
    itinerary_str_t                   body_ids[3];
};


/*
 * Who and what: "token" is the lower-case hexadecimal SHA-256 of the token, or
 * NULL where reg->supplier is known; "trip" is the query's, or NULL.  Fills
 * reg->supplier and reg->trip.  With "lease", the trip is leased at once, when
 * the supplier has something in it.
 */

void ngx_http_itinerary_registry_lookup(ngx_http_itinerary_registry_t *reg,
    ngx_str_t *token, itinerary_str_t *trip, ngx_uint_t lease);

/*
 * What the judgement needs: takes the trip's lease (all but CREATE; unless
 * "anybody" may, only if the supplier has something in it), asks for the
 * posted bookings, for the trips that the body's ids stand for, and, for a
 * CANCEL, for the supplier's own bookings in the trip.  Fills reg->trip,
 * reg->records, reg->ids.
 */

void ngx_http_itinerary_registry_view(ngx_http_itinerary_registry_t *reg,
    itinerary_operation_e operation, const itinerary_document_t *document,
    ngx_uint_t anybody);

/*
 * Claims what the judgement adds.  What others have claimed meanwhile is
 * counted in reg->lost, and is no more allowed in the judgement.
 */

void ngx_http_itinerary_registry_claim(ngx_http_itinerary_registry_t *reg,
    const itinerary_case_t *c, itinerary_judgement_t *j);

/* the write was refused, here or by the API: gives back claims and lease */

void ngx_http_itinerary_registry_release(ngx_http_itinerary_registry_t *reg);

/* nobody knows what the write did: keeps the claims, gives back the lease */

void ngx_http_itinerary_registry_doubt(ngx_http_itinerary_registry_t *reg);

/* the write was answered: records the facts, gives back the lease */

void ngx_http_itinerary_registry_record(ngx_http_itinerary_registry_t *reg,
    const itinerary_case_t *c, const itinerary_judgement_t *j,
    const itinerary_facts_t *facts);


#endif /* _NGX_HTTP_ITINERARY_REGISTRY_H_INCLUDED_ */
