#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bl-ingest: a table goes in as it is, with its policy, completely or not at all.
. "$(dirname "$0")/../tap.sh"
[ -x "$build/tests/unit/test_blf" ] || skip_all 'the unit tests are not built'
dump() { "$build/tests/unit/test_blf" --dump "$1" "${2:-owner.pem}"; }
seal() { run bl-ingest -q -i owner.pem -p policy.json -r vault/helper.pub -o out.blf "$@"; }

bl-keygen -q -o owner.pem && bl-keygen -q -o other.pem && bl-keygen -q -V vault || exit 1
policy() {
	printf '{"format":"bl-policy/1","version":3,"dataset":"people","entity":%s,"columns":{"*":{"uses":["aggregate"]}},' "$1"
	printf '"release":{"min_entities":10},"tee":{"class":"software"}}\n'
}
policy '"id"' >policy.json
policy '"row"' >row.json

# --- what goes in comes out ---
cat >people.csv <<'EOF'
id,name,born,height,member,weight,code,note,seen
1,"Ada ""A."", Countess",1815-12-10,1.65,true,5e1,007,,2024-02-29
2,"",1912-06-23,1.5,false,61.25,12,,2024-02-29T12:00:00.5Z
3,"two
lines",,-0.05,,1e-3,x,,2024-02-29 12:00:00+02:00
EOF
cat >want <<'EOF'
1,"Ada ""A."", Countess",1815-12-10,1.65,1,50,"007",,2024-02-29T00:00:00Z
2,"",1912-06-23,1.50,0,61.25,"12",,2024-02-29T12:00:00.5Z
3,"two
lines",,-0.05,,0.001,"x",,2024-02-29T10:00:00Z
EOF
seal people.csv
exits 0 'a table is sealed'
dump out.blf >got
is "$(cat got)" "$(cat want)" 'and comes back value by value'
dump out.blf vault/helper.key >got
is "$(cat got)" "$(cat want)" 'also to the vault it was sealed to'
dump out.blf other.pem 2>/dev/null
is $? 77 'and to nobody else'
is "$out$err" '' 'in silence'
ok '[ -z "$(grep -a -e Countess -e 1815 -e lines out.blf)" ]' 'no value is in it in clear'

