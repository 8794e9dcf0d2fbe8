#!/usr/bin/perl

# An answer teaches the same, and reaches the client byte for byte, wherever it
# is cut, into packets or chunks, plain or compressed; cut short, it teaches
# nothing, wherever that is.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Compress::Gzip qw(gzip $GzipError);
use Test::More;
use Itinerary;
use Itinerary::Document;
use Itinerary::Records;

my $NS = $Itinerary::Document::NAMESPACE;

# so many trips are written to at a time

my @TRIPS = map { "T$_" } 1 .. 8;

my $t = Itinerary->new;


# A trip as the API shows it, as short as it can be: with an id that is not its
# ItinLocator, the posted booking and one that was there.

sub shown {
    my ($trip) = @_;

    return qq{<?xml version="1.0"?>\n<Itinerary xmlns="$NS"><id>X$trip</id>}
           . "<ItinLocator>$trip</ItinLocator><TripName>M\xc3\xbcller &amp; "
           . 'S&#xF8;n</TripName><Bookings>' . booking_of("A$trip", 'x')
           . booking_of("S$trip", '<![CDATA[]]]]>')
           . "</Bookings></Itinerary>\n";
}


sub booking_of {
    my ($locator, $note) = @_;

    return "<Booking><Segments><Air/></Segments><RecordLocator>$locator"
           . '</RecordLocator><BookingSource>Alpha</BookingSource>'
           . "<Note>$note</Note></Booking>";
}


# the bytes of an answer

sub zipped {
    my ($trip) = @_;

    my $plain = shown($trip);

    gzip(\$plain => \my $zipped, Minimal => 1) or die "gzip: $GzipError\n";

    return $zipped;
}


sub chunks {
    return join '', map { sprintf "%x\r\n%s\r\n", length, $_ }
                    (grep { length } @_), '';
}


sub head {
    return join "\r\n", 'HTTP/1.1 200 OK', 'Content-Type: application/xml',
                'Connection: close', @_, '', '';
}


# Ways to send it: its bytes on the wire, and how they are cut.

my $CHUNKED = 'Transfer-Encoding: chunked';
my $GZIP = 'Content-Encoding: gzip';

sub sized {
    my ($bytes, @more) = @_;

    return head('Content-Length: ' . length $bytes, @more);
}


# two pieces a moment apart, many as they come

sub apart { return @_ > 2 ? @_ : ($_[0], \0.0002, $_[1]) }


my %ways = (
    'with its length' => {
        head  => sub { sized(shown(@_)) },
        body  => sub { shown(@_) },
        cut   => \&apart,
        short => 1,
    },
    'in chunks that are cut' => {
        head     => sub { head($CHUNKED) },
        body     => sub { chunks(shown(@_)) },
        cut      => \&apart,
        buffered => 1,
        short    => 1,
    },
    'in two chunks' => {
        head => sub { head($CHUNKED) },
        body => sub { shown(@_) },
        cut  => \&chunks,
    },
    'to the end of the connection' => {
        head => sub { head() },
        body => sub { shown(@_) },
        cut  => \&apart,
    },
    'compressed' => {
        head  => sub { sized(zipped(@_), $GZIP) },
        body  => sub { zipped(@_) },
        cut   => \&apart,
        short => 1,
    },
    'compressed, in two chunks' => {
        head     => sub { head($CHUNKED, $GZIP) },
        body     => sub { zipped(@_) },
        cut      => \&chunks,
        buffered => 1,
    },
);

my @ways = sort keys %ways;

$t->upstream(sub {
    my ($request) = @_;

    my $h = $request->{headers};

    return [200, {}, answered($request->{body}, $h->{'x-create'}[0])]
        if $h->{'x-create'};

    my $way = $ways{ $ways[ $h->{'x-way'}[0] ] };
    my $at = $h->{'x-at'}[0];
    my ($trip) = $request->{body} =~ m{<RecordLocator>A(\w+)<};
    my $head = $way->{head}->($trip);
    my $body = $way->{body}->($trip);

    return $head, substr($body, 0, $at) if $h->{'x-short'};

    return $head, $way->{cut}->($at eq 'all' ? split //, $body
                                             : unpack "a$at a*", $body);
});

