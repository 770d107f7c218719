/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft: the JSON is written by hand, not by the canonical printer, so that members come in the order in which people think
 * about them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "format/type.h"
#include "policy/doc.h"
#include "policy/draft.h"

/* One field of a CSV record from *s on into name; *s is then behind its comma, or at the end of the record. */
static bool take_field(const char **s, const char *end, char name[BL_TYPE_NAME])
{
	const char *p = *s;
	bool quoted = p < end && *p == '"';
	size_t n = 0;

	p += quoted;
	for (; p < end; p++) {
		if (quoted && *p == '"') {
			if (p + 1 < end && p[1] == '"')
				p++;
			else
				break;
		} else if (!quoted && (*p == ',' || *p == '\n' || *p == '\r')) {
			break;
		}
		if (n == BL_TYPE_NAME - 1 || !*p)
			return false;
		name[n++] = *p;
	}
	if (quoted && p++ == end)
		return false;
	name[n] = 0;
	*s = p;
	return p == end || *p == ',' || *p == '\n' || *p == '\r';
}

static bool name_ok(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if ((uint8_t)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	return n && bl_text_utf8(name, n);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int bad_header(struct bl_err *err, const char *what)
{
	bl_err_set(err, BL_DATA, "the table's first line: %s", what);
	return bl_err_hint(err, "it must name the columns, separated by commas");
}

static int put_columns(const struct bl_draft *d, struct bl_buf *b, struct bl_err *err)
{
	char (*names)[BL_TYPE_NAME] = calloc(BL_TYPE_COLUMNS, sizeof *names);
	const char *s = d->header, *end = s + d->header_len;
	size_t n = 0;
	bool found = !d->entity;
	int rc = -1;

	if (!names)
		return bl_err_set(err, BL_OSERR, "out of memory");
	if (d->header_len >= 3 && !memcmp(s, "\xef\xbb\xbf", 3))
		s += 3;
	for (;; s++) {
		if (n == BL_TYPE_COLUMNS || !take_field(&s, end, names[n]) || !name_ok(names[n])) {
			bad_header(err, n == BL_TYPE_COLUMNS ? "too many columns" : "not names of columns");
			goto out;
		}
		found |= d->entity && !strcmp(d->entity, names[n]);
		bl_buf_puts(b, n++ ? ",\n    " : "\n    ");
		bl_json_print_text(names[n - 1], strlen(names[n - 1]), b);
		bl_buf_puts(b, ": { \"uses\": [] }");
		if (s == end || *s != ',')
			break;
	}
	if (!found) {
		bl_err_set(err, BL_USAGE, "--entity: the table has no column '%s'", d->entity);
		goto out;
	}
	qsort(names, n, sizeof *names, by_name);
	rc = 0;
	for (size_t i = 1; i < n && !rc; i++)
		if (!strcmp(names[i - 1], names[i]))
			rc = bad_header(err, "two columns of one name");
out:
	free(names);
	return rc;
}

static void put_text(struct bl_buf *b, const char *s)
{
	bl_json_print_text(s, strlen(s), b);
}

int bl_draft_print(const struct bl_draft *d, struct bl_buf *b, struct bl_err *err)
{
	unsigned long long k = d->k;

	bl_buf_puts(b, "{\n  \"format\": \"bl-policy/1\",\n  \"version\": 1,\n");
	if (d->dataset) {
		bl_buf_puts(b, "  \"dataset\": ");
		put_text(b, d->dataset);
		bl_buf_puts(b, ",\n");
	}
	bl_buf_puts(b, "  \"title\": \"\",\n  \"note\": \"\",\n  \"entity\": ");
	/* "row" alone would be no column. */
	bl_buf_puts(b, d->entity && !strcmp(d->entity, "row") ? "[" : "");
	put_text(b, d->entity ? d->entity : "row");
	bl_buf_puts(b, d->entity && !strcmp(d->entity, "row") ? "]" : "");
	bl_buf_puts(b, ",\n  \"columns\": {");
	if (d->header && put_columns(d, b, err))
		return -1;
	bl_buf_puts(b, d->header ? "\n  },\n" : "},\n");
	bl_buf_puts(b, "  \"principals\": [],\n  \"release\": { \"all\": [\n");
	bl_buf_printf(b, "    { \"min_entities\": { \"k\": %llu, \"complement\": true } },\n", k);
	bl_buf_puts(b, "    { \"dominance\": { \"p_percent\": 10 } },\n");
	bl_buf_printf(b, "    { \"differencing\": { \"k\": %llu } },\n", k);
	bl_buf_puts(b, "    { \"zeros\": \"suppress\" },\n    { \"dof\": 10 }\n  ] },\n  \"otherwise\": \"reject\",\n");
	bl_buf_puts(b, "  \"mitigate\": { \"suppress\": { \"secondary\": true, \"as\": \"null\" } },\n");
	bl_buf_puts(b, "  \"budget\": { \"principal\": { \"requests\": 1000, \"refusals\": 100 } },\n");
	bl_buf_puts(b, "  \"tee\": { \"class\": \"software\" }\n}\n");
	return b->failed ? bl_err_set(err, BL_OSERR, "out of memory") : 0;
}
