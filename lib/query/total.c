/* SPDX-License-Identifier: Apache-2.0 */
/*
 * total: see total.h. An aggregate is over sum_t (mul_t * x + add_t), term by term; with N, S and SS of a term's cells,
 *
 *	sum x' = sum_t mul S + add N		sum x'^2 = sum_t mul^2 SS + 2 mul add S + add^2 N
 *
 * Terms of integers and decimals are added as whole numbers at one scale, and avg and var are one quotient of such: nothing
 * cancels that was rounded. Sums of doubles come as doubles; they are added as such, and the last difference of a variance
 * is made with the errors of its products.
 */
#include <math.h>

#include "query/ast.h"
#include "query/total.h"
#include "query/wide.h"

/* What was added up so far, the exact part at `scale` digits (2 * scale for squares). */
struct sums {
	unsigned scale;
	bl_i128 n;
	struct bl_wide s, ss;
	double fs, fss;			/* the part of doubles */
	double size;			/* sum of what fss is made of, without signs */
	bool entered, doubles, bad;	/* there is a value; some are doubles; a cell overflowed */
};

bool bl_total_withheld(const struct bl_agg *g, const bool *withheld)
{
	if (!withheld)
		return false;
	for (uint32_t i = 0; i < g->nterm; i++) {
		const struct bl_term *t = &g->term[i];
		if ((t->n >= 0 && withheld[t->n]) || (t->s >= 0 && withheld[t->s]) || (t->ss >= 0 && withheld[t->ss]))
			return true;
	}
	for (uint32_t i = 0; i < g->ncheck; i++)
		if (withheld[g->check[i]])
			return true;
	return false;
}

static bl_i128 rows(const struct bl_acc *acc, int64_t cell)
{
	return acc[cell].null ? 0 : acc[cell].i;
}

static bool is_double(const struct bl_plan *p, const struct bl_term *t)
{
	return t->s >= 0 && p->cell[t->s].arg->type.kind == BL_TYPE_DOUBLE;
}

/* The digits behind the point that the exact part of a term needs. */
static unsigned scale_of(const struct bl_plan *p, const struct bl_term *t)
{
	unsigned mul = t->mul_scale + (t->s >= 0 && !is_double(p, t) ? p->cell[t->s].arg->type.scale : 0u);

	return mul > t->add_scale ? mul : t->add_scale;
}

/* A sum that is there: nothing entered is 0, and when rows did enter it overflowed. */
static bl_i128 part(bool *bad, const struct bl_plan *p, const struct bl_acc *acc, int32_t cell)
{
	if (cell < 0)
		return 0;
	if (acc[cell].null && rows(acc, p->cell[cell].n))
		*bad = true;
	return acc[cell].null ? 0 : acc[cell].i;
}

static double part_f64(struct sums *w, const struct bl_plan *p, const struct bl_acc *acc, int32_t cell)
{
	part(&w->bad, p, acc, cell);
	return cell < 0 || acc[cell].null ? 0 : acc[cell].f;
}

static void add_doubles(struct sums *w, const struct bl_plan *p, const struct bl_term *t, const struct bl_acc *acc)
{
	double mul = bl_num_ratio(t->mul, bl_num_pow10_i128(t->mul_scale)), add = bl_num_ratio(t->add, bl_num_pow10_i128(t->add_scale));
	double s = part_f64(w, p, acc, t->s), square = mul * mul * part_f64(w, p, acc, t->ss), cross = 2 * mul * add * s;

	w->doubles = true;
	w->fs += mul * s;
	w->fss += square + cross;
	w->size += square + fabs(cross);
}

/* mul S + add N and mul^2 SS + 2 mul add S + add^2 N at w->scale; of a term of doubles what has no S or SS. */
static void add_exact(struct sums *w, const struct bl_plan *p, const struct bl_term *t, const struct bl_acc *acc, bl_i128 n)
{
	bool exact = t->s >= 0 && !is_double(p, t);
	unsigned scale = exact ? p->cell[t->s].arg->type.scale : 0;
	struct bl_wide mul = bl_wide_of(exact ? t->mul : 0), add = bl_wide_of(t->add), count = bl_wide_of(n), two = bl_wide_of(2), x, y, z;

	mul = bl_wide_scale(&mul, exact ? w->scale - t->mul_scale - scale : 0);
	add = bl_wide_scale(&add, w->scale - t->add_scale);
	x = bl_wide_of(exact ? part(&w->bad, p, acc, t->s) : 0);
	y = bl_wide_mul(&mul, &x);
	z = bl_wide_mul(&add, &count);
	w->s = bl_wide_add(&w->s, &y);
	w->s = bl_wide_add(&w->s, &z);

	y = bl_wide_mul(&y, &add);
	y = bl_wide_mul(&y, &two);
	z = bl_wide_mul(&z, &add);
	w->ss = bl_wide_add(&w->ss, &y);
	w->ss = bl_wide_add(&w->ss, &z);
	x = bl_wide_of(exact ? part(&w->bad, p, acc, t->ss) : 0);
	x = bl_wide_mul(&x, &mul);
	x = bl_wide_mul(&x, &mul);
	w->ss = bl_wide_add(&w->ss, &x);
}

