/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_nitro: any bytes as a document, and as the payload of one. Nothing verifies: Amazon's key is not here. A second road puts the
 * bytes where a payload stands, so that its members are reached without a frame that fits by chance.
 */
#include <assert.h>
#include <string.h>

#include "attest/cbor.h"
#include "attest/evidence.h"
#include "base/buf.h"
#include "crypt/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct bl_err err;

static void judge(const uint8_t *p, size_t n)
{
	static struct bl_evidence e;
	struct bl_arena a;

	bl_arena_init(&a, 16 << 20);
	e = (struct bl_evidence){ .tech = &bl_nitro_tech, .a = &a, .time = 1748736000 };
	if (!bl_evidence_run(&e, p, n, &err))
		assert(bl_evidence_authentic(&e) != 1);
	bl_evidence_fini(&e);
	bl_arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t sig[98] = { 0x58, 96, 1 };
	static bool ready;
	uint8_t head[9];
	struct bl_buf b;

	if (!ready) {
		bl_mem_init(true, &err);
		bl_json_init();
		ready = true;
	}
	judge(p, n);
	bl_buf_init(&b, BL_EVIDENCE_MAX);
	bl_buf_put(&b, "\x84\x44\xa1\x01\x38\x22\xa0", 7);
	bl_buf_put(&b, head, bl_cbor_put(head, BL_CBOR_BYTES, n));
	bl_buf_put(&b, p, n);
	bl_buf_put(&b, sig, sizeof sig);
	if (!b.failed)
		judge(b.p, b.len);
	bl_buf_fini(&b);
	return 0;
}
