/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executor beside a reference that goes row by row over sorted rows: random tables of every type with NULLs, one and
 * several row groups; questions from a list; with and without entities.
 */
#include "../exec.h"
#include "../tap.h"

#include <math.h>

#include "base/time.h"
#include "query/eval.h"

static const struct bl_column columns[] = {
	{ "id", { BL_TYPE_INT, 0, 0 } },	 { "cat", { BL_TYPE_TEXT, 0, 0 } },	{ "name", { BL_TYPE_TEXT, 0, 0 } },
	{ "qty", { BL_TYPE_INT, 0, 0 } },	 { "price", { BL_TYPE_DECIMAL, 15, 2 } }, { "disc", { BL_TYPE_DECIMAL, 4, 2 } },
	{ "big", { BL_TYPE_INT, 0, 0 } },	 { "far", { BL_TYPE_DECIMAL, 18, 0 } },	{ "d", { BL_TYPE_DATE, 0, 0 } },
	{ "ts", { BL_TYPE_STAMP, 0, 0 } },	 { "x", { BL_TYPE_DOUBLE, 0, 0 } },	{ "ok", { BL_TYPE_BOOL, 0, 0 } },
	{ "none", { BL_TYPE_INT, 0, 0 } },	 { "seq", { BL_TYPE_INT, 0, 0 } },	{ "flag", { BL_TYPE_TEXT, 0, 0 } },
	{ "y", { BL_TYPE_DOUBLE, 0, 0 } },
};
enum { ID, CAT, NAME, QTY, PRICE, DISC, BIG, FAR, D, TS, X, OK, NOBODY, SEQ, FLAG, Y, NCOL };
static const struct bl_schema schema = { NCOL, (struct bl_column *)columns };

static uint64_t state = 88172645463325252u;
static uint64_t roll(void)
{
	state ^= state << 13, state ^= state >> 7, state ^= state << 17;
	return state;
}
static int64_t below(int64_t n)
{
	return (int64_t)(roll() >> 11) % n;
}

/* --- a table, sealed and in plain memory --- */

struct table {
	struct exec_file f;
	uint32_t rows;
	int64_t *i64[NCOL];
	double *f64[NCOL];
	struct bl_str *str[NCOL];
	bool *null[NCOL];
};

static void set_text(struct table *t, uint32_t c, uint32_t i, const char *s)
{
	t->str[c][i] = (struct bl_str){ strdup(s), (uint32_t)strlen(s) };
}

static void make_row(struct table *t, uint32_t i, int64_t entities)
{
	static const char *const cats[] = { "", "a", "ab", "b", "\xc3\xa9", "B" }, *const flags[] = { "A", "N", "R" };
	char name[64];

	t->i64[ID][i] = entities > 0 ? below(entities) * 7 + 1000 : below(1 << 30) << 20;
	set_text(t, CAT, i, cats[below(6)]);
	snprintf(name, sizeof name, "%s%lld", below(2) ? "long prefix of a name " : "", (long long)below(1 << 20));
	set_text(t, NAME, i, name);
	t->i64[QTY][i] = below(50) + 1;
	t->i64[PRICE][i] = below(10000000) - 100000;
	t->i64[DISC][i] = below(11);
	t->i64[BIG][i] = (int64_t)roll();
	t->i64[FAR][i] = below(2000000000000000000) - 1000000000000000000 + 1;
	t->i64[D][i] = 8000 + below(2500);
	t->i64[TS][i] = 1500000000000000 + below(100) * 3600000000;
	t->f64[X][i] = below(20) ? (double)below(1000) / 8 - 20 : below(2) ? -0.0 : 1e300;
	t->i64[OK][i] = below(2);
	t->i64[NOBODY][i] = 0;
	t->i64[SEQ][i] = i / 3;
	set_text(t, FLAG, i, flags[below(3)]);
	t->f64[Y][i] = (double)(int64_t)roll() * ldexp(1, (int)below(40) - 60);
	for (uint32_t c = 0; c < NCOL; c++)
		t->null[c][i] = c == NOBODY || (c != ID && c != SEQ && c != FLAG && c != Y && c != QTY && !below(c == PRICE ? 500 : 9));
}

