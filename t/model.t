#!/usr/bin/perl

# Random requests of several suppliers, against a model of what the gateway
# promises (Itinerary::Model).  After each of them
#
#   - the answer, and the record in the audit trail, are as the model says;
#   - the registry is as the model says;
#   - nothing has changed in the API's trips that the supplier had no right
#     to, as the trips themselves tell, and who created what.
#
# ITINERARY_SEED is the first seed (1, so that a failure is one of what was
# changed; "random" looks for others), ITINERARY_SEEDS how many there are from
# it (1), ITINERARY_OPS how many requests each makes (1500).
# ITINERARY_STEPS prints the requests, ITINERARY_COVERAGE what they came to,
# ITINERARY_BRIEF leaves out documents.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Handle ();
use JSON::PP ();
use Storable qw(dclone);
use Test::More;
use Time::HiRes qw(sleep time);

use Itinerary;
use Itinerary::Model;
use Itinerary::Model::Document;
use Itinerary::Model::Rights;
use Itinerary::Model::Traffic;
use Itinerary::Model::World;

my $SEED = Itinerary::Model::Traffic::seed();
my $SEEDS = $ENV{ITINERARY_SEEDS} // 1;
my $OPS = $ENV{ITINERARY_OPS} // 1500;
my $STRETCH = 60;
my $COVERAGE = $ENV{ITINERARY_COVERAGE};


my $t = Itinerary->new;
my $world = Itinerary::Model::World->new($t);
my $redis = $world->redis;


# The audit trail, as it grows.

my $audit;
my $json = JSON::PP->new->utf8;


sub last_record {
    if (!$audit) {
        open $audit, '<:raw', $t->path('audit.log')
            or die "open(audit.log) failed: $!\n";
    }

    my $deadline = time + 10;
    my $line = '';

    for (;;) {
        $line .= <$audit> // '';

        if ($line =~ /\n\z/) {
            return $json->decode($line)
                if $line =~ /"event":"(?:completed|rejected)"/;

            $line = '';
            next;
        }

        die "no audit record\n" if time > $deadline;

        sleep 0.0002;
        $audit->clearerr;
    }
}


# The registry, as lines.

