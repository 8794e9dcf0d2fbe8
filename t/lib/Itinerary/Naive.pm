package Itinerary::Naive;

# What an API would do with a request if it read it naively: the request is
# read in every way that some server, framework or parser reads such things,
# and told is the union of what that would do to what is another's.  Nothing
# here is lenient by accident: it stands for what may be behind a gateway.

use strict;
use warnings;
use feature qw(fc);

use Compress::Zlib ();
use Encode ();
use JSON::PP ();
use List::Util qw(uniq);
use MIME::Base64 qw(decode_base64);
use MIME::QuotedPrint qw(decode_qp);
use Unicode::Normalize qw(NFKC);

use Itinerary::NaiveXml;

my @OVERRIDE = qw(x-http-method-override x-http-method x-method-override);
my @REWRITE = qw(x-original-url x-rewrite-url);

my $METHOD = qr/GET|HEAD|POST|PUT|PATCH|DELETE/;


# world => { trip => { mine => whether the poster may write to it,
#                      xml => the trip as it is } }; me => the poster's source

sub new {
    my ($class, %opt) = @_;

    my $self = bless { %opt }, $class;

    for my $id (keys %{ $opt{world} }) {
        my ($trip) = Itinerary::NaiveXml::readings($opt{world}{$id}{xml});

        for my $booking (@{ $trip->{bookings} }) {
            next if $booking->{source} eq uc $opt{me};

            my $name = "$booking->{source}|$booking->{locator}";

            $self->{theirs}{$name} = $booking->{content};
            $self->{numbers}{"$booking->{source}|$_"} = $name
                for $booking->{locator}, @{ $booking->{numbers} };

            push @{ $self->{trips}{$id} }, $name;
        }
    }

    return $self;
}


# What the requests, as they were received, do to what is another's: the
# effects, each with the readings that bring it about.

sub touched {
    my ($self, @requests) = @_;

    my %touched;

    for my $raw (@requests) {
        for my $message (_messages($raw)) {
            $self->_touch(\%touched, $message);
        }
    }

    return \%touched;
}


# The requests that somebody finds in these bytes: all say where the first one
# ends, and not all say the same.

