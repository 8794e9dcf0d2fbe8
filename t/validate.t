#!/usr/bin/perl

# Posts that break the reference's rules: 422 invalid_document that lists all
# that is wrong, with path and line; what may be switched off, what may not,
# and what is not validated again.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Document;
use Itinerary::Refusal;

my $NS = $Itinerary::Document::NAMESPACE;

my $t = Itinerary->new;

# the API answers what it is told to, else what it got

$t->upstream(sub {
    my ($request) = @_;

    my $body = $request->{headers}{'x-body'};

    return [200, {}, $body ? decode_base64($body->[0]) : $request->{body}];
});

$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    itinerary_unknown_trip adopt;

    large_client_header_buffers 4 64k;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /off/ {
            itinerary_validate off;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /audit/ {
            itinerary audit;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $redis = $t->redis;


# [line, path, text] of each detail, of either form of an answer

sub details {
    my ($answer) = @_;

    if ($answer->{headers}{'content-type'}[0] =~ /json/) {
        my $document = JSON::PP->new->utf8->decode($answer->{body});

        return [map { [@$_{qw(line path detail)}] } @{ $document->{details} }];
    }

    my @details;

    while ($answer->{body} =~ m{<Detail([^>]*)>([^<]*)</Detail>}g) {
        my ($attributes, $text) = ($1, $2);

        my ($line) = $attributes =~ /line="(\d+)"/;
        my ($path) = $attributes =~ /path="([^"]*)"/;

        push @details, [$line, $path, $text];
    }

    return \@details;
}


# all in one answer, in the order of the document

my $many = <<"END";
<Itinerary xmlns="$NS">
<StartDateLocal>2013-02-30T07:25:00</StartDateLocal>
<TripName></TripName>
<Bookings>
<Booking><RecordLocator>A1</RecordLocator><BookingSource>Alpha</BookingSource>
<Segments></Segments></Booking>
<Booking>
<RecordLocator>A2</RecordLocator><BookingSource>Alpha</BookingSource>
<Passengers><Passenger><NameFirst>A</NameFirst></Passenger></Passengers>
</Booking>
</Bookings>
<IsPersonal>yes</IsPersonal>
</Itinerary>
END

my $FORM = 'is no date of the form YYYY-MM-DDThh:mm:ss';
my $SEGMENTS = 'Segments has none of Air, Car, Hotel, Dining, Ride, Rail,'
               . ' Parking, Event, Travel';
my $B = '/Itinerary/Bookings/Booking';

my @many = (
    [1, '/Itinerary/TripStatus', 'TripStatus is missing'],
    [2, '/Itinerary/StartDateLocal', "StartDateLocal $FORM"],
    [3, '/Itinerary/TripName', 'TripName is empty'],
    [6, "${B}[1]/Segments", $SEGMENTS],
    [9, "${B}[2]/Passengers/Passenger[1]/NameLast", 'NameLast is missing'],
    [12, '/Itinerary/IsPersonal', 'IsPersonal must be true or false'],
);

my ($answer) = refused($t, 'a create', 422, 'invalid_document', sub {
    $t->post_xml('/trip/v1.1', 'Alpha', $many);
}, audit => { operation => 'create' });

is_deeply(details($answer), \@many, '- all that is wrong is listed');

($answer) = refused($t, 'with JSON', 422, 'invalid_document', sub {
    $t->post_xml('/trip/v1.1', 'Alpha', $many,
                 headers => [Accept => 'application/json']);
});

is_deeply(details($answer), \@many, '- it is listed alike');

($answer) = refused($t, 'an update', 422, 'invalid_document', sub {
    $t->post_xml('/trip/v1.1?tripId=T1', 'Alpha', $many);
}, audit => { operation => 'update' });

is_deeply(details($answer), \@many, '- it, too');

($answer) = refused($t, 'a booking', 422, 'invalid_document', sub {
    $t->post_xml('/booking/v1.1', 'Alpha', booking(
        ns => $NS, segments => ['Cab'], DateBookedLocal => 'today',
        xml => "<Passengers><Passenger/></Passengers>\n"));
}, audit => { operation => 'book' });

is_deeply(details($answer), [
    [2, '/Booking/Segments', $SEGMENTS],
    [17, '/Booking/DateBookedLocal', "DateBookedLocal $FORM"],
    [18, '/Booking/Passengers/Passenger[2]/NameFirst', 'NameFirst is missing'],
    [18, '/Booking/Passengers/Passenger[2]/NameLast', 'NameLast is missing'],
], '- what is wrong in it');


# what is required in any case is listed with the rest

(my $unnamed = $many) =~ s{<RecordLocator>A2</RecordLocator>}{};

my $missing = [7, "${B}[2]/RecordLocator", 'RecordLocator is missing'];

($answer) = refused($t, 'a booking without its name', 422, 'invalid_document',
                    sub { $t->post_xml('/trip/v1.1', 'Alpha', $unnamed) });

is_deeply(details($answer), [@many[0 .. 3], $missing, @many[4, 5]],
          '- is listed with the rest');

