/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader: see reader.h. Offsets and lengths come from the signed footer; every piece is authenticated under its place in
 * the file before a byte of it is looked at. The file may change under us: what was read once is what is used.
 */
#include "format/reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "crypt/mem.h"
#include "format/chunk.h"
#include "format/footer.h"

struct bl_reader {
	int fd;
	uint64_t part;		/* of fd that is the file; 0: all of it */
	struct bl_header h;
	struct bl_footer f;
	uint8_t *key;		/* guarded; NULL until unlocked */
	struct bl_gcm **gcm;	/* of each column, made at first use */
};
enum { HEAD = sizeof(struct bl_footer_head), VERIFY = 256 << 10 };

static int no_memory(struct bl_err *err)
{
	return bl_err_set(err, BL_OSERR, "out of memory");
}

int bl_reader_open(struct bl_reader **r, int fd, struct bl_err *err)
{
	return bl_reader_open_part(r, fd, 0, err);
}

int bl_reader_open_part(struct bl_reader **r, int fd, uint64_t part, struct bl_err *err)
{
	struct bl_reader *n = calloc(1, sizeof(*n));

	if (!n)
		return no_memory(err);
	n->fd = fd;
	n->part = part;
	if (bl_header_read(&n->h, fd, err)) {
		bl_reader_close(n);
		return -1;
	}
	*r = n;
	return 0;
}

void bl_reader_close(struct bl_reader *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; r->gcm && i < r->h.schema.n; i++)
		bl_gcm_free(r->gcm[i]);
	free(r->gcm);
	bl_mem_free(r->key);
	bl_footer_fini(&r->f);
	bl_header_fini(&r->h);
	free(r);
}

const struct bl_header *bl_reader_header(const struct bl_reader *r)
{
	return &r->h;
}

int bl_reader_unlock(struct bl_reader *r, const uint8_t key[BL_BLF_KEY], struct bl_err *err)
{
	struct stat st;

	assert(!r->key);
	if (!r->part && (fstat(r->fd, &st) || st.st_size < 0))
		return bl_err_sys(err, BL_IOERR, "cannot tell how long the file is");
	if (bl_header_check(&r->h, key, err) || bl_footer_read(&r->f, &r->h, key, r->fd, r->part ? r->part : (uint64_t)st.st_size, err))
		return -1;
	r->gcm = calloc(r->h.schema.n, sizeof(*r->gcm));
	r->key = bl_mem_new(BL_BLF_KEY);
	if (!r->gcm || !r->key)
		return no_memory(err);
	memcpy(r->key, key, BL_BLF_KEY);
	return 0;
}

static const struct bl_footer_chunk *record(const struct bl_reader *r, uint32_t group, uint32_t column)
{
	assert(group < r->f.groups && column < r->f.columns);
	return &r->f.chunk[(size_t)group * r->f.columns + column];
}

int bl_reader_verify(struct bl_reader *r, struct bl_err *err)
{
	struct bl_hash *h = bl_hash_new();
	uint8_t *p = malloc(VERIFY), hash[BL_HASH_LEN];
	int ret = -1;

	if (!h || !p) {
		no_memory(err);
		goto out;
	}
	for (uint32_t g = 0; g < r->f.groups; g++)
		for (uint32_t c = 0; c < r->f.columns; c++) {
			const struct bl_footer_chunk *rec = record(r, g, c);

			for (size_t done = 0, n; done < rec->size; done += n) {
				n = rec->size - done < VERIFY ? rec->size - done : VERIFY;
				if (bl_file_pread(r->fd, p, n, r->h.size + rec->at + done, err))
					goto out;
				bl_hash_add(h, p, n);
			}
			bl_hash_end(h, hash);
			if (memcmp(hash, rec->hash, sizeof(hash))) {
				bl_err_set(err, BL_DATA, "column '%s': chunk %u: not the bytes that the owner signed", r->h.schema.col[c].name, g);
				bl_err_hint(err, "the file was altered or cut short; ask its owner to send it again");
				goto out;
			}
		}
	ret = 0;
out:
	bl_hash_free(h);
	free(p);
	return ret;
}

const uint8_t *bl_reader_footer_hash(const struct bl_reader *r)
{
	return r->f.hash;
}

uint64_t bl_reader_rows(const struct bl_reader *r)
{
	return r->f.rows;
}

uint32_t bl_reader_groups(const struct bl_reader *r)
{
	return r->f.groups;
}

