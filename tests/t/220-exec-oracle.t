#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What we answer, sqlite3 answers: 70,001 random rows, questions that both dialects know. Integers and texts are compared as
# they stand, other numbers to 1e-9 (sqlite3 adds doubles where we add decimals). What only we have is asked of sqlite3 in the
# words behind the comment.
. "$(dirname "$0")/../tap.sh"

command -v sqlite3 >/dev/null || skip_all 'sqlite3 is not installed'
san=
nm "$build/libbl.a" 2>/dev/null | grep -q __asan_init && san='-fsanitize=address,undefined -fno-sanitize-recover=all'
# shellcheck disable=SC2086
run ${CC:-cc} -I"$top/lib" -I"$top/tests" -D_GNU_SOURCE -std=gnu11 -O1 $san -o oracle "$top/tests/oracle/exec.c" "$build/libbl.a" \
	-ljansson -lcsv -lzstd -lsodium -lcrypto -lm
exits 0 'our side builds'

cat >questions <<'EOF'
select count(*), count(a), sum(a), min(a), max(a), avg(a) from t
select count(*), sum(b), sum(p), avg(p), min(p), max(p), sum(f), avg(f), min(f), max(f) from t where b < 20
select s, count(*), sum(a), count(distinct u), min(u), max(d) from t group by s order by s nulls last
select b, s, count(*), sum(p) from t where a > 0 group by b, s order by b nulls last, s nulls last
select u, count(*), sum(b) from t group by u order by u
select d, sum(f) from t where d >= '1993-01-01' and d < '1994-01-01' group by d order by d
select count(*) from t where s = 'red' or s is null
select count(*) from t where s in ('red', 'blue') and b between 3 and 9 and not (a < 0)
select count(*) from t where u like 'u1%' and s like '%e%'
select sum(case when s = 'red' then b when a > 0 then 2 else 0 end), count(*) filter (where b = 3), sum(a) filter (where s = 'x') from t
select distinct s from t where b = 7 order by s nulls last
select id, a, s, d from t where b = 11 and u like 'u2%' order by id
select b % 7 as m, count(*), max(a - b) from t where b is not null group by b % 7 order by m
select coalesce(s, 'none') as k, sum(a * b), sum(abs(a)) from t group by coalesce(s, 'none') order by k
select s, avg(b) as m from t group by s having count(*) > 100 order by m, s limit 3
select count(*) from t where f > 0 and p < 100.50 and d is not null
select upper(s) as k, length(u) as n, count(*) from t where s is not null group by upper(s), length(u) order by k, n
select min(s), max(s), min(d), max(u) from t where id > 69000
select f, count(*) from t where f >= 1240 group by f order by f
select count(*), sum(a), min(b), max(s) from t where id > 100000
select a, b from t where a > 999000000 order by a, b nulls last
select count(distinct b), count(distinct f), count(distinct d), count(distinct s) from t
select b, max(f) - min(f), sum(p) / count(p) from t group by b order by b nulls last
select b, median(a), median(p) from t where a is not null and p is not null group by b order by b nulls last -- sqlite3: with o as (select b, a, p, row_number() over (partition by b order by a) as i, row_number() over (partition by b order by p) as k, count(*) over (partition by b) as n from t where a is not null and p is not null) select b, avg(case when i in ((n + 1) / 2, (n + 2) / 2) then a end), avg(case when k in ((n + 1) / 2, (n + 2) / 2) then p end) from o group by b order by b nulls last
select median(f), median(b) from t where b < 2 -- sqlite3: with o as (select f, b, row_number() over (order by f) as i, count(*) over () as n from t where b < 2 and f is not null) select avg(f), (select avg(b) from (select b, row_number() over (order by b) as i, count(*) over () as n from t where b < 2) where i in ((n + 1) / 2, (n + 2) / 2)) from o where i in ((n + 1) / 2, (n + 2) / 2)
EOF
./oracle ask <questions >ours 2>errors
rc=$? out=$(cat ours) err=$(cat errors)
exits 0 'we answer every question'
{
	./oracle load
	while read -r q; do printf '.print "-- %s"\n%s;\n' "$q" "${q#*-- sqlite3: }"; done <questions	# none has a double quote
} | sqlite3 -batch -list -nullvalue NULL >theirs 2>errors
rc=$? out= err=$(cat errors)
exits 0 'so does sqlite3'
awk '
function same(x, y, d) {
	if (x == y) return 1
	if (x !~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/ || y !~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/ || (x y) !~ /[.e]/) return 0
	d = x - y; if (d < 0) d = -d
	return d <= 1e-9 * (x < 0 ? -x : x) + 1e-9
}
{
	if ((getline they <"theirs") < 1) they = "nothing"
	n = split($0, a, "|"); m = split(they, b, "|"); bad = n != m
	for (i = 1; i <= n && !bad; i++) if (!same(a[i], b[i])) bad = 1
	if (bad) { print "ours " $0; print "they " they; found++ }
	if (found > 5) exit
}
END { if ((getline they <"theirs") > 0 && found <= 5) print "they say more" }' ours >different
is "$(cat different)" '' 'and says the same'
ok 'test "$(wc -l <ours)" -gt 6000' 'in thousands of rows'
done_testing
