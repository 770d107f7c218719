/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer: rows in columns to a sealed file, front to back, into any descriptor. Memory is bounded by one row group.
 */
#ifndef BL_FORMAT_WRITER_H
#define BL_FORMAT_WRITER_H

#include "format/blf.h"

/* One column of the row group being filled: the caller appends values directly. */
struct bl_writer_column {
	struct bl_type type;
	int64_t *i64;		/* room for BL_TYPE_GROUP values; doubles as their bits (memcpy) */
	uint64_t *null;		/* BL_TYPE_GROUP bits, zeroed at the start of each group */
	uint8_t *text;		/* text bytes of the group back to back; grow with bl_writer_text */
	uint32_t *end;		/* text: end offset of value i in `text`; a NULL adds no bytes */
	size_t text_len, text_cap;
};
struct bl_writer {
	struct bl_writer_column *col;
	uint32_t ncol;
	uint32_t rows;		/* rows in the group so far: the caller counts up, then calls bl_writer_row_group at BL_TYPE_GROUP */
	struct bl_writer_state *state;
};

/* Makes file key and id, prints the signed header. h gives name, schema, entity, policy (and shard; a count of 0 means 1)
 * and lives as long as w; file id, owner, commitments and hashes are filled in. Recipients are given as public keys (the
 * owner is always one). Writes to fd; the caller commits. */
int bl_writer_open(struct bl_writer *w, int fd, struct bl_header *h, const struct bl_ident *owner,
		   const uint8_t (*recipient)[BL_IDENT_PK], size_t nrecipient, struct bl_err *err);
/* Room for n more text bytes in column c, and BL_WRITER_SLACK after them. Text of one row group is at most 1 GiB, of one
 * value 16 MiB: 65. */
enum { BL_WRITER_SLACK = 64 };
int bl_writer_text(struct bl_writer *w, uint32_t c, size_t n, struct bl_err *err);
/* Seals the rows gathered so far as one row group. A NULL in any entity column of a row is 65 (the row is not
 * named). Only the last group may have fewer than BL_TYPE_GROUP rows, down to none. */
int bl_writer_row_group(struct bl_writer *w, bool last, struct bl_err *err);
/* Footer, after the rows still there as the last row group, if none was. After it the file is complete. A table of no
 * rows is one empty last row group. */
int bl_writer_close(struct bl_writer *w, struct bl_err *err);
void bl_writer_fini(struct bl_writer *w);

#endif
