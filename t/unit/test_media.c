
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
#include "itinerary_media.h"


#define NONE       ITINERARY_CHARSET_NONE
#define UTF_8      ITINERARY_CHARSET_UTF_8
#define US_ASCII   ITINERARY_CHARSET_US_ASCII

#define TYPE       ITINERARY_UNSUPPORTED_MEDIA_TYPE
#define ENCODING   ITINERARY_UNSUPPORTED_ENCODING
#define AMBIGUOUS  ITINERARY_AMBIGUOUS_HEADER

#define S8         "12345678"
#define S64        S8 S8 S8 S8 S8 S8 S8 S8

#define nelts(a)   (sizeof(a) / sizeof((a)[0]))


typedef struct {
    itinerary_str_t       text;
    itinerary_charset_e   charset;
} good_t;

typedef struct {
    itinerary_str_t       text;
    itinerary_reason_e    reason;
} bad_t;


static const good_t  good[] = {
    { itinerary_string("application/xml"),                           NONE },
    { itinerary_string("text/xml"),                                  NONE },
    { itinerary_string("Application/XML"),                           NONE },
    { itinerary_string("TEXT/xMl"),                                  NONE },
    { itinerary_string("application/atom+xml"),                      NONE },
    { itinerary_string("application/vnd.a-b.c_d+XML"),               NONE },
    { itinerary_string("image/svg+xml"),                             NONE },
    { itinerary_string("a/b+xml"),                                   NONE },
    { itinerary_string("a/xml+xml"),                                 NONE },
    { itinerary_string(" \ttext/xml\t "),                            NONE },
    { itinerary_string("text/xml;"),                                 NONE },
    { itinerary_string("text/xml ; ; "),                             NONE },
    { itinerary_string("text/xml;version=1.0"),                      NONE },
    { itinerary_string("text/xml;a=\"x;charset=latin1\""),           NONE },
    { itinerary_string("text/xml;a=\"\""),                           NONE },
    { itinerary_string("text/xml;a=\" / =\xff\""),                   NONE },
    { itinerary_string("text/xml;charsets=latin1"),                  NONE },
    { itinerary_string("text/xml;xcharset=latin1"),                  NONE },
    { itinerary_string("text/xml;title*=latin1'en'a;*=b"),           NONE },
    { itinerary_string("text/xml;charset=utf-8"),                    UTF_8 },
    { itinerary_string("text/xml; charset=UTF-8"),                   UTF_8 },
    { itinerary_string("text/xml\t;\tCharSet=\"Utf-8\"\t"),          UTF_8 },
    { itinerary_string("text/xml;charset=utf-8;"),                   UTF_8 },
    { itinerary_string("text/xml;a=b;charset=utf-8;c=d"),            UTF_8 },
    { itinerary_string("text/xml;charset=us-ascii"),                 US_ASCII },
    { itinerary_string("text/xml; a=\"b\" ;charset=\"US-ASCII\""),   US_ASCII }
};


