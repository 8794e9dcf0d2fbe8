package Itinerary::Starved;

# A gateway whose worker is refused the n-th allocation of a story, for each n
# until there is none.  Pools are as small as nginx allows, so that most of
# what nginx itself allocates is refused, too.

use strict;
use warnings;

use Exporter qw(import);
use Compress::Zlib qw(memGzip);
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use Time::HiRes qw(time);

use Itinerary;
use Itinerary::Process;
use Itinerary::Scarce;

our @EXPORT = qw($t starved story post get b trip owner field);

our $t;

my ($scarce, $redis, $worker, %token, $attempt);
my $key = '@';


sub starved {
    $t = Itinerary->new(
        expect_log => qr/(?:malloc|calloc|posix_memalign)\(.*\)\ failed
                         |could\ not\ allocate/x);

    # X-Trip: the trip that the answer shows; X-Body: all of the answer

    $t->upstream(sub {
        my ($request) = @_;

        my $h = $request->{headers};
        my ($id) = $request->{target} =~ /tripId=([^&]*)/;
        my $body = $h->{'x-body'} ? decode_base64($h->{'x-body'}[0])
                   : answered($request->{body} || itinerary(),
                              $h->{'x-trip'}[0] // $id);

        return [$h->{'x-status'}[0] // 200, {
            $h->{'x-gzip'} ? ('Content-Encoding' => 'gzip') : ()
        }, $h->{'x-gzip'} ? memGzip($body) : $body];
    });

    $scarce = Itinerary::Scarce->new($t);

    $t->nginx(preload => $scarce, conf => <<'END_CONF');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    itinerary_lease 1s;
    itinerary_booking_source any;

    connection_pool_size 256;
    request_pool_size 256;
    client_header_buffer_size 1k;
    client_body_buffer_size 1k;
    large_client_header_buffers 4 16k;
    proxy_ignore_client_abort on;
    proxy_next_upstream off;
    proxy_read_timeout 1s;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_set_header X-Id $request_id;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

    $redis = $t->redis->cli;
    wait_for(sub { ($worker) = $t->workers });

    $token{$_} = $t->token($_) for qw(Alpha Beta);

    return;
}


sub b {
    my ($name, %more) = @_;

    return { source => $name =~ /^A/ ? 'Alpha' : 'Beta', locator => $name,
             %more };
}


sub trip {
    my ($id, @bookings) = @_;

    return answered(itinerary(bookings => [map { ref ? $_ : b($_) } @bookings]),
                    $id);
}


# who has a booking, and what it is: "Alpha active"

