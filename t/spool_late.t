#!/usr/bin/perl

# What waits in the spool while another gateway writes to the same registry, or
# after Redis has carried it out without saying so: what is newer stays as it
# is.  And who is refused while something waits.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::FakeRedis;

my $t = Itinerary->new;

my $redis = $t->redis;
my $fake = Itinerary::FakeRedis->new(dir => $t->path('fake'),
                                     behind => $redis);
my $address = $fake->address;

$t->upstream(sub {
    my ($request) = @_;

    my ($id) = $request->{target} =~ /tripId=(\w+)/;
    my $h = $request->{headers};
    my $body = answered($request->{body} || itinerary(),
                        $id // $h->{'x-trip'}[0] // 'T0');

    # something else comes to a key before the answer

    if (my $key = $h->{'x-spoil'}) {
        my $cli = Redis->new(server => $redis->address);

        $cli->set($key->[0], 'spoilt');
        $cli->quit;
    }

    return [$h->{'x-status'}[0] // 200, {}, $body];
});

$t->nginx(conf => <<"END");
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_supplier \$http_x_supplier;
    itinerary_lease 1s;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        itinerary_redis $address timeout=10s connect_timeout=10s;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /open/ {
            itinerary_fail_open on;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /audit/ {
            itinerary audit;
            proxy_pass http://%%UPSTREAM%%;
        }

        location = /depth {
            itinerary off;
            return 200 "\$itinerary_spooled";
        }
    }

    # another gateway, with a spool of its own

    server {
        listen 127.0.0.1:%%PORT_1%%;

        itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $KEY = '(?s)^EVAL.* 1 itinerary';

# what waits is not recorded as long as this lasts

my @HELD = ({ match => '^HMGET itinerary:trip:\S* rev writer',
              reply => "-LOADING Redis is loading.\r\n" });

# Redis takes nothing of what was answered; or it takes it, and dies

my @REFUSED = map {
    { match => "$KEY:$_", reply => "-OOM command not allowed.\r\n" }
} 'booking:\S+ (?:own|cancelled) ', 'trip:\S+ [0-9a-f]{32} (?!\d)';

my @UNSAID = { match => "$KEY:trip:\\S+ [0-9a-f]{32} (?!\\d)", times => 1, cut => 0,
               close => 1 };


sub told {
    my ($who, $target, $locators, %opt) = @_;

    my $answer = $t->post_xml($target, $who, $locators ? itinerary(
        bookings => [map { { source => $who, locator => $_ } } @$locators]
    ) : undef, port => $t->port($opt{elsewhere} ? 1 : 0),
       headers => $opt{headers} // []);

    my $code = code_of($answer);

    return $answer->{status} . (defined $code ? " $code" : '');
}


sub spooled {
    my ($what, @told) = @_;

    my $n = () = $t->audit;

    is(told(@told), '200', "$what: it is answered");
    is(($t->wait_audit($n + 2))[-1]{outcome}, 'spooled', "$what: and waits");

    return;
}


sub state_of {
    my ($locator) = @_;

    return $redis->cli->hget("itinerary:booking:ALPHA|$locator", 'state');
}


sub let_go {
    $fake->rules;

    return $t->wait_spool;
}


my $CANCEL = '/booking/v1.1/cancel?bookingSource=Alpha&confirmationNumber=';

for (['is carried out, but nobody knows', @UNSAID],
     ['is not carried out', @REFUSED])
{
    my ($what, @rules) = @$_;
    my $n = $what =~ /not/ ? 2 : 1;

    is(told('Alpha', '/trip/v1.1', ["A$n", "B$n"],
            headers => ['X-Trip' => "T$n"]), '200', 'a trip');
    my $rev = $redis->cli->hget("itinerary:trip:T$n", 'rev');

    $fake->rules(@HELD, @rules);
    spooled("a cancel that $what", 'Alpha', $CANCEL . "A$n");

    # the lease of what is not carried out must run out

    ok($t->wait_for(sub {
        told('Alpha', "/trip/v1.1?tripId=T$n", ["A$n", "B$n"], elsewhere => 1)
            eq '200';
    }), 'it is posted anew through another gateway');
    is(state_of("A$n"), 'active', 'and active');

    ok(let_go(), 'what waited is recorded');
    is(state_of("A$n"), 'active', 'the booking is active still');
    is($redis->cli->hget("itinerary:trip:T$n", "booking:ALPHA|A$n"), 'Alpha',
       'and in the trip');
    cmp_ok($redis->cli->hget("itinerary:trip:T$n", 'rev'), '>=', $rev + 2,
           'each counts as a write');
}


# a trip cancelled, and used again

is(told('Alpha', '/trip/v1.1', ['A3'], headers => ['X-Trip' => 'T3']), '200',
   'a trip');
$fake->rules(@HELD, @REFUSED);
spooled('its cancel', 'Alpha', '/trip/v1.1/cancel?tripId=T3');
ok($t->wait_for(sub {
    told('Alpha', '/trip/v1.1?tripId=T3', ['A3'], elsewhere => 1) eq '200';
}), 'it is updated through another gateway');
ok(let_go(), 'what waited is recorded');
is($redis->cli->hget('itinerary:trip:T3', 'state'), 'active',
   'the trip is active still');


# carried out once, nobody knows, and nobody has written since

is(told('Alpha', '/trip/v1.1', ['A4'], headers => ['X-Trip' => 'T4']), '200',
   'a trip');
$fake->rules(@HELD, @UNSAID);
spooled('its cancel, carried out', 'Alpha', '/trip/v1.1/cancel?tripId=T4');
$fake->rules(@HELD);
is($redis->cli->hget('itinerary:trip:T4', 'state'), 'cancelled',
   'it is on record');
ok(let_go(), 'what waited is recorded again');
is($redis->cli->hget('itinerary:trip:T4', 'state'), 'cancelled',
   'the trip is cancelled still');
is($redis->cli->hget('itinerary:trip:T4', 'writer'), undef, 'and free');


# claimed again meanwhile

$fake->rules(@HELD, @REFUSED);
spooled('a create', 'Alpha', '/trip/v1.1', ['A5'],
        headers => ['X-Trip' => 'T5']);
is(told('Alpha', '/trip/v1.1', ['A5'], elsewhere => 1,
        headers => ['X-Trip' => 'T5', 'X-Status' => 500]), '500',
   'it is tried again through another gateway');
is(state_of('A5'), 'pending', 'and in doubt');
ok(let_go(), 'what waited is recorded');
is(state_of('A5'), 'active', 'the booking is its supplier\'s');
is($redis->cli->hget('itinerary:trip:T5', 'owner'), 'Alpha', 'and the trip');


# while something waits

$fake->rules(@HELD, @REFUSED);
spooled('a create', 'Alpha', '/trip/v1.1', ['A6'],
        headers => ['X-Trip' => 'T6']);
$fake->rules(@HELD);

for (['Alpha', '/trip/v1.1?tripId=T6', ['A6']],
     ['Alpha', '/trip/v1.1', ['A7']],
     ['Alpha', '/trip/v1.1/cancel?tripId=T6'],
     ['Alpha', $CANCEL . 'A1'],
     ['Beta', '/trip/v1.1?tripId=T1', ['B1']])
{
    is(told(@$_), '503 registry_unavailable', "$_->[0] may not $_->[1]");
}

is($redis->cli->hget('itinerary:trip:T1', 'writer'), undef,
   'and leaves no lease');
is(told('Alpha', '/open/trip/v1.1', ['A8'], headers => ['X-Trip' => 'T8']),
   '200', 'unless the gateway fails open');
is(told('Alpha', '/audit/trip/v1.1', ['A9'], headers => ['X-Trip' => 'T9']),
   '200', 'or only looks on');
is($t->http('GET', '/trip/v1.1/T1', headers => ['X-Supplier' => 'Alpha'])
       ->{status}, 200, 'who reads is served');
is($t->http('GET', '/depth')->{body}, '1', 'it waits still');
ok(let_go(), 'until it is recorded');
is(told('Alpha', '/trip/v1.1?tripId=T6', ['A6']), '200',
   'then its creator may update the trip');


# what cannot be recorded holds up nobody

my $n = () = $t->audit;

is(told('Alpha', '/trip/v1.1', ['W1'], headers => [
        'X-Trip' => 'TW', 'X-Spoil' => 'itinerary:trip:TW']),
   '200', 'a trip whose key holds something else is created');
is(($t->wait_audit($n + 2))[-1]{outcome}, 'spooled', 'what was answered waits');
ok($t->wait_spool, 'but not for long');
is(scalar(() = glob $t->path('itinerary_spool/aside-*')), 1,
   'it is set aside');
like($t->error_log, qr/\[crit\] .*: what became of request "\w+" cannot be recorded, redis "$address" answered with an error: it is set aside in ".*aside-/,
     'as the error log says');
$t->expect_log(qr/\[crit\] .* cannot be recorded/);
is(told('Alpha', '/trip/v1.1?tripId=TW', ['W1']), '503 registry_unavailable',
   'that trip is nobody\'s to write to');
is(told('Alpha', '/trip/v1.1?tripId=T6', ['A6']), '200', 'others are');

$t->done;
