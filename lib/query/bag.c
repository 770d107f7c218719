/* SPDX-License-Identifier: Apache-2.0 */
/* bag: see bag.h. */
#include "query/bag.h"

#include "base/seed.h"

enum { SLOTS = 256 };

int bl_bag_init(struct bl_bag *b, struct bl_scan *s, struct bl_scan_node *node, struct bl_err *err)
{
	*b = (struct bl_bag){ 0 };
	b->seed = bl_seed();
	if (bl_coder_init(&b->coder, s, node, err))
		return -1;
	return bl_pool_fresh(s->pool, &b->slot, &b->nslot, SLOTS, sizeof(*b->slot), err);
}

void bl_bag_fini(struct bl_bag *b)
{
	struct bl_scan *s = b->coder.s;

	if (!s)
		return;
	bl_coder_fini(&b->coder);
	bl_pool_drop(s->pool, &b->slot, &b->nslot, sizeof(*b->slot));
	bl_pool_drop(s->pool, &b->count, &b->ncount, sizeof(*b->count));
	bl_pool_drop(s->pool, &b->middle, &b->nmiddle, sizeof(*b->middle));
}

static size_t find(const struct bl_bag_entry *slot, size_t nslot, uint64_t seed, uint64_t key)
{
	size_t s = bl_seed_mix(seed, key) & (nslot - 1);

	while (slot[s].key && slot[s].key != key)
		s = (s + 1) & (nslot - 1);
	return s;
}

static int grow(struct bl_bag *b, struct bl_err *err)
{
	struct bl_bag_entry *old = b->slot;
	size_t nold = b->nslot;

	b->slot = NULL;
	b->nslot = 0;
	if (bl_pool_fresh(b->coder.s->pool, &b->slot, &b->nslot, nold * 2, sizeof(*b->slot), err)) {
		b->slot = old;
		b->nslot = nold;
		return -1;
	}
	for (size_t i = 0; i < nold; i++)
		if (old[i].key)
			b->slot[find(b->slot, b->nslot, b->seed, old[i].key)] = old[i];
	bl_pool_drop(b->coder.s->pool, &old, &nold, sizeof(*old));
	return 0;
}

int bl_bag_add(struct bl_bag *b, const uint64_t *mask, const uint32_t *gid, const uint16_t *idx, uint32_t n, struct bl_err *err)
{
	const uint32_t *code = b->coder.code;

	if (bl_coder_run(&b->coder, mask, err))
		return -1;
	for (uint32_t k = 0; k < n; k++)
		__builtin_prefetch(&b->slot[bl_seed_mix(b->seed, (uint64_t)gid[idx[k]] << 32 | code[idx[k]]) & (b->nslot - 1)]);
	for (uint32_t k = 0; k < n; k++) {
		uint64_t key = (uint64_t)gid[idx[k]] << 32 | code[idx[k]];
		struct bl_bag_entry *e = &b->slot[find(b->slot, b->nslot, b->seed, key)];

		e->n++;
		if (e->key)
			continue;
		e->key = key;
		if (++b->used * 2 > b->nslot && grow(b, err))
			return -1;
	}
	return 0;
}

int bl_bag_count(struct bl_bag *b, uint32_t ngroup, struct bl_err *err)
{
	if (bl_pool_fresh(b->coder.s->pool, &b->count, &b->ncount, ngroup, sizeof(*b->count), err))
		return -1;
	for (size_t i = 0; i < b->nslot; i++)
		if (b->slot[i].key)
			b->count[b->slot[i].key >> 32]++;
	return 0;
}

/* Entries i..j are one group's in ascending order. */
static struct bl_bag_middle middle(const struct bl_bag *b, const struct bl_pool_pair *a, size_t i, size_t j)
{
	struct bl_bag_middle m = { 0, 0 };
	uint64_t n = 0, seen = 0;

	for (size_t k = i; k < j; k++)
		n += b->slot[a[k].val].n;
	for (size_t k = i; k < j && !m.hi; k++) {
		uint32_t code = (uint32_t)b->slot[a[k].val].key;

		seen += b->slot[a[k].val].n;
		if (!m.lo && seen > (n - 1) / 2)
			m.lo = code;
		if (seen > n / 2)
			m.hi = code;
	}
	return m;
}

int bl_bag_median(struct bl_bag *b, uint32_t ngroup, struct bl_err *err)
{
	struct bl_pool *pool = b->coder.s->pool;
	struct bl_pool_pair *a = NULL;
	size_t cap = 0, n = 0;
	int r = -1;

	if (bl_coder_order(&b->coder, err) || bl_pool_fresh(pool, &a, &cap, b->used, sizeof(*a), err) ||
	    bl_pool_fresh(pool, &b->middle, &b->nmiddle, ngroup, sizeof(*b->middle), err))
		goto out;
	for (size_t i = 0; i < b->nslot; i++) {
		uint64_t key = b->slot[i].key;

		if (key)
			a[n++] = (struct bl_pool_pair){ key >> 32 << 32 | bl_coder_rank(&b->coder, (uint32_t)key), i };
	}
	if (bl_pool_sort(pool, a, n, err))
		goto out;
	for (size_t i = 0, j; i < n; i = j) {
		for (j = i + 1; j < n && a[j].key >> 32 == a[i].key >> 32; j++)
			;
		b->middle[a[i].key >> 32] = middle(b, a, i, j);
	}
	r = 0;
out:
	bl_pool_drop(pool, &a, &cap, sizeof(*a));
	return r;
}
