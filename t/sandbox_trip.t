#!/usr/bin/perl

# The sandbox's trip resource: what the reference says of the API.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Sandbox;

my $NS = 'http://www.concursolutions.com/api/travel/trip/2010/06';
my $TRIP = '/api/travel/trip/v1.1';

my $t = Itinerary->new;

my $conf = <<'END';
    client_max_body_size 8m;

    server {
        listen 127.0.0.1:%%PORT_0%%;
        listen %%HTTP2_1%%;

        location /api/travel/trip/v1.1 {
            itinerary_sandbox 8m;
        }

        location /api/ {
            itinerary_sandbox 1m;
        }

        location /small/ {
            itinerary_sandbox 64k;
        }

        location /tiny/ {
            itinerary_sandbox 32k;
        }

        location /file/ {
            itinerary_sandbox 8m;
            client_body_in_file_only clean;
        }

        location /mirrored/ {
            mirror /mirror;
            itinerary_sandbox 8m;
        }

        location = /mirror {
            internal;
            return 204;
        }

        location /limited/ {
            limit_except GET POST {
                deny all;
            }
            itinerary_sandbox 64k;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_2%%;

        location /api/ {
            itinerary_sandbox 1m;
        }
    }
END

$t->nginx(workers => 2, conf => $conf);


sub post {
    my ($who, $args, $xml) = @_;

    return $t->post_xml("$TRIP?$args", $who, $xml);
}


sub cancel {
    my ($who, $id) = @_;

    return $t->post_xml("$TRIP/cancel?tripId=$id", $who, undef);
}


sub details {
    my ($id) = @_;

    return $t->http('GET', "$TRIP/$id");
}


my $JUNE = itinerary(start => '2014-06-02T10:00:00',
                     end   => '2014-06-05T18:00:00',
                     TripName => 'June',
                     bookings => [{ source => 'Alpha', locator => 'A1' }]);


# create: the reference's answer

{
    my $xml = <<"END";
<Itinerary xmlns="$NS">
    <TripName>Trip from Dallas to Seattle</TripName>
    <TripStatus>HK</TripStatus>
    <Comments/>
    <StartDateLocal>2013-12-21T07:25:00</StartDateLocal>
    <EndDateLocal>2013-12-24T23:59:00</EndDateLocal>
    <BookedByFirstName>Chris</BookedByFirstName>
    <BookedByLastName>Miller</BookedByLastName>
    <Bookings>
        <Booking>
            <Segments>
                <Car a="1 &amp; &quot;2&quot;"><!-- a -->
                  <Vendor><![CDATA[<&>]]></Vendor> <Name>\x{c3}\x{a9}</Name>
                </Car>
            </Segments>
            <RecordLocator>C123456789</RecordLocator>
            <BookingSource>TravelBookings.com</BookingSource>
        </Booking>
    </Bookings>
</Itinerary>
END

    my $traveler = fresh();
    my $answer = post('Alpha', $traveler, $xml);

    is($answer->{status}, 200, 'a trip is created');
    is_deeply($answer->{headers}{'content-type'}, ['application/xml'],
              'the answer is application/xml');

    my $id = id_of($answer);
    my $uri = "http://localhost$TRIP/$id";
    my $date = '\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d';

    like($id, qr/\ACNQR\d{10}\z/, 'its id looks like one');

    my $expected = $xml;

    for ($expected) {
        s{(?=    <TripName>)}{    <id>$uri</id>\n}
            and s{(?=    <TripName>)}{    <ItinLocator>$id</ItinLocator>\n}
            and s{(?=    <BookedByFirst)}{    <DateModifiedUtc></DateModifiedUtc>\n}
            and s{(?=    <BookedByFirst)}{    <BookedVia>EveryGDS</BookedVia>\n}
            and s{(?=    <Bookings>)}{    <DateBookedLocal></DateBookedLocal>\n};
    }

    is($answer->{body}
           =~ s{(<Date(?:ModifiedUtc|BookedLocal)>)$date(?=</)}{$1}gr,
       $expected, 'the answer is what was posted, and what the API adds');

    my $details = details($id);

    is($details->{status}, 200, 'the trip has details');
    is($details->{body}
           =~ s{\s*<(ClientLocator|ItinSourceName)>([^<]*)</\1>}{}gr,
       $answer->{body}, 'they are those of the answer');
    like($details->{body},
         qr{<ClientLocator>KK-CNQ-[0-9A-Z]{5}-[0-9A-Z]{3}</ClientLocator>\s*
            <ItinSourceName>TravelSupplier</ItinSourceName>\s*<TripName>}x,
         'and say what made the trip');

    is($t->http('GET', "$TRIP?tripid=$id")->{body}, $details->{body},
       'details are found by an argument, too');

    my $head = $t->http('HEAD', "$TRIP/$id");

    is($head->{status}, 200, 'HEAD is answered');
    is($head->{body}, '', 'without a body');
    is($head->{headers}{'content-length'}[0], length $details->{body},
       'with its length');

    my $list = $t->http('GET', "$TRIP?$traveler");

    is($list->{body} =~ s{$date(?=</DateMod)}{}r, <<"END", 'and a summary');
<ItineraryInfoList xmlns="$NS" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
    <ItineraryInfo>
        <TripId>$id</TripId>
        <TripName>Trip from Dallas to Seattle</TripName>
        <StartDateLocal>2013-12-21T07:25:00</StartDateLocal>
        <EndDateLocal>2013-12-24T23:59:00</EndDateLocal>
        <UserLoginId>1\@example.com</UserLoginId>
        <DateModifiedUtc></DateModifiedUtc>
        <id>$uri</id>
    </ItineraryInfo>
</ItineraryInfoList>
END
}


# create: where it leads to an existing trip

{
    my $traveler = fresh();
    my $first = post('Alpha', $traveler, $JUNE);
    my $id = id_of($first);

    my $answer = post('Beta', $traveler, itinerary(
        start    => '2014-06-05T18:00:00', end => '2014-06-08T12:00:00',
        TripName => 'Other', Comments => 'None',
        bookings => [{ source => 'Beta', locator => 'B1' }]));

    is(id_of($answer), $id, 'a trip whose dates touch is merged');
    is(bookings($answer), 'Alpha/A1 Beta/B1', 'its bookings are added');
    is(text($answer, 'Itinerary/TripName'), 'June', 'the name stays');
    is(text($answer, 'Itinerary/Comments'), '', 'other fields do');
    is(text($answer, 'Itinerary/StartDateLocal'), '2014-06-02T10:00:00',
       'the start stays');
    is(text($answer, 'Itinerary/EndDateLocal'), '2014-06-08T12:00:00',
       'the dates span both');
    unlike($answer->{body}, qr/<Booking xmlns/, 'no declaration is repeated');

    $answer = post('Beta', $traveler, itinerary(
        start    => '2014-06-01', end => '2014-06-03',
        bookings => [{ source => 'Beta', locator => 'B1', Note => 'new' }]));

    is(id_of($answer), $id, 'a trip that overlaps is merged');
    is(bookings($answer), 'Alpha/A1 Beta/B1', 'a known booking is replaced');
    is(text($answer, 'Itinerary/Bookings/Booking/Note'), 'new', 'as posted');
    is(text($answer, 'Itinerary/StartDateLocal'), '2014-06-01',
       'the start is the earlier');

    $answer = post('Alpha', $traveler, itinerary(
        start    => '2014-06-08T12:00:01', end => '2014-06-09T00:00:00'));

    isnt(id_of($answer), $id, 'a second later is another trip');

    $answer = post('Alpha', fresh(), $JUNE);

    isnt(id_of($answer), $id, 'another traveler has trips of his own');

    $answer = post('Gamma', $traveler, itinerary(
        start    => '2015-01-01T00:00:00', end => '2015-01-02T00:00:00',
        bookings => [{ source => 'Gamma', locator => 'C1' },
                     { source => ' alpha ', locator => 'a1', segments => '' }]));

    is(id_of($answer), $id, 'an existing booking leads to its trip');
    is(bookings($answer), 'alpha/a1- Beta/B1 Gamma/C1' =~ s/^alpha/ alpha /r,
       'whoever posts it, it is replaced');
    is(text($answer, 'Itinerary/EndDateLocal'), '2015-01-02T00:00:00',
       'the dates span both');

    $traveler = fresh();

    my %ids = map {
        id_of(post('Alpha', $traveler, itinerary(StartDateLocal => undef,
                                                 EndDateLocal => undef))) => 1
    } 1 .. 3;

    is(scalar keys %ids, 3, 'a trip without dates is always a new one');

    $traveler = fresh();
    $id = id_of(post('Alpha', $traveler, $JUNE));
    cancel('Alpha', $id);

    isnt(id_of(post('Beta', $traveler, $JUNE)), $id,
         'nothing is merged into a cancelled trip');
}


# update

{
    my $traveler = fresh();
    my $created = post('Alpha', $traveler, $JUNE);
    my $id = id_of($created);

    my $answer = post('Beta', "$traveler&TRIPID=$id", itinerary(
        id       => 'http://elsewhere/1', ItinLocator => 'CNQR0000000001',
        TripName => 'New', start => '2016-01-01', end => '2016-01-02',
        bookings => [{ source => 'Beta', locator => 'B1' }]));

    is($answer->{status}, 200, 'anybody updates a trip');
    is(id_of($answer), $id, 'which keeps its id');
    is(text($answer, 'Itinerary/id'), text($created, 'Itinerary/id'),
       'also as a URI');
    is(text($answer, 'Itinerary/TripName'), 'New', 'its fields are replaced');
    is(bookings($answer), 'Beta/B1', 'and its bookings');
    is(text($answer, 'Itinerary/DateBookedLocal'),
       text($created, 'Itinerary/DateBookedLocal'),
       'it was booked when it was created');
    is(text(details($id), 'Itinerary/StartDateLocal'), '2016-01-01',
       'the update remains');

    isnt(id_of(post('Alpha', $traveler, $JUNE)), $id,
         'the booking and the dates of before no longer lead to it');

    # and who created it remains, too

    is(bookings(cancel('Alpha', $id)), 'Beta/B1-', 'its creator does, too');

    $id = id_of(post('Alpha', fresh(), $JUNE));
    post('Alpha', "tripId=$id", $JUNE =~ s/>HK</>2</r);

    like(details($id)->{body}, qr{<TripStatus>2</TripStatus>},
         'TripStatus 2 is kept');
    is(bookings(details($id)), 'Alpha/A1', 'and leaves the segments');
    isnt(id_of(post('Alpha', "userid_value=$traveler", $JUNE)), $id,
         'but the trip is cancelled');
}


# cancel

{
    my $traveler = fresh();
    my $id = id_of(post('Alpha', $traveler, $JUNE));

    post('Beta', $traveler, $JUNE =~ s/Alpha/Beta/r =~ s/A1/B1/r);
    post('Beta', "tripId=$id", itinerary(bookings => [
        { source => 'Alpha', locator => 'A1', Note => 'by Beta' },
        { source => 'Beta', locator => 'B1' },
        { source => 'Beta', locator => 'B2', segments => ['Car', 'Hotel'] },
    ]));

    is(bookings(cancel('Gamma', $id)), 'Alpha/A1 Beta/B1 Beta/B2',
       'a cancel reaches nothing that others posted');

    my $answer = cancel('Beta', $id);

    is($answer->{status}, 200, 'a cancel is answered');
    is(bookings($answer), 'Alpha/A1 Beta/B1- Beta/B2-',
       'it reaches what its poster posted first');
    like($answer->{body}, qr{<Booking>\s*<Segments/>\s*<Passengers>},
         'segments are empty');
    like($answer->{body}, qr{<PassengerCount>1</PassengerCount>\s*</Booking>},
         'the passengers are counted');
    is(text($answer, 'Itinerary/ItinSourceName'), 'TravelSupplier',
       'the answer is that of a cancel');
    is(text($answer, 'Itinerary/TripStatus'), 'HK', 'the trip goes on');

    $answer = cancel('Alpha', $id);

    is(bookings($answer), 'Alpha/A1- Beta/B1- Beta/B2-',
       'a cancel of the creator reaches everything');
    unlike($answer->{body}, qr/<TripStatus/, 'the trip is cancelled');
    is(details($id)->{body}, $answer->{body}, 'and remains so');

    like($t->http('GET', "$TRIP/?$traveler")->{body}, qr/<TripId>$id</,
         'a cancelled trip is in the summaries');

    # what tells posters apart is not shown

    unlike(details($id)->{body}, qr/token|OAuth|Alpha<\/(?!BookingSource)/,
           'no answer shows who posted');

    # the first poster remains, also of a booking that was gone

    $traveler = fresh();
    $id = id_of(post('Alpha', $traveler, $JUNE));
    post('Alpha', "tripId=$id", itinerary(start => '2014-06-02'));
    post('Beta', "tripId=$id", $JUNE);

    is(bookings(cancel('Beta', $id)), 'Alpha/A1',
       'a booking is not his who posts it again');

    # without an Authorization header one is nobody in particular

    $id = id_of($t->post_xml("$TRIP?" . fresh(), undef, $JUNE));

    is(bookings(cancel('Alpha', $id)), 'Alpha/A1', 'nobody is not Alpha');
    is(bookings(cancel(undef, $id)), 'Alpha/A1-', 'but nobody is the same');
}


# summaries

{
    my $traveler = fresh();
    my @ids;

    for my $year (2001 .. 2003) {
        push @ids, id_of(post('Alpha', $traveler, itinerary(
            start => "$year-01-01", end => "$year-01-02",
            TripName => "<$year> & \"so\" on")));
    }

    my $list = $t->http('GET', "$TRIP/?$traveler");

    is(text($list, 'ItineraryInfoList/ItineraryInfo/TripId'), join(',', @ids),
       'the trips of a traveler are listed in order');
    like(text($list, 'ItineraryInfoList/ItineraryInfo/TripName'),
         qr/^<2001> & "so" on,/, 'with their names');

    is($t->post_xml("$TRIP/GetTrips?$traveler", 'Alpha', '<x/>')->{body},
       $list->{body}, 'GetTrips lists the same');

    my $none = $t->http('GET', "$TRIP?" . fresh());

    is($none->{status}, 200, 'a traveler without trips is no error');
    is(text($none, 'ItineraryInfoList/ItineraryInfo'), '', 'the list is empty');
}


# documents as they occur

{
    for my $ns ('', "xmlns='$NS'", "xmlns='" . ($NS =~ s/http/https/r) . "'") {
        my $answer = post('Alpha', fresh(),
                          itinerary(ns => '', bookings => [{}])
                              =~ s/<Itinerary/<Itinerary $ns/r);

        is(bookings($answer), 'TravelBookings.com/C123456789',
           'a post with ' . ($ns || 'no namespace') . ' is taken');
        like($answer->{body}, qr/^<Itinerary xmlns="\Q$NS\E">/,
             'and answered in ours');
    }

    my $xml = itinerary(ns => '', bookings => [{}],
                        xml => '<y:Extra xmlns:y="urn:y"><y:z/></y:Extra>'
                               . '<F xmlns="urn:f"><G>1</G></F>');

    my $answer = post('Alpha', fresh(),
                      $xml =~ s{(</?)(?=[A-EH-Z])}{$1t:}gr
                           =~ s{<t:Itinerary}{<t:Itinerary xmlns:t="$NS"}r);

    is(bookings($answer), 'TravelBookings.com/C123456789',
       'prefixes make no difference');
    like($answer->{body}, qr{<F xmlns="urn:f"><G>1</G></F>},
         'what is in other namespaces stays there');

    my $latin = '<?xml version="1.0" encoding="ISO-8859-1"?>'
                . itinerary(TripName => "Malm\xf6", Comments => '');

    $answer = post('Alpha', fresh(), $latin);

    like($answer->{body}, qr{<TripName>Malm\xc3\xb6</TripName>},
         'answers are in UTF-8');

    $xml = itinerary(bookings => undef,
                     xml => '<Booking xml:lang="en"><RecordLocator>1'
                            . '</RecordLocator><BookingSource>2'
                            . '</BookingSource></Booking>');

    my $traveler = fresh();
    post('Alpha', $traveler, $xml);
    $answer = post('Alpha', $traveler, $xml =~ s/Locator>1/Locator>3/r);

    is(text($answer, 'Itinerary/Booking/RecordLocator'), '1,3',
       'bookings may stand directly in the trip');

    $traveler = fresh();
    post('Alpha', $traveler, itinerary(bookings => undef));
    $answer = post('Alpha', $traveler,
                   itinerary(bookings => [{
                       xml => '<x:nil xmlns:x="urn:x"/>', segments => undef
                   }]));

    is(bookings($answer), 'TravelBookings.com/C123456789-',
       'a trip without bookings gets some');
    like(cancel('Alpha', id_of($answer))->{body},
         qr{<Booking>\s*<Segments/>.*<x:nil xmlns:x="urn:x"/>}s,
         'a booking without segments is cancelled, too');

    # what has two readings elsewhere

    $answer = $t->post_xml('/API/travel/../trip/v2/?' . fresh(), 'Alpha', $JUNE,
                           port => $t->port(0));
    is($answer->{status}, 404, 'other locations are other locations');

    $answer = $t->post_xml('/api/x/TRIP/v1/?' . fresh(), 'Alpha', $JUNE);
    is($answer->{status}, 200, 'case makes no difference in the path');
    like(text($answer, 'Itinerary/id'), qr{/api/x/TRIP/v1/CNQR},
         'and the path is the id\'s');

    my $id = id_of($answer);

    is($t->post_xml("/api/trip/v1.0?%74rip%49d=$id", 'Beta', $JUNE)->{status},
       200, 'an argument\'s name may be escaped');
}


# errors

{
    my $id = id_of(post('Alpha', fresh(), $JUNE));

    my @errors = (
        ['', '400 malformed_body', 'nothing'],
        [' ', '400 malformed_body', 'a space'],
        ['no', '400 malformed_body', 'text'],
        ["$JUNE<a/>", '400 malformed_body', 'a second root'],
        [substr($JUNE, 0, -5), '400 malformed_body', 'a truncated document'],
        [$JUNE =~ s/June/Ju\0ne/r, '400 malformed_body', 'a null byte'],
        [qq{<!DOCTYPE a [<!ENTITY e "x">]>\n$JUNE}, '400 doctype_forbidden',
         'a DOCTYPE'],
        ['<Booking/>', '400 invalid_document', 'another root'],
        [$JUNE =~ s/2010/2011/r, '400 invalid_document', 'another namespace'],
        [$JUNE =~ s/<Bookings/<x xmlns:a="urn:&amp;"\/><Bookings/r,
         '400 invalid_document', 'a namespace that cannot be written'],
        [itinerary(TripName => undef), '400 missing_trip_name', 'no TripName'],
        [itinerary(TripName => ' '), '400 missing_trip_name',
         'an empty TripName'],
        [itinerary(TripStatus => undef), '400 missing_trip_status',
         'no TripStatus'],
        [itinerary(bookings => [{}, { RecordLocator => undef }]),
         '400 missing_record_locator', 'no RecordLocator'],
        [itinerary(bookings => [{}, { BookingSource => '' }]),
         '400 missing_booking_source', 'no BookingSource'],
    );

    for my $args (fresh(), "tripId=$id") {
        for (@errors) {
            my ($xml, $expected, $name) = @$_;

            is(refused(post('Alpha', $args, $xml)), $expected,
               "$name is refused");
        }
    }

    is(bookings(details($id)), 'Alpha/A1', 'and changes nothing');

    is(refused(post('Alpha', 'tripId=CNQR0000000000', $JUNE)),
       '404 unknown_trip', 'an unknown trip is not updated');
    is(refused(cancel('Alpha', 'CNQR0000000000')), '404 unknown_trip',
       'nor cancelled');
    is(refused(details('CNQR0000000000')), '404 unknown_trip', 'nor read');
    is(refused(details($_)), '404 unknown_trip', "nor is $_")
        for $id . '0', lc $id, 'CNQR12345678x0', 'x', '%ff';
    is(refused(cancel('Alpha', '')), '400 missing_trip_id',
       'a cancel needs a trip');
    is(refused($t->http('GET', "$TRIP?userid_value=%ff")), '400 bad_user',
       'a traveler is text');
    is(refused($t->http('GET', "$TRIP?userid_value=%01")), '400 bad_user',
       'without controls');

    for my $path ('/api/travel/booking', '/api/travel/trip', '/api/',
                  '/api/trip/v', '/api/trip/v1.', '/api/trip/v1.1.1',
                  '/api/trip/v1x', "$TRIP/$id/x", "$TRIP/cancel/")
    {
        is(refused($t->post_xml("$path?tripId=$id", 'Alpha', $JUNE)),
           '404 unknown_path', "$path is nothing");
    }

    for (['DELETE', $TRIP, 'GET, HEAD, POST'], ['PUT', "$TRIP/", 'GET, HEAD, POST'],
         ['POST', "$TRIP/$id", 'GET, HEAD'], ['GET', "$TRIP/cancel", 'POST'],
         ['HEAD', "$TRIP/cancel", 'POST'], ['GET', "$TRIP/GetTrips", 'POST'])
    {
        my ($method, $path, $allow) = @$_;
        my $answer = $t->http($method, $path, body => 'x' x 100);

        is($answer->{status}, 405, "$method $path is not allowed");
        is_deeply($answer->{headers}{allow}, [$allow], 'and what is, is said');
    }

    is($t->http('GET', "/limited/trip/v1")->{status}, 200,
       'limit_except leaves what it excepts');
    is($t->http('DELETE', "/limited/trip/v1")->{status}, 403,
       'and denies the rest');
}


# bodies, however they come

{
    my $large = itinerary(bookings => [{}], Comments => 'x' x 2_000_000);

    for my $path ($TRIP, '/file/trip/v1.1', '/mirrored/trip/v1.1') {
        for (['', $JUNE], ['a large ', $large]) {
            my ($name, $xml) = @$_;
            my $answer = $t->post_xml("$path?" . fresh(), 'Alpha', $xml);

            is($answer->{status}, 200, "${name}body is read at $path");
            is(length text($answer, 'Itinerary/Comments'),
               $name ? 2_000_000 : 0, 'all of it');
        }

        my $answer = $t->http('POST', "$path?" . fresh(), chunked => 1,
                              body => [unpack '(a100000)*', $large]);

        is(length text($answer, 'Itinerary/Comments'), 2_000_000,
           'also in chunks');

        $answer = $t->http2('POST', "$path?" . fresh(), body => $large);

        is($answer->{version}, 2, 'and over HTTP/2');
        is(length text($answer, 'Itinerary/Comments'), 2_000_000, 'all of it');
    }

    my $answer = $t->http2('POST', "$TRIP?" . fresh(), body => $JUNE);

    like(text($answer, 'Itinerary/id'),
         qr{^http://127\.0\.0\.1:@{[ $t->port(1) ]}/},
         'the authority is the host');

    $answer = $t->http('POST', "$TRIP?" . fresh(), body => $JUNE,
                       headers => [Host => 'a&b.example:80']);

    is(text($answer, 'Itinerary/id'),
       "http://a&b.example:80$TRIP/" . id_of($answer),
       'a host of any name is');
}


# all workers see the same

{
    my $traveler = fresh();
    my %ids;

    for my $round (1 .. 5) {
        my @clients = map {
            $t->post_xml_async("$TRIP?$traveler", "S$_", $JUNE =~ s/A1/L$_/r)
        } 1 .. 20;

        $ids{id_of($_->finish)} = 1 for @clients;
    }

    is(scalar keys %ids, 1, 'concurrent posts lead to one trip');

    my ($id) = keys %ids;

    is(join(' ', sort split / /, bookings(details($id))),
       join(' ', sort map { "Alpha/L$_" } 1 .. 20), 'with every booking once');
}


# the zone

{
    my $small = '/small/trip/v1';
    my $id = id_of($t->post_xml($small, 'Alpha', $JUNE));

    my @statuses = map {
        $t->post_xml("$small?tripId=$id", 'Alpha', $JUNE
                     =~ s/June/'J' x ($_ * 7 % 3000)/er)->{status}
    } 1 .. 2000;

    is(scalar(grep { $_ != 200 } @statuses), 0,
       'updates take no more room than the trip');

    my $tiny = '/tiny/trip/v1';
    my $before = $t->post_xml($tiny, 'Alpha', $JUNE);

    my $answer = $t->post_xml("$tiny?tripId=" . id_of($before), 'Alpha',
                              itinerary(Comments => 'x' x 30_000,
                                        bookings => [{ locator => 'new' }]));

    is(refused($answer), '507 zone_full', 'a trip may be too large');
    like($t->error_log, qr/\[error\].*zone too small.*"itinerary_sandbox:\/tiny/,
         'which is logged');
    is(bookings($t->http('GET', "$tiny/" . id_of($before))), 'Alpha/A1',
       'and the trip is as before');

    my $n = 0;

    while ($n++ < 1000) {
        $answer = $t->post_xml("$tiny?userid_value=$n", 'Alpha', $JUNE);
        last if $answer->{status} != 200;
    }

    is(refused($answer), '507 zone_full', 'a zone is full in the end');
    is($t->http('GET', "$tiny?userid_value=1")->{status}, 200,
       'what is in it remains');

    # locations have nothing in common

    $id = id_of($t->post_xml('/api/trip/v1?' . fresh(), 'Alpha', $JUNE));

    is($t->http('GET', "/api/trip/v1/$id")->{status}, 200, 'a trip is there');
    is($t->http('GET', "/api/trip/v1/$id", port => $t->port(2))->{status}, 404,
       'but not in another server\'s location of the same name');

    ok($t->reload, 'nginx is reloaded');
    is($t->http('GET', "/api/trip/v1/$id")->{status}, 200,
       'the trip is still there');

    ok($t->reload(conf => $conf =~ s/itinerary_sandbox 1m/itinerary_sandbox 2m/r),
       'nginx is reloaded with another size');
    is($t->http('GET', "/api/trip/v1/$id")->{status}, 404,
       'another size is another zone');

    my $other = id_of($t->post_xml('/api/trip/v1?' . fresh(), 'Alpha', $JUNE));

    isnt($other, 'none', 'which works');
}


# mistakes

{
    my $sandbox = sub {
        my ($status, $output) = $t->nginx_test(<<"END");
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location / {
            $_[0]
        }
    }
END
        return $status ? $output : 'ok';
    };

    is($sandbox->('itinerary_sandbox 32k;'), 'ok', '8 pages are enough');
    like($sandbox->('itinerary_sandbox 31k;'),
         qr/zone size "31k" is too small, it must be at least 32k in/,
         'less are not');
    like($sandbox->('itinerary_sandbox 1x;'), qr/invalid zone size "1x", it must/,
         'a size is a size');
    like($sandbox->('itinerary_sandbox 1m; itinerary_sandbox 1m;'),
         qr/"itinerary_sandbox" directive is duplicate/, 'one is enough');
    like($sandbox->('itinerary_sandbox;'), qr/invalid number of arguments/,
         'a size is needed');

    my ($status, $output) = $t->nginx_test('itinerary_sandbox 1m;');

    like($output, qr/directive is not allowed here/, 'a location is, too');
}


$t->done;
