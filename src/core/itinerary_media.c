
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_media.h"
#include "itinerary_char.h"


static int itinerary_media_is(const itinerary_str_t *text, const char *name,
    size_t len);
static int itinerary_media_token(u_char **p, u_char *last,
    itinerary_str_t *token);
static int itinerary_media_value(u_char **p, u_char *last,
    itinerary_str_t *value);


#define itinerary_is(text, name)                                              \
    itinerary_media_is(text, name, sizeof(name) - 1)


itinerary_result_e
itinerary_media(itinerary_pool_t *pool, const itinerary_str_t *text,
    itinerary_charset_e *charset, itinerary_error_t *error)
{
    u_char           *p, *last, *star;
    itinerary_str_t   type, subtype, name, value, suffix;

    *charset = ITINERARY_CHARSET_NONE;

    if (text->len == 0) {
        goto unsupported;
    }

    p = text->data;
    last = p + text->len;

    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    if (!itinerary_media_token(&p, last, &type) || p == last || *p++ != '/'
        || !itinerary_media_token(&p, last, &subtype))
    {
        goto unsupported;
    }

    suffix = subtype;

    if (suffix.len > 4) {
        suffix.data += suffix.len - 4;
        suffix.len = 4;
    }

    if (!((itinerary_is(&subtype, "xml")
           && (itinerary_is(&type, "application")
               || itinerary_is(&type, "text")))
          || (subtype.len > 4 && itinerary_is(&suffix, "+xml"))))
    {
        goto unsupported;
    }

    for ( ;; ) {

        while (p < last && (*p == ' ' || *p == '\t')) {
            p++;
        }

        if (p == last) {
            return ITINERARY_OK;
        }

        if (*p++ != ';') {
            goto unsupported;
        }

        while (p < last && (*p == ' ' || *p == '\t')) {
            p++;
        }

        if (p == last || *p == ';') {
            continue;
        }

        if (!itinerary_media_token(&p, last, &name) || p == last
            || *p++ != '=' || !itinerary_media_value(&p, last, &value))
        {
            goto unsupported;
        }

        /* "charset*" and "charset*0" are a charset, too (RFC 2231) */

        star = memchr(name.data, '*', name.len);

        if (star) {
            name.len = star - name.data;
        }

        if (!itinerary_is(&name, "charset")) {
            continue;
        }

        if (star) {
            return itinerary_refuse(pool, error,
                                    ITINERARY_UNSUPPORTED_ENCODING, 0, "",
                                    "the charset is encoded itself");
        }

        if (*charset != ITINERARY_CHARSET_NONE) {
            return itinerary_refuse(pool, error, ITINERARY_AMBIGUOUS_HEADER,
                                    0, "",
                                    "Content-Type names two charsets");
        }

        if (itinerary_is(&value, "utf-8")) {
            *charset = ITINERARY_CHARSET_UTF_8;

        } else if (itinerary_is(&value, "us-ascii")) {
            *charset = ITINERARY_CHARSET_US_ASCII;

        } else {
            return itinerary_refuse(pool, error,
                                    ITINERARY_UNSUPPORTED_ENCODING, 0, "",
                                    "the charset \"%.*s\" is not UTF-8 or "
                                    "US-ASCII",
                                    (int) (value.len < 64 ? value.len : 64),
                                    value.data);
        }
    }

unsupported:

    return itinerary_refuse(pool, error, ITINERARY_UNSUPPORTED_MEDIA_TYPE, 0,
                            "", "\"%.*s\" is not an XML type",
                            (int) (text->len < 64 ? text->len : 64),
                            text->data);
}


/* case-insensitive, RFC 9110, 8.3.1 */

static int
itinerary_media_is(const itinerary_str_t *text, const char *name, size_t len)
{
    size_t  i;

    if (text->len != len) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if (itinerary_lower(text->data[i]) != (u_char) name[i]) {
            return 0;
        }
    }

    return 1;
}


static int
itinerary_media_token(u_char **p, u_char *last, itinerary_str_t *token)
{
    u_char  c;

    token->data = *p;

    for ( /* void */ ; *p < last; (*p)++) {

        c = **p;

        if (c <= ' ' || c > '~' || c == '/' || c == ';' || c == '=' || c == '"'
            || c == ',' || c == '(' || c == ')' || c == '<' || c == '>'
            || c == '@' || c == ':' || c == '\\' || c == '[' || c == ']'
            || c == '?' || c == '{' || c == '}')
        {
            break;
        }
    }

    token->len = *p - token->data;

    return token->len != 0;
}


/* a token or a quoted string without escapes */

static int
itinerary_media_value(u_char **p, u_char *last, itinerary_str_t *value)
{
    if (*p == last || **p != '"') {
        return itinerary_media_token(p, last, value);
    }

    value->data = ++(*p);

    while (*p < last && **p != '"' && **p != '\\') {
        (*p)++;
    }

    value->len = *p - value->data;

    if (*p == last || **p != '"') {
        return 0;
    }

    (*p)++;

    return 1;
}
