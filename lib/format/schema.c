/* SPDX-License-Identifier: Apache-2.0 */
/* schema: see schema.h. */
#include "format/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

bool bl_schema_name(const char *s, size_t n)
{
	if (!n || n >= BL_TYPE_NAME || !bl_text_utf8(s, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (bl_text_control(s + i, n - i))
			return false;
	return true;
}

void bl_schema_fini(struct bl_schema *s)
{
	free(s->col);
	*s = (struct bl_schema){ 0 };
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Its names in order; NULL: no memory. */
static const char **sorted(const struct bl_schema *s)
{
	const char **name = calloc(s->n ? s->n : 1, sizeof(*name));

	for (uint32_t i = 0; name && i < s->n; i++)
		name[i] = s->col[i].name;
	if (name)
		qsort(name, s->n, sizeof(*name), by_name);
	return name;
}

int bl_schema_check(const struct bl_schema *s, struct bl_err *err)
{
	const char **name = sorted(s);
	int r = 0;

	if (!name)
		return bl_err_set(err, BL_OSERR, "out of memory");
	for (uint32_t i = 1; i < s->n && !r; i++)
		if (!strcmp(name[i - 1], name[i]))
			r = bl_err_set(err, BL_DATA, "two columns are named '%s'", name[i]);
	free(name);
	return r;
}

/* Names are unique on both sides, so equal counts and each found means the same columns. */
int bl_schema_apply(struct bl_schema *s, const struct bl_schema *given, struct bl_err *err)
{
	for (uint32_t i = 0; i < given->n; i++) {
		int k = bl_type_find(s, given->col[i].name, strlen(given->col[i].name));

		if (k < 0 || strcmp(s->col[k].name, given->col[i].name))
			return bl_err_set(err, BL_DATA, "column '%s' of the schema is not in the table", given->col[i].name);
		s->col[k].type = given->col[i].type;
	}
	for (uint32_t i = 0; i < s->n; i++) {
		int k = bl_type_find(given, s->col[i].name, strlen(s->col[i].name));

		if (k < 0 || strcmp(given->col[k].name, s->col[i].name))
			return bl_err_set(err, BL_DATA, "column '%s' is not in the schema", s->col[i].name);
	}
	return 0;
}

struct text { const char *p, *end; };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct text *t)
{
	while (t->p < t->end && is_blank(*t->p))
		t->p++;
}

/* Blanks, empty lines, comments. */
static void skip_between(struct text *t)
{
	for (; t->p < t->end && (is_blank(*t->p) || *t->p == '\n' || *t->p == '#'); t->p++)
		if (*t->p == '#')
			while (t->p + 1 < t->end && t->p[1] != '\n')
				t->p++;
}

static int bad(const char *what, uint32_t column, struct bl_err *err)
{
	bl_err_set(err, BL_USAGE, "schema: column %u: %s", column + 1, what);
	return bl_err_hint(err, "a schema is 'name type, name type'; types are bool, bigint, decimal(p,s), double, date, timestamp, text");
}

/* A word, or anything in double quotes; its length, 0 when it is none. */
static size_t parse_name(struct text *t, char out[BL_TYPE_NAME])
{
	bool quoted = t->p < t->end && *t->p == '"';
	size_t n = 0;

	for (t->p += quoted; t->p < t->end; t->p++) {
		if (quoted && *t->p == '"' && (++t->p == t->end || *t->p != '"'))
			return bl_schema_name(out, n) ? n : 0;
		if (!quoted && (is_blank(*t->p) || strchr(",\n#\"", *t->p)))
			break;
		if (n == BL_TYPE_NAME - 1)
			return 0;
		out[n++] = *t->p;
	}
	return !quoted && bl_schema_name(out, n) ? n : 0;
}

/* Up to the comma or line end outside parentheses. */
static bool parse_type(struct text *t, struct bl_type *type)
{
	const char *p, *end;
	bool inside = false;

	skip_blanks(t);
	for (p = t->p; t->p < t->end && (inside || !strchr(",\n#", *t->p)) && *t->p != '\n'; t->p++)
		inside = *t->p == '(' || (inside && *t->p != ')');
	for (end = t->p; end > p && is_blank(end[-1]); end--)
		;
	return bl_type_parse(p, (size_t)(end - p), type) && (type->kind != BL_TYPE_DECIMAL || type->precision <= 18);
}

/* What is between columns: a comma, a line end, or both. */
static bool parse_separator(struct text *t)
{
	const char *p = t->p;

	skip_between(t);
	if (t->p < t->end && *t->p == ',') {
		t->p++;
		skip_between(t);
		return true;
	}
	return t->p == t->end || memchr(p, '\n', (size_t)(t->p - p));
}

int bl_schema_parse(struct bl_schema *s, const char *text, size_t n, struct bl_err *err)
{
	struct text t = { text, text + n };

	*s = (struct bl_schema){ .col = calloc(BL_TYPE_COLUMNS, sizeof(*s->col)) };
	if (!s->col)
		return bl_err_set(err, BL_OSERR, "out of memory");
	if (memchr(text, 0, n)) {
		bad("a NUL byte", 0, err);
		goto fail;
	}
	for (skip_between(&t); t.p < t.end; s->n++) {
		if (s->n == BL_TYPE_COLUMNS) {
			bl_err_set(err, BL_USAGE, "schema: more than %d columns", BL_TYPE_COLUMNS);
			goto fail;
		}
		if (!parse_name(&t, s->col[s->n].name)) {
			bad("not a name", s->n, err);
			goto fail;
		}
		if (!parse_type(&t, &s->col[s->n].type)) {
			bad("not a type that a column can have", s->n, err);
			goto fail;
		}
		if (!parse_separator(&t)) {
			bad("followed by neither a comma nor a line end", s->n, err);
			goto fail;
		}
	}
	if (!s->n) {
		bl_err_set(err, BL_USAGE, "schema: no columns");
		goto fail;
	}
	if (!bl_schema_check(s, err))
		return 0;
	err->code = BL_USAGE;
	bl_err_where(err, "schema");
fail:
	bl_schema_fini(s);
	return -1;
}

static bool is_word(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(s);
}

void bl_schema_print(const struct bl_schema *s, struct bl_buf *b)
{
	for (uint32_t i = 0; i < s->n; i++) {
		const char *name = s->col[i].name;
		char type[32];

		if (is_word(name)) {
			bl_buf_puts(b, name);
		} else {
			bl_buf_put8(b, '"');
			for (; *name; name++) {
				if (*name == '"')
					bl_buf_put8(b, '"');
				bl_buf_put8(b, (uint8_t)*name);
			}
			bl_buf_put8(b, '"');
		}
		bl_type_print(s->col[i].type, type);
		bl_buf_printf(b, " %s\n", type);
	}
}
