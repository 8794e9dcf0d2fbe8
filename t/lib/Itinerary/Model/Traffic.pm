package Itinerary::Model::Traffic;

# Random requests of several suppliers, as the same seed makes them again.

use strict;
use warnings;

use POSIX qw(strftime);

use Itinerary::Model::Document qw(copy child text element serialize percent);

our @SUPPLIERS = qw(Alpha Beta Gamma Delta);
our $DAY = 1924992000;      # 2031-01-01

# The policies, by a letter each, as locations are named.

our @POLICY = (
    [unknown_trip   => { d => 'deny', a => 'adopt', l => 'allow' }],
    [booking_source => { c => 'claim', r => 'registered', a => 'any' }],
    [replace        => { r => 'on', k => 'off' }],
    [cancel_foreign => { f => 'on', o => 'off' }],
);

# How the API answers, by a name for each, with parameters of the sandbox.  A
# number is a status that is answered without carrying anything out.

our %FORM = (
    plain     => '',
    opaque    => 'id=opaque',
    bare      => 'xmlns=none bookings=direct',
    zipped    => 'xmlns=https id=opaque gzip=on',
    amounts   => 'amounts=all',
    booking   => 'booking=booking',
    segment   => 'booking=segment',
    renamed   => 'sources=renamed',
    greedy    => 'cancel=all',
    truncated => 'answer=truncated',
    message   => 'answer=message',
    empty     => 'answer=empty',
    refusing  => 403,
    failing   => 500,
    silent    => 444,

    'renamed-truncated' => 'sources=renamed answer=truncated',
    'renamed-message'   => 'sources=renamed answer=message',
    'renamed-empty'     => 'sources=renamed answer=empty',
);

my @USUAL = qw(plain opaque bare zipped amounts booking segment);
my @RARE = qw(greedy truncated message empty refusing refusing failing failing
              silent);

# whoever renames sources knows them by these names

my @RENAMED = qw(renamed-truncated renamed-message renamed-empty refusing
                 failing silent);


# The first seed of a test: the same, so that a failure is one of what was
# changed, or what ITINERARY_SEED says: a number, or "random".

sub seed {
    my $seed = $ENV{ITINERARY_SEED} // 1;

    return $seed eq 'random' ? int rand 2 ** 31 : $seed;
}


# Every n-th stretch of a walk may be under other policies, and in front of an
# API that answers in another form.

#
# steady => 1: the API always answers in full, nobody may touch what nobody has
# on record, and no two trips have the same name.

sub new {
    my ($class, $seed, %opt) = @_;

    srand $seed;

    return bless { seed => $seed, stretch => 0, requests => 0, %opt }, $class;
}


sub stretch {
    my ($self) = @_;

    $self->{stretch}++;
    $self->{traveler} = "traveler$self->{seed}.$self->{stretch}";
    $self->{policy} = _policy();
    $self->{form} = _chance(15) ? 'renamed' : _one(@USUAL);

    # Where the API gives two suppliers' bookings the same name, or what nobody
    # has on record may be somebody's, there is no saying whose is whose: that
    # is a risk, and nothing to find fault with.

    $self->{form} = 'plain' if $self->{steady};
    $self->{apart} = $self->{form} eq 'renamed' && _chance(70);
    $self->{risky} = $self->{form} eq 'renamed' && !$self->{apart};
    $self->{deny} = $self->{apart} || $self->{steady};
    $self->{policy} =~ s/^./d/ if $self->{deny};
    $self->{trips} = [];
    $self->{legacy} = [];
    $self->{opaque} = {};
    $self->{shown} = {};
    $self->{next} = undef;
    $self->{last} = undef;

    # the sources of a few are registered

    my $chance = $self->{policy} =~ /\A.r/ ? 80 : 30;

    $self->{registered} = {
        map { my $who = $_;
              map { (uc "$who $_" => $who) } grep { _chance($chance) }
              qw(Air Cars) } @SUPPLIERS
    };

    return $self;
}


sub _chance { return rand(100) < $_[0] }
sub _one    { return $_[int rand @_] }


