/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: see rules.h; work.h says which file does what. What the guide leaves open is read strictly here:
 *
 * - Complement: both everybody in the file and everybody of whom the value is known, minus D, must be nobody or at least k.
 *   avg(Age) passes with 177 ages unknown; sum(Age) of all whose age is known but one fails.
 * - A square is a product: for var and stddev fewer than k entities with 0 fail, where some are.
 * - An empty cell under a condition fails like an empty group, unless it is the rest of the condition or a branch that adds nothing
 *   (ELSE 0), and the condition is not on a sensitive column. A column without a class is sensitive.
 * - The rest of a condition fails: then what stands under the condition is withheld, in whatever aggregate.
 * - dof counts entities.
 * - Secondary suppression looks at every column, at D and N, and at all entities behind withheld cells, not only at those whom no
 *   released cell holds: with several rows per entity the rows of a withheld group can be had by subtraction all the same.
 * - A sum of zeros and one other number is a count, for `differencing` and for rounding, whether or not the owner said that the
 *   column holds nothing else.
 * - Equal sets are one cell for `differencing` only if the contributions are equal (cells.h).
 *
 * Everything is decided in the order of groups and cells, so equal inputs give equal answers. Not here: margins of two-way tables
 * (the dialect has none), the number of withheld groups (never told), quantiles (never released).
 */
#include "policy/rules.h"

#include <math.h>
#include <string.h>

#include "policy/disguise.h"
#include "policy/work.h"

enum { UNION_TRIES = 16 };

static int no_room(struct bl_err *err)
{
	return bl_err_set(err, BL_REFUSED, "refused: limits.memory");
}

/* --- rounding --- */

static bl_i128 nearest(bl_i128 n, bl_i128 base)
{
	return (2 * n + base) / (2 * base) * base;
}

static bl_i128 midpoint(bl_i128 n, bl_i128 m)
{
	return n ? (n + m - 1) / m * m - m / 2 : 0;
}

/* Counts, and sums that are counts; never below 0. */
static void round_cell(const struct bl_policy *p, struct bl_acc *a, bl_i128 unit)
{
	bl_i128 n = a->i / unit, base = (bl_i128)(p->round ? p->round : p->midpoint);

	if (a->null || n < 0)
		return;
	/* Bounds are the owner's word: what is far beyond them is no count. */
	if (n > INT64_MAX || base > INT64_MAX || __builtin_mul_overflow(p->round ? nearest(n, base) : midpoint(n, base), unit, &a->i))
		*a = (struct bl_acc){ .null = true };
}

/* A sum of zeros and one other number in this group is that number times a count. */
static void round_sum(const struct bl_work *w, uint64_t g, uint32_t c, struct bl_acc *a)
{
	const struct bl_work_cell *x = &w->cell[c];
	struct bl_acc sum = *a;
	bl_i128 unit;

	if (!w->r->by_entity || !x->sum || !bl_disguise_find(bl_work_part(w, g, x->n), bl_work_part(w, g, c), w->r->ncell, bl_work_count(w, g), &unit))
		return;
	if (x->cell->arg->type.kind != BL_TYPE_DOUBLE) {
		round_cell(w->p, a, unit);
	} else if (!a->null) {
		sum.i = 0;
		for (uint64_t i = 0; i < bl_work_count(w, g); i++)
			sum.i += bl_work_part(w, g, c)[i * w->r->ncell] / unit;
		round_cell(w->p, &sum, 1);
		a->null = sum.null;
		a->f = ldexp((double)sum.i * (double)unit, -w->r->shift[c]);
	}
}

static void round_all(const struct bl_work *w, struct bl_acc *acc)
{
	for (uint32_t c = 0; c < w->r->ncell; c++) {
		const struct bl_work_cell *x = &w->cell[c];
		bool counts = x->cell->kind == BL_CELL_N || x->cell->kind == BL_CELL_DISTINCT;
		for (uint64_t g = 0; g < w->r->ngroup; g++) {
			if (counts || x->zero_one)
				round_cell(w->p, &acc[bl_work_at(w, g, c)], counts ? 1 : x->unit);
			else
				round_sum(w, g, c, &acc[bl_work_at(w, g, c)]);
		}
	}
}

/* --- in order --- */

/* Everything that needs no store. */
static void judge_cells(struct bl_work *w)
{
	for (uint64_t g = 0; g < w->r->ngroup; g++)
		for (uint32_t c = 0; c < w->r->ncell; c++) {
			struct bl_work_subject s;
			if (!w->cell[c].printed && !w->cell[c].check)
				continue;
			s = bl_leaf_subject(w, g, c);
			w->bad[bl_work_at(w, g, c)] = !bl_leaf_judge(w, &s);
		}
}

static void note_failures(struct bl_work *w)
{
	for (size_t i = 0, n = bl_work_at(w, w->r->ngroup, 0); i < n && !w->failed; i++)
		w->failed = w->bad[i];
}

/* Withholds the smallest cell of a column whose union is too near to something; all of it when that does not help. */
static void shrink(struct bl_work *w, uint32_t c, bool all)
{
	uint64_t best = UINT64_MAX, size = UINT64_MAX;

	for (uint64_t g = 0; g < w->r->ngroup; g++) {
		size_t at = bl_work_at(w, g, c);
		if (w->withheld[at])
			continue;
		if (all)
			w->bad[at] = true;
		if (w->size[bl_work_at(w, g, w->cell[c].n)] < size) {
			best = g;
			size = w->size[bl_work_at(w, g, w->cell[c].n)];
		}
	}
	w->bad[bl_work_at(w, best, c)] = true;
	w->failed = true;
}

