/* SPDX-License-Identifier: Apache-2.0 */
/* kernel: see kernel.h. Compiled with -DBL_ISA=v2, v3, v4; exports bl_kernel_v2, _v3, _v4 and nothing else. */
#include "query/kernel.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

enum { N = BL_KERNEL_N, W = BL_KERNEL_WORDS, BLOCK = 256 };

static inline uint64_t u(int64_t v)
{
	return (uint64_t)v;
}

/* Eight comparisons to eight bits: the one thing that compilers do not find by themselves (four times faster). */
static inline uint64_t within8(const int64_t *v, int64_t lo, uint64_t span)
{
#if defined(__AVX512F__)
	return _mm512_cmple_epu64_mask(_mm512_sub_epi64(_mm512_loadu_si512(v), _mm512_set1_epi64(lo)), _mm512_set1_epi64((int64_t)span));
#elif defined(__AVX2__)
	const __m256i sign = _mm256_set1_epi64x(INT64_MIN), l = _mm256_xor_si256(_mm256_set1_epi64x(lo), sign);
	const __m256i most = _mm256_set1_epi64x((int64_t)(span ^ UINT64_C(1) << 63));
	unsigned out = 0;

	/* v - (lo - 2^63) = (v - lo) + 2^63: compared as signed. */
	for (int i = 0; i < 2; i++) {
		__m256i d = _mm256_sub_epi64(_mm256_loadu_si256((const __m256i *)(const void *)(v + 4 * i)), l);

		out |= (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(d, most))) << 4 * i;
	}
	return out ^ 0xff;
#else
	uint64_t out = 0;

	for (unsigned i = 0; i < 8; i++)
		out |= (uint64_t)(u(v[i]) - u(lo) <= span) << i;
	return out;
#endif
}

static void range(const int64_t *restrict v, int64_t lo, uint64_t span, uint64_t *restrict mask)
{
	for (unsigned w = 0; w < W; w++) {
		uint64_t r = 0;

		for (unsigned i = 0; i < 64; i += 8)
			r |= within8(v + w * 64 + i, lo, span) << i;
		mask[w] &= r;
	}
}

static void look(const uint32_t *restrict code, const uint32_t *restrict lut, uint64_t *restrict mask)
{
	for (unsigned w = 0; w < W; w++) {
		uint64_t r = 0;

		for (unsigned i = 0; i < 64; i++)
			r |= (uint64_t)lut[code[w * 64 + i]] << i;
		mask[w] &= r;
	}
}

static void add(const int64_t *restrict a, const int64_t *restrict b, int64_t *restrict out)
{
	for (unsigned i = 0; i < N; i++)
		out[i] = (int64_t)(u(a[i]) + u(b[i]));
}

static void sub(const int64_t *restrict a, const int64_t *restrict b, int64_t *restrict out)
{
	for (unsigned i = 0; i < N; i++)
		out[i] = (int64_t)(u(a[i]) - u(b[i]));
}

static void mul(const int64_t *restrict a, const int64_t *restrict b, int64_t *restrict out)
{
	for (unsigned i = 0; i < N; i++)
		out[i] = (int64_t)(u(a[i]) * u(b[i]));
}

static void line(const int64_t *restrict a, int64_t by, int64_t plus, int64_t *restrict out)
{
	if (by == 1) {
		for (unsigned i = 0; i < N; i++)
			out[i] = (int64_t)(u(a[i]) + u(plus));
	} else if (by == -1) {
		for (unsigned i = 0; i < N; i++)
			out[i] = (int64_t)(u(plus) - u(a[i]));
	} else {
		for (unsigned i = 0; i < N; i++)
			out[i] = (int64_t)(u(a[i]) * u(by) + u(plus));
	}
}

static void zero(int64_t *restrict v, const uint64_t *restrict bit)
{
	for (unsigned w = 0; w < W; w++)
		for (unsigned i = 0; i < 64; i++)
			v[w * 64 + i] &= (int64_t)((bit[w] >> i & 1) - 1);
}

static int64_t sum(const int64_t *restrict v, const uint64_t *restrict mask)
{
	uint64_t s = 0;

	for (unsigned w = 0; w < W; w++) {
		if (mask[w] == ~UINT64_C(0))
			for (unsigned i = 0; i < 64; i++)
				s += u(v[w * 64 + i]);
		else if (mask[w])
			for (unsigned i = 0; i < 64; i++)
				s += u(v[w * 64 + i]) & -(mask[w] >> i & 1);
	}
	return (int64_t)s;
}

static int64_t sum_all(const int64_t *restrict v)
{
	uint64_t s = 0;

	for (unsigned i = 0; i < N; i++)
		s += u(v[i]);
	return (int64_t)s;
}

