/* SPDX-License-Identifier: Apache-2.0 */
/* Nitro documents, and the CBOR under them: documents of our own, every byte of one altered, and the known cases. */
#include "../tap.h"
#include "../attest-aws.h"
#include "../vectors.h"
#include "attest/cbor.h"

static struct aws aws;
static struct bl_cert_anchors anchors;

/* --- CBOR --- */

static void cbor(void)
{
	static const struct { const char *hex; bool good; const char *why; } item[] = {
		{ "00", true, "an integer" }, { "1bffffffffffffffff", true, "the largest integer" }, { "3822", true, "a negative integer" },
		{ "4101", true, "a byte string" }, { "6161", true, "a text string" }, { "80", true, "an empty array" }, { "a0", true, "an empty map" },
		{ "a2016161026162", true, "a map of integers to text" }, { "d28401020304", true, "a tag" }, { "f6", true, "null" },
		{ "", false, "nothing" }, { "0000", false, "two items" }, { "18", false, "a head cut short" }, { "4201", false, "a string cut short" },
		{ "1c", false, "a reserved length" }, { "5f4101ff", false, "an indefinite string" }, { "9f01ff", false, "an indefinite array" },
		{ "bf0101ff", false, "an indefinite map" }, { "ff", false, "a break" }, { "61ff", false, "text that is not UTF-8" },
		{ "a201000100", false, "a key twice" }, { "a20100180100", false, "a key twice, written in two ways" },
		{ "a2616100616100", false, "a text key twice" }, { "a18001", false, "a list as a key" }, { "a101", false, "a key without a value" },
		{ "f93c00", false, "a float" }, { "f818", false, "an unknown simple value" }, { "f0", false, "a short unknown simple value" },
		{ "9bffffffffffffffff", false, "an array longer than memory" }, { "bbffffffffffffffff", false, "a map larger than memory" },
		{ "5bffffffffffffffff00", false, "a string longer than memory" },
		{ "8181818181818181818181818181818100", false, "deeper than the bound" }, { "81818181818181818181818181818100", true, "as deep as the bound" },
	};
	uint8_t p[64], big[300], out[9];
	struct bl_cur c, at;
	struct bl_cbor v;

	for (size_t i = 0; i < sizeof item / sizeof *item; i++) {
		size_t n = strlen(item[i].hex) / 2;
		bl_text_unhex(item[i].hex, 2 * n, p, n);
		ok(bl_cbor_check(p, n) == item[i].good, "cbor: %s is %s", item[i].why, item[i].good ? "read" : "refused");
	}
	big[0] = 0xb8;
	big[1] = 65;
	for (int i = 0; i < 65; i++)
		memcpy(big + 2 + 3 * i, (uint8_t[]){ 0x18, (uint8_t)(100 + i), 0 }, 3);
	ok(!bl_cbor_check(big, 2 + 3 * 65), "cbor: a map of more keys than fit is refused");
	big[1] = 64;
	ok(bl_cbor_check(big, 2 + 3 * 64), "cbor: a map of as many keys as fit is read");
	bl_text_unhex("a3616101616282020361630a", 24, p, 12);
	bl_cur_init(&c, p, 12);
	ok(bl_cbor_check(p, 12) && bl_cbor_find(c, "c", &at) && bl_cbor_get(&at, &v) && v.v == 10, "cbor: a member behind an array is found");
	ok(!bl_cbor_find(c, "d", &at), "cbor: a member that is not there is not found");
	for (uint64_t n = 0; n < UINT64_MAX / 300; n = n * 255 + 7) {
		size_t len = bl_cbor_put(out, BL_CBOR_BYTES, n);
		bl_cur_init(&c, out, len);
		v.v = bl_cbor_put(out, BL_CBOR_UINT, n) == len && bl_cbor_get(&c, &v) && c.left == 0 ? v.v : ~n;
		ok(v.v == n, "cbor: %llu is read as written", (unsigned long long)n);
	}
}

/* --- documents of our own --- */

static struct run r;

