/* SPDX-License-Identifier: Apache-2.0 */
/* judge: see judge.h. lineage.c says what a plan does, grid.c how finely; here it is held against the policy. */
#include "policy/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mask.h"
#include "policy/catalog.h"
#include "policy/explain.h"
#include "policy/grid.h"
#include "policy/words.h"

static const struct bl_place nowhere = { SIZE_MAX, 0 };

/* `refused: RULE (why)`. Always -1. */
static int __attribute__((format(printf, 4, 5))) refuse(struct bl_verdict *v, const char *rule, struct bl_place place, const char *fmt, ...)
{
	char why[sizeof v->err.msg / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	v->kind = BL_VERDICT_REFUSE;
	v->rule_name = rule;
	v->place = place;
	snprintf(v->path, sizeof v->path, "%s", rule);
	return bl_err_set(&v->err, BL_REFUSED, "refused: %s (%s)", rule, why);
}

/* The place in the policy, where it is not the rule's own name. */
static void __attribute__((format(printf, 2, 3))) put_path(struct bl_verdict *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->path, sizeof v->path, fmt, ap);
	va_end(ap);
}

/* --- who, where and when --- */

static enum bl_role role_of(const struct bl_policy *p, const struct bl_asker *who)
{
	if (who->owner && !memcmp(who->pk, who->owner, BL_IDENT_PK))
		return BL_ROLE_OWNER;
	for (uint32_t i = 0; i < p->nprincipal; i++) {
		const struct bl_doc_principal *d = &p->principal[i];
		if (d->who == BL_WHO_ANY || (d->who == BL_WHO_KEY && d->fpr && !strcmp(d->fpr, who->fpr)))
			return d->role;
	}
	return BL_ROLE_NONE;
}

static int helper(struct bl_verdict *v, const struct bl_policy *p)
{
	static const char *const classes[] = { "software", "tpm2", "hardware" };
	uint32_t missing = p->lockdown & ~v->who.lockdown;
	const char *rollback = bl_json_get_text(p->tee, "rollback"), *member;
	char names[256];

	if (v->who.tee_class < p->tee_class) {
		refuse(v, "tee", nowhere, "the policy asks for class %s, this helper is %s", classes[p->tee_class], classes[v->who.tee_class]);
		put_path(v, "tee.class");
		return bl_err_hint(&v->err, "a session is of more than class software when the owner has granted it the key (bl-policy grant)");
	}
	if (missing) {
		bl_mask_print(missing, names);
		refuse(v, "tee", nowhere, "this helper lacks %s", names);
		put_path(v, "tee.lockdown");
		return bl_err_hint(&v->err, "tee.lockdown in the policy lists what the helper must have");
	}
	/* Of hardware, the owner compared them before the grant that this class comes from. */
	for (size_t i = 0; v->who.tee_class != BL_TEE_HARDWARE && (member = bl_doc_platform(i)); i++) {
		if (!bl_json_count(bl_json_get(p->tee, member)))
			continue;
		refuse(v, "tee", nowhere, "%s: this helper has no evidence of it", member);
		put_path(v, "tee.%s", member);
		return -1;
	}
	if (rollback && strcmp(rollback, "none")) {
		refuse(v, "tee", nowhere, "rollback: not enforced by this version");
		put_path(v, "tee.rollback");
		return -1;
	}
	return 0;
}

/* Mitigations without which an answer would say more than the owner wants. */
static int unenforced(struct bl_verdict *v, const struct bl_policy *p)
{
	if (p->mitigate_dp)
		return refuse(v, "mitigate.dp", nowhere, "not enforced by this version");
	if (p->cell_key)
		return refuse(v, "mitigate.cell_key", nowhere, "not enforced by this version");
	return 0;
}

static int validity(struct bl_verdict *v, const struct bl_policy *p)
{
	if (v->who.now < p->not_before) {
		refuse(v, "valid", nowhere, "the policy is not valid yet");
		put_path(v, "valid.not_before");
		return -1;
	}
	if (v->who.now > p->not_after) {
		refuse(v, "valid", nowhere, "the policy has expired");
		put_path(v, bl_json_get(p->json, "expires") ? "expires" : "valid.not_after");
		return -1;
	}
	if (v->who.now > p->delete_after) {
		refuse(v, "retention", nowhere, "the time for which the data may be kept is over");
		put_path(v, "retention.delete_after");
		return -1;
	}
	return 0;
}

