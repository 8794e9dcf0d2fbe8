
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * A request line, with whatever path and arguments.  What is accepted as
 * a write is what the path's end says, and every server that takes the query
 * apart in its own way finds the same trip in it: whether it separates by "&"
 * or ";" too, decodes once or more, takes the first or the last, or looks at
 * letters and digits of a name alone.
 *
 * The input is the method, the path as it was understood, the path as it was
 * written (empty: the same; "-": not known), a line each, and the query.
 */


#include "fuzz.h"
#include "itinerary_operation.h"

#include <ctype.h>
#include <regex.h>


typedef struct {
    const char             *pattern;
    itinerary_operation_e   operation;
} path_t;

typedef struct {
    int                     semicolon;   /* separates, too */
    unsigned                decodings;
    int                     list;        /* a part of a name may be one */
} server_t;

typedef struct {
    itinerary_request_t     request;
    itinerary_target_t      target;
    itinerary_error_t       error;
    itinerary_result_e      result;
} asked_t;


#define V  "/v[0-9]+([.][0-9]+)?"

static const path_t  paths[] = {
    { "/trip" V "/?$",         ITINERARY_OP_CREATE },
    { "/trip" V "/cancel$",    ITINERARY_OP_CANCEL },
    { "/trip" V "/GetTrips$",  ITINERARY_OP_READ },
    { "/booking" V "/?$",      ITINERARY_OP_BOOK },
    { "/booking" V "/cancel$", ITINERARY_OP_CANCEL_BOOKING }
};


static void
ask(arena_t *arena, asked_t *asked)
{
    memset(&asked->error, 0, sizeof(itinerary_error_t));

    asked->result = itinerary_operation(&arena->pool, &asked->request,
                                        &asked->target, &asked->error);

    fuzz_check((asked->result == ITINERARY_OK)
               == (asked->error.reason == ITINERARY_REASON_NONE), "%d",
               asked->result);
}


static itinerary_operation_e
operation_of(const itinerary_str_t *uri, const char *p)
{
    size_t  i;

    static int      compiled;
    static regex_t  res[nelts(paths)];

    for (i = 0; !compiled && i < nelts(paths); i++) {
        fuzz_check(regcomp(&res[i], paths[i].pattern, REG_EXTENDED|REG_NOSUB)
                   == 0, "%s", paths[i].pattern);
    }

    compiled = 1;

    for (i = 0; i < nelts(paths); i++) {
        if (strlen(p) == uri->len
            && regexec(&res[i], p, 0, NULL, 0) == 0)
        {
            return paths[i].operation;
        }
    }

    return ITINERARY_OP_NONE;
}


static char *
string(arena_t *arena, const u_char *data, size_t len)
{
    char  *p;

    p = arena_alloc(arena, len + 1);
    memcpy(p, data, len);
    p[len] = '\0';

    return p;
}


static void
decode(char *text, unsigned times)
{
    char          *p, *dst;
    unsigned int   c;

    while (times--) {

        for (p = text, dst = text; *p; p++) {

            if (*p == '+') {
                *dst++ = ' ';
                continue;
            }

            if (*p == '%' && isxdigit((u_char) p[1])
                && isxdigit((u_char) p[2])
                && sscanf(p + 1, "%2x", &c) == 1)
            {
                *dst++ = (char) c;
                p += 2;
                continue;
            }

            *dst++ = *p;
        }

        *dst = '\0';
    }
}


/* what is left of a name for the most careless server */

static int
names_trip(const char *name)
{
    const char  *expected;

    expected = "tripid";

    for ( /* void */ ; *name; name++) {

        if (!isalnum((u_char) *name)) {
            continue;
        }

        if (tolower((u_char) *name) != *expected++) {
            return 0;
        }
    }

    return *expected == '\0';
}


static int
lists_trip(char *name)
{
    char  *part, *rest;

    for (part = strtok_r(name, "[].;&=", &rest); part;
         part = strtok_r(NULL, "[].;&=", &rest))
    {
        if (names_trip(part)) {
            return 1;
        }
    }

    return 0;
}


/* every trip id that such a server finds is this one; returns how many */

