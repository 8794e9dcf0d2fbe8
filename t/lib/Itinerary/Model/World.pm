package Itinerary::Model::World;

# A gateway with a location for each policy, an API behind it with one for each
# form of its answers, and what a test sees of both.
#
# workers => how many; slow => 1: posts that reach the API at the same time are
# carried out one after the other, ten milliseconds each.

use strict;
use warnings;

use Compress::Zlib qw(memGunzip);

use Itinerary;
use Itinerary::Client;
use Itinerary::Model::Document;
use Itinerary::Model::Traffic;

my $ID = '/api/travel/trip/v1.1';


sub new {
    my ($class, $t, %opt) = @_;

    my ($policies, $forms) = ('', '');

    for my $letters (Itinerary::Model::Traffic::policies()) {
        my %policy = Itinerary::Model::Traffic::directives($letters);

        $policies .= "location /$letters/ {\n"
                   . join('', map { "itinerary_$_ $policy{$_};\n" }
                              sort keys %policy)
                   . "proxy_pass http://api;\n}\n";
    }

    for my $form (sort keys %Itinerary::Model::Traffic::FORM) {
        my $parameters = $Itinerary::Model::Traffic::FORM{$form};

        $forms .= "location ~ ^/\\w+/$form/ {\n"
                . ($parameters =~ /^\d/
                   ? "return $parameters;\n"
                   : "itinerary_sandbox 64m zone=trips $parameters;\n")
                . "}\n";
    }

    my $slow = $opt{slow} ? 'limit_req zone=posts burst=100;' : '';

    $t->nginx(log => 'notice', workers => $opt{workers}, conf => <<"END_CONF");
    access_log off;
    keepalive_requests 1000000;

    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;

    map \$request_method \$posts { POST 1; }
    limit_req_zone \$posts zone=posts:1m rate=100r/s;
    limit_req_log_level info;

    upstream api {
        server 127.0.0.1:%%PORT_1%%;
        keepalive 4;
        keepalive_requests 1000000;
    }

    server {
        listen 127.0.0.1:%%PORT_0%%;

        itinerary enforce;
        add_header X-Request-Id \$request_id always;
        proxy_ignore_client_abort on;
        proxy_http_version 1.1;
        proxy_set_header Connection "";

        $policies
    }

    server {
        listen 127.0.0.1:%%PORT_1%%;
        $slow

        $forms

        location /stored/ {
            itinerary_sandbox 64m zone=trips amounts=all;
        }
    }
END_CONF

    return bless {
        t       => $t,
        redis   => $t->redis->cli,
        tokens  => { map { $_ => $t->token($_) }
                     @Itinerary::Model::Traffic::SUPPLIERS },
        clients => {},
    }, $class;
}


sub redis { return $_[0]{redis} }


# A request as it is sent, with the token of a supplier, or as somebody else.

sub message {
    my ($self, $method, $target, $who, $body) = @_;

    my $token = $self->{tokens}{$who} // $who;

    return join '', Itinerary::Client::request($method, $target,
        keepalive => 1,
        headers => [
            Authorization => "OAuth $token",
            $method eq 'GET' ? ()
            : defined $body ? ('Content-Type' => 'application/xml')
            :                 ('Content-Length' => 0),
        ],
        defined $body ? (body => $body) : ());
}


# The answers to messages, one after the other, of the gateway or of the API
# itself.  Connections stay open.

sub gateway { return shift->_ask(0, 0, @_) }
sub api     { return shift->_ask(1, 0, @_) }


sub _ask {
    my ($self, $port, $n, @messages) = @_;

    $self->_send($port, $n, @messages);

    return map { $self->_finish($port, $n) } @messages;
}


# The gateway's answers to messages that are sent at the same time.

sub together {
    my ($self, @messages) = @_;

    $self->_send(0, $_, $messages[$_]) for 0 .. $#messages;

    return map { $self->_finish(0, $_) } 0 .. $#messages;
}


