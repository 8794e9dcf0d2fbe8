package Itinerary::Chaos::Trips;

# The API's trips as the effects of writes make them, one after the other, and
# who was the first to make each trip and each booking.  An effect is a list:
#
#     trip, id, fields             the trip is new
#     fields, id, fields           its fields are others
#     booking, id, name, xml       the booking is new, or another
#     gone, id, name               the booking is not in the trip any more

use strict;
use warnings;


sub new {
    my ($class) = @_;

    return bless {
        trips    => {},     # as Itinerary::Chaos::Document has them
        where    => {},     # booking -> trip
        creators => {},     # of trips
        posters  => {},     # of bookings
    }, $class;
}


sub trip    { my ($self, $id) = @_; return $self->{trips}{$id} }
sub count   { my ($self) = @_; return scalar keys %{ $self->{trips} } }
sub ids     { my ($self) = @_; return sort keys %{ $self->{trips} } }
sub where   { my ($self, $name) = @_; return $self->{where}{$name} }
sub creator { my ($self, $id) = @_; return $self->{creators}{$id} }
sub poster  { my ($self, $name) = @_; return $self->{posters}{$name} }


sub apply {
    my ($self, $who, $effect) = @_;

    my ($kind, $id, @more) = @$effect;

    if ($kind eq 'trip') {
        $self->{trips}{$id} = { id => $id, fields => $more[0], order => [],
                                bookings => {} };
        $self->{creators}{$id} = $who;
        return;
    }

    my $trip = $self->{trips}{$id};
    my $name = $more[0];

    if ($kind eq 'fields') {
        $trip->{fields} = $name;

    } elsif ($kind eq 'booking') {
        push @{ $trip->{order} }, $name if !$trip->{bookings}{$name};
        $trip->{bookings}{$name} = $more[1];
        $self->{where}{$name} = $id;
        $self->{posters}{$name} //= $who;

    } else {
        @{ $trip->{order} } = grep { $_ ne $name } @{ $trip->{order} };
        delete $trip->{bookings}{$name};
        delete $self->{where}{$name};
    }

    return;
}


1;