($answer) = refused($t, 'the same without validation', 422,
                    'invalid_document',
                    sub { $t->post_xml('/off/trip/v1.1', 'Alpha', $unnamed) });

is_deeply(details($answer), [$missing], '- is all that is listed');

for my $case (['/off/trip/v1.1', $many], ['/off/trip/v1.1?tripId=T2',
              $many =~ s/A(\d)</B$1</gr], ['/off/booking/v1.1',
              booking(ns => $NS, segments => [], locator => 'C1')])
{
    my ($target, $xml) = @$case;

    my (undef, $got) = passes($t, "what breaks rules passes $target", sub {
        $t->post_xml($target, 'Alpha', $xml);
    });

    is($got->{body}, $xml, '- as it is');
}


# more than can be listed

($answer) = refused($t, 'a hundred violations', 422, 'invalid_document', sub {
    $t->post_xml('/trip/v1.1', 'Alpha', itinerary(
        bookings => [map { { locator => "D$_", segments => [] } } 1 .. 100]));
});

my @details = @{ details($answer) };

is(scalar @details, 64, '- as many details as there may be');
is($details[62][1], "${B}[63]/Segments", '- those that come first');
is($details[63][2], '37 more are not listed', '- and how many there are');


# who may write comes after what was written

my $posted = $t->post_xml('/trip/v1.1', 'Alpha', itinerary(
    bookings => [{ locator => 'E1', source => 'Alpha' }]));

is($posted->{status}, 200, 'a booking of Alpha');

refused($t, 'an invalid post that would not be allowed either', 422,
        'invalid_document', sub {
    $t->post_xml('/trip/v1.1', 'Beta', itinerary(
        TripName => '',
        bookings => [{ locator => 'E1', source => 'Alpha' }]));
});

refused($t, 'what is ambiguous is not listed', 400, 'ambiguous_body', sub {
    $t->post_xml('/trip/v1.1', 'Alpha',
                 itinerary(TripName => '', xml => '<Comments/><Comments/>'));
});


# audit

my $n = $t->audit;

my (undef, $got) = passes($t, 'in audit mode it passes', sub {
    $t->post_xml('/audit/trip/v1.1', 'Alpha', $many =~ s/A(\d)</F$1</gr);
});

my @records = $t->wait_audit($n + 2);
my ($record) = @records[$n .. $#records];

is("$record->{event} $record->{mode} $record->{verdict} $record->{reason}",
   'forwarded audit deny invalid_document', 'but is judged');


# what is sent back as it was shown is not validated again

my %own = (locator => 'G1', source => 'Alpha');
my %bare = (locator => 'H1', source => 'Beta', segments => []);

sub shown {
    my (%opt) = @_;

    return answered(itinerary(TripStatus => undef, bookings => [\%own, \%bare],
                              %opt), 'T9');
}

# a GET, which the registry has learnt when this returns

sub get {
    my ($who) = @_;

    return $t->shown($who, 'T9', sub {
        $t->http('GET', '/trip/v1.1/T9', headers => [
            'X-Supplier' => $who, 'X-Body' => encode_base64(shown(), '')]);
    });
}


is($t->post_xml('/trip/v1.1', 'Alpha', itinerary(bookings => [\%own]),
                headers => ['X-Body' => encode_base64(shown(), '')])->{status},
   200, 'a trip of Alpha, whose answer has an empty booking and no status');

get('Alpha');

my (undef, $echo) = passes($t, 'it can be sent back', sub {
    $t->post_xml('/trip/v1.1?tripId=T9', 'Alpha', shown(),
                 headers => ['X-Body' => encode_base64(shown(), '')]);
});

is($echo->{body}, shown(), '- as it is');

get('Beta');

passes($t, 'which sends it back with a booking of its own', sub {
    $t->post_xml('/trip/v1.1?tripId=T9', 'Beta',
                 shown(bookings => [\%own, \%bare, { locator => 'H2',
                                                     source => 'Beta' }]),
                 headers => ['X-Body' => encode_base64(shown(), '')]);
});

($answer) = refused($t, 'what is changed in it is validated', 422,
                    'invalid_document', sub {
    $t->post_xml('/trip/v1.1?tripId=T9', 'Beta',
                 shown(bookings => [\%own, { %bare, DateBookedLocal => 'x' }]));
});

is_deeply([map { $_->[1] } @{ details($answer) }],
          ["${B}[2]/Segments", "${B}[2]/DateBookedLocal"],
          '- that, and not the rest');

get('Alpha');

($answer) = refused($t, 'as are fields that are changed', 422,
                    'invalid_document', sub {
    $t->post_xml('/trip/v1.1?tripId=T9', 'Alpha', shown(TripName => 'New'));
});

is_deeply([map { $_->[1] } @{ details($answer) }], ['/Itinerary/TripStatus'],
          '- they, and not the booking');

refused($t, 'a create is validated whatever was shown', 422,
        'invalid_document', sub {
    $t->post_xml('/trip/v1.1', 'Alpha', shown() =~ s/<(id|Itin\w+)>.*?>//gr);
});

$t->done;
