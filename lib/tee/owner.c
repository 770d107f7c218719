/* SPDX-License-Identifier: Apache-2.0 */
/* owner: see owner.h. Every check comes before the nonce is spent, and the nonce before the key is sealed. */
#include "tee/owner.h"

#include <stdlib.h>
#include <string.h>

#include "attest/appraise.h"
#include "attest/named.h"
#include "attest/platform.h"
#include "attest/report.h"
#include "base/file.h"
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
	struct bl_wire_challenge c;

	if (check_owner(o, h, err))
		return -1;
	bl_handoff_ask(&c, h, bl_time_now() + seconds);
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

/* --- of its platform --- */

static struct bl_json *list_of(const struct bl_json *from, struct bl_json *must, const char *check)
{
	struct bl_json *list = bl_json_new_array();

	for (size_t i = 0; i < bl_json_count(from); i++) {
		const char *s = bl_json_text(bl_json_item(from, i), NULL);
		bl_json_add(list, bl_json_new_text(s && !strcmp(s, "sev-snp") ? "snp" : s));
	}
	if (check)
		bl_json_add(must, bl_json_new_text(check));
	return list;
}

/* What the file's policy says of the platform, as an appraisal policy; of what it cannot speak, what the owner says (or NULL) in place of defaults. */
static struct bl_json *appraisal_of(const struct bl_policy *p, const struct bl_json *owners, struct bl_err *err)
{
	const struct bl_json *technologies = bl_json_get(p->tee, "technologies"), *measurements = bl_json_get(p->tee, "measurements");
	const struct bl_json *min_tcb = bl_json_get(p->tee, "min_tcb");
	struct bl_json *j = owners ? bl_json_copy(owners) : bl_json_new_object(), *must = bl_json_new_array(), *parsed = NULL;
	struct bl_buf b;

	bl_json_put_int(j, "version", 1);
	if (technologies)		/* an empty list is one that nothing is in */
		bl_json_put(j, "types", list_of(technologies, must, NULL));
	if (measurements)
		bl_json_put(j, "measurement", list_of(measurements, must, "measurement"));
	if (bl_json_count(min_tcb)) {
		struct bl_json *of = bl_json_new_array();
		bl_json_add(of, bl_json_new_text("reported"));
		bl_json_put(j, "min_tcb_of", of);
		bl_json_put(j, "min_tcb", bl_json_copy(min_tcb));
		bl_json_add(must, bl_json_new_text("tcb-min"));
	}
	bl_json_put_text(j, "debug", bl_json_bool(bl_json_get(p->tee, "debug")) ? "allow" : "refuse");
	bl_json_put(j, "must", must);
	bl_buf_init(&b, 1 << 20);
	bl_json_print(j, &b);
	if (b.failed)
		bl_err_set(err, BL_OSERR, "out of memory");
	else if (!(parsed = bl_appraise_parse((const char *)b.p, b.len, err)))
		bl_err_where(err, "the file's policy: tee");
	bl_buf_fini(&b);
	bl_json_free(j);
	return parsed;
}

static int appraise(const struct bl_verify *v, const struct bl_statement *said, struct bl_json *policy, struct bl_named *named, struct bl_err *err)
{
	struct bl_verify *w = bl_verify_copy(v, err);
	struct bl_verify_run *r = w ? malloc(sizeof *r) : NULL;
	char why[1200];
	int rc = -1;

	if (!r) {
		free(w);
		return bl_err_set(err, BL_OSERR, "out of memory");
	}
	w->policy = policy;
	bl_verify_begin(r);
	if (!bl_platform_run(r, w, said, err)) {
		bl_named_see(named, &r->e);
		rc = bl_verify_exit(r) == BL_OK ? 0 :
		     bl_err_set(err, BL_REFUSED, "refused: evidence of class %s (%s)", bl_statement_class_name(said->class), bl_report_why(r, why, sizeof why));
	}
	bl_verify_end(r);
	free(r);
	free(w);
	return rc;
}

