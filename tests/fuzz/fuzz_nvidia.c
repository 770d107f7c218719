/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_nvidia: the first two bytes say where to cut: a report, refs.json, chain.pem. A report that parses is judged against the
 * references with no chain too. Nothing verifies: NVIDIA's key is not here.
 */
#include <assert.h>
#include <string.h>

#include "attest/evidence.h"
#include "crypt/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct bl_err err;

static void judge(const uint8_t *p, size_t n, const struct bl_evidence_files *files)
{
	static struct bl_evidence e;
	struct bl_arena a;

	bl_arena_init(&a, 16 << 20);
	e = (struct bl_evidence){ .tech = &bl_nvidia_tech, .a = &a, .files = files, .time = 1748736000 };
	if (!bl_evidence_run(&e, p, n, &err))
		assert(bl_evidence_authentic(&e) != 1);
	bl_evidence_fini(&e);
	bl_arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t request[37] = { 0x11, 0xe0, 0x01, 0xff };
	static struct bl_evidence_files files;
	static uint8_t framed[1 << 16];
	static bool ready;
	size_t refs, len;

	if (!ready) {
		bl_mem_init(true, &err);
		bl_json_init();
		ready = true;
	}
	if (n < 2 || n > sizeof framed / 2)
		return 0;
	refs = p[0] * (n - 2) / 255;
	len = (n - 2 - refs) * p[1] / 255;
	p += 2;
	n -= 2;
	files.n = 2;
	files.v[0] = (struct bl_evidence_file){ .name = "refs.json", .p = p, .n = refs };
	files.v[1] = (struct bl_evidence_file){ .name = "chain.pem", .p = p + refs, .n = len };
	judge(p + refs + len, n - refs - len, &files);
	files.n = 1;
	judge(p + refs + len, n - refs - len, &files);
	memcpy(framed, request, sizeof request);
	memcpy(framed + sizeof request, p + refs, n - refs);
	judge(framed, sizeof request + n - refs, &files);
	return 0;
}
