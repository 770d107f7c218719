/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clause: one SELECT over one table, clause by clause. What else SQL has at these places is refused by name.
 */
#include <string.h>

#include "base/text.h"
#include "query/parse.h"

static int push_ast(struct bl_cursor *p, struct bl_ast ***v, uint32_t *n, struct bl_ast *x)
{
	struct bl_ast **slot = x ? bl_node_push(p->q, v, n, sizeof *slot) : NULL;

	if (!slot)
		return -1;
	*slot = x;
	return 0;
}

/* expr [[AS] name] | * */
static int item(struct bl_cursor *p, struct bl_ast_select *s)
{
	struct bl_tok t = p->t;
	struct bl_ast *x;
	struct bl_str *alias;
	uint32_t n = s->nitem;
	int as;

	if (bl_cursor_op(p, '*'))
		x = bl_cursor_next(p) ? NULL : bl_parse_leaf(p, BL_AST_STAR, &t);
	else
		x = bl_parse_expr(p, 0);
	if (push_ast(p, &s->item, &s->nitem, x) || !(alias = bl_node_push(p->q, &s->alias, &n, sizeof *alias)))
		return -1;
	if ((as = bl_cursor_take_word(p, "as")) < 0)
		return -1;
	if (p->t.kind == BL_TOK_QUOTED || (p->t.kind == BL_TOK_WORD && (as || !bl_cursor_needs_as(&p->t)))) {
		if (x->kind == BL_AST_STAR)
			return bl_cursor_syntax(p);
		*alias = p->t.s;
		for (uint32_t i = 0; i < alias->n; i++)
			if ((uint8_t)alias->p[i] < ' ' || alias->p[i] == 0x7f)
				return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "a name may not hold control characters");
		if (alias->n >= BL_TYPE_NAME)
			return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "a name has at most %d bytes", BL_TYPE_NAME - 1);
		return bl_lex_output(p->q, *alias, p->t.pos, p->t.len) || bl_cursor_next(p) ? -1 : 0;
	}
	return as ? bl_cursor_syntax(p) : 0;
}

static int from(struct bl_cursor *p, struct bl_ast_select *s)
{
	static const char *const joins[] = { "join", "inner", "left", "right", "full", "cross", "natural", NULL };
	int as;

	if (!bl_cursor_word(p, "from"))
		return p->t.kind == BL_TOK_END ? bl_lex_fail(p->q, p->t.pos, 0, BL_USAGE, "a query needs FROM") : bl_cursor_syntax(p);
	if (bl_cursor_next(p))
		return -1;
	if (bl_cursor_op(p, '('))
		return bl_cursor_refuse(p, "a subquery in FROM is");
	if (bl_cursor_word(p, "lateral") || bl_cursor_word(p, "only"))
		return bl_cursor_refuse(p, "LATERAL or ONLY is");
	if (p->t.kind != BL_TOK_QUOTED && (p->t.kind != BL_TOK_WORD || bl_cursor_reserved(&p->t)))
		return bl_cursor_syntax(p);
	s->table = p->t;
	if (bl_cursor_next(p))
		return -1;
	if (bl_cursor_op(p, '.'))
		return bl_cursor_refuse(p, "a schema's name before a table is");
	if (bl_cursor_op(p, '('))
		return bl_cursor_refuse(p, "a function in FROM is");
	if ((as = bl_cursor_take_word(p, "as")) < 0)
		return -1;
	if (p->t.kind == BL_TOK_QUOTED || (p->t.kind == BL_TOK_WORD && !bl_cursor_reserved(&p->t))) {
		s->alias_of_table = p->t;
		if (bl_cursor_next(p))
			return -1;
		if (bl_cursor_op(p, '('))
			return bl_cursor_refuse(p, "a list of column names after a table is");
	} else if (as) {
		return bl_cursor_syntax(p);
	}
	if (bl_cursor_one_of(&p->t, joins) || bl_cursor_op(p, ','))
		return bl_cursor_refuse(p, "a join is");
	return bl_cursor_word(p, "tablesample") ? bl_cursor_refuse(p, "TABLESAMPLE is") : 0;
}

static int group_by(struct bl_cursor *p, struct bl_ast_select *s)
{
	int r;

	if (bl_cursor_need_word(p, "by"))
		return -1;
	do {
		if (bl_cursor_op(p, '(') && p->next.kind == BL_TOK_OP && p->next.op == ')')
			return bl_cursor_refuse(p, "an empty grouping set is");
		if ((bl_cursor_word(p, "rollup") || bl_cursor_word(p, "cube")) && p->next.kind == BL_TOK_OP && p->next.op == '(')
			return bl_cursor_refuse(p, bl_cursor_word(p, "cube") ? "CUBE is" : "ROLLUP is");
		if (bl_cursor_word(p, "grouping") && bl_lex_is(&p->next, "sets"))
			return bl_cursor_refuse(p, "GROUPING SETS is");
		if (bl_cursor_word(p, "all") || bl_cursor_word(p, "distinct"))
			return bl_cursor_refuse(p, "GROUP BY ALL or DISTINCT is");
		if (push_ast(p, &s->group, &s->ngroup, bl_parse_expr(p, 0)))
			return -1;
	} while ((r = bl_cursor_take_op(p, ',')) == 1);
	return r;
}

