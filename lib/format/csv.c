/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv: see csv.h. A block of text, beginning at a record, is indexed as a whole, its complete records are handed out in
 * batches that stay in the first-level cache, and what is left moves to the front of the next block. Lines are counted
 * as bytes are let go, the rest when a message needs it.
 */
#include "format/csv.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "format/csvindex.h"
#include "format/csvodd.h"

enum {
	BLOCK = 256 << 10,		/* bytes read at a time, unless a record is longer */
	POSITIONS = 48 << 10,		/* fields indexed at a time, more than BL_TYPE_COLUMNS */
	FIELDS = 2048,			/* fields in a batch, unless a record has more: at most BL_TYPE_COLUMNS */
	LIMIT = BL_CSV_RECORD + BLOCK,	/* as far as the buffer grows */
	LEAD = 64,			/* bytes before the text, so that the byte before a field can be read */
};

struct bl_csv {
	struct bl_csv_source src;
	struct bl_csv_dialect d;
	const struct bl_schema *names;
	struct bl_csvodd *odd;
	bl_csvindex_fn *index;
	uint8_t *buf;			/* LEAD bytes, cap bytes of text, slack */
	size_t cap, at, end;		/* text: [at, end) is not handed out yet */
	bool eof, started;
	uint64_t line;			/* of the byte at `mark` */
	size_t mark;
	uint64_t records;		/* handed out since; unless lines end inside quotes that is as many lines */
	bool inner;
	uint32_t *pos;			/* positions from `from` on; those of records handed out are before `next` */
	struct bl_csvindex x;
	size_t from;
	uint32_t next, ready;		/* complete records not handed out yet */
	bool ragged;			/* after them comes one of another length */
	uint32_t columns;		/* 0: the first record is still to come */
	struct bl_csv_field *field;
	uint32_t batch;			/* most records in a batch */
};

static uint8_t *text(const struct bl_csv *c)
{
	return c->buf + LEAD;
}

struct bl_csv *bl_csv_new(struct bl_csv_source src, struct bl_csv_dialect d, struct bl_err *err)
{
	struct bl_csv *c = calloc(1, sizeof(*c));

	if (!c)
		goto memory;
	c->src = src;
	c->d = d;
	c->line = 1;
	c->batch = 1;
	c->cap = BLOCK;
	c->index = bl_csvindex_has_fast() ? bl_csvindex_fast : bl_csvindex_plain;
	if (d.delimiter != ',' || d.quote != '"') {
		if (!(c->odd = bl_csvodd_new(src, d.delimiter, d.quote)))
			goto memory;
		return c;
	}
	c->buf = malloc(LEAD + c->cap + BL_CSVINDEX_SLACK);
	c->pos = malloc((POSITIONS + BL_CSVINDEX_SLACK) * sizeof(*c->pos));
	c->field = malloc(BL_TYPE_COLUMNS * sizeof(*c->field));
	if (c->buf && c->pos && c->field)
		return c;
memory:
	bl_err_set(err, BL_OSERR, "out of memory");
	bl_csv_free(c);
	return NULL;
}

void bl_csv_free(struct bl_csv *c)
{
	if (!c)
		return;
	bl_csvodd_free(c->odd);
	free(c->buf);
	free(c->pos);
	free(c->field);
	free(c);
}

void bl_csv_names(struct bl_csv *c, const struct bl_schema *s)
{
	c->names = s;
}

int bl_csv_fault(const struct bl_schema *names, uint64_t line, uint32_t column, struct bl_err *err, const char *what)
{
	bl_err_set(err, BL_DATA, "%s", what);
	if (names && column < names->n)
		return bl_err_where(err, "line %llu, column '%s'", (unsigned long long)line, names->col[column].name);
	if (!names && column < BL_TYPE_COLUMNS)
		return bl_err_where(err, "line %llu, column %u", (unsigned long long)line, column + 1);
	return bl_err_where(err, "line %llu", (unsigned long long)line);
}

static uint64_t count_lines(const uint8_t *p, const uint8_t *end)
{
	uint64_t n = 0;

	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		n++;
		p++;
	}
	return n;
}

static uint64_t line_at(const struct bl_csv *c, const void *p)
{
	return c->line + count_lines(text(c) + c->mark, p);
}

