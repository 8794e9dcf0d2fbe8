#!/usr/bin/perl

# The client leaves at every step of a write: what was not forwarded is given
# back, what was is settled and audited.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::FakeRedis;
use Itinerary::Process;

my $TRIP = '/api/travel/trip/v1.1';
my $DELAY = 0.4 * $Itinerary::Process::SLOW;

my $t = Itinerary->new;

my $redis = $t->redis;
my $cli = $redis->cli;
my $fake = Itinerary::FakeRedis->new(dir => $t->path('fake'),
                                     behind => $redis);
my $address = $fake->address;

my $upstream = $t->upstream(sub {
    my ($request) = @_;

    my ($id) = $request->{target} =~ /tripId=(\w+)/;

    $id //= "T$1" if $request->{body} =~ m{<RecordLocator>(\w+)<};

    my $answer = answered($request->{body} || itinerary(), $id);

    return [200, {}, $answer] if $request->{body} !~ /WAIT/;

    # raw pieces: an answer goes on after nginx has left

    return ("HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"
            . 'Content-Length: ' . length($answer) . "\r\n\r\n",
            sub { -e $t->path('go') }, $answer);
});

$t->nginx(conf => <<"END");
    server {
        listen 127.0.0.1:%%PORT%%;

        itinerary_redis $address timeout=30s connect_timeout=30s;
        itinerary_audit_log %%DIR%%/audit.log;

        location / {
            itinerary enforce;
            proxy_ignore_client_abort on;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /abort/ {
            itinerary enforce;
            proxy_ignore_client_abort off;
            proxy_pass http://%%UPSTREAM%%;
        }

        location = /status {
            itinerary off;
            stub_status;
        }
    }
END

my $alpha = $t->token('Alpha');
my $lines = 0;


sub post_async {
    my ($target, $comments, @locators) = @_;

    return $t->post_xml_async($target, $alpha, itinerary(
        Comments => $comments,
        bookings => [map { { source => 'Alpha', locator => $_ } } @locators],
    ));
}


sub post {
    my $client = post_async(@_);
    my $answer = $client->finish;

    $client->close;

    return $answer;
}


sub state {
    my ($locator) = @_;

    return join ' ', grep { defined }
           $cli->hmget("itinerary:booking:ALPHA|$locator", 'owner', 'state');
}


# the requests that nginx has, but for the one that asks

sub active {
    my ($active) = $t->http('GET', '/status')->{body} =~ /connections: (\d+)/;

    return $active - 1;
}


is(post($TRIP, '', 'MINE')->{status}, 200, 'Alpha has a trip');
$lines += 2;

my $id = 'TMINE';
my $update = "$TRIP?tripId=$id";
my $KEY = '(?s)^EVAL.* 1 itinerary';


# before it is forwarded

$upstream->forget;
$fake->forget;

my $xml = itinerary(bookings => [{ source => 'Alpha', locator => 'BODY' }]);
my $client = $t->http_async('POST', $update, headers => [
    'Authorization' => "OAuth $alpha", 'Content-Type' => 'application/xml',
    'Content-Length' => length $xml
], body => [substr $xml, 0, 100]);

ok($fake->wait_command(qr/^HGETALL/), 'while the body is read');
$client->close;
ok($t->wait_for(sub { active() == 0 }), 'a client leaves, its request ends');

for (['who it is is asked', '^GET itinerary:token:', 0],
     ['the trip is asked for', '^HGETALL', 0],
     ['the lease is taken', "$KEY:trip:\\S+ [0-9a-f]{32} \\d+ ", 1],
     ['its booking is claimed', "$KEY:booking:\\S+ Alpha ", 1])
{
    my ($name, $match, $undone) = @$_;

    $fake->rules({ match => $match, delay => $DELAY, times => 1 })->forget;

    $client = post_async($update, '', 'MINE', 'NEW');
    ok($fake->wait_command(qr/$match/), "while $name");
    $client->close;
    ok($t->wait_for(sub { active() == 0 }), 'a client leaves');

    if ($undone) {
        ok($fake->wait_command(qr/$KEY:trip:\S+ [0-9a-f]{32}   \d/),
           'what was taken is given back');
    }

    # the connection to Redis is in order, so this comes after all that

    is(post($update, '', 'MINE')->{status}, 200, 'the trip is free');
    is(state('NEW'), '', 'and so is the booking');
    is($cli->hexists("itinerary:trip:$id", 'booking:ALPHA|NEW'), 0,
       'and the trip does not know it');
    $lines += 2;
    is(scalar($t->wait_audit($lines)), $lines, 'the next write alone is '
       . 'in the audit trail');
}

is(scalar($t->requests), 4, 'nothing else has been forwarded');


# while the API works

$upstream->forget;
$client = post_async($update, 'WAIT', 'MINE', 'WORKS');
ok($t->wait_for(sub { $t->requests == 1 }), 'while the API works');
$client->close;

is(post($update, '', 'MINE')->{status}, 409, 'the client leaves, the trip is '
   . 'busy');
$lines += 2;

$t->write_file('go', '');
my @records = $t->wait_audit($lines += 1);

is("$records[-1]{event} $records[-1]{outcome}", 'completed recorded',
   'the answer is read to its end');
is(state('WORKS'), 'Alpha active', 'and the owner recorded');
is($cli->hexists("itinerary:trip:$id", 'writer'), 0,
   'and the lease given back');
ok($t->wait_for(sub { active() == 0 }), 'then the request ends');
unlink $t->path('go');


# the same where nginx gives up with the client

$upstream->forget;
$client = post_async("/abort$update", 'WAIT', 'MINE', 'WORKS', 'ABORT');
ok($t->wait_for(sub { $t->requests == 1 }), 'while the API works');
$client->close;
@records = $t->wait_audit($lines += 2);
is("$records[-1]{event} $records[-1]{outcome}", 'completed in_doubt',
   'the outcome is in doubt where nginx does not wait for it');
is(state('ABORT'), 'Alpha pending', 'the claim stays');
is($cli->hget("itinerary:trip:$id", 'booking:ALPHA|ABORT'), 'Alpha',
   'in the trip, too');
is($cli->hexists("itinerary:trip:$id", 'writer'), 0, 'the lease does not');


# while the end of the answer is held

my $own = "$KEY:booking:\\S+ own ";

$fake->rules({ match => $own, delay => $DELAY, times => 1 })->forget;
$client = post_async($TRIP, '', 'LAST');
ok($fake->wait_command(qr/$own/), 'while the registry is told');
$client->close;
@records = $t->wait_audit($lines += 2);
is("$records[-1]{event} $records[-1]{outcome}", 'completed recorded',
   'it leaves, and the write is recorded all the same');
is(state('LAST'), 'Alpha active', 'its booking is');
is($cli->hget('itinerary:trip:TLAST', 'owner'), 'Alpha', 'and its trip');
ok($t->wait_for(sub { active() == 0 }), 'then the request ends');


my %open;

for ($t->audit) {
    $open{ $_->{request_id} }++ if $_->{event} eq 'forwarded';
    $open{ $_->{request_id} }-- if $_->{event} eq 'completed';
}

is(scalar(grep { $_ } values %open), 0, 'every forwarded write is completed');

$t->done;
