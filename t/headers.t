#!/usr/bin/perl

# What the headers say of a body and of who sends it is said once, and is what
# the gateway reads: no other media type, no other encoding, one supplier.

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

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /named/ {
            itinerary_supplier $arg_name;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $alpha = $t->token('Alpha');
my $ascii = itinerary(bookings => [{ source => 'Alpha', locator => 'A1' }]);
my $utf8 = $ascii =~ s/Miller/M\xc3\xbcller/r;


# media types and charsets

for my $type (
    'application/xml', 'text/xml', 'APPLICATION/XML', 'application/xml;',
    'application/xml; charset=utf-8', 'text/xml;charset=UTF-8',
    'text/xml; charset="utf-8"', 'text/xml ; Charset=Utf-8 ; a=b',
    'application/xml; a="b;charset=x"', 'application/vnd.x+xml',
    'application/atom+XML; charset=utf-8')
{
    my ($answer, $request) = passes($t, "$type passes", sub {
        posted([$type], $utf8);
    });

    is_deeply($request->{headers}{'content-type'}, [$type],
              '- as it was sent');
}

passes($t, 'US-ASCII passes', sub {
    posted(['text/xml; charset=us-ascii'], $ascii);
});

for my $type (
    'text/plain', 'text/html', 'application/json', 'application/xhtml',
    'application/octet-stream', 'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x', 'multipart/related; type="text/xml"',
    'multipart/mixed; boundary="application/xml"', 'xml', 'application/',
    '/xml', '*/*', 'application/*', 'application/xmlx', 'application/+xml',
    'application/xml-dtd', 'text/xml-external-parsed-entity', 'message/http',
    'application/xml, text/plain', 'text/plain, application/xml',
    'application/xml text/plain', 'application/xml charset=utf-8',
    'application/xml; charset', 'application/xml; charset=',
    'application/xml; charset="utf-8', 'application /xml', '"text/xml"',
    'text/plain; application/xml', 'text/plain;+xml', 'application/gzip', '')
{
    refused($t, "\"$type\" is no XML type", 415, 'unsupported_media_type',
            sub { posted([$type], $ascii) });
}

for my $charset ('iso-8859-1', 'utf-16', 'utf-7', 'UTF16LE', 'ascii', 'utf8',
                 'x-utf-8', 'windows-1252', '"utf-7"', "'utf-8'", 'ebcdic')
{
    refused($t, "charset=$charset is another encoding", 415,
            'unsupported_encoding',
            sub { posted(["application/xml; charset=$charset"], $ascii) });
}

refused($t, 'two charsets are ambiguous', 400, 'ambiguous_header', sub {
    posted(['application/xml; charset=utf-8; charset=utf-8'], $ascii);
});

for my $case (
    ['a header that says US-ASCII', 'text/xml; charset=us-ascii', $utf8],
    ['a declaration of US-ASCII', 'text/xml',
     qq{<?xml version="1.0" encoding="US-ASCII"?>$utf8}],
    ['a declaration of ISO-8859-1', 'text/xml',
     qq{<?xml version="1.0" encoding="ISO-8859-1"?>$ascii}],
    ['a header that contradicts the declaration',
     'text/xml; charset=us-ascii',
     qq{<?xml version="1.0" encoding="UTF-8"?>$ascii}],
    ['a declaration that contradicts the header', 'text/xml; charset=utf-8',
     qq{<?xml version="1.0" encoding="us-ascii"?>$ascii}],
    ['UTF-16', 'text/xml', "\xff\xfe" . join "\0", split(//, $ascii), ''],
    ['UTF-16 without a mark', 'text/xml', join "\0", split(//, $ascii), ''],
    ['UTF-7', 'text/xml',
     qq{<?xml version="1.0" encoding="UTF-7"?>+ADw-Itinerary/+AD4-}],
    ['XML 1.1', 'text/xml', qq{<?xml version="1.1"?>$ascii}])
{
    my ($name, $type, $body) = @$case;

    refused($t, "$name is refused", 415, 'unsupported_encoding',
            sub { posted([$type], $body) });
}

refused($t, 'ISO-8859-1 in disguise is refused', 400, 'malformed_body',
        sub { posted(['text/xml'], $ascii =~ s/Miller/M\xfcller/r) });


# another format in disguise

for my $case (
    ['multipart', "--x\r\nContent-Type: text/xml\r\n\r\n$ascii\r\n--x--\r\n"],
    ['a form', "a=b&xml=$ascii"], ['JSON', '{"Itinerary":{}}'],
    ['gzip', "\x1f\x8b\x08\0\0\0\0\0\0\3", 415, 'unsupported_encoding'],
    ['zip', "PK\3\4$ascii"], ['a boundary', "$ascii--x--"])
{
    my ($name, $body, $status, $reason) = @$case;

    refused($t, "$name in disguise is refused", $status // 400,
            $reason // 'malformed_body',
            sub { posted(['application/xml'], $body) });
}


# a post of which nothing says that it has a body has none

for my $version ('1.0', '1.1') {
    refused($t, "HTTP/$version without a length is without a body", 400,
            'malformed_body', sub {
        $t->http(undef, undef, raw => join "\r\n",
            "POST /trip/v1 HTTP/$version", 'Host: a', 'Connection: close',
            "Authorization: OAuth $alpha", 'Content-Type: text/xml', '',
            $version eq '1.0' ? $ascii : '');
    });
}


# twice, or encoded

for my $types (['text/xml', 'text/xml'], ['text/xml', 'text/plain'],
               ['application/json', 'text/xml'])
{
    refused($t, 'two Content-Types are ambiguous', 400, 'ambiguous_header',
            sub { posted($types, $ascii) });
}

for my $coding ('gzip', 'deflate', 'br', 'identity', 'x-gzip, identity', '',
                'GZIP')
{
    for my $headers ([], ['Content-Encoding' => 'identity']) {
        refused($t, "Content-Encoding: $coding is refused", 415,
                'unsupported_encoding', sub {
            posted(['text/xml'], $ascii, 'Content-Encoding' => $coding,
                   @$headers);
        });
    }
}


# who sends it; nginx knows a second Authorization itself

for my $second ("OAuth $alpha", 'OAuth other', 'Basic YTpi') {
    my $requests = $t->requests;
    my $answer = posted(['text/xml'], $ascii, Authorization => $second);

    is($answer->{status}, 400, "two Authorization headers: $second");
    is(scalar $t->requests, $requests, '- are not forwarded');
}

for my $authorization (
    undef, '', 'OAuth', 'OAuth ', 'Bearer', 'Basic YTpi', "$alpha",
    "OAuth$alpha", "OAuth: $alpha", "Token $alpha", "Bearer $alpha x",
    "OAuth \"$alpha\"", "Digest $alpha", 'OAuth ' . uc $alpha,
    "OAuth $alpha, OAuth $alpha", 'OAuth nobody', 'OAuth *',
    'OAuth ' . 'x' x 3000)
{
    my ($answer) = refused(
        $t, 'Authorization: ' . substr($authorization // 'none', 0, 40)
        . ' is nobody', 401, 'unknown_supplier', sub {
        $t->http('POST', '/trip/v1', body => $ascii, headers => [
            Authorization => $authorization, 'Content-Type' => 'text/xml']);
    });

    ok($answer->{headers}{'www-authenticate'}, '- who is told to log in');
}

for my $authorization ("OAuth $alpha", "oauth $alpha", "Bearer $alpha",
                       "BEARER   $alpha")
{
    passes($t, "$authorization is Alpha", sub {
        $t->http('POST', '/trip/v1', body => $ascii, headers => [
            Authorization => $authorization, 'Content-Type' => 'text/xml']);
    });
}

# a name in Redis that is none

for my $name ('', "a\nb", "\xc3\xa9", 'x' x 129, "a\tb") {
    my $token = $t->token($name, token => 'odd');

    refused($t, 'a token without a proper name is nobody\'s', 401,
            'unknown_supplier', sub {
        $t->post_xml('/trip/v1', $token, $ascii);
    }, audit => { supplier => undef });
}


# a supplier of the configuration; the name is compared byte by byte

for my $case ([401, 'unknown_supplier', ''], [401, 'unknown_supplier', '?name='],
              [403, 'booking_not_owned', '?name=alpha'],
              [401, 'unknown_supplier', '?name=' . 'x' x 129],
              [401, 'unknown_supplier', "?name=\xc3\xa9"],
              [403, 'booking_not_owned', '?name=' . 'x' x 128])
{
    my ($status, $reason, $query) = @$case;

    refused($t, "a name from the configuration: $query", $status, $reason,
            sub { $t->post_xml("/named/trip/v1$query", $alpha, $ascii) });
}

passes($t, 'the supplier of the configuration passes', sub {
    $t->post_xml('/named/trip/v1?name=Alpha', undef, $ascii);
});


# no token is written down anywhere

unlike($t->read_file('audit.log') . $t->error_log =~ s/^.*duplicate.*\n//mgr,
       qr/token-of/, 'no token is in a log');

$t->done;


sub posted {
    my ($types, $body, @headers) = @_;

    return $t->http('POST', '/trip/v1', body => $body, headers => [
        Authorization => "OAuth $alpha",
        (map { ('Content-Type' => $_) } @$types), @headers]);
}
