/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppress: what must be withheld beside what failed. A withheld cell can be had by subtraction from a total, so the entities
 * behind all withheld cells of a column, and those of them that no released cell covers, must be none or at least k; while they
 * are not, the smallest released one is withheld too (the first in key order of equal ones). The same loop makes the union of a
 * column pass: a partition is a total in other words.
 *
 * First whole groups are withheld, by all of their rows; then cells of single columns. Withholding never makes a cell releasable,
 * so the loops end.
 */
#include <string.h>

#include "policy/work.h"

static int no_room(struct bl_err *err)
{
	return bl_err_set(err, BL_REFUSED, "refused: limits.memory");
}

/* --- what is withheld when some cells are bad --- */

static void term_cells(const struct bl_term *t, int32_t cell[3])
{
	cell[0] = t->n;
	cell[1] = t->s;
	cell[2] = t->ss;
}

static bool has_bad(const struct bl_agg *a, const bool *bad)
{
	int32_t cell[3];

	for (uint32_t t = 0; t < a->nterm; t++) {
		term_cells(&a->term[t], cell);
		for (int j = 0; j < 3; j++)
			if (cell[j] >= 0 && bad[cell[j]])
				return true;
	}
	return false;
}

static void set_cells(const struct bl_agg *a, bool *to, bool value)
{
	int32_t cell[3];

	for (uint32_t t = 0; t < a->nterm; t++) {
		term_cells(&a->term[t], cell);
		for (int j = 0; j < 3; j++)
			if (cell[j] >= 0)
				to[cell[j]] = value;
	}
}

/* The rest of a condition failed: what stands under the condition may not be printed either, whoever else prints it. */
static void blame_terms(const struct bl_plan *p, bool *bad)
{
	for (uint32_t i = 0; i < p->nagg; i++)
		for (uint32_t k = 0; k < p->agg[i].ncheck; k++)
			if (bad[p->agg[i].check[k]])
				set_cells(&p->agg[i], bad, true);
}

static void close_group(struct bl_work *w, uint64_t g)
{
	const struct bl_plan *p = w->plan;
	uint32_t nc = w->r->ncell;
	bool *bad = w->bad + bl_work_at(w, g, 0), *withheld = w->withheld + bl_work_at(w, g, 0);

	blame_terms(p, bad);
	for (uint32_t c = 0; c < nc; c++)
		withheld[c] = bad[c] || w->cell[c].printed;
	for (uint32_t i = 0; i < p->nagg; i++)
		if (!has_bad(&p->agg[i], bad))
			set_cells(&p->agg[i], withheld, false);
	/* A key tells that its group is there, so a small group goes with all it has. */
	w->dropped[g] = p->nkey && (w->dropped[g] || bad[0]);
	for (uint32_t c = 0; c < nc && w->dropped[g]; c++)
		withheld[c] = true;
}

void bl_suppress_close(struct bl_work *w)
{
	for (uint64_t g = 0; g < w->r->ngroup; g++)
		close_group(w, g);
}

/* --- one column, or the groups themselves --- */

enum { D, N, SETS };

struct column {
	struct bl_work *w;
	uint32_t c;
	bool groups;			/* whole groups: c is 0, the count of all rows */
	uint32_t *shown[SETS], *hidden[SETS];	/* [population]: released, withheld cells that hold the entity */
	uint64_t in[SETS], out[SETS], lost[SETS];	/* entities in released cells; in withheld ones; in withheld ones only */
	uint64_t released;
};

static bool *hides(const struct column *x, uint64_t g)
{
	return x->groups ? &x->w->dropped[g] : &x->w->withheld[bl_work_at(x->w, g, x->c)];
}

static void move(struct column *x, int set, uint32_t e, int shown, int hidden)
{
	uint32_t *s = &x->shown[set][e], *h = &x->hidden[set][e];

	x->in[set] -= *s > 0;
	x->out[set] -= *h > 0;
	x->lost[set] -= *h && !*s;
	*s = (uint32_t)((int64_t)*s + shown);
	*h = (uint32_t)((int64_t)*h + hidden);
	x->in[set] += *s > 0;
	x->out[set] += *h > 0;
	x->lost[set] += *h && !*s;
}

