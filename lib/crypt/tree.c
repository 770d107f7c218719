/* SPDX-License-Identifier: Apache-2.0 */
/* tree: see tree.h. Nothing here allocates, or fails. */
#include "crypt/tree.h"

#include <string.h>

#include "crypt/hash.h"

static void node(const uint8_t left[BL_TREE_HASH], const uint8_t right[BL_TREE_HASH], uint8_t out[BL_TREE_HASH])
{
	uint8_t b[1 + 2 * BL_TREE_HASH] = { 1 };

	memcpy(b + 1, left, BL_TREE_HASH);
	memcpy(b + 1 + BL_TREE_HASH, right, BL_TREE_HASH);
	bl_hash_sha256(b, sizeof b, out);
}

void bl_tree_leaf(const void *p, size_t n, uint8_t leaf[BL_TREE_HASH])
{
	static const uint8_t zero;

	bl_hash_both(&zero, 1, p, n, leaf);
}

void bl_tree_add(struct bl_tree *t, const uint8_t leaf[BL_TREE_HASH])
{
	uint8_t h[BL_TREE_HASH];
	unsigned i = 0;

	memcpy(h, leaf, sizeof h);
	for (; t->size >> i & 1; i++)
		node(t->edge[i], h, h);
	memcpy(t->edge[i], h, sizeof h);
	t->size++;
}

void bl_tree_root(const struct bl_tree *t, uint8_t root[BL_TREE_HASH])
{
	bool have = false;

	for (unsigned i = 0; i < 64; i++) {
		if (!(t->size >> i & 1))
			continue;
		if (have)
			node(t->edge[i], root, root);
		else
			memcpy(root, t->edge[i], BL_TREE_HASH);
		have = true;
	}
	if (!have)
		bl_hash_sha256(NULL, 0, root);
}

size_t bl_tree_next(const struct bl_tree *t, uint8_t proof[BL_TREE_PROOF][BL_TREE_HASH])
{
	size_t n = 0;

	for (unsigned i = 0; i < 64; i++)
		if (t->size >> i & 1)
			memcpy(proof[n++], t->edge[i], BL_TREE_HASH);
	return n;
}

bool bl_tree_includes(const uint8_t root[BL_TREE_HASH], uint64_t size, uint64_t index, const uint8_t leaf[BL_TREE_HASH],
		      const uint8_t (*proof)[BL_TREE_HASH], size_t n)
{
	uint64_t fn = index, sn = size - 1;
	uint8_t r[BL_TREE_HASH];

	if (index >= size)
		return false;
	memcpy(r, leaf, sizeof r);
	for (size_t i = 0; i < n; i++, fn >>= 1, sn >>= 1) {
		if (!sn)
			return false;
		if (fn & 1 || fn == sn) {
			node(proof[i], r, r);
			for (; !(fn & 1) && fn; fn >>= 1)
				sn >>= 1;
		} else {
			node(r, proof[i], r);
		}
	}
	return !sn && !memcmp(r, root, sizeof r);
}

bool bl_tree_extends(const uint8_t root[BL_TREE_HASH], uint64_t size, const uint8_t old_root[BL_TREE_HASH], uint64_t old,
		     const uint8_t (*proof)[BL_TREE_HASH], size_t n)
{
	uint64_t fn = old - 1, sn = size - 1;
	uint8_t fr[BL_TREE_HASH], sr[BL_TREE_HASH];
	size_t i = 0;

	if (!old || old > size)
		return false;
	if (old == size)
		return !n && !memcmp(root, old_root, BL_TREE_HASH);
	if (!n)
		return false;
	/* A complete old tree is its own first node; otherwise the proof begins with it. */
	memcpy(fr, old & (old - 1) ? proof[i++] : old_root, sizeof fr);
	memcpy(sr, fr, sizeof sr);
	for (; fn & 1; fn >>= 1)
		sn >>= 1;
	for (; i < n; i++, fn >>= 1, sn >>= 1) {
		if (!sn)
			return false;
		if (fn & 1 || fn == sn) {
			node(proof[i], fr, fr);
			node(proof[i], sr, sr);
			for (; !(fn & 1) && fn; fn >>= 1)
				sn >>= 1;
		} else {
			node(sr, proof[i], sr);
		}
	}
	return !sn && !memcmp(fr, old_root, sizeof fr) && !memcmp(sr, root, sizeof sr);
}

/* The largest power of two below n, n > 1. */
static uint64_t split(uint64_t n)
{
	return 1ull << (63 - __builtin_clzll(n - 1));
}

void bl_tree_root_of(const uint8_t (*leaf)[BL_TREE_HASH], uint64_t n, uint8_t root[BL_TREE_HASH])
{
	struct bl_tree t = { 0 };

	for (uint64_t i = 0; i < n; i++)
		bl_tree_add(&t, leaf[i]);
	bl_tree_root(&t, root);
}

size_t bl_tree_prove(const uint8_t (*leaf)[BL_TREE_HASH], uint64_t n, uint64_t index, uint8_t proof[BL_TREE_PROOF][BL_TREE_HASH])
{
	size_t used;

	if (n <= 1)
		return 0;
	uint64_t k = split(n);
	if (index < k) {
		used = bl_tree_prove(leaf, k, index, proof);
		bl_tree_root_of(leaf + k, n - k, proof[used]);
	} else {
		used = bl_tree_prove(leaf + k, n - k, index - k, proof);
		bl_tree_root_of(leaf, k, proof[used]);
	}
	return used + 1;
}

/* SUBPROOF of RFC 6962 2.1.2; known: the verifier has the root of these n leaves already. */
static size_t subproof(const uint8_t (*leaf)[BL_TREE_HASH], uint64_t n, uint64_t old, bool known,
		       uint8_t proof[BL_TREE_PROOF][BL_TREE_HASH])
{
	size_t used;

	if (old == n) {
		if (known)
			return 0;
		bl_tree_root_of(leaf, n, proof[0]);
		return 1;
	}
	uint64_t k = split(n);
	if (old <= k) {
		used = subproof(leaf, k, old, known, proof);
		bl_tree_root_of(leaf + k, n - k, proof[used]);
	} else {
		used = subproof(leaf + k, n - k, old - k, false, proof);
		bl_tree_root_of(leaf, k, proof[used]);
	}
	return used + 1;
}

size_t bl_tree_prove_extends(const uint8_t (*leaf)[BL_TREE_HASH], uint64_t n, uint64_t old,
			     uint8_t proof[BL_TREE_PROOF][BL_TREE_HASH])
{
	return subproof(leaf, n, old, true, proof);
}
