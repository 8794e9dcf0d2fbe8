#!/usr/bin/perl

# The parameters of itinerary_sandbox: the ways in which the API may answer
# differently, and locations that share a zone.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Uncompress::Gunzip qw(gunzip);
use Test::More;
use XML::LibXML;
use Itinerary;
use Itinerary::Sandbox;

my $NS = 'http://www.concursolutions.com/api/travel/trip/2010/06';

my $t = Itinerary->new;

# a location for every form, by its name; all of them have the same trips

my %FORMS = (
    plain     => '',
    stored    => 'amounts=all',
    opaque    => 'id=opaque',
    locator   => 'id=locator',
    http      => 'xmlns=http',
    https     => 'xmlns=https',
    none      => 'xmlns=none',
    wrapped   => 'bookings=wrapped',
    direct    => 'bookings=direct',
    renamed   => 'sources=renamed',
    posted    => 'sources=posted',
    reach     => 'cancel=all',
    gzip      => 'gzip=on',
    message   => 'answer=message',
    empty     => 'answer=empty',
    truncated => 'answer=truncated',
    all       => 'id=opaque xmlns=https bookings=direct gzip=on amounts=own'
                 . ' cancel=own answer=document booking=booking'
                 . ' sources=renamed',
);

my $locations = join '', map { <<"END" } sort keys %FORMS;
        location /$_/ {
            itinerary_sandbox 1m zone=trips $FORMS{$_};
        }
END

