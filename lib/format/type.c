/* SPDX-License-Identifier: Apache-2.0 */
/* type: names of types, and looking up a column by name. Pure. */
#include "format/type.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"

/* The first name of a kind is the one that is printed. */
static const struct { const char *name; enum bl_type_kind kind; } names[] = {
	{ "null", BL_TYPE_NULL },
	{ "bool", BL_TYPE_BOOL }, { "boolean", BL_TYPE_BOOL }, { "logical", BL_TYPE_BOOL },
	{ "bigint", BL_TYPE_INT }, { "int", BL_TYPE_INT }, { "integer", BL_TYPE_INT }, { "smallint", BL_TYPE_INT },
	{ "tinyint", BL_TYPE_INT }, { "int2", BL_TYPE_INT }, { "int4", BL_TYPE_INT }, { "int8", BL_TYPE_INT },
	{ "int16", BL_TYPE_INT }, { "int32", BL_TYPE_INT }, { "int64", BL_TYPE_INT }, { "long", BL_TYPE_INT },
	{ "decimal", BL_TYPE_DECIMAL }, { "numeric", BL_TYPE_DECIMAL }, { "dec", BL_TYPE_DECIMAL },
	{ "double", BL_TYPE_DOUBLE }, { "double precision", BL_TYPE_DOUBLE }, { "real", BL_TYPE_DOUBLE }, { "float", BL_TYPE_DOUBLE },
	{ "float4", BL_TYPE_DOUBLE }, { "float8", BL_TYPE_DOUBLE },
	{ "date", BL_TYPE_DATE },
	{ "timestamp", BL_TYPE_STAMP }, { "datetime", BL_TYPE_STAMP },
	{ "text", BL_TYPE_TEXT }, { "varchar", BL_TYPE_TEXT }, { "char", BL_TYPE_TEXT }, { "string", BL_TYPE_TEXT },
};
enum { NAMES = sizeof(names) / sizeof(*names), DIGITS = 38, DEFAULT_DIGITS = 18, DEFAULT_SCALE = 3 };

size_t bl_type_print(struct bl_type t, char out[32])
{
	size_t i = 0;

	if (t.kind == BL_TYPE_DECIMAL)
		return (size_t)snprintf(out, 32, "decimal(%u,%u)", t.precision, t.scale);
	while (i < NAMES - 1 && names[i].kind != (enum bl_type_kind)t.kind)
		i++;
	return (size_t)snprintf(out, 32, "%s", names[i].name);
}

/* "(p)" or "(p,s)", spaces allowed around the numbers. */
static bool parse_digits(const char *s, size_t n, struct bl_type *t)
{
	uint64_t v[2] = { 0, 0 };
	unsigned k = 0;

	if (n < 3 || s[0] != '(' || s[n - 1] != ')')
		return false;
	for (s++, n -= 2; ; k++) {
		const char *comma = memchr(s, ',', n);
		size_t len = comma ? (size_t)(comma - s) : n, left = n - len;
		const char *p = s;

		while (len && *p == ' ')
			p++, len--;
		while (len && p[len - 1] == ' ')
			len--;
		if (k == 2 || !bl_num_parse_u64(p, len, &v[k]))
			return false;
		if (!comma)
			break;
		s = comma + 1;
		n = left - 1;
	}
	if (v[0] < 1 || v[0] > DIGITS || v[1] > v[0])
		return false;
	t->precision = (uint8_t)v[0];
	t->scale = (uint8_t)v[1];
	return true;
}

bool bl_type_parse(const char *s, size_t n, struct bl_type *t)
{
	const char *paren = memchr(s, '(', n);
	size_t len = paren ? (size_t)(paren - s) : n;
	struct bl_type r = { 0 };

	while (len && s[len - 1] == ' ')
		len--;
	for (size_t i = 1; i < NAMES; i++) {
		if (strlen(names[i].name) != len || strncasecmp(names[i].name, s, len))
			continue;
		r.kind = (uint8_t)names[i].kind;
		if (r.kind == BL_TYPE_DECIMAL) {
			r.precision = DEFAULT_DIGITS;
			r.scale = DEFAULT_SCALE;
		}
		if (paren && (r.kind != BL_TYPE_DECIMAL || !parse_digits(paren, n - (size_t)(paren - s), &r)))
			return false;
		*t = r;
		return true;
	}
	return false;
}

int bl_type_find(const struct bl_schema *s, const char *name, size_t n)
{
	int found = -1;

	for (uint32_t i = 0; i < s->n; i++) {
		const char *c = s->col[i].name;

		if (strlen(c) != n || strncasecmp(c, name, n))
			continue;
		if (!memcmp(c, name, n))
			return (int)i;
		found = found == -1 ? (int)i : -2;
	}
	return found;
}
