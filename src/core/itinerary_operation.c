
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_char.h"
#include "itinerary_name.h"
#include "itinerary_operation.h"


#define ITINERARY_TRIP_ID_MAX  128


typedef struct {
    itinerary_str_t         pattern;
    itinerary_operation_e   operation;
} itinerary_path_t;


static itinerary_result_e itinerary_target_trip(itinerary_pool_t *pool,
    const itinerary_str_t *trip, itinerary_target_t *target,
    itinerary_error_t *error);

static itinerary_result_e itinerary_target_booking(itinerary_pool_t *pool,
    const itinerary_str_t *values, itinerary_target_t *target,
    itinerary_error_t *error);
static itinerary_result_e itinerary_target_name(itinerary_pool_t *pool,
    itinerary_name_e rc, const char *name, itinerary_error_t *error);

static itinerary_result_e itinerary_path_check(itinerary_pool_t *pool,
    const itinerary_request_t *request, itinerary_operation_e operation,
    int folded, itinerary_error_t *error);
static itinerary_operation_e itinerary_path(const itinerary_str_t *uri,
    int *folded);
static int itinerary_path_match(const itinerary_str_t *uri,
    const itinerary_str_t *pattern, int *folded);
static const u_char *itinerary_path_version(const u_char *start,
    const u_char *p);
static int itinerary_path_is_plain(const itinerary_str_t *uri);


static const itinerary_str_t  itinerary_operations[] = {
    itinerary_string(""),
    itinerary_string("read"),
    itinerary_string("create"),
    itinerary_string("update"),
    itinerary_string("cancel"),
    itinerary_string("book"),
    itinerary_string("cancel_booking")
};


static const itinerary_str_t  itinerary_get = itinerary_string("GET");
static const itinerary_str_t  itinerary_head = itinerary_string("HEAD");
static const itinerary_str_t  itinerary_post = itinerary_string("POST");


/*
 * How the path of a POST ends.  '#' stands for a version: digits with
 * optional ".digits".
 */

static const itinerary_path_t  itinerary_paths[] = {
    { itinerary_string("/trip/v#"),            ITINERARY_OP_CREATE },
    { itinerary_string("/trip/v#/"),           ITINERARY_OP_CREATE },
    { itinerary_string("/trip/v#/cancel"),     ITINERARY_OP_CANCEL },
    { itinerary_string("/trip/v#/GetTrips"),   ITINERARY_OP_READ },
    { itinerary_string("/booking/v#"),         ITINERARY_OP_BOOK },
    { itinerary_string("/booking/v#/"),        ITINERARY_OP_BOOK },
    { itinerary_string("/booking/v#/cancel"),  ITINERARY_OP_CANCEL_BOOKING }
};


static const itinerary_str_t  itinerary_details_path =
    itinerary_string("/trip/v#");


itinerary_result_e
itinerary_operation(itinerary_pool_t *pool,
    const itinerary_request_t *request, itinerary_target_t *target,
    itinerary_error_t *error)
{
    int                    folded;
    itinerary_str_t        values[ITINERARY_ARG_NONE];
    itinerary_result_e     rc;
    itinerary_operation_e  operation;

    memset(target, 0, sizeof(itinerary_target_t));

    folded = 0;

    if (itinerary_equal(&request->method, &itinerary_post)) {
        operation = itinerary_path(&request->uri, &folded);

    } else if (itinerary_equal(&request->method, &itinerary_get)
               || itinerary_equal(&request->method, &itinerary_head))
    {
        operation = ITINERARY_OP_READ;

    } else {
        operation = ITINERARY_OP_NONE;
    }

    /* only its arguments tell an update from a create */

    if (operation != ITINERARY_OP_CREATE) {
        target->operation = operation;
    }

    rc = itinerary_query_override(pool, &request->args, error);
    if (rc != ITINERARY_OK) {
        return rc;
    }

    if (itinerary_equal(&request->method, &itinerary_post)) {
        rc = itinerary_path_check(pool, request, operation, folded, error);
        if (rc != ITINERARY_OK) {
            return rc;
        }
    }

    if (operation == ITINERARY_OP_NONE) {
        return itinerary_refuse(pool, error, ITINERARY_METHOD_NOT_ALLOWED, 0,
                                "", "the method \"%.*s\" is not allowed",
                                (int) (request->method.len < 64
                                       ? request->method.len : 64),
                                (char *) request->method.data);
    }

    if (operation == ITINERARY_OP_READ) {
        return ITINERARY_OK;
    }

    rc = itinerary_query(pool, &request->args, values, error);
    if (rc != ITINERARY_OK) {
        return rc;
    }

    target->operation = operation;
    target->on_behalf_of = values[ITINERARY_ARG_USER];

    if (operation == ITINERARY_OP_CANCEL_BOOKING) {
        return itinerary_target_booking(pool, values, target, error);
    }

    return itinerary_target_trip(pool, &values[ITINERARY_ARG_TRIP], target,
                                 error);
}


/* which trip a write is for; a create that has one is an update */

