
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The byte guard alone: what it refuses, for which reason, and how many bytes
 * it lets pass before, however they are cut into pieces.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "itinerary_guard.h"


#define WHOLE  ((size_t) -1)

#define NONE   ITINERARY_CHARSET_NONE
#define UTF8   ITINERARY_CHARSET_UTF_8
#define ASCII  ITINERARY_CHARSET_US_ASCII

#define OK           ITINERARY_REASON_NONE
#define MALFORMED    ITINERARY_MALFORMED_BODY
#define DOCTYPE      ITINERARY_DOCTYPE_FORBIDDEN
#define TOO_LARGE    ITINERARY_BODY_TOO_LARGE
#define UNSUPPORTED  ITINERARY_UNSUPPORTED_ENCODING

#define BOM    "\xef\xbb\xbf"
#define XML    "<?xml version=\"1.0\"?>"

#define text(s)  s, sizeof(s) - 1


typedef struct {
    const char           *name;
    itinerary_charset_e   charset;
    itinerary_reason_e    reason;
    size_t                passed;     /* at most, or WHOLE */
    const char           *text;
    size_t                len;
} row_t;


static const row_t  rows[] = {

    /* how a document begins */

    { "an element", NONE, OK, WHOLE, text("<a/>") },
    { "white space first", NONE, OK, WHOLE, text("\r\n\t <a/>") },
    { "a byte order mark", NONE, OK, WHOLE, text(BOM "<a/>") },
    { "a byte order mark and a declaration", NONE, OK, WHOLE,
      text(BOM XML "<a/>") },
    { "two byte order marks", NONE, UNSUPPORTED, 0, text(BOM BOM "<a/>") },
    { "half a byte order mark", NONE, UNSUPPORTED, 0, text("\xef\xbb<a/>") },
    { "UTF-16, big-endian, with a mark", NONE, UNSUPPORTED, 0,
      text("\xfe\xff\0<\0a\0/\0>") },
    { "UTF-16, little-endian, with a mark", NONE, UNSUPPORTED, 0,
      text("\xff\xfe<\0a\0/\0>\0") },
    { "UTF-16, big-endian", NONE, UNSUPPORTED, 0, text("\0<\0a\0/\0>") },
    { "UTF-16, little-endian", NONE, UNSUPPORTED, 0, text("<\0a\0/\0>\0") },
    { "UTF-16 after white space", NONE, UNSUPPORTED, 0,
      text(" \0<\0a\0/\0>\0") },
    { "UTF-32, big-endian", NONE, UNSUPPORTED, 0,
      text("\0\0\0<\0\0\0a\0\0\0/\0\0\0>") },
    { "UTF-32, little-endian, with a mark", NONE, UNSUPPORTED, 0,
      text("\xff\xfe\0\0<\0\0\0") },
    { "EBCDIC", NONE, UNSUPPORTED, 0, text("\x4c\x6f\xa7\x94\x93") },
    { "UTF-7", NONE, UNSUPPORTED, 0, text("+ADw-a/+AD4-") },
    { "UTF-7 with a mark", NONE, UNSUPPORTED, 0, text("+/v8-+ADw-a/+AD4-") },
    { "something in Latin-1", NONE, UNSUPPORTED, 0, text("\xe9<a/>") },
    { "no markup", NONE, MALFORMED, 0, text("hello, world") },
    { "JSON", NONE, MALFORMED, 0, text("{\"Itinerary\":{}}") },
    { "nothing", NONE, MALFORMED, 0, text("") },
    { "white space only", NONE, OK, WHOLE, text("     ") },
    { "less than four bytes", NONE, MALFORMED, WHOLE, text("<a>") },
    { "the first half of UTF-16", NONE, UNSUPPORTED, WHOLE, text("\xfe\xff") },

    /* the XML declaration */

    { "version 1.0", NONE, OK, WHOLE, text(XML "<a/>") },
    { "single quotes", NONE, OK, WHOLE,
      text("<?xml version='1.0' encoding='utf-8' standalone='yes'?><a/>") },
    { "white space wherever it may be", NONE, OK, WHOLE,
      text("<?xml\r\n version\t= \"1.0\"\n encoding =\"UTF-8\""
           " standalone= 'no' ?><a/>") },
    { "version 1.1", NONE, UNSUPPORTED, 0,
      text("<?xml version=\"1.1\"?><a/>") },
    { "version 1.00", NONE, UNSUPPORTED, 0,
      text("<?xml version=\"1.00\"?><a/>") },
    { "version 9.9", NONE, UNSUPPORTED, 0,
      text("<?xml version=\"9.9\"?><a/>") },
    { "no version", NONE, MALFORMED, 0,
      text("<?xml encoding=\"UTF-8\"?><a/>") },
    { "encoding before version", NONE, MALFORMED, 0,
      text("<?xml encoding=\"UTF-8\" version=\"1.0\"?><a/>") },
    { "standalone before encoding", NONE, MALFORMED, 0,
      text("<?xml version=\"1.0\" standalone=\"yes\" encoding=\"UTF-8\"?>"
           "<a/>") },
    { "two encodings", NONE, MALFORMED, 0,
      text("<?xml version=\"1.0\" encoding=\"UTF-8\" encoding=\"UTF-7\"?>"
           "<a/>") },
    { "no space between", NONE, MALFORMED, 0,
      text("<?xml version=\"1.0\"encoding=\"UTF-8\"?><a/>") },
    { "no space before standalone", NONE, MALFORMED, 0,
      text("<?xml version=\"1.0\" encoding=\"UTF-8\"standalone=\"no\"?>"
           "<a/>") },
    { "a bad standalone", NONE, MALFORMED, 0,
      text("<?xml version=\"1.0\" standalone=\"maybe\"?><a/>") },
    { "an open quote", NONE, MALFORMED, 0,
      text("<?xml version=\"1.0?><a/>") },
    { "no quotes", NONE, MALFORMED, 0, text("<?xml version=1.0?><a/>") },
    { "no equals sign", NONE, MALFORMED, 0,
      text("<?xml version \"1.0\"?><a/>") },
    { "no question mark at the end", NONE, MALFORMED, 0,
      text("<?xml version=\"1.0\"><a/>") },
    { "something else in it", NONE, MALFORMED, 0,
      text("<?xml version=\"1.0\" a=\"b\"?><a/>") },
    { "nothing in it", NONE, MALFORMED, 0, text("<?xml ?><a/>") },
    { "a declaration that does not end", NONE, MALFORMED, WHOLE,
      text("<?xml version=\"1.0\"") },

    /* encodings */

    { "UTF-8 declared", NONE, OK, WHOLE,
      text("<?xml version=\"1.0\" encoding=\"UTF-8\"?><a>\xc3\xa9</a>") },
    { "utf-8 in lower case", UTF8, OK, WHOLE,
      text("<?xml version=\"1.0\" encoding=\"utf-8\"?><a>\xc3\xa9</a>") },
    { "US-ASCII declared", NONE, OK, WHOLE,
      text("<?xml version=\"1.0\" encoding=\"us-ascii\"?><a/>") },
    { "ASCII declared, as lxml does", NONE, OK, WHOLE,
      text("<?xml version='1.0' encoding='ASCII'?><a/>") },
    { "US-ASCII declared and meant", ASCII, OK, WHOLE,
      text("<?xml version=\"1.0\" encoding=\"US-ASCII\"?><a/>") },
    { "US-ASCII declared, other bytes", NONE, UNSUPPORTED, 47,
      text("<?xml version=\"1.0\" encoding=\"US-ASCII\"?><a>bcd\xc3\xa9</a>") },
    { "US-ASCII in the header, other bytes", ASCII, UNSUPPORTED, 6,
      text("<a>bcd\xc3\xa9</a>") },
    { "US-ASCII in the header, a byte that is none in the first four", ASCII,
      UNSUPPORTED, 3, text("<a>\xc3\xa9</a>") },
    { "US-ASCII in the header and a byte order mark", ASCII, UNSUPPORTED, 0,
      text(BOM "<a/>") },
    { "US-ASCII declared and a byte order mark", NONE, UNSUPPORTED, 0,
      text(BOM "<?xml version=\"1.0\" encoding=\"US-ASCII\"?><a/>") },
    { "UTF-8 in the header, US-ASCII declared", UTF8, UNSUPPORTED, 0,
      text("<?xml version=\"1.0\" encoding=\"US-ASCII\"?><a/>") },
    { "US-ASCII in the header, UTF-8 declared", ASCII, UNSUPPORTED, 0,
      text("<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>") },
    { "Latin-1 declared", NONE, UNSUPPORTED, 0,
      text("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>") },
    { "UTF-7 declared", NONE, UNSUPPORTED, 0,
      text("<?xml version=\"1.0\" encoding=\"UTF-7\"?><a/>") },
    { "UTF-16 declared", NONE, UNSUPPORTED, 0,
      text("<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>") },
    { "an empty encoding", NONE, UNSUPPORTED, 0,
      text("<?xml version=\"1.0\" encoding=\"\"?><a/>") },
    { "a refusal before a byte that is no ASCII", ASCII, DOCTYPE, 5,
      text("<a><!DOCTYPE \xc3\xa9") },

    /* declarations */

    { "a document type", NONE, DOCTYPE, 2, text("<!DOCTYPE a><a/>") },
    { "a document type after the declaration", NONE, DOCTYPE, 24,
      text(XML "\n<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>") },
    { "a document type after a comment", NONE, DOCTYPE, 10,
      text("<!---->\n<!DOCTYPE a><a/>") },
    { "a document type in another case", NONE, DOCTYPE, 2,
      text("<!doctype a><a/>") },
    { "an entity in content", NONE, DOCTYPE, 5,
      text("<a><!ENTITY b \"c\"></a>") },
    { "a conditional section", NONE, DOCTYPE, 6,
      text("<a><![INCLUDE[]]></a>") },
    { "CDATA in lower case", NONE, DOCTYPE, 6,
      text("<a><![cdata[b]]></a>") },
    { "half a comment", NONE, DOCTYPE, 6, text("<a><!-b--></a>") },
    { "a document type in a comment", NONE, OK, WHOLE,
      text("<a><!-- <!DOCTYPE a> --></a>") },
    { "a document type in CDATA", NONE, OK, WHOLE,
      text("<a><![CDATA[<!DOCTYPE a>]]></a>") },
    { "a document type in a processing instruction", NONE, OK, WHOLE,
      text("<a><?b <!DOCTYPE a> ?></a>") },
    { "a document type in a value", NONE, MALFORMED, 9,
      text("<a b='c' <!DOCTYPE a>/>") },

    /* tags */

    { "a greater-than sign in values", NONE, OK, WHOLE,
      text("<a b='>' c=\">\" d='\">' e=\"'>\"><f g='/'/></a>") },
    { "a slash in values", NONE, OK, WHOLE, text("<a b='/'><c d='/'/></a>") },
    { "a slash before the end of a value", NONE, MALFORMED, WHOLE,
      text("<a b='/'>") },
    { "an end tag with white space", NONE, OK, WHOLE, text("<a></a \r\n>") },
    { "an end tag too many", NONE, MALFORMED, 5, text("<a/><//a>") },
    { "an end tag too few", NONE, MALFORMED, WHOLE, text("<a><b></a>") },
    { "a less-than sign without a name", NONE, MALFORMED, 4,
      text("<a>< b</a>") },
    { "a digit for a name", NONE, MALFORMED, 4, text("<a><1></a>") },
    { "a name that is no ASCII", NONE, OK, WHOLE,
      text("<\xc3\xa9></\xc3\xa9>") },
    { "a name with a prefix", NONE, OK, WHOLE, text("<a:b></a:b><_/><:/>") },
    { "a tag in a tag", NONE, MALFORMED, 3, text("<a <b></a>") },
    { "a truncated start tag", NONE, MALFORMED, WHOLE, text("<a><b") },
    { "a truncated value", NONE, MALFORMED, WHOLE, text("<a b='>") },
    { "a truncated end tag", NONE, MALFORMED, WHOLE, text("<a></a") },
    { "a less-than sign at the end", NONE, MALFORMED, WHOLE, text("<a/><") },

    /* comments, CDATA, processing instructions */

    { "comments", NONE, OK, WHOLE, text("<!----><a><!-- - > <b> --></a>") },
    { "a comment that HTML closes at once", NONE, MALFORMED, 4,
      text("<!--><a/> -->") },
    { "a comment that HTML closes soon", NONE, MALFORMED, 5,
      text("<!---><a/> -->") },
    { "two hyphens in a comment", NONE, MALFORMED, 8,
      text("<!-- --b --><a/>") },
    { "three hyphens at its end", NONE, MALFORMED, 8,
      text("<!-- ---><a/>") },
    { "a truncated comment", NONE, MALFORMED, WHOLE, text("<a/><!-- --") },
    { "CDATA", NONE, OK, WHOLE,
      text("<a><![CDATA[]]><![CDATA[</a>]>]]]]><![CDATA[>]]></a>") },
    { "truncated CDATA", NONE, MALFORMED, WHOLE, text("<a><![CDATA[]]") },
    { "processing instructions", NONE, OK, WHOLE,
      text("<?a?><a><?b ?>?></a><?c <d>?\?>") },
    { "a question mark opens and closes", NONE, MALFORMED, WHOLE,
      text("<a><?></a>") },
    { "a stylesheet", NONE, OK, WHOLE, text("<?xml-stylesheet a='b'?><a/>") }
};

