/* SPDX-License-Identifier: Apache-2.0 */
/*
 * num: numbers from hostile text and back. Parsers use every byte or refuse; nothing depends on the locale (no program
 * calls setlocale).
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

bool bl_num_mul(size_t a, size_t b, size_t *r)
{
	size_t x;

	if (__builtin_mul_overflow(a, b, &x))
		return false;
	*r = x;
	return true;
}

bool bl_num_add(size_t a, size_t b, size_t *r)
{
	size_t x;

	if (__builtin_add_overflow(a, b, &x))
		return false;
	*r = x;
	return true;
}

static const uint64_t ten[] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000,
	100000000000000, 1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000, 10000000000000000000u,
};

int64_t bl_num_pow10(unsigned n)
{
	assert(n <= 18);
	return (int64_t)ten[n];
}

bl_i128 bl_num_pow10_i128(unsigned n)
{
	assert(n <= 38);
	return n < 20 ? (bl_i128)ten[n] : (bl_i128)ten[19] * (bl_i128)ten[n - 19];
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

bool bl_num_parse_u64(const char *s, size_t n, uint64_t *r)
{
	uint64_t v = 0;

	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!digit(s[i]) || __builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(s[i] - '0'), &v))
			return false;
	*r = v;
	return true;
}

/* A sign and a magnitude, if int64 holds it. */
static bool signed64(bool negative, uint64_t v, int64_t *r)
{
	if (v > (uint64_t)INT64_MAX + negative)
		return false;
	*r = (int64_t)(negative ? -v : v);
	return true;
}

bool bl_num_parse_i64(const char *s, size_t n, int64_t *r)
{
	bool negative = n && s[0] == '-';
	uint64_t v;

	return bl_num_parse_u64(s + negative, n - negative, &v) && signed64(negative, v, r);
}

/* Where the digits that start at i end. */
static size_t digits(const char *s, size_t n, size_t i)
{
	while (i < n && digit(s[i]))
		i++;
	return i;
}

bool bl_num_parse_f64(const char *s, size_t n, double *r)
{
	/* Longer than the exact text of any double; what is longer is no number that a program wrote. */
	char z[2048];
	size_t start = n && s[0] == '-', point = digits(s, n, start), end = point, i;
	double v;

	if (point == start || n >= sizeof z)
		return false;
	if (point < n && s[point] == '.') {
		end = digits(s, n, point + 1);
		if (end == point + 1)
			return false;
	}
	if (end == n && n - start <= 16) {
		/* At most 15 digits when there is a point, 16 when not: a whole number below 2^53 and a power of ten that a
		 * double holds exactly, so that one division rounds once. */
		uint64_t m = 0;
		for (i = start; i < n; i++)
			if (s[i] != '.')
				m = m * 10 + (uint64_t)(s[i] - '0');
		if (m <= UINT64_C(1) << 53) {
			v = (double)m / (double)bl_num_pow10(point < n ? (unsigned)(n - point - 1) : 0);
			*r = start ? -v : v;
			return true;
		}
	}
	if (end < n) {
		if (s[end] != 'e' && s[end] != 'E')
			return false;
		i = end + 1;
		if (i < n && (s[i] == '+' || s[i] == '-'))
			i++;
		if (i == n || digits(s, n, i) != n)
			return false;
	}
	memcpy(z, s, n);
	z[n] = 0;
	v = strtod(z, NULL);
	if (!isfinite(v))
		return false;
	*r = v;
	return true;
}

bool bl_num_parse_dec(const char *s, size_t n, unsigned scale, int64_t *r)
{
	size_t start = n && s[0] == '-', point = digits(s, n, start), i, end = point;
	uint64_t v = 0;

	assert(scale <= 18);
	if (point == start)
		return false;
	if (point < n) {
		end = digits(s, n, point + 1);
		if (s[point] != '.' || end == point + 1 || end != n)
			return false;
	}
	for (i = start; i < n && i <= point + scale; i++)
		if (i != point &&
		    (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(s[i] - '0'), &v)))
			return false;
	for (; i < n; i++)
		if (s[i] != '0')
			return false;
	i = point < n ? n - point - 1 : 0;
	if (i < scale && __builtin_mul_overflow(v, (uint64_t)bl_num_pow10(scale - (unsigned)i), &v))
		return false;
	return signed64(start, v, r);
}

