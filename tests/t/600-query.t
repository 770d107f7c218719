#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Questions, from the command line to the answer: what the policy allows is answered, with a receipt; what it does not is
# refused politely, and nothing of it comes out.
. "$(dirname "$0")/../tap.sh"
. "$top/tests/world.sh"
world || { ok false 'a table is sealed'; done_testing; }

# --- answers ---
ask 'select sex, count(*) as n from people group by sex order by sex'
exits 0 'a grouped count is answered'
is "$out" "$(awk -F, 'NR > 1 { n[$4]++ } END { print "sex,n"; print "female," n["female"]; print "male," n["male"] }' people.csv)" 'as it is in the table'
like "$err" 'note: groups and cells that fail min_entities are withheld$' 'and says that groups may be withheld, whether or not any was'
ask -q 'select count(*) from people'
is "$rc:$err" '0:' '-q keeps the note to itself'
ask -f jsonl 'select region, count(*) as n from people group by region order by n desc, region limit 2'
exits 0 'JSON lines'
is "$(printf '%s\n' "$out" | wc -l)" 2 'one object a row'
like "$out" '^\{"region":"[a-z]+","n":[0-9]+,"_suppressed":""\}$' 'with the column that tells withheld from empty'
ask -f json 'select count(*) from people'
like "$out" '"schema":"bl-query/1"' 'one JSON document names its schema'
ask -f table 'select sex, avg(age) as mean from people group by sex order by sex'
like "$(printf '%s\n' "$out" | head -1)" '^sex +mean$' 'a table has a head, and no column that says what its dots show'
run bl-query -i analyst.pem -V vault - people.blf
exits 64 'SQL from an empty standard input is wrong usage'
echo 'select count(*) from people' | bl-query -q -i analyst.pem -V vault - people.blf >.out
is "$(sed -n 2p .out)" 1200 'SQL is read from the standard input'
ask 'select count(*) from t' t=people.blf
exits 0 'NAME=FILE renames the table'
ask 'select count(*) from people' t=people.blf
exits 64 'then the old name is gone'

ask -q 'select age, region, smoker, count(*) from people group by 1, 2, 3 order by 4 desc, 1, 2, 3'
ok '[ $rc = 0 ] || [ $rc = 77 ]' 'many groups are sorted inside the sandbox'

# --- receipts ---
ask -o n.jsonl --receipt r.json 'select count(*) as n from people'
is "$rc:$out" '0:' 'with -o nothing goes to the standard output'
run bl-attest verify --key vault/helper.pub --output n.jsonl r.json
exits 0 'the receipt verifies, with the published answer'
ask -o m.csv 'select count(*) as n from people where age > 50'
ok '[ -f m.csv.receipt.json ]' '-o keeps the receipt beside the answer'
run bl-attest verify --key vault/helper.pub --output n.jsonl m.csv.receipt.json
exits 1 'a receipt of another answer does not'
run bl-audit verify -V vault
exits 0 'the journal verifies'

# --- refusals ---
refused() {	# SQL, what stderr must say, promise
	ask "$1"
	is "$rc:$out" '77:' "$3"
	like "$err" "$2" 'and the message names the rule'
}
refused 'select name from people' "people.blf: refused: uses \(no column 'name'" 'a hidden column is refused'
refused 'select age from people' 'refused: uses .*needs project' 'bare rows are refused'
refused 'select * from people' 'refused: ' 'a bare star is refused'
refused 'select min(age) from people' 'refused: functions' 'a minimum is one person'
refused 'select id, sum(cost) from people group by id' 'refused: ' 'grouping by the entity is refused'
refused 'select avg(cost) from people where id = 1' 'refused: min_entities \(10\), release\.all\[0\]' 'a question about one person is refused'
refused 'select avg(cost) from people where id <> 1' 'refused: min_entities' 'and so is one about everybody else'
refused 'select sum(case when id = 1 then cost else 0 end) from people' 'refused: ' 'an indicator is a filter in other words'
ask 'select count(name) from people'
a=$err
ask 'select count(naem) from people'
is "$(printf '%s' "$err" | sed 's/naem/name/g')" "$a" 'a hidden column and one that does not exist look alike'
ask -o keep.csv 'select avg(cost) from people where id = 1'
ok '[ ! -e keep.csv ] && [ ! -e keep.csv.receipt.json ]' 'a refused question leaves no file'
echo old >keep.csv
ask -o keep.csv 'select avg(cost) from people where id = 1'
is "$(cat keep.csv)" old 'and keeps the one that was there'
ask 'select region, count(*) from people group by region order by region'
is "$rc" 0 'small groups are withheld, the rest is answered'
unlike "$out" island 'the smallest region is not in the answer'

