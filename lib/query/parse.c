/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse: tokens to a tree, by recursive descent with PostgreSQL's precedences; names and types mean nothing yet.
 * Promises: whatever is accepted here, PostgreSQL's grammar accepts too; nesting, nodes and text are bounded; what the
 * dialect leaves out is refused by name. Expressions come first, then clauses.
 */
#include <string.h>

#include "base/text.h"
#include "query/ast.h"

struct parse {
	struct bl_sql *q;
	struct bl_tok t, next;	/* the token to look at, and the one after */
	uint32_t end;		/* where the last consumed token ended */
	uint32_t depth;
};

static struct bl_ast *expr(struct parse *p, int min);

static int advance(struct parse *p)
{
	p->end = p->t.pos + p->t.len;
	p->t = p->next;
	return bl_lex_next(p->q, &p->next);
}

static int syntax(struct parse *p)
{
	if (p->t.kind == BL_TOK_END)
		return bl_lex_fail(p->q, p->t.pos, 0, BL_USAGE, "syntax error at the end of the text");
	struct bl_str s = { p->q->text + p->t.pos, p->t.len };
	return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "syntax error at '%.*s'", BL_LEX_NAME(s));
}

static int unsupported(struct parse *p, const char *what)
{
	return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "%s not supported by this version", what);
}

static bool at_op(const struct parse *p, int op)
{
	return p->t.kind == BL_TOK_OP && p->t.op == op;
}

static bool at_word(const struct parse *p, const char *word)
{
	return bl_lex_is(&p->t, word);
}

/* 1 consumed, 0 not there, -1 error: callers that must have it test for != 1. */
static int take_op(struct parse *p, int op)
{
	return !at_op(p, op) ? 0 : advance(p) ? -1 : 1;
}

static int take_word(struct parse *p, const char *word)
{
	return !at_word(p, word) ? 0 : advance(p) ? -1 : 1;
}

static int need_op(struct parse *p, int op)
{
	return at_op(p, op) ? advance(p) : syntax(p);
}

static int need_word(struct parse *p, const char *word)
{
	return at_word(p, word) ? advance(p) : syntax(p);
}

static bool one_of(const struct bl_tok *t, const char *const *list)
{
	for (; *list; list++)
		if (bl_lex_is(t, *list))
			return true;
	return false;
}

/* Words that PostgreSQL does not take for a column or a table. */
static bool reserved(const struct bl_tok *t)
{
	static const char *const words[] = {
		"all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "binary", "both",
		"case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint", "create", "cross",
		"current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
		"current_user", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "false", "fetch", "for",
		"foreign", "freeze", "from", "full", "grant", "group", "having", "ilike", "in", "initially", "inner", "intersect",
		"into", "is", "isnull", "join", "lateral", "leading", "left", "like", "limit", "localtime", "localtimestamp",
		"natural", "not", "notnull", "null", "offset", "on", "only", "or", "order", "outer", "overlaps", "placing",
		"primary", "references", "returning", "right", "select", "session_user", "similar", "some", "symmetric", "table",
		"tablesample", "then", "to", "trailing", "true", "union", "unique", "user", "using", "variadic", "verbose", "when",
		"where", "window", "with", NULL,
	};
	return one_of(t, words);
}

/* Words that need AS before them when they name an item. */
static bool needs_as(const struct bl_tok *t)
{
	static const char *const words[] = {
		"char", "character", "day", "filter", "hour", "minute", "month", "national", "over", "precision", "second",
		"varying", "within", "without", "year", NULL,
	};
	return reserved(t) || one_of(t, words);
}

