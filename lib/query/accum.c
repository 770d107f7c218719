/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accum: see accum.h. A table has one row of states a group; states lie side by side, so that a group is one or two cache
 * lines. Few groups are summed by a pass over the vector for each; many by going to each row's group.
 */
#include "query/accum.h"

#include <math.h>
#include <string.h>

#include "query/ast.h"
#include "query/state.h"

enum { N = BL_KERNEL_N, WORDS = BL_KERNEL_WORDS, FEW = BL_KERNEL_FEW, SPARSE = 96 };

struct bl_accum {
	enum bl_state_what what;
	enum bl_state_form form;
	struct bl_scan_node *arg;	/* NULL: rows */
	uint32_t lane;
	size_t at, pair;		/* where its state is in a row of each table */
	bool paired;
	int shift;			/* contributions of doubles */
	struct bl_bag *bag;
	bool done;			/* for this vector */
};
struct bl_accum_lane {
	const struct bl_expr *cond;
	struct bl_where *filter;
	bool none;			/* no row of this row group */
	uint64_t mask[WORDS];
	uint32_t n;			/* rows in it */
	bool listed;			/* idx is filled */
	uint16_t idx[N];
};

/* --- making --- */

/* Squares and sums that cannot pass 127 bits: a file has at most 2^36 rows. */
static bool fits(const struct bl_scan_node *n, enum bl_state_what what)
{
	const int64_t most = INT64_C(1) << 45;

	return n->narrow && (what == BL_STATE_SUM || (n->min >= -most && n->max <= most));
}

static bool quick(const struct bl_scan_node *n)
{
	const int64_t most = INT64_C(1) << 52;

	return n->narrow && n->min >= -most && n->max <= most;
}

static enum bl_state_form form_of(enum bl_state_what what, const struct bl_scan_node *n)
{
	if (what == BL_STATE_COUNT || what == BL_STATE_DISTINCT || what == BL_STATE_MEDIAN)
		return BL_STATE_NONE;
	if (n->e->type.kind == BL_TYPE_TEXT)
		return BL_STATE_TEXT;
	if (n->e->type.kind == BL_TYPE_DOUBLE)
		return BL_STATE_REAL;
	if (what == BL_STATE_MIN || what == BL_STATE_MAX)
		return n->narrow ? BL_STATE_EXACT : BL_STATE_WIDE;
	return what == BL_STATE_SUM && quick(n) ? BL_STATE_QUICK : fits(n, what) ? BL_STATE_EXACT : BL_STATE_WIDE;
}

/* Units so small that the largest value in the file has 62 bits; of what is not a column nothing is known. */
static int shift_of(const struct bl_scan *s, const struct bl_accum *c)
{
	struct bl_stat stat;
	uint64_t nulls;
	double min, max, most;
	int e = 0;

	if (c->form != BL_STATE_REAL || c->what == BL_STATE_MIN || c->what == BL_STATE_MAX)
		return 0;
	if (c->arg->kind != BL_SCAN_COL)
		return 32;
	bl_reader_column_stat(s->reader, c->arg->e->index, &stat, &nulls);
	memcpy(&min, &stat.min, sizeof(min));
	memcpy(&max, &stat.max, sizeof(max));
	most = fmax(fabs(min), fabs(max));
	if (!(most > 0) || !isfinite(most))
		return 32;
	frexp(most, &e);
	return c->what == BL_STATE_SUM ? 62 - e : 2 * (31 - e);
}

static uint32_t lane_of(struct bl_accum_set *a, const struct bl_expr *cond)
{
	uint32_t l = 0;

	while (l < a->nlane && !bl_node_equal(a->lane[l].cond, cond))
		l++;
	if (l == a->nlane)
		a->lane[a->nlane++].cond = cond;
	return l;
}

static enum bl_state_what what_of(enum bl_cell_kind k)
{
	static const enum bl_state_what of[] = {
		[BL_CELL_N] = BL_STATE_COUNT, [BL_CELL_S] = BL_STATE_SUM, [BL_CELL_SS] = BL_STATE_SQUARE, [BL_CELL_MIN] = BL_STATE_MIN,
		[BL_CELL_MAX] = BL_STATE_MAX, [BL_CELL_MEDIAN] = BL_STATE_MEDIAN, [BL_CELL_DISTINCT] = BL_STATE_DISTINCT,
	};

