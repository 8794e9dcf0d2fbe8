
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_registry.h"
#include "itinerary_name.h"


typedef ngx_http_itinerary_redis_command_t  ngx_http_itinerary_command_t;
typedef ngx_http_itinerary_redis_value_t    ngx_http_itinerary_value_t;


static void ngx_http_itinerary_registry_begin(
    ngx_http_itinerary_registry_t *reg, ngx_uint_t n,
    ngx_int_t (*next)(ngx_http_itinerary_registry_t *reg));
static void ngx_http_itinerary_registry_send(
    ngx_http_itinerary_registry_t *reg, ngx_int_t rc);
static void ngx_http_itinerary_registry_done(
    ngx_http_itinerary_redis_call_t *call);
static ngx_int_t ngx_http_itinerary_registry_looked_up(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_viewed(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_claimed(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_released(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_named(
    ngx_http_itinerary_registry_t *reg);

static ngx_int_t ngx_http_itinerary_registry_add_trip(
    ngx_http_itinerary_registry_t *reg, ngx_uint_t lease, ngx_str_t *who);
static ngx_int_t ngx_http_itinerary_registry_add_get(
    ngx_http_itinerary_registry_t *reg, char *kind, itinerary_str_t *id);
static ngx_int_t ngx_http_itinerary_registry_add_booking(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *name,
    ngx_str_t *what);
static ngx_int_t ngx_http_itinerary_registry_add_state(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *name);
static ngx_int_t ngx_http_itinerary_registry_add_facts(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_add_aliases(
    ngx_http_itinerary_registry_t *reg);
static ngx_http_itinerary_command_t *ngx_http_itinerary_registry_add_settle(
    ngx_http_itinerary_registry_t *reg, ngx_uint_t nbookings,
    ngx_uint_t bump);

static ngx_int_t ngx_http_itinerary_registry_read_trip(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command,
    ngx_uint_t leased);
static ngx_int_t ngx_http_itinerary_registry_read_state(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command,
    itinerary_record_t *record);
static ngx_int_t ngx_http_itinerary_registry_read_text(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command,
    ngx_str_t *text);
static ngx_int_t ngx_http_itinerary_registry_surprise(
    ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command);
static ngx_int_t ngx_http_itinerary_registry_key(
    ngx_http_itinerary_registry_t *reg, ngx_str_t *key, char *kind,
    const itinerary_str_t *id, ngx_uint_t encoded);
static ngx_int_t ngx_http_itinerary_registry_now(
    ngx_http_itinerary_registry_t *reg);


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
 * (claimed), 2 (the supplier's already) or 0 (another's, or seen).
 */

static ngx_http_itinerary_redis_script_t  ngx_http_itinerary_claim = {
    ngx_string(
    "local was = redis.call('HMGET', KEYS[1], 'owner', 'state')\n"
    "if was[2] then\n"
    "  if was[1] == ARGV[1] then return 2 end\n"
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
 * for each booking: fact, name, supplier.  Never takes a trip from its
 * creator.  Gives back the request's lease.
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
    "    redis.call('HSETNX', trip, field, '')\n"
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

    ngx_http_itinerary_registry_begin(reg, 3,
                                      ngx_http_itinerary_registry_looked_up);

    rc = NGX_OK;

    if (token) {
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

    ngx_http_itinerary_registry_begin(reg, n + 4,
                                      ngx_http_itinerary_registry_viewed);
    rc = NGX_OK;
    reg->nids = 0;

    if (document) {
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

    } else if (operation == ITINERARY_OP_CANCEL) {

        for (i = 0; i < n && rc == NGX_OK; i++) {

            if (reg->trip.bookings[i].owner.len == reg->supplier.len
                && ngx_strncmp(reg->trip.bookings[i].owner.data,
                               reg->supplier.data, reg->supplier.len) == 0)
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

            if (record->name.len == text.len - prefix
                && ngx_strncmp(record->name.data, text.data + prefix,
                               record->name.len)
                   == 0)
            {
                break;
            }
        }

        if (k == reg->trip.nbookings) {
            continue;
        }

        if (ngx_http_itinerary_registry_read_state(reg, &command[i], record)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_http_itinerary_registry_claim(ngx_http_itinerary_registry_t *reg,
    const itinerary_case_t *c, const itinerary_judgement_t *j)
{
    ngx_int_t                      rc;
    ngx_str_t                      key, trip;
    ngx_uint_t                     i, n;
    ngx_http_itinerary_command_t  *command;

    ngx_http_itinerary_registry_begin(reg, j->neffects + 1,
                                      ngx_http_itinerary_registry_claimed);
    reg->c = c;
    reg->j = j;
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

        rc = ngx_http_itinerary_registry_key(reg, &key, "booking:",
                                             &j->effects[i].name, 1);
        if (rc == NGX_OK
            && ngx_http_itinerary_redis_add(&reg->call,
                                            &ngx_http_itinerary_claim, 5,
                                            &key, &reg->supplier, &trip,
                                            &reg->request, &reg->at)
               == NULL)
        {
            rc = NGX_ERROR;
        }
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
                                                        ITINERARY_FACT_OWN];
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
    ngx_uint_t                     i;
    ngx_http_itinerary_command_t  *command;

    command = reg->call.commands.elts;

    for (i = 0; i < reg->call.commands.nelts; i++) {

        if (command[i].reply.type != NGX_HTTP_ITINERARY_REDIS_INTEGER) {
            return ngx_http_itinerary_registry_surprise(reg, &command[i]);
        }

        if (command[i].reply.integer == 0) {
            reg->lost++;
        }
    }

    return NGX_OK;
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
    ngx_uint_t                     i;
    ngx_http_itinerary_command_t  *command;

    command = reg->call.commands.elts;

    for (i = 0; i < reg->call.commands.nelts; i++) {

        if (command[i].reply.type == NGX_HTTP_ITINERARY_REDIS_ERROR) {
            return ngx_http_itinerary_registry_surprise(reg, &command[i]);
        }
    }

    reg->leased = 0;
    reg->claimed = 0;

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

    if (reg->c->operation != ITINERARY_OP_CREATE && !reg->j->record) {
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

    if (j->cancel) {
        command->argv[3] = ngx_http_itinerary_facts[ITINERARY_FACT_CANCELLED];

    } else if (reg->c->operation != ITINERARY_OP_CANCEL) {
        command->argv[3] = ngx_http_itinerary_active;
    }

    for (i = 0, n = 6; i < facts->nbookings; i++) {

        fact = &facts->bookings[i];

        command->argv[n++] = ngx_http_itinerary_facts[fact->fact];
        command->argv[n].len = fact->name.len;
        command->argv[n++].data = fact->name.data;
        command->argv[n++] = reg->supplier;
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


static ngx_int_t
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


/* the text at a key; of a trip, its state, which every known trip has */

static ngx_int_t
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


static ngx_int_t
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


static ngx_int_t
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

static ngx_http_itinerary_command_t *
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

static ngx_int_t
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

        if (n == 0 || value[0].type != NGX_HTTP_ITINERARY_REDIS_INTEGER) {
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


static ngx_int_t
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

static ngx_int_t
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

static ngx_int_t
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
        reg->failure = "holds what is not the registry's";
    }

    return NGX_ERROR;
}


static ngx_int_t
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

static ngx_int_t
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
