/* SPDX-License-Identifier: Apache-2.0 */
/* From released cells to rows: aggregates, what is withheld, HAVING, ORDER BY, LIMIT, and their texts. */
#include <math.h>

#include "../cells.h"
#include "../tap.h"
#include "base/text.h"
#include "query/finish.h"
#include "query/total.h"
#include "query/wide.h"

/* What the query gives, face by face; withheld: numbers of cells, -1 at the end, withheld in every group. */
static char *finish(const char *sql, const int *withheld, bool suppress, uint64_t max_rows, void (*face)(const struct bl_table *, struct bl_buf *))
{
	struct query q;
	struct bl_result r;
	struct bl_release rel;
	struct bl_buf b;
	bool *hidden = NULL;
	char *text;

	bl_buf_init(&b, 1 << 20);
	if (!query(&q, sql)->rc) {
		cells_run(&q, &r);
		if (withheld) {
			hidden = bl_arena_array(&q.a, r.ngroup * r.ncell, sizeof *hidden);
			for (uint64_t g = 0; g < r.ngroup; g++)
				for (const int *c = withheld; *c >= 0; c++)
					hidden[g * r.ncell + (unsigned)*c] = true;
		}
		q.rc = bl_finish(&q.p, &r, hidden, suppress, max_rows, &q.a, &rel, &q.err);
	}
	if (q.rc)
		bl_buf_printf(&b, "%d %s", q.err.code, q.err.msg);
	else
		face(&rel.table, &b);
	bl_buf_put8(&b, 0);
	text = b.failed ? strdup("failed") : strdup((char *)b.p);
	bl_buf_fini(&b);
	bl_arena_fini(&q.a);
	return text;
}

/* "," between columns, "|" between rows, "-" for NULL. */
static void plain(const struct bl_table *r, struct bl_buf *b)
{
	for (uint64_t i = 0; i < r->nrow * r->ncol; i++) {
		if (i)
			bl_buf_puts(b, i % r->ncol ? "," : "|");
		if (r->cell[i].p)
			bl_buf_put(b, r->cell[i].p, r->cell[i].n);
		else
			bl_buf_puts(b, "-");
	}
}

static void check(const char *sql, const char *wanted)
{
	char *got = finish(sql, NULL, false, 1000, plain);

	is_str(got, wanted, "%s", sql);
	free(got);
}

