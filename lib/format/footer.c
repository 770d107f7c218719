/* SPDX-License-Identifier: Apache-2.0 */
/*
 * footer: see footer.h; FORMAT.md has the tables. The owner's signature covers the ciphertext, the file id and the
 * commitment of the file key, not the header: another header of the same file (a newer policy) takes the same footer.
 */
#include "format/footer.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/num.h"
#include "crypt/mem.h"
#include "format/codec.h"

static const char domain[] = "blf footer v1";
static const uint8_t magic[8] = { 'B', 'L', 'F', ' ', 'e', 'n', 'd', '\n' };
enum {
	HEAD = sizeof(struct bl_footer_head),
	BODY = 24,			/* plaintext before the chunks */
	CHUNK = sizeof(struct bl_footer_chunk),
	AFTER = BL_IDENT_SIG + BL_FOOTER_TAIL,
	LEAST = HEAD + BODY + BL_GCM_TAG + AFTER,
};

struct bl_gcm *bl_footer_key(const uint8_t file_id[32], const uint8_t key[BL_BLF_KEY], const char *label, uint32_t n)
{
	uint8_t k[BL_GCM_KEY];
	struct bl_gcm *g;

	bl_header_derive(file_id, key, label, n, k);
	g = bl_gcm_new(k);
	bl_mem_wipe(k, sizeof(k));
	return g;
}

/* Under one key (group, piece) names one message, so it is the nonce; all of the head is authenticated. */
static void nonce_aad(const struct bl_footer_head *h, const uint8_t file_id[32], uint8_t nonce[BL_GCM_NONCE], uint8_t aad[60])
{
	const uint32_t version = BL_BLF_VERSION;

	memset(nonce, 0, BL_GCM_NONCE);
	memcpy(nonce, &h->group, 4);
	memcpy(nonce + 4, &h->piece, 4);
	memcpy(aad, file_id, 32);
	memcpy(aad + 32, &version, 4);
	memcpy(aad + 36, h, HEAD);
}

int bl_footer_seal(struct bl_gcm *g, const uint8_t file_id[32], struct bl_footer_head *h, const void *p, size_t n, struct bl_buf *b)
{
	uint8_t nonce[BL_GCM_NONCE], aad[60];

	h->size = (uint32_t)(n + BL_GCM_TAG);
	nonce_aad(h, file_id, nonce, aad);
	if (!bl_buf_room(b, HEAD + h->size))
		return -1;
	bl_buf_put(b, h, HEAD);
	if (bl_gcm_seal(g, nonce, aad, sizeof(aad), p, n, b->p + b->len))
		return -1;
	b->len += h->size;
	return 0;
}

int bl_footer_open(struct bl_gcm *g, const uint8_t file_id[32], const struct bl_footer_head *h, uint8_t *p)
{
	uint8_t nonce[BL_GCM_NONCE], aad[60];

	nonce_aad(h, file_id, nonce, aad);
	return h->size < BL_GCM_TAG ? -1 : bl_gcm_open(g, nonce, aad, sizeof(aad), p, h->size, p);
}

/* What the owner signs. */
static void signed_bytes(const struct bl_header *h, const uint8_t hash[BL_HASH_LEN], uint8_t out[96])
{
	memcpy(out, h->file_id, 32);
	memcpy(out + 32, h->commitment, 32);
	memcpy(out + 64, hash, 32);
}

int bl_footer_print(struct bl_footer *f, const struct bl_header *h, const uint8_t key[BL_BLF_KEY], const struct bl_ident *owner,
		    struct bl_buf *b, struct bl_err *err)
{
	struct bl_footer_head head = { .kind = BL_FOOTER_FOOTER, .flags = BL_FOOTER_FINAL | BL_FOOTER_END, .group = f->groups, .column = f->columns };
	size_t nchunk = (size_t)f->groups * f->columns, at = b->len;
	struct bl_gcm *g = bl_footer_key(h->file_id, key, "footer", 0);
	uint8_t text[96], sig[BL_IDENT_SIG];
	struct bl_buf plain;
	int bad;

	bl_buf_init(&plain, BL_FOOTER_MAX);
	bl_buf_put64(&plain, f->rows);
	bl_buf_put32(&plain, f->groups);
	bl_buf_put32(&plain, f->columns);
	bl_buf_put64(&plain, f->size);
	bl_buf_put(&plain, f->chunk, nchunk * CHUNK);
	bad = !g || plain.failed || bl_footer_seal(g, h->file_id, &head, plain.p, plain.len, b);
	bl_buf_fini(&plain);
	bl_gcm_free(g);
	if (bad)
		return bl_err_set(err, BL_OSERR, "out of memory");
	bl_hash_sha256(b->p + at, b->len - at, f->hash);
	signed_bytes(h, f->hash, text);
	if (bl_ident_sign(owner, domain, text, sizeof(text), sig))
		return bl_err_set(err, BL_BUG, "cannot sign the footer");
	bl_buf_put(b, sig, sizeof(sig));
	bl_buf_put64(b, b->len - at + BL_FOOTER_TAIL);
	bl_buf_put(b, magic, sizeof(magic));
	return b->failed ? bl_err_set(err, BL_OSERR, "out of memory") : 0;
}

