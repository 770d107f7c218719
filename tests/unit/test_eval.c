/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions over the rows of tests/values.h: the goldens of tests/gold/eval.txt say what every operator gives; it must
 * not matter how wide it runs, how the values come, which rows are wanted, or how many there are.
 */
#include "../values.h"
#include "../tap.h"

static struct values table;

static struct bl_eval *compile(struct query *q, const char *expr, const struct bl_eval_range *range)
{
	char *sql;
	struct bl_eval *v = NULL;

	if (asprintf(&sql, "select %s from t", expr) < 0)
		abort();
	if (!query(q, sql)->rc && !q->p.nkey)
		q->rc = bl_err_set(&q->err, BL_BUG, "this is a literal");
	if (!q->rc && !(v = bl_eval_new(&q->p, q->p.key[0], range, &q->a, &q->err)))
		q->rc = -1;
	free(sql);
	return v;
}

/* The values of expr for all rows, one behind the other with "|" between; "-" is NULL. */
static char *evaluate(const char *expr, enum values_way way)
{
	/* With ranges: row by row, each with its own. As a constant: row by row, 70 times the same. */
	bool single = way == VALUES_RANGES || way == VALUES_CONSTANT;
	uint32_t n = way == VALUES_RANGES ? 1 : way == VALUES_CONSTANT ? 70 : VALUES_ROWS;
	struct bl_eval_vec out = { 0 };
	struct bl_buf b;
	char *text;

	bl_buf_init(&b, 4 << 20);
	for (uint32_t row = 0; row < VALUES_ROWS; row += single ? 1 : VALUES_ROWS) {
		struct query q;
		struct bl_eval *v;
		struct bl_eval_in in;

		values_init(&table, way, row, n);
		v = compile(&q, expr, table.range);
		in = values_in(&table, way);
		for (int again = 0; v && !q.rc && again < 2; again++)
			q.rc = bl_eval_run(v, &in, NULL, &out, &q.err);
		if (q.rc)
			bl_buf_puts(&b, q.err.msg);
		for (uint32_t i = 0; !q.rc && i < (single ? 1 : n); i++) {
			bl_buf_puts(&b, row + i ? "|" : "");
			values_print(&out, way == VALUES_CONSTANT ? 69 : i, &b);
		}
		bl_arena_fini(&q.a);
	}
	bl_buf_put8(&b, 0);
	text = strdup((char *)b.p);
	bl_buf_fini(&b);
	return text;
}

static void check(const char *expr, const char *wanted)
{
	static const char *const names[] = { "plain", "with ranges", "with dictionaries", "with kept dictionaries", "as constants" };
	bool good = true;

	for (int way = 0; way < VALUES_WAYS && good; way++) {
		char *got = evaluate(expr, (enum values_way)way);
		good = !strcmp(got, wanted);
		if (!good) {
			ok(false, "%s", expr);
			printf("# %s\n# got:    %s\n# wanted: %s\n", names[way], got, wanted);
		}
		free(got);
	}
	if (good)
		ok(true, "%.100s", expr);
}

/* The file: an expression, a line with a tab and its values. */
static int goldens(const char *top)
{
	static char expr[4096], wanted[65536];
	char path[4096];
	FILE *f;

	snprintf(path, sizeof path, "%s/tests/gold/eval.txt", top);
	f = fopen(path, "r");
	if (!ok(f != NULL, "the goldens are there"))
		return -1;
	while (fgets(expr, sizeof expr, f) && fgets(wanted, sizeof wanted, f)) {
		expr[strcspn(expr, "\n")] = wanted[strcspn(wanted, "\n")] = 0;
		check(expr, wanted + 1);
	}
	fclose(f);
	return 0;
}

