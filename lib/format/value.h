/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value: one field's text to one value of a column, fast: eight digits at a time in a 64-bit word. What does not fit the
 * short cut goes the way of base/num.h and base/time.h, which say what is accepted. At least 8 bytes after the text must
 * be readable; what they hold does not matter.
 */
#ifndef BL_FORMAT_VALUE_H
#define BL_FORMAT_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Up to 8 bytes that end at the top of the word, each less '0' (modulo 256), zeros below; n 1..8. */
static inline uint64_t bl_value_word(const char *p, size_t n)
{
	unsigned shift = (unsigned)(64 - 8 * n);

	return (bl_le64(p) ^ UINT64_C(0x3030303030303030)) << shift;
}

/* Every byte is 0..9. */
static inline bool bl_value_all_digits(uint64_t w)
{
	return !(((w + UINT64_C(0x7676767676767676)) | w) & UINT64_C(0x8080808080808080));
}

/* The number whose digits are the bytes of w, the first the lowest. */
static inline uint64_t bl_value_join(uint64_t w)
{
	w = (w * 10) + (w >> 8);
	return (((w & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064)) +
		((w >> 16 & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x0000271000000001))) >> 32;
}

/*
 * A word with one '.' among digits: the digits alone in *w and how many followed the point, 0..7; false when it is not
 * so. '.' less '0' is 0x1e, which no digit is.
 */
static inline bool bl_value_point(uint64_t *w, unsigned *after)
{
	uint64_t dots = *w ^ UINT64_C(0x1e1e1e1e1e1e1e1e), low, high;
	unsigned at;

	dots = (dots - UINT64_C(0x0101010101010101)) & ~dots & UINT64_C(0x8080808080808080);
	if (!dots)
		return false;
	at = (unsigned)__builtin_ctzll(dots) & ~7u;
	low = *w & ((UINT64_C(1) << at) - 1);
	high = at == 56 ? 0 : *w >> (at + 8) << (at + 8);
	*w = low << 8 | high;
	*after = 7 - at / 8;
	return bl_value_all_digits(*w);
}

bool bl_value_int(const char *p, size_t n, int64_t *v);
bool bl_value_decimal(const char *p, size_t n, unsigned precision, unsigned scale, int64_t *v);
bool bl_value_double(const char *p, size_t n, int64_t *bits);		/* finite */
bool bl_value_date(const char *p, size_t n, int64_t *days);
/* A date alone is its midnight. */
bool bl_value_stamp(const char *p, size_t n, int64_t *us);
/* true, false, t, f in any case, 1, 0. */
bool bl_value_bool(const char *p, size_t n, int64_t *v);

#endif
