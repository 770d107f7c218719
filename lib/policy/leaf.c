/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaf: the data rules for one cell, and the release expression over them.
 *
 * A rule that has nothing to say of a cell (dof of a count, dominance of a count with one row each) is moot: it does not stand in
 * the way of `all`, and is no reason to release in `any` and `at_least`, nor alone. The rest of a condition is not released, so it
 * only must not fail.
 */
#include "policy/dominance.h"
#include "policy/work.h"

enum said { FAIL, MOOT, PASS };

struct bl_work_subject bl_leaf_subject(const struct bl_work *w, uint64_t g, uint32_t c)
{
	struct bl_work_subject s = { .c = c, .g = g };

	s.d = w->size[bl_work_at(w, g, w->cell[c].n)];
	s.n = w->cell[c].sum ? w->size[bl_work_at(w, g, c)] : s.d;
	return s;
}

static enum said yes(bool b)
{
	return b ? PASS : FAIL;
}

static bool few(uint64_t n, uint64_t k)
{
	return n && n < k;
}

/* What the rule `zeros` thinks of a set that is empty: nobody in the cell, or nobody with anything but 0. */
static bool empty_passes(const struct bl_work *w, const struct bl_work_subject *s)
{
	const struct bl_work_cell *x = &w->cell[s->c];

	if (w->zeros_allow)
		return true;
	return !s->d && x->may_be_empty && !x->sensitive_cond;
}

/* Of a column of 0 and 1 that is sensitive: fewer than k of the group differ from the rest, so the sum tells of nearly all. */
static bool all_alike(const struct bl_work *w, const struct bl_work_subject *s)
{
	uint64_t zero = s->d - s->n, k = w->k ? w->k : 1;

	return w->cell[s->c].sensitive && !w->zeros_allow && (s->n < k || zero < k);
}

static enum said min_entities(const struct bl_work *w, const struct bl_rule *r, const struct bl_work_subject *s)
{
	const struct bl_work_cell *x = &w->cell[s->c];

	if (!s->d)
		return yes(empty_passes(w, s));
	if (s->d < r->n || few(s->n, r->n))
		return FAIL;
	/* Both complements: everybody in the file, and everybody of whom this value is known. */
	if (r->complement && (few(w->r->population - s->d, r->n) || few(w->r->universe[x->n] - s->d, r->n)))
		return FAIL;
	if ((x->product && few(s->d - s->n, r->n)) || (!s->n && !empty_passes(w, s)))
		return FAIL;
	return yes(w->zeros_leaf || s->whole || !all_alike(w, s));
}

/* Sums; and counts in which somebody has several rows. */
static enum said dominance(const struct bl_work *w, const struct bl_rule *r, const struct bl_work_subject *s)
{
	const struct bl_work_cell *x = &w->cell[s->c];
	uint32_t of = x->sum ? s->c : x->n;
	const bl_i128 *part;
	uint64_t n;
	enum bl_dominance d;

	if (s->whole || (!x->sum && !w->many[bl_work_at(w, s->g, of)]))
		return MOOT;
	part = bl_work_part(w, s->g, of);
	n = bl_work_count(w, s->g);
	d = r->kind == BL_RULE_NK ? bl_dominance_nk(part, w->r->ncell, n, r->n, r->num) :
				    bl_dominance_p_percent(part, w->r->ncell, n, r->n, r->num);
	if (d == BL_DOMINANCE_ZERO)
		return empty_passes(w, s) ? MOOT : FAIL;
	return yes(d == BL_DOMINANCE_PASS);
}

static enum said zeros(const struct bl_work *w, const struct bl_rule *r, const struct bl_work_subject *s)
{
	if (!s->d || !s->n)
		return r->allow ? PASS : empty_passes(w, s) ? MOOT : FAIL;
	return s->whole || r->allow || !all_alike(w, s) ? MOOT : FAIL;
}

