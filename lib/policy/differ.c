/* SPDX-License-Identifier: Apache-2.0 */
/*
 * differ: what the differencing store is told and asked. A count cell is the set D in the family "n". A sum is D and N in the
 * family of its column, or in "n" too when the owner says that the column holds 0 and 1 only; each is compared with its like.
 *
 * A sum of zeros and ones, said or not, is a count in other words: `sum(Survived)` is `count(*) where Survived = 1`. So its N is
 * also kept in a family "1", and compared with the sets of count cells, and they with it. The two may not be nearly the same, nor may
 * the count hold all of the sum's N but a few, padded with whomever it likes: who is in a count is the asker's choice. The other
 * way round they may, for `either` between a column and all counts would refuse most of what people ask: who is in N is not. N is
 * not held against its own D: an average shows both. The same holds for a sum of nothing but 0 and some number, such as `sum(Pclass) where Pclass = 2`, which is that number times a count.
 *
 * Check cells are released by nobody, so they are neither compared nor stored.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/disguise.h"
#include "policy/work.h"

enum { ITEMS = 4, BATCH = 1024, MEMBERS = 1 << 22 };

/* One entity's share of a cell. */
struct share { uint32_t who; bl_i128 n, s; };
struct shares { struct share *v; uint64_t n, room; };

/* What a cell, or a union, gives the store: up to ITEMS sets. */
struct sets {
	struct bl_cells_item item[ITEMS];
	bool ask[ITEMS];		/* only compared, not kept */
	unsigned n;
	void *mem[2 * ITEMS];
	unsigned nmem;
};

static int no_memory(struct bl_err *err)
{
	return bl_err_set(err, BL_OSERR, "out of memory");
}

static void free_sets(struct sets *s)
{
	while (s->nmem)
		free(s->mem[--s->nmem]);
	s->n = 0;
}

/* A hash of a number; never 1, which is what "contributes 1" looks like. */
static uint64_t hash_of(bl_i128 v)
{
	uint64_t h = (uint64_t)v * 0x9e3779b97f4a7c15u ^ (uint64_t)((bl_u128)v >> 64) * 0xc2b2ae3d27d4eb4fu;

	return h ^ h >> 29 ^ (h < 2) << 8;
}

/* --- shares --- */

static int room_for(struct shares *s, uint64_t n)
{
	struct share *v;

	if (n <= s->room)
		return 0;
	if (!(v = reallocarray(s->v, n, sizeof *v)))
		return -1;
	s->v = v;
	s->room = n;
	return 0;
}

static int shares_of_cell(const struct bl_work *w, uint64_t g, uint32_t c, struct shares *s)
{
	uint64_t count = bl_work_count(w, g);
	const uint32_t *who = w->r->who + w->r->first[g];
	uint32_t n = w->cell[c].n;

	s->n = 0;
	if (room_for(s, count))
		return -1;
	for (uint64_t i = 0; i < count; i++) {
		const bl_i128 *part = bl_work_part(w, g, 0) + i * w->r->ncell;
		if (part[n])
			s->v[s->n++] = (struct share){ who[i], part[n], w->cell[c].sum ? part[c] : 0 };
	}
	return 0;
}

/* The union of a column over the groups in which it is released. */
static int shares_of_union(const struct bl_work *w, uint32_t c, struct shares *s)
{
	uint64_t most = w->r->population;
	uint32_t n = w->cell[c].n, nc = w->r->ncell;

	s->n = 0;
	if (room_for(s, most))
		return -1;
	for (uint64_t e = 0; e < most; e++)
		s->v[e] = (struct share){ .who = (uint32_t)e };
	for (uint64_t g = 0; g < w->r->ngroup; g++) {
		if (w->withheld[bl_work_at(w, g, c)])
			continue;
		for (uint64_t i = w->r->first[g]; i < w->r->first[g + 1]; i++) {
			struct share *x = &s->v[w->r->who[i]];
			x->n += w->r->part[i * nc + n];
			x->s = (bl_i128)((bl_u128)x->s + (bl_u128)(w->cell[c].sum ? w->r->part[i * nc + c] : 0));
		}
	}
	for (uint64_t e = 0; e < most; e++)
		if (s->v[e].n)
			s->v[s->n++] = s->v[e];
	return 0;
}

/* --- sets --- */

enum tag { ONES, ROWS, SUM, UNITS };

