/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cast: conversions. What cannot be converted is NULL: text that is not wholly a value of the type, a number past it.
 * The rules are those of fold.c for literals, which does what is rare here; numbers and texts of numbers have loops.
 */
#include <math.h>
#include <stdlib.h>

#include "base/time.h"
#include "query/ast.h"
#include "query/ops.h"

static const int64_t DAY_US = BL_TIME_DAY_US;

struct scale { bl_i128 by, limit; double den; bool up; };	/* times or divided by 10^n; |result| < limit */

static bool over(bl_i128 x, bl_i128 limit)
{
	return x >= limit || x <= -limit;
}

static int rescale(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0);
	const struct scale *s = n->state;

	(void)v;
	(void)m;
	BL_OPS_EACH(i, active) {
		bl_i128 x = bl_ops_int(a, i);
		bool good = true;
		if (s->up) {
			good = !__builtin_mul_overflow(x, s->by, &x);
		} else {
			x = bl_number_round(x, s->by);
		}
		if (good && !over(x, s->limit))
			bl_eval_put(n, i, x);
		else
			bl_ops_null(n, i);
	}
	return 0;
}

static int rescale_proven(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0);
	const struct scale *s = n->state;
	const int64_t by = (int64_t)s->by;

	(void)active;
	v->loop->mul_i64(a->i64, a->step, &by, 0, m, n->i64);
	return 0;
}

/* An integer below 2^53 and a power of ten up to 10^22 are exact doubles, so that one division rounds once. */
static int to_double(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0);
	const struct scale *s = n->state;
	const bl_i128 exact = (bl_i128)1 << 53;

	(void)v;
	if (n->arg[0]->rep == BL_OPS_I64 && n->arg[0]->min >= -exact && n->arg[0]->max <= exact && s->den > 0) {
		for (uint32_t i = 0; i < m; i++)
			n->f64[i] = (double)a->i64[i * a->step] / s->den;
		return 0;
	}
	BL_OPS_EACH(i, active) {
		bl_i128 x = bl_ops_int(a, i);
		n->f64[i] = s->den > 0 && x >= -exact && x <= exact ? (double)(int64_t)x / s->den : bl_num_ratio(x, s->by);
	}
	return 0;
}

/* m * 10^exp of the shortest text of x; at most 17 digits. */
static void shortest(double x, bl_i128 *m, int *exp)
{
	char text[BL_NUM_TEXT];
	size_t n = bl_num_print_f64(x, text), i;
	bool point = false;

	*m = 0;
	*exp = 0;
	for (i = x < 0 || text[0] == '-'; i < n && text[i] != 'e'; i++) {
		if (text[i] == '.') {
			point = true;
			continue;
		}
		*m = 10 * *m + (text[i] - '0');
		*exp -= point;
	}
	if (i < n)
		*exp += (int)strtol(text + i + 1, NULL, 10);
	*m = x < 0 ? -*m : *m;
}

bool bl_cast_decimal(double x, int scale, bool round, bl_i128 *r)
{
	bl_i128 m, unit;
	int exp, drop;

	shortest(x, &m, &exp);
	drop = -exp - scale;
	if (drop <= 0)
		return (!m || -drop <= 38) && !__builtin_mul_overflow(m, bl_num_pow10_i128((unsigned)(m ? -drop : 0)), r);
	*r = 0;
	if (drop > 38)
		return true;
	unit = bl_num_pow10_i128((unsigned)drop);
	*r = round ? bl_number_round(m, unit) : m / unit;
	return true;
}

/* To a decimal by the shortest text of x, unless the product is far from where that could matter. */
static bool double_to_dec(double x, struct bl_type t, const struct scale *s, bl_i128 *r)
{
	double y = x * s->den, near = floor(fabs(y)) + 0.5;

	if (s->den > 0 && fabs(y) < 1e15 && fabs(fabs(y) - near) > 1e-3 + fabs(y) * 1e-15) {
		*r = (int64_t)floor(fabs(y) + 0.5);
		*r = y < 0 ? -*r : *r;
		return !over(*r, s->limit);
	}
	return isfinite(x) && bl_cast_decimal(x, t.scale, true, r) && !over(*r, s->limit);
}

