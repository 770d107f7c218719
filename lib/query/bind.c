/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind: a tree to a typed expression: names to columns, operators by PostgreSQL's typing with every conversion made
 * visible as a CAST, so that whoever evaluates an expression meets equal types on both sides. A column that may not be
 * seen does not exist here, from the very first look at a name.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "query/ast.h"

static int type_fail(struct bl_bind *b, const struct bl_expr *at, const char *what, struct bl_type l, struct bl_type r)
{
	char left[32], right[32];

	bl_type_print(l, left);
	bl_type_print(r, right);
	return bl_lex_fail(b->q, at->pos, at->len, BL_USAGE, "%s %s and %s", what, l.kind ? left : "null", r.kind ? right : "null");
}

/* --- names --- */

int bl_bind_find(const struct bl_bind *b, struct bl_str name, bool exact)
{
	int found = -1;

	for (uint32_t i = 0; i < b->schema->n; i++) {
		const char *c = b->schema->col[i].name;
		if ((!b->visible || b->visible[i]) && bl_lex_equal(name, (struct bl_str){ c, (uint32_t)strlen(c) }))
			return (int)i;
	}
	for (uint32_t i = 0; i < b->schema->n && !exact; i++) {
		const char *c = b->schema->col[i].name;
		if ((b->visible && !b->visible[i]) || !bl_lex_same(name, (struct bl_str){ c, (uint32_t)strlen(c) }))
			continue;
		if (found >= 0)
			return -2;
		found = (int)i;
	}
	return found;
}

/* The only words ever said about a column that cannot be used: hidden or absent, they are the same. */
static int no_column(struct bl_bind *b, const struct bl_ast *x)
{
	const char **names = bl_lex_alloc(b->q, b->schema->n, sizeof *names), *near, *word;
	size_t n = 0;

	word = bl_arena_strndup(b->q->a, x->s.p, x->s.n);
	if (!names || !word)
		return -1;
	for (uint32_t i = 0; i < b->schema->n; i++)
		if (!b->visible || b->visible[i])
			names[n++] = b->schema->col[i].name;
	near = x->s.n < BL_TYPE_NAME ? bl_text_nearest(word, names, n) : NULL;
	if (near && bl_text_distance(word, near, 3) > (x->s.n < 6 ? 1 : 2))
		near = NULL;		/* short names are near to many: a slip of the finger, no more */
	bl_lex_fail(b->q, x->pos, x->len, BL_REFUSED, "refused: uses (no column '%.*s' that you may use)", BL_LEX_NAME(x->s));
	return near ? bl_err_hint(b->q->err, "did you mean '%s'?", near) : -1;
}

static struct bl_expr *column(struct bl_bind *b, const struct bl_ast *x, const struct bl_expr *at)
{
	struct bl_expr *e;
	int i;

	if (x->qual.p && !bl_lex_same(x->qual, b->table)) {
		bl_lex_fail(b->q, x->pos, x->qual.n, BL_USAGE, "no table '%.*s' in FROM", BL_LEX_NAME(x->qual));
		return NULL;
	}
	i = bl_bind_find(b, x->s, x->quoted);
	if (i == -2)
		bl_lex_fail(b->q, x->pos, x->len, BL_USAGE, "the name '%.*s' is ambiguous: columns differ only by case; quote it", BL_LEX_NAME(x->s));
	else if (i < 0)
		no_column(b, x);
	if (i < 0)
		return NULL;
	e = bl_node_new(b->q, BL_OP_COL, b->schema->col[i].type, at, NULL, 0);
	if (e)
		e->index = (uint32_t)i;
	return e;
}

/* --- types --- */

static struct bl_type decimal(unsigned whole, unsigned scale)
{
	unsigned p = whole + scale;

	return (struct bl_type){ BL_TYPE_DECIMAL, (uint8_t)(p > 38 ? 38 : p ? p : 1), (uint8_t)scale };
}

static unsigned whole_digits(struct bl_type t)
{
	return t.kind == BL_TYPE_INT ? 19 : (unsigned)(t.precision - t.scale);
}