	return of[k];
}

static int add(struct bl_accum_set *a, const struct bl_cell *cell, uint32_t *of, struct bl_err *err)
{
	struct bl_accum c = { .what = what_of(cell->kind), .lane = lane_of(a, cell->cond) };
	uint32_t i = 0;

	if (cell->arg && !(c.arg = bl_scan_node(a->s, cell->arg, false, err)))
		return -1;
	/* Counting what is never NULL is counting rows. */
	if (c.what == BL_STATE_COUNT && c.arg && !c.arg->nullable)
		c.arg = NULL;
	while (i < a->n && (a->accum[i].what != c.what || a->accum[i].arg != c.arg || a->accum[i].lane != c.lane))
		i++;
	*of = i;
	if (i < a->n)
		return 0;
	c.form = form_of(c.what, c.arg);
	c.shift = shift_of(a->s, &c);
	c.paired = c.what == BL_STATE_COUNT || c.what == BL_STATE_SUM || c.what == BL_STATE_SQUARE;
	if (c.what == BL_STATE_DISTINCT || c.what == BL_STATE_MEDIAN) {
		if (!(c.bag = bl_pool_alloc(a->s->pool, 1, sizeof(*c.bag), err)))
			return -1;
		if (bl_bag_init(c.bag, a->s, c.arg, err)) {
			bl_bag_fini(c.bag);
			return -1;
		}
	}
	a->accum[a->n++] = c;
	return 0;
}

/* States of 16 bytes first, so that all are aligned; one state at a time of `size`. */
static void lay_out(struct bl_accum_set *a)
{
	for (int small = 0; small < 2; small++)
		for (uint32_t i = 0; i < a->n; i++) {
			struct bl_accum *c = &a->accum[i];
			size_t size = bl_state_size(c->what, c->form), pair = !c->paired ? 0 : c->form == BL_STATE_REAL ? sizeof(bl_i128) : size;

			if (small == (size >= 16))
				continue;
			c->at = a->group.stride;
			a->group.stride += size;
			c->pair = a->pair.stride;
			a->pair.stride += pair;
		}
	a->group.stride = (a->group.stride + 15) / 16 * 16;
	a->pair.stride = (a->pair.stride + 15) / 16 * 16;
}

static int room(struct bl_accum_set *a, struct bl_accum_table *t, uint32_t n, struct bl_err *err)
{
	t->n = n;
	return t->stride && n > t->cap ? bl_pool_grow(a->s->pool, &t->p, &t->cap, n, t->stride, err) : 0;
}

int bl_accum_init(struct bl_accum_set *a, struct bl_scan *s, bool pairs, struct bl_err *err)
{
	uint32_t ncell = s->plan->ncell;

	*a = (struct bl_accum_set){ .s = s, .pairs = pairs, .nlane = 1 };
	a->accum = bl_pool_alloc(s->pool, ncell, sizeof(*a->accum), err);
	a->lane = bl_pool_alloc(s->pool, (size_t)ncell + 1, sizeof(*a->lane), err);
	a->of = bl_pool_alloc(s->pool, ncell, sizeof(*a->of), err);
	if (!a->accum || !a->lane || !a->of)
		return -1;
	for (uint32_t i = 0; i < ncell; i++)
		if (add(a, &s->plan->cell[i], &a->of[i], err))
			return -1;
	for (uint32_t l = 1; l < a->nlane; l++)
		if (!(a->lane[l].filter = bl_where_new(s, a->lane[l].cond, err)))
			return -1;
	lay_out(a);
	return room(a, &a->group, 1, err);
}

void bl_accum_fini(struct bl_accum_set *a)
{
	if (!a->s)
		return;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->accum[i].bag)
			bl_bag_fini(a->accum[i].bag);
	for (uint32_t l = 0; l < a->nlane; l++)
		bl_where_fini(a->lane[l].filter);
	bl_pool_drop(a->s->pool, &a->group.p, &a->group.cap, a->group.stride);
	bl_pool_drop(a->s->pool, &a->pair.p, &a->pair.cap, a->pair.stride);
}

