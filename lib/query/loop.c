/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop: see loop.h. Every loop is written once, over blocks of 64 so that its length is known, and inlined into a function
 * for each level; the compiler does the rest.
 */
#include "query/loop.h"

#include <string.h>

#include "base/isa.h"

#define INLINE static inline __attribute__((always_inline))
#define V3 __attribute__((target("avx2,bmi,bmi2,fma,lzcnt")))
#define V4 __attribute__((target("avx2,bmi,bmi2,fma,lzcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512cd")))

enum { B = 64 };

/* Bytes of 0 and 1 to bits: the product brings the eight low bits of eight bytes together at the top. */
INLINE uint64_t pack(const uint8_t *t)
{
	uint64_t w = 0;

	for (unsigned k = 0; k < 8; k++) {
		uint64_t x;
		memcpy(&x, t + 8 * k, 8);
		w |= (x * UINT64_C(0x0102040810204080) >> 56) << 8 * k;
	}
	return w;
}

#define COMPARE(name, type, op) \
INLINE void name(const type *restrict a, const type *restrict b, uint32_t step, uint32_t n, uint64_t *restrict is) \
{ \
	uint8_t t[B]; \
	uint32_t k = 0; \
	if (!step) { \
		const type c = *b; \
		for (; k + B <= n; k += B) { \
			for (unsigned i = 0; i < B; i++) \
				t[i] = a[k + i] op c; \
			is[k / B] = pack(t); \
		} \
	} else { \
		for (; k + B <= n; k += B) { \
			for (unsigned i = 0; i < B; i++) \
				t[i] = a[k + i] op b[k + i]; \
			is[k / B] = pack(t); \
		} \
	} \
	if (k < n) { \
		uint64_t w = 0; \
		for (uint32_t i = k; i < n; i++) \
			w |= (uint64_t)(a[i] op b[i * step]) << (i - k); \
		is[k / B] = w; \
	} \
}
COMPARE(eq_i64, int64_t, ==)
COMPARE(lt_i64, int64_t, <)
COMPARE(gt_i64, int64_t, >)
COMPARE(eq_f64, double, ==)
COMPARE(lt_f64, double, <)
COMPARE(gt_f64, double, >)

#define ARITH(name, type, as, op) \
INLINE void name(const type *restrict a, uint32_t astep, const type *restrict b, uint32_t bstep, uint32_t n, type *restrict out) \
{ \
	uint32_t k = 0; \
	const as x = (as)*a, y = (as)*b; \
	if (!bstep && astep) { \
		for (; k + B <= n; k += B) \
			for (unsigned i = 0; i < B; i++) \
				out[k + i] = (type)((as)a[k + i] op y); \
	} else if (!astep && bstep) { \
		for (; k + B <= n; k += B) \
			for (unsigned i = 0; i < B; i++) \
				out[k + i] = (type)(x op (as)b[k + i]); \
	} else if (astep) { \
		for (; k + B <= n; k += B) \
			for (unsigned i = 0; i < B; i++) \
				out[k + i] = (type)((as)a[k + i] op (as)b[k + i]); \
	} \
	for (; k < n; k++) \
		out[k] = (type)((as)a[k * astep] op (as)b[k * bstep]); \
}
ARITH(add_i64, int64_t, uint64_t, +)
ARITH(sub_i64, int64_t, uint64_t, -)
ARITH(mul_i64, int64_t, uint64_t, *)
ARITH(add_f64, double, double, +)
ARITH(sub_f64, double, double, -)
ARITH(mul_f64, double, double, *)
ARITH(div_f64, double, double, /)

/* The exponent of what is not finite is all ones. */
INLINE int finite(const double *a, uint32_t n)
{
	uint64_t bad = 0;
	uint32_t k = 0;

	for (; k + B <= n; k += B)
		for (unsigned i = 0; i < B; i++) {
			uint64_t x;
			memcpy(&x, &a[k + i], 8);
			bad |= ((x & UINT64_C(0x7ff0000000000000)) + UINT64_C(0x0010000000000000)) >> 63;
		}
	for (; k < n; k++) {
		uint64_t x;
		memcpy(&x, &a[k], 8);
		bad |= ((x & UINT64_C(0x7ff0000000000000)) + UINT64_C(0x0010000000000000)) >> 63;
	}
	return !bad;
}

#define COMPARE_AT(level, at, name, type) \
at static void name##_##level(const type *a, const type *b, uint32_t step, uint32_t n, uint64_t *is) { name(a, b, step, n, is); }
#define ARITH_AT(level, at, name, type) \
at static void name##_##level(const type *a, uint32_t astep, const type *b, uint32_t bstep, uint32_t n, type *out) \
{ \
	name(a, astep, b, bstep, n, out); \
}
#define LEVEL(level, at) \
	COMPARE_AT(level, at, eq_i64, int64_t) COMPARE_AT(level, at, lt_i64, int64_t) COMPARE_AT(level, at, gt_i64, int64_t) \
	COMPARE_AT(level, at, eq_f64, double) COMPARE_AT(level, at, lt_f64, double) COMPARE_AT(level, at, gt_f64, double) \
	ARITH_AT(level, at, add_i64, int64_t) ARITH_AT(level, at, sub_i64, int64_t) ARITH_AT(level, at, mul_i64, int64_t) \
	ARITH_AT(level, at, add_f64, double) ARITH_AT(level, at, sub_f64, double) ARITH_AT(level, at, mul_f64, double) \
	ARITH_AT(level, at, div_f64, double) \
	at static int finite_##level(const double *a, uint32_t n) { return finite(a, n); } \
	static const struct bl_loop level = { \
		eq_i64_##level, lt_i64_##level, gt_i64_##level, eq_f64_##level, lt_f64_##level, gt_f64_##level, add_i64_##level, \
		sub_i64_##level, mul_i64_##level, add_f64_##level, sub_f64_##level, mul_f64_##level, div_f64_##level, finite_##level, \
	};
LEVEL(v2, )
LEVEL(v3, V3)
LEVEL(v4, V4)

const struct bl_loop *bl_loop_best(void)
{
	static const struct bl_loop *const levels[] = { [BL_ISA_V2] = &v2, [BL_ISA_V3] = &v3, [BL_ISA_V4] = &v4 };

	return levels[bl_isa()];
}
