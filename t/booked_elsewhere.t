#!/usr/bin/perl

# A booking is where it is, whatever trip it was posted to: the id that was
# asked for does not become another id of that trip.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

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

$t->done;
