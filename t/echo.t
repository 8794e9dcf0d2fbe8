#!/usr/bin/perl

# What an update sends back as its supplier was last shown it is no change:
# what is an echo, what it allows, and what makes it stale.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Shared;

my $t = start(<<'END');

    # a change is one whether or not it keeps the rules

    itinerary_validate off;
END
my $redis = $t->redis;

my $DENIED = '403 booking_not_owned, not forwarded';
my $TRIP_DENIED = '403 trip_not_owned, not forwarded';
my $STALE = '409 stale_view, not forwarded';


# who owns the trip sends back another's booking

my $all = shared();

is(update('Alpha', $all), $DENIED, 'what was not shown cannot be sent back');
get('Alpha', $all);
is(update('Alpha', $all), '200', 'what was shown can');
is(effects(), 'A1:echoed A2:echoed B1:echoed', 'and is no change');
is(update('Alpha', $all), '200', 'again, since the answer has shown it');

my %view = $redis->cli->hgetall("itinerary:view:$trip|Alpha");

like($view{trip}, qr/\A[0-9a-f]{64}\z/, 'a view has a digest of the trip');
like($view{"BETA|B1-$trip"}, qr/\A[0-9a-f]{64}\z/, 'and of each booking');
is_deeply([sort keys %view], [sort 'rev', 'trip', "ALPHA|A1-$trip",
                              "ALPHA|A2-$trip", "BETA|B1-$trip"], 'of these');
is($view{rev}, rev(), 'and the trip\'s rev');

my $ttl = $redis->cli->ttl("itinerary:view:$trip|Alpha");

ok($ttl > 30 * 86400 - 300 && $ttl <= 30 * 86400, 'it is kept for 30 days');

is(update('Alpha', $all =~ s/<TripName>/$&New /r, $all), '200',
   'with fields of its own trip changed');
is(update('Alpha', $all =~ s/(A1-$trip.*?)Chris/$1Christa/sr, $all), '200',
   'and with an own booking changed');
is(effects(), 'A1:echoed A2:changed B1:echoed', 'which is one');
is(update('Alpha', $all =~ s{(</Bookings>)}
                            {booking(%{ b('A3') }) . $1}er, $all), '200',
   'and with one added');
is(effects(), 'A1:echoed A2:echoed B1:echoed A3:added', 'which is that');
is(update('Alpha', $all =~ s{<Booking>(?:(?!</Booking>).)*A1-$trip.*?</Booking>\s*}
                            {}sr), '200', 'and with an own one left out');
is(effects(), 'A2:echoed B1:echoed A1:removed A3:removed',
   'which is removed');


# every change of another's booking is one

$all = shared();
get('Alpha', $all);

