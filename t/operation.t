#!/usr/bin/perl

# What a request asks for, told from its method and path: reads pass to the
# API byte for byte, whoever asks; writes are known as such; a path that could
# be read in two ways, or that nobody knows, goes nowhere.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Refusal;

my $t = Itinerary->new;

my $api = $t->upstream;
my $redis = $t->redis;

$t->nginx(conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen %%HTTP2_1%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
            add_header X-Operation $itinerary_operation always;
        }
    }
END

my $alpha = $t->token('Alpha');
my $base = '/api/travel';
my $n = 0;

$redis->cli->hset('itinerary:trip:T1', owner => 'Alpha', state => 'active',
                  created => 1, rev => 1);


# writes

for my $case (
    ['create', '/trip/v1'],
    ['create', '/trip/v1/'],
    ['create', '/trip/v1.1'],
    ['create', '/trip/v1.1/'],
    ['create', '/trip/v12.345'],
    ['create', "$base/trip/v1.1"],
    ['create', "$base/trip/v1.1/"],
    ['create', "$base/trip/v1.1/?"],
    ['create', "$base/trip/v1.1?other=1&also"],
    ['create', "/a+b/\$x/trip/v1"],
    ['update', '/trip/v1?tripId=T1'],
    ['update', "$base/trip/v1.1/?tripId=T1"],
    ['update', "$base/trip/v1.1?TRIPID=T1"],
    ['update', "$base/trip/v1.1?a=b&tripid=%54%31&c=%2F"],
    ['cancel', "$base/trip/v1.1/cancel?tripId=T1"],
    ['cancel', '/trip/v1/cancel?tripid=T1'])
{
    my ($operation, $target) = @$case;

    my $body = $operation eq 'cancel' ? undef : itinerary(
        bookings => [{ source => 'Alpha', locator => 'L' . ++$n }]);

    my $seen = $t->audit;
    my ($answer, $request) = passes($t, "POST $target is forwarded", sub {
        $t->post_xml($target, $alpha, $body);
    });

    is("$request->{method} $request->{target}", "POST $target",
       '- to the path and with the arguments that were sent');
    is($answer->{headers}{'x-operation'}[0], $operation,
       "- as \"$operation\"");

    my @records = $t->wait_audit($seen + 2);

    is(join(' ', map { "$_->{event} $_->{operation}" } @records[-2, -1]),
       "forwarded $operation completed $operation", '- and recorded as such');

    $redis->cli->hset('itinerary:trip:T1', state => 'active');
}


# reads need neither supplier nor registry, whatever their path

my $seen = $t->audit;
my $known = registry($t);

for my $method ('GET', 'HEAD') {
    for my $target ("$base/trip/v1.1", "$base/trip/v1.1/gWu\$p=~", '/', '/x',
                    "$base/trip/v1.1?tripId=T1&tripId=T2", '/trip/v1/cancel',
                    '/a//b/../c/./%2e%2F;x=y?a=%zz&;b=+', '/TRIP/V1',
                    '/GetTrips?userid_type=login&userid_value=cm%40example')
    {
        my ($answer, $request) = passes($t, "$method $target passes", sub {
            $t->http($method, $target, headers => ['X-One' => 'a  b']);
        });

        is("$request->{method} $request->{target}", "$method $target",
           '- as it was sent');
    }
}

for my $target ("$base/trip/v1.1/GetTrips", '/trip/v2/GetTrips?a=b') {
    my ($answer, $request) = passes($t, "POST $target passes", sub {
        $t->http('POST', $target, body => 'not XML at all',
                 headers => ['Content-Type' => 'text/plain',
                             'Content-Encoding' => 'br']);
    });

    is("$request->{method} $request->{target} $request->{body}",
       "POST $target not XML at all", '- byte for byte');
}

is(scalar $t->audit, $seen, 'a read leaves no audit record');
is_deeply(registry($t), $known, 'and nothing in the registry');


# what the API does for a write, it does for no other method

for my $method (qw(PUT DELETE PATCH OPTIONS PROPFIND COPY X-POST)) {
    for my $target ("$base/trip/v1.1", "$base/trip/v1.1/cancel?tripId=T1") {
        my ($answer) = refused(
            $t, "$method $target is refused", 405, 'method_not_allowed',
            sub { $t->http($method, $target, headers =>
                           [Authorization => "OAuth $alpha"]) });

        is($answer->{headers}{allow}[0], 'GET, HEAD, POST',
           '- and what is allowed');
    }
}

for my $line ("TRACE $base/trip/v1.1", "CONNECT $base/trip/v1.1",
              "post $base/trip/v1.1", "GE T $base/trip/v1.1")
{
    my $requests = () = $t->requests;
    my $answer = $t->http(undef, undef, raw => "$line HTTP/1.1\r\n"
                          . "Host: a\r\nConnection: close\r\n\r\n");

    like($answer->{status}, qr/^40[05]$/, "\"$line\" is refused");
    is(scalar $t->requests, $requests, '- and not forwarded');
}


