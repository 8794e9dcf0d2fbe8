#!/usr/bin/perl

# The client closes its connection, resets it, or stops sending at each moment
# of a write: what has not been forwarded is not, and is free; what has been is
# read to its end, and recorded.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Socket qw(SHUT_WR SOL_SOCKET SO_LINGER);
use Test::More;
use Itinerary;
use Itinerary::Failure;
use Itinerary::Process;

my $DELAY = 0.3 * $Itinerary::Process::SLOW;


# an answer in two parts; what comes in between is waited for

sub parted {
    my ($apply, $at, $more) = @_;

    my $raw = $apply->()->{raw};
    my $head = index($raw, "\r\n\r\n") + 4;

    substr $raw, 0, $head, "HTTP/1.1 200 Scripted\r\n"
        . "Content-Type: application/xml\r\n\r\n";
    $raw .= ' ' x $more;

    $head = index($raw, "\r\n\r\n") + 4;
    $at = $at eq 'head' ? $head - 9 : $head + $at;

    return (substr($raw, 0, $at), sub { -e $t->path('go') },
            map { ($_, \0.001) } unpack '(a30000)*', substr $raw, $at);
}


my $LARGE = 3_000_000;

# what there is of an answer goes to the client

begin(conf => '    postpone_output 0;', how => {
    head   => sub { return parted($_[1], 'head', 0) },
    header => sub { return parted($_[1], 0, 0) },
    body   => sub { return parted($_[1], 999, 0) },
    large  => sub { return parted($_[1], 999, $LARGE) },
});

my %LEAVE = (
    closes => sub { $_[0]->close },
    resets => sub {
        setsockopt $_[0]->socket, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0;
        $_[0]->close;
    },
    'sends no more' => sub { shutdown $_[0]->socket, SHUT_WR },
);

my @BEFORE = ('the body', 'the token', 'the trip', 'the booking', 'the lease',
              'the claim', 'the claim\'s list', 'the source\'s claim');

# what of the answer is there: nothing, a part of its head, all of that, a part
# of its body, a part of a body that no socket takes at once

my @WORKING = ('pass', 'head', 'header', 'body', 'large');

my @HELD = ('the record', 'the source\'s record', 'the trip\'s record',
            'the view\'s record');


sub status {
    my ($case, @wanted) = @_;

    return outcome($case, $wanted[0]) . ' ' . state($case, $wanted[1]);
}


for my $way (sort keys %LEAVE) {
    my $half = $way eq 'sends no more';

    for my $step (@BEFORE) {
        my $case = another('update');
        my $reading = $step eq 'the body';
        my $match = $COMMAND{ $reading ? 'the trip' : $step };

        $fake->rules({ match => $match, delay => $DELAY, times => 1 })->forget;

        my $client = post($case, whole => !$reading);

        $fake->wait_command(qr/$match/) or die "$step is not asked for\n";
        $LEAVE{$way}->($client);

        # nginx may miss that nothing more is sent

        my $answer = $half ? answer_to($case, $client) : '';
        my $passed = $answer eq '200';

        $client->close;

        is(status($case, $passed ? qw(recorded owned) : qw(none free)),
           $passed ? 'recorded owned' : 'none free',
           "the client $way: $step");
        is($t->requests, $passed ? 1 : 0, '- and no more is forwarded');

        $fake->rules;

        is(problems($case, $passed ? 'owned' : 'free'), '',
           '- and nothing is wrong afterwards');
    }

    for my $what ('create', 'update') {
        for my $how (@WORKING) {
            my $case = another($what);

            unlink $t->path('go');

            my $client = post($case, how => $how,
                              $how eq 'pass' ? (until => 'go') : ());

            forwarded() or die "not forwarded\n";

            $t->wait_for(sub { $client->received =~ /\r\n\r\n/ })
                or die "no head\n" if $how =~ /header|body|large/;

            $LEAVE{$way}->($client);
            $t->write_file('go', '');

            is(answer_to($case, $client), 200,
               "the client $way: $what, $how, is answered") if $half;

            is(status($case, qw(recorded owned)), 'recorded owned',
               "the client $way: $what, $how");
            is(problems($case, 'owned'), '',
               '- and nothing is wrong afterwards');
        }

        for my $step (@HELD) {
            my $case = another($what);

            $fake->rules({ match => $COMMAND{$step}, delay => $DELAY,
                           times => 1 })->forget;

            my $client = post($case);

            $fake->wait_command(qr/$COMMAND{$step}/)
                or die "$step is not asked for\n";
            $LEAVE{$way}->($client);

            is(status($case, qw(recorded owned)), 'recorded owned',
               "the client $way: $what, $step");
            $fake->rules;
            is(problems($case, 'owned'), '',
               '- and nothing is wrong afterwards');
        }
    }
}

$t->done;