static int purposes(struct bl_verdict *v, const struct bl_policy *p)
{
	char list[400] = "";
	size_t n = 0;

	if (!p->has_purposes)
		return 0;
	for (uint32_t i = 0; i < p->npurpose; i++)
		if (v->who.purpose && !strcmp(p->purpose[i], v->who.purpose))
			return 0;
	refuse(v, "purposes", nowhere, v->who.purpose ? "not one of the policy's purposes" : "a purpose must be named");
	for (uint32_t i = 0; i < p->npurpose && n + strlen(p->purpose[i]) + 8 < sizeof list; i++)
		n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", p->purpose[i]);
	return n ? bl_err_hint(&v->err, "--purpose takes one of: %s", list) : -1;
}

int bl_judge_admit(struct bl_verdict *v, const struct bl_policy *p, const struct bl_asker *who)
{
	*v = (struct bl_verdict){ .kind = BL_VERDICT_RUN, .place = nowhere, .who = *who };
	bl_ident_fpr(v->who.pk, v->who.fpr);		/* not taken on trust: names are compared by it */
	v->role = role_of(p, &v->who);
	if (helper(v, p) || unenforced(v, p) || validity(v, p))
		return -1;
	/* One text for all that are not to ask, whatever else they are. */
	if (v->role != BL_ROLE_OWNER && v->role != BL_ROLE_ANALYST) {
		refuse(v, "principals", nowhere, "this identity may not ask");
		return bl_err_hint(&v->err, "its owner has to list the fingerprint that 'bl-keygen -l -i FILE' prints of it");
	}
	return purposes(v, p);
}

void bl_judge_visible(const struct bl_policy *p, const struct bl_schema *s, bool *visible)
{
	for (uint32_t i = 0; i < s->n; i++)
		visible[i] = bl_lineage_grant(p, s->col[i].name).uses != 0;
}

/* --- rules that need no data --- */

static bool in_time(const struct bl_rule *r, int64_t now)
{
	int64_t day = now / 86400 - (now % 86400 < 0), hour = (now - day * 86400) / 3600;
	int64_t weekday = ((day + 3) % 7 + 7) % 7;		/* 1970-01-01 was a Thursday; Monday is 0 */

	return now >= r->after && now < r->before && hour >= r->hour_from && hour < r->hour_to && (r->days >> weekday & 1);
}

static enum bl_outcome yes(bool b)
{
	return b ? BL_OUTCOME_PASS : BL_OUTCOME_FAIL;
}

enum bl_outcome bl_judge_rule(const struct bl_verdict *v, const struct bl_rule *r)
{
	uint64_t pass = 0, fail = 0;

	for (uint32_t i = 0; i < r->narg; i++) {
		enum bl_outcome o = bl_judge_rule(v, r->arg[i]);
		pass += o == BL_OUTCOME_PASS;
		fail += o == BL_OUTCOME_FAIL;
	}
	switch (r->kind) {
	case BL_RULE_TRUE:
		return BL_OUTCOME_PASS;
	case BL_RULE_FALSE:
		return BL_OUTCOME_FAIL;
	case BL_RULE_ALL:
		return fail || !r->narg ? BL_OUTCOME_FAIL : pass == r->narg ? BL_OUTCOME_PASS : BL_OUTCOME_DATA;
	case BL_RULE_ANY:
		return pass ? BL_OUTCOME_PASS : fail == r->narg ? BL_OUTCOME_FAIL : BL_OUTCOME_DATA;
	case BL_RULE_AT_LEAST:
		if (!r->n || r->n > r->narg - fail)
			return BL_OUTCOME_FAIL;
		return pass >= r->n ? BL_OUTCOME_PASS : BL_OUTCOME_DATA;
	case BL_RULE_PRINCIPAL:
		return yes(!strcmp(r->text, v->who.fpr));
	case BL_RULE_ROLE:
		return yes(!strcmp(r->text, bl_words_role(v->role)));
	case BL_RULE_PURPOSE:
		return yes(v->who.purpose && !strcmp(r->text, v->who.purpose));
	case BL_RULE_TIME:
		return yes(in_time(r, v->who.now));
	case BL_RULE_DP:
		return BL_OUTCOME_FAIL;		/* every answer of this version is exact */
	case BL_RULE_MIN_ENTITIES:
		return v->one_entity && r->n > 1 ? BL_OUTCOME_FAIL : BL_OUTCOME_DATA;
	case BL_RULE_P_PERCENT: case BL_RULE_NK: case BL_RULE_DIFFERENCING: case BL_RULE_ZEROS: case BL_RULE_DOF: case BL_RULE_ENDPOINTS:
		return BL_OUTCOME_DATA;
	}
	return BL_OUTCOME_FAIL;			/* a rule that is not known */
}

