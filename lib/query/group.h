/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group: the tuple of some expressions as a number, counted up from 0 in order of first appearance. Groups of a query and
 * entities of a file are both made here. Codes whose bits are few are an index into an array, others go through a hash
 * table.
 */
#ifndef BL_QUERY_GROUP_H
#define BL_QUERY_GROUP_H

#include "query/coder.h"

struct bl_group {
	struct bl_scan *s;
	uint32_t nkey;
	struct bl_coder *coder;		/* [nkey] */
	uint64_t most;			/* groups; one more is 77 `limit` */
	const char *limit;
	uint32_t n;			/* groups so far */
	uint32_t *tuple;		/* [n][nkey]: codes */
	size_t ntuple;
	bool hashed;
	unsigned *bits;			/* [nkey]: of a code, while not hashed */
	uint32_t *map;			/* group + 1, or 0 */
	size_t nmap;
	uint64_t *slot;			/* upper half of the hash, then group + 1 */
	size_t nslot;
	uint64_t seed;
	uint64_t hash[BL_KERNEL_N];
	uint32_t at[BL_KERNEL_N];
	uint32_t gid[BL_KERNEL_N];	/* of the vector, after bl_group_run; UINT32_MAX where mask is not set */
};

/* nkey 0: all rows are in group 0, which is always there. */
int bl_group_init(struct bl_group *g, struct bl_scan *s, uint32_t nkey, struct bl_scan_node *const *key, uint64_t most, const char *limit,
		  struct bl_err *err);
void bl_group_fini(struct bl_group *g);
int bl_group_run(struct bl_group *g, const uint64_t *mask, struct bl_err *err);
/* After the last vector: order[i] is the group that comes i-th, by ascending keys, NULLs last. */
int bl_group_order(struct bl_group *g, uint32_t *order, struct bl_err *err);
void bl_group_value(const struct bl_group *g, uint32_t group, uint32_t key, struct bl_value *v);

#endif
