#!/usr/bin/perl

# Two posts of one supplier with the same new booking share its claim: what
# the API refuses of the one does not give away what it may create of the other.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;

my $t = Itinerary->new;

# each answer waits for a file of its own

$t->upstream(sub {
    my ($request) = @_;

    my ($name) = $request->{target} =~ /userid_value=(\w+)/;
    my $status = $name eq 'first' ? 400 : 200;

    return [$status, {}, [sub { -e $t->path($name) },
                          answered($request->{body}, "T$name")]];
});

$t->nginx(conf => <<'END');
    itinerary enforce;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            proxy_ignore_client_abort on;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $xml = itinerary(bookings => [{ source => 'S', locator => 'L1' }]);


sub begin {
    my ($who, $name, $n) = @_;

    my $client = $t->post_xml_async(
        "/trip/v1?userid_type=login&userid_value=$name", $who, $xml);

    ok($t->wait_for(sub { $t->requests >= $n }), "$name is at the API");

    return $client;
}


my $first = begin('Beta', 'first', 1);
my $second = begin('Beta', 'second', 2);

$t->write_file('first', '');
is($first->finish->{status}, 400, 'the API refuses the first');

my $alpha = $t->post_xml('/trip/v1', 'Alpha', $xml);

is("$alpha->{status} " . code_of($alpha), '403 booking_not_owned',
   'the booking is not free for another supplier');

$t->write_file('second', '');
is($second->finish->{status}, 200, 'the API carries out the second');
is($t->redis->cli->hget('itinerary:booking:S|L1', 'owner'), 'Beta',
   'which owns what it created');

$t->done;