# --- who ---
bl-keygen -q -o mallory.pem
run bl-query -i mallory.pem -V vault 'select count(*) from people' people.blf
is "$rc:$out" '77:' 'somebody whom the policy does not name is refused'
like "$err" 'refused: principals' 'by that rule'
run bl-query -i mallory.pem -V vault --schema people.blf
is "$rc:$out" '77:' 'and is not told the columns either'
bl-keygen -q -V other
run bl-query -i analyst.pem -V other 'select count(*) from people' people.blf
is "$rc:$out" '77:' 'another vault cannot open the file'
like "$err" 'not sealed to this vault' 'and says so'

# --- before any data ---
cp vault/journal journal.before
ask --explain 'select sex, avg(cost) from people group by sex'
exits 0 '--explain of an allowed question exits 0'
like "$out" 'min_entities' 'and names the rules that will be tested'
ask -n 'select min(age) from people'
exits 77 '--explain of a refused one exits as the question would'
ask --explain --json 'select count(*) from people'
ok 'printf %s "$out" | python3 -m json.tool >/dev/null 2>&1 || ! command -v python3 >/dev/null' 'JSON for machines'
run bl-query -i analyst.pem -V vault --schema 'select 1' people.blf
exits 64 '--schema takes no SQL'
run bl-query -i analyst.pem -V vault --schema people.blf
exits 0 '--schema shows the columns'
like "$out" 'age' 'that may be used'
unlike "$out" 'name +text' 'and not the hidden one'
ok 'cmp -s journal.before vault/journal' 'none of it is an entry of the journal'

# --- SQL ---
ask 'select count(* from people'
exits 64 'SQL that does not parse is wrong usage'
like "$(printf '%s\n' "$err" | sed -n 3p)" '^ +\^$' 'with a caret under the place'
ask 'select count(*) from people join people on true'
exits 64 'a join is refused by name'
like "$err" 'not supported' 'as such'
ask 'select count(*) from people' people.blf people.blf
exits 64 'two files are refused by name'

# --- this machine ---
bl-query -q -i analyst.pem -V vault 'select count(*) from people' people.blf >/dev/full 2>.err
is $? 74 'a full disk is 74'
run bl-query -i analyst.pem -V nowhere 'select count(*) from people' people.blf
exits 66 'a vault that is not there cannot be opened'
run bl-query -i analyst.pem -V vault 'select count(*) from people' nowhere.blf
exits 66 'nor can a file'
run bl-query -i analyst.pem -V vault 'select count(*) from people' people.csv
exits 65 'a CSV is no sealed file'
run bl-query -i analyst.pem -V vault -H proc:/nonexistent 'select count(*) from people' people.blf
exits 69 'without a helper there is no answer'
run bl-query -i analyst.pem -V vault -H proc:/bin/true 'select count(*) from people' people.blf
ok '[ $rc = 69 ] || [ $rc = 76 ]' 'nor with a program that is none'
run bl-query -i analyst.pem -V vault -H unix:/x 'select count(*) from people' people.blf
exits 64 'an address that is not built is refused by name'
run bl-query -V vault 'select count(*) from people' people.blf
exits 64 'an identity is needed'
run bl-audit verify -V vault
exits 0 'after all that the journal verifies'

