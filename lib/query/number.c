/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number: arithmetic and functions of numbers. Integers and decimals are exact: in 64 bits where the ranges prove it, else
 * in 128 with every step checked; past bigint, 38 digits or the calendar they are NULL. A double that is not finite is NULL.
 * Decimals round half away from zero; a double rounds as PostgreSQL's does, half to even, when it is to a whole number, and
 * as its shortest decimal text would when it is to digits.
 */
#include <math.h>

#include "query/ops.h"

/* --- ranges: what passes 38 digits is past every type --- */

struct range { bl_i128 min, max; };

static bl_i128 most(void)
{
	return bl_num_pow10_i128(38);
}

static bl_i128 saturate(bool overflow, bl_i128 r, bool negative)
{
	if (overflow || r > most() || r < -most())
		return (overflow ? negative : r < 0) ? -most() : most();
	return r;
}

static bl_i128 sat_add(bl_i128 a, bl_i128 b)
{
	bl_i128 r = 0;
	bool over = __builtin_add_overflow(a, b, &r);

	return saturate(over, r, a < 0);
}

static bl_i128 sat_mul(bl_i128 a, bl_i128 b)
{
	bl_i128 r = 0;
	bool over = __builtin_mul_overflow(a, b, &r);

	return saturate(over, r, (a < 0) != (b < 0));
}

static bl_i128 low(bl_i128 a, bl_i128 b) { return a < b ? a : b; }
static bl_i128 high(bl_i128 a, bl_i128 b) { return a > b ? a : b; }
static bl_i128 magnitude(bl_i128 a) { return a < 0 ? -a : a; }

static struct range product(struct range a, struct range b)
{
	bl_i128 w = sat_mul(a.min, b.min), x = sat_mul(a.min, b.max), y = sat_mul(a.max, b.min), z = sat_mul(a.max, b.max);

	return (struct range){ low(low(w, x), low(y, z)), high(high(w, x), high(y, z)) };
}

static struct range range_of(const struct bl_ops_node *n)
{
	const struct bl_ops_node *x = n->arg[0], *y = n->narg > 1 ? n->arg[1] : x;
	struct range a = { x->min, x->max }, b = { y->min, y->max };
	bl_i128 m = high(magnitude(a.min), magnitude(a.max));

	switch (n->op) {
	case BL_OP_NEG:
		return (struct range){ -a.max, -a.min };
	case BL_OP_ADD:
		return (struct range){ sat_add(a.min, b.min), sat_add(a.max, b.max) };
	case BL_OP_SUB:
		return (struct range){ sat_add(a.min, -b.max), sat_add(a.max, -b.min) };
	case BL_OP_MUL:
		return product(a, b);
	case BL_OP_MOD:
		m = low(m, high(high(magnitude(b.min), magnitude(b.max)) - 1, 0));
		return (struct range){ a.min < 0 ? -m : 0, a.max > 0 ? m : 0 };
	case BL_OP_ABS:
		return (struct range){ 0, m };
	case BL_OP_SIGN:
		return (struct range){ -1, 1 };
	case BL_OP_CLIP:
		return (struct range){ low(low(a.min, b.min), n->arg[2]->min), high(high(a.max, b.max), n->arg[2]->max) };
	case BL_OP_BIN:
		return (struct range){ sat_add(a.min, -b.max), a.max };
	case BL_OP_WIDTH_BUCKET:
		return (struct range){ 0, n->e->arg[3]->lit.i + 1 };
	default:			/* DIV, CEIL, FLOOR, TRUNC, ROUND: no further from zero than the argument, or by one unit */
		return (struct range){ low(a.min, -m), high(a.max, m) };
	}
}

/* --- exact --- */