static uint64_t tag_of(enum tag tag, const struct share *x, bl_i128 unit)
{
	switch (tag) {
	case ROWS:
		return (uint64_t)x->n;
	case SUM:
		return hash_of(x->s);
	case UNITS:
		return (uint64_t)(x->s / unit);
	default:
		return 1;
	}
}

static int add_set(struct sets *out, const char *family, enum bl_cells_set set, const struct shares *s, bool not_zero, enum tag tag, bl_i128 unit)
{
	uint32_t *who = malloc((s->n + 1) * sizeof *who);
	uint64_t *tags = tag == ONES ? NULL : malloc((s->n + 1) * sizeof *tags), n = 0;

	if (!who || (tag != ONES && !tags)) {
		free(who);
		free(tags);
		return -1;
	}
	out->mem[out->nmem++] = who;
	out->mem[out->nmem++] = tags;
	for (uint64_t i = 0; i < s->n; i++) {
		if (not_zero && !s->v[i].s)
			continue;
		who[n] = s->v[i].who;
		if (tags)
			tags[n] = tag_of(tag, &s->v[i], unit);
		n++;
	}
	out->ask[out->n] = false;
	out->item[out->n++] = (struct bl_cells_item){ .family = family, .set = set, .who = who, .tag = tags, .n = n };
	return 0;
}

/* The last set once more, for a comparison with another family. */
static struct bl_cells_item *also(struct sets *out, const char *family, enum bl_cells_set set, enum bl_cells_how how, bool ask)
{
	struct bl_cells_item *i = &out->item[out->n];

	*i = out->item[out->n - 1];
	i->family = family;
	i->set = set;
	i->how = how;
	out->ask[out->n++] = ask;
	return i;
}

/* Is the sum a count in other words? */
static bool is_count(const struct shares *s, bl_i128 *unit)
{
	_Static_assert(sizeof *s->v % sizeof s->v->n == 0, "shares are as far apart as some numbers");
	return bl_disguise_find(&s->v->n, &s->v->s, sizeof *s->v / sizeof s->v->n, s->n, unit);
}

/* An item's base points into out, which must not move. */
static int make_sets(const struct bl_work *w, uint32_t c, const struct shares *s, struct sets *out)
{
	const struct bl_work_cell *x = &w->cell[c];
	bl_i128 unit;

	out->n = out->nmem = 0;
	if (!x->sum) {
		if (add_set(out, "n", BL_CELLS_D, s, false, ROWS, 0))
			return -1;
		also(out, "1", BL_CELLS_N, BL_CELLS_LESS, true);
		return 0;
	}
	if (add_set(out, x->family, BL_CELLS_D, s, false, x->zero_one ? ROWS : ONES, 0) ||
	    add_set(out, x->family, BL_CELLS_N, s, true, x->zero_one ? UNITS : SUM, x->unit))
		return -1;
	if (x->zero_one)
		also(out, "1", BL_CELLS_N, BL_CELLS_LOOSE, false);
	else if (!is_count(s, &unit))
		return 0;
	else if (add_set(out, "1", BL_CELLS_N, s, true, UNITS, unit))
		return -1;
	out->item[out->n - 1].how = BL_CELLS_LOOSE;
	also(out, "n", BL_CELLS_D, BL_CELLS_MORE, true)->base = &out->item[0];
	return 0;
}

static int sets_of_cell(const struct bl_work *w, uint64_t g, uint32_t c, struct shares *s, struct sets *out, struct bl_err *err)
{
	if (!shares_of_cell(w, g, c, s) && !make_sets(w, c, s, out))
		return 0;
	free_sets(out);
	return no_memory(err);
}

/* Are all sets that would be kept stored already? Then the cell is, and what it is only compared with learns nothing. */
static bool all_known(const struct sets *s, const struct bl_cells_item *item)
{
	for (unsigned j = 0; j < s->n; j++)
		if (!s->ask[j] && !item[j].known)
			return false;
	return true;
}

static bool is_candidate(const struct bl_work *w, uint64_t g, uint32_t c)
{
	return w->cell[c].printed && !w->bad[bl_work_at(w, g, c)];
}

/* --- against the store --- */

struct batch { struct sets set[BATCH]; size_t at[BATCH]; struct bl_cells_item item[BATCH * ITEMS]; unsigned n; uint64_t members; };

