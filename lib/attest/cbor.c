/* SPDX-License-Identifier: Apache-2.0 */
/* cbor: see cbor.h. Recursion is bounded by BL_CBOR_DEPTH, work by the bytes and BL_CBOR_KEYS. */
#include "attest/cbor.h"

#include <string.h>

#include "base/text.h"

bool bl_cbor_get(struct bl_cur *c, struct bl_cbor *item)
{
	uint8_t head = bl_cur_get8(c), low = head & 31;
	const uint8_t *more;
	size_t n;

	*item = (struct bl_cbor){ .type = head >> 5, .v = low };
	if (c->bad || low > 27 || (item->type == BL_CBOR_SIMPLE && (low < BL_CBOR_FALSE || low > BL_CBOR_UNDEFINED)))
		return false;
	if (low >= 24) {
		n = (size_t)1 << (low - 24);
		if (!(more = bl_cur_get(c, n)))
			return false;
		item->v = 0;
		while (n--)
			item->v = item->v << 8 | *more++;
	}
	if (item->type != BL_CBOR_BYTES && item->type != BL_CBOR_TEXT)
		return true;
	return item->v <= c->left && (item->p = bl_cur_get(c, (size_t)item->v));
}

static bool same(const struct bl_cbor *a, const struct bl_cbor *b)
{
	return a->type == b->type && a->v == b->v && (!a->p || !memcmp(a->p, b->p, (size_t)a->v));
}

/* Keys are compared as values: 1 written in one byte is 1 written in two. */
static bool is_new(struct bl_cbor *keys, size_t n, const struct bl_cbor *key)
{
	if (key->type > BL_CBOR_TEXT)
		return false;
	for (size_t i = 0; i < n; i++)
		if (same(&keys[i], key))
			return false;
	keys[n] = *key;
	return true;
}

static bool walk(struct bl_cur *c, unsigned depth);

static bool walk_map(struct bl_cur *c, uint64_t n, unsigned depth)
{
	struct bl_cbor keys[BL_CBOR_KEYS], key;

	if (n > BL_CBOR_KEYS)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct bl_cur at = *c;
		if (!walk(c, depth) || !bl_cbor_get(&at, &key) || !is_new(keys, i, &key) || !walk(c, depth))
			return false;
	}
	return true;
}

static bool walk(struct bl_cur *c, unsigned depth)
{
	struct bl_cbor item;

	if (!depth || !bl_cbor_get(c, &item))
		return false;
	switch (item.type) {
	case BL_CBOR_TEXT:
		return bl_text_utf8((const char *)item.p, (size_t)item.v);
	case BL_CBOR_ARRAY:
		for (; item.v; item.v--)
			if (!walk(c, depth - 1))
				return false;
		return true;
	case BL_CBOR_MAP:
		return walk_map(c, item.v, depth - 1);
	case BL_CBOR_TAG:
		return walk(c, depth - 1);
	default:
		return true;
	}
}

bool bl_cbor_check(const void *p, size_t n)
{
	struct bl_cur c;

	bl_cur_init(&c, p, n);
	return walk(&c, BL_CBOR_DEPTH) && !c.left;
}

bool bl_cbor_skip(struct bl_cur *c)
{
	return walk(c, BL_CBOR_DEPTH);
}

bool bl_cbor_find(struct bl_cur map, const char *key, struct bl_cur *value)
{
	size_t len = strlen(key);
	struct bl_cbor item, k;

	if (!bl_cbor_get(&map, &item) || item.type != BL_CBOR_MAP)
		return false;
	for (; item.v; item.v--) {
		if (!bl_cbor_get(&map, &k))
			return false;
		if (k.type == BL_CBOR_TEXT && k.v == len && !memcmp(k.p, key, len)) {
			*value = map;
			return true;
		}
		if (!bl_cbor_skip(&map))
			return false;
	}
	return false;
}

size_t bl_cbor_put(uint8_t out[9], enum bl_cbor_type type, uint64_t v)
{
	size_t n = v < 24 ? 0 : v <= UINT8_MAX ? 1 : v <= UINT16_MAX ? 2 : v <= UINT32_MAX ? 4 : 8;

	out[0] = (uint8_t)(type << 5 | (n == 0 ? v : n == 1 ? 24 : n == 2 ? 25 : n == 4 ? 26 : 27));
	for (size_t i = n; i; i--, v >>= 8)
		out[i] = (uint8_t)v;
	return 1 + n;
}
