#!/usr/bin/perl

# A booking is where it is, whatever trip it was posted to: the id that was
# asked for does not become another id of that trip.

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
my $xml = booking(ns => $NS, %{ b('Beta', 'B1') });

is(call('Beta', '/trip/v1.1', itinerary(bookings => [b('Beta', 'B1')]),
        trip('T1', b('Beta', 'B1'))), '200', 'a trip of Beta');
is(call('Beta', '/booking/v1.1?tripId=X1', $xml, trip('T1', b('Beta', 'B1'))),
   '200', 'its booking, posted to a trip that is not known');
is($redis->cli->get('itinerary:alias:X1'), undef, 'is in its own trip');

my $old = trip('X1', b('Old', 'O1'));

is(call('Beta', '/trip/v1.1?tripId=X1', $old =~ s/<TripName>/$&x/r, $old),
   '403 trip_not_owned, not forwarded', 'the other is still not Beta\'s');
is(call('Beta', '/trip/v1.1/cancel?tripId=X1', undef, $old),
   '403 trip_not_owned, not forwarded', 'nor may it cancel it');

is(call('Beta', '/booking/v1.1?tripId=X2', $xml, trip('T1', b('Beta', 'B1'))),
   '200', 'an id of which no trip is known, yet');
is(call('Alpha', '/trip/v1.1', itinerary(bookings => [b('Alpha', 'A1')]),
        trip('X2', b('Alpha', 'A1'))), '200', 'a trip of Alpha gets it');
is($redis->cli->hget('itinerary:trip:X2', 'owner'), 'Alpha', 'and is its own');
is(call('Beta', '/trip/v1.1?tripId=X2', itinerary(TripName => 'x',
        bookings => [b('Beta', 'B1')]), trip('X2', b('Beta', 'B1'))),
   '403 trip_not_owned, not forwarded', 'not Beta\'s');

$t->done;
