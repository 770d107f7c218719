/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finish: see finish.h. Groups go through in batches of 1,024: HAVING and the keys of ORDER BY first, then sorting, OFFSET
 * and LIMIT, and only the rows that are left get their outputs, as texts: each is evaluated under a CAST to text, so that
 * canonical texts are made in one place.
 */
#include "query/finish.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "query/eval.h"
#include "query/total.h"

enum { BATCH = BL_TYPE_VECTOR, WORDS = BATCH / 64 };

/* One key, aggregate or sort key of a batch of groups. */
struct column {
	struct bl_eval_vec vec;
	int64_t *i64;
	bl_i128 *i128;
	double *f64;
	struct bl_str *str;
	uint64_t *null;
};
union sort_value { bl_i128 i; double f; struct bl_str s; };
struct work {
	const struct bl_plan *p;
	const struct bl_result *r;
	const bool *withheld;
	struct bl_arena *a, tmp;	/* of the release; of everything else */
	struct bl_err *err;
	struct column *column;		/* keys, then aggregates */
	struct bl_eval_vec *vec;	/* the same as the evaluator wants them */
	uint64_t n, *row;		/* groups that are left, in order */
	union sort_value *sort;		/* [ngroup][norder] */
	bool *sort_null;
};

static int memory(struct bl_err *err)
{
	return bl_err_set(err, BL_REFUSED, "refused: limits.memory");
}

static void *room(struct work *w, size_t n, size_t size)
{
	void *p = bl_arena_array(&w->tmp, n, size);

	if (!p)
		memory(w->err);
	return p;
}

/* --- batches --- */

static int column_init(struct work *w, struct column *c, struct bl_type t)
{
	void *p;

	if (t.kind == BL_TYPE_DOUBLE)
		p = c->f64 = room(w, BATCH, sizeof *c->f64);
	else if (t.kind == BL_TYPE_TEXT)
		p = c->str = room(w, BATCH, sizeof *c->str);
	else if (t.kind == BL_TYPE_DECIMAL)
		p = c->i128 = room(w, BATCH, sizeof *c->i128);
	else
		p = c->i64 = room(w, BATCH, sizeof *c->i64);
	c->null = room(w, WORDS, sizeof *c->null);
	c->vec = (struct bl_eval_vec){ .type = t, .i64 = c->i64, .i128 = c->i128, .f64 = c->f64, .str = c->str, .null = c->null };
	return p && c->null ? 0 : -1;
}

static void column_put(struct column *c, uint32_t i, const struct bl_value *v)
{
	bool null = v->null || (c->f64 && !isfinite(v->f)) || (c->i64 && (v->i < INT64_MIN || v->i > INT64_MAX));
	uint64_t bit = (uint64_t)1 << i % 64;

	c->null[i / 64] = null ? c->null[i / 64] | bit : c->null[i / 64] & ~bit;
	if (c->i64)
		c->i64[i] = null ? 0 : (int64_t)v->i;
	else if (c->i128)
		c->i128[i] = null ? 0 : v->i;
	else if (c->f64)
		c->f64[i] = null ? 0 : v->f;
	else
		c->str[i] = null || !v->s.p ? (struct bl_str){ "", 0 } : v->s;
}

static const bool *withheld_of(const struct work *w, uint64_t group)
{
	return w->withheld ? w->withheld + group * w->r->ncell : NULL;
}

/* Keys and aggregates of the n groups of w->row from `from` on. */
static struct bl_eval_in load(struct work *w, uint64_t from, uint32_t n)
{
	const struct bl_plan *p = w->p;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t g = w->row[from + i];
		for (uint32_t k = 0; k < p->nkey; k++)
			column_put(&w->column[k], i, &w->r->key[g * p->nkey + k]);
		for (uint32_t k = 0; k < p->nagg; k++) {
			struct bl_value v = bl_total(p, &p->agg[k], w->r->acc + g * w->r->ncell, withheld_of(w, g));
			column_put(&w->column[p->nkey + k], i, &v);
		}
	}
	for (uint32_t k = 0; k < p->nkey + p->nagg; k++)
		w->vec[k].n = n;
	return (struct bl_eval_in){ .n = n, .key = w->vec, .agg = w->vec + p->nkey };
}

