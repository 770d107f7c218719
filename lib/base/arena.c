/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena: a chain of zeroed blocks, each twice the size of the last. The limit is on bytes given out, so that it means the
 * same whatever the block sizes.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/num.h"
#include "base/pages.h"

enum { ALIGN = 16, FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

struct bl_arena_block {
	struct bl_arena_block *next;
	size_t used, size;
	_Alignas(ALIGN) uint8_t data[];
};

void bl_arena_init(struct bl_arena *a, size_t limit)
{
	*a = (struct bl_arena){ .limit = limit };
}

void bl_arena_fini(struct bl_arena *a)
{
	for (struct bl_arena_block *b = a->head, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	bl_arena_init(a, a->limit);
}

static struct bl_arena_block *grow(struct bl_arena *a, size_t n)
{
	size_t size = a->head ? a->head->size * 2 : FIRST_BLOCK;
	struct bl_arena_block *b;

	if (size > LARGEST_BLOCK)
		size = LARGEST_BLOCK;
	if (size < n)
		size = n;
	b = calloc(1, sizeof *b + size);	/* n <= limit, checked by the caller: the sum can only be refused by calloc */
	if (!b)
		return NULL;
	bl_pages_large(b, sizeof *b + size);
	b->size = size;
	/* A block made for one large request goes behind the head, whose room is still good. */
	if (size == n && a->head) {
		b->next = a->head->next;
		a->head->next = b;
	} else {
		b->next = a->head;
		a->head = b;
	}
	return b;
}

void *bl_arena_alloc(struct bl_arena *a, size_t n)
{
	struct bl_arena_block *b = a->head;
	void *p;

	if (n == 0)
		n = 1;
	if (n > SIZE_MAX / 2)
		return NULL;
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (n > a->limit - a->used)
		return NULL;
	if (!b || n > b->size - b->used)
		b = grow(a, n);
	if (!b)
		return NULL;
	p = b->data + b->used;
	b->used += n;
	a->used += n;
	return p;
}

void *bl_arena_array(struct bl_arena *a, size_t n, size_t size)
{
	size_t all;

	return bl_num_mul(n, size, &all) ? bl_arena_alloc(a, all) : NULL;
}

char *bl_arena_strndup(struct bl_arena *a, const char *s, size_t n)
{
	size_t all;
	char *p = bl_num_add(n, 1, &all) ? bl_arena_alloc(a, all) : NULL;

	if (p && n)
		memcpy(p, s, n);
	return p;
}

char *bl_arena_printf(struct bl_arena *a, const char *fmt, ...)
{
	va_list ap;
	int n;
	char *p;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	p = bl_arena_alloc(a, (size_t)n + 1);
	if (!p)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}
