/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zstd: bytes in blocks of 256 KiB, each a u32 length and then that many bytes: a zstd frame, or the bytes themselves
 * when a frame would not be shorter. The only file that includes libzstd.
 */
#ifndef BL_FORMAT_ZSTD_H
#define BL_FORMAT_ZSTD_H

#include "base/buf.h"

enum { BL_ZSTD_BLOCK = 256 << 10, BL_ZSTD_LEVEL = 2 };
struct bl_zstd;

struct bl_zstd *bl_zstd_new(void);		/* NULL: out of memory */
void bl_zstd_free(struct bl_zstd *z);
/* Appends the blocks of n bytes; a failure shows in out->failed. */
void bl_zstd_put(struct bl_zstd *z, const void *p, size_t n, struct bl_buf *out);
/* Reads the blocks that hold exactly n bytes; 0, or -1 when they do not, or memory is out. */
int bl_zstd_get(struct bl_zstd *z, struct bl_cur *in, void *out, size_t n);

#endif
