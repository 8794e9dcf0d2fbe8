#!/usr/bin/perl

# The master is killed, or told to end at once or gracefully, at each moment of
# a write, and nginx is started again with the same prefix: a worker without a
# master ends what it has begun, and what was not ended is known as after a
# worker's death.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Failure;
use Itinerary::Process;

my $DELAY = 0.3 * $Itinerary::Process::SLOW;

begin();

# what the API answers where that is not "pass"; the command that Redis carries
# out, and answers late; what becomes of the write if it ends as ever, and what
# there is if it does not

my @MOMENTS = (
    [ undef,  'the token',           '200 recorded owned', 'none free' ],
    [ undef,  'the lease',           '200 recorded owned', 'none free' ],
    [ undef,  'the claim',           '200 recorded owned', 'none claimed' ],
    [ undef,  'the source\'s claim', '200 recorded owned', 'none claimed' ],

    [ pass   => undef,               '200 recorded owned', 'open claimed' ],

    [ pass   => 'the record',        '200 recorded owned', 'open owned' ],
    [ pass   => 'the view\'s record', '200 recorded owned', 'open owned' ],
    [ refuse => 'the release',       '400 released free',  'open listed' ],
    [ fail   => 'the doubtful trip', '500 in_doubt claimed', 'open claimed' ],
);


# nginx has ended, the worker, too

sub gone {
    my ($worker) = @_;

    return $t->wait_for(sub { !$t->{nginx}->alive && !kill 0, $worker });
}


for my $signal (qw(KILL TERM QUIT)) {
    for (@MOMENTS) {
        my ($how, $step, $good, $broken) = @$_;

        my $wanted = $signal eq 'TERM' ? "0 closed $broken" : $good;
        my ($outcome, $state) = $wanted =~ /(\S+) (\S+)\z/;
        my $name = "SIG$signal: " . ($step // 'the API works');

        my $case = another('update');

        # the log has those before, too

        my $worker = $t->wait_for(sub {
            my $last = ($t->workers)[-1];
            return $last && kill(0, $last) && $last;
        }) or die "no worker\n";

        # a worker that ends at once has no time for the reply

        my @reply = $signal eq 'TERM' ? (late => 1, silent => 1)
                                      : (delay => $DELAY);

        $fake->rules($step ? { match => $COMMAND{$step}, times => 1, @reply }
                           : ())->forget;
        unlink $t->path('go');

        my $client = post($case, how => $how // 'pass',
                          $step ? () : (until => 'go'));

        if ($step) {
            $fake->wait_command(qr/$COMMAND{$step}/)
                or die "$step is not asked for\n";

        } else {
            forwarded() or die "not forwarded\n";
        }

        $t->signal($signal);

        if ($signal eq 'KILL') {
            ok($t->wait_for(sub { !$t->{nginx}->alive }),
               "$name: there is no master");
        }

        $t->write_file('go', '') if $signal ne 'TERM';

        my $answer = answer_to($case, $client);

        # a worker without a master does not end by itself

        kill 'QUIT', $worker if $signal eq 'KILL';

        ok(gone($worker), "$name: nginx ends");
        $t->write_file('go', '');
        $fake->rules;
        $t->start_again;

        is("$answer " . outcome($case, $outcome) . ' ' . state($case, $state),
           $wanted, '- and the write, as it should');
        is(problems($case, $state), '', '- and nothing is wrong afterwards');
    }
}

$t->done;
