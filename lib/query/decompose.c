/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decompose: an aggregate to additive cells (guide: policy, section 4). An affine argument is reduced to the cells of what
 * it is affine in; a CASE becomes a term a branch, each under the condition that this branch and none before it was taken;
 * a FILTER is a condition on all. What a condition leaves over, and branches that are NULL, become check cells: nothing of
 * them is printed, but the gate tests that they could be.
 */
#include "query/ast.h"

enum { CELLS = 1024 };

/* mul * x + add, as integers at a scale. */
struct affine { bl_i128 mul, add; unsigned mul_scale, add_scale; };

struct work {
	struct bl_sql *q;
	struct bl_plan *p;
	struct bl_agg *agg;
	const struct bl_expr *at;
};

/* --- affine forms; every function is false when a number does not fit, and then the argument stays whole --- */

static void trim(bl_i128 *v, unsigned *scale)
{
	if (!*v)
		*scale = 0;
	for (; *scale && *v % 10 == 0; --*scale)
		*v /= 10;
}

static bool times(bl_i128 *v, unsigned *scale, bl_i128 by, unsigned by_scale)
{
	if (__builtin_mul_overflow(*v, by, v))
		return false;
	*scale += by_scale;
	trim(v, scale);
	return *scale <= 38;
}

static bool plus(bl_i128 *v, unsigned *scale, bl_i128 w, unsigned w_scale)
{
	unsigned s = *scale > w_scale ? *scale : w_scale;

	if (!bl_fold_rescale(*v, *scale, s, v) || !bl_fold_rescale(w, w_scale, s, &w) || __builtin_add_overflow(*v, w, v))
		return false;
	*scale = s;
	trim(v, scale);
	return true;
}

/* The exact decimal of a literal number. */
static bool number(const struct bl_expr *e, bl_i128 *v, unsigned *scale)
{
	char text[BL_NUM_TEXT];
	struct bl_value d = e->lit;

	if (e->op != BL_OP_LIT || d.null || !bl_type_number(e->type))
		return false;
	if (d.type.kind == BL_TYPE_DOUBLE && (!bl_fold_number(text, bl_num_print_f64(d.f, text), &d) || d.type.kind == BL_TYPE_DOUBLE))
		return false;
	*v = d.i;
	*scale = d.type.scale;
	trim(v, scale);
	return true;
}

/* f(x + c) = mul*x + (add + mul*c) */
static bool shift(struct affine *f, bl_i128 c, unsigned scale)
{
	bl_i128 v = f->mul;
	unsigned s = f->mul_scale;

	return times(&v, &s, c, scale) && plus(&f->add, &f->add_scale, v, s);
}

/* Divides by c when the quotient is an exact decimal. */
static bool divide(struct affine *f, bl_i128 c, unsigned scale)
{
	if (!c || !times(&f->mul, &f->mul_scale, bl_num_pow10_i128(scale), 0) || (c < 0 && !times(&f->mul, &f->mul_scale, -1, 0)))
		return false;
	c = c < 0 ? -c : c;		/* of 38 digits; the least number over -1 would not fit */
	while (f->mul % c) {
		if (f->mul_scale >= 38 || __builtin_mul_overflow(f->mul, 10, &f->mul))
			return false;
		f->mul_scale++;
	}
	f->mul /= c;
	trim(&f->mul, &f->mul_scale);
	return true;
}

/* A cast that changes no value, or only to the double nearest to it. */
static bool exact_cast(const struct bl_expr *e)
{
	struct bl_type from = e->arg[0]->type, to = e->type;
	unsigned whole = from.kind == BL_TYPE_INT ? 19 : (unsigned)(from.precision - from.scale);

	if (!bl_type_number(from) || from.kind == BL_TYPE_DOUBLE)
		return false;
	return to.kind == BL_TYPE_DOUBLE || (to.kind == BL_TYPE_DECIMAL && to.scale >= from.scale && to.precision - to.scale >= (int)whole);
}

/* One layer off e: what is affine inside, or NULL when this is the core. f is only changed on success. */
static struct bl_expr *peel(const struct bl_expr *e, struct affine *f)
{
	struct affine g = *f;
	bl_i128 c;
	unsigned s;
	struct bl_expr *inner;
	bool good;

