#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Key release to a confidential machine: its evidence goes to the owner, who looks whose it is and what runs there; the key goes to that
# session; the receipt carries the evidence. The devices are played (tests/tool/fakedev); reports and quotes are real, under roots of their own.
. "$(dirname "$0")/../tap.sh"
fakedev=$build/tests/tool/fakedev
[ -x "$fakedev" ] || skip_all 'the tools of the tests are not built'
. "$top/tests/world.sh"
world || { ok false 'a table is sealed'; done_testing; }
sql='select count(*) as n from people'
device= live=
trap '[ -z "$device" ] || kill $device; [ -z "$live" ] || kill $live 2>/dev/null; cd /; rm -rf "$scratch"' EXIT
wait_for() { for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do [ -s "$1" ] && return; sleep 0.1; done; }
plays() { : >said; rm -rf root out; "$fakedev" "$1" root out ${2:+"$2"} >said 2>&1 & device=$!; wait_for said; }
ends() { kill $device; wait $device; device=; }
hardware() { sed "s/\"class\": \"software\"/\"class\": \"hardware\"$1/" policy.json; }
challenge() { rm -f e g; bl-attest challenge -i owner.pem "$file" >c; }
# A live session: its evidence appears in e, its grant is waited for in g.
session() {
	bl-query -q ${provider:+--provider "$provider"} -i analyst.pem -V vault --challenge c --evidence e --grant g -o n.csv "$sql" "$file" >live.out 2>&1 & live=$!
	wait_for e
}
landed() { wait $live; rc=$?; live=; out=$(cat n.csv 2>/dev/null); err=$(cat live.out); rm -f n.csv; }
leave() { kill $live; wait $live 2>/dev/null; live=; }
verify() { bl-attest verify --root out/root.pem --collateral out "$@"; }
grant() { run bl-policy grant -i owner.pem -c c --vault vault/helper.pub --root out/root.pem --collateral out "$@" e "$file"; }
measured() { sed -n 's/^measurement *//p'; }

# --- who may have the key of such a table ---
hardware >hard.json
run bl-ingest -q -i owner.pem -p hard.json -r vault/helper.pub -o near.blf people.csv
exits 78 'a table for hardware is not sealed to a vault'
like "$err" 'helper\.pub.*without evidence' 'which would open it without any'
run bl-ingest -q -i owner.pem -p hard.json -o far.blf people.csv
exits 0 'it is sealed to its owner alone'
file=far.blf provider=
challenge; session; run bl-policy grant -i owner.pem -c c --vault vault/helper.pub e far.blf
is "$rc:$out" 77: 'a helper of class software is not granted its key'
like "$err" 'tee\.class' 'for its class'
leave
hardware | sed 's/"version": 1/"version": 2/' >later.json
bl-policy attach -q -i owner.pem -p later.json -o tagged.blf people.blf
plays snp
run bl-query -q -i analyst.pem -V vault --provider "configfs-tsm:$PWD/root" "$sql" tagged.blf
is "$rc:$out" 77: 'a class that no owner has looked at is software, whatever the helper says of itself'
ends

for kind in snp tdx sgx; do
	plays $kind
	case $kind in sgx) provider=gramine:$PWD/root ;; *) provider=configfs-tsm:$PWD/root ;; esac
	file=far.blf sql='select count(*) as n from people'
	challenge; session
	run verify --key vault/helper.pub e
	exits 0 "$kind: what the helper left for the owner verifies"
	like "$err" "nobody says what may run there.*'bl-policy grant' refuses" "$kind: with a word on what that is worth"
	code=$(printf '%s\n' "$out" | measured)
	like "$code" '^[0-9a-f]{64,}$' "$kind: and tells what runs there"
	run verify --nonce 00 e
	is "$rc:$out" 64: "$kind: it holds its own nonce"
	run bl-attest verify e
	is "$rc" 1 "$kind: not under the roots of the vendors"
	run bl-attest show e
	like "$rc:$out" '^0:NOT VERIFIED' "$kind: shown it is not verified"
	grant
	is "$rc:$out" 77: "$kind: no grant where nobody says what may run there"
	like "$err" 'tee.measurements' "$kind: and how to say it is told"
	echo "{\"version\":1,\"measurement\":[\"$code\"]}" >only.json
	cp only.json this.json
	regs=
	if [ $kind = tdx ]; then
		regs=$(verify -q --json e | sed 's/.*\("rtmr1":\)\("[0-9a-f]*"\).*\("rtmr2":\)\("[0-9a-f]*"\).*/"registers":{\1[\2],\3[\4]}/')
		grant -p only.json
		is "$rc:$out" 77: "$kind: the firmware's measurement says nothing of the kernel that it boots"
		like "$err" 'rtmr1 and rtmr2' "$kind: so two registers are to be named as well"
		echo "{\"version\":1,$regs}" >regs.json
		grant -p regs.json
		is "$rc:$out" 77: "$kind: which another firmware could show, too"
		echo "{\"version\":1,\"measurement\":[\"$code\"],$regs}" >this.json
	fi
	printf '%s\n' "$code" | sed 's/0$/1/; t; s/.$/0/' >other
	echo "{\"version\":1,\"measurement\":[\"$(cat other)\"]}" >other.json
	grant -p other.json
	is "$rc:$out" 77: "$kind: nor to another measurement"
	run bl-policy grant -i owner.pem -c c --vault vault/helper.pub -p this.json e far.blf
	is "$rc:$out" 77: "$kind: nor under roots that nobody gave"
	cat >flip.pl <<'END'
