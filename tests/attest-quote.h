/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest-quote: an Intel of our own: root, PCK CAs, PCKs, TCB signing key, quoting enclave; quotes, TCB info, QE identities and
 * revocation lists under them, each with what a test wants to be wrong about it.
 *
 *	struct intel i;
 *	intel_init(&i);			// a platform that is in order, and collateral that says so
 *	i.qe_svn = 3;			// ... but for what is changed here
 *	intel_make(&i, &files);		// quote.bin and the collateral by their names, in i.a
 */
#ifndef TESTS_ATTEST_QUOTE_H
#define TESTS_ATTEST_QUOTE_H

#include <stdarg.h>

#include "attest.h"
#include "attest/evidence.h"
#include "attest/quote.h"
#include "base/text.h"
#include "base/time.h"
#include "crypt/hash.h"

struct intel {
	struct bl_arena *a;
	/* the hierarchy */
	struct attest_cert *root, *ca, *other_ca, *pck, *tcb;
	EVP_PKEY *attestation;
	struct bl_cert_anchors anchors;
	/* the platform, as its PCK says */
	uint8_t svn[16], fmspc[6], pce_id[2];
	unsigned pce_svn;
	/* the quote */
	unsigned version;
	enum bl_quote_body kind;
	uint8_t body[648], qe_misc[4], qe_attributes[16], qe_signer[32];
	unsigned qe_prod_id, qe_svn;
	unsigned cert_type;
	/* the collateral: text of the signed values, made by intel_texts */
	char *tcb_info, *qe_identity;
	const char *tcb_id;		/* "TDX", "SGX"; NULL: TCB info v2 */
	const char *levels;		/* tcbLevels, or NULL: one that the platform reaches */
	const char *modules;		/* tdxModuleIdentities or "" */
	const char *qe_levels;
	int64_t issued, expires, qe_issued, qe_expires;
	struct attest_crl_spec root_crl, pck_crl;
	struct attest_cert *pck_crl_by, *signer;	/* NULL: the PCK's CA; the TCB signing certificate */
	struct attest_cert *signer_ca;			/* NULL: the root */
	const char *without;		/* a file that is not to be there */
	bool one_file;			/* collateral.json instead of files */
};

static inline char *intel_printf(struct intel *i, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline char *intel_printf(struct intel *i, const char *fmt, ...)
{
	char *s = NULL, *kept;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	kept = bl_arena_strndup(i->a, s, (size_t)n);
	assert(kept);
	free(s);
	return kept;
}

/* --- the SGX extension of a PCK --- */

static inline size_t intel_der(uint8_t *out, uint8_t tag, const uint8_t *p, size_t n)
{
	size_t h = n < 0x80 ? 2 : n < 0x100 ? 3 : 4;

	memmove(out + h, p, n);
	out[0] = tag;
	out[1] = (uint8_t)(h == 2 ? n : h == 3 ? 0x81 : 0x82);
	if (h == 3)
		out[2] = (uint8_t)n;
	if (h == 4) {
		out[2] = (uint8_t)(n >> 8);
		out[3] = (uint8_t)n;
	}
	return h + n;
}

/* { OID 1.2.840.113741.1.13.1 and two more arcs (the second 0: none), value of that tag } */
static inline size_t intel_pair(uint8_t *out, uint8_t arc, uint8_t arc2, uint8_t tag, const uint8_t *p, size_t n)
{
	uint8_t oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, arc, arc2 }, both[1024];
	size_t len = intel_der(both, 0x06, oid, arc2 ? 11 : 10);

	len += intel_der(both + len, tag, p, n);
	return intel_der(out, 0x30, both, len);
}

static inline size_t intel_number(uint8_t *out, uint8_t arc2, unsigned v)
{
	uint8_t b[3] = { 0, (uint8_t)(v >> 8), (uint8_t)v };
	size_t n = v >= 0x8000 ? 3 : v >= 0x80 ? 2 : 1;

	return intel_pair(out, 2, arc2, 0x02, b + sizeof b - n, n);
}

