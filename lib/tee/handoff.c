/* SPDX-License-Identifier: Apache-2.0 */
/* handoff: see handoff.h. Each file has a magic of its own, so that none passes for another. */
#include "tee/handoff.h"

#include <string.h>

#include "crypt/mem.h"

static const char challenge_magic[4] = "BLC1", evidence_magic[4] = "BLE1", grant_magic[4] = "BLK1", domain[] = "bl-tee challenge v1";

void bl_handoff_ask(struct bl_wire_challenge *c, const struct bl_header *h, int64_t expires)
{
	bl_mem_random(c->nonce, sizeof c->nonce);
	memcpy(c->owner_pk, h->owner, 32);
	memcpy(c->policy_hash, h->policy_hash, 32);
	memcpy(c->file_id, h->file_id, 32);
	c->expires = expires;
}

int bl_handoff_put_challenge(uint8_t out[BL_HANDOFF_CHALLENGE], const struct bl_wire_challenge *c, const struct bl_ident *owner, struct bl_err *err)
{
	memcpy(out, challenge_magic, 4);
	bl_wire_put_challenge(out + 4, c);
	if (bl_ident_sign(owner, domain, out + 4, BL_WIRE_CHALLENGE, out + 4 + BL_WIRE_CHALLENGE))
		return bl_err_set(err, BL_BUG, "cannot sign the challenge");
	return 0;
}

int bl_handoff_get_challenge(const uint8_t *p, size_t n, struct bl_wire_challenge *c, struct bl_err *err)
{
	struct bl_err why;

	if (n != BL_HANDOFF_CHALLENGE || memcmp(p, challenge_magic, 4) || bl_wire_get_challenge(p + 4, BL_WIRE_CHALLENGE, c, &why))
		return bl_err_set(err, BL_DATA, "not a challenge");
	if (!bl_ident_check(c->owner_pk, domain, p + 4, BL_WIRE_CHALLENGE, p + 4 + BL_WIRE_CHALLENGE))
		return bl_err_set(err, BL_REFUSED, "the challenge is not signed by the owner that it names");
	return 0;
}

int bl_handoff_fits(const struct bl_wire_challenge *c, const struct bl_header *h, int64_t now, struct bl_err *err)
{
	if (memcmp(c->owner_pk, h->owner, 32))
		return bl_err_set(err, BL_REFUSED, "the challenge is another owner's than the file's");
	if (memcmp(c->file_id, h->file_id, 32))
		return bl_err_set(err, BL_REFUSED, "the challenge is for another file");
	if (memcmp(c->policy_hash, h->policy_hash, 32))
		return bl_err_set(err, BL_REFUSED, "the challenge is for the file under another policy");
	return now > c->expires ? bl_err_set(err, BL_REFUSED, "the challenge has expired") : 0;
}

void bl_handoff_put_evidence(struct bl_buf *b, const struct bl_wire_hello *h, const struct bl_wire_challenge *c, const char *statement, size_t n)
{
	struct bl_wire_hello copy = *h;
	uint8_t hello[BL_WIRE_HELLO], challenge[BL_WIRE_CHALLENGE];

	bl_wire_put_hello(hello, &copy);
	bl_wire_put_challenge(challenge, c);
	bl_buf_put(b, evidence_magic, 4);
	bl_buf_put(b, hello, sizeof hello);
	bl_buf_put(b, challenge, sizeof challenge);
	bl_buf_put32(b, (uint32_t)n);
	bl_buf_put(b, statement, n);
}

bool bl_handoff_may_evidence(const uint8_t *p, size_t n)
{
	return n >= sizeof evidence_magic && !memcmp(p, evidence_magic, sizeof evidence_magic);
}

int bl_handoff_get_evidence(const uint8_t *p, size_t n, struct bl_handoff_evidence *e, struct bl_err *err)
{
	const uint8_t *magic, *hello, *challenge;
	struct bl_err why;
	struct bl_cur c;

	bl_cur_init(&c, p, n);
	magic = bl_cur_get(&c, 4);
	hello = bl_cur_get(&c, BL_WIRE_HELLO);
	challenge = bl_cur_get(&c, BL_WIRE_CHALLENGE);
	e->len = bl_cur_get32(&c);
	e->statement = (const char *)bl_cur_get(&c, e->len);
	if (c.bad || c.left || !e->len || e->len > BL_FRAME_BODY || memcmp(magic, evidence_magic, 4) ||
	    bl_wire_get_challenge(challenge, BL_WIRE_CHALLENGE, &e->challenge, &why))
		return bl_err_set(err, BL_DATA, "not evidence of a helper");
	return bl_wire_get_hello(hello, BL_WIRE_HELLO, &e->hello, err);
}

void bl_handoff_put_grant(uint8_t out[BL_HANDOFF_GRANT], const uint8_t body[BL_GRANT_BODY])
{
	memcpy(out, grant_magic, 4);
	memcpy(out + 4, body, BL_GRANT_BODY);
}

bool bl_handoff_may_grant(const uint8_t *p, size_t n)
{
	return n <= BL_HANDOFF_GRANT && !memcmp(p, grant_magic, n < 4 ? n : 4);
}

int bl_handoff_get_grant(const uint8_t *p, size_t n, const uint8_t **body, struct bl_err *err)
{
	if (n != BL_HANDOFF_GRANT || memcmp(p, grant_magic, 4))
		return bl_err_set(err, BL_DATA, "not a grant");
	*body = p + 4;
	return 0;
}
