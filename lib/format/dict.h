/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dict: the distinct values of a column chunk in order of first appearance, and the code of each row; or the news that
 * there are too many for a dictionary to pay, as early as that is clear. Hashing is seeded: nobody who supplies rows can
 * choose collisions; codes do not depend on the seed.
 */
#ifndef BL_FORMAT_DICT_H
#define BL_FORMAT_DICT_H

#include <stdbool.h>
#include <stdint.h>

enum { BL_DICT_INTS = 32768, BL_DICT_TEXTS = 16384 };	/* most entries */

struct bl_dict {
	uint32_t *code;		/* of each row */
	uint32_t n;		/* entries */
	int64_t *value;		/* integer entries */
	uint32_t *first;	/* text entries: the row where each is first seen */
	uint64_t *slot;		/* open addressing: upper half of the hash, then code + 1; 0 is free */
	uint64_t seed;
};

struct bl_dict *bl_dict_new(void);		/* NULL: out of memory */
void bl_dict_free(struct bl_dict *d);
/* true and code, n, value or first are set; false: more than `most` entries, or too many to pay. rows <= BL_TYPE_GROUP. */
bool bl_dict_ints(struct bl_dict *d, const int64_t *v, uint32_t rows, uint32_t most);
/* At least eight bytes after the text are readable. */
bool bl_dict_texts(struct bl_dict *d, const uint8_t *text, const uint32_t *end, uint32_t rows);

#endif
