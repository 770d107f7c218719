/* SPDX-License-Identifier: Apache-2.0 */
/* exec: tables in memory, sealed into an unnamed file, and questions asked of them; shared by tests and the benchmark. */
#ifndef TESTS_EXEC_H
#define TESTS_EXEC_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crypt/hash.h"
#include "crypt/mem.h"
#include "format/reader.h"
#include "format/writer.h"
#include "query/exec.h"

struct exec_file {
	int fd;
	struct bl_ident owner;
	struct bl_header h;
	struct bl_writer w;
	struct bl_reader *r;
	struct bl_err err;
};

/* Begins a table in fd; the caller fills f->w.col and counts f->w.rows. */
static inline int exec_begin_fd(struct exec_file *f, const struct bl_schema *schema, const uint32_t *entity, uint32_t nentity, int fd)
{
	static const char policy[] = "{}";
	const uint8_t seed[32] = { 7 };

	memset(f, 0, sizeof *f);
	f->fd = fd;
	strcpy(f->h.name, "t");
	f->h.schema = *schema;
	f->h.nentity = nentity;
	for (uint32_t i = 0; i < nentity; i++)
		f->h.entity[i] = entity[i];
	f->h.policy_version = 1;
	f->h.policy = policy;
	f->h.policy_len = sizeof policy - 1;
	return f->fd < 0 || bl_ident_from_seed(&f->owner, seed, &f->err) || bl_writer_open(&f->w, f->fd, &f->h, &f->owner, NULL, 0, &f->err);
}

static inline int exec_begin(struct exec_file *f, const struct bl_schema *schema, const uint32_t *entity, uint32_t nentity)
{
	return exec_begin_fd(f, schema, entity, nentity, memfd_create("table", MFD_CLOEXEC));
}

/* f->r over f->fd. */
static inline int exec_open(struct exec_file *f)
{
	const uint8_t seed[32] = { 7 };
	uint8_t *key = bl_mem_new(BL_BLF_KEY);
	int r = (!f->owner.sk && bl_ident_from_seed(&f->owner, seed, &f->err)) || bl_reader_open(&f->r, f->fd, &f->err) ||
		bl_header_unlock(bl_reader_header(f->r), &f->owner, key, &f->err) || bl_reader_unlock(f->r, key, &f->err);

	bl_mem_free(key);
	if (r)
		fprintf(stderr, "# %s\n", f->err.msg);
	return r;
}

static inline int exec_end(struct exec_file *f)
{
	int r = bl_writer_close(&f->w, &f->err);

	bl_writer_fini(&f->w);
	return r || exec_open(f);
}

static inline void exec_fini(struct exec_file *f)
{
	bl_reader_close(f->r);
	bl_ident_fini(&f->owner);
	close(f->fd);
}

/* Appends text to column c of the row being filled. */
static inline int exec_text(struct exec_file *f, uint32_t c, const char *s, size_t n)
{
	struct bl_writer_column *col;

	if (bl_writer_text(&f->w, c, n, &f->err))
		return -1;
	col = &f->w.col[c];
	memcpy(col->text + col->text_len, s, n);
	col->text_len += n;
	col->end[f->w.rows] = (uint32_t)col->text_len;
	return 0;
}

/* For bl_exec.name: the keyed hash, as the helper has it; key is its 32 bytes. */
static inline void exec_name(const void *key, const void *p, size_t n, uint8_t id[16])
{
	bl_hash_keyed16(key, p, n, id);
}

/* After the last value of a row. */
static inline int exec_row(struct exec_file *f)
{
	return ++f->w.rows == BL_TYPE_GROUP ? bl_writer_row_group(&f->w, false, &f->err) : 0;
}

static inline int exec_plan(struct bl_plan *p, struct bl_arena *a, const struct exec_file *f, const char *sql, struct bl_err *err)
{
	struct bl_place place;

	return bl_plan_make(p, a, sql, strlen(sql), "t", &bl_reader_header(f->r)->schema, NULL, &place, err);
}

#endif
