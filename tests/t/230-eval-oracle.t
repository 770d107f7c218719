#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Expressions mean what they mean elsewhere: sqlite3 judges hundreds, where its meaning is PostgreSQL's.
. "$(dirname "$0")/../tap.sh"

n=${BL_ORACLE:-600}
command -v sqlite3 >/dev/null || skip_all 'sqlite3 is not installed'
[ "$(sqlite3 :memory: 'select floor(sqrt(2.0)) = 1 and sign(-2) = -1' 2>/dev/null)" = 1 ] || skip_all 'this sqlite3 has no functions of numbers'
san=
nm "$build/libbl.a" 2>/dev/null | grep -q __asan_init && san='-fsanitize=address,undefined -fno-sanitize-recover=all'
# shellcheck disable=SC2086
run ${CC:-cc} -I"$top/lib" -D_GNU_SOURCE -std=gnu11 -O1 $san -o oracle "$top/tests/oracle/eval.c" "$build/libbl.a" \
	-ljansson -lcsv -lzstd -lsodium -lcrypto -lm
exits 0 'the oracle builds'
./oracle script "$n" >script.sql
run sqlite3 -batch :memory: '.read script.sql'
exits 0 'sqlite3 takes every expression'
mv .out theirs
./oracle check "$n" <theirs >found 2>errors
rc=$? out=$(cat found) err=$(cat errors)
exits 0 'every value is the one that sqlite3 gives: plain, with ranges, with dictionaries'
like "$out" "^compared $n bad 0\$" 'of all of them'
done_testing
