/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dcap: see dcap.h. The order of the checks is that of Intel's verification library (guide: attest, steps 1 to 10). A quote that
 * verifies here is the only text of itself: its lengths are exact and its certificates are written as PEM is written, each of them
 * part of the chain; so no byte of it can change. Collateral is read before, and believed after, its signature is checked.
 */
#include "attest/dcap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/pcs.h"
#include "base/text.h"

enum { SIG = 64, KEY = 64, QE_REPORT = 384 };
/* Offsets in the body of a TD, and in a QE report. */
enum { TEE_TCB_SVN = 0, MR_SIGNER_SEAM = 64, SEAM_ATTRIBUTES = 112, TEE_TCB_SVN2 = 584 };
enum { QE_MISC = 16, QE_ATTRIBUTES = 48, QE_SIGNER = 128, QE_PROD_ID = 256, QE_SVN = 258 };
static const char tcb_signing_cn[] = "Intel SGX TCB Signing", pck_cn[] = "Intel SGX PCK Certificate";

static bool any_set(const uint8_t *p, size_t n)
{
	uint8_t all = 0;

	for (size_t i = 0; i < n; i++)
		all |= p[i];
	return all;
}

const struct bl_cert *bl_dcap_leaf(const struct bl_certs *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (!bl_cert_is_ca(c->v[i]))
			return c->v[i];
	return NULL;
}

/* --- one verification --- */

struct run {
	struct bl_evidence *e;
	const struct bl_quote *q;
	struct bl_json *claims;
	struct bl_pcs pcs;
	const struct bl_certs *chain;		/* of the PCK: inside the quote, or pck_chain.pem; NULL: none */
	struct bl_certs candidates;		/* all that is here; borrowed */
	const struct bl_cert *leaf;
	struct bl_cert_path path;		/* PCK, PCK CA, root; n 0 unless it verified */
	struct bl_pck pck;
	bool pck_good, tcb_good, qe_good;	/* may be believed */
	bool module_fits, qe_fits;
	enum bl_pcs_status module, qe;
};

static bool pass(struct run *r, const char *name)
{
	return bl_evidence_pass(r->e, BL_EVIDENCE_AUTHENTIC, name);
}

static bool fail(struct run *r, const char *name, const char *reason, const char *why)
{
	return bl_evidence_fail(r->e, BL_EVIDENCE_AUTHENTIC, name, reason, "%s", why);
}

static bool skip(struct run *r, const char *name, const char *why)
{
	bl_evidence_skip(r->e, BL_EVIDENCE_AUTHENTIC, name, "%s", why);
	return false;
}

/* Does the check that was made last forbid to believe? What is only missing does not. */
static bool forbids(const struct run *r)
{
	const struct bl_evidence_check *c = &r->e->check[r->e->ncheck - 1];

	return c->result == BL_EVIDENCE_FAIL && c->layer == BL_EVIDENCE_AUTHENTIC;
}

static bool signed_by(const struct bl_key *k, const uint8_t *p, size_t n, const uint8_t *rs)
{
	return k && bl_key_kind(k) == BL_KEY_P256 && bl_key_check_raw(k, BL_KEY_SHA256, p, n, rs);
}

/* 1. and 2. */
static int check_quote(struct run *r, struct bl_err *err)
{
	const struct bl_quote *q = r->q;
	struct bl_key *key = bl_key_point(BL_KEY_P256, q->key);
	uint8_t *both = bl_arena_alloc(r->e->a, KEY + q->auth_len), digest[64];

	if (signed_by(key, q->p, q->signed_len, q->sig))
		pass(r, "quote-signature");
	else
		fail(r, "quote-signature", "signature", "the quote is not signed by its attestation key");
	bl_key_free(key);
	if (!both)
		return bl_err_set(err, BL_OSERR, "out of memory");
	memcpy(both, q->key, KEY);
	memcpy(both + KEY, q->auth, q->auth_len);
	bl_key_digest(BL_KEY_SHA256, both, KEY + q->auth_len, digest);
	if (!memcmp(digest, q->qe + BL_QUOTE_SGX_DATA, 32) && !any_set(q->qe + BL_QUOTE_SGX_DATA + 32, 32))
		pass(r, "qe-binding");
	else
		fail(r, "qe-binding", "binding", "the attestation key is not the one that the quoting enclave reports");
	return 0;
}