static int seal(struct table *t, const uint32_t *entity, uint32_t nentity)
{
	if (exec_begin(&t->f, &schema, entity, nentity))
		return -1;
	for (uint32_t i = 0; i < t->rows; i++) {
		uint32_t at = t->f.w.rows;

		for (uint32_t c = 0; c < NCOL; c++) {
			struct bl_writer_column *w = &t->f.w.col[c];

			if (t->null[c][i])
				w->null[at / 64] |= UINT64_C(1) << at % 64;
			if (t->str[c] && exec_text(&t->f, c, t->str[c][i].p, t->null[c][i] ? 0 : t->str[c][i].n))
				return -1;
			if (t->i64[c])
				w->i64[at] = t->i64[c][i];
			if (t->f64[c])
				memcpy(&w->i64[at], &t->f64[c][i], 8);
		}
		if (exec_row(&t->f))
			return -1;
	}
	return exec_end(&t->f);
}

static int make(struct table *t, uint32_t rows, int64_t entities, const uint32_t *entity, uint32_t nentity)
{
	memset(t, 0, sizeof *t);
	t->rows = rows;
	for (uint32_t c = 0; c < NCOL; c++) {
		t->null[c] = calloc(rows + 1, sizeof(bool));
		if (columns[c].type.kind == BL_TYPE_TEXT)
			t->str[c] = calloc(rows + 1, sizeof(struct bl_str));
		else if (columns[c].type.kind == BL_TYPE_DOUBLE)
			t->f64[c] = calloc(rows + 1, sizeof(double));
		else
			t->i64[c] = calloc(rows + 1, sizeof(int64_t));
	}
	for (uint32_t i = 0; i < rows; i++)
		make_row(t, i, entities);
	return seal(t, entity, nentity);
}

static void drop(struct table *t)
{
	exec_fini(&t->f);
	for (uint32_t c = 0; c < NCOL; c++) {
		for (uint32_t i = 0; t->str[c] && i < t->rows; i++)
			free((char *)t->str[c][i].p);
		free(t->str[c]);
		free(t->i64[c]);
		free(t->f64[c]);
		free(t->null[c]);
	}
}

/* --- the reference --- */

/* Every value of an expression, by eval in vectors of 1,000. */
static struct bl_value *values(const struct table *t, const struct bl_plan *p, const struct bl_expr *e, struct bl_arena *a)
{
	struct bl_value *out = bl_arena_array(a, t->rows + 1, sizeof *out);
	struct bl_eval_vec col[NCOL], v;
	struct bl_err err;
	struct bl_eval *ev = bl_eval_new(p, e, NULL, a, &err);

	for (uint32_t from = 0; from < t->rows; from += 1000) {
		uint32_t n = t->rows - from < 1000 ? t->rows - from : 1000;
		uint64_t null[NCOL][16] = { { 0 } };
		struct bl_eval_in in = { .n = n, .col = col };

		for (uint32_t c = 0; c < NCOL; c++) {
			for (uint32_t i = 0; i < n; i++)
				null[c][i / 64] |= (uint64_t)t->null[c][from + i] << i % 64;
			col[c] = (struct bl_eval_vec){ .type = columns[c].type, .n = n, .null = null[c] };
			col[c].i64 = t->i64[c] ? t->i64[c] + from : NULL;
			col[c].f64 = t->f64[c] ? t->f64[c] + from : NULL;
			col[c].str = t->str[c] ? t->str[c] + from : NULL;
		}
		if (!ev || bl_eval_run(ev, &in, NULL, &v, &err))
			return NULL;
		for (uint32_t i = 0; i < n; i++) {
			struct bl_value *o = &out[from + i];
			uint32_t k = v.constant ? 0 : i;

			*o = (struct bl_value){ .type = e->type, .null = v.null && v.null[i / 64] >> i % 64 & 1 };
			if (o->null)
				continue;
			if (v.i128 || v.i64)
				o->i = v.i128 ? v.i128[k] : v.i64[k];
			else if (v.f64)
				o->f = v.f64[k] + 0.0;
			else
				o->s = v.code ? v.dict[v.code[k]] : v.str[k];
			if (o->s.p)
				o->s.p = bl_arena_strndup(a, o->s.p, o->s.n);
		}
	}
	return out;
}

