/* SPDX-License-Identifier: Apache-2.0 */
/*
 * select: the clauses of a statement to a plan: which kind of plan it is, its keys, its outputs over keys and aggregates,
 * their names. Column names win over output names in GROUP BY, output names in ORDER BY, as in PostgreSQL.
 */
#include <string.h>

#include "query/ast.h"

struct out {			/* an item of SELECT, stars written out */
	const struct bl_ast *ast;
	struct bl_str name;
	bool named;		/* by AS */
	struct bl_expr *expr;	/* over rows and AGG */
};
struct sort { int out; struct bl_expr *expr; };	/* a key of ORDER BY: an output (expr NULL), or an expression over rows */
struct select {
	struct bl_bind *b;
	struct bl_sql *q;
	struct bl_plan *p;
	const struct bl_ast_select *s;
	uint32_t nout;
	struct out *out;
	struct sort *sort;
	struct bl_expr *having;
};

/* --- names of outputs --- */

/* PostgreSQL's rule; strong names (columns, functions) win over those of casts and CASE. */
static struct bl_str figure(const struct select *w, const struct bl_ast *x, bool *strong)
{
	static const char *const types[] = { "text", "bool", "int8", "numeric", "float8", "date", "timestamp", "text" };
	struct bl_str name = { NULL, 0 };
	const char *weak = NULL;
	char *lower;
	int i;

	*strong = true;
	switch (x->kind) {
	case BL_AST_NAME:
		i = bl_bind_find(w->b, x->s, x->quoted);
		return (struct bl_str){ w->b->schema->col[i].name, (uint32_t)strlen(w->b->schema->col[i].name) };
	case BL_AST_CALL:
		lower = bl_arena_strndup(w->q->a, x->s.p, x->s.n);
		for (uint32_t c = 0; lower && c < x->s.n; c++)
			if (lower[c] >= 'A' && lower[c] <= 'Z')
				lower[c] = (char)(lower[c] | 0x20);
		return (struct bl_str){ lower, x->s.n };
	case BL_AST_CASE:
		if (x->otherwise)
			name = figure(w, x->arg[x->narg - 1], strong);
		weak = "case";
		break;
	case BL_AST_CAST:
		name = figure(w, x->arg[0], strong);
		weak = types[x->type.kind];
		break;
	case BL_AST_DATE:
		weak = "date";
		break;
	case BL_AST_STAMP:
		weak = "timestamp";
		break;
	case BL_AST_TRUE:
	case BL_AST_FALSE:
		weak = "bool";
		break;
	default:
		weak = "?column?";
		break;
	}
	if (name.p && *strong)
		return name;
	*strong = false;
	return (struct bl_str){ weak, (uint32_t)strlen(weak) };
}

static bool taken(const struct bl_plan *p, uint32_t n, const char *name)
{
	for (uint32_t i = 0; i < n; i++)
		if (!strcmp(p->out[i].name, name))
			return true;
	return false;
}

/* The name of output n, with a number behind it when others have it. */
static int name_out(struct select *w, uint32_t n, struct bl_str name)
{
	struct bl_item *item = &w->p->out[n];

	item->name = bl_arena_strndup(w->q->a, name.p ? name.p : "?column?", name.p ? name.n : 8);
	for (unsigned i = 2; item->name && taken(w->p, n, item->name); i++)
		item->name = bl_arena_printf(w->q->a, "%.*s_%u", (int)name.n, name.p, i);
	return item->name ? 0 : bl_err_set(w->q->err, BL_OSERR, "out of memory");
}

/* --- items --- */

static struct out *new_out(struct select *w, const struct bl_ast *x)
{
	struct out *o;

	if (w->nout == BL_PLAN_OUT) {
		bl_lex_fail(w->q, x->pos, x->len, BL_USAGE, "more than %d columns in the answer", BL_PLAN_OUT);
		return NULL;
	}
	o = bl_node_push(w->q, &w->out, &w->nout, sizeof *o);
	if (o)
		o->ast = x;
	return o;
}

