/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge: decides before executing. (plan, policy, principal, clock) -> verdict; never data. An unknown plan node is 77.
 */
#ifndef BL_POLICY_JUDGE_H
#define BL_POLICY_JUDGE_H

#include "policy/doc.h"
#include "query/plan.h"

struct bl_asker {
	uint8_t pk[BL_IDENT_PK];
	char fpr[BL_IDENT_FPR];
	const uint8_t *owner;		/* the file's owner key: 32 bytes */
	const char *purpose;		/* NULL: none named */
	int64_t now;			/* Unix seconds */
	enum bl_tee_class tee_class;	/* of this helper */
	uint32_t lockdown;		/* its mask */
};
enum bl_verdict_kind { BL_VERDICT_RUN, BL_VERDICT_REFUSE };
enum { BL_JUDGE_RULES = 64 };
struct bl_verdict {
	enum bl_verdict_kind kind;
	enum bl_role role;
	bool open;			/* release is statically true for this request: nothing is tested, entities not needed */
	bool statically_false;		/* no branch can pass: every cell fails (log or reject) */
	/* Data rules the gate will test, in document order: leaves of the release expression. */
	uint32_t nrule; const struct bl_rule *rule[BL_JUDGE_RULES];
	/* Why not: RULE of the message `refused: RULE (hint)`, its path in the policy, and the place in the SQL. */
	const char *rule_name;		/* "uses", "functions", "principals", "purposes", "valid", "tee", "expressions", "limits.columns_out", ... */
	struct bl_place place;
	struct bl_err err;		/* code 77, message `refused: ...`, hint what is allowed instead */
};
/* Steps 2, 3 and 5 of guide section 6 that need no plan: tee class and lockdown, validity, retention, principal, purpose. Fills role. */
int bl_judge_admit(struct bl_verdict *v, const struct bl_policy *p, const struct bl_asker *who);
/* By column of the schema: has some use for this principal, i.e. may be named at all. visible holds schema->n. */
void bl_judge_visible(const struct bl_policy *p, const struct bl_schema *s, bool *visible);
/* Everything: admit, then uses by lineage, functions, grid, bin, like, expressions, limits, static rules. Always fills v. */
void bl_judge_plan(struct bl_verdict *v, const struct bl_policy *p, const struct bl_schema *s, const struct bl_plan *plan,
		   const struct bl_asker *who);

struct bl_explain_line { const char *what, *detail; };
/* --explain: per output column the uses needed and had, static verdicts, data rules with parameters, obligations, as text lines and as JSON. */
void bl_judge_explain(const struct bl_verdict *v, const struct bl_policy *p, const struct bl_schema *s, const struct bl_plan *plan,
		      struct bl_buf *text, struct bl_json *json);

#endif
