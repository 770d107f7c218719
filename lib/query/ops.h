/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ops: what the files of the evaluator hand to each other. Private to lib/query:
 *
 *	compile.c	an expression to nodes: types, ranges, which operator runs in how many bits
 *	eval.c		the public face: running nodes over a vector, shared parts once, dictionaries
 *	logic.c		AND, OR, NOT, IS, CASE, COALESCE and their like, comparisons, IN
 *	number.c	arithmetic and functions of numbers	cast.c	conversions
 *	textop.c	functions of texts, like.c LIKE		dateop.c	functions of dates and timestamps
 *	bydict.c	texts by their dictionary
 *	loop.c		the tight loops, for each x86-64 level
 *
 * A node owns the arrays of its result, made when it is compiled, so that running needs no memory but for new texts.
 * `want` says which rows matter. Numbers may be computed for the others too, whatever stands there, so no kernel may trust
 * a number in such a row, nor where the value is NULL; texts and dates are looked at only where a row is active.
 */
#ifndef BL_QUERY_OPS_H
#define BL_QUERY_OPS_H

#include <string.h>

#include "query/eval.h"
#include "query/loop.h"

enum { BL_OPS_N = BL_TYPE_VECTOR, BL_OPS_WORDS = BL_OPS_N / 64 };
enum bl_ops_rep { BL_OPS_BOOL, BL_OPS_I64, BL_OPS_I128, BL_OPS_F64, BL_OPS_TEXT };

struct bl_ops_vec {
	uint32_t step;			/* value i is at [i * step]: 1, or 0 for a constant */
	const int64_t *i64;
	const bl_i128 *i128;
	const double *f64;
	const struct bl_str *str;	/* or code and dict */
	const uint32_t *code;
	const struct bl_str *dict;
	uint32_t ndict;
	const uint64_t *is;		/* BOOL: bit i is set where value i is true; clear where it is NULL */
	const uint64_t *null;		/* NULL when none is. These two are full words, constant or not */
};

struct bl_ops_node;
/* Rows of `active` (wanted, no argument NULL) below m into the node's own arrays; bl_ops_null where there is no value. */
typedef int bl_ops_kernel(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m);
struct bl_ops_node {
	const struct bl_expr *e;
	enum bl_op op;
	struct bl_type type;
	enum bl_ops_rep rep;
	bl_i128 min, max;		/* BOOL, I64, I128: every value lies between */
	bl_i128 least, most;		/* of its type: what is made beyond is NULL */
	uint32_t narg;
	struct bl_ops_node **arg;
	bl_ops_kernel *strict;		/* NULL where an argument is; or, when this one is not set: */
	int (*run)(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *want);
	void *state;			/* the kernel's own */
	struct bl_ops_vec out;
	int64_t *i64;
	bl_i128 *i128;
	double *f64;
	struct bl_str *str;
	uint64_t epoch, done[BL_OPS_WORDS];
	uint64_t is[BL_OPS_WORDS], null[BL_OPS_WORDS];
};

struct bl_ops_chunk { struct bl_ops_chunk *next; size_t size, used; char *p; };
struct bl_ops_slot { const struct bl_expr *e; struct bl_ops_node *n; };
struct bl_eval {
	const struct bl_plan *plan;
	const struct bl_eval_range *range;
	struct bl_arena *a;
	struct bl_err *err;
	const struct bl_loop *loop;
	struct bl_ops_node *root;
	struct bl_ops_slot *slot;	/* nodes by expression: a hash table of `mask` + 1 */
	uint32_t mask;
	bool inner;			/* over the entries of one dictionary */
	/* of the current run */
	const struct bl_eval_in *in;
	const struct bl_eval_vec *only;	/* inner: the one column */
	uint32_t n;
	uint64_t epoch;
	struct bl_ops_chunk *text, *text_now;
	int64_t *flat;			/* a boolean result as int64 */
};

/* --- for kernels --- */

/* for (each set bit i of bits) */
#define BL_OPS_EACH(i, bits) \
	for (uint32_t w_ = 0, i; w_ < BL_OPS_WORDS; w_++) \
		for (uint64_t b_ = (bits)[w_]; b_ && (i = w_ * 64 + (uint32_t)__builtin_ctzll(b_), true); b_ &= b_ - 1)

