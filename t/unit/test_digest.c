
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The digests of a trip's fields and of its bookings: the same for whatever
 * is serialization, another for whatever is content, and of that part alone;
 * split at every offset, and with each allocation failing.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libxml/parser.h>
#include <openssl/crypto.h>

#include "arena.h"
#include "rows.h"
#include "itinerary_digest.h"
#include "itinerary_reader.h"


#define nelts(a)   (sizeof(a) / sizeof((a)[0]))

#define URI        "://www.concursolutions.com/api/travel/trip/2010/06"
#define XSI        "xmlns:x=\"http://www.w3.org/2001/XMLSchema-instance\""

#define NAME       "<TripName>A trip</TripName>"
#define KEYS       "<RecordLocator>A1</RecordLocator>"                       \
                   "<BookingSource>S</BookingSource>"
#define KEYS2      "<RecordLocator>A2</RecordLocator>"                       \
                   "<BookingSource>S</BookingSource>"
#define CAR        "<Segments><Car><Vendor>ZE</Vendor><Class>E</Class>"      \
                   "</Car></Segments>"
#define BOOKING    "<Booking>" KEYS CAR "</Booking>"
#define BOOKING2   "<Booking>" KEYS2 "</Booking>"

#define ROOT(a)    "<Itinerary xmlns=\"http" URI "\">" a "</Itinerary>"
#define BOTH(a)    "<Bookings>" a BOOKING2 "</Bookings>"
#define TRIP(a)    ROOT(NAME a BOTH(BOOKING))
#define FIRST(a)   ROOT(NAME BOTH("<Booking>" KEYS a "</Booking>"))

#define T          1        /* the digest of the trip's own fields */
#define B1         2
#define B2         4


/*
 * SHA-256 over "\1Itinerary\5\1TripName\5A trip\6\6", and over the booking
 * likewise
 */

#define KNOWN_TRIP                                                           \
    "50a8040190591746fc8d1e32c8bb8504"                                       \
    "e922a8003ffcfaa20076b5ef1bf6daa7"

#define KNOWN_BOOKING                                                        \
    "c7629cdc4c39ce1d9e3c847aaf431942"                                       \
    "f9a2785b58de09685b36eb3603704987"


typedef struct {
    itinerary_str_t    text[3];    /* trip, bookings; empty: cannot be told */
    char               buf[3][ITINERARY_DIGEST_LEN];
} digests_t;

typedef struct {
    const char        *name;
    const char        *a;
    const char        *b;          /* NULL: TRIP("") is "a" */
    unsigned           differ;     /* those that do */
    unsigned           untold;     /* those of b that cannot be told */
} row_t;


#define S10  "          "
#define S50  S10 S10 S10 S10 S10
#define S250 S50 S50 S50 S50 S50

#define LEAF(text)     FIRST("<Segments><Car><Vendor>" text                  \
                             "</Vendor></Car></Segments>")