static struct sums add_up(const struct bl_plan *p, const struct bl_agg *g, const struct bl_acc *acc)
{
	struct sums w = { 0 };

	for (uint32_t i = 0; i < g->nterm; i++)
		if (scale_of(p, &g->term[i]) > w.scale)
			w.scale = scale_of(p, &g->term[i]);
	for (uint32_t i = 0; i < g->nterm; i++) {
		const struct bl_term *t = &g->term[i];
		bl_i128 n = t->n >= 0 ? rows(acc, t->n) : rows(acc, p->cell[t->s].n);
		w.n += n;
		w.entered |= n > 0 || (t->s >= 0 && !acc[t->s].null);
		if (is_double(p, t))
			add_doubles(&w, p, t, acc);
		add_exact(&w, p, t, acc, n);
	}
	return w;
}

/* The exact part, as a double: s / 10^scale. */
static double in_double(const struct bl_wide *s, unsigned scale)
{
	struct bl_wide den = bl_wide_of(1);

	den = bl_wide_scale(&den, scale);
	return bl_wide_ratio(s, &den);
}

static bool sum(const struct sums *w, struct bl_type t, struct bl_value *v)
{
	struct bl_wide s;

	if (t.kind == BL_TYPE_DOUBLE) {
		v->f = w->fs + in_double(&w->s, w->scale);
		return true;
	}
	s = bl_wide_scale(&w->s, t.scale > w->scale ? t.scale - w->scale : 0);
	if (!bl_wide_get(&s, &v->i) || (w->scale > t.scale && !bl_fold_rescale(v->i, w->scale, t.scale, &v->i)))
		return false;
	return v->i < bl_num_pow10_i128(38) && v->i > -bl_num_pow10_i128(38);
}

static bool avg(const struct sums *w, struct bl_value *v)
{
	struct bl_wide den = bl_wide_of(w->n);

	den = bl_wide_scale(&den, w->scale);
	v->f = w->doubles ? (w->fs + in_double(&w->s, w->scale)) / (double)w->n : bl_wide_ratio(&w->s, &den);
	return true;
}

/* n SS - S S of doubles, with the rounding errors of both products; 0 when what is below 0 is no more than the rounding of squares. */
static double spread(double n, double s, double ss, double size)
{
	double x = n * ss, y = s * s, d = (x - y) + (fma(n, ss, -x) - fma(s, s, -y));

	return d < 0 && -d <= n * size * 0x1p-48 ? 0 : d;
}

/*
 * A policy that rounds counts leaves S and SS of other columns as they are, and then cells need not fit together. No values
 * have a variance below zero: it is NULL, rather than a 0 that would say that all are the same.
 */
static bool variance(const struct bl_agg *g, const struct bl_acc *acc, const struct sums *w, struct bl_value *v)
{
	bool sample = g->fn == BL_AGG_VAR_SAMP || g->fn == BL_AGG_STDDEV_SAMP;
	struct bl_wide n = bl_wide_of(w->n), den = bl_wide_of(sample ? w->n - 1 : w->n), x, y;
	double f;

	if (sample && w->n < 2)
		return false;
	if (!w->doubles) {
		x = bl_wide_mul(&n, &w->ss);
		y = bl_wide_mul(&w->s, &w->s);
		x = bl_wide_sub(&x, &y);
		den = bl_wide_mul(&den, &n);
		den = bl_wide_scale(&den, 2 * w->scale);
		f = bl_wide_ratio(&x, &den);
	} else {
		const struct bl_term *t = &g->term[0];
		double count = (double)w->n, mul = bl_num_ratio(t->mul, bl_num_pow10_i128(t->mul_scale));
		if (g->nterm == 1)	/* what is added to every value does not matter */
			f = mul * mul * spread(count, acc[t->s].f, acc[t->ss].f, acc[t->ss].f);
		else
			f = spread(count, w->fs + in_double(&w->s, w->scale), w->fss + in_double(&w->ss, 2 * w->scale),
				   w->size + fabs(in_double(&w->ss, 2 * w->scale)));
		f = f / count / (sample ? count - 1 : count);
	}
	if (f < 0)
		return false;
	v->f = g->fn == BL_AGG_STDDEV_SAMP || g->fn == BL_AGG_STDDEV_POP ? sqrt(f) : f;
	return true;
}

