
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The reader: a table of documents and what is made of them, each of them
 * whole, split at every offset, byte by byte, at the end of a page, with the
 * border of the pieces that libxml2 gets at every offset, and with each
 * allocation failing.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/xmlmemory.h>

#include "arena.h"
#include "rows.h"
#include "xml.h"
#include "itinerary_guard.h"
#include "itinerary_reader.h"


#define nelts(a)     (sizeof(a) / sizeof((a)[0]))

/* what is read, and of which roots: bit 0 is the reading, bit 1 Booking */

#define POST         0
#define ANSWER       1
#define BOOK         2
#define BOOKED       3

#define OK           ITINERARY_REASON_NONE
#define MALFORMED    ITINERARY_MALFORMED_BODY
#define DOCTYPE      ITINERARY_DOCTYPE_FORBIDDEN
#define AMBIGUOUS    ITINERARY_AMBIGUOUS_BODY
#define TOO_LARGE    ITINERARY_BODY_TOO_LARGE
#define UNSUPPORTED  ITINERARY_UNSUPPORTED_ENCODING
#define INVALID      ITINERARY_INVALID_DOCUMENT

#define URI          "://www.concursolutions.com/api/travel/trip/2010/06"
#define NS           " xmlns=\"http" URI "\""
#define XSI          " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""

#define TRIP(inner)      "<Itinerary" NS ">" inner "</Itinerary>"
#define BOOKINGS(inner)  TRIP("<Bookings>" inner "</Bookings>")
#define LOCATOR(text)    "<RecordLocator>" text "</RecordLocator>"
#define SOURCE(text)     "<BookingSource>" text "</BookingSource>"
#define BOOKING(inner)   "<Booking>" LOCATOR("A1") SOURCE("S") inner         \
                         "</Booking>"
#define NUMBER(text)     "<ConfirmationNumber>" text "</ConfirmationNumber>"

#define text(s)          s, sizeof(s) - 1

#define S10              "ABCDEFGHIJ"
#define S32              S10 S10 S10 "KL"
#define S50              S10 S10 S10 S10 S10
#define S250             S50 S50 S50 S50 S50
#define W10              "          "
#define W50              W10 W10 W10 W10 W10


typedef struct {
    const char           *name;
    unsigned              kind;
    itinerary_reason_e    reason;
    const char           *expected;   /* what show() makes of it */
    const char           *text;
    size_t                len;
} row_t;


