#!/usr/bin/perl

# A mistake in a directive ends nginx -t with a message that says what is wrong
# and what is allowed; what would break a promise gives a warning.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;

my $t = Itinerary->new;

my $REDIS = 'itinerary_redis 127.0.0.1:6379;';

$t->write_file('empty', '');
$t->write_file('line', "\nsecret\n");
$t->write_file('long', 'x' x 1024);


sub message {
    my ($output) = @_;

    my ($message) = $output =~ /\[emerg\] \d+#\d+: (.*)/;

    return $message // '';
}


# the pattern has to match what nginx -t says, and that names file and line

sub is_refused {
    my ($conf, $pattern) = @_;

    my ($status, $output) = $t->nginx_test($conf);
    my $message = message($output);

    is($status, 1, "refused: $conf");
    like($message, $pattern, '- with what is wrong');
    like($message, qr{/test\.conf:\d+$}, '- and where')
        if $message !~ /variable$/;
    return;
}


sub is_accepted {
    my ($conf) = @_;

    my ($status, $output) = $t->nginx_test($conf);

    is($status, 0, "accepted: $conf") or diag($output);
    return $output;
}


# arguments

my %values = (
    'itinerary'                => ['off', 'audit', 'enforce'],
    'itinerary_redis'          => ['127.0.0.1:6379'],
    'itinerary_supplier'       => ['$ssl_client_s_dn'],
    'itinerary_audit_log'      => ['audit.log'],
    'itinerary_unknown_trip'   => ['deny', 'adopt', 'allow'],
    'itinerary_validate'       => ['on', 'off'],
    'itinerary_replace'        => ['on', 'off'],
    'itinerary_cancel_foreign' => ['on', 'off'],
    'itinerary_max_bookings'   => ['1', '512', '4096'],
    'itinerary_fail_open'      => ['on', 'off'],
    'itinerary_lease'          => ['1s', '1000ms', '60', '2m'],
    'itinerary_spool'          => ['spool'],
);

for my $name (sort keys %values) {
    my $redis = $name eq 'itinerary_redis' ? '' : $REDIS;
    my ($value) = @{ $values{$name} };

    is_accepted("$redis $name $_;") for @{ $values{$name} };

    is_refused("$redis $name;",
               qr/^invalid number of arguments in "$name" directive in /);

    is_refused("$redis $name $value $value;",
               $name eq 'itinerary_redis'
               ? qr/^invalid parameter "127.0.0.1:6379" of "$name", it must/
               : qr/^invalid number of arguments in "$name" directive in /);

    if ($name eq 'itinerary_audit_log') {
        is_accepted("$redis $name $value; $name other.log;");

    } else {
        is_refused("$redis $name $value; $name $value;",
                   qr/^"$name" directive is duplicate in /);
    }

    my $only_http = $name eq 'itinerary_spool';

    for my $context ('server { %s }', 'server { location / { %s } }') {
        my $conf = "$redis " . sprintf $context, "$name $value;";

        $only_http ? is_refused($conf, qr/^"$name" directive is not allowed /)
                   : is_accepted($conf);
    }

    for my $context ('upstream a { %s server 127.0.0.1; }',
                     'server { if ($arg_a) { %s } }',
                     'server { location / { if ($arg_a) { %s } } }',
                     'server { location / { limit_except GET { %s } } }')
    {
        is_refused("$redis " . sprintf($context, "$name $value;"),
                   qr/^"$name" directive is not allowed here in /);
    }

    my ($status, $output) = $t->nginx_test('', main => "$name $value;");

    is($status, 1, "refused outside of http: $name");
    like(message($output), qr/^"$name" directive is not allowed here in /,
         '- with what is wrong');
}


# values

for my $value ('on', 'enforced', '""', '1', 'Off1') {
    (my $text = $value) =~ s/"//g;

    is_refused("$REDIS itinerary $value;",
               qr/^invalid\ value\ "$text"\ in\ "itinerary"\ directive,
                  \ it\ must\ be\ "off",\ "audit"\ or\ "enforce"\ in\ /x);
}

is_refused("$REDIS itinerary_unknown_trip no;",
           qr/^invalid\ value\ "no"\ in\ "itinerary_unknown_trip"\ directive,
              \ it\ must\ be\ "deny",\ "adopt"\ or\ "allow"\ in\ /x);

for my $name (qw(itinerary_validate itinerary_replace itinerary_cancel_foreign
                 itinerary_fail_open))
{
    is_refused("$REDIS $name yes;",
               qr/^invalid\ value\ "yes"\ in\ "$name"\ directive,
                  \ it\ must\ be\ "on"\ or\ "off"\ in\ /x);
}

for my $value ('0', '4097', '-1', 'x', '5k', '99999999999999999999') {
    is_refused("$REDIS itinerary_max_bookings $value;",
               qr/^invalid\ value\ "$value"\ in\ "itinerary_max_bookings"
                  \ directive,\ it\ must\ be\ a\ number\ between\ 1\ and\ 4096
                  \ in\ /x);
}

