/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eval: the oracle of our evaluator. Makes expressions that mean the same to PostgreSQL, to us and, spelled its own way, to
 * sqlite: `eval script N` prints the table and N queries for the sqlite3 shell, `eval check N` reads what that answered and
 * compares it with our values. Left out is where sqlite has another meaning: decimals, dates, rounding, casts of text,
 * integers past 64 bits. Built by tests/t/230-eval-oracle.t where sqlite3 is.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "../values.h"

enum { ROWS = 12, SIZE = 8192 };
enum { ID, PCLASS, SEX, AGE, OK = 9, QTY = 10, ODD = 12 };
static const struct { const char *id, *pclass, *sex, *age, *ok, *qty, *odd; } rows[ROWS] = {
	{ "7", "3", "male", "22.5", "true", "5", "a b" },	{ NULL, NULL, NULL, NULL, NULL, NULL, NULL },
	{ "0", "1", "female", "-3.25", "false", "-4", "" },	{ "-7", "2", "", "0", "true", "0", "%_" },
	{ "13", NULL, "MALE", "100.125", NULL, "3", "x" },	{ "2", "1", "\303\251t\303\251", "0.1", "false", NULL, "it's" },
	{ NULL, "3", " m ", NULL, "true", "-1", "female" },	{ "1", "0", "mAle", "7", "false", "11", NULL },
	{ "50", "-2", NULL, "-0.75", "true", "50", "\347\224\267" },	{ "-1", "3", "aaa", "3.5", "false", "1", "a" },
	{ "3", "3", "e", "1e6", "true", "3", "MALE" },		{ "-50", "5", "le", "-100", "false", "-11", "b a" },
};

static unsigned roll(unsigned n)
{
	static unsigned long long s = 88172645463325252ull;

	s ^= s << 13, s ^= s >> 7, s ^= s << 17;
	return (unsigned)(s >> 33) % n;
}

/* One expression in two spellings. */
struct pair { char ours[SIZE], theirs[SIZE]; };

/* Appends to both: $ in the format takes the next pair from the arguments, @ takes two strings, ours and theirs. */
static void put(struct pair *p, const char *f, ...)
{
	va_list ap;
	size_t n = strlen(p->ours), m = strlen(p->theirs);

	va_start(ap, f);
	for (; *f; f++) {
		char c[2] = { *f, 0 };
		const char *a = c, *b = c;
		if (*f == '$') {
			const struct pair *q = va_arg(ap, const struct pair *);
			a = q->ours;
			b = q->theirs;
		} else if (*f == '@') {
			a = va_arg(ap, const char *);
			b = va_arg(ap, const char *);
		}
		n += (size_t)snprintf(p->ours + n, SIZE - n, "%s", a);
		m += (size_t)snprintf(p->theirs + m, SIZE - m, "%s", b);
		if (n >= SIZE || m >= SIZE)
			abort();
	}
	va_end(ap);
}

static struct pair *make(enum bl_type_kind kind, int depth);

static const char *one_of(const char *const *s, unsigned n)
{
	return s[roll(n)];
}

static void integer(struct pair *p, int depth)
{
	static const char *const leaf[] = { "id", "pclass", "qty", "id", "3", "-2", "0", "7", "10" }, *const op[] = { "+", "-", "*", "/", "%" };
	struct pair *a, *b, *c;
	const char *s;

	if (depth <= 0) {
		s = one_of(leaf, 9);
		put(p, "@", s, s);
		return;
	}
	a = make(BL_TYPE_INT, depth - 1);
	b = make(BL_TYPE_INT, depth - 2);
	switch (roll(11)) {
	case 0: case 1: case 2:
		s = one_of(op, 5);
		put(p, "($ @ $)", a, s, s, b);
		break;
	case 3: put(p, "abs($)", a); break;
	case 4: put(p, "sign($)", a); break;
	case 5: put(p, "(-($))", a); break;
	case 6:
		c = make(BL_TYPE_BOOL, depth - 1);
		put(p, "case when $ then $ else $ end", c, a, b);
		free(c);
		break;
	case 7: put(p, "coalesce($, $)", a, b); break;
	case 8: put(p, "nullif($, $)", a, b); break;
	case 9:
		if (roll(2))
			put(p, "@$, $@", "greatest(", "coalesce(max(", a, b, ")", "), ");
		else
			put(p, "@$, $@", "least(", "coalesce(min(", a, b, ")", "), ");
		{	/* sqlite's give NULL when one is */
			struct pair tail = { "", "" };
			snprintf(tail.theirs, SIZE, "%s, %s)", a->theirs, b->theirs);
			put(p, "$", &tail);
		}
		break;
	default:
		c = make(BL_TYPE_TEXT, depth - 1);
		if (roll(2))
			put(p, "length($)", c);
		else
			put(p, "@$@", "position('a' in ", "instr(", c, ")", ", 'a')");
		free(c);
		break;
	}
	free(a);
	free(b);
}

