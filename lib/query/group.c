/* SPDX-License-Identifier: Apache-2.0 */
/* group: see group.h. A single key needs no hashing of its own: its codes are as dense as its values. */
#include "query/group.h"

#include <string.h>

#include "base/seed.h"

enum { N = BL_KERNEL_N, BITS = 20, BITS_ONE = 32, SLOTS = 256 };

int bl_group_init(struct bl_group *g, struct bl_scan *s, uint32_t nkey, struct bl_scan_node *const *key, uint64_t most, const char *limit,
		  struct bl_err *err)
{
	*g = (struct bl_group){ .s = s, .nkey = nkey, .most = most < UINT32_MAX - 1 ? most : UINT32_MAX - 1, .limit = limit };
	g->coder = bl_pool_alloc(s->pool, nkey, sizeof(*g->coder), err);
	g->bits = bl_pool_alloc(s->pool, nkey, sizeof(*g->bits), err);
	if (!g->coder || !g->bits)
		return -1;
	g->seed = bl_seed();
	g->n = nkey ? 0 : 1;
	for (uint32_t k = 0; k < nkey; k++)
		if (bl_coder_init(&g->coder[k], s, key[k], err))
			return -1;
	return 0;
}

void bl_group_fini(struct bl_group *g)
{
	if (!g->s)
		return;
	for (uint32_t k = 0; g->coder && k < g->nkey; k++)
		bl_coder_fini(&g->coder[k]);
	bl_pool_drop(g->s->pool, &g->tuple, &g->ntuple, sizeof(*g->tuple));
	bl_pool_drop(g->s->pool, &g->map, &g->nmap, sizeof(*g->map));
	bl_pool_drop(g->s->pool, &g->slot, &g->nslot, sizeof(*g->slot));
}

static int add(struct bl_group *g, uint32_t i, uint32_t *group, struct bl_err *err)
{
	if (g->n >= g->most) {
		bl_err_set(err, BL_REFUSED, "refused: %s", g->limit);
		return bl_err_hint(err, "ask for fewer groups");
	}
	if (bl_pool_grow(g->s->pool, &g->tuple, &g->ntuple, ((size_t)g->n + 1) * g->nkey, sizeof(*g->tuple), err))
		return -1;
	for (uint32_t k = 0; k < g->nkey; k++)
		g->tuple[(size_t)g->n * g->nkey + k] = g->coder[k].code[i];
	*group = g->n++;
	return 0;
}

/* --- by array --- */

static uint32_t index_of(const struct bl_group *g, const uint32_t *tuple)
{
	uint32_t at = 0;

	for (uint32_t k = 0, shift = 0; k < g->nkey; shift += g->bits[k++])
		at |= tuple[k] << shift;
	return at;
}

/* The bits that the codes take now; true when they are more than they were. */
static bool more_bits(struct bl_group *g, unsigned *total)
{
	bool more = false;

	*total = 0;
	for (uint32_t k = 0; k < g->nkey; k++) {
		const struct bl_coder *c = &g->coder[k];
		unsigned need = 32 - (unsigned)__builtin_clz(c->n);

		/* Codes that count up get room to do so. */
		if (need > g->bits[k]) {
			g->bits[k] = need + (c->kind != BL_CODER_DENSE);
			more = true;
		}
		*total += g->bits[k];
	}
	return more;
}

static int remap(struct bl_group *g, unsigned total, struct bl_err *err)
{
	if (bl_pool_fresh(g->s->pool, &g->map, &g->nmap, (size_t)1 << total, sizeof(*g->map), err))
		return -1;
	for (uint32_t i = 0; i < g->n; i++)
		g->map[index_of(g, g->tuple + (size_t)i * g->nkey)] = i + 1;
	return 0;
}

static int run_map(struct bl_group *g, const uint64_t *mask, struct bl_err *err)
{
	const uint32_t *at = g->nkey == 1 ? g->coder[0].code : g->at;

	for (uint32_t k = 0, shift = 0; g->nkey > 1 && k < g->nkey; shift += g->bits[k++]) {
		if (!k)
			memcpy(g->at, g->coder[k].code, sizeof(g->at));
		else
			g->s->k->join(g->at, g->coder[k].code, shift);
	}
	if (g->s->k->gather(at, g->map, g->gid))
		BL_SCAN_EACH(i, mask) {
			uint32_t *m = &g->map[at[i]], n;

			if (!*m) {
				if (add(g, i, &n, err))
					return -1;
				*m = n + 1;
			}
			g->gid[i] = *m;
		}
	g->s->k->only(g->gid, mask);
	return 0;
}

/* --- by hash --- */

static uint64_t hash_tuple(const struct bl_group *g, const uint32_t *tuple)
{
	uint64_t h = g->seed;

	for (uint32_t k = 0; k < g->nkey; k++)
		h = bl_seed_mix(h, tuple[k]);
	return h;
}

