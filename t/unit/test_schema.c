
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Schemas of users: which are loaded, what is said of those that are not, and
 * what a post's violations of them are; split at every offset, with two
 * readers at a time, and with each allocation failing.
 *
 * The API's public schema is tried where it is found, in the directory
 * ITINERARY_REFERENCE or beside the source tree.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/xmlmemory.h>

#include "arena.h"
#include "reader.h"
#include "rows.h"
#include "xml.h"
#include "itinerary_reader.h"


#define nelts(a)  (sizeof(a) / sizeof((a)[0]))

#define URI       "http://www.concursolutions.com/api/travel/trip/2010/06"
#define XSI       " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""

#define FILES_MAX  66        /* one too many: the first and 65 others */

#define SCHEMA(inner)                                                        \
    "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\""               \
    " elementFormDefault=\"qualified\">\n" inner "\n</xs:schema>\n"

#define KEYS      "<RecordLocator>A1</RecordLocator>"                        \
                  "<BookingSource>S</BookingSource>"


static char  dir[] = "/tmp/itinerary-schema-XXXXXX";


/* the files that the tests find in "dir" */

static const struct {
    const char  *name;
    const char  *text;
} files[] = {

    { "trip.xsd",
      SCHEMA("<xs:element name=\"Itinerary\"><xs:complexType>"
             "<xs:choice minOccurs=\"0\" maxOccurs=\"unbounded\">\n"
             "<xs:element name=\"TripName\" type=\"xs:string\"/>\n"
             "<xs:element name=\"TripStatus\" type=\"xs:integer\"/>\n"
             "<xs:element name=\"Extra\" type=\"extra\"/>\n"
             "<xs:element name=\"Bookings\"><xs:complexType><xs:sequence>"
             "<xs:element name=\"Booking\" type=\"booking\" minOccurs=\"0\""
             " maxOccurs=\"unbounded\"/></xs:sequence></xs:complexType>"
             "</xs:element></xs:choice></xs:complexType></xs:element>\n"
             "<xs:element name=\"Booking\" type=\"booking\"/>\n"
             "<xs:complexType name=\"booking\"><xs:sequence>"
             "<xs:element name=\"RecordLocator\" type=\"xs:string\"/>"
             "<xs:element name=\"BookingSource\" type=\"xs:string\"/>"
             "<xs:element name=\"Count\" type=\"xs:int\" minOccurs=\"0\"/>"
             "</xs:sequence></xs:complexType>\n"
             "<xs:complexType name=\"extra\"><xs:attribute name=\"a\""
             " type=\"xs:int\"/></xs:complexType>\n"
             "<xs:complexType name=\"more\"><xs:complexContent>"
             "<xs:extension base=\"extra\"><xs:attribute name=\"b\"/>"
             "</xs:extension></xs:complexContent></xs:complexType>") },

    { "target.xsd",
      "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\""
      " targetNamespace=\"" URI "\" elementFormDefault=\"qualified\">"
      "<xs:element name=\"Itinerary\"><xs:complexType><xs:sequence>"
      "<xs:element name=\"TripName\" type=\"xs:string\"/>"
      "</xs:sequence></xs:complexType></xs:element></xs:schema>" },

    { "utf16.xsd",
      "<?xml version=\"1.0\" encoding=\"utf-16\"?>\n"
      SCHEMA("<xs:element name=\"a\"/>") },

    { "latin.xsd",
      "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n"
      SCHEMA("<!-- \xe4 --><xs:element name=\"a\"/>") },

    { "include.xsd",
      SCHEMA("<xs:include schemaLocation=\"sub/types.xsd\"/>\n"
             "<xs:element name=\"Itinerary\" type=\"t\"/>") },

    { "sub/types.xsd",
      SCHEMA("<xs:include schemaLocation=\"../include.xsd\"/>"
             "<xs:annotation/>"
             "<xs:complexType name=\"t\"/>") },

    { "empty.xsd", "" },

    { "broken.xsd", SCHEMA("<xs:element>\n<a></b>") },

    { "other.xsd", "<a/>" },

    { "type.xsd",
      SCHEMA("<xs:element name=\"a\"/>\n"
             "<xs:element name=\"b\" type=\"none\"/>") },

    { "attribute.xsd", SCHEMA("\n<xs:element nime=\"a\"/>") },

    { "lost.xsd",
      SCHEMA("<xs:element name=\"a\"/>"
             "<xs:import namespace=\"a\" schemaLocation=\"no.xsd\"/>") },

    { "http.xsd",
      SCHEMA("<xs:include schemaLocation=\"http://127.0.0.1:1/a.xsd\"/>") },

    { "blank.xsd",
      SCHEMA("<xs:include schemaLocation=\" \nHTTP://127.0.0.1:1/a.xsd\"/>")
    },

    { "file.xsd",
      SCHEMA("<xs:redefine schemaLocation=\"file:///etc/passwd\"/>") },

    { "host.xsd",
      SCHEMA("<xs:import namespace=\"a\""
             " schemaLocation=\"//127.0.0.1:1/a.xsd\"/>") },

    { "base.xsd",
      SCHEMA("<xs:annotation/><xs:include schemaLocation=\"a.xsd\""
             " xml:base=\"ftp://127.0.0.1:1/\"/>") },

    { "nested.xsd",
      SCHEMA("<xs:include schemaLocation=\"http.xsd\"/>") },

    { "entity.xsd",
      "<!DOCTYPE a [ <!ENTITY a SYSTEM \"http://127.0.0.1:1/\"> ]>\n"
      SCHEMA("<xs:element name=\"a\"/>") },

    { "entity_nested.xsd",
      SCHEMA("<xs:include schemaLocation=\"entity.xsd\"/>") },

    { "entity_data.xsd",
      "<!DOCTYPE a [ <!NOTATION n SYSTEM \"n\">"
      " <!ENTITY a SYSTEM \"http://127.0.0.1:1/\" NDATA n> ]>\n"
      SCHEMA("<xs:element name=\"a\"/>") },

    { "entity_parameter.xsd",
      "<!DOCTYPE a [ <!-- b --> <!ENTITY b \"c\">"
      " <!ENTITY % a SYSTEM \"http://127.0.0.1:1/\"> ]>\n"
      SCHEMA("<xs:element name=\"a\"/>") },

    { "elsewhere.xsd",
      "<!DOCTYPE a [ <!ELEMENT a ANY> ]>\n"
      SCHEMA("<xs:import namespace=\"a\"/><xs:element name=\"a\"/>") }
};


