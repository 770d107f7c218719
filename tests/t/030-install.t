#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is installed has the modes and places that the manual pages say, works from there, and is the same, bit for bit,
# whoever builds it wherever.
. "$(dirname "$0")/../tap.sh"
. "$top/tests/world.sh"
[ "$(basename "$build")" = build ] || skip_all 'only of the plain build'
root=$scratch/root
run make -s -C "$top" install DESTDIR="$root" PREFIX=/usr
exits 0 'make install'
is "$(stat -c %a "$root/usr/libexec/bl/bl-tee")" 711 'the helper can be run and not read'
is "$(cd "$root/usr/bin" && ls | tr '\n' ' ')" "$(cd "$top/cmd" && ls bl-*.c | sed 's/\.c$//' | grep -v '^bl-tee$' | tr '\n' ' ')" 'every program but the helper is in bin'
is "$(cd "$root/usr/share/man" && find . -type f | wc -l)" "$(ls "$top"/man/*.[1-8] | wc -l)" 'every manual page in its section'
ok '[ -f "$root/usr/share/bash-completion/completions/bl-query" ]' 'completion where bash looks for it'
ok 'ls "$root"/usr/share/bl/policies/*.json >/dev/null' 'example policies'
PATH=$root/usr/bin:/usr/bin:/bin BL_LIBEXEC=$root/usr/libexec/bl
export BL_LIBEXEC
world && ask -q 'select count(*) from people'
is "$rc:$(printf '%s\n' "$out" | tail -1 | cut -d, -f1)" 0:1200 'the installed programs answer with the installed helper'
unset BL_LIBEXEC

# Another directory, another umask, another language, another order of work.
elsewhere=$scratch/a/much/longer/path/than/the/first
mkdir -p "$elsewhere"
( cd "$top" && { git ls-files 2>/dev/null || find . -type f ! -path './build*' ! -path './.git/*'; } | tar cf - -T - ) | tar xf - -C "$elsewhere"
( cd "$elsewhere" && umask 077 && LANG=de_DE.UTF-8 make -s -j3 ${CC:+CC="$CC"} all ) >build.log 2>&1
is $? 0 'it builds elsewhere' || diag "$(tail -3 build.log)"
differ=
for p in "$build"/bin/*; do cmp -s "$p" "$elsewhere/build/bin/$(basename "$p")" || differ="$differ $(basename "$p")"; done
is "$differ" '' 'and every program is the same, bit for bit'
done_testing
