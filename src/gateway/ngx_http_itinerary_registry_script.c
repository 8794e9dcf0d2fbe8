
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_registry_script.h"


/*
 * Takes the trip's lease: ARGV is the request, the lease in ms, and the
 * supplier that must have something in the trip ("": anybody).  A lease that
 * has run out is another's write that may have been carried out, so it counts.
 * Returns 1 (leased), 0 (not tried) or -1 (busy), and the hash as it was, but
 * with that write counted.
 */

ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_lease = {
    ngx_string(
    "local time = redis.call('TIME')\n"
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
    "local trip = redis.call('HGETALL', KEYS[1])\n"
    "local writer, till, rev, may, got = false, 0, 0, ARGV[3] == '', 0\n"
    "for i = 1, #trip, 2 do\n"
    "  local field, value = trip[i], trip[i + 1]\n"
    "  if field == 'writer' then writer = value\n"
    "  elseif field == 'rev' then rev = i + 1\n"
    "  elseif field == 'writer_until' then till = tonumber(value) or 0\n"
    "  elseif value == ARGV[3] and (field == 'owner'\n"
    "         or string.sub(field, 1, 8) == 'booking:') then may = true\n"
    "  end\n"
    "end\n"
    "if may then\n"
    "  if writer and writer ~= ARGV[1] and till > now then got = -1\n"
    "  else\n"
    "    if writer and writer ~= ARGV[1] then\n"
    "      local n = redis.call('HINCRBY', KEYS[1], 'rev', 1)\n"
    "      if rev == 0 then rev = #trip + 2 trip[rev - 1] = 'rev' end\n"
    "      trip[rev] = tostring(n)\n"
    "    end\n"
    "    redis.call('HSET', KEYS[1], 'writer', ARGV[1], 'writer_until',\n"
    "               string.format('%.0f', now + ARGV[2]))\n"
    "    got = 1\n"
    "  end\n"
    "end\n"
    "table.insert(trip, 1, got)\n"
    "return trip\n"), "", 0
};


/*
 * Takes the lease of a trip that a write changes without naming it: ARGV is
 * the request and the lease in ms.  What has run out counts, as above.
 * Returns 1 (leased) or 0 (busy).
 */

ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_hold = {
    ngx_string(
    "local time = redis.call('TIME')\n"
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
    "local was = redis.call('HMGET', KEYS[1], 'writer', 'writer_until')\n"
    "if was[1] and was[1] ~= ARGV[1] then\n"
    "  if (tonumber(was[2]) or 0) > now then return 0 end\n"
    "  redis.call('HINCRBY', KEYS[1], 'rev', 1)\n"
    "end\n"
    "redis.call('HSET', KEYS[1], 'writer', ARGV[1], 'writer_until',\n"
    "           string.format('%.0f', now + ARGV[2]))\n"
    "return 1\n"), "", 0
};


/*
 * Claims a booking: ARGV is supplier, trip, request, time.  Returns 1
 * (claimed), 2 (the supplier's already) or 0 (another's, or seen).  A claim of
 * the supplier's that is not settled becomes this request's, too: it ends when
 * the last of its requests is refused, so not if one of them is in doubt.  Of
 * very many only the last is noted, for ever.  One that the supplier had
 * cancelled is claimed as well, and keeps the request that has cancelled it.
 */

ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_claim = {
    ngx_string(
    "local was = redis.call('HMGET', KEYS[1], 'owner', 'state', 'request')\n"
    "if was[2] then\n"
    "  if was[1] ~= ARGV[1] then return 0 end\n"
    "  if was[2] == 'cancelled' then\n"
    "    redis.call('HSET', KEYS[1], 'state', 'pending',\n"
    "               'cancelled', was[3] or '', 'request', ARGV[3],\n"
    "               'at', ARGV[4])\n"
    "    return 1\n"
    "  end\n"
    "  if was[2] ~= 'pending' then return 2 end\n"
    "  local all = (was[3] or '') .. ' ' .. ARGV[3]\n"
    "  local many = #all > 300\n"
    "  redis.call('HSET', KEYS[1], 'request', many and ARGV[3] or all,\n"
    "             'at', ARGV[4])\n"
    "  return many and 2 or 1\n"
    "end\n"
    "redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'state', 'pending',\n"
    "           'trip', ARGV[2], 'request', ARGV[3], 'at', ARGV[4])\n"
    "return 1\n"), "", 0
};


