package Itinerary::Mutation;

# Requests that are nearly right: a request, and what somebody may do to its
# target, headers and body, and to how it is sent.  All that is random comes
# from rand(), so that srand() repeats it.

use strict;
use warnings;

use Compress::Zlib ();
use Exporter qw(import);

use Itinerary::Client;
use Itinerary::Document;

our @EXPORT = qw(mutated pieces);


my @GUARDED = qw(Itinerary Bookings Booking Segments RecordLocator
                 BookingSource TripStatus TripId ItinLocator id
                 ConfirmationNumber);

my @HEADERS = (
    ['Content-Type', 'text/plain'],
    ['Content-Type', 'text/xml; charset=utf-16'],
    ['Content-Type', 'application/xml; charset="utf-8"'],
    ['Content-Type', 'application/xml; charset=utf-8; charset=latin1'],
    ['Content-Type', 'multipart/form-data; boundary=a'],
    ['content-type', 'application/xml'],
    ['Content-Encoding', 'gzip'],
    ['Content-Encoding', 'identity'],
    ['Transfer-Encoding', 'chunked'],
    ['Transfer-Encoding', 'gzip, chunked'],
    ['Content-Length', '5'],
    ['Content-Length', '99999'],
    ['Content-Length', '-1'],
    ['Expect', '100-continue'],
    ['Connection', 'Content-Length, keep-alive'],
    ['X-HTTP-Method-Override', 'PUT'],
    ['X-Original-URL', '/api/travel/trip/v1.1/cancel?tripId=T'],
    ['X_HTTP_Method', 'GET'],
    ['Authorization', 'Bearer nobody'],
    ['Authorization', 'Basic eA=='],
    ['X-Supplier', 'Beta'],
    ['Accept', 'application/problem+json'],
    ['Accept', 'application/json;q=0.5, text/*;q=0'],
    ['Accept-Encoding', 'gzip'],
    ['Range', 'bytes=0-1'],
    ['If-Match', '*'],
    ['Trailer', 'Authorization'],
    ['Upgrade', 'h2c'],
    ['Host', 'another'],
    ['X-Long', 'x' x 6000],
);

my @ATTRIBUTES = (
    'xmlns=""',
    'xmlns="urn:a"',
    qq{xmlns="$Itinerary::Document::NAMESPACE"},
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"',
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="a"',
    'a="b"',
);

my @PREFIXES = (
    'xmlns:x="urn:a"',
    'xmlns:x="http://www.w3.org/2001/XInclude"',
    qq{xmlns:x="$Itinerary::Document::NAMESPACE"},
    'xmlns:x="https://www.concursolutions.com/api/travel/trip/2010/06"',
    'x="a"',
);


sub _one { return $_[rand @_] }


# The request, a hash of method, path, args, headers, body and what pieces()
# takes, changed in a few ways.  words => what to put somewhere; names =>
# [source, locator]s and ids => of trips that it should have nothing to do
# with.

sub mutated {
    my ($request, %opt) = @_;

    my %r = (%$request, headers => [ @{ $request->{headers} } ]);

    for (1 .. _one(0, 1, 1, 2, 2, 3, 5)) {
        _one(\&_target, \&_header, \&_element, \&_element, \&_element,
             \&_name, \&_name, \&_bytes, \&_framing)->(\%r, %opt);
    }

    return \%r;
}


