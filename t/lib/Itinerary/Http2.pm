package Itinerary::Http2;

# An HTTP/2 client for one request, that sends whatever it is told to: names
# and values are not looked at, and neither are lengths.

use strict;
use warnings;

use IO::Select ();
use IO::Socket::INET ();
use Time::HiRes qw(time);

use Itinerary::Process;

use constant {
    DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4, PING => 6,
    GOAWAY => 7, CONTINUATION => 9,

    END_STREAM => 1, ACK => 1, END_HEADERS => 4, PADDED => 8,
};

# statuses that have a place in the static table

my @STATUS = (200, 204, 206, 304, 400, 404, 500);


# The answer to a request: a hash of status and body; status is 0 where the
# stream or the connection was ended instead, as error says.
#
# headers => [name => value, ...], pseudo-headers among them; body; trailers
# => as headers; how => { continuation => 1: the headers in two frames;
# padded => 1: padded DATA; bytes => 1: a DATA frame for each byte;
# empty => 1: empty DATA frames before and after }

sub request {
    my ($port, %opt) = @_;

    my $how = $opt{how} // {};
    my $body = $opt{body} // '';
    my $trailers = $opt{trailers} // [];
    my $block = _block(@{ $opt{headers} });
    my $rest = length $body || @$trailers || $how->{empty};
    my $out = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . _frame(SETTINGS, 0, 0, '');

    if ($how->{continuation}) {
        $out .= _frame(HEADERS, $rest ? 0 : END_STREAM, 1, substr $block, 0, 9)
                . _frame(CONTINUATION, END_HEADERS, 1, substr $block, 9);
    } else {
        $out .= _frame(HEADERS, END_HEADERS | ($rest ? 0 : END_STREAM), 1,
                       $block);
    }

    if ($rest) {
        my @pieces = $how->{bytes} ? split(//, $body)
                   : $body =~ /(.{1,16000})/gs;

        @pieces = ('', @pieces, '') if $how->{empty} || !@pieces;

        while (@pieces) {
            my $piece = shift @pieces;
            my $flags = @pieces || @$trailers ? 0 : END_STREAM;

            if ($how->{padded}) {
                $piece = "\7$piece" . "\0" x 7;
                $flags |= PADDED;
            }

            $out .= _frame(DATA, $flags, 1, $piece);
        }

        if (@$trailers) {
            $out .= _frame(HEADERS, END_HEADERS | END_STREAM, 1,
                           _block(@$trailers));
        }
    }

    return _exchange($port, $out);
}


sub _frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
           . pack('CCN', $type, $flags, $stream) . $payload;
}


# literal fields without indexing, names and values as they are

sub _block {
    my (@headers) = @_;

    my $block = '';

    while (my ($name, $value) = splice @headers, 0, 2) {
        $block .= "\0" . _string($name) . _string($value);
    }

    return $block;
}


sub _string {
    my ($text) = @_;

    my $length = length $text;

    return chr($length) . $text if $length < 127;

    my $prefix = chr 127;

    for ($length -= 127; $length >= 128; $length >>= 7) {
        $prefix .= chr($length & 127 | 128);
    }

    return $prefix . chr($length) . $text;
}


sub _exchange {
    my ($port, $out) = @_;

    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1',
        PeerPort => $port,
        Timeout  => 10,
    ) or die "cannot connect to $port: $!\n";

    $socket->blocking(0);

    my $deadline = time + 30 * $Itinerary::Process::SLOW;
    my $select = IO::Select->new($socket);
    my %answer = (status => 0, body => '', raw => '');
    my $in = '';

    while (time < $deadline) {

        if (length $out) {
            my $n = syswrite $socket, $out;

            substr $out, 0, $n // 0, '';
        }

        $select->can_read(0.05);

        my $n = sysread $socket, $in, 65536, length $in;

        if (defined $n && $n == 0) {
            $answer{error} //= 'closed';
            last;
        }

        while (length $in >= 9) {
            my $length = unpack 'N', "\0" . substr $in, 0, 3;

            last if length $in < 9 + $length;

            my ($type, $flags, $stream) = unpack 'CCN', substr $in, 3, 6;
            my $payload = substr $in, 9, $length;

            substr $in, 0, 9 + $length, '';

            $out .= _frame($type, ACK, 0, $type == PING ? $payload : '')
                if ($type == SETTINGS || $type == PING) && !($flags & ACK);

            if ($type == GOAWAY) {
                $answer{error} = 'GOAWAY ' . unpack 'x4N', $payload;
                return \%answer;
            }

            next if $stream != 1;

            $answer{status} = _status($payload) if $type == HEADERS;
            $answer{body} .= $payload if $type == DATA;
            $answer{error} = 'RST_STREAM ' . unpack 'N', $payload
                if $type == RST_STREAM;

            return \%answer
                if $type == RST_STREAM
                   || ($type == HEADERS || $type == DATA)
                      && ($flags & END_STREAM);
        }
    }

    $answer{error} //= 'timed out';

    return \%answer;
}


# nginx's first field is the status, by its index or as three digits

sub _status {
    my ($block) = @_;

    $block =~ s/\A[\x20-\x3f]+//;

    return $STATUS[ord($1) - 0x88] if $block =~ /\A([\x88-\x8e])/;
    return $1 if $block =~ /\A[\x08\x48]\x03(\d{3})/;

    return 0;
}


1;