static unsigned
check_server(arena_t *arena, const server_t *server,
    const itinerary_str_t *args, const itinerary_str_t *trip)
{
    char      *query, *argument, *rest, *name, *value;
    unsigned   n;

    n = 0;
    query = string(arena, args->data, args->len);

    for (argument = strtok_r(query, server->semicolon ? "&;" : "&", &rest);
         argument;
         argument = strtok_r(NULL, server->semicolon ? "&;" : "&", &rest))
    {
        value = strchr(argument, '=');

        if (value) {
            *value++ = '\0';
            decode(value, server->decodings);
        }

        name = argument;
        decode(name, server->decodings);

        if (names_trip(name) || (server->list && lists_trip(name))) {
            fuzz_check(value && fuzz_is(trip, value),
                       "\"%.*s\" is \"%s\", not \"%.*s\"", fuzz_quote(args),
                       value ? value : "", fuzz_quote(trip));
            n++;
        }
    }

    return n;
}


static void
check_servers(arena_t *arena, const asked_t *asked)
{
    unsigned   n;
    server_t   server;

    for (server.semicolon = 0; server.semicolon < 2; server.semicolon++) {
        for (server.decodings = 1; server.decodings < 4; server.decodings++) {
            for (server.list = 0; server.list < 2; server.list++) {

                n = check_server(arena, &server, &asked->request.args,
                                 &asked->target.trip);

                fuzz_check(n == (asked->target.trip.len != 0), "%u trips", n);
            }
        }
    }
}


static void
query(arena_t *arena, asked_t *asked, const char *format,
    const itinerary_str_t *text)
{
    itinerary_str_t  args;

    args.data = arena_alloc(arena, text->len + 64);
    args.len = sprintf((char *) args.data, format, fuzz_quote(text));

    asked->request.args = fuzz_copy(arena, &args);

    ask(arena, asked);
}


/* the same trip in other words, and twice */

static void
check_trip(arena_t *arena, const asked_t *asked)
{
    u_char           *p;
    size_t            i;
    asked_t           other;
    itinerary_str_t   escaped;

    static const char  allowed[] = "._~$=-";

    for (i = 0; i < asked->target.trip.len; i++) {
        fuzz_check(isalnum(asked->target.trip.data[i])
                   || memchr(allowed, asked->target.trip.data[i],
                             sizeof(allowed) - 1),
                   "\"%.*s\"", fuzz_quote(&asked->target.trip));
    }

    fuzz_check(i >= 1 && i <= 128, "%zu", i);

    escaped.len = 3 * i;
    escaped.data = arena_alloc(arena, 3 * i + 1);

    for (i = 0, p = escaped.data; i < asked->target.trip.len; i++, p += 3) {
        (void) sprintf((char *) p, "%%%02x", asked->target.trip.data[i]);
    }

    other = *asked;
    query(arena, &other, "TRIPID=%.*s", &escaped);

    fuzz_check(other.result == ITINERARY_OK
               && other.target.operation == asked->target.operation
               && itinerary_equal(&other.target.trip, &asked->target.trip),
               "%d, \"%.*s\"", other.result, fuzz_quote(&other.target.trip));

    query(arena, &other, "%.*s&tripid=X", &asked->request.args);

    fuzz_check(other.error.reason == ITINERARY_AMBIGUOUS_QUERY, "%d",
               other.error.reason);

    query(arena, &other, "trip%%49d=X&%.*s", &asked->request.args);

    fuzz_check(other.error.reason == ITINERARY_AMBIGUOUS_QUERY, "%d",
               other.error.reason);
}


