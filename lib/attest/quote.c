/* SPDX-License-Identifier: Apache-2.0 */
/* quote: see quote.h. Reads the bytes and says what they claim; what is to be believed of it, dcap.c checks. */
#include "attest/quote.h"

#include <string.h>

#include "attest/dcap.h"
#include "attest/pck.h"

enum { HEADER = 48, VENDOR = 12, SGX_BODY = 384, TDX10_BODY = 584, TDX15_BODY = 648, SIG = 64, TEE_SGX = 0, TEE_TDX = 0x81, CERT_QE = 6 };
static const uint8_t vendor[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 };

/* --- the bytes --- */

static bool is_tdx(const uint8_t *p)
{
	return bl_le16(p) >= 4 && bl_le32(p + 4) == TEE_TDX;
}

bool bl_quote_detect(const uint8_t *p, size_t n)
{
	return n >= HEADER && bl_le16(p) >= 3 && bl_le16(p) <= 5 && bl_le16(p + 2) == 2 && !memcmp(p + VENDOR, vendor, sizeof vendor);
}

static int malformed(struct bl_err *err, const char *what)
{
	return bl_err_set(err, BL_DATA, "malformed quote: %s", what);
}

/* Type and size of the body; v5 says them, before it the TEE does. */
static int parse_body(struct bl_quote *q, struct bl_cur *c, struct bl_err *err)
{
	static const size_t size[] = { [BL_QUOTE_SGX] = SGX_BODY, [BL_QUOTE_TDX10] = TDX10_BODY, [BL_QUOTE_TDX15] = TDX15_BODY };
	uint32_t tee = bl_le32(q->p + 4);
	unsigned kind = is_tdx(q->p) ? BL_QUOTE_TDX10 : BL_QUOTE_SGX;
	size_t says;

	if (q->version >= 4 && tee != TEE_SGX && tee != TEE_TDX)
		return malformed(err, "unknown kind of TEE");
	if (q->version == 5) {
		kind = bl_cur_get16(c);
		says = bl_cur_get32(c);
		if (kind < BL_QUOTE_SGX || kind > BL_QUOTE_TDX15 || says != size[kind])
			return malformed(err, "unknown kind of body, or not of its size");
		if ((kind == BL_QUOTE_SGX) != (tee == TEE_SGX))
			return malformed(err, "the body is not of its TEE");
	}
	q->kind = kind;
	q->body = bl_cur_get(c, size[kind]);
	q->signed_len = q->body ? (size_t)(q->body - q->p) + size[kind] : 0;
	return q->body ? 0 : malformed(err, "ends inside the body");
}

/* What certifies the attestation key. */
static int parse_certification(struct bl_quote *q, struct bl_cur *c, struct bl_err *err)
{
	q->qe = bl_cur_get(c, SGX_BODY);
	q->qe_sig = bl_cur_get(c, SIG);
	q->auth_len = bl_cur_get16(c);
	q->auth = bl_cur_get(c, q->auth_len);
	q->cert_type = bl_cur_get16(c);
	q->cert_len = bl_cur_get32(c);
	q->cert = bl_cur_get(c, q->cert_len);
	if (c->bad || c->left)
		return malformed(err, "lengths of the certification data do not agree");
	if (q->cert_type != BL_QUOTE_CHAIN && (q->cert_type < 1 || q->cert_type > 3))
		return bl_err_set(err, BL_DATA, "certification data of type %u is not supported", q->cert_type);
	return 0;
}

int bl_quote_parse(struct bl_quote *q, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_cur c, in;
	size_t len;

	*q = (struct bl_quote){ .p = p };
	if (!bl_quote_detect(p, n))
		return malformed(err, "not the header of an ECDSA quote of version 3, 4 or 5");
	q->version = bl_le16(p);
	bl_cur_init(&c, p, n);
	bl_cur_get(&c, HEADER);
	if (parse_body(q, &c, err))
		return -1;
	len = bl_cur_get32(&c);
	bl_cur_init(&in, bl_cur_get(&c, len), len);
	if (c.bad)
		return malformed(err, "ends inside the signature");
	for (size_t i = 0; i < c.left; i++)
		if (c.p[i])
			return malformed(err, "bytes after the end");
	q->sig = bl_cur_get(&in, SIG);
	q->key = bl_cur_get(&in, SIG);
	if (q->version >= 4 && (bl_cur_get16(&in) != CERT_QE || bl_cur_get32(&in) != in.left))
		return malformed(err, "certification data is not that of a quoting enclave");
	return parse_certification(q, &in, err);
}

const uint8_t *bl_quote_report_data(const struct bl_quote *q)
{
	return q->body + (q->kind == BL_QUOTE_SGX ? BL_QUOTE_SGX_DATA : BL_QUOTE_TDX_DATA);
}

/* --- the claims --- */