static bl_i128 floor_div(bl_i128 a, bl_i128 b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

bl_i128 bl_number_round(bl_i128 a, bl_i128 unit)
{
	bl_i128 rest = a % unit;

	return a / unit + (rest >= unit - rest) - (-rest >= unit + rest);
}

/* The unit of a ROUND or TRUNC of decimals: 10^drop is what one unit of the result is in the argument, times `back` in itself. */
struct unit { bl_i128 drop, back; bool none; };

static bool combine(const struct bl_ops_node *n, bl_i128 a, bl_i128 b, bl_i128 *r)
{
	const struct unit *u = n->state;

	switch (n->op) {
	case BL_OP_NEG: return !__builtin_sub_overflow((bl_i128)0, a, r);
	case BL_OP_ADD: return !__builtin_add_overflow(a, b, r);
	case BL_OP_SUB: return !__builtin_sub_overflow(a, b, r);
	case BL_OP_MUL: return !__builtin_mul_overflow(a, b, r);
	case BL_OP_DIV: return b && (*r = a / b, true);
	case BL_OP_MOD: return b && (*r = a % b, true);
	case BL_OP_ABS: return *r = a < 0 ? -a : a, true;
	case BL_OP_SIGN: return *r = (a > 0) - (a < 0), true;
	case BL_OP_BIN: return b > 0 && !__builtin_mul_overflow(floor_div(a, b), b, r);
	case BL_OP_FLOOR: return *r = floor_div(a, u->drop), true;
	case BL_OP_CEIL: return *r = -floor_div(-a, u->drop), true;
	case BL_OP_ROUND: return u->none ? (*r = 0, true) : !__builtin_mul_overflow(bl_number_round(a, u->drop), u->back, r);
	case BL_OP_TRUNC: return u->none ? (*r = 0, true) : !__builtin_mul_overflow(a / u->drop, u->back, r);
	default: return false;
	}
}

/* Any operator of one or two integers, checked. */
static int exact(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0), *b = bl_ops_arg(n, n->narg > 1);

	(void)v;
	(void)m;
	BL_OPS_EACH(i, active) {
		bl_i128 r = 0;
		if (combine(n, bl_ops_int(a, i), bl_ops_int(b, i), &r))
			bl_eval_put(n, i, r);
		else
			bl_ops_null(n, i);
	}
	return 0;
}

/* Proven to fit: ADD, SUB, MUL, NEG without a check. */
static int proven(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	static const int64_t zero = 0;
	const struct bl_ops_vec *a = bl_ops_arg(n, 0), *b = bl_ops_arg(n, n->narg > 1);

	(void)active;
	switch (n->op) {
	case BL_OP_NEG:
		v->loop->sub_i64(&zero, 0, a->i64, a->step, m, n->i64);
		return 0;
	case BL_OP_ADD:
		v->loop->add_i64(a->i64, a->step, b->i64, b->step, m, n->i64);
		return 0;
	case BL_OP_SUB:
		v->loop->sub_i64(a->i64, a->step, b->i64, b->step, m, n->i64);
		return 0;
	default:
		v->loop->mul_i64(a->i64, a->step, b->i64, b->step, m, n->i64);
		return 0;
	}
}

/* bin(x, w), x / w and x % w of bigints by one literal other than 0 and -1, in 64 bits. */
static int by_literal(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0);
	const int64_t d = bl_ops_arg(n, 1)->i64[0];

	(void)v;
	(void)active;
	for (uint32_t i = 0; i < m; i++) {
		int64_t x = a->i64[i * a->step], r = x % d;
		if (n->op == BL_OP_MOD)
			n->i64[i] = r;
		else if (n->op == BL_OP_DIV)
			n->i64[i] = x / d;
		else
			n->i64[i] = (int64_t)((uint64_t)x - (uint64_t)r - (uint64_t)(r < 0 ? d : 0));
	}
	return 0;
}

static int clip(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0), *lo = bl_ops_arg(n, 1), *hi = bl_ops_arg(n, 2);

	(void)v;
	(void)m;
	if (n->rep == BL_OPS_F64) {
		BL_OPS_EACH(i, active) {
			double x = a->f64[i * a->step], l = lo->f64[i * lo->step], h = hi->f64[i * hi->step];
			x = x < l ? l : x;
			bl_eval_put_f64(n, i, x > h ? h : x);
		}
		return 0;
	}
	BL_OPS_EACH(i, active)
		bl_eval_put(n, i, low(high(bl_ops_int(a, i), bl_ops_int(lo, i)), bl_ops_int(hi, i)));
	return 0;
}

