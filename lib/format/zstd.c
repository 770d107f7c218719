/* SPDX-License-Identifier: Apache-2.0 */
/* zstd: see zstd.h. Contexts are made at first use and kept: making one costs more than a small block. */
#include "format/zstd.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

struct bl_zstd {
	ZSTD_CCtx *put;
	ZSTD_DCtx *get;
};

struct bl_zstd *bl_zstd_new(void)
{
	return calloc(1, sizeof(struct bl_zstd));
}

void bl_zstd_free(struct bl_zstd *z)
{
	if (!z)
		return;
	ZSTD_freeCCtx(z->put);
	ZSTD_freeDCtx(z->get);
	free(z);
}

void bl_zstd_put(struct bl_zstd *z, const void *p, size_t n, struct bl_buf *out)
{
	const uint8_t *s = p;

	if (!z->put && !(z->put = ZSTD_createCCtx())) {
		out->failed = true;
		return;
	}
	while (n) {
		size_t len = n < BL_ZSTD_BLOCK ? n : BL_ZSTD_BLOCK, r;
		uint32_t stored;

		if (!bl_buf_room(out, sizeof(stored) + len))
			return;
		/* A frame that would not be shorter does not fit, and that is an error to libzstd. */
		r = ZSTD_compressCCtx(z->put, out->p + out->len + sizeof(stored), len - 1, s, len, BL_ZSTD_LEVEL);
		stored = (uint32_t)(ZSTD_isError(r) ? len : r);
		memcpy(out->p + out->len, &stored, sizeof(stored));
		if (stored == len)
			memcpy(out->p + out->len + sizeof(stored), s, len);
		out->len += sizeof(stored) + stored;
		s += len;
		n -= len;
	}
}

int bl_zstd_get(struct bl_zstd *z, struct bl_cur *in, void *out, size_t n)
{
	uint8_t *d = out;

	if (!z->get && !(z->get = ZSTD_createDCtx()))
		return -1;
	while (n) {
		size_t len = n < BL_ZSTD_BLOCK ? n : BL_ZSTD_BLOCK;
		uint32_t stored = bl_cur_get32(in);
		const uint8_t *s = stored <= len ? bl_cur_get(in, stored) : NULL;

		if (!s)
			return -1;
		if (stored == len)
			memcpy(d, s, len);
		else if (ZSTD_decompressDCtx(z->get, d, len, s, stored) != len)
			return -1;
		d += len;
		n -= len;
	}
	return 0;
}
