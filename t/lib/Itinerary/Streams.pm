package Itinerary::Streams;

# Many requests at a time on one HTTP/2 connection, with their bodies in the
# frames that one asks for.  Of an answer it knows the status and the body.

use strict;
use warnings;

use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use IO::Select ();
use IO::Socket::INET ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

use Itinerary::Process;

my ($DATA, $HEADERS, $RST_STREAM, $SETTINGS, $PING, $GOAWAY, $WINDOW_UPDATE)
    = (0, 1, 3, 4, 6, 7, 8);

my ($END_STREAM, $ACK, $END_HEADERS) = (1, 1, 4);

# statuses that have a number of their own, from 8 on

my @STATUS = (200, 204, 206, 304, 400, 404, 500);


# port => where to; timeout => seconds

sub new {
    my ($class, %opt) = @_;

    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1',
        PeerPort => $opt{port},
        Timeout  => 10,
    ) or die "cannot connect to $opt{port}: $!\n";

    $socket->blocking(0);
    setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;

    my $self = bless {
        socket  => $socket,
        in      => '',
        streams => {},
        next    => 1,
        timeout => ($opt{timeout} // 30) * $Itinerary::Process::SLOW,
    }, $class;

    # answers may come as they like: SETTINGS_INITIAL_WINDOW_SIZE

    return $self->write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                        . frame($SETTINGS, 0, 0, pack 'nN', 4, 0x7fffffff)
                        . frame($WINDOW_UPDATE, 0, 0, pack 'N', 0x3fffffff));
}


sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
           . pack('CCN', $type, $flags, $stream) . $payload;
}


# The bytes of a request on the next stream: its method, target, headers (as a
# list), and a DATA frame for each piece of its body.

sub request {
    my ($self, $method, $target, $headers, @pieces) = @_;

    my $id = $self->{next};
    my @headers = (':method', $method, ':path', $target, ':scheme', 'http',
                   ':authority', 'localhost', @$headers);
    my $block = '';

    $self->{next} += 2;
    $self->{streams}{$id} = { body => '' };
    push @{ $self->{order} }, $id;

    # literals that are not indexed, and not compressed

    while (my ($name, $value) = splice @headers, 0, 2) {
        $block .= "\0" . text(lc $name) . text($value);
    }

    my $flags = $END_HEADERS | (@pieces ? 0 : $END_STREAM);
    my $bytes = frame($HEADERS, $flags, $id, $block);

    for my $n (0 .. $#pieces) {
        $bytes .= frame($DATA, $n == $#pieces ? $END_STREAM : 0, $id,
                        $pieces[$n]);
    }

    return $bytes;
}


# a length is an integer of seven bits, or more

sub text {
    my ($text) = @_;

    my $n = length $text;
    my $length = pack 'C', $n < 127 ? $n : 127;

    if ($n >= 127) {
        for ($n -= 127; $n > 127; $n >>= 7) {
            $length .= pack 'C', $n & 127 | 128;
        }

        $length .= pack 'C', $n;
    }

    return $length . $text;
}


# Sends bytes, and takes what comes meanwhile.

sub write {
    my ($self, $bytes) = @_;

    my $deadline = time + $self->{timeout};

    while (length $bytes && !$self->{eof}) {
        my $n = syswrite $self->{socket}, $bytes;

        if (defined $n) {
            substr $bytes, 0, $n, '';

        } elsif ($! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR) {
            die "HTTP/2: nothing can be sent\n" if time > $deadline;
            $self->_read(0.1);

        } else {
            die "HTTP/2: $!\n";
        }
    }

    return $self;
}


# Waits for the answers to all requests; returns them in the order of these,
# each a hash of status (0 where the stream was reset) and body.

sub answers {
    my ($self) = @_;

    my $deadline = time + $self->{timeout};
    my $streams = $self->{streams};
    my @order = @{ delete $self->{order} // [] };

    while (grep { !$streams->{$_}{end} } @order) {
        last if $self->{eof} || time > $deadline;
        $self->_read(0.1);
    }

    return map { { status => 0, %{ delete $streams->{$_} } } } @order;
}


sub _read {
    my ($self, $timeout) = @_;

    IO::Select->new($self->{socket})->can_read($timeout) or return;

    my $n = sysread $self->{socket}, $self->{in}, 65536, length $self->{in};

    if (!defined $n) {
        return if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
        $n = 0;
    }

    $self->{eof} = 1 if $n == 0;

    while (length $self->{in} >= 9) {
        my ($type, $flags, $id) = unpack 'x3CCN', $self->{in};
        my $length = unpack 'N', "\0" . substr $self->{in}, 0, 3;

        last if length $self->{in} < 9 + $length;

        my $payload = substr $self->{in}, 9, $length;

        substr $self->{in}, 0, 9 + $length, '';
        $self->_frame($type, $flags, $id & 0x7fffffff, $payload);
    }

    return;
}


sub _frame {
    my ($self, $type, $flags, $id, $payload) = @_;

    if ($type == $SETTINGS || $type == $PING) {

        if (!($flags & $ACK)) {
            $self->write(frame($type, $ACK, 0, $type == $PING ? $payload : ''));
        }

        return;
    }

    my $stream = $self->{streams}{$id} or return;

    if ($type == $HEADERS) {

        # behind a change of the table's size, a number or a text

        my ($number, $text) = $payload =~ /\A[\x20-\x3f]*
                                           (?:([\x88-\x8e])|.\x03(\d{3}))/sx;

        $stream->{status} //= $number ? $STATUS[ ord($number) - 0x88 ] : $text;

    } elsif ($type == $DATA) {
        $stream->{body} .= $payload;

    } elsif ($type == $RST_STREAM) {
        $stream->{end} = 1;
    }

    if (($type == $HEADERS || $type == $DATA) && $flags & $END_STREAM) {
        $stream->{end} = 1;
    }

    return;
}


sub close {
    my ($self) = @_;

    CORE::close $self->{socket};

    return;
}


1;
