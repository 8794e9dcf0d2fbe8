
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What became of a write that was forwarded, and what the supplier was shown:
 * the registry's records.
 */


#include "ngx_http_itinerary_registry_name.h"
#include "ngx_http_itinerary_registry_shown.h"
#include "ngx_http_itinerary_registry_step.h"
#include "ngx_http_itinerary_registry_touched.h"


/* the batches of a record, in reg->step */

typedef enum {
    ngx_http_itinerary_record_begun = 0,
    ngx_http_itinerary_record_named,
    ngx_http_itinerary_record_shown     /* what a GET shows, and has found */
} ngx_http_itinerary_record_e;


static ngx_int_t ngx_http_itinerary_registry_doubted(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_add_doubt(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_recorded(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_counted(
    ngx_http_itinerary_registry_t *reg);
static ngx_uint_t ngx_http_itinerary_registry_is_asked(
    const itinerary_booking_fact_t *fact);
static ngx_int_t ngx_http_itinerary_registry_read_seen(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command);
static ngx_int_t ngx_http_itinerary_registry_add_bookings(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_add_numbers(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_add_facts(
    ngx_http_itinerary_registry_t *reg);
static ngx_uint_t ngx_http_itinerary_registry_is_listed(
    ngx_http_itinerary_registry_t *reg, ngx_uint_t i);
static ngx_str_t *ngx_http_itinerary_registry_state(
    ngx_http_itinerary_registry_t *reg);


static ngx_str_t  ngx_http_itinerary_empty = ngx_string("");
static ngx_str_t  ngx_http_itinerary_active = ngx_string("active");
static ngx_str_t  ngx_http_itinerary_cancelled = ngx_string("cancelled");
static ngx_str_t  ngx_http_itinerary_known = ngx_string("known");
static ngx_str_t  ngx_http_itinerary_alive = ngx_string("alive");

/* what the scripts are told, in the order of itinerary_fact_e */

static ngx_str_t  ngx_http_itinerary_booking_facts[] = {
    ngx_string("own"),
    ngx_string("own"),
    ngx_string("seen"),
    ngx_string("cancelled"),
    ngx_string("cancelled")
};

static ngx_str_t  ngx_http_itinerary_trip_facts[] = {
    ngx_string("own"),
    ngx_string("renamed"),
    ngx_string("seen"),
    ngx_string("cancelled"),
    ngx_string("cancelled")
};


ngx_int_t
ngx_http_itinerary_registry_forward(ngx_http_itinerary_registry_t *reg)
{
    if (ngx_http_itinerary_registry_now(reg) != NGX_OK) {
        return NGX_ERROR;
    }

    reg->since = reg->at;

    return NGX_OK;
}


void
ngx_http_itinerary_registry_doubt(ngx_http_itinerary_registry_t *reg,
    const itinerary_case_t *c, itinerary_judgement_t *j,
    itinerary_facts_t *facts)
{
    ngx_int_t  rc;

    ngx_http_itinerary_registry_begin(reg, reg->nbound + reg->ntouched
                                      + facts->nnumbers + 4,
                                      ngx_http_itinerary_registry_doubted);

    reg->c = c;
    reg->j = j;
    reg->facts = facts;

    rc = ngx_http_itinerary_registry_now(reg);

    if (rc == NGX_OK) {
        rc = ngx_http_itinerary_registry_add_trip_ids(reg);
    }

    if (rc == NGX_OK && reg->call.commands.nelts == 0) {

        /* the trip is known, or there is none */

        reg->step = ngx_http_itinerary_record_named;
        rc = ngx_http_itinerary_registry_add_doubt(reg);
    }

    ngx_http_itinerary_registry_send(reg, rc);
}


static ngx_int_t
ngx_http_itinerary_registry_doubted(ngx_http_itinerary_registry_t *reg)
{
    ngx_http_itinerary_command_t  *command;

    if (reg->step == ngx_http_itinerary_record_named) {
        return ngx_http_itinerary_registry_check(reg);
    }

    command = reg->call.commands.elts;

    if (ngx_http_itinerary_registry_name(reg, &command) != NGX_OK
        || ngx_http_itinerary_registry_again(reg,
                                             ngx_http_itinerary_record_named,
                                             reg->facts->nnumbers + 8)
           != NGX_OK
        || ngx_http_itinerary_registry_add_doubt(reg) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_itinerary_registry_add_doubt(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                     i;
    ngx_http_itinerary_command_t  *command;

    for (i = 0; i < reg->nbound; i++) {
        if (ngx_http_itinerary_registry_add_bound(reg, &reg->bound[i], 1)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_http_itinerary_registry_add_numbers(reg) != NGX_OK) {
        return NGX_ERROR;
    }

    if (reg->trip.id.len) {

        command = ngx_http_itinerary_registry_add_settle(reg, &reg->trip.id,
                                              reg->ncarried,
                                              ngx_http_itinerary_count_write);
        if (command == NULL) {
            return NGX_ERROR;
        }

        if (reg->keeps) {
            command->argv[1] = ngx_http_itinerary_empty;
        }

        (void) ngx_http_itinerary_registry_settle_carried(reg, command, 0);
    }

    if (ngx_http_itinerary_registry_add_aliases(reg) != NGX_OK
        || ngx_http_itinerary_registry_settle_lease(reg,
                                              ngx_http_itinerary_count_write)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_registry_settle_touched(reg,
                                              ngx_http_itinerary_count_write);
}


void
ngx_http_itinerary_registry_record(ngx_http_itinerary_registry_t *reg,
    const itinerary_case_t *c, itinerary_judgement_t *j,
    itinerary_facts_t *facts)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    ngx_http_itinerary_registry_begin(reg, facts->nids * 2 + 2,
                                      ngx_http_itinerary_registry_recorded);

    reg->c = c;
    reg->j = j;
    reg->facts = facts;
    reg->finding = 0;
    reg->found = 0;

    rc = reg->recalled ? NGX_OK : ngx_http_itinerary_registry_now(reg);

    if (rc == NGX_OK) {
        rc = ngx_http_itinerary_registry_add_trip_ids(reg);
    }

    /* whose are the bookings that were there already? */

    for (i = 0; i < facts->nbookings && rc == NGX_OK; i++) {

        if (ngx_http_itinerary_registry_is_asked(&facts->bookings[i])) {
            rc = ngx_http_itinerary_registry_add_record(reg,
                                                   &facts->bookings[i].name);
        }
    }

    if (rc == NGX_OK && facts->nbookings) {
        reg->records = ngx_pcalloc(reg->pool, facts->nbookings
                                              * sizeof(itinerary_record_t));
        if (reg->records == NULL) {
            rc = NGX_ERROR;
        }
    }

    ngx_http_itinerary_registry_send(reg, rc);
}


static ngx_int_t
ngx_http_itinerary_registry_recorded(ngx_http_itinerary_registry_t *reg)
{
    const itinerary_facts_t       *facts;
    ngx_http_itinerary_command_t  *command;

    if (reg->step == ngx_http_itinerary_record_named) {
        return ngx_http_itinerary_registry_counted(reg);
    }

    if (reg->step == ngx_http_itinerary_record_shown) {
        return ngx_http_itinerary_registry_check(reg);
    }

    facts = reg->facts;
    command = reg->call.commands.elts;

    if (ngx_http_itinerary_registry_name(reg, &command) != NGX_OK
        || ngx_http_itinerary_registry_read_seen(reg, command) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_itinerary_registry_again(reg,
                                          ngx_http_itinerary_record_named,
                                          facts->nbookings + facts->nnumbers
                                          + 8)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (reg->strange && reg->c->operation == ITINERARY_OP_READ) {

        /* what is shown is of another trip than was asked for */

        return ngx_http_itinerary_registry_add_blind(reg) == NGX_OK
               ? NGX_AGAIN : NGX_ERROR;
    }

    if (ngx_http_itinerary_registry_add_bookings(reg) != NGX_OK
        || ngx_http_itinerary_registry_add_numbers(reg) != NGX_OK
        || ngx_http_itinerary_registry_add_facts(reg) != NGX_OK
        || ngx_http_itinerary_registry_add_aliases(reg) != NGX_OK
        || ngx_http_itinerary_registry_settle_lease(reg,
                                              ngx_http_itinerary_count_write)
           != NGX_OK
        || (reg->finding == 0
            && ngx_http_itinerary_registry_show(reg) != NGX_OK)
        || ngx_http_itinerary_registry_settle_touched(reg,
                                              ngx_http_itinerary_count_write)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


/*
 * What a GET has found counts as a write, unless another has found it first.
 * The view is of the trip as it was looked up, and of that write: it can be
 * told only when Redis has counted it.
 */

static ngx_int_t
ngx_http_itinerary_registry_counted(ngx_http_itinerary_registry_t *reg)
{
    ngx_http_itinerary_command_t  *command;

    if (ngx_http_itinerary_registry_check(reg) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_itinerary_registry_find_given_back(reg) != NGX_OK) {
        return NGX_ERROR;
    }

    if (reg->finding == 0 && reg->ngiven_back == 0) {
        return NGX_OK;
    }

    if (reg->finding == 0) {
        return ngx_http_itinerary_registry_again(reg,
                                          ngx_http_itinerary_record_shown, 1)
               == NGX_OK
               && ngx_http_itinerary_registry_add_given_back(reg) == NGX_OK
               ? NGX_AGAIN : NGX_ERROR;
    }

    command = reg->call.commands.elts;
    command += reg->finding - 1;

    if (command->reply.type != NGX_HTTP_ITINERARY_REDIS_INTEGER
        || command->reply.integer < 0 || command->reply.integer > 1)
    {
        return ngx_http_itinerary_registry_surprise(reg, command);
    }

    reg->found = command->reply.integer;

    if (ngx_http_itinerary_registry_again(reg,
                                          ngx_http_itinerary_record_shown, 2)
        != NGX_OK
        || ngx_http_itinerary_registry_add_given_back(reg) != NGX_OK
        || ngx_http_itinerary_registry_show(reg) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return reg->call.commands.nelts ? NGX_AGAIN : NGX_OK;
}


/* what the registry knows of it decides about the fact */

static ngx_uint_t
ngx_http_itinerary_registry_is_asked(const itinerary_booking_fact_t *fact)
{
    return fact->fact == ITINERARY_FACT_SEEN || fact->renamed;
}


static ngx_int_t
ngx_http_itinerary_registry_read_seen(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command)
{
    ngx_uint_t                 i;
    itinerary_str_t           *owner;
    itinerary_booking_fact_t  *fact;

    for (i = 0; i < reg->facts->nbookings; i++) {

        fact = &reg->facts->bookings[i];

        if (!ngx_http_itinerary_registry_is_asked(fact)) {
            continue;
        }

        if (ngx_http_itinerary_registry_read_record(reg, command++,
                                                    &reg->records[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        owner = &reg->records[i].owner;

        if (fact->renamed && owner->len
            && !ngx_http_itinerary_registry_is_own(reg, owner))
        {
            /* not another name of the supplier's booking, but another's */

            fact->fact = ITINERARY_FACT_SEEN;
            reg->facts->bookings[fact->renamed - 1].fact = ITINERARY_FACT_OWN;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_registry_add_bookings(ngx_http_itinerary_registry_t *reg)
{
    ngx_str_t                       *what;
    ngx_uint_t                       i;
    const itinerary_booking_fact_t  *fact;

    for (i = 0; i < reg->facts->nbookings; i++) {

        fact = &reg->facts->bookings[i];

        if (fact->fact == ITINERARY_FACT_SEEN && !reg->j->record) {
            continue;
        }

        what = fact->fact == ITINERARY_FACT_SEEN && fact->alive
               ? &ngx_http_itinerary_alive
               : &ngx_http_itinerary_booking_facts[fact->fact];

        if (ngx_http_itinerary_registry_add_booking(reg, &fact->name, what)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < reg->nbound; i++) {
        if (ngx_http_itinerary_registry_add_bound(reg, &reg->bound[i], 1)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_registry_add_numbers(ngx_http_itinerary_registry_t *reg)
{
    const itinerary_number_t  *number;

    for (number = reg->facts->numbers; number; number = number->next) {

        if (ngx_http_itinerary_registry_add_number(reg, &number->source,
                                                   &number->number,
                                                   &number->locator)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * What became of the trip.  Its lease is given back later where there are
 * aliases: until they are on record, a write by one of them is another trip's.
 */

static ngx_int_t
ngx_http_itinerary_registry_add_facts(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                       i, n;
    itinerary_str_t                  supplier;
    const itinerary_facts_t         *facts;
    ngx_http_itinerary_count_e       count;
    const itinerary_judgement_t     *j;
    ngx_http_itinerary_command_t    *command;
    const itinerary_booking_fact_t  *fact;

    j = reg->j;
    facts = reg->facts;

    if (reg->trip.id.len == 0) {
        return NGX_OK;
    }

    n = reg->ncarried;

    for (i = 0; i < facts->nbookings; i++) {
        n += ngx_http_itinerary_registry_is_listed(reg, i);
    }

    count = ngx_http_itinerary_count_write;

    if (reg->c->operation == ITINERARY_OP_READ) {

        if (n == 0 && reg->trip.known && !reg->overtaken) {
            return NGX_OK;
        }

        /*
         * The API has put a booking into the trip without saying so.  Views
         * in which it is not are not of the trip as it is now; nobody sees in
         * them that it is gone.  That goes for what was written by another id
         * of the trip, too.
         */

        if (!reg->overtaken) {
            count = ngx_http_itinerary_count_found;
        }

        reg->finding = reg->call.commands.nelts + 1;
    }

    command = ngx_http_itinerary_registry_add_settle(reg, &reg->trip.id, n,
                                                     count);
    if (command == NULL) {
        return NGX_ERROR;
    }

    if (j->create && !facts->merged) {
        command->argv[2] = reg->supplier;

        if (reg->c->operation == ITINERARY_OP_CREATE) {
            command->argv[6] = reg->since;
        }
    }

    if (reg->keeps) {
        command->argv[1] = ngx_http_itinerary_empty;
    }

    command->argv[3] = *ngx_http_itinerary_registry_state(reg);

    supplier = ngx_http_itinerary_core_text(&reg->supplier);

    n = ngx_http_itinerary_registry_settle_carried(reg, command, 0);

    for (i = 0; i < facts->nbookings; i++) {

        fact = &facts->bookings[i];

        if (ngx_http_itinerary_registry_is_listed(reg, i)) {
            ngx_http_itinerary_registry_settle_booking(command, n++,
                                   &ngx_http_itinerary_trip_facts[fact->fact],
                                   &fact->name,
                                   fact->fact == ITINERARY_FACT_SEEN
                                   ? &reg->records[i].owner : &supplier);
        }
    }

    return NGX_OK;
}


/*
 * A cancelled booking stays in the document, but is no more in the trip.  Of
 * a trip of which nothing is recorded, the supplier's own bookings are, so that
 * nobody removes them.
 */

static ngx_uint_t
ngx_http_itinerary_registry_is_listed(ngx_http_itinerary_registry_t *reg,
    ngx_uint_t i)
{
    const itinerary_booking_fact_t  *fact;

    fact = &reg->facts->bookings[i];

    if (fact->fact != ITINERARY_FACT_SEEN) {
        return 1;
    }

    return reg->j->record
           && (fact->alive
               || reg->records[i].state == ITINERARY_STATE_ACTIVE
               || reg->records[i].state == ITINERARY_STATE_PENDING);
}


/* the trip's state after the write */

static ngx_str_t *
ngx_http_itinerary_registry_state(ngx_http_itinerary_registry_t *reg)
{
    const itinerary_judgement_t  *j;

    j = reg->j;

    if (!j->record) {
        return &ngx_http_itinerary_empty;
    }

    if (reg->c->operation == ITINERARY_OP_BOOK && reg->facts->nids == 0) {

        /* an id that no answer has shown may be another's */

        return &ngx_http_itinerary_empty;
    }

    if (j->verdict == ITINERARY_DENY) {

        /* in audit mode: what it did to the trip as a whole is unknown */

        return &ngx_http_itinerary_empty;
    }

    if (reg->late) {
        return j->cancel || reg->c->operation == ITINERARY_OP_CANCEL
               ? &ngx_http_itinerary_empty : &ngx_http_itinerary_known;
    }

    if (j->cancel) {
        return &ngx_http_itinerary_cancelled;
    }

    switch (reg->c->operation) {

    case ITINERARY_OP_CREATE:
        return &ngx_http_itinerary_active;

    case ITINERARY_OP_UPDATE:
        return j->echo ? &ngx_http_itinerary_known
                       : &ngx_http_itinerary_active;

    case ITINERARY_OP_CANCEL:
        return &ngx_http_itinerary_empty;

    default:
        return &ngx_http_itinerary_known;
    }
}
