/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logic: three-valued logic over bitmaps, choices (CASE, COALESCE, NULLIF, GREATEST, LEAST), comparisons. Parts that
 * cannot matter any more are not run: a false AND, a CASE that is decided.
 */
#include <stdlib.h>

#include "query/ast.h"
#include "query/ops.h"

static bool none(const uint64_t *rows)
{
	uint64_t any = 0;

	for (uint32_t w = 0; w < BL_OPS_WORDS; w++)
		any |= rows[w];
	return !any;
}

static uint64_t null_word(const struct bl_ops_vec *v, uint32_t w)
{
	return v->null ? v->null[w] : 0;
}

/* A result that may have NULLs, all of them known. */
static void set_nulls(struct bl_ops_node *n)
{
	n->out.null = none(n->null) ? NULL : n->null;
}

/* AND is decided where one is false, OR where one is true; `is` holds the true rows of an OR, the false ones of an AND. */
static int and_or(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *want)
{
	uint64_t left[BL_OPS_WORDS], decided[BL_OPS_WORDS] = { 0 }, null[BL_OPS_WORDS] = { 0 };
	bool and = n->op == BL_OP_AND;

	memcpy(left, want, sizeof left);
	for (uint32_t k = 0; k < n->narg && !none(left); k++) {
		const struct bl_ops_vec *a = bl_ops_arg(n, k);
		if (bl_eval_node(v, n->arg[k], left))
			return -1;
		for (uint32_t w = 0; w < BL_OPS_WORDS; w++) {
			uint64_t x = null_word(a, w);
			decided[w] |= left[w] & (and ? ~(a->is[w] | x) : a->is[w]);
			null[w] |= x;
			left[w] &= ~decided[w];
		}
	}
	bl_eval_begin(n);
	for (uint32_t w = 0; w < BL_OPS_WORDS; w++) {
		n->null[w] = null[w] & ~decided[w];
		n->is[w] = and ? ~(decided[w] | n->null[w]) : decided[w];
	}
	set_nulls(n);
	return 0;
}

/* NOT, ISNULL, ISTRUE, ISFALSE. */
static int test(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *want)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0);

	if (bl_eval_node(v, n->arg[0], want))
		return -1;
	bl_eval_begin(n);
	n->out.step = a->step;
	for (uint32_t w = 0; w < BL_OPS_WORDS; w++) {
		uint64_t null = null_word(a, w);
		n->is[w] = n->op == BL_OP_ISNULL ? null : n->op == BL_OP_ISTRUE ? a->is[w] : ~(a->is[w] | null);
		n->null[w] = n->op == BL_OP_NOT ? null : 0;
	}
	set_nulls(n);
	return 0;
}

/* --- choices --- */

static void clear(struct bl_ops_node *n)
{
	bl_eval_begin(n);
	memset(n->null, 0, sizeof n->null);
}

/* Values of a where a bit is set in rows. */
static void take(struct bl_ops_node *n, const struct bl_ops_vec *a, const uint64_t *rows)
{
	for (uint32_t w = 0; w < BL_OPS_WORDS; w++) {
		n->null[w] |= rows[w] & null_word(a, w);
		if (n->rep == BL_OPS_BOOL)
			n->is[w] |= rows[w] & a->is[w];
	}
	switch (n->rep) {
	case BL_OPS_BOOL:
		break;
	case BL_OPS_I64:
		if (a->i64) {
			BL_OPS_EACH(i, rows)
				n->i64[i] = a->i64[i * a->step];
		} else {
			BL_OPS_EACH(i, rows)
				n->i64[i] = (int64_t)a->i128[i * a->step];
		}
		break;
	case BL_OPS_I128:
		BL_OPS_EACH(i, rows)
			n->i128[i] = bl_ops_int(a, i);
		break;
	case BL_OPS_F64:
		BL_OPS_EACH(i, rows)
			n->f64[i] = a->f64[i * a->step];
		break;
	case BL_OPS_TEXT:
		BL_OPS_EACH(i, rows)
			n->str[i] = bl_ops_bit(a->null, i) ? (struct bl_str){ "", 0 } : bl_ops_str(a, i);
		break;
	}
}

static int choose(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *want)
{
	uint64_t left[BL_OPS_WORDS], rows[BL_OPS_WORDS];

	clear(n);
	memcpy(left, want, sizeof left);
	for (uint32_t k = 0; k + 1 < n->narg && !none(left); k += 2) {
		if (bl_eval_node(v, n->arg[k], left))
			return -1;
		for (uint32_t w = 0; w < BL_OPS_WORDS; w++) {
			rows[w] = left[w] & bl_ops_arg(n, k)->is[w];
			left[w] &= ~rows[w];
		}
		if (none(rows))
			continue;
		if (bl_eval_node(v, n->arg[k + 1], rows))
			return -1;
		take(n, bl_ops_arg(n, k + 1), rows);
	}
	if (!none(left)) {
		if (bl_eval_node(v, n->arg[n->narg - 1], left))
			return -1;
		take(n, bl_ops_arg(n, n->narg - 1), left);
	}
	set_nulls(n);
	return 0;
}

