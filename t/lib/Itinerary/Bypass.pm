package Itinerary::Bypass;

# Runs the corpus of t/bypass/, whose README tells what a case is: each one is
# sent to a gateway that guards and, where it is an attack, to one that does
# not, in front of an API that is read naively.

use strict;
use warnings;

use Compress::Zlib ();
use Encode ();
use Exporter qw(import);
use MIME::Base64 qw(encode_base64);
use Test::More;

use Itinerary;
use Itinerary::Client;
use Itinerary::Document;
use Itinerary::Http2;
use Itinerary::Naive;
use Itinerary::Refusal;

our @EXPORT = qw(bypass cases touched);

my $DIR = "$Itinerary::ROOT/t/bypass";
my $NAMESPACE = $Itinerary::Document::NAMESPACE;
my $TRIP = '/api/travel/trip/v1.1';
my $BOOKING = '/api/travel/booking/v1.1';

my ($t, $naive, $n);

my %bookings = (
    MAL1 => { source => 'Mallory', locator => 'MAL1' },
    MAL2 => { source => 'Mallory', locator => 'MAL2' },
    MAL3 => { source => 'Mallory', locator => 'MAL3' },
    VIC1 => { source => 'Victim', locator => 'VIC1',
              segments => { Car => 'VICNUM1' } },
    VIC2 => { source => 'Victim', locator => 'VIC2', segments => 'Hotel' },
    VIC3 => { source => 'Victim', locator => 'VIC3' },
);

my %trips = (
    Theirs1 => ['VIC1'],
    Mine1   => ['MAL1'],
    Shared1 => ['MAL2', 'VIC2'],
    Guest1  => ['VIC3', 'MAL3'],
);

# how much of a trip is Mallory's to do with: 2 to update it, 1 to cancel it

my %mine = (Theirs1 => 0, Guest1 => 1, Mine1 => 2, Shared1 => 2);


# The cases of directories, in order.

sub cases {
    my (@directories) = @_;

    return map { _case($_) }
           map { sort grep { -f } glob "$DIR/$_/*" } @directories;
}


# Tests all cases of directories, and ends the plan.

sub bypass {
    my (@directories) = @_;

    _start();

    for my $case (cases(@directories)) {
        my $name = "$case->{name}: $case->{what}";

        if ($case->{guarded} eq 'unchanged') {
            _unchanged($name, $case);

        } else {
            _unguarded($name, $case);
            _guarded($name, $case);
        }
    }

    $t->done;

    return;
}


# What naive readings of an attack touch that comes to the API as it is: the
# effects, each with the readings that bring it about.

sub touched {
    my ($case) = @_;

    $naive //= _naive();

    my %request = _request($case);

    return $naive->touched(_raw($case, \%request));
}


sub _raw {
    my ($case, $request) = @_;

    return $request->{raw} // join '', grep { !ref } _pieces($case, $request);
}


