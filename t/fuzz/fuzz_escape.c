
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What is written for a client or the audit trail: whatever the text is, the
 * XML and the JSON parse, and say the text again, with U+FFFD for what is no
 * character; and what does not fit into a buffer is left out at a character's
 * end.
 *
 * The first byte of the input is how small the buffer is, from the second line
 * it is the text.
 */


#include "fuzz.h"
#include "itinerary_escape.h"

#include <libxml/parser.h>
#include <libxml/tree.h>


typedef u_char *(*escape_pt)(u_char *p, u_char *last,
    const itinerary_str_t *text);


/* a character of RFC 3629; returns its length, or 0 */

static size_t
character(const u_char *p, size_t len)
{
    size_t    n, i;
    uint32_t  ch;

    static const uint32_t  least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    if (p[0] < 0x80) {
        return 1;
    }

    n = p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3
                        : p[0] < 0xf8 ? 4 : 0;
    if (n == 0 || n > len) {
        return 0;
    }

    ch = p[0] & (0xff >> (n + 1));

    for (i = 1; i < n; i++) {
        if (p[i] >> 6 != 2) {
            return 0;
        }

        ch = ch << 6 | (p[i] & 0x3f);
    }

    return (ch < least[n] || ch > 0x10ffff || ch >> 11 == 0x1b) ? 0 : n;
}


/* what the output says; "xml": that XML 1.0 has no character for */

static itinerary_str_t
said(arena_t *arena, const itinerary_str_t *text, int xml)
{
    size_t            i, n;
    itinerary_str_t   s;

    s.len = 0;
    s.data = arena_alloc(arena, text->len * 3 + 1);

    for (i = 0; i < text->len; i += n ? n : 1) {

        n = character(text->data + i, text->len - i);

        if (n == 0
            || (xml && n == 1 && text->data[i] < 0x20
                && memchr("\t\n\r", text->data[i], 3) == NULL)
            || (xml && n == 3
                && (memcmp(text->data + i, "\xef\xbf\xbe", 3) == 0
                    || memcmp(text->data + i, "\xef\xbf\xbf", 3) == 0)))
        {
            memcpy(s.data + s.len, "\xef\xbf\xbd", 3);
            s.len += 3;
            continue;
        }

        memcpy(s.data + s.len, text->data + i, n);
        s.len += n;
    }

    return s;
}


/* the inside of a string, by RFC 8259 and without what scripts stumble on */

static itinerary_str_t
json_parse(arena_t *arena, const itinerary_str_t *json)
{
    char              hex[5];
    size_t            i, n;
    u_char            c;
    unsigned          ch;
    const char       *p;
    itinerary_str_t   s;

    static const char  names[] = "\"\\/bfnrt";
    static const char  chars[] = "\"\\/\b\f\n\r\t";

    s.len = 0;
    s.data = arena_alloc(arena, json->len + 1);

    for (i = 0; i < json->len; i += n) {

        c = json->data[i];
        n = character(json->data + i, json->len - i);

        fuzz_check(n && c >= 0x20 && c != '"' && c != 0x7f, "0x%02x at %zu",
                   c, i);
        fuzz_check(n != 3
                   || (memcmp(json->data + i, "\xe2\x80\xa8", 3) != 0
                       && memcmp(json->data + i, "\xe2\x80\xa9", 3) != 0),
                   "a line separator at %zu", i);

        if (c != '\\') {
            memcpy(s.data + s.len, json->data + i, n);
            s.len += n;
            continue;
        }

        fuzz_check(i + 2 <= json->len, "a cut escape");

        n = 2;
        c = json->data[i + 1];

        if (c != 'u') {
            p = strchr(names, c);
            fuzz_check(c && p, "\"\\%c\"", c);
            s.data[s.len++] = chars[p - names];
            continue;
        }

        fuzz_check(i + 6 <= json->len, "a cut escape");

        n = 6;
        memcpy(hex, json->data + i + 2, 4);
        hex[4] = '\0';

        fuzz_check(strspn(hex, "0123456789abcdef") == 4, "\"\\u%s\"", hex);

        ch = strtoul(hex, NULL, 16);

        if (ch < 0x80) {
            s.data[s.len++] = ch;

        } else {
            fuzz_check(ch >= 0x800 && ch >> 11 != 0x1b, "\"\\u%s\"", hex);
            s.data[s.len++] = 0xe0 | ch >> 12;
            s.data[s.len++] = 0x80 | (ch >> 6 & 0x3f);
            s.data[s.len++] = 0x80 | (ch & 0x3f);
        }
    }

    return s;
}


