#!/usr/bin/perl

# What Redis says to any command on the way of a write is an error, garbage, or
# cut short, once or from then on, or late: what was not forwarded is free, what
# was is on record or in doubt, and its supplier's.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Failure;

begin();

# The steps before it is forwarded.  The write is refused when one of them
# fails, and what it has taken is given back: all, or, where Redis refuses
# everything from that step on, all but what is told here.

my @BEFORE = (
    [ 'the role',             'free' ],
    [ 'the registry',         'free' ],
    [ 'the token',            'free' ],
    [ 'the alias',            'free' ],
    [ 'the trip',             'free' ],
    [ 'the booking',          'free' ],
    [ 'the source',           'free' ],
    [ 'the view',             'free' ],
    [ 'the lease',            'free' ],
    [ 'the claim',            'free' ],
    [ 'the claim\'s list',    'claimed' ],
    [ 'the source\'s claim',  'claimed' ],
);

# After it was forwarded, by what the API answers: the status, the outcome where
# a step fails, and all that is wanted where none does; then the steps, with
# what there is where one has failed, and where only its reply got lost.  A
# create has the same steps, but a trip that is not on record before.

my %AFTER = (
    pass => [ 200, $LATE, '200 recorded owned',
        [ 'the record',           'claimed', 'owned' ],
        [ 'the source\'s record', 'owned',   'owned' ],
        [ 'the trip\'s record',   'owned',   'owned' ],
        [ 'the view\'s record',   'owned',   'owned' ],
    ],
    refuse => [ 400, 'released', '400 released free',
        [ 'the release',           'claimed', 'listed' ],
        [ 'the source\'s release', 'bound',   'listed' ],
        [ 'the list\'s release',   'listed',  'free' ],
    ],
    fail => [ 500, 'in_doubt', '500 in_doubt claimed',
        [ 'the doubtful source',  'claimed', 'claimed' ],
        [ 'the doubtful trip',    'claimed', 'claimed' ],
    ],
);

# "half": it is carried out, and the reply does not come

my %WAYS = (
    READONLY => { reply => "-READONLY You can't write against a replica.\r\n",
                  lasts => '.' },
    LOADING  => { reply => "-LOADING Redis is loading the dataset.\r\n",
                  lasts => '.' },
    NOAUTH   => { reply => "-NOAUTH Authentication required.\r\n",
                  lasts => '.' },
    OOM      => { reply => "-OOM command not allowed.\r\n",
                  lasts => '^(?:EVAL|SET)' },
    BUSY     => { reply => "-BUSY Redis is busy running a script.\r\n",
                  times => 1 },
    garbage  => { reply => "\0\xff no reply at all\r\n", times => 1 },
    close    => { reply => '', close => 1, times => 1 },
    half     => { cut => 2, close => 1, times => 1 },
    slow     => { delay => 0.05, times => 1 },
);

# Redis has refused what came after that step: the release

sub refused {
    my ($match) = @_;

    my $failed;

    ok($t->wait_for(sub {
        my @after = grep {
            my $turn = "$_->{connection} $_->{batch}";

            $failed //= $turn if $_->{text} =~ /$match/;
            defined $failed && $turn ne $failed;
        } $fake->commands;

        return scalar @after;
    }), 'Redis does not take it back');

    return;
}


for my $way (sort keys %WAYS) {
    my $rule = $WAYS{$way};
    my $slow = $way eq 'slow';

    for (@BEFORE) {
        my ($step, $left) = @$_;
        my $state = $rule->{lasts} ? $left : 'free';

        row("$way: $step",
            $slow ? '200 recorded owned' : "503 rejected $state",
            rule => { match => $COMMAND{$step}, %$rule },
            $state eq 'claimed' ? (then => sub { refused($COMMAND{$step}) })
                                : ());
    }

    for my $how (sort keys %AFTER) {
        my ($status, $outcome, $good, @steps) = @{ $AFTER{$how} };

        for (@steps) {
            my ($step, $failed, $lost) = @$_;
            my $state = $LATE eq 'spooled' && $how eq 'pass' ? 'owned'
                        : $way eq 'half' ? $lost : $failed;

            row("$way: $step", $slow ? $good : "$status $outcome $state",
                rule => { match => $COMMAND{$step}, %$rule }, how => $how);

            next if $how ne 'pass';

            # whose the trip is, is not recorded

            if ($LATE ne 'spooled' && $way ne 'half'
                && ($step =~ /trip/ || $step =~ /source/ && $rule->{lasts}))
            {
                $state = 'claimed';
            }

            row("$way: $step, of a create",
                $slow ? $good : "$status $outcome $state", what => 'create',
                rule => { match => $COMMAND{$step}, %$rule }, how => $how);
        }
    }
}

$t->done;