/* --- rows of a vector --- */

struct rows {
	const uint64_t *mask;
	const uint16_t *idx;		/* the same */
	uint32_t n;
};

static uint32_t list(const uint64_t *mask, uint16_t *idx)
{
	uint32_t n = 0;

	BL_SCAN_EACH(i, mask)
		idx[n++] = (uint16_t)i;
	return n;
}

/* One group: whole vectors at once. False when this accumulator has no such way. */
static bool one_group(const struct bl_accum_set *a, const struct bl_accum *c, const struct rows *r)
{
	uint8_t *p = a->group.p + c->at;
	const struct bl_eval_vec *v = c->arg ? &c->arg->vec : NULL;

	/* idx is not looked at */
	if (c->what == BL_STATE_COUNT) {
		*(uint64_t *)(void *)p += r->n;
		return true;
	}
	if (r->n < SPARSE || !v->i64)
		return false;
	if (c->what == BL_STATE_SUM && c->form == BL_STATE_QUICK) {
		*(bl_i128 *)(void *)p += r->n == N ? a->s->k->sum_all(v->i64) : a->s->k->sum(v->i64, r->mask);
		return true;
	}
	if ((c->what == BL_STATE_MIN || c->what == BL_STATE_MAX) && c->form == BL_STATE_EXACT) {
		struct bl_state_int *s = (struct bl_state_int *)(void *)p;
		int64_t min = s->has ? s->v : INT64_MAX, max = s->has ? s->v : INT64_MIN;

		a->s->k->bounds(v->i64, r->mask, &min, &max);
		*s = (struct bl_state_int){ c->what == BL_STATE_MIN ? min : max, 1 };
		return true;
	}
	return false;
}

static int group_states(struct bl_accum_set *a, const struct bl_accum *c, const uint32_t *gid, const struct rows *r, struct bl_err *err)
{
	struct bl_state_rows to = { a->group.p + c->at, a->group.stride, gid, r->idx, r->n };

	if (a->group.n == 1 && one_group(a, c, r))
		return 0;
	switch (c->what) {
	case BL_STATE_COUNT:
		bl_state_count(&to);
		return 0;
	case BL_STATE_SUM:
	case BL_STATE_SQUARE:
		bl_state_sum(c->what, c->form, &to, &c->arg->vec);
		return 0;
	case BL_STATE_MIN:
	case BL_STATE_MAX:
		return bl_state_least(c->what, c->form, &to, &c->arg->vec, a->s->pool, err);
	default:
		return bl_bag_add(c->bag, r->mask, gid, r->idx, r->n, err);
	}
}

static void pair_states(struct bl_accum_set *a, const struct bl_accum *c, const uint32_t *pid, const struct rows *r)
{
	struct bl_state_rows to = { a->pair.p + c->pair, a->pair.stride, pid, r->idx, r->n };

	if (c->what == BL_STATE_COUNT)
		bl_state_count(&to);
	else if (c->form == BL_STATE_REAL)
		bl_state_fixed(c->what, c->shift, &to, &c->arg->vec);
	else
		bl_state_sum(c->what, c->form, &to, &c->arg->vec);
}