#define NROWS  (sizeof(rows) / sizeof(rows[0]))


/*
 * Feeds the first "cut" bytes alone; 0: byte by byte.  What is still judged as
 * the opening has passed, but waits.
 */

static void
check(const row_t *row, const char *data, size_t len, size_t cut)
{
    size_t              n, passed, size;
    u_char             *piece;
    itinerary_guard_t   guard;

    itinerary_guard_init(&guard, row->charset);

    passed = 0;

    while (passed < len) {
        size = cut ? (passed < cut ? cut : len) - passed : 1;

        piece = malloc(size);
        memcpy(piece, data + passed, size);
        n = itinerary_guard_feed(&guard, piece, size);
        free(piece);

        assert_true(n <= size);

        passed += n;

        if (n < size) {
            assert_int_not_equal(guard.reason, OK);
            break;
        }

        assert_int_equal(guard.reason, OK);
    }

    assert_int_equal(itinerary_guard_finish(&guard), row->reason);

    if (row->reason != OK) {
        assert_non_null(guard.text);
    }

    if (row->passed == WHOLE) {
        assert_int_equal(passed, len);

    } else if (guard.state != ITINERARY_GUARD_OPENING) {
        assert_in_range(passed, 0, row->passed > 3 ? row->passed : 3);
    }
}