/* Digits of v, at least `least` of them, before end; returns the first. */
static char *put_digits(char *end, bl_u128 v, unsigned least)
{
	char *p = end;

	for (; v || least; v /= 10, least -= least > 0)
		*--p = (char)('0' + (int)(v % 10));
	return p;
}

size_t bl_num_print_dec(bl_i128 v, unsigned scale, char out[BL_NUM_TEXT])
{
	char tmp[BL_NUM_TEXT], *end = tmp + sizeof tmp, *p;
	bl_u128 m = v < 0 ? -(bl_u128)v : (bl_u128)v;
	size_t n, whole;

	assert(scale <= 38);
	p = put_digits(end, m, scale + 1);
	n = (size_t)(end - p);
	whole = n - scale;
	if (v < 0)
		*out++ = '-';
	memcpy(out, p, whole);
	if (scale) {
		out[whole] = '.';
		memcpy(out + whole + 1, p + whole, scale);
		n++;
	}
	out[n] = 0;
	return n + (v < 0);
}

size_t bl_num_print_i128(bl_i128 v, char out[BL_NUM_TEXT])
{
	return bl_num_print_dec(v, 0, out);
}

/*
 * The nearest 16 digits of a power of two may lie below it, where doubles are twice as close, and read back as the one before,
 * when the next 16 digits above read back as it. (46 powers, 2^-26 nearest to 1: all print with an exponent.)
 */
static bool print_above(double v, char out[BL_NUM_TEXT])
{
	int exponent;
	char *last = out + 16 + (v < 0);		/* of "d.ddddddddddddddde-08" */

	if (fabs(frexp(v, &exponent)) != 0.5)
		return false;
	snprintf(out, BL_NUM_TEXT, "%.15e", v);
	*last = (char)(*last + 1);
	return *last <= '9' && strtod(out, NULL) == v;
}

size_t bl_num_print_f64(double v, char out[BL_NUM_TEXT])
{
	int n;

	assert(isfinite(v));
	if (fabs(v) < 9007199254740992.0 && v == floor(v))
		return (size_t)snprintf(out, BL_NUM_TEXT, "%.0f", v);
	/* 15 digits always survive the way to a normal double and back, so no shorter text can exist that 15 digits would
	 * not find; a subnormal has fewer, and starts at one. */
	for (int digs = isnormal(v) ? 15 : 1; digs <= 16; digs++) {
		n = snprintf(out, BL_NUM_TEXT, "%.*g", digs, v);
		if (strtod(out, NULL) == v)
			return (size_t)n;
	}
	if (print_above(v, out))
		return strlen(out);
	return (size_t)snprintf(out, BL_NUM_TEXT, "%.17g", v);
}

static int bit_length(bl_u128 v)
{
	uint64_t high = (uint64_t)(v >> 64), low = (uint64_t)v;

	return high ? 128 - __builtin_clzll(high) : low ? 64 - __builtin_clzll(low) : 0;
}

double bl_num_ratio(bl_i128 num, bl_i128 den)
{
	bl_u128 a = num < 0 ? -(bl_u128)num : (bl_u128)num, b = (bl_u128)den;
	uint64_t q = 0;
	int la = bit_length(a), lb = bit_length(b);
	double v;

	assert(den > 0);
	if (num == 0)
		return 0;
	/*
	 * Both brought to 127 bits, the quotient lies between 1/2 and 2; 56 steps of long division give at least 55 of its
	 * bits, two more than a double has, and the last takes in whether anything is left. The conversion then rounds
	 * once, to even.
	 */
	if (la == 128)			/* only -2^127: shift the other way, exactly */
		a >>= 1;
	else
		a <<= 127 - la;
	b <<= 127 - lb;
	for (int i = 0; i < 56; i++, a <<= 1) {
		bool bit = a >= b;
		q = q << 1 | bit;
		if (bit)
			a -= b;
	}
	v = ldexp((double)(q | (a != 0)), la - lb - 55);
	return num < 0 ? -v : v;
}
