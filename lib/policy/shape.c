/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shape: one walk over a JSON value with the table that describes it. Everything is refused that the table does not name,
 * so that a restriction which is misspelled is an error and not a restriction that nobody keeps.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "policy/shape.h"

static size_t path_of(const struct bl_shape_at *at, char *out, size_t n)
{
	size_t len;
	int r;

	if (!at)
		return 0;
	len = path_of(at->up, out, n);
	if (at->key)
		r = snprintf(out + len, n - len, "%s%s", len ? "." : "", at->key);
	else
		r = snprintf(out + len, n - len, "[%zu]", at->i);
	return r < 0 ? len : (size_t)r < n - len ? len + (size_t)r : n - 1;
}

void bl_shape_path(const struct bl_shape_at *at, char out[BL_SHAPE_PATH])
{
	out[0] = 0;
	path_of(at, out, BL_SHAPE_PATH);
}

int bl_shape_fail(const struct bl_shape_at *at, struct bl_err *err, const char *fmt, ...)
{
	char path[BL_SHAPE_PATH];
	va_list ap;

	va_start(ap, fmt);
	bl_err_vset(err, BL_CONFIG, fmt, ap);
	va_end(ap);
	bl_shape_path(at, path);
	return path[0] ? bl_err_where(err, "%s", path) : -1;
}

int bl_shape_word(const char *words, const char *word)
{
	size_t n = strlen(word);
	int i = 0;

	for (const char *p = words, *end; *p; p = end + (*end == ' '), i++) {
		end = strchrnul(p, ' ');
		if ((size_t)(end - p) == n && !memcmp(p, word, n))
			return i;
	}
	return -1;
}

/* --- numbers --- */

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits from s on, at most 18 that count, into *v. Returns how many there are; more than 18: 0, and it fails. */
static unsigned take_digits(const char *s, bl_i128 *v)
{
	unsigned n = 0;

	for (; digit(s[n]); n++) {
		if (n == 18)
			return 0;
		*v = *v * 10 + (s[n] - '0');
	}
	return n;
}

/* Strict: no sign but '-', no leading zero, digits on both sides of the point. Stops where an exponent may begin. */
static const char *parse_dec(const char *s, struct bl_dec *d)
{
	bool negative = *s == '-';
	unsigned whole, places = 0;

	*d = (struct bl_dec){ .set = true };
	s += negative;
	if (s[0] == '0' && digit(s[1]))
		return NULL;
	whole = take_digits(s, &d->v);
	if (!whole)
		return NULL;
	s += whole;
	if (*s == '.') {
		places = take_digits(s + 1, &d->v);
		if (!places)
			return NULL;
		s += 1 + places;
	}
	for (; places && d->v % 10 == 0; places--)
		d->v /= 10;
	d->scale = (uint8_t)places;
	if (negative)
		d->v = -d->v;
	return s;
}

bool bl_shape_dec(const struct bl_json *j, struct bl_dec *d)
{
	const char *s = bl_json_text(j, NULL);

	if (bl_json_kind(j) == BL_JSON_INT) {
		*d = (struct bl_dec){ .set = true, .v = bl_json_int(j) };
		return true;
	}
	return s && (s = parse_dec(s, d)) && !*s;
}

bool bl_shape_delta(const struct bl_json *j, struct bl_dec *d)
{
	const char *s = bl_json_text(j, NULL);
	bl_i128 exponent = 0;
	unsigned n;

	if (bl_shape_dec(j, d))
		return true;
	if (!s || !(s = parse_dec(s, d)) || s[0] != 'e' || s[1] != '-')
		return false;
	n = take_digits(s + 2, &exponent);
	if (!n || s[2 + n] || d->scale + exponent > 18)
		return false;
	d->scale = (uint8_t)(d->scale + exponent);
	return true;
}

int bl_shape_compare(const struct bl_dec *a, const struct bl_dec *b)
{
	/* Both have at most 36 digits; what is cut off the finer one decides only when the rest is equal. */
	bl_i128 x = a->v, y = b->v, rest = 0;

	if (a->scale > b->scale) {
		bl_i128 unit = bl_num_pow10_i128((unsigned)(a->scale - b->scale));
		rest = x % unit;
		x /= unit;
	} else {
		bl_i128 unit = bl_num_pow10_i128((unsigned)(b->scale - a->scale));
		rest = -(y % unit);
		y /= unit;
	}
	if (x == y)
		return (rest > 0) - (rest < 0);
	return x < y ? -1 : 1;
}

