#!/usr/bin/perl

# The API's own example documents, where they are at hand (ITINERARY_REFERENCE,
# or shared/reference beside the checkout): each of them passes as an answer,
# is learnt from, and is judged as a post.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use File::Basename qw(basename);
use Test::More;
use Itinerary;
use Itinerary::Records;

my $reference = $ENV{ITINERARY_REFERENCE}
                // "$FindBin::Bin/../../shared/reference";

my @files = glob "$reference/examples/*.xml";

plan skip_all => "no documents in $reference/examples" if !@files;

my $t = Itinerary->new;
my %xml = map { basename($_, '.xml') => slurp($_) } @files;

$t->upstream(sub {
    my ($request) = @_;

    return [200, {}, $xml{ $request->{headers}{'x-show'}[0] }];
});

$t->nginx(conf => <<'END_CONF');
    itinerary_supplier $http_x_supplier;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    itinerary_unknown_trip adopt;
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $redis = $t->redis;


sub slurp {
    my ($path) = @_;

    open my $file, '<:raw', $path or die "open($path) failed: $!\n";
    local $/;

    return <$file>;
}


# the names of a document's bookings, as in keys

sub names {
    my ($xml) = @_;

    my @names;

    while ($xml =~ m{<Booking>(.*?)</Booking>}sg) {
        my $booking = $1;
        my ($source) = $booking =~ m{<BookingSource>(.*?)<};
        my ($locator) = $booking =~ m{.*<RecordLocator>(.*?)<}s;

        push @names, uc "$source|$locator";
    }

    return sort @names;
}


# whether bookings stand directly in the trip, as in some answers

sub direct {
    my ($xml) = @_;

    return $xml =~ /<Itinerary/ && $xml =~ /<Booking>/ && $xml !~ /<Bookings>/;
}


# a post, and the last record that it leaves

sub post {
    my ($who, $target, $xml, $show) = @_;

    my $ends = ends();
    my $answer = $t->post_xml($target, $who, $xml,
                              headers => ['X-Show' => $show]);

    wait_for(sub { ends() > $ends });

    return ($answer, ($t->audit)[-1]);
}


sub ends {
    return scalar(() = $t->read_file('audit.log')
                       =~ /"event":"(?:completed|rejected)"/g);
}


sub fresh {
    $redis->cli->del($_)
        for grep { !/registry$/ } $redis->cli->keys('itinerary:*');

    return;
}


for my $name (sort keys %xml) {
    my $xml = $xml{$name};
    my ($root) = $xml =~ /<(\w+)/;
    my ($id) = $xml =~ m{<ItinLocator>(.*?)<};
    my @names = names($xml);

    fresh();

    # shown

    my $teaches = $root eq 'Itinerary' && defined $id;
    my $get = sub {
        $t->http('GET', '/api/travel/trip/v1.1/' . ($id // 'T'), headers => [
            'X-Supplier' => 'Shown', 'X-Show' => $name]);
    };
    my $answer = $teaches ? $t->shown('Shown', $id, $get) : $get->();

    is($answer->{body}, $xml, "$name is shown as it is");

    if (!$teaches) {
        is(scalar(() = $redis->cli->keys('itinerary:view:*')), 0,
           "$name, a $root, shows no trip");

    } else {
        is_deeply([sort grep { /\|/ }
                        $redis->cli->hkeys("itinerary:view:$id|Shown")],
                  \@names, 'with its bookings');
        is_deeply([sort map { s/^booking://r }
                        keys %{ records($redis, match => qr/^booking:/) }],
                  \@names, 'which are on record');

        # sent back as it was shown it: not validated, not changed

        my $back = $xml;

        $back =~ s{(<Booking>.*</Booking>)}{<Bookings>$1</Bookings>}s
            if direct($xml);

        ($answer, my $record) = post('Shown',
                                     "/api/travel/trip/v1.1?tripId=$id", $back,
                                     $name);

        is($answer->{status}, 200, "$name is sent back");
        is_deeply({ map { $_->{effect} => 1 } @{ $record->{bookings} // [] } },
                  { @names ? (echoed => 1) : () }, 'which is an echo');
        is($record->{outcome}, 'recorded', 'and recorded');
    }

    # posted

    next if $root !~ /^(?:Itinerary|Booking)$/;

    fresh();

    my $target = $root eq 'Booking' ? '/api/travel/booking/v1.1'
               : defined $id        ? "/api/travel/trip/v1.1?tripId=$id"
                                    : '/api/travel/trip/v1.1';

    ($answer, my $record) = post('Posts', $target, $xml, $name);

    is($record->{operation}, $root eq 'Booking' ? 'book'
                             : defined $id ? 'update' : 'create',
       "$name is posted");

    if (direct($xml)) {
        is("$answer->{status} $record->{reason}", '400 ambiguous_body',
           'a booking directly in the trip is ambiguous');

    } elsif ($xml =~ /<Segments\/>/ || ($root eq 'Itinerary'
                                        && $xml !~ /<TripStatus>/))
    {
        is("$answer->{status} $record->{reason}", '422 invalid_document',
           'an answer lacks what a post requires');
        ok($answer->{body} =~ /TripStatus is missing/, 'which is named')
            if $xml !~ /<TripStatus>/;

    } else {
        is($answer->{status}, 200, 'and passes');
        is(($t->requests)[-1]{body}, $xml, 'as it is');
        is($record->{verdict}, 'allow', 'which is allowed');
        is($record->{outcome}, defined $id || $root eq 'Booking'
                               ? 'recorded' : 'in_doubt',
           'and its answer learnt from');
    }
}


# what they teach

fresh();

post('Alamo', '/api/travel/booking/v1.1', $xml{'booking-01'}, 'booking-02');

is_deeply(records($redis), {
    'trip:CNQR1234567890' => { state => 'active', created => 'time', rev => 1,
                               'booking:ALAMO|PANAMA50' => 'Alamo' },
    'booking:ALAMO|PANAMA50' => booking_record('Alamo', 'active',
                                               'CNQR1234567890'),
    'confirmation:ALAMO|F16726AIUS' => 'PANAMA50',
}, 'a booking, and its answer') if $xml{'booking-02'};

$t->done;