static void aggregates(void)
{
	/* ids: 7 - MAX MIN 0 -1 1234567 10; fares: 7.25 - -1.2345 99999999999.9999 0 0.5 2.5 -2.5; ages 22.5 - -0.5 1e300 2.675 -1e-300 3 -7.5 */
	check("select count(*), count(id), count(null) from t where id is null", "1,0,0");
	check("select count(*), count(id), sum(id) from t", "8,7,1234582");
	check("select sum(fare), sum(fare) * 2, sum(2 * fare + 1), sum(-fare) from t", "100000000006.5154,200000000013.0308,200000000020.0308,-100000000006.5154");
	check("select avg(fare), avg(2 * fare + 1) from t where id in (0, -1, 10)", "-0.6666666666666666,-0.3333333333333333");
	check("select avg(id) from t where id > 1000", "4.611686018428005e+18");
	check("select avg(price), sum(price) / count(price) from t where price < 100", "1.3316666666666668,1.3316666666666668");
	check("select sum(id), avg(id), min(id), max(id), stddev(id), var_pop(id) from t where id is null", "-,-,-,-,-,-");
	check("select min(id), max(id), min(fare), max(fare), min(born), max(seen) from t",
	      "-9223372036854775808,9223372036854775807,-2.5000,99999999999.9999,0001-01-01,9999-12-31T23:59:59.999999Z");
	check("select min(sex), max(sex), min(age), max(age) from t", ",\347\224\267,-7.5,1e+300");
	check("select stddev(id), variance(id), var_pop(id), stddev_pop(id) from t where id in (7, 0, -1, 10)",
	      "5.354126134736337,28.666666666666668,21.5,4.636809247747852");
	check("select variance(id) from t where id = 7", "-");
	check("select var_pop(id), stddev_pop(fare) from t where id = 7", "0,0");
	check("select variance(id + 1000000000), variance(2 * id), variance(id / 2.0) from t where id in (7, 0, -1, 10)",
	      "28.666666666666668,114.66666666666667,7.166666666666667");
	check("select variance(id) from t where id > 100 or id < -100", "8.507059173023462e+37");
	check("select variance(age), stddev(age), avg(age), sum(age) from t where id in (7, 0, 10)", "232.76020833333334,15.256480863335861,5.891666666666667,17.675");
	check("select sum(case when sex = 'male' then fare when pclass > 2 then 2 end) from t", "11.2500");
	check("select sum(case when ok then 1 else 0 end), sum((id > 5)::int), count(case when ok then 1 end) from t", "4,4,4");
	check("select avg(case when ok then fare else 1 end) from t where fare < 10", "1.375");
	check("select variance(case when ok then id else 5 end) from t where id in (7, 0, -1, 10)", "21.583333333333332");
	check("select avg(case when ok then fare else age end), variance(case when ok then fare else age end) from t where id in (7, 0, -1, 10)",
	      "1.98125,16.83890625");
	check("select count(*) filter (where ok), sum(id) filter (where id < 100 and id > -100) from t", "4,16");
	check("select sum(5), avg(2.5), count(1), variance(3) from t", "40,2.5,8,0");
	check("select sum(age / 2), avg(age * 4) from t where id in (7, 10)", "7.5,30");
	check("select sum(age) from t where age > 1e200 or age < -1", "1e+300");
	check("select sum(age * 1e200), count(age * 1e200) from t", "2.0175e+201,6");
	check("select sum(fare::double * 1.5), sum(fare / 4) from t where id = 7", "10.875,1.8125");
}

static void shapes(void)
{
	check("select pclass, count(*) as n from t group by pclass order by n, pclass desc limit 3", "-,1|9,1|4,1");
	check("select id from t order by id limit 3", "-9223372036854775808|-1|0");
	check("select id from t order by id desc limit 3", "-|9223372036854775807|1234567");
	check("select id from t order by id desc nulls last limit 2 offset 1", "1234567|10");
	check("select id from t order by id nulls first limit 1", "-");
	check("select id from t limit 2 offset 6", "1234567|10");
	check("select id from t offset 9", "");
	check("select id from t limit 0", "");
	check("select sex, id from t where ok order by age", "male ,10|m,-1|male,7|Female,-9223372036854775808");
	check("select ok from t order by ok, id desc", "false|false|false|true|true|true|true|-");
	check("select ok, sum(qty) from t group by ok having sum(qty) < 0", "false,-7");
	check("select ok, count(*) from t group by ok having null", "");
	check("select ok, count(*) from t group by ok having min(sex) is null", "-,1");
	check("select length(sex) as l, count(*) from t group by l order by 2 desc, 1", "1,2|4,2|0,1|5,1|6,1|-,1");
	check("select distinct ok, length(sex) > 3 from t order by 1, 2", "false,false|false,true|true,false|true,true|-,-");
	check("select born, seen, ok, fare, age, \"odd name\" from t where id = 7",
	      "1990-02-28,2020-02-29T12:34:56.789Z,true,7.2500,22.5,\303\234n\303\257 %_\\");
	check("select 1, 'a', null, count(*) + 1, count(*) || '' from t", "1,a,-,9,8");
	check("select sum(id) / 0, round(avg(fare), 2), case when count(*) > 5 then 'many' else 'few' end from t where id < 100 and id > 0", "-,2.38,few");
	check("select upper(sex) || '!', count(*) from t group by sex order by sex desc limit 2", "-,1|\347\224\267!,1");
	check("select sum(id) + 0.5 from t where id is null", "-");
}

