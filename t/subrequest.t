#!/usr/bin/perl

# A subrequest into a guarded location is a read or is refused; a mirror gets
# what was allowed, and nothing else.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Refusal;

my @modules = map { "/usr/lib/nginx/modules/$_.so" }
              qw(ndk_http_module ngx_http_echo_module ngx_http_lua_module);

plan(skip_all => 'the echo and Lua modules are not installed')
    if grep { !-e } @modules;

my $t = Itinerary->new;

my $api = $t->upstream;
my $copy = $t->upstream(sub { return [200, {}, ''] });

my $redis = $t->redis;

$t->nginx(modules => \@modules, conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /audited/ {
            itinerary audit;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /mirrored/ {
            mirror /copy;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /mirrored_guarded/ {
            mirror /guarded_copy;
            proxy_pass http://%%UPSTREAM%%;
        }

        location = /copy {
            internal;
            itinerary off;
            proxy_pass http://%%UPSTREAM_1%%$request_uri;
        }

        location = /guarded_copy {
            internal;
            proxy_pass http://%%UPSTREAM_1%%$request_uri;
        }

        # an unguarded location that makes subrequests into guarded ones

        location = /echo {
            itinerary off;
            echo_read_request_body;
            echo_subrequest $arg_method $arg_path -q $arg_query -b "$arg_body";
        }

        location = /echo_async {
            itinerary off;
            echo_subrequest_async $arg_method $arg_path -q $arg_query;
        }

        location = /lua {
            itinerary off;
            content_by_lua_block {
                local answer = ngx.location.capture(ngx.var.arg_path, {
                    method = ngx["HTTP_" .. ngx.var.arg_method],
                    args = ngx.var.arg_query, body = "<x/>" })
                ngx.status = answer.status
                ngx.print(answer.body)
            }
        }

        location = /posts {
            itinerary off;
            mirror /trip/v1;
            proxy_pass http://%%UPSTREAM_1%%;
        }

        location = /asks {
            itinerary off;
            auth_request /login;
            proxy_pass http://%%UPSTREAM_1%%;
        }

        location = /login {
            internal;
            proxy_pass http://%%UPSTREAM%%;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }
    }
END

my $alpha = $t->token('Alpha');
my $beta = $t->token('Beta');

$redis->cli->hset('itinerary:trip:T1', owner => 'Alpha', state => 'active',
                  created => 1, rev => 1);

my $xml = itinerary(bookings => [{ source => 'Alpha', locator => 'A1' }]);
my $known = registry($t);


# writes by a subrequest, whoever makes it; the right itself is not asked

for my $place ('echo', 'echo_async', 'lua') {
    for my $method (qw(POST PUT DELETE)) {
        for my $path ('/trip/v1', '/trip/v1/cancel') {

            $t->http('POST', "/$place?method=$method&path=$path"
                     . '&query=tripId=T1&body=x', body => '', headers => [
                         Authorization => "OAuth $alpha",
                         'Content-Type' => 'text/xml']);

            is(scalar(() = $api->requests), 0,
               "$method $path by /$place is not forwarded");
        }
    }

    my $answer = $t->http('GET', "/$place?method=GET&path=/trip/v1&query=a=b",
                          headers => [Authorization => "OAuth $alpha"]);

    is($answer->{status}, 200, "a read by /$place passes");
    is(join(' ', map { "$_->{method} $_->{target}" } $api->requests),
       'GET /trip/v1?a=b', '- as it is');

    $api->forget;
}

is_deeply(registry($t), $known, 'nothing is claimed');
is(scalar(() = $t->audit), 0, 'or recorded');


# a subrequest takes the client's headers and body along

for my $override (['X-HTTP-Method-Override' => 'POST'],
                  ['X-Original-URL' => '/trip/v1/cancel?tripId=T1'])
{
    for my $place ('/echo?method=GET&path=/trip/v1&query=a=b',
                   '/lua?method=GET&path=/trip/v1&query=a=b', '/asks')
    {
        $t->http('GET', $place, headers => [
            Authorization => "OAuth $alpha", @$override]);

        is(scalar(() = $api->requests), 0,
           "a read with $override->[0] by $place is not forwarded");

        $api->forget;
    }
}

for my $place ('echo', 'lua') {
    $t->http('GET', "/$place?method=GET&path=/trip/v1&query=_method=POST",
             headers => [Authorization => "OAuth $alpha"]);

    is(scalar(() = $api->requests), 0,
       "a read with \"_method\" by /$place is not forwarded");

    $api->forget;
}

is($t->post_xml('/asks', $alpha, $xml)->{status}, 200,
   'auth_request into a guarded location is a read');
is(join(' ', map { $_->{method} } $api->requests), 'GET', '- and passes');
$api->forget;

$copy->forget;
is($t->post_xml('/posts', $alpha, $xml)->{status}, 200,
   'a mirror into a guarded location is a write');
is(scalar(() = $api->requests), 0, '- and is refused');


# mirrors of a guarded location

$copy->forget;

for my $place ('mirrored', 'mirrored_guarded') {

    refused($t, "what is refused has no copy, /$place/", 403, 'trip_not_owned',
            sub { $t->post_xml("/$place/trip/v1?tripId=T1", $beta, $xml) });

    refused($t, "nor has a cancel, /$place/", 403, 'trip_not_owned', sub {
        $t->post_xml("/$place/trip/v1/cancel?tripId=T1", $beta, undef);
    });

    refused($t, "nor what is malformed, /$place/", 400, 'malformed_body',
            sub { $t->post_xml("/$place/trip/v1", $beta, "$xml<x>") });
}

is(scalar(() = $copy->requests), 0, 'the mirror got nothing');

my $answer = $t->post_xml('/mirrored/trip/v1', $alpha, $xml);

is($answer->{status}, 200, 'what is allowed passes');
ok(wait_for(sub { $copy->requests }), '- and is copied');
is(join(' ', map { "$_->{method} $_->{target}" } $copy->requests),
   'POST /mirrored/trip/v1', '- once');
is(($copy->requests)[0]{body}, $xml, '- byte for byte');
is(($api->requests)[0]{body}, $xml, '- to both');

$copy->forget;
$api->forget;

is($t->post_xml('/mirrored_guarded/trip/v1', $alpha, $xml)->{status}, 200,
   'what is allowed passes a guarded mirror');
is(scalar(() = $api->requests), 1, '- once');
is(scalar(() = $copy->requests), 0, '- which gets none of it');

my @events = map { $_->{event} } $t->wait_audit(10);

is("@events[6 .. $#events]", 'forwarded completed forwarded completed',
   'a copy has no record of its own');

$t->done;
