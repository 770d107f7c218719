/* SPDX-License-Identifier: Apache-2.0 */
/*
 * num: checked arithmetic, strict numbers, exact decimals, shortest doubles.
 */
#ifndef BL_BASE_NUM_H
#define BL_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef __int128 bl_i128;		/* the two typedefs of the house: C has no name for them */
__extension__ typedef unsigned __int128 bl_u128;

/* true and *r = a op b, or false on overflow (then *r is untouched). */
bool bl_num_mul(size_t a, size_t b, size_t *r);
bool bl_num_add(size_t a, size_t b, size_t *r);

/* Strict decimal integer: optional '-', digits, nothing else, all n bytes used. */
bool bl_num_parse_i64(const char *s, size_t n, int64_t *r);
bool bl_num_parse_u64(const char *s, size_t n, uint64_t *r);
/* Strict RFC 8259 number or C-like decimal ("1", "-1.5", ".5" is refused, "1e3" allowed) to double, correctly rounded; false otherwise, on inf and nan too. */
bool bl_num_parse_f64(const char *s, size_t n, double *r);
/*
 * Decimal text "-12.340" to an integer at `scale` (0..18) digits after the point; false when it is not a plain
 * decimal, has more than `scale` digits after the point that are not zero, or does not fit int64.
 */
bool bl_num_parse_dec(const char *s, size_t n, unsigned scale, int64_t *r);

enum { BL_NUM_TEXT = 64 };	/* room that every printer below needs, terminator included */
size_t bl_num_print_i128(bl_i128 v, char out[BL_NUM_TEXT]);
/* v at scale (0..38) as fixed point with exactly `scale` digits after the point: (12340, 3) is "12.340". Returns length. */
size_t bl_num_print_dec(bl_i128 v, unsigned scale, char out[BL_NUM_TEXT]);
/* Shortest text that reads back as v; integers below 2^53 without exponent or point ("3"); finite v only. */
size_t bl_num_print_f64(double v, char out[BL_NUM_TEXT]);

/* 10^n for n in 0..18 (i64) and 0..38 (i128). */
int64_t bl_num_pow10(unsigned n);
bl_i128 bl_num_pow10_i128(unsigned n);
/* Quotient num / den of exact integers as the nearest double (ties to even); den > 0. */
double bl_num_ratio(bl_i128 num, bl_i128 den);

#endif
