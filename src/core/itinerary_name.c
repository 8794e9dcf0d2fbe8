
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <stdint.h>
#include <string.h>

#include "itinerary_char.h"
#include "itinerary_name.h"


static itinerary_name_e itinerary_canonical(itinerary_pool_t *pool,
    const itinerary_str_t *text, size_t max, int spaces,
    itinerary_str_t *canonical);
static size_t itinerary_key_size(const itinerary_str_t *text);
static u_char *itinerary_key_encode(u_char *dst, const itinerary_str_t *text);
static int itinerary_key_decode(u_char *dst, size_t size, const u_char *p,
    const u_char *last, itinerary_str_t *text);
static int itinerary_is_unreserved(u_char c);


itinerary_name_e
itinerary_locator(itinerary_pool_t *pool, const itinerary_str_t *text,
    itinerary_str_t *locator)
{
    return itinerary_canonical(pool, text, ITINERARY_LOCATOR_MAX, 0, locator);
}


itinerary_name_e
itinerary_source(itinerary_pool_t *pool, const itinerary_str_t *text,
    itinerary_str_t *source)
{
    return itinerary_canonical(pool, text, ITINERARY_SOURCE_MAX, 1, source);
}


/*
 * A name that is bad and too long is bad: what is no ASCII has fewer
 * characters than bytes.
 */

static itinerary_name_e
itinerary_canonical(itinerary_pool_t *pool, const itinerary_str_t *text,
    size_t max, int spaces, itinerary_str_t *canonical)
{
    size_t         i, len;
    const u_char  *p;

    p = text->data;
    len = text->len;

    while (len && itinerary_is_space(p[0])) {
        p++;
        len--;
    }

    while (len && itinerary_is_space(p[len - 1])) {
        len--;
    }

    if (len == 0) {
        return ITINERARY_NAME_EMPTY;
    }

    for (i = 0; i < len; i++) {

        if (!itinerary_is_printable(p[i])
            || (p[i] == ' ' && (!spaces || p[i - 1] == ' ')))
        {
            return ITINERARY_NAME_BAD_CHARACTER;
        }
    }

    if (len > max) {
        return ITINERARY_NAME_TOO_LONG;
    }

    if (itinerary_copy(pool, canonical, p, len) != ITINERARY_OK) {
        return ITINERARY_NAME_NOMEM;
    }

    for (i = 0; i < len; i++) {
        canonical->data[i] = itinerary_upper(canonical->data[i]);
    }

    return ITINERARY_NAME_OK;
}


itinerary_result_e
itinerary_key(itinerary_pool_t *pool, const itinerary_str_t *text,
    itinerary_str_t *key)
{
    u_char  *p;
    size_t   size;

    size = itinerary_key_size(text);
    if (size == SIZE_MAX) {
        return ITINERARY_NOMEM;
    }

    p = pool->alloc(pool->data, size + 1);
    if (p == NULL) {
        return ITINERARY_NOMEM;
    }

    key->data = p;
    key->len = size;

    p = itinerary_key_encode(p, text);
    *p = '\0';

    return ITINERARY_OK;
}


itinerary_result_e
itinerary_booking_name(itinerary_pool_t *pool, const itinerary_str_t *source,
    const itinerary_str_t *locator, itinerary_str_t *name)
{
    u_char  *p;
    size_t   size, rest;

    size = itinerary_key_size(source);
    rest = itinerary_key_size(locator);

    if (size > SIZE_MAX - 2 || rest > SIZE_MAX - 2 - size) {
        return ITINERARY_NOMEM;
    }

    size += 1 + rest;

    p = pool->alloc(pool->data, size + 1);
    if (p == NULL) {
        return ITINERARY_NOMEM;
    }

    name->data = p;
    name->len = size;

    p = itinerary_key_encode(p, source);
    *p++ = '|';
    p = itinerary_key_encode(p, locator);
    *p = '\0';

    return ITINERARY_OK;
}


/* a name is good if the parts are canonical and make the same name again */