static bool one_cell(const struct bl_agg *g, const struct bl_acc *acc, struct bl_value *v)
{
	const struct bl_acc *c = &acc[g->term[0].s];

	if (c->null && g->fn != BL_AGG_COUNT_DISTINCT)
		return false;
	v->i = c->null ? 0 : c->i;
	v->f = c->f;
	v->s = c->s.p ? c->s : (struct bl_str){ "", 0 };
	return true;
}

static bool squares(enum bl_agg_fn fn)
{
	return fn != BL_AGG_COUNT && fn != BL_AGG_SUM && fn != BL_AGG_AVG;
}

/* The same in 128 bits from end to end, which is what nearly all groups need. False: to be added up at any length instead. */
static bool quick(const struct bl_plan *p, const struct bl_agg *g, const struct bl_acc *acc, struct bl_value *v, bool *good)
{
	bl_i128 n = 0, s = 0, den;
	bool entered = false, bad = false;
	unsigned scale = 0;

	if (squares(g->fn) || (g->fn == BL_AGG_SUM && g->type.kind == BL_TYPE_DOUBLE))
		return false;
	for (uint32_t i = 0; i < g->nterm; i++) {
		if (is_double(p, &g->term[i]))
			return false;
		if (scale_of(p, &g->term[i]) > scale)
			scale = scale_of(p, &g->term[i]);
	}
	for (uint32_t i = 0; i < g->nterm; i++) {
		const struct bl_term *t = &g->term[i];
		unsigned mul_up = scale - t->mul_scale - (t->s >= 0 ? p->cell[t->s].arg->type.scale : 0u), add_up = scale - t->add_scale;
		bl_i128 rows_of = t->n >= 0 ? rows(acc, t->n) : rows(acc, p->cell[t->s].n), x = part(&bad, p, acc, t->s), y = rows_of;

		if (mul_up > 38 || add_up > 38 || __builtin_mul_overflow(x, t->mul, &x) || __builtin_mul_overflow(x, bl_num_pow10_i128(mul_up), &x) ||
		    __builtin_mul_overflow(y, t->add, &y) || __builtin_mul_overflow(y, bl_num_pow10_i128(add_up), &y) ||
		    __builtin_add_overflow(s, x, &s) || __builtin_add_overflow(s, y, &s))
			return false;
		n += rows_of;
		entered |= rows_of > 0 || (t->s >= 0 && !acc[t->s].null);
	}
	*good = g->fn == BL_AGG_COUNT || (entered && !bad && (g->fn == BL_AGG_SUM || n > 0));
	if (g->fn == BL_AGG_COUNT)
		v->i = n;
	if (!*good || g->fn == BL_AGG_COUNT)
		return true;
	if (g->fn == BL_AGG_SUM) {
		*good = bl_fold_rescale(s, scale, g->type.scale, &v->i) && v->i < bl_num_pow10_i128(38) && v->i > -bl_num_pow10_i128(38);
		return true;
	}
	if (scale > 38 || __builtin_mul_overflow(n, bl_num_pow10_i128(scale), &den))
		return false;
	v->f = bl_num_ratio(s, den);
	return true;
}

struct bl_value bl_total(const struct bl_plan *p, const struct bl_agg *g, const struct bl_acc *acc, const bool *withheld)
{
	struct bl_value v = { .type = g->type };
	struct sums w;
	bool good;

	if (bl_total_withheld(g, withheld)) {
		v.null = true;
		return v;
	}
	if (g->fn == BL_AGG_MIN || g->fn == BL_AGG_MAX || g->fn == BL_AGG_MEDIAN || g->fn == BL_AGG_COUNT_DISTINCT) {
		good = one_cell(g, acc, &v);
	} else if (!quick(p, g, acc, &v, &good)) {
		w = add_up(p, g, acc);
		if (!w.entered || w.bad || (g->fn != BL_AGG_SUM && w.n <= 0))
			good = false;
		else
			good = g->fn == BL_AGG_SUM ? sum(&w, g->type, &v) : g->fn == BL_AGG_AVG ? avg(&w, &v) : variance(g, acc, &w, &v);
	}
	v.null = !good || (g->type.kind == BL_TYPE_DOUBLE && !isfinite(v.f));
	return v;
}
