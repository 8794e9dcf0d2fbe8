package Itinerary::Document;

# Documents as suppliers post them and as the API answers.

use strict;
use warnings;

our $NAMESPACE = 'http://www.concursolutions.com/api/travel/trip/2010/06';

my %SEGMENTS = (
    Air => <<'END',
<StartDateLocal>2013-12-21T07:25:00</StartDateLocal>
<EndDateLocal>2013-12-21T11:05:00</EndDateLocal>
<StartCityCode>DFW</StartCityCode>
<EndCityCode>SEA</EndCityCode>
<Vendor>AS</Vendor>
<FlightNumber>669</FlightNumber>
END
    Car => <<'END',
<StartDateLocal>2013-12-21T12:00:00</StartDateLocal>
<EndDateLocal>2013-12-24T12:00:00</EndDateLocal>
<StartCityCode>SEA</StartCityCode>
<EndCityCode>SEA</EndCityCode>
END
    Hotel => <<'END',
<Status>GK</Status>
<StartCityCode>SEA</StartCityCode>
<StartDateLocal>2013-12-21T23:59:00</StartDateLocal>
<EndDateLocal>2013-12-24T23:59:00</EndDateLocal>
<TimeZoneId>Pacific</TimeZoneId>
<DateModifiedUtc>2012-07-24T19:15:52</DateModifiedUtc>
<StartCity>Seattle</StartCity>
<StartCountry>US</StartCountry>
END
);

my $OTHER = <<'END';
<StartDateLocal>2013-12-22T18:00:00</StartDateLocal>
<EndDateLocal>2013-12-22T20:00:00</EndDateLocal>
<StartCityCode>SEA</StartCityCode>
END


# An Itinerary.  The keys ns, start, end, bookings (booking()'s keys, or
# XML) and xml (as it is, at the end) are described in Itinerary.pm; every
# other key is an element, undef leaves it out.

sub itinerary {
    my (%opt) = @_;

    my $ns = exists $opt{ns} ? delete $opt{ns} : $NAMESPACE;
    my $xml = delete $opt{xml} // '';
    my $bookings = exists $opt{bookings} ? delete $opt{bookings} : [];

    %opt = (
        TripName          => 'Trip from Dallas to Seattle',
        TripStatus        => 'HK',
        StartDateLocal    => delete $opt{start} // '2013-12-21T07:25:00',
        EndDateLocal      => delete $opt{end} // '2013-12-24T23:59:00',
        BookedByFirstName => 'Chris',
        BookedByLastName  => 'Miller',
        %opt,
    );

    my $content = _elements(\%opt, qw(id ItinLocator TripName TripStatus));

    if ($bookings) {
        my $list = join '', map { ref() ? booking(%$_, ns => undef) : $_ }
                            @$bookings;

        $content .= "<Bookings>\n" . _indent($list) . "</Bookings>\n";
    }

    return _element('Itinerary', $content . $xml, $ns);
}


# A Booking; its own root where ns is given, even as ''.

sub booking {
    my (%opt) = @_;

    my $ns = delete $opt{ns};
    my $xml = delete $opt{xml} // '';
    my $segments = exists $opt{segments} ? delete $opt{segments} : 'Car';

    %opt = (
        RecordLocator   => delete $opt{locator} // 'C123456789',
        BookingSource   => delete $opt{source} // 'TravelBookings.com',
        DateBookedLocal => '2013-11-10T13:01:00',
        %opt,
    );

    my $content = '';

    if (defined $segments) {
        my $list = join '', map { _segment($_) }
                            ref $segments eq 'ARRAY' ? @$segments : $segments;

        $content .= length $list ? "<Segments>\n" . _indent($list)
                                   . "</Segments>\n"
                                 : "<Segments/>\n";
    }

    $content .= <<'END';
<Passengers>
    <Passenger>
        <NameFirst>Chris</NameFirst>
        <NameLast>Miller</NameLast>
    </Passenger>
</Passengers>
END

    $content .= _elements(\%opt, qw(RecordLocator BookingSource)) . $xml;

    return _element('Booking', $content, $ns);
}


# The API's answer to a posted Itinerary: the same with id and ItinLocator,
# and DateModifiedUtc, in front.

sub answered {
    my ($posted, $id, %opt) = @_;

    my $locator = $opt{locator} // $id;
    my $uri = 'https://www.concursolutions.com/api/travel/trip/v1.1/';

    $posted =~ s{(<(?:\w+:)?Itinerary\b[^>]*>)}{$1
    <id>$uri$id</id>
    <ItinLocator>$locator</ItinLocator>
    <DateModifiedUtc>2012-07-24T19:15:52</DateModifiedUtc>};

    return $posted;
}


sub _segment {
    my ($segment) = @_;

    # { Car => 'F16726AIUS' } carries a confirmation number

    if (ref $segment) {
        my ($name, $number) = %$segment;

        return _element($name, ($SEGMENTS{$name} // $OTHER)
                               . _elements({ ConfirmationNumber => $number }));
    }

    return $segment if $segment !~ /\A\w+\z/;

    return _element($segment, $SEGMENTS{$segment} // $OTHER);
}


sub _elements {
    my ($elements, @first) = @_;

    my %first = map { $_ => 1 } @first;

    my @names = grep { exists $elements->{$_} } @first;
    push @names, sort grep { !$first{$_} } keys %$elements;

    my $xml = '';

    for my $name (@names) {
        my $text = $elements->{$name} // next;

        $xml .= length $text ? "<$name>" . _text($text) . "</$name>\n"
                             : "<$name />\n";
    }

    return $xml;
}


sub _element {
    my ($name, $content, $ns) = @_;

    my $attribute = defined $ns && length $ns ? qq{ xmlns="$ns"} : '';

    return "<$name$attribute>\n" . _indent($content) . "</$name>\n";
}


sub _text {
    my ($text) = @_;

    my %entities = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;');

    $text =~ s/([&<>])/$entities{$1}/g;

    return $text;
}


sub _indent {
    my ($xml) = @_;

    $xml =~ s/^(?=.)/    /mg;

    return $xml;
}


1;
