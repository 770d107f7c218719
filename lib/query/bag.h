/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bag: how often each group has each value: count(distinct) and medians. Its size follows the distinct values of the groups,
 * not the rows.
 */
#ifndef BL_QUERY_BAG_H
#define BL_QUERY_BAG_H

#include "query/coder.h"

struct bl_bag_entry { uint64_t key, n; };	/* group << 32 | code; 0 is free, since a code of a value is not 0 */
struct bl_bag {
	struct bl_coder coder;
	struct bl_bag_entry *slot;
	size_t nslot, used;
	uint64_t seed;
	uint64_t *count;		/* by group, after bl_bag_count */
	size_t ncount;
	struct bl_bag_middle { uint32_t lo, hi; } *middle;	/* codes by group, after bl_bag_median; 0: the group has no value */
	size_t nmiddle;
};

int bl_bag_init(struct bl_bag *b, struct bl_scan *s, struct bl_scan_node *node, struct bl_err *err);
void bl_bag_fini(struct bl_bag *b);
/* The values of rows idx[0..n), whose groups are gid[idx[k]]; mask has the same rows. None is NULL. */
int bl_bag_add(struct bl_bag *b, const uint64_t *mask, const uint32_t *gid, const uint16_t *idx, uint32_t n, struct bl_err *err);
int bl_bag_count(struct bl_bag *b, uint32_t ngroup, struct bl_err *err);
/* The one or two values in the middle. */
int bl_bag_median(struct bl_bag *b, uint32_t ngroup, struct bl_err *err);

#endif
