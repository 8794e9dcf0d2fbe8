
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "itinerary_operation.h"


#define TRIP      "/api/travel/trip/v1.1"
#define CANCEL    "/api/travel/trip/v1.1/cancel"
#define GETTRIPS  "/api/travel/trip/v1.1/GetTrips"
#define BOOKING   "/api/travel/booking/v1.1"
#define UNBOOK    "/api/travel/booking/v1.1/cancel"

#define S8        "12345678"
#define S16       S8 S8
#define S32       S16 S16
#define S64       S8 S8 S8 S8 S8 S8 S8 S8
#define S128      S64 S64
#define S255      S128 S64 S8 S8 S8 S8 S8 S8 S8 "1234567"

#define nelts(a)  (sizeof(a) / sizeof((a)[0]))


typedef struct {
    arena_t                arena;
    itinerary_request_t    request;
    itinerary_target_t     target;
    itinerary_error_t      error;
    itinerary_result_e     rc;
} call_t;


/* copies to a block of exactly that size, so that an overread is seen */

static itinerary_str_t
text(arena_t *arena, const char *data, size_t len)
{
    itinerary_str_t  str;

    str.len = len;
    str.data = len ? arena_alloc(arena, len) : NULL;

    if (len) {
        memcpy(str.data, data, len);
    }

    return str;
}


static void
call(call_t *c, unsigned fail, const char *method, itinerary_str_t uri,
    itinerary_str_t raw, itinerary_str_t args)
{
    memset(c, 0, sizeof(call_t));
    memset(&c->target, 0xa5, sizeof(itinerary_target_t));

    arena_init(&c->arena, 0);

    c->request.method = text(&c->arena, method, strlen(method));
    c->request.uri = text(&c->arena, (char *) uri.data, uri.len);
    c->request.raw = text(&c->arena, (char *) raw.data, raw.len);
    c->request.args = text(&c->arena, (char *) args.data, args.len);

    c->arena.count = 0;
    c->arena.fail = fail;

    c->rc = itinerary_operation(&c->arena.pool, &c->request, &c->target,
                                &c->error);
}


static itinerary_str_t
str(const char *s)
{
    itinerary_str_t  str;

    str.len = s ? strlen(s) : 0;
    str.data = (u_char *) s;

    return str;
}


static void
check_reason(call_t *c, itinerary_reason_e reason, const char *what)
{
    if (c->error.reason != reason
        || c->rc != (reason ? ITINERARY_REFUSED : ITINERARY_OK)
        || (c->error.ndetails != 0) != (reason != ITINERARY_REASON_NONE))
    {
        print_error("\"%s\": rc:%d, reason \"%s\" instead of \"%s\"\n", what,
                    c->rc, itinerary_reason(c->error.reason)->code.data,
                    itinerary_reason(reason)->code.data);
        fail();
    }
}


static void
check_text(const itinerary_str_t *got, const char *expected, const char *what)
{
    if (got->len != strlen(expected)
        || (got->len && memcmp(got->data, expected, got->len) != 0))
    {
        print_error("\"%s\": \"%.*s\" instead of \"%s\"\n", what,
                    (int) got->len, (char *) got->data, expected);
        fail();
    }
}


/* one request whose path is as the client wrote it */

static void
check(const char *method, const char *uri, itinerary_str_t args,
    itinerary_reason_e reason, itinerary_operation_e operation,
    const char *trip)
{
    call_t       c;
    const char  *what;

    what = args.len ? (char *) args.data : uri;

    call(&c, 0, method, str(uri), str(uri), args);

    check_reason(&c, reason, what);
    check_text(&c.target.trip, trip, what);

    if (c.target.operation != operation) {
        print_error("\"%s\": operation %d\n", what, c.target.operation);
        fail();
    }

    arena_free(&c.arena);
}


static void
test_operations(void **state)
{
    size_t  i;

    static const struct {
        itinerary_operation_e   operation;
        const char             *method;
        const char             *uri;
        const char             *args;
        const char             *trip;

    } t[] = {
        { ITINERARY_OP_READ,   "GET",  "/anything", NULL, "" },
        { ITINERARY_OP_READ,   "HEAD", "/anything", NULL, "" },
        { ITINERARY_OP_READ,   "GET",  CANCEL, "tripId=T", "" },
        { ITINERARY_OP_READ,   "GET",  "/Trip/V1.1//;x", "tripId&#", "" },
        { ITINERARY_OP_READ,   "GET",  "", "tripId[]=%", "" },
        { ITINERARY_OP_READ,   "POST", GETTRIPS, NULL, "" },
        { ITINERARY_OP_READ,   "POST", GETTRIPS, "tripId&#=%", "" },
        { ITINERARY_OP_READ,   "POST", "/trip/v1/GetTrips", NULL, "" },

        { ITINERARY_OP_CREATE, "POST", TRIP, NULL, "" },
        { ITINERARY_OP_CREATE, "POST", TRIP "/", NULL, "" },
        { ITINERARY_OP_CREATE, "POST", "/trip/v1", NULL, "" },
        { ITINERARY_OP_CREATE, "POST", "/trip/v12.34/", NULL, "" },
        { ITINERARY_OP_CREATE, "POST", "/a/(b)/c@d/trip/v1", NULL, "" },
        { ITINERARY_OP_CREATE, "POST", TRIP, "userid_value=a@b", "" },

        { ITINERARY_OP_UPDATE, "POST", TRIP, "tripId=T", "T" },
        { ITINERARY_OP_UPDATE, "POST", TRIP "/", "TRIPID=T", "T" },
        { ITINERARY_OP_UPDATE, "POST", TRIP, "tripid=g%24.E_j~x%3D%3d-",
                               "g$.E_j~x==-" },
        { ITINERARY_OP_UPDATE, "POST", TRIP, "a=1&trip%49d=a=b&", "a=b" },
        { ITINERARY_OP_UPDATE, "POST", TRIP, "bookingSource=B&tripId=T"
                               "&confirmationNumber=C", "T" },

        { ITINERARY_OP_CANCEL, "POST", CANCEL, "tripId=T", "T" },
        { ITINERARY_OP_CANCEL, "POST", "/trip/v2/cancel", "&&tripId==", "=" },

        { ITINERARY_OP_READ,   "GET",  BOOKING, "tripId=T", "" },
        { ITINERARY_OP_BOOK,   "POST", BOOKING, NULL, "" },
        { ITINERARY_OP_BOOK,   "POST", BOOKING "/", NULL, "" },
        { ITINERARY_OP_BOOK,   "POST", "/booking/v12.34", NULL, "" },
        { ITINERARY_OP_BOOK,   "POST", "/trip/v1/booking/v2", NULL, "" },
        { ITINERARY_OP_BOOK,   "POST", BOOKING, "tripId=T", "T" },
        { ITINERARY_OP_BOOK,   "POST", BOOKING "/", "TRIPID=a%3Db", "a=b" },

        { ITINERARY_OP_CANCEL_BOOKING, "POST", UNBOOK,
          "bookingSource=B&confirmationNumber=C", "" },
        { ITINERARY_OP_CANCEL_BOOKING, "POST", "/booking/v2/cancel",
          "bookingSource=B&confirmationNumber=C", "" },
        { ITINERARY_OP_CANCEL, "POST", "/booking/v1/trip/v1/cancel",
          "tripId=T", "T" }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        check(t[i].method, t[i].uri, str(t[i].args), ITINERARY_REASON_NONE,
              t[i].operation, t[i].trip);
    }
}


