#!/usr/bin/perl

# An allowed body comes to the API byte for byte, however it comes in, however
# nginx keeps it, and however it goes out; its length and SHA-256 are in the
# audit trail.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw(sha256_hex);
use JSON::PP qw(decode_json);
use Test::More;
use Itinerary;
use Itinerary::Refusal;

my $t = Itinerary->new;

# the API tells what it got

my $api = $t->upstream(sub {
    my ($request) = @_;

    my ($trip) = $request->{body} =~ m{TripName>(\w+)};
    my $headers = $request->{headers};

    return [200, {
        'X-Length'  => length $request->{body},
        'X-Sha256'  => sha256_hex($request->{body}),
        'X-Headers' => join(', ', map { $_ // 'none' }
                            $headers->{'content-length'}[0],
                            $headers->{'transfer-encoding'}[0]),
    }, answered(itinerary(TripName => $trip), $trip)];
});

$t->redis;

my @places = ('memory', 'file', 'single', 'unbuffered', 'http10', 'http11',
              'only', 'clean');

$t->nginx(conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;
    client_max_body_size 4m;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen %%HTTP2_1%%;

        location /memory/ {
            client_body_buffer_size 2m;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /file/ {
            client_body_buffer_size 1k;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /single/ {
            client_body_buffer_size 1k;
            client_body_in_single_buffer on;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /unbuffered/ {
            client_body_buffer_size 1k;
            proxy_request_buffering off;
            proxy_http_version 1.1;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /http10/ {
            proxy_http_version 1.0;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /http11/ {
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://%%UPSTREAM%%;
        }

        location /only/ {
            client_body_in_file_only on;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /clean/ {
            client_body_in_file_only clean;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $alpha = $t->token('Alpha');
my $n = 0;

for my $place (@places) {

    arrives("2 KB, $place", $place, small());
    arrives("1 MB, $place", $place, large());

    arrives("2 KB in a chunk, $place", $place, small(), chunked => 1);
    arrives("1 MB in a chunk, $place", $place, large(), chunked => 1);

    arrives("2 KB in chunks of a byte, $place", $place,
            [split //, small()], chunked => 1);
    arrives("1 MB in chunks of 1 to 9000 bytes, $place", $place,
            [uneven(large())], chunked => 1);
    arrives("2 KB in pieces, $place", $place, [pieces(small(), 100)]);

    over_http2("2 KB over HTTP/2, $place", $place, small());
    over_http2("1 MB over HTTP/2, $place", $place, large());
}


# what is not text for everybody, but XML in UTF-8

for my $case (
    ['a byte order mark', sub { "\xef\xbb\xbf$_[0]" }],
    ['an XML declaration',
     sub { qq{<?xml version="1.0" encoding="UTF-8"?>\r\n$_[0]} }],
    ['carriage returns', sub { $_[0] =~ s/\n/\r\n/gr }],
    ['white space and comments around it',
     sub { "<!-- a -->\n\n$_[0]\n<!-- b -->\n\n\n" }],
    ['characters of 2, 3 and 4 bytes',
     sub { $_[0] =~ s{Miller}{M\xc3\xbc\xe2\x82\xac\xf0\x9f\x9a\x80}r }],
    ['references and CDATA sections',
     sub { $_[0] =~ s{Miller}{&#x4d;&amp;<![CDATA[<&>]]>}r }],
    ['prefixes', sub { $_[0] =~ s{<(/?)(?=\w)}{<$1i:}gr =~ s/xmlns/xmlns:i/r }])
{
    my ($name, $write) = @$case;

    arrives("a body with $name", 'memory', $write->(small()));
}


# a client that waits for 100

for my $place ('memory', 'file', 'unbuffered') {
    for my $body (small(), large()) {
        my $length = length $body;
        my $client = $t->http_async(undef, undef, raw =>
            "POST /$place/trip/v1 HTTP/1.1\r\nHost: a\r\n"
            . "Authorization: OAuth $alpha\r\nContent-Type: text/xml\r\n"
            . "Expect: 100-continue\r\nContent-Length: $length\r\n\r\n");

        ok(wait_for(sub { $client->received =~ m{^HTTP/1.1 100 } }),
           "a client is told to send its $length bytes, $place");

        arrived("and they arrive", $body, sub { $client->send($body)->finish });
    }
}

my $curl = small();
arrived('curl with Expect', $curl, sub {
    $t->curl('--http1.1', 'POST', 'http://127.0.0.1:' . $t->port
             . '/file/trip/v1', body => $curl, headers => [
                 Authorization => "OAuth $alpha", Expect => '100-continue',
                 'Content-Type' => 'application/xml']);
});


# several on one connection: one after the other, and all at once

for my $place ('memory', 'file', 'unbuffered', 'http11') {
    my @bodies = map { small($_ % 2 ? 2048 : 9000) } 1 .. 4;
    my @requests = map {
        "POST /$place/trip/v1 HTTP/1.1\r\nHost: a\r\n"
        . "Authorization: Bearer $alpha\r\nContent-Type: text/xml\r\n"
        . 'Content-Length: ' . length() . "\r\n\r\n$_"
    } @bodies;

    my $client = $t->http_async(undef, undef, raw => '');

    for my $i (0 .. 3) {
        arrived("request $i on a connection, $place", $bodies[$i],
                sub { $client->send($requests[$i])->finish });
    }

    my @again = map { s/TRIP(\w+)/TRIP${1}X/gr } @bodies;

    for my $i (0 .. 3) {
        $requests[$i] =~ s/Content-Length: .*/sprintf 'Content-Length: %d%s',
            length $again[$i], "\r\n\r\n" . $again[$i]/es;
    }

    $api->forget;
    $client->send(join '', @requests);

    my @answers = map { $client->finish->{status} } 1 .. 4;

    is("@answers", '200 200 200 200', "four at once, $place");

    my @got = map { sha256_hex($_->{body}) } $t->requests;

    is_deeply(\@got, [map { sha256_hex($_) } @again],
              'all of them arrive');

    # an update may be refused between two that pass, and takes no bytes of
    # its neighbors

    my ($first, $last) = (small(), small());
    my @mixed = map {
        my ($target, $body) = @$_;
        "POST $target HTTP/1.1\r\nHost: a\r\nAuthorization: OAuth $alpha\r\n"
        . "Content-Type: text/xml\r\nContent-Length: " . length($body)
        . "\r\n\r\n$body"
    } ["/$place/trip/v1", $first], ["/$place/trip/v1?tripId=no", small(9000)],
      ["/$place/trip/v1/x", $last], ["/$place/trip/v1", $last];

    $api->forget;
    $client = $t->http_async(undef, undef, raw => join '', @mixed);

    is(join(' ', map { $client->finish->{status} } 1 .. 4),
       '200 403 404 200', "two refused between two that pass, $place");

    is_deeply([map { $_->{body} } $t->requests], [$first, $last],
              'which arrive, alone');
}

$t->done;


sub arrives {
    my ($name, $place, $body, %opt) = @_;

    return arrived($name, ref $body ? join('', grep { !ref } @$body) : $body,
                   sub { $t->post_xml("/$place/trip/v1", $alpha, $body, %opt) });
}


sub over_http2 {
    my ($name, $place, $body) = @_;

    return arrived($name, $body, sub {
        $t->http2('POST', "/$place/trip/v1", body => $body, headers => [
            Authorization => "OAuth $alpha",
            'Content-Type' => 'application/xml']);
    });
}


sub arrived {
    my ($name, $body, $answer) = @_;

    my ($trip) = $body =~ /TRIP(\w+)/;

    $api->forget;
    $answer = $answer->();

    my $record;

    wait_for(sub {
        ($record) = $t->read_file('audit.log')
                    =~ /^(.*"completed".*"TRIP$trip".*)$/m;
    });

    $record = decode_json($record // '{}');

    is_deeply(
        {
            status => $answer->{status},
            length => $answer->{headers}{'x-length'}[0],
            sent   => $answer->{headers}{'x-headers'}[0],
            sha256 => $answer->{headers}{'x-sha256'}[0],
            bytes  => $record->{body_bytes},
            digest => $record->{body_sha256},
            times  => $t->read_file('upstream0/requests') =~ tr/\n//,
        },
        {
            status => 200,
            length => length $body,
            sent   => length($body) . ', none',
            sha256 => sha256_hex($body),
            bytes  => length $body,
            digest => sha256_hex($body),
            times  => 1,
        },
        $name);

    return;
}


# pieces of 1 to 9000 bytes

sub uneven {
    my ($text) = @_;

    my @pieces;

    for (my ($i, $size) = (0, 1); $i < length $text; $i += $size) {
        $size = $size * 7 % 9001;
        push @pieces, substr $text, $i, $size;
    }

    return @pieces;
}


sub pieces {
    my ($text, $size) = @_;

    return map { ($_, \0.001) } $text =~ /(.{1,$size})/gs;
}


# every document names its own trip and booking

sub small {
    my ($size) = @_;

    my $id = ++$n;

    my $xml = itinerary(
        TripName => "TRIP$id",
        bookings => [{ source => 'Alpha', locator => "L$id" }],
        Comments => '',
    );

    return padded($xml, $size // 2048);
}


sub large {
    my ($id) = ++$n;

    return padded(itinerary(
        TripName => "TRIP$id",
        bookings => [{ source => 'Alpha', locator => "L$id",
                       segments => [('Air', 'Hotel') x 900] }],
    ), 1048576);
}


sub padded {
    my ($xml, $size) = @_;

    my $missing = $size - length $xml;

    while ($missing > 7) {
        my $comment = $missing > 30000 ? 30000 : $missing;

        $xml .= '<!--' . 'x' x ($comment - 7) . '-->';
        $missing -= $comment;
    }

    return $xml;
}