static int grow_slots(struct bl_group *g, struct bl_err *err)
{
	size_t n = g->nslot ? g->nslot * 2 : SLOTS;

	while (n < (size_t)g->n * 2)
		n *= 2;
	if (bl_pool_fresh(g->s->pool, &g->slot, &g->nslot, n, sizeof(*g->slot), err))
		return -1;
	for (uint32_t i = 0; i < g->n; i++) {
		uint64_t h = hash_tuple(g, g->tuple + (size_t)i * g->nkey);
		size_t s = h & (n - 1);

		while (g->slot[s])
			s = (s + 1) & (n - 1);
		g->slot[s] = h >> 32 << 32 | (i + 1);
	}
	return 0;
}

static bool same(const struct bl_group *g, uint32_t group, uint32_t i)
{
	const uint32_t *t = g->tuple + (size_t)group * g->nkey;

	for (uint32_t k = 0; k < g->nkey; k++)
		if (t[k] != g->coder[k].code[i])
			return false;
	return true;
}

static int find(struct bl_group *g, uint32_t i, uint64_t h, struct bl_err *err)
{
	size_t s = h & (g->nslot - 1);

	for (uint64_t e; (e = g->slot[s]); s = (s + 1) & (g->nslot - 1)) {
		g->gid[i] = (uint32_t)e - 1;
		if (!((e ^ h) >> 32) && same(g, g->gid[i], i))
			return 0;
	}
	if (add(g, i, &g->gid[i], err))
		return -1;
	g->slot[s] = h >> 32 << 32 | g->n;
	return (size_t)g->n * 2 > g->nslot ? grow_slots(g, err) : 0;
}

static int run_hash(struct bl_group *g, const uint64_t *mask, struct bl_err *err)
{
	memset(g->hash, 0, sizeof(g->hash));
	for (uint32_t k = 0; k < g->nkey; k++)
		BL_SCAN_EACH(i, mask)
			g->hash[i] = bl_seed_mix(k ? g->hash[i] : g->seed, g->coder[k].code[i]);
	BL_SCAN_EACH(i, mask)
		__builtin_prefetch(&g->slot[g->hash[i] & (g->nslot - 1)]);
	memset(g->gid, 0xff, sizeof(g->gid));
	BL_SCAN_EACH(i, mask)
		if (find(g, i, g->hash[i], err))
			return -1;
	return 0;
}

int bl_group_run(struct bl_group *g, const uint64_t *mask, struct bl_err *err)
{
	unsigned total;

	for (uint32_t k = 0; k < g->nkey; k++)
		if (bl_coder_run(&g->coder[k], mask, err))
			return -1;
	if (!g->nkey) {
		memset(g->gid, 0, sizeof(g->gid));
		for (uint32_t i = 0; i < N; i++)
			g->gid[i] = 1;
		g->s->k->only(g->gid, mask);
		return 0;
	}
	if (!g->hashed && more_bits(g, &total)) {
		g->hashed = total > (g->nkey == 1 ? BITS_ONE : BITS);
		if (g->hashed)
			bl_pool_drop(g->s->pool, &g->map, &g->nmap, sizeof(*g->map));
		if (g->hashed ? grow_slots(g, err) : remap(g, total, err))
			return -1;
	}
	return g->hashed ? run_hash(g, mask, err) : run_map(g, mask, err);
}

/* --- after the last vector --- */

int bl_group_order(struct bl_group *g, uint32_t *order, struct bl_err *err)
{
	struct bl_pool_pair *a = NULL;
	size_t cap = 0;
	int r = -1;

	if (bl_pool_fresh(g->s->pool, &a, &cap, g->n, sizeof(*a), err))
		return -1;
	for (uint32_t i = 0; i < g->n; i++)
		a[i].val = i;
	for (uint32_t k = g->nkey; k--;) {
		const struct bl_coder *c = &g->coder[k];

		if (bl_coder_order(&g->coder[k], err))
			goto out;
		for (uint32_t i = 0; i < g->n; i++)
			a[i].key = bl_coder_rank(c, g->tuple[a[i].val * g->nkey + k]);
		if (bl_pool_sort(g->s->pool, a, g->n, err))
			goto out;
	}
	for (uint32_t i = 0; i < g->n; i++)
		order[i] = (uint32_t)a[i].val;
	r = 0;
out:
	bl_pool_drop(g->s->pool, &a, &cap, sizeof(*a));
	return r;
}

void bl_group_value(const struct bl_group *g, uint32_t group, uint32_t key, struct bl_value *v)
{
	bl_coder_value(&g->coder[key], g->tuple[(size_t)group * g->nkey + key], v);
}
