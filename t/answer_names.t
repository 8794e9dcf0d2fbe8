#!/usr/bin/perl

# What an answer teaches of its bookings: renamed sources, bookings that were
# there before, and creates that went into a trip that was there.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Records;
use Itinerary::Told qw(told);

my $t = told();
my $redis = $t->redis;


sub call {
    my ($who, $id, $args, $posted, $shown) = @_;

    my $answer = $t->post_xml("/trip/v1.1$args", $who, itinerary(%$posted),
        headers => ['X-Body' => encode_base64(
                        answered(itinerary(%$posted, %$shown), $id), '')]);
    my $code = code_of($answer);

    return $answer->{status} . (defined $code ? " $code" : '');
}


sub create {
    my ($who, $id, $posted, $shown) = @_;

    return call($who, $id, '', $posted, $shown // {});
}


sub update {
    my ($who, $id, $posted, $shown) = @_;

    return call($who, $id, "?tripId=$id", $posted, $shown // {});
}


sub bookings {
    return bookings => [map { m{(.*)/(.*)} && { source => $1, locator => $2 } }
                            @_];
}


# renamed

is(create('Alpha', 'T1', { bookings('Alpha/A1', 'Alpha/A2') },
                         { bookings('Renamed/A1', 'Alpha/A2') }), '200',
   'the API renames a source');

my %renamed = (
    'trip:T1'            => trip_record('Alpha', 1, { 'ALPHA|A2' => 'Alpha',
                                                      'RENAMED|A1' => 'Alpha' }),
    'booking:ALPHA|A1'   => booking_record('Alpha', 'active', 'T1'),
    'booking:ALPHA|A2'   => booking_record('Alpha', 'active', 'T1'),
    'booking:RENAMED|A1' => booking_record('Alpha', 'active', 'T1'),
);

is_deeply(records($redis), \%renamed,
          'both names are the supplier\'s, and the trip a new one');
is(create('Beta', 'T2', { bookings('Renamed/A1') }), '403 booking_not_owned',
   'another may not use the one');
is(create('Beta', 'T2', { bookings('Alpha/A1') }), '403 booking_not_owned',
   'nor the other');
is(update('Alpha', 'T1', { bookings('Renamed/A1', 'Alpha/A2', 'Alpha/A1') }),
   '200', 'the supplier may use both');

is(create('Alpha', 'T3', { bookings('Alpha/A3', 'Alpha2/A3') },
                         { bookings('Renamed/A3') }), '200',
   'the API renames one of two that have the same locator');
is_deeply(records($redis, match => qr/T3|RENAMED\|A3/), {
    'trip:T3'            => { rev => 1, state => 'active', created => 'time',
                              'booking:ALPHA|A3' => 'Alpha',
                              'booking:ALPHA2|A3' => 'Alpha',
                              'booking:RENAMED|A3' => '' },
    'booking:RENAMED|A3' => booking_record('', 'seen', 'T3'),
}, 'it cannot be told which: nobody\'s, and the trip neither');

is(create('Alpha', 'T4', { bookings('Alpha/A4') },
                         { bookings('Renamed/A4', 'Other/A4') }), '200',
   'the API shows two that have the locator of the posted one');
is_deeply(records($redis, match => qr/T4|(?:RENAMED|OTHER)\|A4/), {
    'trip:T4'            => { rev => 1, state => 'active', created => 'time',
                              'booking:ALPHA|A4' => 'Alpha',
                              'booking:OTHER|A4' => '',
                              'booking:RENAMED|A4' => '' },
    'booking:RENAMED|A4' => booking_record('', 'seen', 'T4'),
    'booking:OTHER|A4'   => booking_record('', 'seen', 'T4'),
}, 'neither is known to be the supplier\'s');

is(create('Beta', 'T5', { bookings('Beta/A2') },
                        { bookings('Alpha/A2') }), '200',
   'the answer renames a booking to another supplier\'s');
is_deeply(records($redis, match => qr/T5|ALPHA\|A2/), {
    'trip:T5'          => trip_record('Beta', 1, { 'BETA|A2' => 'Beta',
                                                   'ALPHA|A2' => 'Alpha' }),
    'booking:ALPHA|A2' => booking_record('Alpha', 'active', 'T5'),
}, 'which stays its owner\'s');

is(create('Beta', 'T7', { bookings('Beta/B7') }), '200', 'a trip of Beta');
is(update('Beta', 'T7', { TripStatus => 2, bookings('Beta/B7', 'Beta/A1') },
                        { bookings('Beta/B7', 'Renamed/A1') }), '200',
   'so does the answer to its cancel');
is_deeply(records($redis, match => qr/T7|B7|(?:BETA|RENAMED)\|A1/), {
    'trip:T7'            => trip_record('Beta', 2, { 'RENAMED|A1' => 'Alpha' },
                                        state => 'cancelled'),
    'booking:BETA|A1'    => booking_record('Beta', 'cancelled', 'T7'),
    'booking:BETA|B7'    => booking_record('Beta', 'cancelled', 'T7'),
    'booking:RENAMED|A1' => booking_record('Alpha', 'active', 'T7'),
}, 'and cancels Beta\'s booking, not that one');


# case and space

is(create('Alpha', 'T6', { bookings('Alpha/A6') },
                         { bookings(' aLPHA/a6 ') }), '200',
   'the API writes a name in another way');
is_deeply(records($redis, match => qr/T6/), {
    'trip:T6' => trip_record('Alpha', 1, { 'ALPHA|A6' => 'Alpha' }),
}, 'it is one name');


# merged

my $n = 9;

for my $case (
    ['nothing else',           {}, {}, 1],
    ['fewer bookings',         { bookings('Alpha/M1', 'Alpha/M2') },
                               { bookings('Alpha/M1') }, 1],
    ['another booking',        { bookings('Alpha/M3') },
                               { bookings('Alpha/M3', 'Old/M1') }, 0],
    ['another name',           { TripName => 'Mine' },
                               { TripName => 'Theirs' }, 0],
    ['no name',                { TripName => 'Mine' }, { TripName => undef },
                               0],
    ['another start',          { start => '2014-01-02T00:00:00' },
                               { start => '2014-01-01T00:00:00' }, 0],
    ['another end',            { end => '2014-01-02T00:00:00' },
                               { end => '2014-01-03T00:00:00' }, 0],
    ['a booking without name', { bookings('Alpha/M4') },
                               { bookings => [
                                   { source => 'Alpha', locator => 'M4' },
                                   '<Booking><RecordLocator/></Booking>',
                               ] }, 0],
) {
    my ($what, $posted, $shown, $mine) = @$case;
    my $id = 'T' . ++$n;

    is(create('Alpha', $id, $posted, $shown), '200',
       "an answer to a create shows $what");

    my $trip = records($redis, match => qr/trip:$id$/)->{"trip:$id"};

    is($trip->{owner}, $mine ? 'Alpha' : undef,
       $mine ? 'that is the supplier\'s trip'
             : 'so it went into a trip that was there');
    is("$trip->{state} $trip->{rev}", 'active 1', 'which is known now');

    for my $booking (@{ $posted->{bookings} // [] }) {
        is($redis->cli->hget("itinerary:booking:ALPHA|$booking->{locator}",
                             'owner'), 'Alpha', 'the booking is its own');
    }
}

is(create('Alpha', 'T30', { bookings('Alpha/C1') }), '200', 'a trip of Alpha');
is(create('Beta', 'T30', { bookings('Beta/C1') },
                         { bookings('Alpha/C1', 'Beta/C1') }), '200',
   'a create of Beta goes into it');
is(create('Gamma', 'T30', { bookings('Gamma/C1') }), '200',
   'and one of Gamma, whose answer does not show it');
is_deeply(records($redis, match => qr/T30|C1/), {
    'trip:T30'         => trip_record('Alpha', 3, { 'ALPHA|C1' => 'Alpha',
                                                    'BETA|C1' => 'Beta',
                                                    'GAMMA|C1' => 'Gamma' }),
    'booking:ALPHA|C1' => booking_record('Alpha', 'active', 'T30'),
    'booking:BETA|C1'  => booking_record('Beta', 'active', 'T30'),
    'booking:GAMMA|C1' => booking_record('Gamma', 'active', 'T30'),
}, 'nobody takes anything from another');


# seen in an answer to an update

is(update('Alpha', 'T30', {},
          { bookings('Alpha/C1', 'Beta/C1', 'Gamma/C1', 'Old/C2') }),
   '403 booking_not_owned', 'Alpha removes nothing by leaving it out');
is(create('Alpha', 'T31', { bookings('Alpha/C3') }), '200', 'another trip');
is(update('Alpha', 'T31', { bookings('Alpha/C3') },
          { bookings('Alpha/C3', 'Old/C4') }), '200',
   'an answer to its update shows what was there before');
is_deeply(records($redis, match => qr/T31|C4/), {
    'trip:T31'       => trip_record('Alpha', 2, { 'ALPHA|C3' => 'Alpha',
                                                  'OLD|C4' => '' }),
    'booking:OLD|C4' => booking_record('', 'seen', 'T31'),
}, 'which has no owner; the trip keeps its own');

$t->done;
