#!/usr/bin/perl

# Random requests of several suppliers at the same time, mostly about the same
# trips.  Which of them comes first is not known, so no model says what they
# come to; but afterwards
#
#   - nothing has changed in the API's trips that nobody of them had a right to;
#   - the registry knows who created each trip and each booking, and nothing of
#     it is in doubt or leased;
#   - every write that was carried out has been counted, and none was undone;
#   - what a supplier may send back as it was shown is what there is.
#
# ITINERARY_SEED, ITINERARY_SEEDS and ITINERARY_OPS (400) as in model.t.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(sleep time);

use Itinerary;
use Itinerary::Model;
use Itinerary::Model::Document;
use Itinerary::Model::Rights;
use Itinerary::Model::Traffic;
use Itinerary::Model::World;
use Itinerary::Records;

my $SEED = Itinerary::Model::Traffic::seed();
my $SEEDS = $ENV{ITINERARY_SEEDS} // 1;
my $OPS = $ENV{ITINERARY_OPS} // 400;
my $STRETCH = 15;      # rounds

my $t = Itinerary->new;
my $world = Itinerary::Model::World->new($t, workers => 2, slow => 1);
my $redis = $world->redis;
my %came_to;


# A round: one request of each of some suppliers, all of them at once.  Mostly
# they meet in one trip, and more so if they have just read it.

my $read;


sub requests {
    my ($traffic) = @_;

    my $n = 2 + int rand 3;
    my @trips = @{ $traffic->{trips} };
    my $trip = $read // $trips[rand @trips];
    my $reads = !$read && rand(100) < 40;
    my (@requests, %who);

    $traffic->trips($trip) if rand(100) < 70;

    while (@requests < $n) {

        if ($reads || $read) {
            my @others = grep { !$who{$_} }
                         @Itinerary::Model::Traffic::SUPPLIERS;

            $traffic->{next} = { who => $others[rand @others], trip => $trip,
                                 what => $reads ? 'read' : undef };
        }

        my $request = $traffic->request;

        push @requests, $request if !$who{ $request->{who} }++;
    }

    $traffic->trips(@trips);
    $read = $reads ? $trip : undef;

    return @requests;
}


