#!/usr/bin/perl

# The part of the corpus of attacks that is about messages of HTTP/1: where they
# end, chunks and trailers, pipelines and expectations.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Itinerary::Bypass;

bypass(qw(http1));
