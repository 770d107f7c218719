/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: the data rules, tested on a raw result with its entity sets, and the mitigations. Exact: per-entity totals are
 * 128-bit integers, comparisons are cross-multiplied. Called by tee/gate.c only.
 */
#ifndef BL_POLICY_RULES_H
#define BL_POLICY_RULES_H

#include "policy/cells.h"
#include "policy/judge.h"
#include "query/result.h"

struct bl_rules_out {
	bool *withheld;			/* [ngroup][ncell] */
	bool *dropped;			/* [ngroup]: the group is not printed at all */
	bool all_passed;		/* nothing failed */
	bool nothing_left;
	uint32_t nfired; const struct bl_rule *fired[BL_JUDGE_RULES];	/* rules that failed somewhere in the request */
	struct bl_acc *acc;		/* released values: r->acc after round or midpoint */
};
/*
 * Tests every cell of every group by v->rule and the release expression, then applies suppression (primary, secondary),
 * then round or midpoint. With `differencing` the store is consulted and the new cells are prepared in it (not yet written).
 * r must have been computed by entity unless v->open.
 */
int bl_rules_apply(const struct bl_policy *p, const struct bl_verdict *v, const struct bl_plan *plan, const struct bl_result *r,
		   struct bl_cells *store, struct bl_arena *a, struct bl_rules_out *out, struct bl_err *err);

#endif
