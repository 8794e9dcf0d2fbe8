#!/usr/bin/perl

# Two posts of one supplier with the same new booking share its claim: what
# the API refuses of the one does not give away what it may create of the other.
# What is refused of both is free again.

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
    my $status = $name =~ /second/ ? 200 : $name =~ /doubt/ ? 500 : 400;

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
my $n = 0;


sub begin {
    my ($who, $name) = @_;

    $n++;

    my $client = $t->post_xml_async(
        "/trip/v1?userid_type=login&userid_value=$name", $who, $xml);

    ok($t->wait_for(sub { $t->requests >= $n }), "$name is at the API");

    return $client;
}


my $first = begin('Beta', 'first');
my $second = begin('Beta', 'second');

$t->write_file('first', '');
is($first->finish->{status}, 400, 'the API refuses the first');

my $alpha = $t->post_xml('/trip/v1', 'Alpha', $xml);

is("$alpha->{status} " . code_of($alpha), '403 booking_not_owned',
   'the booking is not free for another supplier');

$t->write_file('second', '');
is($second->finish->{status}, 200, 'the API carries out the second');
is($t->redis->cli->hget('itinerary:booking:S|L1', 'owner'), 'Beta',
   'which owns what it created');


sub state { return $t->redis->cli->hget('itinerary:booking:S|L2', 'state') }

$xml = itinerary(bookings => [{ source => 'S', locator => 'L2' }]);

for my $order ([qw(third fourth)], [qw(sixth fifth)]) {
    my %client = map { $_ => begin('Beta', $_) } sort @$order;

    for my $name (@$order) {
        is(state(), 'pending', 'the claim is there');
        $t->write_file($name, '');
        is($client{$name}->finish->{status}, 400, "the API refuses the $name");
    }

    is(state(), undef, 'what it has refused of both is nobody\'s');
}

# what is in doubt stays so, whatever becomes of a retry

my $doubt = begin('Beta', 'doubt');

$t->write_file('doubt', '');
is($doubt->finish->{status}, 500, 'nobody knows what became of a post');

for my $name (qw(retry again)) {
    my $retry = begin('Beta', $name);

    $t->write_file($name, '');
    is($retry->finish->{status}, 400, "the $name is refused");
    is(state(), 'pending', 'the claim is still in doubt');
}

for (1 .. 12) {
    my $doubt = begin('Beta', 'doubt');
    $doubt->finish;
}

my $request = $t->redis->cli->hget('itinerary:booking:S|L2', 'request');

cmp_ok(length $request, '<=', 300, 'of very many posts few are remembered');

my $last = begin('Beta', 'last');

$t->write_file('last', '');
is($last->finish->{status}, 400, 'the last is refused');
is(state(), 'pending', 'the claim is still in doubt');

$t->done;
