package Itinerary::Chaos::Trail;

# The audit trail, over all the files that it was written to.

use strict;
use warnings;

use Time::Local qw(timegm);

use Itinerary::Process;

# a whole line; as a pattern, because there are very many of them

my $OBJECT = qr/
    \A (?&object) \n \z

    (?(DEFINE)
        (?<object> \{ (?: (?&pair) (?: , (?&pair) )*+ )?+ \} )
        (?<pair>   (?&string) : (?&value) )
        (?<value>  (?&string) | (?&number) | (?&object) | (?&array)
                   | true | false | null )
        (?<array>  \[ (?: (?&value) (?: , (?&value) )*+ )?+ \] )
        (?<number> -?+ (?: 0 | [1-9] \d*+ ) (?: \. \d++ )?+
                   (?: [eE] [+-]?+ \d++ )?+ )
        (?<string> " (?: [^"\\\x00-\x1f]++
                         | \\ (?: ["\\\/bfnrt] | u [0-9a-fA-F]{4} ) )*+ " )
    )/x;

my @TEXT = qw(time event request_id supplier operation trip verdict reason
              outcome);


# of files; records, by request id: a list of hashes; broken, the lines that
# are no record

sub new {
    my ($class, @paths) = @_;

    my $self = bless { records => {}, broken => [] }, $class;

    for my $path (@paths) {
        open my $file, '<:raw', $path or die "open($path) failed: $!\n";

        while (my $line = <$file>) {
            $self->_add($line);
        }
    }

    return $self;
}


sub _add {
    my ($self, $line) = @_;

    if ($line !~ $OBJECT) {
        push @{ $self->{broken} }, $line;
        return;
    }

    my %record;

    for my $name (@TEXT) {
        $record{$name} = $1 if $line =~ /[{,]"$name":"([^"]*)"/;
    }

    for my $name (qw(status upstream_status)) {
        $record{$name} = $1 if $line =~ /[{,]"$name":(\d+)/;
    }

    if (!defined $record{request_id}
        || ($record{event} // '') !~ /\A(?:forwarded|completed|rejected)\z/)
    {
        push @{ $self->{broken} }, $line;
        return;
    }

    while ($line =~ /\{"source":"([^"]*)","locator":"([^"]*)"/g) {
        push @{ $record{names} }, "$1|$2";
    }

    my ($year, $month, @rest) = $record{time} =~ /\d+/g;
    my ($day, $hour, $minute, $second, $ms) = @rest;

    $record{at} = timegm($second, $minute, $hour, $day, $month - 1, $year)
                  + $ms / 1000;

    push @{ $self->{records}{ $record{request_id} } }, \%record;

    return;
}


sub broken { return @{ $_[0]{broken} } }
sub ids    { return sort keys %{ $_[0]{records} } }


# the one record of a request with that event, or undef

sub record {
    my ($self, $id, $event) = @_;

    for (@{ $self->{records}{$id} // [] }) {
        return $_ if $_->{event} eq $event;
    }

    return;
}


# "forwarded completed", and so on

sub events {
    my ($self, $id) = @_;

    return join ' ', map { $_->{event} }
                     sort { $a->{at} <=> $b->{at}
                            || $b->{event} cmp $a->{event} }
                     @{ $self->{records}{$id} // [] };
}


1;
