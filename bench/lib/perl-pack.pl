# Times perl's own pack or unpack, as measure.js times what runs in Node: the same values in turn,
# warmed up, in batches of about 2 ms, and with nothing subtracted for the loop.
#
#     perl-pack.pl pack|unpack <template>        (started by perl.js)
#
# Standard input: the values of each call on a line of its own, an empty line, then a line for each
# batch wanted, which is answered with nanoseconds a call. A first line says that it is warmed up.
use strict;
use warnings;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

use constant { WARM_UP => 0.15, BATCH => 0.002 };

my ($operation, $template) = @ARGV;
my (@lists, @packed, @kept);
$| = 1;

# What was read as text and looks like a number shall be one, and nothing else.
while (my $line = <STDIN>) {
  chomp $line;
  last if $line eq '';
  push @lists, [map { /^[a-z]/ ? $_ : $_ + 0 } split / /, $line];
}
@packed = map { pack $template, @$_ } @lists;
my $mask = @lists - 1;

sub batch_of_pack {
  my ($calls) = @_;
  my $begin = clock_gettime(CLOCK_MONOTONIC);
  for my $i (0 .. $calls - 1) {
    $kept[$i & 63] = pack $template, @{ $lists[$i & $mask] };
  }
  return clock_gettime(CLOCK_MONOTONIC) - $begin;
}

sub batch_of_unpack {
  my ($calls) = @_;
  my $begin = clock_gettime(CLOCK_MONOTONIC);
  for my $i (0 .. $calls - 1) {
    @kept = unpack $template, $packed[$i & $mask];
  }
  return clock_gettime(CLOCK_MONOTONIC) - $begin;
}

my $batch = { pack => \&batch_of_pack, unpack => \&batch_of_unpack }->{$operation};

my $turns = 1;
for (my $spent = 0; $spent < WARM_UP;) {
  my $took = $batch->($turns * @lists);
  $spent += $took;
  my $fitting = int(BATCH / $took * $turns) || 1;
  $turns = $fitting < $turns * 4 ? $fitting : $turns * 4;
}
my $calls = $turns * @lists;

print "ready\n";
while (<STDIN>) {
  $batch->(scalar @lists);
  printf "%.3f\n", $batch->($calls) / $calls * 1e9;
}
