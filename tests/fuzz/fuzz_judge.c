/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL from anyone against a strict policy: whatever the judge lets run uses only what the policy grants. Checked here by a walk
 * of its own over the plan, from the words of the policy, sharing nothing with lib/policy.
 */
#include "../judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const bool filter[JUDGE_NCOL] = { [SEX] = true, [CLS] = true, [AGE] = true, [BORN] = true, [OK_] = true, [ZIP] = true, [CITY] = true, [OPEN] = true, [RAW] = true };
static const bool group[JUDGE_NCOL] = { [SEX] = true, [CLS] = true, [AGE] = true, [SEEN] = true, [ZIP] = true, [CITY] = true, [OPEN] = true, [RAW] = true };
static const bool project[JUDGE_NCOL] = { [OPEN] = true };

static void must(bool good)
{
	if (!good)
		abort();
}

/* e tells whether two values are alike, or more or less. */
static bool tests(enum bl_op op)
{
	return (op >= BL_OP_AND && op <= BL_OP_ILIKE) || op == BL_OP_NULLIF || op == BL_OP_STARTS_WITH;
}

/* The columns under e are in `may`; those in a test in filter too. binned: under bin(). */
static void columns(const struct bl_expr *e, const bool *may, bool tested, bool binned, bool key)
{
	must((unsigned)e->op <= BL_OP_ADD_INTERVAL && e->op != BL_OP_KEY && e->op != BL_OP_AGG);
	if (e->op == BL_OP_COL) {
		must(e->index < JUDGE_NCOL && may[e->index] && (!tested || filter[e->index]));
		must(!key || e->index != AGE || binned);
		return;
	}
	if (e->op == BL_OP_BIN) {
		const struct bl_value *w = &e->arg[1]->lit;
		binned = w->type.kind == BL_TYPE_DOUBLE ? w->f >= 10 : w->i >= 10 * bl_num_pow10_i128(w->type.scale);
	}
	for (uint32_t i = 0; i < e->narg; i++)
		columns(e->arg[i], may, tested || tests(e->op) || (e->op == BL_OP_CASE && i % 2 == 0 && i + 1 < e->narg), binned, key);
}

static bool holds(const struct bl_expr *e, uint32_t column)
{
	bool has = e->op == BL_OP_COL && e->index == column;

	for (uint32_t i = 0; i < e->narg && !has; i++)
		has = holds(e->arg[i], column);
	return has;
}

/* In a condition `age` stands under nothing but casts, beside multiples of 5, and zip is not looked into. */
static void condition(const struct bl_expr *e)
{
	for (uint32_t i = 0; i < e->narg; i++) {
		const struct bl_expr *side = e->arg[i];
		while (side->op == BL_OP_CAST)
			side = side->arg[0];
		if (side->op != BL_OP_COL || side->index != AGE) {
			condition(e->arg[i]);
			continue;
		}
		must(e->op == BL_OP_ISNULL || e->op == BL_OP_IN || e->op == BL_OP_NULLIF || (e->op >= BL_OP_EQ && e->op <= BL_OP_GE));
		for (uint32_t k = 0; k < e->narg; k++) {
			const struct bl_value *v = &e->arg[k]->lit;
			if (k == i)
				continue;
			must(e->arg[k]->op == BL_OP_LIT);
			must(v->null || (v->type.kind == BL_TYPE_DOUBLE ? __builtin_fmod(v->f, 5) == 0 : v->i % (5 * bl_num_pow10_i128(v->type.scale)) == 0));
		}
	}
	if (e->op == BL_OP_LIKE || e->op == BL_OP_ILIKE || e->op == BL_OP_STARTS_WITH || e->op == BL_OP_SUBSTR || e->op == BL_OP_LEFT ||
	    e->op == BL_OP_RIGHT || e->op == BL_OP_POSITION || e->op == BL_OP_REPLACE)
		must(!holds(e, ZIP) && !holds(e, SEX) && !holds(e, BORN));
	columns(e, filter, true, false, false);
}

