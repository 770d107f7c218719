/* SPDX-License-Identifier: Apache-2.0 */
/* coder: see coder.h. Zero and minus zero are one value. */
#include "query/coder.h"

#include <stdlib.h>
#include <string.h>

#include "base/seed.h"

enum { N = BL_KERNEL_N, WORDS = BL_KERNEL_WORDS, SMALL = 1 << 20, LARGE = 8 << 20, SLOTS = 256 };
static const uint32_t MOST = UINT32_C(1) << 31;

int bl_coder_init(struct bl_coder *c, struct bl_scan *s, struct bl_scan_node *node, struct bl_err *err)
{
	uint64_t span = (uint64_t)node->max - (uint64_t)node->min;

	*c = (struct bl_coder){ .s = s, .node = node, .n = 1 };
	/* A large range is worth an array when there are about as many rows. */
	if (node->narrow && (span < SMALL || (span < LARGE && span / 8 < bl_reader_rows(s->reader)))) {
		c->kind = BL_CODER_DENSE;
		c->min = node->min;
		c->span = span;
		c->n = (uint32_t)span + 2;
		return 0;
	}
	c->kind = node->e->type.kind == BL_TYPE_TEXT ? BL_CODER_TEXT : node->e->type.kind == BL_TYPE_DOUBLE ? BL_CODER_REAL :
		  node->narrow ? BL_CODER_INT : BL_CODER_WIDE;
	c->seed = bl_seed();
	return bl_pool_fresh(s->pool, &c->slot, &c->nslot, SLOTS, sizeof(*c->slot), err);
}

void bl_coder_fini(struct bl_coder *c)
{
	if (!c->s)
		return;
	if (c->kind == BL_CODER_WIDE)
		bl_pool_drop(c->s->pool, &c->i128, &c->cap, sizeof(*c->i128));
	else if (c->kind == BL_CODER_TEXT)
		bl_pool_drop(c->s->pool, &c->str, &c->cap, sizeof(*c->str));
	else
		bl_pool_drop(c->s->pool, &c->i64, &c->cap, sizeof(*c->i64));
	bl_pool_drop(c->s->pool, &c->slot, &c->nslot, sizeof(*c->slot));
	bl_pool_drop(c->s->pool, &c->map, &c->mapcap, sizeof(*c->map));
	bl_pool_drop(c->s->pool, &c->rank, &c->rankcap, sizeof(*c->rank));
}

/* --- hashing --- */

static inline uint64_t hash_text(const struct bl_coder *c, struct bl_str s)
{
	return bl_seed_text(c->seed, s.p, s.n);
}

static uint64_t hash_wide(bl_i128 v, uint64_t h)
{
	return bl_seed_mix(bl_seed_mix(h, (uint64_t)v), (uint64_t)((bl_u128)v >> 64));
}

static uint64_t hash_code(const struct bl_coder *c, uint32_t code)
{
	if (c->kind == BL_CODER_TEXT)
		return hash_text(c, c->str[code]);
	if (c->kind == BL_CODER_WIDE)
		return hash_wide(c->i128[code], c->seed);
	return bl_seed_mix(c->seed, (uint64_t)c->i64[code]);
}

static int grow_slots(struct bl_coder *c, struct bl_err *err)
{
	size_t n = c->nslot * 2;

	if (bl_pool_fresh(c->s->pool, &c->slot, &c->nslot, n, sizeof(*c->slot), err))
		return -1;
	for (uint32_t code = 1; code < c->n; code++) {
		uint64_t h = hash_code(c, code);
		size_t s = h & (n - 1);

		while (c->slot[s])
			s = (s + 1) & (n - 1);
		c->slot[s] = h >> 32 << 32 | code;
	}
	return 0;
}

/* A new code, in the free slot s; the caller puts the value. */
static int new_code(struct bl_coder *c, void *values_at, size_t size, uint64_t h, size_t s, struct bl_err *err)
{
	if (c->n >= MOST)
		return bl_pool_refuse(err);
	if (bl_pool_grow(c->s->pool, values_at, &c->cap, (size_t)c->n + 1, size, err))
		return -1;
	c->slot[s] = h >> 32 << 32 | c->n++;
	return 0;
}

static int full(struct bl_coder *c, struct bl_err *err)
{
	return (size_t)c->n * 2 > c->nslot ? grow_slots(c, err) : 0;
}

#define PROBE(equal) \
	size_t s = h & (c->nslot - 1); \
	for (uint64_t e; (e = c->slot[s]); s = (s + 1) & (c->nslot - 1)) { \
		*code = (uint32_t)e; \
		if (!((e ^ h) >> 32) && (equal)) \
			return 0; \
	}