static void bounds(const int64_t *restrict v, const uint64_t *restrict mask, int64_t *min, int64_t *max)
{
	int64_t lo = *min, hi = *max;

	for (unsigned w = 0; w < W; w++, v += 64) {
		if (mask[w] == ~UINT64_C(0)) {
			for (unsigned i = 0; i < 64; i++) {
				lo = v[i] < lo ? v[i] : lo;
				hi = v[i] > hi ? v[i] : hi;
			}
			continue;
		}
		for (uint64_t b = mask[w]; b; b &= b - 1) {
			int64_t x = v[__builtin_ctzll(b)];

			lo = x < lo ? x : lo;
			hi = x > hi ? x : hi;
		}
	}
	*min = lo;
	*max = hi;
}

/* One pass over a block for each group, all sums at once: the block stays in the first cache. */
#define V(k) if (nv > k) s##k += u(v##k[i]) & m
#define OUT(k) if (nv > k) out[k] = (int64_t)(u(out[k]) + s##k)
#define P(k) const int64_t *restrict v##k = nv > k ? v[k] + from : gid64; uint64_t s##k = 0
static inline __attribute__((always_inline)) void few_block(const int64_t *restrict gid64, uint32_t g, const int64_t *const *v, unsigned from,
							     unsigned nv, int64_t *out)
{
	uint64_t n = 0;
	P(0); P(1); P(2); P(3); P(4); P(5); P(6); P(7);

	for (unsigned i = 0; i < BLOCK; i++) {
		uint64_t m = -(uint64_t)(gid64[i] == (int64_t)g);

		n -= m;
		V(0); V(1); V(2); V(3); V(4); V(5); V(6); V(7);
	}
	OUT(0); OUT(1); OUT(2); OUT(3); OUT(4); OUT(5); OUT(6); OUT(7);
	out[nv] += (int64_t)n;
}
#undef V
#undef OUT
#undef P

static void few(const uint32_t *gid, uint32_t ngroup, const int64_t *const *v, unsigned nv, int64_t *out)
{
	int64_t gid64[BLOCK];

	for (unsigned from = 0; from < N; from += BLOCK) {
		for (unsigned i = 0; i < BLOCK; i++)
			gid64[i] = gid[from + i];
		for (uint32_t g = 0; g < ngroup; g++) {
			int64_t *o = out + g * (nv + 1);

			switch (nv) {
			case 0: few_block(gid64, g, v, from, 0, o); break;
			case 1: few_block(gid64, g, v, from, 1, o); break;
			case 2: few_block(gid64, g, v, from, 2, o); break;
			case 3: few_block(gid64, g, v, from, 3, o); break;
			case 4: few_block(gid64, g, v, from, 4, o); break;
			case 5: few_block(gid64, g, v, from, 5, o); break;
			case 6: few_block(gid64, g, v, from, 6, o); break;
			case 7: few_block(gid64, g, v, from, 7, o); break;
			default: few_block(gid64, g, v, from, 8, o); break;
			}
		}
	}
}

static uint64_t dense(const int64_t *restrict v, int64_t min, uint64_t span, uint32_t *restrict code)
{
	uint64_t bad = 0;

	for (unsigned i = 0; i < N; i++) {
		uint64_t d = u(v[i]) - u(min), out = d > span;

		bad |= out;
		code[i] = (uint32_t)((d + 1) & (out - 1));
	}
	return bad;
}

static uint32_t gather(const uint32_t *restrict at, const uint32_t *restrict map, uint32_t *restrict out)
{
	uint32_t zero = 0;

	for (unsigned i = 0; i < N; i++) {
		out[i] = map[at[i]];
		zero |= out[i] == 0;
	}
	return zero;
}

static void join(uint32_t *restrict at, const uint32_t *restrict code, unsigned shift)
{
	for (unsigned i = 0; i < N; i++)
		at[i] |= code[i] << shift;
}

static void only(uint32_t *restrict gid, const uint64_t *restrict mask)
{
	for (unsigned w = 0; w < W; w++, gid += 64) {
		if (mask[w] == ~UINT64_C(0)) {
			for (unsigned i = 0; i < 64; i++)
				gid[i]--;
			continue;
		}
#if defined(__AVX512F__)
		const __m512i none = _mm512_set1_epi32(-1);

		for (unsigned i = 0; i < 64; i += 16)
			_mm512_storeu_si512(gid + i, _mm512_mask_add_epi32(none, (__mmask16)(mask[w] >> i), _mm512_loadu_si512(gid + i), none));
#else
		for (unsigned i = 0; i < 64; i++)
			gid[i] = (gid[i] - 1) | (uint32_t)((mask[w] >> i & 1) - 1);
#endif
	}
}

#define NAME_(isa) bl_kernel_##isa
#define NAME(isa) NAME_(isa)
const struct bl_kernel NAME(BL_ISA) = {
	range, look, add, sub, mul, line, zero, sum, sum_all, bounds, few, dense, gather, join, only,
};
