#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One vault, many questions: twice, from two analysts, 32 at once. Every answer is in the journal exactly once.
. "$(dirname "$0")/../tap.sh"
. "$top/tests/world.sh"
world || { ok false 'a table is sealed'; done_testing; }
bl-keygen -q -o second.pem
sed "s/\"principals\": \[/&{ \"role\": \"analyst\", \"key\": \"$(bl-keygen -l -i second.pem | sed 's,[/&],\\&,g')\" }, /; s/\"version\": 1/\"version\": 2/" policy.json >two.json
bl-policy attach -q -i owner.pem -p two.json -o two.blf people.blf || { ok false 'two analysts'; done_testing; }
sql='select sex, count(*) as n from people group by sex order by sex'
releases() { bl-audit show -V vault --kind release --json | wc -l; }
one() { bl-query -q -i "$1" -V vault --receipt "$2" "$sql" two.blf; }

one analyst.pem r1 >a1; is $? 0 'a question is answered'
one analyst.pem r2 >a2; is $? 0 'and answered again'
ok 'cmp -s a1 a2' 'with the same bytes'
one second.pem r3 >a3; is $? 0 'another analyst is answered too'
ok 'cmp -s a1 a3' 'with the same bytes'
is "$(releases)" 3 'three answers, three releases in the journal'
for r in r1 r2 r3; do bl-attest verify -q --key vault/helper.pub $r; done
is $? 0 'each with its receipt'
is "$(bl-audit show -V vault --kind request --json | sed 's/.*"request":"\([0-9a-f]*\)".*/\1/' | sort -u | wc -l)" 1 'the same question has one hash'

i=0
while [ $i -lt 32 ]; do
	case $((i % 2)) in 0) who=analyst.pem ;; *) who=second.pem ;; esac
	( one $who p$i >o$i 2>e$i; echo $? >c$i ) &
	i=$((i + 1))
done
wait
bad=
for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31; do
	[ "$(cat c$i)" = 0 ] && cmp -s a1 o$i && bl-attest verify -q --key vault/helper.pub p$i || bad="$bad $i:$(cat c$i):$(cat e$i)"
done
is "$bad" '' '32 at once: all are answered alike, with receipts that verify'
is "$(releases)" 35 'and each is in the journal exactly once'
is "$(cat p? p?? r1 r2 r3 | sed 's/.*"index":\([0-9]*\).*/\1/' | sort | uniq -d)" '' 'no two receipts name the same entry'
run bl-audit verify -V vault
exits 0 'the journal verifies'
done_testing