static bool common(struct bl_type a, struct bl_type b, struct bl_type *r)
{
	*r = a.kind == BL_TYPE_NULL ? b : a;
	if (a.kind == BL_TYPE_NULL || b.kind == BL_TYPE_NULL)
		return true;
	if (bl_type_number(a) && bl_type_number(b)) {
		if (a.kind == BL_TYPE_DOUBLE || b.kind == BL_TYPE_DOUBLE)
			*r = bl_type_of(BL_TYPE_DOUBLE);
		else if (a.kind == BL_TYPE_DECIMAL || b.kind == BL_TYPE_DECIMAL) {
			unsigned wa = whole_digits(a), wb = whole_digits(b);
			*r = decimal(wa > wb ? wa : wb, a.scale > b.scale ? a.scale : b.scale);
		}
		return true;
	}
	if ((a.kind == BL_TYPE_DATE && b.kind == BL_TYPE_STAMP) || (a.kind == BL_TYPE_STAMP && b.kind == BL_TYPE_DATE)) {
		*r = bl_type_of(BL_TYPE_STAMP);
		return true;
	}
	return a.kind == b.kind;
}

static bool is_text_lit(const struct bl_expr *e)
{
	return e->op == BL_OP_LIT && e->type.kind == BL_TYPE_TEXT;
}

/* Does the literal keep its value as a t? */
static int exact(struct bl_bind *b, const struct bl_expr *lit, struct bl_type t, bool *yes)
{
	struct bl_value v, back;

	*yes = lit->lit.null || t.kind == BL_TYPE_DOUBLE;
	if (*yes || lit->type.kind == BL_TYPE_DOUBLE)
		return 0;
	if (bl_fold_cast(b->q, &lit->lit, t, &v) || bl_fold_cast(b->q, &v, lit->type, &back))
		return -1;
	*yes = !back.null && back.i == lit->lit.i;
	return 0;
}

/* The type of all that is not a bare text; when the columns agree on one that holds every literal, that. */
static int common_of(struct bl_bind *b, struct bl_expr **e, uint32_t n, const struct bl_expr *at, const char *what, struct bl_type *t)
{
	struct bl_type fixed = { 0 }, all = { 0 };
	bool holds = true;

	for (uint32_t i = 0; i < n; i++) {
		if (is_text_lit(e[i]))
			continue;
		if (!common(all, e[i]->type, &all) || (e[i]->op != BL_OP_LIT && !common(fixed, e[i]->type, &fixed)))
			return type_fail(b, at, what, all, e[i]->type);
	}
	for (uint32_t i = 0; i < n && holds && fixed.kind; i++)
		if (e[i]->op == BL_OP_LIT && !is_text_lit(e[i]) && exact(b, e[i], fixed, &holds))
			return -1;
	*t = fixed.kind && holds ? fixed : all;
	/* A literal may pass 38 digits at the scale of the others: then as doubles, rather than as NULL. */
	for (uint32_t i = 0; i < n && t->kind == BL_TYPE_DECIMAL; i++) {
		struct bl_value v;
		if (e[i]->op != BL_OP_LIT || !bl_type_number(e[i]->type))
			continue;
		if (bl_fold_cast(b->q, &e[i]->lit, *t, &v))
			return -1;
		if (v.null && !e[i]->lit.null)
			*t = bl_type_of(BL_TYPE_DOUBLE);
	}
	return 0;
}

int bl_bind_unify(struct bl_bind *b, struct bl_expr **e, uint32_t n, const struct bl_expr *at, const char *what)
{
	struct bl_type t;

	if (common_of(b, e, n, at, what, &t))
		return -1;
	if (!t.kind)
		t = bl_type_of(BL_TYPE_TEXT);
	for (uint32_t i = 0; i < n; i++) {
		bool text = is_text_lit(e[i]) && t.kind != BL_TYPE_TEXT;
		char name[32];
		if (text && bl_type_number(t))
			return type_fail(b, at, what, e[i]->type, t);
		struct bl_expr *c = bl_node_cast(b->q, e[i], t);
		if (!c)
			return -1;
		bl_type_print(t, name);
		if (text && c->lit.null && !e[i]->lit.null)
			return bl_lex_fail(b->q, e[i]->pos, e[i]->len, BL_USAGE, "this text is not a %s", name);
		e[i] = c;
	}
	return 0;
}