static void
test_methods(void **state)
{
    size_t  i;

    static const char  *methods[] = {
        "", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "post",
        "POST ", "POS", "GETS", "PROPFIND"
    };

    (void) state;

    for (i = 0; i < nelts(methods); i++) {
        check(methods[i], TRIP, str("tripId=T"), ITINERARY_METHOD_NOT_ALLOWED,
              ITINERARY_OP_NONE, "");
    }
}


static void
test_unknown_paths(void **state)
{
    size_t  i;

    static const char  *paths[] = {
        "/", "/trip", "/trip/", "/v1", "/trip/v", "/trip/v/", "/trip/1.1",
        "/trip/v1.", "/trip/v.1", "/trip/v1.1.1", "/trip/v1a", "/trip/v1,1",
        "/trip/v1/x", "/trip/v1.1/cancel/", "/trip/v1.1/GetTrips/",
        "/trip/v1.1/cancel.", "/trip/v1.1/cance", "/trip/v1.1/xcancel",
        "/xtrip/v1.1", "/trips/v1.1", "/trip/cancel", "/trip/v1.1/cancel/x",
        "/1.1", "/v1.1/", "/booking", "/booking/", "/booking/v",
        "/booking/v1.", "/booking/v.1", "/booking/v1x", "/booking/v1/x",
        "/booking/cancel", "/booking/v1.1/cancel/", "/booking/v1/cancel/x",
        "/booking/v1.1/GetTrips", "/bookings/v1", "/xbooking/v1",
        "/booking/v1/xcancel", "/trip/booking/1"
    };

    (void) state;

    for (i = 0; i < nelts(paths); i++) {
        check("POST", paths[i], str("tripId=T"), ITINERARY_UNKNOWN_OPERATION,
              ITINERARY_OP_NONE, "");
    }
}


static void
test_case_of_path(void **state)
{
    size_t  i;

    static const struct {
        const char             *uri;
        itinerary_operation_e   operation;

    } t[] = {
        { "/API/Trip/V1.1/Cancel",    ITINERARY_OP_CANCEL },
        { "/trip/v1.1/CANCEL",        ITINERARY_OP_CANCEL },
        { "/trip/v1.1/gettrips",      ITINERARY_OP_READ },
        { "/trip/v1.1/getTrips",      ITINERARY_OP_READ },
        { "/TRIP/v1.1",               ITINERARY_OP_NONE },
        { "/trip/V1.1/",              ITINERARY_OP_NONE },
        { "/Booking/v1.1",            ITINERARY_OP_BOOK },
        { "/booking/V1.1/",           ITINERARY_OP_BOOK },
        { "/BOOKING/v1.1/cancel",     ITINERARY_OP_CANCEL_BOOKING },
        { "/booking/v1.1/Cancel",     ITINERARY_OP_CANCEL_BOOKING },
        { "/booking/V1/cancel",       ITINERARY_OP_CANCEL_BOOKING }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        check("POST", t[i].uri, str(NULL), ITINERARY_AMBIGUOUS_PATH,
              t[i].operation, "");
    }

    check("POST", "/API/TRAVEL/trip/v1.1", str(NULL), ITINERARY_REASON_NONE,
          ITINERARY_OP_CREATE, "");
}


static void
test_raw_path(void **state)
{
    size_t  i;
    call_t  c;

    static const struct {
        const char          *uri;
        const char          *raw;
        itinerary_reason_e   reason;

    } t[] = {
        { TRIP,   TRIP,                      ITINERARY_REASON_NONE },
        { TRIP,   "",                        ITINERARY_REASON_NONE },
        { TRIP,   "/api/travel/trip/v1%2e1", ITINERARY_AMBIGUOUS_PATH },
        { TRIP,   "/api/travel//trip/v1.1",  ITINERARY_AMBIGUOUS_PATH },
        { TRIP,   "/api/./travel/trip/v1.1", ITINERARY_AMBIGUOUS_PATH },
        { TRIP,   "/api/travel/x/../trip/v1.1",
                                             ITINERARY_AMBIGUOUS_PATH },
        { TRIP,   TRIP "#",                  ITINERARY_AMBIGUOUS_PATH },
        { TRIP,   TRIP "#/x",                ITINERARY_AMBIGUOUS_PATH },
        { TRIP,   TRIP "/",                  ITINERARY_AMBIGUOUS_PATH },
        { TRIP,   "/api/travel/trip/v1.",    ITINERARY_AMBIGUOUS_PATH },
        { CANCEL, TRIP "%2fcancel",          ITINERARY_AMBIGUOUS_PATH },
        { GETTRIPS, TRIP "/%47etTrips",      ITINERARY_AMBIGUOUS_PATH },
        { BOOKING, "/api/travel/booking/v1%2e1",
                                             ITINERARY_AMBIGUOUS_PATH },
        { UNBOOK, BOOKING "//cancel",        ITINERARY_AMBIGUOUS_PATH },
        { "/x",   "/%78",                    ITINERARY_AMBIGUOUS_PATH },
        { "/x",   "/x",                      ITINERARY_UNKNOWN_OPERATION },
        { "/x",   "",                        ITINERARY_UNKNOWN_OPERATION }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        call(&c, 0, "POST", str(t[i].uri), str(t[i].raw), str("tripId=T"));
        check_reason(&c, t[i].reason, t[i].raw);
        arena_free(&c.arena);

        call(&c, 0, "GET", str(t[i].uri), str(t[i].raw), str(NULL));
        check_reason(&c, ITINERARY_REASON_NONE, t[i].raw);
        arena_free(&c.arena);
    }
}


