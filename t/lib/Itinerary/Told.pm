package Itinerary::Told;

# The gateway before an API that shows what each request tells it to: X-Body is
# the answer (else, what was posted), X-Status its status.  For what an answer
# teaches, and when.

use strict;
use warnings;

use Exporter qw(import);
use MIME::Base64 qw(decode_base64 encode_base64);

use Itinerary;
use Itinerary::Document;

our @EXPORT_OK = qw(told call get teach go trip two_ids b);

my $t;


# Starts it: returns the test, as Itinerary->new does.  More directives for all
# locations, and more locations.

sub told {
    my ($conf, $locations) = @_;

    $conf //= '';
    $locations //= '';
    $t = Itinerary->new;

    # X-Until: the answer goes on when go() is called with that name

    $t->upstream(sub {
        my ($request) = @_;

        my $h = $request->{headers};
        my $body = $h->{'x-body'} ? decode_base64($h->{'x-body'}[0])
                                  : $request->{body};

        if (my $name = $h->{'x-until'}[0]) {
            $body = [substr($body, 0, 99), sub { -e $t->path($name) },
                     substr $body, 99];
        }

        return [$h->{'x-status'}[0] // 200, {}, $body];
    });

    $t->nginx(conf => <<"END_CONF");
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_supplier \$http_x_supplier;
    itinerary enforce;
$conf
    large_client_header_buffers 4 64k;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /allow/ {
            itinerary_unknown_trip allow;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /adopt/ {
            itinerary_unknown_trip adopt;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /any/ {
            itinerary_booking_source any;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /keep/ {
            itinerary_replace off;
            proxy_pass http://%%UPSTREAM%%;
        }

$locations
    }
END_CONF

    return $t;
}


# "status code" of a post, after which the API shows $shown, or what was posted;
# the code is followed by ", not forwarded" where it was not

sub call {
    my ($who, $target, $xml, $shown, @headers) = @_;

    my $before = $t->requests;

    my $answer = $t->post_xml($target, $who, $xml, headers => [
        defined $shown ? ('X-Body' => encode_base64($shown, '')) : (),
        @headers]);

    my $code = code_of($answer);

    return $answer->{status} . (defined $code ? " $code" : '')
           . ($t->requests > $before ? '' : ', not forwarded');
}


# a GET that has been learnt when this returns

sub get {
    my ($who, $id, $shown) = @_;

    return $t->shown($who, $id, sub {
        $t->http('GET', "/trip/v1.1/$id", headers => [
            'X-Supplier' => $who, 'X-Body' => encode_base64($shown, '')]);
    });
}


# a GET by $id that shows that $alias is another id of the trip, which has been
# learnt when this returns

sub teach {
    my ($who, $id, $shown, $alias) = @_;

    for (1 .. 5) {
        my $answer = $t->http('GET', "/trip/v1.1/$id", headers => [
            'X-Supplier' => $who, 'X-Body' => encode_base64($shown, '')]);

        return $answer->{status}
            if wait_for(sub {
                $t->redis->cli->exists("itinerary:alias:$alias");
            }, 2);
    }

    die "that $alias is an id of $id is not learnt\n";
}


sub go {
    my ($name) = @_;

    $t->write_file($name, '');

    return;
}


sub trip {
    my ($id, @bookings) = @_;

    return answered(itinerary(bookings => [@bookings]), $id);
}


# a trip with an id that is not its ItinLocator

sub two_ids {
    my ($locator, $id, @bookings) = @_;

    return answered(itinerary(bookings => [@bookings]), $id,
                    locator => $locator);
}


sub b {
    my ($source, $locator, @segments) = @_;

    return { source => $source, locator => $locator,
             segments => [@segments ? @segments : 'Car'] };
}


1;
