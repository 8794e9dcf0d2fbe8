#!/usr/bin/perl

# Redis stops at a command on the way of a write, or after it, or answers too
# late: the write is answered in time all the same, and what Redis carries out
# when it goes on harms nobody.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Redis;
use Test::More;
use Itinerary;
use Itinerary::Failure;
use Itinerary::Process;

my $SLOW = $Itinerary::Process::SLOW;

begin();

# What is wanted where Redis goes on at once, carries the command out, and then
# takes back what the gateway gives back; the same where it has stopped for so
# long that nothing is given back; what the API answers.

my @STEPS = (
    [ 'the role',              '503 rejected free' ],
    [ 'the token',             '503 rejected free' ],
    [ 'the lease',             '503 rejected free', '503 rejected free' ],
    [ 'the claim',             '503 rejected free', '503 rejected claimed' ],
    [ 'the source\'s claim',   '503 rejected free', '503 rejected claimed' ],

    [ 'the record',            "200 $LATE owned",      undef, 'pass' ],
    [ 'the trip\'s record',    "200 $LATE owned",      undef, 'pass' ],
    [ 'the release',           '400 released listed',  undef, 'refuse' ],
    [ 'the list\'s release',   '400 released free',    undef, 'refuse' ],
    [ 'the doubtful trip',     '500 in_doubt claimed', undef, 'fail' ],
);


# What Redis had been sent is done: the fake passes on one thing at a time.

sub resume {
    $redis->resume;

    ok($t->wait_for(sub {
        eval { Redis->new(server => $fake->address)->ping }
    }), 'Redis goes on');

    return;
}


# it has been connected to in vain, to give back what was taken

sub given_up {
    my ($seen) = @_;

    ok($t->wait_for(sub {
        substr($t->error_log, $seen) =~ /could not be connected to in time/
    }), 'it is not waited for');

    return;
}


for my $way ('before', 'long', 'after', 'late') {
    for (@STEPS) {
        my ($step, $soon, $long, $how) = @$_;

        next if $way eq 'long' && !defined $long;

        my $seen = length $t->error_log;

        # so late that the answer has been given

        my $rule = $way eq 'late' ? { delay => 3 * $TIMEOUT }
                 : { signal => [STOP => $redis->pid],
                     $way eq 'after' ? (late => 1, silent => 1) : () };

        row("$way: $step", $way eq 'long' ? $long : $soon,
            how    => $how,
            place  => '/soon',
            within => $TIMEOUT + 2 * $SLOW,
            rule   => { match => $COMMAND{$step}, times => 1, %$rule },
            then   => sub {
                given_up($seen) if $way eq 'long';
                resume();
            });
    }
}

$t->done;