itinerary_result_e
itinerary_booking_parts(itinerary_pool_t *pool, const itinerary_str_t *name,
    itinerary_str_t *source, itinerary_str_t *locator)
{
    u_char            *bar;
    u_char             buf[ITINERARY_SOURCE_MAX + ITINERARY_LOCATOR_MAX];
    const u_char      *last;
    itinerary_str_t    first, second, again;
    itinerary_name_e   rc;

    bar = name->len ? memchr(name->data, '|', name->len) : NULL;
    if (bar == NULL) {
        return ITINERARY_REFUSED;
    }

    last = name->data + name->len;

    if (!itinerary_key_decode(buf, ITINERARY_SOURCE_MAX, name->data, bar,
                              &first)
        || !itinerary_key_decode(buf + ITINERARY_SOURCE_MAX,
                                 ITINERARY_LOCATOR_MAX, bar + 1, last,
                                 &second))
    {
        return ITINERARY_REFUSED;
    }

    rc = itinerary_source(pool, &first, source);

    if (rc == ITINERARY_NAME_OK) {
        rc = itinerary_locator(pool, &second, locator);
    }

    if (rc != ITINERARY_NAME_OK) {
        return (rc == ITINERARY_NAME_NOMEM) ? ITINERARY_NOMEM
                                            : ITINERARY_REFUSED;
    }

    if (itinerary_booking_name(pool, source, locator, &again)
        != ITINERARY_OK)
    {
        return ITINERARY_NOMEM;
    }

    return itinerary_equal(name, &again) ? ITINERARY_OK : ITINERARY_REFUSED;
}


itinerary_str_t
itinerary_booking_locator(const itinerary_str_t *name)
{
    u_char           *bar;
    itinerary_str_t   place;

    place = *name;

    bar = name->len ? memchr(name->data, '|', name->len) : NULL;

    if (bar) {
        place.data = bar + 1;
        place.len = name->data + name->len - place.data;
    }

    return place;
}


int
itinerary_is_supplier(const itinerary_str_t *text)
{
    size_t  i;

    if (text->len == 0 || text->len > ITINERARY_SUPPLIER_MAX) {
        return 0;
    }

    for (i = 0; i < text->len; i++) {
        if (!itinerary_is_printable(text->data[i])) {
            return 0;
        }
    }

    return 1;
}


/* SIZE_MAX: the encoded text would be larger than memory */

static size_t
itinerary_key_size(const itinerary_str_t *text)
{
    size_t  i, size;

    if (text->len > SIZE_MAX / 3) {
        return SIZE_MAX;
    }

    size = text->len;

    for (i = 0; i < text->len; i++) {
        if (!itinerary_is_unreserved(text->data[i])) {
            size += 2;
        }
    }

    return size;
}


static u_char *
itinerary_key_encode(u_char *dst, const itinerary_str_t *text)
{
    size_t  i;
    u_char  c;

    static const u_char  hex[] = "0123456789ABCDEF";

    for (i = 0; i < text->len; i++) {
        c = text->data[i];

        if (itinerary_is_unreserved(c)) {
            *dst++ = c;

        } else {
            *dst++ = '%';
            *dst++ = hex[c >> 4];
            *dst++ = hex[c & 0xf];
        }
    }

    return dst;
}


/* returns 0 for an escape that is none, and for what does not fit */

static int
itinerary_key_decode(u_char *dst, size_t size, const u_char *p,
    const u_char *last, itinerary_str_t *text)
{
    int  c;

    text->data = dst;

    for (text->len = 0; p < last; text->len++) {

        if (text->len == size) {
            return 0;
        }

        c = *p;

        if (c == '%') {
            c = itinerary_escaped(p, last);
            if (c == -1) {
                return 0;
            }

            p += 2;
        }

        p++;

        *dst++ = (u_char) c;
    }

    return 1;
}


static int
itinerary_is_unreserved(u_char c)
{
    return itinerary_is_alnum(c)
           || c == '.' || c == '_' || c == '~' || c == '-';
}
