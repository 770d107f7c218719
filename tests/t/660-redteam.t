#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What an analyst who means harm may try with the programs as they are, on a table of 400 people: to learn the income of person
# 137, or whether 137 is sick, from a few answers. Every attack starts with a new journal.
. "$(dirname "$0")/../tap.sh"
. "$top/tests/world.sh"

# --- a table: 400 people, one row each; incomes of a few units for 40 of them, and for 137 a large one ---
awk 'BEGIN { print "id,team,sick,step,income,born,note"
	for (i = 1; i <= 400; i++) printf "%d,%s,%d,%d,%s,%d,%s\n", i, substr("abcd", i % 4 + 1, 1), i % 3 == 2, i % 2 ? 2 : 3,
		i == 137 ? "5000.25" : i % 10 == 3 ? "0.5" : 1000 + i % 7 * 10 ".5", 1950 + i % 40, i % 5 == 4 ? "" : "n" i % 6 }' >t.csv
bl-keygen -q -o owner.pem && bl-keygen -q -o analyst.pem || exit 1
fpr=$(bl-keygen -l -i analyst.pem)
plan() {	# NAME RELEASE MORE
	cat >"$1.json" <<EOT
{ "version": 1, "dataset": "t", "entity": "id",
  "columns": { "*": { "uses": ["filter", "group", "aggregate"], "class": "quasi" } },
  "principals": [{ "role": "analyst", "key": "$fpr" }], "tee": { "class": "software" },
  "release": { "all": [{ "min_entities": 10 }, $2] }$3 }
EOT
	bl-keygen -q -V "$1.vault" && bl-ingest -q -i owner.pem -p "$1.json" -r "$1.vault/helper.pub" -o "$1.blf" t.csv && cp -a "$1.vault" "$1.new"
}
rules='{ "dominance": { "p_percent": 10 } }, { "differencing": { "k": 10 } }'
plan k "$rules" '' && plan s "$rules" ', "mitigate": { "suppress": { "secondary": true } }' &&
	plan r '{ "zeros": "suppress" }' ', "mitigate": { "round": 20 }' || { ok false 'the table is sealed'; done_testing; }
new() { rm -rf "$1.vault"; cp -a "$1.new" "$1.vault"; }
q() { p=$1; shift; run bl-query -q -f csv -i analyst.pem -V "$p.vault" "$@" "$p.blf"; }
values() { printf '%s\n' "$out" | tail -n +2; }
answered() { q "$1" "$2"; is "$rc" 0 "${3:-answered: $2}"; }
refused() { q "$1" "$2"; is "$rc$out" 77 "refused: ${3:-$2}"; }
alone() { new "$1"; refused "$@"; }
fine() { new "$1"; answered "$@"; }
# two PLAN FIRST SECOND: the first is answered, then the second is not, and the other way round.
two() {
	new "$1"; answered "$1" "$2"; refused "$1" "$3" "then $3"
	new "$1"; answered "$1" "$3"; refused "$1" "$2" "then $2"
}

# --- one person by one answer ---
alone k 'select sum(income) from t where id = 137'
alone k 'select sum(income) from t where id <> 137' 'everybody but one'
alone k 'select case when id = 137 then 1 else 0 end, sum(income) from t group by 1' 'a group that holds one'
alone k "select count(*) from t where id in (137) or 1 = 2"
alone k 'select count(*) filter (where id <> 137) from t' 'a condition with another spelling'
alone k 'select sum(case when id <> 137 then income end) from t'
alone k 'select sum(income * (1 - cast(id = 137 as int))) from t' 'an indicator as a factor'
alone k 'select team from t group by team having sum(case when id = 137 then income end) > 4000' 'an aggregate that only decides'
alone k 'select team from t group by team order by sum(case when id = 137 then income end)'
alone k 'select max(income) from t'
alone k 'select sum(income) from t where income < 1 or id = 137' 'one who dominates: 137 among small ones'
alone k 'select id, count(*) from t group by id'
alone k 'select bin(id, 9), count(*) from t group by 1'
alone s 'select id, sum(income) from t group by id'
alone s 'select sum(income) from t where id = 137'