static int check_dec(const struct bl_shape *s, const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	struct bl_dec d, low = { true, s->min, 0 }, high = { true, s->max, 0 };

	if (!bl_shape_dec(j, &d))
		return bl_shape_fail(at, err, "not a number (an integer, or a decimal with at most 18 digits before and after the point)");
	if (s->digits && d.scale > s->digits)
		return bl_shape_fail(at, err, "more than %u digits after the point", s->digits);
	if (bl_shape_compare(&d, &low) < (s->open ? 1 : 0))
		return bl_shape_fail(at, err, s->open ? "not above %lld" : "below %lld", (long long)s->min);
	if (s->max > s->min && bl_shape_compare(&d, &high) > 0)
		return bl_shape_fail(at, err, "above %lld", (long long)s->max);
	return 0;
}

static int check_delta(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	struct bl_dec d, none = { true, 0, 0 }, one = { true, 1, 0 };

	if (!bl_shape_delta(j, &d))
		return bl_shape_fail(at, err, "not a number (a decimal, or one like \"1e-9\", with at most 18 digits after the point)");
	if (bl_shape_compare(&d, &none) < 0 || bl_shape_compare(&d, &one) >= 0)
		return bl_shape_fail(at, err, "not in [0, 1)");
	return 0;
}

static int check_int(const struct bl_shape *s, const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	int64_t v = bl_json_int(j);

	if (bl_json_kind(j) != BL_JSON_INT)
		return bl_shape_fail(at, err, "not an integer");
	if (v < s->min || v > s->max)
		return bl_shape_fail(at, err, "not in %lld..%lld", (long long)s->min, (long long)s->max);
	return 0;
}

/* --- texts --- */

static int check_text(const struct bl_shape *s, const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	size_t n;
	const char *t = bl_json_text(j, &n);

	if (!t)
		return bl_shape_fail(at, err, "not a string");
	if (n < (size_t)s->min)
		return bl_shape_fail(at, err, s->min == 1 ? "empty" : "shorter than %lld bytes", (long long)s->min);
	if (n > (size_t)s->max)
		return bl_shape_fail(at, err, "longer than %lld bytes", (long long)s->max);
	for (size_t i = 0; i < n; i++)
		if (bl_text_control(t + i, n - i) && t[i] != '\n' && t[i] != '\t')
			return bl_shape_fail(at, err, "holds a control character");
	return 0;
}

/* A spelling of one of the words, or none. */
static void hint(const char *words, const char *word, struct bl_err *err)
{
	const char *name[64];
	char copy[512], *save = NULL;
	size_t n = 0;

	assert(strlen(words) < sizeof copy);
	strcpy(copy, words);
	for (char *p = strtok_r(copy, " ", &save); p && n < 64; p = strtok_r(NULL, " ", &save))
		name[n++] = p;
	word = bl_text_nearest(word, name, n);
	if (word)
		bl_err_hint(err, "did you mean '%s'?", word);
}

static int check_word(const struct bl_shape *s, const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	const char *t = bl_json_text(j, NULL);

	if (!t)
		return bl_shape_fail(at, err, "not a string");
	if (bl_shape_word(s->words, t) >= 0)
		return 0;
	bl_shape_fail(at, err, "not one of: %s", s->words);
	hint(s->words, t, err);
	return -1;
}

static int check_form(const struct bl_shape *s, const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	size_t n;
	const char *t = bl_json_text(j, &n);
	int64_t v;

	if (!t)
		return bl_shape_fail(at, err, "not a string");
	switch (s->kind) {
	case BL_SHAPE_FPR:
		return bl_ident_is_fpr(t) ? 0 : bl_shape_fail(at, err, "not a fingerprint (SHA256: and 43 characters of base64, as bl-keygen -l prints it)");
	case BL_SHAPE_TIME:
		if (n >= 20 && t[10] == 'T' && bl_time_parse_stamp(t, n, &v))
			return 0;
		return bl_shape_fail(at, err, "not a time like 2030-01-31T00:00:00Z");
	case BL_SHAPE_DURATION:
		return bl_time_parse_duration(t, n, &v) && v > 0 ? 0 : bl_shape_fail(at, err, "not a duration like P90D");
	default:
		assert(s->kind == BL_SHAPE_HEX);
		if (n % 2 || n / 2 < (size_t)s->min || n / 2 > (size_t)s->max || strspn(t, "0123456789abcdef") != n)
			return bl_shape_fail(at, err, "not a hash in lower-case hexadecimal");
		return 0;
	}
}

/* --- lists and objects --- */

static int check_words(const struct bl_shape *s, const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	uint64_t seen = 0;

	if (bl_json_kind(j) != BL_JSON_ARRAY)
		return bl_shape_fail(at, err, "not a list");
	for (size_t i = 0; i < bl_json_count(j); i++) {
		struct bl_shape_at item = { at, NULL, i };
		int w;
		if (check_word(s, &item, bl_json_item(j, i), err))
			return -1;
		w = bl_shape_word(s->words, bl_json_text(bl_json_item(j, i), NULL));
		if (seen >> w & 1)
			return bl_shape_fail(&item, err, "given twice");
		seen |= UINT64_C(1) << w;
	}
	return 0;
}

