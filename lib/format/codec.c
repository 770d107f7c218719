/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec: see codec.h. Integers, and everything that is an integer inside, are here; dict.c finds the distinct values.
 * A NULL takes the value before it, so that it widens nothing; its place in the bitmap says that it is none.
 */
#include "format/codec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/isa.h"
#include "base/num.h"
#include "format/dict.h"
#include "format/zstd.h"

struct bl_codec {
	const struct bl_unpack *isa;
	struct bl_zstd *zstd;
	struct bl_dict *dict;
	int64_t *value, *length;	/* BL_TYPE_GROUP each: what will be packed; lengths of runs */
	struct bl_buf blob;		/* a text dictionary */
};

const struct bl_unpack *bl_codec_isa(void)
{
	static const struct bl_unpack *const levels[] = { [BL_ISA_V2] = &bl_unpack_v2, [BL_ISA_V3] = &bl_unpack_v3, [BL_ISA_V4] = &bl_unpack_v4 };

	return levels[bl_isa()];
}

struct bl_codec *bl_codec_new(void)
{
	struct bl_codec *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->isa = bl_codec_isa();
	k->zstd = bl_zstd_new();
	k->dict = bl_dict_new();
	/* Whole vectors are packed, so the tail of the last one is read too. */
	k->value = calloc(BL_TYPE_GROUP, sizeof(*k->value));
	k->length = calloc(BL_TYPE_GROUP, sizeof(*k->length));
	bl_buf_init(&k->blob, BL_CODEC_CHUNK);
	if (k->zstd && k->dict && k->value && k->length)
		return k;
	bl_codec_free(k);
	return NULL;
}

void bl_codec_free(struct bl_codec *k)
{
	if (!k)
		return;
	bl_zstd_free(k->zstd);
	bl_dict_free(k->dict);
	free(k->value);
	free(k->length);
	bl_buf_fini(&k->blob);
	free(k);
}

/* Appends n values as whole vectors; the tail of the last is base, that is 0 when packed. */
static void pack(const struct bl_codec *k, const int64_t *v, uint32_t n, unsigned width, int64_t base, struct bl_buf *b)
{
	int64_t last[BL_TYPE_VECTOR];

	for (uint32_t i = 0; width && i < n; i += BL_TYPE_VECTOR) {
		const int64_t *from = v + i;

		if (n - i < BL_TYPE_VECTOR) {
			for (uint32_t j = 0; j < BL_TYPE_VECTOR; j++)
				last[j] = j < n - i ? from[j] : base;
			from = last;
		}
		if (!bl_buf_room(b, BL_UNPACK_SIZE(width)))
			return;
		k->isa->put(from, width, (uint64_t)base, (uint64_t *)(void *)(b->p + b->len));
		b->len += BL_UNPACK_SIZE(width);
	}
}

static void put_head(const struct bl_codec_head *h, const uint64_t *null, struct bl_buf *b)
{
	bl_buf_put(b, h, sizeof(*h));
	if (h->nulls == BL_CODEC_BITMAP)
		bl_buf_put(b, null, (h->rows + 63) / 64 * sizeof(*null));
}

/* Where text i begins. */
static uint32_t start(const struct bl_writer_column *c, uint32_t i)
{
	return i ? c->end[i - 1] : 0;
}

static uint64_t packed_size(uint64_t n, unsigned width)
{
	return bl_codec_vectors(n) * BL_UNPACK_SIZE(width);
}

/* Differences of consecutive values; the first of each vector stands beside them, and its own difference is base. */
static void put_delta(const struct bl_codec *k, const int64_t *v, const struct bl_codec_head *h, struct bl_buf *b)
{
	int64_t d[BL_TYPE_VECTOR];

	for (uint32_t i = 0; i < h->rows; i += BL_TYPE_VECTOR)
		bl_buf_put64(b, (uint64_t)v[i]);
	for (uint32_t i = 0; i < h->rows; i += BL_TYPE_VECTOR) {
		uint32_t n = h->rows - i < BL_TYPE_VECTOR ? h->rows - i : BL_TYPE_VECTOR;

		d[0] = h->base;
		for (uint32_t j = 1; j < n; j++)
			d[j] = (int64_t)((uint64_t)v[i + j] - (uint64_t)v[i + j - 1]);
		pack(k, d, n, h->width, h->base, b);
	}
}