# --- one person by several cells of one answer ---
alone k 'select sum(born) filter (where id < 137) + sum(born) filter (where id > 137) from t' 'two halves that leave one'
alone k 'select sum(born) filter (where id < 137), sum(born) filter (where id > 137), sum(born) from t' 'two halves and the whole'
alone k 'select count(*) filter (where id < 137 and sick = 1), count(*) filter (where id > 137 and sick = 1), count(*) filter (where sick = 1) from t'
alone k 'select avg(born) filter (where id < 137), avg(born) filter (where id >= 138), avg(born) from t' 'averages of halves'
alone k 'select variance(born) filter (where id < 137), variance(born) filter (where id > 137), avg(born) from t'
alone k 'select count(distinct id) filter (where id < 137 and sick = 1), count(distinct id) filter (where id > 137 and sick = 1), count(*) filter (where sick = 1) from t'
alone k 'select sum(born) filter (where id <= 200), sum(born) filter (where id > 200 or id = 137), sum(born) from t' 'two halves that share one'
alone k 'select sum(born) filter (where id < 100), sum(born) filter (where id between 100 and 136), sum(born) filter (where id between 138 and 200), sum(born) filter (where id <= 200) from t' 'three parts'
alone k "select team, sum(born) filter (where id < 137), sum(born) filter (where id > 137) from t group by team" 'halves of groups'
alone k 'select sum(income), sum(income) filter (where not (id = 137 or income < 1)) from t' 'the rest of a sum that one dominates'
q s 'select sum(born) filter (where id < 137) a, sum(born) filter (where id > 137) b, count(*) n from t'
is "$(values)" ',,400' 'with suppression the halves are withheld, the count is not'
fine k 'select count(*) filter (where sick = 1), count(*) filter (where team = '"'a'"'), avg(born) filter (where sick = 0), avg(born) from t' 'honest conditions side by side are answered'
fine k 'select team, count(*), avg(born), sum(case when sick = 1 then 1 else 0 end), count(*) filter (where born < 1970) from t group by team' 'and by group'

# --- one person by two answers ---
two k 'select count(*) from t where team = '"'a'" 'select count(*) from t where team = '"'a' and id <> 136"
two k 'select sum(born) from t where sick = 1' 'select sum(born) from t where sick = 1 and id <> 137'
two k 'select avg(born) from t where sick = 1' 'select sum(born + 1) from t where sick = 1 and id <> 137'
two k 'select count(*) from t where sick = 1' 'select count(*) from t where (sick = 1 and id <> 137) or id between 300 and 309 and sick = 0'
two k 'select count(*) from t where step = 2' 'select sum(step) from t where step = 2 and id <> 137'
two k 'select sum(sick) from t where id <= 200' 'select count(*) from t where id <= 200 and sick = 1 and id <> 137'
new k; answered k 'select sum(sick) from t where id <= 200'
refused k 'select count(*) from t where (id <= 200 and sick = 1 and id <> 137) or id between 301 and 310' 'then a count padded with ten others'
new k; answered k 'select team, count(*) from t group by team'
refused k 'select count(*) from t where id <> 137 and team >= '"''" 'then the union of its groups but one'
two k 'select stddev(born) from t where sick = 1' 'select stddev(born) from t where sick = 1 and id <> 137'
two k 'select count(distinct born) from t where sick = 1' 'select count(distinct born) from t where sick = 1 and id <> 137'
two k 'select count(note) from t where id > 20' 'select count(note) from t where id > 20 and id <> 137'

# --- near questions at once: at most one of them ---
new k
for i in 2 5 8 11 14 17 20 23 26 29 32 35; do
	( bl-query -q -i analyst.pem -V k.vault "select sum(born) from t where sick = 1 and id <> $i" k.blf >n$i 2>/dev/null; echo $? >m$i ) &
done
wait
is "$(cat m? m?? | sort | uniq -c | tr -s ' ' | tr '\n' ';')" ' 1 0; 11 77;' 'of twelve sums at once that lack one person each, one is answered'

# --- people with many rows: 60 cards, a row a month; c7 has two in May ---
awk 'BEGIN { print "tx,card,month,amount"
	for (c = 1; c <= 60; c++) for (m = 1; m <= 6; m++) printf "%d,c%d,%d,%d.5\n", c * 10 + m, c, m, 20 + c * m % 9
	print "77,c7,5,31.5" }' >cards.csv
sed 's/"dataset": "t", "entity": "id"/"dataset": "cards", "entity": "card"/' k.json >c.json
bl-keygen -q -V c.vault && bl-ingest -q -i owner.pem -p c.json -r c.vault/helper.pub -o c.blf cards.csv && cp -a c.vault c.new
alone c "select sum(amount) from cards where card = 'c7'"
alone c 'select sum(amount) filter (where tx <> 77) from cards'
alone c 'select sum(amount) filter (where month <= 3), sum(amount) filter (where month > 3 and tx <> 77), sum(amount) from cards' 'parts and the whole, which has one row more'
alone c 'select count(*) filter (where month = 4), count(*) filter (where month = 5) from cards' 'months that differ by one row'
fine c 'select month, count(*), sum(amount), count(distinct card) from cards where month < 5 group by month' 'months that do not are answered'
fine c 'select sum(amount) filter (where month = 1), sum(amount) filter (where month = 2), avg(amount) from cards'
two c 'select sum(amount) from cards' 'select sum(amount) from cards where tx <> 77'
two c 'select count(*) from cards where month >= 5' 'select count(*) from cards where month >= 5 and tx <> 77'
new c; answered c 'select month % 2, sum(amount) from cards group by 1'
refused c 'select sum(amount) from cards where tx <> 77' 'then the union of its groups without a row'