/* as the text of an element and as an attribute, in either quotes */

static itinerary_str_t
xml_parse(arena_t *arena, const itinerary_str_t *xml, char quote)
{
    int               n;
    char             *buf;
    xmlDoc           *doc;
    xmlChar          *text;
    itinerary_str_t   s, copy;

    buf = arena_alloc(arena, xml->len + 64);

    n = quote ? sprintf(buf, "<a b=%c%.*s%c/>", quote, fuzz_quote(xml), quote)
              : sprintf(buf, "<a>%.*s</a>", fuzz_quote(xml));

    doc = xmlReadMemory(buf, n, NULL, "UTF-8",
                        XML_PARSE_NOERROR|XML_PARSE_NOWARNING);
    fuzz_check(doc, "%s", buf);
    fuzz_check(quote || doc->children->children == NULL
               || doc->children->children->next == NULL, "%s", buf);

    text = quote ? xmlGetNoNsProp(doc->children, (const xmlChar *) "b")
                 : xmlNodeGetContent(doc->children);

    s.data = text;
    s.len = strlen((char *) text);

    copy = fuzz_copy(arena, &s);

    xmlFree(text);
    xmlFreeDoc(doc);

    return copy;
}


static itinerary_str_t
escaped(arena_t *arena, escape_pt escape, const itinerary_str_t *text,
    size_t size)
{
    itinerary_str_t  s;

    s.data = arena_alloc(arena, size ? size : 1);
    s.len = escape(s.data, s.data + size, text) - s.data;

    fuzz_check(s.len <= size, "%zu", s.len);

    return s;
}


static void
check_prefix(const itinerary_str_t *s, const itinerary_str_t *expected,
    int whole)
{
    fuzz_check((whole ? s->len == expected->len : s->len <= expected->len)
               && memcmp(s->data, expected->data, s->len) == 0,
               "\"%.*s\" for \"%.*s\"", fuzz_quote(s), fuzz_quote(expected));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            room;
    unsigned          i;
    arena_t           arena;
    fuzz_input_t      in;
    itinerary_str_t   text, out, s, xml, json;

    static const char  quotes[] = { '\0', '"', '\'' };

    in.p = data;
    in.last = data + size;

    room = fuzz_byte(&in);
    (void) fuzz_line(&in);

    arena_init(&arena, 0);

    text = fuzz_rest(&in);
    text = fuzz_copy(&arena, &text);

    json = said(&arena, &text, 0);
    xml = said(&arena, &text, 1);

    out = escaped(&arena, itinerary_escape_json, &text,
                  text.len * ITINERARY_ESCAPE_MAX);
    s = json_parse(&arena, &out);
    check_prefix(&s, &json, 1);

    out = escaped(&arena, itinerary_escape_json, &text, room);
    s = json_parse(&arena, &out);
    check_prefix(&s, &json, 0);

    for (i = 0; i < nelts(quotes); i++) {
        out = escaped(&arena, itinerary_escape_xml, &text,
                      text.len * ITINERARY_ESCAPE_MAX);
        s = xml_parse(&arena, &out, quotes[i]);
        check_prefix(&s, &xml, 1);

        out = escaped(&arena, itinerary_escape_xml, &text, room);
        s = xml_parse(&arena, &out, quotes[i]);
        check_prefix(&s, &xml, 0);
    }

    arena_free(&arena);

    return 0;
}
