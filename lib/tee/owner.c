/* SPDX-License-Identifier: Apache-2.0 */
/* owner: see owner.h. Every check comes before the nonce is spent, and the nonce before the key is sealed. */
#include "tee/owner.h"

#include <string.h>

#include "base/mask.h"
#include "base/time.h"
#include "crypt/mem.h"
#include "crypt/note.h"
#include "policy/doc.h"
#include "tee/nonces.h"

static int check_owner(const struct bl_owner *o, const struct bl_header *h, struct bl_err *err)
{
	return memcmp(o->id->pk, h->owner, BL_IDENT_PK) ? bl_err_set(err, BL_REFUSED, "the file is another owner's") : 0;
}

int bl_owner_challenge(const struct bl_owner *o, const struct bl_header *h, int64_t seconds, uint8_t out[BL_HANDOFF_CHALLENGE], struct bl_err *err)
{
	struct bl_wire_challenge c = { .expires = bl_time_now() + seconds };

	if (check_owner(o, h, err))
		return -1;
	bl_mem_random(c.nonce, sizeof c.nonce);
	memcpy(c.owner_pk, h->owner, 32);
	memcpy(c.policy_hash, h->policy_hash, 32);
	memcpy(c.file_id, h->file_id, 32);
	return bl_handoff_put_challenge(out, &c, o->id, err) || bl_nonces_add(o->path, c.nonce, c.expires, err) ? -1 : 0;
}

/* --- is it a helper that the owner and the policy accept? --- */

static int check_vault(const struct bl_owner_terms *t, const uint8_t vault[BL_IDENT_PK], struct bl_err *err)
{
	char fpr[BL_IDENT_FPR];

	for (size_t i = 0; i < t->nvault; i++)
		if (!memcmp(t->vault[i], vault, BL_IDENT_PK))
			return 0;
	bl_ident_fpr(vault, fpr);
	return bl_err_set(err, BL_REFUSED, "the evidence is of the vault %s, which --vault does not name", fpr);
}

/* Evidence of class software, which is all that this version reads, shows a vault's key and its word on the lockdown. */
static int check_policy(const struct bl_header *h, uint32_t mask, struct bl_err *err)
{
	static const char *const hardware[] = { "technologies", "measurements", "min_tcb" };
	struct bl_policy p;
	char names[256];
	int rc = 0;

	if (bl_doc_parse(&p, h->policy, h->policy_len, err))
		return -1;
	if (p.tee_class != BL_TEE_SOFTWARE) {
		rc = bl_err_set(err, BL_REFUSED, "refused: tee.class (the evidence is of class software, the policy asks for more)");
	} else if (p.lockdown & ~mask) {
		bl_mask_print(p.lockdown & ~mask, names);
		rc = bl_err_set(err, BL_REFUSED, "refused: tee.lockdown (the helper lacks %s)", names);
	}
	for (size_t i = 0; !rc && i < sizeof hardware / sizeof *hardware; i++)
		if (bl_json_count(bl_json_get(p.tee, hardware[i])))
			rc = bl_err_set(err, BL_REFUSED, "refused: tee.%s (evidence of class software has none)", hardware[i]);
	bl_doc_fini(&p);
	return rc;
}

/* The journal's floor, out of a checkpoint that this vault signed. */
static int set_floor(struct bl_grant *g, const struct bl_owner_terms *t, const uint8_t vault[BL_IDENT_PK], struct bl_err *err)
{
	struct bl_note n;

	memcpy(g->journal, vault, sizeof g->journal);
	if (!t->checkpoint)
		return 0;
	if (bl_note_parse(&n, t->checkpoint, t->checkpoint_len, err))
		return bl_err_where(err, "checkpoint");
	if (bl_note_signed(&n, vault) != BL_NOTE_GOOD)
		return bl_err_set(err, BL_REFUSED, "the checkpoint is not signed by the vault of the evidence");
	g->size = n.size;
	if (n.size)
		memcpy(g->root, n.root, sizeof g->root);
	return 0;
}

/* --- the grant --- */

static int verify(const struct bl_header *h, const struct bl_owner_terms *t, const struct bl_wire_challenge *c, const struct bl_handoff_evidence *e,
		  struct bl_grant *g, uint8_t report[BL_WIRE_REPORT], struct bl_err *err)
{
	struct bl_statement_about about;
	struct bl_statement said;
	uint8_t ours[BL_WIRE_CHALLENGE], theirs[BL_WIRE_CHALLENGE], vault[BL_IDENT_PK];

	if (bl_handoff_fits(c, h, bl_time_now(), err))
		return -1;
	bl_wire_put_challenge(ours, c);
	bl_wire_put_challenge(theirs, &e->challenge);
	if (memcmp(ours, theirs, sizeof ours))
		return bl_err_set(err, BL_REFUSED, "the evidence answers another challenge");
	bl_wire_report(&e->hello, c, report);
	bl_wire_about(&e->hello, c, &about);
	if (bl_statement_check(&said, e->statement, e->len, &about, err))
		return -1;
	memcpy(vault, said.vault_pk, BL_IDENT_PK);
	bl_statement_fini(&said);
	return check_vault(t, vault, err) || check_policy(h, e->hello.mask, err) || set_floor(g, t, vault, err) ? -1 : 0;
}

int bl_owner_grant(const struct bl_owner *o, const struct bl_header *h, const struct bl_owner_terms *t, const struct bl_buf *challenge,
		   const struct bl_buf *evidence, uint8_t out[BL_HANDOFF_GRANT], struct bl_err *err)
{
	struct bl_grant g = { .not_before = bl_time_now(), .requests = t->requests };
	uint8_t report[BL_WIRE_REPORT], body[BL_GRANT_BODY], *key;
	struct bl_handoff_evidence e;
	struct bl_wire_challenge c;
	int rc = -1;

	if (check_owner(o, h, err) || bl_handoff_get_challenge(challenge->p, challenge->len, &c, err) ||
	    bl_handoff_get_evidence(evidence->p, evidence->len, &e, err) || verify(h, t, &c, &e, &g, report, err))
		return -1;
	memcpy(g.file_id, h->file_id, 32);
	memcpy(g.policy_hash, h->policy_hash, 32);
	g.expires = c.expires;
	if (!(key = bl_mem_new(BL_BLF_KEY)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	if (!bl_header_unlock(h, o->id, key, err) && !bl_nonces_use(o->path, c.nonce, err) &&
	    !bl_grant_seal(body, &g, key, o->id, e.hello.kem_pk, report, h->hash, err)) {
		bl_handoff_put_grant(out, body);
		rc = 0;
	}
	bl_mem_free(key);
	return rc;
}
