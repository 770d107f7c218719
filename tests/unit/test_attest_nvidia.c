/* SPDX-License-Identifier: Apache-2.0 */
/* Measurement reports of NVIDIA devices: of a device of our own, every byte of its report altered, references; and the known cases. */
#include "../tap.h"
#include "../attest.h"
#include "../vectors.h"

enum flaw { NONE, VERSION, COUNT, INDEX_ZERO, INDEX_TWICE, SPEC, VALUE_LONG, RECORD_LONG, OPAQUE_LONG, OPAQUE_TWICE, SIG_SHORT, TRAILING, NO_FWID, FWID_OTHER,
	    OTHER_KEY };
static const uint8_t nonce[32] = { 0x4e };
static struct attest_cert *root, *middle, *leaf, *plain, *several, *small;
static struct bl_cert_anchors anchors;
static struct run r;

static uint8_t fwid_at(size_t i) { return (uint8_t)(0x60 + i); }

/* --- reports of our own --- */

static void put24(struct bl_buf *b, size_t v)
{
	bl_buf_put16(b, (uint16_t)v);
	bl_buf_put8(b, (uint8_t)(v >> 16));
}

static void put_block(struct bl_buf *b, uint8_t index, uint8_t spec, size_t len, uint8_t fill)
{
	bl_buf_put8(b, index);
	bl_buf_put8(b, spec);
	bl_buf_put16(b, (uint16_t)(len + 3));
	bl_buf_put8(b, 1);
	bl_buf_put16(b, (uint16_t)len);
	while (len--)
		bl_buf_put8(b, fill);
}

/* Four blocks, 1 to 3 and 200; the second reports nothing. */
static void put_record(struct bl_buf *b, enum flaw flaw)
{
	put_block(b, flaw == INDEX_ZERO ? 0 : 1, flaw == SPEC ? 2 : 1, 48, 0x11);
	put_block(b, 2, 1, 48, 0);
	put_block(b, flaw == INDEX_TWICE ? 2 : 3, 1, flaw == VALUE_LONG ? 65 : 48, 0x33);
	put_block(b, 200, 1, 32, 0xc8);
}

static void put_opaque(struct bl_buf *b, unsigned type, const void *p, size_t n)
{
	bl_buf_put16(b, (uint16_t)type);
	bl_buf_put16(b, (uint16_t)n);
	bl_buf_put(b, p, n);
}

static void put_report(struct bl_buf *b, EVP_PKEY *key, enum flaw flaw)
{
	struct bl_buf record, opaque;
	uint8_t fwid[48], rs[96];

	bl_buf_init(&record, 1 << 14);
	bl_buf_init(&opaque, 1 << 14);
	put_record(&record, flaw);
	for (size_t i = 0; i < 48; i++)
		fwid[i] = fwid_at(i + (flaw == FWID_OTHER));
	put_opaque(&opaque, 6, "\x00\xe4\x00\x97\x11\x00\x00", 8);
	put_opaque(&opaque, 3, "590.48.01", 10);
	put_opaque(&opaque, 99, "what else there may be", 22);
	if (flaw == OPAQUE_TWICE)
		put_opaque(&opaque, 3, "591", 4);
	if (flaw != NO_FWID)
		put_opaque(&opaque, 20, fwid, sizeof fwid);
	bl_buf_put(b, flaw == VERSION ? "\x12\xe0\x01\xff" : "\x11\xe0\x01\xff", 4);
	bl_buf_put(b, nonce, sizeof nonce);
	bl_buf_put8(b, 0);
	bl_buf_put(b, "\x11\x60\x00\x00", 4);
	bl_buf_put8(b, flaw == COUNT ? 5 : 4);
	put24(b, record.len + (flaw == RECORD_LONG ? 70000 : 0));
	bl_buf_put(b, record.p, record.len);
	bl_buf_put(b, "a nonce of the responder, 32 by", 32);
	bl_buf_put16(b, (uint16_t)(opaque.len + (flaw == OPAQUE_LONG)));
	bl_buf_put(b, opaque.p, opaque.len);
	attest_sign_raw(key, BL_KEY_SHA384, b->p, b->len, rs);
	bl_buf_put(b, rs, flaw == SIG_SHORT ? 95 : 96);
	if (flaw == TRAILING)
		bl_buf_put8(b, 0);
	bl_buf_fini(&record);
	bl_buf_fini(&opaque);
}