my $conf = <<"END";
    server {
        listen 127.0.0.1:%%PORT%%;

$locations
        location /own/ {
            itinerary_sandbox 1m;
        }

        location /other/ {
            itinerary_sandbox 1m zone=other;
        }

        location /limited/ {
            limit_except GET {
                allow all;
            }
            itinerary_sandbox 1m zone=trips id=opaque;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_1%%;

        location /elsewhere/ {
            itinerary_sandbox 1m zone=trips id=opaque;
        }
    }
END

$t->nginx(workers => 2, conf => $conf);


sub post {
    my ($form, $who, $args, $xml) = @_;

    return $t->post_xml("/$form/trip/v1.1?$args", $who, $xml);
}


sub cancel {
    my ($form, $who, $id) = @_;

    return $t->post_xml("/$form/trip/v1.1/cancel?tripId=$id", $who, undef);
}


sub details {
    my ($form, $id, @headers) = @_;

    return $t->http('GET', "/$form/trip/v1.1/$id", headers => \@headers);
}


# the last segment of the id

sub uri_id { return text($_[0], 'Itinerary/id') =~ s{.*/}{}r }


# an answer's body but for when that was

sub unmodified { return $_[0]{body} =~ s{(<DateModifiedUtc>)[^<]*}{$1}r }


my $CAR = booking(source => 'Alpha', locator => 'A1',
                  segments => '<Car><DailyRate>44.0000</DailyRate></Car>');
my $XML = itinerary(bookings => [$CAR, { source => 'Alpha', locator => 'A2' }]);


# shared zones

{
    my $answer = post('plain', 'Alpha', fresh(), $XML);
    my $id = id_of($answer);

    is($answer->{status}, 200, 'a trip is created at one location');
    is(bookings(details('stored', $id)), 'Alpha/A1 Alpha/A2',
       'and read at another of the same zone');
    is(details('elsewhere', $id)->{status}, 404, 'at a path that is there');
    is($t->http('GET', "/elsewhere/trip/v1/$id", port => $t->port(1))->{status},
       200, 'also at another server');
    is(details('own', $id)->{status}, 404,
       'a location without the zone does not have it');
    is(details('other', $id)->{status}, 404, 'nor one with another');

    ok($t->reload, 'nginx is reloaded');
    is(details('stored', $id)->{status}, 200, 'the trip is still there');

    isnt(uri_id($t->http('GET', "/limited/trip/v1/$id")), $id,
         'the form is that of limit_except\'s location');
    isnt(uri_id($t->post_xml("/limited/trip/v1?tripId=$id", 'Alpha', $XML)),
         $id, 'inside and out');
}


# amounts=

{
    my $id = id_of(post('plain', 'Alpha', fresh(), $XML));

    unlike(details('plain', $id)->{body}, qr/44\.0000/,
           'amounts are not shown to others');
    like(details('stored', $id)->{body}, qr{<DailyRate>44\.0000</DailyRate>},
         'or to everybody');
    is(details('stored', $id)->{body} =~ s{/stored/}{/plain/}r,
       details('plain', $id, Authorization => 'OAuth Alpha')->{body},
       'who sees what the poster sees');
}


# id=

{
    my $traveler = fresh();
    my $answer = post('opaque', 'Alpha', $traveler, $XML);
    my $id = id_of($answer);
    my $opaque = uri_id($answer);

    like($id, qr/\ACNQR\d{10}\z/, 'the ItinLocator is what it was');
    like($opaque, qr/\A[A-Za-z0-9]{20,}\z/, 'but not the id');
    like($opaque, qr/[a-z].*[A-Z].*[a-z]/, 'which has letters of either case');

    for my $form ('plain', 'opaque') {
        is(id_of(details($form, $_)), $id, "$form takes $_")
            for $id, $opaque;

        is(id_of($t->http('GET', "/$form/trip/v1.1?tripId=$opaque")), $id,
           'as an argument');
        is(id_of(post($form, 'Alpha', "tripId=$opaque", $XML)), $id,
           'in an update');
        is(id_of(cancel($form, 'Alpha', $opaque)), $id, 'and in a cancel');
    }

    is(uri_id(details('plain', $opaque)), $id, 'the form is the location\'s');
    is(uri_id(details('locator', $opaque)), $id, 'also where it is said');
    is(uri_id(details('opaque', $id)), $opaque, 'whatever the id that is used');

    my $list = $t->http('GET', "/opaque/trip/v1.1?$traveler");

    is(text($list, 'ItineraryInfoList/ItineraryInfo/TripId'), $opaque,
       'the summaries have it');
    like(text($list, 'ItineraryInfoList/ItineraryInfo/id'), qr{/\Q$opaque\E\z},
         'in the URI, too');

    # trips in a row: at most one of these steps is to a new block of 1024

    my %ids = map { $_ => 1 } map {
        uri_id(post('opaque', 'Alpha', $traveler,
                    itinerary(start => undef, end => undef,
                              StartDateLocal => undef, EndDateLocal => undef)))
    } 1 .. 6;

    is(scalar keys %ids, 6, 'trips have ids of their own');
    cmp_ok(scalar(keys %{{ map { lc $_ => 1 } keys %ids }}), '<=', 2,
           'that differ in letter case');

    my ($any) = keys %ids;

    is(refused(details('opaque', $_)), '404 unknown_trip', "$_ is no id")
        for lc $any, uc $any, "${any}b", substr($any, 0, -1),
            $any =~ s/.\z/0/r, $any =~ s/.\z/a/r, $any =~ s/^I/J/r;
}


# xmlns=

{
    my $xml = itinerary(bookings => [$CAR],
                        xml => '<F xmlns="urn:f"><t:G xmlns:t="' . $NS
                               . '">1</t:G><H/></F>');

    my $traveler = fresh();
    my $id = id_of(post('plain', 'Alpha', $traveler, $xml));

    my $before = details('plain', $id);

    my %expected = (
        plain => $NS,
        http  => $NS,
        https => $NS =~ s/http/https/r,
        none  => '',
    );

    for my $form (sort keys %expected) {
        my $ns = $expected{$form};
        my $answer = details($form, $id);
        my $doc = XML::LibXML->load_xml(string => $answer->{body});

        is(join(' ', sort keys %{{ map { ($_->namespaceURI // '') => 1 }
                                   $doc->findnodes('//*') }}),
           join(' ', sort $ns, 'urn:f'), "$form: the namespace is \"$ns\"");
        is(join(',', map { ($_->namespaceURI // '') . ' ' . $_->localname }
                     $doc->findnodes('//*[local-name()="F"]/descendant::*')),
           "$ns G,urn:f H", 'also inside of another');
        is(scalar(() = $answer->{body} =~ /\bxmlns="/g),
           $form eq 'none' ? 2 : 3, 'declared where need be');

        is(bookings(post($form, 'Alpha', "tripId=$id", $answer->{body})),
           'Alpha/A1', 'it is read again');

        like($t->http('GET', "/$form/trip/v1.1?$traveler")->{body},
             length $ns ? qr/^<ItineraryInfoList xmlns="\Q$ns\E" /
                        : qr/^<ItineraryInfoList xmlns:xsi=/,
             'it is the summaries\' as well');
    }

    is(unmodified(details('plain', $id)), unmodified($before),
       'and leaves no trace');
}


# bookings=

{
    my $id = id_of(post('plain', 'Alpha', fresh(), $XML));

    for my $form ('plain', 'wrapped') {
        is(text(details($form, $id), 'Itinerary/Bookings/Booking/RecordLocator'),
           'A1,A2', "$form: bookings are in Bookings");
    }

    my $answer = details('direct', $id);

    is(text($answer, 'Itinerary/Booking/RecordLocator'), 'A1,A2',
       'direct: they are not');
    unlike($answer->{body}, qr/<Bookings/, 'there are no Bookings');
    unlike($answer->{body}, qr/44\.0000/, 'nor amounts of others');

    is(text(post('direct', 'Alpha', "tripId=$id", $XML),
            'Itinerary/Booking/RecordLocator'), 'A1,A2', 'so after a post');
    is(text(details('plain', $id), 'Itinerary/Bookings/Booking/RecordLocator'),
       'A1,A2', 'they are stored as they were posted');

    $id = id_of(post('direct', 'Alpha', fresh(), itinerary(bookings => [])));

    is(details('direct', $id)->{body} =~ /Booking\b/ ? 1 : 0, 0,
       'a trip without bookings has none');
}


# sources=

{
    my %sources = (
        Air     => 'ConcurAir',    Car    => 'ConcurCars',
        Dining  => 'ConcurDining', Event  => 'ConcurEvent',
        Hotel   => 'ConcurHotel',  Rail   => 'ConcurRail',
        Parking => 'ConcurParking', Ride  => 'ConcurRide',
        Travel  => 'ConcurTravel', Ferry  => 'Alpha',
    );

    my @kinds = sort keys %sources;
    my $xml = itinerary(bookings => [
        map { { source => 'Alpha', locator => $_, segments => $_ } } @kinds
    ]);

    my $traveler = fresh();
    my $answer = post('renamed', 'Alpha', $traveler, $xml);
    my $id = id_of($answer);
    my $own = join ' ', map { "Alpha/$_" } @kinds;
    my $shown = join ' ', map { "$sources{$_}/$_" } @kinds;

    is(bookings($answer), $shown, 'sources are renamed by the kind of segment');
    is(bookings(details('renamed', $id)), $shown, 'in all answers');
    is(bookings(details($_, $id)), $own, "$_: or not") for 'plain', 'posted';

    my $before = details('stored', $id);

    is(bookings(post('renamed', 'Beta', "tripId=$id",
                     details('renamed', $id)->{body})),
       $shown, 'an update sends back what was shown');
    is(unmodified(details('stored', $id)), unmodified($before),
       'which changes nothing');

    $answer = cancel('renamed', 'Beta', $id);

    is(bookings($answer), $shown, 'bookings remain their poster\'s');

    $answer = cancel('renamed', 'Alpha', $id);

    is(bookings($answer), join(' ', map { "$sources{$_}/$_-" } @kinds),
       'a cancelled booking has its name still');

    $answer = post('renamed', 'Alpha', fresh(), itinerary(bookings => [
        { source => 'Alpha', locator => 'A1', segments => '' },
        { source => 'Alpha', locator => 'A2', segments => undef },
        { source => 'Alpha', locator => 'A3', segments => ['Ferry', 'Car'] },
        { source => 'Alpha', locator => 'A4', segments => ['Hotel', 'Car'] },
    ]));

    is(bookings($answer), 'Alpha/A1- Alpha/A2- Alpha/A3 ConcurHotel/A4',
       'the first segment counts, if there is one');
}

{
    my $traveler = fresh();
    my $id = id_of(post('renamed', 'Alpha', $traveler, $XML));

    # another trip, with a booking that is shown as one of the first

    my $other = id_of(post('renamed', 'Beta', $traveler, itinerary(
        start    => '2001-01-01', end => '2001-01-02',
        bookings => [{ source => 'Beta', locator => 'A2' },
                     { source => 'Beta', locator => 'B2' }])));

    # each of the ways to post it

    my $changed = itinerary(bookings => [
        { source => ' concurcars', locator => 'a1 ', Note => 'new' }]);

    is(bookings(post('renamed', 'Gamma', $traveler, $changed)),
       'ConcurCars/a1  ConcurCars/A2', 'a shown name reaches the booking');
    is(bookings(details('plain', $id)), 'Alpha/a1  Alpha/A2',
       'which is stored under its own');
    like(details('plain', $id)->{body}, qr/<Note>new</, 'as posted');

    is(bookings(post('renamed', 'Gamma', "tripId=$id", $changed)),
       'ConcurCars/a1 ', 'also in an update');
    is(bookings(cancel('plain', 'Alpha', $id)), 'Alpha/a1 -',
       'it is its first poster\'s');

    my $booking = booking(source => 'ConcurCars', locator => 'B2', ns => '',
                          Note => 'newer');

    is(id_of($t->post_xml("/renamed/booking/v1.1?$traveler", 'Gamma',
                          $booking)), $other, 'and in a booking');
    is(bookings(details('plain', $other)), 'Beta/A2 Beta/B2',
       'which has its own name, too');

    is(bookings(post('renamed', 'Gamma', "tripId=$other", itinerary(
           bookings => [{ source => 'ConcurHotel', locator => 'B2' },
                        { source => 'Gamma', locator => 'B2' },
                        { source => 'ConcurCars', locator => 'B3' }]))),
       'ConcurCars/B2 ConcurCars/B2 ConcurCars/B3',
       'names that only look like it are new ones');
    is(bookings(details('plain', $other)),
       'ConcurHotel/B2 Gamma/B2 ConcurCars/B3', 'as they were posted');
}

{
    # a booking that is shown as one that was posted so into an older trip

    my $traveler = fresh();
    my $old = id_of(post('plain', 'Delta', $traveler, itinerary(
        start => '2001-01-01', end => '2001-01-02',
        bookings => [{ source => 'ConcurCars', locator => 'Y' }])));
    my $id = id_of(post('plain', 'Alpha', $traveler, itinerary(bookings => [
        { source => 'Alpha', locator => 'Y' }])));
    my $before = details('stored', $id);

    is(bookings(post('renamed', 'Beta', "tripId=$id",
                     details('renamed', $id)->{body})), 'ConcurCars/Y',
       'what is shown alike in another trip is sent back');
    is(unmodified(details('stored', $id)), unmodified($before),
       'and is still itself');
    is(bookings(details('stored', $old)), 'ConcurCars/Y', 'as is the other');
}

{
    # a booking that was in another trip, too, meanwhile

    my $traveler = fresh();
    my $other = id_of(post('plain', 'Alpha', $traveler, itinerary(
        start => '2001-01-01', end => '2001-01-02')));
    my $id = id_of(post('plain', 'Alpha', $traveler, itinerary(bookings => [
        booking(source => 'Alpha', locator => 'Z', ns => '',
                xml => '<Amount>SECRET</Amount>')])));

    for my $bookings ([{ source => 'Alpha', locator => 'Z' }], []) {
        is(post('plain', 'Alpha', "tripId=$other", itinerary(
            start => '2001-01-01', end => '2001-01-02',
            bookings => $bookings))->{status}, 200, 'another trip');
    }

    my $before = details('stored', $id);

    post('renamed', 'Beta', "tripId=$id", details('renamed', $id)->{body});
    is(unmodified(details('stored', $id)), unmodified($before),
       'a booking that was in it, too, is sent back');
}

{
    # two bookings that are shown alike, here and in an older trip

    my $traveler = fresh();
    my $old = id_of(post('plain', 'Delta', $traveler, itinerary(
        start => '2001-01-01', end => '2001-01-02',
        bookings => [{ source => 'Delta', locator => 'X' }])));
    my $id = id_of(post('plain', 'Alpha', $traveler, itinerary(bookings => [
        { source => 'Alpha', locator => 'X', Note => 'a' },
        booking(source => 'Beta', locator => 'X', Note => 'b',
                xml => '<Amount>SECRET</Amount>')])));

    my $before = details('stored', $id);
    my $shown = details('renamed', $id);

    is(bookings($shown), 'ConcurCars/X ConcurCars/X', 'two are shown alike');

    post('renamed', 'Gamma', "tripId=$id", $shown->{body});

    is(unmodified(details('stored', $id)), unmodified($before),
       'both come back as what they were');

    post('renamed', 'Gamma', "tripId=$id", $shown->{body} =~ s/>b</>c</r);

    is(text(details('stored', $id), 'Itinerary/Bookings/Booking/Note'), 'a,c',
       'one of them with a change');
    is(bookings(details('plain', $id)), 'Alpha/X Beta/X', 'to itself');
    is(bookings(details('plain', $old)), 'Delta/X',
       'the older trip has nothing to do with it');

    post('plain', 'Gamma', "tripId=$old", itinerary(
        start => '2001-01-01', end => '2001-01-02',
        bookings => [{ source => 'ConcurCars', locator => 'X' }]));
    post('renamed', 'Gamma', "tripId=$id", itinerary(bookings => [
        { source => 'ConcurCars', locator => 'X' }]));

    is(bookings(details('plain', $id)), 'Alpha/X',
       'a booking that was posted under that name elsewhere has nothing, too');

    post('plain', 'Gamma', "tripId=$id", itinerary(bookings => [
        { source => 'Alpha', locator => 'X' },
        { source => 'ConcurCars', locator => 'X' }]));
    post('renamed', 'Gamma', "tripId=$id", itinerary(bookings => [
        { source => 'ConcurCars', locator => 'X' }]));

    is(bookings(details('plain', $id)), 'ConcurCars/X',
       'one that was posted so into this trip comes first');
}

{
    my $traveler = fresh();
    my $id = id_of(post('plain', 'Alpha', $traveler, $XML));

    my $cancel = sub {
        my ($form, $source, $number) = @_;

        my $answer = $t->post_xml("/$form/booking/v1.1/cancel?$traveler"
                                  . "&bookingSource=$source"
                                  . "&confirmationNumber=$number", 'Alpha',
                                  undef);

        return $answer->{status} == 200 ? bookings($answer)
                                        : $answer->{status};
    };

    is($cancel->('plain', 'ConcurCars', 'A1'), 404,
       'a source that is not shown is not found');
    is($cancel->('renamed', 'ConcurHotel', 'A1'), 404, 'nor is another');
    is($cancel->('renamed', 'concurcars', 'a1'), 'ConcurCars/A1- ConcurCars/A2',
       'a booking is cancelled under the name that is shown');
    is($cancel->('renamed', 'Alpha', 'A2'), 'ConcurCars/A1- ConcurCars/A2-',
       'or its own');
    is($cancel->('renamed', 'ConcurCars', 'A2'),
       'ConcurCars/A1- ConcurCars/A2-', 'which both remain');
}


# cancel=

{
    my $id = id_of(post('plain', 'Alpha', fresh(), $XML));

    post('plain', 'Beta', "tripId=$id",
         itinerary(bookings => [$CAR, { source => 'Beta', locator => 'B1' }]));

    is(bookings(cancel('plain', 'Beta', $id)), 'Alpha/A1 Beta/B1-',
       'a cancel reaches its poster\'s bookings');

    my $answer = cancel('reach', 'Gamma', $id);

    is(bookings($answer), 'Alpha/A1- Beta/B1-', 'or all of them');
    is(text($answer, 'Itinerary/TripStatus'), 'HK', 'but not the trip');
    is(bookings(details('plain', $id)), 'Alpha/A1- Beta/B1-', 'and remains so');
}


# gzip=

{
    my $answer = post('gzip', 'Alpha', fresh(), $XML);
    my $body;

    is_deeply($answer->{headers}{'content-encoding'}, ['gzip'],
              'an answer is in gzip');
    ok(gunzip(\$answer->{body}, \$body), 'really');

    $answer->{body} = $body;

    my $id = id_of($answer);

    is(bookings($answer), 'Alpha/A1 Alpha/A2', 'it is the answer');

    $answer = details('gzip', $id, 'Accept-Encoding' => 'identity');
    gunzip(\$answer->{body}, \$body);

    is($body, details('plain', $id)->{body} =~ s{/plain/}{/gzip/}r,
       'whatever the client accepts');

    my $head = $t->http('HEAD', "/gzip/trip/v1.1/$id");

    is($head->{headers}{'content-length'}[0], length $answer->{body},
       'HEAD tells its length');

    $answer = details('gzip', 'none');
    gunzip(\$answer->{body}, \$body);

    is($answer->{status}, 404, 'errors have their status');
    like($body, qr{<Code>unknown_trip</Code>}, 'and are in gzip, too');

    my $large = itinerary(Comments => join ' ', map { rand } 1 .. 10_000);

    $answer = post('gzip', 'Alpha', fresh(), $large);
    gunzip(\$answer->{body}, \$body);

    like($body, qr{</Itinerary>\n\z}, 'so are large answers');
}


# answer=

{
    my $id = id_of(post('plain', 'Alpha', fresh(), $XML));
    my $stored = details('plain', $id)->{body};

    my $answer = post('message', 'Alpha', "tripId=$id",
                      $XML =~ s/Dallas/Austin/r);

    is($answer->{status}, 200, 'an update is answered with a message');
    is($answer->{body}, "<Message>Accepted</Message>\n", 'which is no trip');
    like(details('plain', $id)->{body}, qr/Austin/, 'but is carried out');

    $answer = post('empty', 'Alpha', "tripId=$id", $XML);

    is($answer->{status}, 200, 'or with nothing');
    is($answer->{body}, '', 'at all');
    is_deeply($answer->{headers}{'content-length'}, ['0'], 'said so');
    like(details('plain', $id)->{body}, qr/Dallas/, 'and carried out, too');

    $answer = details('truncated', $id);

    is($answer->{status}, 200, 'or with a half of the document');
    is(index(unmodified({ body => $stored =~ s{/plain/}{/truncated/}r }),
             unmodified($answer)), 0, 'the first');
    cmp_ok(length $answer->{body}, '<', length($stored) * 2 / 3,
           'not all of it');

    is(refused(post('message', 'Alpha', "tripId=$id", '')),
       '400 malformed_body', 'errors are errors');
}


# all at once

{
    my $traveler = fresh();
    my $answer = post('all', 'Alpha', $traveler, $XML);
    my $body;

    gunzip(\$answer->{body}, \$body);
    $answer->{body} = $body;

    isnt(uri_id($answer), id_of($answer), 'all parameters: the id');
    like($body, qr{^<Itinerary xmlns="https:}, 'the namespace');
    is(text($answer, 'Itinerary/Booking/RecordLocator'), 'A1,A2',
       'and the bookings');
}


# mistakes

{
    my $sandbox = sub {
        my ($first, $second) = @_;
        my ($status, $output) = $t->nginx_test(<<"END");
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location / {
            itinerary_sandbox 1m $first;
        }
        location /second/ {
            @{[ defined $second ? "itinerary_sandbox $second;" : '' ]}
        }
    }
END
        return $status ? $output : 'ok';
    };

    is($sandbox->('zone=a id=opaque gzip=off'), 'ok', 'parameters are taken');
    is($sandbox->('zone=a', '1m zone=a'), 'ok', 'zones are shared');
    is($sandbox->('zone=a', '2m zone=b'), 'ok', 'or not');
    like($sandbox->('zone=a', '2m zone=a'),
         qr/"a" conflicts with already declared size/,
         'a zone has one size');
    like($sandbox->('zone='),
         qr/invalid value "" of "zone=" .* it must be the name of a zone/,
         'a zone has a name');
    like($sandbox->('zone=a zone=a'),
         qr/"zone=" of "itinerary_sandbox" is duplicate/, 'one');
    like($sandbox->('id=opaque id=opaque'),
         qr/"id=" of "itinerary_sandbox" is duplicate/,
         'as all parameters are given once');

    like($sandbox->($_),
         qr/invalid\ parameter\ "\Q$_\E"\ of\ "itinerary_sandbox",\ it\ must\ be
            \ one\ of\ "zone=",\ "id=",\ .*"answer="/x,
         "$_ is no parameter") for 'id', 'ID=opaque', 'x=y', '2m';

    my %allowed = (
        'id'       => '"locator" or "opaque"',
        'xmlns'    => '"http", "https" or "none"',
        'bookings' => '"wrapped" or "direct"',
        'booking'  => '"itinerary", "booking" or "segment"',
        'sources'  => '"posted" or "renamed"',
        'amounts'  => '"own" or "all"',
        'cancel'   => '"own" or "all"',
        'gzip'     => '"off" or "on"',
        'answer'   => '"document", "message", "empty" or "truncated"',
    );

    for my $name (sort keys %allowed) {
        for my $value ('', 'x', 'On') {
            like($sandbox->("$name=$value"),
                 qr/invalid\ value\ "$value"\ of\ "$name="\ in
                    \ "itinerary_sandbox",\ it\ must\ be
                    \ \Q$allowed{$name}\E\ in\ /x,
                 "$name=$value is none of its values");
        }
    }
}


$t->done;
