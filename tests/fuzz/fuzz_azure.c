/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_azure: any bytes as a report, and as the runtime data of a frame that fits, of either kind of hardware, with the bytes as every
 * file beside it. Nothing verifies: no vendor's key is here.
 */
#include <assert.h>
#include <string.h>

#include "attest/evidence.h"
#include "crypt/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { RUNTIME = 0x4c0, JSON = RUNTIME + 20, MOST = 1 << 16 };
static struct bl_err err;

static void judge(const uint8_t *p, size_t n, const struct bl_evidence_files *files)
{
	static struct bl_evidence e;
	struct bl_arena a;

	bl_arena_init(&a, 16 << 20);
	e = (struct bl_evidence){ .tech = &bl_azure_tech, .a = &a, .files = files, .time = 1748736000 };
	if (!bl_evidence_run(&e, p, n, &err))
		assert(bl_evidence_authentic(&e) != 1);
	bl_evidence_fini(&e);
	bl_arena_fini(&a);
}

static void put32(uint8_t *p, size_t v)
{
	uint32_t x = (uint32_t)v;

	memcpy(p, &x, 4);
}

static void frame(const uint8_t *p, size_t n, unsigned type, const struct bl_evidence_files *files)
{
	static uint8_t b[JSON + MOST];

	memset(b, 0, JSON);
	memcpy(b, "HCLA\1", 5);
	put32(b + 8, JSON + n);
	b[12] = 2;
	b[0x20] = 3;			/* as much of an SNP report as is looked at to tell one */
	b[0x20 + 0x34] = 1;
	put32(b + RUNTIME, n + 20);
	b[RUNTIME + 4] = 1;
	b[RUNTIME + 8] = (uint8_t)type;
	b[RUNTIME + 12] = 1;
	put32(b + RUNTIME + 16, n);
	memcpy(b + JSON, p, n);
	judge(b, JSON + n, files);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const name[] = { "tpm_quote.msg", "tpm_quote.sig", "pcrs.bin", "ak_pub.pem", "td_quote.bin", "vek.der" };
	static const struct bl_evidence_files none;
	static struct bl_evidence_files files;
	static bool ready;
	size_t cut;

	if (!ready) {
		bl_mem_init(true, &err);
		bl_json_init();
		ready = true;
	}
	if (!n || n > MOST)
		return 0;
	judge(p, n, &none);
	cut = p[0] * (n - 1) / 255;
	frame(p + 1, cut, 2, &none);
	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		files.v[0] = (struct bl_evidence_file){ .name = name[i], .p = p + 1 + cut, .n = n - 1 - cut };
		files.n = 1;
		frame(p + 1, cut, i == 4 ? 4 : 2, &files);
	}
	return 0;
}