/* the same in a path that was rewritten and in one that was not */

static void
test_bytes_of_path(void **state)
{
    int              ch, good;
    char             path[] = "/abc/trip/v1.1";
    call_t           c;
    size_t           i;
    const char      *what;
    itinerary_str_t  uri;

    static const char  *segments[] = {
        "", "1", "1.1", "v1", "trip/v1.1", "//trip/v1.1", "/a//trip/v1.1",
        "/trip//v1.1", "/trip/v1.1//", "/./trip/v1.1", "/../trip/v1.1",
        "/a/../trip/v1.1", "/trip/v1.1/.", "/trip/v1.1/..",
        "/trip/./v1.1/cancel"
    };

    static const char  plain[] = "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789-._~!$&'()*+,=:@/";

    (void) state;

    for (i = 0; i < 4 * 256; i++) {
        ch = i / 4;

        path[1] = (i & 2) ? 'a' : (char) ch;
        path[2] = (i & 2) ? (char) ch : 'b';

        uri.data = (u_char *) path;
        uri.len = sizeof(path) - 1;

        call(&c, 0, "POST", uri, (i & 1) ? uri : str(""), str(NULL));

        good = memchr(plain, ch, sizeof(plain) - 1)
               && memcmp(path, "//", 2) != 0;

        check_reason(&c, good ? ITINERARY_REASON_NONE
                              : ITINERARY_AMBIGUOUS_PATH, path);
        arena_free(&c.arena);
    }

    for (i = 0; i < 2 * nelts(segments); i++) {
        what = segments[i / 2];

        call(&c, 0, "POST", str(what), str((i & 1) ? what : ""), str(NULL));
        check_reason(&c, ITINERARY_AMBIGUOUS_PATH, what);
        arena_free(&c.arena);
    }
}


static void
test_override_arguments(void **state)
{
    size_t  i;

    static const char  *refused[] = {
        "_method=DELETE", "_method", "_METHOD=x", "a=b&_Method=x",
        "%5fmethod=x", "%255Fmethod=x", "%25255fmethod=x", "%5%66method=x",
        "%20_method=x", "_method%20=x", "+_method=x", "_method%00=x",
        "%09_method%0d=x", ".method=x", "_method[]=x", "[method=x",
        "a=b;_method=x", "a;_method", "?_method=x", "_method[0]=x",
        "_method.x=y", "_method%00x=y", "_method%3Dx", "_method%253Dx",
        "X-HTTP-Method[]=PUT",
        "X-HTTP-Method-Override=PUT", "x_http_method_override=PUT",
        "X-HTTP-Method=PUT", "x%2dmethod%2doverride", "X-Original-URL=/",
        "X-Rewrite-URL=/"
    };

    static const char  *allowed[] = {
        "method=x", "_methods=x", "_metho=x", "x_method=x", "a=_method",
        "a=%26_method=x", "_=method", "_m=ethod", "%5f%zzmethod=x", "=_method",
        "x[method]=y"
    };

    (void) state;

    for (i = 0; i < nelts(refused); i++) {
        check("GET", TRIP, str(refused[i]), ITINERARY_METHOD_OVERRIDE,
              ITINERARY_OP_READ, "");
        check("POST", GETTRIPS, str(refused[i]), ITINERARY_METHOD_OVERRIDE,
              ITINERARY_OP_READ, "");
        check("POST", CANCEL, str(refused[i]), ITINERARY_METHOD_OVERRIDE,
              ITINERARY_OP_CANCEL, "");
        check("POST", TRIP, str(refused[i]), ITINERARY_METHOD_OVERRIDE,
              ITINERARY_OP_NONE, "");
        check("PUT", TRIP, str(refused[i]), ITINERARY_METHOD_OVERRIDE,
              ITINERARY_OP_NONE, "");
    }

    for (i = 0; i < nelts(allowed); i++) {
        check("GET", TRIP, str(allowed[i]), ITINERARY_REASON_NONE,
              ITINERARY_OP_READ, "");
    }
}


static void
test_override_headers(void **state)
{
    size_t           i;
    itinerary_str_t  header;

    static const struct {
        const char  *header;
        int          override;

    } t[] = {
        { "X-HTTP-Method-Override",   1 },
        { "x-http-method-override",   1 },
        { "X_HTTP_METHOD_OVERRIDE",   1 },
        { "X-Http_Method-Override",   1 },
        { "X-HTTP-Method",            1 },
        { "X-Method-Override",        1 },
        { "X-Original-URL",           1 },
        { "x_original_url",           1 },
        { "X-Rewrite-URL",            1 },
        { "X-Rewrite-UR",             0 },
        { "X-Rewrite-URLs",           0 },
        { "X-HTTP-Method-Overrides",  0 },
        { "X-HTTP-Methods",           0 },
        { "HTTP-Method",              0 },
        { "X-Forwarded-For",          0 },
        { "Host",                     0 },
        { "-",                        0 },
        { "",                         0 }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        header = str(t[i].header);

        if (itinerary_is_override(&header) != t[i].override) {
            print_error("\"%s\"\n", t[i].header);
            fail();
        }
    }
}


static void
test_disguised_headers(void **state)
{
    size_t           i;
    itinerary_str_t  header;

    static const struct {
        const char  *header;
        int          disguised;
    } t[] = {
        { "content_type",               1 },
        { "Content_Type",               1 },
        { "CONTENT.TYPE",               1 },
        { "content_encoding",           1 },
        { "content-transfer_encoding",  1 },
        { "content_length",             1 },
        { "transfer_encoding",          1 },

        { "content-type",               0 },
        { "Content-Type",               0 },
        { "content-length",             0 },
        { "authorization",              0 },
        { "transfer-encoding",          0 },
        { "contenttype",                0 },
        { "content--type",              0 },
        { "x_content_type",             0 },
        { "content_types",              0 },
        { "content_language",           0 },
        { "_",                          0 },
        { "",                           0 }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        header = str(t[i].header);

        if (itinerary_is_disguised(&header) != t[i].disguised) {
            print_error("\"%s\"\n", t[i].header);
            fail();
        }
    }
}