static void released(const struct bl_expr *e)
{
	must(e->op != BL_OP_COL);
	for (uint32_t i = 0; i < e->narg; i++)
		released(e->arg[i]);
}

static bool counts(enum bl_agg_fn fn)
{
	return fn == BL_AGG_COUNT || fn == BL_AGG_SUM || fn == BL_AGG_AVG;
}

static void aggregate(const struct bl_plan *p, const struct bl_agg *g)
{
	must(g->fn != BL_AGG_MIN && g->fn != BL_AGG_MAX && g->fn != BL_AGG_MEDIAN);
	for (uint32_t i = 0; i < g->nterm; i++) {
		int32_t cell[] = { g->term[i].n, g->term[i].s, g->term[i].ss };
		for (int k = 0; k < 3; k++) {
			const struct bl_expr *arg = cell[k] < 0 ? NULL : p->cell[cell[k]].arg;
			if (!arg)
				continue;
			must(arg->op == BL_OP_COL);
			switch (arg->index) {
			case ID: must(g->fn == BL_AGG_COUNT || g->fn == BL_AGG_COUNT_DISTINCT); break;
			case CLS: must(counts(g->fn)); break;
			case AGE: must(g->fn != BL_AGG_COUNT_DISTINCT); break;
			case FARE: must(g->fn == BL_AGG_SUM && k == 1); break;
			case OPEN: case RAW: break;
			default: abort();
			}
		}
	}
}

static void allowed(const struct bl_plan *p)
{
	must(p->kind != BL_PLAN_ROWS);		/* a row is one entity, and ten are asked for */
	if (p->where)
		condition(p->where);
	for (uint32_t i = 0; i < p->nkey; i++) {
		columns(p->key[i], p->kind == BL_PLAN_GROUPS ? group : project, false, false, p->kind == BL_PLAN_GROUPS);
		must(p->key[i]->op != BL_OP_COL || p->key[i]->index != ID);
	}
	for (uint32_t i = 0; i < p->ncell; i++) {
		must(!p->cell[i].arg || p->cell[i].arg->op == BL_OP_COL);
		if (p->cell[i].cond)
			condition(p->cell[i].cond);
	}
	for (uint32_t i = 0; i < p->nagg; i++)
		aggregate(p, &p->agg[i]);
	for (uint32_t i = 0; i < p->nout; i++)
		released(p->out[i].expr);
	for (uint32_t i = 0; i < p->norder; i++)
		released(p->order[i].expr);
	if (p->having)
		released(p->having);
	must(!p->used[NAME] && !p->used[NOTE]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bl_policy policy;
	struct bl_asker who = judge_asker();
	struct bl_err err;
	struct bl_buf b;
	struct bl_json *json;
	struct judge j;

	if (!policy.json && judge_parse(&policy, JUDGE_STRICT, &err))
		abort();
	judge_n(&j, &policy, &who, (const char *)data, size);
	if (j.planned && j.v.kind == BL_VERDICT_RUN)
		allowed(&j.plan);
	if (j.v.kind == BL_VERDICT_REFUSE)
		must(j.v.rule_name && j.v.err.msg[0] && (!j.planned || j.v.err.code == BL_REFUSED) &&
		     (j.v.place.pos == SIZE_MAX || (j.v.place.pos <= size && j.v.place.len <= size - j.v.place.pos)));
	if (j.planned) {
		bl_buf_init(&b, 64 << 20);
		json = bl_json_new_object();
		bl_judge_explain(&j.v, &policy, &judge_schema, &j.plan, &b, json);
		must(!b.failed);
		bl_buf_clear(&b);
		bl_json_print(json, &b);
		must(!b.failed && bl_json_canonical((const char *)b.p, b.len, 16));
		bl_json_free(json);
		bl_buf_fini(&b);
	}
	bl_arena_fini(&j.a);
	return 0;
}