static void
test_row(void **state)
{
    size_t        cut;
    const row_t  *row = *state;

    for (cut = 0; cut <= row->len; cut++) {
        check(row, row->text, row->len, cut);
    }
}


static void
limit(const char *head, char fill, size_t n, const char *tail,
    itinerary_reason_e reason)
{
    size_t  cut, size;
    char   *data;
    row_t   row;

    memset(&row, 0, sizeof(row_t));
    row.reason = reason;
    row.passed = (reason == OK) ? WHOLE : ITINERARY_SECTION_MAX + 4;

    size = strlen(head) + n + strlen(tail);
    data = malloc(size);

    memcpy(data, head, strlen(head));
    memset(data + strlen(head), fill, n);
    memcpy(data + strlen(head) + n, tail, strlen(tail));

    for (cut = 0; cut <= size; cut += 997) {
        check(&row, data, size, cut);
    }

    check(&row, data, size, size);
    check(&row, data, size, size - 1);

    free(data);
}


static void
test_tag(void **state)
{
    size_t    n;
    unsigned  i;

    /* tags of 16 KiB, with as many bytes beside the fill */

    static const struct {
        const char  *head;
        const char  *tail;
        size_t       rest;
    } tags[] = {
        { "<a>",        "<b/></a>",    0 },
        { "<a><b",      "/></a>",      4 },
        { "<a><b c='",  "'></b></a>",  8 },
        { "<a><b c=\">", "\"/></a>",   10 },
        { "<a></a",     ">",           4 },
        { "<a><",       "/></a>",      3 }
    };

    (void) state;

    for (i = 1; i < sizeof(tags) / sizeof(tags[0]); i++) {
        n = ITINERARY_TAG_MAX - tags[i].rest;

        limit(tags[i].head, (i < 5) ? ' ' : 'b', n - 1, tags[i].tail, OK);
        limit(tags[i].head, (i < 5) ? ' ' : 'b', n, tags[i].tail, OK);
        limit(tags[i].head, (i < 5) ? ' ' : 'b', n + 1, tags[i].tail,
              TOO_LARGE);
    }

    limit(tags[0].head, ' ', 1024 * 1024, tags[0].tail, OK);
}


