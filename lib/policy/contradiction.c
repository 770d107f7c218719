/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contradiction: the lint errors E03 to E16: parts of a policy that undo each other, or a rule that cannot hold as it is
 * written.
 */
#include <stdio.h>
#include <string.h>

#include "policy/column.h"
#include "policy/grammar.h"
#include "policy/lint.h"

/* --- columns --- */

static bool sensitive(const struct bl_doc_column *c)
{
	return c->class == BL_CLASS_IDENTIFIER || c->class == BL_CLASS_SENSITIVE || c->class == BL_CLASS_DEFAULT;
}

static void classes(struct bl_lint *l, const struct bl_policy *p)
{
	const struct bl_doc_column *c;

	for (uint32_t i = 0; (c = bl_lint_each(p, i)); i++) {
		if (bl_column_excess_uses(c))
			bl_lint_column(l, "E03", c, "uses", "more than the class allows (%s)",
				       c->class == BL_CLASS_IDENTIFIER ? "an identifier may join and aggregate" : "only public columns may project");
		if (bl_column_excess_functions(c))
			bl_lint_column(l, "E03", c, "functions", "an identifier's may only be count and count_distinct");
		if (c->class == BL_CLASS_IDENTIFIER && c->uses && !p->nentity && bl_lint_has(p->release, BL_RULE_MIN_ENTITIES))
			bl_lint_column(l, "E04", c, "uses", "min_entities would count rows, though this identifier could tell the people apart: name it in entity");
		if (bl_lint_has(p->release, BL_RULE_ENDPOINTS) && c->uses & BL_USE_AGGREGATE && c->functions & BL_FN_QUANTILE && !c->grid.set)
			bl_lint_column(l, "E12", c, "grid", "quantiles under the rule endpoints are rounded to a grid, and there is none");
	}
}

/* w = hi - lo in steps of the column's scale; a sum over 2^40 rows must stay below 2^126, of squares where there are any. */
static bool sums_fit(const struct bl_doc_column *c)
{
	unsigned scale = c->scale > 0 ? (unsigned)c->scale : 0;
	bl_i128 lo, hi, w, limit = (bl_i128)1 << 43;

	if (c->lo.scale > scale)
		scale = c->lo.scale;
	if (c->hi.scale > scale)
		scale = c->hi.scale;
	lo = c->lo.v * bl_num_pow10_i128(scale - c->lo.scale);
	hi = c->hi.v * bl_num_pow10_i128(scale - c->hi.scale);
	w = hi - lo;
	w = w > hi ? w : hi;
	w = w > -lo ? w : -lo;
	if (!(c->functions & (BL_FN_VAR | BL_FN_STDDEV | BL_FN_COVAR | BL_FN_CORR | BL_FN_REGR)))
		limit = (bl_i128)1 << 86;
	return w < limit;
}

static void dp_columns(struct bl_lint *l, const struct bl_policy *p)
{
	const struct bl_doc_column *c;

	for (uint32_t i = 0; p->dp && (c = bl_lint_each(p, i)); i++) {
		if (!(c->uses & BL_USE_AGGREGATE) || !(c->functions & ~(unsigned)(BL_FN_COUNT | BL_FN_COUNT_DISTINCT)))
			continue;
		if (!c->lo.set && !c->lo_text)
			bl_lint_column(l, "E09", c, "bounds", "dp needs bounds of a column whose functions are more than count and count_distinct");
		else if (c->lo.set && !sums_fit(c))
			bl_lint_column(l, "E09", c, "bounds", "too wide: a sum could pass 126 bits");
	}
}

/* --- release and otherwise --- */

static bool is_data(enum bl_rule_kind k)
{
	return k >= BL_RULE_MIN_ENTITIES;
}

static bool has_data(const struct bl_rule *r)
{
	bool found = is_data(r->kind);

	for (uint32_t i = 0; i < r->narg && !found; i++)
		found = has_data(r->arg[i]);
	return found;
}

static void see_moot(void *arg, const struct bl_rule *r)
{
	uint32_t always = 0;
	bool data = false;

	if (r->kind != BL_RULE_ANY && r->kind != BL_RULE_AT_LEAST)
		return;
	for (uint32_t i = 0; i < r->narg; i++) {
		always += bl_lint_always(r->arg[i]);
		data |= has_data(r->arg[i]);
	}
	if (data && always >= (r->kind == BL_RULE_ANY ? 1 : r->n))
		bl_lint_add(arg, "E11", r->path, "a rule beside it that is true for everybody makes the rules on data moot");
}

static void see_time(void *arg, const struct bl_rule *r)
{
	if (r->kind == BL_RULE_TIME && r->before <= r->after)
		bl_lint_add(arg, "E15", r->path, "before is not later than after");
}