/* The next n bytes are these. */
static bool takes(struct bl_cur *c, const char *s, size_t n)
{
	const uint8_t *p = bl_cur_get(c, n);
	return p && !memcmp(p, s, n);
}

/* One certificate as PEM is written: whole lines of 64 (RFC 7468) or 76 (RFC 1421's heirs), one end of line each. */
static bool takes_pem(struct bl_cur *c, const struct bl_cert *cert)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----\n", end[] = "-----END CERTIFICATE-----";
	size_t len, n, width, k;
	const uint8_t *der = bl_cert_der(cert, &len);
	char *b64 = malloc(BL_TEXT_B64(len));
	bool good = b64 && takes(c, begin, sizeof begin - 1);

	n = b64 ? bl_text_b64(der, len, b64) : 0;
	width = good && c->left > 64 && c->p[64] != '\n' ? 76 : 64;
	for (size_t at = 0; good && at < n; at += k) {
		k = n - at < width ? n - at : width;
		good = takes(c, b64 + at, k) && bl_cur_get8(c) == '\n';
	}
	free(b64);
	return good && takes(c, end, sizeof end - 1);
}

/* Nothing but those certificates; NULs may follow, and the last end of line may be missing. */
static bool is_pem_of(const struct bl_certs *certs, const uint8_t *p, size_t n)
{
	struct bl_cur c;

	bl_cur_init(&c, p, n);
	for (size_t i = 0; i < certs->n; i++) {
		if (!takes_pem(&c, certs->v[i]))
			return false;
		if ((i + 1 < certs->n || (c.left && *c.p)) && bl_cur_get8(&c) != '\n')
			return false;
	}
	return !any_set(c.p, c.left);
}

static void add_candidates(struct run *r, const struct bl_certs *c)
{
	for (size_t i = 0; c && i < c->n && r->candidates.n < BL_CERT_MOST; i++)
		r->candidates.v[r->candidates.n++] = c->v[i];
}

/* The PCK's chain, and with what else is here it may be completed. */
static int find_chain(struct run *r, struct bl_err *err)
{
	const struct bl_evidence_file *f = bl_evidence_find(r->e->files, "pck_chain.pem");
	const char *where = "PCK chain";

	if (r->q->cert_type == BL_QUOTE_CHAIN) {
		r->chain = bl_evidence_certs(r->e, r->q->cert, r->q->cert_len, err);
	} else if (f) {
		where = f->name;
		r->chain = bl_evidence_certs(r->e, f->p, f->n, err);
	} else {
		return 0;
	}
	if (!r->chain)
		return bl_err_where(err, "%s", where);
	r->leaf = bl_dcap_leaf(r->chain);
	add_candidates(r, r->chain);
	add_candidates(r, r->pcs.crl_chain);
	return 0;
}

/* Is every certificate inside the quote one of the path, and its root signed by itself? */
static bool all_used(const struct run *r)
{
	for (size_t i = 0; i < r->chain->n; i++) {
		bool used = false;
		for (size_t k = 0; k < r->path.n; k++)
			used = used || bl_cert_same(r->chain->v[i], r->path.v[k]);
		if (!used)
			return false;
	}
	return bl_cert_self_issued(r->path.v[r->path.n - 1]) && is_pem_of(r->chain, r->q->cert, r->q->cert_len);
}

/* Types 1 to 3 name the platform: a PPID, plain or encrypted, then CPUSVN, PCESVN, PCEID. */
static bool names_platform(const struct run *r)
{
	static const size_t ppid[] = { [1] = 16, [2] = 256, [3] = 384 };
	size_t n = ppid[r->q->cert_type];
	const uint8_t *p = r->q->cert + n;

	return r->q->cert_len == n + 20 && !memcmp(p, r->pck.cpu_svn, 16) && bl_le16(p + 16) == r->pck.pce_svn &&
	       !memcmp(p + 18, r->pck.pce_id, 2) && (n > 16 || !memcmp(r->q->cert, r->pck.ppid, 16));
}

