#!/usr/bin/perl

# The client has not got the last byte of an answer before the registry knows
# of it, so that whatever it does next finds the record.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Message;
use Itinerary::Records;

my $t = Itinerary->new;

my $redis = $t->redis;
my $redis_pid = $redis->pid;

my $ns = qq{xmlns="$Itinerary::Document::NAMESPACE"};

# the API stops Redis before it answers

$t->upstream(sub {
    my ($request) = @_;

    my $h = $request->{headers};
    my ($id) = $request->{target} =~ /[?&]tripId=([^&]*)/;
    my $status = $h->{'x-status'}[0] // 200;
    my $body = length $request->{body} ? $request->{body} : itinerary();

    $body = $h->{'x-body'}[0] // answered($body, $id // $h->{'x-trip'}[0]);

    my @stopped;

    if ($h->{'x-stop'}) {
        kill 'STOP', $redis_pid;

        @stopped = sub {
            open my $file, '<', "/proc/$redis_pid/stat" or die $!;
            return <$file> =~ /\) T /;
        };
    }

    return [$status, {}, [@stopped, $body]] if !$h->{'x-chunks'}[0];

    return @stopped,
           "HTTP/1.1 $status Scripted\r\n",
           "Transfer-Encoding: chunked\r\n\r\n",
           (map { sprintf "%x\r\n%s\r\n", length, $_ } unpack '(a9)*', $body),
           "0\r\n\r\n";
});

$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=60s connect_timeout=60s;
    itinerary_supplier $http_x_supplier;
    itinerary enforce;
    postpone_output 0;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_http_version 1.1;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /unbuffered/ {
            proxy_http_version 1.1;
            proxy_buffering off;
            proxy_pass http://%%UPSTREAM%%;
        }

        location = /turn {
            itinerary off;
            return 204;
        }
    }
END_CONF


# whether nginx has sent something that Redis has not read

sub redis_is_asked {
    my $port = sprintf '%04X', $redis->port;

    open my $file, '<', '/proc/net/tcp' or die $!;

    return scalar grep {
        /^\s*\d+: 0100007F:$port 0100007F:\w+ 01 \w+:(\w+)/ && hex $1
    } <$file>;
}


# what there is of an answer's body

sub body_of {
    my ($received, $chunks) = @_;

    my ($body) = $received =~ /\r\n\r\n(.*)/s or return '';

    return $chunks ? (Itinerary::Message::dechunk($body))[0] : $body;
}


my $HELD = 8192;

# All but the last byte of the answer comes while Redis does not know of it; of
# one whose length is known, its last part, 8 KB at most, may wait with it.

