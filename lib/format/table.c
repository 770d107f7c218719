/* SPDX-License-Identifier: Apache-2.0 */
/* table: see table.h. */
#include "format/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

int bl_table_face(const char *name)
{
	static const char *const names[] = { "table", "csv", "jsonl", "json" };

	for (int i = 0; i < 4; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

static const struct bl_str *cell_of(const struct bl_table *t, uint64_t row, uint32_t col)
{
	return &t->cell[row * t->ncol + col];
}

/* --- csv --- */

static void put_field(struct bl_buf *b, const char *s, size_t n, bool quote)
{
	for (size_t i = 0; !quote && i < n; i++)
		quote = s[i] == ',' || s[i] == '"' || s[i] == '\n' || s[i] == '\r';
	if (!quote) {
		bl_buf_put(b, s, n);
		return;
	}
	bl_buf_put8(b, '"');
	for (const char *end = s + n; s < end;) {
		const char *q = memchr(s, '"', (size_t)(end - s));
		size_t len = (size_t)((q ? q + 1 : end) - s);
		bl_buf_put(b, s, len);
		if (q)
			bl_buf_put8(b, '"');
		s += len;
	}
	bl_buf_put8(b, '"');
}

void bl_table_csv(const struct bl_table *t, struct bl_buf *b)
{
	for (uint32_t c = 0; c < t->ncol; c++) {
		if (c)
			bl_buf_put8(b, ',');
		put_field(b, t->col[c].name, strlen(t->col[c].name), false);
	}
	bl_buf_put8(b, '\n');
	for (uint64_t r = 0; r < t->nrow; r++) {
		for (uint32_t c = 0; c < t->ncol; c++) {
			const struct bl_str *s = cell_of(t, r, c);
			if (c)
				bl_buf_put8(b, ',');
			if (s->p)
				put_field(b, s->p, s->n, !s->n && t->col[c].type.kind == BL_TYPE_TEXT);
		}
		bl_buf_put8(b, '\n');
	}
}

/* --- JSON --- */

static void put_value(const struct bl_str *s, struct bl_type t, struct bl_buf *b)
{
	if (!s->p)
		bl_buf_puts(b, "null");
	else if (t.kind == BL_TYPE_BOOL || t.kind == BL_TYPE_INT || t.kind == BL_TYPE_DOUBLE)
		bl_buf_put(b, s->p, s->n);
	else
		bl_json_print_text(s->p, s->n, b);
}

void bl_table_jsonl(const struct bl_table *t, struct bl_buf *b)
{
	for (uint64_t r = 0; r < t->nrow; r++) {
		for (uint32_t c = 0; c < t->ncol; c++) {
			bl_buf_put8(b, c ? ',' : '{');
			bl_json_print_text(t->col[c].name, strlen(t->col[c].name), b);
			bl_buf_put8(b, ':');
			put_value(cell_of(t, r, c), t->col[c].type, b);
		}
		bl_buf_puts(b, "}\n");
	}
}

void bl_table_json(const struct bl_table *t, struct bl_buf *b)
{
	char type[32];

	bl_buf_puts(b, "{\"columns\":[");
	for (uint32_t c = 0; c < t->ncol; c++) {
		bl_type_print(t->col[c].type, type);
		bl_buf_puts(b, c ? ",{\"name\":" : "{\"name\":");
		bl_json_print_text(t->col[c].name, strlen(t->col[c].name), b);
		bl_buf_printf(b, ",\"type\":\"%s\"}", type);
	}
	bl_buf_puts(b, "],\"rows\":[");
	for (uint64_t r = 0; r < t->nrow; r++) {
		bl_buf_puts(b, r ? ",\n[" : "\n[");
		for (uint32_t c = 0; c < t->ncol; c++) {
			if (c)
				bl_buf_put8(b, ',');
			put_value(cell_of(t, r, c), t->col[c].type, b);
		}
		bl_buf_put8(b, ']');
	}
	bl_buf_puts(b, "],\"schema\":\"bl-query/1\"}\n");
}

/* --- for people --- */

enum { WIDEST = 60 };
static const char withheld[] = "\302\267", cut[] = "\342\200\246";		/* middle dot, ellipsis */

/* Is the column named in the row's list of withheld ones? */
static bool is_withheld(const struct bl_table *t, uint64_t row, uint32_t col)
{
	const char *name = t->col[col].name, *p, *comma;
	size_t n = strlen(name);

	if (strcmp(t->col[t->ncol - 1].name, BL_TABLE_SUPPRESSED))
		return false;
	const struct bl_str *list = cell_of(t, row, t->ncol - 1);
	for (p = list->p; p && p < list->p + list->n; p = comma + 1) {
		size_t left = (size_t)(list->p + list->n - p);
		if (!(comma = memchr(p, ',', left)))
			comma = p + left;
		if ((size_t)(comma - p) == n && !memcmp(p, name, n))
			return true;
	}
	return false;
}

/* What text looks like: control characters as '?', cut at so many characters. */
static void show(const char *s, size_t n, size_t most, struct bl_buf *out)
{
	size_t characters = 0, control;

	bl_buf_clear(out);
	for (size_t i = 0; i < n; i += control ? control : 1) {
		control = bl_text_control(s + i, n - i);
		characters += ((uint8_t)s[i] & 0xc0) != 0x80;
		if (characters > most) {
			bl_buf_puts(out, cut);
			return;
		}
		bl_buf_put8(out, control ? '?' : (uint8_t)s[i]);
	}
}

static void show_cell(const struct bl_table *t, uint64_t row, uint32_t col, struct bl_buf *out)
{
	const struct bl_str *s = cell_of(t, row, col);

	if (!s->p && is_withheld(t, row, col))
		show(withheld, strlen(withheld), WIDEST, out);
	else
		show(s->p, s->p ? s->n : 0, WIDEST, out);
}

static void put_padded(struct bl_buf *b, const char *s, size_t n, size_t width, bool right, bool last)
{
	size_t columns = bl_text_columns(s, n), pad = width > columns ? width - columns : 0;

	if (right)
		bl_buf_printf(b, "%*s", (int)pad, "");
	bl_buf_put(b, s, n);
	if (!right && !last)
		bl_buf_printf(b, "%*s", (int)pad, "");
}

static bool is_number(struct bl_type t)
{
	return t.kind == BL_TYPE_INT || t.kind == BL_TYPE_DECIMAL || t.kind == BL_TYPE_DOUBLE;
}

void bl_table_text(const struct bl_table *t, struct bl_buf *b)
{
	/* What the last one says, the dots show. */
	const uint32_t ncol = t->ncol - (t->ncol && !strcmp(t->col[t->ncol - 1].name, BL_TABLE_SUPPRESSED));
	size_t *width = calloc(ncol ? ncol : 1, sizeof *width), n;
	struct bl_buf s;

	if (!width) {
		b->failed = true;
		return;
	}
	bl_buf_init(&s, 4096);
	for (uint32_t c = 0; c < ncol; c++) {
		width[c] = bl_text_columns(t->col[c].name, strlen(t->col[c].name));
		for (uint64_t r = 0; r < t->nrow; r++) {
			show_cell(t, r, c, &s);
			if ((n = bl_text_columns((const char *)s.p, s.len)) > width[c])
				width[c] = n;
		}
	}
	for (uint32_t c = 0; c < ncol; c++) {
		show(t->col[c].name, strlen(t->col[c].name), SIZE_MAX, &s);
		bl_buf_puts(b, c ? "  " : "");
		put_padded(b, (const char *)s.p, s.len, width[c], is_number(t->col[c].type), c + 1 == ncol);
	}
	bl_buf_put8(b, '\n');
	for (uint64_t r = 0; r < t->nrow; r++) {
		for (uint32_t c = 0; c < ncol; c++) {
			show_cell(t, r, c, &s);
			bl_buf_puts(b, c ? "  " : "");
			put_padded(b, (const char *)s.p, s.len, width[c], is_number(t->col[c].type), c + 1 == ncol);
		}
		bl_buf_put8(b, '\n');
	}
	bl_buf_fini(&s);
	free(width);
}
