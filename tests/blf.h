/* SPDX-License-Identifier: Apache-2.0 */
/* blf: sealed files in memory for tests: made from columns of values, opened and read back to the last byte. */
#ifndef TESTS_BLF_H
#define TESTS_BLF_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crypt/ident.h"
#include "crypt/mem.h"
#include "format/codec.h"
#include "format/reader.h"
#include "format/writer.h"

/* xorshift64*: the same values every time. */
static inline uint64_t blf_random(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;
	return *s * UINT64_C(0x2545f4914f6cdd1d);
}

struct blf_column {
	struct bl_type type;
	int64_t *i64;		/* doubles as their bits */
	char **text;		/* of lengths len; not terminated */
	uint32_t *len;
	bool *null;
};
struct blf_table { uint32_t ncol; uint64_t rows; struct blf_column *col; };

static inline void blf_identity(struct bl_ident *id, uint8_t n)
{
	uint8_t seed[32] = { n };
	struct bl_err err;

	if (bl_ident_from_seed(id, seed, &err))
		abort();
}

static inline bool blf_put_row(struct bl_writer *w, const struct blf_table *t, uint64_t r, struct bl_err *err)
{
	for (uint32_t k = 0; k < t->ncol; k++) {
		struct bl_writer_column *c = &w->col[k];
		const struct blf_column *v = &t->col[k];

		if (v->null[r])
			c->null[w->rows / 64] |= UINT64_C(1) << w->rows % 64;
		if (v->type.kind != BL_TYPE_TEXT) {
			c->i64[w->rows] = v->null[r] ? 0 : v->i64[r];
			continue;
		}
		if (!v->null[r]) {
			if (bl_writer_text(w, k, v->len[r], err))
				return false;
			memcpy(c->text + c->text_len, v->text[r], v->len[r]);
			c->text_len += v->len[r];
		}
		c->end[w->rows] = (uint32_t)c->text_len;
	}
	w->rows++;
	return true;
}

/* The table as a file without a name, sealed by `owner` to `to`; the first column is the entity if `entity`. -1 with err. */
static inline int blf_seal(const struct blf_table *t, const struct bl_ident *owner, const struct bl_ident *to, bool entity, struct bl_err *err)
{
	static const char policy[] = "{\"format\":\"bl-policy/1\",\"version\":7}";
	struct bl_header h = { .name = "t", .nentity = entity, .policy_version = 7, .policy = policy, .policy_len = sizeof(policy) - 1 };
	struct bl_writer w;
	int fd = memfd_create("blf", 0);
	bool good;

	h.schema.n = t->ncol;
	h.schema.col = calloc(t->ncol, sizeof(*h.schema.col));
	for (uint32_t k = 0; k < t->ncol; k++) {
		snprintf(h.schema.col[k].name, sizeof(h.schema.col[k].name), "c%u", k);
		h.schema.col[k].type = t->col[k].type;
	}
	good = !bl_writer_open(&w, fd, &h, owner, (const uint8_t (*)[BL_IDENT_PK])&to->pk, 1, err);
	for (uint64_t r = 0; good && r < t->rows; r++)
		good = (w.rows < BL_TYPE_GROUP || !bl_writer_row_group(&w, false, err)) && blf_put_row(&w, t, r, err);
	good = good && !bl_writer_close(&w, err);
	bl_writer_fini(&w);
	free(h.schema.col);
	if (good)
		return fd;
	close(fd);
	return -1;
}

static inline bool blf_same(const struct blf_column *c, uint64_t r, const struct bl_vec *v, uint32_t i)
{
	bool null = v->null && v->null[i / 64] >> i % 64 & 1;
	struct bl_str s;

	if (null != c->null[r])
		return false;
	if (c->type.kind != BL_TYPE_TEXT) {
		const int64_t *x = c->type.kind == BL_TYPE_DOUBLE ? (const int64_t *)(const void *)v->f64 : v->i64;

		return x[i] == (null ? 0 : c->i64[r]) && (!v->constant || x[i] == x[0]);
	}
	if (v->code && v->code[i] >= v->ndict)
		return false;
	s = v->code ? v->dict[v->code[i]] : v->str[i];
	return s.n == (null ? 0 : c->len[r]) && (null || !memcmp(s.p, c->text[r], s.n));
}

/* Opens and reads everything, with or without the hashes of all chunks first; t NULL: compares nothing. */
static inline bool blf_read(int fd, const struct bl_ident *id, bool verify, const struct blf_table *t, struct bl_err *err)
{
	uint8_t *key = bl_mem_new(BL_BLF_KEY);
	struct bl_reader *r = NULL;
	struct bl_chunk *c = bl_chunk_new();
	bool good = !bl_reader_open(&r, fd, err) && !bl_header_unlock(bl_reader_header(r), id, key, err) &&
		    !bl_reader_unlock(r, key, err) && (!verify || !bl_reader_verify(r, err));

	if (good && t && (bl_reader_rows(r) != t->rows || bl_reader_header(r)->schema.n != t->ncol)) {
		bl_err_set(err, BL_BUG, "rows or columns differ");
		good = false;
	}
	for (uint32_t g = 0; good && g < bl_reader_groups(r); g++)
		for (uint32_t k = 0; good && k < bl_reader_header(r)->schema.n; k++) {
			uint32_t rows = bl_reader_group_rows(r, g);

			good = !bl_reader_load(r, g, k, c, err);
			for (uint32_t from = 0; good && from < rows; from += BL_TYPE_VECTOR) {
				uint32_t n = rows - from < BL_TYPE_VECTOR ? rows - from : BL_TYPE_VECTOR;
				struct bl_vec v;

				bl_chunk_vec(c, from, n, &v);
				for (uint32_t i = 0; t && good && i < n; i++)
					if (!blf_same(&t->col[k], (uint64_t)g * BL_TYPE_GROUP + from + i, &v, i)) {
						bl_err_set(err, BL_BUG, "group %u, column %u, value %u differs", g, k, from + i);
						good = false;
					}
			}
		}
	bl_chunk_free(c);
	bl_reader_close(r);
	bl_mem_free(key);
	return good;
}

static inline uint8_t *blf_bytes(int fd, size_t *n)
{
	uint8_t *p;

	*n = (size_t)lseek(fd, 0, SEEK_END);
	p = malloc(*n ? *n : 1);
	if (!p || pread(fd, p, *n, 0) != (ssize_t)*n)
		abort();
	return p;
}

static inline int blf_file(const void *p, size_t n)
{
	int fd = memfd_create("blf", 0);

	if (fd < 0 || (n && pwrite(fd, p, n, 0) != (ssize_t)n))
		abort();
	return fd;
}

#endif
