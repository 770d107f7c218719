/* SPDX-License-Identifier: Apache-2.0 */
/*
 * textop: functions of texts. A character is a code point, told by its first byte; what is no UTF-8 is still never read
 * past its end. lower and upper change ASCII letters only. A result longer than BL_EVAL_TEXT is NULL.
 */
#include "query/ops.h"

static bool starts_char(char c)
{
	return ((uint8_t)c & 0xc0) != 0x80;
}

static int64_t length(struct bl_str s)
{
	int64_t n = s.n;
	uint32_t i = 0;
	uint64_t x;

	/* Less the bytes 10xxxxxx, eight at a time. */
	for (; i + 8 <= s.n; i += 8) {
		memcpy(&x, s.p + i, 8);
		n -= (int64_t)((x >> 7 & ~x >> 6 & UINT64_C(0x0101010101010101)) * UINT64_C(0x0101010101010101) >> 56);
	}
	for (; i < s.n; i++)
		n -= !starts_char(s.p[i]);
	return n;
}

/* The byte where character `chars`, counted from 0, begins; or the end. */
static uint32_t offset(struct bl_str s, int64_t chars)
{
	if (chars <= 0)
		return 0;
	for (uint32_t i = 0; i < s.n; i++)
		if (starts_char(s.p[i]) && chars-- == 0)
			return i;
	return s.n;
}

static struct bl_str from_to(struct bl_str s, uint32_t from, uint32_t to)
{
	return (struct bl_str){ s.p + from, to > from ? to - from : 0 };
}

/* Characters from `from` on, counted from 1, `count` of them: those before the first count too, as in SQL. */
static struct bl_str substring(struct bl_str s, int64_t from, int64_t count)
{
	int64_t end;

	if (__builtin_add_overflow(from, count, &end))
		end = INT64_MAX;
	from = from < 1 ? 1 : from;
	return end <= from ? from_to(s, 0, 0) : from_to(s, offset(s, from - 1), offset(s, end - 1));
}

static struct bl_str left(struct bl_str s, int64_t n)
{
	return from_to(s, 0, offset(s, n < 0 ? length(s) + n : n));
}

static struct bl_str right(struct bl_str s, int64_t n)
{
	int64_t chars = length(s);

	if (n < 0)
		return from_to(s, n < -chars ? s.n : offset(s, -n), s.n);
	return from_to(s, n > chars ? 0 : offset(s, chars - n), s.n);
}

static struct bl_str trim(struct bl_str s)
{
	while (s.n && s.p[0] == ' ')
		s.p++, s.n--;
	while (s.n && s.p[s.n - 1] == ' ')
		s.n--;
	return s;
}

static const char *find(struct bl_str s, struct bl_str what)
{
	return memmem(s.p, s.n, what.p, what.n);
}

static int64_t position(struct bl_str what, struct bl_str s)
{
	const char *at = find(s, what);

	return what.n == 0 ? 1 : at ? length((struct bl_str){ s.p, (uint32_t)(at - s.p) }) + 1 : 0;
}

static bool starts_with(struct bl_str s, struct bl_str what)
{
	return what.n <= s.n && !memcmp(s.p, what.p, what.n);
}

/* --- new texts: 1 and *r, 0 when it is too long, -1 --- */

static int change_case(struct bl_eval *v, struct bl_str s, char first, struct bl_str *r)
{
	char *p = bl_eval_text(v, s.n);

	if (!p)
		return -1;
	for (uint32_t i = 0; i < s.n; i++)
		p[i] = (char)(s.p[i] ^ ((uint8_t)(s.p[i] - first) < 26 ? 0x20 : 0));
	*r = (struct bl_str){ p, s.n };
	return 1;
}