	if (e->op == BL_OP_CAST)
		return exact_cast(e) ? e->arg[0] : NULL;
	if (e->op == BL_OP_NEG) {
		inner = e->arg[0];
		good = times(&g.mul, &g.mul_scale, -1, 0);
	} else if (!bl_type_number(e->type) || e->narg != 2 || (e->op == BL_OP_SUB && e->arg[0]->type.kind == BL_TYPE_DATE)) {
		return NULL;
	} else if ((e->op == BL_OP_ADD || e->op == BL_OP_MUL) && number(e->arg[0], &c, &s)) {
		inner = e->arg[1];
		good = e->op == BL_OP_ADD ? shift(&g, c, s) : times(&g.mul, &g.mul_scale, c, s);
	} else if (e->op == BL_OP_SUB && number(e->arg[0], &c, &s)) {
		inner = e->arg[1];
		good = shift(&g, c, s) && times(&g.mul, &g.mul_scale, -1, 0);
	} else if (number(e->arg[1], &c, &s)) {
		inner = e->arg[0];
		if (e->op == BL_OP_ADD)
			good = shift(&g, c, s);
		else if (e->op == BL_OP_SUB)
			good = shift(&g, -c, s);
		else if (e->op == BL_OP_MUL)
			good = times(&g.mul, &g.mul_scale, c, s);
		else
			good = e->op == BL_OP_DIV && e->type.kind == BL_TYPE_DOUBLE && divide(&g, c, s);
	} else {
		return NULL;
	}
	if (!good)
		return NULL;
	*f = g;
	return inner;
}

/* --- conditions --- */

static bool never_null(const struct bl_expr *c)
{
	return c->op == BL_OP_ISNULL || c->op == BL_OP_ISTRUE || c->op == BL_OP_ISFALSE || (c->op == BL_OP_NOT && never_null(c->arg[0]));
}

/* NOT (c IS TRUE), said shortly. */
static struct bl_expr *not_true(struct work *w, struct bl_expr *c)
{
	if (!never_null(c))
		return bl_node_bool(w->q, BL_OP_NOT, bl_node_bool(w->q, BL_OP_ISTRUE, c));
	return c->op == BL_OP_NOT ? c->arg[0] : bl_node_bool(w->q, BL_OP_NOT, c);
}

/* --- cells and terms --- */

int bl_decompose_cell(struct bl_sql *q, struct bl_plan *p, enum bl_cell_kind kind, struct bl_expr *arg, struct bl_expr *cond)
{
	struct bl_cell *c;
	int n = -1;

	for (uint32_t i = 0; i < p->ncell; i++)
		if (p->cell[i].kind == kind && bl_node_equal(p->cell[i].arg, arg) && bl_node_equal(p->cell[i].cond, cond))
			return (int)i;
	if (kind != BL_CELL_N && (n = bl_decompose_cell(q, p, BL_CELL_N, arg, cond)) < 0)
		return -1;
	if (p->ncell >= CELLS)
		return bl_err_set(q->err, BL_USAGE, "the statement has too many aggregates");
	c = bl_node_push(q, &p->cell, &p->ncell, sizeof *c);
	if (!c)
		return -1;
	/* Until a term takes it, a cell is only looked at by the gate. */
	*c = (struct bl_cell){ .kind = kind, .arg = arg, .cond = cond, .check = kind == BL_CELL_N };
	c->n = n < 0 ? p->ncell - 1 : (uint32_t)n;
	return (int)p->ncell - 1;
}

static int use(struct work *w, enum bl_cell_kind kind, struct bl_expr *arg, struct bl_expr *cond, int32_t *cell)
{
	*cell = bl_decompose_cell(w->q, w->p, kind, arg, cond);
	if (*cell < 0)
		return -1;
	w->p->cell[*cell].check = false;
	w->p->cell[w->p->cell[*cell].n].check = false;
	return 0;
}

static int check(struct work *w, struct bl_expr *cond)
{
	int cell = bl_decompose_cell(w->q, w->p, BL_CELL_N, NULL, cond);
	uint32_t *slot;

	if (cell < 0)
		return -1;
	for (uint32_t i = 0; i < w->agg->ncheck; i++)
		if (w->agg->check[i] == (uint32_t)cell)
			return 0;
	slot = bl_node_push(w->q, &w->agg->check, &w->agg->ncheck, sizeof *slot);
	if (!slot)
		return -1;
	*slot = (uint32_t)cell;
	return 0;
}

static bool squares(enum bl_agg_fn fn)
{
	return fn == BL_AGG_VAR_SAMP || fn == BL_AGG_VAR_POP || fn == BL_AGG_STDDEV_SAMP || fn == BL_AGG_STDDEV_POP;
}

