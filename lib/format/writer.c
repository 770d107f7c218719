/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer: see writer.h. One chunk at a time: encode, seal piece by piece, hash, write. The footer's records are kept
 * until the end, 72 bytes a chunk.
 */
#include "format/writer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/num.h"
#include "crypt/mem.h"
#include "format/codec.h"
#include "format/footer.h"

struct bl_writer_state {
	int fd;
	const struct bl_header *h;
	const struct bl_ident *owner;
	uint8_t *key;			/* guarded */
	struct bl_gcm **gcm;		/* of each column */
	struct bl_codec *codec;
	struct bl_hash *hash;
	struct bl_buf plain, sealed;	/* a chunk; a piece of it */
	struct bl_buf chunks;		/* struct bl_footer_chunk of all so far */
	struct bl_footer footer;
	bool last;
};

static int no_memory(struct bl_err *err)
{
	return bl_err_set(err, BL_OSERR, "out of memory");
}

static int open_header(struct bl_writer_state *s, struct bl_header *h, const uint8_t (*recipient)[BL_IDENT_PK], size_t n, struct bl_err *err)
{
	struct bl_buf b;
	int r;

	bl_buf_init(&b, BL_BLF_HEADER_MAX);
	bl_mem_random(h->file_id, sizeof(h->file_id));
	bl_mem_random(s->key, BL_BLF_KEY);
	memcpy(h->owner, s->owner->pk, sizeof(h->owner));
	if (!h->shard_count)
		h->shard_count = 1;
	bl_header_commit(h->file_id, s->key, h->commitment, h->seed);
	h->recipient = NULL;
	h->nrecipient = 0;
	r = bl_header_grant(h, h->owner, s->key, err);
	for (size_t i = 0; i < n && !r; i++)
		r = bl_header_grant(h, recipient[i], s->key, err);
	if (!r)
		r = bl_header_print(h, s->owner, &b, err);
	if (!r) {
		h->size = b.len;
		bl_hash_sha256(b.p, b.len, h->hash);
		bl_hash_sha256(h->policy, h->policy_len, h->policy_hash);
		r = bl_file_write(s->fd, b.p, b.len, err);
	}
	free(h->recipient);
	h->recipient = NULL;
	h->nrecipient = 0;
	bl_buf_fini(&b);
	return r;
}

int bl_writer_open(struct bl_writer *w, int fd, struct bl_header *h, const struct bl_ident *owner,
		   const uint8_t (*recipient)[BL_IDENT_PK], size_t nrecipient, struct bl_err *err)
{
	struct bl_writer_state *s;

	*w = (struct bl_writer){ 0 };
	if (!(s = w->state = calloc(1, sizeof(*s))))
		return no_memory(err);
	s->fd = fd;
	s->h = h;
	s->owner = owner;
	bl_buf_init(&s->plain, BL_CODEC_CHUNK);
	bl_buf_init(&s->sealed, BL_FOOTER_MAX);
	bl_buf_init(&s->chunks, BL_FOOTER_MAX);
	if (!(s->key = bl_mem_new(BL_BLF_KEY)) || !(s->codec = bl_codec_new()) || !(s->hash = bl_hash_new()))
		goto memory;
	if (open_header(s, h, recipient, nrecipient, err))
		goto out;
	/* The schema is known to be sound now. Memory that no row has touched costs nothing yet. */
	s->gcm = calloc(h->schema.n, sizeof(*s->gcm));
	w->col = calloc(h->schema.n, sizeof(*w->col));
	if (!s->gcm || !w->col)
		goto memory;
	w->ncol = s->footer.columns = h->schema.n;
	for (uint32_t i = 0; i < w->ncol; i++) {
		struct bl_writer_column *c = &w->col[i];
		bool text = h->schema.col[i].type.kind == BL_TYPE_TEXT;

		c->type = h->schema.col[i].type;
		s->gcm[i] = bl_footer_key(h->file_id, s->key, "column", i);
		c->null = calloc(BL_TYPE_GROUP / 64, sizeof(*c->null));
		if (text)
			c->end = malloc(BL_TYPE_GROUP * sizeof(*c->end));
		else
			c->i64 = malloc(BL_TYPE_GROUP * sizeof(*c->i64));
		if (!s->gcm[i] || !c->null || !(text ? (void *)c->end : (void *)c->i64))
			goto memory;
	}
	return 0;
memory:
	no_memory(err);
out:
	bl_writer_fini(w);
	return -1;
}

void bl_writer_fini(struct bl_writer *w)
{
	struct bl_writer_state *s = w->state;

	for (uint32_t i = 0; i < w->ncol; i++) {
		free(w->col[i].i64);
		free(w->col[i].null);
		free(w->col[i].text);
		free(w->col[i].end);
		bl_gcm_free(s->gcm[i]);
	}
	free(w->col);
	if (s) {
		bl_mem_free(s->key);
		bl_codec_free(s->codec);
		bl_hash_free(s->hash);
		bl_buf_fini(&s->plain);
		bl_buf_fini(&s->sealed);
		bl_buf_fini(&s->chunks);
		free(s->gcm);
		free(s);
	}
	*w = (struct bl_writer){ 0 };
}

