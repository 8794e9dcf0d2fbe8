#!/usr/bin/perl

# A write that goes on to another location, because the first API failed, does
# so while it holds its trip: not after the lease, when another write may be
# under way.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(time);
use Itinerary;
use Itinerary::Records;

my $t = Itinerary->new;

# the first API goes away without an answer, at once or when it is told to

my $first = $t->upstream(sub {
    my ($request) = @_;

    return () if $request->{target} !~ m{/late/};
    return sub { -e $t->path('go') };
});

my $second = $t->upstream(sub {
    my ($request) = @_;

    return [200, {}, answered($request->{body}, 'T1')];
});

$t->nginx(conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_supplier $http_x_supplier;
    itinerary enforce;
    itinerary_lease 1s;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            error_page 502 = @second;
            proxy_pass http://%%UPSTREAM%%;
        }

        location @second {
            proxy_pass http://%%UPSTREAM_1%%;
        }
    }
END

my $cli = $t->redis->cli;
my $xml = itinerary(bookings => [{ source => 'Alpha', locator => 'A1' }]);

$cli->hset('itinerary:trip:T1', owner => 'Alpha', state => 'active',
           created => 1, rev => 1);

is($t->post_xml('/trip/v1?tripId=T1', 'Alpha', $xml)->{status}, 200,
   'an update goes on to the second API');
is(scalar $second->requests, 1, '- which gets it');

my @before = $t->wait_audit(3);
my $client = $t->post_xml_async('/late/trip/v1?tripId=T1', 'Alpha', $xml);

wait_for(sub { $first->requests == 2 });

my $until = $cli->hget('itinerary:trip:T1', 'writer_until');

ok($until, 'another one holds the trip');
wait_for(sub { time * 1000 > $until + 200 });
$t->write_file('go', '');

my $answer = $client->finish;

is($answer->{status}, 503, 'it does not go on after its lease');
is(scalar $second->requests, 1, '- the second API does not get it');

my @records = $t->wait_audit(@before + 2);

is(join(' ', map { $_->{event} } @records[@before .. $#records]),
   'forwarded completed', '- it was forwarded once');
is($records[-1]{outcome}, 'in_doubt', '- and its outcome is in doubt');

$t->done;
