/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse: tokens to expressions, by recursive descent with PostgreSQL's precedences; names and types mean nothing yet.
 * Promises: whatever is accepted here, PostgreSQL's grammar accepts too; nesting and nodes are bounded; what the dialect
 * leaves out is refused by name.
 */
#include <string.h>

#include "query/parse.h"

struct bl_ast *bl_parse_leaf(struct bl_cursor *p, enum bl_ast_kind kind, const struct bl_tok *t)
{
	struct bl_ast *x = NULL;

	if (++p->q->nodes > BL_PLAN_NODES)
		bl_lex_fail(p->q, t->pos, t->len, BL_USAGE, "the statement is too large");
	else
		x = bl_lex_alloc(p->q, 1, sizeof *x);
	if (x)
		*x = (struct bl_ast){ .kind = kind, .pos = t->pos, .len = t->len, .height = 1, .s = t->s };
	return x;
}

/* Puts c under x, which may not become too deep. */
static int add(struct bl_cursor *p, struct bl_ast *x, struct bl_ast *c)
{
	struct bl_ast **slot;

	if (!x || !c)
		return -1;
	if (c->kind == BL_AST_STAR && c->qual.p)
		return bl_lex_fail(p->q, c->pos, c->len, BL_USAGE, "'%.*s.*' may only stand alone", BL_LEX_NAME(c->qual));
	if (c->height >= BL_PLAN_DEPTH)
		return bl_lex_fail(p->q, c->pos, c->len, BL_USAGE, "nested more than %d deep", BL_PLAN_DEPTH);
	slot = bl_node_push(p->q, &x->arg, &x->narg, sizeof *slot);
	if (!slot)
		return -1;
	*slot = c;
	if (x->height < c->height + 1)
		x->height = c->height + 1;
	if (c->pos < x->pos) {
		x->len += x->pos - c->pos;
		x->pos = c->pos;
	}
	return 0;
}

static struct bl_ast *done(struct bl_cursor *p, struct bl_ast *x)
{
	x->len = p->end - x->pos;
	return x;
}

/* op(l, r); a chain of AND or OR is one node. */
static struct bl_ast *binary(struct bl_cursor *p, enum bl_op op, const struct bl_tok *at, struct bl_ast *l, struct bl_ast *r)
{
	struct bl_ast *x;

	if (!l || !r)
		return NULL;
	if ((op == BL_OP_AND || op == BL_OP_OR) && l->kind == BL_AST_OP && l->op == op)
		return add(p, l, r) ? NULL : done(p, l);
	x = bl_parse_leaf(p, BL_AST_OP, at);
	if (add(p, x, l) || add(p, x, r))
		return NULL;
	x->op = op;
	return done(p, x);
}

static struct bl_ast *unary(struct bl_cursor *p, enum bl_op op, const struct bl_tok *at, struct bl_ast *a)
{
	struct bl_ast *x = a ? bl_parse_leaf(p, BL_AST_OP, at) : NULL;

	if (add(p, x, a))
		return NULL;
	x->op = op;
	return done(p, x);
}

static int subquery(struct bl_cursor *p)
{
	if (bl_cursor_word(p, "select") || bl_cursor_word(p, "with") || bl_cursor_word(p, "values"))
		return bl_cursor_refuse(p, "a subquery is");
	return 0;
}

/* expr {, expr} ) */
static int list(struct bl_cursor *p, struct bl_ast *x)
{
	int r;

	do {
		if (bl_cursor_word(p, "variadic"))
			return bl_cursor_refuse(p, "VARIADIC is");
		if (add(p, x, bl_parse_expr(p, 0)))
			return -1;
	} while ((r = bl_cursor_take_op(p, ',')) == 1);
	if (!r && bl_cursor_word(p, "order"))
		return bl_cursor_refuse(p, "ORDER BY inside a function is");
	return r ? -1 : bl_cursor_need_op(p, ')');
}

static int whole(struct bl_cursor *p, int64_t *v)
{
	if (p->t.kind != BL_TOK_NUMBER || !bl_num_parse_i64(p->t.s.p, p->t.s.n, v))
		return bl_cursor_syntax(p);
	return bl_cursor_next(p);
}

