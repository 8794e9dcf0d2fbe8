package Itinerary::FakeRedis;

# A Redis that misbehaves on demand.  It stands between nginx and a real one:
# commands and replies pass, but for those that a rule is about, and it writes
# down every command before it is passed on.

use strict;
use warnings;

use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

use Itinerary::Process;

my $JSON = JSON::PP->new->latin1->canonical;

my @fakes;

# what is no fault of its own: it ends the connection then, as Redis has

my $GONE = 'Redis has gone|cannot connect to Redis';


# dir => its directory; behind => the Itinerary::Registry behind it

sub new {
    my ($class, %opt) = @_;

    my $self = bless {
        owner  => $$,
        dir    => $opt{dir},
        behind => $opt{behind}->port,
        port   => Itinerary::Process::port(),
    }, $class;

    mkdir $self->{dir} or die "mkdir($self->{dir}) failed: $!\n";

    push @fakes, $self;

    return $self->rules->start;
}


sub start {
    my ($self) = @_;

    my $listener = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1',
        LocalPort => $self->{port},
        Listen    => 128,
        ReuseAddr => 1,
    ) or die "fake Redis cannot listen on $self->{port}: $!\n";

    $self->{process} = Itinerary::Process->start(
        output => "$self->{dir}/log",
        code   => sub { $self->_serve($listener) },
    );

    return $self;
}


sub port    { return $_[0]{port} }
sub address { return "127.0.0.1:$_[0]{port}" }
sub kill    { return $_[0]{process}->stop('KILL') }


# What is to be done from now on, instead of what was: of the rules the first
# whose pattern "match" matches a command (its arguments, joined by spaces) is
# followed.  Its other keys:
#
#   reply   these bytes are the reply
#   silent  1: there is no reply
#   extra   these bytes follow the reply
#   pad     so many times "x" follow the reply
#   cut     only so many bytes of the reply are sent, and then the rest, or
#   close   the end: the connection is closed
#   drip    1: the reply comes byte by byte
#   delay   the reply, and all after it, comes so many seconds later
#   times   how often the rule is followed; without it, always
#   lasts   a pattern: once a command has matched, these match, too
#   signal  [name, pid]: what the process behind, or another, is sent before
#           the command is passed on, or
#   late    1: after it has been carried out

sub rules {
    my ($self, @rules) = @_;

    my $path = "$self->{dir}/rules";

    open my $file, '>:raw', "$path.new" or die "open($path) failed: $!\n";
    print $file $JSON->encode([ ++$self->{generation}, @rules ]);
    close $file;

    rename "$path.new", $path or die "rename($path) failed: $!\n";

    return $self;
}


# The commands it received, as hashes: connection (from 1 on), batch (the
# commands that came together), text (joined as above).

sub commands {
    my ($self, $match) = @_;

    my @commands = map { $JSON->decode($_) }
                   Itinerary::Process::whole_lines("$self->{dir}/commands");

    return grep { !defined $match || $_->{text} =~ $match } @commands;
}


sub forget {
    my ($self) = @_;

    unlink "$self->{dir}/commands";

    return $self;
}


# Waits until it has received such a command.

sub wait_command {
    my ($self, $match) = @_;

    return Itinerary::Process::wait_for(sub { $self->commands($match) });
}


sub log {
    my ($self) = @_;

    open my $file, '<', "$self->{dir}/log" or return '';
    local $/;

    return <$file> // '';
}


END {
    my $status = $?;

    for (grep { $_->{owner} == $$ } @fakes) {
        $_->kill;
        print STDERR $_->log;
    }

    $? = $status;
}


