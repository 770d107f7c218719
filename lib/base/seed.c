/* SPDX-License-Identifier: Apache-2.0 */
/* seed: see seed.h. Straight from the kernel, for base knows no library that would do it. */
#include "base/seed.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

uint64_t bl_seed(void)
{
	uint64_t seed;
	ssize_t n;

	/* A few bytes come whole or not at all; only waiting for the kernel's first randomness can be interrupted. */
	while ((n = getrandom(&seed, sizeof seed, 0)) < 0 && errno == EINTR)
		;
	assert(n == (ssize_t)sizeof seed);
	return seed;
}
