
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <stdint.h>
#include <string.h>

#include "itinerary_escape.h"


/*
 * How a code point is written: into "dst", of ITINERARY_ESCAPE_MAX bytes.
 * Returns the length, or 0 for what stands for itself.
 */

typedef size_t (*itinerary_escape_pt)(u_char *dst, uint32_t ch);


static u_char *itinerary_escape(u_char *p, u_char *last,
    const itinerary_str_t *text, itinerary_escape_pt escape);
static size_t itinerary_escape_json_char(u_char *dst, uint32_t ch);
static size_t itinerary_escape_xml_char(u_char *dst, uint32_t ch);
static size_t itinerary_escape_text(u_char *dst, const itinerary_str_t *text);
static size_t itinerary_utf8(const u_char *p, const u_char *last,
    uint32_t *ch);


static const itinerary_str_t  itinerary_replacement =
    itinerary_string("\xef\xbf\xbd");


u_char *
itinerary_escape_json(u_char *p, u_char *last, const itinerary_str_t *text)
{
    return itinerary_escape(p, last, text, itinerary_escape_json_char);
}


u_char *
itinerary_escape_xml(u_char *p, u_char *last, const itinerary_str_t *text)
{
    return itinerary_escape(p, last, text, itinerary_escape_xml_char);
}


static u_char *
itinerary_escape(u_char *p, u_char *last, const itinerary_str_t *text,
    itinerary_escape_pt escape)
{
    u_char         buf[ITINERARY_ESCAPE_MAX];
    size_t         len, n;
    uint32_t       ch;
    const u_char  *src, *end, *out;

    if (text->len == 0) {
        return p;
    }

    src = text->data;
    end = src + text->len;

    while (src < end) {

        len = itinerary_utf8(src, end, &ch);

        if (len) {
            n = escape(buf, ch);

        } else {
            len = 1;
            n = itinerary_escape_text(buf, &itinerary_replacement);
        }

        out = buf;

        if (n == 0) {
            out = src;
            n = len;
        }

        if ((size_t) (last - p) < n) {
            break;
        }

        memcpy(p, out, n);

        p += n;
        src += len;
    }

    return p;
}


static size_t
itinerary_escape_json_char(u_char *dst, uint32_t ch)
{
    u_char  c;

    static const u_char  hex[] = "0123456789abcdef";

    switch (ch) {

    case '"':
    case '\\':
        c = (u_char) ch;
        break;

    case '\b':
        c = 'b';
        break;

    case '\t':
        c = 't';
        break;

    case '\n':
        c = 'n';
        break;

    case '\f':
        c = 'f';
        break;

    case '\r':
        c = 'r';
        break;

    default:

        /* line separators end a string of JavaScript, and a line of some */

        if (ch >= 0x20 && ch != 0x7f && ch != 0x2028 && ch != 0x2029) {
            return 0;
        }

        dst[0] = '\\';
        dst[1] = 'u';
        dst[2] = hex[ch >> 12];
        dst[3] = hex[(ch >> 8) & 0xf];
        dst[4] = hex[(ch >> 4) & 0xf];
        dst[5] = hex[ch & 0xf];

        return 6;
    }

    dst[0] = '\\';
    dst[1] = c;

    return 2;
}


/* white space other than a space would not survive in an attribute */

static size_t
itinerary_escape_xml_char(u_char *dst, uint32_t ch)
{
    size_t  i;

    static const struct {
        uint32_t         ch;
        itinerary_str_t  text;

    } escapes[] = {
        { '&',  itinerary_string("&amp;") },
        { '<',  itinerary_string("&lt;") },
        { '>',  itinerary_string("&gt;") },
        { '"',  itinerary_string("&quot;") },
        { '\'', itinerary_string("&#39;") },
        { '\t', itinerary_string("&#9;") },
        { '\n', itinerary_string("&#10;") },
        { '\r', itinerary_string("&#13;") }
    };

    for (i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        if (ch == escapes[i].ch) {
            return itinerary_escape_text(dst, &escapes[i].text);
        }
    }

    /* XML 1.0, production 2 */

    if (ch < 0x20 || ch == 0xfffe || ch == 0xffff) {
        return itinerary_escape_text(dst, &itinerary_replacement);
    }

    return 0;
}


static size_t
itinerary_escape_text(u_char *dst, const itinerary_str_t *text)
{
    memcpy(dst, text->data, text->len);

    return text->len;
}


/*
 * Decodes one character; returns its length, or 0 for what RFC 3629 does not
 * allow: stray bytes, overlong forms, surrogates, what is above U+10FFFF.
 */

static size_t
itinerary_utf8(const u_char *p, const u_char *last, uint32_t *ch)
{
    size_t    i, len;
    uint32_t  min;

    if (p[0] < 0x80) {
        *ch = p[0];
        return 1;
    }

    if ((p[0] & 0xe0) == 0xc0) {
        len = 2;
        min = 0x80;
        *ch = p[0] & 0x1f;

    } else if ((p[0] & 0xf0) == 0xe0) {
        len = 3;
        min = 0x800;
        *ch = p[0] & 0xf;

    } else if ((p[0] & 0xf8) == 0xf0) {
        len = 4;
        min = 0x10000;
        *ch = p[0] & 0x7;

    } else {
        return 0;
    }

    if ((size_t) (last - p) < len) {
        return 0;
    }

    for (i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        *ch = (*ch << 6) | (p[i] & 0x3f);
    }

    if (*ch < min || *ch > 0x10ffff || (*ch >= 0xd800 && *ch <= 0xdfff)) {
        return 0;
    }

    return len;
}
