
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The reference's rules for posts: each row of the table just under, at and
 * over its limit, dates that there are and that there are not, and the
 * violations of a document in their order, with path and line; split at every
 * offset, and with each allocation failing.
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

#include "arena.h"
#include "reader.h"
#include "rows.h"


#define nelts(a)  (sizeof(a) / sizeof((a)[0]))

#define NS        " xmlns=\"http://www.concursolutions.com"                  \
                  "/api/travel/trip/2010/06\""

#define NAME      "<TripName>n</TripName>"
#define STATUS    "<TripStatus>HK</TripStatus>"
#define KEYS      "<RecordLocator>A1</RecordLocator>"                        \
                  "<BookingSource>S</BookingSource>"
#define KEYS2     "<RecordLocator>A2</RecordLocator>"                        \
                  "<BookingSource>S</BookingSource>"

#define TRIP(inner)       "<Itinerary" NS ">" NAME STATUS inner "</Itinerary>"
#define BOOKING(inner)    TRIP("<Bookings><Booking>" KEYS inner             \
                               "</Booking></Bookings>")
#define PASSENGER(inner)  BOOKING("<Passengers><Passenger>" inner           \
                                  "</Passenger></Passengers>")

#define FORM      "is no date of the form YYYY-MM-DDThh:mm:ss"
#define SEGMENTS  "Segments has none of Air, Car, Hotel, Dining, Ride, Rail,"\
                  " Parking, Event, Travel"

#define ON        1       /* validate */
#define BOOK      2       /* the root is Booking */


typedef struct {
    const char           *name;
    unsigned              flags;
    itinerary_reason_e    reason;
    const char           *expected;    /* what reader_show() makes of it */
    const char           *text;
} row_t;