static const row_t  rows[] = {

    /* serialization */

    { "a prefix", "<i:Itinerary xmlns:i='http" URI "'><i:TripName>A trip"
      "</i:TripName><i:Bookings><i:Booking><i:RecordLocator>A1"
      "</i:RecordLocator><i:BookingSource>S</i:BookingSource><i:Segments>"
      "<i:Car><i:Vendor>ZE</i:Vendor><i:Class>E</i:Class></i:Car>"
      "</i:Segments></i:Booking><i:Booking><i:RecordLocator>A2"
      "</i:RecordLocator><i:BookingSource>S</i:BookingSource></i:Booking>"
      "</i:Bookings></i:Itinerary>", NULL, 0, 0 },
    { "https", "<Itinerary xmlns='https" URI "'>" NAME BOTH(BOOKING)
      "</Itinerary>", NULL, 0, 0 },
    { "no namespace", "<Itinerary>" NAME BOTH(BOOKING) "</Itinerary>",
      NULL, 0, 0 },
    { "a declaration and comments around",
      "<?xml version='1.0'?><!-- a -->" TRIP("") "<!-- b -->\n", NULL, 0, 0 },
    { "CDATA", ROOT("<TripName>A trip</TripName>"
      BOTH("<Booking>" KEYS "<Segments><Car><Vendor><![CDATA[Z]]>E</Vendor>"
           "<Class><![CDATA[E]]></Class></Car></Segments></Booking>")),
      NULL, 0, 0 },
    { "character references", ROOT("<TripName>A&#32;tr&#x69;p</TripName>"
      BOTH("<Booking>" KEYS "<Segments><Car><Vendor>&#90;E</Vendor>"
           "<Class>E</Class></Car></Segments></Booking>")), NULL, 0, 0 },
    { "comments within", ROOT("<!-- a --><TripName>A<!-- b --> trip"
      "</TripName>" BOTH("<!-- c --><Booking>" KEYS "<!-- d --><Segments>"
      "<Car><Vendor>Z<!-- e -->E</Vendor><Class>E</Class></Car></Segments>"
      "</Booking>")), NULL, 0, 0 },
    { "white space between elements", "<Itinerary\n xmlns=\"http" URI "\" >\n"
      "\t<TripName >A trip</TripName >\r\n  <Bookings>\n\n<Booking>\n" KEYS
      "\n  <Segments>\n    <Car>\n <Vendor>ZE</Vendor>\n <Class>E</Class>\n"
      "</Car>\n</Segments>\n</Booking>" BOOKING2 "\n</Bookings>"
      "\n\n</Itinerary>\n", NULL, 0, 0 },
    { "much of it", ROOT(S250 S250 NAME S250 S250 BOTH(S250 S250 "<Booking>"
      S250 S250 KEYS S250 S250 CAR S250 S250 "</Booking>")), NULL, 0, 0 },
    { "empty elements", TRIP("<Comments/>"), TRIP("<Comments></Comments>"),
      0, 0 },
    { "empty containers", FIRST("<Segments></Segments>"),
      FIRST("<Segments />"), 0, 0 },
    { "the order of attributes", FIRST("<a b='1' c='2' d='3'/>"),
      FIRST("<a d='3' b=\"1\" c='&#50;'/>"), 0, 0 },
    { "the prefix of an attribute", FIRST("<a xmlns:p='u' p:b='1' b='2'/>"),
      FIRST("<a xmlns:q='u' b='2' q:b='1'/>"), 0, 0 },
    { "a namespace that is declared and not used", TRIP(""),
      "<Itinerary xmlns='http" URI "' xmlns:a='b'>" NAME BOTH(BOOKING)
      "</Itinerary>", 0, 0 },
    { "xsi:nil that is false", TRIP("<Comments/>"),
      TRIP("<Comments " XSI " x:nil='false'/>"), 0, 0 },
    { "xsi:nil that is 0", TRIP("<Comments/>"),
      TRIP("<Comments " XSI " x:nil='0'/>"), 0, 0 },
    { "xsi:nil that is true in two ways", TRIP("<Comments " XSI
      " x:nil='1'/>"), TRIP("<Comments " XSI " x:nil='true'/>"), 0, 0 },
    { "schemaLocation", "<Itinerary xmlns='http" URI "' " XSI
      " x:schemaLocation='a b' x:noNamespaceSchemaLocation='c'>" NAME
      BOTH(BOOKING) "</Itinerary>", NULL, 0, 0 },
    { "the ids", TRIP("<id>http://h/1</id><ItinLocator>L1</ItinLocator>"
                      "<TripId>T1</TripId>"), NULL, 0, 0 },
    { "other ids", TRIP("<id>http://h/1</id>"), TRIP("<TripId>2</TripId>"),
      0, 0 },
    { "the order of the bookings among others", TRIP("<Comments/>"),
      ROOT(NAME "<Comments/>" BOTH(BOOKING)), 0, 0 },

    /* content of the trip */

    { "a text", TRIP(""), ROOT("<TripName>A tryp</TripName>" BOTH(BOOKING)),
      T, 0 },
    { "a character more", TRIP(""),
      ROOT("<TripName>A trip.</TripName>" BOTH(BOOKING)), T, 0 },
    { "the case of a text", TRIP(""),
      ROOT("<TripName>A Trip</TripName>" BOTH(BOOKING)), T, 0 },
    { "white space in a text", TRIP(""),
      ROOT("<TripName>A  trip</TripName>" BOTH(BOOKING)), T, 0 },
    { "white space in front of a text", TRIP(""),
      ROOT("<TripName> A trip</TripName>" BOTH(BOOKING)), T, 0 },
    { "white space behind a text", TRIP(""),
      ROOT("<TripName>A trip </TripName>" BOTH(BOOKING)), T, 0 },
    { "white space alone", TRIP("<Comments/>"),
      TRIP("<Comments> </Comments>"), T, 0 },
    { "more of it alone", TRIP("<Comments> </Comments>"),
      TRIP("<Comments>  </Comments>"), T, 0 },
    { "an element more", TRIP(""), TRIP("<Comments/>"), T, 0 },
    { "an element renamed", TRIP("<Comments>a</Comments>"),
      TRIP("<comments>a</comments>"), T, 0 },
    { "another element", TRIP("<Comments>a</Comments>"),
      TRIP("<Commentt>a</Commentt>"), T, 0 },
    { "an element in another namespace", TRIP("<Comments>a</Comments>"),
      TRIP("<Comments xmlns='a'>a</Comments>"), T, 0 },
    { "another of these", TRIP("<Comments xmlns='b'>a</Comments>"),
      TRIP("<Comments xmlns='a'>a</Comments>"), T, 0 },
    { "the order of elements", TRIP("<a/><b/>"), TRIP("<b/><a/>"), T, 0 },
    { "text that is moved", TRIP("<a>12</a><b>3</b>"),
      TRIP("<a>1</a><b>23</b>"), T, 0 },
    { "text that is moved up", TRIP("<a>1<b>2</b></a>"),
      TRIP("<a><b>12</b></a>"), T, 0 },
    { "text that is moved behind", TRIP("<a>1<b>2</b></a>"),
      TRIP("<a><b>2</b>1</a>"), T, 0 },
    { "an element that is moved in", TRIP("<a/><b/>"), TRIP("<a><b/></a>"),
      T, 0 },
    { "a name that is text", TRIP("<a>b</a>"), TRIP("<ab/>"), T, 0 },
    { "text among elements", TRIP("<a><b/></a>"), TRIP("<a>.<b/></a>"), T,
      0 },
    { "an attribute more", TRIP("<a/>"), TRIP("<a b=''/>"), T, 0 },
    { "the value of an attribute", TRIP("<a b='1'/>"), TRIP("<a b='2'/>"), T,
      0 },
    { "white space in an attribute", TRIP("<a b='1'/>"), TRIP("<a b='1 '/>"),
      T, 0 },
    { "the name of an attribute", TRIP("<a b='1'/>"), TRIP("<a c='1'/>"), T,
      0 },
    { "the namespace of an attribute", TRIP("<a b='1'/>"),
      TRIP("<a xmlns:c='d' c:b='1'/>"), T, 0 },
    { "another of these for an attribute", TRIP("<a xmlns:c='e' c:b='1'/>"),
      TRIP("<a xmlns:c='d' c:b='1'/>"), T, 0 },
    { "an attribute in the trip's namespace", TRIP("<a b='1'/>"),
      TRIP("<a xmlns:c='http" URI "' c:b='1'/>"), T, 0 },
    { "an attribute that is moved", TRIP("<a b='1'/><c/>"),
      TRIP("<a/><c b='1'/>"), T, 0 },
    { "an attribute that is an element", TRIP("<a b='1'/>"),
      TRIP("<a><b>1</b></a>"), T, 0 },
    { "an attribute that is text", TRIP("<a b='1'/>"), TRIP("<a b=''>1</a>"),
      T, 0 },
    { "values that are moved", TRIP("<a b='1' c='23'/>"),
      TRIP("<a b='12' c='3'/>"), T, 0 },
    { "a name that is a value", TRIP("<a bc='1'/>"), TRIP("<a b='c1'/>"), T,
      0 },
    { "nil that is none", TRIP("<a/>"), TRIP("<a nil='false'/>"), T, 0 },
    { "xsi:nil", TRIP("<a/>"), TRIP("<a " XSI " x:nil='true'/>"), T, 0 },
    { "xsi:type", TRIP("<a/>"), TRIP("<a " XSI " x:type='true'/>"), T, 0 },
    { "an attribute of the root", TRIP(""), "<Itinerary xmlns='http" URI
      "' a='b'>" NAME BOTH(BOOKING) "</Itinerary>", T, 0 },
    { "an id elsewhere", TRIP("<a/>"), TRIP("<a><Id.>1</Id.></a>"), T, 0 },

    /* of a booking */

    { "a text of a booking", FIRST("<Class>E</Class>"),
      FIRST("<Class>F</Class>"), B1, 0 },
    { "the case of a locator", FIRST(""),
      ROOT(NAME BOTH("<Booking><RecordLocator>a1</RecordLocator>"
                     "<BookingSource>S</BookingSource></Booking>")), B1, 0 },
    { "an element more in a booking", FIRST("<Segments/>"), FIRST(""), B1,
      0 },
    { "an element less in a segment", FIRST(CAR),
      FIRST("<Segments><Car><Vendor>ZE</Vendor></Car></Segments>"), B1, 0 },
    { "an attribute of a booking", FIRST(""),
      ROOT(NAME BOTH("<Booking a='b'>" KEYS "</Booking>")), B1, 0 },
    { "a text beside elements of a booking", FIRST(""), FIRST("."), B1, 0 },
    { "white space in a leaf of a booking", LEAF("E"), LEAF("E "), B1, 0 },
    { "the other booking", TRIP(""),
      ROOT(NAME "<Bookings>" BOOKING "<Booking>" KEYS2 "<a/></Booking>"
           "</Bookings>"), B2, 0 },
    { "a field that is moved into a booking", TRIP("<a>1</a>"),
      ROOT(NAME BOTH("<Booking>" KEYS CAR "<a>1</a></Booking>")), T|B1, 0 },
    { "a text that is moved to the other booking",
      ROOT("<Bookings><Booking>" KEYS "<a/></Booking><Booking>" KEYS2
           "</Booking></Bookings>"),
      ROOT("<Bookings><Booking>" KEYS "</Booking><Booking>" KEYS2
           "<a/></Booking></Bookings>"), B1|B2, 0 },

    /* what stands among the bookings has no place */

    { "an element among the bookings", TRIP(""),
      ROOT(NAME BOTH(BOOKING "<a/>")), T, T },
    { "an attribute of Bookings", TRIP(""),
      ROOT(NAME "<Bookings a='b'>" BOOKING BOOKING2 "</Bookings>"), T, T },
    { "text among the bookings", TRIP(""), ROOT(NAME BOTH(BOOKING ".")), T,
      T },
    { "a field that is moved into Bookings", TRIP("<a/>"),
      ROOT(NAME BOTH("<a/>" BOOKING)), T, T },
    { "white space beside them does", TRIP(""),
      ROOT(NAME BOTH(BOOKING " \n\t")), 0, 0 },

    /* long runs of white space */

    { "256 spaces in a leaf", LEAF("E"), LEAF(S250 "      E"), B1, 0 },
    { "255 of them", LEAF(S250 "     E"), LEAF(S250 "      E"), B1, 0 },
    { "257 cannot be told", LEAF("E"), LEAF(S250 "       E"), B1, B1 },
    { "256 alone", LEAF(S250 "     "), LEAF(S250 "      "), B1, 0 },
    { "257 alone cannot be told", LEAF(""), LEAF(S250 "       "), B1, B1 },
    { "257 behind a text", LEAF("E" S250 "      "), LEAF("E" S250 "       "),
      B1, 0 },
    { "any number within a text", LEAF("E" S250 S250 "F"),
      LEAF("E" S250 S250 " F"), B1, 0 }
};


