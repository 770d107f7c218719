/* SPDX-License-Identifier: Apache-2.0 */
/* grid: see grid.h. */
#include "policy/grid.h"

#include <stdio.h>
#include <string.h>

struct walk {
	const struct bl_plan *p;
	const struct bl_grant *grant;
	bl_grid_visit *visit;
	void *arg;
};

static const char off_grid[] = "the literal is not a multiple of it";
static const char not_itself[] = "the column is compared inside an expression; it must stand as itself beside a literal";

static void fault(const struct walk *w, const char *rule, uint32_t column, const struct bl_expr *at, const char *what)
{
	struct bl_grid_fault f = { rule, column, at->pos, at->len, what };

	w->visit(w->arg, &f);
}

static const struct bl_dec *grid_of(const struct walk *w, int column)
{
	const struct bl_doc_column *c = column < 0 ? NULL : w->grant[column].doc;

	return c && c->grid.set ? &c->grid : NULL;
}

static const struct bl_dec *bin_of(const struct walk *w, int column)
{
	const struct bl_doc_column *c = column < 0 ? NULL : w->grant[column].doc;

	return c && c->bin.set ? &c->bin : NULL;
}

/* --- numbers --- */

/* The literal as an integer at `scale` digits after the point, where it is one. */
static bool at_scale(const struct bl_value *v, unsigned scale, bl_i128 *r)
{
	char text[400];
	double back;
	int64_t i;
	int n;

	if (v->type.kind == BL_TYPE_DOUBLE) {
		n = snprintf(text, sizeof text, "%.*f", (int)scale, v->f);
		if (n < 0 || (size_t)n >= sizeof text || !bl_num_parse_f64(text, (size_t)n, &back) || back != v->f ||
		    !bl_num_parse_dec(text, (size_t)n, scale, &i))
			return false;
		*r = i;
		return true;
	}
	if (v->type.kind != BL_TYPE_INT && v->type.kind != BL_TYPE_DECIMAL)
		return false;
	if (v->type.scale > scale) {
		bl_i128 d = bl_num_pow10_i128(v->type.scale - scale);
		*r = v->i / d;
		return v->i % d == 0;
	}
	return !__builtin_mul_overflow(v->i, bl_num_pow10_i128(scale - v->type.scale), r);
}

/* A NULL is on every grid: nothing compares with it. */
static bool multiple(const struct bl_expr *lit, const struct bl_dec *of)
{
	bl_i128 v;

	return lit->lit.null || (of->v > 0 && at_scale(&lit->lit, of->scale, &v) && v % of->v == 0);
}

static bool same_literal(const struct bl_expr *a, const struct bl_expr *b)
{
	bl_i128 v, w;

	if (a->op != BL_OP_LIT || b->op != BL_OP_LIT || a->lit.null || b->lit.null)
		return false;
	if (a->type.kind == BL_TYPE_DOUBLE || b->type.kind == BL_TYPE_DOUBLE)
		return a->type.kind == b->type.kind && a->lit.f == b->lit.f;
	return at_scale(&a->lit, 18, &v) && at_scale(&b->lit, 18, &w) && v == w;
}

/* --- shapes --- */

/* A conversion that gives every number of the column its own value back, or the double nearest to it. */
static bool widening(const struct bl_expr *e)
{
	struct bl_type from, to = e->type;
	int whole;

	if (e->op != BL_OP_CAST)
		return false;
	from = e->arg[0]->type;
	if (from.kind != BL_TYPE_INT && from.kind != BL_TYPE_DECIMAL)
		return from.kind == BL_TYPE_DOUBLE && to.kind == BL_TYPE_DOUBLE;
	whole = from.kind == BL_TYPE_INT ? 19 : from.precision - from.scale;
	return to.kind == BL_TYPE_DOUBLE || (to.kind == BL_TYPE_DECIMAL && to.scale >= from.scale && to.precision - to.scale >= whole);
}

/* The column that e is, or -1. */
static int itself(const struct bl_expr *e)
{
	while (widening(e))
		e = e->arg[0];
	return e->op == BL_OP_COL ? (int)e->index : -1;
}

/* --- conditions: grid --- */

static void tested(const struct walk *w, const struct bl_expr *e);

/* Are the literals beside the column arg[i] of e on its grid? Anything but literals beside it moves where it is cut. */
static void beside(const struct walk *w, const struct bl_expr *e, uint32_t i, int column, const struct bl_dec *grid)
{
	for (uint32_t k = 0; k < e->narg; k++) {
		if (k == i)
			continue;
		if (e->arg[k]->op != BL_OP_LIT)
			fault(w, "grid", (uint32_t)column, e->arg[i], "the column is compared with something that is not a literal");
		else if (!multiple(e->arg[k], grid))
			fault(w, "grid", (uint32_t)column, e->arg[k], off_grid);
	}
}

