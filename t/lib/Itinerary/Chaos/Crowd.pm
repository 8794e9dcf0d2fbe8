package Itinerary::Chaos::Crowd;

# The clients: many connections in one process, each with a request under way
# most of the time.  What each came to is written down, a line for each, when
# it has ended.

use strict;
use warnings;

use IO::Select ();
use Time::HiRes qw(sleep time);

use Itinerary;
use Itinerary::Chaos::Document;
use Itinerary::Chaos::Supplier;
use Itinerary::Client;

my @FIELDS = qw(mark who what attack from to came code id trip shown own
                target);


# port; log => the path of what it writes down; stop => the path of a file that
# ends it; tokens => by supplier; clients => how many; seed; deadline => seconds
# that a request may take

sub new {
    my ($class, %opt) = @_;

    my @pool;

    my @suppliers = map {
        Itinerary::Chaos::Supplier->new(name => $_, pool => \@pool)
    } sort keys %{ $opt{tokens} };

    return bless {
        %opt,
        marks   => 0,
        clients => [map { { supplier => $suppliers[$_ % @suppliers],
                            start    => 0 } } 0 .. $opt{clients} - 1],
    }, $class;
}


sub run {
    my ($self) = @_;

    srand $self->{seed};
    $SIG{PIPE} = 'IGNORE';

    open $self->{file}, '>:raw', $self->{log}
        or die "open($self->{log}) failed: $!\n";

    for (;;) {
        my $stops = -e $self->{stop};
        my $now = time;

        for my $c (@{ $self->{clients} }) {
            $self->_start($c) if !$c->{request} && !$stops
                                 && $now >= $c->{start};
        }

        my @busy = grep { $_->{request} } @{ $self->{clients} };

        last if $stops && !@busy;

        my $select = IO::Select->new(map { $_->{client}->socket } @busy);

        if (@busy) {
            $select->can_read(0.003);

        } else {
            sleep 0.003;
        }

        $now = time;
        $self->_look($_, $now) for @busy;
    }

    close $self->{file};

    return;
}


sub _start {
    my ($self, $c) = @_;

    my $keepalive = rand() < 0.8;

    # a connection that the gateway has closed while nobody used it

    if ($c->{client} && (length $c->{client}->received
                         || $c->{client}{eof}))
    {
        $c->{client}->close;
        undef $c->{client};
    }

    $c->{client} //= eval {
        Itinerary::Client->new(port => $self->{port});
    };

    if (!$c->{client}) {
        $c->{start} = time + 0.1;
        return;
    }

    my $request = { %{ $c->{supplier}->request }, mark => ++$self->{marks},
                    from => time };

    my ($head, @body) = Itinerary::Client::request(
        @{$request}{qw(method target)},
        keepalive => $keepalive,
        headers   => [
            Authorization => "OAuth $self->{tokens}{ $request->{who} }",
            'X-Mark'      => $request->{mark},
            $request->{what} eq 'read' ? ()
            : defined $request->{body} ? ('Content-Type' => 'application/xml')
            :                            ('Content-Length' => 0),
        ],
        defined $request->{body} ? (body => $request->{body}) : (),
    );

    # some are slow, and some leave: with a part of the body, at once, soon, or
    # with a part of the answer

    my $leaves = rand() < 0.04 ? (qw(body asked soon answer))[rand 4] : '';

    if (length $head > 700 && (rand() < 0.1 || $leaves eq 'body')) {
        my $half = substr $head, -int(rand 400), 400, '';

        push @body, \rand(0.05), $leaves eq 'body' ? () : $half;
    }

    $c->{client}{method} = $request->{method};
    $c->{client}->send($head, @body);

    $c->{request} = $request;
    $c->{leaves} = $leaves eq 'soon'  ? $request->{from} + rand 0.04
                 : $leaves eq 'asked' ? $request->{from}
                 : $leaves eq 'body'  ? $request->{from} + 0.06 : undef;
    $c->{leaves_answer} = $leaves eq 'answer';
    $c->{keepalive} = $keepalive;

    return;
}


sub _look {
    my ($self, $c, $now) = @_;

    my $client = $c->{client};

    if (defined $c->{leaves} && $now >= $c->{leaves}) {
        return $self->_end($c, { came => 'left' });
    }

    my $answer = $client->answer;

    if ($c->{leaves_answer} && ($answer || length $client->{in})) {
        return $self->_end($c, { came => 'left' });
    }

    if ($answer) {
        my $came = $answer->{error} // $answer->{status};
        my $last = lc($answer->{headers}{connection}[0] // '') eq 'close';

        return $self->_end($c, {
            came  => $came,
            code  => scalar code_of($answer),
            id    => $answer->{headers}{'x-request-id'}[0],
            keeps => $c->{keepalive} && !$last && !$answer->{closed}
                     && !$answer->{error},
            shown => $came eq '200' ? scalar _shown($answer) : undef,
        });
    }

    return $self->_end($c, { came => 'hung' })
        if $now > $c->{request}{from} + $self->{deadline};

    return;
}


sub _shown {
    my ($answer) = @_;

    return Itinerary::Chaos::Document::read($answer->{body});
}


sub _end {
    my ($self, $c, $end) = @_;

    my $request = delete $c->{request};
    my $shown = $end->{shown};

    if (!$end->{keeps}) {
        $c->{client}->close;
        undef $c->{client};
    }

    my %line = (
        %$request, %$end,
        to    => time,
        shown => $shown && $shown->{id},
        own   => join(',', @{ $request->{own} }),
    );

    print { $self->{file} } join("\t", map { $_ // '' } @line{@FIELDS}), "\n";

    # what was refused for good is not made again

    $c->{supplier}->learnt($request, $shown)
        if $end->{came} !~ /\A4/;
    $c->{start} = time + rand($end->{came} eq '503' ? 0.3 : 0.04);

    return;
}


# What was written down, a hash for each line.

sub lines {
    my ($path) = @_;

    return map {
        chomp;
        my %line;
        @line{@FIELDS} = split /\t/, $_, -1;
        $line{own} = [split /,/, $line{own}];
        \%line;
    } Itinerary::Process::whole_lines($path);
}


1;