/* 3. A PCK is a certificate with the SGX extension that a PCK CA issued, which the root issued. */
static void check_pck(struct run *r)
{
	static const char missing[] = "the quote holds no PCK chain, and there is no pck_chain.pem";
	const char *cn = r->leaf ? bl_cert_subject(r->leaf, "CN") : NULL;

	if (!r->leaf) {
		skip(r, "qe-signature", r->chain ? "no PCK certificate" : missing);
		fail(r, "pck-chain", r->chain ? "chain" : "collateral-missing", r->chain ? "no PCK certificate in the chain" : missing);
		skip(r, "pck-certificate", "no PCK certificate");
		return;
	}
	if (signed_by(bl_cert_key(r->leaf), r->q->qe, QE_REPORT, r->q->qe_sig))
		pass(r, "qe-signature");
	else
		fail(r, "qe-signature", "signature", "the quoting enclave's report is not signed by the PCK");
	if (!bl_evidence_chain(r->e, "pck-chain", r->leaf, &r->candidates, &r->path)) {
		r->path.n = 0;
		skip(r, "pck-certificate", "its chain does not verify");
	} else if (r->path.n != 3 || !cn || strcmp(cn, pck_cn) || !bl_pck_read(&r->pck, r->leaf)) {
		fail(r, "pck-certificate", "chain", "not the certificate of a PCK: wrong name, wrong place in the chain, or no SGX extension");
	} else if (r->q->cert_type == BL_QUOTE_CHAIN && !all_used(r)) {
		fail(r, "pck-certificate", "chain", "the quote's certificates are not just a chain, written as PEM");
	} else if (r->q->cert_type != BL_QUOTE_CHAIN && !names_platform(r)) {
		fail(r, "pck-certificate", "collateral-mismatch", "pck_chain.pem is of another platform or TCB than the quote");
	} else {
		r->pck_good = pass(r, "pck-certificate");
	}
}

/*
 * Notes what was used, for its age and its signer; collateral.json is many things, each with a window of its own. Not the root's
 * list: Intel renews it once a year, and an age that suits the others would refuse it always.
 */
static void used(struct bl_evidence *e, const struct bl_evidence_file *f, int64_t issued, int64_t expires)
{
	for (size_t i = 0; i < e->ncollateral; i++)
		if (!strcmp(e->collateral[i].name, f->name) && e->collateral[i].issued == issued && e->collateral[i].expires == expires)
			return;
	if (e->ncollateral == sizeof e->collateral / sizeof *e->collateral)
		return;
	e->collateral[e->ncollateral].name = f->name;
	e->collateral[e->ncollateral].issued = issued;
	e->collateral[e->ncollateral].expires = expires;
	memcpy(e->collateral[e->ncollateral++].sha256, f->sha256, sizeof f->sha256);
}

/* 4. */
static void check_revocation(struct run *r)
{
	if (r->pcs.pck_crl)
		used(r->e, r->pcs.pck_file, bl_crl_from(r->pcs.pck_crl), bl_crl_until(r->pcs.pck_crl));
	if (r->path.n != 3) {
		skip(r, "pck-revocation", "no PCK chain that verifies");
		skip(r, "pck-ca-revocation", "no PCK chain that verifies");
		return;
	}
	bl_evidence_revocation(r->e, "pck-revocation", r->pcs.pck_crl, r->path.v[1], r->path.v[0]);
	bl_evidence_revocation(r->e, "pck-ca-revocation", r->pcs.root_crl, r->path.v[2], r->path.v[1]);
}

/* --- collateral --- */

struct names { const char *what, *chain, *signature, *revocation, *validity; };
static const struct names tcb_names = { "TCB info", "tcb-info-chain", "tcb-info-signature", "tcb-info-revocation", "tcb-info-validity" },
	qe_names = { "QE identity", "qe-identity-chain", "qe-identity-signature", "qe-identity-revocation", "qe-identity-validity" };

static bool skip_signed(struct run *r, const struct names *is, const char *why)
{
	skip(r, is->chain, why);
	skip(r, is->signature, why);
	skip(r, is->revocation, why);
	return false;
}

/*
 * 5. Not any certificate under the root may sign: one that the root itself issued for it. A PCK, which every platform has one
 * of, must not speak about platforms.
 */
