/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enforced: what of the language nothing in this version does yet. A member that restricts or obliges and that nobody would
 * keep is an error (E17): no table is sealed under a promise that is not kept. One that only grants what this version cannot
 * do is a warning (W17): not to do it is the strict way. The day something is enforced its line goes from this file.
 */
#include <stdio.h>
#include <string.h>

#include "policy/grammar.h"
#include "policy/lint.h"

static void not_enforced(struct bl_lint *l, const char *path)
{
	bl_lint_add(l, "E17", path, "not enforced by this version");
}

static void grants_nothing(struct bl_lint *l, const char *path)
{
	bl_lint_add(l, "W17", path, "grants nothing in this version");
}

static void columns(struct bl_lint *l, const struct bl_policy *p)
{
	const struct bl_doc_column *c;

	for (uint32_t i = 0; (c = bl_lint_each(p, i)); i++) {
		if (c->ingest)
			bl_lint_column(l, "E17", c, "ingest", "not enforced by this version");
		if (c->uses & (BL_USE_JOIN | BL_USE_TRAIN | BL_USE_INFER))
			bl_lint_column(l, "W17", c, "uses", "grants nothing in this version:%s%s%s", c->uses & BL_USE_JOIN ? " join" : "",
				       c->uses & BL_USE_TRAIN ? " train" : "", c->uses & BL_USE_INFER ? " infer" : "");
	}
}

static void principals(struct bl_lint *l, const struct bl_policy *p)
{
	char path[64];

	for (uint32_t i = 0; i < p->nprincipal; i++)
		if (p->principal[i].who == BL_WHO_CERT || p->principal[i].who == BL_WHO_OIDC) {
			snprintf(path, sizeof path, "principals[%u].%s", i, p->principal[i].who == BL_WHO_CERT ? "cert" : "oidc");
			not_enforced(l, path);
		}
}

static void see(void *arg, const struct bl_rule *r)
{
	if (r->kind == BL_RULE_DP || r->kind == BL_RULE_ENDPOINTS)
		not_enforced(arg, r->path);
}

/* An account of epsilon and delta is kept only together with dp; a limit of 0 is kept by doing none. */
static void account(struct bl_lint *l, const struct bl_json *scope, const char *path)
{
	struct bl_dec d;
	char full[BL_SHAPE_PATH];

	for (size_t i = 0; i < 2; i++) {
		const char *name = i ? "delta" : "epsilon";
		if (bl_json_get(scope, name) && bl_shape_delta(bl_json_get(scope, name), &d) && d.v) {
			snprintf(full, sizeof full, "%.400s.%s", path, name);
			not_enforced(l, full);
		}
	}
}

static void budget(struct bl_lint *l, const struct bl_policy *p)
{
	const struct bl_json *each = bl_json_get(p->budget, "principals"), *v;
	const char *window = bl_json_get_text(p->budget, "window"), *key;
	char path[128];

	account(l, bl_json_get(p->budget, "dataset"), "budget.dataset");
	account(l, bl_json_get(p->budget, "principal"), "budget.principal");
	for (size_t i = 0; (key = bl_json_key(each, i, &v)); i++) {
		snprintf(path, sizeof path, "budget.principals.%.64s", key);
		account(l, v, path);
	}
	if (bl_json_count(bl_json_get(p->budget, "purpose")))
		not_enforced(l, "budget.purpose");
	if (window && strcmp(window, "none"))
		not_enforced(l, "budget.window");
}

static void tee(struct bl_lint *l, const struct bl_policy *p)
{
	const char *rollback = bl_json_get_text(p->tee, "rollback"), *member;
	char path[64];

	/* The owner's grant goes by them, and without a grant nobody opens a file of that class. */
	for (size_t i = 0; p->tee_class != BL_TEE_HARDWARE && (member = bl_doc_platform(i)); i++)
		if (bl_json_get(p->tee, member)) {
			snprintf(path, sizeof path, "tee.%s", member);
			not_enforced(l, path);
		}
	if (rollback && strcmp(rollback, "none"))
		not_enforced(l, "tee.rollback");
	if (bl_json_bool(bl_json_get(p->tee, "debug")) && p->tee_class != BL_TEE_HARDWARE)
		grants_nothing(l, "tee.debug");
	if (p->tee_class != BL_TEE_SOFTWARE)
		bl_lint_add(l, "W18", "tee.class", "no vault opens such a table: its owner grants the key to one session at a time (bl-policy grant)");
}

static void members(struct bl_lint *l, const struct bl_policy *p)
{
	static const char *const unkept[] = { "dp", "review", "amend", "template", "requires" };
	static const char *const idle[] = { "combine", "train", "infer", "plot" };

	for (size_t i = 0; i < sizeof unkept / sizeof *unkept; i++)
		if (bl_json_get(p->json, unkept[i]))
			not_enforced(l, unkept[i]);
	for (size_t i = 0; i < sizeof idle / sizeof *idle; i++)
		if (bl_json_count(bl_json_get(p->json, idle[i])))
			grants_nothing(l, idle[i]);
	if (p->derive_sealed)
		grants_nothing(l, "derive");
	if (p->otherwise == BL_OTHERWISE_REVIEW)
		bl_lint_add(l, "E17", "otherwise", "'review' is not enforced by this version");
	if (p->expressions == BL_EXPR_POLYNOMIAL)
		bl_lint_add(l, "E17", "expressions", "'polynomial' is not enforced by this version");
	if (p->cell_key)
		not_enforced(l, "mitigate.cell_key");
	if (p->mitigate_dp)
		not_enforced(l, "mitigate.dp");
}

void bl_enforced_find(struct bl_lint *l, const struct bl_policy *p)
{
	columns(l, p);
	principals(l, p);
	bl_lint_walk(p->release, see, l);
	members(l, p);
	budget(l, p);
	tee(l, p);
}
