
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

#include "itinerary_escape.h"


#define FFFD      "\xef\xbf\xbd"

#define nelts(a)  (sizeof(a) / sizeof((a)[0]))


typedef u_char *(*escape_pt)(u_char *p, u_char *last,
    const itinerary_str_t *text);


typedef struct {
    itinerary_str_t   text;
    itinerary_str_t   escaped;
} row_t;


/* input and output in blocks of exactly their size */

static size_t
escape(escape_pt fn, const u_char *data, size_t len, u_char *out, size_t size)
{
    u_char           *p, *dst, *src;
    itinerary_str_t   text;

    src = malloc(len);
    dst = malloc(size);

    assert_non_null(src);
    assert_non_null(dst);

    if (len) {
        memcpy(src, data, len);
    }

    text.len = len;
    text.data = len ? src : NULL;

    p = fn(dst, dst + size, &text);

    assert_true(p >= dst && p <= dst + size);

    size = p - dst;

    if (size) {
        memcpy(out, dst, size);
    }

    free(src);
    free(dst);

    return size;
}


static void
check(escape_pt fn, const row_t *row, size_t n)
{
    size_t  i, len;
    u_char  out[256];

    for (i = 0; i < n; i++) {
        len = escape(fn, row[i].text.data, row[i].text.len, out,
                     row[i].escaped.len);

        if (len != row[i].escaped.len
            || memcmp(out, row[i].escaped.data, len) != 0)
        {
            print_error("row %zu: \"%.*s\"\n", i, (int) len, (char *) out);
            fail();
        }

        len = escape(fn, row[i].text.data, row[i].text.len, out,
                     row[i].text.len * ITINERARY_ESCAPE_MAX);

        assert_int_equal(len, row[i].escaped.len);
    }
}


static const row_t  utf8[] = {
    { itinerary_string(""), itinerary_string("") },
    { itinerary_string("abc ABC 019 ~"), itinerary_string("abc ABC 019 ~") },
    { itinerary_string("\xc2\x80"), itinerary_string("\xc2\x80") },
    { itinerary_string("Jos\xc3\xa9"), itinerary_string("Jos\xc3\xa9") },
    { itinerary_string("\xe0\xa0\x80"), itinerary_string("\xe0\xa0\x80") },
    { itinerary_string("\xed\x9f\xbf"), itinerary_string("\xed\x9f\xbf") },
    { itinerary_string("\xee\x80\x80"), itinerary_string("\xee\x80\x80") },
    { itinerary_string(FFFD), itinerary_string(FFFD) },
    { itinerary_string("\xf0\x90\x80\x80"),
      itinerary_string("\xf0\x90\x80\x80") },
    { itinerary_string("\xf4\x8f\xbf\xbf"),
      itinerary_string("\xf4\x8f\xbf\xbf") },

    /* stray, cut and overlong; surrogates; above U+10FFFF */

    { itinerary_string("\x80"), itinerary_string(FFFD) },
    { itinerary_string("a\xff" "b"), itinerary_string("a" FFFD "b") },
    { itinerary_string("\xc3"), itinerary_string(FFFD) },
    { itinerary_string("\xc3("), itinerary_string(FFFD "(") },
    { itinerary_string("\xe2\x80"), itinerary_string(FFFD FFFD) },
    { itinerary_string("\xe2\x80" "a"), itinerary_string(FFFD FFFD "a") },
    { itinerary_string("\xc0\x80"), itinerary_string(FFFD FFFD) },
    { itinerary_string("\xc1\xbf"), itinerary_string(FFFD FFFD) },
    { itinerary_string("\xe0\x9f\xbf"), itinerary_string(FFFD FFFD FFFD) },
    { itinerary_string("\xf0\x8f\xbf\xbf"),
      itinerary_string(FFFD FFFD FFFD FFFD) },
    { itinerary_string("\xed\xa0\x80"), itinerary_string(FFFD FFFD FFFD) },
    { itinerary_string("\xed\xbf\xbf"), itinerary_string(FFFD FFFD FFFD) },
    { itinerary_string("\xf4\x90\x80\x80"),
      itinerary_string(FFFD FFFD FFFD FFFD) },
    { itinerary_string("\xf8\x88\x80\x80\x80"),
      itinerary_string(FFFD FFFD FFFD FFFD FFFD) }
};


