/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader: a sealed file by pread. Every chunk is copied once to private memory, authenticated, then decoded.
 * Nothing is mapped. One struct bl_chunk is reused for many loads and keeps its buffers.
 */
#ifndef BL_FORMAT_READER_H
#define BL_FORMAT_READER_H

#include "format/blf.h"

struct bl_reader;

/* Header read, bounded, signature checked; no key yet. fd is borrowed. Exit classes as in blf.h. */
int bl_reader_open(struct bl_reader **r, int fd, struct bl_err *err);
/* The same of the first `part` bytes of fd (0: all): a disk is longer than the file on it. */
int bl_reader_open_part(struct bl_reader **r, int fd, uint64_t part, struct bl_err *err);
void bl_reader_close(struct bl_reader *r);		/* NULL is fine; wipes keys */
const struct bl_header *bl_reader_header(const struct bl_reader *r);

/* Derives the keys, reads the footer, checks its signature, decrypts the statistics. */
int bl_reader_unlock(struct bl_reader *r, const uint8_t key[BL_BLF_KEY], struct bl_err *err);
/* SHA-256 of every chunk against the footer, and that header, chunks and footer cover the file without gap: the first
 * meeting. Takes about a second per 1.4 GB. */
int bl_reader_verify(struct bl_reader *r, struct bl_err *err);
/* SHA-256 of the signed footer: what a vault remembers. */
const uint8_t *bl_reader_footer_hash(const struct bl_reader *r);

uint64_t bl_reader_rows(const struct bl_reader *r);
uint32_t bl_reader_groups(const struct bl_reader *r);
uint32_t bl_reader_group_rows(const struct bl_reader *r, uint32_t group);
/* Statistics of one chunk, and of a whole column (min of mins, sum of nulls, sum of distinct bounds). */
const struct bl_stat *bl_reader_stat(const struct bl_reader *r, uint32_t group, uint32_t column);
void bl_reader_column_stat(const struct bl_reader *r, uint32_t column, struct bl_stat *out, uint64_t *nulls);

struct bl_chunk;
struct bl_chunk *bl_chunk_new(void);
void bl_chunk_free(struct bl_chunk *c);
/* Reads, authenticates and prepares one column chunk. 65 when anything is wrong: "column 'age': chunk 12: ...". */
int bl_reader_load(struct bl_reader *r, uint32_t group, uint32_t column, struct bl_chunk *c, struct bl_err *err);
/* Values [from, from + n) with from a multiple of 1,024 and n <= 1,024, into v; valid until the next call on c. */
void bl_chunk_vec(struct bl_chunk *c, uint32_t from, uint32_t n, struct bl_vec *v);
/* The chunk's dictionary (text only), or NULL: same pointers that vectors of this chunk carry. */
const struct bl_str *bl_chunk_dict(const struct bl_chunk *c, uint32_t *n);

#endif
