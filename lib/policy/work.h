/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work: one raw result in the hands of the data rules. Private to the files behind rules.h, in the order they work:
 *
 *	facts.c      what the plan and the policy say of each cell, and the sizes of its sets in each group
 *	leaf.c       the release expression for one cell of one group, or for the union of a column
 *	differ.c     sets for the differencing store
 *	span.c       what follows from several cells of the request together
 *	suppress.c   which groups and cells must be withheld so that what is left passes
 *	domain.c     listed keys whose groups are not printed
 *	rules.c      all of it in order, and rounding
 */
#ifndef BL_POLICY_WORK_H
#define BL_POLICY_WORK_H

#include "policy/rules.h"

enum { BL_WORK_FAMILY = BL_TYPE_NAME + 8 };

/* What is known of a cell without data. */
struct bl_work_cell {
	const struct bl_cell *cell;
	uint32_t n;			/* its N cell */
	bool sum;			/* S, SS: has contributions that may be 0 */
	bool never;			/* min, max, median: one person's value */
	bool check;			/* nobody prints it: its set is tested, no more */
	bool printed;			/* some aggregate is made of it */
	bool product;			/* degree 2 and up */
	bool squares;			/* SS */
	bool zero_one;			/* sums a column that is declared to hold 0 and 1 only */
	bool sensitive;			/* zero_one, and of a sensitive column */
	bool sensitive_cond;		/* stands under a condition on a sensitive column */
	bool may_be_empty;		/* the rest of a condition, or a branch that is worth nothing */
	bl_i128 unit;			/* what 1 is in its sum; 0: too large to say */
	char family[BL_WORK_FAMILY];	/* of sums: "s:Age", "ss:Age" */
};

struct bl_work {
	const struct bl_policy *p;
	const struct bl_verdict *v;
	const struct bl_plan *plan;
	const struct bl_result *r;
	struct bl_cells *store;
	struct bl_arena *a;
	struct bl_work_cell *cell;	/* [ncell] */
	uint32_t *size;			/* [ngroup][ncell]: entities whose contribution is not 0 */
	bool *many;			/* [ngroup][ncell], N cells: some entity has several rows */
	bool *bad;			/* [ngroup][ncell]: failed, or withheld to protect what failed */
	bool *withheld;			/* [ngroup][ncell]: bad, or in no aggregate that is released */
	bool *dropped;			/* [ngroup] */
	bool keep_all;			/* nothing is refused (log): the store takes all there is */
	bool failed;			/* some rule failed somewhere */
	uint64_t k;			/* the largest of min_entities, else of differencing */
	bool zeros_leaf, zeros_allow;	/* the expression has the rule; and allows */
	uint32_t ndiff;			/* differencing rules */
	const struct bl_rule *diff[BL_JUDGE_RULES];
	bool *near[BL_JUDGE_RULES];	/* by differencing rule: [ngroup][ncell] too near to an earlier cell */
	uint8_t *known;			/* [ngroup][ncell]: bit i: item i of the cell is stored already */
	bool fired[BL_JUDGE_RULES];	/* by v->rule */
	uint64_t spent;			/* work of span.c */
	uint32_t *count[4];		/* [population] each: suppress.c's */
};

/* Contributions of group g. */
static inline uint64_t bl_work_count(const struct bl_work *w, uint64_t g) { return w->r->first[g + 1] - w->r->first[g]; }
static inline const bl_i128 *bl_work_part(const struct bl_work *w, uint64_t g, uint32_t c)
{
	return w->r->part + w->r->first[g] * w->r->ncell + c;
}
static inline size_t bl_work_at(const struct bl_work *w, uint64_t g, uint32_t c) { return g * w->r->ncell + c; }

int bl_facts_find(struct bl_work *w, struct bl_err *err);

/* What is to be judged: a cell of a group, or the union of a column over released groups. */
struct bl_work_subject {
	uint32_t c;
	bool whole;			/* the union; g means nothing */
	uint64_t g;
	uint64_t d, n;			/* |D|, and of sums |N| */
	bool near[BL_JUDGE_RULES];	/* by differencing rule */
};
struct bl_work_subject bl_leaf_subject(const struct bl_work *w, uint64_t g, uint32_t c);
/* True: may be released (a union: nothing speaks against it). False: the rules that failed are marked as fired. */
bool bl_leaf_judge(struct bl_work *w, const struct bl_work_subject *s);

/* All cells that are not bad against the store: fills near and known. */
int bl_differ_stored(struct bl_work *w, struct bl_err *err);
/* Judges all printed cells in order against each other; those that fail become bad. */
int bl_differ_cells(struct bl_work *w, struct bl_err *err);
/* The store is to hold exactly what is released now: cells first, then unions, which are judged. The first column whose union
 * fails goes to *column (UINT32_MAX: none). */
int bl_differ_unions(struct bl_work *w, uint32_t *column, struct bl_err *err);

/* withheld and dropped from bad. */
void bl_suppress_close(struct bl_work *w);
/* Withholds until every column is safe, its union and its rest. Without suppression: whether the unions pass. */
int bl_suppress_run(struct bl_work *w, struct bl_err *err);

/* Do cells that are released tell, taken together, of fewer than k? Those that do become bad. */
int bl_span_run(struct bl_work *w, bool *told, struct bl_err *err);

/* Fills extra_key and nextra. */
int bl_domain_extra(struct bl_work *w, struct bl_rules_out *out, struct bl_err *err);

#endif