sub is_held_back {
    my ($name, $what, $id, $booking, %header) = @_;

    my $chunks = $header{'X-Chunks'};
    my $xml = $what eq 'cancel' ? undef
              : itinerary(bookings => [$booking // ()]);

    my $target = $header{Location} . '/trip/v1.1'
                 . ($what eq 'cancel' ? '/cancel' : '')
                 . ($what eq 'create' ? '' : "?tripId=$id");

    my $client = $t->post_xml_async($target, 'Alpha', $xml, headers => [
        'X-Stop' => 1, 'X-Trip' => $id, %header ]);

    my $all = $header{'X-Body'} // answered($xml // itinerary(), $id);

    ok($t->wait_for(\&redis_is_asked), "$name: the registry is told");
    my $sure = length($all) - ($chunks ? 1 : $HELD);

    ok($t->wait_for(sub {
        length body_of($client->received, $chunks) >= $sure
            && $client->received =~ /\r\n\r\n/;
    }), "$name: the client gets an answer");

    # the worker has done all else that it has to do

    is($t->http('GET', '/turn')->{status}, 204, "$name: others are served");

    my $received = $client->received;

    my $body = body_of($received, $chunks);

    is($body, substr($all, 0, $chunks ? -1 : length $body),
       "$name: " . ($chunks ? 'all but the last byte' : 'nothing but its beginning')
       . ' is there');
    cmp_ok(length $body, '<', length $all, "$name: but not all");
    unlike($received, qr/\r\n0\r\n/, "$name: nor the end") if $chunks;

    $redis->resume;

    my $answer = $client->finish;

    is("$answer->{status} $answer->{body}", "200 $all",
       "$name: which comes when the registry knows");

    return;
}


my $n = 0;

for my $location ('', '/unbuffered') {
    for my $chunks (0, 1) {
        my $id = 'T' . ++$n;
        my %booking = (source => 'Alpha', locator => "A$n");
        my $name = ($location || '/') . ($chunks ? ' chunked' : '');
        my %header = (Location => $location, 'X-Chunks' => $chunks);

        is_held_back("$name, a create", 'create', $id, \%booking, %header);

        is_deeply(records($redis, match => qr/T$n$/), {
            "trip:$id" => trip_record('Alpha', 1, { "ALPHA|A$n" => 'Alpha' }),
        }, "$name: there is a record");

        is_held_back("$name, an update", 'update', $id, \%booking, %header);
        is_held_back("$name, a cancel", 'cancel', $id, undef, %header);

        is_deeply(records($redis, match => qr/T$n$/), {
            "trip:$id" => trip_record('Alpha', 3, {}, state => 'cancelled'),
        }, "$name: of each of them");
    }
}

is_held_back('an answer of one byte', 'update', 'T1', undef, Location => '',
             'X-Body' => 'x');

for my $location ('', '/unbuffered') {
    my $id = 'T' . ++$n;

    is_held_back("$location/, a long answer", 'create', $id, {
        source => 'Alpha', locator => "A$n", segments => [('Car') x 500],
    }, Location => $location);
}


# whatever comes next

my %statuses;

is($t->post_xml('/trip/v1.1', 'Alpha', itinerary(),
                headers => ['X-Trip' => 'L'])->{status}, 200, 'a trip');

for my $status (200, 400, 500) {
    for (1 .. 100) {
        for my $what ('', '/cancel') {
            my $answer = $t->post_xml("/trip/v1.1$what?tripId=L", 'Alpha',
                                      $what ? undef : itinerary(),
                                      headers => ['X-Status' => $status]);

            $statuses{ $answer->{status} }++;
        }
    }
}

is_deeply(\%statuses, { 200 => 200, 400 => 200, 500 => 200 },
          'a write that follows an answer never finds the trip busy');

%statuses = ();

for (1 .. 100) {
    my $answer = $t->post_xml('/trip/v1.1?tripId=L', 'Beta', itinerary());
    $statuses{ $answer->{status} }++;

    $answer = $t->post_xml('/trip/v1.1?tripId=L', 'Alpha', itinerary());
    $statuses{ $answer->{status} }++;
}

is_deeply(\%statuses, { 200 => 100, 403 => 100 },
          'nor does one that follows a refusal');

my ($owned, $created) = (0, 0);

for (1 .. 100) {
    my %booking = (source => 'Alpha', locator => "N$_");
    my $headers = [headers => ['X-Trip' => "N$_"]];

    my $answer = $t->post_xml('/trip/v1.1', 'Alpha',
                              itinerary(bookings => [\%booking]), @$headers);
    $created++ if $answer->{status} == 200;

    $answer = $t->post_xml('/trip/v1.1', 'Beta',
                           itinerary(bookings => [\%booking]), @$headers);
    $owned++ if (code_of($answer) // '') eq 'booking_not_owned';

    $answer = $t->post_xml("/trip/v1.1?tripId=N$_", 'Alpha',
                           itinerary(bookings => [\%booking]));
    $created++ if $answer->{status} == 200;
}

is($created, 200, 'what was created is its creator\'s at once');
is($owned, 100, 'and nobody else\'s');

$t->done;
