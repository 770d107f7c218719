/* SPDX-License-Identifier: Apache-2.0 */
/* The p% and the (n,k) rule: the guide's figures, signs, and numbers as large as they get. */
#include "../tap.h"
#include "policy/dominance.h"

#define I128_MAX ((bl_i128)(~(bl_u128)0 >> 1))

static struct bl_dec dec(int64_t n, uint8_t scale)
{
	return (struct bl_dec){ true, n, scale };
}

#define TOTALS(...) ((const bl_i128[]){ __VA_ARGS__ }), 1, sizeof((const bl_i128[]){ __VA_ARGS__ }) / sizeof(bl_i128)
#define P(p, ...) bl_dominance_p_percent(TOTALS(__VA_ARGS__), 0, dec(p, 0))
#define NK(n, k, ...) bl_dominance_nk(TOTALS(__VA_ARGS__), n, dec(k, 0))
enum { NO = BL_DOMINANCE_FAIL, YES = BL_DOMINANCE_PASS, NIL = BL_DOMINANCE_ZERO };

int main(void)
{
	const bl_i128 m = I128_MAX, min = -m - 1;

	is_int(P(10, 100, 50, 5, 4), NO, "p%% 10 of (100,50,5,4): 9 < 10 fails");
	is_int(P(10, 100, 50, 6, 4), YES, "of (100,50,6,4): 10 >= 10 passes");
	is_int(P(10, 4, 100, 6, 50), YES, "in any order");
	is_int(NK(2, 90, 60, 30, 6, 4), NO, "nk [2,90] of (60,30,6,4): 90 fails");
	is_int(NK(2, 90, 60, 29, 7, 4), YES, "of (60,29,7,4) passes");
	is_int(NK(1, 75, 75, 15, 10), NO, "nk [1,75] of (75,15,10) fails");
	is_int(P(10, 1, 2, 3, 5, 40000000, 6, 5), NO, "p%% of (0.1, 0.2, 0.3, 0.5, 4000000, 0.6, 0.5) fails");
	is_int(P(10, 5, 10, 15, 25, 200000000, 30, 25), NO, "also with every row five times under the same entity");
	is_int(P(10, 5, 5), NO, "p%%: two entities fail");
	is_int(P(10, 5, 5, 0, 0), NO, "those with 0 do not count");
	is_int(P(10, -100, -50, -6, -4), YES, "negative totals count by size");
	is_int(P(10, -100, 50, 60, 40), NO, "mixed signs fail");
	is_int(NK(2, 90, -60, 30, 60, 40), NO, "mixed signs fail nk");
	is_int(P(10, 0, 0, 0), NIL, "nothing but 0: nothing to dominate");
	is_int(bl_dominance_p_percent(TOTALS(100, 50, 6, 4), 2, dec(10, 0)), NO, "a coalition of two leaves 4 < 10");
	is_int(bl_dominance_p_percent(TOTALS(100, 50, 6, 4), UINT64_MAX, dec(10, 0)), NO, "a coalition of everybody leaves nothing");
	is_int(bl_dominance_p_percent(TOTALS(1000, 500, 100, 1), 0, dec(101, 1)), YES, "p%% 10.1: 101 >= 101 passes");
	is_int(bl_dominance_p_percent(TOTALS(1000, 500, 100), 0, dec(101, 1)), NO, "100 < 101 fails");
	is_int(bl_dominance_p_percent(TOTALS(m, m, m / 10, 1), 0, dec(10, 0)), YES, "as large as they get: m/10 + 1 >= m * 10%%");
	is_int(bl_dominance_p_percent(TOTALS(m, m, m / 10), 0, dec(10, 0)), NO, "m/10 (rounded down) < m * 10%%");
	is_int(bl_dominance_p_percent(TOTALS(min, min, min, min), 0, dec(200, 0)), YES, "the least number has a size");
	is_int(bl_dominance_p_percent(TOTALS(min, min, min, min), 0, dec(201, 0)), NO, "and is not larger than it is");
	is_int(bl_dominance_p_percent(TOTALS(m, m, m), 0, (struct bl_dec){ true, m, 18 }), NO, "256 bits on the other side do not wrap");
	is_int(NK(2, 50, m, m, m, m), NO, "sums past 128 bits: 2m of 4m is half");
	is_int(NK(2, 51, m, m, m, m), YES, "and less than 51%%");
	is_int(bl_dominance_nk(TOTALS(m, m, m, m), 2, (struct bl_dec){ true, m, 0 }), YES, "a product past 256 bits is the larger one");
	is_int(NK(9, 90, 5, 5, 5), NO, "the n largest are all: fails");
	is_int(NK(0, 90, 5, 5, 5), NO, "n 0 is no rule");
	is_int(bl_dominance_p_percent(TOTALS(5, 5, 5), 0, (struct bl_dec){ true, -1, 0 }), NO, "nor is a negative percentage");

	static bl_i128 many[5000];
	for (int i = 0; i < 5000; i++)
		many[i] = (i * 7919) % 5000 + 1;
	is_int(bl_dominance_nk(many, 1, 5000, 2500, dec(75, 0)), YES, "the 2500 largest of 1..5000 are just less than 75%%");
	is_int(bl_dominance_nk(many, 1, 5000, 2500, dec(7499, 2)), NO, "and more than 74.99%%");
	return tap_done();
}
