#!/usr/bin/perl

# Bodies over HTTP/2, which may come without saying how long they are: what
# there is of one is found out as it comes.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Refusal;

my $t = Itinerary->new;

$t->upstream;

my $redis = $t->redis;

$t->nginx(conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen %%HTTP2_1%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $CANCEL = '/trip/v1/cancel?tripId=CNQR1234567890';

my $alpha = $t->token('Alpha');
my $xml = itinerary(bookings => [{ source => 'Alpha', locator => 'A1' }]);

# curl leaves out the length of what it would send in chunks

my @NO_LENGTH = ('Transfer-Encoding' => 'chunked');


sub http2 {
    my ($target, $body, @headers) = @_;

    return $t->http2('POST', $target, body => $body, headers => [
        Authorization => "OAuth $alpha", 'Content-Type' => 'application/xml',
        @headers]);
}


my $n = 0;

for my $case (['with its length'], ['without its length', @NO_LENGTH]) {
    my ($how, @headers) = @$case;

    my (undef, $request) = passes($t, "a document passes, $how", sub {
        http2('/trip/v1', $xml, @headers);
    });

    is($request->{body}, $xml, '- as it was sent');
    $t->wait_audit($n += 2);

    # curl may stumble over an answer that comes before it has sent all

    for my $case (
        ['a document that is broken off', 'malformed_body', '/trip/v1',
         substr $xml, 0, -20],
        ['a cancel with a document', 'unexpected_body', $CANCEL, $xml],
        ['a cancel with a blank', 'unexpected_body', $CANCEL, ' '])
    {
        my ($what, $reason, $target, $body) = @$case;
        my @before = $t->audit;
        my $requests = $t->requests;

        http2($target, $body, @headers);

        my $record = ($t->wait_audit(@before + 1))[scalar @before];

        is("$record->{event} $record->{reason}", "rejected $reason",
           "$what is refused, $how");
        is(scalar $t->requests, $requests, '- and not forwarded');
    }

    is($redis->cli->hget('itinerary:trip:CNQR1234567890', 'writer'), undef,
       '- and holds nothing');

    $n = $t->audit;
}

passes($t, 'a cancel without a body passes', sub {
    http2($CANCEL, undef);
});

ok(wait_for(sub {
    ($redis->cli->hget('itinerary:trip:CNQR1234567890', 'state') // '')
    eq 'cancelled';
}), '- and cancels');

$t->done;