static struct bl_ast *leaf(struct parse *p, enum bl_ast_kind kind, const struct bl_tok *t)
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
static int add(struct parse *p, struct bl_ast *x, struct bl_ast *c)
{
	struct bl_ast **slot;

	if (!x || !c)
		return -1;
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

static struct bl_ast *done(struct parse *p, struct bl_ast *x)
{
	x->len = p->end - x->pos;
	return x;
}

/* op(l, r); a chain of AND or OR is one node. */
static struct bl_ast *binary(struct parse *p, enum bl_op op, const struct bl_tok *at, struct bl_ast *l, struct bl_ast *r)
{
	struct bl_ast *x;

	if (!l || !r)
		return NULL;
	if ((op == BL_OP_AND || op == BL_OP_OR) && l->kind == BL_AST_OP && l->op == op)
		return add(p, l, r) ? NULL : done(p, l);
	x = leaf(p, BL_AST_OP, at);
	if (add(p, x, l) || add(p, x, r))
		return NULL;
	x->op = op;
	return done(p, x);
}

static struct bl_ast *unary(struct parse *p, enum bl_op op, const struct bl_tok *at, struct bl_ast *a)
{
	struct bl_ast *x = a ? leaf(p, BL_AST_OP, at) : NULL;

	if (add(p, x, a))
		return NULL;
	x->op = op;
	return done(p, x);
}

static int subquery(struct parse *p)
{
	if (at_word(p, "select") || at_word(p, "with") || at_word(p, "values"))
		return unsupported(p, "a subquery is");
	return 0;
}

/* expr {, expr} ) */
static int list(struct parse *p, struct bl_ast *x)
{
	int r;

	do {
		if (at_word(p, "variadic"))
			return unsupported(p, "VARIADIC is");
		if (add(p, x, expr(p, 0)))
			return -1;
	} while ((r = take_op(p, ',')) == 1);
	if (!r && at_word(p, "order"))
		return unsupported(p, "ORDER BY inside a function is");
	return r ? -1 : need_op(p, ')');
}

/* A type's name. A bare DECIMAL comes back with precision 0. */
static int type_name(struct parse *p, struct bl_type *t)
{
	struct bl_tok name = p->t;
	int64_t precision = 0, scale = 0;

	if (name.kind != BL_TOK_WORD || reserved(&name))
		return syntax(p);
	if (advance(p))
		return -1;
	if (bl_lex_is(&name, "double") && take_word(p, "precision") < 0)
		return -1;
	if (bl_lex_is(&name, "decimal") || bl_lex_is(&name, "numeric") || bl_lex_is(&name, "dec")) {
		*t = bl_type_of(BL_TYPE_DECIMAL);
		if (!at_op(p, '('))
			return 0;
		if (advance(p) || p->t.kind != BL_TOK_NUMBER || !bl_num_parse_i64(p->t.s.p, p->t.s.n, &precision) || advance(p))
			return syntax(p);
		if (at_op(p, ',') && (advance(p) || p->t.kind != BL_TOK_NUMBER || !bl_num_parse_i64(p->t.s.p, p->t.s.n, &scale) || advance(p)))
			return syntax(p);
		if (precision < 1 || precision > 38 || scale > precision)
			return bl_lex_fail(p->q, name.pos, p->end - name.pos, BL_USAGE, "a decimal has 1 to 38 digits, and no more of them after the point");
		t->precision = (uint8_t)precision;
		t->scale = (uint8_t)scale;
		return need_op(p, ')');
	}
	if (!bl_type_parse(name.s.p, name.s.n, t))
		return bl_lex_fail(p->q, name.pos, name.len, BL_USAGE, "the type '%.*s' is not supported by this version", BL_LEX_NAME(name.s));
	if (at_op(p, '(') || at_op(p, '['))
		return bl_lex_fail(p->q, name.pos, p->t.pos + 1 - name.pos, BL_USAGE, "'%.*s' takes nothing after it here", BL_LEX_NAME(name.s));
	if (t->kind == BL_TYPE_STAMP && (at_word(p, "with") || at_word(p, "without")))
		return unsupported(p, "a time zone in a type is");
	return 0;
}

static struct bl_ast *case_expr(struct parse *p)
{
	struct bl_ast *x = leaf(p, BL_AST_CASE, &p->t);
	int r;

	if (!x || advance(p))
		return NULL;
	if (!at_word(p, "when")) {
		x->operand = true;
		if (add(p, x, expr(p, 0)))
			return NULL;
	}
	if (!at_word(p, "when")) {
		syntax(p);
		return NULL;
	}
	while ((r = take_word(p, "when")) == 1)
		if (add(p, x, expr(p, 0)) || need_word(p, "then") || add(p, x, expr(p, 0)))
			return NULL;
	if (r < 0 || (r = take_word(p, "else")) < 0)
		return NULL;
	if (r) {
		x->otherwise = true;
		if (add(p, x, expr(p, 0)))
			return NULL;
	}
	return need_word(p, "end") ? NULL : done(p, x);
}

/* What follows the parenthesis of a call with a grammar of its own: extract(f FROM x), position(a IN b). */
static int special(struct parse *p, struct bl_ast *x, const char *separator)
{
	struct bl_tok field = p->t;

	if (!strcmp(separator, "in")) {
		if (add(p, x, expr(p, 7)))
			return -1;
	} else {
		if (field.kind != BL_TOK_WORD && field.kind != BL_TOK_STRING)
			return syntax(p);
		if (advance(p) || add(p, x, leaf(p, BL_AST_STRING, &field)))
			return -1;
	}
	if (need_word(p, separator) || add(p, x, expr(p, strcmp(separator, "in") ? 0 : 7)))
		return -1;
	return need_op(p, ')');
}

static struct bl_ast *call(struct parse *p)
{
	static const char *const bare[] = { "coalesce", "nullif", "greatest", "least", "extract", "position", "substring", "trim", NULL };
	static const char *const never[] = {	/* column names and types to PostgreSQL, or functions with a grammar of their own */
		"between", "bigint", "bit", "boolean", "char", "character", "dec", "decimal", "float", "grouping", "inout", "int",
		"integer", "interval", "national", "nchar", "none", "normalize", "numeric", "out", "overlay", "precision", "real",
		"row", "setof", "smallint", "time", "timestamp", "treat", "values", "varchar", NULL,
	};
	struct bl_ast *x = leaf(p, BL_AST_CALL, &p->t);
	bool plain = !one_of(&p->t, bare);
	int r = 0;

	if (one_of(&p->t, never)) {
		bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "'%.*s(' is not supported by this version", BL_LEX_NAME(p->t.s));
		return NULL;
	}
	if (!x || advance(p) || advance(p) || subquery(p))
		return NULL;
	if (bl_lex_same(x->s, (struct bl_str){ "extract", 7 }) || bl_lex_same(x->s, (struct bl_str){ "position", 8 })) {
		if (special(p, x, x->s.n == 7 ? "from" : "in"))
			return NULL;
	} else if (plain && at_op(p, '*')) {
		struct bl_ast *star = leaf(p, BL_AST_STAR, &p->t);
		if (!star || advance(p) || add(p, x, star) || need_op(p, ')'))
			return NULL;
	} else if (plain && at_op(p, ')')) {
		if (advance(p))
			return NULL;
	} else {
		if (plain && at_word(p, "distinct"))
			x->distinct = true;
		if (plain && (at_word(p, "distinct") || at_word(p, "all")) && advance(p))
			return NULL;
		if (list(p, x))
			return NULL;
	}
	if (at_word(p, "within")) {
		unsupported(p, "WITHIN GROUP is");
		return NULL;
	}
	if (at_word(p, "filter") && p->next.kind == BL_TOK_OP && p->next.op == '(') {
		if (!plain || advance(p) || advance(p) || need_word(p, "where"))
			return plain ? NULL : (syntax(p), NULL);
		x->filter = expr(p, 0);
		if (!x->filter || need_op(p, ')'))
			return NULL;
		if (x->filter->height >= x->height)
			x->height = x->filter->height + 1;
	}
	if (at_word(p, "over")) {
		r = unsupported(p, "OVER is");
	}
	return r ? NULL : done(p, x);
}

