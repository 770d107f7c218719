/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state: what an accumulator keeps for one group, 8 to 32 bytes that begin as zero, and the loops that put rows into it.
 * The order of rows matters to sums of doubles only.
 */
#ifndef BL_QUERY_STATE_H
#define BL_QUERY_STATE_H

#include "query/eval.h"
#include "query/pool.h"
#include "query/result.h"

enum bl_state_what { BL_STATE_COUNT, BL_STATE_SUM, BL_STATE_SQUARE, BL_STATE_MIN, BL_STATE_MAX, BL_STATE_DISTINCT, BL_STATE_MEDIAN };
/* EXACT: i64 into 128 bits. QUICK: EXACT, and 1,024 of them add up in 64 bits. WIDE: i64 or i128 into 192 bits. */
enum bl_state_form { BL_STATE_NONE, BL_STATE_QUICK, BL_STATE_EXACT, BL_STATE_WIDE, BL_STATE_REAL, BL_STATE_TEXT };

struct bl_state_wide { bl_u128 lo; int64_t hi; int64_t over; };		/* over: a square that passed 128 bits by itself */
struct bl_state_real { double sum, error; };
struct bl_state_int { int64_t v; uint64_t has; };			/* least or greatest; has 0: none yet */
struct bl_state_i128 { bl_i128 v; uint64_t has; };
struct bl_state_f64 { double v; uint64_t has; };
struct bl_state_str { char *p; uint32_t n, cap; };			/* p NULL: none yet */

/* Rows idx[0..n); the state of row i is at p + id[i] * stride. */
struct bl_state_rows {
	uint8_t *p;
	size_t stride;
	const uint32_t *id;
	const uint16_t *idx;
	uint32_t n;
};

size_t bl_state_size(enum bl_state_what what, enum bl_state_form form);		/* of DISTINCT and MEDIAN: 0 */
void bl_state_count(const struct bl_state_rows *r);
void bl_state_sum(enum bl_state_what what, enum bl_state_form form, const struct bl_state_rows *r, const struct bl_eval_vec *v);
/* Doubles as fixed point in units of 2^-shift (even for squares), each rounded to nearest, beyond 2^90 units cut. */
void bl_state_fixed(enum bl_state_what what, int shift, const struct bl_state_rows *r, const struct bl_eval_vec *v);
int bl_state_least(enum bl_state_what what, enum bl_state_form form, const struct bl_state_rows *r, const struct bl_eval_vec *v,
		   struct bl_pool *pool, struct bl_err *err);

/* A sum of integers as 128 bits; false: it does not fit, then *v is the nearest that does. */
bool bl_state_get(enum bl_state_form form, const uint8_t *p, bl_i128 *v);
void bl_state_get_least(enum bl_state_form form, const uint8_t *p, struct bl_acc *out);

#endif
