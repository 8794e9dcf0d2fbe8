#!/usr/bin/perl

# What an answer shows without saying clearly what it is: what was shown and
# cannot be told, or stands there twice, may not be left out.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use Itinerary;
use Itinerary::Records;

my $NS = 'http://www.concursolutions.com/api/travel/trip/2010/06';

my $t = Itinerary->new;

# the API answers what it is told to

$t->upstream(sub {
    my ($request) = @_;

    my $h = $request->{headers};

    return [$h->{'x-status'}[0] // 200, {}, decode_base64($h->{'x-body'}[0])];
});

$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;

    large_client_header_buffers 4 64k;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /adopt/ {
            itinerary_unknown_trip adopt;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /allow/ {
            itinerary_unknown_trip allow;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /keep/ {
            itinerary_replace off;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $redis = $t->redis;
my ($posts, $trip, $target) = (0, '', '');


# "status code" of a post, after which the API shows $shown (a document, or
# what was posted); the code is followed by ", not forwarded" where it was not

sub post {
    my ($who, $uri, $xml, $shown, %header) = @_;

    my $before = $t->requests;

    $posts++;
    $shown //= defined $xml && $xml !~ /<id>/ ? answered($xml, $trip)
                                              : $xml // '';

    my $answer = $t->post_xml($uri, $who, $xml,
                              headers => ['X-Body' => encode_base64($shown, ''),
                                          %header]);
    my $code = code_of($answer);

    return $answer->{status} . (defined $code ? " $code" : '')
           . ($t->requests > $before ? '' : ', not forwarded');
}


sub update {
    my ($who, $xml, $shown, %header) = @_;

    return post($who, "$target/trip/v1.1?tripId=$trip", $xml, $shown, %header);
}


# a GET whose answer is $shown; the registry has learnt it when this returns

sub get {
    my ($who, $shown) = @_;

    return $t->shown($who, $trip, sub { look($who, $shown) });
}


sub view_of { my ($who) = @_; return "itinerary:view:$trip|$who" }

sub look {
    my ($who, $shown) = @_;

    my $answer = $t->http('GET', "/trip/v1.1/$trip", headers => [
        'X-Supplier' => $who, 'X-Body' => encode_base64($shown, '')]);

    die "GET: $answer->{status}\n" if $answer->{status} != 200;

    return;
}


sub b {
    my ($locator, %more) = @_;

    my %sources = (A => 'Alpha', B => 'Beta', O => 'Old');

    return { source => $sources{ substr $locator, 0, 1 },
             locator => "$locator-$trip", %more };
}


# A trip of Alpha with A1, A2 of Alpha and B1 of Beta, as the API shows it.

my $n = 0;

sub shared {
    $trip = 'T' . ++$n;
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


sub rev { return $redis->cli->hget("itinerary:trip:$trip", 'rev') }

my $DENIED = '403 booking_not_owned, not forwarded';
my $TRIP_DENIED = '403 trip_not_owned, not forwarded';
my $STALE = '409 stale_view, not forwarded';



my $WITHOUT_B1 = qr{<Booking>(?:(?!</Booking>).)*B1-T\d+.*?</Booking>\s*}s;


# what cannot be told has no digest

my $all = shared();
my $blank = ' ' x 300;
my $vague = $all =~ s{(.*)<NameLast>Miller}{$1<NameLast>${blank}Miller}sr;

get('Alpha', $vague);
is(update('Alpha', $vague), $DENIED,
   'a booking of Beta that was shown, but cannot be told, is not sent back');
is(update('Alpha', $vague =~ s/$WITHOUT_B1//r), $DENIED,
   'nor is it left out');


# one name, two bookings

$all = shared();

my ($first) = $all =~ /($WITHOUT_B1)/;
my $second = $first =~ s/Miller/Muller/r;

get('Alpha', $all =~ s/\Q$first\E/$first$second/r);
is(update('Alpha', $all), $DENIED,
   'of a booking that was shown twice, the first is not sent back alone');
is(update('Alpha', $all =~ s/\Q$first\E/$second/r), $DENIED,
   'nor is the second');


# no name

for my $element ('BookingSource', 'RecordLocator') {
    $all = shared();
    get('Alpha', $all);
    look('Alpha', $all =~ s{(.*)<$element>.*?<}{$1<$element><}sr);

    ok(wait_for(sub { !$redis->cli->exists(view_of('Alpha')) }),
       "an answer with a booking without $element ends the view");
    is(update('Alpha', $all =~ s/$WITHOUT_B1//r), $DENIED,
       "what is shown without a $element may be anybody's");
}


# nothing of the bookings

$all = shared();
get('Alpha', $all);
is(update('Alpha', $all =~ s/<TripName>/$&x/r,
          $all =~ s{<Bookings>.*</Bookings>}{}sr), '200',
   'an update is answered with the trip\'s fields alone');
is(update('Alpha', $all =~ s/$WITHOUT_B1//r), $DENIED,
   'which does not say that no booking is there');


# a booking alone

$all = shared();
get('Alpha', $all);
is(post('Alpha', "/booking/v1.1?tripId=$trip",
        booking(ns => $NS, %{ b('A1') }),
        answered(itinerary(Comments => '', bookings => [b('A1')]), $trip)),
   '200', 'a booking that is posted by itself is answered with itself');
is(update('Alpha', $all =~ s/$WITHOUT_B1//r), $DENIED,
   'which does not say that no other is there');


# another trip's details

$all = shared();

my $this = $trip;
my $other = shared();

$trip = $this;
get('Alpha', $all);
look('Alpha', $other =~ s/\s+(?=<)//gr);
ok(wait_for(sub { !$redis->cli->exists(view_of('Alpha')) }),
   'details of another trip end the view');
is(update('Alpha', $other =~ s/<(id|ItinLocator)>.*?>//gr, $all), $DENIED,
   'details that are another trip\'s say nothing of this one');


# a part, that the supplier has asked for

$all = shared();

my $part = $all =~ s/$WITHOUT_B1//r;

for my $args ('bookingType=Car', 'page=1&pageSize=2', 'tripId=&fields=x') {
    is($t->http('GET', "/trip/v1.1/$trip?$args", headers => [
           'X-Supplier' => 'Alpha', 'X-Body' => encode_base64($part, '')])
       ->{status}, 200, "details are asked for by $args");
}

my $whole = $trip;

$trip = 'LATER';
get('Alpha', answered(itinerary(), $trip));
$trip = $whole;
is(update('Alpha', $part), $DENIED, 'which may not be the whole trip');


# a type is a name, too

$all = shared() =~ s{(.*)<Car>}{$1<Car xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:p="urn:a" i:type="p:Car">}sr;
get('Alpha', $all);
is(update('Alpha', $all =~ s/urn:a/urn:b/r), $DENIED,
   'a type of another namespace is another one');

$t->done;
