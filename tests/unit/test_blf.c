/* SPDX-License-Identifier: Apache-2.0 */
/* The sealed file: what went in comes out, in every encoding; and nothing else comes out of any other bytes. */
#include "../blf.h"
#include "../tap.h"
#include "base/file.h"
#include "base/num.h"
#include "base/time.h"
#include "format/chunk.h"
#include "format/footer.h"
#include "format/zstd.h"

static uint64_t seed = 42;
static struct bl_ident owner, helper, stranger;

/* Shapes of columns: each is meant to end in one encoding. */
enum shape {
	CONSTANT, SMALL, SORTED, RUNS, FAR, MANY, WIDE, EXTREMES, MONEY, ROUND, YES_NO, DAYS, TIMES, SECONDS, PRICES, BITS, NEGATIVE_ZERO, WORDS, LINES, LONG_TEXT,
	ONE_WORD, EMPTY_TEXT, SHAPES,
};
static const struct { enum bl_type_kind kind; const char *name; } shapes[SHAPES] = {
	[CONSTANT] = { BL_TYPE_INT, "one value" }, [SMALL] = { BL_TYPE_INT, "a small range" }, [SORTED] = { BL_TYPE_INT, "sorted keys" },
	[RUNS] = { BL_TYPE_INT, "long runs" }, [FAR] = { BL_TYPE_INT, "few values far apart" }, [MANY] = { BL_TYPE_INT, "thousands of values far apart" }, [WIDE] = { BL_TYPE_INT, "any 64 bits" }, [ROUND] = { BL_TYPE_DECIMAL, "decimals without cents" },
	[EXTREMES] = { BL_TYPE_INT, "the least and the greatest" }, [MONEY] = { BL_TYPE_DECIMAL, "decimals" },
	[YES_NO] = { BL_TYPE_BOOL, "bools" }, [DAYS] = { BL_TYPE_DATE, "dates" }, [TIMES] = { BL_TYPE_STAMP, "timestamps" }, [SECONDS] = { BL_TYPE_STAMP, "timestamps of whole seconds" },
	[PRICES] = { BL_TYPE_DOUBLE, "doubles with two places" }, [BITS] = { BL_TYPE_DOUBLE, "doubles of any bits" },
	[NEGATIVE_ZERO] = { BL_TYPE_DOUBLE, "doubles with -0" }, [WORDS] = { BL_TYPE_TEXT, "few words" },
	[LINES] = { BL_TYPE_TEXT, "lines of text" }, [LONG_TEXT] = { BL_TYPE_TEXT, "long texts" },
	[ONE_WORD] = { BL_TYPE_TEXT, "one word" }, [EMPTY_TEXT] = { BL_TYPE_TEXT, "empty texts" },
};

static int64_t bits(double d)
{
	int64_t v;

	memcpy(&v, &d, sizeof(v));
	return v;
}

static int64_t number(enum shape s, uint64_t r, int64_t last)
{
	uint64_t x = blf_random(&seed);

	switch (s) {
	case SMALL:
		return (int64_t)(x % 1000) - 300;
	case SORTED:
		return last + (int64_t)(x % 4);
	case RUNS:
		return x % 200 ? last : (int64_t)(blf_random(&seed) % 100000);
	case FAR:
		return (int64_t)(x % 20 * UINT64_C(0x0123456789abcdef));
	case MANY:
		return (int64_t)(x % 9000 * UINT64_C(0x0003456789abcdef));
	case WIDE:
		return (int64_t)x;
	case ROUND:
		return ((int64_t)(x % 100000) - 50000) * 100;
	case SECONDS:
		return (int64_t)(x % 2000000000) * 1000000;
	case EXTREMES:
		return r % 2 ? INT64_MIN : INT64_MAX;
	case MONEY:
		return (int64_t)(x % 10000000) - 5000000;
	case YES_NO:
		return (int64_t)(x % 2);
	case DAYS:
		return (int64_t)(x % 40000) - 10000;
	case TIMES:
		return last + (int64_t)(x % 100000000);
	case PRICES:
		return bits((double)((int64_t)(x % 2000000) - 1000000) / 100);
	case BITS:
		return (int64_t)((x >> 52 & 0x7ff) == 0x7ff ? 0 : x);
	case NEGATIVE_ZERO:
		return bits(r % 3 ? 0.25 : -0.0);
	default:
		return 7;
	}
}

