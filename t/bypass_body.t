#!/usr/bin/perl

# The part of the corpus of attacks that is about what a document says: elements
# twice, elsewhere or of another kind, ids that contradict, names in disguise,
# bookings of others that are sent back.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Itinerary::Bypass;

bypass(qw(structure namespace ids text echo));
