
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_registry_command.h"
#include "itinerary_name.h"


/*
 * Takes the trip's lease: ARGV is the request, the lease in ms, and the
 * supplier that must have something in the trip ("": anybody).  A lease that
 * has run out is another's write that may have been carried out, so it counts.
 * Returns 1 (leased), 0 (not tried) or -1 (busy), and the hash as it was.
 */

static ngx_http_itinerary_redis_script_t  ngx_http_itinerary_lease = {
    ngx_string(
    "local time = redis.call('TIME')\n"
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
    "local trip = redis.call('HGETALL', KEYS[1])\n"
    "local writer, till, may, got = false, 0, ARGV[3] == '', 0\n"
    "for i = 1, #trip, 2 do\n"
    "  local field, value = trip[i], trip[i + 1]\n"
    "  if field == 'writer' then writer = value\n"
    "  elseif field == 'writer_until' then till = tonumber(value) or 0\n"
    "  elseif value == ARGV[3] and (field == 'owner'\n"
    "         or string.sub(field, 1, 8) == 'booking:') then may = true\n"
    "  end\n"
    "end\n"
    "if may then\n"
    "  if writer and writer ~= ARGV[1] and till > now then got = -1\n"
    "  else\n"
    "    if writer and writer ~= ARGV[1] then\n"
    "      redis.call('HINCRBY', KEYS[1], 'rev', 1)\n"
    "    end\n"
    "    redis.call('HSET', KEYS[1], 'writer', ARGV[1], 'writer_until',\n"
    "               string.format('%.0f', now + ARGV[2]))\n"
    "    got = 1\n"
    "  end\n"
    "end\n"
    "table.insert(trip, 1, got)\n"
    "return trip\n"), ""
};


/*
 * Claims a booking: ARGV is supplier, trip, request, time.  Returns 1
 * (claimed), 2 (the supplier's already) or 0 (another's, or seen).  A claim of
 * the supplier's that is in doubt becomes this request's, so that the other's
 * refusal does not give it back.
 */

static ngx_http_itinerary_redis_script_t  ngx_http_itinerary_claim = {
    ngx_string(
    "local was = redis.call('HMGET', KEYS[1], 'owner', 'state')\n"
    "if was[2] then\n"
    "  if was[1] == ARGV[1] then\n"
    "    if was[2] == 'pending' then\n"
    "      redis.call('HSET', KEYS[1], 'request', ARGV[3], 'at', ARGV[4])\n"
    "    end\n"
    "    return 2\n"
    "  end\n"
    "  return 0\n"
    "end\n"
    "redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'state', 'pending',\n"
    "           'trip', ARGV[2], 'request', ARGV[3], 'at', ARGV[4])\n"
    "return 1\n"), ""
};


/*
 * What became of a booking: ARGV is the fact, then as above.  Never takes a
 * booking from its owner.  Returns 1, or 0 where it is another's.
 */

static ngx_http_itinerary_redis_script_t  ngx_http_itinerary_booking = {
    ngx_string(
    "local fact, supplier = ARGV[1], ARGV[2]\n"
    "local was = redis.call('HMGET', KEYS[1], 'owner', 'state', 'request')\n"
    "local owner, state = was[1] or '', was[2]\n"
    "if fact == 'own' then\n"
    "  if owner ~= '' and owner ~= supplier then return 0 end\n"
    "  redis.call('HSET', KEYS[1], 'owner', supplier, 'state', 'active',\n"
    "             'trip', ARGV[3], 'request', ARGV[4], 'at', ARGV[5])\n"
    "elseif fact == 'seen' then\n"
    "  if not state then\n"
    "    redis.call('HSET', KEYS[1], 'owner', '', 'state', 'seen',\n"
    "               'trip', ARGV[3], 'request', ARGV[4], 'at', ARGV[5])\n"
    "  end\n"
    "elseif fact == 'cancelled' then\n"
    "  if state then\n"
    "    redis.call('HSET', KEYS[1], 'state', 'cancelled', 'request',\n"
    "               ARGV[4], 'at', ARGV[5])\n"
    "  end\n"
    "elseif owner == supplier and state == 'pending'\n"
    "       and was[3] == ARGV[4] then\n"
    "  redis.call('DEL', KEYS[1])\n"
    "end\n"
    "return 1\n"), ""
};


/*
 * What became of a trip: ARGV is request, its creator ("": none), its state
 * ("": as it is), time, 1 where it was or may have been written to, and three
 * for each booking: fact, name, owner.  Never takes a trip from its creator.
 * Gives back the request's lease.
 */

