#!/usr/bin/perl

# Redis' replies may come in two pieces, cut at any byte: those of all commands,
# the greeting's, errors.  Verdicts are the same, and so are the records.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Document;
use Itinerary::FakeRedis;
use Itinerary::Records;

my $NS = $Itinerary::Document::NAMESPACE;

my $t = Itinerary->new;

my $redis = $t->redis;
my $fake = Itinerary::FakeRedis->new(dir => $t->path('fake'),
                                     behind => $redis);
my $address = $fake->address;

# The API shows what was posted, and with a post of B1, or to a GET, all of the
# trip TA1, which is also XA1.

$t->upstream(sub {
    my ($request) = @_;

    my ($id) = $request->{target} =~ /tripId=(\w+)/;
    my ($locator) = $request->{body} =~ m{<RecordLocator>(\w+)<};

    return [200, {}, $request->{body}] if $request->{body} =~ /<id>/;
    return [200, {}, shared()]
        if $request->{method} eq 'GET' || ($locator // '') eq 'B1';
    $id //= 'T' . ($locator // 'C1');

    return [200, {}, answered($request->{body} || itinerary(), $id)];
});

$t->nginx(conf => <<"END");
    itinerary_redis $address timeout=30s connect_timeout=30s
                    connections=4;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_1%%;
        itinerary_redis $address timeout=30s connect_timeout=30s;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $alpha = $t->token('Alpha');
my $beta = $t->token('Beta');


sub of { return { source => $_[0], locator => $_[1], @_[2 .. $#_] } }


sub shared {
    return answered(itinerary(bookings => [of('Alpha', 'A1'),
                                           of('Beta', 'B1')]), 'XA1',
                    locator => 'TA1');
}


sub post {
    my ($who, $target, $xml, @opt) = @_;

    return $t->post_xml_async("/api/travel$target", $who, $xml, @opt);
}


sub create {
    my ($who, $booking, @opt) = @_;

    return post($who, '/trip/v1.1', itinerary(bookings => [$booking]), @opt);
}


sub outcome {
    my ($client) = @_;

    my $answer = $client->finish;

    $client->close;

    return join ' ', $answer->{status}, code_of($answer) // ();
}


# one of each kind, what becomes of it, and what where Redis carries out nothing

my $n = 0;

my $OK = '200';
my $UNAVAILABLE = '503 registry_unavailable';
my $NOT_OWNED = '403 booking_not_owned';
my $NOBODY = '401 unknown_supplier';

my @kinds = (
    ['a create', $OK, $UNAVAILABLE, sub {
        create($alpha, of('Alpha', 'N' . ++$n));
    }],
    ['a create with another\'s booking', ($NOT_OWNED) x 2, sub {
        create($beta, of('Alpha', 'A1'));
    }],
    ['an update that sends back another\'s booking', $OK, $UNAVAILABLE, sub {
        post($alpha, '/trip/v1.1?tripId=XA1', shared());
    }],
    ['an update of another\'s trip', ('403 trip_not_owned') x 2, sub {
        post($beta, '/trip/v1.1?tripId=TC1',
             itinerary(bookings => [of('Alpha', 'C1')]));
    }],
    ['a cancelled booking', $OK, $UNAVAILABLE, sub {
        post($alpha, '/booking/v1.1/cancel?bookingSource=Alpha'
                     . '&confirmationNumber=NUMBER', undef);
    }],
    ['a post of nobody', ($NOBODY) x 2, sub {
        create('unknown', of('Alpha', 'A1'));
    }],
);

for my $booking (of('Alpha', 'A1'),
                 of('Alpha', 'C1', segments => { Car => 'NUMBER' }))
{
    outcome(create($alpha, $booking)) eq '200' or die "no trip\n";
}

outcome(create($beta, of('Beta', 'B1'))) eq '200' or die "no booking\n";
$t->shown('Alpha', 'TA1', sub {
    $t->http('GET', '/api/travel/trip/v1.1/TA1',
             headers => ['Authorization' => "OAuth $alpha"]);
});

# All of them at once, with each of some rules; what did not become of them what
# it should.

sub wrong {
    my ($expected, $rule, @at) = @_;

    my @wrong;

    for my $at (@at) {
        $fake->rules($rule->($at));

        my @clients = map { $_->[3]->() } @kinds;

        for my $kind (@kinds) {
            my $got = outcome(shift @clients);

            push @wrong, "$at: $kind->[0]: $got" if $got ne $kind->[$expected];
        }
    }

    $fake->rules;

    return \@wrong;
}


my $cut = sub { return { match => '.', cut => $_[0] } };

$fake->forget;
is_deeply(wrong(1, $cut, 1_000_000), [], 'as it is with whole replies');

my %asked = map { $_->{text} =~ /^(EVAL|\w+).*? itinerary:(\w+)/s
                  ? ("$1 $2" => 1) : () } $fake->commands;

is_deeply([sort keys %asked],
          ['EVAL booking', 'EVAL source', 'EVAL trip', 'EVAL view',
           'GET alias', 'GET confirmation', 'GET registry', 'GET source',
           'GET token', 'HGETALL trip', 'HMGET booking', 'HMGET view'],
          'Redis is asked for all that it may be asked for');


# The longest reply is that to a lease, with all of the trip, or to a look at a
# view: texts, each with its length.

my ($longest) = sort { $b <=> $a } map {
    my $length = 0;

    $length += length(length) + length() + 5 for $redis->cli->hgetall($_);
    $length;
} 'itinerary:trip:TA1', 'itinerary:view:TA1|Alpha';

# and who writes to the trip, until when, and whether that is the one who asks

$longest += 120;

$fake->forget;
is_deeply(wrong(1, $cut, 1 .. $longest), [],
          'so it is with replies that are cut, wherever');


# scripts that Redis does not know

my $unknown = "-NOSCRIPT No matching script. Please use EVAL.\r\n";

is_deeply(wrong(1, sub {
    $redis->cli->script_flush;
    return $cut->(@_);
}, 1 .. length $unknown), [], 'with those to scripts that are not known');


# errors

my $error = "-OOM no memory\r\n";

is_deeply(wrong(2, sub {
    return { match => '^EVAL', reply => $error, cut => $_[0] };
}, 1 .. length $error), [], 'and with errors, on which no write passes');


# The greeting: a connection that Redis closes when it has answered is followed
# by a new one.

sub connected { return scalar(() = $redis->cli->client_list =~ /^id=/mg) }

my @failed;

for my $at (0 .. 64) {
    my $connected = connected();

    $fake->rules({ match => '^GET itinerary:token:', close => 1 });
    outcome(create('unknown', of('Alpha', 'A1'), port => $t->port(1)))
        eq $NOBODY or push @failed, "$at: somebody";

    # the first one was not connected before

    wait_for(sub { connected() < $connected }) if $at;

    $fake->forget->rules($cut->($at));
    outcome(create($alpha, of('Alpha', 'N' . ++$n), port => $t->port(1)))
        eq $OK or push @failed, "$at: no trip";
    $fake->commands(qr/^ROLE/) == 1 or push @failed, "$at: no greeting";
}

$fake->rules;

is_deeply(\@failed, [], 'the greeting may be cut, too');


# what came of it

my $records = records($redis, match => qr/^(?:trip|booking):/);
my @lost = grep {
    ($records->{"trip:TN$_"}{owner} // '') ne 'Alpha'
    || $records->{"booking:ALPHA|N$_"}{state} ne 'active'
} grep { $records->{"booking:ALPHA|N$_"} } 1 .. $n;

is_deeply(\@lost, [], 'each new booking is on record with its trip');
is(scalar(grep { /^booking:ALPHA\|N/ } keys %$records), $n - length $error,
   'but for those that were refused');
is_deeply($records->{'trip:TA1'},
          trip_record('Alpha', $records->{'trip:TA1'}{rev},
                      { 'ALPHA|A1' => 'Alpha', 'BETA|B1' => 'Beta' }),
          'the trip that was updated is as it was');

$t->done;
