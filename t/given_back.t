#!/usr/bin/perl

# A write that the API refuses gives back its own claims, and nothing that
# another write of the same supplier has made of them meanwhile, when the lease
# had run out.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(time);
use Itinerary;
use Itinerary::Document;
use Itinerary::Told qw(told call get go trip b);

my $t = told('    itinerary_lease 1s;');
my $redis = $t->redis;


is(call('Beta', '/trip/v1.1', itinerary(bookings => [b('Beta', 'B1')]),
        trip('T1', b('Beta', 'B1'))), '200', 'a trip of Beta');
get('Alpha', 'T1', trip('T1', b('Beta', 'B1')));

my $both = trip('T1', b('Beta', 'B1'), b('Alpha', 'A1'));

my $client = $t->post_xml_async('/trip/v1.1?tripId=T1', 'Alpha', $both,
    headers => ['X-Status' => 400, 'X-Until' => 'created',
                'X-Body' => encode_base64(' ' x 100 . '<Error/>', '')]);

wait_for(sub { scalar grep { $_->{target} =~ /tripId=T1/ } $t->requests })
    or die "not forwarded\n";
wait_for(sub {
    my $until = $redis->cli->hget('itinerary:trip:T1', 'writer_until');
    return defined $until && time * 1000 > $until;
}) or die "the lease has not run out\n";
is(call('Alpha', '/trip/v1.1', itinerary(bookings => [b('Alpha', 'A1')]),
        $both), '200',
   'Alpha adds a booking by a create, while its update adds it, too');
is($redis->cli->hget('itinerary:trip:T1', 'booking:ALPHA|A1'), 'Alpha',
   'it is in the trip');
go('created');
is($client->finish->{status}, 400, 'the update is refused by the API');
is($redis->cli->hget('itinerary:booking:ALPHA|A1', 'state'), 'active',
   'the booking is there');
is($redis->cli->hget('itinerary:trip:T1', 'booking:ALPHA|A1'), 'Alpha',
   'and still in the trip');
is(call('Beta', '/trip/v1.1?tripId=T1', itinerary(TripName => 'x',
        bookings => [b('Beta', 'B1')]), trip('T1', b('Beta', 'B1'))),
   '403 booking_not_owned, not forwarded', 'so that Beta may not leave it out');

$t->done;