/* Sums and counts of all rows in a few groups. They are marked done. */
static int few(struct bl_accum_set *a, const uint32_t *gid, struct bl_err *err)
{
	const int64_t *v[FEW];
	struct bl_accum *of[FEW], *count = NULL;
	uint32_t n = 0, ngroup = (uint32_t)a->group.n;

	for (uint32_t i = 0; i <= a->n; i++) {
		struct bl_accum *c = i < a->n ? &a->accum[i] : NULL;

		if (c && !c->lane && c->what == BL_STATE_COUNT && !c->arg) {
			count = c;
		} else if (c && !c->lane && c->what == BL_STATE_SUM && c->form == BL_STATE_QUICK) {
			if (bl_scan_run(a->s, c->arg, err))
				return -1;
			if (!c->arg->vec.null || c->arg->zeroed) {
				v[n] = c->arg->vec.i64;
				of[n++] = c;
			}
		}
		if (n == FEW || (!c && (n || count))) {
			int64_t out[FEW * (FEW + 1)] = { 0 };

			a->s->k->few(gid, ngroup, v, n, out);
			for (uint32_t g = 0; g < ngroup; g++) {
				uint8_t *row = a->group.p + g * a->group.stride;

				for (uint32_t k = 0; k < n; k++)
					*(bl_i128 *)(void *)(row + of[k]->at) += out[g * (n + 1) + k];
				if (count)
					*(uint64_t *)(void *)(row + count->at) += (uint64_t)out[g * (n + 1) + n];
			}
			for (uint32_t k = 0; k < n; k++)
				of[k]->done = true;
			if (count)
				count->done = true;
			count = NULL;
			n = 0;
		}
	}
	return 0;
}

/* The rows of lane l that have a value of c. */
static void select(struct bl_accum_set *a, const struct bl_accum *c, struct bl_accum_lane *l, struct rows *r)
{
	const uint64_t *null = c->arg ? c->arg->vec.null : NULL;

	if (null) {
		for (int i = 0; i < WORDS; i++)
			a->mask[i] = l->mask[i] & ~null[i];
		*r = (struct rows){ a->mask, a->idx, list(a->mask, a->idx) };
		return;
	}
	if (!l->listed)
		list(l->mask, l->idx);
	l->listed = true;
	*r = (struct rows){ l->mask, l->idx, l->n };
}

static int one(struct bl_accum_set *a, struct bl_accum *c, const uint32_t *gid, const uint32_t *pid, struct bl_err *err)
{
	struct bl_accum_lane *l = &a->lane[c->lane];
	struct rows r = { l->mask, NULL, l->n };

	if (!l->n || (c->done && !pid))
		return 0;
	if (c->arg && bl_scan_run(a->s, c->arg, err))
		return -1;
	/* Where every row has a value, no list of rows is needed to add them up. */
	if (!c->done && a->group.n == 1 && (!c->arg || !c->arg->vec.null) && one_group(a, c, &r)) {
		if (!pid)
			return 0;
		c->done = true;
	}
	select(a, c, l, &r);
	if (!r.n)
		return 0;
	if (!c->done && group_states(a, c, gid, &r, err))
		return -1;
	if (pid && c->paired)
		pair_states(a, c, pid, &r);
	return 0;
}

void bl_accum_group(struct bl_accum_set *a)
{
	for (uint32_t l = 1; l < a->nlane; l++)
		a->lane[l].none = bl_where_group(a->lane[l].filter) == BL_WHERE_NONE;
}

int bl_accum_vector(struct bl_accum_set *a, const uint64_t *mask, const uint32_t *gid, uint32_t ngroup, const uint32_t *pid, uint32_t npair,
		    struct bl_err *err)
{
	if (room(a, &a->group, ngroup, err) || (pid && room(a, &a->pair, npair, err)))
		return -1;
	for (uint32_t l = 0; l < a->nlane; l++) {
		struct bl_accum_lane *lane = &a->lane[l];

		lane->n = 0;
		lane->listed = false;
		if (lane->none)
			continue;
		memcpy(lane->mask, mask, sizeof(lane->mask));
		if (lane->filter && bl_where_vector(lane->filter, lane->mask, err))
			return -1;
		lane->n = bl_where_count(lane->mask);
	}
	for (uint32_t i = 0; i < a->n; i++)
		a->accum[i].done = false;
	if (ngroup > 1 && ngroup <= FEW && a->lane[0].n >= SPARSE && few(a, gid, err))
		return -1;
	for (uint32_t i = 0; i < a->n; i++)
		if (one(a, &a->accum[i], gid, pid, err))
			return -1;
	return 0;
}

bool bl_accum_whole(struct bl_accum_set *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (a->accum[i].what != BL_STATE_COUNT || a->accum[i].lane || (a->accum[i].arg && a->accum[i].arg->kind != BL_SCAN_COL))
			return false;
	for (uint32_t i = 0; i < a->n; i++) {
		const struct bl_accum *c = &a->accum[i];
		uint32_t nulls = c->arg ? bl_reader_stat(a->s->reader, a->s->group, c->arg->e->index)->nulls : 0;

		*(uint64_t *)(void *)(a->group.p + c->at) += a->s->rows - nulls;
	}
	return true;
}