static char *line(enum shape s, uint64_t r, uint32_t *len)
{
	static const char *const words[] = { "red", "green", "blue", "a longer word than those", "" };
	static const char letters[] = "etaoin shrdlu";
	uint64_t x = blf_random(&seed);
	char *p;

	if (s == WORDS || s == ONE_WORD) {
		const char *w = s == WORDS ? words[x % 5] : "constant";
		*len = (uint32_t)strlen(w);
		return strdup(w);
	}
	*len = s == EMPTY_TEXT ? 0 : s == LINES ? (uint32_t)(x % 60) : r % 500 == 3 ? 300000 : (uint32_t)(x % 200);
	p = malloc(*len ? *len : 1);
	for (uint32_t i = 0; i < *len; i++) {
		x = x * 6364136223846793005u + 1;
		p[i] = letters[(x >> 33) % (sizeof(letters) - 1)];
	}
	return p;
}

/* nulls: none for 0, a tenth for 1, all for 2. */
static struct blf_column column(enum shape s, uint64_t rows, int nulls)
{
	struct blf_column c = { .type = { .kind = (uint8_t)shapes[s].kind }, .null = calloc(rows + 1, 1) };
	int64_t last = 1000;

	if (s == MONEY || s == ROUND)
		c.type = (struct bl_type){ BL_TYPE_DECIMAL, 12, 2 };
	if (c.type.kind == BL_TYPE_TEXT) {
		c.text = calloc(rows + 1, sizeof(*c.text));
		c.len = calloc(rows + 1, sizeof(*c.len));
	} else {
		c.i64 = calloc(rows + 1, sizeof(*c.i64));
	}
	for (uint64_t r = 0; r < rows; r++) {
		c.null[r] = nulls == 2 || (nulls == 1 && blf_random(&seed) % 10 == 0);
		if (c.type.kind == BL_TYPE_TEXT)
			c.text[r] = line(s, r, &c.len[r]);
		else
			last = c.i64[r] = number(s, r, last);
	}
	return c;
}

static void free_column(struct blf_column *c, uint64_t rows)
{
	for (uint64_t r = 0; c->text && r < rows; r++)
		free(c->text[r]);
	free(c->text);
	free(c->len);
	free(c->i64);
	free(c->null);
}

static struct blf_table table(uint64_t rows, int nulls, uint32_t ncol, const enum shape *s)
{
	struct blf_table t = { ncol, rows, calloc(ncol, sizeof(*t.col)) };

	for (uint32_t k = 0; k < ncol; k++)
		t.col[k] = column(s ? s[k] : (enum shape)k, rows, nulls);
	return t;
}

static void free_table(struct blf_table *t)
{
	for (uint32_t k = 0; k < t->ncol; k++)
		free_column(&t->col[k], t->rows);
	free(t->col);
}

/* --- one chunk through the codec --- */

static unsigned seen[8][3], scales[2][BL_CODEC_SCALE + 2];

