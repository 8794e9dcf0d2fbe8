#!/usr/bin/perl

# Each allocation of the worker fails in turn while a trip or a booking is
# created: the client gets an answer or the end of the connection, what was
# forwarded is in the audit trail, and who is told "created" owns what it
# created, or has it in doubt.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Starved;

starved();


sub create {
    my ($id, %headers) = @_;

    return post('Alpha', '/trip/v1.1',
                itinerary(bookings => [b("A1-$id"), b("A2-$id")]),
                'X-Trip' => "T-$id", %headers);
}


sub created {
    my ($id) = @_;

    return join ', ', field("T-$id", 'owner'), owner("A1-$id"), owner("A2-$id");
}


# what it adds is claimed, at least

sub claimed {
    my ($id) = @_;

    return 2 == grep { owner("$_-$id") =~ /^Alpha (?:active|pending)$/ }
                qw(A1 A2);
}


story('a create',
    tell   => \&create,
    status => 200,
    record => \&created,
    after  => 'Alpha, Alpha active, Alpha active',
    doubt  => \&claimed);

# the answer's trip has two ids, and a booking that was there

story('a compressed answer',
    tell => sub {
        my ($id) = @_;

        my @all = map { b("$_-$id") } qw(A1 A2 B1);

        return create($id, 'X-Gzip' => 1, 'X-Body' => encode_base64(answered(
            itinerary(bookings => \@all), "id-$id", locator => "T-$id"), ''));
    },
    status => 200,
    record => sub {
        my ($id) = @_;
        return join ', ', created($id), owner("B1-$id"),
                          $t->redis->cli->get("itinerary:alias:id-$id") // '-';
    },
    after => '-, Alpha active, Alpha active,  seen, T-%n',
    doubt => \&claimed);

# a claim that was not released for want of memory is the claimant's

story('a create that the API refuses',
    tell   => sub { create($_[0], 'X-Status' => 422, 'X-Body' => 'bm8=') },
    status => 422,
    record => \&created,
    after  => '-, - -, - -',
    stays  => '422 -, Alpha pending, Alpha pending');

story('a create that the API fails to answer',
    tell   => sub { create($_[0], 'X-Status' => 500, 'X-Body' => 'bm8=') },
    status => 500,
    record => \&created,
    after  => '-, Alpha pending, Alpha pending');

story('a booking',
    prepare => sub {
        my ($id) = @_;
        post('Beta', '/trip/v1.1', itinerary(bookings => [b("B1-$id")]),
             'X-Trip' => "T-$id")->{status} == 200 or die "no trip\n";
    },
    tell => sub {
        my ($id) = @_;
        return post('Alpha', "/booking/v1.1?tripId=T-$id",
                    booking(%{ b("A1-$id") }, ns => ''), 'X-Body' =>
                    encode_base64(trip("T-$id", "A1-$id", "B1-$id"), ''));
    },
    status  => 200,
    record  => sub {
        my ($id) = @_;
        return join ', ', owner("A1-$id"),
                          field("T-$id", "booking:ALPHA|A1-$id");
    },
    after   => 'Alpha active, Alpha',
    doubt   => sub { owner("A1-$_[0]") =~ /^Alpha (?:active|pending)$/ },
    foreign => sub {
        my ($id) = @_;
        return join ', ', field("T-$id", 'owner'), owner("B1-$id"),
                          field("T-$id", "booking:BETA|B1-$id");
    });

$t->done;
