#!/usr/bin/perl

# The API fails before or after it has carried a write out, at each step of its
# answer: what it has carried out and not said clearly is in doubt, and its
# supplier's.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Failure;
use Itinerary::Process;

my $SLOW = $Itinerary::Process::SLOW;
my $READ = 0.5 * $SLOW;


# what is sent of the sandbox's answer, where a write is carried out

sub cut {
    my ($apply, $at) = @_;

    my $answer = $apply->();
    my $head = length($answer->{raw}) - length $answer->{body};

    return substr $answer->{raw}, 0, $at eq 'status' ? 12
                                     : $at eq 'head' ? $head - 9
                                     : $at eq 'header' ? $head
                                     : $head + length($answer->{body}) / 2;
}


sub chunked {
    my ($body, $end) = @_;

    return "HTTP/1.1 200 Scripted\r\nContent-Type: application/xml\r\n"
           . "Transfer-Encoding: chunked\r\n\r\n"
           . sprintf("%x\r\n%s\r\n", length $body, $body) . $end;
}


# how: what is sent, and the status, the outcome, and whether it was carried out

my %HOW = (
    'closed at once' => [502, 'in_doubt', 0, sub { return () }],
    'reset at once'  => [502, 'in_doubt', 0, sub { return ('', \'reset') }],
    'a 503'          => [503, 'in_doubt', 0, sub { return answer(503, 'no') }],
    'a 404'          => [404, 'released', 0, sub { return answer(404, 'no') }],

    'a 500, but done' => [500, 'in_doubt', 1, sub {
        $_[1]->();
        return answer(500, 'oops');
    }],
    'closed when done' => [502, 'in_doubt', 1, sub { $_[1]->(); return () }],
    'reset when done'  => [502, 'in_doubt', 1, sub {
        $_[1]->();
        return (\0.02, \'reset');
    }],
    'closed in the status' => [502, 'in_doubt', 1, sub {
        return cut($_[1], 'status');
    }],
    'closed in the head' => [502, 'in_doubt', 1, sub {
        return cut($_[1], 'head');
    }],
    'reset in the head' => [502, 'in_doubt', 1, sub {
        return (cut($_[1], 'head'), \0.02, \'reset');
    }],
    'closed after the head' => ['200 truncated', 'in_doubt', 1, sub {
        return cut($_[1], 'header');
    }],
    'closed in the body' => ['200 truncated', 'in_doubt', 1, sub {
        return cut($_[1], 'body');
    }],
    'reset in the body' => ['200 truncated', 'in_doubt', 1, sub {
        return (cut($_[1], 'body'), \0.02, \'reset');
    }],
    'reset after the answer' => [200, 'recorded', 1, sub {
        return ($_[1]->()->{raw}, \0.02, \'reset');
    }],
    'silent when done' => [504, 'in_doubt', 1, sub {
        $_[1]->();
        return (\60);
    }],
    'silent in the body' => ['200 truncated', 'in_doubt', 1, sub {
        return (cut($_[1], 'body'), \60);
    }],

    'chunks'                => [200, 'recorded', 1, sub {
        return chunked($_[1]->()->{body}, "0\r\n\r\n");
    }],
    'chunks without an end' => ['200 truncated', 'in_doubt', 1, sub {
        return chunked($_[1]->()->{body}, '');
    }],
    'a chunk cut short'     => ['200 truncated', 'in_doubt', 1, sub {
        my $raw = chunked($_[1]->()->{body}, '');
        return substr $raw, 0, length($raw) / 2;
    }],
    'a chunk that is none'  => ['0 closed', 'in_doubt', 1, sub {
        return chunked($_[1]->()->{body}, "xyz\r\n");
    }],

    'no HTTP'        => ['0 closed', 'in_doubt', 1, sub {
        $_[1]->();
        return "HTTP/x\0\xff\r\n\r\n";
    }],
    'nothing in it'  => [200, 'in_doubt', 1, sub {
        $_[1]->();
        return answer(200, '');
    }],
    'a 204'          => [204, 'in_doubt', 1, sub {
        $_[1]->();
        return "HTTP/1.1 204 None\r\n\r\n";
    }],
    'bytes'          => [200, 'in_doubt', 1, sub {
        $_[1]->();
        return answer(200, join '', map { chr } 0 .. 255);
    }],
    'a page'         => [200, 'in_doubt', 1, sub {
        $_[1]->();
        return answer(200, '<html><body>OK</body></html>');
    }],
    'another root'   => [201, 'in_doubt', 1, sub {
        $_[1]->();
        return answer(201, '<Response><Status>OK</Status></Response>');
    }],
    'half a document' => [200, 'in_doubt', 1, sub {
        my $body = $_[1]->()->{body};
        return answer(200, substr $body, 0, length($body) / 2);
    }],
    'more than a document' => [200, 'in_doubt', 1, sub {
        return answer(200, $_[1]->()->{body} . '<x/>');
    }],
);