static const row_t  rows[] = {

    { "nothing but what is required", ON, 0, "", TRIP("") },

    { "the reference's example", ON, 0, "",
      "<Itinerary" NS ">\n"
      "<TripName>Trip from Dallas to Seattle</TripName>\n"
      "<TripStatus>HK</TripStatus>\n<Comments />\n"
      "<StartDateLocal>2013-12-21T07:25:00</StartDateLocal>\n"
      "<EndDateLocal>2013-12-24T23:59:00</EndDateLocal>\n"
      "<DateBookedLocal>2012-07-24T19:15:52</DateBookedLocal>\n"
      "<IsPersonal>false</IsPersonal>\n"
      "<Bookings><Booking><Segments><Car><StartDateLocal>x</StartDateLocal>"
      "</Car></Segments><Passengers><Passenger><NameFirst>Chris</NameFirst>"
      "<NameLast>Miller</NameLast></Passenger></Passengers>" KEYS
      "<DateBookedLocal>2013-11-10T13:01:00</DateBookedLocal></Booking>"
      "</Bookings></Itinerary>\n" },

    { "an empty trip", ON, 0,
      "0 1 /Itinerary/TripName: TripName is missing; "
      "0 1 /Itinerary/TripStatus: TripStatus is missing; 2 in",
      "<Itinerary" NS "/>" },

    { "an empty trip that is not validated", 0, 0, "", "<Itinerary" NS "/>" },

    { "all violations in the order of the document", ON, 0,
      "0 2 /Itinerary/TripStatus: TripStatus is missing; "
      "0 3 /Itinerary/TripName: TripName is empty; "
      "0 4 /Itinerary/StartDateLocal: StartDateLocal " FORM "; "
      "1 6 /Itinerary/Bookings/Booking[1]/Segments: " SEGMENTS "; "
      "1 7 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[1]/NameFirst:"
      " NameFirst is missing; "
      "1 7 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[1]/NameLast:"
      " NameLast is empty; "
      "1 8 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[2]/NameFirst:"
      " NameFirst is missing; "
      "1 8 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[2]/NameLast:"
      " NameLast is missing; "
      "2 9 /Itinerary/Bookings/Booking[2]/Passengers/Passenger[1]/NameFirst:"
      " NameFirst is empty; "
      "2 10 /Itinerary/Bookings/Booking[2]/DateBookedLocal:"
      " DateBookedLocal " FORM "; "
      "0 11 /Itinerary/IsPersonal: IsPersonal must be true or false; "
      "11 in 5 2",
      "<?xml version=\"1.0\"?>\n"
      "<Itinerary" NS ">\n"
      "<TripName> </TripName>\n"
      "<StartDateLocal>2013-12-21</StartDateLocal>\n"
      "<Bookings><Booking>" KEYS "\n"
      "<Segments/>\n"
      "<Passengers><Passenger><NameLast/></Passenger>\n"
      "<Passenger></Passenger></Passengers></Booking>\n"
      "<Booking><Passengers><Passenger><NameFirst/><NameLast>b</NameLast>"
      "</Passenger></Passengers>\n"
      KEYS2 "<DateBookedLocal>now</DateBookedLocal></Booking></Bookings>\n"
      "<IsPersonal>maybe</IsPersonal></Itinerary>" },

    { "those of a booking by itself", ON|BOOK, 0,
      "1 1 /Booking/Segments: " SEGMENTS "; "
      "1 2 /Booking/DateBookedLocal: DateBookedLocal " FORM "; "
      "1 3 /Booking/Passengers/Passenger[1]/NameFirst: NameFirst is missing; "
      "1 3 /Booking/Passengers/Passenger[1]/NameLast: NameLast is missing; "
      "4 in 4",
      "<Booking" NS "><Segments><Cab/></Segments>\n"
      "<DateBookedLocal>1</DateBookedLocal>" KEYS "\n"
      "<Passengers><Passenger/></Passengers></Booking>" },

    { "a booking by itself has no trip to be named", ON|BOOK, 0, "",
      "<Booking>" KEYS "</Booking>" },

    /* what is judged by is required in any case */

    { "a name that is missing, and others", ON, ITINERARY_INVALID_DOCUMENT,
      "1 /Itinerary/TripName: TripName is missing; "
      "1 /Itinerary/TripStatus: TripStatus is missing; "
      "2 /Itinerary/Bookings/Booking[1]/RecordLocator:"
      " RecordLocator is missing; "
      "2 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[1]/NameFirst:"
      " NameFirst is missing; "
      "2 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[1]/NameLast:"
      " NameLast is missing; "
      "3 /Itinerary/Bookings/Booking[1]/BookingSource:"
      " BookingSource is empty; "
      "3 /Itinerary/Bookings/Booking[1]/DateBookedLocal:"
      " DateBookedLocal " FORM "; "
      "4 /Itinerary/EndDateLocal: EndDateLocal " FORM,
      "<Itinerary>\n<Bookings><Booking><Passengers><Passenger/></Passengers>"
      "\n<BookingSource/><DateBookedLocal>1</DateBookedLocal></Booking>"
      "</Bookings>\n<EndDateLocal>2</EndDateLocal></Itinerary>" },

    { "the same without validation", 0, ITINERARY_INVALID_DOCUMENT,
      "2 /Itinerary/Bookings/Booking[1]/RecordLocator:"
      " RecordLocator is missing; "
      "3 /Itinerary/Bookings/Booking[1]/BookingSource: BookingSource is empty",
      "<Itinerary>\n<Bookings><Booking><Passengers><Passenger/></Passengers>"
      "\n<BookingSource/><DateBookedLocal>1</DateBookedLocal></Booking>"
      "</Bookings>\n<EndDateLocal>2</EndDateLocal></Itinerary>" },

    { "a booking by itself without its name", BOOK,
      ITINERARY_INVALID_DOCUMENT,
      "1 /Booking/RecordLocator: RecordLocator is missing; "
      "1 /Booking/BookingSource: BookingSource is missing", "<Booking/>" },

    { "a status that is too long, and others", ON,
      ITINERARY_INVALID_DOCUMENT,
      "1 /Itinerary/TripName: TripName is missing; "
      "1 /Itinerary/TripStatus: TripStatus is too long",
      "<Itinerary><TripStatus>1234567890123456789012345678901234567890"
      "1234567890123456789012345678901234567890123456789012345678901234567890"
      "1234567890123456789012345678901234567890123456789012345678901234567890"
      "1234567890123456789012345678901234567890123456789012345678901234567890"
      "123456</TripStatus></Itinerary>" },

    /* what counts as the element */

    { "a passenger without first name", ON, 0,
      "1 1 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[1]/NameFirst:"
      " NameFirst is missing; 1 in 1",
      PASSENGER("<NameLast>b</NameLast>") },
    { "a passenger without last name", ON, 0,
      "1 1 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[1]/NameLast:"
      " NameLast is missing; 1 in 1",
      PASSENGER("<NameFirst>b</NameFirst>") },
    { "no passengers", ON, 0, "", BOOKING("") },
    { "Passengers without one", ON, 0, "", BOOKING("<Passengers/>") },
    { "passengers at two places", ON, 0,
      "1 1 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[2]/NameLast:"
      " NameLast is missing; 1 in 1",
      BOOKING("<Passengers><Passenger><NameFirst>a</NameFirst><NameLast>b"
              "</NameLast></Passenger></Passengers><Passengers><Passenger>"
              "<NameFirst>a</NameFirst></Passenger></Passengers>") },
    { "a name in another letter case", ON, 0,
      "1 1 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[1]/NameFirst:"
      " NameFirst is missing; 1 in 1",
      PASSENGER("<Namefirst>a</Namefirst><NameLast>b</NameLast>") },
    { "a name in another namespace", ON, 0,
      "1 1 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[1]/NameFirst:"
      " NameFirst is missing; 1 in 1",
      PASSENGER("<NameFirst xmlns='a'>a</NameFirst><NameLast>b</NameLast>") },
    { "a name at another place", ON, 0,
      "1 1 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[1]/NameFirst:"
      " NameFirst is missing; 1 in 1",
      PASSENGER("<a><NameFirst>a</NameFirst></a><NameLast>b</NameLast>") },
    { "a name within a name", ON, 0,
      "1 1 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[1]/NameFirst:"
      " NameFirst is empty; 1 in 1",
      PASSENGER("<NameFirst><NameFirst>a</NameFirst></NameFirst>"
                "<NameLast>b</NameLast>") },
    { "a name in pieces", ON, 0, "",
      PASSENGER("<NameFirst> <!-- a --><![CDATA[]]>&#65;<a/></NameFirst>"
                "<NameLast><![CDATA[b]]></NameLast>") },
    { "a name that is nil", ON, 0,
      "1 1 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[1]/NameLast:"
      " NameLast is empty; 1 in 1",
      PASSENGER("<NameFirst>a</NameFirst><NameLast xmlns:i="
                "'http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/>") },
    { "a trip in another prefix", ON, 0,
      "0 1 /Itinerary/Comments: Comments is longer than 512 characters; "
      "1 in",
      "<i:Itinerary xmlns:i=\"http://www.concursolutions.com/api/travel/trip"
      "/2010/06\"><i:TripName>n</i:TripName><i:TripStatus>HK</i:TripStatus>"
      "<i:IsPersonal/><IsPersonal>no</IsPersonal>"
      "<i:Comments>%513</i:Comments></i:Itinerary>" },
    { "rules of the trip are none of a booking", ON, 0, "",
      BOOKING("<IsPersonal>x</IsPersonal><StartDateLocal>x</StartDateLocal>"
              "<Comments>%600</Comments>") },
    { "nor those of a booking of others", ON, 0, "",
      TRIP("<a><DateBookedLocal>x</DateBookedLocal><Passenger/><Passengers>"
           "<Passenger/></Passengers></a>") },

    /* segments */

    { "Segments with one", ON, 0, "", BOOKING("<Segments><Car/></Segments>") },
    { "Segments with another as well", ON, 0, "",
      BOOKING("<Segments><Cab/><Rail/><Rail/></Segments>") },
    { "Travel", ON, 0, "", BOOKING("<Segments><Travel/></Segments>") },
    { "a segment in another letter case", ON, 0,
      "1 1 /Itinerary/Bookings/Booking[1]/Segments: " SEGMENTS "; 1 in 1",
      BOOKING("<Segments><car/></Segments>") },
    { "a segment in another namespace", ON, 0,
      "1 1 /Itinerary/Bookings/Booking[1]/Segments: " SEGMENTS "; 1 in 1",
      BOOKING("<Segments><Car xmlns='a'/></Segments>") },
    { "a segment within another element", ON, 0,
      "1 1 /Itinerary/Bookings/Booking[1]/Segments: " SEGMENTS "; 1 in 1",
      BOOKING("<Segments><a><Car/></a></Segments>") },
    { "empty Segments that are not validated", 0, 0, "",
      BOOKING("<Segments/>") },

    /* twice */

    { "two comments", ON, ITINERARY_AMBIGUOUS_BODY,
      "2 /Itinerary/Comments: a second one",
      TRIP("<Comments/>\n<Comments/>") },
    { "two comments that are not validated", 0, 0, "",
      TRIP("<Comments/><Comments/>") },
    { "two dates of a booking", ON, ITINERARY_AMBIGUOUS_BODY,
      "1 /Itinerary/Bookings/Booking[1]/DateBookedLocal: a second one",
      BOOKING("<DateBookedLocal/><DateBookedLocal/>") },
    { "two names of a passenger", ON, ITINERARY_AMBIGUOUS_BODY,
      "1 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[1]/NameLast:"
      " a second one", PASSENGER("<NameLast/><NameLast/>") },
    { "one that is none", ON, 0, "",
      TRIP("<Comments/><Comments xmlns='a'/><comments/>") },
    { "one of each passenger and booking", ON, 0, "",
      TRIP("<DateBookedLocal/><Bookings><Booking>" KEYS "<DateBookedLocal/>"
           "<Passengers><Passenger><NameFirst>a</NameFirst><NameLast>b"
           "</NameLast></Passenger><Passenger><NameFirst>a</NameFirst>"
           "<NameLast>b</NameLast></Passenger></Passengers></Booking>"
           "<Booking>" KEYS2 "<DateBookedLocal/></Booking></Bookings>") }
};