sub _target {
    my ($r, %opt) = @_;

    my $id = _one(@{ $opt{ids} });

    _one(
        sub { $r->{args} = "tripId=$id" },
        sub { $r->{args} .= _one('&', ';', '&&', '?') . 'tripid=' . $id },
        sub { $r->{args} = _one('a=b;', 'x=', '') . 'tripId=' . $id
                           . "&$r->{args}" },
        sub { $r->{args} =~ s/(\w)/sprintf '%%%02x', ord $1/e },
        sub { $r->{args} =~ s/(?<=.)(\w)/sprintf '%%25%02x', ord $1/e },
        sub { $r->{args} =~ s/tripId/_one('tripId[]', 'trip_id', 'tripId%20',
                                          'TRIPID', 'tripId%00', 'trip.tripId')
                             /ei },
        sub { _insert(\$r->{args}, %opt) },
        sub { _insert(\$r->{path}, %opt) },
        sub { $r->{path} .= _one('/', '//', '/.', ';a', '%2f', '/cancel',
                                 '/GetTrips', "/$id", '#', '?') },
        sub { $r->{path} =~ s{/(trip|booking)}{_one('//', '/./', '/x/../',
                                                    '/%2e/') . $1}e },
        sub { $r->{path} =~ s/(trip|booking|cancel)/\u$1/ },
        sub { $r->{path} =~ s/trip/booking/ || $r->{path} =~ s/booking/trip/ },
        sub { $r->{path} =~ s/v[\d.]+/_one('v1', 'v1.0', 'v2', 'v', 'v1.1.1')
                             /e },
        sub { $r->{method} = _one(qw(GET HEAD PUT DELETE PATCH OPTIONS POST
                                     TRACE post CONNECT)) },
        sub { $r->{absolute} = 1 },
        sub { $r->{bare} = 1; $r->{args} .= _one(' ', "\t", "\0", "\n") },
    )->();

    return;
}


sub _header {
    my ($r) = @_;

    my $header = _one(@HEADERS);

    _one(
        sub { push @{ $r->{headers} }, $header },
        sub { unshift @{ $r->{headers} }, $header },
        sub {
            @{ $r->{headers} } = grep { lc $_->[0] ne lc $header->[0] }
                                      @{ $r->{headers} };
            push @{ $r->{headers} }, $header;
        },
        sub { splice @{ $r->{headers} }, rand @{ $r->{headers} }, 1 },
        sub {
            my $twice = _one(@{ $r->{headers} });
            push @{ $r->{headers} }, [@$twice] if $twice;
        },
        sub {
            $r->{body} = Compress::Zlib::memGzip($r->{body});
            push @{ $r->{headers} }, ['Content-Encoding', 'gzip'];
        },
        sub { $r->{version} = _one('1.0', '1.1', '0.9', '2.0') },
    )->();

    return;
}


# an element of the body, doubled, moved, renamed, wrapped

sub _element {
    my ($r, %opt) = @_;

    my $name = _one(@GUARDED);
    my ($element, $start);

    if ($r->{body} =~ m{(<$name\b[^>]*>.*?</$name>)}s) {
        ($element, $start) = ($1, $-[1]);

    } else {
        return _bytes(@_);
    }

    my $in = sub { substr $r->{body}, $start, length $element, $_[0] };
    my ($text) = $element =~ />([^<]*)</;
    my $source = _one(@{ $opt{names} });

    _one(
        sub { $in->($element . $element) },
        sub { $in->('') },
        sub { $in->(lc $element) },
        sub { $in->($element =~ s/>/ @{[ _one(@ATTRIBUTES) ]}>/r) },
        sub { $in->($element =~ s{<(/?)(\w)}{<$1x:$2}gr
                             =~ s/>/ @{[ _one(@PREFIXES) ]}>/r) },
        sub { $in->("<Extra>$element</Extra>") },
        sub { $in->("<!-- $element -->") },
        sub { $in->("<![CDATA[$element]]>") },
        sub { $in->($element =~ s/(?<=>)([^<]*)/_around($1)/er) },
        sub { $in->("<$name>$source->[ _one(0, 1) ]</$name>$element") },
        sub { $in->("$element<$name>$source->[ _one(0, 1) ]</$name>") },
        sub {
            my $at = rand length $r->{body};

            $at = index $r->{body}, '<', $at;
            substr $r->{body}, $at < 0 ? 0 : $at, 0, $element;
        },
        sub { $in->("<$name>" . _one('2', '02', ' 2 ', '', 'HK') . "</$name>")
        },
    )->();

    return;
}


sub _around {
    my ($text) = @_;

    return _one(
        "<![CDATA[$text]]>", "<!-- a -->$text", "$text<a/>", " $text\n",
        "<?a b?>$text", lc $text, "$text\xe2\x80\x8b", "\xc2\xa0$text",
        $text =~ s/(.)/sprintf '&#%u;', ord $1/er, "&a;$text", "$text\0",
    );
}


# another's booking, in so many spellings

