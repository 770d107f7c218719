# SPDX-License-Identifier: Apache-2.0
# Completion for every bl program in bash: it asks the program itself (`PROGRAM [COMMAND] --_options`), so it is never out of date.
_bl() {
	local program=$1 cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= table arg
	local verbs
	verbs=$("$program" --_options 2>/dev/null | awk -F'\t' '$1 == "verb" { print $2 }')
	if [ -n "$verbs" ] && [ "$COMP_CWORD" -gt 1 ]; then
		command=${COMP_WORDS[1]}
	elif [ -n "$verbs" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$verbs --help --version" -- "$cur")
		return
	fi
	table=$("$program" ${command:+"$command"} --_options 2>/dev/null)
	# The word after an option that takes a value: formats by name, everything else is a file or the user's to know.
	arg=$(printf '%s\n' "$table" | awk -F'\t' -v o="$prev" '$1 == "option" && (o == "-" $2 || o == "--" $3) { print $4 }')
	case $arg in
	FORMAT) mapfile -t COMPREPLY < <(compgen -W 'table csv jsonl json' -- "$cur"); return ;;
	DIR) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	FILE | PUB | KEY) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	esac
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W "$(printf '%s\n' "$table" | awk -F'\t' '$1 == "option" { print "--" $3; if ($2 != "-") print "-" $2 }')" -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	esac
}
complete -o filenames -F _bl bl-keygen bl-ingest bl-policy bl-query bl-audit bl-attest
