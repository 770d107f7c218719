/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: see load.h. A batch is converted column by column: one loop for each type, over fields that are still in the
 * cache from when they were found.
 */
#include "format/load.h"

#include <stdlib.h>
#include <string.h>

#include "format/schema.h"
#include "format/value.h"

int bl_load_names(struct bl_schema *s, const struct bl_csv *c, const struct bl_csv_rows *header, struct bl_err *err)
{
	*s = (struct bl_schema){ .n = header->columns };
	if (!(s->col = calloc(s->n, sizeof(*s->col))))
		return bl_err_set(err, BL_OSERR, "out of memory");
	for (uint32_t i = 0; i < s->n; i++) {
		const struct bl_csv_field *f = &header->field[i];
		struct bl_column *col = &s->col[i];
		size_t n = f->n;
		bool fits = n < 2 * sizeof(col->name);
		char name[2 * sizeof(col->name)];

		if (fits && f->escaped)
			n = bl_csv_unescape(f, name);
		else if (fits)
			memcpy(name, f->p, n);
		if (!fits || !bl_schema_name(name, n)) {
			bl_csv_bad(c, 0, i, err, n ? "not a name for a column" : "a column without a name");
			bl_err_hint(err, "the first line names the columns: 1 to 127 bytes each, no control bytes");
			goto fail;
		}
		memcpy(col->name, name, n);
		col->type.kind = BL_TYPE_TEXT;
	}
	if (!bl_schema_check(s, err))
		return 0;
fail:
	bl_schema_fini(s);
	return -1;
}

static int bad_value(const struct bl_csv *c, uint32_t row, uint32_t column, struct bl_type t, struct bl_err *err)
{
	char type[32], what[64] = "not a value of type ";

	bl_type_print(t, type);
	return bl_csv_bad(c, row, column, err, strcat(what, type));
}

static inline void set_null(struct bl_writer_column *col, uint32_t row)
{
	col->null[row / 64] |= UINT64_C(1) << row % 64;
}

static inline bool is_null(const struct bl_csv_field *f)
{
	return !f->n && !f->quoted;
}

/*
 * One loop over n fields of a column from record `from`, to rows from `at`; `get` is one of value.h with its arguments.
 * A field with doubled quotes inside is no number and no date.
 */
#define LOAD(get) \
	for (uint32_t i = 0; i < n; i++, f += r->columns) { \
		int64_t v = 0; \
		if (is_null(f)) \
			set_null(col, at + i); \
		else if (f->escaped || !(get)) \
			return bad_value(c, from + i, column, t, err); \
		out[i] = v; \
	}

static int load_values(struct bl_writer_column *col, uint32_t at, const struct bl_csv *c, const struct bl_csv_rows *r, uint32_t from,
		       uint32_t n, uint32_t column, struct bl_err *err)
{
	const struct bl_csv_field *f = r->field + (size_t)from * r->columns + column;
	const struct bl_type t = col->type;
	int64_t *out = col->i64 + at;

	switch ((enum bl_type_kind)t.kind) {
	case BL_TYPE_BOOL:
		LOAD(bl_value_bool(f->p, f->n, &v));
		break;
	case BL_TYPE_INT:
		LOAD(bl_value_int(f->p, f->n, &v));
		break;
	case BL_TYPE_DECIMAL:
		LOAD(bl_value_decimal(f->p, f->n, t.precision, t.scale, &v));
		break;
	case BL_TYPE_DOUBLE:
		LOAD(bl_value_double(f->p, f->n, &v));
		break;
	case BL_TYPE_DATE:
		LOAD(bl_value_date(f->p, f->n, &v));
		break;
	case BL_TYPE_STAMP:
		LOAD(bl_value_stamp(f->p, f->n, &v));
		break;
	case BL_TYPE_NULL:
	case BL_TYPE_TEXT:
		break;
	}
	return 0;
}

/* Whole words at a time; both sides have BL_CSV_SLACK bytes to spare. */
static inline void copy(uint8_t *to, const char *from, size_t n)
{
	if (n > BL_CSV_SLACK) {
		memcpy(to, from, n);
		return;
	}
	memcpy(to, from, 16);
	memcpy(to + 16, from + 16, 16);
}

static int load_texts(struct bl_writer *w, uint32_t at, const struct bl_csv_rows *r, uint32_t from, uint32_t n, uint32_t column, struct bl_err *err)
{
	const struct bl_csv_field *f = r->field + (size_t)from * r->columns + column;
	struct bl_writer_column *col = &w->col[column];

	for (uint32_t i = 0; i < n; i++, f += r->columns) {
		if (is_null(f))
			set_null(col, at + i);
		if (col->text_len + f->n + BL_CSV_SLACK > col->text_cap && bl_writer_text(w, column, f->n, err))
			return -1;
		if (f->escaped) {
			col->text_len += bl_csv_unescape(f, (char *)col->text + col->text_len);
		} else {
			copy(col->text + col->text_len, f->p, f->n);
			col->text_len += f->n;
		}
		col->end[at + i] = (uint32_t)col->text_len;
	}
	return 0;
}

int bl_load_rows(struct bl_writer *w, const struct bl_csv *c, const struct bl_csv_rows *r, struct bl_err *err)
{
	for (uint32_t from = 0, n; from < r->n; from += n) {
		/* Not before another row comes: the last group may be full too. */
		if (w->rows == BL_TYPE_GROUP && bl_writer_row_group(w, false, err))
			return -1;
		n = r->n - from < BL_TYPE_GROUP - w->rows ? r->n - from : BL_TYPE_GROUP - w->rows;
		for (uint32_t k = 0; k < r->columns; k++)
			if (w->col[k].type.kind == BL_TYPE_TEXT ? load_texts(w, w->rows, r, from, n, k, err) :
								  load_values(&w->col[k], w->rows, c, r, from, n, k, err))
				return -1;
		w->rows += n;
	}
	return 0;
}
