package Itinerary::Upstream;

# A scripted HTTP/1.1 server that writes down what it received, byte for
# byte, before it answers.  One process serves all connections, so that a
# script can count; a script must not wait itself, its answer can.

use strict;
use warnings;

use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Scalar::Util qw(reftype);
use Socket qw(SOL_SOCKET SO_LINGER IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

use Itinerary::Message qw(dechunk headers);
use Itinerary::Process;

my $JSON = JSON::PP->new->latin1->canonical;


# dir => its directory; handler => the script; quiet => 1: nothing is written
# down, which is for a script that does it itself

sub new {
    my ($class, %opt) = @_;

    my $self = bless {
        dir     => $opt{dir},
        handler => $opt{handler},
        quiet   => $opt{quiet},
        port    => Itinerary::Process::port(),
    }, $class;

    mkdir $self->{dir} or die "mkdir($self->{dir}) failed: $!\n";

    return $self->start;
}


sub start {
    my ($self) = @_;

    my $listener = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1',
        LocalPort => $self->{port},
        Listen    => 128,
        ReuseAddr => 1,
    ) or die "upstream cannot listen on $self->{port}: $!\n";

    $self->{process} = Itinerary::Process->start(
        output => "$self->{dir}/log",
        code   => sub { $self->_serve($listener) },
    );

    return $self;
}


sub port    { return $_[0]{port} }
sub address { return "127.0.0.1:$_[0]{port}" }
sub stop    { return $_[0]{process}->stop('KILL') }
sub pause   { return $_[0]{process}->signal('STOP') }
sub resume  { return $_[0]{process}->signal('CONT') }


# what it received, in the order in which it was complete; how much it was

sub requests {
    my ($self) = @_;

    my @lines = Itinerary::Process::whole_lines("$self->{dir}/requests");

    return wantarray ? map { $JSON->decode($_) } @lines : @lines;
}


# forgets what it received

sub forget {
    my ($self) = @_;

    unlink "$self->{dir}/requests";

    return;
}


# what the script has to say to the person who runs the test

sub log {
    my ($self) = @_;

    open my $file, '<', "$self->{dir}/log" or return '';
    local $/;

    return <$file> // '';
}


sub _record {
    my ($self, $request) = @_;

    return if $self->{quiet};

    open my $file, '>>:raw', "$self->{dir}/requests"
        or die "cannot record: $!\n";

    syswrite $file, $JSON->encode($request) . "\n";

    return;
}


