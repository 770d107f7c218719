#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sealed file that is not exactly what its owner sealed gives no answer: one byte flipped at every position, every length
# cut, chunks swapped, files mixed, headers of other keys and of older policies.
. "$(dirname "$0")/../tap.sh"
bl-keygen -q -o owner.pem; bl-keygen -q -o analyst.pem; bl-keygen -q -o mallory.pem; bl-keygen -q -V vault
policy() { printf '{"version":%s,"dataset":"t","entity":"row","columns":{"*":{"uses":["project","filter","aggregate","group"],"class":"public"}},"principals":[{"role":"analyst","key":"%s"}],"release":true,"expressions":"any","tee":{"class":"software"}}' "${1:-1}" "$(bl-keygen -l -i analyst.pem)"; }
policy >p.json
printf 'a,b,s\n%s' "$(for i in 1 2 3 4 5 6 7 8 9; do echo "$i,$((i * i)).5,text$i"; done)" >a.csv
sed 's/text/word/' a.csv >b.csv
seal() { bl-ingest -q -i "${3:-owner.pem}" -p p.json -r vault/helper.pub -o "$2" "$1"; }
seal a.csv a.blf && seal b.csv b.blf || { ok false 'sealed'; done_testing; }
sql='select count(*), sum(a), min(b), max(s) from t'
ask() { run bl-query -q -i analyst.pem -V vault "$sql" t="$1"; }
ask a.blf
is "$rc:$(printf '%s\n' "$out" | tail -1)" '0:9,45,1.5,text9' 'the file itself is answered'
entries=$(wc -l <vault/journal)

cat >try.pl <<'EOF'
# try.pl HOW: makes every damaged copy of a.blf and asks; prints what was answered or exited otherwise than 65 or 77.
use strict;
my ($how, $sql) = @ARGV;
open my $f, '<:raw', 'a.blf' or die; local $/; my $good = <$f>;
my ($tries, %codes) = (0);
for (my $i = 0; $i < length $good; $i += $how eq 'cut' ? 5 : 1) {
	my $bad = $good;
	if ($how eq 'cut') { $bad = substr $good, 0, $i } else { substr($bad, $i, 1) ^= chr(1 << $i % 8) }
	open my $o, '>:raw', 'bad.blf' or die; print $o $bad; close $o;
	my $out = qx(bl-query -q -i analyst.pem -V vault '$sql' t=bad.blf 2>err.txt);
	my $rc = $? >> 8;
	open my $e, '<', 'err.txt'; my $err = <$e>; close $e;
	$codes{$rc}++; $tries++;
	print "# $how at $i: exit $rc, out '$out', err $err" if $out ne '' or ($rc != 65 && $rc != 77) or $err !~ /^bl-query: /;
}
print "# $tries tries, exits: ", join(', ', map { "$_: $codes{$_}" } sort keys %codes), "\n";
EOF
perl try.pl flip "$sql" >flips
is "$(grep -c ' at ' flips)" 0 'a byte flipped anywhere is exit 65 or 77, and nothing is printed'
sed 4q flips
perl try.pl cut "$sql" >cuts
is "$(grep -c ' at ' cuts)" 0 'a file cut short anywhere likewise'
sed 4q cuts

# A footer names every record's place: cut the file into header, chunks and footer by the lengths in it (blf(5)).
cat >mix.pl <<'EOF'
use strict;
sub slurp { open my $f, '<:raw', $_[0] or die; local $/; <$f> }
sub spew { open my $o, '>:raw', $_[0] or die; print $o $_[1] }
sub parts { my $b = shift; my $h = unpack 'V', substr $b, 12, 4; my $tail = unpack 'V', substr $b, -16, 4;
	return (substr($b, 0, $h), substr($b, $h, length($b) - $h - $tail), substr($b, length($b) - $tail)) }
my ($x, $y) = map { [parts(slurp($_))] } 'a.blf', 'b.blf';
spew('header.blf', $y->[0] . $x->[1] . $x->[2]);
spew('chunks.blf', $x->[0] . $y->[1] . $x->[2]);
spew('footer.blf', $x->[0] . $x->[1] . $y->[2]);
my @record; my $c = $x->[1];		# records: 24 bytes of head, of which the last four are the length of the rest
while (length $c) { my $n = 24 + unpack 'V', substr $c, 20, 4; push @record, substr $c, 0, $n; $c = substr $c, $n }
@record[0, 1] = @record[1, 0];
spew('swapped.blf', $x->[0] . join('', @record) . $x->[2]);
print scalar @record;
EOF
ok '[ "$(perl mix.pl)" -ge 3 ]' 'a file is taken apart into its records'
for f in header chunks footer swapped; do
	ask $f.blf
	ok '[ $rc = 65 ] || [ $rc = 77 ]' "$f of another place or file: refused"
	is "$out" '' 'nothing is printed'
done

# The same header, signed by somebody else: the key in it opens nothing.
seal a.csv m.blf mallory.pem
perl -e 'sub slurp { open my $f, "<:raw", $_[0]; local $/; <$f> } my ($a, $m) = (slurp("a.blf"), slurp("m.blf")); my ($h, $k) = map { unpack "V", substr $_, 12, 4 } $a, $m;
	open my $o, ">:raw", "resigned.blf"; print $o substr($m, 0, $k), substr($a, $h)'
ask resigned.blf
ok '[ $rc = 65 ] || [ $rc = 77 ]' 'a header signed by another key is refused'
is "$out" '' 'and prints nothing'
ask a.blf
exits 0 'the good file is still answered'

# --- an older policy ---
policy 2 >p2.json
bl-policy attach -q -i owner.pem -p p2.json -o a2.blf a.blf
is $? 0 'a newer policy is attached'
ask a2.blf
exits 0 'and answered under'
ask a.blf
is "$rc:$out" '77:' 'then the older header is refused'
like "$err" 'refused: version' 'by name'
run bl-policy attach -i mallory.pem -p p2.json -o x.blf a.blf
ok '[ $rc = 77 ] || [ $rc = 65 ]' 'only the owner attaches a policy'
ok '[ ! -e x.blf ]' 'and no file is left'
run bl-audit verify -V vault
exits 0 'the journal verifies'
done_testing
