# Times perl's own pack or unpack, with the same values in turn (Turns.pm).
#
#     perl-pack.pl pack|unpack <template>        (started by perl.js)
#
# Standard input: the values of each call on a line of their own, an empty line, then the lines of Turns.pm.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);
use Turns;

my ($operation, $template) = @ARGV;
my (@lists, @packed, @kept);

# Turns text that looks like a number into a number that is no string as well.
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

Turns::serve($batch, scalar @lists);
