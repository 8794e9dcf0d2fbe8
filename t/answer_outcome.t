#!/usr/bin/perl

# What the API's answers are taken for: a success, a refusal, or nothing that
# anybody can be sure of; and that the client gets each as it is.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Compress::Gzip qw(gzip);
use Test::More;
use Itinerary;
use Itinerary::Records;

my $t = Itinerary->new;

my $good = answered(itinerary(), 'GOOD');
my $ns = qq{xmlns="$Itinerary::Document::NAMESPACE"};

gzip(\$good => \my $zipped);

my @type = ('Content-Type' => 'application/xml');

# what the API answers, by the name in X-Answer

my %answers = (
    'good'       => [200, {}, $good],
    'created'    => [201, {}, $good],
    'accepted'   => [202, {}, $good],
    'text'       => [200, { 'Content-Type' => 'text/plain' }, $good],
    'typeless'   => [200, { 'Content-Type' => undef }, $good],
    'prolog'     => [200, {}, qq{<?xml version="1.0"?>\n<!-- -->$good\n<!---->}],
    'prefixed'   => [200, {}, $good =~ s/xmlns=/xmlns:t=/r
                                    =~ s{<(/?)(?=[A-Za-z])}{<$1t:}gr],

    'garbage'    => [200, {}, "\x00\xff<>&" x 10],
    'message'    => [200, {}, 'OK'],
    'html'       => [200, { 'Content-Type' => 'text/html' },
                     '<html><body><id>GOOD</id></body></html>'],
    'root'       => [200, {}, "<Trip $ns><id>GOOD</id></Trip>"],
    'error'      => [200, {}, '<Error><Message>no</Message></Error>'],
    'json'       => [200, { 'Content-Type' => 'application/json' },
                     '{"id":"GOOD"}'],
    'empty'      => [200, {}, ''],
    'space'      => [200, {}, " \n"],
    'nothing'    => [204, { 'Content-Length' => undef }, ''],
    'nameless'   => [200, {}, itinerary()],
    'cut'        => [200, {}, substr $good, 0, -2],
    'two'        => [200, {}, $good . $good],
    'more'       => [200, {}, "$good<!-- "],
    'doctype'    => [200, {}, "<!DOCTYPE Itinerary>$good"],
    'gzip'       => [200, { 'Content-Encoding' => 'gzip' }, $zipped],
    'xgzip'      => [200, { 'Content-Encoding' => 'X-GZip' }, $zipped],
    'slowgzip'   => [200, { 'Content-Encoding' => 'gzip' },
                     [map { ($_, \0.001) } split //, $zipped]],
    'badgzip'    => [200, { 'Content-Encoding' => 'gzip' },
                     substr($zipped, 0, -8) . 'checksum'],
    'cutgzip'    => [200, { 'Content-Encoding' => 'gzip' },
                     substr $zipped, 0, -1],
    'nogzip'     => [200, { 'Content-Encoding' => 'gzip' }, $good],
    'brotli'     => [200, { 'Content-Encoding' => 'br' }, $good],
    'latin'      => [200, {}, qq{<?xml version="1.0" encoding="iso-8859-1"?>}
                              . $good],

    'short'      => [200, { 'Content-Length' => 9 + length $good },
                     [$good, \'close']],
    'reset'      => [200, { 'Content-Length' => 1 + length $good },
                     [$good, \0.02, \'reset']],
    'unchunked'  => [200, { 'Content-Length' => undef,
                            'Transfer-Encoding' => 'chunked' },
                     [sprintf("%x\r\n%s\r\n", length $good, $good),
                      \'close']],
    'slow'       => [200, {}, [substr($good, 0, 9), sub { 0 },
                                 substr($good, 9)]],
    'silent'     => undef,
    'vanished'   => undef,
    'headless'   => undef,

    'accel'      => [200, { 'X-Accel-Redirect' => '/inside' }, 'x'],

    'redirect'   => [302, { Location => '/elsewhere' }, ''],
    'see'        => [303, { Location => '/elsewhere' }, $good],
    'same'       => [304, { 'Content-Length' => undef }, ''],

    (map { $_ => [$_, {}, $good] }
         400, 401, 403, 404, 409, 410, 422, 429, 499),
    (map { $_ => [$_, {}, $good] } 500, 502, 503, 504, 507, 599),
);

my @recorded = qw(good created accepted text typeless prolog prefixed gzip
                  xgzip slowgzip);
my @in_doubt = (qw(garbage message html root error json empty space nothing
                   nameless cut two more doctype badgzip cutgzip nogzip
                   brotli latin short reset
                   unchunked slow silent vanished headless accel redirect
                   see same),
                grep { /^5/ } sort keys %answers);
my @released = grep { /^4/ } sort keys %answers;

$t->upstream(sub {
    my ($request) = @_;

    my $name = $request->{headers}{'x-answer'}[0];

    return ()                                        if $name eq 'vanished';
    return ("HTTP/1.1 200 OK\r\n", \'reset')         if $name eq 'headless';
    return (sub { 0 })                               if $name eq 'silent';

    my ($status, $headers, $body) = @{ $answers{$name} };
    my $id = $request->{headers}{'x-trip'}[0];

    return [$status, $headers, $name eq 'good' ? $body =~ s/GOOD/$id/gr
                                               : $body];
});

$t->write_file('inside', $good);
$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    itinerary_booking_source any;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_http_version 1.1;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /impatient/ {
            proxy_read_timeout 100ms;
            proxy_http_version 1.1;
            proxy_pass http://%%UPSTREAM%%;
        }

        location = /inside {
            internal;
            itinerary off;
            root %%DIR%%;
        }

        location /nowhere/ {
            proxy_pass http://127.0.0.1:%%PORT_1%%;
        }
    }
END_CONF

my $redis = $t->redis;
my $calls = 0;


sub post {
    my ($who, $name, $locator, %opt) = @_;

    my $prefix = $name =~ /^(?:slow|silent)$/ ? '/impatient' : '';

    $calls++;

    return $t->post_xml($opt{target} // "$prefix/trip/v1.1", $who,
                        itinerary(bookings => [{ source => 'Alpha',
                                                 locator => $locator }]),
                        headers => ['X-Answer' => $name,
                                    'X-Trip' => "T-$locator"]);
}


# as the last record has it; there is one for the end of every call

sub outcome {
    $t->wait_for(sub {
        my $ends = () = $t->read_file('audit.log')
                        =~ /"event":"(?:completed|rejected)"/g;
        return $ends == $calls;
    });

    my $record = ($t->audit)[-1];

    return "$record->{event} " . ($record->{outcome} // 'none');
}


# the answer as it was sent; what breaks off does so for the client, too

sub is_passed_on {
    my ($answer, $name) = @_;

    my $sent = $answers{$name} or return;

    if ($name eq 'accel') {
        is($answer->{body}, $good, "$name: the client gets another body");
        return;
    }

    my $body = ref $sent->[2] ? join '', grep { !ref } @{ $sent->[2] }
                              : $sent->[2];

    is($answer->{status}, $sent->[0], "$name: the client gets its status");

    if ($name =~ /^(?:short|reset|unchunked|slow)$/) {
        is($answer->{body}, substr($good, 0, length $answer->{body}),
           "$name: and of its body what there is");
        isnt($answer->{error} // '', '', "$name: but not its end");
        return;
    }

    is($answer->{body}, $body, "$name: and its body");
    is($answer->{error}, undef, "$name: to the end");
    return;
}


for my $name (@recorded) {
    my $locator = "\U$name";
    my $answer = post('Alpha', $name, $locator);
    my $trip = $name eq 'good' ? "T-$locator" : 'GOOD';

    $name eq 'good' ? is($answer->{status}, 200, 'good: the client is answered')
                    : is_passed_on($answer, $name);
    is(outcome(), 'completed recorded', "$name: it is a success");
    is_deeply(records($redis, match => qr/\|$locator$/), {
        "booking:ALPHA|$locator" => booking_record('Alpha', 'active', $trip),
    }, "$name: the booking is recorded");
}


for my $name (@in_doubt) {
    my $locator = "D\U$name";
    my $answer = post('Alpha', $name, $locator);

    is_passed_on($answer, $name);
    is(outcome(), 'completed in_doubt', "$name: it is in doubt");

    my %pending = (
        "booking:ALPHA|$locator" => booking_record('Alpha', 'pending', ''),
    );

    is_deeply(records($redis, match => qr/$locator$/), \%pending,
              "$name: the claim stays");
    is(code_of(post('Beta', 'good', $locator)), 'booking_not_owned',
       "$name: nobody else may have the booking");

    post('Alpha', 400, $locator);
    is(outcome(), 'completed released', "$name: a retry is refused");
    is_deeply(records($redis, match => qr/$locator$/), \%pending,
              "$name: which does not release what was in doubt before");

    is(post('Alpha', 'good', $locator)->{status}, 200,
       "$name: the next succeeds");
    is_deeply(records($redis, match => qr/$locator$/), {
        "trip:T-$locator" => trip_record('Alpha', 1,
                                         { "ALPHA|$locator" => 'Alpha' }),
        "booking:ALPHA|$locator" => booking_record('Alpha', 'active',
                                                   "T-$locator"),
    }, "$name: and settles it");
}


for my $name (@released) {
    my $locator = "R$name";
    my $answer = post('Alpha', $name, $locator);

    is_passed_on($answer, $name);
    is(outcome(), 'completed released', "$name: the API refused it");
    is_deeply(records($redis, match => qr/$locator$/), {},
              "$name: the claim is released");
    is(post('Beta', 'good', $locator)->{status}, 200,
       "$name: another may have the booking");
}


# no API at all

is(post('Alpha', 'good', 'N1', target => '/nowhere/trip/v1.1')->{status}, 502,
   'the API is not there');
is(outcome(), 'completed in_doubt', 'which is in doubt, too');
is($redis->cli->hget('itinerary:booking:ALPHA|N1', 'state'), 'pending',
   'the claim stays');


# updates and cancels

is(post('Alpha', 'good', 'U1')->{status}, 200, 'a trip');

my $rev = 1;

for my $case ([400, 'released', 0], ['html', 'in_doubt', 1],
              [500, 'in_doubt', 1], ['silent', 'in_doubt', 1],
              ['redirect', 'in_doubt', 1])
{
    my ($name, $outcome, $counts) = @$case;

    for my $what ('', '/cancel') {
        my $prefix = $name eq 'silent' ? '/impatient' : '';
        my $target = "$prefix/trip/v1.1$what?tripId=T-U1";

        if ($what) {
            $calls++;
            $t->post_xml($target, 'Alpha', undef,
                         headers => ['X-Answer' => $name]);
        } else {
            post('Alpha', $name, 'U1', target => $target);
        }

        $rev += $counts;

        is(outcome(), "completed $outcome", "$name: a write is $outcome");
        is_deeply(records($redis, match => qr/U1$/), {
            'trip:T-U1' => trip_record('Alpha', $rev,
                                       { 'ALPHA|U1' => 'Alpha' }),
            'booking:ALPHA|U1' => booking_record('Alpha', 'active', 'T-U1'),
        }, "$name: " . ($counts ? 'it is counted, and no more'
                                : 'the trip is as it was'));
    }
}

$t->done;
