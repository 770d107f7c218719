/* SPDX-License-Identifier: Apache-2.0 */
/* state: see state.h. */
#include "query/state.h"

#include <math.h>
#include <string.h>

size_t bl_state_size(enum bl_state_what what, enum bl_state_form form)
{
	bool least = what == BL_STATE_MIN || what == BL_STATE_MAX;

	if (what == BL_STATE_COUNT)
		return sizeof(uint64_t);
	switch (form) {
	case BL_STATE_QUICK:
	case BL_STATE_EXACT:
		return least ? sizeof(struct bl_state_int) : sizeof(bl_i128);
	case BL_STATE_WIDE:
		return least ? sizeof(struct bl_state_i128) : sizeof(struct bl_state_wide);
	case BL_STATE_REAL:
		return least ? sizeof(struct bl_state_f64) : sizeof(struct bl_state_real);
	case BL_STATE_TEXT:
		return sizeof(struct bl_state_str);
	default:
		return 0;
	}
}

/* For each row i, s = its state. */
#define EACH(type, s) \
	for (uint32_t k_ = 0, i = 0; k_ < r->n && (i = r->idx[k_], true); k_++) \
		for (type *s = (type *)(void *)(r->p + r->id[i] * r->stride); s; s = NULL)

void bl_state_count(const struct bl_state_rows *r)
{
	EACH(uint64_t, s)
		++*s;
}

/* --- sums --- */

static void put(struct bl_state_wide *w, bl_i128 v)
{
	bl_u128 lo = w->lo + (bl_u128)v;

	w->hi += (v < 0 ? -1 : 0) + (lo < w->lo);
	w->lo = lo;
}

static void put_square(struct bl_state_wide *w, bl_i128 v)
{
	bl_u128 m = v < 0 ? -(bl_u128)v : (bl_u128)v, lo;

	if (m >> 64) {
		w->over = 1;
		return;
	}
	lo = w->lo + m * m;
	w->hi += lo < w->lo;
	w->lo = lo;
}

static inline bl_i128 at(const struct bl_eval_vec *v, uint32_t i)
{
	return v->i128 ? v->i128[i] : v->i64[i];
}

/* sum + error is exact: x added and rounded, and what rounding took (Knuth's two-sum: whichever is larger). */
static void put_real(struct bl_state_real *s, double x)
{
	double t = s->sum + x, b = t - s->sum;

	s->error += (s->sum - (t - b)) + (x - b);
	s->sum = t;
}

static void sum_reals(enum bl_state_what what, const struct bl_state_rows *r, const double *v)
{
	if (what == BL_STATE_SUM) {
		EACH(struct bl_state_real, s)
			put_real(s, v[i]);
	} else {
		EACH(struct bl_state_real, s) {
			double x = v[i] * v[i];

			put_real(s, x);
		}
	}
}

void bl_state_sum(enum bl_state_what what, enum bl_state_form form, const struct bl_state_rows *r, const struct bl_eval_vec *v)
{
	if (form == BL_STATE_REAL) {
		sum_reals(what, r, v->f64);
	} else if (form == BL_STATE_WIDE && what == BL_STATE_SUM) {
		EACH(struct bl_state_wide, s)
			put(s, at(v, i));
	} else if (form == BL_STATE_WIDE) {
		EACH(struct bl_state_wide, s)
			put_square(s, at(v, i));
	} else if (what == BL_STATE_SUM) {
		EACH(bl_i128, s)
			*s += v->i64[i];
	} else {
		EACH(bl_u128, s)
			*s += (bl_u128)((bl_i128)v->i64[i] * v->i64[i]);
	}
}

void bl_state_fixed(enum bl_state_what what, int shift, const struct bl_state_rows *r, const struct bl_eval_vec *v)
{
	const double most = 0x1p90;
	bool square = what == BL_STATE_SQUARE;

	EACH(bl_i128, s) {
		double y = ldexp(v->f64[i], square ? shift / 2 : shift);

		y = square ? y * y : y;
		*s += (bl_i128)rint(y > most ? most : y < -most ? -most : y);
	}
}

bool bl_state_get(enum bl_state_form form, const uint8_t *p, bl_i128 *v)
{
	const bl_i128 max = (bl_i128)(~(bl_u128)0 >> 1);
	const struct bl_state_wide *w = (const void *)p;

	if (form != BL_STATE_WIDE) {
		*v = *(const bl_i128 *)(const void *)p;
		return true;
	}
	*v = (bl_i128)w->lo;
	if (!w->over && w->hi == (*v < 0 ? -1 : 0))
		return true;
	*v = w->over || w->hi >= 0 ? max : -max - 1;
	return false;
}

/* --- least and greatest --- */

static int keep(struct bl_pool *pool, struct bl_state_str *t, struct bl_str v, struct bl_err *err)
{
	if (v.n > t->cap || !t->p) {
		uint32_t cap = v.n < 16 ? 16 : v.n + v.n / 2;	/* texts are at most 16 MiB */
		char *p = bl_arena_alloc(&pool->a, cap);

		if (!p)
			return bl_pool_refuse(err);
		t->p = p;
		t->cap = cap;
	}
	memcpy(t->p, v.p, v.n);
	t->n = v.n;
	return 0;
}

static int least_texts(enum bl_state_what what, const struct bl_state_rows *r, const struct bl_eval_vec *v, struct bl_pool *pool, struct bl_err *err)
{
	EACH(struct bl_state_str, s) {
		struct bl_str x = v->code ? v->dict[v->code[i]] : v->str[i];
		int d = s->p ? bl_type_order(x, (struct bl_str){ s->p, s->n }) : 0;

		if ((!s->p || (what == BL_STATE_MIN ? d < 0 : d > 0)) && keep(pool, s, x, err))
			return -1;
	}
	return 0;
}

#define BETTER(x) (!s->has || (what == BL_STATE_MIN ? (x) < s->v : (x) > s->v))
int bl_state_least(enum bl_state_what what, enum bl_state_form form, const struct bl_state_rows *r, const struct bl_eval_vec *v,
		   struct bl_pool *pool, struct bl_err *err)
{
	if (form == BL_STATE_TEXT)
		return least_texts(what, r, v, pool, err);
	if (form == BL_STATE_REAL) {
		EACH(struct bl_state_f64, s) {
			double x = v->f64[i] + 0.0;	/* no minus zero */

			if (BETTER(x))
				*s = (struct bl_state_f64){ x, 1 };
		}
	} else if (form == BL_STATE_WIDE) {
		EACH(struct bl_state_i128, s)
			if (BETTER(at(v, i)))
				*s = (struct bl_state_i128){ at(v, i), 1 };
	} else {
		EACH(struct bl_state_int, s)
			if (BETTER(v->i64[i]))
				*s = (struct bl_state_int){ v->i64[i], 1 };
	}
	return 0;
}

void bl_state_get_least(enum bl_state_form form, const uint8_t *p, struct bl_acc *out)
{
	if (form == BL_STATE_TEXT) {
		const struct bl_state_str *t = (const void *)p;

		*out = (struct bl_acc){ .null = !t->p, .s = { t->p, t->n } };
	} else if (form == BL_STATE_REAL) {
		const struct bl_state_f64 *t = (const void *)p;

		*out = (struct bl_acc){ .null = !t->has, .f = t->v };
	} else if (form == BL_STATE_WIDE) {
		const struct bl_state_i128 *t = (const void *)p;

		*out = (struct bl_acc){ .null = !t->has, .i = t->v };
	} else {
		const struct bl_state_int *t = (const void *)p;

		*out = (struct bl_acc){ .null = !t->has, .i = t->v };
	}
}