uint32_t bl_reader_group_rows(const struct bl_reader *r, uint32_t group)
{
	return group + 1 < r->f.groups ? BL_TYPE_GROUP : (uint32_t)(r->f.rows - (uint64_t)group * BL_TYPE_GROUP);
}

const struct bl_stat *bl_reader_stat(const struct bl_reader *r, uint32_t group, uint32_t column)
{
	return &record(r, group, column)->stat;
}

static bool less(struct bl_type t, int64_t a, int64_t b)
{
	double x, y;

	if (t.kind != BL_TYPE_DOUBLE)
		return a < b;
	memcpy(&x, &a, sizeof(x));
	memcpy(&y, &b, sizeof(y));
	return x < y;
}

void bl_reader_column_stat(const struct bl_reader *r, uint32_t column, struct bl_stat *out, uint64_t *nulls)
{
	struct bl_type t = r->h.schema.col[column].type;
	uint64_t distinct = 0;
	bool any = false;

	*out = (struct bl_stat){ 0 };
	*nulls = 0;
	for (uint32_t g = 0; g < r->f.groups; g++) {
		const struct bl_stat *s = bl_reader_stat(r, g, column);

		*nulls += s->nulls;
		distinct += s->distinct;
		if (s->nulls == bl_reader_group_rows(r, g))
			continue;
		if (!any || less(t, s->min, out->min))
			out->min = s->min;
		if (!any || less(t, out->max, s->max))
			out->max = s->max;
		any = true;
	}
	/* Both bounds are of 32 bits; a bound on distinct values that is too large for it is no bound. */
	out->nulls = *nulls < UINT32_MAX ? (uint32_t)*nulls : UINT32_MAX;
	out->distinct = distinct < UINT32_MAX ? (uint32_t)distinct : UINT32_MAX;
}

static struct bl_gcm *column_key(struct bl_reader *r, uint32_t column)
{
	if (!r->gcm[column])
		r->gcm[column] = bl_footer_key(r->h.file_id, r->key, "column", column);
	return r->gcm[column];
}

/* Opens the `size` bytes of records at p, whose first ciphertext is at `plain`: the plaintext is joined there. */
static int open_pieces(struct bl_reader *r, uint32_t group, uint32_t column, uint8_t *p, size_t size, uint8_t *plain, size_t *len, struct bl_err *err)
{
	struct bl_footer_head want = { .kind = BL_FOOTER_PIECE, .group = group, .column = column }, head;
	struct bl_gcm *g = column_key(r, column);

	if (!g)
		return no_memory(err);
	for (; size; want.piece++) {
		if (size < HEAD + BL_GCM_TAG)
			return bl_err_set(err, BL_DATA, "malformed: record");
		memcpy(&head, p, HEAD);
		if (head.size > size - HEAD || head.size > BL_FOOTER_PLAIN + BL_GCM_TAG)
			return bl_err_set(err, BL_DATA, "malformed: record");
		size -= HEAD + head.size;
		want.size = head.size;
		want.flags = (uint8_t)((group + 1 == r->f.groups ? BL_FOOTER_FINAL : 0) | (size ? 0 : BL_FOOTER_END));
		if (memcmp(&head, &want, HEAD) || bl_footer_open(g, r->h.file_id, &head, p + HEAD)) {
			bl_err_set(err, BL_DATA, "authentication failed");
			return bl_err_hint(err, "the file was altered or cut short; ask its owner to send it again");
		}
		if (want.piece)
			memmove(plain + *len, p + HEAD, head.size - BL_GCM_TAG);
		*len += head.size - BL_GCM_TAG;
		p += HEAD + head.size;
	}
	return 0;
}

int bl_reader_load(struct bl_reader *r, uint32_t group, uint32_t column, struct bl_chunk *c, struct bl_err *err)
{
	const struct bl_footer_chunk *rec = record(r, group, column);
	const struct bl_column *col = &r->h.schema.col[column];
	uint8_t *plain = bl_chunk_room(c, rec->size);
	size_t n = 0;

	/* Read so that the ciphertext of the first piece, nearly always the only one, becomes plaintext where it lies. */
	if (!plain)
		no_memory(err);
	else if (!bl_file_pread(r->fd, plain - HEAD, rec->size, r->h.size + rec->at, err) &&
		 !open_pieces(r, group, column, plain - HEAD, rec->size, plain, &n, err) &&
		 !bl_chunk_parse(c, col->type, bl_reader_group_rows(r, group), n, err))
		return 0;
	return bl_err_where(err, "column '%s': chunk %u", col->name, group);
}
