#!/usr/bin/perl

# A worker that dies while the API carries a write out: what was shown before
# is stale, even where the write did not name the trip.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Document;
use Itinerary::Told qw(told call get trip b);

my $t = told('    itinerary_lease 2s;');


my $NS = $Itinerary::Document::NAMESPACE;
my $n = 0;

for my $case (
    ['an update', sub { "/trip/v1.1?tripId=$_[0]" }, sub { $_[0] }],
    ['a booking', sub { "/booking/v1.1?tripId=$_[0]" },
     sub { booking(ns => $NS, %{ b('Beta', "B$n", 'Rail') }) }],
    ['a booking without the trip', sub { '/booking/v1.1' },
     sub { booking(ns => $NS, %{ b('Beta', "B$n", 'Rail') }) }],
    ['a cancelled booking', sub { "/booking/v1.1/cancel?bookingSource=Beta"
                                  . "&confirmationNumber=B$n" }, sub { undef }],
    ['a create', sub { '/trip/v1.1' },
     sub { itinerary(bookings => [b('Beta', "B$n", 'Rail')]) }],
) {
    my ($what, $target, $document) = @$case;

    my $id = 'T' . ++$n;

    call('Alpha', '/trip/v1.1', itinerary(bookings => [b('Alpha', "A$n")]),
         trip($id, b('Alpha', "A$n")));

    my $old = trip($id, b('Alpha', "A$n"), b('Beta', "B$n"));
    my $new = trip($id, b('Alpha', "A$n"), b('Beta', "B$n", 'Rail'));

    call('Beta', '/trip/v1.1', itinerary(bookings => [b('Beta', "B$n")]), $old);
    get($_, $id, $old) for qw(Alpha Beta);

    my $uri = $target->($id);
    my $before = $t->requests;
    my $client = $t->post_xml_async($uri, 'Beta', $document->($new),
        headers => ['X-Body' => encode_base64($new, ''), 'X-Until' => 'never']);

    wait_for(sub { $t->requests > $before }) or die "not forwarded\n";

    my ($worker) = $t->workers;

    kill 'KILL', $worker;
    wait_for(sub { my ($next) = $t->workers; $next && $next != $worker });
    $client->close;
    sleep 2;                                      # the lease

    like(call('Alpha', "/trip/v1.1?tripId=$id", $old, $old),
         qr/\A(?:403 booking_not_owned|409 stale_view), not forwarded\z/,
         "$what may have been carried out");
}

$t->expect_log(qr/exited on signal 9/);
$t->done;
