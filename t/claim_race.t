#!/usr/bin/perl

# Posts of the same new booking at the same time: one supplier has it, another
# is refused, and the API sees it once; of two of one supplier neither gives
# back what the other has claimed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Redis;
use Test::More;
use Itinerary;
use Itinerary::Records;

my $ROUNDS = 1000;

my $t = Itinerary->new;

my $redis = $t->redis;
my $address = $redis->address;
my $cli;

$t->upstream(sub {
    my ($request) = @_;

    my ($locator) = $request->{body} =~ m{<RecordLocator>(\w+)<};

    my $h = $request->{headers};
    my $status = 200;

    if ($h->{'x-claim'}) {
        $cli //= Redis->new(server => $address);

        # the first of those that have the claim

        my ($first) = split / /, $cli->hget($h->{'x-claim'}[0], 'request');

        $status = $first eq $h->{'x-request-id'}[0] ? 500 : 400;
    }

    return [$status, {}, answered($request->{body}, "T$locator")];
});

$t->nginx(workers => 4, conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;
    itinerary_booking_source any;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%% reuseport;

        location / {
            proxy_set_header X-Request-Id $request_id;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /claim/ {
            itinerary_booking_source claim;
            proxy_set_header X-Request-Id $request_id;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my (%odd, %won);


# The answers to two posts whose last bytes are sent at the same time: of one
# document, or of one each.

sub race {
    my ($place, $xml, @headers) = @_;

    my @xml = ref $xml ? @$xml : ($xml) x @headers;

    my @clients = map {
        $t->http_async('POST', "$place/trip/v1.1",
            headers => ['Content-Type'   => 'application/xml',
                        'Content-Length' => length $xml[$_], @{ $headers[$_] }],
            body    => [substr $xml[$_], 0, -1]);
    } 0 .. $#headers;

    $clients[$_]->send(substr $xml[$_], -1) for 0 .. $#headers;

    my @answers = map { $_->finish } @clients;

    $_->close for @clients;

    return @answers;
}


for my $n (1 .. $ROUNDS) {
    my $xml = itinerary(bookings => [{ source => "Source $n",
                                       locator => "R$n" }]);

    my @who = $n % 2 ? qw(Alpha Beta) : qw(Beta Alpha);
    my %answer;

    @answer{@who} = race('', $xml, map { ['X-Supplier' => $_] } @who);

    my ($winner, @more) = grep { $answer{$_}{status} == 200 } @who;
    my ($loser) = grep { $answer{$_}{status} == 403
                         && code_of($answer{$_}) eq 'booking_not_owned' } @who;

    if (!$winner || @more || !$loser) {
        $odd{ join ' ', map { $answer{$_}{status} } @who }++;
        next;
    }

    $won{$winner}++;

    my $owner = $redis->cli->hget("itinerary:booking:SOURCE%20$n|R$n",
                                  'owner');

    $odd{"owner $owner"}++ if $owner ne $winner;
}

is_deeply(\%odd, {}, 'one supplier has the booking, the other is refused');
is(scalar($t->requests), $ROUNDS, 'the API sees each booking once');

my @owners = map { $_->{headers}{'x-supplier'}[0] } $t->requests;
my %seen;

$seen{$_}++ for @owners;
is_deeply(\%seen, \%won, 'from the supplier who has it');
is_deeply([sort keys %won], ['Alpha', 'Beta'], 'which is now one, now another');


# a source that is new: the one has it, and with it the booking

for my $n (1 .. $ROUNDS) {
    my @who = $n % 2 ? qw(Alpha Beta) : qw(Beta Alpha);
    my %answer;

    @answer{@who} = race('/claim', itinerary(bookings => [
        { source => "New $n", locator => "N$n" }]),
        map { ['X-Supplier' => $_] } @who);

    my ($winner, @more) = grep { $answer{$_}{status} == 200 } @who;
    my @lost = grep { $answer{$_}{status} == 403 } @who;

    $odd{ join ' ', map { $answer{$_}{status} } @who }++
        if !$winner || @more || @lost != 1;

    my $has = join ' ', map { $_ // 'none' }
                        $redis->cli->get("itinerary:source:NEW%20$n"),
                        $redis->cli->ttl("itinerary:source:NEW%20$n"),
                        $redis->cli->hget("itinerary:booking:NEW%20$n|N$n",
                                          'owner');

    $odd{$has}++ if $has ne "$winner -1 $winner";
}

is_deeply(\%odd, {}, 'so it is with a source that is new to both');


# the same source, and a booking of each: who does not have the source has no
# booking either

%won = ();

for my $n (1 .. $ROUNDS) {
    my @who = $n % 2 ? qw(Alpha Beta) : qw(Beta Alpha);
    my %answer;

    @answer{@who} = race('/claim', [map { itinerary(bookings => [
        { source => "Own $n", locator => "\U$_$n" }]) } @who],
        map { ['X-Supplier' => $_] } @who);

    my ($winner) = grep { $answer{$_}{status} == 200 } @who;
    my ($loser) = grep { (code_of($answer{$_}) // '')
                         eq 'booking_source_not_owned' } @who;

    if (!$winner || !$loser) {
        $odd{ join ' ', map { $answer{$_}{status} } @who }++;
        next;
    }

    $won{$winner}++;

    my $has = join ' ', map { $_ // 'none' }
        $redis->cli->get("itinerary:source:OWN%20$n"),
        map { $redis->cli->hget("itinerary:booking:OWN%20$n|\U$_$n", 'owner') }
            $winner, $loser;

    $odd{$has}++ if $has ne "$winner $winner none";
}

is_deeply(\%odd, {}, 'who comes second to a source keeps no booking under it');
is_deeply([sort keys %won], ['Alpha', 'Beta'], 'which is now one, now another');


# of one supplier: the post that has the claim first comes to nothing certain,
# the other one is refused

my %states;

for my $n (1 .. $ROUNDS) {
    race('', itinerary(bookings => [{ source => 'Alpha', locator => "S$n" }]),
         (['X-Supplier' => 'Alpha', 'X-Claim' => "itinerary:booking:ALPHA|S$n"])
         x 2);

    my $state = $redis->cli->hget("itinerary:booking:ALPHA|S$n", 'state');

    $states{ $state // 'none' }++;
}

is_deeply(\%states, { pending => $ROUNDS },
          'a post of one supplier does not give back the claim of another');

$t->done;
