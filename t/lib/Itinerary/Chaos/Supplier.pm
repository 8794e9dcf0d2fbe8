package Itinerary::Chaos::Supplier;

# A supplier as its clients know it: what it was shown of the trips that it
# shares with others, and what it posts next.  Mostly that is honest: updates
# of what it was last shown, with some change of its own.  Some of it is stale,
# and some is an attack.

use strict;
use warnings;

use Itinerary::Chaos::Document;

my @WHAT = (
    create         => 10,
    update         => 36,
    book           => 12,
    cancel_booking => 5,
    cancel         => 3,
    read           => 22,
    attack         => 12,
);

my @ATTACK = (
    rename      => 2,       # another's trip
    change      => 3,       # another's booking, in an update
    leave_out   => 2,
    cancel      => 1,
    unbook      => 2,
    rebook      => 2,
    take        => 2,       # another's booking into a new trip
    source      => 1,       # a booking under another's source
);

my $POOL = 30;      # trips that all write to
my $MANY = 10;      # bookings in one of them

my $TRIP = '/api/travel/trip/v1.1';
my $BOOKING = '/api/travel/booking/v1.1';


# name; pool => the ids of trips that all suppliers know of

sub new {
    my ($class, %opt) = @_;

    return bless {
        %opt,
        shown   => {},      # trip -> as it was shown last, and before
        created => {},      # trips
        again   => [],      # requests that came to nobody knows what
        said    => 0,
    }, $class;
}


sub name { return $_[0]{name} }


# A request: who, what, attack (its name, or ''), method, target, body; trip,
# that it names; own, the names of the bookings that it posts as its own.

sub request {
    my ($self) = @_;

    return shift @{ $self->{again} } if @{ $self->{again} } && _chance(60);

    # who has just read a trip mostly does something with it

    my $fresh = delete $self->{fresh};
    my $what = _one_of(@WHAT);
    my $request = defined $fresh && _chance(80) ? $self->_update($fresh)
                : $what eq 'attack'             ? $self->_attack : undef;

    if (!$request) {
        my $make = $what eq 'attack' ? '_read' : "_$what";

        $request = $self->$make // $self->_read // $self->_create;
    }

    my $names = qr/\A\U$self->{name} /;

    return {
        who    => $self->{name},
        attack => '',
        body   => undef,
        %$request,
        method => $request->{what} eq 'read' ? 'GET' : 'POST',
        own    => [grep { $request->{attack} || /$names/ }
                   @{ $request->{names} // [] }],
    };
}


sub _chance { return rand(100) < $_[0] }
sub _one    { return $_[int rand @_] }


sub _one_of {
    my (@choices) = @_;

    my @all;

    while (my ($choice, $weight) = splice @choices, 0, 2) {
        push @all, ($choice) x $weight;
    }

    return _one(@all);
}


# what is said of a booking, or of a trip, is never said again

sub _said {
    my ($self) = @_;

    return "$self->{name} " . ++$self->{said};
}


sub _booking {
    my ($self, $name) = @_;

    my ($source, $locator) = split /\|/, $name;

    my $said = $self->_said . (_chance(3) ? ' and more' x int rand 600 : '');

    return Itinerary::Chaos::Document::booking($source, $locator, $said);
}


sub _new_name {
    my ($self) = @_;

    return uc($self->{name}) . _one(' AIR|', ' CARS|') . 'L'
           . ++$self->{locators};
}


sub _is_own {
    my ($self, $name) = @_;

    return $name =~ /\A\U$self->{name} /;
}


# A trip of the pool that was shown, as it was shown; rarely as it was before
# that.

sub _shown {
    my ($self, $sign) = @_;

    my @trips = grep { $self->{shown}{$_} } @{ $self->{pool} };

    @trips = grep { $sign->($self->{shown}{$_}[0]) } @trips if $sign;

    return if !@trips;

    my ($now, $before) = @{ $self->{shown}{ _one(@trips) } };
    my $trip = $before && _chance(7) ? $before : $now;

    return { %$trip, order    => [@{ $trip->{order} }],
                     bookings => { %{ $trip->{bookings} } } };
}


sub _names {
    my ($self, $trip, $own) = @_;

    return grep { !$self->_is_own($_) == !$own } @{ $trip->{order} };
}


# The honest ones.

sub _create {
    my ($self) = @_;

    my @names = map { $self->_new_name } 1 .. _one(1, 1, 2);

    return $self->_itinerary(create => {
        fields   => Itinerary::Chaos::Document::fields($self->_said),
        order    => \@names,
        bookings => { map { $_ => $self->_booking($_) } @names },
    });
}


sub _itinerary {
    my ($self, $what, $trip, %more) = @_;

    return {
        what   => $what,
        target => $what eq 'create' ? $TRIP : "$TRIP?tripId=$trip->{id}",
        body   => Itinerary::Chaos::Document::text($trip),
        trip   => $trip->{id},
        names  => $trip->{order},
        %more,
    };
}


sub _update {
    my ($self, $id) = @_;

    my $trip = $self->_shown(defined $id ? sub { $_[0]{id} eq $id } : ())
               // return;

    my @own = $self->_names($trip, 1);
    my $bookings = $trip->{bookings};

    if (@own && _chance(60)) {
        my $name = _one(@own);
        $bookings->{$name} = $self->_booking($name);
    }

    if (@own && _chance(@{ $trip->{order} } > $MANY ? 80 : 15)) {
        my $name = _one(@own);
        _leave_out($trip, $name);
    }

    if (_chance(@{ $trip->{order} } > $MANY ? 5 : 40)) {
        my $name = $self->_new_name;
        push @{ $trip->{order} }, $name;
        $bookings->{$name} = $self->_booking($name);
    }

    $trip->{fields} = Itinerary::Chaos::Document::fields($self->_said)
        if $self->{created}{ $trip->{id} } && _chance(20);

    return $self->_itinerary(update => $trip);
}


sub _leave_out {
    my ($trip, $name) = @_;

    @{ $trip->{order} } = grep { $_ ne $name } @{ $trip->{order} };
    delete $trip->{bookings}{$name};

    return;
}


sub _book {
    my ($self, $name, %more) = @_;

    my $trip = $self->_shown;

    if (!defined $name) {
        my @own = $trip ? $self->_names($trip, 1) : ();

        $name = @own && _chance(50) ? _one(@own) : $self->_new_name;
    }

    # without the trip that it goes to: where it was, or into one of its own

    my $named = $trip && _chance($trip->{bookings}{$name} ? 60 : 95);

    return {
        what   => 'book',
        target => $BOOKING . ($named ? "?tripId=$trip->{id}" : ''),
        body   => Itinerary::Chaos::Document::root($self->_booking($name)),
        trip   => $named ? $trip->{id} : undef,
        names  => [$name],
        %more,
    };
}


sub _cancel_booking {
    my ($self, $name, %more) = @_;

    if (!defined $name) {
        my $trip = $self->_shown(sub { $self->_names($_[0], 1) }) // return;

        $name = _one($self->_names($trip, 1)) // return;
    }

    my ($source, $locator) = split /\|/, $name;

    $source =~ s/ /%20/g;

    return {
        what   => 'cancel_booking',
        target => "$BOOKING/cancel?bookingSource=$source"
                  . "&confirmationNumber=$locator",
        %more,
    };
}


sub _cancel {
    my ($self, $trip, %more) = @_;

    $trip //= $self->_shown(sub { $self->{created}{ $_[0]{id} }
                                  || $self->_names($_[0], 1) })
           // return;

    return {
        what   => 'cancel',
        target => "$TRIP/cancel?tripId=$trip->{id}",
        trip   => $trip->{id},
        %more,
    };
}