for my $change (
    ['an element\'s text', sub { s/(.*)SEA/$1SFO/s }],
    ['a name',             sub { s{(.*)<NameLast>Miller}{$1<NameLast>Mller}s }],
    ['an element more',    sub { s{(.*)</Car>}{$1<Class>E</Class></Car>}s }],
    ['an element less',    sub { s{(.*)<EndCityCode>SEA</EndCityCode>}{$1}s }],
    ['an empty element',   sub { s{(.*)</Car>}{$1<Class/></Car>}s }],
    ['an attribute',       sub { s{(.*)<Car>}{$1<Car a="b">}s }],
    ['xsi:nil',            sub { s{(.*)<Car>}{$1<Car xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true">}s }],
    ['another namespace',  sub { s{(.*)<Car>}{$1<Car xmlns="x">}s }],
    ['the case of an element', sub { s{(.*)<Car>(.*)</Car>}{$1<car>$2</car>}s }],
    ['the order of elements',  sub { s{(.*)(<StartCityCode>.*?>\s*<)(EndCityCode>.*?>)}{$1<EndCityCode>SEA</EndCityCode><StartCityCode>SEA</StartCityCode>}s }],
    ['a text that moves',  sub { s{(.*)SEA</StartCityCode>}{$1SE</StartCityCode>}s }],
    ['its segments',       sub { s{(.*)<Segments>.*?</Segments>}{$1<Segments/>}s }],
) {
    my ($what, $change) = @$change;

    my $xml = $all;

    $change->() for $xml;
    isnt($xml, $all, "$what: there is a difference");
    is(update('Alpha', $xml), $DENIED, "$what is a change");
}

is(effects(), 'A1:echoed A2:echoed B1:changed', 'of that booking alone');


# no serialization is

for my $same (
    ['white space',  sub { s/>\s+</></g }],
    ['more of it',   sub { s/>\s*</>\n\t<!-- x -->  </g }],
    ['a prefix',     sub { s/<(\/?)(?=\w)/<$1q:/g; s/xmlns=/xmlns:q=/ }],
    ['https',        sub { s/xmlns="http:/xmlns="https:/ }],
    ['no namespace', sub { s/ xmlns="[^"]*"// }],
    ['CDATA',        sub { s{<NameLast>(\w+)}{<NameLast><![CDATA[$1]]>}g }],
    ['references',   sub { s{<NameLast>M}{<NameLast>&#77;}g }],
    ['comments',     sub { s{<NameLast>M}{<NameLast>M<!---->}g }],
    ['empty tags',   sub { s{<(\w+) />}{<$1></$1>}g }],
    ['xsi:nil that is false', sub { s{<NameLast>}{<NameLast xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="false">}g }],
    ['a schema location', sub { s{<Itinerary}{<Itinerary xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="a b"} }],
    ['no ids',       sub { s{<id>.*?</id>}{}; s{<ItinLocator>.*?</ItinLocator>}{} }],
    ['line ends',    sub { s/\n/\r\n/g }],
) {
    my ($what, $change) = @$same;

    my $xml = $all;

    $change->() for $xml;
    isnt($xml, $all, "$what: there is a difference");
    is(update('Alpha', $xml, $all), '200', "$what is none");
    is(effects(), 'A1:echoed A2:echoed B1:echoed', 'but an echo');
}


# who does not own the trip sends back its fields

$all = shared();

is(update('Beta', $all), $TRIP_DENIED, 'Beta has not been shown the trip');
get('Beta', $all);
is(update('Beta', $all), '200', 'it sends the trip back as it was shown it');
is(effects(), 'A1:echoed A2:echoed B1:echoed', 'which is no change');
is(update('Beta', $all =~ s{(B1-$trip)}{$1}r =~ s/(.*)Miller/$1Muller/sr,
          $all), '200', 'and with its own booking changed');
is(effects(), 'A1:echoed A2:echoed B1:changed', 'which is one');
is(update('Beta', $all =~ s{(</Bookings>)}{booking(%{ b('B2') }) . $1}er),
   '200', 'and with one added');
is(update('Beta', $all), '200', 'and removed again, as the answer has shown it');
is(effects(), 'A1:echoed A2:echoed B1:echoed B2:removed', 'which is its right');

for my $change (
    ['its name',         sub { s/Trip from/Trip to/ }],
    ['a date',           sub { s/<EndDateLocal>2013/<EndDateLocal>2014/ }],
    ['a status',         sub { s/<TripStatus>HK/<TripStatus>2/ }],
    ['a field more',     sub { s{<TripName>}{<Comments>x</Comments>$&} }],
    ['a field less',     sub { s{<BookedByLastName>.*?</BookedByLastName>}{} }],
    ['when it was modified', sub { s/<DateModifiedUtc>2012/<DateModifiedUtc>2013/ }],
) {
    my ($what, $change) = @$change;

    my $xml = $all;

    $change->() for $xml;
    isnt($xml, $all, "$what: there is a difference");
    is(update('Beta', $xml), $TRIP_DENIED, "$what is a change of the trip");
}

is(update('Beta', $all =~ s/A1-$trip/A9-$trip/r), $DENIED,
   'a booking of Alpha is missing');
is(update('Gamma', $all), $TRIP_DENIED,
   'a view is that of the supplier that was shown it');


# stale

$all = shared();
get('Alpha', $all);
get('Beta', $all);

my $changed = $all =~ s/(.*)Miller/$1Muller/sr;

is(update('Beta', $changed), '200', 'Beta changes its booking');
is(update('Alpha', $all), $STALE, 'Alpha would undo it');
is(update('Alpha', $changed), $DENIED, 'what it was not shown it cannot echo');
get('Alpha', $changed);
is(update('Alpha', $changed), '200', 'until it has got the trip again');
is(update('Beta', $changed), $STALE,
   'now Beta would undo what Alpha may have changed');

my ($error) = ($t->audit)[-1];

is("$error->{verdict} $error->{reason} $error->{status}", 'deny stale_view 409',
   'the audit trail says so');

get('Beta', $changed);
is(post('Alpha', "/trip/v1.1?tripId=$trip", $changed, '', 'X-Status' => 400),
   '400', 'a write that the API refuses');
is(update('Beta', $changed), '200', 'makes nothing stale');
get('Alpha', $changed);
is(post('Beta', "/trip/v1.1?tripId=$trip", $changed, '', 'X-Status' => 500),
   '500', 'a write whose outcome is in doubt');
is(update('Alpha', $changed), $STALE, 'may have changed something');
get('Alpha', $changed);
is(post('Beta', '/trip/v1.1', itinerary(bookings => [b('B1')]), '',
        'X-Status' => 500), '500',
   'so may one that does not name the trip of its booking');
is(update('Alpha', $changed), $STALE, 'and did');
get('Alpha', $changed);
is(post('Beta', '/trip/v1.1', itinerary(bookings => [b('B1')]),
        answered(itinerary(bookings => [b('B1')]), 'OTHER')), '200',
   'one whose booking is in another trip now');
is(update('Alpha', $changed), $STALE, 'is one to this, too');

# an own change needs no view

is(update('Beta', $changed), $STALE, 'Beta has an old view');
is(update('Alpha', answered(itinerary(TripName => 'x', bookings => [b('A1'),
          b('A2')]), $trip)), $DENIED, 'the owner may not leave out');
get('Alpha', $changed);
is(update('Alpha', $changed =~ s/<TripName>/$&x/r), '200',
   'the owner changes its trip');
is(update('Beta', $changed), '409 stale_view, not forwarded',
   'whoever sends back its old fields would undo that');


# what a view cannot do

$all = shared();
get('Alpha', $all);
get('Beta', $all);

is(post('Alpha', '/trip/v1.1', itinerary(bookings => [b('B1')])), $DENIED,
   'a create echoes nothing');

my $other = $trip;

shared();
is(update('Alpha', $all =~ s/<(id|ItinLocator)>.*?>//gr), $DENIED,
   'a view of one trip is none of another');


# nobody's bookings

another();

my $old = answered(itinerary(bookings => [b('A1'), b('O1')]), $trip);

is(post('Alpha', '/trip/v1.1', itinerary(bookings => [b('A1')])), '200',
   'a trip of Alpha');
get('Alpha', $old);
is($redis->cli->hget("itinerary:booking:OLD|O1-$trip", 'state'), 'seen',
   'that has an old booking');
is(update('Alpha', $old), '200', 'is sent back as it is');
is(effects(), 'A1:echoed O1:echoed', 'which takes nothing');
is(update('Alpha', $old =~ s/(.*)Miller/$1Muller/sr), $DENIED,
   'nobody may change what nobody has on record');

$target = '/adopt';
is(update('Alpha', $old), '200', 'where it may be adopted');
is($redis->cli->hget("itinerary:booking:OLD|O1-$trip", 'owner'), '',
   'an echo adopts nothing');
is(update('Alpha', $old =~ s/(.*)Miller/$1Muller/sr, $old), '200', 'a change');
is($redis->cli->hget("itinerary:booking:OLD|O1-$trip", 'owner'), 'Alpha',
   'does');


# a trip without a creator

for my $policy ('', '/adopt', '/allow') {
    another();
    $target = $policy;

    my $unknown = answered(itinerary(bookings => [b('O1')]), $trip);

    is(update('Beta', $unknown), $policy ? '200' : $TRIP_DENIED,
       "an unknown trip that was not shown, '$policy'") if !$policy;

    get('Beta', $unknown);

    is($redis->cli->hget("itinerary:trip:$trip", 'state'), 'active',
       'a GET makes a trip known');
    is($redis->cli->hget("itinerary:trip:$trip", 'owner'), undef,
       'and nobody its creator');
    is(update('Beta', $unknown =~ s{(</Bookings>)}
                                   {booking(%{ b('B1') }) . $1}er), '200',
       'who was shown it adds a booking');
    is($redis->cli->hget("itinerary:trip:$trip", 'owner'),
       $policy eq '/adopt' ? 'Beta' : undef,
       $policy eq '/adopt' ? 'and is its creator' : 'and still nobody is');
}


# a booking that is gone

$all = shared();
$target = '';

my $gone = answered(itinerary(bookings => [b('A1'), b('A2')]), $trip);

is(update('Alpha', $gone), $DENIED, 'a booking of Beta may not be left out');
get('Alpha', $gone);
is(update('Alpha', $gone), '200', 'unless the API does not show it any more');
is(effects(), 'A1:echoed A2:echoed', 'then nothing is removed');
is(update('Alpha', $all), $DENIED, 'but it is still Beta\'s');
get('Beta', $gone);
is(update('Beta', $gone =~ s{(</Bookings>)}
                            {booking(%{ b('B1') }) . $1}er, $all), '200',
   'who may put it there again');
is(update('Alpha', $gone), $DENIED,
   'and then what Alpha was shown is old: it may not be left out');

get('Alpha', $gone);
$redis->cli->hset("itinerary:booking:BETA|B1-$trip", 'state', 'pending');
is(update('Alpha', $gone), $DENIED, 'nor what is in doubt');


# bookings that cannot be told apart, or compared

$all = shared();

my ($other_b) = $all =~ m{(<Booking>(?:(?!</Booking>).)*B1-$trip.*?</Booking>)}s;

for my $twin ($other_b, $other_b =~ s/Miller/Muller/r) {
    get('Alpha', $all =~ s{(</Bookings>)}{$twin$1}r);
    is(update('Alpha', $all), $DENIED,
       'two bookings of one name were shown: neither may come back alone');
    is(update('Alpha', $all =~ s{\Q$other_b\E}{}r), $DENIED,
       'nor be left out');
}

get('Alpha', $all =~ s{<NameLast>(?=Miller(?!.*Miller))}{$& . ' ' x 300}ser);
is(update('Alpha', $all =~ s{<NameLast>(?=Miller(?!.*Miller))}{$& . ' ' x 300}ser),
   $DENIED, 'what has no digest cannot come back');
is(update('Alpha', $all =~ s{\Q$other_b\E}{}r), $DENIED, 'nor be left out');


# a cancelled trip

$all = shared();

my $void = $all =~ s/<TripStatus>HK/<TripStatus>2/r;

get('Alpha', $all);
is(update('Alpha', $void), '200', 'Alpha cancels the trip by its status');
is($redis->cli->hget("itinerary:trip:$trip", 'state'), 'cancelled',
   'it is cancelled');
get('Beta', $void);
is(update('Beta', $void), '200', 'Beta sends that status back');
is($redis->cli->hget("itinerary:trip:$trip", 'state'), 'cancelled',
   'which sets nothing');


# TripStatus, for others

$all = shared();
get('Beta', $all);
is(update('Beta', $all =~ s/<TripStatus>HK/<TripStatus>2/r), $TRIP_DENIED,
   'nobody else cancels the trip so');


# what is missing, where nothing is replaced

$all = shared();
$target = '/keep';
get('Beta', $all);
is(update('Beta', $all =~ s{<Booking>(?:(?!</Booking>).)*A1-$trip.*?</Booking>\s*}
                           {}sr, $all), '200',
   'with itinerary_replace off nothing is missing');


# an alias

$all = shared();
$target = '';

is(update('Alpha', itinerary(TripName => 'x'), $all), $DENIED, 'not yet');
get('Alpha', $all =~ s/v1.1\/$trip/v1.1\/I-$trip/r);
is($redis->cli->get("itinerary:alias:I-$trip"), $trip,
   'a GET teaches another id of the trip');
is(post('Alpha', "/trip/v1.1?tripId=I-$trip",
        $all =~ s/v1.1\/$trip/v1.1\/I-$trip/r, $all), '200',
   'by which it is sent back');


# what is in doubt and one's own is claimed again, not echoed

$all = shared();
get('Alpha', $all);
$redis->cli->hset("itinerary:booking:ALPHA|A1-$trip", 'state', 'pending');
is(update('Alpha', $all), '200', 'an own booking in doubt is sent back');
is(effects(), 'A1:changed A2:echoed B1:echoed', 'which is a change');
is($redis->cli->hget("itinerary:booking:ALPHA|A1-$trip", 'state'), 'active',
   'that settles it');

$t->done;
