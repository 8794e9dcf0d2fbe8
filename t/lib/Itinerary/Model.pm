package Itinerary::Model;

# What the gateway promises, as a model: which effects a request has, who has
# a right to them, and what the registry knows afterwards.  It is written to
# be read beside sections 4 and 6 of the design; how the gateway is built does
# not matter here.
#
# An operation is a hash:
#
#     what      create, update, cancel, book, cancel_booking or read
#     who       the supplier
#     trip      the id that the request has, or undef
#     posted    an Itinerary::Model::Document, of a create, update or book
#     source, number   of a cancel_booking
#     policy    { unknown_trip, booking_source, replace, cancel_foreign }
#     request   its id

use strict;
use warnings;

use Itinerary::Model::Document qw(percent);


# The registry: trips, each { owner, state, rev, bookings => name -> owner };
# bookings, each { owner, state, trip, request }; sources and numbers; the
# other ids of trips; and what each supplier was last shown of a trip, with
# the trip's rev at that time.

sub new {
    my ($class) = @_;

    return bless {
        trips    => {},
        bookings => {},
        sources  => {},
        numbers  => {},
        aliases  => {},
        views    => {},
    }, $class;
}


sub trip_id {
    my ($self, $id) = @_;

    return $self->{aliases}{$id} // $id;
}


# The effects, and the reason for which each is refused where it is: "" is a
# right.  The case $c answers what the rights are about.

my %RIGHT = (
    'trip created' => sub { '' },

    'trip fields' => sub {
        my ($c) = @_;

        return '' if $c->is_mine($c->{trip}{owner});
        return 'stale_view' if $c->was_shown_fields;
        return $c->is_nobodys($c->{trip}{owner}) ? '' : 'trip_not_owned';
    },

    'trip cancelled' => sub {
        my ($c) = @_;

        my $creator = $c->is_mine($c->{trip}{owner});

        return 'trip_not_owned'
            if !$creator && !$c->is_nobodys($c->{trip}{owner});

        return '' if $creator && $c->{policy}{cancel_foreign};

        return (grep { !$c->is_mine($_->{owner})
                       && !$c->is_free($_->{name}, $_->{owner}) }
                $c->listed) ? 'booking_not_owned' : '';
    },

    # who has none that is active asks for the whole trip

    'own segments cancelled' => sub { '' },

    'added' => sub { '' },

    'changed' => sub {
        my ($c, $booking) = @_;

        my $owner = $booking->{record}{owner};

        return '' if $c->is_mine($owner);
        return 'stale_view' if $c->was_shown($booking);
        return $c->is_free($booking->{name}, $owner) ? ''
                                                     : 'booking_not_owned';
    },

    'echoed' => sub { '' },

    'removed' => sub {
        my ($c, $booking) = @_;

        return $c->is_mine($booking->{owner})
               || $c->is_free($booking->{name}, $booking->{owner})
               ? '' : 'booking_not_owned';
    },

    'cancelled' => sub {
        my ($c, $booking) = @_;

        return $c->is_mine($booking->{owner})
               || $c->is_free($booking->{name}, $booking->{owner})
               ? '' : 'booking_not_owned';
    },
);

# the right to a booking source, for what is added or changed under it

my %SOURCE = (
    any        => sub { 1 },
    claim      => sub { my ($c, $bound) = @_;
                        return !defined $bound || $c->is_mine($bound) },
    registered => sub { my ($c, $bound) = @_; return $c->is_mine($bound) },
);

my @ORDER = qw(ambiguous_body invalid_document trip_not_owned
               booking_not_owned booking_source_not_owned stale_view);

our %STATUS = (
    ambiguous_body           => 400,
    invalid_document         => 422,
    trip_not_owned           => 403,
    booking_not_owned        => 403,
    booking_source_not_owned => 403,
    stale_view               => 409,
);


# What becomes of an operation: verdict, and reason; effects, by the name of
# the booking.  What is not denied is to be passed to forward().

