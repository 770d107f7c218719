/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grid: how finely a column may be looked at (guide: policy, section 2). `grid`: it is compared as itself, with literals on
 * the grid, so that no two filters differ by less; `bin`: as a group key it stands in bin(column, width) of at least this
 * width; `like`: a test on part of a text needs it. Private to lib/policy.
 */
#ifndef BL_POLICY_GRID_H
#define BL_POLICY_GRID_H

#include "policy/lineage.h"

struct bl_grid_fault {
	const char *rule;		/* "grid", "bin", "like": the member of the column */
	uint32_t column, pos, len;
	const char *what;		/* what is wrong, in words that name no value */
};
typedef void bl_grid_visit(void *arg, const struct bl_grid_fault *f);
/* Every fault of the plan. grant: by column of the schema. The plan is one that bl_lineage_unknown knows. */
void bl_grid_check(const struct bl_plan *plan, const struct bl_grant *grant, bl_grid_visit *visit, void *arg);

#endif
