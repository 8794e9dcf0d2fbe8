#!/usr/bin/perl

# A trip that becomes known while an update of it is under way: the update is
# counted, so that what was shown before is stale.

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


my $old = trip('T1', b('Old', 'O1'));
my $new = trip('T1', b('Old', 'O1'), b('Alpha', 'A1'));

my $client = $t->post_xml_async('/allow/trip/v1.1?tripId=T1', 'Alpha', $new,
    headers => ['X-Body' => encode_base64($new, ''), 'X-Slow' => 1]);

wait_for(sub { scalar grep { $_->{target} =~ /T1/ } $t->requests });
get('Beta', 'T1', $old);
is($client->finish->{status}, 200, 'Alpha adds a booking to an unknown trip');
is($redis->cli->hget('itinerary:trip:T1', 'booking:ALPHA|A1'), 'Alpha',
   'which is in it');

for my $place ('/allow', '') {
    like(call('Beta', "$place/trip/v1.1?tripId=T1", $old, $old),
         qr/\A(?:403 booking_not_owned|409 stale_view), not forwarded\z/,
         "who was shown the trip before may not leave it out, '$place'");
}

$t->done;
