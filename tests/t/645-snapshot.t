#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The vault's snapshot, from outside: whatever happens to it, what was counted stays counted, and nobody needs it.
. "$(dirname "$0")/../tap.sh"
. "$top/tests/world.sh"
world || { ok false 'a table is sealed'; done_testing; }
count='select count(*) as n from people'
left() { bl-query -i analyst.pem -V vault --explain "$count" people.blf 2>&1 | grep ' left: '; }
refused() { ask "select name from people where id = $1"; [ "$rc" = 77 ]; }

ask "$count"
exits 0 'a question is answered'
answer=$out
for i in 1 2 3 4 5 6; do refused $i || break; done
is "$i$(left)" '6refusals left: 94 of 100' 'six refusals are counted'
ok '[ -s vault/snapshot ]' 'by then there is a snapshot'
cp vault/snapshot early
for i in 7 8 9 10 11 12 13 14; do refused $i || break; done
is "$i$(left)" '14refusals left: 86 of 100' 'eight more are counted'
ok '! cmp -s early vault/snapshot' 'and there is a newer one'
ok '! grep -q SHA256 vault/snapshot' 'which names nobody'

cp -R vault kept
for how in 'cp early vault/snapshot' ': >vault/snapshot' 'rm vault/snapshot' 'head -c 1000 early >vault/snapshot' 'head -c 100000 /dev/urandom >vault/snapshot' \
	'rm vault/snapshot; ln -s journal vault/snapshot' 'rm vault/snapshot; mkdir vault/snapshot' 'rm vault/snapshot; mkfifo vault/snapshot' \
	'printf x | dd of=vault/snapshot bs=1 seek=2000 conv=notrunc 2>.dd' 'bl-keygen -q -V other; cp kept/snapshot other/; cp early vault/snapshot; rm -r other'; do
	rm -rf vault && cp -R kept vault
	eval "$how"
	is "$(left)" 'refusals left: 86 of 100' "after $how nothing is forgotten"
	ask "$count"
	is "$rc:$out" "0:$answer" 'and the question has its answer'
	run bl-audit verify -q -V vault
	exits 0 'in a journal that verifies'
done

# Another vault's, and a journal that was cut under a snapshot of all of it.
rm -rf vault && cp -R kept vault
bl-keygen -q -V other && cp vault/snapshot other/snapshot
bl-ingest -q -i owner.pem -p policy.json -r other/helper.pub -o other.blf people.csv
run bl-query -i analyst.pem -V other "$count" other.blf
is "$rc:$out" "0:$answer" "another vault's snapshot stops nothing"
is "$(bl-query -i analyst.pem -V other --explain "$count" other.blf 2>&1 | grep ' left: ')" 'refusals left: 100 of 100' 'and counts for nothing'
head -n 9 kept/journal >vault/journal
ok '[ "$(left)" != "refusals left: 86 of 100" ]' 'a snapshot does not bring back what was cut from the journal'
run bl-audit verify -V vault
exits 1 'which its checkpoint tells'

# Damage before the snapshot is for an auditor to find, or for a helper that has none.
rm -rf vault && cp -R kept vault
sed '3s/"kind":"/"kind":"x/' vault/journal >j && cat j >vault/journal
run bl-audit verify -V vault
exits 1 'an entry changed long ago is found by an auditor'
rm vault/snapshot
ask "$count"
is "$rc:$out" 65: 'and by a helper without a snapshot'
done_testing