static ngx_http_itinerary_redis_script_t  ngx_http_itinerary_trip = {
    ngx_string(
    "local trip = KEYS[1]\n"
    "local function get(field)\n"
    "  return redis.call('HGET', trip, field) or ''\n"
    "end\n"
    "if ARGV[2] ~= '' and get('owner') == '' then\n"
    "  redis.call('HSET', trip, 'owner', ARGV[2], 'created', ARGV[4])\n"
    "end\n"
    "if ARGV[3] ~= '' then redis.call('HSET', trip, 'state', ARGV[3]) end\n"
    "for i = 6, #ARGV, 3 do\n"
    "  local fact, field, supplier = ARGV[i], 'booking:' .. ARGV[i + 1],\n"
    "                                ARGV[i + 2]\n"
    "  if fact == 'own' then\n"
    "    local owner = get(field)\n"
    "    if owner == '' or owner == supplier then\n"
    "      redis.call('HSET', trip, field, supplier)\n"
    "    end\n"
    "  elseif fact == 'seen' then\n"
    "    redis.call('HSETNX', trip, field, supplier)\n"
    "  elseif fact == 'cancelled' or get(field) == supplier then\n"
    "    redis.call('HDEL', trip, field)\n"
    "  end\n"
    "end\n"
    "if ARGV[5] == '1' then redis.call('HINCRBY', trip, 'rev', 1) end\n"
    "if get('writer') == ARGV[1] then\n"
    "  redis.call('HDEL', trip, 'writer', 'writer_until')\n"
    "end\n"
    "return 1\n"), ""
};


static ngx_str_t  ngx_http_itinerary_empty = ngx_string("");
static ngx_str_t  ngx_http_itinerary_zero = ngx_string("0");
static ngx_str_t  ngx_http_itinerary_one = ngx_string("1");


