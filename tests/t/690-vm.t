#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A helper in a virtual machine: the same answers, refusals and entries as over a helper on this machine, and nothing heard of an answer that
# is not in the vault. First with a process in QEMU's place, whose port, disk and helper are the real ones; then, where there are QEMU
# and a kernel, with machines.
. "$(dirname "$0")/../tap.sh"
. "$top/tests/world.sh"
tool=$build/tests/unit/test_vm
[ -x "$tool" ] || skip_all 'the unit tests are not built'
world && cp -a vault fresh || { ok false 'a table is sealed'; done_testing; }
mkdir image memory
echo kernel >image/kernel; echo initrd >image/initrd; echo 'quiet panic=-1' >image/cmdline
export BL_QEMU="$tool" BL_TEST_TEE="$bin/bl-tee" BL_TEST_DIR="$scratch/memory"
vm=$scratch/image
fresh() { rm -rf vault && cp -a fresh vault; }
kinds() { bl-audit show -V vault --json | sed 's/.*"kind":"\([a-z]*\)".*/\1/' | tr '\n' ' '; }
verifies() { run bl-audit verify -V vault; exits 0 "$1"; }
over() { h=$1; shift; run timeout 100 bl-query -i analyst.pem -V vault -H "$h" "$@"; }
children() { grep -l "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status 2>/dev/null | cut -d/ -f3; }

# Everything that a session can be, over both, from the same vault: the same bytes, exit, and entries.
same() {	# promise, question...
	promise=$1; shift
	fresh
	over proc "$@"; a="$rc $out $err $(kinds)"
	fresh
	over "vm:$vm" "$@"; b="$rc $out $err $(kinds)"
	is "$b" "$a" "$promise ($rc)"
}
cp people.blf flipped.blf
perl -pe 'BEGIN { $/ = undef } substr($_, length($_) / 2, 1) ^= "\x01"' <people.blf >flipped.blf
head -c $(($(wc -c <people.blf) - 100)) people.blf >cut.blf
bl-keygen -q -V other
bl-ingest -q -i owner.pem -p policy.json -r other/helper.pub -o others.blf people.csv
sessions() {
	same 'a question is answered alike' 'select sex, count(*) as n, avg(cost) from people group by sex order by sex' people.blf
	like "$b" '^0 sex' 'with an answer'
	same 'a refusal travels' 'select avg(cost) from people where id = 7' people.blf
	like "$b" 'init dataset request verdict $' 'and is an entry'
	same 'a flipped byte is found' 'select count(*) from people' flipped.blf
	like "$b" '^65 ' 'as one'
}
sessions
same 'a file that is cut short is none' 'select count(*) from people' cut.blf
same 'an explanation costs nothing' --explain 'select sex, avg(cost) from people group by sex' people.blf
same 'the columns are shown' --schema people.blf
same 'SQL that does not parse is wrong' 'select count(* from people' people.blf
same 'a file of another vault is refused' 'select count(*) from people' others.blf
fresh
over "vm:$vm" -q -o a.jsonl 'select region, count(*) as n from people group by region' people.blf
bl-attest verify -q --key vault/helper.pub --output a.jsonl a.jsonl.receipt.json 2>.err
is "$rc:$?" 0:0 'its receipt verifies'
over proc -q -o b.jsonl 'select region, count(*) as n from people group by region' people.blf
ok 'cmp -s a.jsonl b.jsonl' 'a helper on this machine goes on with the same vault'
over "vm:$vm" -q -o b.jsonl 'select region, count(*) as n from people group by region' people.blf
ok 'cmp -s a.jsonl b.jsonl' 'and the other way round'
verifies 'and the journal verifies'
i=0
while [ $i -lt 25 ]; do over "vm:$vm" -q "select count(*) from people where visits > $((i / 5))" people.blf; [ $rc = 0 ] || break; i=$((i + 1)); done
is "$i:$rc" 25:0 'many questions, through snapshots of the journal,'
verifies 'leave a journal that verifies'
ok '[ -s vault/snapshot ]' 'and a snapshot'
over "vm:$vm" --provider software 'select count(*) from people' people.blf
exits 64 'who answers for the machine is not the asker'"'"'s to say'

# --- a machine that was broken into ---
fresh
export BL_TEST_QUIET=1
over "vm:$vm" --explain 'select count(*) from people' people.blf
exits 0 '(a machine that ships nothing can explain,)'
over "vm:$vm" 'select count(*) from people where id = 7' people.blf
exits 77 '(and refuse)'
over "vm:$vm" -o quiet.csv 'select count(*) from people' people.blf
is "$rc:$out:$(ls quiet.csv* 2>/dev/null)" '76::' 'an answer whose entry did not come to this vault is not heard, though its receipt is signed'
like "$err" 'not in this vault' 'and it is said why'
unset BL_TEST_QUIET
is "$(kinds)" 'init ' 'no entry came'
over "vm:$vm" 'select count(*) from people' people.blf
exits 0 'the vault is as it was'

# --- how it ended, whoever started the client ---
for h in "vm:$vm" proc:/bin/false; do
	BL_QEMU=/bin/false; over "$h" 'select count(*) from people' people.blf; a="$rc $err"
	run perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' bl-query -i analyst.pem -V vault -H "$h" 'select count(*) from people' people.blf
	is "$rc $err" "$a" 'a client whose parent ignored the end of children is told how its own ends'
	BL_QEMU=$tool
done

# --- a file sealed to no vault ---
bl-ingest -q -i owner.pem -p policy.json -o far.blf people.csv
bl-attest challenge -q -i owner.pem -o c far.blf
bl-query -q -i analyst.pem -V vault -H "vm:$vm" --challenge c --evidence - --grant g -o n.csv 'select count(*) as n from people' far.blf |
	bl-policy grant -q -i owner.pem -c c --vault vault/helper.pub -o g - far.blf
is "$(sed -n 2p n.csv)" 1200 'its owner grants the key to one session of one machine'

# --- vaults ---
fresh
perl -e 'use Fcntl; open(F, "+<", "vault/journal"); my $l = pack("ssx4qqi", F_WRLCK, 0, 0, 0, 0); fcntl(F, 37, $l) or die; print "locked\n"; close STDOUT; sleep 25' >held 2>&1 &
holder=$!
for i in 1 2 3 4 5 6 7 8 9 10; do [ -s held ] && break; sleep 0.1; done
over proc 'select count(*) from people' people.blf >/dev/null 2>&1 & a=$!
over "vm:$vm" 'select count(*) from people' people.blf
wait $a
exits 75 'a vault that somebody else holds is 75, after a while'
kill $holder; wait $holder 2>/dev/null
over "vm:$vm" 'select count(*) from people' people.blf
exits 0 'and is served once it is free'
over "vm:$vm" 'select count(*) from people' people.blf & a=$!
over "vm:$vm" 'select count(*) from people' people.blf & b=$!
wait $a; wait $b
verifies 'two machines at a time take turns'
run bl-query -i analyst.pem -V nowhere -H "vm:$vm" 'select count(*) from people' people.blf
exits 66 'a vault that is not there is 66'
head -n -3 vault/journal >short && cat short >vault/journal
over "vm:$vm" -q 'select count(*) from people' people.blf
like "$rc:$out$err" '^77:.*rolled back' 'a journal set back behind its checkpoint answers nothing'
fresh
over proc -q 'select count(*) from people' people.blf
sed -i 's/"kind":"verdict"/"kind":"verdikt"/' vault/journal
over "vm:$vm" 'select count(*) from people' people.blf
exits 65 'a damaged journal is not served'

# --- whoever is killed ---
cat >mortal.c <<'END'
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
/* A machine, or a helper, that is killed after so many microseconds. */
int main(int argc, char **argv)
{
	pid_t me = getpid();
	argv[0] = (char *)NAME;
	if (!fork()) {
		if (fork()) _exit(0);
		for (int fd = 3; fd < 64; fd++) close(fd);
		usleep(DELAY);
		kill(me, SIGKILL);
		_exit(0);
	}
	execv(REAL, argv);
	return argc;
}
END
deaths() {	# what, name, program, delays
	died=0 other=
	fresh
	for delay in $4; do
		${CC:-cc} -O1 -DNAME="\"$2\"" -DREAL="\"$3\"" -DDELAY=$delay -o mortal mortal.c || break
		case $1 in machine) BL_QEMU=$scratch/mortal ;; *) BL_TEST_TEE=$scratch/mortal ;; esac
		over "vm:$vm" -q 'select sex, count(*) from people group by sex' people.blf
		BL_QEMU=$tool BL_TEST_TEE=$bin/bl-tee
		case $rc in
		0) [ "$(printf '%s\n' "$out" | wc -l)" = 3 ] || other="$other cut" ;;
		69) died=$((died + 1)); [ -z "$out" ] || other="$other printed" ;;
		*) other="$other $rc:$err" ;;
		esac
	done
	is "$other" '' "a $1 killed at any moment is exit 69 without output, or a whole answer"
	ok '[ $died -gt 0 ]' "and it was killed in time at least once ($died times)"
	verifies 'the journal verifies then'
}
deaths machine qemu "$tool" '500 1000 2000 3000 4000 5000 6000 8000 10000 15000'
deaths helper bl-tee "$bin/bl-tee" '500 1000 2000 3000 4000 5000 6000 8000 10000 15000'
fresh
for delay in 0.003 0.005 0.007 0.009 0.012 0.015 0.02; do
	bl-query -q -i analyst.pem -V vault -H "vm:$vm" 'select sex, count(*) from people group by sex' people.blf >/dev/null 2>&1 &
	sleep $delay
	machines=$(children $!)
	kill -KILL $! 2>/dev/null
	wait $! 2>/dev/null
	for i in 1 2 3 4 5 6 7 8 9 10; do left=; for p in $machines; do grep -q '^State:.[^ZX]' "/proc/$p/status" 2>/dev/null && left="$left $p"; done; [ "$left" ] || break; sleep 0.1; done
	[ -z "$left" ] || break