/* f(base) under cond; base NULL: the constant f.add. */
static int term(struct work *w, struct bl_expr *base, const struct affine *f, struct bl_expr *cond)
{
	struct bl_term *t = bl_node_push(w->q, &w->agg->term, &w->agg->nterm, sizeof *t);
	enum bl_agg_fn fn = w->agg->fn;
	bool sums = base && f->mul && fn != BL_AGG_COUNT;

	if (!t)
		return -1;
	*t = (struct bl_term){ -1, -1, -1, f->mul, f->add, (uint8_t)f->mul_scale, (uint8_t)f->add_scale };
	if (fn == BL_AGG_COUNT) {
		t->mul = t->add = 0;
		t->mul_scale = t->add_scale = 0;
	}
	if ((fn != BL_AGG_SUM || !sums || f->add) && use(w, BL_CELL_N, base, cond, &t->n))
		return -1;
	if (sums && use(w, BL_CELL_S, base, cond, &t->s))
		return -1;
	return sums && squares(fn) ? use(w, BL_CELL_SS, base, cond, &t->ss) : 0;
}

static int branch(struct work *w, struct bl_expr *e, struct affine f, struct bl_expr *cond);

/* cond, value, ..., otherwise; value i is taken where cond i is true and none before it. */
static int branches(struct work *w, const struct bl_expr *e, const struct affine *f, struct bl_expr *cond)
{
	struct bl_expr *none = cond, *taken;

	for (uint32_t i = 0; i + 1 < e->narg; i += 2) {
		taken = bl_node_join(w->q, BL_OP_AND, none, e->arg[i]);
		if (!taken || branch(w, e->arg[i + 1], *f, taken))
			return -1;
		taken = not_true(w, e->arg[i]);
		if (!taken || !(none = bl_node_join(w->q, BL_OP_AND, none, taken)))
			return -1;
	}
	return branch(w, e->arg[e->narg - 1], *f, none);
}

/* f of the literal e, or of a number, under cond. */
static int constant(struct work *w, const struct bl_expr *e, struct affine f, struct bl_expr *cond)
{
	bl_i128 c;
	unsigned s;

	if (w->agg->fn != BL_AGG_COUNT && (!number(e, &c, &s) || !shift(&f, c, s)))
		return bl_lex_fail(w->q, e->pos, e->len, BL_USAGE, "this number is too large inside an aggregate");
	f.mul = 0;
	f.mul_scale = 0;
	return term(w, NULL, &f, cond);
}

/* A boolean cast to a number is 1 where true, 0 where false, NULL where neither. */
static int boolean(struct work *w, struct bl_expr *c, const struct affine *f, struct bl_expr *cond)
{
	struct bl_expr *one = bl_node_int(w->q, 1, c), *zero = bl_node_int(w->q, 0, c);
	struct bl_expr *is[] = { c, bl_node_bool(w->q, BL_OP_NOT, c), bl_node_bool(w->q, BL_OP_ISNULL, c) };

	for (int i = 0; i < 3; i++)
		if (!is[i] || !(is[i] = bl_node_join(w->q, BL_OP_AND, cond, is[i])))
			return -1;
	if (!one || !zero || constant(w, one, *f, is[0]) || constant(w, zero, *f, is[1]))
		return -1;
	return never_null(c) ? 0 : check(w, is[2]);
}

static int branch(struct work *w, struct bl_expr *e, struct affine f, struct bl_expr *cond)
{
	struct bl_expr *inner;

	while ((inner = peel(e, &f)))
		e = inner;
	if (e->op == BL_OP_LIT && e->lit.null)
		return cond ? check(w, cond) : 0;
	if (e->op == BL_OP_CASE)
		return branches(w, e, &f, cond);
	if (e->op == BL_OP_CAST && e->arg[0]->type.kind == BL_TYPE_BOOL && bl_type_number(e->type))
		return boolean(w, e->arg[0], &f, cond);
	return e->op == BL_OP_LIT ? constant(w, e, f, cond) : term(w, e, &f, cond);
}

/* min, max, median, count(distinct): one cell of the whole argument. */
static int single(struct work *w, enum bl_cell_kind kind, struct bl_expr *arg, struct bl_expr *cond)
{
	struct bl_term *t = bl_node_push(w->q, &w->agg->term, &w->agg->nterm, sizeof *t);

	if (!t)
		return -1;
	*t = (struct bl_term){ -1, -1, -1, 1, 0, 0, 0 };
	return use(w, kind, arg, cond, &t->s);
}