static itinerary_result_e
itinerary_target_trip(itinerary_pool_t *pool, const itinerary_str_t *trip,
    itinerary_target_t *target, itinerary_error_t *error)
{
    if (trip->len == 0) {

        if (target->operation == ITINERARY_OP_CANCEL) {
            return itinerary_refuse(pool, error, ITINERARY_BAD_TRIP_ID, 0, "",
                                    "a cancel needs the argument \"tripId\"");
        }

        return ITINERARY_OK;
    }

    if (target->operation == ITINERARY_OP_CREATE) {
        target->operation = ITINERARY_OP_UPDATE;
    }

    if (!itinerary_is_trip_id(trip)) {
        return itinerary_refuse(pool, error, ITINERARY_BAD_TRIP_ID, 0, "",
                                "the value of \"tripId\" is too long or has "
                                "a character that is not allowed");
    }

    target->trip = *trip;

    return ITINERARY_OK;
}


/* which booking is cancelled; its trip is not the client's to name */

static itinerary_result_e
itinerary_target_booking(itinerary_pool_t *pool, const itinerary_str_t *values,
    itinerary_target_t *target, itinerary_error_t *error)
{
    itinerary_result_e  rc;

    if (values[ITINERARY_ARG_TRIP].len) {
        return itinerary_refuse(pool, error, ITINERARY_AMBIGUOUS_QUERY, 0, "",
                                "the argument \"tripId\" is not one of the "
                                "cancellation of a booking");
    }

    rc = itinerary_target_name(pool,
                               itinerary_source(pool,
                                                &values[ITINERARY_ARG_SOURCE],
                                                &target->source),
                               "bookingSource", error);

    if (rc != ITINERARY_OK) {
        return rc;
    }

    return itinerary_target_name(pool,
                                 itinerary_locator(pool,
                                          &values[ITINERARY_ARG_CONFIRMATION],
                                          &target->confirmation),
                                 "confirmationNumber", error);
}


static itinerary_result_e
itinerary_target_name(itinerary_pool_t *pool, itinerary_name_e rc,
    const char *name, itinerary_error_t *error)
{
    switch (rc) {

    case ITINERARY_NAME_OK:
        return ITINERARY_OK;

    case ITINERARY_NAME_NOMEM:
        return ITINERARY_NOMEM;

    case ITINERARY_NAME_EMPTY:
        return itinerary_refuse(pool, error, ITINERARY_AMBIGUOUS_QUERY, 0, "",
                                "the cancellation of a booking needs the "
                                "argument \"%s\"", name);

    default:
        return itinerary_refuse(pool, error, ITINERARY_AMBIGUOUS_QUERY, 0, "",
                                "the value of \"%s\" is too long or has "
                                "a character that is not allowed", name);
    }
}


itinerary_result_e
itinerary_details(itinerary_pool_t *pool, const itinerary_request_t *request,
    itinerary_str_t *trip)
{
    int                 folded;
    size_t              len, n;
    itinerary_str_t     path, values[ITINERARY_ARG_NONE];
    itinerary_error_t   error;
    itinerary_result_e  rc;

    path = request->uri;

    if ((request->raw.len && !itinerary_equal(&request->raw, &path))
        || !itinerary_path_is_plain(&path))
    {
        return ITINERARY_REFUSED;
    }

    memset(&error, 0, sizeof(itinerary_error_t));

    rc = itinerary_query(pool, &request->args, values, &error);
    if (rc != ITINERARY_OK) {
        return rc;
    }

    /* any other argument may select what is shown */

    n = request->args.len != 0;

    for (len = 0; len < request->args.len; len++) {
        n += request->args.data[len] == '&';
    }

    n -= (values[ITINERARY_ARG_TRIP].len != 0)
         + (values[ITINERARY_ARG_USER_TYPE].len != 0)
         + (values[ITINERARY_ARG_USER].len != 0);

    if (n != 0) {
        return ITINERARY_REFUSED;
    }

    for (len = path.len; path.data[len - 1] != '/'; len--) { /* void */ }

    trip->data = path.data + len;
    trip->len = path.len - len;

    /* "/trip/v1" or "/trip/v1/" and an argument, or "/trip/v1/<id>" */

    if (!itinerary_path_match(&path, &itinerary_details_path, &folded)) {
        path.len = len - 1;

        if (!itinerary_path_match(&path, &itinerary_details_path, &folded)) {
            return ITINERARY_REFUSED;
        }

    } else {
        trip->len = 0;
    }

    if (trip->len == 0) {
        *trip = values[ITINERARY_ARG_TRIP];

    } else if (values[ITINERARY_ARG_TRIP].len) {
        return ITINERARY_REFUSED;
    }

    return (!folded && itinerary_is_trip_id(trip)) ? ITINERARY_OK
                                                   : ITINERARY_REFUSED;
}


/* whether everybody reads the path of a POST alike, as that operation */