/* "*" is the directory; what libxml2 says beyond is its own affair */

static const struct {
    const char  *file;
    const char  *text;      /* how it begins; NULL: it is loaded */
} loads[] = {
    { "trip.xsd", NULL },
    { "target.xsd", NULL },
    { "utf16.xsd", NULL },
    { "latin.xsd", NULL },
    { "include.xsd", NULL },
    { "none.xsd", "\"*/none.xsd\": No such file or directory" },
    { "sub", "\"*/sub\"" },
    { "empty.xsd", "\"*/empty.xsd\" line 1: Document is empty" },
    { "broken.xsd", "\"*/broken.xsd\" line 3: Opening and ending tag" },
    { "other.xsd", "\"*/other.xsd\": " },
    { "type.xsd", "\"*/type.xsd\" line 3: " },
    { "attribute.xsd", "\"*/attribute.xsd\" line 3: " },
    { "lost.xsd", "\"*/no.xsd\": cannot be read" },
    { "http.xsd", "\"*/http.xsd\" line 2: include of"
                  " \"http://127.0.0.1:1/a.xsd\": it must be the path of a"
                  " file" },
    { "blank.xsd", "\"*/blank.xsd\" line 3: cannot tell what file" },
    { "file.xsd", "\"*/file.xsd\" line 2: redefine of"
                  " \"file:///etc/passwd\": it must be the path" },
    { "host.xsd", "\"*/host.xsd\" line 2: import of"
                  " \"//127.0.0.1:1/a.xsd\": it must be the path" },
    { "base.xsd", "\"*/base.xsd\" line 2: include of \"a.xsd\": it must be" },
    { "nested.xsd", "\"*/http.xsd\" line 2: include of" },
    { "entity.xsd", "\"*/entity.xsd\": the external entity \"a\" is not"
                    " allowed" },
    { "entity_nested.xsd", "\"*/entity.xsd\": the external entity" },
    { "entity_data.xsd", "\"*/entity_data.xsd\": the external entity \"a\"" },
    { "entity_parameter.xsd", "\"*/entity_parameter.xsd\": the external entity"
                              " \"a\"" },
    { "elsewhere.xsd", NULL }
};