/* --- operators --- */

/* date +- days, date - date; NULL with nothing set in *mine when it is about something else. */
static struct bl_expr *date_arith(struct bl_bind *b, enum bl_op op, struct bl_expr *l, struct bl_expr *r, const struct bl_expr *at, bool *mine)
{
	enum bl_type_kind lk = l->type.kind, rk = r->type.kind;
	struct bl_expr *arg[] = { l, r };

	*mine = true;
	if (op == BL_OP_SUB && lk == BL_TYPE_DATE && rk == BL_TYPE_DATE)
		return bl_fold_arith(b->q, bl_node_new(b->q, op, bl_type_of(BL_TYPE_INT), at, arg, 2));
	if (op == BL_OP_ADD && lk == BL_TYPE_INT && rk == BL_TYPE_DATE) {
		arg[0] = r;
		arg[1] = l;
	} else if ((op != BL_OP_ADD && op != BL_OP_SUB) || lk != BL_TYPE_DATE || rk != BL_TYPE_INT) {
		*mine = false;
		return NULL;
	}
	return bl_fold_arith(b->q, bl_node_new(b->q, op, bl_type_of(BL_TYPE_DATE), at, arg, 2));
}

struct bl_expr *bl_bind_arith(struct bl_bind *b, enum bl_op op, struct bl_expr *l, struct bl_expr *r, const struct bl_expr *at)
{
	static const char *const sign[] = { [BL_OP_ADD] = "+", [BL_OP_SUB] = "-", [BL_OP_MUL] = "*", [BL_OP_DIV] = "/", [BL_OP_MOD] = "%" };
	struct bl_type t, lt, rt;
	bool mine;
	char what[40];

	if (!l || !r)
		return NULL;
	struct bl_expr *d = date_arith(b, op, l, r, at, &mine);
	if (mine)
		return d;
	snprintf(what, sizeof what, "'%s' does not take", sign[op]);
	if (!common(l->type, r->type, &t) || (t.kind && !bl_type_number(t)))
		return type_fail(b, at, what, l->type, r->type), NULL;
	if (!t.kind)
		t = bl_type_of(BL_TYPE_INT);
	if (op == BL_OP_MOD && t.kind == BL_TYPE_DOUBLE)
		return type_fail(b, at, what, l->type, r->type), NULL;
	lt = rt = t;
	if (t.kind == BL_TYPE_DECIMAL) {
		unsigned wl = whole_digits(l->type), wr = whole_digits(r->type), scale = (unsigned)l->type.scale + r->type.scale;
		if (op == BL_OP_DIV || (op == BL_OP_MUL && scale > 38)) {
			lt = rt = t = bl_type_of(BL_TYPE_DOUBLE);
		} else if (op == BL_OP_MUL) {
			t = decimal(wl + wr, scale);
			lt = decimal(wl, l->type.scale);
			rt = decimal(wr, r->type.scale);
		} else if (op != BL_OP_MOD) {
			t = decimal((wl > wr ? wl : wr) + 1, t.scale);
		}
	}
	struct bl_expr *arg[] = { bl_node_cast(b->q, l, lt), bl_node_cast(b->q, r, rt) };
	if (!arg[0] || !arg[1])
		return NULL;
	return bl_fold_arith(b->q, bl_node_new(b->q, op, t, at, arg, 2));
}

/* The literal goes to the right, so that 5 < x and x > 5 are one plan. */
static struct bl_expr *compare(struct bl_bind *b, enum bl_op op, struct bl_expr *l, struct bl_expr *r, const struct bl_expr *at)
{
	struct bl_expr *arg[] = { l, r };

