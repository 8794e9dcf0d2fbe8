package Itinerary::Chaos::Api;

# An API that suppliers share: it carries out what reaches it, as documented,
# and writes down what that was before it answers; then the answer may come
# late, in part, or not at all.  Its process may be killed: the next one knows
# from the truth (Itinerary::Chaos::Truth) what there is.
#
# It asks nobody for a right.  Like the real one it lets a cancel by somebody
# who has not created the trip empty that supplier's own bookings only.

use strict;
use warnings;

use Time::HiRes qw(time);

use Itinerary::Chaos::Document;
use Itinerary::Chaos::Trips;
use Itinerary::Chaos::Truth;

# How a write is answered, in thousands.  What is refused, down or cut is not
# carried out, all else is.

my @HOW = (
    good    => 780,     # 200 with the trip
    chunks  => 40,
    slow    => 40,      # in two parts
    late    => 8,       # after the gateway has given up
    error   => 20,      # 500
    lost    => 25,      # no answer
    half    => 20,      # half of it
    garbage => 4,       # 200 with what is no trip
    message => 4,
    empty   => 4,
    refused => 20,      # 400
    down    => 20,      # 503
    cut     => 15,      # no answer
);


# log => the path of what it writes down; calm => that of a file that makes it
# answer always; seed; patience => for how many seconds the gateway waits

sub new {
    my ($class, %opt) = @_;

    return bless { %opt, pid => 0 }, $class;
}


# The script of an Itinerary::Upstream.

sub script {
    my ($self) = @_;

    return sub { $self->_answer(@_) };
}


