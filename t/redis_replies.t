#!/usr/bin/perl

# What Redis replies is an error, is not what the command replies, is broken,
# or comes in pieces: no write passes on it, the worker lives, and the next
# request is served.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use Itinerary;
use Itinerary::FakeRedis;
use Itinerary::Process;

my $TRIP = '/api/travel/trip/v1.1';
my $SLOW = $Itinerary::Process::SLOW;

my $t = Itinerary->new;

my $redis = $t->redis;
my $fake = Itinerary::FakeRedis->new(dir => $t->path('fake'),
                                     behind => $redis);
my $address = $fake->address;
my $timeout = 400 * $SLOW . 'ms';

my $n = 0;

my $upstream = $t->upstream(sub {
    my ($request) = @_;

    my $shown = $request->{headers}{'x-body'};

    return [200, {}, decode_base64($shown->[0])] if $shown;

    my ($id) = $request->{target} =~ /tripId=(\w+)/;

    return [200, {}, answered($request->{body} || itinerary(),
                              $id // 'T' . ++$n)];
});

$t->nginx(conf => <<"END");
    server {
        listen 127.0.0.1:%%PORT%%;

        itinerary_redis $address timeout=30s connect_timeout=30s;
        itinerary_audit_log %%DIR%%/audit.log;
        proxy_ignore_client_abort on;

        location / {
            itinerary enforce;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /short/ {
            itinerary_redis $address timeout=$timeout;
            itinerary enforce;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $alpha = $t->token('Alpha');
my $beta = $t->token('Beta');

my $locator = 0;


sub post {
    my ($who, $args, @locators) = @_;

    return $t->post_xml("$TRIP$args", $who, itinerary(
        bookings => [map { { source => 'Alpha', locator => $_ } } @locators]
    ));
}


sub refused {
    my ($answer) = @_;

    return "$answer->{status} " . (code_of($answer) // '');
}


my $UNAVAILABLE = '503 registry_unavailable';

my ($id) = post($alpha, '', 'MINE')->{body} =~ m{<ItinLocator>(\w+)<};

ok($id, 'Alpha has a trip');

my ($worker) = $t->workers;


# its update asks for all that there is to ask for

sub update { return post($alpha, "?tripId=$id", 'MINE', 'NEW' . ++$locator) }

is(update()->{status}, 200, 'Alpha adds a booking to it');
post($alpha, "?tripId=$id", 'MINE');

my $KEY = '(?s)^EVAL.* 1 itinerary';

my @COMMANDS = (
    [ 'the look-up of a token',  '^GET itinerary:token:' ],
    [ 'the look-up of an alias', '^GET itinerary:alias:' ],
    [ 'the look-up of a trip',   '^HGETALL itinerary:trip:' ],
    [ 'a booking\'s state',      '^HMGET itinerary:booking:' ],
    [ 'the look-up of a source', '^GET itinerary:source:' ],
    [ 'the look-up of a view',   '^HMGET itinerary:view:' ],
    [ 'a lease',                 "$KEY:trip:\\S+ [0-9a-f]{32} \\d+ " ],
    [ 'a claim',                 "$KEY:booking:\\S+ Alpha " ],
    [ 'the claim in the trip',   "$KEY:trip:\\S+    \\d{4}-" ],
    [ 'the claim of a source',   "$KEY:source:\\S+ Alpha " ],
);

my %COMMAND = map { @$_ } @COMMANDS;


# A rule makes an update fail; without it, the next one does not.

sub fails {
    my ($rule, $name) = @_;

    $upstream->forget;
    $fake->rules($rule);

    my $first = refused(update());
    my $passed = $t->requests;

    $fake->rules;

    my $second = post($alpha, "?tripId=$id", 'MINE');

    # The lease is given back behind the answer.  A further reply may come as
    # late as the next one's; if that is the one to the release, the lease lasts
    # for its time.

    wait_for(sub {
        return 1 if $second->{status} != 409
                    && !($rule->{extra} && $second->{status} == 503);

        $redis->cli->hdel("itinerary:trip:$id", 'writer', 'writer_until')
            if $rule->{extra};

        $second = post($alpha, "?tripId=$id", 'MINE');

        return 0;
    });

    # a reply that others follow may be taken for the next one, but not for a
    # permission

    $first = $UNAVAILABLE if $rule->{extra} && $first =~ /\A403 /;

    is("$first, forwarded $passed, then $second->{status}",
       "$UNAVAILABLE, forwarded 0, then 200", $name);

    return;
}


# errors

my @ERRORS = (
    'LOADING Redis is loading the dataset in memory',
    'BUSY Redis is busy running a script.',
    'MASTERDOWN Link with MASTER is down',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'CLUSTERDOWN Hash slot not served',
    "READONLY You can't write against a read only replica.",
    'MOVED 3999 127.0.0.1:6381',
    'ASK 3999 127.0.0.1:6381',
    "CROSSSLOT Keys in request don't hash to the same slot",
    'NOAUTH Authentication required.',
    'NOPERM this user has no permissions to run the command',
    "OOM command not allowed when used memory > 'maxmemory'.",
    'MISCONF Redis is configured to save RDB snapshots',
    'NOREPLICAS Not enough good replicas to write.',
    'WRONGTYPE Operation against a key',
    'EXECABORT Transaction discarded',
    'ERR unknown command',
    'UNBLOCKED',
    '',
);

for my $command (@COMMANDS) {
    my ($name, $match) = @$command;

    for my $error (@ERRORS) {
        fails({ match => $match, reply => "-$error\r\n" },
              "$name is answered with \"$error\"");
    }
}


# an error that the log names

like($t->error_log,
     qr/answered with an error for "itinerary:trip:$id": "WRONGTYPE Operation/,
     'the log names the error and the key');

$fake->forget;
fails({ match => $COMMAND{'a lease'}, reply => "-READONLY\r\n" },
      'a master that has become a replica');
is(scalar($fake->commands(qr/^ROLE/)), 1, 'is asked for its role');

$fake->forget;
fails({ match => $COMMAND{'a lease'}, reply => "-BUSY\r\n" },
      'a server with another trouble');
is(scalar($fake->commands(qr/^ROLE/)), 0, 'is not connected to anew');


# replies of another command

my %WRONG = (
    'the look-up of a token'  => [":1\r\n", "*0\r\n", "+Alpha\r\n",
                                  "*1\r\n\$5\r\nAlpha\r\n", "*-1\r\nx"],
    'the look-up of an alias' => [":1\r\n", "*0\r\n", "+OK\r\n"],
    'the look-up of a trip'   => ["\$-1\r\n", "\$2\r\nOK\r\n", ":0\r\n",
                                  "+OK\r\n", "*-1\r\n", "*1\r\n\$1\r\na\r\n",
                                  "*2\r\n:1\r\n:1\r\n", "*2\r\n\$-1\r\n\$-1\r\n",
                                  "*2\r\n\$5\r\nowner\r\n*1\r\n\$1\r\na\r\n"],
    'a booking\'s state'      => ["\$-1\r\n", ":1\r\n", "*0\r\n",
                                  "*2\r\n\$-1\r\n\$-1\r\n",
                                  "*4\r\n" . "\$-1\r\n" x 4,
                                  "*3\r\n\$5\r\nAlpha\r\n\$-1\r\n\$-1\r\n",
                                  "*3\r\n\$-1\r\n\$6\r\nactive\r\n\$-1\r\n",
                                  "*3\r\n\$5\r\nAlpha\r\n\$3\r\nodd\r\n"
                                  . "\$-1\r\n",
                                  "*3\r\n:1\r\n:1\r\n:1\r\n"],
    'the look-up of a source' => [":1\r\n", "*0\r\n", "+Alpha\r\n"],
    'the look-up of a view'   => ["\$-1\r\n", ":1\r\n", "*0\r\n",
                                  "*3\r\n" . "\$-1\r\n" x 3,
                                  "*5\r\n" . "\$-1\r\n" x 5,
                                  "*4\r\n:1\r\n" . "\$-1\r\n" x 3,
                                  "*4\r\n\$1\r\nx\r\n" . "\$-1\r\n" x 3,
                                  "*4\r\n\$1\r\n1\r\n" . ":1\r\n" x 3],
    'a lease'                 => ["\$-1\r\n", "*0\r\n", ":1\r\n", "+OK\r\n",
                                  "*1\r\n\$1\r\n1\r\n", "*1\r\n:7\r\n",
                                  "*2\r\n:1\r\n\$5\r\nowner\r\n",
                                  "*3\r\n:1\r\n\$5\r\nowner\r\n\$-1\r\n"],
    'a claim'                 => ["\$-1\r\n", "\$1\r\n1\r\n", "*0\r\n",
                                  "+OK\r\n", ":-1\r\n", ":7\r\n"],
    'the claim in the trip'   => ["\$-1\r\n", "+OK\r\n", "*1\r\n:1\r\n"],
    'the claim of a source'   => ["\$-1\r\n", "+OK\r\n", ":-1\r\n", ":3\r\n"],
);

for my $name (map { $_->[0] } @COMMANDS) {
    for my $reply (@{ $WRONG{$name} }) {
        fails({ match => $COMMAND{$name}, reply => $reply },
              "$name is answered with \"" . ($reply =~ s/\r\n/|/gr) . '"');
    }
}


# replies that are none, or too much

my %BROKEN = (
    'a huge array'               => "*2147483647\r\n",
    'a huger array'              => "*4294967296\r\n",
    'an array over the bound'    => "*200000\r\n",
    'an array of negative size'  => "*-2\r\n",
    'a text of negative size'    => "\$-2\r\n",
    'a text over the bound'      => '$65537' . "\r\n" . 'x' x 65537 . "\r\n",
    'arrays in arrays'           => "*1\r\n" x 12 . ":1\r\n",
    'an integer that is none'    => ":x\r\n",
    'an integer out of range'    => ":9223372036854775808\r\n",
    'a map'                      => "%1\r\n+a\r\n+b\r\n",
    'a set'                      => "~1\r\n+a\r\n",
    'a push'                     => ">2\r\n+invalidate\r\n*0\r\n",
    'a double'                   => ",1.5\r\n",
    'a boolean'                  => "#t\r\n",
    'a big number'               => "(1\r\n",
    'a verbatim text'            => "=9\r\ntxt:Alpha\r\n",
    'HTTP'                       => "HTTP/1.1 400 Bad Request\r\n\r\n",
    'NULs'                       => "\0" x 64,
    'random bytes'               => join('', map { chr(int rand 256) } 1 .. 99)
                                    =~ s/\A[-+:*\$]/x/r,
    'an empty line'              => "\r\n",
);

for my $what (sort keys %BROKEN) {
    for my $name ('the look-up of a token', 'a lease') {
        fails({ match => $COMMAND{$name}, reply => $BROKEN{$what} },
              "$name is answered with $what");
    }
}


# more than was asked for

for my $extra ("+OK\r\n", "\$4\r\nBeta\r\n", ":1\r\n", "*0\r\n") {
    for my $command (@COMMANDS) {
        my ($name, $match) = @$command;

        # at the end of a batch it shows that the reply was good

        next if $name =~ /lease|trip$|claim/;

        fails({ match => $match, extra => $extra },
              "$name is answered twice, with \"" . ($extra =~ s/\r\n/|/gr)
              . '"');
    }
}

like($t->error_log, qr/said what it was not asked|not the registry's/,
     'the log says so');


# the connection ends within a reply

for my $command (@COMMANDS) {
    my ($name, $match) = @$command;

    for my $cut (0 .. 12) {
        fails({ match => $match, cut => $cut, close => 1, times => 1,
                $name =~ /claim/ ? (reply => ":1000000000001\r\n") : () },
              "the connection ends after $cut bytes of $name");
    }
}


# a reply that goes on for ever

sub short {
    return $t->post_xml("/short$TRIP", $alpha,
                        itinerary(bookings => [{ source  => 'Alpha',
                                                 locator => ++$locator }]));
}

for (['a text that does not end', "\$60000\r\nabc"],
     ['a text that is too large', "\$9223372036854775807\r\nabc"],
     ['an array that does not end', "*100\r\n:1\r\n"],
     ['a line that does not end', '+' . 'x' x 50000])
{
    my ($name, $reply) = @$_;
    $upstream->forget;
    $fake->rules({ match => $COMMAND{'the look-up of a token'},
                   reply => $reply });
    is(refused(short()), $UNAVAILABLE, "$name is waited for till the deadline");
    is(scalar($t->requests), 0, 'nothing is forwarded');

    $fake->rules;
    is(short()->{status}, 200, 'the next one is served');
}

$fake->rules({ match => $COMMAND{'the look-up of a token'},
               reply => '$40000000' . "\r\n", pad => 40_000_000 });
is(refused(post($alpha, '', ++$locator)), $UNAVAILABLE,
   'a reply that is too large is not read to its end');
like($t->error_log, qr/sent too large a reply/, 'the log says so');
$fake->rules;


# in pieces

for my $command (@COMMANDS) {
    my ($name, $match) = @$command;

    my @failed = grep {
        $fake->rules({ match => $match, cut => $_ });
        update()->{status} != 200;
    } 1 .. 20;

    $fake->rules;
    post($alpha, "?tripId=$id", 'MINE');

    is("@failed", '', "$name may come in two pieces");
}

$fake->rules({ match => '.', drip => 1 });
is(update()->{status}, 200, 'everything may come byte by byte');
is(post($beta, "?tripId=$id", 'MINE')->{status}, 403,
   'and be as good as ever');
$fake->kill;
$fake->start;
ok($t->wait_for(sub { post($alpha, '', ++$locator)->{status} == 200 }),
   'from the greeting on');
$fake->rules;
is(post($alpha, "?tripId=$id", 'MINE')->{status}, 200, 'Alpha updates its trip');


# scripts

$fake->forget;
$redis->cli->script_flush;
is(update()->{status}, 200, 'flushed scripts are not missed');
cmp_ok(scalar($fake->commands(qr/^EVAL /)), '>', 2, 'they are sent anew');


# the scripts' keys, in the order in which an update sent them

sub keys_of_update {
    $fake->forget;
    is(update()->{status}, 200, 'an update');

    # what it does last

    $fake->wait_command(qr/^EVAL.* 1 itinerary:view:/s);

    return [map { $_->{text} =~ / 1 (itinerary:\w+)/ }
                $fake->commands(qr/^EVAL/)];
}


my $keys = keys_of_update();

is(scalar($fake->commands(qr/^EVAL /)), 0,
   'a script that was sent is not sent again');

$redis->cli->script_flush;
$fake->rules({ match => '^HGETALL', cut => 0, close => 1 });
is(refused(update()), $UNAVAILABLE, 'the connection is lost');
$fake->rules;

is_deeply(keys_of_update(), $keys,
          'a server without scripts carries them out in the same order');
cmp_ok(scalar($fake->commands(qr/^EVAL /)), '>', 2, 'since they come in full');

for my $script ('booking:\S+ own ', 'trip:\S+ [0-9a-f]{32} Alpha active ') {
    $redis->cli->script_flush;
    $fake->rules({ match => '^HGETALL', cut => 0, close => 1 });
    is(refused(update()), $UNAVAILABLE, 'the connection is lost once more');

    $fake->rules({ match => "(?s)^EVAL .* 1 itinerary:$script", times => 1,
                   reply => "-BUSY Redis is busy running a script.\r\n" });
    my $records = () = $t->audit;
    is(post($alpha, '', 'BUSY' . ++$locator)->{status}, 200, 'a trip');
    is(($t->wait_audit($records + 2))[-1]{outcome}, 'spooled',
       'of which a script is refused');
    $fake->rules;
    ok($t->wait_spool, 'and taken when it is told again');
    is_deeply(keys_of_update(), $keys, 'is sent in full again');
}

$fake->forget;
fails({ match => '^EVAL', reply => "-NOSCRIPT No matching script.\r\n" },
      'a script that cannot be sent ends in a refusal');


# out of memory

$redis->cli->config_set('maxmemory', 1);
is(refused(update()), $UNAVAILABLE, 'without memory for a lease');
is(refused(post($alpha, '', 'OOM')), $UNAVAILABLE, 'or a claim, no write passes');
$redis->cli->config_set('maxmemory', 0);
is(update()->{status}, 200, 'with memory they do');


# what a GET finds

my $old = answered(itinerary(bookings => [{ source => 'Alpha',
                                            locator => 'F1' }]), 'FOUND');
my $new = answered(itinerary(bookings => [{ source => 'Alpha',
                                            locator => 'F1' },
                                          { source => 'Gamma',
                                            locator => 'F2' }]), 'FOUND');


sub look {
    my ($shown) = @_;

    return $t->http('GET', "$TRIP/FOUND", headers => [
        Authorization => "OAuth $beta", 'X-Body' => encode_base64($shown, '')])
        ->{status};
}


sub view { return { $redis->cli->hgetall('itinerary:view:FOUND|Beta') } }

$t->shown('Beta', 'FOUND', sub { look($old) });

my $view = view();

for my $reply ("-OOM\r\n", "+OK\r\n") {
    my $what = "$KEY:trip:FOUND [0-9a-f]{32}  known ";

    $fake->forget;
    $fake->rules({ match => $what, reply => $reply });
    is(look($new), 200, 'a GET finds a booking, which cannot be recorded');
    ok($fake->wait_command(qr/$what/), 'as Redis says');
    is(update()->{status}, 200, 'the next command comes through');
    is_deeply(view(), $view, 'the view is not of a write that was not counted');
}

$fake->rules;
$t->shown('Beta', 'FOUND', sub { look($new) });
is(view()->{rev}, $redis->cli->hget('itinerary:trip:FOUND', 'rev'),
   'what is counted then is in the view');
isnt(view()->{'GAMMA|F2'}, undef, 'with the booking');


# after the write was forwarded

for (['the look-up of the trip', '^HGETALL itinerary:trip:'],
     ['the booking', "$KEY:booking:\\S+ own "],
     ['the trip', "$KEY:trip:\\S+ [0-9a-f]{32} Alpha "])
{
    my ($name, $match) = @$_;

    for my $reply ("-OOM\r\n", "-READONLY\r\n", "*-2\r\n", undef) {
        $upstream->forget;
        my $records = () = $t->read_file('audit.log') =~ /\n/g;

        $fake->rules({ match => $match, times => 1,
                       defined $reply ? (reply => $reply)
                                      : (cut => 0, close => 1) });
        $locator++;

        my $answer = post($alpha, '', "LATE$locator");
        my @records = $t->wait_audit($records + 2);

        is("$answer->{status} " . ($answer->{error} // ''), '200 ',
           "$name is not recorded, the answer is delivered");
        is(scalar($t->requests), 1, 'of what was forwarded');
        is($records[-1]{outcome}, 'spooled', 'the audit trail knows');
        ok($t->wait_spool, 'it is recorded when Redis takes it');
        is(join(' ', $redis->cli->hmget(
               "itinerary:booking:ALPHA|LATE$locator", 'owner', 'state')),
           'Alpha active', 'the booking is its owner\'s');
        is(refused(post($beta, '', "LATE$locator")),
           '403 booking_not_owned', 'and nobody else\'s');
    }
}

$fake->rules;
is(post($alpha, '', 'LAST')->{status}, 200, 'at last all is well');
is(join(' ', $t->workers), $worker, 'and the worker the same');

$t->done;
