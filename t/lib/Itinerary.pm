package Itinerary;

use strict;
use warnings;

use Cwd qw(abs_path);
use Digest::SHA qw(sha256_hex);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Path qw(remove_tree);
use File::Temp ();
use JSON::PP ();
use Test::More ();
use Time::HiRes qw(sleep time);

use Itinerary::Client;
use Itinerary::Document;
use Itinerary::Message;
use Itinerary::Process;
use Itinerary::Registry;
use Itinerary::Upstream;

our @EXPORT = qw(itinerary booking answered code_of wait_for);

our $ROOT = abs_path(dirname(__FILE__) . '/../..');
our $MODULES = abs_path($ENV{ITINERARY_MODULES} // "$ROOT/build");

# what must not stand in an error log, unless the test expects it

my $TROUBLE = qr/\[(?:alert|emerg)\]|Sanitizer|runtime\ error
                 |exited\ on\ signal/x;

my @tests;

$SIG{INT} = $SIG{TERM} = sub { exit 1 };


sub new {
    my ($class, %opt) = @_;

    my $self = bless {
        owner     => $$,
        dir       => File::Temp::tempdir('itinerary-XXXXXX', TMPDIR => 1),
        expect    => $opt{expect_log},
        ports     => [],
        redises   => [],
        upstreams => [],
        clients   => [],
    }, $class;

    push @tests, $self;

    return $self;
}


sub dir { return $_[0]{dir} }


sub port {
    my ($self, $n) = @_;

    return $self->{ports}[ $n // 0 ] //= Itinerary::Process::port();
}


sub path {
    my ($self, $name) = @_;

    return "$self->{dir}/$name";
}


# Files.

sub read_file {
    my ($self, $name) = @_;

    open my $file, '<:raw', $self->path($name) or return '';
    local $/;

    return <$file> // '';
}


sub write_file {
    my ($self, $name, $content) = @_;

    my $path = $self->path($name);

    open my $file, '>:raw', $path or die "open($path) failed: $!\n";
    print $file $content;
    close $file or die "close($path) failed: $!\n";

    return $path;
}


# Redis.

sub redis {
    my ($self, %opt) = @_;

    return $self->{redises}[0] // $self->another_redis(%opt);
}


sub another_redis {
    my ($self, %opt) = @_;

    my $n = @{ $self->{redises} };

    my $redis = Itinerary::Registry->new(dir => $self->path("redis$n"), %opt);

    push @{ $self->{redises} }, $redis;

    return $redis;
}


sub token {
    my ($self, $supplier, %opt) = @_;

    my $token = $opt{token} // "token-of-$supplier";
    my $redis = $opt{redis} // $self->redis;
    my $prefix = $opt{prefix} // 'itinerary:';

    $redis->cli->set("${prefix}token:" . sha256_hex($token), $supplier);

    return $token;
}


# The API.

sub upstream {
    my ($self, $handler, %opt) = @_;

    my $n = @{ $self->{upstreams} };

    my $upstream = Itinerary::Upstream->new(
        dir     => $self->path("upstream$n"),
        handler => $handler // \&_api,
        %opt,
    );

    push @{ $self->{upstreams} }, $upstream;

    return $upstream;
}


sub requests {
    my ($self) = @_;

    my $upstream = $self->{upstreams}[0];

    return $upstream ? $upstream->requests : wantarray ? () : 0;
}


# the API as it answers where a test does not care

sub _api {
    my ($request) = @_;

    my ($id) = $request->{target} =~ /[?&]tripid=([^&]*)/i;
    my $body = length $request->{body} ? $request->{body} : itinerary();

    return [200, {}, answered($body, $id // 'CNQR1234567890')];
}


# nginx.

sub nginx {
    my ($self, %opt) = @_;

    $self->{nginx_options} = \%opt;
    $self->write_file('nginx.conf', $self->_conf(%opt));

    my @command = ($self->_program, '-p', "$self->{dir}/",
                   '-c', $self->path('nginx.conf'),
                   '-e', $self->path('error.log'));

    if ($ENV{ITINERARY_VALGRIND}) {
        unshift @command, 'valgrind', '--quiet', '--vgdb=no',
            '--trace-children=yes', '--keep-debuginfo=yes',
            '--leak-check=full', '--errors-for-leak-kinds=definite',
            '--show-leak-kinds=definite',
            '--error-exitcode=99', '--num-callers=30',
            '--suppressions=' . dirname(__FILE__) . '/nginx.supp',
            '--log-file=' . $self->path('valgrind.%p');
    }

    $self->{nginx} = Itinerary::Process->start(
        command => \@command,
        output  => $self->path('stderr.log'),
        env     => _environment($opt{preload}),
    );

    # the file is written once nginx listens

    my $listens = sub {
        -s $self->path('nginx.pid') || !$self->{nginx}->alive;
    };

    wait_for($listens, 20) && $self->{nginx}->alive
        or die "nginx did not start:\n", $self->read_file('stderr.log'),
               $self->error_log;

    return $self;
}


sub nginx_test {
    my ($self, $conf, %opt) = @_;

    $self->write_file('test.conf',
                      $self->_conf(conf => $conf, %opt, name => 'test'));

    my $process = Itinerary::Process->start(
        command => [$self->_program, '-t', '-p', "$self->{dir}/",
                    '-c', $self->path('test.conf'), '-e', 'stderr'],
        output  => $self->path('test.out'),
        env     => _environment(),
    );

    wait_for(sub { !$process->alive }, 20);
    $process->stop('KILL');

    my $output = $self->read_file('test.out') . $self->read_file('test.log');

    unlink map { $self->path("test.$_") } qw(out log pid);

    if ($output =~ /Sanitizer|runtime error/) {
        $self->{trouble} .= $output;
    }

    my $status = $process->{status};

    return ($status & 127 ? 128 + ($status & 127) : $status >> 8, $output);
}


sub version {
    my ($self) = @_;

    my ($major, $minor, $patch)
        = qx("@{[ $self->_program ]}" -v 2>&1) =~ m{nginx/(\d+)\.(\d+)\.(\d+)}
          or die "nginx does not tell its version\n";

    return $major * 1000000 + $minor * 1000 + $patch;
}


sub reload {
    my ($self, %opt) = @_;

    if (%opt) {
        %opt = (%{ $self->{nginx_options} }, %opt);
        $self->{nginx_options} = \%opt;
        $self->write_file('nginx.conf', $self->_conf(%opt));
    }

    my @old = $self->workers;
    my $seen = length $self->error_log;

    $self->signal('HUP');

    my %old = map { $_ => 1 } @old;
    my $count = $self->{nginx_options}{workers} // 1;

    # the new workers are there, and the old ones take no more connections

    wait_for(sub {
        return 1 if substr($self->error_log, $seen) =~ /\[emerg\]/
                    || !$self->{nginx}->alive;

        my @workers = $self->workers;

        return @workers == $count && !grep { $old{$_} } @workers;
    }, 20);

    return $self->{nginx}->alive && !grep { $old{$_} } $self->workers;
}


sub quit {
    my ($self, $seconds) = @_;

    return $self->{nginx} ? $self->{nginx}->stop('QUIT', $seconds) : 1;
}


# All of its processes are killed at once; and then it is started again.

sub crash {
    my ($self) = @_;

    my @workers = $self->workers;

    $self->{crashed}{$_} = 1 for @workers;

    kill 'KILL', $self->pid, @workers;

    $self->{nginx}->stop('KILL');
    wait_for(sub { !grep { _is_nginx($_) } @workers });

    return;
}


sub start_again {
    my ($self) = @_;

    # a master that was killed has left it

    unlink $self->path('nginx.pid');

    return $self->nginx(%{ $self->{nginx_options} });
}


sub signal {
    my ($self, $signal) = @_;

    return $self->{nginx}->signal($signal);
}


sub pid {
    my ($self) = @_;

    return $self->{nginx}->pid;
}


# The workers that take connections, as the log tells it.

sub workers {
    my ($self) = @_;

    my @workers;
    my %gone = %{ $self->{crashed} // {} };

    for ($self->error_log) {
        @workers = / start worker process (\d+)$/mg;
        $gone{$_} = 1 for / (\d+)#\d+: gracefully shutting down$/mg;
        $gone{$_} = 1 for / worker process (\d+) exited /mg;
    }

    return grep { !$gone{$_} } @workers;
}


sub error_log {
    my ($self) = @_;

    return $self->read_file('error.log');
}


sub expect_log {
    my ($self, $expect) = @_;

    $self->{expect} = $self->{expect} ? qr/$self->{expect}|$expect/ : $expect;

    return;
}


sub _program {
    my ($self) = @_;

    return $ENV{ITINERARY_NGINX} if $ENV{ITINERARY_NGINX};

    for (split(/:/, $ENV{PATH}), '/usr/sbin', '/usr/local/sbin') {
        return "$_/nginx" if -x "$_/nginx";
    }

    die "nginx is not installed\n";
}


# nginx frees little of its own when it ends, and every module of it has an
# "ngx_modules", which nginx tells apart

sub _environment {
    my ($preload) = @_;

    my %env = (ASAN_OPTIONS => join ':', grep { defined && length }
                               $ENV{ASAN_OPTIONS}, 'detect_leaks=0',
                               'detect_odr_violation=0');

    my @preload = grep { defined && length } $ENV{ITINERARY_PRELOAD},
                                             $preload && $preload->library;

    $env{LD_PRELOAD} = join ' ', @preload if @preload;

    $env{ITINERARY_SCARCE} = $preload->file if $preload;

    return \%env;
}


sub _conf {
    my ($self, %opt) = @_;

    my $name = $opt{name} // 'nginx';
    my $log = $name eq 'nginx' ? 'error.log' : "$name.log";

    my $conf = "daemon off;\n"
        . "pid %%DIR%%/$name.pid;\n"
        . "error_log %%DIR%%/$log " . ($opt{log} // 'info') . ";\n"
        . 'worker_processes ' . ($opt{workers} // 1) . ";\n";

    # the workers must reach a directory of the user who runs the test

    $conf .= "user root root;\n" if $> == 0;

    for (@{ $opt{modules} // [] },
         "$MODULES/ngx_http_itinerary_module.so",
         "$MODULES/ngx_http_itinerary_sandbox_module.so")
    {
        $conf .= "load_module $_;\n";
    }

    $conf .= ($opt{main} // '') . "\n"
        . "events {\n    worker_connections "
        . ($opt{connections} // 1024) . ";\n"
        . ($opt{events} // '') . "}\n"
        . "http {\n    access_log %%DIR%%/access.log;\n";

    for (qw(client_body proxy fastcgi uwsgi scgi)) {
        $conf .= "    ${_}_temp_path %%DIR%%/${_}_temp;\n";
    }

    $conf .= ($opt{conf} // '') . "\n}\n";

    return $self->fill($conf);
}


sub fill {
    my ($self, $text) = @_;

    my $value = sub {
        my ($name, $n) = @_;

        return $self->{dir} if $name eq 'DIR';
        return $self->port($n) if $name eq 'PORT';

        if ($name =~ /\AREDIS/) {
            $self->another_redis while @{ $self->{redises} } <= $n;

            return $self->{redises}[$n]->address if $name eq 'REDIS';
            return $self->{redises}[$n]->socket if $name eq 'REDIS_SOCKET';
        }

        if ($name eq 'UPSTREAM') {
            $self->upstream while @{ $self->{upstreams} } <= $n;

            return $self->{upstreams}[$n]->address;
        }

        return '127.0.0.1:' . $self->port($n)
               . ($self->version < 1025001 ? ' http2' : '; http2 on')
            if $name eq 'HTTP2';

        die "unknown placeholder %%$name%%\n";
    };

    $text =~ s/%%([A-Z]+[A-Z0-9]*(?:_[A-Z]+)*)(?:_(\d+))?%%/
               $value->($1, $2 || 0)/gex;

    return $text;
}


# Clients.

sub http_async {
    my ($self, $method, $target, %opt) = @_;

    my $client = Itinerary::Client->new(
        port    => $opt{port} // $self->port(0),
        method  => $method,
        timeout => $opt{timeout},
    );

    push @{ $self->{clients} }, $client;

    return $client->send(
        defined $opt{raw} ? (ref $opt{raw} ? @{ $opt{raw} } : $opt{raw})
                          : Itinerary::Client::request($method, $target, %opt)
    );
}


sub http {
    my ($self, @request) = @_;

    my $client = $self->http_async(@request);
    my $answer = $client->finish;

    $client->close;

    # the id of the last refusal, whose record comes after its answer

    if ($answer->{body} =~ /<RequestId>(\w+)<|"request_id":"(\w+)"/) {
        $self->{refused} = $1 // $2;
    }

    return $answer;
}


sub post_xml {
    my ($self, $target, $who, $xml, %opt) = @_;

    return $self->http('POST', $target, %opt,
                       headers => _xml_headers($who, $xml, %opt),
                       body    => $xml);
}


sub post_xml_async {
    my ($self, $target, $who, $xml, %opt) = @_;

    return $self->http_async('POST', $target, %opt,
                             headers => _xml_headers($who, $xml, %opt),
                             body    => $xml);
}


sub _xml_headers {
    my ($who, $xml, %opt) = @_;

    return [
        defined $who ? ('Authorization' => "OAuth $who",
                        'X-Supplier'    => $who) : (),
        defined $xml ? ('Content-Type' => 'application/xml')
                     : ('Content-Length' => 0),
        @{ $opt{headers} // [] },
    ];
}


sub http2 {
    my ($self, $method, $target, %opt) = @_;

    my $port = $opt{port} // $self->port(1);

    return $self->curl('--http2-prior-knowledge', $method,
                       "http://127.0.0.1:$port$target", %opt);
}


sub curl {
    my ($self, $protocol, $method, $url, %opt) = @_;

    my $n = $self->{curls}++;

    my @command = ('curl', '--silent', '--show-error', '--path-as-is',
                   '--globoff', '--noproxy', '*',
                   ref $protocol ? @$protocol : $protocol,
                   '--max-time', 10 * $Itinerary::Process::SLOW,
                   '--dump-header', $self->path("curl$n.head"),
                   '--output', $self->path("curl$n.body"),
                   $method eq 'HEAD' ? '--head' : ('--request', $method));

    my @headers = @{ $opt{headers} // [] };

    while (my ($name, $value) = splice @headers, 0, 2) {
        push @command, '--header', length $value ? "$name: $value" : "$name;";
    }

    if (defined $opt{body}) {
        push @command, '--data-binary',
            '@' . $self->write_file("curl$n.sent", $opt{body});
    }

    my $process = Itinerary::Process->start(
        command => [@command, $url],
        output  => $self->path("curl$n.out"),
    );

    wait_for(sub { !$process->alive }, 15);
    $process->stop('KILL');

    # of several heads the last one counts

    my $raw = $self->read_file("curl$n.head");
    my ($head) = $raw =~ /((?:[^\r\n]+\r\n)+)\r\n\z/;
    my ($line, @lines) = split /\r\n/, $head // '';
    my ($version, $status) = ($line // '') =~ m{\AHTTP/(\S+) (\d+)};
    my $failed = $process->{status} != 0;

    return {
        status  => ($status // 0) + 0,
        version => $version,
        headers => Itinerary::Message::headers(@lines),
        body    => $self->read_file("curl$n.body"),
        raw     => $raw,
        error   => $failed ? $self->read_file("curl$n.out") : undef,
    };
}


# The audit trail.

sub audit {
    my ($self, $name) = @_;

    if (defined(my $id = delete $self->{refused})) {
        wait_for(sub {
            $self->read_file($name // 'audit.log') =~ /"request_id":"$id"/;
        }, 1);
    }

    return map { JSON::PP->new->utf8->decode($_) }
           Itinerary::Process::whole_lines($self->path($name // 'audit.log'));
}


sub wait_audit {
    my ($self, $n, $name) = @_;

    wait_for(sub {
        return Itinerary::Process::whole_lines(
            $self->path($name // 'audit.log')) >= $n;
    });

    return $self->audit($name);
}


# The writes that wait for Redis, and that there are none.

sub spooled {
    my ($self) = @_;

    my @files = sort glob $self->path('itinerary_spool/facts-*');

    return @files;
}


sub wait_spool {
    my ($self) = @_;

    return wait_for(sub { !$self->spooled });
}


# What a supplier is shown of a trip, and the gateway learns.  A GET waits for
# Redis 50 ms at most, and then it is not learnt: on a busy machine another one
# is.

sub shown {
    my ($self, $who, $id, $get) = @_;

    my $cli = $self->redis->cli;
    my $view = "itinerary:view:$id|$who";

    for (1 .. 5) {
        $cli->del($view);

        my $answer = $get->();

        return $answer if wait_for(sub { $cli->exists($view) }, 2);
    }

    die "the trip $id as $who sees it is not learnt\n";
}


# Signs, documents.

sub wait_for {
    my (@sign) = @_;

    shift @sign if ref $sign[0] ne 'CODE';

    return Itinerary::Process::wait_for(@sign);
}


sub itinerary { return Itinerary::Document::itinerary(@_) }
sub booking   { return Itinerary::Document::booking(@_) }
sub answered  { return Itinerary::Document::answered(@_) }


sub code_of {
    my ($answer) = @_;

    return $1 if $answer->{body} =~ m{<Code>([^<]*)</Code>};

    my $problem = eval { JSON::PP->new->utf8->decode($answer->{body}) };

    return ref $problem eq 'HASH' ? $problem->{code} : undef;
}


# The end.

sub stop {
    my ($self) = @_;

    return if $self->{stopped}++;

    $_->close for @{ $self->{clients} };
    $_->stop for @{ $self->{upstreams} };
    $_->resume for @{ $self->{redises} };

    if (!$self->quit) {
        $self->{trouble} .= "nginx did not quit in time\n";
    }

    # a worker that outlived its master

    kill 'KILL', grep { _is_nginx($_) } $self->workers;

    $_->stop for @{ $self->{redises} };

    return;
}


sub _is_nginx {
    my ($pid) = @_;

    open my $file, '<', "/proc/$pid/comm" or return 0;

    return <$file> =~ /nginx|memcheck/;
}


# what went wrong beside the assertions

sub trouble {
    my ($self) = @_;

    my $trouble = $self->{trouble} // '';
    my $expect = $self->{expect};

    for my $name ('error.log', 'stderr.log') {
        for (split /^/, $self->read_file($name)) {
            $trouble .= $_ if /$TROUBLE/ && !($expect && /$expect/);
        }
    }

    for (glob $self->path('valgrind.*')) {
        $trouble .= $self->read_file(s{.*/}{}r);
    }

    return $trouble;
}


sub done {
    my ($self) = @_;

    $self->stop;

    my $trouble = $self->trouble;

    Test::More::is($trouble, '', 'nothing alarming was logged');

    $self->{checked} = 1;

    Test::More::done_testing();

    return;
}


sub _remove {
    my ($self) = @_;

    if ($ENV{ITINERARY_KEEP}) {
        Test::More::diag("kept $self->{dir}");

    } else {
        remove_tree($self->{dir});
    }

    return;
}


END {
    my $status = $?;

    for my $t (grep { $_->{owner} == $$ } @tests) {
        $t->stop;

        my $trouble = $t->{checked} ? '' : $t->trouble;

        if (length $trouble) {
            Test::More::diag($trouble);
            $status ||= 1;
        }

        if (!Test::More->builder->is_passing) {
            my @log = grep { !/\[debug\]/ } split /^/, $t->error_log;

            splice @log, 0, -30 if @log > 30;
            Test::More::diag("the end of error.log:\n", @log);
            Test::More::diag(map { $_->log } @{ $t->{upstreams} });
        }

        $t->_remove;
    }

    $? = $status;
}


1;

__END__

=head1 NAME

Itinerary - what the tests of the itinerary module have in common

=head1 SYNOPSIS

    use FindBin;
    use lib "$FindBin::Bin/lib";

    use Test::More;
    use Itinerary;

    my $t = Itinerary->new;

    $t->upstream(sub {
        my ($request) = @_;
        return [200, {}, answered($request->{body}, 'T1')];
    });

    $t->nginx(conf => <<'END');
        itinerary_redis %%REDIS%%;
        itinerary_audit_log %%DIR%%/audit.log;

        server {
            listen 127.0.0.1:%%PORT%%;
            listen %%HTTP2_1%%;

            location / {
                itinerary enforce;
                proxy_pass http://%%UPSTREAM%%;
            }
        }
    END

    my $alpha = $t->token('Alpha');

    my $answer = $t->post_xml('/api/travel/trip/v1.1', $alpha,
                              itinerary(bookings => [{ locator => 'A1' }]));

    is($answer->{status}, 200, 'a trip is created');

    my ($forwarded, $completed) = $t->wait_audit(2);

    $t->done;

=head1 DESCRIPTION

An object is one test's world: a temporary directory, an nginx, a Redis, an
API, clients.  All of it listens on 127.0.0.1 on ports that no other test
uses, and ends with the test, which fails where nginx logged an alert, a
worker crashed, a sanitizer or valgrind spoke, or nginx did not quit in time.

Environment:

    ITINERARY_MODULES       where the modules are (build/)
    ITINERARY_NGINX         the nginx to run (the first in PATH)
    ITINERARY_REDIS_SERVER  the redis-server to run
    ITINERARY_PRELOAD       what nginx is started with in LD_PRELOAD
    ITINERARY_SANITIZE      set: deadlines are three times as long
    ITINERARY_VALGRIND      set: nginx runs under valgrind; ten times
    ITINERARY_KEEP          set: the directory stays, for a look at it

=head2 The world

=over

=item Itinerary->new(expect_log => qr/.../)

Makes the directory; starts nothing.  Lines of the error log that match
C<expect_log> do not fail the test (also C<< $t->expect_log(qr/.../) >>).

=item $t->dir, $t->path($name), $t->read_file($name),
$t->write_file($name, $content)

The directory and files in it; a file that is not there reads as ''.

=item $t->port($n)

The n-th port, 0 to begin with.

=item $t->done

Stops everything, tests that nothing alarming was logged, ends the plan.
A test with several worlds calls C<stop> on all but the last; their logs are
looked at nevertheless.

=back

=head2 Redis

=over

=item $t->redis(%opt)

The test's Redis, started by the first call.  C<< persist => 1 >> keeps its
data over a restart, C<< conf => ['--maxmemory', '1mb'] >> is for
redis-server.  Its methods: C<port>, C<address>, C<socket>, C<pid>, C<cli>
(a connected Redis client), C<stop>, C<kill>, C<start> (again, on the same
port), C<pause> and C<resume>.

=item $t->another_redis(%opt)

One more: %%REDIS_1%%.

=item $t->token($supplier, %opt)

Registers a token of the supplier and returns it.  Options: C<token>,
C<prefix>, C<redis>.

=back

=head2 The API

=over

=item $t->upstream(sub { ... }, %opt)

A scripted server; the second call starts a second one.  The script gets a
request, a hash of C<method>, C<target>, C<version>, C<headers> (values by
name in lower case), C<body> (dechunked), C<raw> (all of it as received) and
C<complete>.  It returns

    [$status, { Name => $value }, $body]    a whole answer; $body is text or
                                            [$piece, \0.1, $piece, ...];
                                            a header of undef is left out
    ($bytes, ...)                           these bytes, and the end
    ()                                      the end, without an answer

and among the pieces C<\0.1> waits so many seconds, a sub waits until it
returns true, C<\'close'> and C<\'reset'> end the connection at once.  A sub
may return an array: what the script would have returned instead of all this.
The script lives in one process, so it can count; without one, the API answers
200 with what was posted.  Methods: C<port>, C<address>, C<requests>,
C<forget>, C<stop>, C<start>, C<pause>, C<resume>, C<log>.  With C<< quiet =>
1 >> the requests are not written down.

=item $t->requests

What the first upstream received, in order, written down before it answers.
A request that broke off has C<complete> 0 and C<raw> alone.

=back

=head2 nginx

=over

=item $t->nginx(conf => $text, %opt)

Starts nginx with both modules and C<$text> in C<http>.  Options: C<main>,
C<events> (more configuration), C<modules> (more modules, loaded before
ours), C<workers>, C<connections> of each, C<log> (C<debug>; C<info> is the
default), C<preload> (an Itinerary::Scarce).

In the text, %%PORT%% or %%PORT_0%%, %%PORT_1%%, ... are ports, %%DIR%% is
the directory, %%REDIS%%, %%REDIS_SOCKET%% and %%UPSTREAM%% are addresses,
with _1 those of the second; what is not running yet is started.
C<listen %%HTTP2_1%%;> listens for HTTP/2 on port 1.

=item $t->nginx_test($conf, %opt)

What C<nginx -t> says: (exit code, output).

=item $t->reload(%opt)

Reloads, with another C<conf> if given; returns whether new workers run.

=item $t->quit($seconds)

Ends nginx gracefully; returns whether that was in time.

=item $t->signal($name), $t->pid, $t->workers, $t->error_log, $t->version

=back

=head2 Clients

=over

=item $t->http($method, $target, %opt)

Sends a request to port 0 and returns the answer: a hash of C<status> (0
without an answer), C<headers> (lists of values by name in lower case),
C<body>, C<raw>, C<interim> (1xx statuses), C<closed> (the connection was),
C<error> (C<closed>, C<timed out>, C<truncated>).

Options: C<< headers => [Name => $value, ...] >> (undef leaves out what would
be sent by itself), C<body> (text, or C<[$piece, \0.1, $piece]>), C<chunked>
(a chunk for each piece), C<version>, C<keepalive>, C<port>, C<timeout>, and
C<raw>: the bytes to send instead of all that.

=item $t->http_async($method, $target, %opt)

The same, but returns the client at once: C<finish> waits for the answer,
C<send> sends more bytes, C<received> tells what has come, C<close>.

=item $t->post_xml($target, $who, $xml, %opt), $t->post_xml_async(...)

A POST of C<$xml> (undef: of nothing) with C<Authorization: OAuth $who> and
C<X-Supplier: $who>.

=item $t->http2($method, $target, %opt)

Through curl, over HTTP/2 without TLS, to port 1.

=item $t->curl($option, $method, $url, %opt)

Through curl, with an option or C<[option, ...]> of its own.

=item code_of($answer)

The reason in an error answer, XML or JSON.

=back

=head2 The audit trail

=over

=item $t->audit, $t->wait_audit($n)

The records of %%DIR%%/audit.log, in order; at once, but with the record of
what C<http> or C<post_xml> was refused last, or when there are C<$n>.  A file of
another name may be given last.

=back

=head2 What is shown

=over

=item $t->shown($who, $id, sub { ... })

Calls the sub, which makes a GET of the trip, until the registry has what the
supplier was shown of it instead of what it had; returns the answer.

=back

=head2 Signs

=over

=item wait_for(sub { ... }, $seconds), $t->wait_for(...)

Returns what the sub returned as soon as that is true; false at the end.

=back

=head2 Documents

=over

=item itinerary(%opt)

    itinerary(
        TripName => 'Trip from Dallas to Seattle',
        start    => '2013-12-21T07:25:00',
        end      => '2013-12-24T23:59:00',
        bookings => [{ source => 'Alpha', locator => 'A1' }, $xml],
        ns       => '',
        Comments => '',
    )

Keys in lower case are described here, others are elements (undef leaves one
out).  C<bookings> is a list of what booking() takes, or of XML; undef leaves
out C<Bookings>.  C<xml> is put in at the end as it is.

=item booking(%opt)

C<source>, C<locator>, C<segments> (a segment's name, XML, '' for an empty
C<Segments>, undef for none; C<< { Car => $confirmation_number } >>; or a list
of these), C<xml>, C<ns> (a root of its own), and elements.

=item answered($posted, $trip_id, locator => $itin_locator)

What the API answers to a posted Itinerary.

=back

=cut