static void judge(const uint8_t *p, size_t n, const char *policy, const char *nonce, int64_t time)
{
	run_init(&r, policy);
	r.e.anchors = &anchors;
	r.e.time = time;
	if (nonce)
		run_nonce(&r, nonce);
	run_add(&r, "doc.cbor", p, n);
	run(&r, &bl_nitro_tech);
}

static void judge_flaw(enum aws_flaw flaw, const char *policy, const char *nonce, int64_t time, int authentic, const char *reason, const char *why)
{
	struct bl_buf b;

	bl_buf_init(&b, 1 << 16);
	aws_document(&b, &aws, flaw);
	judge(b.p, b.len, policy, nonce, time);
	if (!ok(run_authentic(&r) == authentic && !strcmp(run_reason(&r), reason), "%s: %s", why, *reason ? reason : "passes"))
		run_print(&r);
	run_fini(&r);
	bl_buf_fini(&b);
}

static void flaws(void)
{
	judge_flaw(AWS_NONE, NULL, NULL, ATTEST_NOW, 1, "", "a document of ours");
	judge_flaw(AWS_TAGGED, NULL, NULL, ATTEST_NOW, 1, "", "with tag 18");
	judge_flaw(AWS_NONE, NULL, "010203", ATTEST_NOW, 1, "", "the nonce that was asked for");
	judge_flaw(AWS_NONE, NULL, "010204", ATTEST_NOW, 0, "nonce", "another nonce");
	judge_flaw(AWS_NONE, NULL, "01020300", ATTEST_NOW, 0, "nonce", "a longer nonce");
	judge_flaw(AWS_NO_NONCE, NULL, "010203", ATTEST_NOW, 0, "nonce", "no nonce where one was asked for");
	judge_flaw(AWS_OTHER_KEY, NULL, NULL, ATTEST_NOW, 0, "signature", "signed by another key");
	judge_flaw(AWS_SIGNED_BY_CA, NULL, NULL, ATTEST_NOW, 0, "chain", "signed by an authority");
	judge_flaw(AWS_BUNDLE_OTHER, NULL, NULL, ATTEST_NOW, 0, "chain", "a bundle without the issuer");
	judge_flaw(AWS_NONE, NULL, NULL, ATTEST_UNTIL + 1, 0, "cert-expired", "after the last day");
	judge_flaw(AWS_NONE, NULL, NULL, ATTEST_FROM - 1, 0, "cert-not-yet-valid", "before the first day");
	judge_flaw(AWS_DEBUG, NULL, NULL, ATTEST_NOW, 1, "debug", "PCR0 of zeros");
	judge_flaw(AWS_DEBUG, "{\"version\":1,\"debug\":\"allow\"}", NULL, ATTEST_NOW, 1, "", "PCR0 of zeros where the policy allows it");
	judge_flaw(AWS_PCR_SHORT, NULL, NULL, ATTEST_NOW, 65, "malformed", "a PCR of 47 bytes");
	judge_flaw(AWS_PCR_HIGH, NULL, NULL, ATTEST_NOW, 65, "malformed", "PCR 32");
	judge_flaw(AWS_EXTRA_HEADER, NULL, NULL, ATTEST_NOW, 65, "malformed", "something in the unprotected header");
	judge_flaw(AWS_SIG_SHORT, NULL, NULL, ATTEST_NOW, 65, "malformed", "a signature of 95 bytes");
	judge_flaw(AWS_NONCE_TWICE, NULL, NULL, ATTEST_NOW, 65, "malformed", "a nonce twice");
	judge_flaw(AWS_NO_BUNDLE, NULL, NULL, ATTEST_NOW, 65, "malformed", "an empty bundle");
	judge_flaw(AWS_DIGEST, NULL, NULL, ATTEST_NOW, 65, "malformed", "another digest than SHA384");
}

