/* SPDX-License-Identifier: Apache-2.0 */
/* record: see record.h. Reading trusts nothing but what a box has authenticated, and checks that too. */
#include "policy/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "crypt/mem.h"
#include "policy/runs.h"

enum { HEAD = BL_RECORD_HEAD, BOX = BL_RECORD_BOX, SEALED = BOX + BL_BOX_MORE, AAD = HEAD + 4, PLAIN_SKETCH = 65535 };
#define MAGIC "bl-cells"

uint64_t bl_record_round(uint64_t n)
{
	return (n + BL_RECORD_STEP - 1) / BL_RECORD_STEP * BL_RECORD_STEP;
}

uint64_t bl_record_len(uint64_t plain)
{
	return bl_record_round(HEAD + plain + (plain + BOX - 1) / BOX * BL_BOX_MORE);
}

uint64_t bl_record_plain(const uint8_t head[HEAD])
{
	uint64_t plain = bl_le64(head + 8);

	return !memcmp(head, MAGIC, 8) && plain <= 1ull << 62 ? plain : 0;
}

bool bl_record_of(const uint8_t head[HEAD], const uint8_t dataset[32])
{
	return !memcmp(head + 16, dataset, 32);
}

static void put_le(uint8_t *p, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void make_aad(uint8_t aad[AAD], const uint8_t head[HEAD], uint32_t box)
{
	memcpy(aad, head, HEAD);
	put_le(aad + HEAD, box, 4);
}

/* --- reading --- */

int bl_record_open(struct bl_record_stream *s, int fd, const uint8_t *key, const struct bl_record *r)
{
	*s = (struct bl_record_stream){ .fd = fd, .key = key, .r = r, .left = r->plain, .sealed = malloc(SEALED), .plain = malloc(BOX) };
	if (s->sealed && s->plain)
		return 0;
	bl_record_close(s);
	return -1;
}

void bl_record_close(struct bl_record_stream *s)
{
	free(s->sealed);
	free(s->plain);
	s->sealed = s->plain = NULL;
}

static void next_box(struct bl_record_stream *s)
{
	size_t n = s->left < BOX ? (size_t)s->left : BOX;
	uint8_t aad[AAD];
	struct bl_err err;

	s->have = s->at = 0;
	make_aad(aad, s->r->head, s->box);
	if (!n || bl_file_pread(s->fd, s->sealed, n + BL_BOX_MORE, s->r->off + HEAD + (uint64_t)s->box * SEALED, &err) ||
	    bl_box_open(s->key, aad, sizeof aad, s->sealed, n + BL_BOX_MORE, s->plain)) {
		s->bad = true;
		return;
	}
	s->box++;
	s->left -= n;
	s->have = n;
}

bool bl_record_take(struct bl_record_stream *s, void *p, uint64_t n)
{
	uint8_t *out = p;

	while (n && !s->bad) {
		if (s->at == s->have) {
			next_box(s);
			continue;
		}
		size_t some = s->have - s->at < n ? s->have - s->at : (size_t)n;
		if (out) {
			memcpy(out, s->plain + s->at, some);
			out += some;
		}
		s->at += some;
		n -= some;
	}
	return !s->bad;
}

bool bl_record_done(const struct bl_record_stream *s)
{
	return !s->bad && !s->left && s->at == s->have;
}

static uint32_t take_le(struct bl_record_stream *s, unsigned bytes)
{
	uint8_t b[4] = { 0 };

	return bl_record_take(s, b, bytes) ? bl_le32(b) : 0;
}

bool bl_record_take_counts(struct bl_record_stream *s, uint32_t *before, uint32_t *fresh)
{
	*before = take_le(s, 4);
	*fresh = take_le(s, 4);
	return !s->bad && (uint64_t)*before + *fresh < UINT32_MAX;
}

bool bl_record_take_number(struct bl_record_stream *s, uint32_t *n)
{
	*n = take_le(s, 4);
	return !s->bad;
}

bool bl_record_take_cell(struct bl_record_stream *s, struct bl_record_cell *x, uint64_t universe)
{
	uint32_t set = take_le(s, 1), name = take_le(s, 1), nsum;

	if (set > BL_CELLS_N || !bl_record_take(s, x->family, name))
		return false;
	x->family[name] = '\0';
	x->set = set ? BL_CELLS_N : BL_CELLS_D;
	x->n = take_le(s, 4);
	nsum = take_le(s, 2);
	x->plain = nsum == PLAIN_SKETCH;
	if (!x->plain && nsum > BL_NEAR_SKETCH)
		return false;
	memset(&x->sketch, 0, sizeof x->sketch);
	for (uint32_t i = 0; !x->plain && i < nsum; i++) {
		uint32_t at = take_le(s, 2), sum = take_le(s, 4);
		if (at >= BL_NEAR_SKETCH)
			return false;
		x->sketch.sum[at] = sum;
	}
	x->len = take_le(s, 4);
	return !s->bad && strlen(x->family) == name && x->n <= universe && x->len <= bl_runs_most(universe);
}

/* --- writing --- */

void bl_record_put_cell(struct bl_buf *b, const struct bl_cells_item *item, const uint32_t *who, const struct bl_near_sketch *sketch)
{
	uint16_t nsum = 0;
	size_t at;

	bl_buf_put8(b, item->set == BL_CELLS_N);
	bl_buf_put8(b, (uint8_t)strlen(item->family));
	bl_buf_puts(b, item->family);
	bl_buf_put32(b, (uint32_t)item->n);
	for (unsigned i = 0; sketch && i < BL_NEAR_SKETCH; i++)
		nsum = (uint16_t)(nsum + (sketch->sum[i] != 0));
	bl_buf_put16(b, sketch ? nsum : PLAIN_SKETCH);
	for (uint16_t i = 0; sketch && i < BL_NEAR_SKETCH; i++)
		if (sketch->sum[i]) {
			bl_buf_put16(b, i);
			bl_buf_put32(b, sketch->sum[i]);
		}
	at = b->len;
	bl_buf_put32(b, 0);
	bl_runs_put(b, who, (uint32_t)item->n);
	if (!b->failed)
		put_le(b->p + at, b->len - at - 4, 4);
}

struct sink {
	int fd;
	const uint8_t *key, *head;
	struct bl_hash *h;
	uint64_t off;
	uint8_t *plain, *sealed;
	size_t have;
	uint32_t box;
};

static int write_at(struct sink *s, const uint8_t *p, size_t n, struct bl_err *err)
{
	bl_hash_add(s->h, p, n);
	while (n) {
		ssize_t did = pwrite(s->fd, p, n, (off_t)s->off);
		if (did < 0 && errno == EINTR)
			continue;
		if (did <= 0)
			return bl_err_sys(err, BL_IOERR, "cannot write the vault's cells");
		p += did;
		n -= (size_t)did;
		s->off += (uint64_t)did;
	}
	return 0;
}

static int flush(struct sink *s, struct bl_err *err)
{
	uint8_t aad[AAD];

	if (!s->have)
		return 0;
	make_aad(aad, s->head, s->box);
	bl_box_seal(s->key, aad, sizeof aad, s->plain, s->have, s->sealed);
	if (write_at(s, s->sealed, s->have + BL_BOX_MORE, err))
		return -1;
	s->box++;
	s->have = 0;
	return 0;
}

static int put(struct sink *s, const void *from, size_t n, struct bl_err *err)
{
	const uint8_t *p = from;

	while (n) {
		size_t some = BOX - s->have < n ? BOX - s->have : n;
		memcpy(s->plain + s->have, p, some);
		s->have += some;
		p += some;
		n -= some;
		if (s->have == BOX && flush(s, err))
			return -1;
	}
	return 0;
}

static int put32(struct sink *s, uint32_t v, struct bl_err *err)
{
	uint8_t b[4];

	put_le(b, v, 4);
	return put(s, b, sizeof b, err);
}

static int write_all(struct sink *s, const struct bl_record_body *body, uint64_t end, struct bl_err *err)
{
	static const uint8_t zero[BL_RECORD_STEP];

	if (write_at(s, s->head, HEAD, err) || put32(s, body->before, err) || put32(s, body->fresh, err) ||
	    (body->fresh && put(s, body->id, (size_t)body->fresh * 16, err)) || put32(s, body->cells, err) ||
	    (body->n && put(s, body->p, body->n, err)) || flush(s, err) || write_at(s, zero, (size_t)(end - s->off), err))
		return -1;
	return fdatasync(s->fd) ? bl_err_sys(err, BL_IOERR, "cannot write the vault's cells") : 0;
}

int bl_record_write(struct bl_record *r, int fd, const uint8_t *key, const uint8_t dataset[32], const struct bl_record_body *body,
		    uint8_t hash[BL_HASH_LEN], struct bl_err *err)
{
	struct sink s = { .fd = fd, .key = key, .head = r->head, .h = bl_hash_new(), .off = r->off, .plain = malloc(BOX), .sealed = malloc(SEALED) };
	int rc;

	r->plain = 12 + (uint64_t)body->fresh * 16 + body->n;
	memcpy(r->head, MAGIC, 8);
	put_le(r->head + 8, r->plain, 8);
	memcpy(r->head + 16, dataset, 32);
	bl_mem_random(r->head + 48, 16);
	if (!s.h || !s.plain || !s.sealed)
		rc = bl_err_set(err, BL_OSERR, "out of memory");
	else
		rc = write_all(&s, body, r->off + bl_record_len(r->plain), err);
	if (!rc)
		bl_hash_end(s.h, hash);
	bl_hash_free(s.h);
	free(s.plain);
	free(s.sealed);
	return rc;
}