static const bad_t  bad[] = {
    { itinerary_string(""),                                  TYPE },
    { { 0, NULL },                                           TYPE },
    { itinerary_string(" "),                                 TYPE },
    { itinerary_string("text"),                              TYPE },
    { itinerary_string("text/"),                             TYPE },
    { itinerary_string("/xml"),                              TYPE },
    { itinerary_string("text//xml"),                         TYPE },
    { itinerary_string("xml"),                               TYPE },
    { itinerary_string("text/html"),                         TYPE },
    { itinerary_string("text/xm"),                           TYPE },
    { itinerary_string("text/xmls"),                         TYPE },
    { itinerary_string("texts/xml"),                         TYPE },
    { itinerary_string("image/xml"),                         TYPE },
    { itinerary_string("application/json"),                  TYPE },
    { itinerary_string("application/+xml"),                  TYPE },
    { itinerary_string("application/a-xml"),                 TYPE },
    { itinerary_string("application/a+xmlx"),                TYPE },
    { itinerary_string("application/a+xm"),                  TYPE },
    { itinerary_string("application/x-www-form-urlencoded"), TYPE },
    { itinerary_string("multipart/form-data;a=/xml"),        TYPE },
    { itinerary_string("text /xml"),                         TYPE },
    { itinerary_string("text/ xml"),                         TYPE },
    { itinerary_string("text/xml, text/xml"),                TYPE },
    { itinerary_string("text/xml,text/html"),                TYPE },
    { itinerary_string("text/xml text/xml"),                 TYPE },
    { itinerary_string("text/xml\n"),                        TYPE },
    { itinerary_string("text/xml\0"),                        TYPE },
    { itinerary_string("text/xml;\0"),                       TYPE },
    { itinerary_string("text/xml\x7f"),                      TYPE },
    { itinerary_string("text/xml\x80"),                      TYPE },
    { itinerary_string("text/xml/xml"),                      TYPE },
    { itinerary_string("text/xml;a"),                        TYPE },
    { itinerary_string("text/xml;a="),                       TYPE },
    { itinerary_string("text/xml;a=;b=c"),                   TYPE },
    { itinerary_string("text/xml;=b"),                       TYPE },
    { itinerary_string("text/xml;a b"),                      TYPE },
    { itinerary_string("text/xml;a =b"),                     TYPE },
    { itinerary_string("text/xml;a= b"),                     TYPE },
    { itinerary_string("text/xml;a=b c"),                    TYPE },
    { itinerary_string("text/xml;a=b,c=d"),                  TYPE },
    { itinerary_string("text/xml;a=\"b"),                    TYPE },
    { itinerary_string("text/xml;a=\""),                     TYPE },
    { itinerary_string("text/xml;a=\"b\\\"c\""),             TYPE },
    { itinerary_string("text/xml;a=\"b\\c\""),               TYPE },
    { itinerary_string("text/xml;charset=\"utf\\-8\""),      TYPE },
    { itinerary_string("text/xml;a=\"b\"c"),                 TYPE },
    { itinerary_string("text/xml;charset"),                  TYPE },
    { itinerary_string("text/xml;charset="),                 TYPE },
    { itinerary_string("text/xml;charset =utf-8"),           TYPE },
    { itinerary_string("text/xml;charset= utf-8"),           TYPE },
    { itinerary_string("text/xml;charset=utf-8 x"),          TYPE },
    { itinerary_string("text/xml;charset=\"utf-8"),          TYPE },
    { itinerary_string("text/xml;charset=\"\""),             ENCODING },
    { itinerary_string("text/xml;charset=utf8"),             ENCODING },
    { itinerary_string("text/xml;charset=utf-16"),           ENCODING },
    { itinerary_string("text/xml;charset=utf-8x"),           ENCODING },
    { itinerary_string("text/xml;charset=utf-"),             ENCODING },
    { itinerary_string("text/xml;charset=\" utf-8\""),       ENCODING },
    { itinerary_string("text/xml;charset=iso-8859-1"),       ENCODING },
    { itinerary_string("text/xml;charset=utf-7;charset=utf-8"), ENCODING },
    { itinerary_string("text/xml;charset*=utf-8''utf-7"),   ENCODING },
    { itinerary_string("text/xml;Charset*0=utf-;charset*1=7"), ENCODING },
    { itinerary_string("text/xml;charset=utf-8;charset*=x"), ENCODING },
    { itinerary_string("text/xml;charset=utf-8;charset=utf-8"), AMBIGUOUS },
    { itinerary_string("text/xml;charset=utf-8;Charset=utf-7"), AMBIGUOUS },
    { itinerary_string("text/xml;charset=us-ascii;a=b;charset=\"utf-8\""),
      AMBIGUOUS }
};


/* from a block of exactly that size, so that an overread is seen */

static itinerary_result_e
media(arena_t *arena, const itinerary_str_t *src, unsigned fail,
    itinerary_charset_e *charset, itinerary_error_t *error)
{
    itinerary_str_t  text;

    arena_init(arena, 0);

    text = *src;

    if (src->data) {
        text.data = arena_alloc(arena, src->len);
        memcpy(text.data, src->data, src->len);
    }

    memset(error, 0, sizeof(itinerary_error_t));
    *charset = -1;

    arena->count = 0;
    arena->fail = fail;

    return itinerary_media(&arena->pool, &text, charset, error);
}


