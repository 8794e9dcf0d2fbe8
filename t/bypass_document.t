#!/usr/bin/perl

# The part of the corpus of attacks that is about what a body is: documents that
# are none, encodings, media types, and who sends it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Itinerary::Bypass;

bypass(qw(doctype encoding document media supplier));