sub owner {
    my ($name) = @_;

    my $source = $name =~ /^A/ ? 'ALPHA' : 'BETA';

    return join ' ', map { $_ // '-' }
           $redis->hmget("itinerary:booking:$source|$name", qw(owner state));
}


sub field {
    my ($id, $name) = @_;

    return $redis->hget("itinerary:trip:$id", $name) // '-';
}


sub post {
    my ($who, $target, $xml, %headers) = @_;

    return _send('POST', $who, $target, $xml, %headers);
}


sub get {
    my ($who, $id, @bookings) = @_;

    return _send('GET', $who, "/trip/v1.1/$id", undef,
                 'X-Body' => encode_base64(trip($id, @bookings), ''));
}


# The answer, and the end of the connection: until that, nginx has not thrown
# the request away.

sub _send {
    my ($method, $who, $target, $xml, %headers) = @_;

    my $client = $t->http_async($method, $target, headers => [
        Authorization => "OAuth $token{$who}",
        defined $xml ? ('Content-Type' => 'application/xml')
                     : $method eq 'POST' ? ('Content-Length' => 0) : (),
        'X-Attempt' => $attempt, %headers], body => $xml);

    my $answer = $client->finish;

    wait_for(sub { $client->received; $client->{eof} })
        or fail("$method $target: the connection is not closed");

    $client->close;

    return $answer;
}


# What the audit trail has got since then, as "forwarded,completed recorded".

my $seen = 0;

sub _trail {
    open my $file, '<:raw', $t->path('audit.log') or die "no audit trail\n";
    seek $file, $seen, 0;

    return join ',', map {
        join ' ', /"event":"(\w+)"/, /"(?:outcome|reason)":"(\w+)"/
    } grep { /\n\z/ } <$file>;
}


# A story, told with no failure, and then once for each allocation.
#
#   prepare  sub ($id): what there is before; the names of all that belongs to
#            a turn end with its id
#   tell     sub ($id): the request; returns its answer
#   status   that it has when nothing fails
#   record   sub ($id): what the registry has of it
#   after    what that is when nothing has failed, "%n" is the id
#   doubt    sub ($id): whether that may be, where the outcome is in doubt
#   foreign  sub ($id): what belongs to others, and stays as it is
#   refused  1: it is never forwarded
#   again    sub ($id): what comes before the next attempt
#   stays    what that may come to instead, with its status
#   read     1: it is a GET, which passes whatever fails

sub story {
    my ($name, %story) = @_;

    my ($n, $started, @wrong) = (0, time);

    $key = chr(1 + ord $key);

    for (;;) {
        my ($failed, @found) = _turn($name, $n, \%story);

        push @wrong, map { "$name, allocation $n: $_" } @found;

        last if $n && !$failed || @wrong > 5 || !$n && @wrong;

        $n++;
    }

    is(join("\n", @wrong), '', "$name: each of " . ($n - 1)
                               . ' allocations may fail');
    diag(sprintf '%s: %d allocations, %.1f s', $name, $n - 1, time - $started)
        if $ENV{ITINERARY_TIMES};

    return;
}


# Returns whether an allocation failed, and what is wrong.

sub _turn {
    my ($name, $n, $story) = @_;

    my $id = $key . $n;
    my @wrong;

    my $after = "$story->{status} " . $story->{after} =~ s/%n/$id/gr;

    $attempt = 'before';
    $story->{prepare}->($id) if $story->{prepare};

    my $foreign = $story->{foreign} ? $story->{foreign}->($id) : '';
    my $log = length $t->error_log;

    $t->{upstreams}[0]->forget;
    $seen = -s $t->path('audit.log');
    $attempt = $id;

    $scarce->memory($worker, $n) if $n;

    my $answer = $story->{tell}->($id);

    # what goes on after the answer may fail as well

    my @requests = grep { $_->{headers}{'x-attempt'}[0] eq $id } $t->requests;
    my $request = $requests[0];
    my $read = $story->{read};

    wait_for(sub {
        return 1 if $scarce->failed;
        return $story->{record}->($id) eq $after =~ s/^\d+ //r if $read;
        return _trail() =~ ($request ? qr/completed/ : qr/rejected/);
    }, $read ? 0.5 : 3);

    my $failed = $scarce->failed;

    $scarce->plenty;

    my @workers = $t->workers;

    return 0, 'the worker died: ' . substr $t->error_log, $log
        if "@workers" ne $worker || !kill 0, $worker;

    push @wrong, 'the client waits in vain'
        if ($answer->{error} // '') eq 'timed out';

    push @wrong, 'it is forwarded' if $request && $story->{refused};
    push @wrong, 'it is forwarded twice' if @requests > 1;

    # a record for whose line there is no memory is not waited for

    wait_for(sub { _trail() =~ /completed/ }, $failed ? 0.5 : 3)
        if $request && !$read;

    push @wrong, 'what became of it waits for ever' if !$t->wait_spool;

    my $trail = _trail();
    my $record = $story->{record}->($id);
    my $got = "$answer->{status} $record";

    push @wrong, "the audit trail of what was forwarded has \"$trail\""
        if $request && !$read
           && $trail !~ ($failed ? qr/^forwarded(?:,completed \w+)?$/
                                 : qr/^forwarded,completed \w+$/);

    if (!$failed) {
        push @wrong, "\"$got\" instead of \"$after\"" if $got ne $after;

    } elsif ($answer->{status} == 0 || $answer->{error}) {

        # the client has been told nothing

    } elsif ($answer->{status} != $story->{status}) {

        # libxml2 tells of some failures as of a mistake in the document

        my $code = code_of($answer) // '';

        push @wrong, "answered with $answer->{status} $code"
            if $answer->{status} < 500
               && "$answer->{status} $code" ne '400 malformed_body';

    } elsif ($answer->{status} < 300 && !$read && $got ne $after) {

        # what a client has been told is on record, or in doubt

        push @wrong, "$answer->{status} although it is not forwarded"
            if !$request;
        push @wrong, "\"$got\", the audit trail has \"$trail\""
            if $trail =~ /recorded|spooled/ || !$story->{doubt}->($id);
    }

    push @wrong, "\"$foreign\" has become \"" . $story->{foreign}->($id) . '"'
        if $story->{foreign} && $story->{foreign}->($id) ne $foreign;

    push @wrong, _again($id, $story, $after) if $failed && !@wrong;

    return $failed, @wrong;
}


# The next attempt is right.  A lease that was not given back would end by
# itself, and is ended here.

sub _again {
    my ($id, $story, $after) = @_;

    my ($answer, $got);

    $attempt = 'again';

    wait_for(sub {
        $story->{again}->($id) if $story->{again};
        $answer = $story->{tell}->($id);
        return 1 if $answer->{status} != 409;

        my $until = $redis->hget("itinerary:trip:T-$id", 'writer_until') // 0;

        $redis->hdel("itinerary:trip:T-$id", 'writer', 'writer_until')
            if $until && $until < 1000 * (time + 2);

        return 0;
    }, 5);

    # a GET does not wait until it is learnt

    wait_for(sub {
        $got = "$answer->{status} " . $story->{record}->($id);
        return $got eq $after;
    }, $story->{read} ? 1 : 0);

    return $got eq $after || $story->{stays} && $got eq $story->{stays}
           ? () : "the next attempt: \"$got\"";
}


1;