sub _send {
    my ($self, $port, $n, @messages) = @_;

    my $client = $self->{clients}{"$port.$n"}
               //= Itinerary::Client->new(port => $self->{t}->port($port));

    $client->send(join '', @messages);

    return;
}


sub _finish {
    my ($self, $port, $n) = @_;

    my $client = $self->{clients}{"$port.$n"}
                 // return { status => 0, headers => {}, body => '',
                             error => 'closed' };

    my $answer = $client->finish;

    if ($answer->{closed} || $answer->{error}
        || lc($answer->{headers}{connection}[0] // '') eq 'close')
    {
        $client->close;
        delete $self->{clients}{"$port.$n"};
    }

    return $answer;
}


sub close {
    my ($self) = @_;

    $_->close for values %{ $self->{clients} };

    return;
}


# What an answer says, as text, and as a tree.

sub text {
    my ($answer) = @_;

    return ($answer->{headers}{'content-encoding'}[0] // '') eq 'gzip'
           ? memGunzip($answer->{body}) // '' : $answer->{body};
}


sub document {
    my ($answer) = @_;

    my $tree = $answer->{status} == 200
               ? Itinerary::Model::Document::tree(text($answer)) : undef;

    # a message is no document, nor is an error

    return $tree && $tree->{name} =~ /\A(?!Message\z|Error\z)[A-Z]\w+\z/
           ? $tree : undef;
}


# The traveler's trips as they are stored: locator -> document.

sub stored {
    my ($self, $traveler, $before) = @_;

    my $args = "userid_type=login&userid_value=$traveler";
    my ($list) = $self->api($self->message('GET', "/stored$ID?$args",
                                           'Nobody'));

    my @trips = $list->{body} =~ m{<TripId>([^<]+)</TripId>}g;
    my @answers = $self->api(map { $self->message('GET', "/stored$ID/$_",
                                                  'Nobody') } @trips);
    my %stored;

    for my $trip (@trips) {
        my $answer = shift @answers;
        my $was = $before->{$trip};

        if ($was && $was->{raw} eq $answer->{body}) {
            $stored{$trip} = $was;
            next;
        }

        $stored{$trip} = Itinerary::Model::Document->read($answer->{body});
        $stored{$trip}{raw} = $answer->{body};
    }

    return \%stored;
}


# Another traveler, and a registry that knows of some sources only.

sub stretch {
    my ($self, $traffic) = @_;

    my $redis = $self->{redis};
    my @keys = grep { !/:(?:token:|registry\z)/ } $redis->keys('itinerary:*');

    $redis->del(@keys) if @keys;

    $traffic->stretch;

    while (my ($source, $who) = each %{ $traffic->{registered} }) {
        $redis->set('itinerary:source:'
                    . Itinerary::Model::Document::percent($source), $who);
    }

    return;
}


# a trip that the API has from elsewhere

sub legacy {
    my ($self, $traffic) = @_;

    $self->api($self->message('POST', "/any/plain$ID?userid_type=login"
                                      . "&userid_value=$traffic->{traveler}",
                              'Legacy', $traffic->legacy));

    return;
}


# For people: how the trips differ.

sub changes {
    my ($was, $is) = @_;

    my @changes;

    for my $trip (sort keys %$is) {
        my %was = map { $_->{name} => $_ } @{ $was->{$trip}{bookings} // [] };
        my %is = map { $_->{name} => $_ } @{ $is->{$trip}{bookings} };

        push @changes, "$trip is new" if !$was->{$trip};

        for my $name (sort keys %{ { %was, %is } }) {
            my ($old, $new) = ($was{$name}, $is{$name});

            next if $old && $new && $old->{content} eq $new->{content};

            push @changes, "$name in $trip "
                           . (!$new ? 'is gone' : !$old ? 'is new' : 'differs')
                           . ($new && !$new->{segments} ? ', empty' : '');
        }
    }

    return join('; ', @changes) || 'nothing has changed';
}


1;
