/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena: zeroed memory for one request or one row group, freed at once, with a limit.
 * Keys never live here: see crypt/mem.h.
 */
#ifndef BL_BASE_ARENA_H
#define BL_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct bl_arena_block;
struct bl_arena {
	struct bl_arena_block *head;
	size_t used, limit;	/* bytes given out, most that may be */
};

void bl_arena_init(struct bl_arena *a, size_t limit);
/* Frees everything; the arena is empty and usable again with the same limit. */
void bl_arena_fini(struct bl_arena *a);
/* n zeroed bytes aligned to 16, or NULL when the limit or memory is out. n = 0 gives a valid pointer. */
void *bl_arena_alloc(struct bl_arena *a, size_t n);
/* Array form, checked for overflow. */
void *bl_arena_array(struct bl_arena *a, size_t n, size_t size);
/* Copy with a terminator after it. */
char *bl_arena_strndup(struct bl_arena *a, const char *s, size_t n);
/* printf into the arena. */
char *bl_arena_printf(struct bl_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
