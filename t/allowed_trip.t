#!/usr/bin/perl

# A trip that nobody has on record, and that suppliers may update: what they
# have added to it is theirs, whenever the trip becomes known, and by whichever
# id it is named.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Document;
use Itinerary::Told qw(told call get teach go trip two_ids b);

my $t = told();
my $redis = $t->redis;

my $DENIED = '403 booking_not_owned, not forwarded';


# the bookings listed under an id

sub listed {
    my ($id) = @_;

    return join ' ', sort map { /\Abooking:(.*)/ ? $1 : () }
           $redis->cli->hkeys("itinerary:trip:$id");
}


my $old = trip('T1', b('Old', 'O1'));
my $new = trip('T1', b('Old', 'O1'), b('Alpha', 'A1'));

my $client = $t->post_xml_async('/allow/trip/v1.1?tripId=T1', 'Alpha', $new,
    headers => ['X-Body' => encode_base64($new, ''), 'X-Until' => 'shown']);

wait_for(sub { scalar grep { $_->{target} =~ /T1/ } $t->requests });
get('Beta', 'T1', $old);
go('shown');
is($client->finish->{status}, 200, 'Alpha adds a booking to an unknown trip');
is($redis->cli->hget('itinerary:trip:T1', 'booking:ALPHA|A1'), 'Alpha',
   'which is in it');

for my $place ('/allow', '') {
    like(call('Beta', "$place/trip/v1.1?tripId=T1", $old, $old),
         qr/\A(?:403 booking_not_owned|409 stale_view), not forwarded\z/,
         "who was shown the trip before may not leave it out, '$place'");
}


# one that was only changed, and one that was added to

for my $case (['T3', '409 stale_view, not forwarded'],
              ['T4', $DENIED, b('Alpha', 'A4')])
{
    my ($id, $denied, @added) = @$case;

    $old = trip($id, b('Old', "O-$id"));
    $new = trip($id, b('Old', "O-$id"), @added);
    $new =~ s/<TripName>/$&New / if !@added;

    $client = $t->http_async('GET', "/trip/v1.1/$id", headers => [
        'X-Supplier' => 'Gamma', 'X-Body' => encode_base64($old, ''),
        'X-Until' => "go-$id"]);
    wait_for(sub { scalar grep { $_->{target} =~ /$id/ } $t->requests });
    is(call('Alpha', "/allow/trip/v1.1?tripId=$id", $new, $new), '200',
       'Alpha ' . (@added ? 'adds to' : 'changes')
       . ' an unknown trip while Gamma gets it as it was');
    go("go-$id");
    is($client->finish->{status}, 200, 'which Gamma is shown');
    wait_for(sub { $redis->cli->hexists("itinerary:trip:$id", 'state') });
    is(call('Gamma', "/trip/v1.1?tripId=$id", $old, $old), $denied,
       'and may not put back');
}


# by another id, which an answer has shown

my $shown = trip('T2', b('Alpha', 'A2')) =~ s{v1.1/T2}{v1.1/I2}r;

is(call('Alpha', '/allow/trip/v1.1?tripId=T2',
        itinerary(bookings => [b('Alpha', 'A2')]), $shown), '200',
   'Alpha updates an unknown trip, of which the API shows two ids');
is($redis->cli->hget('itinerary:trip:T2', 'state'), undef,
   'the trip stays unknown');

for my $id (qw(T2 I2)) {
    is(call('Beta', "/allow/trip/v1.1?tripId=$id",
            itinerary(bookings => [b('Beta', 'B2')]),
            trip('T2', b('Beta', 'B2'))), $DENIED,
       "Beta may not leave out what Alpha has added, by $id");

    is(call('Alpha', "/allow/trip/v1.1?tripId=$id",
            itinerary(bookings => [b('Alpha', 'A2')]), $shown), '200',
       "Alpha may update it again, by $id");
}

is($t->read_file('error.log') =~ /by its unknown id/, '',
   'of which there is nothing to complain');


# by an id that only a later answer shows: the list goes with the trip's name

