package Itinerary::Scarce;

# Makes memory and disks scarce for an nginx, by t/preload/scarce.c:
#
#     my $scarce = Itinerary::Scarce->new($t);
#
#     $t->nginx(preload => $scarce, ...);
#
#     $scarce->memory($pid, 7);       # the 7th allocation from now on fails
#     $scarce->disk('audit.log');     # nothing is written to such paths
#     $scarce->plenty;                # and all is well again

use strict;
use warnings;

use Errno qw(ENOSPC);

my $LAYOUT = 'L9 Z220';

my %CALLS = (write => 1, sync => 2, open => 4, name => 8);


sub new {
    my ($class, $t) = @_;

    my $self = bless { file => $t->path('scarce') }, $class;

    die "no library to preload: \"make preload\" builds it\n"
        if !-e $self->library;

    open my $file, '>:raw', $self->{file}
        or die "open($self->{file}) failed: $!\n";
    close $file;

    return $self->plenty;
}


sub file    { return $_[0]{file} }
sub library { return "$Itinerary::MODULES/preload/scarce.so" }


# Of the process the n-th allocation from now on fails, and with lasting => 1
# all that follow.

sub memory {
    my ($self, $pid, $nth, %opt) = @_;

    return $self->_write(pack $LAYOUT, $pid, $nth, $opt{lasting} // 0,
                         (0) x 6, '');
}


# whether it has failed

sub failed { return $_[0]->_read(4) }


# What is done to files whose path contains the text fails, in all processes:
#
#   calls   what fails: "write" (the default), "sync", "open" (of a file that
#           may have to be created), "name" (to link or rename), or several
#   room    so many bytes are written before
#   error   the errno, ENOSPC by default

sub disk {
    my ($self, $match, %opt) = @_;

    my $calls = 0;

    for (split / /, $opt{calls} // 'write') {
        $calls |= $CALLS{$_} // die "unknown call \"$_\"\n";
    }

    return $self->_write(pack $LAYOUT, (0) x 5, $opt{error} // ENOSPC, $calls,
                         $opt{room} // 0, 0, $match);
}


# how many calls have failed, or written less than was asked for

sub refused { return $_[0]->_read(8) }


sub plenty {
    my ($self) = @_;

    return $self->_write(pack $LAYOUT, (0) x 9, '');
}


sub _write {
    my ($self, $content) = @_;

    open my $file, '+<:raw', $self->{file}
        or die "open($self->{file}) failed: $!\n";

    syswrite($file, $content) == length $content
        or die "write($self->{file}) failed: $!\n";

    return $self;
}


sub _read {
    my ($self, $n) = @_;

    open my $file, '<:raw', $self->{file}
        or die "open($self->{file}) failed: $!\n";

    sysread $file, my $content, 256;

    return (unpack $LAYOUT, $content)[$n];
}


1;
