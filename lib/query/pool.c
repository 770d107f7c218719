/* SPDX-License-Identifier: Apache-2.0 */
/* pool: see pool.h. Arrays come from malloc, so that large ones grow by remapping and untouched pages cost nothing. */
#include "query/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/pages.h"

enum { DIGIT = 11, BUCKETS = 1 << DIGIT, LEAST = 64 };

void bl_pool_init(struct bl_pool *p, size_t limit)
{
	*p = (struct bl_pool){ .limit = limit };
	bl_arena_init(&p->a, limit);
}

void bl_pool_fini(struct bl_pool *p)
{
	bl_arena_fini(&p->a);
}

int bl_pool_refuse(struct bl_err *err)
{
	bl_err_set(err, BL_REFUSED, "refused: limits.memory");
	return bl_err_hint(err, "ask for fewer groups, or fewer distinct values");
}

void *bl_pool_alloc(struct bl_pool *p, size_t n, size_t size, struct bl_err *err)
{
	void *r = bl_arena_array(&p->a, n, size);

	if (!r)
		bl_pool_refuse(err);
	return r;
}

/* Takes `add` more bytes and gives back `less`. */
static bool account(struct bl_pool *p, size_t add, size_t less)
{
	size_t left = p->limit - p->a.used - p->grown;

	if (add > left)
		return false;
	p->grown += add - less;
	p->a.limit = p->limit - p->grown;
	return true;
}

int bl_pool_grow(struct bl_pool *p, void *array_at, size_t *cap, size_t need, size_t size, struct bl_err *err)
{
	size_t n = *cap ? *cap : LEAST, bytes, old = *cap * size;
	void *at, *grown;

	if (need <= *cap)
		return 0;
	while (n < need)
		if (!bl_num_mul(n, 2, &n))
			return bl_pool_refuse(err);
	if (!bl_num_mul(n, size, &bytes) || !account(p, bytes, 0))
		return bl_pool_refuse(err);
	memcpy(&at, array_at, sizeof(at));
	grown = at ? realloc(at, bytes) : calloc(1, bytes);
	if (!grown) {
		p->grown -= bytes;
		p->a.limit += bytes;
		return bl_pool_refuse(err);
	}
	bl_pages_large((uint8_t *)grown + old, bytes - old);
	if (at)
		memset((uint8_t *)grown + old, 0, bytes - old);
	p->grown -= old;
	p->a.limit += old;
	memcpy(array_at, &grown, sizeof(grown));
	*cap = n;
	return 0;
}

int bl_pool_fresh(struct bl_pool *p, void *array_at, size_t *cap, size_t n, size_t size, struct bl_err *err)
{
	size_t bytes;
	void *at;

	bl_pool_drop(p, array_at, cap, size);
	if (!bl_num_mul(n, size, &bytes) || !account(p, bytes, 0))
		return bl_pool_refuse(err);
	if (!(at = calloc(1, bytes ? bytes : 1))) {
		p->grown -= bytes;
		p->a.limit += bytes;
		return bl_pool_refuse(err);
	}
	bl_pages_large(at, bytes);
	memcpy(array_at, &at, sizeof(at));
	*cap = n;
	return 0;
}

void bl_pool_drop(struct bl_pool *p, void *array_at, size_t *cap, size_t size)
{
	void *at, *none = NULL;

	memcpy(&at, array_at, sizeof(at));
	free(at);
	memcpy(array_at, &none, sizeof(none));
	p->grown -= *cap * size;
	p->a.limit += *cap * size;
	*cap = 0;
}

static bool sorted(const struct bl_pool_pair *a, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (a[i].key < a[i - 1].key)
			return false;
	return true;
}

/* Least digit first; digits that are the same in all keys are passed over. */
int bl_pool_sort(struct bl_pool *p, struct bl_pool_pair *a, size_t n, struct bl_err *err)
{
	struct bl_pool_pair *tmp = NULL, *from = a, *to;
	uint64_t any = 0, all = ~UINT64_C(0);
	size_t cap = 0, count[BUCKETS];

	if (sorted(a, n))
		return 0;
	if (bl_pool_fresh(p, &tmp, &cap, n, sizeof(*tmp), err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		any |= a[i].key;
		all &= a[i].key;
	}
	to = tmp;
	for (unsigned s = 0; s < 64; s += DIGIT) {
		size_t at = 0;

		if (!((any ^ all) >> s & (BUCKETS - 1)))
			continue;
		memset(count, 0, sizeof(count));
		for (size_t i = 0; i < n; i++)
			count[from[i].key >> s & (BUCKETS - 1)]++;
		for (unsigned b = 0; b < BUCKETS; b++) {
			size_t c = count[b];

			count[b] = at;
			at += c;
		}
		for (size_t i = 0; i < n; i++)
			to[count[from[i].key >> s & (BUCKETS - 1)]++] = from[i];
		struct bl_pool_pair *swap = from;
		from = to;
		to = swap;
	}
	if (from != a)
		memcpy(a, from, n * sizeof(*a));
	bl_pool_drop(p, &tmp, &cap, sizeof(*tmp));
	return 0;
}
