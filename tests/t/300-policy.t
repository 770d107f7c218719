#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bl-policy: lint, show, new, attach.
. "$(dirname "$0")/../tap.sh"

# --- lint ---
cat >good.json <<'J'
{ "version": 1, "entity": "id", "columns": { "city": { "uses": ["group"] } },
  "release": { "all": [ { "min_entities": 10 }, { "differencing": {} } ] },
  "expires": "2030-01-01T00:00:00Z", "tee": { "class": "software" } }
J
run bl-policy lint good.json
exits 0 "a policy with nothing but warnings passes"
is "$out" "good.json: W07 tee.class: 'software' does not hold against root on the helper's machine" "warnings are named with their place"
is "$err" "" "and nothing else is said"
run bl-policy lint --strict good.json
exits 78 "--strict fails on warnings"
sed 's/10 }/6 }/; s/"expires"/"mitigate": { "round": 5 }, "expires"/' good.json >e05.json
run bl-policy lint e05.json
exits 78 "a contradiction is exit 78"
like "$out" '^e05.json: E05 mitigate.round: .*a k like 8$' "suppress below 6, round 5: E05 proposes 8"
is "$err" "bl-policy: 'e05.json' has errors" "one line says so on stderr"
run bl-policy lint good.json e05.json
exits 78 "one bad policy among several fails"
is "$err" "bl-policy: 1 of 2 policies have errors" "and they are counted"
printf '{"version":1,"entity":"id","colums":{}}' >typo.json
run bl-policy lint typo.json
exits 78 "an unknown member is exit 78"
is "$out" "typo.json: E01 colums: no such member (did you mean 'columns'?)" "with its path and the nearest name"
printf '{"version":1}' >none.json
run bl-policy lint none.json
like "$out" '^none.json: E02 entity: missing$' "no entity is E02"
printf '{"version":1,"entity":"id","title":"\302\233\\u007f"}' >ctrl.json
run bl-policy lint ctrl.json
exits 78 "control characters are refused"
printf '{"version":1,"entity":"id","columns":{"a\302\233b":{"uses":["x"]}}}' >ctrl.json
run bl-policy lint ctrl.json
is "$out" "ctrl.json: E01 columns.a?b.uses[0]: not one of: project filter group join aggregate train infer" "names cannot steer a terminal"
run bl-policy lint --json e05.json typo.json
exits 78 "--json has the same exit"
like "$out" '"schema": "bl-policy-lint/1"' "and a schema"
like "$out" '"path": "mitigate.round"' "and the places"
run sh -c 'bl-policy lint - <good.json'
exits 0 "- is the standard input"
run bl-policy lint missing.json
exits 66 "a file that is not there is exit 66"
run bl-policy lint
exits 64 "no file is wrong usage"
run bl-policy lnt good.json
exits 64 "an unknown command is wrong usage"
like "$err" "did you mean 'lint'" "with a spelling"
run sh -c 'bl-policy lint good.json >/dev/full'
exits 74 "a full disk is exit 74"
head -c 300000 /dev/zero | tr '\0' ' ' >long.json
run bl-policy lint long.json
like "$out" "E01 longer than 262144 bytes" "a policy is at most 256 KiB"

# --- every member that nothing enforces is named ---
for m in '"dp":{}' '"review":{}' '"otherwise":"review"' '"template":"gdpr"' '"requires":{}' '"amend":{"of":["SHA256:x8fuzt/N/biYNglWwwjpeBJ7On0+DFNrqs7zKmqmGnM"],"n":1}' \
	'"expressions":"polynomial"'; do
	printf '{"version":1,"entity":"id","release":{"min_entities":10},%s}' "$m" >m.json
	n=${m#\"}; n=${n%%\"*}
	run bl-policy lint m.json
	ok "test $rc = 78 && printf '%s\n' \"\$out\" | grep -q 'E17 $n: .*not enforced by this version'" "E17 names $n"
done

# --- examples ---
for f in "$top"/policies/*.json; do
	run bl-policy lint "$f"
	exits 0 "policies/${f##*/} passes lint"
	run bl-policy show "$f"
	ok 'test $rc = 0 && test -z "$err"' "policies/${f##*/} is shown"
done
if [ -d "$shared/examples/policies" ]; then
	for f in "$shared"/examples/policies/*.json; do
		run bl-policy lint "$f"
		ok 'test $rc = 0 || { test $rc = 78 && printf "%s\n" "$out" | grep -q ": E17 " && ! printf "%s\n" "$out" | grep ": E" | grep -qv ": E17 "; }' \
			"${f##*/} passes lint, or is refused only for what is not enforced yet"
		run bl-policy show "$f"
		exits 0 "${f##*/} is shown"
	done
else
	skip "the shared example policies are absent"
fi

# --- show ---
run bl-policy show "$top/policies/suppressed-k8-round5.json"
like "$out" 'at least 8 entities are in every cell' "show says the threshold"
like "$out" 'Counts are rounded to multiples of 5' "and the mitigations"
like "$out" 'one of these purposes: annual report, quality' "and the purposes"
like "$out" 'At most 30 refused or cut answers of one asker' "and the budget"
like "$out" 'three or more, taken together' "and what it does not protect"
run bl-policy show --json "$top/policies/public.json"
like "$out" '"schema": "bl-policy-show/1"' "show --json has a schema"
like "$out" '"hash": "[0-9a-f]{64}"' "and the hash that is signed"
run bl-policy show e05.json
exits 0 "a policy with errors is shown too"
is "$err" "bl-policy: 'e05.json' has errors: see bl-policy lint" "and it is said that it has some"
run bl-policy show typo.json
exits 78 "what is no policy is exit 78"
run bl-policy show good.json e05.json
exits 64 "show takes one policy"

