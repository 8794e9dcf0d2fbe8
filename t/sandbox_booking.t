#!/usr/bin/perl

# The sandbox's booking resource: where a posted booking goes, how a booking
# is cancelled, and what is answered.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Sandbox;

my $NS = 'http://www.concursolutions.com/api/travel/trip/2010/06';
my $TRIP = '/api/travel/trip/v1.1';
my $BOOKING = '/api/travel/booking/v1.1';

my $t = Itinerary->new;

my $conf = <<'END';
    server {
        listen 127.0.0.1:%%PORT%%;

        location /api/ {
            itinerary_sandbox 1m zone=trips;
        }

        location /booking/ {
            itinerary_sandbox 1m zone=trips booking=booking;
        }

        location /segment/ {
            itinerary_sandbox 1m zone=trips booking=segment;
        }

        location /itinerary/ {
            itinerary_sandbox 1m zone=trips booking=itinerary xmlns=http
                                 bookings=wrapped;
        }

        location /none/ {
            itinerary_sandbox 1m zone=trips booking=booking xmlns=https;
        }

        location /small/ {
            itinerary_sandbox 32k;
        }
    }
END

$t->nginx(workers => 2, conf => $conf);


sub book {
    my ($who, $args, $xml, $path) = @_;

    return $t->post_xml(($path // $BOOKING) . "?$args", $who, $xml);
}


sub cancel {
    my ($who, $args, $source, $number, $path) = @_;

    return $t->post_xml(($path // $BOOKING) . "/cancel?$args"
                        . "&bookingSource=$source&confirmationNumber=$number",
                        $who, undef);
}


sub create {
    my ($who, $args, %itinerary) = @_;

    return id_of($t->post_xml("$TRIP?$args", $who, itinerary(%itinerary)));
}


sub details {
    my ($id, $who) = @_;

    return $t->http('GET', "$TRIP/$id",
                    headers => [$who ? (Authorization => "OAuth $who") : ()]);
}


# a trip's fields, but for when it was modified

sub fields {
    my ($xml) = @_;

    return $xml =~ s{<Bookings>.*</Bookings>}{}sr
                =~ s{<DateModifiedUtc>[^<]*}{}r;
}


# the number of trips that a traveler has

sub trips {
    my ($args) = @_;

    return scalar(() = $t->http('GET', "$TRIP?$args")->{body} =~ /<TripId>/g);
}


# a booking with one segment of these dates

sub dated {
    my ($start, $end, %opt) = @_;

    my $dates = (defined $start ? "<StartDateLocal>$start</StartDateLocal>" : '')
                . (defined $end ? "<EndDateLocal>$end</EndDateLocal>" : '');

    return booking(source => 'Alpha', locator => 'A1', ns => '',
                   segments => "<Car>$dates</Car>", %opt);
}


my $CAR = <<'END';
<Car>
    <Vendor>AL</Vendor>
    <StartDateLocal>2013-12-21T12:00:00</StartDateLocal>
    <EndDateLocal>2013-12-23T12:00:00</EndDateLocal>
    <ConfirmationNumber>F16726AIUS</ConfirmationNumber>
    <StartCityCode>SEA</StartCityCode>
    <EndCity>Seattle</EndCity>
    <EndCityCode>SEA</EndCityCode>
    <DailyRate>35.0000</DailyRate>
    <Currency>USD</Currency>
</Car>
END

my $ALAMO = booking(source => 'Alamo', locator => 'PANAMA50', ns => '',
                    segments => $CAR);


# a new trip: the reference's example

{
    my $traveler = fresh();
    my $answer = book('Alamo', $traveler, $ALAMO);

    is($answer->{status}, 200, 'a booking is posted');
    like($answer->{body}, qr{^<Itinerary xmlns="https://}, 'the answer is a trip');

    my $id = id_of($answer);

    is(text($answer, 'Itinerary/id'), "http://localhost$TRIP/$id",
       'the id is that of the trip resource');
    is(text($answer, 'Itinerary/Booking/RecordLocator'), 'PANAMA50',
       'the booking stands directly in it');
    is(text($answer, 'Itinerary/TripName'), 'Trip to Seattle',
       'its name says where to');
    is(text($answer, 'Itinerary/StartDateLocal'), '2013-12-21T12:00:00',
       'it starts with the booking');
    is(text($answer, 'Itinerary/EndDateLocal'), '2013-12-23T12:00:00',
       'and ends with it');
    is(text($answer, 'Itinerary/BookedByFirstName'), 'Chris',
       'the passenger has booked it');
    is(text($answer, 'Itinerary/BookedByLastName'), 'Miller', 'all of him');
    is(text($answer, 'Itinerary/ItinSourceName'), 'TravelSupplier',
       'and it says what made it');
    like(text($answer, 'Itinerary/Booking/DateCreatedUtc'),
         qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\z/, 'the booking was created now');
    is(text($answer, 'Itinerary/Booking/DateModifiedUtc'),
       text($answer, 'Itinerary/Booking/DateCreatedUtc'), 'and modified');
    like($answer->{body}, qr/35\.0000/, 'the poster is shown amounts');

    my $details = details($id);

    is(text($details, 'Itinerary/Bookings/Booking/RecordLocator'), 'PANAMA50',
       'the trip is there');
    like($details->{body}, qr/^<Itinerary xmlns="\Q$NS\E">/, 'as any other');
    is(text($details, 'Itinerary/TripStatus'), 'HK', 'it has a status');
    unlike($details->{body}, qr/35\.0000/, 'others are shown no amounts');
    is(trips($traveler), 1, 'there is one');

    # a trip that is made for a booking is nobody's to cancel as a whole

    book('Beta', "$traveler&tripId=$id",
         booking(source => 'Beta', locator => 'B1', ns => ''));

    is(bookings($t->post_xml("$TRIP/cancel?tripId=$id", 'Alamo', undef)),
       'Alamo/PANAMA50- Beta/B1', 'a cancel reaches its poster\'s own');
}


# names of new trips

for (['<Air><EndCityCode>SFO</EndCityCode></Air>', 'Trip to SFO'],
     ['<Hotel><StartCity>S&#228;o &amp;</StartCity></Hotel>',
      "Trip to S\x{e4}o &"],
     ['<Hotel><StartCityCode>SEA</StartCityCode></Hotel>', 'Trip to SEA'],
     ['<Event><EndCity/></Event><Car><EndCity>x</EndCity></Car>', 'Trip'],
     ['', 'Trip'], [undef, 'Trip'])
{
    my ($segments, $name) = @$_;
    my $answer = book('Alpha', fresh(), booking(ns => '',
                                                segments => $segments));

    is(text($answer, 'Itinerary/TripName'), $name,
       'a trip is named after ' . ($segments // 'nothing'));
}


# an existing trip: the first that spans the booking

{
    my $traveler = fresh();
    my @dates = (start => '2014-06-02T10:00:00', end => '2014-06-05T18:00:00');

    create('Beta', $traveler, start => '2014-01-01', end => '2014-01-02');
    my $id = create('Beta', $traveler, @dates);

    my $expected = details($id)->{body};
    my $n = 0;

    my $into = sub {
        my ($start, $end, $name, %opt) = @_;

        my $answer = book('Alpha', $traveler,
                          dated($start, $end, locator => 'L' . ++$n, %opt));

        is(id_of($answer) eq $id ? 'in' : 'new', $name =~ /^in/ ? 'in' : 'new',
           ($start // 'nothing') . ' to ' . ($end // 'nothing') . ": $name");

        return id_of($answer);
    };

    $into->('2014-06-02T10:00:00', '2014-06-05T18:00:00', 'in');
    $into->('2014-06-03T00:00:00', '2014-06-03T01:00:00', 'in');
    $into->('2014-06-03T00:00:00', undef, 'in, with a start only');
    $into->(undef, '2014-06-03T00:00:00', 'in, with an end only');
    $into->('2014-06-04', '2014-06-03', 'in, the wrong way round');

    my $first = $into->('2014-06-02T09:59:59', '2014-06-02T10:00:01',
                        'new, for it starts before');

    $into->('2014-06-05T00:00:00', '2014-06-05T18:00:01', 'new, for it ends later');
    $into->(undef, undef, 'new, for it has no dates',
            DateBookedLocal => '2014-06-03T00:00:00');
    $into->('x', 'y', 'new, for dates are none');

    is(bookings(details($id)), 'Alpha/L1 Alpha/L2 Alpha/L3 Alpha/L4 Alpha/L5',
       'the bookings are added');
    is(fields(details($id)->{body}), fields($expected),
       'the trip remains as it is');

    is(text(details($first), 'Itinerary/StartDateLocal'), '2014-06-02T09:59:59',
       'a new trip has the dates of the booking');

    my $answer = book('Alpha', $traveler, booking(
        source => 'Alpha', locator => 'two', ns => '', segments => [
            '<Car><StartDateLocal>2015-02-03</StartDateLocal>'
            . '<EndDateLocal>2015-02-05</EndDateLocal></Car>',
            '<Car><StartDateLocal>2015-02-01</StartDateLocal></Car>',
            '<Car/>',
            '<Car><EndDateLocal>2015-02-09</EndDateLocal></Car>']));

    is(text($answer, 'Itinerary/StartDateLocal'), '2015-02-01',
       'from the earliest start');
    is(text($answer, 'Itinerary/EndDateLocal'), '2015-02-09',
       'to the latest end');

    isnt(id_of(book('Alpha', fresh(), dated('2014-06-03', '2014-06-04'))), $id,
         'another traveler has trips of his own');

    $t->post_xml("$TRIP/cancel?tripId=$id", 'Beta', undef);

    isnt(id_of(book('Alpha', $traveler, dated('2014-06-03', '2014-06-04'))),
         $id, 'nothing is booked into a cancelled trip');
}


# a trip that is named, and bookings that are there already

{
    my $traveler = fresh();
    my $id = create('Beta', $traveler, start => '2014-06-01',
                    end => '2014-06-02',
                    bookings => [{ source => 'Beta', locator => 'B1' }]);
    my $other = create('Beta', $traveler, start => '2014-07-01',
                       end => '2014-07-02');

    my $answer = book('Alpha', "TRIPID=$id", $ALAMO);

    is(id_of($answer), $id, 'a booking goes to the trip of that id');
    is(bookings($answer), 'Beta/B1 Alamo/PANAMA50', 'whatever its dates');
    is(text($answer, 'Itinerary/EndDateLocal'), '2014-06-02',
       'which stay those of the trip');

    my $created = '2001-02-03T04:05:06';

    book('Alpha', "tripId=$id",
         $ALAMO =~ s{(?=</Booking>)}{<DateCreatedUtc>$created</DateCreatedUtc>}r);

    $answer = book('Gamma', $traveler,
                   dated('2014-07-01', '2014-07-02', source => ' alamo',
                         locator => 'Panama50 ', Note => 'new',
                         DateModifiedUtc => 'then'));

    is(id_of($answer), $id, 'an existing booking stays in its trip');
    is(bookings($answer), 'Beta/B1  alamo/Panama50 ', 'whoever posts it');
    is(text($answer, 'Itinerary/Booking/Note'), 'new', 'it is replaced');
    is(text($answer, 'Itinerary/Booking/DateCreatedUtc'), $created,
       'when it was created remains');
    like(text($answer, 'Itinerary/Booking/DateModifiedUtc'), qr/\A\d{4}-/,
         'when it was modified is now');

    is(bookings($t->post_xml("$TRIP/cancel?tripId=$id", 'Alpha', undef)),
       'Beta/B1  alamo/Panama50 -', 'and it is its first poster\'s');

    $answer = book('Gamma', $traveler, $ALAMO);

    is(id_of($answer), $id, 'a cancelled booking is posted again');
    is(bookings($answer), 'Beta/B1 Alamo/PANAMA50', 'where it was');

    $answer = book('Alpha', "tripId=$other", $ALAMO);

    is(bookings($answer), 'Alamo/PANAMA50', 'or in the trip of another id');
    is(id_of(book('Alpha', $traveler, $ALAMO)), $other, 'which then has it');

    isnt(id_of(book('Alpha', fresh(), $ALAMO)), $other,
         'another traveler\'s booking has that name, too');
}


# amounts

{
    my $traveler = fresh();
    my $id = id_of(book('Alamo', $traveler, $ALAMO));
    my ($shown) = details($id)->{body} =~ m{(<Booking>.*</Booking>)}s;

    unlike($shown, qr/35\.0000/, 'another is not shown amounts');

    my $answer = book('Beta', $traveler, $shown);

    unlike($answer->{body}, qr/35\.0000/, 'nor if he posts that');
    like(details($id, 'Alamo')->{body}, qr/35\.0000/, 'which keeps them');

    book('Beta', $traveler, $shown =~ s/>AL</>ZE</r);

    unlike(details($id, 'Alamo')->{body}, qr/35\.0000/,
           'what differs replaces all of the booking');
}


# cancel

{
    my $traveler = fresh();
    my $other = fresh();

    for my $who ($traveler, $other) {
        create('Beta', $who, start => '2001-01-01', end => '2001-01-02',
               bookings => [
            { source => 'Al & Co', locator => 'L1',
              segments => [{ Car => 'C1' }, { Hotel => ' c 2 ' }] },
            { source => 'Al & Co', locator => 'L2',
              segments => { Car => 'L3' } },
            { source => 'Other', locator => 'L1', segments => { Car => 'C1' } },
            { source => 'Al & Co', locator => 'L4',
              xml => '<ConfirmationNumber>C5</ConfirmationNumber>',
              segments => '<Air><Deep><ConfirmationNumber>C6'
                          . '</ConfirmationNumber></Deep></Air>' },
        ]);
    }

    my $id = create('Beta', $traveler, start => '2002-01-01',
                    end => '2002-01-02', bookings => [
        { source => 'Al & Co', locator => 'L3', segments => { Car => 'C9' } }]);

    my $untouched = $t->http('GET', "$TRIP?$other")->{body};

    my $answer = cancel('Gamma', $traveler, 'AL%20%26%20%20Co%20', '%20l1');

    is($answer->{status}, 200, 'a booking is cancelled by its locator');
    is(bookings($answer),
       'Al & Co/L1- Al & Co/L2 Other/L1 Al & Co/L4',
       'by whom ever, and only that one');
    like($answer->{body}, qr{^<Itinerary xmlns="https:}, 'the answer is the trip');
    like($answer->{body}, qr{<Segments/>.*<PassengerCount>1</PassengerCount>}s,
         'the booking is as in the cancel of a trip');
    is(bookings(details(id_of($answer))),
       'Al & Co/L1- Al & Co/L2 Other/L1 Al & Co/L4', 'and remains so');
    is(text($answer, 'Itinerary/TripStatus'), 'HK', 'the trip goes on');

    $answer = cancel('Beta', $traveler, 'other', 'c1');

    is(bookings($answer),
       'Al & Co/L1- Al & Co/L2 Other/L1- Al & Co/L4',
       'or by a segment\'s confirmation number');

    is(id_of(cancel('Beta', $traveler, 'Al%20%26%20Co', 'L3')), $id,
       'a locator comes before a number');
    is(id_of(cancel('Beta', $traveler, 'Al%20%26%20Co', 'L3')), $id,
       'also a second time');
    is(bookings(details($id)), 'Al & Co/L3-', 'which changes nothing');

    book('Beta', $traveler, booking(source => 'Alpha', locator => "N$_",
                                    ns => '', segments => { Car => 'same' }))
        for 1, 2;

    is(bookings(cancel('Beta', $traveler, 'Alpha', 'same')),
       'Alpha/N1- Alpha/N2', 'of the same number the first booking is meant');

    is($t->http('GET', "$TRIP?$other")->{body}, $untouched,
       'another traveler\'s bookings stay');

    my %unknown = (
        'a locator of nobody'                  => ['Al%20%26%20Co', 'L9'],
        'a number that went with its segment'  => ['Other', 'C1'],
        'another source'                       => ['AlCo', 'L2'],
        'a number outside of segments'         => ['Al%20%26%20Co', 'C5'],
        'a number deeper down'                 => ['Al%20%26%20Co', 'C6'],
    );

    for my $name (sort keys %unknown) {
        my $answer = cancel('Beta', $traveler, @{ $unknown{$name} });

        is($answer->{status}, 404, "$name is not found");
        is($answer->{body}, "<Status>NotFound</Status>\n", 'and says so');
    }

    is(refused(cancel('Beta', $traveler, '', 'L2')),
       '400 missing_booking_source', 'a source is needed');
    is(refused(cancel('Beta', $traveler, 'Other', '')),
       '400 missing_confirmation_number', 'and a number');
    is(refused($t->post_xml("$BOOKING/cancel?confirmationnumber=L2", 'Beta',
                            undef)),
       '400 missing_booking_source', 'as an argument');

    # a booking that has gone, or is elsewhere

    $id = create('Beta', $traveler, start => '2003-01-01', end => '2003-01-02',
                 bookings => [{ source => 'Beta', locator => 'M1' }]);
    $other = create('Beta', $traveler, start => '2004-01-01',
                    end => '2004-01-02');

    book('Beta', "tripId=$other", booking(source => 'Beta', locator => 'M1',
                                          ns => ''));

    is(id_of(cancel('Beta', $traveler, 'Beta', 'M1')), $other,
       'a booking is cancelled where it was last posted');

    $t->post_xml("$TRIP?tripId=$other", 'Beta', itinerary());

    is(cancel('Beta', $traveler, 'Beta', 'M1')->{status}, 404,
       'and nowhere if it has gone from there');
}


# other forms of answers

{
    my $traveler = fresh();
    my $answer = book('Alamo', $traveler, $ALAMO, '/booking/booking/v1.1');

    is($answer->{status}, 200, 'booking=booking');
    like($answer->{body}, qr{^<Booking\ xmlns:xsi="[^"]*"
                             \ xmlns:xsd="[^"]*">\s*<Segments>\s*<Car>}x,
         'the answer is the booking, without a namespace');
    is(text($answer, 'Booking/RecordLocator'), 'PANAMA50', 'all of it');
    like($answer->{body}, qr/35\.0000/, 'with amounts');

    $answer = book('Beta', $traveler, $ALAMO, '/none/booking/v1.1');

    like($answer->{body}, qr{^<Booking xmlns="https://}, 'or with one');
    unlike($answer->{body}, qr/35\.0000/, 'and none for others');

    $answer = book('Beta', $traveler, $ALAMO, '/segment/booking/v1.1');

    like($answer->{body}, qr{^<Car [^>]*>\s*<Vendor>AL</Vendor>},
         'booking=segment: the answer is a segment');
    unlike($answer->{body}, qr/35\.0000/, 'without amounts');
    like($answer->{body}, qr{<ConfirmationNumber>F16726AIUS<},
         'but with its number');

    like(book('Alamo', $traveler, $ALAMO, '/segment/booking/v1.1')->{body},
         qr/35\.0000/, 'the poster sees amounts in it');

    $answer = book('Alamo', $traveler, $ALAMO, '/itinerary/booking/v1.1');

    like($answer->{body}, qr/^<Itinerary xmlns="http:/,
         'booking=itinerary: the answer is the trip');
    is(text($answer, 'Itinerary/Bookings/Booking/RecordLocator'), 'PANAMA50',
       'in the form that is said');

    my $id = id_of($answer);

    is(bookings(details($id)), 'Alamo/PANAMA50', 'they are one');

    $answer = cancel('Beta', $traveler, 'Alamo', 'F16726AIUS',
                     '/segment/booking/v1.1');

    like($answer->{body}, qr{^<Car [^>]*>\s*<Vendor>AL</Vendor>},
         'the cancelled segment is answered');
    unlike($answer->{body}, qr/35\.0000/, 'without amounts');
    is(bookings(details($id)), 'Alamo/PANAMA50-', 'it was cancelled');

    $answer = cancel('Beta', $traveler, 'Alamo', 'PANAMA50',
                     '/segment/booking/v1.1');

    like($answer->{body}, qr{^<Booking [^>]*>\s*<Segments/>},
         'a booking is where there are no segments');

    book('Alamo', $traveler, $ALAMO);

    $answer = cancel('Alamo', $traveler, 'Alamo', 'PANAMA50',
                     '/booking/booking/v1.1');

    like($answer->{body}, qr{^<Booking [^>]*>\s*<Segments/>},
         'the cancelled booking is answered');

    book('Alamo', $traveler, $ALAMO);
    cancel('Beta', $traveler, 'Alamo', 'PANAMA50', '/segment/booking/v1.1');
    book('Beta', $traveler, $ALAMO =~ s/<DailyRate.*//r);

    # what is shown of a segment is not what is stored

    book('Alamo', $traveler, $ALAMO);
    book('Beta', $traveler, dated('2001-01-01', '2001-01-01'),
         '/segment/booking/v1.1');
    like(details($id, 'Alamo')->{body}, qr/35\.0000/,
         'no answer takes amounts from what is stored');
}


# documents and paths

{
    for my $ns ("xmlns='$NS'", "xmlns='" . ($NS =~ s/http/https/r) . "'") {
        my $answer = book('Alamo', fresh(), $ALAMO =~ s/<Booking/<Booking $ns/r);

        is(text($answer, 'Itinerary/Booking/RecordLocator'), 'PANAMA50',
           "a booking with $ns is read");
    }

    my $id = id_of(book('Alamo', fresh(), $ALAMO));

    my @errors = (
        ['', '400 malformed_body', 'nothing'],
        ["$ALAMO<a/>", '400 malformed_body', 'a second root'],
        [qq{<!DOCTYPE Booking>$ALAMO}, '400 doctype_forbidden', 'a DOCTYPE'],
        [itinerary(), '400 invalid_document', 'a trip'],
        [$ALAMO =~ s/<Booking/<Booking xmlns="urn:x"/r,
         '400 invalid_document', 'another namespace'],
        [booking(ns => '', RecordLocator => undef),
         '400 missing_record_locator', 'no locator'],
        [booking(ns => '', BookingSource => ' '), '400 missing_booking_source',
         'an empty source'],
    );

    for my $args (fresh(), "tripId=$id") {
        for (@errors) {
            my ($xml, $expected, $name) = @$_;

            is(refused(book('Alpha', $args, $xml)), $expected,
               "$name is refused");
        }
    }

    is(refused(book('Alpha', 'tripId=CNQR0000000000', $ALAMO)),
       '404 unknown_trip', 'an unknown trip is not booked into');
    is(refused(book('Alpha', 'userid_value=%ff', $ALAMO)), '400 bad_user',
       'a traveler is text');
    is($t->post_xml("$TRIP?" . fresh(), 'Alpha', $ALAMO)->{status}, 400,
       'the trip resource takes no booking');

    my $answer = book('Alpha', fresh(), $ALAMO, '/api/x%20/BOOKING/v2/');

    is(text($answer, 'Itinerary/id'),
       'http://localhost/api/x%20/trip/v2/' . id_of($answer),
       'case makes no difference in the path');
    is(text(book('Alpha', fresh(), $ALAMO, '/api/trip/v1/booking/v1'),
            'Itinerary/id') =~ s{/CNQR.*}{}r, 'http://localhost/api/trip/v1/trip/v1',
       'the last resource of the path counts');
    is(refused($t->http('GET', '/api/booking/v1/trip/v1/cancel')),
       '405 method_not_allowed', 'whichever it is');

    for my $path ("$BOOKING/$id", "$BOOKING/GetTrips", "$BOOKING/cancel/",
                  '/api/booking/vx', '/api/booking/v1.')
    {
        is(refused($t->post_xml("$path?tripId=$id", 'Alpha', $ALAMO)),
           '404 unknown_path', "$path is nothing");
    }

    for (['GET', $BOOKING], ['PUT', "$BOOKING/"], ['GET', "$BOOKING/cancel"]) {
        my ($method, $path) = @$_;
        my $answer = $t->http($method, $path);

        is($answer->{status}, 405, "$method $path is not allowed");
        is_deeply($answer->{headers}{allow}, ['POST'], 'and what is, is said');
    }
}


# a full zone

{
    my $small = '/small/booking/v1';
    my $answer = book('Alamo', '', $ALAMO, $small);
    my $id = id_of($answer);

    is(refused(book('Alamo', '', $ALAMO =~ s/>AL</'>' . 'x' x 30_000 . '<'/er,
                    $small)),
       '507 zone_full', 'a booking may be too large');
    is(bookings($t->http('GET', "/small/trip/v1/$id")), 'Alamo/PANAMA50',
       'and the trip is as before');
}


# mistakes

{
    my ($status, $output) = $t->nginx_test(<<'END');
    server {
        listen 127.0.0.1:%%PORT%%;
        location / {
            itinerary_sandbox 1m booking=bookings;
        }
    }
END

    like($output,
         qr/value "bookings" of "booking=" .* be "itinerary", "booking" or "s/,
         'booking= says what it may be');
}


$t->done;