/* A row is about one entity; so is a group that has the entity among its keys. */
static bool one_entity(const struct bl_policy *p, const struct bl_plan *plan)
{
	if (plan->kind == BL_PLAN_ROWS)
		return true;
	for (uint32_t i = 0; i < p->nentity; i++) {
		bool key = false;
		for (uint32_t k = 0; k < plan->nkey && !key; k++)
			key = plan->key[k]->op == BL_OP_COL && plan->key[k]->index < plan->schema->n &&
			      !strcmp(plan->schema->col[plan->key[k]->index].name, p->entity[i]);
		if (!key)
			return false;
	}
	return p->nentity > 0;
}

/* The first leaf, in document order, that makes r fail. */
static const struct bl_rule *culprit(const struct bl_verdict *v, const struct bl_rule *r)
{
	for (uint32_t i = 0; i < r->narg; i++)
		if (bl_judge_rule(v, r->arg[i]) == BL_OUTCOME_FAIL)
			return culprit(v, r->arg[i]);
	return r;
}

static void never(struct bl_verdict *v, const struct bl_policy *p, const struct bl_plan *plan)
{
	const struct bl_rule *r = culprit(v, p->release);

	switch (r->kind) {
	case BL_RULE_PRINCIPAL:
		refuse(v, "principal", nowhere, "answers are for another identity");
		break;
	case BL_RULE_ROLE:
		refuse(v, "role", nowhere, "answers are for the role %s, yours is %s", r->text, bl_words_role(v->role));
		break;
	case BL_RULE_PURPOSE:
		refuse(v, "purpose", nowhere, "answers are for the purpose '%s'", r->text);
		bl_err_hint(&v->err, "name the purpose of the request with --purpose");
		break;
	case BL_RULE_TIME:
		refuse(v, "time", nowhere, "no answers at this time");
		break;
	case BL_RULE_DP:
		refuse(v, "dp", nowhere, "only differentially private answers are released, and this version has none");
		break;
	case BL_RULE_MIN_ENTITIES:
		refuse(v, "min_entities", nowhere, "%llu; each %s is about one", (unsigned long long)r->n,
		       plan->kind == BL_PLAN_ROWS ? "row" : "group");
		bl_err_hint(&v->err, "ask for an aggregate over groups, such as avg(...) or count(*)");
		break;
	default:
		refuse(v, "release", nowhere, "nothing is released under this policy");
		break;
	}
	put_path(v, "%s", r->path);
	if (!v->err.hint[0])
		bl_err_hint(&v->err, "%s in the policy decides this", r->path);
}

static int gather(struct bl_verdict *v, const struct bl_rule *r)
{
	if (bl_judge_rule(v, r) != BL_OUTCOME_DATA)
		return 0;
	for (uint32_t i = 0; i < r->narg; i++)
		if (gather(v, r->arg[i]))
			return -1;
	if (r->narg)
		return 0;
	if (v->nrule == BL_JUDGE_RULES)
		return refuse(v, "release", nowhere, "more than %d rules", BL_JUDGE_RULES);
	v->rule[v->nrule++] = r;
	return 0;
}

/* --- the plan against the columns --- */

struct judging {
	struct bl_verdict *v;
	const struct bl_policy *p;
	const struct bl_schema *s;
	const struct bl_plan *plan;
	struct bl_grant *grant;		/* by column */
};

