#!/usr/bin/perl

# Who may do what to a trip, told as one story: the requests, the trip as the
# API has it, and the registry after every step.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Records;

my $TRIP = '/api/travel/trip/v1.1';

my $t = Itinerary->new;

$t->nginx(workers => 2, conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            itinerary enforce;
            add_header X-Request-Id $request_id always;
            proxy_ignore_client_abort on;
            proxy_pass http://127.0.0.1:%%PORT_1%%;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_1%%;

        location / {
            itinerary_sandbox 1m;
        }
    }
END_CONF

my $alpha = $t->token('Alpha');
my $beta = $t->token('Beta & "Co"');
my $redis = $t->redis;

my @dates = (start => '2014-06-02T10:00:00', end => '2014-06-05T18:00:00');

# names that keys have to encode, and one that is no matter of case

my %hotel = (source => ' al & Co., Ltd ', locator => 'a/1|%:x');
my %car = (source => 'Beta', locator => 'B1', segments => 'Car');

my $HOTEL = 'AL%20%26%20CO.%2C%20LTD|A%2F1%7C%25%3AX';
my $CAR = 'BETA|B1';


sub post {
    my ($who, $args, %itinerary) = @_;

    return $t->post_xml("$TRIP$args", $who, itinerary(@dates, %itinerary));
}


sub cancel {
    my ($who, $id) = @_;

    return $t->post_xml("$TRIP/cancel?tripId=$id", $who, undef);
}


sub refused {
    my ($answer) = @_;

    return "$answer->{status} " . (code_of($answer) // '');
}


sub segments {
    my ($trip, $locator) = @_;

    my ($booking) = grep { m{<RecordLocator>\Q$locator\E</} }
                    $trip =~ m{(<Booking>.*?</Booking>)}sg;

    return !defined $booking ? 'no booking'
           : $booking =~ m{<Segments>\s*<\w} ? 'segments' : 'none';
}


# create

my $answer = post($alpha, '', TripName => 'June', bookings => [\%hotel]);
my ($id) = $answer->{body} =~ m{<ItinLocator>([^<]+)<};

is($answer->{status}, 200, 'Alpha creates a trip');
like($id, qr/\ACNQR\d+\z/, 'which has an id');

my %records = (
    "trip:$id"       => trip_record('Alpha', 1, { $HOTEL => 'Alpha' }),
    "booking:$HOTEL" => booking_record('Alpha', 'active', $id),
);

is_deeply(records($redis), \%records, 'the trip and its booking are recorded');
is($redis->cli->hget("itinerary:booking:$HOTEL", 'request'),
   $answer->{headers}{'x-request-id'}[0], 'with the request that made them');
like($redis->cli->get('itinerary:registry'), qr/\A1:[0-9a-f]{32}\z/,
     'the registry has an id');


sub details { return $t->http('GET', "$TRIP/$id")->{body} }


# own update

$answer = post($alpha, "?tripId=$id", TripName => 'Summer',
               bookings => [{ %hotel, segments => 'Hotel' }]);

is($answer->{status}, 200, 'Alpha updates it');
$records{"trip:$id"}{rev} = 2;
is_deeply(records($redis), \%records, 'which is counted, and all that is new');

my $trip = details();
like($trip, qr{<TripName>Summer<}, 'the API has the new name');


# another's update and cancel

is(refused(post($beta, "?tripId=$id", TripName => 'Stolen',
                bookings => [\%hotel])),
   '403 trip_not_owned', 'Beta may not update it');
is(refused(post($beta, "?tripId=$id", TripName => 'Stolen',
                bookings => [\%car])),
   '403 trip_not_owned', 'not even with a booking of its own');
is(refused(cancel($beta, $id)), '403 trip_not_owned', 'nor cancel it');
is(refused(post($beta, '', bookings => [{ %hotel, source => 'AL & CO., LTD',
                                          locator => 'A/1|%:X' }])),
   '403 booking_not_owned', 'nor change the booking through a create');

is(details(), $trip, 'the trip is as it was');
is_deeply(records($redis), \%records, 'and so is the registry');


# own booking, merged

$answer = post($beta, '', TripName => 'Car', bookings => [\%car]);

is($answer->{status}, 200, 'Beta creates a trip at the same time');
like($answer->{body}, qr{<ItinLocator>$id<}, 'which the API merges into it');

$records{"trip:$id"}{"booking:$CAR"} = 'Beta & "Co"';
$records{"trip:$id"}{rev} = 3;
$records{"booking:$CAR"} = booking_record('Beta & "Co"', 'active', $id);

is_deeply(records($redis), \%records,
          'the booking is its own, the trip is not');

$trip = details();

is(refused(post($beta, "?tripId=$id", TripName => 'Stolen',
                bookings => [\%car])),
   '403 trip_not_owned', 'Beta may still not update the trip');
is(refused(post($alpha, "?tripId=$id", TripName => 'Summer',
                bookings => [\%hotel, { %car, segments => 'Air' }])),
   '403 booking_not_owned', 'Alpha may not change a booking of Beta');
is(refused(post($alpha, "?tripId=$id", TripName => 'Summer',
                bookings => [\%hotel])),
   '403 booking_not_owned', 'nor remove it');

is(details(), $trip, 'the trip is as it was');
is_deeply(records($redis), \%records, 'and so is the registry');


# a cancel that reaches its own

is(segments($trip, 'B1'), 'segments', 'the booking of Beta has segments');

$answer = cancel($beta, $id);
$trip = details();

is($answer->{status}, 200, 'Beta cancels what it has in the trip');
is(segments($trip, 'B1'), 'none', 'which empties its booking');
is(segments($trip, 'a/1|%:x'), 'segments', 'and no other');

delete $records{"trip:$id"}{"booking:$CAR"};
$records{"trip:$id"}{rev} = 4;
$records{"booking:$CAR"}{state} = 'cancelled';

is_deeply(records($redis), \%records,
          'its booking is cancelled and keeps its owner');
is(refused(cancel($beta, $id)), '403 trip_not_owned',
   'there is nothing left to cancel for it');
is(refused(post($alpha, "?tripId=$id", TripName => 'Summer',
                bookings => [\%hotel, \%car])),
   '403 booking_not_owned', 'nobody else may use the name of its booking');


# the creator's cancel

$answer = cancel($alpha, $id);

is($answer->{status}, 200, 'Alpha cancels the trip');
is(segments(details(), 'a/1|%:x'), 'none', 'which empties the rest');

$records{"trip:$id"} = trip_record('Alpha', 5, {}, state => 'cancelled');
$records{"booking:$HOTEL"}{state} = 'cancelled';

is_deeply(records($redis), \%records, 'all of it is cancelled');


# the next

$answer = post($beta, '', TripName => 'Next', start => '2015-01-01T00:00:00',
               end => '2015-01-02T00:00:00', bookings => [\%car]);
my ($next) = $answer->{body} =~ m{<ItinLocator>([^<]+)<};

is($answer->{status}, 200, 'Beta uses the name of its booking again');
isnt($next, $id, 'in another trip');
$records{"booking:$CAR"} = booking_record('Beta & "Co"', 'active', $next);
$records{"trip:$id"}{rev}++;     # its booking was there
$records{"trip:$next"} = trip_record('Beta & "Co"', 1,
                                     { $CAR => 'Beta & "Co"' });
is_deeply(records($redis), \%records, 'which it created');

$t->done;