static void
test_json(void **state)
{
    static const row_t  t[] = {
        { itinerary_string("\"\\/'<>&"), itinerary_string("\\\"\\\\/'<>&") },
        { itinerary_string("\b\t\n\f\r"),
          itinerary_string("\\b\\t\\n\\f\\r") },
        { itinerary_string("\0"),        itinerary_string("\\u0000") },
        { itinerary_string("a\x1b" "b"), itinerary_string("a\\u001bb") },
        { itinerary_string("\x1f\x20"),  itinerary_string("\\u001f ") },
        { itinerary_string("\x7e\x7f"),  itinerary_string("~\\u007f") },
        { itinerary_string("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"),
          itinerary_string("\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa") },
        { itinerary_string("\xef\xbf\xbf"), itinerary_string("\xef\xbf\xbf") }
    };

    (void) state;

    check(itinerary_escape_json, t, nelts(t));
    check(itinerary_escape_json, utf8, nelts(utf8));
}


static void
test_xml(void **state)
{
    static const row_t  t[] = {
        { itinerary_string("&<>\"'"),
          itinerary_string("&amp;&lt;&gt;&quot;&#39;") },
        { itinerary_string("]]>"),       itinerary_string("]]&gt;") },
        { itinerary_string("&amp;"),     itinerary_string("&amp;amp;") },
        { itinerary_string("a\t\n\r"),   itinerary_string("a&#9;&#10;&#13;") },
        { itinerary_string("\0\x01\x1f"), itinerary_string(FFFD FFFD FFFD) },
        { itinerary_string("\b\f"),      itinerary_string(FFFD FFFD) },
        { itinerary_string("\x7f"),      itinerary_string("\x7f") },
        { itinerary_string("\xef\xbf\xbe\xef\xbf\xbf"),
          itinerary_string(FFFD FFFD) },
        { itinerary_string("\xe2\x80\xa8"), itinerary_string("\xe2\x80\xa8") }
    };

    (void) state;

    check(itinerary_escape_xml, t, nelts(t));
    check(itinerary_escape_xml, utf8, nelts(utf8));
}


