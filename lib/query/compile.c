/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile: an expression to the nodes that run it. A part that stands in several places by the same pointer is one node.
 * Ranges go from the columns up: an operator whose result provably fits int64 runs there without a check.
 */
#include "base/time.h"
#include "query/ast.h"
#include "query/ops.h"

void *bl_compile_alloc(struct bl_eval *v, size_t n, size_t size)
{
	void *p = bl_arena_array(v->a, n, size);

	if (!p)
		bl_eval_memory(v->err);
	return p;
}

static void limits(struct bl_ops_node *n)
{
	n->least = INT64_MIN;
	n->most = INT64_MAX;
	if (n->type.kind == BL_TYPE_DECIMAL) {
		n->most = bl_num_pow10_i128(38) - 1;
		n->least = -n->most;
	} else if (n->type.kind == BL_TYPE_BOOL) {
		n->least = 0;
		n->most = 1;
	} else if (n->type.kind == BL_TYPE_DATE || n->type.kind == BL_TYPE_STAMP) {
		bl_i128 unit = n->type.kind == BL_TYPE_STAMP ? BL_TIME_DAY_US : 1;
		n->least = BL_TIME_FIRST_DAY * unit;
		n->most = BL_TIME_END_DAY * unit - 1;
	}
}

static bl_i128 clamp(bl_i128 x, bl_i128 least, bl_i128 most)
{
	return x < least ? least : x > most ? most : x;
}

void bl_compile_range(struct bl_ops_node *n, bl_i128 min, bl_i128 max)
{
	/* A day or time that comes from a column as it is may be of any year. */
	bool any = n->type.kind == BL_TYPE_DATE || n->type.kind == BL_TYPE_STAMP;

	n->min = clamp(min, any ? INT64_MIN : n->least, any ? INT64_MAX : n->most);
	n->max = clamp(max, any ? INT64_MIN : n->least, any ? INT64_MAX : n->most);
	n->rep = n->type.kind == BL_TYPE_BOOL ? BL_OPS_BOOL : n->min >= INT64_MIN && n->max <= INT64_MAX ? BL_OPS_I64 : BL_OPS_I128;
}

static int literal(struct bl_eval *v, struct bl_ops_node *n)
{
	const struct bl_value *lit = &n->e->lit;
	static const uint64_t all[BL_OPS_WORDS] = { [0 ... BL_OPS_WORDS - 1] = ~UINT64_C(0) };

	if (bl_ops_integer(n->type))
		bl_compile_range(n, lit->null ? 0 : lit->i, lit->null ? 0 : lit->i);
	if (!(n->i128 = bl_compile_alloc(v, 1, sizeof *n->i128)) || !(n->i64 = bl_compile_alloc(v, 1, sizeof *n->i64)) ||
	    !(n->f64 = bl_compile_alloc(v, 1, sizeof *n->f64)) || !(n->str = bl_compile_alloc(v, 1, sizeof *n->str)))
		return -1;
	*n->i128 = n->min;
	*n->i64 = n->rep == BL_OPS_I64 ? (int64_t)n->min : 0;
	*n->f64 = lit->f;
	*n->str = lit->s.p ? lit->s : (struct bl_str){ "", 0 };
	n->out = (struct bl_ops_vec){ .null = lit->null ? all : NULL };
	if (n->rep == BL_OPS_BOOL) {
		if (lit->i && !lit->null)
			memset(n->is, 0xff, sizeof n->is);
		n->out.is = n->is;
	} else if (n->rep == BL_OPS_I64) {
		n->out.i64 = n->i64;
	} else if (n->rep == BL_OPS_I128) {
		n->out.i128 = n->i128;
	} else if (n->rep == BL_OPS_F64) {
		n->out.f64 = n->f64;
	} else {
		n->out.str = n->str;
	}
	return 0;
}

static void column(struct bl_eval *v, struct bl_ops_node *n)
{
	const struct bl_eval_range *r = n->op == BL_OP_COL && v->range ? &v->range[n->e->index] : NULL;

	n->run = bl_eval_col;
	if (!bl_ops_integer(n->type))
		return;
	/* What comes after grouping may be a sum; a column is stored in 64 bits. */
	if (n->type.kind == BL_TYPE_BOOL || n->op != BL_OP_COL)
		bl_compile_range(n, n->least, n->most);
	else if (r && r->known && r->min <= r->max)
		bl_compile_range(n, r->min, r->max);
	else
		bl_compile_range(n, INT64_MIN, INT64_MAX);
}