sub _serve {
    my ($self, $listener) = @_;

    my (%connections, $accepted);

    $SIG{PIPE} = 'IGNORE';

    for (;;) {
        my $read = IO::Select->new($listener);
        my $write = IO::Select->new;
        my $timeout = 1;

        for my $c (values %connections) {
            $read->add($c->{socket});

            my $next = $c->{out}[0] // next;

            if (ref $next) {
                $timeout = 0.001;

            } else {
                $write->add($c->{socket});
            }
        }

        my ($readable)
            = IO::Select->select($read, $write, undef, $timeout);

        for my $socket (@{ $readable // [] }) {

            if ($socket == $listener) {
                my $new = $listener->accept or next;

                $new->blocking(0);
                setsockopt $new, IPPROTO_TCP, TCP_NODELAY, 1;

                $connections{ fileno $new } = {
                    socket => $new,
                    number => ++$accepted,
                    batch  => 0,
                    in     => '',
                    out    => [],
                };

                next;
            }

            my $c = $connections{ fileno $socket };

            if (!eval { $self->_receive($c) }) {
                print STDERR $@ if $@ !~ /\A(?:$GONE)/;
                $c->{end} = 1;
            }
        }

        for my $c (values %connections) {

            _send($c);

            if ($c->{end}) {
                delete $connections{ fileno $c->{socket} };
                close $c->{socket};
            }
        }
    }
}


sub _receive {
    my ($self, $c) = @_;

    my $n = sysread $c->{socket}, $c->{in}, 262144, length $c->{in};

    if (!defined $n) {
        return 1 if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
        $n = 0;
    }

    if ($n == 0) {
        $c->{end} = 1;
        return 1;
    }

    $c->{batch}++;

    while (my ($raw, @argv) = _command(\$c->{in})) {

        my $text = join ' ', @argv;

        open my $file, '>>:raw', "$self->{dir}/commands"
            or die "cannot record: $!\n";

        syswrite $file, $JSON->encode({
            connection => $c->{number},
            batch      => $c->{batch},
            text       => $text,
        }) . "\n";

        push @{ $c->{out} }, $self->_reply($c, $raw, $text);
    }

    return 1;
}


sub _send {
    my ($c) = @_;

    while (defined(my $next = $c->{out}[0])) {

        if (!ref $next) {
            my $n = syswrite $c->{socket}, $next;

            if (!defined $n) {
                return if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
                $c->{end} = 1;
                return;
            }

            substr $c->{out}[0], 0, $n, '';
            return if length $c->{out}[0];

        } elsif ($$next eq 'close') {
            $c->{end} = 1;
            return;

        } else {
            $c->{until} //= time + $$next;
            return if time < $c->{until};
            delete $c->{until};
        }

        shift @{ $c->{out} };
    }

    return;
}


# The pieces of a reply: bytes, references to seconds, and \'close'.

sub _reply {
    my ($self, $c, $raw, $text) = @_;

    my $rule = $self->_rule($text) // {};

    my ($signal, @to) = @{ $rule->{signal} // [] };

    CORE::kill $signal, @to if $signal && !$rule->{late};

    return if $rule->{silent} && !$rule->{late};

    my $reply = $rule->{reply} // $self->_ask($c, $raw);

    CORE::kill $signal, @to if $signal && $rule->{late};

    return if $rule->{silent};

    $reply .= $rule->{extra} // '';
    $reply .= 'x' x ($rule->{pad} // 0);

    my @pieces = ($reply);

    if (defined $rule->{cut} && $rule->{cut} < length $reply) {
        @pieces = (substr($reply, 0, $rule->{cut}), \0.002,
                   $rule->{close} ? () : substr $reply, $rule->{cut});

    } elsif ($rule->{drip}) {
        @pieces = map { ($_, \0.0002) } split //, $reply;
    }

    return $rule->{delay} ? \$rule->{delay} : (),
           (grep { ref || length } @pieces),
           $rule->{close} ? \'close' : ();
}


sub _rule {
    my ($self, $text) = @_;

    open my $file, '<:raw', "$self->{dir}/rules" or die "no rules: $!\n";
    local $/;

    my ($generation, @rules) = @{ $JSON->decode(<$file>) };

    if ($generation != ($self->{followed} // 0)) {
        $self->{followed} = $generation;
        $self->{times} = {};
    }

    for my $n (0 .. $#rules) {
        my $rule = $rules[$n];

        next if $text !~ /$rule->{match}/
                && !($self->{times}{$n} && defined $rule->{lasts}
                     && $text =~ /$rule->{lasts}/)
                || defined $rule->{times}
                   && ($self->{times}{$n} // 0) >= $rule->{times};

        $self->{times}{$n}++;

        return $rule;
    }

    return;
}


# Each connection has one of its own behind it.

sub _ask {
    my ($self, $c, $raw) = @_;

    $c->{behind} //= IO::Socket::INET->new(
        PeerAddr => '127.0.0.1',
        PeerPort => $self->{behind},
    ) or die "cannot connect to Redis: $!\n";

    my $behind = $c->{behind};

    print $behind $raw;
    $behind->flush;

    return _read_reply($behind);
}


sub _read_reply {
    my ($behind) = @_;

    local $/ = "\r\n";

    my $reply = <$behind> // die "Redis has gone\n";
    my ($type, $n) = $reply =~ /\A(.)(-?\d*)/;

    if ($type eq '$' && $n >= 0) {
        read $behind, $reply, $n + 2, length $reply;

    } elsif ($type eq '*' && $n > 0) {
        $reply .= _read_reply($behind) for 1 .. $n;
    }

    return $reply;
}


# Takes a command from the buffer: its bytes, and its arguments.

sub _command {
    my ($in) = @_;

    my ($n) = $$in =~ /\A\*(\d+)\r\n/ or return;
    my $pos = $+[0];
    my @argv;

    for (1 .. $n) {
        pos($$in) = $pos;

        my ($length) = $$in =~ /\G\$(\d+)\r\n/ or return;

        $pos = $+[0];
        return if length $$in < $pos + $length + 2;

        push @argv, substr $$in, $pos, $length;
        $pos += $length + 2;
    }

    return substr($$in, 0, $pos, ''), @argv;
}


1;
