#!/usr/bin/perl

# The corpus of t/bypass/ as a whole: it is as large as it was, all of it is
# run by the other tests of its name, and no naive reading is there in vain.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use File::Basename qw(basename);
use Test::More;

use Itinerary::Bypass;
use Itinerary::NaiveXml;

my %run;

for my $path (glob "$FindBin::Bin/bypass_*.t") {
    open my $file, '<', $path or die "open($path) failed: $!\n";

    my ($names) = do { local $/; <$file> } =~ /^bypass\((?:qw\(|')([\w ]+)/m
        or die "$path runs nothing\n";

    $run{$_}++ for split ' ', $names;
}

my %directories = map { (basename($_) => 1) }
                  grep { -d } glob "$FindBin::Bin/bypass/*";

is_deeply(\%run, \%directories, 'every directory is run by one test');


my @cases = cases(sort keys %directories);
my @attacks = grep { $_->{guarded} ne 'unchanged' } @cases;
my @biting = grep { ($_->{direct} // $_->{unguarded})
                    =~ /^(?:update|change|remove|cancel) / } @attacks;

cmp_ok(scalar @attacks, '>=', 440, 'there are many attacks');
cmp_ok(scalar @biting, '>=', 330,
       'most of which harm somebody where nothing stops them');
cmp_ok(@cases - @attacks, '>=', 105,
       'there are many requests that are unusual and right');


# what each of the readings finds beyond those that are as most programs read

my %found;

for my $case (@biting) {
    my $touched = touched($case);

    for my $effect (keys %$touched) {
        my @hows = @{ $touched->{$effect} };

        next if grep { /\A[^,]*, plain, (?:first|last) wins/ } @hows;

        $found{$_} = 1 for map { split /, / } @hows;
    }
}

for my $how ('lenient', Itinerary::NaiveXml::kinds(), 'overlong', 'UTF-16',
             'UTF-16LE', 'UTF-16BE', 'UTF-32', 'UTF-7', 'cp37', 'gunzipped',
             'inflated', 'out of base64', 'out of quoted-printable',
             'of a form', 'a part', 'chunks')
{
    ok($found{$how}, "a reading finds what others do not: $how");
}

done_testing();
