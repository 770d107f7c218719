/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finish: released cells -> rows: aggregates from their cells, HAVING, output expressions, ORDER BY, LIMIT. It sees only
 * what the gate let through: a withheld cell is NULL here, and so is everything computed from it.
 */
#ifndef BL_QUERY_FINISH_H
#define BL_QUERY_FINISH_H

#include "format/table.h"
#include "query/result.h"

/* A release: finished rows as text, the only thing that is ever sent or printed, in a type of its own so that nothing else
 * is taken for one. Texts are canonical for their type: true/false, digits, fixed point, shortest double, RFC 3339, UTF-8. */
struct bl_release { struct bl_table table; };

/* cells: groups the gate released; withheld[g * ncell + c] true where cell c of group g was suppressed (NULL: none).
 * suppress: the policy withholds cells, the last column is BL_TABLE_SUPPRESSED. Result's entity fields are not looked at. */
int bl_finish(const struct bl_plan *p, const struct bl_result *cells, const bool *withheld, bool suppress, uint64_t max_rows,
	      struct bl_arena *a, struct bl_release *out, struct bl_err *err);

#endif