struct field { const char *name; unsigned at, len; const char *word; };	/* len 2: an integer */
static const struct field sgx_fields[] = {
	{ "cpu_svn", 0, 16, NULL }, { "misc_select", 16, 4, NULL }, { "attributes", 48, 16, NULL }, { "mr_enclave", 64, 32, "measurement" },
	{ "mr_signer", 128, 32, "signer" }, { "config_id", 192, 64, NULL }, { "isv_prod_id", 256, 2, "isv_prod_id" },
	{ "isv_svn", 258, 2, "isv_svn" }, { "report_data", BL_QUOTE_SGX_DATA, 64, "report_data" }, { NULL, 0, 0, NULL },
}, tdx_fields[] = {
	{ "tee_tcb_svn", 0, 16, "tee_tcb_svn" }, { "mr_seam", 16, 48, "mr_seam" }, { "mr_signer_seam", 64, 48, NULL },
	{ "seam_attributes", 112, 8, NULL }, { "td_attributes", 120, 8, NULL }, { "xfam", 128, 8, NULL }, { "mr_td", 136, 48, "measurement" },
	{ "mr_config_id", 184, 48, "mr_config_id" }, { "mr_owner", 232, 48, "mr_owner" }, { "mr_owner_config", 280, 48, NULL },
	{ "rtmr0", 328, 48, "rtmr0" }, { "rtmr1", 376, 48, "rtmr1" }, { "rtmr2", 424, 48, "rtmr2" }, { "rtmr3", 472, 48, "rtmr3" },
	{ "report_data", BL_QUOTE_TDX_DATA, 64, "report_data" }, { NULL, 0, 0, NULL },
}, tdx15_fields[] = {
	{ "tee_tcb_svn2", 584, 16, NULL }, { "mr_servicetd", 600, 48, NULL }, { NULL, 0, 0, NULL },
};
enum { TD_ATTRIBUTES = 120, MR_SERVICETD = 600 };

static void claim(const struct bl_quote *q, const struct field *f, struct bl_json *claims)
{
	for (; f->name; f++)
		if (f->len == 2)
			bl_json_put_int(claims, f->name, bl_le16(q->body + f->at));
		else
			bl_json_put_hex(claims, f->name, q->body + f->at, f->len);
}

void bl_quote_claims(const struct bl_quote *q, struct bl_json *claims)
{
	claim(q, q->kind == BL_QUOTE_SGX ? sgx_fields : tdx_fields, claims);
	if (q->kind == BL_QUOTE_TDX15)
		claim(q, tdx15_fields, claims);
}

static bool any_set(const uint8_t *p, size_t n)
{
	uint8_t all = 0;

	for (size_t i = 0; i < n; i++)
		all |= p[i];
	return all;
}

int bl_quote_words(struct bl_evidence *e, const struct bl_quote *q, struct bl_err *err)
{
	const struct bl_certs *chain = NULL;
	const struct bl_cert *leaf;
	struct bl_pck pck;

	for (const struct field *f = q->kind == BL_QUOTE_SGX ? sgx_fields : tdx_fields; f->name; f++) {
		if (f->word && f->len == 2)
			bl_evidence_word_int(e, f->word, bl_le16(q->body + f->at));
		else if (f->word)
			bl_evidence_word(e, f->word, q->body + f->at, f->len);
	}
	e->has_debug = true;
	e->debug = q->kind == BL_QUOTE_SGX ? q->body[48] & 2 : q->body[TD_ATTRIBUTES] & 1;
	if (q->kind != BL_QUOTE_SGX)
		bl_evidence_word_int(e, "sept_ve_disable", q->body[TD_ATTRIBUTES + 3] >> 4 & 1);
	if (q->kind == BL_QUOTE_TDX15)
		bl_evidence_word_int(e, "service_td", any_set(q->body + MR_SERVICETD, 48));
	if (q->cert_type == BL_QUOTE_CHAIN && !(chain = bl_evidence_certs(e, q->cert, q->cert_len, err)))
		return bl_err_where(err, "PCK chain");
	leaf = chain ? bl_dcap_leaf(chain) : NULL;
	if (leaf && bl_pck_read(&pck, leaf))
		bl_evidence_word(e, "fmspc", pck.fmspc, sizeof pck.fmspc);
	return 0;
}

/* --- the two technologies --- */

static bool detect_sgx(const uint8_t *p, size_t n)
{
	return bl_quote_detect(p, n) && !is_tdx(p);
}

static bool detect_tdx(const uint8_t *p, size_t n)
{
	return bl_quote_detect(p, n) && is_tdx(p);
}

static int parse_tech(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_quote q;

	if (bl_quote_parse(&q, p, n, err))
		return -1;
	e->claims = bl_json_new_object();
	bl_quote_claims(&q, e->claims);
	return bl_quote_words(e, &q, err);
}

static int verify_tech(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_quote q;
	uint8_t want[64] = { 0 };

	if (bl_quote_parse(&q, p, n, err) || bl_dcap_verify(e, &q, e->claims, err))
		return -1;
	if (!e->nonce) {
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "nonce", "none was asked for");
		return 0;
	}
	if (e->nonce_len <= sizeof want)
		memcpy(want, e->nonce, e->nonce_len);
	if (e->nonce_len <= sizeof want && !memcmp(want, bl_quote_report_data(&q), sizeof want))
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "nonce");
	else
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "nonce", "nonce", "report data is not the nonce, padded with zeros");
	return 0;
}

static const char *const files[] = { "quote.bin", NULL };
static const uint8_t anchor[][32] = {		/* Intel SGX Root CA */
	{ 0xa0, 0xaf, 0x03, 0x12, 0x89, 0xf5, 0xd5, 0xd4, 0x13, 0x2f, 0x91, 0x86, 0x06, 0x8a, 0x7f, 0xc1,
	  0x36, 0x28, 0x63, 0x3b, 0xa2, 0x35, 0x77, 0x74, 0x72, 0xe2, 0x9b, 0x6b, 0x6c, 0x67, 0xa4, 0x9e },
};
const struct bl_evidence_tech bl_quote_sgx_tech = { "sgx", files, detect_sgx, parse_tech, verify_tech, NULL, anchor, 1, NULL };
const struct bl_evidence_tech bl_quote_tdx_tech = { "tdx", files, detect_tdx, parse_tech, verify_tech, NULL, anchor, 1, NULL };
