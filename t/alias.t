#!/usr/bin/perl

# The several ids of one trip: how they are learnt, and that each of them
# stands for the trip.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Records;

my $t = Itinerary->new;

# X-Ids: elements of the answer, as "name=value"

$t->upstream(sub {
    my ($request) = @_;

    my $body = length $request->{body} ? $request->{body} : itinerary();

    my $ids = join '', map { /(.*?)=(.*)/; "<$1>$2</$1>\n" }
                           split / /, $request->{headers}{'x-ids'}[0];

    $body =~ s{(<Itinerary[^>]*>)}{$1$ids};

    return [$request->{headers}{'x-status'}[0] // 200, {}, $body];
});

$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /allow/ {
            itinerary_unknown_trip allow;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $redis = $t->redis;
my $URI = 'https://www.example.com/api/travel/trip/v1.1';


sub call {
    my ($who, $target, $ids, $xml, %header) = @_;

    my $answer = $t->post_xml($target, $who, $xml,
                              headers => ['X-Ids' => $ids, %header]);
    my $code = code_of($answer);

    return $answer->{status} . (defined $code ? " $code" : '');
}


sub create {
    my ($who, $ids, %itinerary) = @_;

    return call($who, '/trip/v1.1', $ids, itinerary(%itinerary));
}


sub update {
    my ($who, $id, $ids, %itinerary) = @_;

    return call($who, "/trip/v1.1?tripId=$id", $ids, itinerary(%itinerary));
}


# each of the ids

is(create('Alpha', "id=$URI/I1 ItinLocator=L1 TripId=D1",
          bookings => [{ source => 'Alpha', locator => 'A1' }]), '200',
   'an answer has three ids');
is_deeply(records($redis), {
    'trip:L1'          => trip_record('Alpha', 1, { 'ALPHA|A1' => 'Alpha' }),
    'alias:D1'         => 'L1',
    'alias:I1'         => 'L1',
    'booking:ALPHA|A1' => booking_record('Alpha', 'active', 'L1'),
}, 'ItinLocator names the trip, the others are aliases');

my $rev = 1;

for my $id (qw(L1 D1 I1)) {
    is(update('Alpha', $id, "id=$URI/I1 ItinLocator=L1",
              bookings => [{ source => 'Alpha', locator => 'A1' }]), '200',
       "its creator updates it as $id");
    is(($t->audit)[-1]{trip}, 'L1', 'which is one trip');
    is($redis->cli->hget('itinerary:trip:L1', 'rev'), ++$rev, 'and counted');
    is(update('Beta', $id, 'id=L1'), '403 trip_not_owned',
       'another may not update it');
    is(call('Beta', "/trip/v1.1/cancel?tripId=$id", 'id=L1'),
       '403 trip_not_owned', 'nor cancel it');
    is(call('Alpha', '/trip/v1.1?tripId=L1', 'id=L1',
            itinerary(TripId => $id, bookings => [{ source => 'Alpha',
                                                    locator => 'A1' }])),
       '200', 'its body may say so');
    $rev++;
}

is_deeply([grep { /:(?:D1|I1)$/ } $redis->cli->keys('itinerary:trip:*')], [],
          'an alias is never a trip');
is(call('Alpha', '/trip/v1.1/cancel?tripId=D1', "id=$URI/I1"), '200',
   'its creator cancels it as D1');
is($redis->cli->hget('itinerary:trip:L1', 'state'), 'cancelled',
   'which is that trip');


# which ids an answer may have

for my $case (
    ['id alone', "id=$URI/T10", { 'trip:T10' => 1 }],
    ['an id that is no URI', 'id=T11', { 'trip:T11' => 1 }],
    ['ItinLocator alone', 'ItinLocator=T12', { 'trip:T12' => 1 }],
    ['TripId alone', 'TripId=T13', { 'trip:T13' => 1 }],
    ['TripId and id', "id=$URI/T14a TripId=T14",
     { 'trip:T14' => 1, 'alias:T14a' => 'T14' }],
    ['one id three times', "id=$URI/T15 ItinLocator=T15 TripId=T15",
     { 'trip:T15' => 1 }],
    ['ids that keys encode', 'ItinLocator=T$16= id=x/~.-_16$',
     { 'trip:T%2416%3D' => 1, 'alias:~.-_16%24' => 'T$16=' }],
    ['an id that is none', "id=$URI/a,b ItinLocator=T17",
     { 'trip:T17' => 1 }],
) {
    my ($name, $ids, $expected) = @$case;

    my $before = records($redis);

    is(create('Alpha', $ids), '200', "$name: a trip is created");

    my $after = records($redis);

    delete @$after{ keys %$before };
    $_ = ref ? $_ : $_ eq '1' ? trip_record('Alpha', 1) : $_
        for values %$expected;

    is_deeply($after, $expected, "$name: that names it");
}


# an answer without one of them

for my $ids ('', "id=$URI/", 'ItinLocator=a/b', 'ItinLocator=') {
    is(call('Alpha', '/trip/v1.1', $ids, itinerary()), '200',
       "an answer with the ids '$ids'");
    is(($t->audit)[-1]{outcome}, 'in_doubt', 'names no trip');
}


# an id that is a trip already

is(create('Alpha', 'ItinLocator=T20'), '200', 'a trip of Alpha');
is(create('Beta', 'ItinLocator=T21'), '200', 'and one of Beta');

my $before = records($redis, match => qr/T2\d/);

is(update('Beta', 'T21', "id=$URI/T20 ItinLocator=T21"), '200',
   'an answer for the one carries the other\'s id');
$before->{'trip:T21'}{rev}++;
is_deeply(records($redis, match => qr/T2\d/), $before,
          'which does not become an alias');
is(update('Beta', 'T20', 'id=T20'), '403 trip_not_owned',
   'and stays the other\'s');

is(update('Beta', 'T21', 'ItinLocator=T20'), '200',
   'an answer with the other\'s id alone');
$before->{'trip:T21'}{rev}++;
is_deeply(records($redis, match => qr/T2\d/), $before, 'changes nothing');

is(create('Gamma', "id=$URI/T20 ItinLocator=T22"), '200',
   'a create whose answer has the id of a trip');
$before->{'alias:T22'} = 'T20';
$before->{'trip:T20'}{rev}++;
is_deeply(records($redis, match => qr/T2\d/), $before,
          'is a write to that, and its other id an alias');
is(update('Gamma', 'T22', 'id=T22'), '403 trip_not_owned',
   'whose creator is who it was');
is(update('Alpha', 'T22', 'id=T22'), '200', 'and may use the new id');
$before->{'trip:T20'}{rev}++;

is(create('Gamma', "id=$URI/T20 ItinLocator=T21"), '200',
   'a create whose answer has the ids of two trips');
$before->{'trip:T21'}{rev}++;
is_deeply(records($redis, match => qr/T2\d/), $before,
          'is a write to the first, and neither is an alias');


# new ids later

is(update('Alpha', 'T20', "id=$URI/T23 ItinLocator=T20"), '200',
   'an answer to an update has a new id');
is($redis->cli->get('itinerary:alias:T23'), 'T20', 'which is an alias');
is(update('Alpha', 'T23', 'TripId=T24'), '200', 'so is another');
is($redis->cli->get('itinerary:alias:T24'), 'T20', 'of the trip itself');
is(update('Beta', 'T24', 'TripId=T24'), '403 trip_not_owned',
   'which it protects');
is(update('Beta', 'T21', "id=$URI/T24 ItinLocator=T21"), '200',
   'an alias in the answer for another trip');
is($redis->cli->get('itinerary:alias:T24'), 'T20', 'stays what it is');
is(call('Alpha', '/trip/v1.1/cancel?tripId=T20', "id=$URI/T25 ItinLocator=T20"),
   '200', 'an answer to a cancel');
is($redis->cli->get('itinerary:alias:T25'), 'T20', 'teaches ids, too');


# what is not recorded

is(call('Gamma', '/allow/trip/v1.1?tripId=T30', "id=$URI/T31 ItinLocator=T30",
        itinerary()), '200', 'a trip of which nothing is recorded');
is_deeply(records($redis, match => qr/T3\d/),
          { 'alias:T31' => 'T30', 'trip:T30' => { rev => 1 } },
          'has its ids on record, that it was written to, and nothing else');

for my $status (404, 500) {
    is(call('Alpha', '/trip/v1.1?tripId=T20', 'id=T32 ItinLocator=T20',
            itinerary(), 'X-Status' => $status), $status,
       "an answer with $status");
    is($redis->cli->get('itinerary:alias:T32'), undef, 'teaches no id');
}

$t->done;
