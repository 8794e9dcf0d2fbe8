
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_char.h"
#include "itinerary_operation.h"


#define ITINERARY_TRIP_ID_MAX   128
#define ITINERARY_ARGUMENT_MAX  255   /* any other guarded value */


/* for "%.*s": as much of the client's text as a detail quotes */

#define itinerary_quote(s)                                                    \
    (int) ((s)->len < 64 ? (s)->len : 64), (char *) (s)->data


typedef struct {
    itinerary_str_t         pattern;
    itinerary_operation_e   operation;
} itinerary_path_t;


/* guarded arguments, in the order of the table below */

typedef enum {
    ITINERARY_ARG_TRIP = 0,
    ITINERARY_ARG_SOURCE,
    ITINERARY_ARG_CONFIRMATION,
    ITINERARY_ARG_USER_TYPE,
    ITINERARY_ARG_USER,
    ITINERARY_ARG_NONE
} itinerary_arg_e;


typedef struct {
    itinerary_pool_t       *pool;
    itinerary_error_t      *error;
    u_char                 *buf;         /* room for any part of the query */
    itinerary_str_t         values[ITINERARY_ARG_NONE];   /* decoded */
} itinerary_query_t;


static itinerary_result_e itinerary_target_trip(itinerary_query_t *query,
    itinerary_target_t *target);

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

static itinerary_result_e itinerary_query_override(itinerary_query_t *query,
    itinerary_str_t args);
static int itinerary_names_override(const itinerary_str_t *name);
static itinerary_result_e itinerary_query_parse(itinerary_query_t *query,
    itinerary_str_t args);
static itinerary_result_e itinerary_query_argument(itinerary_query_t *query,
    itinerary_str_t argument);
static itinerary_result_e itinerary_query_name(itinerary_query_t *query,
    const itinerary_str_t *name, itinerary_arg_e *arg);
static itinerary_result_e itinerary_query_value(itinerary_query_t *query,
    itinerary_arg_e arg, const itinerary_str_t *value);

static int itinerary_next(itinerary_str_t *rest, u_char separator,
    itinerary_str_t *part);
static int itinerary_has(const itinerary_str_t *text, u_char c);
static int itinerary_unescape(const itinerary_str_t *text, u_char *buf,
    itinerary_str_t *decoded);
static void itinerary_unescape_again(itinerary_str_t *text);
static int itinerary_equal_fold(const itinerary_str_t *a,
    const itinerary_str_t *b);
static int itinerary_resembles(const itinerary_str_t *text,
    const itinerary_str_t *name);
static int itinerary_spells(const itinerary_str_t *text,
    const itinerary_str_t *name);


static const itinerary_str_t  itinerary_operations[] = {
    itinerary_string(""),
    itinerary_string("read"),
    itinerary_string("create"),
    itinerary_string("update"),
    itinerary_string("cancel")
};


static const itinerary_str_t  itinerary_get = itinerary_string("GET");
static const itinerary_str_t  itinerary_head = itinerary_string("HEAD");
static const itinerary_str_t  itinerary_post = itinerary_string("POST");


/*
 * How the path of a POST ends.  '#' stands for a version: digits with
 * optional ".digits".
 */

static const itinerary_path_t  itinerary_paths[] = {
    { itinerary_string("/trip/v#"),           ITINERARY_OP_CREATE },
    { itinerary_string("/trip/v#/"),          ITINERARY_OP_CREATE },
    { itinerary_string("/trip/v#/cancel"),    ITINERARY_OP_CANCEL },
    { itinerary_string("/trip/v#/GetTrips"),  ITINERARY_OP_READ }
};


static const itinerary_str_t  itinerary_guarded[] = {
    itinerary_string("tripId"),
    itinerary_string("bookingSource"),
    itinerary_string("confirmationNumber"),
    itinerary_string("userid_type"),
    itinerary_string("userid_value")
};


