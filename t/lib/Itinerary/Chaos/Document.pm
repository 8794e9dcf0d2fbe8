package Itinerary::Chaos::Document;

# Trips and bookings as the suppliers and the API of the chaos write them: all
# in one line and in one way, so that a booking that is sent back as it was
# shown is the same text.

use strict;
use warnings;

use Itinerary::Document;

my $NS = $Itinerary::Document::NAMESPACE;


# An Itinerary: id, where it has one; fields, all that is outside bookings;
# order, the bookings' names; bookings, by name.  undef for anything else.

sub read {
    my ($xml) = @_;

    my ($inside) = $xml =~ m{\A<Itinerary[^>]*>(.*)</Itinerary>\z} or return;
    my ($fields, $bookings)
        = $inside =~ m{\A(.*?)(?:<Bookings>(.*)</Bookings>)?\z};

    my $id = $fields =~ s{\A<id>[^<]*</id><ItinLocator>(\w+)</ItinLocator>}{}
             ? $1 : undef;

    my @bookings = ($bookings // '') =~ m{<Booking>.*?</Booking>}g;

    return {
        id       => $id,
        fields   => $fields,
        order    => [map { name($_) } @bookings],
        bookings => { map { (name($_) => $_) } @bookings },
    };
}


sub text {
    my ($trip) = @_;

    my $id = $trip->{id};

    return qq{<Itinerary xmlns="$NS">}
           . (defined $id ? "<id>https://api/trip/v1.1/$id</id>"
                            . "<ItinLocator>$id</ItinLocator>" : '')
           . $trip->{fields}
           . '<Bookings>'
           . join('', map { $trip->{bookings}{$_} } @{ $trip->{order} })
           . '</Bookings></Itinerary>';
}


sub fields {
    my ($name) = @_;

    return "<TripName>$name</TripName><TripStatus>HK</TripStatus>"
           . '<StartDateLocal>2031-01-01T07:00:00</StartDateLocal>'
           . '<EndDateLocal>2031-01-04T23:00:00</EndDateLocal>';
}


# a booking; what is said of it is what tells its versions apart

sub booking {
    my ($source, $locator, $said) = @_;

    return "<Booking><Segments><Car><Vendor>$said</Vendor>"
           . '<StartDateLocal>2031-01-02T12:00:00</StartDateLocal>'
           . '<EndDateLocal>2031-01-03T12:00:00</EndDateLocal></Car></Segments>'
           . '<Passengers><Passenger><NameFirst>Chris</NameFirst>'
           . '<NameLast>Miller</NameLast></Passenger></Passengers>'
           . "<RecordLocator>$locator</RecordLocator>"
           . "<BookingSource>$source</BookingSource></Booking>";
}


# a Booking as a document of its own, and back

sub root {
    my ($booking) = @_;

    return $booking =~ s{\A<Booking>}{<Booking xmlns="$NS">}r;
}


sub unrooted {
    my ($xml) = @_;

    return $xml =~ s{\A<Booking[^>]*>}{<Booking>}r;
}


sub emptied {
    my ($booking) = @_;

    return $booking =~ s{<Segments>.*</Segments>}{<Segments/>}r;
}


sub is_empty {
    my ($booking) = @_;

    return $booking =~ m{<Segments/>};
}


# source and record locator, as the registry compares them

sub name {
    my ($booking) = @_;

    my ($locator, $source)
        = $booking =~ m{<RecordLocator>(.*?)</RecordLocator>
                        <BookingSource>(.*?)</BookingSource>}x;

    return uc "$source|$locator";
}


1;
