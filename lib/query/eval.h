/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eval: typed expressions over vectors of up to 1,024 rows. Total and three-valued: division by zero, overflow, a bad
 * cast, the logarithm of a negative are NULL, never an error; so nothing about a row can be told by a failure.
 *
 * Integers run in 64 bits where the ranges of the columns prove that no step can overflow, else in 128. What depends on
 * one text column only is computed once for each entry of its dictionary. lower, upper and ILIKE change ASCII letters and
 * leave all others as they are. A text made longer than BL_EVAL_TEXT is NULL.
 */
#ifndef BL_QUERY_EVAL_H
#define BL_QUERY_EVAL_H

#include "query/plan.h"

enum { BL_EVAL_TEXT = 1 << 20 };

/*
 * A vector of values: of i64, i128, f64, str one is set (or code and dict for text), as in struct bl_vec. Where a value is
 * NULL, what stands there means nothing. Entries of a dictionary made here may repeat: lower(x) of 'A' and 'a'.
 */
struct bl_eval_vec {
	struct bl_type type;
	uint32_t n;
	bool constant;			/* all n are equal and only index 0 is filled */
	const int64_t *i64;
	const bl_i128 *i128;		/* integers and decimals that may pass 64 bits */
	const double *f64;
	const struct bl_str *str;
	const uint32_t *code;
	const struct bl_str *dict;
	uint32_t ndict;
	const uint64_t *null;		/* bit i: value i is NULL; NULL pointer when none is */
};

/* What is known of a column before any row is read: all its integer values lie in [min, max]; false: nothing. */
struct bl_eval_range { bool known; int64_t min, max; };

struct bl_eval;
/*
 * Compiles e; everything it needs lives in a. range: by schema column, or NULL. Row expressions read COL, expressions
 * after grouping read KEY and AGG. 77 `limits.memory` when the arena is out.
 */
struct bl_eval *bl_eval_new(const struct bl_plan *p, const struct bl_expr *e, const struct bl_eval_range *range, struct bl_arena *a,
			    struct bl_err *err);
/* True when every value is proven to fit int64 (the vector then has i64, never i128); *min and *max hold them. */
bool bl_eval_narrow(const struct bl_eval *v, int64_t *min, int64_t *max);

/*
 * n rows: col[c] for every schema column c that e reads; key, agg likewise after grouping. dicts: when it is not 0 and the
 * same as at the last run, every dictionary is still the same memory with the same texts (a number for each row group
 * does), and what was computed of its entries is used again.
 */
struct bl_eval_in { uint32_t n; const struct bl_eval_vec *col, *key, *agg; uint64_t dicts; };
/* The result, valid until the next run of v. Rows not in `want` (bitmap, NULL: all) may hold anything. -1: memory (77). */
int bl_eval_run(struct bl_eval *v, const struct bl_eval_in *in, const uint64_t *want, struct bl_eval_vec *out, struct bl_err *err);
/* For conditions: bit i set where e is true (neither false nor NULL); clears the others; out holds 16 words. */
int bl_eval_true(struct bl_eval *v, const struct bl_eval_in *in, const uint64_t *want, uint64_t *out, struct bl_err *err);

#endif
