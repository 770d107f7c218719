/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lineage: what a plan does with each column, whatever it is called on the way (guide: policy, section 3), and what a policy
 * lets be done with it. Private to lib/policy.
 *
 * A whitelist: operators, kinds of plans, aggregates and cells that are not listed in lineage.c are unknown, and an unknown one
 * is never "no column used".
 */
#ifndef BL_POLICY_LINEAGE_H
#define BL_POLICY_LINEAGE_H

#include "policy/doc.h"
#include "query/plan.h"

/* What the policy grants a column: its uses and functions under the ceiling of its class. doc NULL: hidden. */
struct bl_grant { const struct bl_doc_column *doc; unsigned uses, functions; };
struct bl_grant bl_lineage_grant(const struct bl_policy *p, const char *column);

enum bl_lineage_at { BL_AT_PRINT, BL_AT_KEY, BL_AT_ARG, BL_AT_COND };
/* One thing done with one column: a use (one BL_USE_ bit), or an aggregate function of it (one BL_FN_ bit, use 0). */
struct bl_lineage {
	uint32_t column;		/* of the schema */
	unsigned use, function;
	enum bl_lineage_at at;
	uint32_t pos, len;		/* in the SQL text */
};
typedef void bl_lineage_visit(void *arg, const struct bl_lineage *u);

/* NULL, or what in the plan is unknown or breaks the contract of plan.h; *at is where, or NULL. The walks below need NULL here. */
const char *bl_lineage_unknown(const struct bl_plan *plan, const struct bl_expr **at);

void bl_lineage_where(const struct bl_plan *plan, bl_lineage_visit *visit, void *arg);
void bl_lineage_key(const struct bl_plan *plan, uint32_t key, bl_lineage_visit *visit, void *arg);
void bl_lineage_agg(const struct bl_plan *plan, uint32_t agg, bl_lineage_visit *visit, void *arg);
/* Conditions over keys and aggregates: what they need beyond what those need. cond: e itself is a condition (HAVING). */
void bl_lineage_released(const struct bl_plan *plan, const struct bl_expr *e, bool cond, bl_lineage_visit *visit, void *arg);
/* All of the above, and the cells of no aggregate. */
void bl_lineage_plan(const struct bl_plan *plan, bl_lineage_visit *visit, void *arg);

/* Comparisons and booleans: what stands in them is tested. NULLIF is one. */
bool bl_lineage_condition(enum bl_op op);
/* The bit of BL_FN_ that an aggregate needs. */
unsigned bl_lineage_function(enum bl_agg_fn fn);

/* "filter, group and aggregate" of the bits, or "nothing". */
enum { BL_LINEAGE_TEXT = 160 };
void bl_lineage_print_uses(unsigned uses, char out[BL_LINEAGE_TEXT]);
void bl_lineage_print_functions(unsigned functions, char out[BL_LINEAGE_TEXT]);
/* Name of the i-th bit, NULL past the last. */
const char *bl_lineage_use_name(unsigned i);
const char *bl_lineage_function_name(unsigned i);

#endif
