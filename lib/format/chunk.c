/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk: see chunk.h. Parsing finds the parts and checks them; vectors are unpacked when asked for, into one buffer of
 * 1,024 values. What cannot be checked without unpacking (codes, doubles, the tail of a vector) is clamped as it is unpacked.
 */
#include "format/chunk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "format/codec.h"
#include "format/zstd.h"

enum { V = BL_TYPE_VECTOR };

/* Memory that grows and is kept. */
struct room { void *p; size_t cap; };

struct bl_chunk {
	const struct bl_unpack *isa;
	struct bl_zstd *zstd;
	struct room plain, text, dict, runs;	/* plaintext; decompressed texts; struct bl_str; struct run */
	struct bl_type type;
	struct bl_codec_head head;
	const uint64_t *null;			/* into plain */
	const uint64_t *packed;			/* values, codes or lengths */
	const int64_t *first;			/* delta: of each vector; dictionary: the entries */
	uint32_t at;				/* runs: where the search for the next vector begins */
	uint32_t texts;				/* text: how many rows have one; */
	uint32_t begin[BL_TYPE_GROUP / V];	/* where the texts of each vector begin, */
	uint32_t rank[BL_TYPE_GROUP / V];	/* and how many come before */
	uint64_t bit[V / 64];			/* NULLs of this vector */
	int64_t *value;				/* the vector: 1,024 values, or codes and texts */
	uint32_t *code;
	struct bl_str *str;
};
struct run { int64_t value; uint32_t end; };

static void *take(struct room *r, size_t n)
{
	if (n <= r->cap)
		return r->p;
	free(r->p);
	r->cap = 0;
	n = (n + 4095) / 4096 * 4096;
	r->p = aligned_alloc(64, n);
	if (r->p)
		r->cap = n;
	return r->p;
}

struct bl_chunk *bl_chunk_new(void)
{
	struct bl_chunk *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->isa = bl_codec_isa();
	c->zstd = bl_zstd_new();
	c->value = aligned_alloc(64, V * sizeof(*c->value));
	c->code = aligned_alloc(64, V * sizeof(*c->code));
	c->str = aligned_alloc(64, V * sizeof(*c->str));
	if (c->zstd && c->value && c->code && c->str)
		return c;
	bl_chunk_free(c);
	return NULL;
}

void bl_chunk_free(struct bl_chunk *c)
{
	if (!c)
		return;
	bl_zstd_free(c->zstd);
	free(c->plain.p);
	free(c->text.p);
	free(c->dict.p);
	free(c->runs.p);
	free(c->value);
	free(c->code);
	free(c->str);
	free(c);
}

uint8_t *bl_chunk_room(struct bl_chunk *c, size_t n)
{
	uint8_t *p;

	c->head = (struct bl_codec_head){ 0 };	/* no rows: what was here before can no longer be asked for */
	if (n > BL_CODEC_CHUNK || !(p = take(&c->plain, BL_CHUNK_LEAD + n)))
		return NULL;
	return p + BL_CHUNK_LEAD;
}

static int malformed(struct bl_err *err, const char *what)
{
	return bl_err_set(err, BL_DATA, "malformed: %s", what);
}

static int no_memory(struct bl_err *err)
{
	return bl_err_set(err, BL_OSERR, "out of memory");
}

/* n values of `width` bits as whole vectors. Every part before the blocks is a multiple of 8 bytes, so it is aligned. */
static const uint64_t *get_packed(struct bl_cur *in, size_t n, unsigned width)
{
	return (const void *)bl_cur_get(in, bl_codec_vectors(n) * BL_UNPACK_SIZE(width));
}

/* The blocks that end the plaintext, in `text`. */
static int get_blocks(struct bl_chunk *c, struct bl_cur *in, size_t n, struct bl_err *err)
{
	if (n > BL_CODEC_TEXTS || in->bad)
		return malformed(err, "text");
	if (!take(&c->text, n ? n : 1))
		return no_memory(err);
	return bl_zstd_get(c->zstd, in, c->text.p, n) ? malformed(err, "compressed text") : 0;
}