static inline size_t intel_extension(const struct intel *i, uint8_t out[1024])
{
	uint8_t tcb[1024], all[1024];
	static const uint8_t ppid[16] = { 1, 2, 3 }, standard[1] = { 0 };
	size_t t = 0, n = 0;

	for (unsigned k = 0; k < 16; k++)
		t += intel_number(tcb + t, (uint8_t)(k + 1), i->svn[k]);
	t += intel_number(tcb + t, 17, i->pce_svn);
	t += intel_pair(tcb + t, 2, 18, 0x04, i->svn, 16);
	n += intel_pair(all + n, 1, 0, 0x04, ppid, 16);
	n += intel_pair(all + n, 2, 0, 0x30, tcb, t);
	n += intel_pair(all + n, 3, 0, 0x04, i->pce_id, 2);
	n += intel_pair(all + n, 4, 0, 0x04, i->fmspc, 6);
	n += intel_pair(all + n, 5, 0, 0x0a, standard, 1);
	return intel_der(out, 0x30, all, n);
}

/* A PCK of this platform's under `by`, in i->pck. */
static inline void intel_pck(struct intel *i, const struct attest_cert *by, const char *subject, int64_t from, int64_t until)
{
	uint8_t ext[1024];
	size_t n = intel_extension(i, ext);

	i->pck = attest_issue(by, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = subject ? subject : "CN=Intel SGX PCK Certificate, O=made",
		.from = from, .until = until, .ext = { { "1.2.840.113741.1.13.1", false, ext, n } } });
}

/* --- a platform in order --- */

static inline void intel_init(struct intel *i, struct bl_arena *a)
{
	*i = (struct intel){ .a = a, .svn = { 5, 5, 2, 2, 200 }, .fmspc = { 0x90, 0xc0, 0x6f }, .pce_svn = 300, .version = 4, .kind = BL_QUOTE_TDX10,
		.qe_attributes = { 0x11, [8] = 0xe7 }, .qe_signer = { 0xdc, 0x9e }, .qe_prod_id = 2, .qe_svn = 6, .cert_type = 5, .tcb_id = "TDX",
		.issued = ATTEST_NOW - 86400, .expires = ATTEST_NOW + 29 * 86400 };
	i->qe_issued = i->issued;
	i->qe_expires = i->expires;
	i->root_crl = i->pck_crl = (struct attest_crl_spec){ .from = ATTEST_NOW - 86400, .until = ATTEST_NOW + 86400 };
	i->root = attest_issue(NULL, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = "CN=Intel SGX Root CA, O=made", .ca = true });
	i->ca = attest_issue(i->root, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = "CN=Intel SGX PCK Platform CA, O=made", .ca = true });
	i->other_ca = attest_issue(i->root, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = "CN=Intel SGX PCK Processor CA, O=made", .ca = true });
	i->tcb = attest_issue(i->root, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = "CN=Intel SGX TCB Signing, O=made" });
	i->attestation = attest_key(ATTEST_P256);
	attest_anchor(&i->anchors, i->root);
	for (size_t k = 0; k < sizeof i->body; k++)
		i->body[k] = (uint8_t)(k * 7 + 3);
	memset(i->body + 64, 0, 48 + 8 + 8);			/* mr_signer_seam, seam_attributes, td_attributes */
	memcpy(i->body, (uint8_t[16]){ 6, 1, 3, 0 }, 16);	/* TDX module 1, isvsvn 6 */
	memcpy(i->body + 584, (uint8_t[16]){ 6, 1, 3, 0 }, 16);
	memset(i->body + 600, 0, 48);				/* mr_servicetd */
	i->body[123] = 0x10;					/* SEPT_VE_DISABLE */
	intel_pck(i, i->ca, NULL, 0, 0);
}

/* SGX instead: another body, QE identity and TCB info. */
static inline void intel_sgx(struct intel *i, unsigned version)
{
	i->version = version;
	i->kind = BL_QUOTE_SGX;
	i->tcb_id = "SGX";
	i->qe_prod_id = 1;
	memset(i->body + 48, 0, 16);
	i->body[48] = 5;					/* INIT, MODE64BIT */
}

static inline void intel_fini(struct intel *i)
{
	bl_certs_fini(&i->anchors.own);
	attest_done();
}

/* --- the quote --- */

