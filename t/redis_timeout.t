#!/usr/bin/perl

# Redis does not answer in time: writes are refused by the deadline, and a
# late reply never reaches anybody.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(time);
use Itinerary;
use Itinerary::FakeRedis;
use Itinerary::Process;

my $TRIP = '/api/travel/trip/v1.1';
my $SLOW = $Itinerary::Process::SLOW;
my $TIMEOUT = 0.3 * $SLOW;

my $t = Itinerary->new;

my $redis = $t->redis;
my $fake = Itinerary::FakeRedis->new(dir => $t->path('fake'),
                                     behind => $redis);
my $address = $fake->address;
my $timeout = $TIMEOUT * 1000 . 'ms';

my $n = 0;

$t->upstream(sub {
    my ($request) = @_;

    my ($id) = $request->{target} =~ /tripId=(\w+)/;

    return [200, {}, answered($request->{body} || itinerary(),
                              $id // 'T' . ++$n)];
});

$t->nginx(conf => <<"END");
    proxy_ignore_client_abort on;
    itinerary_booking_source any;

    server {
        listen 127.0.0.1:%%PORT%%;

        itinerary_redis %%REDIS%% timeout=$timeout connect_timeout=$timeout;

        location / {
            itinerary enforce;
            proxy_pass http://%%UPSTREAM%%;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_1%%;

        itinerary_redis $address timeout=$timeout connect_timeout=20s;

        location / {
            itinerary enforce;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my %token = map { $_ => $t->token($_) } qw(Alpha Beta);

my $locator = 0;

sub document {
    return itinerary(bookings => [{ locator => 'L' . ++$locator }]);
}


sub create {
    my ($who, %opt) = @_;

    return $t->post_xml($TRIP, $token{$who}, document(), %opt);
}


sub refused {
    my ($answer) = @_;

    return "$answer->{status} " . (code_of($answer) // '');
}


my $UNAVAILABLE = '503 registry_unavailable';


# silent while it is connected

is(create('Alpha')->{status}, 200, 'a trip is created');

$redis->pause;

my $forwarded = $t->requests;
my $start = time;
my @clients = map {
    $t->post_xml_async($TRIP, $token{Alpha}, document())
} 1 .. 20;

my @answers = map { refused($_->finish) } @clients;
my $elapsed = time - $start;

is_deeply(\@answers, [($UNAVAILABLE) x 20],
          'with a silent Redis writes are refused');
cmp_ok($elapsed, '>', $TIMEOUT * 0.9, 'not before the deadline');
cmp_ok($elapsed, '<', $TIMEOUT + 0.7 * $SLOW, 'but then');
like($t->error_log, qr/redis "[\d.:]+" did not answer in time/,
     'the log says why');


# silent when it is connected to

for my $try (1 .. 3) {
    $start = time;
    is(refused(create('Alpha')), $UNAVAILABLE,
       'a Redis that accepts and does not answer is away');
    cmp_ok(time - $start, '<', $TIMEOUT + 0.7 * $SLOW, 'in time');
}

is(scalar($t->requests), $forwarded, 'nothing is forwarded');
is($t->http('GET', "$TRIP/T1")->{status}, 200, 'a read is forwarded');

$redis->resume;
ok($t->wait_for(sub { create('Alpha')->{status} == 200 }),
   'once it goes on, writes pass');


# a late reply

my %late = (port => $t->port(1));

is(create('Alpha', %late)->{status}, 200, 'a trip is created');

my ($of_alpha) = map { $_->{text} } $fake->commands(qr/^GET itinerary:token/);

$fake->rules({ match => "^\Q$of_alpha\E", delay => 3 * $TIMEOUT })->forget;
$forwarded = $t->requests;

my $client = $t->post_xml_async($TRIP, $token{Alpha}, document(), %late);
ok($fake->wait_command(qr/^\Q$of_alpha\E/), 'a token is asked for');
is(refused($client->finish), $UNAVAILABLE, 'the reply is late');

@answers = map { create('Beta', %late) } 1 .. 20;

is_deeply([map { $_->{status} } @answers], [(200) x 20],
          'others are answered meanwhile');
is(scalar($t->requests), $forwarded + 20, 'and only they are forwarded');

my %connection = map { $_->{connection} => 1 } $fake->commands;
is(scalar(keys %connection), 2, 'on another connection');

my @owners = map { $redis->cli->hget($_, 'owner') }
             grep { /\|L(\d+)$/ && $1 > $locator - 20 }
             $redis->cli->keys('itinerary:booking:*');

is_deeply(\@owners, [('Beta') x 20], 'and nobody is taken for Alpha');


# late, but not too late

$fake->rules({ match => '^(?:GET|HGETALL|HMGET|EVALSHA|EVAL|SET) ',
               delay => $TIMEOUT / 5 });
is(create('Alpha', %late)->{status}, 200,
   'each of several steps may take its time');


# a connection takes longer to come about than an answer may

$fake->rules({ match => '^ROLE', delay => 2 * $TIMEOUT, times => 1 })->kill;
$fake->forget->start;

is(refused(create('Alpha', %late)), $UNAVAILABLE,
   'a request does not wait for a slow connection');
ok($t->wait_for(sub { create('Alpha', %late)->{status} == 200 }),
   'which comes about');
is(scalar($fake->commands(qr/^ROLE/)), 1, 'at its first attempt');


# while the body is read

$fake->rules({ match => '^GET', silent => 1 })->forget;
$forwarded = $t->requests;

my $xml = document();
my $seen = length $t->error_log;

$client = $t->http_async('POST', $TRIP, %late, headers => [
    'Authorization' => "OAuth $token{Alpha}",
    'Content-Type' => 'application/xml', 'Content-Length' => length $xml,
], body => [substr $xml, 0, 100]);

ok($t->wait_for(sub {
    substr($t->error_log, $seen) =~ /did not answer in time/
}), 'a deadline passes while the body is read');

$client->send(substr $xml, 100, 100);
is(refused($client->finish), $UNAVAILABLE,
   'the rest of the body is not waited for');
is(scalar($t->requests), $forwarded, 'nothing is forwarded');

$fake->rules;
is(create('Alpha', %late)->{status}, 200, 'the next request is served');

$t->done;