static int order(const struct bl_value *a, const struct bl_value *b)
{
	if (a->null || b->null)
		return a->null - b->null;
	if (a->type.kind == BL_TYPE_TEXT) {
		int r = memcmp(a->s.p, b->s.p, a->s.n < b->s.n ? a->s.n : b->s.n);
		return r ? r : a->s.n < b->s.n ? -1 : a->s.n > b->s.n;
	}
	if (a->type.kind == BL_TYPE_DOUBLE)
		return a->f < b->f ? -1 : a->f > b->f;
	return a->i < b->i ? -1 : a->i > b->i;
}

struct reference {
	const struct table *t;
	const struct bl_plan *p;
	struct bl_arena a;
	struct bl_value **key, **arg, **cond, *where;
	uint32_t *row, nrow;		/* rows that pass, in the order of their keys, then of the file */
	uint32_t *entity, population;	/* by row */
};
static const struct reference *sorting;

static int by_keys(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	const struct reference *r = sorting;

	for (uint32_t k = 0; r->p->kind != BL_PLAN_ROWS && k < r->p->nkey; k++) {
		int d = order(&r->key[k][a], &r->key[k][b]);
		if (d)
			return d;
	}
	return a < b ? -1 : a > b;
}

static int by_value(const void *x, const void *y)
{
	return order(x, y);
}

/* Entities in order of first appearance; quadratic over distinct ones is avoided by sorting. */
struct named { const struct table *t; uint32_t row; };
static int same_entity(const struct table *t, uint32_t a, uint32_t b)
{
	const struct bl_header *h = bl_reader_header(t->f.r);

	for (uint32_t k = 0; k < h->nentity; k++) {
		uint32_t c = h->entity[k];
		int d;

		if (t->str[c])
			d = order(&(struct bl_value){ .type = columns[c].type, .s = t->str[c][a] }, &(struct bl_value){ .type = columns[c].type, .s = t->str[c][b] });
		else
			d = t->i64[c][a] < t->i64[c][b] ? -1 : t->i64[c][a] > t->i64[c][b];
		if (d)
			return d;
	}
	return h->nentity ? 0 : a < b ? -1 : a > b;
}
static int by_entity(const void *x, const void *y)
{
	const struct named *a = x, *b = y;
	int d = same_entity(a->t, a->row, b->row);

	return d ? d : a->row < b->row ? -1 : a->row > b->row;
}
static void number(struct reference *r)
{
	struct named *n = bl_arena_array(&r->a, r->t->rows + 1, sizeof *n);
	uint32_t *first = bl_arena_array(&r->a, r->t->rows + 1, sizeof *first), *num = bl_arena_array(&r->a, r->t->rows + 1, sizeof *num);

	for (uint32_t i = 0; i < r->t->rows; i++)
		n[i] = (struct named){ r->t, i };
	qsort(n, r->t->rows, sizeof *n, by_entity);
	for (uint32_t i = 0; i < r->t->rows; i++)
		first[n[i].row] = i && !same_entity(r->t, n[i].row, n[i - 1].row) ? first[n[i - 1].row] : n[i].row;
	for (uint32_t i = 0; i < r->t->rows; i++) {
		if (first[i] == i)
			num[i] = r->population++;
		r->entity[i] = num[first[i]];
	}
}

