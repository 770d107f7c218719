/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csvodd: see csvodd.h. libcsv is fed piece by piece and calls back for each field and each end of a record; what it
 * gives is copied, since its buffer is its own. It knows nothing of positions, so lines are counted from what it gives.
 */
#include "format/csvodd.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

enum { PIECE = 64 << 10,  };

struct entry { uint64_t line; size_t at; uint32_t n; bool quoted; };

struct bl_csvodd {
	struct bl_csv_source src;
	struct csv_parser parser;
	uint8_t piece[PIECE + 3];
	struct bl_buf text, entry;	/* of records not handed out yet; struct entry */
	struct bl_csv_field *field;
	size_t given;			/* entries handed out last time, a whole number of records */
	size_t first;			/* entry that begins the record being read */
	uint32_t columns;		/* 0: before the first record ends */
	uint64_t line;
	bool started, eof, cr;		/* cr: a carriage return was the last thing seen */
	char fault[64];
	uint64_t fault_line;
	uint32_t fault_column;
	bool header;			/* it has been handed out */
};

static int no_space(unsigned char c)
{
	(void)c;
	return 0;
}

struct bl_csvodd *bl_csvodd_new(struct bl_csv_source src, char delimiter, char quote)
{
	struct bl_csvodd *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	if (csv_init(&o->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL | CSV_EMPTY_IS_NULL)) {
		free(o);
		return NULL;
	}
	csv_set_delim(&o->parser, (unsigned char)delimiter);
	csv_set_quote(&o->parser, (unsigned char)quote);	/* NUL is refused in the text, so as a quote it never occurs */
	csv_set_space_func(&o->parser, no_space);
	csv_set_blk_size(&o->parser, PIECE);
	o->src = src;
	o->line = 1;
	bl_buf_init(&o->text, (size_t)2 * BL_CSV_RECORD);
	bl_buf_init(&o->entry, SIZE_MAX / 2);
	return o;
}

void bl_csvodd_free(struct bl_csvodd *o)
{
	if (!o)
		return;
	csv_free(&o->parser);
	bl_buf_fini(&o->text);
	bl_buf_fini(&o->entry);
	free(o->field);
	free(o);
}

static size_t entries(const struct bl_csvodd *o)
{
	return o->entry.len / sizeof(struct entry);
}

static struct entry *entry(const struct bl_csvodd *o, size_t i)
{
	return (struct entry *)(void *)o->entry.p + i;
}

/* The first counts. */
static void set_fault(struct bl_csvodd *o, const char *what)
{
	if (*o->fault)
		return;
	snprintf(o->fault, sizeof(o->fault), "%s", what);
	o->fault_line = o->line;
	o->fault_column = (uint32_t)(entries(o) - o->first);
}

/* About a record, not a field of it. */
static void set_record_fault(struct bl_csvodd *o, uint64_t line, const char *what)
{
	set_fault(o, what);
	o->fault_line = line;
	o->fault_column = BL_TYPE_COLUMNS;
}

static void add(struct bl_csvodd *o, const void *p, size_t n)
{
	struct entry e = { o->line, o->text.len, (uint32_t)n, p != NULL };

	if (n > BL_CSV_FIELD)
		set_fault(o, "a field longer than 16 MiB");
	else if (entries(o) - o->first >= (o->columns ? o->columns : BL_TYPE_COLUMNS))
		set_record_fault(o, o->line, o->columns ? "more fields than the header has" : "more than 4096 columns");
	if (*o->fault)
		return;
	bl_buf_put(&o->entry, &e, sizeof(e));
	if (n)
		bl_buf_put(&o->text, p, n);
	for (const char *s = p, *end = n ? s + n : s; n && (s = memchr(s, '\n', (size_t)(end - s))); s++)
		o->line++;
}

static void on_field(void *p, size_t n, void *arg)
{
	struct bl_csvodd *o = arg;

	if (o->cr)
		set_fault(o, "a carriage return that ends no line");
	if (!*o->fault)
		add(o, p, n);
}

static void set_short_fault(struct bl_csvodd *o)
{
	unsigned n = (unsigned)(entries(o) - o->first);
	char what[64];

	snprintf(what, sizeof(what), "%u field%s where the header has %u", n, n == 1 ? "" : "s", o->columns);
	set_record_fault(o, entry(o, o->first)->line, what);
}