/* A CASE of literal texts: its dictionary is its branches. */
struct labels { struct bl_str *dict; uint32_t *code; };

static int label(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *want)
{
	struct labels *s = n->state;
	uint64_t left[BL_OPS_WORDS], rows[BL_OPS_WORDS];
	uint32_t k;

	clear(n);
	memcpy(left, want, sizeof left);
	for (k = 0; k < n->narg; k += 2) {
		bool last = k + 1 == n->narg;
		const struct bl_ops_node *value = n->arg[last ? k : k + 1];
		if (none(left))
			break;
		if (!last && bl_eval_node(v, n->arg[k], left))
			return -1;
		for (uint32_t w = 0; w < BL_OPS_WORDS; w++) {
			rows[w] = last ? left[w] : left[w] & bl_ops_arg(n, k)->is[w];
			left[w] &= ~rows[w];
			n->null[w] |= rows[w] & null_word(&value->out, w);
		}
		BL_OPS_EACH(i, rows)
			s->code[i] = k / 2;
	}
	n->out.str = NULL;
	n->out.code = s->code;
	n->out.dict = s->dict;
	n->out.ndict = n->narg / 2 + 1;
	set_nulls(n);
	return 0;
}

static int bind_case(struct bl_eval *v, struct bl_ops_node *n)
{
	struct labels *s;
	bool plain = n->rep == BL_OPS_TEXT;

	n->run = choose;
	for (uint32_t k = 0; k < n->narg && plain; k += 2)
		plain = n->arg[k + 1 < n->narg ? k + 1 : k]->op == BL_OP_LIT;
	if (!plain)
		return 0;
	if (!(s = bl_compile_alloc(v, 1, sizeof *s)) || !(s->dict = bl_compile_alloc(v, n->narg / 2 + 1, sizeof *s->dict)) ||
	    !(s->code = bl_compile_alloc(v, BL_OPS_N, sizeof *s->code)))
		return -1;
	for (uint32_t k = 0; k < n->narg; k += 2)
		s->dict[k / 2] = n->arg[k + 1 < n->narg ? k + 1 : k]->str[0];
	n->state = s;
	n->run = label;
	return 0;
}

static int coalesce(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *want)
{
	uint64_t left[BL_OPS_WORDS], rows[BL_OPS_WORDS];

	clear(n);
	memcpy(left, want, sizeof left);
	for (uint32_t k = 0; k < n->narg && !none(left); k++) {
		if (bl_eval_node(v, n->arg[k], left))
			return -1;
		for (uint32_t w = 0; w < BL_OPS_WORDS; w++) {
			rows[w] = left[w] & ~null_word(bl_ops_arg(n, k), w);
			left[w] &= ~rows[w];
		}
		take(n, bl_ops_arg(n, k), rows);
	}
	memcpy(n->null, left, sizeof left);
	set_nulls(n);
	return 0;
}

/* Value i of a against value i of b, neither NULL: below, equal, above. */
static int against(const struct bl_ops_vec *a, const struct bl_ops_vec *b, enum bl_ops_rep rep, uint32_t i)
{
	if (rep == BL_OPS_TEXT)
		return bl_type_order(bl_ops_str(a, i), bl_ops_str(b, i));
	if (rep == BL_OPS_F64) {
		double x = a->f64[i * a->step], y = b->f64[i * b->step];
		return (x > y) - (x < y);
	}
	if (rep == BL_OPS_BOOL)
		return bl_ops_bit(a->is, i) - bl_ops_bit(b->is, i);
	bl_i128 x = bl_ops_int(a, i), y = bl_ops_int(b, i);
	return (x > y) - (x < y);
}

static int nullif(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *want)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0), *b = bl_ops_arg(n, 1);

	if (bl_eval_node(v, n->arg[0], want) || bl_eval_node(v, n->arg[1], want))
		return -1;
	clear(n);
	take(n, a, want);
	BL_OPS_EACH(i, want)
		if (!bl_ops_bit(a->null, i) && !bl_ops_bit(b->null, i) && !against(a, b, n->rep, i)) {
			n->null[i / 64] |= (uint64_t)1 << i % 64;
			n->is[i / 64] &= ~((uint64_t)1 << i % 64);
		}
	set_nulls(n);
	return 0;
}