/* One parameter, the mean. Entities are counted, not rows. */
static enum said dof(const struct bl_work *w, const struct bl_rule *r, const struct bl_work_subject *s)
{
	bl_u128 one;

	if (s->whole || !w->cell[s->c].squares)
		return MOOT;
	if (!s->d || s->d - 1 < r->n)
		return FAIL;
	if (!r->num.set)
		return PASS;
	if (r->num.v <= 0 || r->num.scale > 18)
		return FAIL;
	one = (bl_u128)bl_num_pow10_i128(r->num.scale);
	return yes((bl_u128)r->num.v >= one || one <= (bl_u128)r->num.v * s->d);
}

static enum said differencing(const struct bl_work *w, const struct bl_rule *r, const struct bl_work_subject *s)
{
	if (w->cell[s->c].check)
		return MOOT;
	for (uint32_t i = 0; i < w->ndiff; i++)
		if (w->diff[i] == r)
			return yes(!s->near[i]);
	return FAIL;
}

/* --- the expression --- */

/* Rules that failed on the way to a failure. */
struct blame { bool rule[BL_JUDGE_RULES]; };

static enum said leaf(struct bl_work *w, const struct bl_rule *r, const struct bl_work_subject *s, struct blame *b)
{
	enum said said;

	switch (bl_judge_rule(w->v, r)) {
	case BL_OUTCOME_PASS:
		return PASS;
	case BL_OUTCOME_FAIL:
		return FAIL;
	default:
		break;
	}
	switch (r->kind) {
	case BL_RULE_MIN_ENTITIES:
		said = min_entities(w, r, s);
		break;
	case BL_RULE_P_PERCENT: case BL_RULE_NK:
		said = dominance(w, r, s);
		break;
	case BL_RULE_ZEROS:
		said = zeros(w, r, s);
		break;
	case BL_RULE_DOF:
		said = dof(w, r, s);
		break;
	case BL_RULE_DIFFERENCING:
		said = differencing(w, r, s);
		break;
	case BL_RULE_ENDPOINTS:
		said = MOOT;		/* quantiles are never released: see below */
		break;
	default:
		said = FAIL;
		break;
	}
	for (uint32_t i = 0; said == FAIL && i < w->v->nrule; i++)
		if (w->v->rule[i] == r)
			b->rule[i] = true;
	return said;
}

static enum said expression(struct bl_work *w, const struct bl_rule *r, const struct bl_work_subject *s, struct blame *b)
{
	uint64_t pass = 0, moot = 0, need;

	if (r->kind != BL_RULE_ALL && r->kind != BL_RULE_ANY && r->kind != BL_RULE_AT_LEAST)
		return leaf(w, r, s, b);
	for (uint32_t i = 0; i < r->narg; i++) {
		enum said said = expression(w, r->arg[i], s, b);
		pass += said == PASS;
		moot += said == MOOT;
	}
	if (r->kind == BL_RULE_ALL)
		return !r->narg || pass + moot < r->narg ? FAIL : pass ? PASS : MOOT;
	need = r->kind == BL_RULE_ANY ? 1 : r->n;
	if (need && pass >= need)
		return PASS;
	/* Of a union only some rules say anything: those that do not have passed its cells already. */
	return moot && (moot == r->narg || s->whole) && pass + moot >= need ? MOOT : FAIL;
}

bool bl_leaf_judge(struct bl_work *w, const struct bl_work_subject *s)
{
	const struct bl_work_cell *x = &w->cell[s->c];
	struct blame b = { 0 };
	enum said said = x->never || w->v->statically_false ? FAIL : expression(w, w->p->release, s, &b);

	if (said == PASS || (said == MOOT && (s->whole || (x->check && x->cell->cond))))
		return true;
	for (uint32_t i = 0; i < w->v->nrule; i++)
		w->fired[i] = w->fired[i] || b.rule[i];
	return false;
}