sub _name {
    my ($r, %opt) = @_;

    my ($source, $locator) = @{ _one(@{ $opt{names} }) };

    if (rand 4 < 1) {
        ($source, $locator) = map { _around($_) } $source, $locator;

    } elsif (rand 4 < 1) {
        $_ = _one(lc, " $_ ", ucfirst lc, "\n$_") for $source, $locator;
    }

    if (rand 4 < 3) {
        $r->{body} =~ s{(<BookingSource>)[^<]*}{$1$source};
        $r->{body} =~ s{(<RecordLocator>)[^<]*}{$1$locator};

    } else {
        $r->{body} =~ s{(<RecordLocator>)[^<]*}{$1$locator};
    }

    if ($r->{args} =~ /bookingSource/) {
        $r->{args} = "bookingSource=$source&confirmationNumber=$locator";
        $r->{args} =~ s/([^\w=&])/sprintf '%%%02x', ord $1/ge;
    }

    return;
}


sub _insert {
    my ($text, %opt) = @_;

    substr $$text, rand 1 + length $$text, 0, _one(@{ $opt{words} });

    return;
}


sub _bytes {
    my ($r, %opt) = @_;

    my $text = \$r->{body};
    my $at = int rand 1 + length $$text;
    my $n = int rand 1 + rand 40;

    _one(
        sub { _insert($text, %opt) },
        sub { _insert($text, %opt) },
        sub { substr $$text, $at, $n, '' if $at < length $$text },
        sub { substr $$text, $at, 1, chr rand 256 if $at < length $$text },
        sub {
            substr $$text, $at, 0, substr $$text, rand $at, $n
                if $at < length $$text;
        },
        sub { $$text = substr $$text, 0, $at },
        sub { $$text .= _one("\n", ' ', "\0", '<a/>', '<!-- a -->', $$text) },
        sub { $$text = _one("\xef\xbb\xbf", "\xfe\xff", ' ', '<!DOCTYPE a>',
                            '<?xml version="1.0" encoding="UTF-16"?>',
                            '<?a b?>') . $$text },
        sub { $$text = join '', map { "\0$_" } split //, $$text },
        sub {
            $$text =~ s{>}{'>' . '<a>' x 70 . '</a>' x 70}e;
        },
        sub {
            $$text =~ s{>}{' ' . join(' ', map { "a$_=''" } 1 .. 70) . '>'}e;
        },
    )->();

    return;
}


sub _framing {
    my ($r) = @_;

    _one(
        sub { $r->{chunked} = 1 },
        sub { $r->{chunked} = 1; $r->{cut} = 1 + int rand 20 },
        sub { $r->{cut} = 1 + int rand 200 },
        sub { $r->{cut} = 1 + int rand 30; $r->{slow} = 1 },
        sub { $r->{early} = rand },
    )->();

    return;
}


# The bytes of a request, and where to pause, as Itinerary::Client sends them;
# the same each time.

sub pieces {
    my ($r) = @_;

    my $target = ($r->{absolute} ? 'http://localhost' : '') . $r->{path}
                 . (length $r->{args} ? "?$r->{args}" : '');

    # as every client would; only a few mutations get by

    $target =~ s/[\0-\x20]/+/g if !$r->{bare};

    my @body = defined $r->{body} ? $r->{body} : ();

    if ($r->{cut} && $r->{chunked}) {
        @body = grep { length } $r->{body} =~ /(.{1,$r->{cut}})/gs;
    }

    my $bytes = '';

    $bytes .= $_ for Itinerary::Client::request($r->{method}, $target,
        version   => $r->{version} // '1.1',
        headers   => [map { @$_ } @{ $r->{headers} }],
        body      => @body > 1 ? \@body : $body[0],
        chunked   => $r->{chunked},
        keepalive => 0,
    );

    $bytes = substr $bytes, 0, $r->{early} * length $bytes if $r->{early};

    my @pieces = $bytes;

    if ($r->{cut} && !$r->{chunked}) {
        my $n = 1 + int(length($bytes) / $r->{cut});

        @pieces = $bytes =~ /(.{1,$n})/gs;
        @pieces = map { ($_, \0.002) } @pieces if $r->{slow};
    }

    return @pieces;
}


1;