# --- rounding ---
new r; q r 'select count(*), sum(step), avg(step), sum(sick) from t where step = 2 and sick = 1'
is "$(values)" '60,120,2,60' 'sums of one number are rounded as the counts they are'
q r 'select sum(sick + 0.5), sum(3 - sick), sum(cast(sick as double)) from t where sick = 1 and step = 2'
is "$(values)" '90.0,120,60' 'in any affine spelling'

# --- what the policy does not grant ---
sed 's/"\*": {.*/"*": { "uses": ["filter", "group", "aggregate"], "class": "quasi" }, "income": { "uses": ["aggregate"], "functions": ["sum"], "class": "quasi" }, "note": { "uses": [] }, "born": { "uses": ["group", "filter"], "grid": 5, "bin": 10, "class": "quasi" }, "sick": { "uses": ["group"], "class": "quasi" } },/; s/"version": 1/"version": 2/' k.json >u.json
bl-policy attach -q -i owner.pem -p u.json -o u.blf k.blf 2>at.err; is $? 0 "a policy with less: $(cat at.err)"
new k; mv k.vault u.vault
for sql in 'count(income)' 'avg(income)' 'sum(income + 1)' 'sum(income) filter (where income > 1)' 'sum(case when income > 1 then 1 end)' 'count(*) filter (where income is null)' \
	'sum(nullif(income, 1))' 'sum(coalesce(income, 0))' 'sum(cast(income as bigint))' 'sum(greatest(income, 5))' 'sum(income * income)' 'sum(income / born)' \
	'sum(sick)' 'count(*) filter (where sick = 1)' 'sum(cast(sick = 1 as int))' 'sum(case sick when 1 then 1 else 0 end)' 'count(note)' 'count(distinct income)' \
	'sum(income) filter (where coalesce(sick, 1) = 1)'; do
	refused u "select $sql from t"
done
for tail in 'where income > 1' 'where born > 1972' 'where born + 1 > 1971' 'where cast(born as double) > 1970.5' 'where born in (1970, 1971)' 'where bin(born, 7) > 1970' \
	'where born = id' 'where not (born < 1971)' 'where team > '"'b'" 'where team like '"'b%'" 'where left(team, 1) = '"'b'" 'where nullif(sick, 1) is null' \
	'group by born' 'group by bin(born, 5)' 'group by bin(born + 1, 10)' 'group by case when born > 1971 then 1 else 2 end' 'group by born % 10' 'group by cast(born as text)' \
	'group by income' 'group by note' 'group by sick having sick = 1' 'group by case when sick = 1 then 1 end' 'group by least(born, 1973)' 'group by -born' 'order by sum(sick)' \
	'having min(income) > 1' 'where (income > 1) is not null' 'where true or income > 1'; do
	refused u "select count(*) from t $tail"
done
is "$(bl-audit show -V u.vault --kind release --json | wc -l)" 0 'none of them is released'

# --- a refusal is whole ---
new k
q k -o answer.csv --receipt receipt.json 'select sum(income) from t where id = 137'
is "$rc$out" 77 'a refusal prints nothing'
ok '[ ! -e answer.csv ] && [ ! -e receipt.json ] && [ -z "$(ls | grep -E "^\.?(answer|receipt)")" ]' 'and leaves no file, whole or in part'
one=$(bl-query -i analyst.pem -V k.vault 'select count(*) from t where id = 137' k.blf 2>&1) none=$(bl-query -i analyst.pem -V k.vault 'select count(*) from t where id = 999' k.blf 2>&1)
is "$one" "$none" 'who is there and who is not are refused alike'

# --- budgets hold against many at once ---
for kind in refusals requests; do
	new k; rm -rf b.vault; mv k.vault b.vault
	sed "s/\"version\": 1/\"version\": 3, \"budget\": { \"principal\": { \"$kind\": 3 } }/" k.json >b.json
	bl-policy attach -q -i owner.pem -p b.json -o b.blf k.blf
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		case $kind in refusals) sql="select count(*) from t where id = $i" ;; *) sql="select count(*) from t where id > $((i * 20))" ;; esac
		( bl-query -q -i analyst.pem -V b.vault "$sql" b.blf >b$i 2>e$i; echo $? >c$i ) &
	done
	wait
	bl-audit show -V b.vault --json >journal
	case $kind in
	refusals) is "$(cat e? e?? | grep -c 'refused: min_entities')" 3 'of 16 questions at once three are refused by their data, the others by the budget' ;;
	*) is "$(cat c? c?? | grep -c '^0$')" 3 'of 16 questions at once three are answered'
	   is "$(grep -c '"kind":"release"' journal)" 3 'and three released' ;;
	esac
	is "$(grep -c '"kind":"verdict"' journal)" 16 'and each has its verdict'
	bl-audit verify -q -V b.vault; is $? 0 'in a journal that verifies'
done
done_testing
