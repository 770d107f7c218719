/* SPDX-License-Identifier: Apache-2.0 */
/* dominance: see dominance.h. */
#include "policy/dominance.h"

#include <stdlib.h>

/* --- 256 bits by hand --- */

struct wide { bl_u128 hi, lo; };

static struct wide times(bl_u128 a, bl_u128 b)
{
	const bl_u128 low = ~(uint64_t)0;
	bl_u128 ll = (a & low) * (b & low), lh = (a & low) * (b >> 64), hl = (a >> 64) * (b & low), hh = (a >> 64) * (b >> 64);
	bl_u128 mid = (ll >> 64) + (lh & low) + (hl & low);

	return (struct wide){ hh + (lh >> 64) + (hl >> 64) + (mid >> 64), mid << 64 | (ll & low) };
}

/* False when it passes 256 bits. */
static bool scale(struct wide a, bl_u128 by, struct wide *r)
{
	struct wide low = times(a.lo, by), high = times(a.hi, by);

	*r = (struct wide){ low.hi + high.lo, low.lo };
	return !high.hi && r->hi >= low.hi;
}

/* 2^32 numbers of 128 bits at most: cannot overflow. */
static void add(struct wide *a, bl_u128 b)
{
	a->lo += b;
	a->hi += a->lo < b;
}

static struct wide less(struct wide a, struct wide b)
{
	return (struct wide){ a.hi - b.hi - (a.lo < b.lo), a.lo - b.lo };
}

static int cmp(struct wide a, struct wide b)
{
	if (a.hi != b.hi)
		return a.hi > b.hi ? 1 : -1;
	return (a.lo > b.lo) - (a.lo < b.lo);
}

/* --- the largest totals --- */

/* The `room` largest of what was offered, as a heap with the least on top. */
struct top { bl_u128 *v; uint64_t n, room; };

static void swap(bl_u128 *a, bl_u128 *b)
{
	bl_u128 t = *a;

	*a = *b;
	*b = t;
}

static void sift_down(struct top *t)
{
	for (uint64_t i = 0, c; (c = 2 * i + 1) < t->n; i = c) {
		if (c + 1 < t->n && t->v[c + 1] < t->v[c])
			c++;
		if (t->v[i] <= t->v[c])
			return;
		swap(&t->v[i], &t->v[c]);
	}
}

static void offer(struct top *t, bl_u128 x)
{
	if (t->n < t->room) {
		t->v[t->n] = x;
		for (uint64_t i = t->n++; i && t->v[i] < t->v[(i - 1) / 2]; i = (i - 1) / 2)
			swap(&t->v[i], &t->v[(i - 1) / 2]);
	} else if (t->room && x > t->v[0]) {
		t->v[0] = x;
		sift_down(t);
	}
}

struct sums {
	struct wide all, top;		/* of all totals, of the largest `most` */
	bl_u128 first;			/* the largest */
	uint64_t n;			/* totals that are not 0 */
};

/* ZERO and FAIL as said in the header; PASS: s is filled. */
static enum bl_dominance sum_up(const bl_i128 *x, size_t stride, uint64_t n, uint64_t most, struct sums *s)
{
	struct top t = { .room = most < n ? most : n };
	bool plus = false, minus = false;

	*s = (struct sums){ 0 };
	if (!(t.v = calloc(t.room + 1, sizeof *t.v)))
		return BL_DOMINANCE_FAIL;
	for (uint64_t i = 0; i < n; i++) {
		bl_i128 v = x[i * stride];
		bl_u128 size = v < 0 ? -(bl_u128)v : (bl_u128)v;
		if (!size)
			continue;
		*(v < 0 ? &minus : &plus) = true;
		s->n++;
		add(&s->all, size);
		offer(&t, size);
		if (size > s->first)
			s->first = size;
	}
	for (uint64_t i = 0; i < t.n; i++)
		add(&s->top, t.v[i]);
	free(t.v);
	if (!s->n)
		return BL_DOMINANCE_ZERO;
	return plus && minus ? BL_DOMINANCE_FAIL : BL_DOMINANCE_PASS;
}

/* A percentage that the grammar allows: hundredths of it are 100 * 10^scale. */
static bool sound(struct bl_dec d)
{
	return d.v > 0 && d.scale <= 18;
}

enum bl_dominance bl_dominance_p_percent(const bl_i128 *x, size_t stride, uint64_t n, uint64_t coalition, struct bl_dec p)
{
	struct sums s;
	struct wide rest;
	enum bl_dominance r;

	if (!coalition)
		coalition = 1;
	r = sum_up(x, stride, n, coalition < UINT64_MAX ? coalition + 1 : coalition, &s);
	if (r != BL_DOMINANCE_PASS)
		return r;
	if (s.n < 3 || !sound(p))
		return BL_DOMINANCE_FAIL;
	/* What passes 256 bits is larger than the product of two numbers of 128. */
	if (!scale(less(s.all, s.top), 100 * (bl_u128)bl_num_pow10_i128(p.scale), &rest))
		return BL_DOMINANCE_PASS;
	return cmp(rest, times((bl_u128)p.v, s.first)) >= 0 ? BL_DOMINANCE_PASS : BL_DOMINANCE_FAIL;
}

enum bl_dominance bl_dominance_nk(const bl_i128 *x, size_t stride, uint64_t n, uint64_t most, struct bl_dec k)
{
	struct sums s;
	struct wide few, part;
	enum bl_dominance r = sum_up(x, stride, n, most, &s);

	if (r != BL_DOMINANCE_PASS)
		return r;
	if (!most || !sound(k) || !scale(s.top, 100 * (bl_u128)bl_num_pow10_i128(k.scale), &few))
		return BL_DOMINANCE_FAIL;
	return !scale(s.all, (bl_u128)k.v, &part) || cmp(few, part) < 0 ? BL_DOMINANCE_PASS : BL_DOMINANCE_FAIL;
}