static bool check_signed(struct run *r, const struct bl_pcs_signed *s, const struct names *is)
{
	const struct bl_cert *leaf = s->chain ? bl_dcap_leaf(s->chain) : NULL;
	const char *cn = leaf ? bl_cert_subject(leaf, "CN") : NULL;
	struct bl_cert_path path;
	struct bl_certs with = { .n = 0 };
	bool good, valid;

	if (!s->file)
		return skip_signed(r, is, "there is none");
	if (!leaf)
		return skip_signed(r, is, "no certificate of its signer (tcb_sign_chain.pem)");
	for (size_t i = 0; i < s->chain->n; i++)
		with.v[with.n++] = s->chain->v[i];
	for (size_t i = 0; i < r->candidates.n && with.n < BL_CERT_MOST; i++)
		with.v[with.n++] = r->candidates.v[i];
	valid = bl_evidence_chain(r->e, is->chain, leaf, &with, &path);
	good = valid && path.n == 2 && cn && !strcmp(cn, tcb_signing_cn);
	if (valid && !good)
		fail(r, is->signature, "collateral-signature", "the certificate is not that of Intel's TCB signing key");
	else if (!signed_by(bl_cert_key(leaf), s->p, s->n, s->sig))
		good = fail(r, is->signature, "collateral-signature", "the signature does not cover these bytes");
	else
		pass(r, is->signature);
	if (!good)
		return skip(r, is->revocation, "not signed by a key to be trusted");
	bl_evidence_revocation(r->e, is->revocation, r->pcs.root_crl, path.v[1], leaf);
	return !forbids(r);
}

static int check_tcb_info(struct run *r, struct bl_err *err)
{
	struct bl_pcs_tcb *t = &r->pcs.tcb;

	if (!check_signed(r, &t->s, &tcb_names)) {
		skip(r, tcb_names.validity, "TCB info is missing, or not to be trusted");
		return 0;
	}
	if (bl_pcs_parse_tcb(t, r->e->a, err))
		return -1;
	used(r->e, t->s.file, t->s.issued, t->s.expires);
	r->tcb_good = bl_evidence_collateral(r->e, tcb_names.validity, t->s.file, t->s.issued, t->s.expires);
	return 0;
}

static int check_qe_identity(struct run *r, struct bl_err *err)
{
	struct bl_pcs_qe *q = &r->pcs.qe;

	if (!check_signed(r, &q->s, &qe_names)) {
		skip(r, qe_names.validity, "QE identity is missing, or not to be trusted");
		return 0;
	}
	if (bl_pcs_parse_qe(q, r->e->a, err))
		return -1;
	used(r->e, q->s.file, q->s.issued, q->s.expires);
	r->qe_good = bl_evidence_collateral(r->e, qe_names.validity, q->s.file, q->s.issued, q->s.expires);
	return 0;
}

/* --- what the collateral says of this platform --- */

/* 6. */
static bool check_match(struct run *r)
{
	const struct bl_pcs_tcb *t = &r->pcs.tcb;
	bool tdx = r->q->kind != BL_QUOTE_SGX;
	char has[13], says[13];

	if (!r->tcb_good || !r->pck_good)
		return skip(r, "tcb-info-match", r->tcb_good ? "no PCK certificate to be trusted" : "no TCB info to be trusted");
	if (t->tdx != tdx)
		return bl_evidence_fail(r->e, BL_EVIDENCE_AUTHENTIC, "tcb-info-match", "collateral-mismatch", "TCB info is for %s, the quote is of %s",
					t->tdx ? "TDX" : "SGX", tdx ? "TDX" : "SGX");
	bl_text_hex(r->pck.fmspc, 6, has);
	bl_text_hex(t->fmspc, 6, says);
	if (memcmp(r->pck.fmspc, t->fmspc, 6))
		return bl_evidence_fail(r->e, BL_EVIDENCE_AUTHENTIC, "tcb-info-match", "collateral-mismatch",
					"TCB info is for FMSPC %s, the platform is %s", says, has);
	if (memcmp(r->pck.pce_id, t->pce_id, 2))
		return fail(r, "tcb-info-match", "collateral-mismatch", "TCB info is for another PCE than the platform's");
	return pass(r, "tcb-info-match");
}

static bool equal_masked(const uint8_t *has, const uint8_t *mask, const uint8_t *want, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((has[i] & mask[i]) != want[i])
			return false;
	return true;
}

/* Says how far a level is from the newest of its list; appended. */
static void __attribute__((format(printf, 2, 3))) shortfall(struct run *r, const char *fmt, ...)
{
	char *s = r->e->shortfall;
	size_t n = strlen(s), room = sizeof r->e->shortfall;
	va_list ap;

	if (n && n + 2 < room)
		n += (size_t)snprintf(s + n, room - n, "; ");
	va_start(ap, fmt);
	vsnprintf(s + n, room - n, fmt, ap);
	va_end(ap);
}

