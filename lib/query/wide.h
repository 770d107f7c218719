/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wide: whole numbers of up to 2,048 bits, for what is made from sums of squares: n * SS - S * S of 128-bit sums at up to
 * 76 digits behind the point needs some 1,100. Slow and exact; a few operations a group. Private to lib/query.
 */
#ifndef BL_QUERY_WIDE_H
#define BL_QUERY_WIDE_H

#include "base/num.h"

enum { BL_WIDE_LIMBS = 32 };
struct bl_wide { bool neg; uint32_t n; uint64_t d[BL_WIDE_LIMBS]; };	/* n limbs, the last not 0; n 0: zero */

struct bl_wide bl_wide_of(bl_i128 v);
/* a op b; passing the limbs is our own mistake, since every input is bounded. */
struct bl_wide bl_wide_add(const struct bl_wide *a, const struct bl_wide *b);
struct bl_wide bl_wide_sub(const struct bl_wide *a, const struct bl_wide *b);
struct bl_wide bl_wide_mul(const struct bl_wide *a, const struct bl_wide *b);
struct bl_wide bl_wide_scale(const struct bl_wide *a, unsigned digits);	/* a * 10^digits */
bool bl_wide_get(const struct bl_wide *a, bl_i128 *v);			/* false when it does not fit */
/* The double nearest to num / den, ties to even; den > 0. */
double bl_wide_ratio(const struct bl_wide *num, const struct bl_wide *den);

#endif