static bool codec_round(struct bl_codec *k, struct bl_chunk *c, enum shape s, uint32_t rows, int nulls, struct bl_err *err)
{
	struct blf_column v = column(s, rows, nulls);
	struct bl_writer_column w = { .type = v.type, .null = calloc(BL_TYPE_GROUP / 64, 8) };
	size_t bytes = 0;
	struct bl_buf b;
	struct bl_stat stat;
	struct bl_codec_head h;
	bool good;
	uint32_t count = 0;

	for (uint32_t r = 0; v.text && r < rows; r++)
		bytes += v.len[r];
	w.i64 = malloc(BL_TYPE_GROUP * 8);
	w.end = malloc(BL_TYPE_GROUP * 4);
	w.text = malloc(bytes + 64);
	for (uint32_t r = 0; r < rows; r++) {
		w.null[r / 64] |= (uint64_t)v.null[r] << r % 64;
		count += v.null[r];
		if (v.text && !v.null[r]) {
			memcpy(w.text + w.text_len, v.text[r], v.len[r]);
			w.text_len += v.len[r];
		}
		w.end[r] = (uint32_t)w.text_len;
		w.i64[r] = v.text ? 0 : v.null[r] ? 0 : v.i64[r];
	}
	bl_buf_init(&b, BL_CODEC_CHUNK);
	good = !bl_codec_put(k, &w, rows, &b, &stat, err);
	if (good) {
		memcpy(&h, b.p, sizeof(h));
		seen[h.kind][h.nulls]++;
		scales[v.type.kind == BL_TYPE_DOUBLE][h.scale]++;
		memcpy(bl_chunk_room(c, b.len), b.p, b.len);
		good = !bl_chunk_parse(c, v.type, rows, b.len, err) && stat.nulls == count && stat.distinct <= rows - count;
	}
	for (uint32_t from = 0; good && from < rows; from += BL_TYPE_VECTOR) {
		struct bl_vec vec;

		bl_chunk_vec(c, from, rows - from < BL_TYPE_VECTOR ? rows - from : BL_TYPE_VECTOR, &vec);
		for (uint32_t i = 0; good && i < vec.n; i++) {
			int64_t x = v.text ? 0 : v.i64[from + i];

			good = blf_same(&v, from + i, &vec, i);
			if (!v.text && !v.null[from + i] && v.type.kind != BL_TYPE_DOUBLE)
				good = good && x >= stat.min && x <= stat.max;
		}
	}
	bl_buf_fini(&b);
	free_column(&v, rows);
	free(w.null);
	free(w.i64);
	free(w.end);
	free(w.text);
	return good;
}

static void test_codec(void)
{
	static const uint32_t sizes[] = { 0, 1, 2, 63, 64, 65, 1023, 1024, 1025, 5000, 65535, 65536 };
	struct bl_codec *k = bl_codec_new();
	struct bl_chunk *c = bl_chunk_new();

	for (int s = 0; s < SHAPES; s++)
		for (int nulls = 0; nulls < 3; nulls++) {
			struct bl_err err = { 0 };
			uint32_t bad = UINT32_MAX;

			for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes) && bad == UINT32_MAX; i++)
				if ((s != LONG_TEXT || sizes[i] <= 5000) && !codec_round(k, c, (enum shape)s, sizes[i], nulls, &err))
					bad = sizes[i];
			if (!ok(bad == UINT32_MAX, "%s come back from a chunk of every size, %s", shapes[s].name,
				nulls == 0 ? "without NULLs" : nulls == 1 ? "with NULLs" : "all NULL"))
				printf("# %u rows: %s\n", bad, err.msg);
		}
	for (int kind = BL_CODEC_CONSTANT; kind <= BL_CODEC_TEXT_DICT; kind++) {
		ok(seen[kind][BL_CODEC_NONE], "encoding %d was used", kind);
		ok(seen[kind][BL_CODEC_BITMAP], "encoding %d was used with NULLs", kind);
	}
	ok(seen[BL_CODEC_CONSTANT][BL_CODEC_ALL] && seen[BL_CODEC_TEXT_DICT][BL_CODEC_ALL], "columns that are all NULL were");
	ok(scales[1][0] && scales[1][3], "doubles were bits and scaled integers");
	ok(scales[0][0] && scales[0][2] && scales[0][6], "other numbers were divided by 100 and by a million");
	bl_codec_free(k);
	bl_chunk_free(c);
}

/* --- whole files --- */