/* 1,024 rows give what the eight give, wanted alone or with others, and conditions their bits. */
static void many_rows(const char *expr)
{
	struct query q, one;
	struct bl_eval *v, *w;
	struct bl_eval_vec out, few;
	uint64_t want[16], is[16];
	bool good = true;
	static struct values eight;

	for (int way = 0; way < VALUES_CONSTANT; way++) {
		values_init(&table, (enum values_way)way, 0, BL_TYPE_VECTOR);
		values_init(&eight, VALUES_PLAIN, 0, VALUES_ROWS);
		struct bl_eval_in in = values_in(&table, (enum values_way)way), in8 = values_in(&eight, VALUES_PLAIN);
		v = compile(&q, expr, table.range);
		w = compile(&one, expr, NULL);
		for (int round = 0; v && w && round < 4; round++) {
			for (int i = 0; i < 16; i++)
				want[i] = round == 0 ? ~UINT64_C(0) : round == 1 ? UINT64_C(0x1111111111111111) << i % 4 : round == 2 ? (uint64_t)(i == 15) << 63 : 0x00ff;
			bool bad = bl_eval_run(w, &in8, NULL, &few, &one.err) || bl_eval_run(v, &in, want, &out, &q.err);
			for (uint32_t i = 0; i < BL_TYPE_VECTOR && !bad; i++) {
				struct bl_buf a, b;
				bl_buf_init(&a, 1 << 20);
				bl_buf_init(&b, 1 << 20);
				if (want[i / 64] >> i % 64 & 1) {
					values_print(&out, i, &a);
					values_print(&few, i % VALUES_ROWS, &b);
					bad = a.len != b.len || (a.len && memcmp(a.p, b.p, a.len));
				}
				bl_buf_fini(&a);
				bl_buf_fini(&b);
			}
			if (!bad && q.p.key[0]->type.kind == BL_TYPE_BOOL) {
				bad = bl_eval_true(v, &in, want, is, &q.err) != 0;
				for (uint32_t i = 0; i < BL_TYPE_VECTOR && !bad; i++) {
					bool null = few.null && few.null[0] >> i % VALUES_ROWS & 1, is_true = !null && few.i64[i % VALUES_ROWS];
					bad = (is[i / 64] >> i % 64 & 1) != (is_true && want[i / 64] >> i % 64 & 1);
				}
			}
			if (bad)
				printf("# way %d round %d\n", way, round);
			good = good && !bad;
		}
		good = good && v && w;
		bl_arena_fini(&q.a);
		bl_arena_fini(&one.a);
	}
	ok(good, "1,024 rows, or some of them: %.80s", expr);
}

static void narrow(const char *expr, int64_t min, int64_t max, const char *promise)
{
	struct query q;
	struct bl_eval *v;
	struct bl_eval_range r[QUERY_NCOL] = { [0] = { true, -5, 1000 }, [4] = { true, 0, 99999999 }, [5] = { true, 90100, 10494950 },
					       [6] = { true, 0, 10 }, [7] = { true, 8000, 11000 }, [10] = { true, 1, 50 } };
	int64_t lo = 0, hi = 0;

	v = compile(&q, expr, r);
	ok(v && bl_eval_narrow(v, &lo, &hi) && lo == min && hi == max, "%s: %s", promise, expr);
	if (lo != min || hi != max)
		printf("# got %lld %lld %s\n", (long long)lo, (long long)hi, q.err.msg);
	bl_arena_fini(&q.a);
}

static void ranges(void)
{
	struct query q;
	struct bl_eval *v;
	int64_t lo, hi;

	narrow("id", -5, 1000, "a column has its range");
	narrow("id * qty - 3", -253, 49997, "arithmetic has the range of its parts");
	narrow("price * (1 - disc)", 8109000, 1049495000, "decimals too");
	narrow("price * (1 - disc) * (1 + disc)", 810900000, INT64_C(115444450000), "and their products");
	narrow("id % 7", -6, 6, "a remainder is below its divisor");
	narrow("case when ok then id else 2000 end", -5, 2000, "a choice has the range of its branches");
	narrow("coalesce(nullif(id, 3), 7) + 0", -5, 1000, "so have COALESCE and NULLIF");
	narrow("year(born)", 1, 9999, "fields have the range of the calendar");
	narrow("extract(second from seen)", 0, 59999999, "seconds have six digits behind the point");
	narrow("bin(id, 10)", -15, 1000, "bins start no lower than a width below");
	narrow("born", 8000, 11000, "dates have ranges");
	narrow("id > 5", 0, 1, "a condition is 0 or 1");
	narrow("width_bucket(id, 0, 10, 5)", 0, 6, "buckets are counted");
	v = compile(&q, "fare * fare * fare", NULL);
	ok(v && !bl_eval_narrow(v, &lo, &hi), "what may pass int64 is not narrow");
	bl_arena_fini(&q.a);
	v = compile(&q, "id * id", NULL);
	ok(v && bl_eval_narrow(v, &lo, &hi) && lo == INT64_MIN && hi == INT64_MAX, "a bigint is always narrow: past it is NULL");
	bl_arena_fini(&q.a);
	v = compile(&q, "age * 2", NULL);
	ok(v && !bl_eval_narrow(v, &lo, &hi), "a double is not");
	bl_arena_fini(&q.a);
}

