#!/usr/bin/perl

# Many requests share a connection to Redis: nobody gets another's answer, and
# what a request asks leaves together.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::FakeRedis;

my $TRIP = '/api/travel/trip/v1.1';
my $MANY = 200;

my $t = Itinerary->new;

my $redis = $t->redis;
my $fake = Itinerary::FakeRedis->new(dir => $t->path('fake'),
                                     behind => $redis);
my $address = $fake->address;

$t->upstream(sub {
    my ($request) = @_;

    my ($id) = $request->{target} =~ /tripId=(\w+)/;

    # a trip is named as its first booking

    $id //= "T$1" if $request->{body} =~ m{<RecordLocator>(\w+)<};

    return [200, {}, answered($request->{body} || itinerary(), $id)];
});

$t->nginx(conf => <<"END");
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT%%;
        itinerary_redis $address timeout=30s connect_timeout=30s;

        location / {
            itinerary enforce;
            itinerary_booking_source any;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /typical/ {
            itinerary enforce;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /known/ {
            itinerary enforce;
            itinerary_supplier \$http_x_name;
            proxy_pass http://%%UPSTREAM%%;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_1%%;
        itinerary_redis $address timeout=30s connect_timeout=30s
                        connections=4;

        location / {
            itinerary enforce;
            itinerary_booking_source any;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my @suppliers = map { "Supplier$_" } 1 .. 20;
my @tokens = map { $t->token($_) } @suppliers;


sub document {
    my ($locator) = @_;

    return itinerary(TripName => "Trip $locator",
                     bookings => [{ locator => $locator }]);
}


# The n-th request is of the supplier n modulo 20; returns status and TripName
# of each answer.

sub answers {
    my ($target, $prefix, $shift, @opt) = @_;

    my @clients = map {
        $t->post_xml_async($target->($_), $tokens[($_ + $shift) % @tokens],
                           document("$prefix$_"), timeout => 60, @opt);
    } 1 .. $MANY;

    return map {
        my $answer = $_->finish;
        $_->close;
        my ($name) = $answer->{body} =~ m{<TripName>([^<]+)<};

        "$answer->{status} " . ($name // code_of($answer) // '');
    } @clients;
}


sub owners {
    my ($prefix) = @_;

    return map {
        $redis->cli->hget("itinerary:booking:TRAVELBOOKINGS.COM|$prefix$_",
                          'owner') // ''
    } 1 .. $MANY;
}


for (['ONE', 'one connection'], ['FOUR', 'four', port => $t->port(1)]) {
    my ($prefix, $name, @opt) = @$_;

    my @own = map { "200 Trip $prefix$_" } 1 .. $MANY;
    my @owners = map { $suppliers[$_ % @suppliers] } 1 .. $MANY;

    $fake->forget;

    is_deeply([answers(sub { $TRIP }, $prefix, 0, @opt)], \@own,
              "over $name, everybody creates a trip");
    is_deeply([owners($prefix)], \@owners, 'and owns what was its own');
    is_deeply([answers(sub { "$TRIP?tripId=T$prefix$_[0]" }, $prefix, 0,
                       @opt)],
              \@own, 'everybody may update it');
    is_deeply([answers(sub { "$TRIP?tripId=T$prefix$_[0]" }, $prefix, 1,
                       @opt)],
              [('403 trip_not_owned') x $MANY], 'and nobody another\'s');

    my %connection = map { $_->{connection} => 1 } $fake->commands;

    is(scalar(keys %connection), $prefix eq 'ONE' ? 1 : 4,
       'that many connections are used');
}


# how many round trips there are

sub batches {
    my @batches;
    my $last = '';

    for ($fake->commands) {
        my $batch = "$_->{connection} $_->{batch}";

        push @batches, '' if $batch ne $last;
        $batches[-1] .= ' ' if length $batches[-1];
        $batches[-1] .= (split / /, $_->{text})[0];
        $last = $batch;
    }

    return \@batches;
}


my @bookings = map { { locator => "TRIPS$_" } } 1 .. 3;

is($t->post_xml($TRIP, $tokens[0], itinerary(bookings => \@bookings))
   ->{status}, 200, 'a trip with bookings');

my $xml = itinerary(bookings => \@bookings);

$fake->forget;

my $client = $t->http_async('POST', "/typical$TRIP?tripId=TTRIPS1", headers => [
    'Authorization' => "OAuth $tokens[0]",
    'Content-Type' => 'application/xml', 'Content-Length' => length $xml,
], body => [substr $xml, 0, 100]);

ok($fake->wait_command(qr/^HGETALL/),
   'who and what is asked before the body is there');
is_deeply(batches(), ['GET GET GET HGETALL'], 'at once');

$client->send(substr $xml, 100);
is($client->finish->{status}, 200, 'an update');
is_deeply(batches(), ['GET GET GET HGETALL',
                      'HMGET HMGET HMGET GET HMGET EVALSHA',
                      'EVALSHA EVALSHA'],
          'it costs one round trip after its body: the bookings, their source, '
          . 'what was shown and the lease; and one after its answer: the trip, '
          . 'and what is shown');

$fake->forget;
is($t->http('POST', "/known$TRIP/cancel?tripId=TTRIPS1",
            headers => ['X-Name' => $suppliers[0], 'Content-Length' => 0])
   ->{status}, 200, 'a cancel');
is(batches()->[0], 'GET GET EVALSHA', 'costs one before it is forwarded');
is(scalar(@{ batches() }), 2, 'and one after its answer');

$t->done;