static const itinerary_str_t  itinerary_overrides[] = {
    itinerary_string("X-HTTP-Method-Override"),
    itinerary_string("X-HTTP-Method"),
    itinerary_string("X-Method-Override"),
    itinerary_string("X-Original-URL"),
    itinerary_string("X-Rewrite-URL")
};


static const itinerary_str_t  itinerary_method = itinerary_string("_method");


itinerary_result_e
itinerary_operation(itinerary_pool_t *pool,
    const itinerary_request_t *request, itinerary_target_t *target,
    itinerary_error_t *error)
{
    int                      folded;
    itinerary_query_t        query;
    itinerary_result_e       rc;
    itinerary_operation_e    operation;

    memset(target, 0, sizeof(itinerary_target_t));
    memset(&query, 0, sizeof(itinerary_query_t));

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

    query.pool = pool;
    query.error = error;

    if (request->args.len) {
        query.buf = pool->alloc(pool->data, request->args.len);
        if (query.buf == NULL) {
            return ITINERARY_NOMEM;
        }
    }

    rc = itinerary_query_override(&query, request->args);
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
                                itinerary_quote(&request->method));
    }

    if (operation == ITINERARY_OP_READ) {
        return ITINERARY_OK;
    }

    rc = itinerary_query_parse(&query, request->args);
    if (rc != ITINERARY_OK) {
        return rc;
    }

    target->operation = operation;
    target->on_behalf_of = query.values[ITINERARY_ARG_USER];

    return itinerary_target_trip(&query, target);
}


/* which trip a write is for; a create that has one is an update */

static itinerary_result_e
itinerary_target_trip(itinerary_query_t *query, itinerary_target_t *target)
{
    itinerary_str_t  *trip;

    trip = &query->values[ITINERARY_ARG_TRIP];

    if (trip->len == 0) {

        if (target->operation == ITINERARY_OP_CANCEL) {
            return itinerary_refuse(query->pool, query->error,
                                    ITINERARY_BAD_TRIP_ID, 0, "",
                                    "a cancel needs the argument \"tripId\"");
        }

        return ITINERARY_OK;
    }

    if (target->operation == ITINERARY_OP_CREATE) {
        target->operation = ITINERARY_OP_UPDATE;
    }

    if (!itinerary_is_trip_id(trip)) {
        return itinerary_refuse(query->pool, query->error,
                                ITINERARY_BAD_TRIP_ID, 0, "",
                                "the value of \"tripId\" is too long or has "
                                "a character that is not allowed");
    }

    target->trip = *trip;

    return ITINERARY_OK;
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
                  "write \"trip\", \"v\", \"cancel\", \"GetTrips\"";

    } else if (operation == ITINERARY_OP_NONE) {
        return itinerary_refuse(pool, error, ITINERARY_UNKNOWN_OPERATION, 0,
                                "", "the path of a POST ends with "
                                "\"/trip/v<N>\", \"/trip/v<N>/cancel\" or "
                                "\"/trip/v<N>/GetTrips\"");

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
    size_t           i;
    itinerary_str_t  rest, segment;

    static const itinerary_str_t  plain = itinerary_string("-._~!$&'()*+,=:@");

    rest = *uri;

    if (rest.len == 0 || rest.data[0] != '/') {
        return 0;
    }

    rest.data++;
    rest.len--;

    while (itinerary_next(&rest, '/', &segment)) {

        if (segment.len == 0
            || (segment.len == 1 && segment.data[0] == '.')
            || (segment.len == 2 && memcmp(segment.data, "..", 2) == 0))
        {
            return 0;
        }

        for (i = 0; i < segment.len; i++) {
            if (!itinerary_is_alnum(segment.data[i])
                && !itinerary_has(&plain, segment.data[i]))
            {
                return 0;
            }
        }
    }

    return 1;
}