ngx_int_t
ngx_http_itinerary_registry_add_trip(ngx_http_itinerary_registry_t *reg,
    ngx_uint_t lease, ngx_str_t *who)
{
    u_char     *p;
    ngx_str_t   key, ms;

    static ngx_str_t  hgetall = ngx_string("HGETALL");

    if (ngx_http_itinerary_registry_key(reg, &key, "trip:", &reg->trip.id, 0)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!lease) {
        return ngx_http_itinerary_redis_add(&reg->call, NULL, 2, &hgetall,
                                            &key)
               ? NGX_OK : NGX_ERROR;
    }

    p = ngx_pnalloc(reg->pool, NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ms.data = p;
    ms.len = ngx_sprintf(p, "%M", reg->lease) - p;

    /* unless the reply says otherwise, also when there is none */

    reg->leased = 1;

    return ngx_http_itinerary_redis_add(&reg->call, &ngx_http_itinerary_lease,
                                        4, &key, &reg->request, &ms, who)
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


/* the text at a key; of a trip, its state, which every known trip has */

ngx_int_t
ngx_http_itinerary_registry_add_get(ngx_http_itinerary_registry_t *reg,
    char *kind, itinerary_str_t *id)
{
    ngx_str_t  key;

    static ngx_str_t  get = ngx_string("GET");
    static ngx_str_t  hget = ngx_string("HGET");
    static ngx_str_t  state = ngx_string("state");

    if (ngx_http_itinerary_registry_key(reg, &key, kind, id, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    if (kind[1] == 'r') {                                   /* "trip:" */
        return ngx_http_itinerary_redis_add(&reg->call, NULL, 3, &hget, &key,
                                            &state)
               ? NGX_OK : NGX_ERROR;
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

    trip.len = reg->trip.id.len;
    trip.data = reg->trip.id.data;

    return ngx_http_itinerary_redis_add(&reg->call,
                                        &ngx_http_itinerary_booking, 6, &key,
                                        what, &reg->supplier, &trip,
                                        &reg->request, &reg->at)
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

    trip.len = reg->trip.id.len;
    trip.data = reg->trip.id.data;

    return ngx_http_itinerary_redis_add(&reg->call, &ngx_http_itinerary_claim,
                                        5, &key, &reg->supplier, &trip,
                                        &reg->request, &reg->at)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_itinerary_registry_add_state(ngx_http_itinerary_registry_t *reg,
    const itinerary_str_t *name)
{
    ngx_str_t  key;

    static ngx_str_t  hmget = ngx_string("HMGET");
    static ngx_str_t  owner = ngx_string("owner");
    static ngx_str_t  state = ngx_string("state");

    if (ngx_http_itinerary_registry_key(reg, &key, "booking:", name, 1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_itinerary_redis_add(&reg->call, NULL, 4, &hmget, &key,
                                        &owner, &state)
           ? NGX_OK : NGX_ERROR;
}


/* the trip's script with room for bookings; no creator, no state */

ngx_http_itinerary_command_t *
ngx_http_itinerary_registry_add_settle(ngx_http_itinerary_registry_t *reg,
    ngx_uint_t nbookings, ngx_uint_t bump)
{
    ngx_str_t                      key;
    ngx_http_itinerary_command_t  *command;

    if (ngx_http_itinerary_registry_key(reg, &key, "trip:", &reg->trip.id, 0)
        != NGX_OK)
    {
        return NULL;
    }

    command = ngx_http_itinerary_redis_add_argv(&reg->call,
                                                &ngx_http_itinerary_trip,
                                                6 + nbookings * 3);
    if (command == NULL) {
        return NULL;
    }

    command->argv[0] = key;
    command->argv[1] = reg->request;
    command->argv[2] = ngx_http_itinerary_empty;
    command->argv[3] = ngx_http_itinerary_empty;
    command->argv[4] = reg->at;
    command->argv[5] = bump ? ngx_http_itinerary_one
                            : ngx_http_itinerary_zero;

    return command;
}


/* a trip's hash, behind the lease's result where it was asked for */

ngx_int_t
ngx_http_itinerary_registry_read_trip(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command, ngx_uint_t leased)
{
    ngx_str_t                    name, text;
    ngx_uint_t                   i, n;
    itinerary_str_t              id;
    itinerary_record_t          *record;
    ngx_http_itinerary_value_t  *value;

    if (command->reply.type != NGX_HTTP_ITINERARY_REDIS_ARRAY) {
        return ngx_http_itinerary_registry_surprise(reg, command);
    }

    value = command->elts;
    n = command->nelts;

    id = reg->trip.id;
    ngx_memzero(&reg->trip, sizeof(itinerary_trip_t));
    reg->trip.id = id;

    if (leased) {

        if (n == 0 || value[0].type != NGX_HTTP_ITINERARY_REDIS_INTEGER
            || value[0].integer < -1 || value[0].integer > 1)
        {
            return ngx_http_itinerary_registry_surprise(reg, command);
        }

        reg->trip.busy = value[0].integer == -1;
        reg->leased = value[0].integer == 1;

        value++;
        n--;
    }

    if (n & 1) {
        return ngx_http_itinerary_registry_surprise(reg, command);
    }

    reg->trip.bookings = ngx_pcalloc(reg->pool,
                                     (n / 2 + 1) * sizeof(itinerary_record_t));
    if (reg->trip.bookings == NULL) {
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
            reg->trip.known |= text.len != 0;
            reg->trip.owner.len = text.len;
            reg->trip.owner.data = text.data;

        } else if (name.len == 5 && ngx_strncmp(name.data, "state", 5) == 0) {
            reg->trip.known = 1;

        } else if (name.len > 8 && ngx_strncmp(name.data, "booking:", 8) == 0)
        {
            record = &reg->trip.bookings[reg->trip.nbookings++];

            record->name.len = name.len - 8;
            record->name.data = name.data + 8;
            record->owner.len = text.len;
            record->owner.data = text.data;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_registry_read_state(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command, itinerary_record_t *record)
{
    itinerary_str_t              state;
    ngx_http_itinerary_value_t  *value;

    value = command->elts;

    if (command->reply.type != NGX_HTTP_ITINERARY_REDIS_ARRAY
        || command->nelts != 2)
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

    state.len = value[1].text.len;
    state.data = value[1].text.data;

    record->owner.len = value[0].text.len;
    record->owner.data = value[0].text.data;
    record->state = itinerary_state(&state);

    if (record->state == ITINERARY_STATE_NONE) {
        return ngx_http_itinerary_registry_surprise(reg, command);
    }

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

    } else {
        ngx_log_error(NGX_LOG_ERR, reg->log, 0,
                      "itinerary: redis \"%V\" holds at \"%V\" what is not "
                      "the registry's", &reg->redis->name, key);
        reg->suspect = 1;
        reg->failure = "holds what is not the registry's";
    }

    return NGX_ERROR;
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
    ngx_tm_t     tm;
    ngx_time_t  *tp;

    tp = ngx_timeofday();
    ngx_gmtime(tp->sec, &tm);

    reg->at.data = ngx_pnalloc(reg->pool,
                               sizeof("1970-01-01T00:00:00.000Z") - 1);
    if (reg->at.data == NULL) {
        return NGX_ERROR;
    }

    reg->at.len = ngx_sprintf(reg->at.data,
                              "%4d-%02d-%02dT%02d:%02d:%02d.%03MZ",
                              tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                              tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec,
                              tp->msec)
                  - reg->at.data;

    return NGX_OK;
}