static itinerary_reader_t *
create(arena_t *arena, itinerary_reading_e reading, unsigned roots)
{
    itinerary_reader_conf_t  conf;

    memset(&conf, 0, sizeof(itinerary_reader_conf_t));

    conf.reading = reading;
    conf.roots = roots;
    conf.max_bookings = 8;
    conf.digests = 1;

    return itinerary_reader_create(&arena->pool, &conf);
}


static itinerary_result_e
feed(itinerary_reader_t *reader, const char *text, size_t cut)
{
    size_t         i, len;
    const u_char  *p;

    p = (const u_char *) text;
    len = strlen(text);

    if (cut) {
        (void) itinerary_reader_feed(reader, p, cut);
        (void) itinerary_reader_feed(reader, p + cut, len - cut);

    } else {
        for (i = 0; i < len; i++) {
            (void) itinerary_reader_feed(reader, p + i, 1);
        }
    }

    return itinerary_reader_finish(reader);
}


static void
set(digests_t *digests, unsigned i, const itinerary_str_t *text)
{
    assert_true(text->len == 0 || text->len == ITINERARY_DIGEST_LEN);

    digests->text[i].len = text->len;
    digests->text[i].data = (u_char *) digests->buf[i];

    if (text->len) {
        memcpy(digests->buf[i], text->data, text->len);
    }
}


