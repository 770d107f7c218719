/* SPDX-License-Identifier: Apache-2.0 */
/* canon: on any bytes the one-pass reader and the long way (parse, print, compare) say the same, and make the same tree. */
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"

static void need(bool good)
{
	if (!good)
		abort();
}

static void print(const struct bl_json *j, struct bl_buf *b)
{
	bl_buf_init(b, 1 << 20);
	bl_json_print(j, b);
}

static void compare(const char *s, size_t n, unsigned depth)
{
	struct bl_err err;
	struct bl_json *j = bl_canon_parse(s, n, depth), *other;
	struct bl_buf b, c;

	need(!j == !bl_json_canonical(s, n, depth));
	if (!j)
		return;
	other = bl_json_parse(s, n, depth, BL_DATA, &err);
	print(j, &b);
	print(other, &c);
	need(!b.failed && b.len == n && !memcmp(b.p, s, n));
	need(!c.failed && c.len == n && !memcmp(c.p, s, n));
	bl_buf_fini(&b);
	bl_buf_fini(&c);
	bl_json_free(j);
	bl_json_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct bl_err err;
	struct bl_json *j;
	struct bl_buf b;

	compare((const char *)p, n, 32);
	compare((const char *)p, n, 2);
	/* What is not canonical becomes so, and then with a byte changed. */
	if (!(j = bl_json_parse((const char *)p, n, 32, BL_DATA, &err)))
		return 0;
	print(j, &b);
	bl_json_free(j);
	if (!b.failed) {
		compare((const char *)b.p, b.len, 32);
		b.p[n * 7 % b.len] ^= (uint8_t)(1 << n % 8);
		compare((const char *)b.p, b.len, 32);
	}
	bl_buf_fini(&b);
	return 0;
}
