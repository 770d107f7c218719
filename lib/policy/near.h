/* SPDX-License-Identifier: Apache-2.0 */
/*
 * near: when two cells are too near to each other, and the cells of one request held in memory. Private to cells.c.
 *
 * A sketch is 1,024 sums of hashes of (entity, what it contributed), one of them chosen by the entity. Two cells over the
 * same entities differ in at least one sum if they differ in a contribution, and in about as many as contributions differ.
 */
#ifndef BL_POLICY_NEAR_H
#define BL_POLICY_NEAR_H

#include "policy/cells.h"

enum { BL_NEAR_SKETCH = 1024, BL_NEAR_APART = 256 };	/* sums; most differing entities that are told apart from fewer */
struct bl_near_sketch { uint32_t sum[BL_NEAR_SKETCH]; };

void bl_near_add(struct bl_near_sketch *s, uint32_t entity, uint64_t tag);
/* Of an item: entity i is map[who[i]]. False when every tag is 1 (s is then not filled): such a sketch follows from the set. */
bool bl_near_sketch(struct bl_near_sketch *s, const struct bl_cells_item *item, const uint32_t *map);
/* What the sketch of a set would be if everybody contributed 1. */
void bl_near_plain(struct bl_near_sketch *s, const uint64_t *words, uint32_t universe);

/* Sizes of two sets and of their intersection. */
struct bl_near_pair { uint64_t a, b, both; };
bool bl_near_sets(struct bl_near_pair p, uint64_t k, bool xor_mode, enum bl_cells_how how);			/* too near, by the sets alone */
bool bl_near_equal(struct bl_near_pair p);
/* Of equal sets, by their sketches: the same cell, too near, or far. */
enum bl_near { BL_NEAR_SAME, BL_NEAR_NEAR, BL_NEAR_FAR };
enum bl_near bl_near_sketches(const struct bl_near_sketch *a, const struct bl_near_sketch *b, uint64_t k);

/* The cells of one request. universe: entity numbers of the store are below it. NULL: out of memory. */
struct bl_near_held;
struct bl_near_held *bl_near_hold(uint32_t universe);
void bl_near_release(struct bl_near_held *h);
/* who: numbers of the store, ascending; sketch NULL: everybody contributes 1. -1: out of memory. */
int bl_near_put(struct bl_near_held *h, const char *family, enum bl_cells_set set, const uint32_t *who, uint32_t n,
		const struct bl_near_sketch *sketch);
/* As bl_cells_fits: fits, or item->known. -1: out of memory. */
int bl_near_fits(struct bl_near_held *h, struct bl_cells_item *item, const uint32_t *map, uint64_t k, bool xor_mode, bool *fits);

#endif
