/* SPDX-License-Identifier: Apache-2.0 */
/* csv: bytes in memory to the CSV reader, in pieces of any size; and libcsv beside it, told to be as strict. */
#ifndef TESTS_CSV_H
#define TESTS_CSV_H

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "format/csv.h"

struct csv_text { const uint8_t *p; size_t n, at, piece; };

static ssize_t csv_read(void *arg, void *p, size_t n, struct bl_err *err)
{
	struct csv_text *t = arg;
	size_t k = t->n - t->at < n ? t->n - t->at : n;

	(void)err;
	if (t->piece && k > t->piece)
		k = t->piece;
	if (k)
		memcpy(p, t->p + t->at, k);
	t->at += k;
	return (ssize_t)k;
}

/* All records as text: NULL is "-", else "+" and the value; each ends with a byte that is never in one. 0 or -1. */
static inline int csv_dump(const void *p, size_t n, size_t piece, struct bl_csv_dialect d, struct bl_buf *out, struct bl_err *err)
{
	struct csv_text t = { p, n, 0, piece };
	struct bl_csv *c = bl_csv_new((struct bl_csv_source){ csv_read, &t }, d, err);
	struct bl_csv_rows r;
	int more;

	bl_buf_init(out, (size_t)1 << 30);
	while ((more = bl_csv_next(c, &r, err)) == 1)
		for (uint32_t i = 0; i < r.n * r.columns; i++) {
			const struct bl_csv_field *f = &r.field[i];
			char *v = malloc(f->n + 1);
			size_t len = f->n;

			if (f->escaped)
				len = bl_csv_unescape(f, v);
			else
				memcpy(v, f->p, f->n);
			bl_buf_put8(out, f->n || f->quoted ? '+' : '-');
			bl_buf_put(out, v, len);
			bl_buf_put8(out, i % r.columns + 1 == r.columns ? 1 : 2);
			free(v);
		}
	bl_csv_free(c);
	return more;
}

/* The same by libcsv with its defaults for line ends; -1 where it refuses or records are ragged. */
struct csv_oracle { struct bl_buf *out; size_t fields, first; bool bad; };

static void csv_oracle_field(void *p, size_t n, void *arg)
{
	struct csv_oracle *o = arg;

	if (o->fields++)
		bl_buf_put8(o->out, 2);
	bl_buf_put8(o->out, p ? '+' : '-');
	bl_buf_put(o->out, p, p ? n : 0);
}

static void csv_oracle_end(int c, void *arg)
{
	struct csv_oracle *o = arg;

	(void)c;
	if (!o->first)
		o->first = o->fields;
	o->bad |= o->fields != o->first;
	o->fields = 0;
	bl_buf_put8(o->out, 1);
}

static int csv_no_space(unsigned char c)
{
	(void)c;
	return 0;
}

static inline int csv_oracle(const void *p, size_t n, struct bl_buf *out)
{
	struct csv_parser parser;
	struct csv_oracle o = { .out = out };
	bool bad;

	bl_buf_init(out, (size_t)1 << 30);
	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL))
		abort();
	csv_set_space_func(&parser, csv_no_space);
	bad = csv_parse(&parser, p, n, csv_oracle_field, csv_oracle_end, &o) != n || csv_fini(&parser, csv_oracle_field, csv_oracle_end, &o);
	csv_free(&parser);
	return bad || o.bad ? -1 : 0;
}

#endif
