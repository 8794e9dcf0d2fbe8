package Itinerary::NaiveXml;

# A document as naive programs read it: a parser that takes whatever it is
# given, and the ways to find a trip's ids and bookings in what it found.

use strict;
use warnings;
use feature qw(fc);
no warnings 'recursion';

use Encode ();
use JSON::PP ();
use List::Util qw(uniq);
use MIME::Base64 qw(decode_base64);
use Unicode::Normalize qw(NFKC);

my $NAMESPACE = qr{\A(?:https?://www\.concursolutions\.com/api/travel/trip
                   /2010/06)?\z}x;

my $XSI = 'http://www.w3.org/2001/XMLSchema-instance';

# Each of these reads as most programs do, but for one thing; and each is
# tried with the first and with the last of what is there twice, and by
# somebody who does or does not care for namespaces and letter case.

my @READINGS = (
    {},
    { how => 'all that is there', dup => 'all' },
    { how => 'at any depth', deep => 1 },
    { how => 'the first piece of text', text => 'first' },
    { how => 'the last piece of text', text => 'last' },
    { how => 'the text of all that is within', text => 'deep' },
    { how => 'without CDATA', text => 'plain' },
    { how => 'CDATA alone', text => 'cdata' },
    { how => 'attributes as elements', attributes => 1 },
    { how => 'what is nil left out', nil => 1 },
    { how => 'types of text obeyed', typed => 1 },
    { how => 'the last root', root => 'last' },
    { how => 'entities expanded', entities => 1 },
    { how => 'look-alikes taken for the same', loose => 1 },
);

my %cache;


# the names of the readings

sub kinds { return grep { defined } map { $_->{how} } @READINGS }


