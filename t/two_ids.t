#!/usr/bin/perl

# Two ids of one trip that become known at the same time: the trip has one
# record all the same.

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

    return answered(itinerary(bookings => [@bookings]), "I$id",
                    locator => "L$id");
}


sub b {
    my ($source, $locator, @segments) = @_;

    return { source => $source, locator => $locator,
             segments => [@segments ? @segments : 'Car'] };
}



# GETs by both ids, whose answers have ended before Redis is asked again

sub get_both {
    my ($who, $id, $shown) = @_;

    my $before = $t->requests;

    my @clients = map {
        $t->http_async('GET', "/trip/v1.1/$_$id", headers => [
            'X-Supplier' => $who, 'X-Slow' => 0.5,
            'X-Body' => encode_base64($shown, '')])
    } qw(I L);

    wait_for(sub { $t->requests == $before + 2 }) or die "no GETs\n";
    $redis->pause;
    $_->finish for @clients;
    $redis->resume;

    wait_for(sub { $redis->cli->exists("itinerary:trip:I$id")
                   || $redis->cli->exists("itinerary:trip:L$id") });

    return;
}


sub ids {
    my ($id) = @_;

    return join ' ', map { my $key = $_;
                           $redis->cli->exists("itinerary:$key")
                           ? $key : () }
           ("alias:I$id", "alias:L$id", "trip:I$id", "trip:L$id");
}


my $old = trip(1, b('Old', 'O1'));

get_both('Beta', 1, $old);
like(ids(1), qr/\Aalias:(.)1 trip:(?!\1).1\z/, 'a trip has one record');

my $plain = $old =~ s/<(id|ItinLocator)>.*?>//gr;

is(call('Alpha', '/booking/v1.1?tripId=L1',
        booking(ns => $Itinerary::Document::NAMESPACE, %{ b('Alpha', 'A1') }),
        trip(1, b('Old', 'O1'), b('Alpha', 'A1'))), '200',
   'Alpha adds a booking by one id');

for my $id ('I1', 'L1') {
    like(call('Beta', "/trip/v1.1?tripId=$id", $plain, $old),
         qr/\A(?:403 booking_not_owned|409 stale_view), not forwarded\z/,
         "Beta may not leave it out by $id");
}


# a GET while the trip is created

my $xml = trip(2, b('Alpha', 'A2'));
my $before = $t->requests;

my $client = $t->http_async('GET', '/trip/v1.1/I2', headers => [
    'X-Supplier' => 'Beta', 'X-Slow' => 0.5,
    'X-Body' => encode_base64($xml, '')]);

wait_for(sub { $t->requests > $before }) or die "no GET\n";
is(call('Alpha', '/trip/v1.1', itinerary(bookings => [b('Alpha', 'A2')]),
        $xml), '200', 'a trip is created while Beta gets it by its other id');
$client->finish;
sleep 1;
like(ids(2), qr/\Aalias:(.)2 trip:(?!\1).2\z/, 'it has one record');

for my $id ('I2', 'L2') {
    is(call('Alpha', "/trip/v1.1?tripId=$id", $xml =~ s/<TripName>/$&x/r,
            $xml), '200', "and is Alpha's by $id");
}

$t->done;
