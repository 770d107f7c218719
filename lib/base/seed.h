/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seed: hashes for hash tables, from a number that whoever supplies the rows cannot know, so that no choice of values makes
 * a table slow. It decides the order of slots in memory and nothing that is ever seen; keys, nonces and noise come from
 * crypt/mem.h. Never fails: a kernel without getrandom(2) is a broken environment, not an error of the user's.
 */
#ifndef BL_BASE_SEED_H
#define BL_BASE_SEED_H

#include <stddef.h>
#include <stdint.h>

#include "base/cur.h"
#include "base/num.h"

uint64_t bl_seed(void);

/* One number into a running hash, which begins as the seed. */
static inline uint64_t bl_seed_mix(uint64_t h, uint64_t v)
{
	bl_u128 r = (bl_u128)(h ^ v ^ 0xa0761d6478bd642f) * 0xe7037ed1a0b428db;

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

/* And text: short ones, which are the common case, by two loads and two multiplications. */
static inline uint64_t bl_seed_text(uint64_t h, const void *text, size_t n)
{
	const uint8_t *p = text;
	uint64_t a = 0, b = 0;

	for (h ^= n; n > 16; p += 16, n -= 16)
		h = bl_seed_mix(bl_seed_mix(h, bl_le64(p)), bl_le64(p + 8));
	if (n >= 8) {
		a = bl_le64(p);
		b = bl_le64(p + n - 8);
	} else if (n >= 4) {
		a = bl_le32(p);
		b = bl_le32(p + n - 4);
	} else if (n) {
		a = (uint64_t)p[0] << 16 | (uint64_t)p[n / 2] << 8 | p[n - 1];
	}
	return bl_seed_mix(bl_seed_mix(h, a), b);
}

#endif