/* Of several failures of one kind the leftmost in the SQL is told. */
static bool later(const struct judging *j, uint32_t pos)
{
	return j->v->kind == BL_VERDICT_REFUSE && j->v->place.pos <= pos;
}

static const char *name_of(const struct judging *j, uint32_t column)
{
	return j->s->col[column].name;
}

static void put_column_path(const struct judging *j, uint32_t column, const char *member)
{
	const struct bl_doc_column *c = j->grant[column].doc;

	put_path(j->v, "columns.%s.%s", c == j->p->star ? "*" : c->name, member);
	bl_err_hint(&j->v->err, "%s in the policy decides this; bl-query --schema shows what each column may do", j->v->path);
}

static void check_use(void *arg, const struct bl_lineage *u)
{
	static const char *const doing[] = {
		[BL_AT_PRINT] = "printing", [BL_AT_KEY] = "grouping by", [BL_AT_ARG] = "aggregating", [BL_AT_COND] = "a condition on",
	};
	struct judging *j = arg;
	struct bl_place place = { u->pos, u->len };
	char has[BL_LINEAGE_TEXT], needs[BL_LINEAGE_TEXT];

	if (!(u->use & ~j->grant[u->column].uses) || later(j, u->pos))
		return;
	if (!j->grant[u->column].uses) {
		/* In the words that the parser has for a column that is not there. */
		refuse(j->v, "uses", place, "no column '%.64s' that you may use", name_of(j, u->column));
		put_path(j->v, "columns");
		return;
	}
	bl_lineage_print_uses(u->use, needs);
	bl_lineage_print_uses(j->grant[u->column].uses, has);
	refuse(j->v, "uses", place, "%s '%s' needs %s; it has %s", doing[u->at], name_of(j, u->column), needs, has);
	put_column_path(j, u->column, "uses");
}

/* May its values leave as they are? Then whatever is made of them, the asker could make from the rows. */
static bool is_printable(const struct judging *j, uint32_t column)
{
	return j->v->open && j->grant[column].uses & BL_USE_PROJECT;
}

static void check_function(void *arg, const struct bl_lineage *u)
{
	struct judging *j = arg;
	struct bl_place place = { u->pos, u->len };
	unsigned one_person = u->function & (BL_FN_MIN | BL_FN_MAX | BL_FN_QUANTILE);
	char has[BL_LINEAGE_TEXT], needs[BL_LINEAGE_TEXT];

	if (!u->function || later(j, u->pos) || is_printable(j, u->column))
		return;
	bl_lineage_print_functions(u->function, needs);
	if (u->function & ~j->grant[u->column].functions) {
		bl_lineage_print_functions(j->grant[u->column].functions, has);
		refuse(j->v, "functions", place, "%s of '%s': it has %s", needs, name_of(j, u->column), has);
		put_column_path(j, u->column, "functions");
	} else if (one_person && !j->v->open) {
		refuse(j->v, "functions", place, "%s of '%s' is the value of one person", needs, name_of(j, u->column));
		put_column_path(j, u->column, "functions");
		bl_err_hint(&j->v->err, "it is answered only where nothing is tested: release is true for the request");
	}
}

/* Inside an aggregate: columns as they are. What is affine in one was reduced to it when the plan was made. */
static void check_expressions(struct judging *j)
{
	if (j->p->expressions == BL_EXPR_ANY && j->v->open)
		return;
	for (uint32_t i = 0; i < j->plan->ncell; i++) {
		const struct bl_expr *e = j->plan->cell[i].arg;
		if (!e || e->op == BL_OP_COL || later(j, e->pos))
			continue;
		refuse(j->v, "expressions", (struct bl_place){ e->pos, e->len }, "inside an aggregate stands a column, or a * column + b");
		bl_err_hint(&j->v->err, "conditions may stand there too, in CASE and FILTER; functions of columns may be group keys");
	}
}

