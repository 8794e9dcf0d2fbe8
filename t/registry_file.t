#!/usr/bin/perl

# The file in which the gateway remembers its registry: while it can be neither
# read nor written, nothing is judged, and the log says what is wrong.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;

my $t = Itinerary->new;

$t->upstream;

$t->nginx(conf => <<'END');
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary_supplier $http_x_supplier;
    itinerary enforce;
    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END

my $spool = $t->path('itinerary_spool');
my $xml = itinerary(bookings => [{ locator => 'A1' }]);


sub answer {
    my $answer = $t->post_xml('/trip/v1.1', 'Alpha', $xml);

    return $answer->{status} . ' ' . (code_of($answer) // '');
}


# before there is one

rename $spool, "$spool.away" or die "rename() failed: $!\n";

is(answer(), '503 registry_unavailable', 'without its directory no write');
is(scalar $t->requests, 0, '- is forwarded');
like($t->error_log, qr/\[crit\] .*open\(\) "\S+registry-\S+" failed/,
     '- and the log names the file');

rename "$spool.away", $spool or die "rename() failed: $!\n";

ok(wait_for(sub { answer() eq '200 ' }), 'once it is there, writes pass');
is(scalar $t->requests, 1, '- and are forwarded');

my ($file) = glob "$spool/registry-*";
my $id = do { local (@ARGV, $/) = $file; <> };

is($id, $t->redis->cli->get('itinerary:registry') . "\n",
   '- the file has the id of the registry');


# one that cannot be read

rename $file, "$spool/kept" or die "rename() failed: $!\n";
symlink $file, $file or die "symlink() failed: $!\n";

my $seen = length $t->error_log;

$t->reload;

is(answer(), '503 registry_unavailable', 'with a file that is none no write');
is(scalar $t->requests, 1, '- is forwarded');
like(substr($t->error_log, $seen),
     qr/\[crit\] .*open\(\) "\Q$file\E" failed/, '- and the log names it');

rename "$spool/kept", $file or die "rename() failed: $!\n";

ok(wait_for(sub { answer() eq '200 ' }), 'once it can be read, writes pass');

$t->done;