static uint32_t batch(const struct work *w, uint64_t from)
{
	return w->n - from < BATCH ? (uint32_t)(w->n - from) : BATCH;
}

/* --- HAVING, ORDER BY --- */

static struct bl_eval *compile(struct work *w, const struct bl_expr *e)
{
	return bl_eval_new(w->p, e, NULL, &w->tmp, w->err);
}

static bool is_null(const struct bl_eval_vec *v, uint32_t i)
{
	return v->null && v->null[i / 64] >> i % 64 & 1;
}

/* Texts are kept: the evaluator's own do not outlive its next run. */
static int keep_sort(struct work *w, const struct bl_eval_vec *v, uint32_t i, union sort_value *to, bool *null)
{
	uint32_t at = v->constant ? 0 : i;

	*null = is_null(v, at);
	if (*null)
		return 0;
	if (v->f64) {
		to->f = v->f64[at];
	} else if (v->i64 || v->i128) {
		to->i = v->i64 ? v->i64[at] : v->i128[at];
	} else {
		struct bl_str s = v->code ? v->dict[v->code[at]] : v->str[at];
		to->s = (struct bl_str){ bl_arena_strndup(&w->tmp, s.p, s.n), s.n };
		if (!to->s.p)
			return memory(w->err);
	}
	return 0;
}

/* Groups that no key tells apart stay in the order of the result. */
static int compare_rows(const void *left, const void *right, void *arg)
{
	const struct work *w = arg;
	uint64_t g = *(const uint64_t *)left, h = *(const uint64_t *)right;

	for (uint32_t k = 0; k < w->p->norder; k++) {
		const struct bl_order *o = &w->p->order[k];
		uint64_t i = g * w->p->norder + k, j = h * w->p->norder + k;
		const union sort_value *a = &w->sort[i], *b = &w->sort[j];
		int c;

		if (w->sort_null[i] || w->sort_null[j]) {
			c = w->sort_null[i] - w->sort_null[j];
			c = o->nulls_first ? -c : c;
		} else {
			if (o->expr->type.kind == BL_TYPE_TEXT)
				c = bl_type_order(a->s, b->s);
			else if (o->expr->type.kind == BL_TYPE_DOUBLE)
				c = (a->f > b->f) - (a->f < b->f);
			else
				c = (a->i > b->i) - (a->i < b->i);
			c = o->desc ? -c : c;
		}
		if (c)
			return c;
	}
	return (g > h) - (g < h);
}

/* The first `most` of n rows, in order; returns how many there are. */
static uint64_t best(struct work *w, uint64_t n, uint64_t most)
{
	qsort_r(w->row, n, sizeof *w->row, compare_rows, w);
	return n < most ? n : most;
}

/*
 * Drops the groups that HAVING drops, and orders the others by their sort keys. With a LIMIT only as many rows are kept as
 * can be printed: now and then what has come together is cut back, and from then on a row must be better than the worst.
 */
