/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ast: what the stages between SQL text and plan hand to each other. Private to lib/query:
 *
 *	lex.c             text -> tokens             clause.c, parse.c, cursor.c  tokens -> tree
 *	bind.c, func.c    tree -> typed expressions  fold.c, node.c               arithmetic on literals; making expressions
 *	decompose.c       aggregates -> cells        select.c                     clauses -> plan
 *	plan.c            the public face, and the canonical text
 *
 * Every stage fails through bl_lex_fail, which notes the place; every stage is bounded by the limits of plan.h.
 */
#ifndef BL_QUERY_AST_H
#define BL_QUERY_AST_H

#include "query/plan.h"

struct bl_sql {
	const char *text;
	uint32_t n, at;			/* bytes of text; where the lexer stands */
	uint32_t nodes;			/* made so far, of trees and of expressions */
	struct bl_arena *a;
	struct bl_place *place;
	struct bl_err *err;
};

/* A name for a message: at most 64 bytes of it, cut between characters. Use as "'%.*s'". */
#define BL_LEX_NAME(s) bl_lex_shown(s), (s).p

enum bl_tok_kind { BL_TOK_END, BL_TOK_WORD, BL_TOK_QUOTED, BL_TOK_NUMBER, BL_TOK_STRING, BL_TOK_OP };
#define BL_TOK_PAIR(a, b) ((a) << 8 | (b))	/* operators of two characters */
struct bl_tok {
	enum bl_tok_kind kind;
	uint32_t pos, len;		/* in the text */
	int op;				/* OP: the character, or BL_TOK_PAIR */
	struct bl_str s;		/* all others: the content, quotes undone */
};