static void compared(const struct walk *w, const struct bl_expr *e)
{
	for (uint32_t i = 0; i < e->narg; i++) {
		int column = itself(e->arg[i]);
		if (column >= 0 && grid_of(w, column))
			beside(w, e, i, column, grid_of(w, column));
		else
			tested(w, e->arg[i]);
	}
}

/* e is tested, or is part of what is. */
static void tested(const struct walk *w, const struct bl_expr *e)
{
	switch (e->op) {
	case BL_OP_COL:
		if (grid_of(w, (int)e->index) && e->type.kind != BL_TYPE_BOOL)
			fault(w, "grid", e->index, e, not_itself);
		return;
	case BL_OP_EQ: case BL_OP_NE: case BL_OP_LT: case BL_OP_LE: case BL_OP_GT: case BL_OP_GE: case BL_OP_IN: case BL_OP_NULLIF:
		compared(w, e);
		return;
	case BL_OP_ISNULL:
		if (itself(e->arg[0]) < 0)
			tested(w, e->arg[0]);
		return;
	default:
		for (uint32_t i = 0; i < e->narg; i++)
			tested(w, e->arg[i]);
		return;
	}
}

/* --- conditions: like --- */

/* What looks into a text: at part of it, at its order (a range of texts is a prefix), at the number or date in it. */
static bool looks_inside(const struct bl_expr *e)
{
	switch (e->op) {
	case BL_OP_LIKE: case BL_OP_ILIKE: case BL_OP_STARTS_WITH: case BL_OP_SUBSTR: case BL_OP_LEFT: case BL_OP_RIGHT: case BL_OP_REPLACE:
	case BL_OP_POSITION: case BL_OP_LENGTH:
		return true;
	case BL_OP_LT: case BL_OP_LE: case BL_OP_GT: case BL_OP_GE: case BL_OP_GREATEST: case BL_OP_LEAST:
		return e->arg[0]->type.kind == BL_TYPE_TEXT;
	case BL_OP_CAST:
		return e->arg[0]->type.kind == BL_TYPE_TEXT && e->type.kind != BL_TYPE_TEXT;
	default:
		return false;
	}
}

/* All columns inside e, which is tested; those in a part of it that looks inside a text need `like`. */
static void looked_at(const struct walk *w, const struct bl_expr *e, bool inside)
{
	inside = inside || looks_inside(e);
	if (e->op == BL_OP_COL && inside && !(w->grant[e->index].doc && w->grant[e->index].doc->like))
		fault(w, "like", e->index, e, "a test on part of a text");
	for (uint32_t i = 0; i < e->narg; i++)
		looked_at(w, e->arg[i], inside);
}

static void condition(const struct walk *w, const struct bl_expr *e)
{
	tested(w, e);
	looked_at(w, e, false);
}

/* A value that is printed or aggregated: only the conditions in it matter. */
static void value(const struct walk *w, const struct bl_expr *e)
{
	if (bl_lineage_condition(e->op)) {
		condition(w, e);
		return;
	}
	for (uint32_t i = 0; i < e->narg; i++) {
		if (e->op == BL_OP_CASE && i % 2 == 0 && i + 1 < e->narg)
			condition(w, e->arg[i]);
		else
			value(w, e->arg[i]);
	}
}

/* --- group keys --- */

static int clipped(const struct walk *w, const struct bl_expr *e);

/* The column among the arguments of CLIP, LEAST or GREATEST when all others are literals, or -1. */
static int clipped_args(const struct walk *w, const struct bl_expr *e)
{
	int column = -1;

	for (uint32_t i = 0; i < e->narg; i++) {
		if (e->arg[i]->op == BL_OP_LIT)
			continue;
		if (column >= 0 || (column = clipped(w, e->arg[i])) < 0)
			return -1;
	}
	for (uint32_t i = 0; i < e->narg && grid_of(w, column); i++)
		if (e->arg[i]->op == BL_OP_LIT && !multiple(e->arg[i], grid_of(w, column)))
			fault(w, "grid", (uint32_t)column, e->arg[i], off_grid);
	return column;
}

/* CASE WHEN x > 50 THEN 50 ELSE x END, in its spellings; -1 for any other CASE. */
static int clipped_case(const struct walk *w, const struct bl_expr *e)
{
	const struct bl_expr *test = e->arg[0], *limit, *kept;
	int column;

	if (e->narg != 3 || (test->op != BL_OP_LT && test->op != BL_OP_LE && test->op != BL_OP_GT && test->op != BL_OP_GE))
		return -1;
	limit = e->arg[e->arg[1]->op == BL_OP_LIT ? 1 : 2];
	kept = e->arg[e->arg[1]->op == BL_OP_LIT ? 2 : 1];
	column = itself(kept);
	if (column < 0 || itself(test->arg[0]) != column || !same_literal(test->arg[1], limit))
		return -1;
	condition(w, test);
	return column;
}