/* "x is round_b(k)" must mean "at least k": k is the smallest input that shows as what it shows as. */
struct rounding { struct bl_lint *l; const struct bl_policy *p; };
static void see_rounding(void *arg, const struct bl_rule *r)
{
	const struct rounding *x = arg;
	uint64_t b = x->p->round, m = x->p->midpoint;

	if (r->kind != BL_RULE_MIN_ENTITIES)
		return;
	if (b && (r->n + b / 2) % b)
		bl_lint_add(x->l, "E05", "mitigate.round", "with base %llu the smallest count that %s lets through would show through: take a k like %llu",
			    (unsigned long long)b, r->path, (unsigned long long)((r->n + b / 2 + b - 1) / b * b - b / 2));
	if (m && (r->n - 1) % m)
		bl_lint_add(x->l, "E05", "mitigate.midpoint", "with base %llu the smallest count that %s lets through would show through: take a k like %llu",
			    (unsigned long long)m, r->path, (unsigned long long)((r->n - 1 + m - 1) / m * m + 1));
}

/* No way to pass tests data without dp. */
static bool nothing_tested(const struct bl_rule *r)
{
	uint32_t calm = 0;

	if (r->kind == BL_RULE_DP)
		return true;
	if (!r->narg)
		return !is_data(r->kind);
	for (uint32_t i = 0; i < r->narg; i++)
		calm += nothing_tested(r->arg[i]);
	/* Beside a rule that demands dp the rules on data are moot. */
	for (uint32_t i = 0; r->kind == BL_RULE_ALL && i < r->narg; i++)
		if (bl_lint_covered(r->arg[i], BL_RULE_DP))
			return true;
	return calm == r->narg;
}

static void release(struct bl_lint *l, const struct bl_policy *p)
{
	struct rounding x = { l, p };

	bl_lint_walk(p->release, see_rounding, &x);
	if (p->expressions == BL_EXPR_ANY && !p->mitigate_dp && !nothing_tested(p->release))
		bl_lint_add(l, "E08", "expressions", "'any' is only for answers that are all dp, or that nothing is tested of");
	if (bl_lint_never(p->release))
		bl_lint_add(l, "E11", "release", "false whatever is asked: nothing could ever leave");
	bl_lint_walk(p->release, see_moot, l);
}

static void log_forbidden(struct bl_lint *l, const struct bl_policy *p)
{
	const struct bl_doc_column *c;

	if (p->otherwise != BL_OTHERWISE_LOG)
		return;
	if (p->dp)
		bl_lint_add(l, "E06", "otherwise", "'log' may not stand beside dp");
	if (p->template)
		bl_lint_add(l, "E06", "otherwise", "'log' may not stand beside a template");
	if (bl_json_count(p->combine))
		bl_lint_add(l, "E06", "otherwise", "'log' may not stand beside combine");
	for (uint32_t i = 0; (c = bl_lint_each(p, i)); i++) {
		if (c->uses && sensitive(c))
			bl_lint_column(l, "E06", c, "class", "'log' is for public data: this column is %s and has a use",
				       c->class == BL_CLASS_IDENTIFIER ? "an identifier" : "sensitive");
		if (c->uses & BL_USE_PROJECT && p->nentity)
			bl_lint_column(l, "E06", c, "uses", "with 'log' rows may be printed only where the entity is \"row\"");
	}
}

static void mitigations(struct bl_lint *l, const struct bl_policy *p)
{
	if (!!p->round + !!p->midpoint + !!p->cell_key + p->mitigate_dp > 1)
		bl_lint_add(l, "E07", "mitigate", "at most one of round, midpoint, cell_key, dp");
	if (p->mitigate_dp && p->suppress)
		bl_lint_add(l, "E07", "mitigate.suppress", "a threshold on true counts would answer exactly what dp blurs");
}

/* --- people --- */

static void review(struct bl_lint *l, const struct bl_policy *p)
{
	const struct bl_json *approvers = bl_json_get(p->review, "approvers");
	const char *asker = NULL;
	uint32_t analysts = 0;
	int64_t able = 0;

	if (!p->review && p->otherwise != BL_OTHERWISE_REVIEW)
		return;
	if (!bl_json_count(approvers)) {
		bl_lint_add(l, "E10", p->review ? "review.approvers" : "review", "nobody approves");
		return;
	}
	for (uint32_t i = 0; i < p->nprincipal; i++)
		if (p->principal[i].role == BL_ROLE_ANALYST) {
			analysts++;
			asker = p->principal[i].fpr;
		}
	for (size_t i = 0; i < bl_json_count(approvers); i++)
		able += !(analysts == 1 && asker && !strcmp(asker, bl_json_text(bl_json_item(approvers, i), NULL)));
	if (bl_json_get_int(p->review, "n", 1) > able)
		bl_lint_add(l, "E10", "review.n", "more approvals than there are approvers beside the one who asks");
}

