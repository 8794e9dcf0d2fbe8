package Itinerary::Records;

# What the registry holds of trips and bookings, as tests compare it.

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT = qw(records trip_record booking_record);

my $TIME = qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/;


# By key without the prefix: a string, or a hash whose times read "time", and
# whose requests read "request" unless they are wanted.  match => a pattern
# of keys; prefix; cli => a connection; requests => 1.

sub records {
    my ($redis, %opt) = @_;

    my $cli = $opt{cli} // $redis->cli;
    my $prefix = $opt{prefix} // 'itinerary:';
    my $match = $opt{match} // qr/./;

    my %records;

    for my $key ($cli->keys("$prefix*")) {
        my $name = substr $key, length $prefix;

        next if $name !~ /\A(?:trip|alias|booking|confirmation):/ || $name !~ $match;

        my $type = $cli->type($key);

        if ($type eq 'string') {
            $records{$name} = $cli->get($key);
            next;
        }

        if ($type ne 'hash') {
            $records{$name} = "a $type";
            next;
        }

        my %record = $cli->hgetall($key);

        for my $field (qw(created at)) {
            next if !defined $record{$field};
            $record{$field} = 'time' if $record{$field} =~ $TIME;
        }

        if (defined $record{request} && !$opt{requests}) {
            $record{request} = 'request'
                if $record{request} =~ /\A[0-9a-f]{32}\z/;
        }

        $records{$name} = \%record;
    }

    return \%records;
}


# a trip that nobody writes to now; bookings => { name => owner }

sub trip_record {
    my ($owner, $rev, $bookings, %more) = @_;

    return {
        defined $owner ? (owner => $owner) : (),
        created => 'time',
        rev     => $rev,
        state   => 'active',
        (map { ("booking:$_" => $bookings->{$_}) } keys %{ $bookings // {} }),
        %more,
    };
}


sub booking_record {
    my ($owner, $state, $trip, %more) = @_;

    return {
        owner   => $owner,
        state   => $state,
        trip    => $trip,
        request => 'request',
        at      => 'time',
        %more,
    };
}


1;