static int operator(struct bl_eval *v, struct bl_ops_node *n)
{
	switch (n->op) {
	case BL_OP_LIT:
		return literal(v, n);
	case BL_OP_COL:
	case BL_OP_KEY:
	case BL_OP_AGG:
		column(v, n);
		return 0;
	case BL_OP_ADD:
	case BL_OP_SUB:
	case BL_OP_NEG: case BL_OP_MUL: case BL_OP_DIV: case BL_OP_MOD:
	case BL_OP_ABS: case BL_OP_CEIL: case BL_OP_FLOOR: case BL_OP_ROUND: case BL_OP_TRUNC: case BL_OP_SIGN: case BL_OP_SQRT:
	case BL_OP_EXP: case BL_OP_LN: case BL_OP_LOG: case BL_OP_POWER: case BL_OP_CLIP: case BL_OP_WIDTH_BUCKET: case BL_OP_BIN:
		return bl_number_bind(v, n);
	case BL_OP_LIKE: case BL_OP_ILIKE:
		return bl_like_bind(v, n);
	case BL_OP_CAST:
		return bl_cast_bind(v, n);
	case BL_OP_CONCAT: case BL_OP_LENGTH: case BL_OP_LOWER: case BL_OP_UPPER: case BL_OP_TRIM: case BL_OP_SUBSTR: case BL_OP_LEFT:
	case BL_OP_RIGHT: case BL_OP_REPLACE: case BL_OP_POSITION: case BL_OP_STARTS_WITH:
		return bl_textop_bind(v, n);
	case BL_OP_YEAR: case BL_OP_MONTH: case BL_OP_DAY: case BL_OP_DATE_PART: case BL_OP_DATE_TRUNC: case BL_OP_ADD_INTERVAL:
		return bl_dateop_bind(v, n);
	default:
		return bl_logic_bind(v, n);
	}
}

/* The arrays of a result; columns are only looked at, and a boolean's words are in the node. */
static int arrays(struct bl_eval *v, struct bl_ops_node *n)
{
	void *p = n;

	if (n->op == BL_OP_LIT)
		return 0;
	if (n->rep == BL_OPS_I64)
		p = n->i64 = bl_compile_alloc(v, BL_OPS_N, sizeof *n->i64);
	else if (n->rep == BL_OPS_I128)
		p = n->i128 = bl_compile_alloc(v, BL_OPS_N, sizeof *n->i128);
	else if (n->rep == BL_OPS_F64)
		p = n->f64 = bl_compile_alloc(v, BL_OPS_N, sizeof *n->f64);
	else if (n->rep == BL_OPS_TEXT)
		p = n->str = bl_compile_alloc(v, BL_OPS_N, sizeof *n->str);
	return p ? 0 : -1;
}

/* The one text column that e depends on: its index; -1: on nothing; -2: on something else, or more. */
static int64_t only_text(const struct bl_expr *e)
{
	int64_t all = e->op == BL_OP_COL && e->type.kind == BL_TYPE_TEXT ? (int64_t)e->index : -1, one;

	if (e->op == BL_OP_KEY || e->op == BL_OP_AGG || (e->op == BL_OP_COL && all < 0))
		return -2;
	for (uint32_t i = 0; i < e->narg; i++) {
		one = only_text(e->arg[i]);
		if (one == -2 || (one >= 0 && all >= 0 && one != all))
			return -2;
		all = one >= 0 ? one : all;
	}
	return all;
}

static bool by_dictionary(const struct bl_eval *v, const struct bl_expr *e)
{
	if (v->inner || e->op == BL_OP_COL || e->op == BL_OP_LIT || (e->op == BL_OP_ISNULL && e->arg[0]->op == BL_OP_COL))
		return false;
	return only_text(e) >= 0;
}

static struct bl_ops_slot *slot_of(struct bl_eval *v, const struct bl_expr *e)
{
	uint32_t i = (uint32_t)((uintptr_t)e / 16 * UINT64_C(0x9e3779b97f4a7c15) >> 32) & v->mask;

	while (v->slot[i].e && v->slot[i].e != e)
		i = (i + 1) & v->mask;
	return &v->slot[i];
}

static enum bl_ops_rep rep_of(struct bl_type t)
{
	return t.kind == BL_TYPE_DOUBLE ? BL_OPS_F64 : t.kind == BL_TYPE_TEXT ? BL_OPS_TEXT : t.kind == BL_TYPE_BOOL ? BL_OPS_BOOL : BL_OPS_I64;
}

static struct bl_ops_node *node(struct bl_eval *v, const struct bl_expr *e)
{
	struct bl_ops_slot *slot = slot_of(v, e);
	struct bl_ops_node *n;

	if (slot->e)
		return slot->n;
	if (!(n = bl_compile_alloc(v, 1, sizeof *n)))
		return NULL;
	n->e = e;
	n->op = e->op;
	n->type = e->type;
	n->rep = rep_of(e->type);
	limits(n);
	if (by_dictionary(v, e)) {
		if (bl_bydict_bind(v, n) || arrays(v, n))
			return NULL;
	} else {
		n->narg = e->op == BL_OP_IN ? 1 : e->narg;	/* a list of literals is not nodes */
		if (n->narg && !(n->arg = bl_compile_alloc(v, n->narg, sizeof(struct bl_ops_node *))))
			return NULL;
		for (uint32_t i = 0; i < n->narg; i++)
			if (!(n->arg[i] = node(v, e->arg[i])))
				return NULL;
		if (operator(v, n) || arrays(v, n))
			return NULL;
	}
	slot = slot_of(v, e);
	*slot = (struct bl_ops_slot){ e, n };
	return n;
}

int bl_compile(struct bl_eval *v, const struct bl_expr *e)
{
	/* Fewer expressions than e's size, which counts shared parts as often as they stand there: at most half full. */
	for (v->mask = 3; v->mask + 1 < 2 * e->size; v->mask = 2 * v->mask + 1)
		;
	v->slot = bl_compile_alloc(v, v->mask + 1, sizeof *v->slot);
	v->loop = bl_loop_best();
	v->flat = bl_compile_alloc(v, BL_OPS_N, sizeof *v->flat);
	return v->slot && v->flat && (v->root = node(v, e)) ? 0 : -1;
}
