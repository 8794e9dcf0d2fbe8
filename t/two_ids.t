#!/usr/bin/perl

# Two ids of one trip that become known at the same time: the trip has one
# record all the same.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Document;
use Itinerary::Told qw(told call get go b);

my $t = told();
my $redis = $t->redis;
my $n = 0;


sub trip {
    my ($id, @bookings) = @_;

    return answered(itinerary(bookings => [@bookings]), "I$id",
                    locator => "L$id");
}


# GETs by both ids, whose answers have ended before Redis is asked again; once
# more where Redis had not told of the trip in time

sub get_both {
    my ($who, $id, $shown) = @_;

    for (1 .. 5) {
        return if _get_both($who, $id, $shown);
    }

    die "the GETs are not learnt\n";
}


sub _get_both {
    my ($who, $id, $shown) = @_;

    my $before = $t->requests;

    $n++;

    my @clients = map {
        $t->http_async('GET', "/trip/v1.1/$_$id", headers => [
            'X-Supplier' => $who, 'X-Until' => $n,
            'X-Body' => encode_base64($shown, '')])
    } qw(I L);

    wait_for(sub { $t->requests == $before + 2 }) or die "no GETs\n";
    $redis->pause;
    go($n);
    $_->finish for @clients;
    $redis->resume;

    return wait_for(sub { $redis->cli->exists("itinerary:trip:I$id")
                          || $redis->cli->exists("itinerary:trip:L$id") }, 2);
}


sub ids {
    my ($id) = @_;

    return join ' ', map { my $key = $_;
                           $redis->cli->exists("itinerary:$key")
                           ? $key : () }
           ("alias:I$id", "alias:L$id", "trip:I$id", "trip:L$id");
}


my $old = trip(1, b('Old', 'O1'));

get_both('Beta', 1, $old);
like(ids(1), qr/\Aalias:(.)1 trip:(?!\1).1\z/, 'a trip has one record');

my $plain = $old =~ s/<(id|ItinLocator)>.*?>//gr;

is(call('Alpha', '/booking/v1.1?tripId=L1',
        booking(ns => $Itinerary::Document::NAMESPACE, %{ b('Alpha', 'A1') }),
        trip(1, b('Old', 'O1'), b('Alpha', 'A1'))), '200',
   'Alpha adds a booking by one id');

for my $id ('I1', 'L1') {
    like(call('Beta', "/trip/v1.1?tripId=$id", $plain, $old),
         qr/\A(?:403 booking_not_owned|409 stale_view), not forwarded\z/,
         "Beta may not leave it out by $id");
}


# a GET while the trip is created

my $xml = trip(2, b('Alpha', 'A2'));
my $before = $t->requests;

my $client = $t->http_async('GET', '/trip/v1.1/I2', headers => [
    'X-Supplier' => 'Beta', 'X-Until' => 'created',
    'X-Body' => encode_base64($xml, '')]);

wait_for(sub { $t->requests > $before }) or die "no GET\n";
is(call('Alpha', '/trip/v1.1', itinerary(bookings => [b('Alpha', 'A2')]),
        $xml), '200', 'a trip is created while Beta gets it by its other id');
go('created');
$client->finish;
wait_for(sub { ids(2) =~ /alias/ });
like(ids(2), qr/\Aalias:(.)2 trip:(?!\1).2\z/, 'it has one record');

for my $id ('I2', 'L2') {
    is(call('Alpha', "/trip/v1.1?tripId=$id", $xml =~ s/<TripName>/$&x/r,
            $xml), '200', "and is Alpha's by $id");
}

$t->done;
