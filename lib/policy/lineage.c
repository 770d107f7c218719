/* SPDX-License-Identifier: Apache-2.0 */
/* lineage: see lineage.h. */
#include "policy/lineage.h"

#include <stdio.h>
#include <string.h>

/* --- what is known --- */

enum kind { UNKNOWN, LEAF, VALUE, TEST, BRANCH };	/* TEST: a comparison or a boolean; BRANCH: CASE */
enum { OPS = BL_OP_ADD_INTERVAL + 1 };
static const uint8_t kinds[OPS] = {
	[BL_OP_LIT] = LEAF, [BL_OP_COL] = LEAF, [BL_OP_KEY] = LEAF, [BL_OP_AGG] = LEAF,
	[BL_OP_NEG] = VALUE, [BL_OP_ADD] = VALUE, [BL_OP_SUB] = VALUE, [BL_OP_MUL] = VALUE, [BL_OP_DIV] = VALUE, [BL_OP_MOD] = VALUE,
	[BL_OP_AND] = TEST, [BL_OP_OR] = TEST, [BL_OP_NOT] = TEST,
	[BL_OP_EQ] = TEST, [BL_OP_NE] = TEST, [BL_OP_LT] = TEST, [BL_OP_LE] = TEST, [BL_OP_GT] = TEST, [BL_OP_GE] = TEST,
	[BL_OP_ISNULL] = TEST, [BL_OP_ISTRUE] = TEST, [BL_OP_ISFALSE] = TEST,
	[BL_OP_IN] = TEST, [BL_OP_LIKE] = TEST, [BL_OP_ILIKE] = TEST, [BL_OP_STARTS_WITH] = TEST,
	[BL_OP_NULLIF] = TEST,		/* CASE WHEN a = b THEN NULL ELSE a END */
	[BL_OP_CASE] = BRANCH,
	[BL_OP_CAST] = VALUE, [BL_OP_COALESCE] = VALUE, [BL_OP_GREATEST] = VALUE, [BL_OP_LEAST] = VALUE, [BL_OP_CONCAT] = VALUE,
	[BL_OP_ABS] = VALUE, [BL_OP_CEIL] = VALUE, [BL_OP_FLOOR] = VALUE, [BL_OP_ROUND] = VALUE, [BL_OP_TRUNC] = VALUE,
	[BL_OP_SIGN] = VALUE, [BL_OP_SQRT] = VALUE, [BL_OP_EXP] = VALUE, [BL_OP_LN] = VALUE, [BL_OP_LOG] = VALUE, [BL_OP_POWER] = VALUE,
	[BL_OP_CLIP] = VALUE, [BL_OP_WIDTH_BUCKET] = VALUE, [BL_OP_BIN] = VALUE,
	[BL_OP_LENGTH] = VALUE, [BL_OP_LOWER] = VALUE, [BL_OP_UPPER] = VALUE, [BL_OP_TRIM] = VALUE, [BL_OP_SUBSTR] = VALUE,
	[BL_OP_LEFT] = VALUE, [BL_OP_RIGHT] = VALUE, [BL_OP_REPLACE] = VALUE, [BL_OP_POSITION] = VALUE,
	[BL_OP_YEAR] = VALUE, [BL_OP_MONTH] = VALUE, [BL_OP_DAY] = VALUE, [BL_OP_DATE_PART] = VALUE, [BL_OP_DATE_TRUNC] = VALUE,
	[BL_OP_ADD_INTERVAL] = VALUE,
};
static const unsigned functions[BL_AGG_COUNT_DISTINCT + 1] = {
	[BL_AGG_COUNT] = BL_FN_COUNT, [BL_AGG_SUM] = BL_FN_SUM, [BL_AGG_AVG] = BL_FN_AVG, [BL_AGG_VAR_SAMP] = BL_FN_VAR,
	[BL_AGG_VAR_POP] = BL_FN_VAR, [BL_AGG_STDDEV_SAMP] = BL_FN_STDDEV, [BL_AGG_STDDEV_POP] = BL_FN_STDDEV, [BL_AGG_MIN] = BL_FN_MIN,
	[BL_AGG_MAX] = BL_FN_MAX, [BL_AGG_MEDIAN] = BL_FN_QUANTILE, [BL_AGG_COUNT_DISTINCT] = BL_FN_COUNT_DISTINCT,
};