/* SEQUENCE { sha384, OCTET STRING }, of zeros or of the firmware. */
static size_t fwid_der(uint8_t *out, bool zero)
{
	static const uint8_t head[] = { 0x30, 0x3d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x04, 0x30 };

	memcpy(out, head, sizeof head);
	for (size_t i = 0; i < 48; i++)
		out[sizeof head + i] = zero ? 0 : fwid_at(i);
	return sizeof head + 48;
}

static void make_chain(void)
{
	uint8_t one[128] = { 0x30, 0x00, 0x02, 0x01, 0x01 }, many[256] = { 0x30, 0x81, 0x00, 0x83, 0x01, 'x', 0xa6, 0x7e };
	size_t n = 5, k = 8;

	n += fwid_der(one + n, false);
	one[1] = (uint8_t)(n - 2);
	k += fwid_der(many + k, true);
	k += fwid_der(many + k, false);
	many[2] = (uint8_t)(k - 3);
	root = attest_issue(NULL, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=root", .ca = true });
	middle = attest_issue(root, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=middle", .ca = true });
	leaf = attest_issue(middle, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=GH100 A01 GSP FMC LF",
			.ext = { { "2.23.133.5.4.1", false, one, n } } });
	several = attest_issue(middle, leaf->key, &(struct attest_spec){ .subject = "CN=GB100 A01 GSP FMC LF", .ext = { { "2.23.133.5.4.1.1", false, many, k } } });
	plain = attest_issue(middle, leaf->key, &(struct attest_spec){ .subject = "CN=LS_10 A01 FSP FMC LF" });
	small = attest_issue(middle, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = "CN=GH100 A01 GSP FMC LF" });
	attest_anchor(&anchors, root);
}

/* --- one verification --- */

static void start(const uint8_t *p, size_t n, const struct attest_cert *with, const char *policy)
{
	struct bl_buf pem;

	run_init(&r, policy);
	r.e.time = ATTEST_NOW;
	r.e.anchors = &anchors;
	run_add(&r, "report.bin", p, n);
	if (!with)
		return;
	bl_buf_init(&pem, 1 << 16);
	attest_pem(&pem, with);
	attest_pem(&pem, middle);
	attest_pem(&pem, root);
	run_add(&r, "chain.pem", pem.p, pem.len);
	bl_buf_fini(&pem);
}

static void end(int authentic, const char *reason, const char *why)
{
	run(&r, &bl_nvidia_tech);
	if (!ok(run_authentic(&r) == authentic && !strcmp(run_reason(&r), reason), "%s: %s", why, *reason ? reason : "passes"))
		run_print(&r);
}

static void judge(enum flaw flaw, const struct attest_cert *with, const char *policy, int authentic, const char *reason, const char *why)
{
	struct bl_buf b;

	bl_buf_init(&b, 1 << 16);
	put_report(&b, flaw == OTHER_KEY ? middle->key : leaf->key, flaw);
	start(b.p, b.len, with, policy);
	end(authentic, reason, why);
	bl_buf_fini(&b);
}

