package Itinerary::Failure;

# The whole way of a write, for what fails on it: a gateway with a Redis that
# can be held at any command, and before an API that carries out what it is sent
# in a sandbox, which survives the gateway, and then answers as it is told.
# What is judged is what is there when all is well again.

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();
use Redis ();
use Test::More ();
use Time::HiRes qw(sleep time);

use Itinerary;
use Itinerary::Client;
use Itinerary::Document;
use Itinerary::FakeRedis;
use Itinerary::Process;

our @EXPORT = qw($t $fake $redis $LATE $LEASE $TIMEOUT %COMMAND begin row
                 another post forwarded answer_to records outcome state
                 is_done problems again answer);

# what becomes of a 2xx that Redis cannot be told of at that moment

our $LATE = 'spooled';

our ($t, $fake, $redis);

# the steps of an update that adds a booking, by their commands: before it is
# forwarded, and after an answer

my $KEY = '(?s)^EVAL.* 1 itinerary';

our %COMMAND = (
    'the role'             => '^ROLE',
    'the registry'         => '^GET itinerary:registry',
    'the token'            => '^GET itinerary:token:',
    'the alias'            => '^GET itinerary:alias:',
    'the trip'             => '^HGETALL itinerary:trip:',
    'the booking'          => '^HMGET itinerary:booking:',
    'the source'           => '^GET itinerary:source:',
    'the view'             => '^HMGET itinerary:view:',
    'the lease'            => "$KEY:trip:\\S+ [0-9a-f]{32} \\d+ ",
    'the claim'            => "$KEY:booking:\\S+ Alpha ",
    'the claim\'s list'    => "$KEY:trip:\\S+    \\d{4}-",
    'the source\'s claim'  => "$KEY:source:\\S+ Alpha \\d+",

    'the record'           => "$KEY:booking:\\S+ own ",
    'the source\'s record' => '^PERSIST itinerary:source:',
    'the trip\'s record'   => "$KEY:trip:\\S+ [0-9a-f]{32} (?:Alpha)? ",
    'the view\'s record'   => "$KEY:view:",

    'the release'           => "$KEY:booking:\\S+ release ",
    'the source\'s release' => "$KEY:source:\\S+ Alpha\$",
    'the list\'s release'   => "$KEY:trip:\\S+ [0-9a-f]{32}  ",

    'the doubtful source'  => '^PERSIST itinerary:source:',
    'the doubtful trip'    => "$KEY:trip:\\S+ [0-9a-f]{32}  ",
);

our $TRIP = '/api/travel/trip/v1.1';
our $BOOKING = '/api/travel/booking/v1.1';

my $SLOW = $Itinerary::Process::SLOW;

# a lost lease is waited for, and a connection to Redis

our $LEASE = 1 * $SLOW;
our $TIMEOUT = 0.4 * $SLOW;

my $sandbox;
my $n = 0;


# Begins: how => { name => sub }, of the request and a sub that carries it out
# and returns the sandbox's answer, which returns an upstream's pieces; conf =>
# more directives; workers; read => the API's time in seconds

sub begin {
    my (%opt) = @_;

    $sandbox = Itinerary->new;

    $sandbox->nginx(conf => <<'END_CONF');
    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            itinerary_sandbox 4m;
        }
    }