static int check_platform(const struct bl_policy *p, const struct bl_owner_terms *t, const struct bl_statement *said, struct bl_err *err)
{
	struct bl_json *policy = appraisal_of(p, t->appraisal->policy, err);
	struct bl_named named = { .registers = 0 };
	const char *lacks, *hint;
	int rc = -1;

	if (!policy)
		return -1;
	/* The file's own words hold whatever the owner says beside them today. */
	if (!appraise(t->appraisal, said, policy, &named, err) && (!t->appraisal->policy || !appraise(t->appraisal, said, t->appraisal->policy, &named, err)))
		rc = 0;
	bl_json_free(policy);
	if (!rc && (lacks = bl_named_lacks(&named, said->class, &hint))) {
		rc = bl_err_set(err, BL_REFUSED, "refused: %s", lacks);
		bl_err_hint(err, "%s", hint);
	}
	return rc;
}

static int check_policy(const struct bl_header *h, const struct bl_owner_terms *t, const struct bl_statement *said, struct bl_err *err)
{
	const char *member;
	struct bl_policy p;
	char names[256];
	int rc = 0;

	if (bl_doc_parse(&p, h->policy, h->policy_len, err))
		return -1;
	if (bl_grant_class(said->class) < p.tee_class) {
		rc = bl_err_set(err, BL_REFUSED, "refused: tee.class (the evidence is of class %s, the policy asks for more)", bl_statement_class_name(said->class));
	} else if (p.lockdown & ~said->mask) {
		bl_mask_print(p.lockdown & ~said->mask, names);
		rc = bl_err_set(err, BL_REFUSED, "refused: tee.lockdown (the helper lacks %s)", names);
	}
	for (size_t i = 0; !rc && said->class == BL_STATEMENT_SOFTWARE && (member = bl_doc_platform(i)); i++)
		if (bl_json_count(bl_json_get(p.tee, member)))
			rc = bl_err_set(err, BL_REFUSED, "refused: tee.%s (evidence of class software has none)", member);
	if (!rc && said->class != BL_STATEMENT_SOFTWARE)
		rc = check_platform(&p, t, said, err);
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
	uint8_t ours[BL_WIRE_CHALLENGE], theirs[BL_WIRE_CHALLENGE];
	int rc;

	if (bl_handoff_fits(c, h, bl_time_now(), err))
		return -1;
	bl_wire_put_challenge(ours, c);
	bl_wire_put_challenge(theirs, &e->challenge);
	if (memcmp(ours, theirs, sizeof ours))
		return bl_err_set(err, BL_REFUSED, "the evidence answers another challenge");
	bl_wire_report(&e->hello, c, report);
	bl_wire_about(&e->hello, c, &about);
	rc = bl_statement_check(&said, e->statement, e->len, &about, err) || check_vault(t, said.vault_pk, err) ||
	     check_policy(h, t, &said, err) || set_floor(g, t, said.vault_pk, err) ? -1 : 0;
	bl_statement_fini(&said);
	return rc;
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

/* --- out of files --- */

static int read_all(struct bl_buf *b, const char *path, struct bl_err *err)
{
	return bl_file_read(path, b, err) ? bl_err_where(err, "'%s'", path) : 0;
}

int bl_owner_grant_files(const struct bl_owner *o, const struct bl_header *h, const struct bl_owner_terms *t, const struct bl_owner_way *w,
			 uint8_t out[BL_HANDOFF_GRANT], struct bl_err *err)
{
	uint8_t pk[sizeof w->vaults->item / sizeof *w->vaults->item][BL_IDENT_PK];
	struct bl_owner_terms all = *t;
	struct bl_buf challenge, checkpoint, evidence;
	int rc = -1;

	bl_buf_init(&challenge, BL_HANDOFF_CHALLENGE + 1);
	bl_buf_init(&checkpoint, BL_NOTE_MAX);
	bl_buf_init(&evidence, BL_HANDOFF_EVIDENCE_MAX);
	for (size_t i = 0; i < w->vaults->n; i++)
		if (bl_ident_read_pub(pk[i], w->vaults->item[i], err))
			goto out;
	if (read_all(&challenge, w->challenge, err) || (w->checkpoint && read_all(&checkpoint, w->checkpoint, err)) ||
	    read_all(&evidence, w->evidence, err))
		goto out;
	all.vault = (const uint8_t (*)[BL_IDENT_PK])pk;
	all.nvault = w->vaults->n;
	all.checkpoint = w->checkpoint ? (const char *)checkpoint.p : NULL;
	all.checkpoint_len = checkpoint.len;
	rc = bl_owner_grant(o, h, &all, &challenge, &evidence, out, err);
out:
	bl_buf_fini(&challenge);
	bl_buf_fini(&checkpoint);
	bl_buf_fini(&evidence);
	return rc;
}
