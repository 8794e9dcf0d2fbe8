#!/usr/bin/perl

# A write that changes a booking of another trip than it names has the lease of
# that trip as well: nobody writes to it, or sends back what was shown of it,
# while the write is under way; and where another write has it, it is refused.

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


call('Alpha', '/trip/v1.1', itinerary(bookings => [b('Alpha', 'A1')]),
     trip('T1', b('Alpha', 'A1')));

my $old = trip('T1', b('Alpha', 'A1'), b('Beta', 'B1'));
my $new = trip('T1', b('Alpha', 'A1'), b('Beta', 'B1', 'Rail'));

call('Beta', '/trip/v1.1', itinerary(bookings => [b('Beta', 'B1')]), $old);
call('Beta', '/trip/v1.1', itinerary(bookings => [b('Beta', 'B2')]),
     trip('T2', b('Beta', 'B2')));

my $n = 0;

for my $target ('/trip/v1.1', '/trip/v1.1?tripId=T2',
                '/booking/v1.1?tripId=T2')
{
    # wherever the last one has put it

    $redis->cli->hset('itinerary:booking:BETA|B1', 'trip', 'T1');

    get('Alpha', 'T1', $old);

    my $xml = $target =~ /booking/
              ? booking(ns => $Itinerary::Document::NAMESPACE,
                        %{ b('Beta', 'B1', 'Rail') })
              : itinerary(bookings => [b('Beta', 'B1', 'Rail'),
                                       $target =~ /T2/ ? b('Beta', 'B2')
                                                       : ()]);
    my $before = $t->requests;

    my $client = $t->post_xml_async($target, 'Beta', $xml, headers => [
        'X-Body' => encode_base64($new, ''), 'X-Until' => ++$n]);

    wait_for(sub { $t->requests > $before }) or die "not forwarded\n";

    # what is shown now is the old content, and may be so for the last time

    get('Alpha', 'T1', $old);

    is(call('Alpha', '/trip/v1.1?tripId=T1', $old, $old),
       '409 trip_busy, not forwarded', "while POST $target is under way");
    go($n);
    is($client->finish->{status}, 200, 'which ends');
    ok(!$redis->cli->hexists('itinerary:trip:T1', 'writer'),
       'and gives the lease back');

    $redis->cli->hset('itinerary:booking:BETA|B1', 'trip', 'T1');

    is(call('Alpha', '/trip/v1.1?tripId=T1', $old, $old),
       '409 stale_view, not forwarded', 'what was shown meanwhile is stale');
}


# a write that the API refuses leaves no trace

sub rev { return $redis->cli->hget('itinerary:trip:T1', 'rev') }

get('Alpha', 'T1', $new);

my $rev = rev();
my $create = itinerary(bookings => [b('Beta', 'B1')]);

is(call('Beta', '/trip/v1.1', $create, '<Error/>', 'X-Status' => 400), '400',
   'a create that the API refuses');
is(rev(), $rev, 'is not counted in the trip that its booking is in');
ok(!$redis->cli->hexists('itinerary:trip:T1', 'writer'),
   'and gives the lease back');
is(call('Alpha', '/trip/v1.1?tripId=T1', $new, $new), '200',
   'so that what was shown before may be sent back');

# one that nobody knows of is counted

$redis->cli->hset('itinerary:booking:BETA|B1', 'trip', 'T1');
$rev = rev();

is(call('Beta', '/trip/v1.1', $create, '', 'X-Status' => 502), '502',
   'a create of which nobody knows what became of it');
is(rev(), $rev + 1, 'is counted there');
ok(!$redis->cli->hexists('itinerary:trip:T1', 'writer'),
   'and gives the lease back');


# the other way round: the trip that a booking is in is being written to

call('Beta', '/trip/v1.1', itinerary(bookings => [b('Beta', 'B3')]),
     trip('T3', b('Beta', 'B3')));
get('Alpha', 'T1', $new);
$redis->cli->hset('itinerary:booking:BETA|B1', 'trip', 'T1');

my $before = $t->requests;
my $client = $t->post_xml_async('/trip/v1.1?tripId=T1', 'Alpha',
    itinerary(bookings => [b('Alpha', 'A1', 'Rail'), b('Beta', 'B1', 'Rail')]),
    headers => ['X-Body' => encode_base64($new, ''), 'X-Until' => 'tried']);

wait_for(sub { $t->requests > $before }) or die "not forwarded\n";

my $writer = $redis->cli->hget('itinerary:trip:T1', 'writer');

is(call('Beta', '/trip/v1.1', itinerary(bookings => [b('Beta', 'B1'),
                                                     b('Beta', 'B9')]), $new),
   '409 trip_busy, not forwarded',
   'a create with a booking of a trip that is written to');
is($redis->cli->exists('itinerary:booking:BETA|B9'), 0,
   'gives its claims back');
is($redis->cli->hget('itinerary:trip:T1', 'writer'), $writer,
   'and leaves the lease to who has it');
is(call('Beta', '/booking/v1.1?tripId=T3',
        booking(ns => $Itinerary::Document::NAMESPACE,
                %{ b('Beta', 'B1', 'Rail') }), $new),
   '409 trip_busy, not forwarded', 'so is a booking for another trip');
ok(!$redis->cli->hexists('itinerary:trip:T3', 'writer'),
   'of which the lease is given back');
go('tried');
is($client->finish->{status}, 200, 'the write to the trip ends');

$t->done;