END_CONF

    $t = Itinerary->new;

    $redis = $t->redis(persist => 1);
    $fake = Itinerary::FakeRedis->new(dir => $t->path('fake'),
                                      behind => $redis);

    my $how = $opt{how} // {};

    $t->upstream(sub { _api($how, @_) });

    my $address = $fake->address;
    my $lease = $LEASE * 1000 . 'ms';
    my $timeout = $TIMEOUT * 1000 . 'ms';
    my $read = ($opt{read} // 30) * 1000 . 'ms';
    my $more = $opt{conf} // '';

    $t->nginx(workers => $opt{workers} // 1, conf => <<"END_CONF");
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_lease $lease;
    proxy_ignore_client_abort on;
    proxy_read_timeout $read;
    proxy_set_header X-Request-Id \$request_id;
    lingering_timeout 500ms;
$more

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            itinerary enforce;
            itinerary_redis $address timeout=30s connect_timeout=30s;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /soon/ {
            itinerary enforce;
            itinerary_redis $address timeout=$timeout connect_timeout=$timeout;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /plain/ {
            itinerary enforce;
            itinerary_redis %%REDIS%% timeout=30s connect_timeout=30s;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

    $t->token($_) for qw(Alpha Beta);

    return;
}


sub _api {
    my ($how, $request) = @_;

    my $h = $request->{headers};
    my $name = $h->{'x-how'}[0] // 'pass';
    my $until = $h->{'x-until'}[0];

    my $apply = sub {
        my $client = Itinerary::Client->new(port   => $sandbox->port,
                                            method => $request->{method});
        my $answer = $client->send($request->{raw})->finish;

        $client->close;

        return $answer;
    };

    my %how = (
        pass   => sub { return $apply->()->{raw} },
        refuse => sub { return answer(400, 'no') },
        fail   => sub { $apply->(); return answer(500, 'oops') },
        %$how,
    );

    my @pieces = $how{$name}->($request, $apply);

    unshift @pieces, sub { -e $t->path($until) } if defined $until;

    return @pieces;
}


# an answer's bytes

sub answer {
    my ($status, $body) = @_;

    return "HTTP/1.1 $status Scripted\r\nContent-Type: application/xml\r\n"
           . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
}


# Writes.  A case is one that fails: "update", "book" and "cancel" are of a trip
# that Alpha has created and Beta has a booking in; "create" is of one that is
# not there yet.  A cancel is Beta's, and so of its booking only; the others are
# Alpha's, and add a booking.

sub another {
    my ($what) = @_;

    my $case = {
        what => $what,
        n    => ++$n,
        who  => $what eq 'cancel' ? 'Beta' : 'Alpha',
        new  => { source => "NEW$n", locator => "N$n" },
    };

    if ($what ne 'create') {
        _add($case, 'Alpha', "A$n");
        _add($case, 'Beta', "B$n");
        show($case) if $what eq 'update';
    }

    # the record of the last refusal comes after its answer

    if (defined(my $id = delete $t->{refused})) {
        wait_for(sub { $t->read_file('audit.log') =~ /"$id"/ });
    }

    $t->{upstreams}[0]->forget;
    $case->{audit} = length $t->read_file('audit.log');
    $case->{foreign} = _foreign($case);

    return $case;
}


# a create that makes the case's trip, or goes into it

sub _add {
    my ($case, $who, $locator) = @_;

    my $answer = _write($who, "/plain$TRIP?userid_value=t$case->{n}", itinerary(
        bookings => [{ source => uc $who, locator => $locator }]));

    ($case->{id}) = $answer->{body} =~ m{<ItinLocator>(\w+)<}
        or die "no trip: $answer->{raw}\n";

    return;
}


# Alpha is shown the case's trip, to send it back

sub show {
    my ($case) = @_;

    $case->{shown} = $t->shown('Alpha', $case->{id}, sub {
        return $t->http('GET', "/plain$TRIP/$case->{id}", headers => [
            Authorization => 'OAuth token-of-Alpha']);
    })->{body};

    return;
}


sub _write {
    my ($who, $target, $xml, @headers) = @_;

    return $t->post_xml($target, "token-of-$who", $xml, headers => \@headers);
}


# the target, and the document

sub _request {
    my ($case) = @_;

    my ($what, $n, $id) = @$case{qw(what n id)};

    return ("$TRIP?userid_value=c$n", itinerary(bookings => [$case->{new}]))
        if $what eq 'create';

    return ("$BOOKING?tripId=$id",
            booking(ns => $Itinerary::Document::NAMESPACE, %{ $case->{new} }))
        if $what eq 'book';

    return ("$TRIP/cancel?tripId=$id", undef) if $what eq 'cancel';

    my $xml = $case->{shown};
    my $new = booking(%{ $case->{new} });

    $xml =~ s{(?=</Bookings>)}{$new} if $xml !~ /<RecordLocator>N$n</;

    return ("$TRIP?tripId=$id", $xml);
}


# Posts the case's write: returns the client.  place => where; how, until =>
# what the API does, and the file that it waits for; whole => 0: without the end
# of its body

sub post {
    my ($case, %opt) = @_;

    my ($target, $xml) = _request($case);
    my $whole = $opt{whole} // 1;

    $case->{began} = time;

    return $t->http_async('POST', ($opt{place} // '') . $target,
        headers => [
            Authorization => "OAuth token-of-$case->{who}",
            defined $xml ? ('Content-Type' => 'application/xml',
                            'Content-Length' => length $xml)
                         : ('Content-Length' => 0),
            'X-How' => $opt{how} // 'pass',
            defined $opt{until} ? ('X-Until' => $opt{until}) : ()
        ],
        body => [defined $xml ? $whole ? $xml : substr $xml, 0, -99 : ()]);
}


# "status", and what is wrong with the answer; notes how long it took

sub answer_to {
    my ($case, $client) = @_;

    my $answer = $client->finish;

    $case->{took} = time - $case->{began};
    $case->{status} = $answer->{status};

    $client->close;

    return $answer->{status} . (defined $answer->{error} ? " $answer->{error}"
                                                         : '');
}


sub forwarded {
    return wait_for(sub { $t->requests > 0 });
}


# Signs.

sub records {
    my ($case) = @_;

    my $new = substr $t->read_file('audit.log'), $case->{audit};

    return map { JSON::PP->new->utf8->decode($_) } $new =~ /^(.*)\n/mg;
}


# What the audit trail says of the case's write, its first: "rejected", the
# outcome, "open" (forwarded only) or "none".  $wanted is what is waited for.

sub outcome {
    my ($case, $wanted) = @_;

    my $outcome;

    wait_for(sub {
        $outcome = 'none';

        my @records = records($case);

        for (grep { $_->{request_id} eq $records[0]{request_id} } @records) {
            $outcome = $_->{event} eq 'completed' ? $_->{outcome}
                     : $_->{event} eq 'forwarded' ? 'open' : $_->{event};
        }

        return $outcome eq $wanted;
    });

    return $outcome;
}


# What the registry has of the booking that the case adds: "free": nothing, but
# that its source is "bound", or it is "listed" in the trip; "claimed": it is
# Alpha's; "owned": with all that is to be recorded.  Of a cancel "active" or
# "cancelled".

sub state {
    my ($case, $wanted) = @_;

    # what is given back, or replayed, is so after the answer

    if (defined $wanted) {
        wait_for(sub { _state($case) eq $wanted }, 3);
    }

    return _state($case);
}


sub _state {
    my ($case) = @_;

    my ($what, $n) = @$case{qw(what n)};
    my $cli = $redis->cli;

    return $cli->hget("itinerary:booking:BETA|B$n", 'state')
        if $what eq 'cancel';

    my ($owner, $state, $in)
        = $cli->hmget("itinerary:booking:NEW$n|N$n", 'owner', 'state', 'trip');

    my $id = $case->{id} // _created($case);
    my %trip = defined $id ? $cli->hgetall("itinerary:trip:$id") : ();
    my $listed = $trip{"booking:NEW$n|N$n"};
    my $source = $cli->get("itinerary:source:NEW$n");

    if (!defined $owner) {
        return defined $source ? 'bound' : defined $listed ? 'listed' : 'free';
    }

    return "$owner\'s" if $owner ne 'Alpha';

    return 'owned' if $state eq 'active' && ($trip{owner} // '') eq 'Alpha'
                      && ($listed // '') eq 'Alpha' && $in eq $id
                      && ($source // '') eq 'Alpha';

    return 'claimed';
}


# the id of the trip that the case's create has made, if any

sub _created {
    my ($case) = @_;

    my $list = $sandbox->http('GET', "$TRIP?userid_value=c$case->{n}")->{body};

    return ($list =~ m{<TripId>(\w+)<})[0];
}


sub _details {
    my ($id) = @_;

    return $sandbox->http('GET', "$TRIP/$id")->{body};
}


# whether the API has carried out the case's write

sub is_done {
    my ($case) = @_;

    my $n = $case->{n};
    my $id = $case->{id} // _created($case) // return 0;
    my $trip = _details($id);

    return $trip =~ m{<RecordLocator>N$n<} ? 1 : 0 if $case->{what} ne 'cancel';

    my ($own) = grep { m{<RecordLocator>B$n<} }
                $trip =~ m{(<Booking>.*?</Booking>)}sg;

    return $own =~ m{<Segments>\s*<\w} ? 0 : 1;
}


# what the API has of the other supplier in the case's trip

sub _foreign {
    my ($case) = @_;

    return '' if $case->{what} eq 'create';

    my ($other) = grep { m{<RecordLocator>(?:A|B)$case->{n}<}
                         && (m{<RecordLocator>A} xor $case->{who} eq 'Alpha') }
                  _details($case->{id}) =~ m{(<Booking>.*?</Booking>)}sg;

    return $other // 'nothing';
}


# Does it again until Redis is back, and the lease has gone, and counts as a
# write: at most so long as that lasts.  Returns "status code".

sub again {
    my ($request) = @_;

    my $deadline = time + $LEASE + 3 * $SLOW;
    my $answer;

    for (;;) {
        $answer = $request->();

        my $code = code_of($answer) // '';

        return "$answer->{status}" . ($code eq '' ? '' : " $code")
            if $code !~ /\A(?:registry_unavailable|trip_busy|stale_view)\z/
               || time > $deadline;

        sleep 0.05;
    }
}


# What is wrong after a failure, when all is well again: nothing.  $state is as
# above.

sub problems {
    my ($case, $state, %opt) = @_;

    my ($what, $n, $id) = @$case{qw(what n id)};
    my @problems;

    my $is = sub {
        my ($got, $wanted, $name) = @_;

        push @problems, "$name: $got" if $got !~ /\A(?:$wanted)\z/;
    };

    # what the API received is in the audit trail

    my %known = map { $_->{request_id} => 1 }
                grep { $_->{event} eq 'forwarded' } records($case);

    for ($t->requests) {
        my ($of) = ($_->{raw} =~ /^X-Request-Id: (\w+)/mi);

        push @problems, "forwarded without a record: $of" if !$known{$of};
    }

    # nobody's booking but the supplier's was touched

    $is->(_foreign($case), quotemeta $case->{foreign}, 'foreign');

    # no request has hung

    if (defined $case->{took} && $case->{took} > ($opt{within} // 8 * $SLOW)) {
        push @problems, "took $case->{took} s";
    }

    my $place = $opt{place} // '';
    my $before = $t->requests;

    # another supplier, with the booking in a trip of its own

    my %OTHER = (
        free    => 200,
        bound   => '403 booking_source_not_owned',
        claimed => '403 booking_not_owned',
        owned   => '403 booking_not_owned',
    );

    if (my $wanted = $OTHER{$state}) {
        my $got;

        # what is given back may still be under way

        wait_for(sub {
            $got = again(sub {
                _write('Beta', "$place$TRIP?userid_value=x$n",
                       itinerary(bookings => [$case->{new}]))
            });

            return $state ne 'free' || $got eq $wanted;
        }, 5 * $SLOW);

        $is->($got, $wanted, 'another supplier posts the booking');

        if ($state eq 'free') {
            $is->(state($case), "Beta's", 'which is then');

            # nothing keeps the supplier from its trip

            $is->(again(sub {
                show($case);

                return _write('Alpha', "$place$TRIP?tripId=$id",
                              $case->{shown});
            }), 200, 'the supplier updates the trip') if $what eq 'update';

            return join ', ', @problems;
        }

        $is->($t->requests - $before, 0, 'which is forwarded');
    }

    # the supplier itself; an update is of the trip as it is now

    $id //= _created($case);

    my $retry = sub {
        show($case) if $what eq 'update';

        return _write($case->{who}, $place . (_request($case))[0],
                      (_request($case))[1]);
    };

    if ($state eq 'owned' && $what eq 'create') {
        $retry = sub {
            return _write('Alpha', "$place$TRIP?tripId=$id",
                          itinerary(bookings => [$case->{new}]));
        };
    }

    $is->(again($retry), $state eq 'cancelled' ? '403 trip_not_owned' : 200,
          'the supplier does it again');
    $is->(state($case), $what eq 'cancel' ? 'cancelled' : 'owned',
          'what it has then');

    # and the trip is Alpha's alone, where it is known

    $before = $t->requests;

    $is->(again(sub {
        _write('Beta', "$place$TRIP?tripId=" . ($id // _created($case)),
               itinerary());
    }), '403 trip_not_owned', 'another supplier updates the trip');
    $is->($t->requests - $before, 0, 'which is forwarded');

    return join ', ', @problems;
}



# A failure on the way of an update that adds a booking: "status outcome state"
# are wanted.  rule => what Redis does, from when the API has the write, if how
# => what the API answers is given, else from the beginning; place => where it
# is posted to; then => what is done once it has been answered; within =>
# seconds; what => another write; done => whether the API has carried it out

my $file = 0;

sub row {
    my ($name, $wanted, %opt) = @_;

    my $case = another($opt{what} // 'update');
    my (undef, $outcome, $state) = $wanted =~ /(.*) (\S+) (\S+)\z/;
    my %post = map { $_ => $opt{$_} } grep { defined $opt{$_} } qw(place how);
    my $client;

    if (defined $opt{how} && $opt{rule}) {
        my $go = 'go' . ++$file;

        $client = post($case, %post, until => $go);
        forwarded() or die "not forwarded\n";
        $fake->rules($opt{rule});
        $t->write_file($go, '');

    } else {

        # a new connection is greeted

        if ($opt{rule} && $opt{rule}{match} =~ /ROLE|registry/) {
            $fake->kill;
            $fake->start;
        }

        $fake->rules($opt{rule} // ())->forget;
        $client = post($case, %post);
    }

    my $got = answer_to($case, $client);

    $opt{then}->() if $opt{then};
    $fake->rules;

    $got .= ' ' . outcome($case, $outcome) . ' ' . state($case, $state);

    if (defined $opt{done}) {
        Test::More::is(is_done($case), $opt{done}, "$name: at the API");
    }

    Test::More::is($got, $wanted, $name);
    Test::More::is(problems($case, $state, %opt), '',
                   '- and nothing is wrong afterwards');

    return;
}

1;
