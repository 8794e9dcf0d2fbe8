package Itinerary::Chaos::Calm;

# A round of each supplier when nothing happens any more: all that is its right
# is done.
#
# t => the test; redis; trips => the API's, as Itinerary::Chaos::Trips

use strict;
use warnings;

use Itinerary;
use Itinerary::Chaos::Document;

my $TRIP = '/api/travel/trip/v1.1';
my $BOOKING = '/api/travel/booking/v1.1';


sub new {
    my ($class, %opt) = @_;

    return bless { %opt, n => 0 }, $class;
}


# Whether a write passes.

sub is_there {
    my ($self) = @_;

    my $cli = $self->{redis}->cli;
    my ($key) = $cli->keys('itinerary:token:*');
    my $who = $cli->get($key);

    return ($self->_create($who, "token-of-$who"))[0]{status} == 200;
}


sub _booking {
    my ($self, $who) = @_;

    my $n = ++$self->{n};

    return Itinerary::Chaos::Document::booking(uc "$who air", "CALM$n",
                                               "calm $n");
}


sub _create {
    my ($self, $who, $token) = @_;

    my $booking = $self->_booking($who);
    my $name = Itinerary::Chaos::Document::name($booking);

    my $trip = {
        fields   => Itinerary::Chaos::Document::fields("calm $self->{n}"),
        order    => [$name],
        bookings => { $name => $booking },
    };

    my $answer = $self->{t}->post_xml($TRIP, $token,
        Itinerary::Chaos::Document::text($trip));

    return ($answer, Itinerary::Chaos::Document::read($answer->{body}));
}


# What went wrong with a supplier that creates a trip, changes it, books in it
# and cancels it, and does the same with an old one of its own.

sub round {
    my ($self, $who, $token) = @_;

    my ($answer, $trip) = $self->_create($who, $token);

    return "a create comes to $answer->{status}" if !$trip;

    my @wrong = $self->_use($who, $token, $trip->{id}, 'new');
    my $old = $self->_old_of($who);

    push @wrong, $self->_use($who, $token, $old, 'old') if defined $old;

    return @wrong;
}


# A trip that is the supplier's on record; one that it shares, if there is one.
# What is in doubt in it for another may not be left out, and is not shown.

sub _old_of {
    my ($self, $who) = @_;

    my $trips = $self->{trips};
    my $cli = $self->{redis}->cli;

    my @own = grep { my $id = $_;
                     $trips->creator($id) eq $who
                     && ($cli->hget("itinerary:trip:$id", 'owner') // '')
                        eq $who && !$self->_is_in_doubt($id) } $trips->ids;

    my ($shared) = grep { grep { $trips->poster($_) ne $who }
                          @{ $trips->trip($_)->{order} } } reverse @own;

    return $shared // $own[-1];
}


sub _is_in_doubt {
    my ($self, $id) = @_;

    my $cli = $self->{redis}->cli;

    return grep { ($cli->hget("itinerary:$_", 'state') // '') eq 'pending' }
           grep { /\Abooking:/ } $cli->hkeys("itinerary:trip:$id");
}


# what is shown of a trip is sent back with one more booking, whose name is
# returned, and with other fields

sub _update {
    my ($self, $who, $token, $id) = @_;

    my $t = $self->{t};

    my $get = $t->shown($who, $id, sub {
        $t->http('GET', "$TRIP/$id",
                 headers => [Authorization => "OAuth $token"]);
    });

    my $trip = Itinerary::Chaos::Document::read($get->{body})
               // return $get;
    my $booking = $self->_booking($who);
    my $name = Itinerary::Chaos::Document::name($booking);

    push @{ $trip->{order} }, $name;
    $trip->{bookings}{$name} = $booking;
    $trip->{fields} = Itinerary::Chaos::Document::fields("calm $self->{n}");

    my $answer = $t->post_xml("$TRIP?tripId=$id", $token,
                              Itinerary::Chaos::Document::text($trip));

    return ($answer, $name);
}


sub _use {
    my ($self, $who, $token, $id, $which) = @_;

    my $t = $self->{t};
    my @wrong;

    my $expect = sub {
        my ($what, $answer) = @_;

        push @wrong, "$what of the $which trip $id comes to $answer->{status} "
                     . (code_of($answer) // '')
            if $answer->{status} != 200;
    };

    # the first one may learn that somebody whose lease has run out may have
    # written to the trip since: then it is to be read again

    my ($answer, $name);

    for (1 .. 2) {
        ($answer, $name) = $self->_update($who, $token, $id);
        last if $answer->{status} == 200;
    }

    $expect->('an update', $answer);

    return @wrong if @wrong;

    $expect->('a booking', $t->post_xml("$BOOKING?tripId=$id", $token,
        Itinerary::Chaos::Document::root($self->_booking($who))));

    my ($source, $locator) = split /\|/, $name;

    $source =~ s/ /%20/g;

    $expect->('the cancel of a booking', $t->post_xml(
        "$BOOKING/cancel?bookingSource=$source&confirmationNumber=$locator",
        $token, undef));

    $expect->('a cancel', $t->post_xml("$TRIP/cancel?tripId=$id", $token,
                                       undef));

    return @wrong;
}


1;
