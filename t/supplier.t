#!/usr/bin/perl

# Who is posting: the token's look-up in Redis, and itinerary_supplier.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw(sha256_hex);
use Test::More;
use Itinerary;
use Itinerary::Records;

my $t = Itinerary->new;

$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;

    map $http_x_key $named {
        default   "";
        key-1     "Alpha";
        "~^k(.+)" "Supplier $1";
    }

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /map/ {
            itinerary_supplier $named;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /text/ {
            itinerary_supplier "C=US/$http_x_key";
            proxy_pass http://%%UPSTREAM%%;
        }

        location /any/ {
            itinerary_supplier $http_x_key;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $redis = $t->redis;
my $n = 0;


# who the API's answer is recorded for, or why it was refused

sub who {
    my ($prefix, @headers) = @_;

    my $locator = 'L' . ++$n;
    my $before = $t->requests;

    my $answer = $t->http('POST', "$prefix/trip/v1.1",
        headers => ['Content-Type' => 'application/xml', @headers],
        body    => itinerary(bookings => [{ source  => "S$n",
                                            locator => $locator }]));

    $main::last = $answer;

    if ($answer->{status} != 200) {
        return "$answer->{status} " . (code_of($answer) // '')
               . ($t->requests > $before ? ', but forwarded' : '');
    }

    return $redis->cli->hget("itinerary:booking:S$n|$locator", 'owner');
}


sub token { return who('', Authorization => $_[0]) }


# tokens

my $secret = 'AbC-123._~+/==';
my $unknown = 'abc-123._~+/==';

$t->token('Alpha & "Sons"', token => $secret);

for my $scheme ('OAuth ', 'oauth ', 'OAUTH ', 'Bearer ', 'bearer ', 'BEARER ',
                'OAuth   ', 'Bearer  ')
{
    is(token("$scheme$secret"), 'Alpha & "Sons"', "'$scheme' has a token");
}

is(token("OAuth $secret\t "), 'Alpha & "Sons"',
   'white space behind it is none of it');

for my $case (
    [undef,                    'no header'],
    ['',                       'an empty header'],
    ['OAuth',                  'no token'],
    ['OAuth ',                 'an empty token'],
    ["OAuth $unknown",         'a token in another case'],
    ["OAuth ${secret}x",       'a longer token'],
    ["OAuth x $secret",        'two tokens'],
    ["Basic $secret",          'another scheme'],
    ["OAuthX $secret",         'a scheme that only begins like one'],
    [$secret,                  'no scheme'],
    ["\"OAuth $secret\"",      'quotes'],
) {
    my ($value, $name) = @$case;

    is(token($value), '401 unknown_supplier', "$name: nobody");
    like($main::last->{headers}{'www-authenticate'}[0] // '', qr/^Bearer\b/,
         "$name: the answer says how");
}

# nginx itself may refuse that, and then writes it to its log

like(who('', Authorization => 'OAuth twice', Authorization => 'OAuth twice'),
     qr/\A400 (?:ambiguous_header)?\z/, 'a token twice is nobody\'s either');

for my $case (['', 'empty'], ['x' x 129, 'too long'], ["\xc3\x89", 'no ASCII'],
              ["a\nb", 'with a line feed'])
{
    my ($supplier, $name) = @$case;

    $redis->cli->set('itinerary:token:' . sha256_hex("odd $name"), $supplier);
    is(token("OAuth odd $name"), '401 unknown_supplier',
       "a token whose supplier is $name is nobody's");
}

my $longest = join '', map { chr } 32 .. 126;

$longest .= 'x' x (128 - length $longest);
$t->token($longest, token => 'longest');
is(token('OAuth longest'), $longest,
   'a name of 128 characters of all that are allowed is one');

$redis->cli->hset('itinerary:token:' . sha256_hex('hash'), 'a', 'b');
is(token('OAuth hash'), '503 registry_unavailable',
   'what is no token in the registry is an error');

is($t->http('GET', '/trip/v1.1')->{status}, 200,
   'who reads need not be anybody');


# itinerary_supplier

is(who('/map', 'X-Key' => 'key-1'), 'Alpha', 'a map names a supplier');
is(who('/map', 'X-Key' => 'k2'), 'Supplier 2', 'with a part of what is sent');
is(who('/map', 'X-Key' => 'other'), '401 unknown_supplier',
   'an empty value is nobody');
is(who('/map', Authorization => "OAuth $secret"), '401 unknown_supplier',
   'even with a token');
is(who('/text', 'X-Key' => 'CN=a'), 'C=US/CN=a', 'text and variables');
is(who('/any', 'X-Key' => 'x' x 128), 'x' x 128, '128 characters are a name');
is(who('/any', 'X-Key' => 'x' x 129), '401 unknown_supplier', '129 are none');
is(who('/any', 'X-Key' => "\xc3\x89"), '401 unknown_supplier',
   'nor what is no ASCII');
is(who('/any', 'X-Key' => 'alpha'), 'alpha', 'a name keeps its case');

$t->post_xml('/any/trip/v1.1', undef, itinerary(),
             headers => ['X-Key' => 'alpha']);
is(code_of($t->post_xml('/any/trip/v1.1?tripId=CNQR1234567890', undef,
                        itinerary(), headers => ['X-Key' => 'Alpha2'])),
   'trip_not_owned', 'and is compared as it is');


# no token is anywhere

ok($t->wait_for(sub { ($t->audit)[-1]{event} eq 'rejected' }),
   'all is recorded');

for my $file ('error.log', 'access.log', 'audit.log') {
    unlike($t->read_file($file), qr/\Q$secret\E|\Q$unknown\E|OAuth longest/,
           "no token is in $file");
}

is(join('', grep { /\Q$secret\E/ } $redis->cli->keys('*')), '',
   'nor in Redis');
is(scalar(grep { $_->{raw} =~ /^Authorization: OAuth \Q$secret\E\r$/m }
               $t->requests) > 0, 1, 'the API gets it as it was');

$t->done;
