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
like "$(printf '%s\n' "$out" | head -1)" '^sex +mean +_suppressed$' 'a table has a head'
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
done_testing