/* what an element may hold; "%" and a number are so many characters */

typedef struct {
    const char           *element;     /* of the trip; "/": of a booking, ".":
                                          of a passenger */
    const char           *text;
    const char           *what;        /* NULL: it may */
} leaf_t;


static const leaf_t  leaves[] = {

    { "TripName", "%1", NULL },
    { "TripName", "%254", NULL },
    { "TripName", "%255", NULL },
    { "TripName", "%256", "is longer than 255 characters" },
    { "TripName", "%5000", "is longer than 255 characters" },
    { "TripName", " %255\n", NULL },
    { "TripName", "%100\t\r\n %152", NULL },
    { "TripName", "%100 %154", NULL },
    { "TripName", "%100 %155", "is longer than 255 characters" },
    { "TripName", "%100\t\r\n %153", "is longer than 255 characters" },
    { "TripName", "%253&#228;&amp;", NULL },
    { "TripName", "%254&#228;&amp;", "is longer than 255 characters" },
    { "TripName", "%254\xf0\x9f\x9a\x97", NULL },
    { "TripName", "%255\xf0\x9f\x9a\x97", "is longer than 255 characters" },
    { "TripName", "%255                                                 ",
      NULL },
    { "TripName", "", "is empty" },
    { "TripName", " \t\r\n", "is empty" },
    { "TripName", "&#32;&#9;", "is empty" },
    { "TripName", "&#160;", NULL },

    { "TripStatus", "%1", NULL },
    { "TripStatus", "%255", NULL },
    { "TripStatus", "", "is empty" },

    { "Comments", "", NULL },
    { "Comments", "%511", NULL },
    { "Comments", "%512", NULL },
    { "Comments", "%513", "is longer than 512 characters" },
    { "Comments", "~512", NULL },
    { "Comments", "~513", "is longer than 512 characters" },
    { "Description", "", NULL },
    { "Description", "%511", NULL },
    { "Description", "%512", NULL },
    { "Description", "%513", "is longer than 512 characters" },
    { "CancelComments", "", NULL },
    { "CancelComments", "%255", NULL },
    { "CancelComments", "%256", NULL },
    { "CancelComments", "%257", "is longer than 256 characters" },
    { "ProjectName", "", NULL },
    { "ProjectName", "%254", NULL },
    { "ProjectName", "%255", NULL },
    { "ProjectName", "%256", "is longer than 255 characters" },
    { "ClientLocator", "", NULL },
    { "ClientLocator", "%31", NULL },
    { "ClientLocator", "%32", NULL },
    { "ClientLocator", "%33", "is longer than 32 characters" },
    { "ClientLocator", "~32", NULL },

    { "IsPersonal", "", NULL },
    { "IsPersonal", " ", NULL },
    { "IsPersonal", "true", NULL },
    { "IsPersonal", " false\n", NULL },
    { "IsPersonal", "True", "must be true or false" },
    { "IsPersonal", "FALSE", "must be true or false" },
    { "IsPersonal", "1", "must be true or false" },
    { "IsPersonal", "0", "must be true or false" },
    { "IsPersonal", "tru", "must be true or false" },
    { "IsPersonal", "trues", "must be true or false" },
    { "IsPersonal", "falsetrue", "must be true or false" },
    { "IsPersonal", "%5000", "must be true or false" },

    { "BookedByFirstName", "%5000", NULL },

    { ".NameFirst", "%5000", NULL },
    { ".NameFirst", "", "is empty" },
    { ".NameFirst", "\n", "is empty" },
    { ".NameLast", "%1", NULL },
    { ".NameLast", "", "is empty" }
};


