#!/usr/bin/perl

# A claim that was given back, and that the trip still lists, since Redis failed
# in between: whoever has the booking then has it, wherever it is.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Failure;

begin();

my $TRIP = '/plain/api/travel/trip/v1.1';
my $BOOKING = '/plain/api/travel/booking/v1.1';


# an update of Alpha's trip that was refused: the trip lists its booking

sub listed {
    my $case = another('update');

    unlink $t->path('go');

    my $client = post($case, how => 'refuse', until => 'go');

    forwarded() or die "not forwarded\n";
    $fake->rules({ match => $COMMAND{'the list\'s release'}, times => 1,
                   reply => "-BUSY Redis is busy running a script.\r\n" });
    $t->write_file('go', '');

    is(answer_to($case, $client) . ' ' . outcome($case, 'released') . ' '
       . state($case, 'listed'), '400 released listed',
       'a booking that is free is in a trip\'s list');

    return $case;
}


sub state_of {
    my ($case) = @_;

    return join ' ', $redis->cli->hmget(
        "itinerary:booking:NEW$case->{n}|N$case->{n}", 'owner', 'state');
}


# Alpha's update as it is shown the trip, without that booking

sub update {
    my ($case) = @_;

    return again(sub {
        Itinerary::Failure::show($case);

        my $without = $case->{shown}
            =~ s{<Booking>(?:(?!</Booking>).)*>N$case->{n}<.*?</Booking>}{}sr;

        return $t->post_xml("$TRIP?tripId=$case->{id}", 'token-of-Alpha',
                            $without);
    });
}


sub cancel {
    my ($case) = @_;

    return again(sub {
        return $t->post_xml("$TRIP/cancel?tripId=$case->{id}",
                            'token-of-Alpha', undef);
    });
}


# Beta posts the booking into a trip of its own

sub elsewhere {
    my ($case) = @_;

    is(again(sub {
        return $t->post_xml("$TRIP?userid_value=x$case->{n}", 'token-of-Beta',
                            itinerary(bookings => [$case->{new}]));
    }), 200, 'another supplier has it in a trip of its own');

    return $case;
}


my $case = listed();

is(again(sub {
    return $t->post_xml("$BOOKING?tripId=$case->{id}", 'token-of-Beta',
                        booking(ns => '', %{ $case->{new} }));
}), 200, 'another supplier adds it to the trip');
is(update($case), '403 booking_not_owned',
   'an update without it is not the creator\'s to make');
is(is_done($case), 1, 'so that the API still has it');
is(state_of($case), 'Beta active', 'and the registry');


$case = elsewhere(listed());

# once more, since the lease that was not given back counts as a write

ok($t->wait_for(sub { update($case) eq '200' }, 3 * $LEASE),
   'which does not keep the creator from its update');
is(state_of($case), 'Beta active', 'nor does that cancel it');


$case = elsewhere(listed());

is(cancel($case), 200, 'nor from its cancel');
is(state_of($case), 'Beta active', 'nor does that cancel it');


# nobody has it

$case = listed();

is(update($case), 200, 'what nobody has the creator may leave out');
is(state($case, 'free'), 'free', 'which ends the list\'s mistake');

$t->done;
