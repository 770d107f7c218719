/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold: numbers out of text, casts and arithmetic on literals, by the rules that hold for columns: exact, and NULL instead
 * of an error. Decimals drop zeros at their end, so that 1.50 and 1.5 are the same literal.
 */
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "query/ast.h"
#include "query/ops.h"

static const int64_t DAY_US = BL_TIME_DAY_US;

static unsigned digits(bl_i128 v)
{
	unsigned n = 1;

	v = v < 0 ? -v : v;
	while (n < 38 && v >= bl_num_pow10_i128(n))
		n++;
	return n;
}

static bool fits(bl_i128 v, unsigned precision)
{
	bl_i128 max = bl_num_pow10_i128(precision > 38 ? 38 : precision);

	return v < max && v > -max;
}

bool bl_fold_rescale(bl_i128 v, unsigned from, unsigned to, bl_i128 *r)
{
	if (to >= from) {
		if (__builtin_mul_overflow(v, bl_num_pow10_i128(to - from), &v) || !fits(v, 38))
			return false;
		*r = v;
		return true;
	}
	bl_i128 d = bl_num_pow10_i128(from - to), rest = v % d;
	v /= d;
	if (rest >= d - rest)
		v++;
	else if (-rest >= d + rest)
		v--;
	*r = v;
	return true;
}

bool bl_fold_number(const char *s, size_t n, struct bl_value *v)
{
	bl_i128 m = 0;
	int zeros = 0, frac = 0, exp = 0;
	bool point = false, big = false, neg, plain = true;
	size_t i = 0;

	neg = n && s[0] == '-';
	if (n && (s[0] == '-' || s[0] == '+'))
		i++;
	if (i == n || (s[i] == '.' && i + 1 == n))
		return false;
	for (; i < n && s[i] != 'e' && s[i] != 'E'; i++) {
		if (s[i] == '.' && !point) {
			point = true;
			plain = false;
		} else if (s[i] < '0' || s[i] > '9') {
			return false;
		} else if (s[i] == '0') {
			zeros++;	/* counted only when a digit follows */
			frac += point;
		} else {
			frac += point;
			for (zeros++; zeros > 0 && !big; zeros--)
				big = __builtin_mul_overflow(m, 10, &m) || !fits(m, 38);
			zeros = 0;
			m += big ? 0 : s[i] - '0';
		}
	}
	if (i < n) {
		int sign = 1;
		plain = false;
		if (++i < n && (s[i] == '-' || s[i] == '+'))
			sign = s[i++] == '-' ? -1 : 1;
		if (i == n)
			return false;
		for (; i < n; i++) {
			if (s[i] < '0' || s[i] > '9')
				return false;
			if (exp < 10000)
				exp = 10 * exp + (s[i] - '0');
		}
		exp *= sign;
	}
	exp += zeros - frac;	/* the value is m * 10^exp */
	if (!m)
		exp = 0;
	while (exp > 0 && !big) {
		big = __builtin_mul_overflow(m, 10, &m) || !fits(m, 38);
		exp--;
	}
	if (big || !fits(m, 38) || exp < -38) {
		char text[512];
		double f;
		/* PostgreSQL writes "5." and ".5", the strict parser does not. */
		if (n >= sizeof text || s[0] == '.' || s[0] == '+' || (point && memchr(s, '.', n) == s + n - 1))
			return false;
		memcpy(text, s, n);
		if (!bl_num_parse_f64(text, n, &f))
			return false;
		*v = (struct bl_value){ .type = bl_type_of(BL_TYPE_DOUBLE), .f = f };
		return true;
	}
	m = neg ? -m : m;
	*v = (struct bl_value){ .type = bl_type_of(BL_TYPE_INT), .i = m };
	if (!plain || m > INT64_MAX || m < INT64_MIN) {
		v->type = bl_type_of(BL_TYPE_DECIMAL);
		v->type.scale = (uint8_t)-exp;
		v->type.precision = (uint8_t)(digits(m) > (unsigned)-exp ? digits(m) : (unsigned)-exp);
	}
	return true;
}