static void
test_cookie_arguments(void **state)
{
    size_t           i;
    itinerary_str_t  cookies;

    static const struct {
        const char  *cookies;
        int          argument;
    } t[] = {
        { "tripId=T1",                   1 },
        { "tripid=T1",                   1 },
        { "a=b; tripId=T1",              1 },
        { "a=b;tripId",                  1 },
        { "a=b, tripId=T1; c=d",         1 },
        { "trip_id=T1",                  1 },
        { "tripId[]=T1",                 1 },
        { "x.bookingSource=B",           1 },
        { "userid_value=a",              1 },
        { "ConfirmationNumber=1",        1 },
        { "_method=PUT",                 1 },
        { "x-http-method-override=PUT",  1 },

        { "",                            0 },
        { ";",                           0 },
        { "=; =tripId",                  0 },
        { "a=tripId",                    0 },
        { "a=b=tripId=c",                0 },
        { "session=1; trip=2; method=a", 0 },
        { "xtripId=1; tripIds=2",        0 }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        cookies = str(t[i].cookies);

        if (itinerary_is_cookie_argument(&cookies) != t[i].argument) {
            print_error("\"%s\"\n", t[i].cookies);
            fail();
        }
    }
}


static void
test_ambiguous_queries(void **state)
{
    size_t           i;
    itinerary_str_t  args;

    static const itinerary_str_t  t[] = {

        /* twice */

        itinerary_string("tripId=T&tripId=T"),
        itinerary_string("tripId=T&a=b&TRIPID=U"),
        itinerary_string("tripId=T&%74rip%49d=U"),
        itinerary_string("tripId=!&tripId=T"),
        itinerary_string("tripId=T&bookingSource=A&BookingSource=A"),
        itinerary_string("confirmationNumber=1&confirmationnumber=1"),
        itinerary_string("userid_type=login&userid%5Ftype=login"),
        itinerary_string("tripId=T&userid_value=a&USERID_VALUE=b"),

        /* beside a ";" */

        itinerary_string("a=b;tripId=T"),
        itinerary_string("tripId=T;x"),
        itinerary_string("tripId=T;"),
        itinerary_string(";tripId=T"),
        itinerary_string("tripId;"),
        itinerary_string("trip;Id=T"),
        itinerary_string("a=b;c=d;TripID"),
        itinerary_string("a;trip_id=T"),
        itinerary_string("&amp;tripId=T"),
        itinerary_string("tripId=T&a=1;userid_value=x"),
        itinerary_string("tripId=T&a=1;bookingSource"),
        itinerary_string("a=b;trip%49d=T"),

        /* names that some server turns into a guarded one */

        itinerary_string("tripId[]=T"),
        itinerary_string("tripId[0]=T"),
        itinerary_string("tripId%5B%5D=T"),
        itinerary_string("tripId[$ne]=T"),
        itinerary_string("[tripId]=T"),
        itinerary_string("x[tripId]=T"),
        itinerary_string("trip.tripId=T"),
        itinerary_string("tripId.x=T"),
        itinerary_string("trip.Id=T"),
        itinerary_string("trip[id]=T"),
        itinerary_string("trip_id=T"),
        itinerary_string("trip-id=T"),
        itinerary_string("_tripId=T"),
        itinerary_string("$tripId=T"),
        itinerary_string("?tripId=T"),
        itinerary_string("tripId%20=T"),
        itinerary_string("%20tripId=T"),
        itinerary_string("tripId+=T"),
        itinerary_string("+tripId=T"),
        itinerary_string("tripId%2B=T"),
        itinerary_string("tripId%09=T"),
        itinerary_string("trip%2549d=T"),
        itinerary_string("trip%252549d=T"),
        itinerary_string("%2574%2572ipId=T"),
        itinerary_string("tripId%2520=T"),
        itinerary_string("tripId%3DT"),
        itinerary_string("tripId%3D=T"),
        itinerary_string("a%26tripId=T"),
        itinerary_string("a%253BtripId=T"),
        itinerary_string("useridvalue=x"),
        itinerary_string("userid-value=x"),
        itinerary_string("userIdValue=x"),
        itinerary_string("userid__type=x"),
        itinerary_string("booking_source=x"),
        itinerary_string("confirmation.number=x"),

        /* names that are not printable ASCII */

        itinerary_string("tr\xc4\xb1pId=T"),
        itinerary_string("tr%C4%B1pId=T"),
        itinerary_string("booking\xc5\xbfource=T"),
        itinerary_string("\xc4\xb1=x"),
        itinerary_string("%0A=x"),
        itinerary_string("tripId%0A=T"),
        itinerary_string("tripId%0Ax=T"),
        itinerary_string("trip%2500Id=T"),
        itinerary_string("tripId%7f=T"),

        /* without a value */

        itinerary_string("tripId"),
        itinerary_string("tripId="),
        itinerary_string("tripId=&a=b"),
        itinerary_string("tripId&a=b"),
        itinerary_string("tripId=T&userid_value="),
        itinerary_string("tripId=T&userid_type"),
        itinerary_string("tripId=T&bookingSource="),

        /* "+", "#", NUL, controls, bad percent-encoding */

        itinerary_string("tripId=a+b"),
        itinerary_string("tripId=+"),
        itinerary_string("userid_value=a+b@c.d"),
        itinerary_string("tripId=T#"),
        itinerary_string("tripId=T#x"),
        itinerary_string("#tripId=T"),
        itinerary_string("#"),
        itinerary_string("#a=b"),
        itinerary_string("tripId=T&a=b#c"),
        itinerary_string("tripId=T%00"),
        itinerary_string("tripId%00=T"),
        itinerary_string("a=%00"),
        itinerary_string("%00=a"),
        itinerary_string("a=b\0"),
        itinerary_string("tripId=T\0x"),
        itinerary_string("a=b c"),
        itinerary_string("a=b\n"),
        itinerary_string("a=b\x7f"),
        itinerary_string("tripId=%"),
        itinerary_string("tripId=T%2"),
        itinerary_string("tripId=%zz"),
        itinerary_string("tripId=%2g"),
        itinerary_string("%tripId=T"),
        itinerary_string("%u0074ripId=T"),
        itinerary_string("100%=x"),
        itinerary_string("a%4=x"),
        itinerary_string("userid_value=%u0041"),
        itinerary_string("userid_value=a%0Ab"),
        itinerary_string("userid_value=%7F"),
        itinerary_string("userid_type=%1f"),
        itinerary_string("userid_value=" S255 "1")
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        args = t[i];

        check("POST", TRIP, args, ITINERARY_AMBIGUOUS_QUERY,
              ITINERARY_OP_NONE, "");
        check("POST", CANCEL, args, ITINERARY_AMBIGUOUS_QUERY,
              ITINERARY_OP_CANCEL, "");
        check("POST", BOOKING, args, ITINERARY_AMBIGUOUS_QUERY,
              ITINERARY_OP_BOOK, "");
        check("POST", UNBOOK, args, ITINERARY_AMBIGUOUS_QUERY,
              ITINERARY_OP_CANCEL_BOOKING, "");
        check("GET", TRIP, args, ITINERARY_REASON_NONE, ITINERARY_OP_READ,
              "");
    }
}