static enum kind kind_of(enum bl_op op)
{
	return (unsigned)op < OPS ? (enum kind)kinds[op] : UNKNOWN;
}

bool bl_lineage_condition(enum bl_op op)
{
	return kind_of(op) == TEST;
}

unsigned bl_lineage_function(enum bl_agg_fn fn)
{
	return (unsigned)fn <= BL_AGG_COUNT_DISTINCT ? functions[fn] : 0;
}

/* The first node that is unknown, or stands where it cannot: columns before grouping, keys and aggregates after it. */
static const struct bl_expr *stray(const struct bl_plan *p, const struct bl_expr *e, bool released)
{
	enum kind k = kind_of(e->op);
	const struct bl_expr *bad;

	if (k == UNKNOWN || (k == LEAF) != !e->narg || (k == BRANCH && (e->narg < 3 || e->narg % 2 == 0)))
		return e;
	if ((e->op == BL_OP_COL && (released || e->index >= p->schema->n)) || (e->op == BL_OP_KEY && (!released || e->index >= p->nkey)) ||
	    (e->op == BL_OP_AGG && (!released || e->index >= p->nagg)))
		return e;
	for (uint32_t i = 0; i < e->narg; i++)
		if ((bad = stray(p, e->arg[i], released)))
			return bad;
	return NULL;
}

static bool cells_known(const struct bl_plan *p)
{
	if ((p->nkey || p->kind != BL_PLAN_GROUPS) && (!p->ncell || p->cell[0].kind != BL_CELL_N || p->cell[0].arg || p->cell[0].cond))
		return false;
	for (uint32_t i = 0; i < p->ncell; i++)
		if ((unsigned)p->cell[i].kind > BL_CELL_DISTINCT || p->cell[i].n >= p->ncell || (!p->cell[i].arg && p->cell[i].kind != BL_CELL_N))
			return false;
	for (uint32_t i = 0; i < p->nagg; i++) {
		const struct bl_agg *g = &p->agg[i];
		if (!bl_lineage_function(g->fn))
			return false;
		for (uint32_t k = 0; k < g->nterm; k++)
			if (g->term[k].n >= (int64_t)p->ncell || g->term[k].s >= (int64_t)p->ncell || g->term[k].ss >= (int64_t)p->ncell)
				return false;
		for (uint32_t k = 0; k < g->ncheck; k++)
			if (g->check[k] >= p->ncell)
				return false;
	}
	return true;
}

const char *bl_lineage_unknown(const struct bl_plan *p, const struct bl_expr **at)
{
	*at = NULL;
	if ((unsigned)p->kind > BL_PLAN_GROUPS)
		return "kind of query";
	if (p->kind != BL_PLAN_GROUPS && (p->nagg || p->having))
		return "kind of query";
	if (!cells_known(p))
		return "aggregate";
	if (p->where)
		*at = stray(p, p->where, false);
	for (uint32_t i = 0; i < p->nkey && !*at; i++)
		*at = stray(p, p->key[i], false);
	for (uint32_t i = 0; i < p->ncell && !*at; i++) {
		if (p->cell[i].arg)
			*at = stray(p, p->cell[i].arg, false);
		if (p->cell[i].cond && !*at)
			*at = stray(p, p->cell[i].cond, false);
	}
	for (uint32_t i = 0; i < p->nout && !*at; i++)
		*at = stray(p, p->out[i].expr, true);
	for (uint32_t i = 0; i < p->norder && !*at; i++)
		*at = stray(p, p->order[i].expr, true);
	if (p->having && !*at)
		*at = stray(p, p->having, true);
	return *at ? "operator" : NULL;
}

/* --- what is done with columns --- */

