# Times one operation of perl's Cache::FastMmap on 1,024 keys (Turns.pm).
#
#     map-fastmmap.pl <operation> <file>        (started by map-peers.js)
#
# Standard input: the lines of Turns.pm.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Cache::FastMmap;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);
use Turns;

use constant KEYS => 1024;

my ($name, $file) = @ARGV;
my $cache = Cache::FastMmap->new(
  share_file => $file,
  cache_size => '64m',
  serializer => '',
  init_file => 1,
  unlink_on_exit => 1,
);
my $text = 'x' x 100;
my @keys = map { sprintf 'key:%012d', $_ } 0 .. KEYS - 1;
my $fill = $name =~ /number|increment/ ? 1 : $text;
$cache->set($_, $fill) for @keys;

my %operations = (
  'get-number' => sub { $cache->get($_[0]) },
  'get-text' => sub { $cache->get($_[0]) },
  'set-number' => sub { $cache->set($_[0], 7) },
  'set-text' => sub { $cache->set($_[0], $text) },
  'increment' => sub { $cache->get_and_set($_[0], sub { $_[1] + 1 }) },
  'delete-set' => sub { $cache->remove($_[0]); $cache->set($_[0], $text) },
);
my $operation = $operations{$name} or exit 1;

my @kept;
sub batch {
  my ($calls) = @_;
  my $begin = clock_gettime(CLOCK_MONOTONIC);
  for my $i (0 .. $calls - 1) {
    $kept[$i & 63] = $operation->($keys[$i & (KEYS - 1)]);
  }
  return clock_gettime(CLOCK_MONOTONIC) - $begin;
}

Turns::serve(\&batch, KEYS);
