#!/usr/bin/perl

# The booking resource: a booking that is posted by itself, with and without a
# trip id, and what either form of answer teaches.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Document;
use Itinerary::Records;
use Itinerary::Told qw(told call trip);

my $NS = $Itinerary::Document::NAMESPACE;

my $t = told();
my $redis = $t->redis;


# "status code" of a booking that is posted, and answered with $shown

sub book {
    my ($who, $args, $booking, $shown, @headers) = @_;

    my $place = $args =~ s{\A(/\w+)}{} ? $1 : '';
    my $xml = ref $booking ? booking(ns => $NS, %$booking) : $booking;

    return call($who, "$place/booking/v1.1$args", $xml, $shown, @headers);
}


sub b {
    my ($source, $locator, %more) = @_;

    return { source => $source, locator => $locator, %more };
}


sub last_record { return ($t->audit)[-1] }

my $DENIED = '403 booking_not_owned, not forwarded';


# a new booking, without a trip id

is(book('Alpha', '', b('Alpha', 'A1'), trip('T1', b('Alpha', 'A1'))), '200',
   'a booking is posted by itself');

my $record = last_record();

is($record->{operation}, 'book', 'which is an operation');
is($record->{outcome}, 'recorded', 'that is recorded');
is_deeply($record->{bookings}, [{ source => 'ALPHA', locator => 'A1',
                                  effect => 'added' }], 'with its effect');
is_deeply(records($redis), {
    'trip:T1'          => { state => 'active', rev => 1, created => 'time',
                            'booking:ALPHA|A1' => 'Alpha' },
    'booking:ALPHA|A1' => booking_record('Alpha', 'active', 'T1'),
}, 'it is the supplier\'s; the trip that it is in is nobody\'s');
is($redis->cli->get('itinerary:source:ALPHA'), 'Alpha', 'its source, too');
is(book('Beta', '/', b('alpha ', 'a1')), $DENIED, 'nobody else may change it');
is(book('Beta', '', b('Alpha', 'A2')),
   '403 booking_source_not_owned, not forwarded',
   'nor add another under its source');
is(call('Alpha', '/trip/v1.1/cancel?tripId=T1', undef,
        trip('T1', b('Alpha', 'A1', segments => []))), '200',
   'a cancel of that trip');
is(last_record()->{verdict}, 'partial', 'reaches what is the supplier\'s');


# with a trip id

is(call('Alpha', '/trip/v1.1', itinerary(bookings => [b('Alpha', 'A3')]),
        trip('T2', b('Alpha', 'A3'))), '200', 'a trip of Alpha');
is(book('Beta', '?tripId=T2', b('Beta', 'B1'),
        trip('T2', b('Alpha', 'A3'), b('Beta', 'B1'))), '200',
   'Beta adds a booking to it');
is_deeply(records($redis, match => qr/T2|B1/), {
    'trip:T2'         => trip_record('Alpha', 2, { 'ALPHA|A3' => 'Alpha',
                                                   'BETA|B1' => 'Beta' }),
    'booking:BETA|B1' => booking_record('Beta', 'active', 'T2'),
}, 'the booking is its own, the trip is not, and has been written to');
is(book('Beta', '?tripId=T2', b('Beta', 'B1'),
        trip('T2', b('Alpha', 'A3'), b('Beta', 'B1'))), '200', 'it changes it');
is(last_record()->{bookings}[0]{effect}, 'changed', 'which is a change');
is(book('Alpha', '?tripId=T2', b('Beta', 'B1')), $DENIED,
   'the creator of the trip may not');
is(book('Beta', '?tripId=U1', b('Beta', 'B2'), trip('U1', b('Beta', 'B2'))),
   '200', 'a booking may be added to an unknown trip');
is($redis->cli->hget('itinerary:trip:U1', 'owner'), undef,
   'whose creator stays unknown');


# a write to a trip is one, also where the trip is not named

is($redis->cli->hget('itinerary:trip:T2', 'rev'), 3, 'a trip');
is(book('Beta', '', b('Beta', 'B1'), trip('T2', b('Alpha', 'A3'),
                                          b('Beta', 'B1'))), '200',
   'a booking in it is changed without its id');
is($redis->cli->hget('itinerary:trip:T2', 'rev'), 4, 'that is counted');
is(book('Beta', '', b('Beta', 'B1'), '<html/>'), '200',
   'the answer is something else');
is(last_record()->{outcome}, 'in_doubt', 'so the outcome is in doubt');
is($redis->cli->hget('itinerary:trip:T2', 'rev'), 5, 'and counted');
is(book('Beta', '', b('Beta', 'B1'), trip('T3', b('Beta', 'B1'))), '200',
   'it is in another trip now');
is($redis->cli->hget('itinerary:trip:T2', 'rev'), 6, 'both were written to');
is($redis->cli->hget('itinerary:booking:BETA|B1', 'trip'), 'T3', 'it is there');

$redis->cli->hset('itinerary:trip:T3', writer => 'other',
                  writer_until => 4102444800000);
is(book('Beta', '', b('Beta', 'B1')), '409 trip_busy, not forwarded',
   'another write to the trip is under way');
is(book('Beta', '?tripId=T3', b('Beta', 'B9')), '409 trip_busy, not forwarded',
   'with its id as well');
is($redis->cli->exists('itinerary:booking:BETA|B9'), 0, 'nothing is claimed');
$redis->cli->hdel('itinerary:trip:T3', 'writer', 'writer_until');
is(book('Beta', '', b('Beta', 'B1'), trip('T3', b('Beta', 'B1'))), '200',
   'then it is not');
