/* SPDX-License-Identifier: Apache-2.0 */
/*
 * type: column types, schemas, and the vectors that the reader hands to the engine.
 *
 * Every type but double and text lives in an int64: bool 0/1, bigint, decimal as integer at the column's scale, date as
 * days and timestamp as microseconds since 1970-01-01 UTC.
 */
#ifndef BL_FORMAT_TYPE_H
#define BL_FORMAT_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

enum bl_type_kind {
	BL_TYPE_NULL = 0,	/* only in expressions: the type of a bare NULL */
	BL_TYPE_BOOL = 1,
	BL_TYPE_INT = 2,
	BL_TYPE_DECIMAL = 3,
	BL_TYPE_DOUBLE = 4,
	BL_TYPE_DATE = 5,
	BL_TYPE_STAMP = 6,
	BL_TYPE_TEXT = 7,
};
struct bl_type {
	uint8_t kind;		/* enum bl_type_kind */
	uint8_t precision;	/* decimal: 1..18 in a column, up to 38 in an expression; else 0 */
	uint8_t scale;		/* decimal: 0..precision; else 0 */
};

enum { BL_TYPE_NAME = 128, BL_TYPE_COLUMNS = 4096 };
struct bl_column {
	char name[BL_TYPE_NAME];	/* valid UTF-8, 1..127 bytes, no control bytes */
	struct bl_type type;
};
struct bl_schema {
	uint32_t n;
	struct bl_column *col;
};

/* "bigint", "decimal(15,2)", "text", ...; also the names other engines use on the way in (INTEGER, VARCHAR, SMALLINT,
 * REAL, TIMESTAMP, BOOLEAN, NUMERIC(p,s), any case). */
size_t bl_type_print(struct bl_type t, char out[32]);
bool bl_type_parse(const char *s, size_t n, struct bl_type *t);
/* Index of the column, or -1: exact name first, else the only one that matches ignoring ASCII case; -2 when several do. */
int bl_type_find(const struct bl_schema *s, const char *name, size_t n);

struct bl_str { const char *p; uint32_t n; };		/* a text value; not terminated */
/* Below, equal, above, byte by byte: for UTF-8 that is by code point. */
static inline int bl_type_order(struct bl_str a, struct bl_str b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

enum { BL_TYPE_VECTOR = 1024, BL_TYPE_GROUP = 65536 };	/* values in a vector, rows in a full row group */

/*
 * A vector: up to 1,024 values of one column. Exactly one of i64, f64, str is set, by the type. When `code` is set (text
 * with a chunk dictionary) str is NULL and value i is dict[code[i]]. null: bit i set = value i is NULL (then the value
 * itself is 0 or empty text), or NULL when none is. `constant`: all n values are equal and only index 0 need be read
 * (the arrays are filled anyway).
 */
struct bl_vec {
	struct bl_type type;
	uint32_t n;
	bool constant;
	const int64_t *i64;
	const double *f64;
	const struct bl_str *str;
	const uint32_t *code;
	const struct bl_str *dict;
	uint32_t ndict;
	const uint64_t *null;
};

/* What the encrypted footer tells of one column chunk. Text has no min and max. Doubles: the bits of the double. */
struct bl_stat {
	int64_t min, max;	/* over the values that are not NULL; meaningless when nulls == rows */
	uint32_t nulls;
	uint32_t distinct;	/* an upper bound on distinct values that are not NULL */
};

#endif