my $DUMP = <<'END_LUA';
local lines = {}
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  local name = string.sub(key, #ARGV[1] + 1)
  local kind = redis.call('TYPE', key)['ok']
  if name == 'registry' or string.sub(name, 1, 6) == 'token:' then
    kind = 'skip'
  end
  local ttl = redis.call('PTTL', key)
  if string.sub(name, 1, 5) == 'view:' then
    if ttl < 2591000000 or ttl > 2592000000 then name = name .. ' ttl' end
  elseif ttl >= 0 then
    name = name .. ' for now'
  end
  if kind == 'string' then
    local value = redis.call('GET', key)
    lines[#lines + 1] = name .. '\t' .. value
  elseif kind == 'hash' then
    local all, line = redis.call('HGETALL', key), {}
    for i = 1, #all, 2 do
      local value = all[i + 1]
      if (all[i] == 'at' or all[i] == 'created')
         and string.match(value, '^%d+-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d+Z$')
      then value = 'time' end
      line[#line + 1] = all[i] .. '=' .. value
    end
    table.sort(line)
    lines[#lines + 1] = name .. '\t' .. table.concat(line, '\t')
  end
end
return table.concat(lines, '\n')
END_LUA

my $dump = $redis->script_load($DUMP);


sub lines {
    return sort map {
        /\Aconfirmation:/ ? s/\t(.*)/"\t" . join ' ', sort split ' ', $1/er
                          : join "\t", _sorted(split /\t/)
    } split /\n/, $redis->evalsha($dump, 0, 'itinerary:');
}


sub _sorted {
    my ($key, @fields) = @_;

    return ($key, sort @fields);
}


# How the registry differs from the model, "" where it does not.

my (%digest_of, %content_of);


sub difference {
    my ($model) = @_;

    my (@is, %is_view);

    for (lines()) {
        if (/\Aview:/) {
            my ($key, @fields) = split /\t/;
            $is_view{$key} = { map { split /=/, $_, 2 } @fields };

        } else {
            push @is, $_;
        }
    }

    my @should = $model->lines;

    if ("@is" ne "@should") {
        my %is = map { $_ => 1 } @is;
        my %should = map { $_ => 1 } @should;

        return join '', "the registry has\n",
            map({ "    $_\n" } grep { !$should{$_} } @is),
            "and should have\n",
            map({ "    $_\n" } grep { !$is{$_} } @should);
    }

    my $should_view = $model->views;

    for my $key (sort keys %{ { %is_view, %$should_view } }) {
        my ($is, $should) = ($is_view{$key}, $should_view->{$key});

        return "there is no $key\n" if !$is;
        return "there should be no $key\n" if !$should;
        return "rev of $key is $is->{rev}, and should be $should->{rev}\n"
            if $is->{rev} != $should->{rev};

        my %content = (trip => $should->{fields},
                       map { (Itinerary::Model::field($_)
                              => $should->{bookings}{$_}) }
                           keys %{ $should->{bookings} });

        for my $field (keys %{ { %$is, %content } }) {
            next if $field eq 'rev';

            my ($digest, $content) = ($is->{$field}, $content{$field});

            return "$key has no $field\n" if !defined $digest;
            return "$key should have no $field\n" if !defined $content;
            return "$key has a digest of $field, of which there are two\n"
                if $content eq '-' && $digest ne '-';

            next if $content eq '-';

            return "$key has '$digest' of $field\n"
                if $digest !~ /\A[0-9a-f]{64}\z/;

            # one digest, one content

            return "$key has of $field\n    $content\nthe same digest as of\n"
                   . "    $content_of{$digest}\n"
                if ($content_of{$digest} //= $content) ne $content;
            return "$key has another digest of $field than before:\n"
                   . "    $content\n"
                if ($digest_of{$content} //= $digest) ne $digest;
        }
    }

    return '';
}


my %covered;


# One walk: returns what went wrong, or "".

sub walk {
    my ($seed, $ops, $steps) = @_;

    my $traffic = Itinerary::Model::Traffic->new($seed);
    my ($model, $rights, $stored);

    for my $n (1 .. $ops) {

        if ($n % $STRETCH == 1) {
            ($model, $rights) = stretch($traffic);
            $stored = {};
        }

        if ($n % ($STRETCH / 2) == 1) {
            $world->legacy($traffic);

            my $now = $world->stored($traffic->{traveler}, $stored);

            $rights->passed_by($stored, $now);
            $stored = $now;
            $traffic->trips(sort keys %$stored);
        }

        my $request = $traffic->request;
        my $step = "$n. $request->{who} $request->{text}"
                   . " (under $request->{under}, $request->{form})";

        push @$steps, $step;
        diag($step) if $ENV{ITINERARY_STEPS};

        my $wrong = step($model, $rights, $traffic, $request, \$stored);

        return $wrong if $wrong;

        $traffic->trips(sort keys %$stored);
    }

    return '';
}


sub stretch {
    my ($traffic) = @_;

    $world->stretch($traffic);

    my $model = Itinerary::Model->new;

    $model->{sources} = { %{ $traffic->{registered} } };

    return ($model, Itinerary::Model::Rights->new);
}


sub step {
    my ($model, $rights, $traffic, $request, $stored) = @_;

    my $write = $request->{what} ne 'read';
    my $judgement = $write ? $model->judge($request) : undef;
    my $before = $rights->before($model, $request);

    my ($answer) = $world->gateway(
        $world->message(@{$request}{qw(method target who body)}));

    return "no answer: $answer->{error}\n" if $answer->{error};

    $request->{request} = $answer->{headers}{'x-request-id'}[0];

    my $record = $write ? last_record() : undef;
    my $tree = Itinerary::Model::World::document($answer);
    my $shown = $tree && Itinerary::Model::Document->read($tree);

    my $wrong = '';
    my $unlearnt = $write ? undef : dclone($model);

    cover($request, $judgement, $answer, $record, $shown) if $COVERAGE;

    if (!$write) {
        $model->read($request, $shown) if $shown;

    } elsif ($judgement->{reason}) {
        $wrong = refused($judgement, $answer, $record);

    } else {
        $wrong = passed($model, $judgement, $answer, $record, $shown);
    }

    # what is read is learnt when it has been answered

    my $differs = difference($model);

    for (my $i = 0; $differs && !$write && $i < 200; $i++) {
        sleep 0.005;
        $differs = difference($model);
    }

    # a reader does not wait long for Redis, and then teaches nothing

    if ($differs && !$write && difference($unlearnt) eq '') {
        %$model = %$unlearnt;
        $covered{'read too late'}++;
        $differs = '';
    }

    my $now = $world->stored($traffic->{traveler}, $$stored);
    my $touched = $traffic->{risky} ? ''
                : join '; ', $rights->violated($before, $$stored, $now,
                                               $record && $record->{outcome}
                                               || '');

    diag('    ', Itinerary::Model::World::changes($$stored, $now))
        if $ENV{ITINERARY_STEPS};

    $rights->created($request->{who}, $$stored, $now);
    $rights->adopted($model, $request);
    $rights->doubted($request)
        if $record && ($record->{outcome} // '') eq 'in_doubt';

    my $mistaken = $rights->mistaken($model, $request);

    $covered{'an old trip looked new'} += $mistaken if $mistaken;
    $$stored = $now;
    $traffic->shown($request, $tree) if $shown;

    return '' if !$wrong && !$differs && !$touched;

    return join "\n", grep { length }
        $touched && "NO RIGHT: $touched", $wrong, $differs,
        $ENV{ITINERARY_BRIEF} ? ()
        : 'the record: ' . ($record ? $json->canonical->encode($record) : '-'),
        $ENV{ITINERARY_BRIEF} ? ()
        : ("the request: $request->{method} $request->{target}",
           $request->{body} // '',
           "the answer: $answer->{status}",
           Itinerary::Model::World::text($answer));
}


sub refused {
    my ($judgement, $answer, $record) = @_;

    return compare(
        [ answer => "$judgement->{status} $judgement->{reason}",
          "$answer->{status} " . (code_of($answer) // '') ],
        [ event => 'rejected', $record->{event} ],
        [ verdict => 'deny', $record->{verdict} ],
        [ reason => $judgement->{reason}, $record->{reason} ],

        # an early refusal knows none

        $record->{bookings}
        ? [ effects => effects($judgement), recorded_effects($record) ] : (),
    );
}


sub passed {
    my ($model, $judgement, $answer, $record, $shown) = @_;

    my $wrong = compare(
        [ event => 'completed', $record->{event} ],
        [ verdict => $judgement->{verdict}, $record->{verdict} ],
        [ reason => '', $record->{reason} // '' ],
        [ effects => effects($judgement), recorded_effects($record) ],
    );

    return $wrong if $record->{event} ne 'completed';

    my $outcome;
    my $status = $record->{upstream_status} // 0;

    $model->forward($judgement);

    if ($status >= 200 && $status < 300) {
        my $resource = $judgement->{case}{op}{what} =~ /book/;

        undef $shown
            if $shown && $shown->{root} ne 'Itinerary' && !$resource;

        $outcome = $model->answered($judgement, $shown);

    } elsif ($status >= 400 && $status < 500) {
        $model->released($judgement);
        $outcome = 'released';

    } else {
        $model->doubted($judgement);
        $outcome = 'in_doubt';
    }

    return $wrong . compare([ outcome => $outcome, $record->{outcome} ]);
}


sub compare {
    return join '', map {
        my ($what, $should, $is) = @$_;

        $should eq ($is // '') ? ''
        : "$what should be '$should', and is '" . ($is // '') . "'\n";
    } @_;
}


sub effects {
    my ($judgement) = @_;

    return join ', ', map { "$_ $judgement->{effects}{$_}" }
                      sort keys %{ $judgement->{effects} };
}


sub recorded_effects {
    my ($record) = @_;

    return join ', ', sort map { "$_->{source}|$_->{locator} $_->{effect}" }
                      @{ $record->{bookings} // [] };
}


# What was tried, and how often.

sub cover {
    my ($request, $judgement, $answer, $record, $shown) = @_;

    my $what = $request->{what};

    if (!$judgement) {
        $covered{"$what " . ($shown ? 'learnt' : 'not learnt')}++;
        return;
    }

    $covered{"$what $judgement->{verdict} " . ($judgement->{reason} // '')
             . ($record->{outcome} // '')}++;

    for my $effect (values %{ $judgement->{effects} }) {
        $covered{"$what effect $effect $judgement->{verdict}"}++;
    }

    return;
}


for my $seed ($SEED .. $SEED + $SEEDS - 1) {
    my $began = time;
    my @steps;

    note("ITINERARY_SEED=$seed ITINERARY_OPS=$OPS");

    my $wrong = eval { walk($seed, $OPS, \@steps) } // "died: $@";

    is($wrong, '', "$OPS requests from seed $seed");
    note(sprintf '%.1f s', time - $began);

    cmp_ok($covered{'read too late'} // 0, '<=', $OPS / 50,
           'hardly a read was too late to be learnt from');
    delete $covered{'read too late'} if !$COVERAGE;

    if ($wrong) {
        splice @steps, 0, -10 if @steps > 10;
        diag("ITINERARY_SEED=$seed ITINERARY_OPS=$OPS, at its end:\n",
             map { "    $_\n" } @steps);
    }
}

diag(map { sprintf "%7d  %s\n", $covered{$_}, $_ } sort keys %covered)
    if $COVERAGE;

$world->close;

$t->done;
