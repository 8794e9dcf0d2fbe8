#!/usr/bin/perl

# Both modules load into nginx, and bring no names but their own.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;

my $t = Itinerary->new;

my ($status, $output) = $t->nginx_test('');

is($status, 0, 'nginx loads both modules') or diag($output);

($status, $output) = $t->nginx_test('', modules => [], main => <<"END");
load_module $Itinerary::MODULES/ngx_http_itinerary_module.so;
END

isnt($status, 0, 'nginx refuses to load a module twice');
like($output, qr/is already loaded/, 'and says so');


for my $module (qw(ngx_http_itinerary_module
                   ngx_http_itinerary_sandbox_module))
{
    my $names = qx(nm -D --defined-only $Itinerary::MODULES/$module.so);

    like($names, qr/ D $module$/m, "$module exports itself");

    my @foreign = grep {
        !/^(?:itinerary_|ngx_http_itinerary_|ngx_modules$|ngx_module_names$
             |ngx_module_order$|_*[au]san_|__odr_asan)/x
    } $names =~ / (\S+)$/mg;

    is("@foreign", '', "$module exports no names but its own");
}


# a source that config does not list is not built, or not rebuilt

my $config = do {
    open my $file, '<', "$Itinerary::ROOT/config" or die $!;
    local $/;
    <$file>;
};

my @unlisted = grep { index($config, s{\Q$Itinerary::ROOT\E/}{}r) < 0 }
               glob "$Itinerary::ROOT/*.[ch] $Itinerary::ROOT/src/"
                    . "{core,gateway,sandbox}/*.[ch]";

is("@unlisted", '', 'config lists every source and header');

$t->done;
