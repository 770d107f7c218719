/* SPDX-License-Identifier: Apache-2.0 */
/* TPM quotes: of keys of our own, every scheme and several banks, every byte of one altered; and the known cases. */
#include "../tap.h"
#include "../attest.h"
#include "../vectors.h"
#include "attest/tpm.h"

enum flaw { NONE, BARE, TRAILING, MAGIC, TYPE, UNKNOWN_BANK, BANK_TWICE, WIDE_BANK, PCRS_SHORT, PCRS_OTHER, SHORT_R };
static const uint16_t hash_alg[] = { 0x4, 0xb, 0xc, 0xd };
static EVP_PKEY *rsa, *rsa2, *p256, *p384;
static struct attest_cert *root, *ak, *stranger;
static struct bl_cert_anchors anchors;
static struct run r;

struct made { struct bl_buf msg, sig, pcrs; };

static void be(struct bl_buf *b, uint64_t v, int n)
{
	while (n--)
		bl_buf_put8(b, (uint8_t)(v >> 8 * n));
}

static void sized(struct bl_buf *b, const void *p, size_t n)
{
	be(b, n, 2);
	bl_buf_put(b, p, n);
}

/* All 24 PCRs of SHA-256, and PCR 0 and 16 of SHA-1. */
static void put_selection(struct made *m, enum flaw flaw)
{
	be(&m->msg, 2, 4);
	be(&m->msg, flaw == UNKNOWN_BANK ? 0x7777 : 0xb, 2);
	be(&m->msg, flaw == WIDE_BANK ? 9 : 3, 1);
	be(&m->msg, 0xffffff, 3);
	be(&m->msg, 0, flaw == WIDE_BANK ? 6 : 0);
	be(&m->msg, flaw == BANK_TWICE ? 0xb : 0x4, 2);
	be(&m->msg, 3, 1);
	be(&m->msg, 0x010001, 3);
	for (int i = 0; i < 24; i++)
		for (int k = 0; k < 32; k++)
			bl_buf_put8(&m->pcrs, (uint8_t)i);
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 20; k++)
			bl_buf_put8(&m->pcrs, (uint8_t)(0xa0 + i));
}

static void put_quote(struct made *m, enum bl_key_hash hash, enum flaw flaw)
{
	uint8_t digest[64];

	be(&m->msg, flaw == MAGIC ? 0xff544348 : 0xff544347, 4);
	be(&m->msg, flaw == TYPE ? 0x8017 : 0x8018, 2);
	sized(&m->msg, "\x00\x0b" "signer", 8);
	sized(&m->msg, "\xde\xad\xbe\xef", 4);
	be(&m->msg, 123456, 8);
	be(&m->msg, 7, 4);
	be(&m->msg, 8, 4);
	be(&m->msg, 1, 1);
	be(&m->msg, 0x2019102300163636, 8);
	put_selection(m, flaw);
	sized(&m->msg, digest, bl_key_digest(hash, m->pcrs.p, m->pcrs.len, digest));
	if (flaw == TRAILING)
		be(&m->msg, 0, 1);
}

/* Leading zeros go, as TPMs may send them. */
static void put_number(struct bl_buf *b, const uint8_t *p, size_t n)
{
	while (n && !*p)
		p++, n--;
	sized(b, p, n);
}

static void put_sig(struct made *m, EVP_PKEY *key, unsigned scheme, enum bl_key_hash hash, enum flaw flaw)
{
	uint8_t sig[1024], *s = sig;
	size_t w, n;

	if (flaw != BARE) {
		be(&m->sig, scheme, 2);
		be(&m->sig, hash_alg[hash], 2);
	}
	if (EVP_PKEY_is_a(key, "RSA")) {
		n = attest_sign(key, hash, scheme == 0x16, m->msg.p, m->msg.len, sig);
		if (flaw != BARE)
			sized(&m->sig, sig, n);
		else
			bl_buf_put(&m->sig, sig, n);
		return;
	}
	w = attest_sign_raw(key, hash, m->msg.p, m->msg.len, sig) / 2;
	for (int i = 0; flaw == SHORT_R && *s && i < 5000; i++)
		attest_sign_raw(key, hash, m->msg.p, m->msg.len, sig);
	put_number(&m->sig, sig, w);
	put_number(&m->sig, sig + w, w);
}

