/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canon: see canon.h. Canonical text has one spelling for everything, so each function accepts that one and nothing else; what is
 * left to json.c is whether the bytes of a string are UTF-8. tests/fuzz/fuzz_canon.c shows that this and the long way agree.
 */
#include "base/canon.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { DEEPEST = 1024, DIGITS = 16 };
static const int64_t integer_limit = INT64_C(1) << 53;

struct pass {
	const char *p, *end;
	unsigned depth;			/* brackets that may still be opened */
	char *text;			/* room for a string without its escapes: as much as there is input */
};

static bool take(struct pass *c, char want)
{
	if (c->p == c->end || *c->p != want)
		return false;
	c->p++;
	return true;
}

static bool take_word(struct pass *c, const char *word, size_t n)
{
	if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n))
		return false;
	c->p += n;
	return true;
}

/* Behind a backslash: the byte it stands for, or 0. NUL has no spelling, and what has a short one no long one. */
static char escaped(struct pass *c)
{
	static const char shorts[] = "\"\\bfnrt", bytes[] = "\"\\\b\f\n\r\t";
	const char *at;
	uint8_t byte;

	if (c->p == c->end)
		return 0;
	if (*c->p && (at = strchr(shorts, *c->p))) {
		c->p++;
		return bytes[at - shorts];
	}
	if (!take_word(c, "u00", 3) || c->end - c->p < 2 || !bl_text_unhex(c->p, 2, &byte, 1) || byte >= 0x20 ||
	    memchr("\b\f\n\r\t", byte, 5) || (c->p[1] >= 'A' && c->p[1] <= 'F'))
		return 0;
	c->p += 2;
	return (char)byte;
}

/* A string's bytes, escapes undone, and their number; NULL: not canonical. They are valid until the next string. */
static const char *string(struct pass *c, size_t *n)
{
	const char *start = c->p;
	size_t len = 0;

	if (!take(c, '"'))
		return NULL;
	for (start = c->p; c->p < c->end && *c->p != '"' && *c->p != '\\'; c->p++)
		if ((unsigned char)*c->p < 0x20)
			return NULL;
	if (take(c, '"')) {		/* nothing to undo: as it stands */
		*n = (size_t)(c->p - 1 - start);
		return start;
	}
	if (c->p == c->end)
		return NULL;
	len = (size_t)(c->p - start);
	memcpy(c->text, start, len);
	while (c->p < c->end) {
		char byte = *c->p++;
		if (byte == '"') {
			*n = len;
			return c->text;
		}
		if ((unsigned char)byte < 0x20 || (byte == '\\' && !(byte = escaped(c))))
			return NULL;
		c->text[len++] = byte;
	}
	return NULL;
}

static struct bl_json *text(struct pass *c)
{
	size_t n;
	const char *s = string(c, &n);

	return s ? bl_json_new_textn(s, n) : NULL;
}

static struct bl_json *integer(struct pass *c)
{
	const bool minus = take(c, '-');
	const char *start = c->p;
	int64_t v = 0;

	while (c->p < c->end && *c->p >= '0' && *c->p <= '9' && c->p - start <= DIGITS)
		v = 10 * v + (*c->p++ - '0');
	if (c->p == start || c->p - start > DIGITS || (*start == '0' && (minus || c->p - start > 1)) || v >= integer_limit)
		return NULL;
	return bl_json_new_int(minus ? -v : v);
}

static struct bl_json *value(struct pass *c);

static bool items(struct pass *c, struct bl_json *array)
{
	for (size_t n = 1; ; n++) {
		struct bl_json *v = value(c);
		if (!v)
			return false;
		bl_json_add(array, v);
		if (bl_json_count(array) != n)	/* out of memory */
			return false;
		if (take(c, ']'))
			return true;
		if (!take(c, ','))
			return false;
	}
}

/* Keys in ascending order, none twice: each goes behind those that are there. */
static bool members(struct pass *c, struct bl_json *object)
{
	const char *last = NULL, *s;
	char *key;
	size_t len;

	for (size_t n = 1; ; n++) {
		if (!(s = string(c, &len)) || memchr(s, 0, len) || !take(c, ':') || !(key = strndup(s, len)))
			return false;
		struct bl_json *v = !last || strcmp(last, key) < 0 ? value(c) : NULL;
		if (v)
			bl_json_put(object, key, v);
		free(key);
		if (!v || bl_json_count(object) != n)
			return false;
		last = bl_json_key(object, n - 1, NULL);
		if (take(c, '}'))
			return true;
		if (!take(c, ','))
			return false;
	}
}

static struct bl_json *list(struct pass *c, struct bl_json *j, char close, bool (*fill)(struct pass *, struct bl_json *))
{
	if (j && c->depth) {
		c->depth--;
		if (take(c, close) || fill(c, j)) {
			c->depth++;
			return j;
		}
	}
	bl_json_free(j);
	return NULL;
}

static struct bl_json *value(struct pass *c)
{
	if (c->p == c->end)
		return NULL;
	switch (*c->p) {
	case '"':
		return text(c);
	case '{':
		c->p++;
		return list(c, bl_json_new_object(), '}', members);
	case '[':
		c->p++;
		return list(c, bl_json_new_array(), ']', items);
	case 't':
		return take_word(c, "true", 4) ? bl_json_new_bool(true) : NULL;
	case 'f':
		return take_word(c, "false", 5) ? bl_json_new_bool(false) : NULL;
	case 'n':
		return take_word(c, "null", 4) ? bl_json_new_null() : NULL;
	default:
		return integer(c);
	}
}

struct bl_json *bl_canon_parse(const char *s, size_t n, unsigned max_depth)
{
	struct pass c = { .p = s, .end = s + n, .depth = max_depth };
	struct bl_json *j = NULL;

	assert(max_depth <= DEEPEST);
	/* Most lines hold no escape at all. */
	if (memchr(s, '\\', n) && !(c.text = malloc(n)))
		return NULL;
	j = value(&c);
	free(c.text);
	if (j && c.p != c.end) {
		bl_json_free(j);
		j = NULL;
	}
	return j;
}