static void check_grid(void *arg, const struct bl_grid_fault *f)
{
	struct judging *j = arg;
	const struct bl_doc_column *c = j->grant[f->column].doc;
	const struct bl_dec *d = c && !strcmp(f->rule, "grid") ? &c->grid : c && !strcmp(f->rule, "bin") ? &c->bin : NULL;
	char size[BL_NUM_TEXT] = "";

	if (later(j, f->pos) || is_printable(j, f->column))
		return;
	if (d) {
		bl_num_print_dec(d->v, d->scale, size);
		refuse(j->v, f->rule, (struct bl_place){ f->pos, f->len }, "%s of '%s': %s", size, name_of(j, f->column), f->what);
	} else {
		refuse(j->v, f->rule, (struct bl_place){ f->pos, f->len }, "'%s': %s", name_of(j, f->column), f->what);
	}
	if (c)
		put_column_path(j, f->column, f->rule);
}

static void check_limits(struct judging *j)
{
	const struct bl_plan *plan = j->plan;
	uint64_t columns = 0;

	for (uint32_t i = 0; i < plan->nout; i++)
		columns += !plan->out[i].hidden;
	if (j->v->who.sql_bytes > j->p->limits.sql_bytes)
		refuse(j->v, "limits.sql_bytes", nowhere, "%llu", (unsigned long long)j->p->limits.sql_bytes);
	else if (columns > j->p->limits.columns_out)
		refuse(j->v, "limits.columns_out", nowhere, "%llu", (unsigned long long)j->p->limits.columns_out);
}

static void check_shape(struct judging *j)
{
	const struct bl_expr *at;
	const char *what = bl_lineage_unknown(j->plan, &at);

	if (j->plan->schema->n != j->s->n)
		refuse(j->v, "uses", nowhere, "the plan is of another table");
	else if (what)
		refuse(j->v, "uses", at ? (struct bl_place){ at->pos, at->len } : nowhere, "this %s is not one that the policy can be asked about", what);
}

/* In the order of judge.h; the first that fails ends it. */
static void check_columns(struct judging *j)
{
	for (int step = 0; step < 6 && j->v->kind == BL_VERDICT_RUN; step++) {
		switch (step) {
		case 0: check_limits(j); break;
		case 1: check_shape(j); break;
		case 2: bl_lineage_plan(j->plan, check_use, j); break;
		case 3: bl_lineage_plan(j->plan, check_function, j); break;
		case 4: check_expressions(j); break;
		case 5: bl_grid_check(j->plan, j->grant, check_grid, j); break;
		}
	}
}

void bl_judge_plan(struct bl_verdict *v, const struct bl_policy *p, const struct bl_schema *s, const struct bl_plan *plan,
		   const struct bl_asker *who)
{
	struct judging j = { v, p, s, plan, NULL };
	enum bl_outcome release;

	if (bl_judge_admit(v, p, who))
		return;
	j.grant = calloc(s->n ? s->n : 1, sizeof *j.grant);
	if (!j.grant) {
		refuse(v, "limits.memory", nowhere, "there is too little of it");
		return;
	}
	for (uint32_t i = 0; i < s->n; i++)
		if (plan->used[i])
			j.grant[i] = bl_lineage_grant(p, s->col[i].name);
	/* Known before the columns are looked at: where nothing is tested, more functions are answered. */
	v->one_entity = one_entity(p, plan);
	release = bl_judge_rule(v, p->release);
	v->open = release == BL_OUTCOME_PASS;
	v->statically_false = release == BL_OUTCOME_FAIL;
	check_columns(&j);
	if (v->kind == BL_VERDICT_RUN && v->statically_false && p->otherwise != BL_OTHERWISE_LOG)
		never(v, p, plan);
	if (v->kind == BL_VERDICT_RUN)
		gather(v, p->release);
	free(j.grant);
}

void bl_judge_explain(const struct bl_verdict *v, const struct bl_policy *p, const struct bl_schema *s, const struct bl_plan *plan,
		      struct bl_buf *text, struct bl_json *json)
{
	bl_explain_plan(v, p, s, plan, text, json);
}

void bl_judge_schema(const struct bl_policy *p, const struct bl_schema *s, const struct bl_verdict *admitted, struct bl_buf *text,
		     struct bl_json *json)
{
	bl_catalog_print(p, s, admitted, text, json);
}
