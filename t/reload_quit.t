#!/usr/bin/perl

# A reload or the end of nginx under load: no request is lost, and neither
# connections to Redis nor timers keep a worker alive.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(time);
use Itinerary;
use Itinerary::Process;

my $TRIP = '/api/travel/trip/v1.1';
my $SLOW = $Itinerary::Process::SLOW;
my $SOON = 5 * $SLOW;
my $CLIENTS = 16;

my $t = Itinerary->new;

my $redis = $t->redis;

$t->upstream(sub {
    my ($request) = @_;

    my ($id) = $request->{body} =~ m{<RecordLocator>(\w+)<};
    my $answer = answered($request->{body}, "T$id");

    return $request->{body} =~ /WAIT/ ? (\60, $answer) : [200, {}, $answer];
});

# nginx waits that long for clients to read what it said last

sub conf {
    my ($timeout) = @_;

    return <<"END";
    lingering_timeout 500ms;
    itinerary_redis %%REDIS%% connections=4 timeout=$timeout
                    connect_timeout=$timeout;
    itinerary_audit_log %%DIR%%/audit.log;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            itinerary enforce;
            proxy_ignore_client_abort on;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END
}


$t->nginx(workers => 2, conf => conf('10s'));

my $alpha = $t->token('Alpha');


sub create {
    my ($locator, %opt) = @_;

    return $t->post_xml_async($TRIP, $alpha, itinerary(
        bookings => [{ source => 'Alpha', locator => $locator }], %opt
    ));
}


# Clients that post one trip after another; each writes down what it got, the
# status or the error, until it is told to stop or nobody listens.

sub load {
    my ($name) = @_;

    unlink $t->path('stop');

    return map {
        my $n = $_;

        Itinerary::Process->start(code => sub {
            open my $file, '>', $t->path("$name$n");
            $file->autoflush;

            for my $i (1 .. 100000) {
                last if -e $t->path('stop');

                my $client = eval { create("$name${n}X$i") } or last;
                my $answer = $client->finish;

                $client->close;

                print $file $answer->{error} // $answer->{status}, "\n";
            }
        });
    } 1 .. $CLIENTS;
}


sub ended {
    my ($name, @load) = @_;

    $t->write_file('stop', '');
    $t->wait_for(sub { !grep { $_->alive } @load }, 20);
    $_->stop('KILL') for @load;

    my %count;

    $count{$_}++ for map { split /\n/, $t->read_file("$name$_") }
                     1 .. $CLIENTS;

    return \%count;
}


sub lines {
    my ($name) = @_;

    my $lines = 0;
    $lines += () = $t->read_file("$name$_") =~ /\n/g for 1 .. $CLIENTS;

    return $lines;
}


sub gone {
    my (@workers) = @_;

    return $t->wait_for(sub {
        my $log = $t->error_log;

        return !grep { $log !~ /worker process $_ exited with code 0/ }
                     @workers;
    }, 5);
}


sub incomplete {
    my %open;

    for ($t->audit) {
        $open{ $_->{request_id} }++ if $_->{event} eq 'forwarded';
        $open{ $_->{request_id} }-- if $_->{event} eq 'completed';
    }

    return scalar(grep { $_ } values %open);
}


# reload under load

my @load = load('RELOAD');

for my $try (1 .. 3) {
    my $before = lines('RELOAD');

    $t->wait_for(sub { lines('RELOAD') > $before + 2 * $CLIENTS }, 20);

    my @old = $t->workers;
    my $start = time;

    ok($t->reload, 'nginx reloads under load');
    ok(gone(@old), 'the old workers end');
    cmp_ok(time - $start, '<', $SOON, 'soon');
}

my $count = ended('RELOAD', @load);

is(join(' ', keys %$count), '200', 'no request is lost')
    or diag(explain($count), grep { /redis "/ } split /^/, $t->error_log);
cmp_ok($count->{200} // 0, '>', 6 * $CLIENTS, 'of many');
is(incomplete(), 0, 'every forwarded write is completed');
is(scalar(() = $redis->cli->keys('itinerary:booking:*')), $count->{200},
   'every booking is on record');


# reload while nothing is done

create("IDLE$_")->finish for 1 .. 4;

my @old = $t->workers;
my $start = time;

$t->reload;
ok(gone(@old), 'idle connections to Redis do not keep a worker');
cmp_ok(time - $start, '<', $SOON, 'for long');


# quit under load

@load = load('QUIT');
$t->wait_for(sub { lines('QUIT') > 2 * $CLIENTS }, 20);
$start = time;
ok($t->quit(5), 'nginx ends under load');
cmp_ok(time - $start, '<', $SOON, 'soon');

$count = ended('QUIT', @load);

# a connection that nobody had accepted yet is closed without an answer

delete $count->{closed};

is(join(' ', keys %$count), '200', 'what was accepted is answered')
    or diag(explain($count));
is(incomplete(), 0, 'every forwarded write is completed');


# quit while Redis is silent

sub restart {
    my (%opt) = @_;

    unlink $t->path('nginx.pid');
    $t->nginx(workers => 2, conf => conf('1s'), %opt);

    return;
}


restart();
create("WARM$_")->finish for 1 .. 4;

$redis->pause;
my @clients = map { create("SILENT$_") } 1 .. 8;
$start = time;
ok($t->quit(5), 'nginx ends while Redis is silent');
cmp_ok(time - $start, '<', $SOON, 'soon');
is_deeply([grep { $_ !~ /\A(?:503|0)\z/ } map { $_->finish->{status} }
           @clients],
          [], 'what was asked is refused');
$redis->resume;

restart();
$redis->pause;
$start = time;
ok($t->quit(5), 'nginx ends that was not connected yet');
cmp_ok(time - $start, '<', $SOON, 'soon');
$redis->resume;


# an upstream that does not answer, and worker_shutdown_timeout

restart(main => 'worker_shutdown_timeout 500ms;');

my $lines = $t->audit;
my $client = create('HANG', Comments => 'WAIT');

$t->wait_audit($lines + 1);
$start = time;
ok($t->quit(5), 'nginx ends while the API works');
cmp_ok(time - $start, '<', $SOON, 'after worker_shutdown_timeout');
is(($t->audit)[-1]{outcome}, 'in_doubt', 'the write is in doubt');
is($redis->cli->hget('itinerary:booking:ALPHA|HANG', 'state'), 'pending',
   'its claim stays');

# Redis is silent, too

restart(main => 'worker_shutdown_timeout 500ms;');
$lines = $t->audit;
$client = create('HANGS', Comments => 'WAIT');
$t->wait_audit($lines + 1);
$redis->pause;
$start = time;
ok($t->quit(5), 'nginx ends while neither the API nor Redis answers');
cmp_ok(time - $start, '<', $SOON, 'soon');
is(($t->audit)[-1]{outcome}, 'in_doubt', 'the write is in doubt');
is(incomplete(), 0, 'every forwarded write is completed');
$redis->resume;

$t->done;