struct walk {
	const struct bl_plan *p;
	bl_lineage_visit *visit;
	void *arg;
	const struct bl_expr *place;	/* report this instead of the column's own place, or NULL */
};

static void tell(const struct walk *w, const struct bl_expr *e, unsigned use, enum bl_lineage_at at)
{
	const struct bl_expr *place = w->place ? w->place : e;
	struct bl_lineage u = { .column = e->index, .use = use, .at = at, .pos = place->pos, .len = place->len };

	w->visit(w->arg, &u);
}

/*
 * Every column in e is put to `use` (0: none beyond tests), since the result tells of it even where it only chose a branch;
 * those that are tested need `filter` as well.
 */
static void rows(const struct walk *w, const struct bl_expr *e, unsigned use, enum bl_lineage_at at, bool tested)
{
	enum kind k = kind_of(e->op);

	if (e->op == BL_OP_COL) {
		if (use)
			tell(w, e, use, at);
		if (tested && use != BL_USE_FILTER)
			tell(w, e, BL_USE_FILTER, BL_AT_COND);
		return;
	}
	for (uint32_t i = 0; i < e->narg; i++)
		rows(w, e->arg[i], use, at, tested || k == TEST || (k == BRANCH && i % 2 == 0 && i + 1 < e->narg));
}

static void condition(const struct walk *w, const struct bl_expr *e)
{
	if (e)
		rows(w, e, BL_USE_FILTER, BL_AT_COND, true);
}

void bl_lineage_where(const struct bl_plan *p, bl_lineage_visit *visit, void *arg)
{
	condition(&(struct walk){ p, visit, arg, NULL }, p->where);
}

void bl_lineage_key(const struct bl_plan *p, uint32_t key, bl_lineage_visit *visit, void *arg)
{
	bool printed = p->kind != BL_PLAN_GROUPS;

	rows(&(struct walk){ p, visit, arg, NULL }, p->key[key], printed ? BL_USE_PROJECT : BL_USE_GROUP, printed ? BL_AT_PRINT : BL_AT_KEY, false);
}

static void cell(const struct walk *w, const struct bl_cell *c)
{
	if (c->arg)
		rows(w, c->arg, BL_USE_AGGREGATE, BL_AT_ARG, false);
	condition(w, c->cond);
}

/* Every column in e is an argument of a function that the aggregate g needs. */
static void function(const struct walk *w, const struct bl_agg *g, const struct bl_expr *e, unsigned fn)
{
	struct bl_lineage u = { .column = e->index, .function = fn, .at = BL_AT_ARG, .pos = g->pos, .len = g->len };

	if (e->op == BL_OP_COL)
		w->visit(w->arg, &u);
	for (uint32_t i = 0; i < e->narg; i++)
		function(w, g, e->arg[i], fn);
}

void bl_lineage_agg(const struct bl_plan *p, uint32_t agg, bl_lineage_visit *visit, void *arg)
{
	const struct bl_agg *g = &p->agg[agg];
	struct walk w = { p, visit, arg, NULL };

	for (uint32_t i = 0; i < g->nterm; i++) {
		int32_t own[] = { g->term[i].n, g->term[i].s, g->term[i].ss };
		for (int k = 0; k < 3; k++) {
			if (own[k] < 0)
				continue;
			cell(&w, &p->cell[own[k]]);
			if (!p->cell[own[k]].arg)
				continue;
			function(&w, g, p->cell[own[k]].arg, bl_lineage_function(g->fn));
			/* sum(x + 1) - sum(x) is count(x). */
			if (g->fn == BL_AGG_SUM && k == 0)
				function(&w, g, p->cell[own[k]].arg, BL_FN_COUNT);
		}
	}
	for (uint32_t i = 0; i < g->ncheck; i++)
		cell(&w, &p->cell[g->check[i]]);
}

