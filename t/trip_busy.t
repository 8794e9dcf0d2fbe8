#!/usr/bin/perl

# One write to a trip at a time: the lease, when it is taken, when it is given
# back, and when it has run out.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Records;

my $t = Itinerary->new;

my $dir = $t->dir;

# an answer waits for the file that X-Wait names

$t->upstream(sub {
    my ($request) = @_;

    my $h = $request->{headers};
    my ($id) = $request->{target} =~ /[?&]tripId=([^&]*)/;
    my $body = length $request->{body} ? $request->{body} : itinerary();

    $body =~ s{<id>.*?</id>\s*}{};
    $body = answered($body, $h->{'x-trip'}[0] // $id,
                     locator => $h->{'x-locator'}[0] // $h->{'x-trip'}[0]
                                // $id);

    my $file = $h->{'x-wait'}[0];

    return [$h->{'x-status'}[0] // 200, {},
            [$file ? sub { -e "$dir/$file" } : (), $body]];
});

my $conf = <<'END_CONF';
    itinerary_redis %%REDIS%% timeout=60s connect_timeout=60s;
    itinerary_supplier $http_x_supplier;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_ignore_client_abort on;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /short/ {
            itinerary_lease 1s;
            proxy_ignore_client_abort on;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /leaving/ {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /allow/ {
            itinerary_unknown_trip allow;
            proxy_ignore_client_abort on;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

$t->nginx(workers => 2, conf => $conf);

my $redis = $t->redis;


sub update {
    my ($who, $id, %opt) = @_;

    my $call = $opt{async} ? 'post_xml_async' : 'post_xml';
    my $target = ($opt{location} // '') . "/trip/v1.1?tripId=$id";

    return $t->$call($target, $who, itinerary(),
                     headers => $opt{headers} // []);
}


sub cancel {
    my ($who, $id) = @_;

    return $t->post_xml("/trip/v1.1/cancel?tripId=$id", $who, undef);
}


sub create {
    my ($id, $alias) = @_;

    my $answer = $t->post_xml('/trip/v1.1', 'Alpha', itinerary(),
                              headers => ['X-Trip' => $alias // $id,
                                          'X-Locator' => $id]);

    is($answer->{status}, 200, "$id is created");
    return;
}


sub result {
    my ($answer) = @_;

    my $code = code_of($answer);

    return $answer->{status} . (defined $code ? " $code" : '');
}


# a write that is under way until go() is called with the same file

sub under_way {
    my ($who, $id, $file, %opt) = @_;

    my $before = $t->requests;

    my $client = update($who, $id, async => 1, %opt,
                        headers => ['X-Wait' => $file,
                                    @{ $opt{headers} // [] }]);

    ok($t->wait_for(sub { $t->requests > $before }),
       "a write to $id is under way");

    return $client;
}


# by Redis' clock, in ms

sub now {
    my ($seconds, $microseconds) = $redis->cli->time;

    return $seconds * 1000 + int $microseconds / 1000;
}


sub go { $t->write_file($_[0], '') }


sub trip {
    my ($id) = @_;

    return records($redis, match => qr/:\Q$id\E$/)->{"trip:$id"} // {};
}


# a second write

create('T1');
create('T2');

my $first = under_way('Alpha', 'T1', 'go1');
my $trip = trip('T1');
my $now = now();

like($trip->{writer}, qr/\A[0-9a-f]{32}\z/, 'it is the trip\'s writer');
ok($trip->{writer_until} > $now && $trip->{writer_until} <= $now + 60_000,
   'for at most a minute') or diag("$trip->{writer_until} $now");

my $second = update('Alpha', 'T1');

is(result($second), '409 trip_busy', 'a second one is refused');
is_deeply($second->{headers}{'retry-after'}, ['1'],
          'and told when to come again');
ok($t->wait_for(sub { ($t->audit)[-1]{event} eq 'rejected' }),
   'it is in the audit trail');
is(($t->audit)[-1]{reason}, 'trip_busy', 'with its reason');
is(result(cancel('Alpha', 'T1')), '409 trip_busy', 'so is a cancel');
is(result(update('Beta', 'T1')), '403 trip_not_owned',
   'who may not write at all is told that');
is(result(update('Alpha', 'T2')), '200', 'another trip is not busy');
is_deeply(trip('T1'), $trip, 'the lease is as it was');
is($t->http('GET', '/trip/v1.1?tripId=T1')->{status}, 200,
   'who reads does not wait');

go('go1');
is($first->finish->{status}, 200, 'the first is answered');
is_deeply(trip('T1'), trip_record('Alpha', 2), 'and gives back the lease');
is(result(update('Alpha', 'T1')), '200', 'now the second may come');
is_deeply(trip('T1'), trip_record('Alpha', 3), 'and is counted');


# by another id

create('T3', 'T3a');
$first = under_way('Alpha', 'T3a', 'go2', headers => ['X-Locator' => 'T3']);
is(result(update('Alpha', 'T3')), '409 trip_busy',
   'a trip is busy under each of its ids');
is(result(cancel('Alpha', 'T3a')), '409 trip_busy', 'for a cancel, too');
go('go2');
is($first->finish->{status}, 200, 'until the answer');
is(result(update('Alpha', 'T3')), '200', 'of the first write');


# an unknown trip

$first = under_way('Alpha', 'U1', 'go3', location => '/allow');
is(result(update('Beta', 'U1', location => '/allow')), '409 trip_busy',
   'a trip of nobody is busy, too');
go('go3');
is($first->finish->{status}, 200, 'until the answer');
is_deeply(trip('U1'), { rev => 1 },
          'and then nothing of it remains but that it was written to');


# every end

for my $case ([400, 1], [500, 2], [302, 2]) {
    my ($status, $rev) = @$case;
    my $id = "E$status";

    create($id);
    $first = under_way('Alpha', $id, "go-$id",
                       headers => ['X-Status' => $status]);
    go("go-$id");
    is($first->finish->{status}, $status, "the API answers $status");
    is_deeply(trip($id), trip_record('Alpha', $rev), 'the lease is given back');
}


# a refusal, too

{
    my %statuses;

    $t->post_xml('/trip/v1.1', 'Beta', itinerary(
        bookings => [{ source => 'Beta', locator => 'B1' }]),
        headers => ['X-Trip' => 'R2']);

    create('R1');

    for (1 .. 200) {
        my $answer = $t->post_xml('/trip/v1.1?tripId=R1', 'Alpha', itinerary(
            bookings => [{ source => 'Beta', locator => 'B1' }]));

        $statuses{ result($answer) }++;
        $statuses{ result(update('Alpha', 'R1')) }++;
    }

    is_deeply(\%statuses, { '403 booking_not_owned' => 200, '200' => 200 },
              'who was refused finds no lease of his own');
}


# a lease that has run out

create('T4');
$first = under_way('Alpha', 'T4', 'go4', location => '/short');
my $until = $redis->cli->hget('itinerary:trip:T4', 'writer_until');

ok($until <= now() + 1000, 'a lease of a second');
ok($t->wait_for(sub { now() > $until }), 'is over after a second');

my $next = under_way('Alpha', 'T4', 'go5');
is($redis->cli->hget('itinerary:trip:T4', 'rev'), 2,
   'the lost write is counted: it may have been carried out');
is(result(update('Alpha', 'T4')), '409 trip_busy',
   'the next writer has the lease');

my $writer = $redis->cli->hget('itinerary:trip:T4', 'writer');

go('go4');
is($first->finish->{status}, 200, 'the lost one is answered after all');
is($redis->cli->hget('itinerary:trip:T4', 'writer'), $writer,
   'and does not give back what is not its own');
is(result(update('Alpha', 'T4')), '409 trip_busy', 'the trip is still busy');
go('go5');
is($next->finish->{status}, 200, 'until the next writer is answered');
is_deeply(trip('T4'), trip_record('Alpha', 4), 'all three are counted');


# a client that leaves while the API works

for my $location ('/leaving', '') {
    my $id = $location ? 'T5' : 'T6';

    create($id);

    my $records = $t->audit;

    $first = under_way('Alpha', $id, "go-$id", location => $location);
    $first->close;
    go("go-$id") if !$location;

    my $record = ($t->wait_audit($records + 2))[-1];

    is("$record->{event} $record->{outcome}",
       'completed ' . ($location ? 'in_doubt' : 'recorded'),
       $location ? 'a client takes its write with it, which is in doubt'
                 : 'or it leaves alone, and the write is recorded');
    is_deeply(trip($id), trip_record('Alpha', 2), 'the lease is given back');
    go("go-$id");
}


# a client that leaves before anything is forwarded

sub redis_is_asked {
    my $port = sprintf '%04X', $redis->port;

    open my $file, '<', '/proc/net/tcp' or die $!;

    return scalar grep {
        /^\s*\d+: 0100007F:$port 0100007F:\w+ 01 \w+:(\w+)/ && hex $1
    } <$file>;
}

# a stopped Redis reads nothing any more

sub pause {
    my $stat = '/proc/' . $redis->pid . '/stat';

    $redis->pause;

    return $t->wait_for(sub {
        open my $file, '<', $stat or die $!;
        return <$file> =~ /\) T /;
    });
}


my %calls = (
    cancel => sub {
        my ($id) = @_;

        pause();

        return $t->post_xml_async("/trip/v1.1/cancel?tripId=$id", 'Alpha',
                                  undef);
    },

    update => sub {
        my ($id) = @_;

        my $xml = itinerary();
        my $asked = commands('hgetall');

        # the trip is looked up with the head, and leased with the body

        my $client = $t->http_async('POST', "/trip/v1.1?tripId=$id",
            headers => ['X-Supplier'     => 'Alpha',
                        'Content-Type'   => 'application/xml',
                        'Content-Length' => length $xml],
            body    => [substr $xml, 0, -1]);

        ok($t->wait_for(sub { commands('hgetall') > $asked }),
           'the trip is looked up');

        pause();

        return $client->send(substr $xml, -1);
    },
);


sub commands {
    my ($command) = @_;

    my $info = $redis->cli->info('commandstats');
    my $stats = $info->{"cmdstat_$command"} // '';

    return $stats =~ /calls=(\d+)/ ? $1 : 0;
}


for my $what (sort keys %calls) {
    my $id = "L-$what";

    create($id);

    my $before = $t->requests;
    my $client = $calls{$what}->($id);

    ok($t->wait_for(\&redis_is_asked), "$what: the lease is asked for");
    $client->close;

    ok($t->wait_for(sub {
        $t->read_file('access.log') =~ m{tripId=$id HTTP/1.1" 499 };
    }), "$what: the client leaves");

    $redis->resume;

    ok($t->wait_for(sub { !defined trip($id)->{writer}
                          && !redis_is_asked() }),
       "$what: nobody has the lease");
    is(result(update('Alpha', $id)), '200', "$what: so another write may come");
    is_deeply(trip($id), trip_record('Alpha', 2), "$what: which alone counts");
    is($t->requests - $before, 1, "$what: and alone is forwarded");
}

$t->done;
