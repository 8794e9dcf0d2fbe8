
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What became of a write that was forwarded, and what the supplier was shown:
 * the registry's records.
 */


#include "ngx_http_itinerary_registry_shown.h"
#include "ngx_http_itinerary_registry_step.h"
#include "ngx_http_itinerary_registry_touched.h"


/* the batches of a record, in reg->step */

typedef enum {
    ngx_http_itinerary_record_begun = 0,
    ngx_http_itinerary_record_named
} ngx_http_itinerary_record_e;


static ngx_int_t ngx_http_itinerary_registry_recorded(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_name(
    ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t **command, ngx_uint_t *fresh);
static ngx_int_t ngx_http_itinerary_registry_read_ids(
    ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t **command, itinerary_str_t *known);
static void ngx_http_itinerary_registry_add_asked(
    ngx_http_itinerary_registry_t *reg);
static ngx_uint_t ngx_http_itinerary_registry_is_asked(
    const itinerary_booking_fact_t *fact);
static ngx_int_t ngx_http_itinerary_registry_read_seen(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command);
static ngx_int_t ngx_http_itinerary_registry_add_aliases(
    ngx_http_itinerary_registry_t *reg);
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
    itinerary_facts_t *facts)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    ngx_http_itinerary_registry_begin(reg, reg->nbound + reg->ntouched
                                      + facts->nnumbers + 1,
                                      ngx_http_itinerary_registry_check);

    reg->facts = facts;

    rc = ngx_http_itinerary_registry_now(reg);

    for (i = 0; i < reg->nbound && rc == NGX_OK; i++) {
        rc = ngx_http_itinerary_registry_add_bound(reg, &reg->bound[i], 1);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_itinerary_registry_add_numbers(reg);
    }

    if (rc == NGX_OK && reg->trip.id.len
        && ngx_http_itinerary_registry_add_settle(reg, &reg->trip.id, 0,
                                              ngx_http_itinerary_count_known)
           == NULL)
    {
        rc = NGX_ERROR;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_itinerary_registry_settle_lease(reg,
                                              ngx_http_itinerary_count_known);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_itinerary_registry_settle_touched(reg,
                                              ngx_http_itinerary_count_known);
    }

    ngx_http_itinerary_registry_send(reg, rc);
}


