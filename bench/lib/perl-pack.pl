# Times perl's own pack or unpack: the same values in turn, as Turns.pm has it.
#
#     perl-pack.pl pack|unpack <template>        (started by perl.js)
#
# Standard input: the values of each call on a line of its own, an empty line, then as for Turns.pm.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);
use Turns;

my ($operation, $template) = @ARGV;
my (@lists, @packed, @kept);

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

Turns::serve($batch, scalar @lists);