static inline void intel_chain(struct bl_buf *b, const struct attest_cert *leaf, const struct attest_cert *ca, const struct attest_cert *root)
{
	attest_pem(b, leaf);
	if (ca)
		attest_pem(b, ca);
	attest_pem(b, root);
}

static inline void intel_quote(const struct intel *i, struct bl_buf *b)
{
	static const uint8_t vendor[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 };
	static const size_t size[] = { 0, 384, 584, 648 }, id[] = { 0, 16, 256, 384 };
	uint8_t qe[384] = { 0 }, rs[64], both[64 + 32], auth[32] = { 9, 9 };
	size_t at, rest;

	bl_buf_put16(b, (uint16_t)i->version);
	bl_buf_put16(b, 2);
	bl_buf_put32(b, i->kind == BL_QUOTE_SGX ? 0 : 0x81);
	bl_buf_put32(b, 0);
	bl_buf_put(b, vendor, 16);
	for (int k = 0; k < 20; k++)
		bl_buf_put8(b, (uint8_t)k);
	if (i->version == 5) {
		bl_buf_put16(b, (uint16_t)i->kind);
		bl_buf_put32(b, (uint32_t)size[i->kind]);
	}
	bl_buf_put(b, i->body, size[i->kind]);
	attest_sign_raw(i->attestation, BL_KEY_SHA256, b->p, b->len, rs);
	at = b->len;
	bl_buf_put32(b, 0);
	bl_buf_put(b, rs, 64);
	attest_point(i->attestation, both);
	bl_buf_put(b, both, 64);
	rest = b->len;
	if (i->version >= 4) {
		bl_buf_put16(b, 6);
		bl_buf_put32(b, 0);
	}
	memcpy(both + 64, auth, 32);
	bl_hash_sha256(both, sizeof both, qe + 320);
	memcpy(qe + 16, i->qe_misc, 4);
	memcpy(qe + 48, i->qe_attributes, 16);
	memcpy(qe + 128, i->qe_signer, 32);
	qe[256] = (uint8_t)i->qe_prod_id;
	qe[258] = (uint8_t)i->qe_svn;
	bl_buf_put(b, qe, sizeof qe);
	attest_sign_raw(i->pck->key, BL_KEY_SHA256, qe, sizeof qe, rs);
	bl_buf_put(b, rs, 64);
	bl_buf_put16(b, 32);
	bl_buf_put(b, auth, 32);
	bl_buf_put16(b, (uint16_t)i->cert_type);
	bl_buf_put32(b, 0);
	size_t cert = b->len;
	if (i->cert_type == 5) {
		intel_chain(b, i->pck, i->ca, i->root);
		bl_buf_put8(b, 0);
	} else {
		uint8_t ppid[384] = { 1, 2, 3 };
		bl_buf_put(b, ppid, id[i->cert_type]);
		bl_buf_put(b, i->svn, 16);
		bl_buf_put16(b, (uint16_t)i->pce_svn);
		bl_buf_put(b, i->pce_id, 2);
	}
	memcpy(b->p + cert - 4, &(uint32_t){ (uint32_t)(b->len - cert) }, 4);
	if (i->version >= 4)
		memcpy(b->p + rest + 2, &(uint32_t){ (uint32_t)(b->len - rest - 6) }, 4);
	memcpy(b->p + at, &(uint32_t){ (uint32_t)(b->len - at - 4) }, 4);
}

/* --- the collateral --- */

static inline char *intel_time(struct intel *i, int64_t t)
{
	char s[BL_TIME_TEXT];

	bl_time_print_stamp(t * 1000000, s);
	return intel_printf(i, "%s", s);
}

static inline char *intel_svns(struct intel *i, const uint8_t *svn)
{
	char *s = intel_printf(i, "%s", "");

	for (unsigned k = 0; k < 16; k++)
		s = intel_printf(i, "%s%s{\"svn\":%u}", s, k ? "," : "", svn[k]);
	return s;
}

