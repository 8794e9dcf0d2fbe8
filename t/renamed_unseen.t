#!/usr/bin/perl

# A booking that the API has answered without a name, and shows under another
# source: until its supplier is told, nobody knows that this is its name.  It
# has its supplier's record locator all the same, and nobody else has a right to
# it.

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

my $DENIED = '403 booking_not_owned, not forwarded';


is(call('Alpha', '/trip/v1.1', itinerary(bookings => [b('Alpha', 'A1')]),
        trip('T1', b('Alpha', 'A1'))), '200', 'a trip of Alpha');
is(call('Beta', '/booking/v1.1?tripId=T1',
        booking(ns => $Itinerary::Document::NAMESPACE, %{ b('Beta', 'B1') }),
        '<Car/>'), '200', 'Beta books in it, and is shown a segment');

my $shown = trip('T1', b('Alpha', 'A1'), b('Gds', 'B1'));

get('Alpha', 'T1', $shown);
is($redis->cli->hget('itinerary:booking:GDS|B1', 'owner'), '',
   'Alpha is shown a booking that nobody has created');

for my $case (
    ['without it', trip('T1', b('Alpha', 'A1'))],
    ['with a change of it', trip('T1', b('Alpha', 'A1'),
                                 b('Gds', 'B1', 'Rail'))],
) {
    my ($what, $xml) = @$case;

    is(call('Alpha', '/allow/trip/v1.1?tripId=T1', $xml, $shown), $DENIED,
       "Alpha updates the trip $what");
}

is(call('Alpha', '/allow/booking/v1.1?tripId=T1',
        booking(ns => $Itinerary::Document::NAMESPACE,
                %{ b('Gds', 'B1', 'Rail') }), $shown), $DENIED,
   'or books it');
is(call('Alpha', '/allow/booking/v1.1/cancel?bookingSource=Gds'
                 . '&confirmationNumber=B1', undef, $shown), $DENIED,
   'or cancels it');
is(call('Alpha', '/allow/trip/v1.1?tripId=T1', $shown, $shown), '200',
   'Alpha sends it back as it was shown');
is($redis->cli->hget('itinerary:booking:GDS|B1', 'owner'), '',
   'which does not make it Alpha\'s');
is(call('Beta', '/allow/booking/v1.1?tripId=T1',
        booking(ns => $Itinerary::Document::NAMESPACE,
                %{ b('Gds', 'B1', 'Rail') }), '<Car/>'), '200',
   'Beta may change it');

$t->done;