static void
test_harmless_queries(void **state)
{
    size_t  i;

    static const char  *t[] = {
        "foo=a+b&bar=100%", "foo", "foo=", "=", "=x", "&", "&&&", "a=1&a=2",
        "a;b", "a=1;b=2", "a=b?c=d", "a=tripId", "a=tripId=x", "a=%26tripId=x",
        "xtripId=x", "tripId2=x", "tripIds=x", "xripId=x", "triqId=x",
        "trip=x", "id=x", "trip[x]=y",
        "userid=x", "userid_types=x", "x+y=z", "x[]=1&x[]=2", "%20x%20=1",
        "100%25=x", "a=\xc3\xa9", "a=%C3%A9", "a=%zz%", "bookingSource=A",
        "url=https%3A%2F%2Fx%2F%3Fa%3Db%26tripId%3Dc", "tripId_x=y"
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        check("POST", TRIP, str(t[i]), ITINERARY_REASON_NONE,
              ITINERARY_OP_CREATE, "");
    }
}


static void
test_trip_ids(void **state)
{
    int              ch, good;
    char             args[] = "tripId=a%00";
    char             decoded[] = "a?";
    size_t           i;
    itinerary_str_t  id;

    static const char  hex[] = "0123456789abcdef";
    static const char  allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789._~$=-";

    static const struct {
        const char          *args;
        itinerary_reason_e   reason;
        const char          *trip;

    } t[] = {
        { "tripId=1",               ITINERARY_REASON_NONE, "1" },
        { "tripId=" S128,           ITINERARY_REASON_NONE, S128 },
        { "tripId=" S64 S64 "1",    ITINERARY_BAD_TRIP_ID, "" },
        { "tripId=" S64 S64 "%31",  ITINERARY_BAD_TRIP_ID, "" },
        { "tripId=" S64 S8 "%31",   ITINERARY_REASON_NONE, S64 S8 "1" },
        { "tripId=a%2541",          ITINERARY_BAD_TRIP_ID, "" },
        { "tripId=%20a",            ITINERARY_BAD_TRIP_ID, "" },
        { "tripId=a%2Bb",           ITINERARY_BAD_TRIP_ID, "" },
        { "tripId=a%3Bb",           ITINERARY_BAD_TRIP_ID, "" },
        { "tripId=a%0d%0ab",        ITINERARY_BAD_TRIP_ID, "" },
        { "tripId=a,b",             ITINERARY_BAD_TRIP_ID, "" },
        { "tripId=a/b",             ITINERARY_BAD_TRIP_ID, "" },
        { "tripId=..%2fb",          ITINERARY_BAD_TRIP_ID, "" },
        { "tripId=\xc3\xa9",        ITINERARY_BAD_TRIP_ID, "" },
        { "tripId=%c0%80",          ITINERARY_BAD_TRIP_ID, "" }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        check("POST", TRIP, str(t[i].args), t[i].reason, ITINERARY_OP_UPDATE,
              t[i].trip);
        check("POST", CANCEL, str(t[i].args), t[i].reason,
              ITINERARY_OP_CANCEL, t[i].trip);
        check("POST", BOOKING, str(t[i].args), t[i].reason,
              ITINERARY_OP_BOOK, t[i].trip);
    }

    for (ch = 1; ch < 256; ch++) {
        args[9] = hex[ch >> 4];
        args[10] = hex[ch & 0xf];

        decoded[1] = (char) ch;
        id = str(decoded);

        good = memchr(allowed, ch, sizeof(allowed) - 1) != NULL;

        assert_int_equal(itinerary_is_trip_id(&id), good);

        check("POST", CANCEL, str(args),
              good ? ITINERARY_REASON_NONE : ITINERARY_BAD_TRIP_ID,
              ITINERARY_OP_CANCEL, good ? decoded : "");
    }

    id = str("");
    assert_false(itinerary_is_trip_id(&id));
}


static void
test_cancel_without_trip(void **state)
{
    size_t  i;

    static const char  *t[] = {
        NULL, "a=b", "&", "userid_value=a", "bookingSource=B"
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        check("POST", CANCEL, str(t[i]), ITINERARY_BAD_TRIP_ID,
              ITINERARY_OP_CANCEL, "");
    }
}


/* source and number in canonical form, as names of bookings are */

