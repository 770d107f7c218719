/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of Azure's confidential VMs: of an AMD, an Intel and a TPM of our own, every link between them cut in turn, every byte altered;
 * and the known cases.
 */
#include "../tap.h"
#include "../attest.h"
#include "../attest-quote.h"
#include "../vectors.h"
#include "attest/snp.h"

enum flaw {
	NONE, TPMT, OTHER_AK, OTHER_HASH, LONG_DATA, PCRS_OTHER, PCRS_FEW, SNP_SIG, NO_AK, TWO_AKS, EC_AK, SHORT_AK, VERSION, HEAD_REST, SIZE, JSON_SIZE, HASH_KIND,
	KIND, TAIL, NOT_JSON, QUOTE_OTHER, NO_QUOTE, NO_TD, DEBUG, SGX,
};
enum { HEADER = 0x20, RUNTIME = 0x4c0, JSON_AT = RUNTIME + 20, SPARE = 100 };

static struct attest_cert *ark, *ask, *vcek;
static EVP_PKEY *ak, *ak2;
static struct intel intel;
static struct bl_arena arena;
static struct bl_cert_anchors anchors;	/* of AMD's and of Intel's like */
static struct run r;
static const uint8_t tcb[8] = { 4, 0, 0, 0, 0, 0, 24, 219 };

/* --- the machine --- */

static void make_amd(void)
{
	static const uint8_t svn[4][4] = { { 2, 1, 4 }, { 2, 1, 0 }, { 2, 1, 24 }, { 2, 2, 0, 219 } };
	static const char product[] = "\x16\x05Milan";
	static uint8_t chip[64];

	memset(chip, 0x77, sizeof chip);
	ark = attest_issue(NULL, attest_key(ATTEST_RSA2048), &(struct attest_spec){ .subject = "CN=ARK-Milan", .ca = true });
	ask = attest_issue(ark, attest_key(ATTEST_RSA2048), &(struct attest_spec){ .subject = "CN=SEV-Milan", .ca = true });
	vcek = attest_issue(ask, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=SEV-VCEK", .ext = {
		{ "1.3.6.1.4.1.3704.1.3.1", false, svn[0], 3 }, { "1.3.6.1.4.1.3704.1.3.2", false, svn[1], 3 },
		{ "1.3.6.1.4.1.3704.1.3.3", false, svn[2], 3 }, { "1.3.6.1.4.1.3704.1.3.8", false, svn[3], 4 },
		{ "1.3.6.1.4.1.3704.1.2", false, product, 7 }, { "1.3.6.1.4.1.3704.1.4", false, chip, 64 } } });
}

static void put_snp(uint8_t p[BL_SNP_REPORT], const uint8_t data[64], enum flaw flaw)
{
	static const unsigned tcbs[] = { 0x38, 0x180, 0x1e0, 0x1f0 };
	uint8_t rs[96];

	p[0] = 3;
	p[10] = 3;
	p[0x0a] |= flaw == DEBUG ? 8 : 0;
	p[0x34] = 1;
	memcpy(p + 0x50, data, 64);
	memset(p + 0x90, 0xab, 48);
	for (size_t i = 0; i < 4; i++)
		memcpy(p + tcbs[i], tcb, 8);
	memcpy(p + 0x188, "\x19\x01\x01", 3);
	memset(p + 0x1a0, 0x77, 64);
	memcpy(p + 0x1e8, "\x1d\x37\x01\0\x1d\x37\x01", 7);
	attest_sign_raw(vcek->key, BL_KEY_SHA384, p, 0x2a0, rs);
	for (int i = 0; i < 48; i++) {
		p[0x2a0 + i] = rs[47 - i];
		p[0x2a0 + 72 + i] = rs[95 - i];
	}
	if (flaw == SNP_SIG)
		p[0x90] ^= 1;
}

/* The report as the processor makes it, from the quote's body. */
static void put_td(uint8_t *p, const uint8_t body[584])
{
	uint8_t digest[64];

	p[0] = 0x81;
	memcpy(p + 128, body + 520, 64);
	memcpy(p + 264, body, 120);
	memcpy(p + 512, body + 120, 400);
	bl_key_digest(BL_KEY_SHA384, p + 256, 239, digest);
	memcpy(p + 32, digest, 48);
	bl_key_digest(BL_KEY_SHA384, p + 512, 512, digest);
	memcpy(p + 80, digest, 48);
}

