#!/usr/bin/perl

# A booking is where the answer shows it, whatever trip it was posted to: the
# ids of the one do not become ids of the other.  And where no answer shows it,
# the id that it was posted to may be another id of a trip.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Document;
use Itinerary::Told qw(told call get trip b);

my $t = told();
my $redis = $t->redis;


my $NS = $Itinerary::Document::NAMESPACE;
my $xml = booking(ns => $NS, %{ b('Beta', 'B1') });

is(call('Beta', '/trip/v1.1', itinerary(bookings => [b('Beta', 'B1')]),
        trip('T1', b('Beta', 'B1'))), '200', 'a trip of Beta');
is(call('Beta', '/booking/v1.1?tripId=X1', $xml, trip('T1', b('Beta', 'B1'))),
   '200', 'its booking, posted to a trip that is not known');
is($redis->cli->get('itinerary:alias:X1'), undef, 'is in its own trip');

my $old = trip('X1', b('Old', 'O1'));

is(call('Beta', '/trip/v1.1?tripId=X1', $old =~ s/<TripName>/$&x/r, $old),
   '403 trip_not_owned, not forwarded', 'the other is still not Beta\'s');
is(call('Beta', '/trip/v1.1/cancel?tripId=X1', undef, $old),
   '403 trip_not_owned, not forwarded', 'nor may it cancel it');

is(call('Beta', '/booking/v1.1?tripId=X2', $xml, trip('T1', b('Beta', 'B1'))),
   '200', 'an id of which no trip is known, yet');
is(call('Alpha', '/trip/v1.1', itinerary(bookings => [b('Alpha', 'A1')]),
        trip('X2', b('Alpha', 'A1'))), '200', 'a trip of Alpha gets it');
is($redis->cli->hget('itinerary:trip:X2', 'owner'), 'Alpha', 'and is its own');
is(call('Beta', '/trip/v1.1?tripId=X2', itinerary(TripName => 'x',
        bookings => [b('Beta', 'B1')]), trip('X2', b('Beta', 'B1'))),
   '403 trip_not_owned, not forwarded', 'not Beta\'s');


# under an id that is not known, and in another's trip

my $x1 = booking(ns => $NS, %{ b('Beta', 'X1') });

is(call('Beta', '/booking/v1.1?tripId=T1', $x1,
        trip('M1', b('Beta', 'X1'), b('Old', 'O1'))), '200',
   'a booking that was posted to a known trip is shown under another id');
is($redis->cli->get('itinerary:alias:M1'), 'T1', 'which is one of that trip');
is(call('Gamma', '/adopt/trip/v1.1?tripId=M1',
        itinerary(TripName => 'x', bookings => [b('Gamma', 'X1')]),
        trip('M1', b('Gamma', 'X1'))), '403 trip_not_owned, not forwarded',
   'so that nobody adopts it');

is(call('Gamma', '/trip/v1.1', itinerary(bookings => [b('Gamma', 'G1')]),
        trip('M2', b('Gamma', 'G1'))), '200', 'a trip of Gamma');

my $x2 = booking(ns => $NS, %{ b('Beta', 'X2') });

is(call('Beta', '/booking/v1.1?tripId=T1', $x2,
        trip('M2', b('Beta', 'X2'), b('Gamma', 'G1'))), '200',
   'in which a booking is shown that was posted to another');
is($redis->cli->hget('itinerary:booking:BETA|X2', 'trip'), 'M2',
   'is where it is on record');
is($redis->cli->hget('itinerary:trip:M2', 'rev'), 2, 'and written to');
is(call('Gamma', '/trip/v1.1?tripId=M2',
        itinerary(bookings => [b('Gamma', 'G1')]),
        trip('M2', b('Gamma', 'G1'))),
   '403 booking_not_owned, not forwarded',
   'Gamma, who created the trip, may not leave it out');


# by an id that is another one of a known trip

is(call('Gamma', '/trip/v1.1', itinerary(bookings => [b('Gamma', 'G4')]),
        trip('L4', b('Gamma', 'G4'))), '200', 'one more trip of Gamma');

my $b4 = booking(ns => $NS, %{ b('Beta', 'B4') });

is(call('Beta', '/booking/v1.1?tripId=I4', $b4, $b4), '200',
   'a booking that is answered with itself');
is($redis->cli->hget('itinerary:trip:I4', 'state'), undef,
   'makes no trip of the id that it was posted to');

my $shown = answered(itinerary(bookings => [b('Gamma', 'G4'), b('Beta', 'B4')]),
                     'I4', locator => 'L4');

is($t->shown('Gamma', 'L4', sub {
       $t->http('GET', '/trip/v1.1/L4', headers => [
           'X-Supplier' => 'Gamma', 'X-Body' => encode_base64($shown, '')]);
   })->{status}, 200, 'Gamma is shown that the trip has it');
is($redis->cli->get('itinerary:alias:I4'), 'L4', 'by another id');
is(call('Gamma', '/trip/v1.1?tripId=L4',
        itinerary(bookings => [b('Gamma', 'G4')]),
        trip('L4', b('Gamma', 'G4'))),
   '403 booking_not_owned, not forwarded', 'may not leave it out');
is(call('Gamma', '/trip/v1.1?tripId=L4', $shown, $shown), '200',
   'and may send back what it was shown');

$t->done;
