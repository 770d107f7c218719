/* SPDX-License-Identifier: Apache-2.0 */
/* grant: see grant.h. The signature is checked before anything is opened, what was opened before it is believed. */
#include "tee/grant.h"

#include <string.h>

#include "crypt/hash.h"
#include "crypt/hpke.h"
#include "crypt/mem.h"

enum { ENC = BL_HPKE_ENC, HEAD = ENC + 4, SIG = HEAD + BL_GRANT_SEALED, VERSION = 1, RESERVED = 20 };
_Static_assert(SIG + BL_IDENT_SIG == BL_GRANT_BODY, "nothing between the parts");
static const char seal_label[] = "bl-tee grant v1", sign_domain[] = "bl-tee grant sig v1", magic[4] = "BLG1";

/* HPKE's info: label with its NUL, SHA-512 of the transcript. */
static size_t make_info(uint8_t info[96], const uint8_t report[BL_WIRE_REPORT])
{
	memcpy(info, seal_label, sizeof seal_label);
	memcpy(info + sizeof seal_label, report, BL_WIRE_REPORT);
	return sizeof seal_label + BL_WIRE_REPORT;
}

/* What the owner signs: SHA-512 of the transcript, SHA-256 of enc and ciphertext. */
static void make_signed(uint8_t t[BL_WIRE_REPORT + 32], const uint8_t report[BL_WIRE_REPORT], const uint8_t body[BL_GRANT_BODY])
{
	memcpy(t, report, BL_WIRE_REPORT);
	bl_hash_both(body, ENC, body + HEAD, BL_GRANT_SEALED, t + BL_WIRE_REPORT);
}

static bool print_plain(struct bl_buf *b, const struct bl_grant *g, const uint8_t key[BL_BLF_KEY])
{
	static const uint8_t reserved[RESERVED];

	bl_buf_put(b, magic, sizeof magic);
	bl_buf_put16(b, VERSION);
	bl_buf_put16(b, 0);
	bl_buf_put(b, g->file_id, 32);
	bl_buf_put(b, key, BL_BLF_KEY);
	bl_buf_put(b, g->policy_hash, 32);
	bl_buf_put64(b, (uint64_t)g->not_before);
	bl_buf_put64(b, (uint64_t)g->expires);
	bl_buf_put32(b, g->requests);
	bl_buf_put(b, g->journal, 32);
	bl_buf_put64(b, g->size);
	bl_buf_put(b, g->root, 32);
	bl_buf_put(b, reserved, RESERVED);
	return !b->failed && b->len == BL_GRANT_PLAIN;
}

enum bl_tee_class bl_grant_class(enum bl_statement_class c)
{
	return c == BL_STATEMENT_SOFTWARE ? BL_TEE_SOFTWARE : c == BL_STATEMENT_TPM2 ? BL_TEE_TPM2 : BL_TEE_HARDWARE;
}

int bl_grant_seal(uint8_t body[BL_GRANT_BODY], const struct bl_grant *g, const uint8_t key[BL_BLF_KEY], const struct bl_ident *owner,
		  const uint8_t kem_pk[32], const uint8_t report[BL_WIRE_REPORT], const uint8_t header[32], struct bl_err *err)
{
	const uint32_t len = BL_GRANT_SEALED;
	uint8_t info[96], t[BL_WIRE_REPORT + 32];
	const size_t n = make_info(info, report);
	struct bl_buf plain;
	int rc = -1;

	bl_buf_init(&plain, BL_GRANT_PLAIN);
	if (!bl_buf_room(&plain, BL_GRANT_PLAIN) || !print_plain(&plain, g, key)) {
		bl_err_set(err, BL_OSERR, "out of memory");
		goto out;
	}
	memcpy(body + ENC, &len, sizeof len);
	if (bl_hpke_seal(kem_pk, info, n, header, 32, plain.p, plain.len, body, body + HEAD)) {
		bl_err_set(err, BL_REFUSED, "the helper's key is not usable");
		goto out;
	}
	make_signed(t, report, body);
	rc = bl_ident_sign(owner, sign_domain, t, sizeof t, body + SIG) ? bl_err_set(err, BL_BUG, "cannot sign the grant") : 0;
out:
	bl_buf_wipe(&plain);
	return rc;
}

