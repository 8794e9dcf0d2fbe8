#!/usr/bin/perl

# The module beside others of Debian's, before and after them: nchan brings a
# hiredis of its own, lua moves phase handlers, echo posts subrequests.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;

my $TRIP = '/api/travel/trip/v1.1';
my $DIR = '/usr/lib/nginx/modules';

# in an order in which they load: lua needs ndk

my @ALL = grep { -e } map { "$DIR/$_" } qw(
    ndk_http_module.so ngx_http_lua_module.so ngx_http_echo_module.so
    ngx_nchan_module.so ngx_http_dav_ext_module.so
    ngx_http_headers_more_filter_module.so ngx_http_image_filter_module.so
    ngx_http_perl_module.so ngx_http_subs_filter_module.so
    ngx_http_uploadprogress_module.so ngx_http_xslt_filter_module.so
    ngx_http_auth_pam_module.so ngx_http_cache_purge_module.so
    ngx_http_fancyindex_module.so ngx_http_upstream_fair_module.so
    ngx_http_js_module.so ngx_http_modsecurity_module.so
);

plan(skip_all => 'the modules are not those of this nginx')
    if $ENV{ITINERARY_NGINX};

my $OURS = "$Itinerary::MODULES/ngx_http_itinerary_module.so";


# hiredis is inside, and nobody sees it

my $defined = qx(nm --defined-only $OURS);
my $exported = qx(nm -D --defined-only $OURS);
my $undefined = qx(nm -D --undefined-only $OURS);
my $names = qr/ (?:__)?(?:redis[A-Z]|hi_|sds[a-z])\w*$/m;

like($defined, qr/ t redisReaderFeed$/m, 'hiredis is in the module');
unlike($exported, $names, 'nobody can call it');
unlike($undefined, $names, 'and it is nobody else\'s');

my ($nchan) = grep { /nchan/ } @ALL;

ok($nchan && qx(nm -D --defined-only $nchan) =~ / T redisReaderFeed$/m,
   'nchan shows its own to everybody');


# it is loaded under valgrind, too, but does nothing: it reads what it has freed
# after a reload

my $pubsub = $nchan && !$ENV{ITINERARY_VALGRIND};


sub has { return scalar grep { /\Q$_[0]\E/ } @ALL }


sub story {
    my ($name, %opt) = @_;

    my $t = Itinerary->new;

    my $redis = $t->redis;
    my $lua = has('_lua_') ? "access_by_lua_block { ngx.req.read_body() }\n"
                             . "header_filter_by_lua_block "
                             . "{ ngx.header['X-Lua'] = 'yes' }" : '';
    my $echo = has('_echo_') ? <<'END' : '';
        location = /echo {
            echo_subrequest POST /api/travel/trip/v1.1/cancel -q tripId=T1;
        }
END
    my $location = $pubsub ? <<'END' : '';
        location = /pubsub {
            nchan_pubsub;
            nchan_channel_id test;
            nchan_redis_pass redis;
        }
END
    my $server = $pubsub ? 'upstream redis { nchan_redis_server redis://'
                           . $redis->address . '; }' : '';
    my $package = has('_lua_')
                  ? 'lua_package_path "/usr/share/lua/5.1/?.lua;;";' : '';

    $t->nginx(%opt, workers => 2, conf => <<"END");
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    $package
    $server

    server {
        listen 127.0.0.1:%%PORT%%;
        itinerary enforce;

        location / {
            proxy_ignore_client_abort on;
            proxy_pass http://127.0.0.1:%%PORT_1%%;
        }

        location /lua/ {
            $lua
            proxy_ignore_client_abort on;
            proxy_pass http://127.0.0.1:%%PORT_1%%/;
        }

$echo$location
    }

    server {
        listen 127.0.0.1:%%PORT_1%%;

        location / {
            itinerary_sandbox 1m;
        }
    }
END

    my $alpha = $t->token('Alpha');
    my $beta = $t->token('Beta');

    my $post = sub {
        my ($who, $target, @locators) = @_;

        return $t->post_xml($target, $who, itinerary(
            bookings => [map { { source => 'Alpha', locator => $_ } }
                         @locators]
        ));
    };

    if ($pubsub) {
        is($t->http('POST', '/pubsub', body => 'x')->{status}, 404,
           "$name: who posts elsewhere is refused");

        # it refuses until it is connected, and then waits for a message

        ok($t->wait_for(sub {
            $t->http('GET', '/pubsub', timeout => 0.2)->{status} == 0
        }), "$name: nchan is connected to Redis with its own hiredis");
    }

    my $answer = $post->($alpha, $TRIP, 'A1');
    my ($id) = $answer->{body} =~ m{<ItinLocator>(\w+)<};

    is($answer->{status}, 200, "$name: Alpha creates a trip");
    is($post->($alpha, "$TRIP?tripId=$id", 'A1', 'A2')->{status}, 200,
       "$name: and updates it");
    is($post->($beta, "$TRIP?tripId=$id", 'A1')->{status}, 403,
       "$name: Beta may not");
    is($t->post_xml("$TRIP/cancel?tripId=$id", $beta, undef)->{status}, 403,
       "$name: nor cancel it");

    if (has('_lua_')) {
        $answer = $post->($alpha, "/lua$TRIP?tripId=$id", 'A1');
        is("$answer->{status} $answer->{headers}{'x-lua'}[0]", '200 yes',
           "$name: lua reads the body before, and changes the answer's head");
        is($post->($beta, "/lua$TRIP?tripId=$id", 'A1')->{status}, 403,
           "$name: Beta may still not");
    }

    if (has('_echo_')) {
        $t->http('GET', '/echo');
        like($t->error_log, qr/itinerary: subrequest ".*" refused/,
             "$name: a subrequest of echo is refused");
    }

    is($t->post_xml("$TRIP/cancel?tripId=$id", $alpha, undef)->{status}, 200,
       "$name: Alpha cancels the trip");
    is($redis->cli->hget("itinerary:trip:$id", 'state'), 'cancelled',
       "$name: which is on record");
    ok($t->reload, "$name: nginx reloads");
    is($post->($alpha, $TRIP, 'A1')->{status}, 200, "$name: and goes on");

    return $t;
}


my $load = join '', map { "load_module $_;\n" } @ALL;

story('after others', modules => \@ALL)->stop;
story('before others', main => $load)->done;