for (['cancels one of them', sub {
          call('Alpha', '/allow/booking/v1.1/cancel'
                        . '?bookingSource=Alpha&confirmationNumber=C5',
               undef, $_[0])
      }],
     ['updates it', sub {
          call('Alpha', '/allow/trip/v1.1?tripId=I5',
               itinerary(bookings => [b('Alpha', 'A5')]), $_[0])
      }],
     ['gets it', sub { teach('Beta', 'I5', $_[0], 'I5') }],
     ['gets it by that', sub { teach('Beta', 'L5', $_[0], 'I5') }])
{
    my ($what, $teach) = @$_;

    $redis->cli->del(map { "itinerary:$_" } 'trip:I5', 'trip:L5', 'alias:I5',
                     'alias:L5', 'booking:ALPHA|A5', 'booking:ALPHA|C5');

    is(call('Alpha', '/allow/trip/v1.1?tripId=I5',
            itinerary(bookings => [b('Alpha', 'A5'), b('Alpha', 'C5')]),
            trip('I5', b('Alpha', 'A5'), b('Alpha', 'C5'))), '200',
       'Alpha adds bookings to an unknown trip');
    is(listed('I5'), 'ALPHA|A5 ALPHA|C5', 'which are listed in it');

    is($teach->(two_ids('L5', 'I5', b('Alpha', 'A5'))), '200',
       "somebody $what, another id is shown");
    ok(wait_for(sub { grep { $redis->cli->exists("itinerary:alias:$_") }
                      qw(I5 L5) }), 'which is recorded');

    my ($name) = grep { !$redis->cli->exists("itinerary:alias:$_") }
                 qw(I5 L5);

    like(listed($name), qr/ALPHA\|A5/, 'the list is under its name');
    is($redis->cli->hget('itinerary:booking:ALPHA|A5', 'trip'), $name,
       'in which the booking is');
    is(listed($name eq 'I5' ? 'L5' : 'I5'), '', 'and nowhere else');

    for my $id (qw(I5 L5)) {
        is(call('Beta', "/allow/trip/v1.1?tripId=$id",
                itinerary(bookings => [b('Beta', 'B5')]),
                two_ids('L5', 'I5', b('Beta', 'B5'))), $DENIED,
           "Beta may not leave out what Alpha has added, by $id");
    }
}


# what a view does not show, because it was added by another id, is not gone

my $seen = two_ids('L6', 'I6', b('Old', 'O6'));
my $all = two_ids('L6', 'I6', b('Old', 'O6'), b('Alpha', 'A6'));

is(call('Alpha', '/allow/trip/v1.1?tripId=I6',
        itinerary(bookings => [b('Old', 'O6'), b('Alpha', 'A6')]),
        trip('I6', b('Old', 'O6'), b('Alpha', 'A6'))), '200',
   'Alpha adds a booking by an id');
is(teach('Beta', 'L6', $seen, 'I6'), 200,
   'Beta gets the trip by another, as it was before');
is(call('Beta', '/trip/v1.1?tripId=L6', $seen =~ s/<id>.*?<.id>//r, $seen),
   '403 trip_not_owned, not forwarded', 'which is no view to send back');
is(call('Beta', '/allow/trip/v1.1?tripId=L6', $seen =~ s/<id>.*?<.id>//r,
        $seen), $DENIED, 'without the booking');
get('Beta', 'L6', $all);
is(call('Beta', '/trip/v1.1?tripId=L6', $all =~ s/<id>.*?<.id>//r, $all),
   '200', 'until it has seen it');

# by one of three ids, of which another one is new with it

is(call('Alpha', '/allow/trip/v1.1?tripId=I7',
        itinerary(bookings => [b('Alpha', 'A7'), b('Alpha', 'C7')]),
        trip('I7', b('Alpha', 'A7'), b('Alpha', 'C7'))), '200',
   'Alpha adds bookings by an id');

my $three = two_ids('L7', 'I7', b('Alpha', 'A7'), b('Alpha', 'C7'))
            =~ s{<ItinLocator>}{<TripId>M7</TripId>$&}r;

is(teach('Beta', 'L7', $three, 'I7'), 200, 'of which two others are shown');
ok(wait_for(sub { $redis->cli->exists('itinerary:alias:M7') }),
   'which are its');
is(call('Beta', '/allow/trip/v1.1?tripId=I7',
        itinerary(bookings => [b('Beta', 'B7')]), $three), $DENIED,
   'Beta may not leave out what Alpha has added');
is(listed('L7'), 'ALPHA|A7 ALPHA|C7', 'all of which is in the list');

$t->done;