# --- what is never written over, and what is settled before anything is asked ---
cp analyst.pem key.copy
for target in analyst.pem people.blf vault/journal vault/helper.key vault/new; do
	asked=$(wc -l <vault/journal)
	ask -o $target 'select count(*) from people'
	exits 64 "-o $target is wrong usage"
	ask --receipt $target 'select count(*) from people'
	exits 64 'and so is --receipt'
	is "$(wc -l <vault/journal)" "$asked" 'nothing was asked'
done
ok 'cmp -s analyst.pem key.copy' 'the private key is as it was'
echo 'select count(*) from people' >q.sql
bl-query -q -i analyst.pem -V vault -o q.sql - people.blf <q.sql 2>/dev/null
is $? 64 'nor is SQL that is read'
for where in '-o nowhere/a.csv' '-o a.parquet' '-o - --receipt -' '--receipt -' '-o a --receipt a'; do
	asked=$(wc -l <vault/journal)
	ask $where 'select count(*) from people'
	ok "[ $rc = 64 ] || [ $rc = 73 ]" "$where has nowhere to go"
	is "$out:$(wc -l <vault/journal)" ":$asked" 'which is found out before the question is asked'
done
ask -o - --receipt r2.json 'select count(*) from people'
is "$rc:$(printf '%s\n' "$out" | sed -n 2p)" 0:1200 'the answer to the standard output, the receipt to a file'

# --- carets ---
ask "select $(printf '%3000s' | tr ' ' '1')+nothing( from people"
exits 64 'a long line with a mistake'
ok "[ $(printf '%s\n' "$err" | awk '{ if (length > n) n = length } END { print n }') -lt 120 ]" 'is not printed as a whole'
like "$err" '^  \.\.\.1+\+nothing\( from people$' 'but around the place'
ask ''
is "$rc:$(printf '%s\n' "$err" | wc -l)" 64:1 'SQL that is empty has no place'
ask 'select count(*) from people where region = "north"'
like "$err" 'hint: double quotes name a column' 'text in double quotes is explained'
ask "select count(*) from people where region == 'north'"
like "$err" 'hint: what is equal is compared with one =' 'and so is a =='
ask "select nobody from people where region = 'north' and region <> 'south' and cost > 10 and visits > 2"
like "$err" "^  select nobody from people where region = 'north' and region <> 'south' and cost > 10 and visits > 2$" 'a line that fits is whole'
ask -f csv --explain 'select count(*) from people'
exits 64 'an explanation is not printed as csv'
ask -f json --explain 'select count(*) from people'
like "$out" '"schema": "bl-explain/1"' '-f json is --json'
ask --schema --json
like "$out" '"schema": "bl-schema/1"' 'each document names its schema'
is "$(bl-query -i analyst.pem -V vault --schema --json people.blf | tail -c 2 | od -An -tx1 | tr -d ' ')" 7d0a 'and ends with its line'
run bl-attest show r2.json
like "$out" '^rule +min_entities 10 \(release' 'a receipt has the rules with what they ask'
like "$out" "^build +$(sha256sum <"$bin/bl-tee" | cut -d' ' -f1)\$" 'and the hash of the helper that made it'
run bl-audit show -V vault --kind verdict
like "$out" ' refuse people request [0-9a-f]{12} by min_entities' 'the journal tells which rules refused'
ask --explain --json 'select name from people'
is "$rc" 77 'a question that is refused before it is planned'
like "$out" '"verdict": "refuse"' 'is explained in JSON as every other'
bl-keygen -q -o stranger.pem
run bl-query -i stranger.pem -V vault --explain --json 'select count(*) from people' people.blf
is "$rc" 77 'so is a question of somebody who may not ask'
like "$out" '"message": "refused: principals \(this identity may not ask\)"' 'and why'
like "$err" 'hint: its owner has to list the fingerprint' 'and what would help'
ask --explain 'select name from people'
like "$out" '^refusals left' 'an explanation does not begin with an empty line'
run bl-query -i analyst.pem -V . 'select count(*) from people' people.blf
exits 66 'a folder that is no vault'
like "$err" "hint: a vault is a folder that 'bl-keygen -V' made" 'is told what one is'
done_testing
