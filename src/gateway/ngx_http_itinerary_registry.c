
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_registry_command.h"


static void ngx_http_itinerary_registry_begin(
    ngx_http_itinerary_registry_t *reg, ngx_uint_t n,
    ngx_int_t (*next)(ngx_http_itinerary_registry_t *reg));
static void ngx_http_itinerary_registry_send(
    ngx_http_itinerary_registry_t *reg, ngx_int_t rc);
static void ngx_http_itinerary_registry_done(
    ngx_http_itinerary_redis_call_t *call);
static ngx_int_t ngx_http_itinerary_registry_looked_up(
    ngx_http_itinerary_registry_t *reg);
static ngx_uint_t ngx_http_itinerary_registry_is_own(
    ngx_http_itinerary_registry_t *reg, itinerary_str_t *owner);
static ngx_int_t ngx_http_itinerary_registry_viewed(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_claimed(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_lost(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_released(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_check(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_named(
    ngx_http_itinerary_registry_t *reg);

static ngx_int_t ngx_http_itinerary_registry_add_facts(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_add_aliases(
    ngx_http_itinerary_registry_t *reg);


static ngx_str_t  ngx_http_itinerary_empty = ngx_string("");
static ngx_str_t  ngx_http_itinerary_active = ngx_string("active");
static ngx_str_t  ngx_http_itinerary_release = ngx_string("release");

/* in the order of itinerary_fact_e */

static ngx_str_t  ngx_http_itinerary_facts[] = {
    ngx_string("own"),
    ngx_string("seen"),
    ngx_string("cancelled"),
    ngx_string("cancelled")
};


void
ngx_http_itinerary_registry_lookup(ngx_http_itinerary_registry_t *reg,
    ngx_str_t *token, itinerary_str_t *trip, ngx_uint_t lease)
{
    ngx_int_t        rc;
    itinerary_str_t  id;

    ngx_http_itinerary_registry_begin(reg, 4,
                                      ngx_http_itinerary_registry_looked_up);

    rc = ngx_http_itinerary_registry_add_id(reg);

    if (token && rc == NGX_OK) {
        id.len = token->len;
        id.data = token->data;

        rc = ngx_http_itinerary_registry_add_get(reg, "token:", &id);
    }

    if (trip && rc == NGX_OK) {
        reg->trip.id = *trip;

        rc = ngx_http_itinerary_registry_add_get(reg, "alias:", trip);

        if (rc == NGX_OK) {
            rc = ngx_http_itinerary_registry_add_trip(reg, lease,
                                                      &reg->supplier);
        }
    }

    ngx_http_itinerary_registry_send(reg, rc);
}


static ngx_int_t
ngx_http_itinerary_registry_looked_up(ngx_http_itinerary_registry_t *reg)
{
    ngx_str_t                      alias;
    ngx_uint_t                     lease;
    ngx_http_itinerary_command_t  *command, *last;

    command = reg->call.commands.elts;
    last = command + reg->call.commands.nelts;

    if (reg->step == 0
        && ngx_http_itinerary_registry_read_id(reg, command++) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (reg->step == 0 && reg->supplier.data == NULL) {

        if (ngx_http_itinerary_registry_read_text(reg, command,
                                                  &reg->supplier)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (reg->supplier.data == NULL) {
            ngx_str_set(&reg->supplier, "");
        }

        command++;
    }

    if (command == last) {
        return NGX_OK;
    }

    lease = last[-1].script != NULL;

    if (reg->step == 0) {

        if (ngx_http_itinerary_registry_read_text(reg, command, &alias)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (alias.data) {

            /* another id of a trip: that is the one to look at */

            reg->trip.id.len = alias.len;
            reg->trip.id.data = alias.data;
            reg->step = 1;

            if (ngx_http_itinerary_redis_call_init(&reg->call, reg->pool,
                                                   reg->log, 1)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            if (ngx_http_itinerary_registry_add_trip(reg, lease,
                                                     &reg->supplier)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            return NGX_AGAIN;
        }
    }

    return ngx_http_itinerary_registry_read_trip(reg, last - 1, lease);
}


void
ngx_http_itinerary_registry_view(ngx_http_itinerary_registry_t *reg,
    itinerary_operation_e operation, const itinerary_document_t *document,
    ngx_uint_t anybody)
{
    ngx_int_t         rc;
    ngx_uint_t        i, n;
    itinerary_str_t  *id, *ids[3];

    n = document ? document->nbookings : reg->trip.nbookings;

    ngx_http_itinerary_registry_begin(reg, n + 5,
                                      ngx_http_itinerary_registry_viewed);
    rc = NGX_OK;
    reg->nids = 0;

    if (!reg->known) {
        rc = ngx_http_itinerary_registry_add_id(reg);
    }

    if (document && rc == NGX_OK) {
        ids[0] = (itinerary_str_t *) &document->id;
        ids[1] = (itinerary_str_t *) &document->itin_locator;
        ids[2] = (itinerary_str_t *) &document->trip_id;

        for (i = 0; i < 3 && rc == NGX_OK; i++) {
            id = ids[i];

            if (id->len == 0) {
                continue;
            }

            reg->body_ids[reg->nids++] = *id;

            rc = ngx_http_itinerary_registry_add_get(reg, "alias:", id);
        }

        for (i = 0; i < n && rc == NGX_OK; i++) {
            rc = ngx_http_itinerary_registry_add_state(reg,
                                                 &document->bookings[i].name);
        }

        if (rc == NGX_OK && n) {
            reg->records = ngx_pcalloc(reg->pool,
                                       n * sizeof(itinerary_record_t));
            if (reg->records == NULL) {
                rc = NGX_ERROR;
            }
        }

    } else if (operation == ITINERARY_OP_CANCEL && rc == NGX_OK
               && !ngx_http_itinerary_registry_is_own(reg, &reg->trip.owner))
    {
        for (i = 0; i < n && rc == NGX_OK; i++) {

            if (ngx_http_itinerary_registry_is_own(reg,
                                               &reg->trip.bookings[i].owner))
            {
                rc = ngx_http_itinerary_registry_add_state(reg,
                                                 &reg->trip.bookings[i].name);
            }
        }
    }

    if (operation != ITINERARY_OP_CREATE && !reg->leased && rc == NGX_OK) {
        rc = ngx_http_itinerary_registry_add_trip(reg, 1,
                                         anybody ? &ngx_http_itinerary_empty
                                                 : &reg->supplier);
    }

    ngx_http_itinerary_registry_send(reg, rc);
}


static ngx_uint_t
ngx_http_itinerary_registry_is_own(ngx_http_itinerary_registry_t *reg,
    itinerary_str_t *owner)
{
    return owner->len && owner->len == reg->supplier.len
           && ngx_strncmp(owner->data, reg->supplier.data, owner->len) == 0;
}


static ngx_int_t
ngx_http_itinerary_registry_viewed(ngx_http_itinerary_registry_t *reg)
{
    size_t                         prefix;
    ngx_str_t                      text;
    ngx_uint_t                     i, k, n;
    itinerary_record_t            *record;
    ngx_http_itinerary_command_t  *command, *last;

    command = reg->call.commands.elts;
    last = command + reg->call.commands.nelts;

    if (!reg->known
        && ngx_http_itinerary_registry_read_id(reg, command++) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < reg->nids; i++) {

        if (ngx_http_itinerary_registry_read_text(reg, command++, &text)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        reg->ids[i] = reg->body_ids[i];

        if (text.data) {
            reg->ids[i].len = text.len;
            reg->ids[i].data = text.data;
        }
    }

    n = last - command;

    if (n && last[-1].script) {

        n--;

        if (ngx_http_itinerary_registry_read_trip(reg, last - 1, 1) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (reg->records) {

        for (i = 0; i < n; i++) {
            if (ngx_http_itinerary_registry_read_state(reg, &command[i],
                                                       &reg->records[i])
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        return NGX_OK;
    }

    /* the states of a cancel's own bookings go to the trip's list */

    prefix = reg->redis->prefix.len + sizeof("booking:") - 1;

    for (i = 0; i < n; i++) {

        text = command[i].argv[1];

        for (k = 0; k < reg->trip.nbookings; k++) {

            record = &reg->trip.bookings[k];

            if (record->name.len != text.len - prefix
                || ngx_strncmp(record->name.data, text.data + prefix,
                               record->name.len)
                   != 0)
            {
                continue;
            }

            if (ngx_http_itinerary_registry_read_state(reg, &command[i],
                                                       record)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            break;
        }
    }

    return NGX_OK;
}


void
ngx_http_itinerary_registry_claim(ngx_http_itinerary_registry_t *reg,
    const itinerary_case_t *c, itinerary_judgement_t *j)
{
    ngx_int_t                      rc;
    ngx_str_t                      trip;
    ngx_uint_t                     i, n;
    ngx_http_itinerary_command_t  *command;

    ngx_http_itinerary_registry_begin(reg, j->neffects + 1,
                                      ngx_http_itinerary_registry_claimed);
    reg->c = c;
    reg->j = j;
    reg->claims = j;
    reg->claimed = 1;
    reg->lost = 0;

    n = 0;
    rc = ngx_http_itinerary_registry_now(reg);

    trip.len = reg->trip.id.len;
    trip.data = reg->trip.id.data;

    for (i = 0; i < j->neffects && rc == NGX_OK; i++) {

        if (!j->effects[i].claim) {
            continue;
        }

        n++;

        rc = ngx_http_itinerary_registry_add_claim(reg, &j->effects[i].name);
    }

    if (rc == NGX_OK && trip.len && j->record) {

        /* what is in doubt must not be forgotten: the trip knows it now */

        command = ngx_http_itinerary_registry_add_settle(reg, n, 0);

        if (command == NULL) {
            rc = NGX_ERROR;

        } else {
            command->argv[1] = ngx_http_itinerary_empty; /* keeps the lease */

            for (i = 0, n = 6; i < j->neffects; i++) {

                if (!j->effects[i].claim) {
                    continue;
                }

                command->argv[n++] = ngx_http_itinerary_facts[
                                                       ITINERARY_FACT_SEEN];
                command->argv[n].len = j->effects[i].name.len;
                command->argv[n++].data = j->effects[i].name.data;
                command->argv[n++] = reg->supplier;
            }
        }
    }

    ngx_http_itinerary_registry_send(reg, rc);
}


static ngx_int_t
ngx_http_itinerary_registry_claimed(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                     i, k;
    itinerary_judgement_t         *j;
    ngx_http_itinerary_command_t  *command;

    if (reg->step == 1) {
        reg->step = 0;
        return ngx_http_itinerary_registry_check(reg);
    }

    j = reg->claims;
    command = reg->call.commands.elts;

    for (i = 0, k = 0; i < reg->call.commands.nelts; i++, k++) {

        if (command[i].reply.type != NGX_HTTP_ITINERARY_REDIS_INTEGER
            || command[i].reply.integer < 0
            || command[i].reply.integer > 2)
        {
            return ngx_http_itinerary_registry_surprise(reg, &command[i]);
        }

        while (k < j->neffects && !j->effects[k].claim) {
            k++;
        }

        if (command[i].reply.integer == 2 && k < j->neffects) {

            /* not this request's to give back */

            j->effects[k].claim = 0;
        }

        if (command[i].reply.integer == 0) {
            reg->lost++;

            /* another's now: in audit mode it is forwarded, but not taken */

            j->effects[k].take = 0;
            j->effects[k].allowed = 0;
        }
    }

    if (reg->lost && reg->trip.id.len && j->record) {
        return ngx_http_itinerary_registry_lost(reg);
    }

    return NGX_OK;
}


/* the trip must not know as the supplier's what another has claimed */

static ngx_int_t
ngx_http_itinerary_registry_lost(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                     i, n;
    const itinerary_judgement_t   *j;
    ngx_http_itinerary_command_t  *command;

    j = reg->j;
    reg->step = 1;

    if (ngx_http_itinerary_redis_call_init(&reg->call, reg->pool, reg->log, 1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    command = ngx_http_itinerary_registry_add_settle(reg, reg->lost, 0);
    if (command == NULL) {
        return NGX_ERROR;
    }

    command->argv[1] = ngx_http_itinerary_empty;         /* keeps the lease */

    for (i = 0, n = 6; i < j->neffects; i++) {

        if (j->effects[i].claim && !j->effects[i].allowed) {
            command->argv[n++] = ngx_http_itinerary_release;
            command->argv[n].len = j->effects[i].name.len;
            command->argv[n++].data = j->effects[i].name.data;
            command->argv[n++] = reg->supplier;
        }
    }

    return NGX_AGAIN;
}


void
ngx_http_itinerary_registry_release(ngx_http_itinerary_registry_t *reg)
{
    ngx_int_t                      rc;
    ngx_uint_t                     i, n;
    const itinerary_judgement_t   *j;
    ngx_http_itinerary_command_t  *command;

    j = reg->claimed ? reg->j : NULL;
    n = 0;

    ngx_http_itinerary_registry_begin(reg, j ? j->neffects + 1 : 1,
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

    if (rc == NGX_OK && reg->trip.id.len
        && (reg->leased || (n && j->record)))
    {
        command = ngx_http_itinerary_registry_add_settle(reg,
                                                  n && j->record ? n : 0, 0);
        if (command == NULL) {
            rc = NGX_ERROR;

        } else if (n && j->record) {

            for (i = 0, n = 6; i < j->neffects; i++) {

                if (!j->effects[i].claim) {
                    continue;
                }

                command->argv[n++] = ngx_http_itinerary_release;
                command->argv[n].len = j->effects[i].name.len;
                command->argv[n++].data = j->effects[i].name.data;
                command->argv[n++] = reg->supplier;
            }
        }
    }

    ngx_http_itinerary_registry_send(reg, rc);
}


static ngx_int_t
ngx_http_itinerary_registry_released(ngx_http_itinerary_registry_t *reg)
{
    if (ngx_http_itinerary_registry_check(reg) != NGX_OK) {
        return NGX_ERROR;
    }

    reg->leased = 0;
    reg->claimed = 0;

    return NGX_OK;
}


/* nothing that was to be written met an error */

static ngx_int_t
ngx_http_itinerary_registry_check(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                     i;
    ngx_http_itinerary_command_t  *command;

    command = reg->call.commands.elts;

    for (i = 0; i < reg->call.commands.nelts; i++) {

        if (command[i].reply.type == NGX_HTTP_ITINERARY_REDIS_ERROR) {
            return ngx_http_itinerary_registry_surprise(reg, &command[i]);
        }
    }

    return NGX_OK;
}


void
ngx_http_itinerary_registry_doubt(ngx_http_itinerary_registry_t *reg)
{
    ngx_int_t  rc;

    ngx_http_itinerary_registry_begin(reg, 1,
                                      ngx_http_itinerary_registry_released);

    rc = ngx_http_itinerary_registry_now(reg);

    if (rc == NGX_OK && reg->leased
        && ngx_http_itinerary_registry_add_settle(reg, 0, reg->trip.known)
           == NULL)
    {
        rc = NGX_ERROR;
    }

    ngx_http_itinerary_registry_send(reg, rc);
}


void
ngx_http_itinerary_registry_record(ngx_http_itinerary_registry_t *reg,
    const itinerary_case_t *c, const itinerary_judgement_t *j,
    const itinerary_facts_t *facts)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    reg->c = c;
    reg->j = j;
    reg->facts = facts;

    ngx_http_itinerary_registry_begin(reg, facts->nids * 2,
                                      ngx_http_itinerary_registry_named);

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

        if (facts->bookings[i].fact == ITINERARY_FACT_SEEN) {
            rc = ngx_http_itinerary_registry_add_state(reg,
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


/*
 * The first known of the answer's ids names the trip; the others become
 * aliases, but an id that is already a trip never does.
 */

static ngx_int_t
ngx_http_itinerary_registry_named(ngx_http_itinerary_registry_t *reg)
{
    ngx_str_t                      alias, state;
    ngx_uint_t                     i;
    itinerary_str_t                trip;
    const itinerary_facts_t       *facts;
    ngx_http_itinerary_command_t  *command;

    if (reg->step == 1) {
        return ngx_http_itinerary_registry_released(reg);
    }

    facts = reg->facts;
    command = reg->call.commands.elts;
    trip = reg->trip.id;
    reg->nids = 0;

    for (i = 0; i < facts->nids; i++) {

        if (itinerary_equal(&facts->ids[i], &reg->trip.id)) {
            continue;
        }

        if (ngx_http_itinerary_registry_read_text(reg, &command[0], &alias)
            != NGX_OK
            || ngx_http_itinerary_registry_read_text(reg, &command[1], &state)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        command += 2;

        if (state.data == NULL && alias.data == NULL) {
            reg->ids[reg->nids++] = facts->ids[i];
            continue;
        }

        if (trip.len) {
            continue;
        }

        trip = facts->ids[i];

        if (state.data == NULL) {
            trip.len = alias.len;
            trip.data = alias.data;
        }
    }

    if (trip.len == 0) {
        trip = reg->ids[0];
    }

    for (i = 0; i < facts->nbookings; i++) {

        if (facts->bookings[i].fact == ITINERARY_FACT_SEEN
            && ngx_http_itinerary_registry_read_state(reg, command++,
                                                      &reg->records[i])
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    reg->trip.id = trip;
    reg->step = 1;

    if (ngx_http_itinerary_redis_call_init(&reg->call, reg->pool, reg->log,
                                           facts->nbookings + 4)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_itinerary_registry_add_aliases(reg) != NGX_OK
        || ngx_http_itinerary_registry_add_facts(reg) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_itinerary_registry_add_aliases(ngx_http_itinerary_registry_t *reg)
{
    ngx_str_t   key, trip;
    ngx_uint_t  i;

    static ngx_str_t  set = ngx_string("SET");
    static ngx_str_t  nx = ngx_string("NX");

    if (!reg->j->record
        || reg->j->error.reason == ITINERARY_AMBIGUOUS_BODY)
    {
        return NGX_OK;
    }

    trip.len = reg->trip.id.len;
    trip.data = reg->trip.id.data;

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
ngx_http_itinerary_registry_add_facts(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                       i, n;
    const itinerary_facts_t         *facts;
    const itinerary_judgement_t     *j;
    const itinerary_booking_fact_t  *fact;
    ngx_http_itinerary_command_t    *command;

    j = reg->j;
    facts = reg->facts;

    for (i = 0; i < facts->nbookings; i++) {

        fact = &facts->bookings[i];

        if (fact->fact == ITINERARY_FACT_SEEN && !j->record) {
            continue;
        }

        if (ngx_http_itinerary_registry_add_booking(reg, &fact->name,
                                     &ngx_http_itinerary_facts[fact->fact])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    command = ngx_http_itinerary_registry_add_settle(reg,
                               j->record ? facts->nbookings : 0, j->record);
    if (command == NULL) {
        return NGX_ERROR;
    }

    if (!j->record) {
        return NGX_OK;
    }

    if (j->create && !facts->merged) {
        command->argv[2] = reg->supplier;
    }

    if (j->verdict == ITINERARY_DENY) {

        /* in audit mode: what it did to the trip as a whole is unknown */

        command->argv[3] = ngx_http_itinerary_empty;

    } else if (j->cancel) {
        command->argv[3] = ngx_http_itinerary_facts[ITINERARY_FACT_CANCELLED];

    } else if (reg->c->operation != ITINERARY_OP_CANCEL) {
        command->argv[3] = ngx_http_itinerary_active;
    }

    for (i = 0, n = 6; i < facts->nbookings; i++) {

        fact = &facts->bookings[i];

        command->argv[n++] = ngx_http_itinerary_facts[fact->fact];
        command->argv[n].len = fact->name.len;
        command->argv[n++].data = fact->name.data;

        if (fact->fact == ITINERARY_FACT_SEEN) {
            command->argv[n].len = reg->records[i].owner.len;
            command->argv[n++].data = reg->records[i].owner.data;

        } else {
            command->argv[n++] = reg->supplier;
        }
    }

    return NGX_OK;
}


static void
ngx_http_itinerary_registry_begin(ngx_http_itinerary_registry_t *reg,
    ngx_uint_t n, ngx_int_t (*next)(ngx_http_itinerary_registry_t *reg))
{
    reg->busy = 1;
    reg->failure = NULL;
    reg->next = next;
    reg->step = 0;

    if (ngx_http_itinerary_redis_call_init(&reg->call, reg->pool, reg->log,
                                           n ? n : 1)
        != NGX_OK)
    {
        /* the step fails: nothing can be added to an array without room */

        ngx_memzero(&reg->call.commands, sizeof(ngx_array_t));
        reg->failure = "out of memory";
    }
}


static void
ngx_http_itinerary_registry_send(ngx_http_itinerary_registry_t *reg,
    ngx_int_t rc)
{
    reg->call.handler = ngx_http_itinerary_registry_done;
    reg->call.data = reg;

    if (rc != NGX_OK) {

        /* an empty call ends from the event loop, as any other */

        reg->failure = "out of memory";
        reg->call.commands.nelts = 0;
    }

    ngx_http_itinerary_redis_send(reg->redis, &reg->call);
}


static void
ngx_http_itinerary_registry_done(ngx_http_itinerary_redis_call_t *call)
{
    ngx_int_t                       rc;
    ngx_http_itinerary_registry_t  *reg;

    reg = call->data;

    reg->elapsed += call->elapsed;

    if (reg->failure == NULL) {
        reg->failure = call->failure;
    }

    if (reg->failure == NULL) {

        rc = reg->next(reg);

        if (rc == NGX_AGAIN) {
            ngx_http_itinerary_registry_send(reg, NGX_OK);
            return;
        }

        if (rc != NGX_OK && reg->failure == NULL) {
            reg->failure = "out of memory";
        }
    }

    reg->busy = 0;

    reg->handler(reg->data);
}