/* GREATEST, LEAST: NULLs do not count. */
static int extreme(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *want)
{
	uint64_t has[BL_OPS_WORDS] = { 0 }, rows[BL_OPS_WORDS];
	int sign = n->op == BL_OP_GREATEST ? 1 : -1;

	for (uint32_t k = 0; k < n->narg; k++)
		if (bl_eval_node(v, n->arg[k], want))
			return -1;
	clear(n);
	for (uint32_t k = 0; k < n->narg; k++) {
		const struct bl_ops_vec *a = bl_ops_arg(n, k);
		for (uint32_t w = 0; w < BL_OPS_WORDS; w++)
			rows[w] = want[w] & ~null_word(a, w);
		BL_OPS_EACH(i, rows)
			if (bl_ops_bit(has, i) && sign * against(a, &n->out, n->rep, i) <= 0)
				rows[w_] &= ~((uint64_t)1 << i % 64);
		for (uint32_t w = 0; w < BL_OPS_WORDS; w++) {
			has[w] |= rows[w];
			if (n->rep == BL_OPS_BOOL)
				n->is[w] &= ~rows[w];
		}
		take(n, a, rows);
	}
	for (uint32_t w = 0; w < BL_OPS_WORDS; w++)
		n->null[w] = want[w] & ~has[w];
	set_nulls(n);
	return 0;
}

/* A choice among values: its range is that of all of them. */
static void range_of(struct bl_ops_node *n, uint32_t from, uint32_t by)
{
	bl_i128 min = 0, max = 0;
	bool any = false;

	if (!bl_ops_integer(n->type))
		return;
	for (uint32_t k = from; k < n->narg; k += k + 1 == n->narg - 1 ? 1 : by) {
		const struct bl_ops_node *a = n->arg[k];
		if (a->op == BL_OP_LIT && a->out.null)
			continue;
		min = !any || a->min < min ? a->min : min;
		max = !any || a->max > max ? a->max : max;
		any = true;
	}
	bl_compile_range(n, min, max);
}

/* --- comparisons --- */

static bool holds(enum bl_op op, int c)
{
	switch (op) {
	case BL_OP_EQ: return c == 0;
	case BL_OP_NE: return c != 0;
	case BL_OP_LT: return c < 0;
	case BL_OP_LE: return c <= 0;
	case BL_OP_GT: return c > 0;
	default: return c >= 0;
	}
}

/* Numbers that both stand in arrays of one kind, by the tight loops: =, <, > and what is left of them. */
static int compare_fast(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0), *b = bl_ops_arg(n, 1), *t;
	enum bl_op op = n->op;
	bool inverse;

	(void)active;
	if (!a->step) {
		t = a;
		a = b;
		b = t;
		op = bl_node_mirrored(op);
	}
	inverse = op == BL_OP_NE || op == BL_OP_LE || op == BL_OP_GE;
	op = op == BL_OP_NE ? BL_OP_EQ : op == BL_OP_LE ? BL_OP_GT : op == BL_OP_GE ? BL_OP_LT : op;
	if (a->i64)
		(op == BL_OP_EQ ? v->loop->eq_i64 : op == BL_OP_LT ? v->loop->lt_i64 : v->loop->gt_i64)(a->i64, b->i64, b->step, m, n->is);
	else
		(op == BL_OP_EQ ? v->loop->eq_f64 : op == BL_OP_LT ? v->loop->lt_f64 : v->loop->gt_f64)(a->f64, b->f64, b->step, m, n->is);
	for (uint32_t w = 0; inverse && w < BL_OPS_WORDS; w++)
		n->is[w] = ~n->is[w];
	return 0;
}

static int compare_any(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0), *b = bl_ops_arg(n, 1);
	enum bl_ops_rep rep = n->arg[0]->rep == BL_OPS_I64 ? BL_OPS_I128 : n->arg[0]->rep;

	(void)v;
	(void)m;
	BL_OPS_EACH(i, active)
		n->is[w_] |= (uint64_t)holds(n->op, against(a, b, rep, i)) << i % 64;
	return 0;
}

/* --- IN --- */

struct list {
	uint32_t n;
	int64_t *i64;			/* sorted */
	bl_i128 *i128;
	double *f64;
	struct bl_str *str;
	uint64_t *map;			/* small ranges: bit x - i64[0] */
};
enum { MAP = 1 << 16 };

static int by_i128(const void *a, const void *b)
{
	bl_i128 x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return (x > y) - (x < y);
}

static int by_f64(const void *a, const void *b)
{
	double x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return (x > y) - (x < y);
}

static int by_str(const void *a, const void *b)
{
	return bl_type_order(*(const struct bl_str *)a, *(const struct bl_str *)b);
}

