/* SPDX-License-Identifier: Apache-2.0 */
/*
 * header: see blf.h; FORMAT.md has the table. A header is bounded, then its signature is checked under the key that it
 * names, then it is parsed. That the key is the right owner's is for the caller to know; what ties it to the data is
 * that recipients' records open only under that owner and the commitment of the file key.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "crypt/hash.h"
#include "crypt/hpke.h"
#include "crypt/mem.h"
#include "format/blf.h"
#include "format/schema.h"

static const uint8_t magic[8] = { 0x89, 'B', 'L', 'F', '\r', '\n', 0x1a, '\n' };
static const char domain[] = "blf header v1";
enum {
	PRELUDE = 16,
	FIXED = 336,		/* prelude, fields of fixed place, dataset name */
	COLUMN = BL_TYPE_NAME + 4,
	RECIPIENT = BL_IDENT_PK + 32 + BL_BLF_KEY + BL_HPKE_TAG,
};
_Static_assert(sizeof(struct bl_blf_recipient) == RECIPIENT, "a recipient lies in the file as in memory");

static int malformed(struct bl_err *err, const char *what)
{
	return bl_err_set(err, BL_DATA, "header: malformed %s", what);
}

/* A name, then zeroes. */
static bool name_ok(const char name[BL_TYPE_NAME])
{
	size_t n = strnlen(name, BL_TYPE_NAME);

	if (!bl_schema_name(name, n))
		return false;
	for (size_t i = n; i < BL_TYPE_NAME; i++)
		if (name[i])
			return false;
	return true;
}

static bool type_ok(struct bl_type t)
{
	if (t.kind == BL_TYPE_DECIMAL)
		return t.precision >= 1 && t.precision <= 18 && t.scale <= t.precision;
	return t.kind >= BL_TYPE_BOOL && t.kind <= BL_TYPE_TEXT && !t.precision && !t.scale;
}

static int check_columns(const struct bl_schema *s, struct bl_err *err)
{
	if (!s->n || s->n > BL_TYPE_COLUMNS)
		return malformed(err, "number of columns");
	for (uint32_t i = 0; i < s->n; i++)
		if (!name_ok(s->col[i].name) || !type_ok(s->col[i].type))
			return malformed(err, "column");
	return bl_schema_check(s, err) ? bl_err_where(err, "header") : 0;
}

/* What holds for every header, on the way out and on the way in. */
static int check(const struct bl_header *h, struct bl_err *err)
{
	static const uint8_t none[32];

	if (!name_ok(h->name))
		return malformed(err, "dataset name");
	if (check_columns(&h->schema, err))
		return -1;
	if (h->nentity > BL_BLF_ENTITY)
		return malformed(err, "entity");
	for (uint32_t i = 0; i < h->nentity; i++) {
		if (h->entity[i] >= h->schema.n)
			return malformed(err, "entity");
		for (uint32_t j = 0; j < i; j++)
			if (h->entity[i] == h->entity[j])
				return malformed(err, "entity");
	}
	if (!h->policy_len || h->policy_len > BL_BLF_POLICY_MAX)
		return malformed(err, "policy");
	if (!h->shard_count || h->shard_count > BL_BLF_SHARDS || h->shard_index >= h->shard_count ||
	    (h->shard_count == 1) != !memcmp(h->shard_set, none, sizeof(none)))
		return malformed(err, "shard");
	if (!h->nrecipient || h->nrecipient > BL_BLF_RECIPIENTS)
		return malformed(err, "number of recipients");
	for (uint32_t i = 0; i < h->nrecipient; i++)
		for (uint32_t j = 0; j < i; j++)
			if (!memcmp(h->recipient[i].pk, h->recipient[j].pk, BL_IDENT_PK))
				return malformed(err, "recipients");
	return 0;
}

static size_t total(const struct bl_header *h)
{
	return FIXED + (size_t)h->schema.n * COLUMN + (size_t)h->nentity * 4 + (size_t)h->nrecipient * RECIPIENT + h->policy_len + BL_IDENT_SIG;
}