static void shortfall_svn(struct run *r, const char *of, unsigned has, const struct bl_pcs_levels *l)
{
	if (has < l->v[0].svn)
		shortfall(r, "%s: isvsvn %u, needs %u for %s (%.10s)", of, has, l->v[0].svn, bl_pcs_word(l->v[0].status), l->v[0].date);
}

/* 8. */
static void check_module(struct run *r, bool match)
{
	const uint8_t *body = r->q->body, *svn = body + TEE_TCB_SVN;
	const struct bl_pcs_module *m;
	const struct bl_pcs_level *l;

	if (!match) {
		skip(r, "module-identity", "no TCB info of this platform to be trusted");
		return;
	}
	m = bl_pcs_find(&r->pcs.tcb, svn[1]);
	if (!m) {
		bl_evidence_fail(r->e, BL_EVIDENCE_AUTHENTIC, "module-identity", "module-identity", "TCB info knows no module TDX_%02x", svn[1]);
		return;
	}
	if (memcmp(body + MR_SIGNER_SEAM, m->signer, sizeof m->signer) ||
	    !equal_masked(body + SEAM_ATTRIBUTES, m->mask, m->attributes, sizeof m->mask)) {
		fail(r, "module-identity", "module-identity", "the TDX module's signer or attributes are not those of TCB info");
		return;
	}
	r->module_fits = pass(r, "module-identity");
	if (!svn[1])
		return;			/* its SVN is a component of the platform's */
	l = bl_pcs_match_svn(&m->levels, svn[0]);
	r->module = l ? l->status : BL_PCS_NONE;
}

/* 9. */
static void check_qe(struct run *r)
{
	const struct bl_pcs_qe *q = &r->pcs.qe;
	const uint8_t *report = r->q->qe;
	const char *want = r->q->kind == BL_QUOTE_SGX ? "QE" : "TD_QE", *wrong;
	const struct bl_pcs_level *l;

	if (!r->qe_good) {
		skip(r, "qe-identity", "no QE identity to be trusted");
		return;
	}
	wrong = strcmp(q->id, want) ? "this QE identity is of another kind of enclave" :
		!equal_masked(report + QE_MISC, q->misc_mask, q->misc, sizeof q->misc) ? "the quoting enclave's MISCSELECT is not that of its identity" :
		!equal_masked(report + QE_ATTRIBUTES, q->mask, q->attributes, sizeof q->mask) ? "the quoting enclave's attributes are not those of its identity" :
		memcmp(report + QE_SIGNER, q->signer, sizeof q->signer) ? "the quoting enclave has another signer than its identity" :
		bl_le16(report + QE_PROD_ID) != q->prod_id ? "the quoting enclave has another product id than its identity" : NULL;
	if (wrong) {
		fail(r, "qe-identity", "qe-identity", wrong);
		return;
	}
	r->qe_fits = pass(r, "qe-identity");
	l = bl_pcs_match_svn(&q->levels, bl_le16(report + QE_SVN));
	r->qe = l ? l->status : BL_PCS_NONE;
}

static void add_advisories(struct bl_evidence *e, const struct bl_pcs_level *l)
{
	for (size_t i = 0; l && i < l->nadvisory; i++) {
		bool there = false;
		for (size_t k = 0; k < e->nadvisory; k++)
			there = there || !strcmp(e->advisory[k], l->advisory[i]);
		if (!there && e->nadvisory < sizeof e->advisory / sizeof *e->advisory)
			e->advisory[e->nadvisory++] = l->advisory[i];
	}
}

