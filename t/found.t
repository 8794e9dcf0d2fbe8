#!/usr/bin/perl

# A booking that the API puts into a trip without saying so is found when the
# trip is next shown.  Who was shown the trip before has not seen that it is
# gone, and may not leave it out.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Document;
use Itinerary::Told qw(told call get go trip b);

my $t = told();
my $redis = $t->redis;

my $DENIED = '403 booking_not_owned, not forwarded';


sub rev { return $redis->cli->hget("itinerary:$_[0]", 'rev') }


# a booking that is answered with itself alone

sub booked {
    my ($who, $locator) = @_;

    my $xml = booking(ns => $Itinerary::Document::NAMESPACE,
                      %{ b($who, $locator) });

    return call($who, '/booking/v1.1', $xml, $xml);
}


# by the trip's id

my $old = trip('T1', b('Gamma', 'G1'));
my $new = trip('T1', b('Gamma', 'G1'), b('Beta', 'B1'));

is(call('Gamma', '/trip/v1.1', itinerary(bookings => [b('Gamma', 'G1')]),
        $old), '200', 'a trip of Gamma');

get('Alpha', 'T1', $old);
is(call('Alpha', '/trip/v1.1?tripId=T1', $old, $old), '200',
   'Alpha sends back what it was shown');

get('Alpha', 'T1', $old);
is(booked('Beta', 'B1'), '200',
   'Beta books, the API does not say in which trip');

my $rev = rev('trip:T1');

get('Delta', 'T1', $new);
is(rev('trip:T1'), $rev + 1, 'Delta is shown that it is in this one');
is(rev('view:T1|Delta'), $rev + 1, 'as it is now');
is(call('Alpha', '/trip/v1.1?tripId=T1', $old, $old), $DENIED,
   'what Alpha was shown is not: its echo would remove the booking');
is(call('Delta', '/trip/v1.1?tripId=T1', $new, $new), '200',
   'Delta may send back what it was shown');

get('Alpha', 'T1', $new);
$rev = rev('trip:T1');
get('Delta', 'T1', $new);
is(rev('trip:T1'), $rev, 'what is found once is not found again');
is(call('Alpha', '/trip/v1.1?tripId=T1', $new, $new), '200',
   'and now Alpha has seen it');


# by an id that was not known

$old = trip('T2', b('Gamma', 'G2'));
$new = trip('T2', b('Gamma', 'G2'), b('Beta', 'B2'));

is(call('Gamma', '/trip/v1.1', itinerary(bookings => [b('Gamma', 'G2')]),
        $old), '200', 'another trip of Gamma');
get('Alpha', 'T2', $old);
is(booked('Beta', 'B2'), '200', 'Beta books');

$rev = rev('trip:T2');

is($t->http('GET', '/trip/v1.1/I2', headers => [
       'X-Supplier' => 'Delta', 'X-Body' => encode_base64($new, '')])
   ->{status}, 200, 'Delta reads the trip by another id');
ok(wait_for(sub { $redis->cli->hexists('itinerary:trip:T2',
                                       'booking:BETA|B2') }),
   'which shows the booking');
is(rev('trip:T2'), $rev + 1, 'and counts');
is(call('Alpha', '/trip/v1.1?tripId=T2', $old, $old), $DENIED,
   'what Alpha was shown is not the trip as it is');


# by two at a time

$old = trip('T4', b('Gamma', 'G4'));
$new = trip('T4', b('Gamma', 'G4'), b('Beta', 'B4'));

is(call('Gamma', '/trip/v1.1', itinerary(bookings => [b('Gamma', 'G4')]),
        $old), '200', 'one more trip of Gamma');
is(booked('Beta', 'B4'), '200', 'Beta books');

$rev = rev('trip:T4');

my $before = $t->requests;

my @both = map {
    $t->http_async('GET', '/trip/v1.1/T4', headers => [
        'X-Supplier' => $_, 'X-Body' => encode_base64($new, ''),
        'X-Until' => "both-$_"])
} qw(Delta Alpha);

wait_for(sub { $t->requests == $before + 2 }) or die "no GETs\n";
go('both-Delta');
$both[0]->finish;
ok(wait_for(sub { rev('view:T4|Delta') }), 'Delta is shown it');
go('both-Alpha');
$both[1]->finish;
ok(wait_for(sub { rev('view:T4|Alpha') }), 'and Alpha, who asked meanwhile');
is(rev('trip:T4'), $rev + 1, 'it is found once');
is(call('Delta', '/trip/v1.1?tripId=T4', $new, $new), '200',
   'who found it may send it back');


# by the GET that makes the trip known, while another one is under way

$old = trip('T5', b('Old', 'O5'));
$new = trip('T5', b('Old', 'O5'), b('Beta', 'B5'));
$before = $t->requests;

my $client = $t->http_async('GET', '/trip/v1.1/T5', headers => [
    'X-Supplier' => 'Alpha', 'X-Body' => encode_base64($old, ''),
    'X-Until' => 'first']);

wait_for(sub { $t->requests > $before }) or die "no GET\n";
is(booked('Beta', 'B5'), '200', 'Beta books while Alpha gets an unknown trip');
get('Delta', 'T5', $new);
is(rev('trip:T5'), 1, 'Delta is shown where: that counts');
is(rev('view:T5|Delta'), 1, 'its view is of that');
go('first');
$client->finish;
ok(wait_for(sub { defined rev('view:T5|Alpha') }),
   'Alpha sees what was before');
is(call('Alpha', '/trip/v1.1?tripId=T5', $old, $old), $DENIED,
   'and may not leave the booking out');


# a trip without bookings

get('Delta', 'T3', trip('T3'));
is(rev('trip:T3'), undef, 'where nothing is found, nothing is counted');
is(rev('view:T3|Delta'), 0, 'as the view says');

$t->done;