static const leaf_t  dates[] = {

    { NULL, "", NULL },
    { NULL, " \n", NULL },
    { NULL, "2013-12-21T07:25:00", NULL },
    { NULL, "\n 2013-12-21T07:25:00 \n", NULL },
    { NULL, "2013-12-21T07:25:00                                          ",
      NULL },
    { NULL, "0001-01-01T00:00:00", NULL },
    { NULL, "9999-12-31T23:59:59", NULL },
    { NULL, "2013-01-31T00:00:00", NULL },
    { NULL, "2013-02-28T00:00:00", NULL },
    { NULL, "2012-02-29T00:00:00", NULL },
    { NULL, "2000-02-29T00:00:00", NULL },
    { NULL, "2013-03-31T00:00:00", NULL },
    { NULL, "2013-04-30T00:00:00", NULL },
    { NULL, "2013-05-31T00:00:00", NULL },
    { NULL, "2013-06-30T00:00:00", NULL },
    { NULL, "2013-07-31T00:00:00", NULL },
    { NULL, "2013-08-31T00:00:00", NULL },
    { NULL, "2013-09-30T00:00:00", NULL },
    { NULL, "2013-10-31T00:00:00", NULL },
    { NULL, "2013-11-30T00:00:00", NULL },
    { NULL, "2013-12-31T00:00:00", NULL },

    { NULL, "0000-01-01T00:00:00", FORM },
    { NULL, "2013-00-01T00:00:00", FORM },
    { NULL, "2013-13-01T00:00:00", FORM },
    { NULL, "2013-01-00T00:00:00", FORM },
    { NULL, "2013-01-32T00:00:00", FORM },
    { NULL, "2013-02-29T00:00:00", FORM },
    { NULL, "2012-02-30T00:00:00", FORM },
    { NULL, "1900-02-29T00:00:00", FORM },
    { NULL, "2013-03-32T00:00:00", FORM },
    { NULL, "2013-04-31T00:00:00", FORM },
    { NULL, "2013-05-32T00:00:00", FORM },
    { NULL, "2013-06-31T00:00:00", FORM },
    { NULL, "2013-07-32T00:00:00", FORM },
    { NULL, "2013-08-32T00:00:00", FORM },
    { NULL, "2013-09-31T00:00:00", FORM },
    { NULL, "2013-10-32T00:00:00", FORM },
    { NULL, "2013-11-31T00:00:00", FORM },
    { NULL, "2013-12-32T00:00:00", FORM },
    { NULL, "2013-12-21T24:00:00", FORM },
    { NULL, "2013-12-21T23:60:00", FORM },
    { NULL, "2013-12-21T23:59:60", FORM },
    { NULL, "2013-12-21T07:25:0", FORM },
    { NULL, "2013-12-21T07:25:000", FORM },
    { NULL, "2013-12-21T07:25:00Z", FORM },
    { NULL, "2013-12-21T07:25:00.0", FORM },
    { NULL, "2013-12-21T07:25", FORM },
    { NULL, "2013-12-21", FORM },
    { NULL, "2013-12-21 07:25:00", FORM },
    { NULL, "2013-12-21t07:25:00", FORM },
    { NULL, "2013/12/21T07:25:00", FORM },
    { NULL, "2013-12/21T07:25:00", FORM },
    { NULL, "2013-12-21T07.25:00", FORM },
    { NULL, "2013-12-21T07:25.00", FORM },
    { NULL, "20a3-12-21T07:25:00", FORM },
    { NULL, "2013-1a-21T07:25:00", FORM },
    { NULL, "2013-12-a1T07:25:00", FORM },
    { NULL, "2013-12-21Ta7:25:00", FORM },
    { NULL, "2013-12-21T07:a5:00", FORM },
    { NULL, "2013-12-21T07:25:a0", FORM },
    { NULL, "-013-12-21T07:25:00", FORM },
    { NULL, " 213-12-21T07:25:00", FORM },
    { NULL, "2013-12-21T07:2\xc2\xa0:00", FORM },
    { NULL, "tomorrow", FORM },
    { NULL, "%5000", FORM }
};