sed 's/$/\r/' people.csv >crlf.csv && sed -i 's/two\r/two/' crlf.csv && seal crlf.csv && dump out.blf >got
is "$(cat got)" "$(cat want)" 'so does one with CRLF'
{ printf '\357\273\277'; head -c -1 people.csv; } >bom.csv && seal bom.csv && dump out.blf >got
is "$(cat got)" "$(cat want)" 'so does one with a byte order mark and no last line end'
rm -f out.blf && cat people.csv | bl-ingest -q -i owner.pem -p policy.json -r vault/helper.pub -o out.blf && dump out.blf >got
is "$(cat got)" "$(cat want)" 'so does a pipe'
rm -f out.blf && cat people.csv | bl-ingest -q -i owner.pem -p policy.json -r vault/helper.pub - >out.blf && dump out.blf >got
is "$(cat got)" "$(cat want)" 'into a pipe'
tr ',' ';' <people.csv | sed "s/;\( Countess\)/,\1/" >semi.csv && seal --delimiter ';' semi.csv && dump out.blf >got
is "$(cat got)" "$(cat want)" 'so does one with semicolons'
printf 'a\tb\n\\N\t1\n"\t2\n' >tab.csv && run bl-ingest -q -i owner.pem -p row.json -o out.blf --delimiter '\t' --quote '' --null '\N' tab.csv && dump out.blf >got
is "$(cat got)" "$(printf ',1\n"""",2')" 'and one as MySQL writes it'
printf 'id\n1\n\n3\n' >one.csv && run bl-ingest -q -i owner.pem -p row.json -o out.blf one.csv && dump out.blf >got
is "$(cat got)" "$(printf '1\n\n3')" 'an empty line is NULL in a table of one column'
printf 'id,x\n1,NA\n2,"NA"\n3,NAN\n4,""\n' >na.csv && run bl-ingest -q -i owner.pem -p row.json -o out.blf --null NA --null '' na.csv && dump out.blf >got
is "$(cat got)" "$(printf '1,\n2,\n3,"NAN"\n4,')" '--null may be given twice'
printf 'id,x\n' >none.csv && seal none.csv && dump out.blf >got
is "$rc:$(cat got)" 0: 'a table without rows is sealed'

# More than a row group, more than the spool keeps in memory.
perl -e 'print "id,v,t\n"; for (1 .. 140000) { print "$_,", $_ * 7 % 1000, ".5,word", $_ % 10, "\n" }' >big.csv
seal big.csv && dump out.blf | tr -d '"' >got && tail -n +2 big.csv | cmp -s - got
is $? 0 'a table of three row groups comes back'
cat big.csv | bl-ingest -q -i owner.pem -p policy.json -o out.blf && dump out.blf | tr -d '"' >got && tail -n +2 big.csv | cmp -s - got
is $? 0 'also from a pipe'
is "$(ls -A "${TMPDIR:-/var/tmp}" | grep -c bl-spool)" 0 'which leaves no temporary file'

# --- schemas ---
run bl-ingest -n -q -i owner.pem -p policy.json people.csv
exits 0 '--dry-run succeeds'
is "$out" 'id bigint
name text
born date
height decimal(3,2)
member bool
weight double
code text
note text
seen timestamp' 'and prints the types'
printf '%s\n' "$out" >people.schema
rm -f out.blf && run bl-ingest -n -q -i owner.pem -p policy.json -o out.blf people.csv
ok '[ $rc = 0 ] && [ ! -e out.blf ]' 'but writes nothing'
seal --schema people.schema people.csv && dump out.blf >got
is "$(cat got)" "$(cat want)" 'they can be given back'
cut -d, -f1 big.csv | head -3 | sed 's/id/id /' | tr -d ' ' >ids.csv
seal --schema 'id decimal(10,2)' ids.csv && dump out.blf >got
is "$(cat got)" "$(printf '1.00\n2.00')" 'or others'
seal --schema 'id decimal(10,2), x text' ids.csv
is "$rc:$err" "65:bl-ingest: 'ids.csv': column 'x' of the schema is not in the table" 'a column that the table lacks is 65'
seal --schema 'x text' ids.csv
exits 65 'so is one that the schema lacks'
seal --schema 'id number' ids.csv
exits 64 'what is no schema is 64'
seal --schema nowhere ids.csv
exits 66 'a file that is not there is 66'
printf 'id,n\n1,2\n2,secret7\n' >bad.csv
seal --schema 'id bigint, n bigint' bad.csv
is "$rc:$err" "65:bl-ingest: 'bad.csv': line 3, column 'n': not a value of type bigint" 'a value of another type is 65, with its place'
unlike "$err" 'secret' 'and without the value'

# --- refusals ---
rm -f out.blf
refuse() { printf "$2" >bad.csv; seal bad.csv; is "$rc:$err" "65:bl-ingest: 'bad.csv': $1" "$3"; }
refuse "line 3: 1 field where the header has 2" 'id,x\n1,2\n3\n' 'a short record is 65'
refuse "two columns are named 'x'" 'id,x,x\n1,2,3\n' 'two columns of one name are 65'
refuse 'empty: not even a header line' '' 'so is nothing at all'
refuse "column 'id': a row has no value, but the column names the entity" 'id,x\n1,2\n,3\n' 'and a NULL entity'
printf 'id,x\n1,"2\n' >bad.csv && seal bad.csv
like "$rc:$err" "^65:.*line 2, column 'x': a quoted field that does not end" 'a quote that is never closed'
printf 'id,\n1,2\n' >bad.csv && seal bad.csv
like "$rc:$err" "^65:.*line 1, column 2: a column without a name" 'a column without a name'
printf 'PAR1xxxxPAR1' >bad.csv && seal bad.csv
like "$rc:$err" '^65:.*a Parquet file: only CSV' 'Parquet is refused by name'
seal --expect-rows 2 people.csv
like "$rc:$err" "^65:.*'people.csv': not the number of rows that --expect-rows says" '--expect-rows notices a cut table'
ok '[ ! -e out.blf ] && [ -z "$(ls -A | grep "^[.]bl-")" ]' 'none of these leaves a file behind'
seal --expect-rows 3 people.csv
exits 0 'and lets a whole one pass'
cp out.blf before.blf
printf 'id\nx\n1\n' | bl-ingest -q -i owner.pem -p policy.json --schema 'id bigint' -o out.blf 2>/dev/null
cmp -s out.blf before.blf
is $? 0 'a failure keeps the file that was there'

# --- policies ---
policy '"who"' >bad.json
run bl-ingest -q -i owner.pem -p bad.json -o out.blf people.csv
like "$rc:$err" "^78:.*'bad.json'.*who" 'an entity that is no column is 78'
sed 's/"version":3/"version":0/' policy.json >bad.json
run bl-ingest -q -i owner.pem -p bad.json -o out.blf nowhere.csv
like "$rc:$err" "^78:.*'bad.json'.*version" 'a policy that does not parse is 78, before the table is looked at'
sed 's/{"uses":\["aggregate"\]}/{"uses":["aggregate"],"ingest":"drop"}/' policy.json >bad.json
run bl-ingest -q -i owner.pem -p bad.json -o out.blf people.csv
like "$rc:$err" "^78:.*'bad.json'" 'one that asks for what is not enforced is 78'
sed 's/"dataset":"people",//' policy.json >noname.json
run bl-ingest -q -i owner.pem -p noname.json -o out.blf people.csv
like "$rc:$err" '^78:.*no name' 'a dataset without a name is 78'
run bl-ingest -q -i owner.pem -p noname.json --name folk -o out.blf people.csv
exits 0 '--name gives it one'
run bl-ingest -q -i owner.pem -p policy.json --name folk -o out.blf people.csv
exits 64 'but not another one than the policy does'

# --- the command line ---
run bl-ingest -p policy.json people.csv
exits 64 'no identity is 64'
run bl-ingest -i owner.pem people.csv
exits 64 'no policy is 64'
run bl-ingest -i owner.pem -p policy.json a.csv b.csv
exits 64 'two tables are 64'
run bl-ingest -i owner.pem -p policy.json -o out.blf nowhere.csv
exits 66 'a table that is not there is 66'
run bl-ingest -q -i owner.pem -p policy.json -o people.csv people.csv
exits 64 'the table is not overwritten by itself'
run bl-ingest -q -i owner.pem -p policy.json -o owner.pem people.csv
exits 64 'nor is the identity'
run bl-ingest -q -i owner.pem -p policy.json -o nowhere/out.blf people.csv
exits 73 'an output that cannot be made is 73'
run bl-ingest -q -i owner.pem -p policy.json -o /dev/full people.csv
exits 74 'a full disk is 74'
bl-ingest -q -i owner.pem -p policy.json people.csv >/dev/full 2>/dev/null
is $? 74 'also on the standard output'
chmod 644 other.pem
run bl-ingest -q -i other.pem -p policy.json -o out.blf people.csv
exits 77 'an identity that others can read is 77'
run bl-ingest -q -i owner.pem -p policy.json -r owner.pem -o out.blf people.csv
exits 65 'a private key is no recipient'
for o in 'a' '\t\t' ''; do
	run bl-ingest -q -i owner.pem -p policy.json --delimiter "$o$o" -o out.blf people.csv
	exits 64 "a delimiter of '$o$o' is 64"
done

# --- words for people and for machines ---
run bl-ingest -q -n --json -i owner.pem -p policy.json people.csv
like "$(printf '%s' "$out" | tr -d ' \n')" '^\{"columns":\[\{"name":"id","type":"bigint"\},.*\],"dataset":"people","entity":\["id"\],"schema":"bl-ingest/1"\}$' '-n --json tells the schema to programs'
run bl-ingest -v -i owner.pem -p policy.json -r vault/helper.pub -o verbose.blf people.csv
like "$err" "^bl-ingest: sealed 'people' under version 3 of its policy, [0-9]+ columns$" '-v tells what was sealed'
like "$err" "^bl-ingest: $(bl-keygen -l -V vault | sed 's/[+]/[+]/g') can open it$" 'and for whom'
run bl-ingest -q --json -i owner.pem -p policy.json -o out.blf people.csv
exits 64 '--json goes with -n'
printf 'id;x\n1;2\n' >semicolons.csv
run bl-ingest -n -q -i owner.pem -p policy.json semicolons.csv
exits 78 'a table of another delimiter lacks the entity'
like "$err" 'hint: the table has one column only: is its --delimiter another one' 'and that is explained'
sed 's/"version":3/"expires":"2020-01-01T00:00:00Z",&/' policy.json >expired.json
run bl-ingest -n -i owner.pem -p expired.json people.csv
like "$rc:$err" 'the policy has expired: nobody will get an answer' 'an expired policy is noticed'
exits 0 'and not refused'

if [ -r "$shared/data/titanic.csv" ]; then
	sed 's/"entity":"id"/"entity":"PassengerId"/' policy.json >titanic.json
	run bl-ingest -q -n -i owner.pem -p titanic.json "$shared/data/titanic.csv"
	is "$out" 'PassengerId bigint
Survived bigint
Pclass bigint
Name text
Sex text
Age decimal(4,2)
SibSp bigint
Parch bigint
Ticket text
Fare decimal(7,4)
Cabin text
Embarked text' 'the types of a table that everybody knows'
else
	skip 'titanic.csv is not here'
fi
done_testing
