#!/usr/bin/perl

# Trip ids in the body, and refusals that do not tell an unknown trip from
# another's.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Records;

my $t = Itinerary->new;

$t->upstream(sub {
    my ($request) = @_;

    my $body = $request->{body};
    my $h = $request->{headers};
    my ($id) = $request->{target} =~ /[?&]tripId=([^&]*)/;

    $body =~ s{<(id|ItinLocator|TripId)>[^<]*</\1>\s*}{}g;

    return [200, {}, answered($body, $h->{'x-id'}[0] // $id,
                              locator => $h->{'x-locator'}[0] // $id)];
});

$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $TRIP = '/api/travel/trip/v1.1';
my $URI = 'https://www.example.com/api/travel/trip/v1.1';
my $redis = $t->redis;


sub call {
    my ($who, $target, $xml, %header) = @_;

    my $before = $t->requests;
    my $answer = $t->post_xml($target, $who, $xml, headers => [%header]);
    my $code = code_of($answer);

    return "$answer->{status}" . (defined $code ? " $code" : '')
           . ($t->requests > $before ? '' : ', not forwarded');
}


is(call('Alpha', $TRIP, itinerary(), 'X-Id' => 'T1a', 'X-Locator' => 'T1'),
   '200', 'a trip with two ids');
is(call('Alpha', $TRIP, itinerary(), 'X-Id' => 'T2', 'X-Locator' => 'T2'),
   '200', 'and another trip');

my $before = records($redis);

for my $ids (
    [id => "$URI/T1a"],
    [id => "$URI/T1"],
    [id => 'T1'],
    [ItinLocator => 'T1'],
    [ItinLocator => 'T1a'],
    [TripId => 'T1'],
    [TripId => "\n  T1a "],
    [id => "$URI/T1a", ItinLocator => 'T1'],
    [id => "$URI/T1a", ItinLocator => 'T1', TripId => 'T1a'],
    [ItinLocator => ''],
) {
    for my $query ('T1', 'T1a') {
        is(call('Alpha', "$TRIP?tripId=$query", itinerary(@$ids)), '200',
           "@$ids is the trip $query" =~ s/\s+/ /gr);
    }
}

$before->{'trip:T1'}{rev} = 21;
is_deeply(records($redis), $before, 'all of this was one trip');

for my $ids (
    [id => "$URI/T2"],
    [id => 'T2'],
    [ItinLocator => 'T2'],
    [TripId => 'T2'],
    [TripId => 'T3'],
    [TripId => 't1'],
    [id => "$URI/T1", ItinLocator => 'T1', TripId => 'T2'],
    [id => "$URI/T2", ItinLocator => 'T1'],
    [id => "$URI/T1", ItinLocator => 'T3'],
) {
    is(call('Alpha', "$TRIP?tripId=T1", itinerary(@$ids)),
       '400 ambiguous_body, not forwarded', "@$ids is not the trip T1");
}

for my $ids ([id => "$URI/T1"], [ItinLocator => 'T1'], [TripId => 'T1'],
             [TripId => 'T9'])
{
    is(call('Alpha', $TRIP, itinerary(@$ids)),
       '400 ambiguous_body, not forwarded', "@$ids may not be created");
}

is(call('Alpha', $TRIP, itinerary(ItinLocator => ''), 'X-Id' => 'T4',
        'X-Locator' => 'T4'), '200', 'an empty id is none');

$before->{'trip:T4'} = trip_record('Alpha', 1);
is_deeply(records($redis), $before, 'what was refused left nothing behind');


# an unknown trip, and another's

my $secret = 'Secret Airways';

is(call($secret, $TRIP,
        itinerary(bookings => [{ source => $secret, locator => 'S1' }]),
        'X-Id' => 'T5', 'X-Locator' => 'T5'), '200',
   'a supplier that nobody must know of');

my @answers;


sub twice {
    my ($what, $target, $xml, %header) = @_;

    my @two = map {
        my $answer = $t->post_xml($target =~ s/%/$_/r, 'Alpha', $xml,
                                  headers => [%header]);
        push @answers, $answer;
        $answer->{raw} =~ s/^Date: .*\r\n//mr
            =~ s{(?<=<RequestId>)\w{32}}{}r
            =~ s{(?<="request_id":")\w{32}}{}r;
    } 'T5', 'T6';

    is($two[0], $two[1], "$what of an unknown trip is refused as another's");
    like($two[0], qr{\AHTTP/1.1 403 .*trip_not_owned}s,
         'because the trip is not the supplier\'s');
    return;
}

twice('an update', "$TRIP?tripId=%", itinerary());
twice('an update with a booking', "$TRIP?tripId=%",
      itinerary(bookings => [{ source => 'Alpha', locator => 'A1' }]));
twice('an update with another\'s booking', "$TRIP?tripId=%",
      itinerary(bookings => [{ source => $secret, locator => 'S1' }]));
twice('a cancel', "$TRIP/cancel?tripId=%", undef);
twice('an update in JSON', "$TRIP?tripId=%", itinerary(),
      Accept => 'application/json');
twice('an update that is read at once', "$TRIP?tripId=%",
      itinerary(xml => '<Comments>' . 'x' x 100_000 . '</Comments>'));

push @answers, $t->post_xml($TRIP, 'Alpha', itinerary(bookings =>
    [{ source => $secret, locator => 'S1' }]));

is(code_of($answers[-1]), 'booking_not_owned', 'a booking is refused');
is(scalar(grep { $_->{raw} =~ /Secret/ } @answers), 0,
   'no refusal says whose it is');
is_deeply(records($redis, match => qr/T6|A1$/), {}, 'nor leaves anything');

$t->done;
