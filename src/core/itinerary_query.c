
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_char.h"
#include "itinerary_query.h"


#define ITINERARY_ARGUMENT_MAX  255   /* a guarded value but a trip id */


/* for "%.*s": as much of the client's text as a detail quotes */

#define itinerary_quote(s)                                                    \
    (int) ((s)->len < 64 ? (s)->len : 64), (char *) (s)->data


typedef struct {
    itinerary_pool_t       *pool;
    itinerary_error_t      *error;
    itinerary_str_t        *values;
    u_char                 *buf;         /* room for any part of the query */
} itinerary_query_t;


static itinerary_result_e itinerary_query_init(itinerary_query_t *query,
    itinerary_pool_t *pool, const itinerary_str_t *args,
    itinerary_error_t *error);
static int itinerary_names_override(const itinerary_str_t *name);
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


/* in the order of itinerary_arg_e */

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


static const itinerary_str_t  itinerary_headers[] = {
    itinerary_string("Authorization"),
    itinerary_string("Content-Encoding"),
    itinerary_string("Content-Length"),
    itinerary_string("Content-Transfer-Encoding"),
    itinerary_string("Content-Type"),
    itinerary_string("Transfer-Encoding")
};


itinerary_result_e
itinerary_query_override(itinerary_pool_t *pool, const itinerary_str_t *args,
    itinerary_error_t *error)
{
    itinerary_str_t     rest, argument, part, name;
    itinerary_query_t   query;
    itinerary_result_e  rc;

    if (args->len == 0) {
        return ITINERARY_OK;
    }

    rc = itinerary_query_init(&query, pool, args, error);
    if (rc != ITINERARY_OK) {
        return rc;
    }

    rest = *args;

    while (itinerary_next(&rest, '&', &argument)) {

        while (itinerary_next(&argument, ';', &part)) {

            (void) itinerary_next(&part, '=', &name);

            memcpy(query.buf, name.data, name.len);
            name.data = query.buf;

            itinerary_unescape_again(&name);

            if (itinerary_names_override(&name)) {
                return itinerary_refuse(pool, error,
                                        ITINERARY_METHOD_OVERRIDE, 0, "",
                                        "the argument \"%.*s\" is not allowed",
                                        itinerary_quote(&name));
            }
        }
    }

    return ITINERARY_OK;
}


/*
 * An argument that is not guarded may hold what it likes, bad percent-encoding
 * in its value included, as long as no reading of the query makes a guarded
 * one of it.
 */

itinerary_result_e
itinerary_query(itinerary_pool_t *pool, const itinerary_str_t *args,
    itinerary_str_t *values, itinerary_error_t *error)
{
    size_t               i;
    u_char              *p, *last;
    itinerary_str_t      rest, argument;
    itinerary_query_t    query;
    itinerary_result_e   rc;

    memset(values, 0, ITINERARY_ARG_NONE * sizeof(itinerary_str_t));

    if (args->len == 0) {
        return ITINERARY_OK;
    }

    rc = itinerary_query_init(&query, pool, args, error);
    if (rc != ITINERARY_OK) {
        return rc;
    }

    query.values = values;

    for (i = 0; i < args->len; i++) {
        p = args->data + i;
        last = args->data + args->len;

        if (*p <= 0x20 || *p == 0x7f || *p == '#'
            || itinerary_escaped(p, last) == 0)
        {
            return itinerary_refuse(pool, error, ITINERARY_AMBIGUOUS_QUERY, 0,
                                    "", "the query holds a space, a control "
                                    "character, \"%%00\" or \"#\"");
        }
    }

    rest = *args;

    while (itinerary_next(&rest, '&', &argument)) {
        rc = itinerary_query_argument(&query, argument);
        if (rc != ITINERARY_OK) {
            return rc;
        }
    }

    return ITINERARY_OK;
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
itinerary_is_disguised(const itinerary_str_t *header)
{
    size_t  i, n;

    n = sizeof(itinerary_headers) / sizeof(itinerary_headers[0]);

    for (i = 0; i < n; i++) {
        if (header->len == itinerary_headers[i].len
            && itinerary_spells(header, &itinerary_headers[i])
            && !itinerary_equal_fold(header, &itinerary_headers[i]))
        {
            return 1;
        }
    }

    return 0;
}


int
itinerary_is_cookie_argument(const itinerary_str_t *cookies)
{
    size_t           i;
    itinerary_str_t  rest, cookie, part, name;

    rest = *cookies;

    while (itinerary_next(&rest, ';', &cookie)) {

        /* cookies were once separated by ",", too */

        while (itinerary_next(&cookie, ',', &part)) {

            (void) itinerary_next(&part, '=', &name);

            while (name.len && itinerary_is_space(name.data[0])) {
                name.data++;
                name.len--;
            }

            if (itinerary_names_override(&name)) {
                return 1;
            }

            for (i = 0; i < ITINERARY_ARG_NONE; i++) {
                if (itinerary_resembles(&name, &itinerary_guarded[i])) {
                    return 1;
                }
            }
        }
    }

    return 0;
}


static itinerary_result_e
itinerary_query_init(itinerary_query_t *query, itinerary_pool_t *pool,
    const itinerary_str_t *args, itinerary_error_t *error)
{
    memset(query, 0, sizeof(itinerary_query_t));

    query->pool = pool;
    query->error = error;

    query->buf = pool->alloc(pool->data, args->len);

    return query->buf ? ITINERARY_OK : ITINERARY_NOMEM;
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


static itinerary_result_e
itinerary_query_argument(itinerary_query_t *query, itinerary_str_t argument)
{
    itinerary_str_t     name, value, part;
    itinerary_arg_e     arg;
    itinerary_result_e  rc;

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
