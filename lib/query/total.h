/* SPDX-License-Identifier: Apache-2.0 */
/*
 * total: an aggregate of one group from the group's cells. Exact for integers and decimals until the last step, which
 * rounds once to a decimal's digits or to the nearest double. Private to lib/query.
 */
#ifndef BL_QUERY_TOTAL_H
#define BL_QUERY_TOTAL_H

#include "query/result.h"

/* acc and withheld (NULL: nothing is) by cell. NULL where a cell it needs is withheld, nothing entered, it overflows, or cells
 * that were rounded do not fit together (a variance below zero). */
struct bl_value bl_total(const struct bl_plan *p, const struct bl_agg *g, const struct bl_acc *acc, const bool *withheld);
/* Is a cell of it withheld, or one that the gate had to test for it? */
bool bl_total_withheld(const struct bl_agg *g, const bool *withheld);

#endif