/* Bucket of x in [lo, hi) cut into count, 0 below, count + 1 from hi on; a range upside down counts from above. */
static bool bucket(bl_i128 x, bl_i128 lo, bl_i128 hi, int64_t count, bl_i128 *r)
{
	bl_i128 d, width, p;

	if (lo == hi)
		return false;
	if (lo > hi) {
		/* 38 digits can be negated */
		x = -x;
		lo = -lo;
		hi = -hi;
	}
	if (x < lo || x >= hi) {
		*r = x < lo ? 0 : count + 1;
		return true;
	}
	if (__builtin_sub_overflow(x, lo, &d) || __builtin_sub_overflow(hi, lo, &width) || __builtin_mul_overflow(d, count, &p))
		return false;
	*r = p / width + 1;
	return true;
}

static bool bucket_f64(double x, double lo, double hi, int64_t count, bl_i128 *r)
{
	double q, width = hi - lo;

	if (lo == hi || !isfinite(x) || !isfinite(lo) || !isfinite(hi))
		return false;
	if (lo < hi ? x < lo : x > lo)
		*r = 0;
	else if (lo < hi ? x >= hi : x <= hi)
		*r = count + 1;
	else {
		q = isfinite(width) ? (x - lo) / width : (x / 2 - lo / 2) / (hi / 2 - lo / 2);
		q = floor(q * (double)count);
		*r = q >= (double)count ? count : (int64_t)q + 1;	/* the quotient may have rounded to 1 */
	}
	return true;
}

static int width_bucket(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0), *lo = bl_ops_arg(n, 1), *hi = bl_ops_arg(n, 2);
	int64_t count = (int64_t)n->e->arg[3]->lit.i;

	(void)v;
	(void)m;
	BL_OPS_EACH(i, active) {
		bl_i128 r;
		bool good = n->arg[0]->rep == BL_OPS_F64 ?
				bucket_f64(a->f64[i * a->step], lo->f64[i * lo->step], hi->f64[i * hi->step], count, &r) :
				bucket(bl_ops_int(a, i), bl_ops_int(lo, i), bl_ops_int(hi, i), count, &r);
		if (good)
			bl_eval_put(n, i, r);
		else
			bl_ops_null(n, i);
	}
	return 0;
}

/* --- doubles --- */

static int arith_f64(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0), *b = bl_ops_arg(n, n->narg > 1);

	(n->op == BL_OP_ADD ? v->loop->add_f64 : n->op == BL_OP_SUB ? v->loop->sub_f64 : n->op == BL_OP_MUL ? v->loop->mul_f64 : v->loop->div_f64)
		(a->f64, a->step, b->f64, b->step, m, n->f64);
	bl_eval_finite(n, active, m, v->loop);
	return 0;
}

/* To `digits` after the point, by the shortest decimal text of x; what has no digit that far behind stays. */
static double by_text(double x, int digits, bool round)
{
	bl_i128 r, back;

	if (!bl_cast_decimal(x, digits, round, &r))
		return x;
	if (digits >= 0)
		return bl_num_ratio(r, bl_num_pow10_i128((unsigned)digits));
	return __builtin_mul_overflow(r, bl_num_pow10_i128((unsigned)-digits), &back) ? x : bl_num_ratio(back, 1);
}

static double to_digits(double x, int digits, bool round)
{
	double scale, y, r;

	if (!isfinite(x))
		return x;
	if (!digits)
		return round ? rint(x) : trunc(x);
	if (digits > 0 && digits <= 15) {
		scale = (double)bl_num_pow10((unsigned)digits);
		y = x * scale;
		r = round ? floor(fabs(y)) + 0.5 : rint(fabs(y));
		/* Far from where the text would decide, the product does: it is off by less than an ulp. */
		if (fabs(y) < 1e15 && fabs(fabs(y) - r) > 1e-3 + fabs(y) * 1e-15) {
			y = round ? floor(fabs(y) + 0.5) : floor(fabs(y));
			return (x < 0 ? -y : y) / scale + 0.0;		/* no negative zero */
		}
	}
	return by_text(x, digits, round);
}

static double function_f64(const struct bl_ops_node *n, double x, double y)
{
	switch (n->op) {
	case BL_OP_NEG: return -x;
	case BL_OP_ABS: return fabs(x);
	case BL_OP_SIGN: return (x > 0) - (x < 0);
	case BL_OP_CEIL: return ceil(x);
	case BL_OP_FLOOR: return floor(x);
	case BL_OP_ROUND: return to_digits(x, (int)n->e->arg[1]->lit.i, true);
	case BL_OP_TRUNC: return to_digits(x, (int)n->e->arg[1]->lit.i, false);
	case BL_OP_SQRT: return sqrt(x);
	case BL_OP_EXP: return exp(x);
	case BL_OP_LN: return log(x);
	case BL_OP_LOG: return log10(x);
	case BL_OP_POWER: return pow(x, y);
	case BL_OP_BIN: return floor(x / y) * y;
	default: return NAN;
	}
}