static void
digest(digests_t *digests, itinerary_reading_e reading, const char *text,
    size_t cut)
{
    arena_t                arena;
    unsigned               i;
    itinerary_reader_t    *reader;
    itinerary_document_t  *document;

    arena_init(&arena, 0);

    reader = create(&arena, reading, ITINERARY_ROOT_ITINERARY);

    assert_int_equal(feed(reader, text, cut), ITINERARY_OK);

    document = itinerary_reader_document(reader);
    assert_int_equal(document->nbookings, 2);

    set(digests, 0, &document->digest);

    for (i = 0; i < 2; i++) {
        set(digests, i + 1, &document->bookings[i].digest);
    }

    itinerary_reader_destroy(reader);
    arena_free(&arena);
}


static void
test_row(void **state)
{
    size_t        cut, len;
    unsigned      i, told;
    digests_t     a, b, split;
    const char   *second;
    const row_t  *row = *state;

    second = row->b ? row->b : TRIP("");
    len = strlen(second);

    digest(&a, ITINERARY_READ_POST, row->a, strlen(row->a));
    digest(&b, ITINERARY_READ_POST, second, len);

    for (i = 0; i < 3; i++) {
        told = (row->untold & (1u << i)) == 0;

        assert_int_equal(a.text[i].len, ITINERARY_DIGEST_LEN);
        assert_int_equal(b.text[i].len, told ? ITINERARY_DIGEST_LEN : 0);
        assert_int_equal(itinerary_equal(&a.text[i], &b.text[i]),
                         (row->differ & (1u << i)) == 0);
    }

    /* however it comes, and in an answer as well */

    for (cut = 0; cut <= len; cut++) {
        digest(&split, ITINERARY_READ_POST, second, cut);

        for (i = 0; i < 3; i++) {
            assert_true(itinerary_equal(&split.text[i], &b.text[i]));
        }
    }

    digest(&split, ITINERARY_READ_ANSWER, second, len);

    for (i = 0; i < 3; i++) {
        assert_true(itinerary_equal(&split.text[i], &b.text[i]));
    }
}


