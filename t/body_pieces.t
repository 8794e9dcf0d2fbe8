#!/usr/bin/perl

# A body is read alike wherever it is cut, as bytes on the wire or in chunks;
# cut short, it is refused, wherever that is.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Refusal;

my $t = Itinerary->new;

$t->upstream(sub {
    my ($request) = @_;
    return [200, { 'X-Body' => unpack('H*', $request->{body}) },
            answered(itinerary(), 'T1')];
});

$t->redis;

$t->nginx(conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;
    proxy_buffer_size 16k;
    proxy_buffers 4 16k;
    proxy_busy_buffers_size 16k;
    keepalive_requests 100000;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /file/ {
            client_body_in_file_only clean;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $alpha = $t->token('Alpha');

# short, with what is more than one byte

my $ns = $Itinerary::Document::NAMESPACE;
my $xml = <<"END";
\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>
<Itinerary xmlns="$ns"><!-- a --><TripName>M\xc3\xbcller
&amp; S\xc3\xb8n</TripName><TripStatus>HK</TripStatus>
<Bookings><Booking><RecordLocator>A1</RecordLocator>
<BookingSource>Alpha</BookingSource><x><![CDATA[]]]]></x></Booking></Bookings>
</Itinerary>
END

my $length = length $xml;
my $hex = unpack 'H*', $xml;

for my $place ('', '/file') {

    my $client = connection();
    my @failed;

    for my $i (1 .. $length - 1) {
        my $answer = $client->send(
            head($place, "Content-Length: $length") . substr($xml, 0, $i),
            \0.001, substr($xml, $i))->finish;

        push @failed, $i unless allowed($answer);
    }

    is("@failed", '', "a body that comes in two pieces arrives, $place");

    @failed = ();

    for my $i (1 .. $length - 1) {
        my $answer = $client->send(
            head($place, 'Transfer-Encoding: chunked')
            . join('', map { sprintf "%x\r\n%s\r\n", length, $_ }
                       substr($xml, 0, $i), substr($xml, $i), '')
        )->finish;

        push @failed, $i unless allowed($answer);
    }

    is("@failed", '', "and one that comes in two chunks, $place");

    @failed = ();

    my $chunked = sprintf "%x;x=y\r\n%s\r\n%x\r\n%s\r\n0\r\nA: b\r\n\r\n",
                          100, substr($xml, 0, 100),
                          $length - 100, substr($xml, 100);

    for my $i (1 .. length($chunked) - 1) {
        my $answer = $client->send(
            head($place, 'Transfer-Encoding: chunked')
            . substr($chunked, 0, $i), \0.001, substr($chunked, $i))->finish;

        push @failed, $i unless allowed($answer);
    }

    is("@failed", '', "and chunks that come in two pieces, $place");

    $client->close;
}

my $client = connection();

ok(allowed($client->send(head('', "Content-Length: $length"),
                         map { ($_, \0.001) } split //, $xml)->finish),
   'and one that comes byte by byte');


# cut short

my $before = registry($t);
my $requests = $t->requests;
my $records = $t->audit;
my @failed;

for my $i (1 .. $length - 2) {
    my $short = connection()->send(head('', "Content-Length: $i")
                                   . substr($xml, 0, $i));

    my $code = code_of($short->finish) // '';

    # a part of a byte order mark is none, a part of a name is another name

    push @failed, "$i $code"
        if $code !~ ($i < 3 ? qr/^unsupported_encoding$/
                  : $xml =~ /^.{$i}(?<=[a-zA-Z])\w/s
                  ? qr/^(?:malformed_body|invalid_document|ambiguous_body)$/
                  : qr/^malformed_body$/);

    $short->close;
}

is("@failed", '', 'a document that is cut short is refused, wherever');
is(scalar $t->requests, $requests, 'and goes nowhere');
is_deeply(registry($t), $before, 'nothing of it is claimed');

my @rejected = grep { $_->{event} eq 'rejected' }
               $t->wait_audit($records + $length - 2);

is(scalar @rejected, $length - 2, 'each is recorded, once');


# a client that breaks off

for my $i (0, 1, 100, $length - 1) {
    my $gone = connection();

    $gone->send(head('', "Content-Length: $length") . substr($xml, 0, $i));
    wait_for(sub { !@{ $gone->{out} } });
    $gone->close;
}

for my $chunk ('5', "5\r\n<Iti", "zz\r\n", "5\r\n<Itinxx\r\n",
               sprintf("%x\r\n%s\r\n", $length, $xml),
               sprintf("%x\r\n%s\r\n0\r\n", $length, $xml))
{
    my $gone = connection();

    $gone->send(head('', 'Transfer-Encoding: chunked') . $chunk);
    wait_for(sub { !@{ $gone->{out} } });
    $gone->close;
}

# nginx has one worker: it is through with them when this one passes

passes($t, 'a request that is whole passes', sub {
    connection()->send(head('', "Content-Length: $length") . $xml)->finish;
});

is(scalar $t->requests, $requests + 1, 'those that broke off did not');
is_deeply(registry($t)->{'itinerary:booking:ALPHA|A1'}{state}, 'active',
          'and left nothing in doubt');

$t->done;


sub connection {
    return $t->http_async(undef, undef, raw => '');
}


sub head {
    my ($place, @lines) = @_;

    return join "\r\n", "POST $place/trip/v1 HTTP/1.1", 'Host: a',
                "Authorization: OAuth $alpha", 'Content-Type: text/xml',
                @lines, '', '';
}


sub allowed {
    my ($answer) = @_;

    return $answer->{status} == 200
           && ($answer->{headers}{'x-body'}[0] // '') eq $hex;
}