	if (!l || !r)
		return NULL;
	if (l->op == BL_OP_LIT && r->op != BL_OP_LIT) {
		arg[0] = r;
		arg[1] = l;
		op = bl_node_mirrored(op);
	}
	if (bl_bind_unify(b, arg, 2, at, "cannot compare"))
		return NULL;
	return bl_node_new(b->q, op, bl_type_of(BL_TYPE_BOOL), at, arg, 2);
}

static struct bl_expr *as_bool(struct bl_bind *b, struct bl_expr *e, const char *who)
{
	char name[32];

	if (!e || e->type.kind == BL_TYPE_BOOL)
		return e;
	if (e->op == BL_OP_LIT && (e->lit.null || is_text_lit(e))) {
		struct bl_expr *c = bl_node_cast(b->q, e, bl_type_of(BL_TYPE_BOOL));
		if (!c || !c->lit.null || e->lit.null)
			return c;
	}
	bl_type_print(e->type, name);
	bl_lex_fail(b->q, e->pos, e->len, BL_USAGE, "%s needs a condition, not %s", who, name);
	return NULL;
}

struct bl_expr *bl_bind_cond(struct bl_bind *b, const struct bl_ast *x, const char *clause)
{
	return as_bool(b, bl_bind_expr(b, x), clause);
}

/* The next word of *s up to end; empty at the end. */
static struct bl_str next_word(const char **s, const char *end)
{
	struct bl_str w;

	while (*s < end && **s == ' ')
		++*s;
	w.p = *s;
	while (*s < end && **s != ' ')
		++*s;
	w.n = (uint32_t)(*s - w.p);
	return w;
}

/* 'n unit [n unit ...]' to months and microseconds. */
static bool parse_interval(struct bl_str text, int64_t *months, int64_t *us)
{
	static const struct { const char *name; int64_t months, us; } units[] = {
		{ "year", 12, 0 }, { "month", 1, 0 }, { "mon", 1, 0 }, { "week", 0, 7 * INT64_C(86400000000) }, { "day", 0, INT64_C(86400000000) },
		{ "hour", 0, INT64_C(3600000000) }, { "minute", 0, 60000000 }, { "min", 0, 60000000 }, { "second", 0, 1000000 }, { "sec", 0, 1000000 },
	};
	const char *s = text.p, *end = s + text.n;
	struct bl_str number = next_word(&s, end), unit;
	int64_t n, m, u;

	*months = *us = 0;
	if (!number.n)
		return false;
	for (; number.n; number = next_word(&s, end)) {
		size_t i = 0, count = sizeof units / sizeof *units;
		unit = next_word(&s, end);
		if (unit.n > 3 && (unit.p[unit.n - 1] | 0x20) == 's')
			unit.n--;
		while (i < count && !bl_lex_same(unit, (struct bl_str){ units[i].name, (uint32_t)strlen(units[i].name) }))
			i++;
		if (i == count || !bl_num_parse_i64(number.p, number.n, &n) || __builtin_mul_overflow(n, units[i].months, &m) ||
		    __builtin_mul_overflow(n, units[i].us, &u) || __builtin_add_overflow(*months, m, months) || __builtin_add_overflow(*us, u, us))
			return false;
	}
	/* Past the calendar, and so that both may be negated. */
	return *months < 120000 && *months > -120000 && *us != INT64_MIN;
}

static struct bl_expr *interval(struct bl_bind *b, enum bl_op op, const struct bl_ast *x, const struct bl_expr *at)
{
	bool swapped = x->arg[0]->kind == BL_AST_INTERVAL;
	const struct bl_ast *text = x->arg[swapped ? 0 : 1];
	struct bl_expr *e = bl_bind_expr(b, x->arg[swapped ? 1 : 0]);
	struct bl_type stamp = bl_type_of(BL_TYPE_STAMP);
	int64_t months, us;