static void make(struct made *m, EVP_PKEY *key, unsigned scheme, enum bl_key_hash hash, enum flaw flaw)
{
	bl_buf_init(&m->msg, 4096);
	bl_buf_init(&m->sig, 4096);
	bl_buf_init(&m->pcrs, 4096);
	put_quote(m, hash, flaw);
	put_sig(m, key, scheme, hash, flaw);
	if (flaw == PCRS_SHORT)
		m->pcrs.len--;
	if (flaw == PCRS_OTHER)
		m->pcrs.p[40] ^= 1;
}

static void drop(struct made *m)
{
	bl_buf_fini(&m->msg);
	bl_buf_fini(&m->sig);
	bl_buf_fini(&m->pcrs);
}

static void add_key(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int good = PEM_write_bio_PUBKEY(bio, key);
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);

	if (good == 1)
		run_add(&r, "ak_pub.pem", p, (size_t)n);
	BIO_free(bio);
}

static void add_cert(const struct attest_cert *c)
{
	struct bl_buf b;

	bl_buf_init(&b, 1 << 16);
	attest_pem(&b, c);
	run_add(&r, "ak_cert.pem", b.p, b.len);
	bl_buf_fini(&b);
}

static void start(const struct made *m, const char *policy)
{
	run_init(&r, policy);
	r.e.time = ATTEST_NOW;
	run_add(&r, "quote.msg", m->msg.p, m->msg.len);
	run_add(&r, "quote.sig", m->sig.p, m->sig.len);
	run_add(&r, "pcrs.bin", m->pcrs.p, m->pcrs.len);
}

static void end(int authentic, const char *reason, const char *why)
{
	run(&r, &bl_tpm_tech);
	if (!ok(run_authentic(&r) == authentic && !strcmp(run_reason(&r), reason), "%s: %s", why, *reason ? reason : "passes"))
		run_print(&r);
	run_fini(&r);
}

static void scheme(EVP_PKEY *key, unsigned alg, enum bl_key_hash hash, enum flaw flaw, const char *policy, EVP_PKEY *with, int authentic,
		   const char *reason, const char *why)
{
	struct made m;

	make(&m, key, alg, hash, flaw);
	start(&m, policy);
	add_key(with);
	end(authentic, reason, why);
	drop(&m);
}

