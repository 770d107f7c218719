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
	bool *dropped;			/* [ngroup]: the group is not printed */
	bool all_passed;		/* nothing failed */
	bool nothing_left;		/* no group, or nothing but NULLs, would be printed; then nothing is kept in the store */
	uint32_t nfired; const struct bl_rule *fired[BL_JUDGE_RULES];	/* rules that failed somewhere in the request, in document order */
	struct bl_acc *acc;		/* [ngroup][ncell]: released values: r->acc itself, or what round and midpoint made of it; of withheld cells NULL */
	/* With suppression, when every key is a column with a `domain`: the listed combinations that are not printed, small groups
	 * and those without rows alike, to be printed with NULLs (all cells withheld). */
	uint64_t nextra;
	struct bl_value *extra_key;	/* [nextra][nkey] */
};
/*
 * Tests every cell of every group by v->rule and the release expression, then applies suppression (primary, secondary),
 * then round or midpoint. With `differencing` the store is consulted and the new cells are prepared in it (not yet written);
 * when nothing may be released, none are. r must have been computed by entity unless v->open, and with entity ids where
 * `differencing` is tested. Where nothing suppresses and the policy says `log`, nothing is withheld whatever failed.
 * 77: limits.memory; `differencing` when the store is damaged or full.
 */
int bl_rules_apply(const struct bl_policy *p, const struct bl_verdict *v, const struct bl_plan *plan, const struct bl_result *r,
		   struct bl_cells *store, struct bl_arena *a, struct bl_rules_out *out, struct bl_err *err);

#endif