#define H "111111111111111111111111111111111111111111111111"
static void policies(void)
{
	judge_flaw(AWS_NONE, "{\"version\":1,\"measurement\":[\"" H H "\"]}", NULL, ATTEST_NOW, 1, "", "PCR0 is the measurement");
	judge_flaw(AWS_NONE, "{\"version\":1,\"measurement\":[\"" H "22\"]}", NULL, ATTEST_NOW, 1, "measurement", "another measurement");
	judge_flaw(AWS_NONE, "{\"version\":1,\"signer\":[\"" H H "\"]}", NULL, ATTEST_NOW, 1, "signer", "PCR8 is the signer");
	judge_flaw(AWS_NONE, "{\"version\":1,\"registers\":{\"pcr0\":[\"" H H "\"]}}", NULL, ATTEST_NOW, 1, "", "a PCR by its name");
	judge_flaw(AWS_NONE, "{\"version\":1,\"registers\":{\"pcr1\":[\"" H H "\"]}}", NULL, ATTEST_NOW, 1, "registers", "another PCR than the policy's");
	judge_flaw(AWS_NONE, "{\"version\":1,\"report_data\":{\"equals\":\"68656c6c6f\"}}", NULL, ATTEST_NOW, 1, "", "user data");
	judge_flaw(AWS_NONE, "{\"version\":1,\"module_id\":[\"i-0123-enc0123\"]}", NULL, ATTEST_NOW, 1, "", "the module's name");
	judge_flaw(AWS_NONE, "{\"version\":1,\"public_key\":[\"00\"],\"must\":[\"public-key\"]}", NULL, ATTEST_NOW, 1, "missing-check", "no public key");
	judge_flaw(AWS_NONE, "{\"version\":1,\"must\":[\"nonce\"]}", NULL, ATTEST_NOW, 1, "missing-check", "a nonce that must be asked for");
	judge_flaw(AWS_NONE, "{\"version\":1,\"evidence_max_age\":\"1h\"}", NULL, ATTEST_NOW + 3601, 1, "age", "a document older than an hour");
}

/* The time inside, in seconds although it counts milliseconds. */
static void signed_time(void)
{
	struct bl_buf b;

	bl_buf_init(&b, 1 << 16);
	aws_document(&b, &aws, AWS_NONE);
	run_init(&r, NULL);
	r.e.anchors = &anchors;
	r.e.time_signed = true;
	run_add(&r, "doc.cbor", b.p, b.len);
	run(&r, &bl_nitro_tech);
	ok(run_authentic(&r) == 1 && r.e.time == ATTEST_NOW, "at its own time it verifies, in seconds");
	run_fini(&r);
	run_init(&r, NULL);
	r.e.time = ATTEST_NOW;
	run_add(&r, "doc.cbor", b.p, b.len);
	run(&r, &bl_nitro_tech);
	is_str(run_reason(&r), "root-unknown", "a root inside the document is no anchor");
	run_fini(&r);
	bl_buf_fini(&b);
}

static void flips(void)
{
	size_t passed = 0, at = 0;
	struct bl_buf b;

	bl_buf_init(&b, 1 << 16);
	aws_document(&b, &aws, AWS_NONE);
	for (size_t i = 0; i < b.len; i++) {
		b.p[i] ^= (uint8_t)(1u << i % 8);
		judge(b.p, b.len, NULL, NULL, ATTEST_NOW);
		if (run_authentic(&r) == 1)
			passed++, at = i;
		run_fini(&r);
		b.p[i] ^= (uint8_t)(1u << i % 8);
	}
	ok(!passed, "no byte of %zu can be altered (%zu could, at %zu)", b.len, passed, at);
	for (size_t n = 0; n < b.len; n += 1 + n / 8) {
		judge(b.p, n, NULL, NULL, ATTEST_NOW);
		passed += run_authentic(&r) != 65;
		run_fini(&r);
	}
	ok(!passed, "a document cut short does not parse");
	bl_buf_fini(&b);
}

int main(void)
{
	static char name[64][128];
	size_t n;

	bl_json_init();
	if (bl_mem_init(true, &err))
		return 71;
	aws_init(&aws);
	attest_anchor(&anchors, aws.root);
	cbor();
	flaws();
	policies();
	signed_time();
	flips();
	n = run_cases("nitro", name, 64);
	for (size_t i = 0; i < n; i++)
		run_case("nitro", name[i], &bl_nitro_tech, "fields");
	if (!n)
		skip(1, "no vectors beside the source");
	bl_certs_fini(&anchors.own);
	attest_done();
	return tap_done();
}