static void withheld(void)
{
	static const int sum_cell[] = { 1, -1 }, all[] = { 0, 1, 2, -1 }, check_cell[] = { 2, -1 };
	char *s;

	s = finish("select ok, count(*) as n, sum(id) as s, sum(id) + count(*) as b, avg(id) as a from t where id < 100 group by ok order by ok", sum_cell, true, 100, bl_table_jsonl);
	is_str(s, "{\"ok\":false,\"n\":1,\"s\":\"0\",\"b\":\"1\",\"a\":null,\"_suppressed\":\"a\"}\n"
		  "{\"ok\":true,\"n\":4,\"s\":\"-9223372036854775792\",\"b\":\"-9223372036854775788\",\"a\":null,\"_suppressed\":\"a\"}\n",
	       "what needs a withheld cell is NULL and named, what does not is there");
	free(s);
	s = finish("select ok, count(*) as n, sum(id) as s from t group by ok having sum(id) > 0", all, true, 100, bl_table_jsonl);
	is_str(s, "", "HAVING on what is withheld drops the row");
	free(s);
	s = finish("select ok, count(*) as n, sum(id) as s from t where ok group by ok order by sum(id)", all, false, 100, bl_table_jsonl);
	is_str(s, "{\"ok\":true,\"n\":null,\"s\":null}\n", "keys stay");
	free(s);
	s = finish("select sum(case when ok then fare end) as s, count(*) as n from t", check_cell, true, 100, bl_table_jsonl);
	is_str(s, "{\"s\":null,\"n\":8,\"_suppressed\":\"s\"}\n", "a cell that only the gate looks at withholds what it was tested for");
	free(s);
	s = finish("select id from t where id = 7", NULL, true, 100, bl_table_jsonl);
	is_str(s, "{\"id\":7,\"_suppressed\":\"\"}\n", "the column is there when nothing was withheld");
	free(s);
	s = finish("select id from t", NULL, false, 7, bl_table_jsonl);
	is_str(s, "77 refused: limits.rows_out", "too many rows are refused by the name of the limit alone");
	free(s);
	s = finish("select id from t limit 7", NULL, false, 7, bl_table_jsonl);
	ok(*s == '{', "as many as the limit are not");
	free(s);
}

/* A cell that overflowed is not one that nothing entered. */
static void overflows(void)
{
	struct query q;
	struct bl_acc acc[3] = { { .i = 3 }, { .null = true }, { .i = 5 } };
	struct bl_value v;

	query(&q, "select avg(id), sum(id + 1) from t");
	v = bl_total(&q.p, &q.p.agg[1], acc, NULL);
	ok(v.null, "the sum of a cell that overflowed is NULL");
	acc[0].i = 0;
	v = bl_total(&q.p, &q.p.agg[1], acc, NULL);
	ok(v.null, "so is that of nothing");
	acc[0].i = 2;
	acc[1] = (struct bl_acc){ .i = bl_num_pow10_i128(38) - 1 };
	v = bl_total(&q.p, &q.p.agg[1], acc, NULL);
	ok(v.null, "and one past 38 digits");
	v = bl_total(&q.p, &q.p.agg[0], acc, NULL);
	ok(!v.null && v.f == 5e37, "its average is a double");
	bl_arena_fini(&q.a);
	query(&q, "select sum(case when ok then id else 3 end) from t");
	memset(acc, 0, sizeof acc);
	for (uint32_t c = 0; c < q.p.ncell; c++)
		acc[c].null = q.p.cell[c].kind != BL_CELL_N;
	acc[q.p.agg[0].term[1].n].i = 4;
	v = bl_total(&q.p, &q.p.agg[0], acc, NULL);
	ok(!v.null && v.i == 12, "a branch that nothing entered adds nothing");
	bl_arena_fini(&q.a);
}