static int from_double(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0);

	(void)v;
	(void)m;
	BL_OPS_EACH(i, active) {
		double x = a->f64[i * a->step], whole = rint(x);
		bl_i128 r;
		if (n->type.kind == BL_TYPE_BOOL)
			n->is[w_] |= (uint64_t)(x != 0) << i % 64;
		else if (n->type.kind == BL_TYPE_INT && whole >= -0x1p63 && whole < 0x1p63)
			n->i64[i] = (int64_t)whole;
		else if (n->type.kind == BL_TYPE_DECIMAL && double_to_dec(x, n->type, n->state, &r))
			bl_eval_put(n, i, r);
		else
			bl_ops_null(n, i);
	}
	return 0;
}

static int to_bool(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	(void)v;
	(void)m;
	BL_OPS_EACH(i, active)
		n->is[w_] |= (uint64_t)(bl_ops_int(bl_ops_arg(n, 0), i) != 0) << i % 64;
	return 0;
}

static int from_bool(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0);
	bl_i128 one = bl_num_pow10_i128(n->type.scale);

	(void)v;
	(void)m;
	BL_OPS_EACH(i, active) {
		if (n->rep == BL_OPS_F64)
			n->f64[i] = bl_ops_bit(a->is, i);
		else if (n->type.kind == BL_TYPE_DECIMAL && n->type.precision == n->type.scale && bl_ops_bit(a->is, i))
			bl_ops_null(n, i);
		else
			bl_eval_put(n, i, bl_ops_bit(a->is, i) ? one : 0);
	}
	return 0;
}

static int dates(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0);

	(void)v;
	(void)m;
	BL_OPS_EACH(i, active) {
		int64_t x = a->i64[i * a->step];
		bl_eval_put(n, i, n->type.kind == BL_TYPE_STAMP ? (bl_i128)x * DAY_US : x / DAY_US - (x % DAY_US < 0));
	}
	return 0;
}

static int from_text(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	struct bl_sql q = { .a = v->a, .err = v->err };

	(void)m;
	BL_OPS_EACH(i, active) {
		struct bl_value from = { .type = bl_type_of(BL_TYPE_TEXT), .s = bl_ops_str(bl_ops_arg(n, 0), i) }, to;
		if (bl_fold_cast(&q, &from, n->type, &to))
			return -1;
		if (to.null)
			bl_ops_null(n, i);
		else if (n->rep == BL_OPS_BOOL)
			n->is[w_] |= (uint64_t)(to.i != 0) << i % 64;
		else if (n->rep == BL_OPS_F64)
			bl_eval_put_f64(n, i, to.f);
		else
			bl_eval_put(n, i, to.i);
	}
	return 0;
}

/* The canonical text of value i; false when it has none. */
static bool print(const struct bl_ops_node *arg, uint32_t i, char out[BL_NUM_TEXT], size_t *len)
{
	const struct bl_ops_vec *a = &arg->out;
	bl_i128 x = arg->rep == BL_OPS_I64 || arg->rep == BL_OPS_I128 ? bl_ops_int(a, i) : 0;
	double f = arg->rep == BL_OPS_F64 ? a->f64[i * a->step] : 0;

	switch ((enum bl_type_kind)arg->type.kind) {
	case BL_TYPE_BOOL:
		*len = bl_ops_bit(a->is, i) ? 4 : 5;
		memcpy(out, *len == 4 ? "true" : "false", *len);
		return true;
	case BL_TYPE_DOUBLE:
		*len = isfinite(f) ? bl_num_print_f64(f, out) : 0;
		return *len > 0;
	case BL_TYPE_DATE:
		if (!bl_time_is_date((int64_t)x))
			return false;
		*len = bl_time_print_date((int64_t)x, out);
		return true;
	case BL_TYPE_STAMP:
		if (!bl_time_is_stamp((int64_t)x))
			return false;
		*len = bl_time_print_stamp((int64_t)x, out);
		return true;
	default:
		*len = bl_num_print_dec(x, arg->type.scale, out);
		return true;
	}
}