static void real(struct pair *p, int depth)
{
	static const char *const op[] = { "+", "-", "*", "/" };
	static const char *const fn[] = { "abs", "ceil", "floor", "trunc", "sqrt" };
	static const char *const num[] = { "0.5", "2.25", "10.0", "0.1" };
	struct pair *a, *b;
	const char *s;
	char ours[64];

	if (depth <= 0) {
		s = one_of(num, 4);
		snprintf(ours, sizeof ours, "%s::double precision", s);
		put(p, "@", roll(3) ? "age" : ours, "");
		if (!strcmp(p->ours, "age"))
			strcpy(p->theirs, "age");
		else
			strcpy(p->theirs, s);
		return;
	}
	a = make(BL_TYPE_DOUBLE, depth - 1);
	b = make(roll(3) ? BL_TYPE_DOUBLE : BL_TYPE_INT, depth - 2);
	switch (roll(6)) {
	case 0: case 1: case 2:
		s = one_of(op, 4);
		put(p, "($ @ $)", a, s, s, b);
		break;
	case 3:
		s = one_of(fn, 5);		/* not sign: sqlite's is a whole number */
		put(p, "@($)", s, s, a);
		break;
	case 4: put(p, "coalesce($, age)", a); break;
	default:
		free(b);
		b = make(BL_TYPE_INT, depth - 1);
		put(p, "cast($ as @)", b, "double precision", "real");
		break;
	}
	free(a);
	free(b);
}

static void text(struct pair *p, int depth)
{
	static const char *const leaf[] = { "sex", "\"odd name\"", "sex", "'ma'", "'%'", "''" };
	static const char *const fn[] = { "lower", "upper", "trim" };
	struct pair *a, *b, *c;
	const char *s;

	if (depth <= 0) {
		s = one_of(leaf, 6);
		put(p, "@", s, s);
		return;
	}
	a = make(BL_TYPE_TEXT, depth - 1);
	b = make(BL_TYPE_TEXT, depth - 2);
	switch (roll(8)) {
	case 0: case 1:
		s = one_of(fn, 3);
		put(p, "@($)", s, s, a);
		break;
	case 2: put(p, "($ || $)", a, b); break;
	case 3:
		c = make(BL_TYPE_INT, depth - 2);
		put(p, "($ || $)", a, c);
		free(c);
		break;
	case 4:
		put(p, "substr($, @, @)", a, roll(2) ? "1" : "2", "", roll(2) ? "0" : "2", "");
		/* both spellings are the same here: copy the tail that was chosen for ours */
		snprintf(p->theirs, SIZE, "substr(%s%s", a->theirs, p->ours + strlen("substr(") + strlen(a->ours));
		break;
	case 5: put(p, "replace($, 'a', $)", a, b); break;
	case 6:
		c = make(BL_TYPE_BOOL, depth - 1);
		put(p, "case when $ then $ when sex is null then 'n' else $ end", c, a, b);
		free(c);
		break;
	default: put(p, "coalesce($, $)", a, b); break;
	}
	free(a);
	free(b);
}