static const row_t  rows[] = {

    /* posts as they are */

    { "a post", POST, OK,
      "name=Trip status=HK start=2013-12-21T07:25:00"
      " end=2013-12-24T23:59:00 TRAVEL.COM|C1/1@6 #X1"
      " TRAVEL.COM|0987/2@10 #X1 #X1",
      text("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
           "<Itinerary" NS "><TripName>Trip</TripName>\n"
           "<TripStatus>HK</TripStatus><Comments />"
           "<StartDateLocal>2013-12-21T07:25:00</StartDateLocal>\n"
           "<EndDateLocal>2013-12-24T23:59:00</EndDateLocal>\n"
           "<Bookings>\n"
           "<Booking><Segments><Car>\n"
           "<StartDateLocal>2013-12-22T12:00:00</StartDateLocal>\n"
           NUMBER("X1") "</Car></Segments>\n"
           LOCATOR("c1") SOURCE("Travel.com") "</Booking>\n"
           "<Booking>" LOCATOR("0987") SOURCE(" travel.com\n")
           "<Segments><Air>" NUMBER("X1") "</Air><Air>" NUMBER("X1")
           "</Air></Segments></Booking>\n"
           "</Bookings></Itinerary>\n") },

    { "the https namespace", POST, OK, "S|A1/0@1",
      text("<Itinerary xmlns='https" URI "'><Bookings>" BOOKING("")
           "</Bookings></Itinerary>") },

    { "no namespace", POST, OK, "S|A1/0@1",
      text("<Itinerary><Bookings>" BOOKING("") "</Bookings></Itinerary>") },

    { "a prefix", POST, OK, "name=T S|A1/0@1",
      text("<i:Itinerary xmlns:i=\"http" URI "\"><i:TripName>T</i:TripName>"
           "<i:Bookings><i:Booking><i:RecordLocator>A1</i:RecordLocator>"
           "<i:BookingSource>S</i:BookingSource></i:Booking></i:Bookings>"
           "</i:Itinerary>") },

    { "a byte order mark", POST, OK, "name=\xc3\xa9",
      text("\xef\xbb\xbf<?xml version='1.0'?>"
           TRIP("<TripName>\xc3\xa9</TripName>")) },

    { "a comment in front", POST, OK, "",
      text("<!-- a -->" TRIP("") "<!-- b -->\n") },

    { "empty containers", POST, OK, "S|A1/0@1",
      text(BOOKINGS(BOOKING("<Segments/>"))) },

    { "no bookings", POST, OK, "", text(TRIP("<Bookings/>")) },

    { "ids", POST, OK, "id=X$1 itin=L1 trip=T1",
      text(TRIP("<id> https://h/api/travel/trip/v1.1/X$1\n</id>"
                "<ItinLocator>L1</ItinLocator><TripId>T1</TripId>")) },

    { "empty ids", POST, OK, "", text(TRIP("<id/><TripId> </TripId>"
                                           "<ItinLocator></ItinLocator>")) },

    { "an id without a slash", POST, OK, "id=X", text(TRIP("<id>X</id>")) },

    { "character references and predefined entities", POST, OK,
      "name=\"&'<> T%26C|A1Z/0@1",
      text(TRIP("<TripName>&quot;&amp;&apos;&lt;&gt;</TripName>"
                "<Bookings><Booking>" LOCATOR("A&#49;&#x7a;")
                SOURCE("t&amp;c") "</Booking></Bookings>")) },

    { "comments and CDATA where they do no harm", POST, OK,
      "name=a c S|A1/1@1",
      text(TRIP("<!-- a --><TripName>a<!-- b --><b>b</b><![CDATA[ c]]>"
                "</TripName><Bookings><!-- c -->"
                BOOKING("<![CDATA[d]]><!-- d --><Segments><!-- e -->"
                        "<Car><Vendor><![CDATA[f]]></Vendor></Car></Segments>")
                "</Bookings>")) },

    { "text between elements", POST, OK, "S|A1/0@1",
      text(TRIP("a<Bookings>b" BOOKING("c") "d</Bookings>")) },

    { "locators and numbers of others", POST, OK, "S|A1/1@1",
      text(BOOKINGS(BOOKING(
          "<AirlineTickets><AirlineTicket>" LOCATOR("x") LOCATOR("y")
          "</AirlineTicket></AirlineTickets>"
          "<Charges>" LOCATOR("<a>z</a>") NUMBER("n") "</Charges>"
          "<Segments><Air>" LOCATOR("w") "<Ticket>" NUMBER("1") NUMBER("2")
          "</Ticket></Air></Segments>"))) },

    { "names that begin alike", POST, OK, "S|A1/0@1",
      text(TRIP("<Book>a</Book><TripNames>b</TripNames><i>c</i><idx/>"
                "<Bookings>" BOOKING("<BookingOwner>d</BookingOwner>"
                "<ItinSourceName>e</ItinSourceName><Segment/>")
                "</Bookings>")) },

    { "xsi:nil where it does no harm", POST, OK, "S|A1/0@1",
      text("<Itinerary" NS XSI "><Comments xsi:nil='true'/><TripName"
           " xsi:nil='true'/><Bookings>" BOOKING("<Class xsi:type='b'/>")
           "</Bookings></Itinerary>") },

    { "attributes of other names", POST, OK, "S|A1/0@1",
      text("<Itinerary" NS XSI " nil='a' type='b' xsi:schemaLocation='c d'>"
           "<Bookings>" BOOKING("") "</Bookings></Itinerary>") },

    { "other namespaces in other elements", POST, OK, "S|A1/1@1",
      text(BOOKINGS(BOOKING("<x:a xmlns:x='y'><x:b/></x:a>"
                            "<Segments><x:c xmlns:x='y'/></Segments>"))) },

    { "names that begin with no letter", POST, OK, "S|A1/0@1",
      text(BOOKINGS(BOOKING("<_Booking/><\xc3\xa4/>"))) },

    { "the longest names", POST, OK, S32 "|" S50 "/0@1",
      text(BOOKINGS("<Booking>" LOCATOR(S50) SOURCE(S32) "</Booking>")) },

    { "a long trip name", POST, OK, "name=" S250 "ABCD",
      text(TRIP("<TripName>" S250 "ABCD\xc3\xa9</TripName>")) },

    { "a longer trip name", POST, OK, "name=" S250 "ABC\xc3\xa9",
      text(TRIP("<TripName>" S250 "ABC\xc3\xa9" S250 S250 S250 S250 "x"
                "</TripName>")) },

    { "carriage returns", POST, OK, "name=a\n\nb\nc S|A1/0@3",
      text("<Itinerary><TripName>a\r\n\rb\rc</TripName>\r\n<Bookings>"
           BOOKING("") "</Bookings></Itinerary>") },

    /* posts that can be read in two ways: twice */

    { "a second Bookings", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings: a second one",
      text(TRIP("<Bookings/><Bookings/>")) },
    { "a second Segments", POST, AMBIGUOUS,
      "2 /Itinerary/Bookings/Booking[1]/Segments: a second one",
      text(BOOKINGS(BOOKING("<Segments/>\n<Segments/>"))) },
    { "a second RecordLocator", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/RecordLocator: a second one",
      text(BOOKINGS(BOOKING(LOCATOR("A1")))) },
    { "a second BookingSource", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/BookingSource: a second one",
      text(BOOKINGS(BOOKING("<BookingSource/>"))) },
    { "a second TripStatus", POST, AMBIGUOUS,
      "1 /Itinerary/TripStatus: a second one",
      text(TRIP("<TripStatus>1</TripStatus><TripStatus>2</TripStatus>")) },
    { "a second TripId", POST, AMBIGUOUS,
      "1 /Itinerary/TripId: a second one",
      text(TRIP("<TripId/><TripId>2</TripId>")) },
    { "a second ItinLocator", POST, AMBIGUOUS,
      "1 /Itinerary/ItinLocator: a second one",
      text(TRIP("<ItinLocator/><ItinLocator/>")) },
    { "a second id", POST, AMBIGUOUS, "1 /Itinerary/id: a second one",
      text(TRIP("<id>1</id><id>1</id>")) },
    { "a second TripName", POST, AMBIGUOUS,
      "1 /Itinerary/TripName: a second one",
      text(TRIP("<TripName/><TripName>b</TripName>")) },
    { "a second StartDateLocal", POST, AMBIGUOUS,
      "1 /Itinerary/StartDateLocal: a second one",
      text(TRIP("<StartDateLocal/><StartDateLocal/>")) },
    { "a second EndDateLocal", POST, AMBIGUOUS,
      "1 /Itinerary/EndDateLocal: a second one",
      text(TRIP("<EndDateLocal/><EndDateLocal/>")) },
    { "a second ConfirmationNumber", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/Segments/*[2]/ConfirmationNumber:"
      " a second one",
      text(BOOKINGS(BOOKING("<Segments><Air>" NUMBER("1") "</Air><Air>"
           NUMBER("1") NUMBER("1") "</Air></Segments>"))) },
    { "a booking twice", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[2]: the same booking twice",
      text(BOOKINGS(BOOKING("") "<Booking>" SOURCE(" s ") LOCATOR("a1")
                    "</Booking>")) },

    /* in another letter case that is not ASCII */

    { "a long s for the s of a source", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/Booking??ource: another letter"
      " case",
      text(BOOKINGS(BOOKING("<Booking\xc5\xbf" "ource>b</Booking\xc5\xbf"
                            "ource>"))) },
    { "a Kelvin sign for the k of a source", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/Boo???ingSource: another"
      " letter case",
      text(BOOKINGS(BOOKING("<Boo\xe2\x84\xaaingSource/>"))) },
    { "a dotless i for the i of an id", POST, AMBIGUOUS,
      "1 /Itinerary/??d: another letter case",
      text(TRIP("<\xc4\xb1" "d>T2</\xc4\xb1" "d>")) },
    { "a dotted capital I for the I of a trip's id", POST, AMBIGUOUS,
      "1 /Itinerary/Trip??d: another letter case",
      text(TRIP("<Trip\xc4\xb0" "d>T2</Trip\xc4\xb0" "d>")) },
    { "letters that only resemble these", POST, OK, "S|A1/0@1",
      text(BOOKINGS(BOOKING("<Booking\xc5\xa1" "ource/><Boo\xe2\x84\xab"
                            "ingSource/><\xc4\xb2" "d/>"))) },

    /* as attributes */

    { "a RecordLocator as an attribute", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking: an attribute that can be taken for an"
      " element",
      text(BOOKINGS("<Booking RecordLocator='A2'>" SOURCE("S") LOCATOR("A1")
                    "</Booking>")) },
    { "a BookingSource as an attribute of another namespace", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking: an attribute that can be taken for an"
      " element",
      text(BOOKINGS("<Booking xmlns:x='urn:x' x:bookingsource='S2'>"
                    SOURCE("S") LOCATOR("A1") "</Booking>")) },
    { "an id as an attribute", POST, AMBIGUOUS,
      "1 /Itinerary: an attribute that can be taken for an element",
      text("<Itinerary id='T2'/>") },
    { "a number as an attribute of a segment", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/Segments/Air: an attribute that can be"
      " taken for an element",
      text(BOOKINGS(BOOKING("<Segments><Air ConfirmationNumber='1'/>"
                            "</Segments>"))) },
    { "attributes of elements that have no such children", POST, OK,
      "S|A1/0@1",
      text("<Itinerary RecordLocator='A2'><TripName id='T2'/><x id='1'/>"
           "<Bookings id='1'>" BOOKING("<Segments id='2'/>")
           "</Bookings></Itinerary>") },
    { "an attribute of a locator", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/RecordLocator: an attribute",
      text(BOOKINGS("<Booking>" SOURCE("S")
                    "<RecordLocator type='base64Binary'>QTI=</RecordLocator>"
                    "</Booking>")) },
    { "an attribute of a trip's id", POST, AMBIGUOUS,
      "1 /Itinerary/TripId: an attribute",
      text(TRIP("<TripId x='1'/>")) },
    { "an attribute of a name that is not judged", POST, OK, "name=a S|A1/0@1",
      text("<Itinerary><TripName x='1'>a</TripName><Bookings>" BOOKING("")
           "</Bookings></Itinerary>") },
    { "Bookings that are nil without a namespace", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings: nil", text(TRIP("<Bookings nil='true'/>")) },
    { "Bookings that are not nil", POST, OK, "",
      text("<Itinerary><Bookings nil='false' type='array'/></Itinerary>") },
    { "an id as an attribute in an answer", ANSWER, OK, "",
      text("<Itinerary id='T2'/>") },

    /* at another place */

    { "a Booking below Itinerary", POST, AMBIGUOUS,
      "1 /Itinerary/Booking: at another place than its own",
      text(TRIP(BOOKING(""))) },
    { "a Booking in a Booking", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/Booking: at another place than its"
      " own", text(BOOKINGS(BOOKING(BOOKING("")))) },
    { "a Booking deeper down", POST, AMBIGUOUS,
      "1 /Itinerary/Booking: at another place than its own",
      text(TRIP("<a><b>" BOOKING("") "</b></a>")) },
    { "an Itinerary in an Itinerary", POST, AMBIGUOUS,
      "1 /Itinerary/itinerary: at another place than its own",
      text(TRIP("<a><itinerary/></a>")) },
    { "Bookings deeper down", POST, AMBIGUOUS,
      "1 /Itinerary/BOOKINGS: at another place than its own",
      text(TRIP("<a><BOOKINGS/></a>")) },
    { "Segments deeper down", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/Segments: at another place than its"
      " own", text(BOOKINGS(BOOKING("<WaitList><Segments/></WaitList>"))) },
    { "Segments below Bookings", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Segments: at another place than its own",
      text(BOOKINGS("<Segments/>")) },
    { "a RecordLocator below Itinerary", POST, AMBIGUOUS,
      "1 /Itinerary/RecordLocator: at another place than its own",
      text(TRIP(LOCATOR("A1"))) },
    { "a RecordLocator below Bookings", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/RecordLocator: at another place than its own",
      text(BOOKINGS(LOCATOR("A1"))) },
    { "a RecordLocator below Segments", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/Segments/RecordLocator: at another"
      " place than its own",
      text(BOOKINGS(BOOKING("<Segments>" LOCATOR("A1") "</Segments>"))) },
    { "a RecordLocator deeper, but not in a booking", POST, AMBIGUOUS,
      "1 /Itinerary/RecordLocator: at another place than its own",
      text(TRIP("<a>" LOCATOR("A1") "</a>")) },
    { "a BookingSource in a segment", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/Segments/*[1]/BookingSource:"
      " at another place than its own",
      text(BOOKINGS(BOOKING("<Segments><Car>" SOURCE("S")
                            "</Car></Segments>"))) },
    { "a ConfirmationNumber below Booking", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/ConfirmationNumber: at another place"
      " than its own", text(BOOKINGS(BOOKING(NUMBER("1")))) },
    { "a ConfirmationNumber below Segments", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/Segments/ConfirmationNumber:"
      " at another place than its own",
      text(BOOKINGS(BOOKING("<Segments>" NUMBER("1") "</Segments>"))) },
    { "a TripStatus in a booking", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/TripStatus: at another place than its"
      " own", text(BOOKINGS(BOOKING("<TripStatus>2</TripStatus>"))) },
    { "a TripId deeper down", POST, AMBIGUOUS,
      "1 /Itinerary/TripId: at another place than its own",
      text(TRIP("<a><TripId>1</TripId></a>")) },
    { "an ItinLocator deeper down", POST, AMBIGUOUS,
      "1 /Itinerary/ItinLocator: at another place than its own",
      text(TRIP("<a><ItinLocator>1</ItinLocator></a>")) },
    { "an id in a booking", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/id: at another place than its own",
      text(BOOKINGS(BOOKING("<id>1</id>"))) },
    { "an id in a trip name", POST, AMBIGUOUS,
      "1 /Itinerary/TripName/id: at another place than its own",
      text(TRIP("<TripName>a<id>1</id></TripName>")) },

    /* in another letter case or namespace */

    { "a root in another case", POST, AMBIGUOUS,
      "1 /itinerary: another letter case",
      text("<itinerary" NS "></itinerary>") },
    { "a root in another namespace", POST, AMBIGUOUS,
      "1 /Itinerary: another namespace",
      text("<Itinerary xmlns='http://example.com'/>") },
    { "a namespace that begins alike", POST, AMBIGUOUS,
      "1 /Itinerary: another namespace",
      text("<Itinerary xmlns='http" URI "/'/>") },
    { "recordlocator", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/recordlocator: another letter case",
      text(BOOKINGS(BOOKING("<recordlocator>B2</recordlocator>"))) },
    { "ID", POST, AMBIGUOUS, "1 /Itinerary/ID: another letter case",
      text(TRIP("<ID>1</ID>")) },
    { "bookings", POST, AMBIGUOUS,
      "1 /Itinerary/bookings: another letter case",
      text(TRIP("<bookings/>")) },
    { "a locator in another namespace", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/RecordLocator: another namespace",
      text(BOOKINGS("<Booking><RecordLocator xmlns='a'>A1</RecordLocator>"
                    "</Booking>")) },
    { "a locator in the https namespace of an http document", POST,
      AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/RecordLocator: another namespace",
      text(BOOKINGS("<Booking><RecordLocator xmlns='https" URI "'>A1"
                    "</RecordLocator></Booking>")) },
    { "a booking in no namespace", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking: another namespace",
      text(BOOKINGS("<Booking xmlns=''>" LOCATOR("A1") "</Booking>")) },
    { "a booking in a namespace of a document without one", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking: another namespace",
      text("<Itinerary><Bookings><Booking" NS "/></Bookings></Itinerary>") },
    { "a trip name in another case is none", POST, OK, "",
      text(TRIP("<tripname>a</tripname><TripName xmlns='b'>c</TripName>")) },

    /* nil, types, structure in text */

    { "a locator that is nil", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/RecordLocator: xsi:nil or xsi:type",
      text("<Itinerary" NS XSI "><Bookings><Booking><RecordLocator"
           " xsi:nil='true'/></Booking></Bookings></Itinerary>") },
    { "a locator that is not nil", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/RecordLocator: xsi:nil or xsi:type",
      text("<Itinerary" NS XSI "><Bookings><Booking><RecordLocator a='b'"
           " xsi:nil='false'>A1</RecordLocator></Booking></Bookings>"
           "</Itinerary>") },
    { "a booking with a type", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking: xsi:nil or xsi:type",
      text(BOOKINGS("<Booking" XSI " xsi:type='c'/>")) },
    { "a root with a type", POST, AMBIGUOUS,
      "1 /Itinerary: xsi:nil or xsi:type",
      text("<Itinerary" NS XSI " xsi:type='Itinerary'/>") },
    { "a child in a locator", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/RecordLocator/b: an element within"
      " text",
      text(BOOKINGS("<Booking>" LOCATOR("A<b/>1") "</Booking>")) },
    { "a comment in a source", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/BookingSource: a comment within text",
      text(BOOKINGS("<Booking>" SOURCE("A<!-- b -->1") "</Booking>")) },
    { "CDATA in an id", POST, AMBIGUOUS,
      "1 /Itinerary/id: CDATA within text",
      text(TRIP("<id><![CDATA[1]]></id>")) },
    { "empty CDATA in a status", POST, AMBIGUOUS,
      "1 /Itinerary/TripStatus: CDATA within text",
      text(TRIP("<TripStatus>2<![CDATA[]]></TripStatus>")) },
    { "an instruction in a locator", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/RecordLocator: a processing"
      " instruction", text(BOOKINGS("<Booking>" LOCATOR("A<?b?>1")
                                    "</Booking>")) },
    { "a comment in a confirmation number", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/Segments/*[1]/ConfirmationNumber:"
      " a comment within text",
      text(BOOKINGS(BOOKING("<Segments><Car>" NUMBER("1<!---->")
                            "</Car></Segments>"))) },
    { "a stylesheet", POST, AMBIGUOUS, "1 : a processing instruction",
      text("<?xml-stylesheet href='a'?>" TRIP("")) },
    { "an instruction in the end", POST, AMBIGUOUS,
      "1 : a processing instruction", text(TRIP("") "<?a?>") },
    { "XInclude", POST, AMBIGUOUS, "1 /Itinerary/include: XInclude",
      text(TRIP("<a><include xmlns='http://www.w3.org/2001/XInclude'"
                " href='b'/></a>")) },
    { "the other XInclude", POST, AMBIGUOUS,
      "1 /Itinerary/include: XInclude",
      text(TRIP("<x:include xmlns:x='http://www.w3.org/2003/XInclude'/>")) },
    { "a query in an id", POST, AMBIGUOUS,
      "1 /Itinerary/id: an id that does not end in a path segment",
      text(TRIP("<id>http://h/X?y=/Z</id>")) },
    { "a fragment in an id", POST, AMBIGUOUS,
      "1 /Itinerary/id: an id that does not end in a path segment",
      text(TRIP("<id>X#</id>")) },
    { "a slash at the end of an id", POST, AMBIGUOUS,
      "1 /Itinerary/id: an id that does not end in a path segment",
      text(TRIP("<id>http://h/X/</id>")) },

    /* documents that are not what they should be */

    { "another root", POST, INVALID, "1 /Booking: the root is not Itinerary",
      text("<Booking" NS "/>") },
    { "all violations", POST, INVALID,
      "2 /Itinerary/Bookings/Booking[1]/RecordLocator:"
      " RecordLocator is missing; "
      "2 /Itinerary/Bookings/Booking[1]/BookingSource:"
      " BookingSource is missing; "
      "3 /Itinerary/Bookings/Booking[2]/RecordLocator:"
      " RecordLocator is empty; "
      "4 /Itinerary/Bookings/Booking[2]/BookingSource:"
      " BookingSource is empty; "
      "5 /Itinerary/Bookings/Booking[3]/RecordLocator:"
      " RecordLocator has a character that is not allowed; "
      "6 /Itinerary/Bookings/Booking[3]/BookingSource:"
      " BookingSource has a character that is not allowed; "
      "7 /Itinerary/Bookings/Booking[4]/RecordLocator:"
      " RecordLocator is too long; "
      "7 /Itinerary/Bookings/Booking[4]/BookingSource:"
      " BookingSource is too long; "
      "8 /Itinerary/Bookings/Booking[5]/RecordLocator:"
      " RecordLocator is too long",
      text(TRIP("<Bookings>\n<Booking/>\n"
           "<Booking>" LOCATOR("") "\n" SOURCE(" \r\t") "</Booking>\n"
           "<Booking>" LOCATOR("A 1") "\n" SOURCE("A\xc3\xa9") "</Booking>\n"
           "<Booking>" LOCATOR(S50 "x") SOURCE(S32 "x") "</Booking>\n"
           "<Booking>" SOURCE("S")
           LOCATOR("x" S250 S250 S250 S250 S50) "</Booking>\n"
           "</Bookings>")) },
    { "a violation and then a hard error", POST, AMBIGUOUS,
      "1 /Itinerary/id: a second one",
      text(TRIP("<Bookings><Booking/></Bookings><id/><id/>")) },
    { "a violation and then a syntax error", POST, MALFORMED, "*",
      text("<Itinerary><Bookings><Booking/></Bookings></Itinerary") },
    { "an endless id", POST, INVALID, "1 /Itinerary/id: id is too long",
      text(TRIP("<id>" S250 S250 S250 S250 S50 "</id>")) },
    { "an endless status", POST, INVALID,
      "1 /Itinerary/TripStatus: TripStatus is too long",
      text(TRIP("<TripStatus>" S250 "123456</TripStatus>")) },
    { "the longest status", POST, OK, "status=" S250 "12345",
      text(TRIP("<TripStatus>" S250 "12345</TripStatus>")) },
    { "an id after endless white space", POST, OK, "id=1",
      text(TRIP("<id>" W50 W50 W50 W50 W50 W50 W50 W50 W50 W50 W50 W50 W50
                W50 W50 W50 W50 W50 W50 W50 W50 "1 </id>")) },

    /* what is no XML */

    { "nothing", POST, MALFORMED, "*", text("") },
    { "white space", POST, MALFORMED, "*", text(" \n \n ") },
    { "two roots", POST, MALFORMED, "*", text(TRIP("") TRIP("")) },
    { "trailing text", POST, MALFORMED, "*", text(TRIP("") "a") },
    { "a trailing NUL", POST, MALFORMED, "*", text(TRIP("") "\0") },
    { "trailing NULs", POST, MALFORMED, "*", text(TRIP("") "\n\0\0\0\0") },
    { "a NUL in text", POST, MALFORMED, "*", text(TRIP("a\0b")) },
    { "a NUL in a tag", POST, MALFORMED, "*", text(TRIP("<a\0></a>")) },
    { "a truncated document", POST, MALFORMED, "*",
      text("<Itinerary><TripName>a</TripName>") },
    { "tags that cross", POST, MALFORMED, "*", text(TRIP("<a><b></a></b>")) },
    { "an attribute twice", POST, MALFORMED, "*",
      text(TRIP("<a b='c' b='d'/>")) },
    { "an attribute twice by namespace", POST, MALFORMED, "*",
      text(TRIP("<a xmlns:p='x' xmlns:q='x' p:b='c' q:b='d'/>")) },
    { "an unbound prefix", POST, MALFORMED, "*", text(TRIP("<p:a/>")) },
    { "an unbound prefix of an attribute", POST, MALFORMED, "*",
      text(TRIP("<a p:b='c'/>")) },
    { "two colons", POST, MALFORMED, "*", text(TRIP("<a:b:c/>")) },
    { "an unknown entity", POST, MALFORMED, "*", text(TRIP("&nbsp;")) },
    { "an unknown entity in a value", POST, MALFORMED, "*",
      text(TRIP("<a b='&nbsp;'/>")) },
    { "an ampersand", POST, MALFORMED, "*", text(TRIP("a & b")) },
    { "a control character", POST, MALFORMED, "*", text(TRIP("\x01")) },
    { "a reference to a control character", POST, MALFORMED, "*",
      text(TRIP("&#0;")) },
    { "an overlong sequence", POST, MALFORMED, "*",
      text(TRIP("<TripName>\xc0\xbc</TripName>")) },
    { "Latin-1", POST, MALFORMED, "*",
      text(TRIP("<TripName>caf\xe9</TripName>")) },
    { "an end of CDATA in text", POST, MALFORMED, "*", text(TRIP("a]]>b")) },
    { "a less-than sign in a value", POST, MALFORMED, "*",
      text(TRIP("<a b='<'/>")) },
    { "a declaration that is not first", POST, MALFORMED, "*",
      text("\n<?xml version='1.0'?>" TRIP("")) },
    { "a document type", POST, DOCTYPE, "1 : a declaration",
      text("<!DOCTYPE Itinerary [<!ENTITY a \"b\">]>" TRIP("&a;")) },
    { "UTF-16", POST, UNSUPPORTED, "*", text("\xff\xfe<\0a\0/\0>\0") },
    { "Latin-1 declared", POST, UNSUPPORTED, "*",
      text("<?xml version='1.0' encoding='ISO-8859-1'?>" TRIP("")) },

    /* answers */

    { "an answer", ANSWER, OK,
      "id=X itin=L1 name=T S|A1/1@1 #1 S|A2/0@1",
      text("<Itinerary" NS "><id>https://h/trip/v1.1/X</id>"
           "<ItinLocator>L1</ItinLocator><TripName>T</TripName><Bookings>"
           BOOKING("<Segments><Car>" NUMBER("1") "</Car></Segments>")
           "<Booking><Segments/>" LOCATOR("A2") SOURCE("S") "</Booking>"
           "</Bookings></Itinerary>") },
    { "a Booking below Itinerary in an answer", ANSWER, OK, "S|A1/0@1",
      text(TRIP(BOOKING(""))) },
    { "several Bookings in an answer", ANSWER, OK,
      "S|A1/0@1 S|A2/0@1 S|A3/0@1",
      text(TRIP("<Bookings>" BOOKING("") "</Bookings><Bookings><Booking>"
                LOCATOR("A2") SOURCE("S") "</Booking></Bookings><Booking>"
                LOCATOR("A3") SOURCE("S") "</Booking>")) },
    { "several Segments in an answer", ANSWER, OK, "S|A1/3@1",
      text(BOOKINGS(BOOKING("<Segments><Car/></Segments><Segments><Air/>"
                            "<b:Car xmlns:b='c'/></Segments>"))) },
    { "the namespaces mixed in an answer", ANSWER, OK, "id=1 S|A1/0@1",
      text("<Itinerary xmlns='https" URI "'><id xmlns=''>1</id>"
           "<Bookings" NS ">" BOOKING("") "</Bookings></Itinerary>") },
    { "no namespace in an answer", ANSWER, OK, "S|A1/0@1",
      text("<Itinerary>" BOOKING("") "</Itinerary>") },
    { "foreign elements in an answer", ANSWER, OK, "S|A1/0@1",
      text(TRIP("<id xmlns='a'>1</id>"
                "<Booking xmlns='a'>" LOCATOR("B") "</Booking>"
                BOOKING("<c>" LOCATOR("D") "</c>"))) },
    { "the first of two counts in an answer", ANSWER, OK,
      "id=1 name=a S|A1/0@1",
      text(TRIP("<id>1</id><id>2</id><TripName>a</TripName><TripName>b"
                "</TripName>" BOOKING(LOCATOR("B") SOURCE("T")))) },
    { "one booking twice in an answer", ANSWER, OK, "S|A1/0@1 S|A1/0@1",
      text(TRIP(BOOKING("") BOOKING(""))) },
    { "names that are none in an answer", ANSWER, OK, "/0@1 /0@1 /0@1 S|A1/0@1",
      text(BOOKINGS("<Booking/><Booking>" LOCATOR("") SOURCE("a")
                    "</Booking><Booking>" LOCATOR("XYZ123, EYQA1001")
                    SOURCE("a") "</Booking>" BOOKING(""))) },
    { "nil in an answer", ANSWER, OK, "/0@1",
      text("<Itinerary" NS XSI "><Bookings><Booking><RecordLocator"
           " xsi:nil='true'/><BookingSource xsi:nil='true'/></Booking>"
           "</Bookings></Itinerary>") },
    { "comments, CDATA and instructions in an answer", ANSWER, OK,
      "id=123 S|A1/0@1",
      text("<?a?>" TRIP("<id>1<!-- a -->2<?b?><![CDATA[3]]></id>"
                        BOOKING("<x:include xmlns:x="
                                "'http://www.w3.org/2001/XInclude'/>"))) },
    { "another letter case in an answer", ANSWER, OK, "id=1",
      text(TRIP("<ID>2</ID><id>1</id><bookings>" BOOKING("")
                "</bookings>")) },
    { "a query in an id of an answer", ANSWER, OK, "id=X",
      text(TRIP("<id>http://h/X?y=/Z</id>")) },
    { "an id of an answer that ends in a slash", ANSWER, OK, "",
      text(TRIP("<id>http://h/X/</id>")) },
    { "an endless id in an answer", ANSWER, OK, "",
      text(TRIP("<id>" S250 S250 S250 S250 S50 "</id>")) },
    { "another root in an answer", ANSWER, INVALID,
      "1 /ConnectResponse: the root is not Itinerary",
      text("<ConnectResponse>" TRIP("") "</ConnectResponse>") },
    { "a root in another case in an answer", ANSWER, INVALID,
      "1 /itinerary: the root is not Itinerary", text("<itinerary/>") },
    { "a foreign root in an answer", ANSWER, INVALID,
      "1 /Itinerary: the root is not Itinerary",
      text("<Itinerary xmlns='a'/>") },
    { "a document type in an answer", ANSWER, DOCTYPE, "1 : a declaration",
      text("<!DOCTYPE Itinerary>" TRIP("")) },
    { "HTML", ANSWER, DOCTYPE, "1 : a declaration",
      text("<!doctype html>\n<html><body>503</body></html>") },
    { "a truncated answer", ANSWER, MALFORMED, "*",
      text("<Itinerary><id>1</id><Bookings>") },

    /* other roots */

    { "a booking by itself", BOOK, OK, "booking: S|A1/2@2 #N2 #N1",
      text("<?xml version='1.0'?>\n<Booking" NS "><Segments><Car>"
           NUMBER(" n1 ") "</Car><Air>" NUMBER("N2") "</Air></Segments>"
           LOCATOR("a1") SOURCE("s") "</Booking>\n") },
    { "a booking in no namespace", BOOK, OK, "booking: S|A1/0@1",
      text(BOOKING("")) },
    { "a trip where a booking is due", BOOK, INVALID,
      "1 /Itinerary: the root is not Booking", text(BOOKINGS(BOOKING(""))) },
    { "a booking in another namespace", BOOK, AMBIGUOUS,
      "1 /Booking: another namespace",
      text("<Booking xmlns='a'>" LOCATOR("A1") SOURCE("S") "</Booking>") },
    { "a booking in another case", BOOK, AMBIGUOUS,
      "1 /booking: another letter case", text("<booking/>") },
    { "a booking with a type", BOOK, AMBIGUOUS,
      "1 /Booking: xsi:nil or xsi:type",
      text("<Booking" XSI " xsi:type='a'/>") },
    { "a booking in a booking", BOOK, AMBIGUOUS,
      "1 /Booking/Booking: at another place than its own",
      text("<Booking>" LOCATOR("A1") SOURCE("S") BOOKING("")
           "</Booking>") },
    { "Bookings in a booking", BOOK, AMBIGUOUS,
      "1 /Booking/Bookings: at another place than its own",
      text("<Booking>" LOCATOR("A1") SOURCE("S") "<Bookings/></Booking>") },
    { "a status of the trip in a booking", BOOK, AMBIGUOUS,
      "1 /Booking/TripStatus: at another place than its own",
      text("<Booking>" LOCATOR("A1") SOURCE("S")
           "<TripStatus>2</TripStatus></Booking>") },
    { "a booking with two locators", BOOK, AMBIGUOUS,
      "2 /Booking/RecordLocator: a second one",
      text("<Booking>" LOCATOR("A1") "\n" LOCATOR("A1") SOURCE("S")
           "</Booking>") },
    { "a booking without its name", BOOK, INVALID,
      "2 /Booking/RecordLocator: RecordLocator is missing; "
      "2 /Booking/BookingSource: BookingSource is missing",
      text("<Booking\n/>") },
    { "a booking with a bad name", BOOK, INVALID,
      "2 /Booking/BookingSource: BookingSource is missing; "
      "3 /Booking/RecordLocator: RecordLocator has a character that is not"
      " allowed",
      text("\n<Booking>\n" LOCATOR("A 1") "</Booking>") },
    { "two bookings", BOOK, MALFORMED, "*", text(BOOKING("") BOOKING("")) },

    { "a booking as an answer", BOOKED, OK, "booking: S|A1/1@1 #N1",
      text(BOOKING("<Segments><Car>" NUMBER("N1") "</Car></Segments>")) },
    { "a booking as an answer without its name", BOOKED, OK, "booking: /0@1",
      text("<Booking/>") },
    { "a trip as an answer to a booking", BOOKED, OK, "id=1 S|A1/0@1",
      text(TRIP("<id>http://h/1</id>" BOOKING(""))) },
    { "a segment as an answer", BOOKED, OK, "segment:",
      text("<Car" NS ">" NUMBER("N1") "<id>1</id></Car>") },
    { "a segment that there is not", BOOKED, INVALID,
      "1 /Cab: the root is not Itinerary", text("<Cab/>") },
    { "a booking as an answer where a trip is due", ANSWER, INVALID,
      "1 /Booking: the root is not Itinerary", text(BOOKING("")) },

    /* confirmation numbers */

    { "a number that is none", POST, OK, "S|A1/3@1 #OK",
      text(BOOKINGS(BOOKING("<Segments><Car>" NUMBER("") "</Car><Car>"
                            NUMBER("a b") "</Car><Car>" NUMBER("ok")
                            "</Car></Segments>"))) },
    { "a number at its longest", POST, OK, "S|A1/2@1 #" S50,
      text(BOOKINGS(BOOKING("<Segments><Car>" NUMBER(S50) "</Car><Car>"
                            NUMBER(S50 "X") "</Car></Segments>"))) },
    { "an endless number", POST, OK, "S|A1/1@1",
      text(BOOKINGS(BOOKING("<Segments><Car>" NUMBER(S250 S250 S250 S250 S50)
                            "</Car></Segments>"))) },
    { "two numbers in a segment", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/Segments/*[1]/ConfirmationNumber:"
      " a second one",
      text(BOOKINGS(BOOKING("<Segments><Car>" NUMBER("1") NUMBER("1")
                            "</Car></Segments>"))) },
    { "numbers deeper down", POST, OK, "S|A1/1@1 #N1",
      text(BOOKINGS(BOOKING("<Segments><Car><Seat>" NUMBER("N2") "</Seat>"
                            NUMBER("N1") "</Car></Segments>"))) },
    { "two numbers in a segment of an answer", ANSWER, OK, "S|A1/1@1 #1",
      text(BOOKINGS(BOOKING("<Segments><Car>" NUMBER("1") NUMBER("2")
                            "</Car></Segments>"))) },
    { "each booking has its own", POST, OK, "S|A1/1@1 #1 T|A1/1@1 #2",
      text(BOOKINGS(BOOKING("<Segments><Car>" NUMBER("1")
                            "</Car></Segments>")
                    "<Booking>" LOCATOR("A1") SOURCE("T") "<Segments><Car>"
                    NUMBER("2") "</Car></Segments></Booking>")) },

    /* passengers */

    { "a locator in a passenger", POST, OK, "S|A1/0@1",
      text(BOOKINGS(BOOKING("<Passengers>" LOCATOR("B2") "<Passenger>"
                            LOCATOR("C3") "<a>" LOCATOR("D4")
                            "</a></Passenger></Passengers>"))) },
    { "a status in a passenger", POST, AMBIGUOUS,
      "1 /Itinerary/Bookings/Booking[1]/Passengers/Passenger[2]/TripStatus:"
      " at another place than its own",
      text(BOOKINGS(BOOKING("<Passengers><Passenger/><Passenger>"
                            "<TripStatus/></Passenger></Passengers>"))) }
};


typedef struct {
    const u_char         *data;
    size_t                len;
    size_t                cut;        /* the first piece; 0: byte by byte */
    unsigned              fail;       /* the allocation that fails, or 0 */
} feed_t;


static char *
show_field(char *p, const char *name, const itinerary_str_t *value)
{
    if (value->len == 0) {
        return p;
    }

    return p + sprintf(p, "%s=%.*s ", name, (int) value->len,
                       (char *) value->data);
}


/* what became of the document, in one line; static: until the next call */

static const char *
show(itinerary_reader_t *reader)
{
    char                      *p;
    unsigned                   i;
    itinerary_error_t         *error;
    itinerary_detail_t        *detail;
    itinerary_booking_t       *booking;
    itinerary_document_t      *document;
    itinerary_confirmation_t  *number;
    static char                buf[65536];

    p = buf;
    document = itinerary_reader_document(reader);
    error = itinerary_reader_error(reader);

    if (document == NULL) {

        for (detail = error->details; detail; detail = detail->next) {
            p += sprintf(p, "%u %s: %s; ", detail->line, detail->path,
                         detail->text);
        }

        p[p > buf ? -2 : 0] = '\0';
        return buf;
    }

    assert_int_equal(error->reason, OK);
    assert_null(error->details);

    if (document->root != ITINERARY_ROOT_ITINERARY) {
        p += sprintf(p, "%s: ", document->root == ITINERARY_ROOT_BOOKING
                                ? "booking" : "segment");
    }

    p = show_field(p, "id", &document->id);
    p = show_field(p, "itin", &document->itin_locator);
    p = show_field(p, "trip", &document->trip_id);
    p = show_field(p, "name", &document->trip_name);
    p = show_field(p, "status", &document->trip_status);
    p = show_field(p, "start", &document->start);
    p = show_field(p, "end", &document->end);

    for (i = 0; i < document->nbookings; i++) {
        booking = &document->bookings[i];
        p += sprintf(p, "%.*s/%u@%u ", (int) booking->name.len,
                     booking->name.len ? (char *) booking->name.data : "",
                     booking->segments, booking->line);

        /* the last one is the first in the list */

        for (number = booking->confirmations; number; number = number->next) {
            p += sprintf(p, "#%.*s ", (int) number->number.len,
                         (char *) number->number.data);
        }
    }

    p[p > buf ? -1 : 0] = '\0';

    return buf;
}


/* all zero but for what a kind of document is read with */

static void
set_conf(itinerary_reader_conf_t *conf, unsigned kind)
{
    memset(conf, 0, sizeof(itinerary_reader_conf_t));

    conf->reading = (kind & ANSWER) ? ITINERARY_READ_ANSWER
                                    : ITINERARY_READ_POST;
    conf->max_bookings = 8;
    conf->roots = ITINERARY_ROOT_ITINERARY;

    if (kind == BOOK) {
        conf->roots = ITINERARY_ROOT_BOOKING;

    } else if (kind == BOOKED) {
        conf->roots |= ITINERARY_ROOT_BOOKING|ITINERARY_ROOT_SEGMENT;
    }
}


/* every piece is a block of its own, so that an overread is seen */

static itinerary_result_e
feed_piece(itinerary_reader_t *reader, const u_char *data, size_t len)
{
    u_char              *piece;
    itinerary_result_e   rc;

    piece = malloc(len);
    memcpy(piece, data, len);

    rc = itinerary_reader_feed(reader, piece, len);

    free(piece);

    return rc;
}


static itinerary_result_e
feed(itinerary_reader_t *reader, const feed_t *f)
{
    size_t              i;
    itinerary_result_e  rc;

    assert_null(itinerary_reader_document(reader));

    if (f->cut == 0) {
        for (i = 0; i < f->len; i++) {
            (void) feed_piece(reader, f->data + i, 1);
        }

    } else {
        (void) feed_piece(reader, f->data, f->cut);
        (void) feed_piece(reader, f->data + f->cut, f->len - f->cut);
    }

    rc = itinerary_reader_finish(reader);

    /* whatever it was, it stays */

    assert_int_equal(itinerary_reader_finish(reader), rc);
    assert_int_equal(itinerary_reader_feed(reader, (u_char *) "", 0), rc);

    return rc;
}


static void
check(const row_t *row, const feed_t *f)
{
    arena_t                   arena;
    const char               *got;
    itinerary_result_e        rc;
    itinerary_reader_t       *reader;
    itinerary_reader_conf_t   conf;

    set_conf(&conf, row->kind);

    arena_init(&arena, 0);

    reader = itinerary_reader_create(&arena.pool, &conf);
    assert_non_null(reader);

    rc = feed(reader, f);

    assert_int_equal(itinerary_reader_error(reader)->reason, row->reason);
    assert_int_equal(rc, row->reason == OK ? ITINERARY_OK
                                           : ITINERARY_REFUSED);
    got = show(reader);

    if (strcmp(row->expected, "*") != 0) {
        assert_string_equal(got, row->expected);
    }

    itinerary_reader_destroy(reader);
    arena_free(&arena);
}


static void
test_row(void **state)
{
    feed_t        f;
    const row_t  *row = *state;

    memset(&f, 0, sizeof(feed_t));

    f.data = (u_char *) row->text;
    f.len = row->len;

    for (f.cut = 0; f.cut <= row->len; f.cut++) {
        check(row, &f);
    }
}


/* the last byte of the document is the last of the page */

static void
test_page(void **state)
{
    size_t                    size;
    u_char                   *page;
    arena_t                   arena;
    unsigned                  i;
    const row_t              *row;
    itinerary_reader_t       *reader;
    itinerary_reader_conf_t   conf;

    (void) state;

    size = sysconf(_SC_PAGESIZE);

    page = mmap(NULL, 2 * size, PROT_READ|PROT_WRITE,
                MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(page, MAP_FAILED);
    assert_int_equal(mprotect(page + size, size, PROT_NONE), 0);

    for (i = 0; i < nelts(rows); i++) {
        row = &rows[i];

        memset(page, ' ', size);
        memcpy(page + size - row->len, row->text, row->len);

        set_conf(&conf, row->kind);
        conf.charset = ITINERARY_CHARSET_US_ASCII;

        arena_init(&arena, 0);

        reader = itinerary_reader_create(&arena.pool, &conf);
        (void) itinerary_reader_feed(reader, page + size - row->len,
                                     row->len);
        (void) itinerary_reader_finish(reader);
        itinerary_reader_destroy(reader);

        /* as one large piece */

        reader = itinerary_reader_create(&arena.pool, &conf);
        (void) itinerary_reader_feed(reader, page, size);
        (void) itinerary_reader_finish(reader);
        itinerary_reader_destroy(reader);

        arena_free(&arena);
    }

    assert_int_equal(munmap(page, 2 * size), 0);
}


/* white space in front moves the border of libxml2's pieces through it */

static void
test_border(void **state)
{
    size_t    n;
    feed_t    f;
    u_char    data[8192];
    unsigned  i;

    (void) state;

    for (i = 0; i < nelts(rows); i++) {

        if (rows[i].len < 10 || memcmp(rows[i].text, "<Itinerary", 10) != 0) {
            continue;
        }

        for (n = 0; n <= rows[i].len; n++) {
            memset(&f, 0, sizeof(feed_t));
            memset(data, ' ', 4096);
            memcpy(data + 4096 - n, rows[i].text, rows[i].len);

            f.data = data;
            f.len = 4096 - n + rows[i].len;

            check(&rows[i], &f);

            f.cut = 4096;

            if (f.len >= f.cut) {
                check(&rows[i], &f);
            }
        }
    }
}


/*
 * Returns whether there was an allocation to fail.  libxml2 2.9 tells of some
 * failures as of a syntax error, and lives without some.
 */

static int
starve(const row_t *row, unsigned fail, unsigned fail_xml)
{
    int                       done;
    feed_t                    f;
    arena_t                   arena;
    unsigned                  live;
    itinerary_result_e        rc;
    itinerary_reader_t       *reader;
    itinerary_reader_conf_t   conf;

    f.data = (u_char *) row->text;
    f.len = row->len;
    f.cut = row->len;

    set_conf(&conf, row->kind);

    arena_init(&arena, fail);

    live = xml_live;
    xml_count = 0;
    xml_fail = fail_xml;

    reader = itinerary_reader_create(&arena.pool, &conf);

    if (reader) {
        rc = feed(reader, &f);

        if (rc == ITINERARY_OK) {
            assert_int_equal(row->reason, OK);
            assert_string_equal(show(reader), row->expected);

        } else {
            assert_null(itinerary_reader_document(reader));
        }

        if (rc == ITINERARY_REFUSED && row->reason == OK) {
            assert_int_not_equal(fail_xml, 0);
            assert_int_equal(itinerary_reader_error(reader)->reason,
                             MALFORMED);
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
    unsigned  i, n;

    (void) state;

    for (i = 0; i < nelts(rows); i++) {
        for (n = 1; starve(&rows[i], n, 0); n++) { /* void */ }
        for (n = 1; starve(&rows[i], 0, n); n++) { /* void */ }
    }
}


/* "head", "unit" n times with %u counted up, "tail", "close" n times */

static void
limit(unsigned kind, const char *head, const char *unit,
    unsigned n, const char *tail, const char *close,
    itinerary_reason_e reason)
{
    char      *data, *p;
    row_t      row;
    feed_t     f;
    unsigned   i;

    memset(&row, 0, sizeof(row_t));

    row.kind = kind;
    row.reason = reason;
    row.expected = "*";

    data = malloc(strlen(head) + n * (strlen(unit) + strlen(close) + 10)
                  + strlen(tail) + 1);

    p = data + sprintf(data, "%s", head);

    for (i = 0; i < n; i++) {
        p += sprintf(p, unit, i);
    }

    p += sprintf(p, "%s", tail);

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s", close);
    }

    memset(&f, 0, sizeof(feed_t));

    f.data = (u_char *) data;
    f.len = p - data;

    check(&row, &f);

    f.cut = f.len;
    check(&row, &f);

    f.cut = f.len / 2;
    check(&row, &f);

    free(data);
}


static void
test_limits(void **state)
{
    unsigned  kind;

    static const char  booking[] = "<Booking>" LOCATOR("L%u") SOURCE("S")
                                   "</Booking>";

    (void) state;

    for (kind = POST; kind <= ANSWER; kind++) {

        limit(kind, "<Itinerary><Bookings>", booking, 7,
              "</Bookings></Itinerary>", "", OK);
        limit(kind, "<Itinerary><Bookings>", booking, 8,
              "</Bookings></Itinerary>", "", OK);
        limit(kind, "<Itinerary><Bookings>", booking, 9,
              "</Bookings></Itinerary>", "", TOO_LARGE);

        limit(kind, "<Itinerary", " a%u='b'", 63, "/>", "", OK);
        limit(kind, "<Itinerary", " a%u='b'", 64, "/>", "", OK);
        limit(kind, "<Itinerary", " a%u='b'", 65, "/>", "", TOO_LARGE);

        limit(kind, "<Itinerary", " ", ITINERARY_TAG_MAX - 13, "/>", "",
              OK);
        limit(kind, "<Itinerary", " ", ITINERARY_TAG_MAX - 12, "/>", "",
              OK);
        limit(kind, "<Itinerary", " ", ITINERARY_TAG_MAX - 11, "/>", "",
              TOO_LARGE);

        limit(kind, "<Itinerary>", "<a/>", 100000, "</Itinerary>", "",
              OK);

        /* libxml2 has some names of its own */

        limit(kind, "<Itinerary>", "<a%u/>", ITINERARY_NAMES_MAX - 32,
              "</Itinerary>", "", OK);
        limit(kind, "<Itinerary>", "<a%u/>", ITINERARY_NAMES_MAX,
              "</Itinerary>", "", TOO_LARGE);
        limit(kind, "<Itinerary>", "<a b%u=''/>", ITINERARY_NAMES_MAX,
              "</Itinerary>", "", TOO_LARGE);
        limit(kind, "<Itinerary>", "<a xmlns='b%u'/>", ITINERARY_NAMES_MAX,
              "</Itinerary>", "", TOO_LARGE);

        limit(kind, "<Itinerary><!--", ">", ITINERARY_SECTION_MAX - 7,
              "--></Itinerary>", "", MALFORMED);
        limit(kind, "<Itinerary><!-- ", ">", ITINERARY_SECTION_MAX - 8,
              "--></Itinerary>", "", OK);
        limit(kind, "<Itinerary><!-- ", ">", ITINERARY_SECTION_MAX - 7,
              "--></Itinerary>", "", TOO_LARGE);
        limit(kind, "<Itinerary><![CDATA[", "]>", 30000,
              "]]></Itinerary>", "", OK);
    }
}


static void
test_depth(void **state)
{
    unsigned      n, i;
    feed_t        f;
    row_t         row;
    char          data[4096], *p;

    static const struct {
        unsigned            n;
        itinerary_reason_e  reason;
    } depths[] = {
        { 63, OK },
        { 64, OK },
        { 65, TOO_LARGE }
    };

    (void) state;

    memset(&row, 0, sizeof(row_t));
    memset(&f, 0, sizeof(feed_t));

    row.expected = "*";

    for (i = 0; i < nelts(depths); i++) {
        p = data + sprintf(data, "<Itinerary>");

        for (n = 1; n < depths[i].n; n++) {
            p += sprintf(p, "<a>");
        }

        for (n = 1; n < depths[i].n; n++) {
            p += sprintf(p, "</a>");
        }

        p += sprintf(p, "</Itinerary>");

        f.data = (u_char *) data;
        f.len = p - data;

        row.reason = depths[i].reason;

        for (f.cut = 0; f.cut <= f.len; f.cut++) {
            check(&row, &f);
        }
    }
}


/* 100 kB with 500 segments, in pieces of all lengths */

static void
test_pieces(void **state)
{
    char                     *data, *p;
    size_t                    len, n, i;
    arena_t                   arena;
    itinerary_reader_t       *reader;
    itinerary_reader_conf_t   conf;

    (void) state;

    data = malloc(256 * 1024);
    p = data + sprintf(data, "<Itinerary" NS "><TripName>a &amp; b</TripName>"
                       "<Bookings>\n");

    for (i = 0; i < 50; i++) {
        p += sprintf(p, "<Booking><Segments>");

        for (n = 0; n < 10; n++) {
            p += sprintf(p, "<Car><Vendor a='>'>caf\xc3\xa9 %u</Vendor>"
                         "<!-- <Booking> -->" NUMBER("%u")
                         "<Name><![CDATA[<Booking>]]></Name>\r\n"
                         "<StartDateLocal>2013-12-22T12:00:00"
                         "</StartDateLocal></Car>\n",
                         (unsigned) n, (unsigned) n);
        }

        p += sprintf(p, "</Segments>" LOCATOR("L%u") SOURCE("S")
                     "</Booking>\n", (unsigned) i);
    }

    p += sprintf(p, "</Bookings></Itinerary>");
    len = p - data;

    set_conf(&conf, POST);
    conf.max_bookings = 512;

    for (n = 1; n < len; n += (n < 64) ? 1 : n / 3) {
        arena_init(&arena, 0);

        reader = itinerary_reader_create(&arena.pool, &conf);

        for (i = 0; i < len; i += n) {
            assert_int_equal(feed_piece(reader, (u_char *) data + i,
                                        n < len - i ? n : len - i),
                             ITINERARY_OK);
        }

        assert_int_equal(itinerary_reader_finish(reader), ITINERARY_OK);
        assert_int_equal(itinerary_reader_document(reader)->nbookings, 50);
        assert_int_equal(itinerary_reader_document(reader)->bookings[49].line,
                         2 + 49 * 21);
        assert_int_equal(
            itinerary_reader_document(reader)->bookings[49].segments, 10);

        itinerary_reader_destroy(reader);
        arena_free(&arena);
    }

    free(data);
}


/* more bytes after the end are refused, and what was made of it is gone */

static void
test_after(void **state)
{
    arena_t                   arena;
    itinerary_reader_t       *reader;
    itinerary_reader_conf_t   conf;

    static u_char  text[] = "<Itinerary/>";

    (void) state;

    set_conf(&conf, POST);
    arena_init(&arena, 0);

    reader = itinerary_reader_create(&arena.pool, &conf);

    assert_int_equal(itinerary_reader_feed(reader, text, 12), ITINERARY_OK);
    assert_null(itinerary_reader_document(reader));
    assert_int_equal(itinerary_reader_finish(reader), ITINERARY_OK);
    assert_non_null(itinerary_reader_document(reader));
    assert_int_equal(itinerary_reader_feed(reader, (u_char *) " ", 1),
                     ITINERARY_REFUSED);
    assert_null(itinerary_reader_document(reader));
    assert_int_equal(itinerary_reader_finish(reader), ITINERARY_REFUSED);
    assert_int_equal(itinerary_reader_error(reader)->reason, MALFORMED);

    itinerary_reader_destroy(reader);
    arena_free(&arena);
}


/* a document outlives the reader's parser, which may go at any time */

static void
test_destroy(void **state)
{
    size_t                    n;
    arena_t                   arena;
    itinerary_document_t     *document;
    itinerary_reader_t       *reader;
    itinerary_reader_conf_t   conf;

    static u_char  text[] = TRIP("<id>1</id>");

    (void) state;

    set_conf(&conf, POST);
    arena_init(&arena, 0);

    for (n = 0; n < sizeof(text); n++) {
        reader = itinerary_reader_create(&arena.pool, &conf);
        (void) itinerary_reader_feed(reader, text, n);
        itinerary_reader_destroy(reader);
    }

    reader = itinerary_reader_create(&arena.pool, &conf);
    (void) itinerary_reader_feed(reader, text, sizeof(text) - 1);
    assert_int_equal(itinerary_reader_finish(reader), ITINERARY_OK);

    document = itinerary_reader_document(reader);
    itinerary_reader_destroy(reader);

    assert_int_equal(document->id.len, 1);
    assert_int_equal(document->id.data[0], '1');

    arena_free(&arena);
}


int
main(void)
{
    unsigned           n;
    struct CMUnitTest  tests[nelts(rows) + 8];

    static const struct CMUnitTest  others[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_border),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_after),
        cmocka_unit_test(test_destroy)
    };

    if (!xml_setup()) {
        return 1;
    }

    n = rows_tests(tests, test_row, rows, sizeof(rows[0]), nelts(rows),
                   others, nelts(others));

    cmocka_set_message_output(CM_OUTPUT_TAP);

    n = _cmocka_run_group_tests("reader", tests, n, NULL, NULL);

    xmlCleanupParser();

    return n;
}