int bl_header_print(const struct bl_header *h, const struct bl_ident *owner, struct bl_buf *b, struct bl_err *err)
{
	size_t at = b->len;
	uint8_t sig[BL_IDENT_SIG];

	assert(!memcmp(h->owner, owner->pk, BL_IDENT_PK));
	if (check(h, err))
		return -1;
	if (total(h) > BL_BLF_HEADER_MAX)
		return bl_err_set(err, BL_DATA, "header: longer than 1 MiB");
	bl_buf_put(b, magic, sizeof(magic));
	bl_buf_put16(b, BL_BLF_VERSION);
	bl_buf_put16(b, 0);
	bl_buf_put32(b, (uint32_t)total(h));
	bl_buf_put(b, h->file_id, sizeof(h->file_id));
	bl_buf_put(b, h->owner, sizeof(h->owner));
	bl_buf_put(b, h->commitment, sizeof(h->commitment));
	bl_buf_put(b, h->seed, sizeof(h->seed));
	bl_buf_put(b, h->shard_set, sizeof(h->shard_set));
	bl_buf_put32(b, h->shard_index);
	bl_buf_put32(b, h->shard_count);
	bl_buf_put64(b, h->policy_version);
	bl_buf_put32(b, h->schema.n);
	bl_buf_put32(b, h->nentity);
	bl_buf_put32(b, h->nrecipient);
	bl_buf_put32(b, (uint32_t)h->policy_len);
	bl_buf_put(b, h->name, sizeof(h->name));
	for (uint32_t i = 0; i < h->schema.n; i++) {
		const struct bl_column *c = &h->schema.col[i];

		bl_buf_put(b, c->name, sizeof(c->name));
		bl_buf_put8(b, c->type.kind);
		bl_buf_put8(b, c->type.precision);
		bl_buf_put8(b, c->type.scale);
		bl_buf_put8(b, 0);
	}
	for (uint32_t i = 0; i < h->nentity; i++)
		bl_buf_put32(b, h->entity[i]);
	bl_buf_put(b, h->recipient, h->nrecipient * sizeof(*h->recipient));
	bl_buf_put(b, h->policy, h->policy_len);
	if (b->failed)
		return bl_err_set(err, BL_OSERR, "out of memory");
	if (bl_ident_sign(owner, domain, b->p + at, b->len - at, sig))
		return bl_err_set(err, BL_BUG, "cannot sign the header");
	bl_buf_put(b, sig, sizeof(sig));
	return b->failed ? bl_err_set(err, BL_OSERR, "out of memory") : 0;
}

/* The length that a prelude gives, or 0 with err. */
static uint32_t parse_prelude(const uint8_t p[PRELUDE], struct bl_err *err)
{
	uint32_t n = bl_le32(p + 12);

	if (memcmp(p, magic, sizeof(magic))) {
		bl_err_set(err, BL_DATA, "not a sealed file");
		bl_err_hint(err, "bl-ingest makes one from a table");
		return 0;
	}
	if (bl_le16(p + 8) != BL_BLF_VERSION || bl_le16(p + 10)) {
		bl_err_set(err, BL_DATA, "sealed file of an unknown version");
		return 0;
	}
	if (n < FIXED + BL_IDENT_SIG || n > BL_BLF_HEADER_MAX) {
		malformed(err, "length");
		return 0;
	}
	return n;
}

