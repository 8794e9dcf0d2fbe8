#!/usr/bin/perl

# nginx's own limits of a body hold in a guarded location: its size, and the
# time it takes; what exceeds them leaves nothing behind.

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
    client_max_body_size 10k;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen %%HTTP2_1%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /page/ {
            error_page 413 /413.html;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /fallback/ {
            error_page 413 = @fallback;
            proxy_pass http://%%UPSTREAM%%;
        }

        location @fallback {
            proxy_pass http://%%UPSTREAM%%;
        }

        location = /413.html {
            root %%DIR%%;
        }

        location /off/ {
            itinerary off;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /slow/ {
            client_body_timeout 1s;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

$t->write_file('413.html', 'too large');

my $alpha = $t->token('Alpha');

$redis->cli->hset('itinerary:trip:T1', owner => 'Alpha', state => 'active',
                  created => 1, rev => 1);

for my $chunked (0, 1) {
    my $how = $chunked ? 'in chunks' : 'with its length';

    for my $size (10239, 10240) {
        passes($t, "$size bytes pass, $how", sub {
            $t->post_xml('/trip/v1', $alpha, padded($size),
                         chunked => $chunked);
        });
    }

    for my $size (10241, 1000000) {
        for my $target ('/trip/v1', '/trip/v1?tripId=T1') {
            refused($t, "$size bytes for $target are too many, $how", 413,
                    'body_too_large', sub {
                $t->post_xml($target, $alpha, padded($size),
                             chunked => $chunked);
            });
        }
    }

    # where the answer is the operator's

    for my $place ('page', 'fallback') {
        my $requests = $t->requests;
        my $before = registry($t);
        my $answer = $t->post_xml("/$place/trip/v1", $alpha, padded(20000),
                                  chunked => $chunked);

        isnt($answer->{status}, 200, "too many bytes, $how, error_page");
        is($answer->{body}, 'too large', '- shows the page')
            if $place eq 'page';
        is(scalar $t->requests, $requests, '- nothing is forwarded');
        is_deeply(registry($t), $before, '- or claimed');
    }
}

# where nothing is guarded, nothing is ours

my $records = $t->audit;
my $page = $t->post_xml('/off/trip/v1', $alpha, padded(20000));

is($page->{status}, 413, 'an unguarded location has its limit, too');
like($page->{body}, qr/<html>/, '- with the page of nginx');
is(scalar $t->audit, $records, '- and no record');

# chunks that go on and on are cut off at the limit, not at their end

refused($t, 'a body without an end is too large', 413, 'body_too_large', sub {
    my $client = $t->http_async(undef, undef, raw => join "\r\n",
        'POST /trip/v1 HTTP/1.1', 'Host: a', "Authorization: OAuth $alpha",
        'Content-Type: text/xml', 'Transfer-Encoding: chunked', '',
        'fffffff', '<Itinerary>' . ' ' x 20000);

    return $client->finish;
});


# a cancel in a guarded location, with what nginx refuses itself

for my $place ('', '/page') {
    my $requests = $t->requests;
    my $answer = $t->post_xml("$place/trip/v1/cancel?tripId=T1", $alpha,
                              'x' x 20000);

    is($answer->{status}, 413, 'a cancel with too large a body is refused');
    is(scalar $t->requests, $requests, '- and not forwarded');
}

{
    my $requests = $t->requests;
    my $answer = $t->post_xml('/fallback/trip/v1/cancel?tripId=other', $alpha,
                              'x' x 20000);

    is(scalar $t->requests, $requests, 'nor by way of a guarded fallback');
}


# too slow

for my $body ('<', substr padded(9000), 0, 6000) {
    for my $target ('/slow/trip/v1', '/slow/trip/v1?tripId=T1') {
        my $requests = $t->requests;
        my $before = registry($t);
        my $client = $t->http_async(undef, undef, raw => join "\r\n",
            "POST $target HTTP/1.1", 'Host: a', "Authorization: OAuth $alpha",
            'Content-Type: text/xml', 'Content-Length: 9000', '', $body);

        my $answer = $client->finish;

        is($answer->{error}, 'closed', 'a client that stalls is left');
        is(scalar $t->requests, $requests, '- nothing is forwarded');
        is_deeply(registry($t), $before, '- or claimed');
    }
}

passes($t, 'and others go on', sub {
    $t->post_xml('/slow/trip/v1?tripId=T1', $alpha, padded(9000));
});

$t->done;


sub padded {
    my ($size) = @_;

    my $xml = itinerary(bookings => [{ source => 'Alpha', locator => 'A1' }]);

    return $xml . ' ' x ($size - length $xml);
}