static const char *const  dated[] = {
    "StartDateLocal", "EndDateLocal", "DateBookedLocal", "/DateBookedLocal"
};


/* text with "%" or "~" and a number: so many letters, of one byte or two */

static char *
expand(const char *text, size_t *len)
{
    int            wide;
    char          *data, *p;
    unsigned long  n;

    data = malloc(16384);

    for (p = data; *text; /* void */ ) {

        if (*text != '%' && *text != '~') {
            *p++ = *text++;
            continue;
        }

        wide = (*text == '~');

        for (n = strtoul(text + 1, (char **) &text, 10); n; n--) {

            if (wide) {
                *p++ = '\xc3';
                *p++ = '\xa4';

            } else {
                *p++ = 'x';
            }
        }
    }

    *p = '\0';
    *len = p - data;

    return data;
}


static itinerary_reader_t *
create(arena_t *arena, unsigned flags)
{
    itinerary_reader_conf_t  conf;

    memset(&conf, 0, sizeof(itinerary_reader_conf_t));

    conf.roots = (flags & BOOK) ? ITINERARY_ROOT_BOOKING
                                : ITINERARY_ROOT_ITINERARY;
    conf.max_bookings = 4096;
    conf.validate = flags & ON;

    return itinerary_reader_create(&arena->pool, &conf);
}


