/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: (plan, reader) -> raw result. Vectorised over 1,024 values; knows no policy, prints nothing.
 * A raw result never leaves the helper: tee/gate.c alone turns it into a release.
 *
 * Sums of integers and decimals are exact (128 bits; overflow past that is NULL, whatever the order of the rows). Sums of
 * doubles are added in row order with compensation (Neumaier 1974) and are a plain double, NULL when it is not finite; the
 * square of a double is rounded once. MEDIAN is of numbers, a double: the value in the middle, of an even number of values
 * the mean of the two, as PostgreSQL's percentile_cont(0.5); of integers and decimals the double nearest to the exact
 * mean. Minus zero is zero in keys, MIN, MAX, MEDIAN and DISTINCT.
 *
 * Entities are numbered in order of first appearance in the file. Ids of entities: people.h says of which bytes.
 */
#ifndef BL_QUERY_EXEC_H
#define BL_QUERY_EXEC_H

#include "format/reader.h"
#include "query/result.h"

struct bl_exec {
	bool by_entity;			/* also split every cell by entity (header's entity columns, or the row) */
	/* The id of the entity that these bytes name, to fill result->entity; NULL: do not. */
	void (*name)(const void *arg, const void *bytes, size_t n, uint8_t id[16]);
	const void *name_arg;
	uint64_t max_groups;		/* more groups (or rows) than this: 77 `limits.groups` */
	uint64_t deadline_ns;		/* monotonic; passing it is 77 `limits.seconds`; 0: none */
	size_t memory;			/* arena limit of the run; passing it is 77 `limits.memory` */
};

/* Result in `a` (the caller's arena, its limit is what counts for the result). */
int bl_exec_run(const struct bl_plan *p, struct bl_reader *r, const struct bl_exec *x, struct bl_arena *a,
		struct bl_result *out, struct bl_err *err);

#endif
