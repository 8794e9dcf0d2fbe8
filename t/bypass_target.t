#!/usr/bin/perl

# The part of the corpus of attacks that is about what a request is for:
# methods, paths, arguments, and what overrides them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Itinerary::Bypass;

bypass(qw(plain path query override));
