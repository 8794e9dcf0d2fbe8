#!/usr/bin/perl

# What a request takes of a worker's memory does not grow with its body, nor
# with the answer: the peak while much passes is that while little does.
# ITINERARY_MEMORY_MB is how much.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA ();
use IO::Socket::INET;
use Test::More;
use Itinerary;
use Itinerary::Process;

my $MB = 1024 * 1024;
my $MUCH = ($ENV{ITINERARY_MEMORY_MB} // 40) * $MB;
my $LITTLE = $MB;

# what of the difference is the allocator's; a sanitizer's has more of it

my $BOUND = ($ENV{ITINERARY_SANITIZE} ? 4 : 2) * $MB;

# a sanitizer keeps what was freed

local $ENV{ASAN_OPTIONS} = join ':', grep { defined && length }
                           $ENV{ASAN_OPTIONS}, 'quarantine_size_mb=1';

my $t = Itinerary->new;
my $port = Itinerary::Process::port();

# what fills a document: a unit, what is before and after all of them, and
# whether that is in the booking

my %FILL = (
    'white space between elements' => ["\n" . ' ' x 63],
    'elements that nobody knows' => [
        '<Extra a="1"><Deep>' . 'text ' x 200 . '</Deep></Extra>'],
    'one text'    => ['some text ', '<Extra>', '</Extra>'],
    'CDATA'       => ['<![CDATA[' . 'x' x 1000 . ']]>', '<Extra>', '</Extra>'],
    'comments'    => ['<!--' . 'x' x 1017 . '-->'],
    'empty elements in the booking' => ['<E/>', '', '', 'booking'],
    'text that is not ASCII'        => ["\xc3\xa9\xe2\x82\xac", '<X>', '</X>'],
    'character references'          => ['&#233;&amp;', '<X>', '</X>'],
);

my $n = 0;

# An API that keeps nothing: its answer is as long as X-Length says, and what it
# received is told by X-Received.

$SIG{PIPE} = 'IGNORE';

my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port",
                                     Listen => 8, ReuseAddr => 1)
    or die "cannot listen: $!\n";

my $api;

END { local $?; $api->stop('KILL') if $api }

$api = Itinerary::Process->start(
    output => $t->path('api.log'),
    code   => sub {
        while (my $client = $listener->accept) { answer($client) }
    },
);

$t->nginx(conf => <<"END_CONF");
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier \$http_x_supplier;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    itinerary_max_bookings 4096;
    proxy_ignore_client_abort on;
    client_max_body_size 1g;
    client_body_buffer_size 64k;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://127.0.0.1:$port;
        }

        location /unbuffered/ {
            proxy_buffering off;
            proxy_pass http://127.0.0.1:$port;
        }
    }
END_CONF

my $worker;

wait_for(sub { ($worker) = $t->workers });



# Bytes as subs that return the next piece, or '' at their end.

sub text {
    my ($text) = @_;

    return sub { my $piece = $text; $text = ''; return $piece };
}


sub many {
    my ($unit, $size) = @_;

    my $piece = $unit x (65536 / length $unit || 1);

    return sub {
        return '' if $size <= 0;
        $size -= length $piece;
        return $piece;
    };
}


sub all {
    my (@pieces) = @_;

    return sub {
        while (@pieces) {
            my $piece = $pieces[0]->();
            return $piece if length $piece;
            shift @pieces;
        }

        return '';
    };
}


# an Itinerary with a booking, and what fills it

