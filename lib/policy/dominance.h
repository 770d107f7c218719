/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dominance: may a few entities make up too much of a sum? The p% rule and the (n,k) rule on per-entity totals, exact: 256-bit
 * sums and cross-multiplied comparisons, no division.
 */
#ifndef BL_POLICY_DOMINANCE_H
#define BL_POLICY_DOMINANCE_H

#include "policy/doc.h"

/* ZERO: all totals are 0 (or there are none), so there is nothing to dominate. Out of memory is FAIL. */
enum bl_dominance { BL_DOMINANCE_FAIL, BL_DOMINANCE_PASS, BL_DOMINANCE_ZERO };

/* Totals x[0], x[stride], ..., n of them. Totals of both signs fail; negative ones count by size. */
/* Largest first: x_(coalition+2) + ... >= p/100 * x_1; fewer than three that are not 0 fail. coalition 0 is 1. */
enum bl_dominance bl_dominance_p_percent(const bl_i128 *x, size_t stride, uint64_t n, uint64_t coalition, struct bl_dec p);
/* x_1 + ... + x_most < k/100 * (all of them); equality fails. */
enum bl_dominance bl_dominance_nk(const bl_i128 *x, size_t stride, uint64_t n, uint64_t most, struct bl_dec k);

#endif