static int to_text(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	(void)m;
	BL_OPS_EACH(i, active) {
		char out[BL_NUM_TEXT], *p;
		size_t len;
		if (!print(n->arg[0], i, out, &len)) {
			bl_ops_null(n, i);
			continue;
		}
		if (!(p = bl_eval_text(v, len)))
			return -1;
		memcpy(p, out, len);
		n->str[i] = (struct bl_str){ p, (uint32_t)len };
	}
	return 0;
}

static int bind_scale(struct bl_eval *v, struct bl_ops_node *n)
{
	struct bl_type from = n->arg[0]->type, to = n->type;
	struct scale *s = bl_compile_alloc(v, 1, sizeof *s);
	bl_i128 min = n->arg[0]->min, max = n->arg[0]->max, x = 0, y = 0;
	bool fit;

	if (!s)
		return -1;
	n->state = s;
	s->limit = to.kind == BL_TYPE_DECIMAL ? bl_num_pow10_i128(to.precision) : bl_num_pow10_i128(38);
	if (n->rep == BL_OPS_F64 || from.kind == BL_TYPE_DOUBLE) {
		unsigned scale = n->rep == BL_OPS_F64 ? from.scale : to.scale;
		s->by = bl_num_pow10_i128(scale);
		s->den = scale <= 22 ? (double)s->by : 0;
		n->strict = n->rep == BL_OPS_F64 ? to_double : from_double;
		if (n->rep != BL_OPS_F64)
			bl_compile_range(n, to.kind == BL_TYPE_INT ? INT64_MIN : 1 - s->limit, to.kind == BL_TYPE_INT ? INT64_MAX : s->limit - 1);
		return 0;
	}
	s->up = to.scale >= from.scale;
	s->by = bl_num_pow10_i128(s->up ? to.scale - from.scale : from.scale - to.scale);
	n->strict = rescale;
	if (!s->up) {
		bl_compile_range(n, min / s->by - 1, max / s->by + 1);
		return 0;
	}
	fit = !__builtin_mul_overflow(min, s->by, &x) && !__builtin_mul_overflow(max, s->by, &y) && !over(x, s->limit) && !over(y, s->limit);
	if (fit)
		bl_compile_range(n, x, y);
	else
		bl_compile_range(n, 1 - s->limit, s->limit - 1);
	if (fit && n->rep == BL_OPS_I64 && n->arg[0]->rep == BL_OPS_I64 && n->min == x && n->max == y && s->by <= INT64_MAX)
		n->strict = rescale_proven;
	return 0;
}

int bl_cast_bind(struct bl_eval *v, struct bl_ops_node *n)
{
	enum bl_type_kind from = n->arg[0]->type.kind, to = n->type.kind;

	if (bl_ops_integer(n->type)) {
		bl_i128 limit = bl_num_pow10_i128(to == BL_TYPE_DECIMAL ? n->type.precision : 38);
		bl_compile_range(n, 1 - limit, limit - 1);
	}
	if (to == BL_TYPE_TEXT) {
		n->strict = to_text;
	} else if (from == BL_TYPE_TEXT) {
		n->strict = from_text;
	} else if (from == BL_TYPE_BOOL) {
		bl_compile_range(n, 0, bl_num_pow10_i128(n->type.scale));
		n->rep = to == BL_TYPE_DOUBLE ? BL_OPS_F64 : n->rep;
		n->strict = from_bool;
	} else if (from == BL_TYPE_DATE || from == BL_TYPE_STAMP) {
		n->strict = dates;
	} else if (to == BL_TYPE_BOOL && from != BL_TYPE_DOUBLE) {
		n->strict = to_bool;
	} else if (to == BL_TYPE_BOOL) {
		n->strict = from_double;
	} else {
		return bind_scale(v, n);
	}
	return 0;
}
