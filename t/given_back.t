#!/usr/bin/perl

# A write that the API refuses gives back its own claims, and nothing that
# another write of the same supplier has made of them meanwhile.

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


is(call('Beta', '/trip/v1.1', itinerary(bookings => [b('Beta', 'B1')]),
        trip('T1', b('Beta', 'B1'))), '200', 'a trip of Beta');
get('Alpha', 'T1', trip('T1', b('Beta', 'B1')));

my $both = trip('T1', b('Beta', 'B1'), b('Alpha', 'A1'));

my $client = $t->post_xml_async('/trip/v1.1?tripId=T1', 'Alpha', $both,
    headers => ['X-Status' => 400, 'X-Slow' => 1,
                'X-Body' => encode_base64(' ' x 100 . '<Error/>', '')]);

wait_for(sub { scalar grep { $_->{target} =~ /tripId=T1/ } $t->requests });
is(call('Alpha', '/trip/v1.1', itinerary(bookings => [b('Alpha', 'A1')]),
        $both), '200',
   'Alpha adds a booking by a create, while its update adds it, too');
is($redis->cli->hget('itinerary:trip:T1', 'booking:ALPHA|A1'), 'Alpha',
   'it is in the trip');
is($client->finish->{status}, 400, 'the update is refused by the API');
is($redis->cli->hget('itinerary:booking:ALPHA|A1', 'state'), 'active',
   'the booking is there');
is($redis->cli->hget('itinerary:trip:T1', 'booking:ALPHA|A1'), 'Alpha',
   'and still in the trip');
is(call('Beta', '/trip/v1.1?tripId=T1', itinerary(TripName => 'x',
        bookings => [b('Beta', 'B1')]), trip('T1', b('Beta', 'B1'))),
   '403 booking_not_owned, not forwarded', 'so that Beta may not leave it out');

$t->done;
