#!/usr/bin/perl

# The part of the corpus of attacks that is about messages of HTTP/2.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Itinerary::Bypass;

bypass(qw(http2));
