/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop: the loops over 1,024 numbers that most of the evaluator's time goes to: plain C that vectorises, made for three
 * x86-64 levels. A step is 1, or 0 for a constant. Integers wrap: whoever calls has proven that none does where it matters.
 */
#ifndef BL_QUERY_LOOP_H
#define BL_QUERY_LOOP_H

#include <stdint.h>

struct bl_loop {
	/* Bit i of is[] = a[i] op b[i] for i < n; the other bits of the last word are clear, later words untouched. */
	void (*eq_i64)(const int64_t *a, const int64_t *b, uint32_t step, uint32_t n, uint64_t *is);
	void (*lt_i64)(const int64_t *a, const int64_t *b, uint32_t step, uint32_t n, uint64_t *is);
	void (*gt_i64)(const int64_t *a, const int64_t *b, uint32_t step, uint32_t n, uint64_t *is);
	void (*eq_f64)(const double *a, const double *b, uint32_t step, uint32_t n, uint64_t *is);
	void (*lt_f64)(const double *a, const double *b, uint32_t step, uint32_t n, uint64_t *is);
	void (*gt_f64)(const double *a, const double *b, uint32_t step, uint32_t n, uint64_t *is);
	/* out[i] = a[i] op b[i] */
	void (*add_i64)(const int64_t *a, uint32_t astep, const int64_t *b, uint32_t bstep, uint32_t n, int64_t *out);
	void (*sub_i64)(const int64_t *a, uint32_t astep, const int64_t *b, uint32_t bstep, uint32_t n, int64_t *out);
	void (*mul_i64)(const int64_t *a, uint32_t astep, const int64_t *b, uint32_t bstep, uint32_t n, int64_t *out);
	void (*add_f64)(const double *a, uint32_t astep, const double *b, uint32_t bstep, uint32_t n, double *out);
	void (*sub_f64)(const double *a, uint32_t astep, const double *b, uint32_t bstep, uint32_t n, double *out);
	void (*mul_f64)(const double *a, uint32_t astep, const double *b, uint32_t bstep, uint32_t n, double *out);
	void (*div_f64)(const double *a, uint32_t astep, const double *b, uint32_t bstep, uint32_t n, double *out);
	/* Whether all n are finite. */
	int (*finite)(const double *a, uint32_t n);
};
/* What this processor runs best. */
const struct bl_loop *bl_loop_best(void);

#endif