static inline bool bl_ops_bit(const uint64_t *bits, uint32_t i)
{
	return bits && bits[i / 64] >> i % 64 & 1;
}

static inline void bl_ops_null(struct bl_ops_node *n, uint32_t i)
{
	if (!n->out.null) {
		memset(n->null, 0, sizeof n->null);
		n->out.null = n->null;
	}
	n->null[i / 64] |= (uint64_t)1 << i % 64;
}

static inline bl_i128 bl_ops_int(const struct bl_ops_vec *v, uint32_t i)
{
	return v->i64 ? v->i64[i * v->step] : v->i128[i * v->step];
}

static inline struct bl_str bl_ops_str(const struct bl_ops_vec *v, uint32_t i)
{
	struct bl_str s = v->code ? v->dict[v->code[i * v->step]] : v->str[i * v->step];

	s.p = s.p ? s.p : "";
	return s;
}

static inline const struct bl_ops_vec *bl_ops_arg(const struct bl_ops_node *n, uint32_t i)
{
	return &n->arg[i]->out;
}

static inline bool bl_ops_integer(struct bl_type t)
{
	return t.kind != BL_TYPE_DOUBLE && t.kind != BL_TYPE_TEXT;
}

/* eval.c */
int bl_eval_node(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *want);	/* makes n->out good for the rows of want */
char *bl_eval_text(struct bl_eval *v, size_t size);	/* room for texts until the next run; NULL with the error set */
int bl_eval_memory(struct bl_err *err);
void bl_eval_put(struct bl_ops_node *n, uint32_t i, bl_i128 x);	/* an integer: NULL when it is past the type */
void bl_eval_put_f64(struct bl_ops_node *n, uint32_t i, double x);	/* NULL when it is not finite */
void bl_eval_finite(struct bl_ops_node *n, const uint64_t *active, uint32_t m, const struct bl_loop *loop);	/* the same for all */
void bl_eval_begin(struct bl_ops_node *n);		/* out: no constant, no NULL, the node's own arrays; a boolean is false */
/* The root of an inner evaluator over the rows of one column (want NULL: all); texts of the run before may be kept. */
int bl_eval_inner(const struct bl_eval *v, struct bl_eval *inner, const struct bl_eval_vec *only, const uint64_t *want, bool keep_texts);
int bl_eval_col(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *want);	/* run of a column, a key or an aggregate: what the caller gave */

/* compile.c */
int bl_compile(struct bl_eval *v, const struct bl_expr *e);
void *bl_compile_alloc(struct bl_eval *v, size_t n, size_t size);
/* The range of a node as far as its type goes, then whether it fits int64. */
void bl_compile_range(struct bl_ops_node *n, bl_i128 min, bl_i128 max);
/* Chosen by theme; each sets strict or run, state, and the range of integers. */
int bl_logic_bind(struct bl_eval *v, struct bl_ops_node *n);
int bl_number_bind(struct bl_eval *v, struct bl_ops_node *n);
int bl_cast_bind(struct bl_eval *v, struct bl_ops_node *n);
int bl_textop_bind(struct bl_eval *v, struct bl_ops_node *n);
int bl_like_bind(struct bl_eval *v, struct bl_ops_node *n);
int bl_dateop_bind(struct bl_eval *v, struct bl_ops_node *n);
/* A timestamp, months and then microseconds further: false when it is no time of the calendar, or the months lead out of it. */
bool bl_dateop_add(int64_t stamp, int64_t months, int64_t us, bl_i128 *r);
bl_i128 bl_number_round(bl_i128 a, bl_i128 unit);	/* a / unit, half away from zero */
/* x at `scale` digits (negative: tens and up) by its shortest decimal text, rounded or cut; false past 128 bits. x is finite. */
bool bl_cast_decimal(double x, int scale, bool round, bl_i128 *r);
int bl_bydict_bind(struct bl_eval *v, struct bl_ops_node *n);

#endif