sub _answer {
    my ($self, $request) = @_;

    $self->_begin if $self->{pid} != $$;

    my $call = _call($request);

    return $self->_shown($call->{trip}) if $call->{what} eq 'read';

    $self->{truth}->write(received => @{$call}{qw(id mark who worker what)},
                          $call->{trip} // '');

    my $how = -e $self->{calm} ? 'good' : _one_of(@HOW);
    my $delay = rand() < 0.3 ? 0 : rand 0.03;

    return \$delay, sub { [ $self->_carry_out($call, $how) ] };
}


# What there was before this process.

sub _begin {
    my ($self) = @_;

    my $truth = Itinerary::Chaos::Truth->new($self->{log});
    my $trips = Itinerary::Chaos::Trips->new;
    my $starts = 0;

    $truth->mend;

    $truth->each_line(sub {
        my ($line) = @_;

        $starts++ if $line->{kind} eq 'started';
        $trips->apply($line->{who}, $_) for @{ $line->{effects} // [] };
    });

    $truth->write('started');

    @{$self}{qw(truth trips pid)} = ($truth, $trips, $$);
    srand $self->{seed} + $starts;

    return;
}


sub _call {
    my ($request) = @_;

    my $h = $request->{headers};
    my ($path, $query) = split /\?/, $request->{target}, 2;
    my %arg = map { s/%([0-9A-F]{2})/chr hex $1/ger }
              map { split /=/, $_, 2 } split /&/, $query // '';

    my $what = $request->{method} eq 'GET'   ? 'read'
             : $path =~ m{/trip/.*/cancel}    ? 'cancel'
             : $path =~ m{/booking/.*/cancel} ? 'cancel_booking'
             : $path =~ m{/booking/}          ? 'book'
             : defined $arg{tripId}           ? 'update' : 'create';

    my ($shown) = $path =~ m{/(CNQR\w+)\z};

    return {
        what   => $what,
        id     => $h->{'x-request-id'}[0] // '',
        mark   => $h->{'x-mark'}[0] // '',
        worker => $h->{'x-worker'}[0] // '',
        sent   => $h->{'x-sent'}[0] // 0,
        who    => ($h->{authorization}[0] // '') =~ s/.*-//r,
        trip   => $arg{tripId} // $shown,
        name   => uc(($arg{bookingSource} // '') . '|'
                     . ($arg{confirmationNumber} // '')),
        body   => $request->{body},
    };
}


sub _shown {
    my ($self, $id) = @_;

    my $trip = $self->{trips}->trip($id);

    return [404, {}, '<Error><Message>No such trip</Message></Error>']
        if !$trip;
    return \'reset' if rand() < 0.01 && !-e $self->{calm};

    return [200, {}, Itinerary::Chaos::Document::text($trip)];
}


sub _carry_out {
    my ($self, $call, $how) = @_;

    my @facts = @{$call}{qw(id who what)};

    # who waits no longer does not know of what is done after that

    if (time - $call->{sent} > 0.75 * $self->{patience}) {
        $self->{truth}->write(refused => @facts, 'too late');
        return;
    }

    if ($how =~ /\A(?:refused|down|cut)\z/) {
        $self->{truth}->write(refused => @facts, $how);

        return $how eq 'refused' ? [400, {}, '<Error/>']
             : $how eq 'down'    ? [503, {}, '<Error/>'] : \'reset';
    }

    my $effects = "_$call->{what}";
    my ($id, @effects) = $self->$effects($call);

    if (!defined $id) {
        $self->{truth}->write(refused => @facts, 'unknown');
        return [404, {}, '<Error><Message>Not found</Message></Error>'];
    }

    $self->{truth}->write(applied => @facts, $how, @effects);
    $self->{trips}->apply($call->{who}, $_) for @effects;

    return $self->_told($how, Itinerary::Chaos::Document::text(
                                  $self->{trips}->trip($id)));
}


sub _told {
    my ($self, $how, $xml) = @_;

    my $half = int(length($xml) / 2);
    my @halves = (substr($xml, 0, $half), substr $xml, $half);
    my $head = "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n";
    my $length = "Content-Length: " . length($xml) . "\r\n\r\n";
    my $pause = rand 0.05;
    my $long = 1.2 * $self->{patience};

    return [200, {}, $xml]                          if $how eq 'good';
    return [200, {}, [$halves[0], \$pause, $halves[1]]]
                                                    if $how eq 'slow';
    return (\$long, "$head$length$xml")             if $how eq 'late';
    return [500, {}, '<Error/>']                    if $how eq 'error';
    return \'reset'                                 if $how eq 'lost';
    return ("$head$length$halves[0]", \$pause, \'reset')
                                                    if $how eq 'half';
    return [200, {}, $halves[0]]                    if $how eq 'garbage';
    return [200, {}, '<Message>Done</Message>']     if $how eq 'message';
    return [200, {}, '']                            if $how eq 'empty';

    return ("${head}Transfer-Encoding: chunked\r\n\r\n",
            map({ (sprintf("%x\r\n%s\r\n", length, $_), \$pause) } @halves),
            "0\r\n\r\n");
}


sub _one_of {
    my (@choices) = @_;

    my $sum = 0;
    my %weight = @choices;

    $sum += $_ for values %weight;

    my $n = rand $sum;

    while (my ($choice, $weight) = splice @choices, 0, 2) {
        return $choice if ($n -= $weight) < 0;
    }

    return;
}


# The effects of a write, behind the id of its trip; nothing, where the trip or
# the booking is not there.

sub _create {
    my ($self, $call) = @_;

    my $posted = Itinerary::Chaos::Document::read($call->{body}) // return;

    # into the trip that has one of the bookings

    for my $name (@{ $posted->{order} }) {
        my $id = $self->{trips}->where($name) // next;

        return ($id, $self->_posted($id, $posted));
    }

    my $id = $self->_new_id;

    return ($id, ['trip', $id, $posted->{fields}],
            $self->_posted($id, $posted));
}


sub _new_id {
    my ($self) = @_;

    return sprintf 'CNQR%06d', 1 + $self->{trips}->count;
}


# what is posted, where it is another than is there; a booking is in one trip

sub _posted {
    my ($self, $id, $posted) = @_;

    my $trip = $self->{trips}->trip($id);
    my @effects;

    for my $name (@{ $posted->{order} }) {
        my $is = $self->{trips}->where($name);
        my $was = $trip && $trip->{bookings}{$name};

        next if defined $was && $was eq $posted->{bookings}{$name};

        push @effects, ['gone', $is, $name] if defined $is && $is ne $id;
        push @effects, ['booking', $id, $name, $posted->{bookings}{$name}];
    }

    return @effects;
}


sub _update {
    my ($self, $call) = @_;

    my $id = $call->{trip};
    my $trip = $self->{trips}->trip($id) // return;
    my $posted = Itinerary::Chaos::Document::read($call->{body}) // return;

    return ($id,
            $trip->{fields} eq $posted->{fields}
                ? () : ['fields', $id, $posted->{fields}],
            map({ ['gone', $id, $_] } grep { !$posted->{bookings}{$_} }
                                      @{ $trip->{order} }),
            $self->_posted($id, $posted));
}


sub _cancel {
    my ($self, $call) = @_;

    my $id = $call->{trip};
    my $who = $call->{who};
    my $trip = $self->{trips}->trip($id) // return;
    my $all = $self->{trips}->creator($id) eq $who;

    return ($id, map { $self->_emptied($id, $_) }
                 grep { $all || $self->{trips}->poster($_) eq $who }
                 @{ $trip->{order} });
}


sub _emptied {
    my ($self, $id, $name) = @_;

    my $was = $self->{trips}->trip($id)->{bookings}{$name};
    my $is = Itinerary::Chaos::Document::emptied($was);

    return $is eq $was ? () : ['booking', $id, $name, $is];
}


sub _book {
    my ($self, $call) = @_;

    my $xml = Itinerary::Chaos::Document::unrooted($call->{body});
    my $name = Itinerary::Chaos::Document::name($xml);
    my $id = $call->{trip};
    my @new;

    return if defined $id && !$self->{trips}->trip($id);

    $id //= $self->{trips}->where($name);

    if (!defined $id) {
        $id = $self->_new_id;
        @new = ['trip', $id, Itinerary::Chaos::Document::fields('Untitled')];
    }

    return ($id, @new, $self->_posted($id, { order    => [$name],
                                             bookings => { $name => $xml } }));
}


sub _cancel_booking {
    my ($self, $call) = @_;

    my $id = $self->{trips}->where($call->{name}) // return;

    return ($id, $self->_emptied($id, $call->{name}));
}


1;
