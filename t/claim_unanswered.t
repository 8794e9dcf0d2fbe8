#!/usr/bin/perl

# A claim that Redis has carried out, and whose reply does not come: what was
# in doubt before stays so, and the leases are given back.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Document;
use Itinerary::FakeRedis;

my $t = Itinerary->new;
my $redis = $t->redis;
my $cli = $redis->cli;
my $fake = Itinerary::FakeRedis->new(dir => $t->path('fake'),
                                     behind => $redis);
my $address = $fake->address;

$t->upstream(sub {
    my ($request) = @_;

    my ($id) = $request->{target} =~ /tripId=(\w+)/;

    return [$request->{headers}{'x-status'}[0] // 200, {},
            answered($request->{body}, $id // 'T1')];
});

$t->nginx(conf => <<"END_CONF");
    itinerary_redis $address timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_supplier \$http_x_supplier;
    itinerary_booking_source any;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /open/ {
            itinerary_fail_open on;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF


sub post {
    my ($who, $target, $status, @bookings) = @_;

    return $t->post_xml($target, $who, itinerary(
        bookings => [map { { source => 'S', locator => $_ } } @bookings]),
        headers => ['X-Status' => $status])->{status};
}


# the claim of that booking by the supplier is carried out and not answered

sub unanswered {
    my ($locator, $who) = @_;

    $fake->rules({ match => "booking:S\\|$locator $who ", cut => 0,
                   close => 1, times => 1 });

    return;
}


# of a booking that was in doubt

is(post('Beta', '/trip/v1.1', 502, 'B1'), 502, 'a create is in doubt');

unanswered('B1', 'Beta');
is(post('Beta', '/trip/v1.1', 200, 'B1'), 503, 'so is the claim of a retry');
$fake->rules;

# until that request has been settled, too

$t->wait_for(sub { post('Beta', '/trip/v1.1', 200, 'B2') == 200 });

is($cli->hget('itinerary:booking:S|B1', 'state'), 'pending',
   'what was in doubt stays so');
is(post('Gamma', '/trip/v1.1', 200, 'B1'), 403,
   'and is not free for another supplier');
is(post('Beta', '/trip/v1.1', 200, 'B1'), 200, 'its claimant may post it');


# of a trip by another id, where that lets the write pass

is(post('Alpha', '/trip/v1.1?tripId=T1', 200, 'A0'), 403,
   'a trip of another supplier');
$cli->hset('itinerary:trip:T1', 'owner', 'Alpha');
$cli->hdel('itinerary:trip:T1', 'booking:S|B1', 'booking:S|B2');
$cli->set('itinerary:alias:X1', 'T1');

for my $status (200, 400, 500) {
    my $rev = $cli->hget('itinerary:trip:T1', 'rev');

    unanswered("A$status", 'Alpha');
    is(post('Alpha', '/open/trip/v1.1?tripId=X1', $status, "A$status"),
       $status, "a write passes unjudged, and is answered $status");
    $fake->rules;

    ok($t->wait_for(sub { !$cli->hexists('itinerary:trip:T1', 'writer') }),
       'the lease is given back');
    is($cli->hget('itinerary:trip:T1', 'rev'), $rev + ($status != 400),
       $status == 400 ? 'and the write not counted' : 'and the write counted');
}

$t->expect_log(qr/connection|registry|redis/);
$t->done;