static void schemes(void)
{
	scheme(rsa, 0x14, BL_KEY_SHA256, NONE, NULL, rsa, 1, "", "RSASSA with SHA-256, 24 PCRs and two of another bank");
	scheme(rsa, 0x14, BL_KEY_SHA512, NONE, NULL, rsa, 1, "", "RSASSA with SHA-512: the signature's hash is that of the PCR digest");
	scheme(rsa, 0x16, BL_KEY_SHA384, NONE, NULL, rsa, 1, "", "RSAPSS with SHA-384");
	scheme(p256, 0x18, BL_KEY_SHA256, NONE, NULL, p256, 1, "", "ECDSA on P-256");
	scheme(p384, 0x18, BL_KEY_SHA384, NONE, NULL, p384, 1, "", "ECDSA on P-384");
	scheme(p384, 0x18, BL_KEY_SHA256, NONE, NULL, p384, 1, "", "ECDSA on P-384 with SHA-256");
	scheme(p256, 0x18, BL_KEY_SHA256, SHORT_R, NULL, p256, 1, "", "ECDSA where r begins with zeros that were left out");
	scheme(rsa, 0x14, BL_KEY_SHA1, NONE, NULL, rsa, 1, "sha1", "SHA-1");
	scheme(rsa, 0x14, BL_KEY_SHA1, NONE, "{\"version\":1,\"sha1\":\"allow\"}", rsa, 1, "", "SHA-1 where the policy allows it");
	scheme(rsa, 0x16, BL_KEY_SHA256, NONE, NULL, rsa2, 0, "signature", "another RSA key");
	scheme(rsa, 0x14, BL_KEY_SHA256, NONE, NULL, p256, 0, "key-type", "an ECDSA key for an RSA signature");
	scheme(p256, 0x18, BL_KEY_SHA256, NONE, NULL, rsa, 0, "key-type", "an RSA key for an ECDSA signature");
	scheme(p384, 0x18, BL_KEY_SHA384, NONE, NULL, p256, 0, "signature", "a key on another curve");
	scheme(rsa, 0x15, BL_KEY_SHA256, NONE, NULL, rsa, 65, "malformed", "a scheme that is none of the three");
	scheme(rsa, 0x14, BL_KEY_SHA256, BARE, NULL, rsa, 65, "malformed", "a bare signature outside of azure");
	scheme(rsa, 0x14, BL_KEY_SHA256, TRAILING, NULL, rsa, 65, "malformed", "a byte after the quote");
	scheme(rsa, 0x14, BL_KEY_SHA256, MAGIC, NULL, rsa, 65, "malformed", "another magic, although signed");
	scheme(rsa, 0x14, BL_KEY_SHA256, TYPE, NULL, rsa, 65, "malformed", "another attestation than a quote, although signed");
	scheme(rsa, 0x14, BL_KEY_SHA256, BANK_TWICE, NULL, rsa, 65, "malformed", "a bank twice");
	scheme(rsa, 0x14, BL_KEY_SHA256, WIDE_BANK, NULL, rsa, 65, "malformed", "a bank wider than 64 PCRs");
	scheme(rsa, 0x14, BL_KEY_SHA256, UNKNOWN_BANK, NULL, rsa, 0, "unsupported", "values of a bank of an unknown hash");
	scheme(rsa, 0x14, BL_KEY_SHA256, PCRS_SHORT, NULL, rsa, 65, "malformed", "pcrs.bin of another length");
	scheme(rsa, 0x14, BL_KEY_SHA256, PCRS_OTHER, NULL, rsa, 0, "binding", "another value in pcrs.bin");
}

static void binding(void)
{
	char policy[256], hex[65];
	uint8_t hash[32];
	struct bl_cert *c = attest_parse(ak);
	struct made m;

	make(&m, ak->key, 0x18, BL_KEY_SHA256, NONE);
	bl_key_hash(bl_cert_key(c), hash);
	bl_text_hex(hash, 32, hex);
	bl_cert_free(c);
	start(&m, "{\"version\":1,\"must\":[\"ak-binding\"]}");
	add_key(ak->key);
	end(1, "missing-check", "a key that nothing speaks for");
	start(&m, "{\"version\":1,\"must\":[\"ak-binding\"]}");
	add_cert(ak);
	end(1, "missing-check", "a certificate, and no root");
	start(&m, "{\"version\":1,\"must\":[\"ak-binding\"]}");
	add_cert(ak);
	r.e.anchors = &anchors;
	end(1, "", "a certificate under the root that was given");
	start(&m, NULL);
	add_cert(stranger);
	r.e.anchors = &anchors;
	end(0, "chain", "the same key in a certificate under another root");
	start(&m, NULL);
	add_cert(ak);
	r.e.anchors = &anchors;
	r.e.time = ATTEST_UNTIL + 1;
	end(0, "cert-expired", "the certificate a second too late");
	start(&m, NULL);
	add_cert(ak);
	add_key(rsa);
	end(0, "binding", "a certificate and a key that differ");
	snprintf(policy, sizeof policy, "{\"version\":1,\"ak\":[\"%s\"],\"must\":[\"ak-binding\"]}", hex);
	start(&m, policy);
	add_key(ak->key);
	end(1, "", "a key that the policy lists");
	hex[5] = hex[5] == '0' ? '1' : '0';
	snprintf(policy, sizeof policy, "{\"version\":1,\"ak\":[\"%s\"]}", hex);
	start(&m, policy);
	add_key(ak->key);
	end(1, "ak", "a key that the policy does not list");
	start(&m, NULL);
	end(-1, "collateral-missing", "no key at all is undecided, and no");
	drop(&m);
}