	if (!e)
		return NULL;
	if ((op != BL_OP_ADD && (op != BL_OP_SUB || swapped)) || (e->type.kind != BL_TYPE_DATE && e->type.kind != BL_TYPE_STAMP)) {
		bl_lex_fail(b->q, at->pos, at->len, BL_USAGE, "an interval can only be added to or taken from a date or timestamp");
		return NULL;
	}
	if (!parse_interval(text->s, &months, &us)) {
		bl_lex_fail(b->q, text->pos, text->len, BL_USAGE, "an interval is written like '3 months' or '1 day 12 hours'");
		return NULL;
	}
	struct bl_expr *arg[] = { bl_node_cast(b->q, e, stamp), bl_node_int(b->q, op == BL_OP_SUB ? -months : months, at),
				  bl_node_int(b->q, op == BL_OP_SUB ? -us : us, at) };
	return arg[0] && arg[1] && arg[2] ? bl_fold_arith(b->q, bl_node_new(b->q, BL_OP_ADD_INTERVAL, stamp, at, arg, 3)) : NULL;
}

static struct bl_expr *concat(struct bl_bind *b, struct bl_expr *l, struct bl_expr *r, const struct bl_expr *at)
{
	struct bl_type text = bl_type_of(BL_TYPE_TEXT);

	if (!l || !r)
		return NULL;
	if (l->type.kind && r->type.kind && l->type.kind != BL_TYPE_TEXT && r->type.kind != BL_TYPE_TEXT)
		return type_fail(b, at, "'||' does not take", l->type, r->type), NULL;
	struct bl_expr *arg[] = { bl_node_cast(b->q, l, text), bl_node_cast(b->q, r, text) };
	return bl_node_new(b->q, BL_OP_CONCAT, text, at, arg, 2);
}

static struct bl_expr *like(struct bl_bind *b, enum bl_op op, struct bl_expr *l, struct bl_expr *r, const struct bl_expr *at)
{
	struct bl_type text = bl_type_of(BL_TYPE_TEXT);

	if (!l || !r)
		return NULL;
	if (r->op != BL_OP_LIT) {
		bl_lex_fail(b->q, r->pos, r->len, BL_USAGE, "the pattern of LIKE must be a literal");
		return NULL;
	}
	if ((l->type.kind && l->type.kind != BL_TYPE_TEXT) || (r->type.kind && r->type.kind != BL_TYPE_TEXT))
		return type_fail(b, at, "LIKE does not take", l->type, r->type), NULL;
	if (r->lit.null)
		return bl_node_lit(b->q, &(struct bl_value){ .type = bl_type_of(BL_TYPE_BOOL), .null = true }, at);
	struct bl_expr *arg[] = { bl_node_cast(b->q, l, text), r };
	return bl_node_new(b->q, op, bl_type_of(BL_TYPE_BOOL), at, arg, 2);
}

/* A flat AND or OR: what stands inside one of the same kind moves up. */
static struct bl_expr *nary(struct bl_bind *b, const struct bl_ast *x, const struct bl_expr *at)
{
	struct bl_expr **arg = NULL, **slot;
	uint32_t n = 0;

	for (uint32_t i = 0; i < x->narg; i++) {
		struct bl_expr *c = as_bool(b, bl_bind_expr(b, x->arg[i]), x->op == BL_OP_AND ? "AND" : "OR");
		for (uint32_t k = 0; c && k < (c->op == x->op ? c->narg : 1); k++) {
			if (!(slot = bl_node_push(b->q, &arg, &n, sizeof *slot)))
				return NULL;
			*slot = c->op == x->op ? c->arg[k] : c;
		}
		if (!c)
			return NULL;
	}
	return bl_node_new(b->q, x->op, bl_type_of(BL_TYPE_BOOL), at, arg, n);
}

static struct bl_expr *negate(struct bl_bind *b, struct bl_expr *e, const struct bl_expr *at)
{
	char name[32];

	if (!e)
		return NULL;
	if (!bl_type_number(e->type) && e->type.kind) {
		bl_type_print(e->type, name);
		bl_lex_fail(b->q, at->pos, at->len, BL_USAGE, "'-' does not take %s", name);
		return NULL;
	}
	return bl_fold_arith(b->q, bl_node_new(b->q, BL_OP_NEG, e->type.kind ? e->type : bl_type_of(BL_TYPE_INT), at, &e, 1));
}

