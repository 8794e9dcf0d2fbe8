#!/usr/bin/perl

# Under which booking sources a supplier may post: itinerary_booking_source,
# and what becomes of a binding.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;

my $t = Itinerary->new;

$t->upstream(sub {
    my ($request) = @_;

    my $h = $request->{headers};
    my ($id) = $request->{target} =~ /tripId=(\w+)/;

    return [$h->{'x-status'}[0] // 200, {},
            answered($request->{body}, $id // $h->{'x-trip'}[0])];
});

$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /claim/ {
            itinerary_booking_source claim;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /registered/ {
            itinerary_booking_source registered;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /any/ {
            itinerary_booking_source any;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /audit/ {
            itinerary audit;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $redis = $t->redis;
my $n = 0;


# a create of a trip of its own; returns "status code"

sub create {
    my ($who, $place, $bookings, @headers) = @_;

    return call($who, "$place/trip/v1.1", $bookings, 'X-Trip' => 'T' . ++$n,
                @headers);
}


sub call {
    my ($who, $target, $bookings, @headers) = @_;

    my $xml = itinerary(bookings => [
        map { m{(.*)/(.*)} && { source => $1, locator => $2 } } @$bookings]);

    my $answer = $t->post_xml($target, $who, $xml, headers => [@headers]);

    $main::last = $answer;

    my $code = code_of($answer);

    return $answer->{status} . (defined $code ? " $code" : '');
}


# the supplier that a source is bound to, and "for now" where it is not sure

sub bound {
    my ($source) = @_;

    my $owner = $redis->cli->get("itinerary:source:$source") // return 'none';
    my $ttl = $redis->cli->ttl("itinerary:source:$source");

    return $owner . ($ttl == -1 ? '' : ' for now');
}


my $DENIED = '403 booking_source_not_owned';


# claim

for my $place ('', '/claim') {
    my $s = $place ? 'Claim' : 'Default';
    my $S = uc $s;

    is(create('Alpha', $place, ["$s Air/1"]), '200', "a source is new, '$place'");
    is(bound("$S%20AIR"), 'Alpha', 'it is bound to who posts under it');
    is(create('Alpha', $place, ["$s Air/2"]), '200', 'who may post again');
    is(create('Beta', $place, ["$s Air/3"]), $DENIED, 'others may not');
    is(create('Beta', $place, [" \L$s\E air /3"]), $DENIED,
       'however they write it');
    is($redis->cli->exists("itinerary:booking:$S%20AIR|3"), 0,
       'which leaves no claim');
    is(create('Beta', $place, ["$s Rail/1", "$s Air/3", "$s Bus/1"]), $DENIED,
       'nor among others');

    my ($path, $line) = $main::last->{body}
                        =~ /<Detail path="([^"]*)" line="(\d+)">/;

    is($path, '/Itinerary/Bookings/Booking[2]', 'the answer says which');
    ok($line, 'and where');
    unlike($main::last->{body}, qr/Alpha/, 'but not whose');
    is(bound("$S%20RAIL"), 'none', 'a refused post binds no source');
    is(bound("$S%20BUS"), 'none', 'not even a later one');
    is(($t->audit)[-1]{reason}, 'booking_source_not_owned',
       'the audit trail has the reason');

    # what becomes of a binding

    for my $status (400, 404, 422) {
        is(create('Alpha', $place, ["$s $status/1", "$s $status/2"],
                  'X-Status' => $status), $status, "the API refuses, $status");
        is(bound("$S%20$status"), 'none', 'the source is free again');
        is(create('Beta', $place, ["$s $status/1"]), '200', 'for others');
    }

    is(create('Alpha', $place, ["$s Ship/1"], 'X-Status' => 500), '500',
       'nobody knows what the API did');
    is(bound("$S%20SHIP"), 'Alpha', 'the source stays bound');
    is(create('Beta', $place, ["$s Ship/2"]), $DENIED, 'and is no one else\'s');

    is(create('Alpha', $place, ["$s Air/9"], 'X-Status' => 400), '400',
       'the API refuses a post under a source that was bound before');
    is(bound("$S%20AIR"), 'Alpha', 'which stays bound');
}


# changes

is(create('Alpha', '/any', ['Owned/1']), '200', 'a booking without a binding');
is(bound('OWNED'), 'none', 'which any does not make');
is(create('Alpha', '', ['Owned/1']), '200', 'its owner may change it');
is(bound('OWNED'), 'none', 'which claims nothing');
$redis->cli->set('itinerary:source:OWNED', 'Beta');
is(create('Alpha', '', ['Owned/1']), $DENIED,
   'until the source is another\'s');
is(create('Beta', '', ['Owned/1']), '403 booking_not_owned',
   'whose the booking is not: that is named first');
is(call('Beta', '/trip/v1.1?tripId=T1', ['Default Air/1']),
   '403 trip_not_owned', 'and the trip before that');


# registered

is(create('Alpha', '/registered', ['Unbound/1']), $DENIED,
   'a source that is not registered');
is(bound('UNBOUND'), 'none', 'is not bound by that');
$redis->cli->set('itinerary:source:REGISTERED', 'Alpha');
is(create('Alpha', '/registered', ['Registered/1']), '200', 'one that is');
is(create('Beta', '/registered', ['Registered/2']), $DENIED,
   'is so for its supplier alone');
is(create('Alpha', '/registered', ['Owned/1']), $DENIED,
   'a change needs a registered source, too');
is(create('Alpha', '/registered', ['Registered/1'], 'X-Status' => 400), '400',
   'the API refuses');
is(bound('REGISTERED'), 'Alpha', 'which unregisters nothing');


# any

is(create('Beta', '/any', ['Registered/3']), '200', 'any looks at nothing');
is(bound('REGISTERED'), 'Alpha', 'and changes nothing');
is(create('Alpha', '/any', ['Registered/3']), '403 booking_not_owned',
   'a booking is its supplier\'s all the same');


# audit

is(create('Beta', '/audit', ['Registered/4']), '200', 'audit forwards it');

my ($record) = ($t->audit)[-1];

is("$record->{event} $record->{verdict} $record->{reason}",
   'completed deny booking_source_not_owned', 'and says what enforce would do');
is(bound('REGISTERED'), 'Alpha', 'the source stays where it is');


# another post relies on a binding that is not answered for

$redis->cli->set('itinerary:source:BOTH', 'Alpha', 'PX', 1000000);
is(bound('BOTH'), 'Alpha for now', 'a source is bound for now');
is(create('Alpha', '', ['Both/2']), '200', 'another post of the supplier');
is(bound('BOTH'), 'Alpha', 'binds it for good');

$t->done;