#define AIK 6, 5, 0x67, 0x81, 5, 8, 3
#define SERVER 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1
#define ANY_USE 6, 4, 0x55, 0x1d, 0x25, 0
static const uint8_t aik[] = { 0x30, 7, AIK }, server[] = { 0x30, 10, SERVER }, both[] = { 0x30, 17, SERVER, AIK }, any_use[] = { 0x30, 6, ANY_USE },
		     no_use[] = { 0x30, 0 }, cut_use[] = { 0x30, 9, AIK, 6, 1 }, use_and_more[] = { 0x30, 7, AIK, 5, 0 },
		     dir_name[] = { 0x30, 4, 0xa4, 2, 0x30, 0 }, no_name[] = { 0x30, 0 }, odd_name[] = { 0x30, 4, 0x8b, 2, 'a', 'b' },
		     name_and_more[] = { 0x30, 4, 0xa4, 2, 0x30, 0, 5, 0 };
#define EKU "2.5.29.37"
#define SAN "2.5.29.17"
#define EXT(oid, critical, bytes) { oid, critical, bytes, sizeof bytes }

/* A certificate of ak's key with these extensions, under an authority with those. */
static void extension(struct attest_ext own, struct attest_ext more, struct attest_ext above, int authentic, const char *reason, const char *why)
{
	static EVP_PKEY *key;
	struct attest_cert *ca, *leaf;
	struct bl_buf pem;
	struct made m;

	key = key ? key : attest_key(ATTEST_P384);
	ca = attest_issue(root, key, &(struct attest_spec){ .subject = "CN=middle", .ca = true, .ext = { above } });
	leaf = attest_issue(ca, ak->key, &(struct attest_spec){ .subject = "CN=ak", .ext = { own, more } });
	make(&m, ak->key, 0x18, BL_KEY_SHA256, NONE);
	start(&m, "{\"version\":1,\"must\":[\"ak-binding\"]}");
	bl_buf_init(&pem, 1 << 16);
	attest_pem(&pem, leaf);
	attest_pem(&pem, ca);
	run_add(&r, "ak_cert.pem", pem.p, pem.len);
	bl_buf_fini(&pem);
	r.e.anchors = &anchors;
	end(authentic, reason, why);
	drop(&m);
}

static void extensions(void)
{
	static const struct attest_ext none = { 0 };

	extension((struct attest_ext)EXT(EKU, true, aik), none, none, 1, "", "a certificate for attestation keys, critical");
	extension((struct attest_ext)EXT(EKU, true, both), none, none, 1, "", "one for these among other uses");
	extension((struct attest_ext)EXT(EKU, false, aik), none, none, 1, "", "one that is not critical");
	extension((struct attest_ext)EXT(EKU, true, server), none, none, 0, "chain", "a certificate for web servers, critical");
	extension((struct attest_ext)EXT(EKU, false, server), none, none, 0, "chain", "or not: its holder signs no quotes");
	extension((struct attest_ext)EXT(EKU, true, any_use), none, none, 0, "chain", "one for any use, which is not asked to be careful with it");
	extension((struct attest_ext)EXT(EKU, true, no_use), none, none, 0, "chain", "an empty list of uses");
	extension((struct attest_ext)EXT(EKU, true, cut_use), none, none, 0, "chain", "a list of uses that is cut");
	extension((struct attest_ext)EXT(EKU, true, use_and_more), none, none, 0, "chain", "a list of uses with bytes after it");
	extension((struct attest_ext)EXT(SAN, true, dir_name), none, none, 1, "", "the TPM's name as alternative name, critical");
	extension((struct attest_ext)EXT(SAN, true, dir_name), (struct attest_ext)EXT(EKU, true, aik), none, 1, "", "both");
	extension((struct attest_ext)EXT(SAN, true, dir_name), (struct attest_ext)EXT(EKU, true, server), none, 0, "chain", "a name does not make up for another use");
	extension((struct attest_ext)EXT(SAN, true, no_name), none, none, 0, "chain", "an empty list of names");
	extension((struct attest_ext)EXT(SAN, true, odd_name), none, none, 0, "chain", "a name of a kind that there is none of");
	extension((struct attest_ext)EXT(SAN, false, name_and_more), none, none, 0, "chain", "a list of names with bytes after it");
	extension((struct attest_ext)EXT("2.5.29.30", true, no_use), none, none, 0, "chain", "an unknown critical extension");
	extension((struct attest_ext)EXT(EKU, true, aik), (struct attest_ext)EXT("1.2.3.4", true, aik), none, 0, "chain", "one beside a known one");
	extension(none, none, (struct attest_ext)EXT(EKU, true, aik), 1, "", "an authority for attestation keys");
	extension(none, none, (struct attest_ext)EXT(EKU, false, any_use), 1, "", "an authority for any use");
	extension((struct attest_ext)EXT(EKU, true, aik), none, (struct attest_ext)EXT(EKU, true, server), 0, "chain", "an authority for web servers");
	extension(none, none, (struct attest_ext)EXT("2.5.29.30", true, no_use), 0, "chain", "an authority with name constraints, which nobody reads");
	ok(!anchors.reads, "what a technology reads is not written to the roots of others");
}