static int replace(struct bl_eval *v, struct bl_str s, struct bl_str from, struct bl_str to, struct bl_str *r)
{
	uint64_t size = s.n;
	struct bl_str rest = s;
	const char *at;
	char *p, *out;

	*r = s;
	if (!from.n || !find(s, from))
		return 1;
	for (; (at = find(rest, from)); rest = from_to(rest, (uint32_t)(at - rest.p) + from.n, rest.n))
		size += to.n - (uint64_t)from.n;
	if (size > BL_EVAL_TEXT)
		return 0;
	if (!(p = out = bl_eval_text(v, size)))
		return -1;
	for (rest = s; (at = find(rest, from)); rest = from_to(rest, (uint32_t)(at - rest.p) + from.n, rest.n)) {
		p = mempcpy(p, rest.p, (size_t)(at - rest.p));
		p = mempcpy(p, to.p, to.n);
	}
	memcpy(p, rest.p, rest.n);
	*r = (struct bl_str){ out, (uint32_t)size };
	return 1;
}

static int concat(struct bl_eval *v, const struct bl_ops_node *n, uint32_t i, struct bl_str *r)
{
	uint64_t size = 0;
	char *p;

	for (uint32_t k = 0; k < n->narg; k++)
		size += bl_ops_str(bl_ops_arg(n, k), i).n;
	if (size > BL_EVAL_TEXT)
		return 0;
	if (!(p = bl_eval_text(v, size)))
		return -1;
	*r = (struct bl_str){ p, (uint32_t)size };
	for (uint32_t k = 0; k < n->narg; k++) {
		struct bl_str s = bl_ops_str(bl_ops_arg(n, k), i);
		p = mempcpy(p, s.p, s.n);
	}
	return 1;
}

static int make(struct bl_eval *v, const struct bl_ops_node *n, uint32_t i, struct bl_str *r)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0), *b = bl_ops_arg(n, n->narg > 1), *c = bl_ops_arg(n, n->narg > 2 ? 2 : 0);
	struct bl_str s = bl_ops_str(a, i);

	switch (n->op) {
	case BL_OP_CONCAT:
		return concat(v, n, i, r);
	case BL_OP_LOWER:
		return change_case(v, s, 'A', r);
	case BL_OP_UPPER:
		return change_case(v, s, 'a', r);
	case BL_OP_REPLACE:
		return replace(v, s, bl_ops_str(b, i), bl_ops_str(c, i), r);
	case BL_OP_TRIM:
		*r = trim(s);
		return 1;
	case BL_OP_LEFT:
		*r = left(s, b->i64[i * b->step]);
		return 1;
	case BL_OP_RIGHT:
		*r = right(s, b->i64[i * b->step]);
		return 1;
	default:	/* SUBSTR; a negative length has no meaning */
		if (n->narg > 2 && c->i64[i * c->step] < 0)
			return 0;
		*r = substring(s, b->i64[i * b->step], n->narg > 2 ? c->i64[i * c->step] : INT64_MAX);
		return 1;
	}
}

static int to_text(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	(void)m;
	BL_OPS_EACH(i, active) {
		int got = make(v, n, i, &n->str[i]);
		if (got < 0)
			return -1;
		if (!got) {
			n->str[i] = (struct bl_str){ "", 0 };
			bl_ops_null(n, i);
		}
	}
	return 0;
}

static int to_number(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_vec *a = bl_ops_arg(n, 0), *b = bl_ops_arg(n, n->narg > 1);

	(void)v;
	(void)m;
	BL_OPS_EACH(i, active) {
		struct bl_str s = bl_ops_str(a, i), t = bl_ops_str(b, i);
		if (n->op == BL_OP_STARTS_WITH)
			n->is[w_] |= (uint64_t)starts_with(s, t) << i % 64;
		else
			n->i64[i] = n->op == BL_OP_LENGTH ? length(s) : position(s, t);
	}
	return 0;
}

int bl_textop_bind(struct bl_eval *v, struct bl_ops_node *n)
{
	(void)v;
	n->strict = n->rep == BL_OPS_TEXT ? to_text : to_number;
	if (n->rep != BL_OPS_TEXT)
		bl_compile_range(n, 0, n->rep == BL_OPS_BOOL ? 1 : UINT32_MAX);
	return 0;
}
