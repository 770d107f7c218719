/* SPDX-License-Identifier: Apache-2.0 */
/* disguise: sums that are counts in other words. Pure. */
#ifndef BL_POLICY_DISGUISE_H
#define BL_POLICY_DISGUISE_H

#include "base/num.h"

/*
 * May a sum be one of zeros and of one other number? n[i * stride] rows of an entity (those with 0 are passed over) add up to
 * s[i * stride]; count entities. If so *unit is that number, the least that will do; 1 when all are 0. Whether the owner
 * declared the column does not matter: who knows that Pclass is 2 reads a count from the sum of Pclass.
 */
bool bl_disguise_find(const bl_i128 *n, const bl_i128 *s, size_t stride, uint64_t count, bl_i128 *unit);

#endif
