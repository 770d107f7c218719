#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The dialect is a subset of PostgreSQL's, read the same way: libpg_query judges thousands of statements.
. "$(dirname "$0")/../tap.sh"

echo '#include <pg_query.h>' >h.c
${CC:-cc} -E h.c >/dev/null 2>&1 || skip_all 'libpg_query is not installed'
san=
nm "$build/libbl.a" 2>/dev/null | grep -q __asan_init && san='-fsanitize=address,undefined -fno-sanitize-recover=all'
# shellcheck disable=SC2086
run ${CC:-cc} -I"$top/lib" -D_GNU_SOURCE -std=gnu11 -O1 $san -o oracle "$top/tests/oracle/sql.c" "$build/libbl.a" -lpg_query \
	-ljansson -lcsv -lzstd -lsodium -lcrypto -lm
exits 0 'the oracle builds'
ASAN_OPTIONS=detect_leaks=0 ./oracle 40000 <"$top/tests/gold/sql-accepted.txt" >found 2>errors
rc=$? out=$(cat found) err=$(cat errors)
exits 0 'what we accept, PostgreSQL accepts, and understands the same by it'
unlike "$out" '^not accepted' 'every statement of the corpus is accepted'
like "$out" ' accepted [0-9]{4,} bad 0' 'and thousands of variants of them'
done_testing
