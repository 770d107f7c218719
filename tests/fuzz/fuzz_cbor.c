/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_cbor: any bytes as CBOR. What is checked can be walked to its end, head by head, and heads are read as they are written. */
#include <assert.h>
#include <string.h>

#include "attest/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void walk(struct bl_cur *c, unsigned depth)
{
	struct bl_cbor item;
	uint64_t children;
	uint8_t out[9];
	bool good = bl_cbor_get(c, &item);

	assert(good && depth < BL_CBOR_DEPTH);
	assert(bl_cbor_put(out, item.type, item.v) <= sizeof out);
	children = item.type == BL_CBOR_ARRAY ? item.v : item.type == BL_CBOR_MAP ? 2 * item.v : item.type == BL_CBOR_TAG;
	while (children--)
		walk(c, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct bl_cur c, value;

	bl_cur_init(&c, p, n);
	bl_cbor_find(c, "nonce", &value);
	bl_cbor_skip(&c);
	if (!bl_cbor_check(p, n))
		return 0;
	bl_cur_init(&c, p, n);
	walk(&c, 0);
	assert(!c.left && !c.bad);
	return 0;
}
