#!/usr/bin/perl

# A worker that dies while the API carries a write out: what was shown before
# is stale, even where the write did not name the trip.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Document;

my $t = Itinerary->new;

# X-Slow: seconds between two parts of the answer

$t->upstream(sub {
    my ($request) = @_;

    my $h = $request->{headers};
    my $body = decode_base64($h->{'x-body'}[0] // '');

    if ($h->{'x-slow'}) {
        $body = [substr($body, 0, 99), \$h->{'x-slow'}[0], substr $body, 99];
    }

    return [$h->{'x-status'}[0] // 200, {}, $body];
});

$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_supplier $http_x_supplier;
    itinerary enforce;
    itinerary_lease 2s;
    large_client_header_buffers 4 64k;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /allow/ {
            itinerary_unknown_trip allow;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /any/ {
            itinerary_booking_source any;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $redis = $t->redis;


sub call {
    my ($who, $target, $xml, $shown, @headers) = @_;

    my $before = $t->requests;

    my $answer = $t->post_xml($target, $who, $xml, headers => [
        'X-Body' => encode_base64($shown, ''), @headers]);

    my $code = code_of($answer);

    return $answer->{status} . (defined $code ? " $code" : '')
           . ($t->requests > $before ? '' : ', not forwarded');
}


# a GET that has been learnt when this returns

sub get {
    my ($who, $id, $shown) = @_;

    $t->http('GET', "/trip/v1.1/$id", headers => [
        'X-Supplier' => $who, 'X-Body' => encode_base64($shown, '')]);

    wait_for(sub { $redis->cli->exists("itinerary:view:$id|$who") })
        or die "no view\n";

    return;
}


sub trip {
    my ($id, @bookings) = @_;

    return answered(itinerary(bookings => [@bookings]), $id);
}


sub b {
    my ($source, $locator, @segments) = @_;

    return { source => $source, locator => $locator,
             segments => [@segments ? @segments : 'Car'] };
}


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
        headers => ['X-Body' => encode_base64($new, ''), 'X-Slow' => 1]);

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
