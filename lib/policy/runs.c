/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runs: see runs.h. First byte: 0 = pairs of LEB128 numbers (gap, run - 1), a gap of 0 only at the start; 1 = a bitmap that
 * ends with its last byte that is not 0. The shorter one, runs when equal.
 */
#include "policy/runs.h"

#include <string.h>

enum { RUNS, BITS };

static unsigned varint_len(uint32_t v)
{
	unsigned n = 1;

	while (v >>= 7)
		n++;
	return n;
}

static void put_varint(struct bl_buf *b, uint32_t v)
{
	for (; v >= 0x80; v >>= 7)
		bl_buf_put8(b, (uint8_t)(v | 0x80));
	bl_buf_put8(b, (uint8_t)v);
}

/* The run that starts at v[i]: its length. */
static uint32_t run_at(const uint32_t *v, uint32_t n, uint32_t i)
{
	uint32_t len = 1;

	while (i + len < n && v[i + len] == v[i] + len)
		len++;
	return len;
}

static void put_bits(struct bl_buf *b, const uint32_t *v, uint32_t n, size_t bytes)
{
	size_t at;

	bl_buf_put8(b, BITS);
	if (!bl_buf_room(b, bytes))
		return;
	at = b->len;
	memset(b->p + at, 0, bytes);
	b->len += bytes;
	for (uint32_t i = 0; i < n; i++)
		b->p[at + v[i] / 8] |= (uint8_t)(1u << v[i] % 8);
}

void bl_runs_put(struct bl_buf *b, const uint32_t *v, uint32_t n)
{
	size_t runs = 0, bits = n ? v[n - 1] / 8 + 1 : 0;
	uint32_t next = 0;

	for (uint32_t i = 0, len; i < n && runs <= bits; i += len) {
		len = run_at(v, n, i);
		runs += varint_len(v[i] - next) + varint_len(len - 1);
		next = v[i] + len;
	}
	if (runs > bits) {
		put_bits(b, v, n, bits);
		return;
	}
	bl_buf_put8(b, RUNS);
	next = 0;
	for (uint32_t i = 0, len; i < n; i += len) {
		len = run_at(v, n, i);
		put_varint(b, v[i] - next);
		put_varint(b, len - 1);
		next = v[i] + len;
	}
}

static bool get_varint(struct bl_cur *c, uint32_t *v)
{
	uint64_t r = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint8_t byte = bl_cur_get8(c);
		r |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		*v = (uint32_t)r;
		return !c->bad && r <= UINT32_MAX && (byte || !shift);
	}
	return false;
}

static void set_run(uint64_t *words, uint64_t from, uint64_t to)
{
	for (; from < to && from % 64; from++)
		words[from / 64] |= 1ull << from % 64;
	for (; from + 64 <= to; from += 64)
		words[from / 64] = ~0ull;
	for (; from < to; from++)
		words[from / 64] |= 1ull << from % 64;
}

static bool get_runs(struct bl_cur *c, uint64_t *words, uint32_t universe, uint32_t n)
{
	uint64_t at = 0, count = 0;

	for (bool first = true; c->left; first = false) {
		uint32_t gap, more;
		if (!get_varint(c, &gap) || !get_varint(c, &more) || (!gap && !first))
			return false;
		at += gap;
		if (at + more + 1 > universe)
			return false;
		set_run(words, at, at + more + 1);
		at += (uint64_t)more + 1;
		count += (uint64_t)more + 1;
	}
	return count == n;
}

static bool get_bits(struct bl_cur *c, uint64_t *words, uint32_t universe, uint32_t n)
{
	uint64_t count = 0;
	size_t len = c->left;
	const uint8_t *p = bl_cur_get(c, len);

	if (!len || len > ((uint64_t)universe + 7) / 8 || !p[len - 1])
		return false;
	for (size_t i = 0; i < len; i++)
		words[i / 8] |= (uint64_t)p[i] << i % 8 * 8;
	if (universe % 64 && len > universe / 64 * 8 && words[universe / 64] >> universe % 64)
		return false;
	for (size_t i = 0; i < (len + 7) / 8; i++)
		count += (uint64_t)__builtin_popcountll(words[i]);
	return count == n;
}

bool bl_runs_get(const uint8_t *p, size_t len, uint64_t *words, uint32_t universe, uint32_t n)
{
	struct bl_cur c;
	uint8_t how;

	memset(words, 0, ((size_t)universe + 63) / 64 * 8);
	bl_cur_init(&c, p, len);
	how = bl_cur_get8(&c);
	if (c.bad)
		return false;
	return how == RUNS ? get_runs(&c, words, universe, n) : how == BITS && get_bits(&c, words, universe, n);
}
