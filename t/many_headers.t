#!/usr/bin/perl

# Headers count wherever they stand: nginx keeps twenty to a part of its list,
# and what comes after them is looked at as well.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Refusal;

my $t = Itinerary->new;

# what an OLD trip is answered with is from a cache, which says so late

$t->upstream(sub {
    my ($request) = @_;

    my ($id) = $request->{target} =~ m{/trip/v1/(\w+)};
    my $body = length $request->{body} ? $request->{body} : itinerary();

    return [200, { (map { sprintf('A-Filler-%02d', $_) => 'x' } 1 .. 45),
                   ($id // '') =~ /OLD/ ? (Age => 60) : () },
            answered($body, $id // 'CNQR1234567890')];
});

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
    }
END

my $alpha = $t->token('Alpha');
my $xml = itinerary(bookings => [{ source => 'Alpha', locator => 'A1' }]);

# the last one is the first of a part, or another of it

for my $n (19, 20, 30, 60) {

    my @fillers = map { ("X-Filler-$_" => 'x') } 1 .. $n;

    for my $name (qw(X-HTTP-Method-Override X-HTTP-Method X-Method-Override
                     X-Original-URL X-Rewrite-URL))
    {
        refused($t, "$name after $n headers", 400, 'method_override', sub {
            posted(@fillers, $name => 'DELETE');
        });
    }

    refused($t, "Content-Encoding after $n headers", 415,
            'unsupported_encoding', sub {
        posted(@fillers, 'Content-Encoding' => 'gzip');
    });

    refused($t, "a second Content-Type after $n headers", 400,
            'ambiguous_header', sub {
        posted(@fillers, 'Content-Type' => 'text/xml');
    });

    my ($answer) = refused($t, "who refuses after $n headers", 400,
                           'method_override', sub {
        posted('X-HTTP-Method' => 'PUT', @fillers,
               Accept => 'application/json');
    });

    is($answer->{headers}{'content-type'}[0], 'application/problem+json',
       '- is understood');

    my (undef, $request) = passes($t, "a post of $n headers passes", sub {
        posted(@fillers, 'Accept-Encoding' => 'gzip, br');
    });

    is_deeply($request->{headers}{'accept-encoding'}, ['identity'],
              '- and asks for no coding');
}


# the header that says that an answer is not fresh

my $cli = $t->redis->cli;

get('OLD1');

# a view is stored in its turn: that of a later answer is there

$t->shown('Alpha', 'NEW1', sub { get('NEW1') });

ok(!$cli->exists('itinerary:view:OLD1|Alpha'),
   'an answer that has an age after 45 headers is not learnt from');

$t->done;


sub posted {
    my (@headers) = @_;

    return $t->http('POST', '/trip/v1', body => $xml, headers => [
        Authorization => "OAuth $alpha", 'Content-Type' => 'text/xml',
        @headers]);
}


sub get {
    my ($id) = @_;

    return $t->http('GET', "/trip/v1/$id",
                    headers => [Authorization => "OAuth $alpha"]);
}
