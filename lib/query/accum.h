/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accum: the cells of a plan as accumulators, for each group and, on demand, for each pair of group and entity. Cells that
 * count or add the same thing share one.
 *
 * Integers and decimals are added up in 128 bits, or in 192 where statistics do not prove that 128 suffice, so that an overflow is
 * the same whatever the order of the rows.
 */
#ifndef BL_QUERY_ACCUM_H
#define BL_QUERY_ACCUM_H

#include "query/bag.h"
#include "query/where.h"
#include "query/result.h"

struct bl_accum_table {			/* rows of states, zero at first */
	uint8_t *p;
	size_t n, cap, stride;
};
struct bl_accum;
struct bl_accum_lane;
struct bl_accum_set {
	struct bl_scan *s;
	uint32_t n;
	struct bl_accum *accum;
	uint32_t nlane;			/* distinct conditions; the first is none */
	struct bl_accum_lane *lane;
	uint32_t *of;			/* by cell: its accumulator */
	bool pairs;
	struct bl_accum_table group, pair;
	uint64_t mask[BL_KERNEL_WORDS];	/* scratch: the rows that have a value */
	uint16_t idx[BL_KERNEL_N];
};

int bl_accum_init(struct bl_accum_set *a, struct bl_scan *s, bool pairs, struct bl_err *err);
void bl_accum_fini(struct bl_accum_set *a);
/* The row group that the scan has begun. */
void bl_accum_group(struct bl_accum_set *a);
/* The rows in mask of the vector: row i is of group gid[i] < ngroup, and of pair pid[i] < npair (NULL: no pairs). */
int bl_accum_vector(struct bl_accum_set *a, const uint64_t *mask, const uint32_t *gid, uint32_t ngroup, const uint32_t *pid, uint32_t npair,
		    struct bl_err *err);
/* Takes the whole row group from its statistics, when every cell counts rows or values of a column: true; else false. */
bool bl_accum_whole(struct bl_accum_set *a);

/* After the last vector. */
int bl_accum_finish(struct bl_accum_set *a, uint32_t ngroup, struct bl_err *err);
/* Text is borrowed. */
void bl_accum_cell(const struct bl_accum_set *a, uint32_t group, uint32_t cell, struct bl_acc *out);
/* What a pair contributes to an N, S or SS cell, 0 for others; *over: it does not fit (then the nearest that does). */
bl_i128 bl_accum_part(const struct bl_accum_set *a, uint32_t pair, uint32_t cell, bool *over);
/* Contributions to a cell of doubles are in units of 2^-shift. */
int bl_accum_shift(const struct bl_accum_set *a, uint32_t cell);

#endif
