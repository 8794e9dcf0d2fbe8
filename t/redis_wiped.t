#!/usr/bin/perl

# A registry that is wiped or swapped while the gateway is connected to it is
# noticed by the next write, before anything is judged by what is left.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;

my $TRIP = '/api/travel/trip/v1.1';

my $t = Itinerary->new;

$t->upstream;

$t->nginx(conf => <<'END');
    itinerary enforce;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            proxy_ignore_client_abort on;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /named/ {
            itinerary_supplier $http_x_supplier;
            proxy_ignore_client_abort on;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $redis = $t->redis->cli;
my $xml = itinerary(bookings => [{ locator => 'A1' }]);


sub answer {
    my ($place, $who) = @_;

    my $answer = $t->post_xml("$place$TRIP", $who, $xml);

    return $answer->{status} . ' ' . (code_of($answer) // '');
}


my ($alpha, $beta) = ($t->token('Alpha'), $t->token('Beta'));

is(answer('', $alpha), '200 ', 'a trip is created');

my $registry = $redis->get('itinerary:registry');
my @keys = $redis->keys('*');

for my $place ('', '/named') {

    # its tokens are there again, its trips and bookings are not

    $redis->flushall;
    $t->token($_) for qw(Alpha Beta);

    is(answer($place, $_), '503 registry_unavailable',
       "after a flush nothing is judged, $place") for $beta, $alpha, $beta;

    is($redis->keys('*booking*'), 0, '- nor claimed');

    $redis->set('itinerary:registry', '1:another');

    is(answer($place, $beta), '503 registry_unavailable',
       '- nor by another registry');

    $redis->set('itinerary:registry', $registry);

    ok($t->wait_for(sub { answer($place, $alpha) eq '200 ' }),
       '- until it is restored');
}

is(scalar($t->requests), 3, 'nothing else was forwarded');

# accepted by an operator, without a reload

$redis->flushall;
$t->token($_) for qw(Alpha Beta);

is(answer('', $beta), '503 registry_unavailable', 'wiped again');

unlink glob $t->path('itinerary_spool/registry-*');

ok($t->wait_for(sub { answer('', $beta) eq '200 ' }),
   'a registry is accepted by removing the file');
isnt($redis->get('itinerary:registry'), $registry, 'it is another one');

$t->done;