int bl_writer_text(struct bl_writer *w, uint32_t c, size_t n, struct bl_err *err)
{
	struct bl_writer_column *col = &w->col[c];
	const char *name = w->state->h->schema.col[c].name;
	size_t need, cap;
	uint8_t *p;

	if (n > BL_CODEC_VALUE)
		return bl_err_set(err, BL_DATA, "column '%s': a text is longer than 16 MiB", name);
	need = col->text_len + n + BL_WRITER_SLACK;
	if (need > BL_CODEC_TEXTS)
		return bl_err_set(err, BL_DATA, "column '%s': more than 1 GiB of text in one row group", name);
	if (need <= col->text_cap)
		return 0;
	cap = col->text_cap ? col->text_cap : 64 << 10;
	while (cap < need)
		cap += cap / 2;
	if (!(p = realloc(col->text, cap)))
		return no_memory(err);
	col->text = p;
	col->text_cap = cap;
	return 0;
}

/* Seals and writes the chunk in s->plain; fills its record but for the statistics. */
static int write_chunk(struct bl_writer_state *s, uint32_t column, bool last, struct bl_footer_chunk *rec, struct bl_err *err)
{
	struct bl_footer_head head = { .kind = BL_FOOTER_PIECE, .group = s->footer.groups, .column = column };

	rec->at = s->footer.size;
	for (size_t done = 0; done < s->plain.len; head.piece++) {
		size_t n = s->plain.len - done < BL_FOOTER_PLAIN ? s->plain.len - done : BL_FOOTER_PLAIN;
		bool end = done + n == s->plain.len;

		head.flags = (uint8_t)((last ? BL_FOOTER_FINAL : 0) | (end ? BL_FOOTER_END : 0));
		bl_buf_clear(&s->sealed);
		if (bl_footer_seal(s->gcm[column], s->h->file_id, &head, s->plain.p + done, n, &s->sealed))
			return no_memory(err);
		bl_hash_add(s->hash, s->sealed.p, s->sealed.len);
		if (bl_file_write(s->fd, s->sealed.p, s->sealed.len, err))
			return -1;
		rec->size += (uint32_t)s->sealed.len;
		done += n;
	}
	bl_hash_end(s->hash, rec->hash);
	s->footer.size += rec->size;
	return 0;
}

static int check_entity(const struct bl_writer *w, struct bl_err *err)
{
	const struct bl_header *h = w->state->h;

	for (uint32_t i = 0; i < h->nentity; i++)
		for (uint32_t r = 0; r < w->rows; r += 64)
			if (w->col[h->entity[i]].null[r / 64])
				return bl_err_set(err, BL_DATA, "column '%s': a row has no value, but the column names the entity", h->schema.col[h->entity[i]].name);
	return 0;
}

int bl_writer_row_group(struct bl_writer *w, bool last, struct bl_err *err)
{
	struct bl_writer_state *s = w->state;

	assert(!s->last && (w->rows == BL_TYPE_GROUP || (last && w->rows < BL_TYPE_GROUP)));
	if (check_entity(w, err))
		return -1;
	if (s->footer.groups == BL_BLF_GROUPS || s->chunks.len + w->ncol * sizeof(struct bl_footer_chunk) > BL_FOOTER_MAX / 2)
		return bl_err_set(err, BL_DATA, "the table is too large for one file");
	for (uint32_t i = 0; i < w->ncol; i++) {
		struct bl_writer_column *c = &w->col[i];
		struct bl_footer_chunk rec = { 0 };

		if (bl_codec_put(s->codec, c, w->rows, &s->plain, &rec.stat, err))
			return bl_err_where(err, "column '%s'", s->h->schema.col[i].name);
		if (write_chunk(s, i, last, &rec, err))
			return -1;
		bl_buf_put(&s->chunks, &rec, sizeof(rec));
		memset(c->null, 0, BL_TYPE_GROUP / 8);
		c->text_len = 0;
	}
	if (s->chunks.failed)
		return no_memory(err);
	s->footer.rows += w->rows;
	s->footer.groups++;
	s->last = last;
	w->rows = 0;
	return 0;
}

int bl_writer_close(struct bl_writer *w, struct bl_err *err)
{
	struct bl_writer_state *s = w->state;

	if (!s->last && bl_writer_row_group(w, true, err))
		return -1;
	s->footer.chunk = (struct bl_footer_chunk *)(void *)s->chunks.p;
	bl_buf_clear(&s->sealed);
	if (bl_footer_print(&s->footer, s->h, s->key, s->owner, &s->sealed, err))
		return -1;
	return bl_file_write(s->fd, s->sealed.p, s->sealed.len, err);
}