/* A type's name. A bare DECIMAL comes back with precision 0. */
static int type_name(struct bl_cursor *p, struct bl_type *t)
{
	static const char *const decimals[] = { "decimal", "numeric", "dec", NULL };
	struct bl_tok name = p->t;
	int64_t precision = 0, scale = 0;
	int r;

	if (name.kind != BL_TOK_WORD || bl_cursor_reserved(&name))
		return bl_cursor_syntax(p);
	if (bl_cursor_next(p) || (bl_lex_is(&name, "double") && bl_cursor_take_word(p, "precision") < 0))
		return -1;
	if (bl_cursor_one_of(&name, decimals)) {
		*t = bl_type_of(BL_TYPE_DECIMAL);
		if ((r = bl_cursor_take_op(p, '(')) != 1)
			return r;
		if (whole(p, &precision) || (r = bl_cursor_take_op(p, ',')) < 0 || (r && whole(p, &scale)) || bl_cursor_need_op(p, ')'))
			return -1;
		if (precision < 1 || precision > 38 || scale > precision)
			return bl_lex_fail(p->q, name.pos, p->end - name.pos, BL_USAGE, "a decimal has 1 to 38 digits, and no more of them after the point");
		t->precision = (uint8_t)precision;
		t->scale = (uint8_t)scale;
		return 0;
	}
	if (!bl_type_parse(name.s.p, name.s.n, t))
		return bl_lex_fail(p->q, name.pos, name.len, BL_USAGE, "the type '%.*s' is not supported by this version", BL_LEX_NAME(name.s));
	if (bl_cursor_op(p, '(') || bl_cursor_op(p, '['))
		return bl_lex_fail(p->q, name.pos, p->t.pos + 1 - name.pos, BL_USAGE, "'%.*s' takes nothing after it here", BL_LEX_NAME(name.s));
	if (t->kind == BL_TYPE_STAMP && (bl_cursor_word(p, "with") || bl_cursor_word(p, "without")))
		return bl_cursor_refuse(p, "a time zone in a type is");
	return 0;
}

static struct bl_ast *case_expr(struct bl_cursor *p)
{
	struct bl_ast *x = bl_parse_leaf(p, BL_AST_CASE, &p->t);
	int r;

	if (!x || bl_cursor_next(p))
		return NULL;
	if (!bl_cursor_word(p, "when")) {
		x->operand = true;
		if (add(p, x, bl_parse_expr(p, 0)))
			return NULL;
	}
	if (!bl_cursor_word(p, "when")) {
		bl_cursor_syntax(p);
		return NULL;
	}
	while ((r = bl_cursor_take_word(p, "when")) == 1)
		if (add(p, x, bl_parse_expr(p, 0)) || bl_cursor_need_word(p, "then") || add(p, x, bl_parse_expr(p, 0)))
			return NULL;
	if (r < 0 || (r = bl_cursor_take_word(p, "else")) < 0)
		return NULL;
	if (r) {
		x->otherwise = true;
		if (add(p, x, bl_parse_expr(p, 0)))
			return NULL;
	}
	return bl_cursor_need_word(p, "end") ? NULL : done(p, x);
}

/* extract(field FROM x) after its parenthesis. */
static int extract(struct bl_cursor *p, struct bl_ast *x)
{
	struct bl_tok field = p->t;

	if ((field.kind != BL_TOK_WORD && field.kind != BL_TOK_STRING) || !bl_func_field(field.s))
		return bl_cursor_syntax(p);
	if (bl_cursor_next(p) || add(p, x, bl_parse_leaf(p, BL_AST_STRING, &field)) || bl_cursor_need_word(p, "from"))
		return -1;
	return add(p, x, bl_parse_expr(p, 0)) || bl_cursor_need_op(p, ')') ? -1 : 0;
}

/* position(a IN b) after its parenthesis. */
static int position(struct bl_cursor *p, struct bl_ast *x)
{
	if (add(p, x, bl_parse_expr(p, 7)) || bl_cursor_need_word(p, "in"))
		return -1;
	return add(p, x, bl_parse_expr(p, 7)) || bl_cursor_need_op(p, ')') ? -1 : 0;
}

