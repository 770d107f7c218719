/* SPDX-License-Identifier: Apache-2.0 */
/*
 * where: which rows of a vector pass WHERE. The condition is cut at its ANDs: integer columns between two literals are
 * tested on the unpacked values or by the statistics of a whole row group; a condition on one text column is decided once
 * for each entry of its dictionary; all others are eval's.
 */
#ifndef BL_QUERY_WHERE_H
#define BL_QUERY_WHERE_H

#include "query/scan.h"

enum bl_where_verdict { BL_WHERE_NONE, BL_WHERE_SOME, BL_WHERE_ALL };

struct bl_where;
/* where may be NULL: then all rows pass. */
struct bl_where *bl_where_new(struct bl_scan *s, const struct bl_expr *where, struct bl_err *err);
void bl_where_fini(struct bl_where *f);		/* NULL is fine */
/* What the statistics say of the row group that the scan has begun. */
enum bl_where_verdict bl_where_group(struct bl_where *f);
/* Clears the rows in mask that do not pass. */
int bl_where_vector(struct bl_where *f, uint64_t *mask, struct bl_err *err);
/* Bits of the first n rows. */
void bl_where_rows(uint64_t *mask, uint32_t n);
static inline uint32_t bl_where_count(const uint64_t *mask)
{
	uint32_t n = 0;

	for (int i = 0; i < BL_KERNEL_WORDS; i++)
		n += (uint32_t)__builtin_popcountll(mask[i]);
	return n;
}

#endif