/* Column of the byte at `at` in a record that begins at position number `first`. */
static uint32_t column_at(const struct bl_csv *c, uint32_t first, size_t at)
{
	uint32_t i = first;

	while (i < c->x.n && c->from + c->pos[i] < at)
		i++;
	return i - first;
}

static size_t record_start(const struct bl_csv *c, uint32_t i)
{
	return i ? c->from + c->pos[i - 1] + 1 : c->from;
}

static int bad_length(const struct bl_csv *c, uint32_t first, struct bl_err *err)
{
	unsigned long long line = line_at(c, text(c) + record_start(c, first));
	uint32_t n = first;

	while (n < c->x.n && text(c)[c->from + c->pos[n]] != '\n')
		n++;
	if (!c->columns)
		return bl_err_set(err, BL_DATA, "line %llu: more than %d columns", line, BL_TYPE_COLUMNS);
	if (n == c->x.n)
		return bl_err_set(err, BL_DATA, "line %llu: more fields than the header has", line);
	return bl_err_set(err, BL_DATA, "line %llu: %u field%s where the header has %u", line, n - first + 1, n == first ? "" : "s", c->columns);
}

/* Which rule for quotes and control bytes the text breaks, once all records before have been handed out. */
static int bad_text(const struct bl_csv *c, struct bl_err *err)
{
	static const char *const what[] = {
		[BL_CSVINDEX_QUOTE] = "a quote inside a field that is not quoted",
		[BL_CSVINDEX_AFTER] = "text after a closing quote",
		[BL_CSVINDEX_CR] = "a carriage return that ends no line",
		[BL_CSVINDEX_NUL] = "a NUL byte",
	};
	size_t at = c->from + c->x.fault_at;

	bl_csv_fault(c->names, line_at(c, text(c) + at), column_at(c, c->next, at), err, what[c->x.fault]);
	if (c->x.fault == BL_CSVINDEX_NUL)
		return bl_err_hint(err, "CSV is text in UTF-8; is it UTF-16, or no text at all?");
	if (c->x.fault == BL_CSVINDEX_CR)
		return bl_err_hint(err, "lines end with LF or CRLF");
	return bl_err_hint(err, "a field with quotes is itself quoted, and quotes inside are doubled; see --quote and --delimiter");
}

/* Among the first n fields that were indexed. */
static int bad_utf8(const struct bl_csv *c, uint32_t n, struct bl_err *err)
{
	for (uint32_t i = 0; i < n; i++) {
		size_t at = record_start(c, i);

		if (bl_text_utf8((const char *)text(c) + at, c->from + c->pos[i] - at))
			continue;
		bl_csv_fault(c->names, line_at(c, text(c) + at), i % c->columns, err, "not valid UTF-8");
		return bl_err_hint(err, "convert it first, for example with iconv -f latin1 -t utf-8");
	}
	return bl_err_set(err, BL_BUG, "invalid UTF-8 that no field has");
}

/* How many of the records at p, all those with a line feed, have `columns` fields, up to the first that has not. */
static uint32_t count_records(const struct bl_csv *c, const uint8_t *p)
{
	uint32_t n = 0, i = 0;

	while (n < c->x.records && (n + 1) * c->columns <= c->x.n && p[c->pos[(n + 1) * c->columns - 1]] == '\n')
		n++;
	/* As many line feeds as there are, each where a record ends: there is none anywhere else. */
	if (n == c->x.records)
		return n;
	while (i < n * c->columns && (p[c->pos[i]] == '\n') == ((i + 1) % c->columns == 0))
		i++;
	return i / c->columns;
}

/* Finds the structure of the text that is there. */
static int index_block(struct bl_csv *c, struct bl_err *err)
{
	uint8_t *p = text(c) + c->at;
	uint32_t n = 0;

	c->from = c->at;
	c->next = 0;
	memset(text(c) + c->end, ' ', BL_CSVINDEX_SLACK);	/* the index looks at whole steps */
	c->index(p, c->end - c->at, c->pos, POSITIONS, &c->x);
	c->inner |= c->x.inner;
	if (!c->columns && c->x.records) {
		/* The header; what follows it is looked at again, now that the length is known. */
		while (n < BL_TYPE_COLUMNS && p[c->pos[n]] != '\n')
			n++;
		if (n == BL_TYPE_COLUMNS)
			return bl_err_set(err, BL_DATA, "line 1: more than %d columns", BL_TYPE_COLUMNS);
		c->columns = n + 1;
		c->batch = FIELDS / c->columns ? FIELDS / c->columns : 1;
		c->x.records = 1;
		c->x.fault = BL_CSVINDEX_NONE;
		c->x.stopped = true;
	}
	c->ready = count_records(c, p);
	c->ragged = c->ready < c->x.records;
	n = c->ready * c->columns;
	if (n && c->x.high && !bl_text_utf8((const char *)p, c->pos[n - 1]))
		return bad_utf8(c, n, err);
	return 0;
}

