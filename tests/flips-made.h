/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flips-made: evidence of every technology by keys of our own, in order in every respect, for tests that then change a byte of it: each
 * function gives a case of flips.h with its roots. Keys are few and small where the technology lets them be.
 */
#ifndef TESTS_FLIPS_MADE_H
#define TESTS_FLIPS_MADE_H

#include "attest-amd.h"
#include "attest-aws.h"
#include "attest-quote.h"
#include "attest/bundle.h"
#include "flips.h"

/* Switches appraisal off as far as a policy can: what is left is whether the evidence is authentic. */
#define FLIP_ANY "{\"version\":1,\"debug\":\"allow\",\"accepted_tcb_status\":[\"*\"],\"collateral\":\"optional\",\"revocation\":\"if-present\"," \
		 "\"provisional\":\"allow\",\"vmpl\":[0,1,2,3],\"migrate_ma\":\"allow\",\"masked_chip_id\":\"allow\",\"service_td\":\"allow\",\"sha1\":\"allow\"}"

static struct bl_arena made_arena;
static EVP_PKEY *made_ak;		/* RSA: of TPMs */
static struct attest_cert *made_ark, *made_ask, *made_vek;
static const struct attest_cert *made_root;	/* of the case that was made last */
static struct intel made_intel;

static inline void made_init(void)
{
	bl_arena_init(&made_arena, 64 << 20);
	made_ak = attest_key(ATTEST_RSA2048);
	made_ark = attest_issue(NULL, attest_key(ATTEST_RSA2048), &(struct attest_spec){ .subject = "CN=ARK-Milan", .ca = true });
	made_ask = attest_issue(made_ark, attest_key(ATTEST_RSA2048), &(struct attest_spec){ .subject = "CN=SEV-Milan", .ca = true });
	made_vek = amd_vek(made_ask, &(struct amd){ .snp = 0 });
}

static inline void made_fini(void)
{
	bl_arena_fini(&made_arena);
	attest_done();
}

static inline struct flip_case *made_new(const char *what, const struct attest_cert *root)
{
	struct flip_case *c = flip_new(what, FLIP_ANY, ATTEST_NOW);

	made_root = root;
	c->set.own_anchors = true;
	attest_anchor(&c->set.anchors, root);
	return c;
}

static inline void made_pem(struct flip_case *c, const char *name, const char *before, const struct attest_cert *const *v)
{
	struct bl_buf b;

	bl_buf_init(&b, 1 << 16);
	bl_buf_puts(&b, before);
	for (; *v; v++)
		attest_pem(&b, *v);
	flip_add(c, name, b.p, b.len);
	bl_buf_fini(&b);
}

static inline void made_be(struct bl_buf *b, uint64_t v, int n)
{
	while (n--)
		bl_buf_put8(b, (uint8_t)(v >> 8 * n));
}

/* --- AMD --- */

static inline struct flip_case *made_snp(void)
{
	struct flip_case *c = made_new("made/snp", made_ark);
	uint8_t p[1184], *der;
	size_t n = amd_report(p, NULL, made_vek->key);

	flip_add(c, "report.bin", p, n);
	flip_add(c, "vek.der", made_vek->der, made_vek->n);
	made_pem(c, "ask_ark.pem", "the two of a Milan\n", (const struct attest_cert *const[]){ made_ask, made_ark, NULL });
	n = attest_crl(made_ark, &(struct attest_crl_spec){ .from = ATTEST_NOW - 9, .until = ATTEST_NOW + 9, .revoked = { made_vek } }, &der);
	flip_add(c, "crl.der", der, n);
	n = attest_crl(made_ask, &(struct attest_crl_spec){ .from = ATTEST_NOW - 9, .until = ATTEST_NOW + 9, .revoked = { made_ask } }, &der);
	flip_add(c, "crl-ask.der", der, n);
	return c;
}

/* A report with its certificates in a table; with files, too, these are what is used. */
static inline struct flip_case *made_extended(bool files)
{
	static const uint8_t guid[3][16] = {
		{ 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd },
		{ 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82 },
		{ 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae },
	};
	const struct attest_cert *const cert[] = { made_vek, made_ask, made_ark };
	struct flip_case *c = made_new(files ? "made/snp, extended and files" : "made/snp, extended", made_ark);
	uint8_t p[1184];
	struct bl_buf b;
	uint32_t at = 4 * 24;

	bl_certs_fini(&c->set.anchors.own);	/* the key alone is the anchor, as those that are built in */
	bl_buf_init(&b, 1 << 16);
	bl_buf_put(&b, p, amd_report(p, NULL, made_vek->key));
	for (size_t i = 0; i < 3; at += (uint32_t)cert[i++]->n) {
		bl_buf_put(&b, guid[i], 16);
		bl_buf_put32(&b, at);
		bl_buf_put32(&b, (uint32_t)cert[i]->n);
	}
	bl_buf_put(&b, (uint8_t[24]){ 0 }, 24);
	for (size_t i = 0; i < 3; i++)
		bl_buf_put(&b, cert[i]->der, cert[i]->n);
	bl_buf_put(&b, (uint8_t[40]){ 0 }, 40);
	flip_add(c, "extended.bin", b.p, b.len);
	bl_buf_fini(&b);
	if (files) {
		flip_add(c, "vek.der", made_vek->der, made_vek->n);
		made_pem(c, "ask_ark.pem", "", (const struct attest_cert *const[]){ made_ask, made_ark, NULL });
	}
	return c;
}

