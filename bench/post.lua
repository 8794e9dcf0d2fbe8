-- wrk's script: every request is for another trip.
--
-- BENCH_PATH and BENCH_BODY (a file) have the trip's id as @ID@, which also
-- begins the names of its bookings; BENCH_KIND is the id's first part,
-- BENCH_FIRST and BENCH_COUNT the range of its number.

local env = os.getenv
local kind = env("BENCH_KIND")
local first, count = tonumber(env("BENCH_FIRST")), tonumber(env("BENCH_COUNT"))
local body, parts, requests, turn = nil, {}, {}, 0
local keep = false

local function build(id)
    parts[2] = wrk.path_of(id)

    if body then
        return parts[1] .. parts[2] .. parts[3] .. body(id)
    end

    return parts[1] .. parts[2] .. parts[3]
end

local function filler(text)
    local pieces, n = {}, 0

    for before in (text .. "@ID@"):gmatch("(.-)@ID@") do
        n = n + 1
        pieces[n] = before
    end

    return function(id)
        return table.concat(pieces, id)
    end
end

function init()
    wrk.path_of = filler(env("BENCH_PATH"))

    parts[1] = "POST "
    parts[3] = " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
               .. "Authorization: OAuth " .. env("BENCH_TOKEN") .. "\r\n"

    if env("BENCH_BODY") then
        local file = assert(io.open(env("BENCH_BODY"), "rb"))
        body = filler(file:read("*a"))
        file:close()

        local length = #body(string.format("%s%07d", kind, first))

        parts[3] = parts[3] .. "Content-Type: application/xml\r\n"
                   .. "Content-Length: " .. length .. "\r\n"

        -- those that come back are made once, as far as memory allows

        keep = count * length < 1e8
    end

    parts[3] = parts[3] .. "\r\n"
end

function request()
    local number = first + turn % count

    turn = turn + 1

    if requests[number] then
        return requests[number]
    end

    local made = build(string.format("%s%07d", kind, number))

    if keep then
        requests[number] = made
    end

    return made
end

function done(summary, latency)
    local e = summary.errors

    io.write(string.format(
        'BENCH {"requests":%d,"us":%d,"p50":%d,"p99":%d,"refused":%d,'
        .. '"failed":%d}\n',
        summary.requests, summary.duration, latency:percentile(50),
        latency:percentile(99), e.status,
        e.connect + e.read + e.write + e.timeout))
end