/* A platform's level: components, PCESVN, TDX components, as TCB info of i->tcb_id writes them. */
static inline char *intel_level(struct intel *i, const uint8_t sgx[16], unsigned pce, const uint8_t tdx[16], const char *status, const char *more)
{
	char *tcb;

	if (i->tcb_id) {
		tcb = intel_printf(i, "\"sgxtcbcomponents\":[%s]", intel_svns(i, sgx));
		if (!strcmp(i->tcb_id, "TDX"))
			tcb = intel_printf(i, "%s,\"tdxtcbcomponents\":[%s]", tcb, intel_svns(i, tdx));
	} else {
		tcb = intel_printf(i, "\"sgxtcbcomp01svn\":%u", sgx[0]);
		for (unsigned k = 1; k < 16; k++)
			tcb = intel_printf(i, "%s,\"sgxtcbcomp%02usvn\":%u", tcb, k + 1, sgx[k]);
	}
	return intel_printf(i, "{\"tcb\":{%s,\"pcesvn\":%u},\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"%s\"%s}", tcb, pce, status, more);
}

static inline char *intel_isv(struct intel *i, unsigned svn, const char *status, const char *more)
{
	return intel_printf(i, "{\"tcb\":{\"isvsvn\":%u},\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"%s\"%s}", svn, status, more);
}

#define INTEL_ZERO48 "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
#define INTEL_MODULE "\"mrsigner\":\"" INTEL_ZERO48 "\",\"attributes\":\"0000000000000000\",\"attributesMask\":\"FFFFFFFFFFFFFFFF\""

/* What is said of the platform where a test did not say it itself. */
static inline void intel_texts(struct intel *i)
{
	bool tdx = i->tcb_id && !strcmp(i->tcb_id, "TDX");
	char fmspc[13], pce[5], signer[65];
	static const uint8_t tdx_svn[16] = { 9, 0, 3 };
	const char *levels = i->levels, *modules = i->modules, *qe = i->qe_levels;

	bl_text_hex(i->fmspc, 6, fmspc);
	bl_text_hex(i->pce_id, 2, pce);
	bl_text_hex(i->qe_signer, 32, signer);
	if (!levels)
		levels = intel_level(i, i->svn, i->pce_svn, tdx_svn, "UpToDate", "");
	if (!modules)
		modules = intel_printf(i, ",\"tdxModuleIdentities\":[{\"id\":\"TDX_01\"," INTEL_MODULE ",\"tcbLevels\":[%s,%s]}]",
				       intel_isv(i, 6, "UpToDate", ""), intel_isv(i, 4, "OutOfDate", ",\"advisoryIDs\":[\"INTEL-SA-00002\"]"));
	if (!qe)
		qe = intel_printf(i, "%s,%s", intel_isv(i, 6, "UpToDate", ""), intel_isv(i, 3, "OutOfDate", ",\"advisoryIDs\":[\"INTEL-SA-00003\"]"));
	if (!i->tcb_info)
		i->tcb_info = intel_printf(i, "{%s%s%s\"version\":%d,\"issueDate\":\"%s\",\"nextUpdate\":\"%s\",\"fmspc\":\"%s\",\"pceId\":\"%s\",\"tcbType\":0,"
			"\"tcbEvaluationDataNumber\":18%s%s,\"tcbLevels\":[%s]}", i->tcb_id ? "\"id\":\"" : "", i->tcb_id ? i->tcb_id : "", i->tcb_id ? "\"," : "",
			i->tcb_id ? 3 : 2, intel_time(i, i->issued), intel_time(i, i->expires), fmspc, pce, tdx ? ",\"tdxModule\":{" INTEL_MODULE "}" : "",
			tdx ? modules : "", levels);
	if (!i->qe_identity)
		i->qe_identity = intel_printf(i, "{\"id\":\"%s\",\"version\":2,\"issueDate\":\"%s\",\"nextUpdate\":\"%s\",\"tcbEvaluationDataNumber\":17,"
			"\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\",\"attributes\":\"11000000000000000000000000000000\","
			"\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":\"%s\",\"isvprodid\":%d,\"tcbLevels\":[%s]}",
			i->kind == BL_QUOTE_SGX ? "QE" : "TD_QE", intel_time(i, i->qe_issued), intel_time(i, i->qe_expires), signer,
			i->kind == BL_QUOTE_SGX ? 1 : 2, qe);
}

/* Hex of the signature by the one who is to sign. */
static inline char *intel_signature(struct intel *i, const char *text)
{
	uint8_t rs[64];
	char hex[129];

	attest_sign_raw((i->signer ? i->signer : i->tcb)->key, BL_KEY_SHA256, text, strlen(text), rs);
	bl_text_hex(rs, 64, hex);
	return intel_printf(i, "%s", hex);
}

