#!/usr/bin/perl

# A cancel whose body the client does not end holds no lease, and is judged by
# what the trip is when it ends.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;

my $TRIP = '/api/travel/trip/v1.1';

my $t = Itinerary->new;

$t->nginx(conf => <<'END');
    itinerary enforce;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;
    itinerary_cancel_foreign off;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            proxy_ignore_client_abort on;
            proxy_pass http://127.0.0.1:%%PORT_1%%;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_1%%;
        itinerary off;

        location / {
            itinerary_sandbox 1m;
        }
    }
END

my $created = $t->post_xml($TRIP, 'Beta',
    itinerary(bookings => [{ source => 'Beta', locator => 'B1' }]));
my ($id) = $created->{body} =~ m{<ItinLocator>(\w+)<};

is($created->{status}, 200, 'Beta creates a trip');

# its cancel begins; the gateway has it when it answers what came after it

my $cancel = $t->http_async('POST', "$TRIP/cancel?tripId=$id",
    headers => ['X-Supplier' => 'Beta', 'Authorization' => 'OAuth Beta',
                'Transfer-Encoding' => 'chunked', 'Content-Length' => undef],
    body => ['']);

$t->http('GET', "$TRIP/$id");

my $merged = $t->post_xml($TRIP, 'Alpha',
    itinerary(bookings => [{ source => 'Alpha', locator => 'A1' }]));

like($merged->{body}, qr/B1/, 'Alpha adds a booking to it meanwhile');
is($t->redis->cli->hget("itinerary:trip:$id", 'writer'), undef,
   'the unfinished cancel holds no lease');

$cancel->send("0\r\n\r\n");

my $answer = $cancel->finish;

is("$answer->{status} " . code_of($answer), '403 booking_not_owned',
   'it is judged by what is in the trip when it ends');

my $trip = $t->http('GET', "$TRIP/$id", headers => [Authorization => 'x']);

unlike($trip->{body}, qr{<Segments/>}, 'and nothing is cancelled');

# what nginx does not see as arguments, the API may

for my $target ("$TRIP#?_method=POST",
                "$TRIP/cancel#?tripId=$id&_method=POST")
{
    my $read = $t->http('GET', $target);

    is("$read->{status} " . code_of($read), '400 method_override',
       "$target is no read");
}

$t->done;
