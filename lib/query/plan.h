/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan: a parsed, bound, typed query over one table. Pure: made from SQL text and a schema, never from data.
 *
 * An aggregate is broken into additive cells (guide: count = {n}, avg = {n, S}, var = {n, S, SS}); what the executor
 * computes per group are the cells, what is printed is computed from them after the gate. An affine argument a*col + b is
 * reduced to the cells of col; a CASE whose branches are affine becomes one term per branch, each under its own condition;
 * FILTER is a condition. Anything else stays as an expression in the cell (`arg` is then not a bare column).
 */
#ifndef BL_QUERY_PLAN_H
#define BL_QUERY_PLAN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/num.h"
#include "format/type.h"

enum { BL_PLAN_SQL = 32 << 10, BL_PLAN_DEPTH = 64, BL_PLAN_NODES = 10000, BL_PLAN_OUT = 64 };

struct bl_value {
	struct bl_type type;
	bool null;
	bl_i128 i;		/* bool, bigint, decimal, date, timestamp */
	double f;		/* double */
	struct bl_str s;	/* text */
};

/*
 * Every conversion is a CAST, so that operands meet with equal types: ADD, SUB, MOD, comparisons, IN, CASE values, COALESCE,
 * NULLIF, GREATEST, LEAST, CLIP, BIN and the first three of WIDTH_BUCKET have operands of one kind and one scale (precision
 * may differ); MUL of decimals may have two scales, the result has their sum. DIV is of two bigints (truncates) or two
 * doubles. SUB of two dates is bigint days, ADD and SUB of a date (first) and a bigint is a date. ROUND and TRUNC have a
 * literal number of digits as second argument. Text arguments are in SQL's order; POSITION is (needle, text). DATE_PART and
 * DATE_TRUNC have a literal lower-case field first and a timestamp second: quarter week hour minute second dow isodow doy
 * (part: bigint, of `second` decimal(8,6)), year quarter month week day hour minute second (trunc: timestamp). ADD_INTERVAL
 * is of a timestamp; a month that is too short gives its last day. Arithmetic on literals is folded already.
 */
enum bl_op {
	BL_OP_LIT, BL_OP_COL,
	BL_OP_KEY, BL_OP_AGG,		/* after grouping: value of key[index], value of agg[index] */
	BL_OP_NEG, BL_OP_ADD, BL_OP_SUB, BL_OP_MUL, BL_OP_DIV, BL_OP_MOD,
	BL_OP_AND, BL_OP_OR, BL_OP_NOT,	/* n-ary AND, OR; three-valued */
	BL_OP_EQ, BL_OP_NE, BL_OP_LT, BL_OP_LE, BL_OP_GT, BL_OP_GE,
	BL_OP_ISNULL, BL_OP_ISTRUE, BL_OP_ISFALSE,	/* never NULL; IS NOT x is NOT(x) */
	BL_OP_IN,			/* arg[0] IN (arg[1..]), all literals of arg[0]'s type, none NULL; BETWEEN is AND of GE and LE */
	BL_OP_LIKE, BL_OP_ILIKE,	/* arg[0] LIKE arg[1], the pattern a literal, not NULL */
	BL_OP_CASE,			/* arg = cond, value, cond, value, ..., else (always there, NULL literal if absent) */
	BL_OP_CAST,			/* arg[0] to `type`; a bad cast is NULL */
	BL_OP_COALESCE, BL_OP_NULLIF, BL_OP_GREATEST, BL_OP_LEAST, BL_OP_CONCAT,
	BL_OP_ABS, BL_OP_CEIL, BL_OP_FLOOR, BL_OP_ROUND, BL_OP_TRUNC, BL_OP_SIGN, BL_OP_SQRT, BL_OP_EXP, BL_OP_LN, BL_OP_LOG,
	BL_OP_POWER, BL_OP_CLIP, BL_OP_WIDTH_BUCKET,
	BL_OP_BIN,			/* bin(x, w) = floor(x / w) * w, type of x at the wider scale; w a positive literal */
	BL_OP_LENGTH, BL_OP_LOWER, BL_OP_UPPER, BL_OP_TRIM, BL_OP_SUBSTR, BL_OP_LEFT, BL_OP_RIGHT, BL_OP_REPLACE, BL_OP_POSITION,
	BL_OP_STARTS_WITH,
	BL_OP_YEAR, BL_OP_MONTH, BL_OP_DAY, BL_OP_DATE_PART, BL_OP_DATE_TRUNC, BL_OP_ADD_INTERVAL,	/* interval: literal months in arg[1], literal microseconds in arg[2] */
};

struct bl_expr {
	enum bl_op op;
	struct bl_type type;
	uint32_t pos, len;		/* where it stands in the SQL text, for the caret */
	uint32_t narg;
	struct bl_expr **arg;
	uint32_t index;			/* COL: column of the schema; KEY, AGG: index */
	struct bl_value lit;		/* LIT */
	uint32_t size;			/* nodes in it, at most BL_PLAN_NODES; parts may be shared */
};

