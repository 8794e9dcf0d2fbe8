package Itinerary::Chaos::Account;

# What has become of the API's trips, by what the API has written down: who was
# the first to make each trip and each booking, and who has touched what is
# another's.  It asks no registry, and knows of no verdict.

use strict;
use warnings;

use Itinerary::Chaos::Document;
use Itinerary::Chaos::Trips;


# of an Itinerary::Chaos::Truth

sub new {
    my ($class, $truth) = @_;

    my $self = bless {
        trips    => Itinerary::Chaos::Trips->new,
        received => {},     # request id -> lines
        end      => {},     # request id -> the line that tells what it came to
        touches  => [],     # { id, of the request; last, of that before; text }
        last     => {},     # booking, or trip -> the last line that changed it
        starts   => 0,
    }, $class;

    $truth->each_line(sub { $self->_add(@_) });

    return $self;
}


sub trips    { return $_[0]{trips} }
sub starts   { return $_[0]{starts} }
sub touches  { return @{ $_[0]{touches} } }
sub ids      { return sort keys %{ $_[0]{received} } }
sub received { my ($self, $id) = @_; return @{ $self->{received}{$id} // [] } }
sub end      { my ($self, $id) = @_; return $self->{end}{$id} }


sub _add {
    my ($self, $line) = @_;

    my $kind = $line->{kind};

    if ($kind eq 'received') {
        push @{ $self->{received}{ $line->{id} } }, $line;
        return;
    }

    if ($kind eq 'started') {
        $self->{starts}++;
        return;
    }

    $self->{end}{ $line->{id} } = $line;

    for my $effect (@{ $line->{effects} }) {
        $self->_look_at($line, @$effect);
        $self->{trips}->apply($line->{who}, $effect);
    }

    return;
}


sub _look_at {
    my ($self, $line, $kind, $id, @more) = @_;

    my $trips = $self->{trips};
    my $who = $line->{who};

    return if $kind eq 'trip';

    my $what = $kind eq 'fields' ? $id : $more[0];
    my $whose = $kind eq 'fields' ? $trips->creator($id)
                                  : $trips->poster($what);
    my $last = $self->{last}{"$id $what"};

    $self->{last}{"$id $what"} = $line;

    return if !defined $whose || $whose eq $who;

    # a trip's cancel by its creator goes for all of it, as documented, and what
    # is cancelled may be left out

    my $was = $trips->trip($id)->{bookings}{$what};

    return if $kind eq 'gone' && Itinerary::Chaos::Document::is_empty($was);
    return if $kind eq 'booking' && $line->{what} eq 'cancel'
              && $trips->creator($id) eq $who && defined $was
              && $more[1] eq Itinerary::Chaos::Document::emptied($was);

    push @{ $self->{touches} }, {
        id   => $line->{id},
        last => $last && $last->{id},
        text => "$who has touched $what of $whose ($kind) in $id by its"
                . " $line->{what} $line->{id} at $line->{time}; before that it"
                . ' was written to by '
                . ($last ? "$last->{who}'s $last->{what} $last->{id} at"
                           . " $last->{time}, which the API answered with"
                           . " \"$last->{how}\""
                         : 'nobody'),
    };

    return;
}


1;