sub _serve {
    my ($self, $listener) = @_;

    my %connections;

    $SIG{PIPE} = 'IGNORE';
    $listener->blocking(0);

    for (;;) {
        my $now = time;
        my $timeout = 1;

        my $read = IO::Select->new($listener);
        my $write = IO::Select->new;

        for my $c (values %connections) {
            $read->add($c->{socket}) unless $c->{eof};
            $write->add($c->{socket}) if length $c->{out};

            if (!length $c->{out} && @{ $c->{todo} }) {
                $timeout = 0.005;
            }
        }

        my ($readable, $writable)
            = IO::Select->select($read, $write, undef, $timeout);

        for my $socket (@{ $readable // [] }) {

            if ($socket == $listener) {
                my $new = $listener->accept or next;

                $new->blocking(0);
                setsockopt $new, IPPROTO_TCP, TCP_NODELAY, 1;

                $connections{ fileno $new } = {
                    socket => $new,
                    in     => '',
                    out    => '',
                    todo   => [],
                };

                next;
            }

            my $c = $connections{ fileno $socket };
            my $n = sysread $socket, $c->{in}, 65536, length $c->{in};

            if (!defined $n) {
                next if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
                $n = 0;
            }

            $c->{eof} = 1 if $n == 0;
        }

        for my $c (values %connections) {
            my $alive = eval { $self->_advance($c) };

            if (!defined $alive) {
                print STDERR $@;
            }

            if (!$alive) {
                delete $connections{ fileno $c->{socket} };
                close $c->{socket};
            }
        }
    }
}


# Does what can be done on a connection now; returns whether it stays.

sub _advance {
    my ($self, $c) = @_;

    for (;;) {
        if (length $c->{out}) {
            my $n = syswrite $c->{socket}, $c->{out};

            if (!defined $n) {
                return $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
            }

            substr $c->{out}, 0, $n, '';

            return 1 if length $c->{out};
        }

        if (@{ $c->{todo} }) {
            my $next = $c->{todo}[0];
            my $type = ref $next ? reftype $next : '';

            if ($type eq '') {
                $c->{out} = $next;

            } elsif ($type eq 'CODE') {
                my $sign = $next->();

                return !$c->{eof} || length $c->{in} if !$sign;

                if (ref $sign eq 'ARRAY') {
                    $c->{todo} = [ $self->_pieces($c->{request}, @$sign) ];
                    next;
                }

            } elsif ($$next eq 'close') {
                return 0;

            } elsif ($$next eq 'reset') {
                setsockopt $c->{socket}, SOL_SOCKET, SO_LINGER,
                           pack 'II', 1, 0;
                return 0;

            } else {
                $c->{until} //= time + $$next;
                return 1 if time < $c->{until};
                delete $c->{until};
            }

            shift @{ $c->{todo} };
            next;
        }

        my $request = _parse($c);

        if (!$request) {
            return 1 if !$c->{eof};

            # the client left in the middle of a request

            if (length $c->{in}) {
                $self->_record({ complete => 0, raw => $c->{in} });
            }

            return 0;
        }

        $self->_record($request);

        $c->{request} = $request;
        $c->{todo} = [ $self->_pieces($request,
                                      $self->{handler}->($request)) ];
    }
}


# Takes a request from the connection's buffer, when all of it is there.

sub _parse {
    my ($c) = @_;

    my ($head) = $c->{in} =~ /\A(.*?\r\n\r\n)/s or return;

    my ($line, @lines) = split /\r\n/, $head;
    my ($method, $target, $version) = split / /, $line, 3;
    my $headers = headers(@lines);
    my ($body, $length);

    my $rest = substr $c->{in}, length $head;

    if (lc($headers->{'transfer-encoding'}[0] // '') eq 'chunked') {
        ($body, $length) = dechunk($rest);
        return if !defined $length;

    } else {
        $length = $headers->{'content-length'}[0] // 0;
        return if length $rest < $length;

        $body = substr $rest, 0, $length;
    }

    my $raw = substr $c->{in}, 0, length($head) + $length, '';

    return {
        complete => 1,
        method   => $method,
        target   => $target,
        version  => $version,
        headers  => $headers,
        body     => $body,
        raw      => $raw,
    };
}


sub _pieces {
    my ($self, $request, @answer) = @_;

    my $first = $answer[0];

    # raw bytes and what else was asked for, then the end

    if (ref $first ne 'ARRAY') {
        return @answer, \'close';
    }

    my ($status, $headers, $body) = @$first;

    my @pieces = ref $body eq 'ARRAY' ? @$body : ($body // '');
    my $length = 0;

    $length += length for grep { !ref } @pieces;

    my %headers = (
        'Content-Type'   => 'application/xml',
        'Content-Length' => $length,
        %{ $headers // {} },
    );

    my $last = $request->{version} ne 'HTTP/1.1'
               || lc($request->{headers}{connection}[0] // '') eq 'close';

    $headers{Connection} //= $last ? 'close' : 'keep-alive';

    my $head = "HTTP/1.1 $status Scripted\r\n";

    for my $name (sort keys %headers) {
        my $value = $headers{$name} // next;

        $head .= "$name: $_\r\n" for ref $value ? @$value : $value;
    }

    if ($request->{method} eq 'HEAD') {
        @pieces = ();
    }

    # a head and the first piece of the body leave together

    if (@pieces && !ref $pieces[0]) {
        $head .= "\r\n" . shift @pieces;

    } else {
        $head .= "\r\n";
    }

    return $head, @pieces,
           lc $headers{Connection} eq 'close' ? \'close' : ();
}


1;
