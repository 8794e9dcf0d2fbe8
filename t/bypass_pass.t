#!/usr/bin/perl

# The part of the corpus that is unusual, and right: it comes to the API as it
# was sent.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Itinerary::Bypass;

bypass('pass');