static int malformed(struct bl_err *err, const char *what)
{
	return bl_err_set(err, BL_DATA, "footer: malformed %s", what);
}

/* The numbers of the plaintext; `data` is what lies between header and footer. */
static int check(struct bl_footer *f, uint32_t columns, uint64_t data, struct bl_err *err)
{
	uint64_t at = 0, full = (uint64_t)(f->groups - 1) * BL_TYPE_GROUP;

	if (f->columns != columns || !f->groups || f->groups > BL_BLF_GROUPS)
		return malformed(err, "counts");
	/* Every group but the last is full. */
	if (f->rows < full || f->rows - full > BL_TYPE_GROUP)
		return malformed(err, "rows");
	if (f->size != data)
		return bl_err_set(err, BL_DATA, "footer: the file is not as long as it says");
	for (size_t i = 0; i < (size_t)f->groups * columns; i++) {
		const struct bl_footer_chunk *c = &f->chunk[i];
		uint64_t rows = i / columns + 1 < f->groups ? BL_TYPE_GROUP : f->rows - full;

		/* One after the other from the first byte to the last: nothing between, nothing twice. */
		if (c->at != at || c->zero || c->size > data - at || c->size < HEAD + BL_GCM_TAG + BL_CODEC_HEAD)
			return malformed(err, "chunk");
		if (c->stat.nulls > rows || c->stat.distinct > rows - c->stat.nulls)
			return malformed(err, "statistics");
		at += c->size;
	}
	return at == data ? 0 : malformed(err, "chunk");
}

int bl_footer_parse(struct bl_footer *f, const struct bl_header *h, const uint8_t key[BL_BLF_KEY], uint8_t *p, size_t n, uint64_t size,
		    struct bl_err *err)
{
	struct bl_footer_head head;
	uint8_t text[96], *body = p + HEAD, *sig;
	struct bl_gcm *g;
	int bad;

	*f = (struct bl_footer){ 0 };
	if (n < LEAST || n > BL_FOOTER_MAX || size < h->size || n > size - h->size || bl_le64(p + n - BL_FOOTER_TAIL) != n ||
	    memcmp(p + n - sizeof(magic), magic, sizeof(magic)))
		return malformed(err, "length");
	sig = p + n - AFTER;
	bl_hash_sha256(p, n - AFTER, f->hash);
	signed_bytes(h, f->hash, text);
	if (!bl_ident_check(h->owner, domain, text, sizeof(text), sig))
		return bl_err_set(err, BL_DATA, "footer: the signature does not verify");
	memcpy(&head, p, HEAD);
	if (head.kind != BL_FOOTER_FOOTER || head.size != n - HEAD - AFTER)
		return malformed(err, "head");
	if (!(g = bl_footer_key(h->file_id, key, "footer", 0)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	bad = bl_footer_open(g, h->file_id, &head, body);
	bl_gcm_free(g);
	if (bad)
		return bl_err_set(err, BL_DATA, "footer: authentication failed");
	f->rows = bl_le64(body);
	f->groups = bl_le32(body + 8);
	f->columns = bl_le32(body + 12);
	f->size = bl_le64(body + 16);
	f->chunk = (struct bl_footer_chunk *)(void *)(body + BODY);
	/* Neither product can overflow: both factors are 32 bits. */
	if (head.group != f->groups || head.column != f->columns ||
	    ((uint64_t)f->groups * f->columns > BL_FOOTER_MAX || head.size - BL_GCM_TAG != BODY + (uint64_t)f->groups * f->columns * CHUNK))
		return malformed(err, "counts");
	return check(f, h->schema.n, size - h->size - n, err);
}

int bl_footer_read(struct bl_footer *f, const struct bl_header *h, const uint8_t key[BL_BLF_KEY], int fd, uint64_t size, struct bl_err *err)
{
	uint8_t tail[BL_FOOTER_TAIL], *p = NULL;
	uint64_t n;

	*f = (struct bl_footer){ 0 };
	if (size < h->size + LEAST)
		return bl_err_set(err, BL_DATA, "footer: truncated");
	if (bl_file_pread(fd, tail, sizeof(tail), size - sizeof(tail), err))
		return bl_err_where(err, "footer");
	n = bl_le64(tail);
	if (!bl_footer_ends(tail, size - h->size)) {
		bl_err_set(err, BL_DATA, "footer: the file does not end with one");
		return bl_err_hint(err, "the file was altered or cut short; ask its owner to send it again");
	}
	if (!(p = malloc(n)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	if (bl_file_pread(fd, p, n, size - n, err)) {
		bl_err_where(err, "footer");
	} else if (!bl_footer_parse(f, h, key, p, n, size, err)) {
		f->own = p;
		return 0;
	}
	free(p);
	*f = (struct bl_footer){ 0 };
	return -1;
}

bool bl_footer_ends(const uint8_t tail[BL_FOOTER_TAIL], uint64_t after)
{
	uint64_t n = bl_le64(tail);

	return !memcmp(tail + 8, magic, sizeof(magic)) && n >= LEAST && n <= BL_FOOTER_MAX && n <= after;
}

void bl_footer_fini(struct bl_footer *f)
{
	free(f->own);
	*f = (struct bl_footer){ 0 };
}
