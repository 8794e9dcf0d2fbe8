#!/usr/bin/perl

# Redis has no memory left and evicts nothing: it refuses whatever writes, and
# goes on to read.  Nothing is forwarded that could not be claimed; what has
# been forwarded when it happens is in doubt, and belongs to its claimant.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Redis ();
use Test::More;
use Itinerary;

my $t = Itinerary->new;

my $redis = $t->redis(conf => ['--maxmemory-policy', 'noeviction']);
my $port = $redis->port;

# X-Full: Redis is full from when the request has arrived

$t->upstream(sub {
    my ($request) = @_;

    my $h = $request->{headers};
    my ($id) = $request->{target} =~ /tripId=([^&]*)/;

    fill($port) if $h->{'x-full'};

    return [200, {}, answered($request->{body} || itinerary(),
                              $id // $h->{'x-trip'}[0] // 'T0')];
});

$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /open/ {
            itinerary_fail_open on;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $cli = $redis->cli;


sub fill {
    my ($port) = @_;

    Redis->new(server => "127.0.0.1:$port")->config_set(maxmemory => 1);

    return;
}


sub room { $cli->config_set(maxmemory => 0); return }


# "status code", whether it was forwarded

sub post {
    my ($who, $target, $xml, @headers) = @_;

    my $before = $t->requests;
    my $answer = $t->post_xml($target, $who, $xml, headers => \@headers);

    return join ' ', grep { length } $answer->{status},
           code_of($answer) // '',
           $t->requests > $before ? 'forwarded' : 'not forwarded';
}


sub create {
    my ($who, $n, @headers) = @_;

    return post($who, '/trip/v1.1', itinerary(
        bookings => [{ source => 'Alpha', locator => "A$n" }]),
        'X-Trip' => "T$n", @headers);
}


sub update {
    my ($who, $n, $locators, @headers) = @_;

    return post($who, "/trip/v1.1?tripId=T$n", itinerary(bookings => [
        map { { source => 'Alpha', locator => $_ } } @$locators]), @headers);
}


sub cancel {
    my ($who, $n, @headers) = @_;

    return post($who, "/trip/v1.1/cancel?tripId=T$n", undef, @headers);
}


sub owner {
    my ($locator) = @_;

    return join ' ', map { $_ // () } $cli->hmget(
        "itinerary:booking:ALPHA|$locator", qw(owner state));
}


# the outcome of what was forwarded last

my $completed = 0;

sub outcome {
    $completed++;

    my @records;

    wait_for(sub {
        @records = grep { $_->{event} eq 'completed' } $t->audit;
        return @records >= $completed;
    });

    return $records[$completed - 1]{outcome};
}


# the trips that there are

is(create('Alpha', $_), '200 forwarded', "trip $_") for 1 .. 4;
is(outcome(), 'recorded', '- is on record') for 1 .. 4;

# from the start: nothing can be claimed, or leased

fill($port);

my $refused = '503 registry_unavailable not forwarded';

is(create('Alpha', 11), $refused, 'full: a create is refused');
is(update('Alpha', 1, ['A1', 'B1']), $refused, '- and an update');
is(cancel('Alpha', 2), $refused, '- and a cancel');
is(post('Alpha', '/booking/v1.1', booking(
       source => 'Alpha', locator => 'A12', ns => '')), $refused,
   '- and a booking');
is(post('Alpha', '/booking/v1.1/cancel?bookingSource=Alpha'
        . '&confirmationNumber=A3', undef), $refused,
   "- and a booking's cancel");
like($t->error_log, qr/OOM command not allowed/,
     '- and the log says what Redis said');
is($t->http('GET', '/trip/v1.1/T1', headers => ['X-Supplier' => 'Alpha'])
   ->{status}, 200, '- a GET passes');
is(create('Alpha', 13), $refused, '- again and again')
    for 1, 2;
is(post('Alpha', '/open/trip/v1.1', itinerary(bookings => [{
       source => 'Alpha', locator => 'A14' }])), '200 forwarded',
   '- where it fails open, a create is forwarded');
outcome();

room();
ok($t->wait_spool, 'with room nothing waits');

is(owner("A1$_"), '', "nobody has the booking A1$_") for 1 .. 3;
is(owner('A14'), 'Alpha active', 'what was forwarded is its supplier\'s');
is(owner($_), 'Alpha active', "$_ is as it was") for 'A1' .. 'A4';
is($cli->hexists("itinerary:trip:T$_", 'writer'), 0, "trip T$_ is not leased")
    for 1 .. 4;
is(create('Beta', 13), '403 booking_source_not_owned not forwarded',
   "the source is Alpha's still");
is(create('Alpha', 11), '200 forwarded', 'a create passes');
is(outcome(), 'recorded', '- and is on record');


# at the moment of a 2xx

is(create('Alpha', 21, 'X-Full' => 1), '200 forwarded',
   'a create is answered when Redis is full');
is(outcome(), 'spooled', '- what it taught waits');
is(owner('A21'), 'Alpha pending', '- its booking is of who claimed it');

room();
ok($t->wait_spool, '- until there is room');

is(owner('A21'), 'Alpha active', '- then the booking is its supplier\'s');
is($cli->hget('itinerary:trip:T21', 'owner'), 'Alpha', '- and the trip');
is(create('Beta', 21), '403 booking_not_owned not forwarded',
   '- nobody else can have it');

is(update('Alpha', 1, ['A1', 'A22'], 'X-Full' => 1), '200 forwarded',
   'an update is answered when Redis is full');
is(outcome(), 'spooled', '- what it taught waits');
is(owner('A22'), 'Alpha pending', '- its booking is of who claimed it');
is(owner('A1'), 'Alpha active', '- the other one is as it was');

room();
ok($t->wait_spool, '- until there is room');

is(owner('A22'), 'Alpha active', '- then the booking is its supplier\'s');
is(update('Alpha', 1, ['A1']), '200 forwarded', '- and the trip is free');
is(outcome(), 'recorded', '- for the next');

is(cancel('Alpha', 2, 'X-Full' => 1), '200 forwarded',
   'a cancel is answered when Redis is full');
is(outcome(), 'spooled', '- what it taught waits');

room();
ok($t->wait_spool, '- until there is room');

is($cli->hget('itinerary:trip:T2', 'state'), 'cancelled',
   '- then the trip is cancelled');
is(owner('A2'), 'Alpha cancelled', '- and so is its booking');

$t->done;