/* The same report, and what is beside it in a bundle that somebody signed. */
static inline struct flip_case *made_bundle(void)
{
	static const uint8_t seed[32] = { 1 };
	struct flip_case *c = made_snp();
	struct bl_evidence_files f = { .n = 0 };
	struct bl_ident id;
	struct bl_buf b;
	int rc = bl_ident_from_seed(&id, seed, &err);

	for (size_t k = 1; k < c->n; k++)
		rc = rc || bl_files_put(&f, &made_arena, c->v[k].name, c->v[k].p, c->v[k].n, NULL, true, &err);
	bl_buf_init(&b, 1 << 20);
	rc = rc || bl_bundle_print(&f, ATTEST_NOW, &id, &b, &err);
	assert(!rc);
	while (c->n > 1)
		free(c->v[--c->n].p);
	strcpy(c->what, "made/snp, a signed bundle");
	flip_add(c, "bundle.json", b.p, b.len);
	bl_buf_fini(&b);
	bl_ident_fini(&id);
	return c;
}

/* --- Intel --- */

static inline struct flip_case *made_quote(const char *what, unsigned version, enum bl_quote_body kind, bool one_file)
{
	static struct bl_evidence_files f;
	struct intel *i = &made_intel;
	struct flip_case *c;

	bl_certs_fini(&i->anchors.own);
	intel_init(i, &made_arena);
	if (kind == BL_QUOTE_SGX)
		intel_sgx(i, version);
	i->version = version;
	i->kind = kind;
	i->one_file = one_file;
	intel_make(i, &f);
	c = made_new(what, i->root);
	for (size_t k = 0; k < f.n; k++)
		flip_add(c, f.v[k].name, f.v[k].p, f.v[k].n);
	return c;
}

/* --- Nitro --- */

static inline struct flip_case *made_nitro(void)
{
	struct flip_case *c;
	struct bl_buf doc;
	struct aws a;

	aws_init(&a);
	c = made_new("made/nitro", a.root);
	bl_buf_init(&doc, 1 << 16);
	aws_document(&doc, &a, AWS_TAGGED);
	flip_add(c, "doc.cbor", doc.p, doc.len);
	bl_buf_fini(&doc);
	return c;
}

/* --- TPM --- */

/* A quote of 24 PCRs of SHA-256, which are 0, 1, 2...; its signature by RSASSA, bare or in a TPMT. */
static inline void made_tpm_files(struct flip_case *c, const char *msg, const char *sig, bool bare)
{
	uint8_t pcrs[24 * 32], digest[32], s[1024];
	struct bl_buf b;
	size_t n;

	for (size_t i = 0; i < sizeof pcrs; i++)
		pcrs[i] = (uint8_t)(i / 32);
	bl_hash_sha256(pcrs, sizeof pcrs, digest);
	bl_buf_init(&b, 4096);
	made_be(&b, 0xff5443478018, 6), made_be(&b, 0, 2), made_be(&b, 4, 2), made_be(&b, 0xdeadbeef, 4), made_be(&b, 1000, 8), made_be(&b, 0, 8);
	made_be(&b, 1, 1), made_be(&b, 77, 8), made_be(&b, 1, 4), made_be(&b, 0xb03ffffff, 6), made_be(&b, 32, 2);
	bl_buf_put(&b, digest, 32);
	flip_add(c, msg, b.p, b.len);
	n = attest_sign(made_ak, BL_KEY_SHA256, false, b.p, b.len, s);
	bl_buf_clear(&b);
	if (!bare)
		made_be(&b, 0x14000b, 4), made_be(&b, n, 2);
	bl_buf_put(&b, s, n);
	flip_add(c, sig, b.p, b.len);
	flip_add(c, "pcrs.bin", pcrs, sizeof pcrs);
	bl_buf_fini(&b);
}

/* With a certificate of its key under a root; and the same key, bare. */
static inline struct flip_case *made_tpm(void)
{
	struct attest_cert *root = attest_issue(NULL, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = "CN=maker", .ca = true });
	struct attest_cert *ak = attest_issue(root, made_ak, &(struct attest_spec){ .subject = "CN=ak" });
	struct flip_case *c = made_new("made/tpm", root);
	BIO *bio = BIO_new(BIO_s_mem());
	int good = PEM_write_bio_PUBKEY(bio, made_ak);
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);

	assert(good == 1);
	made_tpm_files(c, "quote.msg", "quote.sig", false);
	made_pem(c, "ak_cert.pem", "\r\n", (const struct attest_cert *const[]){ ak, root, NULL });
	flip_add(c, "ak_pub.pem", p, (size_t)n);
	BIO_free(bio);
	return c;
}

/* --- NVIDIA --- */

