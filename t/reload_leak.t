#!/usr/bin/perl

# 200 reloads, one after another, under light load and with connections to
# Redis that idle: neither the master nor a worker that it starts grows, holds
# more descriptors or more shared memory, no worker stays, no request is lost.

use strict;
use warnings;

# a sanitizer keeps what is freed for a while, which is no leak

BEGIN {
    $ENV{ASAN_OPTIONS} = join ':', grep { defined } $ENV{ASAN_OPTIONS},
                         'quarantine_size_mb=1';
}

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET;
use Test::More;
use Itinerary;
use Itinerary::Process;

my $TRIP = '/api/travel/trip/v1.1';
my @AT = $ENV{ITINERARY_VALGRIND} ? (2, 5, 10) : (20, 100, 200);

# kB that count as nothing: 1 kB lost in each reload is more.  The sanitizers
# and valgrind remember more and more themselves.

my $NOISE = $Itinerary::Process::SLOW == 1 ? 128 : 8192;

my $t = Itinerary->new;

my $redis = $t->redis;

my $syslog = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'udp')
    or die "no socket: $!\n";
my $port = $syslog->sockport;

$t->write_file('trip.xsd', <<'END');
<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
    elementFormDefault="qualified">
  <xs:element name="Itinerary">
    <xs:complexType>
      <xs:sequence>
        <xs:any processContents="skip" maxOccurs="unbounded"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
</xs:schema>
END

my $conf = <<"END";
    itinerary_redis %%REDIS%% connections=4 timeout=10s connect_timeout=10s;
    itinerary_schema trip.xsd;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_audit_log syslog:server=127.0.0.1:$port,tag=trips;
    itinerary_audit_log %%DIR%%/more.log;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT%%;
        itinerary enforce;
        add_header X-Worker \$pid always;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_1%%;
        }

        location /other/ {
            itinerary_redis unix:%%REDIS_SOCKET%% prefix=other: timeout=10s;
            itinerary_schema %%DIR%%/trip.xsd;
            itinerary_audit_log %%DIR%%/other.log;
            itinerary_max_bookings 7;
            proxy_pass http://127.0.0.1:%%PORT_1%%/;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_1%%;

        location / {
            itinerary_sandbox 1m;
        }
    }
END

$t->nginx(conf => $conf);

my $alpha = $t->token('Alpha');
my $beta = $t->token('Beta');

$t->token('Alpha', prefix => 'other:');


# A trip, which its supplier updates from then on.

my $n = 0;

sub trip {
    my ($token, $place) = @_;

    my $day = '2014-01-' . (10 + ++$n);
    my $xml = itinerary(start => "${day}T10:00:00", end => "${day}T12:00:00",
                        bookings => [{ source => "Source $n" }]);

    my $answer = post($token, "$place$TRIP", $xml);
    my ($id) = $answer->{body} =~ m{<ItinLocator>(\w+)<};

    return [$token, "$place$TRIP?tripId=$id", $xml];
}


sub post {
    my ($token, $target, @body) = @_;

    return $t->http('POST', $target, headers => [
        'Authorization' => "OAuth $token", 'Content-Type' => 'text/xml',
    ], body => [@body]);
}


my @trips = map { trip($alpha, $_) } '', '/other';


# light load: a client that updates a trip, again and again, with bodies that
# take their time, so that reloads fall into them

my ($token, $target, $xml) = @{ trip($beta, '') };
my @body = (substr($xml, 0, 300), \0.01, substr $xml, 300);

my $load = Itinerary::Process->start(code => sub {
    open my $file, '>', $t->path('load');
    $file->autoflush;

    while (!-e $t->path('stop')) {
        my $answer = eval { post($token, $target, @body) } or last;

        print $file $answer->{error} // $answer->{status}, "\n";
    }
});


# what a process has: kB of memory; what its descriptors are, and its shared
# memory

sub has {
    my ($pid) = @_;

    my %has;

    open my $status, '<', "/proc/$pid/status" or die "no process $pid\n";
    for (<$status>) {
        $has{memory} = $1 if /^VmRSS:\s+(\d+)/;
    }

    open my $maps, '<', "/proc/$pid/maps" or die "no process $pid\n";
    for (<$maps>) {
        my ($from, $to) = /^(\w+)-(\w+) \S{3}s / or next;
        $has{shared} += hex(substr $to, -8) - hex substr $from, -8;
    }

    # a socket's number is another one each time

    for (glob "/proc/$pid/fd/*") {
        my $name = readlink // next;
        push @{ $has{descriptors} }, $name =~ s/\[\d+\]//r;
    }

    $has{descriptors} = join ' ', sort @{ $has{descriptors} };

    return \%has;
}


sub header {
    my ($answer, $name) = @_;

    return $answer->{headers}{$name}[0] // '';
}


# Reloads; the new worker has served each place when this returns.

my @workers = $t->workers;

sub reload {
    $t->reload(@_) or die "no reload\n";

    my ($worker) = $t->workers;

    for (@trips) {
        my $answer = post(@$_);
        my $served = "$answer->{status} " . header($answer, 'x-worker');

        die "$served instead of $worker: $answer->{body}\n"
            if $served ne "200 $worker";
    }

    push @workers, $worker;

    return;
}


my (%master, %worker);

sub flat {
    my ($name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $has = has($t->pid);

    %master = %$has if !%master;

    # the end of a worker is told a moment before its channel is closed

    wait_for(sub { has($t->pid)->{descriptors} eq $master{descriptors} });

    $has = has($t->pid);

    is($has->{descriptors}, $master{descriptors},
       "$name, the master has the same descriptors");
    is($has->{shared}, $master{shared}, 'as much shared memory');
    cmp_ok($has->{memory}, '<', $master{memory} + $NOISE,
           'and no more of its own');

    $has = has($workers[-1]);

    %worker = %$has if !%worker;

    is($has->{shared}, $worker{shared}, 'its worker has as much of both');
    cmp_ok($has->{memory}, '<', $worker{memory} + $NOISE, 'as the first one');

    return;
}


sub gone {
    my $log = $t->error_log;

    return !grep { $log !~ /worker process $_ exited with code 0/ }
                 @workers[0 .. $#workers - 1];
}


for my $n (1 .. $AT[-1]) {

    reload();

    next if !grep { $_ == $n } @AT;

    ok($t->wait_for(\&gone), "after $n reloads, the old workers are gone");
    flat("after $n reloads");
}


# reloads that come to nothing, at the end of the configuration

$t->expect_log(qr/\[emerg\].*"itinerary_lease"/);

for (1 .. $AT[0]) {
    $t->reload(conf => "$conf itinerary_lease 1ms;") and die "a reload\n";
}

reload(conf => $conf);
ok($t->wait_for(\&gone), 'one more');
flat("after $AT[0] that were refused");


# the load

$t->write_file('stop', '');
$t->wait_for(sub { !$load->alive }, 20);
$load->stop('KILL');

my %count;

$count{$_}++ for split /\n/, $t->read_file('load');

is(join(' ', keys %count), '200', 'no request was lost')
    or diag(explain(\%count));
cmp_ok($count{200} // 0, '>', $AT[-1], 'of many');

# one server's connections, the other's, and this test's

my $connections = () = $redis->cli->client_list =~ /^id=/mg;

cmp_ok($connections, '<=', 4 + 1 + 1,
       'and Redis has the connections of one worker');

$t->done;