static int settle(struct bl_work *w, struct bl_err *err)
{
	uint32_t column, *tries = bl_arena_array(w->a, w->r->ncell, sizeof *tries);
	bool told;

	if (!tries)
		return no_room(err);
	for (;;) {
		if (bl_suppress_run(w, err))
			return -1;
		if (w->failed && !w->p->suppress)
			return 0;
		if (bl_span_run(w, &told, err))
			return -1;
		if (told && w->p->suppress)
			continue;
		if (told || !w->ndiff)
			return 0;
		if (bl_differ_unions(w, &column, err))
			return -1;
		if (column == UINT32_MAX)
			return 0;
		if (!w->p->suppress) {
			w->failed = true;
			return 0;
		}
		shrink(w, column, ++tries[column] > UNION_TRIES);
	}
}

/* No group printed, or nothing but NULLs; also when no row matched. */
static bool nothing_left(const struct bl_work *w)
{
	bool keys_only = true;

	for (uint32_t c = 0; c < w->r->ncell; c++)
		keys_only = keys_only && !w->cell[c].printed;
	for (uint64_t g = 0; g < w->r->ngroup; g++) {
		if (!w->dropped[g] && keys_only)
			return false;
		for (uint32_t c = 0; c < w->r->ncell; c++)
			if (w->cell[c].printed && !w->withheld[bl_work_at(w, g, c)])
				return false;
	}
	return true;
}

static int test(struct bl_work *w, struct bl_err *err)
{
	if (w->ndiff && (!w->store || !w->r->entity))
		return bl_err_set(err, BL_BUG, "differencing without a store, or without entity ids");
	if (w->ndiff && bl_cells_map(w->store, w->r->entity, w->r->population, err))
		return -1;
	judge_cells(w);
	if (w->ndiff && (bl_differ_stored(w, err) || bl_differ_cells(w, err)))
		return -1;
	note_failures(w);
	return settle(w, err);
}

/* `log` releases whatever failed; then all of it is kept for the differencing of later requests. */
static int log_all(struct bl_work *w, struct bl_err *err)
{
	uint32_t column;

	w->keep_all = true;
	memset(w->withheld, 0, bl_work_at(w, w->r->ngroup, 0));
	memset(w->dropped, 0, w->r->ngroup);
	return w->ndiff ? bl_differ_unions(w, &column, err) : 0;
}

static int test_result(struct bl_work *w, struct bl_rules_out *out, struct bl_err *err)
{
	if (!w->r->by_entity)
		return bl_err_set(err, BL_BUG, "a result without its entities");
	if (test(w, err))
		return -1;
	out->all_passed = !w->failed;
	out->nothing_left = nothing_left(w);
	if (w->failed && !w->p->suppress && w->p->otherwise == BL_OTHERWISE_LOG)
		return log_all(w, err);
	if (w->ndiff && (out->nothing_left || (w->failed && !w->p->suppress)))
		bl_cells_drop(w->store);
	for (size_t i = 0, n = bl_work_at(w, w->r->ngroup, 0); i < n; i++)
		if (w->withheld[i])
			out->acc[i] = (struct bl_acc){ .null = true };
	return w->p->suppress && w->plan->kind == BL_PLAN_GROUPS && w->r->nkey && !out->nothing_left ? bl_domain_extra(w, out, err) : 0;
}

int bl_rules_apply(const struct bl_policy *p, const struct bl_verdict *v, const struct bl_plan *plan, const struct bl_result *r,
		   struct bl_cells *store, struct bl_arena *a, struct bl_rules_out *out, struct bl_err *err)
{
	struct bl_work *w = bl_arena_alloc(a, sizeof *w);
	size_t all;

	memset(out, 0, sizeof *out);
	if (!w || !bl_num_mul((size_t)r->ngroup, r->ncell, &all))
		return no_room(err);
	*w = (struct bl_work){ .p = p, .v = v, .plan = plan, .r = r, .store = store, .a = a };
	w->withheld = out->withheld = bl_arena_array(a, all, sizeof *out->withheld);
	w->dropped = out->dropped = bl_arena_array(a, r->ngroup, sizeof *out->dropped);
	/* Where nothing can be withheld or rounded, and where groups may be millions, the cells are the same. */
	out->acc = v->open && !p->round && !p->midpoint ? r->acc : bl_arena_array(a, all, sizeof *out->acc);
	if (!out->withheld || !out->dropped || !out->acc)
		return no_room(err);
	if (all && out->acc != r->acc)
		memcpy(out->acc, r->acc, all * sizeof *out->acc);
	if (bl_facts_find(w, err))
		return -1;
	if (p->round || p->midpoint)
		round_all(w, out->acc);
	out->all_passed = true;
	if (!v->open && test_result(w, out, err))
		return -1;
	for (uint32_t i = 0; i < v->nrule; i++)
		if (w->fired[i])
			out->fired[out->nfired++] = v->rule[i];
	return 0;
}
