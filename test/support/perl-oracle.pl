# Runs Perl's pack and unpack for test/pack-perl.test.js: one request per line, one reply per line.
#
# Words of a line: t<hex> a template, s<hex> a string of bytes, n<hex> the 8 bytes of a double (an
# NV), i<decimal> an integer of 64 bits (an IV or UV), w<decimal> a larger one (a string, as a Perl
# program would have it).
#
#   P t<template> <value>...                       b<hex>, W (a character above U+00FF), e<message>
#   U t<template> s<bytes>                         v <value>..., e<message>
#   R t<template> s<cut> t<template> <value>...    packs, cuts off so many bytes, unpacks what is
#                                                  left: b<hex> v <value>..., b<hex> e<message>
#   F t<template> <value>...                       f<how many of the values pack looked at>
use strict;
no warnings;    # which also makes unpack accept malformed UTF-8
use B ();
use Config;

$| = 1;

# SIGALRM ends an endless run of Perl; inside an opcode nothing else can.
use constant SECONDS => 5;

use constant { IOK => B::SVf_IOK, NOK => B::SVf_NOK, POK => B::SVf_POK };

package Counted {
    our %fetched;
    sub TIESCALAR { my ($class, $index, $value) = @_; return bless [$index, $value], $class }
    sub FETCH { my ($self) = @_; $fetched{ $self->[0] } = 1; return $self->[1] }
}

sub from_word {
    my ($kind, $rest) = (substr($_[0], 0, 1), substr($_[0], 1));
    return unpack('d<', pack('H16', $rest)) if $kind eq 'n';
    return 0 + $rest if $kind eq 'i';
    return $rest if $kind eq 'w';
    return pack('H*', $rest);
}

sub to_word {
    return 's' if !defined $_[0];    # u of nothing
    my $flags = B::svref_2object(\$_[0])->FLAGS;
    return "i$_[0]" if $flags & IOK;
    return 'n' . unpack('H16', pack('d<', $_[0])) if $flags & NOK;
    my $string = $_[0];
    return 's' . unpack('H*', $string) if utf8::downgrade($string, 1);
    utf8::encode($string);
    return 'W' . unpack('H*', $string);
}

sub failed { return 'e' . unpack('H*', $@) }

sub packed {
    my $template = shift;
    my $bytes = eval { pack($template, @_) };
    return (undef, failed()) if !defined $bytes;
    return ($bytes, 'b' . unpack('H*', $bytes)) if utf8::downgrade($bytes, 1);
    utf8::encode($bytes);
    return ($bytes, 'W');
}

sub unpacked {
    my ($template, $bytes) = @_;
    my @values;
    return failed() if !eval { @values = unpack($template, $bytes); 1 };
    return join ' ', 'v', map { to_word($_) } @values;
}

my %answer = (
    P => sub { (packed(@_))[1] },
    U => \&unpacked,
    R => sub {
        my ($template, $cut, $other, @values) = @_;
        my ($bytes) = packed($template, @values);
        $bytes = '' if !defined $bytes;
        substr($bytes, -min($cut, length $bytes)) = '' if $cut && length $bytes;
        return 'b' . unpack('H*', $bytes) . ' ' . unpacked($other, $bytes);
    },
    F => sub {
        my ($template, @values) = @_;
        %Counted::fetched = ();
        tie $values[$_], 'Counted', $_, $values[$_] for 0 .. $#values;
        my ($bytes, $reply) = packed($template, @values);
        return defined $bytes ? 'f' . keys %Counted::fetched : $reply;
    },
);

sub min { return $_[0] < $_[1] ? $_[0] : $_[1] }

print join(' ', $], map { $Config{$_} } qw(byteorder ivsize nvsize longsize)), "\n";
while (my $line = <STDIN>) {
    chomp $line;
    alarm SECONDS;
    my ($kind, @words) = split / /, $line;
    print $answer{$kind}->(map { from_word($_) } @words), "\n";
}
