
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What could not be recorded when the API answered: the note of it, and what
 * of the note is still to be recorded later.
 */


#include "ngx_http_itinerary_registry_step.h"
#include "itinerary_note.h"


static ngx_int_t ngx_http_itinerary_registry_recalled(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_is_untouched(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command);
static ngx_int_t ngx_http_itinerary_registry_drop(
    ngx_http_itinerary_registry_t *reg, ngx_uint_t i,
    ngx_http_itinerary_command_t *command);


static ngx_str_t  ngx_http_itinerary_hmget = ngx_string("HMGET");


ngx_int_t
ngx_http_itinerary_registry_note(ngx_http_itinerary_registry_t *reg,
    ngx_str_t *text)
{
    itinerary_str_t   str;
    itinerary_note_t  note;

    if (reg->at.len == 0
        && ngx_http_itinerary_registry_now(reg) != NGX_OK)
    {
        return NGX_ERROR;
    }

    note.request = ngx_http_itinerary_core_text(&reg->request);
    note.supplier = ngx_http_itinerary_core_text(&reg->supplier);
    note.at = ngx_http_itinerary_core_text(&reg->at);
    note.since = ngx_http_itinerary_core_text(&reg->since);
    note.ntouched = reg->ntouched;
    note.touched = reg->touched;
    note.nbound = reg->nbound;
    note.bound = reg->bound;
    note.c = *reg->c;
    note.j = *reg->j;
    note.facts = *reg->facts;

    ngx_memzero(&note.lease, sizeof(itinerary_str_t));

    if (reg->leased) {
        note.lease = reg->lease_id;
    }

    if (itinerary_note_write(reg->core, &note, &str) != ITINERARY_OK) {
        return NGX_ERROR;
    }

    *text = ngx_http_itinerary_text(&str);

    return NGX_OK;
}


void
ngx_http_itinerary_registry_recall(ngx_http_itinerary_registry_t *reg,
    itinerary_note_t *note)
{
    ngx_int_t                        rc;
    ngx_str_t                        key;
    ngx_uint_t                       i;
    const itinerary_booking_fact_t  *fact;

    static ngx_str_t  rev = ngx_string("rev");
    static ngx_str_t  writer = ngx_string("writer");
    static ngx_str_t  at = ngx_string("at");
    static ngx_str_t  state = ngx_string("state");

    reg->request = ngx_http_itinerary_text(&note->request);
    reg->supplier = ngx_http_itinerary_text(&note->supplier);
    reg->at = ngx_http_itinerary_text(&note->at);
    reg->since = ngx_http_itinerary_text(&note->since);
    reg->ntouched = note->ntouched;
    reg->touched = note->touched;
    reg->nbound = note->nbound;
    reg->bound = note->bound;
    reg->lease_id = note->lease;
    reg->leased = note->lease.len != 0;
    reg->trip.id = note->c.trip.id;
    reg->trip.rev = note->c.trip.rev;
    reg->recalled = 1;

    ngx_http_itinerary_registry_begin(reg, note->facts.nbookings + 2,
                                      ngx_http_itinerary_registry_recalled);
    reg->c = &note->c;
    reg->j = &note->j;
    reg->facts = &note->facts;

    rc = ngx_http_itinerary_registry_add_id(reg);

    if (rc == NGX_OK) {
        rc = ngx_http_itinerary_registry_key(reg, &key, "trip:",
                                             &reg->lease_id, 0);
    }

    if (rc == NGX_OK
        && ngx_http_itinerary_redis_add(&reg->call, NULL, 4,
                                        &ngx_http_itinerary_hmget, &key, &rev,
                                        &writer)
           == NULL)
    {
        rc = NGX_ERROR;
    }

    for (i = 0; i < reg->facts->nbookings && rc == NGX_OK; i++) {

        fact = &reg->facts->bookings[i];

        rc = ngx_http_itinerary_registry_key(reg, &key, "booking:",
                                             &fact->name, 1);

        if (rc == NGX_OK
            && ngx_http_itinerary_redis_add(&reg->call, NULL, 4,
                                            &ngx_http_itinerary_hmget, &key,
                                            &at, &state)
               == NULL)
        {
            rc = NGX_ERROR;
        }
    }

    ngx_http_itinerary_registry_send(reg, rc);
}


/*
 * What others have written since, through another gateway or after the lease
 * had run out, is newer than the note; so may be what Redis has carried out of
 * it before, if the reply was lost.
 */

static ngx_int_t
ngx_http_itinerary_registry_recalled(ngx_http_itinerary_registry_t *reg)
{
    ngx_int_t                      rc;
    ngx_uint_t                     i;
    ngx_http_itinerary_command_t  *command;

    command = reg->call.commands.elts;

    if (ngx_http_itinerary_registry_read_id(reg, command++) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_itinerary_registry_is_untouched(reg, command++);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    reg->late = rc == NGX_DECLINED;

    for (i = 0; i < reg->facts->nbookings; i++) {
        if (ngx_http_itinerary_registry_drop(reg, i, command++) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* NGX_DECLINED: the trip may have been written to since */

static ngx_int_t
ngx_http_itinerary_registry_is_untouched(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command)
{
    int64_t                      rev;
    ngx_http_itinerary_value_t  *value;

    value = command->elts;

    if (command->reply.type != NGX_HTTP_ITINERARY_REDIS_ARRAY
        || command->nelts != 2)
    {
        return ngx_http_itinerary_registry_surprise(reg, command);
    }

    rev = 0;

    if (value[0].type == NGX_HTTP_ITINERARY_REDIS_STRING) {
        rev = ngx_atoof(value[0].text.data, value[0].text.len);
    }

    return reg->leased && rev == reg->trip.rev
           && itinerary_equal(&reg->lease_id, &reg->trip.id)
           && value[1].type == NGX_HTTP_ITINERARY_REDIS_STRING
           && value[1].text.len == reg->request.len
           && ngx_strncmp(value[1].text.data, reg->request.data,
                          reg->request.len)
              == 0
           ? NGX_OK : NGX_DECLINED;
}


/*
 * A booking whose record is newer than the fact is left as it is, but for one
 * that has only been claimed again: the answer makes it the supplier's.
 */

static ngx_int_t
ngx_http_itinerary_registry_drop(ngx_http_itinerary_registry_t *reg,
    ngx_uint_t i, ngx_http_itinerary_command_t *command)
{
    ngx_str_t                    at, state;
    ngx_uint_t                   k;
    itinerary_booking_fact_t    *fact;
    ngx_http_itinerary_value_t  *value;

    value = command->elts;

    if (command->reply.type != NGX_HTTP_ITINERARY_REDIS_ARRAY
        || command->nelts != 2)
    {
        return ngx_http_itinerary_registry_surprise(reg, command);
    }

    fact = &reg->facts->bookings[i];
    at = value[0].text;
    state = value[1].text;

    /*
     * Where the trip may have been written to since, another write to it may be
     * under way: nothing is taken away from what that adds.
     */

    if (reg->late && (fact->fact == ITINERARY_FACT_CANCELLED
                      || fact->fact == ITINERARY_FACT_REMOVED))
    {
        goto drop;
    }

    /* times of one length, in UTC, are in the order of their text */

    if (value[0].type != NGX_HTTP_ITINERARY_REDIS_STRING
        || at.len != reg->at.len
        || ngx_memcmp(at.data, reg->at.data, at.len) <= 0)
    {
        return NGX_OK;
    }

    if ((fact->fact == ITINERARY_FACT_OWN
         || fact->fact == ITINERARY_FACT_RENAMED)
        && state.len == 7 && ngx_strncmp(state.data, "pending", 7) == 0)
    {
        return NGX_OK;
    }

drop:

    fact->fact = ITINERARY_FACT_SEEN;
    fact->renamed = 0;
    fact->alive = 0;

    for (k = 0; k < reg->facts->nbookings; k++) {
        if (reg->facts->bookings[k].renamed == i + 1) {
            reg->facts->bookings[k].renamed = 0;
        }
    }

    return NGX_OK;
}
