#!/usr/bin/perl

# A worker without a descriptor, or without a connection, to spare: for Redis,
# for the API, for a body's file, for the registry's id.  Nothing is forwarded
# that was not judged, what was claimed is given back or in doubt, and all goes
# on when there are some again.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET;
use Test::More;
use Itinerary;

my $CONF = <<'END_CONF';
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;
    client_body_buffer_size 1k;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my ($t, $n, @lingering);


# a create of Alpha with a booking: "status code", whether it was forwarded,
# and the booking on record

sub create {
    my (%opt) = @_;

    my $before = $t->requests;

    $n++;

    if ($opt{lose}) {
        $t->redis->cli->client_kill(TYPE => 'normal', SKIPME => 'yes');
    }

    my $answer = $t->post_xml('/trip/v1.1', 'Alpha', itinerary(
        bookings => [{ source => 'Alpha', locator => "A$n" }])
        . ' ' x ($opt{size} // 0), timeout => 5);

    return join ' ', grep { length } $answer->{status}, code_of($answer) // '',
           $t->requests > $before ? 'forwarded' : 'not forwarded',
           map { $_ // () } $t->redis->cli->hmget(
               "itinerary:booking:ALPHA|A$n", qw(owner state));
}


my $GOOD = '200 forwarded Alpha active';

# A client that does not come to the end of its request, and needs a descriptor
# and a connection; were it silent, nginx would close it for the sake of others.

sub linger {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $t->port)
        or die "connect() failed: $!\n";

    syswrite $socket, "GET / HTTP/1.1\r\n";
    push @lingering, $socket;

    return;
}


# Fills the worker step by step, a create each: every kind of descriptor is the
# one that is missing once.

sub fill {
    my ($name, %opt) = @_;

    my (%got, $last);

    @lingering = ();

    for (1 .. 60) {
        $last = create(%opt);
        $got{$last}++;

        # the client is not even accepted, until another one leaves

        last if $last =~ /^0 /;

        linger();

        wait_for(sub { taken() }, 1);
    }

    my @wrong = grep {
        $_ ne $GOOD

        # no descriptor for a file, for Redis, for the API, or the client

        && $_ ne '500 not forwarded'
        && $_ ne '503 registry_unavailable not forwarded'
        && !/^50[02] not forwarded Alpha pending\z/
        && !/^0 not forwarded\z/
    } sort keys %got;

    is_deeply(\@wrong, [], "$name: nothing passes unjudged");
    cmp_ok(scalar(keys %got), '>', 1, "$name: it was filled");
    note("$name: $_, $got{$_} times") for sort keys %got;

    @lingering = ();

    my $again;

    ok(wait_for(sub { $again = create(%opt); $again eq $GOOD }),
       "$name: and once others have left, it goes on") or diag($again);

    return;
}


# whether all of the clients have been accepted

sub taken {
    my $port = sprintf '%04X', $t->port;

    open my $file, '<', '/proc/net/tcp' or die $!;

    # a listening socket's queue of those that nobody has accepted

    for (<$file>) {
        return hex $1 == 0 if /^\s*\d+: 0100007F:$port \S+ 0A \w+:(\w+)/;
    }

    return 1;
}


# The worker has some fifteen descriptors when it starts, and listens; a request
# needs two, and one for Redis.

sub world {
    my (%opt) = @_;

    @lingering = ();
    $n = 0;

    $t = Itinerary->new(expect_log => $opt{expect});

    $t->upstream;
    $t->nginx(%opt, conf => $CONF);

    is(create(), $GOOD, "$opt{what}: at first all is well");

    return;
}


world(
    what   => 'few descriptors',
    main   => 'worker_rlimit_nofile 24;',
    expect => qr/\[alert\].* socket\(\) failed \(24: /,
);

fill('few descriptors');
fill('few descriptors, and a body that goes to a file', size => 20000);

fill('few descriptors, and Redis is lost each time', lose => 1);

$t->stop;


# nginx closes connections of its own that are idle before it refuses others

my $few = $t;

world(
    what        => 'few connections',
    connections => 10,
    expect      => qr/\[alert\].* \d+ worker_connections are not enough/,
);

fill('few connections');
fill('few connections, and Redis is lost each time', lose => 1);

$t->done;