static void principals(struct bl_lint *l, const struct bl_policy *p)
{
	for (uint32_t i = 0; i < p->nprincipal; i++) {
		const struct bl_json *cert = bl_json_get(p->principal[i].json, "cert"), *oidc = bl_json_get(p->principal[i].json, "oidc");
		char path[64];
		snprintf(path, sizeof path, "principals[%u].%s", i, cert ? "cert" : "oidc");
		if (cert && !bl_json_get(cert, "ca"))
			bl_lint_add(l, "E16", path, "no ca: any certificate would do");
		if (oidc && (!bl_json_get(oidc, "jwks") || !bl_json_get(oidc, "audience")))
			bl_lint_add(l, "E16", path, "jwks and audience are needed: else any token would do");
	}
}

/* --- templates --- */

static void templates(struct bl_lint *l, const struct bl_policy *p)
{
	static const struct { const char *name, *needs; } all[] = {
		{ "hipaa-safe-harbor", "no_actual_knowledge_by no_actual_knowledge_on reviewed_columns zip3_source" },
		{ "gdpr", "controller lawful_basis dpia_hash breach_contact" },
		{ "ccpa", "public_commitment_url recipient_contract_hash no_reidentification" },
	};
	size_t i = 0, n = sizeof all / sizeof *all;
	char need[64];

	if (!p->template)
		return;
	while (i < n && strcmp(all[i].name, p->template))
		i++;
	if (i == n) {
		bl_lint_add(l, "E13", "template", "no such template: hipaa-safe-harbor, gdpr, ccpa");
		return;
	}
	for (const char *s = all[i].needs, *end; *s; s = end + (*end == ' ')) {
		end = strchrnul(s, ' ');
		snprintf(need, sizeof need, "%.*s", (int)(end - s), s);
		if (!bl_json_get(p->requires, need))
			bl_lint_add(l, "E13", "requires", "the template needs '%s'", need);
	}
}

/* --- budgets and times --- */

static bool above(const struct bl_json *a, const char *member, const struct bl_json *b, bool (*read)(const struct bl_json *, struct bl_dec *))
{
	struct bl_dec x = { 0 }, y = { 0 };

	return read(bl_json_get(a, member), &x) && (!bl_json_get(b, member) || read(bl_json_get(b, member), &y)) && bl_shape_compare(&x, &y) > 0;
}

static void account(struct bl_lint *l, const struct bl_policy *p, const struct bl_json *scope, const char *path)
{
	static const struct bl_dec most = { true, 1, 5 };
	const struct bl_json *dataset = bl_json_get(p->budget, "dataset");
	struct bl_dec d, per;

	if (!scope)
		return;
	if (bl_json_get(scope, "delta") && bl_shape_delta(bl_json_get(scope, "delta"), &d) && bl_shape_compare(&d, &most) > 0)
		bl_lint_add(l, "E14", path, "a delta above 0.00001");
	if (bl_json_get(scope, "epsilon") && bl_shape_dec(bl_json_get(scope, "epsilon"), &d) && bl_json_get(p->dp, "max_epsilon") &&
	    bl_shape_dec(bl_json_get(p->dp, "max_epsilon"), &per) && bl_shape_compare(&per, &d) > 0)
		bl_lint_add(l, "E14", path, "an epsilon below dp.max_epsilon");
	if (scope != dataset && (above(scope, "epsilon", dataset, bl_shape_dec) || above(scope, "delta", dataset, bl_shape_delta)))
		bl_lint_add(l, "E14", path, "more than budget.dataset, which everybody shares");
}

static void budgets(struct bl_lint *l, const struct bl_policy *p)
{
	static const struct bl_dec most = { true, 1, 5 };
	static const char *const maps[] = { "principals", "purpose" };
	struct bl_dec d;

	if (bl_json_get(p->dp, "delta") && bl_shape_delta(bl_json_get(p->dp, "delta"), &d) && bl_shape_compare(&d, &most) > 0)
		bl_lint_add(l, "E14", "dp.delta", "a delta above 0.00001");
	account(l, p, bl_json_get(p->budget, "dataset"), "budget.dataset");
	account(l, p, bl_json_get(p->budget, "principal"), "budget.principal");
	for (size_t m = 0; m < 2; m++) {
		const struct bl_json *map = bl_json_get(p->budget, maps[m]), *v;
		const char *key;
		for (size_t i = 0; (key = bl_json_key(map, i, &v)); i++) {
			char path[BL_SHAPE_PATH];
			snprintf(path, sizeof path, "budget.%s.%s", maps[m], key);
			account(l, p, v, path);
		}
	}
}

static void times(struct bl_lint *l, const struct bl_policy *p)
{
	if (p->not_after < p->not_before)
		bl_lint_add(l, "E15", bl_json_get(p->json, "expires") ? "expires" : "valid.not_after", "before valid.not_before");
	bl_lint_walk(p->release, see_time, l);
}

void bl_contradiction_find(struct bl_lint *l, const struct bl_policy *p)
{
	classes(l, p);
	release(l, p);
	log_forbidden(l, p);
	mitigations(l, p);
	dp_columns(l, p);
	review(l, p);
	templates(l, p);
	budgets(l, p);
	times(l, p);
	principals(l, p);
}
