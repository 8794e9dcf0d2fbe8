package Itinerary::Model::Document;

# A document as the model reads and writes it: a tree of its own, made with
# regular expressions, so that it shares nothing with the readers it tests.

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(tree copy child text element serialize percent);

our $HTTP = 'http://www.concursolutions.com/api/travel/trip/2010/06';
our $XSI = 'http://www.w3.org/2001/XMLSchema-instance';

my %SEGMENT = map { $_ => 1 } qw(Air Car Hotel Dining Ride Rail Parking Event
                                 Travel);
my %ID = map { $_ => 1 } qw(id ItinLocator TripId);

# What the reference requires and allows; text is trimmed.

my %MAX = (TripName => 255, Comments => 512, Description => 512,
           CancelComments => 256, ProjectName => 255, ClientLocator => 32);
my %DATE = map { $_ => 1 } qw(StartDateLocal EndDateLocal DateBookedLocal);
my @DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31);

my %ENTITY = (amp => '&', lt => '<', gt => '>', quot => '"', apos => "'");


# Trees.  An element is { name, nil, text, children }; text where it has no
# children.  Prefixes, comments, and white space beside children are lost.

sub tree {
    my ($xml) = @_;

    my @open = { children => [] };

    while ($xml =~ m{\G(?: ([^<]+)
                         | <!--.*?-->
                         | <!\[CDATA\[ (.*?) \]\]>
                         | <\?.*?\?>
                         | < (/) [^>]* >
                         | < (?:\w+:)? ([\w.-]+) ([^>]*?) (/?) >
                         )}gcxs)
    {
        my ($text, $cdata, $close, $name, $attributes, $empty)
            = ($1, $2, $3, $4, $5, $6);

        if (defined $name) {
            my $element = { name => $name, text => '', children => [] };

            $element->{nil} = 1
                if $attributes =~ /\bxsi:nil\s*=\s*["'](?:true|1)["']/;

            push @{ $open[-1]{children} }, $element;
            push @open, $element if !$empty;

        } elsif ($close) {
            pop @open or return;

        } elsif (defined $cdata) {
            $open[-1]{text} .= $cdata;

        } elsif (defined $text) {
            $text =~ s/&(\w+);/$ENTITY{$1}/g;
            $open[-1]{text} .= $text;
        }
    }

    return if @open != 1 || (pos $xml // 0) != length $xml;

    return $open[0]{children}[0];
}


sub copy {
    my ($tree) = @_;

    return { %$tree, children => [map { copy($_) } @{ $tree->{children} }] };
}


sub child {
    my ($tree, $name) = @_;

    for (@{ $tree->{children} }) {
        return $_ if $_->{name} eq $name;
    }

    return;
}


sub text {
    my ($tree, $name) = @_;

    my $child = child($tree, $name) or return '';

    return $child->{text} =~ s/\A\s+|\s+\z//gr;
}


# element(Car => 'text'), element(Car => [children])

sub element {
    my ($name, $content) = @_;

    return ref $content
           ? { name => $name, text => '', children => $content }
           : { name => $name, text => $content // '', children => [] };
}


# A tree as XML.  The style has prefix, xmlns ('' for none), indent, cdata,
# comments, nil: what makes no difference to anybody.

sub serialize {
    my ($tree, %style) = @_;

    my $prefix = $style{prefix} ? "$style{prefix}:" : '';
    my $xmlns = $style{xmlns} // $HTTP;
    my $declared = $xmlns eq '' ? ''
                 : $style{prefix} ? qq{ xmlns:$style{prefix}="$xmlns"}
                                  : qq{ xmlns="$xmlns"};

    $prefix = '' if $xmlns eq '';

    return _write($tree, \%style, $prefix,
                  qq{$declared xmlns:xsi="$XSI"}, '');
}


sub _write {
    my ($tree, $style, $prefix, $declared, $indent) = @_;

    my $name = $prefix . $tree->{name};
    my $attributes = $declared;

    $attributes .= ' xsi:nil="' . ($style->{nil} // 'true') . '"'
        if $tree->{nil};

    my $open = "$indent<$name$attributes";
    my $end = $style->{indent} ? "\n" : '';

    if (@{ $tree->{children} }) {
        my $inner = $style->{indent} ? "$indent$style->{indent}" : '';

        return "$open>$end"
            . ($style->{comments} ? "$inner<!-- $tree->{name} -->$end" : '')
            . join('', map { _write($_, $style, $prefix, '', $inner) }
                       @{ $tree->{children} })
            . "$indent</$name>$end";
    }

    return "$open/>$end" if $tree->{text} eq '';

    my $text = $tree->{text};

    if ($style->{cdata} && $tree->{name} eq 'Vendor') {
        $text = "<![CDATA[$text]]>";

    } else {
        $text =~ s/&/&amp;/g;
        $text =~ s/</&lt;/g;
        $text =~ s/>/&gt;/g;
    }

    return "$open>$text</$name>$end";
}


# What two documents have in common that say the same, and no others.

sub content {
    my ($tree) = @_;

    return "<$tree->{name}" . ($tree->{nil} ? ' nil' : '') . '>'
        . (@{ $tree->{children} } ? join('', map { content($_) }
                                             @{ $tree->{children} })
                                  : $tree->{text} =~ s/([\\<>])/\\$1/gr)
        . '</>';
}


# The document: root; ids; trip_name, trip_status, start, end; fields, the
# content of all that is outside bookings; field, by name; violations, of the
# trip's own fields; bookings.

sub read {
    my ($class, $xml) = @_;

    my $tree = ref $xml ? $xml : tree($xml) or return;

    my $self = bless { root => $tree->{name}, bookings => [] }, $class;

    if ($tree->{name} eq 'Booking') {
        push @{ $self->{bookings} }, _booking($tree);
        return $self;
    }

    return $self if $tree->{name} ne 'Itinerary';

    $self->{trip_name} = text($tree, 'TripName');
    $self->{trip_status} = text($tree, 'TripStatus');
    $self->{start} = text($tree, 'StartDateLocal');
    $self->{end} = text($tree, 'EndDateLocal');

    $self->{violations} = (grep { $self->{$_} eq '' }
                                qw(trip_name trip_status))
                        + grep { !_is_valid($_->{name},
                                            text($tree, $_->{name})) }
                               @{ $tree->{children} };

    for my $name (qw(ItinLocator TripId id)) {
        my ($id) = text($tree, $name) =~ m{([^/]+)\z} or next;
        push @{ $self->{ids} }, $id
            if !grep { $_ eq $id } @{ $self->{ids} };
    }

    $self->{fields} = '';

    for my $child (@{ $tree->{children} }) {
        my $name = $child->{name};

        if ($name eq 'Booking') {
            push @{ $self->{bookings} }, _booking($child);

        } elsif ($name eq 'Bookings') {
            push @{ $self->{bookings} },
                map { _booking($_) } @{ $child->{children} };

        } elsif (!$ID{$name}) {
            my $content = content($child);

            $self->{fields} .= $content;
            $self->{field}{$name} .= $content;
        }
    }

    return $self;
}


# A booking: name; source, locator, as names are compared; segments, how many;
# numbers; content; violations.

sub _booking {
    my ($tree) = @_;

    my $source = _canonical(text($tree, 'BookingSource'));
    my $locator = _canonical(text($tree, 'RecordLocator'));
    my $segments = child($tree, 'Segments');
    my @segments = grep { $SEGMENT{ $_->{name} } }
                   $segments ? @{ $segments->{children} } : ();
    my $passengers = child($tree, 'Passengers');

    my $violations = $segments && !@segments ? 1 : 0;

    $violations++ if !_is_valid(DateBookedLocal =>
                                text($tree, 'DateBookedLocal'));

    for my $passenger ($passengers ? @{ $passengers->{children} } : ()) {
        $violations += grep { text($passenger, $_) eq '' }
                       qw(NameFirst NameLast);
    }

    return {
        name       => "$source|$locator",
        source     => $source,
        locator    => $locator,
        segments   => scalar @segments,
        numbers    => [grep { length } map {
                           _canonical(text($_, 'ConfirmationNumber'))
                       } @segments],
        content    => content($tree),
        violations => $violations,
        tree       => $tree,
    };
}


sub _is_valid {
    my ($name, $text) = @_;

    return 1 if $text eq '';
    return length $text <= $MAX{$name} if $MAX{$name};
    return $text =~ /\A(?:true|false)\z/ if $name eq 'IsPersonal';
    return 1 if !$DATE{$name};

    my ($year, $month, $day)
        = $text =~ /\A(\d{4})-(\d\d)-(\d\d)
                    T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\z/x or return 0;

    my $leap = $month == 2
               && ($year % 4 == 0 && $year % 100 != 0 || $year % 400 == 0);

    return $month >= 1 && $month <= 12 && $day >= 1
           && $day <= $DAYS[$month - 1] + ($leap ? 1 : 0);
}


sub _canonical {
    my ($text) = @_;

    $text =~ s/\s+/ /g;

    return $text =~ tr/a-z/A-Z/r;
}


# as in the keys of the registry

sub percent {
    my ($text) = @_;

    return $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger;
}


1;