static struct bl_eval_vec text_column(const struct bl_str *str, const uint32_t *code, uint32_t ndict, uint32_t n)
{
	struct bl_eval_vec v = { .type = { BL_TYPE_TEXT, 0, 0 }, .n = n };

	v.str = code ? NULL : str;
	v.code = code;
	v.dict = code ? str : NULL;
	v.ndict = code ? ndict : 0;
	return v;
}

/* Rows that stand one behind the other in memory are searched as one; a hit across two of them is none. */
static void packed_rows(void)
{
	static const char text[] = "specialrequests|no|special|requests|xspecial yrequestsz|spec|ialrequests||specialspecial|requests special|special requests";
	struct bl_str str[64];
	struct bl_eval_vec col[QUERY_NCOL] = { 0 }, out;
	struct query q;
	struct bl_eval *v;
	static char bytes[sizeof text];
	uint32_t n = 0, at = 0;
	char got[65] = "";

	for (const char *p = text, *end; p <= text + strlen(text); p = end + 1) {
		end = strchrnul(p, '|');
		memcpy(bytes + at, p, (size_t)(end - p));
		str[n++] = (struct bl_str){ bytes + at, (uint32_t)(end - p) };
		at += (uint32_t)(end - p);
	}
	col[2] = text_column(str, NULL, 0, n);
	struct bl_eval_in in = { .n = n, .col = col };
	v = compile(&q, "sex like '%special%requests%'", NULL);
	if (v && !bl_eval_run(v, &in, NULL, &out, &q.err))
		for (uint32_t i = 0; i < n; i++)
			strcat(got, out.i64[i] ? "1" : "0");
	is_str(got, "10001000001", "LIKE finds within a row, never across two");
	bl_arena_fini(&q.a);
	got[0] = 0;
	v = compile(&q, "sex like '%special%'", NULL);
	if (v && !bl_eval_run(v, &in, NULL, &out, &q.err))
		for (uint32_t i = 0; i < n; i++)
			strcat(got, out.i64[i] ? "1" : "0");
	is_str(got, "10101000111", "nor with one word");
	bl_arena_fini(&q.a);
}

/* More entries than fit a vector, kept while their number stands, forgotten when it changes. */
static void dictionaries(void)
{
	enum { N = 3000 };
	static char bytes[N][16];
	static struct bl_str dict[N];
	static uint32_t code[BL_TYPE_VECTOR];
	struct bl_eval_vec col[QUERY_NCOL] = { 0 }, out;
	struct query q;
	struct bl_eval *v;
	bool good = true;

	for (uint32_t i = 0; i < N; i++)
		dict[i] = (struct bl_str){ bytes[i], (uint32_t)sprintf(bytes[i], "Entry%u", i) };
	v = compile(&q, "upper(sex) || '!'", NULL);
	for (uint64_t round = 0; v && round < 6; round++) {
		/* rounds 0, 1: kept; 2: other texts, other number; 3, 4: no number; 5: the first again */
		struct bl_eval_in in = { .n = BL_TYPE_VECTOR, .col = col, .dicts = round < 2 ? 7 : round == 2 ? 8 : round == 5 ? 7 : 0 };
		for (uint32_t i = 0; i < N; i++)
			bytes[i][0] = round == 2 || round == 4 ? 'e' : round == 3 ? 'x' : 'E';
		for (uint32_t i = 0; i < BL_TYPE_VECTOR; i++)
			code[i] = (uint32_t)(i * 17 + round * 5) % N;
		col[2] = text_column(dict, code, N, BL_TYPE_VECTOR);
		good = good && !bl_eval_run(v, &in, NULL, &out, &q.err);
		for (uint32_t i = 0; good && i < BL_TYPE_VECTOR; i++) {
			char wanted[32];
			struct bl_str s = out.code ? out.dict[out.code[i]] : out.str[i];
			int len = sprintf(wanted, "%cNTRY%u!", round == 3 ? 'X' : 'E', code[i]);
			good = s.n == (uint32_t)len && !memcmp(s.p, wanted, s.n);
		}
	}
	ok(v && good, "entries of a dictionary are computed anew when it changes");
	bl_arena_fini(&q.a);
}

