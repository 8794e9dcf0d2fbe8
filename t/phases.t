#!/usr/bin/perl

# The gateway's place among the phases: what decides before it decides, may
# tell it the supplier, and cannot let anything past it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Refusal;

my $t = Itinerary->new;

my $api = $t->upstream;

my $auth = $t->upstream(sub {
    my ($request) = @_;

    my $supplier = $request->{headers}{'x-login'}[0] // '';

    return [403, {}, ''] if $supplier eq 'no';
    return [200, { 'X-Supplier' => $supplier }, ''];
});

my $redis = $t->redis;

$t->nginx(conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;

    limit_req_zone $server_name zone=one:32k rate=1r/m;
    limit_conn_zone $server_name zone=conn:32k;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen %%HTTP2_1%%;
        server_name one;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /satisfy/ {
            satisfy any;
            allow all;
            auth_basic closed;
            auth_basic_user_file %%DIR%%/users;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /auth/ {
            auth_request /login;
            auth_request_set $login $upstream_http_x_supplier;
            itinerary_supplier $login;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /any/ {
            satisfy any;
            allow all;
            auth_request /login;
            auth_request_set $login $upstream_http_x_supplier;
            itinerary_supplier $login;
            proxy_pass http://%%UPSTREAM%%;
        }

        location = /login {
            internal;
            proxy_pass http://%%UPSTREAM_1%%;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }

        location /denied/ {
            deny all;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /limited/ {
            limit_req zone=one burst=1 nodelay;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /connections/ {
            limit_conn conn 10;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /except/ {
            limit_except GET { deny all; }
            proxy_pass http://%%UPSTREAM%%;
        }

        location /delayed/ {
            limit_req zone=one burst=100 delay=100;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /map/ {
            itinerary_supplier $http_x_login-$request_method;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /buffering/ {
            proxy_buffering off;
            proxy_request_buffering off;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $alpha = $t->token('Alpha');
my $beta = $t->token('Beta');
my $body = itinerary(bookings => [{ source => 'Alpha', locator => 'A1' }]);
my $large = $body =~ s/(<Bookings>)/' ' x 100000 . $1/er;

$redis->cli->hset('itinerary:trip:T1', owner => 'Alpha', state => 'active',
                  created => 1, rev => 1);

is($t->post_xml('/trip/v1', $alpha, $body)->{status}, 200, 'Alpha has A1');
$t->wait_audit(2);


# "satisfy any" is satisfied, the gateway is not

for my $place ('/satisfy', '/connections', '/delayed', '/buffering') {
    refused($t, "another's booking is refused in $place/", 403,
            'booking_not_owned',
            sub { $t->post_xml("$place/trip/v1", $beta, $large) });

    refused($t, "another's trip is refused in $place/", 403, 'trip_not_owned',
            sub { $t->post_xml("$place/trip/v1/cancel?tripId=T1", $beta,
                               undef) });

    passes($t, "one's own passes in $place/",
           sub { $t->post_xml("$place/trip/v1", $alpha, $large) });

    # its records

    wait_for(sub { ($t->audit)[-1]{event} eq 'completed' });
}


# what is refused before comes to nobody, and is no transaction

for my $place ('/denied', '/except') {
    my $requests = $t->requests;
    my $records = $t->audit;
    my $before = registry($t);

    for my $size ($body, $large) {
        is($t->post_xml("$place/trip/v1", $alpha, $size)->{status}, 403,
           "what $place/ refuses is refused");
    }

    is(scalar $t->requests, $requests, '- and not forwarded');
    is(scalar $t->audit, $records, '- or recorded');
    is_deeply(registry($t), $before, '- or claimed');
}

{
    my @statuses = map { $t->post_xml('/limited/trip/v1', $alpha, $body)
                           ->{status} } 1 .. 6;

    like("@statuses", qr/503$/, 'limit_req limits');
}

wait_for(sub { my @r = $t->audit;
               (grep { $_->{event} eq 'forwarded' } @r)
               == (grep { $_->{event} eq 'completed' } @r) });


# auth_request tells the supplier, with and without a body, over HTTP/2, too

for my $size ($body, $large) {
    my @headers = (headers => ['X-Login' => 'Beta']);
    my %beta = (audit => { supplier => 'Beta' }, asked => 1);

    refused($t, 'Beta is known by auth_request', 403, 'booking_not_owned', sub {
        $t->post_xml('/auth/trip/v1', $alpha, $size, @headers);
    }, %beta);

    refused($t, 'and in chunks', 403, 'booking_not_owned', sub {
        $t->post_xml('/auth/trip/v1', $alpha, $size, @headers, chunked => 1);
    }, %beta);

    refused($t, 'and over HTTP/2', 403, 'booking_not_owned', sub {
        $t->http2('POST', '/auth/trip/v1', body => $size, headers => [
            'Content-Type' => 'text/xml', 'X-Login' => 'Beta']);
    }, %beta);

    refused($t, 'a login without a name is refused', 401, 'unknown_supplier',
            sub { $t->post_xml('/auth/trip/v1', $alpha, $size) },
            asked => 1) if $size eq $body;

    # nginx does not ask when "allow" is enough

    refused($t, 'a login that "satisfy any" leaves out is refused', 401,
            'unknown_supplier',
            sub { $t->post_xml('/any/trip/v1', $alpha, $size, @headers) });
}

for my $size ($body, $large) {
    for my $request (
        sub { $t->post_xml('/auth/trip/v1', $beta, $size,
                           headers => ['X-Login' => 'Alpha']) },
        sub { $t->post_xml('/auth/trip/v1', $beta, $size, chunked => 1,
                           headers => ['X-Login' => 'Alpha']) },
        sub { $t->http2('POST', '/auth/trip/v1', body => $size, headers => [
                'Content-Type' => 'text/xml', 'X-Login' => 'Alpha']) })
    {
        my ($answer, $request) = passes($t, 'Alpha is known by auth_request',
                                        $request, 2);

        wait_for(sub { ($t->audit)[-1]{event} eq 'completed' });

        is(($t->audit)[-1]{supplier}, 'Alpha', '- and recorded as such');
        is(($t->requests)[-1]{body}, $size, '- the body arrives');
    }
}

{
    my $requests = $t->requests;

    is($t->post_xml('/auth/trip/v1', $alpha, $body,
                    headers => ['X-Login' => 'no'])->{status}, 403,
       'whom auth_request refuses is refused');
    is(scalar $t->requests, $requests, '- and not forwarded');
}

refused($t, 'a name of several variables is one name', 403,
        'booking_not_owned', sub {
    $t->post_xml('/map/trip/v1', $alpha, $body, headers => ['X-Login' => 'a']);
}, audit => { supplier => 'a-POST' });

$t->done;