static void
test_cancel_booking(void **state)
{
    size_t  i;
    call_t  c;

    static const struct {
        const char          *args;
        itinerary_reason_e   reason;
        const char          *source;
        const char          *number;

    } t[] = {
        { "bookingSource=B&confirmationNumber=C",
          ITINERARY_REASON_NONE, "B", "C" },
        { "confirmationNumber=aB-1&bookingSource=a%20b",
          ITINERARY_REASON_NONE, "A B", "AB-1" },
        { "BOOKINGSOURCE=%20b%20&ConfirmationNumber=%20c%20",
          ITINERARY_REASON_NONE, "B", "C" },
        { "bookingSource=b&confirmationNumber=c&x=y&userid_value=u",
          ITINERARY_REASON_NONE, "B", "C" },
        { "bookingSource=" S32 "&confirmationNumber=" S32 S16 "12",
          ITINERARY_REASON_NONE, S32, S32 S16 "12" },
        { "bookingSource=a%7Cb&confirmationNumber=%7C",
          ITINERARY_REASON_NONE, "A|B", "|" },

        { NULL, ITINERARY_AMBIGUOUS_QUERY, "", "" },
        { "a=b", ITINERARY_AMBIGUOUS_QUERY, "", "" },
        { "bookingSource=B", ITINERARY_AMBIGUOUS_QUERY, "B", "" },
        { "confirmationNumber=C", ITINERARY_AMBIGUOUS_QUERY, "", "" },
        { "bookingSource=&confirmationNumber=C",
          ITINERARY_AMBIGUOUS_QUERY, "", "" },
        { "bookingSource=B&confirmationNumber=",
          ITINERARY_AMBIGUOUS_QUERY, "", "" },
        { "bookingSource=B&confirmationNumber",
          ITINERARY_AMBIGUOUS_QUERY, "", "" },
        { "bookingSource=%20&confirmationNumber=C",
          ITINERARY_AMBIGUOUS_QUERY, "", "" },
        { "bookingSource=B&confirmationNumber=%20%20",
          ITINERARY_AMBIGUOUS_QUERY, "B", "" },

        { "bookingSource=a%20%20b&confirmationNumber=C",
          ITINERARY_AMBIGUOUS_QUERY, "", "" },
        { "bookingSource=B&confirmationNumber=a%20b",
          ITINERARY_AMBIGUOUS_QUERY, "B", "" },
        { "bookingSource=%C3%A9&confirmationNumber=C",
          ITINERARY_AMBIGUOUS_QUERY, "", "" },
        { "bookingSource=B&confirmationNumber=%C3%A9",
          ITINERARY_AMBIGUOUS_QUERY, "B", "" },
        { "bookingSource=" S32 "1&confirmationNumber=C",
          ITINERARY_AMBIGUOUS_QUERY, "", "" },
        { "bookingSource=B&confirmationNumber=" S32 S16 "123",
          ITINERARY_AMBIGUOUS_QUERY, "B", "" },

        { "bookingSource=B&confirmationNumber=C&tripId=T",
          ITINERARY_AMBIGUOUS_QUERY, "", "" },
        { "tripId=!&bookingSource=B&confirmationNumber=C",
          ITINERARY_AMBIGUOUS_QUERY, "", "" },
        { "bookingSource=B&bookingSource=B&confirmationNumber=C",
          ITINERARY_AMBIGUOUS_QUERY, "", "" },
        { "bookingSource=B&confirmationNumber=C&confirmationNUMBER=C",
          ITINERARY_AMBIGUOUS_QUERY, "", "" },
        { "bookingSource=B&confirmation_number=C",
          ITINERARY_AMBIGUOUS_QUERY, "", "" },
        { "bookingSource=B&confirmationNumber=a+b",
          ITINERARY_AMBIGUOUS_QUERY, "", "" }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        call(&c, 0, "POST", str(UNBOOK), str(UNBOOK), str(t[i].args));

        check_reason(&c, t[i].reason, t[i].args ? t[i].args : "");
        check_text(&c.target.source, t[i].source, t[i].args);
        check_text(&c.target.confirmation, t[i].number, t[i].args);
        check_text(&c.target.trip, "", t[i].args);
        assert_int_equal(c.target.operation, ITINERARY_OP_CANCEL_BOOKING);

        arena_free(&c.arena);

        /* of other operations they are no concern */

        if (t[i].reason == ITINERARY_REASON_NONE) {
            call(&c, 0, "POST", str(BOOKING), str(BOOKING), str(t[i].args));

            check_reason(&c, ITINERARY_REASON_NONE, t[i].args);
            assert_int_equal(c.target.operation, ITINERARY_OP_BOOK);
            assert_int_equal(c.target.source.len, 0);
            assert_int_equal(c.target.confirmation.len, 0);

            arena_free(&c.arena);
        }
    }
}


/* which trip a GET shows, if that can be told without doubt */