/* * or [DISTINCT | ALL] arguments or nothing, after the parenthesis. */
static int plain(struct bl_cursor *p, struct bl_ast *x)
{
	struct bl_tok t = p->t;

	if (bl_cursor_op(p, ')'))
		return bl_cursor_next(p);
	if (bl_cursor_op(p, '*')) {
		if (bl_cursor_next(p) || add(p, x, bl_parse_leaf(p, BL_AST_STAR, &t)))
			return -1;
		return bl_cursor_need_op(p, ')');
	}
	x->distinct = bl_cursor_word(p, "distinct");
	if ((x->distinct || bl_cursor_word(p, "all")) && bl_cursor_next(p))
		return -1;
	return list(p, x);
}

static struct bl_ast *call(struct bl_cursor *p)
{
	static const char *const bare[] = { "coalesce", "nullif", "greatest", "least", "substring", "trim", NULL };
	static const char *const never[] = {	/* column names and types to PostgreSQL, or functions with a grammar of their own */
		"between", "bigint", "bit", "boolean", "char", "character", "dec", "decimal", "float", "grouping", "inout", "int",
		"integer", "interval", "national", "nchar", "none", "normalize", "numeric", "out", "overlay", "precision", "real",
		"row", "setof", "smallint", "time", "timestamp", "treat", "values", "varchar", NULL,
	};
	struct bl_tok t = p->t;
	struct bl_ast *x = bl_parse_leaf(p, BL_AST_CALL, &t);
	bool function = false;
	int r;

	if (bl_cursor_one_of(&t, never)) {
		bl_lex_fail(p->q, t.pos, t.len, BL_USAGE, "'%.*s(' is not supported by this version", BL_LEX_NAME(t.s));
		return NULL;
	}
	if (!x || bl_cursor_next(p) || bl_cursor_next(p) || subquery(p))
		return NULL;
	if (bl_lex_is(&t, "extract"))
		r = extract(p, x);
	else if (bl_lex_is(&t, "position"))
		r = position(p, x);
	else if (bl_cursor_one_of(&t, bare))
		r = list(p, x);
	else
		r = plain(p, x), function = true;
	if (!r && bl_lex_is(&t, "nullif") && x->narg != 2)
		r = bl_lex_fail(p->q, t.pos, t.len, BL_USAGE, "'nullif' takes 2 arguments");
	if (!r && bl_cursor_word(p, "within"))
		r = bl_cursor_refuse(p, "WITHIN GROUP is");
	if (!r && function && bl_cursor_word(p, "filter") && p->next.kind == BL_TOK_OP && p->next.op == '(') {
		if (bl_cursor_next(p) || bl_cursor_next(p) || bl_cursor_need_word(p, "where") || !(x->filter = bl_parse_expr(p, 0)))
			return NULL;
		r = bl_cursor_need_op(p, ')');
		if (x->filter->height >= x->height)
			x->height = x->filter->height + 1;
	}
	if (!r && bl_cursor_word(p, "over"))
		r = bl_cursor_refuse(p, "OVER is");
	return r ? NULL : done(p, x);
}

/* DATE '...', TIMESTAMP '...', INTERVAL '...' [unit] */
static struct bl_ast *typed(struct bl_cursor *p)
{
	static const char *const units[] = { "year", "month", "day", "hour", "minute", "second", NULL };
	struct bl_tok word = p->t;
	enum bl_ast_kind kind = bl_lex_is(&word, "date") ? BL_AST_DATE : bl_lex_is(&word, "timestamp") ? BL_AST_STAMP : BL_AST_INTERVAL;
	struct bl_ast *x;

	if (kind == BL_AST_INTERVAL && !bl_lex_is(&word, "interval")) {
		bl_lex_fail(p->q, word.pos, word.len, BL_USAGE, "'%.*s' before a text is not supported by this version", BL_LEX_NAME(word.s));
		return NULL;
	}
	x = bl_cursor_next(p) ? NULL : bl_parse_leaf(p, kind, &p->t);
	if (!x || bl_cursor_next(p))
		return NULL;
	if (kind == BL_AST_INTERVAL && bl_cursor_one_of(&p->t, units)) {
		x->s.p = bl_arena_printf(p->q->a, "%.*s %.*s", (int)x->s.n, x->s.p, (int)p->t.s.n, p->t.s.p);
		x->s.n += 1 + p->t.s.n;
		if (!x->s.p || bl_cursor_next(p))
			return NULL;
	}
	x->pos = word.pos;
	return done(p, x);
}

