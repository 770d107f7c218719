#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every program, found by itself, has the manners that users of Unix expect.
. "$(dirname "$0")/../tap.sh"

lines() { printf '%s\n' "$1" | wc -l; }
# The commands of a program, from its own list; a line with nothing in it stands for a program without commands.
verbs() { "$1" --_options | awk -F'\t' '$1 == "verb" { print $2 }'; }

for source in "$top"/cmd/*.c; do
	p=$(basename "$source" .c)
	[ -x "$bin/$p" ] || { ok false "$p is built"; continue; }
	for v in '' $(verbs "$p"); do
		name="$p${v:+ $v}"
		run $p $v --help
		exits 0 "$name --help exits 0"
		is "$err" '' 'and says nothing on stderr'
		help=$out
		ok "[ $(lines "$help") -le 40 ]" 'fits a screen'
		wide=$(printf '%s\n' "$help" | sed '/^example:$/,$d' | awk 'length > 80')
		is "$wide" '' 'of 80 columns'
		like "$help" '^example:$' 'ends with an example'
		run $p $v -h
		is "$out" "$help" "$name -h is the same"
		run $p $v --version
		is "$rc:$out:$err" "0:$p $(cat "$top/VERSION"):" "$name --version is one line"

		run $p $v --no-such-option
		exits 64 "$name: an unknown option is wrong usage"
		is "$out" '' 'prints nothing'
		ok "[ $(lines "$err") -le 2 ]" 'one line and one hint, no wall'
		like "$err" "^$p: unknown option '--no-such-option'" 'the message names program and option'
		like "$err" "^$p: hint: " 'the hint says where to look'
		run $p $v --hel
		exits 64 "$name: a long option is not abbreviated"
		like "$err" "did you mean '--help'" 'but the right one is named'
		run $p $v --help=1
		exits 64 "$name: a flag takes no value"
		run $p $v -q -q
		exits 64 "$name: an option given twice is refused"

		( $p $v --help >/dev/full ) 2>.err
		is $? 74 "$name: a full disk is 74, --help included"
		like "$(cat .err)" "^$p: " 'and is said'
		( $p $v --version >/dev/full ) 2>/dev/null
		is $? 74 "$name: --version too"
		$p $v --help 2>.err | true
		is "$(cat .err)" '' "$name: a reader that left is no news"
		run $p $v --_options
		exits 0 "$name lists its options for completion"

		# Each option of the table stands in the man page, and the other way round.
		page=$(ls "$top/man/$p".[18])
		printf '%s\n' "$out" | awk -F'\t' '$1 == "option" && $3 !~ /^(quiet|verbose|help|version)$/ { print $3 }' >.options
		missing=
		while read -r o; do
			grep -qE "(Fl|,) (-$o|[A-Za-z] , -$o)( |$)|Fl -$o( |$)|-$o( |$)" "$page" || missing="$missing --$o"
		done <.options
		is "$missing" '' "$name: the man page has every option"
	done
	if [ -n "$(verbs "$p")" ]; then
		run $p
		exits 64 "$p without a command is wrong usage"
		first=$(verbs "$p" | head -1)
		run $p "${first}x"
		exits 64 "$p: an unknown command is wrong usage"
		like "$err" "did you mean '$first'" 'and the nearest one is named'
	fi
	ok "[ -f '$top/man/$p.1' ] || [ -f '$top/man/$p.8' ]" "$p has a man page"
	NO_COLOR= run $p --help
	unlike "$out$err" "$(printf '\033')" "$p prints no escape codes into a pipe"
	HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent run env -i PATH="$PATH" $p --version
	exits 0 "$p runs in an empty environment"
	( exec >&-; $p --version ) 2>/dev/null
	ok "[ $? != 0 ]" "$p: a closed standard output is a failure"
	like "$(file_type() { od -An -tx2 -j16 -N2 "$1" | tr -d ' '; }; file_type "$bin/$p")" '^0003$' "$p is position independent"
done

# Options that mean the same are spelled the same.
for source in "$top"/cmd/*.c; do
	p=$(basename "$source" .c)
	for v in '' $(verbs "$p"); do $p $v --_options | awk -F'\t' -v p="$p" '$1 == "option" && $2 != "-" { print $2 "\t" $3 }'; done
done | sort -u >.letters
twice=$(cut -f1 .letters | uniq -d | tr '\n' ' ')
is "$twice" '' 'one letter, one meaning, in every program'
done_testing