is($redis->cli->hget('itinerary:trip:T3', 'writer'), undef,
   'and neither is this one');


# the other form of answer

is(book('Alpha', '?tripId=T2', b('Alpha', 'A4'),
        booking(%{ b('Alpha', 'A4') }, ns => '')), '200',
   'an answer is a booking alone');
is(last_record()->{outcome}, 'recorded', 'which is a success');
is_deeply(records($redis, match => qr/A4/), {
    'booking:ALPHA|A4' => booking_record('Alpha', 'active', 'T2'),
}, 'in the trip that was named');
is($redis->cli->hget('itinerary:trip:T2', 'booking:ALPHA|A4'), 'Alpha',
   'which knows it');
is(book('Alpha', '', b('Alpha', 'A5'), booking(%{ b('Alpha', 'A5') })), '200',
   'a booking without a trip is answered alone');
is_deeply(records($redis, match => qr/A5/), {
    'booking:ALPHA|A5' => booking_record('Alpha', 'active', ''),
}, 'its trip is not known');
is(book('Alpha', '', b('Alpha', 'A6'), booking(%{ b('Renamed', 'A6') })),
   '200', 'the booking of the answer has another source');
is_deeply(records($redis, match => qr/A6/), {
    'booking:ALPHA|A6'   => booking_record('Alpha', 'active', ''),
    'booking:RENAMED|A6' => booking_record('Alpha', 'active', ''),
}, 'both names are the supplier\'s');
is($redis->cli->exists('itinerary:source:RENAMED'), 0,
   'the source is not bound by that');

for my $name (qw(Air Car Hotel Dining Ride Rail Parking Event Travel)) {
    is(book('Alpha', '', b('Alpha', "S$name"), "<$name/>"), '200',
       "an answer is a $name alone");
    is(last_record()->{outcome}, 'recorded', 'which is a success, too');
}

is(book('Alpha', '', b('Alpha', 'A7'), '<Status>OK</Status>'), '200',
   'anything else');
is(last_record()->{outcome}, 'in_doubt', 'is none');
is($redis->cli->hget('itinerary:booking:ALPHA|A7', 'state'), 'pending',
   'the claim stays');
is(book('Alpha', '', b('Alpha', 'A7'), booking(%{ b('Alpha', 'A7') })), '200',
   'its claimant tries again');
is($redis->cli->hget('itinerary:booking:ALPHA|A7', 'state'), 'active',
   'and has it');
is(book('Alpha', '', b('Alpha', 'A8'), '<Error/>', 'X-Status' => 400), '400',
   'the API refuses one');
is($redis->cli->exists('itinerary:booking:ALPHA|A8'), 0, 'nothing is left');
is(call('Alpha', '/trip/v1.1', itinerary(bookings => [b('Alpha', 'A8')]),
        booking(%{ b('Alpha', 'A8') })), '200',
   'the trip resource is answered with a booking');
is(last_record()->{outcome}, 'in_doubt', 'which is no success there');


# bookings that were there already

is(book('Alpha', '', b('Alpha', 'A9'),
        trip('T9', b('Alpha', 'A9'), b('Old', 'O1'))), '200',
   'a booking goes into a trip that was there');
is_deeply(records($redis, match => qr/T9|O1/), {
    'trip:T9'        => { state => 'active', rev => 1, created => 'time',
                          'booking:ALPHA|A9' => 'Alpha',
                          'booking:OLD|O1' => '' },
    'booking:OLD|O1' => booking_record('', 'seen', 'T9'),
}, 'what it shows beside is seen');
is(book('Alpha', '', b('Old', 'O1')), $DENIED, 'and nobody\'s to change');
is(book('Alpha', '/allow', b('Old', 'O1'), trip('T9', b('Old', 'O1'))),
   '200', 'unless that is allowed');
is($redis->cli->hget('itinerary:booking:OLD|O1', 'owner'), '',
   'which gives it to nobody');
is(book('Alpha', '/adopt', b('Old', 'O1'), trip('T9', b('Old', 'O1'))),
   '200', 'or to be adopted');
is($redis->cli->hget('itinerary:booking:OLD|O1', 'owner'), 'Alpha',
   'which gives it to whom changes it');


# what is no booking

my $xml = booking(ns => $NS, %{ b('Alpha', 'A1') });

for my $case (
    ['422 invalid_document', itinerary(bookings => [b('Alpha', 'A1')]),
     'a trip'],
    ['422 invalid_document', '<Air/>', 'a segment'],
    ['422 invalid_document', $xml =~ s/<RecordLocator>.*?>//r, 'no locator'],
    ['422 invalid_document', $xml =~ s/<BookingSource>.*?>//r, 'no source'],
    ['400 ambiguous_body', $xml =~ s/(<RecordLocator>.*?>)/$1$1/r,
     'two locators'],
    ['400 ambiguous_body', $xml =~ s/(?=<RecordLocator>)/<TripId>T<\/TripId>/r,
     'a trip id'],
    ['400 ambiguous_body', $xml =~ s/(?=<RecordLocator>)/<Booking\/>/r,
     'a booking within'],
    ['400 ambiguous_body', $xml =~ s/<(\/?)BookingSource/<$1bookingsource/gr,
     'a source in lower case'],
    ['400 malformed_body', $xml . $xml, 'two bookings'],
) {
    my ($expected, $body, $what) = @$case;

    is(book('Alpha', '', $body), "$expected, not forwarded", $what);
}

is(call('Alpha', '/trip/v1.1', $xml),
   '422 invalid_document, not forwarded', 'a booking is no trip');

$t->done;
