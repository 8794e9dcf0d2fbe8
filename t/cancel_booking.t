#!/usr/bin/perl

# The cancellation of one booking, by its record locator or by a segment's
# confirmation number: which bookings a number may mean, whose they must be,
# and what the answer teaches.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Document;
use Itinerary::Records;
use Itinerary::Told qw(told call trip b);

my $t = told('    itinerary_booking_source any;', <<'END');
        location /claim/ {
            itinerary_booking_source claim;
            itinerary_unknown_trip allow;
            proxy_pass http://%%UPSTREAM%%;
        }
END
my $redis = $t->redis;


sub cancel {
    my ($who, $source, $number, $shown, @headers) = @_;

    my $place = $source =~ s{\A(/\w+)/}{} ? $1 : '';

    return call($who, "$place/booking/v1.1/cancel?bookingSource=$source"
                      . "&confirmationNumber=$number", undef, $shown // '',
                @headers);
}


# a trip that is created, with what the API makes of it

sub create {
    my ($who, $id, $posted, $shown) = @_;

    is(call($who, '/trip/v1.1', itinerary(bookings => $posted),
            answered(itinerary(bookings => $shown // $posted), $id)), '200',
       "$who creates trip $id");

    return;
}


sub gone { return { %{ b(@_) }, segments => [] } }

sub state {
    my ($name) = @_;

    return $redis->cli->hget("itinerary:booking:$name", 'state') // 'none';
}


sub number { return $redis->cli->get("itinerary:confirmation:$_[0]") }

sub last_record { return ($t->audit)[-1] }

my $DENIED = '403 booking_not_owned, not forwarded';


# by the record locator

create('Alpha', 'T1', [b('Alpha', 'A1'), b('Alpha', 'A2')]);

is(cancel('Beta', 'Alpha', 'A1'), $DENIED, 'another supplier may not');
is($redis->cli->hget('itinerary:trip:T1', 'writer'), undef,
   'and does not hold up the trip');
is(cancel('Alpha', 'Alpha', 'A1', trip('T1', gone('Alpha', 'A1'),
                                       b('Alpha', 'A2'))), '200',
   'who created it cancels a booking');

my $record = last_record();

is($record->{operation}, 'cancel_booking', 'which is an operation');
is($record->{trip}, 'T1', 'on its trip');
is_deeply($record->{bookings}, [{ source => 'ALPHA', locator => 'A1',
                                  effect => 'cancelled' }], 'with its effect');
is($record->{outcome}, 'recorded', 'that is recorded');
is_deeply(records($redis, match => qr/T1|A1/), {
    'trip:T1'          => trip_record('Alpha', 2, { 'ALPHA|A2' => 'Alpha' }),
    'booking:ALPHA|A1' => booking_record('Alpha', 'cancelled', 'T1'),
}, 'the trip is written to, and has it no more; its name stays');
is(cancel('Alpha', ' alpha' =~ s/ /%20/r, 'a1', trip('T1', gone('Alpha', 'A1'))),
   '200', 'it is known however it is written, and may be cancelled again');


# by a confirmation number

create('Alpha', 'T2',
       [b('Alpha', 'A3', { Car => 'N1' }, { Hotel => 'N2' })],
       [b('Alpha', 'A3', { Car => 'N1' }, { Hotel => 'N3' })]);

is(number("ALPHA|$_"), 'A3', "$_ is a number of A3") for qw(N1 N2 N3);
is(cancel('Beta', 'Alpha', 'N1'), $DENIED, 'not for others');
is(cancel('Alpha', 'Alpha', 'n1', trip('T2', gone('Alpha', 'A3'))), '200',
   'its creator cancels it by a number');
is(state('ALPHA|A3'), 'cancelled', 'it is cancelled');
is($redis->cli->hget('itinerary:trip:T2', 'rev'), 2, 'the trip written to');

create('Alpha', 'T3', [b('Alpha', 'A4', { Air => 'A4' })]);
is(number('ALPHA|A4'), undef, 'a locator needs no such key');


# a number of several bookings

create('Alpha', 'T4', [b('Alpha', 'A5', { Car => 'M1' }),
                       b('Alpha', 'A6', { Car => 'M1' })]);

is(join(' ', sort split / /, number('ALPHA|M1')), 'A5 A6',
   'two bookings have a number');
is(cancel('Alpha', 'Alpha', 'M1', trip('T4', b('Alpha', 'A5'),
                                       gone('Alpha', 'A6'))), '200',
   'their creator may use it');
is(state('ALPHA|A5') . ' ' . state('ALPHA|A6'), 'active cancelled',
   'the answer shows which the API meant');
is(cancel('Alpha', 'Alpha', 'M1', '<Car/>'), '200',
   'if the answer does not show it');
is(state('ALPHA|A5'), 'active', 'nothing is concluded');

create('Beta', 'T5', [b('Alpha', 'B1', { Car => 'M1' })]);

is(cancel($_, 'Alpha', 'M1'), $DENIED, "one of several is another's, for $_")
    for qw(Alpha Beta);
is(cancel('Beta', 'Alpha', 'B1', trip('T5', gone('Alpha', 'B1'))), '200',
   'by the locator it is one again');

create('Beta', 'T6', [b('Alpha', 'B2', { Car => 'A5' })]);

is(cancel($_, 'Alpha', 'A5'), $DENIED,
   "a locator that is a number of another's, for $_") for qw(Alpha Beta);

create('Alpha', 'T7', [b('Alpha', 'A7', { Car => 'M2' })]);
create('Alpha', 'T8', [b('Alpha', 'A8', { Car => 'M2' })]);

is(cancel('Alpha', 'Alpha', 'M2'), $DENIED,
   'bookings in two trips cannot be written to as one');

$redis->cli->set('itinerary:confirmation:ALPHA|M3', '');
is(cancel('Alpha', 'Alpha', 'M3'), $DENIED, 'nor more than are known');

my @many = map { b('Alpha', 'A-LONG-LOCATOR-OF-ONE-CONFIRMATION-NUMBER-' . $_,
                   { Car => 'M4' }) } 10 .. 39;

create('Alpha', 'T9', \@many);
is(number('ALPHA|M4'), '', 'of very many bookings none is told');


# a number under another source

create('Alpha', 'TA', [b('Alpha', 'A9', { Car => 'R1' })],
       [b('Renamed', 'A9', { Car => 'R2' })]);

for my $name ('ALPHA|R1', 'ALPHA|R2', 'RENAMED|R2') {
    is(number($name), 'A9', "$name stands for a renamed booking");
}

is(cancel('Beta', 'Renamed', 'R2'), $DENIED, 'it is not another\'s');
is(cancel('Alpha', 'Renamed', 'R2', trip('TA', gone('Renamed', 'A9'))), '200',
   'its creator cancels it by either name');
is(state('RENAMED|A9'), 'cancelled', 'which is cancelled');


# numbers of bookings of which nobody knows what became of them

is(call('Alpha', '/trip/v1.1', itinerary(bookings => [
            b('Alpha', 'AA', { Car => 'Q1' })]), '', 'X-Status' => 500),
   '500', 'a create that is in doubt');
is(number('ALPHA|Q1'), 'AA', 'its numbers are known');
create('Beta', 'TC', [b('Alpha', 'Q1')]);
is(cancel('Beta', 'Alpha', 'Q1'), $DENIED,
   'so that nobody cancels it by a locator that is its number');

is(call('Alpha', '/trip/v1.1', itinerary(bookings => [
            b('Alpha', 'AB', { Car => 'Q2' })]), '', 'X-Status' => 400),
   '400', 'a create that is refused');
is(number('ALPHA|Q2'), undef, 'leaves no number');


# numbers that another supplier is the first to be shown

create('Alpha', 'TD', [b('Alpha', 'AC')]);

my $shown = trip('TD', b('Alpha', 'AC', { Car => 'Q3' }));

is($t->shown('Beta', 'TD', sub {
        $t->http('GET', '/trip/v1.1/TD', headers => ['X-Supplier' => 'Beta',
            'X-Body' => encode_base64($shown, '')]);
   })->{status}, 200, 'Beta is shown what number the API has given');
is(number('ALPHA|Q3'), 'AC', 'it is known');
create('Beta', 'TE', [b('Alpha', 'Q3')]);
is(cancel('Beta', 'Alpha', 'Q3'), $DENIED, 'so that it is not Beta\'s alone');


# what the registry does not know

is(cancel('Alpha', 'Alpha', 'UNKNOWN'), $DENIED, 'an unknown number');
is(cancel('Alpha', '/allow/Alpha', 'UNKNOWN', '<Car/>'), '200',
   'is let through where that is allowed');
is(last_record()->{outcome}, 'recorded', 'it is a success');
is_deeply([grep { /UNKNOWN/ } $redis->cli->keys('*')], [],
          'nothing of it is recorded');
is(cancel('Alpha', '/adopt/Alpha', 'UNKNOWN', trip('TU', gone('Old', 'O1'))),
   '200', 'or where it may be adopted');
is_deeply({ $redis->cli->hgetall('itinerary:trip:TU') }, { rev => 1 },
          'of which there is nothing but that it was written to');
is(cancel('Beta', '/claim/Alpha', 'UNKNOWN', '<Car/>'), '200',
   'a source that is nobody\'s');
$redis->cli->set('itinerary:source:ALPHA', 'Alpha');
is(cancel('Beta', '/claim/Alpha', 'UNKNOWN'), $DENIED,
   'under another\'s source nothing is let through');
is(cancel('Alpha', '/claim/Alpha', 'UNKNOWN', '<Car/>'), '200',
   'under one\'s own it is');


# what became of it

create('Alpha', 'TB', [map { b('Alpha', "D$_") } 1 .. 8]);

my $rev = $redis->cli->hget('itinerary:trip:TB', 'rev');

is(cancel('Alpha', 'Alpha', 'D1', '<Status>NotFound</Status>',
          'X-Status' => 404), '404', 'the API does not know it');
is(last_record()->{outcome}, 'released', 'which is a refusal');
is(state('ALPHA|D1'), 'active', 'it is as it was');
is($redis->cli->hget('itinerary:trip:TB', 'rev'), $rev, 'so is the trip');
is(cancel('Alpha', 'Alpha', 'D1', '<Status>OK</Status>'), '200',
   'a success that is none');
is(last_record()->{outcome}, 'in_doubt', 'is in doubt');
is($redis->cli->hget('itinerary:trip:TB', 'rev'), ++$rev, 'and counted');
is(cancel('Alpha', 'Alpha', 'D1', '', 'X-Status' => 500), '500', 'a failure');
is($redis->cli->hget('itinerary:trip:TB', 'rev'), ++$rev, 'is so, too');

for my $case (
    ['D2', booking(%{ gone('Alpha', 'D2') }), 'cancelled', 'a booking'],
    ['D3', booking(%{ b('Alpha', 'D3') }), 'active',
     'a booking that has segments'],
    ['D4', '<Hotel/>', 'cancelled', 'a segment'],
    ['D5', trip('TB', b('Alpha', 'D5')), 'active',
     'a trip that has it with segments'],
    ['D6', trip('TB'), 'cancelled', 'a trip that has it no more'],
) {
    my ($locator, $shown, $expected, $what) = @$case;

    is(cancel('Alpha', 'Alpha', $locator, $shown), '200',
       "the answer is $what");
    is(last_record()->{outcome}, 'recorded', 'which is a success');
    is(state("ALPHA|$locator"), $expected, "the booking is $expected");
    is($redis->cli->hget('itinerary:trip:TB', 'rev'), ++$rev,
       'the trip was written to');
}


# one write at a time

$redis->cli->hset('itinerary:trip:TB', writer => 'other',
                  writer_until => 4102444800000);
is(cancel('Alpha', 'Alpha', 'D7'), '409 trip_busy, not forwarded',
   'another write to the trip is under way');
$redis->cli->hdel('itinerary:trip:TB', 'writer', 'writer_until');
is(cancel('Alpha', 'Alpha', 'D7', '<Car/>'), '200', 'then it is not');
is($redis->cli->hget('itinerary:trip:TB', 'writer'), undef,
   'and neither is this one');


# the request

for my $case (
    ['confirmationNumber=D8', 'no source'],
    ['bookingSource=Alpha', 'no number'],
    ['', 'neither'],
    ['bookingSource=Alpha&confirmationNumber=', 'an empty number'],
    ['bookingSource=%20&confirmationNumber=D8', 'a blank source'],
    ['bookingSource=Alpha&confirmationNumber=D%208', 'a space in the number'],
    ['bookingSource=Alpha&confirmationNumber=D%C3%A9', 'no ASCII'],
    ['bookingSource=Alpha&confirmationNumber=' . 'D' x 51, 'a long number'],
    ['bookingSource=' . 'A' x 33 . '&confirmationNumber=D8', 'a long source'],
    ['bookingSource=Alpha&confirmationNumber=D8&tripId=TB', 'a trip id'],
    ['bookingSource=Alpha&confirmationNumber=D8&ConfirmationNumber=D8',
     'two numbers'],
    ['bookingSource=Alpha&booking_source=Alpha&confirmationNumber=D8',
     'what may be a source'],
) {
    my ($args, $what) = @$case;

    is(call('Alpha', "/booking/v1.1/cancel?$args", undef, ''),
       '400 ambiguous_query, not forwarded', $what);
}

is(call('Alpha', '/booking/v1.1/cancel?bookingSource=Alpha'
                 . '&confirmationNumber=D8', '<Booking/>', ''),
   '400 unexpected_body, not forwarded', 'a body');
is(call('Alpha', '/booking/v1.1/Cancel?bookingSource=Alpha'
                 . '&confirmationNumber=D8', undef, ''),
   '400 ambiguous_path, not forwarded', 'another letter case');
is(state('ALPHA|D8'), 'active', 'none of which cancels anything');

$t->done;
