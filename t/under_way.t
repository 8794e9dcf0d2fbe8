#!/usr/bin/perl

# A write that changes a booking of another trip than it names: nobody sends
# back what was shown of that trip while the write is under way.

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
