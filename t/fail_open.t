#!/usr/bin/perl

# itinerary_fail_open: what happens to writes while Redis is not there.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Records;

my $t = Itinerary->new;

my $redis = $t->redis(persist => 1);

$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% connect_timeout=10s timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /open/ {
            itinerary_fail_open on;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /named/ {
            itinerary_fail_open on;
            itinerary_supplier $http_x_supplier;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

my $alpha = $t->token('Alpha');
my $beta = $t->token('Beta');


sub post {
    my ($who, $target, $xml) = @_;

    my $before = $t->requests;
    my $answer = $t->post_xml($target, $who, $xml);
    my $code = code_of($answer);

    $main::last = $answer;

    return "$answer->{status}" . (defined $code ? " $code" : '')
           . ($t->requests > $before ? '' : ', not forwarded');
}


sub record {
    my ($record) = ($t->audit)[ $_[0] // -1 ];

    return join ' ', map { $record->{$_} // '-' }
                         qw(event supplier verdict reason outcome);
}


my $id = 'CNQR1234567890';
my $xml = itinerary(bookings => [{ source => 'Alpha', locator => 'A1' }]);

is(post($alpha, '/open/trip/v1.1', $xml), '200', 'a trip of Alpha');
is(post($beta, "/open/trip/v1.1?tripId=$id", itinerary()),
   '403 trip_not_owned, not forwarded',
   'itinerary_fail_open opens nothing while Redis answers');

$redis->kill;

# off

is(post($alpha, '/trip/v1.1', $xml),
   '503 registry_unavailable, not forwarded', 'a create is refused');
is_deeply($main::last->{headers}{'retry-after'}, ['1'],
          'and told when to come again');
$t->wait_audit(4);
is(record(), 'rejected - deny registry_unavailable -',
   'the audit trail has it');
is(post($alpha, "/trip/v1.1?tripId=$id", $xml),
   '503 registry_unavailable, not forwarded', 'so is an update');
is(post($alpha, "/trip/v1.1/cancel?tripId=$id", undef),
   '503 registry_unavailable, not forwarded', 'and a cancel');
is($t->http('GET', "/trip/v1.1/$id")->{status}, 200, 'who reads is served');


# on

for my $case (
    ['/open',  'a create', '/trip/v1.1',                     $xml],
    ['/open',  'an update', "/trip/v1.1?tripId=$id",          $xml],
    ['/open',  'a cancel', "/trip/v1.1/cancel?tripId=$id",   undef],
    ['/named', 'a create', '/trip/v1.1',                     $xml],
    ['/named', 'an update', "/trip/v1.1?tripId=$id",          $xml],
    ['/named', 'a cancel', "/trip/v1.1/cancel?tripId=$id",   undef],
) {
    my ($prefix, $what, $target, $body) = @$case;

    my $name = "$what in $prefix/";
    my $supplier = $prefix eq '/named' ? $beta : '-';

    is(post($beta, "$prefix$target", $body), '200', "$name passes");
    is(($t->requests)[-1]{body}, $body // '', "$name comes as it was sent");
    is(record(-2), "forwarded $supplier allow registry_unavailable -",
       "$name: its record says why");
    like(record(), qr/^completed $supplier allow registry_unavailable \w+$/,
         "$name: before and after");
}

is(post($alpha, '/open/trip/v1.1', '<Itinerary>'),
   '400 malformed_body, not forwarded',
   'what is malformed does not pass for that');
is(post($alpha, '/open/trip/v1.1?tripId=1&tripId=2', $xml),
   '400 ambiguous_query, not forwarded', 'nor what is ambiguous');
is($t->post_xml('/open/trip/v1.1', undef, $xml)->{status}, 401,
   'nor who has no token');


# Redis is back

$redis->start;

ok($t->wait_for(sub { post($alpha, "/trip/v1.1?tripId=$id", $xml) eq '200' }),
   'when Redis is back, writes are judged');
is(post($beta, "/open/trip/v1.1?tripId=$id", $xml),
   '403 trip_not_owned, not forwarded', 'and refused');
is($redis->cli->hget("itinerary:trip:$id", 'owner'), 'Alpha',
   'the trip has the creator that it had');

$t->done;
