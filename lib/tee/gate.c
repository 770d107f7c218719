/* SPDX-License-Identifier: Apache-2.0 */
/* gate: see gate.h. */
#include "tee/gate.h"

#include <string.h>

/* The groups that are printed, and what of them is withheld: behind them listed keys of which nothing is said. */
static int keep_groups(struct bl_result *kept, bool **withheld, const struct bl_result *raw, const struct bl_rules_out *out,
		       struct bl_arena *a, struct bl_err *err)
{
	uint64_t n = out->nextra;

	*kept = (struct bl_result){ .nkey = raw->nkey, .ncell = raw->ncell };
	for (uint64_t g = 0; g < raw->ngroup; g++)
		n += !out->dropped[g];
	kept->key = bl_arena_array(a, n * raw->nkey, sizeof *kept->key);
	kept->acc = bl_arena_array(a, n * raw->ncell, sizeof *kept->acc);
	*withheld = bl_arena_array(a, n * raw->ncell, sizeof **withheld);
	if (!kept->key || !kept->acc || !*withheld)
		return bl_err_set(err, BL_REFUSED, "refused: limits.memory");
	for (uint64_t g = 0; g < raw->ngroup; g++) {
		if (out->dropped[g])
			continue;
		memcpy(kept->key + kept->ngroup * raw->nkey, raw->key + g * raw->nkey, raw->nkey * sizeof *raw->key);
		memcpy(kept->acc + kept->ngroup * raw->ncell, out->acc + g * raw->ncell, raw->ncell * sizeof *raw->acc);
		memcpy(*withheld + kept->ngroup * raw->ncell, out->withheld + g * raw->ncell, raw->ncell * sizeof **withheld);
		kept->ngroup++;
	}
	if (out->nextra)
		memcpy(kept->key + kept->ngroup * raw->nkey, out->extra_key, out->nextra * raw->nkey * sizeof *raw->key);
	for (uint64_t i = kept->ngroup * raw->ncell; i < (kept->ngroup + out->nextra) * raw->ncell; i++) {
		kept->acc[i] = (struct bl_acc){ .null = true };
		(*withheld)[i] = true;
	}
	kept->ngroup += out->nextra;
	return 0;
}

static bool drops(const struct bl_result *raw, const struct bl_rules_out *out)
{
	return out->nextra || memchr(out->dropped, true, raw->ngroup);
}

static void decide(struct bl_gate *g, const struct bl_policy *p, const struct bl_verdict *v, const struct bl_rules_out *out)
{
	if (out->all_passed && !out->nothing_left)
		g->outcome = BL_GATE_RELEASE;
	else if (p->suppress && !out->nothing_left)
		g->outcome = BL_GATE_SUPPRESSED;
	else if (p->otherwise == BL_OTHERWISE_LOG && !p->suppress)
		g->outcome = BL_GATE_LOG;
	else
		g->outcome = BL_GATE_REFUSE;
	g->reason = out->nfired ? out->fired[0] : v->nrule ? v->rule[0] : NULL;
}

int bl_gate_run(struct bl_gate *g, const struct bl_policy *p, const struct bl_verdict *v, const struct bl_plan *plan,
		const struct bl_result *raw, struct bl_cells *store, struct bl_arena *a, struct bl_err *err)
{
	struct bl_rules_out out = { 0 };
	struct bl_result kept;
	bool *withheld;

	memset(g, 0, sizeof *g);
	if (bl_rules_apply(p, v, plan, raw, store, a, &out, err))
		return -1;
	g->could_withhold = p->suppress && !v->open;
	g->nfired = out.nfired;
	memcpy(g->fired, out.fired, sizeof g->fired);
	decide(g, p, v, &out);
	switch (g->outcome) {
	case BL_GATE_REFUSE:
		return 0;
	case BL_GATE_LOG:
		kept = *raw;
		kept.acc = out.acc;
		withheld = NULL;
		break;
	default:
		kept = *raw;
		kept.acc = out.acc;
		withheld = out.withheld;
		if (drops(raw, &out) && keep_groups(&kept, &withheld, raw, &out, a, err))
			return -1;
	}
	return bl_finish(plan, &kept, withheld, p->suppress, p->limits.rows_out, a, &g->release, err);
}