static void boolean(struct pair *p, int depth)
{
	static const char *const cmp[] = { "=", "<>", "<", "<=", ">", ">=" };
	static const char *const pattern[] = { "'m%'", "'%e'", "'%a%'", "'_'", "'%'", "'m_l%'", "''", "'male'", "'%a%a%'", "'%\303\251'", "'_t_'" };
	static const enum bl_type_kind kinds[] = { BL_TYPE_INT, BL_TYPE_DOUBLE, BL_TYPE_TEXT };
	static const char *const is[] = { "is null", "is not null", "is true", "is not true", "is false", "is not false" };
	struct pair *a, *b, *c;
	enum bl_type_kind kind = kinds[roll(3)];
	const char *s;

	if (depth <= 0) {
		put(p, "ok");
		return;
	}
	a = make(kind, depth - 1);
	b = make(kind, depth - 2);
	switch (roll(9)) {
	case 0: case 1:
		s = one_of(cmp, 6);
		put(p, "($ @ $)", a, s, s, b);
		break;
	case 2: case 3:
		free(a);
		free(b);
		a = make(BL_TYPE_BOOL, depth - 1);
		b = make(BL_TYPE_BOOL, depth - 1);
		c = make(BL_TYPE_BOOL, depth - 2);
		s = roll(2) ? "and" : "or";
		put(p, "($ @ $ @ $)", a, s, s, b, s, s, c);
		free(c);
		break;
	case 4:
		free(a);
		a = make(BL_TYPE_BOOL, depth - 1);
		put(p, "(not $)", a);
		break;
	case 5:
		free(a);
		a = make(BL_TYPE_BOOL, depth - 1);
		s = one_of(is, 6);
		put(p, "(($) @)", a, s, s);
		break;
	case 6:
		free(a);
		a = make(BL_TYPE_TEXT, depth - 1);
		s = one_of(pattern, 11);
		if (roll(2))
			put(p, "($ like @)", a, s, s);
		else
			put(p, "(@$@ @)", "", "lower(", a, " ilike", ") like", s, s);
		break;
	case 7:
		s = kind == BL_TYPE_TEXT ? "'male', '', 'a'" : roll(3) ? "3, 7, -1, 0, 50" : "0, null, 7";
		put(p, "($ @in (@))", a, roll(2) ? "not " : "", "", s, s);
		/* the same for both */
		snprintf(p->theirs, SIZE, "(%s%s", a->theirs, p->ours + 1 + strlen(a->ours));
		break;
	default:
		c = make(kind, 0);
		put(p, "($ between $ and $)", a, b, c);
		free(c);
		break;
	}
	free(a);
	free(b);
}

static struct pair *make(enum bl_type_kind kind, int depth)
{
	struct pair *p = calloc(1, sizeof *p);

	if (!p)
		abort();
	(kind == BL_TYPE_INT ? integer : kind == BL_TYPE_DOUBLE ? real : kind == BL_TYPE_TEXT ? text : boolean)(p, depth);
	return p;
}

static struct pair *next(void)
{
	static const enum bl_type_kind kinds[] = { BL_TYPE_INT, BL_TYPE_DOUBLE, BL_TYPE_TEXT, BL_TYPE_BOOL, BL_TYPE_BOOL };

	return make(kinds[roll(5)], 1 + (int)roll(4));
}

/* --- their side --- */

static void quoted(const char *s, bool is_text, const char *after)
{
	if (s && is_text) {
		putchar('\'');
		for (; *s; s++) {
			if (*s == '\'')
				putchar('\'');
			putchar(*s);
		}
		printf("'%s", after);
	} else {
		printf("%s%s", s ? s : "null", after);
	}
}

static void script(unsigned long n)
{
	puts(".mode list\npragma case_sensitive_like=1;\ncreate table t(id int, pclass int, sex text, age real, ok int, qty int, \"odd name\" text);");
	for (int i = 0; i < ROWS; i++) {
		printf("insert into t values(");
		quoted(rows[i].id, false, ",");
		quoted(rows[i].pclass, false, ",");
		quoted(rows[i].sex, true, ",");
		quoted(rows[i].age, false, ",");
		quoted(rows[i].ok, false, ",");
		quoted(rows[i].qty, false, ",");
		quoted(rows[i].odd, true, ");\n");
	}
	for (unsigned long i = 0; i < n; i++) {
		struct pair *p = next();
		printf("select quote(%s) from t order by rowid;\n", p->theirs);
		free(p);
	}
}

/* --- our side --- */

static struct values table;

static void load(enum values_way way)
{
	static const int column[] = { ID, PCLASS, SEX, AGE, OK, QTY, ODD };

	values_init(&table, VALUES_PLAIN, 0, ROWS);
	memset(table.null, 0, sizeof table.null);
	for (int i = 0; i < ROWS; i++) {
		const char *const value[] = { rows[i].id, rows[i].pclass, rows[i].sex, rows[i].age, rows[i].ok, rows[i].qty, rows[i].odd };
		for (int k = 0; k < 7; k++) {
			table.i64[column[k]][i] = 0;
			values_parse(&table, (uint32_t)column[k], (uint32_t)i, value[k]);
		}
	}
	for (int k = 0; k < 7; k++) {
		uint32_t c = (uint32_t)column[k];
		table.vec[c].null = table.null[c];
		if (way == VALUES_RANGES && query_columns[c].type.kind == BL_TYPE_INT)
			table.range[c] = (struct bl_eval_range){ true, -50, 50 };
		if (way == VALUES_DICT && query_columns[c].type.kind == BL_TYPE_TEXT) {
			uint32_t n = 0;		/* of the rows that are not NULL, so fewer than there are rows */
			static struct bl_str dict[QUERY_NCOL][ROWS];
			for (uint32_t i = 0; i < ROWS; i++)
				if (!(table.null[c][0] >> i & 1)) {
					dict[c][n] = table.str[c][i];
					table.code[c][i] = n++;
				}
			table.vec[c].code = table.code[c];
			table.vec[c].dict = dict[c];
			table.vec[c].ndict = n;
			table.vec[c].str = NULL;
		}
	}
}