static void jwk(struct bl_buf *b, const char *kid, EVP_PKEY *key, enum flaw flaw)
{
	BIGNUM *n = NULL;
	uint8_t raw[512];
	char text[BL_TEXT_B64(512)];
	int len = EVP_PKEY_get_bn_param(key, "n", &n) == 1 ? BN_bn2bin(n, raw) : 0;

	BN_free(n);
	if (flaw == SHORT_AK)
		len = 128;
	bl_text_b64(raw, (size_t)len, text);
	for (char *s = text; *s; s++)
		*s = *s == '+' ? '-' : *s == '/' ? '_' : *s;
	text[strcspn(text, "=")] = 0;
	bl_buf_printf(b, "{\"kid\":\"%s\",\"key_ops\":[\"sign\"],\"kty\":\"%s\",\"e\":\"AQAB\",\"n\":\"%s\"}", kid, flaw == EC_AK ? "EC" : "RSA", text);
}

static void put_runtime(struct bl_buf *b, enum flaw flaw)
{
	bl_buf_puts(b, flaw == NOT_JSON ? "[\"keys\":[" : "{\"keys\":[");
	jwk(b, flaw == NO_AK ? "HCLOther" : "HCLAkPub", flaw == OTHER_AK ? ak2 : ak, flaw);
	bl_buf_puts(b, ",");
	jwk(b, flaw == TWO_AKS ? "HCLAkPub" : "HCLEkPub", ak2, NONE);
	bl_buf_puts(b, "],\"vm-configuration\":{\"secure-boot\":true,\"tpm-enabled\":true},\"user-data\":\"");
	for (int i = 0; i < 64; i++)
		bl_buf_puts(b, "5A");
	bl_buf_puts(b, "\"}");
}

static void put32(uint8_t *p, uint32_t v) { memcpy(p, &v, 4); }

/* hcl_report.bin, and for Intel the body of the quote that belongs to it. */
static void put_hcl(struct bl_buf *b, bool intel_vm, enum flaw flaw)
{
	uint8_t data[64] = { 0 };
	struct bl_buf json;
	uint32_t size;

	bl_buf_init(&json, 1 << 16);
	put_runtime(&json, flaw);
	bl_hash_sha256(json.p, json.len, data);
	data[0] ^= flaw == OTHER_HASH;
	data[63] = flaw == LONG_DATA;
	bl_buf_room(b, JSON_AT + json.len + SPARE);
	memset(b->p, 0, JSON_AT);
	memcpy(intel.body + 520, data, 64);
	if (intel_vm)
		put_td(b->p + HEADER, intel.body);
	else
		put_snp(b->p + HEADER, data, flaw);
	intel.body[200] ^= flaw == QUOTE_OTHER;
	size = (uint32_t)json.len + 20;
	memcpy(b->p, "HCLA", 4);
	put32(b->p + 4, flaw == VERSION ? 3 : 2);
	put32(b->p + 8, RUNTIME + size + (flaw == SIZE));
	put32(b->p + 12, 2);
	b->p[24] = flaw == HEAD_REST;
	put32(b->p + RUNTIME, size);
	put32(b->p + RUNTIME + 4, 1);
	put32(b->p + RUNTIME + 8, flaw == KIND ? 3 : intel_vm ? 4 : 2);
	put32(b->p + RUNTIME + 12, flaw == HASH_KIND ? 2 : 1);
	put32(b->p + RUNTIME + 16, (uint32_t)json.len + (flaw == JSON_SIZE ? 200 : 0));
	memcpy(b->p + JSON_AT, json.p, json.len);
	memset(b->p + JSON_AT + json.len, 0, SPARE);
	b->p[JSON_AT + json.len + SPARE - 1] = flaw == TAIL;
	b->len = JSON_AT + json.len + SPARE;
	bl_buf_fini(&json);
}

/* --- its TPM --- */

static void be(struct bl_buf *b, uint64_t v, int n)
{
	while (n--)
		bl_buf_put8(b, (uint8_t)(v >> 8 * n));
}