/* A chunk of texts as its parts: a head, NULLs after `texts` rows, lengths of `width` bits, no bytes of text. */
static bool parse_texts(struct bl_chunk *c, uint32_t rows, uint32_t texts, unsigned width, const uint64_t *lengths, uint64_t bytes, struct bl_err *err)
{
	struct bl_codec_head h = { .kind = BL_CODEC_TEXT, .nulls = BL_CODEC_BITMAP, .width = (uint8_t)width, .rows = rows, .bytes = bytes };
	static uint64_t null[BL_TYPE_GROUP / 64];
	struct bl_buf b;
	bool good;

	bl_buf_init(&b, 32 << 20);
	memset(null, 0, sizeof(null));
	for (uint32_t i = texts; i < rows; i++)
		null[i / 64] |= UINT64_C(1) << i % 64;
	bl_buf_put(&b, &h, sizeof(h));
	bl_buf_put(&b, null, (rows + 63) / 64 * sizeof(*null));
	bl_buf_put(&b, lengths, bl_codec_vectors(texts) * BL_UNPACK_SIZE(width));
	for (uint64_t left = bytes, n; left; left -= n) {
		static const uint8_t zero[BL_ZSTD_BLOCK];

		n = left < sizeof(zero) ? left : sizeof(zero);
		bl_buf_put32(&b, (uint32_t)n);
		bl_buf_put(&b, zero, n);
	}
	memcpy(bl_chunk_room(c, b.len), b.p, b.len);
	good = !b.failed && !bl_chunk_parse(c, (struct bl_type){ .kind = BL_TYPE_TEXT }, rows, b.len, err);
	bl_buf_fini(&b);
	return good;
}

static void test_texts(void)
{
	static uint64_t lengths[BL_UNPACK_SIZE(25) / 8];
	struct bl_chunk *c = bl_chunk_new();
	struct bl_err err;
	struct bl_vec v;
	bool null = true;

	ok(parse_texts(c, 2 * BL_TYPE_VECTOR, BL_TYPE_VECTOR, 25, lengths, 0, &err), "a chunk may end in a vector of NULLs");
	bl_chunk_vec(c, BL_TYPE_VECTOR, BL_TYPE_VECTOR, &v);
	for (uint32_t i = 0; i < v.n; i++)
		null = null && v.null && v.null[i / 64] >> i % 64 & 1 && !v.str[i].n;
	ok(null, "which has no lengths, and none are read");
	lengths[0] = BL_CODEC_VALUE - 1;
	ok(parse_texts(c, 1, 1, 25, lengths, lengths[0], &err), "a text of less than 16 MiB is one");
	lengths[0] = BL_CODEC_VALUE + 1;
	ok(!parse_texts(c, 1, 1, 25, lengths, lengths[0], &err) && err.code == BL_DATA, "a longer one is 65, whoever sealed it");
	bl_chunk_free(c);
}

static void test_finite(void)
{
	static const uint64_t nasty[] = { 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000001, 0xffffffffffffffff, 0x7fefffffffffffff, 0x8000000000000000 };
	struct bl_chunk *c = bl_chunk_new();
	bool finite = true;
	struct bl_err err;
	struct bl_vec v;

	for (size_t i = 0; i < sizeof(nasty) / sizeof(*nasty); i++) {
		struct bl_codec_head h = { .kind = BL_CODEC_CONSTANT, .rows = 1000, .base = (int64_t)nasty[i] };
		int64_t got;

		memcpy(bl_chunk_room(c, sizeof(h)), &h, sizeof(h));
		if (bl_chunk_parse(c, (struct bl_type){ .kind = BL_TYPE_DOUBLE }, 1000, sizeof(h), &err))
			abort();
		bl_chunk_vec(c, 0, 1000, &v);
		memcpy(&got, &v.f64[999], sizeof(got));
		finite = finite && got == (i < 4 ? 0 : (int64_t)nasty[i]);
	}
	ok(finite, "a double that is not finite, which nobody could seal by bl-ingest, is read as 0");
	bl_chunk_free(c);
}

