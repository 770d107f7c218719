#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bl-audit: a vault's journal verifies as it is, and no changed, cut or rolled back one does.
. "$(dirname "$0")/../tap.sh"
vectors=$shared/vectors/journal
[ -x "$build/tests/unit/test_receipt" ] || skip_all 'the unit tests are not built'

# A vault of five entries, made by the unit test: init, dataset and request, verdict and release.
mkdir v && "$build/tests/unit/test_receipt" --write v || exit 1

run bl-audit verify -V v
exits 0 'a vault verifies'
like "$out" '^ok: 5 entries, root [A-Za-z0-9+/]{43}=, signed up to 5$' 'and says how many entries, under which root, signed how far'
BL_VAULT=v; export BL_VAULT
run bl-audit verify --json
exits 0 'the vault may be named by BL_VAULT'
like "$out" '"verified": true' 'and the answer may be JSON'
unset BL_VAULT
run bl-audit verify -q -V v
is "$rc:$out$err" 0: '-q says nothing of a good one'
run bl-audit verify -V v --key v/helper.pub
exits 0 'the key may be pinned'
run bl-audit verify -V v --key v/other.pub
exits 1 'a key that signed nothing here is a no'
like "$out" 'no checkpoint is signed by SHA256:' 'and says so'
run bl-audit verify
exits 64 'no vault is wrong usage'
run bl-audit verify -V nowhere
exits 66 'a vault that is not there cannot be opened'
mkdir empty && printf 'name,age\nx,1\n' >empty/journal
run bl-audit verify -V empty
exits 65 'a file that is no journal is 65'
cp v/journal one && rm -r empty && mkdir empty && : >empty/journal && : >empty/checkpoint
run bl-audit verify -V empty
is "$rc:$out" "0:ok: 0 entries, root 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=, no checkpoint" 'a vault just made verifies'

# Without write permission, without secrets.
chmod -R a-w v
run bl-audit verify -V v
exits 0 'a vault without write permission verifies'
chmod -R u+w v
[ ! -e v/helper.key ] && ok 'true' 'without any secret key'

# Rollback: the checkpoint of five entries, a journal of fewer.
cp -R v cut && head -n 3 v/journal >cut/journal
run bl-audit verify -V cut
exits 1 'a journal shorter than its checkpoint is a no'
like "$out" 'rolled back or cut' 'and is called rolled back'
rm cut/checkpoint
run bl-audit verify -V cut
like "$rc:$out" '^0:ok: 3 entries, .*no checkpoint' 'without the checkpoint it is three entries and says that nothing anchors it'
run bl-audit verify -V cut --checkpoint v/checkpoint
exits 1 'a checkpoint kept elsewhere catches it too'
head -n 4 v/journal >cut/journal
run bl-audit verify -V cut
like "$rc:$out" '^0:ok: 3 entries, .*torn end passed over' 'a transaction without its end does not count'
{ cat v/journal; printf '{"kind":'; } >cut/journal
run bl-audit verify -V cut
like "$rc:$out" '^0:ok: 5 entries, .*torn end passed over' 'nor does a line without its end'
cp v/journal cut/journal && sed 's/^5$/4/' v/checkpoint >cut/checkpoint
run bl-audit verify -V cut
exits 1 'a checkpoint that was changed is a no'
echo nonsense >cut/checkpoint
run bl-audit verify -V cut
exits 1 'so is one that is none'
cp v/checkpoint cut/ && cp v/other.pub cut/helper.pub
run bl-audit verify -V cut
exits 1 'so is another vault key'
like "$out" 'seq 0: the journal is of vault SHA256:' 'which the first entry tells'

