#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Titanic's passengers: answers exact to the last digit beside sqlite3's, and the refusals that everybody tries first.
. "$(dirname "$0")/../tap.sh"
csv=$shared/data/titanic.csv
[ -f "$csv" ] || skip_all 'no titanic.csv beside the project'
bl-keygen -q -o owner.pem; bl-keygen -q -o analyst.pem; bl-keygen -q -V vault
policy() {	# rest of the document
	cat <<EOF
{"version": 1, "dataset": "titanic", "entity": "PassengerId", "columns": {"*": {"uses": ["filter", "group", "aggregate"], "class": "quasi"},
 "Name": {"uses": [], "class": "identifier"}}, "principals": [{"role": "analyst", "key": "$(bl-keygen -l -i analyst.pem)"}],
 "release": {"all": [{"min_entities": 10}, {"dominance": {"p_percent": 10}}, {"differencing": {"k": 10}}]}, "tee": {"class": "software"}$1}
EOF
}
policy >strict.json
policy ', "mitigate": {"suppress": {"secondary": true}}' >soft.json
for p in strict soft; do
	bl-ingest -q -i owner.pem -p $p.json -r vault/helper.pub -o $p.blf "$csv" || { ok false 'sealed'; done_testing; }
done
policy ', "mitigate": {"suppress": {"secondary": true}}' | sed 's/"dataset": "titanic"/"dataset": "soft"/' >soft.json
bl-ingest -q -i owner.pem -p soft.json -r vault/helper.pub -o soft.blf "$csv"
ask() { run bl-query -q -i analyst.pem -V vault "$1" titanic=${2:-strict}.blf; }

ask 'select Pclass, round(avg(Survived), 6) as rate, count(*) as n from titanic group by Pclass order by Pclass'
is "$out" 'Pclass,rate,n
1,0.62963,216
2,0.472826,184
3,0.242363,491' 'survival by class'
ask 'select Age, count(*) from titanic group by Age'
is "$rc:$out" '77:' 'grouping by a near-unique column is refused'
ask 'select Name from titanic'
is "$rc:$out" '77:' 'a hidden column is refused'
ask 'select avg(Age) from titanic where PassengerId = 1'
is "$rc:$out" '77:' 'a question about one passenger is refused'
ask 'select bin(clip(Age, 0, 50), 10) as age, count(*) as n from titanic where Survived = 1 and Age is not null group by 1 order by 1' soft
is "$(printf '%s\n' "$out" | sed 1d | cut -d, -f2 | tr '\n' ' ')" '38 41 77 73 34 27 ' "survivors' ages by ten years, clipped at fifty"
ask 'select bin(case when Age > 50 then 50 else Age end, 10) as age, count(*) as n from titanic where Survived = 1 and Age is not null group by 1 order by 1' soft
is "$(printf '%s\n' "$out" | sed 1d | cut -d, -f2 | tr '\n' ' ')" '38 41 77 73 34 27 ' 'the same by CASE'

# --- beside sqlite3 ---
if command -v sqlite3 >/dev/null; then
	sqlite3 t.db ".import --csv '$csv' raw" "create table titanic as select cast(PassengerId as integer) PassengerId,
		cast(Survived as integer) Survived, cast(Pclass as integer) Pclass, Name, Sex, cast(nullif(Age, '') as real) Age,
		cast(SibSp as integer) SibSp, cast(Parch as integer) Parch, Ticket, cast(Fare as real) Fare, nullif(Cabin, '') Cabin,
		nullif(Embarked, '') Embarked from raw"
	# An open copy: rules aside, every number must be the same. Integers and counts to the letter, the others to 1e-12.
	policy | sed 's/"release".*"tee"/"release": true, "expressions": "any", "tee"/; s/"dataset": "titanic"/"dataset": "open"/
		s/"filter", "group", "aggregate"\], "class": "quasi"/"project", "filter", "group", "aggregate"], "class": "public", "like": true/
		s/"Name": {"uses": \[\], "class": "identifier"}/"PassengerId": {"uses": ["project", "filter", "group", "aggregate"], "class": "public"}/' >open.json
	bl-ingest -q -i owner.pem -p open.json -r vault/helper.pub -o open.blf "$csv" || ok false 'an open copy is sealed'
	while read -r sql; do
		ask "$sql" open
		sqlite3 -csv -nullvalue '' t.db "$sql" >.want
		printf '%s\n' "$out" | sed 1d >.got
		paste -d'\n' .got .want | awk -F, '
			function near(a, b) { return a == b || (a - b < 0 ? b - a : a - b) <= 1e-12 * (b < 0 ? -b : b) }
			NR % 2 { n = split($0, got, ","); next }
			{ m = split($0, want, ","); if (m != n) bad = 1
			  for (i = 1; i <= n; i++) { g = got[i]; w = want[i]; gsub(/"/, "", g); gsub(/"/, "", w)
				if (!(g == w || (g ~ /^-?[0-9.e+-]+$/ && w ~ /^-?[0-9.e+-]+$/ && near(g + 0, w + 0)))) bad = 1 } }
			END { exit bad || NR == 0 }'
		is $? 0 "as sqlite3: $sql" || diag "$(cat .got) / $(cat .want)"
	done <<'EOF'
select count(*), count(Age), count(Cabin), count(Embarked) from titanic
select sum(Survived), sum(Fare), sum(Age) from titanic
select Pclass, count(*), avg(Survived), avg(Age), sum(Fare) from titanic group by Pclass order by Pclass
select Sex, Pclass, count(*), avg(Fare) from titanic group by Sex, Pclass order by Sex, Pclass
select Embarked, count(*), min(Fare), max(Fare) from titanic where Embarked is not null group by Embarked order by Embarked
select count(distinct Ticket), count(distinct Cabin) from titanic
select Pclass, sum(case when Survived = 1 then Fare else 0 end) from titanic group by Pclass order by Pclass
select Survived, count(*) from titanic where Age between 20 and 30 and Sex in ('male', 'female') group by Survived order by Survived
select count(*) from titanic where Name like '%Mrs.%'
select Pclass, count(*) from titanic group by Pclass having count(*) > 200 order by count(*) desc
select upper(Sex), length(Sex), count(*) from titanic group by 1, 2 order by 1
select SibSp + Parch, count(*) from titanic group by SibSp + Parch order by 2 desc, 1 limit 3
select coalesce(Embarked, '?'), count(*) from titanic group by 1 order by 1
select PassengerId, Ticket, Age from titanic where Pclass = 1 and Age is not null order by Age desc, PassengerId limit 5
select distinct Pclass, Survived from titanic order by 1, 2
select sum(Survived * 100 / 7), sum(-Pclass), avg(Age * 2 + 1) from titanic
EOF
else
	skip 'sqlite3 is not installed'
fi
run bl-audit verify -V vault
exits 0 'the journal verifies'
done_testing
