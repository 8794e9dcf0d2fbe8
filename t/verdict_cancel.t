#!/usr/bin/perl

# Cancels: of the whole trip, by its creator; of what a supplier has in
# another's; and by a TripStatus of 2.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Records;

my $t = Itinerary->new;

# X-Bookings: what the API shows in the trip, as "source/locator" where a "-"
# behind says that there are no segments

$t->upstream(sub {
    my ($request) = @_;

    my $h = $request->{headers};
    my ($id) = $request->{target} =~ /[?&]tripId=([^&]*)/;

    my @bookings = map {
        m{(.*)/(.*?)(-?)$};
        { source => $1, locator => $2, segments => $3 ? '' : 'Car' };
    } split / /, $h->{'x-bookings'}[0] // '';

    my $body = $request->{body};

    $body = itinerary(bookings => \@bookings)
        if !length $body || $h->{'x-bookings'};

    return [$h->{'x-status'}[0] // 200, {},
            answered($body, $id // $h->{'x-trip'}[0])];
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

        location /own/ {
            itinerary_cancel_foreign off;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /own/keep/ {
            itinerary_cancel_foreign off;
            itinerary_replace off;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /keep/ {
            itinerary_replace off;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /own/allow/ {
            itinerary_cancel_foreign off;
            itinerary_unknown_trip allow;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $redis = $t->redis;
my $calls = 0;


sub call {
    my ($who, $target, $xml, %header) = @_;

    my $before = $t->requests;

    $calls++;

    my $answer = $t->post_xml($target, $who, $xml, headers => [%header]);
    my $code = code_of($answer);

    return "$answer->{status}" . (defined $code ? " $code" : '')
           . ($t->requests > $before ? '' : ', not forwarded');
}


sub b {
    my ($source, $locator) = @_;

    return { source => $source, locator => $locator };
}


sub create {
    my ($who, $id, $locator, %header) = @_;

    my $answer = call($who, '/trip/v1.1',
                      itinerary(bookings => [b($who, $locator)]),
                      'X-Trip' => $id, %header);

    is($answer, $header{'X-Status'} // 200, "$who creates $locator in $id");
    return;
}


sub cancel {
    my ($who, $prefix, $id, %header) = @_;

    return call($who, "$prefix/trip/v1.1/cancel?tripId=$id", undef, %header);
}


# the audit trail's last record; there is one for the end of every call

sub the_end {
    $t->wait_for(sub {
        my $ends = () = $t->read_file('audit.log')
                        =~ /"event":"(?:completed|rejected)"/g;
        return $ends == $calls;
    });

    return ($t->audit)[-1];
}


sub last_record {
    my $record = the_end();

    return join ' ', map { $record->{$_} // '-' }
                         qw(event verdict reason outcome);
}


sub effects {
    my $record = the_end();

    return join ' ', map { "$_->{source}|$_->{locator}:$_->{effect}" }
                         sort { $a->{source} cmp $b->{source} }
                         @{ $record->{bookings} // [] };
}


# a trip of Alpha, in which Beta has a booking

sub shared {
    my ($id) = @_;

    create('Alpha', $id, "A$id");
    create('Beta', $id, "B$id", 'X-Bookings' => "Alpha/A$id Beta/B$id");
    return;
}


# the creator's

shared('T1');
is(cancel('Alpha', '', 'T1'), '200', 'the creator cancels its trip');
is(last_record(), 'completed allow - recorded', 'which is allowed');
is(effects(), 'ALPHA|AT1:cancelled BETA|BT1:cancelled',
   'and reaches all bookings');
is_deeply(records($redis, match => qr/T1$/), {
    'trip:T1'           => trip_record('Alpha', 3, {}, state => 'cancelled'),
    'booking:ALPHA|AT1' => booking_record('Alpha', 'cancelled', 'T1'),
    'booking:BETA|BT1'  => booking_record('Beta', 'cancelled', 'T1'),
}, 'so does the record');
is(cancel('Alpha', '', 'T1'), '200', 'it may do so again');
is(cancel('Beta', '', 'T1'), '403 trip_not_owned, not forwarded',
   'but nobody who has nothing active in it');

for my $case ([404 => 'released', 2], [500 => 'in_doubt', 3]) {
    my ($status, $outcome, $rev) = @$case;
    my $id = "T$status";

    shared($id);
    is(cancel('Alpha', '', $id, 'X-Status' => $status), $status,
       "the API answers $status to a cancel");
    is(last_record(), "completed allow - $outcome", "which is $outcome");
    is_deeply(records($redis, match => qr/T$status/), {
        "trip:$id" => trip_record('Alpha', $rev, { "ALPHA|A$id" => 'Alpha',
                                                   "BETA|B$id" => 'Beta' }),
        "booking:ALPHA|A$id" => booking_record('Alpha', 'active', $id),
        "booking:BETA|B$id"  => booking_record('Beta', 'active', $id),
    }, $status == 404 ? 'the trip is as it was'
                      : 'it may have been written to, nothing else is known');
}


# itinerary_cancel_foreign off

shared('T2');
is(cancel('Alpha', '/own', 'T2'), '403 booking_not_owned, not forwarded',
   'with itinerary_cancel_foreign off others\' bookings are in the way');
is(effects(), 'ALPHA|AT2:cancelled BETA|BT2:cancelled',
   'the audit trail names them');
is(cancel('Beta', '/own', 'T2', 'X-Bookings' => 'Alpha/AT2 Beta/BT2-'), '200',
   'others may cancel their own');
is(cancel('Alpha', '/own', 'T2'), '200', 'after which the creator may');

create('Alpha', 'T3', 'AT3');
create('Beta', 'T3', 'BT3', 'X-Bookings' => "Alpha/AT3 Beta/BT3");
is(cancel('Beta', '', 'T3', 'X-Bookings' => 'Alpha/AT3 Beta/BT3-'), '200',
   'a booking is cancelled');
is(call('Gamma', '/trip/v1.1', itinerary(bookings => [b('Gamma', 'G3')]),
        'X-Trip' => 'T3', 'X-Bookings' => 'Alpha/AT3 Gamma/G3'), 200,
   'and another added');
is(cancel('Alpha', '/own', 'T3'), '403 booking_not_owned, not forwarded',
   'which is in the way, too');

create('Alpha', 'T4', 'AT4');
create('Beta', 'T4', 'BT4', 'X-Bookings' => 'Alpha/AT4 Beta/BT4 Old/OT4');
is(cancel('Beta', '', 'T4', 'X-Bookings' => 'Alpha/AT4 Beta/BT4- Old/OT4'),
   '200', 'a trip has a booking of nobody');
is(cancel('Alpha', '/own', 'T4'), '403 booking_not_owned, not forwarded',
   'which is not the creator\'s either');
is(cancel('Alpha', '/own/allow', 'T4'), '200',
   'unless itinerary_unknown_trip says so');


# what a supplier has in another's trip

shared('T5');
is(cancel('Beta', '', 'T5', 'X-Bookings' => 'Alpha/AT5 Beta/BT5-'), '200',
   'who has a booking in a trip may cancel it');
is(last_record(), 'completed partial - recorded', 'that is a partial cancel');
is(effects(), 'BETA|BT5:cancelled', 'which reaches no other');
is_deeply(records($redis, match => qr/T5$/), {
    'trip:T5'           => trip_record('Alpha', 3, { 'ALPHA|AT5' => 'Alpha' }),
    'booking:ALPHA|AT5' => booking_record('Alpha', 'active', 'T5'),
    'booking:BETA|BT5'  => booking_record('Beta', 'cancelled', 'T5'),
}, 'in the registry neither');

shared('T6');
my $log = length $t->error_log;
is(cancel('Beta', '', 'T6', 'X-Bookings' => 'Alpha/AT6- Beta/BT6-'), '200',
   'the API cancels more than the supplier\'s own');
is(last_record(), 'completed partial - overreached', 'that is noticed');
like(substr($t->error_log, $log),
     qr/\[error\].*: the cancel of request "\w+" reached another supplier/,
     'and an error in the log');
is_deeply(records($redis, match => qr/T6$/), {
    'trip:T6'           => trip_record('Alpha', 3),
    'booking:ALPHA|AT6' => booking_record('Alpha', 'cancelled', 'T6'),
    'booking:BETA|BT6'  => booking_record('Beta', 'cancelled', 'T6'),
}, 'the record says what happened, and whose the booking was');

shared('T7');
is(call('Gamma', '/trip/v1.1', itinerary(bookings => [b('Gamma', 'G7')]),
        'X-Trip' => 'T7', 'X-Bookings' => 'Alpha/AT7 Beta/BT7 Gamma/G7'), 200,
   'three have a booking in a trip');
is(cancel('Beta', '', 'T7',
          'X-Bookings' => 'Alpha/AT7 Beta/BT7- Gamma/G7'), '200',
   'one cancels its own');
is(cancel('Gamma', '', 'T7',
          'X-Bookings' => 'Alpha/AT7 Beta/BT7- Gamma/G7-'), '200',
   'then another');
is(last_record(), 'completed partial - recorded',
   'what had been cancelled before is not its doing');

create('Alpha', 'T8', 'AT8');
create('Beta', 'T8', 'BT8', 'X-Status' => 500);
is(call('Alpha', '/trip/v1.1?tripId=T8',
        itinerary(bookings => [b('Alpha', 'AT8')])), '200',
   'a booking is pending that is not in the trip');
is(cancel('Beta', '', 'T8'), '403 trip_not_owned, not forwarded',
   'it is no right to cancel');

create('Alpha', 'T9', 'AT9');
create('Beta', 'T9', 'BT9', 'X-Bookings' => 'Alpha/AT9 Beta/BT9');
$redis->cli->hset('itinerary:booking:BETA|BT9', 'state', 'pending');
is(cancel('Beta', '', 'T9'), '403 trip_not_owned, not forwarded',
   'nor is one in the trip that is in doubt');
is($redis->cli->hget('itinerary:trip:T9', 'writer'), undef,
   'which gives back the lease');


# TripStatus

for my $status ('2', ' 2 ', '02', '+2') {
    my $id = 'S' . uc unpack 'H*', $status;

    create('Alpha', $id, "A$id");

    is(call('Beta', "/trip/v1.1?tripId=$id", itinerary(TripStatus => $status)),
       '403 trip_not_owned, not forwarded',
       "another may not cancel a trip by TripStatus '$status'");
    is(call('Alpha', "/trip/v1.1?tripId=$id",
            itinerary(TripStatus => $status,
                      bookings => [b('Alpha', "A$id")])), '200',
       'its creator may');
    is_deeply(records($redis, match => qr/$id/), {
        "trip:$id" => trip_record('Alpha', 2, {}, state => 'cancelled'),
        "booking:ALPHA|A$id" => booking_record('Alpha', 'cancelled', $id),
    }, 'and has cancelled all of it');
}

for my $status ('HK', '0', '1', '3', '22', '2.0', 'S2') {
    my $id = 'N' . uc unpack 'H*', $status;

    create('Alpha', $id, "A$id");
    is(call('Alpha', "/trip/v1.1?tripId=$id",
            itinerary(TripStatus => $status,
                      bookings => [b('Alpha', "A$id")])), '200',
       "TripStatus '$status'");
    is($redis->cli->hget("itinerary:trip:$id", 'state'), 'active',
       'is no cancel');
}

shared('S1');
is(call('Alpha', '/own/keep/trip/v1.1?tripId=S1',
        itinerary(TripStatus => 2, bookings => [b('Alpha', 'AS1')])),
   '403 booking_not_owned, not forwarded',
   'itinerary_cancel_foreign off is for TripStatus, too');
is(call('Alpha', '/keep/trip/v1.1?tripId=S1',
        itinerary(TripStatus => 2, bookings => [b('Alpha', 'AS1')])),
   '200', 'when it is on, the creator may');
is(effects(), 'ALPHA|AS1:changed BETA|BS1:cancelled',
   'the audit trail names what goes with the trip');
is_deeply(records($redis, match => qr/S1$/), {
    'trip:S1'           => trip_record('Alpha', 3, {}, state => 'cancelled'),
    'booking:ALPHA|AS1' => booking_record('Alpha', 'cancelled', 'S1'),
    'booking:BETA|BS1'  => booking_record('Beta', 'cancelled', 'S1'),
}, 'and all of it is cancelled');

$t->done;
