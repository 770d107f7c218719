#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The helper's lockdown, from outside: what the kernel says of a helper in a session, and what attackers of its own uid, of another
# and root can read. What needs a second uid runs as root, what needs a layer where that layer holds.
. "$(dirname "$0")/../tap.sh"
tool=$build/tests/unit/test_sandbox tee=$bin/bl-tee
[ -x "$tool" ] && [ -x "$tee" ] || skip_all 'bl-tee and the unit tests are not built'
chmod 711 .
bl-keygen -q -V vault || exit 1
holds() { [ $((0x${mask:-0} >> $1 & 1)) = 1 ]; }	# a bit of $mask
san= && nm "$tee" 2>/dev/null | grep -q __asan_init && san=yes	# its run time cannot bear a tracer
NODUMP=1 SECRETMEM=12 UNREADABLE=16

# --- what it says itself ---
run bl-tee check
exits 0 'check tells what holds'
like "$out" '^(yes|no) +seccomp ' 'layer by layer'
like "$out" '^(ok|weak) +kernel.yama.ptrace_scope = ' 'and setting by setting'
run bl-tee check --json
like "$out" '"schema": "bl-tee/1"' 'the same for machines'
run bl-tee serve
exits 64 'serve is a command that this version does not have'
run "$tool" hold "$tee" nowhere
exits 66 'a vault that is not there is 66'
mkdir empty
run "$tool" hold "$tee" empty
like "$rc:$out:$err" '^66::hold: the helper cannot open its vault$' 'a folder that is no vault is 66, and the helper itself says nothing'
if [ "$san" ]; then
	skip 'a sanitizer fails under a tracer before the helper can'
else
	run "$tool" trace "$tee" vault
	is "$rc:$out$err" 69: 'a helper under a debugger does not start, and says nothing'
fi

# --- a helper in a session ---
mkfifo in
holding() {	# a helper, until `let_go`
	: >held
	"$tool" hold "$1" vault <in >held 2>&1 &
	holder=$!
	exec 9>in
	for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s held ] && break; sleep 0.1; done
	read -r pid mask class <held
}
let_go() { exec 9>&-; wait "$holder"; }
holding "$tee"
like "$pid $mask $class" '^[0-9]+ [0-9a-f]+ software$' 'a helper says HELLO'
is "$(tr '\0' ' ' <"/proc/$pid/cmdline")" 'bl-tee ' 'with no arguments'
if holds 10; then
	for task in /proc/"$pid"/task/*; do
		is "$(sed -n 's/^Seccomp:[[:space:]]*//p' "$task/status")" 2 'each of its threads is under the filter'
		is "$(sed -n 's/^NoNewPrivs:[[:space:]]*//p' "$task/status")" 1 'and can gain no privileges'
		is "$(sed -n 's/^Cap[A-Z][a-z]*:[[:space:]]*0*$/none/p' "$task/status" | grep -c none)" 5 'and has no capability of any kind'
	done
else
	skip 'no system call filter on this machine or in this build'
fi
if [ "$(id -u)" = 0 ] && holds 7; then
	is "$(ls -A "/proc/$pid/root/")" '' 'its root directory is empty'
	is "$(cat "/proc/$pid/environ")" '' 'its environment is empty'
	is "$(for f in /proc/"$pid"/fd/*; do readlink "$f" | sed -E 's/:\[.*//; s/.*\/vault/vault/'; done | sort | tr '\n' ' ')" \
		'/dev/null /dev/null /dev/null socket vault/cells vault/checkpoint vault/journal vault/snapshot ' 'it holds its socket and the vault, and nothing else'
else
	skip 'only root can look into a helper with an empty root'
fi
let_go
ok '[ ! -d /proc/$pid ]' 'it ends with its session'

# --- attacks ---
start() {	# uid program mode: $pid $plain $hidden $mask
	: >told
	if [ "$1" = "$(id -u)" ]; then "$2" victim "$3" >told & else "$tool" as "$1" "$2" victim "$3" >told & fi
	pid=$!
	for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s told ] && break; sleep 0.1; done
	read -r plain hidden mask <told
}
attack() { if [ "$1" = "$(id -u)" ]; then "$tool" attack "$pid" "$2"; else "$copy" attack "$pid" "$2"; fi; }
as() { u=$1; shift; if [ "$u" = "$(id -u)" ]; then "$@"; else "$tool" as "$u" "$@"; fi; }
stop() { kill -KILL "$pid"; wait "$pid" 2>/dev/null; }
denied='^vm_readv EPERM mem EACCES ptrace EPERM $'
try() { as "$1" "$copy" attack "$pid" "$2" | tr '\n' ' '; }

cp "$tool" copy && chmod 755 copy && copy=$PWD/copy
me=$(id -u) victim=$me
[ "$me" = 0 ] && victim=65533 other=65534
if [ "$me" = 0 ] && ! "$tool" as "$victim" /bin/true; then skip_all 'this root cannot become another user'; fi

start "$victim" "$copy" plain
got=$(try "$victim" "$plain")
if [ "$got" != 'vm_readv the secret mem the secret ptrace the secret ' ]; then
	skip "a user cannot read his own processes here at all: $got"
	stop
else
	tap 0 'the attack reads all three ways from a process of its own uid that does not defend itself'
	stop
	start "$victim" "$copy" locked
	if holds $NODUMP; then
		like "$(try "$victim" "$plain")" "$denied" 'and none from a locked one'
		like "$(try "$victim" "$hidden")" "$denied" 'nor its keys'
	else
		skip 'this build or machine does not lock down'
	fi
	stop
fi
if [ "$me" != 0 ]; then
	skip 'attacks by another uid and on a root-owned 0711 file need root'
	done_testing
fi
start "$victim" "$copy" plain
like "$(try "$other" "$plain")" "$denied" 'another uid reads nothing, locked or not'
stop
cp "$tool" unreadable && chmod 711 unreadable
start "$victim" "$PWD/unreadable" plain
like "$(try "$victim" "$plain")" "$denied" 'a root-owned 0711 program is closed to its own uid from the first instruction'
stop
start "$victim" "$PWD/unreadable" locked
if holds $NODUMP; then
	ok 'holds $UNREADABLE' 'it knows that it is'
	like "$(try "$victim" "$plain")" "$denied" 'and stays closed once locked'
	like "$(try "$other" "$plain")" "$denied" 'to another uid as well'
	like "$(try 0 "$plain")" 'mem the secret' 'root reads rows: this class of helper does not hold against root'
	if holds $SECRETMEM; then
		unlike "$(try 0 "$hidden")" 'the secret' 'but not keys, unless he runs code inside'
	else
		skip 'no memfd_secret on this machine'
	fi
else
	skip 'this build or machine does not lock down'
fi
stop
cp "$tee" bl-tee && chmod 711 bl-tee
chown -R "$victim" vault
if [ "$san" ]; then
	skip 'a sanitizer fails under a tracer before the helper can'
else
	run "$tool" as "$victim" "$copy" trace "$PWD/bl-tee" vault
	is "$rc" 69 'an unreadable helper under a debugger does not start either'
fi
run "$tool" as "$other" "$copy" hold "$PWD/bl-tee" vault
exits 66 'a vault is closed to other users'
done_testing
