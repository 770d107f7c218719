#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Words are completed by asking the program, so what completion offers is what the program takes.
. "$(dirname "$0")/../tap.sh"
command -v bash >/dev/null || skip_all 'bash is not installed'
touch people.blf

# complete WORD... : what is offered for the last one.
complete() { bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bl "$1"; printf "%s\n" "${COMPREPLY[@]}"' sh "$top/contrib/completion/bl.bash" "$@" | sort | tr '\n' ' '; }
is "$(complete bl-audit ver)" 'verify ' 'a command'
is "$(complete bl-query --sche)" '--schema ' 'an option'
is "$(complete bl-policy attach --out)" '--output ' 'an option of a command'
is "$(complete bl-query -f j)" 'json jsonl ' 'a format'
is "$(complete bl-query x peo)" 'people.blf ' 'a file'
is "$(complete bl-query --nothing)" ' ' 'nothing where there is nothing'
programs=$(sed -n 's/^complete .* _bl //p' "$top/contrib/completion/bl.bash" | tr ' ' '\n' | sort | tr '\n' ' ')
is "$programs" "$(cd "$top/cmd" && ls bl-*.c | sed 's/\.c$//' | grep -v '^bl-tee$' | sort | tr '\n' ' ')" 'for every program that people type'
done_testing
