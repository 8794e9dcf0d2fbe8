#!/usr/bin/perl

# Each allocation of the worker fails in turn while a trip is changed or
# cancelled in which there is another supplier's booking: nothing happens to
# that, and the trip can be written to again.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Starved;

starved();


# a trip of Alpha with A1, and B1 of Beta, as Alpha has been shown it

sub shared {
    my ($id) = @_;

    post('Alpha', '/trip/v1.1', itinerary(bookings => [b("A1-$id")]),
         'X-Trip' => "T-$id")->{status} == 200 or die "no trip\n";

    post('Beta', '/trip/v1.1', itinerary(bookings => [b("B1-$id")]),
         'X-Body' => encode_base64(trip("T-$id", "A1-$id", "B1-$id"), ''))
        ->{status} == 200 or die "no booking of Beta\n";

    return look($id);
}


sub look {
    my ($id, @more) = @_;

    $t->shown('Alpha', "T-$id", sub {
        get('Alpha', "T-$id", "A1-$id", "B1-$id", @more);
    });

    return;
}


sub whole {
    my ($id) = @_;

    return 'X-Body' => encode_base64(trip("T-$id", "A1-$id", "B1-$id"), '');
}


sub foreign {
    my ($id) = @_;

    return join ', ', field("T-$id", 'owner'), owner("B1-$id"),
                      field("T-$id", "booking:BETA|B1-$id");
}


story('an update that echoes a booking',
    prepare => \&shared,
    tell    => sub {
        my ($id) = @_;
        return post('Alpha', "/trip/v1.1?tripId=T-$id",
                    itinerary(bookings => [b("A1-$id", segments => 'Air'),
                                           b("B1-$id"), b("A2-$id")]));
    },
    status => 200,
    record => sub {
        my ($id) = @_;
        return join ', ', owner("A1-$id"), owner("A2-$id"),
                          field("T-$id", "booking:ALPHA|A2-$id");
    },
    after   => 'Alpha active, Alpha active, Alpha',
    doubt   => sub { owner("A2-$_[0]") =~ /^Alpha (?:active|pending)$/ },
    foreign => \&foreign,
    again   => \&look);

story('an update that removes a booking',
    prepare => sub {
        my ($id) = @_;
        post('Alpha', '/trip/v1.1',
             itinerary(bookings => [b("A1-$id"), b("A2-$id")]),
             'X-Trip' => "T-$id")->{status} == 200 or die "no trip\n";
    },
    tell => sub {
        my ($id) = @_;
        return post('Alpha', "/trip/v1.1?tripId=T-$id",
                    itinerary(bookings => [b("A1-$id")]));
    },
    status => 200,
    record => sub { join ', ', owner("A1-$_[0]"), owner("A2-$_[0]") },
    after  => 'Alpha active, Alpha cancelled',
    doubt  => sub { owner("A2-$_[0]") =~ /^Alpha (?:active|cancelled)$/ });

story('a cancel',
    prepare => \&shared,
    tell    => sub {
        my ($id) = @_;
        return post('Alpha', "/trip/v1.1/cancel?tripId=T-$id", undef,
                    'X-Body' => encode_base64(answered(itinerary(
                        TripStatus => 2, bookings => [
                            b("A1-$id", segments => ''),
                            b("B1-$id", segments => '')]), "T-$id"), ''));
    },
    status => 200,
    record => sub {
        my ($id) = @_;
        return join ', ', field("T-$id", 'state'), owner("A1-$id"),
                          owner("B1-$id");
    },
    after => 'cancelled, Alpha cancelled, Beta cancelled',
    doubt => sub { owner("B1-$_[0]") =~ /^Beta (?:active|cancelled)$/ });

story('a cancel of what another created',
    prepare => \&shared,
    tell    => sub {
        my ($id) = @_;
        return post('Beta', "/trip/v1.1/cancel?tripId=T-$id", undef,
                    'X-Body' => encode_base64(answered(itinerary(bookings => [
                        b("A1-$id"), b("B1-$id", segments => '')]),
                        "T-$id"), ''));
    },
    status  => 200,
    record  => sub { owner("B1-$_[0]") },
    after   => 'Beta cancelled',
    stays   => '403 Beta cancelled',
    doubt   => sub { owner("B1-$_[0]") =~ /^Beta (?:active|cancelled)$/ },
    foreign => sub {
        my ($id) = @_;
        return join ', ', field("T-$id", 'owner'), field("T-$id", 'state'),
                          owner("A1-$id");
    });

story('a cancel of a booking',
    prepare => \&shared,
    tell    => sub {
        my ($id) = @_;
        return post('Alpha', '/booking/v1.1/cancel?bookingSource=Alpha'
                    . "&confirmationNumber=A1-$id", undef, 'X-Body' =>
                    encode_base64(booking(%{ b("A1-$id", segments => '') },
                                          ns => ''), ''));
    },
    status  => 200,
    record  => sub { owner("A1-$_[0]") },
    after   => 'Alpha cancelled',
    doubt   => sub { owner("A1-$_[0]") =~ /^Alpha (?:active|cancelled)$/ },
    foreign => \&foreign);

$t->done;