/* DATE '...', TIMESTAMP '...', INTERVAL '...' [unit] */
static struct bl_ast *typed(struct parse *p)
{
	static const char *const units[] = { "year", "month", "day", "hour", "minute", "second", NULL };
	struct bl_tok word = p->t;
	enum bl_ast_kind kind = bl_lex_is(&word, "date") ? BL_AST_DATE : bl_lex_is(&word, "timestamp") ? BL_AST_STAMP : BL_AST_INTERVAL;
	struct bl_ast *x;

	if (kind == BL_AST_INTERVAL && !bl_lex_is(&word, "interval")) {
		bl_lex_fail(p->q, word.pos, word.len, BL_USAGE, "'%.*s' before a text is not supported by this version", BL_LEX_NAME(word.s));
		return NULL;
	}
	x = advance(p) ? NULL : leaf(p, kind, &p->t);
	if (!x || advance(p))
		return NULL;
	if (kind == BL_AST_INTERVAL && one_of(&p->t, units)) {
		x->s.p = bl_arena_printf(p->q->a, "%.*s %.*s", (int)x->s.n, x->s.p, (int)p->t.s.n, p->t.s.p);
		x->s.n += 1 + p->t.s.n;
		if (!x->s.p || advance(p))
			return NULL;
	}
	x->pos = word.pos;
	return done(p, x);
}