sub judge {
    my ($self, $op) = @_;

    my $c = Itinerary::Model::Case->new($self, $op);
    my @effects = _effects($c);

    my %reasons;

    for my $effect (@effects) {
        my ($what, $booking, $with_trip) = @$effect;

        my $reason = $with_trip ? '' : $RIGHT{$what}->($c, $booking);

        $reasons{$reason}++ if $reason;

        next if $what !~ /\A(?:added|changed)\z/ || $reason;

        my $may = $SOURCE{ $c->{policy}{booking_source} };

        $reasons{booking_source_not_owned}++
            if !$may->($c, $self->{sources}{ $booking->{source} });
    }

    $reasons{$_}++ for _faults($c);

    # an update of a trip that was never shown need not be read

    if ($op->{what} eq 'update' && $reasons{trip_not_owned} && !$c->{view}) {
        %reasons = (trip_not_owned => 1);
    }

    my ($reason) = grep { $reasons{$_} } @ORDER;

    return {
        verdict => $reason ? 'deny'
                 : (grep { $_->[0] eq 'own segments cancelled' } @effects)
                   ? 'partial' : 'allow',
        reason  => $reason,
        status  => $reason && $STATUS{$reason},
        effects => { map { $_->[1] ? ($_->[1]{name} => $_->[0]) : () }
                     @effects },
        case    => $c,
        list    => \@effects,
    };
}


# Section 4's first two columns: [effect, booking].  The right to a booking
# that goes with the trip is that to the trip.

sub _effects {
    my ($c) = @_;

    my $op = $c->{op};
    my @listed = $c->listed;

    if ($op->{what} eq 'create') {
        return ['trip created'], _posted($c);
    }

    if ($op->{what} eq 'book') {
        return _posted($c);
    }

    if ($op->{what} eq 'update') {
        my %posted = map { $_->{name} => 1 } @{ $op->{posted}{bookings} };
        my @missing = grep { !$posted{ $_->{name} } } @listed;

        my @effects = _posted($c);

        push @effects, ['trip fields'] if !$c->is_echo_of_fields;
        push @effects, map { ['removed', $_] } @missing
            if $c->{policy}{replace};

        # two is a number however it is written; who sends back what it was
        # shown of another's trip does not cancel it

        if ($op->{posted}{trip_status} =~ /\A[+0]*2\z/
            && ($c->is_mine($c->{trip}{owner}) || !$c->was_shown_fields))
        {
            push @effects, ['trip cancelled'];
            push @effects, map { ['cancelled', $_, 'with the trip'] } @missing
                if !$c->{policy}{replace};
        }

        return @effects;
    }

    if ($op->{what} eq 'cancel') {
        my @own = grep { $c->is_mine($_->{owner}) } @listed;

        if (!$c->is_mine($c->{trip}{owner})
            && grep { $c->state($_->{name}) eq 'active' } @own)
        {
            return ['own segments cancelled'],
                   map { ['cancelled', $_] } @own;
        }

        return ['trip cancelled']
            if !$c->is_mine($c->{trip}{owner})
               && !$c->is_nobodys($c->{trip}{owner});

        return ['trip cancelled'],
               map { ['cancelled', $_, 'with the trip'] } @listed;
    }

    if ($op->{what} eq 'cancel_booking') {
        return map { ['cancelled', $_] } $c->meant;
    }

    return;
}


sub _posted {
    my ($c) = @_;

    my @effects;

    for my $booking (@{ $c->{op}{posted}{bookings} }) {
        my $record = $c->{model}{bookings}{ $booking->{name} };

        # what was shown is known, whatever became of its record

        $record //= { owner => '', state => 'seen', trip => '' }
            if $c->{view} && $c->{view}{bookings}{ $booking->{name} };

        # as it is now, whatever becomes of it

        my $posted = { %$booking, record => $record && { %$record } };
        my $doubt = $record && $record->{state} eq 'pending'
                    && $c->is_mine($record->{owner});

        push @effects, [
            !$record                             ? 'added'
            : $c->is_echo($booking) && !$doubt   ? 'echoed'
            :                                      'changed',
            $posted];
    }

    return @effects;
}


# What is wrong with the request, whoever sends it.