sub document {
    my ($how, $size, $id) = @_;

    my ($unit, $before, $after, $where) = @{ $FILL{$how} };

    my $xml = itinerary(bookings => [{ source => 'Alpha', locator => "A$n",
                                       xml => '<Here/>' }],
                        xml => '<There/>');

    $xml = answered($xml, $id) if defined $id;

    my $place = $where ? '<Here/>' : '<There/>';
    my ($head, $tail) = split /$place/, $xml;

    return all(text($head . ($before // '')), many($unit, $size),
               text(($after // '') . $tail));
}


# Sends a request, chunked, and reads the answer to its end.  Returns its head,
# how long its body is, and its SHA-256.

sub exchange {
    my ($method, $target, $body, @headers) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $t->port)
        or die "connect() failed: $!\n";

    my $sent = Digest::SHA->new(256);

    print $socket join "\r\n", "$method $target HTTP/1.0", 'Host: a',
          'X-Supplier: Alpha', 'Content-Type: application/xml', @headers,
          '', '' or die "write() failed: $!\n" if !$body;

    if ($body) {
        print $socket join "\r\n", "$method $target HTTP/1.1", 'Host: a',
              'X-Supplier: Alpha', 'Content-Type: application/xml',
              'Connection: close', 'Transfer-Encoding: chunked', @headers,
              '', '';

        for (my $piece; length($piece = $body->()); ) {
            $sent->add($piece);
            printf $socket "%x\r\n%s\r\n", length $piece, $piece;
        }

        print $socket "0\r\n\r\n";
    }

    $socket->flush;

    my ($received, $length, $head) = (Digest::SHA->new(256), 0, '');

    while (sysread $socket, my $piece, 65536) {

        if ($head !~ /\r\n\r\n/) {
            $head .= $piece;
            $piece = $head =~ s/\r\n\r\n\K(.*)\z//s ? $1 : '';
        }

        $length += length $piece;
        $received->add($piece);
    }

    return { head => $head, length => $length, sha256 => $received->hexdigest,
             sent => $sent->hexdigest };
}


sub answer {
    my ($client) = @_;

    my $in = '';

    while ($in !~ /\r\n\r\n/) {
        sysread $client, $in, 65536, length $in or return;
    }

    my ($head, $rest) = split /\r\n\r\n/, $in, 2;
    my ($left) = $head =~ /^Content-Length: (\d+)/mi;
    my ($how, $size, $id) = map { $head =~ /^X-$_: ([^\r\n]+)/mi ? $1 : undef }
                            qw(How Size Id);
    my $received = Digest::SHA->new(256)->add($rest);

    $left = ($left // 0) - length $rest;

    while ($left > 0) {
        my $k = sysread $client, my $piece, 65536 or return;
        $received->add($piece);
        $left -= $k;
    }

    ($n) = $id =~ /(\d+)/;

    print $client "HTTP/1.0 200 OK\r\nContent-Type: application/xml\r\n",
          'X-Received: ', $received->hexdigest, "\r\n\r\n";

    my $body = document($how, $size, $id);

    for (my $piece; length($piece = $body->()); ) {
        print $client $piece or return;
    }

    close $client;

    return;
}


# the worker's peak, from now on

sub forget_peak {
    open my $file, '>', "/proc/$worker/clear_refs" or die "clear_refs: $!\n";
    print $file 5;
    close $file;

    return;
}


sub peak {
    open my $file, '<', "/proc/$worker/status" or die "status: $!\n";

    return (map { /^VmHWM:\s+(\d+) kB/ ? $1 * 1024 : () } <$file>)[0];
}


# The peak of a request; the second, since the first takes what all that follow
# need.

sub measure {
    my ($run) = @_;

    $run->();
    forget_peak();

    my $result = $run->();

    return (peak(), $result);
}


sub constant {
    my ($name, $run) = @_;

    my ($little) = measure(sub { $run->($LITTLE) });
    my ($much, $wrong) = measure(sub { $run->($MUCH) });

    is($wrong, '', "$name: $MUCH bytes pass");
    cmp_ok($much - $little, '<', $BOUND, '- in the memory of a few');
    note(sprintf '%s: peak %.1f MB with %d MB, %.1f MB with %d MB', $name,
                 $little / $MB, $LITTLE / $MB, $much / $MB, $MUCH / $MB);

    return;
}


# what is wrong with a POST that is to pass, and be learnt

sub posted {
    my ($target, $body, $how, $size) = @_;

    $n++;

    my $answer = exchange('POST', $target, $body->(), "X-How: $how",
                          "X-Size: $size", "X-Id: T$n");

    my $owner = $t->redis->cli->hget("itinerary:trip:T$n", 'owner') // '-';
    my ($received) = $answer->{head} =~ /^X-Received: (\w+)/m;

    return $answer->{head} =~ m{\AHTTP/1.1 200 }
           && $received eq $answer->{sent} && $owner eq 'Alpha'
           && $answer->{length} > $size
           ? '' : "$answer->{head} $answer->{length} $owner";
}


my $small = 'white space between elements';

for my $how (sort keys %FILL) {
    constant("a post with $how", sub {
        my ($size) = @_;
        return posted('/trip/v1.1', sub { document($how, $size) }, $small, 0);
    });

    constant("an answer with $how", sub {
        my ($size) = @_;
        return posted('/trip/v1.1', sub { document($small, 0) }, $how, $size);
    });
}

constant('an answer that is not buffered', sub {
    my ($size) = @_;
    return posted('/unbuffered/trip/v1.1', sub { document($small, 0) }, $small,
                  $size);
});

# a GET is read as well

constant('a GET', sub {
    my ($size) = @_;

    my $answer = exchange('GET', '/trip/v1.1/T1', undef,
                          'X-How: elements that nobody knows',
                          "X-Size: $size", 'X-Id: T1');

    return $answer->{head} =~ m{\AHTTP/1.1 200 } && $answer->{length} > $size
           ? '' : $answer->{head};
});

# what a booking takes, and all that there may be

{
    my $bookings = sub {
        my ($count) = @_;

        $n++;

        my @bookings = map { my $k = $_; text(booking(
            source => 'Alpha', locator => "B$n-$k", ns => undef)) } 1 .. $count;
        my ($head, $tail) = split m{(?=</Bookings>)}, itinerary();

        my $answer = exchange('POST', '/trip/v1.1',
                              all(text($head), @bookings, text($tail)),
                              "X-How: $small", 'X-Size: 0', "X-Id: T$n");

        return $answer->{head} =~ m{\AHTTP/1.1 200 } ? '' : $answer->{head};
    };

    my ($one) = measure(sub { $bookings->(1) });
    my ($all, $wrong) = measure(sub { $bookings->(4096) });

    is($wrong, '', 'as many bookings as there may be pass');
    cmp_ok($all - $one, '<', 4096 * 8192, '- with less than 8 KB for each');
    note(sprintf '4096 bookings: peak %.1f MB, one: %.1f MB', $all / $MB,
                 $one / $MB);
}

$t->done;
