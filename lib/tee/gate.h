/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate: the one road out. Here and nowhere else a raw result becomes a release: the data rules are tested, what fails is
 * withheld or everything is refused, and only what is left is finished into rows.
 */
#ifndef BL_TEE_GATE_H
#define BL_TEE_GATE_H

#include "policy/rules.h"
#include "query/finish.h"

enum bl_gate_outcome { BL_GATE_RELEASE, BL_GATE_SUPPRESSED, BL_GATE_LOG, BL_GATE_REFUSE };

struct bl_gate {
	enum bl_gate_outcome outcome;
	bool could_withhold;		/* the answer might have been cut: say so whether or not it was */
	struct bl_release release;	/* not for REFUSE */
	uint32_t nfired;		/* rules that failed somewhere, in document order */
	const struct bl_rule *fired[BL_JUDGE_RULES];
	const struct bl_rule *reason;	/* REFUSE: the rule to name, NULL when no rule was tested */
};

/* store: the differencing store, or NULL when no rule needs it. g and its release live in a. 77 for limits. */
int bl_gate_run(struct bl_gate *g, const struct bl_policy *p, const struct bl_verdict *v, const struct bl_plan *plan,
		const struct bl_result *raw, struct bl_cells *store, struct bl_arena *a, struct bl_err *err);

#endif
