#!/usr/bin/perl

# A trip that becomes known while an update of it is under way: the update is
# counted, so that what was shown before is stale.

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

$t->done;
