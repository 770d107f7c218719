/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_tpm: the first two bytes say where to cut: quote, signature, values of PCRs. The key is one that nobody here can sign with, so that
 * nothing verifies; that of an ECDSA signature, of an RSA one, or none at all.
 */
#include <assert.h>
#include <string.h>

#include "attest/appraise.h"
#include "attest/tpm.h"
#include "crypt/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct bl_err err;
static struct bl_json *policy;
static const char p256[] = "-----BEGIN PUBLIC KEY-----\n"
			   "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n"
			   "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n"
			   "-----END PUBLIC KEY-----\n";	/* the generator of the curve: its secret is 1, and no fuzzer's */

static void judge(const uint8_t *p, size_t n, const struct bl_evidence_files *files)
{
	static struct bl_evidence e;
	struct bl_arena a;

	bl_arena_init(&a, 16 << 20);
	e = (struct bl_evidence){ .tech = &bl_tpm_tech, .a = &a, .files = files, .policy = policy, .time = 1748736000, .nonce = p, .nonce_len = n ? 1 : 0 };
	if (!bl_evidence_run(&e, p, n, &err))
		assert(bl_evidence_authentic(&e) != 1);
	bl_evidence_fini(&e);
	bl_arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char text[] = "{\"version\":1,\"registers\":{\"pcr7\":[\"00\"],\"sha1:2\":[\"00\"]}}";
	static struct bl_evidence_files files;
	struct bl_tpm_sig sig;
	size_t quote, slen;

	if (!policy) {
		bl_mem_init(true, &err);
		bl_json_init();
		policy = bl_appraise_parse(text, sizeof text - 1, &err);
		assert(policy);
	}
	if (n < 2)
		return 0;
	quote = p[0] * (n - 2) / 255;
	slen = (n - 2 - quote) * p[1] / 255;
	p += 2;
	n -= 2;
	files.v[0] = (struct bl_evidence_file){ .name = "quote.sig", .p = p + quote, .n = slen };
	files.v[1] = (struct bl_evidence_file){ .name = "pcrs.bin", .p = p + quote + slen, .n = n - quote - slen };
	files.v[2] = (struct bl_evidence_file){ .name = "ak_pub.pem", .p = (const uint8_t *)p256, .n = sizeof p256 - 1 };
	files.v[3] = (struct bl_evidence_file){ .name = "ak_cert.pem", .p = p + quote, .n = slen };
	for (files.n = 1; files.n <= 4; files.n++)
		judge(p, quote, &files);
	bl_tpm_parse_sig(&sig, p, n, &err);
	return 0;
}