static int check_list(const struct bl_shape *s, const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	size_t n = bl_json_count(j);

	if (bl_json_kind(j) != BL_JSON_ARRAY)
		return bl_shape_fail(at, err, "not a list");
	if (n < (size_t)s->min)
		return bl_shape_fail(at, err, "empty");
	if (n > (size_t)s->max)
		return bl_shape_fail(at, err, "more than %lld items", (long long)s->max);
	for (size_t i = 0; i < n; i++) {
		struct bl_shape_at item = { at, NULL, i };
		if (bl_shape_check(s->of, &item, bl_json_item(j, i), err))
			return -1;
	}
	return 0;
}

static int check_map(const struct bl_shape *s, const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	if (bl_json_kind(j) != BL_JSON_OBJECT)
		return bl_shape_fail(at, err, "not an object");
	if (bl_json_count(j) > (size_t)s->max)
		return bl_shape_fail(at, err, "more than %lld members", (long long)s->max);
	for (size_t i = 0; i < bl_json_count(j); i++) {
		const struct bl_json *v;
		struct bl_shape_at member = { at, bl_json_key(j, i, &v), 0 };
		if (s->kind == BL_SHAPE_FPR_MAP && !bl_ident_is_fpr(member.key))
			return bl_shape_fail(&member, err, "not a fingerprint");
		if (bl_shape_check(s->of, &member, v, err))
			return -1;
	}
	return 0;
}

static const struct bl_shape *member_of(const struct bl_shape *table, const char *key)
{
	for (; table->kind; table++)
		if (!strcmp(table->name, key))
			return table;
	return NULL;
}

int bl_shape_unknown(const struct bl_shape *table, const struct bl_shape_at *at, struct bl_err *err)
{
	char words[512] = "";
	size_t n = 0;

	bl_shape_fail(at, err, "no such member");
	for (; table->kind; table++)
		n += (size_t)snprintf(words + n, sizeof words - n, "%s%s", n ? " " : "", table->name);
	hint(words, at->key, err);
	return -1;
}

static int check_object(const struct bl_shape *s, const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	if (bl_json_kind(j) != BL_JSON_OBJECT)
		return bl_shape_fail(at, err, "not an object");
	for (size_t i = 0; i < bl_json_count(j); i++) {
		const struct bl_json *v;
		struct bl_shape_at member = { at, bl_json_key(j, i, &v), 0 };
		const struct bl_shape *m = member_of(s->of, member.key);
		if (!m)
			return bl_shape_unknown(s->of, &member, err);
		if (bl_shape_check(m, &member, v, err))
			return -1;
	}
	for (const struct bl_shape *m = s->of; m->kind; m++)
		if (m->required && !bl_json_get(j, m->name)) {
			struct bl_shape_at member = { at, m->name, 0 };
			return bl_shape_fail(&member, err, "missing");
		}
	return 0;
}

static int check_kind(const struct bl_shape *s, const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	switch (s->kind) {
	case BL_SHAPE_END:
		assert(0);
		break;
	case BL_SHAPE_ANY:
		return 0;
	case BL_SHAPE_BOOL:
		return bl_json_kind(j) == BL_JSON_BOOL ? 0 : bl_shape_fail(at, err, "neither true nor false");
	case BL_SHAPE_TRUE:
		return bl_json_bool(j) ? 0 : bl_shape_fail(at, err, "only true may stand here");
	case BL_SHAPE_INT:
		return check_int(s, at, j, err);
	case BL_SHAPE_DEC:
		return check_dec(s, at, j, err);
	case BL_SHAPE_DELTA:
		return check_delta(at, j, err);
	case BL_SHAPE_TEXT:
		return check_text(s, at, j, err);
	case BL_SHAPE_WORD:
		return check_word(s, at, j, err);
	case BL_SHAPE_WORDS:
		return check_words(s, at, j, err);
	case BL_SHAPE_FPR:
	case BL_SHAPE_HEX:
	case BL_SHAPE_TIME:
	case BL_SHAPE_DURATION:
		return check_form(s, at, j, err);
	case BL_SHAPE_LIST:
		return check_list(s, at, j, err);
	case BL_SHAPE_MAP:
	case BL_SHAPE_FPR_MAP:
		return check_map(s, at, j, err);
	case BL_SHAPE_OBJECT:
		return check_object(s, at, j, err);
	}
	return -1;
}

int bl_shape_check(const struct bl_shape *s, const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	return check_kind(s, at, j, err) || (s->check && s->check(at, j, err)) ? -1 : 0;
}
