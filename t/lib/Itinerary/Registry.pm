package Itinerary::Registry;

# A private redis-server for one test.

use strict;
use warnings;

use Redis ();
use Itinerary::Process;


# dir => its directory; conf => more options, as [ '--appendonly', 'yes' ];
# persist => 1 keeps the data over a restart

sub new {
    my ($class, %opt) = @_;

    my $self = bless {
        dir  => $opt{dir},
        port => Itinerary::Process::port(),
        conf => [
            $opt{persist} ? (qw(--appendonly yes --appendfsync always))
                          : (qw(--appendonly no --save), ''),
            @{ $opt{conf} // [] },
        ],
    }, $class;

    mkdir $self->{dir} or die "mkdir($self->{dir}) failed: $!\n";

    return $self->start;
}


sub start {
    my ($self) = @_;

    $self->{process} = Itinerary::Process->start(
        output  => "$self->{dir}/log",
        command => [
            _program(),
            '--bind', '127.0.0.1',
            '--port', $self->{port},
            '--unixsocket', $self->socket,
            '--dir', $self->{dir},
            '--daemonize', 'no',
            @{ $self->{conf} },
        ],
    );

    # while it loads its data it refuses, and the client gives up

    my $answers = sub {
        return 1 if !$self->{process}->alive;
        return 1 if eval { $self->cli->ping };

        delete $self->{cli};

        return 0;
    };

    Itinerary::Process::wait_for($answers) && $self->{process}->alive
        or die "redis-server did not start, see $self->{dir}/log\n";

    return $self;
}


sub _program {
    return $ENV{ITINERARY_REDIS_SERVER} // 'redis-server';
}


sub port    { return $_[0]{port} }
sub address { return "127.0.0.1:$_[0]{port}" }
sub socket  { return "$_[0]{dir}/redis.sock" }
sub pid     { return $_[0]{process}->pid }


# a connected Redis client

sub cli {
    my ($self) = @_;

    return $self->{cli} //= Redis->new(server => $self->address);
}


sub stop {
    my ($self) = @_;

    $self->resume;
    delete $self->{cli};

    return $self->{process}->stop('TERM');
}


sub kill {
    my ($self) = @_;

    delete $self->{cli};

    return $self->{process}->stop('KILL');
}


# alive, but silent

sub pause {
    my ($self) = @_;

    return $self->{process}->signal('STOP');
}


sub resume {
    my ($self) = @_;

    return $self->{process}->signal('CONT');
}


1;