static void shortfall_platform(struct run *r, const struct bl_pcs_level *l)
{
	const struct bl_pcs_level *need = l ? &r->pcs.tcb.levels.v[0] : &r->pcs.tcb.levels.v[r->pcs.tcb.levels.n - 1];
	const uint8_t *tee = r->q->kind == BL_QUOTE_SGX ? NULL : r->q->body + TEE_TCB_SVN;
	const char *word = bl_pcs_word(need->status);

	if (l == need)
		return;
	for (unsigned i = 0; i < BL_PCS_SVNS; i++)
		if (r->pck.sgx[i] < need->sgx[i]) {
			shortfall(r, "component %u is %u, needs %u for %s (%.10s)", i + 1, r->pck.sgx[i], need->sgx[i], word, need->date);
			return;
		}
	if (r->pck.pce_svn < need->svn) {
		shortfall(r, "PCESVN %u, needs %u for %s (%.10s)", r->pck.pce_svn, need->svn, word, need->date);
		return;
	}
	for (unsigned i = tee && tee[1] ? 2 : 0; tee && i < BL_PCS_SVNS; i++)
		if (tee[i] < need->tdx[i]) {
			shortfall(r, "TDX component %u is %u, needs %u for %s (%.10s)", i, tee[i], need->tdx[i], word, need->date);
			return;
		}
}

static void put_status(struct run *r, const char *name, enum bl_pcs_status s)
{
	const char *word = bl_pcs_word(s);

	if (r->claims)
		bl_json_put(r->claims, name, word ? bl_json_new_text(word) : bl_json_new_null());
}

/* 7. and 10. */
static void conclude(struct run *r)
{
	const struct bl_quote *q = r->q;
	bool tdx = q->kind != BL_QUOTE_SGX;
	const uint8_t *svn = tdx ? q->body + TEE_TCB_SVN : NULL;
	const struct bl_pcs_tcb *t = &r->pcs.tcb;
	const struct bl_pcs_module *m = svn && svn[1] ? bl_pcs_find(t, svn[1]) : NULL;
	const struct bl_pcs_level *l = bl_pcs_match(t, &r->pck, svn);
	enum bl_pcs_status platform = l ? l->status : BL_PCS_NONE, s = platform;
	unsigned qe_svn = bl_le16(q->qe + QE_SVN);

	put_status(r, "platform_status", platform);
	if (m)
		s = bl_pcs_converge(s, r->module);
	if (q->kind == BL_QUOTE_TDX15)
		s = bl_pcs_relaunch(t, &r->pck, q->body + TEE_TCB_SVN2, s, r->module, r->qe);
	s = bl_pcs_converge(s, r->qe);
	r->e->has_status = true;
	r->e->tcb_status = bl_pcs_word(s);
	shortfall_platform(r, l);
	if (m)
		shortfall_svn(r, m->id, svn[0], &m->levels);
	shortfall_svn(r, r->pcs.qe.id, qe_svn, &r->pcs.qe.levels);
	if (s == BL_PCS_NONE)
		return;
	r->e->tcb_date = l->date;
	add_advisories(r->e, l);
	add_advisories(r->e, m ? bl_pcs_match_svn(&m->levels, svn[0]) : NULL);
	add_advisories(r->e, bl_pcs_match_svn(&r->pcs.qe.levels, qe_svn));
}

static int verify(struct run *r, struct bl_err *err)
{
	bool match, tdx = r->q->kind != BL_QUOTE_SGX;
	int64_t n;

	if (bl_pcs_open(&r->pcs, r->e, err) || find_chain(r, err) || check_quote(r, err))
		return -1;
	check_pck(r);
	check_revocation(r);
	if (check_tcb_info(r, err) || check_qe_identity(r, err))
		return -1;
	match = check_match(r);
	if (tdx)
		check_module(r, match);
	check_qe(r);
	if (r->module_fits && r->q->body[TEE_TCB_SVN + 1])
		put_status(r, "module_status", r->module);
	if (r->qe_fits)
		put_status(r, "qe_status", r->qe);
	if (match && r->claims)
		bl_json_put_int(r->claims, "tcb_eval_number", r->pcs.tcb.s.evaluation);
	if (!match || !r->qe_fits || (tdx && !r->module_fits))
		return 0;
	n = r->pcs.tcb.s.evaluation < r->pcs.qe.s.evaluation ? r->pcs.tcb.s.evaluation : r->pcs.qe.s.evaluation;
	bl_evidence_word_int(r->e, "tcb_evaluation", n);
	conclude(r);
	return 0;
}

int bl_dcap_verify(struct bl_evidence *e, const struct bl_quote *q, struct bl_json *claims, struct bl_err *err)
{
	struct run r = { .e = e, .q = q, .claims = claims, .module = BL_PCS_NONE, .qe = BL_PCS_NONE };

	return verify(&r, err);
}