sub _read {
    my ($self) = @_;

    my $id = _one(@{ $self->{pool} }) // return;

    return {
        what   => 'read',
        target => _chance(50) ? "$TRIP/$id" : "$TRIP?tripId=$id",
        trip   => $id,
    };
}


# What it has no right to.

sub _attack {
    my ($self) = @_;

    my $attack = _one_of(@ATTACK);
    my $trip = $self->_shown(sub { $self->_names($_[0], 0) }) // return;
    my $name = _one($self->_names($trip, 0)) // return;
    my @attack = (attack => $attack);

    return $self->_cancel_booking($name, @attack) if $attack eq 'unbook';
    return $self->_book($name, @attack) if $attack eq 'rebook';

    if ($attack eq 'rename' || $attack eq 'cancel') {
        $trip = $self->_shown(sub { !$self->{created}{ $_[0]{id} } })
             // return;
    }

    return $self->_cancel($trip, @attack) if $attack eq 'cancel';

    if ($attack eq 'take' || $attack eq 'source') {
        $name =~ s/\|.*/'|NEW' . ++$self->{locators}/e
            if $attack eq 'source';

        return $self->_itinerary(create => {
            fields   => Itinerary::Chaos::Document::fields($self->_said),
            order    => [$name],
            bookings => { $name => $self->_booking($name) },
        }, @attack);
    }

    if ($attack eq 'rename') {
        $trip->{fields}
            = Itinerary::Chaos::Document::fields($self->_said);

    } elsif ($attack eq 'change') {
        $trip->{bookings}{$name} = $self->_booking($name);

    } else {
        _leave_out($trip, $name);
    }

    return $self->_itinerary(update => $trip, @attack);
}


# What an answer shows; shown is undef where there is none that can be read.

sub learnt {
    my ($self, $request, $shown) = @_;

    if (!$shown || !defined $shown->{id}) {
        push @{ $self->{again} }, $request
            if $request->{what} ne 'read' && !$request->{attack}
               && @{ $self->{again} } < 20 && _chance(40);
        return;
    }

    my $id = $shown->{id};
    my $pool = $self->{pool};

    $self->{created}{$id} = 1 if $request->{what} eq 'create';

    if ($request->{what} eq 'create' || _chance(2)) {
        push @$pool, $id if !grep { $_ eq $id } @$pool;
    }

    shift @$pool if @$pool > $POOL;

    # what is cancelled is soon forgotten

    if ($request->{what} eq 'cancel' && _chance(50)) {
        @$pool = grep { $_ ne $id } @$pool;
    }

    return if $request->{what} =~ /book/ && _chance(80);

    $self->{fresh} = $id if $request->{what} eq 'read';
    $self->{shown}{$id} = [$shown, $self->{shown}{$id}
                                   ? $self->{shown}{$id}[0] : ()];

    return;
}


1;
