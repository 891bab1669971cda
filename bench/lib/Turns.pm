# The turns of a perl. It is timed as measure.js times Node: after a warm-up, in batches of about 2 ms,
# and with nothing subtracted for the loop.
#
# Each line of standard input runs a batch, and is answered with the nanoseconds a call. The first line of
# the output reports the end of the warm-up.
package Turns;
use strict;
use warnings;

use constant { WARM_UP => 0.15, BATCH => 0.002 };

# $batch->($calls) returns seconds; it must use each of this many values equally often.
sub serve {
  my ($batch, $values) = @_;
  my $turns = 1;
  for (my $spent = 0; $spent < WARM_UP;) {
    my $took = $batch->($turns * $values);
    $spent += $took;
    my $fitting = int(BATCH / $took * $turns) || 1;
    $turns = $fitting < $turns * 4 ? $fitting : $turns * 4;
  }
  my $calls = $turns * $values;

  local $| = 1;
  print "ready\n";
  while (<STDIN>) {
    $batch->($values);
    printf "%.3f\n", $batch->($calls) / $calls * 1e9;
  }
  return;
}

1;
