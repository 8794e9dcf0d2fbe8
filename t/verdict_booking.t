#!/usr/bin/perl

# Bookings that are added, changed and removed by a post: whose they must be,
# and what becomes of them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Records;

my $t = Itinerary->new;

# the API does what a test tells it in a header

$t->upstream(sub {
    my ($request) = @_;

    my $status = $request->{headers}{'x-status'}[0] // 200;

    my $body = $request->{body};
    my $more = $request->{headers}{'x-more'}[0];

    if ($more) {
        my $xml = booking(source => 'Old', locator => $more);
        $body =~ s{(?=</Bookings>)}{$xml};
    }

    my ($id) = $request->{target} =~ /[?&]tripId=([^&]*)/;

    return [$status, {},
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

        location /keep/ {
            itinerary_replace off;
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
my $posts = 0;


# "status code" of a post, and "not forwarded" where the API has not seen it

sub post {
    my ($who, $target, $bookings, %header) = @_;

    my $before = $t->requests;

    $posts++;

    my $answer = $t->post_xml($target, $who,
                              itinerary(bookings => $bookings),
                              headers => [%header]);
    $main::last = $answer;

    my $code = code_of($answer);

    return "$answer->{status}" . (defined $code ? " $code" : '')
           . ($t->requests > $before ? '' : ', not forwarded');
}


sub create {
    my ($who, $id, @bookings) = @_;

    return post($who, '/trip/v1.1', \@bookings, 'X-Trip' => $id);
}


sub update {
    my ($who, $id, @bookings) = @_;

    return post($who, "/trip/v1.1?tripId=$id", \@bookings);
}


sub b {
    my ($source, $locator, %more) = @_;

    return { source => $source, locator => $locator, %more };
}


# the effects in the last record of the audit trail, which has one for the end
# of every post

sub effects {
    $t->wait_for(sub {
        my $ends = () = $t->read_file('audit.log')
                        =~ /"event":"(?:completed|rejected)"/g;
        return $ends == $posts;
    });

    my ($record) = ($t->audit)[-1];

    return join ' ', map { "$_->{source}|$_->{locator}:$_->{effect}" }
                         @{ $record->{bookings} // [] };
}


my $REFUSED = '403 booking_not_owned, not forwarded';


# added

is(create('Alpha', 'T1', b('Alpha', 'A1'), b('Alpha', 'A2')), '200',
   'a create adds bookings');
is(effects(), 'ALPHA|A1:added ALPHA|A2:added', 'the audit trail names them');
is_deeply(records($redis), {
    'trip:T1'          => trip_record('Alpha', 1, { 'ALPHA|A1' => 'Alpha',
                                                    'ALPHA|A2' => 'Alpha' }),
    'booking:ALPHA|A1' => booking_record('Alpha', 'active', 'T1'),
    'booking:ALPHA|A2' => booking_record('Alpha', 'active', 'T1'),
}, 'they are the supplier\'s');

is(update('Alpha', 'T1', b('Alpha', 'A1'), b('Alpha', 'A2'),
          b('Alpha', 'A3')), '200', 'an update adds one');
is(effects(), 'ALPHA|A1:echoed ALPHA|A2:echoed ALPHA|A3:added',
   'the audit trail tells it from the others');
is_deeply(records($redis, match => qr/T1|A3/), {
    'trip:T1'          => trip_record('Alpha', 2, { 'ALPHA|A1' => 'Alpha',
                                                    'ALPHA|A2' => 'Alpha',
                                                    'ALPHA|A3' => 'Alpha' }),
    'booking:ALPHA|A3' => booking_record('Alpha', 'active', 'T1'),
}, 'it is in the trip');

is(create('Alpha', 'T2'), '200', 'a trip without bookings is created');
is_deeply(records($redis, match => qr/T2/),
          { 'trip:T2' => trip_record('Alpha', 1) }, 'and recorded');


# changed

is(create('Beta', 'T3', b('Beta', 'B1')), '200', 'another has a booking');
is(create('Alpha', 'T4', b('Alpha', 'A1')), '200',
   'a supplier changes its booking without a trip id');
is(effects(), 'ALPHA|A1:changed', 'the audit trail calls that a change');
is(update('Alpha', 'T2', b(' ALPHA ', 'a2')), '200',
   'and in another of its trips, in whatever case its name is written');

my $before = records($redis);

is(create('Alpha', 'T5', b('Beta', 'B1')), $REFUSED,
   'another\'s booking is not changed by a create');
is(create('Alpha', 'T5', b('Alpha', 'A9'), b("\tbeta\n", 'b1')), $REFUSED,
   'however its name is written');

my ($path, $line) = $main::last->{body}
                    =~ /<Detail path="([^"]*)" line="(\d+)">/;
my $xml = itinerary(bookings => [b('Alpha', 'A9'), b("\tbeta\n", 'b1')]);
my ($upto) = $xml =~ /\A(.*?<Booking>.*?<Booking>)/s;

is($path, '/Itinerary/Bookings/Booking[2]', 'the answer says which');
is($line, 1 + $upto =~ tr/\n//, 'and in which line');
is(update('Alpha', 'T2', b('Alpha', 'A2'), b('Beta', 'B1')), $REFUSED,
   'nor by an update of an own trip');
is(effects(), 'ALPHA|A2:changed BETA|B1:changed',
   'the audit trail says what was tried');
is_deeply(records($redis), $before, 'none of this leaves anything behind');

is(update('Alpha', 'T3', b('Beta', 'B1')),
   '403 trip_not_owned, not forwarded', 'the trip is named first');


# changed: pending, cancelled

is(post('Alpha', '/trip/v1.1', [b('Alpha', 'A5')], 'X-Trip' => 'T6',
        'X-Status' => 500), '500', 'a write is in doubt');
is(create('Beta', 'T7', b('Alpha', 'A5')), $REFUSED,
   'what is in doubt is the claimant\'s');
is(create('Alpha', 'T6', b('Alpha', 'A5')), '200', 'who may try again');
is_deeply(records($redis, match => qr/T6|A5/), {
    'trip:T6'          => trip_record('Alpha', 1, { 'ALPHA|A5' => 'Alpha' }),
    'booking:ALPHA|A5' => booking_record('Alpha', 'active', 'T6'),
}, 'and then has it');

is(update('Alpha', 'T6'), '200', 'a booking is removed');
is(create('Beta', 'T7', b('Alpha', 'A5')), $REFUSED,
   'whose name stays its owner\'s');
is(create('Alpha', 'T7', b('Alpha', 'A5')), '200', 'who may use it again');
is_deeply(records($redis, match => qr/T7|A5/), {
    'trip:T7'          => trip_record('Alpha', 1, { 'ALPHA|A5' => 'Alpha' }),
    'booking:ALPHA|A5' => booking_record('Alpha', 'active', 'T7'),
}, 'in another trip');


# removed

is(create('Alpha', 'T8', b('Alpha', 'A6'), b('Alpha', 'A7')), '200',
   'a trip has two bookings');
is(update('Alpha', 'T8', b('Alpha', 'A7')), '200', 'one of which is left out');
is(effects(), 'ALPHA|A7:echoed ALPHA|A6:removed', 'it is removed');
is_deeply(records($redis, match => qr/T8|A[67]/), {
    'trip:T8'          => trip_record('Alpha', 2, { 'ALPHA|A7' => 'Alpha' }),
    'booking:ALPHA|A6' => booking_record('Alpha', 'cancelled', 'T8'),
    'booking:ALPHA|A7' => booking_record('Alpha', 'active', 'T8'),
}, 'that is, cancelled, and no more in the trip');

is(create('Alpha', 'T21', b('Alpha', 'A21')), '200', 'another trip');
is($redis->cli->hset('itinerary:booking:OLD|O21', owner => 'Alpha',
                     state => 'active', trip => 'T21', request => 'r',
                     at => 'a')
   + $redis->cli->hset('itinerary:trip:T21', 'booking:OLD|O21', 'Alpha'), 6,
   'and one of its bookings');
is(post('Alpha', '/trip/v1.1?tripId=T21', [b('Alpha', 'A21')],
        'X-More' => 'O21'), '200', 'which the API does not remove');
is($redis->cli->hget('itinerary:booking:OLD|O21', 'state'), 'active',
   'what the answer still shows is not cancelled');

sub shared {
    my ($id, $beta, %header) = @_;

    is(create('Alpha', $id), '200', "$id is created by Alpha");
    is(post('Beta', '/trip/v1.1', [b('Beta', $beta)], 'X-Trip' => $id,
            'X-More' => 'OLD', %header),
       $header{'X-Status'} // '200', "$id has a booking of Beta");
}

shared('T9', 'B9');
$before = records($redis);

is(update('Alpha', 'T9', b('Alpha', 'A10')), $REFUSED,
   'a post that leaves out another\'s booking is refused');
like($main::last->{body}, qr/is missing: the\s+document replaces the trip/,
     'and says why');
is(effects(), 'ALPHA|A10:added BETA|B9:removed OLD|OLD:removed',
   'the audit trail names what it would have removed');
is_deeply(records($redis), $before, 'nothing of it is left');

is(post('Alpha', '/keep/trip/v1.1?tripId=T9', [b('Alpha', 'A10')]), '200',
   'with itinerary_replace off nothing is removed');
is(effects(), 'ALPHA|A10:added', 'the audit trail agrees');
is_deeply(records($redis, match => qr/T9|B9|A10/), {
    'trip:T9'           => trip_record('Alpha', 3, { 'ALPHA|A10' => 'Alpha',
                                                     'BETA|B9' => 'Beta',
                                                     'OLD|OLD' => '' }),
    'booking:BETA|B9'   => booking_record('Beta', 'active', 'T9'),
    'booking:ALPHA|A10' => booking_record('Alpha', 'active', 'T9'),
}, 'the registry, too');
is(post('Alpha', '/keep/trip/v1.1?tripId=T9', [b('Beta', 'B9')]), $REFUSED,
   'but another\'s booking is not changed either');


# removed: what is in doubt counts

is(create('Alpha', 'T10', b('Alpha', 'A11')), '200', 'another trip');
is(post('Alpha', '/trip/v1.1?tripId=T10',
        [b('Alpha', 'A11'), b('Alpha', 'A12')], 'X-Status' => 500), '500',
   'an update of it is in doubt');
is_deeply(records($redis, match => qr/T10|A12/), {
    'trip:T10'          => trip_record('Alpha', 2, { 'ALPHA|A11' => 'Alpha',
                                                     'ALPHA|A12' => 'Alpha' }),
    'booking:ALPHA|A12' => booking_record('Alpha', 'pending', 'T10'),
}, 'the trip knows what may be in it');
is(update('Alpha', 'T10', b('Alpha', 'A11')), '200', 'the next leaves it out');
is(effects(), 'ALPHA|A11:changed ALPHA|A12:removed', 'and so removes it');
is_deeply(records($redis, match => qr/T10|A12/), {
    'trip:T10'          => trip_record('Alpha', 3, { 'ALPHA|A11' => 'Alpha' }),
    'booking:ALPHA|A12' => booking_record('Alpha', 'cancelled', 'T10'),
}, 'for good');


# known, but nobody's

is(post('Alpha', '/trip/v1.1', [b('Alpha', 'A13')], 'X-Trip' => 'T11',
        'X-More' => 'S1'), '200', 'an answer shows a booking from before');
is_deeply(records($redis, match => qr/T11|S1|A13/), {
    'trip:T11'          => { rev => 1, state => 'active', created => 'time',
                             'booking:ALPHA|A13' => 'Alpha',
                             'booking:OLD|S1' => '' },
    'booking:OLD|S1'    => booking_record('', 'seen', 'T11'),
    'booking:ALPHA|A13' => booking_record('Alpha', 'active', 'T11'),
}, 'which was seen, and has no owner; nor has the trip');

is(create('Beta', 'T12', b('Old', 'S1')), $REFUSED,
   'nobody may change what was only seen');
is(post('Beta', '/allow/trip/v1.1', [b('Old', 'S1')], 'X-Trip' => 'T12'),
   '200', 'itinerary_unknown_trip allow lets it pass');
is($redis->cli->hget('itinerary:booking:OLD|S1', 'state'), 'seen',
   'and it stays nobody\'s');
is(post('Beta', '/adopt/trip/v1.1', [b('Old', 'S1')], 'X-Trip' => 'T12'),
   '200', 'itinerary_unknown_trip adopt lets it pass');
is_deeply(records($redis, match => qr/S1/),
          { 'booking:OLD|S1' => booking_record('Beta', 'active', 'T12') },
          'and makes it the supplier\'s');
is(post('Alpha', '/adopt/trip/v1.1', [b('Old', 'S1')], 'X-Trip' => 'T13'),
   $REFUSED, 'after which it is another\'s for everybody else');


# removed, and nobody's

for my $policy (qw(adopt allow)) {
    my $id = "T-$policy";

    is(create('Alpha', $id, b('Alpha', $id)), '200', 'a trip is created');
    is(post('Alpha', '/trip/v1.1?tripId=' . $id, [b('Alpha', $id)],
            'X-More' => "S-$policy"), '200', 'where somebody adds a booking');
    is(update('Alpha', $id, b('Alpha', $id)), $REFUSED,
       'which the trip\'s creator may not remove');
    is(post('Alpha', "/$policy/trip/v1.1?tripId=$id", [b('Alpha', $id)]),
       '200', "but with itinerary_unknown_trip $policy");
    is_deeply(records($redis, match => qr/$id$|S-$policy/i), {
        "trip:$id" => trip_record('Alpha', 3, { "ALPHA|\U$id" => 'Alpha' }),
        "booking:OLD|\US-$policy" => booking_record('', 'cancelled', $id),
        "booking:ALPHA|\U$id" => booking_record('Alpha', 'active', $id),
    }, 'when it is cancelled');
}


# several reasons

is(post('Alpha', '/trip/v1.1?tripId=T3',
        [b('Alpha', 'A20'), b('Beta', 'B9'), b('Old', 'OLD')]),
   '403 trip_not_owned, not forwarded', 'the trip is named');
is(create('Alpha', 'T20', b('Beta', 'B1'), b('Alpha', 'A20'), b('Beta', 'B9')),
   $REFUSED, 'two bookings are refused');
is(join(' ', $main::last->{body} =~ /Booking\[(\d)\]/g), '1 3 1 3',
   'the details name both, and both again for their source');

$t->done;
