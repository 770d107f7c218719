/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coder: the values of one expression as small numbers: 0 is NULL, equal values have equal codes for the whole run. An
 * integer whose statistics leave a small range is coded by subtraction, text by its chunk's dictionary; all others by a
 * hash table whose seed nobody knows who supplies rows. Codes do not depend on the seed.
 */
#ifndef BL_QUERY_CODER_H
#define BL_QUERY_CODER_H

#include "query/scan.h"

enum bl_coder_kind { BL_CODER_DENSE, BL_CODER_INT, BL_CODER_WIDE, BL_CODER_REAL, BL_CODER_TEXT };
struct bl_coder {
	struct bl_scan *s;
	struct bl_scan_node *node;
	enum bl_coder_kind kind;
	int64_t min;			/* DENSE: code 1 */
	uint64_t span;
	uint32_t n;			/* codes are below it */
	int64_t *i64;			/* by code: INT; REAL, as integers in the order of the doubles */
	bl_i128 *i128;
	struct bl_str *str;
	size_t cap;
	uint64_t *slot;			/* open addressing: upper half of the hash, then the code; 0 is free */
	size_t nslot;
	uint64_t seed;
	uint32_t *map;			/* TEXT: code of each entry of the chunk's dictionary, 0: not looked up yet */
	size_t mapcap;
	uint32_t group;			/* + 1: the row group that map is of */
	uint32_t *rank;			/* by code, after bl_coder_order */
	size_t rankcap;
	uint64_t hash[BL_KERNEL_N];
	uint32_t code[BL_KERNEL_N];	/* of the vector, after bl_coder_run; below n also where mask is not set */
};

int bl_coder_init(struct bl_coder *c, struct bl_scan *s, struct bl_scan_node *node, struct bl_err *err);
void bl_coder_fini(struct bl_coder *c);
/* The codes of the rows in mask. */
int bl_coder_run(struct bl_coder *c, const uint64_t *mask, struct bl_err *err);
/* After the last vector: bl_coder_rank may be asked. Ascending, NULLs last, text bytewise. */
int bl_coder_order(struct bl_coder *c, struct bl_err *err);
static inline uint32_t bl_coder_rank(const struct bl_coder *c, uint32_t code)
{
	return code == 0 ? c->n : c->rank ? c->rank[code] : code;
}
/* The value of a code; text is borrowed from the coder. */
void bl_coder_value(const struct bl_coder *c, uint32_t code, struct bl_value *v);

#endif
