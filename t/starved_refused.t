#!/usr/bin/perl

# Each allocation of the worker fails in turn while something is refused, which
# is never forwarded then either, and while a trip is read, which is.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Starved;

starved();


# a trip of Alpha with A1

sub alphas {
    my ($id) = @_;

    post('Alpha', '/trip/v1.1', itinerary(bookings => [b("A1-$id")]),
         'X-Trip' => "T-$id")->{status} == 200 or die "no trip\n";

    return;
}


sub alphas_record {
    my ($id) = @_;

    return join ', ', field("T-$id", 'owner'), field("T-$id", 'rev'),
                      owner("A1-$id"), owner("B1-$id");
}


my %refused = (
    refused => 1,
    prepare => \&alphas,
    foreign => \&alphas_record,
    record  => \&alphas_record,
    after   => 'Alpha, 1, Alpha active, - -',
);

story("an update of another's trip", %refused,
    tell => sub {
        my ($id) = @_;
        return post('Beta', "/trip/v1.1?tripId=T-$id",
                    itinerary(bookings => [b("B1-$id")]));
    },
    status => 403);

story("a cancel of another's trip", %refused,
    tell => sub {
        my ($id) = @_;
        return post('Beta', "/trip/v1.1/cancel?tripId=T-$id", undef);
    },
    status => 403);

# what else it posts is claimed first, or not at all

story("a create with another's booking", %refused,
    tell => sub {
        my ($id) = @_;
        return post('Beta', '/trip/v1.1',
                    itinerary(bookings => [b("B1-$id"), b("A1-$id")]));
    },
    status => 403);

story("a cancel of another's booking", %refused,
    tell => sub {
        my ($id) = @_;
        return post('Beta', '/booking/v1.1/cancel?bookingSource=Alpha'
                    . "&confirmationNumber=A1-$id", undef);
    },
    status => 403);

story('a document that is none', %refused,
    tell => sub {
        my ($id) = @_;
        my $xml = itinerary(bookings => [b("B1-$id")]);
        return post('Alpha', '/trip/v1.1', $xml =~ s{</Bookings>}{}r);
    },
    status => 400);

story('a document that breaks the rules', %refused,
    tell => sub {
        my ($id) = @_;
        return post('Alpha', '/trip/v1.1',
                    itinerary(TripName => undef, start => 'tomorrow',
                              bookings => [b("B1-$id", segments => undef)]));
    },
    status => 422);

story('a trip id that is given twice', %refused,
    tell => sub {
        my ($id) = @_;
        return post('Alpha', "/trip/v1.1?tripId=T-$id&tripid=T-$id",
                    itinerary());
    },
    status => 400);

story('a GET', read => 1,
    prepare => sub {
        my ($id) = @_;
        alphas($id);
        $t->redis->cli->del("itinerary:view:T-$id|Alpha");
    },
    tell => sub {
        my ($id) = @_;
        return get('Alpha', "T-$id", "A1-$id", "B1-$id");
    },
    status => 200,
    record => sub {
        my ($id) = @_;
        return join ', ', owner("B1-$id"), $t->redis->cli->hexists(
            "itinerary:view:T-$id|Alpha", "BETA|B1-$id");
    },
    after   => ' seen, 1',
    foreign => sub { join ', ', field("T-$_[0]", 'owner'), owner("A1-$_[0]") });

$t->done;