# paths of a POST that the API might take for an operation

my @ambiguous = map { "$base$_" } (
    '//trip/v1.1', '/trip//v1.1', '/trip/v1.1//', '/trip/v1.1//cancel',
    '/./trip/v1.1', '/trip/./v1.1', '/trip/v1.1/.', '/trip/v1.1/./cancel',
    '/x/../trip/v1.1', '/trip/v1.1/x/..', '/trip/v1.1/x/../cancel',
    '/%74rip/v1.1', '/trip/v1%2e1', '/trip/v1%2E1', '/trip/v1.1%2fcancel',
    '/trip/v1.1%2Fcancel', '/trip%2fv1.1', '/trip/%2e/v1.1',
    '/trip/v1.1/%63ancel', '/trip/v1.1/cancel%20', '/trip/v1.1%3FtripId=T1',
    '/trip/v1.1%3ba=b', '/trip/v1.1%23', '/%2574rip/v1.1',
    '/trip/v1.1;a=b', '/trip;x/v1.1', '/trip/v1.1/;', '/trip/v1.1/cancel;x',
    '/trip/v1.1/cancel;tripId=T1', '/trip/v1.1#', '/trip/v1.1#frag',
    '/trip/v1.1#/../cancel', '/trip/v1.1/#cancel',
    '/Trip/v1.1', '/TRIP/V1.1', '/trip/V1.1', '/trip/v1.1/Cancel',
    '/trip/v1.1/CANCEL', '/trip/v1.1/gettrips', '/trip/v1.1/getTrips',
    '/trip\v1.1', '/trip/v1.1\cancel', "/trip/v1.1/\xc3\xa9",
    '/trip/v1.1/"', '/trip/v1.1/<x>', '/trip/v1.1/{x}', '/trip/v1.1/^|`',
);

for my $target (@ambiguous, '//trip/v1', '/%2e/trip/v1') {
    for my $args ('', '?tripId=T1') {
        refused($t, "POST $target$args is refused", 400, 'ambiguous_path', sub {
            $t->post_xml("$target$args", $alpha, itinerary());
        });
    }
}

for my $target (
    '/', '/x', "$base/trip", "$base/trip/", "$base/trip/1.1",
    "$base/trip/v", "$base/trip/v.1", "$base/trip/v1.", "$base/trip/v1.1.1",
    "$base/trip/va", "$base/trip/v1a", "$base/trip/v1-1", "$base/trip/v+1",
    "$base/trip/v1.1/cancel/", "$base/trip/v1.1/cancel/x",
    "$base/trip/v1.1/cancelled", "$base/trip/v1.1/xcancel",
    "$base/trip/v1.1/T1", "$base/trip/v1.1/T1/cancel",
    "$base/trip/v1.1/GetTrips/", "$base/trips/v1.1", "$base/xtrip/v1.1",
    'trip/v1.1/x')
{
    my $path = $target =~ m{^/} ? $target : "/$target";

    refused($t, "POST $path is refused", 404, 'unknown_operation', sub {
        $t->post_xml("$path?tripId=T1", $alpha, itinerary());
    });
}


# the same over HTTP/2

for my $case ([400, 'ambiguous_path', "$base//trip/v1.1"],
              [400, 'ambiguous_path', "$base/trip/v1.1%2fcancel"],
              [400, 'ambiguous_path', "$base/trip/v1.1/Cancel?tripId=T1"],
              [404, 'unknown_operation', "$base/trip"])
{
    my ($status, $reason, $target) = @$case;

    refused($t, "POST $target over HTTP/2 is refused", $status, $reason, sub {
        $t->http2('POST', $target, headers => [
            Authorization => "OAuth $alpha",
            'Content-Type' => 'application/xml']);
    });
}

refused($t, 'PUT over HTTP/2 is refused', 405, 'method_not_allowed', sub {
    $t->http2('PUT', "$base/trip/v1.1");
});


# absolute-form is the same request, judged and forwarded by its path

my ($answer, $request) = passes($t, 'absolute-form is forwarded', sub {
    $t->post_xml("http://a.example$base/trip/v1.1", $alpha, itinerary());
});

is($request->{target}, "$base/trip/v1.1", '- as its path');

for my $target ("http://a.example$base//trip/v1.1",
                "http://a.example$base/trip/v1.1/CANCEL?tripId=T1",
                "HTTP://a.example:80$base/%74rip/v1.1")
{
    refused($t, "$target is refused", 400, 'ambiguous_path', sub {
        $t->post_xml($target, $alpha, itinerary());
    });
}

for my $target ('http://a.example', "http://a.example?/../trip/v1.1") {
    refused($t, "$target is refused", 404, 'unknown_operation', sub {
        $t->post_xml($target, $alpha, itinerary());
    });
}

$t->done;
