/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool: the memory of one run under one limit: an arena for what is made once, arrays that grow for what depends on rows,
 * and sorting of such arrays. Whatever does not fit is 77 `limits.memory`.
 */
#ifndef BL_QUERY_POOL_H
#define BL_QUERY_POOL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

struct bl_pool {
	struct bl_arena a;
	size_t grown, limit;		/* bytes in arrays; most bytes in both */
};
void bl_pool_init(struct bl_pool *p, size_t limit);
void bl_pool_fini(struct bl_pool *p);			/* the arena; arrays are dropped by who grew them */
int bl_pool_refuse(struct bl_err *err);			/* 77 limits.memory; always -1 */
/* n zeroed elements in the arena, or NULL with the error set. */
void *bl_pool_alloc(struct bl_pool *p, size_t n, size_t size, struct bl_err *err);

/* array_at is the address of a pointer to *cap elements: room for `need`, new elements zeroed. */
int bl_pool_grow(struct bl_pool *p, void *array_at, size_t *cap, size_t need, size_t size, struct bl_err *err);
/* The same, exactly n elements, all zero, what was there lost. */
int bl_pool_fresh(struct bl_pool *p, void *array_at, size_t *cap, size_t n, size_t size, struct bl_err *err);
void bl_pool_drop(struct bl_pool *p, void *array_at, size_t *cap, size_t size);

/* Ascending by key, stable. */
struct bl_pool_pair { uint64_t key, val; };
int bl_pool_sort(struct bl_pool *p, struct bl_pool_pair *a, size_t n, struct bl_err *err);

#endif
