#!/usr/bin/perl

# A refusal does not wait: not for the body where the headers decide, not for
# its rest where its beginning does, not for its next byte where Redis does.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET ();
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
    client_max_body_size 4m;
    client_body_timeout 300s;
    lingering_close off;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen %%HTTP2_1%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /page/ {
            error_page 400 401 403 /page.html;
            proxy_pass http://%%UPSTREAM%%;
        }

        location = /page.html {
            root %%DIR%%;
        }

        location /unbuffered/ {
            proxy_request_buffering off;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $alpha = $t->token('Alpha');
my $beta = $t->token('Beta');

$redis->cli->hset('itinerary:trip:T1', owner => 'Alpha', state => 'active',
                  created => 1, rev => 1);

my $xml = itinerary(bookings => [{ source => 'Alpha', locator => 'A1' }]);
my $long = $xml =~ s{(<Bookings>)}{'<!--' . 'x' x 20000 . "-->$1"}er;


# decided by the headers: the body is announced, but never sent

for my $case (
    [405, 'method_not_allowed', 'PUT', '/trip/v1'],
    [404, 'unknown_operation', 'POST', '/trip'],
    [400, 'ambiguous_path', 'POST', '//trip/v1'],
    [400, 'ambiguous_query', 'POST', '/trip/v1?tripId=1&tripid=2'],
    [400, 'bad_trip_id', 'POST', '/trip/v1?tripId=%2F'],
    [400, 'method_override', 'POST', '/trip/v1', 'X-HTTP-Method: PUT'],
    [400, 'unexpected_body', 'POST', '/trip/v1/cancel?tripId=T1'],
    [400, 'ambiguous_header', 'POST', '/trip/v1', 'Content-Type: text/xml'],
    [415, 'unsupported_encoding', 'POST', '/trip/v1', 'Content-Encoding: br'],
    [413, 'body_too_large', 'POST', '/trip/v1', 'Content-Length: 4194305'])
{
    my ($status, $reason, $method, $target, @more) = @$case;

    @more = ('Content-Length: 1000000', @more) if "@more" !~ /Length/;

    for my $expect ('', 'Expect: 100-continue') {
        my ($answer) = refused(
            $t, "$reason comes before the body" . ($expect && ', and no 100'),
            $status, $reason,
            sub { stalled($method, $target, $alpha, @more, $expect || (),
                          '') });

        is_deeply($answer->{interim}, [], '- at once') if $expect;
    }
}

for my $expect ('', 'Expect: 100-continue') {
    my ($answer) = refused(
        $t, 'no supplier comes before the body', 401, 'unknown_supplier',
        sub { stalled('POST', '/trip/v1', undef, 'Content-Length: 1000000',
                      $expect || (), '') });

    is_deeply($answer->{interim}, [], '- at once') if $expect;
}


# decided by Redis: the body begins, or does not

for my $place ('', '/unbuffered') {
    for my $part ('', substr($xml, 0, 1), substr($xml, 0, 300),
                  substr($long, 0, 15000))
    {
        my $n = length $part;

        refused($t, "an unknown token is refused after $n bytes, $place", 401,
                'unknown_supplier', sub {
            stalled('POST', "$place/trip/v1", 'nonsense',
                    'Content-Length: 1000000', $part);
        });

        refused($t, "another's trip is refused after $n bytes, $place", 403,
                'trip_not_owned', sub {
            stalled('POST', "$place/trip/v1?tripId=T1", $beta,
                    'Content-Length: 1000000', $part);
        });

        refused($t, "so it is after $n bytes of a chunk, $place", 403,
                'trip_not_owned', sub {
            stalled('POST', "$place/trip/v1?tripId=T1", $beta,
                    'Transfer-Encoding: chunked', "fffff\r\n$part");
        }) if $n;
    }
}


# decided by the beginning of the body

for my $case (
    [400, 'malformed_body', $long =~ s{<TripName>}{</TripName>}r],
    [400, 'malformed_body', $long =~ s{<TripName>}{<TripName a=1>}r],
    [400, 'doctype_forbidden', '<!DOCTYPE x'],
    [400, 'ambiguous_body', $long =~ s{(<TripName>)}{<?php ?>$1}r],
    [400, 'ambiguous_body', $long =~ s{(<TripName>)}{<Booking/>$1}r],
    [413, 'body_too_large', '<a b="' . 'x' x 17000],
    [413, 'body_too_large', $xml =~ s{<TripName>.*}{'<a>' x 70}esr],
    [415, 'unsupported_encoding', '<?xml version="1.0" encoding="x"?>'],
    [415, 'unsupported_encoding', "\xfe\xff\0<"],
    [422, 'invalid_document', '<Other>' . ' ' x 20000])
{
    my ($status, $reason, $body) = @$case;

    $body = substr $body, 0, 18000;

    for my $place ('', '/unbuffered') {
        for my $length ('Content-Length: 3000000',
                        'Transfer-Encoding: chunked')
        {
            my $part = $length =~ /chunked/ ? "2dc6c0\r\n$body" : $body;

            refused($t, "$reason does not wait for the rest, $length, $place",
                    $status, $reason, sub {
                stalled('POST', "$place/trip/v1", $alpha, $length, $part);
            });
        }
    }
}


# over HTTP/2, where the rest may still come

$t->write_file('page.html', 'the page');

for my $place ('', '/page') {
    for my $case ([401, '/trip/v1', 'nonsense', ''],
                  [401, '/trip/v1', 'nonsense', substr $long, 0, 15000],
                  [403, '/trip/v1?tripId=T1', $beta, ''],
                  [403, '/trip/v1?tripId=T1', $beta, substr $long, 0, 15000],
                  [400, '/trip/v1', $alpha, '<!DOCTYPE x'])
    {
        my ($status, $target, $who, $part) = @$case;

        my $n = $t->audit;
        my $record = stalled_http2("$place$target", $who, $part, $n);

        is($record->{status}, $status, "$place$target is refused with $status"
           . ' over HTTP/2 after ' . length($part) . ' bytes');
        is(scalar(() = $t->audit), $n + 1, '- once');
    }
}

is(scalar(() = $t->requests), 0, 'nothing was forwarded');


# nothing is left of an update that ends so

for my $body ($long =~ s{<TripName>}{</TripName>}r, '<!DOCTYPE x') {
    refused($t, 'an update of one\'s own ends without a trace', 400,
            $body =~ /DOCTYPE/ ? 'doctype_forbidden' : 'malformed_body', sub {
        stalled('POST', '/trip/v1?tripId=T1', $alpha,
                'Content-Length: 3000000', substr $body, 0, 18000);
    });
}

passes($t, 'which passes at the next try', sub {
    $t->post_xml('/trip/v1?tripId=T1', $alpha, $xml);
});

$t->done;


# the answer to a request of which no more than that is sent

sub stalled {
    my ($method, $target, $who, @lines) = @_;

    my $part = pop @lines;

    my $client = $t->http_async(undef, undef, timeout => 5, raw => join(
        "\r\n", "$method $target HTTP/1.1", 'Host: a',
        defined $who ? "Authorization: OAuth $who" : (),
        'Content-Type: application/xml', @lines, '') . "\r\n$part");

    my $answer = $client->finish;

    $client->close;

    return $answer;
}


# the record that is left while curl waits for more to send (it reads nothing
# meanwhile); then more is sent

sub stalled_http2 {
    my ($target, $who, $part, $n) = @_;

    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1',
        PeerPort => $t->port(1),
    ) or die "cannot connect: $!\n";

    my @headers = (
        ':method', 'POST', ':scheme', 'http', ':authority', 'localhost',
        ':path', $target, 'authorization', "OAuth $who",
        'content-type', 'text/xml',
    );

    # literals that are not indexed (RFC 7541, 6.2.2)

    my $block = join '', map { "\0" . pack '(C/a)2', @headers[$_, $_ + 1] }
                         grep { $_ % 2 == 0 } 0 .. $#headers;

    print $socket "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                  frame(4, 0, 0, ''), frame(1, 4, 1, $block),
                  length $part ? frame(0, 0, 1, $part) : ();
    $socket->flush;

    my $record = ($t->wait_audit($n + 1))[$n];

    # the rest may find the connection closed

    local $SIG{PIPE} = 'IGNORE';

    print $socket frame(0, 0, 1, ' ' x 10000);
    close $socket;

    return $record // {};
}


# type, flags, stream, payload (RFC 9113, 4.1)

sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
           . pack('CCN', $type, $flags, $stream) . $payload;
}