static itinerary_result_e
itinerary_query_override(itinerary_query_t *query, itinerary_str_t args)
{
    itinerary_str_t  argument, part, name;

    while (itinerary_next(&args, '&', &argument)) {

        while (itinerary_next(&argument, ';', &part)) {

            (void) itinerary_next(&part, '=', &name);

            memcpy(query->buf, name.data, name.len);
            name.data = query->buf;

            itinerary_unescape_again(&name);

            if (itinerary_names_override(&name)) {
                return itinerary_refuse(query->pool, query->error,
                                        ITINERARY_METHOD_OVERRIDE, 0, "",
                                        "the argument \"%.*s\" is not allowed",
                                        itinerary_quote(&name));
            }
        }
    }

    return ITINERARY_OK;
}


/*
 * Some frameworks look for the headers among the arguments, too.  "_method"
 * starts with "_" or what becomes one: an argument "method" is no override.
 */

static int
itinerary_names_override(const itinerary_str_t *name)
{
    size_t  i, n;

    n = sizeof(itinerary_overrides) / sizeof(itinerary_overrides[0]);

    for (i = 0; i < n; i++) {
        if (itinerary_resembles(name, &itinerary_overrides[i])) {
            return 1;
        }
    }

    return name->len && !itinerary_is_alnum(name->data[0])
           && itinerary_resembles(name, &itinerary_method);
}


/*
 * The arguments of a write.  An argument that is not guarded may hold what it
 * likes, bad percent-encoding in its value included, as long as no reading of
 * the query makes a guarded one of it.
 */

static itinerary_result_e
itinerary_query_parse(itinerary_query_t *query, itinerary_str_t args)
{
    size_t               i;
    u_char              *p, *last;
    itinerary_str_t      argument;
    itinerary_result_e   rc;

    for (i = 0; i < args.len; i++) {
        p = args.data + i;
        last = args.data + args.len;

        if (*p <= 0x20 || *p == 0x7f || *p == '#'
            || itinerary_escaped(p, last) == 0)
        {
            return itinerary_refuse(query->pool, query->error,
                                    ITINERARY_AMBIGUOUS_QUERY, 0, "",
                                    "the query holds a space, a control "
                                    "character, \"%%00\" or \"#\"");
        }
    }

    while (itinerary_next(&args, '&', &argument)) {
        rc = itinerary_query_argument(query, argument);
        if (rc != ITINERARY_OK) {
            return rc;
        }
    }

    return ITINERARY_OK;
}


static itinerary_result_e
itinerary_query_argument(itinerary_query_t *query, itinerary_str_t argument)
{
    itinerary_str_t      name, value, part;
    itinerary_arg_e      arg;
    itinerary_result_e   rc;

    value = argument;
    (void) itinerary_next(&value, '=', &name);

    rc = itinerary_query_name(query, &name, &arg);
    if (rc != ITINERARY_OK) {
        return rc;
    }

    if (!itinerary_has(&argument, ';')) {
        return (arg == ITINERARY_ARG_NONE)
               ? ITINERARY_OK : itinerary_query_value(query, arg, &value);
    }

    /* some servers end an argument with ";" */

    while (itinerary_next(&argument, ';', &part)) {
        (void) itinerary_next(&part, '=', &name);

        rc = itinerary_query_name(query, &name, &arg);
        if (rc != ITINERARY_OK) {
            return rc;
        }

        if (arg != ITINERARY_ARG_NONE) {
            return itinerary_refuse(query->pool, query->error,
                                    ITINERARY_AMBIGUOUS_QUERY, 0, "",
                                    "the argument \"%.*s\" is beside a \";\": "
                                    "separate arguments with \"&\"",
                                    itinerary_quote(&name));
        }
    }

    return ITINERARY_OK;
}


/*
 * Tells a guarded argument by its name, decoded once, without case.  Refused
 * is a name that some server makes a guarded one of by decoding it again or
 * otherwise, and what is not ASCII: folding turns the dotless i and the long
 * s into ASCII letters.
 */

