#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# FORMAT.md: whoever has xxd and that page finds any field of a sealed file. The offsets used here are read from the page.
. "$(dirname "$0")/../tap.sh"
command -v xxd >/dev/null || skip_all 'xxd is not installed'
page=$top/FORMAT.md
bl-keygen -q -o owner.pem && bl-keygen -q -V vault || exit 1
cat >policy.json <<'EOF'
{"format":"bl-policy/1","version":771,"dataset":"people","entity":["id","household"],
"columns":{"*":{"uses":["aggregate"]}},"release":{"min_entities":10},"tee":{"class":"software"}}
EOF
perl -e 'print "name,id,household,income\n"; srand 1; print "n", rand(1e9), ",$_,", $_ % 7, ",", int(rand 1e6) / 100, "\n" for 1 .. 70000' >people.csv
bl-ingest -q -i owner.pem -p policy.json -r vault/helper.pub -o f people.csv || exit 1
size=$(wc -c <f)

# row SECTION FIELD: offset and length of the field whose text begins so, in the tables after that heading.
row() { awk -F '|' -v s="$1" -v f="$2" '
	/^## / { on = $0 == "## " s }
	on && index($4, " " f) == 1 { o = $2; n = $3; gsub(/^ +| +$/, "", o); gsub(/^ +| +$/, "", n); print o, n; exit }' "$page"; }
# bytes SECTION FIELD [BASE]: the field's bytes in hex; num: as a number; text: without its zeros.
bytes() { set -- "$(row "$1" "$2")" "${3:-0}"; [ -n "$1" ] || { echo "no field in the page"; return; }
	at=${1% *}; n=${1##* }
	xxd -p -s $((${at#+} + $2)) -l "$n" f | tr -d '\n'; }
num() { h=$(bytes "$@"); echo $((0x$(printf '%s' "$h" | sed 's/../& /g' | tr ' ' '\n' | tac | tr -d '\n'))); }
text() { bytes "$@" | xxd -r -p | tr -d '\0'; }
pub() { grep -v -e --- "$1" | base64 -d | tail -c 32 | xxd -p | tr -d '\n'; }

is "$(bytes Header magic)" '89424c460d0a1a0a' 'magic'
is "$(num Header version)" 1 'version'
H=$(num Header 'header length') C=$(num Header columns) E=$(num Header 'entity columns') R=$(num Header recipients) P=$(num Header 'policy length')
is "$C $E $R" '4 2 2' 'numbers of columns, entity columns, recipients'
is "$H" $((336 + 132 * C + 4 * E + 112 * R + P + 64)) 'the length of the header is the sum that the page gives'
is "$(bytes Header "owner's public key")" "$(pub owner.pub)" "the owner's public key"
is "$(num Header 'policy version')" 771 'the policy version'
is "$(num Header 'shard count')" 1 'the shard count'
is "$(text Header 'dataset name')" people 'the dataset name'
columns=336
is "$(text Header 'column name' $((columns + 2 * 132)))" household "a column's name"
is "$(num Header kind $((columns + 2 * 132))) $(num Header kind $columns)" '2 7' 'and kinds'
is "$(num Header kind $((columns + 3 * 132))) $(num Header scale $((columns + 3 * 132)))" '3 2' 'and a scale'
entity=$((columns + 132 * C))
is "$(xxd -p -s $entity -l $((4 * E)) f)" '0100000002000000' 'the entity'
to=$((entity + 4 * E))
is "$(bytes Header "recipient's public key" $to)" "$(pub owner.pub)" 'the owner is the first recipient'
is "$(bytes Header "recipient's public key" $((to + 112)))" "$(pub vault/helper.pub)" 'the vault the second'
like "$(tail -c +$((to + 112 * R + 1)) f | head -c "$P")" '^\{"columns":.*"version":771}$' 'the policy'

is "$(num Records 'zero: how many rows' "$H")" 0 'a record does not tell how many rows there are'

# Records, one after the other, to the footer.
at=$H group=0 column=0 piece=0 bad=
while [ "$(num Records 'record kind' "$at")" = 1 ]; do
	S=$(num Records 'record size' "$at") flags=$(num Records flags "$at")
	got="$(num Records 'row group' "$at") $(num Records column "$at") $(num Records piece "$at")"
	[ "$got" = "$group $column $piece" ] && [ $((flags & 1)) = "$group" ] || bad="$bad $at"
	at=$((at + 24 + S)) piece=$((piece + 1))
	[ $((flags & 2)) = 0 ] || { piece=0; column=$((column + 1)); [ $column -lt "$C" ] || { column=0; group=$((group + 1)); }; }
done
is "$bad:$group $column $piece" ':2 0 0' 'two row groups of four columns, piece by piece'
is "$(num Records 'record kind' "$at") $(num Records flags "$at")" '2 3' 'then the footer'
is "$(num Records 'row group' "$at") $(num Records column "$at")" '2 4' 'which says how many'
is "$(num Footer 'footer length' "$size")" $((size - at)) 'its length, counted from the end of the file'
is "$(bytes Footer 'end magic' "$size")" '424c4620656e640a' 'the magic that ends it'
is "$(num Records 'record size' "$at")" $((size - at - 24 - 80)) 'and its ciphertext fills the rest'
is "$(num Records zero "$at")" 0 'what is zero is zero'
done_testing