static void
check_write(arena_t *arena, const asked_t *asked)
{
    char                       *uri;
    asked_t                     other;
    itinerary_operation_e       operation;
    const itinerary_request_t  *request;

    request = &asked->request;

    uri = string(arena, request->uri.data, request->uri.len);
    operation = operation_of(&request->uri, uri);

    if (operation == ITINERARY_OP_CREATE && asked->target.trip.len) {
        operation = ITINERARY_OP_UPDATE;
    }

    fuzz_check(fuzz_is(&request->method, "POST"), "%.*s",
               fuzz_quote(&request->method));
    fuzz_check(asked->target.operation == operation, "%d, not %d",
               asked->target.operation, operation);
    fuzz_check(request->raw.len == 0
               || itinerary_equal(&request->raw, &request->uri), "\"%.*s\"",
               fuzz_quote(&request->raw));
    fuzz_check(strpbrk(uri, "%;#\\?") == NULL && strstr(uri, "//") == NULL
               && strstr(uri, "/../") == NULL && strstr(uri, "/./") == NULL,
               "\"%s\"", uri);
    fuzz_check(memchr(request->args.data, '\0', request->args.len) == NULL
               && memchr(request->args.data, '#', request->args.len) == NULL,
               "\"%.*s\"", fuzz_quote(&request->args));

    check_servers(arena, asked);

    if (asked->target.trip.len) {
        check_trip(arena, asked);
    }

    fuzz_check(asked->target.trip.len != 0 || operation != ITINERARY_OP_CANCEL,
               "no trip");
    fuzz_check((operation == ITINERARY_OP_CANCEL_BOOKING)
               == (asked->target.source.len && asked->target.confirmation.len),
               "\"%.*s\"", fuzz_quote(&asked->target.source));

    /* what nobody knows changes nothing */

    other = *asked;
    query(arena, &other, "%.*s&itemId=7%%25&x", &asked->request.args);

    fuzz_check(other.result == ITINERARY_OK
               && other.target.operation == asked->target.operation
               && itinerary_equal(&other.target.trip, &asked->target.trip)
               && itinerary_equal(&other.target.confirmation,
                                  &asked->target.confirmation),
               "%d", other.result);
}


/* whose details a GET asks for, nobody finds another trip in */

static void
check_details(arena_t *arena, const itinerary_request_t *request)
{
    char             *uri;
    unsigned          n;
    server_t          server;
    itinerary_str_t   trip;

    if (itinerary_details(&arena->pool, request, &trip) != ITINERARY_OK) {
        return;
    }

    fuzz_check(itinerary_is_trip_id(&trip), "\"%.*s\"", fuzz_quote(&trip));

    n = 0;

    for (server.semicolon = 0; server.semicolon < 2; server.semicolon++) {
        for (server.decodings = 1; server.decodings < 4; server.decodings++) {
            for (server.list = 0; server.list < 2; server.list++) {
                n = check_server(arena, &server, &request->args, &trip);
                fuzz_check(n <= 1, "%u trips", n);
            }
        }
    }

    uri = string(arena, request->uri.data, request->uri.len);

    fuzz_check(n == 1 || fuzz_is(&trip, strrchr(uri, '/') + 1), "\"%s\"", uri);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char              *uri;
    arena_t            arena;
    asked_t            asked;
    fuzz_input_t       in;
    itinerary_str_t    line;

    in.p = data;
    in.last = data + size;

    arena_init(&arena, 0);
    memset(&asked, 0, sizeof(asked_t));

    line = fuzz_line(&in);
    asked.request.method = fuzz_copy(&arena, &line);

    line = fuzz_line(&in);
    asked.request.uri = fuzz_copy(&arena, &line);

    line = fuzz_line(&in);
    asked.request.raw = line.len ? fuzz_copy(&arena, &line)
                                 : asked.request.uri;

    if (fuzz_is(&line, "-")) {
        asked.request.raw.len = 0;
    }

    line = fuzz_rest(&in);
    asked.request.args = fuzz_copy(&arena, &line);

    ask(&arena, &asked);

    if (asked.result == ITINERARY_OK
        && asked.target.operation != ITINERARY_OP_READ)
    {
        check_write(&arena, &asked);
    }

    if (asked.error.reason == ITINERARY_UNKNOWN_OPERATION) {
        uri = string(&arena, asked.request.uri.data, asked.request.uri.len);

        fuzz_check(operation_of(&asked.request.uri, uri)
                   == ITINERARY_OP_NONE, "\"%s\"", uri);
    }

    check_details(&arena, &asked.request);

    arena_free(&arena);

    return 0;
}
