/* SPDX-License-Identifier: Apache-2.0 */
/*
 * footer: what lies between the header and the end of the file besides the chunks themselves: the 24-byte head of a
 * record, what every record authenticates, and the encrypted, signed footer. Shared by writer.c and reader.c.
 */
#ifndef BL_FORMAT_FOOTER_H
#define BL_FORMAT_FOOTER_H

#include "crypt/gcm.h"
#include "crypt/hash.h"
#include "format/blf.h"

enum bl_footer_kind { BL_FOOTER_PIECE = 1, BL_FOOTER_FOOTER = 2 };	/* of records */
enum {
	BL_FOOTER_FINAL = 1,			/* flag: of the last row group */
	BL_FOOTER_END = 2,			/* flag: the last piece of its chunk */
	BL_FOOTER_PLAIN = 256 << 10,		/* most plaintext in a piece */
	BL_FOOTER_TAIL = 16,			/* length of the footer, magic */
	BL_FOOTER_MAX = 256 << 20,		/* most bytes of a footer */
};

/* A record's head as it lies in the file; then `size` bytes: ciphertext and tag. */
struct bl_footer_head {
	uint8_t kind, flags;
	uint16_t zero;
	uint32_t group;		/* footer: how many groups */
	uint32_t column;	/* footer: how many columns */
	uint32_t piece;
	uint32_t none;		/* 0: how many rows there are is told to nobody without the key */
	uint32_t size;
};
_Static_assert(sizeof(struct bl_footer_head) == 24, "a head is 24 bytes");

/* A column chunk in the footer, as it lies in the plaintext. */
struct bl_footer_chunk {
	struct bl_stat stat;
	uint64_t at;		/* from the first byte after the header */
	uint32_t size;		/* of all its records */
	uint32_t zero;
	uint8_t hash[BL_HASH_LEN];	/* SHA-256 of those bytes */
};
_Static_assert(sizeof(struct bl_footer_chunk) == 72, "a chunk is 72 bytes of the footer");

struct bl_footer {
	uint64_t rows;
	uint32_t groups, columns;
	uint64_t size;			/* of all chunks: where the footer begins, from the first byte after the header */
	struct bl_footer_chunk *chunk;	/* groups x columns, in the order of the file */
	uint8_t hash[BL_HASH_LEN];	/* SHA-256 of head, ciphertext and tag: what is signed */
	void *own;			/* what read allocated; holds chunk */
};

/* Key number n for `label` ("column", "footer"): HKDF-SHA256 of the file key with the file id as salt. NULL: no memory. */
struct bl_gcm *bl_footer_key(const uint8_t file_id[32], const uint8_t key[BL_BLF_KEY], const char *label, uint32_t n);
/* Seals n bytes as the record h (h->size is filled in): appends head, ciphertext, tag to b; 0 or -1. */
int bl_footer_seal(struct bl_gcm *g, const uint8_t file_id[32], struct bl_footer_head *h, const void *p, size_t n, struct bl_buf *b);
/* Opens h->size bytes in place; 0, or -1 when they do not authenticate. */
int bl_footer_open(struct bl_gcm *g, const uint8_t file_id[32], const struct bl_footer_head *h, uint8_t *p);

/* Appends the whole footer, tail included, to b, and fills f->hash. */
int bl_footer_print(struct bl_footer *f, const struct bl_header *h, const uint8_t key[BL_BLF_KEY], const struct bl_ident *owner,
		    struct bl_buf *b, struct bl_err *err);
/* Reads it from the end of the file's `size` bytes, checks signature and every number in it against the header and that size. */
int bl_footer_read(struct bl_footer *f, const struct bl_header *h, const uint8_t key[BL_BLF_KEY], int fd, uint64_t size, struct bl_err *err);
/* From n bytes (tail included) that end a file of `size` bytes; p is overwritten and must be aligned to 8. Takes nothing over. */
int bl_footer_parse(struct bl_footer *f, const struct bl_header *h, const uint8_t key[BL_BLF_KEY], uint8_t *p, size_t n, uint64_t size,
		    struct bl_err *err);
/* Could these be the last bytes of a sealed file with `after` bytes behind its header? Needs no key, and proves nothing. */
bool bl_footer_ends(const uint8_t tail[BL_FOOTER_TAIL], uint64_t after);
void bl_footer_fini(struct bl_footer *f);

#endif