static void test_round_trip(void)
{
	static const uint64_t sizes[] = { 0, 1, 1000, 65535, 65536, 65537, 140000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct blf_table t = table(sizes[i], (int)(i % 2), sizes[i] > 70000 ? WORDS + 1 : SHAPES, NULL);
		struct bl_err err = { 0 };
		int fd = blf_seal(&t, &owner, &helper, false, &err);

		if (!ok(fd >= 0 && blf_read(fd, &helper, true, &t, &err), "a table of %u rows comes back to its recipient", (unsigned)sizes[i]))
			printf("# %s\n", err.msg);
		ok(fd >= 0 && blf_read(fd, &owner, false, &t, &err), "and to its owner");
		close(fd);
		free_table(&t);
	}
}

static void test_entity(void)
{
	static const enum shape s[] = { SORTED, SMALL };
	struct blf_table t = table(100, 0, 2, s);
	struct bl_err err = { 0 };
	int fd = blf_seal(&t, &owner, &helper, true, &err);

	ok(fd >= 0, "a table whose entity is always there is sealed");
	close(fd);
	t.col[0].null[57] = true;
	fd = blf_seal(&t, &owner, &helper, true, &err);
	ok(fd < 0 && err.code == BL_DATA && strstr(err.msg, "'c0'") && !strstr(err.msg, "57"), "a NULL entity is 65 and names no row");
	free_table(&t);
}

static void test_stat(void)
{
	static const enum shape s[] = { SMALL, PRICES };
	struct blf_table t = table(70000, 0, 2, s);
	struct bl_err err = { 0 };
	int fd = blf_seal(&t, &owner, &helper, false, &err);
	uint8_t *key = bl_mem_new(BL_BLF_KEY);
	struct bl_reader *r = NULL;
	int64_t min = INT64_MAX, max = INT64_MIN;
	double dmin = 1e9, dmax = -1e9, lo, hi;
	struct bl_stat st;
	uint64_t nulls;

	for (uint64_t i = 0; i < t.rows; i++) {
		double d;

		min = t.col[0].i64[i] < min ? t.col[0].i64[i] : min;
		max = t.col[0].i64[i] > max ? t.col[0].i64[i] : max;
		memcpy(&d, &t.col[1].i64[i], 8);
		dmin = d < dmin ? d : dmin;
		dmax = d > dmax ? d : dmax;
	}
	ok(!bl_reader_open(&r, fd, &err) && !bl_header_unlock(bl_reader_header(r), &helper, key, &err) && !bl_reader_unlock(r, key, &err), "opens");
	bl_reader_column_stat(r, 0, &st, &nulls);
	ok(st.min == min && st.max == max && !nulls && st.distinct >= 1000, "statistics of integers are exact, distinct a bound");
	bl_reader_column_stat(r, 1, &st, &nulls);
	memcpy(&lo, &st.min, 8);
	memcpy(&hi, &st.max, 8);
	ok(lo == dmin && hi == dmax, "and those of doubles are doubles");
	bl_reader_close(r);
	bl_mem_free(key);
	close(fd);
	free_table(&t);
}

static void test_keys(void)
{
	static const enum shape s[] = { SMALL };
	struct blf_table t = table(10, 0, 1, s);
	struct bl_err err = { 0 };
	int fd = blf_seal(&t, &owner, &helper, false, &err);

	ok(!blf_read(fd, &stranger, true, &t, &err) && err.code == BL_REFUSED, "somebody else's identity is 77");
	close(fd);
	free_table(&t);
}

/* --- files that are not what their owner made --- */

/* 65, with nothing read that differs; whether the hashes of all chunks are checked first or not. */
static bool refused(const uint8_t *p, size_t n, struct bl_err *err)
{
	int fd = blf_file(p, n);
	bool bad = blf_read(fd, &helper, true, NULL, err) || err->code != BL_DATA || blf_read(fd, &helper, false, NULL, err) || err->code != BL_DATA;

	close(fd);
	return !bad;
}

