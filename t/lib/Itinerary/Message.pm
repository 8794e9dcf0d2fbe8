package Itinerary::Message;

# What the client and the upstream both know of HTTP/1 messages.

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(headers dechunk);


# the values of each header, by its name in lower case

sub headers {
    my (@lines) = @_;

    my %headers;

    for (@lines) {
        my ($name, $value) = /\A([^:]*):[ \t]*(.*?)[ \t]*\z/s or next;
        push @{ $headers{ lc $name } }, $value;
    }

    return \%headers;
}


# The content of a chunked body as far as it is there, and its length as sent
# once it is complete.

sub dechunk {
    my ($in) = @_;

    my $body = '';

    while ($in =~ /\G([0-9a-fA-F]+)[^\r\n]*\r\n/gc) {
        my $size = hex $1;

        if ($size == 0) {
            return ($body, $in =~ /\G(?:[^\r\n]+\r\n)*\r\n/gc ? pos $in
                                                              : undef);
        }

        my $start = pos $in;

        $body .= substr $in, $start, $size;
        pos($in) = $start + $size + 2 if length $in >= $start + $size + 2;
        last if pos $in == $start;
    }

    return ($body, undef);
}


1;
