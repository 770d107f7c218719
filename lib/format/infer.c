/* SPDX-License-Identifier: Apache-2.0 */
/*
 * infer: see infer.h. A column is of one class (numbers, dates, bools) until a value is not; then it is text for good.
 * Within the class its extremes are kept, and the type follows from them at the end.
 */
#include "format/infer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "format/value.h"

enum class { NOTHING, BOOL, NUMBER, TIME, TEXT };

struct column {
	enum class class;
	uint16_t whole, after;		/* most digits before and after the point, capped */
	bool point, exponent;		/* seen */
	bool int64, real;		/* all fit so far */
	bool stamp;
};
struct bl_infer {
	uint32_t n;
	struct column *col;
};

struct bl_infer *bl_infer_new(uint32_t columns)
{
	struct bl_infer *f = calloc(1, sizeof(*f));

	if (!f || !(f->col = calloc(columns, sizeof(*f->col)))) {
		free(f);
		return NULL;
	}
	f->n = columns;
	for (uint32_t i = 0; i < columns; i++)
		f->col[i].int64 = f->col[i].real = true;
	return f;
}

void bl_infer_free(struct bl_infer *f)
{
	if (!f)
		return;
	free(f->col);
	free(f);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t digits(const char *p, size_t n, size_t i)
{
	while (i < n && is_digit(p[i]))
		i++;
	return i;
}

/* Digits from the first that is not zero to the last that is not; no more than 17 survive a double whatever they are. */
static unsigned significant(const char *p, size_t n)
{
	unsigned all = 0, sure = 0;

	for (size_t i = 0; i < n && p[i] != 'e' && p[i] != 'E'; i++) {
		if (!is_digit(p[i]))
			continue;
		all += sure || p[i] != '0';
		if (p[i] != '0')
			sure = all;
	}
	return sure;
}

static bool real_holds(const char *p, size_t n, bool whole)
{
	int64_t v;
	double d;

	if (whole)
		return n < 16 || (bl_num_parse_i64(p, n, &v) && v >= -(INT64_C(1) << 53) && v <= INT64_C(1) << 53);
	return significant(p, n) <= 17 && bl_num_parse_f64(p, n, &d) && (d != 0 || !significant(p, n));
}

static uint16_t most(uint16_t a, size_t b)
{
	return a > b ? a : b < 1000 ? (uint16_t)b : 1000;
}

/* RFC 8259's numbers: no sign '+', no leading zeros, digits on both sides of a point. */
static bool add_number(struct column *c, const char *p, size_t n)
{
	size_t start = *p == '-', whole = digits(p, n, start), end = whole;
	int64_t v;

	if (whole == start || (whole - start > 1 && p[start] == '0'))
		return false;
	if (end < n && p[end] == '.') {
		end = digits(p, n, whole + 1);
		if (end == whole + 1)
			return false;
		c->after = most(c->after, end - whole - 1);
	}
	c->point |= end > whole;
	c->whole = most(c->whole, whole - start);
	if (end < n) {
		size_t e = end + 1;

		if (p[end] != 'e' && p[end] != 'E')
			return false;
		if (e < n && (p[e] == '+' || p[e] == '-'))
			e++;
		if (e == n || digits(p, n, e) != n)
			return false;
		c->exponent = true;
	}
	if (whole - start > 18)
		c->int64 = c->int64 && end == whole && bl_value_int(p, n, &v);
	c->real = c->real && real_holds(p, n, end == n && end == whole);
	return true;
}

static bool add_bool(const char *p, size_t n)
{
	return (n == 4 && !strncasecmp(p, "true", 4)) || (n == 5 && !strncasecmp(p, "false", 5));
}

static bool add_time(struct column *c, const char *p, size_t n)
{
	int64_t v;

	if (bl_value_date(p, n, &v))
		return true;
	c->stamp = true;
	return bl_value_stamp(p, n, &v);
}

static enum class first_class(struct column *c, const char *p, size_t n)
{
	if (add_bool(p, n))
		return BOOL;
	if (add_number(c, p, n))
		return NUMBER;
	return add_time(c, p, n) ? TIME : TEXT;
}

/* Numbers of at most eight bytes without a sign, which most are: false for anything else, also for what is a number. */
static inline bool add_short(struct column *c, const char *p, size_t n)
{
	uint64_t w;
	unsigned after = 0;
	size_t whole = n;

	if (n - 1 >= 8)
		return false;
	w = bl_value_word(p, n);
	if (!bl_value_all_digits(w)) {
		if (!bl_value_point(&w, &after) || !after || after + 1 >= n)
			return false;
		whole = n - after - 1;
		c->point = true;
		c->after = c->after > after ? c->after : (uint16_t)after;
	}
	if (whole > 1 && *p == '0')
		return false;
	c->whole = c->whole > whole ? c->whole : (uint16_t)whole;
	return true;
}

static inline bool add(struct column *c, const char *p, size_t n)
{
	switch (c->class) {
	case NOTHING:
		c->class = first_class(c, p, n);
		return c->class != TEXT;
	case BOOL:
		return add_bool(p, n);
	case NUMBER:
		return add_short(c, p, n) || add_number(c, p, n);
	case TIME:
		return add_time(c, p, n);
	case TEXT:
		break;
	}
	return false;
}

void bl_infer_add(struct bl_infer *f, const struct bl_csv_rows *r)
{
	for (uint32_t k = 0; k < f->n; k++) {
		struct column *c = &f->col[k];
		const struct bl_csv_field *v = r->field + k;

		for (uint32_t i = 0; c->class != TEXT && i < r->n; i++, v += r->columns) {
			if (!v->n && !v->quoted)
				continue;
			if (!v->n || v->escaped || !add(c, v->p, v->n))
				c->class = TEXT;
		}
	}
}

static struct bl_type number_type(const struct column *c)
{
	unsigned whole = c->whole, after = c->after;

	if (!c->point && !c->exponent && c->int64)
		return (struct bl_type){ .kind = BL_TYPE_INT };
	if (!c->exponent && c->point && whole + after <= 18)
		return (struct bl_type){ BL_TYPE_DECIMAL, (uint8_t)(whole + after), (uint8_t)after };
	return (struct bl_type){ .kind = c->real ? BL_TYPE_DOUBLE : BL_TYPE_TEXT };
}

struct bl_type bl_infer_type(const struct bl_infer *f, uint32_t column)
{
	const struct column *c = &f->col[column];

	switch (c->class) {
	case BOOL:
		return (struct bl_type){ .kind = BL_TYPE_BOOL };
	case NUMBER:
		return number_type(c);
	case TIME:
		return (struct bl_type){ .kind = c->stamp ? BL_TYPE_STAMP : BL_TYPE_DATE };
	case NOTHING:
	case TEXT:
		break;
	}
	return (struct bl_type){ .kind = BL_TYPE_TEXT };
}