/* the digest is what it was when a view was recorded by another version */

static void
test_known(void **state)
{
    digests_t    digests;

    (void) state;

    digest(&digests, ITINERARY_READ_POST, TRIP(""), strlen(TRIP("")));

    assert_memory_equal(digests.text[0].data, KNOWN_TRIP,
                        ITINERARY_DIGEST_LEN);
    assert_memory_equal(digests.text[1].data, KNOWN_BOOKING,
                        ITINERARY_DIGEST_LEN);
}


/* more than the buffer of the digest, and nothing where none are wanted */

static void
test_long(void **state)
{
    char                     *text, *other;
    size_t                    n;
    arena_t                   arena;
    digests_t                 a, b;
    itinerary_reader_t       *reader;
    itinerary_reader_conf_t   conf;

    (void) state;

    text = malloc(2 * ITINERARY_DIGEST_BUFFER_MAX + 512);
    other = malloc(2 * ITINERARY_DIGEST_BUFFER_MAX + 512);

    for (n = ITINERARY_DIGEST_BUFFER_MAX - 200;
         n < ITINERARY_DIGEST_BUFFER_MAX + 200; n++)
    {
        (void) sprintf(text, "<Itinerary><c>%0*u</c>" BOTH(BOOKING)
                       "</Itinerary>", (int) n, 1);
        (void) sprintf(other, "<Itinerary><c>%0*u</c>" BOTH(BOOKING)
                       "</Itinerary>", (int) n, 2);

        digest(&a, ITINERARY_READ_POST, text, strlen(text));
        digest(&b, ITINERARY_READ_POST, text, n / 2);
        assert_true(itinerary_equal(&a.text[0], &b.text[0]));

        digest(&b, ITINERARY_READ_POST, other, strlen(other));
        assert_false(itinerary_equal(&a.text[0], &b.text[0]));
        assert_true(itinerary_equal(&a.text[1], &b.text[1]));
    }

    memset(&conf, 0, sizeof(itinerary_reader_conf_t));

    conf.roots = ITINERARY_ROOT_ITINERARY;
    conf.max_bookings = 8;

    arena_init(&arena, 0);

    reader = itinerary_reader_create(&arena.pool, &conf);
    assert_int_equal(feed(reader, text, 1), ITINERARY_OK);
    assert_int_equal(itinerary_reader_document(reader)->digest.len, 0);
    assert_int_equal(itinerary_reader_document(reader)->bookings[0].digest.len,
                     0);
    itinerary_reader_destroy(reader);

    arena_free(&arena);
    free(text);
    free(other);
}