static int parse_runs(struct bl_chunk *c, struct bl_cur *in, struct bl_err *err)
{
	const struct bl_codec_head *h = &c->head;
	const uint64_t *value = get_packed(in, h->count, h->width), *length = get_packed(in, h->count, h->width2);
	uint64_t end = 0;
	struct run *run;

	if (in->bad || !h->count || h->count > h->rows || h->width2 > 16)
		return malformed(err, "runs");
	if (!(run = take(&c->runs, h->count * sizeof(*run))))
		return no_memory(err);
	for (uint32_t i = 0; i < h->count; i += V) {
		uint32_t n = h->count - i < V ? h->count - i : V;

		c->isa->get(value + i / V * (BL_UNPACK_SIZE(h->width) / 8), h->width, (uint64_t)h->base, c->value);
		for (uint32_t j = 0; j < n; j++)
			run[i + j].value = c->value[j];
		c->isa->get(length + i / V * (BL_UNPACK_SIZE(h->width2) / 8), h->width2, 1, c->value);
		for (uint32_t j = 0; j < n; j++)
			run[i + j].end = (uint32_t)(end += (uint64_t)c->value[j]);
	}
	c->at = 0;
	return end == h->rows ? 0 : malformed(err, "runs");
}

static int parse_ints(struct bl_chunk *c, struct bl_cur *in, struct bl_err *err)
{
	const struct bl_codec_head *h = &c->head;

	if (h->bytes || h->width > 64 || h->scale > BL_CODEC_SCALE + (c->type.kind == BL_TYPE_DOUBLE))
		return malformed(err, "head");
	switch (h->kind) {
	case BL_CODEC_CONSTANT:
		if (h->count || h->width || h->width2)
			return malformed(err, "head");
		break;
	case BL_CODEC_DELTA:
		c->first = (const void *)bl_cur_get(in, bl_codec_vectors(h->rows) * sizeof(*c->first));
		/* fall through */
	case BL_CODEC_PACKED:
		if (h->count || h->width2)
			return malformed(err, "head");
		c->packed = get_packed(in, h->rows, h->width);
		break;
	case BL_CODEC_RUNS:
		if (parse_runs(c, in, err))
			return -1;
		break;
	case BL_CODEC_DICT:
		if (h->width2 || h->base || h->width > 16 || !h->count || h->count > BL_TYPE_GROUP)
			return malformed(err, "head");
		c->first = (const void *)bl_cur_get(in, h->count * sizeof(*c->first));
		c->packed = get_packed(in, h->rows, h->width);
		break;
	default:
		return malformed(err, "encoding");
	}
	return in->bad || in->left ? malformed(err, "length") : 0;
}

/* How many rows before each vector have a text, and how many have in all. */
static void count_texts(struct bl_chunk *c)
{
	uint32_t rows = c->head.rows, n = 0;

	for (uint32_t i = 0; i < rows; i += 64) {
		uint64_t all = rows - i < 64 ? (UINT64_C(1) << (rows - i)) - 1 : ~UINT64_C(0);

		if (i % V == 0)
			c->rank[i / V] = n;
		n += (uint32_t)__builtin_popcountll(c->null ? ~c->null[i / 64] & all : all);
	}
	c->texts = n;
}

/* The packed vector with the lengths from number i on. */
static void get_lengths(struct bl_chunk *c, uint32_t i)
{
	c->isa->get(c->packed + i / V * (BL_UNPACK_SIZE(c->head.width) / 8), c->head.width, 0, c->value);
}

static int parse_text(struct bl_chunk *c, struct bl_cur *in, struct bl_err *err)
{
	const struct bl_codec_head *h = &c->head;
	uint32_t vectors = (uint32_t)bl_codec_vectors(h->rows), next = 0;
	uint64_t sum = 0;
	int64_t longest = 0;

	count_texts(c);
	c->packed = get_packed(in, c->texts, h->width);
	if (h->count || h->width > 25)
		return malformed(err, "head");
	if (get_blocks(c, in, h->bytes, err))
		return -1;
	for (uint32_t i = 0; i < c->texts && sum <= h->bytes; i += V) {
		uint32_t n = c->texts - i < V ? c->texts - i : V;

		get_lengths(c, i);
		for (uint32_t j = 0; j < n; sum += (uint64_t)c->value[j++]) {
			while (next < vectors && c->rank[next] == i + j)
				c->begin[next++] = (uint32_t)sum;
			longest = c->value[j] > longest ? c->value[j] : longest;
		}
	}
	while (next < vectors)
		c->begin[next++] = (uint32_t)sum;
	return sum == h->bytes && longest <= BL_CODEC_VALUE ? 0 : malformed(err, "text lengths");
}

