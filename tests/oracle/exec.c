/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: our side of tests/t/220-exec-oracle.t. `exec load` prints a random table as SQL for sqlite3; `exec ask` reads one
 * question a line and prints it as "-- question" and the answer of plan, executor and finish, values separated by bars.
 */
#include "../exec.h"

#include "base/time.h"
#include "query/finish.h"

enum { ROWS = 70001 };
static const struct bl_column columns[] = {
	{ "id", { BL_TYPE_INT, 0, 0 } },  { "a", { BL_TYPE_INT, 0, 0 } },  { "b", { BL_TYPE_INT, 0, 0 } },	{ "s", { BL_TYPE_TEXT, 0, 0 } },
	{ "u", { BL_TYPE_TEXT, 0, 0 } },  { "f", { BL_TYPE_DOUBLE, 0, 0 } }, { "p", { BL_TYPE_DECIMAL, 9, 2 } }, { "d", { BL_TYPE_DATE, 0, 0 } },
};
enum { ID, A, B, S, U, F, P, D, NCOL };

static uint64_t state = 88172645463325252u;
static int64_t below(int64_t n)
{
	state ^= state << 13, state ^= state >> 7, state ^= state << 17;
	return (int64_t)(state >> 11) % n;
}

struct row { int64_t i[NCOL]; double f; char s[16], u[16]; bool null[NCOL]; };
static void make(struct row *r, int64_t i)
{
	static const char *const words[] = { "red", "green", "blue", "Red", "x", "yy" };

	memset(r, 0, sizeof *r);
	r->i[ID] = i;
	r->i[A] = below(2000000000) - 1000000000;
	r->i[B] = below(40);
	strcpy(r->s, words[below(6)]);
	snprintf(r->u, sizeof r->u, "u%lld", (long long)below(5000));
	r->f = (double)(below(20000) - 10000) / 8;
	r->i[P] = below(1000000) - 300000;
	r->i[D] = 8000 + below(1200);
	for (int c = A; c < NCOL; c++)
		r->null[c] = c != U && !below(12);
}

static void load(void)
{
	struct row r;
	char date[BL_TIME_TEXT];

	puts("pragma case_sensitive_like = 1;\ncreate table t (id integer, a integer, b integer, s text, u text, f real, p real, d text);\nbegin;");
	for (int64_t i = 0; i < ROWS; i++) {
		make(&r, i);
		bl_time_print_date(r.i[D], date);
		printf("insert into t values (%lld", (long long)i);
		for (int c = A; c < NCOL; c++) {
			fputs(", ", stdout);
			if (r.null[c])
				fputs("null", stdout);
			else if (c == A || c == B)
				printf("%lld", (long long)r.i[c]);
			else if (c == F)
				printf("%.17g", r.f);
			else if (c == P)
				printf("%.2f", (double)r.i[P] / 100);
			else
				printf("'%s'", c == S ? r.s : c == U ? r.u : date);
		}
		puts(");");
	}
	puts("commit;");
}

static int seal(struct exec_file *f)
{
	const struct bl_schema schema = { NCOL, (struct bl_column *)columns };
	const uint32_t entity[] = { U };
	struct row r;

	if (exec_begin(f, &schema, entity, 1))
		return -1;
	for (int64_t i = 0; i < ROWS; i++) {
		uint32_t at = f->w.rows;

		make(&r, i);
		for (uint32_t c = 0; c < NCOL; c++) {
			struct bl_writer_column *w = &f->w.col[c];

			if (r.null[c])
				w->null[at / 64] |= UINT64_C(1) << at % 64;
			if (c == S || c == U) {
				const char *s = c == S ? r.s : r.u;
				if (exec_text(f, c, s, r.null[c] ? 0 : strlen(s)))
					return -1;
			} else if (c == F) {
				memcpy(&w->i64[at], &r.f, sizeof r.f);
			} else {
				w->i64[at] = r.i[c];
			}
		}
		if (exec_row(f))
			return -1;
	}
	return exec_end(f);
}

static int ask(struct exec_file *f, const char *sql)
{
	const struct bl_exec x = { .max_groups = 1 << 20, .memory = (size_t)1 << 30 };
	struct bl_arena a;
	struct bl_plan p;
	struct bl_result raw;
	struct bl_release out;
	int bad;

	printf("-- %s\n", sql);
	bl_arena_init(&a, (size_t)1 << 30);
	bad = exec_plan(&p, &a, f, sql, &f->err) || bl_exec_run(&p, f->r, &x, &a, &raw, &f->err) ||
	      bl_finish(&p, &raw, NULL, false, 1 << 20, &a, &out, &f->err);
	if (bad)
		printf("%s\n", f->err.msg);
	for (uint64_t r = 0; !bad && r < out.table.nrow; r++)
		for (uint32_t c = 0; c < out.table.ncol; c++) {
			struct bl_str s = out.table.cell[r * out.table.ncol + c];

			printf("%.*s%s", s.p ? (int)s.n : 4, s.p ? s.p : "NULL", c + 1 < out.table.ncol ? "|" : "\n");
		}
	bl_arena_fini(&a);
	return bad;
}

int main(int argc, char **argv)
{
	static char line[4096];
	struct exec_file f;
	struct bl_err err;
	int bad = 0;

	if (argc == 2 && !strcmp(argv[1], "load")) {
		load();
		return 0;
	}
	if (bl_mem_init(true, &err) || seal(&f))
		return 1;
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = 0;
		bad |= ask(&f, line);
	}
	exec_fini(&f);
	return bad;
}
