#!/usr/bin/perl

# Which of its two forms an error answer takes, XML or problem+json, by the
# Accept of the client; and what HEAD and HTTP/2 clients get of it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Refusal;

my $t = Itinerary->new;

$t->upstream;
$t->redis;

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
        }
    }
END

my $xml = 'application/xml';
my $json = 'application/problem+json';

# the same header twice is a list

for my $case (
    [$xml],
    [$xml, ''],
    [$xml, '*/*'],
    [$xml, 'application/xml'],
    [$xml, 'text/xml'],
    [$xml, 'text/html'],
    [$xml, 'application/jsonp'],
    [$json, 'application/json'],
    [$json, 'APPLICATION/JSON'],
    [$json, 'application/problem+json'],
    [$json, 'text/html, application/json'],
    [$json, 'application/json;charset=utf-8'],
    [$json, 'application/json, application/xml'],
    [$json, 'application/json, */*'],
    [$xml, 'application/xml, application/json'],
    [$xml, '*/*, application/json'],
    [$json, 'application/xml;q=0.5, application/json'],
    [$json, 'application/xml;q=0.5,application/json;q=0.6'],
    [$json, 'application/xml; q=0.5 , application/json; q=0.501'],
    [$json, "application/xml ; q=0.5, application/json \t ;q=0.501"],
    [$xml, 'application/json;q=0.5, application/xml'],
    [$xml, 'application/json;q=0.899, application/xml;q=0.9'],
    [$json, 'application/json;q=1.0, application/xml;q=0.999'],
    [$xml, 'application/json;q=0'],
    [$xml, 'application/json;q=0.0, application/xml;q=0.0'],
    [$json, 'application/json, application/xml;q=0'],
    [$json, 'text/html;q=0.1, application/json;q=0.2, */*;q=0.1'],
    [$json, 'application/json;version=2;q=0.4, application/xml;Q=0.3'],
    [$xml, 'application/json;q=nonsense'],
    [$xml, ',;,q=1;;'],
    [$xml, 'application/json;q=0.1', 'application/xml'],
    [$json, 'application/xml;q=0.1', 'application/json'])
{
    my ($type, @accept) = @$case;

    my ($answer) = refused($t, 'Accept: ' . join(' and ', @accept), 401,
                           'unknown_supplier', sub {
        $t->post_xml('/trip/v1', undef, itinerary(),
                     headers => [map { (Accept => $_) } @accept]);
    });

    is($answer->{headers}{'content-type'}[0], $type, "- $type");
}


# a read is refused where it could be taken for a write

my $read = '/trip/v1?_method=POST';

for my $accept ($xml, $json) {
    my @accept = (headers => [Accept => $accept]);

    my ($whole) = refused($t, 'a GET is refused', 400, 'method_override',
                          sub { $t->http('GET', $read, @accept) });

    my ($second) = refused($t, 'and over HTTP/2', 400, 'method_override',
                           sub { $t->http2('GET', $read, @accept) });

    is($second->{body} =~ s/[0-9a-f]{32}//r,
       $whole->{body} =~ s/[0-9a-f]{32}//r, '- with the same document');

    my $n = $t->audit;
    my $head = $t->http('HEAD', $read, @accept);

    is($head->{status}, 400, 'a HEAD is refused alike');
    like($head->{raw}, qr/\r\n\r\n\z/, '- without a body');

    for my $name ('content-type', 'content-length') {
        is($head->{headers}{$name}[0], $whole->{headers}{$name}[0],
           "- with its $name");
    }

    my $empty = $t->http2('HEAD', $read, @accept);

    is($empty->{status}, 400, '- and over HTTP/2');
    is($empty->{error}, undef, '- as it should be');
    is($empty->{headers}{'content-length'}[0],
       length $second->{body}, '- with the length of a GET');

    is(scalar $t->wait_audit($n + 2), $n + 2, '- each is recorded');
}


# answers on a connection that stays are complete

my $request = "POST /trip/v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
my $client = $t->http_async(undef, undef, raw => $request x 3);

is(code_of($client->finish), 'unknown_supplier', "answer $_ of three in a row")
    for 1 .. 3;

my $old = $t->http(undef, undef, raw => "POST /trip/v1 HTTP/1.0\r\n\r\n");

is(code_of($old), 'unknown_supplier', 'HTTP/1.0 gets a document');
is($old->{headers}{connection}[0], 'close', 'and the end');

is(scalar $t->requests, 0, 'nothing was forwarded');

$t->done;
