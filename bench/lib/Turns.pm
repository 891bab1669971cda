# The turns of a perl that is timed as measure.js times what runs in Node: warmed up, in batches of
# about 2 ms, and with nothing subtracted for the loop.
#
# Standard input: a line for each batch wanted, which is answered with nanoseconds a call. A first line
# says that it is warmed up.
package Turns;
use strict;
use warnings;

use constant { WARM_UP => 0.15, BATCH => 0.002 };

# $batch->($calls) gives seconds; each of so many values is to be used equally often.
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