static void
test_good(void **state)
{
    size_t               i;
    arena_t              arena;
    itinerary_error_t    error;
    itinerary_result_e   rc;
    itinerary_charset_e  charset;

    (void) state;

    for (i = 0; i < nelts(good); i++) {
        rc = media(&arena, &good[i].text, 1, &charset, &error);

        if (rc != ITINERARY_OK || charset != good[i].charset
            || error.reason != ITINERARY_REASON_NONE || error.ndetails)
        {
            print_error("\"%s\": rc %d, charset %d\n",
                        (char *) good[i].text.data, rc, charset);
            fail();
        }

        assert_int_equal(arena.count, 0);
        arena_free(&arena);
    }
}


/* without memory there is no detail, but the reason is the same */

static void
test_bad(void **state)
{
    size_t               i;
    arena_t              arena;
    unsigned             n;
    itinerary_error_t    error;
    itinerary_result_e   rc;
    itinerary_charset_e  charset;

    (void) state;

    for (i = 0; i < nelts(bad); i++) {

        for (n = 0; n < 2; n++) {
            rc = media(&arena, &bad[i].text, n, &charset, &error);

            if (rc != ITINERARY_REFUSED || error.reason != bad[i].reason
                || error.ndetails != !n)
            {
                print_error("\"%.*s\": rc %d, \"%s\"\n",
                            (int) bad[i].text.len, (char *) bad[i].text.data,
                            rc, itinerary_reason(error.reason)->code.data);
                fail();
            }

            arena_free(&arena);
        }
    }
}


/* a token's bytes are those of RFC 9110, 5.6.2; no other ends well */

static void
test_bytes(void **state)
{
    int                  ch, token;
    char                 buf[] = "a/b?c+xml;d?e=f?g";
    size_t               i;
    arena_t              arena;
    itinerary_str_t      text;
    itinerary_error_t    error;
    itinerary_result_e   rc;
    itinerary_charset_e  charset;

    static const char    tokens[] = "!#$%&'*+-.^_`|~"
                                    "0123456789abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const size_t  places[] = { 3, 11, 15 };

    (void) state;

    text.data = (u_char *) buf;
    text.len = sizeof(buf) - 1;

    for (ch = 0; ch < 256; ch++) {

        token = memchr(tokens, ch, sizeof(tokens) - 1) != NULL;

        for (i = 0; i < nelts(places); i++) {
            buf[3] = buf[11] = buf[15] = 'x';
            buf[places[i]] = (char) ch;

            rc = media(&arena, &text, 0, &charset, &error);

            if (rc != (token ? ITINERARY_OK : ITINERARY_REFUSED)) {
                print_error("byte %d at %d: rc %d\n", ch, (int) places[i],
                            rc);
                fail();
            }

            arena_free(&arena);
        }
    }
}


static void
test_details(void **state)
{
    size_t               i;
    arena_t              arena;
    itinerary_error_t    error;
    itinerary_charset_e  charset;

    static const struct {
        itinerary_str_t   text;
        const char       *detail;

    } tests[] = {
        { itinerary_string("text/html"), "\"text/html\" is not an XML type" },
        { itinerary_string(""),          "\"\" is not an XML type" },
        { itinerary_string("\xff/\n"),   "\"?/?\" is not an XML type" },
        { itinerary_string(S64 "9"),     "\"" S64 "\" is not an XML type" },
        { itinerary_string("text/xml;charset=latin1"),
          "the charset \"latin1\" is not UTF-8 or US-ASCII" },
        { itinerary_string("text/xml;charset=" S64 "9"),
          "the charset \"" S64 "\" is not UTF-8 or US-ASCII" },
        { itinerary_string("text/xml;charset=utf-8;charset=x"),
          "Content-Type names two charsets" }
    };

    (void) state;

    for (i = 0; i < nelts(tests); i++) {
        assert_int_equal(media(&arena, &tests[i].text, 0, &charset, &error),
                         ITINERARY_REFUSED);
        assert_int_equal(error.ndetails, 1);
        assert_string_equal(error.details->path, "");
        assert_string_equal(error.details->text, tests[i].detail);
        arena_free(&arena);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        { "XML types in UTF-8 and US-ASCII are accepted",
          test_good, NULL, NULL, NULL },
        { "everything else is refused",
          test_bad, NULL, NULL, NULL },
        { "what is no token ends a type",
          test_bytes, NULL, NULL, NULL },
        { "a refusal says what was given",
          test_details, NULL, NULL, NULL }
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("media", tests, NULL, NULL);
}