/* Do the texts mean one value? theirs is as quote() prints it. */
static bool same(const struct bl_eval_vec *v, uint32_t i, const char *theirs)
{
	struct bl_buf b;
	bool good;

	if (v->null && v->null[i / 64] >> i % 64 & 1)
		return !strcmp(theirs, "NULL");
	if (v->type.kind == BL_TYPE_DOUBLE) {
		double x = strtod(theirs, NULL);
		return strcmp(theirs, "NULL") && (x == v->f64[i] || fabs(x - v->f64[i]) <= 1e-13 * fabs(x));
	}
	if (v->type.kind == BL_TYPE_BOOL)
		return !strcmp(theirs, v->i64[i] ? "1" : "0");
	bl_buf_init(&b, 1 << 20);
	if (v->type.kind == BL_TYPE_TEXT) {
		struct bl_str s = v->code ? v->dict[v->code[i]] : v->str[i];
		bl_buf_put8(&b, '\'');
		for (uint32_t k = 0; k < s.n; k++) {
			if (s.p[k] == '\'')
				bl_buf_put8(&b, '\'');
			bl_buf_put8(&b, (uint8_t)s.p[k]);
		}
		bl_buf_put8(&b, '\'');
	} else {
		values_print(v, i, &b);
	}
	good = b.len == strlen(theirs) && !memcmp(b.p, theirs, b.len);
	bl_buf_fini(&b);
	return good;
}

static bool check(const struct pair *p, char theirs[ROWS][SIZE])
{
	static const char *const names[] = { "plain", "with ranges", "with dictionaries" };
	char sql[SIZE + 32];
	bool good = true;

	snprintf(sql, sizeof sql, "select %s from t", p->ours);
	for (int way = 0; way <= VALUES_DICT && good; way++) {
		struct query q;
		struct bl_eval_vec out;
		struct bl_eval *v = NULL;
		load((enum values_way)way);
		struct bl_eval_in in = { .n = ROWS, .col = table.vec };
		if (query(&q, sql)->rc) {
			printf("%s: %s\n", q.err.msg, p->ours);
			good = false;
		} else if (q.p.nkey) {	/* else all of it is literals, which were folded */
			v = bl_eval_new(&q.p, q.p.key[0], table.range, &q.a, &q.err);
			if (!v || bl_eval_run(v, &in, NULL, &out, &q.err))
				abort();
			for (uint32_t i = 0; i < ROWS && good; i++) {
				struct bl_buf b;
				if (same(&out, out.constant ? 0 : i, theirs[i]))
					continue;
				bl_buf_init(&b, 1 << 20);
				values_print(&out, out.constant ? 0 : i, &b);
				printf("%s, row %u: %.*s, but %s: %s\n", names[way], i, (int)b.len, (char *)b.p, theirs[i], p->ours);
				bl_buf_fini(&b);
				good = false;
			}
		}
		bl_arena_fini(&q.a);
	}
	return good;
}

int main(int argc, char **argv)
{
	static char theirs[ROWS][SIZE];
	unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 10) : 400, bad = 0;

	if (argc < 2 || strcmp(argv[1], "check")) {
		script(n);
		return 0;
	}
	for (unsigned long i = 0; i < n; i++) {
		struct pair *p = next();
		for (int r = 0; r < ROWS; r++) {
			if (!fgets(theirs[r], SIZE, stdin)) {
				printf("sqlite3 stopped at: %s\n", p->theirs);
				return 1;
			}
			theirs[r][strcspn(theirs[r], "\n")] = 0;
		}
		bad += !check(p, theirs);
		free(p);
	}
	printf("compared %lu bad %lu\n", n, bad);
	return bad != 0;
}
