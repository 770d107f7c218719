/* SPDX-License-Identifier: Apache-2.0 */
/*
 * near: see near.h. Held sets of a sixteenth of all entities and more are bitmaps, smaller ones are lists that hang on their
 * entities, so that the intersections of a set with all others cost what it shares with them.
 */
#include "policy/near.h"

#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t x)		/* the finisher of splitmix64 */
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

void bl_near_add(struct bl_near_sketch *s, uint32_t entity, uint64_t tag)
{
	uint64_t h = mix(entity + 0x9e3779b97f4a7c15u);

	s->sum[h % BL_NEAR_SKETCH] += (uint32_t)(mix(h ^ mix(tag + 0x9e3779b97f4a7c15u)) >> 32);
}

bool bl_near_sketch(struct bl_near_sketch *s, const struct bl_cells_item *item, const uint32_t *map)
{
	uint64_t i = 0;

	while (item->tag && i < item->n && item->tag[i] == 1)
		i++;
	if (!item->tag || i == item->n)
		return false;
	memset(s, 0, sizeof *s);
	for (i = 0; i < item->n; i++)
		bl_near_add(s, map[item->who[i]], item->tag[i]);
	return true;
}

void bl_near_plain(struct bl_near_sketch *s, const uint64_t *words, uint32_t universe)
{
	memset(s, 0, sizeof *s);
	for (uint32_t i = 0; i < (universe + 63u) / 64; i++)
		for (uint64_t w = words[i]; w; w &= w - 1)
			bl_near_add(s, i * 64 + (uint32_t)__builtin_ctzll(w), 1);
}

bool bl_near_sets(struct bl_near_pair p, uint64_t k, bool xor_mode, enum bl_cells_how how)
{
	uint64_t a = p.a - p.both, b = p.b - p.both;

	const bool sum = a + b && a + b < k;

	if (xor_mode || how == BL_CELLS_LOOSE)
		return sum;
	return sum || (a && a < k && how != BL_CELLS_LESS) || (b && b < k && how != BL_CELLS_MORE);
}

bool bl_near_equal(struct bl_near_pair p)
{
	return p.a == p.both && p.b == p.both;
}

enum bl_near bl_near_sketches(const struct bl_near_sketch *a, const struct bl_near_sketch *b, uint64_t k)
{
	unsigned apart = 0;

	for (unsigned i = 0; i < BL_NEAR_SKETCH; i++)
		apart += a->sum[i] != b->sum[i];
	if (!apart)
		return BL_NEAR_SAME;
	return apart < k && apart < BL_NEAR_APART ? BL_NEAR_NEAR : BL_NEAR_FAR;
}

/* --- the cells of one request --- */

enum { BIG = 16 };

struct cell {
	const char *family;
	enum bl_cells_set set;
	uint32_t n, hits, base_hits;
	uint64_t *words;		/* big sets */
	struct bl_near_sketch *sketch;	/* NULL: everybody contributes 1 */
};

struct bl_near_held {
	uint32_t universe;
	struct cell *cell;
	size_t n, room;
	char **family;			/* names, each once */
	size_t nfamily;
	uint32_t *head;			/* by entity: its first link + 1 */
	struct { uint32_t cell, next; } *link;
	size_t nlink, links;
};

struct bl_near_held *bl_near_hold(uint32_t universe)
{
	struct bl_near_held *h = calloc(1, sizeof *h);

	if (h && !(h->head = calloc((size_t)universe + 1, sizeof *h->head))) {
		free(h);
		return NULL;
	}
	if (h)
		h->universe = universe;
	return h;
}

void bl_near_release(struct bl_near_held *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++) {
		free(h->cell[i].words);
		free(h->cell[i].sketch);
	}
	for (size_t i = 0; i < h->nfamily; i++)
		free(h->family[i]);
	free(h->family);
	free(h->cell);
	free(h->head);
	free(h->link);
	free(h);
}

/* The held copy of a name, or NULL when there is none. */
static const char *family_of(const struct bl_near_held *h, const char *name)
{
	for (size_t i = 0; i < h->nfamily; i++)
		if (!strcmp(h->family[i], name))
			return h->family[i];
	return NULL;
}

static const char *new_family(struct bl_near_held *h, const char *name)
{
	char **all = reallocarray(h->family, h->nfamily + 1, sizeof *all);

	if (!all)
		return NULL;
	h->family = all;
	if (!(all[h->nfamily] = strdup(name)))
		return NULL;
	return all[h->nfamily++];
}