$t->nginx(conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_supplier $http_x_supplier;
    itinerary enforce;
    itinerary_replace off;
    proxy_ignore_client_abort on;
    proxy_http_version 1.1;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /unbuffered/ {
            proxy_buffering off;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $cli = $t->redis->cli;


# An update of each of the trips; the answers.

sub update {
    my ($way, $short, @at) = @_;

    my $location = $ways{ $ways[$way] }{buffered} ? '' : '/unbuffered';

    my @clients = map {
        my $trip = $TRIPS[$_];
        my $xml = itinerary(bookings => [{ source  => 'Alpha',
                                           locator => "A$trip" }]);

        $t->post_xml_async("$location/trip/v1.1?tripId=$trip", 'Alpha', $xml,
                           headers => ['X-Way' => $way, 'X-At' => $at[$_],
                                       $short ? ('X-Short' => 1) : ()]);
    } 0 .. $#at;

    my @answers = map { $_->finish } @clients;

    $_->close for @clients;

    return @answers;
}


# what the registry knows of a trip, but for how often it was written to

sub known {
    my ($trip) = @_;

    my %trip = $cli->hgetall("itinerary:trip:$trip");
    my %seen = $cli->hgetall("itinerary:booking:ALPHA|S$trip");
    my %view = $cli->hgetall("itinerary:view:$trip|Alpha");

    delete @trip{qw(rev created)};
    delete @seen{qw(at request)};
    delete $view{rev};

    return join ' ', $cli->get("itinerary:alias:X$trip") // 'no alias',
                     (map { my $h = $_; map { "$_=$h->{$_}" } sort keys %$h }
                      \%trip, \%seen, \%view);
}


sub forget {
    for my $trip (@_) {
        $cli->del("itinerary:alias:X$trip", "itinerary:view:$trip|Alpha",
                  "itinerary:booking:ALPHA|S$trip");
        $cli->hdel("itinerary:trip:$trip", "booking:ALPHA|S$trip");
    }

    return;
}


# Answers that are cut at every place, and one in pieces of a byte: what is
# wrong with each, by the place.

my %expected;

sub cut {
    my ($way) = @_;

    my $name = $ways[$way];
    my @places = (0 .. length($ways{$name}{body}->('T1')), 'all');
    my %wrong;

    while (my @at = splice @places, 0, scalar @TRIPS) {

        forget(@TRIPS);

        my @answers = update($way, 0, @at);

        for my $n (0 .. $#at) {
            my $trip = $TRIPS[$n];
            my $got = known($trip);

            $expected{$trip} //= $got;

            $wrong{$at[$n]} .= ' bytes'
                if $answers[$n]{status} != 200 || $answers[$n]{error}
                   || $answers[$n]{body} ne ($name =~ /comp/ ? zipped($trip)
                                                             : shown($trip));
            $wrong{$at[$n]} .= ' facts' if $got ne $expected{$trip};
        }
    }

    return \%wrong;
}


for my $trip (@TRIPS) {
    my $xml = itinerary(bookings => [{ source  => 'Alpha',
                                       locator => "A$trip" }]);

    $t->post_xml('/trip/v1.1', 'Alpha', $xml, headers => ['X-Create' => $trip])
        ->{status} == 200 or die "no trip\n";

    forget($trip);
}

update(0, 0, 1);

like(known('T1'), qr/^T1\ booking:ALPHA\|AT1=Alpha\ booking:ALPHA\|ST1=
                     \ owner=Alpha\ state=active\ owner=\ state=seen\ trip=T1
                     \ ALPHA\|AT1=\w+\ ALPHA\|ST1=\w+\ trip=\w+$/x,
     'an answer teaches the other id, a booking, and what is shown');

for my $way (0 .. $#ways) {
    is_deeply(cut($way), {}, "it does so $ways[$way], wherever it is cut");
}


# Answers that end too early, at every place: those of which a client hears no
# error, or that taught something.

my %unknown;

sub cut_short {
    my ($way) = @_;

    my @places = (0 .. length($ways{ $ways[$way] }{body}->('T1')) - 1);
    my @wrong;

    while (my @at = splice @places, 0, scalar @TRIPS) {
        my @answers = update($way, 1, @at);

        # what broke off is settled behind the answer

        $t->wait_for(sub {
            !grep { $cli->hexists("itinerary:trip:$_", 'writer') } @TRIPS;
        });

        push @wrong, map { $at[$_] } grep {
            !$answers[$_]{error} && $answers[$_]{status} == 200
            || known($TRIPS[$_]) ne $unknown{ $TRIPS[$_] }
        } 0 .. $#at;
    }

    return \@wrong;
}


forget(@TRIPS);
%unknown = map { $_ => known($_) } @TRIPS;

my $outcomes = () = $t->read_file('audit.log') =~ /"outcome":"recorded"/g;
my $doubts = 0;

for my $way (grep { $ways{ $ways[$_] }{short} } 0 .. $#ways) {
    is_deeply(cut_short($way), [], "it teaches nothing $ways[$way], where it "
                                   . 'is cut short, wherever');

    $doubts += length $ways{ $ways[$way] }{body}->('T1');
}

$t->wait_for(sub {
    $doubts == (() = $t->read_file('audit.log') =~ /"outcome":"in_doubt"/g);
});

my $log = $t->read_file('audit.log');

is(scalar(() = $log =~ /"outcome":"in_doubt"/g), $doubts,
   'all of these are in doubt');
is(scalar(() = $log =~ /"outcome":"recorded"/g), $outcomes,
   'and no other');

$t->done;
