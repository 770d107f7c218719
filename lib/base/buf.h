/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: a bounded growing byte buffer, little-endian; cur.h is the way back.
 * Sticky: after the first failure every later call does nothing, and one check at the end is enough.
 */
#ifndef BL_BASE_BUF_H
#define BL_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cur.h"

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

#endif