static int find_int(struct bl_coder *c, int64_t v, uint64_t h, uint32_t *code, struct bl_err *err)
{
	PROBE(c->i64[*code] == v)
	*code = c->n;
	if (new_code(c, &c->i64, sizeof(*c->i64), h, s, err))
		return -1;
	c->i64[*code] = v;
	return full(c, err);
}

static int find_wide(struct bl_coder *c, bl_i128 v, uint64_t h, uint32_t *code, struct bl_err *err)
{
	PROBE(c->i128[*code] == v)
	*code = c->n;
	if (new_code(c, &c->i128, sizeof(*c->i128), h, s, err))
		return -1;
	c->i128[*code] = v;
	return full(c, err);
}

static int find_text(struct bl_coder *c, struct bl_str v, uint64_t h, uint32_t *code, struct bl_err *err)
{
	PROBE(c->str[*code].n == v.n && !memcmp(c->str[*code].p, v.p, v.n))
	*code = c->n;
	char *p = bl_arena_strndup(&c->s->pool->a, v.p, v.n);
	if (!p)
		return bl_pool_refuse(err);
	if (new_code(c, &c->str, sizeof(*c->str), h, s, err))
		return -1;
	c->str[*code] = (struct bl_str){ p, v.n };
	return full(c, err);
}

/* --- vectors --- */

/* The doubles in an order of integers: sign and magnitude to two's complement. */
static int64_t ordered(double d)
{
	int64_t b;

	d += 0.0;	/* -0 + 0 is 0 */
	memcpy(&b, &d, sizeof(b));
	return b ^ (int64_t)((uint64_t)(b >> 63) >> 1);
}

static double unordered(int64_t b)
{
	double d;

	b ^= (int64_t)((uint64_t)(b >> 63) >> 1);
	memcpy(&d, &b, sizeof(d));
	return d;
}

static inline int64_t int_at(const struct bl_coder *c, const struct bl_eval_vec *v, uint32_t i)
{
	return c->kind == BL_CODER_REAL ? ordered(v->f64[i]) : v->i64[i];
}

static inline bl_i128 wide_at(const struct bl_eval_vec *v, uint32_t i)
{
	return v->i128 ? v->i128[i] : v->i64[i];
}

static inline struct bl_str text_at(const struct bl_eval_vec *v, uint32_t i)
{
	return v->code ? v->dict[v->code[i]] : v->str[i];
}

/* Rows that have a value. */
static void present(const struct bl_eval_vec *v, const uint64_t *mask, uint64_t *out)
{
	for (int i = 0; i < WORDS; i++)
		out[i] = v->null ? mask[i] & ~v->null[i] : mask[i];
}

static int run_hash(struct bl_coder *c, const uint64_t *mask, struct bl_err *err)
{
	const struct bl_eval_vec *v = &c->node->vec;
	bool wide = c->kind == BL_CODER_WIDE, text = c->kind == BL_CODER_TEXT;

	memset(c->code, 0, sizeof(c->code));
	/* All hashes first, so that the slots are on their way when they are looked at. */
	BL_SCAN_EACH(i, mask) {
		uint64_t h = text ? hash_text(c, text_at(v, i)) : wide ? hash_wide(wide_at(v, i), c->seed) :
			     bl_seed_mix(c->seed, (uint64_t)int_at(c, v, i));

		c->hash[i] = h;
		__builtin_prefetch(&c->slot[h & (c->nslot - 1)]);
	}
	BL_SCAN_EACH(i, mask) {
		uint64_t h = c->hash[i];

		if (text ? find_text(c, text_at(v, i), h, &c->code[i], err) : wide ? find_wide(c, wide_at(v, i), h, &c->code[i], err) :
		    find_int(c, int_at(c, v, i), h, &c->code[i], err))
			return -1;
	}
	return 0;
}

static int run_dict(struct bl_coder *c, const uint64_t *mask, struct bl_err *err)
{
	const struct bl_eval_vec *v = &c->node->vec;

	if (c->group != c->s->group + 1) {
		if (bl_pool_grow(c->s->pool, &c->map, &c->mapcap, v->ndict, sizeof(*c->map), err))
			return -1;
		memset(c->map, 0, v->ndict * sizeof(*c->map));
		c->group = c->s->group + 1;
	}
	if (c->s->k->gather(v->code, c->map, c->code))
		BL_SCAN_EACH(i, mask) {
			uint32_t *code = &c->map[v->code[i]];
			struct bl_str t = text_at(v, i);

			if (!*code && find_text(c, t, hash_text(c, t), code, err))
				return -1;
			c->code[i] = *code;
		}
	for (int i = 0; v->null && i < N; i++)
		c->code[i] &= (uint32_t)bl_scan_bit(v->null, (uint32_t)i) - 1;
	return 0;
}