static int test_batch(struct bl_work *w, struct batch *b, struct bl_err *err)
{
	int rc = 0;

	for (uint32_t d = 0; d < w->ndiff && !rc; d++) {
		const struct bl_cells_item *item = b->item;
		size_t n = 0;
		for (unsigned i = 0; i < b->n; i++)
			for (unsigned j = 0; j < b->set[i].n; j++)
				b->item[n++] = b->set[i].item[j];
		rc = bl_cells_test(w->store, b->item, n, w->diff[d]->n, w->diff[d]->xor_mode, err);
		for (unsigned i = 0; i < b->n; item += b->set[i++].n) {
			bool all = all_known(&b->set[i], item);
			for (unsigned k = 0; k < b->set[i].n; k++) {
				if (item[k].fails && !all)
					w->near[d][b->at[i]] = true;
				if (item[k].known || all)
					w->known[b->at[i]] = (uint8_t)(w->known[b->at[i]] | 1u << k);
			}
		}
	}
	while (b->n)
		free_sets(&b->set[--b->n]);
	b->members = 0;
	return rc;
}

int bl_differ_stored(struct bl_work *w, struct bl_err *err)
{
	struct batch *b = calloc(1, sizeof *b);
	struct shares s = { 0 };
	int rc = b ? 0 : no_memory(err);

	for (uint64_t g = 0; g < w->r->ngroup && !rc; g++)
		for (uint32_t c = 0; c < w->r->ncell && !rc; c++) {
			if (!is_candidate(w, g, c))
				continue;
			if ((rc = sets_of_cell(w, g, c, &s, &b->set[b->n], err)))
				break;
			b->at[b->n++] = bl_work_at(w, g, c);
			b->members += 4 * s.n;
			if (b->n == BATCH || b->members >= MEMBERS)
				rc = test_batch(w, b, err);
		}
	if (!rc)
		rc = test_batch(w, b, err);
	while (b && b->n)
		free_sets(&b->set[--b->n]);
	free(b);
	free(s.v);
	return rc;
}

/* --- against each other --- */

static uint64_t most(const struct bl_work *w)
{
	uint64_t n = UINT64_MAX;

	for (uint32_t d = 0; d < w->ndiff; d++)
		n = w->diff[d]->cells < n ? w->diff[d]->cells : n;
	return n;
}

static void recall(const struct bl_work *w, size_t at, struct sets *sets)
{
	for (unsigned j = 0; j < sets->n; j++)
		sets->item[j].known = w->known[at] >> j & 1;
}

/* Adds to near[] what is too near to a cell of this request. */
static int compare(const struct bl_work *w, struct sets *sets, bool near[BL_JUDGE_RULES], struct bl_err *err)
{
	for (uint32_t d = 0; d < w->ndiff; d++)
		for (unsigned j = 0; j < sets->n; j++) {
			bool fits = true;
			if (!sets->item[j].known && !(sets->ask[j] && all_known(sets, sets->item)) &&
			    bl_cells_fits(w->store, &sets->item[j], w->diff[d]->n, w->diff[d]->xor_mode, &fits, err))
				return -1;
			near[d] = near[d] || !fits;
		}
	return 0;
}

/* Two sets of one cell may be equal: each is asked about before it is kept. */
static int keep(const struct bl_work *w, struct sets *sets, struct bl_err *err)
{
	bool fits;

	for (unsigned j = 0; j < sets->n; j++) {
		if (sets->ask[j])
			continue;
		if ((!sets->item[j].known && bl_cells_fits(w->store, &sets->item[j], 0, false, &fits, err)) ||
		    bl_cells_keep(w->store, &sets->item[j], most(w), err))
			return -1;
	}
	return 0;
}

int bl_differ_cells(struct bl_work *w, struct bl_err *err)
{
	struct shares s = { 0 };
	struct sets sets = { 0 };
	int rc = 0;

	bl_cells_drop(w->store);
	for (uint64_t g = 0; g < w->r->ngroup && !rc; g++)
		for (uint32_t c = 0; c < w->r->ncell && !rc; c++) {
			size_t at = bl_work_at(w, g, c);
			struct bl_work_subject x;
			if (!is_candidate(w, g, c))
				continue;
			if ((rc = sets_of_cell(w, g, c, &s, &sets, err)))
				break;
			x = bl_leaf_subject(w, g, c);
			for (uint32_t d = 0; d < w->ndiff; d++)
				x.near[d] = w->near[d][at];
			recall(w, at, &sets);
			rc = compare(w, &sets, x.near, err);
			w->bad[at] = !rc && !bl_leaf_judge(w, &x);
			if (!rc && !w->bad[at])
				rc = keep(w, &sets, err);
			free_sets(&sets);
		}
	free(s.v);
	return rc;
}

