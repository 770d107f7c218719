/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of the executor: each does what a plain loop does, on every level that this processor has. */
#include "../tap.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/isa.h"
#include "query/kernel.h"

enum { N = BL_KERNEL_N, W = BL_KERNEL_WORDS };
static int64_t a[N], b[N], out[N], want[N];
static uint64_t mask[W];
static uint32_t code[N], lut[300], gid[N], got[N], wanted[N];

static uint64_t state = 88172645463325252u;
static uint64_t roll(void)
{
	state ^= state << 13, state ^= state >> 7, state ^= state << 17;
	return state;
}
static bool bit(const uint64_t *m, unsigned i)
{
	return m[i / 64] >> i % 64 & 1;
}

static void fill(int round)
{
	for (unsigned i = 0; i < N; i++) {
		a[i] = round % 3 == 0 ? (int64_t)roll() : round % 3 == 1 ? (int64_t)(roll() % 100) - 50 : roll() % 2 ? INT64_MIN : INT64_MAX;
		b[i] = (int64_t)roll() >> (roll() % 64);
		code[i] = (uint32_t)(roll() % 300);
		gid[i] = (uint32_t)(roll() % 10);
	}
	for (unsigned i = 0; i < 300; i++)
		lut[i] = roll() & 1;
	for (unsigned w = 0; w < W; w++)
		mask[w] = round % 4 == 0 ? ~UINT64_C(0) : w % 3 == 0 ? ~UINT64_C(0) : w % 3 == 1 ? 0 : roll();
}

static bool ranges(const struct bl_kernel *k)
{
	int64_t lo = (int64_t)roll() >> (roll() % 64), bounds[][2] = { { lo, lo }, { -50, 3 }, { INT64_MIN, INT64_MAX }, { lo, INT64_MAX }, { INT64_MIN, lo } };

	for (unsigned t = 0; t < 5; t++) {
		uint64_t m[W];

		memcpy(m, mask, sizeof m);
		k->range(a, bounds[t][0], (uint64_t)bounds[t][1] - (uint64_t)bounds[t][0], m);
		for (unsigned i = 0; i < N; i++)
			if (bit(m, i) != (bit(mask, i) && a[i] >= bounds[t][0] && a[i] <= bounds[t][1]))
				return false;
	}
	return true;
}

static bool looks(const struct bl_kernel *k)
{
	uint64_t m[W];

	memcpy(m, mask, sizeof m);
	k->look(code, lut, m);
	for (unsigned i = 0; i < N; i++)
		if (bit(m, i) != (bit(mask, i) && lut[code[i]]))
			return false;
	return true;
}

#define ARITHMETIC(call, expr) do { call; for (unsigned i = 0; i < N; i++) want[i] = (int64_t)(expr); if (memcmp(out, want, sizeof out)) return false; } while (0)
static bool arithmetic(const struct bl_kernel *k)
{
	ARITHMETIC(k->add(a, b, out), (uint64_t)a[i] + (uint64_t)b[i]);
	ARITHMETIC(k->sub(a, b, out), (uint64_t)a[i] - (uint64_t)b[i]);
	ARITHMETIC(k->mul(a, b, out), (uint64_t)a[i] * (uint64_t)b[i]);
	ARITHMETIC(k->line(a, 1, 77, out), (uint64_t)a[i] + 77);
	ARITHMETIC(k->line(a, -1, 77, out), 77 - (uint64_t)a[i]);
	ARITHMETIC(k->line(a, 1000, -3, out), (uint64_t)a[i] * 1000 - 3);
	memcpy(out, a, sizeof out);
	k->zero(out, mask);
	for (unsigned i = 0; i < N; i++)
		if (out[i] != (bit(mask, i) ? 0 : a[i]))
			return false;
	return true;
}

static bool sums(const struct bl_kernel *k)
{
	uint64_t all = 0, some = 0;
	int64_t lo = 5, hi = 5, min = 5, max = 5;

	for (unsigned i = 0; i < N; i++) {
		all += (uint64_t)a[i];
		some += bit(mask, i) ? (uint64_t)a[i] : 0;
		min = bit(mask, i) && a[i] < min ? a[i] : min;
		max = bit(mask, i) && a[i] > max ? a[i] : max;
	}
	k->bounds(a, mask, &lo, &hi);
	return k->sum_all(a) == (int64_t)all && k->sum(a, mask) == (int64_t)some && lo == min && hi == max;
}

static bool groups(const struct bl_kernel *k)
{
	const int64_t *v[BL_KERNEL_FEW] = { a, b, b, a, b, a, a, b };

	for (unsigned nv = 0; nv <= BL_KERNEL_FEW; nv++) {
		int64_t s[BL_KERNEL_FEW * (BL_KERNEL_FEW + 1)] = { 0 };

		k->few(gid, BL_KERNEL_FEW, v, nv, s);
		for (unsigned g = 0; g < BL_KERNEL_FEW; g++)
			for (unsigned c = 0; c <= nv; c++) {
				uint64_t t = 0;

				for (unsigned i = 0; i < N; i++)
					t += gid[i] != g ? 0 : c == nv ? 1 : (uint64_t)v[c][i];
				if (s[g * (nv + 1) + c] != (int64_t)t)
					return false;
			}
	}
	return true;
}

static bool codes(const struct bl_kernel *k)
{
	uint64_t outside = 0, zero = 0;

	for (unsigned i = 0; i < N; i++) {
		bool in = a[i] >= -50 && a[i] <= 20;

		wanted[i] = in ? (uint32_t)(a[i] + 51) : 0;
		outside |= !in;
		zero |= !lut[code[i]];
	}
	if ((k->dense(a, -50, 70, got) != 0) != outside || memcmp(got, wanted, sizeof got))
		return false;
	if ((k->gather(code, lut, got) != 0) != zero)
		return false;
	for (unsigned i = 0; i < N; i++)
		if (got[i] != lut[code[i]])
			return false;
	memcpy(got, gid, sizeof got);
	k->join(got, code, 4);
	for (unsigned i = 0; i < N; i++)
		if (got[i] != (gid[i] | code[i] << 4))
			return false;
	memcpy(got, gid, sizeof got);
	k->only(got, mask);
	for (unsigned i = 0; i < N; i++)
		if (got[i] != (bit(mask, i) ? gid[i] - 1 : UINT32_MAX))
			return false;
	return true;
}

static void level(const char *name, const struct bl_kernel *k)
{
	static const struct { const char *promise; bool (*test)(const struct bl_kernel *); } tests[] = {
		{ "ranges", ranges }, { "tables of truth", looks }, { "arithmetic modulo 2^64", arithmetic }, { "sums and bounds", sums },
		{ "sums of a few groups", groups }, { "codes", codes },
	};

	for (unsigned t = 0; t < sizeof tests / sizeof *tests; t++) {
		bool good = true;

		for (int round = 0; round < 60 && good; round++) {
			fill(round);
			good = tests[t].test(k);
		}
		ok(good, "%s: %s", name, tests[t].promise);
	}
}

int main(void)
{
	level("v2", &bl_kernel_v2);
	if (bl_isa() >= BL_ISA_V3)
		level("v3", &bl_kernel_v3);
	if (bl_isa() >= BL_ISA_V4)
		level("v4", &bl_kernel_v4);
	return tap_done();
}