/* The end of a record, c is what ended it; or a line end of which CSV_REPALL_NL tells: one after another. */
static void on_end(int c, void *arg)
{
	struct bl_csvodd *o = arg;
	bool crlf = o->cr && c == '\n';

	if (*o->fault)
		return;
	if (o->cr && !crlf) {
		set_fault(o, "a carriage return that ends no line");
		return;
	}
	o->cr = c == '\r';
	if (crlf) {
		o->line++;
		return;
	}
	if (entries(o) == o->first)	/* an empty line is a record of one field */
		add(o, NULL, 0);
	o->line += !o->cr;
	if (!o->columns)
		o->columns = (uint32_t)(entries(o) - o->first);
	else if (entries(o) - o->first != o->columns)
		set_short_fault(o);
	if (!*o->fault)
		o->first = entries(o);
}

/* Forgets what was handed out; the record being read stays. */
static void forget(struct bl_csvodd *o)
{
	size_t left = entries(o) - o->given, from = left ? entry(o, o->given)->at : o->text.len;

	memmove(o->entry.p, entry(o, o->given), left * sizeof(struct entry));
	memmove(o->text.p, o->text.p + from, o->text.len - from);
	o->entry.len = left * sizeof(struct entry);
	o->text.len -= from;
	for (size_t i = 0; i < left; i++)
		entry(o, i)->at -= from;
	o->first -= o->given;
	o->given = 0;
}

static int parse(struct bl_csvodd *o, const uint8_t *p, size_t n, struct bl_err *err)
{
	if (csv_parse(&o->parser, p, n, on_field, on_end, o) != n) {
		if (csv_error(&o->parser) != CSV_EPARSE)
			return bl_err_set(err, BL_OSERR, "out of memory");
		set_fault(o, "a quote out of place");
	}
	if (!*o->fault && o->parser.entry_pos > BL_CSV_FIELD)
		set_fault(o, "a field longer than 16 MiB");
	if (!*o->fault && o->text.len - (entries(o) > o->first ? entry(o, o->first)->at : o->text.len) > BL_CSV_RECORD)
		set_record_fault(o, o->line, "a record longer than 64 MiB");
	return o->text.failed || o->entry.failed ? bl_err_set(err, BL_OSERR, "out of memory") : 0;
}

static int read_piece(struct bl_csvodd *o, struct bl_err *err)
{
	ssize_t n = 1;
	size_t got = 0, skip = 0;

	while (got < PIECE && n > 0) {
		n = o->src.read(o->src.arg, o->piece + got, PIECE - got, err);
		if (n < 0)
			return -1;
		got += (size_t)n;
	}
	o->eof = n == 0;
	if (!o->started && got >= 3 && !memcmp(o->piece, "\xef\xbb\xbf", 3))
		skip = 3;
	o->started = true;
	if (memchr(o->piece, 0, got))
		set_fault(o, "a NUL byte");
	if (!*o->fault && got > skip && parse(o, o->piece + skip, got - skip, err))
		return -1;
	/* Ends a record without its line end. */
	if (!*o->fault && o->eof && csv_fini(&o->parser, on_field, on_end, o))
		set_fault(o, "a quoted field that does not end");
	return 0;
}

static int hand_out(struct bl_csvodd *o, const struct bl_schema *names, struct bl_csv_rows *r, struct bl_err *err)
{
	size_t n = o->header ? o->first : o->columns;

	free(o->field);
	if (!(o->field = calloc(n, sizeof(*o->field))) || !bl_buf_room(&o->text, BL_CSV_SLACK))
		return bl_err_set(err, BL_OSERR, "out of memory");
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = entry(o, i);

		o->field[i] = (struct bl_csv_field){ (const char *)o->text.p + e->at, e->n, e->quoted, false };
		if (!bl_text_utf8(o->field[i].p, e->n)) {
			bl_csv_fault(names, e->line, (uint32_t)(i % o->columns), err, "not valid UTF-8");
			return bl_err_hint(err, "convert it first, for example with iconv -f latin1 -t utf-8");
		}
	}
	o->header = true;
	o->given = n;
	*r = (struct bl_csv_rows){ (uint32_t)(n / o->columns), o->columns, o->field };
	return 1;
}

int bl_csvodd_next(struct bl_csvodd *o, const struct bl_schema *names, struct bl_csv_rows *r, struct bl_err *err)
{
	if (o->given)
		forget(o);
	while (!o->first) {
		if (*o->fault)
			return bl_csv_fault(names, o->fault_line, o->fault_column, err, o->fault);
		if (o->eof)
			return 0;
		if (read_piece(o, err))
			return -1;
	}
	return hand_out(o, names, r, err);
}

uint64_t bl_csvodd_line(const struct bl_csvodd *o, uint32_t row, uint32_t column)
{
	return entry(o, (size_t)row * o->columns + column)->line;
}