static struct bl_ast *name(struct bl_cursor *p)
{
	struct bl_ast *x = bl_parse_leaf(p, BL_AST_NAME, &p->t);

	if (!x)
		return NULL;
	x->quoted = p->t.kind == BL_TOK_QUOTED;
	if (bl_cursor_next(p))
		return NULL;
	if (bl_cursor_op(p, '.')) {
		if (bl_cursor_next(p))
			return NULL;
		x->qual = x->s;
		x->s = p->t.s;
		x->quoted = p->t.kind == BL_TOK_QUOTED;
		if (bl_cursor_op(p, '*'))
			x->kind = BL_AST_STAR;
		else if (p->t.kind != BL_TOK_QUOTED && (p->t.kind != BL_TOK_WORD || bl_cursor_reserved(&p->t)))
			return bl_cursor_syntax(p), NULL;
		if (bl_cursor_next(p))
			return NULL;
		if (bl_cursor_op(p, '.') || bl_cursor_op(p, '('))
			return bl_cursor_refuse(p, "a name of three parts, or a function in a schema, is"), NULL;
	}
	return done(p, x);
}

static struct bl_ast *word(struct bl_cursor *p)
{
	struct bl_tok t = p->t;
	bool paren = p->next.kind == BL_TOK_OP && p->next.op == '(';
	enum bl_ast_kind kind = bl_lex_is(&t, "null") ? BL_AST_NULL : bl_lex_is(&t, "true") ? BL_AST_TRUE : BL_AST_FALSE;

	if (kind != BL_AST_FALSE || bl_lex_is(&t, "false"))
		return bl_cursor_next(p) ? NULL : bl_parse_leaf(p, kind, &t);
	if (bl_lex_is(&t, "case"))
		return case_expr(p);
	if (bl_lex_is(&t, "cast")) {
		struct bl_ast *x = bl_parse_leaf(p, BL_AST_CAST, &t);
		if (!x || bl_cursor_next(p) || bl_cursor_need_op(p, '(') || add(p, x, bl_parse_expr(p, 0)))
			return NULL;
		if (bl_cursor_need_word(p, "as") || type_name(p, &x->type) || bl_cursor_need_op(p, ')'))
			return NULL;
		return done(p, x);
	}
	if (bl_lex_is(&t, "exists") && paren)
		return bl_cursor_refuse(p, "EXISTS is"), NULL;
	if (bl_lex_is(&t, "array"))
		return bl_cursor_refuse(p, "ARRAY is"), NULL;
	if ((bl_lex_is(&t, "any") || bl_lex_is(&t, "all") || bl_lex_is(&t, "some")) && paren)
		return bl_cursor_refuse(p, "ANY, ALL or SOME is"), NULL;
	if (bl_lex_is(&t, "select") || bl_lex_is(&t, "with"))
		return bl_cursor_refuse(p, "a subquery is"), NULL;
	if (p->next.kind == BL_TOK_STRING && !bl_cursor_reserved(&t))
		return typed(p);
	if (paren && (!bl_cursor_reserved(&t) || bl_lex_is(&t, "left") || bl_lex_is(&t, "right")))
		return call(p);
	if (bl_cursor_reserved(&t) || (bl_lex_is(&t, "nulls") && (bl_lex_is(&p->next, "first") || bl_lex_is(&p->next, "last"))))
		return bl_cursor_syntax(p), NULL;
	return name(p);
}

static struct bl_ast *primary(struct bl_cursor *p)
{
	struct bl_tok t = p->t;
	struct bl_ast *x;