static void
test_section(void **state)
{
    size_t  n;

    (void) state;

    n = ITINERARY_SECTION_MAX - 7;

    limit("<a><!--", ' ', n - 1, "--></a>", OK);
    limit("<a><!--", ' ', n, "--></a>", OK);
    limit("<a><!--", ' ', n + 1, "--></a>", TOO_LARGE);
    limit("<a><!-- ", '>', n - 1, "--></a>", OK);
    limit("<a><!-- ", '>', n, "--></a>", TOO_LARGE);

    n = ITINERARY_SECTION_MAX - 12;

    limit("<a><![CDATA[", ']', n - 1, "]]></a>", OK);
    limit("<a><![CDATA[", ']', n, "]]></a>", OK);
    limit("<a><![CDATA[", ']', n + 1, "]]></a>", TOO_LARGE);

    n = ITINERARY_SECTION_MAX - 5;

    limit("<?b", ' ', n - 1, "?><a/>", OK);
    limit("<?b", ' ', n, "?><a/>", OK);
    limit("<?b", ' ', n + 1, "?><a/>", TOO_LARGE);
}


static void
test_declaration(void **state)
{
    size_t  n;

    (void) state;

    n = ITINERARY_OPENING_MAX - (sizeof("<?xml version='1.0'?>") - 1);

    limit("<?xml version='1.0'", ' ', n - 1, "?><a/>", OK);
    limit("<?xml version='1.0'", ' ', n, "?><a/>", OK);
    limit("<?xml version='1.0'", ' ', n + 1, "?><a/>", MALFORMED);
}