/* Cuts v into runs: values to k->value, lengths - 1 to k->length. Returns the longest length - 1. */
static uint64_t find_runs(struct bl_codec *k, const int64_t *v, uint32_t rows, uint32_t *count)
{
	uint32_t n = 0, from = 0;
	int64_t most = 0;

	for (uint32_t i = 1; i <= rows; i++) {
		if (i < rows && v[i] == v[from])
			continue;
		k->value[n] = v[from];
		k->length[n] = i - from - 1;
		most = k->length[n] > most ? k->length[n] : most;
		n++;
		from = i;
	}
	*count = n;
	return (uint64_t)most;
}

/* The most entries with which a dictionary takes less than `size` bytes; 0 for none. */
static uint32_t most_entries(uint32_t rows, uint64_t size)
{
	uint32_t most = 0;

	for (unsigned width = 0; packed_size(rows, width) < size && UINT32_C(1) << width <= BL_DICT_INTS; width++) {
		uint64_t n = (size - packed_size(rows, width)) / 8;

		/* Codes of this width are needed above half of what it can tell apart. */
		if (n > (UINT64_C(1) << width) / 2)
			most = n < UINT64_C(1) << width ? (uint32_t)n : UINT32_C(1) << width;
	}
	return most;
}

/* Fills the head's kind, widths, count and base. Returns a bound on distinct values. */
static uint32_t choose(struct bl_codec *k, const int64_t *v, struct bl_codec_head *h, const struct bl_unpack_scan *s)
{
	uint64_t range = (uint64_t)s->max - (uint64_t)s->min, best, size;
	uint64_t bound = range < s->changes ? range + 1 : s->changes + 1;
	unsigned wide = bl_codec_bits(range), step, length;
	uint32_t count;

	best = packed_size(h->rows, wide);
	h->kind = range ? BL_CODEC_PACKED : BL_CODEC_CONSTANT;
	h->width = (uint8_t)wide;
	h->base = s->min;

	/* What decodes slower must be a quarter smaller. */
	step = bl_codec_bits((uint64_t)s->dmax - (uint64_t)s->dmin);
	size = packed_size(h->rows, step) + bl_codec_vectors(h->rows) * 8;
	if (size < best - best / 4) {
		h->kind = BL_CODEC_DELTA;
		h->width = (uint8_t)step;
		h->base = s->dmin;
		best = size;
	}
	if (range && s->changes < h->rows / 4) {
		length = bl_codec_bits(find_runs(k, v, h->rows, &count));
		size = packed_size(count, wide) + packed_size(count, length);
		if (size < best - best / 4) {
			h->kind = BL_CODEC_RUNS;
			h->width = (uint8_t)wide;
			h->width2 = (uint8_t)length;
			h->base = s->min;
			h->count = count;
			best = size;
		}
	}
	/* Few values far apart. */
	count = most_entries(h->rows, best - best / 4);
	if (count && bl_dict_ints(k->dict, v, h->rows, count)) {
		bound = k->dict->n;
		h->kind = BL_CODEC_DICT;
		h->width = (uint8_t)bl_codec_bits(k->dict->n - 1);
		h->width2 = 0;
		h->base = 0;
		h->count = k->dict->n;
	}
	return (uint32_t)bound;
}

static void put_codes(struct bl_codec *k, const struct bl_codec_head *h, struct bl_buf *b)
{
	for (uint32_t i = 0; i < h->rows; i++)
		k->value[i] = k->dict->code[i];
	pack(k, k->value, h->rows, h->width, 0, b);
}

static void put_body(struct bl_codec *k, const int64_t *v, const struct bl_codec_head *h, struct bl_buf *b)
{
	switch ((enum bl_codec_kind)h->kind) {
	case BL_CODEC_PACKED:
		pack(k, v, h->rows, h->width, h->base, b);
		break;
	case BL_CODEC_DELTA:
		put_delta(k, v, h, b);
		break;
	case BL_CODEC_RUNS:
		pack(k, k->value, h->count, h->width, h->base, b);
		pack(k, k->length, h->count, h->width2, 0, b);
		break;
	case BL_CODEC_DICT:
		bl_buf_put(b, k->dict->value, h->count * sizeof(*k->dict->value));
		put_codes(k, h, b);
		break;
	case BL_CODEC_CONSTANT:
	case BL_CODEC_TEXT:
	case BL_CODEC_TEXT_DICT:
		break;
	}
}

