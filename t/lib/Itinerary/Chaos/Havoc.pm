package Itinerary::Chaos::Havoc;

# What happens to the gateway and to what it needs, at random: its workers are
# killed, and so are Redis and the API, which come back after a while; Redis
# falls silent; the gateway is reloaded; the audit log is rotated.

use strict;
use warnings;

use Time::HiRes qw(sleep time);

use Itinerary::Chaos::Workers;

my @EVENTS = (
    [_kill_worker  => 28],
    [_kill_two     => 4],
    [_kill_redis   => 8],
    [_pause_redis  => 16],
    [_kill_api     => 8],
    [_reload       => 14],
    [_rotate       => 16],
    [_kill_ending  => 6],
);


# t => the test; redis, api; slow => by how much all takes longer

sub new {
    my ($class, %opt) = @_;

    return bless {
        %opt,
        workers => Itinerary::Chaos::Workers->new($opt{t}->pid),
        count   => {},
        killed  => {},      # workers: pid -> when
        reload  => [],      # the workers that the last reload has found
        later   => [],      # [when, what]
        rotated => 0,
    }, $class;
}


# until a time, with a sub that is asked whether all is well

sub run {
    my ($self, $until, $well) = @_;

    my $next = time + rand;

    while (time < $until && $well->()) {
        $self->_do_later(time);

        if (time >= $next) {
            $self->_event;
            $next = time + 0.15 + rand 1.1;
        }

        sleep 0.01;
    }

    return;
}


# All that is away comes back.

sub calm {
    my ($self) = @_;

    $self->_do_later('inf');

    return;
}


sub workers { return $_[0]{workers} }
sub count   { return $_[0]{count} }
sub killed  { return $_[0]{killed} }


# the workers that should have ended since the last reload

sub old { return @{ $_[0]{reload} } }


sub _do_later {
    my ($self, $now) = @_;

    my @due = grep { $_->[0] <= $now } @{ $self->{later} };

    @{ $self->{later} } = grep { $_->[0] > $now } @{ $self->{later} };
    $_->[1]->() for @due;

    return;
}


sub _later {
    my ($self, $seconds, $what) = @_;

    push @{ $self->{later} }, [time + $seconds, $what];

    return;
}


sub _event {
    my ($self) = @_;

    my $sum = 0;

    $sum += $_->[1] for @EVENTS;

    my $n = rand $sum;
    my ($event) = grep { ($n -= $_->[1]) < 0 } @EVENTS;
    my $do = $event->[0];

    my $done = $self->$do;

    return if !$done;

    $self->{count}{ $do =~ s/\A_//r =~ tr/_/ /r }++;
    $self->_note($do, $done);

    return;
}


sub _note {
    my ($self, $event, $done) = @_;

    open my $file, '>>', $self->{t}->path('havoc.log') or return;
    printf $file "%.3f %s %s\n", time, $event, $done;

    return;
}


sub _kill {
    my ($self, @pids) = @_;

    for my $pid (@pids) {
        $self->{killed}{$pid} = time if kill 'KILL', $pid;
    }

    return "@pids";
}


sub _kill_worker {
    my ($self) = @_;

    my @workers = $self->{workers}->active or return;

    return $self->_kill($workers[rand @workers]);
}


sub _kill_two {
    my ($self) = @_;

    my @workers = $self->{workers}->active;

    return if @workers < 2;

    my $first = splice @workers, int rand @workers, 1;

    return $self->_kill($first, $workers[rand @workers]);
}


sub _kill_ending {
    my ($self) = @_;

    my @workers = $self->{workers}->ending or return;

    return $self->_kill($workers[rand @workers]);
}


sub _kill_redis {
    my ($self) = @_;

    return if $self->{redis_is_away};

    my $away = rand() < 0.5 ? 0 : rand 1.5;

    $self->{redis_is_away} = 1;
    $self->{redis}->kill;
    $self->_later($away, sub {
        $self->{redis}->start;
        $self->{redis_is_away} = 0;
    });

    return $away;
}


sub _pause_redis {
    my ($self) = @_;

    return if $self->{redis_is_away};

    my $away = (rand() < 0.6 ? rand 0.4 : rand 3) * $self->{slow};

    $self->{redis_is_away} = 1;
    $self->{redis}->pause;
    $self->_later($away, sub {
        $self->{redis}->resume;
        $self->{redis_is_away} = 0;
    });

    return $away;
}


sub _kill_api {
    my ($self) = @_;

    return if $self->{api_is_away};

    my $away = rand() < 0.5 ? 0 : rand 1;

    $self->{api_is_away} = 1;
    $self->{api}->stop;
    $self->_later($away, sub {
        $self->{api}->start;
        $self->{api_is_away} = 0;
    });

    return $away;
}


sub _reload {
    my ($self) = @_;

    my @old = ($self->{workers}->active, $self->{workers}->ending);

    $self->{t}->signal('HUP');
    $self->{reload} = \@old;

    return "@old";
}


sub _rotate {
    my ($self) = @_;

    my $t = $self->{t};
    my $name = 'audit.log.' . ++$self->{rotated};

    rename $t->path('audit.log'), $t->path($name) or return;
    $t->signal('USR1');

    return $name;
}


1;
