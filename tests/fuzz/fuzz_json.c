/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: what is parsed prints, and what is printed parses to the same text. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static void need(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct bl_err err;
	struct bl_json *j = bl_json_parse((const char *)p, n, 32, BL_DATA, &err), *again;
	struct bl_buf text, twice, pretty;

	bl_buf_init(&text, 1 << 20);
	bl_buf_init(&twice, 1 << 20);
	bl_buf_init(&pretty, 1 << 22);
	if (!j) {
		need(err.code == BL_DATA && err.msg[0]);
		need(!bl_json_canonical((const char *)p, n, 32));
		goto out;
	}
	bl_json_print(j, &text);
	if (text.failed)		/* a real somewhere */
		goto out;
	again = bl_json_parse((const char *)text.p, text.len, 32, BL_DATA, &err);
	need(again);
	bl_json_print(again, &twice);
	need(!twice.failed && twice.len == text.len && !memcmp(twice.p, text.p, text.len));
	need(bl_json_canonical((const char *)text.p, text.len, 32));
	need(bl_json_canonical((const char *)p, n, 32) == (n == text.len && !memcmp(p, text.p, n)));
	bl_json_free(again);

	again = bl_json_copy(j);
	bl_json_print_pretty(again, &pretty);
	bl_json_free(again);
	again = bl_json_parse((const char *)pretty.p, pretty.len, 32, BL_DATA, &err);
	need(!pretty.failed && again);
	bl_buf_clear(&twice);
	bl_json_print(again, &twice);
	need(twice.len == text.len && !memcmp(twice.p, text.p, text.len));
	bl_json_free(again);
out:
	bl_json_free(j);
	bl_buf_fini(&text);
	bl_buf_fini(&twice);
	bl_buf_fini(&pretty);
	return 0;
}