static itinerary_result_e
itinerary_path_check(itinerary_pool_t *pool,
    const itinerary_request_t *request, itinerary_operation_e operation,
    int folded, itinerary_error_t *error)
{
    const char  *mistake;

    if (request->raw.len && !itinerary_equal(&request->raw, &request->uri)) {
        mistake = "the path is not in its normal form, without escapes, empty "
                  "or dot segments and \"#\"";

    } else if (!itinerary_path_is_plain(&request->uri)) {
        mistake = "the path has an empty or dot segment or a character other "
                  "than A-Z, a-z, 0-9 and -._~!$&'()*+,=:@/";

    } else if (folded) {
        mistake = "the path is an operation's but for upper and lower case: "
                  "write \"trip\", \"booking\", \"v\", \"cancel\", "
                  "\"GetTrips\"";

    } else if (operation == ITINERARY_OP_NONE) {
        return itinerary_refuse(pool, error, ITINERARY_UNKNOWN_OPERATION, 0,
                                "", "the path of a POST ends with "
                                "\"/trip/v<N>\", \"/trip/v<N>/cancel\", "
                                "\"/trip/v<N>/GetTrips\", \"/booking/v<N>\" "
                                "or \"/booking/v<N>/cancel\"");

    } else {
        return ITINERARY_OK;
    }

    return itinerary_refuse(pool, error, ITINERARY_AMBIGUOUS_PATH, 0, "", "%s",
                            mistake);
}


/*
 * The operation of a POST by the end of its path; "folded" is set where
 * letters in another case are all that makes it differ.
 */

static itinerary_operation_e
itinerary_path(const itinerary_str_t *uri, int *folded)
{
    size_t  i, n;

    n = sizeof(itinerary_paths) / sizeof(itinerary_paths[0]);

    for (i = 0; i < n; i++) {
        if (itinerary_path_match(uri, &itinerary_paths[i].pattern, folded)) {
            return itinerary_paths[i].operation;
        }
    }

    return ITINERARY_OP_NONE;
}


/* compares from the end: what precedes the resource is the gateway's choice */

static int
itinerary_path_match(const itinerary_str_t *uri,
    const itinerary_str_t *pattern, int *folded)
{
    size_t         n;
    u_char         c;
    const u_char  *p;

    *folded = 0;

    if (uri->len == 0) {
        return 0;
    }

    p = uri->data + uri->len;

    for (n = pattern->len; n; n--) {
        c = pattern->data[n - 1];

        if (c == '#') {
            p = itinerary_path_version(uri->data, p);
            if (p == NULL) {
                return 0;
            }

            continue;
        }

        if (p == uri->data) {
            return 0;
        }

        p--;

        if (*p != c) {
            if (itinerary_lower(*p) != itinerary_lower(c)) {
                return 0;
            }

            *folded = 1;
        }
    }

    return 1;
}


/* the start of the version that ends before p, or NULL */

static const u_char *
itinerary_path_version(const u_char *start, const u_char *p)
{
    const u_char  *last;

    last = p;

    while (p > start && itinerary_is_digit(p[-1])) {
        p--;
    }

    if (p == last) {
        return NULL;
    }

    if (p - start >= 2 && p[-1] == '.' && itinerary_is_digit(p[-2])) {
        p--;

        while (p > start && itinerary_is_digit(p[-1])) {
            p--;
        }
    }

    return p;
}


/*
 * Whether every server reads a path alike: what RFC 3986, 3.3 allows in
 * a segment, less escapes and ";", and no segment that is dropped.
 */

static int
itinerary_path_is_plain(const itinerary_str_t *uri)
{
    const u_char  *p, *last, *start;

    static const char  plain[] = "-._~!$&'()*+,=:@";

    p = uri->data;

    if (uri->len == 0 || *p != '/') {
        return 0;
    }

    last = p + uri->len;

    while (p < last) {
        start = ++p;

        while (p < last && *p != '/') {

            if (!itinerary_is_alnum(*p)
                && memchr(plain, *p, sizeof(plain) - 1) == NULL)
            {
                return 0;
            }

            p++;
        }

        /* a path may end with "/" */

        if ((p == start && p < last)
            || (p - start == 1 && start[0] == '.')
            || (p - start == 2 && memcmp(start, "..", 2) == 0))
        {
            return 0;
        }
    }

    return 1;
}


int
itinerary_is_trip_id(const itinerary_str_t *text)
{
    size_t  i;

    static const char  allowed[] = "._~$=-";

    if (text->len == 0 || text->len > ITINERARY_TRIP_ID_MAX) {
        return 0;
    }

    for (i = 0; i < text->len; i++) {
        if (!itinerary_is_alnum(text->data[i])
            && memchr(allowed, text->data[i], sizeof(allowed) - 1) == NULL)
        {
            return 0;
        }
    }

    return 1;
}


const itinerary_str_t *
itinerary_operation_name(itinerary_operation_e operation)
{
    if ((unsigned) operation > ITINERARY_OP_MAX) {
        operation = ITINERARY_OP_NONE;
    }

    return &itinerary_operations[operation];
}
