/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: one record of the differencing store as bytes. Private to cells.c. Records stand at multiples of 64 bytes:
 *
 *	magic "bl-cells", plaintext bytes u64, dataset 32, random id 16		the header, 64 bytes
 *	boxes (crypt/box.h) of up to 64 KiB of plaintext; additional data: the header, number of the box u32
 *	zeros up to a multiple of 64
 *
 * Its plaintext: entities before it u32, new entities u32, their ids 16 each; cells u32, and for each cell: set u8, family u8 +
 * bytes, entities u32, sketch u16 (65535: everybody contributes 1; else that many of: number u16, sum u32), bytes of the set
 * u32, the set (runs.h). All integers little-endian.
 */
#ifndef BL_POLICY_RECORD_H
#define BL_POLICY_RECORD_H

#include "base/buf.h"
#include "crypt/box.h"
#include "crypt/hash.h"
#include "policy/near.h"

enum { BL_RECORD_HEAD = 64, BL_RECORD_STEP = 64, BL_RECORD_BOX = 64 << 10 };

struct bl_record { uint64_t off, plain; uint8_t head[BL_RECORD_HEAD]; };	/* place in the file, bytes of plaintext */

uint64_t bl_record_round(uint64_t n);		/* up to a multiple of BL_RECORD_STEP */
uint64_t bl_record_len(uint64_t plain);		/* of all of it; plain is at most 2^62 */
/* Plaintext bytes of a record with this header, or 0 when it is none. */
uint64_t bl_record_plain(const uint8_t head[BL_RECORD_HEAD]);
bool bl_record_of(const uint8_t head[BL_RECORD_HEAD], const uint8_t dataset[32]);

/* Reads the plaintext of r from fd, one box at a time. */
struct bl_record_stream {
	int fd;
	const uint8_t *key;
	const struct bl_record *r;
	uint64_t left;			/* plaintext not yet opened */
	uint32_t box;
	uint8_t *sealed, *plain;
	size_t have, at;
	bool bad;			/* cut short, or does not authenticate: for good */
};
int bl_record_open(struct bl_record_stream *s, int fd, const uint8_t *key, const struct bl_record *r);	/* -1: out of memory */
void bl_record_close(struct bl_record_stream *s);
/* The next n bytes to p (NULL: passed over); false when there are not as many. */
bool bl_record_take(struct bl_record_stream *s, void *p, uint64_t n);
bool bl_record_done(const struct bl_record_stream *s);		/* nothing is left, and nothing was bad */

/* Entities before it and new ones: the head of the plaintext; and its number of cells, behind the ids. */
bool bl_record_take_counts(struct bl_record_stream *s, uint32_t *before, uint32_t *fresh);
bool bl_record_take_number(struct bl_record_stream *s, uint32_t *n);
struct bl_record_cell {
	char family[BL_CELLS_FAMILY + 1];
	enum bl_cells_set set;
	uint32_t n, len;
	bool plain;			/* no sketch: everybody contributes 1 */
	struct bl_near_sketch sketch;
};
/* Everything of a cell but the bytes of its set, which follow. universe: entities that this record may know. */
bool bl_record_take_cell(struct bl_record_stream *s, struct bl_record_cell *x, uint64_t universe);
/* Appends a cell; who: numbers of the store, ascending; sketch NULL: everybody contributes 1. */
void bl_record_put_cell(struct bl_buf *b, const struct bl_cells_item *item, const uint32_t *who, const struct bl_near_sketch *sketch);

/* Writes a record at off, then syncs; hash is over all its bytes. 74 when the disk refuses. */
struct bl_record_body { uint32_t before, fresh, cells; const uint64_t (*id)[2]; const uint8_t *p; size_t n; };
int bl_record_write(struct bl_record *r, int fd, const uint8_t *key, const uint8_t dataset[32], const struct bl_record_body *body,
		    uint8_t hash[BL_HASH_LEN], struct bl_err *err);

#endif