/* Ranges come from a file; a file that lies gets wrong values, and nothing worse. */
static void lies(void)
{
	static const char *const exprs[] = { "id * id + qty * pclass - id", "born + qty", "id % 7 + qty / 3", "price * (1 - disc) * (1 + disc)", "bin(id, 7)", "-id",
					     "id::text", "year(born)", "seen::date", "born::timestamp", "id in (1, 2)", "clip(id, 0, 5)", "round(fare * 3, 2)",
				     "year(seen)", "date_trunc('week', seen)", "extract(second from seen)", "seen + interval '1 month'", "seen::text",
				     "born::text", "abs(id) + sign(qty)", "width_bucket(id, 0, 10, 5)" };
	struct bl_eval_range r[QUERY_NCOL];
	struct bl_eval_vec out;

	for (int i = 0; i < QUERY_NCOL; i++)
		r[i] = (struct bl_eval_range){ true, 1, 2 };
	for (size_t i = 0; i < sizeof exprs / sizeof *exprs; i++) {
		struct query q;
		struct bl_eval *v;
		values_init(&table, VALUES_PLAIN, 0, VALUES_ROWS);
		for (int k = 0; k < VALUES_ROWS; k++)
			table.i64[7][k] = table.i64[8][k] = k % 2 ? INT64_MIN : INT64_MAX;
		struct bl_eval_in in = values_in(&table, VALUES_PLAIN);
		v = compile(&q, exprs[i], r);
		ok(v && !bl_eval_run(v, &in, NULL, &out, &q.err), "a range that lies does no harm: %s", exprs[i]);
		bl_arena_fini(&q.a);
	}
}

static void limits(void)
{
	static char big[700000];
	struct bl_str str[2] = { { big, sizeof big }, { "small", 5 } };
	struct bl_eval_vec col[QUERY_NCOL] = { 0 }, out;
	struct query q;
	struct bl_eval *v;
	int rc = 0;

	memset(big, 'x', sizeof big);
	col[2] = text_column(str, NULL, 0, 2);
	struct bl_eval_in in = { .n = 2, .col = col };
	v = compile(&q, "sex || sex", NULL);
	ok(v && !bl_eval_run(v, &in, NULL, &out, &q.err) && out.null && (out.null[0] & 3) == 1, "a text past the longest is NULL");
	bl_arena_fini(&q.a);
	v = compile(&q, "replace(sex, 'x', 'yy')", NULL);
	ok(v && !bl_eval_run(v, &in, NULL, &out, &q.err) && out.null && (out.null[0] & 3) == 1, "however it was made");
	bl_arena_fini(&q.a);
	v = compile(&q, "lower(sex) || 'y'", NULL);
	q.a.limit = q.a.used + 500000;
	rc = v ? bl_eval_run(v, &in, NULL, &out, &q.err) : 0;
	ok(rc == -1 && q.err.code == BL_REFUSED && !strcmp(q.err.msg, "refused: limits.memory"), "memory that runs out is 77 and names the limit");
	bl_arena_fini(&q.a);
	query(&q, "select id + qty + 1 from t");
	q.a.limit = q.a.used + 1000;
	ok(!q.rc && !bl_eval_new(&q.p, q.p.key[0], NULL, &q.a, &q.err) && q.err.code == BL_REFUSED, "also when it is compiled");
	bl_arena_fini(&q.a);
	values_init(&table, VALUES_PLAIN, 0, 8);
	in = values_in(&table, VALUES_PLAIN);
	in.n = 0;
	v = compile(&q, "id + qty", NULL);
	ok(v && !bl_eval_run(v, &in, NULL, &out, &q.err) && !out.n, "no rows are no trouble");
	bl_arena_fini(&q.a);
}

int main(int argc, char **argv)
{
	const char *top = getenv("BL_TOP");

	if (argc > 1) {		/* lines for the goldens */
		for (int i = 1; i < argc; i++)
			printf("%s\n\t%s\n", argv[i], evaluate(argv[i], VALUES_PLAIN));
		return 0;
	}
	if (goldens(top ? top : "."))
		return 1;
	many_rows("id + qty * 2 - pclass");
	many_rows("fare * price");
	many_rows("case when ok then id when sex like '%m%' then qty else 1 / id end");
	many_rows("coalesce(case when id > 5 then lower(sex) end, upper(\"odd name\"), 'x')");
	many_rows("case when id > 0 then 'pos' when id < 0 then 'neg' end");
	many_rows("ok and (sex = 'male' or id > 3) and age < 100");
	many_rows("not (fare > 0 or born is null) or length(sex) in (1, 6)");
	many_rows("age * 2 + id");
	many_rows("substr(sex || \"odd name\", 2, 3)");
	many_rows("greatest(id, qty, 5) between 1 and 10");
	many_rows("extract(doy from born)");
	many_rows("id <= 7");
	many_rows("qty <> id");
	many_rows("age >= 0.5");
	many_rows("id in (7, 10)");
	ranges();
	packed_rows();
	dictionaries();
	lies();
	limits();
	return tap_done();
}