static struct bl_expr *operator(struct bl_bind *b, const struct bl_ast *x, const struct bl_expr *at)
{
	struct bl_expr *l, *r;

	if (x->op == BL_OP_AND || x->op == BL_OP_OR)
		return nary(b, x, at);
	if (x->narg == 2 && (x->arg[0]->kind == BL_AST_INTERVAL || x->arg[1]->kind == BL_AST_INTERVAL))
		return interval(b, x->op, x, at);
	l = bl_bind_expr(b, x->arg[0]);
	r = l && x->narg > 1 ? bl_bind_expr(b, x->arg[1]) : NULL;
	if (!l || (x->narg > 1 && !r))
		return NULL;
	switch (x->op) {
	case BL_OP_NEG:
		return negate(b, l, at);
	case BL_OP_NOT:
		return bl_node_bool(b->q, BL_OP_NOT, as_bool(b, l, "NOT"));
	case BL_OP_ISNULL:
		return bl_node_bool(b->q, x->op, l);
	case BL_OP_ISTRUE:
	case BL_OP_ISFALSE:
		return bl_node_bool(b->q, x->op, as_bool(b, l, "IS TRUE"));
	case BL_OP_LIKE:
	case BL_OP_ILIKE:
		return like(b, x->op, l, r, at);
	case BL_OP_CONCAT:
		return concat(b, l, r, at);
	case BL_OP_ADD:
	case BL_OP_SUB:
	case BL_OP_MUL:
	case BL_OP_DIV:
	case BL_OP_MOD:
		return bl_bind_arith(b, x->op, l, r, at);
	default:
		return compare(b, x->op, l, r, at);
	}
}

static struct bl_expr *between(struct bl_bind *b, const struct bl_ast *x, const struct bl_expr *at)
{
	struct bl_expr *e = bl_bind_expr(b, x->arg[0]), *low, *high;

	low = e ? compare(b, BL_OP_GE, e, bl_bind_expr(b, x->arg[1]), at) : NULL;
	high = low ? compare(b, BL_OP_LE, e, bl_bind_expr(b, x->arg[2]), at) : NULL;
	return high ? bl_node_join(b->q, BL_OP_AND, low, high) : NULL;
}

/* Literals go into one IN; NULL and what is no literal stand beside it in an OR, which means the same. */
static struct bl_expr *in(struct bl_bind *b, const struct bl_ast *x, const struct bl_expr *at)
{
	struct bl_expr **lit = bl_lex_alloc(b->q, x->narg, sizeof *lit), **or = bl_lex_alloc(b->q, x->narg + 1, sizeof *or), *e;
	struct bl_type boolean = bl_type_of(BL_TYPE_BOOL);
	uint32_t nlit = 1, nor = 1;

	if (!lit || !or || !(e = bl_bind_expr(b, x->arg[0])))
		return NULL;
	lit[0] = e;
	for (uint32_t i = 1; i < x->narg; i++) {
		struct bl_expr *v = bl_bind_expr(b, x->arg[i]);
		if (!v)
			return NULL;
		if (v->op == BL_OP_LIT && !v->lit.null)
			lit[nlit++] = v;
		else if (!(or[nor++] = compare(b, BL_OP_EQ, e, v, at)))
			return NULL;
	}
	if (nlit > 1) {
		if (bl_bind_unify(b, lit, nlit, at, "cannot compare") || !(or[0] = bl_node_new(b->q, BL_OP_IN, boolean, at, lit, nlit)))
			return NULL;
		return nor == 1 ? or[0] : bl_node_new(b->q, BL_OP_OR, boolean, at, or, nor);
	}
	return nor == 2 ? or[1] : bl_node_new(b->q, BL_OP_OR, boolean, at, or + 1, nor - 1);
}