static struct bl_ast *name(struct parse *p)
{
	struct bl_ast *x = leaf(p, BL_AST_NAME, &p->t);

	if (!x)
		return NULL;
	x->quoted = p->t.kind == BL_TOK_QUOTED;
	if (advance(p))
		return NULL;
	if (at_op(p, '.')) {
		if (advance(p))
			return NULL;
		x->qual = x->s;
		x->s = p->t.s;
		x->quoted = p->t.kind == BL_TOK_QUOTED;
		if (at_op(p, '*'))
			x->kind = BL_AST_STAR;
		else if (p->t.kind != BL_TOK_WORD && p->t.kind != BL_TOK_QUOTED)
			return syntax(p), NULL;
		if (advance(p))
			return NULL;
		if (at_op(p, '.') || at_op(p, '('))
			return unsupported(p, "a name of three parts, or a function in a schema, is"), NULL;
	}
	return done(p, x);
}

static struct bl_ast *word(struct parse *p)
{
	struct bl_tok t = p->t;
	bool paren = p->next.kind == BL_TOK_OP && p->next.op == '(';
	enum bl_ast_kind kind = bl_lex_is(&t, "null") ? BL_AST_NULL : bl_lex_is(&t, "true") ? BL_AST_TRUE : BL_AST_FALSE;

	if (kind != BL_AST_FALSE || bl_lex_is(&t, "false"))
		return advance(p) ? NULL : leaf(p, kind, &t);
	if (bl_lex_is(&t, "case"))
		return case_expr(p);
	if (bl_lex_is(&t, "cast")) {
		struct bl_ast *x = leaf(p, BL_AST_CAST, &t);
		if (!x || advance(p) || need_op(p, '(') || add(p, x, expr(p, 0)) || need_word(p, "as") || type_name(p, &x->type) || need_op(p, ')'))
			return NULL;
		return done(p, x);
	}
	if (bl_lex_is(&t, "exists") && paren)
		return unsupported(p, "EXISTS is"), NULL;
	if (bl_lex_is(&t, "array"))
		return unsupported(p, "ARRAY is"), NULL;
	if ((bl_lex_is(&t, "any") || bl_lex_is(&t, "all") || bl_lex_is(&t, "some")) && paren)
		return unsupported(p, "ANY, ALL or SOME is"), NULL;
	if (bl_lex_is(&t, "select") || bl_lex_is(&t, "with"))
		return unsupported(p, "a subquery is"), NULL;
	if (p->next.kind == BL_TOK_STRING && !reserved(&t))
		return typed(p);
	if (paren && (!reserved(&t) || bl_lex_is(&t, "left") || bl_lex_is(&t, "right")))
		return call(p);
	if (reserved(&t))
		return syntax(p), NULL;
	return name(p);
}

