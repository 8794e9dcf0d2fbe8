#!/usr/bin/perl

# A body is judged alike wherever it is cut: into packets, chunks or HTTP/2
# frames, two at every place or one for each byte.  What is allowed reaches the
# API byte for byte; what is refused is, for the same reason at the same place.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Client;
use Itinerary::Document;
use Itinerary::Records;
use Itinerary::Refusal;
use Itinerary::Streams;

my $NS = $Itinerary::Document::NAMESPACE;

# requests that are in flight at a time

my $FLIGHT = 16;

my $t = Itinerary->new;

my $api = $t->upstream(sub {
    my ($request) = @_;

    my $shown = $request->{headers}{'x-body'};
    my ($id) = $request->{target} =~ /tripId=(\w+)/;

    $id //= 'T' . ($request->{body} =~ m{<RecordLocator>(\w+)<})[0]
        if !$shown;

    return [200, {}, $shown ? decode_base64($shown->[0])
                            : answered($request->{body}, $id)];
});

$t->redis;

$t->nginx(conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_supplier $http_x_supplier;
    itinerary_booking_source any;
    itinerary enforce;
    proxy_ignore_client_abort on;
    keepalive_requests 100000;

    upstream api {
        server %%UPSTREAM%%;
        keepalive 16;
    }

    server {
        listen 127.0.0.1:%%PORT_0%%;
        listen %%HTTP2_1%%;

        location / {
            proxy_pass http://api;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
END


# How a body is sent: each way takes the target, who posts, and lists of pieces,
# and returns the answers; so many requests are in flight.

my %ways = (
    packets => \&packets,
    chunks  => \&chunks,
    frames  => \&frames,
);

my (@connections, $streams);


sub connection {
    my ($n) = @_;

    return $connections[$n] //= Itinerary::Client->new(port => $t->port(0));
}


# the answers on so many connections; nginx closes one after some refusals

sub answers {
    my ($count) = @_;

    my @answers = map { connection($_)->finish } 0 .. $count - 1;

    for my $n (0 .. $#answers) {
        my $connection = $answers[$n]{headers}{connection}[0] // 'close';

        if ($connection eq 'close') {
            $connections[$n]->close;
            $connections[$n] = undef;
        }
    }

    return @answers;
}


sub head {
    my ($target, $who, $line) = @_;

    return join "\r\n", "POST $target HTTP/1.1", 'Host: localhost',
                "X-Supplier: $who", 'Content-Type: application/xml', $line, '',
                '';
}


# the first pieces of all, the second ones, and so on

sub packets {
    my ($target, $who, @bodies) = @_;

    my $most = 0;

    for my $n (0 .. $#bodies) {
        my @pieces = @{ $bodies[$n] };
        my $length = length join '', @pieces;

        connection($n)->send(head($target, $who, "Content-Length: $length"));
        $most = @pieces if @pieces > $most;
    }

    for my $i (0 .. $most - 1) {
        connection($_)->send(\0.0005, $bodies[$_][$i] // '') for 0 .. $#bodies;
    }

    return answers(scalar @bodies);
}


# at once

sub chunks {
    my ($target, $who, @bodies) = @_;

    my $head = head($target, $who, 'Transfer-Encoding: chunked');

    for my $n (0 .. $#bodies) {
        connection($n)->send(join '', $head, map {
            sprintf "%x\r\n%s\r\n", length, $_
        } @{ $bodies[$n] }, '');
    }

    return answers(scalar @bodies);
}


sub frames {
    my ($target, $who, @bodies) = @_;

    $streams //= Itinerary::Streams->new(port => $t->port(1));

    $streams->write(join '', map {
        $streams->request('POST', $target,
                          ['X-Supplier'   => $who,
                           'Content-Type' => 'application/xml'], @$_);
    } @bodies);

    return $streams->answers;
}


# Documents of one length, each in two pieces and cut at another place, and one
# in pieces of a byte; the places, by what became of them.

sub cut {
    my ($way, $target, $who, $xml, $flight) = @_;

    my @places = (1 .. length($xml->()) - 1);
    my %became;

    while (my @at = splice @places, 0, $flight // $FLIGHT) {
        my @answers = $ways{$way}->($target, $who, map {
            my $bytes = $xml->();

            [substr($bytes, 0, $_), substr $bytes, $_]
        } @at);

        push @{ $became{ outcome($_) } }, shift @at for @answers;
    }

    my ($answer) = $ways{$way}->($target, $who, [split //, $xml->()]);

    push @{ $became{ outcome($answer) } }, 'every byte';

    return { map { $_ => "@{ $became{$_} }" } keys %became };
}


sub outcome {
    my ($answer) = @_;

    return "$answer->{status}" if $answer->{status} < 400;
    return "$answer->{status} $answer->{body}"
           =~ s{<RequestId>\w+</RequestId>}{}r;
}


# documents, as short as they can be

sub document {
    my ($bookings, $more) = @_;

    return qq{<?xml version="1.0"?>\n<Itinerary xmlns="$NS">}
           . '<TripName>M' . "\xc3\xbc" . 'ller &amp; S&#xF8;n</TripName>'
           . '<TripStatus>HK</TripStatus>'
           . ($more // '') . "<Bookings>\n$bookings</Bookings></Itinerary>\n";
}


sub named {
    my ($locator, $more) = @_;

    return "<Booking><RecordLocator>$locator</RecordLocator>"
           . '<BookingSource>Alpha</BookingSource>' . ($more // '')
           . '</Booking>';
}


# What is allowed: posts of new bookings.

my $n = 1000;
my @sent;

sub create {
    push @sent, document(named('A' . ++$n, '<x a="1"><![CDATA[]]]]></x>'));

    return $sent[-1];
}


for my $way (sort keys %ways) {
    $api->forget;
    @sent = ();

    my $became = cut($way, '/trip/v1', 'Alpha', \&create);

    # the first was asked for its length

    shift @sent;

    is_deeply([keys %$became], ['200'], "a body in $way is allowed")
        or diag(explain($became));
    is_deeply([sort map { $_->{body} } $t->requests], [sort @sent],
              'and reaches the API byte for byte');
}

my $records = records($t->redis, match => qr/^booking:ALPHA\|A/);

is(scalar(grep { "$_->{owner} $_->{state}" eq 'Alpha active' }
          values %$records),
   scalar(keys %ways) * length $sent[0], 'every booking is on record');


# An update that sends back the booking of another supplier as it was shown:
# another digest would be another booking.

my $shown = document(named('E1') . named('B1', '<Note>b &lt; c</Note>'),
                     '<id>S</id>');

sub show {
    return ['X-Body' => encode_base64($shown, '')];
}

$t->post_xml('/trip/v1', 'Alpha', document(named('E1')),
             headers => ['X-Body' => encode_base64(document(named('E1'),
                                                            '<id>S</id>'), '')])
    ->{status} == 200 or die "no trip\n";
$t->post_xml('/trip/v1', 'Beta', document(named('B1')), headers => show())
    ->{status} == 200 or die "no booking\n";

for my $way (sort keys %ways) {
    $t->shown('Alpha', 'S', sub {
        $t->http('GET', '/trip/v1/S', headers => ['X-Supplier' => 'Alpha',
                                                  @{ show() }]);
    });

    $api->forget;

    my $became = cut($way, '/trip/v1?tripId=S', 'Alpha', sub { $shown }, 1);
    my @bodies = map { $_->{body} } $t->requests;

    is_deeply([keys %$became], ['200'],
              "another's booking comes back as it was shown, in $way")
        or diag(explain($became));
    is(scalar(grep { $_ eq $shown } @bodies), length $shown,
       'every time the API gets its bytes');
}


# What is refused: the answer is that to the document in one piece, but for the
# request's id.  HTTP/1 costs a connection for most, so only some are sent so.

my $XSI = 'http://www.w3.org/2001/XMLSchema-instance';
my $plain = document(named('R1'));

my @everywhere = (
    ['no end',             'malformed_body',
     $plain =~ s{</Iti.*}{}sr],
    ['a broken character', 'malformed_body',
     $plain =~ s/\xbc/\xc3/r],
    ['a DOCTYPE',          'doctype_forbidden',
     $plain =~ s{\n}{\n<!DOCTYPE a>}r],
    ['CDATA within',       'ambiguous_body',
     $plain =~ s/R1/<![CDATA[R1]]>/r],
    ['no name',            'invalid_document',
     $plain =~ s/>M.*?<\/T/><\/T/r],
    ['another\'s booking', 'booking_not_owned',
     document(named('R1') . named('B1'))],
);

my @in_frames = (
    ['two roots',          'malformed_body',
     "$plain<a/>"],
    ['another end tag',    'malformed_body',
     $plain =~ s{/Bookings}{/Bookingz}r],
    ['another encoding',   'unsupported_encoding',
     $plain =~ s{"\?>}{" encoding="latin1"?>}r],
    ['an instruction',     'ambiguous_body',
     $plain =~ s{<Trip}{<?a b?><Trip}r],
    ['a comment within',   'ambiguous_body',
     $plain =~ s/R1/R<!--a-->1/r],
    ['two locators',       'ambiguous_body',
     $plain =~ s{(<RecordL.*?r>)}{$1$1}r],
    ['one booking twice',  'ambiguous_body',
     document(named('R1') . named('r1'))],
    ['xsi:nil',            'ambiguous_body',
     $plain =~ s{<RecordL\w+\K}{ xmlns:i="$XSI" i:nil="0"}r],
    ['another namespace',  'ambiguous_body',
     $plain =~ s{<Booking\K>}{ xmlns="urn:a">}r],
    ['another case',       'ambiguous_body',
     $plain =~ s/RecordLocator/recordLocator/gr],
    ['too deep',           'body_too_large',
     document(named('R1'), '<a>' x 64 . '</a>' x 64)],
);


sub refused_alike {
    my ($name, $reason, $xml, @ways) = @_;

    my $whole = $t->post_xml('/trip/v1', 'Alpha', $xml);

    is(code_of($whole), $reason, "$name: $reason");

    for my $way (@ways) {
        my $became = cut($way, '/trip/v1', 'Alpha', sub { $xml });

        is_deeply([keys %$became], [outcome($whole)], "$name: in $way as well")
            or diag(explain($became));
    }

    return;
}


$api->forget;

my $registry = registry($t);

refused_alike(@$_, sort keys %ways) for @everywhere;
refused_alike(@$_, 'frames') for @in_frames;

is(scalar($t->requests), 0, 'nothing of that reaches the API');
is_deeply(registry($t), $registry, 'nor the registry');

$t->done;