/* The fields, from bytes that live as long as h. */
static int parse_body(struct bl_header *h, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_cur c;
	const uint8_t *q;

	bl_cur_init(&c, p + PRELUDE, FIXED - PRELUDE);
	memcpy(h->file_id, bl_cur_get(&c, 32), 32);
	memcpy(h->owner, bl_cur_get(&c, 32), 32);
	memcpy(h->commitment, bl_cur_get(&c, 32), 32);
	memcpy(h->seed, bl_cur_get(&c, 32), 32);
	memcpy(h->shard_set, bl_cur_get(&c, 32), 32);
	h->shard_index = bl_cur_get32(&c);
	h->shard_count = bl_cur_get32(&c);
	h->policy_version = bl_cur_get64(&c);
	h->schema.n = bl_cur_get32(&c);
	h->nentity = bl_cur_get32(&c);
	h->nrecipient = bl_cur_get32(&c);
	h->policy_len = bl_cur_get32(&c);
	memcpy(h->name, bl_cur_get(&c, BL_TYPE_NAME), BL_TYPE_NAME);
	assert(!c.bad && !c.left);
	if (h->schema.n > BL_TYPE_COLUMNS || h->nentity > BL_BLF_ENTITY || h->nrecipient > BL_BLF_RECIPIENTS ||
	    h->policy_len > BL_BLF_POLICY_MAX || total(h) != n)
		return malformed(err, "length");
	/* From here on every part is inside, because together they are as long as the whole. */
	q = p + FIXED;
	h->schema.col = calloc(h->schema.n ? h->schema.n : 1, sizeof(*h->schema.col));
	h->recipient = calloc(h->nrecipient ? h->nrecipient : 1, sizeof(*h->recipient));
	if (!h->schema.col || !h->recipient)
		return bl_err_set(err, BL_OSERR, "out of memory");
	for (uint32_t i = 0; i < h->schema.n; i++, q += COLUMN) {
		memcpy(h->schema.col[i].name, q, BL_TYPE_NAME);
		h->schema.col[i].type = (struct bl_type){ q[BL_TYPE_NAME], q[BL_TYPE_NAME + 1], q[BL_TYPE_NAME + 2] };
		if (q[COLUMN - 1])
			return malformed(err, "column");
	}
	for (uint32_t i = 0; i < h->nentity; i++, q += 4)
		h->entity[i] = bl_le32(q);
	memcpy(h->recipient, q, h->nrecipient * sizeof(*h->recipient));
	h->policy = (const char *)q + h->nrecipient * sizeof(*h->recipient);
	return check(h, err);
}

/* Takes p over, also on failure. */
static int parse(struct bl_header *h, uint8_t *p, size_t n, struct bl_err *err)
{
	*h = (struct bl_header){ .own = p, .size = n };
	if (!bl_ident_check(p + PRELUDE + 32, domain, p, n - BL_IDENT_SIG, p + n - BL_IDENT_SIG)) {
		bl_err_set(err, BL_DATA, "header: the signature does not verify");
		bl_err_hint(err, "the file was altered or cut short; ask its owner to send it again");
	} else if (!parse_body(h, p, n, err)) {
		bl_hash_sha256(h->policy, h->policy_len, h->policy_hash);
		bl_hash_sha256(p, n, h->hash);
		return 0;
	}
	bl_header_fini(h);
	return -1;
}