static int prepare(struct reference *r, const struct table *t, const struct bl_plan *p)
{
	*r = (struct reference){ .t = t, .p = p };
	bl_arena_init(&r->a, (size_t)4 << 30);
	r->key = bl_arena_array(&r->a, p->nkey, sizeof *r->key);
	r->arg = bl_arena_array(&r->a, p->ncell, sizeof *r->arg);
	r->cond = bl_arena_array(&r->a, p->ncell, sizeof *r->cond);
	r->row = bl_arena_array(&r->a, t->rows, sizeof *r->row);
	r->entity = bl_arena_array(&r->a, t->rows, sizeof *r->entity);
	for (uint32_t k = 0; k < p->nkey; k++)
		if (!(r->key[k] = values(t, p, p->key[k], &r->a)))
			return -1;
	for (uint32_t c = 0; c < p->ncell; c++) {
		if (p->cell[c].arg && !(r->arg[c] = values(t, p, p->cell[c].arg, &r->a)))
			return -1;
		if (p->cell[c].cond && !(r->cond[c] = values(t, p, p->cell[c].cond, &r->a)))
			return -1;
	}
	if (p->where && !(r->where = values(t, p, p->where, &r->a)))
		return -1;
	for (uint32_t i = 0; i < t->rows; i++)
		if (!r->where || (!r->where[i].null && r->where[i].i))
			r->row[r->nrow++] = i;
	sorting = r;
	qsort(r->row, r->nrow, sizeof *r->row, by_keys);
	number(r);
	return 0;
}

static bool enters(const struct reference *r, uint32_t c, uint32_t row)
{
	return (!r->cond[c] || (!r->cond[c][row].null && r->cond[c][row].i)) && (!r->arg[c] || !r->arg[c][row].null);
}

/* Sums as two halves of 64 bits, so that nothing overflows on the way. */
struct halves { bl_i128 hi, lo; };
static void put(struct halves *h, bl_i128 v)
{
	h->hi += v >> 64;
	h->lo += (uint64_t)v;
}
static bool get(struct halves h, bl_i128 *v)
{
	bl_i128 hi = h.hi + (h.lo >> 64);

	*v = (bl_i128)((bl_u128)hi << 64 | (uint64_t)h.lo);
	return hi >= INT64_MIN && hi <= INT64_MAX;
}

/* The cell over rows from..to of the sorted ones. */
static void reference_cell(const struct reference *r, uint32_t c, uint32_t from, uint32_t to, struct bl_acc *out)
{
	enum bl_cell_kind kind = r->p->cell[c].kind;
	struct bl_value *v = malloc((to - from + 1) * sizeof *v);
	uint32_t n = 0;
	struct halves h = { 0, 0 };
	bool real, over = false;
	double s = 0, e = 0;

	*out = (struct bl_acc){ .null = false };
	for (uint32_t i = from; i < to; i++)
		if (enters(r, c, r->row[i]))
			v[n++] = r->arg[c] ? r->arg[c][r->row[i]] : (struct bl_value){ .i = 0 };
	real = n && v[0].type.kind == BL_TYPE_DOUBLE;
	out->null = kind != BL_CELL_N && kind != BL_CELL_DISTINCT && !n;
	if (kind == BL_CELL_N) {
		out->i = n;
	} else if (kind == BL_CELL_S || kind == BL_CELL_SS) {
		for (uint32_t i = 0; i < n; i++) {
			double x = kind == BL_CELL_SS ? v[i].f * v[i].f : v[i].f, t = s + x;
			bl_i128 sq;

			e += fabs(s) >= fabs(x) ? (s - t) + x : (x - t) + s;
			s = t;
			if (kind == BL_CELL_S)
				put(&h, v[i].i);
			else if (__builtin_mul_overflow(v[i].i, v[i].i, &sq))
				over = true;
			else
				put(&h, sq);
		}
		if (real)
			out->f = s + e;
		if (real ? !isfinite(out->f) : !get(h, &out->i) || over)
			*out = (struct bl_acc){ .null = true };
	} else if (n) {
		uint32_t distinct = 0;

		qsort(v, n, sizeof *v, by_value);
		for (uint32_t i = 0; i < n; i++)
			distinct += !i || order(&v[i], &v[i - 1]);
		if (kind == BL_CELL_DISTINCT) {
			out->i = distinct;
		} else if (kind == BL_CELL_MEDIAN) {
			struct bl_value a = v[(n - 1) / 2], b = v[n / 2];

			out->f = real ? a.f + (b.f - a.f) / 2 : bl_num_ratio(a.i + b.i, 2 * bl_num_pow10_i128(a.type.scale));
		} else {
			struct bl_value m = v[kind == BL_CELL_MIN ? 0 : n - 1];

			*out = (struct bl_acc){ .i = m.i, .f = m.f, .s = m.s };
		}
	}
	free(v);
}

