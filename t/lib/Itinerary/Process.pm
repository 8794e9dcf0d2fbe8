package Itinerary::Process;

# A process that a test starts, and ends by its pid; and ports for it.

use strict;
use warnings;

use IO::Socket::INET ();
use IO::Socket::UNIX ();
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep time);

# Everything takes longer under valgrind and the sanitizers.

our $SLOW = $ENV{ITINERARY_VALGRIND} ? 10 : $ENV{ITINERARY_SANITIZE} ? 3 : 1;


# Waits for a sign, for at most so many seconds; returns what the sign
# returned, false where it did not come.

sub wait_for {
    my ($sign, $seconds) = @_;

    my $deadline = time + ($seconds // 10) * $SLOW;

    for (;;) {
        my $result = $sign->();

        return $result if $result || time > $deadline;

        sleep 0.01;
    }
}


# The lines of a file that another process may be writing to: a line counts
# when its end is there, since a reader can see a part of one write.

sub whole_lines {
    my ($path) = @_;

    my @lines;

    if (open my $file, '<:raw', $path) {
        @lines = <$file>;
    }

    return grep { /\n\z/ } @lines;
}


# A free port of 127.0.0.1 below those that connections are made from.  It
# is reserved among the tests that run at the same time: by a name that the
# kernel forgets together with this process.

my %reserved;

sub port {
    for (1 .. 1000) {
        my $port = 10000 + int rand 22000;

        my $reservation = IO::Socket::UNIX->new(
            Local  => "\0itinerary-test-port-$port",
            Listen => 1,
        ) or next;

        IO::Socket::INET->new(
            LocalAddr => '127.0.0.1',
            LocalPort => $port,
            Listen    => 1,
            ReuseAddr => 1,
        ) or next;

        $reserved{$port} = $reservation;

        return $port;
    }

    die "no free port\n";
}


# command => [...] or code => sub {...}; output => the file for its standard
# output and error; env => {...}

sub start {
    my ($class, %opt) = @_;

    my $pid = fork // die "fork() failed: $!\n";

    if ($pid == 0) {
        $SIG{INT} = $SIG{TERM} = $SIG{__DIE__} = 'DEFAULT';

        %ENV = (%ENV, %{ $opt{env} // {} });

        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $opt{output} // '/dev/null';
        open STDERR, '>&', \*STDOUT;

        if ($opt{code}) {
            eval { $opt{code}->(); 1 } or print STDERR $@;
            POSIX::_exit(0);
        }

        { exec { $opt{command}[0] } @{ $opt{command} } }

        print STDERR "exec($opt{command}[0]) failed: $!\n";
        POSIX::_exit(127);
    }

    return bless {
        pid    => $pid,
        owner  => $$,
        status => undef,     # as of waitpid(), once it has ended
    }, $class;
}


sub pid {
    my ($self) = @_;

    return $self->{pid};
}


sub alive {
    my ($self) = @_;

    return 0 if defined $self->{status};

    my $pid = waitpid $self->{pid}, WNOHANG;

    return 1 if $pid == 0;

    $self->{status} = $pid == $self->{pid} ? $? : 0;

    return 0;
}


sub signal {
    my ($self, $signal) = @_;

    return $self->alive && kill $signal, $self->{pid};
}


# Sends the signal and waits for the end.  Returns whether it came; after
# the deadline it is brought about.

sub stop {
    my ($self, $signal, $seconds) = @_;

    return 1 if $self->{owner} != $$ || !$self->alive;

    kill $signal // 'TERM', $self->{pid};

    return 1 if wait_for(sub { !$self->alive }, $seconds);

    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    $self->{status} = $?;

    return 0;
}


1;