int bl_header_parse(struct bl_header *h, const uint8_t *p, size_t n, struct bl_err *err)
{
	uint32_t size;
	uint8_t *own;

	*h = (struct bl_header){ 0 };
	if (n < PRELUDE)
		return malformed(err, "length");
	if (!(size = parse_prelude(p, err)))
		return -1;
	if (size > n)
		return bl_err_set(err, BL_DATA, "header: truncated");
	if (!(own = malloc(size)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	memcpy(own, p, size);
	return parse(h, own, size, err);
}

int bl_header_read(struct bl_header *h, int fd, struct bl_err *err)
{
	uint8_t prelude[PRELUDE], *own;
	uint32_t size;

	*h = (struct bl_header){ 0 };
	if (bl_file_pread(fd, prelude, sizeof(prelude), 0, err))
		return bl_err_where(err, "header");
	if (!(size = parse_prelude(prelude, err)))
		return -1;
	if (!(own = malloc(size)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	/* The bytes that were looked at are the bytes that are checked, whatever the file says now. */
	memcpy(own, prelude, sizeof(prelude));
	if (bl_file_pread(fd, own + PRELUDE, size - PRELUDE, PRELUDE, err)) {
		free(own);
		return bl_err_where(err, "header");
	}
	return parse(h, own, size, err);
}

void bl_header_fini(struct bl_header *h)
{
	if (!h->own)
		return;
	free(h->schema.col);
	free(h->recipient);
	free(h->own);
	*h = (struct bl_header){ 0 };
}

void bl_header_derive(const uint8_t file_id[32], const uint8_t key[BL_BLF_KEY], const char *label, uint32_t n, uint8_t out[32])
{
	uint8_t prk[BL_HASH_LEN], info[64] = "blf ";
	size_t len = strlen(label);

	assert(len < 32);
	memcpy(info + 4, label, len + 1);
	memcpy(info + 4 + len + 1, &n, sizeof(n));
	bl_hash_extract(file_id, 32, key, BL_BLF_KEY, prk);
	bl_hash_expand(prk, info, 4 + len + 1 + sizeof(n), out, 32);
	bl_mem_wipe(prk, sizeof(prk));
}

void bl_header_commit(const uint8_t file_id[32], const uint8_t key[BL_BLF_KEY], uint8_t commitment[32], uint8_t seed[32])
{
	uint8_t s[32];

	bl_header_derive(file_id, key, "commit", 0, commitment);
	bl_header_derive(file_id, key, "seed", 0, s);
	bl_hash_hmac(s, sizeof(s), "commit", 6, seed);
	bl_mem_wipe(s, sizeof(s));
}

int bl_header_check(const struct bl_header *h, const uint8_t key[BL_BLF_KEY], struct bl_err *err)
{
	uint8_t commitment[32], seed[32];

	bl_header_commit(h->file_id, key, commitment, seed);
	if (bl_mem_equal(commitment, h->commitment, 32) && bl_mem_equal(seed, h->seed, 32))
		return 0;
	return bl_err_set(err, BL_DATA, "header: not the key that the owner committed to");
}

/* HPKE's info for the records of this file. */
static size_t grant_info(const struct bl_header *h, uint8_t info[128])
{
	static const char label[] = "blf file key v1";

	memcpy(info, label, sizeof(label));
	memcpy(info + sizeof(label), h->file_id, 32);
	memcpy(info + sizeof(label) + 32, h->owner, 32);
	memcpy(info + sizeof(label) + 64, h->commitment, 32);
	return sizeof(label) + 96;
}

int bl_header_grant(struct bl_header *h, const uint8_t pk[BL_IDENT_PK], const uint8_t key[BL_BLF_KEY], struct bl_err *err)
{
	struct bl_blf_recipient *all, r;
	uint8_t info[128], kem[32];
	size_t n = grant_info(h, info);

	for (uint32_t i = 0; i < h->nrecipient; i++)
		if (!memcmp(h->recipient[i].pk, pk, BL_IDENT_PK))
			return 0;
	if (h->nrecipient >= BL_BLF_RECIPIENTS)
		return bl_err_set(err, BL_USAGE, "more than %d recipients", BL_BLF_RECIPIENTS);
	memcpy(r.pk, pk, sizeof(r.pk));
	if (bl_ident_kem_pk(pk, kem) || bl_hpke_seal(kem, info, n, NULL, 0, key, BL_BLF_KEY, r.enc, r.sealed))
		return bl_err_set(err, BL_DATA, "a recipient's key is not usable");
	if (!(all = realloc(h->recipient, (h->nrecipient + 1) * sizeof(*all))))
		return bl_err_set(err, BL_OSERR, "out of memory");
	all[h->nrecipient++] = r;
	h->recipient = all;
	return 0;
}

int bl_header_unlock(const struct bl_header *h, const struct bl_ident *id, uint8_t key[BL_BLF_KEY], struct bl_err *err)
{
	uint8_t info[128], sk[32];
	size_t n = grant_info(h, info);
	const struct bl_blf_recipient *r = h->recipient, *end = r + h->nrecipient;
	int bad;

	while (r < end && memcmp(r->pk, id->pk, BL_IDENT_PK))
		r++;
	if (r == end)
		return bl_err_set(err, BL_REFUSED, "the file is not sealed to this identity");
	bl_ident_kem_sk(id, sk);
	bad = bl_hpke_open(sk, r->enc, info, n, NULL, 0, r->sealed, sizeof(r->sealed), key);
	bl_mem_wipe(sk, sizeof(sk));
	if (bad)
		return bl_err_set(err, BL_DATA, "header: the key sealed to this identity does not open");
	if (!bl_header_check(h, key, err))
		return 0;
	bl_mem_wipe(key, BL_BLF_KEY);
	return -1;
}