static struct bl_ast *primary(struct parse *p)
{
	struct bl_tok t = p->t;
	struct bl_ast *x;

	switch (t.kind) {
	case BL_TOK_NUMBER:
		return advance(p) ? NULL : leaf(p, BL_AST_NUMBER, &t);
	case BL_TOK_STRING:
		return advance(p) ? NULL : leaf(p, BL_AST_STRING, &t);
	case BL_TOK_QUOTED:
		return p->next.kind == BL_TOK_OP && p->next.op == '(' ? (unsupported(p, "a quoted function name is"), NULL) : name(p);
	case BL_TOK_WORD:
		return word(p);
	case BL_TOK_OP:
		if (t.op != '(')
			break;
		if (advance(p) || subquery(p))
			return NULL;
		x = expr(p, 0);
		if (x && at_op(p, ','))
			return unsupported(p, "a row of values is"), NULL;
		return !x || need_op(p, ')') ? NULL : x;
	case BL_TOK_END:
		break;
	}
	return syntax(p), NULL;
}

/* primary {:: type}; signs and NOT are in expr. */
static struct bl_ast *postfix(struct parse *p)
{
	struct bl_ast *x = primary(p);

	while (x && at_op(p, BL_TOK_PAIR(':', ':'))) {
		struct bl_ast *c = leaf(p, BL_AST_CAST, &p->t);
		if (!c || advance(p) || type_name(p, &c->type) || add(p, c, x))
			return NULL;
		x = done(p, c);
	}
	if (x && at_op(p, '['))
		return unsupported(p, "a subscript is"), NULL;
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

static const struct infix *infix(const struct parse *p)
{
	for (size_t i = 0; i < sizeof infixes / sizeof *infixes; i++)
		if (infixes[i].word ? at_word(p, infixes[i].word) : at_op(p, infixes[i].op))
			return &infixes[i];
	return NULL;
}

/* x IS [NOT] NULL | TRUE | FALSE | UNKNOWN */
static struct bl_ast *is_test(struct parse *p, struct bl_ast *x)
{
	struct bl_tok at = p->t;
	enum bl_op op;
	int not;

	if (advance(p) || (not = take_word(p, "not")) < 0)
		return NULL;
	if (at_word(p, "null") || at_word(p, "unknown"))
		op = BL_OP_ISNULL;
	else if (at_word(p, "true"))
		op = BL_OP_ISTRUE;
	else if (at_word(p, "false"))
		op = BL_OP_ISFALSE;
	else if (at_word(p, "distinct"))
		return unsupported(p, "IS DISTINCT FROM is"), NULL;
	else
		return syntax(p), NULL;
	if (advance(p))
		return NULL;
	x = unary(p, op, &at, x);
	return not ? unary(p, BL_OP_NOT, &at, x) : x;
}

/* x [NOT] BETWEEN low AND high | IN (...) | [I]LIKE pattern */
static struct bl_ast *range_test(struct parse *p, struct bl_ast *l)
{
	struct bl_tok at = p->t;
	struct bl_ast *x;
	int not = take_word(p, "not");

