#!/usr/bin/perl

# The arguments of a write: whichever of them name a trip, a booking or a
# traveller are given once, in one way; nothing may override the method.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Refusal;

my $t = Itinerary->new;

$t->upstream;

my $redis = $t->redis;

$t->nginx(conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen %%HTTP2_1%%;
        underscores_in_headers on;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $alpha = $t->token('Alpha');
my $trip = '/trip/v1.1';
my $n = 0;

# "mine" is Alpha's: a query of two readings must not pass on its account

$redis->cli->hset('itinerary:trip:mine', owner => 'Alpha', state => 'active',
                  created => 1, rev => 1);


# allowed

for my $query (
    'tripId=mine', 'tripid=mine', 'TRIPID=mine', '%74ripId=mine',
    'tripId=m%69ne', 'tripId=%6dine', '&&tripId=mine&', 'a&tripId=mine',
    'a=1&a=2&tripId=mine', 'a=+&tripId=mine', 'a=%zz&tripId=mine',
    'a=tripId&tripId=mine', 'a=b=c&tripId=mine', 'tripIds=1&tripId=mine',
    'xtripId=1&tripId=mine', 'a;b=c&tripId=mine',
    'tripId=mine&userid_type=login&userid_value=a%40b.example',
    'tripId=mine&bookingSource=X%20Y&confirmationNumber=1')
{
    my ($answer, $request) = passes($t, "?$query passes", sub {
        $t->post_xml("$trip?$query", $alpha, itinerary());
    });

    is($request->{target}, "$trip?$query", '- as it was sent');
    $t->wait_audit(2 * ++$n);
}

is(($t->audit)[-3]{on_behalf_of}, 'a@b.example',
   'for whom it was is recorded');


# a trip id is compared byte by byte, after it is decoded once

for my $query ('tripId=Mine', 'tripId=MINE', 'tripId=mine.', 'tripId=mine%7E') {
    refused($t, "?$query is another trip", 403, 'trip_not_owned', sub {
        $t->post_xml("$trip?$query", $alpha, itinerary());
    });
}


# refused: in an update and in a cancel, and before the body

my @ambiguous = (

    # twice
    'tripId=mine&tripId=mine', 'tripId=mine&tripId=other',
    'tripId=mine&tripid=other', 'TRIPID=mine&tripId=other',
    'tripId=mine&%74ripId=other', 'tripId=mine&trip%49d=other',
    'tripId=mine&a=b&tripId=', 'tripId=mine&tripId',
    'userid_value=a&tripId=mine&USERID_VALUE=b',
    'userid_type=a&userid%5Ftype=b&tripId=mine',
    'bookingSource=a&bookingsource=b&tripId=mine',
    'confirmationNumber=1&confirmationNumber=2&tripId=mine',

    # beside a ";"
    'tripId=mine;tripId=other', 'a=b;tripId=other&tripId=mine',
    'tripId=mine;a=b', 'tripId=mine&a;tripId=other', 'tripId;=mine',
    'a;tripId&tripId=mine',

    # what some servers take for the name
    'tripId[]=other', 'tripId[]=other&tripId=mine', 'tripId[0]=a&tripId=mine',
    'trip_id=other', 'trip_id=other&tripId=mine', 'trip-id=o&tripId=mine',
    'trip.id=o&tripId=mine', 'x.tripId=o&tripId=mine', '_tripId=o&tripId=mine',
    'tripId.x=o&tripId=mine', 'x[tripId]=o&tripId=mine',
    'tripId%20=o', 'tripId%20=o&tripId=mine', '%20tripId=o&tripId=mine',
    '+tripId=o&tripId=mine', 'tripId+=o&tripId=mine',
    'trip%2549d=o', 'trip%2549d=o&tripId=mine', '%2574ripId=o&tripId=mine',
    'trip%252549d=o&tripId=mine', 'tripId%3D=o&tripId=mine',
    'tripId%5B%5D=o&tripId=mine', 'a%26tripId=o&tripId=mine',
    'tripId%09=o&tripId=mine', '%C4%B0tripId=o&tripId=mine',
    'trip%C4%B1d=o&tripId=mine', "trip\xc4\xb1d=o&tripId=mine",
    'userid-value=o&tripId=mine', 'useridvalue=o&tripId=mine',
    'booking_source=o&tripId=mine',

    # without a value, or with one of two readings
    'tripId', 'tripId=', 'tripId&a=b', 'a=b&tripId=', '%74ripId=',
    'userid_value=&tripId=mine', 'bookingSource&tripId=mine',
    'tripId=mine+', 'tripId=+mine', 'tripId=mi+ne',
    'userid_value=a+b&tripId=mine',
    'tripId=mine#', 'tripId=mine#&tripId=other', 'a#b&tripId=mine',
    'tripId=mine%00', 'tripId=mi%00ne', 'a=%00&tripId=mine',
    'tripId%00=mine', 'tripId%00x=o&tripId=mine',
    'tripId=mine%', 'tripId=mine%2', 'tripId=mine%zz', 'tripId=%mine',
    'tripId=%u006dine', 'tripId%=mine', '%zz=1&tripId=mine',
    'userid_value=%zz&tripId=mine', 'userid_value=a%0Ab&tripId=mine',
);

for my $query (@ambiguous) {
    refused($t, "update ?$query is refused", 400, 'ambiguous_query', sub {
        $t->post_xml("$trip?$query", $alpha, itinerary());
    });

    refused($t, "cancel ?$query is refused", 400, 'ambiguous_query', sub {
        $t->post_xml("$trip/cancel?$query", $alpha, undef);
    });
}

for my $value ('a/b', 'a b' =~ s/ /%20/r, 'a%2Fb', 'a:b', 'a|b', 'a,b', 'a%2Bb',
               '../x', 'a%25b', "\xc3\xa9", '%C3%A9', 'a%26b', 'a"b', 'a*b',
               'x' x 129, 'mine?x', 'a=b/c')
{
    for my $path ($trip, "$trip/cancel") {
        refused($t, "tripId=$value is refused at $path", 400, 'bad_trip_id',
                sub {
            $t->post_xml("$path?tripId=$value", $alpha,
                         $path eq $trip ? itinerary() : undef);
        });
    }
}

for my $value ('x' x 128, 'a.b_c~d$e=f-9', 'a%24b%3Dc') {
    refused($t, "tripId=$value is a trip id", 403, 'trip_not_owned', sub {
        $t->post_xml("$trip?tripId=$value", $alpha, itinerary());
    });
}

for my $query ('', '?', '?a=b', '?trip=mine', '?id=mine') {
    refused($t, "a cancel with \"$query\" has no trip", 400, 'bad_trip_id',
            sub { $t->post_xml("$trip/cancel$query", $alpha, undef) });
}


# what would make another method or path of it; reads, too

my @override = (
    ['X-HTTP-Method-Override' => 'DELETE'], ['X-HTTP-Method' => 'PUT'],
    ['X-Method-Override' => 'PUT'], ['X-Original-URL' => '/x'],
    ['X-Rewrite-URL' => '/x'], ['x-http-method-override' => 'POST'],
    ['X-HTTP-METHOD-OVERRIDE' => ''], ['X_HTTP_Method_Override' => 'PUT'],
);

for my $header (@override) {
    for my $request (['POST', $trip], ['POST', "$trip/cancel?tripId=mine"],
                     ['POST', "$trip/GetTrips"], ['GET', $trip],
                     ['HEAD', $trip], ['POST', '/x'], ['DELETE', $trip])
    {
        my ($method, $target) = @$request;
        my @request = ($method, $target, headers => [
            Authorization => "OAuth $alpha",
            'Content-Type' => 'application/xml', @$header ],
            body => $method eq 'GET' || $method eq 'HEAD' ? undef
                    : $target eq $trip ? itinerary() : '');

        my $name = "$method $target with $header->[0] is refused";

        if ($method eq 'HEAD') {
            my $count = $t->requests;

            $n = $t->audit;
            is($t->http(@request)->{status}, 400, $name);
            is(($t->wait_audit($n + 1))[-1]{reason}, 'method_override',
               '- and recorded');
            is(scalar $t->requests, $count, '- and not forwarded');

        } else {
            refused($t, $name, 400, 'method_override',
                    sub { $t->http(@request) });
        }
    }
}

for my $query ('_method=DELETE', '_METHOD=PUT', 'a=b&_method=PUT', '_method',
               '%5Fmethod=PUT', '%255fmethod=PUT', 'a;_method=PUT',
               'x-http-method-override=PUT', '_method[]=PUT')
{
    for my $request (['GET', "$trip?$query"], ['POST', "$trip?$query"],
                     ['POST', "$trip/cancel?tripId=mine&$query"],
                     ['POST', "$trip/GetTrips?$query"])
    {
        my ($method, $target) = @$request;

        refused($t, "$method $target is refused", 400, 'method_override', sub {
            $t->http($method, $target,
                     headers => [Authorization => "OAuth $alpha",
                                 'Content-Type' => 'application/xml'],
                     body => $method eq 'GET' ? undef : itinerary());
        });
    }
}

passes($t, 'an argument "method" overrides nothing', sub {
    $t->http('GET', "$trip?method=x&a_method_b=1");
});


# HTTP/2

for my $case ([400, 'ambiguous_query', 'tripId=mine&tripid=other'],
              [400, 'bad_trip_id', 'tripId=a%2Fb'],
              [403, 'trip_not_owned', 'tripId=Mine'])
{
    my ($status, $reason, $query) = @$case;

    refused($t, "?$query over HTTP/2 is refused", $status, $reason, sub {
        $t->http2('POST', "$trip/cancel?$query",
                  headers => [Authorization => "OAuth $alpha"]);
    });
}

$t->done;