/* Notes the place and sets the error; always -1. */
int bl_lex_fail(struct bl_sql *q, uint32_t pos, uint32_t len, int code, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void *bl_lex_alloc(struct bl_sql *q, size_t n, size_t size);		/* zeroed; NULL with the error set */
int bl_lex_next(struct bl_sql *q, struct bl_tok *t);
bool bl_lex_is(const struct bl_tok *t, const char *lower_case_word);	/* an unquoted word, in any case */
int bl_lex_shown(struct bl_str s);
bool bl_lex_same(struct bl_str a, struct bl_str b);			/* ignoring ASCII case */
bool bl_lex_equal(struct bl_str a, struct bl_str b);
/* May an output have this name, which stands there? Not that of the column that finishing adds. */
int bl_lex_output(struct bl_sql *q, struct bl_str name, uint32_t pos, uint32_t len);

enum bl_ast_kind {
	BL_AST_NAME,			/* s, qualified by qual when that is not empty */
	BL_AST_NUMBER, BL_AST_STRING, BL_AST_NULL, BL_AST_TRUE, BL_AST_FALSE,
	BL_AST_DATE, BL_AST_STAMP, BL_AST_INTERVAL,	/* s: the text between the quotes */
	BL_AST_OP,			/* op over arg: arithmetic, comparison, AND, OR, NOT, IS, LIKE, CONCAT */
	BL_AST_BETWEEN,			/* arg: x, low, high */
	BL_AST_IN,			/* arg: x, items */
	BL_AST_CASE,			/* arg: [operand,] cond, value, ..., [else] */
	BL_AST_CAST,			/* arg: x; to type; decimal of precision 0 is a bare DECIMAL */
	BL_AST_CALL,			/* s(arg, ...) */
	BL_AST_STAR,			/* item of SELECT, only argument of count */
};
struct bl_ast {
	enum bl_ast_kind kind;
	enum bl_op op;
	uint32_t pos, len, height;
	struct bl_str s, qual;
	bool quoted;			/* NAME: match exactly */
	bool distinct;			/* CALL */
	bool operand, otherwise;	/* CASE: has them */
	struct bl_type type;
	uint32_t narg;
	struct bl_ast **arg;
	struct bl_ast *filter;		/* CALL */
};

struct bl_ast_order { struct bl_ast *expr; bool desc, nulls_first; };
struct bl_ast_select {
	bool distinct;
	struct bl_tok distinct_at;
	uint32_t nitem;  struct bl_ast **item; struct bl_str *alias;	/* alias p NULL: none */
	struct bl_tok table, alias_of_table;				/* kind END: no alias */
	struct bl_ast *where, *having;
	uint32_t ngroup; struct bl_ast **group;
	uint32_t norder; struct bl_ast_order *order;
	bool has_limit;
	uint64_t limit, offset;
};
int bl_clause_select(struct bl_sql *q, struct bl_ast_select *s);	/* clause.c, with parse.h below it */

/* node.c: expressions. All but equal give NULL with the error set when a limit is passed. */
struct bl_expr *bl_node_new(struct bl_sql *q, enum bl_op op, struct bl_type type, const struct bl_expr *at, struct bl_expr *const *arg,
			    uint32_t narg);
struct bl_expr *bl_node_lit(struct bl_sql *q, const struct bl_value *v, const struct bl_expr *at);
struct bl_expr *bl_node_int(struct bl_sql *q, int64_t v, const struct bl_expr *at);
struct bl_expr *bl_node_bool(struct bl_sql *q, enum bl_op op, struct bl_expr *a);		/* NOT, ISNULL, ISTRUE, ISFALSE */
struct bl_expr *bl_node_join(struct bl_sql *q, enum bl_op op, struct bl_expr *a, struct bl_expr *b);	/* AND, OR: flat; a NULL pointer is left out */
struct bl_expr *bl_node_cast(struct bl_sql *q, struct bl_expr *e, struct bl_type t);		/* nothing to do: e itself; a literal is folded */
enum bl_op bl_node_mirrored(enum bl_op op);		/* of a comparison: what holds when its sides are exchanged */
bool bl_node_equal(const struct bl_expr *a, const struct bl_expr *b);				/* places aside */
/* array_at is the address of an arena array of *n elements, which grows by one: the new element, zeroed, or NULL. */
void *bl_node_push(struct bl_sql *q, void *array_at, uint32_t *n, size_t size);

static inline struct bl_type bl_type_of(enum bl_type_kind k) { return (struct bl_type){ .kind = (uint8_t)k }; }
static inline bool bl_type_number(struct bl_type t) { return t.kind == BL_TYPE_INT || t.kind == BL_TYPE_DECIMAL || t.kind == BL_TYPE_DOUBLE; }

/* fold.c */
bool bl_fold_number(const char *s, size_t n, struct bl_value *v);	/* a number of SQL: bigint, decimal, or double past 38 digits */
int bl_fold_cast(struct bl_sql *q, const struct bl_value *v, struct bl_type t, struct bl_value *r);	/* a bad cast is NULL; -1: memory */
struct bl_expr *bl_fold_arith(struct bl_sql *q, struct bl_expr *e);	/* NEG, ADD, ..., ADD_INTERVAL over literals to one; else e */
bool bl_fold_rescale(bl_i128 v, unsigned from, unsigned to, bl_i128 *r);	/* rounds half away from zero; false past 38 digits */

/* bind.c */
struct bl_bind {
	struct bl_sql *q;
	const struct bl_schema *schema;
	const bool *visible;
	struct bl_str table;		/* how columns may be qualified */
	struct bl_plan *plan;		/* aggregates and cells go there */
	const char *no_agg;		/* the clause in which an aggregate is refused, or NULL */
};
struct bl_expr *bl_bind_expr(struct bl_bind *b, const struct bl_ast *x);
struct bl_expr *bl_bind_cond(struct bl_bind *b, const struct bl_ast *x, const char *clause);
int bl_bind_find(const struct bl_bind *b, struct bl_str name, bool exact);	/* -1 not there, -2 ambiguous */
/* The type they have in common, and casts to it; literals adapt where that is exact. what: "compare", "mix". */
int bl_bind_unify(struct bl_bind *b, struct bl_expr **e, uint32_t n, const struct bl_expr *at, const char *what);
struct bl_expr *bl_bind_arith(struct bl_bind *b, enum bl_op op, struct bl_expr *l, struct bl_expr *r, const struct bl_expr *at);

/* func.c: scalar functions and the names of aggregates. */
struct bl_expr *bl_func_call(struct bl_bind *b, const struct bl_ast *x, struct bl_expr **arg, const struct bl_expr *at);
int bl_func_aggregate(struct bl_str name, enum bl_agg_fn *fn);		/* 0, or -1: not an aggregate */
const char *bl_func_field(struct bl_str name);				/* year, month, ... in lower case; NULL: not one */
bool bl_func_known(struct bl_str name);
int bl_func_unknown(struct bl_bind *b, const struct bl_ast *x);		/* "not supported" or "no function", always -1 */

/* decompose.c: an aggregate to its number in the plan, or -1. arg NULL: count(*). */
int bl_decompose_agg(struct bl_sql *q, struct bl_plan *p, enum bl_agg_fn fn, struct bl_expr *arg, struct bl_expr *filter, const struct bl_expr *at);
int bl_decompose_cell(struct bl_sql *q, struct bl_plan *p, enum bl_cell_kind kind, struct bl_expr *arg, struct bl_expr *cond);

/* select.c */
int bl_select_bind(struct bl_bind *b, const struct bl_ast_select *s);

#endif