# show
run bl-audit show -V v
exits 0 'show answers'
is "$(printf '%s\n' "$out" | wc -l | tr -d ' ')" 6 'with one line an entry under a heading'
like "$out" 'TIME \(CLAIMED\)' 'and calls times claims'
run bl-audit show -V v --json --kind verdict
is "$out" "$(sed -n 4p v/journal)" 'as JSON it prints the very lines'
run bl-audit show -V v --kind relese
like "$rc:$err" "^0:bl-audit: no entry is of kind 'relese', did you mean 'release'" 'a kind that is misspelled is told apart from one without entries'
run bl-audit show -V v --kind release --since 2100-01-01
is "$rc:$err" 0: 'which is no news'
run bl-audit show -V v --json --since 2100-01-01
is "$rc:$out" 0: 'nothing is after the year 2100'
run bl-audit show -V v --json --principal "$(sed -n '2s/.*"owner":"\([^"]*\)".*/\1/p' v/journal)"
is "$(printf '%s\n' "$out" | wc -l | tr -d ' ')" 3 'by principal: request, verdict, release'
run bl-audit show -V v --principal me
exits 64 'a principal is a fingerprint'
cp -R v bad && sed '2s/people/people2/' v/journal >bad/journal
run bl-audit show -V bad
is "$rc:$out" 65: 'nothing of a journal that does not verify is shown'

head -c 20000 /dev/zero >zeros
run bl-audit consistency -V v zeros
is "$rc:$err" "65:bl-audit: 'zeros': not a checkpoint" 'what is too long for a checkpoint is none'

# Proofs
run bl-audit prove -V v 3
exits 0 'an entry can be proved'
printf '%s\n' "$out" >proof
run bl-audit check --key v/helper.pub proof
is "$rc:$out" "0:ok: entry 3 of 5 in $(head -n 1 v/checkpoint)" 'and the proof checks without the vault'
run bl-audit check proof
like "$rc:$err" '^0:.*not checked' 'without a key it says what was not checked'
run bl-audit check --key v/other.pub proof
exits 1 'and is a no under another key'
sed 's/people/purple/' proof >proof2
run bl-audit check --key v/helper.pub proof2
exits 1 'a proof of a changed line does not hold'
run bl-audit prove -V v 5
exits 1 'there is no proof of an entry that is not there'
run bl-audit consistency -V v v/checkpoint
printf '%s\n' "$out" >proof3
run bl-audit check --key v/helper.pub proof3
exits 0 'a checkpoint extends itself'
run bl-audit check --key v/helper.pub v/receipt
like "$rc:$out" '^0:ok: a receipt, entry 4' 'a receipt is checked too'
run bl-audit check --key v/helper.pub v/checkpoint
like "$rc:$out" '^0:ok: checkpoint of 5 entries' 'and a checkpoint'
run bl-audit check v/journal
exits 65 'anything else is malformed'

# The vectors: every byte, every line.
if [ ! -r "$vectors/journal" ]; then
	skip 'the journal vectors are not here'
	done_testing
fi
mkdir x && cp "$vectors/journal" "$vectors/checkpoint" "$vectors/checkpoint.cosigned" "$vectors/helper.pub" x/ && chmod u+w x/*
run bl-audit verify -V x --key "$vectors/owner.pub"
is "$rc:$out" '0:ok: 7 entries, root OGNUO4bEQ/MUJUiXiRbRKt46iqo9FMstQONKCc4LDk4=, signed up to 7, cosigned by owner/visits at 2026-01-01T00:00:10Z' \
	'the vector verifies with its cosignature'
perl -e '
	local $/; open F, "<", $ARGV[0]; my $j = <F>; my $bad = 0;
	my @starts = (0); push @starts, pos $j while $j =~ /\n/g;
	for my $i (0 .. length($j) - 1) {
		my $c = $j; substr($c, $i, 1) ^= chr(1 << $i % 7);
		open O, ">", "x/journal"; print O $c; close O;
		my $line = grep({ $_ <= $i } @starts) - 1;
		my $out = `bl-audit verify -V x 2>/dev/null`; my $rc = $? >> 8; my ($seq) = $out =~ /seq (\d+)/;
		my $named = defined $seq && ($seq == $line || $seq == $line + 1);
		$named ||= $out =~ /rolled back/ && $line == 6;		# the last newline: a torn line under a checkpoint
		$bad++, print "# byte $i (line $line): exit $rc: $out\n" unless $rc == 1 && $named;
	}
	exit !!$bad;' "$vectors/journal"
is $? 0 'each flipped byte of the vector is 1 and names the seq, or the one whose hash it breaks'
perl -e '
	open F, "<", $ARGV[0]; my @l = <F>; my $bad = 0;
	sub try { my ($want, @k) = @_; open O, ">", "x/journal"; print O @k; close O;
		my $out = `bl-audit verify -V x 2>/dev/null`; my ($seq) = $out =~ /seq (\d+)/;
		$bad++, print "# wanted seq $want: $out" unless $? >> 8 == 1 && (defined $seq ? $seq == $want : $out =~ /rolled back/) }
	for my $i (0 .. 6) { my @k = @l; splice @k, $i, 1; try($i, @k) }
	for my $i (0 .. 5) { my @k = @l; @k[$i, $i + 1] = @k[$i + 1, $i]; try($i, @k) }
	exit !!$bad;' "$vectors/journal"
is $? 0 'so is each line taken out, and each two swapped'
head -c -10 "$vectors/journal" >x/journal
run bl-audit verify -V x
like "$rc:$out" '^1:bad: .*rolled back' 'cut inside the last line it is a rollback against its checkpoint'
rm x/checkpoint x/checkpoint.cosigned
run bl-audit verify -V x
like "$rc:$out" '^0:ok: 6 entries, .*torn' 'and six entries without'
done_testing
