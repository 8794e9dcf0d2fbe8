#!/usr/bin/perl

# The modes: off, audit and enforce, and where they are inherited from.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Records;

my $t = Itinerary->new;

my $dir = $t->dir;

$t->upstream(sub {
    my ($request) = @_;

    my $h = $request->{headers};
    my ($id) = $request->{target} =~ /[?&]tripId=([^&]*)/;
    my $file = $h->{'x-wait'}[0];
    my $body = $request->{body} =~ /^<Itinerary/ ? $request->{body}
                                                 : itinerary();

    return [200, {}, [$file ? sub { -e "$dir/$file" } : (),
                      answered($body, $id // $h->{'x-trip'}[0] // 'T',
                               $h->{'x-locator'}
                               ? (locator => $h->{'x-locator'}[0]) : ())]];
});

$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /off/ {
            itinerary off;
            proxy_pass http://%%UPSTREAM%%;

            location /off/enforce/ {
                itinerary enforce;
                proxy_pass http://%%UPSTREAM%%;
            }

            location /off/nested/ {
                proxy_pass http://%%UPSTREAM%%;
            }
        }

        location /audit/ {
            itinerary audit;
            proxy_pass http://%%UPSTREAM%%;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_1%%;
        itinerary audit;
        itinerary_audit_log %%DIR%%/other.log;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /enforce/ {
            itinerary enforce;
            proxy_pass http://%%UPSTREAM%%;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_2%%;
        itinerary off;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $redis = $t->redis;


sub post {
    my ($who, $target, $xml, %opt) = @_;

    my $before = $t->requests;
    my $answer = $t->post_xml($target, $who, $xml, %opt);
    my $code = code_of($answer);

    return "$answer->{status}" . (defined $code ? " $code" : '')
           . ($t->requests > $before ? '' : ', not forwarded');
}


sub last_record {
    my ($record) = ($t->audit($_[0]))[-1];

    return join ' ', map { $record->{$_} // '-' }
                         qw(event mode verdict reason outcome);
}


is(post('Alpha', '/trip/v1.1',
        itinerary(bookings => [{ source => 'Alpha', locator => 'A1' }]),
        headers => ['X-Trip' => 'T1']), '200', 'a trip of Alpha');

my $REFUSED = '403 trip_not_owned, not forwarded';

# which mode holds where

for my $case (
    [0, '/',             $REFUSED, 'http is inherited by a location'],
    [0, '/off/',         '200',    'a location may switch it off'],
    [0, '/off/nested/',  '200',    'and with it those inside'],
    [0, '/off/enforce/', $REFUSED, 'which may switch it on again'],
    [0, '/audit/',       '200',    'or only listen'],
    [1, '/',             '200',    'a server may say so for all'],
    [1, '/enforce/',     $REFUSED, 'but a location has the last word'],
    [2, '/',             '200',    'a server may be off'],
) {
    my ($port, $prefix, $expected, $name) = @$case;

    is(post('Beta', "${prefix}trip/v1.1?tripId=T1", itinerary(
                bookings => [{ source => 'Alpha', locator => 'A1' }]),
            port => $t->port($port)), $expected, $name);
}

is($redis->cli->hget('itinerary:trip:T1', 'rev'), 3,
   'the writes that were only listened to are counted');


# off

my $before = records($redis);
my $lines = $t->audit;

is(post('Beta', '/off/trip/v1.1',
        itinerary(bookings => [{ source => 'Beta', locator => 'B1' }]),
        headers => ['X-Trip' => 'T2']), '200', 'off: a create');
is(post('Beta', '/off/trip/v1.1/cancel?tripId=T1', undef), '200',
   'off: a cancel');
is(post('Beta', '/off/trip/v1.1?tripid=T1&tripId=T2', 'no XML'), '200',
   'off: what is no XML');
is($t->http('DELETE', '/off/trip/v1.1')->{status}, 200, 'off: any method');
is_deeply(records($redis), $before, 'off: nothing is learnt');
is(scalar($t->audit), $lines, 'off: nothing is recorded');


# audit

is(post('Beta', '/audit/trip/v1.1',
        itinerary(bookings => [{ source => 'Beta', locator => 'B2' }]),
        headers => ['X-Trip' => 'T3']), '200', 'audit: a create');
is(last_record(), 'completed audit allow - recorded', 'audit: is recorded');
is_deeply(records($redis, match => qr/T3|B2/), {
    'trip:T3'         => trip_record('Beta', 1, { 'BETA|B2' => 'Beta' }),
    'booking:BETA|B2' => booking_record('Beta', 'active', 'T3'),
}, 'audit: and learnt');

is(post('Alpha', '/audit/trip/v1.1?tripId=T3',
        itinerary(bookings => [{ source => 'Beta', locator => 'B2' },
                               { source => 'Alpha', locator => 'A2' }])),
   '200', 'audit: another\'s update is not refused');
is(last_record(), 'completed audit deny trip_not_owned recorded',
   'audit: but it is known that it would be');

my $forwarded = ($t->audit)[-2];

is("$forwarded->{event} $forwarded->{verdict} $forwarded->{reason}",
   'forwarded deny trip_not_owned', 'audit: before the API sees it');
is($redis->cli->hget('itinerary:trip:T3', 'owner'), 'Beta',
   'audit: the trip keeps its creator');
is($redis->cli->hget('itinerary:trip:T3', 'rev'), 2,
   'audit: and was written to');
is_deeply(records($redis, match => qr/B2/), {
    'booking:BETA|B2' => booking_record('Beta', 'active', 'T3'),
}, 'audit: its booking keeps its owner');
is($redis->cli->hget('itinerary:trip:T3', 'writer'), undef,
   'audit: the lease is given back');

is(post('Alpha', '/audit/trip/v1.1?tripId=T8',
        itinerary(bookings => [{ source => 'Alpha', locator => 'A8' }]),
        headers => ['X-Locator' => 'T8a']), '200',
   'audit: an update of an unknown trip, whose answer shows two ids');
is(last_record(), 'completed audit deny trip_not_owned recorded',
   'audit: it would be refused');
is_deeply([$redis->cli->keys('itinerary:alias:*')], [],
          'audit: the ids of a trip that it may not write to are not recorded');

for my $case (
    ['no XML',           '/audit/trip/v1.1', 'no XML', 'malformed_body'],
    ['a DOCTYPE',        '/audit/trip/v1.1', '<!DOCTYPE a><a/>',
                         'doctype_forbidden'],
    ['two arguments',    '/audit/trip/v1.1?tripId=T1&tripid=T3', itinerary(),
                         'ambiguous_query'],
    ['an unknown path',  '/audit/trip/v1.1/other', itinerary(),
                         'unknown_operation'],
    ['an unknown trip',  '/audit/trip/v1.1?tripId=T9', itinerary(),
                         'trip_not_owned'],
    ['another\'s cancel', '/audit/trip/v1.1/cancel?tripId=T3', undef,
                         'trip_not_owned'],
) {
    my ($name, $target, $body, $reason) = @$case;

    is(post('Gamma', $target, $body), '200', "audit: $name is not refused");
    like(last_record(), qr/^completed audit deny $reason /,
         "audit: $name is recorded");
}

my $requests = $t->requests;
is($t->http('POST', '/audit/trip/v1.1', body => itinerary(),
            headers => ['Content-Type' => 'application/xml'])->{status}, 200,
   'audit: who is nobody is not refused');
like(last_record(), qr/^completed audit deny unknown_supplier /,
     'audit: but recorded');
is($t->requests - $requests, 1, 'audit: and forwarded once');

$requests = $t->requests;

my $head = $t->http('HEAD', '/audit/trip/v1.1?_method=POST', headers => [
    'X-Supplier' => 'Alpha']);

is($head->{status}, 200, 'audit: a HEAD that may be a write is not refused');

# nothing of such an answer can be held back

ok($t->wait_for(sub {
    last_record() =~ /^completed audit deny method_override /;
}), 'audit: but recorded');
is($t->requests - $requests, 1, 'audit: and forwarded once');

$requests = $t->requests;

my $client = $t->post_xml_async('/trip/v1.1?tripId=T1', 'Alpha', itinerary(
    bookings => [{ source => 'Alpha', locator => 'A1' }]),
    headers => ['X-Wait' => 'go']);

ok($t->wait_for(sub { $t->requests > $requests }), 'a write is under way');
is(post('Alpha', '/audit/trip/v1.1?tripId=T1', itinerary(
            bookings => [{ source => 'Alpha', locator => 'A1' }])), '200',
   'audit: a second one is not refused');
like(last_record(), qr/^completed audit deny trip_busy /,
     'audit: but recorded as busy');
$t->write_file('go', '');
is($client->finish->{status}, 200, 'the first goes on');
is($redis->cli->hget('itinerary:trip:T1', 'writer'), undef,
   'and gives back its lease');

ok(scalar(grep { $_->{mode} eq 'audit' } $t->audit('other.log')),
   'a server has its own audit trail');

$t->done;
