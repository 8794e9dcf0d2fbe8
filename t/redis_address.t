#!/usr/bin/perl

# Where the registry is: addresses, databases, prefixes and passwords.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Redis;
use Test::More;
use Itinerary;
use Itinerary::Records;

my $t = Itinerary->new;

# Redis may ask for a password, and know a user; what is set once it runs
# leaves the test's own connection alone

my $redis = $t->redis;
my $closed = $t->another_redis;

$closed->cli->acl('SETUSER', 'gateway', 'on', '>p4ss:w@rd/', '~gw:*',
                  '+@all', '-@dangerous', '+role', '+info');
$closed->cli->acl('SETUSER', 'reader', 'on', '>secret2', '~*', '+@read',
                  '+@connection', '+role');
$closed->cli->config_set('requirepass', 'secret1');

$t->write_file('password', "secret1\nsomething else\n");
$t->write_file('password2', "secret1\r\n");
$t->write_file('password3', 'secret1');

my @places = (
    ['host:port',       '%%REDIS%%'],
    ['other-form',      'redis://127.0.0.1:%%PORT_9%%'],
    ['unix',            'unix:%%REDIS_SOCKET%%'],
    ['url',             'redis://%%REDIS%% prefix=url:'],
    ['url-slash',       'redis://%%REDIS%%/ prefix=slash:'],
    ['url-db',          'redis://%%REDIS%%/3'],
    ['db',              '%%REDIS%% db=2'],
    ['prefix',          '%%REDIS%% prefix=a:b%'],
    ['no-prefix',       '%%REDIS%% db=5 prefix='],
    ['both',            '%%REDIS%% db=4 prefix=x:'],
    ['connections',     '%%REDIS%% prefix=c: connections=4'],
    ['password',        '%%REDIS_1%% password=secret1'],
    ['password_file',   '%%REDIS_1%% password_file=password prefix=f:'],
    ['password_file-2', '%%REDIS_1%% password_file=%%DIR%%/password2 prefix=g:'],
    ['password_file-3', '%%REDIS_1%% password_file=password3 prefix=h:'],
    ['user',            '%%REDIS_1%% user=gateway password=p4ss:w@rd/ '
                        . 'prefix=gw:'],
    ['url-user',        'redis://gateway:p4ss:w@rd/@%%REDIS_1%%/0 prefix=gw:u:'],
    ['url-password',    'redis://default:secret1@%%REDIS_1%%/1'],

    ['none',            '%%REDIS_1%% prefix=n1:'],
    ['wrong',           '%%REDIS_1%% password=wrong77 prefix=n2:'],
    ['wrong-user',      '%%REDIS_1%% user=nobody password=secret1 prefix=n3:'],
    ['no-right',        '%%REDIS_1%% user=reader password=secret2 prefix=n4:'],
    ['other-prefix',    '%%REDIS_1%% user=gateway password=p4ss:w@rd/ '
                        . 'prefix=n5:'],
    ['no-such-db',      '%%REDIS%% db=99'],
    ['nobody-there',    '127.0.0.1:%%PORT_8%%'],
    ['no-socket',       'unix:%%DIR%%/nothing.sock'],
);

my $port = $redis->port;
my $conf = join '', map {
    my ($name, $address) = @$_;

    $address =~ s/%%PORT_9%%/$port/;

    <<"END_LOCATION";
            location /$name/ {
                itinerary enforce;
                itinerary_redis $address timeout=10s connect_timeout=10s;
                proxy_pass http://%%UPSTREAM%%;
            }
END_LOCATION
} @places;

$t->nginx(conf => <<"END_CONF");
    itinerary_supplier \$http_x_supplier;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

$conf
    }
END_CONF


sub create {
    my ($who, $place) = @_;

    my $answer = $t->post_xml("/$place/trip/v1.1", $who, itinerary(
        bookings => [{ source => 'Alpha', locator => 'A1' }]));
    my $code = code_of($answer);

    return $answer->{status} . (defined $code ? " $code" : '');
}


my %records = (
    'trip:CNQR1234567890' => trip_record('Alpha', 1, { 'ALPHA|A1' => 'Alpha' }),
    'booking:ALPHA|A1' => booking_record('Alpha', 'active', 'CNQR1234567890'),
);


sub is_recorded {
    my ($place, $server, $db, $prefix) = @_;

    is(create('Alpha', $place), '200', "$place: a trip is created");

    $server->cli->select($db);

    my $records = records($server, prefix => $prefix);
    my ($id) = $server->cli->get("${prefix}registry");

    $server->cli->select(0);

    is_deeply($records, \%records, "$place: and recorded there");
    like($id, qr/\A1:[0-9a-f]{32}\z/, "$place: in a registry of its own");
    is(create('Beta', $place), '403 booking_not_owned',
       "$place: another is refused");
    return $id;
}

my @ids = (
    is_recorded('host:port', $redis, 0, 'itinerary:'),
    is_recorded('url', $redis, 0, 'url:'),
    is_recorded('url-slash', $redis, 0, 'slash:'),
    is_recorded('url-db', $redis, 3, 'itinerary:'),
    is_recorded('db', $redis, 2, 'itinerary:'),
    is_recorded('prefix', $redis, 0, 'a:b%'),
    is_recorded('no-prefix', $redis, 5, ''),
    is_recorded('both', $redis, 4, 'x:'),
    is_recorded('connections', $redis, 0, 'c:'),
    is_recorded('password', $closed, 0, 'itinerary:'),
    is_recorded('password_file', $closed, 0, 'f:'),
    is_recorded('password_file-2', $closed, 0, 'g:'),
    is_recorded('password_file-3', $closed, 0, 'h:'),
    is_recorded('user', $closed, 0, 'gw:'),
    is_recorded('url-user', $closed, 0, 'gw:u:'),
    is_recorded('url-password', $closed, 1, 'itinerary:'),
);

my %ids = map { $_ => 1 } @ids;

is(scalar(keys %ids), scalar(@ids), 'no two have the same id');


# other ways to the first of them

for my $place ('other-form', 'unix') {
    is(create('Beta', $place), '403 booking_not_owned',
       "$place: what is in Redis is known");
    is(create('Alpha', $place), '200', "$place: to its creator, too");
}


# no way

for my $place ('none', 'wrong', 'wrong-user', 'no-right', 'other-prefix',
               'no-such-db', 'nobody-there', 'no-socket')
{
    my $before = $t->requests;

    is(create('Alpha', $place), '503 registry_unavailable',
       "$place: nothing is created");
    is(scalar($t->requests), $before, "$place: nor forwarded");
}

is(join(' ', $closed->cli->keys('n*')), '', 'nothing is left behind');

my $log = $t->error_log;

like($log, qr/NOAUTH|WRONGPASS/, 'the log says that Redis wants a password');
unlike($log, qr/secret1|secret2|wrong77|p4ss/, 'and never which');

$t->done;
