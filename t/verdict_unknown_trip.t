#!/usr/bin/perl

# Trips that the registry does not know: itinerary_unknown_trip, for updates
# and cancels.

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

    my ($id) = $request->{target} =~ /[?&]tripId=([^&]*)/;
    my $more = $request->{headers}{'x-more'}[0];

    my $body = length $request->{body} ? $request->{body} : itinerary();
    my $xml = booking(source => 'Old', locator => $more // '');

    $body =~ s{(?=</Bookings>)}{$xml} if $more;

    return [$request->{headers}{'x-status'}[0] // 200, {},
            answered($body, $id // $request->{headers}{'x-trip'}[0])];
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

        location /deny/ {
            itinerary_unknown_trip deny;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /adopt/ {
            itinerary_unknown_trip adopt;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /allow/ {
            itinerary_unknown_trip allow;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $redis = $t->redis;


sub call {
    my ($who, $target, $xml, %header) = @_;

    my $before = $t->requests;
    my $answer = $t->post_xml($target, $who, $xml, headers => [%header]);
    my $code = code_of($answer);

    return "$answer->{status}" . (defined $code ? " $code" : '')
           . ($t->requests > $before ? '' : ', not forwarded');
}


sub update {
    my ($who, $policy, $id, $locator, %header) = @_;

    return call($who, "$policy/trip/v1.1?tripId=$id",
                itinerary(bookings => [{ source => $who,
                                         locator => $locator }]), %header);
}


sub cancel {
    my ($who, $policy, $id, %header) = @_;

    return call($who, "$policy/trip/v1.1/cancel?tripId=$id", undef, %header);
}


sub outcome { return ($t->audit)[-1]{outcome} // 'none' }


my $REFUSED = '403 trip_not_owned, not forwarded';

# a trip that is known, but not its creator

is(call('Beta', '/trip/v1.1', itinerary(bookings => [
            { source => 'Beta', locator => 'B1' }]), 'X-Trip' => 'OLD1',
        'X-More' => 'S1'),
   '200', 'a create that went into an old trip');

my %merged = (
    'trip:OLD1'      => { rev => 1, state => 'active', created => 'time',
                          'booking:BETA|B1' => 'Beta', 'booking:OLD|S1' => '' },
    'booking:BETA|B1' => booking_record('Beta', 'active', 'OLD1'),
    'booking:OLD|S1'  => booking_record('', 'seen', 'OLD1'),
);

is_deeply(records($redis), \%merged, 'leaves a trip without a creator');


# deny

for my $policy ('', '/deny') {
    is(update('Alpha', $policy, 'U1', 'A1'), $REFUSED,
       'an update of an unknown trip is refused ' . ($policy || 'by default'));
    is(cancel('Alpha', $policy, 'U1'), $REFUSED, 'and a cancel');
    is(update('Alpha', $policy, 'OLD1', 'A1'), $REFUSED,
       'and an update of one without a creator');
    is(cancel('Alpha', $policy, 'OLD1'), $REFUSED, 'and its cancel');
}

is_deeply(records($redis), \%merged, 'which leaves nothing in the registry');


# adopt

is(update('Alpha', '/adopt', 'U2', 'A2', 'X-Status' => 400), '400',
   'the API refuses to update an unknown trip');
is(outcome(), 'released', 'what was claimed for it is released');
is_deeply(records($redis), \%merged, 'and nothing of it left');

is(update('Alpha', '/adopt', 'U2', 'A2', 'X-Status' => 500), '500',
   'the API fails to update an unknown trip');
is(outcome(), 'in_doubt', 'which is in doubt');
is_deeply(records($redis, match => qr/A2/),
          { 'booking:ALPHA|A2' => booking_record('Alpha', 'pending', 'U2') },
          'the booking is claimed');
is($redis->cli->hget('itinerary:trip:U2', 'owner'), undef,
   'the trip is nobody\'s');

is(update('Alpha', '/adopt', 'U2', 'A2'), '200', 'an unknown trip is adopted');
is(outcome(), 'recorded', 'and recorded');
is_deeply(records($redis, match => qr/U2|A2/), {
    'trip:U2'          => trip_record('Alpha', 2, { 'ALPHA|A2' => 'Alpha' }),
    'booking:ALPHA|A2' => booking_record('Alpha', 'active', 'U2'),
}, 'with its bookings, and what may have been written before');
is(update('Alpha', '', 'U2', 'A2'), '200', 'from now on it is the supplier\'s');
is(update('Beta', '/adopt', 'U2', 'B2'), $REFUSED, 'and nobody else\'s');
is(cancel('Beta', '/adopt', 'U2'), $REFUSED, 'who may not cancel it either');

is(cancel('Alpha', '/adopt', 'U3'), '200', 'a cancel adopts, too');
is_deeply(records($redis, match => qr/U3/),
          { 'trip:U3' => trip_record('Alpha', 1, {}, state => 'cancelled') },
          'a trip that is cancelled');
is(cancel('Beta', '/adopt', 'U3'), $REFUSED, 'and has a creator now');

is(cancel('Alpha', '/adopt', 'U4', 'X-Status' => 404), '404',
   'a cancel that the API refuses');
is_deeply(records($redis, match => qr/U4/), {}, 'adopts nothing');

is(cancel('Beta', '/adopt', 'OLD1'), '200',
   'who has a booking in a trip without a creator cancels that');
is(($t->audit)[-1]{verdict}, 'partial', 'and no more');
is_deeply(records($redis, match => qr/OLD1$|B1/), {
    'trip:OLD1'       => { rev => 2, state => 'active', created => 'time', 'booking:OLD|S1' => '' },
    'booking:BETA|B1' => booking_record('Beta', 'cancelled', 'OLD1'),
}, 'so it adopts nothing');

is(call('Alpha', '/adopt/trip/v1.1?tripId=OLD1',
        itinerary(bookings => [{ source => 'Alpha', locator => 'A3' },
                               { source => 'Old', locator => 'S1' }])),
   '200', 'a trip without a creator is adopted');
is_deeply(records($redis, match => qr/OLD1$|S1/), {
    'trip:OLD1' => trip_record('Alpha', 3, { 'ALPHA|A3' => 'Alpha',
                                             'OLD|S1' => 'Alpha' }),
    'booking:OLD|S1' => booking_record('Alpha', 'active', 'OLD1'),
}, 'with what was there before, as it is posted');


# allow

is(update('Alpha', '/allow', 'U5', 'A5'), '200',
   'an update of an unknown trip is allowed');
is_deeply(records($redis, match => qr/U5|A5/), {
    'trip:U5'          => { rev => 1, 'booking:ALPHA|A5' => 'Alpha' },
    'booking:ALPHA|A5' => booking_record('Alpha', 'active', 'U5'),
}, 'its booking is recorded, of the trip no more than that it has it');
is(update('Beta', '/allow', 'U5', 'B5'),
   '403 booking_not_owned, not forwarded',
   'so that nobody removes it');
is(call('Beta', '/allow/trip/v1.1?tripId=U6', itinerary()), '200',
   'to everybody');
is(call('Beta', '/allow/trip/v1.1?tripId=U5',
        itinerary(bookings => [{ source => 'Alpha', locator => 'A5' }])),
   '403 booking_not_owned, not forwarded', 'but not another\'s booking');
is(cancel('Beta', '/allow', 'U6'), '200', 'a cancel is allowed');
is_deeply(records($redis, match => qr/trip:U6/), { 'trip:U6' => { rev => 2 } },
          'and not recorded, only counted');
is(cancel('Beta', '/allow', 'U5'), '403 booking_not_owned, not forwarded',
   'but not of another\'s booking');
is(update('Beta', '/allow', 'U2', 'B2'), $REFUSED,
   'a trip that has a creator is not unknown');
is(cancel('Beta', '/allow', 'U2'), $REFUSED, 'to a cancel, too');

$t->done;
