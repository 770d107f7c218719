/* SPDX-License-Identifier: Apache-2.0 */
/* wide: see wide.h. Sign and magnitude, limbs of 64 bits from the low end. */
#include "query/wide.h"

#include <assert.h>
#include <math.h>

static void trim(struct bl_wide *a)
{
	while (a->n && !a->d[a->n - 1])
		a->n--;
	if (!a->n)
		a->neg = false;
}

struct bl_wide bl_wide_of(bl_i128 v)
{
	bl_u128 m = v < 0 ? -(bl_u128)v : (bl_u128)v;
	struct bl_wide a = { .neg = v < 0, .n = 2, .d = { (uint64_t)m, (uint64_t)(m >> 64) } };

	trim(&a);
	return a;
}

static int compare(const struct bl_wide *a, const struct bl_wide *b)
{
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	for (uint32_t i = a->n; i-- > 0;)
		if (a->d[i] != b->d[i])
			return a->d[i] < b->d[i] ? -1 : 1;
	return 0;
}

/* |a| + |b| */
static struct bl_wide sum(const struct bl_wide *a, const struct bl_wide *b)
{
	struct bl_wide r = { .n = a->n > b->n ? a->n : b->n };
	bl_u128 carry = 0;

	for (uint32_t i = 0; i < r.n; i++) {
		carry += (bl_u128)a->d[i] + b->d[i];
		r.d[i] = (uint64_t)carry;
		carry >>= 64;
	}
	if (carry) {
		assert(r.n < BL_WIDE_LIMBS);
		r.d[r.n++] = (uint64_t)carry;
	}
	return r;
}

/* |a| - |b|, |a| being no less */
static struct bl_wide difference(const struct bl_wide *a, const struct bl_wide *b)
{
	struct bl_wide r = { .n = a->n };
	uint64_t borrow = 0;

	for (uint32_t i = 0; i < a->n; i++) {
		bl_u128 x = (bl_u128)a->d[i] - b->d[i] - borrow;
		r.d[i] = (uint64_t)x;
		borrow = (uint64_t)(x >> 64) & 1;
	}
	trim(&r);
	return r;
}

struct bl_wide bl_wide_add(const struct bl_wide *a, const struct bl_wide *b)
{
	struct bl_wide r;

	if (a->neg == b->neg) {
		r = sum(a, b);
		r.neg = a->neg;
		return r;
	}
	if (compare(a, b) < 0) {
		const struct bl_wide *t = a;
		a = b;
		b = t;
	}
	r = difference(a, b);
	r.neg = a->neg && r.n;
	return r;
}

struct bl_wide bl_wide_sub(const struct bl_wide *a, const struct bl_wide *b)
{
	struct bl_wide minus = *b;

	minus.neg = !b->neg && b->n;
	return bl_wide_add(a, &minus);
}

struct bl_wide bl_wide_mul(const struct bl_wide *a, const struct bl_wide *b)
{
	struct bl_wide r = { .n = a->n + b->n };

	assert(r.n <= BL_WIDE_LIMBS);
	for (uint32_t i = 0; i < a->n; i++) {
		uint64_t carry = 0;
		for (uint32_t k = 0; k < b->n; k++) {
			bl_u128 x = (bl_u128)a->d[i] * b->d[k] + r.d[i + k] + carry;
			r.d[i + k] = (uint64_t)x;
			carry = (uint64_t)(x >> 64);
		}
		r.d[i + b->n] = carry;
	}
	r.neg = a->neg != b->neg;
	trim(&r);
	return r;
}

struct bl_wide bl_wide_scale(const struct bl_wide *a, unsigned digits)
{
	struct bl_wide r = *a, ten;

	for (; digits; digits -= digits < 38 ? digits : 38) {
		ten = bl_wide_of(bl_num_pow10_i128(digits < 38 ? digits : 38));
		r = bl_wide_mul(&r, &ten);
	}
	return r;
}

bool bl_wide_get(const struct bl_wide *a, bl_i128 *v)
{
	bl_u128 m = (bl_u128)a->d[1] << 64 | a->d[0];

	if (a->n > 2 || m >> 127)
		return false;
	*v = a->neg ? -(bl_i128)m : (bl_i128)m;
	return true;
}

static int bits(const struct bl_wide *a)
{
	return a->n ? (int)(64 * a->n) - __builtin_clzll(a->d[a->n - 1]) : 0;
}

static struct bl_wide shifted(const struct bl_wide *a, unsigned by)
{
	struct bl_wide r = { .neg = a->neg, .n = a->n + by / 64 + 1 };

	assert(r.n <= BL_WIDE_LIMBS);
	for (uint32_t i = 0; i < a->n; i++) {
		r.d[i + by / 64] |= a->d[i] << by % 64;
		if (by % 64)
			r.d[i + by / 64 + 1] = a->d[i] >> (64 - by % 64);
	}
	trim(&r);
	return r;
}

/* Long division of two numbers of one length, as bl_num_ratio: 56 bits and whether anything is left. */
double bl_wide_ratio(const struct bl_wide *num, const struct bl_wide *den)
{
	int ln = bits(num), ld = bits(den), top = ln > ld ? ln : ld;
	struct bl_wide a, b;
	uint64_t q = 0;
	double v;

	assert(den->n && !den->neg);
	if (!num->n)
		return 0;
	a = shifted(num, (unsigned)(top - ln));
	b = shifted(den, (unsigned)(top - ld));
	for (int i = 0; i < 56; i++) {
		bool bit = compare(&a, &b) >= 0;
		q = q << 1 | bit;
		if (bit)
			a = difference(&a, &b);
		a = shifted(&a, 1);
	}
	v = ldexp((double)(q | (a.n != 0)), ln - ld - 55);
	return num->neg ? -v : v;
}