sub _case {
    my ($path) = @_;

    open my $file, '<:raw', $path or die "open($path) failed: $!\n";

    my $text = do { local $/; <$file> };
    my ($tries, $fields, $request) = split /\n\n/, $text, 3;

    my %case = (
        name => $path =~ s{\A\Q$DIR\E/}{}r,
        what => _sentence($tries),
        how  => {},
    );

    for (split /\n/, $fields // '') {
        my ($name, $value) = /\A([\w-]+):\s+(.*)\z/
            or die "$path: not a field: $_\n";

        $name =~ /\A(?:guarded|unguarded|direct|send|encode|server|target)\z/
            or die "$path: no such field: $name\n";

        $case{$name} = $value;
    }

    $case{$_} or die "$path: no $_\n"
        for 'guarded', $case{guarded} eq 'unchanged' ? () : 'unguarded';

    $case{how} = { map { $_ => 1 } split ' ', $case{send} // '' };

    ($case{head}, $case{content}) = split /\n\n/, $request, 2;

    if (defined $case{content}) {
        chomp $case{content};

    } else {
        $case{head} =~ s/\n\z//;
    }

    return \%case;
}


# the first sentence, as the name of a test

sub _sentence {
    my ($text) = @_;

    $text =~ s/\s+/ /g;
    $text =~ s/\. .*|\.\z//;

    return $text;
}


# What the placeholders of a text stand for.

sub _filled {
    my ($text, $case, $body) = @_;

    my $itinerary = itinerary(bookings => [$bookings{MAL1}]);

    my %known = (
        token      => 'token-of-Mallory',
        ns         => $NAMESPACE,
        fields     => _inner(itinerary(bookings => undef)),
        rest       => _rest(),
        open       => _open(),
        close      => '</Bookings></Itinerary>',
        itinerary  => $itinerary,
        'itinerary length' => length $itinerary,
        length     => length($body // ''),
        end        => '',
    );

    my $value = sub {
        my ($name) = @_;

        return $known{$name} if defined $known{$name};

        return booking(%{ $bookings{$1} })
            if $name =~ /\Abooking (\w+)\z/ && $bookings{$1};
        return _inner(booking(%{ $bookings{$1} }))
            if $name =~ /\Ainner (\w+)\z/ && $bookings{$1};
        return booking(locator => _new(), source => 'Mallory')
            if $name eq 'new booking';
        return $case->{new} //= _new() if $name eq 'new';
        return $2 x $1 if $name =~ /\Arepeat (\d+) (.*)\z/s;
        return join '', map { $2 =~ s/#/$_/gr } 1 .. $1
            if $name =~ /\Acount (\d+) (.*)\z/s;
        return $known{length} + $1 if $name =~ /\Alength([+-]\d+)\z/;
        return sprintf '%x', $known{length} + ($1 || 0)
            if $name =~ /\Ahex length([+-]\d+)?\z/;
        return ($case->{spare} //= _spare())->{$1}
            if $name =~ /\Aspare (trip|locator)\z/;

        die "$case->{name}: no such placeholder: $name\n";
    };

    $text =~ s/\{\{(.*?)\}\}/$value->($1)/gse;

    return $text;
}


sub _bytes { return $_[0] =~ s/\\x([0-9a-f]{2})/chr hex $1/ger }


sub _inner { return $_[0] =~ s{\A<\w+[^>]*>\s*|\s*</\w+>\s*\z}{}gr }


sub _open {
    my $open = itinerary(bookings => []);

    $open =~ s{</Bookings>.*}{}s;

    return $open;
}


# a booking without its name

sub _rest {
    return _inner(booking(RecordLocator => undef, BookingSource => undef));
}


sub _new { return 'NEW' . ++$n }


# a trip of Mallory that a case may use up

sub _spare {
    my %spare = (trip => "Spare$$-" . ++$n, locator => _new());

    _posted('Mallory', $TRIP, itinerary(bookings => [
        { source => 'Mallory', locator => $spare{locator} }]), $spare{trip});

    return \%spare;
}


# The bytes of a request, and what makes it up.

sub _request {
    my ($case) = @_;

    my $body = defined $case->{content}
               ? _encoded(_bytes(_filled($case->{content}, $case)),
                          $case->{encode} // '') : undef;

    my ($line, @lines) = split /\n/, _filled($case->{head}, $case, $body);

    return (raw => _bytes(join "\r\n", $line, @lines) . "\r\n\r\n"
                   . ($body // ''))
        if $case->{how}{raw};

    my (@headers, @trailers, %given);

    for (@lines) {

        # "-Name" leaves out what is sent by itself

        if (/\A-([\w-]+)\z/) {
            $given{ lc $1 } = 1;
            next;
        }

        my ($trailer, $name, $value) = /\A(trailer )?(:?[^:]*):[ ]?(.*)\z/s
            or die "$case->{name}: not a header: $_\n";

        $name = _bytes($name);

        push @{ $trailer ? \@trailers : \@headers }, $name, _bytes($value);
        $given{ lc $name } = 1 if !$trailer;
    }

    my ($method, $target, $version) = split ' ', _bytes($line);

    my @more = (Authorization => 'OAuth token-of-Mallory');

    push @more, 'Content-Type' => 'application/xml' if defined $body;
    push @more, 'Content-Length' => length($body // '')
        if (defined $body || $method eq 'POST') && !$case->{how}{chunked};

    while (my ($name, $value) = splice @more, 0, 2) {
        push @headers, $name => $value if !$given{ lc $name };
    }

    return (method => $method, target => $target, headers => \@headers,
            trailers => \@trailers, given => \%given,
            version => ($version // 'HTTP/1.1') =~ s{HTTP/}{}r, body => $body);
}


sub _encoded {
    my ($body, $how) = @_;

    for (split ' ', $how) {
        if ($_ eq 'gzip') {
            $body = Compress::Zlib::memGzip($body);

        } elsif ($_ eq 'deflate') {
            $body = Compress::Zlib::compress($body);

        } elsif ($_ eq 'base64') {
            $body = encode_base64($body);

        } elsif ($_ eq 'form') {
            $body =~ s/([^A-Za-z0-9])/sprintf '%%%02X', ord $1/ge;
            $body = "xml=$body";

        } elsif ($_ eq 'crlf') {
            $body =~ s/\n/\r\n/g;

        } else {
            $body = Encode::encode($_, Encode::decode('UTF-8', $body));
        }
    }

    return $body;
}


# Sends a case to a port; returns as many answers as asked for.

sub _send {
    my ($case, $request, $guarded, $count) = @_;

    my $base = $case->{how}{http2} ? 4
             : ($case->{server} // '') eq 'lenient' ? 2 : 0;
    my $port = $t->port($base + !$guarded);

    return _send_http2($case, $request, $port) if $case->{how}{http2};

    my @pieces = defined $request->{raw} ? $request->{raw}
                                         : _pieces($case, $request);
    my $client = Itinerary::Client->new(port => $port,
                                        method => $request->{method} // '');
    my @answers;

    $client->send(@pieces);
    shutdown $client->socket, 1 if $case->{how}{cut};

    push @answers, $client->finish for 1 .. $count;

    $client->close;

    return @answers;
}


sub _pieces {
    my ($case, $request) = @_;

    my $body = $request->{body};
    my $how = $case->{how};

    $body = [split //, $body] if $how->{bytes};

    my @pieces = Itinerary::Client::request(
        $request->{method}, $request->{target}, %$request, body => $body,
        chunked => $how->{chunked},
        headers => [@{ $request->{headers} },
                    grep({ lc eq 'content-length' } @{ $request->{headers} })
                    ? () : ('Content-Length' => undef)]);

    if (my @trailers = @{ $request->{trailers} }) {
        my $lines = '';

        while (my ($name, $value) = splice @trailers, 0, 2) {
            $lines .= "$name: $value\r\n";
        }

        $pieces[-1] =~ s/\r\n\z/$lines\r\n/;
    }

    return @pieces;
}


sub _send_http2 {
    my ($case, $request, $port) = @_;

    my @headers = @{ $request->{headers} };
    my $given = $request->{given};
    my @pseudo = grep { !$given->{ $_->[0] } } (
        [':method', $request->{method}], [':path', $request->{target}],
        [':scheme', 'http'], [':authority', 'localhost']);

    my @names = map { $headers[2 * $_] } 0 .. @headers / 2 - 1;
    my @fields = map { @$_ } @pseudo;

    # names are in lower case where a case does not write them otherwise

    while (my ($name, $value) = splice @headers, 0, 2) {
        $name = lc $name if !$given->{ lc $name };
        push @fields, $name, $value;
    }

    return Itinerary::Http2::request(
        $port, headers => \@fields, body => $request->{body},
        trailers => $request->{trailers}, how => $case->{how});
}


# Without the guard, a naive reading touches what the case says.

sub _unguarded {
    my ($name, $case) = @_;

    my %request = _request($case);
    my $effects = $case->{unguarded};

    if ($effects =~ /\A(\d{3}|ended)\z/) {

        # nginx itself takes no part in it

        my ($answer) = _unguarded_send($case, \%request);

        is(_outcome($answer), $effects, "$name - by nginx itself");
        is(scalar $t->requests, 0, '- and goes nowhere');

        $effects = $case->{direct} or return;

        return _includes($naive->touched(_raw($case, \%request)), $effects,
                         $name);
    }

    _unguarded_send($case, \%request);

    return _includes($naive->touched(map { $_->{raw} } $t->requests),
                     $effects, $name);
}


sub _unguarded_send {
    my ($case, $request) = @_;

    $t->{upstreams}[0]->forget;

    return _send($case, $request, 0, scalar split /,/, $case->{guarded});
}


sub _includes {
    my ($touched, $effects, $name) = @_;

    my @effects = $effects eq 'nothing' ? () : split /,\s*/, $effects;

    if (!@effects) {
        is_deeply($touched, {}, "$name - harms nobody");
        return;
    }

    is_deeply([grep { $touched->{$_} } @effects], \@effects,
              "$name - harms without the guard")
        or diag('touched: ', join ', ', sort keys %$touched);

    return;
}


# With it, the case is answered as it says, and harms nobody.

sub _guarded {
    my ($name, $case) = @_;

    my @expected = split /,\s*/, $case->{guarded};
    my %request = _request($case);
    my @answers;

    $t->{upstreams}[0]->forget;

    my $send = sub { return (@answers = _send($case, \%request, 1,
                                              scalar @expected))[0] };

    # a refusal of the gateway's own

    if (@expected == 1 && $expected[0] =~ /\A(\d{3}) (\w+)\z/) {
        refused($t, $name, $1, $2, $send);
        return;
    }

    my $before = registry($t);
    my $refused = grep { / / } @expected;
    my $seen = _events('rejected');

    $send->();

    my $forwarded = grep { $_ eq 'pass' } @expected;
    my @requests = $t->requests;

    is_deeply([map { _outcome($_) } @answers], \@expected, $name)
        or diag(map { $_->{raw} } @answers);
    is(scalar @requests, $forwarded, '- and as much is forwarded');
    is_deeply($naive->touched(map { $_->{raw} } @requests), {},
              '- which harms nobody');

    # the records of the next case are its own

    ok(wait_for(sub {
        return _events('rejected') == $seen + $refused
               && _events('forwarded') == _events('completed');
    }), '- and all of it is recorded');

    if (!$forwarded) {
        is_deeply(registry($t), $before, '- and nothing is owned');
    }

    return;
}


sub _events {
    my ($event) = @_;

    return scalar(() = $t->read_file('audit.log') =~ /"event":"$event"/g);
}


sub _outcome {
    my ($answer) = @_;

    my $code = code_of($answer);

    return !$answer->{status} ? 'ended'
           : $answer->{status} == 200 ? 'pass'
           : $answer->{status} . (defined $code ? " $code" : '');
}


# What is unusual but right comes to the API as it was sent.

sub _unchanged {
    my ($name, $case) = @_;

    my %request = _request($case);

    $t->{upstreams}[0]->forget;

    my ($answer) = _send($case, \%request, 1, 1);
    my @requests = $t->requests;

    is($answer->{status}, 200, "$name - passes") or diag($answer->{raw});
    is(scalar @requests, 1, '- once') or return;

    my ($got) = @requests;
    my (%sent, %got);

    my @headers = @{ $request{headers} };

    while (my ($header, $value) = splice @headers, 0, 2) {
        next if $header =~ /\A(?:connection|host|content-length|expect|te
                                 |transfer-encoding|accept-encoding|:.*)\z/xi;

        push @{ $sent{ lc $header } }, $value;
    }

    $got{$_} = $got->{headers}{$_} for keys %sent;

    is_deeply({ method => $got->{method}, target => $got->{target},
                body => $got->{body}, headers => \%got },
              { method => $request{method},
                target => $case->{target} // $request{target},
                body => $request{body} // '', headers => \%sent },
              '- as it was sent');
    is_deeply($naive->touched($got->{raw}), {}, '- and harms nobody');

    return;
}


# The world: a gateway with and without a guard, and an API with trips.

sub _start {
    $t = Itinerary->new;
    $n = 0;

    $t->upstream(sub { _api(@_) });
    $t->redis;

    $t->token($_) for qw(Mallory Victim);

    my $servers = '';

    for my $server (['PORT_0', 'enforce'], ['PORT_1', 'off'],
                    ['PORT_2', 'enforce', 'lenient'],
                    ['PORT_3', 'off', 'lenient'],
                    ['HTTP2_4', 'enforce'], ['HTTP2_5', 'off'])
    {
        my ($port, $guard, $lenient) = @$server;
        my $listen = $port =~ /HTTP2/ ? "%%$port%%" : "127.0.0.1:%%$port%%";

        $lenient = $lenient ? 'underscores_in_headers on;'
                              . ' ignore_invalid_headers off;'
                              . ' merge_slashes off;' : '';

        $servers .= <<"END_SERVER";
    server {
        listen $listen;
        $lenient

        location / {
            itinerary $guard;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://api;
        }
    }
END_SERVER
    }

    $t->nginx(conf => <<"END_CONF");
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    proxy_ignore_client_abort on;
    large_client_header_buffers 4 32k;

    upstream api {
        server %%UPSTREAM%%;
        keepalive 4;
    }

$servers
END_CONF

    for my $id (keys %trips) {
        my @bookings = @bookings{ @{ $trips{$id} } };
        my ($creator, $other) = map { $_->{source} } @bookings;

        _posted($creator, $TRIP, itinerary(bookings => [$bookings[0]]), $id);
        _posted($other, "$BOOKING?tripId=$id",
                booking(%{ $bookings[1] }, ns => $NAMESPACE), $id) if $other;
    }

    $t->shown('Mallory', 'Shared1', sub {
        return $t->http('GET', "$TRIP/Shared1", headers => [
            Authorization => 'OAuth token-of-Mallory']);
    });

    $naive = _naive();

    return;
}


sub _naive {
    my %world = map { ($_ => { mine => $mine{$_}, xml => _shown($_) }) }
                keys %trips;

    return Itinerary::Naive->new(world => \%world, me => 'Mallory');
}


sub _posted {
    my ($who, $target, $xml, $id) = @_;

    my $answer = $t->post_xml($target, "token-of-$who", $xml,
                              headers => ['X-Id' => $id]);

    die "$who posts to $target: $answer->{raw}\n" if $answer->{status} != 200;

    return;
}


sub _shown {
    my ($id) = @_;

    return answered(itinerary(bookings => [@bookings{ @{ $trips{$id} } }]),
                    $id);
}


# the API: it shows what was posted, or what it knows

my $trips = 0;

sub _api {
    my ($request) = @_;

    my ($path, $query) = split /\?/, $request->{target}, 2;
    my $body = $request->{body};
    my ($id) = ($query // '') =~ /(?:\A|&)(?:t|%74)ripid=([^&]*)/i;

    $id //= $path =~ m{/trip/v[\d.]+/(\w+\d)\z} ? $1
            : $request->{headers}{'x-id'}[0];
    $id =~ s/%([0-9a-f]{2})/chr hex $1/gie if defined $id;

    my $known = defined $id && $trips{$id};

    if ($path =~ m{/booking/.*/cancel\z}) {
        my ($source) = $query =~ /bookingsource=([^&]*)/i;
        my ($locator) = $query =~ /confirmationnumber=([^&]*)/i;

        return [200, {}, booking(source => $source, locator => $locator,
                                 segments => '', ns => '')];
    }

    return [200, {}, $body] if $path =~ m{/booking/};

    if ($request->{method} ne 'POST' || $path =~ m{/cancel\z}
        || $path =~ m{/GetTrips\z})
    {
        my $shown = $known ? _shown($id) : answered(itinerary(), $id // 'X1');

        $shown =~ s{<Segments>(?:(?!</Segments>).)*</Segments>
                    (?=(?:(?!</Booking>).)*Mallory)}{<Segments/>}gsx
            if $path =~ m{/cancel\z};

        return [200, {}, $shown];
    }

    $body =~ s{<(\w+:)?(?:id|ItinLocator|TripId)>[^<]*</[^>]*>}{}g;

    return [200, {}, answered($body, $id // "New$$-" . ++$trips)];
}


1;