static int parse_text_dict(struct bl_chunk *c, struct bl_cur *in, struct bl_err *err)
{
	const struct bl_codec_head *h = &c->head;
	uint64_t at = h->count * sizeof(uint32_t);
	struct bl_str *dict;

	c->packed = get_packed(in, h->rows, h->width);
	if (!h->count || h->count > BL_TYPE_GROUP || h->width > 16 || at > h->bytes)
		return malformed(err, "head");
	if (get_blocks(c, in, h->bytes, err))
		return -1;
	if (!(dict = take(&c->dict, h->count * sizeof(*dict))))
		return no_memory(err);
	for (uint32_t i = 0; i < h->count; i++) {
		uint32_t n = bl_le32((const uint8_t *)c->text.p + i * sizeof(n));

		if (n > BL_CODEC_VALUE || n > h->bytes - at)
			return malformed(err, "dictionary");
		dict[i] = (struct bl_str){ (const char *)c->text.p + at, n };
		at += n;
	}
	return at == h->bytes ? 0 : malformed(err, "dictionary");
}

static int parse(struct bl_chunk *c, uint32_t rows, size_t n, struct bl_err *err)
{
	struct bl_codec_head *h = &c->head;
	const uint8_t *p;
	struct bl_cur in;
	int r;

	bl_cur_init(&in, (uint8_t *)c->plain.p + BL_CHUNK_LEAD, n);
	p = bl_cur_get(&in, sizeof(*h));
	if (!p)
		return malformed(err, "length");
	memcpy(h, p, sizeof(*h));
	if (h->rows != rows || rows > BL_TYPE_GROUP || h->zero[0] || h->zero[1] || h->zero[2] || h->nulls > BL_CODEC_ALL)
		return malformed(err, "head");
	c->null = NULL;
	if (h->nulls == BL_CODEC_BITMAP && !(c->null = (const void *)bl_cur_get(&in, (rows + 63) / 64 * sizeof(*c->null))))
		return malformed(err, "length");
	if (c->type.kind != BL_TYPE_TEXT)
		return parse_ints(c, &in, err);
	if (h->scale || h->width2 || h->base)
		return malformed(err, "head");
	if (h->kind == BL_CODEC_TEXT)
		r = parse_text(c, &in, err);
	else if (h->kind == BL_CODEC_TEXT_DICT)
		r = parse_text_dict(c, &in, err);
	else
		return malformed(err, "encoding");
	return r ? r : in.left ? malformed(err, "length") : 0;
}

int bl_chunk_parse(struct bl_chunk *c, struct bl_type t, uint32_t rows, size_t n, struct bl_err *err)
{
	assert(BL_CHUNK_LEAD + n <= c->plain.cap);
	c->type = t;
	if (!parse(c, rows, n, err))
		return 0;
	c->head = (struct bl_codec_head){ 0 };
	return -1;
}

/* The values of runs that cover [from, from + n). Vectors are mostly asked for in order, so it goes on where it was. */
static void get_runs(struct bl_chunk *c, uint32_t from, uint32_t n)
{
	const struct run *run = c->runs.p;
	uint32_t i = c->at;

	if (i && run[i - 1].end > from)
		i = 0;
	while (run[i].end <= from)
		i++;
	c->at = i;
	for (uint32_t j = 0; j < n; i++) {
		uint32_t end = run[i].end - from < n ? run[i].end - from : n;

		for (; j < end; j++)
			c->value[j] = run[i].value;
	}
}