/* --- comparing --- */

static const char *differs(const struct bl_acc *a, const struct bl_acc *b)
{
	if (a->null != b->null)
		return "null";
	if (a->null)
		return NULL;
	if (a->i != b->i)
		return "integer";
	if (memcmp(&a->f, &b->f, sizeof a->f))
		return "double";
	return (a->s.p != NULL) != (b->s.p != NULL) || a->s.n != b->s.n || (a->s.n && memcmp(a->s.p, b->s.p, a->s.n)) ? "text" : NULL;
}

struct both { uint32_t entity, row; };
static int by_who(const void *x, const void *y)
{
	const struct both *a = x, *b = y;

	return a->entity != b->entity ? (a->entity < b->entity ? -1 : 1) : a->row < b->row ? -1 : a->row > b->row;
}

static bl_i128 reference_part(const struct reference *r, const struct bl_result *res, uint32_t c, const struct both *w, uint32_t n)
{
	enum bl_cell_kind kind = r->p->cell[c].kind;
	struct halves h = { 0, 0 };
	bl_i128 sum = 0;

	if (kind != BL_CELL_N && kind != BL_CELL_S && kind != BL_CELL_SS)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct bl_value *v;

		if (!enters(r, c, w[i].row))
			continue;
		v = r->arg[c] ? &r->arg[c][w[i].row] : NULL;
		if (kind == BL_CELL_N) {
			sum++;
		} else if (v->type.kind == BL_TYPE_DOUBLE) {
			double f = ldexp(v->f, kind == BL_CELL_SS ? res->shift[c] / 2 : res->shift[c]);

			f = kind == BL_CELL_SS ? f * f : f;
			sum += (bl_i128)rint(f > 0x1p90 ? 0x1p90 : f < -0x1p90 ? -0x1p90 : f);
		} else {
			put(&h, kind == BL_CELL_SS ? (bl_i128)((bl_u128)v->i * (bl_u128)v->i) : v->i);	/* one that overflows is not compared */
			get(h, &sum);
		}
	}
	return sum;
}

/* Who is in group g, whose rows are from..to. */
static const char *wrong_people(const struct reference *r, const struct bl_result *res, uint64_t g, uint32_t from, uint32_t to)
{
	struct both *w = malloc((to - from + 1) * sizeof *w);
	uint64_t at = res->first[g];
	const char *bad = NULL;

	for (uint32_t i = from; i < to; i++)
		w[i - from] = (struct both){ r->entity[r->row[i]], r->row[i] };
	qsort(w, to - from, sizeof *w, by_who);
	for (uint32_t i = 0, j; i < to - from && !bad; i = j, at++) {
		for (j = i; j < to - from && w[j].entity == w[i].entity; j++)
			;
		if (at >= res->first[g + 1] || res->who[at] != w[i].entity)
			bad = "who";
		for (uint32_t c = 0; c < res->ncell && !bad; c++)
			if (res->part[at * res->ncell + c] != reference_part(r, res, c, w + i, j - i) && !res->acc[g * res->ncell + c].null)
				bad = "part";
	}
	if (!bad && at != res->first[g + 1])
		bad = "first";
	free(w);
	return bad;
}