static int foreign(const uint8_t *p, size_t n, struct bl_err *err)
{
	static const struct { const char *magic; size_t n; const char *name; } formats[] = {
		{ "PAR1", 4, "a Parquet file" }, { "ARROW1", 6, "an Arrow file" }, { "\xff\xff\xff\xff", 4, "an Arrow stream" },
		{ "\x1f\x8b", 2, "compressed with gzip" }, { "\x28\xb5\x2f\xfd", 4, "compressed with zstd" },
		{ "PK\3\4", 4, "a zip archive or a spreadsheet" }, { "\x89""BLF", 4, "a sealed file already" },
		{ "\xff\xfe", 2, "text in UTF-16" }, { "\xfe\xff", 2, "text in UTF-16" }, { "SQLite format 3", 15, "an SQLite database" },
		{ "ORC", 3, "an ORC file" }, { "{\"", 2, "JSON" },
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (n >= formats[i].n && !memcmp(p, formats[i].magic, formats[i].n)) {
			bl_err_set(err, BL_DATA, "%s: only CSV in UTF-8 is read by this version", formats[i].name);
			return bl_err_hint(err, "convert it to CSV in a pipe");
		}
	return 0;
}

/* Reads until the block is full or the stream ends, from where the unfinished record begins. */
static int fill(struct bl_csv *c, struct bl_err *err)
{
	size_t left = c->end - c->at;

	if (left > BL_CSV_RECORD)
		return bl_csv_fault(c->names, line_at(c, text(c) + c->at), BL_TYPE_COLUMNS, err, "a record longer than 64 MiB");
	c->line = c->inner ? line_at(c, text(c) + c->at) : c->line + c->records;
	c->mark = 0;
	c->records = 0;
	c->inner = false;
	if (left < c->cap / 2 || c->cap == LIMIT) {
		memmove(text(c), text(c) + c->at, left);
	} else {
		size_t cap = c->cap * 2 < LIMIT ? c->cap * 2 : LIMIT;
		uint8_t *b = malloc(LEAD + cap + BL_CSVINDEX_SLACK);

		if (!b)
			return bl_err_set(err, BL_OSERR, "out of memory");
		memcpy(b + LEAD, text(c) + c->at, left);
		free(c->buf);
		c->buf = b;
		c->cap = cap;
	}
	c->at = 0;
	c->end = left;
	while (c->end < c->cap && !c->eof) {
		ssize_t n = c->src.read(c->src.arg, text(c) + c->end, c->cap - c->end, err);

		if (n < 0)
			return -1;
		c->eof = n == 0;
		c->end += (size_t)n;
	}
	if (!c->started) {
		c->started = true;
		if (foreign(text(c), c->end, err))
			return -1;
		if (c->end >= 3 && !memcmp(text(c), "\xef\xbb\xbf", 3))
			c->at = c->mark = 3;
	}
	/* The last line feed may be missing. */
	if (c->eof && c->end > c->at && text(c)[c->end - 1] != '\n')
		text(c)[c->end++] = '\n';
	return 0;
}

/* A doubled quote is one. */
size_t bl_csv_unescape(const struct bl_csv_field *f, char *out)
{
	const char *p = f->p, *end = p + f->n, *q;
	char *o = out;

	while ((q = memchr(p, '"', (size_t)(end - p)))) {
		q++;
		memcpy(o, p, (size_t)(q - p));
		o += q - p;
		p = q + 1;
	}
	memcpy(o, p, (size_t)(end - p));
	return (size_t)(o + (end - p) - out);
}

static bool same(const struct bl_csv_field *f, const char *s)
{
	size_t i = 0;

	if (!f->escaped)
		return strlen(s) == f->n && !memcmp(f->p, s, f->n);
	for (; *s && i < f->n && f->p[i] == *s; s++)
		i += f->p[i] == '"' ? 2 : 1;
	return !*s && i == f->n;
}

static void set_nulls(const struct bl_csv_dialect *d, struct bl_csv_field *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < d->nnull; k++)
			if (same(&f[i], d->null[k])) {
				f[i].n = 0;
				f[i].quoted = f[i].escaped = false;
			}
}

