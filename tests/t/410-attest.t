#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bl-attest: a receipt verifies as it was signed, and in no other way.
. "$(dirname "$0")/../tap.sh"
[ -x "$build/tests/unit/test_receipt" ] || skip_all 'the unit tests are not built'
mkdir v && "$build/tests/unit/test_receipt" --write v || exit 1

run bl-attest verify v/receipt
exits 0 'a receipt verifies without any vault'
like "$out" '^skipped  vault .*vault key not pinned: SHA256:' 'and says that the vault key is not pinned'
like "$out" 'software: proves who holds the vault.s key, nothing about the machine' 'and what class software does not prove'
run bl-attest verify --key v/helper.pub --output v/answer.jsonl v/receipt
exits 0 'it verifies with the key pinned and the published answer'
unlike "$out" '^(skipped|fail)' 'with every check passed'
run bl-attest verify --key v/other.pub v/receipt
is "$rc" 1 'another vault is a no'
like "$out" '^fail     vault ' 'and the check says so'
echo '{"n":217}' >other.jsonl
run bl-attest verify --output other.jsonl v/receipt
exits 1 'another number is a no'
printf 'n\n216\n' >other.csv
run bl-attest verify --output other.csv v/receipt
is "$rc" 1 'an answer in another format is a no'
like "$out" '^fail     output  *this is not the answer in format jsonl, the only one' 'that says why'
run bl-attest verify -q v/receipt
is "$rc:$out$err" 0: '-q says nothing of a good one'
run bl-attest verify -q --output other.jsonl v/receipt
like "$rc:$out:$err" "^1::bl-attest: 'v/receipt' does not verify" 'and one line of a bad one'
run bl-attest verify --json v/receipt
like "$out" '"verdict":"pass"' 'JSON says so'
like "$out" '"layer":"authentic","name":"vault","result":"skipped"' 'and whether the key was pinned'
bl-attest verify - <v/receipt >/dev/null
is $? 0 'a receipt is read from a pipe'
run bl-attest verify --output - -
exits 64 'two readers of stdin are wrong usage'
run bl-attest verify
exits 64 'no receipt is wrong usage'
run bl-attest verify nowhere
exits 66 'a receipt that is not there cannot be opened'
run bl-attest verify --output nowhere v/receipt
exits 66 'nor can an answer that is not there'

head -c 1184 /dev/urandom >snp.report
for f in snp.report v/journal v/checkpoint v/helper.pub /dev/null; do
	run bl-attest verify "$f"
	like "$rc:$err" '^65:.*not a receipt' "not a receipt: $(basename "$f")"
done
sed 's/"class":"software"/"class":"sev-snp"/' v/receipt >snp
run bl-attest verify snp
like "$rc:$err" "^65:.*evidence of class 'sev-snp'" 'evidence of another class is refused by name'
{ cat v/receipt; echo; } >longer
run bl-attest verify longer
exits 65 'a byte more is malformed'

perl -e '
	local $/; open F, "<", "v/receipt"; my $r = <F>; my $bad = 0;
	for (my $i = 0; $i < length $r; $i += 3) {		# the unit test tries every byte
		my $c = $r; substr($c, $i, 1) ^= chr(1 << $i % 7);
		open O, ">", "flipped"; print O $c; close O;
		my $out = `bl-attest show flipped 2>/dev/null`; my $rc = $? >> 8;
		$bad++, print "# byte $i: exit $rc\n" unless $out eq "" && ($rc == 1 || $rc == 65);
	}
	exit !!$bad;'
is $? 0 'a flipped byte is 1 or 65 and shows nothing'

run bl-attest show v/receipt
exits 0 'show tells what a receipt says'
like "$out" '^output +333ab0057545f3c770dd7738400d9c3e0385c156a3af03222c5ee10b98bf29a1$' 'the output hash'
like "$out" '^lockdown +nnp ' 'the lockdown layers by name'
like "$out" '^rule +min_entities 10 \(release\.all\[0\]\.min_entities\)' 'the rule and its place in the policy'
like "$err" 'not pinned' 'and on stderr that the key is not pinned'
run bl-attest show --json --key v/helper.pub v/receipt
like "$rc:$err:$out" '^0::' 'with the key pinned it says nothing more'
bl-attest show --json v/receipt >/dev/full 2>/dev/null
is $? 74 'a full disk is 74'
done_testing
