package Itinerary::Sandbox;

# What the tests of the sandbox read out of its answers.

use strict;
use warnings;

use Exporter qw(import);
use XML::LibXML;

use Itinerary;

our @EXPORT = qw(fresh id_of text bookings refused);

my $traveler = 0;


# A traveler's argument: every part of a test has one of its own, and so no
# trips but its own.

sub fresh { return 'userid_value=' . ++$traveler . '%40example.com' }


sub id_of {
    my ($answer) = @_;

    return $answer->{body} =~ m{<ItinLocator>([^<]*)</ItinLocator>}
           ? $1 : 'none';
}


# An element's text, by a path of local names.

sub text {
    my ($answer, $path) = @_;

    $path =~ s{(\w+)}{*[local-name()="$1"]}g;

    my $doc = eval { XML::LibXML->load_xml(string => $answer->{body}) }
              or return "not XML: $answer->{body}";

    return join ',', map { $_->textContent } $doc->findnodes("/$path");
}


# The bookings of an answer, "-" behind those without segments.

sub bookings {
    my ($answer) = @_;

    my $doc = eval { XML::LibXML->load_xml(string => $answer->{body}) }
              or return "not XML: $answer->{body}";

    return join ' ', map {
        $_->findvalue('*[local-name()="BookingSource"]') . '/'
            . $_->findvalue('*[local-name()="RecordLocator"]')
            . ($_->findnodes('*[local-name()="Segments"]/*') ? '' : '-')
    } $doc->findnodes('/*[local-name()="Itinerary"]'
                      . '//*[local-name()="Booking"]');
}


sub refused {
    my ($answer) = @_;

    return "$answer->{status} " . (code_of($answer) // '');
}


1;