static inline void set_field(struct bl_csv_field *f, const char *p, const char *end, bool quotes, bool doubled)
{
	if (quotes && p < end && *p == '"') {
		size_t n = (size_t)(end - p) - 2;

		*f = (struct bl_csv_field){ p + 1, (uint32_t)n, true, doubled && memchr(p + 1, '"', n) };
	} else {
		*f = (struct bl_csv_field){ p, (uint32_t)(end - p), false, false };
	}
}

/* Only where the buffer had to grow that far. */
static int check_lengths(const struct bl_csv *c, uint32_t n, struct bl_err *err)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct bl_csv_field *f = &c->field[i], *row = f - i % c->columns;

		if (f->n > BL_CSV_FIELD)
			return bl_csv_fault(c->names, line_at(c, f->p), i % c->columns, err, "a field longer than 16 MiB");
		if (f->p + f->n - row->p > BL_CSV_RECORD)
			return bl_csv_fault(c->names, line_at(c, row->p), BL_TYPE_COLUMNS, err, "a record longer than 64 MiB");
	}
	return 0;
}

/* The next up to `batch` complete records. */
static int hand_out(struct bl_csv *c, struct bl_csv_rows *r, struct bl_err *err)
{
	const uint32_t rows = c->ready < c->batch ? c->ready : c->batch, columns = c->columns, n = rows * columns, *pos = c->pos + c->next;
	const char *base = (const char *)text(c) + c->from, *p = (const char *)text(c) + record_start(c, c->next);
	const bool quotes = c->x.quote, doubled = c->x.doubled, cr = c->x.cr;
	struct bl_csv_field *f = c->field;

	for (uint32_t i = 0; i < rows; i++, pos += columns) {
		const char *end;

		for (uint32_t k = 0; k + 1 < columns; k++, p = end + 1) {
			end = base + pos[k];
			set_field(f++, p, end, quotes, doubled);
		}
		end = base + pos[columns - 1];
		set_field(f++, p, end - (cr && end > p && end[-1] == '\r'), quotes, doubled);
		p = end + 1;
	}
	if (c->cap > BL_CSV_FIELD && check_lengths(c, n, err))
		return -1;
	if (c->d.nnull)
		set_nulls(&c->d, c->field, n);
	c->next += n;
	c->ready -= rows;
	c->records += rows;
	c->at = record_start(c, c->next);
	*r = (struct bl_csv_rows){ rows, c->columns, c->field };
	return 1;
}

/* Complete records, or the reason why there are none. */
static int find_records(struct bl_csv *c, struct bl_err *err)
{
	while (!c->ready) {
		if (c->ragged || (c->x.stopped && !c->x.records && !c->next))
			return bad_length(c, c->next, err);
		if (c->x.fault)
			return bad_text(c, err);
		if (!c->x.stopped) {
			if (c->eof && c->at == c->end)
				return 0;
			/* The text ends with a line feed, so that can only be inside quotes. */
			if (c->eof)
				return bl_csv_fault(c->names, line_at(c, text(c) + c->at), column_at(c, c->next, c->end), err,
						    "a quoted field that does not end");
			if (fill(c, err))
				return -1;
		}
		if (index_block(c, err))
			return -1;
	}
	return 1;
}

int bl_csv_next(struct bl_csv *c, struct bl_csv_rows *r, struct bl_err *err)
{
	int more;

	*r = (struct bl_csv_rows){ 0 };
	if (c->odd) {
		more = bl_csvodd_next(c->odd, c->names, r, err);
		if (more == 1 && c->d.nnull)
			set_nulls(&c->d, (struct bl_csv_field *)r->field, (size_t)r->n * r->columns);
		return more;
	}
	more = find_records(c, err);
	return more == 1 ? hand_out(c, r, err) : more;
}

int bl_csv_bad(const struct bl_csv *c, uint32_t row, uint32_t column, struct bl_err *err, const char *what)
{
	uint64_t line = c->odd ? bl_csvodd_line(c->odd, row, column) : line_at(c, c->field[row * c->columns + column].p);

	return bl_csv_fault(c->names, line, column, err, what);
}
