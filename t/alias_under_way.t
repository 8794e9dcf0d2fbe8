#!/usr/bin/perl

# Which trip an id is of may become known while a write by it is under way: by
# two writes at a time, while a body comes, or while the API is at work.  What
# suppliers have added is found by each id all the same.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Document;
use Itinerary::Told qw(told call teach go trip two_ids b);

my $t = told();
my $redis = $t->redis;

my $DENIED = '403 booking_not_owned, not forwarded';
my $n = 0;


sub both {
    my ($id, @bookings) = @_;

    return two_ids("L$id", "I$id", @bookings);
}


# An update whose answer is held until go($name).

sub under_way {
    my ($who, $id, $xml, $shown, $name, @headers) = @_;

    my $before = $t->requests;

    my $client = $t->post_xml_async("/allow/trip/v1.1?tripId=$id", $who, $xml,
        headers => ['X-Body' => encode_base64($shown, ''), 'X-Until' => $name,
                    @headers]);

    wait_for(sub { $t->requests > $before }) or die "it is not forwarded\n";

    return $client;
}


# An update, or a post to another target, of which the gateway has the headers
# and has looked up the trip.

sub begun {
    my ($target, $who, $xml, $shown) = @_;

    my $before = looked_up();

    my $client = $t->http_async('POST', $target, headers => [
        'X-Supplier' => $who, 'Content-Type' => 'application/xml',
        'Content-Length' => length $xml, 'X-Body' => encode_base64($shown, ''),
    ], body => [substr $xml, 0, 100]);

    wait_for(sub { looked_up() > $before }) or die "it is not looked up\n";

    return sub {
        $client->send(substr $xml, 100);

        my $answer = $client->finish;

        return $answer->{status} . ' ' . (code_of($answer) // '');
    };
}


sub looked_up {
    my $calls = $redis->cli->info('commandstats')->{cmdstat_hgetall} // '';

    return $calls =~ /calls=(\d+)/ ? $1 : 0;
}


# The trip has one record, in which these bookings are listed ("BETA|B1"), and
# by neither id anybody leaves out what is another's.

sub is_guarded {
    my ($id, @bookings) = @_;

    my @names = grep { !$redis->cli->exists("itinerary:alias:$_$id") } qw(I L);

    is(scalar @names, 1, 'one of the ids is the trip\'s name');
    is(join(' ', sort map { /\Abooking:(.*)/ ? $1 : () }
            $redis->cli->hkeys("itinerary:trip:$names[0]$id")),
       join(' ', sort @bookings), 'under which the bookings are');

    for my $by ("I$id", "L$id") {
        for my $booking (@bookings) {
            my ($source, $locator) = split /\|/, $booking;
            my @others = map { b(split /\|/) } grep { $_ ne $booking }
                         @bookings;
            my $who = $source eq 'ALPHA' ? 'Beta' : 'Alpha';

            is(call($who, "/allow/trip/v1.1?tripId=$by",
                    itinerary(bookings => [@others, b($who, "X$id")]),
                    both($id, @others, b($who, "X$id"))), $DENIED,
               "$who may not leave out $booking by $by");
        }
    }

    return;
}


# two updates by two ids, of which the second asks Redis after the first has
# recorded, or both ask at a time

for my $pause (0, 1) {
    my $id = ++$n;
    my ($alpha, $beta) = (b('Alpha', "A$id"), b('Beta', "B$id"));

    my $first = under_way('Alpha', "I$id", itinerary(bookings => [$alpha]),
                          both($id, $alpha), "Alpha$id");
    my $second = under_way('Beta', "L$id", itinerary(bookings => [$beta]),
                           both($id, $alpha, $beta), "Beta$id");

    $redis->pause if $pause;
    go("Alpha$id");

    if ($pause) {

        # both answers have come when a later one has

        go("Beta$id");
        is($t->http('GET', '/trip/v1.1')->{status}, 200,
           'a later request is answered');
        $redis->resume;
    }

    is($first->finish->{status}, 200, 'Alpha updates an unknown trip');
    go("Beta$id");
    is($second->finish->{status}, 200, 'and Beta, by its other id');
    is_guarded($id, "ALPHA|A$id", "BETA|B$id");
}


# a body that comes slowly

for my $case (['an update', 'trip/v1.1?tripId=I%d', sub {
                   itinerary(bookings => [$_[0]])
               }, 'booking_not_owned'],
              ['a booking', 'booking/v1.1?tripId=I%d', sub {
                   booking(ns => $Itinerary::Document::NAMESPACE, %{ $_[0] })
               }, ''])
{
    my ($what, $target, $xml, $code) = @$case;
    my $id = ++$n;
    my ($alpha, $beta) = (b('Alpha', "A$id"), b('Beta', "B$id"));

    my $send = begun('/allow/' . sprintf($target, $id), 'Beta', $xml->($beta),
                     both($id, $alpha, $beta));

    is(call('Alpha', "/allow/trip/v1.1?tripId=L$id",
            itinerary(bookings => [$alpha]), both($id, $alpha)), '200',
       "the ids of a trip are shown while $what is posted by one of them");
    is($send->(), $code ? "403 $code" : '200 ', 'it is judged as of that trip');
    is_guarded($id, "ALPHA|A$id", $code ? () : "BETA|B$id");
    is($redis->cli->hget("itinerary:trip:$_$id", 'writer'), undef,
       "nothing keeps the trip $_$id busy") for qw(I L);
}


# the trip that it is of is busy

my $id = ++$n;
my ($alpha, $beta) = (b('Alpha', "A$id"), b('Beta', "B$id"));

is(call('Alpha', "/allow/trip/v1.1?tripId=L$id",
        itinerary(bookings => [$alpha]), trip("L$id", $alpha)), '200',
   'a trip by one id');

my $send = begun("/allow/trip/v1.1?tripId=I$id", 'Alpha',
                 itinerary(bookings => [$alpha]), both($id, $alpha));

is(teach('Gamma', "L$id", both($id, $alpha), "I$id"), 200,
   'of which another is shown');

my $first = under_way('Alpha', "L$id", itinerary(bookings => [$alpha]),
                      both($id, $alpha), 'busy');

is($send->(), '409 trip_busy', 'is busy by the other id, too');
go('busy');
is($first->finish->{status}, 200, 'until the first write is answered');


# a write that is in doubt

$id = ++$n;
($alpha, $beta) = (b('Alpha', "A$id"), b('Beta', "B$id"));
$first = under_way('Beta', "I$id", itinerary(bookings => [$beta]),
                   '<broken' . ' ' x 100,
                   'doubt', 'X-Status' => 500);

is(call('Alpha', "/allow/trip/v1.1?tripId=L$id",
        itinerary(bookings => [$alpha]), both($id, $alpha)), '200',
   'the ids of a trip are shown while Beta writes by one of them');
go('doubt');
is($first->finish->{status}, 500, 'which fails');
is_guarded($id, "ALPHA|A$id", "BETA|B$id");
is($redis->cli->hget("itinerary:booking:BETA|B$id", 'state'), 'pending',
   'what is in doubt is in doubt');


# a GET while a write by the other id is under way, answered, refused, or lost

sub seen_meanwhile {
    my ($id, $old, $new, @headers) = @_;

    my $write = under_way('Alpha', "I$id", $new =~ s/<(id|ItinLocator)>.*?>//gr,
                          $new, "seen$id", @headers);

    is(teach('Gamma', "L$id", $old, "I$id"), 200,
       'Gamma gets a trip by one id, while Alpha writes to it by another');
    is($redis->cli->exists("itinerary:view:L$id|Gamma"), 0,
       'what Gamma is shown may be old already');
    ok(defined $t->shown('Gamma', "L$id", sub {
        $t->http('GET', "/trip/v1.1/L$id", headers => [
            'X-Supplier' => 'Gamma', 'X-Body' => encode_base64($old, '')])
    }), 'what it is shown next, too');
    like(call('Gamma', "/trip/v1.1?tripId=L$id", $old, $old),
         qr/\A(?:403 booking_not_owned|409 trip_busy), not forwarded\z/,
         'it is not sent back meanwhile');

    return $write;
}


for my $case (['is answered', 200, '409 stale_view, not forwarded'],
              ['is in doubt', 500, '409 stale_view, not forwarded'],
              ['is refused', 400, '200'])
{
    my ($what, $status, $code) = @$case;

    $id = ++$n;

    my $old = both($id, b('Old', "O$id"));
    my $new = both($id, b('Alpha', "A$id"), b('Old', "O$id"));

    my $write = seen_meanwhile($id, $old, $new, 'X-Status' => $status);

    go("seen$id");
    is($write->finish->{status}, $status, "the write $what");
    is($redis->cli->hget("itinerary:trip:$_$id", 'writer'), undef,
       "nothing keeps $_$id busy") for 'I', 'L';

    if ($status == 400) {
        is($redis->cli->hget("itinerary:trip:L$id", "booking:ALPHA|A$id"),
           undef, 'what it has claimed is not in the trip');
    }

    like(call('Gamma', "/trip/v1.1?tripId=L$id", $old, $old),
         $status == 400 ? qr/\A200\z/
         : qr/\A(?:403 booking_not_owned|409 stale_view), not forwarded\z/,
         $status == 400 ? 'Gamma may send back what it was shown'
                        : 'Gamma may not undo it');
}


# a write that is refused at the moment at which a GET shows the ids

for my $first ('write', 'get') {
    $id = ++$n;

    my $old = both($id, b('Old', "O$id"));
    my $before = $t->requests;

    my $write = under_way('Alpha', "I$id",
                          itinerary(bookings => [b('Alpha', "A$id")]), $old,
                          "write$id", 'X-Status' => 400);
    my $get = $t->http_async('GET', "/trip/v1.1/L$id", headers => [
        'X-Supplier' => 'Gamma', 'X-Body' => encode_base64($old, ''),
        'X-Until' => "get$id"]);

    wait_for(sub { $t->requests == $before + 2 }) or die "no GET\n";
    $redis->pause;

    for my $which ($first, $first eq 'get' ? 'write' : 'get') {
        go("$which$id");
        is($t->http('GET', '/trip/v1.1')->{status}, 200,
           "a request after the $which");
    }

    $redis->resume;
    is($write->finish->{status}, 400, 'the write is refused');
    $get->finish;
    teach('Gamma', "L$id", $old, "I$id");
    ok(wait_for(sub {
        !$redis->cli->hexists("itinerary:trip:L$id", "booking:ALPHA|A$id");
    }), "what it had claimed is not in the trip, the $first first");
    is($redis->cli->hget("itinerary:trip:$_$id", 'writer'), undef,
       "nothing keeps $_$id busy") for 'I', 'L';
}


# a booking that was in the trip by its old id is cancelled in the new one

$id = ++$n;
$alpha = b('Alpha', "A$id");

is(call('Alpha', "/allow/booking/v1.1?tripId=I$id",
        booking(ns => $Itinerary::Document::NAMESPACE, %$alpha),
        trip("I$id", $alpha)), '200', 'a booking in an unknown trip');

# what an older gateway may have left

$redis->cli->set("itinerary:alias:I$id", "L$id");
$redis->cli->hset("itinerary:trip:L$id", 'state', 'active', 'created',
                  '2026-01-01T00:00:00.000Z', 'rev', 1);

$first = under_way('Gamma', "L$id", itinerary(), both($id), 'cancel');
is(call('Alpha', '/booking/v1.1/cancel?bookingSource=Alpha'
                 . "&confirmationNumber=A$id"), '409 trip_busy, not forwarded',
   'is not cancelled while another writes to the trip');
go('cancel');
is($first->finish->{status}, 200, 'until that is answered');
is(call('Alpha', '/booking/v1.1/cancel?bookingSource=Alpha'
                 . "&confirmationNumber=A$id", undef, both($id)), '200',
   'but then');
is($redis->cli->hget("itinerary:trip:L$id", 'rev'), 3,
   'which is a write to the trip');

$t->done;