static int star(struct select *w, const struct bl_ast *x)
{
	const struct bl_schema *schema = w->b->schema;
	struct bl_expr at = { .pos = x->pos, .len = x->len };
	uint32_t before = w->nout;

	if (x->qual.p && !bl_lex_same(x->qual, w->b->table))
		return bl_lex_fail(w->q, x->pos, x->qual.n, BL_USAGE, "no table '%.*s' in FROM", BL_LEX_NAME(x->qual));
	for (uint32_t i = 0; i < schema->n; i++) {
		struct out *o;
		if (w->b->visible && !w->b->visible[i])
			continue;
		if (!(o = new_out(w, x)) || !(o->expr = bl_node_new(w->q, BL_OP_COL, schema->col[i].type, &at, NULL, 0)))
			return -1;
		o->expr->index = i;
		o->name = (struct bl_str){ schema->col[i].name, (uint32_t)strlen(schema->col[i].name) };
		if (bl_lex_output(w->q, o->name, x->pos, x->len))
			return -1;
	}
	return w->nout > before ? 0 : bl_lex_fail(w->q, x->pos, x->len, BL_REFUSED, "refused: uses (no column that you may use)");
}

static int items(struct select *w)
{
	for (uint32_t i = 0; i < w->s->nitem; i++) {
		const struct bl_ast *x = w->s->item[i];
		struct out *o;
		bool strong;
		if (x->kind == BL_AST_STAR) {
			if (star(w, x))
				return -1;
			continue;
		}
		if (!(o = new_out(w, x)) || !(o->expr = bl_bind_expr(w->b, x)))
			return -1;
		if (!o->expr->type.kind && !(o->expr = bl_node_cast(w->q, o->expr, bl_type_of(BL_TYPE_TEXT))))
			return -1;
		o->named = w->s->alias[i].p != NULL;
		o->name = o->named ? w->s->alias[i] : figure(w, x, &strong);
		if (bl_lex_output(w->q, o->name, x->pos, x->len))
			return -1;
	}
	return 0;
}

/* The output that a whole number names, or -1. */
static int ordinal(struct select *w, const struct bl_ast *x, const char *clause)
{
	int64_t n;

	if (!bl_num_parse_i64(x->s.p, x->s.n, &n) || n < 1 || n > w->nout)
		return bl_lex_fail(w->q, x->pos, x->len, BL_USAGE, "%s names a column of the answer that is not there", clause);
	return (int)n - 1;
}

/* The output of that name: -1 none, -2 several that differ (an error is set). */
static int output(struct select *w, const struct bl_ast *x, const char *clause)
{
	for (int pass = 0; pass < (x->quoted ? 1 : 2); pass++) {
		int found = -1;
		for (uint32_t i = 0; i < w->nout; i++) {
			if (!(pass ? bl_lex_same(w->out[i].name, x->s) : bl_lex_equal(w->out[i].name, x->s)))
				continue;
			if (found >= 0 && !bl_node_equal(w->out[found].expr, w->out[i].expr)) {
				bl_lex_fail(w->q, x->pos, x->len, BL_USAGE, "'%.*s' in %s is ambiguous", BL_LEX_NAME(x->s), clause);
				return -2;
			}
			found = found < 0 ? (int)i : found;
		}
		if (found >= 0)
			return found;
	}
	return -1;
}

static bool has_agg(const struct bl_expr *e)
{
	bool has = e->op == BL_OP_AGG;

	for (uint32_t i = 0; i < e->narg && !has; i++)
		has = has_agg(e->arg[i]);
	return has;
}

/* --- keys --- */

/* The number of the key equal to e, made if need be, or -1. */
static int key_of(struct select *w, struct bl_expr *e)
{
	struct bl_expr **slot;

	for (uint32_t i = 0; i < w->p->nkey; i++)
		if (bl_node_equal(w->p->key[i], e))
			return (int)i;
	if (w->p->nkey == 2 * BL_PLAN_OUT)
		return bl_lex_fail(w->q, e->pos, e->len, BL_USAGE, "more than %d keys", 2 * BL_PLAN_OUT);
	slot = bl_node_push(w->q, &w->p->key, &w->p->nkey, sizeof *slot);
	if (!slot)
		return -1;
	*slot = e;
	return (int)w->p->nkey - 1;
}

static struct bl_expr *key_ref(struct select *w, int key, const struct bl_expr *at)
{
	struct bl_expr *e = key < 0 ? NULL : bl_node_new(w->q, BL_OP_KEY, w->p->key[key]->type, at, NULL, 0);

	if (e)
		e->index = (uint32_t)key;
	return e;
}

