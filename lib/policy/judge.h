/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge: decides before executing. (plan, policy, principal, clock) -> verdict; never data. What it does not know (an
 * operator, a kind of plan, a rule) is refused, class 77.
 *
 * The first failure in this order is the only one reported: helper, validity, retention, principal, purpose; limits of the
 * text; the plan's shape; uses; functions; expressions; grid; bin; like; static rules. Within one of them, the leftmost place
 * in the SQL. All of it is words of the policy and of the asker, so no text can depend on data.
 */
#ifndef BL_POLICY_JUDGE_H
#define BL_POLICY_JUDGE_H

#include "policy/doc.h"
#include "query/plan.h"

struct bl_asker {
	uint8_t pk[BL_IDENT_PK];
	char fpr[BL_IDENT_FPR];		/* of pk */
	const uint8_t *owner;		/* the file's owner key: 32 bytes */
	const char *purpose;		/* NULL: none named */
	int64_t now;			/* Unix seconds */
	enum bl_tee_class tee_class;	/* of this helper */
	uint32_t lockdown;		/* its mask */
	size_t sql_bytes;		/* length of the SQL text; 0: not known */
};
enum bl_verdict_kind { BL_VERDICT_RUN, BL_VERDICT_REFUSE };
enum { BL_JUDGE_RULES = 64, BL_JUDGE_PATH = 256 };
struct bl_verdict {
	enum bl_verdict_kind kind;
	enum bl_role role;
	bool open;			/* release is statically true for this request: nothing is tested, entities not needed */
	bool statically_false;		/* no branch can pass: every cell fails. Runs only under `otherwise: log` */
	/* Data rules the gate will test, in document order: leaves of the release expression. */
	uint32_t nrule; const struct bl_rule *rule[BL_JUDGE_RULES];
	/* Why not: RULE of the message `refused: RULE (hint)`, its path in the policy, and the place in the SQL (SIZE_MAX: none). */
	const char *rule_name;		/* "uses", "functions", "principals", "purposes", "valid", "tee", "expressions", "limits.columns_out", ... */
	char path[BL_JUDGE_PATH];	/* "columns.Age.uses", "release.all[0].role" */
	struct bl_place place;
	struct bl_err err;		/* code 77, message `refused: ...`, hint what is allowed instead */

	struct bl_asker who;		/* as given: texts and owner are borrowed */
	bool one_entity;		/* every group of the plan holds one entity, whatever the data: rows, or the entity as key */
};
/* Steps 2, 3 and 5 of guide section 6 that need no plan: tee class and lockdown, validity, retention, principal, purpose. Fills role. */
int bl_judge_admit(struct bl_verdict *v, const struct bl_policy *p, const struct bl_asker *who);
/* By column of the schema: has some use for this principal, i.e. may be named at all. visible holds schema->n. */
void bl_judge_visible(const struct bl_policy *p, const struct bl_schema *s, bool *visible);
/* Everything: admit, then uses by lineage, functions, grid, bin, like, expressions, limits, static rules. Always fills v. */
void bl_judge_plan(struct bl_verdict *v, const struct bl_policy *p, const struct bl_schema *s, const struct bl_plan *plan,
		   const struct bl_asker *who);

/* What is known of a rule, or of an expression of rules, before data: of a leaf of v->rule, DATA. For whoever evaluates `release`. */
enum bl_outcome { BL_OUTCOME_FAIL, BL_OUTCOME_PASS, BL_OUTCOME_DATA };
enum bl_outcome bl_judge_rule(const struct bl_verdict *v, const struct bl_rule *r);

/* --explain: per output column the uses needed and had, static verdicts, data rules with parameters, obligations: lines for
 * people appended to text, members put into json (an object). Either may be NULL. */
void bl_judge_explain(const struct bl_verdict *v, const struct bl_policy *p, const struct bl_schema *s, const struct bl_plan *plan,
		      struct bl_buf *text, struct bl_json *json);
/* --schema: what an admitted principal may know of the table: columns with a use, the release rules in words, limits. Nothing
 * of it is about data. As above. */
void bl_judge_schema(const struct bl_policy *p, const struct bl_schema *s, const struct bl_verdict *admitted, struct bl_buf *text,
		     struct bl_json *json);

#endif
