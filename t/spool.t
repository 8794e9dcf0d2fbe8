#!/usr/bin/perl

# Redis fails when the API has answered: the answer is delivered, what it taught
# outlasts every process, and is recorded when Redis is back.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Document;

my $NS = $Itinerary::Document::NAMESPACE;

my $t = Itinerary->new;

my $redis = $t->redis(persist => 1);
my $pid = $redis->pid;


# The API kills Redis before it answers, if it is told to.

$t->upstream(sub {
    my ($request) = @_;

    my ($id) = $request->{target} =~ /tripId=(\w+)/;
    my $h = $request->{headers};
    my $body = answered($request->{body} || itinerary(),
                        $id // $h->{'x-trip'}[0]);

    my $go = $h->{'x-until'} && $t->path($h->{'x-until'}[0]);

    return [200, {}, [
        $go ? sub { -e $go } : (),
        $h->{'x-kill'} ? sub { return kill('KILL', $h->{'x-kill'}[0]) } : (),
        $body
    ]];
});

$t->nginx(workers => 2, conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_supplier $http_x_supplier;
    itinerary_lease 2s;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT%%;
        itinerary enforce;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /open/ {
            itinerary_fail_open on;
            proxy_pass http://%%UPSTREAM%%;
        }

        location = /depth {
            itinerary off;
            return 200 "$itinerary_spooled\n";
        }
    }
END


sub post {
    my ($who, $target, $bookings, @headers) = @_;

    return $t->post_xml_async($target, $who,
        $bookings ? itinerary(bookings => $bookings) : undef,
        headers => [@headers]);
}


sub told_once {
    my (@post) = @_;

    my $answer = post(@post)->finish;
    my $code = code_of($answer);

    return $answer->{status} . (defined $code ? " $code" : '');
}


# a worker that has lost Redis tries again after a while

sub told {
    my (@post) = @_;

    my $told;

    $t->wait_for(sub {
        $told = told_once(@post);

        return $told ne '503 registry_unavailable';
    });

    return $told;
}


# a write that the API has, but has not answered

sub under_way {
    my (@post) = @_;

    my $before = $t->requests;
    my $client;

    $t->wait_for(sub {
        $client = post(@post);
        $t->wait_for(sub { $t->requests > $before || $client->received });

        return $t->requests > $before;
    });

    return $client;
}


sub b {
    my ($source, $locator) = @_;

    return { source => $source, locator => $locator };
}


sub depth { return $t->http('GET', '/depth')->{body} }


sub outcome {
    my ($n) = @_;

    return ($t->wait_audit($n))[-1]{outcome};
}


sub back {
    $redis->kill;
    $redis->start;
    $pid = $redis->pid;

    return;
}


is(depth(), "0\n", 'nothing waits');


# one write

is(told('Alpha', '/trip/v1.1', [b('Alpha', 'A1')], 'X-Trip' => 'T1',
        'X-Kill' => $pid),
   '200', 'Redis dies when the API has created a trip: the answer is there');
is(outcome(2), 'spooled', 'the audit trail says so');
is(scalar($t->spooled), 1, 'what it taught is in a file');
is(sprintf('%o', (stat(($t->spooled)[0]))[2] & 0777), '600',
   'which nobody else may read');
is(depth(), "1\n", 'and a variable says that it waits');
is(told_once('Alpha', '/trip/v1.1', [b('Alpha', 'A2')]),
   '503 registry_unavailable', 'without Redis nobody writes');

$t->crash;
is(scalar($t->spooled), 1, 'every process is killed, and it is still there');
$t->start_again;
is(depth(), "1\n", 'nginx starts, and it waits');
$t->reload;
is(depth(), "1\n", 'also after a reload');

back();

ok($t->wait_spool, 'Redis is back, and nothing waits');
is(depth(), "0\n", 'as the variable says');
is_deeply([glob $t->path('itinerary_spool/begun-*')], [],
          'nothing is left of its writing');

my $trip = { $redis->cli->hgetall('itinerary:trip:T1') };

is("$trip->{owner} $trip->{state}", 'Alpha active',
   'the trip belongs to who created it');
is($trip->{'booking:ALPHA|A1'}, 'Alpha', 'its booking is in it');
is($redis->cli->hget('itinerary:booking:ALPHA|A1', 'state'), 'active',
   'and active');
is($redis->cli->ttl('itinerary:source:ALPHA'), -1, 'its source is bound');
is(told('Beta', '/trip/v1.1?tripId=T1', []), '403 trip_not_owned',
   'nobody else may update it');
is(told('Alpha', '/trip/v1.1?tripId=T1', [b('Alpha', 'A1')]), '200',
   'its creator may');
like($t->error_log, qr/what became of request "\w+" is in the registry now/,
     'the error log tells');


# an update, a cancelled booking, a cancelled trip

for my $case (
    ['an update that adds and removes', 'T1', '/trip/v1.1?tripId=T1',
     [b('Alpha', 'A3')],
     sub { { 'booking:ALPHA|A3' => 'Alpha' } },
     { A1 => 'cancelled', A3 => 'active' }],

    ['a cancelled booking', 'T1',
     '/booking/v1.1/cancel?bookingSource=Alpha&confirmationNumber=A3', undef,
     sub { {} }, { A3 => 'cancelled' }],

    ['a cancelled trip', 'T1', '/trip/v1.1/cancel?tripId=T1', undef,
     sub { { state => 'cancelled' } }, {}],
) {
    my ($what, $id, $target, $bookings, $fields, $states) = @$case;

    my $n = () = $t->audit;
    my $rev = $redis->cli->hget("itinerary:trip:$id", 'rev');

    is(told('Alpha', $target, $bookings, 'X-Trip' => $id, 'X-Kill' => $pid),
       '200', "$what: the answer is delivered");
    is(outcome($n + 2), 'spooled', "$what: it is spooled");

    back();
    ok($t->wait_spool, "$what: it is recorded");

    my $hash = { $redis->cli->hgetall("itinerary:trip:$id") };
    my $expected = $fields->();

    is($hash->{$_}, $expected->{$_}, "$what: the trip's $_")
        for keys %$expected;
    is(scalar(grep { /^booking:/ } keys %$hash),
       scalar(grep { /^booking:/ } keys %$expected),
       "$what: no other booking is in the trip");
    is($redis->cli->hget("itinerary:booking:ALPHA|$_", 'state'),
       $states->{$_}, "$what: $_") for keys %$states;
    is($hash->{rev}, $rev + 1, "$what: counts once");
    is($hash->{writer}, undef, "$what: the trip may be written to again");
}


# several at a time, by two workers, of which each is killed

my @clients = map {
    under_way('Alpha', '/trip/v1.1', [b('Alpha', "S$_")], 'X-Trip' => "TS$_",
              'X-Until' => "go$_", $_ == 1 ? ('X-Kill' => $pid) : ())
} 1 .. 8;

for (1 .. 8) {
    $t->write_file("go$_", '');
    is($clients[$_ - 1]->finish->{status}, 200, "S$_ is answered");
}

is(scalar($t->spooled), 8, 'what eight answers taught waits');
is(depth(), "8\n", 'all of it');

my @order = map { $_->{trip} }
            grep { $_->{event} eq 'completed' && ($_->{trip} // '') =~ /^TS/ }
            $t->audit;

for my $worker ($t->workers) {
    kill 'KILL', $worker;
    $t->wait_for(sub {
        my @workers = $t->workers;
        return @workers == 2 && !grep { $_ == $worker } @workers;
    });
}

$t->expect_log(qr/exited on signal 9/);

my $seen = length $t->error_log;
back();

ok($t->wait_spool, 'new workers go on with it');
is($redis->cli->hget("itinerary:trip:TS$_", 'owner'), 'Alpha',
   "TS$_ belongs to who created it") for 1 .. 8;

my %trip_of = map { $_->{request_id} => $_->{trip} } $t->audit;

is_deeply([map { $trip_of{$_} }
               substr($t->error_log, $seen)
               =~ /request "(\w+)" is in the registry now/g],
          \@order, 'in the order in which they were answered');


# the spool fails, too

my $n = () = $t->audit;

rename $t->path('itinerary_spool'), $t->path('gone');
is(told('Alpha', '/trip/v1.1', [b('Alpha', 'F1')], 'X-Trip' => 'TF',
        'X-Kill' => $pid),
   '200', 'without the directory the answer is delivered');
is(outcome($n + 2), 'in_doubt', 'what it taught is in doubt');
rename $t->path('gone'), $t->path('itinerary_spool');
$t->expect_log(qr/\[crit\] .* open\(\) ".*itinerary_spool\/begun-/);

back();
is(join(' ', $redis->cli->hmget('itinerary:booking:ALPHA|F1', 'owner',
                                'state')),
   'Alpha pending', 'the booking is its claimant\'s');
is(depth(), "0\n", 'nothing waits');


# what is no note

my ($number) = map { /registry-(\w+)$/ } glob $t->path('itinerary_spool/*');

$t->crash;
$t->write_file("itinerary_spool/facts-$number-0", 'This is no note.');
$t->write_file("itinerary_spool/facts-$number-1", '');
$t->write_file('itinerary_spool/facts-00000000-1', 'Nobody asks for it.');
$t->start_again;
ok($t->wait_for(sub {
    2 == (() = glob $t->path('itinerary_spool/aside-*'));
}), 'files that are no notes are set aside');
is(depth(), "0\n", 'and hold up nobody');
ok(-e $t->path('itinerary_spool/facts-00000000-1'),
   'another registry\'s are not looked at');
$t->expect_log(qr/\[crit\] .* is not what became of a write/);


# an operator puts something back

rename $t->path("itinerary_spool/aside-$number-1"),
       $t->path("itinerary_spool/facts-$number-2");
$t->reload;
ok($t->wait_for(sub { -e $t->path("itinerary_spool/aside-$number-2") }),
   'what is put back is looked at after a reload');

is(told('Alpha', '/trip/v1.1', [b('Alpha', 'A9')], 'X-Trip' => 'T9'), '200',
   'at last all is well');

$t->done;
