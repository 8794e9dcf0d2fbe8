#!/usr/bin/perl

# The API fails at every step of a write: the audit trail tells the outcome,
# claims stay where nobody knows it, and nobody is locked out.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Process;

my $TRIP = '/api/travel/trip/v1.1';

my $t = Itinerary->new;
my $timeout = 500 * $Itinerary::Process::SLOW . 'ms';


# how it answers is told by the posted Comments, or the trip's id

sub reply {
    my ($how, $body) = @_;

    my $length = length $body;
    my $half = substr $body, 0, $length / 2;
    my $head = "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"
               . "Content-Length: $length\r\n";

    my %reply = (
        closed     => sub { return () },
        reset      => sub { return ('', \'reset') },
        resetlater => sub { return (\0.02, \'reset') },
        head       => sub { return ($head) },
        headreset  => sub { return ($head, \0.02, \'reset') },
        nobody     => sub { return ("$head\r\n") },
        half       => sub { return ("$head\r\n$half") },
        halfreset  => sub { return ("$head\r\n$half", \0.02, \'reset') },
        garbage    => sub { return ("no HTTP at all\r\n\r\n") },
        slow       => sub { return (\20, "$head\r\n$body") },
        slowbody   => sub { return [200, {}, [$half, \20, $body]] },
        empty      => sub { return [200, {}, ''] },
        error      => sub { return [500, {}, 'oops'] },
        refused    => sub { return [400, {}, 'no'] },
        good       => sub { return [200, {}, $body] },
        goodreset  => sub { return ("$head\r\n$body", \0.02, \'reset') },
    );

    return $reply{$how}->();
}


my $upstream = $t->upstream(sub {
    my ($request) = @_;

    my ($id) = $request->{target} =~ /tripId=(\w+)/;
    my ($how, $name) = ($request->{body} || $id)
                       =~ /HOW(\w+?)OF(\w+)/ ? ($1, $2) : ('good', '');

    $how = 'good' if !length $request->{body} && -e $t->path('good');

    return reply($how, answered($request->{body} || itinerary(),
                                $id // "T$name"));
});

$t->nginx(conf => <<"END");
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            itinerary enforce;
            proxy_ignore_client_abort on;
            proxy_read_timeout $timeout;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $alpha = $t->token('Alpha');
my $beta = $t->token('Beta');
my $redis = $t->redis->cli;


sub post {
    my ($who, $args, $how, $name, @locators) = @_;

    return $t->post_xml("$TRIP$args", $who, itinerary(
        Comments => "HOW${how}OF$name",
        bookings => [map { { source => 'Alpha', locator => $_ } } @locators],
    ));
}


sub refused {
    my ($answer) = @_;

    return "$answer->{status} " . (code_of($answer) // '');
}


sub last_records {
    my ($n) = @_;

    my @records = $t->wait_audit($n);

    return join ', ', map { "$_->{event} " . ($_->{outcome} // '') }
                      @records[-2, -1];
}


# how it fails => what the client gets, the outcome

my %FAILURES = (
    closed     => [502, 'in_doubt'],
    reset      => [502, 'in_doubt'],
    resetlater => [502, 'in_doubt'],
    head       => [502, 'in_doubt'],
    headreset  => [502, 'in_doubt'],
    nobody     => [200, 'in_doubt'],
    half       => [200, 'in_doubt'],
    halfreset  => [200, 'in_doubt'],
    garbage    => [undef, 'in_doubt'],
    slow       => [504, 'in_doubt'],
    slowbody   => [200, 'in_doubt'],
    empty      => [200, 'in_doubt'],
    error      => [500, 'in_doubt'],
    refused    => [400, 'released'],
    good       => [200, 'recorded'],
    goodreset  => [200, 'recorded'],
);

my %STATE = (
    in_doubt => 'Alpha pending',
    released => '',
    recorded => 'Alpha active',
);

my $lines = 0;

for my $how (sort keys %FAILURES, 'gone') {
    my ($status, $outcome) = $how eq 'gone' ? (502, 'in_doubt')
                                            : @{ $FAILURES{$how} };
    my $name = uc $how;

    # the trip, and what it should have after the failure

    my ($id) = post($alpha, '', 'good', "HOW${how}OF$name", "OLD$name")
               ->{body} =~ m{<ItinLocator>(\w+)<};

    $lines += 2;
    $t->wait_audit($lines);
    $upstream->stop if $how eq 'gone';

    my $state = sub {
        return join ' ', grep { defined }
               $redis->hmget("itinerary:booking:ALPHA|$_[0]", 'owner',
                             'state');
    };

    # a create

    my $answer = post($alpha, '', $how, "NEW$name", "NEW$name");

    is($answer->{status}, $status, "$how: a create is answered")
        if defined $status;
    is(last_records($lines += 2), "forwarded , completed $outcome",
       "$how: its outcome is $outcome");
    is($state->("NEW$name"), $STATE{$outcome}, "$how: so is its booking");

    # an update

    $answer = post($alpha, "?tripId=$id", $how, $name, "OLD$name",
                   "ADDED$name");

    is($answer->{status}, $status, "$how: an update is answered")
        if defined $status;
    is(last_records($lines += 2), "forwarded , completed $outcome",
       "$how: its outcome is $outcome");
    is($state->("ADDED$name"), $STATE{$outcome},
       "$how: so is the booking it adds");
    is($redis->hget("itinerary:trip:$id", 'booking:ALPHA|ADDED' . $name) // '',
       $outcome eq 'released' ? '' : 'Alpha', "$how: and the trip knows it");
    is($state->("OLD$name"), 'Alpha active',
       "$how: the one that was there is as it was");
    is($redis->hexists("itinerary:trip:$id", 'writer'), 0,
       "$how: the lease is given back");

    # a cancel

    $answer = $t->post_xml("$TRIP/cancel?tripId=$id", $alpha, undef);

    is($answer->{status}, $status, "$how: a cancel is answered")
        if defined $status;
    is(last_records($lines += 2), "forwarded , completed $outcome",
       "$how: its outcome is $outcome");
    is($redis->hexists("itinerary:trip:$id", 'writer'), 0,
       "$how: the lease is given back");

    # the claimant may try again, others may not

    $upstream->start if $how eq 'gone';

    if ($outcome eq 'in_doubt') {
        is(refused(post($beta, '', 'good', "B$name", "NEW$name")),
           '403 booking_not_owned', "$how: nobody else may take the booking");
        is(post($alpha, '', 'good', "NEW$name", "NEW$name")->{status}, 200,
           "$how: its claimant may try again");
        is($state->("NEW$name"), 'Alpha active', "$how: and has it");

        $lines += 3;
        $t->wait_audit($lines);
    }
}


# every write that was forwarded was completed

my %open;

for ($t->audit) {
    $open{ $_->{request_id} }++ if $_->{event} eq 'forwarded';
    $open{ $_->{request_id} }-- if $_->{event} eq 'completed';
}

is(scalar(grep { $_ } values %open), 0, 'every forwarded write is completed');

$t->done;