static const char *wrong_universe(const struct reference *r, const struct bl_result *res)
{
	bool *seen = calloc(r->t->rows + 1, 1);
	const char *bad = res->population != r->population ? "population" : NULL;

	for (uint32_t c = 0; c < res->ncell && !bad; c++) {
		uint64_t n = 0;

		memset(seen, 0, r->t->rows);
		for (uint32_t i = 0; r->p->cell[c].kind == BL_CELL_N && i < r->t->rows; i++)
			if ((!r->arg[c] || !r->arg[c][i].null) && !seen[r->entity[i]]) {
				seen[r->entity[i]] = true;
				n++;
			}
		if (res->universe[c] != n)
			bad = "universe";
	}
	free(seen);
	return bad;
}

static const char *compare(const struct reference *r, const struct bl_result *res)
{
	const struct bl_plan *p = r->p;
	const char *bad = NULL;
	uint64_t g = 0;
	bool lone = p->kind == BL_PLAN_GROUPS && !p->nkey;

	for (uint32_t from = 0, to; (from < r->nrow || (lone && !g)) && !bad; from = to, g++) {
		for (to = from; to < r->nrow; to++) {
			uint32_t k = 0;

			if (to > from && p->kind == BL_PLAN_ROWS)
				break;
			while (k < p->nkey && !order(&r->key[k][r->row[from]], &r->key[k][r->row[to]]))
				k++;
			if (k < p->nkey)
				break;
		}
		if (g >= res->ngroup)
			return "groups";
		for (uint32_t k = 0; k < p->nkey && !bad; k++)
			if (order(&res->key[g * p->nkey + k], &r->key[k][r->row[from]]) || res->key[g * p->nkey + k].type.kind != p->key[k]->type.kind)
				bad = "key";
		for (uint32_t c = 0; c < p->ncell && !bad; c++) {
			struct bl_acc want;

			reference_cell(r, c, from, to, &want);
			bad = differs(&res->acc[g * p->ncell + c], &want);
			if (bad)
				printf("# group %llu cell %u\n", (unsigned long long)g, c);
		}
		if (!bad && res->by_entity)
			bad = wrong_people(r, res, g, from, to);
	}
	if (!bad && g != res->ngroup)
		bad = "number of groups";
	return bad ? bad : res->by_entity ? wrong_universe(r, res) : NULL;
}

static const char *ask(const struct table *t, const char *sql, bool by_entity_too)
{
	static const uint8_t key[32] = { 1, 2, 3 };
	struct bl_exec x = { .max_groups = 1 << 20, .memory = (size_t)1 << 30, .by_entity = by_entity_too, .name = exec_name, .name_arg = key };
	struct bl_arena a;
	struct bl_plan p;
	struct bl_result res;
	struct reference r = { 0 };
	struct bl_err err = { 0 };
	const char *bad = NULL;

	bl_arena_init(&a, (size_t)2 << 30);
	if (exec_plan(&p, &a, &t->f, sql, &err) || bl_exec_run(&p, t->f.r, &x, &a, &res, &err)) {
		printf("# %s\n", err.msg);
		bad = "failed";
	} else if (prepare(&r, t, &p)) {
		bad = "the reference failed";
	} else {
		bad = compare(&r, &res);
	}
	bl_arena_fini(&r.a);
	bl_arena_fini(&a);
	return bad;
}

