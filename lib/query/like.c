/* SPDX-License-Identifier: Apache-2.0 */
/*
 * like: LIKE and ILIKE. A pattern is cut at its % into pieces; the first stands at the start, the last at the end, those
 * between are each found as early as possible, which is enough. `_` is any one character (code point), `\` makes the next
 * one ordinary. ILIKE makes the ASCII letters of both sides small. A pattern that ends in a lone `\` has no meaning: NULL.
 */
#include "query/ops.h"

struct piece {
	uint32_t n, chars;		/* bytes; characters */
	char *p;			/* a `_` is a zero byte, which no text holds */
	bool any;			/* has one */
};
struct like {
	struct piece *piece;
	uint32_t npiece;		/* one more than there are % */
	bool fold, bad;
	char *folded;			/* room for a text in small letters */
	uint32_t room;
};

static bool starts_char(char c)
{
	return ((uint8_t)c & 0xc0) != 0x80;
}

static char small(char c)
{
	return (char)(c | ((uint8_t)(c - 'A') < 26 ? 0x20 : 0));
}

/* How many bytes of s the piece takes when it stands at its start, or -1. */
static int64_t match_at(const struct piece *x, struct bl_str s)
{
	uint32_t i = 0;

	if (!x->any)
		return x->n <= s.n && !memcmp(x->p, s.p, x->n) ? (int64_t)x->n : -1;
	for (uint32_t k = 0; k < x->n; k++) {
		if (i == s.n || (x->p[k] && x->p[k] != s.p[i]))
			return -1;
		i++;
		while (!x->p[k] && i < s.n && !starts_char(s.p[i]))
			i++;
	}
	return i;
}

/* The first place where the piece stands, and how much it takes; false when nowhere. */
static bool find(const struct piece *x, struct bl_str s, uint32_t *at, uint32_t *len)
{
	if (!x->any) {
		const char *p = memmem(s.p, s.n, x->p, x->n);
		*at = p ? (uint32_t)(p - s.p) : 0;
		*len = x->n;
		return p;
	}
	for (uint32_t i = 0; i <= s.n; i++) {
		int64_t got = -1;
		if (i == s.n || starts_char(s.p[i]))
			got = match_at(x, (struct bl_str){ s.p + i, s.n - i });
		if (got >= 0) {
			*at = i;
			*len = (uint32_t)got;
			return true;
		}
	}
	return false;
}

static bool ends_with(const struct piece *x, struct bl_str s)
{
	uint32_t at = s.n;

	if (!x->any)
		return x->n <= s.n && !memcmp(s.p + s.n - x->n, x->p, x->n);
	for (uint32_t chars = x->chars; chars && at; chars -= starts_char(s.p[at]))
		at--;
	return match_at(x, (struct bl_str){ s.p + at, s.n - at }) == s.n - at;
}

/* What stands behind the first % */
static bool rest_matches(const struct like *l, struct bl_str s)
{
	uint32_t at, len;

	for (uint32_t k = 1; k + 1 < l->npiece; k++) {
		if (!find(&l->piece[k], s, &at, &len))
			return false;
		s.p += at + len;
		s.n -= at + len;
	}
	return ends_with(&l->piece[l->npiece - 1], s);
}

static bool matches(const struct like *l, struct bl_str s)
{
	int64_t first = match_at(&l->piece[0], s);

	if (first < 0)
		return false;
	return l->npiece == 1 ? first == s.n : rest_matches(l, (struct bl_str){ s.p + first, s.n - (uint32_t)first });
}

static int in_small(struct bl_eval *v, struct like *l, struct bl_str *s)
{
	if (!s->n)
		return 0;
	if (s->n > l->room) {
		l->room = s->n < BL_EVAL_TEXT / 2 ? 2 * s->n : s->n;
		if (!(l->folded = bl_compile_alloc(v, l->room, 1)))
			return -1;
	}
	for (uint32_t i = 0; i < s->n; i++)
		l->folded[i] = small(s->p[i]);
	s->p = l->folded;
	return 0;
}

/* Rows whose texts stand one behind the other are searched for the first inner piece as one. */
static bool in_one_piece(const struct bl_ops_vec *a, const uint64_t *active, uint32_t m)
{
	for (uint32_t i = 0; i < m; i++)
		if (!bl_ops_bit(active, i) || (i + 1 < m && a->str[i].p + a->str[i].n != a->str[i + 1].p))
			return false;
	return true;
}

static void search(const struct like *l, struct bl_ops_node *n, const struct bl_ops_vec *a, uint32_t m)
{
	const struct piece *x = &l->piece[1];
	const char *p = a->str[0].p, *end = a->str[m - 1].p + a->str[m - 1].n;

	for (uint32_t i = 0; i < m && (p = memmem(p, (size_t)(end - p), x->p, x->n));) {
		const char *stop;
		while (i < m && a->str[i].p + a->str[i].n <= p)
			i++;
		stop = a->str[i].p + a->str[i].n;
		if (p + x->n > stop) {
			p++;		/* part of two rows */
			continue;
		}
		n->is[i / 64] |= (uint64_t)rest_matches(l, (struct bl_str){ p, (uint32_t)(stop - p) }) << i % 64;
		p = stop;
		i++;
	}
}

static int like(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0);
	struct like *l = n->state;

	if (l->bad) {
		BL_OPS_EACH(i, active)
			bl_ops_null(n, i);
		return 0;
	}
	if (!l->fold && !a->code && l->npiece > 2 && !l->piece[0].n && l->piece[1].n && !l->piece[1].any && m > 1 && in_one_piece(a, active, m)) {
		search(l, n, a, m);
		return 0;
	}
	BL_OPS_EACH(i, active) {
		struct bl_str s = bl_ops_str(a, i);
		if (l->fold && in_small(v, l, &s))
			return -1;
		n->is[w_] |= (uint64_t)matches(l, s) << i % 64;
	}
	return 0;
}

int bl_like_bind(struct bl_eval *v, struct bl_ops_node *n)
{
	struct bl_str pattern = n->e->arg[1]->lit.s;
	struct like *l = bl_compile_alloc(v, 1, sizeof *l);
	char *p = bl_compile_alloc(v, pattern.n, 1);
	struct piece *x;

	n->narg = 1;
	n->strict = like;
	n->state = l;
	bl_compile_range(n, 0, 1);
	if (!l || !p || !(l->piece = bl_compile_alloc(v, (size_t)pattern.n + 1, sizeof *l->piece)))
		return -1;
	l->fold = n->op == BL_OP_ILIKE;
	x = &l->piece[0];
	x->p = p;
	for (uint32_t i = 0; i < pattern.n; i++) {
		char c = pattern.p[i];
		if (c == '%') {
			/* Two in a row are as one. */
			if (x->n || x == l->piece)
				x++;
			x->p = p;
			continue;
		}
		if (c == '\\' && ++i == pattern.n) {
			l->bad = true;
			return 0;
		}
		x->any |= c == '_';
		*p = c == '_' ? '\0' : l->fold ? small(pattern.p[i]) : pattern.p[i];
		x->chars += starts_char(*p++);
		x->n++;
	}
	l->npiece = (uint32_t)(x - l->piece) + 1;
	return 0;
}