static int put_list(struct bl_near_held *h, const uint32_t *who, uint32_t n)
{
	if (h->links - h->nlink < n) {
		size_t room = 2 * (h->nlink + n);
		void *p = room < UINT32_MAX ? reallocarray(h->link, room, sizeof *h->link) : NULL;
		if (!p)
			return -1;
		h->link = p;
		h->links = room;
	}
	for (uint32_t i = 0; i < n; i++) {
		h->link[h->nlink].cell = (uint32_t)h->n;
		h->link[h->nlink].next = h->head[who[i]];
		h->head[who[i]] = (uint32_t)++h->nlink;
	}
	return 0;
}

int bl_near_put(struct bl_near_held *h, const char *family, enum bl_cells_set set, const uint32_t *who, uint32_t n,
		const struct bl_near_sketch *sketch)
{
	struct cell c = { .family = family_of(h, family), .set = set, .n = n };

	if (h->n == h->room) {
		size_t room = h->room ? 2 * h->room : 64;
		void *p = reallocarray(h->cell, room, sizeof *h->cell);
		if (!p)
			return -1;
		h->cell = p;
		h->room = room;
	}
	if (!c.family && !(c.family = new_family(h, family)))
		return -1;
	if (sketch) {
		if (!(c.sketch = malloc(sizeof *c.sketch)))
			return -1;
		*c.sketch = *sketch;
	}
	if (n < h->universe / BIG) {
		if (put_list(h, who, n))
			goto fail;
	} else {
		if (!(c.words = calloc((size_t)h->universe / 64 + 1, 8)))
			goto fail;
		for (uint32_t i = 0; i < n; i++)
			c.words[who[i] / 64] |= 1ull << who[i] % 64;
	}
	h->cell[h->n++] = c;
	return 0;
fail:
	free(c.sketch);
	return -1;
}

/* Adds |item and cell| to each cell's count. */
static void count(struct bl_near_held *h, const struct bl_cells_item *item, const uint32_t *map, const char *family, bool base)
{
	for (uint64_t i = 0; i < item->n; i++)
		for (uint32_t l = h->head[map[item->who[i]]]; l; l = h->link[l - 1].next) {
			struct cell *c = &h->cell[h->link[l - 1].cell];
			base ? c->base_hits++ : c->hits++;
		}
	for (size_t k = 0; k < h->n; k++) {
		struct cell *c = &h->cell[k];
		uint32_t hits = 0;
		if (!c->words || c->family != family || c->set != item->set)
			continue;
		for (uint64_t i = 0; i < item->n; i++)
			hits += c->words[map[item->who[i]] / 64] >> map[item->who[i]] % 64 & 1;
		*(base ? &c->base_hits : &c->hits) = hits;
	}
}

/* Compares sketches of a held cell and an item over the same set. mine is filled when needed. */
static int compare(const struct cell *c, const struct bl_cells_item *item, const uint32_t *map, uint64_t k, enum bl_near *near)
{
	struct bl_near_sketch *two = malloc(2 * sizeof *two), *mine = two, *its = two ? two + 1 : NULL;
	bool plain;

	if (!two)
		return -1;
	plain = !bl_near_sketch(mine, item, map);
	if (plain && !c->sketch) {
		*near = BL_NEAR_SAME;
	} else {
		memset(its, 0, sizeof *its);
		for (uint64_t i = 0; i < item->n; i++)
			bl_near_add(its, map[item->who[i]], 1);
		*near = bl_near_sketches(plain ? its : mine, c->sketch ? c->sketch : its, k);
	}
	free(two);
	return 0;
}

int bl_near_fits(struct bl_near_held *h, struct bl_cells_item *item, const uint32_t *map, uint64_t k, bool xor_mode, bool *fits)
{
	const char *family = family_of(h, item->family);

	*fits = true;
	if (!family)
		return 0;
	for (size_t i = 0; i < h->n; i++)
		h->cell[i].hits = h->cell[i].base_hits = 0;
	count(h, item, map, family, false);
	if (item->base)
		count(h, item->base, map, family, true);
	for (size_t i = 0; i < h->n; i++) {
		const struct cell *c = &h->cell[i];
		struct bl_near_pair p = { item->n, c->n, c->hits };
		enum bl_near near = BL_NEAR_FAR;
		if (c->family != family || c->set != item->set)
			continue;
		if (bl_near_equal(p)) {
			if (compare(c, item, map, k, &near))
				return -1;
		} else if (item->base && bl_near_equal((struct bl_near_pair){ item->base->n, c->n, c->base_hits })) {
			continue;
		} else if (bl_near_sets(p, k, xor_mode, item->how)) {
			near = BL_NEAR_NEAR;
		}
		item->known = item->known || near == BL_NEAR_SAME;
		*fits = *fits && near != BL_NEAR_NEAR;
	}
	*fits = *fits || item->known;
	return 0;
}