/*
 * x as an integer i with i / 10^e == x to the last bit. |i| <= 2^53 and ten = 10^e, e <= 18, are exact doubles, so the
 * quotient is the double nearest to the decimal number: what reading its text gave.
 */
static bool scaled(double x, double ten, int64_t *i)
{
	double y = x * ten, back;

	if (!(y >= -0x1p53 && y <= 0x1p53))
		return false;
	*i = (int64_t)(y < 0 ? y - 0.5 : y + 0.5);
	back = (double)*i / ten;
	return !memcmp(&back, &x, sizeof(x)) && *i >= -(INT64_C(1) << 53) && *i <= INT64_C(1) << 53;
}

/* Turns bits of doubles into integers when one scale fits all; returns what the head says. */
static uint8_t scale(struct bl_codec *k, int64_t *v, uint32_t rows)
{
	for (unsigned e = 0; e <= BL_CODEC_SCALE; e++) {
		double x, ten = (double)bl_num_pow10(e);
		uint32_t i = 0;

		while (i < rows && (memcpy(&x, &v[i], sizeof(x)), scaled(x, ten, &k->value[i])))
			i++;
		if (i < rows)
			continue;
		memcpy(v, k->value, rows * sizeof(*v));
		return (uint8_t)(e + 1);
	}
	return 0;
}

/* Least and greatest, as bits; -1 when one is not finite. */
static int double_stat(const int64_t *v, uint32_t rows, struct bl_stat *stat)
{
	const uint64_t exponent = UINT64_C(0x7ff) << 52;
	double min = 0, max = 0;

	for (uint32_t i = 0; i < rows; i++) {
		double x;

		if (((uint64_t)v[i] & exponent) == exponent)
			return -1;
		memcpy(&x, &v[i], sizeof(x));
		min = !i || x < min ? x : min;
		max = !i || x > max ? x : max;
	}
	memcpy(&stat->min, &min, sizeof(min));
	memcpy(&stat->max, &max, sizeof(max));
	return 0;
}

static bool is_null(const uint64_t *null, uint32_t i)
{
	return null[i / 64] >> i % 64 & 1;
}

static uint32_t count_nulls(const uint64_t *null, uint32_t rows)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < rows; i += 64)
		n += (uint32_t)__builtin_popcountll(null[i / 64] & (rows - i < 64 ? (UINT64_C(1) << (rows - i)) - 1 : ~UINT64_C(0)));
	return n;
}

static void fill_nulls(int64_t *v, const uint64_t *null, uint32_t rows)
{
	uint32_t i = 0;
	int64_t last;

	while (is_null(null, i))
		i++;
	last = v[i];
	for (i = 0; i < rows; i++)
		last = v[i] = is_null(null, i) ? last : v[i];
}

static bool all_divide(const int64_t *v, uint32_t rows, int64_t by)
{
	uint32_t i = 0;

	while (i < rows && v[i] % by == 0)
		i++;
	return i == rows;
}

/* Whole seconds, prices without cents: divides all by 10^e, the head's scale, where that takes a quarter of the bits. */
static void shorten(const struct bl_codec *k, int64_t *v, struct bl_codec_head *h, struct bl_unpack_scan *s)
{
	static const uint8_t powers[] = { 9, 6, 3, 2, 1 };
	unsigned wide = bl_codec_bits((uint64_t)s->max - (uint64_t)s->min);

	for (size_t i = 0; i < sizeof(powers); i++) {
		int64_t by = bl_num_pow10(powers[i]);

		if (bl_codec_bits((uint64_t)by) * 4 < wide || !all_divide(v, h->rows, by))
			continue;
		for (uint32_t r = 0; r < h->rows; r++)
			v[r] /= by;
		h->scale = powers[i];
		k->isa->scan(v, h->rows, s);
		return;
	}
}

