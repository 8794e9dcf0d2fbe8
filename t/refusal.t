#!/usr/bin/perl

# Every reason for which a create, an update or a cancel is refused: its
# status, its document in XML and in JSON, its headers, its audit record; and
# that nothing of it comes to the API or stays in Redis.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;
use XML::LibXML;
use Itinerary;
use Itinerary::Refusal;

my $t = Itinerary->new;

$t->upstream;
$t->redis;

$t->nginx(conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    itinerary_max_bookings 3;
    proxy_ignore_client_abort on;
    client_max_body_size 64k;

    add_header X-Request-Id $request_id always;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /named/ {
            itinerary_supplier $http_x_name;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /unrecorded/ {
            itinerary_audit_log /dev/full;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $trip = '/api/travel/trip/v1.1';
my $alpha = $t->token('Alpha');
my $beta = $t->token('Beta');

my $xml = itinerary(bookings => [{ source => 'Alpha', locator => 'A1' }]);

# Alpha has a trip with a booking

is($t->post_xml($trip, $alpha, $xml)->{status}, 200, 'Alpha creates a trip');
$t->wait_audit(2);

my $mine = "$trip?tripId=CNQR1234567890";

# what is refused: status, reason, what is sent, what the audit record says;
# "path" and "line" are those of the first detail

my @cases = (
    {
        name => 'a body that is not well-formed', status => 400,
        reason => 'malformed_body', body => $xml =~ s{</Bookings>}{}r,
        audit => { operation => 'create', supplier => 'Alpha' },
        path => '/Itinerary/Bookings', line => qr/^2\d$/,
    },
    {
        name => 'a second root', status => 400, reason => 'malformed_body',
        body => "$xml$xml", line => qr/^30$/,
    },
    {
        name => 'bytes after the root', status => 400,
        reason => 'malformed_body', body => "$xml\0", line => 30,
    },
    {
        name => 'a truncated body', status => 400,
        reason => 'malformed_body', body => substr($xml, 0, -14),
        path => '/Itinerary', line => qr/^2\d$/,
    },
    {
        name => 'an empty body', status => 400, reason => 'malformed_body',
        body => '',
    },
    {
        name => 'a document type', status => 400, reason =>
        'doctype_forbidden', body => "<!DOCTYPE Itinerary>\n$xml", line => 1,
        audit => { body_sha256 => undef },
    },
    {
        name => 'a path that nginx normalises', status => 400,
        reason => 'ambiguous_path', target => '/api//travel/trip/v1.1',
        audit => { supplier => undef },
    },
    {
        name => 'two Content-Types', status => 400,
        reason => 'ambiguous_header',
        headers => ['Content-Type' => 'application/xml'],
        audit => { operation => 'create', supplier => undef },
    },
    {
        name => 'two trip ids', status => 400, reason => 'ambiguous_query',
        target => "$mine&tripid=2",
    },
    {
        name => 'two record locators', status => 400,
        reason => 'ambiguous_body', body => itinerary(bookings => [
            { locator => 'A2', xml => '<RecordLocator>B</RecordLocator>' }]),
        path => qr{^/Itinerary/Bookings/Booking}, line => qr/^2\d$/,
    },
    {
        name => 'another trip in the body than in the query', status => 400,
        reason => 'ambiguous_body', target => $mine,
        body => itinerary(ItinLocator => 'Other'),
        audit => { operation => 'update', trip => 'CNQR1234567890' },
    },
    {
        name => 'a trip id with a slash', status => 400,
        reason => 'bad_trip_id', target => "$trip?tripId=a/b",
    },
    {
        name => 'a cancel without a trip id', status => 400,
        reason => 'bad_trip_id', target => "$trip/cancel", body => undef,
        audit => { operation => 'cancel' },
    },
    {
        name => 'a cancel with a body', status => 400,
        reason => 'unexpected_body',
        target => "$trip/cancel?tripId=CNQR1234567890",
        audit => { operation => 'cancel', trip => 'CNQR1234567890' },
    },
    {
        name => 'a header that overrides the method', status => 400,
        reason => 'method_override',
        headers => ['X-HTTP-Method-Override' => 'DELETE'],
    },
    {
        name => 'a token that is nobody\'s', status => 401,
        reason => 'unknown_supplier', who => 'nonsense',
        also => { 'www-authenticate' => 'Bearer realm="itinerary"' },
        audit => { operation => 'create', supplier => undef },
    },
    {
        name => 'no token', status => 401, reason => 'unknown_supplier',
        who => undef,
        also => { 'www-authenticate' => 'Bearer realm="itinerary"' },
    },
    {
        name => 'a supplier without a name', status => 401,
        reason => 'unknown_supplier', target => "/named$trip",
        also => { 'www-authenticate' => 'Bearer realm="itinerary"' },
    },
    {
        name => 'an update of another supplier\'s trip', status => 403,
        reason => 'trip_not_owned', target => $mine, who => $beta,
        audit => { operation => 'update', supplier => 'Beta',
                   trip => 'CNQR1234567890' },
    },
    {
        name => 'an update of a trip that nobody knows', status => 403,
        reason => 'trip_not_owned', target => "$trip?tripId=Nobodys",
    },
    {
        name => 'a cancel of a trip that nobody knows', status => 403,
        reason => 'trip_not_owned', target => "$trip/cancel?tripId=Nobodys",
        body => undef,
    },
    {
        name => 'another supplier\'s booking', status => 403,
        reason => 'booking_not_owned', who => $beta,
        body => itinerary(bookings => [
            { source => 'Beta', locator => 'B1' },
            { source => 'Alpha', locator => 'A1' }]),
        details => 2,
        path => '/Itinerary/Bookings/Booking[2]', line => 28,
        audit => { operation => 'create', supplier => 'Beta' },
    },
    {
        name => 'a POST to another path', status => 404,
        reason => 'unknown_operation', target => '/api/travel/trip',
    },
    {
        name => 'another method', status => 405,
        reason => 'method_not_allowed', method => 'DELETE', body => undef,
        also => { allow => 'GET, HEAD, POST' },
    },
    {
        name => 'a trip that another write is under way to', status => 409,
        reason => 'trip_busy', target => "$trip?tripId=Busy",
        also => { 'retry-after' => '1' },
        audit => { operation => 'update', trip => 'Busy' },
    },
    {
        name => 'a body over client_max_body_size', status => 413,
        reason => 'body_too_large', body => 'x' x 70000,
    },
    {
        name => 'more bookings than allowed', status => 413,
        reason => 'body_too_large', body => itinerary(bookings => [
            map { { source => 'Alpha', locator => "L$_" } } 1 .. 4]),
        path => '/Itinerary/Bookings', line => qr/^\d+$/,
    },
    {
        name => 'a start tag of more than 16 KiB', status => 413,
        reason => 'body_too_large', body => '<a b="' . 'x' x 17000 . '"/>',
        line => 1,
    },
    {
        name => 'a body without a Content-Type', status => 415,
        reason => 'unsupported_media_type', type => undef,
    },
    {
        name => 'a body that is not XML by its Content-Type', status => 415,
        reason => 'unsupported_media_type', type => 'application/json',
    },
    {
        name => 'a Content-Encoding', status => 415,
        reason => 'unsupported_encoding',
        headers => ['Content-Encoding' => 'gzip'],
    },
    {
        name => 'a document in another encoding', status => 415,
        reason => 'unsupported_encoding',
        body => qq{<?xml version="1.0" encoding="ISO-8859-1"?>\n$xml},
        line => 1,
    },
    {
        name => 'another root', status => 422,
        reason => 'invalid_document', body => booking(
            ns => $Itinerary::Document::NAMESPACE),
        path => '/Booking', line => 1,
    },
    {
        name => 'bookings without a locator', status => 422,
        reason => 'invalid_document', body => itinerary(bookings => [
            { locator => undef, RecordLocator => undef },
            { locator => '' }]),
        path => '/Itinerary/Bookings/Booking[1]/RecordLocator', line => qr/^\d+$/,
        details => 2,
    },
);

# a lease that somebody else holds, in a trip of Alpha's

$t->redis->cli->hset('itinerary:trip:Busy', owner => 'Alpha', state =>
                     'active', created => 1, rev => 1, writer => 'other',
                     writer_until => (time + 600) * 1000);

for my $case (@cases) {
    check($case, 'XML', 'application/xml');
    check($case, 'JSON', 'application/json');
}


# a write whose record cannot be written

my $before = registry($t);
my @forwarded = $t->requests;

for my $format ('application/xml', 'application/json') {
    my $answer = $t->post_xml(
        "/unrecorded$trip", $alpha,
        itinerary(bookings => [{ source => 'Alpha', locator => 'A9' }]),
        headers => [Accept => $format]);

    is($answer->{status}, 503, 'nothing unrecorded is forwarded');
    is(code_of($answer), 'audit_unavailable', '- and why');
    is($answer->{headers}{'retry-after'}[0], 1, '- and when to retry');
    is_deeply([$t->requests], \@forwarded, '- the API does not get it');
    is_deeply(registry($t), $before, '- nothing stays claimed');
}


# the registry fails

$t->redis->stop;

my $unavailable = {
    name => 'a registry that is not there', status => 503,
    reason => 'registry_unavailable', also => { 'retry-after' => '1' },
    redis => 0,
};

check($unavailable, 'XML', undef);
check($unavailable, 'JSON', 'application/problem+json');

is($t->http('GET', "$trip/CNQR1234567890")->{status}, 200,
   'a read does not need the registry');

$t->done;


sub check {
    my ($case, $format, $accept) = @_;

    my $body = exists $case->{body} ? $case->{body} : $xml;
    my $who = exists $case->{who} ? $case->{who} : $alpha;
    my $type = exists $case->{type} ? $case->{type} : 'application/xml';

    my @headers = (
        defined $who ? (Authorization => "OAuth $who") : (),
        defined $body && defined $type ? ('Content-Type' => $type) : (),
        defined $accept ? (Accept => $accept) : (),
        @{ $case->{headers} // [] },
    );

    my ($answer, $record) = refused(
        $t, "$case->{name}: $case->{reason} ($format)", $case->{status},
        $case->{reason},
        sub {
            $t->http($case->{method} // 'POST', $case->{target} // $trip,
                     headers => \@headers, body => $body)
        },
        audit => $case->{audit},
        redis => $case->{redis},
    );

    my $headers = $answer->{headers};
    my $id = $headers->{'x-request-id'}[0];

    is($record->{request_id}, $id, '- the record has the request\'s id');
    is($headers->{'content-length'}[0], length $answer->{body},
       '- the length is right');

    is_deeply(
        { map { $_ => $headers->{$_} }
          qw(allow www-authenticate retry-after) },
        { allow => undef, 'www-authenticate' => undef,
          'retry-after' => undef,
          map { $_ => [$case->{also}{$_}] } keys %{ $case->{also} // {} } },
        '- the headers are those of the reason');

    my ($title, $message, @details)
        = $format eq 'XML' ? xml_error($case, $answer, $id)
                           : json_error($case, $answer, $id);

    like($message, qr/\A[A-Z].*\.\z/, '- the message is a sentence');

    is(scalar @details, $case->{details} // 1, '- the details are listed');
    like($details[0]{detail}, qr/\A[ -~]+\z/, '- a detail says more');

    matches($details[0]{path}, $case->{path}, '- and where it is');
    matches($details[0]{line}, $case->{line}, '- and in which line');

    unlike($answer->{body}, qr/Alpha/, '- nobody is named')
        if $case->{status} == 403 && defined $who && $who eq $beta;
}


sub matches {
    my ($got, $expected, $name) = @_;

    return ref $expected ? like($got, $expected, $name)
                         : is($got, $expected, $name);
}


sub xml_error {
    my ($case, $answer, $id) = @_;

    is($answer->{headers}{'content-type'}[0], 'application/xml',
       '- it is XML');

    like($answer->{body}, qr{
        \A <Error> <Code>$case->{reason}</Code> <Message>[^<>]+</Message>
        <RequestId>$id</RequestId> \s*
        <Details> (?: <Detail (?:\ path="[^"<>]+")? (?:\ line="\d+")? >
                      [^<>]+ </Detail> )+ </Details> </Error> \n \z
        }x, '- it is an Error') or return ('', '', {});

    my $doc = XML::LibXML->load_xml(string => $answer->{body});

    return ('', $doc->findvalue('/Error/Message'),
            map { { path   => $_->getAttribute('path'),
                    line   => $_->getAttribute('line'),
                    detail => $_->textContent } }
                $doc->findnodes('/Error/Details/Detail'));
}


sub json_error {
    my ($case, $answer, $id) = @_;

    my %titles = (
        400 => 'Bad Request', 401 => 'Unauthorized', 403 => 'Forbidden',
        404 => 'Not Found', 405 => 'Method Not Allowed', 409 => 'Conflict',
        413 => 'Content Too Large', 415 => 'Unsupported Media Type',
        422 => 'Unprocessable Content', 503 => 'Service Unavailable',
    );

    is($answer->{headers}{'content-type'}[0], 'application/problem+json',
       '- it is a problem');

    my $problem = JSON::PP->new->utf8->decode($answer->{body});
    my @details = @{ delete $problem->{details} };
    my $message = delete $problem->{detail};

    is_deeply($problem, {
        type       => 'about:blank',
        title      => $titles{ $case->{status} },
        status     => $case->{status},
        code       => $case->{reason},
        request_id => $id,
    }, '- it has the members of a problem');

    my @unknown = grep { !/^(?:path|line|detail)$/ } map { keys %$_ } @details;

    is("@unknown", '', '- so have the details');

    return ($problem->{title}, $message, @details);
}