static void released(struct walk *w, const struct bl_expr *e, bool tested)
{
	enum kind k = kind_of(e->op);

	if (e->op == BL_OP_KEY && tested) {
		w->place = e;
		rows(w, w->p->key[e->index], BL_USE_FILTER, BL_AT_COND, true);
		w->place = NULL;
	}
	for (uint32_t i = 0; i < e->narg; i++)
		released(w, e->arg[i], tested || k == TEST || (k == BRANCH && i % 2 == 0 && i + 1 < e->narg));
}

void bl_lineage_released(const struct bl_plan *p, const struct bl_expr *e, bool cond, bl_lineage_visit *visit, void *arg)
{
	released(&(struct walk){ p, visit, arg, NULL }, e, cond);
}

void bl_lineage_plan(const struct bl_plan *p, bl_lineage_visit *visit, void *arg)
{
	struct walk w = { p, visit, arg, NULL };

	bl_lineage_where(p, visit, arg);
	for (uint32_t i = 0; i < p->nkey; i++)
		bl_lineage_key(p, i, visit, arg);
	for (uint32_t i = 0; i < p->nagg; i++)
		bl_lineage_agg(p, i, visit, arg);
	for (uint32_t i = 0; i < p->ncell; i++)
		cell(&w, &p->cell[i]);
	if (p->having)
		released(&w, p->having, true);
	for (uint32_t i = 0; i < p->nout; i++)
		released(&w, p->out[i].expr, false);
	for (uint32_t i = 0; i < p->norder; i++)
		released(&w, p->order[i].expr, false);
}

/* --- what is granted --- */

struct bl_grant bl_lineage_grant(const struct bl_policy *p, const char *column)
{
	struct bl_grant g = { .doc = bl_doc_column_of(p, column) };

	if (!g.doc)
		return g;
	g.uses = g.doc->uses;
	g.functions = g.doc->functions;
	switch (g.doc->class) {
	case BL_CLASS_IDENTIFIER:
		g.uses &= BL_USE_JOIN | BL_USE_AGGREGATE;
		g.functions &= BL_FN_COUNT | BL_FN_COUNT_DISTINCT;
		break;
	case BL_CLASS_QUASI:
	case BL_CLASS_SENSITIVE:
		g.uses &= ~(unsigned)BL_USE_PROJECT;
		break;
	case BL_CLASS_DEFAULT:
	case BL_CLASS_PUBLIC:
		break;
	default:
		g.uses = 0;
	}
	if (!(g.uses & BL_USE_AGGREGATE))
		g.functions = 0;
	return g;
}

/* --- in words --- */

static const char *const use_names[] = { "project", "filter", "group", "join", "aggregate", "train", "infer" };
static const char *const function_names[] = { "count", "count_distinct", "sum", "avg", "var", "stddev", "covar", "corr", "regr", "min", "max", "quantile" };
enum { USES = sizeof use_names / sizeof *use_names, FUNCTIONS = sizeof function_names / sizeof *function_names };
_Static_assert(1 << USES == BL_USE_ALL + 1 && 1 << (FUNCTIONS - 1) == BL_FN_QUANTILE, "a name for every bit");

const char *bl_lineage_use_name(unsigned i)
{
	return i < USES ? use_names[i] : NULL;
}

const char *bl_lineage_function_name(unsigned i)
{
	return i < FUNCTIONS ? function_names[i] : NULL;
}

static void print(unsigned bits, const char *const *names, char *out)
{
	size_t n = 0;

	strcpy(out, "nothing");
	for (unsigned i = 0; bits >> i; i++) {
		if (!(bits >> i & 1))
			continue;
		const char *between = !n ? "" : bits >> (i + 1) ? ", " : " and ";
		n += (size_t)snprintf(out + n, BL_LINEAGE_TEXT - n, "%s%s", between, names[i]);
	}
}

void bl_lineage_print_uses(unsigned uses, char out[BL_LINEAGE_TEXT])
{
	print(uses & BL_USE_ALL, use_names, out);
}

void bl_lineage_print_functions(unsigned fns, char out[BL_LINEAGE_TEXT])
{
	print(fns & ((1u << FUNCTIONS) - 1), function_names, out);
}
