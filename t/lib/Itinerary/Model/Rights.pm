package Itinerary::Model::Rights;

# Whether what has changed in the API's trips was for the supplier to change.
# It knows nothing of effects and verdicts: it compares the trips before and
# after a request, and asks of each difference who created what differs.

use strict;
use warnings;


# who created each trip, and each booking, by its name

sub new {
    my ($class) = @_;

    return bless { trips => {}, bookings => {}, adopted => {} }, $class;
}


sub is_of {
    my ($self, $kind, $name, $who) = @_;

    return ($self->{$kind}{$name} // $who) eq $who
           || $self->{adopted}{"$name of $who"};
}


# What was not there before, in no trip, is created by who has just asked.

sub created {
    my ($self, $who, $before, $now) = @_;

    for my $trip (keys %$now) {
        $self->{trips}{$trip} //= $who;

        for my $booking (@{ $now->{$trip}{bookings} }) {
            $self->{bookings}{ $booking->{name} } //= $who;
        }
    }

    return;
}


# What comes to the API in another way than through the gateway: that it has
# made a trip's dates wider is not known, and an echo may undo it.  Nor are its
# bookings, until an answer has shown them: they are nobody's, and whose post is
# the first of that name has them.

sub passed_by {
    my ($self, $before, $now) = @_;

    for my $trip (keys %$before) {
        next if !$now->{$trip};

        my ($was, $is) = ($before->{$trip}{field}, $now->{$trip}{field});

        $self->{passed_by}{$trip} = 1
            if grep { ($was->{$_} // '') ne ($is->{$_} // '') }
               qw(StartDateLocal EndDateLocal);
    }

    return $self->created('Legacy', $before, $now);
}


# Where the operator lets suppliers adopt what nobody has created on record,
# it is theirs, too.

sub adopted {
    my ($self, $model, $request) = @_;

    my $who = $request->{who};
    my $adopts = $request->{policy}{unknown_trip} eq 'adopt';

    for my $trip ($adopts ? keys %{ $self->{trips} } : ()) {
        my $record = $model->{trips}{ $model->trip_id($trip) } or next;
        $self->{adopted}{"$trip of $who"} = 1 if $record->{owner} eq $who;
    }

    for my $name (keys %{ $self->{bookings} }) {
        my $record = $model->{bookings}{$name} or next;
        $self->{adopted}{"$name of $who"} = 1
            if ($adopts || $self->_has_passed_by($name))
               && $record->{owner} eq $who;
    }

    return;
}


sub _has_passed_by {
    my ($self, $name) = @_;

    return $self->{bookings}{$name} eq 'Legacy';
}


# A create whose answer looks like that of a new trip, although an old one of
# which nothing was known has the same name and dates, makes its supplier the
# creator: the design knows no better.  Returns how many there were.

sub mistaken {
    my ($self, $model, $request) = @_;

    my $n = 0;

    for my $trip ($request->{what} eq 'create' ? keys %{ $self->{trips} } : ())
    {
        my $record = $model->{trips}{ $model->trip_id($trip) } or next;

        next if $record->{owner} ne $request->{who}
                || $self->is_of('trips', $trip, $request->{who});

        $self->{adopted}{"$trip of $request->{who}"} = 1;
        $n++;
    }

    return $n;
}


# What is to be known of a request before it is made: whose it is, whether it
# names a trip, whether it may cancel all of a trip that is its supplier's, and
# what nobody has on record, where such is let through.

sub before {
    my ($self, $model, $request) = @_;

    my (%nobodys, %listed);

    for my $name (keys %{ $self->{bookings} }) {
        $nobodys{$name} = 1
            if !$model->{bookings}{$name} && $self->_has_passed_by($name);
    }

    # an id that was never shown is of a trip that nobody has on record

    my $named = $model->trip_id($request->{trip} // '');

    if ($request->{policy}{unknown_trip} ne 'deny') {
        for my $trip (keys %{ $self->{trips} }) {
            my $record = $model->{trips}{ $model->trip_id($trip) };

            $nobodys{$trip} = 1 if !$record || $record->{owner} eq '';
            $listed{$trip} = $record && $named eq $model->trip_id($trip)
                             ? { %{ $record->{bookings} } } : {}
                if $nobodys{$trip};
        }

        for my $name (keys %{ $self->{bookings} }) {
            my $record = $model->{bookings}{$name};

            $nobodys{$name} = 1 if !$record || $record->{owner} eq '';
        }
    }

    my %homeless = map { $_ => 1 }
                   grep { $model->{bookings}{$_}{trip} eq '' }
                   keys %{ $model->{bookings} };

    return { request => $request, nobodys => \%nobodys,
             listed => \%listed, homeless => \%homeless };
}


sub doubted {
    my ($self, $request) = @_;

    $self->{doubt} = 1 if $request->{what} eq 'create';

    return;
}


# Returns what was touched without a right.

sub violated {
    my ($self, $c, $before, $now, $outcome) = @_;

    my $who = $c->{request}{who};
    my $what = $c->{request}{what};
    my (@violations, %n);

    $n{ $_->{name} }++ for map { @{ $_->{bookings} } } values %$before;

    for my $trip (sort keys %$before) {
        my ($was, $is) = ($before->{$trip}, $now->{$trip});

        if (!$is) {
            push @violations, "$trip is gone";
            next;
        }

        next if $was->{raw} eq $is->{raw};

        my $own = $self->is_of('trips', $trip, $who) || $c->{nobodys}{$trip};

        push @violations, map { "$_ of $trip" }
                          _fields($was, $is,
                                  $self->{doubt} || $self->{passed_by}{$trip}
                                  ? 'doubt' : $what)
            if !$own;

        # the whole trip goes with its creator's cancel, as documented, what
        # the gateway complained of was noticed, and what was cancelled
        # before may be cancelled again; an API that cancels too much is not
        # noticed by what it has booked without saying where

        my $all = $own && $c->{request}{policy}{cancel_foreign}
                  || $outcome eq 'overreached';

        my $void = $was->{trip_status} =~ /\A[+0]*2\z/;
        my %was = map { $_->{name} => $_ } @{ $was->{bookings} };
        my %is = map { $_->{name} => $_ } @{ $is->{bookings} };

        for my $name (sort keys %{ { %was, %is } }) {
            my ($old, $new) = ($was{$name}, $is{$name});

            next if $old && $new && _is_same($old, $new);
            next if _is_renamed($old ? ($old, \%was, \%is)
                                     : ($new, \%is, \%was));

            # what nobody has on record may be cancelled by a number of it that
            # no answer has shown: then an echo may bring it back

            $self->{unnoticed}{$name} = 1
                if $what eq 'cancel_booking' && $c->{nobodys}{$name};

            next if $self->is_of('bookings', $name, $who)
                    || $c->{nobodys}{$name}
                    || $self->{unnoticed}{$name} && $old && !$old->{segments};
            next if $what eq 'cancel' && $old && $new && !$new->{segments}
                    && ($all || $void || !$old->{segments}
                        || $c->{homeless}{$name});

            # which of a booking's copies the API means it alone knows

            next if ($n{$name} // 0) > 1;

            # what was cancelled before may be left out, and anything of a trip
            # that its creator has cancelled by its status, and where
            # the operator says that the API does not replace a trip, or lets
            # suppliers replace trips of which it is not known what they hold,
            # or where the API has not said which trip it booked in

            next if $old && !$new
                    && (!$old->{segments}
                        || $void
                        || !$c->{request}{policy}{replace}
                        || $c->{nobodys}{$trip}
                           && !exists $c->{listed}{$trip}{$name}
                        || $c->{homeless}{$name});

            push @violations, "$name in $trip, which $self->{bookings}{$name} "
                              . 'created, ' . (!$old   ? 'is new'
                                 : !$new ? "is gone: $old->{content}"
                                 :         "has changed from\n"
                                           . "    $old->{content} to\n"
                                           . "    $new->{content}");
        }
    }

    return @violations;
}


# What names are written with does not matter.

sub _is_same {
    my ($old, $new) = @_;

    return _trimmed($old) eq _trimmed($new);
}


# An API that renames sources may keep a booking that is sent back by the name
# that it was shown by.

sub _is_renamed {
    my ($booking, $here, $there) = @_;

    my $content = _sourceless($booking);

    return !$there->{ $booking->{name} }
           && grep { !$here->{ $_->{name} } && _sourceless($_) eq $content }
              values %$there;
}


sub _sourceless {
    my ($booking) = @_;

    return _trimmed($booking) =~ s{<BookingSource>.*?</>}{}r;
}


sub _trimmed {
    my ($booking) = @_;

    my $content = $booking->{content};

    $content =~ s{(<(?:BookingSource|RecordLocator)>)\s*(.*?)\s*(</>)}
                 {$1$2$3}g;

    return $content;
}


# The fields that differ, but for those that the API sets itself, and dates
# that a post without a trip id has made wider.  Where it is in doubt what such
# a post has done, an echo may undo that.

sub _fields {
    my ($was, $is, $widens) = @_;

    my @differ;

    for my $name (sort keys %{ { %{ $was->{field} }, %{ $is->{field} } } }) {
        my ($old, $new) = map { $_->{field}{$name} // '' } $was, $is;

        next if $old eq $new || $name eq 'DateModifiedUtc';
        next if $widens eq 'create' && $name =~ /\A(?:Start|End)DateLocal\z/
                && $old !~ /\d/;
        next if $widens eq 'create' && $name eq 'StartDateLocal'
                && $new lt $old;
        next if $widens eq 'create' && $name eq 'EndDateLocal' && $new gt $old;
        next if $widens eq 'doubt' && $name =~ /\A(?:Start|End)DateLocal\z/;

        push @differ, $name;
    }

    return @differ;
}


1;