static inline struct flip_case *made_nvidia(void)
{
	struct attest_cert *root = attest_issue(NULL, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=root", .ca = true });
	struct attest_cert *middle = attest_issue(root, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=middle", .ca = true });
	struct attest_cert *leaf = attest_issue(middle, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=GH100 A01 GSP FMC LF" });
	struct flip_case *c = made_new("made/nvidia", root);
	struct bl_buf b;
	uint8_t rs[96];

	bl_buf_init(&b, 1 << 14);
	bl_buf_put(&b, "\x11\xe0\x01\xff", 4);
	bl_buf_put(&b, (uint8_t[33]){ 0x4e }, 33);
	bl_buf_put(&b, "\x11\x60\x00\x00\x02\x6e\x00\x00", 8);
	for (uint8_t i = 1; i < 3; i++) {
		bl_buf_put(&b, (uint8_t[]){ i, 1, 51, 0, 1, 48, 0 }, 7);
		for (int k = 0; k < 48; k++)
			bl_buf_put8(&b, i);
	}
	bl_buf_put(&b, (uint8_t[32]){ 0x52 }, 32);
	bl_buf_put16(&b, 14);
	bl_buf_put(&b, "\x03\x00\x0a\x00" "590.48.01", 14);
	attest_sign_raw(leaf->key, BL_KEY_SHA384, b.p, b.len, rs);
	bl_buf_put(&b, rs, sizeof rs);
	flip_add(c, "report.bin", b.p, b.len);
	bl_buf_fini(&b);
	made_pem(c, "chain.pem", "", (const struct attest_cert *const[]){ leaf, middle, root, NULL });
	return c;
}

/* --- Azure --- */

enum { MADE_RUNTIME = 0x4c0, MADE_JSON = MADE_RUNTIME + 20 };

static inline void made_runtime(struct bl_buf *b)
{
	char text[BL_TEXT_B64(512)];
	uint8_t raw[512];
	BIGNUM *n = NULL;
	int len = EVP_PKEY_get_bn_param(made_ak, "n", &n) == 1 ? BN_bn2bin(n, raw) : 0;

	BN_free(n);
	bl_text_b64(raw, (size_t)len, text);
	for (char *s = text; *s; s++)
		*s = *s == '+' ? '-' : *s == '/' ? '_' : *s;
	text[strcspn(text, "=")] = 0;
	bl_buf_printf(b, "{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"}],\"user-data\":\"00\"}", text);
}

/* A report as the processor makes it, of what the quote's body says; the MAC is anything. */
static inline void made_td_report(uint8_t *p, const uint8_t body[584])
{
	uint8_t digest[64];

	p[0] = 0x81;
	memset(p + 16, 5, 16);
	memcpy(p + 128, body + 520, 64);
	memset(p + 224, 0xac, 32);
	p[256] = 0xff;
	memcpy(p + 264, body, 120);
	memcpy(p + 512, body + 120, 400);
	bl_key_digest(BL_KEY_SHA384, p + 256, 239, digest);
	memcpy(p + 32, digest, 48);
	bl_key_digest(BL_KEY_SHA384, p + 512, 512, digest);
	memcpy(p + 80, digest, 48);
}

static inline struct flip_case *made_azure(bool td)
{
	static uint8_t p[MADE_JSON + 2048];
	uint8_t data[64] = { 0 };
	struct flip_case *c;
	struct bl_buf json, quote;
	uint32_t size;

	bl_buf_init(&json, 2000);
	made_runtime(&json);
	bl_hash_sha256(json.p, json.len, data);
	memset(p, 0, sizeof p);
	size = (uint32_t)json.len + 20;
	memcpy(p, "HCLA", 4);
	memcpy(p + 4, (uint32_t[]){ 2, MADE_RUNTIME + size, 2 }, 12);
	memcpy(p + MADE_RUNTIME, (uint32_t[]){ size, 1, td ? 4 : 2, 1, (uint32_t)json.len }, 20);
	memcpy(p + MADE_JSON, json.p, json.len);
	bl_buf_init(&quote, 1 << 16);
	if (td) {
		bl_certs_fini(&made_intel.anchors.own);
		intel_init(&made_intel, &made_arena);
		memcpy(made_intel.body + 520, data, 64);
		intel_quote(&made_intel, &quote);
		made_td_report(p + 0x20, made_intel.body);
	} else {
		amd_report(p + 0x20, data, made_vek->key);
	}
	c = made_new(td ? "made/azure, TDX" : "made/azure, SNP", td ? made_intel.root : made_ark);
	flip_add(c, "hcl_report.bin", p, MADE_JSON + json.len + 16);
	made_tpm_files(c, "tpm_quote.msg", "tpm_quote.sig", true);
	if (td) {
		flip_add(c, "td_quote.bin", quote.p, quote.len);
	} else {
		flip_add(c, "vek.der", made_vek->der, made_vek->n);
		made_pem(c, "ask_ark.pem", "", (const struct attest_cert *const[]){ made_ask, made_ark, NULL });
	}
	bl_buf_fini(&json);
	bl_buf_fini(&quote);
	return c;
}

#endif