static void add_tpm(enum flaw flaw)
{
	uint8_t pcrs[24 * 32], digest[32], sig[1024];
	size_t n = flaw == PCRS_FEW ? 8 : 24;
	struct bl_buf b;

	for (size_t i = 0; i < sizeof pcrs; i++)
		pcrs[i] = (uint8_t)(i / 32);
	bl_hash_sha256(pcrs, 32 * n, digest);
	bl_buf_init(&b, 4096);
	be(&b, 0xff5443478018, 6);
	be(&b, 0, 2);
	be(&b, 4, 2);
	be(&b, 0xdeadbeef, 4);
	be(&b, 1000, 8);
	be(&b, 0, 8);
	be(&b, 1, 1);
	be(&b, 77, 8);
	be(&b, 1, 4);
	be(&b, 0xb03, 3);
	be(&b, flaw == PCRS_FEW ? 0xff0000 : 0xffffff, 3);
	be(&b, 32, 2);
	bl_buf_put(&b, digest, 32);
	run_add(&r, "tpm_quote.msg", b.p, b.len);
	n = attest_sign(ak, BL_KEY_SHA256, false, b.p, b.len, sig);
	bl_buf_clear(&b);
	if (flaw == TPMT) {
		be(&b, 0x14000b, 4);
		be(&b, n, 2);
	}
	bl_buf_put(&b, sig, n);
	run_add(&r, "tpm_quote.sig", b.p, b.len);
	pcrs[700] ^= flaw == PCRS_OTHER;
	run_add(&r, "pcrs.bin", pcrs, flaw == PCRS_FEW ? 8 * 32 : sizeof pcrs);
	bl_buf_fini(&b);
}

static void add_quote(enum flaw flaw)
{
	struct bl_buf b;

	bl_buf_init(&b, 1 << 16);
	intel_quote(&intel, &b);
	if (flaw != NO_TD)
		run_add(&r, "td_quote.bin", b.p, b.len);
	bl_buf_fini(&b);
	if (flaw == QUOTE_OTHER)
		intel.body[200] ^= 1;
}

static void start(bool intel_vm, enum flaw flaw, const char *policy)
{
	uint8_t both[8192];
	struct bl_buf b;

	run_init(&r, policy);
	r.e.time = ATTEST_NOW;
	r.e.anchors = &anchors;
	bl_buf_init(&b, 1 << 16);
	put_hcl(&b, intel_vm, flaw);
	run_add(&r, "hcl_report.bin", b.p, b.len);
	bl_buf_fini(&b);
	if (flaw != NO_QUOTE)
		add_tpm(flaw);
	if (intel_vm) {
		add_quote(flaw);
		return;
	}
	memcpy(both, ask->der, ask->n);
	memcpy(both + ask->n, ark->der, ark->n);
	run_add(&r, "vek.der", vcek->der, vcek->n);
	run_add(&r, "ask_ark.pem", both, ask->n + ark->n);
}

static void end(int authentic, const char *reason, const char *why)
{
	run(&r, &bl_azure_tech);
	if (!ok(run_authentic(&r) == authentic && !strcmp(run_reason(&r), reason), "%s: %s", why, *reason ? reason : "passes"))
		run_print(&r);
	run_fini(&r);
}

static void both(enum flaw flaw, int authentic, const char *reason, const char *why)
{
	char text[200];

	for (int i = 0; i < 2; i++) {
		start(i, flaw, NULL);
		snprintf(text, sizeof text, "%s: %s", i ? "TDX" : "SNP", why);
		end(authentic, reason, text);
	}
}

static void links(void)
{
	both(NONE, 1, "", "evidence of ours, a bare signature");
	both(TPMT, 1, "", "a signature with its header");
	both(OTHER_HASH, 0, "binding", "report data that is not the hash of the runtime data");
	both(LONG_DATA, 0, "binding", "report data with something after the hash");
	both(OTHER_AK, 0, "signature", "a quote by another key than the runtime data has");
	both(PCRS_OTHER, 0, "binding", "another value of a PCR");
	both(PCRS_FEW, 0, "binding", "a quote of eight PCRs");
	both(NO_QUOTE, -1, "collateral-missing", "no quote is undecided, and no");
	start(false, SNP_SIG, NULL);
	end(0, "signature", "SNP: a report that was altered");
	start(true, QUOTE_OTHER, NULL);
	end(0, "binding", "TDX: a quote of another report");
	start(true, NO_TD, NULL);
	end(-1, "collateral-missing", "TDX: no quote of the TD is undecided, and no");
	start(false, DEBUG, NULL);
	end(1, "debug", "SNP: a VM in debug mode");
}

