/* SPDX-License-Identifier: Apache-2.0 */
/*
 * people: who is in which group. The entity of each row is the header's entity columns, or the row itself; every row of the
 * file is numbered, also those that the filter leaves out. A pair is a group and an entity that has a row in it.
 *
 * An id is made by the caller (bl_exec.name: this layer holds no keys) from the canonical text of the entity, so that it
 * survives a new ingest in other types: for each entity column four bytes of length, little-endian, and the text; 12,
 * 12.00 and '12' are the text 12, dates and times are RFC 3339 (numbers outside of the calendar), booleans true and false, doubles shortest. A row as
 * entity: 0xffffffff, then shard and row number in 4 and 8 bytes.
 */
#ifndef BL_QUERY_PEOPLE_H
#define BL_QUERY_PEOPLE_H

#include "query/accum.h"
#include "query/exec.h"
#include "query/group.h"

struct bl_people_pair { uint32_t group, entity, next; };	/* next of the same entity, + 1 */
struct bl_people {
	struct bl_scan *s;
	bool rows;			/* the row is the entity */
	struct bl_group who;
	uint32_t n;			/* entities so far */
	uint32_t npair;
	struct bl_people_pair *pair;
	size_t cap;
	uint32_t *head;			/* by entity: its first pair + 1 */
	size_t nhead;
	uint32_t *slot;			/* pairs of entities that are in many groups, + 1 */
	size_t nslot, used;
	uint64_t seed;
	uint32_t nseen;			/* arguments that may be NULL */
	struct bl_people_seen *seen;
	struct bl_people_seen **of;	/* by cell; NULL: everyone has it */
	uint32_t row[BL_KERNEL_N];	/* entities of the vector, when rows */
	uint32_t *entity;		/* of the vector */
	uint32_t pid[BL_KERNEL_N];	/* pairs of the vector */
};

int bl_people_init(struct bl_people *p, struct bl_scan *s, struct bl_err *err);
void bl_people_fini(struct bl_people *p);
/* All rows of the vector: their entities, and who has a value. */
int bl_people_vector(struct bl_people *p, struct bl_err *err);
/* Pairs of the rows in mask. */
int bl_people_pairs(struct bl_people *p, const uint64_t *mask, const uint32_t *gid, struct bl_err *err);
/* Fills the part of the result that is by entity; rank[g] is where group g comes. The result's groups are there already. */
int bl_people_finish(struct bl_people *p, const struct bl_accum_set *set, const uint32_t *rank, const struct bl_exec *x, struct bl_arena *a,
		     struct bl_result *out, struct bl_err *err);

#endif
