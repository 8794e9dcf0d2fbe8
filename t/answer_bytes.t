#!/usr/bin/perl

# An answer reaches the client byte for byte, however it comes and goes, and is
# understood all the same.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Uncompress::Gunzip qw(gunzip);
use Test::More;
use Itinerary;

my $t = Itinerary->new;

my $ns = qq{xmlns="$Itinerary::Document::NAMESPACE"};

my $small = qq{<Itinerary $ns>\n<ItinLocator>T1</ItinLocator><TripName>}
            . qq{\xc3\x89&amp;<![CDATA[&]]></TripName></Itinerary>\n};

# some text, and some bookings, so that nothing is lost in a single buffer

my $large = answered(itinerary(bookings => [
    map { { source => 'Old', locator => "L$_",
            xml => '<Note>' . ("$_ " x 1200) . '</Note>' } } 1 .. 500
]), 'T2');

die if length $large < 2_000_000;

my $chunk = sub { map { sprintf "%x\r\n%s\r\n", length, $_ } @_ };


sub head {
    my ($status, @headers) = @_;

    return join "\r\n", "HTTP/1.$status", 'Content-Type: application/xml',
                'Connection: close', @headers, '', '';
}


# how the API sends an answer, by name

my %ways = (
    'with its length' => sub {
        my ($body) = @_;
        return [200, {}, $body];
    },

    'in chunks' => sub {
        my ($body) = @_;

        return head('1 200 OK', 'Transfer-Encoding: chunked'),
               $chunk->(unpack '(a65521)*', $body), "0\r\n\r\n";
    },

    'in chunks with a trailer, the last one late' => sub {
        my ($body) = @_;

        return head('1 200 OK', 'Transfer-Encoding: chunked'),
               $chunk->($body), \0.02, "0\r\nX-Trailer: 1\r\n\r\n";
    },

    'to the end of the connection' => sub {
        my ($body) = @_;
        return head('1 200 OK'), $body;
    },

    'as HTTP/1.0' => sub {
        my ($body) = @_;
        return head('0 200 OK'), $body;
    },

    'in pieces' => sub {
        my ($body) = @_;
        my $size = int(length($body) / 7) + 1;

        return [200, {}, [map { ($_, \0.002) } unpack "(a$size)*", $body]];
    },

    'kept alive' => sub {
        my ($body) = @_;
        return [200, { Connection => 'keep-alive' }, $body];
    },
);

my @ways = sort keys %ways;


