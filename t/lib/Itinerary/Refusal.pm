package Itinerary::Refusal;

# What every refusal has in common: nothing is forwarded, nothing is written
# to Redis, and one record, "rejected", is left in the audit trail.

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();
use Test::More ();

use Itinerary;

our @EXPORT = qw(refused passes registry);

# the fields of an audit record, in their order

my @FIELDS = qw(time event request_id supplier client on_behalf_of operation
                trip bookings mode verdict reason status upstream_status
                outcome body_bytes body_sha256 registry_ms total_ms);


# All that Redis knows, but for tokens and its own id.

sub registry {
    my ($t) = @_;

    my $cli = $t->redis->cli;
    my %all;

    for my $key ($cli->keys('*')) {
        next if $key =~ /:token:|:registry\z/;

        my $type = $cli->type($key);

        $all{$key} = $type eq 'hash'   ? { $cli->hgetall($key) }
                   : $type eq 'string' ? $cli->get($key)
                   : $type;
    }

    return \%all;
}


# refused($t, $name, $status, $reason, $answer, %opt)
#
# $answer is a sub that makes the request and returns the answer.  Options:
# audit => what the record must hold beside status, verdict and reason;
# redis => 0 where there is none to be looked at; asked => how many requests
# other servers than the API get.  Returns the answer and the record.

sub refused {
    my ($t, $name, $status, $reason, $answer, %opt) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $redis = $opt{redis} // 1;
    my $before = $redis ? registry($t) : {};
    my $seen = _lines($t);
    my $forwarded = _forwarded($t);

    $answer = $answer->();

    wait_for(sub { _lines($t) > $seen });

    my @lines = _lines($t);

    splice @lines, 0, $seen;

    my %record = @lines ? %{ JSON::PP->new->utf8->decode($lines[0]) } : ();
    my %expected = (
        event   => 'rejected',
        mode    => 'enforce',
        verdict => 'deny',
        reason  => $reason,
        status  => $status,
        client  => '127.0.0.1',
        %{ $opt{audit} // {} },
    );

    Test::More::is_deeply(
        {
            status    => $answer->{status},
            reason    => code_of($answer),
            forwarded => _forwarded($t) - $forwarded,
            registry  => $redis ? registry($t) : {},
            records   => scalar @lines,
            record    => { map { $_ => $record{$_} } keys %expected },
            order     => _disorder($lines[0] // ''),
        },
        {
            status    => $status,
            reason    => $reason,
            forwarded => $opt{asked} // 0,
            registry  => $before,
            records   => 1,
            record    => \%expected,
            order     => '',
        },
        $name
    );

    return ($answer, \%record);
}


# passes($t, $name, $answer): the request is answered by the upstream, which
# got it once; returns the answer and what the upstream got

sub passes {
    my ($t, $name, $answer, $n) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    $n //= 1;

    my $seen = _forwarded($t);

    $answer = $answer->();

    my @requests = map { $_->requests } @{ $t->{upstreams} };

    Test::More::is("$answer->{status} " . (@requests - $seen), "200 $n", $name)
        or Test::More::diag($answer->{raw});

    return ($answer, $requests[-1]);
}


sub _lines {
    my ($t) = @_;

    return Itinerary::Process::whole_lines($t->path('audit.log'));
}


sub _forwarded {
    my ($t) = @_;

    my $n = 0;

    for my $upstream (@{ $t->{upstreams} }) {
        $n += Itinerary::Process::whole_lines("$upstream->{dir}/requests");
    }

    return $n;
}


# the fields of a record that are not in their place, or unknown

sub _disorder {
    my ($line) = @_;

    my %place;
    @place{@FIELDS} = 1 .. @FIELDS;

    # what is nested in "bookings" is not a field of the record

    $line =~ s/"bookings":\[[^\]]*\]/"bookings":0/;

    my $last = 0;
    my @wrong;

    for my $field ($line =~ /[{,]"(\w+)":/g) {
        push @wrong, $field if ($place{$field} // 0) <= $last;
        $last = $place{$field} // $last;
    }

    return "@wrong";
}


1;