	switch (t.kind) {
	case BL_TOK_NUMBER:
		return bl_cursor_next(p) ? NULL : bl_parse_leaf(p, BL_AST_NUMBER, &t);
	case BL_TOK_STRING:
		return bl_cursor_next(p) ? NULL : bl_parse_leaf(p, BL_AST_STRING, &t);
	case BL_TOK_QUOTED:
		return p->next.kind == BL_TOK_OP && p->next.op == '(' ? (bl_cursor_refuse(p, "a quoted function name is"), NULL) : name(p);
	case BL_TOK_WORD:
		return word(p);
	case BL_TOK_OP:
		if (t.op != '(')
			break;
		if (bl_cursor_next(p) || subquery(p))
			return NULL;
		x = bl_parse_expr(p, 0);
		if (x && bl_cursor_op(p, ','))
			return bl_cursor_refuse(p, "a row of values is"), NULL;
		return !x || bl_cursor_need_op(p, ')') ? NULL : x;
	case BL_TOK_END:
		break;
	}
	return bl_cursor_syntax(p), NULL;
}

/* primary {:: type}; signs and NOT are in expr. */
static struct bl_ast *postfix(struct bl_cursor *p)
{
	struct bl_ast *x = primary(p);

	while (x && bl_cursor_op(p, BL_TOK_PAIR(':', ':'))) {
		struct bl_ast *c = bl_parse_leaf(p, BL_AST_CAST, &p->t);
		if (!c || bl_cursor_next(p) || type_name(p, &c->type) || add(p, c, x))
			return NULL;
		x = done(p, c);
	}
	if (x && bl_cursor_op(p, '['))
		return bl_cursor_refuse(p, "a subscript is"), NULL;
	return x;
}

/* Binding strength: OR 1, AND 2, NOT 3, IS 4, comparison 5, BETWEEN IN LIKE 6, || 7, + - 8, * / % 9, sign 11. */
static const struct infix { int op; const char *word; int level; enum bl_op is; } infixes[] = {
	{ 0, "or", 1, BL_OP_OR }, { 0, "and", 2, BL_OP_AND },
	{ '=', NULL, 5, BL_OP_EQ }, { BL_TOK_PAIR('<', '>'), NULL, 5, BL_OP_NE }, { BL_TOK_PAIR('!', '='), NULL, 5, BL_OP_NE },
	{ '<', NULL, 5, BL_OP_LT }, { BL_TOK_PAIR('<', '='), NULL, 5, BL_OP_LE }, { '>', NULL, 5, BL_OP_GT },
	{ BL_TOK_PAIR('>', '='), NULL, 5, BL_OP_GE },
	{ BL_TOK_PAIR('|', '|'), NULL, 7, BL_OP_CONCAT }, { '+', NULL, 8, BL_OP_ADD }, { '-', NULL, 8, BL_OP_SUB },
	{ '*', NULL, 9, BL_OP_MUL }, { '/', NULL, 9, BL_OP_DIV }, { '%', NULL, 9, BL_OP_MOD },
};

static const struct infix *infix(const struct bl_cursor *p)
{
	for (size_t i = 0; i < sizeof infixes / sizeof *infixes; i++)
		if (infixes[i].word ? bl_cursor_word(p, infixes[i].word) : bl_cursor_op(p, infixes[i].op))
			return &infixes[i];
	return NULL;
}

/* x IS [NOT] NULL | TRUE | FALSE | UNKNOWN */
static struct bl_ast *is_test(struct bl_cursor *p, struct bl_ast *x)
{
	struct bl_tok at = p->t;
	enum bl_op op;
	int not;

	if (bl_cursor_next(p) || (not = bl_cursor_take_word(p, "not")) < 0)
		return NULL;
	if (bl_cursor_word(p, "null") || bl_cursor_word(p, "unknown"))
		op = BL_OP_ISNULL;
	else if (bl_cursor_word(p, "true"))
		op = BL_OP_ISTRUE;
	else if (bl_cursor_word(p, "false"))
		op = BL_OP_ISFALSE;
	else if (bl_cursor_word(p, "distinct"))
		return bl_cursor_refuse(p, "IS DISTINCT FROM is"), NULL;
	else
		return bl_cursor_syntax(p), NULL;
	if (bl_cursor_next(p))
		return NULL;
	x = unary(p, op, &at, x);
	return not ? unary(p, BL_OP_NOT, &at, x) : x;
}

/* x [NOT] BETWEEN low AND high | IN (...) | [I]LIKE pattern */
static struct bl_ast *range_test(struct bl_cursor *p, struct bl_ast *l)
{
	struct bl_tok at = p->t;
	struct bl_ast *x;
	int not = bl_cursor_take_word(p, "not");