/* A batch keeps paths: one that is good for quotes of TPMs is not good for who does not read what its certificates say. */
static void cached(void)
{
	static const struct bl_evidence_tech deaf = { .name = "deaf" };
	struct attest_cert *leaf = attest_issue(root, ak->key, &(struct attest_spec){ .subject = "CN=ak", .ext = { EXT(EKU, true, aik) } });
	struct bl_cert *c = attest_parse(leaf);
	struct bl_evidence_cache *cache = bl_evidence_cache_new();
	const struct bl_evidence_tech *const tech[] = { &bl_tpm_tech, &deaf, &bl_tpm_tech };

	for (int i = 0; i < 3; i++) {
		run_init(&r, NULL);
		r.e.tech = tech[i];
		r.e.anchors = &anchors;
		r.e.cache = cache;
		r.e.time = ATTEST_NOW;
		ok(bl_evidence_chain(&r.e, "chain", c, NULL, NULL) == (i != 1), "a critical extension is read by who reads it, time %d", i);
		run_fini(&r);
	}
	bl_evidence_cache_free(cache);
	bl_cert_free(c);
}

static void shown(void)
{
	const struct bl_json *v;
	struct bl_cert *c = attest_parse(ak);
	uint8_t hash[32];
	struct made m;
	char hex[65];

	make(&m, ak->key, 0x18, BL_KEY_SHA256, NONE);
	bl_key_hash(bl_cert_key(c), hash);
	bl_text_hex(hash, 32, hex);
	bl_cert_free(c);
	for (int cert = 0; cert < 2; cert++) {
		start(&m, NULL);
		if (cert)
			add_cert(ak);
		else
			add_key(ak->key);
		r.e.tech = &bl_tpm_tech;
		ok(!bl_evidence_show(&r.e, r.files.v[0].p, r.files.v[0].n, &err), "show reads a quote with %s", cert ? "a certificate" : "a key");
		v = bl_json_get(r.e.claims, "ak");
		is_str(v ? bl_json_text(v, NULL) : NULL, hex, "and shows the key's hash as the policy takes it");
		run_fini(&r);
	}
	start(&m, NULL);
	r.e.tech = &bl_tpm_tech;
	ok(!bl_evidence_show(&r.e, r.files.v[0].p, r.files.v[0].n, &err) && !bl_json_get(r.e.claims, "ak"), "and none where there is no key");
	run_fini(&r);
	drop(&m);
}

