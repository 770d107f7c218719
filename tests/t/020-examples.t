#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The examples of every manual page, of the README and of every --help work when pasted.
. "$(dirname "$0")/../tap.sh"
. "$top/tests/world.sh"

# The literal displays of a page's EXAMPLES, one shell script. Indented ones show what needs more than is here.
examples() { awk '/^\.Sh /{ on = $2 == "EXAMPLES" } on && /^\.Bd -literal$/{ lit = 1; next } /^\.Ed/{ lit = 0 } on && lit' "$1" | sed 's/\\(dq/"/g; s/\\&//g; s/\\e/\\/g; s/\\-/-/g'; }

worked() { is "$1" 0 "$2"; [ "$1" = 0 ] || diag "$(cat "$scratch/script")" "$(tail -5 "$scratch/script.out")"; }

mkdir pristine && cd pristine && world || { ok false 'a table is sealed'; done_testing; }
bl-query -q -i analyst.pem -V vault --receipt mean.receipt -f jsonl -o mean.jsonl 'select avg(visits) as mean from people' people.blf
cp vault/checkpoint old-checkpoint
bl-query -q -i analyst.pem -V vault 'select count(*) from people' people.blf >/dev/null
bl-audit prove -V vault 3 >proof
mkdir milan && head -c 64 people.blf >milan/vek.der	# a bundle is made of bytes by their names
cd ..
ran=0
for page in "$top"/man/*.[1-8]; do
	name=$(basename "$page")
	examples "$page" >script
	if ! [ -s script ]; then
		case $name in *.1 | *.8) ok false "$name has examples" ;; esac
		continue
	fi
	rm -rf here && cp -a pristine here
	( cd here && PATH=$top/tests:$PATH sh -e ../script ) >script.out 2>&1 </dev/null
	worked $? "the examples of $name work"
	ran=$((ran + 1))
done
ok "[ $ran -ge 8 ]" 'there were manual pages with examples'

# --help: the lines after "example:".
for source in "$top"/cmd/*.c; do
	p=$(basename "$source" .c)
	for v in '' $($p --_options | awk -F'\t' '$1 == "verb" { print $2 }'); do
		$p $v --help | sed '1,/^example:$/d' | sed 's/^  //' >script
		[ -s script ] || { ok false "$p $v --help has an example"; continue; }
		rm -rf here && cp -a pristine here
		( cd here && BL_VAULT=vault PATH=$top/tests:$PATH sh -e ../script ) >script.out 2>&1 </dev/null
		worked $? "the example of $p${v:+ $v} --help works"
	done
done

# The README's pipeline, as a new user pastes it; its last line is refused, politely.
awk '/^```sh$/{ n++; on = 1; next } /^```$/{ on = 0 } on && n == 2' "$top/README.md" >script
mkdir readme && ( cd readme && TMPDIR=$PWD PATH=$top/tests:$PATH sh ../script ) >script.out 2>script.err </dev/null
is $? 77 "the README's pipeline ends in a refusal"
like "$(cat script.err)" 'bl-query: people.blf: refused: ' 'that says what was refused'
is "$(ls readme | wc -l)" 1 'and leaves nothing where it was pasted but its new directory'
diag "$(cat script.err)"
done_testing