for my $value ('0', '0s', '999ms', 'x', '-1', '1s1s') {
    is_refused("$REDIS itinerary_lease $value;",
               qr/^invalid\ value\ "$value"\ in\ "itinerary_lease"\ directive,
                  \ it\ must\ be\ a\ time\ of\ 1\ second\ or\ longer\ in\ /x);
}

is_refused("$REDIS itinerary_supplier \$no_such;",
           qr/^unknown "no_such" variable/);

for my $value ('""', 'redis', 'off', '$host.log') {
    (my $text = $value) =~ s/"//g;

    is_refused("$REDIS itinerary_audit_log $value;",
               qr/^invalid\ target\ "\Q$text\E"\ of\ "itinerary_audit_log",
                  \ it\ must\ be\ a\ file\ without\ variables\ or
                  \ "syslog:/x);
}

is_refused("$REDIS itinerary_audit_log syslog:;",
           qr/^unknown syslog parameter "" in /);
is_refused("$REDIS itinerary_audit_log syslog:tag=a;",
           qr/^no syslog server specified in /);
is_refused("$REDIS itinerary_audit_log syslog:server=127.0.0.1,size=1;",
           qr/^unknown syslog parameter "size=1" in /);

{
    my ($status, $output)
        = $t->nginx_test("$REDIS itinerary_audit_log %%DIR%%/no/such/file;");

    is($status, 1, 'refused: a file that cannot be opened');
    like(message($output), qr{^open\(\) "\S+/no/such/file" failed \(2: },
         '- with what is wrong');
}


# where the registry is missing

my $missing = qr/^"itinerary"\ needs\ "itinerary_redis",\ or\ must\ be\ "off"
                 \ in\ /x;

is_accepted('itinerary off; server { }');
is_refused("itinerary $_; server { }", $missing) for 'audit', 'enforce';
is_refused('server { location / { itinerary enforce; } }', $missing);
is_refused("server { location /a/ { $REDIS } location / { itinerary audit; } }",
           $missing);
is_accepted("server { $REDIS location / { itinerary enforce; } }");
is_accepted("server { location / { $REDIS itinerary enforce; } }");


# addresses

my $allowed = qr/it\ must\ be\ "host:port",\ "unix:path"\ or
                 \ "redis:\/\//x;

for my $case (
    ['""',                         qr/^no host in "" of /],
    ['127.0.0.1:0',                qr/^invalid port in "127.0.0.1:0" of /],
    ['127.0.0.1:65536',            qr/^invalid port in "127.0.0.1:65536" of /],
    ['127.0.0.1:x',                qr/^invalid port in "127.0.0.1:x" of /],
    ['127.0.0.1:6379/1',           qr/^invalid (?:host|port|address)/],
    [':6379',                      qr/^(?:no host|invalid host)/],
    ['no-such-host.invalid:6379',  qr/^host not found in "no-such-host.inv/],
    ['unix:',                      qr/^no path in the unix domain socket in/],
    ['http://127.0.0.1',           qr/^invalid address "http:\/\/127.0.0.1"/],
) {
    my ($address, $what) = @$case;

    is_refused("itinerary_redis $address;", $what);
    is_refused("itinerary_redis $address;", $allowed);
}

for my $address ('redis://', 'redis:///1', 'redis://127.0.0.1/x',
                 'redis://127.0.0.1/-1', 'redis://127.0.0.1/1/2',
                 'redis://pass@127.0.0.1', 'redis://user:@127.0.0.1',
                 'redis://@127.0.0.1')
{
    is_refused("itinerary_redis $address;",
               qr/^invalid\ URL\ in\ "itinerary_redis",\ it\ must\ be
                  \ "redis:\/\//x);
}

is_accepted("itinerary_redis $_;")
    for '127.0.0.1', '127.0.0.2:6379', '[::1]:6379', 'unix:/tmp/redis.sock',
        'redis://127.0.0.1', 'redis://127.0.0.1:6379/', 'redis://127.0.0.1/15',
        'redis://user:pass@127.0.0.1:6379/0', 'redis://user:a@b:c/@127.0.0.1';


# parameters

for my $case (
    ['foo',               qr/^invalid parameter "foo" of .*, it must be one of "user="/],
    ['foo=1',             qr/^invalid parameter "foo=1" of "itinerary_redis"/],
    ['prefix',            qr/^invalid parameter "prefix" of "itinerary_redis/],
    ['DB=1',              qr/^invalid parameter "DB=1" of "itinerary_redis"/],
    ['user=',             qr/^invalid value "user=", "user=" must be the name/],
    ['user=a',            qr/^"user=" of "itinerary_redis" needs "password="/],
    ['password=',         qr/^invalid value "password=", "password=" must not/],
    ['password_file=',    qr/^"password_file=" needs the name of a file in /],
    ['password_file=/no/such/file',
                          qr/^open\(\) "\/no\/such\/file" failed \(2: /],
    ['password_file=/',   qr/^read\(\) "\/" failed \(21: /],
    ['password_file=empty',
                          qr/" must be a password of 1 to 1023 bytes in /],
    ['password_file=line',
                          qr/" must be a password of 1 to 1023 bytes in /],
    ['password_file=long',
                          qr/" must be a password of 1 to 1023 bytes in /],
    ['db=',               qr/^invalid value "db=", "db=" must be a number of /],
    ['db=x',              qr/^invalid value "db=x", "db=" must be a number of/],
    ['db=-1',             qr/^invalid value "db=-1", "db=" must be a number /],
    ['connections=0',     qr/^invalid value "connections=0", .* between 1 and 64 in /],
    ['connections=65',    qr/^invalid value "connections=65", "connections="/],
    ['connections=x',     qr/^invalid value "connections=x", "connections=" /],
    (map {
        ["$_=",           qr/^invalid value "$_=", it must be a time such as /],
        ["$_=0",          qr/^invalid value "$_=0", it must be a time such as/],
        ["$_=x",          qr/^invalid value "$_=x", it must be a time such as/],
    } 'timeout', 'connect_timeout'),
    (map { my ($name) = /(.*=)/;
           ["$_ $_",      qr/^"$name" of "itinerary_redis" is duplicate in /] }
         'db=1', 'prefix=a:', 'timeout=1s', 'connections=2',
         'connect_timeout=1s', 'password=a'),
) {
    my ($parameter, $what) = @$case;

    is_refused("itinerary_redis 127.0.0.1 $parameter;", $what);
}

is_accepted('itinerary_redis 127.0.0.1 user=a password=b db=15 prefix= '
            . 'timeout=1ms connect_timeout=1 connections=64;');
$t->write_file('password', "secret\n");
is_accepted('itinerary_redis 127.0.0.1 password_file=password;');

{
    my ($status, $output)
        = $t->nginx_test('itinerary_redis 127.0.0.1 password_file=line db=x;');

    unlike($output, qr/secret/, 'no message tells a password');
}


# warnings

my %warnings = (
    'proxy_ignore_client_abort off;' =>
        qr/\[warn\].*"proxy_ignore_client_abort" is off in guarded location "%"/,
    'proxy_ignore_client_abort on;
     proxy_next_upstream error non_idempotent;' =>
        qr/\[warn\].*"proxy_next_upstream non_idempotent" in guarded location "%"/,
    'proxy_ignore_client_abort on; proxy_read_timeout 61s;' =>
        qr/\[warn\].*"proxy_read_timeout" in guarded location "%" is longer than "itinerary_lease"/,
    'proxy_ignore_client_abort on; proxy_cache one;' =>
        qr/\[warn\].*a cache in guarded location "%"/,
);

my $before = "$REDIS itinerary_audit_log audit.log;
              proxy_cache_path cache keys_zone=one:64k;";


sub location {
    my ($name, $content, $server) = @_;

    return "$before server { " . ($server // '') . ' '
           . "location $name { proxy_pass http://127.0.0.1; $content } }";
}


for my $what (sort keys %warnings) {
    my $name = $what =~ s/\s+/ /gr;

    for my $mode ('enforce', 'audit', 'off') {
        my $output = is_accepted(location('/guarded/', "itinerary $mode; $what"));
        my $pattern = $warnings{$what} =~ s{%}{/guarded/}r;

        if ($mode eq 'off') {
            unlike($output, qr/\[warn\]/, '- no warning where nothing is guarded');
            next;
        }

        like($output, qr/$pattern/, "- with a warning: $name");
        like($output, qr{\[warn\].*/test\.conf:\d+$}m, '- and where');
        is(scalar(() = $output =~ /\[warn\]/g), 1, '- and no other');
    }

    like(is_accepted(location('/', '', "itinerary enforce; $what")),
         qr/\[warn\]/, "- with a warning, inherited: $name");
}

like(is_accepted(location('/', 'itinerary enforce;
                  itinerary_supplier $http_x_supplier;')),
     qr{\[warn\].*"itinerary_supplier" in guarded location "/" is a header},
     '- with a warning: a header is no authentication');

like(is_accepted("$REDIS itinerary enforce; server { location / {
                  proxy_pass http://127.0.0.1; proxy_ignore_client_abort on;
                  } }"),
     qr{\[warn\].*no "itinerary_audit_log" in guarded location "/"},
     '- with a warning: nothing is recorded');

unlike(is_accepted(location('/', 'itinerary enforce;
                                  proxy_ignore_client_abort on;')),
       qr/\[warn\]/, '- without a warning');
unlike(is_accepted(location('/', 'itinerary enforce; itinerary_lease 2m;
                                  proxy_read_timeout 2m;
                                  proxy_ignore_client_abort on;')),
       qr/\[warn\]/, '- without a warning: a lease as long as the time-out');
unlike(is_accepted("$REDIS itinerary enforce; server { location / { } }"),
       qr/\[warn\]/, '- a location without proxy_pass gives none');

$t->done;
