#!/usr/bin/perl

# The test library itself: what the other tests believe without asking.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use XML::LibXML;
use Itinerary;

my $t = Itinerary->new;

my $count = 0;

my $upstream = $t->upstream(sub {
    my ($request) = @_;

    $count++;

    for ($request->{target}) {
        return ()                                          if $_ eq '/none';
        return ("HTTP/1.1 200 OK\r\nX: 1\r\n\r\nraw")      if $_ eq '/raw';
        return ("HTTP/1.1 200 OK\r\n", \0.02, "\r\n",
                'hal', \'reset')                           if $_ eq '/cut';
        return [200, {}, ['a', \0.02, 'b', sub { -e $t->path('go') }, 'c']]
                                                           if $_ eq '/slow';
        return [200, { 'X-Count' => $count }, $request->{body}];
    }
});

$t->nginx(log => 'debug', workers => 2, conf => <<'END');
    server {
        listen 127.0.0.1:%%PORT_0%%;
        listen %%HTTP2_1%%;

        location / {
            proxy_http_version 1.1;
            proxy_buffering off;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /one {
            return 200 one;
        }
    }
END


# requests and answers

my $bytes = join '', map { chr } 0 .. 255;
my $answer = $t->http('POST', '/echo?a=%20', body => $bytes,
                      headers => ['X-Two' => 1, 'X-Two' => 2]);

is($answer->{status}, 200, 'a request is answered');
is($answer->{body}, $bytes, 'a body of any bytes comes back');
is_deeply($answer->{headers}{'x-count'}, [1], 'a header comes back');

my ($request) = $t->requests;

is("$request->{method} $request->{target} $request->{complete}",
   'POST /echo?a=%20 1', 'the upstream writes down the request line');
is($request->{body}, $bytes, 'and the body');
is_deeply($request->{headers}{'x-two'}, [1, 2], 'and every header');

$answer = $t->http('POST', '/', chunked => 1, body => ['ab', \0.01, 'cd']);
is($answer->{body}, 'abcd', 'a body goes in chunks');
is($answer->{headers}{'x-count'}[0], 2, 'an upstream counts');

my $big = 'x' x 3_000_000;
$answer = $t->http('POST', '/', body => $big,
                   headers => ['Content-Type' => 'text/plain']);
is($answer->{status}, 413, 'a body that is too big is answered');

$answer = $t->http('HEAD', '/one');
is("$answer->{status} $answer->{body}", '200 ', 'HEAD has no body');

$answer = $t->http(undef, undef, raw => "GET /one HTTP/1.0\r\n\r\n");
is($answer->{body}, 'one', 'bytes are sent as they are');

my $client = $t->http_async(undef, undef, raw =>
    "GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");

is($client->finish->{body}, 'one', 'the first of two requests');
is($client->finish->{body}, '', 'and the second on one connection');

$client = $t->http_async('GET', '/slow');
ok($t->wait_for(sub { $client->received =~ /\r\n\r\nab$/ }),
   'an answer arrives in pieces');
$t->write_file('go', '');
is($client->finish->{body}, 'abc', 'and goes on at a sign');

is($t->http('GET', '/none')->{status}, 502, 'an upstream leaves');
is($t->http('GET', '/raw')->{body}, 'raw', 'an upstream sends raw bytes');

$answer = $t->http('GET', '/cut');
is("$answer->{body} $answer->{closed}", 'hal 1', 'an upstream breaks off');

$upstream->forget;
$client = $t->http_async(undef, undef, port => $upstream->port,
                         raw => "POST / HTTP/1.1\r\nContent-Length: 9\r\n"
                                . "\r\nhalf");
$client->close;
ok($t->wait_for(sub { $t->requests }), 'half a request is written down');
is(($t->requests)[0]{complete}, 0, 'as such');

$answer = $t->http2('POST', '/h2', body => $bytes, headers => ['X-A' => 1]);
is("$answer->{version} $answer->{status}", '2 200', 'a request over HTTP/2');
is($answer->{body}, $bytes, 'a body over HTTP/2');


# nginx

is(scalar(my @workers = $t->workers), 2, 'there are two workers');
ok($t->reload(conf => <<'END'), 'nginx reloads');
    server {
        listen 127.0.0.1:%%PORT_0%%;
        return 200 new;
    }
END
is($t->http('GET', '/')->{body}, 'new', 'with another configuration');

my ($status, $output) = $t->nginx_test('no_such_directive;');

is($status, 1, 'a mistake ends nginx -t');
like($output, qr/\[emerg\].*no_such_directive/, 'which says what it is');

kill 'KILL', ($t->workers)[0];
ok($t->wait_for(sub { $t->error_log =~ /exited on signal 9/ }),
   'a worker is killed');
like($t->trouble, qr/exited on signal 9/, 'and does not go unnoticed');
$t->expect_log(qr/exited on signal 9/);
is($t->trouble, '', 'unless that is expected');


# Redis

my $redis = $t->redis;
my $port = $redis->port;

is($t->redis, $redis, 'a test has one Redis');

my $token = $t->token('Alpha');
my ($key) = $redis->cli->keys('*');

like($key, qr/^itinerary:token:[0-9a-f]{64}$/, 'a token is stored as hash');
unlike($key, qr/$token/, 'not as it is');

$redis->pause;
$redis->resume;
$redis->kill;
is($redis->start->port, $port, 'Redis starts again on its port');
is_deeply([$redis->cli->keys('*')], [], 'without what it knew');
ok($redis->stop, 'Redis stops');

my $lasting = $t->another_redis(persist => 1);
$lasting->cli->set('a', 'b');
$lasting->kill;
is($lasting->start->cli->get('a'), 'b', 'a lasting Redis forgets nothing');


# documents

my $xml = itinerary(
    TripName => 'A & B',
    bookings => [
        { source => 'Alpha', locator => 'A1' },
        { source => 'Beta', locator => 'B1', segments => { Car => 'F1' } },
        { source => 'Beta', locator => 'B2', segments => '' },
    ],
);

my $doc = XML::LibXML->load_xml(string => answered($xml, 'T1'));
my $xpc = XML::LibXML::XPathContext->new($doc);

$xpc->registerNs(i => $Itinerary::Document::NAMESPACE);

is($xpc->findvalue('/i:Itinerary/i:ItinLocator'), 'T1', 'an answer has an id');
is($xpc->findvalue('/i:Itinerary/i:TripName'), 'A & B', 'text is escaped');
is($xpc->findvalue('count(/i:Itinerary/i:Bookings/i:Booking)'), 3,
   'bookings are there');
is($xpc->findvalue('//i:Booking[i:RecordLocator="B1"]//i:ConfirmationNumber'),
   'F1', 'a segment has its number');
is($xpc->findvalue('count(//i:Booking[i:RecordLocator="B2"]/i:Segments/*)'),
   0, 'a booking without segments');
is(XML::LibXML->load_xml(string => booking(ns => ''))->documentElement
   ->nodeName, 'Booking', 'a booking is a root of its own');

$t->done;
