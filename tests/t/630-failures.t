#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What breaks around the programs: a helper killed, a vault that cannot be written, a full disk, a reader that leaves. A clear
# line, the right exit, no part of an answer, and a journal that verifies.
. "$(dirname "$0")/../tap.sh"
. "$top/tests/world.sh"
world || { ok false 'a table is sealed'; done_testing; }
verify() { run bl-audit verify -V vault; exits 0 "the journal verifies $1"; }

# --- the helper dies ---
cat >mortal.c <<'EOF'
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
/* A helper that kills the true one after so many microseconds: exec'd in its place, the descriptors are the same. */
int main(void)
{
	const char *real = REAL; char *argv[] = { "bl-tee", NULL }, *envp[] = { NULL };
	pid_t me = getpid(), p = fork();
	if (!p) {
		if (fork()) _exit(0);
		for (int fd = 3; fd < 64; fd++) close(fd);
		usleep(DELAY);
		kill(me, SIGKILL);
		_exit(0);
	}
	execve(real, argv, envp);
	return 1;
}
EOF
died=0 answered=0 other=
for delay in 500 1000 2000 3000 4000 5000 6000 8000 10000 15000; do
	${CC:-cc} -O1 -DREAL="\"$bin/bl-tee\"" -DDELAY=$delay -o mortal mortal.c || break
	for again in 1 2 3; do
		run bl-query -q -i analyst.pem -V vault -H proc:"$scratch/mortal" 'select sex, count(*) from people group by sex' people.blf
		case $rc in
		0) answered=$((answered + 1)); [ "$(printf '%s\n' "$out" | wc -l)" = 3 ] || other="$other cut" ;;
		69) died=$((died + 1)); [ -z "$out" ] || other="$other printed" ;;
		*) other="$other $rc:$err" ;;
		esac
	done
done
is "$other" '' 'a helper killed at any moment is exit 69 without output, or a whole answer'
ok '[ $died -gt 0 ]' "and it was killed in time at least once ($died times; $answered answers)"
verify 'after the kills'

# --- a vault without write permission, as another user or as root without the right ---
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	without() { setpriv --bounding-set -all --inh-caps -all "$@"; }
	chmod 444 vault/journal
	chown 12345 vault/journal
	cp vault/journal before
	run without bl-query -i analyst.pem -V vault 'select count(*) from people' people.blf
	ok '[ $rc = 73 ] || [ $rc = 66 ]' 'a vault that may not be written is said'
	is "$out" '' 'and nothing is answered'
	like "$err" 'cannot write to its vault' 'with the reason'
	ok 'cmp -s before vault/journal' 'the journal is as it was'
	chmod 600 vault/journal
	chown 0 vault/journal
elif [ "$(id -u)" != 0 ]; then
	chmod 444 vault/journal
	run bl-query -i analyst.pem -V vault 'select count(*) from people' people.blf
	ok '[ $rc = 73 ] || [ $rc = 66 ]' 'a vault that may not be written is said'
	is "$out" '' 'and nothing is answered'
	chmod 600 vault/journal
else
	skip 'root, and no setpriv to be less'
fi

# --- a full disk under the vault, under the output ---
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	cat >full.sh <<'EOF'
mkdir -p small && mount -t tmpfs -o size=256k none small && cp -a vault small/vault || exit 99
dd if=/dev/zero of=small/fill bs=4096 2>/dev/null
bl-query -q -i analyst.pem -V small/vault 'select count(*) from people' people.blf >full.out 2>full.err; echo $? >full.rc
rm small/fill
bl-audit verify -V small/vault >full.verify 2>&1; echo $? >>full.rc
bl-query -q -i analyst.pem -V small/vault 'select count(*) from people' people.blf >full.out2 2>>full.err; echo $? >>full.rc
EOF
	unshare -m --propagation private sh full.sh 2>/dev/null
	rcs=$(tr '\n' ' ' <full.rc)
	if [ "$rcs" = '0 0 0 ' ]; then
		skip 'the last block of the journal had room'
	else
		is "$rcs" '74 0 0 ' 'a full disk under the vault is 74, the journal stays whole, and works again with room'
		is "$(cat full.out)" '' 'without room nothing was answered'
	fi
	unshare -m --propagation private sh -c 'mkdir -p out && mount -t tmpfs -o size=4k none out && dd if=/dev/zero of=out/fill bs=4096 count=1 2>/dev/null
		bl-query -q -i analyst.pem -V vault -o out/a.csv "select visits, count(*) from people group by visits" people.blf 2>out.err; echo $? >out.rc; ls out >out.ls'
	is "$(cat out.rc)" 74 'a full disk under -o is 74'
	is "$(cat out.ls)" fill 'and leaves no part of a file'
else
	skip 'no mount namespace to make a small disk in'
fi

# --- a reader that leaves ---
bl-query -i analyst.pem -V vault 'select visits, count(*) from people group by visits' people.blf 2>pipe.err | head -0
is "$(grep -v 'note: ' pipe.err)" '' 'a reader that leaves ends it quietly'
before=$(bl-audit show -V vault --kind release --json | wc -l)
bl-query -q -i analyst.pem -V vault 'select visits, count(*) from people where age > 30 group by visits' people.blf | head -0
is "$(bl-audit show -V vault --kind release --json | wc -l)" $((before + 1)) 'the release is in the journal all the same'

# --- a journal that was cut, beside a checkpoint that was not ---
cp vault/journal whole
for cut in 2 5; do
	head -n -$cut whole >vault/journal
	run bl-query -q -i analyst.pem -V vault 'select count(*) from people' people.blf
	is "$rc:$out" '77:' "a journal without its last $cut entries answers nothing"
	like "$err" 'rolled back' 'and says why'
	ok "[ $(wc -l <vault/journal) -le $(wc -l <whole) ]" 'nothing was written over what is missing'
	run bl-audit verify -V vault
	exits 1 'bl-audit still sees it'
done
cp whole vault/journal
run bl-query -q -i analyst.pem -V vault 'select count(*) from people' people.blf
exits 0 'the whole journal answers again'

# --- an ingest that breaks off ---
( cat people.csv; echo 'oops' ) | bl-ingest -q -i owner.pem -p policy.json -r vault/helper.pub -o broken.blf - 2>ingest.err
is $? 65 'a broken input is 65'
ok '[ ! -e broken.blf ]' 'and no file is published'
bl-ingest -q -i owner.pem -p policy.json -r vault/helper.pub -o - people.csv >/dev/full 2>/dev/null
is $? 74 'sealing onto a full disk is 74'
bl-keygen -q -o - >/dev/full 2>/dev/null
is $? 74 'a key onto a full disk is 74'
verify 'after all that'
done_testing