static itinerary_result_e
itinerary_query_name(itinerary_query_t *query, const itinerary_str_t *name,
    itinerary_arg_e *arg)
{
    size_t           i;
    itinerary_str_t  text;

    *arg = ITINERARY_ARG_NONE;

    if (!itinerary_unescape(name, query->buf, &text)) {
        return itinerary_refuse(query->pool, query->error,
                                ITINERARY_AMBIGUOUS_QUERY, 0, "",
                                "bad percent-encoding in the name of the "
                                "argument \"%.*s\"", itinerary_quote(name));
    }

    for (i = 0; i < ITINERARY_ARG_NONE; i++) {
        if (itinerary_equal_fold(&text, &itinerary_guarded[i])) {
            *arg = i;
            return ITINERARY_OK;
        }
    }

    itinerary_unescape_again(&text);

    for (i = 0; i < text.len; i++) {
        if (!itinerary_is_printable(text.data[i])) {
            return itinerary_refuse(query->pool, query->error,
                                    ITINERARY_AMBIGUOUS_QUERY, 0, "",
                                    "the name of the argument \"%.*s\" is not "
                                    "printable ASCII", itinerary_quote(name));
        }
    }

    for (i = 0; i < ITINERARY_ARG_NONE; i++) {
        if (itinerary_resembles(&text, &itinerary_guarded[i])) {
            return itinerary_refuse(query->pool, query->error,
                                    ITINERARY_AMBIGUOUS_QUERY, 0, "",
                                    "the argument \"%.*s\" can be taken for "
                                    "\"%.*s\"", itinerary_quote(name),
                                    itinerary_quote(&itinerary_guarded[i]));
        }
    }

    return ITINERARY_OK;
}


static itinerary_result_e
itinerary_query_value(itinerary_query_t *query, itinerary_arg_e arg,
    const itinerary_str_t *value)
{
    size_t                  i;
    const char             *mistake;
    itinerary_str_t         text;
    const itinerary_str_t  *name;

    if (query->values[arg].len) {
        mistake = "is given twice";
        goto ambiguous;
    }

    if (value->len == 0) {
        mistake = "has no value";
        goto ambiguous;
    }

    if (itinerary_has(value, '+')) {
        mistake = "has a \"+\": write \"%20\" or \"%2B\"";
        goto ambiguous;
    }

    if (!itinerary_unescape(value, query->buf, &text)) {
        mistake = "has bad percent-encoding";
        goto ambiguous;
    }

    /* a trip id has stricter rules and a reason of its own */

    if (arg != ITINERARY_ARG_TRIP) {

        if (text.len > ITINERARY_ARGUMENT_MAX) {
            mistake = "is longer than 255 bytes";
            goto ambiguous;
        }

        for (i = 0; i < text.len; i++) {
            if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
                mistake = "has a control character";
                goto ambiguous;
            }
        }
    }

    return itinerary_copy(query->pool, &query->values[arg], text.data,
                          text.len);

ambiguous:

    name = &itinerary_guarded[arg];

    return itinerary_refuse(query->pool, query->error,
                            ITINERARY_AMBIGUOUS_QUERY, 0, "",
                            "the argument \"%.*s\" %s", itinerary_quote(name),
                            mistake);
}


int
itinerary_is_override(const itinerary_str_t *header)
{
    size_t  i, n;

    n = sizeof(itinerary_overrides) / sizeof(itinerary_overrides[0]);

    for (i = 0; i < n; i++) {
        if (itinerary_spells(header, &itinerary_overrides[i])) {
            return 1;
        }
    }

    return 0;
}


int
itinerary_is_trip_id(const itinerary_str_t *text)
{
    size_t  i;

    static const itinerary_str_t  allowed = itinerary_string("._~$=-");

    if (text->len == 0 || text->len > ITINERARY_TRIP_ID_MAX) {
        return 0;
    }

    for (i = 0; i < text->len; i++) {
        if (!itinerary_is_alnum(text->data[i])
            && !itinerary_has(&allowed, text->data[i]))
        {
            return 0;
        }
    }

    return 1;
}


const itinerary_str_t *
itinerary_operation_name(itinerary_operation_e operation)
{
    if ((unsigned) operation > ITINERARY_OP_CANCEL) {
        operation = ITINERARY_OP_NONE;
    }

    return &itinerary_operations[operation];
}