/*
 * Binds a booking source: ARGV is the supplier, and how long, in ms, a binding
 * that was not answered for lasts, which is for ever, but tells it from others.
 * Returns 1 (bound), 2 (the supplier's already, and kept whatever becomes of
 * who bound it) or 0 (another's).
 */

ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_bind = {
    ngx_string(
    "local was = redis.call('GET', KEYS[1])\n"
    "if not was then\n"
    "  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])\n"
    "  return 1\n"
    "end\n"
    "if was ~= ARGV[1] then return 0 end\n"
    "redis.call('PERSIST', KEYS[1])\n"
    "return 2\n"), "", 0
};


/*
 * Gives back a binding that nobody has answered for: ARGV is the supplier.
 * Returns 1.
 */

ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_unbind = {
    ngx_string(
    "if redis.call('GET', KEYS[1]) == ARGV[1]\n"
    "   and redis.call('PTTL', KEYS[1]) > 0 then\n"
    "  redis.call('DEL', KEYS[1])\n"
    "end\n"
    "return 1\n"), "", 0
};


/*
 * What became of a booking: ARGV is the fact, then supplier, trip, request,
 * time, and for "moved" the trip that it was in.  Never takes a booking from
 * its owner, nor cancels another's that is in another trip.  Returns 1, or 0
 * where it is another's, or is to be moved and not on record, or 2 where it is
 * the supplier's, and not the request's alone to release.
 */

ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_booking = {
    ngx_string(
    "local fact, supplier = ARGV[1], ARGV[2]\n"
    "local was = redis.call('HMGET', KEYS[1], 'owner', 'state', 'request')\n"
    "local owner, state = was[1] or '', was[2]\n"
    "if fact == 'own' then\n"
    "  if owner ~= '' and owner ~= supplier then return 0 end\n"
    "  redis.call('HSET', KEYS[1], 'owner', supplier, 'state', 'active',\n"
    "             'trip', ARGV[3], 'request', ARGV[4], 'at', ARGV[5])\n"
    "  redis.call('HDEL', KEYS[1], 'cancelled')\n"
    "elseif fact == 'seen' or fact == 'alive' then\n"
    "  if not state then\n"
    "    redis.call('HSET', KEYS[1], 'owner', '', 'state', 'seen',\n"
    "               'trip', ARGV[3], 'request', ARGV[4], 'at', ARGV[5])\n"
    "  elseif state == 'cancelled' and fact == 'alive' then\n"
    "    redis.call('HSET', KEYS[1], 'state',\n"
    "               owner == '' and 'seen' or 'active',\n"
    "               'trip', ARGV[3], 'request', ARGV[4], 'at', ARGV[5])\n"
    "  elseif fact == 'alive'\n"
    "         or redis.call('HGET', KEYS[1], 'trip') == '' then\n"
    "    redis.call('HSET', KEYS[1], 'trip', ARGV[3])\n"
    "  end\n"
    "elseif fact == 'moved' then\n"
    "  if not state then return 0 end\n"
    "  if redis.call('HGET', KEYS[1], 'trip') == ARGV[6] then\n"
    "    redis.call('HSET', KEYS[1], 'trip', ARGV[3])\n"
    "  end\n"
    "elseif fact == 'cancelled' then\n"
    "  local trip = redis.call('HGET', KEYS[1], 'trip') or ''\n"
    "  if state and (owner == supplier or trip == '' or trip == ARGV[3]) then\n"
    "    redis.call('HSET', KEYS[1], 'state', 'cancelled', 'request',\n"
    "               ARGV[4], 'at', ARGV[5])\n"
    "    redis.call('HDEL', KEYS[1], 'cancelled')\n"
    "  end\n"
    "elseif owner == supplier then\n"
    "  if state ~= 'pending' then return 2 end\n"
    "  local rest, found = {}, false\n"
    "  for request in string.gmatch(was[3] or '', '%S+') do\n"
    "    if request == ARGV[4] then found = true\n"
    "    else rest[#rest + 1] = request end\n"
    "  end\n"
    "  if found and #rest == 0 then\n"
    "    local cancelled = redis.call('HGET', KEYS[1], 'cancelled')\n"
    "    if cancelled then\n"
    "      redis.call('HSET', KEYS[1], 'state', 'cancelled',\n"
    "                 'request', cancelled)\n"
    "      redis.call('HDEL', KEYS[1], 'cancelled')\n"
    "    else\n"
    "      redis.call('DEL', KEYS[1])\n"
    "    end\n"
    "    return 1\n"
    "  end\n"
    "  redis.call('HSET', KEYS[1], 'request', table.concat(rest, ' '))\n"
    "  return 2\n"
    "end\n"
    "return 1\n"), "", 0
};