/* split at "cut", or byte by byte where that is 0 */

static itinerary_result_e
feed(itinerary_reader_t *reader, const char *data, size_t len, size_t cut)
{
    size_t         i;
    const u_char  *p;

    p = (const u_char *) data;

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
test_row(void **state)
{
    char                *data;
    size_t               len, cut;
    arena_t              arena;
    const row_t         *row = *state;
    itinerary_result_e   rc;
    itinerary_reader_t  *reader;

    data = expand(row->text, &len);

    for (cut = 0; cut <= len; cut++) {
        arena_init(&arena, 0);

        reader = create(&arena, row->flags);
        assert_non_null(reader);

        rc = feed(reader, data, len, cut);

        assert_string_equal(reader_show(reader), row->expected);
        assert_int_equal(itinerary_reader_error(reader)->reason, row->reason);
        assert_int_equal(rc, row->reason ? ITINERARY_REFUSED : ITINERARY_OK);

        itinerary_reader_destroy(reader);
        arena_free(&arena);
    }

    free(data);
}


/* a document in which the element is the only one to be wrong */

static void
check_leaf(const char *element, const char *text, const char *what,
    size_t step)
{
    char                *data, document[16384], expected[512], *p;
    size_t               len, cut;
    arena_t              arena;
    const char          *name, *path;
    itinerary_reader_t  *reader;

    data = expand(text, &len);
    name = element + strspn(element, "/.");
    p = document + sprintf(document, "<Itinerary" NS ">%s%s",
                           strcmp(name, "TripName") == 0 ? "" : NAME,
                           strcmp(name, "TripStatus") == 0 ? "" : STATUS);

    if (*element == '/') {
        path = "1 1 /Itinerary/Bookings/Booking[1]";
        p += sprintf(p, "<Bookings><Booking>" KEYS "<%s>%s</%s></Booking>"
                     "</Bookings>", name, data, name);

    } else if (*element == '.') {
        path = "1 1 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[1]";
        p += sprintf(p, "<Bookings><Booking>" KEYS "<Passengers><Passenger>"
                     "<%s>%s</%s><%s>x</%s></Passenger></Passengers>"
                     "</Booking></Bookings>", name, data, name,
                     strcmp(name, "NameLast") == 0 ? "NameFirst" : "NameLast",
                     strcmp(name, "NameLast") == 0 ? "NameFirst" : "NameLast");

    } else {
        path = "0 1 /Itinerary";
        p += sprintf(p, "<%s>%s</%s>", name, data, name);
    }

    p += sprintf(p, "</Itinerary>");
    len = p - document;

    expected[0] = '\0';

    if (what) {
        (void) sprintf(expected, "%s/%s: %s %s; 1 in%s", path, name, name,
                       what, path[0] == '1' ? " 1" : "");
    }

    for (cut = 0; cut <= len; cut += step) {
        arena_init(&arena, 0);

        reader = create(&arena, ON);
        assert_int_equal(feed(reader, document, len, cut), ITINERARY_OK);
        assert_string_equal(reader_show(reader), expected);
        itinerary_reader_destroy(reader);

        reader = create(&arena, 0);
        assert_int_equal(feed(reader, document, len, cut ? cut : len),
                         ITINERARY_OK);
        assert_string_equal(reader_show(reader), "");
        itinerary_reader_destroy(reader);

        arena_free(&arena);
    }

    free(data);
}


static void
test_leaves(void **state)
{
    unsigned  i;

    (void) state;

    for (i = 0; i < nelts(leaves); i++) {
        check_leaf(leaves[i].element, leaves[i].text, leaves[i].what,
                   strstr(leaves[i].text, "5000") ? 97 : 7);
    }
}


static void
test_dates(void **state)
{
    unsigned  i, n;

    (void) state;

    for (n = 0; n < nelts(dated); n++) {
        for (i = 0; i < nelts(dates); i++) {
            check_leaf(dated[n], dates[i].text, dates[i].what,
                       strchr(dates[i].text, '%') ? 97 : 7);
        }
    }
}


/*
 * "n" bookings with an empty passenger each, and where "named" not, without a
 * locator; the trip has no status, which is found at its end
 */

static char *
many(unsigned n, int named, size_t *len)
{
    char      *data, *p;
    unsigned   i;

    data = malloc(256 + n * 256);
    p = data + sprintf(data, "<Itinerary>" NAME "<Bookings>\n");

    for (i = 1; i <= n; i++) {
        p += sprintf(p, "<Booking><Passengers><Passenger><NameLast>a"
                     "</NameLast></Passenger></Passengers>"
                     "<BookingSource>S</BookingSource>");

        if (named) {
            p += sprintf(p, "<RecordLocator>L%u</RecordLocator>", i);
        }

        p += sprintf(p, "</Booking>\n");
    }

    p += sprintf(p, "</Bookings></Itinerary>");
    *len = p - data;

    return data;
}


/* more are counted; those that are stored are the first of the document */

static void
test_limit(void **state)
{
    char                   *data;
    size_t                  len;
    arena_t                 arena;
    unsigned                i, n;
    itinerary_reader_t     *reader;
    itinerary_document_t   *document;
    itinerary_violation_t  *v;

    (void) state;

    for (n = ITINERARY_VIOLATIONS_MAX - 3; n < 200;
         n += (n < ITINERARY_VIOLATIONS_MAX + 3) ? 1 : 50)
    {
        data = many(n, 1, &len);
        arena_init(&arena, 0);

        reader = create(&arena, ON);
        assert_int_equal(feed(reader, data, len, len), ITINERARY_OK);

        document = itinerary_reader_document(reader);
        assert_int_equal(document->nviolations, n + 1);

        v = document->violations;
        assert_string_equal(v->path, "/Itinerary/TripStatus");
        assert_int_equal(v->booking, 0);

        for (v = v->next, i = 1; v; v = v->next, i++) {
            assert_int_equal(v->booking, i);
            assert_int_equal(v->line, i + 1);
            assert_non_null(strstr(v->path, "/NameFirst"));
        }

        assert_int_equal(i, n + 1 < ITINERARY_VIOLATIONS_MAX
                            ? n + 1 : ITINERARY_VIOLATIONS_MAX);

        for (i = 0; i < n; i++) {
            assert_int_equal(document->bookings[i].nviolations, 1);
        }

        itinerary_reader_destroy(reader);
        arena_free(&arena);
        free(data);
    }
}


static void
test_limit_refused(void **state)
{
    char                *data, text[32];
    size_t               len;
    arena_t              arena;
    unsigned             n, i, total;
    itinerary_error_t   *error;
    itinerary_detail_t  *detail;
    itinerary_reader_t  *reader;

    (void) state;

    for (n = 29; n < 36; n++) {
        data = many(n, 0, &len);
        arena_init(&arena, 0);

        reader = create(&arena, ON);
        assert_int_equal(feed(reader, data, len, len), ITINERARY_REFUSED);

        error = itinerary_reader_error(reader);
        detail = error->details;
        total = 1 + 2 * n;

        assert_int_equal(error->reason, ITINERARY_INVALID_DOCUMENT);
        assert_string_equal(detail->path, "/Itinerary/TripStatus");

        for (i = 0, detail = detail->next; detail; i++, detail = detail->next)
        {
            if (detail->line == 0) {
                break;
            }

            assert_int_equal(detail->line, i / 2 + 2);
            assert_non_null(strstr(detail->path, i % 2 ? "/NameFirst"
                                                       : "/RecordLocator"));
        }

        if (total <= ITINERARY_VIOLATIONS_MAX) {
            assert_null(detail);
            assert_int_equal(error->ndetails, total);

        } else {
            assert_int_equal(error->ndetails, ITINERARY_DETAILS_MAX);

            (void) sprintf(text, "%u more are not listed",
                           total - ITINERARY_VIOLATIONS_MAX);
            assert_string_equal(detail->text, text);
            assert_null(detail->next);
        }

        itinerary_reader_destroy(reader);
        arena_free(&arena);
        free(data);
    }
}


/* an answer is read as it occurs */

static void
test_answer(void **state)
{
    size_t                    len;
    arena_t                   arena;
    itinerary_reader_t       *reader;
    itinerary_reader_conf_t   conf;

    static const char  text[] = "<Itinerary><IsPersonal>x</IsPersonal>"
                                "<Comments/><Comments/><Bookings><Booking>"
                                "<Segments/></Booking></Bookings>"
                                "</Itinerary>";

    (void) state;

    len = sizeof(text) - 1;

    memset(&conf, 0, sizeof(itinerary_reader_conf_t));

    conf.reading = ITINERARY_READ_ANSWER;
    conf.roots = ITINERARY_ROOT_ITINERARY;
    conf.max_bookings = 1;
    conf.validate = 1;

    arena_init(&arena, 0);

    reader = itinerary_reader_create(&arena.pool, &conf);
    assert_int_equal(feed(reader, text, len, len), ITINERARY_OK);
    assert_string_equal(reader_show(reader), "");

    itinerary_reader_destroy(reader);
    arena_free(&arena);
}


/* what could not be recorded must not be taken for valid */

static void
test_memory(void **state)
{
    char                *data;
    size_t               len;
    arena_t              arena;
    unsigned             i, n, done;
    const row_t         *row;
    itinerary_result_e   rc;
    itinerary_reader_t  *reader;

    (void) state;

    for (i = 0; i < nelts(rows); i++) {
        row = &rows[i];
        data = expand(row->text, &len);

        for (n = 1, done = 0; !done; n++) {
            arena_init(&arena, n);
            rc = ITINERARY_NOMEM;

            reader = create(&arena, row->flags);

            if (reader) {
                rc = feed(reader, data, len, len);

                if (rc == ITINERARY_OK) {
                    assert_string_equal(reader_show(reader), row->expected);

                } else if (rc == ITINERARY_REFUSED) {
                    assert_int_equal(itinerary_reader_error(reader)->reason,
                                     row->reason);
                }

                itinerary_reader_destroy(reader);
            }

            done = arena.count < n;
            assert_true(!done || rc != ITINERARY_NOMEM);

            arena_free(&arena);
        }

        free(data);
    }
}


int
main(void)
{
    unsigned           n;
    struct CMUnitTest  tests[nelts(rows) + 6];

    static const struct CMUnitTest  others[] = {
        cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_limit_refused),
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_memory)
    };

    n = rows_tests(tests, test_row, rows, sizeof(rows[0]), nelts(rows),
                   others, nelts(others));

    cmocka_set_message_output(CM_OUTPUT_TAP);

    n = _cmocka_run_group_tests("rules", tests, n, NULL, NULL);

    xmlCleanupParser();

    return n;
}
