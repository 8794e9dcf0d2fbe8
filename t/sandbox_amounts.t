#!/usr/bin/perl

# Amounts in the sandbox: who is shown them, and what an update that was not
# shown them does to them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Sandbox;

my $TRIP = '/api/travel/trip/v1.1';

my $t = Itinerary->new;

$t->nginx(conf => <<'END');
    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            itinerary_sandbox 1m;
        }
    }
END


sub post {
    my ($who, $args, $xml) = @_;

    return $t->post_xml("$TRIP?$args", $who, $xml);
}


sub details {
    my ($who, $id) = @_;

    return $t->http('GET', "$TRIP/$id",
                    headers => [defined $who ? (Authorization => "OAuth $who")
                                             : ()]);
}


# how many amounts an answer shows

sub amounts {
    my ($answer) = @_;

    return scalar(() = $answer->{body} =~ /SECRET/g);
}


my @NAMES = qw(AddCollectAmount AirlineCharges AllowanceAmount Amount BaseFare
               BaseFareNuc BestGdsPrice BestInternetPrice Charges
               ComparisonFare DailyRate QuotedPrice RailCharges Rate
               SelectedOtherAmount TariffPrice Tax TaxAmount TaxRate Taxes
               TotalAdjustment TotalAmount TotalFare TotalRate);

my $SEGMENT = <<'END';
<Car>
    <Vendor>AL</Vendor>
    <DailyRate>SECRET</DailyRate>
    <RateType>D</RateType>
    <Currency>USD</Currency>
    <Charges>
        <Rate>
            <Currency>USD</Currency>
            <Amount>SECRET</Amount>
        </Rate>
    </Charges>
    <NumCars>1</NumCars>
</Car>
END

my $ALPHA = booking(source => 'Alpha', locator => 'A1', segments => $SEGMENT,
                    xml => '<Note a="1 &amp; 2">x &lt; y</Note>');
my $BETA = booking(source => 'Beta', locator => 'B1');
my $BOTH = itinerary(bookings => [$ALPHA, $BETA]);


# every one of them, wherever it stands

{
    my $xml = join '', map { "<$_>SECRET</$_>" } @NAMES;

    my $answer = post('Alpha', fresh(), itinerary(bookings => [
        booking(source => 'Alpha', locator => 'A1', xml => $xml,
                segments => "<Rail><Deep>$xml</Deep></Rail>")]));

    my $id = id_of($answer);

    is(amounts($answer), 2 * @NAMES, 'the answer shows the poster amounts');
    is(amounts(details('Alpha', $id)), 2 * @NAMES, 'so do details');
    is(amounts(details('Beta', $id)), 0, 'but nobody else');
    is(amounts(details(undef, $id)), 0, 'not even nobody in particular');
    unlike(details('Beta', $id)->{body}, qr/@{[ join '|', map { "<$_\\b" }
                                                @NAMES ]}/,
           'nor that there are any');
}


# all that is an answer to somebody else

{
    my $traveler = fresh();
    my $answer = post('Alpha', $traveler, itinerary(bookings => [$ALPHA]));
    my $id = id_of($answer);
    my $shown = details('Beta', $id);

    is($shown->{body}, details('Alpha', $id)->{body}
       =~ s{\s*<DailyRate>.*?</DailyRate>}{}r
       =~ s{\s*<Charges>.*?</Charges>}{}sr,
       'the rest of the booking is shown as it is');

    $answer = post('Beta', $traveler, itinerary(bookings => [$BETA]));

    is(id_of($answer), $id, 'another booking is added');
    is(amounts($answer), 0, 'by somebody who is shown no amounts');
    is(amounts(details('Alpha', $id)), 2, 'which are still there');

    $answer = post('Beta', "tripId=$id", $BOTH =~ s/Dallas/Austin/r);

    is(amounts($answer), 0, 'who posts amounts in a booking of another is not '
       . 'shown them either');

    post('Alpha', "tripId=$id", $BOTH);
    $answer = $t->post_xml("$TRIP/cancel?tripId=$id", 'Beta', undef);

    is(bookings($answer), 'Alpha/A1 Beta/B1-', 'a cancel reaches its poster\'s');
    is(amounts($answer), 0, 'and shows no amounts of others');
    is(amounts(details('Alpha', $id)), 2, 'which it leaves');
}


# an update that sends back what was shown