static void move_cell(struct column *x, uint64_t g, int shown, int hidden)
{
	const struct bl_result *r = x->w->r;
	uint32_t cell[SETS] = { x->w->cell[x->c].n, x->c };

	for (uint64_t i = r->first[g]; i < r->first[g + 1]; i++)
		for (int set = 0; set < (x->w->cell[x->c].sum ? SETS : 1); set++)
			if (r->part[i * r->ncell + cell[set]])
				move(x, set, r->who[i], shown, hidden);
	x->released = (uint64_t)((int64_t)x->released + shown);
}

static void load(struct column *x, uint32_t c, bool groups)
{
	size_t size = (size_t)x->w->r->population * sizeof(uint32_t);

	x->c = c;
	x->groups = groups;
	x->released = 0;
	for (int set = 0; set < SETS; set++) {
		x->in[set] = x->out[set] = x->lost[set] = 0;
		memset(x->shown[set], 0, size);
		memset(x->hidden[set], 0, size);
	}
	for (uint64_t g = 0; g < x->w->r->ngroup; g++)
		move_cell(x, g, !*hides(x, g), *hides(x, g));
}

static bool few(const struct column *x, uint64_t n)
{
	return n && n < x->w->k;
}

static bool union_passes(const struct column *x)
{
	struct bl_work_subject s = { .c = x->c, .whole = true, .d = x->in[D] };

	s.n = x->w->cell[x->c].sum ? x->in[N] : s.d;
	return x->groups || x->released < 2 || bl_leaf_judge(x->w, &s);
}

static bool is_safe(const struct column *x)
{
	bool rest = few(x, x->lost[D]) || few(x, x->out[D]) || few(x, x->lost[N]) || few(x, x->out[N]);

	return !x->released || (!(rest && x->w->p->secondary) && union_passes(x));
}

/* The smallest released one, the first of equal ones. */
static uint64_t smallest(const struct column *x)
{
	uint64_t best = UINT64_MAX, size = UINT64_MAX;

	for (uint64_t g = 0; g < x->w->r->ngroup; g++) {
		uint64_t d = x->w->size[bl_work_at(x->w, g, x->w->cell[x->c].n)];
		if (*hides(x, g) || d >= size)
			continue;
		best = g;
		size = d;
	}
	return best;
}

/* Withholds until it is safe. Returns whether it withheld anything. */
static bool make_safe(struct column *x)
{
	bool changed = false;

	while (!is_safe(x)) {
		uint64_t g = smallest(x);
		*hides(x, g) = true;
		x->w->bad[bl_work_at(x->w, g, x->c)] = true;
		x->w->failed = changed = true;
		move_cell(x, g, -1, 1);
	}
	return changed;
}

static int make_column(struct column *x, struct bl_work *w, struct bl_err *err)
{
	for (int i = 0; i < 2 * SETS; i++)
		if (!w->count[i] && !(w->count[i] = bl_arena_array(w->a, (size_t)w->r->population, sizeof *w->count[i])))
			return no_room(err);
	*x = (struct column){ .w = w, .shown = { w->count[0], w->count[1] }, .hidden = { w->count[2], w->count[3] } };
	return 0;
}

/* Without suppression: the unions pass, or all of it fails. */
static void test_unions(struct bl_work *w, struct column *x)
{
	for (uint32_t c = 0; c < w->r->ncell; c++)
		if (w->cell[c].printed) {
			load(x, c, false);
			w->failed = !union_passes(x) || w->failed;
		}
}

int bl_suppress_run(struct bl_work *w, struct bl_err *err)
{
	struct column x;
	bool changed = true;

	bl_suppress_close(w);
	if (make_column(&x, w, err))
		return -1;
	if (!w->p->suppress) {
		if (!w->failed)
			test_unions(w, &x);
		return 0;
	}
	while (changed) {
		changed = false;
		if (w->plan->nkey) {
			load(&x, 0, true);
			changed = make_safe(&x);
			bl_suppress_close(w);
		}
		for (uint32_t c = 0; c < w->r->ncell; c++)
			if (w->cell[c].printed) {
				load(&x, c, false);
				changed = make_safe(&x) || changed;
			}
		bl_suppress_close(w);
	}
	return 0;
}
