/* SPDX-License-Identifier: Apache-2.0 */
/*
 * result: the raw result of a plan: types only. It never leaves the helper; what leaves is a struct bl_release.
 */
#ifndef BL_QUERY_RESULT_H
#define BL_QUERY_RESULT_H

#include "query/plan.h"

struct bl_acc {			/* value of one cell of one group */
	bool null;		/* nothing entered, or overflow */
	bl_i128 i;		/* N, S, SS, DISTINCT; MIN, MAX of int64 types and decimals */
	double f;		/* of doubles; MEDIAN */
	struct bl_str s;	/* MIN, MAX of text */
};

struct bl_result {
	uint32_t nkey, ncell;
	uint64_t ngroup;
	struct bl_value *key;		/* [ngroup][nkey], groups in ascending key order, NULLs last; rows in file order */
	struct bl_acc *acc;		/* [ngroup][ncell] */

	/* Only when entities were asked for: */
	bool by_entity;
	uint64_t population;		/* distinct entities in the file */
	uint64_t *universe;		/* [ncell], for N cells: entities of the file with a row whose arg is not NULL, WHERE and cond aside */
	const uint64_t **holds;		/* [ncell], for N cells: those entities, a bit for each; NULL: all of them */
	uint64_t *first;		/* [ngroup + 1]: contributions of group g are first[g] .. first[g+1] */
	uint32_t *who;			/* entity number of a contribution, 0 .. population-1, ascending within a group */
	bl_i128 *part;			/* [contributions][ncell]: the entity's own N, S, SS (0 for other kinds) */
	int *shift;			/* [ncell]: parts of S, SS of doubles are fixed point in units of 2^-shift, each row rounded; else 0 */
	uint64_t (*entity)[2];		/* [population]: 128-bit ids of the entities, when bl_exec.name was given */
};

#endif