/*
 * Takes a part off the text, up to the separator; what follows it remains.
 * Returns 0 and an empty part where nothing is left: after a separator at
 * the end comes no empty part.
 */

static int
itinerary_next(itinerary_str_t *rest, u_char separator, itinerary_str_t *part)
{
    u_char  *p;

    *part = *rest;

    if (rest->len == 0) {
        return 0;
    }

    p = memchr(rest->data, separator, rest->len);

    if (p == NULL) {
        rest->data += rest->len;
        rest->len = 0;

    } else {
        part->len = p - rest->data;
        rest->data = p + 1;
        rest->len -= part->len + 1;
    }

    return 1;
}


static int
itinerary_has(const itinerary_str_t *text, u_char c)
{
    return text->len && memchr(text->data, c, text->len) != NULL;
}


/* decodes once, into "buf"; returns 0 where a "%" is not an escape */

static int
itinerary_unescape(const itinerary_str_t *text, u_char *buf,
    itinerary_str_t *decoded)
{
    int      c;
    size_t   i;
    u_char  *dst;

    dst = buf;

    for (i = 0; i < text->len; i++) {
        c = text->data[i];

        if (c == '%') {
            c = itinerary_escaped(text->data + i, text->data + text->len);
            if (c == -1) {
                return 0;
            }

            i += 2;
        }

        *dst++ = (u_char) c;
    }

    decoded->data = buf;
    decoded->len = dst - buf;

    return 1;
}


/*
 * Decodes in place until nothing is left to decode, in linear time: escapes
 * cannot overlap, so each is replaced as soon as its last digit is there.
 */

static void
itinerary_unescape_again(itinerary_str_t *text)
{
    int      c;
    size_t   i;
    u_char  *dst;

    dst = text->data;

    for (i = 0; i < text->len; i++) {
        *dst++ = text->data[i];

        while (dst - text->data >= 3) {
            c = itinerary_escaped(dst - 3, dst);
            if (c == -1) {
                break;
            }

            dst -= 2;
            dst[-1] = (u_char) c;
        }
    }

    text->len = dst - text->data;
}


static int
itinerary_equal_fold(const itinerary_str_t *a, const itinerary_str_t *b)
{
    size_t  i;

    if (a->len != b->len) {
        return 0;
    }

    for (i = 0; i < a->len; i++) {
        if (itinerary_lower(a->data[i]) != itinerary_lower(b->data[i])) {
            return 0;
        }
    }

    return 1;
}


/*
 * Whether some server may take the text for the name: trimmed or without
 * punctuation, or a part of it as a list or a member ("tripId[0]",
 * "trip.tripId"), cut at NUL, or split after it was decoded.
 */

static int
itinerary_resembles(const itinerary_str_t *text, const itinerary_str_t *name)
{
    size_t           i;
    itinerary_str_t  part;

    static const char  separators[] = "&;=.[]";   /* and NUL */

    if (itinerary_spells(text, name)) {
        return 1;
    }

    part.data = text->data;

    for (i = 0; i < text->len; i++) {

        if (memchr(separators, text->data[i], sizeof(separators)) == NULL) {
            continue;
        }

        part.len = text->data + i - part.data;

        if (itinerary_spells(&part, name)) {
            return 1;
        }

        part.data = text->data + i + 1;
    }

    part.len = text->data + text->len - part.data;

    return itinerary_spells(&part, name);
}


/* whether letters and digits alone, without case, make text the name */

static int
itinerary_spells(const itinerary_str_t *text, const itinerary_str_t *name)
{
    size_t  i, j;

    for (i = 0, j = 0; /* void */ ; i++, j++) {

        while (i < text->len && !itinerary_is_alnum(text->data[i])) {
            i++;
        }

        while (j < name->len && !itinerary_is_alnum(name->data[j])) {
            j++;
        }

        if (i == text->len || j == name->len) {
            return i == text->len && j == name->len;
        }

        if (itinerary_lower(text->data[i]) != itinerary_lower(name->data[j])) {
            return 0;
        }
    }
}
