
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Claims and other trips' leases, before a write is forwarded, and their
 * release where it came to nothing.
 */


#include "ngx_http_itinerary_registry_step.h"
#include "ngx_http_itinerary_registry_touched.h"


/* the batches of a claim, in reg->step */

typedef enum {
    ngx_http_itinerary_claim_begun = 0,
    ngx_http_itinerary_claim_lost,
    ngx_http_itinerary_claim_bound,
    ngx_http_itinerary_claim_unlisted,
    ngx_http_itinerary_claim_unlisted_twice   /* and from the trip's name */
} ngx_http_itinerary_claim_e;


static ngx_int_t ngx_http_itinerary_registry_add_claims(
    ngx_http_itinerary_registry_t *reg);
static ngx_uint_t ngx_http_itinerary_registry_count_claims(
    ngx_http_itinerary_registry_t *reg);
static void ngx_http_itinerary_registry_settle_claims(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command,
    ngx_uint_t n, ngx_str_t *fact, ngx_uint_t lost);
static ngx_int_t ngx_http_itinerary_registry_add_binds(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_claimed(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_read_binds(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command,
    ngx_uint_t n);
static ngx_int_t ngx_http_itinerary_registry_lost(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_released(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_unlisted(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_unlist(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *trip,
    ngx_uint_t n);


static ngx_str_t  ngx_http_itinerary_empty = ngx_string("");
static ngx_str_t  ngx_http_itinerary_seen = ngx_string("seen");
static ngx_str_t  ngx_http_itinerary_release = ngx_string("release");


ngx_uint_t
ngx_http_itinerary_registry_is_claim(const ngx_http_itinerary_registry_t *reg,
    const itinerary_judgement_t *j)
{
    ngx_uint_t  i;

    for (i = 0; i < j->neffects; i++) {

        if (j->effects[i].claim
            || ngx_http_itinerary_registry_is_touched(reg, &j->effects[i]))
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_itinerary_registry_claim(ngx_http_itinerary_registry_t *reg,
    const itinerary_case_t *c, itinerary_judgement_t *j)
{
    ngx_int_t  rc;

    ngx_http_itinerary_registry_begin(reg, j->neffects + 2,
                                      ngx_http_itinerary_registry_claimed);
    reg->c = c;
    reg->j = j;
    reg->claimed = 1;
    reg->contested = 0;
    reg->lost = 0;
    reg->outbid = 0;
    reg->nbound = 0;

    rc = ngx_http_itinerary_registry_now(reg);

    if (rc == NGX_OK) {
        rc = ngx_http_itinerary_registry_add_claims(reg);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_itinerary_registry_find_touched(reg);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_itinerary_registry_hold_touched(reg);
    }

    ngx_http_itinerary_registry_send(reg, rc);
}


static ngx_int_t
ngx_http_itinerary_registry_add_claims(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                     i, n;
    itinerary_judgement_t         *j;
    ngx_http_itinerary_command_t  *command;

    j = reg->j;
    n = 0;

    for (i = 0; i < j->neffects; i++) {

        if (!j->effects[i].claim) {
            continue;
        }

        n++;

        if (ngx_http_itinerary_registry_add_claim(reg, &j->effects[i].name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (reg->trip.id.len == 0) {
        return NGX_OK;
    }

    /* what is in doubt must not be forgotten: the trip knows it now */

    command = ngx_http_itinerary_registry_add_settle(reg, &reg->trip.id, n,
                                              ngx_http_itinerary_count_none);
    if (command == NULL) {
        return NGX_ERROR;
    }

    command->argv[1] = ngx_http_itinerary_empty;         /* keeps the lease */

    ngx_http_itinerary_registry_settle_claims(reg, command, n,
                                              &ngx_http_itinerary_seen, 0);

    return NGX_OK;
}


static ngx_uint_t
ngx_http_itinerary_registry_count_claims(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t  i, n;

    for (i = 0, n = 0; i < reg->j->neffects; i++) {
        n += reg->j->effects[i].claim;
    }

    return n;
}


/* tells the trip of "n" claims, which may be none; "lost": only of lost ones */

static void
ngx_http_itinerary_registry_settle_claims(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command, ngx_uint_t n, ngx_str_t *fact,
    ngx_uint_t lost)
{
    ngx_uint_t                         i, k;
    itinerary_str_t                    supplier;
    const itinerary_booking_effect_t  *effect;

    supplier = ngx_http_itinerary_core_text(&reg->supplier);

    for (i = 0, k = 0; k < n && i < reg->j->neffects; i++) {

        effect = &reg->j->effects[i];

        if (effect->claim && !(lost && effect->take)) {
            ngx_http_itinerary_registry_settle_booking(command, k++, fact,
                                                       &effect->name,
                                                       &supplier);
        }
    }
}


/* the sources that are bound with the claims, each once */

static ngx_int_t
ngx_http_itinerary_registry_add_binds(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t              i;
    itinerary_str_t        *source;
    itinerary_judgement_t  *j;

    j = reg->j;

    reg->nbound = 0;
    reg->bound = ngx_palloc(reg->pool, j->neffects * sizeof(itinerary_str_t));
    if (reg->bound == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < j->neffects; i++) {

        if (!j->effects[i].bind) {
            continue;
        }

        source = &j->effects[i].source;

        if (ngx_http_itinerary_registry_once(reg->bound, &reg->nbound, source)
            && ngx_http_itinerary_registry_add_bind(reg, source) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_registry_claimed(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                     i;
    itinerary_judgement_t         *j;
    ngx_http_itinerary_command_t  *command;

    if (reg->step == ngx_http_itinerary_claim_lost) {
        return ngx_http_itinerary_registry_check(reg);
    }

    if (reg->step == ngx_http_itinerary_claim_bound) {
        return ngx_http_itinerary_registry_read_binds(reg,
                                                      reg->call.commands.elts,
                                                      reg->nbound);
    }

    j = reg->j;
    command = reg->call.commands.elts;

    for (i = 0; i < j->neffects; i++) {

        if (!j->effects[i].claim) {
            continue;
        }

        if (command->reply.type != NGX_HTTP_ITINERARY_REDIS_INTEGER
            || command->reply.integer < 0 || command->reply.integer > 2)
        {
            return ngx_http_itinerary_registry_surprise(reg, command);
        }

        switch (command++->reply.integer) {

        case 0:

            reg->lost++;

            /* another's now: in audit mode it is forwarded, but not taken */

            j->effects[i].take = 0;
            j->effects[i].allowed = 0;
            break;

        case 2:

            /* not this request's to give back */

            j->effects[i].claim = 0;
            break;
        }
    }

    if (reg->trip.id.len) {

        if (command->reply.type != NGX_HTTP_ITINERARY_REDIS_INTEGER) {
            return ngx_http_itinerary_registry_surprise(reg, command);
        }

        command++;
    }

    if (ngx_http_itinerary_registry_read_touched(reg, command) != NGX_OK) {
        return NGX_ERROR;
    }

    if (reg->lost) {
        return reg->trip.id.len ? ngx_http_itinerary_registry_lost(reg)
                                : NGX_OK;
    }

    /* of two that post the same, the one that has the booking has the source */

    for (i = 0; i < j->neffects; i++) {

        if (!j->effects[i].bind) {
            continue;
        }

        if (ngx_http_itinerary_registry_again(reg,
                                              ngx_http_itinerary_claim_bound,
                                              j->neffects)
            != NGX_OK
            || ngx_http_itinerary_registry_add_binds(reg) != NGX_OK)
        {
            return NGX_ERROR;
        }

        return NGX_AGAIN;
    }

    return NGX_OK;
}


/* keeps in reg->bound what this request has bound */

static ngx_int_t
ngx_http_itinerary_registry_read_binds(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command, ngx_uint_t n)
{
    ngx_uint_t  i;

    reg->nbound = 0;

    for (i = 0; i < n; i++) {

        if (command[i].reply.type != NGX_HTTP_ITINERARY_REDIS_INTEGER
            || command[i].reply.integer < 0 || command[i].reply.integer > 2)
        {
            reg->nbound = n;     /* any of them may be this request's */
            return ngx_http_itinerary_registry_surprise(reg, &command[i]);
        }

        if (command[i].reply.integer == 0) {
            reg->outbid++;

        } else if (command[i].reply.integer == 1) {
            reg->bound[reg->nbound++] = reg->bound[i];
        }
    }

    return NGX_OK;
}


/* the trip must not know as the supplier's what another has claimed */

static ngx_int_t
ngx_http_itinerary_registry_lost(ngx_http_itinerary_registry_t *reg)
{
    ngx_http_itinerary_command_t  *command;

    if (ngx_http_itinerary_registry_again(reg, ngx_http_itinerary_claim_lost,
                                          1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    command = ngx_http_itinerary_registry_add_settle(reg, &reg->trip.id,
                                              reg->lost,
                                              ngx_http_itinerary_count_none);
    if (command == NULL) {
        return NGX_ERROR;
    }

    command->argv[1] = ngx_http_itinerary_empty;         /* keeps the lease */

    ngx_http_itinerary_registry_settle_claims(reg, command, reg->lost,
                                              &ngx_http_itinerary_release, 1);

    return NGX_AGAIN;
}


void
ngx_http_itinerary_registry_release(ngx_http_itinerary_registry_t *reg)
{
    ngx_int_t               rc;
    ngx_uint_t              i, n;
    itinerary_judgement_t  *j;

    j = reg->claimed ? reg->j : NULL;
    n = 0;

    ngx_http_itinerary_registry_begin(reg, j ? j->neffects + 2 : 2,
                                      ngx_http_itinerary_registry_released);

    rc = ngx_http_itinerary_registry_now(reg);

    for (i = 0; j && i < j->neffects && rc == NGX_OK; i++) {

        if (j->effects[i].claim) {
            n++;
            rc = ngx_http_itinerary_registry_add_booking(reg,
                                                 &j->effects[i].name,
                                                 &ngx_http_itinerary_release);
        }
    }

    for (i = 0; j && i < reg->nbound && rc == NGX_OK; i++) {
        rc = ngx_http_itinerary_registry_add_bound(reg, &reg->bound[i], 0);
    }

    if (rc == NGX_OK && reg->trip.id.len && reg->leased && n == 0) {
        rc = ngx_http_itinerary_registry_unlist(reg, &reg->trip.id, 0);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_itinerary_registry_settle_lease(reg,
                                               ngx_http_itinerary_count_none);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_itinerary_registry_settle_touched(reg,
                                               ngx_http_itinerary_count_none);
    }

    ngx_http_itinerary_registry_send(reg, rc);
}


/*
 * The trip learns which claims were given back: what another request of the
 * supplier has made its own meanwhile stays in the list.
 */

static ngx_int_t
ngx_http_itinerary_registry_released(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                     i, n;
    itinerary_judgement_t         *j;
    ngx_http_itinerary_command_t  *command;

    if (ngx_http_itinerary_registry_check(reg) != NGX_OK) {
        return NGX_ERROR;
    }

    if (reg->step == ngx_http_itinerary_claim_unlisted) {
        return ngx_http_itinerary_registry_unlisted(reg);
    }

    if (reg->step == ngx_http_itinerary_claim_unlisted_twice) {
        reg->leased = 0;
        reg->claimed = 0;

        return NGX_OK;
    }

    j = reg->claimed && reg->trip.id.len ? reg->j : NULL;

    command = reg->call.commands.elts;

    for (i = 0, n = 0; j && i < j->neffects; i++) {

        if (!j->effects[i].claim) {
            continue;
        }

        n++;

        if (command++->reply.integer == 2) {
            j->effects[i].claim = 0;
        }
    }

    if (n == 0) {
        reg->leased = 0;
        reg->claimed = 0;

        return NGX_OK;
    }

    n = ngx_http_itinerary_registry_count_claims(reg);

    if (ngx_http_itinerary_registry_again(reg,
                                          ngx_http_itinerary_claim_unlisted, 2)
        != NGX_OK
        || ngx_http_itinerary_registry_unlist(reg, &reg->trip.id, n) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* then, since what is listed may be on its way to the trip's name */

    if (!reg->trip.known
        && ngx_http_itinerary_registry_add_get(reg, "alias:", &reg->trip.id)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_itinerary_registry_unlisted(ngx_http_itinerary_registry_t *reg)
{
    ngx_str_t                      alias;
    ngx_uint_t                     n;
    itinerary_str_t                trip;
    ngx_http_itinerary_command_t  *command;

    reg->leased = 0;

    if (!reg->trip.known) {

        command = reg->call.commands.elts;

        if (ngx_http_itinerary_registry_read_text(reg, &command[1], &alias)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        n = ngx_http_itinerary_registry_count_claims(reg);

        if (alias.data && n) {

            trip = ngx_http_itinerary_core_text(&alias);

            return ngx_http_itinerary_registry_again(reg,
                                       ngx_http_itinerary_claim_unlisted_twice,
                                       1)
                   == NGX_OK
                   && ngx_http_itinerary_registry_unlist(reg, &trip, n)
                      == NGX_OK
                   ? NGX_AGAIN : NGX_ERROR;
        }
    }

    reg->claimed = 0;

    return NGX_OK;
}


/* takes "n" claims off a trip's list; gives back the lease */

static ngx_int_t
ngx_http_itinerary_registry_unlist(ngx_http_itinerary_registry_t *reg,
    const itinerary_str_t *trip, ngx_uint_t n)
{
    ngx_http_itinerary_command_t  *command;

    command = ngx_http_itinerary_registry_add_settle(reg, trip, n,
                                              ngx_http_itinerary_count_none);
    if (command == NULL) {
        return NGX_ERROR;
    }

    ngx_http_itinerary_registry_settle_claims(reg, command, n,
                                              &ngx_http_itinerary_release, 0);

    return NGX_OK;
}
