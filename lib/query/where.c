/* SPDX-License-Identifier: Apache-2.0 */
/* where: see where.h. What is likely to leave the fewest rows is tested first; who comes later may find none left. */
#include "query/where.h"

#include <string.h>

#include "query/ast.h"

enum { N = BL_KERNEL_N, WORDS = BL_KERNEL_WORDS };

enum kind { RANGE, TEXT, EVAL };
struct part {
	enum kind kind;
	uint32_t col;			/* RANGE, TEXT */
	int64_t lo, hi;			/* RANGE: lo <= hi */
	bool never;			/* RANGE: nothing is in it */
	bool sure;			/* of this row group all rows pass */
	double share;			/* of rows that may pass, a guess */
	struct bl_eval *eval;
	uint32_t ncol, *column;
	/* TEXT: what the condition says of each dictionary entry, and last of NULL. */
	uint32_t *lut;
	size_t cap;
	uint32_t group;			/* + 1: the row group that lut is of */
};
struct bl_where {
	struct bl_scan *s;
	uint32_t n;
	struct part *part;
};

/* e as lo <= column <= hi. */
static bool as_range(const struct bl_expr *e, uint32_t *col, bl_i128 *lo, bl_i128 *hi)
{
	const struct bl_expr *c, *l;
	enum bl_op op = e->op;

	if (op != BL_OP_EQ && op != BL_OP_LT && op != BL_OP_LE && op != BL_OP_GT && op != BL_OP_GE)
		return false;
	c = e->arg[0];
	l = e->arg[1];
	if (c->op == BL_OP_LIT) {
		c = e->arg[1];
		l = e->arg[0];
		op = bl_node_mirrored(op);
	}
	if (c->op != BL_OP_COL || l->op != BL_OP_LIT || l->lit.null || !bl_scan_integer(c->type) || l->type.kind != c->type.kind ||
	    l->type.scale != c->type.scale)
		return false;
	*col = c->index;
	*lo = op == BL_OP_LT || op == BL_OP_LE ? INT64_MIN : l->lit.i;
	*hi = op == BL_OP_GT || op == BL_OP_GE ? INT64_MAX : l->lit.i;
	if (op == BL_OP_LT && l->lit.i > INT64_MIN)
		*hi = l->lit.i - 1;
	if (op == BL_OP_LT && l->lit.i <= INT64_MIN)
		*hi = *lo - 1;
	if (op == BL_OP_GT && l->lit.i < INT64_MAX)
		*lo = l->lit.i + 1;
	if (op == BL_OP_GT && l->lit.i >= INT64_MAX)
		*lo = *hi + 1;
	return true;
}

/* One range a column, however many tests. */
static void add_range(struct bl_where *f, uint32_t col, bl_i128 lo, bl_i128 hi)
{
	struct part *p = NULL;

	for (uint32_t i = 0; i < f->n && !p; i++)
		if (f->part[i].kind == RANGE && f->part[i].col == col)
			p = &f->part[i];
	if (!p) {
		p = &f->part[f->n++];
		*p = (struct part){ .kind = RANGE, .col = col, .lo = INT64_MIN, .hi = INT64_MAX };
	}
	lo = lo > p->lo ? lo : p->lo;
	hi = hi < p->hi ? hi : p->hi;
	p->never = p->never || lo > hi;
	if (!p->never) {
		p->lo = (int64_t)lo;
		p->hi = (int64_t)hi;
	}
}

static int add(struct bl_where *f, const struct bl_expr *e, struct bl_err *err)
{
	bl_i128 lo, hi;
	uint32_t col;
	struct part *p;

	if (as_range(e, &col, &lo, &hi)) {
		add_range(f, col, lo, hi);
		return 0;
	}
	p = &f->part[f->n++];
	*p = (struct part){ .kind = EVAL, .share = 0.5 };
	if (!(p->eval = bl_eval_new(f->s->plan, e, f->s->range, &f->s->pool->a, err)))
		return -1;
	if (!(p->column = bl_scan_columns(f->s, e, &p->ncol, err)))
		return -1;
	if (p->ncol == 1 && f->s->schema->col[p->column[0]].type.kind == BL_TYPE_TEXT) {
		p->kind = TEXT;
		p->col = p->column[0];
		p->share = 0.25;
	}
	return 0;
}

static void guess(struct bl_where *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		struct part *p = &f->part[i], t = *p;
		uint32_t j = i;

		if (p->kind == RANGE) {
			struct bl_stat stat;
			uint64_t nulls;
			double lo, hi, all;

			bl_reader_column_stat(f->s->reader, p->col, &stat, &nulls);
			lo = (double)(p->lo > stat.min ? p->lo : stat.min);
			hi = (double)(p->hi < stat.max ? p->hi : stat.max);
			all = (double)stat.max - (double)stat.min + 1;
			t.share = p->never || hi < lo ? 0 : (hi - lo + 1) / all;
		}
		for (; j && f->part[j - 1].share > t.share; j--)
			f->part[j] = f->part[j - 1];
		f->part[j] = t;
	}
}

struct bl_where *bl_where_new(struct bl_scan *s, const struct bl_expr *where, struct bl_err *err)
{
	struct bl_where *f = bl_pool_alloc(s->pool, 1, sizeof(*f), err);
	uint32_t n = !where ? 0 : where->op == BL_OP_AND ? where->narg : 1;