typedef struct {
    const char           *name;
    const char           *schema;
    unsigned              roots;
    itinerary_reason_e    reason;
    const char           *expected;    /* what reader_show() makes of it */
    const char           *text;
} row_t;

#define TRIP  ITINERARY_ROOT_ITINERARY
#define BOOK  ITINERARY_ROOT_BOOKING


static const row_t  rows[] = {

    { "a valid post", "trip.xsd", TRIP, 0, "",
      "<Itinerary xmlns='" URI "'><TripName>a</TripName>\n<Bookings>"
      "<Booking>" KEYS "<Count>1</Count></Booking></Bookings></Itinerary>" },

    { "in no namespace", "trip.xsd", TRIP, 0, "",
      "<Itinerary><TripName>a</TripName></Itinerary>" },

    { "with a prefix", "trip.xsd", TRIP, 0, "",
      "<i:Itinerary xmlns:i='https://www.concursolutions.com/api/travel/trip"
      "/2010/06'><i:TripName>a</i:TripName></i:Itinerary>" },

    { "with a type of the schema", "trip.xsd", TRIP, 0,
      "0 2 /Itinerary/Extra:*attribute 'b'*; 1 in",
      "<Itinerary xmlns='" URI "' " XSI ">"
      "<Extra xsi:type='more' b='1'/>\n"
      "<Extra b='1'/></Itinerary>" },

    { "violations with path and line", "trip.xsd", TRIP, 0,
      "0 2 /Itinerary/TripStatus:*'HK'*; "
      "1 4 /Itinerary/Bookings/Booking[1]/Count:*'x'*; "
      "2 5 /Itinerary/Bookings/Booking[2]/Count:*'2147483648'*; "
      "0 6 /Itinerary/Extra:*attribute 'a'*; "
      "0 7 /Itinerary/Unknown:*Unknown*not expected*; 5 in 1 1",
      "<Itinerary xmlns='" URI "'>\n<TripStatus>HK</TripStatus>\n"
      "<Bookings><Booking>" KEYS "\n<Count>x</Count></Booking><Booking>"
      "<RecordLocator>B</RecordLocator><BookingSource>S</BookingSource>\n"
      "<Count>2147483648</Count></Booking></Bookings>\n<Extra a='?'/>\n"
      "<Unknown/></Itinerary>" },

    { "what is missing", "trip.xsd", BOOK, ITINERARY_INVALID_DOCUMENT,
      "2 /Booking/BookingSource: BookingSource is missing; "
      "3 /Booking:*Missing child*BookingSource*",
      "\n<Booking><RecordLocator>A</RecordLocator>\n</Booking>" },

    { "text where none is expected", "trip.xsd", TRIP, 0,
      "0 3 /Itinerary:*Character content*; 1 in",
      "<Itinerary>\n<TripName/>x\n</Itinerary>" },

    { "a root that the schema does not know", "target.xsd", TRIP, 0,
      "0 1 /Itinerary:*No matching global*; 1 in",
      "<Itinerary><TripName/></Itinerary>" },

    { "a namespace of the schema's own", "target.xsd", TRIP, 0, "",
      "<Itinerary xmlns='" URI "'><TripName/></Itinerary>" },

    { "a namespace within it that is none of it", "target.xsd", TRIP, 0,
      "0 1 /Itinerary/TripName:*not expected*; 1 in",
      "<Itinerary xmlns='" URI "'><TripName xmlns=''/></Itinerary>" },

    { "where a post says its schema is", "trip.xsd", TRIP, 0,
      "0 1 /Itinerary/TripStatus:*; 1 in",
      "<Itinerary" XSI " xsi:noNamespaceSchemaLocation='http://127.0.0.1:1/'"
      " xsi:schemaLocation='a http://127.0.0.1:1/'>"
      "<TripStatus>x</TripStatus></Itinerary>" },

    { "bookings behind what libxml2 stops at", "trip.xsd", TRIP, 0,
      "0 2 /Itinerary/Bookings/Unknown:*Unknown*not expected*; "
      "1 3 /Itinerary/Bookings/Booking[1]:*because of what precedes it*; "
      "2 4 /Itinerary/Bookings/Booking[2]:*because of what precedes it*; "
      "3 in 1 1",
      "<Itinerary><Bookings>\n<Unknown/>\n<Booking>" KEYS "</Booking>\n"
      "<Booking><RecordLocator>B</RecordLocator>"
      "<BookingSource>S</BookingSource></Booking></Bookings></Itinerary>" },

    { "text in pieces", "trip.xsd", TRIP, 0, "",
      "<Itinerary><Bookings><Booking>" KEYS "<Count>1<!-- a --><![CDATA[2]]>"
      "&#51;</Count></Booking></Bookings></Itinerary>" },

    { "what cannot be printed", "trip.xsd", TRIP, 0,
      "0 1 /Itinerary/TripStatus:*'????*; 1 in",
      "<Itinerary><TripStatus>\xc3\xa4\xc3\xb6</TripStatus></Itinerary>" },

    { "not well-formed", "trip.xsd", TRIP, ITINERARY_MALFORMED_BODY, "*",
      "<Itinerary><TripName></Itinerary>" }
};