/* --- unions --- */

static int keep_released(struct bl_work *w, struct shares *s, struct bl_err *err)
{
	struct sets sets = { 0 };
	int rc = 0;

	bl_cells_drop(w->store);
	for (uint64_t g = 0; g < w->r->ngroup && !rc; g++)
		for (uint32_t c = 0; c < w->r->ncell && !rc; c++) {
			size_t at = bl_work_at(w, g, c);
			if (!w->cell[c].printed || w->withheld[at])
				continue;
			if ((rc = sets_of_cell(w, g, c, s, &sets, err)))
				break;
			recall(w, at, &sets);
			rc = keep(w, &sets, err);
			free_sets(&sets);
		}
	return rc;
}

static struct bl_work_subject subject_of(const struct bl_work *w, uint32_t c, const struct shares *s)
{
	struct bl_work_subject x = { .c = c, .whole = true, .d = s->n };

	for (uint64_t i = 0; i < s->n; i++)
		x.n += !w->cell[c].sum || s->v[i].s;
	return x;
}

static uint64_t released(const struct bl_work *w, uint32_t c)
{
	uint64_t n = 0;

	for (uint64_t g = 0; g < w->r->ngroup; g++)
		n += !w->withheld[bl_work_at(w, g, c)];
	return n;
}

/* The union of a column. */
struct whole { struct sets set; struct bl_work_subject x; };

/* Makes the unions of all columns that are released in two groups or more; n of them. */
static int make_unions(const struct bl_work *w, struct whole *all, size_t *n, struct bl_err *err)
{
	struct shares s = { 0 };
	int rc = 0;

	for (uint32_t c = 0; c < w->r->ncell && !rc; c++) {
		if (!w->cell[c].printed || released(w, c) < 2)
			continue;
		if (shares_of_union(w, c, &s) || make_sets(w, c, &s, &all[*n].set))
			rc = no_memory(err);
		all[(*n)++].x = subject_of(w, c, &s);
	}
	free(s.v);
	return rc;
}

/* Against the store, in one pass for each rule: near of each, and what is known. */
static int test_unions(const struct bl_work *w, struct whole *all, size_t n, struct bl_err *err)
{
	struct bl_cells_item *item = calloc(n * ITEMS + 1, sizeof *item);
	int rc = item ? 0 : no_memory(err);

	for (uint32_t d = 0; d < w->ndiff && !rc; d++) {
		size_t k = 0;
		for (size_t i = 0; i < n; i++)
			for (unsigned j = 0; j < all[i].set.n; j++)
				item[k++] = all[i].set.item[j];
		rc = bl_cells_test(w->store, item, k, w->diff[d]->n, w->diff[d]->xor_mode, err);
		k = 0;
		for (size_t i = 0; i < n; k += all[i++].set.n)
			for (unsigned j = 0; j < all[i].set.n; j++)
				if (item[k + j].fails && !all_known(&all[i].set, item + k))
					all[i].x.near[d] = true;
		k = 0;
		for (size_t i = 0; i < n && d + 1 == w->ndiff; i++)
			for (unsigned j = 0; j < all[i].set.n; j++)
				all[i].set.item[j].known = item[k++].known;
	}
	free(item);
	return rc;
}

int bl_differ_unions(struct bl_work *w, uint32_t *column, struct bl_err *err)
{
	struct whole *all = calloc(w->r->ncell + 1u, sizeof *all);
	struct shares s = { 0 };
	size_t n = 0;
	int rc = !all ? no_memory(err) : keep_released(w, &s, err) || make_unions(w, all, &n, err) || test_unions(w, all, n, err) ? -1 : 0;

	*column = UINT32_MAX;
	for (size_t i = 0; i < n && !rc && *column == UINT32_MAX; i++) {
		rc = compare(w, &all[i].set, all[i].x.near, err);
		if (!rc && !w->keep_all && !bl_leaf_judge(w, &all[i].x))
			*column = all[i].x.c;
		else if (!rc)
			rc = keep(w, &all[i].set, err);
	}
	for (size_t i = 0; i < n; i++)
		free_sets(&all[i].set);
	free(all);
	free(s.v);
	return rc;
}
