package Itinerary::Chaos::Workers;

# The workers of an nginx, as the system knows them: the log is too long to be
# asked.

use strict;
use warnings;


# of a master, by its pid

sub new {
    my ($class, $master) = @_;

    return bless { master => $master }, $class;
}


sub _all {
    my ($self) = @_;

    my $master = $self->{master};

    return split ' ', _content("/proc/$master/task/$master/children");
}


# those that take connections, and those that end

sub active {
    my ($self) = @_;

    return grep { _content("/proc/$_/cmdline") =~ /worker process[\0\s]*\z/ }
           $self->_all;
}


sub ending {
    my ($self) = @_;

    return grep { _content("/proc/$_/cmdline") =~ /is shutting down/ }
           $self->_all;
}


sub _content {
    my ($path) = @_;

    open my $file, '<', $path or return '';
    local $/;

    return <$file> // '';
}


1;
