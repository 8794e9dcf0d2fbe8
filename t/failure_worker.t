#!/usr/bin/perl

# A worker is killed at each moment of a write.  What was forwarded has its
# record in the audit trail, though no end; what was claimed is its supplier's;
# and the trip is free when the lease is over.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Failure;


# an answer that stays in its midst

sub parted {
    my ($apply, $n) = @_;

    my $raw = $apply->()->{raw};

    return (substr($raw, 0, $n < 0 ? length($raw) + $n : $n), \60);
}


begin(how => {
    silent => sub { $_[1]->(); return (\60) },
    head   => sub { return parted($_[1], 50) },
    body   => sub { return parted($_[1], -99) },
});

# what the API answers once it has the write, the command that Redis has carried
# out, and does not answer, and what there is then

my @MOMENTS = (
    [ undef,  'the token',            'none free' ],
    [ undef,  'the trip',             'none free' ],
    [ undef,  'the lease',            'none free' ],
    [ undef,  'the claim',            'none claimed' ],
    [ undef,  'the claim\'s list',    'none claimed' ],
    [ undef,  'the source\'s claim',  'none claimed' ],

    [ silent => undef,                'open claimed' ],
    [ head   => undef,                'open claimed' ],
    [ body   => undef,                'open claimed' ],

    [ pass   => 'the record',         'open owned' ],
    [ pass   => 'the trip\'s record', 'open owned' ],
    [ pass   => 'the view\'s record', 'open owned' ],

    [ refuse => 'the release',        'open listed' ],
    [ refuse => 'the list\'s release', 'open free' ],

    [ fail   => 'the doubtful source', 'open claimed' ],
    [ fail   => 'the doubtful trip',  'open claimed' ],
);


for my $what ('create', 'update') {
    for (@MOMENTS) {
        my ($how, $step, $wanted) = @$_;

        my ($outcome, $state) = split / /, $wanted;
        my $name = "$what, " . ($step // "the API, $how");

        # a create has no trip before it is answered

        next if $what eq 'create'
                && ($step // '') =~ /lease|list|trip\z/;

        $state = 'free' if $what eq 'create' && $state eq 'listed';

        my $case = another($what);
        my $worker = $t->wait_for(sub { ($t->workers)[0] })
            or die "no worker\n";

        $fake->rules($step ? { match => $COMMAND{$step}, times => 1,
                               late => 1, silent => 1 } : ())->forget;

        my $client = post($case, how => $how // 'pass');

        if ($step) {
            $fake->wait_command(qr/$COMMAND{$step}/)
                or die "$step is not asked for\n";

        } else {
            forwarded() or die "not forwarded\n";
        }

        kill 'KILL', $worker;

        is(answer_to($case, $client), '0 closed',
           "$name: a client whose worker is killed is told nothing");
        ok($t->wait_for(sub {
            my ($next) = $t->workers;
            return $next && $next != $worker;
        }), '- there is another worker');

        $fake->rules;

        is(outcome($case, $outcome) . ' ' . state($case, $state),
           "$outcome $state", '- what was forwarded is known, and whose');
        is(problems($case, $state), '', '- and nothing is wrong afterwards');
    }
}

$t->expect_log(qr/exited on signal 9/);
$t->done;
