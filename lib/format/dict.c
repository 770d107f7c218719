/* SPDX-License-Identifier: Apache-2.0 */
/* dict: see dict.h. */
#include "format/dict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/seed.h"
#include "format/type.h"

enum { SLOTS = 4 * BL_DICT_TEXTS, MANY = 4096 };

struct bl_dict *bl_dict_new(void)
{
	struct bl_dict *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->code = malloc(BL_TYPE_GROUP * sizeof(*d->code));
	d->value = malloc(BL_DICT_INTS * sizeof(*d->value));
	d->first = malloc(BL_DICT_TEXTS * sizeof(*d->first));
	d->slot = malloc(SLOTS * sizeof(*d->slot));
	d->seed = bl_seed();
	if (d->code && d->value && d->first && d->slot)
		return d;
	bl_dict_free(d);
	return NULL;
}

void bl_dict_free(struct bl_dict *d)
{
	if (!d)
		return;
	free(d->code);
	free(d->value);
	free(d->first);
	free(d->slot);
	free(d);
}

/*
 * Whether there are more than `most` distinct values, by linear counting (Whang, Vander-Zanden, Taylor 1990): of m bits, D
 * values leave about m exp(-D / m) at zero. Off by a percent or two; nothing but a size depends on it.
 */
static bool too_many(struct bl_dict *d, const int64_t *v, uint32_t rows, uint32_t most)
{
	enum { BITS = 1 << 17 };
	uint64_t *bit = d->slot;
	uint32_t ones = 0;

	memset(bit, 0, BITS / 8);
	for (uint32_t i = 0; i < rows; i++) {
		uint64_t h = bl_seed_mix(d->seed, (uint64_t)v[i]) % BITS;

		bit[h / 64] |= UINT64_C(1) << h % 64;
	}
	for (uint32_t i = 0; i < BITS / 64; i++)
		ones += (uint32_t)__builtin_popcountll(bit[i]);
	return -log(1 - (double)ones / BITS) * BITS > most;
}

bool bl_dict_ints(struct bl_dict *d, const int64_t *v, uint32_t rows, uint32_t most)
{
	uint32_t slots = SLOTS;

	d->n = 0;
	if (most > MANY && too_many(d, v, rows, most))
		return false;
	while (slots / 4 >= most && slots > 256)
		slots /= 2;
	memset(d->slot, 0, slots * sizeof(*d->slot));
	for (uint32_t i = 0; i < rows; i++) {
		uint64_t s = bl_seed_mix(d->seed, (uint64_t)v[i]) % slots, c;

		while ((c = d->slot[s]) && d->value[c - 1] != v[i])
			s = (s + 1) % slots;
		if (!c) {
			if (d->n == most)
				return false;
			d->value[d->n] = v[i];
			d->slot[s] = c = ++d->n;
		}
		d->code[i] = (uint32_t)c - 1;
	}
	return true;
}

/* Most texts are short: whole words, of which only the first n bytes count. */
static inline bool equal(const uint8_t *a, const uint8_t *b, size_t n)
{
	if (n > 16)
		return !memcmp(a, b, n);
	if (n > 8)
		return bl_le64(a) == bl_le64(b) && bl_le64(a + n - 8) == bl_le64(b + n - 8);
	return !n || (bl_le64(a) ^ bl_le64(b)) << (64 - 8 * n) == 0;
}

/* A new entry pays while entries are few, or at most every second row made one. */
static bool pays(uint32_t n, uint32_t row, uint32_t most)
{
	return n < most && (n < most / 16 || n <= row / 2);
}

bool bl_dict_texts(struct bl_dict *d, const uint8_t *text, const uint32_t *end, uint32_t rows)
{
	uint32_t from = 0;

	d->n = 0;
	memset(d->slot, 0, SLOTS * sizeof(*d->slot));
	for (uint32_t i = 0; i < rows; from = end[i++]) {
		uint32_t n = end[i] - from;
		uint64_t h = bl_seed_text(d->seed, text + from, n), high = h >> 32 << 32, s = h % SLOTS, c;

		for (; (c = d->slot[s]); s = (s + 1) % SLOTS) {
			uint32_t r, at;

			if ((c ^ high) >> 32)
				continue;
			r = d->first[(uint32_t)c - 1];
			at = r ? end[r - 1] : 0;
			if (end[r] - at == n && equal(text + at, text + from, n))
				break;
		}
		if (!c) {
			if (!pays(d->n, i, BL_DICT_TEXTS))
				return false;
			d->first[d->n] = i;
			d->slot[s] = c = high | ++d->n;
		}
		d->code[i] = (uint32_t)c - 1;
	}
	return true;
}