static int
setup(void **state)
{
    FILE      *f;
    char       path[256];
    unsigned   i;

    (void) state;

    if (mkdtemp(dir) == NULL) {
        return -1;
    }

    (void) sprintf(path, "%s/sub", dir);
    (void) mkdir(path, 0700);

    for (i = 0; i < nelts(files); i++) {
        (void) sprintf(path, "%s/%s", dir, files[i].name);

        f = fopen(path, "w");
        if (f == NULL || fputs(files[i].text, f) == EOF || fclose(f) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
teardown(void **state)
{
    char      path[256];
    unsigned  i;

    (void) state;

    for (i = 0; i < nelts(files); i++) {
        (void) sprintf(path, "%s/%s", dir, files[i].name);
        (void) unlink(path);
    }

    (void) sprintf(path, "%s/sub", dir);
    (void) rmdir(path);

    return rmdir(dir);
}


static itinerary_schema_t *
load(const char *name)
{
    char                 path[256], text[512];
    itinerary_schema_t  *schema;

    (void) sprintf(path, "%s/%s", dir, name);

    schema = itinerary_schema_load(path, text, sizeof(text));

    if (schema == NULL) {
        print_error("%s\n", text);
    }

    assert_non_null(schema);

    return schema;
}


/* whether the text is like the pattern, in which "*" is anything */

static int
is_like(const char *text, const char *pattern)
{
    for ( /* void */ ; *pattern != '*'; text++, pattern++) {

        if (*text != *pattern) {
            return 0;
        }

        if (*text == '\0') {
            return 1;
        }
    }

    do {
        if (is_like(text, pattern + 1)) {
            return 1;
        }
    } while (*text++);

    return 0;
}


static void
test_load(void **state)
{
    char                 path[256], text[512], expected[512];
    unsigned             i, live;
    const char          *p;
    itinerary_schema_t  *schema;

    (void) state;

    for (i = 0; i < nelts(loads); i++) {
        (void) sprintf(path, "%s/%s", dir, loads[i].file);

        /* what libxml2 allocates once stays */

        itinerary_schema_destroy(itinerary_schema_load(path, text,
                                                       sizeof(text)));
        live = xml_live;

        schema = itinerary_schema_load(path, text, sizeof(text));

        if (loads[i].text == NULL) {
            assert_string_equal(text, "");
            assert_non_null(schema);

        } else {
            p = strchr(loads[i].text, '*');
            (void) sprintf(expected, "\"%s%s", dir, p + 1);

            assert_null(schema);

            if (strncmp(text, expected, strlen(expected)) != 0) {
                assert_string_equal(text, expected);
            }

            assert_null(strchr(text, '\n'));

            /* a short buffer */

            memset(expected, 'x', sizeof(expected));

            assert_null(itinerary_schema_load(path, expected, 16));
            assert_int_equal(strlen(expected), 15);
            assert_memory_equal(expected, text, 15);
            assert_int_equal(expected[16], 'x');
        }

        itinerary_schema_destroy(schema);

        assert_int_equal(xml_live, live);
    }

    itinerary_schema_destroy(NULL);
}


/* a schema may include 64 others, one by one, and not one more */

static void
test_many(void **state)
{
    FILE                *f;
    char                 path[256], text[512];
    unsigned             i;
    itinerary_schema_t  *schema;

    (void) state;

    for (i = 0; i < FILES_MAX; i++) {
        (void) sprintf(path, "%s/%u.xsd", dir, i);

        f = fopen(path, "w");
        assert_non_null(f);

        (void) fprintf(f, i < FILES_MAX - 1
                          ? SCHEMA("<xs:include schemaLocation=\"%u.xsd\"/>")
                          : SCHEMA("<xs:element name=\"a%u\"/>"), i + 1);
        assert_int_equal(fclose(f), 0);
    }

    for (i = 0; i <= 1; i++) {
        (void) sprintf(path, "%s/%u.xsd", dir, 1 - i);

        schema = itinerary_schema_load(path, text, sizeof(text));

        if (i == 0) {
            assert_non_null(schema);

        } else {
            assert_null(schema);
            assert_non_null(strstr(text, "/65.xsd\": more than 64 files"));
        }

        itinerary_schema_destroy(schema);
    }

    for (i = 0; i < FILES_MAX; i++) {
        (void) sprintf(path, "%s/%u.xsd", dir, i);
        (void) unlink(path);
    }
}


static itinerary_reader_t *
create(arena_t *arena, const itinerary_schema_t *schema, unsigned roots)
{
    itinerary_reader_conf_t  conf;

    memset(&conf, 0, sizeof(itinerary_reader_conf_t));

    conf.roots = roots;
    conf.max_bookings = 64;
    conf.schema = schema;

    return itinerary_reader_create(&arena->pool, &conf);
}


static void
check(itinerary_reader_t *reader, const row_t *row)
{
    const char          *got;
    itinerary_result_e   rc;

    rc = itinerary_reader_finish(reader);
    got = reader_show(reader);

    if (!is_like(got, row->expected)) {
        assert_string_equal(got, row->expected);
    }

    assert_int_equal(itinerary_reader_error(reader)->reason, row->reason);
    assert_int_equal(rc, row->reason ? ITINERARY_REFUSED : ITINERARY_OK);
}


/* two at a time, which share the schema; the second gets it at once */

static void
test_row(void **state)
{
    size_t               len, cut;
    arena_t              arena;
    const u_char        *data;
    const row_t         *row = *state;
    itinerary_reader_t  *reader, *second;
    itinerary_schema_t  *schema;

    schema = load(row->schema);
    data = (const u_char *) row->text;
    len = strlen(row->text);

    for (cut = 0; cut <= len; cut++) {
        arena_init(&arena, 0);

        reader = create(&arena, schema, row->roots);
        second = create(&arena, schema, row->roots);

        (void) itinerary_reader_feed(reader, data, cut);
        (void) itinerary_reader_feed(second, data, len);
        check(second, row);
        (void) itinerary_reader_feed(reader, data + cut, len - cut);
        check(reader, row);

        itinerary_reader_destroy(reader);
        itinerary_reader_destroy(second);
        arena_free(&arena);
    }

    itinerary_schema_destroy(schema);
}


/* the time for a text is linear in the number of its pieces */

static void
test_pieces(void **state)
{
    int                  i;
    arena_t              arena;
    clock_t              began;
    itinerary_reader_t  *reader;
    itinerary_schema_t  *schema;

    static const u_char  head[] = "<Itinerary><TripName>";
    static const u_char  piece[] = "&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;";
    static const u_char  tail[] = "</TripName></Itinerary>";

    (void) state;

    schema = load("trip.xsd");
    arena_init(&arena, 0);

    reader = create(&arena, schema, TRIP);
    began = clock();

    (void) itinerary_reader_feed(reader, head, sizeof(head) - 1);

    for (i = 0; i < 100000; i++) {
        (void) itinerary_reader_feed(reader, piece, sizeof(piece) - 1);
    }

    (void) itinerary_reader_feed(reader, tail, sizeof(tail) - 1);

    assert_int_equal(itinerary_reader_finish(reader), ITINERARY_OK);
    assert_int_equal(itinerary_reader_document(reader)->nviolations, 0);
    assert_true(clock() - began < 10 * CLOCKS_PER_SEC);

    itinerary_reader_destroy(reader);
    arena_free(&arena);
    itinerary_schema_destroy(schema);
}


/* both the reference's rules and the schema's */

static void
test_both(void **state)
{
    arena_t                   arena;
    itinerary_reader_t       *reader;
    itinerary_schema_t       *schema;
    itinerary_reader_conf_t   conf;

    static const row_t  row = {
        NULL, NULL, 0, 0,
        "0 2 /Itinerary/TripName: TripName is missing; "
        "0 3 /Itinerary/TripStatus: TripStatus is empty; "
        "0 3 /Itinerary/TripStatus:*''*; "
        "1 4 /Itinerary/Bookings/Booking[1]/Count:*'x'*; 4 in 1", NULL
    };

    static const u_char  text[] =
        "\n<Itinerary>\n<TripStatus/>\n<Bookings><Booking>" KEYS
        "<Count>x</Count></Booking></Bookings></Itinerary>";

    (void) state;

    schema = load("trip.xsd");

    memset(&conf, 0, sizeof(itinerary_reader_conf_t));

    conf.roots = TRIP;
    conf.max_bookings = 64;
    conf.schema = schema;
    conf.validate = 1;

    arena_init(&arena, 0);

    reader = itinerary_reader_create(&arena.pool, &conf);
    (void) itinerary_reader_feed(reader, text, sizeof(text) - 1);
    check(reader, &row);
    itinerary_reader_destroy(reader);

    /* an answer is read as it occurs */

    conf.reading = ITINERARY_READ_ANSWER;

    reader = itinerary_reader_create(&arena.pool, &conf);
    (void) itinerary_reader_feed(reader, text, sizeof(text) - 1);
    assert_int_equal(itinerary_reader_finish(reader), ITINERARY_OK);
    assert_string_equal(reader_show(reader), "");
    itinerary_reader_destroy(reader);

    arena_free(&arena);
    itinerary_schema_destroy(schema);
}


/*
 * Whatever fails, a post that is not valid is never taken for one, and what
 * is said to be wrong is.  libxml2 2.9 tells of some failures as of a syntax
 * error.
 */

static int
starve(const row_t *row, const itinerary_schema_t *schema, unsigned fail,
    unsigned fail_xml)
{
    int                  done;
    arena_t              arena;
    unsigned             live;
    itinerary_result_e   rc;
    itinerary_reader_t  *reader;

    arena_init(&arena, fail);

    live = xml_live;
    xml_count = 0;
    xml_fail = fail_xml;

    reader = create(&arena, schema, row->roots);

    if (reader) {
        (void) itinerary_reader_feed(reader, (const u_char *) row->text,
                                     strlen(row->text));
        rc = itinerary_reader_finish(reader);

        if (rc == ITINERARY_OK) {
            assert_int_equal(row->reason, 0);

            if (row->expected[0] != '\0') {
                assert_int_not_equal(
                    itinerary_reader_document(reader)->nviolations, 0);
            }

            if (fail) {
                assert_true(is_like(reader_show(reader), row->expected));
            }

        } else {
            assert_null(itinerary_reader_document(reader));
        }

        itinerary_reader_destroy(reader);
    }

    done = fail ? arena.count < fail : xml_count < fail_xml;

    xml_fail = 0;
    arena_free(&arena);

    assert_int_equal(xml_live, live);

    return !done;
}


static void
test_memory(void **state)
{
    unsigned             i, n;
    itinerary_schema_t  *schema;

    (void) state;

    for (i = 0; i < nelts(rows); i++) {
        schema = load(rows[i].schema);

        for (n = 1; starve(&rows[i], schema, n, 0); n++) { /* void */ }

        /* with attributes, libxml2 2.9 frees what it has not set */

        if (strstr(rows[i].text, "<Extra ") == NULL
            && strstr(rows[i].text, XSI) == NULL)
        {
            for (n = 1; starve(&rows[i], schema, 0, n); n++) { /* void */ }
        }

        itinerary_schema_destroy(schema);
    }
}


static void
test_public(void **state)
{
    char                 path[512], text[512];
    arena_t              arena;
    unsigned             i;
    const char          *reference;
    itinerary_reader_t  *reader;
    itinerary_schema_t  *schema;

    static const row_t  posts[] = {
        { NULL, NULL, TRIP, 0, "",
          "<Itinerary xmlns='" URI "'><TripName>a</TripName>"
          "<TripStatus>0</TripStatus><Bookings><Booking>" KEYS
          "<Segments/></Booking></Bookings></Itinerary>" },
        { NULL, NULL, BOOK, 0, "", "<Booking>" KEYS "</Booking>" },
        { NULL, NULL, TRIP, 0, "0 1 /Itinerary/TripStatus:*'HK'*; * in",
          "<Itinerary xmlns='" URI "'><TripName>a</TripName>"
          "<TripStatus>HK</TripStatus></Itinerary>" }
    };

    (void) state;

    reference = getenv("ITINERARY_REFERENCE");

    (void) snprintf(path, sizeof(path), "%s/ItinServices_Public_0.xsd",
                    reference ? reference : "../shared/reference");

    if (access(path, R_OK) != 0) {
        print_message("the public schema is not here\n");
        return;
    }

    schema = itinerary_schema_load(path, text, sizeof(text));

    assert_string_equal(text, "");
    assert_non_null(schema);

    for (i = 0; i < nelts(posts); i++) {
        arena_init(&arena, 0);

        reader = create(&arena, schema, posts[i].roots);
        (void) itinerary_reader_feed(reader, (u_char *) posts[i].text,
                                     strlen(posts[i].text));
        check(reader, &posts[i]);

        itinerary_reader_destroy(reader);
        arena_free(&arena);
    }

    itinerary_schema_destroy(schema);
}


int
main(void)
{
    unsigned           n;
    struct CMUnitTest  tests[nelts(rows) + 6];

    static const struct CMUnitTest  others[] = {
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_both),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_public)
    };

    if (!xml_setup()) {
        return 1;
    }

    n = rows_tests(tests, test_row, rows, sizeof(rows[0]), nelts(rows),
                   others, nelts(others));

    cmocka_set_message_output(CM_OUTPUT_TAP);

    n = _cmocka_run_group_tests("schema", tests, n, setup, teardown);

    xmlCleanupParser();

    return n;
}
