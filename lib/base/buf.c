/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: writer and reader of bytes, both bounded, both sticky. Growing may leave old copies behind in the heap: a buffer
 * meant for a secret takes its room before the secret goes in.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "loads and stores are copies of little-endian bytes");

void bl_buf_init(struct bl_buf *b, size_t max)
{
	*b = (struct bl_buf){ .max = max };
}

void bl_buf_fini(struct bl_buf *b)
{
	free(b->p);
	bl_buf_init(b, b->max);
}

void bl_buf_wipe(struct bl_buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	bl_buf_fini(b);
}

void bl_buf_clear(struct bl_buf *b)
{
	b->len = 0;
	b->failed = false;
}

bool bl_buf_room(struct bl_buf *b, size_t n)
{
	size_t need, cap;
	uint8_t *p;

	if (b->failed)
		return false;
	if (!bl_num_add(b->len, n, &need) || need > b->max) {
		b->failed = true;
		return false;
	}
	if (need <= b->cap)
		return true;
	cap = b->cap < 64 ? 128 : b->cap * 2;
	if (cap > b->max)
		cap = b->max;
	if (cap < need)
		cap = need;
	p = realloc(b->p, cap);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

void bl_buf_put(struct bl_buf *b, const void *p, size_t n)
{
	if (n && bl_buf_room(b, n)) {
		memcpy(b->p + b->len, p, n);
		b->len += n;
	}
}

void bl_buf_puts(struct bl_buf *b, const char *s)
{
	bl_buf_put(b, s, strlen(s));
}

void bl_buf_printf(struct bl_buf *b, const char *fmt, ...)
{
	size_t left = b->cap - b->len;
	va_list ap;
	int n;

	if (b->failed)
		return;
	va_start(ap, fmt);
	n = vsnprintf(b->p ? (char *)b->p + b->len : NULL, left, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n >= left) {
		/* One byte more than the text, for the terminator that vsnprintf insists on. */
		char *text = malloc((size_t)n + 1);
		if (text) {
			va_start(ap, fmt);
			vsnprintf(text, (size_t)n + 1, fmt, ap);
			va_end(ap);
			bl_buf_put(b, text, (size_t)n);
			free(text);
			return;
		}
		n = -1;
	}
	if (n < 0)
		b->failed = true;
	else
		b->len += (size_t)n;
}

void bl_buf_put8(struct bl_buf *b, uint8_t v)
{
	bl_buf_put(b, &v, sizeof v);
}

void bl_buf_put16(struct bl_buf *b, uint16_t v)
{
	bl_buf_put(b, &v, sizeof v);
}

void bl_buf_put32(struct bl_buf *b, uint32_t v)
{
	bl_buf_put(b, &v, sizeof v);
}

void bl_buf_put64(struct bl_buf *b, uint64_t v)
{
	bl_buf_put(b, &v, sizeof v);
}