sub round {
    my ($traffic, $rights, $stored, @requests) = @_;

    my $nothing = Itinerary::Model->new;
    my @before = map { $rights->before($nothing, $_) } @requests;
    my $records = quiet();

    my @answers = $world->together(
        map { $world->message(@{$_}{qw(method target who body)}) } @requests);

    my $now = $world->stored($traffic->{traveler}, $$stored);
    my (%violated, %written);
    my @forwarded;

    for my $i (0 .. $#requests) {
        my ($request, $answer) = ($requests[$i], $answers[$i]);

        return "no answer: $answer->{error}\n" if $answer->{error};

        my $tree = Itinerary::Model::World::document($answer);

        $came_to{"$request->{what} "
                 . (code_of($answer) // $answer->{status})}++;

        $traffic->shown($request, $tree) if $tree;

        next if !$tree || $request->{what} eq 'read';

        push @forwarded, $request;
        $written{ Itinerary::Model::Document::text($tree, 'ItinLocator') }++;
    }

    # a trip that has a create's name is not one that was made for a booking

    creates($rights, $_, $now) for grep { $_->{what} eq 'create' } @forwarded;
    creates($rights, $_, $now) for grep { $_->{what} ne 'create' } @forwarded;

    for my $i (0 .. $#requests) {
        next if $requests[$i]{what} eq 'read' || $answers[$i]{status} != 200;

        $violated{$_}++ for $rights->violated($before[$i], $$stored, $now, '');
    }

    my @wrong = map { "NO RIGHT: $_" } grep { $violated{$_} == @forwarded }
                sort keys %violated;

    $rights->created('Legacy', $$stored, $now);
    $$stored = $now;

    push @wrong, undone($rights, $now,
                        map { $requests[$_] }
                        grep { $answers[$_]{status} == 200 } 0 .. $#requests);

    my $after = quiet();

    push @wrong, known($rights, $after, $now);

    for my $trip (sort keys %written) {
        my $was = $records->{"trip:$trip"}{rev} // 0;
        my $is = $after->{"trip:$trip"}{rev} // 0;

        push @wrong, "rev of $trip has gone from $was to $is with "
                     . "$written{$trip} writes" if $is - $was < $written{$trip};
    }

    push @wrong, fresh($traffic, $after);

    return join "\n", @wrong;
}


# Who of several has created what is new: the trip that has the name that was
# posted, and the bookings that were.

sub creates {
    my ($rights, $request, $now) = @_;

    my $posted = $request->{posted} or return;
    my %posted = map { $_->{name} => 1 } @{ $posted->{bookings} };

    for my $trip (keys %$now) {
        my $new = $now->{$trip};

        $rights->{trips}{$trip} //= $request->{who}
            if $request->{what} eq 'create'
               ? $new->{trip_name} eq $posted->{trip_name}
               : $request->{what} eq 'book'
                 && grep { $posted{ $_->{name} } } @{ $new->{bookings} };

        for my $booking (@{ $new->{bookings} }) {
            $rights->{bookings}{ $booking->{name} } //= $request->{who}
                if $posted{ $booking->{name} };
        }
    }

    return;
}


# What a supplier has posted of its own bookings is there, unless it or the
# trip was cancelled: nobody else may change it.

sub undone {
    my ($rights, $now, @requests) = @_;

    my $cancelled = grep {
        $_->{what} =~ /cancel/
        || $_->{posted} && ($_->{posted}{trip_status} // '') =~ /2\z/
    } @requests;

    # where the operator says that the API does not replace a trip, but it does

    my $replaced = grep { $_->{what} eq 'update' && !$_->{policy}{replace} }
                   @requests;

    my %there;

    for my $trip (values %$now) {
        push @{ $there{ $_->{name} } }, $_ for @{ $trip->{bookings} };
    }

    my @wrong;

    for my $request (@requests) {
        for my $booking (@{ ($request->{posted} // {})->{bookings} // [] }) {
            my $name = $booking->{name};

            next if ($rights->{bookings}{$name} // '') ne $request->{who}
                    || $replaced && !$there{$name};
            next if grep { essence($_) eq essence($booking)
                           || $cancelled && !$_->{segments} }
                    @{ $there{$name} // [] };

            push @wrong, "$name is not as $request->{who} has posted it";
        }
    }

    return @wrong;
}


sub essence {
    my ($booking) = @_;

    return $booking->{content}
           =~ s{<Date(?:Created|Modified)Utc>.*?</>}{}gr;
}


# The registry, once all that was answered has been learnt from.

sub quiet {
    my $records = {};

    for (1 .. 100) {
        my $now = records($t->redis);

        return $now if is_same($records, $now);

        $records = $now;
        sleep 0.004;
    }

    return $records;
}


sub is_same {
    my ($a, $b) = @_;

    return join("\0", flat($a)) eq join("\0", flat($b));
}


sub flat {
    my ($records) = @_;

    return map {
        my $record = $records->{$_};
        ($_, ref $record ? map({ ($_, $record->{$_}) } sort keys %$record)
                         : $record);
    } sort keys %$records;
}


# Whose the trips and bookings are, by the registry.

sub known {
    my ($rights, $records, $now) = @_;

    my @wrong;

    for my $trip (sort keys %$now) {
        my $record = $records->{"trip:$trip"};
        my $creator = $rights->{trips}{$trip};

        push @wrong, "$trip is leased" if $record && $record->{writer};
        push @wrong, "$trip is $record->{owner}'s, and $creator created it"
            if $record && defined $record->{owner}
               && $record->{owner} ne $creator;

        for my $booking (@{ $now->{$trip}{bookings} }) {
            my $name = Itinerary::Model::field($booking->{name});
            my $record = $records->{"booking:$name"};
            my $creator = $rights->{bookings}{ $booking->{name} };
            my $owner = $record ? $record->{owner} : 'unknown';

            next if $creator eq 'Legacy' && (!$record || $owner eq '');

            push @wrong, "$name in $trip is $owner, and $creator created it"
                if $owner ne $creator;
            push @wrong, "$name in $trip is in doubt"
                if $record && $record->{state} eq 'pending';
        }
    }

    return @wrong;
}


# A fresh view shows what is there: it is taken away, and learnt again.

sub fresh {
    my ($traffic, $records) = @_;

    my @wrong;

    for my $key ($redis->keys('itinerary:view:*')) {
        my ($trip, $who) = $key =~ /\Aitinerary:view:([^|]*)\|(.*)\z/;
        my %was = $redis->hgetall($key);

        next if $was{rev} != ($records->{"trip:$trip"}{rev} // 0);

        $redis->del($key);
        $world->gateway($world->message('GET',
            "/dcrf/plain/api/travel/trip/v1.1/$trip?userid_type=login"
            . "&userid_value=$traffic->{traveler}", $who));

        my %is;

        for (1 .. 1000) {
            last if %is = $redis->hgetall($key);
            sleep 0.001;
        }

        next if !%is;

        # what is found in the trip counts, that it becomes known does not

        my ($before, $now) = map { scalar grep { /\Abooking:/ } @$_ }
                             [keys %{ $records->{"trip:$trip"} // {} }],
                             [$redis->hkeys("itinerary:trip:$trip")];

        $was{rev}++ if $now > $before;

        # answers to posts lack some fields of the trip

        delete @was{qw(trip)};
        delete @is{qw(trip)};

        $came_to{'fresh view'}++;

        push @wrong, map { "$who has a fresh view of $trip with another $_" }
                     grep { ($was{$_} // '') ne ($is{$_} // '') }
                     sort keys %{ { %was, %is } };
    }

    return @wrong;
}


sub walk {
    my ($seed, $ops, $steps) = @_;

    my $traffic = Itinerary::Model::Traffic->new($seed, steady => 1);
    my ($rights, $stored);

    for (my ($n, $round) = (0, 0); $n < $ops; $round++) {

        if ($round % $STRETCH == 0) {
            $world->stretch($traffic);
            $world->legacy($traffic);
            $rights = Itinerary::Model::Rights->new;
            $stored = $world->stored($traffic->{traveler}, {});
            $rights->created('Legacy', {}, $stored);
            $traffic->trips(sort keys %$stored);
            undef $read;
        }

        my @requests = requests($traffic);

        push @$steps, join "\n        ",
                      map { "$_->{who} $_->{text} (under $_->{under})" }
                      @requests;

        my $wrong = round($traffic, $rights, \$stored, @requests);

        return $wrong if $wrong;

        $traffic->trips(sort keys %$stored);
        $n += @requests;
    }

    return '';
}


for my $seed ($SEED .. $SEED + $SEEDS - 1) {
    my $began = time;
    my @steps;

    note("ITINERARY_SEED=$seed ITINERARY_OPS=$OPS");

    my $wrong = eval { walk($seed, $OPS, \@steps) } // "died: $@";

    is($wrong, '', "$OPS requests from seed $seed, several at a time");
    note(sprintf '%.1f s', time - $began);

    if ($wrong) {
        splice @steps, 0, -10 if @steps > 10;
        diag("ITINERARY_SEED=$seed ITINERARY_OPS=$OPS, at its end:\n",
             map { "    $_\n" } @steps);
    }
}

diag(map { sprintf "%7d  %s\n", $came_to{$_}, $_ } sort keys %came_to)
    if $ENV{ITINERARY_COVERAGE};

$world->close;

$t->done;
