
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The registry: who created which trip and booking, in Redis.
 *
 *   token:<sha256 hex>              string   supplier
 *   source:<source>                 string   supplier
 *   registry                        string   "<version>:<random id>"
 *   trip:<id>                       hash     owner, state, created, rev,
 *                                            booking:<source>|<locator>
 *                                            -> owner,
 *                                            writer, writer_until (unix ms)
 *   alias:<id>                      string   trip id
 *   booking:<source>|<locator>      hash     owner, state, trip, request, at;
 *                                            cancelled: the request that had
 *                                            cancelled what is pending again
 *   confirmation:<source>|<number>  string   locators, separated by spaces
 *   view:<id>|<supplier>            hash     rev, trip -> digest,
 *                                            <source>|<locator> -> digest
 *
 * Every command and every script touches one key.
 */


#ifndef _NGX_HTTP_ITINERARY_REGISTRY_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_REGISTRY_H_INCLUDED_


#include "ngx_http_itinerary_redis.h"
#include "ngx_http_itinerary_text.h"
#include "itinerary_note.h"


#define NGX_HTTP_ITINERARY_REGISTRY_VERSION  "1"


typedef struct ngx_http_itinerary_registry_s  ngx_http_itinerary_registry_t;

/* an id of a trip, and what is on record under it */

typedef struct {
    itinerary_trip_t                  trip;
    itinerary_str_t                   name;      /* of the trip; empty: it is
                                                    not known */
    ngx_uint_t                        moving;    /* the command, from 1, that
                                                    tells its first booking */
    unsigned                          leased:1;  /* by another request */
} ngx_http_itinerary_trip_id_t;

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
    itinerary_view_t                  view;
    itinerary_record_t               *records;   /* of the posted bookings */
    unsigned                          nids;
    itinerary_str_t                   ids[3];    /* of the body, after
                                                    aliases */
    unsigned                          nmeant;
    itinerary_record_t               *meant;     /* what the number of
                                                    a CANCEL_BOOKING is for */
    unsigned                          lost;      /* claims that others won */
    unsigned                          outbid;    /* and sources */
    ngx_uint_t                        ntouched;  /* other trips that the write
                                                    changes */

    unsigned                          known:1;   /* it is the registry that
                                                    was admitted */
    unsigned                          suspect:1; /* it holds what is not
                                                    its own */
    unsigned                          vague:1;   /* the number may mean other
                                                    bookings, too */
    unsigned                          busy:1;    /* a step is under way */
    unsigned                          leased:1;  /* the trip's lease is ours */
    unsigned                          claimed:1; /* claims and other trips'
                                                    leases may be on record */
    unsigned                          contested:1; /* another write has one of
                                                      these leases */

    /* the registry's own */

    ngx_http_itinerary_redis_call_t   call;
    ngx_int_t                       (*next)(
                                        ngx_http_itinerary_registry_t *reg);
    ngx_uint_t                        step;      /* of the call's commands */
    itinerary_operation_e             operation;
    const itinerary_document_t       *document;
    const itinerary_case_t           *c;
    itinerary_judgement_t            *j;
    itinerary_facts_t                *facts;
    ngx_str_t                         at;        /* RFC 3339 */
    ngx_str_t                         since;     /* of a CREATE: alike, when
                                                    it was forwarded */
    itinerary_str_t                   body_ids[3];
    ngx_uint_t                        ntrip_ids; /* the answer's ids, and the
                                                    one that was asked for */
    ngx_http_itinerary_trip_id_t      trip_ids[4];
    ngx_http_itinerary_trip_id_t     *asked;
    ngx_uint_t                        naliases;  /* of them, to be recorded */
    ngx_http_itinerary_trip_id_t     *aliases[4];
    ngx_uint_t                        ncarried;  /* bookings listed in these */
    ngx_uint_t                        ngiven_back;
    itinerary_record_t              **given_back; /* of them, without a record
                                                     by then */
    itinerary_str_t                   lease_id;  /* the trip that is leased */
    itinerary_str_t                  *touched;   /* ids, each once */
    itinerary_str_t                   source;    /* with the number */
    itinerary_record_t              **missing;   /* of the trip, not posted */
    ngx_uint_t                        finding;   /* the command, from 1, that
                                                    counts what a GET finds */
    unsigned                          anybody:1; /* as registry_view() has it */
    unsigned                          any:1;
    unsigned                          asks:1;    /* for the trip's lease */
    unsigned                          followed:1; /* its id was an alias */
    unsigned                          overtaken:1; /* an alias was written to
                                                    without our lease: the
                                                    answer may be older */
    unsigned                          keeps:1;   /* the trip's lease, until the
                                                    aliases are on record */
    unsigned                          fresh:1;   /* neither the answer's ids nor
                                                    what was asked for stood for
                                                    a trip */
    unsigned                          found:1;   /* what a GET finds was
                                                    counted */
    unsigned                          strange:1; /* the answer names another
                                                    trip as well */
    unsigned                          recalled:1; /* from a note: reg->at is
                                                     when it was answered */
    unsigned                          late:1;    /* and the trip may have been
                                                    written to since */
    unsigned                          nmissing;
    unsigned                          nsources;
    itinerary_str_t                  *sources;   /* of the post, each once */
    unsigned                         *source_of; /* the posted bookings */
    ngx_uint_t                        nbound;
    itinerary_str_t                  *bound;     /* sources this request bound,
                                                    until it is answered */
};