static void
test_short_buffers(void **state)
{
    u_char  out[64];
    size_t  i, size, len;

    static const struct {
        escape_pt         fn;
        itinerary_str_t   text;
        size_t            ends[5];   /* of the characters of the output */

    } t[] = {
        { itinerary_escape_json, itinerary_string("\0\n\xc3\xa9x"),
          { 0, 6, 8, 10, 11 } },
        { itinerary_escape_json, itinerary_string("\xe2\x80\xa8\xff\"x"),
          { 0, 6, 9, 11, 12 } },
        { itinerary_escape_xml, itinerary_string("\"\r\x01x"),
          { 0, 6, 11, 14, 15 } },
        { itinerary_escape_xml, itinerary_string("\xf0\x9f\x98\x80<x\xff"),
          { 0, 4, 8, 9, 12 } }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {

        len = 0;

        for (size = 0; size < sizeof(out); size++) {

            if (len + 1 < 5 && size == t[i].ends[len + 1]) {
                len++;
            }

            assert_int_equal(escape(t[i].fn, t[i].text.data, t[i].text.len,
                                    out, size),
                             t[i].ends[len]);
        }
    }
}


/* a decoder by the table of RFC 3629, 4; returns the length or 0 */

static size_t
utf8_char(const u_char *p, size_t len)
{
    size_t  i, n;

    static const struct {
        size_t   len;
        u_char   low[4];
        u_char   high[4];

    } t[] = {
        { 1, { 0x00 },                   { 0x7f } },
        { 2, { 0xc2, 0x80 },             { 0xdf, 0xbf } },
        { 3, { 0xe0, 0xa0, 0x80 },       { 0xe0, 0xbf, 0xbf } },
        { 3, { 0xe1, 0x80, 0x80 },       { 0xec, 0xbf, 0xbf } },
        { 3, { 0xed, 0x80, 0x80 },       { 0xed, 0x9f, 0xbf } },
        { 3, { 0xee, 0x80, 0x80 },       { 0xef, 0xbf, 0xbf } },
        { 4, { 0xf0, 0x90, 0x80, 0x80 }, { 0xf0, 0xbf, 0xbf, 0xbf } },
        { 4, { 0xf1, 0x80, 0x80, 0x80 }, { 0xf3, 0xbf, 0xbf, 0xbf } },
        { 4, { 0xf4, 0x80, 0x80, 0x80 }, { 0xf4, 0x8f, 0xbf, 0xbf } }
    };

    for (i = 0; i < nelts(t); i++) {

        for (n = 0; n < t[i].len && n < len; n++) {
            if (p[n] < t[i].low[n] || p[n] > t[i].high[n]) {
                break;
            }
        }

        if (n == t[i].len) {
            return n;
        }
    }

    return 0;
}


static void
check_valid(escape_pt fn, const u_char *p, size_t len)
{
    size_t  i, n;

    static const char  *entities[] = {
        "&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&#9;", "&#10;", "&#13;"
    };

    for ( /* void */ ; len; p += n, len -= n) {
        n = utf8_char(p, len);

        assert_true(n > 0);
        assert_true(p[0] >= 0x20);

        if (fn == itinerary_escape_json) {
            assert_true(p[0] != '"' && p[0] != 0x7f);

            if (p[0] == '\\') {
                assert_true(len >= 2);
                assert_non_null(memchr("\"\\bfnrtu", p[1], 8));

                n = (p[1] == 'u') ? 6 : 2;
                assert_true(len >= n);

                for (i = 2; i < n; i++) {
                    assert_non_null(memchr("0123456789abcdef", p[i], 16));
                }
            }

            continue;
        }

        assert_null(memchr("<>\"'", p[0], 4));
        assert_false(n == 3 && (memcmp(p, "\xef\xbf\xbe", 3) == 0
                                || memcmp(p, "\xef\xbf\xbf", 3) == 0));

        if (p[0] != '&') {
            continue;
        }

        for (i = 0; i < nelts(entities); i++) {
            n = strlen(entities[i]);

            if (len >= n && memcmp(p, entities[i], n) == 0) {
                break;
            }
        }

        assert_true(i < nelts(entities));
    }
}


static void
test_random_bytes(void **state)
{
    u_char    in[32], out[32 * ITINERARY_ESCAPE_MAX];
    size_t    i, len, size, n;
    unsigned  round, seed;

    static const escape_pt  fns[] = {
        itinerary_escape_json, itinerary_escape_xml
    };

    /* leads, continuations and what has to be escaped */

    static const u_char  bytes[] = {
        0x00, 0x09, 0x0a, 0x1f, '"', '&', '<', '\\', 'a', 0x7f, 0x80, 0x8f,
        0x90, 0x9f, 0xa0, 0xa8, 0xbe, 0xbf, 0xc0, 0xc2, 0xe0, 0xe2, 0xed,
        0xef, 0xf0, 0xf4, 0xf5, 0xff
    };

    (void) state;

    seed = 1;

    for (round = 0; round < 100000; round++) {

        for (i = 0; i < sizeof(in); i++) {
            seed = seed * 1103515245 + 12345;
            in[i] = (round & 1) ? bytes[(seed >> 16) % sizeof(bytes)]
                                : (u_char) (seed >> 16);
        }

        seed = seed * 1103515245 + 12345;
        len = (seed >> 16) % (sizeof(in) + 1);

        seed = seed * 1103515245 + 12345;
        size = (seed >> 16) % (len * ITINERARY_ESCAPE_MAX + 1);

        for (i = 0; i < nelts(fns); i++) {
            n = escape(fns[i], in, len, out, size);
            check_valid(fns[i], out, n);

            n = escape(fns[i], in, len, out, len * ITINERARY_ESCAPE_MAX);
            check_valid(fns[i], out, n);
        }
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        { "a JSON string is escaped and is UTF-8 whatever goes in",
          test_json, NULL, NULL, NULL },
        { "XML text is escaped and has XML's characters only",
          test_xml, NULL, NULL, NULL },
        { "what does not fit is left out at a character's boundary",
          test_short_buffers, NULL, NULL, NULL },
        { "random bytes always make valid text",
          test_random_bytes, NULL, NULL, NULL }
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
