/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csvindex: see csvindex.h. A quote flips between outside and inside, so the running parity of quotes says which bytes
 * are inside (a doubled quote flips twice and changes nothing). What may stand beside a quote is checked on the masks
 * too: an opening one follows the end of a field or a closing one (then the two are a doubled quote), a closing one
 * comes before the end of a field or an opening one.
 */
#include "format/csvindex.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

struct masks { uint64_t quote, comma, lf, cr, nul, high; };	/* of 64 bytes, first byte lowest */
struct state {
	uint64_t inside;	/* all ones when the next byte is inside quotes */
	uint64_t may_open;	/* 1: the byte before ended a field or closed a quote */
	uint64_t closed, cr;	/* 1: the byte before closed a quote, was a carriage return outside */
};

static void set_fault(struct bl_csvindex *x, uint64_t open, uint64_t after, uint64_t cr, uint64_t bad, size_t at)
{
	uint64_t bit = bad & -bad;

	x->fault = bit & open ? BL_CSVINDEX_QUOTE : bit & after ? BL_CSVINDEX_AFTER : bit & cr ? BL_CSVINDEX_CR : BL_CSVINDEX_NUL;
	x->fault_at = (uint32_t)(at + (size_t)__builtin_ctzll(bad));
}

/* Takes 64 bytes at `at`, those in `valid`; in: which are inside quotes (opening quotes are, closing ones are not). */
static inline __attribute__((always_inline)) void step(struct bl_csvindex *x, struct state *s, const struct masks *m, uint64_t in,
						       uint64_t valid, size_t at, uint32_t *pos)
{
	uint64_t open = m->quote & in, close = m->quote & ~in, cr = m->cr & ~in, lf = m->lf & ~in;
	uint64_t ends = (m->comma & ~in) | lf;
	uint64_t bad_open = open & ~((ends | close) << 1 | s->may_open);
	uint64_t bad_after = (close << 1 | s->closed) & ~(ends | cr | open) & valid;
	uint64_t bad_cr = (cr << 1 | s->cr) & ~lf & valid;
	uint64_t bad = bad_open | bad_after | bad_cr | m->nul;
	uint32_t k, n;

	if (__builtin_expect(bad != 0, 0)) {
		set_fault(x, bad_open, bad_after, bad_cr, bad, at);
		ends &= (bad & -bad) - 1;
		lf &= ends;
	}
	x->quote |= m->quote != 0;
	x->doubled |= ((close << 1 | s->closed) & open) != 0;
	x->inner |= (m->lf & in) != 0;
	x->cr |= m->cr != 0;
	x->high |= m->high != 0;
	s->inside = (uint64_t)((int64_t)in >> 63);
	s->may_open = (ends | close) >> 63;
	s->closed = close >> 63;
	s->cr = cr >> 63;
	x->records += (uint32_t)__builtin_popcountll(lf);
	n = (uint32_t)__builtin_popcountll(ends);
	pos += x->n;
	x->n += n;
	/* Writes past n are overwritten by the next step; nearly always eight are enough. */
	for (k = 0; k < n; k += 8)
		for (uint32_t j = 0; j < 8; j++) {
			/* The bit set keeps the count defined when none is left. */
			pos[k + j] = (uint32_t)at + (uint32_t)__builtin_ctzll(ends | UINT64_C(1) << 63);
			ends &= ends - 1;
		}
}

static inline uint64_t valid_of(size_t left)
{
	return left < 64 ? (UINT64_C(1) << left) - 1 : ~UINT64_C(0);
}

static void get_masks(const uint8_t *p, size_t n, struct masks *m)
{
	*m = (struct masks){ 0 };
	for (size_t i = 0; i < n; i++) {
		m->quote |= (uint64_t)(p[i] == '"') << i;
		m->comma |= (uint64_t)(p[i] == ',') << i;
		m->lf |= (uint64_t)(p[i] == '\n') << i;
		m->cr |= (uint64_t)(p[i] == '\r') << i;
		m->nul |= (uint64_t)(p[i] == 0) << i;
		m->high |= (uint64_t)(p[i] >> 7) << i;
	}
}

static uint64_t parity(uint64_t v)
{
	for (unsigned s = 1; s < 64; s *= 2)
		v ^= v << s;
	return v;
}

void bl_csvindex_plain(const uint8_t *p, size_t n, uint32_t *pos, uint32_t max, struct bl_csvindex *x)
{
	struct state s = { .may_open = 1 };

	*x = (struct bl_csvindex){ 0 };
	for (size_t at = 0; at < n && !x->fault; at += 64) {
		struct masks m;

		if (x->n >= max) {
			x->stopped = true;
			return;
		}
		get_masks(p + at, n - at < 64 ? n - at : 64, &m);
		step(x, &s, &m, parity(m.quote) ^ s.inside, valid_of(n - at), at, pos);
	}
}

#if defined(__x86_64__)
bool bl_csvindex_has_fast(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("popcnt");
}

#define FAST __attribute__((target("avx2,pclmul,bmi,popcnt")))

FAST static inline uint64_t equal(__m256i a, __m256i b, char c)
{
	__m256i k = _mm256_set1_epi8(c);
	uint32_t lo = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, k)), hi = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, k));

	return (uint64_t)hi << 32 | lo;
}

FAST static inline uint64_t sign(__m256i a, __m256i b)
{
	return (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32 | (uint32_t)_mm256_movemask_epi8(a);
}

FAST static inline __m256i rare(__m256i v)
{
	return _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')), _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\r'))),
			       _mm256_cmpeq_epi8(v, _mm256_setzero_si256()));
}

FAST void bl_csvindex_fast(const uint8_t *p, size_t n, uint32_t *pos, uint32_t max, struct bl_csvindex *x)
{
	struct state s = { .may_open = 1 };
	struct bl_csvindex r = { 0 };

	for (size_t at = 0; at < n && !r.fault; at += 64) {
		__m256i a = _mm256_loadu_si256((const void *)(p + at)), b = _mm256_loadu_si256((const void *)(p + at + 32));
		__m256i any = _mm256_or_si256(rare(a), rare(b));
		uint64_t valid = valid_of(n - at), in;
		struct masks m = { .comma = equal(a, b, ',') & valid, .lf = equal(a, b, '\n') & valid, .high = sign(a, b) & valid };

		if (r.n >= max) {
			r.stopped = true;
			break;
		}
		/* Most text has none of them: everything about quotes is then known to be zero. */
		if (_mm256_testz_si256(any, any) && !(s.inside | s.closed | s.cr)) {
			step(&r, &s, &m, 0, valid, at, pos);
			continue;
		}
		m.quote = equal(a, b, '"') & valid;
		m.cr = equal(a, b, '\r') & valid;
		m.nul = equal(a, b, 0) & valid;
		/* A carry-less product with all ones is the running parity. */
		in = (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)m.quote), _mm_set1_epi8(-1), 0)) ^ s.inside;
		step(&r, &s, &m, in, valid, at, pos);
	}
	*x = r;
}
#else
bool bl_csvindex_has_fast(void)
{
	return false;
}

void bl_csvindex_fast(const uint8_t *p, size_t n, uint32_t *pos, uint32_t max, struct bl_csvindex *x)
{
	bl_csvindex_plain(p, n, pos, max, x);
}
#endif