static void
repeat(const char *head, const char *unit, unsigned n, const char *tail,
    const char *close, itinerary_reason_e reason)
{
    size_t    cut, len;
    char     *data, *p;
    row_t     row;
    unsigned  i;

    memset(&row, 0, sizeof(row_t));
    row.reason = reason;
    row.passed = (reason == OK) ? WHOLE : ITINERARY_TAG_MAX;

    len = strlen(head) + n * (strlen(unit) + strlen(close)) + strlen(tail);
    data = malloc(len + 1);

    p = data + sprintf(data, "%s", head);

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s", unit);
    }

    p += sprintf(p, "%s", tail);

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s", close);
    }

    assert_int_equal(p - data, len);

    for (cut = 0; cut <= len; cut++) {
        check(&row, data, len, cut);
    }

    free(data);
}


static void
test_attributes(void **state)
{
    (void) state;

    repeat("<a", " b='c'", 63, "/>", "", OK);
    repeat("<a", " b=\"c\"", 64, "></a>", "", OK);
    repeat("<a", " b='c'", 65, "/>", "", TOO_LARGE);
    repeat("<a>", "<b c='d'/>", 65, "</a>", "", OK);
}


static void
test_depth(void **state)
{
    (void) state;

    repeat("", "<a>", 63, "", "</a>", OK);
    repeat("", "<a>", 63, "<b/><b ></b>", "</a>", OK);
    repeat("", "<a>", 64, "", "</a>", OK);
    repeat("", "<a>", 64, "<b/>", "</a>", TOO_LARGE);
    repeat("", "<a>", 65, "", "</a>", TOO_LARGE);
    repeat("", "<a b='c'>", 65, "", "</a>", TOO_LARGE);
    repeat("<a>", "<b/>", 65, "</a>", "", OK);
}


int
main(void)
{
    unsigned             i, n;
    struct CMUnitTest    tests[NROWS + 5];

    static const struct CMUnitTest  limits[] = {
        cmocka_unit_test(test_tag),
        cmocka_unit_test(test_section),
        cmocka_unit_test(test_declaration),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_depth)
    };

    memset(tests, 0, sizeof(tests));

    for (n = 0; n < NROWS; n++) {
        tests[n].name = rows[n].name;
        tests[n].test_func = test_row;
        tests[n].initial_state = (void *) &rows[n];
    }

    for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        tests[n++] = limits[i];
    }

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return _cmocka_run_group_tests("guard", tests, n, NULL, NULL);
}