static void test_flips(void)
{
	static const enum shape s[] = { SMALL, WORDS };
	struct blf_table t = table(20, 1, 2, s);
	struct bl_err err = { 0 };
	int fd = blf_seal(&t, &owner, &helper, false, &err);
	size_t n, bad = SIZE_MAX;
	uint8_t *p = blf_bytes(fd, &n);

	ok(blf_read(fd, &helper, true, &t, &err), "a small file of %zu bytes is read", n);
	for (size_t i = 0; i < n && bad == SIZE_MAX; i++) {
		p[i] ^= (uint8_t)(1 << i % 8);
		if (!refused(p, n, &err))
			bad = i;
		p[i] ^= (uint8_t)(1 << i % 8);
	}
	if (!ok(bad == SIZE_MAX, "one bit flipped at any position is 65"))
		printf("# position %zu: %d %s\n", bad, err.code, err.msg);
	for (size_t i = 0; i < n && bad == SIZE_MAX; i++)
		if (!refused(p, i, &err))
			bad = i;
	if (!ok(bad == SIZE_MAX, "cut at any length it is 65"))
		printf("# length %zu: %d %s\n", bad, err.code, err.msg);
	p = realloc(p, n + 16);
	memset(p + n, 0, 16);
	ok(refused(p, n + 1, &err) && refused(p, n + 16, &err), "bytes more are 65");
	free(p);
	close(fd);
	free_table(&t);
}

/* Where the chunks of a file lie. */
static struct bl_footer_chunk *chunks(int fd, uint64_t *header, uint32_t *n)
{
	uint8_t *key = bl_mem_new(BL_BLF_KEY);
	struct bl_header h;
	struct bl_footer f;
	struct bl_err err;
	struct bl_footer_chunk *c;

	if (bl_header_read(&h, fd, &err) || bl_header_unlock(&h, &helper, key, &err) || bl_footer_read(&f, &h, key, fd, (uint64_t)lseek(fd, 0, SEEK_END), &err))
		abort();
	*n = f.groups * f.columns;
	*header = h.size;
	c = malloc(*n * sizeof(*c));
	memcpy(c, f.chunk, *n * sizeof(*c));
	bl_footer_fini(&f);
	bl_header_fini(&h);
	bl_mem_free(key);
	return c;
}

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t x = a[i];

		a[i] = b[i];
		b[i] = x;
	}
}

static void test_mixed(void)
{
	static const enum shape s[] = { WIDE, WIDE };
	struct blf_table t = table(3 * BL_TYPE_GROUP, 0, 2, s);
	struct bl_err err = { 0 };
	int fd = blf_seal(&t, &owner, &helper, false, &err), other = blf_seal(&t, &owner, &helper, false, &err);
	uint64_t header;
	uint32_t n;
	struct bl_footer_chunk *c = chunks(fd, &header, &n);
	size_t size, osize, end = header + c[5].at + c[5].size;
	uint8_t *p = blf_bytes(fd, &size), *q = blf_bytes(other, &osize), *m = malloc(size);

	ok(n == 6 && c[0].size == c[2].size && size == osize, "two files of the same table, chunks of equal size");
	swap(p + header + c[0].at, p + header + c[2].at, c[0].size);
	ok(refused(p, size, &err), "two chunks of one column swapped are 65");
	swap(p + header + c[0].at, p + header + c[2].at, c[0].size);
	swap(p + header + c[0].at, p + header + c[1].at, c[0].size);
	ok(refused(p, size, &err), "two columns swapped are 65");
	swap(p + header + c[0].at, p + header + c[1].at, c[0].size);
	memcpy(m, p, size);
	memcpy(m + header + c[3].at, p + header + c[1].at, c[1].size);
	ok(refused(m, size, &err), "a chunk twice is 65");
	memcpy(m, p, size);
	memcpy(m + header + c[2].at, q + header + c[2].at, c[2].size);
	ok(refused(m, size, &err), "a chunk of another file is 65");
	memcpy(m, p, size);
	memcpy(m + end, q + end, size - end);
	ok(refused(m, size, &err), "the footer of another file is 65");
	memcpy(m, p, size);
	memcpy(m, q, header);
	ok(refused(m, size, &err), "the header of another file is 65");
	memcpy(m, p, header + c[4].at);
	memcpy(m + header + c[4].at, p + end, size - end);
	ok(refused(m, header + c[4].at + size - end, &err), "a row group left out is 65");
	close(fd);
	fd = blf_file(p, size);
	ok(blf_read(fd, &helper, true, &t, &err), "and unchanged it is read");
	free(c);
	free(p);
	free(q);
	free(m);
	close(fd);
	close(other);
	free_table(&t);
}