static int put_ints(struct bl_codec *k, const struct bl_writer_column *c, struct bl_codec_head *h, struct bl_buf *b, struct bl_stat *stat)
{
	bool real = c->type.kind == BL_TYPE_DOUBLE;
	struct bl_unpack_scan s;
	uint32_t distinct;

	if (!h->rows || h->nulls == BL_CODEC_ALL) {
		h->kind = BL_CODEC_CONSTANT;
		bl_buf_put(b, h, sizeof(*h));
		return 0;
	}
	if (h->nulls == BL_CODEC_BITMAP)
		fill_nulls(c->i64, c->null, h->rows);
	if (real && double_stat(c->i64, h->rows, stat))
		return -1;
	if (real)
		h->scale = scale(k, c->i64, h->rows);
	k->isa->scan(c->i64, h->rows, &s);
	if (!real) {
		stat->min = s.min;
		stat->max = s.max;
		shorten(k, c->i64, h, &s);
	}
	distinct = choose(k, c->i64, h, &s);
	stat->distinct = distinct < stat->distinct ? distinct : stat->distinct;
	put_head(h, c->null, b);
	put_body(k, c->i64, h, b);
	return 0;
}

/* The dictionary as it is compressed: all lengths, then all texts. false when it would not pay. */
static bool gather(struct bl_codec *k, const struct bl_writer_column *c, uint32_t rows, uint64_t plain)
{
	const struct bl_dict *d = k->dict;

	bl_buf_clear(&k->blob);
	for (uint32_t i = 0; i < d->n; i++)
		bl_buf_put32(&k->blob, c->end[d->first[i]] - start(c, d->first[i]));
	for (uint32_t i = 0; i < d->n; i++)
		bl_buf_put(&k->blob, c->text + start(c, d->first[i]), c->end[d->first[i]] - start(c, d->first[i]));
	return !k->blob.failed && packed_size(rows, bl_codec_bits(d->n - 1)) + k->blob.len <= plain - plain / 4;
}

static void put_texts(struct bl_codec *k, const struct bl_writer_column *c, struct bl_codec_head *h, struct bl_buf *b, struct bl_stat *stat)
{
	uint32_t longest = 0, texts = 0;

	for (uint32_t i = 0; i < h->rows; i++) {
		uint32_t n = c->end[i] - start(c, i);

		k->value[texts] = n;
		texts += h->nulls != BL_CODEC_BITMAP || !is_null(c->null, i);
		longest = n > longest ? n : longest;
	}
	assert(longest <= BL_CODEC_VALUE && start(c, h->rows) == c->text_len);
	h->kind = BL_CODEC_TEXT;
	h->width = (uint8_t)bl_codec_bits(longest);
	h->bytes = c->text_len;
	if (h->rows && bl_dict_texts(k->dict, c->text, c->end, h->rows)) {
		stat->distinct = k->dict->n < stat->distinct ? k->dict->n : stat->distinct;
		if (gather(k, c, h->rows, packed_size(texts, h->width) + h->bytes) || k->dict->n == 1)
			h->kind = BL_CODEC_TEXT_DICT;
	}
	if (h->kind == BL_CODEC_TEXT) {
		put_head(h, c->null, b);
		pack(k, k->value, texts, h->width, 0, b);
		bl_zstd_put(k->zstd, c->text, c->text_len, b);
		return;
	}
	h->count = k->dict->n;
	h->width = (uint8_t)bl_codec_bits(h->count - 1);
	h->bytes = k->blob.len;
	put_head(h, c->null, b);
	put_codes(k, h, b);
	bl_zstd_put(k->zstd, k->blob.p, k->blob.len, b);
}

int bl_codec_put(struct bl_codec *k, const struct bl_writer_column *c, uint32_t rows, struct bl_buf *b, struct bl_stat *stat,
		 struct bl_err *err)
{
	struct bl_codec_head h = { .rows = rows };
	uint32_t nulls = count_nulls(c->null, rows);

	assert(rows <= BL_TYPE_GROUP);
	h.nulls = (uint8_t)(!nulls ? BL_CODEC_NONE : nulls < rows ? BL_CODEC_BITMAP : BL_CODEC_ALL);
	*stat = (struct bl_stat){ .nulls = nulls, .distinct = rows - nulls };
	bl_buf_clear(b);
	if (c->type.kind == BL_TYPE_TEXT)
		put_texts(k, c, &h, b, stat);
	else if (put_ints(k, c, &h, b, stat))
		return bl_err_set(err, BL_DATA, "a number is not finite");
	return b->failed ? bl_err_set(err, BL_OSERR, "out of memory") : 0;
}
