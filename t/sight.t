#!/usr/bin/perl

# What a supplier is shown by a GET of a trip is learnt while it passes: which
# answers, of whom, and that nothing of it is held back, changed or waited for.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Compress::Zlib qw(memGzip);
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use Time::HiRes qw(time);
use Itinerary;
use Itinerary::Document;
use Itinerary::Records;

my $t = Itinerary->new;

# X-Body: the answer's body; X-Head: a header of it; X-Pieces: how many bytes
# of the body come at a time

$t->upstream(sub {
    my ($request) = @_;

    my $h = $request->{headers};
    my $body = decode_base64($h->{'x-body'}[0] // '');
    my %head = map { /(.*?): (.*)/ } $h->{'x-head'} ? $h->{'x-head'}[0] : ();

    if (my $n = $h->{'x-pieces'}) {
        $body = [map { ($_, \0.0005) } unpack "(a$n->[0])*", $body];
    }

    return [$h->{'x-status'}[0] // 200, \%head, $body];
});

$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    large_client_header_buffers 8 256k;
    proxy_ignore_client_abort on;
    proxy_cache_path %%DIR%%/cache keys_zone=cache:1m;

    server {
        listen 127.0.0.1:%%PORT_0%%;
        listen %%HTTP2_1%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /known/ {
            itinerary_supplier $http_x_supplier;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /audit/ {
            itinerary audit;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /off/ {
            itinerary off;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /cached/ {
            proxy_cache cache;
            proxy_cache_valid 200 1h;
            proxy_ignore_headers Cache-Control Expires;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /page/ {
            proxy_intercept_errors on;
            error_page 503 = /trip/v1/TPAGE;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /files/ {
            proxy_buffers 2 4k;
            proxy_buffer_size 4k;
            proxy_busy_buffers_size 4k;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $redis = $t->redis;
my $token = $t->token('Alpha');
my $n = 0;


sub trip {
    my ($id, @bookings) = @_;

    return answered(itinerary(bookings => [@bookings]), $id);
}


sub b {
    my ($source, $locator, %more) = @_;

    return { source => $source, locator => $locator, %more };
}


# a GET by Alpha, to whom $body is shown

sub get {
    my ($target, $body, @headers) = @_;

    return $t->http('GET', $target, headers => [
        'Authorization' => "OAuth $token",
        'X-Body' => encode_base64($body, ''), @headers]);
}


sub view {
    my ($id, $who) = @_;

    return $redis->cli->exists("itinerary:view:$id|" . ($who // 'Alpha'));
}


sub learnt {
    my @view = @_;

    return wait_for(sub { view(@view) });
}


# Whether it stays unlearnt: a GET that comes later is learnt, and its view
# was written after.

sub unlearnt {
    my ($id) = @_;

    my $later = 'LATER' . ++$n;

    $t->shown('Alpha', $later,
              sub { get("/trip/v1/$later", trip($later)) });

    return !view($id);
}


# which requests

for my $case (
    ['/trip/v1.1/S1', 'S1'], ['/api/travel/trip/v1/S2', 'S2'],
    ['/trip/v1.1?tripId=S3', 'S3'],
    ['/trip/v1.1/?tripid=S4&userid_type=login&userid_value=b', 'S4'],
    ['/trip/v1.1/S%245' =~ s/%24/\$/r, 'S$5'],
    ['/audit/trip/v1.1/S6', 'S6'],
) {
    my ($target, $id) = @$case;
    my $xml = trip($id, b('Alpha', "A-$n"));

    my $answer = $t->shown('Alpha', $id =~ s/\$/%24/r,
                           sub { get($target, $xml) });

    is("$answer->{status} $answer->{body}", "200 $xml",
       "GET $target passes, and is learnt");
}

for my $case (
    ['/trip/v1.1/N1/x', 'N1'], ['/trips/v1.1/N2', 'N2'],
    ['/trip/v1.1/N%33', 'N3'], ['/trip/v1.1/N4?tripId=N4', 'N4'],
    ['/trip/v1.1?tripId=N5&tripid=N5', 'N5'], ['//trip/v1.1/N6', 'N6'],
    ['/trip/V1.1/N7', 'N7'], ['/off/trip/v1.1/N8', 'N8'],
) {
    my ($target, $id) = @$case;
    my $xml = trip($id);

    my $answer = get($target, $xml);

    is("$answer->{status} $answer->{body}", "200 $xml", "GET $target passes");
    ok(unlearnt($id), 'and is not learnt');
}


# of whom

my $xml = trip('W1');

for my $who (undef, 'OAuth nonsense', 'Basic abc') {
    my $answer = $t->http('GET', '/trip/v1/W1', headers => [
        $who ? ('Authorization' => $who) : (),
        'X-Body' => encode_base64($xml, '')]);

    is("$answer->{status} $answer->{body}", "200 $xml",
       'a GET passes by ' . ($who // 'nobody'));
}

ok(unlearnt('W1'), 'and is not learnt');
is($redis->cli->exists('itinerary:trip:W1'), 0, 'nor is the trip');

is($t->shown('Beta%20%26%20Co', 'W2', sub {
       $t->http('GET', '/known/trip/v1/W2', headers => [
           'X-Supplier' => 'Beta & Co',
           'X-Body' => encode_base64(trip('W2'), '')])
   })->{status}, 200, 'a supplier that itinerary_supplier names is known');
is($t->http('GET', '/known/trip/v1/W3', headers => [
       'X-Body' => encode_base64(trip('W3'), '')])->{status}, 200,
   'without one a GET passes');


# which answers

for my $case (
    ['a list',           '<ItineraryInfoList/>'],
    ['a long list',      '<ItineraryInfoList>' . '<Info>text</Info>' x 2000
                         . '</ItineraryInfoList>'],
    ['not a trip',       '<html/>'],
    ['a booking',        booking(%{ b('Alpha', 'X1') })],
    ['not well-formed',  trip('A1') . 'x'],
    ['truncated',        substr trip('A1'), 0, 300],
    ['with a doctype',   '<!DOCTYPE Itinerary>' . trip('A1')],
    ['without an id',    itinerary()],
    ['nothing',          ''],
    ['not found',        trip('A1'), 'X-Status' => 404],
    ['an error',         trip('A1'), 'X-Status' => 500],
    ['another success',  trip('A1'), 'X-Status' => 203],
    ['a part',           trip('A1'), 'X-Status' => 206],
    ['asked for in part', trip('A1'), 'Range' => 'bytes=0-100000'],
    ['from a cache',     trip('A1'), 'X-Head' => 'Age: 1'],
    ['in another coding', trip('A1'), 'X-Head' => 'Content-Encoding: br'],
    ['said to be gzip',  trip('A1'), 'X-Head' => 'Content-Encoding: gzip'],
) {
    my ($what, $body, @headers) = @$case;
    my $status = "@headers" =~ /X-Status (\d+)/ ? $1 : 200;

    my $answer = get('/trip/v1/A1', $body, @headers);

    is("$answer->{status} $answer->{body}", "$status $body",
       "an answer that is $what passes");
    ok(unlearnt('A1'), 'and is not learnt');
}

is(get('/trip/v1/A1', trip('A2'))->{status}, 200,
   'a trip has another id in its answer');
ok(wait_for(sub { $redis->cli->exists('itinerary:trip:A2') }),
   'it is learnt by the name that every reader is shown');
is($redis->cli->get('itinerary:alias:A1'), 'A2', 'and the other id with it');

is($t->shown('Alpha', 'A3', sub {
       get('/trip/v1/A3', trip('A3'), 'X-Head' => 'Age: 0');
   })->{status}, 200, 'an answer that is new is learnt');

my $head = $t->http('HEAD', '/trip/v1/A4', headers => [
    'Authorization' => "OAuth $token",
    'X-Body' => encode_base64(trip('A4'), '')]);

is($head->{status}, 200, 'a HEAD passes');
ok(unlearnt('A4'), 'and shows nothing');

for (1, 2) {
    is(get('/cached/trip/v1/A5', trip('A5'))->{status}, 200, 'a cache fills');
    ok($_ == 1 ? learnt('A5') : unlearnt('A5'),
       $_ == 1 ? 'and its first answer is learnt' : 'but no other');
    $redis->cli->del('itinerary:view:A5|Alpha');
}

is(get('/page/trip/v1/A6', trip('TPAGE'), 'X-Status' => 503)->{status}, 503,
   'a GET that is redirected');
ok(unlearnt('TPAGE'), 'shows what it asked for no more');


# compressed, in pieces, large, over HTTP/2

my $large = trip('L1', map { b('Alpha', "L$_") } 1 .. 120);

for my $case (
    ['gzip',   memGzip($large), 'X-Head' => 'Content-Encoding: gzip'],
    ['x-gzip', memGzip($large), 'X-Head' => 'Content-Encoding: X-GZip'],
    ['plain',  $large],
    ['gzip in pieces', memGzip($large), 'X-Head' => 'Content-Encoding: gzip',
     'X-Pieces' => 97],
    ['plain in pieces', $large, 'X-Pieces' => 9973],
) {
    my ($what, $body, @headers) = @$case;

    for my $place ('', '/files') {
        my $answer = $t->shown('Alpha', 'L1', sub {
            get("$place/trip/v1/L1", $body, @headers);
        });

        ok($answer->{body} eq $body,
           "$place an answer that is $what passes, and is learnt");
        is($redis->cli->hlen('itinerary:view:L1|Alpha'), 122, 'to its end');
    }
}

my $http2 = $t->shown('Alpha', 'H1', sub {
    $t->http2('GET', '/trip/v1/H1', headers => [
        'Authorization' => "OAuth $token",
        'X-Body' => encode_base64(trip('H1'), '')]);
});

is($http2->{body}, trip('H1'),
   'an answer over HTTP/2 passes, and is learnt');


# what it teaches of the trip

my $two = trip('T1', b('Old', 'O1', segments => [{ Car => 'C1' }]),
               b('Old', 'O2', segments => [])) =~ s{v1.1/T1}{v1.1/I1}r;

is($t->shown('Alpha', 'T1', sub { get('/trip/v1/T1', $two) })->{status}, 200,
   'a trip is shown to a supplier');
is_deeply(records($redis, match => qr/[TI]1$|OLD/), {
    'trip:T1'        => { state => 'active', created => 'time', rev => 1,
                          'booking:OLD|O1' => '' },
    'alias:I1'       => 'T1',
    'confirmation:OLD|C1' => 'O1',
    'booking:OLD|O1' => booking_record('', 'seen', 'T1'),
    'booking:OLD|O2' => booking_record('', 'seen', 'T1'),
}, 'the trip is known, and has no creator; its bookings are seen, and that '
   . 'which has segments is in it');
is($redis->cli->get('itinerary:confirmation:OLD|C1'), 'O1',
   'their numbers are known');

my $before = records($redis);

is(get('/trip/v1/I1', $two)->{status}, 200, 'it is shown again');
$redis->cli->del('itinerary:view:T1|Alpha');
ok(unlearnt('nothing'), 'and later again');

my $after = records($redis);

delete @$after{ grep { /LATER/ } keys %$after };
delete @$before{ grep { /LATER/ } keys %$before };
is_deeply($after, $before, 'which changes nothing');

$redis->cli->hset('itinerary:trip:T2', owner => 'Beta', state => 'cancelled',
                  rev => 7);
is($t->shown('Alpha', 'T2', sub { get('/trip/v1/T2', trip('T2')) })->{status},
   200, 'a trip that is cancelled is shown');
is($redis->cli->hget('itinerary:view:T2|Alpha', 'rev'), 7, 'as it is');
is_deeply({ $redis->cli->hgetall('itinerary:trip:T2') },
          { owner => 'Beta', state => 'cancelled', rev => 7 }, 'and stays so');


# a booking that was cancelled

$redis->cli->hset('itinerary:trip:T3', owner => 'Beta', state => 'active',
                  created => 'then', rev => 1);
$redis->cli->hset("itinerary:booking:BETA|$_", owner => 'Beta',
                  state => 'cancelled', trip => 'T3', request => 'x', at => 'x')
    for qw(C1 C2);

is(get('/trip/v1/T3', trip('T3', b('Beta', 'C1', segments => []),
                           b('Beta', 'C2')))->{status}, 200,
   'two bookings that were cancelled');
ok(learnt('T3'), 'are shown');
is_deeply({ $redis->cli->hgetall('itinerary:trip:T3') },
          { owner => 'Beta', state => 'active', rev => 2, created => 'then',
            'booking:BETA|C2' => 'Beta' },
          'that which has segments is in the trip again, which counts');
is($redis->cli->hget('itinerary:view:T3|Alpha', 'rev'), 2,
   'and is what was shown');
is($redis->cli->hget('itinerary:booking:BETA|C1', 'state'), 'cancelled',
   'the other stays cancelled');
is($redis->cli->hget('itinerary:booking:BETA|C2', 'state'), 'active',
   'it is active');


# nothing waits for Redis

$redis->pause;

my $start = time;

for (1 .. 3) {
    $xml = trip('P1');

    my $answer = get('/trip/v1/P1', $xml);

    is("$answer->{status} $answer->{body}", "200 $xml",
       'a GET passes while Redis is silent');
}

cmp_ok(time - $start, '<', 3, 'without waiting for it');
$redis->resume;
ok(wait_for(sub { get('/trip/v1/P2', trip('P2')); view('P2') }),
   'later ones are learnt again');
ok(!view('P1'), 'those are not');


# a client that leaves

my $client = $t->http_async('GET', '/trip/v1/G1', headers => [
    'Authorization' => "OAuth $token", 'X-Pieces' => 20,
    'X-Body' => encode_base64(trip('G1'), '')]);

ok(wait_for(sub { scalar grep { $_->{target} =~ /G1/ } $t->requests }),
   'a GET is under way');
$client->close;
is(get('/trip/v1/G2', trip('G2'))->{status}, 200, 'its client leaves');


# a reload while one is under way

$client = $t->http_async('GET', '/trip/v1/G3', headers => [
    'Authorization' => "OAuth $token", 'X-Pieces' => 20,
    'X-Body' => encode_base64(trip('G3'), '')]);

ok(wait_for(sub { scalar grep { $_->{target} =~ /G3/ } $t->requests }),
   'another is under way');
ok($t->reload, 'while nginx is reloaded');
is($client->finish->{body}, trip('G3'), 'it passes');
ok(learnt('G3'), 'and is learnt');

$t->done;