my ($from, $to, $at) = @ARGV; open my $f, '<:raw', $from or die; local $/; my $b = <$f>; $at = $at % length $b;
substr($b, $at, 1) ^= chr(1 << $at % 7); open my $o, '>:raw', $to or die; print $o $b;
END
	cp e e.kept; bad=0 n=$(wc -c <e)
	for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
		at=$((5 + i * n / 20)); perl flip.pl e.kept e $at
		grant -p this.json; { [ $rc != 0 ] && [ -z "$out" ]; } || { bad=$((bad + 1)); diag "byte $at is granted"; }
		verify -q e 2>/dev/null && { bad=$((bad + 1)); diag "byte $at verifies"; }
	done
	cp e.kept e
	is $bad 0 "$kind: altered anywhere it is neither verified nor granted"
	grant -p this.json
	exits 0 "$kind: the evidence itself is granted"
	cp .out g.part; mv g.part g; cp e e.spent; landed
	is "$rc:$out" "0:n
1200" "$kind: and the question answered"
	cp n.csv.receipt.json receipt
	run verify --key vault/helper.pub -p this.json receipt
	exits 0 "$kind: the receipt carries the evidence and verifies with it"
	is "$err" '' "$kind: and nothing is to be said where the policy names what ran there"
	like "$out" '^pass +binding' "$kind: which binds session, file and policy"
	run bl-attest verify --key vault/helper.pub receipt
	is "$rc" 1 "$kind: not under the roots of the vendors"
	run verify -p other.json receipt
	is "$rc" 1 "$kind: nor as another measurement"
	run verify --time=2050-01-01T00:00:00Z receipt
	is "$rc" 1 "$kind: nor when its certificates have expired"
	run verify --time=signed receipt
	exits 0 "$kind: but at its own time"
	run bl-attest show --key vault/helper.pub receipt
	like "$rc:$out" "evidence +$kind: .*not judged here" "$kind: show does not pretend to have judged it"
	for member in report pieces challenge; do
		perl -pe 's/("'$member'":(?:\{"[^"]*":)?")(.)/$1 . ($2 eq "A" ? "B" : $2 eq "1" ? "2" : $2 eq "B" ? "A" : "1")/e' receipt >altered
		run verify altered
		ok '! cmp -s receipt altered && { [ $rc = 1 ] || [ $rc = 65 ]; }' "$kind: nor with its $member altered"
	done

	# The measurement in the table's own policy.
	hardware ", \"measurements\": [\"$code\"], \"technologies\": [\"$(echo $kind | sed 's/snp/sev-snp/')\"]" >named.json
	sed -i "s/\"dataset\": \"people\"/\"dataset\": \"$kind\"/" named.json
	bl-ingest -q -i owner.pem -p named.json -o named.blf people.csv
	file=named.blf sql="select count(*) as n from $kind"
	challenge; session; grant ${regs:+-p regs.json}
	exits 0 "$kind: the measurement may stand in the table's policy"
	cp .out g.part; mv g.part g; landed
	is "$rc:$out" "0:n
1200" "$kind: which is enough"
	[ $rc = 0 ] || diag "$err"
	challenge; cp e.spent e; grant -p this.json
	is "$rc:$out" 77: "$kind: evidence of an earlier session answers no other challenge"
	ends

	plays $kind other-data
	challenge; session; verify -q --json e >said.json 2>/dev/null; rc=$?
	is "$rc" 1 "$kind: a device that speaks of something else does not verify"
	like "$(cat said.json)" '"reason":"nonce"' "$kind: for it is not about this session"
	grant
	is "$rc:$out" 77: "$kind: nor is it granted anything"
	leave; ends
done

# --- a device that gives nothing ---
plays snp; provider=configfs-tsm:$PWD/root file=far.blf; ends
challenge; run bl-query -q --provider "$provider" -i analyst.pem -V vault --challenge c --evidence e --grant g "$sql" far.blf
is "$rc:$out" 69: 'a helper whose device is gone does not pass for one of a lower class'
like "$err" "hint: .bl-tee check --provider $provider. tells" 'and how to learn what is wrong with it is told'
run bl-query --provider tsm "$sql" far.blf
exits 64 'a provider that is none is wrong usage'
done_testing