static struct bl_str trimmed(struct bl_str s)
{
	while (s.n && (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r')))
		s.p++, s.n--;
	while (s.n && (s.p[s.n - 1] == ' ' || (s.p[s.n - 1] >= '\t' && s.p[s.n - 1] <= '\r')))
		s.n--;
	return s;
}

static bool text_to_bool(struct bl_str s, bl_i128 *r)
{
	static const char *const yes[] = { "true", "t", "yes", "y", "on", "1" }, *const no[] = { "false", "f", "no", "n", "off", "0" };

	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		*r = bl_lex_same(s, (struct bl_str){ yes[i], (uint32_t)strlen(yes[i]) });
		if (*r || bl_lex_same(s, (struct bl_str){ no[i], (uint32_t)strlen(no[i]) }))
			return true;
	}
	return false;
}

static bool text_to(struct bl_str s, struct bl_type t, struct bl_value *r)
{
	struct bl_value v;
	int64_t i = 0;

	s = trimmed(s);
	switch ((enum bl_type_kind)t.kind) {
	case BL_TYPE_BOOL:
		return text_to_bool(s, &r->i);
	case BL_TYPE_DATE:
		if (!bl_time_parse_date(s.p, s.n, &i))
			return false;
		break;
	case BL_TYPE_STAMP:
		if (bl_time_parse_date(s.p, s.n, &i))
			i *= DAY_US;
		else if (!bl_time_parse_stamp(s.p, s.n, &i))
			return false;
		break;
	case BL_TYPE_INT:
		if (s.n && s.p[0] == '+')
			s.p++, s.n--;
		if (!bl_num_parse_i64(s.p, s.n, &i))
			return false;
		break;
	case BL_TYPE_DECIMAL:
		return bl_fold_number(s.p, s.n, &v) && v.type.kind != BL_TYPE_DOUBLE && bl_fold_rescale(v.i, v.type.scale, t.scale, &r->i);
	case BL_TYPE_DOUBLE:
		return bl_num_parse_f64(s.p, s.n, &r->f);
	default:
		return false;
	}
	r->i = i;
	return true;
}

static bool number_to(const struct bl_value *v, struct bl_type t, struct bl_value *r)
{
	if (v->type.kind == BL_TYPE_DOUBLE) {
		r->f = v->f;
		r->i = t.kind == BL_TYPE_BOOL ? v->f != 0 : 0;
		if (t.kind == BL_TYPE_INT) {
			if (!(rint(v->f) >= -0x1p63 && rint(v->f) < 0x1p63))
				return false;
			r->i = (int64_t)rint(v->f);
		}
		return t.kind != BL_TYPE_DECIMAL || bl_cast_decimal(v->f, t.scale, true, &r->i);
	}
	if (t.kind == BL_TYPE_DOUBLE) {
		r->f = bl_num_ratio(v->i, bl_num_pow10_i128(v->type.scale));
		return true;
	}
	if (t.kind == BL_TYPE_BOOL) {
		r->i = v->i != 0;
		return true;
	}
	return bl_fold_rescale(v->i, v->type.scale, t.scale, &r->i);
}

static int to_text(struct bl_sql *q, const struct bl_value *v, struct bl_value *r)
{
	char out[BL_NUM_TEXT] = "";

	switch ((enum bl_type_kind)v->type.kind) {
	case BL_TYPE_BOOL:
		strcpy(out, v->i ? "true" : "false");
		break;
	case BL_TYPE_INT:
	case BL_TYPE_DECIMAL:
		bl_num_print_dec(v->i, v->type.scale, out);
		break;
	case BL_TYPE_DOUBLE:
		bl_num_print_f64(v->f, out);
		break;
	case BL_TYPE_DATE:
		bl_time_print_date((int64_t)v->i, out);
		break;
	case BL_TYPE_STAMP:
		bl_time_print_stamp((int64_t)v->i, out);
		break;
	default:
		break;
	}
	r->s = (struct bl_str){ bl_arena_strndup(q->a, out, strlen(out)), (uint32_t)strlen(out) };
	return r->s.p ? 0 : bl_err_set(q->err, BL_OSERR, "out of memory");
}

int bl_fold_cast(struct bl_sql *q, const struct bl_value *v, struct bl_type t, struct bl_value *r)
{
	bool good = true;

	*r = *v;
	r->type = t;
	if (v->null)
		return 0;
	if (v->type.kind == BL_TYPE_TEXT)
		good = t.kind == BL_TYPE_TEXT || text_to(v->s, t, r);
	else if (t.kind == BL_TYPE_TEXT)
		return to_text(q, v, r);
	else if (v->type.kind == BL_TYPE_DATE && t.kind == BL_TYPE_STAMP)
		r->i = v->i * DAY_US;
	else if (v->type.kind == BL_TYPE_STAMP && t.kind == BL_TYPE_DATE)
		r->i = (v->i - ((v->i % DAY_US) + DAY_US) % DAY_US) / DAY_US;
	else if (bl_type_number(v->type))
		good = number_to(v, t, r);
	if (t.kind == BL_TYPE_INT)
		good = good && r->i >= INT64_MIN && r->i <= INT64_MAX;
	if (t.kind == BL_TYPE_DECIMAL)
		good = good && fits(r->i, t.precision);
	if (t.kind == BL_TYPE_DOUBLE)
		r->i = 0;
	else
		r->f = 0;
	if (!good)
		r->null = true;
	return 0;
}

/* Years 0001 to 9999, as everywhere. */
static bool in_calendar(bl_i128 us)
{
	return us >= BL_TIME_FIRST_DAY * DAY_US && us < BL_TIME_END_DAY * DAY_US;
}

static bool int_arith(enum bl_op op, bl_i128 a, bl_i128 b, bl_i128 *r)
{
	switch (op) {
	case BL_OP_ADD: return !__builtin_add_overflow(a, b, r);
	case BL_OP_SUB: return !__builtin_sub_overflow(a, b, r);
	case BL_OP_MUL: return !__builtin_mul_overflow(a, b, r);
	case BL_OP_DIV: return b && (*r = a / b, true);
	case BL_OP_MOD: return b && (*r = a % b, true);
	default: return false;
	}
}

static double f_arith(enum bl_op op, double a, double b)
{
	switch (op) {
	case BL_OP_ADD: return a + b;
	case BL_OP_SUB: return a - b;
	case BL_OP_MUL: return a * b;
	case BL_OP_DIV: return b != 0 ? a / b : NAN;
	default: return NAN;
	}
}

struct bl_expr *bl_fold_arith(struct bl_sql *q, struct bl_expr *e)
{
	struct bl_value v;
	const struct bl_value *a, *b;
	bool good = true;