sub _messages {
    my ($raw, $how, $depth) = @_;

    my ($head, $end, $rest) = $raw =~ /\A(.*?)(\r?\n\r?\n)(.*)\z/s or return;

    $head =~ s/\r?\n[ \t]+/ /g;

    my ($line, @lines) = split /\r?\n/, $head;
    my ($method, $target) = ($line // '') =~ /\A\s*(\S+)[ \t]+(\S+)/ or return;

    my @headers;

    for (@lines) {
        my ($name, $value) = /\A([^:]*):[ \t]*(.*?)[ \t]*\z/s or next;

        # as CGI and others fold the names

        $name = lc $name;
        $name =~ tr/_/-/;
        $name =~ s/[^!-~]//g;

        push @headers, [$name, $value];
    }

    my %message = (method => $method, target => $target,
                   headers => \@headers, how => $how // 'as it is');

    my @messages = ({ %message, body => $rest });

    return @messages if ($depth // 0) == 3;

    # where the body may end

    my @lengths;

    for (grep { $_->[0] eq 'content-length' } @headers) {
        for my $value (split /[,\s]+/, $_->[1]) {
            push @lengths, ['a Content-Length', $1]
                if $value =~ /\A["'+]?(\d+)/;
            push @lengths, ['a Content-Length of base 16', hex $1]
                if $value =~ /\A0x([0-9a-f]+)/i;
        }
    }

    for (grep { $_->[0] eq 'transfer-encoding' } @headers) {
        next if $_->[1] !~ /chunked/i;

        my ($body, $length) = _dechunk($rest);

        if (defined $length) {
            push @lengths, ['chunks', $length];
            push @messages, { %message, how => 'chunks', body => $body };
        }
    }

    push @lengths, ['no body', 0] if !@lengths;

    for (@lengths) {
        my ($name, $length) = @$_;

        next if $length >= length $rest;

        push @messages, { %message, how => $name,
                          body => substr $rest, 0, $length };

        my $next = substr $rest, $length;

        $next =~ s/\A\s+//;

        if ($next =~ /\A$METHOD \S+/) {
            push @messages, _messages($next, "what follows $name",
                                      ($depth // 0) + 1);
        }
    }

    return @messages;
}


sub _dechunk {
    my ($in) = @_;

    my $body = '';

    while ($in =~ /\G\s*(?:0x)?([0-9a-fA-F]{1,8})[^\n]*\n/gc) {
        my $size = hex $1;

        if ($size == 0) {
            $in =~ /\G(?:[^\r\n]+\r?\n)*\r?\n?/gc;
            return ($body, pos $in);
        }

        my $start = pos $in;

        return ($body) if $start + $size > length $in;

        $body .= substr $in, $start, $size;
        pos($in) = $start + $size;
    }

    return ($body);
}


sub _touch {
    my ($self, $touched, $message) = @_;

    my @headers = @{ $message->{headers} };
    my @bodies = _unwrapped($message->{body}, \@headers);

    # arguments of the target, of a form, of cookies

    my @targets = uniq(map { _targets($_) } $message->{target},
                       _values(\@headers, @REWRITE));

    my %args;

    for my $body (@bodies) {
        _arguments(\%args, "$body->{how}, a form", $body->{form})
            if defined $body->{form};
        _argument(\%args, "$body->{how}, a form", @$_)
            for @{ $body->{fields} // [] };
    }

    for my $cookies (_values(\@headers, 'cookie')) {
        _arguments(\%args, 'a cookie', $_) for split /;\s*/, $cookies;
    }

    for my $target (@targets) {
        my (undef, $query) = split /\?/, $target, 2;

        _arguments(\%args, 'an argument', $query) if defined $query;

        # parameters of a segment

        while ($target =~ /;([^\/;?#]*)/g) {
            _arguments(\%args, 'a parameter of a segment', $1);
        }
    }

    my @methods = uniq(map { uc } $message->{method},
                       _values(\@headers, @OVERRIDE),
                       map { @$_ } values %{ $args{method} // {} });

    my %operations;

    for my $target (@targets) {
        my $path = lc((split /[?#]/, $target, 2)[0] // '');

        my ($what, $cancel)
            = $path =~ m{/(trip|booking)/v\d+(?:\.\d+)?/?(cancel)?
                         (?:\.xml|\.json|/)?\z}x or next;

        for my $method (@methods) {
            my $is_cancel = $cancel || $method eq 'DELETE';

            next if $method !~ /\A(?:POST|PUT|PATCH|DELETE)\z/;

            $operations{ $what eq 'trip' ? $is_cancel ? 'cancel' : 'post'
                                         : $is_cancel ? 'cancel_booking'
                                                      : 'book' } = 1;
        }
    }

    $self->_cancel($touched, $message, $args{tripid})
        if $operations{cancel};

    $self->_cancel_booking($touched, $message, \%args)
        if $operations{cancel_booking};

    return if !$operations{post} && !$operations{book};

    for my $body (@bodies) {
        for my $reading (Itinerary::NaiveXml::readings($body->{data},
                                                       $body->{charset}))
        {
            my $how = "$message->{how}, $body->{how}, $reading->{how}";

            $self->_post($touched, $how, $reading, $args{tripid})
                if $operations{post};

            $self->_post_bookings($touched, $how, $reading)
                if $operations{post} || $operations{book};
        }
    }

    return;
}


sub _cancel {
    my ($self, $touched, $message, $ids) = @_;

    for my $how (keys %{ $ids // {} }) {
        for my $id (map { $self->_trip($_) } @{ $ids->{$how} }) {
            push @{ $touched->{'cancel trip'} }, "$message->{how}, $how"
                if !$self->{world}{$id}{mine};
        }
    }

    return;
}


sub _cancel_booking {
    my ($self, $touched, $message, $args) = @_;

    my @sources = map { @$_ } values %{ $args->{bookingsource} // {} };

    for my $how (keys %{ $args->{confirmationnumber} // {} }) {
        for my $number (@{ $args->{confirmationnumber}{$how} }) {
            for my $source (@sources) {
                push @{ $touched->{'cancel booking'} }, "$message->{how}, $how"
                    if $self->{numbers}{ _loose($source) . '|'
                                         . _loose($number) };
            }
        }
    }

    return;
}


# a trip that is made, or replaced

sub _post {
    my ($self, $touched, $how, $reading, $ids) = @_;

    return if !$reading->{itinerary};

    my %ids = (%{ $ids // {} }, 'an id in the body' => $reading->{ids});

    for my $where (keys %ids) {
        for my $id (map { $self->_trip($_) } @{ $ids{$where} }) {

            push @{ $touched->{'update trip'} }, "$how, $where"
                if $self->{world}{$id}{mine} < 2;

            my %posted = map { ("$_->{source}|$_->{locator}" => 1) }
                         @{ $reading->{bookings} };

            push @{ $touched->{'remove booking'} }, "$how, $where"
                if grep { !$posted{$_} } @{ $self->{trips}{$id} };
        }
    }

    return;
}


sub _post_bookings {
    my ($self, $touched, $how, $reading) = @_;

    for my $booking (@{ $reading->{bookings} }) {
        my $content
            = $self->{theirs}{"$booking->{source}|$booking->{locator}"};

        push @{ $touched->{'change booking'} }, $how
            if defined $content && $content ne $booking->{content};
    }

    return;
}


# the trips that have that id, for somebody who compares it so

sub _trip {
    my ($self, $value) = @_;

    return grep { $_ eq $value || _loose($_) eq _loose($value) }
           keys %{ $self->{world} };
}


sub _loose { return Itinerary::NaiveXml::loose(@_) }


sub _values {
    my ($headers, @names) = @_;

    my %names = map { $_ => 1 } @names;

    return map { $_->[1] } grep { $names{ $_->[0] } } @$headers;
}


# What a target is to those who decode, clean and cut it, in any order.

sub _targets {
    my ($target) = @_;

    my @steps = (
        sub { s{\A[a-z]+://[^/?#]*}{}i },
        sub { s/%([0-9a-f]{2})/chr hex $1/gie },
        sub { s/%u([0-9a-f]{4})/chr hex $1/gie },
        sub { s/([\xc0\xc1])([\x80-\xbf])/chr((ord($1) & 3) << 6
                                               | ord($2) & 63)/gesx },
        sub { tr{\\}{/} },
        sub { s{\A([^?]*)}{ $1 =~ s{//+}{/}gr }e },
        sub { s{\A([^?]*)}{ _undotted($1) }e },
        sub { s{;[^/?]*}{}g },
        sub { s{\A([^?]*);}{$1?} },
        sub { s{[#\0].*}{}s },
        sub { s{\A([^?]*?)[\s.\0]+(?=\?|\z)}{$1} },
        sub { s{\A([^?]*?)/+(?=\?|\z)}{$1} },
        sub { s{\A(?=[^/])}{/} },
        sub { $_ = NFKC($_) },
    );

    my %seen = ($target => 1);
    my @todo = ($target);

    while (@todo && keys %seen < 200) {
        my $from = shift @todo;

        for my $step (@steps) {
            local $_ = $from;

            $step->();
            push @todo, $_ if !$seen{$_}++;
        }
    }

    return keys %seen;
}


sub _undotted {
    my ($path) = @_;

    1 while $path =~ s{/\.(?=/|\z)}{}
            || $path =~ s{/(?!\.\./)[^/]+/\.\.(?=/|\z)}{};

    return $path;
}


# Adds what somebody finds in a query, by the plain names.

sub _arguments {
    my ($args, $how, $query) = @_;

    my $again = _decoded($query);

    for my $text (uniq($query, $again)) {
        for my $pair (split(/&/, $text), split(/[&;?#]/, $text)) {
            my ($name, $value) = split /=/, $pair, 2;

            _argument($args, $how, $name, $value) if defined $value;
        }
    }

    return;
}


sub _argument {
    my ($args, $how, $name, $value) = @_;

    my @values = uniq(map { ($_, s/[\0#].*//sr) }
                      map { ($_, tr/+/ /r) }
                      map { ($_, s/\A\s+|\s+\z//gr) }
                      $value, _decoded($value), _decoded(_decoded($value)));

    for my $plain (uniq(map { fc }
                        map { ($_, s/\A.*[.\[]//sr, s/[.\[].*//sr,
                               s/\0.*//sr) }
                        map { ($_, tr/+/ /r) }
                        $name, _decoded($name), _decoded(_decoded($name))))
    {
        $plain = NFKC($plain);
        $plain =~ s/\x{131}|i\x{307}/i/g;
        $plain =~ s/[^a-z0-9]//g;

        push @{ $args->{$plain}{$how} }, @values
            if $plain =~ /\A(?:tripid|bookingsource|confirmationnumber)\z/;

        push @{ $args->{method}{$how} }, @values
            if $plain =~ /\A(?:method|xhttpmethod(?:override)?)\z/
               && $name !~ /\Am/i;
    }

    return;
}


sub _decoded {
    my ($text) = @_;

    $text =~ s/%u([0-9a-f]{4})/chr hex $1/gie;
    $text =~ s/%([0-9a-f]{2})/chr hex $1/gie;

    # what is overlong, and UTF-8, where it is some

    $text =~ s/([\xc0\xc1])([\x80-\xbf])/chr((ord($1) & 3) << 6 | ord($2) & 63)
              /gesx;

    my $octets = $text;

    if ($text =~ /[\x80-\xff]/ && $text !~ /[^\0-\xff]/) {
        my $chars = eval { Encode::decode('UTF-8', $octets,
                                          Encode::FB_CROAK) };

        $text = $chars if defined $chars;
    }

    return $text;
}


# The documents that somebody finds in a body, and the arguments.

sub _unwrapped {
    my ($data, $headers, $how, $depth) = @_;

    $how //= 'plain';
    $depth //= 0;

    my $types = join ' ', map { lc } _values($headers, 'content-type');
    my $codings = join ' ', map { lc } _values($headers, 'content-encoding');
    my $transfer = join ' ', map { lc } _values($headers,
                                               'content-transfer-encoding');
    my ($charset) = $types =~ /charset\s*=\s*["']?([\w-]+)/;

    # encoded, as in MIME

    $charset //= $1 if $types =~ /charset\*=[\w-]*'\w*'([\w-]+)/;

    my %body = (how => $how, data => $data, charset => $charset);
    my @more;

    if ($data =~ /\A\x1f\x8b/ || $codings =~ /gzip/) {
        push @more, ['gunzipped', Compress::Zlib::memGunzip($data)];
    }

    if ($codings =~ /deflate/) {
        push @more, ['inflated', Compress::Zlib::uncompress($data)],
                    ['inflated', _inflated($data)];
    }

    if ($data =~ m{\A[A-Za-z0-9+/\s]{40,}={0,2}\s*\z}
        || $transfer =~ /base64/)
    {
        push @more, ['out of base64', decode_base64($data)];
    }

    if ($transfer =~ /quoted/) {
        push @more, ['out of quoted-printable', decode_qp($data)];
    }

    if ($types =~ /form/ || $data =~ /\A[\w.\[\]-]{1,40}=/) {
        $body{form} = $data;

        for (split /[&;]/, $data) {
            my (undef, $value) = split /=/, $_, 2;

            push @more, ['of a form', _decoded($value =~ tr/+/ /r)]
                if defined $value;
        }
    }

    my @boundaries = map { /boundary\s*=\s*"?([^";,]+)/i ? $1 : () }
                     _values($headers, 'content-type');

    push @boundaries, $1 if $data =~ /\A--([^\r\n]+)\r?\n/;

    my @parts;

    if ($types =~ /multipart/ || $data =~ /\A--/) {
        for my $boundary (@boundaries) {
            my (undef, @some) = split /(?:\A|\r?\n)--\Q$boundary\E(?:--)?/,
                                      $data;
            push @parts, @some;
        }
    }

    my @nested;

    for my $part (@parts) {
        my ($head, $content) = $part =~ /\A(.*?)\r?\n\r?\n(.*)\z/s or next;

        my @lines = map { /\A([^:]+):\s*(.*)\z/ ? [lc $1, $2] : () }
                    split /\r?\n/, $head;

        if ($head =~ /name="?([^"\r\n;]+)/) {
            push @{ $body{fields} }, [$1, $content];
        }

        push @nested, _unwrapped($content, \@lines, 'a part', $depth + 1)
            if $depth < 3;
    }

    for (@more) {
        my ($name, $content) = @$_;

        next if !defined $content || !length $content || $depth >= 3;

        push @nested, _unwrapped($content, [], $name, $depth + 1);
    }

    return \%body, @nested;
}


sub _inflated {
    my ($data) = @_;

    my $inflate = Compress::Zlib::inflateInit(
        -WindowBits => -Compress::Zlib::MAX_WBITS()) or return;

    my ($content) = $inflate->inflate($data);

    return $content;
}


1;
