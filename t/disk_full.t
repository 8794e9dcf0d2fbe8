#!/usr/bin/perl

# Disks that are full: of the audit trail, of the file that remembers the
# registry, of request bodies and of answers.  Nothing is forwarded that could
# not be recorded, nothing is taken for done that was not seen whole, and once
# there is room again, all goes on.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Errno qw(EACCES EIO ENOSPC EROFS);
use JSON::PP;
use Test::More;
use Itinerary;
use Itinerary::Scarce;

my $t = Itinerary->new;
my $scarce = Itinerary::Scarce->new($t);

# X-Full: the disk of these files is full from when the request has arrived

$t->upstream(sub {
    my ($request) = @_;

    my $h = $request->{headers};
    my ($id) = $request->{target} =~ /tripId=([^&]*)/;
    my $body = answered($request->{body} || itinerary(),
                        $id // $h->{'x-trip'}[0]);

    $scarce->disk($h->{'x-full'}[0]) if $h->{'x-full'};

    return [200, {}, $body . ' ' x ($h->{'x-pad'}[0] // 0)];
});

$t->nginx(preload => $scarce, conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;
    client_max_body_size 10m;
    client_body_buffer_size 8k;
    proxy_buffers 4 8k;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $cli = $t->redis->cli;
my $n = 0;


# a create of Alpha with a booking; returns "status code", and what became of
# it: whether it was forwarded, and the booking on record

sub create {
    my (%opt) = @_;

    my $before = $t->requests;

    $n++;

    my $answer = $t->post_xml('/trip/v1.1', 'Alpha', itinerary(
        bookings => [{ source => 'Alpha', locator => "A$n" }])
        . ' ' x ($opt{size} // 0),
        headers => ['X-Trip' => "T$n", @{ $opt{headers} // [] }]);

    return join ' ', grep { length } $answer->{status}, code_of($answer) // '',
           $answer->{error} // '',
           $t->requests > $before ? 'forwarded' : 'not forwarded',
           map { $_ // () } $cli->hmget("itinerary:booking:ALPHA|A$n",
                                        qw(owner state));
}


my $GOOD = '200 forwarded Alpha active';

sub goes_on {
    my ($name) = @_;

    my $got;

    $scarce->plenty;

    ok(wait_for(sub { $got = create(); return $got eq $GOOD }), $name)
        or diag($got);

    return;
}


# the records of a booking, among lines of which some may be no record

sub recorded {
    my ($locator) = @_;

    return join ' ', map { $_->{event} }
                     grep { ($_->{bookings}[0]{locator} // '') eq $locator }
                     map { eval { JSON::PP->new->decode($_) } // () }
                     Itinerary::Process::whole_lines($t->path('audit.log'));
}


sub text {
    my ($error) = @_;

    local $! = $error;

    return "$!";
}


# the registry's id, first of all: without it nobody knows a wiped one

sub remembered {
    return sort map { s{.*/}{}r } glob $t->path('itinerary_spool/registry-*');
}

for (['write', ENOSPC], ['write', ENOSPC, 10], ['sync', EIO], ['open', EROFS],
     ['name', ENOSPC])
{
    my ($calls, $error, $room) = @$_;

    my $name = "$calls fails: " . text($error)
               . ($room ? ", after $room bytes" : '');

    $scarce->disk('itinerary_spool/', calls => $calls, error => $error,
                  room => $room);

    # while Redis counts as away, it is not tried

    my %got;

    ok(wait_for(sub { $got{ create() }++; return $scarce->refused }),
       "the registry's id cannot be remembered, $name");
    is_deeply([keys %got], ['503 registry_unavailable not forwarded'],
              '- and nothing is forwarded');
    is_deeply([remembered()], [], '- nothing is left of it');
}

goes_on('it can be remembered');
like(join(' ', remembered()), qr/^registry-[0-9a-f]{8}\z/, '- and is');


# the audit trail

for my $room (0, 1, 100) {
    $scarce->disk('audit.log', room => $room);

    is(create(), '503 audit_unavailable not forwarded',
       "after $room bytes nothing can be recorded, and nothing is forwarded");
    is($cli->exists("itinerary:booking:ALPHA|A$n"), 0,
       '- what it claimed is given back');

    goes_on('- and once there is room, others are');

    # what was written of a record is not in the way of the next one

    wait_for(sub { recorded("A$n") =~ /completed/ });
    is(recorded("A$n"), 'forwarded completed', '- and recorded');
}

is(create(headers => ['X-Full' => 'audit.log']), $GOOD,
   'a disk that is full once a create is forwarded');
cmp_ok(wait_for(sub { $scarce->refused }), '>', 0,
       '- has no room for what became of it');
like($t->error_log, qr/\[crit\].* of the audit record of "[0-9a-f]{32}" to /,
     '- as the log tells');
goes_on('- and it goes on');


# bodies that go to a file

for (['write', ENOSPC], ['write', ENOSPC, 5000], ['write', EIO],
     ['open', EACCES])
{
    my ($calls, $error, $room) = @$_;

    $scarce->disk('client_body_temp/', calls => $calls, error => $error,
                  room => $room);

    is(create(size => 100000), '500 not forwarded',
       "a body that cannot be kept, $calls fails: " . text($error));
    is(create(), $GOOD, '- a small one is no matter of disks');
    $scarce->plenty;
    is(create(size => 100000), $GOOD, '- once there is room it passes');
}


# answers that go to a file, since the client takes its time: what is not seen
# whole is in doubt

for (['write', ENOSPC], ['write', ENOSPC, 5000], ['open', EACCES]) {
    my ($calls, $error, $room) = @$_;

    $! = $error;
    $n++;

    my $log = length $t->error_log;

    $scarce->disk('proxy_temp/', calls => $calls, error => $error,
                  room => $room);

    my $client = $t->post_xml_async('/trip/v1.1', 'Alpha', itinerary(
        bookings => [{ source => 'Alpha', locator => "A$n" }]),
        headers => ['X-Trip' => "T$n", 'X-Pad' => 9_000_000]);

    ok(wait_for(sub { $scarce->refused }),
       "an answer that cannot be kept, $calls fails: " . text($error));

    my $answer = $client->finish;

    is("$answer->{status} " . ($answer->{error} // ''), '200 truncated',
       '- breaks off');
    ok(wait_for(sub {
        my ($last) = (Itinerary::Process::whole_lines(
                      $t->path('audit.log')))[-1];
        return $last =~ /"outcome":"in_doubt"/;
    }), '- its outcome is in doubt');
    is(join(' ', $cli->hmget("itinerary:booking:ALPHA|A$n",
                             qw(owner state))), 'Alpha pending',
       '- so is the booking, which is of who claimed it');

    $scarce->plenty;
}

$scarce->plenty;
is(create(headers => ['X-Pad' => 9_000_000]), $GOOD,
   'once there is room it passes');

$t->done;
