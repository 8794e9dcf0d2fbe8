"""The documents of the benchmark, always the same.

@ID@ stands for the trip's id, with which its bookings' names begin, too.
"""

NAMESPACE = "http://www.concursolutions.com/api/travel/trip/2010/06"
SOURCE = "Benchmark Travel"

HEAD = ('<Itinerary xmlns="%s"><TripName>From Boston to Denver</TripName>'
        '<TripStatus>HK</TripStatus><Comments/>'
        '<StartDateLocal>2031-05-12T08:10:00</StartDateLocal>'
        '<EndDateLocal>2031-05-15T19:40:00</EndDateLocal>'
        '<BookedByFirstName>Dana</BookedByFirstName>'
        '<BookedByLastName>Example</BookedByLastName><Bookings>' % NAMESPACE)
TAIL = '</Bookings></Itinerary>'

SEGMENTS = (
    '<Air><Vendor>XX</Vendor><FlightNumber>417</FlightNumber>'
    '<ConfirmationNumber>@ID@%d</ConfirmationNumber>'
    '<StartCityCode>BOS</StartCityCode>'
    '<StartDateLocal>2031-05-12T08:10:00</StartDateLocal>'
    '<EndCityCode>DEN</EndCityCode>'
    '<EndDateLocal>2031-05-12T10:45:00</EndDateLocal>'
    '<ClassOfService>Y</ClassOfService></Air>',

    '<Hotel><Status>GK</Status>'
    '<ConfirmationNumber>@ID@%d</ConfirmationNumber>'
    '<Name>Example &amp; Sons Hotel</Name><StartCityCode>DEN</StartCityCode>'
    '<StartDateLocal>2031-05-12T15:00:00</StartDateLocal>'
    '<EndDateLocal>2031-05-15T11:00:00</EndDateLocal>'
    '<RoomType>K1</RoomType></Hotel>',

    '<Car><StartDateLocal>2031-05-12T11:30:00</StartDateLocal>'
    '<EndDateLocal>2031-05-15T16:00:00</EndDateLocal>'
    '<ConfirmationNumber>@ID@%d</ConfirmationNumber>'
    '<Vendor>YY</Vendor><StartCityCode>DEN</StartCityCode>'
    '<EndCityCode>DEN</EndCityCode><NumCars>1</NumCars></Car>')


def booking(number, segments):
    return ('<Booking>%s<Passengers><Passenger>'
            '<NameFirst>Dana</NameFirst><NameLast>Example</NameLast>'
            '</Passenger></Passengers><RecordLocator>@ID@%02d</RecordLocator>'
            '<BookingSource>%s</BookingSource>'
            '<DateBookedLocal>2031-04-02T11:20:00</DateBookedLocal></Booking>'
            % ('<Segments>%s</Segments>' % segments if segments
               else '<Segments/>', number, SOURCE))


def itinerary(size, bookings):
    """A document of about that many bytes."""
    room = (size - len(HEAD) - len(TAIL)) / bookings
    parts, n = [HEAD], 0

    for i in range(bookings):
        segments = ''

        while not segments or len(booking(i, segments)) + 150 < room:
            segments += SEGMENTS[n % len(SEGMENTS)] % n
            n += 1

        parts.append(booking(i, segments))

    return ''.join(parts + [TAIL])


def ids(trip):
    return ('<id>https://api.example.com/api/travel/trip/v1.1/%s</id>'
            '<ItinLocator>%s</ItinLocator>' % (trip, trip))


def answer_head(trip):
    """What the API puts in front of the posted elements."""
    return '<Itinerary xmlns="%s">%s' % (NAMESPACE, ids(trip))


def cancelled(trip, bookings):
    """The answer to a cancellation."""
    document = HEAD.replace('<TripName>', ids(trip) + '<TripName>')

    for i in range(bookings):
        document += booking(i, '').replace('@ID@', trip)

    return document + TAIL
