
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_registry_command.h"
#include "ngx_http_itinerary_registry_script.h"
#include "itinerary_name.h"


static ngx_int_t ngx_http_itinerary_registry_lease_ms(
    ngx_http_itinerary_registry_t *reg, ngx_str_t *ms);
static ngx_int_t ngx_http_itinerary_registry_pair(
    ngx_http_itinerary_registry_t *reg, ngx_str_t *key, char *kind,
    const itinerary_str_t *first, const itinerary_str_t *second);
static ngx_uint_t ngx_http_itinerary_registry_is_data_error(
    ngx_str_t *error);
static ngx_int_t ngx_http_itinerary_registry_view_key(
    ngx_http_itinerary_registry_t *reg, ngx_str_t *key);


static ngx_str_t  ngx_http_itinerary_empty = ngx_string("");


ngx_int_t
ngx_http_itinerary_registry_add_trip(ngx_http_itinerary_registry_t *reg,
    ngx_uint_t lease, ngx_str_t *who)
{
    ngx_str_t  key, ms;

    if (!lease) {
        return ngx_http_itinerary_registry_add_hash(reg, &reg->trip.id);
    }

    if (ngx_http_itinerary_registry_key(reg, &key, "trip:", &reg->trip.id, 0)
        != NGX_OK
        || ngx_http_itinerary_registry_lease_ms(reg, &ms) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* unless the reply says otherwise, also when there is none */

    reg->leased = 1;

    reg->lease_id = reg->trip.id;

    return ngx_http_itinerary_redis_add(&reg->call,
                                        &ngx_http_itinerary_script_lease, 4,
                                        &key, &reg->request, &ms, who)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_itinerary_registry_add_hash(ngx_http_itinerary_registry_t *reg,
    const itinerary_str_t *trip)
{
    ngx_str_t  key;

    static ngx_str_t  hgetall = ngx_string("HGETALL");

    if (ngx_http_itinerary_registry_key(reg, &key, "trip:", trip, 0)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_redis_add(&reg->call, NULL, 2, &hgetall, &key)
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_itinerary_registry_lease_ms(ngx_http_itinerary_registry_t *reg,
    ngx_str_t *ms)
{
    ms->data = ngx_pnalloc(reg->pool, NGX_INT_T_LEN);
    if (ms->data == NULL) {
        return NGX_ERROR;
    }

    ms->len = ngx_sprintf(ms->data, "%M", reg->lease) - ms->data;

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_registry_add_hold(ngx_http_itinerary_registry_t *reg,
    const itinerary_str_t *trip)
{
    ngx_str_t  key, ms;

    if (ngx_http_itinerary_registry_key(reg, &key, "trip:", trip, 0) != NGX_OK
        || ngx_http_itinerary_registry_lease_ms(reg, &ms) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_redis_add(&reg->call,
                                        &ngx_http_itinerary_script_hold, 3,
                                        &key, &reg->request, &ms)
           ? NGX_OK : NGX_ERROR;
}


/* is it still the registry that was admitted?  A flush would free all */

ngx_int_t
ngx_http_itinerary_registry_add_id(ngx_http_itinerary_registry_t *reg)
{
    ngx_str_t        key;
    itinerary_str_t  none;

    static ngx_str_t  get = ngx_string("GET");

    none.len = 0;
    none.data = (u_char *) "";

    if (ngx_http_itinerary_registry_key(reg, &key, "registry", &none, 1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_redis_add(&reg->call, NULL, 2, &get, &key)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_itinerary_registry_read_id(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command)
{
    ngx_str_t   text;
    ngx_str_t  *id;

    if (ngx_http_itinerary_registry_read_text(reg, command, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    id = &reg->redis->id;

    if (text.data == NULL || text.len != id->len
        || ngx_strncmp(text.data, id->data, id->len) != 0)
    {
        ngx_log_error(NGX_LOG_ERR, reg->log, 0,
                      "itinerary: redis \"%V\" has the registry \"%V\", "
                      "it was \"%V\" when it was connected to",
                      &reg->redis->name, &text, id);

        ngx_http_itinerary_redis_distrust(reg->redis);

        reg->failure = "is not the registry it was";
        return NGX_ERROR;
    }

    reg->known = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_registry_add_get(ngx_http_itinerary_registry_t *reg,
    char *kind, const itinerary_str_t *id)
{
    ngx_str_t  key;

    static ngx_str_t  get = ngx_string("GET");

    if (ngx_http_itinerary_registry_key(reg, &key, kind, id, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_redis_add(&reg->call, NULL, 2, &get, &key)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_itinerary_registry_add_booking(ngx_http_itinerary_registry_t *reg,
    const itinerary_str_t *name, ngx_str_t *what)
{
    ngx_str_t  key, trip;

    if (ngx_http_itinerary_registry_key(reg, &key, "booking:", name, 1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    trip = ngx_http_itinerary_text(&reg->trip.id);

    return ngx_http_itinerary_redis_add(&reg->call,
                                        &ngx_http_itinerary_script_booking, 6,
                                        &key,
                                        what, &reg->supplier, &trip,
                                        &reg->request, &reg->at)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_itinerary_registry_add_moved(ngx_http_itinerary_registry_t *reg,
    const itinerary_str_t *name, const itinerary_str_t *from)
{
    ngx_str_t  key, trip, old;

    static ngx_str_t  moved = ngx_string("moved");

    if (ngx_http_itinerary_registry_key(reg, &key, "booking:", name, 1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    trip = ngx_http_itinerary_text(&reg->trip.id);
    old = ngx_http_itinerary_text(from);

    return ngx_http_itinerary_redis_add(&reg->call,
                                        &ngx_http_itinerary_script_booking, 7,
                                        &key, &moved, &reg->supplier, &trip,
                                        &reg->request, &reg->at, &old)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_itinerary_registry_add_claim(ngx_http_itinerary_registry_t *reg,
    const itinerary_str_t *name)
{
    ngx_str_t  key, trip;

    if (ngx_http_itinerary_registry_key(reg, &key, "booking:", name, 1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    trip = ngx_http_itinerary_text(&reg->trip.id);

    return ngx_http_itinerary_redis_add(&reg->call,
                                        &ngx_http_itinerary_script_claim, 5,
                                        &key, &reg->supplier, &trip,
                                        &reg->request, &reg->at)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_itinerary_registry_add_record(ngx_http_itinerary_registry_t *reg,
    const itinerary_str_t *name)
{
    ngx_str_t  key;

    static ngx_str_t  hmget = ngx_string("HMGET");
    static ngx_str_t  owner = ngx_string("owner");
    static ngx_str_t  state = ngx_string("state");
    static ngx_str_t  trip = ngx_string("trip");

    if (ngx_http_itinerary_registry_key(reg, &key, "booking:", name, 1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_redis_add(&reg->call, NULL, 5, &hmget, &key,
                                        &owner, &state, &trip)
           ? NGX_OK : NGX_ERROR;
}


/* a key that a component and a "|" and another one make */

static ngx_int_t
ngx_http_itinerary_registry_pair(ngx_http_itinerary_registry_t *reg,
    ngx_str_t *key, char *kind, const itinerary_str_t *first,
    const itinerary_str_t *second)
{
    itinerary_str_t  pair;

    if (itinerary_booking_name(reg->core, first, second, &pair)
        != ITINERARY_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_registry_key(reg, key, kind, &pair, 1);
}


static ngx_int_t
ngx_http_itinerary_registry_view_key(ngx_http_itinerary_registry_t *reg,
    ngx_str_t *key)
{
    itinerary_str_t  supplier;

    supplier = ngx_http_itinerary_core_text(&reg->supplier);

    return ngx_http_itinerary_registry_pair(reg, key, "view:", &reg->trip.id,
                                            &supplier);
}


ngx_http_itinerary_command_t *
ngx_http_itinerary_registry_add_shown(ngx_http_itinerary_registry_t *reg,
    ngx_uint_t nbookings)
{
    ngx_str_t                      key;
    ngx_http_itinerary_command_t  *command;

    static ngx_str_t  hmget = ngx_string("HMGET");
    static ngx_str_t  rev = ngx_string("rev");
    static ngx_str_t  trip = ngx_string("trip");

    if (ngx_http_itinerary_registry_view_key(reg, &key) != NGX_OK) {
        return NULL;
    }

    command = ngx_http_itinerary_redis_add_argv(&reg->call, NULL,
                                                4 + nbookings);
    if (command == NULL) {
        return NULL;
    }

    command->argv[0] = hmget;
    command->argv[1] = key;
    command->argv[2] = rev;
    command->argv[3] = trip;

    return command;
}


ngx_http_itinerary_command_t *
ngx_http_itinerary_registry_add_view(ngx_http_itinerary_registry_t *reg,
    int64_t rev, ngx_uint_t nfields)
{
    u_char                        *p;
    ngx_str_t                      key;
    ngx_http_itinerary_command_t  *command;

    static ngx_str_t  ttl = ngx_string(NGX_HTTP_ITINERARY_VIEW_TTL);
    static ngx_str_t  field = ngx_string("rev");

    if (ngx_http_itinerary_registry_view_key(reg, &key) != NGX_OK) {
        return NULL;
    }

    p = ngx_pnalloc(reg->pool, NGX_INT64_LEN);
    if (p == NULL) {
        return NULL;
    }

    command = ngx_http_itinerary_redis_add_argv(&reg->call,
                                              &ngx_http_itinerary_script_view,
                                              4 + 2 * nfields);
    if (command == NULL) {
        return NULL;
    }

    command->argv[0] = key;
    command->argv[1] = ttl;
    command->argv[2] = field;
    command->argv[3].data = p;
    command->argv[3].len = ngx_sprintf(p, "%L", rev) - p;

    return command;
}


ngx_int_t
ngx_http_itinerary_registry_add_blind(ngx_http_itinerary_registry_t *reg)
{
    ngx_str_t  key;

    static ngx_str_t  del = ngx_string("DEL");

    if (ngx_http_itinerary_registry_view_key(reg, &key) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_redis_add(&reg->call, NULL, 2, &del, &key)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_itinerary_registry_add_bind(ngx_http_itinerary_registry_t *reg,
    itinerary_str_t *source)
{
    ngx_str_t  key;

    static ngx_str_t  ttl = ngx_string(NGX_HTTP_ITINERARY_BINDING_TTL);

    if (ngx_http_itinerary_registry_key(reg, &key, "source:", source, 0)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_redis_add(&reg->call,
                                        &ngx_http_itinerary_script_bind, 3,
                                        &key, &reg->supplier, &ttl)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_itinerary_registry_add_bound(ngx_http_itinerary_registry_t *reg,
    itinerary_str_t *source, ngx_uint_t keep)
{
    ngx_str_t  key;

    static ngx_str_t  persist = ngx_string("PERSIST");

    if (ngx_http_itinerary_registry_key(reg, &key, "source:", source, 0)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return (keep ? ngx_http_itinerary_redis_add(&reg->call, NULL, 2, &persist,
                                                &key)
                 : ngx_http_itinerary_redis_add(&reg->call,
                                            &ngx_http_itinerary_script_unbind,
                                            2, &key, &reg->supplier))
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_itinerary_registry_add_number(ngx_http_itinerary_registry_t *reg,
    const itinerary_str_t *source, const itinerary_str_t *number,
    const itinerary_str_t *locator)
{
    ngx_str_t  key, text;

    static ngx_str_t  get = ngx_string("GET");

    if (ngx_http_itinerary_registry_pair(reg, &key, "confirmation:", source,
                                         number)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (locator == NULL) {
        return ngx_http_itinerary_redis_add(&reg->call, NULL, 2, &get, &key)
               ? NGX_OK : NGX_ERROR;
    }

    text = ngx_http_itinerary_text(locator);

    return ngx_http_itinerary_redis_add(&reg->call,
                                        &ngx_http_itinerary_script_number, 2,
                                        &key, &text)
           ? NGX_OK : NGX_ERROR;
}


/* the trip's script with room for bookings; no creator, no state */

ngx_http_itinerary_command_t *
ngx_http_itinerary_registry_add_settle(ngx_http_itinerary_registry_t *reg,
    const itinerary_str_t *trip, ngx_uint_t nbookings,
    ngx_http_itinerary_count_e count)
{
    ngx_str_t                      key;
    ngx_http_itinerary_command_t  *command;

    static ngx_str_t  counts[] = {
        ngx_string("0"),
        ngx_string("1"),
        ngx_string("2")
    };

    if (ngx_http_itinerary_registry_key(reg, &key, "trip:", trip, 0)
        != NGX_OK)
    {
        return NULL;
    }

    command = ngx_http_itinerary_redis_add_argv(&reg->call,
                                              &ngx_http_itinerary_script_trip,
                                              7 + nbookings * 3);
    if (command == NULL) {
        return NULL;
    }

    command->argv[0] = key;
    command->argv[1] = reg->request;
    command->argv[2] = ngx_http_itinerary_empty;
    command->argv[3] = ngx_http_itinerary_empty;
    command->argv[4] = reg->at;
    command->argv[5] = counts[count];
    command->argv[6] = ngx_http_itinerary_empty;

    return command;
}


ngx_int_t
ngx_http_itinerary_registry_settle_lease(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_count_e count)
{
    if (reg->keeps
        && ngx_http_itinerary_registry_add_settle(reg, &reg->trip.id, 0,
                                              ngx_http_itinerary_count_none)
           == NULL)
    {
        return NGX_ERROR;
    }

    if (!reg->leased || itinerary_equal(&reg->lease_id, &reg->trip.id)) {
        return NGX_OK;
    }

    return ngx_http_itinerary_registry_add_settle(reg, &reg->lease_id, 0,
                                                  count)
           ? NGX_OK : NGX_ERROR;
}


void
ngx_http_itinerary_registry_settle_booking(
    ngx_http_itinerary_command_t *command, ngx_uint_t n, ngx_str_t *fact,
    const itinerary_str_t *name, const itinerary_str_t *owner)
{
    ngx_str_t  *argv;

    argv = &command->argv[7 + n * 3];

    argv[0] = *fact;
    argv[1] = ngx_http_itinerary_text(name);
    argv[2] = ngx_http_itinerary_text(owner);
}


/* a trip's hash, behind the lease's result where it was asked for */

ngx_int_t
ngx_http_itinerary_registry_read_trip(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command, ngx_uint_t leased)
{
    ngx_uint_t                   busy;
    ngx_http_itinerary_value_t  *value;

    busy = 0;

    if (leased && command->reply.type == NGX_HTTP_ITINERARY_REDIS_ARRAY) {

        value = command->elts;

        if (command->nelts == 0
            || value->type != NGX_HTTP_ITINERARY_REDIS_INTEGER
            || value->integer < -1 || value->integer > 1)
        {
            return ngx_http_itinerary_registry_surprise(reg, command);
        }

        busy = value->integer == -1;
        reg->leased = value->integer == 1;
    }

    if (ngx_http_itinerary_registry_read_hash(reg, command, leased, &reg->trip)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    reg->trip.busy = busy;

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_registry_read_hash(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command, ngx_uint_t from,
    itinerary_trip_t *trip)
{
    ngx_str_t                    name, text;
    ngx_uint_t                   i, n;
    itinerary_str_t              id;
    itinerary_record_t          *record;
    ngx_http_itinerary_value_t  *value;

    if (command->reply.type != NGX_HTTP_ITINERARY_REDIS_ARRAY
        || ((command->nelts - from) & 1))
    {
        return ngx_http_itinerary_registry_surprise(reg, command);
    }

    value = command->elts + from;
    n = command->nelts - from;

    id = trip->id;
    ngx_memzero(trip, sizeof(itinerary_trip_t));
    trip->id = id;

    trip->bookings = ngx_pcalloc(reg->pool,
                                 (n / 2 + 1) * sizeof(itinerary_record_t));
    if (trip->bookings == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i += 2) {

        if (value[i].type != NGX_HTTP_ITINERARY_REDIS_STRING
            || value[i + 1].type != NGX_HTTP_ITINERARY_REDIS_STRING)
        {
            return ngx_http_itinerary_registry_surprise(reg, command);
        }

        name = value[i].text;
        text = value[i + 1].text;

        if (name.len == 5 && ngx_strncmp(name.data, "owner", 5) == 0) {
            trip->known |= text.len != 0;
            trip->owner = ngx_http_itinerary_core_text(&text);

        } else if (name.len == 5 && ngx_strncmp(name.data, "state", 5) == 0) {
            trip->known = 1;

        } else if (name.len == 3 && ngx_strncmp(name.data, "rev", 3) == 0) {

            trip->rev = ngx_atoof(text.data, text.len);

            if (trip->rev == NGX_ERROR) {
                return ngx_http_itinerary_registry_surprise(reg, command);
            }

        } else if (name.len > 8 && ngx_strncmp(name.data, "booking:", 8) == 0)
        {
            record = &trip->bookings[trip->nbookings++];

            record->name.len = name.len - 8;
            record->name.data = name.data + 8;
            record->owner = ngx_http_itinerary_core_text(&text);
        }
    }

    return NGX_OK;
}


/* an unknown booking leaves the record as it is */

ngx_int_t
ngx_http_itinerary_registry_read_record(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command, itinerary_record_t *record)
{
    itinerary_str_t              state;
    ngx_http_itinerary_value_t  *value;

    value = command->elts;

    if (command->reply.type != NGX_HTTP_ITINERARY_REDIS_ARRAY
        || command->nelts != 3)
    {
        return ngx_http_itinerary_registry_surprise(reg, command);
    }

    if (value[1].type == NGX_HTTP_ITINERARY_REDIS_NIL
        && value[0].type == NGX_HTTP_ITINERARY_REDIS_NIL)
    {
        return NGX_OK;
    }

    if (value[0].type != NGX_HTTP_ITINERARY_REDIS_STRING
        || value[1].type != NGX_HTTP_ITINERARY_REDIS_STRING)
    {
        return ngx_http_itinerary_registry_surprise(reg, command);
    }

    state = ngx_http_itinerary_core_text(&value[1].text);

    record->owner = ngx_http_itinerary_core_text(&value[0].text);
    record->state = itinerary_state(&state);

    if (value[2].type == NGX_HTTP_ITINERARY_REDIS_STRING) {
        record->trip = ngx_http_itinerary_core_text(&value[2].text);
    }

    if (record->state == ITINERARY_STATE_NONE) {
        return ngx_http_itinerary_registry_surprise(reg, command);
    }

    return NGX_OK;
}


/* what is not in the view stays as it is */

ngx_int_t
ngx_http_itinerary_registry_read_shown(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command)
{
    ngx_uint_t                   i;
    ngx_http_itinerary_value_t  *value;

    value = command->elts;

    if (command->reply.type != NGX_HTTP_ITINERARY_REDIS_ARRAY
        || command->nelts != command->argc - 2)
    {
        return ngx_http_itinerary_registry_surprise(reg, command);
    }

    for (i = 0; i < command->nelts; i++) {
        if (value[i].type != NGX_HTTP_ITINERARY_REDIS_STRING
            && value[i].type != NGX_HTTP_ITINERARY_REDIS_NIL)
        {
            return ngx_http_itinerary_registry_surprise(reg, command);
        }
    }

    ngx_memzero(&reg->view, sizeof(itinerary_view_t));

    if (value[0].type == NGX_HTTP_ITINERARY_REDIS_NIL) {
        return NGX_OK;
    }

    reg->view.known = 1;
    reg->view.rev = ngx_atoof(value[0].text.data, value[0].text.len);

    if (reg->view.rev == NGX_ERROR) {
        return ngx_http_itinerary_registry_surprise(reg, command);
    }

    reg->view.digest = ngx_http_itinerary_core_text(&value[1].text);

    return NGX_OK;
}


/* text->data is NULL where there is nothing at the key */

ngx_int_t
ngx_http_itinerary_registry_read_text(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command, ngx_str_t *text)
{
    ngx_str_null(text);

    switch (command->reply.type) {

    case NGX_HTTP_ITINERARY_REDIS_STRING:
        *text = command->reply.text;
        return NGX_OK;

    case NGX_HTTP_ITINERARY_REDIS_NIL:
        return NGX_OK;

    default:
        return ngx_http_itinerary_registry_surprise(reg, command);
    }
}


/* an error of Redis, or data that is not the registry's: never "not found" */

ngx_int_t
ngx_http_itinerary_registry_surprise(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command)
{
    ngx_str_t  *key;

    key = &command->argv[command->script ? 0 : 1];

    if (command->reply.type == NGX_HTTP_ITINERARY_REDIS_ERROR) {
        ngx_log_error(NGX_LOG_ERR, reg->log, 0,
                      "itinerary: redis \"%V\" answered with an error for "
                      "\"%V\": \"%V\"", &reg->redis->name, key,
                      &command->reply.text);
        reg->failure = "answered with an error";
        reg->suspect = ngx_http_itinerary_registry_is_data_error(
                                                       &command->reply.text);

    } else {
        ngx_log_error(NGX_LOG_ERR, reg->log, 0,
                      "itinerary: redis \"%V\" holds at \"%V\" what is not "
                      "the registry's", &reg->redis->name, key);
        reg->suspect = 1;
        reg->failure = "holds what is not the registry's";
    }

    return NGX_ERROR;
}


/* the command was carried out, on a value that it is not for */

static ngx_uint_t
ngx_http_itinerary_registry_is_data_error(ngx_str_t *error)
{
    return ngx_strnstr(error->data, "WRONGTYPE ", error->len)
           || (error->len >= 4 && ngx_strncmp(error->data, "ERR ", 4) == 0);
}


ngx_int_t
ngx_http_itinerary_registry_key(ngx_http_itinerary_registry_t *reg,
    ngx_str_t *key, char *kind, const itinerary_str_t *id, ngx_uint_t encoded)
{
    size_t           len;
    u_char          *p;
    itinerary_str_t  text;

    text = *id;

    if (!encoded && itinerary_key(reg->core, id, &text) != ITINERARY_OK) {
        return NGX_ERROR;
    }

    len = ngx_strlen(kind);

    key->len = reg->redis->prefix.len + len + text.len;
    key->data = ngx_pnalloc(reg->pool, key->len);
    if (key->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(key->data, reg->redis->prefix.data, reg->redis->prefix.len);
    p = ngx_cpymem(p, kind, len);
    ngx_memcpy(p, text.data, text.len);

    return NGX_OK;
}


/* RFC 3339, UTC, ms */

ngx_int_t
ngx_http_itinerary_registry_now(ngx_http_itinerary_registry_t *reg)
{
    u_char         *p;
    ngx_tm_t        tm;
    struct timeval  tv;

    /* the cached time may be older than what another worker has recorded */

    ngx_gettimeofday(&tv);
    ngx_gmtime(tv.tv_sec, &tm);

    p = ngx_pnalloc(reg->pool, sizeof("1970-01-01T00:00:00.000Z") - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    reg->at.data = p;
    reg->at.len = ngx_sprintf(p, "%4d-%02d-%02dT%02d:%02d:%02d.%03MZ",
                              tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                              tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec,
                              (ngx_msec_t) tv.tv_usec / 1000)
                  - p;

    return NGX_OK;
}


ngx_uint_t
ngx_http_itinerary_registry_is_own(ngx_http_itinerary_registry_t *reg,
    const itinerary_str_t *owner)
{
    return owner->len && owner->len == reg->supplier.len
           && ngx_strncmp(owner->data, reg->supplier.data, owner->len) == 0;
}


ngx_uint_t
ngx_http_itinerary_registry_once(itinerary_str_t *list, ngx_uint_t *n,
    const itinerary_str_t *text)
{
    ngx_uint_t  i;

    for (i = 0; i < *n; i++) {
        if (itinerary_equal(&list[i], text)) {
            return 0;
        }
    }

    list[(*n)++] = *text;

    return 1;
}
