/* SPDX-License-Identifier: Apache-2.0 */
/* query: a table to plan against, one call that plans, and a check that a plan keeps what plan.h promises. */
#ifndef TESTS_QUERY_H
#define TESTS_QUERY_H

#include <stdlib.h>
#include <string.h>

#include "query/plan.h"

static struct bl_column query_columns[] = {
	{ "id", { BL_TYPE_INT, 0, 0 } },	{ "Pclass", { BL_TYPE_INT, 0, 0 } },	{ "Sex", { BL_TYPE_TEXT, 0, 0 } },
	{ "age", { BL_TYPE_DOUBLE, 0, 0 } },	{ "fare", { BL_TYPE_DECIMAL, 15, 4 } },	{ "price", { BL_TYPE_DECIMAL, 15, 2 } },
	{ "disc", { BL_TYPE_DECIMAL, 15, 2 } },	{ "born", { BL_TYPE_DATE, 0, 0 } },	{ "seen", { BL_TYPE_STAMP, 0, 0 } },
	{ "ok", { BL_TYPE_BOOL, 0, 0 } },	{ "qty", { BL_TYPE_INT, 0, 0 } },	{ "QTY", { BL_TYPE_INT, 0, 0 } },
	{ "odd name", { BL_TYPE_TEXT, 0, 0 } },	{ "secret", { BL_TYPE_INT, 0, 0 } },
};
enum { QUERY_NCOL = sizeof query_columns / sizeof *query_columns, QUERY_SECRET = QUERY_NCOL - 1 };
static const struct bl_schema query_schema = { QUERY_NCOL, query_columns };

struct query {
	struct bl_arena a;
	struct bl_plan p;
	struct bl_err err;
	struct bl_place place;
	int rc;
};

/* The last column is hidden. */
static inline struct query *query_n(struct query *q, const char *sql, size_t n)
{
	bool visible[QUERY_NCOL];

	memset(visible, true, sizeof visible);
	visible[QUERY_SECRET] = false;
	memset(q, 0, sizeof *q);
	bl_arena_init(&q->a, 64 << 20);
	q->rc = bl_plan_make(&q->p, &q->a, sql, n, "t", &query_schema, visible, &q->place, &q->err);
	return q;
}

static inline struct query *query(struct query *q, const char *sql)
{
	return query_n(q, sql, strlen(sql));
}

/* The canonical text, to be freed. */
static inline char *query_text(const struct bl_plan *p)
{
	struct bl_buf b;
	char *s;

	bl_buf_init(&b, 4 << 20);
	bl_plan_print(p, &b);
	bl_buf_put8(&b, 0);
	s = b.failed ? NULL : strdup((char *)b.p);
	bl_buf_fini(&b);
	return s;
}

static inline bool query_same(struct bl_type a, struct bl_type b)
{
	return a.kind == b.kind && a.scale == b.scale;
}

