/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse: what parse.c (expressions) and clause.c (statements) share. Private to lib/query.
 */
#ifndef BL_QUERY_PARSE_H
#define BL_QUERY_PARSE_H

#include "query/ast.h"

struct bl_cursor {
	struct bl_sql *q;
	struct bl_tok t, next;	/* the token to look at, and the one after */
	uint32_t end;		/* where the last consumed token ended */
	uint32_t depth;
};

int bl_cursor_next(struct bl_cursor *p);
int bl_cursor_syntax(struct bl_cursor *p);				/* "syntax error at ...", always -1 */
int bl_cursor_refuse(struct bl_cursor *p, const char *what);		/* "WHAT not supported by this version", always -1 */
bool bl_cursor_op(const struct bl_cursor *p, int op);
bool bl_cursor_word(const struct bl_cursor *p, const char *word);
/* 1 consumed, 0 not there, -1 error. */
int bl_cursor_take_op(struct bl_cursor *p, int op);
int bl_cursor_take_word(struct bl_cursor *p, const char *word);
int bl_cursor_need_op(struct bl_cursor *p, int op);
int bl_cursor_need_word(struct bl_cursor *p, const char *word);
bool bl_cursor_one_of(const struct bl_tok *t, const char *const *list);
bool bl_cursor_reserved(const struct bl_tok *t);			/* PostgreSQL takes it neither for a column nor for a table */
bool bl_cursor_needs_as(const struct bl_tok *t);			/* names an item only after AS */

/* An expression whose operators bind at least as tightly as level `min` (0: any). */
struct bl_ast *bl_parse_expr(struct bl_cursor *p, int min);
struct bl_ast *bl_parse_leaf(struct bl_cursor *p, enum bl_ast_kind kind, const struct bl_tok *t);

#endif
