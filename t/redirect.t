#!/usr/bin/perl

# The verdict is the request's, not the location's: an error page, a fallback,
# an internal redirect can neither forward what was refused or not judged, nor
# forward twice without a second record.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Refusal;

my $t = Itinerary->new;

# the first API answers what the path asks for

my $api = $t->upstream(sub {
    my ($request) = @_;

    my ($status) = $request->{target} =~ m{/s(\d+)/};
    my %headers = $request->{target} =~ m{/accel/}
                  ? ('X-Accel-Redirect' => '/page/done.html')
                  : $request->{target} =~ m{/named/}
                  ? ('X-Accel-Redirect' => '@second') : ();

    return () if ($status // 0) == 444;
    return [$status // 200, \%headers, answered(itinerary(), 'T9')];
});

my $second = $t->upstream(sub {
    my ($request) = @_;

    my ($status) = $request->{target} =~ m{/second(\d+)/};

    return [$status // 200, {}, answered(itinerary(), 'T9')];
});

my $redis = $t->redis;
my $closed = $t->port(7);

$t->nginx(conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        # error pages of a refusal

        location /page403/ {
            error_page 400 401 403 404 405 413 415 422 /page/403.html;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /page200/ {
            error_page 403 =200 /page/403.html;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /fallback403/ {
            error_page 400 401 403 415 = @second;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /fallbackoff/ {
            error_page 400 401 403 415 = @off;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /recursive/ {
            recursive_error_pages on;
            error_page 400 401 403 415 = @recursive;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /redirected403/ {
            error_page 403 = /trip/v1.1/cancel?tripId=T2;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /moved403/ {
            error_page 403 =302 http://example.com/;
            proxy_pass http://%%UPSTREAM%%;
        }

        location @recursive {
            recursive_error_pages on;
            error_page 403 = @second;
            proxy_pass http://%%UPSTREAM_1%%;
        }

        location @second {
            proxy_pass http://%%UPSTREAM_1%%;
        }

        location @off {
            itinerary off;
            proxy_pass http://%%UPSTREAM_1%%;
        }

        location /page/ {
            root %%DIR%%;
        }

        # what follows an answer, or none

        location /replay/ {
            proxy_intercept_errors on;
            error_page 404 500 502 504 = @second;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /replayoff/ {
            proxy_intercept_errors on;
            error_page 502 = @off;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /down/ {
            error_page 502 = @second;
            proxy_pass http://127.0.0.1:%%PORT_7%%;
        }

        location /rewritten/ {
            proxy_intercept_errors on;
            error_page 502 = @rewritten;
            proxy_pass http://%%UPSTREAM%%;
        }

        location @rewritten {
            rewrite ^ /trip/v1.1/cancel?tripId=T2? break;
            proxy_pass http://%%UPSTREAM_1%%;
        }

        location /intercepted/ {
            proxy_intercept_errors on;
            error_page 404 500 /page/403.html;
            proxy_pass http://%%UPSTREAM%%;
        }

        # into guarded locations, and out of them

        location /in/ {
            itinerary off;
            rewrite ^/in(/.*)$ $1 last;
        }

        location /innamed/ {
            itinerary off;
            error_page 418 = @second;
            return 418;
        }

        location /tried/ {
            root %%DIR%%;
            try_files $uri @second;
        }

        location /breaks/ {
            rewrite ^/breaks(/.*)$ $1 break;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /hidden/ {
            rewrite ^ /trip/v1/cancel?tripId=T2? break;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /args/ {
            set $args tripId=T2;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /returns/ {
            return 204;
        }
    }
END

mkdir $t->path('page');
$t->write_file('page/403.html', 'not yours');
$t->write_file('page/done.html', 'done');

my $alpha = $t->token('Alpha');
my $beta = $t->token('Beta');

for my $trip ('T1', 'T2') {
    $redis->cli->hset("itinerary:trip:$trip", owner => $trip eq 'T1' ? 'Alpha'
                      : 'Beta', state => 'active', created => 1, rev => 1);
}

my $n = 0;


# error pages of a refusal

for my $place ('fallback403', 'fallbackoff', 'recursive', 'redirected403',
               'page403', 'page200', 'moved403')
{
    for my $case (
        [403, "/$place/trip/v1?tripId=T2", $alpha, itinerary()],
        [403, "/$place/trip/v1?tripId=T2", $alpha, itinerary(xml => ' ' x 1e5)],
        [403, "/$place/trip/v1/cancel?tripId=T2", $alpha, undef],
        [401, "/$place/trip/v1", 'nonsense', itinerary()],
        [400, "/$place/trip/v1?tripId=1&tripId=2", $alpha, itinerary()],
        [400, "/$place/trip/v1", $alpha, '<x>'],
        [415, "/$place/trip/v1", $alpha, "\xfe\xff"])
    {
        my ($status, $target, $who, $body) = @$case;

        my $before = registry($t);
        my $answer = $t->post_xml($target, $who, $body);
        my @records = $t->wait_audit(++$n);

        my $shown = $place eq 'page200' && $status == 403 ? 200
                  : $place eq 'moved403' && $status == 403 ? 302
                  : $place eq 'redirected403' && $status == 403 ? 200
                  : $status;

        # a page that is an API's answer to GET is the operator's wish

        is($answer->{body}, 'not yours', "$status shows the page in /$place/")
            if $place eq 'page403' || $place eq 'page200' && $status == 403;

        is($answer->{status}, $shown, "$status is shown as $shown, /$place/")
            if $place ne 'recursive';
        isnt($answer->{status}, 200, '- it is no success')
            if $place eq 'recursive';

        is(join(' ', map { $_->{method} } $api->requests, $second->requests),
           $place eq 'redirected403' && $status == 403 ? 'GET' : '',
           '- no write is forwarded');
        is_deeply(registry($t), $before, '- nothing is claimed');
        is("$records[-1]{event} $records[-1]{verdict}", 'rejected deny',
           '- it is recorded');
        is(scalar @records, $n, '- once');

        $_->forget for $api, $second;
    }
}


# a second API for a write that the first did not carry out, or may have

for my $case (
    [500, 'recorded'], [404, 'recorded'], [444, 'recorded'])
{
    my ($status, $outcome) = @$case;

    my $answer = post("/replay/s$status/trip/v1", $alpha, 'R' . ++$n);

    is($answer->{status}, 200, "after $status the second API is asked");
    is(($api->requests)[0]{body}, ($second->requests)[0]{body},
       '- with the same body');
    ended("forwarded forwarded completed:$outcome");
}

is(post('/down/trip/v1', $alpha, 'DOWN')->{status}, 200,
   'where the first API is down the second is asked');
ended('forwarded forwarded completed:recorded');

is(post('/replayoff/s444/trip/v1', $alpha, 'OFF')->{status}, 200,
   'and where the fallback is not guarded');
ended('forwarded forwarded completed:recorded');


# what the first API may have carried out is not free because of the second

for my $status (500, 444) {
    post("/replay/s$status/second400/trip/v1", $alpha, "DOUBT$status");
    ended('forwarded forwarded completed:in_doubt');

    is(registry($t)->{"itinerary:booking:ALPHA|DOUBT$status"}{state},
       'pending', 'the claim stays');
}

for my $place ('/replay/s404/second400', '/down/second400') {
    my $locator = 'FREE' . ++$n;

    post("$place/trip/v1", $alpha, $locator);
    ended('forwarded forwarded completed:released');

    is(registry($t)->{"itinerary:booking:ALPHA|$locator"}, undef,
       'what nobody has carried out is free');
}


# a fallback that would do something else

is(post('/rewritten/s444/trip/v1', $alpha, 'REWRITTEN')->{status}, 404,
   'a fallback to another operation is refused');
is(scalar(() = $second->requests), 0, '- and not forwarded');
ended('forwarded completed:in_doubt');
$t->expect_log(qr/it is not what was judged/);

for my $case ([404, 'released'], [500, 'in_doubt']) {
    my ($status, $outcome) = @$case;

    is(post("/intercepted/s$status/trip/v1", $alpha, "PAGE$status")->{body},
       'not yours', "an error page takes the place of the API's $status");
    ended("forwarded completed:$outcome");
}

is(post('/accel/trip/v1', $alpha, 'ACCEL')->{body}, 'done',
   'X-Accel-Redirect takes the place of an answer');
ended('forwarded completed:in_doubt');

is(post('/named/trip/v1', $alpha, 'NAMED')->{status}, 200,
   'X-Accel-Redirect to a named location forwards it again');
is(scalar(() = $second->requests), 1, '- once');
ended('forwarded forwarded completed:recorded');


# a redirect into a guarded location is judged there

for my $place ('/in', '/innamed', '/tried', '/breaks') {

    refused($t, "$place/ is judged", 403, 'trip_not_owned', sub {
        $t->post_xml("$place/trip/v1?tripId=T2", $alpha, itinerary());
    });

    is(post("$place/trip/v1", $alpha, 'IN' . ++$n)->{status}, 200,
       "and passes, $place/");
    is(scalar(() = ($api->requests, $second->requests)), 1, '- once');
    ended('forwarded completed:recorded');
}

refused($t, 'a path that a rewrite has made plain is judged by that', 403,
        'trip_not_owned', sub {
    $t->post_xml('/breaks/trip/v1%2fcancel?tripId=T2', $alpha, undef);
}, audit => { operation => 'cancel' });

refused($t, 'a rewritten path is what is judged', 403, 'trip_not_owned', sub {
    $t->post_xml('/hidden/x', $alpha, undef);
}, audit => { operation => 'cancel', trip => 'T2' });

refused($t, 'arguments that were set are what is judged', 403,
        'trip_not_owned', sub {
    $t->post_xml('/args/trip/v1?tripId=T1', $alpha, itinerary());
}, audit => { trip => 'T2' });

my $records = $t->audit;

is($t->post_xml('/returns/trip/v1', $alpha, itinerary())->{status}, 204,
   '"return" returns');
is(scalar $t->audit, $records, 'and is no transaction');

$t->done;


my $seen;

sub post {
    my ($target, $who, $locator) = @_;

    $_->forget for $api, $second;
    $seen = $t->audit;

    return $t->post_xml($target, $who, itinerary(
        bookings => [{ source => 'Alpha', locator => $locator }]));
}


# the records that the last request left

sub ended {
    my ($expected) = @_;

    my @expected = split / /, $expected;
    my @records = $t->wait_audit($seen + @expected);

    is(join(' ', map { join ':', grep { defined } @$_{qw(event outcome)} }
                 @records[$seen .. $#records]),
       $expected, "- $expected");

    return;
}
