/* SPDX-License-Identifier: Apache-2.0 */
/* platform: see platform.h. */
#include <stdlib.h>
#include <string.h>

#include "attest/appraise.h"
#include "attest/claims.h"
#include "attest/platform.h"
#include "base/text.h"
#include "base/time.h"
#include "crypt/hash.h"

const struct bl_evidence_tech *bl_platform_tech(enum bl_statement_class c)
{
	static const struct bl_evidence_tech *const techs[BL_STATEMENT_CLASSES] = {
		[BL_STATEMENT_TPM2] = &bl_tpm_tech, [BL_STATEMENT_SNP] = &bl_snp_tech, [BL_STATEMENT_TDX] = &bl_quote_tdx_tech,
		[BL_STATEMENT_SGX] = &bl_quote_sgx_tech, [BL_STATEMENT_NITRO] = &bl_nitro_tech,
	};
	return c < BL_STATEMENT_CLASSES ? techs[c] : NULL;
}

int bl_platform_class(const struct bl_evidence_tech *tech)
{
	for (int c = 0; tech && c < BL_STATEMENT_CLASSES; c++)
		if (bl_platform_tech((enum bl_statement_class)c) == tech)
			return c;
	return -1;
}

/* --- the platform's evidence --- */

/* The pieces as files beside each other; *at is the evidence. */
static int take_pieces(struct bl_verify_run *r, const struct bl_evidence_tech *tech, const struct bl_statement_pieces *pieces,
		       const struct bl_evidence_file **at, struct bl_err *err)
{
	for (size_t i = 0; i < pieces->n; i++) {
		const struct bl_statement_piece *p = &pieces->v[i];
		if (!bl_files_known(p->name) && !bl_files_is_evidence(p->name))
			return bl_err_set(err, BL_DATA, "evidence with a piece that is none");
		if (bl_files_put(&r->files, &r->a, p->name, p->p, p->n, NULL, false, err))
			return -1;
	}
	for (const char *const *name = tech->file; !*at && *name; name++)
		*at = bl_evidence_find(&r->files, *name);
	return *at ? 0 : bl_err_set(err, BL_DATA, "%s evidence without a report", tech->name);
}

/* What a device was asked to hold. */
static void set_nonce(struct bl_verify *v, const struct bl_statement *s)
{
	if (s->class == BL_STATEMENT_TPM2) {
		bl_statement_digest(&s->about, v->nonce);
		v->nonce_len = 32;
	} else if (s->class == BL_STATEMENT_NITRO) {
		memcpy(v->nonce, s->about.nonce, 32);
		v->nonce_len = 32;
	} else {
		memcpy(v->nonce, s->report, sizeof s->report);
		v->nonce_len = sizeof s->report;
	}
}

/* A Nitro document has room for all of it. */
static void check_document(struct bl_evidence *e, const struct bl_statement *s)
{
	uint8_t data[BL_STATEMENT_REPORT], key[32];

	if (bl_json_get_hex(e->claims, "user_data", data, sizeof data) && !memcmp(data, s->report, sizeof data) &&
	    bl_json_get_hex(e->claims, "public_key", key, sizeof key) && !memcmp(key, s->about.kem_pk, sizeof key))
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "session");
	else
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "session", "binding", "user data or public key are not the session's");
}

int bl_platform_run(struct bl_verify_run *r, struct bl_verify *v, const struct bl_statement *s, struct bl_err *err)
{
	const struct bl_evidence_file *at = NULL;
	int rc;

	if (take_pieces(r, bl_platform_tech(s->class), &s->pieces, &at, err)) {
		r->code = err->code;
		return -1;
	}
	v->tech = bl_platform_tech(s->class);
	v->receipt = false;
	set_nonce(v, s);
	r->about = NULL;
	r->p = at->p;
	r->n = at->n;
	rc = r->shown ? bl_verify_show(r, v, err) : bl_verify_run(r, v, err);
	if (!rc && !r->shown && s->class == BL_STATEMENT_NITRO)
		check_document(&r->e, s);
	return rc;
}