/* --- after the last vector --- */

int bl_accum_finish(struct bl_accum_set *a, uint32_t ngroup, struct bl_err *err)
{
	if (room(a, &a->group, ngroup, err))
		return -1;
	for (uint32_t i = 0; i < a->n; i++) {
		const struct bl_accum *c = &a->accum[i];

		if ((c->what == BL_STATE_DISTINCT && bl_bag_count(c->bag, ngroup, err)) || (c->what == BL_STATE_MEDIAN && bl_bag_median(c->bag, ngroup, err)))
			return -1;
	}
	return 0;
}

static void median(const struct bl_accum *c, const struct bl_bag_middle *m, struct bl_acc *out)
{
	struct bl_value lo, hi;
	unsigned scale = c->arg->e->type.scale;
	bl_i128 half;
	bool odd;

	out->null = !m->lo;
	if (out->null)
		return;
	bl_coder_value(&c->bag->coder, m->lo, &lo);
	bl_coder_value(&c->bag->coder, m->hi, &hi);
	if (lo.type.kind == BL_TYPE_DOUBLE) {
		out->f = lo.f + (hi.f - lo.f) / 2;
		if (!isfinite(out->f))
			out->f = lo.f / 2 + hi.f / 2;
		return;
	}
	/* The mean rounded down, whose sum might not fit, and what that lost. */
	half = (lo.i & hi.i) + ((lo.i ^ hi.i) >> 1);
	odd = (lo.i ^ hi.i) & 1;
	if (odd && scale < 38 && half < (bl_i128)1 << 126 && half > -((bl_i128)1 << 126))
		out->f = bl_num_ratio(2 * half + 1, 2 * bl_num_pow10_i128(scale));
	else
		out->f = bl_num_ratio(half, bl_num_pow10_i128(scale));
}

void bl_accum_cell(const struct bl_accum_set *a, uint32_t group, uint32_t cell, struct bl_acc *out)
{
	const struct bl_accum *c = &a->accum[a->of[cell]], *n = &a->accum[a->of[a->s->plan->cell[cell].n]];
	const uint8_t *row = a->group.p + group * a->group.stride, *p = row + c->at;

	*out = (struct bl_acc){ 0 };
	switch (c->what) {
	case BL_STATE_COUNT:
		out->i = (bl_i128)*(const uint64_t *)(const void *)p;
		return;
	case BL_STATE_MIN:
	case BL_STATE_MAX:
		bl_state_get_least(c->form, p, out);
		return;
	case BL_STATE_DISTINCT:
		out->i = (bl_i128)c->bag->count[group];
		return;
	case BL_STATE_MEDIAN:
		median(c, &c->bag->middle[group], out);
		return;
	default:
		out->null = !*(const uint64_t *)(const void *)(row + n->at);
	}
	if (c->form == BL_STATE_REAL) {
		const struct bl_state_real *t = (const void *)p;

		out->f = t->sum + t->error;
		out->null = out->null || !isfinite(out->f);
		out->f = out->null ? 0 : out->f + 0.0;
	} else if (!bl_state_get(c->form, p, &out->i)) {
		*out = (struct bl_acc){ .null = true };
	}
}

bl_i128 bl_accum_part(const struct bl_accum_set *a, uint32_t pair, uint32_t cell, bool *over)
{
	const struct bl_accum *c = &a->accum[a->of[cell]];
	const uint8_t *p = a->pair.p + pair * a->pair.stride + c->pair;
	bl_i128 v;

	*over = false;
	if (!c->paired)
		return 0;
	if (c->what == BL_STATE_COUNT)
		return (bl_i128)*(const uint64_t *)(const void *)p;
	*over = !bl_state_get(c->form, p, &v);
	return v;
}

int bl_accum_shift(const struct bl_accum_set *a, uint32_t cell)
{
	return a->accum[a->of[cell]].shift;
}