# An answer that goes on and on, always in time for proxy_read_timeout, till the
# lease is long over.

my $LONG = $LEASE + 2 * $SLOW;

sub long {
    my ($request, $apply) = @_;

    return ("HTTP/1.1 200 Scripted\r\nContent-Type: application/xml\r\n"
            . "Transfer-Encoding: chunked\r\n\r\n",
            (map { sprintf "%x\r\n%s\r\n", length, $_ } $apply->()->{body}),
            ("1\r\n \r\n", \0.05) x ($LONG / 0.05), "0\r\n\r\n");
}


begin(read => $READ, how => {
    'long' => \&long,
    map { $_ => $HOW{$_}[3] } keys %HOW
});

my %STATE = (in_doubt => 'claimed', recorded => 'owned', released => 'free');
my %CANCEL = (in_doubt => 'active', recorded => 'cancelled',
              released => 'active');

for my $how (sort keys %HOW) {
    my ($status, $outcome, $done) = @{ $HOW{$how} };

    for my $what (qw(create update book cancel)) {
        my $state = ($what eq 'cancel' ? \%CANCEL : \%STATE)->{$outcome};

        row("$how: $what", "$status $outcome $state",
            what => $what, how => $how, done => $done,
            within => $READ + 2 * $SLOW);
    }
}


# Nothing but its end ends such an answer, as in any nginx; but the trip waits
# for it no longer than for the lease.

for my $what (qw(create update book)) {
    my $case = another($what);
    my $client = post($case, how => 'long');

    ok($t->wait_for(sub { $client->received =~ /<Booking>/ }),
       "long: $what, the answer begins");
    is(outcome($case, 'open') . ' ' . state($case, 'claimed'), 'open claimed',
       '- and is not over');
    is(problems($case, 'claimed'), '', '- while others go on');
    is(outcome($case, 'open'), 'open', '- still');
    is(answer_to($case, $client), 200, '- then it comes to its end');
    is(outcome($case, 'recorded'), 'recorded', '- which is recorded');
    is(state($case), 'owned', '- and the booking its supplier\'s');
}


# what was written meanwhile is not undone by who was shown the trip before

my $case = another('update');
my $client = post($case, how => 'long');

ok($t->wait_for(sub { $client->received =~ /<Booking>/ }),
   'long: an answer begins');

is(again(sub {
       $t->post_xml("/api/travel/booking/v1.1?tripId=$case->{id}",
                    'token-of-Beta', booking(ns => '', source => 'BETA',
                                             locator => 'LATER'))
   }), 200, 'when the lease is over, Beta adds a booking');

my $answer = $client->finish;

is(outcome($case, 'recorded'), 'recorded', 'then the answer ends');

my $shown = $answer->{body} =~ s/\s+\z//r;
my $before = $t->requests;

$answer = $t->post_xml("/api/travel/trip/v1.1?tripId=$case->{id}",
                       'token-of-Alpha', $shown);

like("$answer->{status} " . code_of($answer),
     qr/\A(?:403 booking_not_owned|409 stale_view)\z/,
     'what it shows may not be sent back');
is($t->requests, $before, 'nor is it forwarded');

$t->done;
