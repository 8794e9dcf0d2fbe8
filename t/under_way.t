#!/usr/bin/perl

# A write that changes a booking of another trip than it names: nobody sends
# back what was shown of that trip while the write is under way.

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


call('Alpha', '/trip/v1.1', itinerary(bookings => [b('Alpha', 'A1')]),
     trip('T1', b('Alpha', 'A1')));

my $old = trip('T1', b('Alpha', 'A1'), b('Beta', 'B1'));
my $new = trip('T1', b('Alpha', 'A1'), b('Beta', 'B1', 'Rail'));

call('Beta', '/trip/v1.1', itinerary(bookings => [b('Beta', 'B1')]), $old);
call('Beta', '/trip/v1.1', itinerary(bookings => [b('Beta', 'B2')]),
     trip('T2', b('Beta', 'B2')));

for my $target ('/trip/v1.1', '/trip/v1.1?tripId=T2',
                '/booking/v1.1?tripId=T2')
{
    # wherever the last one has put it

    $redis->cli->hset('itinerary:booking:BETA|B1', 'trip', 'T1');

    get('Alpha', 'T1', $old);
    $redis->cli->del('itinerary:view:T1|Alpha');
    get('Alpha', 'T1', $old);

    my $xml = $target =~ /booking/
              ? booking(ns => $Itinerary::Document::NAMESPACE,
                        %{ b('Beta', 'B1', 'Rail') })
              : itinerary(bookings => [b('Beta', 'B1', 'Rail'),
                                       $target =~ /T2/ ? b('Beta', 'B2')
                                                       : ()]);
    my $before = $t->requests;

    my $client = $t->post_xml_async($target, 'Beta', $xml, headers => [
        'X-Body' => encode_base64($new, ''), 'X-Slow' => 1]);

    wait_for(sub { $t->requests > $before }) or die "not forwarded\n";

    like(call('Alpha', '/trip/v1.1?tripId=T1', $old, $old),
         qr/\A409 (?:trip_busy|stale_view), not forwarded\z/,
         "while POST $target is under way");
    is($client->finish->{status}, 200, 'which ends');
}

$t->done;
