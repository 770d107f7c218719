/* SPDX-License-Identifier: Apache-2.0 */
/* attest-amd: for tests, SEV-SNP reports of a Milan of our own and the certificate of its key, with one thing wrong where a test wants it. */
#ifndef TESTS_ATTEST_AMD_H
#define TESTS_ATTEST_AMD_H

#include "attest.h"

struct amd {
	int64_t vek_until, vek_from, ask_until;
	uint8_t snp;			/* in the certificate: 0: as in the report */
	bool revoke_vek, revoke_ask;
	int64_t crl_from, crl_until;
	bool crl_by_stranger, vek_by_stranger, report_by_stranger, other_root, no_crl;
};

static inline void amd_sign(uint8_t p[1184], EVP_PKEY *key)
{
	uint8_t rs[96];

	attest_sign_raw(key, BL_KEY_SHA384, p, 0x2a0, rs);
	for (int i = 0; i < 48; i++) {
		p[0x2a0 + i] = rs[47 - i];
		p[0x2e8 + i] = rs[95 - i];
	}
}

/* data: 64 bytes of report data, or NULL for some. */
static inline size_t amd_report(uint8_t p[1184], const uint8_t *data, EVP_PKEY *key)
{
	static const unsigned tcb[] = { 0x38, 0x180, 0x1e0, 0x1f0 };

	memset(p, 0, 1184);
	p[0] = 3;
	p[10] = 3;
	p[0x34] = 1;
	memset(p + 0x50, 7, 64);
	if (data)
		memcpy(p + 0x50, data, 64);
	memset(p + 0x90, 8, 48);
	for (size_t i = 0; i < 4; i++)
		memcpy(p + tcb[i], (uint8_t[8]){ 4, 0, 0, 0, 0, 0, 24, 219 }, 8);
	memcpy(p + 0x188, (uint8_t[3]){ 0x19, 1, 1 }, 3);
	memset(p + 0x1a0, 9, 64);
	amd_sign(p, key);
	return 1184;
}

static inline struct attest_cert *amd_vek(const struct attest_cert *by, const struct amd *w)
{
	static const uint8_t chip[64] = { [0 ... 63] = 9 };
	const uint8_t snp[] = { 2, 1, w->snp ? w->snp : 24 };

	return attest_issue(by, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=SEV-VCEK", .from = w->vek_from, .until = w->vek_until, .ext = {
		{ "1.3.6.1.4.1.3704.1.2", false, "\x16\5Milan", 7 }, { "1.3.6.1.4.1.3704.1.3.1", false, "\2\1\4", 3 }, { "1.3.6.1.4.1.3704.1.3.2", false, "\2\1\0", 3 },
		{ "1.3.6.1.4.1.3704.1.3.3", false, snp, 3 }, { "1.3.6.1.4.1.3704.1.3.8", false, "\2\2\0\333", 4 }, { "1.3.6.1.4.1.3704.1.4", false, chip, 64 } } });
}

#endif