static void forms(void)
{
	static const struct { enum flaw flaw; const char *why; } bad[] = {
		{ VERSION, "another version of SPDM" }, { COUNT, "more blocks said than there are" }, { INDEX_ZERO, "a block 0" }, { INDEX_TWICE, "a block twice" },
		{ SPEC, "a measurement of another kind" }, { VALUE_LONG, "a value of 65 bytes" }, { RECORD_LONG, "a record past the end" },
		{ OPAQUE_LONG, "opaque data that ends in the signature" }, { OPAQUE_TWICE, "a driver version twice" }, { SIG_SHORT, "a signature of 95 bytes" },
		{ TRAILING, "a byte after the signature" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		judge(bad[i].flaw, leaf, NULL, 65, "malformed", bad[i].why);
		run_fini(&r);
	}
}

static void checks(void)
{
	judge(NONE, leaf, NULL, 1, "", "a report of ours");
	is_str(run_check(&r, "fwid"), "pass", "the firmware is the one that the certificate names");
	is_str(run_check(&r, "revocation"), "skip", "revocation is skipped: OCSP is online");
	is_str(r.e.product, "hopper", "GH100 is Hopper");
	is_str(bl_json_get_text(r.e.claims, "vbios_or_bios_text"), "97.00.e4.00.11", "the VBIOS version is read");
	run_fini(&r);
	judge(NONE, several, NULL, 1, "", "a certificate of several firmwares, one of them this");
	is_str(run_check(&r, "fwid"), "pass", "one of the firmwares is enough");
	is_str(r.e.product, "blackwell", "GB100 is Blackwell");
	run_fini(&r);
	judge(FWID_OTHER, several, NULL, 0, "binding", "none of several firmwares");
	run_fini(&r);
	judge(FWID_OTHER, leaf, NULL, 0, "binding", "other firmware than the certificate's");
	run_fini(&r);
	judge(NO_FWID, leaf, NULL, 1, "", "a report that names no firmware");
	is_str(run_check(&r, "fwid"), "skip", "is not checked for it");
	run_fini(&r);
	judge(NONE, plain, NULL, 1, "", "a certificate that names no firmware");
	is_str(run_check(&r, "fwid"), "skip", "is not checked for it either");
	is_str(r.e.product, "switch", "LS_10 is a switch");
	run_fini(&r);
	judge(OTHER_KEY, leaf, NULL, 0, "signature", "signed by another key");
	run_fini(&r);
	judge(NONE, small, NULL, 0, "key-type", "a key on another curve");
	run_fini(&r);
	judge(NONE, NULL, NULL, -1, "collateral-missing", "no chain is undecided, and no");
	run_fini(&r);
	judge(NONE, leaf, "{\"version\":1,\"revocation\":\"require\"}", 1, "collateral-missing", "revocation that the policy requires");
	run_fini(&r);
	judge(NONE, leaf, "{\"version\":1,\"product\":\"blackwell\"}", 1, "product", "another product than the policy's");
	run_fini(&r);
	judge(NONE, leaf, "{\"version\":1,\"registers\":{\"block3\":[\"" "33" "\"]}}", 1, "registers", "another block than the policy's");
	run_fini(&r);
}

static void ask(const char *hex, int64_t time, const struct bl_cert_anchors *under, int authentic, const char *reason, const char *why)
{
	struct bl_buf b;

	bl_buf_init(&b, 1 << 16);
	put_report(&b, leaf->key, NONE);
	start(b.p, b.len, leaf, NULL);
	if (hex)
		run_nonce(&r, hex);
	r.e.time = time;
	r.e.anchors = under;
	end(authentic, reason, why);
	run_fini(&r);
	bl_buf_fini(&b);
}

static void context(void)
{
	char hex[65];

	bl_text_hex(nonce, 32, hex);
	ask(hex, ATTEST_NOW, &anchors, 1, "", "the nonce that was asked for");
	ask("4e", ATTEST_NOW, &anchors, 0, "nonce", "the start of the nonce");
	hex[63] = '1';
	ask(hex, ATTEST_NOW, &anchors, 0, "nonce", "another nonce");
	ask(NULL, ATTEST_UNTIL + 1, &anchors, 0, "cert-expired", "after the last day");
	ask(NULL, ATTEST_FROM - 1, &anchors, 0, "cert-not-yet-valid", "before the first day");
	ask(NULL, ATTEST_NOW, NULL, 0, "root-unknown", "another root than NVIDIA's");
}

/* --- references --- */

#define SIGNER "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define LISTED "{\"version\":1,\"collateral_signer\":[\"" SIGNER "\"],\"must\":[\"references\"]}"
#define B1 "\"111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111\""

static void refer(const char *refs, const char *signer, const char *policy, int authentic, const char *reason, const char *result, const char *why)
{
	struct bl_buf b;

	bl_buf_init(&b, 1 << 16);
	put_report(&b, leaf->key, NONE);
	start(b.p, b.len, leaf, policy);
	run_add(&r, "refs.json", refs, strlen(refs));
	r.files.v[r.files.n - 1].signer = signer;
	end(authentic, reason, why);
	ok(authentic == 65 || !strcmp(run_check(&r, "references"), result), "%s: the references %s", why, result);
	run_fini(&r);
	bl_buf_fini(&b);
}

static void references(void)
{
	refer("{\"version\":1,\"measurements\":{\"1\":[\"22\"," B1 "]}}", SIGNER, LISTED, 1, "", "pass", "one of the values of a block");
	refer("{\"version\":1,\"driver\":\"590.48.01\",\"vbios\":\"97.00.e4.00.11\",\"measurements\":{\"1\":[" B1 "],\"2\":[\"ff\"]}}", SIGNER, LISTED, 1, "", "pass",
	      "a block that reports nothing beside one that agrees");
	refer("{\"version\":1,\"measurements\":{\"2\":[\"ff\"]}}", SIGNER, LISTED, 1, "missing-check", "skip", "only a block that reports nothing");
	refer("{\"version\":1,\"measurements\":{\"1\":[\"22\"]}}", SIGNER, LISTED, 1, "measurement", "fail", "none of the values of a block");
	refer("{\"version\":1,\"measurements\":{\"1\":[" B1 "],\"9\":[\"22\"]}}", SIGNER, LISTED, 1, "measurement", "fail", "a block that is not there");
	refer("{\"version\":1,\"driver\":\"590.48.02\",\"measurements\":{\"1\":[" B1 "]}}", SIGNER, LISTED, 1, "measurement", "fail", "another driver");
	refer("{\"version\":1,\"vbios\":\"97.00.e4.00.12\",\"measurements\":{\"1\":[" B1 "]}}", SIGNER, LISTED, 1, "measurement", "fail", "another VBIOS");
	refer("{\"version\":1,\"measurements\":{\"1\":[" B1 "]}}", NULL, NULL, 1, "", "skip", "values that agree but come from nobody");
	refer("{\"version\":1,\"measurements\":{\"1\":[\"22\"]}}", NULL, NULL, 1, "measurement", "fail", "values that differ, whoever they come from");
	refer("{\"version\":1,\"measurements\":{\"1\":[" B1 "]}}", NULL, LISTED, 1, "collateral-signature", "fail", "values from nobody where the policy lists a signer");
	refer("{\"version\":2,\"measurements\":{}}", NULL, NULL, 65, "malformed", "", "references of another version");
	refer("{\"version\":1,\"measurements\":{\"1\":\"22\"}}", NULL, NULL, 65, "malformed", "", "a value that is no list");
	refer("{\"version\":1,\"measurements\":{\"1\":[\"2g\"]}}", NULL, NULL, 65, "malformed", "", "a value that is not hex");
	refer("{\"version\":1,\"measurements\":{\"01\":[\"22\"]}}", NULL, NULL, 65, "malformed", "", "a block in another spelling");
	refer("{\"version\":1,\"measurements\":{\"256\":[\"22\"]}}", NULL, NULL, 65, "malformed", "", "a block past the last");
	refer("{\"version\":1,\"measurement\":{}}", NULL, NULL, 65, "malformed", "", "an unknown member");
}

static void flips(void)
{
	size_t passed = 0, at = 0;
	struct bl_buf b;

	bl_buf_init(&b, 1 << 16);
	put_report(&b, leaf->key, NONE);
	for (size_t i = 0; i < b.len; i++) {
		b.p[i] ^= (uint8_t)(1u << i % 8);
		start(b.p, b.len, leaf, NULL);
		run(&r, &bl_nvidia_tech);
		if (run_authentic(&r) == 1)
			passed++, at = i;
		run_fini(&r);
		b.p[i] ^= (uint8_t)(1u << i % 8);
	}
	ok(!passed, "no byte of %zu can be altered (%zu could, at %zu)", b.len, passed, at);
	for (size_t n = 0; n < b.len; n += 1 + n / 8) {
		start(b.p, n, leaf, NULL);
		run(&r, &bl_nvidia_tech);
		passed += run_authentic(&r) != 65;
		run_fini(&r);
	}
	ok(!passed, "a report cut short does not parse");
	bl_buf_fini(&b);
}

int main(void)
{
	static char name[64][128];
	size_t n;

	bl_json_init();
	if (bl_mem_init(true, &err))
		return 71;
	make_chain();
	forms();
	checks();
	context();
	references();
	flips();
	n = run_cases("nvidia", name, 64);
	for (size_t i = 0; i < n; i++)
		run_case("nvidia", name[i], &bl_nvidia_tech, "fields");
	if (!n)
		skip(1, "no vectors beside the source");
	bl_certs_fini(&anchors.own);
	attest_done();
	return tap_done();
}
