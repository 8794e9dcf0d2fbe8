#!/usr/bin/perl

# A supplier posts a booking again that it had cancelled.  If nobody knows
# whether that was carried out, nobody else may remove it; if it was refused,
# all is as it was.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Shared;

my $t = start();

for my $case (['an update', 'trip'], ['a booking', 'book']) {
    my ($what, $how) = @$case;
    my $all = shared();
    my $cancelled = $all =~ s{(.*)<Segments>.*?</Segments>}{$1<Segments/>}sr;

    is(post('Beta', "/booking/v1.1/cancel?bookingSource=Beta"
                    . "&confirmationNumber=B1-$trip", undef, $cancelled),
       '200', 'Beta cancels its booking');
    get('Beta', $cancelled);
    get('Alpha', $cancelled);

    is($how eq 'trip'
       ? update('Beta', $all, $all, 'X-Status' => 500)
       : post('Beta', "/booking/v1.1?tripId=$trip",
              booking(ns => '', %{ b('B1') }), $all, 'X-Status' => 500),
       '500', "$what posts it again, and is in doubt");

    my $without = $all
        =~ s{<Booking>(?:(?!</Booking>).)*B1-T\d+.*?</Booking>\s*}{}sr;

    like(update('Alpha', $without),
         qr/\A(?:403|409) \w+, not forwarded\z/,
         "after $what nobody else may remove it");
}


# the API refuses it

my $all = shared();
my $cancelled = $all =~ s{(.*)<Segments>.*?</Segments>}{$1<Segments/>}sr;
my $cli = $t->redis->cli;


# what is on record of the booking, but for the time, and on the trip's list

sub known {
    my %record = $cli->hgetall("itinerary:booking:BETA|B1-$trip");

    delete $record{at};

    return { %record, listed => $cli->hget("itinerary:trip:$trip",
                                           "booking:BETA|B1-$trip") };
}


is(post('Beta', "/booking/v1.1/cancel?bookingSource=Beta"
                . "&confirmationNumber=B1-$trip", undef, $cancelled),
   '200', 'Beta cancels its booking');

my $known = known();

is($known->{state}, 'cancelled', 'as is on record');

for (400, 500, 400) {
    get('Beta', $cancelled);
    is(post('Beta', "/booking/v1.1?tripId=$trip",
            booking(ns => '', %{ b('B1') }), $all, 'X-Status' => $_), $_,
       "it is posted again, and answered with $_");

    if ($known) {
        is_deeply(known(), $known, 'all is as it was');
        undef $known;

    } else {
        is(known()->{state}, 'pending', 'it is in doubt');
        is(known()->{listed}, 'Beta', 'and on the trip\'s list');
    }
}

is(post('Beta', "/booking/v1.1?tripId=$trip",
        booking(ns => '', %{ b('B1') }), $all), '200',
   'it is posted again, and carried out');
is(known()->{state}, 'active', 'it is active');
ok(!exists known()->{cancelled}, 'and nothing more');

$t->done;
