package Itinerary::Chaos::Truth;

# What the API itself has written down, a line for each
#
#     started                                  of its process
#     received  id mark who worker what trip   write that it has received
#     applied   id who what how effect ...     write that was carried out
#     refused   id who what how                write that was not
#
# with the time behind the first word.  One write() makes a line, so that what
# the API knew when it was killed is what is written; a line of which only a
# part is there was not carried out.

use strict;
use warnings;

use Time::HiRes qw(time);


sub new {
    my ($class, $path) = @_;

    return bless { path => $path }, $class;
}


sub write {
    my ($self, $kind, @fields) = @_;

    open $self->{file}, '>>:raw', $self->{path}
        or die "open($self->{path}) failed: $!\n"
        if !$self->{file};

    my $line = join("\t", $kind, sprintf('%.3f', time),
                    map { ref ? join "\x1f", @$_ : $_ } @fields) . "\n";

    syswrite($self->{file}, $line) == length $line
        or die "cannot write the truth: $!\n";

    return;
}


# Each line, as a hash, to a sub.

sub each_line {
    my ($self, $sub) = @_;

    open my $file, '<:raw', $self->{path} or return;

    while (my $line = <$file>) {
        chomp $line or last;

        my ($kind, $time, @fields) = split /\t/, $line, -1;
        my %line = (kind => $kind, time => $time);

        @line{qw(id mark who worker what trip)} = @fields
            if $kind eq 'received';

        if ($kind eq 'applied' || $kind eq 'refused') {
            (@line{qw(id who what how)}, my @effects) = @fields;
            $line{effects} = [map { [split /\x1f/, $_, -1] } @effects];
        }

        $sub->(\%line);
    }

    return;
}


# Takes off a line that is not complete; returns whether there was one.

sub mend {
    my ($self) = @_;

    my $size = -s $self->{path} or return 0;

    open my $file, '+<:raw', $self->{path}
        or die "open($self->{path}) failed: $!\n";

    my $from = $size > 1048576 ? $size - 1048576 : 0;

    seek $file, $from, 0;
    read $file, my $end, $size - $from;

    my $whole = $from + rindex($end, "\n") + 1;

    truncate $file, $whole or die "truncate() failed: $!\n";

    return $whole < $size;
}


1;