/* --- what carries it --- */

static bool no_bytes(const uint8_t *p, size_t n)
{
	(void)p;
	(void)n;
	return false;
}

static const char *const no_files[] = { NULL };
static const struct bl_evidence_tech receipt_tech = { .name = "receipt", .file = no_files, .detect = no_bytes },
				     statement_tech = { .name = "statement", .file = no_files, .detect = no_bytes };

bool bl_platform_alone(const struct bl_verify_run *r)
{
	return r->e.tech == &receipt_tech || r->e.tech == &statement_tech;
}

/* Ours alone: class software. The policy may still speak of the build that it says it is. */
static void run_alone(struct bl_verify_run *r, const struct bl_verify *v, const struct bl_evidence_tech *tech, const struct bl_statement *s)
{
	static const uint8_t unmeasured[32];
	struct bl_evidence *e = &r->e;

	e->tech = tech;
	e->a = &r->a;
	e->policy = v->policy;
	e->time = !strcmp(v->time_source, "given") ? v->time : bl_time_now();
	r->time_source = v->time_source;
	if (memcmp(s->about.build, unmeasured, sizeof unmeasured))
		bl_evidence_word(e, "measurement", s->about.build, sizeof unmeasured);
}

/* The bytes that carry it, which is what was verified. */
struct carrier { const uint8_t *p; size_t n; const char *type; };

static void name_carrier(struct bl_verify_run *r, const struct carrier *c)
{
	r->p = c->p;
	r->n = c->n;
	r->type = c->type;
	bl_hash_sha256(r->p, r->n, r->sha256);
}

/* --- receipts --- */

/* The reason, in the words of evidence, for which a check of receipt.c or claims.c fails. */
static const char *reason(const char *check)
{
	static const char *const of_signatures[] = { "evidence", "receipt", "checkpoint" };

	for (size_t i = 0; i < sizeof of_signatures / sizeof *of_signatures; i++)
		if (!strcmp(check, of_signatures[i]))
			return "signature";
	return strcmp(check, "vault") ? "binding" : "root-unknown";
}

/* Checks of a receipt as checks of evidence. */
static void add_checks(struct bl_evidence *e, const struct bl_claims *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct bl_receipt_check *k = &c->check[i];
		if (k->result == BL_CHECK_PASS)
			bl_evidence_warn(e, BL_EVIDENCE_AUTHENTIC, k->name, "%s", k->why);
		else if (k->result == BL_CHECK_SKIP)
			bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, k->name, "%s", k->why);
		else
			bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, k->name, reason(k->name), "%s", k->why);
	}
}

/* The receipt's own time, where it is asked for and verifies; the platform's evidence is judged at it. */
static bool signed_time(const struct bl_claims *c, int64_t *t)
{
	const char *when = c->good ? bl_json_get_text(c->claims.receipt, "time") : NULL;
	int64_t us;

	if (!when || !bl_time_parse_stamp(when, strlen(when), &us))
		return false;
	*t = us / 1000000;
	return true;
}

/* at: judged at this time, where the receipt is judged at its own; NULL: at that of v. */
static int run_carried(struct bl_verify_run *r, const struct bl_verify *v, const struct bl_statement *s, const int64_t *at, struct bl_err *err)
{
	struct bl_verify *w = bl_verify_copy(v, err);
	int rc;

	if (!w)
		return -1;
	if (at) {
		w->time = *at;
		w->time_source = "given";
	}
	rc = bl_platform_run(r, w, s, err);
	free(w);
	r->time_source = v->time_source;
	return rc;
}

/* Nothing of a receipt that does not verify is repeated. */
static struct bl_json *claims_of(const struct bl_claims *c, struct bl_json *platform)
{
	struct bl_json *j = c->good ? bl_json_copy(c->claims.receipt) : platform ? bl_json_new_object() : NULL;

