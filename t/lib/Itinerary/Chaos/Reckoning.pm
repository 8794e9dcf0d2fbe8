package Itinerary::Chaos::Reckoning;

# What must be true when all is calm again, whatever has happened.  Each method
# returns what is wrong, one sentence each, in a list.
#
# account => what the API has done; trail => the audit trail; seen => what the
# clients saw; registry => as Itinerary::Records has it; killed => when each
# worker was killed, by pid; patience => how long a write may be under way

use strict;
use warnings;

use Itinerary::Chaos::Document;
use Itinerary::Model;


sub new {
    my ($class, %opt) = @_;

    my $self = bless { %opt }, $class;

    for my $line (@{ $self->{seen} }) {
        $self->{posted}{$_}{ $line->{who} } = 1 for @{ $line->{own} };
    }

    return $self;
}


sub _booking_record {
    my ($self, $name) = @_;

    return $self->{registry}{ 'booking:' . Itinerary::Model::field($name) }
           // {};
}


sub _owner_of_trip {
    my ($self, $id) = @_;

    return ($self->{registry}{"trip:$id"} // {})->{owner};
}


# What a request came to by the audit trail: its outcome, "rejected", or
# "unfinished".

sub outcome {
    my ($self, $id) = @_;

    my $trail = $self->{trail};
    my $completed = $trail->record($id, 'completed');

    return $completed ? $completed->{outcome} // 'unknown'
         : $trail->record($id, 'rejected')  ? 'rejected'
         : $trail->record($id, 'forwarded') ? 'unfinished' : 'unknown';
}


# No supplier has changed, or undone, what another has made.

sub touched {
    my ($self) = @_;

    my @touches = $self->{account}->touches;
    my @unseen = grep { $self->_was_unseen(@{$_}{qw(last id)}) } @touches;
    my %unseen = map { $_ => 1 } @unseen;

    $self->{unseen} = @unseen;

    return map { $_->{text} } grep { !$unseen{$_} } @touches;
}


# README, Limits: a write to a booking of which nobody knows where it is does
# not hold up another write to its trip at the same time.  Nor does the registry
# know afterwards what it has changed, where that was in doubt.

sub _was_unseen {
    my ($self, $last, $id) = @_;

    my $trail = $self->{trail};
    my $was = defined $last && $trail->record($last, 'forwarded') or return 0;
    my $is = $trail->record($id, 'forwarded') or return 0;
    my $end = $trail->record($last, 'completed');

    return !defined $was->{trip}
           && (!$end || $end->{outcome} ne 'recorded'
               || $end->{at} >= $is->{at});
}


# touches of what was written to by who did not say where it is

sub unseen { return $_[0]{unseen} // 0 }


# What a client has been answered 2xx is its supplier's.

sub told {
    my ($self) = @_;

    my @wrong;

    for my $line (@{ $self->{seen} }) {
        next if $line->{came} ne '200' || $line->{shown} eq ''
                || $line->{attack} ne ''
                || $line->{what} !~ /\A(?:create|update|book)\z/;

        my ($who, $what, $id) = @{$line}{qw(who what id)};

        for my $name (@{ $line->{own} }) {
            my $record = $self->_booking_record($name);
            my $owner = $record->{owner} // 'nobody';

            push @wrong, "$name is $owner\'s, and $who was told that it is its"
                         . " own by the answer to its $what $id ("
                         . $self->outcome($id) . ')'
                if $owner ne $who;
        }

        next if $what ne 'create';

        my $trip = $line->{shown};
        my $creator = $self->{account}->trips->creator($trip) // 'nobody';
        my $owner = $self->_owner_of_trip($trip);

        next if $creator ne $who || ($owner // '') eq $who;

        push @wrong, "$trip is " . ($owner // 'nobody') . "'s, and $who was"
                     . " answered that it has created it by $id ("
                     . $self->outcome($id) . ')';
    }

    return @wrong;
}


# Nothing that there is has another owner on record than its creator, and each
# booking has one, because it was claimed before the API knew of it.

sub owned {
    my ($self) = @_;

    my $trips = $self->{account}->trips;
    my @wrong;

    for my $id ($trips->ids) {
        my $owner = $self->_owner_of_trip($id);
        my $creator = $trips->creator($id);

        push @wrong, "$id is ${owner}'s on record, and $creator created it"
            if defined $owner && $owner ne $creator;

        for my $name (@{ $trips->trip($id)->{order} }) {
            my $record = $self->_booking_record($name);
            my $owner = $record->{owner} // 'nobody';
            my $poster = $trips->poster($name);

            push @wrong, "$name in $id is ${owner}'s on record"
                         . " ($record->{state}), and $poster posted it"
                if $owner ne $poster;
        }
    }

    return @wrong;
}


# What was never in doubt is on record as it is.

sub certain {
    my ($self) = @_;

    my ($account, $trail) = @{$self}{qw(account trail)};
    my $trips = $account->trips;
    my (%doubt, @wrong);

    for my $id ($trail->ids) {
        next if $self->outcome($id) !~ /\A(?:in_doubt|unfinished)\z/;

        my $record = $trail->record($id, 'forwarded');

        $doubt{$_} = 1 for @{ $record->{names} // [] },
                           $record->{trip} // ();
    }

    for my $id (grep { !$doubt{$_} } $trips->ids) {
        for my $name (grep { !$doubt{$_} } @{ $trips->trip($id)->{order} }) {
            my $record = $self->_booking_record($name);
            my $state = Itinerary::Chaos::Document::is_empty(
                            $trips->trip($id)->{bookings}{$name})
                        ? 'cancelled' : 'active';
            my $listed = $self->{registry}{"trip:$id"}
                                 {'booking:' . Itinerary::Model::field($name)};
            my $is = "$record->{state} in $record->{trip}, "
                     . (defined $listed ? "listed for $listed" : 'not listed');
            my $should = "$state in $id, "
                         . ($state eq 'active' ? 'listed for '
                                                 . $trips->poster($name)
                                               : 'not listed');

            $self->{certain}++;

            push @wrong, "$name is on record as $is, and should be $should"
                if $is ne $should;
        }
    }

    return @wrong;
}


# how many bookings were looked at in that

sub sure { return $_[0]{certain} // 0 }


# The audit trail: each line is a record, each write that the API has received
# was written down before, each write that was passed on has an end unless its
# worker was killed.

sub recorded {
    my ($self) = @_;

    my ($account, $trail) = @{$self}{qw(account trail)};
    my @wrong = map { "this is no record: $_" } $trail->broken;

    for my $id ($account->ids) {
        my ($line, @more) = $account->received($id);
        my $record = $trail->record($id, 'forwarded');

        push @wrong, "$id was received " . (1 + @more) . ' times' if @more;

        if (!$record) {
            push @wrong, "$id of $line->{who} was received at $line->{time},"
                         . ' and is not in the audit trail ('
                         . $trail->events($id) . ')';
            next;
        }

        push @wrong, "$id is a $line->{what} of $line->{who}, and is recorded"
                     . " as a $record->{operation} of $record->{supplier}"
            if $line->{who} ne $record->{supplier}
               || $line->{what} ne $record->{operation};

        push @wrong, "$id is recorded at $record->{time}, after it was received"
            if $record->{at} > $line->{time} + 0.05;
    }

    for my $id ($trail->ids) {
        my $events = $trail->events($id);

        next if $events eq 'forwarded completed' || $events eq 'rejected';

        if ($events ne 'forwarded') {
            push @wrong, "the records of $id are: $events";

        } elsif (!$self->_was_killed($id)) {
            push @wrong, "$id has no end, and its worker was not killed";

        } else {
            $self->{unfinished}{$id} = 1;
        }
    }

    return @wrong;
}


sub unfinished { return scalar keys %{ $_[0]{unfinished} // {} } }


# Which worker it was, the API knows; if it has not received anything, it must
# have been one that was killed soon after.

sub _was_killed {
    my ($self, $id) = @_;

    my $killed = $self->{killed};
    my $at = $self->{trail}->record($id, 'forwarded')->{at};
    my ($line) = $self->{account}->received($id);

    my @when = grep { defined }
               $line ? $killed->{ $line->{worker} } : values %$killed;

    return scalar grep { $_ > $at - 0.05 && $_ < $at + $self->{patience} }
                  @when;
}


# What the trail says of the end is true.

sub outcomes {
    my ($self) = @_;

    my ($account, $trail) = @{$self}{qw(account trail)};
    my @wrong;

    for my $id ($trail->ids) {
        my $outcome = $self->outcome($id);
        my $end = $account->end($id);
        my $kind = $end ? $end->{kind} : 'not received';

        my $should = $outcome =~ /\A(?:recorded|spooled|overreached)\z/
                         ? 'applied'
                   : $outcome eq 'released' ? 'refused'
                   : $outcome eq 'rejected' ? 'not received' : $kind;

        push @wrong, "$id is $outcome, and was $kind" if $kind ne $should;
    }

    return @wrong;
}


# What is in doubt is in doubt for a supplier that has posted it.

sub doubtful {
    my ($self) = @_;

    my @wrong;

    for my $key (sort keys %{ $self->{registry} }) {
        my $record = $self->{registry}{$key};

        next if $key !~ /\Abooking:/ || $record->{state} ne 'pending';

        $self->{pending}{$key} = 1;

        my ($name) = grep { 'booking:' . Itinerary::Model::field($_) eq $key }
                     _names($key);

        push @wrong, "$key is pending for $record->{owner}, which has never"
                     . ' posted it'
            if !$self->{posted}{$name}{ $record->{owner} };
    }

    return @wrong;
}


sub pending { return scalar keys %{ $_[0]{pending} // {} } }


sub _names {
    my ($key) = @_;

    return $key =~ s/\Abooking://r =~ s/%([0-9A-F]{2})/chr hex $1/ger;
}


# No lease is left that others would have to wait for.

sub leases {
    my ($self, $now) = @_;

    my $registry = $self->{registry};

    return map { "$_ is leased until $registry->{$_}{writer_until}" }
           grep { /\Atrip:/
                  && ($registry->{$_}{writer_until} // 0) > $now * 1000 }
           sort keys %$registry;
}


# No client has waited for longer than it takes.

sub hung {
    my ($self) = @_;

    return map { "the $_->{what} $_->{mark} of $_->{who} to $_->{target}, sent"
                 . " at $_->{from}, was not answered" }
           grep { $_->{came} eq 'hung' } @{ $self->{seen} };
}


1;