int bl_grant_check(const uint8_t *p, size_t n, const uint8_t owner[BL_IDENT_PK], const uint8_t report[BL_WIRE_REPORT], struct bl_err *err)
{
	uint8_t t[BL_WIRE_REPORT + 32];

	if (n != BL_GRANT_BODY || bl_le32(p + ENC) != BL_GRANT_SEALED)
		return bl_err_set(err, BL_PROTOCOL, "a malformed grant");
	make_signed(t, report, p);
	if (!bl_ident_check(owner, sign_domain, t, sizeof t, p + SIG))
		return bl_err_set(err, BL_REFUSED, "the grant is not the owner's for this session");
	return 0;
}

int bl_grant_timely(const struct bl_grant *g, int64_t now, struct bl_err *err)
{
	if (now < g->not_before)
		return bl_err_set(err, BL_REFUSED, "refused: grant (not valid yet)");
	return now > g->expires ? bl_err_set(err, BL_REFUSED, "refused: grant (expired)") : 0;
}

/* Fields from the plaintext; key is where the key lies in it. */
static int parse_plain(struct bl_grant *g, const uint8_t **key, const uint8_t *p, struct bl_err *err)
{
	static const uint8_t zeros[32];
	struct bl_cur c;

	bl_cur_init(&c, p, BL_GRANT_PLAIN);
	if (memcmp(bl_cur_get(&c, sizeof magic), magic, sizeof magic) || bl_cur_get16(&c) != VERSION || bl_cur_get16(&c))
		return bl_err_set(err, BL_PROTOCOL, "a grant of another version");
	memcpy(g->file_id, bl_cur_get(&c, 32), 32);
	*key = bl_cur_get(&c, BL_BLF_KEY);
	memcpy(g->policy_hash, bl_cur_get(&c, 32), 32);
	g->not_before = (int64_t)bl_cur_get64(&c);
	g->expires = (int64_t)bl_cur_get64(&c);
	g->requests = bl_cur_get32(&c);
	memcpy(g->journal, bl_cur_get(&c, 32), 32);
	g->size = bl_cur_get64(&c);
	memcpy(g->root, bl_cur_get(&c, 32), 32);
	if (memcmp(bl_cur_get(&c, RESERVED), zeros, RESERVED) || !g->requests || (!g->size && memcmp(g->root, zeros, 32)))
		return bl_err_set(err, BL_PROTOCOL, "a malformed grant");
	return 0;
}

/* Is it about this file, this policy, this vault and now? */
static int compare(const struct bl_grant *g, const uint8_t *key, const struct bl_header *h, const uint8_t vault[BL_IDENT_PK], int64_t now,
		   struct bl_err *err)
{
	if (memcmp(g->file_id, h->file_id, 32))
		return bl_err_set(err, BL_REFUSED, "refused: grant (for another file)");
	if (memcmp(g->policy_hash, h->policy_hash, 32))
		return bl_err_set(err, BL_REFUSED, "refused: grant (for another policy)");
	if (memcmp(g->journal, vault, 32))
		return bl_err_set(err, BL_REFUSED, "refused: grant (for another vault)");
	return bl_grant_timely(g, now, err) || bl_header_check(h, key, err) ? -1 : 0;
}

int bl_grant_open(struct bl_grant *g, uint8_t key[BL_BLF_KEY], const uint8_t *p, size_t n, const struct bl_header *h,
		  const uint8_t kem_sk[32], const uint8_t report[BL_WIRE_REPORT], const uint8_t vault[BL_IDENT_PK], int64_t now, struct bl_err *err)
{
	uint8_t info[96], *plain;
	const uint8_t *at = NULL;
	int rc = -1;

	if (bl_grant_check(p, n, h->owner, report, err))
		return -1;
	if (!(plain = bl_mem_new(BL_GRANT_PLAIN)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	if (bl_hpke_open(kem_sk, p, info, make_info(info, report), h->hash, 32, p + HEAD, BL_GRANT_SEALED, plain)) {
		bl_err_set(err, BL_REFUSED, "the grant was sealed for another session or header");
	} else if (!parse_plain(g, &at, plain, err) && !compare(g, at, h, vault, now, err)) {
		memcpy(key, at, BL_BLF_KEY);
		rc = 0;
	}
	bl_mem_free(plain);
	return rc;
}