/* a booking by itself has the digest that it has in a trip */

static void
test_booking(void **state)
{
    arena_t                arena;
    digests_t              digests;
    itinerary_reader_t    *reader;
    itinerary_document_t  *document;

    (void) state;

    digest(&digests, ITINERARY_READ_POST, TRIP(""), 1);

    arena_init(&arena, 0);

    reader = create(&arena, ITINERARY_READ_POST, ITINERARY_ROOT_BOOKING);
    assert_int_equal(feed(reader, BOOKING, 1), ITINERARY_OK);

    document = itinerary_reader_document(reader);
    assert_true(itinerary_equal(&document->bookings[0].digest,
                                &digests.text[1]));

    itinerary_reader_destroy(reader);
    arena_free(&arena);
}


/* what OpenSSL allocates; the allocation to fail, from 1, and 0: none */

static unsigned  crypto_count, crypto_fail;


static void *
crypto_malloc(size_t size, const char *file, int line)
{
    (void) file;
    (void) line;

    return ++crypto_count == crypto_fail ? NULL : malloc(size);
}


static void *
crypto_realloc(void *p, size_t size, const char *file, int line)
{
    (void) file;
    (void) line;

    return ++crypto_count == crypto_fail ? NULL : realloc(p, size);
}


static void
crypto_free(void *p, const char *file, int line)
{
    (void) file;
    (void) line;

    free(p);
}


static void
test_memory(void **state)
{
    arena_t                arena;
    unsigned               n, done;
    digests_t              digests;
    itinerary_reader_t    *reader;
    itinerary_document_t  *document;

    (void) state;

    digest(&digests, ITINERARY_READ_POST, TRIP(""), 1);

    for (n = 1, done = 0; !done; n++) {
        arena_init(&arena, n);

        reader = create(&arena, ITINERARY_READ_POST,
                        ITINERARY_ROOT_ITINERARY);

        if (reader) {
            if (feed(reader, TRIP(""), 1) == ITINERARY_OK) {
                document = itinerary_reader_document(reader);
                assert_true(itinerary_equal(&document->digest,
                                            &digests.text[0]));
                assert_true(itinerary_equal(&document->bookings[0].digest,
                                            &digests.text[1]));
            }

            itinerary_reader_destroy(reader);
        }

        done = arena.count < n;
        arena_free(&arena);
    }
}


/* a digest that OpenSSL has no memory for is not one that cannot be told */

static void
test_crypto_memory(void **state)
{
    arena_t                arena;
    unsigned               n, done, starved;
    digests_t              digests;
    itinerary_result_e     rc;
    itinerary_reader_t    *reader;
    itinerary_document_t  *document;

    (void) state;

    digest(&digests, ITINERARY_READ_POST, TRIP(""), 1);

    for (n = 1, done = 0, starved = 0; !done; n++) {
        arena_init(&arena, 0);

        crypto_count = 0;
        crypto_fail = n;

        reader = create(&arena, ITINERARY_READ_POST,
                        ITINERARY_ROOT_ITINERARY);
        rc = feed(reader, TRIP(""), 1);

        crypto_fail = 0;
        done = crypto_count < n;

        if (rc == ITINERARY_OK) {
            document = itinerary_reader_document(reader);
            assert_true(itinerary_equal(&document->digest, &digests.text[0]));
            assert_true(itinerary_equal(&document->bookings[0].digest,
                                        &digests.text[1]));
            assert_true(itinerary_equal(&document->bookings[1].digest,
                                        &digests.text[2]));

        } else {
            assert_int_equal(rc, ITINERARY_NOMEM);
            starved++;
        }

        itinerary_reader_destroy(reader);
        arena_free(&arena);
    }

    assert_true(starved >= 2);
}


int
main(void)
{
    unsigned           n;
    struct CMUnitTest  tests[nelts(rows) + 5];

    static const struct CMUnitTest  others[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_booking),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_crypto_memory)
    };

    /* before OpenSSL allocates anything */

    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free)
        != 1)
    {
        return 1;
    }

    n = rows_tests(tests, test_row, rows, sizeof(rows[0]), nelts(rows),
                   others, nelts(others));

    cmocka_set_message_output(CM_OUTPUT_TAP);

    n = _cmocka_run_group_tests("digest", tests, n, NULL, NULL);

    xmlCleanupParser();

    return n;
}