static inline void intel_file(struct intel *i, struct bl_evidence_files *f, const char *name, const void *p, size_t n)
{
	struct bl_evidence_file *x = &f->v[f->n];

	if (i->without && !strcmp(i->without, name))
		return;
	*x = (struct bl_evidence_file){ .name = name, .p = (const uint8_t *)bl_arena_strndup(i->a, p, n), .n = n };
	assert(x->p && f->n < BL_EVIDENCE_FILES);
	bl_hash_sha256(p, n, x->sha256);
	f->n++;
}

static inline void intel_text(struct intel *i, struct bl_evidence_files *f, const char *name, const char *s)
{
	intel_file(i, f, name, s, strlen(s));
}

/* A text as a JSON string. */
static inline char *intel_quoted(struct intel *i, const char *s)
{
	struct bl_buf b;
	char *r;

	bl_buf_init(&b, 1 << 20);
	bl_json_print_text(s, strlen(s), &b);
	r = intel_printf(i, "%.*s", (int)b.len, (const char *)b.p);
	bl_buf_fini(&b);
	return r;
}

static inline void intel_make(struct intel *i, struct bl_evidence_files *f)
{
	struct bl_buf b, sign, crl;
	uint8_t *der, *root_der;
	size_t n, root_n;
	char *tcb_sig, *qe_sig;

	f->n = 0;
	bl_buf_init(&b, 1 << 20);
	bl_buf_init(&sign, 1 << 20);
	bl_buf_init(&crl, 1 << 20);
	intel_quote(i, &b);
	intel_file(i, f, "quote.bin", b.p, b.len);
	intel_texts(i);
	tcb_sig = intel_signature(i, i->tcb_info);
	qe_sig = intel_signature(i, i->qe_identity);
	intel_chain(&sign, i->signer ? i->signer : i->tcb, i->signer_ca, i->root);
	intel_chain(&crl, i->ca, NULL, i->root);
	bl_buf_put8(&sign, 0);
	bl_buf_put8(&crl, 0);
	root_n = attest_crl(i->root, &i->root_crl, &root_der);
	n = attest_crl(i->pck_crl_by ? i->pck_crl_by : i->ca, &i->pck_crl, &der);
	if (i->one_file) {
		char *a = bl_arena_alloc(i->a, 2 * n + 1), *c = bl_arena_alloc(i->a, 2 * root_n + 1);
		bl_text_hex(der, n, a);
		bl_text_hex(root_der, root_n, c);
		intel_text(i, f, "collateral.json", intel_printf(i, "{\"pck_crl_issuer_chain\":%s,\"root_ca_crl\":\"%s\",\"pck_crl\":\"%s\","
			"\"tcb_info_issuer_chain\":%s,\"tcb_info\":%s,\"tcb_info_signature\":\"%s\",\"qe_identity_issuer_chain\":%s,"
			"\"qe_identity\":%s,\"qe_identity_signature\":\"%s\"}", intel_quoted(i, (char *)crl.p), c, a, intel_quoted(i, (char *)sign.p),
			intel_quoted(i, i->tcb_info), tcb_sig, intel_quoted(i, (char *)sign.p), intel_quoted(i, i->qe_identity), qe_sig));
	} else {
		intel_text(i, f, "tcb_info.json", intel_printf(i, "{\"tcbInfo\":%s,\"signature\":\"%s\"}", i->tcb_info, tcb_sig));
		intel_text(i, f, "qe_identity.json", intel_printf(i, "{\"enclaveIdentity\":%s,\"signature\":\"%s\"}", i->qe_identity, qe_sig));
		intel_text(i, f, "tcb_sign_chain.pem", (char *)sign.p);
		intel_text(i, f, "pck_crl_issuer_chain.pem", (char *)crl.p);
		intel_file(i, f, "pck_crl.der", der, n);
		intel_file(i, f, "root_ca_crl.der", root_der, root_n);
	}
	bl_buf_fini(&b);
	bl_buf_fini(&sign);
	bl_buf_fini(&crl);
}

#endif