/* Variance of values near 10^15 that differ by little, and of many: no digit is lost. */
static void exact(void)
{
	struct query q;
	struct bl_acc acc[3];
	bl_i128 base = bl_num_pow10_i128(15), n = 1000000, s = 0, ss = 0;
	struct bl_value v;

	query(&q, "select variance(id), avg(id) from t");
	for (int i = 0; i < 4; i++) {		/* a quarter of the rows each at base + i */
		s += n / 4 * (base + i);
		ss += n / 4 * (base + i) * (base + i);
	}
	for (uint32_t c = 0; c < 3; c++)
		acc[c] = (struct bl_acc){ .i = q.p.cell[c].kind == BL_CELL_N ? n : q.p.cell[c].kind == BL_CELL_S ? s : ss };
	v = bl_total(&q.p, &q.p.agg[0], acc, NULL);
	ok(!v.null && v.f == bl_num_ratio(bl_num_pow10_i128(6) * 5 / 4, 999999), "a variance of large values that differ little is exact");
	acc[2].i -= 1000000000;
	v = bl_total(&q.p, &q.p.agg[0], acc, NULL);
	ok(v.null, "one below zero, of cells that do not fit together, is NULL");
	bl_arena_fini(&q.a);
}

/* What fits 128 bits at the end need not on the way there. */
static void long_way(void)
{
	struct query q;
	struct bl_acc acc[2];
	bl_i128 e29 = bl_num_pow10_i128(29);
	struct bl_value v[4];

	query(&q, "select sum(10000000000 * (id - 3)), avg(10000000000 * (id - 3)), sum(id - 3), avg(id - 3) from t");
	for (int k = 0; k < 3; k++) {
		static const int more[] = { 0, 5, -7 };
		bool good = q.p.ncell == 2 && q.p.nagg == 4;

		for (uint32_t c = 0; c < 2; c++)
			acc[c] = (struct bl_acc){ .i = q.p.cell[c].kind == BL_CELL_N ? e29 : 3 * e29 + more[k] };
		for (uint32_t i = 0; i < 4; i++) {
			v[i] = bl_total(&q.p, &q.p.agg[i], acc, NULL);
			good = good && !v[i].null;
		}
		ok(good && v[0].i == v[2].i * 10000000000 && v[2].i == more[k] && v[3].f == bl_num_ratio(more[k], e29) &&
		   v[1].f == bl_num_ratio((bl_i128)more[k] * 10000000000, e29), "sums whose parts pass 128 bits are as exact as others (%d)", more[k]);
	}
	bl_arena_fini(&q.a);
}

/* Counts that a policy rounded beside sums that are exact: 9 rows of 100, 110, ..., 180, and what is near to 9. */
static void rounded(void)
{
	static const char *const functions[] = { "variance(id)", "var_pop(id)", "stddev(id)", "stddev_pop(id)", "variance(2 * id + 1)", "variance(age)",
						 "var_pop(age)", "stddev(age)", "stddev_pop(3 * age)", "variance(case when ok then age else 140 end)" };
	struct query q;
	struct bl_acc acc[8];
	char sql[128];
	struct bl_value v[3];

	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		snprintf(sql, sizeof sql, "select %s from t", functions[i]);
		query(&q, sql);
		for (int k = 0; k < 3; k++) {
			static const int n[] = { 9, 8, 20 };
			for (uint32_t c = 0; c < q.p.ncell; c++) {
				bool branch = q.p.cell[c].kind == BL_CELL_N && q.p.cell[c].cond && !q.p.cell[c].arg;
				int64_t x = branch ? 0 : q.p.cell[c].kind == BL_CELL_N ? n[k] : q.p.cell[c].kind == BL_CELL_S ? 1260 : 182400;
				acc[c] = (struct bl_acc){ .i = x, .f = (double)x };
			}
			v[k] = bl_total(&q.p, &q.p.agg[0], acc, NULL);
		}
		ok(!v[0].null && v[0].f > 0 && v[1].null && !v[2].null && v[2].f > 0, "%s of rounded counts is never below zero: it is NULL", functions[i]);
		bl_arena_fini(&q.a);
	}
	query(&q, "select variance(age) from t");
	for (uint32_t c = 0; c < q.p.ncell; c++)	/* ten times 0.1 */
		acc[c] = (struct bl_acc){ .i = 10, .f = q.p.cell[c].kind == BL_CELL_S ? 1 : nextafter(0.1, 0) };
	v[0] = bl_total(&q.p, &q.p.agg[0], acc, NULL);
	ok(!v[0].null && v[0].f == 0, "what rounding alone took below zero is 0: the values are the same");
	bl_arena_fini(&q.a);
}

