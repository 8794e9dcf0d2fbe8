#!/usr/bin/perl

# Redis is stopped, killed, wiped, swapped, or only a replica: no write passes
# that cannot be judged, and what is put right works without a reload.

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
my $DEADLINE = 2 * $Itinerary::Process::SLOW;

my $t = Itinerary->new;

my $redis = $t->redis(persist => 1);
my $fragile = $t->another_redis;
my $fake = Itinerary::FakeRedis->new(dir => $t->path('fake'),
                                     behind => $redis);
my $fake_address = $fake->address;

my $n = 0;

$t->upstream(sub {
    my ($request) = @_;

    my ($id) = $request->{target} =~ /tripId=(\w+)/;

    return [200, {}, answered($request->{body} || itinerary(),
                              $id // 'T' . ++$n)];
});

$t->nginx(conf => <<"END");
    itinerary enforce;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_redis %%REDIS%% timeout=1s connect_timeout=1s;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            proxy_ignore_client_abort on;
            proxy_pass http://%%UPSTREAM%%;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_1%%;

        location / {
            itinerary_redis $fake_address timeout=60s connect_timeout=60s;
            proxy_ignore_client_abort on;
            proxy_pass http://%%UPSTREAM%%;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_2%%;

        location / {
            itinerary_redis %%REDIS_1%% timeout=1s connect_timeout=1s;
            proxy_ignore_client_abort on;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $alpha = $t->token('Alpha');
$t->token('Alpha', redis => $fragile);

my $locator = 0;

sub create {
    my (%opt) = @_;

    return $t->post_xml($TRIP, $alpha,
                        itinerary(bookings => [{ locator => ++$locator }]),
                        %opt);
}


sub update {
    my ($id, %opt) = @_;

    return $t->post_xml("$TRIP?tripId=$id", $alpha, itinerary(), %opt);
}


sub cancel {
    my ($id, %opt) = @_;

    return $t->post_xml("$TRIP/cancel?tripId=$id", $alpha, undef, %opt);
}


sub refused {
    my ($answer) = @_;

    return "$answer->{status} " . (code_of($answer) // '');
}


sub is_unavailable {
    my ($name, @answers) = @_;

    my @refused = map { refused($_) } @answers;

    is_deeply(\@refused, [('503 registry_unavailable') x @answers], $name);
}


sub works_again {
    my ($name, %opt) = @_;

    ok($t->wait_for(sub { create(%opt)->{status} == 200 }), $name);
}


sub registry_file {
    my ($id) = @_;

    my ($file) = grep { $t->read_file(s{\Q@{[ $t->dir ]}\E/}{}r) eq "$id\n" }
                 glob $t->path('itinerary_spool/*');

    return $file;
}


# what a gateway remembers

my $created = create();
my ($id) = $created->{body} =~ m{<ItinLocator>(\w+)<};

is($created->{status}, 200, 'a trip is created');

my $registry = $redis->cli->get('itinerary:registry');
my $file = registry_file($registry);

ok($file, "a file in the spool directory holds the registry's id");
is(sprintf('%o', (stat $file)[2] & 0777), '644', 'which others may read');
is(sprintf('%o', (stat $t->path('itinerary_spool'))[2] & 0777), '700',
   'in a directory that is closed to them');
is(scalar(() = glob $t->path('itinerary_spool/registry-*')), 1,
   'and nothing else is in it');


# stopped

$redis->stop;

my $forwarded = $t->requests;
my $start = time;
my @answers = (create(), update($id), cancel($id));

cmp_ok(time - $start, '<', $DEADLINE, 'without Redis writes are answered');
is_unavailable('with 503', @answers);
is_deeply([map { $_->{headers}{'retry-after'}[0] ? 1 : 0 } @answers],
          [1, 1, 1], 'and Retry-After');
is(scalar($t->requests), $forwarded, 'nothing is forwarded');

my @records = grep { $_->{event} eq 'rejected' } $t->wait_audit(5);

is_deeply([map { "$_->{operation} $_->{reason}" } @records],
          [map { "$_ registry_unavailable" } qw(create update cancel)],
          'the audit trail says why');

is($t->http('GET', "$TRIP/$id")->{status}, 200, 'a read is forwarded');

$redis->start;
works_again('once Redis is back, writes pass again');
is(update($id)->{status}, 200, 'and the trip is still its creator\'s');


# killed while nothing is asked

$redis->kill;
$redis->start;
is(create()->{status}, 200,
   'a restart between two requests is not noticed');


# killed while it is asked: the deadline of a minute is not waited for

is(create(port => $t->port(1))->{status}, 200, 'a trip is created');

$fake->rules({ match => '^HGETALL', silent => 1 })->forget;
$forwarded = $t->requests;

my @clients = map {
    $t->post_xml_async("$TRIP?tripId=$id", $alpha, itinerary(),
                       port => $t->port(1));
} 1 .. 3;

$t->wait_for(sub { $fake->commands(qr/^HGETALL/) == 3 });
$fake->kill;

is_unavailable('what Redis was asked when it was killed is refused at once',
               map { $_->finish } @clients);
is(scalar($t->requests), $forwarded, 'nothing is forwarded');

$fake->rules;
$fake->start;
works_again('the next one is connected to', port => $t->port(1));


# another registry at the same place

sub reconnect {
    my ($server) = @_;

    $server->cli->client_kill('TYPE', 'normal', 'SKIPME', 'yes');

    return;
}


for ([ '1:' . 'f' x 32, 'another registry',
       qr/has the registry "1:f+", ".*" remembers "\Q$registry\E"/ ],
     [ '2:' . 'f' x 32, 'a registry of another version',
       qr/has the registry "2:f+", this module reads version 1/ ],
     [ '1:' . 'f' x 100, 'an id that is too long', qr/"1:f+", this module/ ],
     [ '1', 'an id that is too short', qr/"1", this module/ ],
     [ '', 'an empty id', qr/"", this module/ ],
     [ undef, 'an empty registry',
       qr/has no registry, ".*" remembers "\Q$registry\E"/ ])
{
    my ($text, $name, $log) = @$_;

    defined $text ? $redis->cli->set('itinerary:registry', $text)
                  : $redis->cli->del('itinerary:registry');

    reconnect($redis);
    $forwarded = $t->requests;
    my $seen = length $t->error_log;

    is_unavailable("$name is not used", create(), update($id), cancel($id));
    like(substr($t->error_log, $seen), $log, 'the log says why');
    is(scalar($t->requests), $forwarded, 'nothing is forwarded');

    $redis->cli->set('itinerary:registry', $registry);
    works_again('the right one is used again');
}

$redis->cli->del('itinerary:registry');
$redis->cli->rpush('itinerary:registry', 1);
reconnect($redis);
is_unavailable('an id of another type is not used', create());
like($t->error_log, qr/did not tell the registry's id: "WRONGTYPE/,
     'the log says why');
$redis->cli->del('itinerary:registry');
$redis->cli->set('itinerary:registry', $registry);
works_again('the right one is used again');


# restarted without what it knew

is(create(port => $t->port(2))->{status}, 200, 'a trip is created');

my $was = $fragile->cli->get('itinerary:registry');

$fragile->kill;
$fragile->start;
$t->token('Alpha', redis => $fragile);

$forwarded = $t->requests;
is_unavailable('an empty registry is not used', create(port => $t->port(2)));
is(scalar($t->requests), $forwarded, 'nothing is forwarded');
is($fragile->cli->exists('itinerary:registry'), 0, 'it is given no new id');

ok(unlink(registry_file($was)), 'an operator removes the file');
works_again('which accepts the empty registry', port => $t->port(2));

my $is = $fragile->cli->get('itinerary:registry');

isnt($is, $was, 'it has a new id');
ok(registry_file($is), 'which is remembered');


# the file cannot be read

$file = registry_file($is);
unlink $file;
mkdir $file;
reconnect($fragile);
is_unavailable('without a memory no registry is used',
               create(port => $t->port(2)));
like($t->error_log, qr/\[crit\] .* "\Q$file\E"/, 'the log names the file');
rmdir $file;
works_again('with it the registry is', port => $t->port(2));


# a replica

$fragile->cli->replicaof('127.0.0.1', $redis->port);
$forwarded = $t->requests;
is_unavailable('a master that becomes a replica is not used',
               create(port => $t->port(2)));
reconnect($fragile);
is_unavailable('nor is a replica', create(port => $t->port(2)));

# it is connected to again within a second, but only when it is asked

ok($t->wait_for(sub {
    create(port => $t->port(2));
    $t->error_log =~ /redis "\Q@{[ $fragile->address ]}\E" is not a master/;
}), 'the log says why');
is(scalar($t->requests), $forwarded, 'nothing is forwarded');

$fragile->cli->replicaof('NO', 'ONE');
$fragile->cli->set('itinerary:registry', $is);
$t->token('Alpha', redis => $fragile);
works_again('it is used once it is a master again', port => $t->port(2));


# the eviction policy

unlike($t->error_log, qr/maxmemory-policy/, '"noeviction" is no matter');

$redis->cli->config_set('maxmemory-policy', 'allkeys-lru');
$t->reload;
is(create()->{status}, 200, 'with another policy, writes pass');
reconnect($redis);
is(create()->{status}, 200, 'on every connection');
is(scalar(() = $t->error_log =~ /\[warn\] .*"maxmemory-policy" "allkeys-lru"/g),
   1, 'and one warning is logged');

$t->done;