sub _policy {
    my $policy = '';

    for my $i (0 .. $#POLICY) {
        $policy .= _chance(50) ? substr('dcrf', $i, 1)
                               : _one(sort keys %{ $POLICY[$i][1] });
    }

    return $policy;
}


sub policies {
    my @policies = ('');

    for my $policy (@POLICY) {
        @policies = map { my $p = $_; map { "$p$_" }
                          sort keys %{ $policy->[1] } } @policies;
    }

    return @policies;
}


# what a policy's letters mean, as directives have it

sub directives {
    my ($letters) = @_;

    my %policy;

    for my $i (0 .. $#POLICY) {
        my ($name, $values) = @{ $POLICY[$i] };
        $policy{$name} = $values->{ substr $letters, $i, 1 };
    }

    return %policy;
}


# The next request: who, what, and what the model is told of it; method,
# target, body; text, to be read by people.

my @WEIGHTS = (
    create         => 14,
    update         => 40,
    cancel         => 6,
    book           => 12,
    cancel_booking => 8,
    read           => 20,
);


sub request {
    my ($self) = @_;

    my $what = $self->_what;

    # who has just read a trip mostly does something with it, and who does
    # not know what became of a request tries again, if no other comes first

    my $doubt = $self->{last} && _is_in_doubt($self->{last}{form});

    if ($doubt && _chance(45)) {
        $self->{who} = $self->{last}{who};
        $self->{trip} = $self->{last}{on};
        $what = $self->{last}{what};

    } elsif ($doubt && defined $self->{last}{on} && _chance(60)) {
        $self->{who} = _one(grep { $_ ne $self->{last}{who} } @SUPPLIERS);
        $self->{trip} = $self->{last}{on};
        $what = 'read';

    } elsif ($self->{next} && _chance(70)) {
        $self->{who} = $self->{next}{who};
        $self->{trip} = $self->{next}{trip};
        $what = $self->{next}{what}
                // (_chance(90) ? 'update' : 'cancel');

    } else {
        $self->{who} = _one(@SUPPLIERS);
        $self->{trip} = @{ $self->{trips} } ? _one(@{ $self->{trips} })
                                            : undef;
    }

    undef $self->{next};

    $what = 'create' if !defined $self->{trip};

    # few write to what they have not seen, or to others' trips

    if ($what =~ /\A(?:update|cancel)\z/ && !$self->_shown && _chance(85)) {
        my @seen = sort keys %{ $self->{shown}{ $self->{who} } };

        if (@seen && _chance(50)) {
            $self->{trip} = _one(@seen);

        } else {
            $what = 'read';
        }
    }

    my $letters = _chance(85) ? $self->{policy} : _policy();
    $letters =~ s/^./d/ if $self->{deny};

    my %policy = directives($letters);

    $policy{$_} = $policy{$_} eq 'on' for qw(replace cancel_foreign);

    my $form = $self->{form};

    if ($self->{steady}) {
        $form = 'plain';

    } elsif ($form eq 'renamed') {
        $form = _one(@RENAMED) if _chance(4);

    } elsif ($what eq 'cancel' && _chance(15)) {
        $form = 'greedy';

    } elsif (_chance(20)) {
        $form = _chance(20) ? _one(@RARE) : _one(@USUAL);
    }

    $form = $self->{form} if $what eq 'read' && $FORM{$form} =~ /\A\d+\z|ans/;

    my $request = {
        what   => $what,
        who    => $self->{who},
        policy => \%policy,
        under  => $letters,
        form   => $form,
        on     => $self->{trip},
        path   => "/$letters/$form/api/travel",
    };

    # what came to nothing is tried again

    my $last = $self->{last};

    if ($last && $last->{what} eq $what && $last->{who} eq $request->{who}
        && $what ne 'read' && _is_in_doubt($last->{form}))
    {
        $request->{$_} = $last->{$_}
            for grep { !exists $request->{$_} } keys %$last;

        $request->{args} = [grep { !/\Auserid/ } @{ $last->{args} // [] }];
        $request->{text} =~ s/(?: again)?\z/ again/;

    } else {
        my $make = "_$what";
        $self->$make($request);
    }

    $self->{last} = $request;
    $self->_finish($request);

    return $request;
}


sub _is_in_doubt { return $FORM{ $_[0] } =~ /\A(?:500|444)\z|answer=/ }


sub _what {
    my ($self) = @_;

    my $n = rand 100;
    my @weights = @WEIGHTS;

    while (my ($what, $weight) = splice @weights, 0, 2) {
        return $what if ($n -= $weight) < 0;
    }

    return 'update';
}


sub _finish {
    my ($self, $request) = @_;

    my $args = join '&', @{ $request->{args} // [] },
                    'userid_type=login', "userid_value=$self->{traveler}";

    $request->{method} = $request->{what} eq 'read' ? 'GET' : 'POST';
    $request->{target} = "$request->{path}$request->{resource}?$args";

    if ($request->{tree}) {
        my %style = (
            prefix   => _chance(20) ? 't' : '',
            xmlns    => _one($Itinerary::Model::Document::HTTP,
                             $Itinerary::Model::Document::HTTP,
                             $Itinerary::Model::Document::HTTP =~ s/p/ps/r,
                             ''),
            indent   => _one('', '', '  ', "\t"),
            cdata    => _chance(20),
            comments => _chance(10),
            nil      => _one('true', '1'),
        );

        $request->{body} = serialize($request->{tree}, %style);
        $request->{posted}
            = Itinerary::Model::Document->read($request->{tree});
    }

    return;
}


# an id of the trip, as it is in the request

sub _id {
    my ($self, $trip) = @_;

    my $opaque = $self->{opaque}{$trip};

    return defined $opaque && _chance(40) ? $opaque : $trip;
}


sub _create {
    my ($self, $request) = @_;

    my $who = $self->{who};
    my $day = _chance(10) ? _one(@{ $self->{legacy} }) : int rand 60;
    my $last = $day + int rand 4;
    my $name = "Trip of $who " . ++$self->{requests};
    my $why = '';

    my ($start, $end) = (_date($day, 7), _date($last, 23));

    # the same as another's trip, or again

    my $shown = $self->_shown;

    if ($shown && !$self->{steady} && _chance(20)) {
        ($name, $start, $end) = map { text($shown, $_) }
                                qw(TripName StartDateLocal EndDateLocal);
        ($day) = $start =~ /(\d\d)T/;
        $why = " like $self->{trip}";
    }

    my @bookings = map { $self->_new_booking($who, $day // 0) }
                   1 .. _one(0, 1, 1, 1, 2, 2, 3);

    if (_chance(15)) {
        push @bookings, $self->_old_booking // ();
    }

    @bookings = _unique(@bookings);

    $request->{tree} = _itinerary($name, $start, $end, @bookings);
    $request->{resource} = '/trip/v1.1';
    $request->{text} = "creates \"$name\" from $start to $end$why with "
                       . _names(@bookings);

    if (_chance(2)) {
        unshift @{ $request->{tree}{children} },
                element(ItinLocator => $self->{trip} // 'CNQR1');
        $request->{text} .= ', with an id';
    }

    return;
}


sub _itinerary {
    my ($name, $start, $end, @bookings) = @_;

    return element(Itinerary => [
        element(TripName => $name),
        element(TripStatus => _one('HK', 'HK', '0', '1')),
        _chance(50) ? element(Comments => _one('', 'A comment & more')) : (),
        _chance(10) ? { %{ element('Description') }, nil => 1 } : (),
        element(StartDateLocal => $start),
        element(EndDateLocal => $end),
        @bookings || _chance(50) ? element(Bookings => \@bookings) : (),
    ]);
}


sub _date {
    my ($day, $hour) = @_;

    return strftime('%Y-%m-%dT%H:%M:%S',
                    gmtime($DAY + $day * 86400 + $hour * 3600));
}


# Mostly under a source of one's own, and a name that nobody has.

sub _new_booking {
    my ($self, $who, $day) = @_;

    my $source = _chance(80) ? $who : _one(@SUPPLIERS, 'Shared');

    $source .= _one(' Air', ' Cars') if $source ne 'Shared';
    $source = uc $source if _chance(10);

    my $locator = _one(1 .. 25);

    # apart: one that no other source has, whoever posts under it

    $locator = ($self->{apart} ? substr($who, 0, 1) . substr $source, -1 : 'L')
               . $locator;

    $locator = lc $locator if _chance(10);

    return $self->_booking($source, $locator, $day);
}


sub _booking {
    my ($self, $source, $locator, $day) = @_;

    my @segments = map { $self->_segment($day) } 1 .. _one(1, 1, 2);
    my @passenger = (element(NameFirst => 'Chris'),
                     _chance(2) ? () : element(NameLast => 'Miller'));

    my @parts = (
        _chance(95) ? element(Segments => \@segments) : (),
        _chance(60) ? element(Passengers => [element(Passenger =>
                                                     \@passenger)]) : (),
        element(RecordLocator => $locator),
        element(BookingSource => _chance(5) && $self->{form} ne 'renamed'
                                 ? " $source " : $source),
    );

    push @parts, element(DateBookedLocal => _date(0, 12)) if _chance(50);
    @parts = reverse @parts if _chance(20);

    return element(Booking => \@parts);
}


sub _segment {
    my ($self, $day) = @_;

    my $number = _one('', '', '', 'N' . _one(1 .. 12), 'L' . _one(1 .. 25));

    return element(_one(qw(Car Hotel Air Rail)) => [
        element(StartDateLocal => _date($day, 12)),
        element(EndDateLocal => _date($day + int rand 2, 20)),
        element(Vendor => _one('A & B', 'C <D>', 'Ee', 'F') . int rand 100),
        length $number ? element(ConfirmationNumber => $number) : (),
        _chance(30) ? element(DailyRate => int rand 1000) : (),
    ]);
}


# a booking that some supplier was shown

sub _old_booking {
    my ($self) = @_;

    my @bookings = map { _bookings($_) }
                   map { my $who = $_;
                         map { $self->{shown}{$who}{$_} }
                         sort keys %{ $self->{shown}{$who} } }
                   sort keys %{ $self->{shown} };

    return @bookings ? copy(_one(@bookings)) : undef;
}


sub _bookings {
    my ($tree) = @_;

    my $bookings = child($tree, 'Bookings');

    return grep { $_->{name} eq 'Booking' }
           ($bookings ? @{ $bookings->{children} } : ()),
           @{ $tree->{children} };
}


sub _unique {
    my (@bookings) = @_;

    my %seen;

    return grep { !$seen{ _name($_) }++ } @bookings;
}


sub _name {
    my ($booking) = @_;

    return uc text($booking, 'BookingSource')
           . '|' . uc text($booking, 'RecordLocator');
}


sub _names {
    my (@bookings) = @_;

    return @bookings ? join ', ', map { _name($_) } @bookings : 'no bookings';
}


# what this supplier was last shown of this trip

sub _shown {
    my ($self) = @_;

    my $trip = $self->{trip} // return;

    return $self->{shown}{ $self->{who} }{$trip};
}


# An update is made of what was shown, where anything was, with some changes.

my @CHANGES = (
    [own       => 30],
    [foreign   => 6],
    [left_out  => 12],
    [added     => 25],
    [old       => 4],
    [fields    => 14],
    [status    => 9],
    [other_id  => 2],
    [invalid   => 3],
);


sub _update {
    my ($self, $request) = @_;

    my $shown = $self->_shown;
    my $trip = $self->{trip};

    push @{ $request->{args} }, 'tripId=' . percent($self->_id($trip));

    $request->{trip} = $request->{args}[0] =~ s/.*=//r;
    $request->{resource} = '/trip/v1.1';
    $request->{text} = "updates $request->{trip}";

    if (!$shown || _chance(3)) {
        my $day = int rand 60;
        my @bookings = _unique(map { $self->_new_booking($self->{who}, $day) }
                               1 .. _one(0, 1, 2));

        $request->{tree} = _itinerary("Trip of $self->{who}", _date($day, 7),
                                      _date($day, 23), @bookings);
        $request->{text} .= ' blindly with ' . _names(@bookings);
        return;
    }

    # what was shown may be of a form that is no post

    my $tree = copy($shown);
    my @bookings = _bookings($tree);
    my @fields = grep { $_->{name} !~ /\ABookings?\z/ }
                 @{ $tree->{children} };

    @fields = grep { $_->{name} !~ /\A(?:id|ItinLocator|TripId)\z/ } @fields
        if _chance(50);

    my @changes;

    for my $change (@CHANGES) {
        my ($name, $chance) = @$change;

        next if !_chance($chance);

        my $make = "_change_$name";
        push @changes, $self->$make(\@fields, \@bookings) // ();
    }

    @bookings = _unique(@bookings);
    @bookings = reverse @bookings if _chance(10);

    $request->{tree} = element(Itinerary => [
        @fields, @bookings || _chance(50) ? element(Bookings => \@bookings)
                                          : ()]);

    $request->{text} .= ' as it was shown' . (@changes ? ', but ' : '')
                        . join(', ', @changes) . ': ' . _names(@bookings);

    return;
}


sub _change_own {
    my ($self, $fields, $bookings) = @_;

    return $self->_change_booking($bookings,
                                  qr/\A\s*$self->{who}/i);
}


sub _change_foreign {
    my ($self, $fields, $bookings) = @_;

    return $self->_change_booking($bookings,
                                  qr/\A\s*(?!$self->{who})/i);
}


sub _change_booking {
    my ($self, $bookings, $whose) = @_;

    my @candidates = grep { text($bookings->[$_], 'BookingSource') =~ $whose }
                     0 .. $#$bookings;

    return if !@candidates;

    my $i = _one(@candidates);
    my $was = $bookings->[$i];

    $bookings->[$i] = $self->_booking(text($was, 'BookingSource'),
                                      text($was, 'RecordLocator'),
                                      int rand 60);

    return 'another ' . _name($was);
}


sub _change_left_out {
    my ($self, $fields, $bookings) = @_;

    return if !@$bookings;

    my ($booking) = splice @$bookings, int rand @$bookings, 1;

    return 'without ' . _name($booking);
}


sub _change_added {
    my ($self, $fields, $bookings) = @_;

    push @$bookings, $self->_new_booking($self->{who}, int rand 60);

    return 'with ' . _name($bookings->[-1]);
}


sub _change_old {
    my ($self, $fields, $bookings) = @_;

    my $booking = $self->_old_booking // return;

    push @$bookings, $booking;

    return 'with the old ' . _name($booking);
}


sub _change_fields {
    my ($self, $fields) = @_;

    my ($field) = grep { $_->{name} eq 'TripName' } @$fields;

    return if !$field;

    $field->{text} = 'Renamed by ' . $self->{who} . ++$self->{requests};

    return 'another TripName';
}


sub _change_status {
    my ($self, $fields) = @_;

    my ($field) = grep { $_->{name} eq 'TripStatus' } @$fields;

    if (!$field) {
        push @$fields, element(TripStatus => 'HK');
        return 'TripStatus HK';
    }

    $field->{text} = _one('2', '2', '02', 'HK');

    return "TripStatus $field->{text}";
}


sub _change_other_id {
    my ($self, $fields) = @_;

    @$fields = grep { $_->{name} ne 'ItinLocator' } @$fields;
    unshift @$fields, element(ItinLocator => _one(@{ $self->{trips} }));

    return "ItinLocator $fields->[0]{text}";
}


# What breaks a rule of the reference, or just does not.

my @INVALID = (
    map({ my ($name, $max) = @$_;
          map { [$name, 'x' x ($max + $_)] } 0, 1 }
        [TripName => 255], [Comments => 512], [Description => 512],
        [CancelComments => 256], [ProjectName => 255], [ClientLocator => 32]),
    map({ my $name = $_;
          map { [$name, $_] } '2031-02-29T00:00:00', '2032-02-29T23:59:59',
                              '2031-01-01', '' }
        qw(StartDateLocal EndDateLocal DateBookedLocal)),
    map({ [IsPersonal => $_] } qw(true false yes), ''),
    [TripName => ''], [TripStatus => ' '],
);


sub _change_invalid {
    my ($self, $fields, $bookings) = @_;

    if (@$bookings && _chance(30)) {
        my $booking = _one(@$bookings);
        my $date = _one('2031-06-31T00:00:00', '2031-06-30T24:00:00',
                        '2031-06-30T23:59:59');

        @{ $booking->{children} } = (
            (grep { $_->{name} ne 'DateBookedLocal' }
                  @{ $booking->{children} }),
            element(DateBookedLocal => $date));

        return _name($booking) . " booked at $date";
    }

    my ($name, $text) = @{ _one(@INVALID) };

    @$fields = ((grep { $_->{name} ne $name } @$fields),
                element($name => $text));

    return "$name of " . length($text) . ' characters, ' . substr $text, 0, 20;
}


sub _cancel {
    my ($self, $request) = @_;

    my $id = _chance(5) ? 'CNQR404' : $self->_id($self->{trip});

    push @{ $request->{args} }, 'tripId=' . percent($id);

    $request->{trip} = $id;
    $request->{resource} = '/trip/v1.1/cancel';
    $request->{text} = "cancels $id";

    return;
}


sub _book {
    my ($self, $request) = @_;

    my $booking = _chance(30) ? $self->_old_booking : undef;
    my $day = int rand 60;

    if (!$booking) {
        $booking = $self->_new_booking($self->{who}, $day);

    } elsif (_chance(70)) {
        $booking = $self->_booking(text($booking, 'BookingSource'),
                                   text($booking, 'RecordLocator'), $day);
    }

    $request->{tree} = $booking;
    $request->{resource} = '/booking/v1.1';
    $request->{text} = 'books ' . _name($booking);

    if (_chance(40)) {
        my $id = _chance(5) ? 'CNQR404' : $self->_id($self->{trip});

        push @{ $request->{args} }, 'tripId=' . percent($id);
        $request->{trip} = $id;
        $request->{text} .= " in $id";
    }

    return;
}


sub _cancel_booking {
    my ($self, $request) = @_;

    my $booking = $self->_old_booking;
    my ($source, $number);

    if ($booking && _chance(90)) {
        $source = text($booking, 'BookingSource');
        $number = text($booking, 'RecordLocator');

        if (_chance(40)) {
            my $segments = child($booking, 'Segments');
            my @numbers = grep { length }
                          map { text($_, 'ConfirmationNumber') }
                          $segments ? @{ $segments->{children} } : ();

            $number = _one(@numbers) if @numbers;
        }

    } else {
        $source = $self->{who} . _one(' Air', ' Cars');
        $number = _one('L', 'N') . _one(1 .. 25);
    }

    $number = lc $number if _chance(10);

    $request->{source} = uc $source;
    $request->{number} = uc $number;
    $request->{resource} = '/booking/v1.1/cancel';
    $request->{text} = "cancels the booking $source|$number";
    $request->{args} = ['bookingSource=' . percent($source),
                        "confirmationNumber=$number"];

    return;
}


sub _read {
    my ($self, $request) = @_;

    my $id = $self->_id($self->{trip});

    $request->{trip} = $id;
    $request->{text} = "reads $id";

    if (_chance(50)) {
        $request->{resource} = "/trip/v1.1/$id";

    } else {
        $request->{resource} = '/trip/v1.1';
        $request->{args} = ["tripId=$id"];
    }

    $self->{next} = { who => $self->{who}, trip => $self->{trip} };

    return;
}


# What its supplier is shown by an answer, and the trips that there are.

sub shown {
    my ($self, $request, $tree) = @_;

    return if $tree->{name} ne 'Itinerary';

    my $trip = text($tree, 'ItinLocator');
    my ($id) = text($tree, 'id') =~ m{([^/]+)\z};

    return if $trip eq '';

    $self->{opaque}{$trip} = $id if defined $id && $id ne $trip;
    $self->{shown}{ $request->{who} }{$trip} = $tree;

    return;
}


sub trips {
    my ($self, @trips) = @_;

    $self->{trips} = \@trips;

    return;
}


# A trip that the API has from elsewhere, and that changes no other.

sub legacy {
    my ($self) = @_;

    my $n = ++$self->{requests};
    my $day = 100 + 10 * @{ $self->{legacy} };

    push @{ $self->{legacy} }, $day;

    my @bookings = map { $self->_booking('Legacy', "OLD$n.$_", $day) }
                   1 .. _one(0, 1, 2);

    return serialize(_itinerary("Legacy $n", _date($day, 7),
                                _date($day + 1, 23), @bookings));
}


1;
