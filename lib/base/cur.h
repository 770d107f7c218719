/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cur: a bounded cursor over bytes, little-endian. Sticky: after a get passed the end every later one does nothing, and one
 * check of `bad` is enough.
 */
#ifndef BL_BASE_CUR_H
#define BL_BASE_CUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bl_cur {
	const uint8_t *p;
	size_t left;
	bool bad;		/* a get passed the end */
};

void bl_cur_init(struct bl_cur *c, const void *p, size_t n);
/* The next n bytes, or NULL (and bad). Never copies. */
const uint8_t *bl_cur_get(struct bl_cur *c, size_t n);
uint8_t bl_cur_get8(struct bl_cur *c);
uint16_t bl_cur_get16(struct bl_cur *c);
uint32_t bl_cur_get32(struct bl_cur *c);
uint64_t bl_cur_get64(struct bl_cur *c);

/* Unaligned little-endian loads. */
static inline uint16_t bl_le16(const void *p) { uint16_t v; __builtin_memcpy(&v, p, 2); return v; }
static inline uint32_t bl_le32(const void *p) { uint32_t v; __builtin_memcpy(&v, p, 4); return v; }
static inline uint64_t bl_le64(const void *p) { uint64_t v; __builtin_memcpy(&v, p, 8); return v; }

#endif
