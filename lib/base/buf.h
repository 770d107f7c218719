/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: a bounded growing byte buffer (writer) and a bounded cursor (reader), little-endian.
 * Both are sticky: after the first failure every later call does nothing, and one check at the end is enough.
 */
#ifndef BL_BASE_BUF_H
#define BL_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bl_buf {
	uint8_t *p;
	size_t len, cap, max;	/* max: most bytes it may hold */
	bool failed;		/* a put passed max, or memory was out */
};

void bl_buf_init(struct bl_buf *b, size_t max);
void bl_buf_fini(struct bl_buf *b);		/* frees; b is empty with the same max */
void bl_buf_wipe(struct bl_buf *b);		/* zeroes the bytes, then bl_buf_fini */
void bl_buf_clear(struct bl_buf *b);		/* len = 0, failed = false, memory kept */
bool bl_buf_room(struct bl_buf *b, size_t n);	/* makes room for n more bytes */
void bl_buf_put(struct bl_buf *b, const void *p, size_t n);
void bl_buf_puts(struct bl_buf *b, const char *s);
void bl_buf_printf(struct bl_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void bl_buf_put8(struct bl_buf *b, uint8_t v);
void bl_buf_put16(struct bl_buf *b, uint16_t v);
void bl_buf_put32(struct bl_buf *b, uint32_t v);
void bl_buf_put64(struct bl_buf *b, uint64_t v);

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

/* Unaligned little-endian loads and stores. */
static inline uint16_t bl_le16(const void *p) { uint16_t v; __builtin_memcpy(&v, p, 2); return v; }
static inline uint32_t bl_le32(const void *p) { uint32_t v; __builtin_memcpy(&v, p, 4); return v; }
static inline uint64_t bl_le64(const void *p) { uint64_t v; __builtin_memcpy(&v, p, 8); return v; }

#endif