static int group_by(struct select *w)
{
	for (uint32_t i = 0; i < w->s->ngroup; i++) {
		const struct bl_ast *x = w->s->group[i];
		struct bl_expr *e = NULL;
		int o = -1;
		if (x->kind == BL_AST_NUMBER) {
			if ((o = ordinal(w, x, "GROUP BY")) < 0)
				return -1;
		} else if (x->kind == BL_AST_NAME && !x->qual.p && bl_bind_find(w->b, x->s, x->quoted) == -1) {
			if ((o = output(w, x, "GROUP BY")) == -2)
				return -1;
		}
		if (o >= 0 && has_agg(w->out[o].expr))
			return bl_lex_fail(w->q, x->pos, x->len, BL_USAGE, "an aggregate may not stand in GROUP BY");
		w->b->no_agg = "GROUP BY";
		e = o >= 0 ? w->out[o].expr : bl_bind_expr(w->b, x);
		w->b->no_agg = NULL;
		if (!e)
			return -1;
		if (o < 0 && e->op == BL_OP_LIT)
			return bl_lex_fail(w->q, x->pos, x->len, BL_USAGE, "a constant in GROUP BY must be the number of a column");
		if (e->op != BL_OP_LIT && key_of(w, e) < 0)
			return -1;
	}
	return 0;
}

/* e over rows to e over keys and aggregates: whole parts that are keys first. */
static struct bl_expr *over_keys(struct select *w, struct bl_expr *e)
{
	struct bl_expr **arg, *copy;

	for (uint32_t i = 0; i < w->p->nkey; i++)
		if (bl_node_equal(w->p->key[i], e))
			return key_ref(w, (int)i, e);
	if (e->op == BL_OP_COL) {
		bl_lex_fail(w->q, e->pos, e->len, BL_USAGE, "column '%s' must appear in GROUP BY or inside an aggregate",
			    w->b->schema->col[e->index].name);
		return NULL;
	}
	if (!e->narg)
		return e;
	arg = bl_lex_alloc(w->q, e->narg, sizeof *arg);
	for (uint32_t i = 0; arg && i < e->narg; i++)
		if (!(arg[i] = over_keys(w, e->arg[i])))
			return NULL;
	copy = arg ? bl_node_new(w->q, e->op, e->type, e, arg, e->narg) : NULL;
	return copy;
}

/* --- the plan's outputs --- */

static struct bl_item *new_item(struct select *w, struct bl_expr *e)
{
	struct bl_item *item = e ? bl_node_push(w->q, &w->p->out, &w->p->nout, sizeof *item) : NULL;

	if (item)
		item->expr = e;
	return item;
}

static int outputs(struct select *w)
{
	for (uint32_t i = 0; i < w->nout; i++) {
		struct bl_expr *e = w->out[i].expr;
		if (w->p->kind == BL_PLAN_GROUPS)
			e = over_keys(w, e);
		else if (e->op != BL_OP_LIT)
			e = key_ref(w, key_of(w, e), e);
		if (!new_item(w, e) || name_out(w, i, w->out[i].name))
			return -1;
	}
	return 0;
}

/* A key of ORDER BY over rows: one that is not selected is an output that is not printed. */
static struct bl_expr *key_only(struct select *w, struct bl_expr *e)
{
	uint32_t before = w->p->nkey;
	struct bl_expr *ref = key_ref(w, key_of(w, e), e);

	if (ref && w->p->nkey > before) {
		if (w->p->kind == BL_PLAN_DISTINCT) {
			bl_lex_fail(w->q, e->pos, e->len, BL_USAGE, "ORDER BY of SELECT DISTINCT takes only what is selected");
			return NULL;
		}
		struct bl_item *item = new_item(w, ref);
		if (!item || name_out(w, w->p->nout - 1, (struct bl_str){ "?order?", 7 }))
			return NULL;
		item->hidden = true;
	}
	return ref;
}

/* Binds the keys of ORDER BY; an aggregate in them makes a grouped query like any other. */
static int sorts(struct select *w)
{
	w->sort = bl_lex_alloc(w->q, w->s->norder, sizeof *w->sort);
	for (uint32_t i = 0; w->sort && i < w->s->norder; i++) {
		const struct bl_ast *x = w->s->order[i].expr;
		struct sort *t = &w->sort[i];
		t->out = -1;
		if (x->kind == BL_AST_NUMBER) {
			if ((t->out = ordinal(w, x, "ORDER BY")) < 0)
				return -1;
		} else if (x->kind == BL_AST_NAME && !x->qual.p) {
			if ((t->out = output(w, x, "ORDER BY")) == -2)
				return -1;
		} else if (x->kind == BL_AST_STRING) {
			return bl_lex_fail(w->q, x->pos, x->len, BL_USAGE, "a constant in ORDER BY must be the number of a column");
		}
		if (t->out < 0 && !(t->expr = bl_bind_expr(w->b, x)))
			return -1;
	}
	return w->sort ? 0 : -1;
}