	if (not < 0)
		return NULL;
	if (at_word(p, "between")) {
		x = leaf(p, BL_AST_BETWEEN, &at);
		if (advance(p))
			return NULL;
		if (at_word(p, "symmetric") || at_word(p, "asymmetric"))
			return unsupported(p, "BETWEEN SYMMETRIC is"), NULL;
		if (add(p, x, l) || add(p, x, expr(p, 7)) || need_word(p, "and") || add(p, x, expr(p, 7)))
			return NULL;
	} else if (at_word(p, "in")) {
		x = leaf(p, BL_AST_IN, &at);
		if (advance(p) || need_op(p, '(') || subquery(p) || add(p, x, l) || list(p, x))
			return NULL;
	} else {
		enum bl_op op = at_word(p, "ilike") ? BL_OP_ILIKE : BL_OP_LIKE;
		if (advance(p) || !(x = binary(p, op, &at, l, expr(p, 7))))
			return NULL;
		if (at_word(p, "escape"))
			return unsupported(p, "ESCAPE is"), NULL;
	}
	done(p, x);
	return not ? unary(p, BL_OP_NOT, &at, x) : x;
}

static bool at_range(const struct parse *p)
{
	static const char *const words[] = { "between", "in", "like", "ilike", NULL };
	return one_of(&p->t, words) || (at_word(p, "not") && one_of(&p->next, words));
}

static int refuse_infix(struct parse *p)
{
	if (at_op(p, '^'))
		return unsupported(p, "the operator '^' is");
	if (at_word(p, "collate") || at_word(p, "similar") || at_word(p, "overlaps") || at_word(p, "isnull") || at_word(p, "notnull") ||
	    (at_word(p, "at") && bl_lex_is(&p->next, "time")))
		return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "'%.*s' is not supported by this version", BL_LEX_NAME(p->t.s));
	return 0;
}

static struct bl_ast *prefix(struct parse *p)
{
	struct bl_tok at = p->t;

	if (at_op(p, '-'))
		return advance(p) ? NULL : unary(p, BL_OP_NEG, &at, expr(p, 11));
	if (at_op(p, '+'))
		return advance(p) ? NULL : expr(p, 11);
	return postfix(p);
}

static struct bl_ast *expr(struct parse *p, int min)
{
	struct bl_ast *x;
	int closed = 0;		/* the level that may not follow itself: a = b = c */

	if (++p->depth > BL_PLAN_DEPTH) {
		bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "nested more than %d deep", BL_PLAN_DEPTH);
		return NULL;
	}
	if (at_word(p, "not") && min <= 3) {
		struct bl_tok at = p->t;
		x = advance(p) ? NULL : unary(p, BL_OP_NOT, &at, expr(p, 3));
	} else {
		x = prefix(p);
	}
	while (x) {
		struct bl_tok at = p->t;
		const struct infix *i = infix(p);
		int level = i ? i->level : at_word(p, "is") ? 4 : at_range(p) ? 6 : 0;
		if (!level && refuse_infix(p))
			return NULL;
		if (!level || level < min)
			break;
		if (level == closed)
			return syntax(p), NULL;
		closed = level == 5 || level == 6 ? level : 0;
		if (level == 4)
			x = is_test(p, x);
		else if (level == 6)
			x = range_test(p, x);
		else
			x = advance(p) ? NULL : binary(p, i->is, &at, x, expr(p, level + 1));
	}
	p->depth--;
	return x;
}

/* --- clauses --- */

static int push_ast(struct parse *p, struct bl_ast ***v, uint32_t *n, struct bl_ast *x)
{
	struct bl_ast **slot = x ? bl_node_push(p->q, v, n, sizeof *slot) : NULL;

	if (!slot)
		return -1;
	*slot = x;
	return 0;
}

