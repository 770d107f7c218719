/* SPDX-License-Identifier: Apache-2.0 */
/*
 * span: what follows from several cells of one request together. Each may pass by itself, and each pair of them, and yet
 * `sum(x) filter (where id < 7) + sum(x) filter (where id > 7)` is everybody's but one. The cells of one column (of all counts; of
 * the sums of one column) are rows of a system of linear equations with an unknown for every entity; entities in exactly the same
 * cells are one atom. If some combination of the cells holds of fewer than k entities, and nothing of anybody else, the
 * request tells of those. The rest of the group, and of the file where the rule says `complement`, count as known.
 *
 * Tried for a combination is each small atom together with the smallest others that still make fewer than k. Arithmetic is modulo
 * the prime 2^61 - 1. Entities with several rows in a cell are told apart by number and sum of their rows in each, and the rest
 * of a group is then only known where its rows are counted. Without a condition in an aggregate there is nothing to combine, and it
 * costs nothing.
 *
 * And a sum under a condition leaves the rest of the sum that is printed beside it: that rest is tested for dominance.
 *
 * Not here: what follows together with earlier requests; those are compared in pairs (differ.c).
 */
#include <stdlib.h>
#include <string.h>

#include "policy/dominance.h"
#include "policy/work.h"

#define P (((uint64_t)1 << 61) - 1)
enum { WORK = 1 << 30 };		/* multiplications for one request: what would need more counts as told */

static uint64_t mul(uint64_t a, uint64_t b)
{
	bl_u128 t = (bl_u128)a * b;
	uint64_t r = (uint64_t)(t & P) + (uint64_t)(t >> 61);

	return r >= P ? r - P : r;
}

static uint64_t inverse(uint64_t a)
{
	uint64_t r = 1;

	for (uint64_t e = P - 2; e; e >>= 1, a = mul(a, a))
		if (e & 1)
			r = mul(r, a);
	return r;
}

static uint64_t residue(bl_i128 v)
{
	bl_i128 r = v;

	if (v < 0 || v >= (bl_i128)P)
		r %= (bl_i128)P;

	return (uint64_t)(r < 0 ? r + (bl_i128)P : r);
}

/* False when the request has had its share. */
static bool spend(struct bl_work *w, bl_u128 cost)
{
	if (cost > WORK - w->spent)
		return false;
	w->spent += (uint64_t)cost;
	return true;
}

static void min_entities(struct bl_work *w)
{
	for (uint32_t i = 0; i < w->v->nrule; i++)
		w->fired[i] = w->fired[i] || w->v->rule[i]->kind == BL_RULE_MIN_ENTITIES;
}

/* --- a space --- */

struct space { uint32_t width, rank; uint64_t *row; bool *has; };	/* row[i] begins with a 1 at i */

/* Takes off v what lies in the space; the place of what is left, or width. */
static uint32_t reduce(const struct space *s, uint64_t *v)
{
	for (uint32_t i = 0; i < s->width; i++) {
		const uint64_t *row = s->row + (size_t)i * s->width, f = v[i];
		if (!f)
			continue;
		if (!s->has[i])
			return i;
		for (uint32_t k = i; k < s->width; k++) {
			uint64_t t = mul(f, row[k]);
			v[k] = v[k] >= t ? v[k] - t : v[k] + P - t;
		}
	}
	return s->width;
}

static void add(struct space *s, uint64_t *v)
{
	uint32_t i = s->rank < s->width ? reduce(s, v) : s->width;
	uint64_t f;

	if (i == s->width)
		return;
	f = inverse(v[i]);
	for (uint32_t k = 0; k < s->width; k++)
		s->row[(size_t)i * s->width + k] = k < i ? 0 : mul(v[k], f);
	s->has[i] = true;
	s->rank++;
}

static void copy(struct space *to, const struct space *from)
{
	memcpy(to->row, from->row, (size_t)from->width * from->width * sizeof *to->row);
	memcpy(to->has, from->has, from->width * sizeof *to->has);
	to->width = from->width;
	to->rank = from->rank;
}

/* --- the cells of one column --- */

struct atom { uint64_t hash, size, first, small; };	/* small: its number among the small ones, + 1 */
struct member { uint64_t at, atom; };	/* an entity of a small atom */

