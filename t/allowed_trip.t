#!/usr/bin/perl

# A trip that nobody has on record, and that suppliers may update: what they
# have added to it is theirs, whenever the trip becomes known, and by whichever
# id it is named.

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


my $old = trip('T1', b('Old', 'O1'));
my $new = trip('T1', b('Old', 'O1'), b('Alpha', 'A1'));

my $client = $t->post_xml_async('/allow/trip/v1.1?tripId=T1', 'Alpha', $new,
    headers => ['X-Body' => encode_base64($new, ''), 'X-Until' => 'shown']);

wait_for(sub { scalar grep { $_->{target} =~ /T1/ } $t->requests });
get('Beta', 'T1', $old);
go('shown');
is($client->finish->{status}, 200, 'Alpha adds a booking to an unknown trip');
is($redis->cli->hget('itinerary:trip:T1', 'booking:ALPHA|A1'), 'Alpha',
   'which is in it');

for my $place ('/allow', '') {
    like(call('Beta', "$place/trip/v1.1?tripId=T1", $old, $old),
         qr/\A(?:403 booking_not_owned|409 stale_view), not forwarded\z/,
         "who was shown the trip before may not leave it out, '$place'");
}


# by another id, which an answer has shown

my $shown = trip('T2', b('Alpha', 'A2')) =~ s{v1.1/T2}{v1.1/I2}r;

is(call('Alpha', '/allow/trip/v1.1?tripId=T2',
        itinerary(bookings => [b('Alpha', 'A2')]), $shown), '200',
   'Alpha updates an unknown trip, of which the API shows two ids');
is($redis->cli->hget('itinerary:trip:T2', 'state'), undef,
   'the trip stays unknown');

for my $id (qw(T2 I2)) {
    is(call('Beta', "/allow/trip/v1.1?tripId=$id",
            itinerary(bookings => [b('Beta', 'B2')]),
            trip('T2', b('Beta', 'B2'))),
       '403 booking_not_owned, not forwarded',
       "Beta may not leave out what Alpha has added, by $id");
}

$t->done;