static void wide(void)
{
	bl_i128 seed = 88172645463325252, a[200], b[200], r = 0;
	struct bl_wide x, y, z;
	bool sums = true, products = true, ratios = true;

	for (int i = 0; i < 200; i++) {
		seed = (bl_i128)((bl_u128)seed * 6364136223846793005u + 1442695040888963407u);
		a[i] = seed >> (i % 120);
		seed = (bl_i128)((bl_u128)seed * 6364136223846793005u + 1442695040888963407u);
		b[i] = seed >> (i * 7 % 120);
	}
	for (int i = 0; i < 200; i++) {
		x = bl_wide_of(a[i]);
		y = bl_wide_of(b[i]);
		z = bl_wide_add(&x, &y);
		z = bl_wide_sub(&z, &y);
		sums = sums && bl_wide_get(&z, &r) && r == a[i];
		x = bl_wide_of(a[i] >> 64);
		y = bl_wide_of(b[i] >> 65);
		z = bl_wide_mul(&x, &y);
		products = products && bl_wide_get(&z, &r) && r == (a[i] >> 64) * (b[i] >> 65);
		x = bl_wide_of(a[i]);
		y = bl_wide_of(b[i] < 0 ? ~b[i] + 1 : b[i] + 1);
		bl_wide_get(&y, &r);
		ratios = ratios && bl_wide_ratio(&x, &y) == bl_num_ratio(a[i], r);
		/* the same quotient, 300 digits longer on both sides */
		x = bl_wide_scale(&x, 300);
		y = bl_wide_scale(&y, 300);
		ratios = ratios && bl_wide_ratio(&x, &y) == bl_num_ratio(a[i], r);
	}
	ok(sums, "wide sums and differences are those of 128 bits");
	ok(products, "wide products too");
	ok(ratios, "wide quotients are the nearest double");
}

/* More than a vector of groups, made by hand: ids up to 4,999 in text and number. */
static void many_groups(void)
{
	enum { N = 5000 };
	static char text[N][8];
	struct query q;
	struct bl_result r;
	struct bl_release rel;
	bool good = true;

	query(&q, "select sex, id, count(*) * 2 as n from t group by id, sex having count(*) > 10 order by id desc limit 3000 offset 5");
	r = (struct bl_result){ .nkey = 2, .ncell = q.p.ncell, .ngroup = N };
	r.key = bl_arena_array(&q.a, 2 * N, sizeof *r.key);
	r.acc = bl_arena_array(&q.a, N * (size_t)q.p.ncell, sizeof *r.acc);
	for (int g = 0; g < N; g++) {
		r.key[2 * g] = (struct bl_value){ .type = q.p.key[0]->type, .i = g };
		r.key[2 * g + 1] = (struct bl_value){ .type = q.p.key[1]->type, .s = { text[g], (uint32_t)sprintf(text[g], "k%d", g) } };
		r.acc[(unsigned)g * q.p.ncell].i = g;
	}
	good = !bl_finish(&q.p, &r, NULL, false, 3000, &q.a, &rel, &q.err) && rel.table.nrow == 3000 && rel.table.ncol == 3;
	for (int i = 0; good && i < 3000; i++) {
		char want[3][16];
		int g = N - 1 - 5 - i;
		sprintf(want[0], "k%d", g);
		sprintf(want[1], "%d", g);
		sprintf(want[2], "%d", 2 * g);
		for (int c = 0; c < 3; c++)
			good = good && rel.table.cell[3 * i + c].n == strlen(want[c]) && !memcmp(rel.table.cell[3 * i + c].p, want[c], strlen(want[c]));
	}
	ok(good, "thousands of groups are finished in batches");
	bl_arena_fini(&q.a);
	query(&q, "select sex, id, count(*) * 2 as n from t group by id, sex");
	r.key = bl_arena_array(&q.a, 2 * N, sizeof *r.key);
	r.acc = bl_arena_array(&q.a, N * (size_t)q.p.ncell, sizeof *r.acc);
	for (int g = 0; g < N; g++)
		r.key[2 * g + 1] = (struct bl_value){ .type = q.p.key[1]->type, .s = { g % 2 ? "\xff" : "ok", g % 2 ? 1 : 2 } };
	q.a.limit = q.a.used + 400000;
	q.p.has_limit = true;
	q.p.limit = 10;
	ok(!bl_finish(&q.p, &r, NULL, false, N, &q.a, &rel, &q.err) && rel.table.nrow == 10, "with LIMIT only what is printed is spelled out");
	q.p.has_limit = false;
	ok(bl_finish(&q.p, &r, NULL, false, N, &q.a, &rel, &q.err) && q.err.code == BL_REFUSED && !strcmp(q.err.msg, "refused: limits.memory"),
	   "memory that runs out is refused by name");
	q.a.limit = 64 << 20;
	ok(!bl_finish(&q.p, &r, NULL, false, N, &q.a, &rel, &q.err) && rel.table.cell[0].n == 2 && !rel.table.cell[3].p, "text that is no UTF-8 is not released");
	bl_arena_fini(&q.a);
}