	if (!e)
		return NULL;
	for (uint32_t i = 0; i < e->narg; i++)
		if (e->arg[i]->op != BL_OP_LIT)
			return e;
	v = (struct bl_value){ .type = e->type };
	a = &e->arg[0]->lit;
	b = e->narg > 1 ? &e->arg[1]->lit : a;
	if (a->null || b->null) {
		good = false;
	} else if (e->op == BL_OP_NEG) {
		v.i = -a->i;
		v.f = -a->f;
	} else if (e->op == BL_OP_ADD_INTERVAL) {
		good = bl_dateop_add((int64_t)a->i, (int64_t)b->i, (int64_t)e->arg[2]->lit.i, &v.i) && in_calendar(v.i);
	} else if (e->type.kind == BL_TYPE_DOUBLE) {
		v.f = f_arith(e->op, a->f, b->f);
		good = isfinite(v.f);
	} else {
		good = int_arith(e->op, a->i, b->i, &v.i);
	}
	if (good && (e->type.kind == BL_TYPE_INT || e->type.kind == BL_TYPE_DATE))
		good = v.i >= INT64_MIN && v.i <= INT64_MAX;
	if (good && e->type.kind == BL_TYPE_DATE)
		good = in_calendar(v.i * DAY_US);
	if (good && e->type.kind == BL_TYPE_DECIMAL) {
		good = fits(v.i, 38);
		while (good && v.type.scale && v.i % 10 == 0) {
			v.i /= 10;
			v.type.scale--;
		}
		v.type.precision = (uint8_t)(digits(v.i) > v.type.scale ? digits(v.i) : v.type.scale);
	}
	v.null = !good;
	return bl_node_lit(q, &v, e);
}