/* expr [[AS] name] | * */
static int item(struct parse *p, struct bl_ast_select *s)
{
	struct bl_tok t = p->t;
	struct bl_ast *x;
	struct bl_str *alias;
	uint32_t n = s->nitem;
	int as;

	if (at_op(p, '*'))
		x = advance(p) ? NULL : leaf(p, BL_AST_STAR, &t);
	else
		x = expr(p, 0);
	if (push_ast(p, &s->item, &s->nitem, x) || !(alias = bl_node_push(p->q, &s->alias, &n, sizeof *alias)))
		return -1;
	if ((as = take_word(p, "as")) < 0)
		return -1;
	if (p->t.kind == BL_TOK_QUOTED || (p->t.kind == BL_TOK_WORD && (as || !needs_as(&p->t)))) {
		if (x->kind == BL_AST_STAR)
			return syntax(p);
		*alias = p->t.s;
		if (alias->n >= BL_TYPE_NAME)
			return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "a name has at most %d bytes", BL_TYPE_NAME - 1);
		return advance(p);
	}
	return as ? syntax(p) : 0;
}

static int from(struct parse *p, struct bl_ast_select *s)
{
	static const char *const joins[] = { "join", "inner", "left", "right", "full", "cross", "natural", NULL };
	int as;

	if (!at_word(p, "from"))
		return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "a query needs FROM");
	if (advance(p))
		return -1;
	if (at_op(p, '('))
		return unsupported(p, "a subquery in FROM is");
	if (at_word(p, "lateral") || at_word(p, "only"))
		return unsupported(p, "LATERAL or ONLY is");
	if (p->t.kind != BL_TOK_QUOTED && (p->t.kind != BL_TOK_WORD || reserved(&p->t)))
		return syntax(p);
	s->table = p->t;
	if (advance(p))
		return -1;
	if (at_op(p, '.'))
		return unsupported(p, "a schema's name before a table is");
	if (at_op(p, '('))
		return unsupported(p, "a function in FROM is");
	if ((as = take_word(p, "as")) < 0)
		return -1;
	if (p->t.kind == BL_TOK_QUOTED || (p->t.kind == BL_TOK_WORD && !reserved(&p->t))) {
		s->alias_of_table = p->t;
		if (advance(p))
			return -1;
		if (at_op(p, '('))
			return unsupported(p, "a list of column names after a table is");
	} else if (as) {
		return syntax(p);
	}
	if (one_of(&p->t, joins) || at_op(p, ','))
		return unsupported(p, "a join is");
	return at_word(p, "tablesample") ? unsupported(p, "TABLESAMPLE is") : 0;
}

static int group_by(struct parse *p, struct bl_ast_select *s)
{
	int r;

	if (need_word(p, "by"))
		return -1;
	do {
		if (at_op(p, '(') && p->next.kind == BL_TOK_OP && p->next.op == ')')
			return unsupported(p, "an empty grouping set is");
		if ((at_word(p, "rollup") || at_word(p, "cube")) && p->next.kind == BL_TOK_OP && p->next.op == '(')
			return unsupported(p, at_word(p, "cube") ? "CUBE is" : "ROLLUP is");
		if (at_word(p, "grouping") && bl_lex_is(&p->next, "sets"))
			return unsupported(p, "GROUPING SETS is");
		if (at_word(p, "all") || at_word(p, "distinct"))
			return unsupported(p, "GROUP BY ALL or DISTINCT is");
		if (push_ast(p, &s->group, &s->ngroup, expr(p, 0)))
			return -1;
	} while ((r = take_op(p, ',')) == 1);
	return r;
}

static int order_by(struct parse *p, struct bl_ast_select *s)
{
	int r;

	if (need_word(p, "by"))
		return -1;
	do {
		struct bl_ast_order *o = bl_node_push(p->q, &s->order, &s->norder, sizeof *o);
		if (!o || !(o->expr = expr(p, 0)))
			return -1;
		if (at_word(p, "using"))
			return unsupported(p, "ORDER BY ... USING is");
		o->desc = at_word(p, "desc");
		if ((at_word(p, "asc") || at_word(p, "desc")) && advance(p))
			return -1;
		o->nulls_first = o->desc;
		if (at_word(p, "nulls")) {
			if (advance(p))
				return -1;
			if (!at_word(p, "first") && !at_word(p, "last"))
				return syntax(p);
			o->nulls_first = at_word(p, "first");
			if (advance(p))
				return -1;
		}
	} while ((r = take_op(p, ',')) == 1);
	return r;
}