$t->upstream(sub {
    my ($request) = @_;

    my $h = $request->{headers};
    my $body = ($h->{'x-size'}[0] // '') eq 'large' ? $large : $small;

    if (defined $h->{'x-split'}) {
        my $at = $h->{'x-split'}[0];

        return [200, {}, [substr($body, 0, $at), \0.001, substr($body, $at)]];
    }

    if ($h->{'x-bytes'}) {
        return [200, {}, [map { ($_, \0.0002) } split //, $body]];
    }

    if (defined $h->{'x-status'}) {
        return [$h->{'x-status'}[0], {}, $h->{'x-body'}[0] // ''];
    }

    return $ways{ $ways[ $h->{'x-way'}[0] ] }->($body);
});

$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;

    proxy_ignore_client_abort on;
    proxy_set_header X-Supplier "";
    gzip_types application/xml;

    upstream api {
        server %%UPSTREAM%%;
        keepalive 4;
    }

    server {
        listen 127.0.0.1:%%PORT_0%%;
        listen 127.0.0.1:%%PORT_2%% sndbuf=16k;
        listen %%HTTP2_1%%;

        location /buffered/ {
            proxy_pass http://api;
        }

        location /1.1/ {
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://api;
        }

        location /unbuffered/ {
            proxy_buffering off;
            proxy_pass http://api;
        }

        location /files/ {
            proxy_buffers 2 4k;
            proxy_buffer_size 4k;
            proxy_busy_buffers_size 4k;
            proxy_http_version 1.1;
            proxy_pass http://api;
        }

        location /slow/ {
            proxy_buffers 2 4k;
            proxy_buffer_size 4k;
            proxy_busy_buffers_size 4k;
            proxy_max_temp_file_size 0;
            proxy_pass http://api;
        }

        location /sendfile/ {
            proxy_buffers 2 4k;
            proxy_buffer_size 4k;
            proxy_busy_buffers_size 4k;
            sendfile on;
            output_buffers 1 512;
            proxy_pass http://api;
        }

        location /zipped/ {
            gzip on;
            gzip_min_length 1;
            proxy_pass http://api;
        }

        location /unchunked/ {
            chunked_transfer_encoding off;
            proxy_pass http://api;
        }

        location /postponed/ {
            postpone_output 1460;
            proxy_buffering off;
            proxy_pass http://api;
        }
    }
END_CONF

my $xml = itinerary();


sub post {
    my ($location, $header, %opt) = @_;

    my @headers = (@$header, 'X-Supplier' => 'Alpha',
                   'Content-Type' => 'application/xml');

    my $call = $opt{http2} ? 'http2' : 'http';

    return $t->$call('POST', "/$location/trip/v1.1", %opt, body => $xml,
                     headers => \@headers);
}


# as the last record has it

sub outcome {
    my ($record) = $t->read_file('audit.log') =~ /([^\n]*)\n\z/;

    return $record =~ /"outcome":"(\w+)"/ ? $1 : 'none';
}


for my $location (qw(buffered 1.1 unbuffered files slow sendfile unchunked
                     postponed))
{
    for my $size ('small', 'large') {
        my $body = $size eq 'small' ? $small : $large;

        for my $way (0 .. $#ways) {
            my $header = ['X-Size' => $size, 'X-Way' => $way];
            my $answer = post($location, $header);
            my $name = "/$location/, $size, $ways[$way]";

            ok($answer->{body} eq $body && !$answer->{error},
               "$name: the client gets every byte");
            is(outcome(), 'recorded', "$name: the gateway understands it");
        }
    }
}

for my $size ('small', 'large') {
    my $body = $size eq 'small' ? $small : $large;

    for my $location (qw(buffered unbuffered files)) {
        my $header = ['X-Size' => $size, 'X-Way' => 0];
        my $answer = post($location, $header, version => '1.0');

        ok($answer->{body} eq $body && !$answer->{error},
           "/$location/, $size: an HTTP/1.0 client gets every byte");

        $answer = post($location, $header, http2 => 1);

        is($answer->{version}, 2, 'an HTTP/2 client');
        ok($answer->{body} eq $body && !$answer->{error},
           "/$location/, $size: gets every byte");
        is(outcome(), 'recorded', 'the gateway understands it');
    }

    my $answer = post('zipped', ['Accept-Encoding' => 'gzip', 'X-Way' => 0,
                                 'X-Size' => $size]);

    is($answer->{headers}{'content-encoding'}[0], 'gzip',
       "$size: nginx compresses an answer");
    gunzip(\$answer->{body} => \my $plain);
    ok($plain eq $body, 'the client gets every byte');
    is(outcome(), 'recorded', 'the gateway understands it');
}


# a client whose answer is in memory and in a file, now this and now that

for my $way (0 .. $#ways) {
    my $answer = post('sendfile', ['X-Size' => 'large', 'X-Way' => $way],
                      port => $t->port(2));

    ok($answer->{body} eq $large && !$answer->{error},
       "$ways[$way], and out slowly: the client gets every byte");
    is(outcome(), 'recorded', 'the gateway understands it');
}

like($t->error_log, qr/buffered to a temporary file .*sendfile/,
     'an answer was too large for nginx\'s memory');


# all the other answers

for my $case ([200, ''], [200, 'x'], [404, 'x'], [404, ''], [500, 'no'],
              [301, 'x'], [403, '<Error/>'])
{
    my ($status, $body) = @$case;

    for my $location (qw(buffered unbuffered 1.1)) {
        my $answer = post($location, ['X-Status' => $status,
                                      'X-Body' => $body]);

        is("$answer->{status} $answer->{body}", "$status $body",
           "/$location/: an answer with $status and '$body' is passed on");
        is($answer->{error}, undef, 'to its end');
        is($answer->{headers}{'content-length'}[0], length $body,
           'with its length');
    }
}


# split at every byte

{
    my ($bytes, $understood) = (0, 0);

    for my $at (0 .. length $small) {
        my $answer = post('unbuffered', ['X-Split' => $at]);

        $bytes++ if $answer->{body} eq $small && !$answer->{error};
        $understood++ if outcome() eq 'recorded';
    }

    is($bytes, 1 + length $small,
       'split at every byte: the client gets every byte');
    is($understood, 1 + length $small, 'and the gateway understands it');
}

for my $location ('unbuffered', 'buffered', 'postponed') {
    my $answer = post($location, ['X-Bytes' => 1]);

    is($answer->{body}, $small, "/$location/: byte by byte, every one comes");
    is(outcome(), 'recorded', 'the gateway understands it');
}

$t->done;
