/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node: making and comparing typed expressions. They are immutable once made, so a part may stand in several places; the
 * size of each is counted as if written out, and bounded, so that walking one always ends soon.
 */
#include <string.h>

#include "query/ast.h"

struct bl_expr *bl_node_new(struct bl_sql *q, enum bl_op op, struct bl_type type, const struct bl_expr *at, struct bl_expr *const *arg, uint32_t narg)
{
	struct bl_expr *e;
	uint32_t size = 1;

	for (uint32_t i = 0; i < narg; i++) {
		if (!arg[i])
			return NULL;
		size += arg[i]->size;
		if (size > BL_PLAN_NODES)
			break;
	}
	if (size > BL_PLAN_NODES || ++q->nodes > 8 * BL_PLAN_NODES) {
		bl_lex_fail(q, at->pos, at->len, BL_USAGE, "the statement is too large");
		return NULL;
	}
	e = bl_lex_alloc(q, 1, sizeof *e);
	if (!e)
		return NULL;
	*e = (struct bl_expr){ .op = op, .type = type, .pos = at->pos, .len = at->len, .narg = narg, .size = size };
	if (narg) {
		e->arg = bl_lex_alloc(q, narg, sizeof(struct bl_expr *));
		if (!e->arg)
			return NULL;
		memcpy(e->arg, arg, narg * sizeof(struct bl_expr *));
	}
	return e;
}

struct bl_expr *bl_node_lit(struct bl_sql *q, const struct bl_value *v, const struct bl_expr *at)
{
	struct bl_expr *e = bl_node_new(q, BL_OP_LIT, v->type, at, NULL, 0);

	if (e) {
		e->lit = *v;
		if (v->null)	/* one NULL of a type, whatever it came from */
			e->lit = (struct bl_value){ .type = v->type, .null = true };
	}
	return e;
}

struct bl_expr *bl_node_int(struct bl_sql *q, int64_t v, const struct bl_expr *at)
{
	return bl_node_lit(q, &(struct bl_value){ .type = bl_type_of(BL_TYPE_INT), .i = v }, at);
}

struct bl_expr *bl_node_bool(struct bl_sql *q, enum bl_op op, struct bl_expr *a)
{
	return a ? bl_node_new(q, op, bl_type_of(BL_TYPE_BOOL), a, &a, 1) : NULL;
}

struct bl_expr *bl_node_join(struct bl_sql *q, enum bl_op op, struct bl_expr *a, struct bl_expr *b)
{
	struct bl_expr *side[] = { a, b }, **arg;
	uint32_t n = 0;

	if (!a || !b)
		return a ? a : b;
	arg = bl_lex_alloc(q, (a->op == op ? a->narg : 1u) + (b->op == op ? b->narg : 1u), sizeof *arg);
	if (!arg)
		return NULL;
	for (int i = 0; i < 2; i++) {
		if (side[i]->op == op)
			memcpy(arg + n, side[i]->arg, side[i]->narg * sizeof *arg);
		else
			arg[n] = side[i];
		n += side[i]->op == op ? side[i]->narg : 1;
	}
	return bl_node_new(q, op, bl_type_of(BL_TYPE_BOOL), a, arg, n);
}

struct bl_expr *bl_node_cast(struct bl_sql *q, struct bl_expr *e, struct bl_type t)
{
	struct bl_value v;

	if (!e || (e->op != BL_OP_LIT && e->type.kind == t.kind && e->type.scale == t.scale))
		return e;
	if (e->op != BL_OP_LIT)
		return bl_node_new(q, BL_OP_CAST, t, e, &e, 1);
	return bl_fold_cast(q, &e->lit, t, &v) ? NULL : bl_node_lit(q, &v, e);
}

enum bl_op bl_node_mirrored(enum bl_op op)
{
	return op == BL_OP_LT ? BL_OP_GT : op == BL_OP_LE ? BL_OP_GE : op == BL_OP_GT ? BL_OP_LT : op == BL_OP_GE ? BL_OP_LE : op;
}

static bool same_value(const struct bl_value *a, const struct bl_value *b)
{
	if (a->null || b->null)
		return a->null == b->null;
	if (a->type.kind == BL_TYPE_TEXT)
		return bl_lex_equal(a->s, b->s);
	return a->type.kind == BL_TYPE_DOUBLE ? !memcmp(&a->f, &b->f, sizeof a->f) : a->i == b->i;
}

bool bl_node_equal(const struct bl_expr *a, const struct bl_expr *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->op != b->op || a->size != b->size || a->type.kind != b->type.kind || a->type.scale != b->type.scale ||
	    a->narg != b->narg || a->index != b->index)
		return false;
	/* Precision says where a cast gives NULL. */
	if (a->op == BL_OP_CAST && a->type.precision != b->type.precision)
		return false;
	if (a->op == BL_OP_LIT && !same_value(&a->lit, &b->lit))
		return false;
	for (uint32_t i = 0; i < a->narg; i++)
		if (!bl_node_equal(a->arg[i], b->arg[i]))
			return false;
	return true;
}

/* Capacities are powers of two, so that only the count need be kept. */
void *bl_node_push(struct bl_sql *q, void *array_at, uint32_t *n, size_t size)
{
	char *old, *p;

	memcpy(&old, array_at, sizeof old);
	p = old;
	if (!(*n & (*n - 1))) {		/* none, or full */
		p = bl_lex_alloc(q, *n ? 2 * (size_t)*n : 1, size);
		if (!p)
			return NULL;
		if (*n)
			memcpy(p, old, *n * size);
		memcpy(array_at, &p, sizeof p);
	}
	return p + (*n)++ * size;
}