static bool listed(const struct list *s, const struct bl_ops_vec *a, enum bl_ops_rep rep, uint32_t i)
{
	if (rep == BL_OPS_TEXT) {
		struct bl_str x = bl_ops_str(a, i);
		return bsearch(&x, s->str, s->n, sizeof x, by_str);
	}
	if (rep == BL_OPS_F64)
		return bsearch(&a->f64[i * a->step], s->f64, s->n, sizeof(double), by_f64);
	bl_i128 x = rep == BL_OPS_BOOL ? bl_ops_bit(a->is, i) : bl_ops_int(a, i);
	if (s->map) {
		bl_u128 at = (bl_u128)x - (bl_u128)s->i128[0];
		return at < MAP && bl_ops_bit(s->map, (uint32_t)at);
	}
	return bsearch(&x, s->i128, s->n, sizeof x, by_i128);
}

static int in(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0);
	const struct list *s = n->state;
	enum bl_ops_rep rep = n->arg[0]->rep;

	if (rep == BL_OPS_I64 && a->i64 && s->i64 && s->n <= 4) {
		uint64_t one[BL_OPS_WORDS] = { 0 };
		for (uint32_t k = 0; k < s->n; k++) {
			v->loop->eq_i64(a->i64, &s->i64[k], 0, m, one);
			for (uint32_t w = 0; w < BL_OPS_WORDS; w++)
				n->is[w] |= one[w];
		}
		return 0;
	}
	BL_OPS_EACH(i, active)
		n->is[w_] |= (uint64_t)listed(s, a, rep, i) << i % 64;
	return 0;
}

static int bind_in(struct bl_eval *v, struct bl_ops_node *n)
{
	struct list *s = bl_compile_alloc(v, 1, sizeof *s);
	uint32_t count = n->e->narg - 1;
	bool fit = true;

	n->strict = in;
	n->state = s;
	if (!s || !(s->i128 = bl_compile_alloc(v, count, sizeof *s->i128)) || !(s->i64 = bl_compile_alloc(v, count, sizeof *s->i64)) ||
	    !(s->f64 = bl_compile_alloc(v, count, sizeof *s->f64)) || !(s->str = bl_compile_alloc(v, count, sizeof *s->str)))
		return -1;
	s->n = count;
	for (uint32_t k = 0; k < count; k++) {
		const struct bl_value *lit = &n->e->arg[k + 1]->lit;
		s->i128[k] = lit->i;
		s->i64[k] = (int64_t)lit->i;
		fit = fit && s->i64[k] == lit->i;
		s->f64[k] = lit->f;
		s->str[k] = lit->s.p ? lit->s : (struct bl_str){ "", 0 };
	}
	s->i64 = fit ? s->i64 : NULL;
	qsort(s->i128, count, sizeof *s->i128, by_i128);
	qsort(s->f64, count, sizeof *s->f64, by_f64);
	qsort(s->str, count, sizeof *s->str, by_str);
	bl_u128 span = (bl_u128)s->i128[count - 1] - (bl_u128)s->i128[0];
	if (span >= MAP || n->arg[0]->rep == BL_OPS_TEXT || n->arg[0]->rep == BL_OPS_F64)
		return 0;
	if (!(s->map = bl_compile_alloc(v, MAP / 64, sizeof *s->map)))
		return -1;
	for (uint32_t k = 0; k < count; k++) {
		uint32_t at = (uint32_t)(s->i128[k] - s->i128[0]);
		s->map[at / 64] |= (uint64_t)1 << at % 64;
	}
	return 0;
}

int bl_logic_bind(struct bl_eval *v, struct bl_ops_node *n)
{
	n->rep = n->type.kind == BL_TYPE_BOOL ? BL_OPS_BOOL : n->rep;
	if (n->rep == BL_OPS_BOOL)
		bl_compile_range(n, 0, 1);
	switch (n->op) {
	case BL_OP_AND:
	case BL_OP_OR:
		n->run = and_or;
		return 0;
	case BL_OP_NOT: case BL_OP_ISNULL: case BL_OP_ISTRUE: case BL_OP_ISFALSE:
		n->run = test;
		return 0;
	case BL_OP_CASE:
		range_of(n, 1, 2);
		return bind_case(v, n);
	case BL_OP_COALESCE:
		range_of(n, 0, 1);
		n->run = coalesce;
		return 0;
	case BL_OP_NULLIF:
		if (bl_ops_integer(n->type))
			bl_compile_range(n, n->arg[0]->min, n->arg[0]->max);
		n->run = nullif;
		return 0;
	case BL_OP_GREATEST:
	case BL_OP_LEAST:
		range_of(n, 0, 1);
		n->run = extreme;
		return 0;
	case BL_OP_IN:
		return bind_in(v, n);
	default:
		n->strict = compare_any;
		if ((n->arg[0]->rep == BL_OPS_I64 && n->arg[1]->rep == BL_OPS_I64) || n->arg[0]->rep == BL_OPS_F64)
			n->strict = compare_fast;
		return 0;
	}
}