static int count(struct parse *p, uint64_t *v)
{
	if (at_word(p, "all") || at_word(p, "null"))
		return unsupported(p, "LIMIT ALL is");
	if (p->t.kind != BL_TOK_NUMBER || !bl_num_parse_u64(p->t.s.p, p->t.s.n, v) || *v > INT64_MAX)
		return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "LIMIT and OFFSET take a whole number");
	return advance(p);
}

static int limit(struct parse *p, struct bl_ast_select *s)
{
	bool offset = false;

	for (;;) {
		if (at_word(p, "limit") && !s->has_limit) {
			s->has_limit = true;
			if (advance(p) || count(p, &s->limit))
				return -1;
			if (at_op(p, ','))
				return unsupported(p, "LIMIT with two numbers is");
		} else if (at_word(p, "offset") && !offset) {
			offset = true;
			if (advance(p) || count(p, &s->offset))
				return -1;
		} else {
			return 0;
		}
	}
}

static int statement(struct parse *p, struct bl_ast_select *s)
{
	static const char *const others[] = {
		"with", "insert", "update", "delete", "merge", "create", "drop", "alter", "truncate", "copy", "explain", "show", "set",
		"values", "table", "grant", "revoke", "begin", "commit", "rollback", "call", "do", "vacuum", "analyze", "prepare",
		"execute", "declare", "listen", "lock", NULL,
	};
	static const char *const after[] = { "union", "intersect", "except", "window", "fetch", "for", "into", NULL };
	int r;

	if (one_of(&p->t, others))
		return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "'%.*s' is not supported by this version: a query begins with SELECT",
				   BL_LEX_NAME(p->t.s));
	if (need_word(p, "select"))
		return -1;
	s->distinct_at = p->t;
	if (at_word(p, "distinct"))
		s->distinct = true;
	if ((s->distinct || at_word(p, "all")) && advance(p))
		return -1;
	if (s->distinct && at_word(p, "on"))
		return unsupported(p, "DISTINCT ON is");
	do {
		if (item(p, s))
			return -1;
	} while ((r = take_op(p, ',')) == 1);
	if (r || (at_word(p, "into") && unsupported(p, "INTO is")) || from(p, s))
		return -1;
	if (at_word(p, "where") && (advance(p) || !(s->where = expr(p, 0))))
		return -1;
	if (at_word(p, "group") && (advance(p) || group_by(p, s)))
		return -1;
	if (at_word(p, "having") && (advance(p) || !(s->having = expr(p, 0))))
		return -1;
	if (at_word(p, "order") && (advance(p) || order_by(p, s)))
		return -1;
	if (limit(p, s))
		return -1;
	if (one_of(&p->t, after))
		return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "'%.*s' is not supported by this version", BL_LEX_NAME(p->t.s));
	while (at_op(p, ';'))
		if (advance(p))
			return -1;
	if (p->t.kind != BL_TOK_END && at_word(p, "select"))
		return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "one query at a time");
	return p->t.kind == BL_TOK_END ? 0 : syntax(p);
}

int bl_parse_select(struct bl_sql *q, struct bl_ast_select *s)
{
	struct parse p = { .q = q };

	memset(s, 0, sizeof *s);
	if (memchr(q->text, 0, q->n))
		return bl_lex_fail(q, (uint32_t)((const char *)memchr(q->text, 0, q->n) - q->text), 1, BL_USAGE, "the SQL text holds a NUL byte");
	if (!bl_text_utf8(q->text, q->n))
		return bl_err_set(q->err, BL_USAGE, "the SQL text is not valid UTF-8");
	if (bl_lex_next(q, &p.t) || bl_lex_next(q, &p.next))
		return -1;
	return statement(&p, s);
}
