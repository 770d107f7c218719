#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The locked-down helper and the device of its machine: which class it says, what the process that asks the device may do, what it makes of
# devices that misbehave. The devices are played (tests/tool/fakedev), their reports and quotes are real under a hierarchy of their own.
. "$(dirname "$0")/../tap.sh"
tool=$build/tests/unit/test_sandbox fakedev=$build/tests/tool/fakedev
[ -x "$tool" ] && [ -x "$fakedev" ] || skip_all 'the unit tests and their tools are not built'
. "$top/tests/world.sh"
world || { ok false 'a table is sealed'; done_testing; }
device=
trap '[ -z "$device" ] || kill $device; cd /; chmod -R u+rwx "$scratch" 2>/dev/null; rm -rf "$scratch"' EXIT
# soon COMMAND: until it is true, ten seconds at most.
soon() { for _ in 1 2 3 4 5 6 7 8 9 10; do for _ in 1 2 3 4 5 6 7 8 9 10; do eval "$1" && return; sleep 0.1; done; done; }
plays() {	# KIND [FLAW]: root, out
	: >said
	"$fakedev" "$1" root out ${2:+"$2"} >said 2>&1 & device=$!
	soon '[ -s said ]'
}
ends() { kill $device; wait $device; device=; left=$(ls -A root); rm -rf root out; }
mkfifo in
holding() {	# a helper with that provider, until `let_go`
	: >held
	"$tool" hold "$bin/bl-tee" vault "$@" <in >held 2>&1 &
	holder=$!
	exec 9>in
	soon '[ -s held ]'
	read -r pid mask class <held
}
let_go() { exec 9>&-; wait "$holder"; }
child_of() { grep -l "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status 2>/dev/null | sed 's|/proc/||; s|/status||'; }
fds() { for f in /proc/"$1"/fd/*; do readlink "$f" | sed -E 's/:\[.*//; s/.*\/(root|vault)/\1/'; done | sort | tr '\n' ' '; }
field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }

# --- no device ---
holding
is "$class:$(child_of "$pid")" software: 'without a device the class is software, and nobody is there to ask one'
let_go
for spec in nsm:/nonexistent sev-guest:/nonexistent gramine:/nonexistent configfs-tsm:/nonexistent; do
	run "$tool" hold "$bin/bl-tee" vault $spec
	exits 69 "$spec: a device that is named and not there is 69"
done
run "$tool" hold "$bin/bl-tee" vault nothing
exits 64 'a provider that is none is 64'

run bl-tee check
like "$out" '^(yes|no) +sev-guest +(cannot open|evidence of class snp)' 'check tells which devices there are'
run bl-tee check --json
like "$out" '"name": "tpm2"' 'for machines too'
run bl-tee check --provider nsm:/nonexistent
is "$rc:$out" 69: 'a device that is named must be there'
like "$err" "^bl-tee: provider 'nsm': cannot open '/nonexistent': No such file" 'and what is missing is said'

# --- the process that asks ---
plays snp
is "$(cat said)" ready 'a device is played'
run bl-tee check --provider "configfs-tsm:$PWD/root"
like "$rc:$out" 'extended.bin +[0-9]+ bytes' 'check asks a device that is named'
holding "configfs-tsm:$PWD/root"
is "$class" snp 'the class is that of the device'
asks=$(child_of "$pid")
like "$asks" '^[0-9]+$' 'one process is there to ask it'
if [ $((0x${mask:-0} >> 10 & 1)) = 1 ]; then
	soon '[ "$(field "$asks" Seccomp)" = 2 ]'
	is "$(field "$asks" Seccomp):$(field "$asks" NoNewPrivs)" 2:1 'under a filter of its own, and it can gain no privileges'
	is "$(sed -n 's/^Cap\(Inh\|Prm\|Eff\|Amb\):[[:space:]]*0*$/none/p' "/proc/$asks/status" | grep -c none)" 4 'it has no capability'
else
	skip 'no system call filter on this machine or in this build'
fi
if [ "$(id -u)" = 0 ]; then
	want='/dev/null /dev/null /dev/null root socket '
	soon '[ "$(fds "$asks")" = "$want" ]'
	is "$(fds "$asks")" "$want" 'it holds its socket and the device, nothing of the vault'
	is "$(fds "$pid")" '/dev/null /dev/null /dev/null socket socket vault/cells vault/checkpoint vault/journal vault/snapshot ' \
		'the helper holds one socket more, and no device'
else
	skip 'only root can look at what they hold'
fi
let_go
soon '[ ! -d "/proc/$asks" ]'
ok '[ ! -d /proc/$asks ]' 'it ends with the session'
holding "configfs-tsm:$PWD/root"
asks=$(child_of "$pid")
kill -KILL "$pid"
over() { [ ! -d "/proc/$asks" ] || [ "$(sed -n 's/^State:[[:space:]]*\([A-Z]\).*/\1/p' "/proc/$asks/status")" = Z ]; }	# or nobody has waited for it yet
soon over
ok over 'and with a helper that is killed'
let_go

# --- evidence ---
sql='select count(*) as n from people'
asked() {	# SPEC: asks with that provider; the receipt is people.receipt.json
	rm -f people.receipt.json
	run bl-query -q -i analyst.pem -V vault --provider "$1" --receipt people.receipt.json "$sql" people.blf
}
verified() { run bl-attest verify --key vault/helper.pub --root out/root.pem --collateral out people.receipt.json; }
asked "configfs-tsm:$PWD/root"
is "$rc:$out" "0:n
1200" 'a question is answered'
verified
exits 0 'its receipt holds a report that verifies for this session'
ends
is "$left" '' 'no report is left behind'
for kind in tdx sgx; do
	plays $kind
	[ $kind = sgx ] && spec=gramine:$PWD/root || spec=configfs-tsm:$PWD/root
	asked "$spec"
	is "$rc:$out" "0:n
1200" "$kind: a question is answered"
	verified
	exits 0 "$kind: its receipt holds a quote that verifies for this session"
	ends
done
plays snp bare
asked "configfs-tsm:$PWD/root"; verified
exits 0 'a report without the host'"'"'s certificates verifies beside them'
ends

# --- devices that misbehave ---
plays snp foreign
run bl-tee check --provider "configfs-tsm:$PWD/root"
like "$rc:$err" '^69:.*not made of our data alone' 'check says what a helper does not'
asked "configfs-tsm:$PWD/root"
is "$rc:$out" 69: 'a report that somebody else wrote to: no evidence, no answer'
ends
plays snp other-data
asked "configfs-tsm:$PWD/root"; verified
ok '[ $rc = 1 ]' 'a report over other data is in a receipt that does not verify'
ends
done_testing
