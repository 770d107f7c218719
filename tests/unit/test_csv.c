/* SPDX-License-Identifier: Apache-2.0 */
/* The CSV reader: what RFC 4180 says, the same as libcsv wherever both accept, and 65 with the place for the rest. */
#include "../csv.h"
#include "../tap.h"
#include "format/csvindex.h"

static const struct bl_csv_dialect standard = { ',', '"', NULL, 0 };
static uint64_t seed = 7;

static uint64_t rnd(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static void reads(const char *text, size_t n, const char *want, const char *promise)
{
	struct bl_buf b;
	struct bl_err err = { 0 };
	int r = csv_dump(text, n, 0, standard, &b, &err);

	bl_buf_put8(&b, 0);
	if (!ok(!r && !strcmp((const char *)b.p, want), "%s", promise))
		printf("# %d %s; got %s\n", r, err.msg, (const char *)b.p);
	bl_buf_fini(&b);
}
#define READS(text, want, promise) reads(text, sizeof(text) - 1, want, promise)

static void refuses(const char *text, size_t n, const char *want, const char *promise)
{
	struct bl_buf b;
	struct bl_err err = { 0 };
	int r = csv_dump(text, n, 0, standard, &b, &err);

	if (!ok(r == -1 && err.code == BL_DATA && !strcmp(err.msg, want), "%s", promise))
		printf("# %d, %d %s\n", r, err.code, err.msg);
	bl_buf_fini(&b);
}
#define REFUSES(text, want, promise) refuses(text, sizeof(text) - 1, want, promise)

static void test_promises(void)
{
	READS("a,b\n1,2\n", "+a\2+b\1+1\2+2\1", "records are read");
	READS("a,b\r\n1,2\r\n", "+a\2+b\1+1\2+2\1", "with CRLF");
	READS("a,b\r\n1,2\n3,4\r\n", "+a\2+b\1+1\2+2\1+3\2+4\1", "with both");
	READS("a,b\n1,2", "+a\2+b\1+1\2+2\1", "without the last line end");
	READS("a\n1\r", "+a\1+1\1", "with half of it");
	READS("\xef\xbb\xbf" "a,b\n1,2\n", "+a\2+b\1+1\2+2\1", "after a byte order mark");
	READS("\xef\xbb\xbf\"a\",b\n", "+a\2+b\1", "also before a quote");
	READS("a,b\n,\"\"\n", "+a\2+b\1-\2+\1", "nothing is NULL, \"\" is empty text");
	READS("a,b\n\"x\ny\",\"1,2\"\n", "+a\2+b\1+x\ny\2+1,2\1", "line ends and commas inside quotes are text");
	READS("a\n\"x\r\ny\"\r\n", "+a\1+x\r\ny\1", "so is CRLF");
	READS("a\n\"say \"\"hi\"\"\"\n\"\"\"\"\n", "+a\1+say \"hi\"\1+\"\1", "doubled quotes are one");
	READS("a\n1\n\n2\n", "+a\1+1\1-\1+2\1", "an empty line is NULL where there is one column");
	READS("a\n 1 \n", "+a\1+ 1 \1", "spaces are text");
	READS("\n", "-\1", "a header may be empty here; names are checked later");
	READS("", "", "no text, no records");

	REFUSES("a,b\n1\n", "line 2: 1 field where the header has 2", "a short record is refused");
	REFUSES("a,b\n1,2\n1,2,3\n", "line 3: 3 fields where the header has 2", "a long one too");
	REFUSES("a,b\n1,2\n\n", "line 3: 1 field where the header has 2", "so is an empty line");
	REFUSES("a\n\"x\n\ny\"\nx\"y\n", "line 5, column 1: a quote inside a field that is not quoted", "a stray quote, after lines inside quotes");
	REFUSES("a,b\n1,\"x\"y\n", "line 2, column 2: text after a closing quote", "text after a quote");
	REFUSES("a,b\n1,\"x\" \n", "line 2, column 2: text after a closing quote", "also a space");
	REFUSES("a,b\n1,2\n1,\"x\n3,4\n", "line 3, column 2: a quoted field that does not end", "a quote that is never closed");
	REFUSES("a,b\n1\r2,3\n", "line 2, column 1: a carriage return that ends no line", "a carriage return inside a line");
	REFUSES("a\r\r\n", "line 1, column 1: a carriage return that ends no line", "two of them");
	REFUSES("a,b\n1,x\0y\n", "line 2, column 2: a NUL byte", "a NUL");
	REFUSES("a,b\n\"\0\",1\n", "line 2, column 1: a NUL byte", "also inside quotes");
	REFUSES("a,b\n1,2\n3,\xc3\n", "line 3, column 2: not valid UTF-8", "a cut sequence");
	REFUSES("a,\xff\n", "line 1, column 2: not valid UTF-8", "invalid UTF-8 in the header");
	REFUSES("a\n\xed\xa0\x80\n", "line 2, column 1: not valid UTF-8", "a surrogate");
	READS("a\n\xc3\xa9\xf0\x9f\x98\x80\n", "+a\1+\xc3\xa9\xf0\x9f\x98\x80\1", "valid UTF-8 is text");
	REFUSES("PAR1\x15\0", "a Parquet file: only CSV in UTF-8 is read by this version", "Parquet is refused by name");
	REFUSES("ARROW1\0\0", "an Arrow file: only CSV in UTF-8 is read by this version", "and Arrow");
	REFUSES("{\"a\":1}\n", "JSON: only CSV in UTF-8 is read by this version", "and JSON lines");
	REFUSES("\x1f\x8b\x08", "compressed with gzip: only CSV in UTF-8 is read by this version", "and gzip");
	REFUSES("\xff\xfe" "a\0", "text in UTF-16: only CSV in UTF-8 is read by this version", "and UTF-16");
}

static void test_limits(void)
{
	size_t n = (size_t)65 << 20;
	char *p = malloc(n + 16);
	struct bl_buf b;
	struct bl_err err = { 0 };

	memset(p, 'x', n + 16);
	memcpy(p, "a,b\n1,", 6);
	p[6 + BL_CSV_FIELD] = '\n';
	ok(!csv_dump(p, 7 + BL_CSV_FIELD, 0, standard, &b, &err) && b.len == BL_CSV_FIELD + 11, "a field of 16 MiB is read");
	bl_buf_fini(&b);
	p[6 + BL_CSV_FIELD] = 'x';
	p[7 + BL_CSV_FIELD] = '\n';
	ok(csv_dump(p, 8 + BL_CSV_FIELD, 0, standard, &b, &err) && err.code == BL_DATA, "a byte more is refused");
	is_str(err.msg, "line 2, column 2: a field longer than 16 MiB", "naming the place");
	bl_buf_fini(&b);
	memset(p, 'x', n);
	ok(csv_dump(p, n, 0, standard, &b, &err) && err.code == BL_DATA, "a header without end is refused");
	bl_buf_fini(&b);
	memcpy(p, "a\n\"", 3);
	ok(csv_dump(p, n, 0, standard, &b, &err), "so is a quoted field without end");
	is_str(err.msg, "line 2: a record longer than 64 MiB", "naming the line");
	bl_buf_fini(&b);
	memset(p, ',', n);
	p[BL_TYPE_COLUMNS - 1] = '\n';
	p[2 * BL_TYPE_COLUMNS - 1] = '\n';
	ok(!csv_dump(p, 2 * BL_TYPE_COLUMNS, 0, standard, &b, &err), "4096 columns are read");
	bl_buf_fini(&b);
	p[BL_TYPE_COLUMNS - 1] = ',';
	p[BL_TYPE_COLUMNS] = '\n';
	ok(csv_dump(p, BL_TYPE_COLUMNS + 1, 0, standard, &b, &err), "one more is refused");
	is_str(err.msg, "line 1: more than 4096 columns", "in these words");
	bl_buf_fini(&b);
	p[BL_TYPE_COLUMNS] = ',';
	ok(csv_dump(p, n, 0, standard, &b, &err) && !strcmp(err.msg, "line 1: more than 4096 columns"), "without any line end too");
	bl_buf_fini(&b);
	p[1] = '\n';
	p[2 * BL_TYPE_COLUMNS - 1] = ',';
	ok(csv_dump(p, n, 0, standard, &b, &err) && !strcmp(err.msg, "line 2: more fields than the header has"), "and after the header");
	bl_buf_fini(&b);
	free(p);
}

static size_t make_field(char *p)
{
	size_t n = 0;
	bool quoted = rnd() % 3 == 0;

	if (quoted)
		p[n++] = '"';
	for (uint64_t len = rnd() % 8 ? rnd() % 8 : rnd() % 150; len; len--) {
		uint64_t x = rnd() % 12;

		if (quoted && x < 4)
			p[n++] = ",\n\r\""[x];
		else
			p[n++] = "abc 1.-x"[x % 8];
		if (p[n - 1] == '"')
			p[n++] = '"';
	}
	if (quoted)
		p[n++] = '"';
	return n;
}

/* Mostly well-formed text, so that both accept much of it; at most 30 lines of 4 fields of 302 bytes. */
static size_t make(char *p)
{
	static const char *const odd[] = { "\"", "\r", ",", "\n", "\"\"", "x", "\r\n" };
	size_t n = 0;
	unsigned columns = 1 + (unsigned)(rnd() % 4), end = (unsigned)(rnd() % 3);

	for (uint64_t lines = rnd() % 30; lines; lines--) {
		for (unsigned c = 0; c < columns; c++) {
			n += make_field(p + n);
			if (c + 1 < columns)
				p[n++] = ',';
		}
		if (end == 1 || (end == 2 && rnd() % 2))
			p[n++] = '\r';
		p[n++] = '\n';
	}
	if (n && rnd() % 4 == 0)
		n--;
	if (n && rnd() % 3 == 0) {
		const char *s = odd[rnd() % 7];
		size_t at = rnd() % n, len = strlen(s);

		memmove(p + at + len, p + at, n - at);
		memcpy(p + at, s, len);
		n += len;
	}
	return n;
}
enum { TEXT = 30 * 4 * 310 };

/* Records of one NULL field, which libcsv leaves out where lines are empty. */
static void drop_empty(struct bl_buf *b)
{
	size_t n = 0;
	bool first = true;

	for (size_t i = 0; i < b->len; i++) {
		if (first && i + 1 < b->len && b->p[i] == '-' && b->p[i + 1] == 1) {
			i++;
			continue;
		}
		first = b->p[i] == 1;
		b->p[n++] = b->p[i];
	}
	b->len = n;
}

static bool same(struct bl_buf *a, struct bl_buf *b)
{
	drop_empty(a);
	drop_empty(b);
	return a->len == b->len && (!a->len || !memcmp(a->p, b->p, a->len));
}

/* ',' and ';', '"' and '\'' change places, so that the text is of the other dialect. */
static void translate(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = p[i] == ',' ? ';' : p[i] == ';' ? ',' : p[i] == '"' ? '\'' : p[i] == '\'' ? '"' : p[i];
}

static void test_oracle(void)
{
	const struct bl_csv_dialect other = { ';', '\'', NULL, 0 };
	char *p = malloc(TEXT);
	unsigned both = 0, ours = 0, theirs = 0, differ = 0, odd_differs = 0, pieces = 0;

	for (int i = 0; i < 20000; i++) {
		struct bl_buf a, b, c, d;
		struct bl_err err = { 0 };
		size_t n = make(p);
		int ra = csv_dump(p, n, 0, standard, &a, &err), rb = csv_oracle(p, n, &b);
		int rd = csv_dump(p, n, 1 + rnd() % 100, standard, &d, &err), rc;

		pieces += ra != rd || (!ra && (a.len != d.len || (a.len && memcmp(a.p, d.p, a.len) != 0)));
		translate(p, n);
		rc = csv_dump(p, n, 1 + rnd() % 100, other, &c, &err);
		translate((char *)c.p, c.len);
		odd_differs += ra != rc || (!ra && (a.len != c.len || (a.len && memcmp(a.p, c.p, a.len) != 0)));
		if (!ra && !rb) {
			both++;
			differ += !same(&a, &b);
		}
		ours += !ra;
		theirs += !rb;
		bl_buf_fini(&a);
		bl_buf_fini(&b);
		bl_buf_fini(&c);
		bl_buf_fini(&d);
	}
	is_int(differ, 0, "the fast path equals libcsv on every random text that both accept");
	if (!ok(both > 10000, "which is most of them"))
		printf("# %u\n", both);
	if (!ok(ours == both, "nothing that libcsv refuses is accepted"))
		printf("# %u of ours, %u of libcsv\n", ours, theirs);
	is_int(pieces, 0, "whatever the pieces that it comes in");
	is_int(odd_differs, 0, "and the path for other dialects equals the fast one, in what it refuses too");
	free(p);
}

/* The two indexers on the same bytes, structured or not. */
static void test_index(void)
{
	enum { N = 4096, MAX = 1000 };
	uint8_t *p = malloc(N + BL_CSVINDEX_SLACK);
	uint32_t *a = malloc((N + BL_CSVINDEX_SLACK) * 4), *b = malloc((N + BL_CSVINDEX_SLACK) * 4);
	unsigned differ = 0, faults[5] = { 0 }, stopped = 0;

	if (!bl_csvindex_has_fast()) {
		skip(3, "this processor has no AVX2");
		return;
	}
	for (int i = 0; i < 20000; i++) {
		struct bl_csvindex x, y;
		size_t n = rnd() % 300;
		unsigned kind = (unsigned)(rnd() % 3);

		if (kind == 2)
			n = rnd() % N;
		for (size_t k = 0; k < n; k++)
			p[k] = kind ? (uint8_t)"a,\"\n\rbcdefgh\0\xc3,,,"[rnd() % (kind == 1 ? 11 : 16)] : (uint8_t)rnd();
		if (kind == 2)
			for (size_t k = 0; k < n; k++)
				p[k] = p[k] == '"' || !p[k] || p[k] == '\r' ? ',' : p[k];
		memset(p + n, '"', BL_CSVINDEX_SLACK);
		bl_csvindex_plain(p, n, a, MAX, &x);
		bl_csvindex_fast(p, n, b, MAX, &y);
		faults[x.fault]++;
		stopped += x.stopped;
		differ += x.n != y.n || x.records != y.records || x.high != y.high || x.quote != y.quote || x.doubled != y.doubled || x.inner != y.inner || x.cr != y.cr ||
			  x.stopped != y.stopped || x.fault != y.fault || x.fault_at != y.fault_at || memcmp(a, b, x.n * 4) != 0;
	}
	is_int(differ, 0, "plain C and AVX2 find the same");
	ok(faults[0] && faults[1] && faults[2] && faults[3] && faults[4], "every fault was met");
	ok(stopped, "and the end of the room");
	free(p);
	free(a);
	free(b);
}

static void dialect(struct bl_csv_dialect d, const char *text, const char *want, const char *promise)
{
	struct bl_buf b;
	struct bl_err err = { 0 };
	int r = csv_dump(text, strlen(text), 0, d, &b, &err);

	bl_buf_put8(&b, 0);
	if (!ok(!strcmp(r ? err.msg : (const char *)b.p, want), "%s", promise))
		printf("# %d %s; got %s\n", r, err.msg, (const char *)b.p);
	bl_buf_fini(&b);
}

static void test_dialects(void)
{
	static const char *const nulls[] = { "NA", "\\N", "a\"b", "" };
	const struct bl_csv_dialect tab = { '\t', '"', nulls, 2 }, none = { '|', 0, NULL, 0 }, na = { ',', '"', nulls, 4 };

	dialect(tab, "a\tb\n\\N\t\"x\ty\"\n\tNAN\n", "+a\2+b\1-\2+x\ty\1-\2+NAN\1", "tabs, and a text that is NULL");
	dialect(none, "a|b\n\"x|'y\n", "+a\2+b\1+\"x\2+'y\1", "bars, and no quotes at all");
	dialect(na, "a,b\n\"NA\",\"a\"\"b\"\n\"\",x\n\"\"\"\",NAx\n", "+a\2+b\1-\2-\1-\2+x\1+\"\2+NAx\1", "NULL texts are found inside quotes, and the empty one");
	dialect(none, "\xef\xbb\xbf" "a|b\r\n1|2\r\n", "+a\2+b\1+1\2+2\1", "a byte order mark and CRLF");
	dialect(none, "a\n\n1\n", "+a\1-\1+1\1", "an empty line is NULL where there is one column");
	dialect(none, "a|b\n\n1|2|3\n", "line 2: 1 field where the header has 2", "ragged records are refused there too");
	dialect(none, "a|b\n1|2|3\n", "line 2: more fields than the header has", "also long ones");
	dialect(none, "a|b\n1|\xff\n", "line 2, column 2: not valid UTF-8", "and invalid UTF-8");
	dialect(none, "a|b\n1|2\rx|3\n", "line 2, column 1: a carriage return that ends no line", "and stray carriage returns");
	dialect(tab, "a\tb\n\"x\ny\"\t\"x\"y\n", "line 3, column 2: a quote out of place", "and stray quotes, after lines inside quotes");
	dialect(tab, "a\tb\n1\t\"x\n", "line 2, column 2: a quoted field that does not end", "and one that is never closed");
}

int main(void)
{
	test_promises();
	test_limits();
	test_index();
	test_oracle();
	test_dialects();
	return tap_done();
}