/* The operator of the first node that breaks the contract of plan.h, or -1. released: over keys and aggregates. */
static inline int query_broken(const struct bl_plan *p, const struct bl_expr *e, bool released)
{
	uint32_t size = 1, from = 0, to = e->narg;
	bool good = true;
	int r;

	for (uint32_t i = 0; i < e->narg; i++) {
		size += e->arg[i]->size;
		if ((r = query_broken(p, e->arg[i], released)) >= 0)
			return r;
	}
	switch (e->op) {
	case BL_OP_LIT:
		good = query_same(e->lit.type, e->type) && !e->narg;
		to = 0;
		break;
	case BL_OP_COL:
		good = !released && e->index < QUERY_SECRET && p->used[e->index] && query_same(e->type, query_columns[e->index].type);
		break;
	case BL_OP_KEY:
		good = released && e->index < p->nkey && query_same(e->type, p->key[e->index]->type);
		break;
	case BL_OP_AGG:
		good = released && e->index < p->nagg && query_same(e->type, p->agg[e->index].type);
		break;
	case BL_OP_ADD: case BL_OP_SUB:
		if (e->arg[0]->type.kind == BL_TYPE_DATE) {
			good = e->arg[1]->type.kind == BL_TYPE_INT || (e->op == BL_OP_SUB && e->arg[1]->type.kind == BL_TYPE_DATE);
			to = 0;
		}
		break;
	case BL_OP_MUL:
		good = e->arg[0]->type.kind == e->arg[1]->type.kind && e->type.kind == e->arg[0]->type.kind &&
		       e->type.scale == e->arg[0]->type.scale + e->arg[1]->type.scale;
		to = 0;
		break;
	case BL_OP_DIV:
		good = e->type.kind == BL_TYPE_INT || e->type.kind == BL_TYPE_DOUBLE;
		break;
	case BL_OP_AND: case BL_OP_OR:
		good = e->narg > 1;
		for (uint32_t i = 0; i < e->narg; i++)
			good = good && e->arg[i]->type.kind == BL_TYPE_BOOL;
		break;
	case BL_OP_NOT: case BL_OP_ISTRUE: case BL_OP_ISFALSE:
		good = e->narg == 1 && e->arg[0]->type.kind == BL_TYPE_BOOL;
		break;
	case BL_OP_IN:
		for (uint32_t i = 1; i < e->narg; i++)
			good = good && e->arg[i]->op == BL_OP_LIT && !e->arg[i]->lit.null;
		break;
	case BL_OP_LIKE: case BL_OP_ILIKE:
		good = e->narg == 2 && e->arg[1]->op == BL_OP_LIT && e->arg[1]->type.kind == BL_TYPE_TEXT && !e->arg[1]->lit.null;
		break;
	case BL_OP_CASE:
		good = e->narg % 2 == 1;
		for (uint32_t i = 0; i < e->narg; i++) {
			if (i % 2 == 0 && i + 1 < e->narg)
				good = good && e->arg[i]->type.kind == BL_TYPE_BOOL;
			else
				good = good && query_same(e->arg[i]->type, e->type);
		}
		to = 0;
		break;
	case BL_OP_ROUND: case BL_OP_TRUNC:
		good = e->narg == 2 && e->arg[1]->op == BL_OP_LIT && e->arg[1]->type.kind == BL_TYPE_INT;
		to = 0;
		break;
	case BL_OP_WIDTH_BUCKET:
		good = e->narg == 4 && e->arg[3]->op == BL_OP_LIT;
		to = 3;
		break;
	case BL_OP_DATE_PART: case BL_OP_DATE_TRUNC:
		good = e->arg[0]->op == BL_OP_LIT && e->arg[1]->type.kind == BL_TYPE_STAMP;
		to = 0;
		break;
	case BL_OP_ADD_INTERVAL:
		good = e->arg[0]->type.kind == BL_TYPE_STAMP && e->arg[1]->op == BL_OP_LIT && e->arg[2]->op == BL_OP_LIT;
		to = 0;
		break;
	case BL_OP_SUBSTR: case BL_OP_LEFT: case BL_OP_RIGHT:
		to = 1;
		break;
	default:
		break;
	}
	for (uint32_t i = from + 1; i < to; i++)
		good = good && query_same(e->arg[from]->type, e->arg[i]->type);
	return good && size == e->size && e->type.kind != BL_TYPE_NULL ? -1 : (int)e->op;
}

/* NULL, or what is wrong with the plan. */
static inline const char *query_bad(const struct bl_plan *p)
{
	if (p->where && query_broken(p, p->where, false) >= 0)
		return "where";
	for (uint32_t i = 0; i < p->nkey; i++)
		if (query_broken(p, p->key[i], false) >= 0)
			return "key";
	for (uint32_t i = 0; i < p->ncell; i++) {
		const struct bl_cell *c = &p->cell[i], *n = &p->cell[c->n];
		if ((c->arg && query_broken(p, c->arg, false) >= 0) || (c->cond && query_broken(p, c->cond, false) >= 0))
			return "cell";
		if (c->n >= p->ncell || n->kind != BL_CELL_N || n->n != c->n || (c->kind == BL_CELL_N && c->n != i) || (c->check && c->kind != BL_CELL_N))
			return "cell's n";
	}
	for (uint32_t i = 0; i < p->nagg; i++) {
		const struct bl_agg *g = &p->agg[i];
		for (uint32_t k = 0; k < g->nterm; k++) {
			int32_t cell[] = { g->term[k].n, g->term[k].s, g->term[k].ss };
			for (int j = 0; j < 3; j++)
				if (cell[j] < -1 || cell[j] >= (int32_t)p->ncell || (cell[j] >= 0 && p->cell[cell[j]].check))
					return "term";
			if (cell[0] < 0 && cell[1] < 0)
				return "term without cells";
		}
		for (uint32_t k = 0; k < g->ncheck; k++)
			if (g->check[k] >= p->ncell)
				return "check";
	}
	for (uint32_t i = 0; i < p->nout; i++)
		if (query_broken(p, p->out[i].expr, true) >= 0 || !p->out[i].name)
			return "out";
	for (uint32_t i = 0; i < p->norder; i++)
		if (query_broken(p, p->order[i].expr, true) >= 0)
			return "order";
	if (p->having && query_broken(p, p->having, true) >= 0)
		return "having";
	if (p->kind != BL_PLAN_GROUPS && (p->nagg || p->having))
		return "kind";
	if ((p->nkey || p->kind != BL_PLAN_GROUPS) && (!p->ncell || p->cell[0].kind != BL_CELL_N || p->cell[0].arg || p->cell[0].cond))
		return "cell 0";
	return NULL;
}

#endif