sub readings {
    my ($data, $charset) = @_;

    $charset //= '';

    return @{ $cache{$charset}{$data} //= [_readings($data, $charset)] };
}


sub _readings {
    my ($data, $charset) = @_;

    my (@readings, %seen);

    for my $decoded (_decodings($data, $charset)) {
        my ($coding, $text) = @$decoded;

        next if $seen{$text}++;

        my $tree = $text =~ /\A\s*\{/ ? _json($text) : _parse($text);

        for my $reading (@READINGS) {
            for my $lenient (0, 1) {
                for my $dup ($reading->{dup} // ('first', 'last')) {
                    my %opt = (how => '', lenient => $lenient, %$reading,
                               dup => $dup, entity => $tree->{entity});

                    my $read = _read($tree, \%opt) or next;

                    $read->{how} = join ', ', grep { length }
                        $coding, $opt{how}, $lenient ? 'lenient' : (),
                        "$dup wins";

                    push @readings, $read;
                }
            }
        }
    }

    return @readings;
}


# The texts that the bytes may stand for.

sub _decodings {
    my ($data, $charset) = @_;

    my @codings;

    push @codings, 'UTF-16' if $data =~ /\A(?:\xff\xfe|\xfe\xff)/;
    push @codings, 'UTF-32' if $data =~ /\A(?:\xff\xfe\0\0|\0\0\xfe\xff)/;
    push @codings, 'UTF-16LE' if $data =~ /\A[\x01-\x7f]\0[^\0]/;
    push @codings, 'UTF-16BE' if $data =~ /\A\0[\x01-\x7f]\0/;
    push @codings, 'UTF-32LE' if $data =~ /\A[\x01-\x7f]\0\0\0/;
    push @codings, 'UTF-32BE' if $data =~ /\A\0\0\0[\x01-\x7f]/;
    push @codings, 'cp37' if $data =~ /\A[\x40\x25\x15\x0d]*\x4c[\x6f\x5a\xc9]/;
    push @codings, 'UTF-7' if $data =~ /\+A[A-Za-z0-9+\/]+-/;

    push @codings, $charset if length $charset;
    push @codings, $2
        if substr($data, 0, 200) =~ /encoding\s*=\s*(["'])([^"']+)\1/;

    my @texts = (['', Encode::decode('UTF-8', my $copy = $data)]);

    # bytes as they are, and those who do not know what is overlong

    push @texts, ['', $data], ['overlong', $data =~ s/([\xc0\xc1])([\x80-\xbf])/
        chr((ord($1) & 3) << 6 | ord($2) & 63)/gesr];

    for my $coding (uniq(@codings)) {
        my $encoding = Encode::find_encoding($coding) or next;
        my $text = eval { $encoding->decode(my $copy = $data) };

        push @texts, [$coding, $text] if defined $text;
    }

    return map { [$_->[0], $_->[1] =~ s/\A\x{feff}|\A\xef\xbb\xbf//r] } @texts;
}


# A tree of whatever looks like markup: what is not closed is closed, what
# stands after the root stands beside it.

sub _parse {
    my ($text) = @_;

    my $top = { name => '', kids => [], entity => {} };
    my @open = ($top);

    while ($text =~ /\G(?:
              (?<comment> <!--.*?(?:-->|\z))
            | <!\[CDATA\[ (?<cdata> .*?) (?:\]\]>|\z)
            | (?<doctype> <!DOCTYPE (?:[^\[>"']|"[^"]*"|'[^']*')*
                          (?:\[ .*? \]\s*)? (?:>|\z))
            | (?<pi> <\?.*?(?:\?>|\z))
            | (?<section> <!\[\s*INCLUDE\s*\[)
            | <\/ (?<close> [^>]*) (?:>|\z)
            | < (?<tag> [^\s\/>]+ (?:"[^"]*"|'[^']*'|[^>"'])*) (?:>|\z)
            | (?<text> [^<]+ | <)
        )/gcxs)
    {
        my $kids = $open[-1]{kids};

        if (defined $+{text}) {
            push @$kids, { text => $+{text} };

        } elsif (defined $+{cdata}) {
            push @$kids, { text => $+{cdata}, cdata => 1 };

        } elsif (defined $+{doctype}) {
            _doctype($top->{entity}, $+{doctype});

        } elsif (defined $+{close}) {
            my $name = $+{close} =~ s/\s+\z//r;

            for my $i (reverse 1 .. $#open) {
                next if $open[$i]{tag} ne $name;

                splice @open, $i;
                last;
            }

        } elsif (defined $+{tag}) {
            my $tag = $+{tag};
            my $empty = $tag =~ s/\/\z//;
            my $node = _element($tag, $open[-1], $top->{entity});

            push @$kids, $node;
            push @open, $node if !$empty;

        } else {
            push @$kids, { other => 1 };
        }
    }

    return $top;
}


sub _element {
    my ($tag, $parent, $entity) = @_;

    my ($name, $rest) = $tag =~ /\A(\S+)(.*)\z/s;
    my %attributes = %{ $entity->{"<$name"} // {} };
    my %spaces = %{ $parent->{spaces} // {} };

    while ($rest =~ /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+))/g) {
        my ($key, $value) = ($1, $2 // $3 // $4);

        if ($key =~ /\Axmlns(?::(.*))?\z/) {
            $spaces{ $1 // '' } = $value;

        } else {
            $attributes{$key} = $value;
        }
    }

    my ($prefix, $local) = $name =~ /\A(?:(.*):)?(.*)\z/s;
    my %node = (tag => $name, name => $local, kids => [], spaces => \%spaces,
                uri => $spaces{ $prefix // '' } // (defined $prefix ? '?' : ''),
                attributes => {});

    while (my ($key, $value) = each %attributes) {
        my ($p, $n) = $key =~ /\A(?:(.*):)?(.*)\z/s;

        $value = _references($value, $entity);
        $node{attributes}{$n} = $value;

        # Rails has its own, without a namespace

        $node{nil} = $value if $n eq 'nil' && (!defined $p
                                               || ($spaces{$p} // '') eq $XSI);
    }

    return \%node;
}


sub _doctype {
    my ($entity, $doctype) = @_;

    while ($doctype =~ /<!ENTITY\s+(?:%\s+)?(\S+)\s+(["'])(.*?)\2/gs) {
        $entity->{$1} //= $3;
    }

    while ($doctype =~ /<!ATTLIST\s+(\S+)\s+(\S+)\s+\S+\s+(?:\#FIXED\s+)?
                        (["'])(.*?)\3/gsx)
    {
        $entity->{"<$1"}{$2} = $4;
    }

    return;
}


sub _references {
    my ($text, $entity) = @_;

    my %known = (lt => '<', gt => '>', amp => '&', quot => '"', apos => "'");

    for (1 .. 3) {
        $text =~ s/&(?:\#x([0-9a-f]+)|\#(\d+)|([\w.-]+));/
            defined $1 ? chr(hex($1) & 0xfffff)
            : defined $2 ? chr($2 & 0xfffff)
            : $known{$3} && $_ == 1 ? $known{$3}
            : $entity && $entity->{$3} ? $entity->{$3} : ''/giex
            or last;
    }

    return $text;
}


sub _json {
    my ($text) = @_;

    my $value = eval { JSON::PP->new->decode($text) };
    my $top = { name => '', kids => [], entity => {} };

    $top->{kids} = [_json_nodes($value)] if ref $value eq 'HASH';

    return $top;
}


sub _json_nodes {
    my ($hash) = @_;

    my @nodes;

    for my $name (keys %$hash) {
        my $value = $hash->{$name};

        for my $one (ref $value eq 'ARRAY' ? @$value : $value) {
            push @nodes, { name => $name, tag => $name, uri => '',
                           attributes => {},
                           kids => ref $one eq 'HASH' ? [_json_nodes($one)]
                                   : [{ text => "$one" }] };
        }
    }

    return @nodes;
}


# The trip, or the booking, that somebody sees in a tree.

sub _read {
    my ($top, $opt) = @_;

    my @roots = grep { defined $_->{name} } @{ $top->{kids} } or return;
    my $root = $opt->{root} ? $roots[-1] : $roots[0];

    my ($name) = grep { _is($root, $_, $opt) } qw(Itinerary Booking);

    if (!$name && ($opt->{deep} || $opt->{lenient})) {
        ($root) = grep { _is($_, 'Itinerary', $opt)
                         || _is($_, 'Booking', $opt) } _below($root);
        $name = !$root ? undef
                : _is($root, 'Itinerary', $opt) ? 'Itinerary' : 'Booking';
    }

    return if !$name;

    if ($name eq 'Booking') {
        return { bookings => [_booking($root, $opt)], ids => [] };
    }

    my @lists = _picked($opt, grep { !_is_nil($_, $opt) }
                              _kids($root, 'Bookings', $opt));
    my @bookings = map { _kids($_, 'Booking', $opt) } @lists;

    # some answers have it there, and who reads these reads posts alike

    push @bookings, _kids($root, 'Booking', $opt)
        if $opt->{lenient} && !$opt->{deep};

    my @ids = grep { defined && length }
              map { _property($root, $_, $opt) } qw(id ItinLocator TripId);

    return {
        itinerary => 1,
        bookings  => [map { _booking($_, $opt) } @bookings],
        ids       => [map { ($_, s{.*/}{}sr) } @ids],
    };
}


sub _booking {
    my ($node, $opt) = @_;

    my @numbers = map { _text($_, $opt) }
                  grep { defined $_->{name}
                         && $_->{name} eq 'ConfirmationNumber' } _below($node);

    return {
        locator => _name(_property($node, 'RecordLocator', $opt), $opt),
        source  => _name(_property($node, 'BookingSource', $opt), $opt),
        numbers => [map { uc } @numbers],
        content => _content($node),
    };
}


sub _is {
    my ($node, $name, $opt) = @_;

    return 0 if !defined $node->{name};

    return _folded($node->{name}) eq fc $name if $opt->{lenient};

    return $node->{name} eq $name && $node->{uri} =~ $NAMESPACE;
}


# as Java compares without case, letter by letter

sub _folded { return fc $_[0] =~ s/[\x{130}\x{131}]/i/gr }


sub _is_nil {
    my ($node, $opt) = @_;

    return $opt->{nil} && ($node->{nil} // '') =~ /\A\s*(?:true|1)\s*\z/;
}


sub _below {
    my ($node) = @_;

    return map { ($_, _below($_)) } @{ $node->{kids} // [] };
}


sub _kids {
    my ($node, $name, $opt) = @_;

    return grep { _is($_, $name, $opt) }
           $opt->{deep} ? _below($node) : @{ $node->{kids} };
}


sub _picked {
    my ($opt, @list) = @_;

    return !@list || $opt->{dup} eq 'all' ? @list
           : $opt->{dup} eq 'last' ? $list[-1] : $list[0];
}


sub _property {
    my ($node, $name, $opt) = @_;

    my @values;

    for my $kid (_kids($node, $name, $opt)) {
        push @values, _text($kid, $opt) if !_is_nil($kid, $opt);
    }

    if ($opt->{attributes}) {
        my $attributes = $node->{attributes};

        unshift @values, map { $attributes->{$_} }
                         grep { $_ eq $name || $opt->{lenient}
                                               && _folded($_) eq fc $name }
                         keys %$attributes;
    }

    return $opt->{dup} eq 'first' ? $values[0] : $values[-1];
}


sub _text {
    my ($node, $opt) = @_;

    my $how = $opt->{text} // '';
    my @nodes = $how eq 'deep' ? _below($node) : @{ $node->{kids} };
    my @pieces;

    $how = '' if $how eq 'cdata' && !grep { $_->{cdata} } @nodes;

    for (@nodes) {
        next if !defined $_->{text};
        next if $how eq 'plain' && $_->{cdata};
        next if $how eq 'cdata' && !$_->{cdata};

        push @pieces, $_->{cdata} ? $_->{text}
                      : _references($_->{text},
                                    $opt->{entities} ? $opt->{entity} : undef);
    }

    if ($how eq 'first' || $how eq 'last') {
        @pieces = grep { /\S/ } @pieces;

        return ($how eq 'first' ? $pieces[0] : $pieces[-1]) // '';
    }

    my $text = join '', @pieces;

    $text = decode_base64($text)
        if $opt->{typed} && grep { /base64/i } values %{ $node->{attributes} };

    return $text;
}


sub _name {
    my ($text, $opt) = @_;

    $text //= '';

    return loose($text) if $opt->{loose};

    $text =~ s/\A\s+|\s+\z//g;

    return uc $text;
}


# A name to somebody who drops what cannot be seen, folds, or cuts at NUL.

my %LOOKS_LIKE = (
    "\x{410}" => 'A', "\x{412}" => 'B', "\x{421}" => 'C', "\x{415}" => 'E',
    "\x{406}" => 'I', "\x{41c}" => 'M', "\x{41e}" => 'O', "\x{420}" => 'P',
    "\x{422}" => 'T', "\x{405}" => 'S', "\x{130}" => 'I', "\x{131}" => 'I',
    "\x{399}" => 'I', "\x{39f}" => 'O', "\x{391}" => 'A',
);

sub loose {
    my ($text) = @_;

    # bytes that are UTF-8 are characters to the one who compares

    if ($text !~ /[^\0-\xff]/) {
        my $chars = eval { Encode::decode('UTF-8', my $copy = $text,
                                          Encode::FB_CROAK) };
        $text = $chars if defined $chars;
    }

    $text =~ s/\0.*//s;
    $text = NFKC($text);
    $text = Unicode::Normalize::NFD($text);
    $text =~ s/[\p{Mn}\p{Cf}\p{Cc}\s]//g;
    $text =~ s/(.)/$LOOKS_LIKE{ uc $1 } \/\/ $1/ge;

    return uc $text;
}


# What is compared to tell whether a booking changed.

sub _content {
    my ($node) = @_;

    my $content = "($node->{name}";

    $content .= " $_=$node->{attributes}{$_}"
        for grep { !/\A(?:nil|schemaLocation)\z/ }
            sort keys %{ $node->{attributes} };

    my $text = '';

    for (@{ $node->{kids} }) {
        if (defined $_->{name}) {
            $text .= _content($_);

        } elsif (defined $_->{text}) {
            $text .= $_->{cdata} ? $_->{text} : _references($_->{text});
        }
    }

    $text =~ s/\A[ \t\r\n]+|[ \t\r\n]+\z|[ \t\r\n]+(?=\()
               |(?<=\))[ \t\r\n]+//gx;

    return "$content$text)";
}


1;
