/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finish: released cells -> rows: aggregates from their cells, HAVING, output expressions, ORDER BY, LIMIT. It sees only
 * what the gate let through: a withheld cell is NULL here, and so is everything computed from it.
 */
#ifndef BL_QUERY_FINISH_H
#define BL_QUERY_FINISH_H

#include "query/result.h"

/* A release: finished rows as text, the only thing that is ever sent or printed. Texts are canonical for their type:
 * true/false, digits, fixed point, shortest double, RFC 3339, UTF-8. */
struct bl_release_col { const char *name; struct bl_type type; };
struct bl_release {
	uint32_t ncol;
	uint64_t nrow;
	struct bl_release_col *col;
	struct bl_str *cell;		/* [nrow][ncol]; p NULL: NULL */
	bool suppress;			/* the policy suppresses: the last column is `_suppressed` */
};

/* cells: groups the gate released; withheld[g * ncell + c] true where cell c of group g was suppressed (NULL: none).
 * Result's entity fields are not looked at. */
int bl_finish(const struct bl_plan *p, const struct bl_result *cells, const bool *withheld, bool suppress, uint64_t max_rows,
	      struct bl_arena *a, struct bl_release *out, struct bl_err *err);
/* Canonical rows (jsonl bytes, one object a line, keys in column order): what a receipt's output hash is over. */
void bl_finish_jsonl(const struct bl_release *r, struct bl_buf *b);

#endif
