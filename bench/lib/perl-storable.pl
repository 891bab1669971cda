# Times perl's own Storable: freeze and thaw of values in turn (Turns.pm).
#
#     perl-storable.pl        (started by perl.js)
#
# Standard input: each value as JSON on a line of its own, an empty line, then the lines of Turns.pm.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use JSON::PP ();
use Storable qw(freeze thaw);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);
use Turns;

my (@values, @kept);
while (my $line = <STDIN>) {
  chomp $line;
  last if $line eq '';
  push @values, JSON::PP::decode_json($line);
}
my $mask = @values - 1;

sub batch {
  my ($calls) = @_;
  my $begin = clock_gettime(CLOCK_MONOTONIC);
  for my $i (0 .. $calls - 1) {
    $kept[$i & 63] = thaw(freeze($values[$i & $mask]));
  }
  return clock_gettime(CLOCK_MONOTONIC) - $begin;
}

Turns::serve(\&batch, scalar @values);