static int typed(struct work *w, const struct bl_expr *arg)
{
	static const char *const name[] = {
		[BL_AGG_COUNT] = "count", [BL_AGG_SUM] = "sum", [BL_AGG_AVG] = "avg", [BL_AGG_VAR_SAMP] = "variance", [BL_AGG_VAR_POP] = "var_pop",
		[BL_AGG_STDDEV_SAMP] = "stddev", [BL_AGG_STDDEV_POP] = "stddev_pop", [BL_AGG_MIN] = "min", [BL_AGG_MAX] = "max",
		[BL_AGG_MEDIAN] = "median", [BL_AGG_COUNT_DISTINCT] = "count",
	};
	struct bl_agg *agg = w->agg;
	char type[32];
	bool good = true;

	switch (agg->fn) {
	case BL_AGG_COUNT:
	case BL_AGG_COUNT_DISTINCT:
		agg->type = bl_type_of(BL_TYPE_INT);
		return 0;
	case BL_AGG_MIN:
	case BL_AGG_MAX:
		agg->type = arg->type;
		good = arg->type.kind != BL_TYPE_BOOL && arg->type.kind;
		break;
	case BL_AGG_SUM:
		agg->type = (struct bl_type){ BL_TYPE_DECIMAL, 38, arg->type.scale };
		if (arg->type.kind == BL_TYPE_DOUBLE)
			agg->type = arg->type;
		good = bl_type_number(arg->type);
		break;
	default:	/* avg, var, stddev; the median of 2 and 3 is 2.5 */
		agg->type = bl_type_of(BL_TYPE_DOUBLE);
		good = bl_type_number(arg->type);
		break;
	}
	bl_type_print(arg->type, type);
	return good ? 0 : bl_lex_fail(w->q, w->at->pos, w->at->len, BL_USAGE, "'%s' does not take %s", name[agg->fn], arg->type.kind ? type : "null");
}

static bool same_agg(const struct bl_agg *a, const struct bl_agg *b)
{
	if (a->fn != b->fn || a->type.kind != b->type.kind || a->type.scale != b->type.scale || a->nterm != b->nterm || a->ncheck != b->ncheck)
		return false;
	for (uint32_t i = 0; i < a->nterm; i++) {
		const struct bl_term *s = &a->term[i], *t = &b->term[i];
		if (s->n != t->n || s->s != t->s || s->ss != t->ss || s->mul != t->mul || s->add != t->add || s->mul_scale != t->mul_scale ||
		    s->add_scale != t->add_scale)
			return false;
	}
	for (uint32_t i = 0; i < a->ncheck; i++)
		if (a->check[i] != b->check[i])
			return false;
	return true;
}

int bl_decompose_agg(struct bl_sql *q, struct bl_plan *p, enum bl_agg_fn fn, struct bl_expr *arg, struct bl_expr *filter, const struct bl_expr *at)
{
	struct bl_agg agg = { .fn = fn, .pos = at->pos, .len = at->len, .arg = arg, .filter = filter }, *slot;
	struct work w = { q, p, &agg, at };
	struct affine identity = { 1, 0, 0, 0 };
	int r;

	if (typed(&w, arg))
		return -1;
	if (!arg)
		r = term(&w, NULL, &identity, filter);
	else if (fn == BL_AGG_MIN || fn == BL_AGG_MAX || fn == BL_AGG_MEDIAN || fn == BL_AGG_COUNT_DISTINCT)
		r = single(&w, fn == BL_AGG_MIN ? BL_CELL_MIN : fn == BL_AGG_MAX ? BL_CELL_MAX : fn == BL_AGG_MEDIAN ? BL_CELL_MEDIAN : BL_CELL_DISTINCT,
			   arg, filter);
	else
		r = branch(&w, arg, identity, filter);
	if (r || (filter && (!(arg = not_true(&w, filter)) || check(&w, arg))))
		return -1;
	for (uint32_t i = 0; i < p->nagg; i++)
		if (same_agg(&p->agg[i], &agg))
			return (int)i;
	slot = bl_node_push(q, &p->agg, &p->nagg, sizeof *slot);
	if (!slot)
		return -1;
	*slot = agg;
	return (int)p->nagg - 1;
}