# --- new ---
run bl-policy new
exits 0 "new prints a policy"
printf '%s' "$out" >new.json
run bl-policy lint new.json
exits 0 "that passes lint"
run bl-policy show new.json
like "$out" 'Every column is hidden' "and hides every column"
like "$out" 'at least 10 entities' "with a threshold of 10"
like "$out" 'At most 100 refused' "and 100 refusals"
printf '\357\273\277id,"last, ""first""",Stra\303\237e\r\n1,x,y\r\n' >t.csv
run bl-policy new --schema t.csv --entity id -k 25 --name people
exits 0 "new takes the names of the columns from a table"
like "$out" '"last, \\"first\\"": \{ "uses": \[\] \}' "quoted ones too"
like "$out" '"dataset": "people"' "and the table's name"
like "$out" '"k": 25' "and the threshold"
is "$err" "" "with an entity nothing is left to say"
unlike "$out" '"x"' "no value of the table is in it"
run bl-policy new --schema t.csv --entity ID
exits 64 "an entity that is no column is wrong usage"
printf 'a,a\n' >twice.csv
run bl-policy new --schema twice.csv
exits 65 "two columns of one name are exit 65"
is "$out" "" "and print nothing"
: >empty.csv
run bl-policy new --schema empty.csv
exits 65 "a table without a first line is exit 65"
run bl-policy new -k 0
exits 64 "a threshold of 0 is wrong usage"
run bl-policy new --name "$(printf 'a\nb')"
exits 78 "a name no table can have is exit 78"
run bl-policy new --entity row
like "$out" '"entity": \["row"\]' "a column called row is not the rows"
run bl-policy new -o out.json --entity id
ok 'test $rc = 0 && test -s out.json && test -z "$out"' "-o writes a file"
cp t.csv keep.csv
run bl-policy new --schema t.csv -o t.csv
exits 64 "-o refuses to be the input"
ok 'cmp -s t.csv keep.csv' "and leaves it alone"

# --- attach ---
run bl-policy attach -p new.json x.blf
exits 64 "attach needs an identity"
run bl-policy attach -i x.pem -p new.json -o y.blf x.blf
exits 66 "and a file that is there"
bl-keygen -q -o owner.pem && bl-keygen -q -o other.pem || { diag "bl-keygen failed"; exit 1; }
printf 'not sealed' >plain
run bl-policy attach -i owner.pem -p new.json -o y.blf plain
exits 65 "what is not sealed is exit 65"
printf 'id,city\n1,Oslo\n2,Bergen\n3,Oslo\n' >people.csv
if [ -x "$bin/bl-ingest" ] && bl-keygen -q -V vault && bl-ingest -q -i owner.pem -p good.json -r vault/helper.pub --name people -o people.blf people.csv 2>.ingest; then
	sed 's/"version": 1/"version": 2/' good.json >two.json
	run bl-policy lint people.blf
	exits 0 "lint reads the policy of a sealed table"
	run bl-policy show people.blf
	like "$out" '^Table people, policy version 1,' "so does show"
	run bl-policy attach -i owner.pem -p two.json -n people.blf
	ok 'test $rc = 0 && test -z "$out"' "-n checks and writes nothing"
	run bl-policy attach -i owner.pem -p two.json -o people2.blf people.blf
	exits 0 "the owner attaches a higher version"
	run bl-policy show people2.blf
	like "$out" 'policy version 2,' "the new file has it"
	run sh -c 'bl-policy attach -i owner.pem -p two.json - <people.blf >piped.blf'
	ok 'test $rc = 0 && cmp -s piped.blf people2.blf' "through pipes it is the same file"
	run bl-policy attach -i owner.pem -p two.json -o people3.blf people2.blf
	exits 78 "an equal version is exit 78"
	ok '! test -e people3.blf' "and no file is made"
	run bl-policy attach -i other.pem -p two.json -o people3.blf people.blf
	exits 77 "another key is exit 77"
	sed 's/"group"/"train"/; s/city/town/' two.json >town.json
	run bl-policy attach -i owner.pem -p town.json -o people3.blf people.blf
	exits 78 "a column that the table lacks is exit 78"
	for target in owner.pem two.json; do
		run bl-policy attach -i owner.pem -p two.json -o $target people.blf
		exits 64 "attach does not write over $target"
	done
	run bl-keygen -l -i owner.pem
	exits 0 "which is as it was"
	run bl-policy attach -i owner.pem -p two.json -o people.blf people.blf
	exits 64 "-o refuses to be the sealed file"
	head -c -9 people.blf >short.blf
	run bl-policy attach -i owner.pem -p two.json -o people3.blf short.blf
	ok 'test $rc = 65 && ! test -e people3.blf' "a file cut short is exit 65, and no file is made"
	printf 'X' | dd of=people.blf bs=1 seek=100 conv=notrunc 2>/dev/null
	run bl-policy show people.blf
	ok 'test $rc = 65 && test -z "$out"' "a header that was altered is exit 65 and shows nothing"
else
	skip "no table could be sealed here: $(head -1 .ingest 2>/dev/null)"
fi
done_testing
