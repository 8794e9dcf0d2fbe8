#!/usr/bin/perl

# The variables, as an access log shows them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;

my $t = Itinerary->new;

$t->upstream(sub {
    my ($request) = @_;

    my $h = $request->{headers};
    my ($id) = $request->{target} =~ /[?&]tripId=([^&]*)/;
    my $body = $request->{body} =~ /^<Itinerary/ ? $request->{body}
                                                 : itinerary();

    return [$h->{'x-status'}[0] // 200, {},
            answered($body, $id // 'T1', locator => $h->{'x-locator'}[0]
                                                    // $id // 'T1')];
});

$t->nginx(conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;
    itinerary enforce;
    proxy_ignore_client_abort on;

    log_format fields escape=none
        '$itinerary_operation|$itinerary_supplier|$itinerary_trip|'
        '$itinerary_bookings|$itinerary_verdict|$itinerary_reason|'
        '$itinerary_outcome|$itinerary_registry_time';

    log_format dashes '$itinerary_operation|$itinerary_supplier|'
        '$itinerary_trip|$itinerary_bookings|$itinerary_verdict|'
        '$itinerary_reason|$itinerary_outcome|$itinerary_registry_time';

    server {
        listen 127.0.0.1:%%PORT_0%%;
        access_log %%DIR%%/fields.log fields;
        access_log %%DIR%%/dashes.log dashes;

        location / {
            add_header X-Operation $itinerary_operation always;
            add_header X-Verdict $itinerary_verdict always;
            add_header X-Reason $itinerary_reason always;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /off/ {
            itinerary off;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /audit/ {
            itinerary audit;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /again/ {
            proxy_intercept_errors on;
            error_page 500 = @again;
            proxy_pass http://%%UPSTREAM%%;
        }

        location @again {
            return 200 again;
        }
    }
END_CONF

my $n = 0;


# the variables of the last request, and its time apart

sub logged {
    my ($name) = @_;

    $n++;

    my @lines;

    ok($t->wait_for(sub {
        @lines = split /\n/, $t->read_file('fields.log');
        return @lines == $n;
    }), "$name: logged");

    my ($fields, $time) = $lines[-1] =~ /\A(.*)\|([^|]*)\z/;

    return ($fields, $time);
}


sub is_logged {
    my ($expected, $name) = @_;

    my ($fields, $time) = logged($name);

    is($fields, $expected, $name);
    like($time, qr/\A\d+\.\d{3}\z/, "$name: the registry's time");
    return;
}


my $xml = itinerary(bookings => [{ source => 'Alpha', locator => 'A1' },
                                 { source => 'Alpha', locator => 'A2' }]);

my $answer = $t->post_xml('/trip/v1.1', 'Alpha', $xml,
                          headers => ['X-Locator' => 'T1a']);

is_logged('create|Alpha|T1a|2|allow||recorded', 'a create');
is($answer->{headers}{'x-operation'}[0], 'create', 'it is there for a header');
is($answer->{headers}{'x-verdict'}[0], 'allow', 'so is the verdict');

$t->post_xml('/trip/v1.1?tripId=T1', 'Alpha', $xml);
is_logged('update|Alpha|T1a|2|allow||recorded', 'an update, by an alias');
$t->post_xml('/trip/v1.1?tripId=T1', 'Alpha', $xml,
             headers => ['X-Status' => 404]);
is_logged('update|Alpha|T1a|2|allow||released', 'one that the API refuses');
$t->post_xml('/trip/v1.1?tripId=T1', 'Alpha', $xml,
             headers => ['X-Status' => 500]);
is_logged('update|Alpha|T1a|2|allow||in_doubt', 'one in doubt');

$answer = $t->post_xml('/trip/v1.1?tripId=T1', 'Beta', itinerary());
is_logged('update|Beta|T1a|0|deny|trip_not_owned|',
          'one that is refused');
is($answer->{headers}{'x-verdict'}[0], 'deny', 'a header shows that');
is($answer->{headers}{'x-reason'}[0], 'trip_not_owned', 'and why');

$t->post_xml('/trip/v1.1', 'Beta', itinerary(
    bookings => [{ source => 'Beta', locator => 'B1' }]));
is_logged('create|Beta|T1a|1|allow||recorded', 'a merged create');
$t->post_xml('/trip/v1.1/cancel?tripId=T1a', 'Beta', undef);
is_logged('cancel|Beta|T1a||partial||recorded', 'a partial cancel');

$t->post_xml('/audit/trip/v1.1/cancel?tripId=T1a', 'Beta', undef);
is_logged('cancel|Beta|T1a||deny|trip_not_owned|recorded',
          'what audit mode would refuse');

$t->post_xml('/trip/v1.1', undef, $xml);
is_logged('create||||deny|unknown_supplier|', 'nobody');
$t->post_xml('/trip/v1.1', 'Alpha', 'x');
is_logged('create|Alpha|||deny|malformed_body|', 'what is no XML');
$t->post_xml('/trip/v1.1/what', 'Alpha', $xml);
is_logged('||||deny|unknown_operation|', 'what is no operation');
$t->post_xml('/again/trip/v1.1?tripId=T1', 'Alpha', $xml,
             headers => ['X-Status' => 500]);
is_logged('update|Alpha|T1a|2|allow||in_doubt',
          'the variables outlive a redirect');

$t->http('GET', '/trip/v1.1');
is((logged('read'))[0], 'read||||||', 'a read');
$t->http('GET', '/trip/v1.1?tripId=T1');
is((logged('read'))[0], 'read||||||', 'and one with arguments');
$t->post_xml('/off/trip/v1.1', 'Alpha', $xml);
is((logged('off'))[0], '||||||', 'where nothing is guarded');

is((split /\n/, $t->read_file('dashes.log'))[-1], '-|-|-|-|-|-|-|-',
   'what there is not is a dash in a log');

# a client that leaves before its document is there

my $client = $t->http_async(undef, undef, raw => join "\r\n",
    'POST /trip/v1.1 HTTP/1.1', 'Host: a', 'X-Supplier: Alpha',
    'Content-Type: text/xml', 'Content-Length: 1000', '', '<Itinerary>');

$client->close;
is_logged('create|Alpha|||||', 'a write of which half has come has no verdict');

$t->done;
