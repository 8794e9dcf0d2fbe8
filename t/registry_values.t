#!/usr/bin/perl

# What is in the registry, but cannot be right or is too much, is no ground for
# a verdict that lets a write pass.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Refusal;

my $t = Itinerary->new;

$t->upstream;

$t->nginx(conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_supplier $http_x_supplier;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /same/ {
            itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $cli = $t->redis->cli;
my $xml = itinerary(bookings => [{ source => 'Alpha', locator => 'A1' }]);

sub trip {
    my ($id, %more) = @_;

    $cli->hset("itinerary:trip:$id", owner => 'Alpha', state => 'active',
               created => 1, rev => 1, %more);

    return;
}


# a count that is none

for my $rev ('', 'x', '-1', '1x', '99999999999999999999') {
    my $id = 'REV' . ++$t->{n};

    trip($id, rev => $rev);

    refused($t, "a trip whose count of writes is \"$rev\"", 503,
            'registry_unavailable', sub {
        $t->post_xml("/trip/v1?tripId=$id", 'Alpha', $xml);
    });

    $cli->del("itinerary:trip:$id");
}


# a number that too many bookings have: 64 are looked at, and one of them is the
# booking that has the number as its locator

for my $n (63, 64) {
    my @locators = map { "N$n-$_" } 1 .. $n;

    trip("TN$n", map { ("booking:ALPHA|$_" => 'Alpha') } @locators);
    $cli->set("itinerary:confirmation:ALPHA|$n", "@locators");
    $cli->hset("itinerary:booking:ALPHA|$_", owner => 'Alpha', trip => "TN$n",
               state => 'active') for @locators;
}

sub cancelled {
    my ($n) = @_;

    return $t->post_xml("/booking/v1/cancel?bookingSource=Alpha"
                        . "&confirmationNumber=$n", 'Alpha');
}

passes($t, 'a number of 63 bookings cancels its supplier\'s', sub {
    cancelled(63);
});

refused($t, 'a number of 64 bookings may mean another\'s', 403,
        'booking_not_owned', sub { cancelled(64) });


# one server that is named twice is one

passes($t, 'the same registry in another location', sub {
    $t->post_xml('/same/trip/v1', 'Alpha', $xml);
});

is(scalar(() = $cli->client_list =~ /^id=/mg), 2,
   'the gateway has one connection, beside that of the test');

$t->done;