/* A value outside of what the footer says can only be in a file whose maker lied. */
static int run_dense(struct bl_coder *c, const uint64_t *mask, struct bl_err *err)
{
	const struct bl_eval_vec *v = &c->node->vec;

	if (c->s->k->dense(v->i64, c->min, c->span, c->code))
		BL_SCAN_EACH(i, mask)
			if (!c->code[i])
				return bl_err_set(err, BL_DATA, "malformed: statistics");
	for (int i = 0; v->null && i < N; i++)
		c->code[i] &= (uint32_t)bl_scan_bit(v->null, (uint32_t)i) - 1;
	return 0;
}

int bl_coder_run(struct bl_coder *c, const uint64_t *mask, struct bl_err *err)
{
	uint64_t rows[WORDS];

	if (bl_scan_run(c->s, c->node, err))
		return -1;
	present(&c->node->vec, mask, rows);
	if (c->kind == BL_CODER_DENSE)
		return run_dense(c, rows, err);
	/* Vectors of an expression may change their dictionary: only columns keep theirs for a row group. */
	if (c->kind == BL_CODER_TEXT && c->node->vec.code && c->node->kind == BL_SCAN_COL)
		return run_dict(c, rows, err);
	return run_hash(c, rows, err);
}

/* --- after the last vector --- */

static int by_text(const void *x, const void *y, void *arg)
{
	const struct bl_coder *c = arg;
	const struct bl_pool_pair *a = x, *b = y;

	return bl_type_order(c->str[a->val], c->str[b->val]);
}

/* Sorts by the first eight bytes, then what they have in common. */
static uint64_t prefix(struct bl_str s)
{
	uint8_t b[8] = { 0 };

	memcpy(b, s.p, s.n < 8 ? s.n : 8);
	return __builtin_bswap64(bl_le64(b));
}

static int by_wide(const void *x, const void *y, void *arg)
{
	const struct bl_coder *c = arg;
	bl_i128 a = c->i128[((const struct bl_pool_pair *)x)->val], b = c->i128[((const struct bl_pool_pair *)y)->val];

	return a < b ? -1 : a > b;
}

static uint64_t sort_key(const struct bl_coder *c, uint32_t code)
{
	const uint64_t sign = UINT64_C(1) << 63;

	if (c->kind == BL_CODER_TEXT)
		return prefix(c->str[code]);
	if (c->kind == BL_CODER_WIDE)
		return (uint64_t)((bl_u128)c->i128[code] >> 64) ^ sign;
	return (uint64_t)c->i64[code] ^ sign;
}

int bl_coder_order(struct bl_coder *c, struct bl_err *err)
{
	size_t n = c->n - 1u, cap = 0;
	struct bl_pool_pair *a = NULL;
	int r = -1;

	if (c->kind == BL_CODER_DENSE)
		return 0;
	if (bl_pool_fresh(c->s->pool, &a, &cap, n, sizeof(*a), err) ||
	    bl_pool_fresh(c->s->pool, &c->rank, &c->rankcap, n + 1, sizeof(*c->rank), err))
		goto out;
	for (size_t i = 0; i < n; i++)
		a[i] = (struct bl_pool_pair){ sort_key(c, (uint32_t)i + 1), i + 1 };
	if (bl_pool_sort(c->s->pool, a, n, err))
		goto out;
	if (c->kind == BL_CODER_TEXT || c->kind == BL_CODER_WIDE)
		for (size_t i = 0, j; i < n; i = j) {
			for (j = i + 1; j < n && a[j].key == a[i].key; j++)
				;
			qsort_r(a + i, j - i, sizeof(*a), c->kind == BL_CODER_TEXT ? by_text : by_wide, c);
		}
	for (size_t i = 0; i < n; i++)
		c->rank[a[i].val] = (uint32_t)i;
	r = 0;
out:
	bl_pool_drop(c->s->pool, &a, &cap, sizeof(*a));
	return r;
}

void bl_coder_value(const struct bl_coder *c, uint32_t code, struct bl_value *v)
{
	*v = (struct bl_value){ .type = c->node->e->type, .null = code == 0 };
	if (!code)
		return;
	switch (c->kind) {
	case BL_CODER_DENSE:
		v->i = (bl_i128)c->min + (code - 1);
		break;
	case BL_CODER_INT:
		v->i = c->i64[code];
		break;
	case BL_CODER_WIDE:
		v->i = c->i128[code];
		break;
	case BL_CODER_REAL:
		v->f = unordered(c->i64[code]);
		break;
	case BL_CODER_TEXT:
		v->s = c->str[code];
	}
}