static const char *const questions[] = {
	"select count(*) from t",
	"select count(*), count(price), count(none), sum(none), min(none) from t",
	"select sum(qty), sum(price), avg(disc), stddev(price), min(price), max(price), min(d), max(ts) from t",
	"select sum(price * disc) from t where d >= date '1993-01-01' and d < date '1994-01-01' and disc between 0.05 and 0.07 and qty < 24",
	"select flag, cat, sum(qty), sum(price), sum(price * (1 - disc)), sum(price * (1 - disc) * (1 + disc)), avg(disc), count(*) from t where d <= date '1997-09-02' group by flag, cat",
	"select flag, count(*), sum(qty), sum(x), sum(y), stddev(y) from t group by flag",
	"select sum(x), sum(y), avg(y), variance(x) from t where x < 1000",
	"select cat, min(name), max(name), min(x), max(x), min(big), max(far) from t group by cat",
	"select sum(big), stddev(big), sum(far), sum(far * far), stddev(far * 1000) from t",
	"select cat, sum(far * far), variance(far * far), sum(big), max(far * far), min(far * far * 10) from t group by cat",
	"select qty, count(*), median(price), median(x), median(qty), count(distinct cat) from t group by qty",
	"select median(price), median(far), median(far * 10), median(x), count(distinct name), count(distinct x), count(distinct none), median(none) from t",
	"select seq, count(*), sum(price) from t group by seq",
	"select big, count(*) from t where big > 0 group by big",
	"select x, count(*), sum(qty) from t group by x",
	"select name, sum(qty) from t group by name",
	"select cat, flag, qty, ok, count(*) from t group by cat, flag, qty, ok",
	"select d, ts, cat, name, count(*), sum(price) from t group by d, ts, cat, name",
	"select none, count(*) from t group by none",
	"select far * far, count(*) from t where qty = 3 group by far * far",
	"select lower(cat), length(name), count(*) from t group by lower(cat), length(name)",
	"select year(d), month(d), count(*), sum(price) from t group by year(d), month(d)",
	"select distinct cat, ok from t",
	"select distinct name from t where name like '%77%'",
	"select id, cat, price, x, d, ok from t where qty = 7 and disc = 0.03",
	"select id from t where qty > 100",
	"select count(*), sum(qty) from t where qty > 100",
	"select flag, count(*) from t where qty > 100 group by flag",
	"select count(*) from t where cat = 'ab' and name like 'long%'",
	"select count(*), sum(qty) from t where cat is null or cat = 'b'",
	"select count(*) from t where cat in ('a', 'b') and flag <> 'N' and not ok",
	"select count(*) from t where price > 50000.00 or x < 3.5",
	"select count(*) from t where qty >= 1 and qty <= 50",
	"select count(*) from t where big < -9223372036854775807 or d = date '1995-06-07'",
	"select sum(case when cat = 'a' then price when ok then qty else 1 end), count(*) from t",
	"select flag, sum(price) filter (where cat = 'a'), count(*) filter (where ok), avg(x) filter (where qty < 9), count(x) from t group by flag",
	"select sum(qty * qty), sum(qty + disc), sum(2 * price - disc), sum(-qty), sum(qty - 100), sum(100 - qty), sum(price::decimal(18,4)) from t",
	"select ok, sum(qty) from t group by ok",
	"select count(*) from t where x = 0",
	"select sum(length(name)), max(upper(cat)), sum(abs(price)) from t",
	"select seq, count(*), sum(x) from t where seq between 1000 and 1100 group by seq",
	"select 1, count(*) from t where seq < 20000 group by 1",
	"select count(null), count(1) from t",
	"select id, count(*) from t where flag = 'A' group by id",
	"select d, count(*), sum(y) from t where id < 1200 group by d",
	"select null::text as a, null::bigint as b, null::double as c, 'x' as d, 1.5 as e, count(*) from t group by 1, 2, 3, 4, 5",
	"select null::text as a, null::double as c, true as d from t where qty = 9 and d > date '1998-01-01'",
	"select count(*) filter (where big > 0 and big < 0), count(*) filter (where seq < 5), min(cat) filter (where seq > 100) from t",
	"select cat like 'a%' as a, coalesce(ok, false) as b, count(distinct qty), min(flag) from t group by 1, 2",
};
enum { QUESTIONS = sizeof questions / sizeof *questions };

static void ask_all(struct table *t, const char *what, bool people)
{
	for (int i = 0; i < QUESTIONS; i++) {
		const char *bad = ask(t, questions[i], people);

		ok(!bad, "%s%s: %.80s", what, people ? ", by entity" : "", questions[i]);
		if (bad)
			printf("# %s differs\n", bad);
	}
	drop(t);
}