static int any_f64(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0), *b = bl_ops_arg(n, n->op == BL_OP_POWER || n->op == BL_OP_BIN);

	(void)v;
	(void)m;
	BL_OPS_EACH(i, active)
		bl_eval_put_f64(n, i, function_f64(n, a->f64[i * a->step], b->f64[i * b->step]));
	return 0;
}

/* --- binding --- */

static int bind_f64(struct bl_ops_node *n)
{
	switch (n->op) {
	case BL_OP_ADD: case BL_OP_SUB: case BL_OP_MUL: case BL_OP_DIV:
		n->strict = arith_f64;
		return 0;
	case BL_OP_CLIP:
		n->strict = clip;
		return 0;
	case BL_OP_ROUND: case BL_OP_TRUNC:
		n->narg = 1;
		n->strict = any_f64;
		return 0;
	default:
		n->strict = any_f64;
		return 0;
	}
}

/* CEIL, FLOOR, ROUND, TRUNC of integers and decimals. */
static int bind_unit(struct bl_eval *v, struct bl_ops_node *n)
{
	struct unit *u = bl_compile_alloc(v, 1, sizeof *u);
	int digits = n->op == BL_OP_ROUND || n->op == BL_OP_TRUNC ? (int)n->e->arg[1]->lit.i : 0, scale = n->arg[0]->type.scale;
	struct range a = { n->arg[0]->min, n->arg[0]->max };

	if (!u)
		return -1;
	n->narg = 1;
	n->state = u;
	n->strict = exact;
	u->none = scale - digits > 38;
	u->drop = bl_num_pow10_i128((unsigned)(u->none ? 38 : scale > digits ? scale - digits : 0));
	u->back = bl_num_pow10_i128((unsigned)(digits < 0 ? -digits : 0));
	bl_compile_range(n, sat_mul(floor_div(a.min, u->drop), u->back), sat_mul(floor_div(a.max, u->drop) + 1, u->back));
	return 0;
}

static bool small_divisor(const struct bl_ops_node *n)
{
	const struct bl_ops_node *d = n->arg[1];

	return n->arg[0]->rep == BL_OPS_I64 && d->op == BL_OP_LIT && !d->out.null && d->rep == BL_OPS_I64 && d->min != 0 && d->min != -1;
}

int bl_number_bind(struct bl_eval *v, struct bl_ops_node *n)
{
	struct range r;
	bool narrow;

	if (n->op == BL_OP_WIDTH_BUCKET) {
		n->narg = 3;
		n->strict = width_bucket;
		bl_compile_range(n, 0, n->e->arg[3]->lit.i + 1);
		return 0;
	}
	if (n->rep == BL_OPS_F64)
		return bind_f64(n);
	if (n->op == BL_OP_CEIL || n->op == BL_OP_FLOOR || n->op == BL_OP_ROUND || n->op == BL_OP_TRUNC)
		return bind_unit(v, n);
	r = range_of(n);
	if (n->type.kind == BL_TYPE_DATE)
		r = (struct range){ high(r.min, n->least), low(r.max, n->most) };
	bl_compile_range(n, r.min, r.max);
	n->strict = n->op == BL_OP_CLIP ? clip : exact;
	narrow = n->rep == BL_OPS_I64 && r.min == n->min && r.max == n->max && n->type.kind != BL_TYPE_DATE && n->arg[0]->rep == BL_OPS_I64 &&
		 n->arg[n->narg > 1]->rep == BL_OPS_I64;
	if (narrow && (n->op == BL_OP_NEG || n->op == BL_OP_ADD || n->op == BL_OP_SUB || n->op == BL_OP_MUL))
		n->strict = proven;
	else if (narrow && (n->op == BL_OP_DIV || n->op == BL_OP_MOD || n->op == BL_OP_BIN) && small_divisor(n))
		n->strict = by_literal;
	return 0;
}
