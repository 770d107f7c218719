/* SPDX-License-Identifier: Apache-2.0 */
/* Seeds of hash tables. */
#include <stdbool.h>

#include "../tap.h"
#include "base/seed.h"

int main(void)
{
	enum { N = 64 };
	uint64_t seed[N], any = 0, all = ~(uint64_t)0;
	bool same = false;

	for (int i = 0; i < N; i++) {
		seed[i] = bl_seed();
		any |= seed[i];
		all &= seed[i];
		for (int k = 0; k < i; k++)
			same = same || seed[i] == seed[k];
	}
	ok(!same, "no two tables have the same seed");
	ok(!~any && !all, "every bit of a seed is random");	/* else with 2^-57 */
	return tap_done();
}