/* --- limits --- */

static int refused(const struct table *t, const char *sql, const struct bl_exec *x, char *msg)
{
	struct bl_arena a;
	struct bl_plan p;
	struct bl_result res;
	struct bl_err err = { 0 };
	int r;

	bl_arena_init(&a, 64 << 20);
	r = exec_plan(&p, &a, &t->f, sql, &err) || bl_exec_run(&p, t->f.r, x, &a, &res, &err) ? err.code : 0;
	strcpy(msg, err.msg);
	bl_arena_fini(&a);
	return r;
}

static void limits(struct table *t)
{
	struct bl_exec x = { .max_groups = 50, .memory = 64 << 20 }, y = { .max_groups = 1 << 20, .memory = 300 << 10 };
	struct bl_exec late = { .max_groups = 100, .memory = 64 << 20, .deadline_ns = 1 }, people = { .max_groups = 100000, .memory = 1 << 20, .by_entity = true };
	char msg[1024];

	is_int(refused(t, "select qty, count(*) from t group by qty", &x, msg), 0, "as many groups as are allowed are");
	is_int(refused(t, "select d, count(*) from t group by d", &x, msg), 77, "more are refused");
	is_str(msg, "refused: limits.groups", "by name");
	is_int(refused(t, "select qty from t where qty < 40", &x, msg), 77, "rows too");
	is_str(msg, "refused: limits.groups", "by the same name");
	is_int(refused(t, "select big, count(*) from t group by big", &y, msg), 77, "memory has a limit");
	is_str(msg, "refused: limits.memory", "with a name");
	is_int(refused(t, "select count(*) from t where ok", &late, msg), 77, "time too");
	is_str(msg, "refused: limits.seconds", "with a name of its own");
	is_int(refused(t, "select d, sum(price), count(*) from t group by d", &people, msg), 77, "entities count in memory");
	is_str(msg, "refused: limits.memory", "by that name");
}

/* count(*) needs no column: a file whose chunks are all broken still answers. */
static void untouched(struct table *t)
{
	struct bl_exec x = { .max_groups = 10, .memory = 16 << 20 };
	uint8_t b = 0;
	char msg[1024];
	off_t at = (off_t)bl_reader_header(t->f.r)->size + 40;

	for (uint64_t i = 0; i < 4096; i++)
		if (pread(t->f.fd, &b, 1, at) == 1 && pwrite(t->f.fd, &(uint8_t){ (uint8_t)~b }, 1, at) == 1)
			at++;
	is_int(refused(t, "select count(*), count(id) from t", &x, msg), 0, "counting rows reads no chunk");
	is_int(refused(t, "select sum(id) from t", &x, msg), 65, "a broken chunk is found when it is read");
}

int main(void)
{
	const uint32_t one[] = { ID }, two[] = { FLAG, SEQ };
	struct bl_err err;
	struct table t;

	if (bl_mem_init(true, &err))
		return 1;
	if (ok(!make(&t, 0, 10, one, 1), "an empty table"))
		ask_all(&t, "empty", true);
	if (ok(!make(&t, 1500, 0, NULL, 0), "a small table, rows as entities"))
		ask_all(&t, "small", true);
	if (ok(!make(&t, 70000, 500, one, 1), "two row groups"))
		ask_all(&t, "two groups", false);
	if (ok(!make(&t, 70000, 500, one, 1), "with people"))
		ask_all(&t, "two groups", true);
	if (ok(!make(&t, 66000, 0, two, 2), "with people by two columns"))
		ask_all(&t, "two columns", true);
	if (ok(!make(&t, 9000, 3, one, 1), "three people"))
		ask_all(&t, "three people", true);
	if (ok(!make(&t, 20000, 0, one, 1), "a table to refuse")) {
		limits(&t);
		untouched(&t);
		drop(&t);
	}
	return tap_done();
}