#define V7 "\"0707070707070707070707070707070707070707070707070707070707070707\""
#define V16 "\"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\""
static void registers(void)
{
	static const struct { const char *registers, *reason, *why; } one[] = {
		{ "\"pcr7\":[" V7 "]", "", "a PCR by number" }, { "\"sha256:7\":[" V7 "]", "", "a PCR by bank and number" },
		{ "\"sha1:16\":[" V16 "]", "", "a PCR of the second bank" }, { "\"pcr16\":[" V16 "]", "", "a PCR of the second bank by number" },
		{ "\"pcr8\":[" V7 "]", "registers", "another value" }, { "\"sha1:7\":[" V7 "]", "registers", "a PCR that was not quoted" },
		{ "\"sha384:7\":[" V7 "]", "registers", "a bank that was not quoted" }, { "\"pcr24\":[" V7 "]", "registers", "a PCR past the last" },
		{ "\"pcr07\":[" V7 "]", "registers", "a PCR in another spelling" },
	};
	struct made m;
	char policy[512];

	make(&m, p256, 0x18, BL_KEY_SHA256, NONE);
	for (size_t i = 0; i < sizeof one / sizeof *one; i++) {
		snprintf(policy, sizeof policy, "{\"version\":1,\"registers\":{%s}}", one[i].registers);
		start(&m, policy);
		add_key(p256);
		end(1, one[i].reason, one[i].why);
	}
	run_init(&r, NULL);
	r.e.time = ATTEST_NOW;
	run_add(&r, "quote.msg", m.msg.p, m.msg.len);
	run_add(&r, "quote.sig", m.sig.p, m.sig.len);
	add_key(p256);
	run(&r, &bl_tpm_tech);
	is_str(run_check(&r, "pcr-digest"), "skip", "without pcrs.bin its check is skipped");
	run_fini(&r);
	drop(&m);
}

static void nonces(void)
{
	struct made m;

	make(&m, p256, 0x18, BL_KEY_SHA256, NONE);
	start(&m, NULL);
	run_nonce(&r, "deadbeef");
	add_key(p256);
	end(1, "", "the nonce that was asked for");
	start(&m, NULL);
	run_nonce(&r, "deadbeee");
	add_key(p256);
	end(0, "nonce", "another nonce");
	start(&m, NULL);
	run_nonce(&r, "deadbeef00");
	add_key(p256);
	end(0, "nonce", "a longer nonce");
	drop(&m);
}

static size_t flip(const struct made *m, struct bl_buf *b)
{
	size_t passed = 0;

	for (size_t i = 0; i < b->len; i++) {
		b->p[i] ^= (uint8_t)(1u << i % 8);
		start(m, NULL);
		add_key(p256);
		run(&r, &bl_tpm_tech);
		passed += run_authentic(&r) == 1;
		run_fini(&r);
		b->p[i] ^= (uint8_t)(1u << i % 8);
	}
	return passed;
}

static void flips(void)
{
	struct made m;

	make(&m, p256, 0x18, BL_KEY_SHA256, NONE);
	is_int(flip(&m, &m.msg), 0, "no byte of the quote can be altered");
	is_int(flip(&m, &m.sig), 0, "no byte of the signature can be altered");
	is_int(flip(&m, &m.pcrs), 0, "no byte of the values can be altered");
	drop(&m);
}

int main(void)
{
	static char name[64][128];
	struct attest_cert *other;
	size_t n;

	bl_json_init();
	if (bl_mem_init(true, &err))
		return 71;
	rsa = attest_key(ATTEST_RSA2048);
	rsa2 = attest_key(ATTEST_RSA2048);
	p256 = attest_key(ATTEST_P256);
	p384 = attest_key(ATTEST_P384);
	root = attest_issue(NULL, p384, &(struct attest_spec){ .subject = "CN=root", .ca = true });
	other = attest_issue(NULL, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=other", .ca = true });
	ak = attest_issue(root, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = "CN=ak" });
	stranger = attest_issue(other, ak->key, &(struct attest_spec){ .subject = "CN=ak" });
	attest_anchor(&anchors, root);
	schemes();
	binding();
	extensions();
	cached();
	shown();
	registers();
	nonces();
	flips();
	n = run_cases("tpm", name, 64);
	for (size_t i = 0; i < n; i++)
		run_case("tpm", name[i], &bl_tpm_tech, "tpm");
	if (!n)
		skip(1, "no vectors beside the source");
	bl_certs_fini(&anchors.own);
	attest_done();
	return tap_done();
}