static int select_rows(struct work *w)
{
	const struct bl_plan *p = w->p;
	struct bl_eval *having = NULL, **order = room(w, p->norder, sizeof *order);
	uint64_t left = 0, keep[WORDS], most;
	bool cut_back = false;

	if (!p->having && !p->norder)
		return 0;
	if (!p->has_limit || !p->norder || __builtin_add_overflow(p->offset, p->limit, &most))
		most = w->n;
	if (!order || (p->having && !(having = compile(w, p->having))))
		return -1;
	for (uint32_t k = 0; k < p->norder; k++)
		if (!(order[k] = compile(w, p->order[k].expr)))
			return -1;
	for (uint64_t from = 0; from < w->n; from += BATCH) {
		uint32_t n = batch(w, from);
		struct bl_eval_in in = load(w, from, n);
		struct bl_eval_vec out;

		memset(keep, 0xff, sizeof keep);
		if (having && bl_eval_true(having, &in, NULL, keep, w->err))
			return -1;
		for (uint32_t k = 0; k < p->norder; k++) {
			if (bl_eval_run(order[k], &in, keep, &out, w->err))
				return -1;
			for (uint32_t i = 0; i < n; i++) {
				uint64_t at = w->row[from + i] * p->norder + k;
				if (keep[i / 64] >> i % 64 & 1 && keep_sort(w, &out, i, &w->sort[at], &w->sort_null[at]))
					return -1;
			}
		}
		for (uint32_t i = 0; i < n; i++)
			if (keep[i / 64] >> i % 64 & 1 && !(cut_back && (!most || compare_rows(&w->row[most - 1], &w->row[from + i], w) < 0)))
				w->row[left++] = w->row[from + i];
		if (left >= most && left - most >= most + BATCH) {
			left = best(w, left, most);
			cut_back = true;
		}
	}
	w->n = p->norder ? best(w, left, most) : left;
	return 0;
}

static void cut(struct work *w)
{
	uint64_t skip = w->p->offset < w->n ? w->p->offset : w->n;

	w->row += skip;
	w->n -= skip;
	if (w->p->has_limit && w->p->limit < w->n)
		w->n = w->p->limit;
}

/* --- outputs --- */

struct output { uint32_t item; struct bl_expr cast, *arg; struct bl_eval *eval; bool *agg; };	/* agg: which aggregates it is made from */

static void mark(const struct bl_expr *e, bool *agg)
{
	if (e->op == BL_OP_AGG)
		agg[e->index] = true;
	for (uint32_t i = 0; i < e->narg; i++)
		mark(e->arg[i], agg);
}

static struct output *outputs(struct work *w, uint32_t *n)
{
	const struct bl_plan *p = w->p;
	struct output *out = room(w, p->nout, sizeof *out);

	*n = 0;
	for (uint32_t i = 0; out && i < p->nout; i++) {
		struct output *o = &out[*n];
		const struct bl_expr *e = p->out[i].expr;
		if (p->out[i].hidden)
			continue;
		o->item = i;
		o->arg = p->out[i].expr;
		o->cast = (struct bl_expr){ .op = BL_OP_CAST, .type = { .kind = BL_TYPE_TEXT }, .narg = 1, .arg = &o->arg, .size = e->size + 1 };
		if (!(o->eval = compile(w, e->type.kind == BL_TYPE_TEXT ? e : &o->cast)) || !(o->agg = room(w, p->nagg, sizeof *o->agg)))
			return NULL;
		mark(e, o->agg);
		++*n;
	}
	return out;
}

static int text_of(struct work *w, const struct bl_eval_vec *v, uint32_t i, struct bl_str *cell)
{
	uint32_t at = v->constant ? 0 : i;
	struct bl_str s;

	if (is_null(v, at))
		return 0;
	s = v->code ? v->dict[v->code[at]] : v->str[at];
	if (!bl_text_utf8(s.p, s.n))	/* nothing that the readers refuse is released */
		return 0;
	*cell = (struct bl_str){ bl_arena_strndup(w->a, s.p, s.n), s.n };
	return cell->p ? 0 : memory(w->err);
}

/* The names of a row's withheld outputs. */
static int name_withheld(struct work *w, const struct output *out, uint32_t n, uint64_t group, struct bl_str *cell)
{
	const struct bl_plan *p = w->p;
	const bool *withheld = withheld_of(w, group);
	struct bl_buf b;

	bl_buf_init(&b, BL_PLAN_OUT * (BL_PLAN_SQL + 16));
	for (uint32_t k = 0; withheld && k < n; k++) {
		bool is = false;
		for (uint32_t g = 0; g < p->nagg && !is; g++)
			is = out[k].agg[g] && bl_total_withheld(&p->agg[g], withheld);
		if (is && b.len)
			bl_buf_put8(&b, ',');
		if (is)
			bl_buf_puts(&b, p->out[out[k].item].name);
	}
	*cell = (struct bl_str){ b.failed ? NULL : bl_arena_strndup(w->a, b.len ? (const char *)b.p : "", b.len), (uint32_t)b.len };
	bl_buf_fini(&b);
	return cell->p ? 0 : memory(w->err);
}