static int order_by(struct select *w)
{
	for (uint32_t i = 0; i < w->s->norder; i++) {
		const struct bl_ast_order *from = &w->s->order[i];
		struct bl_order *to = bl_node_push(w->q, &w->p->order, &w->p->norder, sizeof *to);
		struct bl_expr *e = w->sort[i].expr;
		if (!to)
			return -1;
		to->desc = from->desc;
		to->nulls_first = from->nulls_first;
		if (!e)
			to->expr = w->p->out[w->sort[i].out].expr;
		else if (e->op == BL_OP_LIT)
			to->expr = e;
		else
			to->expr = w->p->kind == BL_PLAN_GROUPS ? over_keys(w, e) : key_only(w, e);
		if (!to->expr)
			return -1;
	}
	return 0;
}

/* DISTINCT over groups changes nothing when every key is printed; other answers would need to be grouped again. */
static int distinct_groups(struct select *w)
{
	for (uint32_t k = 0; k < w->p->nkey; k++) {
		bool printed = false;
		for (uint32_t i = 0; i < w->p->nout && !printed; i++)
			printed = w->p->out[i].expr->op == BL_OP_KEY && w->p->out[i].expr->index == k;
		if (!printed)
			return bl_lex_fail(w->q, w->s->distinct_at.pos, w->s->distinct_at.len, BL_USAGE,
					   "DISTINCT with GROUP BY is not supported by this version unless all keys are selected");
	}
	return 0;
}

/* --- what the whole adds up to --- */

static uint32_t size_of(const struct bl_expr *e)
{
	return e ? e->size : 0;
}

static int bounded(struct select *w)
{
	const struct bl_plan *p = w->p;
	uint64_t n = (uint64_t)size_of(p->where) + size_of(p->having);

	for (uint32_t i = 0; i < p->nkey; i++)
		n += size_of(p->key[i]);
	for (uint32_t i = 0; i < p->ncell; i++)
		n += (uint64_t)size_of(p->cell[i].arg) + size_of(p->cell[i].cond);
	for (uint32_t i = 0; i < p->nout; i++)
		n += size_of(p->out[i].expr);
	for (uint32_t i = 0; i < p->norder; i++)
		n += size_of(p->order[i].expr);
	return n <= BL_PLAN_NODES ? 0 : bl_err_set(w->q->err, BL_USAGE, "the statement is too large");
}

static void mark(const struct bl_expr *e, bool *used)
{
	if (!e)
		return;
	if (e->op == BL_OP_COL)
		used[e->index] = true;
	for (uint32_t i = 0; i < e->narg; i++)
		mark(e->arg[i], used);
}

static int mark_used(struct select *w)
{
	struct bl_plan *p = w->p;
	bool *used = bl_lex_alloc(w->q, p->schema->n, sizeof *used);

	if (!used)
		return -1;
	mark(p->where, used);
	for (uint32_t i = 0; i < p->nkey; i++)
		mark(p->key[i], used);
	for (uint32_t i = 0; i < p->ncell; i++) {
		mark(p->cell[i].arg, used);
		mark(p->cell[i].cond, used);
	}
	p->used = used;
	return 0;
}

int bl_select_bind(struct bl_bind *b, const struct bl_ast_select *s)
{
	struct select w = { .b = b, .q = b->q, .p = b->plan, .s = s };
	struct bl_plan *p = b->plan;
	bool grouped;

	b->no_agg = "WHERE";
	if (s->where && !(p->where = bl_bind_cond(b, s->where, "WHERE")))
		return -1;
	b->no_agg = NULL;
	/* A group's key, or a row, is only printed when the gate let its own rows pass: cell 0. */
	if (s->ngroup && bl_decompose_cell(b->q, p, BL_CELL_N, NULL, NULL) < 0)
		return -1;
	if (items(&w) || group_by(&w) || (s->having && !(w.having = bl_bind_cond(b, s->having, "HAVING"))) || sorts(&w))
		return -1;
	grouped = s->ngroup || s->having || p->nagg;
	p->kind = grouped ? BL_PLAN_GROUPS : s->distinct ? BL_PLAN_DISTINCT : BL_PLAN_ROWS;
	if (!grouped && bl_decompose_cell(b->q, p, BL_CELL_N, NULL, NULL) < 0)
		return -1;
	if (outputs(&w) || (w.having && !(p->having = over_keys(&w, w.having))) || order_by(&w) || (grouped && s->distinct && distinct_groups(&w)))
		return -1;
	p->has_limit = s->has_limit;
	p->limit = s->limit;
	p->offset = s->offset;
	return bounded(&w) || mark_used(&w) ? -1 : 0;
}
