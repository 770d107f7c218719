/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree: the Merkle tree of RFC 6962 section 2.1: leaf = SHA-256(0 || bytes), node = SHA-256(1 || left || right), the left
 * subtree is the largest power of two below n, the empty root is SHA-256 of nothing. Appending needs the right edge only;
 * proofs are in the order of RFC 6962 2.1.1 and 2.1.2 and are checked as RFC 9162 2.1.3.2 and 2.1.4.2 say.
 */
#ifndef BL_CRYPT_TREE_H
#define BL_CRYPT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BL_TREE_HASH = 32, BL_TREE_PROOF = 65 };	/* most hashes in a proof */

struct bl_tree {		/* starts as zeros */
	uint64_t size;
	uint8_t edge[64][BL_TREE_HASH];		/* edge[i]: root of the complete subtree of 2^i leaves, where bit i of size is set */
};
void bl_tree_leaf(const void *p, size_t n, uint8_t leaf[BL_TREE_HASH]);
void bl_tree_add(struct bl_tree *t, const uint8_t leaf[BL_TREE_HASH]);
void bl_tree_root(const struct bl_tree *t, uint8_t root[BL_TREE_HASH]);
/* The inclusion proof that the leaf added next will have, as the last of size + 1. Returns the number of hashes. */
size_t bl_tree_next(const struct bl_tree *t, uint8_t proof[BL_TREE_PROOF][BL_TREE_HASH]);

bool bl_tree_includes(const uint8_t root[BL_TREE_HASH], uint64_t size, uint64_t index, const uint8_t leaf[BL_TREE_HASH],
		      const uint8_t (*proof)[BL_TREE_HASH], size_t n);
bool bl_tree_extends(const uint8_t root[BL_TREE_HASH], uint64_t size, const uint8_t old_root[BL_TREE_HASH], uint64_t old,
		     const uint8_t (*proof)[BL_TREE_HASH], size_t n);

/* Over all leaf hashes: root, inclusion of leaf `index` < n, extension of the first `old` in 1..n. Return the number of hashes. */
void bl_tree_root_of(const uint8_t (*leaf)[BL_TREE_HASH], uint64_t n, uint8_t root[BL_TREE_HASH]);
size_t bl_tree_prove(const uint8_t (*leaf)[BL_TREE_HASH], uint64_t n, uint64_t index, uint8_t proof[BL_TREE_PROOF][BL_TREE_HASH]);
size_t bl_tree_prove_extends(const uint8_t (*leaf)[BL_TREE_HASH], uint64_t n, uint64_t old,
			     uint8_t proof[BL_TREE_PROOF][BL_TREE_HASH]);

#endif
