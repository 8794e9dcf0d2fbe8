#!/usr/bin/perl

# Redis is killed when it gets a command, or has carried it out, on the way of a
# write, and comes back with its data, or at first without: nothing passes that
# cannot be judged, and what was forwarded is its supplier's.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use File::Path qw(remove_tree);
use Test::More;
use Itinerary;
use Itinerary::Failure;

begin();

# What is wanted where the command came too late, and where it was carried out;
# what the API answers.

my $LOST = '200 ' . ($LATE eq 'spooled' ? 'spooled owned' : "$LATE claimed");

my @STEPS = (
    [ 'the role',              '503 rejected free',    '503 rejected free' ],
    [ 'the token',             '503 rejected free',    '503 rejected free' ],
    [ 'the trip',              '503 rejected free',    '503 rejected free' ],
    [ 'the view',              '503 rejected free',    '503 rejected free' ],
    [ 'the lease',             '503 rejected free',    '503 rejected free' ],
    [ 'the claim',             '503 rejected free',    '503 rejected claimed' ],
    [ 'the claim\'s list',     '503 rejected claimed', '503 rejected claimed' ],
    [ 'the source\'s claim',   '503 rejected claimed', $LOST ],

    [ 'the record',            $LOST,              "200 $LATE owned", 'pass' ],
    [ 'the trip\'s record',    "200 $LATE owned",  "200 $LATE owned", 'pass' ],
    [ 'the view\'s record',    "200 $LATE owned",  '200 recorded owned',
      'pass' ],

    [ 'the release',           '400 released claimed', '400 released bound',
      'refuse' ],
    [ 'the source\'s release', '400 released bound',   '400 released listed',
      'refuse' ],
    [ 'the list\'s release',   '400 released listed',  '400 released free',
      'refuse' ],

    [ 'the doubtful source',   '500 in_doubt claimed', '500 in_doubt claimed',
      'fail' ],
    [ 'the doubtful trip',     '500 in_doubt claimed', '500 in_doubt claimed',
      'fail' ],
);


# Redis without what it knew: nothing is judged by that, or put there.

sub empty {
    my $data = $t->path('redis0/appendonlydir');

    $redis->kill;
    rename $data, "$data.kept" or die "rename($data) failed: $!\n";
    $redis->start;

    my $before = $t->requests;
    my %seen;

    for my $who (qw(Alpha Beta)) {
        my $answer = $t->post_xml('/api/travel/trip/v1.1', "token-of-$who",
                                  itinerary());

        $seen{ "$answer->{status} " . code_of($answer) }++;
    }

    is(join(', ', %seen, $t->requests - $before, $redis->cli->keys('*')),
       '503 registry_unavailable, 2, 0', 'an empty Redis serves nobody');

    $redis->kill;
    remove_tree($data);
    rename "$data.kept", $data or die "rename($data) failed: $!\n";
    $redis->start;

    return;
}


for my $way ('before', 'after', 'empty') {
    for (@STEPS) {
        my ($step, $before, $after, $how) = @$_;

        next if $way eq 'empty' && $step !~ /trip|claim$|record$|release$/;

        row("killed $way: $step", $way eq 'after' ? $after : $before,
            how  => $how,
            rule => {
                match  => $COMMAND{$step},
                times  => 1,
                signal => [KILL => $redis->pid],
                $way eq 'after' ? (late => 1) : (),
            },
            then => sub {
                return empty() if $way eq 'empty';

                $redis->kill;
                $redis->start;
            });
    }
}

$t->done;