	if (not < 0)
		return NULL;
	if (bl_cursor_word(p, "between")) {
		x = bl_parse_leaf(p, BL_AST_BETWEEN, &at);
		if (bl_cursor_next(p))
			return NULL;
		if (bl_cursor_word(p, "symmetric") || bl_cursor_word(p, "asymmetric"))
			return bl_cursor_refuse(p, "BETWEEN SYMMETRIC is"), NULL;
		if (add(p, x, l) || add(p, x, bl_parse_expr(p, 7)) || bl_cursor_need_word(p, "and") || add(p, x, bl_parse_expr(p, 7)))
			return NULL;
	} else if (bl_cursor_word(p, "in")) {
		x = bl_parse_leaf(p, BL_AST_IN, &at);
		if (bl_cursor_next(p) || bl_cursor_need_op(p, '(') || subquery(p) || add(p, x, l) || list(p, x))
			return NULL;
	} else {
		enum bl_op op = bl_cursor_word(p, "ilike") ? BL_OP_ILIKE : BL_OP_LIKE;
		if (bl_cursor_next(p) || !(x = binary(p, op, &at, l, bl_parse_expr(p, 7))))
			return NULL;
		if (bl_cursor_word(p, "escape"))
			return bl_cursor_refuse(p, "ESCAPE is"), NULL;
	}
	done(p, x);
	return not ? unary(p, BL_OP_NOT, &at, x) : x;
}

static bool at_range(const struct bl_cursor *p)
{
	static const char *const words[] = { "between", "in", "like", "ilike", NULL };
	return bl_cursor_one_of(&p->t, words) || (bl_cursor_word(p, "not") && bl_cursor_one_of(&p->next, words));
}

static int refuse_infix(struct bl_cursor *p)
{
	static const char *const words[] = { "collate", "similar", "overlaps", "isnull", "notnull", NULL };

	if (bl_cursor_op(p, '^'))
		return bl_cursor_refuse(p, "the operator '^' is");
	if (bl_cursor_one_of(&p->t, words) || (bl_cursor_word(p, "at") && bl_lex_is(&p->next, "time")))
		return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "'%.*s' is not supported by this version", BL_LEX_NAME(p->t.s));
	return 0;
}

static struct bl_ast *prefix(struct bl_cursor *p)
{
	struct bl_tok at = p->t;

	if (bl_cursor_op(p, '-'))
		return bl_cursor_next(p) ? NULL : unary(p, BL_OP_NEG, &at, bl_parse_expr(p, 11));
	if (bl_cursor_op(p, '+')) {
		struct bl_ast *x = bl_cursor_next(p) ? NULL : bl_parse_expr(p, 11);
		if (x)
			x->pos = at.pos;
		return x ? done(p, x) : NULL;
	}
	return postfix(p);
}

struct bl_ast *bl_parse_expr(struct bl_cursor *p, int min)
{
	struct bl_ast *x;
	int closed = 0;		/* the level that may not follow itself: a = b = c */

	if (++p->depth > BL_PLAN_DEPTH) {
		bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "nested more than %d deep", BL_PLAN_DEPTH);
		return NULL;
	}
	if (bl_cursor_word(p, "not") && min <= 3) {
		struct bl_tok at = p->t;
		x = bl_cursor_next(p) ? NULL : unary(p, BL_OP_NOT, &at, bl_parse_expr(p, 3));
	} else {
		x = prefix(p);
	}
	while (x) {
		struct bl_tok at = p->t;
		const struct infix *i = infix(p);
		int level = i ? i->level : bl_cursor_word(p, "is") ? 4 : at_range(p) ? 6 : 0;
		if (!level && refuse_infix(p))
			return NULL;
		if (!level || level < min)
			break;
		if (level == closed)
			return bl_cursor_syntax(p), NULL;
		closed = level == 5 || level == 6 ? level : 0;
		if (level == 4)
			x = is_test(p, x);
		else if (level == 6)
			x = range_test(p, x);
		else
			x = bl_cursor_next(p) ? NULL : binary(p, i->is, &at, x, bl_parse_expr(p, level + 1));
	}
	p->depth--;
	return x;
}