static void forms(void)
{
	static const struct { enum flaw flaw; const char *why; } bad[] = {
		{ NO_AK, "runtime data without the key" }, { TWO_AKS, "the key twice" }, { EC_AK, "a key that is not RSA" }, { SHORT_AK, "a key of 1024 bits" },
		{ VERSION, "version 3" }, { HEAD_REST, "something in the rest of the header" }, { SIZE, "a size that is not that of the parts" },
		{ JSON_SIZE, "runtime data past the end" }, { HASH_KIND, "another hash of the runtime data" }, { KIND, "another kind of hardware" },
		{ TAIL, "something after the end" }, { NOT_JSON, "runtime data that is not JSON" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		both(bad[i].flaw, 65, "malformed", bad[i].why);
	start(true, NO_TD, NULL);
	intel_sgx(&intel, 3);
	add_quote(NONE);
	end(65, "malformed", "TDX: a quote of an enclave");
}

static void asked(void)
{
	for (int i = 0; i < 2; i++) {
		start(i, NONE, NULL);
		run_nonce(&r, "deadbeef");
		end(1, "", "the nonce is what the TPM was given");
		start(i, NONE, NULL);
		run_nonce(&r, "deadbeee");
		end(0, "nonce", "another nonce");
		start(i, NONE, "{\"version\":1,\"report_data\":{\"prefix\":\"5a5a5a5a\"},\"registers\":{\"pcr7\":[\""
		      "0707070707070707070707070707070707070707070707070707070707070707" "\"]}}");
		end(1, "", "the policy speaks of the user's data, and of PCRs");
		start(i, NONE, "{\"version\":1,\"registers\":{\"sha1:7\":[\"07\"]}}");
		end(1, "registers", "the policy speaks of a PCR that was not quoted");
		start(i, NONE, NULL);
		r.e.anchors = NULL;
		end(0, "root-unknown", "another root than AMD's and Intel's");
	}
	start(false, NONE, NULL);
	run(&r, &bl_azure_tech);
	is_str(bl_json_get_text(r.e.claims, "hw"), "snp", "the claims say what hardware it is");
	is_int(bl_json_count(bl_json_get(r.e.claims, "pcrs")), 24, "and have all PCRs");
	run_fini(&r);
}

/* What of a TD report nobody but the machine can check: the processor's version, and the MAC. */
static bool is_opaque(const char *name, bool intel_vm, size_t i)
{
	size_t at = i - HEADER;

	return intel_vm && !strcmp(name, "hcl_report.bin") && i > HEADER && ((at >= 16 && at < 32) || (at >= 224 && at < 256));
}

/* Every byte of a file; of long ones every third. */
static size_t flip(bool intel_vm, const char *name)
{
	size_t passed = 0, n = 1;

	for (size_t i = 0; i < n; i += n > 500 ? 3 : 1) {
		struct bl_evidence_file *f;
		start(intel_vm, NONE, NULL);
		f = (struct bl_evidence_file *)(uintptr_t)bl_evidence_find(&r.files, name);
		n = f->n;
		((uint8_t *)(uintptr_t)f->p)[i] ^= (uint8_t)(1u << i % 8);
		if (!is_opaque(name, intel_vm, i))
			run(&r, &bl_azure_tech);
		if (!is_opaque(name, intel_vm, i) && run_authentic(&r) == 1) {
			printf("# %s: byte %zu\n", name, i);
			passed++;
		}
		run_fini(&r);
	}
	return passed;
}

static void flips(void)
{
	is_int(flip(false, "hcl_report.bin"), 0, "SNP: no byte of the report can be altered");
	is_int(flip(false, "tpm_quote.msg"), 0, "SNP: no byte of the quote can be altered");
	is_int(flip(false, "tpm_quote.sig"), 0, "SNP: no byte of its signature can be altered");
	is_int(flip(false, "pcrs.bin"), 0, "SNP: no byte of the values can be altered");
	is_int(flip(true, "hcl_report.bin"), 0, "TDX: no byte of the report can be altered but what only that processor checks");
}

int main(void)
{
	static char name[64][128];
	size_t n;

	bl_json_init();
	if (bl_mem_init(true, &err))
		return 71;
	bl_arena_init(&arena, 64 << 20);
	make_amd();
	ak = attest_key(ATTEST_RSA2048);
	while ((ak2 = attest_key(ATTEST_RSA2048)) == ak)
		;
	intel_init(&intel, &arena);
	anchors = intel.anchors;
	attest_anchor(&anchors, ark);
	links();
	asked();
	flips();
	forms();
	n = run_cases("azure-hcl", name, 64);
	for (size_t i = 0; i < n; i++)
		run_case("azure-hcl", name[i], &bl_azure_tech, NULL);
	if (!n)
		skip(1, "no vectors beside the source");
	bl_certs_fini(&anchors.own);
	bl_arena_fini(&arena);
	attest_done();
	return tap_done();
}
