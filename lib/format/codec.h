/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec: one column of a row group to the plaintext of its chunk. chunk.h is the way back; FORMAT.md has the bytes.
 * Looks at all the values once and takes the encoding with the fewest bytes, unless a faster one is nearly as small.
 */
#ifndef BL_FORMAT_CODEC_H
#define BL_FORMAT_CODEC_H

#include "format/unpack.h"
#include "format/writer.h"

enum bl_codec_kind {
	BL_CODEC_CONSTANT = 1,	/* every value is base */
	BL_CODEC_PACKED = 2,	/* base + packed */
	BL_CODEC_DELTA = 3,	/* each value is the one before + base + packed */
	BL_CODEC_RUNS = 4,	/* values and lengths of runs, both packed */
	BL_CODEC_DICT = 5,	/* 64-bit dictionary, packed codes */
	BL_CODEC_TEXT = 6,	/* packed lengths (of a bitmap's rows that are not NULL), bytes in zstd blocks */
	BL_CODEC_TEXT_DICT = 7,	/* packed codes, dictionary in zstd blocks */
};
enum bl_codec_nulls { BL_CODEC_NONE = 0, BL_CODEC_BITMAP = 1, BL_CODEC_ALL = 2 };

enum {
	BL_CODEC_HEAD = 32,
	BL_CODEC_VALUE = 16 << 20,		/* most bytes of one text */
	BL_CODEC_SCALE = 18,			/* most digits after the point of a scaled double */
	BL_CODEC_TEXTS = 1 << 30,		/* most bytes of text in a chunk */
	BL_CODEC_CHUNK = (1 << 30) + (1 << 26),	/* most bytes of a chunk's plaintext */
};

/* The head of a chunk's plaintext, 32 bytes as they lie in the file. */
struct bl_codec_head {
	uint8_t kind, nulls;
	uint8_t width;		/* bits of a value, code or text length */
	uint8_t width2;		/* bits of a run length - 1 */
	uint8_t scale;		/* doubles: 0 = bits, n = integers to be divided by 10^(n-1); others: to be multiplied by 10^n */
	uint8_t zero[3];
	uint32_t rows;
	uint32_t count;		/* runs, dictionary entries */
	int64_t base;
	uint64_t bytes;		/* in the blocks, before compression */
};
_Static_assert(sizeof(struct bl_codec_head) == BL_CODEC_HEAD, "a head is 32 bytes");

struct bl_codec;
struct bl_codec *bl_codec_new(void);		/* NULL: out of memory */
void bl_codec_free(struct bl_codec *k);
/*
 * Encodes `rows` values of c into b, which it clears first, and fills *stat. Overwrites c->i64. 65 for a double
 * that is not finite, 71 out of memory.
 */
int bl_codec_put(struct bl_codec *k, const struct bl_writer_column *c, uint32_t rows, struct bl_buf *b, struct bl_stat *stat,
		 struct bl_err *err);

/* The loops for this machine. */
const struct bl_unpack *bl_codec_isa(void);
/* Bits that hold v; 0 for 0. */
static inline unsigned bl_codec_bits(uint64_t v) { return v ? 64 - (unsigned)__builtin_clzll(v) : 0; }
/* Vectors that hold n values. */
static inline size_t bl_codec_vectors(size_t n) { return (n + BL_TYPE_VECTOR - 1) / BL_TYPE_VECTOR; }

#endif
