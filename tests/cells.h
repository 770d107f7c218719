/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells: a plan over the rows of tests/values.h to a raw result, the slow and plain way: one row at a time, groups found by
 * looking at all of them. What the executor does for real; here so that finishing is tested without it.
 */
#ifndef TESTS_CELLS_H
#define TESTS_CELLS_H

#include "query/result.h"
#include "values.h"

static inline struct bl_value cells_value(const struct bl_eval_vec *v)
{
	struct bl_value x = { .type = v->type, .null = v->null && v->null[0] & 1 };

	if (x.null)
		return x;
	x.i = v->i64 ? v->i64[0] : v->i128 ? v->i128[0] : 0;
	x.f = v->f64 ? v->f64[0] : 0;
	x.s = v->code ? v->dict[v->code[0]] : v->str ? v->str[0] : (struct bl_str){ "", 0 };
	return x;
}

/* NULLs last, then by value. */
static inline int cells_order(const struct bl_value *a, const struct bl_value *b)
{
	if (a->null || b->null)
		return a->null - b->null;
	if (a->type.kind == BL_TYPE_DOUBLE)
		return (a->f > b->f) - (a->f < b->f);
	if (a->type.kind != BL_TYPE_TEXT)
		return (a->i > b->i) - (a->i < b->i);
	int c = memcmp(a->s.p, b->s.p, a->s.n < b->s.n ? a->s.n : b->s.n);
	return c ? c : (a->s.n > b->s.n) - (a->s.n < b->s.n);
}

static inline struct bl_value cells_eval(struct query *q, const struct bl_expr *e, uint32_t row)
{
	static struct values one;
	struct bl_eval *v;
	struct bl_eval_vec out = { 0 };
	struct bl_value x;

	values_init(&one, VALUES_PLAIN, row, 1);
	struct bl_eval_in in = values_in(&one, VALUES_PLAIN);
	v = bl_eval_new(&q->p, e, NULL, &q->a, &q->err);
	if (!v || bl_eval_run(v, &in, NULL, &out, &q->err))
		abort();
	x = cells_value(&out);
	if (x.s.n)
		x.s.p = bl_arena_strndup(&q->a, x.s.p, x.s.n);
	return x;
}

static inline bool cells_true(struct query *q, const struct bl_expr *e, uint32_t row)
{
	struct bl_value v;

	if (!e)
		return true;
	v = cells_eval(q, e, row);
	return !v.null && v.i;
}

static inline void cells_add(const struct bl_cell *c, struct bl_acc *acc, const struct bl_value *v)
{
	struct bl_value now = { .type = v->type, .i = acc->i, .f = acc->f, .s = acc->s };
	bool first = acc->null;

	acc->null = false;
	switch (c->kind) {
	case BL_CELL_N:
		acc->i++;
		break;
	case BL_CELL_S:
		acc->i += v->i;
		acc->f += v->f;
		break;
	case BL_CELL_SS:
		acc->i += v->i * v->i;
		acc->f += v->f * v->f;
		break;
	case BL_CELL_MIN:
	case BL_CELL_MAX:
		if (first || (c->kind == BL_CELL_MIN ? cells_order(v, &now) < 0 : cells_order(v, &now) > 0)) {
			acc->i = v->i;
			acc->f = v->f;
			acc->s = v->s;
		}
		break;
	default:
		abort();		/* not needed here */
	}
}

static inline void cells_run(struct query *q, struct bl_result *r)
{
	const struct bl_plan *p = &q->p;

	*r = (struct bl_result){ .nkey = p->nkey, .ncell = p->ncell };
	r->key = bl_arena_array(&q->a, VALUES_ROWS * (size_t)p->nkey, sizeof *r->key);
	r->acc = bl_arena_array(&q->a, VALUES_ROWS * (size_t)p->ncell, sizeof *r->acc);
	for (uint32_t c = 0; c < VALUES_ROWS * p->ncell; c++)
		r->acc[c].null = p->cell[c % p->ncell].kind != BL_CELL_N;
	r->ngroup = p->kind == BL_PLAN_GROUPS && !p->nkey;
	for (uint32_t row = 0; row < VALUES_ROWS; row++) {
		struct bl_value key[2 * BL_PLAN_OUT];
		uint64_t g = 0;
		int c = 1;

		if (!cells_true(q, p->where, row))
			continue;
		for (uint32_t k = 0; k < p->nkey; k++)
			key[k] = cells_eval(q, p->key[k], row);
		/* The group, or where it belongs. */
		for (g = p->kind == BL_PLAN_ROWS ? r->ngroup : 0; g < r->ngroup; g++) {
			c = 0;
			for (uint32_t k = 0; k < p->nkey && !c; k++)
				c = cells_order(&r->key[g * p->nkey + k], &key[k]);
			if (c >= 0)
				break;
		}
		if (g == r->ngroup || c) {
			memmove(r->key + (g + 1) * p->nkey, r->key + g * p->nkey, (r->ngroup - g) * p->nkey * sizeof *key);
			memmove(r->acc + (g + 1) * p->ncell, r->acc + g * p->ncell, (r->ngroup - g) * p->ncell * sizeof *r->acc);
			memcpy(r->key + g * p->nkey, key, p->nkey * sizeof *key);
			for (uint32_t k = 0; k < p->ncell; k++)
				r->acc[g * p->ncell + k] = (struct bl_acc){ .null = p->cell[k].kind != BL_CELL_N };
			r->ngroup++;
		}
		for (uint32_t k = 0; k < p->ncell; k++) {
			struct bl_value v = { 0 };
			if (!cells_true(q, p->cell[k].cond, row))
				continue;
			if (p->cell[k].arg)
				v = cells_eval(q, p->cell[k].arg, row);
			if (!v.null)
				cells_add(&p->cell[k], &r->acc[g * p->ncell + k], &v);
		}
	}
}

#endif