void
ngx_http_itinerary_registry_record(ngx_http_itinerary_registry_t *reg,
    const itinerary_case_t *c, itinerary_judgement_t *j,
    itinerary_facts_t *facts)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    ngx_http_itinerary_registry_begin(reg, facts->nids * 2,
                                      ngx_http_itinerary_registry_recorded);

    reg->c = c;
    reg->j = j;
    reg->facts = facts;

    rc = ngx_http_itinerary_registry_now(reg);

    /* which of the answer's ids is known? */

    for (i = 0; i < facts->nids && rc == NGX_OK; i++) {

        if (itinerary_equal(&facts->ids[i], &reg->trip.id)) {
            continue;
        }

        rc = ngx_http_itinerary_registry_add_get(reg, "alias:",
                                          (itinerary_str_t *) &facts->ids[i]);

        if (rc == NGX_OK) {
            rc = ngx_http_itinerary_registry_add_get(reg, "trip:",
                                          (itinerary_str_t *) &facts->ids[i]);
        }
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
    ngx_uint_t                     fresh;
    const itinerary_facts_t       *facts;
    ngx_http_itinerary_command_t  *command;

    if (reg->step == ngx_http_itinerary_record_named) {
        return ngx_http_itinerary_registry_check(reg);
    }

    facts = reg->facts;
    command = reg->call.commands.elts;

    if (ngx_http_itinerary_registry_name(reg, &command, &fresh) != NGX_OK
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

    if (ngx_http_itinerary_registry_add_aliases(reg) != NGX_OK
        || ngx_http_itinerary_registry_add_bookings(reg) != NGX_OK
        || ngx_http_itinerary_registry_add_numbers(reg) != NGX_OK
        || ngx_http_itinerary_registry_add_facts(reg) != NGX_OK
        || ngx_http_itinerary_registry_show(reg, fresh) != NGX_OK
        || ngx_http_itinerary_registry_settle_touched(reg,
                                              ngx_http_itinerary_count_known)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


/*
 * The trip that was asked for, if it is known; else the first known of the
 * answer's ids names the trip.  The others become aliases, but an id that is
 * already a trip never does: if it is another one, the answer is strange.
 * "fresh": none was known.
 */

static ngx_int_t
ngx_http_itinerary_registry_name(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t **command, ngx_uint_t *fresh)
{
    ngx_uint_t                i;
    itinerary_str_t           trip, asked, known[3];
    const itinerary_facts_t  *facts;

    facts = reg->facts;
    asked = reg->trip.id;

    if (ngx_http_itinerary_registry_read_ids(reg, command, known) != NGX_OK) {
        return NGX_ERROR;
    }

    trip.len = 0;
    reg->nids = 0;
    reg->strange = 0;

    if (reg->c->given && reg->trip.known) {
        trip = asked;
    }

    for (i = 0; i < facts->nids; i++) {

        if (known[i].len == 0) {
            reg->ids[reg->nids++] = facts->ids[i];

        } else if (trip.len == 0) {
            trip = known[i];

        } else if (!itinerary_equal(&trip, &known[i])) {
            reg->strange = 1;
        }
    }

    *fresh = trip.len == 0;

    if (reg->c->given && !reg->trip.known) {

        if (trip.len == 0) {

            /* by whichever id it is read, the trip has one name */

            trip = reg->c->operation == ITINERARY_OP_READ && facts->nids
                   ? facts->ids[0] : asked;

        } else if (reg->c->operation != ITINERARY_OP_READ) {
            ngx_log_error(NGX_LOG_ERR, reg->log, 0,
                          "itinerary: request \"%V\" wrote to the trip "
                          "\"%*s\" by its unknown id \"%*s\"", &reg->request,
                          trip.len, trip.data, asked.len, asked.data);
        }

        ngx_http_itinerary_registry_add_asked(reg);
    }

    if (trip.len == 0) {
        trip = reg->nids ? reg->ids[0] : asked;
    }

    reg->trip.id = trip;

    return NGX_OK;
}


/* for which trips do the answer's ids stand?  Empty: for none that is known */

static ngx_int_t
ngx_http_itinerary_registry_read_ids(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t **command, itinerary_str_t *known)
{
    ngx_str_t         alias, state;
    ngx_uint_t        i;
    itinerary_str_t  *ids;

    ids = reg->facts->ids;

    for (i = 0; i < reg->facts->nids; i++) {

        known[i].len = 0;

        if (itinerary_equal(&ids[i], &reg->trip.id)) {

            if (reg->trip.known) {
                known[i] = ids[i];
            }

            continue;
        }

        if (ngx_http_itinerary_registry_read_text(reg, (*command)++, &alias)
            != NGX_OK
            || ngx_http_itinerary_registry_read_text(reg, (*command)++, &state)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (state.data) {
            known[i] = ids[i];

        } else if (alias.data) {
            known[i] = ngx_http_itinerary_core_text(&alias);
        }
    }

    return NGX_OK;
}


/*
 * The id that was asked for stands for the answer's trip; but a booking the
 * API may have found elsewhere, by its name.
 */

static void
ngx_http_itinerary_registry_add_asked(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t  i;

    if (reg->c->operation == ITINERARY_OP_BOOK
        || reg->c->operation == ITINERARY_OP_CANCEL_BOOKING)
    {
        return;
    }

    for (i = 0; i < reg->nids; i++) {
        if (itinerary_equal(&reg->ids[i], &reg->trip.id)) {
            return;
        }
    }

    reg->ids[reg->nids++] = reg->trip.id;
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
ngx_http_itinerary_registry_add_aliases(ngx_http_itinerary_registry_t *reg)
{
    ngx_str_t   key, trip;
    ngx_uint_t  i;

    static ngx_str_t  set = ngx_string("SET");
    static ngx_str_t  nx = ngx_string("NX");

    /* of an unknown trip, too: what is listed of it is found by either id */

    if (reg->j->error.reason == ITINERARY_AMBIGUOUS_BODY) {
        return NGX_OK;
    }

    trip = ngx_http_itinerary_text(&reg->trip.id);

    for (i = 0; i < reg->nids; i++) {

        if (itinerary_equal(&reg->ids[i], &reg->trip.id)) {
            continue;
        }

        if (ngx_http_itinerary_registry_key(reg, &key, "alias:", &reg->ids[i],
                                            0)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (ngx_http_itinerary_redis_add(&reg->call, NULL, 4, &set, &key,
                                         &trip, &nx)
            == NULL)
        {
            return NGX_ERROR;
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


/* what became of the trip; the lease may be another's, or of another name */

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

    if (ngx_http_itinerary_registry_settle_lease(reg,
                                              ngx_http_itinerary_count_known)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (reg->trip.id.len == 0) {
        return NGX_OK;
    }

    n = 0;

    for (i = 0; i < facts->nbookings; i++) {
        n += ngx_http_itinerary_registry_is_listed(reg, i);
    }

    count = j->record ? ngx_http_itinerary_count_write
                      : ngx_http_itinerary_count_known;

    if (reg->c->operation == ITINERARY_OP_READ) {

        if (n == 0 && reg->trip.known) {
            return NGX_OK;
        }

        /*
         * The API has put a booking into the trip without saying so.  Views
         * in which it is not are not of the trip as it is now; nobody sees in
         * them that it is gone.
         */

        reg->found = reg->trip.known;

        count = reg->found ? ngx_http_itinerary_count_known
                           : ngx_http_itinerary_count_found;
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

    command->argv[3] = *ngx_http_itinerary_registry_state(reg);

    supplier = ngx_http_itinerary_core_text(&reg->supplier);

    for (i = 0, n = 0; i < facts->nbookings; i++) {

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

    if (j->verdict == ITINERARY_DENY) {

        /* in audit mode: what it did to the trip as a whole is unknown */

        return &ngx_http_itinerary_empty;
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