/* The header again, by whoever signs; grant: its recipients sealed anew. Returns the whole file. */
static uint8_t *resign(int fd, const struct bl_ident *by, bool grant, size_t *size)
{
	uint8_t *key = bl_mem_new(BL_BLF_KEY), *p, *out;
	struct bl_header h;
	struct bl_err err;
	struct bl_buf b;
	uint64_t old;
	size_t n;

	if (bl_header_read(&h, fd, &err) || bl_header_unlock(&h, &helper, key, &err))
		abort();
	old = h.size;
	memcpy(h.owner, by->pk, sizeof(h.owner));
	if (grant) {
		h.nrecipient = 0;
		if (bl_header_grant(&h, by->pk, key, &err) || bl_header_grant(&h, helper.pk, key, &err))
			abort();
	}
	bl_buf_init(&b, BL_BLF_HEADER_MAX);
	h.policy_version++;
	if (bl_header_print(&h, by, &b, &err))
		abort();
	p = blf_bytes(fd, &n);
	out = malloc(b.len + n - old);
	memcpy(out, b.p, b.len);
	memcpy(out + b.len, p + old, n - old);
	*size = b.len + n - old;
	free(p);
	bl_buf_fini(&b);
	bl_header_fini(&h);
	bl_mem_free(key);
	return out;
}

static void test_headers(void)
{
	static const enum shape s[] = { SMALL, LINES };
	struct blf_table t = table(500, 0, 2, s);
	struct bl_err err = { 0 };
	int fd = blf_seal(&t, &owner, &helper, false, &err), again;
	size_t n;
	uint8_t *p = resign(fd, &stranger, false, &n);

	ok(refused(p, n, &err), "a header signed by another key is 65");
	free(p);
	p = resign(fd, &stranger, true, &n);
	ok(refused(p, n, &err), "also by one who knows the file key and seals it again");
	free(p);
	p = resign(fd, &helper, true, &n);
	ok(refused(p, n, &err), "also by a recipient");
	free(p);
	p = resign(fd, &owner, false, &n);
	again = blf_file(p, n);
	if (!ok(blf_read(again, &helper, true, &t, &err), "the owner's own new header takes the same chunks and footer"))
		printf("# %s\n", err.msg);
	free(p);
	close(again);
	close(fd);
	free_table(&t);
}

static void test_names(void)
{
	struct bl_schema s = { 2, (struct bl_column[]){ { "a", { .kind = BL_TYPE_INT } }, { "a", { .kind = BL_TYPE_INT } } } };
	struct bl_header h = { .name = "t", .schema = s, .policy = "{}", .policy_len = 2 };
	struct bl_writer w;
	struct bl_err err = { 0 };
	int fd = memfd_create("blf", 0);

	ok(bl_writer_open(&w, fd, &h, &owner, NULL, 0, &err) && err.code == BL_DATA, "two columns of one name are refused");
	bl_writer_fini(&w);
	strcpy(s.col[1].name, "b\n");
	ok(bl_writer_open(&w, fd, &h, &owner, NULL, 0, &err) && err.code == BL_DATA, "and control bytes in a name");
	bl_writer_fini(&w);
	close(fd);
}

