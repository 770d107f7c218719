/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor: the parser's place in the tokens, two of them in sight; what may stand there, and the errors of what does not.
 */
#include "query/parse.h"

int bl_cursor_next(struct bl_cursor *p)
{
	p->end = p->t.pos + p->t.len;
	p->t = p->next;
	return bl_lex_next(p->q, &p->next);
}

int bl_cursor_syntax(struct bl_cursor *p)
{
	if (p->t.kind == BL_TOK_END)
		return bl_lex_fail(p->q, p->t.pos, 0, BL_USAGE, "syntax error at the end of the text");
	struct bl_str s = { p->q->text + p->t.pos, p->t.len };
	return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "syntax error at '%.*s'", BL_LEX_NAME(s));
}

int bl_cursor_refuse(struct bl_cursor *p, const char *what)
{
	return bl_lex_fail(p->q, p->t.pos, p->t.len, BL_USAGE, "%s not supported by this version", what);
}

bool bl_cursor_op(const struct bl_cursor *p, int op)
{
	return p->t.kind == BL_TOK_OP && p->t.op == op;
}

bool bl_cursor_word(const struct bl_cursor *p, const char *word)
{
	return bl_lex_is(&p->t, word);
}

/* 1 consumed, 0 not there, -1 error: callers that must have it test for != 1. */
int bl_cursor_take_op(struct bl_cursor *p, int op)
{
	return !bl_cursor_op(p, op) ? 0 : bl_cursor_next(p) ? -1 : 1;
}

int bl_cursor_take_word(struct bl_cursor *p, const char *word)
{
	return !bl_cursor_word(p, word) ? 0 : bl_cursor_next(p) ? -1 : 1;
}

int bl_cursor_need_op(struct bl_cursor *p, int op)
{
	return bl_cursor_op(p, op) ? bl_cursor_next(p) : bl_cursor_syntax(p);
}

int bl_cursor_need_word(struct bl_cursor *p, const char *word)
{
	return bl_cursor_word(p, word) ? bl_cursor_next(p) : bl_cursor_syntax(p);
}

bool bl_cursor_one_of(const struct bl_tok *t, const char *const *list)
{
	for (; *list; list++)
		if (bl_lex_is(t, *list))
			return true;
	return false;
}

/* Words that PostgreSQL does not take for a column or a table. */
bool bl_cursor_reserved(const struct bl_tok *t)
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
	return bl_cursor_one_of(t, words);
}

/* Words that need AS before them when they name an item. */
bool bl_cursor_needs_as(const struct bl_tok *t)
{
	static const char *const words[] = {
		"char", "character", "day", "filter", "hour", "minute", "month", "national", "over", "precision", "second",
		"varying", "within", "without", "year", NULL,
	};
	return bl_cursor_reserved(t) || bl_cursor_one_of(t, words);
}