static void
test_trip_details(void **state)
{
    size_t           i;
    call_t           c;
    unsigned         n;
    itinerary_str_t  trip;

    static const struct {
        const char  *uri;
        const char  *raw;    /* NULL: the same */
        const char  *args;
        const char  *trip;   /* NULL: none */

    } t[] = {
        { TRIP "/T", NULL, NULL, "T" },
        { TRIP "/T", "", NULL, "T" },
        { TRIP "/T", NULL, "userid_type=t&userid_value=u", "T" },
        { TRIP "/T", NULL, "a=b", NULL },
        { TRIP "/T", NULL, "a=b&userid_value=u", NULL },
        { TRIP "/T", NULL, "userid_value=u&", NULL },
        { TRIP "/T", NULL, "bookingSource=s", NULL },
        { TRIP "/g$.E_j~x==-", NULL, NULL, "g$.E_j~x==-" },
        { "/trip/v1/v1", NULL, NULL, "v1" },
        { "/trip/v1/" S128, NULL, NULL, S128 },
        { TRIP, NULL, "tripId=T", "T" },
        { TRIP "/", NULL, "TRIPID=%54", "T" },
        { TRIP, "", "tripid=T&userid_type=t", "T" },
        { TRIP, "", "tripid=T&a=b", NULL },
        { "/trip/v12.34", NULL, "tripId==", "=" },
        { "/trip/v1/trip/v2", NULL, "tripId=T", "T" },

        /* no trip, or two */

        { TRIP, NULL, NULL, NULL },
        { TRIP "/", NULL, NULL, NULL },
        { TRIP, NULL, "a=b", NULL },
        { TRIP "/T", NULL, "tripId=T", NULL },
        { TRIP "/T", NULL, "tripId=U", NULL },

        /* no trip id */

        { TRIP, NULL, "tripId=!", NULL },
        { TRIP, NULL, "tripId=%2541", NULL },
        { TRIP "/a,b", NULL, NULL, NULL },
        { "/trip/v1/" S128 "1", NULL, NULL, NULL },

        /* another path */

        { "/", NULL, "tripId=T", NULL },
        { "/T", NULL, NULL, NULL },
        { "", NULL, "tripId=T", NULL },
        { "/trip/T", NULL, NULL, NULL },
        { "/trip/v/T", NULL, NULL, NULL },
        { "/trip/v1.", NULL, "tripId=T", NULL },
        { TRIP "/T/", NULL, NULL, NULL },
        { TRIP "/T/U", NULL, NULL, NULL },
        { TRIP "/T/U", NULL, "tripId=T", NULL },
        { BOOKING "/T", NULL, NULL, NULL },
        { BOOKING, NULL, "tripId=T", NULL },
        { "/xtrip/v1/T", NULL, NULL, NULL },

        /* a path or a query that can be read in two ways */

        { "/Trip/v1/T", NULL, NULL, NULL },
        { "/trip/V1", NULL, "tripId=T", NULL },
        { TRIP "/T", TRIP "/%54", NULL, NULL },
        { TRIP "/T", TRIP "//T", NULL, NULL },
        { TRIP "/T", TRIP "/T#", NULL, NULL },
        { TRIP "/T", TRIP, NULL, NULL },
        { TRIP "//T", NULL, NULL, NULL },
        { TRIP "/.", NULL, NULL, NULL },
        { TRIP "/T;x", NULL, NULL, NULL },
        { TRIP "/T", NULL, "#", NULL },
        { TRIP, NULL, "tripId=T&tripId=T", NULL },
        { TRIP, NULL, "tripId=T&trip_id=U", NULL },
        { TRIP "/T", NULL, "trip_id=U", NULL },
        { TRIP, NULL, "tripId=", NULL }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {

        for (n = 0; n < 20; n++) {
            memset(&c, 0, sizeof(call_t));
            arena_init(&c.arena, 0);

            c.request.method = text(&c.arena, "GET", 3);
            c.request.uri = text(&c.arena, t[i].uri, strlen(t[i].uri));
            c.request.raw = t[i].raw ? str(t[i].raw) : c.request.uri;
            c.request.args = text(&c.arena, t[i].args,
                                  t[i].args ? strlen(t[i].args) : 0);

            c.arena.count = 0;
            c.arena.fail = n;

            trip = str("");
            c.rc = itinerary_details(&c.arena.pool, &c.request, &trip);

            if (n && c.arena.count >= n) {

                /* a failed allocation makes no trip of none */

                assert_true(c.rc == ITINERARY_NOMEM
                            || (t[i].trip == NULL
                                && c.rc == ITINERARY_REFUSED));
                arena_free(&c.arena);
                continue;
            }

            if (c.rc != (t[i].trip ? ITINERARY_OK : ITINERARY_REFUSED)) {
                print_error("\"%s\" \"%s\": rc:%d\n", t[i].uri,
                            t[i].args ? t[i].args : "", c.rc);
                fail();
            }

            if (t[i].trip) {
                check_text(&trip, t[i].trip, t[i].uri);
            }

            arena_free(&c.arena);

            if (n) {
                break;
            }
        }
    }
}


static void
test_on_behalf_of(void **state)
{
    size_t  i;
    call_t  c;

    static const struct {
        const char  *args;
        const char  *user;

    } t[] = {
        { "tripId=T",                                   "" },
        { "userid_type=login&userid_value=a@example.com",
          "a@example.com" },
        { "USERID_VALUE=a%2Bb%40example.com&tripId=T",  "a+b@example.com" },
        { "userid%5Fvalue=a%20%22b%22",                 "a \"b\"" },
        { "userid_value=Jos%C3%A9",                     "Jos\xc3\xa9" },
        { "userid_value=a%252B",                        "a%2B" },
        { "userid_value=" S255,                         S255 },
        { "userid_value=%31" S128 S64 S8 S8 S8 S8 S8 S8 S8 "234567",
          "1" S128 S64 S8 S8 S8 S8 S8 S8 S8 "234567" }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        call(&c, 0, "POST", str(TRIP), str(TRIP), str(t[i].args));
        check_reason(&c, ITINERARY_REASON_NONE, t[i].args);
        check_text(&c.target.on_behalf_of, t[i].user, t[i].args);
        arena_free(&c.arena);
    }
}


static void
test_details(void **state)
{
    size_t  i;
    call_t  c;

    static const struct {
        const char  *method;
        const char  *uri;
        const char  *args;
        const char  *detail;

    } t[] = {
        { "PUT", TRIP, NULL, "the method \"PUT\" is not allowed" },
        { "GET", TRIP, "%5Fmethod=x",
          "the argument \"_method\" is not allowed" },
        { "POST", TRIP, "trip_id=x",
          "the argument \"trip_id\" can be taken for \"tripId\"" },
        { "POST", TRIP, "tripId=x&TRIPID=x",
          "the argument \"tripId\" is given twice" },
        { "POST", TRIP, "userid_value",
          "the argument \"userid_value\" has no value" },
        { "POST", TRIP, "tripId=a+b",
          "the argument \"tripId\" has a \"+\": write \"%20\" or \"%2B\"" },
        { "POST", TRIP, "\xc4\xb1=x",
          "the name of the argument \"??\" is not printable ASCII" },
        { "POST", TRIP, S64 S64 "%=x",
          "bad percent-encoding in the name of the argument \"" S64 "\"" },
        { "POST", CANCEL, NULL, "a cancel needs the argument \"tripId\"" },
        { "POST", "/booking/v1/x", NULL,
          "the path of a POST ends with \"/trip/v<N>\", "
          "\"/trip/v<N>/cancel\", \"/trip/v<N>/GetTrips\", "
          "\"/booking/v<N>\" or \"/booking/v<N>/cancel\"" },
        { "POST", UNBOOK, "bookingSource=B&confirmationNumber=C&tripId=T",
          "the argument \"tripId\" is not one of the cancellation of "
          "a booking" },
        { "POST", UNBOOK, "confirmationNumber=C",
          "the cancellation of a booking needs the argument "
          "\"bookingSource\"" },
        { "POST", UNBOOK, "bookingSource=B",
          "the cancellation of a booking needs the argument "
          "\"confirmationNumber\"" },
        { "POST", UNBOOK, "bookingSource=%C3%A9&confirmationNumber=C",
          "the value of \"bookingSource\" is too long or has a character "
          "that is not allowed" },
        { "POST", UNBOOK, "bookingSource=B&confirmationNumber=" S64,
          "the value of \"confirmationNumber\" is too long or has a "
          "character that is not allowed" }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        call(&c, 0, t[i].method, str(t[i].uri), str(t[i].uri),
             str(t[i].args));
        assert_int_equal(c.rc, ITINERARY_REFUSED);
        assert_int_equal(c.error.ndetails, 1);
        assert_string_equal(c.error.details->path, "");
        assert_string_equal(c.error.details->text, t[i].detail);
        arena_free(&c.arena);
    }
}


static void
test_names(void **state)
{
    size_t  i;

    static const char  *names[] = {
        "", "read", "create", "update", "cancel", "book", "cancel_booking"
    };

    (void) state;

    for (i = 0; i < nelts(names); i++) {
        check_text(itinerary_operation_name(i), names[i], names[i]);
    }

    check_text(itinerary_operation_name(nelts(names)), "", "out of range");
    check_text(itinerary_operation_name(-1), "", "out of range");
}


static void
test_no_memory(void **state)
{
    call_t    c;
    size_t    i;
    unsigned  n;

    static const char  *args[] = {
        "tripId=T&userid_type=login&userid_value=u&bookingSource=B",
        "trip%49d=T"
    };

    static const char  *refused[] = {
        "tripId=!", "tripId=T&tripId=T", "_method=PUT", "tripId"
    };

    static const char  unbook[] = "bookingSource=b&confirmationNumber=c";

    (void) state;

    for (n = 1; n < 100; n++) {
        call(&c, n, "POST", str(UNBOOK), str(UNBOOK), str(unbook));

        if (c.arena.count < n) {
            break;
        }

        assert_int_equal(c.rc, ITINERARY_NOMEM);
        assert_int_equal(c.error.reason, ITINERARY_REASON_NONE);

        arena_free(&c.arena);
    }

    assert_int_equal(c.rc, ITINERARY_OK);
    assert_true(n > 4);
    arena_free(&c.arena);

    for (i = 0; i < nelts(args); i++) {

        for (n = 1; n < 100; n++) {
            call(&c, n, "POST", str(CANCEL), str(CANCEL), str(args[i]));

            if (c.arena.count < n) {
                break;
            }

            assert_int_equal(c.rc, ITINERARY_NOMEM);
            assert_int_equal(c.error.reason, ITINERARY_REASON_NONE);
            assert_int_equal(c.target.trip.len, 0);

            arena_free(&c.arena);
        }

        assert_int_equal(c.rc, ITINERARY_OK);
        assert_true(n > 1);
        arena_free(&c.arena);
    }

    /* a refusal never becomes anything else than a failure */

    for (i = 0; i < nelts(refused); i++) {

        for (n = 1; n < 100; n++) {
            call(&c, n, "POST", str(CANCEL), str(CANCEL), str(refused[i]));
            assert_int_not_equal(c.rc, ITINERARY_OK);

            if (c.rc == ITINERARY_REFUSED) {
                assert_int_not_equal(c.error.reason, ITINERARY_REASON_NONE);
            }

            arena_free(&c.arena);

            if (c.arena.count < n) {
                break;
            }
        }
    }
}


/*
 * Queries made of the pieces that matter: whatever they are, an operation
 * that is allowed has a trip id that is one, and only where one was given.
 */

static void
test_random_queries(void **state)
{
    char             buf[256];
    call_t           c;
    size_t           n, len;
    unsigned         i, seed;
    itinerary_str_t  args;

    static const itinerary_str_t  pieces[] = {
        itinerary_string("tripId"), itinerary_string("TRIP"),
        itinerary_string("id"), itinerary_string("userid_value"),
        itinerary_string("_method"), itinerary_string("%"),
        itinerary_string("25"), itinerary_string("%49"),
        itinerary_string("="), itinerary_string("&"), itinerary_string(";"),
        itinerary_string("+"), itinerary_string("#"), itinerary_string("\0"),
        itinerary_string("%00"), itinerary_string("[]"),
        itinerary_string("."), itinerary_string("\xc4\xb1"),
        itinerary_string("T"), itinerary_string("a=b&")
    };

    (void) state;

    seed = 1;

    for (i = 0; i < 50000; i++) {

        for (len = 0; len < sizeof(buf) - 16; /* void */ ) {
            seed = seed * 1103515245 + 12345;
            n = (seed >> 16) % (nelts(pieces) + 4);

            if (n >= nelts(pieces)) {

                if (n == nelts(pieces)) {
                    buf[len++] = (char) (seed >> 8);
                    continue;
                }

                break;
            }

            memcpy(buf + len, pieces[n].data, pieces[n].len);
            len += pieces[n].len;
        }

        args.data = (u_char *) buf;
        args.len = len;

        call(&c, 0, "POST", str(TRIP), str(TRIP), args);

        if (c.rc == ITINERARY_OK) {
            assert_int_equal(c.error.reason, ITINERARY_REASON_NONE);
            assert_int_equal(c.target.operation,
                             c.target.trip.len ? ITINERARY_OP_UPDATE
                                               : ITINERARY_OP_CREATE);
            assert_true(c.target.trip.len == 0
                        || itinerary_is_trip_id(&c.target.trip));

        } else {
            assert_int_equal(c.rc, ITINERARY_REFUSED);
            assert_int_not_equal(c.error.reason, ITINERARY_REASON_NONE);
        }

        arena_free(&c.arena);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        { "method, path and trip id tell the operation",
          test_operations, NULL, NULL, NULL },
        { "a method other than GET, HEAD and POST is not allowed",
          test_methods, NULL, NULL, NULL },
        { "a POST to any other path is an unknown operation",
          test_unknown_paths, NULL, NULL, NULL },
        { "a path that differs in case only is ambiguous",
          test_case_of_path, NULL, NULL, NULL },
        { "a path that was not written as it is understood is ambiguous",
          test_raw_path, NULL, NULL, NULL },
        { "a path that servers read differently is ambiguous",
          test_bytes_of_path, NULL, NULL, NULL },
        { "an argument does not override the method, not even of a read",
          test_override_arguments, NULL, NULL, NULL },
        { "headers that override method or path are known in any spelling",
          test_override_headers, NULL, NULL, NULL },
        { "a header that CGI takes for another one is known",
          test_disguised_headers, NULL, NULL, NULL },
        { "a cookie that some servers take for an argument is known",
          test_cookie_arguments, NULL, NULL, NULL },
        { "a query that can be read in two ways is ambiguous in a write",
          test_ambiguous_queries, NULL, NULL, NULL },
        { "arguments that nobody takes for a guarded one are let through",
          test_harmless_queries, NULL, NULL, NULL },
        { "a trip id is decoded once and judged by its characters and length",
          test_trip_ids, NULL, NULL, NULL },
        { "a cancel needs a trip id",
          test_cancel_without_trip, NULL, NULL, NULL },
        { "a booking is cancelled by its source and a number, each once",
          test_cancel_booking, NULL, NULL, NULL },
        { "a GET shows the details of one trip, or of none",
          test_trip_details, NULL, NULL, NULL },
        { "userid_value says on whose behalf",
          test_on_behalf_of, NULL, NULL, NULL },
        { "a refusal says what is wrong",
          test_details, NULL, NULL, NULL },
        { "operations have names",
          test_names, NULL, NULL, NULL },
        { "without memory nothing is allowed",
          test_no_memory, NULL, NULL, NULL },
        { "random queries are read or refused",
          test_random_queries, NULL, NULL, NULL }
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("operation", tests, NULL, NULL);
}