static struct bl_expr *case_of(struct bl_bind *b, const struct bl_ast *x, const struct bl_expr *at)
{
	uint32_t n = (x->narg - x->operand - x->otherwise) / 2, at_arg = x->operand;
	struct bl_expr *operand = NULL, **arg = bl_lex_alloc(b->q, 2 * n + 1, sizeof *arg), **value = bl_lex_alloc(b->q, n + 1, sizeof *value);

	if (!arg || !value || (x->operand && !(operand = bl_bind_expr(b, x->arg[0]))))
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		struct bl_expr *c = bl_bind_expr(b, x->arg[at_arg++]);
		arg[2 * i] = operand ? compare(b, BL_OP_EQ, operand, c, c ? c : at) : as_bool(b, c, "WHEN");
		value[i] = arg[2 * i] ? bl_bind_expr(b, x->arg[at_arg++]) : NULL;
		if (!value[i])
			return NULL;
	}
	value[n] = x->otherwise ? bl_bind_expr(b, x->arg[at_arg]) : bl_node_lit(b->q, &(struct bl_value){ .null = true }, at);
	if (!value[n] || bl_bind_unify(b, value, n + 1, at, "the branches of CASE mix"))
		return NULL;
	for (uint32_t i = 0; i < n; i++)
		arg[2 * i + 1] = value[i];
	arg[2 * n] = value[n];
	return bl_node_new(b->q, BL_OP_CASE, value[0]->type, at, arg, 2 * n + 1);
}

static struct bl_expr *cast(struct bl_bind *b, const struct bl_ast *x, const struct bl_expr *at)
{
	struct bl_expr *e = bl_bind_expr(b, x->arg[0]);
	struct bl_type t = x->type;
	enum bl_type_kind from, to = t.kind;
	char left[32], right[32];

	if (!e)
		return NULL;
	from = e->type.kind;
	if (to == BL_TYPE_DECIMAL && !t.precision) {
		if (from == BL_TYPE_DECIMAL)
			return e;
		if (from != BL_TYPE_INT) {
			bl_lex_fail(b->q, x->pos, x->len, BL_USAGE, "say how many digits: decimal(precision, scale)");
			return NULL;
		}
		t = decimal(19, 0);
	}
	if (!from || from == to || from == BL_TYPE_TEXT || to == BL_TYPE_TEXT || (bl_type_number(e->type) && bl_type_number(t)) ||
	    (from == BL_TYPE_BOOL && to == BL_TYPE_INT) || (from == BL_TYPE_INT && to == BL_TYPE_BOOL) ||
	    (from == BL_TYPE_DATE && to == BL_TYPE_STAMP) || (from == BL_TYPE_STAMP && to == BL_TYPE_DATE)) {
		/* A narrower decimal is a cast even at the same scale: it has its own overflow. */
		if (e->op != BL_OP_LIT && from == BL_TYPE_DECIMAL && to == from && t.precision < e->type.precision)
			return bl_node_new(b->q, BL_OP_CAST, t, at, &e, 1);
		return bl_node_cast(b->q, e, t);
	}
	bl_type_print(e->type, left);
	bl_type_print(t, right);
	bl_lex_fail(b->q, x->pos, x->len, BL_USAGE, "cannot cast %s to %s", left, right);
	return NULL;
}

static struct bl_expr *call(struct bl_bind *b, const struct bl_ast *x, const struct bl_expr *at)
{
	struct bl_expr **arg = bl_lex_alloc(b->q, x->narg, sizeof *arg), *filter = NULL;
	const char *outer = b->no_agg;
	enum bl_agg_fn fn;
	bool star = x->narg == 1 && x->arg[0]->kind == BL_AST_STAR, aggregate = !bl_func_aggregate(x->s, &fn);