struct audit {
	struct bl_work *w;
	uint32_t *cell, n;		/* the cells */
	bool sums, many;		/* they are sums; somebody has several rows in one */
	bool not_zero;			/* only entities that contribute more than 0 */
	uint64_t g;			/* of this group; UINT64_MAX: of all groups together */
	uint64_t *all;			/* [population][2n]: rows and sums over the groups */
	int64_t group, file;		/* places of "is in the group", "in the file" in a vector, or -1 */
	int64_t count;			/* a cell that counts the rows of the group, or -1 */
	uint64_t *vec, *sum;
	struct atom *atom;
	uint64_t mask, natom;
	struct space big, rest;
};

static uint64_t entities(const struct audit *a)
{
	return a->all ? a->w->r->population : bl_work_count(a->w, a->g);
}

static bool has_value(const struct audit *a, uint64_t i)
{
	uint32_t c = a->w->cell[a->cell[0]].n;
	const uint64_t *holds = a->sums && a->w->r->holds ? a->w->r->holds[c] : NULL;
	uint64_t e = a->all ? i : a->w->r->who[a->w->r->first[a->g] + i];

	return !holds || holds[e / 64] >> e % 64 & 1;
}

/* The vectors of entity i: in how many rows of each cell it is; and what they add up to. False: it has no part in this. */
static bool load(struct audit *a, uint64_t i)
{
	const struct bl_result *r = a->w->r;
	const bl_i128 *part = a->all ? NULL : r->part + (r->first[a->g] + i) * r->ncell;
	bool any = false, value = false;

	memset(a->sum, 0, a->big.width * sizeof *a->sum);
	for (uint32_t k = 0; k < a->n; k++) {
		a->vec[k] = a->all ? a->all[(i * a->n + k) * 2] : residue(part[a->w->cell[a->cell[k]].n]);
		a->sum[k] = !a->sums ? 0 : a->all ? a->all[(i * a->n + k) * 2 + 1] : residue(part[a->cell[k]]);
		any = any || a->vec[k];
		value = value || a->sum[k];
	}
	if (!any && (a->all || !has_value(a, i)))
		return false;
	if (a->group >= 0)
		a->vec[a->group] = a->count >= 0 ? residue(part[a->count]) : 1;
	if (a->file >= 0)
		a->vec[a->file] = 1;
	return !(a->not_zero && any && !value);
}

/* The atom of the vector that is loaded; a new one has no size. */
static struct atom *find(const struct audit *a)
{
	uint64_t h = 0x9e3779b97f4a7c15u, i;