/* The column that e is, at most cut off at its ends; bins of it are unions of bins of the column. */
static int clipped(const struct walk *w, const struct bl_expr *e)
{
	while (widening(e))
		e = e->arg[0];
	switch (e->op) {
	case BL_OP_COL:
		return (int)e->index;
	case BL_OP_CLIP: case BL_OP_LEAST: case BL_OP_GREATEST:
		return clipped_args(w, e);
	case BL_OP_CASE:
		return clipped_case(w, e);
	default:
		return -1;
	}
}

/* How a part of a key stands in it: nothing that moves where the column is cut was done to it; something was; it is tested. */
enum how { AS_IS, CHANGED, TESTED };
static void key(const struct walk *w, const struct bl_expr *e, enum how how);

static void binned(const struct walk *w, const struct bl_expr *e, enum how how)
{
	int column = clipped(w, e->arg[0]);

	if (column < 0) {
		key(w, e->arg[0], how == AS_IS ? CHANGED : how);
		return;
	}
	if (bin_of(w, column) && !multiple(e->arg[1], bin_of(w, column)))
		fault(w, "bin", (uint32_t)column, e->arg[1], "the width is not a multiple of it");
	if (grid_of(w, column) && !multiple(e->arg[1], grid_of(w, column)))
		fault(w, "grid", (uint32_t)column, e->arg[1], "the width is not a multiple of it");
}

/* width_bucket(x, low, high, n): both ends and the width (high - low) / n. */
static void bucket(const struct walk *w, const struct bl_expr *e, enum how how)
{
	int column = itself(e->arg[0]);
	const struct bl_dec *grid = grid_of(w, column);
	const struct bl_expr *low = e->arg[1], *high = e->arg[2];
	bl_i128 a, b, step;

	if (!grid || bin_of(w, column)) {
		for (uint32_t i = 0; i < e->narg; i++)
			key(w, e->arg[i], how == AS_IS ? CHANGED : how);
		return;
	}
	if (low->op == BL_OP_LIT && high->op == BL_OP_LIT && !low->lit.null && !high->lit.null && multiple(low, grid) && multiple(high, grid) &&
	    at_scale(&low->lit, grid->scale, &a) && at_scale(&high->lit, grid->scale, &b) &&
	    !__builtin_mul_overflow(grid->v, e->arg[3]->lit.i, &step) && step > 0 && !__builtin_sub_overflow(b, a, &b) && b % step == 0)
		return;
	fault(w, "grid", (uint32_t)column, e, "the ends and the width of the buckets are not multiples of it");
}

static void cut(const struct walk *w, const struct bl_expr *e, enum how how)
{
	bool told = false;

	for (uint32_t i = 0; i < e->narg && how == AS_IS; i++) {
		int column = itself(e->arg[i]);
		if (grid_of(w, column) && !bin_of(w, column)) {
			beside(w, e, i, column, grid_of(w, column));
			told = true;
		}
	}
	for (uint32_t i = 0; i < e->narg && !told; i++)
		key(w, e->arg[i], how);
}

static void key(const struct walk *w, const struct bl_expr *e, enum how how)
{
	switch (e->op) {
	case BL_OP_COL:
		if (bin_of(w, (int)e->index))
			fault(w, "bin", e->index, e, "as a group key the column stands in bin(column, width) only");
		else if (grid_of(w, (int)e->index) && how == CHANGED)
			fault(w, "grid", e->index, e, "as a group key the column stands as itself, in bin(column, width) or in width_bucket");
		return;
	case BL_OP_BIN:
		binned(w, e, how);
		return;
	case BL_OP_WIDTH_BUCKET:
		bucket(w, e, how);
		return;
	case BL_OP_CLIP: case BL_OP_LEAST: case BL_OP_GREATEST:
		cut(w, e, how);
		return;
	case BL_OP_CAST:
		if (how == AS_IS && !widening(e) && e->type.kind != BL_TYPE_TEXT)
			how = CHANGED;
		break;
	case BL_OP_CASE: case BL_OP_COALESCE:
		break;
	default:
		if (bl_lineage_condition(e->op)) {
			if (how != TESTED)
				condition(w, e);
			how = TESTED;
		} else if (how == AS_IS) {
			how = CHANGED;
		}
		break;
	}
	for (uint32_t i = 0; i < e->narg; i++) {
		bool when = e->op == BL_OP_CASE && i % 2 == 0 && i + 1 < e->narg;
		if (when && how != TESTED)
			condition(w, e->arg[i]);
		key(w, e->arg[i], when ? TESTED : how);
	}
}

void bl_grid_check(const struct bl_plan *p, const struct bl_grant *grant, bl_grid_visit *visit, void *arg)
{
	struct walk w = { p, grant, visit, arg };

	if (p->where)
		condition(&w, p->where);
	for (uint32_t i = 0; i < p->nkey; i++) {
		if (p->kind == BL_PLAN_GROUPS)
			key(&w, p->key[i], AS_IS);
		else
			value(&w, p->key[i]);
	}
	for (uint32_t i = 0; i < p->ncell; i++) {
		if (p->cell[i].arg)
			value(&w, p->cell[i].arg);
		if (p->cell[i].cond)
			condition(&w, p->cell[i].cond);
	}
}