	if (!arg)
		return NULL;
	if (!aggregate && (star || x->distinct || x->filter)) {
		if (!bl_func_known(x->s))
			bl_func_unknown(b, x);
		else
			bl_lex_fail(b->q, x->pos, x->len, BL_USAGE, "'%.*s' is not an aggregate", BL_LEX_NAME(x->s));
		return NULL;
	}
	if (!aggregate) {
		for (uint32_t i = 0; i < x->narg; i++)
			if (!(arg[i] = bl_bind_expr(b, x->arg[i])))
				return NULL;
		return bl_func_call(b, x, arg, at);
	}
	if (outer) {
		bl_lex_fail(b->q, x->pos, x->len, BL_USAGE, "an aggregate may not stand in %s", outer);
		return NULL;
	}
	if (x->narg != 1 || (star && fn != BL_AGG_COUNT)) {
		bl_lex_fail(b->q, x->pos, x->len, BL_USAGE, "'%.*s' takes one argument", BL_LEX_NAME(x->s));
		return NULL;
	}
	if (x->distinct && fn != BL_AGG_COUNT) {
		bl_lex_fail(b->q, x->pos, x->len, BL_USAGE, "%.*s(DISTINCT ...) is not supported by this version", BL_LEX_NAME(x->s));
		return NULL;
	}
	if (x->distinct)
		fn = BL_AGG_COUNT_DISTINCT;
	b->no_agg = "an aggregate";
	if ((!star && !(arg[0] = bl_bind_expr(b, x->arg[0]))) || (x->filter && !(filter = bl_bind_cond(b, x->filter, "FILTER"))))
		return NULL;
	b->no_agg = NULL;
	int i = bl_decompose_agg(b->q, b->plan, fn, arg[0], filter, at);
	if (i < 0)
		return NULL;
	struct bl_expr *e = bl_node_new(b->q, BL_OP_AGG, b->plan->agg[i].type, at, NULL, 0);
	if (e)
		e->index = (uint32_t)i;
	return e;
}

struct bl_expr *bl_bind_expr(struct bl_bind *b, const struct bl_ast *x)
{
	struct bl_expr at = { .pos = x->pos, .len = x->len };
	struct bl_value v = { .type = bl_type_of(BL_TYPE_BOOL) };
	struct bl_expr *e;

	switch (x->kind) {
	case BL_AST_NAME:
		return column(b, x, &at);
	case BL_AST_NUMBER:
		if (bl_fold_number(x->s.p, x->s.n, &v))
			return bl_node_lit(b->q, &v, &at);
		bl_lex_fail(b->q, x->pos, x->len, BL_USAGE, "this number is too large");
		return NULL;
	case BL_AST_NULL:
		v.type = bl_type_of(BL_TYPE_NULL);
		v.null = true;
		return bl_node_lit(b->q, &v, &at);
	case BL_AST_TRUE:
	case BL_AST_FALSE:
		v.i = x->kind == BL_AST_TRUE;
		return bl_node_lit(b->q, &v, &at);
	case BL_AST_STRING:
	case BL_AST_DATE:
	case BL_AST_STAMP:
		v.type = bl_type_of(BL_TYPE_TEXT);
		v.s = x->s;
		e = bl_node_lit(b->q, &v, &at);
		if (!e || x->kind == BL_AST_STRING)
			return e;
		e = bl_node_cast(b->q, e, bl_type_of(x->kind == BL_AST_DATE ? BL_TYPE_DATE : BL_TYPE_STAMP));
		if (e && e->lit.null) {
			bl_lex_fail(b->q, x->pos, x->len, BL_USAGE, "this text is not a %s", x->kind == BL_AST_DATE ? "date" : "timestamp");
			return NULL;
		}
		return e;
	case BL_AST_INTERVAL:
		bl_lex_fail(b->q, x->pos, x->len, BL_USAGE, "an interval can only be added to or taken from a date or timestamp");
		return NULL;
	case BL_AST_OP:
		return operator(b, x, &at);
	case BL_AST_BETWEEN:
		return between(b, x, &at);
	case BL_AST_IN:
		return in(b, x, &at);
	case BL_AST_CASE:
		return case_of(b, x, &at);
	case BL_AST_CAST:
		return cast(b, x, &at);
	case BL_AST_CALL:
		return call(b, x, &at);
	case BL_AST_STAR:
		bl_lex_fail(b->q, x->pos, x->len, BL_USAGE, "'*' may only stand alone, or in count(*)");
		return NULL;
	}
	return NULL;
}
