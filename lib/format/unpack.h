/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack: the loops over 1,024 values that every sealed byte goes through. Compiled once for each x86-64 level; codec.c
 * chooses. Plain C that vectorises: value i sits in lane i % 16, row i / 16, and each lane is a string of 64-bit words
 * with its 64 values packed from the low bit up; word k of lane l is word 16 k + l. So a vector of width w takes 16 w
 * words, and width 64 is the values in order.
 */
#ifndef BL_FORMAT_UNPACK_H
#define BL_FORMAT_UNPACK_H

#include <stdint.h>

enum { BL_UNPACK_LANES = 16, BL_UNPACK_ROWS = 64 };
/* Bytes of a packed vector. */
#define BL_UNPACK_SIZE(width) ((size_t)(width) * BL_UNPACK_LANES * 8)

/* What the writer needs to know to choose an encoding: all differences are modulo 2^64, read as signed. */
struct bl_unpack_scan {
	int64_t min, max;
	int64_t dmin, dmax;	/* of v[i] - v[i-1], i >= 1; 0 when n < 2 */
	uint64_t changes;	/* how many of those are not 0 */
};

struct bl_unpack {
	/* out[i] = base + packed[i] for all 1,024; width 0..64, of which 0 reads nothing. */
	void (*get)(const uint64_t *p, unsigned width, uint64_t base, int64_t *out);
	/* out[i] = min(packed[i], most): indexes that are safe whatever the bytes say. */
	void (*code)(const uint64_t *p, unsigned width, uint32_t most, uint32_t *out);
	/* The inverse of get; each v[i] - base fits in width bits. */
	void (*put)(const int64_t *v, unsigned width, uint64_t base, uint64_t *out);
	/* v[i] /= den as doubles, in place: the integers become the bits of the quotients. */
	void (*divide)(int64_t *v, double den);
	/* v[i] *= by, modulo 2^64. */
	void (*multiply)(int64_t *v, uint64_t by);
	/* v[i] are the bits of doubles; those of what is not finite become 0. */
	void (*finite)(int64_t *v);
	/* v[i] = 0 where bit i is set. */
	void (*clear)(int64_t *v, const uint64_t *bit);
	void (*scan)(const int64_t *v, uint32_t n, struct bl_unpack_scan *s);	/* n >= 1 */
};
extern const struct bl_unpack bl_unpack_v2, bl_unpack_v3, bl_unpack_v4;

#endif