sub echoed {
    my ($name, $change, $expected, $who) = @_;

    my $id = id_of(post('Alpha', fresh(), $BOTH));
    my $xml = $change->(details('Beta', $id)->{body});
    my $answer = post($who // 'Beta', "tripId=$id", $xml);

    is($answer->{status}, 200, "$name is posted");

    $answer = details('Alpha', $id);

    is(amounts($answer), $expected,
       $expected ? 'and the amounts stay' : 'and replaces all of the booking');

    return $answer;
}

echoed('what was shown', sub { $_[0] }, 2);

is(text(echoed('another name', sub { $_[0] =~ s/Dallas/Austin/r }, 2),
        'Itinerary/TripName'),
   'Trip from Austin to Seattle', 'the rest is taken');

my $answer = echoed('the same as others write it', sub {
    my ($xml) = @_;

    for ($xml) {
        s{<!--.*?-->}{}g;
        s{>\s+<}{><}g;
        s{x &lt; y}{<!-- a --><![CDATA[x <]]> y};
        s{a="1 &amp; 2"}{a='1 &#38; 2'};
        s{(</?)(?=[A-Z])}{$1t:}g;
        s{<t:Itinerary xmlns=}{<t:Itinerary xmlns:t=};
    }

    return $xml;
}, 2);

like($answer->{body}, qr{<Booking>\s*<Segments>\s*<Car>},
     'the booking is as it was');

my $stored = $answer->{body};

echoed('another text', sub { $_[0] =~ s/>AL</>ZE</r }, 0);
echoed('another space in it', sub { $_[0] =~ s/x &lt; y/x  &lt; y/r }, 0);
echoed('another attribute', sub { $_[0] =~ s/1 &amp; 2/2/r }, 0);
echoed('one more attribute', sub { $_[0] =~ s/<Note/<Note b=""/r }, 0);
echoed('an attribute less', sub { $_[0] =~ s/<Note[^>]*>/<Note>/r }, 0);
echoed('one more element', sub { $_[0] =~ s/<NumCars/<x\/><NumCars/r }, 0);
echoed('an element less', sub { $_[0] =~ s/<NumCars.*//r }, 0);
echoed('another order',
       sub { $_[0] =~ s{(<Vendor>.*)(\s*)(<RateType>.*)}{$3$2$1}r }, 0);
echoed('another namespace',
       sub { $_[0] =~ s{<NumCars>}{<NumCars xmlns="urn:x">}r }, 0);
echoed('an amount of another',
       sub { $_[0] =~ s{(?=<NumCars)}{<DailyRate>0</DailyRate>}r }, 0);
echoed('no amounts of one\'s own', sub { $_[0] }, 0, 'Alpha');

{
    my $xml = $ALPHA =~ s{(?=<Note)}{<Empty/>}r
                     =~ s{<Note}{<Note xmlns:i="XSI" i:nil="1"}r
                     =~ s{XSI}{http://www.w3.org/2001/XMLSchema-instance}r;

    my $id = id_of(post('Alpha', fresh(), itinerary(bookings => [$xml])));

    post('Beta', "tripId=$id", details('Beta', $id)->{body}
         =~ s{i:nil="1"}{i:nil="true" i:schemaLocation="a b"}r
         =~ s{<Empty/>}{<Empty xmlns:j="http://www.w3.org/2001/XMLSchema-instance" j:nil="false"> </Empty>}r);

    is(amounts(details('Alpha', $id)), 2,
       'attributes of XML Schema are what they say');
}


# a booking without segments, one that moves, one of which there are two

{
    my $traveler = fresh();
    my $id = id_of(post('Alpha', $traveler, itinerary(bookings => [
        booking(source => 'Alpha', locator => 'A1', segments => '',
                xml => '<Taxes>SECRET</Taxes>')])));

    post('Beta', "tripId=$id", details('Beta', $id)->{body});

    is(amounts(details('Alpha', $id)), 1, 'a booking has amounts itself');

    my $other = id_of(post('Beta', $traveler, itinerary(start => '2001-01-01',
                                                        end => '2001-01-02')));

    post('Beta', "tripId=$other", details('Beta', $id)->{body});

    is(amounts(details('Alpha', $other)), 1,
       'a booking takes them to another trip');

    post('Beta', "tripId=$other",
         details('Beta', $other)->{body} =~ s{(<Booking>.*</Booking>)}{$1$1}sr);

    is(amounts(details('Alpha', $other)), 2, 'twice, if need be');

    # each trip has one of its own, which is what comes back to it

    post('Alpha', "tripId=$other", itinerary(bookings => [
        booking(source => 'Alpha', locator => 'A1', segments => '',
                xml => '<Class>E</Class><Taxes>SECRET</Taxes>')]));
    post('Beta', "tripId=$id", details('Beta', $id)->{body});

    is(amounts(details('Alpha', $id)), 1,
       'a booking keeps them in each of the trips it stands in');

    post('Alpha', "tripId=$other", details('Alpha', $id)->{body});

    # what comes from several trips, with something new between

    my $third = id_of(post('Alpha', $traveler, itinerary(
        start => '2002-01-01', end => '2002-01-02',
        bookings => [$ALPHA =~ s/>A1</>A2</r])));

    my @shown = map { details('Beta', $_)->{body}
                      =~ m{(<Booking>.*?</Booking>)}s } $other, $third;

    $id = id_of(post('Beta', $traveler, itinerary(
        start => '2003-01-01', end => '2003-01-02')));

    post('Beta', "tripId=$id", itinerary(bookings => [$shown[0], $BETA, @shown]));

    is(bookings(details('Beta', $id)), 'Alpha/A1- Beta/B1 Alpha/A1- Alpha/A2',
       'bookings of several trips move at once');
    is(amounts(details('Alpha', $id)), 4, 'with their amounts');

    # a booking that has gone took its amounts with it

    post('Alpha', "tripId=$id", itinerary());
    post('Beta', "tripId=$id", itinerary(bookings => [@shown]));

    is(bookings(details('Beta', $id)), 'Alpha/A1- Alpha/A2',
       'bookings that had gone are posted again');
    is(amounts(details('Alpha', $id)), 0, 'without what they had');
}


$t->done;