sub _faults {
    my ($c) = @_;

    my $op = $c->{op};

    return $c->{refused} ? 'booking_not_owned' : ()
        if $op->{what} eq 'cancel_booking';

    my $posted = $op->{posted} or return;
    my @faults;

    if ($op->{what} ne 'book') {
        push @faults, 'ambiguous_body'
            if grep { $op->{what} eq 'create'
                      || $c->{model}->trip_id($_) ne $c->{id} }
               @{ $posted->{ids} // [] };

        push @faults, 'invalid_document'
            if $posted->{violations} && !$c->is_echo_of_fields;
    }

    push @faults, 'invalid_document'
        if grep { $_->{violations} && !$c->is_echo($_) }
           @{ $posted->{bookings} };

    return @faults;
}


# Section 6: claims come first.  The judgement is kept until answered() or
# doubted() or released() says what became of it.

sub forward {
    my ($self, $judgement) = @_;

    my $c = $judgement->{case};
    my $op = $c->{op};

    # of a trip that nobody is to know of nothing is recorded

    my $adopts = $c->{policy}{unknown_trip} eq 'adopt'
                 && $op->{what} =~ /\A(?:update|cancel)\z/
                 && $judgement->{verdict} ne 'partial';

    $judgement->{record} = $c->{known} || $adopts
                           || $op->{what} =~ /\A(?:create|book)\z/;
    $judgement->{adopts} = $adopts;
    $judgement->{claims} = [];
    $judgement->{binds} = [];

    for my $effect (@{ $judgement->{list} }) {
        my ($what, $booking) = @$effect;

        my $record = $what =~ /\A(?:added|changed)\z/
                     ? $booking->{record} : undef;
        my $again = $record && $record->{state} eq 'pending'
                    && $c->is_mine($record->{owner});

        my $revived = $record && $record->{state} eq 'cancelled'
                      && $c->is_mine($record->{owner});

        next if $what ne 'added' && !$again && !$revived;

        if ($revived) {
            my $all = $self->{bookings}{ $booking->{name} };

            $all->{cancelled} = $all->{request};
            $all->{state} = 'pending';
            $all->{request} = $op->{request};

            push @{ $judgement->{claims} }, $booking->{name};

        } elsif ($again) {
            my $all = $self->{bookings}{ $booking->{name} };

            $all->{request} .= " $op->{request}";
            $all->{request} = $op->{request} if length $all->{request} > 300;

        } else {
            $self->{bookings}{ $booking->{name} } = {
                owner   => $op->{who},
                state   => 'pending',
                trip    => $c->{id},
                request => $op->{request},
            };

            push @{ $judgement->{claims} }, $booking->{name};
        }

        # what is in the trip is on its list, even where nothing else of it is
        # recorded, so that nobody removes it

        if ($c->{id} ne '') {
            $self->_trip($c->{id})->{bookings}{ $booking->{name} }
                //= $op->{who};
        }

        if ($c->{policy}{booking_source} eq 'claim'
            && !defined $self->{sources}{ $booking->{source} })
        {
            $self->{sources}{ $booking->{source} } = $op->{who};
            push @{ $judgement->{binds} }, $booking->{source};
        }
    }

    return;
}


# "a 4xx answer releases it"

sub released {
    my ($self, $judgement) = @_;

    my $id = $judgement->{case}{id};

    for my $name (@{ $judgement->{claims} }) {
        my $record = $self->{bookings}{$name};

        if (defined(my $cancelled = delete $record->{cancelled})) {
            @$record{qw(state request)} = ('cancelled', $cancelled);

        } else {
            delete $self->{bookings}{$name};
        }

        delete $self->{trips}{$id}{bookings}{$name} if $self->{trips}{$id};
    }

    # what was in doubt before stays so

    my $request = $judgement->{case}{op}{request};

    $_->{request} =~ s/ \Q$request\E\z//
        for grep { defined $_->{request} } values %{ $self->{bookings} };

    delete @{ $self->{sources} }{ @{ $judgement->{binds} } };

    $self->_forget($id);

    return;
}


# "anything else leaves it pending"; the write may have been carried out.

sub doubted {
    my ($self, $judgement) = @_;

    my $c = $judgement->{case};

    $self->_learn_posted_numbers($judgement);
    $self->_count($c->{id});
    $self->_count_touched($judgement, $c->{id});
    $self->_forget($c->{id});

    return;
}


# "What the answer teaches."  Returns the outcome.

sub answered {
    my ($self, $judgement, $answer) = @_;

    my $c = $judgement->{case};
    my $op = $c->{op};

    if (!$answer || $answer->{root} eq 'Itinerary' && !$answer->{ids}) {
        $self->doubted($judgement);
        return 'in_doubt';
    }

    my $was = $c->{trip}{bookings};
    my ($id, $fresh, $strange, $overtaken) = $self->_name($c, $answer);
    my $known = defined $self->{trips}{$id}
                && defined $self->{trips}{$id}{state};

    my %match = _matches($judgement, $answer);
    my $merged = $op->{what} eq 'create' && _is_merged($op, $answer, \%match);
    my $void = $op->{what} eq 'update'
               && grep { $_->[0] eq 'trip cancelled' } @{ $judgement->{list} };
    my $overreached;

    $self->_learn_effects($judgement, $answer, \%match, $id, $void);

    for my $shown (@{ $answer->{bookings} }) {
        my $name = $shown->{name};
        my $effect = $match{$name};

        if (!$effect) {
            $self->_seen($judgement, $shown, $id) if !defined $was->{$name};

            # a cancel has reached what it left without segments

            my $reached = $op->{what} eq 'cancel' && !$shown->{segments}
                          ? _listed($was, $answer, $shown) : undef;

            if (defined $reached) {
                $self->_cancelled($judgement, $reached, $id);
                $overreached = 1 if $judgement->{verdict} eq 'partial'
                                    && !$c->is_mine($was->{$reached});
            }

        } elsif ($effect->[0] =~ /\A(?:echoed|changed)\z/
                 && !_is_taken($c, $effect) && !$void)
        {
            my $state = $c->state($effect->[1]{name});

            $self->_seen($judgement, $shown, $id)
                if $state eq '' || $state eq 'cancelled' && $shown->{segments};

        } elsif ($effect->[0] eq 'cancelled' && !$shown->{segments}
                 && $effect->[1]{name} ne $name)
        {
            $self->_cancelled($judgement, $name, $id);
        }
    }

    $self->_learn_numbers($judgement, $answer, \%match, $was);

    # the write, to the trip and to what was taken for it

    my $rev = $self->_count($id);

    $self->_count($c->{id}) if $c->{id} ne $id;

    if ($judgement->{record} && $id ne '') {
        my $trip = $self->_trip($id);

        # who made a trip that was not there created it

        if ($trip->{owner} eq ''
            && ($op->{what} eq 'create' ? !$known && !$merged
                                        : $judgement->{adopts}))
        {
            $trip->{owner} = $op->{who};
        }

        if (grep { $_->[0] eq 'trip cancelled' } @{ $judgement->{list} }) {
            $trip->{state} = 'cancelled';

        } elsif ($op->{what} eq 'create'
                 || $op->{what} eq 'update'
                    && grep { $_->[0] eq 'trip fields' }
                       @{ $judgement->{list} })
        {
            $trip->{state} = 'active';

        } elsif ($op->{what} ne 'cancel'
                 && ($op->{what} ne 'book' || $answer->{ids}))
        {
            $trip->{state} //= 'active';
        }

        # What its supplier sees after it.  An answer without bookings may be
        # one of the trip's fields only, and that to a booking one of the
        # booking only.

        if ($op->{what} !~ /book/ && $answer->{root} eq 'Itinerary'
            && @{ $answer->{bookings} } && !$merged && !$strange && !$overtaken
            && ($c->{id} eq $id || $fresh))
        {
            # which writes there were before it is known to who has the lease

            $self->_show($op->{who}, $id, $c->{id} eq $id ? $rev : 1, $answer);
        }
    }

    $self->_count_touched($judgement, $c->{id}, $id);
    $self->_forget($c->{id}, $id);

    return $overreached ? 'overreached' : 'recorded';
}


# What a supplier learns by reading the details of a trip.

sub read {
    my ($self, $op, $answer) = @_;

    return if !$answer || !$answer->{ids};

    my $c = Itinerary::Model::Case->new($self, $op);
    my $judgement = { case => $c, list => [], verdict => 'allow',
                      record => 1 };
    my $was = $c->{trip}{bookings};
    my $rev = $c->{trip}{rev} // 0;

    my ($id, $fresh, $strange, $overtaken) = $self->_name($c, $answer);

    # what is shown may be of another trip than was asked for

    if ($strange) {
        delete $self->{views}{"$id|$op->{who}"};
        return;
    }

    my $trip = $self->_trip($id);
    my $listed = keys %{ $trip->{bookings} };

    for my $shown (@{ $answer->{bookings} }) {
        $self->_seen($judgement, $shown, $id)
            if !defined $was->{ $shown->{name} };
    }

    # who was not shown what is found now has not seen that it is gone

    if (keys %{ $trip->{bookings} } > $listed || $overtaken) {
        $self->_count($id);
        $rev++;
    }

    $self->_learn_numbers($judgement, $answer, {}, $was);
    $trip->{state} //= 'active';
    $self->_show($op->{who}, $id, $rev, $answer)
        if $c->{id} eq $id && !$overtaken;

    return;
}


# "The trip id comes from ItinLocator, TripId and id.  The first known of them
# names the trip; the others become aliases, but an id that is already a trip
# never does."  What suppliers have added by one of them, while nobody knew of
# which trip it is, comes along with it.

sub _name {
    my ($self, $c, $answer) = @_;

    my $is_trip = sub {
        my ($id) = @_;

        my $trip = $self->{trips}{$id};

        return $trip && defined $trip->{state};
    };

    my $asked = defined $c->{op}{trip} ? $c->{id} : '';
    my @ids = @{ $answer->{ids} // [] };
    my @known = grep { $is_trip->($_) || $self->{aliases}{$_} } @ids;

    # the trip that the client has named is that, where it is known

    # and a booking is not elsewhere, in a trip that is known

    my $elsewhere = $c->{op}{what} eq 'book' && @known
                    && !grep { ($self->{aliases}{$_} // $_) eq $asked } @ids;

    my ($id) = $asked ne '' && $is_trip->($asked) && !$elsewhere ? $asked
             : map { $is_trip->($_) ? $_ : $self->{aliases}{$_} } @known;

    my $fresh = !defined $id;
    my $strange = grep { ($is_trip->($_) ? $_ : $self->{aliases}{$_}) ne $id }
                  @known;

    # by whichever id it is asked for, the trip has one name

    $id //= $ids[0] // ($asked ne '' ? $asked : $c->{id});

    # a booking may have been found elsewhere, by its name

    $asked = '' if $c->{op}{what} =~ /book/;

    my $overtaken;

    if (!$strange || $c->{op}{what} ne 'read') {
        for my $other ($asked, @ids) {
            next if $other eq '' || $other eq $id || $is_trip->($other)
                    || $self->{aliases}{$other};

            $self->{aliases}{$other} = $id;

            my $written = $self->_carry($other, $id);

            # only who has the lease knows that the answer is newer

            $overtaken = 1 if $written && ($c->{op}{what} eq 'read'
                                           || $other ne $c->{id});
        }
    }

    return ($id, $fresh, $strange, $overtaken);
}


# Whether it was written to.

sub _carry {
    my ($self, $from, $to) = @_;

    my $old = $self->{trips}{$from} or return 0;
    my $trip = $self->_trip($to);
    my $written = $old->{rev} || %{ $old->{bookings} };

    while (my ($name, $owner) = each %{ $old->{bookings} }) {
        $trip->{bookings}{$name} //= $owner;

        my $booking = $self->{bookings}{$name};

        $booking->{trip} = $to if $booking && $booking->{trip} eq $from;
    }

    $old->{bookings} = {};

    return $written;
}


# "A booking of the answer is the posted one of the same name, else the posted
# one with the same locator where only one has it."

sub _matches {
    my ($judgement, $answer) = @_;

    my $alike = $judgement->{case}{op}{what} =~ /\Acancel/
                ? qr/\Acancelled\z/ : qr/\A(?:added|changed)\z/;

    my @effects = grep { $_->[1] } @{ $judgement->{list} };
    my %match;

    for my $shown (@{ $answer->{bookings} }) {
        my ($same) = grep { $_->[1]{name} eq $shown->{name} } @effects;

        # another's that is known by this name is not renamed

        my $owner = $judgement->{case}{trip}{bookings}{ $shown->{name} };

        if (!$same && (!defined $owner
                       || $judgement->{case}->is_mine($owner)))
        {
            my @alike = grep {
                $_->[0] =~ $alike
                && $_->[1]{name} =~ /\|\Q$shown->{locator}\E\z/
            } @effects;

            my @twins = grep { $_->{locator} eq $shown->{locator} }
                        @{ $answer->{bookings} };

            $same = $alike[0] if @alike == 1 && @twins == 1;
        }

        $match{ $shown->{name} } = $same if $same;
    }

    return %match;
}


# The booking on the trip's list that the answer shows, under that name or, as
# for what was posted, under another.

sub _listed {
    my ($was, $answer, $shown) = @_;

    return $shown->{name} if defined $was->{ $shown->{name} };

    my @alike = grep { /\|\Q$shown->{locator}\E\z/ } keys %$was;
    my @twins = grep { $_->{locator} eq $shown->{locator} }
                @{ $answer->{bookings} };

    return @alike == 1 && @twins == 1 ? $alike[0] : undef;
}


# "A create whose answer holds bookings that were not posted, or another
# TripName or other dates than were posted, was merged"

sub _is_merged {
    my ($op, $answer, $match) = @_;

    my $posted = $op->{posted};

    return 1 if grep { !$match->{ $_->{name} } } @{ $answer->{bookings} };
    return 1 if $posted->{trip_name} ne $answer->{trip_name};

    return scalar grep { $posted->{$_} ne '' && $posted->{$_} ne $answer->{$_} }
                  qw(start end);
}


# The effects have happened, but for what the answer shows otherwise.

sub _learn_effects {
    my ($self, $judgement, $answer, $match, $id, $void) = @_;

    my $c = $judgement->{case};
    # of two bookings of one name, the one that is there

    my %shown = map { $_->{name} => $_ }
                sort { !!$a->{segments} <=> !!$b->{segments} }
                @{ $answer->{bookings} };
    my %other;       # the name under which a booking is shown, if another

    for my $name (keys %$match) {
        my $own = $match->{$name}[1]{name};
        $other{$own} = $name if $own ne $name;
    }

    for my $effect (@{ $judgement->{list} }) {
        my ($what, $booking) = @$effect;

        next if !$booking;

        my $name = $booking->{name};
        my $shown = $shown{$name};

        if (_is_taken($c, $effect)) {
            my $other = $other{$name};
            my $record = defined $other ? $self->{bookings}{$other} : undef;

            # that name may be another booking's

            if ($record && $record->{owner} ne ''
                && !$c->is_mine($record->{owner}))
            {
                delete $match->{$other};
                undef $other;
            }

            $self->_own($judgement, $name, $id, defined $other);
            $self->_cancelled($judgement, $name, $id) if $void;

            if (defined $other) {
                $self->_own($judgement, $other, $id);
                $self->_cancelled($judgement, $other, $id) if $void;
            }

            next;
        }

        if ($void) {
            $self->_cancelled($judgement, $name, $id);

        } elsif ($what =~ /\A(?:removed|cancelled)\z/) {
            my $all = $c->{op}{what} ne 'cancel_booking'
                      || 1 == grep { $_->[1] } @{ $judgement->{list} };

            $self->_cancelled($judgement, $name, $id)
                if $shown ? !$shown->{segments} : $all;
        }
    }

    return;
}


# what was posted, and is or becomes the supplier's

sub _is_taken {
    my ($c, $effect) = @_;

    my ($what, $booking) = @$effect;

    return 1 if $what eq 'added';
    return 0 if $what ne 'changed';
    return $c->is_mine($booking->{record}{owner})
           || $c->{policy}{unknown_trip} eq 'adopt';
}


sub _own {
    my ($self, $judgement, $name, $id, $renamed) = @_;

    my $who = $judgement->{case}{op}{who};

    $self->{bookings}{$name} = {
        owner   => $who,
        state   => 'active',
        trip    => $id,
        request => $judgement->{case}{op}{request},
    };

    return if $id eq '';

    my $bookings = $self->_trip($id)->{bookings};

    if ($renamed) {
        delete $bookings->{$name} if ($bookings->{$name} // '') eq $who;

    } elsif (($bookings->{$name} // '') eq '') {
        $bookings->{$name} = $who;
    }

    return;
}


# A booking that the answer shows, and that was not on the trip's list.

sub _seen {
    my ($self, $judgement, $shown, $id) = @_;

    my $name = $shown->{name};
    my $record = $self->{bookings}{$name};
    my $request = $judgement->{case}{op}{request};

    return if !$judgement->{record} || $id eq '';

    my $was = $record ? $record->{state} : '';

    if (!$record) {
        $record = $self->{bookings}{$name}
                = { owner => '', state => 'seen', trip => $id,
                    request => $request };

    } elsif ($was eq 'cancelled' && $shown->{segments}) {
        $record->{state} = $record->{owner} eq '' ? 'seen' : 'active';
        $record->{trip} = $id;
        $record->{request} = $request;

    } elsif ($record->{trip} eq ''
             || $shown->{segments} && $was ne 'cancelled')
    {
        # now it is known where it is

        $record->{trip} = $id;
    }

    # what is cancelled is not in the trip

    $self->_trip($id)->{bookings}{$name} //= $record->{owner}
        if $shown->{segments} || $was =~ /\A(?:active|pending)\z/;

    return;
}


sub _cancelled {
    my ($self, $judgement, $name, $id) = @_;

    my $record = $self->{bookings}{$name};

    if ($record) {
        $record->{state} = 'cancelled';
        $record->{request} = $judgement->{case}{op}{request};
        delete $record->{cancelled};
    }

    if ($id ne '') {
        delete $self->_trip($id)->{bookings}{$name};
    }

    return;
}


# "learnt from the posted document and from the answer", of what is the
# supplier's or new

sub _learn_numbers {
    my ($self, $judgement, $answer, $match, $was) = @_;

    my $c = $judgement->{case};

    $self->_learn_posted_numbers($judgement);

    for my $shown (@{ $answer->{bookings} }) {
        my $effect = $match->{ $shown->{name} };
        my $owner = $was->{ $shown->{name} };
        my $taken = $effect && _is_taken($c, $effect);

        # suppliers that share a source may have each other's numbers

        next if $c->{policy}{booking_source} ne 'any'
                && ($effect ? !$taken : defined $owner && !$c->is_mine($owner));

        $self->_number($shown->{source}, $shown, $shown->{numbers});

        # what either document has stands for both names

        if ($taken) {
            $self->_number($effect->[1]{source}, $shown, $shown->{numbers});
            $self->_number($shown->{source}, $shown, $effect->[1]{numbers});
        }
    }

    return;
}


sub _learn_posted_numbers {
    my ($self, $judgement) = @_;

    for my $effect (@{ $judgement->{list} }) {
        my ($what, $booking) = @$effect;

        $self->_number($booking->{source}, $booking, $booking->{numbers})
            if $booking && _is_taken($judgement->{case}, $effect);
    }

    return;
}


sub _number {
    my ($self, $source, $booking, $numbers) = @_;

    for my $number (@$numbers) {
        $self->{numbers}{"$source|$number"}{ $booking->{locator} } = 1
            if $number ne $booking->{locator};
    }

    return;
}


sub _show {
    my ($self, $who, $id, $rev, $answer) = @_;

    # of two bookings of one name neither is what was shown

    my %n;

    $n{ $_->{name} }++ for @{ $answer->{bookings} };

    $self->{views}{"$id|$who"} = {
        trip     => $id,
        who      => $who,
        rev      => $rev,
        fields   => $answer->{fields},
        bookings => { map { $_->{name} => $n{ $_->{name} } > 1
                                          ? '-' : $_->{content} }
                      @{ $answer->{bookings} } },
    };

    return;
}


sub _trip {
    my ($self, $id) = @_;

    return $self->{trips}{$id} //= { owner => '', bookings => {} };
}


# A write to a trip, which may become known only later.  Returns their number.

sub _count {
    my ($self, $id) = @_;

    return $id ne '' ? ++$self->_trip($id)->{rev} : 0;
}


# "a write without trip id that changes a booking recorded in T" is one to T

sub _count_touched {
    my ($self, $judgement, @ids) = @_;

    my %counted = map { $_ => 1 } @ids;

    for my $effect (@{ $judgement->{list} }) {
        my ($what, $booking) = @$effect;

        next if $what eq 'echoed' || !$booking || !$booking->{record};

        my $id = $booking->{record}{trip};

        $self->_count($id) if $id ne '' && !$counted{$id}++;
    }

    return;
}


# a trip of which nothing is known

sub _forget {
    my ($self, @ids) = @_;

    for my $id (@ids) {
        my $trip = $self->{trips}{$id} or next;

        delete $self->{trips}{$id}
            if $trip->{owner} eq '' && !defined $trip->{state}
               && !defined $trip->{rev} && !%{ $trip->{bookings} };
    }

    return;
}


# The registry as lines that can be compared, but for views: a key, and its
# fields in order, "name=value".

sub lines {
    my ($self) = @_;

    my @lines;

    while (my ($id, $trip) = each %{ $self->{trips} }) {
        push @lines, _line('trip:' . percent($id),
            $trip->{owner} ne '' ? (owner => $trip->{owner}) : (),
            defined $trip->{state} ? (state   => $trip->{state},
                                      created => 'time') : (),
            defined $trip->{rev} ? (rev => $trip->{rev}) : (),
            map { ('booking:' . _pair($_) => $trip->{bookings}{$_}) }
                keys %{ $trip->{bookings} });
    }

    while (my ($name, $booking) = each %{ $self->{bookings} }) {
        push @lines, _line('booking:' . _pair($name), %$booking, at => 'time');
    }

    while (my ($source, $supplier) = each %{ $self->{sources} }) {
        push @lines, 'source:' . percent($source) . "\t$supplier";
    }

    while (my ($id, $trip) = each %{ $self->{aliases} }) {
        push @lines, 'alias:' . percent($id) . "\t$trip";
    }

    while (my ($number, $locators) = each %{ $self->{numbers} }) {
        push @lines, 'confirmation:' . _pair($number)
                     . "\t" . join ' ', sort keys %$locators;
    }

    return sort @lines;
}


sub _line {
    my ($key, %fields) = @_;

    return join "\t", $key, sort map { "$_=$fields{$_}" } keys %fields;
}


sub _pair {
    my ($name) = @_;

    return join '|', map { percent($_) } split /\|/, $name, 2;
}


# the views: key -> { rev, trip -> content, <source>|<locator> -> content }

sub views {
    my ($self) = @_;

    my %views;

    for my $view (values %{ $self->{views} }) {
        $views{ 'view:' . percent($view->{trip}) . '|'
                . percent($view->{who}) } //= $view;
    }

    return \%views;
}


sub field { return _pair($_[0]) }


package Itinerary::Model::Case;

# What an operation is about: the trip that it names, or that its booking is
# in, and what its supplier was last shown of that.

use strict;
use warnings;


sub new {
    my ($class, $model, $op) = @_;

    my $self = bless { model => $model, op => $op, policy => $op->{policy},
                       id => '' }, $class;

    if (defined $op->{trip}) {
        $self->{id} = $model->trip_id($op->{trip});

    } elsif ($op->{what} eq 'book') {
        my $record = $model->{bookings}{ $op->{posted}{bookings}[0]{name} };
        $self->{id} = $record->{trip} if $record;

    } elsif ($op->{what} eq 'cancel_booking') {
        my %trips = map { $_->{trip} => 1 } grep { $_->{trip} ne '' }
                    map { $model->{bookings}{$_} // () } $self->_named;

        ($self->{id}) = keys %trips if keys %trips == 1;
        $self->{vague} = keys %trips > 1;
    }

    my $trip = $model->{trips}{ $self->{id} };

    $self->{known} = $trip && defined $trip->{state};

    # as it is now, whatever becomes of it

    $self->{trip} = {
        owner    => $trip ? $trip->{owner} : '',
        rev      => $trip ? $trip->{rev} : undef,
        bookings => $trip ? { %{ $trip->{bookings} } } : {},
    };

    $self->{states} = { map { $_ => $model->{bookings}{$_}{state} }
                        keys %{ $model->{bookings} } };

    $self->{view} = $model->{views}{"$self->{id}|$op->{who}"}
        if $op->{what} eq 'update';

    return $self;
}


sub is_mine {
    my ($self, $owner) = @_;

    return defined $owner && $owner eq $self->{op}{who};
}


# "itinerary_unknown_trip decides about it"

sub is_nobodys {
    my ($self, $owner) = @_;

    return $owner eq '' && $self->{policy}{unknown_trip} ne 'deny';
}


# a booking that has no other supplier's record locator, under another source

sub is_free {
    my ($self, $name, $owner) = @_;

    my $bookings = $self->{trip}{bookings};
    my ($locator) = $name =~ /\|(.*)/;

    return $self->is_nobodys($owner)
           && !grep { $bookings->{$_} ne '' && !$self->is_mine($bookings->{$_})
                      && /\|\Q$locator\E\z/ } keys %$bookings;
}


sub state {
    my ($self, $name) = @_;

    return $self->{states}{$name} // '';
}


# "nobody else has written to the trip since"

sub is_fresh {
    my ($self) = @_;

    return $self->{view}
           && $self->{view}{rev} == ($self->{trip}{rev} // 0);
}


sub was_shown_fields {
    my ($self) = @_;

    return $self->{view}
           && $self->{view}{fields} eq $self->{op}{posted}{fields};
}


sub was_shown {
    my ($self, $booking) = @_;

    return $self->{view}
           && ($self->{view}{bookings}{ $booking->{name} } // '')
              eq $booking->{content};
}


sub is_echo_of_fields {
    my ($self) = @_;

    return $self->is_fresh && $self->was_shown_fields;
}


sub is_echo {
    my ($self, $booking) = @_;

    return $self->is_fresh && $self->was_shown($booking);
}


# The bookings that are in the trip, by its list: another's that the supplier
# was not shown are there no more.

sub listed {
    my ($self) = @_;

    my $bookings = $self->{trip}{bookings};

    return grep { !$self->is_gone($_) }
           map { { name => $_, owner => $bookings->{$_} } }
           sort keys %$bookings;
}


sub is_gone {
    my ($self, $booking) = @_;

    return $self->is_fresh && !$self->is_mine($booking->{owner})
           && !defined $self->{view}{bookings}{ $booking->{name} }
           && $self->state($booking->{name}) ne 'pending';
}


# the names of the bookings that a number may mean

sub _named {
    my ($self) = @_;

    my $op = $self->{op};
    my $numbers = $self->{model}{numbers}{"$op->{source}|$op->{number}"} // {};
    my %names = map { ("$op->{source}|$_" => 1) } $op->{number}, keys %$numbers;

    return sort keys %names;
}


# A cancel_booking needs the right to all bookings that its number may mean,
# and a number that means none, or too many, is as another's booking.

sub meant {
    my ($self) = @_;

    my $model = $self->{model};
    my $bound = $model->{sources}{ $self->{op}{source} };

    my @meant = map {
        my $record = $model->{bookings}{$_};

        $record ? { name => $_, owner => $record->{owner},
                    record => $record } : ();
    } $self->_named;

    my $unknown = !@meant
                  && ($self->{policy}{unknown_trip} eq 'deny'
                      || $self->{policy}{booking_source} ne 'any'
                         && defined $bound && !$self->is_mine($bound));

    $self->{refused} = $unknown || $self->{vague};

    return @meant;
}


1;