/*
 * Who and what: "token" is the lower-case hexadecimal SHA-256 of the token, or
 * NULL where reg->supplier is known.  Fills reg->supplier and, for the trip of
 * the target, reg->trip and, where its creator is another, the head of
 * reg->view; for a CANCEL_BOOKING reg->meant and the bookings' trip.  With
 * "lease", the trip is leased at once, when the supplier has something in it.
 */

void ngx_http_itinerary_registry_lookup(ngx_http_itinerary_registry_t *reg,
    ngx_str_t *token, const itinerary_target_t *target, ngx_uint_t lease);

/*
 * What the judgement needs: takes the trip's lease (all but CREATE; unless
 * "anybody" may, only if the supplier has something in it), asks for the
 * posted bookings, for their sources unless "any" may be posted under, for the
 * trips that the body's ids stand for, for the view that an UPDATE is compared
 * with, and, for a CANCEL, for the supplier's own bookings in the trip.  Fills
 * reg->trip, reg->view, reg->records, reg->ids.  Where the look-up did not know
 * the trip, and its id has become an alias since, all is asked of the trip that
 * it stands for: reg->trip is that one then.
 */

void ngx_http_itinerary_registry_view(ngx_http_itinerary_registry_t *reg,
    itinerary_operation_e operation, const itinerary_document_t *document,
    ngx_uint_t anybody, ngx_uint_t any);

/*
 * Claims what the judgement adds, bookings and sources, and takes the leases
 * of the other trips that it changes; whether there is any of that.  What
 * others have claimed meanwhile is counted in reg->lost and reg->outbid; the
 * lost bookings are no more allowed in the judgement.  reg->contested: another
 * write has one of the leases.
 */

ngx_uint_t ngx_http_itinerary_registry_is_claim(
    const ngx_http_itinerary_registry_t *reg,
    const itinerary_judgement_t *j);
void ngx_http_itinerary_registry_claim(ngx_http_itinerary_registry_t *reg,
    const itinerary_case_t *c, itinerary_judgement_t *j);

/* the write was refused, here or by the API: gives back claims and leases */

void ngx_http_itinerary_registry_release(ngx_http_itinerary_registry_t *reg);

/*
 * A CREATE is forwarded: a trip that is on record by now is not its own.
 * NGX_ERROR: no memory.
 */

ngx_int_t ngx_http_itinerary_registry_forward(
    ngx_http_itinerary_registry_t *reg);

/*
 * Nobody knows what the write did: keeps the claims, records the numbers of
 * the facts, counts it as a write to every trip that it may have reached, and
 * gives back the leases.  What is listed under an id that has become an alias
 * meanwhile goes to the trip's name.  "j" is all zero where nothing was judged.
 */

void ngx_http_itinerary_registry_doubt(ngx_http_itinerary_registry_t *reg,
    const itinerary_case_t *c, itinerary_judgement_t *j,
    itinerary_facts_t *facts);

/*
 * The write was answered, or the trip shown: records the facts, what the
 * supplier sees now included, and gives back the leases.  A booking that the
 * answer shows under the name of another's is a fact no more.
 */

void ngx_http_itinerary_registry_record(ngx_http_itinerary_registry_t *reg,
    const itinerary_case_t *c, itinerary_judgement_t *j,
    itinerary_facts_t *facts);

/*
 * The facts could not be recorded: writes the note of them, which is in the
 * pool.  NGX_ERROR: no memory.
 */

ngx_int_t ngx_http_itinerary_registry_note(ngx_http_itinerary_registry_t *reg,
    ngx_str_t *text);

/*
 * Takes all from the note, which must stay as long as the registry, and asks
 * what has been recorded since; facts that are older leave the note.  Then what
 * is in the note's case, judgement and facts may be recorded.
 */

void ngx_http_itinerary_registry_recall(ngx_http_itinerary_registry_t *reg,
    itinerary_note_t *note);


#endif /* _NGX_HTTP_ITINERARY_REGISTRY_H_INCLUDED_ */