done
is "$left" '' 'no machine outlives its client'
verifies 'a client killed at any moment leaves a journal that verifies'
over proc -q 'select count(*) from people' people.blf
exits 0 'and a vault that answers'
unset BL_QEMU BL_TEST_TEE BL_TEST_DIR

# --- machines ---
kernel=$(ls -v /boot/vmlinuz-*-cloud-amd64 /boot/vmlinuz-* 2>/dev/null | head -1)
modules=/lib/modules/${kernel#/boot/vmlinuz-}
machine=
if ! command -v qemu-system-x86_64 >/dev/null; then skip 'no qemu-system-x86_64'
elif ! [ -r "$kernel" ]; then skip 'no kernel in /boot that can be read'
elif [ "$(basename "$build")" != build ]; then skip 'a machine needs the static program of the plain build'
elif ! "$top/contrib/vm/mkinitrd" "$bin/bl-tee" "$modules" image/initrd 2>mk.err; then skip "no modules of that kernel: $(cat mk.err)"
else machine=yes; fi
[ "$machine" ] || done_testing
cp "$kernel" image/kernel
echo 'quiet panic=-1 secretmem.enable=1' >image/cmdline
fresh
over "vm:$vm" 'select count(*) from people' people.blf
[ $rc = 0 ] || { sleep 1; over "vm:$vm" 'select count(*) from people' people.blf; }	# a busy machine may be too slow to boot
exits 0 'a machine boots, and its helper answers'
sessions
over "vm:$vm" -q -o a.csv 'select count(*) as n from people' people.blf
run bl-attest show a.csv.receipt.json
like "$out" 'lockdown.* netns mntns ipcns emptyroot nocaps landlock seccomp' 'inside it the helper is locked down as it is outside'
bl-attest measure tee -f policy "$bin/bl-tee" >tee.json
run bl-attest verify -p tee.json --key vault/helper.pub a.csv.receipt.json
exits 0 'and says which build it is'
verifies 'the journal verifies'
fresh
died=0 other=
for delay in 1 3 9; do
	timeout 100 bl-query -q -i analyst.pem -V vault -H "vm:$vm" 'select sex, count(*) from people group by sex' people.blf >k.out 2>k.err &
	sleep $delay
	for p in $(children $!) $(for c in $(children $!); do children "$c"; done); do
		grep -q qemu "/proc/$p/cmdline" 2>/dev/null && kill -KILL "$p"
	done
	wait $!
	case $? in
	0) [ "$(wc -l <k.out)" = 3 ] || other="$other cut" ;;
	69) died=$((died + 1)); [ ! -s k.out ] || other="$other printed"; grep -q 'virtual machine was killed' k.err || other="$other $(cat k.err)" ;;
	*) other="$other $?:$(cat k.err)" ;;
	esac
done
is "$other:$([ $died -gt 0 ] && echo died)" ':died' 'a QEMU that is killed is 69, and said so'
verifies 'and the journal verifies'
printf '%s\n' -accel tcg -M q35 -cpu max -m 32 >image/args
over "vm:$vm" 'select count(*) from people' people.blf
like "$rc:$out" '^69:$' 'a machine that cannot boot is 69'
echo -nonsense >image/args
over "vm:$vm" 'select count(*) from people' people.blf
is "$rc:$out" '69:' 'arguments that QEMU does not take are 69'
like "$err" 'exit status is 1' 'and said so'
done_testing
