#!/usr/bin/perl

# The audit trail's records: which there are, their fields, and their order.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw(sha256_hex);
use JSON::PP;
use Test::More;
use Itinerary;

my $t = Itinerary->new;

$t->upstream(sub {
    my ($request) = @_;

    my $h = $request->{headers};
    my ($id) = $request->{target} =~ /[?&]tripId=([^&]*)/;
    my $body = length $request->{body} ? $request->{body} : itinerary();

    return [$h->{'x-status'}[0] // 200, {},
            answered($body, $id // $h->{'x-trip'}[0])];
});

$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;
        add_header X-Request-Id $request_id always;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /audit/ {
            itinerary audit;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /elsewhere/ {
            proxy_intercept_errors on;
            error_page 500 =202 @fallback;
            proxy_pass http://%%UPSTREAM%%;
        }

        location @fallback {
            return 202 fallback;
        }
    }
END_CONF

my $alpha = $t->token('Alpha');
my $beta = $t->token('Beta "Q" \\ /');
my $TRIP = '/api/travel/trip/v1.1';

my @ORDER = qw(time event request_id supplier client on_behalf_of operation
               trip bookings mode verdict reason status upstream_status outcome
               body_bytes body_sha256 registry_ms total_ms);

my $lines = 0;


# the lines of one call, in order, and its answer

sub call {
    my ($n, $who, $target, $xml, %opt) = @_;

    my $answer = $opt{method} ? $t->http($opt{method}, $target)
                              : $t->post_xml($target, $who, $xml, %opt);

    $lines += $n;

    ok($t->wait_for(sub {
        my $written = () = $t->read_file('audit.log') =~ /\n/g;
        return $written >= $lines;
    }), "$n records");

    my @all = split /\n/, $t->read_file('audit.log');

    is(scalar(@all), $lines, 'and no more');

    return ($answer, @all[-$n .. -1]) if $n;
    return $answer;
}


# a record, with its fields in the right order, without what always differs

sub record {
    my ($line, $answer) = @_;

    my $record = JSON::PP->new->utf8->decode($line);

    # of one object, the names outside of nested ones

    my $flat = $line =~ s/\[.*?\](?=,"mode")/[]/r;
    my @names = $flat =~ /[{,]"(\w+)":(?=["\d\[])/g;

    is_deeply(\@names, [grep { exists $record->{$_} } @ORDER],
              'the fields are in order');
    like($record->{time}, qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/,
         'the time is UTC, with milliseconds');
    is($record->{request_id}, $answer->{headers}{'x-request-id'}[0],
       'the id is the request\'s');
    is($record->{client}, '127.0.0.1', 'the client is its address');
    like($record->{registry_ms}, qr/\A\d+\z/, 'the registry took a time');

    if ($record->{event} eq 'forwarded') {
        is($record->{total_ms}, undef, 'there is no end yet');

    } else {
        like($record->{total_ms}, qr/\A\d+\z/, 'all of it did');
    }

    delete @$record{qw(time request_id client registry_ms total_ms)};

    return $record;
}


my $xml = itinerary(bookings => [{ source => 'alpha', locator => 'a1' }]);
my @body = (body_bytes => length $xml, body_sha256 => sha256_hex($xml));

# created

my ($answer, @lines) = call(2, $alpha,
    "$TRIP?userid_type=login&userid_value=cm%40example.com", $xml,
    headers => ['X-Trip' => 'T1']);

my %created = (
    supplier     => 'Alpha',
    on_behalf_of => 'cm@example.com',
    operation    => 'create',
    bookings     => [{ source => 'ALPHA', locator => 'A1',
                       effect => 'added' }],
    mode         => 'enforce',
    verdict      => 'allow',
    @body,
);

is_deeply(record($lines[0], $answer), { %created, event => 'forwarded' },
          'a create is recorded before it is forwarded');
is_deeply(record($lines[1], $answer), {
    %created, event => 'completed', trip => 'T1', status => 200,
    upstream_status => 200, outcome => 'recorded',
}, 'and with its outcome');


# updated

($answer, @lines) = call(2, $alpha, "$TRIP?tripId=T1", $xml,
                         headers => ['X-Status' => 409]);

my %updated = (
    supplier  => 'Alpha',
    operation => 'update',
    trip      => 'T1',
    bookings  => [{ source => 'ALPHA', locator => 'A1', effect => 'echoed' }],
    mode      => 'enforce',
    verdict   => 'allow',
    @body,
);

is_deeply(record($lines[0], $answer), { %updated, event => 'forwarded' },
          'an update is recorded');
is_deeply(record($lines[1], $answer), {
    %updated, event => 'completed', status => 409, upstream_status => 409,
    outcome => 'released',
}, 'with the refusal of the API');

($answer, @lines) = call(2, $alpha, "$TRIP?tripId=T1", $xml,
                         headers => ['X-Status' => 500]);

is_deeply(record($lines[1], $answer), {
    %updated, event => 'completed', status => 500, upstream_status => 500,
    outcome => 'in_doubt',
}, 'or with a doubt');

($answer, @lines) = call(2, $alpha, "/elsewhere/trip/v1.1?tripId=T1", $xml,
                         headers => ['X-Status' => 500]);

is($answer->{status}, 202, 'what the client gets');
is_deeply(record($lines[1], $answer), {
    %updated, bookings => [{ %{ $updated{bookings}[0] }, effect => 'changed' }],
    event => 'completed', status => 202, upstream_status => 500,
    outcome => 'in_doubt',
}, 'may differ from what the API said');


# refused

my $stolen = itinerary(bookings => [{ source => 'Beta', locator => 'B1' }]);

($answer, @lines) = call(1, $beta, "$TRIP/cancel?tripId=T1", undef);

is_deeply(record($lines[0], $answer), {
    event     => 'rejected',
    supplier  => 'Beta "Q" \\ /',
    operation => 'cancel',
    trip      => 'T1',
    mode      => 'enforce',
    verdict   => 'deny',
    reason    => 'trip_not_owned',
    status    => 403,
    body_bytes  => 0,
    body_sha256 => sha256_hex(''),
}, 'a refusal is recorded');

($answer, @lines) = call(1, $beta, $TRIP, $xml);

is_deeply(record($lines[0], $answer), {
    event     => 'rejected',
    supplier  => 'Beta "Q" \\ /',
    operation => 'create',
    bookings  => [{ source => 'ALPHA', locator => 'A1',
                    effect => 'changed' }],
    mode      => 'enforce',
    verdict   => 'deny',
    reason    => 'booking_not_owned',
    status    => 403,
    @body,
}, 'with what it was about');

($answer, @lines) = call(1, 'nobody', $TRIP, $xml);

my $record = record($lines[0], $answer);

delete @$record{qw(body_bytes body_sha256)};

is_deeply($record, {
    event     => 'rejected',
    operation => 'create',
    mode      => 'enforce',
    verdict   => 'deny',
    reason    => 'unknown_supplier',
    status    => 401,
}, 'who is not known has no name');

($answer, @lines) = call(1, undef, $TRIP, undef, method => 'DELETE');
$record = record($lines[0], $answer);
is("$record->{event} $record->{reason} $record->{status}",
   'rejected method_not_allowed 405', 'a method that is not allowed');

is(call(0, undef, "$TRIP?tripId=T1", undef, method => 'GET')->{status}, 200,
   'a read leaves no record');


# odd input

for my $odd ('%22', '%5C', '%5C%22%2C%22a%22%3A%22', '%0A%0D', '%01%1F%7F',
             '%C3%A9', '%FF%FE', '%E2%80%A8', '%ED%A0%80', '%F4%90%80%80',
             '%3C%2Fscript%3E', 'a' x 500)
{
    ($answer, @lines) = call(1, $beta,
        "$TRIP/cancel?tripId=T1&userid_type=login&userid_value=$odd", undef);

    my $record = eval { JSON::PP->new->utf8->decode($lines[0]) };

    is(ref $record, 'HASH', 'userid_value ' . substr($odd, 0, 20)
                            . ' is in valid JSON');
    unlike($lines[0], qr/[^\x20-\x7e\x80-\xff]/, 'without control characters');
}

($answer, @lines) = call(2, $alpha, $TRIP, itinerary(
    bookings => [{ source => '"\\,}]', locator => '"],"x":["\\' }]),
    headers => ['X-Trip' => 'T$=~-._9']);

for (@lines) {
    my $record = eval { JSON::PP->new->utf8->decode($_) };

    is_deeply($record->{bookings}, [{ source => '"\\,}]',
                                      locator => '"],"X":["\\',
                                      effect => 'added' }],
              'odd names are what they are');
}

is(JSON::PP->new->decode($lines[1])->{trip}, 'T$=~-._9', 'so is an id');


# large

my $many = itinerary(bookings => [
    map { { source => 'Alpha', locator => "M$_" } } 1 .. 500
]);

($answer, @lines) = call(2, $alpha, $TRIP, $many,
                         headers => ['X-Trip' => 'T2']);
$record = record($lines[1], $answer);
is(scalar(@{ $record->{bookings} }), 500, 'a record has as many bookings');
is("$record->{body_bytes} $record->{body_sha256}",
   length($many) . ' ' . sha256_hex($many), 'a large body has its hash');

($answer, @lines) = call(2, $alpha, $TRIP, $xml, chunked => 1,
                         headers => ['X-Trip' => 'T1']);
$record = record($lines[1], $answer);
is("$record->{body_bytes} $record->{body_sha256}",
   length($xml) . ' ' . sha256_hex($xml), 'so has one in chunks');


# nothing else is recorded

my $all = $t->read_file('audit.log') . $t->error_log;

unlike($all, qr/Chris|Miller|Seattle|Dallas/, 'no names are in any log');
unlike($all, qr/token-of-/, 'no tokens either');

$t->done;
