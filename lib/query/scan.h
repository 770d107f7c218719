/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan: the vector at hand: columns that are read, authenticated and unpacked when first asked for, and expressions that
 * are computed once a vector however many cells want them. Sums, differences and products whose ranges, by the statistics
 * of the columns, fit 64 bits are computed here; all others by eval.
 */
#ifndef BL_QUERY_SCAN_H
#define BL_QUERY_SCAN_H

#include "format/reader.h"
#include "query/eval.h"
#include "query/kernel.h"
#include "query/pool.h"

enum bl_scan_kind { BL_SCAN_COL, BL_SCAN_LINE, BL_SCAN_ADD, BL_SCAN_SUB, BL_SCAN_MUL, BL_SCAN_EVAL };
struct bl_scan_node {
	struct bl_scan_node *next;
	const struct bl_expr *e;
	bool all;			/* of all rows, not only of those in `want` */
	enum bl_scan_kind kind;
	struct bl_scan_node *l, *r;
	int64_t mul, plus;		/* LINE: l * mul + plus */
	bool narrow;			/* every value lies in [min, max], and comes as i64 */
	int64_t min, max;
	bool nullable;
	bool zeroed;			/* i64 is 0 at NULLs */
	struct bl_eval *eval;
	uint32_t ncol, *col;		/* EVAL: what it reads */
	uint64_t stamp;			/* the vector it was last computed for */
	struct bl_eval_vec vec;		/* valid after bl_scan_run; never `constant`, arrays hold 1,024 */
	int64_t *i64;
	bl_i128 *i128;
	struct bl_str *str;
	uint64_t *null;
};

struct bl_scan {
	const struct bl_plan *plan;
	struct bl_reader *reader;
	struct bl_pool *pool;
	const struct bl_kernel *k;
	const struct bl_schema *schema;
	struct bl_scan_column *column;
	struct bl_eval_vec *entry;	/* by column; for whoever evaluates entries of dictionaries */
	struct bl_eval_vec *vec;	/* by column; valid where bl_scan_column was called for this vector */
	struct bl_eval_range *range;	/* by column, NULLs counted as 0 */
	struct bl_scan_node *node;
	uint32_t group, rows;		/* row group, its rows */
	uint32_t from, n;		/* the vector in it */
	uint64_t stamp;
	const uint64_t *want;		/* rows that passed the filter; NULL: all */
};

int bl_scan_init(struct bl_scan *s, const struct bl_plan *p, struct bl_reader *r, struct bl_pool *pool, struct bl_err *err);
void bl_scan_fini(struct bl_scan *s);
void bl_scan_group(struct bl_scan *s, uint32_t group);		/* then bl_scan_vector for each vector wanted */
void bl_scan_vector(struct bl_scan *s, uint32_t from);

/* s->vec[c] of this vector. */
int bl_scan_column(struct bl_scan *s, uint32_t c, struct bl_err *err);
/* The node of e, made or found. NULL: memory. */
struct bl_scan_node *bl_scan_node(struct bl_scan *s, const struct bl_expr *e, bool all, struct bl_err *err);
int bl_scan_run(struct bl_scan *s, struct bl_scan_node *n, struct bl_err *err);
/* The columns e reads. */
uint32_t *bl_scan_columns(struct bl_scan *s, const struct bl_expr *e, uint32_t *n, struct bl_err *err);
/* The chunk's dictionary of a text column, or NULL: it has none (or could not be loaded, with the error set). */
int bl_scan_dict(struct bl_scan *s, uint32_t c, const struct bl_str **dict, uint32_t *n, struct bl_err *err);

/* Types that live in an integer. */
static inline bool bl_scan_integer(struct bl_type t) { return t.kind && t.kind != BL_TYPE_DOUBLE && t.kind != BL_TYPE_TEXT; }
/* for (each set bit i of mask) */
#define BL_SCAN_EACH(i, mask) \
	for (uint32_t w_ = 0; w_ < BL_KERNEL_WORDS; w_++) \
		for (uint64_t b_ = (mask)[w_]; b_; b_ &= b_ - 1) \
			for (uint32_t i = w_ * 64 + (uint32_t)__builtin_ctzll(b_), o_ = 1; o_; o_ = 0)
static inline bool bl_scan_bit(const uint64_t *m, uint32_t i) { return m[i / 64] >> i % 64 & 1; }

#endif