/*
 * What became of a trip: ARGV is request ("": keeps the lease), its creator
 * ("": none), its state ("": as it is, "known": that, or active), time, 1 where
 * it was or may have been written to (2: if a booking is new in it), the time
 * since which it may have been known for that to be its creator ("": ever), and
 * three for each booking: fact, name, owner.  Never takes a trip from its
 * creator.  Gives back the request's lease.  Returns 1 where that was counted
 * as a write, else 0.
 */

ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_trip = {
    ngx_string(
    "local trip = KEYS[1]\n"
    "local function get(field)\n"
    "  return redis.call('HGET', trip, field) or ''\n"
    "end\n"
    "local found, counted = 0, 0\n"
    "if ARGV[2] ~= '' and get('owner') == ''\n"
    "   and (ARGV[6] == '' or get('state') == ''\n"
    "        or get('created') >= ARGV[6]) then\n"
    "  redis.call('HSET', trip, 'owner', ARGV[2])\n"
    "end\n"
    "if ARGV[2] ~= '' or ARGV[3] ~= '' then\n"
    "  redis.call('HSETNX', trip, 'created', ARGV[4])\n"
    "end\n"
    "if ARGV[3] == 'known' then\n"
    "  redis.call('HSETNX', trip, 'state', 'active')\n"
    "elseif ARGV[3] ~= '' then\n"
    "  redis.call('HSET', trip, 'state', ARGV[3])\n"
    "end\n"
    "for i = 7, #ARGV, 3 do\n"
    "  local fact, field, supplier = ARGV[i], 'booking:' .. ARGV[i + 1],\n"
    "                                ARGV[i + 2]\n"
    "  if fact == 'own' then\n"
    "    local owner = get(field)\n"
    "    if owner == '' or owner == supplier then\n"
    "      redis.call('HSET', trip, field, supplier)\n"
    "    end\n"
    "  elseif fact == 'seen' or fact == 'alive' then\n"
    "    found = found + redis.call('HSETNX', trip, field, supplier)\n"
    "  elseif fact == 'cancelled' or get(field) == supplier then\n"
    "    redis.call('HDEL', trip, field)\n"
    "  end\n"
    "end\n"
    "if ARGV[5] == '1' or ARGV[5] == '2' and found > 0 then\n"
    "  redis.call('HINCRBY', trip, 'rev', 1)\n"
    "  counted = 1\n"
    "end\n"
    "if get('writer') == ARGV[1] then\n"
    "  redis.call('HDEL', trip, 'writer', 'writer_until')\n"
    "end\n"
    "return counted\n"), "", 0
};


/*
 * A confirmation number stands for a booking: ARGV is its locator.  Of several
 * bookings all are named, separated by spaces; "" stands for too many.
 * Returns 1.
 */

ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_number = {
    ngx_string(
    "local was = redis.call('GET', KEYS[1])\n"
    "local list = ARGV[1]\n"
    "if was then\n"
    "  if was == '' or string.find(' ' .. was .. ' ', ' ' .. list .. ' ', 1,\n"
    "                              true) then return 1 end\n"
    "  list = was .. ' ' .. list\n"
    "  if #list > 1000 then list = '' end\n"
    "end\n"
    "redis.call('SET', KEYS[1], list)\n"
    "return 1\n"), "", 0
};


/*
 * What a supplier was shown of a trip, in the place of what it was shown
 * before: ARGV is for how long, in ms, and then fields and values.  Returns 1.
 */

ngx_http_itinerary_redis_script_t  ngx_http_itinerary_script_view = {
    ngx_string(
    "redis.call('DEL', KEYS[1])\n"
    "for i = 2, #ARGV, 1000 do\n"
    "  redis.call('HSET', KEYS[1],\n"
    "             unpack(ARGV, i, math.min(i + 999, #ARGV)))\n"
    "end\n"
    "redis.call('PEXPIRE', KEYS[1], ARGV[1])\n"
    "return 1\n"), "", 0
};