/* --- for shell tests: a sealed file as CSV --- */

static void print_value(struct bl_type t, const struct bl_vec *v, uint32_t i)
{
	char p[BL_NUM_TEXT];
	struct bl_str s;

	if (v->null && v->null[i / 64] >> i % 64 & 1)
		return;
	switch ((enum bl_type_kind)t.kind) {
	case BL_TYPE_TEXT:
		s = v->code ? v->dict[v->code[i]] : v->str[i];
		putchar('"');
		for (uint32_t k = 0; k < s.n; k++) {
			if (s.p[k] == '"')
				putchar('"');
			putchar(s.p[k]);
		}
		putchar('"');
		return;
	case BL_TYPE_DOUBLE:
		bl_num_print_f64(v->f64[i], p);
		break;
	case BL_TYPE_DATE:
		bl_time_print_date(v->i64[i], p);
		break;
	case BL_TYPE_STAMP:
		bl_time_print_stamp(v->i64[i], p);
		break;
	default:
		bl_num_print_dec(v->i64[i], t.scale, p);
	}
	fputs(p, stdout);
}

static int print_group(struct bl_reader *r, uint32_t g, struct bl_err *err)
{
	const struct bl_schema *s = &bl_reader_header(r)->schema;
	struct bl_chunk **c = calloc(s->n, sizeof(*c));
	struct bl_vec *v = calloc(s->n, sizeof(*v));
	uint32_t rows = bl_reader_group_rows(r, g);
	int ret = 0;

	for (uint32_t k = 0; k < s->n && !ret; k++)
		ret = bl_reader_load(r, g, k, c[k] = bl_chunk_new(), err);
	for (uint32_t i = 0; i < rows && !ret; i++)
		for (uint32_t k = 0; k < s->n; k++) {
			if (i % BL_TYPE_VECTOR == 0)
				bl_chunk_vec(c[k], i, rows - i < BL_TYPE_VECTOR ? rows - i : BL_TYPE_VECTOR, &v[k]);
			print_value(s->col[k].type, &v[k], i % BL_TYPE_VECTOR);
			putchar(k + 1 < s->n ? ',' : '\n');
		}
	for (uint32_t k = 0; k < s->n; k++)
		bl_chunk_free(c[k]);
	free(c);
	free(v);
	return ret;
}

static int dump(const char *path, const char *identity)
{
	uint8_t *key = bl_mem_new(BL_BLF_KEY);
	struct bl_reader *r = NULL;
	struct bl_ident id = { 0 };
	struct bl_err err;
	int fd = bl_file_open(path, &err), ret = -1;

	if (fd >= 0 && !bl_ident_read(&id, identity, NULL, &err) && !bl_reader_open(&r, fd, &err) &&
	    !bl_header_unlock(bl_reader_header(r), &id, key, &err) && !bl_reader_unlock(r, key, &err) && !bl_reader_verify(r, &err)) {
		ret = 0;
		for (uint32_t g = 0; g < bl_reader_groups(r) && !ret; g++)
			ret = print_group(r, g, &err);
	}
	bl_reader_close(r);
	bl_mem_free(key);
	bl_ident_fini(&id);
	close(fd);
	return ret ? bl_err_print(&err, "dump") : 0;
}

int main(int argc, char **argv)
{
	struct bl_err err;

	if (bl_mem_init(true, &err))
		return 1;
	if (argc == 4 && !strcmp(argv[1], "--dump"))
		return dump(argv[2], argv[3]);
	blf_identity(&owner, 1);
	blf_identity(&helper, 2);
	blf_identity(&stranger, 3);
	test_codec();
	test_texts();
	test_finite();
	test_round_trip();
	test_entity();
	test_stat();
	test_keys();
	test_flips();
	test_mixed();
	test_headers();
	test_names();
	bl_ident_fini(&owner);
	bl_ident_fini(&helper);
	bl_ident_fini(&stranger);
	return tap_done();
}