	if (!f)
		return NULL;
	/* What it holds so far is all in the arena: a failure here leaves nothing behind. */
	f->s = s;
	f->part = bl_pool_alloc(s->pool, n, sizeof(*f->part), err);
	if (!f->part)
		return NULL;
	for (uint32_t i = 0; i < n; i++)
		if (add(f, where->op == BL_OP_AND ? where->arg[i] : where, err))
			return NULL;
	guess(f);
	return f;
}

void bl_where_fini(struct bl_where *f)
{
	for (uint32_t i = 0; f && i < f->n; i++)
		bl_pool_drop(f->s->pool, &f->part[i].lut, &f->part[i].cap, sizeof(*f->part[i].lut));
}

enum bl_where_verdict bl_where_group(struct bl_where *f)
{
	enum bl_where_verdict v = BL_WHERE_ALL;

	for (uint32_t i = 0; i < f->n; i++) {
		struct part *p = &f->part[i];
		const struct bl_stat *stat;

		p->sure = false;
		if (p->kind == RANGE) {
			stat = bl_reader_stat(f->s->reader, f->s->group, p->col);
			if (p->never || stat->nulls == f->s->rows || stat->max < p->lo || stat->min > p->hi)
				return BL_WHERE_NONE;
			p->sure = !stat->nulls && stat->min >= p->lo && stat->max <= p->hi;
		}
		if (!p->sure)
			v = BL_WHERE_SOME;
	}
	return v;
}

void bl_where_rows(uint64_t *mask, uint32_t n)
{
	for (uint32_t i = 0; i < WORDS; i++) {
		uint32_t left = n > i * 64 ? n - i * 64 : 0;

		mask[i] = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
	}
}

static bool any(const uint64_t *mask)
{
	uint64_t r = 0;

	for (int i = 0; i < WORDS; i++)
		r |= mask[i];
	return r != 0;
}

static int test_range(struct bl_where *f, const struct part *p, uint64_t *mask, struct bl_err *err)
{
	const struct bl_eval_vec *v = &f->s->vec[p->col];

	if (bl_scan_column(f->s, p->col, err))
		return -1;
	f->s->k->range(v->i64, p->lo, (uint64_t)p->hi - (uint64_t)p->lo, mask);
	for (int i = 0; v->null && i < WORDS; i++)
		mask[i] &= ~v->null[i];
	return 0;
}

/* The truth of the condition for n texts, or for a NULL. */
static int decide(struct bl_where *f, struct part *p, const struct bl_str *str, uint32_t n, uint32_t *out, struct bl_err *err)
{
	static const struct bl_str none = { "", 0 };
	static const uint64_t null[WORDS] = { 1 };
	struct bl_eval_in in = { .n = n, .col = f->s->entry };
	uint64_t mask[WORDS];

	f->s->entry[p->col] = (struct bl_eval_vec){ .type = f->s->schema->col[p->col].type, .n = n, .str = str ? str : &none, .null = str ? NULL : null };
	if (bl_eval_true(p->eval, &in, NULL, mask, err))
		return -1;
	for (uint32_t i = 0; i < n; i++)
		out[i] = bl_scan_bit(mask, i);
	return 0;
}

static int test_eval(struct bl_where *f, struct part *p, uint64_t *mask, struct bl_err *err)
{
	struct bl_eval_in in = { .n = f->s->n, .col = f->s->vec, .dicts = f->s->group + 1 };
	uint64_t pass[WORDS];

	for (uint32_t i = 0; i < p->ncol; i++)
		if (bl_scan_column(f->s, p->column[i], err))
			return -1;
	if (bl_eval_true(p->eval, &in, mask, pass, err))
		return -1;
	for (int i = 0; i < WORDS; i++)
		mask[i] &= pass[i];
	return 0;
}

static int test_text(struct bl_where *f, struct part *p, uint64_t *mask, struct bl_err *err)
{
	const struct bl_str *dict;
	const struct bl_eval_vec *v;
	uint32_t n;

	if (bl_scan_dict(f->s, p->col, &dict, &n, err))
		return -1;
	if (!dict)
		return test_eval(f, p, mask, err);
	if (p->group != f->s->group + 1) {
		if (bl_pool_grow(f->s->pool, &p->lut, &p->cap, (size_t)n + 1, sizeof(*p->lut), err))
			return -1;
		for (uint32_t i = 0; i < n; i += N)
			if (decide(f, p, dict + i, n - i < N ? n - i : N, p->lut + i, err))
				return -1;
		if (decide(f, p, NULL, 1, p->lut + n, err))
			return -1;
		p->group = f->s->group + 1;
	}
	if (bl_scan_column(f->s, p->col, err))
		return -1;
	v = &f->s->vec[p->col];
	if (!v->null) {
		f->s->k->look(v->code, p->lut, mask);
		return 0;
	}
	uint64_t pass[WORDS];

	memcpy(pass, mask, sizeof(pass));
	f->s->k->look(v->code, p->lut, pass);
	for (int i = 0; i < WORDS; i++)
		mask[i] &= (pass[i] & ~v->null[i]) | (p->lut[n] ? v->null[i] : 0);
	return 0;
}

int bl_where_vector(struct bl_where *f, uint64_t *mask, struct bl_err *err)
{
	for (uint32_t i = 0; i < f->n; i++) {
		struct part *p = &f->part[i];
		int r;

		if (p->sure)
			continue;
		r = p->kind == RANGE ? test_range(f, p, mask, err) : p->kind == TEXT ? test_text(f, p, mask, err) : test_eval(f, p, mask, err);
		if (r)
			return -1;
		if (!any(mask))
			return 0;
	}
	return 0;
}
