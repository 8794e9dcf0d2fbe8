package Itinerary::Shared;

# Trips that Alpha has created and Beta has a booking in, before an API that
# shows what it is told to: for what either sends back of them.

use strict;
use warnings;

use Exporter qw(import);
use MIME::Base64 qw(encode_base64);

use Itinerary;
use Itinerary::Document;
use Itinerary::Told;

our @EXPORT = qw($trip $target start post update get look view_of b another
                 shared effects rev);

# the trip in hand, and the location that it is posted to

our ($trip, $target) = ('', '');

my $t;
my ($posts, $n) = (0, 0);


# as Itinerary::Told::told()

sub start {
    return $t = Itinerary::Told::told(@_);
}


# as Itinerary::Told::call(); what was posted is shown with the trip's ids

sub post {
    my ($who, $uri, $xml, $shown, @headers) = @_;

    $posts++;
    $shown //= defined $xml && $xml !~ /<id>/ ? answered($xml, $trip)
                                              : $xml // '';

    return Itinerary::Told::call($who, $uri, $xml, $shown, @headers);
}


sub update {
    my ($who, $xml, $shown, @headers) = @_;

    return post($who, "$target/trip/v1.1?tripId=$trip", $xml, $shown, @headers);
}


# a GET whose answer is $shown; the registry has learnt it when this returns

sub get {
    my ($who, $shown) = @_;

    return $t->shown($who, $trip, sub { look($who, $shown) });
}


# the same, learnt or not

sub look {
    my ($who, $shown) = @_;

    my $answer = $t->http('GET', "/trip/v1.1/$trip", headers => [
        'X-Supplier' => $who, 'X-Body' => encode_base64($shown, '')]);

    die "GET: $answer->{status}\n" if $answer->{status} != 200;

    return;
}


sub view_of { my ($who) = @_; return "itinerary:view:$trip|$who" }


sub b {
    my ($locator, %more) = @_;

    my %sources = (A => 'Alpha', B => 'Beta', O => 'Old');

    return { source => $sources{ substr $locator, 0, 1 },
             locator => "$locator-$trip", %more };
}


# another trip, which nobody knows

sub another {
    $trip = 'T' . ++$n;

    return;
}


# A trip of Alpha with A1, A2 of Alpha and B1 of Beta, as the API shows it.

sub shared {
    another();
    $target = '';

    my $xml = itinerary(Comments => '', bookings => [b('A1'), b('A2')]);

    post('Alpha', '/trip/v1.1', $xml) eq '200' or die "no trip\n";

    my $all = answered(itinerary(Comments => '', bookings => [b('A1'), b('A2'),
                                                              b('B1')]),
                       $trip);

    post('Beta', '/trip/v1.1', itinerary(bookings => [b('B1')]), $all) eq '200'
        or die "no booking of Beta\n";

    return $all;
}


sub effects {
    wait_for(sub {
        my $ends = () = $t->read_file('audit.log')
                        =~ /"event":"(?:completed|rejected)"/g;
        return $ends == $posts;
    });

    my ($record) = ($t->audit)[-1];

    return join ' ', map { ($_->{locator} =~ /(.*)-T\d+$/)[0]
                           . ":$_->{effect}" } @{ $record->{bookings} // [] };
}


sub rev { return $t->redis->cli->hget("itinerary:trip:$trip", 'rev') }


1;
