#!/usr/bin/perl

# A body that another module has read, replaced or thrown away before the
# gateway comes to it: what is judged is what is forwarded.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw(sha256_hex);
use Test::More;
use Itinerary;
use Itinerary::Refusal;

my @modules = map { "/usr/lib/nginx/modules/$_.so" }
              qw(ndk_http_module ngx_http_lua_module);

plan(skip_all => 'the Lua module is not installed')
    if grep { !-e } @modules;

my $t = Itinerary->new;

my $api = $t->upstream(sub {
    my ($request) = @_;
    return [200, { 'X-Sha256' => sha256_hex($request->{body}) },
            answered(itinerary(), 'T2')];
});

my $redis = $t->redis;

$t->nginx(modules => \@modules, conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;
    client_max_body_size 4m;
    client_body_buffer_size 256k;

    proxy_set_header X-One 1;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen %%HTTP2_1%%;

        location /access/ {
            access_by_lua_block { ngx.req.read_body() }
            proxy_pass http://%%UPSTREAM%%;
        }

        location /rewrite/ {
            rewrite_by_lua_block { ngx.req.read_body() }
            proxy_pass http://%%UPSTREAM%%;
        }

        location /file/ {
            client_body_in_file_only clean;
            access_by_lua_block { ngx.req.read_body() }
            proxy_pass http://%%UPSTREAM%%;
        }

        location /both/ {
            client_body_buffer_size 1k;
            access_by_lua_block { ngx.req.read_body() }
            proxy_pass http://%%UPSTREAM%%;
        }

        location /single/ {
            client_body_in_single_buffer on;
            access_by_lua_block { ngx.req.read_body() }
            proxy_pass http://%%UPSTREAM%%;
        }

        location /needed/ {
            lua_need_request_body on;
            access_by_lua_block { }
            proxy_pass http://%%UPSTREAM%%;
        }

        location /replaced/ {
            access_by_lua_block {
                ngx.req.read_body()
                ngx.req.set_body_data(ngx.unescape_uri(ngx.var.http_x_body))
            }
            proxy_pass http://%%UPSTREAM%%;
        }

        location /replaced_by_file/ {
            access_by_lua_block {
                ngx.req.read_body()
                ngx.req.set_body_file("%%DIR%%/body.xml")
            }
            proxy_pass http://%%UPSTREAM%%;
        }

        location /discarded/ {
            access_by_lua_block { ngx.req.discard_body() }
            proxy_pass http://%%UPSTREAM%%;
        }

        location /asleep/ {
            access_by_lua_block { ngx.sleep(0.05) ngx.req.read_body() }
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $alpha = $t->token('Alpha');
my $beta = $t->token('Beta');

$redis->cli->hset('itinerary:trip:T1', owner => 'Beta', state => 'active',
                  created => 1, rev => 1);
$redis->cli->hset('itinerary:booking:BETA|B1', owner => 'Beta', state =>
                  'active', trip => 'T1');

my $small = document('A1', 0);
my $large = document('A1', 100000);

for my $place (qw(access rewrite file both single needed asleep)) {

    for my $body ($small, $large) {
        for my $chunked (0, 1) {
            my ($answer) = passes(
                $t, "a body read before passes, /$place/, chunked: $chunked",
                sub { $t->post_xml("/$place/trip/v1", $alpha, $body,
                                   chunked => $chunked) });

            is($answer->{headers}{'x-sha256'}[0], sha256_hex($body),
               '- byte for byte');
        }

        my ($answer) = passes($t, 'and over HTTP/2', sub {
            $t->http2('POST', "/$place/trip/v1", body => $body, headers => [
                Authorization => "OAuth $alpha",
                'Content-Type' => 'text/xml' ]);
        });

        is($answer->{headers}{'x-sha256'}[0], sha256_hex($body),
           '- byte for byte');
    }

    my $record = wait_for(sub {
        my $last = ($t->audit)[-1];
        return $last->{event} eq 'completed' && $last;
    });

    is("$record->{body_bytes} $record->{body_sha256}",
       length($large) . ' ' . sha256_hex($large), 'it is in the audit trail');

    $api->forget;

    for my $size (0, 100000) {
        refused($t, "another's booking is found, /$place/", 403,
                'booking_not_owned', sub {
            $t->post_xml("/$place/trip/v1", $alpha, document('B1', $size));
        });

        refused($t, "an end that is missing is missed, /$place/", 400,
                'malformed_body', sub {
            $t->post_xml("/$place/trip/v1", $alpha,
                         document('A1', $size) =~ s{</Itinerary>\n\z}{}r);
        });
    }

    refused($t, "a document type is found, /$place/", 400,
            'doctype_forbidden', sub {
        $t->post_xml("/$place/trip/v1", $alpha, "<!DOCTYPE x>$small");
    });

    refused($t, "an empty body is empty, /$place/", 400, 'malformed_body', sub {
        $t->post_xml("/$place/trip/v1", $alpha, [], chunked => 1);
    });

    refused($t, "a cancel has no body, /$place/", 400, 'unexpected_body', sub {
        $t->post_xml("/$place/trip/v1/cancel?tripId=T1", $beta, ['x'],
                     chunked => 1);
    });

    refused($t, "a trip is another's, /$place/", 403, 'trip_not_owned', sub {
        $t->post_xml("/$place/trip/v1?tripId=T1", $alpha, $small);
    });
}


# what is forwarded is judged, not what was sent

my %escaped = map { $_ => s/([^\w])/sprintf '%%%02X', ord $1/ger }
              $small, document('B1', 0);

my ($answer) = passes($t, 'a body that was replaced passes', sub {
    $t->post_xml('/replaced/trip/v1', $alpha, '<x>not this</x>',
                 headers => ['X-Body' => $escaped{$small}]);
});

is($answer->{headers}{'x-sha256'}[0], sha256_hex($small),
   '- and is what the API gets');

refused($t, 'a body that was replaced is judged', 403, 'booking_not_owned', sub {
    $t->post_xml('/replaced/trip/v1', $alpha, $small,
                 headers => ['X-Body' => $escaped{ document('B1', 0) }]);
});

$t->write_file('body.xml', $large);

($answer) = passes($t, 'a body that a file replaced passes', sub {
    $t->post_xml('/replaced_by_file/trip/v1', $alpha, '<x>not this</x>');
});

is($answer->{headers}{'x-sha256'}[0], sha256_hex($large),
   '- and is what the API gets');

$t->write_file('body.xml', document('B1', 100000));

refused($t, 'a body that a file replaced is judged', 403, 'booking_not_owned',
        sub { $t->post_xml('/replaced_by_file/trip/v1', $alpha, $small) });

refused($t, 'a body that was thrown away is missing', 400, 'malformed_body',
        sub { $t->post_xml('/discarded/trip/v1', $alpha, $small) });

$t->done;


sub document {
    my ($locator, $size) = @_;

    my $xml = itinerary(bookings => [
        { source => $locator =~ /^B/ ? 'Beta' : 'Alpha', locator => $locator }]);

    return $xml =~ s{(<Bookings>)}{' ' x $size . $1}er;
}