	if (platform)
		bl_json_put(j, "platform", platform);
	return j;
}

int bl_platform_receipt(struct bl_verify_run *r, const struct bl_verify *v, struct bl_err *err)
{
	const struct carrier whole = { r->p, r->n, "receipt" };
	const bool at_signed = !strcmp(v->time_source, "signed");
	struct bl_claims c = { .n = 0 };
	struct bl_evidence *e = &r->e;
	bool has_time, alone;
	int64_t t = 0;
	int rc = -1;

	name_carrier(r, &whole);
	r->time_source = v->time_source;
	if (v->nonce_len)
		return bl_err_set(err, BL_USAGE, "a receipt needs no --nonce");
	if (bl_claims_examine(&c, r->p, r->n, v->vault_pk, v->answer, err))
		goto out;
	alone = c.claims.statement.class == BL_STATEMENT_SOFTWARE;
	has_time = signed_time(&c, &t);
	if (alone)
		run_alone(r, v, &receipt_tech, &c.claims.statement);
	else if (run_carried(r, v, &c.claims.statement, at_signed && has_time ? &t : NULL, err))
		goto out;
	name_carrier(r, &whole);
	add_checks(e, &c);
	e->claims = claims_of(&c, e->claims);
	if (has_time) {
		e->has_time = true;
		e->signed_time = t;
	}
	if (at_signed && has_time)
		e->time = t;
	else if (at_signed)
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "signed-time", "no-signed-time", "this receipt holds no time that is signed");
	rc = alone ? bl_appraise_run(e, err) : 0;
out:
	bl_claims_fini(&c);
	return rc;
}

/* --- statements --- */

static void check_vault(struct bl_evidence *e, const struct bl_verify *v, const struct bl_statement *s)
{
	char fpr[BL_IDENT_FPR];

	bl_ident_fpr(s->vault_pk, fpr);
	if (!v->vault_pk)
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "vault", "vault key not pinned: %s", fpr);
	else if (!memcmp(v->vault_pk, s->vault_pk, BL_IDENT_PK))
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "vault");
	else
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "vault", "root-unknown", "the vault is another one: %s", fpr);
}

int bl_platform_statement(struct bl_verify_run *r, const struct bl_verify *v, struct bl_err *err)
{
	const struct carrier whole = { r->p, r->n, "statement" };
	struct bl_evidence *e = &r->e;
	struct bl_err why = { .code = 0 };
	struct bl_statement s;
	bool good;
	int rc = 0;

	name_carrier(r, &whole);
	if (v->answer || v->nonce_len)
		return bl_err_set(err, BL_USAGE, v->answer ? "a statement is about no published answer: -o needs -f" :
				  "a statement holds its own nonce: it needs no --nonce");
	/* 76 and 77 of the side of a session are 65 and "no" here. */
	good = !bl_statement_check(&s, (const char *)r->p, r->n, r->about, &why);
	if (!good && why.code != BL_REFUSED)
		return bl_err_set(err, BL_DATA, "not evidence of a helper");
	if (s.class == BL_STATEMENT_SOFTWARE)
		run_alone(r, v, &statement_tech, &s);
	else
		rc = run_carried(r, v, &s, NULL, err);
	name_carrier(r, &whole);
	if (!rc && !r->shown) {
		if (good)
			bl_evidence_warn(e, BL_EVIDENCE_AUTHENTIC, "evidence", s.class == BL_STATEMENT_SOFTWARE ?
				"software: proves who holds the vault's key, nothing about the machine" : "the vault signed what its helper says of itself");
		else
			bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "evidence", "signature", "not signed by the vault that it names, or of another session");
		check_vault(e, v, &s);
	}
	if (!rc && s.class == BL_STATEMENT_SOFTWARE && !r->shown)
		rc = bl_appraise_run(e, err);
	bl_statement_fini(&s);
	return rc;
}
