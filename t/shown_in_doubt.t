#!/usr/bin/perl

# What an answer shows without saying clearly what it is: what was shown and
# cannot be told, or stands there twice, may not be left out.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Shared;

my $NS = 'http://www.concursolutions.com/api/travel/trip/2010/06';

my $t = start();
my $redis = $t->redis;

my $DENIED = '403 booking_not_owned, not forwarded';

my $WITHOUT_B1 = qr{<Booking>(?:(?!</Booking>).)*B1-T\d+.*?</Booking>\s*}s;


# what cannot be told has no digest

my $all = shared();
my $blank = ' ' x 300;
my $vague = $all =~ s{(.*)<NameLast>Miller}{$1<NameLast>${blank}Miller}sr;

get('Alpha', $vague);
is(update('Alpha', $vague), $DENIED,
   'a booking of Beta that was shown, but cannot be told, is not sent back');
is(update('Alpha', $vague =~ s/$WITHOUT_B1//r), $DENIED,
   'nor is it left out');


# one name, two bookings

$all = shared();

my ($first) = $all =~ /($WITHOUT_B1)/;
my $second = $first =~ s/Miller/Muller/r;

get('Alpha', $all =~ s/\Q$first\E/$first$second/r);
is(update('Alpha', $all), $DENIED,
   'of a booking that was shown twice, the first is not sent back alone');
is(update('Alpha', $all =~ s/\Q$first\E/$second/r), $DENIED,
   'nor is the second');


# no name

for my $element ('BookingSource', 'RecordLocator') {
    $all = shared();
    get('Alpha', $all);
    look('Alpha', $all =~ s{(.*)<$element>.*?<}{$1<$element><}sr);

    ok(wait_for(sub { !$redis->cli->exists(view_of('Alpha')) }),
       "an answer with a booking without $element ends the view");
    is(update('Alpha', $all =~ s/$WITHOUT_B1//r), $DENIED,
       "what is shown without a $element may be anybody's");
}


# nothing of the bookings

$all = shared();
get('Alpha', $all);
is(update('Alpha', $all =~ s/<TripName>/$&x/r,
          $all =~ s{<Bookings>.*</Bookings>}{}sr), '200',
   'an update is answered with the trip\'s fields alone');
is(update('Alpha', $all =~ s/$WITHOUT_B1//r), $DENIED,
   'which does not say that no booking is there');


# a booking alone

$all = shared();
get('Alpha', $all);
is(post('Alpha', "/booking/v1.1?tripId=$trip",
        booking(ns => $NS, %{ b('A1') }),
        answered(itinerary(Comments => '', bookings => [b('A1')]), $trip)),
   '200', 'a booking that is posted by itself is answered with itself');
is(update('Alpha', $all =~ s/$WITHOUT_B1//r), $DENIED,
   'which does not say that no other is there');


# another trip's details

$all = shared();

my $this = $trip;
my $other = shared();

$trip = $this;
get('Alpha', $all);
look('Alpha', $other =~ s/\s+(?=<)//gr);
ok(wait_for(sub { !$redis->cli->exists(view_of('Alpha')) }),
   'details of another trip end the view');
is(update('Alpha', $other =~ s/<(id|ItinLocator)>.*?>//gr, $all), $DENIED,
   'details that are another trip\'s say nothing of this one');


# a part, that the supplier has asked for

$all = shared();

my $part = $all =~ s/$WITHOUT_B1//r;

for my $args ('bookingType=Car', 'page=1&pageSize=2', 'tripId=&fields=x') {
    is($t->http('GET', "/trip/v1.1/$trip?$args", headers => [
           'X-Supplier' => 'Alpha', 'X-Body' => encode_base64($part, '')])
       ->{status}, 200, "details are asked for by $args");
}

my $whole = $trip;

$trip = 'LATER';
get('Alpha', answered(itinerary(), $trip));
$trip = $whole;
is(update('Alpha', $part), $DENIED, 'which may not be the whole trip');


# a type is a name, too

$all = shared() =~ s{(.*)<Car>}{$1<Car xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:p="urn:a" i:type="p:Car">}sr;
get('Alpha', $all);
is(update('Alpha', $all =~ s/urn:a/urn:b/r), $DENIED,
   'a type of another namespace is another one');

$t->done;
