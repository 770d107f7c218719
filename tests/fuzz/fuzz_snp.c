/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_snp: any bytes as a report with whatever follows it, alone or with the rest of the bytes as its files. Real reports may be among
 * the seeds: what is authentic is not so any more with one bit flipped, or it is a finding.
 */
#include <assert.h>
#include <string.h>

#include "attest/snp.h"
#include "crypt/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct bl_err err;
static struct bl_arena arena;

static bool judge_once(const uint8_t *p, size_t n, const struct bl_evidence_files *files)
{
	bool good = false;
	struct bl_evidence e = { .tech = &bl_snp_tech, .a = &arena, .files = files, .time = 1745193600, .nonce = p, .nonce_len = n % 70 };

	if (n < e.nonce_len)
		e.nonce_len = 0;
	if (!bl_evidence_run(&e, p, n, &err)) {
		good = bl_evidence_authentic(&e) == 1;
		assert(good || (!bl_evidence_verdict(&e) && bl_evidence_reason(&e)));
		for (size_t i = 0; i < e.ncheck; i++)
			assert(e.check[i].name && (e.check[i].result != BL_EVIDENCE_FAIL || e.check[i].reason));
	}
	bl_evidence_fini(&e);
	bl_arena_fini(&arena);
	return good;
}

static void judge(const uint8_t *p, size_t n, const struct bl_evidence_files *files)
{
	static uint8_t flipped[1 << 16];

	if (!judge_once(p, n, files) || n > sizeof flipped)
		return;
	memcpy(flipped, p, n);
	flipped[(p[0x50] | p[0x51] << 8) % BL_SNP_REPORT] ^= (uint8_t)(1 << p[0x52] % 8);
	assert(!judge_once(flipped, n, files));
}

/* After the report: lengths and bytes of three files. */
static void with_files(const uint8_t *p, size_t n)
{
	static const char *const name[] = { "vek.der", "ask_ark.pem", "crl.der" };
	static struct bl_evidence_files f;
	size_t at = BL_SNP_REPORT;

	memset(&f, 0, sizeof f);
	for (size_t i = 0; i < 3 && at + 2 <= n; i++) {
		size_t len = (size_t)p[at] | (size_t)p[at + 1] << 8;

		at += 2;
		if (len > n - at)
			len = n - at;
		f.v[f.n].name = name[i];
		f.v[f.n].p = p + at;
		f.v[f.n++].n = len;
		at += len;
	}
	judge(p, BL_SNP_REPORT, &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static uint8_t seed[BL_SNP_REPORT + 4096];

	if (!arena.limit) {
		bl_arena_init(&arena, 16 << 20);
		bl_mem_init(true, &err);
		bl_json_init();
	}
	judge(p, n, NULL);
	if (n >= BL_SNP_REPORT && bl_snp_detect(p, n))
		with_files(p, n);
	/* Short inputs are a table behind a report that is well formed. */
	if (n && n <= 4096) {
		seed[0] = (uint8_t)(2 + p[0] % 4);
		seed[0x34] = 1;
		memcpy(seed + BL_SNP_REPORT, p, n);
		judge(seed, BL_SNP_REPORT + n, NULL);
		if (bl_snp_detect(seed, BL_SNP_REPORT))
			with_files(seed, BL_SNP_REPORT + n);
	}
	return 0;
}