static void get_ints(struct bl_chunk *c, uint32_t from, uint32_t n)
{
	const struct bl_codec_head *h = &c->head;
	bool none = h->kind == BL_CODEC_CONSTANT || h->kind == BL_CODEC_RUNS;
	const uint64_t *packed = none ? NULL : c->packed + from / V * (BL_UNPACK_SIZE(h->width) / 8);

	switch (h->kind) {
	case BL_CODEC_PACKED:
		c->isa->get(packed, h->width, (uint64_t)h->base, c->value);
		break;
	case BL_CODEC_DELTA: {
		uint64_t sum = (uint64_t)c->first[from / V];

		c->isa->get(packed, h->width, (uint64_t)h->base, c->value);
		c->value[0] = (int64_t)sum;
		for (uint32_t i = 1; i < V; i++)
			c->value[i] = (int64_t)(sum += (uint64_t)c->value[i]);
		break;
	}
	case BL_CODEC_RUNS:
		get_runs(c, from, n);
		break;
	case BL_CODEC_DICT:
		c->isa->code(packed, h->width, h->count - 1, c->code);
		for (uint32_t i = 0; i < V; i++)
			c->value[i] = c->first[c->code[i]];
		break;
	default:
		c->isa->get(NULL, 0, (uint64_t)h->base, c->value);
	}
	if (h->scale && c->type.kind == BL_TYPE_DOUBLE)
		c->isa->divide(c->value, (double)bl_num_pow10(h->scale - 1u));
	else if (c->type.kind == BL_TYPE_DOUBLE)
		c->isa->finite(c->value);
	else if (h->scale)
		c->isa->multiply(c->value, (uint64_t)bl_num_pow10(h->scale));
}

static void get_texts(struct bl_chunk *c, uint32_t from, uint32_t n)
{
	const char *p = (const char *)c->text.p + c->begin[from / V];
	uint32_t k = c->rank[from / V];

	/* When no row from here on has a text, there may be no vector of lengths left to read. */
	if (k < c->texts)
		get_lengths(c, k);
	k %= V;
	for (uint32_t i = 0; i < n; i++) {
		c->str[i] = (struct bl_str){ p, 0 };
		if (c->null && c->null[(from + i) / 64] >> i % 64 & 1)
			continue;
		if (k == V) {
			get_lengths(c, c->rank[from / V] / V * V + V);
			k = 0;
		}
		p += c->str[i].n = (uint32_t)c->value[k++];
	}
}

/* NULLs of the vector into c->bit, none past the chunk's rows; false when there are none. */
static bool get_nulls(struct bl_chunk *c, uint32_t from)
{
	uint32_t rows = c->head.rows - from;
	uint64_t any = 0;

	for (uint32_t i = 0; i < V / 64; i++) {
		uint32_t left = rows > i * 64 ? rows - i * 64 : 0;
		uint64_t w = !left ? 0 : c->head.nulls == BL_CODEC_ALL ? ~UINT64_C(0) : c->null[from / 64 + i];

		any |= c->bit[i] = left < 64 && left ? w & ((UINT64_C(1) << left) - 1) : w;
	}
	return any != 0;
}

void bl_chunk_vec(struct bl_chunk *c, uint32_t from, uint32_t n, struct bl_vec *v)
{
	const struct bl_codec_head *h = &c->head;
	bool null;

	assert(from % V == 0 && n && n <= V && from <= h->rows && n <= h->rows - from);
	null = h->nulls != BL_CODEC_NONE && get_nulls(c, from);
	*v = (struct bl_vec){ .type = c->type, .n = n, .null = null ? c->bit : NULL };
	if (h->kind == BL_CODEC_TEXT_DICT) {
		c->isa->code(c->packed + from / V * (BL_UNPACK_SIZE(h->width) / 8), h->width, h->count - 1, c->code);
		v->code = c->code;
		v->dict = c->dict.p;
		v->ndict = h->count;
		v->constant = !null && h->count == 1;
	} else if (h->kind == BL_CODEC_TEXT) {
		get_texts(c, from, n);
		v->str = c->str;
	} else {
		get_ints(c, from, n);
		if (null)
			c->isa->clear(c->value, c->bit);
		v->constant = !null && h->kind == BL_CODEC_CONSTANT;
		if (c->type.kind == BL_TYPE_DOUBLE)
			v->f64 = (const void *)c->value;	/* the bits are those of doubles; built without strict aliasing */
		else
			v->i64 = c->value;
	}
}

const struct bl_str *bl_chunk_dict(const struct bl_chunk *c, uint32_t *n)
{
	bool has = c->head.kind == BL_CODEC_TEXT_DICT;

	*n = has ? c->head.count : 0;
	return has ? c->dict.p : NULL;
}
