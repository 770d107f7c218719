/* SPDX-License-Identifier: Apache-2.0 */
/* unpack: see unpack.h. Compiled with -DBL_ISA=v2, v3, v4; exports bl_unpack_v2, _v3, _v4 and nothing else. */
#include "format/unpack.h"

#include <stddef.h>
#include <string.h>

enum { N = BL_UNPACK_LANES * BL_UNPACK_ROWS, L = BL_UNPACK_LANES };

static inline uint64_t ones(unsigned width)
{
	return width == 64 ? ~(uint64_t)0 : ((uint64_t)1 << width) - 1;
}

/*
 * A loop over 16 lanes is two or four vector instructions. gcc unrolls it into scalar ones before it looks for vectors, which
 * takes up to seven times as long; NO_UNROLL keeps it from that.
 */
#define NO_UNROLL _Pragma("GCC unroll 1")

static void get(const uint64_t *restrict p, unsigned width, uint64_t base, int64_t *restrict out)
{
	const uint64_t mask = ones(width);

	if (!width) {
		for (unsigned i = 0; i < N; i++)
			out[i] = (int64_t)base;
		return;
	}
	for (unsigned r = 0, bit = 0; r < BL_UNPACK_ROWS; r++, bit += width) {
		const uint64_t *w = p + bit / 64 * L;
		unsigned s = bit % 64;

		if (s + width <= 64) {
			NO_UNROLL
			for (unsigned l = 0; l < L; l++)
				out[r * L + l] = (int64_t)(base + (w[l] >> s & mask));
		} else {
			NO_UNROLL
			for (unsigned l = 0; l < L; l++)
				out[r * L + l] = (int64_t)(base + ((w[l] >> s | w[L + l] << (64 - s)) & mask));
		}
	}
}

static void code(const uint64_t *restrict p, unsigned width, uint32_t most, uint32_t *restrict out)
{
	const uint64_t mask = ones(width);

	if (!width) {
		memset(out, 0, N * sizeof(*out));
		return;
	}
	for (unsigned r = 0, bit = 0; r < BL_UNPACK_ROWS; r++, bit += width) {
		const uint64_t *w = p + bit / 64 * L;
		unsigned s = bit % 64;

		/* Only one row in some straddles two words; the other reads its own word twice. */
		const uint64_t *x = s + width <= 64 ? w : w + L;
		for (unsigned l = 0; l < L; l++) {
			uint32_t v = (uint32_t)((w[l] >> s | x[l] << 1 << (63 - s)) & mask);
			out[r * L + l] = v < most ? v : most;
		}
	}
}

static void put(const int64_t *restrict v, unsigned width, uint64_t base, uint64_t *restrict out)
{
	memset(out, 0, BL_UNPACK_SIZE(width));
	for (unsigned r = 0, bit = 0; width && r < BL_UNPACK_ROWS; r++, bit += width) {
		uint64_t *w = out + bit / 64 * L;
		unsigned s = bit % 64;

		NO_UNROLL
		for (unsigned l = 0; l < L; l++)
			w[l] |= ((uint64_t)v[r * L + l] - base) << s;
		if (s + width > 64) {
			NO_UNROLL
			for (unsigned l = 0; l < L; l++)
				w[L + l] |= ((uint64_t)v[r * L + l] - base) >> (64 - s);
		}
	}
}

static void divide(int64_t *v, double den)
{
	for (unsigned i = 0; i < N; i++) {
		double d = (double)v[i] / den;
		memcpy(&v[i], &d, sizeof(d));
	}
}

static void multiply(int64_t *v, uint64_t by)
{
	for (unsigned i = 0; i < N; i++)
		v[i] = (int64_t)((uint64_t)v[i] * by);
}

/* The exponent of what is not finite is all ones. */
static void finite(int64_t *v)
{
	const int64_t exponent = INT64_C(0x7ff) << 52;

	for (unsigned i = 0; i < N; i++)
		v[i] &= -(int64_t)((v[i] & exponent) != exponent);
}

static void clear(int64_t *restrict v, const uint64_t *restrict bit)
{
	for (unsigned k = 0; k < N / 64; k++)
		for (unsigned i = 0; i < 64; i++)
			v[k * 64 + i] &= (int64_t)(bit[k] >> i & 1) - 1;
}

static void scan(const int64_t *v, uint32_t n, struct bl_unpack_scan *s)
{
	int64_t min = v[0], max = v[0], dmin = INT64_MAX, dmax = INT64_MIN;
	uint64_t changes = 0;

	for (uint32_t i = 1; i < n; i++) {
		int64_t x = v[i], d = (int64_t)((uint64_t)x - (uint64_t)v[i - 1]);

		min = x < min ? x : min;
		max = x > max ? x : max;
		dmin = d < dmin ? d : dmin;
		dmax = d > dmax ? d : dmax;
		changes += d != 0;
	}
	*s = (struct bl_unpack_scan){ min, max, n > 1 ? dmin : 0, n > 1 ? dmax : 0, changes };
}

#define NAME_(isa) bl_unpack_##isa
#define NAME(isa) NAME_(isa)
const struct bl_unpack NAME(BL_ISA) = { get, code, put, divide, multiply, finite, clear, scan };
