/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caution: the lint warnings W01 to W16 and W19: what a policy may say, and its owner should mean.
 */
#include <stdio.h>
#include <string.h>

#include "policy/lint.h"

static bool numeric(const struct bl_column *c)
{
	return c->type.kind == BL_TYPE_INT || c->type.kind == BL_TYPE_DECIMAL || c->type.kind == BL_TYPE_DOUBLE;
}

/* A column of numbers: by the table where there is one, else by what the policy says of it. */
static bool is_number(const struct bl_policy *p, const struct bl_doc_column *c, const struct bl_schema *s)
{
	if (!s)
		return c->lo.set || c->scale >= 0 || c->bin.set || bl_json_kind(c->domain) == BL_JSON_OBJECT;
	for (uint32_t i = 0; i < s->n; i++)
		if (numeric(&s->col[i]) && (c == p->star ? bl_doc_column_of(p, s->col[i].name) == c : !strcmp(s->col[i].name, c->name)))
			return true;
	return false;
}

/* May conditions or groups name who somebody is? A group whose members are known by number is told apart by a condition on one. */
static void entity(struct bl_lint *l, const struct bl_policy *p)
{
	for (uint32_t i = 0; i < p->nentity; i++) {
		const struct bl_doc_column *c = bl_doc_column_of(p, p->entity[i]);
		if (c && c->class != BL_CLASS_IDENTIFIER && c->uses & (BL_USE_FILTER | BL_USE_GROUP))
			bl_lint_column(l, "W19", c, "uses", "conditions may name single entities: whoever knows the rest of a group learns about one");
	}
}

static void columns(struct bl_lint *l, const struct bl_policy *p, const struct bl_schema *s)
{
	const struct bl_doc_column *c;
	bool sums = false;

	if (p->star && p->star->uses)
		bl_lint_add(l, "W01", "columns.*.uses", "columns that nobody looked at may be used");
	for (uint32_t i = 0; (c = bl_lint_each(p, i)); i++) {
		sums |= c->uses & BL_USE_AGGREGATE && c->functions & (BL_FN_SUM | BL_FN_AVG);
		/* A list of values is as coarse as a grid. */
		if (c->uses & BL_USE_FILTER && !c->grid.set && bl_json_kind(c->domain) != BL_JSON_ARRAY && is_number(p, c, s))
			bl_lint_column(l, "W10", c, "grid", "none: filters may cut between any two values");
		if (c->like)
			bl_lint_column(l, "W14", c, "like", "tests on part of a text can single somebody out");
	}
	if (sums && !p->mitigate_dp && !bl_lint_covered(p->release, BL_RULE_P_PERCENT) && !bl_lint_covered(p->release, BL_RULE_NK))
		bl_lint_add(l, "W04", "release", "sums and averages without dominance: one large contributor may be read off");
}

static void see(void *arg, const struct bl_rule *r)
{
	switch (r->kind) {
	case BL_RULE_MIN_ENTITIES:
		if (r->n < 5)
			bl_lint_add(arg, "W02", r->path, "below 5");
		if (!r->complement)
			bl_lint_add(arg, "W11", r->path, "complement is false: all but a few may be counted");
		break;
	case BL_RULE_ZEROS:
		if (r->allow)
			bl_lint_add(arg, "W05", r->path, "'allow' tells that nobody is in a cell, or everybody");
		break;
	case BL_RULE_DIFFERENCING:
		if (r->xor_mode)
			bl_lint_add(arg, "W15", r->path, "mode 'xor' is the weaker one");
		break;
	default:
		break;
	}
}

static void rest(struct bl_lint *l, const struct bl_policy *p)
{
	const char *window = bl_json_get_text(p->budget, "window");
	bool any = false;

	for (uint32_t i = 0; i < p->nprincipal; i++)
		any |= p->principal[i].who == BL_WHO_ANY;
	if (window && strcmp(window, "none"))
		bl_lint_add(l, "W06", "budget.window", "a budget that refills has no total");
	if (p->tee_class == BL_TEE_SOFTWARE)
		bl_lint_add(l, "W07", "tee.class", "'software' does not hold against root on the helper's machine");
	if (p->dp && (!p->limits.quantum_ms || (bl_json_get(p->dp, "quantum_ms") && !bl_json_get_int(p->dp, "quantum_ms", 0))))
		bl_lint_add(l, "W08", "limits.quantum_ms", "0 with dp: the time of an answer tells about the data");
	if (any)
		bl_lint_add(l, "W09", "principals", "anybody with a key may ask%s", p->note[0] ? "" : "; say why in note");
	if (p->suppress && !p->secondary)
		bl_lint_add(l, "W12", "mitigate.suppress.secondary", "false: what is withheld may follow from totals");
	if (p->not_after == INT64_MAX)
		bl_lint_add(l, "W13", "expires", "not given: the policy is for ever");
	if (p->cell_key)
		bl_lint_add(l, "W16", "mitigate.cell_key", "thwarts differencing only partly");
}

void bl_caution_find(struct bl_lint *l, const struct bl_policy *p, const struct bl_schema *s)
{
	columns(l, p, s);
	if (!bl_lint_always(p->release))
		entity(l, p);
	bl_lint_walk(p->release, see, l);
	if (!p->mitigate_dp && !bl_lint_never(p->release) && !bl_lint_covered(p->release, BL_RULE_DIFFERENCING))
		bl_lint_add(l, "W03", "release", "exact answers without differencing: two of them may differ by one");
	rest(l, p);
}
