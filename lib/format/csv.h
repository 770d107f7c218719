/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv: RFC 4180 records from a stream of bytes, in batches of fields, bounded: quoted fields, embedded line feeds, LF and
 * CRLF, a byte order mark. The fast path indexes structural bytes with SIMD (csvindex.c); another delimiter or quote
 * takes the libcsv path (csvodd.c). Strict: what is not such text is 65, naming line and column, never the cell.
 *
 * Nothing between two commas is NULL, `""` is empty text. An empty line is a record of one field.
 */
#ifndef BL_FORMAT_CSV_H
#define BL_FORMAT_CSV_H

#include <sys/types.h>

#include "base/err.h"
#include "format/type.h"

/* A field: bytes without its quotes; `quoted` tells `""` (empty text) from nothing (NULL). If `escaped`, doubled quotes
 * are still inside and bl_csv_unescape gives the value. BL_CSV_SLACK bytes after it may be read (not used). */
struct bl_csv_field { const char *p; uint32_t n; bool quoted, escaped; };

enum {
	BL_CSV_FIELD = 16 << 20, BL_CSV_RECORD = 64 << 20,	/* most bytes of a field, a record */
	BL_CSV_SLACK = 32,
	BL_CSV_NULLS = 64,
};

/* Where the bytes come from: up to n of them, 0 at the end, -1 with err. */
struct bl_csv_source { ssize_t (*read)(void *arg, void *p, size_t n, struct bl_err *err); void *arg; };

struct bl_csv_dialect {
	char delimiter, quote;			/* ',' and '"' is the fast path; quote 0: nothing is quoted */
	const char *const *null;		/* texts that are NULL too, quoted or not */
	size_t nnull;
};

/* Records of equal length, fields row by row: field[row * columns + column]. Valid until the next call. */
struct bl_csv_rows { uint32_t n, columns; const struct bl_csv_field *field; };

struct bl_csv;
struct bl_csv *bl_csv_new(struct bl_csv_source src, struct bl_csv_dialect d, struct bl_err *err);
void bl_csv_free(struct bl_csv *c);
/* The next records: 1; at the end 0; -1 with err. The first batch is the first record alone (the header); its length is
 * everybody's. */
int bl_csv_next(struct bl_csv *c, struct bl_csv_rows *r, struct bl_err *err);
/* Names for messages from now on; s outlives c. */
void bl_csv_names(struct bl_csv *c, const struct bl_schema *s);
/* "line 7, column 'age': what", class 65, about a field of the current batch. Returns -1. */
int bl_csv_bad(const struct bl_csv *c, uint32_t row, uint32_t column, struct bl_err *err, const char *what);
/* The value of an escaped field to out (room for f->n bytes); returns its length. */
size_t bl_csv_unescape(const struct bl_csv_field *f, char *out);

/* For csv.c and csvodd.c: "line N, column 'X': what"; column counts from 0, `columns` or more: none is named. */
int bl_csv_fault(const struct bl_schema *names, uint64_t line, uint32_t column, struct bl_err *err, const char *what);

#endif
