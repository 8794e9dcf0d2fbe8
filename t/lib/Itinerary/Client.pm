package Itinerary::Client;

# An HTTP/1 client that sends whatever it is told to, byte for byte, and
# reads while it sends.

use strict;
use warnings;

use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use IO::Select ();
use IO::Socket::INET ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

use Itinerary::Message qw(dechunk headers);
use Itinerary::Process;


# The pieces that make up a request: bytes, and references to numbers of
# seconds to wait.

sub request {
    my ($method, $target, %opt) = @_;

    my @headers = @{ $opt{headers} // [] };
    my $version = $opt{version} // '1.1';

    my %given;
    for (my $i = 0; $i < @headers; $i += 2) {
        $given{ lc $headers[$i] } = 1;
    }

    my @pieces = ref $opt{body} ? @{ $opt{body} }
               : defined $opt{body} ? ($opt{body}) : ();

    if ($opt{chunked}) {
        @pieces = map {
            ref || !length ? $_ : sprintf "%x\r\n%s\r\n", length, $_
        } @pieces;

        push @pieces, "0\r\n\r\n";
    }

    unshift @headers, Host => 'localhost'
        if !$given{host} && $version ne '0.9';

    push @headers, Connection => $opt{keepalive} ? 'keep-alive' : 'close'
        if !$given{connection};

    if ($opt{chunked}) {
        push @headers, 'Transfer-Encoding' => 'chunked'
            if !$given{'transfer-encoding'};

    } elsif (defined $opt{body} && !$given{'content-length'}) {
        my $length = 0;

        $length += length for grep { !ref } @pieces;

        push @headers, 'Content-Length' => $length;
    }

    my $head = "$method $target HTTP/$version\r\n";

    while (my ($name, $value) = splice @headers, 0, 2) {
        $head .= "$name: $value\r\n" if defined $value;
    }

    $head .= "\r\n";

    # one write, where the body is in one piece

    if (@pieces && !ref $pieces[0] && !ref $opt{body}) {
        $head .= shift @pieces;
    }

    return $head, @pieces;
}


# port => where to; method => of the request, so that the end of an
# answer to HEAD is known; timeout => seconds

sub new {
    my ($class, %opt) = @_;

    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1',
        PeerPort => $opt{port},
        Timeout  => 10,
    ) or die "cannot connect to $opt{port}: $!\n";

    $socket->blocking(0);
    setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;

    return bless {
        socket   => $socket,
        method   => $opt{method} // '',
        in       => '',
        out      => [],
        timeout  => ($opt{timeout} // 30) * $Itinerary::Process::SLOW,
    }, $class;
}


sub socket { return $_[0]{socket} }


# Sends what the peer takes without waiting, and keeps the rest for later.

sub send {
    my ($self, @pieces) = @_;

    push @{ $self->{out} }, @pieces;
    $self->_move(0) while $self->_sendable;

    return $self;
}


# Whether something can be sent now, without a pause.

sub _sendable {
    my ($self) = @_;

    return !$self->{eof} && @{ $self->{out} } && !ref $self->{out}[0]
           && IO::Select->new($self->{socket})->can_write(0);
}


# What has been received so far.

sub received {
    my ($self) = @_;

    $self->_move(0);

    return $self->{in};
}


# Waits until the answer is complete, and returns it; may be called again
# for the next one on the connection.

sub finish {
    my ($self) = @_;

    $self->{deadline} = time + $self->{timeout};

    for (;;) {
        my $answer = $self->_parse;

        return $answer if $answer;

        return $self->_failed('closed') if $self->{eof};
        return $self->_failed('timed out') if time > $self->{deadline};

        $self->_move(0.1);
    }
}


# The same without waiting: undef where the answer is not complete yet.

sub answer {
    my ($self) = @_;

    local $self->{deadline} = 'inf';
    $self->_move(0);

    return $self->_parse // ($self->{eof} ? $self->_failed('closed') : undef);
}


sub close {
    my ($self) = @_;

    CORE::close $self->{socket};
    $self->{eof} = 1;

    return;
}


sub _failed {
    my ($self, $error) = @_;

    return {
        status  => 0,
        headers => {},
        body    => '',
        raw     => $self->{in},
        error   => $error,
        closed  => $self->{eof} ? 1 : 0,
    };
}


# Reads and writes for at most so many seconds.

sub _move {
    my ($self, $timeout) = @_;

    return if $self->{eof};

    my $out = $self->{out};

    shift @$out while @$out && !ref $out->[0] && !length $out->[0];

    if (@$out && ref $out->[0]) {
        $self->{until} //= time + ${ $out->[0] };

        if (time >= $self->{until}) {
            delete $self->{until};
            shift @$out;
            return;
        }

        $timeout = 0.002 if $timeout > 0.002;
    }

    my $both = IO::Select->new($self->{socket});
    my $writing = @$out && !ref $out->[0];

    my ($readable, $writable)
        = IO::Select->select($both, $writing ? $both : undef, undef,
                             $timeout);

    if (@{ $writable // [] }) {
        my $n = syswrite $self->{socket}, $out->[0];

        if (defined $n) {
            substr $out->[0], 0, $n, '';
            shift @$out if !length $out->[0];

        } elsif ($! != EAGAIN && $! != EWOULDBLOCK && $! != EINTR) {

            # the peer has said enough; what it said is read below

            @$out = ();
        }
    }

    if (@{ $readable // [] }) {
        my $n = sysread $self->{socket}, $self->{in}, 65536,
                        length $self->{in};

        if (!defined $n) {
            return if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
            $n = 0;
        }

        $self->{eof} = 1 if $n == 0;
    }

    return;
}


# Takes an answer from the buffer, when all of it is there.

sub _parse {
    my ($self) = @_;

    my ($head) = $self->{in} =~ /\A(.*?\r\n\r\n)/s or return;
    my ($line, @lines) = split /\r\n/, $head;

    my ($version, $status, $reason)
        = $line =~ m{\AHTTP/(\S+) (\d{3}) ?(.*)\z} or return;

    my $headers = headers(@lines);

    # interim answers are skipped

    if ($status =~ /\A1/ && $status != 101) {
        push @{ $self->{interim} }, $status;
        substr $self->{in}, 0, length $head, '';
        return $self->_parse;
    }

    my $rest = substr $self->{in}, length $head;
    my ($body, $length, $error) = $rest;

    if ($self->{method} eq 'HEAD' || $status == 204 || $status == 304) {
        ($body, $length) = ('', 0);

    } elsif (lc($headers->{'transfer-encoding'}[0] // '') eq 'chunked') {
        ($body, $length) = dechunk($rest);

    } elsif (defined $headers->{'content-length'}) {

        if (length $rest >= $headers->{'content-length'}[0]) {
            $length = $headers->{'content-length'}[0];
            $body = substr $rest, 0, $length;
        }

    } elsif ($self->{eof}) {
        $length = length $rest;
    }

    if (!defined $length) {
        return if !$self->{eof} && time <= $self->{deadline};

        $error = $self->{eof} ? 'truncated' : 'timed out';
        $length = length $rest;
    }

    my $raw = substr $self->{in}, 0, length($head) + $length, '';

    return {
        status  => $status + 0,
        reason  => $reason,
        version => $version,
        headers => $headers,
        body    => $body,
        raw     => $raw,
        interim => delete $self->{interim} // [],
        error   => $error,
        closed  => $self->{eof} ? 1 : 0,
    };
}


1;