struct pair { int hash, g; };
static int by_hash(const void *x, const void *y)
{
	const struct pair *a = x, *b = y;

	return a->hash != b->hash ? (a->hash > b->hash ? -1 : 1) : a->g - b->g;
}

/* The best of many, whatever the order they come in and however many are asked for, are the first of all in order. */
static void best(void)
{
	enum { N = 20000 };
	static const struct { const char *tail; int offset, limit; } ask[] = {
		{ "", 0, N }, { "limit 10", 0, 10 }, { "limit 1 offset 2", 2, 1 }, { "limit 0", 0, 0 }, { "limit 3000 offset 500", 500, 3000 },
		{ "limit 20000", 0, N }, { "limit 9 offset 19995", 19995, 5 }, { "limit 9223372036854775807 offset 7", 7, N - 7 },
	};
	static struct pair want[N];
	bool good;

	for (int order = 0; order < 3; order++)
		for (size_t t = 0; t < sizeof ask / sizeof *ask; t++) {
			struct query q;
			struct bl_result r;
			struct bl_release rel;
			char sql[128];

			snprintf(sql, sizeof sql, "select id from t group by id order by count(*) desc %s", ask[t].tail);
			query(&q, sql);
			r = (struct bl_result){ .nkey = 1, .ncell = q.p.ncell, .ngroup = N };
			r.key = bl_arena_array(&q.a, N, sizeof *r.key);
			r.acc = bl_arena_array(&q.a, N * (size_t)q.p.ncell, sizeof *r.acc);
			for (int g = 0; g < N; g++) {	/* ascending, descending, neither; many are equal */
				want[g] = (struct pair){ (order == 0 ? g : order == 1 ? N - g : (int)(g * 7919u % N)) / 3, g };
				r.key[g] = (struct bl_value){ .type = q.p.key[0]->type, .i = g };
				r.acc[(unsigned)g * q.p.ncell].i = want[g].hash;
			}
			qsort(want, N, sizeof *want, by_hash);
			good = !q.rc && !bl_finish(&q.p, &r, NULL, false, N, &q.a, &rel, &q.err) && rel.table.nrow == (uint64_t)ask[t].limit;
			for (int i = 0; good && i < ask[t].limit; i++) {
				char id[16];
				snprintf(id, sizeof id, "%d", want[ask[t].offset + i].g);
				good = rel.table.cell[i].n == strlen(id) && !memcmp(rel.table.cell[i].p, id, strlen(id));
			}
			ok(good, "the first rows are those of the whole order (%d): %s", order, ask[t].tail);
			bl_arena_fini(&q.a);
		}
}

int main(void)
{
	aggregates();
	shapes();
	withheld();
	overflows();
	exact();
	long_way();
	rounded();
	wide();
	many_groups();
	best();
	return tap_done();
}