static int print_rows(struct work *w, const struct output *out, uint32_t n, bool suppress, struct bl_str *cell)
{
	uint32_t ncol = n + suppress;

	for (uint64_t from = 0; from < w->n; from += BATCH, cell += (uint64_t)BATCH * ncol) {
		uint32_t rows = batch(w, from);
		struct bl_eval_in in = load(w, from, rows);
		struct bl_eval_vec v;

		for (uint32_t k = 0; k < n; k++) {
			if (bl_eval_run(out[k].eval, &in, NULL, &v, w->err))
				return -1;
			for (uint32_t i = 0; i < rows; i++)
				if (text_of(w, &v, i, &cell[(uint64_t)i * ncol + k]))
					return -1;
		}
		for (uint32_t i = 0; suppress && i < rows; i++)
			if (name_withheld(w, out, n, w->row[from + i], &cell[(uint64_t)i * ncol + n]))
				return -1;
	}
	return 0;
}

static int release(struct work *w, bool suppress, struct bl_table *t)
{
	uint32_t n;
	struct output *out = outputs(w, &n);
	struct bl_table_col *col;
	struct bl_str *cell;

	if (!out)
		return -1;
	col = bl_arena_array(w->a, n + suppress, sizeof *col);
	cell = bl_arena_array(w->a, w->n * (n + suppress), sizeof *cell);
	if (!col || !cell)
		return memory(w->err);
	for (uint32_t k = 0; k < n; k++) {
		const struct bl_item *item = &w->p->out[out[k].item];
		col[k] = (struct bl_table_col){ item->name, item->expr->type };
	}
	if (suppress)
		col[n] = (struct bl_table_col){ BL_TABLE_SUPPRESSED, { .kind = BL_TYPE_TEXT } };
	*t = (struct bl_table){ .ncol = n + suppress, .nrow = w->n, .col = col, .cell = cell };
	return print_rows(w, out, n, suppress, cell);
}

static int prepare(struct work *w)
{
	const struct bl_plan *p = w->p;
	uint32_t n = p->nkey + p->nagg;

	w->n = w->r->ngroup;
	w->row = room(w, w->n, sizeof *w->row);
	w->column = room(w, n, sizeof *w->column);
	w->vec = room(w, n, sizeof *w->vec);
	w->sort = room(w, w->n * p->norder, sizeof *w->sort);
	w->sort_null = room(w, w->n * p->norder, sizeof *w->sort_null);
	if (!w->row || !w->column || !w->vec || !w->sort || !w->sort_null)
		return -1;
	for (uint64_t g = 0; g < w->n; g++)
		w->row[g] = g;
	for (uint32_t k = 0; k < n; k++) {
		if (column_init(w, &w->column[k], k < p->nkey ? p->key[k]->type : p->agg[k - p->nkey].type))
			return -1;
		w->vec[k] = w->column[k].vec;
	}
	return 0;
}

int bl_finish(const struct bl_plan *p, const struct bl_result *cells, const bool *withheld, bool suppress, uint64_t max_rows,
	      struct bl_arena *a, struct bl_release *out, struct bl_err *err)
{
	struct work w = { .p = p, .r = cells, .withheld = withheld, .a = a, .err = err };
	struct bl_release rel = { 0 };
	int r = -1;

	bl_arena_init(&w.tmp, a->limit - a->used);
	if (prepare(&w) || select_rows(&w))
		goto out;
	cut(&w);
	if (w.n > max_rows) {
		bl_err_set(err, BL_REFUSED, "refused: limits.rows_out");
		bl_err_hint(err, "ask for less: LIMIT, or fewer groups");
		goto out;
	}
	if (release(&w, suppress, &rel.table))
		goto out;
	*out = rel;
	r = 0;
out:
	bl_arena_fini(&w.tmp);
	return r;
}