enum bl_agg_fn {
	BL_AGG_COUNT, BL_AGG_SUM, BL_AGG_AVG, BL_AGG_VAR_SAMP, BL_AGG_VAR_POP, BL_AGG_STDDEV_SAMP, BL_AGG_STDDEV_POP,
	BL_AGG_MIN, BL_AGG_MAX, BL_AGG_MEDIAN, BL_AGG_COUNT_DISTINCT,
};

enum bl_cell_kind {
	BL_CELL_N,			/* rows under cond whose arg is not NULL (arg NULL: all rows under cond) */
	BL_CELL_S, BL_CELL_SS,		/* sum of arg, of its square: exact at scale(arg), 2*scale(arg); double: see exec.h */
	BL_CELL_MIN, BL_CELL_MAX, BL_CELL_MEDIAN, BL_CELL_DISTINCT,
};
struct bl_cell {
	enum bl_cell_kind kind;
	struct bl_expr *arg;		/* row expression; NULL: count(*) */
	struct bl_expr *cond;		/* boolean row expression, only rows where it is true; NULL: all */
	uint32_t n;			/* the N cell of the same arg and cond (itself for N) */
	bool check;			/* not printed anywhere: the rest of a group under a condition, or cell 0, to be tested by the gate */
};
/* One term of an aggregate: value = mul * arg + add over the rows of its cells, decimals given as integer and scale. */
struct bl_term {
	int32_t n, s, ss;		/* cell numbers, -1 when not needed; a literal branch has only n */
	bl_i128 mul, add;
	uint8_t mul_scale, add_scale;
};
struct bl_agg {
	enum bl_agg_fn fn;
	struct bl_type type;		/* of the result: count bigint; sum bigint -> decimal(38,0), decimal -> decimal(38,s), double; avg, var, stddev, median double; min, max arg's */
	uint32_t pos, len;
	uint32_t nterm;
	struct bl_term *term;		/* MIN, MAX, MEDIAN, DISTINCT: one term, its cell in s */
	uint32_t ncheck;
	uint32_t *check;		/* cells that only the gate looks at */
	struct bl_expr *arg, *filter;	/* as written, for messages; NULL: count(*), no FILTER */
};

struct bl_item {
	char *name;
	struct bl_expr *expr;		/* over KEY and AGG */
	bool hidden;			/* an ORDER BY expression that is not printed */
};
struct bl_order { struct bl_expr *expr; bool desc, nulls_first; };

enum bl_plan_kind {
	BL_PLAN_ROWS,			/* no aggregate: every row is a group of its own, keys are the row expressions */
	BL_PLAN_DISTINCT,		/* SELECT DISTINCT of row expressions: groups by all of them, `project` needed */
	BL_PLAN_GROUPS,			/* GROUP BY, or aggregates over the whole table (nkey 0: always exactly one group) */
};
/* Cell 0 of a plan that prints keys (nkey > 0, rows included) is N of all rows of the group, a check cell unless count(*) is asked. */
struct bl_plan {
	enum bl_plan_kind kind;
	const struct bl_schema *schema;	/* borrowed */
	char *table;			/* name in FROM */
	struct bl_expr *where;		/* or NULL */
	uint32_t nkey;   struct bl_expr **key;	/* row expressions */
	uint32_t ncell;  struct bl_cell *cell;
	uint32_t nagg;   struct bl_agg *agg;
	uint32_t nout;   struct bl_item *out;	/* hidden ones last */
	struct bl_expr *having;		/* over KEY and AGG, or NULL */
	uint32_t norder; struct bl_order *order;
	bool has_limit;
	uint64_t limit, offset;
	const bool *used;		/* by column of the schema: appears anywhere */
};

/* Where a statement is wrong; pos = SIZE_MAX when there is no place. Byte offsets into the SQL text. */
struct bl_place { size_t pos, len; };

/*
 * SQL to a plan in `a`. Columns with visible[i] false are treated as if they did not exist (visible NULL: all are).
 * Exit classes: 64 for what does not parse or type; 77 for a column that is not there, in the same words for a hidden and
 * an absent one; 64 "... is not supported" by name for what this dialect leaves out (joins, subqueries, WITH, UNION,
 * window functions, ...). `tables` are the names FROM may use (one here).
 */
int bl_plan_make(struct bl_plan *p, struct bl_arena *a, const char *sql, size_t n, const char *table,
		 const struct bl_schema *schema, const bool *visible, struct bl_place *place, struct bl_err *err);
/* The table's name in FROM, found by the parser alone (to choose the file); 64. */
int bl_plan_table(const char *sql, size_t n, char *name, size_t size, struct bl_place *place, struct bl_err *err);
/* Canonical text: same plan, same bytes, whatever the spelling of the SQL. For request hashes and --explain. */
void bl_plan_print(const struct bl_plan *p, struct bl_buf *b);
/* One expression in SQL spelling, for messages. */
void bl_plan_print_expr(const struct bl_plan *p, const struct bl_expr *e, struct bl_buf *b);

#endif