	for (uint32_t k = 0; k < a->big.width; k++) {
		h = (h ^ a->vec[k]) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	h |= 1;
	for (i = h & a->mask; a->atom[i].hash && a->atom[i].hash != h; i = (i + 1) & a->mask)
		;
	a->atom[i].hash = h;
	return &a->atom[i];
}

/* Atoms are few as a rule, however many people there are. */
static int grow(struct audit *a)
{
	struct atom *old = a->atom;
	uint64_t n = old ? a->mask + 1 : 0, size = n ? 4 * n : 256;

	if (!(a->atom = calloc((size_t)size, sizeof *a->atom))) {
		a->atom = old;
		return -1;
	}
	a->mask = size - 1;
	for (uint64_t i = 0, k; i < n; i++) {
		if (!old[i].hash)
			continue;
		for (k = old[i].hash & a->mask; a->atom[k].hash; k = (k + 1) & a->mask)
			;
		a->atom[k] = old[i];
	}
	free(old);
	return 0;
}

/* Those of the file that are in no cell and not in the group. */
static bool load_nowhere(struct audit *a)
{
	memset(a->vec, 0, a->big.width * sizeof *a->vec);
	memset(a->sum, 0, a->big.width * sizeof *a->sum);
	a->vec[a->file] = 1;
	return true;
}

/* Sizes of atoms. */
static int gather(struct audit *a)
{
	uint64_t universe = a->w->r->universe[a->sums ? a->w->cell[a->cell[0]].n : 0], in = 0;
	struct atom *x;

	if (!a->sums)
		universe = a->w->r->population;
	for (uint64_t i = 0, n = entities(a); i < n; i++) {
		bool part = load(a, i), zero = false;
		for (uint32_t k = 0; !part && k < a->n; k++)
			zero = zero || a->vec[k];
		in += part || zero;
		if (!part)
			continue;
		x = find(a);
		if (x->size++)
			continue;
		x->first = i;
		if (++a->natom * 2 > a->mask && grow(a))
			return -1;
	}
	if (a->file < 0 || universe <= in)
		return 0;
	load_nowhere(a);
	x = find(a);
	if (!x->size)
		x->first = UINT64_MAX;
	x->size += universe - in;
	return 0;
}

static bool load_any(struct audit *a, uint64_t i)
{
	return i == UINT64_MAX ? load_nowhere(a) : load(a, i);
}

static bool is_told(struct audit *a, const struct space *s, uint64_t i)
{
	load_any(a, i);
	return reduce(s, a->vec) < s->width || (a->many && reduce(s, a->sum) < s->width);
}

static void add_any(struct audit *a, struct space *s, uint64_t i)
{
	load_any(a, i);
	add(s, a->vec);
	if (a->many)
		add(s, a->sum);
}

static int by_size(const void *x, const void *y)
{
	const struct atom *a = x, *b = y;

	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	return (a->first > b->first) - (a->first < b->first);
}

/* Is the combination that small atoms 0..n-1 are tried for, with atom t in it, told? Members are sorted as the atoms are. */
static bool combine(struct audit *a, const struct atom *small, uint64_t n, const struct member *m, uint64_t nm, uint64_t t)
{
	uint64_t size = small[t].size, last = 0;

	for (; last < n && size + (last == t ? 0 : small[last].size) < a->w->k; last++)
		size += last == t ? 0 : small[last].size;
	copy(&a->rest, &a->big);
	for (uint64_t i = 0; i < nm && a->rest.rank < a->rest.width; i++)
		if (m[i].atom != t && m[i].atom >= last)
			add_any(a, &a->rest, m[i].at);
	for (uint64_t i = 0; i < nm; i++)
		if (m[i].atom == t && is_told(a, &a->rest, m[i].at))
			return true;
	return false;
}

/* Who is in small atoms: one for all where they are alike. */
static void members(struct audit *a, const struct atom *small, uint64_t n, struct member *m, uint64_t *nm)
{
	*nm = 0;
	for (uint64_t i = 0; i < n; i++) {
		load_any(a, small[i].first);
		find(a)->small = i + 1;
		if (!a->many || small[i].first == UINT64_MAX)
			m[(*nm)++] = (struct member){ small[i].first, i };
	}
	for (uint64_t e = 0, all = entities(a); e < all && a->many; e++) {
		uint64_t i = load(a, e) ? find(a)->small : 0;
		if (i)
			m[(*nm)++] = (struct member){ e, i - 1 };
	}
}

/* Do the cells tell of some entities that are fewer than k? */
static int tells(struct audit *a, bool *told)
{
	struct atom *small = NULL;
	struct member *m = NULL;
	uint64_t n = 0, nm = 0, most = 0;
	int rc = -1;

	if (gather(a))
		return -1;
	for (uint64_t i = 0; i <= a->mask; i++)
		if (a->atom[i].size && a->atom[i].size < a->w->k) {
			n++;
			most += a->atom[i].size;
		}
	/* Whoever is in a large atom is in no combination that is tried. */
	for (uint64_t i = 0; i <= a->mask && !a->many; i++)
		if (a->atom[i].size >= a->w->k)
			add_any(a, &a->big, a->atom[i].first);
	for (uint64_t e = 0, all = entities(a); e < all && a->many && a->big.rank < a->big.width; e++)
		if (load(a, e) && find(a)->size >= a->w->k)
			add_any(a, &a->big, e);
	if (!n || a->big.rank == a->big.width)
		return 0;
	if (!(small = calloc((size_t)n, sizeof *small)) || !(m = calloc((size_t)most, sizeof *m)))
		goto out;
	n = 0;
	for (uint64_t i = 0; i <= a->mask; i++)
		if (a->atom[i].size && a->atom[i].size < a->w->k)
			small[n++] = a->atom[i];
	qsort(small, (size_t)n, sizeof *small, by_size);
	members(a, small, n, m, &nm);
	rc = 0;
	*told = !spend(a->w, (bl_u128)nm * n * a->big.width * a->big.width);
	for (uint64_t t = 0; t < n && !*told; t++)
		*told = combine(a, small, n, m, nm, t);
out:
	free(small);
	free(m);
	return rc;
}

/* --- which cells, of which groups --- */

static bool is_released(const struct bl_work *w, uint64_t g, uint32_t c)
{
	return w->cell[c].printed && !w->withheld[bl_work_at(w, g, c)];
}

/* The number of different values counts people where the column tells them apart. */
static enum bl_cell_kind kind_of(const struct bl_cell *x)
{
	return x->kind == BL_CELL_DISTINCT ? BL_CELL_N : x->kind;
}

static bool same_column(const struct bl_cell *x, const struct bl_cell *y)
{
	if (kind_of(x) != kind_of(y) || kind_of(x) > BL_CELL_SS)
		return false;
	return kind_of(x) == BL_CELL_N || x->arg == y->arg || (x->arg->op == BL_OP_COL && y->arg->op == BL_OP_COL && x->arg->index == y->arg->index);
}

/* Without a condition the cells are one, or differ by NULLs only. */
static bool is_cut(const struct audit *a)
{
	bool cut = false;

	for (uint32_t k = 0; k < a->n; k++)
		cut = cut || a->w->cell[a->cell[k]].cell->cond;
	return cut && a->n > 1;
}

static bool counts_complement(const struct bl_work *w)
{
	for (uint32_t i = 0; i < w->v->nrule; i++)
		if (w->v->rule[i]->kind == BL_RULE_MIN_ENTITIES && w->v->rule[i]->complement)
			return true;
	return false;
}

static bool set_up(struct audit *a)
{
	const struct bl_work *w = a->w;
	uint32_t width = a->n + 2;

	a->atom = NULL;
	a->natom = 0;
	a->group = a->file = a->count = -1;
	if (!a->all && !a->sums && w->plan->nkey)
		a->count = 0;
	if (!a->all && (!a->many || a->count >= 0))
		a->group = a->n;
	if ((a->all || !w->plan->nkey) && !a->many && counts_complement(w))
		a->file = a->n + (a->group >= 0);
	a->big = (struct space){ .width = a->n + (a->group >= 0) + (a->file >= 0) };
	a->rest = a->big;
	a->vec = calloc(2 * (size_t)width, sizeof *a->vec);
	a->big.row = calloc(2 * (size_t)width * width, sizeof *a->big.row);
	a->big.has = calloc(2 * (size_t)width, sizeof *a->big.has);
	if (grow(a) || !a->vec || !a->big.row || !a->big.has)
		return false;
	a->sum = a->vec + width;
	a->rest.row = a->big.row + (size_t)width * width;
	a->rest.has = a->big.has + width;
	return true;
}

/* Does somebody in the group's cells contribute 0? */
static bool has_zeros(const struct audit *a)
{
	bool zero = a->all != NULL;

	for (uint32_t k = 0; k < a->n && !zero; k++) {
		const uint32_t *size = a->w->size + bl_work_at(a->w, a->g, 0);
		zero = size[a->cell[k]] != size[a->w->cell[a->cell[k]].n];
	}
	return a->sums && zero;
}

static int run(struct audit *a, bool *told)
{
	int rc = 0;

	*told = false;
	for (int zero = 0; zero <= has_zeros(a) && !rc && !*told; zero++) {
		a->not_zero = zero;
		rc = set_up(a) ? tells(a, told) : -1;
		free(a->atom);
		free(a->vec);
		free(a->big.row);
		free(a->big.has);
	}
	return rc;
}

/* Rows and sums of each entity over the groups in which a cell is released. */
static int sum_up(struct audit *a)
{
	const struct bl_work *w = a->w;
	const struct bl_result *r = w->r;

	if (!(a->all = calloc((size_t)r->population + 1, 2 * a->n * sizeof *a->all)))
		return -1;
	for (uint64_t g = 0; g < r->ngroup; g++)
		for (uint64_t i = r->first[g]; i < r->first[g + 1]; i++)
			for (uint32_t k = 0; k < a->n; k++) {
				uint32_t c = a->cell[k];
				uint64_t *x = &a->all[((uint64_t)r->who[i] * a->n + k) * 2];
				if (!is_released(w, g, c))
					continue;
				x[0] = residue((bl_i128)x[0] + r->part[i * r->ncell + w->cell[c].n]);
				x[1] = residue((bl_i128)x[1] + (a->sums ? residue(r->part[i * r->ncell + c]) : 0));
				a->many = a->many || x[0] > 1;
			}
	return 0;
}

/* --- what one sum is more than another --- */

/* Part by part what cell c of the group has and cell d has not; false where d has rows that c has not, as far as can be seen. */
static bool difference(const struct bl_work *w, uint64_t g, uint32_t c, uint32_t d, bl_i128 *out)
{
	const bl_i128 *part = bl_work_part(w, g, 0);

	for (uint64_t i = 0, n = bl_work_count(w, g); i < n; i++, part += w->r->ncell) {
		bl_i128 more = part[w->cell[c].n] - part[w->cell[d].n];
		if (more < 0 || (!more && part[c] != part[d]))
			return false;
		out[i] = (bl_i128)((bl_u128)part[c] - (bl_u128)part[d]);
	}
	return true;
}

/* The rest of a sum is a sum: may somebody dominate it? */
static bool dominates(const struct bl_work *w, const bl_i128 *part, uint64_t n, uint32_t *rule)
{
	for (uint32_t i = 0; i < w->v->nrule; i++) {
		const struct bl_rule *r = w->v->rule[i];
		enum bl_dominance d = BL_DOMINANCE_PASS;
		if (r->kind == BL_RULE_NK)
			d = bl_dominance_nk(part, 1, n, r->n, r->num);
		else if (r->kind == BL_RULE_P_PERCENT)
			d = bl_dominance_p_percent(part, 1, n, r->n, r->num);
		*rule = i;
		if (d == BL_DOMINANCE_FAIL)
			return true;
	}
	return false;
}

static int differ(const struct audit *a, bool *told)
{
	const uint64_t n = bl_work_count(a->w, a->g);
	bl_i128 *out = a->sums ? calloc((size_t)n + 1, sizeof *out) : NULL;
	uint32_t rule;

	for (uint32_t i = 0; i < a->n && out && !*told; i++)
		for (uint32_t k = 0; k < a->n && !*told; k++) {
			if (!spend(a->w, n)) {
				min_entities(a->w);
				*told = true;
			}
			if (*told || i == k || !difference(a->w, a->g, a->cell[i], a->cell[k], out) || !dominates(a->w, out, n, &rule))
				continue;
			*told = a->w->fired[rule] = true;
		}
	free(out);
	return a->sums && !out ? -1 : 0;
}

static void withhold(const struct audit *a, uint64_t g)
{
	for (uint32_t k = 0; k < a->n; k++)
		a->w->bad[bl_work_at(a->w, g, a->cell[k])] = true;
}

/* The column of cell c, in each group and in all together. */
static int column(struct bl_work *w, uint32_t c, uint32_t *cell, bool *told)
{
	struct audit a = { .w = w, .cell = cell, .sums = w->cell[c].sum };
	bool here = false;
	int rc = 0;

	for (a.g = 0; a.g < w->r->ngroup && !rc; a.g++) {
		a.n = 0;
		a.many = false;
		for (uint32_t i = c; i < w->r->ncell; i++)
			if (same_column(w->cell[c].cell, w->cell[i].cell) && is_released(w, a.g, i)) {
				a.cell[a.n++] = i;
				a.many = a.many || w->many[bl_work_at(w, a.g, w->cell[i].n)];
			}
		if (!is_cut(&a))
			continue;
		rc = run(&a, &here);
		if (here)
			min_entities(w);
		else if (!rc)
			rc = differ(&a, &here);
		if (!rc && here)
			withhold(&a, a.g);
		*told = *told || here;
	}
	if (rc || *told || w->r->ngroup < 2)
		return rc;
	a.g = UINT64_MAX;
	a.n = 0;
	a.many = false;
	for (uint32_t i = c; i < w->r->ncell; i++)
		if (same_column(w->cell[c].cell, w->cell[i].cell) && w->cell[i].printed)
			a.cell[a.n++] = i;
	if (!is_cut(&a))
		return 0;
	rc = sum_up(&a) || run(&a, told) ? -1 : 0;
	free(a.all);
	if (*told)
		min_entities(w);
	for (uint64_t g = 0; g < w->r->ngroup && *told; g++)
		withhold(&a, g);
	return rc;
}

int bl_span_run(struct bl_work *w, bool *told, struct bl_err *err)
{
	uint32_t *cell = w->k > 1 ? calloc(w->r->ncell + 1u, sizeof *cell) : NULL;
	int rc = w->k > 1 && !cell ? -1 : 0;
	bool first;

	*told = false;
	for (uint32_t c = 0; c < w->r->ncell && w->k > 1 && !rc; c++) {
		bool here = false;
		first = w->cell[c].printed;
		for (uint32_t i = 0; i < c && first; i++)
			first = !(w->cell[i].printed && same_column(w->cell[i].cell, w->cell[c].cell));
		if (first && kind_of(w->cell[c].cell) <= BL_CELL_SS)
			rc = column(w, c, cell, &here);
		*told = *told || here;
	}
	free(cell);
	w->failed = w->failed || *told;
	return rc ? bl_err_set(err, BL_OSERR, "out of memory") : 0;
}
