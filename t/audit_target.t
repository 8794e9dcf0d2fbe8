#!/usr/bin/perl

# Where the audit trail goes: files, syslog, several of them; and what happens
# where it cannot be written.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Test::More;
use Itinerary;
use Itinerary::Records;

my $t = Itinerary->new;

my $syslog = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'udp')
    or die "no socket: $!\n";
my $port = $syslog->sockport;

$t->nginx(conf => <<"END_CONF");
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier \$http_x_supplier;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /relative/ {
            itinerary_audit_log relative.log;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /syslog/ {
            itinerary_audit_log syslog:server=127.0.0.1:$port,tag=trips,facility=local5,severity=notice;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /several/ {
            itinerary_audit_log %%DIR%%/one.log;
            itinerary_audit_log syslog:server=127.0.0.1:$port,nohostname;
            itinerary_audit_log %%DIR%%/two.log;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /full/ {
            itinerary_audit_log /dev/full;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /half/ {
            itinerary_audit_log %%DIR%%/half.log;
            itinerary_audit_log /dev/full;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /full/audit/ {
            itinerary audit;
            itinerary_audit_log /dev/full;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /full/open/ {
            itinerary_fail_open on;
            itinerary_audit_log /dev/full;
            proxy_pass http://%%UPSTREAM%%;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_1%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $redis = $t->redis;
my $id = 'CNQR1234567890';


sub post {
    my ($prefix, $locator, %opt) = @_;

    my $target = "$prefix/trip/v1.1" . ($opt{args} // '');

    return $t->post_xml($target, $opt{who} // 'Alpha', itinerary(
        bookings => [{ source => 'Alpha', locator => $locator }]), %opt);
}


sub events {
    my ($name) = @_;

    return join ' ', map { $_->{event} } $t->audit($name);
}


sub datagram {
    IO::Select->new($syslog)->can_read(10 * $Itinerary::Process::SLOW)
        or return '';

    $syslog->recv(my $datagram, 65536);

    return $datagram;
}


# files

is(post('', 'A1')->{status}, 200, 'a trip');
is(events('audit.log'), 'forwarded completed', 'a file has its records');
is(post('', 'A1', port => $t->port(1))->{status}, 200, 'in another server');
is(events('audit.log'), 'forwarded completed forwarded completed',
   'the file is inherited');
is(post('/relative', 'A1')->{status}, 200, 'in a file without a directory');
is(events('relative.log'), 'forwarded completed',
   'the file is where nginx is');
is(events('audit.log'), 'forwarded completed forwarded completed',
   'which replaces what would be inherited');


# reopened

rename $t->path('audit.log'), $t->path('audit.log.0') or die $!;
is(post('', 'A1')->{status}, 200, 'a file is renamed');
is(scalar(() = $t->audit('audit.log.0')), 6, 'nginx still writes to it');
$t->signal('USR1');
ok($t->wait_for(sub { -e $t->path('audit.log')
                      && post('', 'A1')->{status} == 200
                      && $t->audit('audit.log') }),
   'after USR1 it writes to a new one');
like($t->read_file('audit.log'), qr/\A\{.*\}\n\z/s, 'of whole lines');


# syslog

is(post('/syslog', 'A1')->{status}, 200, 'to syslog');

for my $event ('forwarded', 'completed') {
    my $datagram = datagram();
    my ($priority, $tag, $json)
        = $datagram =~ /\A<(\d+)>\w{3} [ \d]\d [\d:]{8} \S+ (\w+): (.*)\z/s;

    is($priority, 21 * 8 + 5, 'a datagram has facility and severity');
    is($tag, 'trips', 'and the tag');

    my $record = eval { JSON::PP->new->utf8->decode($json) };

    is($record->{event}, $event, "and the record $event");
    is($record->{supplier}, 'Alpha', 'whole');
    unlike($json, qr/\n/, 'without a line feed');
}


# several

is(post('/several', 'A1')->{status}, 200, 'to several');
is(events('one.log'), 'forwarded completed', 'one file has the records');
is($t->read_file('two.log'), $t->read_file('one.log'), 'the other the same');

my @datagrams = map { (datagram() =~ /(\{.*\})/s)[0] . "\n" } 1, 2;

is(join('', @datagrams), $t->read_file('one.log'), 'syslog, too');


# where nothing can be written

my $before = records($redis);
my $requests = $t->requests;

for my $case (['/full', ''], ['/full', "?tripId=$id"], ['/half', ''],
              ['/half', "?tripId=$id"], ['/full/open', ''])
{
    my ($prefix, $args) = @$case;

    my $answer = post($prefix, 'A2', args => $args);

    is("$answer->{status} " . code_of($answer), '503 audit_unavailable',
       "$prefix/$args: what cannot be recorded is refused");
    is_deeply($answer->{headers}{'retry-after'}, ['1'],
              "$prefix/$args: for now");
}

my $answer = $t->post_xml("/full/trip/v1.1/cancel?tripId=$id", 'Alpha', undef);

is("$answer->{status} " . code_of($answer), '503 audit_unavailable',
   'so is a cancel');
is(scalar($t->requests), $requests, 'nothing of this is forwarded');
is_deeply(records($redis), $before, 'nor leaves claims or leases');
like($t->error_log,
     qr{\[crit\].* audit record of "\w+" to "/dev/full" .*No space left},
     'the error log says why');

$answer = post('/full', 'A2', who => 'Beta', args => "?tripId=$id");
is(code_of($answer), 'trip_not_owned', 'what is refused anyway still is');
is(code_of(post('/full/audit', 'A1')) // 'forwarded', 'forwarded',
   'in audit mode nothing is refused');
is($t->http('GET', '/full/trip/v1.1')->{status}, 200, 'who reads is served');
is(post('', 'A2', args => "?tripId=$id")->{status}, 200,
   'the same write passes where it can be recorded');

$t->done;