static int order_by(struct bl_cursor *p, struct bl_ast_select *s)
{
	int r;

	if (bl_cursor_need_word(p, "by"))
		return -1;
	do {
		struct bl_ast_order *o = bl_node_push(p->q, &s->order, &s->norder, sizeof *o);
		if (!o || !(o->expr = bl_parse_expr(p, 0)))
			return -1;
		if (bl_cursor_word(p, "using"))
			return bl_cursor_refuse(p, "ORDER BY ... USING is");
		o->desc = bl_cursor_word(p, "desc");
		if ((bl_cursor_word(p, "asc") || bl_cursor_word(p, "desc")) && bl_cursor_next(p))
			return -1;
		o->nulls_first = o->desc;
		if (bl_cursor_word(p, "nulls")) {
			if (bl_cursor_next(p))
				return -1;
			if (!bl_cursor_word(p, "first") && !bl_cursor_word(p, "last"))
				return bl_cursor_syntax(p);
			o->nulls_first = bl_cursor_word(p, "first");
			if (bl_cursor_next(p))
				return -1;
		}
	} while ((r = bl_cursor_take_op(p, ',')) == 1);
	return r;
}

static int count(struct bl_cursor *p, uint64_t *v)
{
	if (bl_cursor_word(p, "all") || bl_cursor_word(p, "null"))
		return bl_cursor_refuse(p, "LIMIT ALL is");
	if (p->t.kind != BL_TOK_NUMBER || !bl_num_parse_u64(p->t.s.p, p->t.s.n, v) || *v > INT64_MAX)
		return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "LIMIT and OFFSET take a whole number");
	return bl_cursor_next(p);
}

static int limit(struct bl_cursor *p, struct bl_ast_select *s)
{
	bool offset = false;

	for (;;) {
		if (bl_cursor_word(p, "limit") && !s->has_limit) {
			s->has_limit = true;
			if (bl_cursor_next(p) || count(p, &s->limit))
				return -1;
			if (bl_cursor_op(p, ','))
				return bl_cursor_refuse(p, "LIMIT with two numbers is");
		} else if (bl_cursor_word(p, "offset") && !offset) {
			offset = true;
			if (bl_cursor_next(p) || count(p, &s->offset))
				return -1;
		} else {
			return 0;
		}
	}
}

/* What SQL has where one of our clauses ends. */
static int refuse_after(struct bl_cursor *p)
{
	static const char *const words[] = { "union", "intersect", "except", "window", "fetch", "for", "into", NULL };

	if (!bl_cursor_one_of(&p->t, words))
		return 0;
	return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "'%.*s' is not supported by this version", BL_LEX_NAME(p->t.s));
}

static int statement(struct bl_cursor *p, struct bl_ast_select *s)
{
	static const char *const others[] = {
		"with", "insert", "update", "delete", "merge", "create", "drop", "alter", "truncate", "copy", "explain", "show", "set",
		"values", "table", "grant", "revoke", "begin", "commit", "rollback", "call", "do", "vacuum", "analyze", "prepare",
		"execute", "declare", "listen", "lock", NULL,
	};
	int r;

	if (bl_cursor_one_of(&p->t, others))
		return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "'%.*s' is not supported by this version: a query begins with SELECT",
				   BL_LEX_NAME(p->t.s));
	if (bl_cursor_need_word(p, "select"))
		return -1;
	s->distinct_at = p->t;
	if (bl_cursor_word(p, "distinct"))
		s->distinct = true;
	if ((s->distinct || bl_cursor_word(p, "all")) && bl_cursor_next(p))
		return -1;
	if (s->distinct && bl_cursor_word(p, "on"))
		return bl_cursor_refuse(p, "DISTINCT ON is");
	do {
		if (item(p, s))
			return -1;
	} while ((r = bl_cursor_take_op(p, ',')) == 1);
	if (r || refuse_after(p) || from(p, s))
		return -1;
	if (bl_cursor_word(p, "where") && (bl_cursor_next(p) || !(s->where = bl_parse_expr(p, 0))))
		return -1;
	if (bl_cursor_word(p, "group") && (bl_cursor_next(p) || group_by(p, s)))
		return -1;
	if (bl_cursor_word(p, "having") && (bl_cursor_next(p) || !(s->having = bl_parse_expr(p, 0))))
		return -1;
	if (bl_cursor_word(p, "order") && (bl_cursor_next(p) || order_by(p, s)))
		return -1;
	if (limit(p, s) || refuse_after(p))
		return -1;
	while (bl_cursor_op(p, ';'))
		if (bl_cursor_next(p))
			return -1;
	if (p->t.kind != BL_TOK_END && bl_cursor_word(p, "select"))
		return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "one query at a time");
	return p->t.kind == BL_TOK_END ? 0 : bl_cursor_syntax(p);
}

int bl_clause_select(struct bl_sql *q, struct bl_ast_select *s)
{
	struct bl_cursor p = { .q = q };

	memset(s, 0, sizeof *s);
	if (memchr(q->text, 0, q->n))
		return bl_lex_fail(q, (uint32_t)((const char *)memchr(q->text, 0, q->n) - q->text), 1, BL_USAGE, "the SQL text holds a NUL byte");
	if (!bl_text_utf8(q->text, q->n))
		return bl_err_set(q->err, BL_USAGE, "the SQL text is not valid UTF-8");
	if (bl_lex_next(q, &p.t) || bl_lex_next(q, &p.next))
		return -1;
	return statement(&p, s);
}
