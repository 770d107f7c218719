/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel: the executor's loops over 1,024 values. Compiled once for each x86-64 level; exec.c chooses. All arithmetic is
 * modulo 2^64: whoever calls has proven that nothing is lost. Arrays hold 1,024 values, masks 16 words; what lies past
 * the rows of a vector is computed too and counts for nothing, since masks are zero there.
 */
#ifndef BL_QUERY_KERNEL_H
#define BL_QUERY_KERNEL_H

#include <stdint.h>

enum { BL_KERNEL_N = 1024, BL_KERNEL_WORDS = 16, BL_KERNEL_FEW = 8 };

struct bl_kernel {
	/* Clears the bits of mask where not lo <= v[i] <= lo + span. */
	void (*range)(const int64_t *v, int64_t lo, uint64_t span, uint64_t *mask);
	/* Clears the bits of mask where lut[code[i]] is 0; it is 0 or 1. */
	void (*look)(const uint32_t *code, const uint32_t *lut, uint64_t *mask);

	void (*add)(const int64_t *a, const int64_t *b, int64_t *out);
	void (*sub)(const int64_t *a, const int64_t *b, int64_t *out);
	void (*mul)(const int64_t *a, const int64_t *b, int64_t *out);
	void (*line)(const int64_t *a, int64_t mul, int64_t plus, int64_t *out);	/* a * mul + plus; mul is 1 or -1 as a rule */
	void (*zero)(int64_t *v, const uint64_t *bit);		/* v[i] = 0 where the bit is set */

	int64_t (*sum)(const int64_t *v, const uint64_t *mask);
	int64_t (*sum_all)(const int64_t *v);
	void (*bounds)(const int64_t *v, const uint64_t *mask, int64_t *min, int64_t *max);	/* lowers *min, raises *max */
	/* Of the rows with gid[i] = g < ngroup <= FEW: adds their number to out[g * (nv + 1) + nv], the sum of v[k] to
	 * out[g * (nv + 1) + k]; nv <= FEW. Other gids are left out. */
	void (*few)(const uint32_t *gid, uint32_t ngroup, const int64_t *const *v, unsigned nv, int64_t *out);

	/* code[i] = v[i] - min + 1, or 0 when that is not in 1..span+1; returns whether any was 0. */
	uint64_t (*dense)(const int64_t *v, int64_t min, uint64_t span, uint32_t *code);
	uint32_t (*gather)(const uint32_t *at, const uint32_t *map, uint32_t *out);	/* out[i] = map[at[i]]; returns whether any is 0 */
	void (*join)(uint32_t *at, const uint32_t *code, unsigned shift);		/* at[i] |= code[i] << shift */
	void (*only)(uint32_t *gid, const uint64_t *mask);	/* gid[i] - 1 where the bit is set, UINT32_MAX elsewhere */
};
extern const struct bl_kernel bl_kernel_v2, bl_kernel_v3, bl_kernel_v4;

#endif
