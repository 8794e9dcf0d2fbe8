#!/usr/bin/perl

# A booking, or a booking source, that another supplier gets between the
# judgement of a write and its claims: the write is not forwarded, and what it
# has claimed meanwhile is given back.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::FakeRedis;
use Itinerary::Process;
use Itinerary::Records;

my $DELAY = 1.0 * $Itinerary::Process::SLOW;

my $t = Itinerary->new;

$t->upstream;

my $redis = $t->redis;
my $cli = $redis->cli;
my $fake = Itinerary::FakeRedis->new(dir => $t->path('fake'),
                                     behind => $redis);
my $address = $fake->address;

$t->nginx(conf => <<"END");
    itinerary_redis $address timeout=30s connect_timeout=30s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_supplier \$http_x_supplier;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

sub bookings {
    return itinerary(bookings => [map { { source => 'S', locator => $_ } } @_]);
}


# Beta's post is judged by what is in Redis at this moment; while the reply is
# on its way, another supplier gets what it is about.

sub late {
    my ($target, $xml, $match, $meanwhile) = @_;

    $fake->rules({ match => $match, delay => $DELAY, times => 1 })->forget;

    my $client = $t->post_xml_async($target, 'Beta', $xml);

    ok($fake->wait_command(qr/$match/), 'what Beta posts is looked up');
    $meanwhile->();

    my $answer = $client->finish;

    $client->close;

    $fake->rules;

    return "$answer->{status} " . (code_of($answer) // '');
}


sub taken {
    my ($locator) = @_;

    $cli->hset("itinerary:booking:S|$locator", owner => 'Alpha',
               state => 'pending', trip => '', request => 'r', at => 'a');

    return;
}


# the trip of the requests that name one, in which Beta has a booking

is($t->post_xml('/trip/v1', 'Beta', bookings('B0'))->{status}, 200,
   'Beta creates a trip');

my $trip = 'CNQR1234567890';
my $before = records($redis);
my $requests = $t->requests;

for my $target ('/trip/v1', "/trip/v1?tripId=$trip") {
    my $n = $t->audit;

    is(late($target, bookings('B0', 'L1', 'L2'), '^HMGET \S+booking:S\|L2',
            sub { taken('L1') }),
       '403 booking_not_owned', "$target: Alpha has got the booking");
    is(scalar $t->requests, $requests, '- nothing is forwarded');

    my ($record) = ($t->wait_audit($n + 1))[-1];

    is("$record->{event} $record->{verdict}", 'rejected deny',
       '- it is recorded');

    is($cli->hget('itinerary:booking:S|L1', 'owner'), 'Alpha',
       '- the booking stays Alpha\'s');

    $cli->del('itinerary:booking:S|L1');

    is_deeply(records($redis), $before,
              '- what else was claimed is given back, with the lease');
}


# a source that nobody had

is(late('/trip/v1', bookings('L3') =~ s/>S</>R</r, '^GET \S+source:R',
        sub { $cli->set('itinerary:source:R', 'Alpha') }),
   '403 booking_source_not_owned', 'Alpha has got the source');
is(scalar $t->requests, $requests, '- nothing is forwarded');
is($cli->get('itinerary:source:R'), 'Alpha', '- the source stays Alpha\'s');

$cli->del('itinerary:source:R');

is_deeply(records($redis), $before, '- the booking is given back');

$t->done;
