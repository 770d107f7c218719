/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table: a finished table of canonical texts, and its faces: csv, JSON lines, one JSON document, aligned text. What is in
 * it has been released; this only spells it.
 */
#ifndef BL_FORMAT_TABLE_H
#define BL_FORMAT_TABLE_H

#include "base/buf.h"
#include "format/type.h"

struct bl_table_col { const char *name; struct bl_type type; };
struct bl_table {
	uint32_t ncol;
	uint64_t nrow;
	const struct bl_table_col *col;
	const struct bl_str *cell;	/* [nrow][ncol]; p NULL: NULL */
};

/* The last column of an answer that may be withheld in part: the names of a row's withheld columns, a comma between. */
#define BL_TABLE_SUPPRESSED "_suppressed"

enum bl_table_face { BL_TABLE_TEXT, BL_TABLE_CSV, BL_TABLE_JSONL, BL_TABLE_JSON };
/* "table", "csv", "jsonl", "json"; -1 otherwise. */
int bl_table_face(const char *name);

/* RFC 4180, LF, header line; NULL is nothing, empty text is "". */
void bl_table_csv(const struct bl_table *t, struct bl_buf *b);
/* One object a line, keys in column order; decimals, dates and times are strings. A receipt's output hash is over these bytes. */
void bl_table_jsonl(const struct bl_table *t, struct bl_buf *b);
/* {"columns":[{"name","type"}],"rows":[[...]],"schema":"bl-query/1"} */
void bl_table_json(const struct bl_table *t, struct bl_buf *b);
/* For people: aligned columns, numbers to the right, NULL as nothing; without BL_TABLE_SUPPRESSED, but what it names is U+00B7. */
void bl_table_text(const struct bl_table *t, struct bl_buf *b);

#endif
